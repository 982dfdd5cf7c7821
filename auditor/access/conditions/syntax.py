"""The syntax of condition expressions: CEL's grammar as a tree.

Left out, since IAM conditions have no use for it: messages (`Type{field: 1}`), optional syntax, bytes and
unsigned numbers.

Source: github.com/google/cel-spec/blob/master/doc/langdef.md#syntax
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from auditor.access.conditions.lexer import Kind, Token, UnreadableError, tokens
from auditor.access.conditions.values import INT_MAX, Value

LONGEST = 1 << 16
"""Characters of the longest expression that is read; IAM takes far shorter ones."""

DEEPEST = 64
"""Levels of the deepest expression that is read; IAM takes at most 12 logical operators."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant. `kind` keeps `1`, `1.0` and `true` apart, which Python takes for equal."""

    value: Value
    kind: type


@dataclass(frozen=True, slots=True)
class Name:
    """A variable, or the first part of a dotted attribute."""

    name: str


@dataclass(frozen=True, slots=True)
class Select:
    """`operand.field`."""

    operand: Node
    field: str


@dataclass(frozen=True, slots=True)
class Index:
    """`operand[key]`."""

    operand: Node
    key: Node


@dataclass(frozen=True, slots=True)
class Call:
    """`name(arguments)`, or `receiver.name(arguments)`."""

    receiver: Node | None
    name: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Unary:
    """`!operand` or `-operand`."""

    mark: str
    operand: Node


@dataclass(frozen=True, slots=True)
class Binary:
    """`left mark right` of arithmetic and comparison."""

    mark: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Logic:
    """Terms joined by `&&` or `||`, and where in the expression each stands."""

    mark: str
    terms: tuple[Node, ...]
    places: tuple[tuple[int, int], ...] = field(compare=False)


@dataclass(frozen=True, slots=True)
class Choice:
    """`test ? yes : no`."""

    test: Node
    yes: Node
    no: Node


@dataclass(frozen=True, slots=True)
class Items:
    """`[item, …]`."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Entries:
    """`{key: value, …}`."""

    entries: tuple[tuple[Node, Node], ...]


Node = Literal | Name | Select | Index | Call | Unary | Binary | Logic | Choice | Items | Entries

_STRENGTH = {
    "||": 1,
    "&&": 2,
    **dict.fromkeys(("<", "<=", ">", ">=", "==", "!=", "in"), 3),
    **dict.fromkeys("+-", 4),
    **dict.fromkeys("*/%", 5),
}
_LOGIC = frozenset({"||", "&&"})
_RESERVED = frozenset(
    {"as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop", "package"}
    | {"namespace", "return", "var", "void", "while"}
)


def parse(expression: str) -> Node:
    """The tree of an expression. Raises `UnreadableError` where it is no CEL, too long or too deep."""
    if len(expression) > LONGEST:
        raise UnreadableError(f"it has {len(expression):,} characters, more than {LONGEST:,}")
    parser = _Parser(tokens(expression))
    tree = parser.expression()
    parser.expect_end()
    if _is_too_deep(tree):
        raise UnreadableError(f"it is nested more than {DEEPEST} levels deep")
    return tree


def children(node: Node) -> tuple[Node, ...]:
    """The parts of a node."""
    match node:
        case Literal() | Name():
            return ()
        case Select(operand) | Unary(_, operand):
            return (operand,)
        case Index(left, right) | Binary(_, left, right):
            return (left, right)
        case Call(receiver, _, arguments):
            return arguments if receiver is None else (receiver, *arguments)
        case Logic(_, terms):
            return terms
        case Choice(test, yes, no):
            return (test, yes, no)
        case Items(items):
            return items
        case Entries(entries):
            return tuple(part for entry in entries for part in entry)


def path(node: Node) -> str | None:
    """`resource.name` of a name and selections, None of anything else."""
    fields: list[str] = []
    while isinstance(node, Select):
        fields.append(node.field)
        node = node.operand
    return ".".join([node.name, *reversed(fields)]) if isinstance(node, Name) else None


def _is_too_deep(tree: Node) -> bool:
    """Walks level by level: chains such as `1+1+1…` are as deep as they are long."""
    level: list[Node] = [tree]
    for _ in range(DEEPEST):
        level = [child for node in level for child in children(node)]
        if not level:
            return False
    return True


class _Parser:
    """A parser by operator precedence, whose recursion is bounded."""

    def __init__(self, found: list[Token]) -> None:
        self._tokens = found
        self._position = 0
        self._depth = 0

    def expression(self) -> Node:
        self._depth += 1
        if self._depth > DEEPEST:
            raise UnreadableError(f"it is nested more than {DEEPEST} levels deep")
        result = self._binary(1)
        if self._take("?"):
            yes = self._binary(1)
            self._expect(":")
            result = Choice(result, yes, self.expression())
        self._depth -= 1
        return result

    def expect_end(self) -> None:
        if self._next.kind is not Kind.END:
            raise self._unexpected()

    @property
    def _next(self) -> Token:
        return self._tokens[self._position]

    def _take(self, mark: str) -> bool:
        token = self._tokens[self._position]
        if token.kind is Kind.MARK and token.text == mark:
            self._position += 1
            return True
        return False

    def _expect(self, mark: str) -> None:
        if not self._take(mark):
            raise self._unexpected()

    def _unexpected(self) -> UnreadableError:
        token = self._next
        if token.kind is Kind.END:
            return UnreadableError("it ends too early")
        return UnreadableError(f"unexpected {token.text[:40]!r} at character {token.start + 1}")

    def _binary(self, weakest: int) -> Node:
        start = self._next.start
        left = self._unary()
        while True:
            token = self._next
            strength = _STRENGTH.get(token.text, 0) if token.kind is Kind.MARK else 0
            if strength < weakest:
                return left
            if token.text in _LOGIC:
                left = self._logic(token.text, left, start)
            else:
                self._position += 1
                left = Binary(token.text, left, self._binary(strength + 1))

    def _logic(self, mark: str, first: Node, start: int) -> Node:
        terms, places = [first], [(start, self._tokens[self._position - 1].end)]
        while self._take(mark):
            start = self._next.start
            terms.append(self._binary(_STRENGTH[mark] + 1))
            places.append((start, self._tokens[self._position - 1].end))
        return Logic(mark, tuple(terms), tuple(places))

    def _unary(self) -> Node:
        """An even number of `!` or `-` is none at all, whatever follows: so says Google's parser."""
        mark = next((mark for mark in "!-" if self._take(mark)), "")
        if not mark:
            return self._member(is_negative=False)
        count = 1
        while self._take(mark):
            count += 1
        if mark == "-" and count == 1 and self._is_number():
            return self._member(is_negative=True)
        if mark == "!" and self._take("-"):
            if not self._is_number():
                raise self._unexpected()
            operand = self._member(is_negative=True)
        else:
            operand = self._member(is_negative=False)
        return Unary(mark, operand) if count % 2 else operand

    def _is_number(self) -> bool:
        return self._next.kind is Kind.LITERAL and type(self._next.value) in (int, float)

    def _member(self, *, is_negative: bool) -> Node:
        node = self._literal(is_negative=is_negative) if self._next.kind is Kind.LITERAL else self._primary()
        while True:
            if self._take("."):
                name = self._name()
                node = Call(node, name, self._arguments()) if self._take("(") else Select(node, name)
            elif self._take("["):
                key = self.expression()
                self._expect("]")
                node = Index(node, key)
            else:
                return node

    def _literal(self, *, is_negative: bool) -> Node:
        value = self._next.value
        self._position += 1
        if type(value) is int and not is_negative and value > INT_MAX:
            raise UnreadableError(f"the number {value} is too large")
        if is_negative:
            value = -value
        return Literal(value, type(value))

    def _primary(self) -> Node:
        if self._take("("):
            inner = self.expression()
            self._expect(")")
            return inner
        if self._take("["):
            return Items(self._list("]", self.expression))
        if self._take("{"):
            return Entries(self._list("}", self._entry))
        self._take(".")
        name = self._name()
        if name in _RESERVED:
            raise UnreadableError(f"{name!r} is a reserved word")
        return Call(None, name, self._arguments()) if self._take("(") else Name(name)

    def _name(self) -> str:
        token = self._next
        if token.kind is not Kind.NAME:
            raise self._unexpected()
        self._position += 1
        return token.text

    def _arguments(self) -> tuple[Node, ...]:
        return self._list(")", self.expression, may_trail=False)

    def _entry(self) -> tuple[Node, Node]:
        key = self.expression()
        self._expect(":")
        return key, self.expression()

    def _list(self, end: str, item: Callable[[], T], *, may_trail: bool = True) -> tuple[T, ...]:
        found: list[T] = []
        if self._take(end):
            return ()
        if may_trail and self._take(","):
            self._expect(end)
            return ()
        while True:
            found.append(item())
            if self._take(end):
                return tuple(found)
            self._expect(",")
            if may_trail and self._take(end):
                return tuple(found)
