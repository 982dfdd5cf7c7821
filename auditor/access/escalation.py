"""From a world and what runs in it to the control graph: bindings, groups and the escalation catalogue as links.

What becomes a link: a binding whose role gives (at least part of) a way of a primitive; membership of groups; each
primitive that says what it wins from bindings or from what runs (`Edge.BINDING`, `Edge.INVENTORY`). What does not:
powers over a few APIs only; primitives that say themselves that no estate suffices; roles of unknown permissions,
which are counted (`ControlGraph.unknown_roles`); disabled service accounts; assets that were not collected.

Source: cloud.google.com/iam/docs/attach-service-accounts (accounts of other projects)
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from auditor.access.abilities import (
    ACT,
    FOLDERS,
    ORGANIZATIONS,
    PROJECTS,
    RELAY,
    TAKE_OVER,
    Abilities,
    Gained,
)
from auditor.access.bindings import bare_role
from auditor.access.conjunction import Conjunction
from auditor.access.control_graph import ACCOUNT, RESOURCE, ControlGraph, Reason
from auditor.access.grants_in_force import Grants, InForce, is_set
from auditor.access.hierarchy import MANAGER
from auditor.access.inventory import Inventory
from auditor.access.members import parse
from auditor.access.memberships import link_memberships
from auditor.access.places import account_name, label
from auditor.access.primitives import Gain, Primitive, primitives
from auditor.access.winnings import Winnings
from auditor.access.world import World

_MEMBER = "serviceAccount:"
_OWN = {PROJECTS: "projects", FOLDERS: "folders", ORGANIZATIONS: "organizations"}
_CUSTOM = "custom role:"


def control_graph(world: World, inventory: Inventory, now: datetime, members: Iterable[str] = ()) -> ControlGraph:
    """The control graph of an estate, as of `now`. `members` are in it even where no binding names them."""
    builder = _Builder(world, inventory, now)
    for member in members:
        builder.control.identity(member)
    return builder.build()


class _Builder:
    def __init__(self, world: World, inventory: Inventory, now: datetime) -> None:
        self.world = world
        self.inventory = inventory
        self.now = now
        self.abilities = Abilities(world.roles, now.date())
        self.control = ControlGraph(world.hierarchy)
        self._steps: dict[str, Reason] = {}
        self._joined: set[tuple[int, int]] = set()
        self._workloads = {world.places.canonical(workload.name) for workload in inventory.workloads}
        self._supplies = {name for workload in inventory.workloads for name in workload.supplies}

    def build(self) -> ControlGraph:
        control = self.control
        grants = Grants(Conjunction(self.world), self.abilities, self.now)
        minting = self.abilities.mask("iam.serviceAccounts.getAccessToken", "iam.serviceAccounts.implicitDelegation")
        relayed: list[InForce] = []
        for grant in grants:
            self._bind(grant)
            if (grant.certain | grant.possible) & minting:
                relayed.append(grant)
        control.unknown_roles = dict(grants.unknown_roles)
        for container in sorted(self._containers()):
            control.owner(container)
        self._entitlements()
        self._own_policies()
        link_memberships(control, self.world)
        self._join_parts()
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
        found.update(self.world.places.container(account_name(address)) for address in self.inventory.accounts)
        return {name for container in found if container for name in self.world.hierarchy.way(container).names}

    # From bindings to abilities

    def _bind(self, grant: InForce) -> None:
        scope = self._scope(grant.scope)
        if not scope:
            return
        node = self.control.identity(grant.member)
        if not (grant.certain | grant.possible):
            self._custom(node, grant, scope)
            return
        self.control.bound.add(node)
        reason = self.control.reason(Reason("", grant.reference, direct=True))
        self._give(node, grant.certain, scope, reason, certain=True)
        if grant.possible:
            self._give(node, grant.certain | grant.possible, scope, reason, certain=False, beyond=grant.certain)
        self._custom(node, grant, scope)

    def _scope(self, name: str) -> str:
        """The scope of a binding as abilities know it, `""` where the catalogue has nothing to win."""
        if name.startswith(MANAGER):
            return self.world.hierarchy.canonical(name.removeprefix(MANAGER))
        if "/serviceAccounts/" in name and name.startswith("//iam.googleapis.com/"):
            return ACCOUNT + name.rpartition("/")[2]
        known = name in self._workloads or name in self._supplies
        return RESOURCE + name if known else ""

    def _give(self, node: int, mask: int, scope: str, reason: int, *, certain: bool, beyond: int = 0) -> None:
        """Lead a holder of permissions to the abilities at a scope; what `beyond` gives already is left out."""
        before = self.abilities.of(beyond) if beyond else {}
        for key, gained in self.abilities.of(mask).items():
            had = before.get(key)
            if had is None or (gained.certain and not had.certain):
                self.control.link(node, self._gained(gained, scope), reason, certain)
        if mask & ~beyond & self.abilities.act_as:
            self.control.link(node, self.control.ability(ACT, scope), reason, certain)
        for bit in self.abilities.missing(mask):
            if not beyond & bit:
                self.control.link(node, self.control.ability(f"part {bit.bit_length()}", scope), reason, certain)

    def _gained(self, gained: Gained, scope: str) -> int:
        """The node of a primitive at a scope, which leads to what it gives."""
        key, primitive = gained.key, gained.primitive
        sure = "" if gained.certain == primitive.is_certain else "+"
        name = f"by {primitive.id}{sure}"
        known = self.control.own(name, scope)
        if known is not None:
            return known
        node = self.control.ability(name, scope)
        self.control.link(node, self.control.ability(key, scope), self._step(primitive), gained.certain)
        return node

    def _step(self, primitive: Primitive) -> Reason:
        if primitive.id not in self._steps:
            self._steps[primitive.id] = Reason(primitive.title, None, primitive.id, direct=primitive.gain is Gain.SCOPE)
        return self._steps[primitive.id]

    def _join_parts(self) -> None:
        """All-of rules where parts of a way are given by different roles."""
        for bits, gained in self.abilities.parts:
            keys = [f"part {bit.bit_length()}" for bit in bits]
            scopes = dict.fromkeys(scope for key in keys for scope in self.control.scopes_of(key))
            for scope in scopes:
                nodes = [self.control.own(key, scope) or self.control.at(key, self._above(scope)) for key in keys]
                if all(node is not None for node in nodes):
                    self.control.graph.add_all_of(
                        [node for node in nodes if node is not None], self._gained(gained, scope)
                    )

    def _above(self, scope: str) -> str:
        """The container of a scope, or the scope where it is one."""
        if scope.startswith(ACCOUNT):
            return self.world.places.container(account_name(scope.removeprefix(ACCOUNT)))
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

    def _custom(self, node: int, grant: InForce, scope: str) -> None:
        """Remember who holds a custom role where, for whoever may rewrite it."""
        role = grant.reference.role
        owner, mark, _ = role.partition("/roles/")
        if not mark or scope.startswith(RESOURCE):
            return
        held = self.control.ability(f"{_CUSTOM}{role}", scope)
        self.control.link(node, held, Reason("", grant.reference, direct=True), grant.held)
        self._rewritable(role, self.world.hierarchy.canonical(owner), scope, held)

    def _rewritable(self, role: str, owner: str, scope: str, held: int) -> None:
        rewrite = self.control.ability("role.update", owner)
        won = self.control.ability(f"rewritten {role}", scope)
        step = self._steps.setdefault(
            f"role.update {role}", Reason(f"Add permissions to {role}, which one holds", None, "role.update")
        )
        if (held, won) in self._joined:
            return
        self._joined.add((held, won))
        self.control.graph.add_all_of([rewrite, held], won, self.control.reason(step))
        if scope.startswith(ACCOUNT):
            self.control.link(won, self.control.ability(TAKE_OVER, scope))
        else:
            self.control.link(won, self.control.owner(scope))

    def _entitlements(self) -> None:
        """Whoever is eligible for an entitlement may come to hold its roles."""
        primitive = next((one for one in primitives() if one.id == "pam.grant"), None)
        if primitive is None or not primitive.works_on(self.now.date()):
            return
        for entitlement in self.inventory.entitlements:
            name = self.world.places.canonical(entitlement.resource)
            scope = self._scope(name)
            holder = self.control.named("entitlement", label(entitlement.name))
            for role in entitlement.roles if scope else ():
                mask = self.world.roles.known_mask(bare_role(role))
                self._give(holder, mask, scope, self.control.reason(Reason(f"The grant gives {role}")), certain=True)
            step = Reason(f"Request a grant of {entitlement.name.rpartition('/')[2]}", None, primitive.id)
            for member in entitlement.eligible:
                self.control.link(self.control.identity(parse(member).canonical), holder, step, certain=False)

    # Delegation

    def _relays(self, grants: Iterable[InForce]) -> None:
        """What an account may mint can be had through it, by whoever may delegate to it: its powers alone are not."""
        relays: dict[str, int] = {}
        control = self.control
        token = self.abilities.mask("iam.serviceAccounts.getAccessToken")
        delegation = self.abilities.mask("iam.serviceAccounts.implicitDelegation")
        for grant in grants:
            node = relays.setdefault(grant.member, control.graph.add_node())
            scope, reason = self._scope(grant.scope), Reason("", grant.reference, direct=True)
            for bit, key in ((token, TAKE_OVER), (delegation, RELAY)):
                if (grant.certain | grant.possible) & bit:
                    control.link(node, control.ability(key, scope), reason, bool(grant.certain & bit))
        for member, group in self.world.directory.edges():
            if group in relays or is_set(member):
                inner, outer = (relays.setdefault(name, control.graph.add_node()) for name in (member, group))
                control.link(inner, outer, Reason(f"{member} is a member of {group}"))
        for member, node in relays.items():
            if member.startswith(_MEMBER):
                address = member.removeprefix(_MEMBER)
                for holder in (control.own(RELAY, ACCOUNT + address), control.at(RELAY, self._home(address))):
                    if holder is not None:
                        control.link(holder, node, Reason(f"Delegate through {address}", None, "sa.delegation"))

    def _home(self, address: str) -> str:
        return self.world.places.container(account_name(address))
