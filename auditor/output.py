"""Files that are written: whole or not at all, packed where the name says so."""

from __future__ import annotations

import contextlib
import gzip
import itertools
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import IO

_LEVEL = 5
"""Of compression: what more it costs above, it does not save."""
_NUMBERS = itertools.count(1)


@contextlib.contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """Open for writing bytes, compressed where the name ends with `.gz`. Raises OSError.

    The file takes its name once it is complete, so that nobody reads half of it, nor loses what stood there to it.
    A device or a pipe, and a file in a folder that may not be written, are written in place.
    """
    real = Path(os.path.realpath(path))
    in_place = real.exists() and (not real.is_file() or not os.access(real.parent, os.W_OK))
    with real.open("wb") if in_place else _aside(real) as file:
        if path.suffix == ".gz":
            with gzip.GzipFile(filename="", fileobj=file, mode="wb", mtime=0, compresslevel=_LEVEL) as packed:
                yield packed  # type: ignore[misc]  # a GzipFile is written like any file
        else:
            yield file


@contextlib.contextmanager
def _aside(path: Path) -> Iterator[IO[bytes]]:
    """A file beside `path` that replaces it in the end, with its permissions."""
    part = path.with_name(f".auditor-{os.getpid()}-{next(_NUMBERS)}.part")
    try:
        with part.open("xb") as file:
            yield file
        if path.exists():
            shutil.copymode(path, part)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)  # where something, or somebody, ended it before it was complete
