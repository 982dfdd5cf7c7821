"""What in a text may be a secret, found without a regular expression per kind: nearly all text holds nothing.

Three readings, each a few plain searches over the whole text:

- tokens are long words: twenty and more letters, digits, `_ - + ~ %`. Once all of these are the same character,
  the next long word is a plain search away. Of each word only its first characters, and those before it, are
  looked up in the set of marks that `DETECTORS` know.
- what is no long word holds an anchor: `://`, `PRIVATE KEY`.
- assigned secrets have telling names: one of a handful of syllables occurs, in whatever case.

What each reading costs is measured by `python -m benchmarks.secrets`.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from auditor.secrets.detector import Detector
from auditor.secrets.patterns import DETECTORS

_IN_WORDS = string.ascii_letters + string.digits + "_-+~%"
_LONG = 20
"""Shorter than the longest word of every token that is known by a mark."""
_BEFORE = 12
"""Characters before a long word that may belong to a mark: `AQ.`, `Bearer `, `Signature=`."""
_AS_WORDS = bytes(ord("a") if chr(byte) in _IN_WORDS else ord(" ") for byte in range(256))
_LONG_WORD = b"a" * _LONG
_FOLDED = bytes(ord("_") if chr(byte) == "-" else ord(chr(byte).lower()) if byte < 128 else byte for byte in range(256))
_GENERATED = re.compile(rb"[0-9]|[a-z][A-Z]")
"""What no snake_case name of twenty letters holds."""

PACKED_MARKS = ("LS0tLS1CRUdJTi", "ewo", "ew0K", "eyAi", "eyJ", "ewk")
"""How base64 of JSON and of PEM begins."""


def _split(mark: str) -> tuple[str, str]:
    """What of a mark stands before the long word, and what begins it."""
    start = mark.rstrip(_IN_WORDS)
    return start, mark[len(start) :]


_MARKS = [_split(mark) for mark in (*PACKED_MARKS, *(mark for detector in DETECTORS for mark in detector.marks))]
_STARTS = frozenset(start[:3].encode() for before, start in _MARKS if not before)
_ENDS = frozenset(before[-1:].encode() for before, _ in _MARKS if before)


def _by(marks_of: Callable[[Detector], tuple[str, ...]]) -> dict[str, tuple[int, ...]]:
    """Mark → the places in `DETECTORS` of those that have it."""
    places: dict[str, list[int]] = {}
    for place, detector in enumerate(DETECTORS):
        for mark in marks_of(detector):
            places.setdefault(mark, []).append(place)
    return {mark: tuple(found) for mark, found in places.items()}


_BY_MARK = _by(lambda detector: detector.marks)
_BY_INSIDE = _by(lambda detector: detector.inside)
_BY_ANCHOR = _by(lambda detector: detector.anchors)
_GATES = {"hook": "://", "Q~": "~"}
"""What a text with the anchor holds in any case, and most texts do not."""

_NEEDED = tuple(anchor for anchor in _BY_ANCHOR if _GATES.get(anchor) not in _BY_ANCHOR)
"""One of these is in every text with an anchor: `hook` counts only beside `://`."""

HINTS = (b"pass", b"pw", b"cre", b"token", b"key", b"_pat")
"""Syllables of which every telling name holds one (`cre` is in secret and in credential), with `-` read as `_`."""


@dataclass(frozen=True, slots=True)
class Likely:
    """What is worth a closer look."""

    detectors: tuple[Detector, ...]
    packed: bool
    """Whether a long word begins as base64 of JSON or PEM does."""


_NOTHING = Likely((), False)


def plain_bytes(text: str) -> bytes:
    """The text with one byte a character, so that places in both are the same."""
    return text.encode("latin-1", "replace")


def is_plain(text: str, data: bytes) -> bool:
    """Whether a text, given with its `plain_bytes`, has nothing that any reading looks for."""
    folded = data.translate(_FOLDED)
    for hint in HINTS:
        if hint in folded:
            return False
    for anchor in _NEEDED:
        if anchor in text:
            return False
    return _LONG_WORD not in data.translate(_AS_WORDS)


def likely(text: str, data: bytes) -> Likely:
    """Which detectors to try on a text, given with its `plain_bytes`."""
    found: set[int] = set()
    packed = False
    for anchor, places in _BY_ANCHOR.items():
        if _GATES.get(anchor, "") in text and anchor in text:
            found.update(places)
    words, marked = _words(data)
    if marked:
        for mark, places in _BY_MARK.items():
            if mark in marked:
                found.update(place for place in places if _has_sign(DETECTORS[place], marked))
        packed = any(mark in marked for mark in PACKED_MARKS)
    if words:
        for mark, places in _BY_INSIDE.items():
            if mark in words:
                found.update(places)
    return Likely(tuple(DETECTORS[place] for place in sorted(found)), packed) if found or packed else _NOTHING


def _has_sign(detector: Detector, marked: str) -> bool:
    return detector.sign is None or detector.sign.search(marked) is not None


def _words(data: bytes) -> tuple[str, str]:
    """The long words that may be generated; those of them with a mark and what stands before it. A line each."""
    words: list[bytes] = []
    marked: list[bytes] = []
    as_words = data.translate(_AS_WORDS)
    end = 0
    while (found := as_words.find(_LONG_WORD, end)) >= 0:
        end = as_words.find(b" ", found + _LONG)
        if end < 0:
            end = len(data)
        if not _GENERATED.search(data, found, end):
            continue
        words.append(data[found:end])
        if data[found : found + 3] in _STARTS or data[found - 1 : found] in _ENDS:
            marked.append(data[max(0, found - _BEFORE) : end])
    return b"\n".join(words).decode("latin-1"), b"\n".join(marked).decode("latin-1")


def hints(data: bytes) -> Iterator[int]:
    """Where the text holds a syllable of a telling name."""
    folded = data.translate(_FOLDED)
    for hint in HINTS:
        place = folded.find(hint)
        while place >= 0:
            yield place
            place = folded.find(hint, place + len(hint))
