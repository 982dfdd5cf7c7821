"""Opening input files: plain, gzip or zstandard; by content, not by name alone. What a file is before it is opened."""

from __future__ import annotations

import contextlib
import gc
import gzip
import io
import os
import stat
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from backports import zstd

BUFFER = 1 << 20
"""Bytes read at a time; larger buffers and mmap measured slower."""

READ_ERRORS = (OSError, EOFError, zlib.error)
"""What reading a damaged or forbidden file raises (zstd errors are told as OSError)."""


def open_file(path: Path) -> IO[bytes]:
    """Open for reading bytes, decompressed. Raises OSError."""
    with path.open("rb") as file:
        magic = file.read(4)
    if magic[:2] == b"\x1f\x8b":
        return io.BufferedReader(_Unpacked(gzip.GzipFile(path)), BUFFER)
    if magic == b"\x28\xb5\x2f\xfd":
        return io.BufferedReader(_Unpacked(zstd.ZstdFile(path)), BUFFER)
    return path.open("rb", buffering=BUFFER)


@contextlib.contextmanager
def not_collecting() -> Iterator[None]:
    """Let the garbage collector rest while a large document is read: it would walk it over and over, for nothing."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def printable(path: Path | str) -> str:
    """A path as text that can be shown and encoded, whatever bytes the file's name has."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def unfit(mode: int) -> str:
    """Why what has this `st_mode` must not be opened, as a clause; `""` for a file or folder."""
    if stat.S_ISFIFO(mode):
        return "a pipe, which can be read only once; save it to a file first"
    if stat.S_ISSOCK(mode):
        return "a socket, not a file; save what it gives to a file first"
    if stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
        return "a device, not a file; save what it gives to a file first"
    return ""


def why(error: BaseException) -> str:
    """An error in reading or decoding, as a clause for people."""
    if isinstance(error, PermissionError):
        return "permission denied"
    if isinstance(error, EOFError):
        return "the compressed file is cut off"
    if isinstance(error, zlib.error | gzip.BadGzipFile):
        return f"the compressed file is damaged ({error})"
    if isinstance(error, RecursionError):
        return "its JSON is nested too deeply to be read"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror[0].lower() + error.strerror[1:]
    return str(error)


class _Unpacked(io.RawIOBase):
    """What a compressed file holds: all that stands before a cut or damage is given before the error is raised."""

    def __init__(self, file: gzip.GzipFile | zstd.ZstdFile) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        try:
            data = self._file.read1(len(buffer))
        except zstd.ZstdError as error:
            raise OSError(f"the compressed file is damaged ({error})") from None
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._file.close()
        super().close()
