"""`format` and `formatlist`.

Source: developer.hashicorp.com/terraform/language/functions/format
"""

from __future__ import annotations

import re
from decimal import Decimal

from auditor.sources.terraform.hcl.functions.encodings import json_text
from auditor.sources.terraform.hcl.functions.registry import function
from auditor.sources.terraform.hcl.values import (
    MAX_ELEMENTS,
    Problem,
    Value,
    is_primitive,
    to_bool,
    to_integer,
    to_number,
    to_string,
)

_VERB = re.compile(
    r"%(?P<flags>[-+ 0#]*)(?P<width>\d{1,4})?(?:\.(?P<precision>\d{0,3}))?(?:\[(?P<at>\d{1,4})\])?(?P<verb>.)",
    re.DOTALL,
)
_BASES = {"b": "b", "o": "o", "x": "x", "X": "X", "d": "d"}


@function("format", nulls=True)
def format_text(template: Value, *arguments: Value) -> Value:
    """A text with values in it, each in the form that its verb tells."""
    position = 0
    used = 0

    def verb(found: re.Match[str]) -> str:
        nonlocal position, used
        if found["verb"] == "%":
            return "%"
        if found["at"]:
            position = int(found["at"]) - 1
        if not 0 <= position < len(arguments):
            raise Problem("there are fewer arguments than verbs")
        value = arguments[position]
        position += 1
        used = max(used, position)
        return _padded(found, _formatted(found, value), value)

    whole = to_string(template)
    if "%" in _VERB.sub("", whole):
        raise Problem("a % without a verb")
    text = _VERB.sub(verb, whole)
    if used < len(arguments):
        raise Problem("there are more arguments than verbs")
    return text


def _formatted(found: re.Match[str], value: Value) -> str:
    name = found["verb"]
    precision = int(found["precision"] or 0) if found["precision"] is not None else None
    if name == "v":
        if isinstance(value, int | float) and not isinstance(value, bool):
            return _shortest(float(value))
        return to_string(value) if is_primitive(value) else json_text(value)
    if name == "s":
        return to_string(value)[:precision]
    if name == "q":
        return json_text(to_string(value)[:precision])
    if name == "t":
        return "true" if to_bool(value) else "false"
    if name in _BASES:
        number = to_integer(value)
        return _signed(found, format(abs(number), _BASES[name]), number < 0)
    if name in "eEfFgG":
        return _signed(found, _fraction(abs(float(to_number(value))), name, precision), to_number(value) < 0)
    raise Problem(f"%{name} is no verb")


def _fraction(value: float, verb: str, precision: int | None) -> str:
    if verb in "fF":
        return format(value, f".{6 if precision is None else precision}f")
    if verb in "eE":
        return format(value, f".{6 if precision is None else precision}{verb}")
    if precision is not None:
        return format(value, f".{precision}{verb}")
    return _shortest(value).replace("e", "E" if verb == "G" else "e")


def _shortest(value: float) -> str:
    """The fewest digits that tell the number apart, with an exponent where that is below -4 or above 5."""
    sign, digits, _ = (number := Decimal(repr(value)).normalize()).as_tuple()
    if -5 < number.adjusted() < 6:
        return format(number, "f")
    text = "".join(map(str, digits))
    mantissa = text[0] + ("." + text[1:] if len(text) > 1 else "")
    return f"{'-' if sign else ''}{mantissa}e{number.adjusted():+03d}"


def _signed(found: re.Match[str], digits: str, negative: bool) -> str:
    flags = found["flags"]
    return ("-" if negative else "+" if "+" in flags else " " if " " in flags else "") + digits


def _padded(found: re.Match[str], text: str, value: Value) -> str:
    width = int(found["width"] or 0) if found["verb"] != "t" else 0
    if "-" in found["flags"]:
        return text.ljust(width)
    if "0" in found["flags"] and not isinstance(value, bool) and found["verb"] not in "svqt":
        sign = text[:1] if text[:1] in "+- " else ""
        return sign + text[len(sign) :].rjust(width - len(sign), "0")
    return text.rjust(width, "0" if "0" in found["flags"] else " ")


@function("formatlist", nulls=True)
def format_list(template: Value, *arguments: Value) -> Value:
    """A text for every element of lists of one length; single values are the same in each."""
    lengths = {len(argument) for argument in arguments if isinstance(argument, list)}
    if len(lengths) > 1:
        raise Problem("the lists are of several lengths")
    count = lengths.pop() if lengths else 1
    if count > MAX_ELEMENTS:
        raise Problem("the list is too long")
    return [
        format_text(template, *(argument[i] if isinstance(argument, list) else argument for argument in arguments))
        for i in range(count)
    ]
