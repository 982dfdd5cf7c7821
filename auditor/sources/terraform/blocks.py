"""Where blocks begin in Terraform's language: a scan for their first lines, ten times faster than a parse.

Comments, strings and heredocs are passed over, so that a block that is only talked about is not taken for one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""
      ^[ \t]*(?P<block>resource|data|module)[ \t]+"?(?P<first>[\w-]+)"?(?:[ \t]+"?(?P<second>[\w-]+)"?)?[ \t]*\{
    | ^[ \t]*source[ \t]*=[ \t]*"(?P<source>[^"\\\n]*)"
    | (?P<comment>\#|//)[^\n]*
    | (?P<long>/\*)
    | <<-?(?P<heredoc>[\w-]+)[ \t]*\r?$
    | "(?:[^"\\\n]|\\.)*"
    """,
    re.MULTILINE | re.VERBOSE,
)


@dataclass(slots=True)
class Header:
    """The first line of a `resource`, `data` or `module` block."""

    kind: str
    labels: tuple[str, ...]
    line: int
    """From 1."""
    source: str = ""
    """Of a module: where it comes from, as a literal text."""


def headers(text: str) -> Iterator[Header]:
    """The resource, data and module blocks in a file, in their order. A file that breaks off gives what it has."""
    current: Header | None = None
    position, line, counted = 0, 1, 0
    while match := _TOKEN.search(text, position):
        position = match.end()
        if match["block"]:
            if current is not None:
                yield current
            line += text.count("\n", counted, match.start("block"))
            counted = match.start("block")
            labels = tuple(label for label in match.group("first", "second") if label)
            current = Header(match["block"], labels, line)
        elif match["source"] is not None:
            if current is not None and not current.source:
                current.source = match["source"]
        elif match["long"]:
            position = _after(text.find("*/", position), 2, len(text))
        elif match["heredoc"]:
            end = re.compile(rf"^[ \t]*{re.escape(match['heredoc'])}[ \t]*\r?$", re.MULTILINE).search(text, position)
            position = end.end() if end else len(text)
    if current is not None:
        yield current


def _after(found: int, length: int, end: int) -> int:
    return end if found < 0 else found + length
