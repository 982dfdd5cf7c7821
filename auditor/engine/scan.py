"""One scan: stream every source through the routes, then judge what had to wait."""

from __future__ import annotations

import contextlib
import gc
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import IO, Any, Protocol

import msgspec
from msgspec import UNSET

from auditor.check import Check, Settings, in_project
from auditor.clock import Clock
from auditor.engine.parking import Parked, Parking
from auditor.engine.population import POLICY, RESOURCE, Population
from auditor.engine.recorder import Recorder, Subject
from auditor.engine.routes import Route, Routes
from auditor.estate import MISSING_POLICY, Estate
from auditor.model.run import Gap
from auditor.model.verdict import PASS, not_assessed
from auditor.resources import content
from auditor.resources.base import Asset, Resource
from auditor.resources.decode import Envelope, Unreadable, decoder, empty_view, parse, unknown_policy
from auditor.resources.policy import Policy
from auditor.resources.resourcemanager import Project

_HEAD = re.compile(rb'\s*\{\s*"name"\s*:\s*"([^"\\]+)"\s*,\s*"asset_type"\s*:\s*"([^"\\]+)"')
_CONTAINER = "cloudresourcemanager.googleapis.com/"
_GAPS_TOLD = 100
_NO_RESOURCE = "the input has no resource content for this asset; export content type resource"


class Source(Protocol):
    """Where assets come from: lines of Cloud Asset Inventory JSON, each one asset or one content of it."""

    @property
    def path(self) -> str:
        """The file."""

    @property
    def kind(self) -> str:
        """What it was taken for, in words."""

    @property
    def partial(self) -> bool:
        """Whether the source shows only part of the estate (a plan), so that absence proves nothing."""

    @property
    def unsupported(self) -> Counter[str]:
        """Terraform types met that cannot be read yet, known after `lines` was used up."""

    def lines(self, gaps: Gaps) -> Iterator[tuple[int | str, bytes]]:
        """(place, line) of each record; what cannot be read is told to `gaps`.

        The place is the line's number in `path`, or where that means nothing, the place in words.
        """
        ...


class Gaps:
    """What could not be read. Of broken lines the first are kept word for word, all are counted."""

    def __init__(self) -> None:
        self.told: list[Gap] = []
        self.untold = 0

    def add(self, where: str, problem: str, advice: str) -> None:
        """Note that a file, or the rest of it, could not be read."""
        self.told.append(Gap(where=where, problem=problem, advice=advice))

    def add_line(self, where: str, problem: str) -> None:
        """Note that one record could not be read."""
        if len(self.told) < _GAPS_TOLD:
            self.add(where, problem, "export the assets again, or mend the line; every other line was audited")
        else:
            self.untold += 1

    def __len__(self) -> int:
        return len(self.told) + self.untold


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


class Scan:
    """Asks `checks` of everything in the sources. Use once: `run(sources)`."""

    def __init__(
        self,
        checks: list[Check],
        *,
        clock: Clock,
        settings: dict[str, Settings],
        exported: frozenset[str] = frozenset(),
        ledger: IO[bytes] | None = None,
    ) -> None:
        readable = frozenset(view for check in checks for view in check.reads)
        self.estate = Estate(readable=readable, exported=exported)
        self.routes = Routes(checks, settings, clock, self.estate)
        self.recorder = Recorder(checks, ledger)
        self.population = Population()
        self.gaps = Gaps()
        self._path = ""
        self._unreadable = 0
        self._duplicates: list[str] = []
        self._projects: set[str] = set()
        self._lineages: dict[tuple[str, ...], list[str]] = {}
        self._containers: dict[str, str] = {}

    def run(self, sources: Iterable[Source]) -> Outcome:
        """Read the sources, ask every check, and give back all that was found."""
        records: dict[str, int] = {}
        with Parking() as parking, _seldom_collecting():
            for source in sources:
                self.estate.partial |= source.partial
                records[source.path] = self._map(source, parking)
            for name, asset_type, lines in parking:
                self._judge(name, self.routes.of(asset_type), lines)
        self._judge_missing_policies()
        self._count_asked()
        for finding in self.recorder.findings:
            finding.project = self.estate.project_id(finding.project)
            finding.fix = in_project(finding.fix, finding.project)
        self.recorder.findings.sort(key=lambda f: (f.severity.rank, f.check, f.asset))
        self.recorder.crashes.sort(key=lambda crash: (crash.check, crash.asset))
        return Outcome(
            recorder=self.recorder,
            population=self.population,
            routes=self.routes,
            gaps=self.gaps,
            unreadable=self._unreadable,
            duplicates=self._duplicates,
            records=records,
        )

    def _map(self, source: Source, parking: Parking) -> int:
        """Stream one source; how many records it gave."""
        head, population, by_type = _HEAD.match, self.population, self.routes.of
        self._path = source.path
        before = len(population) + population.further_parts + population.duplicates + self._unreadable
        for place, line in source.lines(self.gaps):
            match = head(line)
            if match is None:
                self._reshape(line, place, parking)
                continue
            asset_type = match[2].decode()
            if _takes_apart(asset_type, line):
                self._reshape(line, place, parking)
                continue
            route = by_type(asset_type)
            if route.view is None and b"iam_policy" not in line:
                if not line.rstrip().endswith(b"}"):
                    self._unread(place, "the line is cut off")
                elif not population.add(match[1], asset_type, RESOURCE):
                    self._duplicate(place, match[1].decode(errors="replace"))
                continue
            self._record(route, line, place, parking)
        after = len(population) + population.further_parts + population.duplicates + self._unreadable
        return after - before

    def _reshape(self, line: bytes, place: int | str, parking: Parking) -> None:
        """Bring a line of another shape to records of the usual one."""
        try:
            documents = content.records(parse(line))
        except Unreadable as problem:
            self._unread(place, str(problem))
            return
        for document in documents:
            route = self.routes.of(document["asset_type"])
            self._record(route, msgspec.json.encode(document), place, parking)

    def _record(self, route: Route, line: bytes, place: int | str, parking: Parking) -> None:
        try:
            envelope = route.decoder.decode(line)
        except Unreadable as problem:
            self._unread(place, str(problem))
            return
        policy = envelope.iam_policy if isinstance(envelope.iam_policy, Policy) else None
        parts = (RESOURCE if envelope.resource is not UNSET or policy is None else 0) | (POLICY if policy else 0)
        fresh = self.population.add(envelope.name.encode("utf-8", "surrogatepass"), route.asset_type, parts)
        if fresh != parts:
            self._duplicate(place, envelope.name)
            if not fresh:
                return
        if not envelope.source:
            envelope.source = self._place(place)
        if envelope.ancestors:
            self._projects.add(envelope.ancestors[0])
        if fresh & RESOURCE and route.view is not None:
            self._ask_resource(route, envelope)
        if fresh & POLICY and policy is not None:
            self._ask_policy(route, envelope, policy, line)
        if route.deferred or (fresh == POLICY and route.on_resource):
            parking.add(envelope.name, route.asset_type, envelope.source, line)

    def _ask_resource(self, route: Route, envelope: Envelope[Any]) -> None:
        resource = _resource(route, envelope)
        route.resources += 1
        self._put(route.on_resource, envelope, resource)
        if route.retained:
            envelope.ancestors = self._lineages.setdefault(tuple(envelope.ancestors), envelope.ancestors)
            self.estate.add(resource)
        if route.asset_type.startswith(_CONTAINER):
            self._containers[envelope.key] = envelope.name
            if isinstance(resource, Project):
                self.estate.add_project(envelope.key, resource)

    def _ask_policy(self, route: Route, envelope: Envelope[Any], policy: Policy[Any], line: bytes) -> None:
        envelope.iam_policy = UNSET  # no reference cycle: these structs are invisible to the collector
        policy.asset = envelope
        route.policies += 1
        self._put(route.on_policy, envelope, policy)
        if route.asset_type.startswith(_CONTAINER):
            self.estate.add_policy(envelope.key, partial(_load_policy, bytes(line)))

    def _put(self, questions: Iterable[tuple[Check, tuple[Any, ...]]], asset: Asset, subject: Subject) -> None:
        """Ask each check about `subject`; a question is the check and its further arguments."""
        recorder = self.recorder
        every = recorder.ledger is not None
        for check, rest in questions:
            try:
                verdict = check.function(subject, *rest)
                if verdict is PASS and not every:
                    continue
                recorder.write(check, asset, subject, verdict)
            except Exception as error:  # the one place that isolates a check
                recorder.write(check, asset, subject, recorder.verdict_of(check, asset, error))

    def _judge(self, name: str, route: Route, lines: list[Parked]) -> None:
        """Ask what needs the whole asset or the estate, now that all lines were read."""
        seen = self.population.parts(name.encode("utf-8", "surrogatepass"))
        envelopes = []
        for place, line in lines:
            envelope = route.decoder.decode(bytes(line))
            envelope.source = envelope.source or place
            envelopes.append(envelope)
        whole = next((e for e in envelopes if e.resource is not UNSET), None)
        if not route.deferred:
            if not seen & RESOURCE:
                self._unasked(route, envelopes[0])
            return
        asset = whole or envelopes[0]
        if seen & RESOURCE:
            resource = _resource(route, asset)
        else:
            assert route.view is not None  # only types with a view have deferred checks
            resource = empty_view(route.view, asset, _NO_RESOURCE)
            self._unasked(route, asset)
        policy = self._policy(asset, envelopes)
        own = {"resource": resource, "policy": policy, "chain": self.estate.chain(asset, policy)}
        for ask in route.deferred:
            self.recorder.tallies[ask.check.id].asked += 1
            subject, *rest = self.routes.arguments(ask, own)
            self._put([(ask.check, tuple(rest))], asset, subject)

    def _policy(self, asset: Asset, envelopes: list[Envelope[Any]]) -> Policy[Any]:
        """The asset's own policy: what was read; empty where its project's policies were exported; else unknown."""
        for envelope in envelopes:
            if isinstance(envelope.iam_policy, Policy):
                policy: Policy[Any] = envelope.iam_policy
                asset.unknown = {**envelope.unknown, **asset.unknown}
                envelope.iam_policy = UNSET
                policy.asset = asset
                return policy
        container = asset.project or (asset.ancestors[0] if asset.ancestors else asset.key)
        if self.estate.has_policy(container) and container != asset.key and not self.estate.partial:
            return Policy(asset=asset)
        return unknown_policy(asset, MISSING_POLICY)

    def _unasked(self, route: Route, asset: Asset) -> None:
        """An asset of which only the IAM policy was exported: its resource checks could not be asked."""
        for ask in route.on_resource:
            self.recorder.tallies[ask.check.id].asked += 1
            self.recorder.write(ask.check, asset, None, not_assessed(_NO_RESOURCE))

    def _judge_missing_policies(self) -> None:
        """Checks of policies get one *not assessed* for each project or container whose policies are not there."""
        projects = {name: f"//cloudresourcemanager.googleapis.com/{name}" for name in self._projects}
        for container, name in sorted({**projects, **self._containers}.items()):
            if self.estate.has_policy(container):
                continue
            kind = {"projects": "Project", "folders": "Folder", "organizations": "Organization"}
            asset_type = _CONTAINER + kind.get(container.partition("/")[0], "Project")
            asset = Asset(name=name, asset_type=asset_type, ancestors=[container])
            for ask in self.routes.of_policies_in(asset_type):
                self.recorder.tallies[ask.check.id].asked += 1
                self.recorder.write(ask.check, asset, None, not_assessed(MISSING_POLICY))

    def _count_asked(self) -> None:
        for route in self.routes:
            for ask in route.on_resource:
                self.recorder.tallies[ask.check.id].asked += route.resources
            for ask in route.on_policy:
                self.recorder.tallies[ask.check.id].asked += route.policies

    def _place(self, place: int | str) -> str:
        return f"{self._path}:{place}" if isinstance(place, int) else place

    def _unread(self, place: int | str, problem: str) -> None:
        self._unreadable += 1
        self.gaps.add_line(self._place(place), problem)

    def _duplicate(self, place: int | str, name: str) -> None:
        if len(self._duplicates) < _GAPS_TOLD:
            self._duplicates.append(f"{self._place(place)}: {name} was read before; the first one counts")


@contextlib.contextmanager
def _seldom_collecting() -> Iterator[None]:
    """Let the garbage collector look less often: lines leave no cycles, and what is kept is kept to the end."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(200_000, 50, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


def _takes_apart(asset_type: str, line: bytes) -> bool:
    """Whether a line may carry organisation or access policies, which become assets of their own."""
    if asset_type.startswith(_CONTAINER) or "accesscontextmanager" in asset_type:
        return asset_type.startswith("identity.") or content.CARRIES_POLICIES.search(line) is not None
    return False


def _resource(route: Route, envelope: Envelope[Any]) -> Resource:
    """The typed view of an envelope's data, detached from it."""
    payload = envelope.resource
    data = payload.data if payload is not UNSET and payload is not None else None
    envelope.resource = UNSET  # no reference cycle: these structs are invisible to the collector
    if data is None:
        assert route.view is not None
        cause = envelope.unknown.get("resource.data", "the line carries no resource data")
        return empty_view(route.view, envelope, cause)
    data.asset = envelope
    return data  # type: ignore[no-any-return]


def _load_policy(line: bytes) -> Policy[Any]:
    envelope = decoder(None).decode(line)
    policy: Policy[Any] = envelope.iam_policy if isinstance(envelope.iam_policy, Policy) else Policy()
    envelope.iam_policy = UNSET
    policy.asset = envelope
    return policy
