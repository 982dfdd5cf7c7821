"""Standard output as it may be: a terminal with few characters, a pipe whose reader leaves, a full disk."""

from __future__ import annotations

import codecs
import io
import os
import sys
from typing import Any, TextIO

_PLAIN = {"…": "...", "→": "->", "←": "<-", "×": "x", "·": "-", "–": "-", "—": "-", "“": '"', "”": '"', "’": "'"}
"""What stands for the characters of our own texts where a terminal has none of them."""


def prepare() -> None:
    """Make standard output and error take every text, and outlive whoever reads them."""
    codecs.register_error("plain", _plain)
    sys.stdout, sys.stderr = _prepared(sys.stdout), _prepared(sys.stderr)


def _prepared(stream: TextIO) -> TextIO:
    if not isinstance(stream, io.TextIOWrapper):  # none at all, or a test's own
        return stream
    if stream.isatty():
        stream.reconfigure(errors="plain")
        return stream
    raw = io.BufferedWriter(_Outlet(stream.fileno(), "wb", closefd=False))
    return io.TextIOWrapper(raw, encoding=stream.encoding, errors="plain", line_buffering=stream.line_buffering)


class _Outlet(io.FileIO):
    """A file or pipe. What its reader does not want to hear goes nowhere: the exit code is an answer all the same."""

    def write(self, data: Any) -> int:
        """Write, or drop where nobody reads any more. A full disk is told once, by the `OSError` that it is."""
        try:
            return super().write(data)
        except OSError as error:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)
            if not isinstance(error, BrokenPipeError):
                raise
            return len(data)


def _plain(error: UnicodeError) -> tuple[str, int]:
    """A codec's error handler: the nearest plain text, else the character's code."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end]
    shown = "".join(_PLAIN.get(one) or one.encode("ascii", "backslashreplace").decode() for one in text)
    return shown, error.end
