"""The files of a source tree: what git tracks or would add, else what no .gitignore leaves out.

Links are not followed: what they lead to is a file of the tree itself, or none of it.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pathspec import GitIgnoreSpec

from auditor.sources.files import why
from auditor.sources.git_history import GitError, files_of

_SNIFFED = 8000
"""Bytes in which a NUL means binary, as git has it."""
_BYTE_ORDER_MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


@dataclass(frozen=True, slots=True)
class Found:
    """A file, or a folder that cannot be read: its path below the tree's folder, and the problem in the latter case."""

    path: str
    problem: str = ""


def files_in(folder: Path) -> Iterator[Found]:
    """The plain files of a tree in order, and what of it cannot be read. A file alone is a tree of one."""
    if not folder.is_dir():
        yield Found(folder.name)
        return
    try:
        listed = files_of(folder)
    except GitError:
        listed = []
    if not listed:  # no repository, or a folder that the repository around it leaves out and somebody asks for
        yield from _walk(folder, "", [])
        return
    for raw in listed:
        path = os.fsdecode(raw).rstrip("/")
        mode = _mode(folder / path)
        if stat.S_ISDIR(mode):  # a submodule, or a clone within the clone
            yield from (Found(f"{path}/{inner.path}", inner.problem) for inner in files_in(folder / path))
        elif stat.S_ISREG(mode):
            yield Found(path)


def _mode(path: Path) -> int:
    """The mode of what is there; 0 for nothing, and a plain file's for what may not be looked at."""
    try:
        return path.lstat().st_mode
    except FileNotFoundError:
        return 0
    except OSError:
        return stat.S_IFREG


def _walk(folder: Path, base: str, rules: list[tuple[str, GitIgnoreSpec]]) -> Iterator[Found]:
    """The files below `base`, with the rules of every .gitignore from the top down to here."""
    try:
        entries = sorted(os.scandir(folder / base), key=lambda entry: entry.name)
    except OSError as error:
        yield Found(base or ".", why(error))
        return
    rules = [*rules, *_rules_in(folder, base)]
    for entry in entries:
        path = f"{base}/{entry.name}" if base else entry.name
        is_folder = entry.is_dir(follow_symlinks=False)
        if entry.name == ".git" or _is_ignored(path + "/" if is_folder else path, rules):
            continue
        if is_folder:
            yield from _walk(folder, path, rules)
        elif entry.is_file(follow_symlinks=False):
            yield Found(path)


def _rules_in(folder: Path, base: str) -> list[tuple[str, GitIgnoreSpec]]:
    """The rules that a folder's own .gitignore adds; one that cannot be read adds none, so that more is looked at."""
    file = folder / base / ".gitignore"
    try:
        lines = file.read_bytes().decode("utf-8", "surrogateescape").splitlines()
        return [(f"{base}/" if base else "", GitIgnoreSpec.from_lines(lines))]
    except (OSError, ValueError):
        return []


def _is_ignored(path: str, rules: list[tuple[str, GitIgnoreSpec]]) -> bool:
    """Whether the last rule that speaks of a path leaves it out; the nearest .gitignore speaks last."""
    for base, spec in reversed(rules):
        decision = spec.check_file(path[len(base) :]).include
        if decision is not None:
            return decision
    return False


def text_of(data: bytes) -> str | None:
    """A file's content as text; None for a binary file. What is not UTF-8 is read byte by byte as Latin-1."""
    encoding = _BYTE_ORDER_MARKS.get(data[:2])
    if encoding:
        return data.decode(encoding, "replace")
    if b"\0" in data[:_SNIFFED]:
        return None
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")
