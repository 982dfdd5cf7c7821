"""From a world and what runs in it to the control graph: bindings, groups and the escalation catalogue as links.

What becomes a link: a binding whose role gives (at least part of) a way of a primitive; membership of groups; each
primitive that says what it wins from bindings or from what runs (`Edge.BINDING`, `Edge.INVENTORY`). What does not:
powers over a few APIs only; primitives that say themselves that no estate suffices; roles of unknown permissions,
which are counted (`ControlGraph.unknown_roles`); disabled service accounts; assets that were not collected.

Source: cloud.google.com/iam/docs/attach-service-accounts (accounts of other projects)
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from auditor.access.bindings import bare_role
from auditor.access.conjunction import Conjunction
from auditor.access.control.abilities import (
    FOLDERS,
    ORGANIZATIONS,
    PROJECTS,
    RELAY,
    REPOSITORIES,
    SUPPLY,
    TAKE_OVER,
    Abilities,
    Gained,
    Site,
    drawn,
    part_key,
)
from auditor.access.control.control_graph import ACCOUNT, RESOURCE, ControlGraph, Reason, Reasons
from auditor.access.control.grants_in_force import Grants, InForce, is_custom, is_set
from auditor.access.control.guardrails import Guardrails, Withheld
from auditor.access.control.inventory import Inventory
from auditor.access.control.memberships import link_memberships
from auditor.access.control.primitives import Edge, Gain, Primitive, primitives
from auditor.access.control.winnings import Winnings
from auditor.access.effective import EffectiveAccess
from auditor.access.hierarchy import MANAGER
from auditor.access.members import parse
from auditor.access.places import label
from auditor.access.world import World
from auditor.sources.files import not_collecting

_MEMBER = "serviceAccount:"
_OWN = {PROJECTS: "projects", FOLDERS: "folders", ORGANIZATIONS: "organizations"}
_REWRITE = "role.update"


def control_graph(world: World, inventory: Inventory, now: datetime, members: Iterable[str] = ()) -> ControlGraph:
    """The control graph of an estate, as of `now`. `members` are in it even where no binding names them."""
    with not_collecting():
        builder = _Builder(world, inventory, now)
        for member in members:
            builder.control.identity(member)
        return builder.build()


def with_something_to_win(found: Iterable[Primitive], inventory: Inventory) -> Iterator[Primitive]:
    """Those primitives for which, if they need something that runs already, the inventory has such a thing."""
    running = {workload.asset_type for workload in inventory.workloads}
    supplied = any(name.startswith(REPOSITORIES) for workload in inventory.workloads for name in workload.supplies)
    for primitive in found:
        needed = primitive.edge is Edge.INVENTORY and primitive.gain is not Gain.FEDERATED_IDENTITY
        there = supplied if primitive.id == SUPPLY else not running.isdisjoint(primitive.asset_types)
        if there or not needed:
            yield primitive


class _Custom(NamedTuple):
    """Who holds a custom role where, for whoever may rewrite it."""

    node: int
    reason: int
    role: str
    scope: str
    held: bool


class _Builder:
    def __init__(self, world: World, inventory: Inventory, now: datetime) -> None:
        self.world = world
        self.inventory = inventory
        self.now = now
        useful = list(with_something_to_win(drawn(now.date()), inventory))
        self.at = {site: Abilities(world.roles, useful, site) for site in Site}
        self.abilities = self.at[Site.CONTAINER]
        self.control = ControlGraph(world.hierarchy, reasons=Reasons(world.bindings))
        self._steps: dict[str, int] = {}
        self._customs: list[_Custom] = []
        self._withheld: list[Withheld] = []
        self._workloads = {world.places.canonical(workload.name) for workload in inventory.workloads}
        self._supplies = {name for workload in inventory.workloads for name in workload.supplies}

    def build(self) -> ControlGraph:
        control = self.control
        grants = Grants(Conjunction(self.world), self.abilities, self.now)
        minting = self.abilities.mask("iam.serviceAccounts.getAccessToken", "iam.serviceAccounts.implicitDelegation")
        relayed: list[tuple[InForce, str, int]] = []
        for name in self.world.bindings.scopes.all:
            scope, site = self._scope(name)
            for grant in grants.of(name, self.at[site]) if scope else ():
                reason = self._bind(grant, scope, site)
                if grant.withheld is not None and site is not Site.RESOURCE:
                    self._withhold(grant, scope, reason, grants)
                if (grant.certain | grant.possible) & minting:
                    relayed.append((grant, scope, reason))
        control.unknown_roles = grants.unknown_roles()
        self._lift_guardrails()
        for container in sorted(self._containers()):
            control.owner(container)
        self._entitlements()
        self._own_policies()
        link_memberships(control, self.world)
        self._join_parts()
        self._rewrites()
        if control.has(RELAY):
            self._relays(relayed)
        Winnings(self.world, self.inventory, control, self.now).link()
        return control

    def _containers(self) -> set[str]:
        """All containers that the input names."""
        canonical = self.world.hierarchy.canonical
        found = {canonical(name) for name in self.inventory.containers}
        found.update(self.world.places.container(scope) for scope in self.world.bindings.scopes.all)
        found.update(canonical(workload.project) for workload in self.inventory.workloads)
        found.update(self.world.places.container_of_account(address) for address in self.inventory.accounts if address)
        return {name for container in found if container for name in self.world.hierarchy.way(container).names}

    # From bindings to abilities

    def _bind(self, grant: InForce, scope: str, site: Site) -> int:
        """Lead who holds by a binding to what it gives. Returns the number of the reason."""
        control = self.control
        node = control.identity(grant.holder)
        reason = control.reasons.add_binding(grant.binding, grant.member)
        if grant.certain | grant.possible:
            control.bound.add(node)
            for target, certain in self._given(grant.certain, grant.possible, scope, site):
                control.graph.add_edge(node, target, reason, certain)
        role = self.world.bindings.roles[self.world.bindings.role_of[grant.binding]]
        if is_custom(role) and site is not Site.RESOURCE:
            self._customs.append(_Custom(node, reason, bare_role(role), scope, grant.held))
        return reason

    def _withhold(self, grant: InForce, scope: str, reason: int, grants: Grants) -> None:
        """Note what a guardrail keeps from somebody, if it is one that can be lifted."""
        certain, possible = grant.withheld or (0, 0)
        bindings = self.world.bindings
        condition = bindings.conditions[bindings.condition_of[grant.binding]] if grant.lacks_tag else ""
        container = self._above(scope)
        lifted_at = () if condition else grants.denying(container, certain | possible)
        if lifted_at or condition:
            node = self.control.identity(grant.holder)
            self._withheld.append(Withheld(node, reason, certain, possible, scope, container, lifted_at, condition))

    def _lift_guardrails(self) -> None:
        if self._withheld:
            access = EffectiveAccess(self.world, self.now)
            Guardrails(self.control, access, self._given_at).add(self._withheld)

    def _given_at(self, certain: int, possible: int, scope: str) -> Iterator[tuple[int, bool]]:
        return self._given(certain, possible, scope, site_of(scope))

    def _scope(self, name: str) -> tuple[str, Site]:
        """The scope of a binding as abilities know it, `""` where the catalogue has nothing to win."""
        if name.startswith(MANAGER):
            return self.world.hierarchy.canonical(name.removeprefix(MANAGER)), Site.CONTAINER
        if "/serviceAccounts/" in name and name.startswith("//iam.googleapis.com/"):
            return ACCOUNT + name.rpartition("/")[2], Site.ACCOUNT
        known = name in self._workloads or name in self._supplies
        return RESOURCE + name if known else "", Site.RESOURCE

    def _given(self, certain: int, possible: int, scope: str, site: Site) -> Iterator[tuple[int, bool]]:
        """The nodes of what some permissions give at a scope, and whether they surely give it."""
        for key, gained, sure in self.at[site].given(certain, possible):
            yield (self._gained(gained, scope) if gained else self.control.ability(key, scope)), sure

    def _gained(self, gained: Gained, scope: str) -> int:
        """The node of a primitive at a scope, which leads to what it gives."""
        key, primitive = gained.key, gained.primitive
        name = f"by {primitive.id}" if gained.certain == primitive.is_certain else f"by {primitive.id}+"
        known = self.control.own(name, scope)
        if known is not None:
            return known
        node = self.control.ability(name, scope)
        self.control.graph.add_edge(node, self.control.ability(key, scope), self._step(primitive), gained.certain)
        return node

    def _step(self, primitive: Primitive) -> int:
        if primitive.id not in self._steps:
            reason = Reason(primitive.title, None, primitive.id, direct=primitive.gain is Gain.SCOPE)
            self._steps[primitive.id] = self.control.reason(reason)
        return self._steps[primitive.id]

    def _join_parts(self) -> None:
        """All-of rules where parts of a way are given by different roles."""
        for site, abilities in self.at.items():
            for bits, gained in abilities.parts:
                keys = [part_key(bit) for bit in bits]
                scopes = dict.fromkeys(scope for key in keys for scope in self.control.scopes_of(key))
                for scope in scopes:
                    if site_of(scope) is site:
                        self._join(keys, gained, scope)

    def _join(self, keys: Sequence[str], gained: Gained, scope: str) -> None:
        nodes = [self.control.own(key, scope) for key in keys]
        above = self._above(scope)
        held = [self.control.at(key, above) if node is None else node for key, node in zip(keys, nodes, strict=True)]
        known = [node for node in held if node is not None]
        if len(known) == len(keys):
            self.control.graph.add_all_of(known, self._gained(gained, scope))

    def _above(self, scope: str) -> str:
        """The container of a scope, or the scope where it is one."""
        if scope.startswith(ACCOUNT):
            return self._home(scope.removeprefix(ACCOUNT))
        return self.world.places.container(scope.removeprefix(RESOURCE)) if scope.startswith(RESOURCE) else scope

    # What is won at once

    def _own_policies(self) -> None:
        """Whoever may set the policy of containers below a scope controls each of them."""
        for container, node in list(self.control.controls()):
            for key, kind in _OWN.items():
                if container.startswith(f"{kind}/"):
                    above = self.control.at(key, container)
                    if above is not None:
                        self.control.link(above, node)

    def _rewrites(self) -> None:
        """Whoever may rewrite a custom role that the same identity holds controls where it is held."""
        control = self.control
        rewriters: dict[str, int | None] = {}
        joined: dict[tuple[str, str], int] = {}
        for custom in self._customs:
            role = custom.role
            if role not in rewriters:
                owner = self.world.hierarchy.canonical(role.partition("/roles/")[0])
                rewriters[role] = control.at(_REWRITE, owner)
            rewriter = rewriters[role]
            if rewriter is not None:
                held = joined.get((role, custom.scope))
                if held is None:
                    held = joined[role, custom.scope] = self._rewritable(role, custom.scope, rewriter)
                control.graph.add_edge(custom.node, held, custom.reason, custom.held)

    def _rewritable(self, role: str, scope: str, rewriter: int) -> int:
        """A new node: that a custom role is held on a scope."""
        control = self.control
        held, won = control.graph.add_nodes(2)
        step = Reason(f"Add permissions to {role}, which one holds", None, _REWRITE)
        control.graph.add_all_of([rewriter, held], won, control.reason(step))
        is_account = scope.startswith(ACCOUNT)
        control.link(won, control.ability(TAKE_OVER, scope) if is_account else control.owner(scope))
        return held

    def _entitlements(self) -> None:
        """Whoever is eligible for an entitlement may come to hold its roles."""
        primitive = next((one for one in primitives() if one.id == "pam.grant"), None)
        if primitive is None or not primitive.works_on(self.now.date()):
            return
        for entitlement in self.inventory.entitlements:
            scope, site = self._scope(self.world.places.canonical(entitlement.resource))
            holder = self.control.named("entitlement", label(entitlement.name))
            for role in entitlement.roles if scope else ():
                mask = self.world.roles.known_mask(bare_role(role)) & self.at[site].relevant
                reason = self.control.reason(Reason(f"The grant gives {role}"))
                for node, certain in self._given(mask, 0, scope, site):
                    self.control.link(holder, node, reason, certain)
            step = Reason(f"Request a grant of {entitlement.name.rpartition('/')[2]}", None, primitive.id)
            for member in entitlement.eligible:
                self.control.link(self.control.identity(parse(member).canonical), holder, step, certain=False)

    # Delegation

    def _relays(self, grants: Iterable[tuple[InForce, str, int]]) -> None:
        """What an account may mint can be had through it, by whoever may delegate to it: its powers alone are not."""
        control = self.control
        relays: dict[str, int] = defaultdict(control.graph.add_node)
        token = self.abilities.mask("iam.serviceAccounts.getAccessToken")
        delegation = self.abilities.mask("iam.serviceAccounts.implicitDelegation")
        for grant, scope, reason in grants:
            for bit, key in ((token, TAKE_OVER), (delegation, RELAY)):
                if (grant.certain | grant.possible) & bit:
                    control.link(relays[grant.holder], control.ability(key, scope), reason, bool(grant.certain & bit))
        groups = [name for name in relays if is_set(name)]
        for group in groups:
            for member in self.world.group_members.get(group, ()):
                if is_set(member) and member not in relays:
                    groups.append(member)
                control.link(relays[member], relays[group], Reason(f"{member} is a member of {group}"))
        for member, node in relays.items():
            if member.startswith(_MEMBER):
                address = member.removeprefix(_MEMBER)
                for holder in (control.own(RELAY, ACCOUNT + address), control.at(RELAY, self._home(address))):
                    if holder is not None:
                        control.link(holder, node, Reason(f"Delegate through {address}", None, "sa.delegation"))

    def _home(self, address: str) -> str:
        return self.world.places.container_of_account(address)


def site_of(scope: str) -> Site:
    """What kind of thing a scope is."""
    if scope.startswith(ACCOUNT):
        return Site.ACCOUNT
    return Site.RESOURCE if scope.startswith(RESOURCE) else Site.CONTAINER
