"""The judge phase: what needs the whole asset or the estate is asked now that every line was read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec import UNSET

from auditor.access.control.ways import WaysToControl
from auditor.access.effective import EffectiveAccess
from auditor.engine.mapper import Mapper
from auditor.engine.parking import Parked
from auditor.engine.population import RESOURCE
from auditor.engine.questions import Ask
from auditor.engine.recorder import Recorder
from auditor.engine.routes import CONTAINER, Route, Routes
from auditor.estate import Estate
from auditor.model.verdict import not_assessed
from auditor.resources.base import Asset
from auditor.resources.decode import Envelope, detached_policy, empty_view, resource_of
from auditor.resources.policy import Policy

_NO_RESOURCE = "the input has no resource content for this asset; export content type resource"
_ONLY_GRANTS = (
    "Terraform shows grants on this asset, and not the asset; "
    "an export of the estate has it, over which --on lays a plan"
)
_LEVELS = {"projects": "Project", "folders": "Folder", "organizations": "Organization"}


class Judge:
    """Judges parked assets and tells what could not be asked."""

    def __init__(
        self,
        routes: Routes,
        recorder: Recorder,
        estate: Estate,
        mapper: Mapper,
        access: EffectiveAccess | None = None,
        ways: WaysToControl | None = None,
    ) -> None:
        self._routes = routes
        self._recorder = recorder
        self._estate = estate
        self._mapper = mapper
        self._access = access
        self._ways = ways

    def parked(self, name: str, asset_type: str, lines: list[Parked]) -> None:
        """Ask about one asset, of which all lines are here (or, for a type without such checks, its policy only)."""
        route = self._routes.of(asset_type)
        seen = self._mapper.population.parts(name.encode("utf-8", "surrogatepass"))
        known = bool(seen & RESOURCE)
        waiting = [group for group in route.deferred if not seen & group.mark]
        if known and not waiting:
            return
        envelopes: list[Envelope[Any]] = []
        for source, line in lines:
            envelope = route.decoder.decode(line)
            envelope.source = envelope.source or source
            envelopes.append(envelope)
        asset = next((envelope for envelope in envelopes if envelope.resource is not UNSET), envelopes[0])
        cause = self._estate.missing.why([asset_type], asset.ancestors) or (
            _ONLY_GRANTS if asset.address else _NO_RESOURCE
        )
        if not known:
            self._not_asked(route.on_resource, asset, cause)  # only its IAM policy was read
        if not waiting:
            return
        assert route.view is not None  # only types with a view have deferred checks
        resource = resource_of(asset, route.view) if known else empty_view(route.view, asset, cause)
        policy = self._policy(route, asset, envelopes) if any(group.wants_policy for group in waiting) else None
        chain = self._estate.chain(asset, policy) if any(group.wants_chain for group in waiting) else None
        own = (resource, policy, chain, self._access, self._ways)
        for group in waiting:
            group.judged += 1
            self._recorder.ask(group.alike, asset, resource)
            self._recorder.ask([ask.with_own(*own) for ask in group.with_own], asset, resource)
            if policy is not None:
                self._recorder.ask([ask.with_own(*own) for ask in group.on_policy], asset, policy)

    def _policy(self, route: Route, asset: Asset, envelopes: list[Envelope[Any]]) -> Policy[Any]:
        """The asset's own policy: what was read; else what the estate says of its absence."""
        for envelope in envelopes:
            if isinstance(envelope.iam_policy, Policy) or "iam_policy" in envelope.unread:
                asset.unknown = {**envelope.unknown, **asset.unknown}
                asset.unread = {**envelope.unread, **asset.unread}
                policy = detached_policy(envelope)
                policy.asset = asset
                return policy
        return self._estate.absent_policy(asset, others=bool(route.policies))

    def missing_policies(self) -> None:
        """Checks of policies get one *not assessed* for each project or container whose policies are not there."""
        projects = {name: f"//{CONTAINER}{name}" for name in self._estate.homes if name.partition("/")[0] in _LEVELS}
        asked = {CONTAINER + level: self._routes.of_policies_in(CONTAINER + level) for level in _LEVELS.values()}
        for container, name in sorted({**projects, **self._mapper.containers}.items()):
            if self._estate.has_policy(container):
                continue
            asset_type = CONTAINER + _LEVELS.get(container.partition("/")[0], "Project")
            asset = Asset(name=name, asset_type=asset_type, ancestors=[container])
            cause = self._estate.why_no_policy(container) or self._estate.missing_policy
            was_asked = container in self._mapper.containers  # of the asset itself, whose policy is not known
            asks = [ask for ask in asked[asset_type] if ask.check.signature.streams or not was_asked]
            self._not_asked(asks, asset, cause)

    def missing_resources(self) -> None:
        """Checks of resources get one *not assessed* for each place of which not all of their kind were read."""
        for part in self._estate.missing:
            for route in self._routes:
                if part.policies or not part.asked or not part.touches(route.asset_type):
                    continue
                service, _, kind = route.asset_type.partition("/")
                name = "/".join(filter(None, (f"//{service}", part.place, kind, "*")))
                asset = Asset(name=name, asset_type=route.asset_type, ancestors=[part.place] if part.place else [])
                waiting = [ask for group in route.deferred for ask in group.on_resource]
                self._not_asked((*route.on_resource, *waiting), asset, part.cause)

    def _not_asked(self, asks: Iterable[Ask], asset: Asset, cause: str) -> None:
        for ask in asks:
            self._recorder.tallies[ask.check.id].asked += 1
            self._recorder.write(ask.check, asset, None, not_assessed(cause))

    def count_asked(self) -> None:
        """Add what was asked of whole types, which is counted by type."""
        for route in self._routes:
            for ask in route.on_resource:
                self._recorder.tallies[ask.check.id].asked += route.resources
            for ask in route.on_policy:
                self._recorder.tallies[ask.check.id].asked += route.policies
            for group in route.deferred:
                for ask in group.asks:
                    self._recorder.tallies[ask.check.id].asked += group.judged
            for precedents in (route.precedents, route.policy_precedents):
                if precedents is not None:
                    precedents.settle(self._recorder.tallies)
