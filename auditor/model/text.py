"""Text that strangers chose (resource names, messages with values), made safe to show anywhere."""

from __future__ import annotations

import re
import unicodedata

_SUSPECT = re.compile(r"[^\x20-\x7e\u00a1-\u02ff\u0370-\u058f]")

_BLANK = frozenset("\u034f\u115f\u1160\u2800\u3164\uffa0") | {chr(code) for code in range(0xFE00, 0xFE10)}
"""Letters and marks that show as nothing, or change how their neighbour shows."""


def visible(text: str) -> str:
    """`text` with control, format, bidirectional and unassigned characters written as `\\u202e`."""
    return _SUSPECT.sub(_shown, text)


def _shown(match: re.Match[str]) -> str:
    character = match[0]
    category = unicodedata.category(character)
    if category[0] != "C" and category not in ("Zl", "Zp") and character not in _BLANK:
        return character
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def plural(number: int, noun: str) -> str:
    """`1 finding`, `2,000 findings`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
