"""The map phase: every line is read once, asked what it alone can answer, and kept only if something must wait."""

from __future__ import annotations

import re
from typing import Any

import msgspec
from msgspec import UNSET

from auditor.access.collect import Collector
from auditor.access.control.inventory import Inventory
from auditor.access.control.ways import LARGE
from auditor.completeness import COLLECTION
from auditor.engine.deferred import Deferred
from auditor.engine.parking import Parking
from auditor.engine.population import POLICY, RESOURCE, Population
from auditor.engine.precedents import Answers, Precedent, Precedents
from auditor.engine.questions import Ask, NotYet
from auditor.engine.recorder import Recorder, Rehearsal, Subject
from auditor.engine.routes import Route, Routes
from auditor.estate import Estate
from auditor.model.run import READ_BEFORE
from auditor.resources import content
from auditor.resources.base import Asset, Resource
from auditor.resources.decode import Envelope, Unreadable, detached_policy, parse, resource_of
from auditor.resources.policy import Policy
from auditor.resources.resourcemanager import Project
from auditor.sources.base import GAPS_TOLD, Gaps, Source

_NAME_FIRST, _TYPE_FOLLOWS = b'{"name":"', b'","asset_type":"'
"""How exports begin a line."""
_START = len(_NAME_FIRST)
_COLLECTION = COLLECTION.encode()
_WHOLE = (b"}\n", b"}")
_HEAD = re.compile(rb'\s*\{\s*"name"\s*:\s*"([^"\\]+)"\s*,\s*"asset_type"\s*:\s*"([^"\\]+)"')


class Mapper:
    """Streams sources into verdicts, the estate, and the parking of what has to wait."""

    def __init__(
        self,
        routes: Routes,
        recorder: Recorder,
        estate: Estate,
        parking: Parking,
        collector: Collector | None = None,
        inventory: Inventory | None = None,
        unlimited: bool = False,
    ) -> None:
        self.population = Population()
        self.gaps = Gaps()
        estate.missing = self.gaps.missing
        self.unreadable = 0
        self.duplicates: list[str] = []
        self._rehearsal = Rehearsal()
        self._not_yet: Any = NotYet()
        self._trusted = False
        self.containers: dict[str, str] = {}
        """Projects, folders and organisations that are assets themselves, with their names."""
        self._routes = routes
        self._recorder = recorder
        self._estate = estate
        self._parking = parking
        self._collector = collector
        self.inventory = inventory
        """What runs; without its content once the estate is too large for paths to control."""
        self._unlimited = unlimited

    def read(self, source: Source) -> int:
        """Stream one source; how many records it gave."""
        routes, recorder, add = self._routes.by_bytes, self._recorder, self.population.add
        before = self.population.records + self.unreadable
        recorder.path = source.path
        self._trusted = source.trusted
        self._estate.partial |= source.partial
        for recorder.place, line in source.lines(self.gaps):
            end_of_name = line.find(_TYPE_FOLLOWS, _START)
            name = line[_START:end_of_name]
            type_at = end_of_name + len(_TYPE_FOLLOWS)
            route = routes.get(line[type_at : line.find(b'"', type_at)])
            if route is None or b"\\" in name or not line.startswith(_NAME_FIRST):
                spelled_otherwise = self._head(line)
                if spelled_otherwise is None:
                    self._reshape(line)
                    continue
                route, name = spelled_otherwise
            if route.carries_policies and content.CARRIES_POLICIES.search(line):
                self._reshape(line)
            elif route.reads_data or route.decides_access or route.runs or b"iam_policy" in line:
                self._record(route, line, name)
            elif not line.endswith(_WHOLE) and not line.rstrip().endswith(b"}"):
                self._unread("the line is cut off")
            elif not add(name, route.asset_type, RESOURCE, b""):  # nothing rests on what it says
                self._duplicate(name.decode(errors="replace"), contradicts=False)
        self._estate.damaged |= bool(self.unreadable or self.gaps.files)
        return self.population.records + self.unreadable - before

    def _head(self, line: bytes) -> tuple[Route, bytes] | None:
        """Route and name of a line that begins with them, in any spelling; None for all others."""
        match = _HEAD.match(line)
        if match is None:
            return None
        name, asset_type = match.groups()
        if asset_type == _COLLECTION:
            return None
        return self._routes.of(asset_type.decode(errors="replace")), name

    def _reshape(self, line: bytes) -> None:
        """Bring a line of another shape to records of the usual one."""
        if line.isspace():
            return
        try:
            documents = content.records(parse(line), trusted=self._trusted)
        except Unreadable as problem:
            self._unread(str(problem))
            return
        for document in documents:
            name = document["name"].encode("utf-8", "surrogatepass")
            self._record(self._routes.of(document["asset_type"]), msgspec.json.encode(document), name)

    def _record(self, route: Route, line: bytes, name: bytes) -> None:
        try:
            envelope = route.decoder.decode(line)
        except Unreadable as problem:
            self._unread(str(problem))
            return
        ours = envelope.unknown or envelope.address or envelope.source
        if envelope.camel_policy is not UNSET or (ours and not self._trusted):
            self._reshape(line)
            return
        if envelope.name.encode("utf-8", "surrogatepass") != name or envelope.asset_type != route.asset_type:
            self._unread("an asset with two names or types")
            return
        parts = (RESOURCE if envelope.resource else 0) | (POLICY if envelope.iam_policy else 0)
        if envelope.unread:
            parts |= (RESOURCE if "resource" in envelope.unread else 0) | (
                POLICY if "iam_policy" in envelope.unread else 0
            )
        contradictions = self.population.contradictions
        fresh = self.population.add(name, route.asset_type, parts, line)
        if fresh != parts:
            self._duplicate(envelope.name, self.population.contradictions > contradictions)
            if not fresh:
                return
        self._use(route, envelope, line, name, fresh)

    def _use(self, route: Route, envelope: Envelope[Any], line: bytes, name: bytes, fresh: int) -> None:
        """Ask what can be asked of the parts that are new, and park the line if something has to wait."""
        if envelope.unread:
            self._tell_unread(envelope)
        if envelope.ancestors:
            self._estate.homes.number(envelope.ancestors[0])
        policy = detached_policy(envelope) if fresh & POLICY else None
        resource = None
        if fresh & RESOURCE and route.view is not None and (route.reads_data or route.decides_access):
            resource = resource_of(envelope, route.view)
        if self._collector is not None and (route.decides_access or policy is not None):
            self._collect(self._collector, route, envelope, line, policy, resource)
        if route.runs and fresh & RESOURCE:
            self._take_stock(route, line, resource)
        if resource is not None and route.reads_data:
            self._ask_resource(route, envelope, line, name, resource)
        if policy is not None:
            self._ask_policy(route, envelope, line, policy)
            for group in route.deferred if _tells_place(envelope, line) else ():
                if group.wants_policy and not self._has_answered(name, group):
                    self._ask_early_of_policy(group, name, policy)
        if self._must_wait(route, name, fresh):
            self._parking.add(envelope.name, route.asset_type, envelope.source or self._recorder.source, line)

    def _collect(
        self,
        collector: Collector,
        route: Route,
        envelope: Envelope[Any],
        line: bytes,
        policy: Policy[Any] | None,
        resource: Resource | None,
    ) -> None:
        """Hand on what decides access."""
        wanted = collector.reads(route.asset_type)
        if wanted is not None and wanted is not route.view:
            collector.add(line, trusted=self._trusted)  # it reads something else of the type than the checks
            return
        readable = wanted is not None and "resource" not in envelope.unread
        collector.learn(envelope, policy, resource if readable else None, told=_tells_place(envelope, line))

    def _must_wait(self, route: Route, name: bytes, fresh: int) -> bool:
        """Whether something about the asset can be asked, or told to be unasked, only when all input was read."""
        if not (route.deferred or (route.on_resource and not fresh & RESOURCE)):
            return False
        seen = self.population.parts(name)
        if fresh & RESOURCE:
            return any(not seen & group.mark for group in route.deferred)
        return not seen & RESOURCE or any(group.wants_policy and not seen & group.mark for group in route.deferred)

    def _has_answered(self, name: bytes, group: Deferred) -> bool:
        return bool(self.population.parts(name) & group.mark)

    def _ask_resource(
        self, route: Route, envelope: Envelope[Any], line: bytes, name: bytes, resource: Resource
    ) -> None:
        """Ask what the resource alone answers."""
        route.resources += 1
        if route.retained:
            self._estate.add(resource, line)
        if route.container:
            self.containers[envelope.key] = envelope.name
            self._estate.add_container(envelope)
            if isinstance(resource, Project):
                self._estate.add_project(envelope.key, resource)
        precedents = route.precedents
        if precedents is not None and not envelope.unknown and not envelope.unread:
            precedent = precedents.of(resource)
            if precedent is not None:
                self._follow(precedent, precedents, route, name, resource)
                return
        self._recorder.ask(route.on_resource, envelope, resource)
        for group in route.deferred:
            if group.early and not self._has_answered(name, group):
                self._ask_early(group, name, envelope, resource)

    def _take_stock(self, route: Route, line: bytes, resource: Resource | None) -> None:
        """Let the inventory learn of what runs, until it is too large to be of use."""
        inventory = self.inventory
        if inventory is None or inventory.dropped:
            return
        inventory.take(route.asset_type, line, resource)
        bindings = self._collector.bindings if self._collector is not None else 0
        if inventory.size + bindings > LARGE and not self._unlimited:
            self.inventory = Inventory(dropped=inventory.size)

    def _follow(
        self, precedent: Precedent, precedents: Precedents, route: Route, name: bytes, resource: Resource
    ) -> None:
        """Take the precedent's answers over, and ask what it leaves open."""
        asset = resource.asset
        self._take_over(precedent.streaming, precedents.varied, asset, resource)
        for group, answers, varied in zip(route.deferred, precedent.deferred, precedents.varied_deferred, strict=True):
            if answers is None or not group.early or self._has_answered(name, group):
                continue
            if not varied or self._rehearsal.answers(varied, asset, resource):
                self._take_over(answers, varied, asset, resource)
                self._mark(group, name)

    def _take_over(self, answers: Answers, varied: list[Ask], asset: Asset, subject: Subject) -> None:
        """Count what a precedent answers, and ask what has to be asked of each asset."""
        answers.served += 1
        if answers.again:
            self._recorder.ask(answers.again, asset, subject)
        if varied:
            self._recorder.ask(varied, asset, subject)

    def _mark(self, group: Deferred, name: bytes) -> None:
        group.judged += 1
        self.population.mark(name, group.mark)

    def _ask_early(self, group: Deferred, name: bytes, asset: Asset, resource: Resource) -> None:
        """Ask the deferred checks now, if all of them can answer from the resource alone."""
        if group.by_resource.is_worth() and group.by_resource.note(
            self._rehearsal.answers(group.early, asset, resource)
        ):
            self._recorder.ask(group.early, asset, resource)
            self._mark(group, name)

    def _ask_early_of_policy(self, group: Deferred, name: bytes, policy: Policy[Any]) -> None:
        """Ask the deferred checks now, if the policy lets all of them pass, whatever else there is."""
        if not group.by_policy.is_worth():
            return
        asks = [ask.with_own(self._not_yet, policy) for ask in group.early_with_policy]
        hear, asset = self._rehearsal.answers, policy.asset
        if group.by_policy.note(
            hear(asks, asset, self._not_yet, well=True) and hear(group.early_on_policy, asset, policy, well=True)
        ):
            self._recorder.ask(asks, asset, self._not_yet)
            self._recorder.ask(group.early_on_policy, asset, policy)
            self._mark(group, name)

    def _ask_policy(self, route: Route, envelope: Envelope[Any], line: bytes, policy: Policy[Any]) -> None:
        route.policies += 1
        precedents = route.policy_precedents
        if precedents is None or envelope.unknown or envelope.unread:
            self._recorder.ask(route.on_policy, envelope, policy)
        else:
            policy.settle()
            precedent = precedents.of(policy)
            if precedent is None:
                self._recorder.ask(route.on_policy, envelope, policy)
            else:
                self._take_over(precedent.streaming, precedents.varied, envelope, policy)
        if route.container:
            self._estate.add_policy(envelope.key, line)
        if route.keeps_policies and route.view is not None:
            self._estate.add_policy_on(route.view, envelope.name, line)

    def _tell_unread(self, envelope: Envelope[Any]) -> None:
        for path, cause in envelope.unread.items():
            self.gaps.add_value(self._recorder.source, f"{path} is {cause}")

    def _unread(self, problem: str) -> None:
        self.unreadable += 1
        self.gaps.add_line(self._recorder.source, problem)

    def _duplicate(self, name: str, contradicts: bool) -> None:
        if contradicts:
            self.gaps.add_line(
                self._recorder.source,
                f"{name} was read before, and this record of it is different",
                "give one export of each asset, the latest; the first record was audited",
            )
        elif len(self.duplicates) < GAPS_TOLD:
            self.duplicates.append(f"{self._recorder.source}: {name} was {READ_BEFORE}")


def _tells_place(envelope: Envelope[Any], line: bytes) -> bool:
    """Whether the line says itself what the asset stands in; else another line of the asset may know more."""
    return b'"ancestors"' in line or bool(envelope.ancestry_path)
