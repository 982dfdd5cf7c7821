"""The nodes of expressions, each of which evaluates itself in a scope.

Sources: developer.hashicorp.com/terraform/language/expressions and
github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from auditor.sources.terraform.hcl import operators
from auditor.sources.terraform.hcl.access import attribute, element, joined, pairs, text_of
from auditor.sources.terraform.hcl.values import (
    MAX_ELEMENTS,
    Problem,
    Reference,
    Unknown,
    Value,
    derived,
    first_unknown,
    to_string,
)


class Scope(Protocol):
    """Where names have a value."""

    def root(self, name: str) -> Value:
        """The value that a traversal begins with: a namespace (`var`, `local`, a resource type) or an iterator."""
        ...

    def call(self, name: str, arguments: list[Node], scope: Scope, *, expand: bool) -> Value:
        """The result of a function with arguments of `scope`; `expand` where the last one is a list of them."""
        ...


class Node:
    """An expression."""

    __slots__ = ()

    def value(self, scope: Scope) -> Value:
        """What it evaluates to. Raises `Problem`."""
        raise NotImplementedError

    def children(self) -> Iterator[Node]:
        """The expressions directly inside."""
        return iter(())

    def plain(self) -> str | None:
        """The text, where it is plain text or a name; as keys and types are written."""
        return None


class Inner:
    """A scope with iteration variables of its own."""

    __slots__ = ("_names", "_outer", "rounds")

    def __init__(self, outer: Scope, names: Mapping[str, Value], rounds: int = 1) -> None:
        self._outer = outer
        self._names = names
        self.rounds = rounds
        """How often this is evaluated: the rounds of the loop, times those of the loops around it."""

    def root(self, name: str) -> Value:
        """The iteration variable, or what the name is outside."""
        return self._names[name] if name in self._names else self._outer.root(name)

    def call(self, name: str, arguments: list[Node], scope: Scope, *, expand: bool) -> Value:
        """The result of a function whose arguments are evaluated in `scope`."""
        return self._outer.call(name, arguments, scope, expand=expand)


@dataclass(slots=True)
class Literal(Node):
    """A constant."""

    constant: Value

    def value(self, scope: Scope) -> Value:  # noqa: ARG002 - the same everywhere
        """The constant."""
        return self.constant

    def plain(self) -> str | None:
        """The constant, where it is text."""
        return self.constant if isinstance(self.constant, str) else None


@dataclass(slots=True)
class Name(Node):
    """A variable: what a traversal begins with."""

    name: str

    def value(self, scope: Scope) -> Value:
        """What the name stands for in the scope."""
        return scope.root(self.name)

    def plain(self) -> str | None:
        """The name."""
        return self.name


@dataclass(slots=True)
class Attr(Node):
    """`object.name`."""

    object: Node
    name: str

    def value(self, scope: Scope) -> Value:
        """The attribute."""
        return attribute(self.object.value(scope), self.name)

    def children(self) -> Iterator[Node]:
        """The object."""
        yield self.object


@dataclass(slots=True)
class Index(Node):
    """`object[key]`."""

    object: Node
    key: Node

    def value(self, scope: Scope) -> Value:
        """The element."""
        return element(self.object.value(scope), self.key.value(scope))

    def children(self) -> Iterator[Node]:
        """The object and the key."""
        yield self.object
        yield self.key


@dataclass(slots=True)
class It(Node):
    """The element that a splat is at; its value is set by the splat."""

    def value(self, scope: Scope) -> Value:
        """The element."""
        return scope.root("*")


@dataclass(slots=True)
class Splat(Node):
    """`object[*].rest` and `object.*.rest`; `each` is the rest, from the element on."""

    object: Node
    each: Node

    def value(self, scope: Scope) -> Value:
        """The rest for every element; a value that is no list counts as a list of one, null as none."""
        listed = self.object.value(scope)
        if isinstance(listed, Unknown):
            return derived(listed)
        if listed is None:
            return []
        if not isinstance(listed, list):
            listed = [listed]
        return [self.each.value(Inner(scope, {"*": one})) for one in listed]

    def children(self) -> Iterator[Node]:
        """The object and the rest."""
        yield self.object
        yield self.each


@dataclass(slots=True)
class Call(Node):
    """`name(arguments...)`."""

    name: str
    arguments: list[Node]
    expand: bool

    def value(self, scope: Scope) -> Value:
        """The function's result."""
        return scope.call(self.name, self.arguments, scope, expand=self.expand)

    def children(self) -> Iterator[Node]:
        """The arguments."""
        return iter(self.arguments)


@dataclass(slots=True)
class Unary(Node):
    """`-operand` or `!operand`."""

    operator: str
    operand: Node

    def value(self, scope: Scope) -> Value:
        """The operator's result."""
        return operators.unary(self.operator, self.operand.value(scope))

    def children(self) -> Iterator[Node]:
        """The operand."""
        yield self.operand


@dataclass(slots=True)
class Binary(Node):
    """`left operator right`."""

    operator: str
    left: Node
    right: Node

    def value(self, scope: Scope) -> Value:
        """The operator's result."""
        left = self.left.value(scope)
        if self.operator in ("&&", "||"):
            return operators.logical(self.operator, left, lambda: self.right.value(scope))
        return operators.binary(self.operator, left, self.right.value(scope))

    def children(self) -> Iterator[Node]:
        """Both operands."""
        yield self.left
        yield self.right


@dataclass(slots=True)
class Conditional(Node):
    """`condition ? yes : no`."""

    condition: Node
    yes: Node
    no: Node

    def value(self, scope: Scope) -> Value:
        """The chosen side; of an unknown condition what both sides agree on."""
        condition = self.condition.value(scope)
        return operators.choose(condition, lambda: self.yes.value(scope), lambda: self.no.value(scope))

    def children(self) -> Iterator[Node]:
        """The condition and both sides."""
        yield self.condition
        yield self.yes
        yield self.no


@dataclass(slots=True)
class ListNode(Node):
    """`[a, b]`."""

    elements: list[Node]

    def value(self, scope: Scope) -> Value:
        """The list."""
        return [node.value(scope) for node in self.elements]

    def children(self) -> Iterator[Node]:
        """The elements."""
        return iter(self.elements)


@dataclass(slots=True)
class ObjectNode(Node):
    """`{ key = value }`."""

    items: list[tuple[Node, Node]]

    def value(self, scope: Scope) -> Value:
        """The object; unknown as a whole where a key is unknown."""
        made: dict[str, Value] = {}
        for key_node, node in self.items:
            key = key_node.value(scope)
            if (unknown := first_unknown(key)) is not None:
                return derived(unknown)
            made[to_string(key)] = node.value(scope)
        return made

    def children(self) -> Iterator[Node]:
        """Keys and values."""
        for key, value in self.items:
            yield key
            yield value


@dataclass(slots=True)
class For(Node):
    """`[for k, v in collection : result if condition]`, or an object where there is a `key`."""

    names: list[str]
    collection: Node
    key: Node | None
    result: Node
    condition: Node | None
    group: bool

    def value(self, scope: Scope) -> Value:
        """The list or object; unknown as a whole where what it is made of is unknown in number."""
        collection = self.collection.value(scope)
        if isinstance(collection, Unknown | Reference):
            return derived(first_unknown(collection) or Unknown("it is not known"))
        made: list[tuple[Value, Value]] = []
        rounds = (scope.rounds if isinstance(scope, Inner) else 1) * len(collection or ())
        if rounds > MAX_ELEMENTS:
            raise Problem("loops inside of each other with too many rounds")
        for at, one in pairs(collection):
            names = dict(zip(self.names, (at, one) if len(self.names) == 2 else (one,), strict=True))
            inner = Inner(scope, names, rounds)
            if self.condition is not None:
                condition = self.condition.value(inner)
                if (unknown := first_unknown(condition)) is not None:
                    return derived(unknown)
                if not operators.truth(condition):
                    continue
            key = self.key.value(inner) if self.key is not None else None
            if (unknown := first_unknown(key)) is not None:
                return derived(unknown)
            made.append((key, self.result.value(inner)))
        return self._collected(made)

    def _collected(self, made: list[tuple[Value, Value]]) -> Value:
        if self.key is None:
            return [result for _, result in made]
        collected: dict[str, Value] = {}
        for key, result in made:
            name = to_string(key)
            if self.group:
                collected.setdefault(name, []).append(result)
            elif name in collected:
                raise Problem(f"two elements of the for expression have the key {name!r}")
            else:
                collected[name] = result
        return dict(sorted(collected.items()))

    def children(self) -> Iterator[Node]:
        """All expressions of it."""
        return (n for n in (self.collection, self.key, self.result, self.condition) if n is not None)


@dataclass(slots=True)
class Template(Node):
    """Text with values in it."""

    parts: list[Node]

    def value(self, scope: Scope) -> Value:
        """The text; the value itself where there is nothing around it."""
        if len(self.parts) == 1:
            value = self.parts[0].value(scope)
            return value if isinstance(self.parts[0], Interpolation) else text_of(value)
        return joined([part.value(scope) for part in self.parts])

    def children(self) -> Iterator[Node]:
        """The parts."""
        return iter(self.parts)


@dataclass(slots=True)
class Interpolation(Node):
    """`${ … }` in a text."""

    node: Node

    def value(self, scope: Scope) -> Value:
        """The value inside."""
        return self.node.value(scope)

    def children(self) -> Iterator[Node]:
        """What is inside."""
        yield self.node


@dataclass(slots=True)
class TemplateIf(Node):
    """`%{ if condition } … %{ else } … %{ endif }`."""

    condition: Node
    yes: list[Node]
    no: list[Node]

    def value(self, scope: Scope) -> Value:
        """The chosen text."""
        return operators.choose(
            self.condition.value(scope),
            lambda: joined([part.value(scope) for part in self.yes]),
            lambda: joined([part.value(scope) for part in self.no]),
        )

    def children(self) -> Iterator[Node]:
        """The condition and all parts."""
        yield self.condition
        yield from self.yes
        yield from self.no


@dataclass(slots=True)
class TemplateFor(Node):
    """`%{ for x in collection } … %{ endfor }`."""

    names: list[str]
    collection: Node
    body: list[Node]

    def value(self, scope: Scope) -> Value:
        """The text of all rounds."""
        whole = Template(self.body) if len(self.body) != 1 else Template([*self.body, Literal("")])
        rounds = For(self.names, self.collection, None, whole, None, group=False).value(scope)
        return rounds if isinstance(rounds, Unknown) else joined(rounds)

    def children(self) -> Iterator[Node]:
        """The collection and all parts."""
        yield self.collection
        yield from self.body
