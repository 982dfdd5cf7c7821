"""The shape of the provider's resource types: what is a block, of which type attributes are, what the API sets itself.

`provider_schema.json` has, for every type with a table, its attributes: `s`, `n`, `b` for text, number and bool,
`l` or `m` before it for lists and maps, `*` for what cannot be told, a list with an object for blocks. `?` says that
the API sets what the configuration does not, `!` that only the API sets it, `=` what the provider sets.

Source: registry.terraform.io/providers/hashicorp/google/latest/docs, version 6.50
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

import msgspec

from auditor.sources.terraform.hcl.values import (
    Problem,
    Reference,
    SetValue,
    Unknown,
    Value,
    to_bool,
    to_number,
    to_string,
)

_PRIMITIVES: dict[str, Callable[[Value], Value]] = {"s": to_string, "n": to_number, "b": to_bool}


@dataclass(slots=True)
class Shape:
    """A block, resource type or attribute."""

    kind: str = "*"
    parts: dict[str, Shape] = field(default_factory=dict)
    is_computed: bool = False
    """Whether the API sets it where the configuration does not."""
    default: Value = None

    def below(self, name: str) -> Shape:
        """The shape of an attribute or of the blocks of a type."""
        return self.parts.get(name, _ANY)

    @property
    def is_block(self) -> bool:
        """Whether it stands for nested blocks."""
        return bool(self.parts)


_ANY = Shape()


@functools.cache
def _document() -> dict[str, Any]:
    data = resources.files(__package__).joinpath("provider_schema.json").read_bytes()
    found: dict[str, Any] = msgspec.json.decode(data)
    return found


@functools.cache
def shape_of(kind: str) -> Shape | None:
    """The shape of a resource type; None where it is not known."""
    written = _document().get(kind)
    return _block(written) if written is not None else None


def _block(written: dict[str, Any]) -> Shape:
    return Shape("block", {name: _part(part) for name, part in written.items()})


def _part(written: Any) -> Shape:
    if isinstance(written, list):
        shape = _block(written[0])
        shape.is_computed = "?" in written
        return shape
    kind, equals, default = written.partition("=")
    shape = Shape(kind.lstrip("?!") or "*", is_computed=kind[:1] in ("?", "!"))
    if equals:
        shape.default = fit(default, shape)
    return shape


def fit(value: Value, shape: Shape) -> Value:
    """The value as the provider takes it: of the attribute's type, blocks always in a list."""
    if value is None or isinstance(value, Unknown | Reference):
        return value
    if shape.is_block:
        blocks = [value] if isinstance(value, dict) else value
        return [_fit_block(block, shape) for block in blocks] if isinstance(blocks, list) else value
    kind = shape.kind
    if kind in _PRIMITIVES:
        return _primitive(value, kind)
    if kind.startswith("l") and isinstance(value, list):
        return [_primitive(element, kind[1:]) for element in value]
    if kind.startswith("m") and isinstance(value, dict):
        return {key: _primitive(element, kind[1:]) for key, element in value.items()}
    return list(value) if isinstance(value, SetValue) else value


def _fit_block(value: Value, shape: Shape) -> Value:
    if not isinstance(value, dict):
        return value
    return {name: fit(element, shape.below(name)) for name, element in value.items()}


def _primitive(value: Value, kind: str) -> Value:
    if value is None or isinstance(value, Unknown | Reference | list | dict):
        return value
    try:
        return _PRIMITIVES[kind](value)
    except (KeyError, Problem):  # what Terraform would refuse, the conversion tells
        return value
