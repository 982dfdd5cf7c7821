"""Networks that machines inside a perimeter use: whose they are, and where they look for Google's APIs."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from functools import lru_cache, partial
from typing import Any

from auditor import PASS, Estate, Example, Fix, Severity, Undetermined, Verdict, asset, check, fail, not_applicable
from auditor.resources.compute import Instance
from auditor.resources.dns import ManagedZone, RecordSet, ResponsePolicy
from auditor.resources.network import Network
from auditor.resources.resourcemanager import Project
from auditor.resources.unknown import known_first, some
from auditor.resources.vpc_sc import ServicePerimeter
from checks.vpc_sc.enforcement import NOT_ENFORCED
from checks.vpc_sc.examples import ENFORCED, perimeter
from checks.vpc_sc.membership import ELSEWHERE, SHOP, projects_of, protection

_HOST = asset(Project, {"projectId": "net-host", "state": "ACTIVE"}, ancestors=["projects/9009", "organizations/3001"])


def _machine(network_project: str = "net-host", *, project: str = "1001", name: str = "vm") -> Example:
    network = f"https://www.googleapis.com/compute/v1/projects/{network_project}/global/networks/shared"
    return asset(
        Instance,
        {"networkInterfaces": [{"network": network}]},
        name=f"//compute.googleapis.com/projects/shop-prod/zones/europe-west1-b/instances/{name}",
        ancestors=[f"projects/{project}", "organizations/3001"],
    )


def _id_of(project: Project) -> str:
    return project.project_id


def _is_on_network_of_another(machine: Instance) -> bool:
    """Whether a machine uses a network of another project than its own, which is inside where the machine is."""
    own = machine.asset.name.partition("/projects/")[2].partition("/")[0] + "/"
    for interface in machine.network_interfaces:
        path = f"/{interface.network}".partition("/projects/")[2]
        if path and not path.startswith(own):
            return True
    return False


@check(
    "perimeter-shared-vpc-host-outside",
    severity=Severity.MEDIUM,
    reads=[Instance, Project],
    needs={Instance: _is_on_network_of_another},
    evidence=["status.resources"],
    fix=Fix(
        gcloud="gcloud access-context-manager perimeters update {perimeter.id} --policy={perimeter.policy_id} "
        "--add-resources={found[host]}",
        terraform="status.resources on google_access_context_manager_service_perimeter, with the host project's number",
        manual="Add the host project to the dry run first.",
        patch={"data": {"status": {"resources": ["projects/1001", "projects/1002", "projects/9009"]}}},
    ),
    passes=lambda: [
        [perimeter({**ENFORCED, "resources": ["projects/1001", "projects/9009"]}), SHOP, _HOST, _machine()],
        [perimeter(ENFORCED), SHOP, _HOST, _machine("shop-prod")],
        [perimeter({**ENFORCED, "resources": ["folders/2001"]}), SHOP, _machine("shop-prod")],
        [perimeter(ENFORCED), SHOP, _HOST, _machine(project="7007")],
        [
            perimeter(
                {
                    **ENFORCED,
                    "resources": ["projects/1001", "//compute.googleapis.com/projects/net-host/global/networks/shared"],
                }
            ),
            SHOP,
            _HOST,
            _machine(),
        ],
        perimeter(useExplicitDryRunSpec=True, spec=ENFORCED),
    ],
    fails=lambda: [
        [perimeter(ENFORCED), SHOP, _HOST, _machine("shop-prod"), _machine(name="vm2")],
        [perimeter({**ENFORCED, "resources": ["projects/1001"]}), SHOP, _HOST, _machine()],
        [perimeter({**ENFORCED, "resources": ["folders/2001"]}), SHOP, _HOST, _machine()],
    ],
    unknown=lambda: [
        [perimeter(ENFORCED), SHOP, _machine()],
        [perimeter(ENFORCED, unknown=("resource.data.status.resources.*",)), SHOP, _HOST, _machine("shop-prod")],
    ],
)
def shared_vpc_host_outside(perimeter: ServicePerimeter, estate: Estate) -> Verdict:
    """Machines inside a perimeter use a network of a project outside of it.

    Why: In a Shared VPC the network belongs to the host project. With the host outside, calls from the machines count
    as calls from outside: either they fail, or a rule was written that lets the whole network in, with every other
    project that is attached to it. Judged by the networks that virtual machines are attached to.

    What a fix may break: The host project's restricted services answer only inside the perimeter from then on.

    Source: https://cloud.google.com/vpc-service-controls/docs/service-perimeters
    """
    if not perimeter.protects:
        return NOT_ENFORCED
    members = perimeter.status.resources

    def hosts(member: str) -> Iterator[tuple[str, str]]:
        for project in projects_of(member, estate):
            for machine in estate.in_project(Instance, project):
                for interface in machine.network_interfaces:
                    yield machine.id, _path(interface.network)

    judged: set[str] = set()
    for machine, network in known_first(members, hosts):
        host = _host(network)
        if not host or host in judged:
            continue
        judged.add(host)
        projects = estate.related(Project, _id_of, host)
        if not projects:
            raise Undetermined("network", f"whether {host} is inside is not known: the project is not in the input")
        if not some(members, partial(_covers, projects[0], estate)):
            return fail(f"{machine} uses a network of {host}", evidence={"host": projects[0].asset.key})
    return PASS


def _covers(host: Project, estate: Estate, member: str) -> bool:
    """Whether a member of a perimeter is a project, a folder above it, or a network of it."""
    if member in host.asset.ancestors or estate.project_id(member) == host.project_id:
        return True
    return member.startswith(f"//compute.googleapis.com/projects/{host.project_id}/")


def _path(network: str) -> str:
    """`projects/p/global/networks/n` of a network's URL, or `""`."""
    _, found, path = f"/{network}".partition("/projects/")
    return f"projects/{path}" if found else ""


def _host(path: str) -> str:
    """The project of a network's path."""
    return path.partition("/")[2].partition("/")[0]


_RESTRICTED = (ipaddress.ip_network("199.36.153.4/30"), ipaddress.ip_network("2600:2d00:2:1000::/56"))
_PRIVATE = (ipaddress.ip_network("199.36.153.8/30"), ipaddress.ip_network("2600:2d00:2:2000::/56"))
_DOMAIN = "googleapis.com."
_NETWORK = "projects/shop-prod/global/networks/main"


def _network(**data: Any) -> Example:
    return asset(
        Network,
        {
            "name": "main",
            "subnetworks": ["https://www.googleapis.com/compute/v1/projects/shop-prod/r/subnetworks/s"],
            **data,
        },
        name=f"//compute.googleapis.com/{_NETWORK}",
    )


def _attached(network: str = _NETWORK) -> dict[str, Any]:
    return {"networks": [{"networkUrl": f"https://www.googleapis.com/compute/v1/{network}"}]}


def _zone(network: str = _NETWORK, **data: Any) -> Example:
    return asset(
        ManagedZone,
        {
            "name": "google-apis",
            "id": "5544332211",
            "dnsName": _DOMAIN,
            "visibility": "private",
            "privateVisibilityConfig": _attached(network),
            **data,
        },
        name="//dns.googleapis.com/projects/shop-prod/managedZones/google-apis",
    )


def _record(name: str, kind: str, *values: str, zone: str = "google-apis") -> Example:
    return asset(
        RecordSet,
        {"name": name, "type": kind, "rrdatas": list(values)},
        name=f"//dns.googleapis.com/projects/shop-prod/managedZones/{zone}/rrsets/{name}/{kind}",
    )


_ADDRESSES = _record("restricted.googleapis.com.", "A", "199.36.153.4", "199.36.153.5")
_WILDCARD = _record("*.googleapis.com.", "CNAME", "restricted.googleapis.com.")
_UNANSWERED = asset(
    ResponsePolicy, {"networks": [{"networkUrl": "https://www.googleapis.com/compute/v1/projects/o/global/networks/o"}]}
)
_AROUND = [SHOP, perimeter(ENFORCED), _UNANSWERED]


@lru_cache(maxsize=1)
def _zones(estate: Estate) -> dict[str, list[ManagedZone]]:
    """Network → the private zones of googleapis.com that it asks, gathered once. Raises `Undetermined`."""
    found: dict[str, list[ManagedZone]] = {}
    for zone in estate.of(ManagedZone):
        if not zone.is_public and zone.dns_name.lower() in (_DOMAIN, "."):
            for network in zone.private_visibility_config.networks:
                found.setdefault(network.path, []).append(zone)
    return found


@lru_cache(maxsize=1)
def _overruled(estate: Estate) -> frozenset[str]:
    """Networks with a response policy, which answers before zones do."""
    return frozenset(network.path for policy in estate.of(ResponsePolicy) for network in policy.networks)


def _zone_of(records: RecordSet) -> str:
    return f"{records.project}/{records.zone}"


@check(
    "perimeter-network-without-restricted-vip",
    severity=Severity.MEDIUM,
    reads=[ManagedZone, RecordSet, ResponsePolicy, ServicePerimeter],
    needs={RecordSet: lambda records: records.name.lower().endswith(_DOMAIN)},
    fix=Fix(
        gcloud="gcloud dns managed-zones create googleapis --dns-name=googleapis.com. --visibility=private "
        "--networks={network.id} --description=restricted",
        terraform="google_dns_managed_zone googleapis.com. with private_visibility_config, and google_dns_record_set "
        "*.googleapis.com. CNAME restricted.googleapis.com., restricted.googleapis.com. A 199.36.153.4/30",
        manual="Then add the two record sets, and a route to 199.36.153.4/30 by the default internet gateway.",
        patch=lambda: [_zone(), _ADDRESSES, _WILDCARD],
    ),
    passes=lambda: [
        [_network(), *_AROUND, _zone(), _ADDRESSES, _WILDCARD],
        [
            _network(),
            *_AROUND,
            _zone(),
            _record("*.googleapis.com.", "A", "199.36.153.6", zone="5544332211"),
        ],
        [_network(), SHOP, perimeter(ELSEWHERE)],
        [_network(subnetworks=[]), *_AROUND],
    ],
    fails=lambda: [
        [_network(), *_AROUND, _zone("projects/shop-prod/global/networks/other"), _ADDRESSES],
        [_network(), *_AROUND, _zone(dnsName="internal.example.com."), _ADDRESSES],
        [_network(), *_AROUND, _zone(visibility="public"), _ADDRESSES],
        [_network(), *_AROUND, _zone(), _record("*.googleapis.com.", "CNAME", "private.googleapis.com.")],
        [_network(), *_AROUND, _zone(), _record("storage.googleapis.com.", "A", "199.36.153.4")],
    ],
    unknown=lambda: [
        [_network(), *_AROUND, _zone(peeringConfig={"targetNetwork": {"networkUrl": "x"}}), _ADDRESSES],
        [_network(), *_AROUND, _zone(), _record("*.googleapis.com.", "A", "10.3.0.5")],
        [
            _network(),
            SHOP,
            perimeter(ENFORCED),
            asset(ResponsePolicy, _attached()),
            _zone("projects/shop-prod/global/networks/other"),
        ],
        [_network(), SHOP, perimeter(ELSEWHERE, unknown=("resource.data.status.resources.*",))],
    ],
)
def network_without_restricted_vip(network: Network, estate: Estate) -> Verdict:
    """Machines of a network inside a perimeter do not ask restricted.googleapis.com for Google's APIs.

    Why: A perimeter guards the services that it can restrict. Over the addresses that googleapis.com has by default,
    or over private.googleapis.com, a machine also reaches the services that it cannot, and takes data out through
    them. The restricted address serves the supported ones only, and its range is not announced to the internet. A
    network that leads to private.googleapis.com is the lighter case: VPC accessible services can close the rest.

    What a fix may break: Calls to Google APIs that VPC Service Controls does not support fail from the network.

    Source: https://cloud.google.com/vpc-service-controls/docs/private-connectivity
    """
    if not network.subnetworks and not estate.partial:  # Terraform's subnets do not stand in the network
        return not_applicable("the network has no subnet")
    if not _is_inside(network, estate):
        return not_applicable("the network is in no enforced perimeter")
    path = network.asset.short_name
    if path in _overruled(estate):
        raise Undetermined("DNS", "a response policy answers for the network, whose rules are not looked at")
    zones = _zones(estate).get(path, [])
    zone = next((zone for zone in zones if zone.dns_name.lower() == _DOMAIN), None)
    if zone is None and zones:
        raise Undetermined("DNS", "a private zone for all names answers for the network")
    if zone is None:
        return fail("no private zone of googleapis.com is attached to the network")
    if zone.asks_elsewhere:
        raise Undetermined("DNS", "another network or server answers for googleapis.com")
    return _led_by(zone, estate)


def _is_inside(network: Network, estate: Estate) -> bool:
    found = protection(estate)
    member = estate.project_id(network.project)
    if found.member_for(member, network.asset.ancestors) or network.asset.name in found.services:
        return True
    found.certain()
    return False


def _led_by(zone: ManagedZone, estate: Estate) -> Verdict:
    """The verdict about where a zone of googleapis.com sends the wildcard."""
    records = [each for name in zone.names for each in estate.related(RecordSet, _zone_of, f"{zone.project}/{name}")]
    answers = {(each.name.lower(), each.type): each.rrdatas for each in records}
    target = "*." + _DOMAIN
    for alias in answers.get((target, "CNAME"), []):
        target = alias.lower()
    if target == "restricted.googleapis.com.":
        return PASS
    if target == "private.googleapis.com.":
        return fail("googleapis.com leads to private.googleapis.com", severity=Severity.LOW)
    addresses = [text for kind in ("A", "AAAA") for text in answers.get((target, kind), [])]
    if not addresses:
        return fail(f"zone {zone.id} does not send *.googleapis.com to restricted.googleapis.com")
    kinds = {_kind(text) for text in addresses}
    if kinds == {"restricted"}:
        return PASS
    if kinds == {"private"}:
        return fail("googleapis.com leads to private.googleapis.com", severity=Severity.LOW)
    raise Undetermined("DNS", f"googleapis.com leads to {addresses[0]}, perhaps an endpoint of Private Service Connect")


def _kind(text: str) -> str:
    """Which of Google's two ranges an address belongs to, or `""`."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return ""
    if any(address in network for network in _RESTRICTED):
        return "restricted"
    return "private" if any(address in network for network in _PRIVATE) else ""
