"""Which folders under a target are root modules: those with files that no other folder calls."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.model.text import plural
from auditor.sources.files import printable, why
from auditor.sources.terraform.hcl.files import MEND, SKIPPED, is_configuration
from auditor.sources.terraform.hcl.load import Module

if TYPE_CHECKING:
    from auditor.sources.base import Gaps

_FOREIGN = ("terragrunt.hcl", "terragrunt.stack.hcl", ".tfcomponent.hcl", ".tfstack.hcl", ".tfdeploy.hcl")
"""Ends of the names of files that call modules and give them values, in languages of their own.

Source: terragrunt.gruntwork.io/docs, developer.hashicorp.com/terraform/language/stacks
"""
_STATE = ".tfstate"
_PLANS = "audit the plans that come of it (show -json); the modules were audited with what their own files tell"


def folders_with_files(target: Path, gaps: Gaps, states: list[str]) -> list[Path]:
    """The folders under a target that have Terraform files, sorted; each real one once, whatever links lead to it.

    Stored states that lie there are added to `states`.
    """
    failed: list[OSError] = []
    found: dict[Path, Path] = {}
    foreign: list[str] = []
    seen: set[tuple[int, int]] = set()
    for current, folders, names in os.walk(target, onerror=failed.append, followlinks=True):
        path = Path(current)
        try:
            status = path.stat()
        except OSError as error:
            failed.append(error)
            folders.clear()
            continue
        if (status.st_dev, status.st_ino) in seen:
            folders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in SKIPPED)
        if any(is_configuration(name) for name in names):
            found.setdefault(path.resolve(), path)
        states += [printable(path / name) for name in sorted(names) if name.endswith(_STATE)]
        foreign += [printable(path / name) for name in sorted(names) if name.endswith(_FOREIGN)]
    if foreign:
        more = f", nor of {plural(len(foreign) - 1, 'other')}" if len(foreign) > 1 else ""
        gaps.add(foreign[0], f"what Terragrunt or Terraform Stacks make of it is not read{more}", _PLANS)
    for failure in failed:
        gaps.add(printable(failure.filename or target), why(failure), MEND)
    return sorted(found.values())


def roots(folders: list[Path], read: Callable[[Path], Module]) -> list[Path]:
    """The root modules, in the order of `folders`; of modules that only call each other the first is one."""
    calls = {folder.resolve(): set(_called(read(folder))) - {folder.resolve()} for folder in folders}
    called = {callee for callees in calls.values() for callee in callees}
    found = [folder for folder in folders if folder.resolve() not in called]
    reached = _reached([folder.resolve() for folder in found], calls)
    for folder in folders:
        if folder.resolve() not in reached:
            found.append(folder)
            reached |= _reached([folder.resolve()], calls)
    return sorted(found)


def _reached(begin: list[Path], calls: dict[Path, set[Path]]) -> set[Path]:
    reached, waiting = set(begin), list(begin)
    while waiting:
        for callee in calls.get(waiting.pop(), ()):
            if callee not in reached:
                reached.add(callee)
                waiting.append(callee)
    return reached


def _called(module: Module) -> Iterator[Path]:
    """The folders that a module calls by a path."""
    for block in module.of_type("module"):
        node = block.body.node("source")
        source = node.plain() if node is not None else None
        if source and source.startswith("."):
            try:
                yield (module.folder / source.replace("\\", "/")).resolve()
            except (OSError, RuntimeError, ValueError):
                continue
