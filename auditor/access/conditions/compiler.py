"""From a tree to closures, made once and then asked per request. What is constant is computed here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from auditor.access.conditions import attributes, functions, logic
from auditor.access.conditions.attributes import Attribute
from auditor.access.conditions.logic import Term
from auditor.access.conditions.operators import OPERATORS, index, negate
from auditor.access.conditions.request import Request
from auditor.access.conditions.syntax import (
    Binary,
    Call,
    Choice,
    Entries,
    Index,
    Items,
    Literal,
    Logic,
    Name,
    Node,
    Select,
    Unary,
    path,
)
from auditor.access.conditions.values import ANY, PARTIAL, Failure, Open, Value, name_of


class Compiled(NamedTuple):
    """A part of an expression, ready to be evaluated, and whether it gives the same in every request."""

    term: Term
    is_constant: bool


def compiled(node: Node) -> Compiled:
    """The closures of a tree."""
    match node:
        case Literal(value):
            return _constant(value)
        case Name() | Select():
            return _variable(node)
        case Unary("!", operand):
            inner = compiled(operand)
            return _folded(logic.negation(inner.term), inner.is_constant)
        case Unary(_, operand):
            return _strict(negate, [operand])
        case Binary(mark, left, right):
            return _operator(mark, left, right)
        case Logic(mark, terms):
            parts = [compiled(term) for term in terms]
            join = logic.conjunction if mark == "&&" else logic.disjunction
            return _folded(join(tuple(part.term for part in parts)), all(part.is_constant for part in parts))
        case Choice(test, yes, no):
            parts = [compiled(part) for part in (test, yes, no)]
            return _folded(logic.choice(*(part.term for part in parts)), all(part.is_constant for part in parts))
        case Index(operand, key):
            return _strict(index, [operand, key])
        case Items(items):
            return _strict(lambda *found: list(found), items)
        case Entries(entries):
            return _strict(_entries, [part for entry in entries for part in entry])
        case Call():
            return _call(node)


def _constant(value: Value) -> Compiled:
    return Compiled(lambda _: value, is_constant=True)


def _folded(term: Term, is_constant: bool) -> Compiled:
    """Computed at once where it is constant."""
    return _constant(term(_NOTHING_KNOWN)) if is_constant else Compiled(term, is_constant=False)


_NOTHING_KNOWN = Request(now=datetime.min.replace(tzinfo=UTC))
"""What constants are computed with: they do not look at it."""


def _variable(node: Name | Select) -> Compiled:
    dotted = path(node)
    if dotted is not None and dotted in attributes.VARIABLES:
        return Compiled(_attribute(dotted, attributes.VARIABLES[dotted]), is_constant=False)
    if isinstance(node, Select) and (dotted is None or _has_attribute(node.operand)):
        field = node.field
        return _strict(lambda operand: _selected(operand, field), [node.operand])
    return _constant(Open(ANY, (f"{(dotted or '')[:80]} is no attribute of Google's reference",)))


def _has_attribute(node: Node) -> bool:
    dotted = path(node) or ""
    return any(dotted == name or dotted.startswith(f"{name}.") for name in attributes.VARIABLES)


def _attribute(name: str, attribute: Attribute) -> Term:
    def run(request: Request) -> Value:
        return attribute.value(name, request)

    return run


def _selected(operand: Value, field: str) -> Value:
    return index(operand, field) if type(operand) is dict else Failure(f"{name_of(operand)} has no field {field[:80]}")


def _entries(*parts: Value) -> Value:
    found: dict[tuple[type, Value], Value] = {}
    for key, value in zip(parts[::2], parts[1::2], strict=True):
        if type(key) not in (str, int, bool):
            return Failure(f"{name_of(key)} is no key of a map")
        if (type(key), key) in found:
            return Failure("a map has a key twice")
        found[type(key), key] = value
    return found


def _operator(mark: str, left: Node, right: Node) -> Compiled:
    one, other = compiled(left), compiled(right)
    first, second, apply = one.term, other.term, OPERATORS[mark]

    def run(request: Request) -> Value:
        left_value, right_value = first(request), second(request)
        if type(left_value) in PARTIAL or type(right_value) in PARTIAL:
            return logic.undecided_operator(mark, left_value, right_value)
        return apply(left_value, right_value)

    return _folded(run, one.is_constant and other.is_constant)


def _strict(function: Callable[..., Value], nodes: Sequence[Node]) -> Compiled:
    """A function of the values of some parts; failed where one is, open where one is."""
    parts = [compiled(node) for node in nodes]
    terms = tuple(part.term for part in parts)

    def run(request: Request) -> Value:
        values = [term(request) for term in terms]
        for value in values:
            if type(value) in PARTIAL:
                return logic.undecided(*values)
        return function(*values)

    return _folded(run, all(part.is_constant for part in parts))


def _call(node: Call) -> Compiled:
    nodes = node.arguments if node.receiver is None else (node.receiver, *node.arguments)
    dotted = path(node.receiver) if node.receiver is not None else None
    dotted = f"{dotted}.{node.name}" if dotted else node.name
    if dotted in attributes.FUNCTIONS:
        return _request_function(dotted, node.arguments)
    table = functions.FUNCTIONS if node.receiver is None else functions.METHODS
    signature = table.get(node.name)
    if signature is None:
        return _constant(Open(ANY, (f"{dotted[:80]}() is no function of Google's reference",)))
    if len(nodes) not in signature.counts:
        return _constant(Failure(f"{node.name}() does not take {len(node.arguments)} arguments"))
    if node.receiver is None:
        return _strict(signature.run, nodes)
    return _method(node.name, signature.run, nodes)


def _method(name: str, function: Callable[..., Value], nodes: Sequence[Node]) -> Compiled:
    parts = [compiled(node) for node in nodes]
    receiver, terms = parts[0].term, tuple(part.term for part in parts[1:])

    def run(request: Request) -> Value:
        value = receiver(request)
        arguments = tuple([term(request) for term in terms])
        if type(value) in PARTIAL or any(type(argument) in PARTIAL for argument in arguments):
            result = logic.undecided(value, *arguments)
            if isinstance(value, Open) and isinstance(result, Open):
                return functions.of_partial(name, value, arguments, result)
            return result
        return function(value, *arguments)

    return _folded(run, all(part.is_constant for part in parts))


def _request_function(name: str, nodes: Sequence[Node]) -> Compiled:
    attribute = attributes.FUNCTIONS[name]
    terms = tuple(compiled(node).term for node in nodes)

    def run(request: Request) -> Value:
        values = [term(request) for term in terms]
        for value in values:
            if type(value) in PARTIAL:
                return logic.undecided(*values)
        return attribute.value(name, request, *values)

    return Compiled(run, is_constant=False)
