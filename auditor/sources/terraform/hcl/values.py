"""The values of the language, the unknown among them, and how they convert into each other.

A string is a `str`, a number an `int` or a `float`, a list or tuple a `list`, a map or object a `dict`, null `None`.
Source: developer.hashicorp.com/terraform/language/expressions/types
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

Value = Any
"""A value of the language: what a node evaluates to."""

MAX_TEXT = 1 << 24
"""Characters of the longest text that evaluation may make; hostile input could ask for any length."""
MAX_ELEMENTS = 1 << 20
"""Elements of the longest list that evaluation may make, and rounds of loops inside of each other."""


class Problem(Exception):  # noqa: N818 - the message is the sentence that the user reads
    """An expression has no value: Terraform would refuse it. The message says why."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value that the files do not tell."""

    cause: str
    about: tuple[str, str] | None = None
    """(key of a resource instance, attribute path), where the value is one attribute of one instance."""
    prefix: str = ""
    """Text before the attribute's value."""


class Reference:
    """A resource, data source or module instance as a value; its attributes are looked up one by one."""

    __slots__ = ()

    def attribute(self, name: str) -> Value:
        """The attribute's value, perhaps `Unknown`. Raises `Problem` where there is none of this name."""
        raise NotImplementedError

    def unknown(self) -> Unknown:
        """What the whole is where one value is asked for."""
        raise NotImplementedError


class SetValue(list[Any]):
    """A set: a list without duplicates, in the order in which Terraform walks it."""

    def __init__(self, elements: Iterable[Value] = ()) -> None:
        unique: dict[Any, Value] = {}
        for element in elements:
            unique.setdefault(identity(element), element)
        super().__init__(sorted(unique.values(), key=_set_order))


def _set_order(value: Value) -> tuple[int, Any]:
    if isinstance(value, bool):
        return (1, value)
    if isinstance(value, int | float):
        return (2, value)
    if isinstance(value, str):
        return (3, value.encode("utf-8", "surrogatepass"))
    return (4, 0)


def identity(value: Value) -> Any:
    """A hashable stand-in that is equal for equal values only."""
    if isinstance(value, bool):
        return (bool, value)
    if isinstance(value, list):
        return (isinstance(value, SetValue), tuple(identity(element) for element in value))
    if isinstance(value, dict):
        return frozenset((key, identity(element)) for key, element in value.items())
    if isinstance(value, Reference):
        return id(value)
    return value


def first_unknown(value: Value) -> Unknown | None:
    """What is unknown in a value or anywhere below it; None where all of it is known."""
    if isinstance(value, Unknown):
        return value
    if isinstance(value, Reference):
        return value.unknown()
    if isinstance(value, dict):
        return _first(value.values())
    return _first(value) if isinstance(value, list) else None


def _first(values: Iterable[Value]) -> Unknown | None:
    return next((found for value in values if (found := first_unknown(value)) is not None), None)


def derived(unknown: Unknown) -> Unknown:
    """What is made of something unknown: no longer just an attribute of another resource."""
    return Unknown(unknown.cause) if unknown.about or unknown.prefix else unknown


def kind(value: Value) -> str:
    """What a value is, for people."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a bool"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "a string"
    if isinstance(value, SetValue):
        return "a set"
    return "a list" if isinstance(value, list) else "an object"


def to_string(value: Value) -> str:
    """A primitive as text. Raises `Problem`."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return number_text(value)
    raise Problem(f"a string is needed, not {kind(value)}")


def number_text(value: float) -> str:
    """A number as Terraform writes it: without an exponent."""
    if value == int(value):
        return str(int(value))
    return format(Decimal(repr(value)), "f")


def to_number(value: Value) -> int | float:
    """A number, or text that is one. Raises `Problem`."""
    if isinstance(value, bool):
        raise Problem("a number is needed, not a bool")
    if isinstance(value, int | float):
        return value
    if isinstance(value, str):
        return parse_number(value)
    raise Problem(f"a number is needed, not {kind(value)}")


def parse_number(text: str) -> int | float:
    """The number that a text is. Raises `Problem`."""
    if not text or len(text) > 400 or text.strip() != text or "_" in text or not text.isascii():
        raise Problem("a number is needed, and the text is none")
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return normal(Decimal(text))
    except ArithmeticError:
        raise Problem("a number is needed, and the text is none") from None


def normal(number: Decimal) -> int | float:
    """A number in the form that values have: whole ones as `int`. Raises `Problem` for what no number can be."""
    if not number.is_finite() or number.adjusted() > 400:
        raise Problem("the number is too large")
    if number == number.to_integral_value():
        return int(number)
    return float(number)


def to_integer(value: Value) -> int:
    """A whole number. Raises `Problem`."""
    number = to_number(value)
    if isinstance(number, float):
        if not math.isfinite(number) or number != int(number):
            raise Problem("a whole number is needed")
        return int(number)
    return number


def to_bool(value: Value) -> bool:
    """A bool, or text that is one. Raises `Problem`."""
    if isinstance(value, bool):
        return value
    if value in ("true", "1") and isinstance(value, str):
        return True
    if value in ("false", "0") and isinstance(value, str):
        return False
    raise Problem(f"a bool is needed, not {kind(value)}")


def is_primitive(value: Value) -> bool:
    """Whether a value is a string, number or bool."""
    return isinstance(value, str | bool | int | float)


def one_type(values: list[Value]) -> list[Value]:
    """The elements of a list, which all have one type: primitives of several types become strings."""
    kinds = {kind(value) for value in values if is_primitive(value)}
    if len(kinds) > 1:
        return [to_string(value) if is_primitive(value) else value for value in values]
    return values


def walk(value: Value) -> Iterator[Value]:
    """A value and everything below it."""
    yield value
    if isinstance(value, dict):
        for element in value.values():
            yield from walk(element)
    elif isinstance(value, list):
        for element in value:
            yield from walk(element)


def bounded(value: Value, budget: int = MAX_ELEMENTS) -> Value:
    """The value, unless it has more parts than anything sound. Raises `Problem`."""
    waiting, seen = [value], 0
    while waiting:
        seen += 1
        if seen > budget:
            raise Problem("the value is too large")
        one = waiting.pop()
        if isinstance(one, dict):
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
    return value
