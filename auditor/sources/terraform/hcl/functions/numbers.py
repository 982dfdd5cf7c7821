"""Functions over numbers.

Source: developer.hashicorp.com/terraform/language/functions, section Numeric Functions
"""

from __future__ import annotations

import math
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal

from auditor.sources.terraform.hcl.functions.registry import function
from auditor.sources.terraform.hcl.operators import decimal
from auditor.sources.terraform.hcl.values import Problem, Value, normal, to_integer, to_number

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


@function("abs")
def absolute(number: Value) -> Value:
    """The number without its sign."""
    return abs(to_number(number))


@function("ceil")
def ceiling(number: Value) -> Value:
    """The next whole number that is not less."""
    return int(decimal(to_number(number)).to_integral_value(ROUND_CEILING))


@function("floor")
def floor(number: Value) -> Value:
    """The next whole number that is not greater."""
    return int(decimal(to_number(number)).to_integral_value(ROUND_FLOOR))


@function("log")
def logarithm(number: Value, base: Value) -> Value:
    """The logarithm of a number to a base."""
    result = math.log(to_number(number)) / math.log(to_number(base))
    return normal(Decimal(repr(result)))


@function("max")
def largest(*numbers: Value) -> Value:
    """The greatest of the numbers."""
    return max(to_number(number) for number in numbers)


@function("min")
def smallest(*numbers: Value) -> Value:
    """The least of the numbers."""
    return min(to_number(number) for number in numbers)


@function("parseint")
def parse_integer(text: Value, base: Value) -> Value:
    """The whole number that a text is in a base from 2 to 62."""
    radix = to_integer(base)
    if not isinstance(text, str) or not 2 <= radix <= 62:
        raise Problem("a string and a base from 2 to 62 are needed")
    digits = text.removeprefix("-").removeprefix("+")
    digits = digits.lower() if radix <= 36 else digits
    if not digits or len(digits) > 200 or any(digit not in _DIGITS[:radix] for digit in digits):
        raise Problem(f"the text is no number in base {radix}")
    number = 0
    for digit in digits:
        number = number * radix + _DIGITS.index(digit)
    return -number if text.startswith("-") else number


@function("pow")
def power(number: Value, exponent: Value) -> Value:
    """The number to the power of the exponent."""
    base, times = decimal(to_number(number)), decimal(to_number(exponent))
    try:
        return normal(Context(prec=60, Emax=999, Emin=-999).power(base, times))
    except ArithmeticError:
        raise Problem("the number is too large") from None


@function("signum")
def sign(number: Value) -> Value:
    """-1, 0 or 1."""
    value = to_number(number)
    return (value > 0) - (value < 0)
