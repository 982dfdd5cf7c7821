"""What of a text is worth a second opinion: what holds a secret, and what gives a value to a secret's name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from auditor.secrets.assignments import named_places
from auditor.secrets.scan import Hit

_CLOSING = "-----END"


@dataclass(frozen=True, slots=True)
class Suspect:
    """A line that somebody else should look at, or the lines of a hit that spans several. `line` counts from 1."""

    line: int
    text: str


def suspects(text: str, hits: Iterable[Hit]) -> list[Suspect]:
    """The lines of the hits, and those with a telling name in which nothing was found, in order."""
    starts = _starts_of_lines(text)
    found = {hit.line: _spanned(text, starts[hit.line - 1], hit.length) for hit in hits}
    line = 0
    for place in sorted(named_places(text)):
        while line < len(starts) and starts[line] <= place:
            line += 1
        if line not in found:
            found[line] = _spanned(text, starts[line - 1], 0)
    return [Suspect(line, found[line]) for line in sorted(found)]


def spanned(text: str, hit: Hit) -> str:
    """The line of a hit, with those after it that the secret reaches into."""
    return _spanned(text, _starts_of_lines(text)[hit.line - 1], hit.length)


def _spanned(text: str, start: int, length: int) -> str:
    """The lines from `start` that hold so many characters, with the last line of a key in PEM, which is not counted."""
    last = start + length
    closing = text.find(_CLOSING, start, start + 2 * length + len(_CLOSING))
    end = text.find("\n", min(max(last, closing), len(text)))
    return text[start:] if end < 0 else text[start:end]


def _starts_of_lines(text: str) -> list[int]:
    starts = [0]
    place = text.find("\n")
    while place >= 0:
        starts.append(place + 1)
        place = text.find("\n", place + 1)
    return starts
