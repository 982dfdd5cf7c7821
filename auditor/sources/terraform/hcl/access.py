"""Reading parts of values: attributes, elements, walks through collections, texts made of several values."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.sources.terraform.hcl.values import (
    MAX_ELEMENTS,
    MAX_TEXT,
    Problem,
    Reference,
    SetValue,
    Unknown,
    Value,
    derived,
    first_unknown,
    kind,
    to_integer,
    to_string,
)


def text_of(value: Value) -> Value:
    """A part of a text; unknown where the value is. Raises `Problem`."""
    if value is None:
        raise Problem("null cannot be put into a text")
    return first_unknown(value) or to_string(value)


def joined(values: list[Value]) -> Value:
    """Parts of a text in one; with one unknown part after plain text, still about what that part is about."""
    parts = [text_of(value) for value in values]
    unknown = next((part for part in parts if isinstance(part, Unknown)), None)
    if unknown is None:
        if sum(map(len, parts)) > MAX_TEXT:
            raise Problem("the text is too long")
        return "".join(parts)
    before = "".join(part for part in parts[:-1] if isinstance(part, str))
    if parts[-1] is unknown and not unknown.prefix and len(before) < 100:
        return Unknown(unknown.cause, unknown.about, before)
    return derived(unknown)


def attribute(value: Value, name: str) -> Value:
    """`value.name`. Raises `Problem`."""
    if isinstance(value, dict):
        if name in value:
            return value[name]
        raise Problem(f"there is no attribute {name!r}")
    if isinstance(value, Reference):
        return value.attribute(name)
    if isinstance(value, Unknown):
        return _below(value, name)
    if isinstance(value, list) and name.isdecimal():
        return element(value, int(name))
    raise Problem(f"{kind(value)} has no attribute {name!r}")


def element(value: Value, key: Value) -> Value:
    """`value[key]`. Raises `Problem`."""
    if (unknown := first_unknown(key)) is not None:
        return derived(unknown)
    if isinstance(value, Unknown):
        return _below(value, to_string(key))
    if isinstance(value, SetValue):
        raise Problem("a set has no elements by number")
    if isinstance(value, list):
        position = to_integer(key)
        if not 0 <= position < len(value):
            raise Problem(f"there is no element {position} in a list of {len(value)}")
        return value[position]
    if isinstance(value, dict) and to_string(key) not in value:
        raise Problem(f"there is no element {to_string(key)!r}")
    return attribute(value, to_string(key))


def _below(value: Unknown, name: str) -> Unknown:
    if value.about is None or value.prefix:
        return derived(value)
    return Unknown(value.cause, (value.about[0], f"{value.about[1]}.{name}"))


def pairs(collection: Value) -> Iterator[tuple[Value, Value]]:
    """(key, value) of every element of a collection. Raises `Problem`."""
    if isinstance(collection, SetValue):
        return ((one, one) for one in collection)
    if isinstance(collection, list):
        if len(collection) > MAX_ELEMENTS:
            raise Problem("the list is too long")
        return iter(enumerate(collection))
    if isinstance(collection, dict):
        return ((key, collection[key]) for key in sorted(collection, key=lambda k: k.encode("utf-8", "surrogatepass")))
    raise Problem(f"{kind(collection)} cannot be walked")
