"""Secrets that their owners allow where they stand, with a comment that says why.

    API_KEY = "…"  # auditor:allow secret-google-api-key reason=restricted to our referrers, public by design

`secret` allows whatever is found, `secret-DETECTOR` only what that detector finds. The comment stands on the line of
the secret or alone on the line before it. Without a reason it does not count, and is told.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from auditor.secrets.scan import ALL_DETECTORS, Hit, scan_text

MARK = "auditor:allow"
_COMMENT = re.compile(r"auditor:allow(?P<what>[ \t]+secret[a-z0-9-]*)?(?P<rest>[^\n]{0,400})")
_REASON = re.compile(r"[ \t]+reason=(?P<reason>(?:(?!\\n|\"|\*/|-->).)*)")
"""A reason ends with its comment; in JSON, with its text."""
_CLOSERS = " \t\r\"'`*/-#;,>}]"
"""What ends a comment in some language, and is no part of a reason."""
_ANYTHING = ("secret", "secret-in-source")


@dataclass(frozen=True, slots=True)
class Allowed:
    """A hit that somebody answers for."""

    hit: Hit
    reason: str


@dataclass(frozen=True, slots=True)
class Flawed:
    """An allow comment that does not count: its line, and why, as a clause."""

    line: int
    problem: str


@dataclass(frozen=True, slots=True)
class Sorted:
    """The hits of a text, by what its comments say of them."""

    hits: tuple[Hit, ...]
    allowed: tuple[Allowed, ...]
    flawed: tuple[Flawed, ...]


@dataclass(frozen=True, slots=True)
class _Comment:
    line: int
    alone: bool
    """Whether nothing but the comment is on its line."""
    what: str
    reason: str

    def is_beside(self, hit: Hit) -> bool:
        return hit.line == self.line or (self.alone and hit.line == self.line + 1)

    def covers(self, hit: Hit) -> bool:
        return self.is_beside(hit) and self.what in (*_ANYTHING, f"secret-{hit.detector}")

    @property
    def problem(self) -> str:
        """Why the comment does not count, as a clause; `""` where it does."""
        if self.what not in _ANYTHING and self.what.removeprefix("secret-") not in ALL_DETECTORS:
            return "it names no detector; write auditor:allow secret reason=…"
        if not any(character.isalpha() for character in self.reason):
            return "it gives no reason; write reason=… after it"
        return "its reason holds a secret itself" if scan_text(self.reason) else ""


def sort_out(text: str, hits: list[Hit]) -> Sorted:
    """Which of the hits in `text` its comments allow."""
    if MARK not in text:
        return Sorted(tuple(hits), (), ())
    comments = [_read(text, match) for match in _COMMENT.finditer(text)]
    kept: list[Hit] = []
    allowed: list[Allowed] = []
    for hit in hits:
        comment = next((comment for comment in comments if not comment.problem and comment.covers(hit)), None)
        if comment is None:
            kept.append(hit)
        else:
            allowed.append(Allowed(hit, comment.reason))
    flawed = [  # one without a secret beside it allows nothing: it may be a text about such comments
        Flawed(comment.line, comment.problem)
        for comment in comments
        if comment.problem and any(comment.is_beside(hit) for hit in hits)
    ]
    return Sorted(tuple(kept), tuple(allowed), tuple(flawed))


def _read(text: str, match: re.Match[str]) -> _Comment:
    start_of_line = text.rfind("\n", 0, match.start()) + 1
    reason = _REASON.match(match["rest"])
    return _Comment(
        line=text.count("\n", 0, match.start()) + 1,
        alone=not any(character.isalnum() for character in text[start_of_line : match.start()]),
        what=(match["what"] or "").strip(),
        reason=reason["reason"].strip(_CLOSERS) if reason else "",
    )
