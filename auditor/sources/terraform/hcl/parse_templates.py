"""Texts with values in them: quoted, as heredocs, and as files of their own.

Sources: developer.hashicorp.com/terraform/language/expressions/strings,
github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from auditor.sources.terraform.hcl.cursor import Cursor
from auditor.sources.terraform.hcl.expressions import (
    Interpolation,
    Literal,
    Node,
    Template,
    TemplateFor,
    TemplateIf,
)
from auditor.sources.terraform.hcl.syntax import SourceFile

PLAIN = r'"((?:[^"\\$%\n]++|\$(?!\{)|%(?!\{))*+)"'
"""A quoted text with nothing but itself in it."""
_PLAIN = re.compile(PLAIN)
_QUOTED = re.compile(r'(?:[^"\\$%\n]++|\\[^\n]|\$(?!\{)|%(?!\{))*+')
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}
_HEREDOC = re.compile(r"<<(-?)([^\W\d][\w-]*)[ \t]*\r?\n")
_BARE = re.compile(r"(?:[^$%\n]++|\$(?!\{)|%(?!\{))*+\n?+")
_KEYWORD = re.compile(r"\s*(if|else|endif|for|endfor)\b")

Expression = Callable[[Cursor], Node]


@dataclass(slots=True)
class _Text:
    text: str


@dataclass(slots=True)
class _Directive:
    keyword: str
    node: Node | None
    names: list[str]


_Part = _Text | Node | _Directive


def quoted(cursor: Cursor, expression: Expression) -> Node:
    """The text in quotes that begins here."""
    plain = cursor.match(_PLAIN)
    if plain is not None:
        return Literal(plain[1])
    start = cursor.position
    cursor.position += 1
    parts: list[_Part] = []
    trim = False
    while not cursor.at('"'):
        found = cursor.match(_QUOTED)
        chunk = _unescaped(cursor, found[0]) if found and found[0] else ""
        if chunk:
            if cursor.at("${") or cursor.at("%{"):
                escaped = _escaped(cursor, chunk)
                if escaped:
                    parts.append(_Text(escaped))
                    continue
            parts.append(_Text(chunk.lstrip() if trim else chunk))
        trim = False
        if cursor.at("${") or cursor.at("%{"):
            trim = _sequence(cursor, expression, parts)
        elif not cursor.at('"'):
            raise cursor.problem("a quoted text that does not end", start)
    cursor.position += 1
    return _template(cursor, parts)


def _escaped(cursor: Cursor, chunk: str) -> str:
    """The chunk with `${` or `%{` as text, where a doubled mark says so; `""` where it does not."""
    mark = cursor.text[cursor.position]
    if chunk.endswith(mark) and cursor.text[cursor.position - 1] == mark:
        cursor.position += 2
        return chunk + "{"
    return ""


def _unescaped(cursor: Cursor, text: str) -> str:
    if "\\" not in text:
        return text

    def one(found: re.Match[str]) -> str:
        code = found[1] or found[2]
        if code:
            number = int(code, 16)
            return chr(number) if number < 0x110000 and not 0xD800 <= number < 0xE000 else "\ufffd"
        if found[3] in _ESCAPES:
            return _ESCAPES[found[3]]
        raise cursor.problem(f"\\{found[3]} is no escape sequence")

    return _ESCAPE.sub(one, text)


def heredoc(cursor: Cursor, expression: Expression) -> Node:
    """The heredoc that begins here."""
    start = cursor.position
    opening = cursor.match(_HEREDOC)
    if opening is None:
        raise cursor.problem("<< begins no heredoc")
    ending = re.compile(rf"^[ \t]*{re.escape(opening[2])}[ \t]*\r?$", re.MULTILINE)
    closing = ending.search(cursor.text, cursor.position)
    if closing is None:
        raise cursor.problem(f"a heredoc that does not end with {opening[2]}", start)
    parts = _bare(cursor, expression, closing.start())
    cursor.position = closing.end() - (1 if closing[0].endswith("\r") else 0)
    if opening[1]:
        _flush(parts)
    return _template(cursor, parts)


def template_file(text: str, shown: str, expression: Expression) -> Node:
    """A file as a template. Raises `SyntaxProblem`."""
    cursor = Cursor(SourceFile(shown, text))
    return _template(cursor, _bare(cursor, expression, len(text)))


def _bare(cursor: Cursor, expression: Expression, end: int) -> list[_Part]:
    """The parts of a text without quotes, which ends at `end`; a text for every line."""
    parts: list[_Part] = []
    trim = False
    while cursor.position < end:
        found = _BARE.match(cursor.text, cursor.position, end)
        chunk = found[0] if found else ""
        cursor.position += len(chunk)
        if cursor.position < end and not chunk.endswith("\n"):
            escaped = _escaped(cursor, chunk) if chunk else ""
            if escaped:
                parts.append(_Text(escaped))
                trim = False
                continue
        if chunk:
            parts.append(_Text(chunk.lstrip() if trim else chunk))
            trim = False
        if cursor.position < end and not chunk.endswith("\n"):
            trim = _sequence(cursor, expression, parts)
            if cursor.position > end:
                raise cursor.problem("a ${ or %{ that does not end in its heredoc")
    return parts


def _sequence(cursor: Cursor, expression: Expression, parts: list[_Part]) -> bool:
    """Read `${ … }` or `%{ … }`; whether what follows loses its leading blanks."""
    is_directive = cursor.at("%{")
    cursor.position += 2
    if cursor.at("~"):
        cursor.position += 1
        if parts and isinstance(parts[-1], _Text):
            parts[-1].text = parts[-1].text.rstrip()
    outer, cursor.newlines = cursor.newlines, True
    parts.append(_directive(cursor, expression) if is_directive else Interpolation(expression(cursor)))
    trim = cursor.take("~")
    cursor.expect("}", "after a value in a text")
    cursor.newlines = outer
    return trim


def _directive(cursor: Cursor, expression: Expression) -> _Directive:
    found = cursor.match(_KEYWORD)
    if found is None:
        raise cursor.problem("%{ with neither if, else, endif, for nor endfor")
    keyword, names = found[1], []
    node: Node | None = None
    if keyword == "for":
        names = [cursor.word("the variable of a for directive")]
        if cursor.take(","):
            names.append(cursor.word("the second variable of a for directive"))
        if cursor.word("in") != "in":
            raise cursor.problem("in is missing in a for directive")
    if keyword in ("if", "for"):
        node = expression(cursor)
    return _Directive(keyword, node, names)


def _flush(parts: list[_Part]) -> None:
    """Take the common indentation from the lines of a heredoc; lines of blanks alone do not count."""
    begins, fewest = True, -1
    lines: list[_Text] = []
    for part in parts:
        if begins:
            spaces = 0
            if isinstance(part, _Text):
                trimmed = part.text.lstrip()
                if not trimmed and part.text.endswith("\n"):
                    spaces = -1
                else:
                    spaces = len(part.text) - len(trimmed)
                    lines.append(part)
            if spaces >= 0:
                fewest = spaces if fewest < 0 else min(fewest, spaces)
        begins = isinstance(part, _Text) and part.text.endswith("\n")
    for line in lines:
        line.text = line.text[max(fewest, 0) :]


def _template(cursor: Cursor, parts: list[_Part]) -> Node:
    position = [0]
    nodes = _nodes(cursor, parts, position, ())
    if not nodes:
        return Literal("")
    if len(nodes) == 1 and isinstance(nodes[0], Literal):
        return nodes[0]
    return Template(nodes)


def _nodes(cursor: Cursor, parts: list[_Part], position: list[int], until: tuple[str, ...]) -> list[Node]:
    """The nodes up to a directive of `until`, which is left to be read; texts side by side become one."""
    nodes: list[Node] = []
    while position[0] < len(parts):
        part = parts[position[0]]
        if isinstance(part, _Directive):
            if part.keyword in until:
                return nodes
            position[0] += 1
            nodes.append(_control(cursor, parts, position, part))
            continue
        position[0] += 1
        if not isinstance(part, _Text):
            nodes.append(part)
        elif nodes and isinstance(nodes[-1], Literal):
            nodes[-1] = Literal(nodes[-1].constant + part.text)
        else:
            nodes.append(Literal(part.text))
    if until:
        raise cursor.problem(f"%{{ {until[-1]} }} is missing in a text")
    return nodes


def _control(cursor: Cursor, parts: list[_Part], position: list[int], opening: _Directive) -> Node:
    if opening.node is None:
        raise cursor.problem(f"%{{ {opening.keyword} }} without its beginning")
    cursor.deeper()
    try:
        if opening.keyword == "for":
            body = _nodes(cursor, parts, position, ("endfor",))
            position[0] += 1
            return TemplateFor(opening.names, opening.node, body)
        yes = _nodes(cursor, parts, position, ("else", "endif"))
        ended = parts[position[0]]
        position[0] += 1
        no: list[Node] = []
        if isinstance(ended, _Directive) and ended.keyword == "else":
            no = _nodes(cursor, parts, position, ("endif",))
            position[0] += 1
        return TemplateIf(opening.node, yes, no)
    finally:
        cursor.depth -= 1
