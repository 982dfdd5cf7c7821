"""Timestamps, durations and calendar fields, read as Google's CEL runtime reads them.

Sources: cloud.google.com/iam/docs/conditions-attribute-reference#date-time,
github.com/google/cel-spec/blob/master/doc/langdef.md#timestamp
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo, available_timezones

from auditor.access.conditions.values import (
    ANY,
    INT_MAX,
    SECOND,
    Duration,
    Failure,
    Open,
    Timestamp,
    Value,
    timestamp,
)

_DAY = 86_400
_LAST_DURATION = 315_576_000_001 * SECOND - 1
_FAR_EAST = datetime(9999, 12, 30, tzinfo=UTC)
_FAR_WEST = datetime(1, 1, 2, tzinfo=UTC)
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
_LONGEST = 64

_TIMESTAMP = re.compile(
    r"\s*(\d{1,6})-(\d{1,2})-(\d{1,2})[Tt](\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.(\d+))?"
    r"(?:[Zz]|([+-])(\d{2})(?::?(\d{2})(?::?\d{2})?)?)\s*",
    re.ASCII,
)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_DURATION = re.compile(r"([+-]?)(0|(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|ms|s|m|h))+)", re.ASCII)
_PART = re.compile(r"(\d*)(?:\.(\d*))?(ns|us|ms|s|m|h)", re.ASCII)
_UNITS = {"ns": 1, "us": 1_000, "ms": 1_000_000, "s": SECOND, "m": 60 * SECOND, "h": 3600 * SECOND}
_OFFSET = re.compile(r"([+-]?)(\d{1,3}):(\d{1,3})", re.ASCII)
_PLACE = re.compile(r"[A-Z][A-Za-z_]+(?:/[A-Z][A-Za-z0-9_+-]+)+", re.ASCII)


def read_timestamp(text: str) -> Value:
    """The timestamp that RFC 3339 text names, else a failure."""
    match = _TIMESTAMP.fullmatch(text) if len(text) <= _LONGEST else None
    if match is None:
        return Failure(f"{text[:_LONGEST]!r} is no timestamp")
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    fraction, sign, east_hours, east_minutes = match.groups()[6:]
    offset = int(east_hours or 0) * 60 + int(east_minutes or 0)
    east = -offset if sign == "-" else offset
    if hour > 23 or minute > 59 or second > 60 or int(east_hours or 0) > 23 or int(east_minutes or 0) > 59:
        return Failure(f"{text!r} is no timestamp")
    try:
        days = date(year, month, day).toordinal() - _EPOCH_ORDINAL
    except ValueError:
        return Failure(f"{text!r} is no timestamp")
    seconds = days * _DAY + hour * 3600 + (minute - east) * 60 + second
    # A leap second is the next minute's first, whatever its fraction.
    nanoseconds = 0 if second == 60 else int((fraction or "")[:9].ljust(9, "0"))
    return timestamp(seconds * SECOND + nanoseconds)


def read_seconds(seconds: int) -> Value:
    """The timestamp a number of seconds after 1970."""
    return timestamp(seconds * SECOND)


def read_date(text: str) -> Value:
    """Midnight UTC of a date `YYYY-MM-DD`, else a failure."""
    return read_timestamp(f"{text}T00:00:00Z") if _DATE.fullmatch(text) else Failure(f"{text[:_LONGEST]!r} is no date")


def read_duration(text: str) -> Value:
    """The duration that text such as `1h30m` or `2592000s` names, else a failure."""
    match = _DURATION.fullmatch(text) if len(text) <= _LONGEST else None
    if match is None:
        return Failure(f"{text[:_LONGEST]!r} is no duration")
    total = 0
    for whole, fraction, unit in _PART.findall(match[2]):
        if int(whole or 0) > INT_MAX:
            return Failure(f"{text!r} is no duration")
        total += int(whole or 0) * _UNITS[unit]
        if fraction:
            total += int(fraction) * _UNITS[unit] // 10 ** len(fraction)
    if total > _LAST_DURATION:
        return Failure(f"the duration {text!r} is too long")
    return Duration(-total if match[1] == "-" else total)


class _Local(NamedTuple):
    """A point in time as clocks and calendars of a zone show it."""

    days: int
    """Since 1970."""
    seconds: int
    """Since midnight."""
    nanoseconds: int

    @property
    def calendar(self) -> tuple[int, int, int]:
        """Year, month and day, also in the years 0 and 10000, which a zone's offset can reach."""
        ordinal = self.days + _EPOCH_ORDINAL
        cycles = 0
        if not 1 <= ordinal <= date.max.toordinal():
            cycles = 1 if ordinal < 1 else -1
        then = date.fromordinal(ordinal + cycles * 146_097)
        return then.year - cycles * 400, then.month, then.day


def _day_of_year(local: _Local) -> int:
    year, _, _ = local.calendar
    cycles = 1 if year < 1 else -1 if year > 9999 else 0
    return local.days + cycles * 146_097 + _EPOCH_ORDINAL - date(year + cycles * 400, 1, 1).toordinal()


_FIELDS: dict[str, Callable[[_Local], int]] = {
    "getFullYear": lambda local: local.calendar[0],
    "getMonth": lambda local: local.calendar[1] - 1,
    "getDate": lambda local: local.calendar[2],
    "getDayOfMonth": lambda local: local.calendar[2] - 1,
    "getDayOfWeek": lambda local: (local.days + 4) % 7,
    "getDayOfYear": _day_of_year,
    "getHours": lambda local: local.seconds // 3600,
    "getMinutes": lambda local: local.seconds // 60 % 60,
    "getSeconds": lambda local: local.seconds % 60,
    "getMilliseconds": lambda local: local.nanoseconds // 1_000_000,
}
_SPANS = {"getHours": 3600 * SECOND, "getMinutes": 60 * SECOND, "getSeconds": SECOND}

FIELDS = frozenset(_FIELDS)
"""The functions that read a field of a timestamp."""


def field(function: str, moment: Timestamp, zone: str = "UTC") -> Value:
    """A field of a timestamp in a time zone."""
    local = _local(moment.nanoseconds, zone)
    return _FIELDS[function](local) if isinstance(local, _Local) else local


@lru_cache(maxsize=1024)
def _local(since_1970: int, zone: str) -> _Local | Failure | Open:
    """What clocks show. One audit asks for few times but often: a zone's offset takes longer than all else."""
    found = _zone(zone)
    if isinstance(found, (Failure, Open)):
        return found
    seconds, nanoseconds = divmod(since_1970, SECOND)
    offset = found if isinstance(found, int) else _offset(found, since_1970)
    days, of_day = divmod(seconds + offset, _DAY)
    return _Local(days, of_day, nanoseconds)


def span_field(function: str, span: Duration) -> Value:
    """The whole duration in hours, minutes or seconds; of milliseconds those that no second holds."""
    if function == "getMilliseconds":
        return _toward_zero(span.nanoseconds, 1_000_000) - _toward_zero(span.nanoseconds, SECOND) * 1000
    if function not in _SPANS:
        return Failure(f"a duration has no {function}")
    return _toward_zero(span.nanoseconds, _SPANS[function])


def _toward_zero(number: int, divisor: int) -> int:
    return number // divisor if number >= 0 else -(-number // divisor)


def _offset(zone: tzinfo, since_1970: int) -> int:
    """Seconds east of UTC. The first and last days of time have the offset of their neighbours."""
    then = min(max(since_1970, Timestamp.of(_FAR_WEST).nanoseconds), Timestamp.of(_FAR_EAST).nanoseconds)
    local = Timestamp(then).moment().astimezone(zone).utcoffset() or timedelta(0)
    return local.days * _DAY + local.seconds


@lru_cache(maxsize=1)
def _known_zones() -> frozenset[str]:
    return frozenset(available_timezones())


@lru_cache(maxsize=1024)
def _zone(name: str) -> int | tzinfo | Failure | Open:
    """A time zone, or seconds east of UTC. A name that looks like a place's may be newer than our list."""
    offset = _OFFSET.fullmatch(name)
    if offset:
        seconds = int(offset[2]) * 3600 + int(offset[3]) * 60
        return -seconds if offset[1] == "-" else seconds
    if name in ("", "UTC"):
        return 0
    if name in _known_zones():
        return ZoneInfo(name)
    if _PLACE.fullmatch(name[:_LONGEST]) or not _known_zones():
        return Open(ANY, (f"the time zone {name[:_LONGEST]} is not in the time zone database at hand",))
    return Failure(f"there is no time zone {name[:_LONGEST]!r}")
