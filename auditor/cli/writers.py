"""Report formats by file suffix, through the entry points `auditor.reports`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from typing import IO

from auditor.cli import fail_usage
from auditor.loading import REPORTS_GROUP
from auditor.model.run import Run
from auditor.names import UnknownName

Writer = Callable[[Run, IO[bytes]], None]


def report_writers(outputs: Sequence[str]) -> list[tuple[Path, Writer]]:
    """(path, writer) for each output. A suffix without a format ends the command before the scan."""
    formats = {entry.name: entry for entry in entry_points(group=REPORTS_GROUP)}
    writers: list[tuple[Path, Writer]] = []
    for output in outputs:
        path = Path(output)
        suffix = path.suffix.removeprefix(".").lower()
        if suffix not in formats:
            raise fail_usage(UnknownName("report format", suffix or output, formats, output))
        if not path.parent.is_dir():
            raise fail_usage(f"{output}: the folder {path.parent} does not exist")
        writers.append((path, formats[suffix].load().render))
    return writers
