"""What a detector is, and what tells a credential from something of its shape."""

from __future__ import annotations

import base64
import re
import string
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from auditor.secrets.values import entropy, is_made_up, is_placeholder

Validator = Callable[[re.Match[str]], bool]


@dataclass(frozen=True, slots=True)
class Detector:
    """One kind of credential.

    A text is searched for it only where it may be found (see `prefilter.py`): the text holds one of the
    `anchors`, or one of its long words begins with one of the `marks` (or follows it, where the mark ends in a
    character that is in no word, as `SG.` does), or holds one `inside`. Where marks say little, the words with a
    mark must also match `sign`. The secret is the pattern's last named group (but for `header`), or the whole
    match. `valid` weeds out what only looks like one.
    """

    id: str
    description: str
    pattern: re.Pattern[str] = field(repr=False)
    valid: Validator = field(repr=False)
    anchors: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    inside: tuple[str, ...] = ()
    sign: re.Pattern[str] | None = None
    begins_with_mark: bool = False
    """Whether every match begins with one of the marks, so that a plain search finds where to try."""

    def matches(self, text: str) -> Iterator[re.Match[str]]:
        """Every match of the pattern, valid or not."""
        if not self.begins_with_mark:
            yield from self.pattern.finditer(text)
            return
        for mark in self.marks:
            place = text.find(mark)
            while place >= 0:
                match = self.pattern.match(text, place)
                if match:
                    yield match
                place = text.find(mark, match.end() if match else place + 1)


def secret_of(match: re.Match[str]) -> str:
    """The secret within a match."""
    group = match.lastgroup
    return match[group] if group and group != "header" else match[0]


def genuine(match: re.Match[str]) -> bool:
    """Neither typed with few keys nor copied from a manual."""
    return not is_made_up(secret_of(match))


def mixed(match: re.Match[str]) -> bool:
    """Generated: digits and letters in no order."""
    secret = secret_of(match)
    return (
        any(c.isdigit() for c in secret) and any(c.isalpha() for c in secret) and entropy(secret) > 3 and genuine(match)
    )


def literal(match: re.Match[str]) -> bool:
    """A literal password, not the place of one."""
    return len(match["secret"]) > 2 and not is_placeholder(match["secret"])


def shape(
    identifier: str,
    description: str,
    pattern: str | re.Pattern[str],
    *,
    anchors: tuple[str, ...] = (),
    marks: tuple[str, ...] = (),
    inside: tuple[str, ...] = (),
    sign: str = "",
    valid: Validator = genuine,
) -> Detector:
    """A detector of anything that a pattern can tell."""
    compiled = re.compile(pattern) if isinstance(pattern, str) else pattern
    return Detector(
        identifier, description, compiled, valid, anchors, marks, inside, re.compile(sign) if sign else None
    )


def token(identifier: str, description: str, marks: str, rest: str, valid: Validator = mixed) -> Detector:
    """A token that stands for itself: one of the `marks` and the `rest`, nothing of its alphabet around it."""
    begin = "|".join(re.escape(mark) for mark in marks.split())
    pattern = re.compile(rf"(?<![A-Za-z0-9_-])(?:{begin})(?:{rest})(?![A-Za-z0-9_-])")
    return Detector(identifier, description, pattern, valid, marks=tuple(marks.split()), begins_with_mark=True)


_BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase


def base62_checksum(text: str) -> str:
    """CRC-32 of a text as six base-62 digits, as GitHub and npm append it to their tokens.

    Source: https://github.blog/engineering/platform-security/behind-githubs-new-authentication-token-formats/
    """
    number = zlib.crc32(text.encode())
    digits = ""
    while number:
        number, digit = divmod(number, 62)
        digits = _BASE62[digit] + digits
    return digits.rjust(6, "0")


def checksummed(match: re.Match[str]) -> bool:
    """Whether the last six characters are the checksum of the thirty before them."""
    body = secret_of(match)[-36:]
    return base62_checksum(body[:30]) == body[30:]


def decoded(text: str) -> str:
    """Base64 text, with either alphabet and with or without padding. Raises `ValueError` where it is not UTF-8 text."""
    plain = text.replace("-", "+").replace("_", "/").rstrip("=")
    return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True).decode()
