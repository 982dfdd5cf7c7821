"""The functions of conditions that need nothing but their arguments.

Sources: cloud.google.com/iam/docs/conditions-attribute-reference#extract (and #date-time, #api-attributes-functions),
github.com/google/cel-spec/blob/master/doc/langdef.md#list-of-standard-definitions
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from auditor.access.conditions import times
from auditor.access.conditions.values import (
    ANY,
    CAN_ERR,
    CAN_HOLD,
    AtLeast,
    Duration,
    Failure,
    Open,
    Timestamp,
    Value,
    equal,
    name_of,
)

_TEMPLATE = re.compile(r"([^{}]*)\{[A-Za-z0-9_]+\}([^{}]*)", re.ASCII)

_MOST_COMPARISONS = 1_000_000
"""IAM allows ten elements; without a limit a policy could keep us busy for minutes."""

Function = Callable[..., Value]


def _size(value: Value) -> Value:
    return len(value) if type(value) in (str, list, dict) else Failure(f"{name_of(value)} has no size")


def _of_text(read: Callable[[str], Value], kind: type, name: str) -> Function:
    """A conversion of text to a kind of value, which leaves that kind as it is."""

    def convert(value: Value) -> Value:
        if type(value) is str:
            return read(value)
        return value if type(value) is kind else Failure(f"{name}({name_of(value)}) has no meaning")

    return convert


def _timestamp(value: Value) -> Value:
    if type(value) is int:
        return times.read_seconds(value)
    return _TEXT_TIMESTAMP(value)


_TEXT_TIMESTAMP = _of_text(times.read_timestamp, Timestamp, "timestamp")


def _date(value: Value) -> Value:
    return times.read_date(value) if type(value) is str else Failure(f"date({name_of(value)}) has no meaning")


def _of_two_texts(name: str, holds: Callable[[str, str], Value]) -> Function:
    def run(value: Value, other: Value) -> Value:
        if type(value) is str and type(other) is str:
            return holds(value, other)
        return Failure(f"{name_of(value)} has no {name} of {name_of(other)}")

    return run


def _contains(text: str, part: str) -> bool:
    return part in text


def extract(text: str, template: str) -> Value:
    """The part of a text where the template has its `{identifier}`, `""` where the text has no such part.

    Templates of any other form are not in the reference: what they give is open.
    """
    parts = _TEMPLATE.fullmatch(template)
    if parts is None:
        return Open(ANY, ("the reference does not tell what extract() gives for such a template",))
    prefix, suffix = parts.groups()
    start = text.find(prefix)
    if start < 0:
        return ""
    start += len(prefix)
    end = text.find(suffix, start) if suffix else len(text)
    return text[start:end] if end >= 0 else ""


def _has_only(found: Value, allowed: Value) -> Value:
    if type(found) is not list or type(allowed) is not list:
        return Failure(f"hasOnly compares two lists, not {name_of(found)} and {name_of(allowed)}")
    if len(found) * len(allowed) > _MOST_COMPARISONS:
        return Open(ANY, ("hasOnly compares lists that are longer than IAM allows",))
    return all(any(equal(item, other) for other in allowed) for item in found)


def _field(function: str, value: Value, *zone: Value) -> Value:
    if type(value) is Timestamp and len(zone) <= 1 and all(type(name) is str for name in zone):
        return times.field(function, value, *zone)
    if type(value) is Duration and not zone:
        return times.span_field(function, value)
    return Failure(f"{name_of(value)} has no such {function}")


class Signature(NamedTuple):
    """A function over known values, and the numbers of arguments that it takes (its receiver counts as one)."""

    run: Function
    counts: tuple[int, ...]


FUNCTIONS = {
    "date": Signature(_date, (1,)),
    "duration": Signature(_of_text(times.read_duration, Duration, "duration"), (1,)),
    "size": Signature(_size, (1,)),
    "timestamp": Signature(_timestamp, (1,)),
}
"""Functions by name."""

METHODS = {
    "contains": Signature(_of_two_texts("part", _contains), (2,)),
    "endsWith": Signature(_of_two_texts("end", str.endswith), (2,)),
    "extract": Signature(_of_two_texts("extract", extract), (2,)),
    "hasOnly": Signature(_has_only, (2,)),
    "size": Signature(_size, (1,)),
    "startsWith": Signature(_of_two_texts("start", str.startswith), (2,)),
    **{name: Signature(partial(_field, name), (1, 2)) for name in times.FIELDS},
}
"""Functions called on their first argument."""

_AFFIXES = frozenset({"startsWith", "endsWith", "contains"})


def of_partial(name: str, receiver: Open, arguments: tuple[Value, ...], open_value: Open) -> Value:
    """What a method gives on a receiver that is not known, where that can be told; else the open value."""
    if name in _AFFIXES and arguments == ("",):
        return Open(CAN_HOLD | CAN_ERR, open_value.reasons)
    if name == "getFullYear" and type(receiver) is AtLeast and type(receiver.bound) is Timestamp:
        year = _field(name, receiver.bound, *arguments)
        if type(year) is int:
            return AtLeast(ANY, receiver.reasons, year)
    return open_value
