"""Report formats by file suffix, through the entry points `auditor.reports`."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from typing import IO

import click

from auditor.cli import fail_usage
from auditor.cli.parameters import opened
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
        if not suffix:
            known = " ".join(f".{name}" for name in sorted(formats))
            raise fail_usage(f"{output}: its suffix should tell the format of the report; known: {known}")
        if suffix not in formats:
            raise fail_usage(UnknownName("report format", suffix, formats, output))
        if path.is_dir():
            raise fail_usage(f"{output}: is a folder; name a file in it")
        if not path.parent.is_dir():
            raise fail_usage(f"{output}: the folder {path.parent} does not exist")
        if not os.access(path if path.exists() else path.parent, os.W_OK):
            raise fail_usage(f"{output}: cannot be written, permission denied")
        writers.append((path, formats[suffix].load().render))
    return writers


def write_reports(run: Run, writers: Sequence[tuple[Path, Writer]]) -> tuple[list[str], list[str]]:
    """Write each report: (files that were written, what was wrong with the others)."""
    written: list[str] = []
    failures: list[str] = []
    for path, write in writers:
        try:
            with opened(path) as out:
                write(run, out)
            written.append(str(path))
        except click.ClickException as problem:
            failures.append(problem.message)
    return written, failures
