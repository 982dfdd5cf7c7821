"""Folders of files as modules: what each declares, with overrides merged in.

Sources: developer.hashicorp.com/terraform/language/files, …/language/files/override
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.sources.files import printable, why
from auditor.sources.terraform.hcl.files import MEND, configurations, read_text
from auditor.sources.terraform.hcl.parse import parse_file
from auditor.sources.terraform.hcl.parse_json import parse_json_file
from auditor.sources.terraform.hcl.syntax import Attribute, Block, Body, SourceFile

if TYPE_CHECKING:
    from auditor.sources.base import Gaps

_OVERRIDE = re.compile(r"(?:.*_)?override\.(?:tf|tofu)(?:\.json)?")
_LABELS = {"resource": 2, "data": 2, "ephemeral": 2, "module": 1, "variable": 1, "output": 1, "provider": 1}


@dataclass(slots=True)
class Module:
    """What the files of one folder declare."""

    folder: Path
    shown: str
    declared: dict[tuple[str, ...], Block] = field(default_factory=dict)
    """Blocks by type and labels: `("resource", "google_storage_bucket", "b")`, `("variable", "x")`."""
    locals: dict[str, tuple[Attribute, SourceFile]] = field(default_factory=dict)
    providers: list[Block] = field(default_factory=list)
    imports: list[Block] = field(default_factory=list)
    files: list[SourceFile] = field(default_factory=list)
    overriding: list[tuple[Block, Block]] = field(default_factory=list)
    """Blocks of override files, each with the declared one that it went into."""

    def of_type(self, kind: str) -> Iterator[Block]:
        """The declared blocks of a type."""
        return (block for key, block in self.declared.items() if key[0] == kind)


def read_module(folder: Path, gaps: Gaps) -> Module:
    """The module in a folder; what cannot be read of it is told to `gaps`."""
    module = Module(folder, printable(folder))
    try:
        names = configurations(folder)
    except OSError as error:
        gaps.add(module.shown, why(error), MEND)
        return module
    names.sort(key=lambda name: _OVERRIDE.fullmatch(name) is not None)
    for name in names:
        path = folder / name
        text = read_text(path, printable(path), gaps)
        if text is None:
            continue
        file = SourceFile(printable(path), text)
        body, problems = parse_json_file(file) if name.endswith(".json") else parse_file(file)
        for problem in problems:
            gaps.add(f"{file.shown}:{problem.line}", f"not valid HCL: {problem}", MEND)
        module.files.append(file)
        _declare(module, body, file, gaps, override=_OVERRIDE.fullmatch(name) is not None)
    return module


def _declare(module: Module, body: Body, file: SourceFile, gaps: Gaps, *, override: bool) -> None:
    for block in body.blocks:
        if block.type == "locals":
            module.locals.update({name: (attribute, file) for name, attribute in block.body.attributes.items()})
        elif block.type == "import":
            module.imports.append(block)
        elif block.type == "provider" and block.labels:
            _provider(module, block, override=override)
        elif block.type in _LABELS:
            _block(module, block, gaps, override=override)


def _provider(module: Module, block: Block, *, override: bool) -> None:
    if override:
        for present in module.providers:
            if (present.labels, _alias(present)) == (block.labels, _alias(block)):
                _merge(present.body, block.body)
                return
    module.providers.append(block)


def _alias(block: Block) -> str | None:
    node = block.body.node("alias")
    return node.plain() if node is not None else None


def _block(module: Module, block: Block, gaps: Gaps, *, override: bool) -> None:
    if len(block.labels) != _LABELS[block.type]:
        gaps.add(block.place, f"a {block.type} block with {len(block.labels)} labels", MEND)
        return
    key = (block.type, *block.labels)
    present = module.declared.get(key)
    if present is None:
        module.declared[key] = block
    elif override:
        _merge(present.body, block.body)
        module.overriding.append((block, present))
    else:
        first = f"{'.'.join(key)} is declared twice; the one at {present.place} was audited"
        gaps.add(block.place, first, MEND)


def _merge(body: Body, override: Body) -> None:
    """What an override file says takes the place of what was said: attributes, and blocks of one type together."""
    body.attributes.update(override.attributes)
    replaced = {block.type for block in override.blocks}
    body.blocks = [block for block in body.blocks if block.type not in replaced] + override.blocks
