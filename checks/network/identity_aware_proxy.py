"""Machines behind Identity-Aware Proxy, and the ways that lead to them past it."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Any

from auditor import PASS, Estate, Example, Fix, Severity, Undetermined, Verdict, asset, check, fail, not_applicable
from auditor.resources.compute import Instance, InstanceGroupManager
from auditor.resources.load_balancing import BackendService
from auditor.resources.network import FRONT_ENDS, Firewall, FirewallPolicy, addresses, is_internet
from auditor.resources.unknown import some

_IPV4 = (*FRONT_ENDS, ipaddress.IPv4Network("35.235.240.0/20"))
_IPV6 = tuple(
    ipaddress.IPv6Network(cidr) for cidr in ("2600:2d00:1:1::/64", "2600:2d00:1:b029::/64", "2600:2d00:1:7::/64")
)
"""Where global load balancers and their health checks come from, and IAP for TCP.
Source: cloud.google.com/load-balancing/docs/firewall-rules, cloud.google.com/iap/docs/using-tcp-forwarding"""
_DEFAULT_PORT = 80


def _is_front_end(source: str) -> bool:
    network = addresses(source)
    if isinstance(network, ipaddress.IPv4Network):
        return any(network.subnet_of(ours) for ours in _IPV4)
    return any(network.subnet_of(ours) for ours in _IPV6)


def _place(link: str) -> str:
    """`zones/z/g` of an instance group or its manager, by which both are told alike."""
    kind, _, rest = link.rpartition("/projects/")[2].partition("/")[2].partition("/")
    return f"{kind}/{rest.replace('instanceGroupManagers/', '').replace('instanceGroups/', '')}"


def _group_of(instance: Instance) -> str:
    """The place of the managed group that made a machine, `""` where none did."""
    made_by = instance.metadata.get("created-by") or ""
    return _place(f"/{made_by}") if "/instanceGroupManagers/" in made_by else ""


def _protected(instance: Instance, group: str, estate: Estate) -> BackendService | None:
    """The backend service with IAP that a machine serves."""
    services = estate.in_project(BackendService, instance.project)
    for service in services:
        is_guarded = "/regions/" not in service.asset.name and service.iap.enabled
        if is_guarded and any(_place(backend.group) == group for backend in service.backends):
            return service
    return None


def _port(service: BackendService, group: str, estate: Estate) -> int:
    """The port that the backend service asks the machines on."""
    for manager in estate.in_project(InstanceGroupManager, service.project):
        if _place(manager.asset.name) == group:
            for named in manager.named_ports:
                if named.name == (service.port_name or "http"):
                    return named.port
    return service.port or _DEFAULT_PORT


def _network_of(rule: Firewall) -> str:
    return rule.network.rpartition("/projects/")[2]


def _rules(instance: Instance, estate: Estate) -> Iterator[Firewall]:
    """The enabled rules about traffic that arrives at a machine."""
    accounts = {account.email for account in instance.service_accounts}
    for interface in instance.network_interfaces:
        for rule in estate.related(Firewall, _network_of, interface.network.rpartition("/projects/")[2]):
            if rule.disabled or rule.direction.upper() != "INGRESS":
                continue
            tags, named = rule.target_tags, rule.target_service_accounts
            if not (tags or named) or set(tags) & set(instance.tags.items) or set(named) & accounts:
                yield rule


def _ways_past(rule: Firewall, port: int) -> Iterator[str]:
    """The ranges other than Google's front ends that a rule lets in on a port."""
    if not any(first <= port <= last for layer4 in rule.allowed for first, last in layer4.ranges("tcp")):
        return
    named = rule.source_tags or rule.source_service_accounts
    for source in rule.source_ranges or ([] if named else ["0.0.0.0/0"]):
        if not _is_front_end(source):
            yield source


def _may_deny(rule: Firewall, port: int) -> bool:
    denied = rule.denied_told or []
    return any(first <= port <= last for layer4 in denied for first, last in layer4.ranges("tcp"))


def _policy_denies(policy: FirewallPolicy) -> bool:
    return any(
        rule.action == "deny" and not rule.disabled and rule.direction.upper() == "INGRESS" for rule in policy.rules
    )


_N = "https://www.googleapis.com/compute/v1/projects/p/global/networks/n"
_G = "projects/1001/zones/europe-west1-b/instanceGroupManagers/web"


def _machine(**data: Any) -> Example:
    given: dict[str, Any] = {
        "name": "web-1",
        "networkInterfaces": [{"network": _N, "accessConfigs": [{"natIP": "203.0.113.9"}]}],
        "metadata": {"items": [{"key": "created-by", "value": _G}]},
        "tags": {"items": ["web"]},
        **data,
    }
    return asset(Instance, given)


def _service(**data: Any) -> Example:
    group = "https://www.googleapis.com/compute/v1/projects/p/zones/europe-west1-b/instanceGroups/web"
    given = {"name": "web", "iap": {"enabled": True}, "portName": "http", "backends": [{"group": group}], **data}
    return asset(BackendService, given, name="//compute.googleapis.com/projects/p/global/backendServices/web")


def _rule(*sources: str, name: str = "rule", ports: str = "80", **data: Any) -> Example:
    given = {
        "name": name,
        "network": _N,
        "direction": "INGRESS",
        "sourceRanges": list(sources),
        **({} if "denied" in data else {"allowed": [{"IPProtocol": "tcp", "ports": [ports]}]}),
        **data,
    }
    return asset(Firewall, given, name=f"//compute.googleapis.com/projects/p/global/firewalls/{name}")


def _ports(number: int) -> Example:
    data = {"name": "web", "namedPorts": [{"name": "http", "port": number}]}
    return asset(InstanceGroupManager, data, name=f"//compute.googleapis.com/{_G.replace('1001', 'p')}")


_GOOGLE = _rule("35.191.0.0/16", "130.211.0.0/22", name="google")


@check(
    "iap-passed-by",
    severity=Severity.MEDIUM,
    reads=[BackendService, InstanceGroupManager, Firewall, FirewallPolicy],
    evidence=["name", "tags"],
    same_as=[
        "steampipe:compute_firewall_allow_connections_proxied_by_iap",
        "steampipe:compute_firewall_allow_tcp_connections_proxied_by_iap",
        "forseti:iap_rules",
    ],
    fix=Fix(
        gcloud="gcloud compute firewall-rules update {found[rule]} --source-ranges=130.211.0.0/22,35.191.0.0/16",
        terraform='source_ranges = ["130.211.0.0/22", "35.191.0.0/16"] on google_compute_firewall',
        manual="Let the application verify the header that IAP signs as well.",
        patch=lambda: [_rule("35.191.0.0/16"), _rule("35.191.0.0/16", name="wide")],
    ),
    passes=lambda: [
        [_machine(), _service(), _GOOGLE],
        [_machine(), _service(iap={"enabled": False}), _rule("0.0.0.0/0")],
        [_machine(metadata={}), _service(), _rule("0.0.0.0/0")],
        [_machine(), _service(), _rule("0.0.0.0/0", ports="22")],
        [_machine(), _service(), _rule("0.0.0.0/0", targetTags=["db"])],
        [_machine(), _service(), _rule("0.0.0.0/0", disabled=True)],
        [_machine(), _service(), _ports(8443), _rule("0.0.0.0/0")],
    ],
    fails=lambda: [
        [_machine(), _service(), _GOOGLE, _rule("0.0.0.0/0")],
        [_machine(), _service(), _rule("10.0.0.0/8")],
        [_machine(), _service(), _ports(8443), _rule("0.0.0.0/0", ports="8000-9000", targetTags=["web"])],
    ],
    unknown=lambda: [
        [
            _machine(),
            _service(),
            _rule("0.0.0.0/0"),
            _rule("0.0.0.0/0", name="deny", priority=1, denied=[{"IPProtocol": "all"}]),
        ],
        [_machine(), _service(), asset(Firewall, {"network": _N}, unknown=["resource.data.sourceRanges"])],
        [_machine(), _service(), _rule("load balancers")],
    ],
)
def passed_by(instance: Instance, estate: Estate) -> Verdict:
    """A machine behind Identity-Aware Proxy can be reached past it.

    Why: IAP asks who somebody is at the load balancer. Whoever reaches the machine itself is asked by nobody, and the
    application believes what such requests say of themselves. Asked of machines of managed groups behind a global
    backend service with IAP: only Google's front ends and health checks need to reach them. Where a rule or policy
    denies traffic as well, which of them wins is not worked out here.

    What a fix may break: whoever talks to the machines directly, monitoring for one.

    Source: https://cloud.google.com/iap/docs/identity-howto
    """
    group = _group_of(instance)
    service = _protected(instance, group, estate) if group else None
    if service is None:
        return not_applicable("no backend service with IAP leads to the machine")
    port = _port(service, group, estate)
    rules = list(_rules(instance, estate))
    for rule in rules:
        for source in _ways_past(rule, port):
            if any(_may_deny(other, port) for other in rules):
                raise Undetermined("firewall rules", "another rule denies the port, and may come first")
            if some(estate.of(FirewallPolicy), _policy_denies):
                raise Undetermined("firewall policies", "a policy denies traffic, and may come first")
            public = is_internet(source) and any(one.access_configs for one in instance.network_interfaces)
            return fail(
                f"rule {rule.name} lets {source} in on port {port}, past the IAP of {service.name}",
                severity=Severity.HIGH if public else None,
                evidence={"rule": rule.name},
            )
    return PASS
