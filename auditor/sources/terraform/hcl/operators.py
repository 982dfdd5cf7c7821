"""Operators over known and unknown values.

Source: developer.hashicorp.com/terraform/language/expressions/operators
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Context, Decimal, DecimalException
from typing import Any

from auditor.sources.terraform.hcl.values import (
    Problem,
    Reference,
    SetValue,
    Unknown,
    Value,
    derived,
    first_unknown,
    is_primitive,
    kind,
    normal,
    to_bool,
    to_number,
    to_string,
)

_CONTEXT = Context(prec=154)
"""The language's numbers have 512 bits."""
_MAX_BITS = 1500


def truth(value: Value) -> bool:
    """A known condition. Raises `Problem`."""
    if value is None:
        raise Problem("a condition must not be null")
    return to_bool(value)


def unary(operator: str, operand: Value) -> Value:
    """`-operand` or `!operand`."""
    if (unknown := first_unknown(operand)) is not None:
        return derived(unknown)
    return not truth(operand) if operator == "!" else -to_number(operand)


def logical(operator: str, left: Value, right: Callable[[], Value]) -> Value:
    """`&&` or `||`: one side may decide, whatever the other is."""
    decides = operator == "||"
    unknown = first_unknown(left)
    if unknown is None and truth(left) is decides:
        return decides
    other = right()
    further = first_unknown(other)
    if further is None and truth(other) is decides:
        return decides
    found = unknown or further
    return derived(found) if found is not None else not decides


def choose(condition: Value, yes: Callable[[], Value], no: Callable[[], Value]) -> Value:
    """A conditional. The sides are converted to one type; where the condition is unknown, they may still agree."""
    unknown = first_unknown(condition)
    if unknown is None:
        chosen, other = (yes, no) if truth(condition) else (no, yes)
        value = chosen()
        if is_primitive(value) and not isinstance(value, str) and _text_beside(other, value):
            return to_string(value)
        if isinstance(value, list) and not isinstance(value, SetValue) and _set_beside(other):
            return SetValue(value)
        return value
    try:
        one, two = yes(), no()
    except Problem:
        return derived(unknown)
    same = first_unknown(one) is None and first_unknown(two) is None and equal(one, two) is True
    return one if same else derived(unknown)


def _text_beside(other: Callable[[], Value], value: Value) -> bool:
    """Whether the other side of a conditional makes a string of a number or bool."""
    try:
        beside = other()
    except Problem:
        return False
    return is_primitive(beside) and kind(beside) != kind(value)


def _set_beside(other: Callable[[], Value]) -> bool:
    """Whether the other side of a conditional makes a set of a list."""
    try:
        return isinstance(other(), SetValue)
    except Problem:
        return False


def binary(operator: str, left: Value, right: Value) -> Value:
    """Comparison or arithmetic."""
    if operator in ("==", "!="):
        same = equal(left, right)
        return same if isinstance(same, Unknown) else same is (operator == "==")
    unknown = first_unknown(left) or first_unknown(right)
    if unknown is not None:
        return derived(unknown)
    if left is None or right is None:
        raise Problem(f"null on one side of {operator}")
    one, two = to_number(left), to_number(right)
    if operator in _COMPARISONS:
        return _COMPARISONS[operator](one, two)
    return arithmetic(operator, one, two)


_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "<": lambda one, two: one < two,
    "<=": lambda one, two: one <= two,
    ">": lambda one, two: one > two,
    ">=": lambda one, two: one >= two,
}


def arithmetic(operator: str, one: int | float, two: int | float) -> int | float:
    """`+ - * / %`. Raises `Problem`."""
    if operator in "/%" and two == 0:
        raise Problem("division by zero")
    if isinstance(one, int) and isinstance(two, int) and operator in "+-*":
        if one.bit_length() + two.bit_length() > _MAX_BITS:
            raise Problem("the number is too large")
        return one + two if operator == "+" else one - two if operator == "-" else one * two
    try:
        return normal(_decimal(operator, decimal(one), decimal(two)))
    except DecimalException:
        raise Problem("the numbers are too far apart to be calculated with") from None


def _decimal(operator: str, one: Decimal, two: Decimal) -> Decimal:
    if operator == "+":
        return _CONTEXT.add(one, two)
    if operator == "-":
        return _CONTEXT.subtract(one, two)
    if operator == "*":
        return _CONTEXT.multiply(one, two)
    return _CONTEXT.divide(one, two) if operator == "/" else _CONTEXT.remainder(one, two)


def decimal(number: int | float) -> Decimal:
    """A number as it is written in decimals."""
    return Decimal(number) if isinstance(number, int) else Decimal(repr(number))


def equal(left: Value, right: Value) -> bool | Unknown:
    """Whether two values are equal; different types never are."""
    if left is None or right is None:
        other = right if left is None else left
        if isinstance(other, Unknown):
            return derived(other)
        return other is None
    if isinstance(left, Unknown | Reference) or isinstance(right, Unknown | Reference):
        found = first_unknown(left) or first_unknown(right)
        return derived(found) if found is not None else left is right
    if isinstance(left, list) and isinstance(right, list):
        if len(left) != len(right):
            return False
        return _all(equal(one, two) for one, two in zip(left, right, strict=True))
    if isinstance(left, dict) and isinstance(right, dict):
        if left.keys() != right.keys():
            return False
        return _all(equal(left[key], right[key]) for key in left)
    return kind(left) == kind(right) and bool(left == right)


def _all(results: Any) -> bool | Unknown:
    unknown: Unknown | None = None
    for result in results:
        if isinstance(result, Unknown):
            unknown = unknown or result
        elif not result:
            return False
    return True if unknown is None else unknown
