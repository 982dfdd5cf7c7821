"""One collection: the scope, the bulk, what the bulk does not hold, and the coverage of all of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import msgspec

from auditor.sources.live.assets import SERVICE, comes_otherwise, listed, requests_of, unlisted
from auditor.sources.live.coverage import BULK, SKIPPED, UNLISTED, Coverage, Part, not_listed
from auditor.sources.live.declaration import Collector, Place, Record
from auditor.sources.live.failures import Failure, Refused, State
from auditor.sources.live.journal import Head, Job, Journal
from auditor.sources.live.network import Calls, noticed, together
from auditor.sources.live.plan import Order, affordable, chosen_of, expectations
from auditor.sources.live.scope import Scope, resolve
from auditor.sources.live.via import exported

_WORKERS = 16
_BATCH = 1_000
"""Records that are kept in memory for each request that is under way."""
_HEAD = msgspec.json.Decoder(Head).decode
_SCOPE = "scope"
_SAME = timedelta(days=1)
"""How far apart the moments may be that one collection shows."""
_STRIKES = 3
"""Places in a row that an API fails for by load, after which the others are not asked."""


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
        before = self._journal.jobs.get(f"{_SCOPE}|", Job()).read_time
        self._again()
        coverage = Coverage(requested=list(self.order.targets))
        needs = self.order.needs
        coverage.asked_types = None if needs.resources is None else sorted(needs.resources)
        coverage.asked_policies = None if needs.policies is None else sorted(needs.policies)
        self._progress.begin(_SCOPE)
        scope = await resolve(self._calls, self.order.targets, self.order.rules)
        self._progress.end(_SCOPE)
        self._calls.moment = scope.read_time = self._snapshot(before, scope.read_time)
        self._journal.restart(f"{_SCOPE}|")
        self._journal.commit(f"{_SCOPE}|", scope.records, read_time=scope.read_time)
        for line in expectations(self.order, scope):
            self._progress.say(line)
        bulk = [
            self._bulk(scope, root, content, types)
            for root in scope.tops.values()
            for content, types in requests_of(root.key, self.order.needs).items()
        ]
        chosen = chosen_of(self.order, scope)
        self._skip(scope)
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
        coverage.notes = [*scope.unmatched, *_notes(scope, chosen)]
        return coverage

    def _snapshot(self, before: str, now: str) -> str:
        """The moment that the inventory is asked of: one for all contents, that of the run that is gone on with, too.

        What is of another day does not go with what is of today, and is collected again.
        """
        bulk = [key for key in self._journal.jobs if key.startswith(f"{BULK}|")]
        if not before or not now or not bulk:
            return now
        if datetime.fromisoformat(now) - datetime.fromisoformat(before) < _SAME:
            return before
        self._progress.say(f"What the inventory held at {before} is more than a day old, and is collected again")
        for key in bulk:
            self._journal.restart(key)
        return now

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

    def _skip(self, scope: Scope) -> None:
        """Tell of what is not asked because the user said so."""
        left = Failure(State.NOT_ASKED, SKIPPED)
        for collector, places in chosen_of(self.order, scope, skipped=True):
            for place in places:
                self._end(collector, place, (), _failed(_part(collector, place), left))

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
            asked: list[Place] = []
            for place in places:
                if place.key in held or not wanted or not self._listed(scope.root_of(place)):
                    asked.append(place)
                else:
                    self._end(collector, place, (), _part(collector, place))
            yield collector, asked

    def _listed(self, root: str) -> bool:
        """Whether the resources below a target were listed to the end."""
        part = self._journal.job(f"{BULK}|{root}|resource").part
        return part is not None and part.state.is_complete

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
        """Commit page after page, from where an earlier run ended.

        Asset types that the inventory does not list are left out and told. A token that has expired is given up, and
        the list begun anew, once.
        """
        key, left = f"{BULK}|{root.key}|{content}", list(types)
        resumed, anew = self._journal.job(key).token, False
        while left or not types:
            try:
                await self._read(scope, root, content, left)
            except Refused as refused:
                unknown, token = unlisted(refused.failure, left), self._journal.job(key).token
                for name in unknown:
                    self._journal.commit(f"{UNLISTED}|{key}|{name}", (), part=not_listed(root.key, content, name))
                left = [name for name in left if name not in unknown]
                if unknown:
                    continue
                expired = token and (token == resumed or "token" in refused.failure.detail.casefold())
                if anew or not expired or refused.failure.state is not State.REFUSED:
                    raise
                self._journal.restart(key)
                anew = True
            else:
                return

    async def _read(self, scope: Scope, root: Place, content: str, types: list[str]) -> None:
        """Commit what pages hold."""
        key, read_time = f"{BULK}|{root.key}|{content}", scope.read_time
        if self.order.via:
            pages = exported(self._calls, root.key, content, types, self.order.exports, read_time=read_time)
        else:
            token = self._journal.job(key).token
            pages = listed(self._calls, root.key, content, types, token=token, read_time=read_time)
        async for page in pages:
            kept = [record for record in page.records if scope.keeps(record) and not comes_otherwise(record)]
            self._journal.commit(key, kept, token=page.token, read_time=page.read_time)
            self._progress.advance(f"{content} of {root.key}", len(kept))

    async def _directly(self, collector: Collector, places: list[Place]) -> None:
        """Ask one service of each place, several at once; give up on it where it fails by load again and again."""
        asked, left = affordable(self.order, collector, places)
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

    async def _ask(self, collector: Collector, place: Place, strikes: _Strikes) -> None:
        part = _part(collector, place)
        key, records = f"{collector.name}|{place.key}", list[Record]()
        if self._journal.job(key).part is not None:
            return
        if not place.is_active:
            part = replace(part, state=State.PENDING_DELETION, harmless=True)
        elif strikes.failure is not None:
            words = f"not tried, for places before it failed so: {strikes.failure.detail}"
            part = _failed(part, replace(strikes.failure, detail=words))
        else:
            try:
                async for record in collector.collect(self._calls, place):
                    records.append(record)
                    if len(records) == _BATCH:  # what came before a failure is kept, and memory stays flat
                        self._journal.commit(key, records)
                        records = []
            except Refused as refused:
                strikes.count(refused.failure)
                harmless = refused.failure.state is State.DISABLED and place.names(refused.failure.consumer)
                part = replace(_failed(part, refused.failure), harmless=harmless)
            else:
                strikes.count(None)
                found = records or self._journal.job(key).records
                part = replace(part, state=State.COLLECTED if found else State.EMPTY)
        kept = self._journal.job(key).records
        self._end(collector, place, records, replace(part, records=kept + len(records)))

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
        if self._in_a_row >= _STRIKES or (failure is not None and failure.lasts):
            self.failure = failure


def _part(collector: Collector, place: Place) -> Part:
    types, instead = collector.asset_types, collector.fallback
    return Part(collector.name, collector.service, place.key, State.EMPTY, asset_types=types, instead=instead)


def _failed(part: Part, failure: Failure) -> Part:
    return replace(part, state=failure.state, detail=failure.detail, permission=failure.permission)


def _unreached(scope: Scope) -> Iterator[Part]:
    for target, failure in scope.unreached.items():
        yield _failed(Part("scope", SERVICE, target, State.EMPTY, content="resource"), failure)


def _notes(scope: Scope, chosen: list[tuple[Collector, list[Place]]]) -> Iterator[str]:
    """What the report tells of how it was collected."""
    instead = ", ".join(collector.name for collector, _ in chosen if collector.fallback)
    for root, failure in scope.without_inventory.items():
        yield (
            f"Cloud Asset Inventory was refused for {root} ({failure.words}); instead of it were asked: "
            f"{instead or 'no others'}; assets of other services are missing"
        )
