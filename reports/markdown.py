"""Markdown for pull requests and wikis: the same content, condensed."""

from __future__ import annotations

import re
from functools import cache
from typing import BinaryIO

from jinja2 import Environment
from markupsafe import Markup

from auditor.model.run import Run
from auditor.model.text import visible
from reports.base import environment, write
from reports.digest import CAUSES_SHOWN, CHECKS_PER_CAUSE, Digest, disagreements, fair_limit, most_reasons, statuses
from reports.pages import command_of, evidence_lines, pieces, short_name, shortened

PLACES_PER_ENTRY = 10
PLACES = 1_000
GAPS_SHOWN = 20
OPINIONS_SHOWN = 30
TARGETS_SHOWN = 12
NAME_LENGTH = 200
EVIDENCE_LINES = 3
EVIDENCE_LENGTH = 120

_AS_ENTITY = {character: f"&#{ord(character)};" for character in "\\`|<>&$"}
_SPECIAL = re.compile(r"[\\`|<>&$*\[\]#~]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")
_ADDRESS = re.compile(r"(?<=[a-z0-9])://|(?<=www)\.|(?<=mailto):|(?<=xmpp):", re.IGNORECASE)
_MENTION = re.compile(r"(?<![\w.])@(?=\w)")
_INDENT = re.compile(r"\A[ \xa0]{2,}")
_LIST_START = re.compile(r"\A( ?)(?:([-+=])|(\d+)([.)])(?=\s|\Z))")


def render(run: Run, out: BinaryIO) -> None:
    """Write the report as Markdown (CommonMark with tables)."""
    write(
        _environment(),
        "markdown/report.md.jinja",
        out,
        run=run,
        digest=Digest(run, places=lambda sizes: fair_limit(sizes, most=PLACES_PER_ENTRY, budget=PLACES)),
        causes_shown=CAUSES_SHOWN,
        checks_per_cause=CHECKS_PER_CAUSE,
        gaps_shown=GAPS_SHOWN,
        opinions_shown=OPINIONS_SHOWN,
        targets_shown=TARGETS_SHOWN,
    )


def escape_markdown(text: str) -> Markup:
    """`text` as Markdown that shows it and does nothing: no markup, HTML, table cell, link or mention.

    What could end or open a structure becomes a character reference, which no Markdown reads as
    structure; what can only emphasise gets a backslash, so that the source stays readable.
    """
    text = _SPECIAL.sub(_escaped, _INDENT.sub("", visible(text)))
    text = _ADDRESS.sub(_defused_address, text)
    text = _MENTION.sub("&#64;<!-- -->", text)
    return Markup(_LIST_START.sub(_defused_start, text))  # noqa: S704 - escaped just now, for Markdown


def fenced(lines: list[str]) -> Markup:
    """`lines` as a code block whose fence is longer than any run of backticks in them."""
    shown = [visible(line) for line in lines]
    longest = max((len(run) for line in shown for run in re.findall(r"`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    return Markup("\n").join(Markup(line) for line in (f"{fence}sh", *shown, fence))  # noqa: S704 - inert in a fence


def _escaped(match: re.Match[str]) -> str:
    return _AS_ENTITY.get(match[0]) or f"\\{match[0]}"


def _defused_address(match: re.Match[str]) -> str:
    return f"&#{ord(match[0][0])};{match[0][1:]}"


def _defused_start(match: re.Match[str]) -> str:
    space, mark, number, end = match.groups()
    return f"{space}&#{ord(mark)};" if mark else f"{space}{number}\\{end}"


@cache
def _environment() -> Environment:
    made = environment(escape_markdown)
    made.filters["fenced"] = fenced
    made.filters["short_name"] = lambda name: shortened(short_name(name), NAME_LENGTH)
    made.filters["shortened"] = lambda text: shortened(text, NAME_LENGTH)
    made.filters["evidence"] = lambda evidence: evidence_lines(evidence, most=EVIDENCE_LINES, limit=EVIDENCE_LENGTH)
    made.filters["address"] = lambda url: Markup(f"<{url}>")  # noqa: S704 - only what `pieces` found
    made.filters["code"] = lambda text: Markup(f"`{visible(text)}`")  # noqa: S704 - `pieces` leaves no backtick in it
    made.filters["pieces"] = pieces
    made.filters["command"] = command_of
    made.filters["most_reasons"] = most_reasons
    made.filters["statuses"] = statuses
    made.filters["disagreements"] = disagreements
    return made
