"""Functions over times.

Source: developer.hashicorp.com/terraform/language/functions, section Date and Time Functions
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from auditor.sources.terraform.hcl.functions.registry import function
from auditor.sources.terraform.hcl.values import Problem, Value, to_string

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")
_DURATION = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)")
_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_LAYOUT = re.compile(
    r"'(?:[^']|'')*'|YYYY|YY|MMMM|MMM|MM|M|DD|D|EEEE|EEE|hh|h|HH|H|AA|aa|mm|m|ss|s|ZZZZZ|ZZZZ|ZZZ|Z|[A-Za-z]+|.",
    re.DOTALL,
)
_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
_DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]


def _time(text: Value) -> datetime:
    written = to_string(text)
    if not _TIME.fullmatch(written):
        raise Problem("no time as in 2026-11-22T00:00:00Z")
    return datetime.fromisoformat(written)


def _shown(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


@function("timeadd")
def add(moment: Value, duration: Value) -> Value:
    """The time after a duration as `1h30m`."""
    written = to_string(duration)
    bare = written.lstrip("+-")
    parts = list(_DURATION.finditer(bare))
    if "".join(part[0] for part in parts) != bare or not parts:
        raise Problem("no duration as in 1h30m")
    seconds = sum(float(part[1]) * _SECONDS[part[2]] for part in parts)
    return _shown(_time(moment) + timedelta(seconds=-seconds if written.startswith("-") else seconds))


@function("timecmp")
def compare(first: Value, second: Value) -> Value:
    """-1, 0 or 1: whether the first time is before, at or after the second."""
    one, two = _time(first), _time(second)
    return (one > two) - (one < two)


@function("formatdate")
def format_date(layout: Value, moment: Value) -> Value:
    """A time in the form of a layout."""
    time = _time(moment)
    return "".join(_part(found[0], time) for found in _LAYOUT.finditer(to_string(layout)))


def _part(mark: str, time: datetime) -> str:
    if mark.startswith("'"):
        if len(mark) < 2:
            raise Problem("a quote in the layout does not end")
        return mark[1:-1].replace("''", "'")
    if not (mark.isascii() and mark.isalpha()):
        return mark
    offset = time.strftime("%z")
    hour = time.hour % 12 or 12
    forms = {
        "YYYY": f"{time.year:04}",
        "YY": f"{time.year % 100:02}",
        "MMMM": _MONTHS[time.month - 1],
        "MMM": _MONTHS[time.month - 1][:3],
        "MM": f"{time.month:02}",
        "M": str(time.month),
        "DD": f"{time.day:02}",
        "D": str(time.day),
        "EEEE": _DAYS[time.weekday()],
        "EEE": _DAYS[time.weekday()][:3],
        "hh": f"{time.hour:02}",
        "h": str(time.hour),
        "HH": f"{hour:02}",
        "H": str(hour),
        "AA": "PM" if time.hour >= 12 else "AM",
        "aa": "pm" if time.hour >= 12 else "am",
        "mm": f"{time.minute:02}",
        "m": str(time.minute),
        "ss": f"{time.second:02}",
        "s": str(time.second),
        "ZZZZZ": f"{offset[:3]}:{offset[3:]}",
        "ZZZZ": offset,
        "ZZZ": "UTC" if offset == "+0000" else offset,
        "Z": "Z" if offset == "+0000" else f"{offset[:3]}:{offset[3:]}",
    }
    if mark not in forms:
        raise Problem(f"{mark} is nothing in a layout")
    return forms[mark]
