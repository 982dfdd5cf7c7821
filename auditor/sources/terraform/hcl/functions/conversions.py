"""Functions that change a value's type.

Source: developer.hashicorp.com/terraform/language/functions, section Type Conversion Functions
"""

from __future__ import annotations

from auditor.sources.terraform.hcl.functions.registry import function
from auditor.sources.terraform.hcl.values import (
    Problem,
    SetValue,
    Unknown,
    Value,
    derived,
    first_unknown,
    kind,
    one_type,
    to_bool,
    to_number,
    to_string,
)


@function("tostring", nulls=True)
def string(value: Value) -> Value:
    """As text."""
    return None if value is None else to_string(value)


@function("tonumber", nulls=True)
def number(value: Value) -> Value:
    """As a number."""
    return None if value is None else to_number(value)


@function("tobool", nulls=True)
def boolean(value: Value) -> Value:
    """As a bool."""
    return None if value is None else to_bool(value)


@function("tolist", partial=True, nulls=True)
def list_of(value: Value) -> Value:
    """As a list."""
    if value is None:
        return None
    if not isinstance(value, list):
        raise Problem(f"{kind(value)} is no list")
    if isinstance(value, SetValue) and (unknown := first_unknown(value)) is not None:
        return derived(unknown)
    return one_type(list(value))


@function("toset", partial=True, nulls=True)
def set_of(value: Value) -> Value:
    """As a set; unknown where elements are, which may turn out to be the same."""
    if value is None:
        return None
    if not isinstance(value, list):
        raise Problem(f"{kind(value)} is no list")
    if any(isinstance(element, Unknown) for element in value):
        unknown = first_unknown(value)
        return derived(unknown) if unknown is not None else value
    return SetValue(one_type(list(value)))


@function("tomap", partial=True, nulls=True)
def map_of(value: Value) -> Value:
    """As a map."""
    if value is None:
        return None
    if not isinstance(value, dict):
        raise Problem(f"{kind(value)} is no map")
    return dict(zip(value, one_type(list(value.values())), strict=True))


@function("sensitive", "nonsensitive", partial=True, nulls=True)
def same(value: Value) -> Value:
    """The value; what is sensitive is not told apart here."""
    return value
