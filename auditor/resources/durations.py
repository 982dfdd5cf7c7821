"""Durations as Google's APIs write them in JSON: `"3600s"`, `"0.5s"`.

Source: protobuf.dev/programming-guides/json (google.protobuf.Duration)
"""

from __future__ import annotations

from datetime import timedelta

from auditor.resources.base import Undetermined


def duration(field: str, text: str) -> timedelta:
    """The duration that a field's text says. Raises `Undetermined` for what is none."""
    try:
        found = timedelta(seconds=float(text[:-1]))
    except (ValueError, OverflowError):
        raise Undetermined(field, f"{text[:80]!r} is not a duration") from None
    if not text.endswith("s"):
        raise Undetermined(field, f"{text[:80]!r} is not a duration: it has no unit")
    return found
