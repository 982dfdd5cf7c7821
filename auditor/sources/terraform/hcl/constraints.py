"""Type constraints of variables, and the conversion of values to them.

Source: developer.hashicorp.com/terraform/language/expressions/type-constraints
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from auditor.sources.terraform.hcl.expressions import Call, ListNode, Node, ObjectNode
from auditor.sources.terraform.hcl.values import (
    Problem,
    Reference,
    SetValue,
    Unknown,
    Value,
    first_unknown,
    kind,
    one_type,
    to_bool,
    to_number,
    to_string,
)

_PRIMITIVES: dict[str, Callable[[Value], Value]] = {"string": to_string, "number": to_number, "bool": to_bool}
_COLLECTIONS = ("list", "set", "map")


@dataclass(slots=True)
class Constraint:
    """A type. `parts` has the types of an object's attributes (by name) or a tuple's elements (by number)."""

    name: str
    element: Constraint | None = None
    parts: dict[str, Constraint] = field(default_factory=dict)
    optional: bool = False
    default: Node | None = None


def constraint(node: Node) -> Constraint:
    """The type that an expression names. Raises `Problem`."""
    name = node.plain()
    if name is not None:
        if name in _PRIMITIVES or name == "any":
            return Constraint(name)
        if name in _COLLECTIONS:  # as it was written before 0.12
            return Constraint(name, Constraint("any"))
        raise Problem(f"{name} is no type")
    if not isinstance(node, Call) or not node.arguments:
        raise Problem("a type is needed")
    argument = node.arguments[0]
    if node.name in _COLLECTIONS:
        return Constraint(node.name, constraint(argument))
    if node.name == "tuple" and isinstance(argument, ListNode):
        return Constraint("tuple", parts={str(i): constraint(part) for i, part in enumerate(argument.elements)})
    if node.name == "object" and isinstance(argument, ObjectNode):
        return Constraint("object", parts={key.plain() or "": _attribute(part) for key, part in argument.items})
    raise Problem(f"{node.name} is no type")


def _attribute(node: Node) -> Constraint:
    if isinstance(node, Call) and node.name == "optional" and node.arguments:
        made = constraint(node.arguments[0])
        made.optional = True
        made.default = node.arguments[1] if len(node.arguments) > 1 else None
        return made
    return constraint(node)


def convert(value: Value, wanted: Constraint, evaluate: Callable[[Node], Value]) -> Value:
    """The value as one of a type, with the defaults of optional attributes. Raises `Problem`."""
    if value is None or isinstance(value, Unknown) or wanted.name == "any":
        return value
    if isinstance(value, Reference):
        return value if wanted.name == "object" else first_unknown(value)
    if wanted.name in _PRIMITIVES:
        return _PRIMITIVES[wanted.name](value)
    if wanted.name == "object":
        return _object(value, wanted, evaluate)
    if wanted.name == "map":
        if not isinstance(value, dict):
            raise Problem(f"a map is needed, not {kind(value)}")
        below = wanted.element or Constraint("any")
        elements = [convert(element, below, evaluate) for element in value.values()]
        return dict(zip(value, one_type(elements) if below.name == "any" else elements, strict=True))
    if not isinstance(value, list):
        raise Problem(f"a {wanted.name} is needed, not {kind(value)}")
    if wanted.name == "tuple":
        if len(value) != len(wanted.parts):
            raise Problem(f"{len(wanted.parts)} elements are needed, not {len(value)}")
        return [convert(element, part, evaluate) for element, part in zip(value, wanted.parts.values(), strict=True)]
    return _listed(value, wanted, evaluate)


def _listed(value: list[Value], wanted: Constraint, evaluate: Callable[[Node], Value]) -> Value:
    below = wanted.element or Constraint("any")
    elements = [convert(element, below, evaluate) for element in value]
    if below.name == "any":
        elements = one_type(elements)
    if wanted.name == "list":
        return elements
    unknown = next((element for element in elements if isinstance(element, Unknown)), None)
    return unknown if unknown is not None else SetValue(elements)


def _object(value: Value, wanted: Constraint, evaluate: Callable[[Node], Value]) -> Value:
    if not isinstance(value, dict):
        raise Problem(f"an object is needed, not {kind(value)}")
    made: dict[str, Value] = {}
    for name, part in wanted.parts.items():
        given = value.get(name)
        if given is None and part.default is not None:
            given = evaluate(part.default)
        elif name not in value and not part.optional:
            raise Problem(f"the attribute {name!r} is missing")
        try:
            made[name] = convert(given, part, evaluate)
        except Problem as problem:
            raise Problem(f"{name}: {problem}") from None
    return made
