"""One scan: map every source, judge what had to wait, and give back all that was found."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from auditor.access.collect import Collector
from auditor.access.control.inventory import Inventory
from auditor.access.control.ways import WaysToControl
from auditor.access.effective import EffectiveAccess
from auditor.check import Check, Need, Settings, in_project
from auditor.clock import Clock
from auditor.engine.judge import Judge
from auditor.engine.mapper import Mapper
from auditor.engine.parking import Parking
from auditor.engine.population import Population
from auditor.engine.recorder import Recorder
from auditor.engine.routes import Routes
from auditor.estate import Estate
from auditor.resources.base import Resource
from auditor.sources.base import Gaps, Source
from auditor.sources.group_files import read_group_file


@dataclass(slots=True)
class Outcome:
    """What a scan found out, before it is written up as a run."""

    recorder: Recorder
    population: Population
    routes: Routes
    gaps: Gaps
    unreadable: int
    duplicates: list[str]
    records: dict[str, int]
    ways: WaysToControl | None
    """Who can come to control what, where a check asked for it."""


class Scan:
    """Asks `checks` of everything in the sources. Use once: `run(sources)`.

    `groups` are files that list members of groups; `unlimited` looks for paths to control in an estate of any size.
    """

    def __init__(
        self,
        checks: list[Check],
        *,
        clock: Clock,
        settings: dict[str, Settings],
        exported: frozenset[str] = frozenset(),
        ledger: IO[bytes] | None = None,
        groups: Iterable[Path] = (),
        unlimited: bool = False,
    ) -> None:
        readable = frozenset(view for check in checks for view in check.reads)
        with_policies = frozenset(view for check in checks for view in check.reads_policies)
        needs = {view: needs_of(checks, view) for view in readable}
        self.estate = Estate(readable=readable, with_policies=with_policies, needs=needs, exported=exported)
        self.routes = Routes(checks, settings, clock, self.estate, remembers=ledger is None)
        self.recorder = Recorder(checks, ledger)
        self._clock = clock
        wants_access = any(check.signature.wants_access for check in checks)
        self.collector = Collector(clock.now, exported=exported) if wants_access else None
        """Gathers who has access, where a selected check asks for it."""
        self._wants_ways = any(check.signature.wants_ways for check in checks)
        self._unlimited = unlimited
        self._first = {check.id for check in checks if check.signature.wants_ways}
        """Paths are told above what they are made of."""
        self._groups = tuple(groups)

    def run(self, sources: Iterable[Source]) -> Outcome:
        """Read the sources, ask every check, and give back all that was found."""
        records: dict[str, int] = {}
        with Parking() as parking, contextlib.closing(self.estate), _seldom_collecting():
            inventory = Inventory() if self._wants_ways else None
            mapper = Mapper(
                self.routes, self.recorder, self.estate, parking, self.collector, inventory, self._unlimited
            )
            del inventory  # of a large estate the mapper lets it go
            if self.collector is not None:
                for file in self._groups:
                    for group in read_group_file(file, mapper.gaps):
                        self.collector.add_group(group)
            for source in sources:
                records[source.path] = mapper.read(source)
            access = self._access()
            ways = self._ways(access, mapper.inventory)
            judge = Judge(self.routes, self.recorder, self.estate, mapper, access, ways)
            for name, asset_type, lines in parking:
                judge.parked(name, asset_type, lines)
        judge.missing_policies()
        judge.missing_resources()
        judge.count_asked()
        for finding in self.recorder.findings:
            finding.project = self.estate.project_id(finding.project)
            finding.fix = in_project(finding.fix, finding.project)
        self.recorder.findings.sort(key=lambda f: (f.severity.rank, f.check not in self._first, f.check, f.asset))
        self.recorder.crashes.sort(key=lambda crash: (crash.check, crash.asset))
        return Outcome(
            recorder=self.recorder,
            population=mapper.population,
            routes=self.routes,
            gaps=mapper.gaps,
            unreadable=mapper.unreadable,
            duplicates=mapper.duplicates,
            records=records,
            ways=ways,
        )

    def _access(self) -> EffectiveAccess | None:
        """Who can do what, now that all was read."""
        if self.collector is None:
            return None
        world = self.collector.world(
            partial=self.estate.partial, damaged=self.estate.damaged, missing=self.estate.missing
        )
        return EffectiveAccess(world, self._clock.now)

    def _ways(self, access: EffectiveAccess | None, inventory: Inventory | None) -> WaysToControl | None:
        if access is None or inventory is None:
            return None
        return WaysToControl(access, inventory, unlimited=self._unlimited)


def needs_of(checks: Iterable[Check], view: type[Resource]) -> list[Need]:
    """What the checks that read a view need of it; empty where one of them needs all."""
    readers = [check for check in checks if view in check.reads]
    return [check.needs[view] for check in readers] if all(view in check.needs for check in readers) else []


@contextlib.contextmanager
def _seldom_collecting() -> Iterator[None]:
    """Let the garbage collector look less often: lines leave no cycles, and what is kept is kept to the end."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(200_000, 50, 10_000)
    try:
        yield
    finally:
        gc.freeze()  # else the collector would walk all findings now
        gc.set_threshold(*before)
