"""Resources that checks look up: few in memory, many on disk, so that memory does not grow with the estate."""

from __future__ import annotations

import tempfile
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Generic, TypeVar

from auditor.resources.base import Resource
from auditor.resources.decode import brief, decoder, resource_of

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


class NamedLines:
    """Lines in a temporary file, found again by the name of their asset, in sixteen bytes a line."""

    def __init__(self) -> None:
        self._lines = Lines()
        self._hashes = array("q")
        self._sorted: array[int] = array("q")
        self._order: array[int] = array("L")

    def __len__(self) -> int:
        return len(self._hashes)

    def add(self, name: str, line: bytes) -> None:
        """Keep the line of an asset."""
        self._lines.add(line)
        self._hashes.append(hash(name))

    def candidates(self, name: str) -> Iterator[bytes]:
        """The lines whose asset may have the name: two names can share a hash."""
        if len(self._order) < len(self._hashes):
            self._order = array("L", sorted(range(len(self._hashes)), key=self._hashes.__getitem__))
            self._sorted = array("q", map(self._hashes.__getitem__, self._order))
        place = bisect_left(self._sorted, hash(name))
        while place < len(self._sorted) and self._sorted[place] == hash(name):
            yield self._lines[self._order[place]]
            place += 1

    def close(self) -> None:
        """Give the file back."""
        self._lines.close()


class Homes:
    """Projects (and folders and organisations) as small numbers."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._numbers)

    def __iter__(self) -> Iterator[str]:
        return iter(self._numbers)

    def number(self, home: str) -> int:
        """The number of a project, given out when it is first met."""
        return self._numbers.setdefault(home, len(self._numbers))

    def known(self, home: str) -> int | None:
        """The number of a project, None where it was not met."""
        return self._numbers.get(home)


class ByHome:
    """Which of many things stand in which project, in eight bytes a thing."""

    def __init__(self, homes: Homes, home_of: array[int]) -> None:
        self._homes = homes
        ends = array("L", bytes(array("L").itemsize * (len(homes) + 1)))
        for home in home_of:
            ends[home + 1] += 1
        for home in range(len(homes)):
            ends[home + 1] += ends[home]
        self._starts = array("L", ends)
        self._things = array("L", bytes(array("L").itemsize * len(home_of)))
        for thing, home in enumerate(home_of):
            self._things[ends[home]] = thing
            ends[home] += 1

    def get(self, home: str, default: Sequence[int] = ()) -> Sequence[int]:
        """The numbers of the things in a project, in the order of the input."""
        number = self._homes.known(home)
        if number is None or number + 1 >= len(self._starts):
            return default
        return self._things[self._starts[number] : self._starts[number + 1]]


class Shelf(Generic[R]):
    """All resources of one type, in the order of the input."""

    def __init__(self, view: type[R], homes: Homes) -> None:
        self._view = view
        self._kept: list[R] = []
        self._lines = Lines()
        self._homes = homes
        self._home_of = array("L")

    def __len__(self) -> int:
        return len(self._kept) + len(self._lines)

    def add(self, resource: R, line: bytes) -> None:
        """Keep a resource, of which `line` is the record."""
        self._home_of.append(self._homes.number(resource.project))
        if len(self._kept) < IN_MEMORY:
            self._kept.append(resource)
        else:
            self._lines.add(brief(resource, line))

    def __getitem__(self, number: int) -> R:
        if number < len(self._kept):
            return self._kept[number]
        envelope = decoder(self._view).decode(self._lines[number - len(self._kept)])
        resource: R = resource_of(envelope, self._view)
        return resource

    def by_home(self) -> ByHome:
        """The numbers of the resources in each project."""
        return ByHome(self._homes, self._home_of)

    def __iter__(self) -> Iterator[R]:
        for number in range(len(self)):
            yield self[number]

    def close(self) -> None:
        """Give the file back."""
        self._lines.close()
