"""Pieces of text for readers: a check's page in its parts, names and evidence at a readable length."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

_URL = re.compile(r"https://[\w.~:/?#\[\]@!$&()*+,;=%-]*[\w~/#@$&*+=%-]", re.ASCII)
_PIECE = re.compile(rf"`(?P<code>[^`]+)`|{_URL.pattern}", re.ASCII)
_PLACEHOLDER = re.compile(r"\{([A-Za-z_][\w.]*)[^{}]*\}")
_COMMAND_LENGTH = 80
_CONTAINERS = {"projects", "folders", "organizations"}
_HEADINGS = {"Why: ": "why", "What a fix may break: ": "breaks", "Source: ": "source"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A check's page: paragraphs by what they are about."""

    why: str
    breaks: str
    source: str
    further: list[str]
    """Paragraphs under no known heading."""

    @property
    def url(self) -> str:
        """The first https address of the source; empty where it names none."""
        found = _URL.search(self.source)
        return found[0] if found else ""


def split_page(page: str) -> Page:
    """The parts of a check's page. Its first line is the check's title and is left out."""
    parts: dict[str, list[str]] = {"why": [], "breaks": [], "source": [], "further": []}
    _, _, rest = page.partition("\n")
    for paragraph in re.split(r"\n\s*\n", rest):
        text = " ".join(paragraph.split())
        for heading, part in _HEADINGS.items():
            if text.startswith(heading):
                parts[part].append(text.removeprefix(heading))
                break
        else:
            if text:
                parts["further"].append(text)
    return Page(
        why=_sentence(parts["why"]),
        breaks=_sentence(parts["breaks"]),
        source=" ".join(parts["source"]),
        further=parts["further"],
    )


def _sentence(paragraphs: list[str]) -> str:
    """The paragraphs, beginning with a capital; but `allUsers` and other names stay as they are written."""
    text = " ".join(paragraphs)
    return text[:1].upper() + text[1:] if text.partition(" ")[0].islower() else text


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a check's text: words, code between backticks, or an https address."""

    text: str
    kind: Literal["words", "code", "address"]


def pieces(text: str) -> Iterator[Piece]:
    """`text` in pieces. Only https addresses are one; a backtick without its partner is a word."""
    position = 0
    for match in _PIECE.finditer(text):
        if match.start() > position:
            yield Piece(text[position : match.start()], "words")
        yield Piece(match["code"], "code") if match["code"] else Piece(match[0], "address")
        position = match.end()
    if position < len(text):
        yield Piece(text[position:], "words")


def short_name(asset: str) -> str:
    """The last part of a full resource name; with its collection where the part alone is a number."""
    parts = asset.rstrip("/").split("/")
    if len(parts) > 1 and (parts[-2] in _CONTAINERS or (parts[-1].isdecimal() and len(parts[-1]) < 25)):
        return "/".join(parts[-2:])
    return parts[-1] or asset


def shortened(text: str, limit: int) -> str:
    """`text`, cut after `limit` characters, saying so."""
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text):,} characters)"


def evidence_lines(evidence: dict[str, Any], *, most: int, limit: int) -> list[tuple[str, str]]:
    """(path, value) pairs, at most `most`, each value at most `limit` characters; what is left out has no path.

    The steps of a path are told as a list of their own (`Finding.steps`).
    """
    items = [(key, value) for key, value in evidence.items() if key != "path" or not isinstance(value, list)]
    shown = [
        (shortened(key, limit), shortened(value if isinstance(value, str) else _json(value), limit))
        for key, value in items[:most]
    ]
    if len(items) > most:
        shown.append(("", f"… and {len(items) - most} more"))
    return shown


def command_of(template: str) -> str:
    """A command template for readers: `{bucket.id}` reads `BUCKET_ID`, to be filled in."""
    return _PLACEHOLDER.sub(lambda match: match[1].replace(".", "_").upper(), template)


def folded(command: str) -> str:
    """A long command as the shell reads it over several lines, one option on each.

    A command with quotes stays as it is: what looks like an option in them is none.
    """
    if len(command) <= _COMMAND_LENGTH or any(mark in command for mark in "'\"\\\n"):
        return command
    return command.replace(" --", " \\\n    --")


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
