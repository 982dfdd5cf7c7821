"""Values of condition expressions: CEL's, a failed evaluation, and what is not known.

CEL's bool, int, double, string, null, list and map are Python's own; time has nanoseconds, as CEL's has.

Source: github.com/google/cel-spec/blob/master/doc/langdef.md#values
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

Value = Any
"""A value of CEL, `Failure` or `Open`: told apart by `type`, since a bool is an int to `isinstance`."""

INT_MAX = (1 << 63) - 1
INT_MIN = -(1 << 63)
SECOND = 1_000_000_000
"""Nanoseconds in a second."""

CAN_HOLD, CAN_FAIL, CAN_ERR = 1, 2, 4
ANY = CAN_HOLD | CAN_FAIL | CAN_ERR
"""The outcomes of a statement of which nothing is known."""

_SHOWN = 80
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_FIRST_INSTANT = -62_135_596_800 * SECOND
_LAST_INSTANT = 253_402_300_800 * SECOND - 1


@dataclass(frozen=True, slots=True)
class Timestamp:
    """A point in time, in nanoseconds since 1970 in UTC."""

    nanoseconds: int

    @staticmethod
    def of(moment: datetime) -> Timestamp:
        """The timestamp of an aware datetime."""
        since = moment - _EPOCH
        return Timestamp((since.days * 86_400 + since.seconds) * SECOND + since.microseconds * 1000)

    def moment(self) -> datetime:
        """The datetime in UTC, cut to microseconds."""
        return _EPOCH + self.nanoseconds // 1000 * _MICROSECOND


@dataclass(frozen=True, slots=True)
class Duration:
    """A span of time, in nanoseconds."""

    nanoseconds: int


@dataclass(frozen=True, slots=True)
class Failure:
    """The evaluation failed: such a statement is never met, nor is its negation."""

    reason: str


@dataclass(frozen=True, slots=True)
class Open:
    """A value that is not known, and the outcomes that it can have as a statement: to hold, to fail, to err."""

    outcomes: int
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AtLeast(Open):
    """A timestamp or number of which only a lower bound is known."""

    bound: Timestamp | int


@dataclass(frozen=True, slots=True)
class Unclear(Open):
    """An attribute of which the reference does not say what it is: one of a few texts, or nothing.

    Where it is compared with any other text, `==` and `in` never hold; whether `!=` holds is open.
    """

    candidates: frozenset[str] = frozenset({""})


PARTIAL = frozenset({Failure, Open, AtLeast, Unclear})
"""The types of what is no value."""

_NAMES: dict[type, str] = {
    bool: "a bool",
    int: "an int",
    float: "a double",
    str: "a string",
    type(None): "null",
    list: "a list",
    dict: "a map",
    Timestamp: "a timestamp",
    Duration: "a duration",
}
_PLAIN = frozenset({bool, int, float, str, type(None), Timestamp, Duration})


def name_of(value: Value) -> str:
    """What kind of value it is, in words."""
    return _NAMES.get(type(value), "an unknown value")


def shown(value: Value) -> str:
    """A value for messages, cut to a bearable length."""
    text = repr(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def timestamp(nanoseconds: int) -> Value:
    """The timestamp, a failure outside the years 1 to 9999."""
    if _FIRST_INSTANT <= nanoseconds <= _LAST_INSTANT:
        return Timestamp(nanoseconds)
    return Failure("a timestamp is outside the years 1 to 9999")


def equal(left: Value, right: Value) -> bool:
    """CEL's equality of two values: deep, across int and double, false across other types."""
    kind, other = type(left), type(right)
    if kind is other:
        if kind in _PLAIN:
            return bool(left == right)
        if kind is list:
            return len(left) == len(right) and all(equal(one, two) for one, two in zip(left, right, strict=True))
        if kind is dict:
            return len(left) == len(right) and all(_has_entry(right, key, value) for key, value in left.items())
    if (kind is int and other is float) or (kind is float and other is int):
        return float(left) == float(right)
    return False


def lookup(mapping: dict[tuple[type, Value], Value], key: Value) -> Value:
    """The value under a key, a failure where there is none. Keys are kept with their types: `1` is not `true`."""
    if type(key) is float and key.is_integer():
        key = int(key)
    if type(key) not in (str, int, bool):
        return Failure(f"{name_of(key)} is no key of a map")
    found = mapping.get((type(key), key), _NOTHING)
    return Failure(f"the map has no key {shown(key)}") if found is _NOTHING else found


def outcomes_of(value: Value) -> int:
    """What a value can be as a statement; what is neither true nor false nor open errs."""
    if value is True:
        return CAN_HOLD
    if value is False:
        return CAN_FAIL
    return value.outcomes if isinstance(value, Open) else CAN_ERR


def reasons_of(*values: Value) -> tuple[str, ...]:
    """The reasons of what is open or failed, each once."""
    reasons: dict[str, None] = {}
    for value in values:
        if isinstance(value, Open):
            reasons.update(dict.fromkeys(value.reasons))
        elif type(value) is Failure:
            reasons[value.reason] = None
    return tuple(reasons)


_NOTHING = object()


def _has_entry(mapping: dict[tuple[type, Value], Value], key: tuple[type, Value], value: Value) -> bool:
    found = mapping.get(key, _NOTHING)
    return found is not _NOTHING and equal(found, value)
