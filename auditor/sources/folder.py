"""What is in a folder: files that may be input, and what stands in the way of reading others."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

from auditor.sources.files import unfit, why

_SUFFIXES = (".json", ".ndjson", ".jsonl")
_COMPRESSED = (".gz", ".zst")
_BROKEN = "a link to something that is not there"


def entries(folder: Path) -> tuple[list[Path], list[tuple[Path, str]]]:
    """The files under a folder that may be input, and (path, problem) of what cannot be read, both sorted.

    Links to folders are followed, each folder once.
    """
    files: list[Path] = []
    problems: list[tuple[Path, str]] = []
    for path, error in _walk(folder):
        try:
            problem = why(error) if error else unfit(path.stat().st_mode)
        except OSError as failure:
            if _is_link(path):
                problem = _BROKEN if failure.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP) else why(failure)
            else:
                problem = why(failure) if _may_be_input(path) else ""
        if problem:
            problems.append((path, problem))
        elif _may_be_input(path):
            files.append(path)
    return sorted(files), sorted(problems)


def has_json_suffix(file: Path) -> bool:
    """Whether the file's name says that it is JSON, perhaps compressed."""
    return _plain(file).endswith(_SUFFIXES)


def _may_be_input(file: Path) -> bool:
    """Whether the file's name says that it is JSON, or nothing of its content, as `0` or `part.0`."""
    return has_json_suffix(file) or not Path(_plain(file)).suffix[1:2].isalpha()


def _is_link(path: Path) -> bool:
    try:
        return path.is_symlink()
    except OSError:  # in a folder that may be listed and not entered
        return False


def _plain(file: Path) -> str:
    """The name in lower case, without the suffix of a compression."""
    name = file.name.lower()
    for suffix in _COMPRESSED:
        name = name.removesuffix(suffix)
    return name


def _walk(folder: Path) -> Iterator[tuple[Path, OSError | None]]:
    """Every file under a folder, and every folder that cannot be read, with the error."""
    failed: list[OSError] = []
    seen: set[tuple[int, int]] = set()
    for directory, folders, names in os.walk(folder, onerror=failed.append, followlinks=True):
        identity = Path(directory).stat()
        if (identity.st_dev, identity.st_ino) in seen:
            folders.clear()
            continue
        seen.add((identity.st_dev, identity.st_ino))
        folders.sort()
        for name in names:
            yield Path(directory, name), None
    for error in failed:
        yield Path(error.filename), error
