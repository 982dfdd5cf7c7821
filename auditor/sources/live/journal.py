"""Where a collection grows on disk, so that an end at any moment loses no more than what was under way.

A folder with one file of records for each collector, and a journal of what was written. A record counts once the
journal says so: what a file holds beyond that is cut off when the work goes on.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

import msgspec

from auditor.sources.live.coverage import Part
from auditor.sources.live.declaration import Record
from auditor.sources.live.failures import State

_JOURNAL = "journal.ndjson"


class Head(msgspec.Struct):
    """Of a record, what it is and where."""

    name: str
    asset_type: str
    ancestors: list[str] = []


class NotResumable(Exception):  # noqa: N818 - the message is the sentence that the user reads
    """What is on disk cannot be gone on with."""


@dataclass(slots=True)
class Job:
    """What is known of one piece of work."""

    token: str = ""
    """The page to go on with."""
    read_time: str = ""
    """The moment that its first page was of, RFC 3339."""
    records: int = 0
    slices: list[tuple[int, int]] = field(default_factory=list)
    """(start, size) of its records in its file."""
    part: Part | None = None
    """How it ended; None while it has not."""


class Journal:
    """The records of a collection and what is done of it."""

    def __init__(self, folder: Path, order: dict[str, Any], *, resume: bool = False) -> None:
        self.folder = folder
        self.jobs: dict[str, Job] = {}
        self._sizes: dict[str, int] = {}
        self._files: dict[str, IO[bytes]] = {}
        self._encoder = msgspec.json.Encoder()
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / _JOURNAL
        if resume and path.exists():
            self._read(path, order)
            self._journal = path.open("ab")
        else:
            for old in folder.glob("*.ndjson"):
                old.unlink()
            self._journal = path.open("wb")
            self._note({"order": order})

    def job(self, key: str) -> Job:
        """The piece of work of that key, new where it was not begun."""
        return self.jobs.setdefault(key, Job())

    def commit(
        self, key: str, records: Iterable[Record], *, token: str = "", read_time: str = "", part: Part | None = None
    ) -> int:
        """Keep records of a job, and where it stands; how many they were."""
        job, stream = self.job(key), key.partition("|")[0]
        lines = [self._encoder.encode(record) for record in records]
        data = b"\n".join(lines) + b"\n" if lines else b""
        start = self._sizes.get(stream, 0)
        if data:
            file = self._file(stream)
            file.write(data)
            file.flush()
            self._sizes[stream] = start + len(data)
        job.token, job.part = token, part
        job.read_time = read_time or job.read_time
        job.records += len(lines)
        job.slices.append((start, len(data)))
        self._note(
            {
                "job": key,
                "slice": [start, len(data)],
                "records": len(lines),
                "token": token,
                "read_time": read_time,
                "part": None if part is None else asdict(part),
            }
        )
        return len(lines)

    def restart(self, key: str) -> None:
        """Forget what a job wrote: its pages cannot be gone on with."""
        self.jobs[key] = Job()
        self._note({"job": key, "restart": True})

    def lines(self) -> Iterator[bytes]:
        """All records as lines, in an order that does not depend on which job was faster."""
        for file in self._files.values():
            file.flush()
        for stream in sorted({key.partition("|")[0] for key in self.jobs}):
            path = self._path(stream)
            if not path.exists():
                continue
            with path.open("rb") as file:
                for key in sorted(key for key in self.jobs if key.partition("|")[0] == stream):
                    for start, size in self.jobs[key].slices:
                        file.seek(start)
                        end = start + size
                        while file.tell() < end:
                            yield file.readline()

    def close(self) -> None:
        """Close the files; what they hold stays."""
        self._journal.close()
        for file in self._files.values():
            file.close()
        self._files.clear()

    def remove(self) -> None:
        """Delete all of it: the collection was written elsewhere."""
        self.close()
        for path in self.folder.glob("*.ndjson"):
            path.unlink()
        self.folder.rmdir()

    def _file(self, stream: str) -> IO[bytes]:
        if stream not in self._files:
            self._files[stream] = self._path(stream).open("ab")
        return self._files[stream]

    def _path(self, stream: str) -> Path:
        return self.folder / f"records-{stream}.ndjson"

    def _note(self, entry: dict[str, Any]) -> None:
        self._journal.write(json.dumps(entry).encode() + b"\n")
        self._journal.flush()

    def _read(self, path: Path, order: dict[str, Any]) -> None:
        """Take up what an earlier run left, up to the last entry that is whole."""
        kept = 0
        with path.open("rb") as file:
            for line in file:
                try:
                    entry = json.loads(line) if line.endswith(b"\n") else None
                    self._take_up(entry, order)
                except (ValueError, KeyError, TypeError, AttributeError):
                    break
                kept += len(line)
        if not kept:
            raise NotResumable(f"{self.folder}: what is there is no journal of a collection; delete the folder")
        with path.open("r+b") as file:
            file.truncate(kept)
        for records in self.folder.glob("records-*.ndjson"):
            stream = records.name.removeprefix("records-").removesuffix(".ndjson")
            with records.open("r+b") as file:
                file.truncate(self._sizes.get(stream, 0))

    def _take_up(self, entry: Any, order: dict[str, Any]) -> None:
        if "order" in entry:
            if entry["order"] != json.loads(json.dumps(order)):
                raise NotResumable(
                    f"{self.folder}: holds a collection of other targets or options; "
                    "give the same ones, or leave out --resume to begin anew"
                )
            return
        if entry.get("restart"):
            self.jobs[entry["job"]] = Job()
            return
        job, (start, size) = self.job(entry["job"]), entry["slice"]
        stream = entry["job"].partition("|")[0]
        self._sizes[stream] = max(self._sizes.get(stream, 0), start + size)
        job.slices.append((start, size))
        job.records += entry["records"]
        job.token, job.read_time = entry["token"], entry["read_time"] or job.read_time
        part = entry["part"]
        if part is not None:
            types = tuple(part["asset_types"])
            job.part = Part(**{**part, "state": State(part["state"]), "asset_types": types})
