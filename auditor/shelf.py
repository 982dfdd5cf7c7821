"""Resources that checks look up: few in memory, many on disk, so that memory does not grow with the estate."""

from __future__ import annotations

import tempfile
from array import array
from collections.abc import Iterator
from typing import Generic, TypeVar

from auditor.resources.base import Resource
from auditor.resources.decode import decoder, resource_of

R = TypeVar("R", bound=Resource)

IN_MEMORY = 2_000
"""Resources of a type that are kept as objects; those beyond are decoded again when they are looked up."""

_BUFFER = 1 << 20
_AT_ONCE = 200


class Lines:
    """Lines in a temporary file, found again by number."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=_BUFFER)  # noqa: SIM115 - closed by its owner
        self._ends = array("Q", [0])
        self._waiting: list[bytes] = []

    def __len__(self) -> int:
        return len(self._ends) - 1

    def add(self, line: bytes) -> int:
        """Keep a line; its number."""
        self._waiting.append(line)
        self._ends.append(self._ends[-1] + len(line))
        if len(self._waiting) == _AT_ONCE:
            self._write()
        return len(self._ends) - 2

    def __getitem__(self, number: int) -> bytes:
        self._write()
        start, end = self._ends[number], self._ends[number + 1]
        self._file.seek(start)
        return self._file.read(end - start)

    def _write(self) -> None:
        if self._waiting:
            self._file.seek(0, 2)
            self._file.write(b"".join(self._waiting))
            self._waiting.clear()

    def close(self) -> None:
        """Give the file back."""
        self._file.close()


class Shelf(Generic[R]):
    """All resources of one type, in the order of the input."""

    def __init__(self, view: type[R]) -> None:
        self._view = view
        self._kept: list[R] = []
        self._lines = Lines()

    def __len__(self) -> int:
        return len(self._kept) + len(self._lines)

    def add(self, resource: R, line: bytes) -> None:
        """Keep a resource, of which `line` is the record."""
        if len(self._kept) < IN_MEMORY:
            self._kept.append(resource)
        else:
            self._lines.add(line)

    def __getitem__(self, number: int) -> R:
        if number < len(self._kept):
            return self._kept[number]
        envelope = decoder(self._view).decode(self._lines[number - len(self._kept)])
        resource: R = resource_of(envelope, self._view)
        return resource

    def __iter__(self) -> Iterator[R]:
        for number in range(len(self)):
            yield self[number]

    def close(self) -> None:
        """Give the file back."""
        self._lines.close()
