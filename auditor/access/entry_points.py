"""Where a path to control may begin outside: what the internet reaches, who is external, what can leak.

All links from here are possible ones, except for who is named in a binding: that a port is open, or a key exists,
does not tell that it is used. Looked at are the firewall rules of VPC networks; firewall policies of folders and
networks, and load balancers in front of what does not answer by itself, are not.

Sources: cloud.google.com/firewall/docs/firewalls (priorities, targets),
cloud.google.com/run/docs/authenticating/public,
cloud.google.com/functions/docs/securing/managing-access-iam,
cloud.google.com/iam/docs/best-practices-for-managing-service-account-keys,
cloud.google.com/iam/docs/best-practices-for-using-workload-identity-federation
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from auditor.access.control_graph import ControlGraph, Doubt, Reason
from auditor.access.effective import EffectiveAccess
from auditor.access.federation import pins_owner, shared_issuer
from auditor.access.inventory import Inventory
from auditor.access.members import Kind, parse
from auditor.access.places import account_name, label
from auditor.access.winnings import Addresses
from auditor.resources.base import Resource, Undetermined
from auditor.resources.compute import Instance
from auditor.resources.decode import cause_of
from auditor.resources.iam import ServiceAccountKey, WorkloadIdentityPoolProvider
from auditor.resources.network import EVERY_PORT, Firewall, internet_to_port
from auditor.resources.serverless import CloudFunction, Function, RunService

INTERNET = "the internet"
ADMINISTRATIVE = {22: "SSH", 3389: "Remote Desktop"}
_PUBLIC = ("allUsers", "allAuthenticatedUsers")
_MEMBER = "serviceAccount:"


R = TypeVar("R", bound=Resource)


class EntryPoints:
    """Adds what is outside to a control graph."""

    def __init__(self, control: ControlGraph, access: EffectiveAccess, inventory: Inventory) -> None:
        self._control = control
        self._access = access
        self._world = access.world
        self._inventory = inventory
        self._addresses = Addresses(access.world)
        self._internet: int | None = None
        self._runs_as = {workload.name: workload.accounts for workload in inventory.workloads}
        self._rules: dict[str, list[Firewall]] = {}

    def link(self) -> None:
        """Add all entry points that lead to an identity of the graph."""
        self._principals()
        self._each(self._rule, self._inventory.firewalls)
        self._each(self._machine, self._inventory.instances)
        self._each(self._service, self._inventory.services)
        self._each(self._function, self._inventory.functions)
        self._each(self._key, self._inventory.keys)
        self._each(self._provider, self._inventory.providers)

    def _each(self, link: Callable[[R], None], resources: Iterable[R]) -> None:
        """Link what is an entry point; where something that this rests on is not known, count it."""
        for resource in resources:
            try:
                link(resource)
            except Undetermined as unclear:
                self._doubt(resource, unclear)

    def _doubt(self, resource: Resource, unclear: Undetermined) -> None:
        """Note a resource of which is not known whether somebody outside gets in by it."""
        name = label(self._world.places.canonical(resource.asset.name))
        cause = f"whether {name} is a way in is not known: {unclear.what}: {cause_of(resource.asset, unclear)}"
        for node in self._behind(resource):
            self._control.doubts.append(Doubt(None, node, cause, name))

    def _behind(self, resource: Resource) -> list[int]:
        """The accounts that a resource runs as, or (where that is not known) those of its project."""
        identities = self._control.identities
        accounts = self._accounts(resource)
        addresses = [self._addresses.of(account, resource.project) for account in accounts]
        known = [identities[_MEMBER + one] for one in addresses if one and _MEMBER + one in identities]
        if known or accounts:
            return known
        home = self._world.hierarchy.canonical(resource.project)
        return [
            node
            for member, node in identities.items()
            if member.startswith(_MEMBER) and home == self._world.places.container(account_name(member[len(_MEMBER) :]))
        ]

    def _rule(self, rule: Firewall) -> None:
        self._rules.setdefault(_network(rule.network), []).append(rule)

    def _from_internet(self) -> int:
        if self._internet is None:
            self._internet = self._entry(INTERNET)
        return self._internet

    def _entry(self, name: str) -> int:
        node = self._control.named("entry", name)
        self._control.entries.append(node)
        return node

    # Who is named in bindings

    def _principals(self) -> None:
        control = self._control
        for member, node in list(control.identities.items()):
            if member in _PUBLIC:
                who = "Anyone" if member == "allUsers" else "Anyone with a Google account"
                control.link(self._from_internet(), node, Reason(f"{who} belongs to {member}"))
            elif node in control.bound and self._is_external(member):
                control.entries.append(node)

    def _is_external(self, member: str) -> bool:
        """Whether a person or group is surely none of the organisation's."""
        read = parse(member)
        if read.is_consumer:
            return True
        own = {name for name in self._world.customers if "." in name and "/" not in name}
        return read.kind in (Kind.USER, Kind.GROUP, Kind.DOMAIN) and bool(own) and read.domain not in own

    # What answers

    def _reach(self, resource: Resource, accounts: tuple[str, ...], text: str) -> None:
        """The internet reaches a workload; only where its account is in the graph does that matter."""
        control = self._control
        addresses = [self._addresses.of(account, resource.project) for account in accounts]
        found = [control.identities[_MEMBER + one] for one in addresses if one and _MEMBER + one in control.identities]
        if not found:
            return
        name = label(self._world.places.canonical(resource.asset.name))
        node = control.named("workload", name)
        control.link(self._from_internet(), node, Reason(f"The internet reaches {name}: {text}"), certain=False)
        for account in found:
            address = control.labels[account].name.removeprefix(_MEMBER)
            if self._inventory.accounts.get(address, True):
                control.link(node, account, Reason(f"{name} runs as {address}"))

    def _accounts(self, resource: Resource) -> tuple[str, ...]:
        return self._runs_as.get(resource.asset.name, ())

    def _machine(self, vm: Instance) -> None:
        for port, protocol in ADMINISTRATIVE.items():
            rule = self._open_rule(vm, port)
            if rule is not None:
                text = f"{rule.name} lets everybody in on port {port} ({protocol})"
                self._reach(vm, self._accounts(vm), text)
                return

    def _open_rule(self, vm: Instance, port: int) -> Firewall | None:
        """The firewall rule by which a machine with an external address is open on a port."""
        for interface in vm.network_interfaces:
            if not (interface.access_configs or interface.ipv6_access_configs):
                continue
            rules = [rule for rule in self._rules.get(_network(interface.network), ()) if _targets(rule, vm)]
            for rule in rules:
                if internet_to_port(rule, "tcp", port) and not _shadowed(rule, rules, port):
                    return rule
        return None

    def _service(self, service: RunService) -> None:
        if not service.accepts_internet or service.has_iap:
            return
        if service.skips_invoker_check:
            text = "it serves without asking who calls"
        elif self._anyone_may("run.routes.invoke", service.asset.name):
            text = "anyone may invoke it"
        else:
            return
        self._reach(service, self._accounts(service), text)

    def _function(self, function: CloudFunction | Function) -> None:
        if not function.accepts_internet:
            return
        permission, name = "cloudfunctions.functions.invoke", function.asset.name
        if isinstance(function, Function):
            if function.is_first_generation or not function.service_config.service:
                return  # of the first generation is an asset of its own
            permission, name = "run.routes.invoke", f"//run.googleapis.com/{function.service_config.service}"
            if any(service.asset.name == name for service in self._inventory.services):
                return
        if self._anyone_may(permission, name):
            self._reach(function, self._accounts(function), "anyone may invoke it")

    def _anyone_may(self, permission: str, name: str) -> bool:
        place = self._world.places.place(self._world.places.canonical(name))
        return self._access.can("allUsers", permission, place).state == "GRANTED"

    # What leaks

    def _key(self, key: ServiceAccountKey) -> None:
        if not key.is_user_managed or key.disabled or key.surely_expired(self._access.now):
            return
        address = key.account_address.lower()
        node = self._control.identities.get(_MEMBER + address)
        if node is None or not self._inventory.accounts.get(address, True):
            return
        reason = f"A user-managed key of {address} exists: whoever gets its file is {address}"
        if key.exposure:
            reason = f"A key of {address} was {key.exposure}"
        self._control.link(self._entry(f"key of {address}"), node, Reason(reason), certain=False)

    def _provider(self, provider: WorkloadIdentityPoolProvider) -> None:
        issuer = shared_issuer(provider.oidc.issuer_uri)
        if issuer is None or not provider.is_active:
            return
        condition = provider.attribute_condition.strip()
        if condition and pins_owner(condition, provider.attribute_mapping, issuer):
            return
        project = self._world.hierarchy.canonical(f"projects/{provider.pool_project}")
        entry: int | None = None
        for member, node in list(self._control.identities.items()):
            selection = parse(member).selection
            if parse(member).kind is not Kind.WORKLOAD_IDENTITY or selection is None or selection.pool != provider.pool:
                continue
            if self._world.hierarchy.canonical(f"projects/{selection.project}") != project:
                continue
            entry = self._entry(f"anyone on {issuer.name}") if entry is None else entry
            text = f"Provider {provider.id} of pool {provider.pool} trusts {issuer.name} whoever its customer is"
            self._control.link(entry, node, Reason(text), certain=False)


def _network(name: str) -> str:
    """`projects/p/global/networks/n` of a network in any spelling."""
    return "projects/" + name.partition("/projects/")[2] if "/projects/" in name else name


def _targets(rule: Firewall, vm: Instance) -> bool:
    """Whether a rule is for a machine."""
    if rule.target_tags:
        return bool(set(rule.target_tags) & set(vm.tags.items))
    if rule.target_service_accounts:
        return bool(set(rule.target_service_accounts) & {account.email for account in vm.service_accounts})
    return True


def _shadowed(rule: Firewall, rules: list[Firewall], port: int) -> bool:
    """Whether a rule of the same or higher priority denies everybody the port; at the same priority, deny wins."""
    for other in rules:
        if other.disabled or other.direction.upper() != "INGRESS" or other.priority > rule.priority:
            continue
        everybody = {"0.0.0.0/0", "::/0"} & set(other.source_ranges)
        if everybody and any(_covers(ranges, port) for ranges in _denied(other)):
            return True
    return False


def _denied(rule: Firewall) -> Iterator[tuple[int, int]]:
    for layer4 in rule.denied_told or ():
        yield from layer4.ranges("tcp")


def _covers(ports: tuple[int, int], port: int) -> bool:
    return ports == EVERY_PORT or ports[0] <= port <= ports[1]
