"""What is going to be asked: which service of which places, and how long that takes by the quotas."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from auditor.model.text import plural
from auditor.sources.live.assets import LARGE, PAGE, QUOTA, requests_of
from auditor.sources.live.collectors import COLLECTORS
from auditor.sources.live.declaration import Collector, Place, Quota
from auditor.sources.live.needs import EVERYTHING, Needs
from auditor.sources.live.scope import Filter, Scope
from auditor.sources.live.via import told

SLOW = 60
"""Requests a minute below which a quota is slow, and counted to the last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to collect."""

    targets: tuple[str, ...]
    needs: Needs = EVERYTHING
    rules: Filter = field(default_factory=Filter)
    services: tuple[str, ...] = ()
    """Collectors by name; empty for those whose assets are needed."""
    skip: tuple[str, ...] = ()
    """Collectors by name that are not asked, although their assets may be needed."""
    thorough: bool = False
    """Whether to wait for slow quotas."""
    residency: tuple[str, ...] = ()
    """Where Security Command Center keeps data of its own, beside globally: `eu`, `us`, `sa`."""
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
            "residency": list(self.residency),
        }


def chosen_of(order: Order, scope: Scope, *, skipped: bool = False) -> list[tuple[Collector, list[Place]]]:
    """The collectors to ask, with the places that each is asked for; or those that would be, and are skipped."""
    roots, tops = ({root.key for root in some} for some in (scope.roots, scope.tops.values()))
    chosen: list[tuple[Collector, list[Place]]] = []
    for collector in COLLECTORS:
        if (collector.name in order.skip) is not skipped:
            continue
        targets = tops if collector.holds_below else roots
        places = [place for place in scope.places if collector.asks(place, is_root=place.key in targets)]
        if collector.name not in order.services:
            if order.services or not any(":" in name or order.needs.wants(name) for name in collector.asset_types):
                continue
            if collector.fallback:
                places = [place for place in places if scope.root_of(place) in scope.without_inventory]
        if places:
            chosen.append((collector, places))
    return chosen


def slowest(collector: Collector) -> tuple[Quota, int]:
    """The slowest quota that a collector uses, and how many of its requests for a place count on it."""
    quota = min((rpc.quota for rpc in collector.rpcs), key=lambda quota: quota.per_minute)
    return quota, sum(rpc.quota == quota for rpc in collector.rpcs)


def affordable(order: Order, collector: Collector, places: list[Place]) -> tuple[list[Place], list[Place]]:
    """(places to ask, places left out) by the collector's slowest quota; organisations and folders come first.

    Unless told to wait, only what the quota answers at once is asked; but what stands in for the inventory is.
    """
    quota, each = slowest(collector)
    if order.thorough or collector.fallback:
        return places, []
    if collector.only_thorough:
        return [place for place in places if not place.is_active], [place for place in places if place.is_active]
    allowed = max(1, quota.per_minute - each + 1 if quota.per_minute < SLOW else quota.per_minute // each)
    left = {place.key for place in [place for place in places if place.is_active][allowed:]}
    return [place for place in places if place.key not in left], [place for place in places if place.key in left]


def expectations(order: Order, scope: Scope) -> Iterator[str]:
    """What the user may expect of the time that a collection takes, and of what it leaves out."""
    yield from scope.unmatched
    yield f"{plural(len(scope.places), 'place')} to collect from"
    if order.via:
        yield told(order.exports)
    else:
        contents = sum(len(requests_of(root, order.needs)) for root in scope.tops)
        minutes = contents // QUOTA.per_minute
        least = f", at least {plural(minutes, 'minute')}" if minutes else ""
        yield (
            f"ListAssets gives {PAGE:,} assets a request and {QUOTA.per_minute} requests a minute over "
            f"{plural(contents, 'list')}{least}: {PAGE * QUOTA.per_minute:,} records a minute at best; "
            f"above {LARGE:,} assets an export by --via gs://BUCKET/PREFIX is faster"
        )
    for collector, places in chosen_of(order, scope):
        quota, each = slowest(collector)
        asked, left = affordable(order, collector, places)
        most = "at most " if collector.follows else ""
        requests = each * sum(place.is_active for place in asked)
        minutes = max(0, requests - 1) // quota.per_minute  # what a quota has, it answers at once
        if minutes and (order.thorough or collector.fallback):
            yield (
                f"{collector.name}: {most}{plural(requests, 'request')}, about {plural(minutes, 'minute')} "
                f"({quota.name} are {quota.per_minute} a minute)"
            )
        if left:
            more = max(1, len(left) * each // quota.per_minute)
            yield (
                f"{collector.name}: {len(left):,} of {plural(len(places), 'place')} are not asked; --thorough asks "
                f"them, {most}{plural(more, 'minute')} longer"
            )
