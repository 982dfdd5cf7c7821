"""Scanning a text or a named value: prefilter, detectors, base64 within, names; what is found is told, never shown."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from auditor.secrets.assignments import PASSWORD, TOKEN, assignments, judge
from auditor.secrets.patterns import DETECTORS, decoded, key_material, secret_of

SALT = b"auditor"
"""Makes digests ours. Give your own salt where digests leave the organisation."""

ALL_DETECTORS: dict[str, str] = {
    **{detector.id: detector.description for detector in reversed(DETECTORS)},
    PASSWORD: "a literal password under a password's name",
    TOKEN: "a literal key or token under a secret's name",
}
"""Detector id → what it finds."""

_PACKED = re.compile(
    r"(?<![A-Za-z0-9+/_-])(?:LS0tLS1CRUdJTi|ewo|ew0K|eyAi|eyJ|ewk)[A-Za-z0-9+/_-]{60,65536}={0,2}(?![A-Za-z0-9+/=_.-])"
)
_PACKED_ANCHORS = ("LS0tLS1CRUdJTi", "ewo", "ew0K", "eyAi", "eyJ", "ewk")
_ALL_BASE64 = re.compile(r"\s*[A-Za-z0-9+/_-][A-Za-z0-9+/_\s-]{22,}={0,2}\s*")
_SPACE = re.compile(r"\s+")
_MAX_PACKED = 1 << 18
_MAX_HITS = 1000
_LONGEST_KEPT = 1 << 12
"""Longest value in characters whose result is kept, so that what is kept stays below some 20 MB."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A secret was found. `digest` is the same wherever the same secret appears, and cannot be turned back.

    `name` is the variable or key that holds it, where there is one; `line` counts from 1; `length` is the
    secret's in characters.
    """

    detector: str
    name: str
    line: int
    length: int
    digest: str

    @property
    def description(self) -> str:
        """What was found, in words."""
        return ALL_DETECTORS[self.detector]


def digest_of(secret: str, salt: bytes = SALT) -> str:
    """8 hex digits of HMAC-SHA256: enough to recognise a secret, too few to prove a guess."""
    return hmac.new(salt, secret.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()[:8]


def scan_text(text: str, *, salt: bytes = SALT) -> list[Hit]:
    """The secrets in a text, in order of their place. At most 1000 are told."""
    return _scan(text, salt, packed=True)


def scan_value(name: str, value: str, *, salt: bytes = SALT) -> list[Hit]:
    """The secrets in the value of a variable or metadata key: what its shape shows, else what its name says."""
    if not value:
        return []
    found = _remembered(name, value, salt) if len(value) <= _LONGEST_KEPT else _scan_value(name, value, salt)
    return found.copy()


@lru_cache(maxsize=1 << 12)
def _remembered(name: str, value: str, salt: bytes) -> list[Hit]:
    """As `_scan_value`: variables and scripts repeat across the services and machines of an estate."""
    return _scan_value(name, value, salt)


def _scan_value(name: str, value: str, salt: bytes) -> list[Hit]:
    hits = _scan(value, salt, packed=True)
    if hits:
        return [replace(hit, name=hit.name or name) for hit in hits]
    found = judge(name, value)
    if found:
        secret = value.strip()
        return [Hit(found, name, 1, len(secret), digest_of(secret, salt))]
    return []


def _scan(text: str, salt: bytes, *, packed: bool) -> list[Hit]:
    found: dict[tuple[int, int], Hit] = {}
    for start, end, hit in _candidates(text, salt, packed=packed):
        if not any(start < other_end and end > other_start for other_start, other_end in found):
            found[start, end] = replace(hit, line=text.count("\n", 0, start) + 1)
        if len(found) == _MAX_HITS:
            break
    return [found[place] for place in sorted(found)]


def _candidates(text: str, salt: bytes, *, packed: bool) -> Iterator[tuple[int, int, Hit]]:
    """(start, end, hit without its line), most specific first."""
    for start, end, detector, secret in _shaped(text):
        yield start, end, Hit(detector, "", 0, len(secret), digest_of(secret, salt))
    if packed:
        yield from _unpacked(text, salt)
    for detector, name, start, secret in assignments(text):
        yield start, start + len(secret), Hit(detector, name, 0, len(secret), digest_of(secret, salt))


def _shaped(text: str) -> Iterator[tuple[int, int, str, str]]:
    for detector in DETECTORS:
        for anchor in detector.anchors:
            if anchor in text:
                break
        else:
            continue
        for match in detector.pattern.finditer(text):
            if detector.valid(match):
                secret = secret_of(match) or match[0]
                if detector.id in ("private-key", "service-account-key"):
                    secret = key_material(secret)  # the same key has the same digest in every dress
                yield match.start(), match.end(), detector.id, secret


def _unpacked(text: str, salt: bytes) -> Iterator[tuple[int, int, Hit]]:
    """What base64 within the text holds: a whole value, or a run that starts as JSON or PEM does."""
    runs: list[tuple[int, int, str]] = []
    if len(text) < _MAX_PACKED and _ALL_BASE64.fullmatch(text):
        runs.append((0, len(text), _SPACE.sub("", text)))
    elif any(anchor in text for anchor in _PACKED_ANCHORS):
        runs.extend((match.start(), match.end(), match[0]) for match in _PACKED.finditer(text))
    for start, end, run in runs:
        try:
            inner = decoded(run)
        except ValueError:
            continue
        if inner.isprintable() or "\n" in inner:
            for hit in _scan(inner, salt, packed=False)[:1]:
                yield start, end, hit
