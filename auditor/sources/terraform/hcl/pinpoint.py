"""The line of a resource's block that sets what a finding is about.

A finding shows fields of the API's data; the table of the resource's type tells which attribute each comes from.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator

from auditor.sources.terraform.hcl.parse import parse_file
from auditor.sources.terraform.hcl.syntax import Block, Body, SourceFile
from auditor.sources.terraform.mapping import Mapping
from auditor.sources.terraform.types import MAPPINGS


def line_in(block: Block, asset_type: str, fields: Collection[str]) -> int | None:
    """The line of what sets the first of some fields that is set: its attribute, or the innermost block around it.

    None where the block says nothing of them, or makes another asset than that.
    """
    mapping = MAPPINGS.get(block.labels[0]) if block.labels else None
    if mapping is None or mapping.asset_type != asset_type:
        return None
    written = dict(_written(mapping, block.body, ""))
    around = (
        max((one for one in written if f"{field}.".startswith(f"{one}.")), key=len, default="") for field in fields
    )
    name, offset = written.get(next(filter(None, around), ""), ("", 0))
    if not name or not block.file.text.startswith(name, offset):  # what an override sets is written elsewhere
        return None
    return block.file.line(offset)


def block_at(shown: str, lines: list[str], line: int) -> Block | None:
    """The block that begins in a line of a file, read without the rest of the file; None where that fails."""
    end = next((number for number in range(line, len(lines)) if lines[number].startswith("}")), line - 1)
    body, problems = parse_file(SourceFile(shown, "\n".join(lines[line - 1 : end + 1])))
    return body.blocks[0] if body.blocks and not problems else None


def _written(mapping: Mapping, body: Body, path: str) -> Iterator[tuple[str, tuple[str, int]]]:
    """(field of the data, (what is written for it, where)) of attributes, and of blocks that are the only of a type."""
    slots = mapping.slots(path)
    for name, attribute in body.attributes.items():
        if field := (slots.get(name) or mapping.slot(path, name)).api:
            yield field, (name, attribute.offset)
    inner: dict[str, list[Block]] = defaultdict(list)
    for block in body.blocks:
        inner[block.labels[0] if block.type == "dynamic" and block.labels else block.type].append(block)
    for name, blocks in inner.items():
        if len(blocks) != 1:
            continue
        (block,) = blocks
        if field := (slots.get(name) or mapping.slot(path, name)).api:
            yield field, (block.type, block.offset)
        content = next(block.body.of_type("content"), block) if block.type == "dynamic" else block
        yield from _written(mapping, content.body, f"{path}{name}.")
