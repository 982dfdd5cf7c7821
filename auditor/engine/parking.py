"""Lines that cannot be judged yet wait on disk, so that memory does not grow with the estate."""

from __future__ import annotations

import tempfile
import zlib
from collections.abc import Iterator
from types import TracebackType
from typing import IO

import msgspec

PARTITIONS = 32
_IN_MEMORY = 1 << 20
"""Bytes that a partition holds before they go to disk."""

_ENCODE = msgspec.json.Encoder().encode
_DECODE = msgspec.json.Decoder(tuple[str, str, str]).decode
_GAP = b"\t"
"""Between the head of a row and the line: JSON strings hold no raw tab."""

Parked = tuple[str, bytes]
"""(source, line)"""


class _Partition:
    """Rows of the assets whose names share a remainder."""

    __slots__ = ("file", "rows", "size")

    def __init__(self) -> None:
        self.rows: list[bytes] = []
        self.size = 0
        self.file: IO[bytes] | None = None

    def spill(self) -> None:
        """Move the rows to disk."""
        if self.file is None:
            self.file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by Parking
        self.file.writelines(self.rows)
        self.rows.clear()
        self.size = 0

    def __iter__(self) -> Iterator[bytes]:
        if self.file is not None:
            self.file.seek(0)
            yield from self.file
        yield from self.rows


class Parking:
    """Keeps lines by asset; all lines of one asset come back together."""

    def __init__(self) -> None:
        self._partitions = [_Partition() for _ in range(PARTITIONS)]

    def __enter__(self) -> Parking:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for partition in self._partitions:
            if partition.file is not None:
                partition.file.close()

    def add(self, name: str, asset_type: str, source: str, line: bytes) -> None:
        """Keep one line of JSON until the parking is iterated."""
        line = line.rstrip()
        if b"\n" in line:
            line = line.replace(b"\n", b" ")  # between values: JSON strings hold no raw line break
        row = b"%b\t%b\n" % (_ENCODE((name, asset_type, source)), line)
        partition = self._partitions[zlib.crc32(name.encode("utf-8", "surrogatepass")) % PARTITIONS]
        partition.rows.append(row)
        partition.size += len(row)
        if partition.size > _IN_MEMORY:
            partition.spill()

    def __iter__(self) -> Iterator[tuple[str, str, list[Parked]]]:
        """(name, asset type, lines) of each asset, a partition in memory at a time."""
        for partition in self._partitions:
            grouped: dict[tuple[str, str], list[Parked]] = {}
            for row in partition:
                head, _, line = row.partition(_GAP)
                name, asset_type, source = _DECODE(head)
                grouped.setdefault((name, asset_type), []).append((source, line))
            for (name, asset_type), lines in grouped.items():
                yield name, asset_type, lines
