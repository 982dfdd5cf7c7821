"""Files in the language's JSON syntax.

Source: developer.hashicorp.com/terraform/language/syntax/json
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from auditor.sources.terraform.hcl import parse_templates
from auditor.sources.terraform.hcl.cursor import ADDRESSED
from auditor.sources.terraform.hcl.expressions import ListNode, Literal, Name, Node, ObjectNode
from auditor.sources.terraform.hcl.parse import parse_expression
from auditor.sources.terraform.hcl.parse_expressions import expression
from auditor.sources.terraform.hcl.syntax import Attribute, Block, Body, Comment, SourceFile, SyntaxProblem

_LABELS = {"resource": 2, "data": 2, "ephemeral": 2, "module": 1, "variable": 1, "output": 1, "provider": 1}
_BODIES = {"locals": 0, "import": 0, **_LABELS}


def parse_json_file(file: SourceFile) -> tuple[Body, list[SyntaxProblem]]:
    """What a `.tf.json` file says, and what of it cannot be read.

    Properties named `//` are its comments; of a block's own, and of those inside it, the block is what they are about.
    """
    body = Body()
    try:
        document = decoded(file)
    except SyntaxProblem as problem:
        return body, [problem]
    speaks = ADDRESSED in file.text
    if speaks:
        file.comments += _comments(file, {"//": document.get("//")}, None, 0)
    problems: list[SyntaxProblem] = []
    for kind, levels in _BODIES.items():
        for labels, content, offset in _labelled(file, document.get(kind), levels, file.text.find(f'"{kind}"')):
            try:
                block = _block(file, kind, labels, content, offset)
                body.blocks.append(block)
                if speaks:
                    file.comments += _comments(file, content, block, block.offset)
            except (SyntaxProblem, RecursionError) as problem:
                problems.append(SyntaxProblem(str(problem), file.line(max(offset, 0))))
    return body, problems


def _comments(file: SourceFile, content: Any, block: Block | None, offset: int) -> Iterator[Comment]:
    """The comments in an object, and in all that it holds, that are addressed to this program."""
    waiting = [content]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting += value
        if not isinstance(value, dict):
            continue
        waiting += [below for name, below in value.items() if name != "//"]
        said = value.get("//")
        for text in said if isinstance(said, list) else [said]:
            if isinstance(text, str) and ADDRESSED in text:
                at = file.text.find(msgspec.json.encode(text).decode(), offset)
                yield Comment(text.strip(), file.line(at if at >= 0 else offset), block)


def decoded(file: SourceFile) -> dict[str, Any]:
    """The object in a JSON file. Raises `SyntaxProblem`."""
    try:
        document = msgspec.json.decode(file.text)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise SyntaxProblem(f"no valid JSON ({error})", 1) from None
    if not isinstance(document, dict):
        raise SyntaxProblem("the JSON is no object", 1)
    return document


def _labelled(file: SourceFile, value: Any, levels: int, offset: int) -> list[tuple[list[str], dict[str, Any], int]]:
    """(labels, body, offset) of every block in nested objects; an array at any level holds several."""
    found: list[tuple[list[str], dict[str, Any], int]] = []
    for entry in value if isinstance(value, list) else [value]:
        if not isinstance(entry, dict):
            continue
        if levels == 0:
            found.append(([], entry, offset))
            continue
        for label, below in entry.items():
            if label == "//":
                continue
            at = file.text.find(f'"{label}"', max(offset, 0))
            found += [([label, *labels], body, o) for labels, body, o in _labelled(file, below, levels - 1, at)]
    return found


def _block(file: SourceFile, kind: str, labels: list[str], content: dict[str, Any], offset: int) -> Block:
    start = max(offset, 0)
    return Block(kind, labels, body_of(file, content, start, is_variable=kind == "variable"), file, start, start)


def body_of(file: SourceFile, content: dict[str, Any], offset: int, *, is_variable: bool = False) -> Body:
    """An object as a body of attributes. Raises `SyntaxProblem`."""
    attributes = {}
    for name, value in content.items():
        if name == "//":
            continue
        if is_variable and name in ("type", "default"):
            node: Node = _type(value) if name == "type" else literal(value)
        else:
            node = node_of(value)
        attributes[name] = Attribute(name, node, max(file.text.find(f'"{name}"', offset), offset))
    return Body(attributes)


def _type(value: Any) -> Node:
    return parse_expression(value) if isinstance(value, str) else Name("any")


def literal(value: Any) -> Node:
    """A value as it stands, its texts no templates."""
    return Literal(value)


def node_of(value: Any) -> Node:
    """A value with its texts read as templates. Raises `SyntaxProblem`."""
    if isinstance(value, str):
        if "${" not in value and "%{" not in value:
            return Literal(value)
        return parse_templates.template_file(value, "JSON", expression)
    if isinstance(value, list):
        return ListNode([node_of(element) for element in value])
    if isinstance(value, dict):
        items: list[tuple[Node, Node]] = [(node_of(k), node_of(v)) for k, v in value.items() if k != "//"]
        return ObjectNode(items)
    return Literal(value)
