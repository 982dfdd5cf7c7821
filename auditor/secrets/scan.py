"""Scanning a text or a named value: prefilter, detectors, base64 within, names; what is found is told, never shown."""

from __future__ import annotations

import hashlib
import hmac
import re
from binascii import a2b_base64
from codecs import utf_8_decode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from auditor.secrets.assignments import PASSWORD, TOKEN, assignments, judge
from auditor.secrets.detector import decoded, secret_of
from auditor.secrets.named import NAMED_VENDORS
from auditor.secrets.patterns import DETECTORS
from auditor.secrets.pem import PEM, key_material
from auditor.secrets.prefilter import Likely, is_plain, likely, plain_bytes

SALT = b"auditor"
"""The salt of a process that was told no other; see `use_salt`."""

ALL_DETECTORS: dict[str, str] = {
    **NAMED_VENDORS,
    **{detector.id: detector.description for detector in reversed(DETECTORS)},
    PASSWORD: "a literal password under a password's name",
    TOKEN: "a literal key or token under a secret's name",
}
"""Detector id → what it finds."""

_PACKED = re.compile(
    r"(?<![A-Za-z0-9+/_-])(?:LS0tLS1CRUdJTi|ewo|ew0K|eyAi|eyJ|ewk)[A-Za-z0-9+/_-]{60,65536}={0,2}(?![A-Za-z0-9+/=_.-])"
)
_ALL_BASE64 = re.compile(r"\s*[A-Za-z0-9+/_-][A-Za-z0-9+/_\s-]{22,}={0,2}\s*")
_SHORTEST = 23
"""Characters of the shortest text that is taken for base64 from end to end."""
_BEGINS_AS_TEXT = re.compile(r"\s*[A-Za-fw-z0-9][A-Za-z0-9+/_\s-]{22}")
"""The beginning of such a text, where it can be text in UTF-8: no character has a first byte of another kind."""
_START = 20
"""Characters of it that are decoded first, a multiple of four."""
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


_in_use = SALT


def use_salt(salt: bytes) -> None:
    """Make all further digests of this process with `salt`.

    One salt for a run joins the places of one secret, whatever found them; another for the next run keeps the
    digests of two reports apart. Every process of a run is told the same.
    """
    global _in_use  # checks are handed no salt: it belongs to the run, and a process has one run
    _in_use = salt
    _remembered.cache_clear()


def digest_of(secret: str, salt: bytes | None = None) -> str:
    """8 hex digits of HMAC-SHA256: enough to recognise a secret, too few to prove a guess."""
    return hmac.new(
        _in_use if salt is None else salt, secret.encode("utf-8", "surrogatepass"), hashlib.sha256
    ).hexdigest()[:8]


def scan_text(text: str, *, salt: bytes | None = None) -> list[Hit]:
    """The secrets in a text, in order of their place. At most 1000 are told."""
    return _scan(text, salt, packed=True)


def scan_value(name: str, value: str, *, salt: bytes | None = None) -> list[Hit]:
    """The secrets in the value of a variable or metadata key: what its shape shows, else what its name says."""
    if not value:
        return []
    found = _remembered(name, value, salt) if len(value) <= _LONGEST_KEPT else _scan_value(name, value, salt)
    return found.copy()


def surely_clean(values: Sequence[tuple[str, str]]) -> bool:
    """Whether some (name, value) hold no secret, told at one look at all of them; False where each is worth its own."""
    texts = [value for _, value in values]
    together = "\n".join(texts)
    if not is_plain(together, plain_bytes(together)):
        return False
    return not (any(map(_whole, texts)) or any(name and value and judge(name, value) for name, value in values))


@lru_cache(maxsize=1 << 12)
def _remembered(name: str, value: str, salt: bytes | None) -> list[Hit]:
    """As `_scan_value`: variables and scripts repeat across the services and machines of an estate."""
    return _scan_value(name, value, salt)


def _scan_value(name: str, value: str, salt: bytes | None) -> list[Hit]:
    hits = _scan(value, salt, packed=True)
    if hits:
        return [replace(hit, name=hit.name or name) for hit in hits]
    found = judge(name, value)
    if found:
        secret = value.strip()
        return [Hit(found, name, 1, len(secret), digest_of(secret, salt))]
    return []


def _scan(text: str, salt: bytes | None, *, packed: bool) -> list[Hit]:
    data = plain_bytes(text)
    if is_plain(text, data) and not (packed and _whole(text)):
        return []  # nearly always
    found: dict[tuple[int, int], Hit] = {}
    for start, end, hit in _candidates(text, data, salt, packed=packed):
        if not any(start < other_end and end > other_start for other_start, other_end in found):
            found[start, end] = replace(hit, line=text.count("\n", 0, start) + 1)
        if len(found) == _MAX_HITS:
            break
    return [found[place] for place in sorted(found)]


def _candidates(text: str, data: bytes, salt: bytes | None, *, packed: bool) -> Iterator[tuple[int, int, Hit]]:
    """(start, end, hit without its line), most specific first."""
    worth = likely(text, data)
    for start, end, detector, secret in _shaped(text, worth):
        yield start, end, Hit(detector, "", 0, len(secret), digest_of(secret, salt))
    if packed:
        yield from _unpacked(text, worth, salt)
    for found in assignments(text, data):
        hit = Hit(found.detector, found.name, 0, len(found.value), digest_of(found.value, salt))
        yield found.start, found.start + len(found.value), hit


def _shaped(text: str, worth: Likely) -> Iterator[tuple[int, int, str, str]]:
    matched: dict[re.Pattern[str], list[re.Match[str]]] = {}
    for detector in worth.detectors:
        if detector.pattern not in matched:  # some detectors share a pattern and differ in what is valid
            matched[detector.pattern] = list(detector.matches(text))
        for match in matched[detector.pattern]:
            if detector.valid(match):
                secret = secret_of(match) or match[0]
                if detector.pattern is PEM:
                    secret = key_material(secret)  # the same key has the same digest in every dress
                yield match.start(), match.end(), detector.id, secret


def _unpacked(text: str, worth: Likely, salt: bytes | None) -> Iterator[tuple[int, int, Hit]]:
    """What base64 within the text holds: a whole value, or a run that starts as JSON or PEM does."""
    runs: list[tuple[int, int, str]] = []
    if _is_base64(text):
        runs.append((0, len(text), _whole(text)))
    elif worth.packed:
        runs.extend((match.start(), match.end(), _inner(match[0])) for match in _PACKED.finditer(text))
    for start, end, inner in runs:
        for hit in _scan(inner, salt, packed=False)[:1]:
            yield start, end, hit


def _is_base64(text: str) -> bool:
    return _SHORTEST <= len(text) < _MAX_PACKED and _ALL_BASE64.fullmatch(text) is not None


def _whole(text: str) -> str:
    """What a text holds that is base64 from end to end; `""` where it is none, or holds no text."""
    if len(text) < _SHORTEST or not _BEGINS_AS_TEXT.match(text) or not _begins_with_text(text) or not _is_base64(text):
        return ""
    return _inner("".join(text.split()))


def _begins_with_text(text: str) -> bool:
    """Whether what begins as base64 begins with text in UTF-8, which words in a row hardly do."""
    start = "".join(text[:40].split())[:_START]
    if len(start) < _START or "-" in start or "_" in start:
        return True  # the whole will tell
    try:
        utf_8_decode(a2b_base64(start), "strict", False)
    except ValueError:
        return False
    return True


def _inner(run: str) -> str:
    try:
        inner = decoded(run)
    except ValueError:
        return ""
    return inner if inner.isprintable() or "\n" in inner else ""
