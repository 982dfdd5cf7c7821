"""For each asset type: which checks ask it, when, and how its lines are decoded."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from auditor.access.collect import DECIDE_ACCESS
from auditor.access.control.inventory import TYPES
from auditor.check import Check, Settings
from auditor.clock import Clock
from auditor.engine.deferred import Deferred, grouped
from auditor.engine.precedents import Precedents
from auditor.engine.questions import OWN, Ask, Own
from auditor.estate import Estate
from auditor.resources.base import VIEWS, Resource
from auditor.resources.decode import Decoder, decoder
from auditor.resources.resourcemanager import Project

CONTAINER = "cloudresourcemanager.googleapis.com/"


@dataclass(slots=True, eq=False)
class Route:
    """What happens to the lines of one asset type."""

    asset_type: str
    view: type[Resource] | None
    decoder: Decoder[Any]
    on_resource: list[Ask] = field(default_factory=list)
    on_policy: list[Ask] = field(default_factory=list)
    deferred: tuple[Deferred, ...] = ()
    """What can be asked, or answered, only when more was read."""
    retained: bool = False
    keeps_policies: bool = False
    """Whether checks of other assets read the IAM policies of these."""
    container: bool = False
    """A project, folder or organisation."""
    carries_policies: bool = False
    """Whether organisation or access policies may hang on such an asset, which become assets of their own."""
    resources: int = 0
    """Resource parts seen, to which `on_resource` was asked."""
    policies: int = 0
    precedents: Precedents | None = None
    """What is remembered of such assets; None where every verdict is written down."""
    policy_precedents: Precedents | None = None
    """The same of their policies."""
    decides_access: bool = False
    """Whether such assets themselves decide who has access: groups, roles, denials."""
    runs: bool = False
    """Whether such assets tell what runs in the estate, and as whom."""
    reads_data: bool = False
    """Whether anything is done with `resource.data`; else only lines with an IAM policy are decoded."""

    @property
    def checks(self) -> int:
        """How many selected checks ask this type; checks of policies only where one was read."""
        deferred = sum(len(group.asks) for group in self.deferred)
        return len(self.on_resource) + deferred + (len(self.on_policy) if self.policies else 0)


class Routes:
    """The routes of a scan, by asset type; made once for types that no check names."""

    ALWAYS = (
        CONTAINER + "Organization",
        CONTAINER + "Folder",
        CONTAINER + "Project",
    )

    def __init__(
        self,
        checks: list[Check],
        settings: dict[str, Settings],
        clock: Clock,
        estate: Estate,
        *,
        remembers: bool = True,
    ) -> None:
        self.asks = [self._ask(check, settings, clock, estate) for check in checks]
        retained = {view for check in checks for view in check.reads}
        with_policies = {view for check in checks for view in check.reads_policies}
        self._remembers = remembers
        self._by_type: dict[str, Route] = {}
        self.by_bytes: dict[bytes, Route] = {}
        """As in the input, for the routes made so far."""
        for asset_type, view in VIEWS.items():
            asked = [ask for ask in self.asks if _asks(ask.check, view)]
            if not asked and view not in retained and asset_type not in self.ALWAYS:
                continue
            route = self._add(
                Route(asset_type, view, decoder(view), retained=view in retained, keeps_policies=view in with_policies)
            )
            for ask in asked:
                if ask.check.signature.streams:
                    (route.on_policy if ask.check.signature.wants_policy else route.on_resource).append(ask)
            route.deferred = grouped((ask for ask in asked if not ask.check.signature.streams), estate)
            if remembers:
                route.precedents = Precedents(route.on_resource, *(group.early for group in route.deferred))
                route.policy_precedents = Precedents(route.on_policy)
            route.container = asset_type in self.ALWAYS
            route.reads_data = bool(route.on_resource or route.deferred) or route.retained or route.container
        self._any_policy = [ask for ask in self.asks if not ask.check.signature.subjects]
        if any(check.signature.wants_access for check in checks):
            for asset_type in DECIDE_ACCESS:
                self.of(asset_type).decides_access = True
        if any(check.signature.wants_ways for check in checks):
            for asset_type in TYPES:
                self.of(asset_type).runs = True

    def __iter__(self) -> Any:
        return iter(self._by_type.values())

    def of(self, asset_type: str) -> Route:
        """The route of a type; a type without a view still has its IAM policies asked."""
        route = self._by_type.get(asset_type)
        if route is None:
            route = self._add(Route(asset_type, None, decoder(None), on_policy=self._any_policy))
            if self._remembers:
                route.policy_precedents = Precedents(route.on_policy)
        return route

    def _add(self, route: Route) -> Route:
        route.carries_policies = route.asset_type.startswith(CONTAINER) or "accesscontextmanager" in route.asset_type
        self._by_type[route.asset_type] = route
        self.by_bytes[route.asset_type.encode("utf-8", "surrogatepass")] = route
        return route

    def of_policies_in(self, container: str) -> list[Ask]:
        """The checks of policies that a container of this type has itself, and the streaming ones that it may hold."""
        view = VIEWS[container]
        levels = {VIEWS[name] for name in self.ALWAYS}
        return [
            ask
            for ask in self.asks
            if ask.check.signature.arguments[0] == "policy"
            and (
                (_asks(ask.check, view) and (ask.check.signature.streams or ask.check.signature.wants_ways))
                or (
                    ask.check.signature.streams
                    and view is Project
                    and not levels.intersection(ask.check.signature.subjects)
                )
            )
        ]

    def _ask(self, check: Check, settings: dict[str, Settings], clock: Clock, estate: Estate) -> Ask:
        kind = check.signature.settings
        own = settings.get(check.id) or (kind() if kind else None)
        shared = {"clock": clock, "estate": estate, "settings": own}
        rest = (Own(name) if name in OWN else shared[name] for name in check.signature.arguments[1:])
        return Ask(check, check.function, tuple(rest))


def _asks(check: Check, view: type[Resource]) -> bool:
    subjects = check.signature.subjects
    return not subjects or view in subjects
