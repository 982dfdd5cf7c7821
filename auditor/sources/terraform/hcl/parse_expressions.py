"""Expressions: from text to nodes, by recursive descent.

Source: github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md
"""

from __future__ import annotations

import re

from auditor.sources.terraform.hcl import parse_templates
from auditor.sources.terraform.hcl.cursor import IDENTIFIER, NUMBER, Cursor
from auditor.sources.terraform.hcl.expressions import (
    Attr,
    Binary,
    Call,
    Conditional,
    For,
    Index,
    It,
    ListNode,
    Literal,
    Name,
    Node,
    ObjectNode,
    Splat,
    Unary,
)
from auditor.sources.terraform.hcl.values import Problem, parse_number

_OPERATOR = re.compile(r"\|\||&&|==|!=|<=|>=|<|>|\+|-|\*|/|%")
_LEVELS = {"||": 1, "&&": 2, "==": 3, "!=": 3, "<": 4, "<=": 4, ">": 4, ">=": 4, "+": 5, "-": 5, "*": 6, "/": 6, "%": 6}
_CONSTANTS = {"true": True, "false": False, "null": None}
_FUNCTION = re.compile(r"(?:::[^\W\d][\w-]*+)*+")
_LEGACY_INDEX = re.compile(r"\d++")
_FOR = re.compile(r"for\b(?!-)")


def expression(cursor: Cursor) -> Node:
    """The expression that begins here. Raises `SyntaxProblem`."""
    cursor.deeper()
    node = _operation(cursor, 1)
    if cursor.take("?"):
        yes = expression(cursor)
        cursor.expect(":", "in a conditional")
        node = Conditional(node, yes, expression(cursor))
    cursor.depth -= 1
    return node


def _operation(cursor: Cursor, level: int) -> Node:
    left = _operand(cursor)
    while True:
        cursor.space()
        found = _OPERATOR.match(cursor.text, cursor.position)
        if found is None or _LEVELS[found[0]] < level:
            return left
        cursor.position = found.end()
        left = Binary(found[0], left, _operation(cursor, _LEVELS[found[0]] + 1))


def _operand(cursor: Cursor) -> Node:
    cursor.space()
    for mark in "-!":
        if cursor.at(mark):
            cursor.position += 1
            cursor.deeper()
            operand = _operand(cursor)
            cursor.depth -= 1
            return Unary(mark, operand)
    return _traversals(cursor, _term(cursor))


def _term(cursor: Cursor) -> Node:
    text, position = cursor.text, cursor.position
    mark = text[position : position + 1]
    if mark == '"':
        return parse_templates.quoted(cursor, expression)
    if mark == "[":
        return _list(cursor)
    if mark == "{":
        return _object(cursor)
    if mark == "(":
        return _bracketed(cursor, ")")
    if mark == "<" and text.startswith("<<", position):
        return parse_templates.heredoc(cursor, expression)
    if found := cursor.match(IDENTIFIER):
        return _named(cursor, found[0])
    if found := cursor.match(NUMBER):
        try:
            return Literal(parse_number(found[0]))
        except Problem as problem:
            raise cursor.problem(str(problem)) from None
    raise cursor.problem("an expression is missing")


def _named(cursor: Cursor, name: str) -> Node:
    namespace = cursor.match(_FUNCTION)
    full = name + (namespace[0] if namespace else "")
    cursor.space()
    if cursor.at("("):
        return _call(cursor, full)
    if full != name:
        raise cursor.problem("( is missing after the name of a function")
    return Literal(_CONSTANTS[name]) if name in _CONSTANTS else Name(name)


def _call(cursor: Cursor, name: str) -> Node:
    outer = _open(cursor)
    arguments: list[Node] = []
    expand = False
    while not cursor.take(")"):
        arguments.append(expression(cursor))
        expand = cursor.take("...")
        if not cursor.take(",") or expand:
            cursor.expect(")", "after the arguments of a function")
            break
    cursor.newlines = outer
    return Call(name, arguments, expand)


def _open(cursor: Cursor) -> bool:
    """Go past an opening bracket; gives back what line breaks were outside."""
    cursor.position += 1
    outer, cursor.newlines = cursor.newlines, True
    return outer


def _bracketed(cursor: Cursor, closing: str) -> Node:
    outer = _open(cursor)
    node = expression(cursor)
    cursor.expect(closing, "after an expression")
    cursor.newlines = outer
    return node


def _list(cursor: Cursor) -> Node:
    outer = _open(cursor)
    cursor.space()
    if cursor.match(_FOR):
        node: Node = _for(cursor, "]")
    else:
        elements: list[Node] = []
        while not cursor.take("]"):
            elements.append(expression(cursor))
            if not cursor.take(","):
                cursor.expect("]", "after the elements of a list")
                break
        node = ListNode(elements)
    cursor.newlines = outer
    return node


def _object(cursor: Cursor) -> Node:
    outer = _open(cursor)
    cursor.space()
    if cursor.match(_FOR):
        node: Node = _for(cursor, "}")
        cursor.newlines = outer
        return node
    items: list[tuple[Node, Node]] = []
    while True:
        cursor.lines()
        if cursor.take("}"):
            break
        cursor.newlines = False
        items.append(_item(cursor))
        cursor.space()
        if not (cursor.at(",") or cursor.at("\n") or cursor.at("}")):
            raise cursor.problem("a line break or , is missing after a value of an object")
        if cursor.at(","):
            cursor.position += 1
    cursor.newlines = outer
    return ObjectNode(items)


def _item(cursor: Cursor) -> tuple[Node, Node]:
    key = _key(cursor)
    cursor.space()
    if not (cursor.at("=") or cursor.at(":")):
        raise cursor.problem("= is missing after a key of an object")
    cursor.position += 1
    return key, expression(cursor)


def _key(cursor: Cursor) -> Node:
    """A key: a name stands for itself, in parentheses for its value."""
    start = cursor.position
    if found := cursor.match(IDENTIFIER):
        cursor.space()
        if cursor.at("=") or cursor.at(":"):
            return Literal(found[0])
        cursor.position = start
    return expression(cursor)


def _for(cursor: Cursor, closing: str) -> Node:
    names = [cursor.word("the variable of a for expression")]
    if cursor.take(","):
        names.append(cursor.word("the second variable of a for expression"))
    if cursor.word("in") != "in":
        raise cursor.problem("in is missing in a for expression")
    collection = expression(cursor)
    cursor.expect(":", "in a for expression")
    key: Node | None = None
    result = expression(cursor)
    group = False
    if closing == "}":
        key = result
        cursor.expect("=>", "in a for expression that makes an object")
        result = expression(cursor)
        group = cursor.take("...")
    condition: Node | None = None
    cursor.space()
    if cursor.match(_IF):
        condition = expression(cursor)
    cursor.expect(closing, "after a for expression")
    return For(names, collection, key, result, condition, group)


_IF = re.compile(r"if\b")


def _traversals(cursor: Cursor, node: Node) -> Node:
    """What follows a term: `.name`, `[key]`, splats."""
    rounds = 0
    while True:
        cursor.space()
        if cursor.at(".") and not cursor.at("..."):
            cursor.position += 1
            cursor.space()
            if cursor.at("*"):
                cursor.position += 1
                node = Splat(node, _attributes(cursor, It()))
            else:
                node = _step(cursor, node)
        elif cursor.at("["):
            if _full_splat(cursor):
                return Splat(node, _traversals(cursor, It()))
            node = Index(node, _bracketed(cursor, "]"))
        else:
            return node
        rounds += 1
        if rounds > 200:
            raise cursor.problem("a traversal of more than 200 steps")


def _step(cursor: Cursor, node: Node) -> Node:
    if found := cursor.match(IDENTIFIER):
        return Attr(node, found[0])
    if found := cursor.match(_LEGACY_INDEX):
        return Index(node, Literal(int(found[0][:9])))
    raise cursor.problem("a name is missing after .")


def _attributes(cursor: Cursor, node: Node) -> Node:
    """The attributes after `.*`, which end at the first index."""
    while cursor.at(".") and not cursor.at(".*"):
        cursor.position += 1
        node = _step(cursor, node)
    return node


def _full_splat(cursor: Cursor) -> bool:
    found = cursor.match(_SPLAT)
    return found is not None


_SPLAT = re.compile(r"\[\s*\*\s*\]")
