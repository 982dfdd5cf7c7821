"""The effective firewall of a machine: which rule lets strangers in, over policies of folders, networks and the VPC.

Rules are asked in the order in which Google Cloud does: policies of the organisation, of each folder downwards, then
the rules of the VPC network and the policies of the network (in the order that the network says), and where none
speaks, nothing comes in. A rule that lets in by region, name or threat list alone counts for nobody.

Sources: cloud.google.com/firewall/docs/firewall-policies-overview#rule-evaluation,
cloud.google.com/firewall/docs/firewalls (priorities, targets),
cloud.google.com/load-balancing/docs/firewall-rules (where load balancers come from)
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from auditor.access.control.facing import AttachedPolicy, Interface, Machine, Network, TargetedRule, path_of
from auditor.access.hierarchy import CONTAINERS, Hierarchy
from auditor.resources.base import Undetermined
from auditor.resources.network import FRONT_ENDS, Firewall, Layer4, addresses, is_internet
from auditor.resources.unknown import some


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who knocks: strangers on the internet, or Google's load balancers; on a port of TCP, or (None) any."""

    port: int | None
    front_end: bool = False

    def is_let_in(self, ranges: Iterable[str], version: int) -> bool:
        """Whether a rule that names some sources means some of the visitors."""
        if self.front_end:
            return some(ranges, lambda cidr: _holds(cidr, whole=False))
        return some(ranges, lambda cidr: is_internet(cidr) and addresses(cidr).version == version)

    def is_kept_out(self, ranges: Iterable[str], version: int) -> bool:
        """Whether it means all of them."""
        if self.front_end:
            return some(ranges, lambda cidr: _holds(cidr, whole=True))
        return ("0.0.0.0/0" if version == 4 else "::/0") in ranges

    def uses(self, layers: Iterable[Layer4], *, whole: bool) -> bool:
        """Whether the ports of a rule have the visitor's; of one that comes on any port, some (or `whole`: all)."""
        for layer in layers:
            for first, last in layer.ranges("tcp"):
                if self.port is None:
                    if not whole or (first <= 1 and last >= 65535):
                        return True
                elif first <= self.port <= last:
                    return True
        return False


def _holds(cidr: str, *, whole: bool) -> bool:
    """Whether a range has some address of Google's front ends, or all of them. Raises `Undetermined`."""
    network = addresses(cidr)
    if not isinstance(network, ipaddress.IPv4Network):
        return False
    if whole:
        return all(one.subnet_of(network) for one in FRONT_ENDS)
    return any(network.overlaps(one) for one in FRONT_ENDS)


class Firewalls:
    """All firewalls of an estate. `complete` says that the input is known to hold every rule."""

    def __init__(
        self,
        hierarchy: Hierarchy,
        rules: Iterable[Firewall],
        policies: Iterable[AttachedPolicy],
        networks: Iterable[Network],
        *,
        complete: bool,
    ) -> None:
        self._hierarchy = hierarchy
        self._complete = complete
        self._rules: dict[str, list[Firewall]] = {}
        self._unclear: dict[str, Undetermined] = {}
        for rule in rules:
            try:
                self._rules.setdefault(path_of(rule.network), []).append(rule)
            except Undetermined as unclear:
                self._unclear[rule.asset.name] = unclear
        self._before = {path_of(one.asset.name) for one in networks if _goes_before(one)}
        self._known = {path_of(one.asset.name) for one in networks} | self._rules.keys()
        self._policies: dict[str, list[AttachedPolicy]] = {}
        for policy in policies:
            for target in policy.associations:
                self._policies.setdefault(self._target(target.attachment_target), []).append(policy)

    def opening(self, machine: Machine, visitors: Sequence[Visitor], *, external: bool = True) -> str:
        """The rule by which one of some visitors gets to a machine, `""` where none does.

        With `external`, only interfaces that have an address on the internet count; what a load balancer leads to
        needs none. Raises `Undetermined`.
        """
        if machine.unclear is not None:
            raise machine.unclear
        unclear: Undetermined | None = None
        for interface in machine.interfaces:
            for version in interface.versions if external else (4,):
                for visitor in visitors:
                    try:
                        found = self._opens(machine, interface, version, visitor)
                    except Undetermined as more:
                        unclear = unclear or more
                        continue
                    if found:
                        return found
        if unclear is not None:
            raise unclear
        return ""

    def _opens(self, machine: Machine, interface: Interface, version: int, visitor: Visitor) -> str:
        for decided in self._asked(machine, interface, version, visitor):
            if decided is not None:
                return decided
        return ""

    def _asked(self, machine: Machine, interface: Interface, version: int, visitor: Visitor) -> Iterator[str | None]:
        """What each level says: the rule that lets in, `""` where one keeps out, None where none speaks."""
        network = interface.network
        for container in reversed(self._hierarchy.way(machine.asset.project).names):
            for policy in self._policies.get(container, ()):
                yield _of_policy(policy, machine, network, version, visitor)
        if not self._complete and network not in self._known:
            raise Undetermined("the firewall", f"the input has no firewall rule of {network}")
        if self._unclear:
            raise next(iter(self._unclear.values()))
        own = [_of_policy(policy, machine, network, version, visitor) for policy in self._policies.get(network, ())]
        rules = _of_rules(self._rules.get(network, ()), machine, version, visitor)
        yield from (*own, rules) if network in self._before else (rules, *own)

    def _target(self, name: str) -> str:
        container = "/".join(name.split("/")[-2:])
        is_container = container.startswith(CONTAINERS) and "/networks/" not in name
        return self._hierarchy.canonical(container) if is_container else path_of(name)


def _goes_before(network: Network) -> bool:
    try:
        return network.network_firewall_policy_enforcement_order == "BEFORE_CLASSIC_FIREWALL"
    except Undetermined:
        return False


def _of_policy(policy: AttachedPolicy, machine: Machine, network: str, version: int, visitor: Visitor) -> str | None:
    for rule in sorted(policy.rules, key=lambda rule: rule.priority):
        if rule.disabled or rule.direction.upper() != "INGRESS" or not _is_for(rule, machine, network):
            continue
        lets_in = rule.action in ("allow", "apply_security_profile_group")
        if not visitor.uses(rule.match.layer4_configs, whole=not lets_in):
            continue
        ranges = rule.match.src_ip_ranges
        if lets_in and visitor.is_let_in(ranges if visitor.front_end else list(rule.internet_sources()), version):
            _secure(rule)
            return f"rule {rule.priority} of firewall policy {policy.asset.id}"
        if not lets_in and visitor.is_kept_out(ranges, version):
            _secure(rule)
            return "" if rule.action == "deny" else None
    return None


def _is_for(rule: TargetedRule, machine: Machine, network: str) -> bool:
    if rule.target_resources and network not in {path_of(name) for name in rule.target_resources}:
        return False
    return not rule.target_service_accounts or bool(machine.accounts.intersection(rule.target_service_accounts))


def _secure(rule: TargetedRule) -> None:
    """A rule for machines with a tag: which machines have it is not in the input."""
    if rule.target_secure_tags:
        raise Undetermined("the machine's secure tags", f"rule {rule.priority} is for machines with a tag")


def _of_rules(rules: Iterable[Firewall], machine: Machine, version: int, visitor: Visitor) -> str | None:
    for rule in sorted(rules, key=lambda rule: (rule.priority, rule.denied_told is None)):
        if rule.disabled or rule.direction.upper() != "INGRESS" or not _targets(rule, machine):
            continue
        named = rule.source_tags or rule.source_service_accounts
        ranges = rule.source_ranges or ([] if named else ["0.0.0.0/0"])
        if rule.denied_told is not None:
            if visitor.uses(rule.denied_told, whole=True) and visitor.is_kept_out(ranges, version):
                return ""
        elif visitor.uses(rule.allowed, whole=False) and visitor.is_let_in(ranges, version):
            return f"firewall rule {rule.name}"
    return None


def _targets(rule: Firewall, machine: Machine) -> bool:
    """Whether a rule is for a machine."""
    if rule.target_tags:
        return not machine.tags.isdisjoint(rule.target_tags)
    return not rule.target_service_accounts or not machine.accounts.isdisjoint(rule.target_service_accounts)
