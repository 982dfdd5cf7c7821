"""Lines that cannot be judged yet wait on disk, so that memory does not grow with the estate."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from types import TracebackType

import msgspec
from msgspec import Raw

PARTITIONS = 32
_IN_MEMORY = 1 << 20

_ENCODE = msgspec.json.Encoder().encode

Parked = tuple[str, Raw]
"""(source, line)"""


class Parking:
    """Keeps lines by asset; all lines of one asset come back together."""

    def __init__(self) -> None:
        self._files = [tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) for _ in range(PARTITIONS)]  # noqa: SIM115 - closed by __exit__

    def __enter__(self) -> Parking:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for file in self._files:
            file.close()

    def add(self, name: str, asset_type: str, source: str, line: bytes) -> None:
        """Keep one line of JSON until the parking is iterated."""
        line = line.rstrip()
        if b"\n" in line:
            line = line.replace(b"\n", b" ")  # between values: JSON strings hold no raw line break
        row = _ENCODE((name, asset_type, source, Raw(line)))
        self._files[hash(name) % PARTITIONS].write(row + b"\n")

    def __iter__(self) -> Iterator[tuple[str, str, list[Parked]]]:
        """(name, asset type, lines) of each asset, a partition in memory at a time."""
        read = msgspec.json.Decoder(tuple[str, str, str, Raw]).decode
        for file in self._files:
            file.seek(0)
            grouped: dict[tuple[str, str], list[Parked]] = {}
            for row in file:
                name, asset_type, source, line = read(row)
                grouped.setdefault((name, asset_type), []).append((source, line))
            for (name, asset_type), lines in grouped.items():
                yield name, asset_type, lines
