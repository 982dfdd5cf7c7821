"""Durations as Google's APIs write them: `"7776000s"` (google.protobuf.Duration).

Source: protobuf.dev/programming-guides/json
"""

from __future__ import annotations

from datetime import timedelta

from auditor.resources.base import Undetermined


def duration(name: str, text: str) -> timedelta:
    """The value of a field that holds a duration. Raises `Undetermined` where it is none, or none from now on."""
    try:
        found = timedelta(seconds=float(text[:-1]))
    except (ValueError, OverflowError):
        raise Undetermined(name, f"{text[:100]!r} is not a duration") from None
    if not text.endswith("s"):
        raise Undetermined(name, f"{text[:100]!r} is not a duration: it has no unit")
    if found < timedelta():
        raise Undetermined(name, f"{text[:100]!r} is not a duration that lies ahead")
    return found
