"""What a scan reads: the targets as sources, and on a terminal how far it is."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auditor.cli import fail_usage
from auditor.cli.live import is_live, live_sources

if TYPE_CHECKING:
    from auditor.cli.asking import Asking
    from auditor.sources.base import Source


def sources_given(targets: tuple[str, ...], options: dict[str, Any], asking: Asking) -> tuple[list[Source], list[str]]:
    """The sources of all targets; a target that is none is told, and is an error where no other is left."""
    from auditor.sources.detect import NotATarget, Reading, Unusable, sources_of

    if options["git_history"] and not options["secrets"]:
        raise fail_usage("--git-history goes with --secrets")
    reading = Reading(
        terraform_dir=options["terraform_dir"],
        var_files=options["var_files"],
        secrets=options["secrets"],
        history=options["git_history"],
        needs=asking.needs,
        opinion=asking.opinion,
    )

    found: list[Source] = []
    failures: list[str] = []
    for target in targets:
        if is_live(target):
            continue
        try:
            found.extend(sources_of(target, reading))
        except NotATarget as problem:
            failures.append(str(problem))
            found.append(Unusable(target, str(problem).removeprefix(f"{target}: ")))
    if len(failures) == len(targets):
        raise fail_usage("\n".join(failures))
    return live_sources(targets, asking, options) + found, failures


def estate_given(
    targets: tuple[str, ...], sources: list[Source], options: dict[str, Any], asking: Asking
) -> list[Source]:
    """The sources of the estate that a plan is laid over; ends the command where one cannot be read."""
    from auditor.sources.detect import NotATarget, Reading, sources_of
    from auditor.sources.overlay import NotAPlan, plan_in

    if not targets:
        return []
    if len(sources) != 1:
        raise fail_usage(f"--on takes one plan as TARGET, not {len(sources)} files")
    reading = Reading(needs=asking.needs)
    try:
        plan_in(sources[0])
        saved = [source for target in targets if not is_live(target) for source in sources_of(target, reading)]
    except (NotAPlan, NotATarget) as problem:
        raise fail_usage(problem) from None
    return live_sources(targets, asking, options) + saved


def refuse_overwriting(reports: list[Path], ledger: str | None, sources: list[Source]) -> None:
    """End the command where an output would destroy an input, or another output."""
    if ledger is not None and not ledger.endswith((".ndjson", ".jsonl", ".ndjson.gz", ".jsonl.gz")):
        raise fail_usage(f"{ledger}: a ledger is newline-delimited JSON; call it .ndjson or .ndjson.gz")
    inputs = {os.path.realpath(getattr(source, "file", source.path)) for source in sources}  # loops of links end there
    taken: set[str] = set()
    for output in [*reports, *([Path(ledger)] if ledger else [])]:
        real = os.path.realpath(output)
        if real in inputs:
            raise fail_usage(f"{output}: would overwrite an input; choose another name")
        if real in taken:
            raise fail_usage(f"{output}: named twice as an output")
        taken.add(real)


@contextlib.contextmanager
def in_progress(sources: list[Source]) -> Iterator[list[Source]]:
    """On a terminal, a line that says how far the scan is; else nothing."""
    if not sys.stderr.isatty():
        yield sources
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn("line"),
        TextColumn("{task.description}", markup=False),
        TextColumn("{task.completed:,} records"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        yield [_Watched(s, progress, s.path, s.kind, s.partial, s.trusted, s.unsupported) for s in sources]


@dataclass(frozen=True, slots=True)
class _Watched:
    """A source that reports how far it is, for a person who waits."""

    source: Source
    progress: Any
    path: str
    kind: str
    partial: bool
    trusted: bool
    unsupported: Any

    def lines(self, gaps: Any) -> Iterator[tuple[int | str, bytes]]:
        task = self.progress.add_task(f"reading {self.path.rpartition('/')[2] or self.path}", total=None)
        for number, item in enumerate(self.source.lines(gaps), 1):
            if not number % 5000:
                self.progress.update(task, completed=number)
            yield item
        self.progress.remove_task(task)
