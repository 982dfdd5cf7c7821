"""CEL's operators over known values. What has no meaning gives a `Failure`, as CEL's evaluation errs.

Source: github.com/google/cel-spec/blob/master/doc/langdef.md#list-of-standard-definitions
"""

from __future__ import annotations

import operator
from collections.abc import Callable

from auditor.access.conditions.values import (
    INT_MAX,
    INT_MIN,
    Duration,
    Failure,
    Timestamp,
    Value,
    equal,
    lookup,
    name_of,
    shown,
    timestamp,
)

_OVERFLOW = Failure("a number is too large")
_ORDERED = frozenset({bool, int, float, str, Timestamp, Duration})


def _mismatch(mark: str, left: Value, right: Value) -> Failure:
    return Failure(f"{name_of(left)} {mark} {name_of(right)} has no meaning")


def _int(number: int) -> Value:
    return number if INT_MIN <= number <= INT_MAX else _OVERFLOW


def _duration(nanoseconds: int) -> Value:
    return Duration(nanoseconds) if INT_MIN <= nanoseconds <= INT_MAX else Failure("a duration is too long")


def _cut(span: Duration) -> int:
    """The nanoseconds of a duration; Google's runtime cuts those of over 292 years to an int64 in most sums."""
    return min(max(span.nanoseconds, INT_MIN), INT_MAX)


def _add(left: Value, right: Value) -> Value:
    kind, other = type(left), type(right)
    if kind is other:
        if kind is int:
            return _int(left + right)
        if kind in (float, str, list):
            return left + right
        if kind is Duration:
            return _duration(_cut(left) + _cut(right))
    if (kind is Timestamp and other is Duration) or (kind is Duration and other is Timestamp):
        return timestamp(left.nanoseconds + right.nanoseconds)
    return _mismatch("+", left, right)


def _subtract(left: Value, right: Value) -> Value:
    kind, other = type(left), type(right)
    if kind is other:
        if kind is int:
            return _int(left - right)
        if kind is float:
            return left - right
        if kind is Duration:
            return _duration(_cut(left) - _cut(right))
        if kind is Timestamp:
            return _duration(left.nanoseconds - right.nanoseconds)
    if kind is Timestamp and other is Duration:
        return timestamp(left.nanoseconds - _cut(right))
    return _mismatch("-", left, right)


def _multiply(left: Value, right: Value) -> Value:
    if type(left) is type(right) is int:
        return _int(left * right)
    if type(left) is type(right) is float:
        return left * right
    return _mismatch("*", left, right)


def _divide(left: Value, right: Value) -> Value:
    if type(left) is type(right) is int:
        if right == 0:
            return Failure("a division by zero")
        quotient = abs(left) // abs(right)
        return _int(quotient if (left < 0) == (right < 0) else -quotient)
    if type(left) is type(right) is float:
        if right == 0:
            return left * float("inf") * (1 if str(right)[0] != "-" else -1)
        return left / right
    return _mismatch("/", left, right)


def _remainder(left: Value, right: Value) -> Value:
    if type(left) is type(right) is int:
        if right == 0:
            return Failure("a division by zero")
        if left == INT_MIN and right == -1:
            return _OVERFLOW
        rest = abs(left) % abs(right)
        return rest if left >= 0 else -rest
    return _mismatch("%", left, right)


def _compare(mark: str, holds: Callable[[Value, Value], bool]) -> Callable[[Value, Value], Value]:
    def run(left: Value, right: Value) -> Value:
        kind, other = type(left), type(right)
        if kind is other and kind in _ORDERED:
            if kind is Timestamp or kind is Duration:
                return holds(left.nanoseconds, right.nanoseconds)
            return holds(left, right)
        if kind in (int, float) and other in (int, float):
            return holds(float(left), float(right))
        return _mismatch(mark, left, right)

    return run


def _contains(left: Value, right: Value) -> Value:
    if type(right) is list:
        return any(equal(left, item) for item in right)
    if type(right) is dict and type(left) in (str, int, bool, float):
        return type(lookup(right, left)) is not Failure
    return _mismatch("in", left, right)


def _unequal(left: Value, right: Value) -> bool:
    return not equal(left, right)


OPERATORS: dict[str, Callable[[Value, Value], Value]] = {
    "+": _add,
    "-": _subtract,
    "*": _multiply,
    "/": _divide,
    "%": _remainder,
    "<": _compare("<", operator.lt),
    "<=": _compare("<=", operator.le),
    ">": _compare(">", operator.gt),
    ">=": _compare(">=", operator.ge),
    "==": equal,
    "!=": _unequal,
    "in": _contains,
}
"""The binary operators over two known values."""


def negate(value: Value) -> Value:
    """`-value`."""
    if type(value) is int:
        return _int(-value)
    return -value if type(value) is float else Failure(f"-({name_of(value)}) has no meaning")


def index(container: Value, key: Value) -> Value:
    """`container[key]`."""
    if type(container) is dict:
        return lookup(container, key)
    if type(container) is not list:
        return Failure(f"{name_of(container)} has no elements")
    if type(key) is float and key.is_integer():
        key = int(key)
    if type(key) is not int or not 0 <= key < len(container):
        return Failure(f"the list has no element {shown(key)}")
    return container[key]
