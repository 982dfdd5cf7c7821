"""What abilities win: service accounts, what workloads run as, agents, federated identities; what control includes.

Sources: cloud.google.com/iam/docs/attach-service-accounts (same project, other projects),
cloud.google.com/iam/docs/service-account-types, cloud.google.com/iam/docs/workload-identity-federation
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from auditor.access.control.abilities import ACT, DEPLOY, KEY, REPOSITORIES, SUPPLY, TAKE_OVER, drawn
from auditor.access.control.control_graph import ACCOUNT, RESOURCE, ControlGraph, Reason
from auditor.access.control.inventory import (
    APP_ENGINE,
    BUILD,
    COMPUTE,
    KEY_UPLOADS,
    NEW_KEYS,
    OTHER_PROJECTS,
    Inventory,
    Workload,
)
from auditor.access.control.pods import CLUSTER, pods_by_project
from auditor.access.control.primitives import ActAs, Edge, Gain, Primitive, Scope
from auditor.access.members import Kind, is_attachable, parse
from auditor.access.places import label
from auditor.access.world import World

_MEMBER = "serviceAccount:"
_FEDERATED = ("principal", "//")
_ATTACH, _ELSEWHERE = "attach", "attach from another project"
_ADDRESSES = {
    COMPUTE: "{number}-compute@developer.gserviceaccount.com",
    APP_ENGINE: "{project}@appspot.gserviceaccount.com",
    BUILD: "{number}@cloudbuild.gserviceaccount.com",
}
_DEPENDS = "Attach it to something in another project, where its project does not forbid that"
_OWNER = "Whoever controls a project can let anyone act as its service accounts"


class Addresses:
    """The addresses of accounts that an inventory names by what makes them."""

    def __init__(self, world: World) -> None:
        self._hierarchy = world.hierarchy

    def of(self, account: str, project: str) -> str:
        """The address of an account that something in a project runs as; `""` where it is not known."""
        if not account.startswith("#"):
            return account.lower() if "@" in account else ""
        names = self._hierarchy.spellings(project)
        number = next((name for name in names if name.removeprefix("projects/").isdigit()), "")
        form = _ADDRESSES[account]
        if "{number}" in form and not number:
            return ""
        return form.format(number=number.removeprefix("projects/"), project=self._hierarchy.project_id(project))


class Winnings:
    """Adds what abilities lead to. All bindings are in the graph already."""

    def __init__(self, world: World, inventory: Inventory, control: ControlGraph, now: datetime) -> None:
        self._world = world
        self._inventory = inventory
        self._control = control
        self._drawn = drawn(now.date())
        self._attached = [one for one in self._drawn if one.gain is Gain.ATTACHED_ACCOUNT]
        self._anywhere = control.graph.add_node()
        self._addresses = Addresses(world)
        self._keyless: dict[str, bool] = {}

    def link(self) -> None:
        """Add all links."""
        control = self._control
        workloads = list(self._workloads())
        for _, addresses, _ in workloads:
            for address in addresses:
                control.identity(_MEMBER + address)
        self._deployers(workloads)
        homes = self._accounts()
        for home in homes:
            if home in control.owners:
                self._own(home)
        self._attachments()
        for home, accounts in homes.items():
            self._accounts_of(home, accounts)
        for workload, addresses, name in workloads:
            self._workload(workload, addresses, name)
        self._agents()
        self._federated()
        self._pods()
        control.inherit()

    # Service accounts

    def _accounts(self) -> dict[str, list[tuple[str, int]]]:
        """(address, node) of the service accounts that anybody could become, by project; agents of Google's are not."""
        control, enabled = self._control, self._inventory.accounts
        for address in enabled:
            if address:
                control.identity(_MEMBER + address)
        homes: dict[str, list[tuple[str, int]]] = {}
        for member, node in control.identities.items():
            if member.startswith(_MEMBER) and not member.endswith("]"):
                address = member.removeprefix(_MEMBER)
                if enabled.get(address, True) and is_attachable(address):
                    home = self._world.places.container_of_account(address)
                    homes.setdefault(home, []).append((address, node))
        return homes

    def _own(self, project: str) -> None:
        """Control of a project includes its service accounts."""
        control = self._control
        control.link(control.owner(project), control.ability(TAKE_OVER, project), Reason(_OWNER))

    def _attachments(self) -> None:
        """Deploy and act as at one scope, or one above the other: whatever is below can be attached."""
        control = self._control
        for scope in control.scopes_of(DEPLOY):
            if not scope.startswith((ACCOUNT, RESOURCE)):
                control.link(control.ability(DEPLOY, scope), self._anywhere)
        for scope in sorted(
            {*control.scopes_of(DEPLOY), *control.scopes_of(ACT)}, key=lambda s: len(self._world.hierarchy.way(s).names)
        ):
            deploy, act = control.at(DEPLOY, scope), control.at(ACT, scope)
            if scope.startswith((ACCOUNT, RESOURCE)):
                continue
            if deploy is not None and act is not None:
                control.graph.add_all_of((deploy, act), control.ability(_ATTACH, scope))
            own = control.own(ACT, scope)
            if own is not None and not (scope.startswith("projects/") and self._forbids(scope, OTHER_PROJECTS)):
                self._across(own, control.ability(_ELSEWHERE, scope))

    def _across(self, act: int, target: int) -> None:
        """Attach an account to something in another project. Whether its own forbids that is for the caller to ask."""
        reason = self._control.reason(Reason(_DEPENDS))
        self._control.graph.add_all_of((self._anywhere, act), target, reason, certain=False)

    def _forbids(self, project: str, constraint: str) -> bool:
        """Whether an organisation policy surely forbids something in a project: the nearest that is told decides."""
        canonical = self._world.hierarchy.canonical
        told = {canonical(name): state for name, state in self._inventory.enforced.get(constraint, {}).items()}
        return next((told[name] for name in self._world.hierarchy.way(project).names if name in told), False)

    def _accounts_of(self, home: str, accounts: Iterable[tuple[str, int]]) -> None:
        """Lead what gives the accounts of a project to them: all together, or one alone."""
        control = self._control
        won = (TAKE_OVER,) if self._has_no_keys(home) else (TAKE_OVER, KEY)
        hubs = [control.at(key, home) for key in (*won, _ATTACH)] if home else []
        forbidden = self._forbids(home, OTHER_PROJECTS)
        if not forbidden:
            hubs.append(control.at(_ELSEWHERE, home))
        deploy = control.at(DEPLOY, home) if home else None
        every = control.graph.add_node()
        for hub in (hub for hub in hubs if hub is not None):
            control.link(hub, every)
        for address, node in accounts:
            control.graph.add_edge(every, node)
            for key in won:
                taken = control.own(key, ACCOUNT + address)
                if taken is not None:
                    control.link(taken, node)
            act = control.own(ACT, ACCOUNT + address)
            if act is not None:
                if deploy is not None:
                    control.graph.add_all_of((deploy, act), node)
                if not forbidden:
                    self._across(act, node)

    def _has_no_keys(self, project: str) -> bool:
        """Whether keys of a project's accounts can neither be created nor uploaded."""
        if project not in self._keyless:
            self._keyless[project] = self._forbids(project, NEW_KEYS) and self._forbids(project, KEY_UPLOADS)
        return self._keyless[project]

    # What runs already

    def _workloads(self) -> Iterator[tuple[Workload, tuple[str, ...], str]]:
        """Each workload with the addresses of its accounts and its canonical name; alike ones of a project once."""
        seen: set[tuple[str, str, tuple[str, ...], tuple[str, ...]]] = set()
        for workload in self._inventory.workloads:
            name = self._world.places.canonical(workload.name)
            addresses = tuple(filter(None, (self._addresses.of(one, workload.project) for one in workload.accounts)))
            key = (workload.project, workload.asset_type, addresses, workload.supplies)
            alone = self._world.bindings.has_policy(name) or not workload.project
            if addresses and (alone or key not in seen):
                seen.add(key)
                yield workload, addresses, name

    def _deployers(self, workloads: Iterable[tuple[Workload, tuple[str, ...], str]]) -> None:
        """Whoever may change something that is there to run as another account can deploy, in its project."""
        found = list(workloads)
        for primitive in self._drawn:
            if primitive.gain is not Gain.ATTACHABLE_ACCOUNT or primitive.edge is not Edge.INVENTORY:
                continue
            done: set[tuple[str, int]] = set()
            for workload, _, name in found:
                home = self._world.hierarchy.canonical(workload.project)
                if workload.asset_type not in primitive.asset_types or not home:
                    continue
                for node in self._holders(primitive.id, home, name):
                    if (home, node) not in done:
                        done.add((home, node))
                        self._control.link(node, self._control.ability(DEPLOY, home))

    def _holders(self, key: str, home: str, *resources: str) -> Iterator[int]:
        """The nodes of an ability at a project (or above it), and at resources themselves."""
        above = self._control.at(key, home)
        if above is not None:
            yield above
        for name in resources:
            node = self._control.own(key, RESOURCE + name)
            if node is not None:
                yield node

    def _workload(self, workload: Workload, addresses: tuple[str, ...], name: str) -> None:
        control = self._control
        home = self._world.hierarchy.canonical(workload.project)
        ways = [(one, node) for one in self._attached for node in self._ways_in(one, workload, home, name)]
        foreign = [one for one in addresses if self._world.places.container_of_account(one) != home]
        if not ways and not foreign:
            return
        node = control.named("workload", label(name))
        for address in addresses:
            account = control.identity(_MEMBER + address)
            if self._inventory.accounts.get(address, True):
                control.link(node, account, Reason(f"{label(name)} runs as {address}"))
        for primitive, holder in ways:
            if primitive.act_as is ActAs.ATTACHED:
                for address in addresses:
                    account = control.identity(_MEMBER + address)
                    control.graph.add_all_of((holder, self._acting_as(address)), account, certain=primitive.is_certain)
            else:
                control.link(holder, node, None, primitive.is_certain)
        if foreign and home in control.owners:
            control.link(control.owner(home), node, Reason(f"Whoever controls {home} controls what runs in it"))

    def _acting_as(self, address: str) -> int:
        """The node of who may act as an account, by its own policy or from above."""
        control = self._control
        node = control.ability("act as attached", ACCOUNT + address)
        home = self._world.places.container_of_account(address)
        for holder in (control.own(ACT, ACCOUNT + address), control.at(ACT, home) if home else None):
            if holder is not None:
                control.link(holder, node)
        return node

    def _ways_in(self, primitive: Primitive, workload: Workload, home: str, name: str) -> Iterator[int]:
        """The nodes of a primitive that changes what a workload runs."""
        if primitive.scope is Scope.BUCKET:
            if workload.asset_type in primitive.asset_types:
                for bucket in workload.supplies:
                    yield from self._holders(primitive.id, self._world.places.container(bucket) or home, bucket)
        elif primitive.id == SUPPLY:
            for repository in workload.supplies:
                if repository.startswith(REPOSITORIES):
                    canonical = self._world.places.canonical(repository)
                    yield from self._holders(primitive.id, self._world.places.container(canonical), canonical)
        elif workload.asset_type in primitive.asset_types:
            yield from self._holders(primitive.id, home, name)

    # Identities that are no account of a workload's

    def _agents(self) -> None:
        for primitive in self._drawn:
            if primitive.gain is not Gain.PROJECT_AGENT:
                continue
            for container in list(self._control.owners):
                holder = self._control.at(primitive.id, container)
                numbers = self._world.hierarchy.spellings(container)
                number = next((name.removeprefix("projects/") for name in numbers if name[9:].isdigit()), "")
                if holder is None or not number or not container.startswith("projects/"):
                    continue
                for agent in primitive.agents:
                    node = self._control.identities.get(_MEMBER + agent.format(number=number))
                    if node is not None:
                        self._control.link(holder, node)

    def _federated(self) -> None:
        """Whoever changes whom a pool trusts is each of its principals."""
        for member, node in list(self._control.identities.items()):
            if not member.startswith(_FEDERATED):
                continue
            read = parse(member)
            if read.kind is Kind.WORKLOAD_IDENTITY and read.selection is not None and read.selection.project:
                home, wanted = f"projects/{read.selection.project}", Scope.PROJECT
            elif read.kind is Kind.WORKFORCE_IDENTITY:
                home, wanted = self._world.workforce_pools.get(read.pool, ""), Scope.ORGANIZATION
            else:
                continue
            home = self._world.hierarchy.canonical(home)
            for primitive in self._drawn:
                if primitive.gain is Gain.FEDERATED_IDENTITY and primitive.scope is wanted and home:
                    holder = self._control.at(primitive.id, home)
                    if holder is not None:
                        self._control.link(holder, node, None, primitive.is_certain)
            if home in self._control.owners:
                owns = Reason(f"Whoever controls {home} can change whom its identity pools trust")
                self._control.link(self._control.owner(home), node, owns)

    def _pods(self) -> None:
        """Whoever runs code in a cluster is each Kubernetes identity of its project: a pool knows no clusters."""
        pools = pods_by_project(self._control)
        clusters: dict[str, set[str]] = {}
        for workload in self._inventory.workloads if pools else ():
            if workload.asset_type == CLUSTER:
                home = self._world.hierarchy.canonical(workload.project)
                clusters.setdefault(home, set()).add(self._world.places.canonical(workload.name))
        for home, pods in pools.items():
            every = self._control.graph.add_node()
            for pod in pods:
                self._control.graph.add_edge(every, pod)
            for primitive in self._attached if home in clusters else ():
                if CLUSTER in primitive.asset_types:
                    for holder in self._holders(primitive.id, home, *sorted(clusters[home])):
                        self._control.link(holder, every, None, primitive.is_certain)
            if home in self._control.owners:
                owns = Reason(f"Whoever controls {home} can run pods of any name in its clusters")
                self._control.link(self._control.owner(home), every, owns)
