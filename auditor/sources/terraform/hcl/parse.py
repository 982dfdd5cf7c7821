"""Files in the language's own syntax: bodies of attributes and blocks.

Source: github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md
"""

from __future__ import annotations

import re

from auditor.sources.terraform.hcl.cursor import IDENTIFIER, Cursor
from auditor.sources.terraform.hcl.expressions import Literal, Node
from auditor.sources.terraform.hcl.parse_expressions import expression
from auditor.sources.terraform.hcl.parse_templates import PLAIN, quoted
from auditor.sources.terraform.hcl.syntax import Attribute, Block, Body, SourceFile, SyntaxProblem

_SIMPLE = re.compile(rf"([^\W\d][\w-]*+)[ \t]*+=[ \t]*+(?:{PLAIN}|(\d{{1,15}}+)|(true|false)(?![\w-]))[ \t\r]*+(?=\n)")
"""An attribute whose value is a plain constant and ends with its line: most are."""
_BEGINS = re.compile(
    r"^(?:check|data|ephemeral|import|locals|module|moved|output|provider|removed|resource|terraform|variable)"
    r'(?:[ \t]+"[^"\n]*")*[ \t]*\{',
    re.MULTILINE,
)
_MAX_PROBLEMS = 20
"""Problems of one file that are told; after so many the rest of it is not read."""


def parse_file(file: SourceFile) -> tuple[Body, list[SyntaxProblem]]:
    """What a file says, and what of it cannot be read: reading goes on at the next block that begins a line."""
    cursor = Cursor(file)
    body = Body()
    problems: list[SyntaxProblem] = []
    while cursor.position < len(file.text):
        cursor.depth, cursor.newlines = 0, False
        start = cursor.position
        try:
            _body(cursor, body)
        except (SyntaxProblem, RecursionError) as problem:
            cursor.broken = max(cursor.broken, start)
            told = problem if isinstance(problem, SyntaxProblem) else cursor.problem("it is nested too deeply")
            problems.append(_named(file, told, cursor.broken))
            again = _BEGINS.search(file.text, cursor.broken + 1)
            if again is None or len(problems) >= _MAX_PROBLEMS:
                break
            cursor.position = again.start()
    return body, problems


def _named(file: SourceFile, problem: SyntaxProblem, offset: int) -> SyntaxProblem:
    """The problem, with the block that it is in and that is not read."""
    begun = _BEGINS.match(file.text, offset)
    if begun is None:
        return problem
    return SyntaxProblem(f"{problem}; {begun[0].rstrip(' {')} is not read", problem.line)


def parse_expression(text: str, shown: str = "expression") -> Node:
    """A text that is one expression. Raises `SyntaxProblem`."""
    cursor = Cursor(SourceFile(shown, text))
    cursor.newlines = True
    node = expression(cursor)
    cursor.space()
    if cursor.position < len(text):
        raise cursor.problem("something stands after the expression")
    return node


def _body(cursor: Cursor, body: Body, begin: int = -1) -> None:
    """Read a body to the end of its block, which begins at `begin`, or to the end of the file."""
    text, top = cursor.text, begin < 0
    while True:
        cursor.lines()
        simple = _SIMPLE.match(text, cursor.position)
        if simple is not None and simple[1] not in body.attributes:
            body.attributes[simple[1]] = Attribute(simple[1], _constant(simple), cursor.position)
            cursor.position = simple.end()
            continue
        if cursor.position >= len(text):
            if not top:
                raise cursor.problem("} is missing at the end of a block", begin)
            return
        if not top and cursor.at("}"):
            cursor.position += 1
            return
        _entry(cursor, body)


def _constant(found: re.Match[str]) -> Literal:
    if found[2] is not None:
        return Literal(found[2])
    return Literal(int(found[3])) if found[3] else Literal(found[4] == "true")


def _entry(cursor: Cursor, body: Body) -> None:
    """One attribute or block."""
    offset = cursor.position
    found = cursor.match(IDENTIFIER)
    if found is None:
        raise cursor.problem(f"{cursor.text[offset]!r} is neither an attribute nor a block")
    name = found[0]
    cursor.space()
    if cursor.at("="):
        cursor.position += 1
        if name in body.attributes:
            raise cursor.problem(f"{name} is set twice", offset)
        body.attributes[name] = Attribute(name, expression(cursor), offset)
        _ends(cursor)
    else:
        _block(cursor, body, name, offset)


def _ends(cursor: Cursor) -> None:
    cursor.space()
    if cursor.position < len(cursor.text) and not (cursor.at("\n") or cursor.at("}")):
        raise cursor.problem("a line break is missing after an attribute or block")


def _block(cursor: Cursor, body: Body, kind: str, offset: int) -> None:
    labels: list[str] = []
    while not cursor.take("{"):
        if cursor.at('"'):
            label = quoted(cursor, expression).plain()
            if label is None:
                raise cursor.problem("a label of a block must be plain text")
            labels.append(label)
        elif found := cursor.match(IDENTIFIER):
            labels.append(found[0])
        else:
            raise cursor.problem(f"= or {{ is missing after {kind}")
    if cursor.depth == 0:
        cursor.broken = offset
    cursor.deeper()
    block = Block(kind, labels, Body(), cursor.file, offset, offset)
    _body(cursor, block.body, offset)
    body.blocks.append(block)
    cursor.depth -= 1
    block.end = cursor.position
    _ends(cursor)
