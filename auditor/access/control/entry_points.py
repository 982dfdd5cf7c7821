"""Where a path to control may begin outside: what the internet reaches, who is external, what can leak.

All links from here are possible ones, except for who is named in a binding: that a port is open, or a key exists,
does not tell that it is used. What may be a way in and is not known is a doubt of the graph, not a link.

Sources: cloud.google.com/firewall/docs/firewalls (priorities, targets),
cloud.google.com/run/docs/authenticating/public,
cloud.google.com/functions/docs/securing/managing-access-iam,
cloud.google.com/iam/docs/best-practices-for-managing-service-account-keys,
cloud.google.com/iam/docs/best-practices-for-using-workload-identity-federation
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import TypeVar

from auditor.access.control.control_graph import ControlGraph, Doubt, Reason
from auditor.access.control.facing import (
    Application,
    AppService,
    AppVersion,
    AttachedPolicy,
    ForwardingRule,
    Machine,
    Network,
    path_of,
)
from auditor.access.control.firewalls import Firewalls, Visitor
from auditor.access.control.found_keys import FoundKey
from auditor.access.control.inventory import APP_ENGINE, Inventory
from auditor.access.control.load_balancers import Led, LoadBalancers
from auditor.access.control.pods import CLUSTER, pods_by_project
from auditor.access.control.winnings import Addresses
from auditor.access.effective import EffectiveAccess
from auditor.access.federation import pins_owner, shared_issuer
from auditor.access.hierarchy import MANAGER
from auditor.access.members import Kind, parse
from auditor.access.places import label
from auditor.resources.base import Asset, Resource, Undetermined
from auditor.resources.decode import cause_of
from auditor.resources.iam import ServiceAccountKey, WorkloadIdentityPoolProvider
from auditor.resources.serverless import CloudFunction, Function, RunService

INTERNET = "the internet"
ADMINISTRATIVE = {22: "SSH", 3389: "Remote Desktop"}
_PUBLIC = ("allUsers", "allAuthenticatedUsers")
_MEMBER = "serviceAccount:"


_INSTANCE = "compute.googleapis.com/Instance"
_MEANT = {"group": (_INSTANCE,), "endpoints": (_INSTANCE, CLUSTER, "container.googleapis.com/NodePool")}
"""What may answer behind a load balancer of which not more is known."""
_BALANCED = ("INGRESS_TRAFFIC_ALL", "INGRESS_TRAFFIC_UNSPECIFIED", "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER")
"""Where a Cloud Run service takes requests from load balancers on the internet."""

T = TypeVar(
    "T", Machine, RunService, CloudFunction | Function, AppVersion, ServiceAccountKey, WorkloadIdentityPoolProvider
)


class EntryPoints:
    """Adds what is outside to a control graph."""

    def __init__(self, control: ControlGraph, access: EffectiveAccess, inventory: Inventory) -> None:
        self._control = control
        self._access = access
        self._world = access.world
        self._inventory = inventory
        self._addresses = Addresses(access.world)
        self._internet: int | None = None
        self._invoked: dict[tuple[str, str, bool], bool | Undetermined] = {}
        self._runs_as = {workload.name: workload.accounts for workload in inventory.workloads}

    def link(self) -> None:
        """Add all entry points that lead to an identity of the graph."""
        inventory = self._inventory
        self._principals()
        self._each(self._machine, inventory.machines)
        self._each(self._service, inventory.services)
        self._each(self._function, inventory.functions)
        self._each(self._version, inventory.versions)
        self._each(self._key, inventory.keys)
        self._each(self._provider, inventory.providers)
        for found in inventory.found_keys:
            self._found_key(found)
        for led in self._led:
            self._led_to_nothing_known(led)
        for asset, unclear in inventory.unclear:
            self._doubt(asset, unclear)

    @cached_property
    def _led(self) -> list[Led]:
        return list(LoadBalancers(self._inventory).led())

    @cached_property
    def _led_by_kind(self) -> dict[str, list[Led]]:
        found: dict[str, list[Led]] = {}
        for led in self._led:
            found.setdefault(led.kind, []).append(led)
        return found

    @cached_property
    def _firewalls(self) -> Firewalls:
        inventory, coverage = self._inventory, self._world.coverage
        return Firewalls(
            self._world.hierarchy,
            inventory.firewalls,
            inventory.kept(AttachedPolicy),
            inventory.kept(Network),
            complete=coverage.resources and not coverage.partial and not coverage.damaged,
        )

    def _each(self, link: Callable[[T], None], things: Iterable[T]) -> None:
        """Link what is an entry point; where something that this rests on is not known, note the doubt."""
        for thing in things:
            try:
                link(thing)
            except Undetermined as unclear:
                self._doubt(thing.asset, unclear)

    def _doubt(self, asset: Asset, unclear: Undetermined) -> None:
        """Note something of which is not known whether somebody outside gets in by it."""
        name = label(self._world.places.canonical(asset.name))
        cause = f"whether {name} is a way in is not known: {unclear.what}: {cause_of(asset, unclear)}"
        for node in self._behind(asset):
            self._control.doubts.append(Doubt(None, node, cause, name))

    def _behind(self, asset: Asset) -> list[int]:
        """The accounts that an asset runs as, or (where that is not known) those of its project."""
        identities = self._control.identities
        accounts = self._runs_as.get(asset.name, ())
        addresses = [self._addresses.of(account, asset.project) for account in accounts]
        known = [identities[_MEMBER + one] for one in addresses if one and _MEMBER + one in identities]
        if known or accounts:
            return known
        return self._homes.get(self._world.hierarchy.canonical(asset.project), [])

    @cached_property
    def _homes(self) -> dict[str, list[int]]:
        """Project → its service accounts."""
        found: dict[str, list[int]] = {}
        for member, node in self._control.identities.items():
            if member.startswith(_MEMBER):
                home = self._world.places.container_of_account(member.removeprefix(_MEMBER))
                found.setdefault(home, []).append(node)
        return found

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
        """Whether a person or group is surely none of the organisation's; without one, private accounts are at home."""
        read = parse(member)
        if read.is_consumer:
            return any(name.startswith("organizations/") for name in self._control.owners)
        own = {name for name in self._world.customers if "." in name and "/" not in name}
        return read.kind in (Kind.USER, Kind.GROUP, Kind.DOMAIN) and bool(own) and read.domain not in own

    # What answers

    def _reach(self, asset: Asset, accounts: tuple[str, ...], text: str) -> None:
        """The internet reaches a workload; only where its account is in the graph does that matter."""
        control = self._control
        addresses = [self._addresses.of(account, asset.project) for account in accounts]
        found = [control.identities[_MEMBER + one] for one in addresses if one and _MEMBER + one in control.identities]
        if not found:
            return
        name = label(self._world.places.canonical(asset.name))
        node = control.named("workload", name)
        control.link(self._from_internet(), node, Reason(f"The internet reaches {name}: {text}"), certain=False)
        for account in found:
            address = control.labels[account].name.removeprefix(_MEMBER)
            if self._inventory.accounts.get(address, True):
                control.link(node, account, Reason(f"{name} runs as {address}"))

    def _accounts(self, resource: Resource) -> tuple[str, ...]:
        return self._runs_as.get(resource.asset.name, ())

    def _machine(self, machine: Machine) -> None:
        accounts = self._runs_as.get(machine.asset.name, ())
        for port, protocol in ADMINISTRATIVE.items():
            opened = self._firewalls.opening(machine, [Visitor(port)])
            if opened:
                self._reach(machine.asset, accounts, f"{opened} lets everybody in on port {port} ({protocol})")
                return
        path = path_of(machine.asset.name)
        for led in (*self._led_by_kind.get("group", ()), *self._led_by_kind.get("machine", ())):
            if led.name not in (path, machine.group) or not led.name:
                continue
            opened = self._firewalls.opening(machine, [Visitor(None, front_end=led.proxied)], external=False)
            if opened:
                self._reach(machine.asset, accounts, f"load balancer {led.rule.asset.id} leads to it by {opened}")
                return

    def _balancer(self, kind: str, resource: Resource) -> str:
        """How a load balancer leads to something serverless, `""` where none does. Raises `Undetermined`."""
        steps = resource.asset.name.partition("googleapis.com/")[2].split("/")
        place = dict(zip(steps[::2], steps[1::2], strict=False))
        home = self._world.hierarchy.canonical(resource.project)
        name = place.get("services") or place.get("functions") or ""
        for led in self._led_by_kind.get(kind, ()):
            same_place = not led.place or led.place == place.get("locations")
            if (
                led.name in ("", name)
                and same_place
                and self._world.hierarchy.canonical(f"projects/{led.project}") == home
            ):
                return f"load balancer {led.rule.asset.id} leads to it"
        coverage = self._world.coverage
        if not self._inventory.kept(ForwardingRule) and (
            not coverage.resources or coverage.partial or coverage.damaged
        ):
            raise Undetermined("load balancers", "the input has no forwarding rule")
        return ""

    def _service(self, service: RunService) -> None:
        if service.has_iap:
            return
        way = "" if service.accepts_internet else "unseen"
        if way and service.ingress_traffic not in _BALANCED:
            return
        if service.skips_invoker_check:
            text = "it serves without asking who calls"
        elif self._anyone_may("run.routes.invoke", service.asset.name):
            text = "anyone may invoke it"
        else:
            return
        if way:
            way = self._balancer("run", service)
            if not way:
                return
            text = f"{way}, and {text}"
        self._reach(service.asset, self._accounts(service), text)

    def _function(self, function: CloudFunction | Function) -> None:
        permission, name = "cloudfunctions.functions.invoke", function.asset.name
        if isinstance(function, Function):
            if function.is_first_generation or not function.service_config.service:
                return  # of the first generation is an asset of its own
            permission, name = "run.routes.invoke", f"//run.googleapis.com/{function.service_config.service}"
            if name in self._service_names:
                return
        direct = function.accepts_internet
        if not direct and _ingress(function) != "ALLOW_INTERNAL_AND_GCLB":
            return
        if not self._anyone_may(permission, name):
            return
        way = "" if direct else self._balancer("function", function)
        if direct or way:
            text = "anyone may invoke it"
            self._reach(function.asset, self._accounts(function), text if direct else f"{way}, and {text}")

    @cached_property
    def _service_names(self) -> frozenset[str]:
        return frozenset(service.asset.name for service in self._inventory.services)

    def _version(self, version: AppVersion) -> None:
        """App Engine serves to the internet unless its service says otherwise, or Identity-Aware Proxy asks first."""
        if version.serving_status != "SERVING":
            return
        above = version.asset.name.partition("/versions/")[0]
        application = above.partition("/services/")[0]
        if application in self._behind_iap:
            return
        service = self._app_services.get(above)
        ingress = service.network_settings.ingress_traffic_allowed if service is not None else ""
        text = "App Engine serves it to everybody"
        if ingress == "INGRESS_TRAFFIC_ALLOWED_INTERNAL_AND_LB":
            text = self._balancer("app", version)
        elif ingress == "INGRESS_TRAFFIC_ALLOWED_INTERNAL_ONLY":
            text = ""
        if text:
            self._reach(version.asset, (version.service_account or APP_ENGINE,), text)

    @cached_property
    def _behind_iap(self) -> frozenset[str]:
        return frozenset(one.asset.name for one in self._inventory.kept(Application) if one.iap.enabled)

    @cached_property
    def _app_services(self) -> dict[str, AppService]:
        return {one.asset.name: one for one in self._inventory.kept(AppService)}

    def _led_to_nothing_known(self, led: Led) -> None:
        """A load balancer of which is not known what it leads to: machines or pods of its project, where told."""
        if led.unclear is None:
            return
        home = self._world.hierarchy.canonical(f"projects/{led.project}" if led.kind else led.project)
        name = label(self._world.places.canonical(led.rule.asset.name))
        cause = f"what {name} leads to is not known: {led.unclear.what}: {cause_of(led.rule.asset, led.unclear)}"
        meant = _MEANT.get(led.kind)
        addresses = {
            self._addresses.of(account, workload.project)
            for workload in self._inventory.workloads
            if meant is None or workload.asset_type in meant
            if self._world.hierarchy.canonical(workload.project) == home
            for account in workload.accounts
        }
        identities = self._control.identities
        nodes = [identities[_MEMBER + one] for one in sorted(addresses) if _MEMBER + one in identities]
        if meant is None or CLUSTER in meant:
            nodes += pods_by_project(self._control).get(home, [])
        self._control.doubts += [Doubt(None, node, cause, name) for node in nodes]

    def _anyone_may(self, permission: str, name: str) -> bool:
        """Whether the public may use a permission on a resource. Raises `Undetermined`.

        What neither its policy nor one above names the public in is decided once for each project.
        """
        canonical = self._world.places.canonical(name)
        container = self._world.places.container(canonical)
        levels = {canonical, *(MANAGER + above for above in self._world.hierarchy.way(container).names)}
        if not levels.isdisjoint(self._named_public):
            return self._public_may(permission, canonical)
        key = (permission, container, self._world.bindings.has_policy(canonical))
        if key not in self._invoked:
            try:
                self._invoked[key] = self._public_may(permission, canonical)
            except Undetermined as unclear:
                self._invoked[key] = unclear
        known = self._invoked[key]
        if isinstance(known, Undetermined):
            raise known
        return known

    @cached_property
    def _named_public(self) -> frozenset[str]:
        """What has a policy that names the public, or is not known to its end."""
        bindings = self._world.bindings
        numbers = [number for who in _PUBLIC if (number := bindings.members.known(who)) is not None]
        naming = {bindings.scope_of[binding] for number in numbers for binding in bindings.of_member(number)}
        naming.update(bindings.scope_of[binding] for binding in bindings.gaps)
        return frozenset(bindings.scopes[number] for number in naming.union(bindings.doubts))

    def _public_may(self, permission: str, name: str) -> bool:
        place = self._world.places.place(name)
        unclear = ""
        for who in _PUBLIC:
            answer = self._access.can(who, permission, place)
            if answer.state == "GRANTED":
                return True
            if answer.state != "NOT_GRANTED":
                unclear = unclear or "; ".join(answer.because)
        if unclear:
            raise Undetermined("who may invoke it", unclear)
        return False

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

    def _found_key(self, found: FoundKey) -> None:
        """A key that stands in a configuration is known to whoever reads it, backups and repositories included."""
        node = self._control.identities.get(_MEMBER + found.address)
        if node is None or not self._inventory.accounts.get(found.address, True):
            return
        name = label(self._world.places.canonical(found.asset.name))
        text = f"A key of {found.address} stands in the configuration of {name}: whoever reads it is that account"
        self._control.link(self._entry(f"key in {name}"), node, Reason(text), certain=False)

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


def _ingress(function: CloudFunction | Function) -> str:
    return function.service_config.ingress_settings if isinstance(function, Function) else function.ingress_settings
