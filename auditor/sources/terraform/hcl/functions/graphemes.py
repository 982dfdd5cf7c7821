"""Characters as people count them: a letter with its accents, an emoji with its modifiers."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

_JOINER = "\u200d"
_REGIONAL = range(0x1F1E6, 0x1F200)
_MODIFIERS = range(0x1F3FB, 0x1F400)


def graphemes(text: str) -> Sequence[str]:
    """The characters of a text; for plain text the text itself."""
    if text.isascii() and "\r" not in text:
        return text
    found: list[str] = []
    for character in text:
        if found and _continues(found[-1], character):
            found[-1] += character
        else:
            found.append(character)
    return found


def _continues(before: str, character: str) -> bool:
    if character == "\n":
        return before == "\r"
    if (before[-1] == _JOINER and len(before) > 1) or character == _JOINER:
        return True
    if ord(character) in _REGIONAL:
        return len(before) == 1 and ord(before) in _REGIONAL
    return unicodedata.category(character) in ("Mn", "Me", "Mc") or ord(character) in _MODIFIERS
