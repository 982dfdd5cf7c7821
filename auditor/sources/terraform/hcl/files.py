"""Which files are configuration, and their text. Apart from the parser, for those who need no more than this."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.sources.files import unfit, why

if TYPE_CHECKING:
    from auditor.sources.base import Gaps

MAX_BYTES = 16 << 20
"""The largest file that is read; nobody's configuration is larger."""
MEND = "mend it; everything else was audited"
SKIPPED = frozenset(["node_modules", "__pycache__"])
"""Folders in which no configuration is looked for."""


_OF_TOFU = {".tf": ".tofu", ".tf.json": ".tofu.json"}
"""What OpenTofu reads instead of a file of the same name.

Source: opentofu.org/docs/language/files
"""
SUFFIXES = (*_OF_TOFU, *_OF_TOFU.values())


def is_configuration(name: str) -> bool:
    """Whether Terraform or OpenTofu would read a file of this name."""
    if name.startswith((".", "#")) or name.endswith("~"):
        return False
    return name.endswith(SUFFIXES)


def configurations(folder: Path) -> list[str]:
    """The names of the files directly in a folder that make up its module, sorted. Raises `OSError`."""
    names = {entry.name for entry in folder.iterdir() if is_configuration(entry.name)}
    for suffix, instead in _OF_TOFU.items():
        names -= {name.removesuffix(instead) + suffix for name in names if name.endswith(instead)}
    return sorted(names)


def read_text(path: Path, shown: str, gaps: Gaps) -> str | None:
    """The text in a file; None, and a gap, where there is none to be read."""
    try:
        status = path.stat()
        problem = unfit(status.st_mode)
        if not problem and status.st_size > MAX_BYTES:
            problem = f"it has {status.st_size >> 20} MB; more than {MAX_BYTES >> 20} MB are not read"
        if problem:
            gaps.add(shown, problem, MEND)
            return None
        data = path.read_bytes()
    except OSError as error:
        gaps.add(shown, why(error), MEND)
        return None
    try:
        return data.removeprefix(b"\xef\xbb\xbf").decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        gaps.add(f"{shown}:{line}", "the text is not UTF-8", "save it as UTF-8; everything else was audited")
        return None


def has_files_below(target: Path, without: Collection[Path] = ()) -> bool:
    """Whether a folder, or one below it, has Terraform files; those in or below `without` do not count."""
    for current, folders, names in os.walk(target):
        if Path(current) in without:
            folders.clear()
            continue
        if any(is_configuration(name) for name in names if Path(current, name).exists()):
            return True
        folders[:] = [name for name in folders if not name.startswith(".") and name not in SKIPPED]
    return False
