"""One collection: the scope, the bulk, what the bulk does not hold, and the coverage of all of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from auditor.model.text import plural
from auditor.sources.live.assets import LARGE, PAGE, QUOTA, SERVICE, comes_otherwise, listed, requests_of
from auditor.sources.live.collectors import COLLECTORS
from auditor.sources.live.coverage import BULK, Coverage, Part
from auditor.sources.live.declaration import Collector, Place, Record
from auditor.sources.live.failures import Failure, Refused, State
from auditor.sources.live.journal import Head, Journal
from auditor.sources.live.needs import EVERYTHING, Needs
from auditor.sources.live.network import Calls, noticed, together
from auditor.sources.live.scope import Filter, Scope, resolve
from auditor.sources.live.via import exported, told

SLOW = 60
"""Requests a minute below which a quota is slow, and counted to the last."""
_WORKERS = 16
_HEAD = msgspec.json.Decoder(Head).decode
_STRIKES = 3
"""Places in a row that an API fails for by load, after which the others are not asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to collect."""

    targets: tuple[str, ...]
    needs: Needs = EVERYTHING
    rules: Filter = field(default_factory=Filter)
    services: tuple[str, ...] = ()
    """Collectors by name; empty for those whose assets are needed."""
    thorough: bool = False
    """Whether to wait for slow quotas."""
    via: str = ""
    """`gs://BUCKET/PREFIX` to export the bulk to, instead of listing it."""
    begun: str = ""
    """What tells this run's exports from those of others: a folder below `via`, for exports do not overwrite."""

    @property
    def exports(self) -> str:
        """Where this run's exports are written."""
        return "/".join(part for part in (self.via.rstrip("/"), self.begun) if part)

    def described(self) -> dict[str, Any]:
        """What a collection that is gone on with must have in common with this one."""
        needs = [None if part is None else sorted(part) for part in (self.needs.resources, self.needs.policies)]
        rules = [list(self.rules.include), list(self.rules.exclude)]
        return {
            "targets": list(self.targets),
            "needs": needs,
            "rules": rules,
            "services": list(self.services),
            "via": self.via,
        }


class Progress:
    """Is told how far a collection is. This one keeps it to itself."""

    def say(self, text: str) -> None:
        """Something that the user wants to know once."""

    def begin(self, work: str, total: int | None = None) -> None:
        """A piece of work with so many steps."""

    def advance(self, work: str, steps: int = 1) -> None:
        """So many more steps of it are done."""

    def end(self, work: str) -> None:
        """It is done."""


class Collection:
    """Collects what was ordered into a journal. `run` may be cancelled at any moment; what was committed stays."""

    def __init__(self, order: Order, calls: Calls, journal: Journal, progress: Progress | None = None) -> None:
        self.order = order
        self._calls = calls
        self._journal = journal
        self._progress = progress or Progress()

    async def run(self) -> Coverage:
        """Collect, and tell what is there and what is missing. Raises `NoCredentials`."""
        work = asyncio.ensure_future(self._run())
        try:
            await asyncio.wait({work})  # whatever the work does with being cancelled, this is
        finally:
            self._calls.end()
            work.cancel()
            work.add_done_callback(noticed)
        return work.result()

    async def _run(self) -> Coverage:
        self._again()
        coverage = Coverage(requested=list(self.order.targets))
        needs = self.order.needs
        coverage.asked_types = None if needs.resources is None else sorted(needs.resources)
        coverage.asked_policies = None if needs.policies is None else sorted(needs.policies)
        self._progress.begin("scope")
        scope = await resolve(self._calls, self.order.targets, self.order.rules)
        self._progress.end("scope")
        self._journal.restart("scope|")
        self._journal.commit("scope|", scope.records)
        for line in self.expectations(scope):
            self._progress.say(line)
        bulk = [
            self._bulk(scope, root, content, types)
            for root in scope.roots
            for content, types in requests_of(root.key, self.order.needs).items()
        ]
        chosen = self._chosen(scope)
        await together([*bulk, *(self._directly(*one) for one in chosen if not one[0].follows)])
        await together([self._directly(*one) for one in self._following(scope, chosen)])
        times = [job.read_time for job in self._journal.jobs.values() if job.read_time]
        coverage.read_time = min(times, default="")
        coverage.reached = [place.key for place in scope.places]
        coverage.excluded = scope.excluded
        coverage.ids = scope.ids
        coverage.roots = {place.key: scope.root_of(place) for place in scope.places}
        reached = set(coverage.reached)
        coverage.above = sorted(
            {name for root in scope.roots for name in root.ancestors} - reached - set(scope.excluded)
        )
        coverage.alone = [t for t in self.order.targets if any(r.names(t) and r.is_alone for r in scope.roots)]
        coverage.parts = [*_unreached(scope), *(job.part for _, job in sorted(self._journal.jobs.items()) if job.part)]
        coverage.notes = list(_notes(scope, self._chosen(scope)))
        return coverage

    def _again(self) -> None:
        """Take back what an earlier run did not finish."""
        for key, job in list(self._journal.jobs.items()):
            if job.part is not None and job.part.is_missing:
                if job.token:
                    job.part = None
                else:
                    self._journal.restart(key)
            elif job.part is None and not job.token:
                self._journal.restart(key)

    def expectations(self, scope: Scope) -> Iterator[str]:
        """What the user may expect of the time that this takes."""
        yield f"{plural(len(scope.places), 'place')} to collect from"
        if self.order.via:
            yield told(self.order.exports)
            return
        contents = sum(len(requests_of(root.key, self.order.needs)) for root in scope.roots)
        yield (
            f"ListAssets gives {PAGE:,} assets a request and {QUOTA.per_minute} requests a minute over "
            f"{plural(contents, 'list')}: {PAGE * QUOTA.per_minute:,} records a minute at best; "
            f"above {LARGE:,} assets an export by --via gs://BUCKET/PREFIX is faster"
        )
        for collector, places in self._chosen(scope):
            quota = min((rpc.quota for rpc in collector.rpcs), key=lambda quota: quota.per_minute)
            requests = len(places) * len(collector.rpcs)
            minutes = requests // quota.per_minute
            if minutes and (self.order.thorough or collector.fallback):
                yield f"{collector.name}: {requests:,} requests, about {plural(minutes, 'minute')} ({quota.name})"

    def _chosen(self, scope: Scope) -> list[tuple[Collector, list[Place]]]:
        """The collectors to ask, with the places that each is asked for."""
        roots = {root.key for root in scope.roots}
        chosen: list[tuple[Collector, list[Place]]] = []
        for collector in COLLECTORS:
            places = [place for place in scope.places if collector.asks(place, is_root=place.key in roots)]
            if collector.name not in self.order.services:
                if self.order.services or not self._needed(collector):
                    continue
                if collector.fallback:
                    places = [place for place in places if _without_inventory(scope, place)]
            if places:
                chosen.append((collector, places))
        return chosen

    def _following(
        self, scope: Scope, chosen: list[tuple[Collector, list[Place]]]
    ) -> Iterator[tuple[Collector, list[Place]]]:
        """The collectors that say more of what the bulk held, with the places that have some of it, or may have."""
        following = [(collector, places) for collector, places in chosen if collector.follows]
        homes: dict[str, set[str]] = {name: set() for collector, _ in following for name in collector.follows}
        if not homes:
            return
        for line in self._journal.lines():
            head = _HEAD(line)
            if head.asset_type in homes and head.ancestors:
                homes[head.asset_type].add(head.ancestors[0])
        for collector, places in following:
            wanted = all(self.order.needs.wants(name) for name in collector.follows)
            held = set().union(*(homes[name] for name in collector.follows))
            asked = [p for p in places if p.key in held or not wanted or not self._listed(scope.root_of(p))]
            for place in places:
                if place not in asked:
                    self._end(collector, place, (), _part(collector, place))
            yield collector, asked

    def _listed(self, root: str) -> bool:
        """Whether the resources below a target were listed to the end."""
        part = self._journal.job(f"{BULK}|{root}|resource").part
        return part is not None and part.state.is_complete

    def _needed(self, collector: Collector) -> bool:
        return any(":" in name or self.order.needs.wants(name) for name in collector.asset_types)

    async def _bulk(self, scope: Scope, root: Place, content: str, types: tuple[str, ...]) -> None:
        key = f"{BULK}|{root.key}|{content}"
        if self._journal.job(key).part is not None:
            return
        part = Part(BULK, SERVICE, root.key, State.EMPTY, asset_types=types, content=content)
        refused_before = scope.without_inventory.get(root.key)
        if refused_before is not None and content == "resource":
            self._journal.commit(key, (), part=_failed(part, refused_before))
            return
        work = f"{content} of {root.key}"
        self._progress.begin(work)
        try:
            await self._pages(scope, root, content, types)
        except Refused as refused:
            part = _failed(part, refused.failure)
        job = self._journal.job(key)
        if part.state is State.EMPTY and job.records:
            part = replace(part, state=State.COLLECTED)
        self._journal.commit(key, (), token=job.token, part=replace(part, records=job.records))
        self._progress.end(work)

    async def _pages(self, scope: Scope, root: Place, content: str, types: tuple[str, ...]) -> None:
        """Commit page after page, from where an earlier run ended; from the beginning where its token has expired."""
        key = f"{BULK}|{root.key}|{content}"
        job = self._journal.job(key)
        resumed = job.token
        try:
            if self.order.via:
                pages = exported(self._calls, root.key, content, types, self.order.exports)
            else:
                pages = listed(self._calls, root.key, content, types, token=job.token)
            async for page in pages:
                kept = [record for record in page.records if scope.keeps(record) and not comes_otherwise(record)]
                self._journal.commit(key, kept, token=page.token, read_time=page.read_time)
                self._progress.advance(f"{content} of {root.key}", len(kept))
        except Refused as refused:
            if not resumed or job.token != resumed or refused.failure.state is not State.REFUSED:
                raise
            self._journal.restart(key)
            await self._pages(scope, root, content, types)

    async def _directly(self, collector: Collector, places: list[Place]) -> None:
        """Ask one service of each place, several at once; give up on it where it fails by load again and again."""
        asked, left = self._affordable(collector, places)
        quota = collector.rpcs[0].quota
        words = f"{quota.name} are {quota.per_minute} a minute"
        if collector.only_thorough:
            words = "it takes a request for every project"
        for place in left:
            self._end(collector, place, (), _failed(_part(collector, place), Failure(State.NOT_ASKED, words)))
        self._progress.begin(collector.name, len(asked))
        waiting, strikes = iter(asked), _Strikes()

        async def work() -> None:
            for place in waiting:
                await self._ask(collector, place, strikes)
                self._progress.advance(collector.name)

        await together([work() for _ in range(min(_WORKERS, len(asked)))])
        self._progress.end(collector.name)

    def _affordable(self, collector: Collector, places: list[Place]) -> tuple[list[Place], list[Place]]:
        """(places to ask, places left out) by the collector's slowest quota; organisations and folders come first.

        Unless told to wait, only what the quota answers at once is asked; but what stands in for the inventory is.
        """
        quota = min((rpc.quota for rpc in collector.rpcs), key=lambda quota: quota.per_minute)
        each = sum(rpc.quota == quota for rpc in collector.rpcs)
        if self.order.thorough or collector.fallback:
            return places, []
        if collector.only_thorough:
            return [place for place in places if not place.is_active], [place for place in places if place.is_active]
        allowed = max(1, quota.per_minute - each + 1 if quota.per_minute < SLOW else quota.per_minute // each)
        left = [place for place in places if place.is_active][allowed:]
        return [place for place in places if place not in left], left

    async def _ask(self, collector: Collector, place: Place, strikes: _Strikes) -> None:
        part = _part(collector, place)
        known = self._journal.job(f"{collector.name}|{place.key}").part
        if known is not None:
            return
        records: list[Record] = []
        if not place.is_active:
            part = replace(part, state=State.PENDING_DELETION, harmless=True)
        elif strikes.failure is not None:
            words = f"not tried, for {_STRIKES} places before it failed so: {strikes.failure.detail}"
            part = _failed(part, replace(strikes.failure, detail=words))
        else:
            try:
                async for record in collector.collect(self._calls, place):
                    records.append(record)  # noqa: PERF401 - what came before a failure is kept
            except Refused as refused:
                strikes.count(refused.failure)
                harmless = refused.failure.state is State.DISABLED and place.names(refused.failure.consumer)
                part = replace(_failed(part, refused.failure), harmless=harmless)
            else:
                strikes.count(None)
                part = replace(part, state=State.COLLECTED if records else State.EMPTY)
        self._end(collector, place, records, replace(part, records=len(records)))

    def _end(self, collector: Collector, place: Place, records: Iterable[Record], part: Part) -> None:
        key = f"{collector.name}|{place.key}"
        if self._journal.job(key).part is None:
            self._journal.commit(key, records, part=part)


class _Strikes:
    """Counts the failures by load in a row; `failure` is set once they are too many."""

    def __init__(self) -> None:
        self.failure: Failure | None = None
        self._in_a_row = 0

    def count(self, failure: Failure | None) -> None:
        self._in_a_row = self._in_a_row + 1 if failure is not None and failure.state.passes else 0
        if self._in_a_row >= _STRIKES:
            self.failure = failure


def _part(collector: Collector, place: Place) -> Part:
    types, instead = collector.asset_types, collector.fallback
    return Part(collector.name, collector.service, place.key, State.EMPTY, asset_types=types, instead=instead)


def _failed(part: Part, failure: Failure) -> Part:
    return replace(part, state=failure.state, detail=failure.detail, permission=failure.permission)


def _unreached(scope: Scope) -> Iterator[Part]:
    for target, failure in scope.unreached.items():
        yield _failed(Part("scope", SERVICE, target, State.EMPTY, content="resource"), failure)


def _without_inventory(scope: Scope, place: Place) -> bool:
    return any(name in scope.without_inventory for name in (place.key, *place.ancestors))


def _notes(scope: Scope, chosen: list[tuple[Collector, list[Place]]]) -> Iterator[str]:
    """What the report tells of how it was collected."""
    instead = ", ".join(collector.name for collector, _ in chosen if collector.fallback)
    for root, failure in scope.without_inventory.items():
        yield (
            f"Cloud Asset Inventory was refused for {root} ({failure.words}); instead of it were asked: "
            f"{instead or 'no others'}; assets of other services are missing"
        )
