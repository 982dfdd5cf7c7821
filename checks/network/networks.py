"""Networks and subnets: what was there before anyone planned it, and what is recorded of the traffic."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from auditor import DELETE, PASS, Estate, Example, Fix, Settings, Severity, Verdict, asset, check, fail, not_applicable
from auditor.resources.base import OpenList
from auditor.resources.dns import DnsPolicy
from auditor.resources.network import FlowLogsConfig, Network, Subnetwork
from auditor.resources.serviceusage import Service
from auditor.resources.unknown import some
from checks.units import Share

_NO_WORKLOADS = "no machines live in a subnet of this purpose"
_NETWORK = "//compute.googleapis.com/projects/p/global/networks/n"


def _lacking(subnet: Subnetwork, what: str) -> Verdict:
    """A fail; a light one where the default network with its subnet in every region is the finding to act on."""
    if not subnet.holds_workloads:
        return not_applicable(_NO_WORKLOADS)
    return fail(what, severity=Severity.INFO) if subnet.is_of_default_network else fail(what)


@lru_cache(maxsize=1)
def _policies_by_network(estate: Estate) -> dict[str, list[DnsPolicy]]:
    """The DNS server policies attached to each network, by the network's short name."""
    found = estate.of(DnsPolicy)
    attached: dict[str, list[DnsPolicy]] = {}
    for policy in found.known() if isinstance(found, OpenList) else found:
        for network in policy.networks:
            attached.setdefault(f"projects/{network.network_url.partition('projects/')[2]}", []).append(policy)
    return attached


_FLOW_LOGS_API = "networkmanagement.googleapis.com"
_SUBNET = "//compute.googleapis.com/projects/p/regions/europe-west1/subnetworks/s"


def _subnet(**data: Any) -> Example:
    network = f"https://www.googleapis.com/compute/v1/{_NETWORK[25:]}"
    return asset(Subnetwork, {"purpose": "PRIVATE", "network": network, **data}, name=_SUBNET)


def _flow_logs(owner: str = "projects/p", **data: Any) -> Example:
    target = next((kind for kind in data if kind != "state"), "all")
    name = f"//{_FLOW_LOGS_API}/{owner}/locations/global/vpcFlowLogsConfigs/{target}"
    return asset(FlowLogsConfig, data, name=name)


def _logs(config: FlowLogsConfig, subnet: Subnetwork) -> bool:
    """Whether a configuration makes flow logs of a subnet."""
    target = config.network or config.subnet
    if target:
        wanted = subnet.network if config.network else subnet.asset.short_name
        return config.is_on and wanted.endswith(target.rpartition("projects/")[2])
    if config.interconnect_attachment or config.vpn_tunnel:
        return False
    owner = config.asset.short_name.partition("/locations/")[0]
    return config.is_on and owner in subnet.asset.ancestors


def _is_logged_from_above(subnet: Subnetwork, estate: Estate) -> bool:
    """Whether a configuration of the Network Management API covers a subnet that does not log by itself.

    Raises `Undetermined` where the API is in use and its configurations were not read.
    """
    configurations = estate.of(FlowLogsConfig)
    known = configurations.known() if isinstance(configurations, OpenList) else configurations
    if some(known, lambda config: _logs(config, subnet)):
        return True
    if isinstance(configurations, OpenList) and not known:
        services = estate.in_project(Service, subnet.project)
        for service in services.known() if isinstance(services, OpenList) else services:
            if service.id == _FLOW_LOGS_API and service.is_enabled:
                len(configurations)
    return False


class FlowLogSettings(Settings, frozen=True):
    """The least share of traffic that flow logs sample."""

    min_sampling: Share = 0.1


@check(
    "network-default",
    severity=Severity.MEDIUM,
    same_as=[
        "sha:DEFAULT_NETWORK",
        "prowler:compute_network_default_in_use",
        "steampipe:compute_network_contains_no_default_network",
        "scoutsuite:computeengine-network-default-in-use",
        "checkov:CKV_GCP_27",
        "trivy:AVD-GCP-0010",
        "cloudsploit:vpcnetwork/defaultVPCExists",
        "policy_library:gcp_network_restrict_default_v1",
        "inspec:cis-gcp-3.1",
    ],
    fix=Fix(
        gcloud="gcloud compute networks delete {network.id}",
        manual="The deletion is refused while anything uses the network. Delete its firewall rules first, "
        "default-allow-icmp, default-allow-internal, default-allow-rdp and default-allow-ssh among them, and move what "
        "runs in it.",
        terraform="auto_create_network = false on google_project",
        guardrail="compute.skipDefaultNetworkCreation",
        patch=DELETE,
    ),
    passes=lambda: [
        asset(Network, {"name": "prod", "autoCreateSubnetworks": False}),
        asset(Network, {"name": "default-eu", "autoCreateSubnetworks": True}),
    ],
    fails=lambda: [asset(Network, {"name": "default", "autoCreateSubnetworks": True})],
    unknown=lambda: [asset(Network, {}, unknown=["resource.data.name"])],
)
def default_network(network: Network) -> Verdict:
    """A project still has the network that it was born with.

    Why: the default network comes with rules that open SSH, Remote Desktop and ICMP to the internet and everything
    between its machines, and with subnets in every region; whatever is made without a thought lands in it.

    What a fix may break: what runs in the network; move that first.

    Source: https://cloud.google.com/vpc/docs/vpc#default-network
    """
    return fail("the network is called default") if network.name == "default" else PASS


@check(
    "network-legacy",
    severity=Severity.MEDIUM,
    evidence=["IPv4Range"],
    same_as=[
        "sha:LEGACY_NETWORK",
        "prowler:compute_network_not_legacy",
        "steampipe:compute_network_contains_no_legacy_network",
        "scoutsuite:computeengine-network-legacy-in-use",
        "checkov:CKV2_GCP_2",
        "cloudsploit:vpcnetwork/legacyNetworksExist",
        "inspec:cis-gcp-3.2",
    ],
    fix=Fix(
        gcloud="gcloud compute networks delete {network.id}",
        terraform="a new google_compute_network, auto_create_subnetworks = false, with google_compute_subnetwork",
        manual="Move the machines to a VPC network with subnets first.",
        patch=DELETE,
    ),
    passes=lambda: [
        asset(Network, {"name": "n", "autoCreateSubnetworks": False}),
        asset(Network, {"name": "n", "autoCreateSubnetworks": True, "subnetworks": ["s"]}),
    ],
    fails=lambda: [asset(Network, {"name": "old", "IPv4Range": "10.240.0.0/16", "gatewayIPv4": "10.240.0.1"})],
    unknown=lambda: [asset(Network, {"name": "n"}, unknown=["resource.data.IPv4Range"])],
)
def legacy_network(network: Network) -> Verdict:
    """A network is of the old kind that has no subnets.

    Why: one range spans all regions, so nothing can be kept apart; flow logs, Private Google Access and most newer
    protections do not exist there.

    What a fix may break: what runs in the network; move that first.

    Source: https://cloud.google.com/vpc/docs/legacy
    """
    return fail(f"one range, {network.ipv4_range}, and no subnets") if network.is_legacy else PASS


@check(
    "network-dns-logging-off",
    severity=Severity.LOW,
    same_as=[
        "sha:DNS_LOGGING_DISABLED",
        "prowler:compute_network_dns_logging_enabled",
        "steampipe:compute_network_dns_logging_enabled",
        "cloudsploit:vpcnetwork/dnsLoggingEnabled",
    ],
    reads=[DnsPolicy],
    fix=Fix(
        gcloud="gcloud dns policies create dns-logging --networks={network.id} --enable-logging --description=",
        terraform="enable_logging = true and networks { … } on google_dns_policy",
        patch=lambda: [
            asset(DnsPolicy, {"enableLogging": True, "networks": [{"networkUrl": _NETWORK.removeprefix("//")}]})
        ],
    ),
    passes=lambda: [
        [
            asset(Network, {"name": "n", "subnetworks": ["s"]}, name=_NETWORK),
            asset(
                DnsPolicy,
                {
                    "enableLogging": True,
                    "networks": [{"networkUrl": f"https://www.googleapis.com/compute/v1/{_NETWORK[25:]}"}],
                },
            ),
        ],
        asset(Network, {"name": "old", "IPv4Range": "10.240.0.0/16"}, name=_NETWORK),
    ],
    fails=lambda: [
        asset(Network, {"name": "n", "subnetworks": ["s"]}, name=_NETWORK),
        [
            asset(Network, {"name": "n", "subnetworks": ["s"]}, name=_NETWORK),
            asset(
                DnsPolicy, {"enableLogging": False, "networks": [{"networkUrl": f"x/{_NETWORK[25:]}"}]}, name="//dns/a"
            ),
            asset(
                DnsPolicy,
                {"enableLogging": True, "networks": [{"networkUrl": "x/projects/p/global/networks/other"}]},
                name="//dns/b",
            ),
        ],
    ],
    unknown=lambda: [
        [
            asset(Network, {"name": "n"}, name=_NETWORK),
            asset(DnsPolicy, {"networks": [{"networkUrl": _NETWORK}]}, unknown=["resource.data.enableLogging"]),
        ]
    ],
)
def dns_logging_off(network: Network, estate: Estate) -> Verdict:
    """The DNS queries of a network are not logged.

    Why: malware asks for its command servers by name and carries data out in queries; the log is where that shows.

    What a fix may break: nothing; the log is billed by volume.

    Source: https://cloud.google.com/dns/docs/monitoring
    """
    if network.is_legacy:
        return not_applicable("a legacy network knows no DNS policies")
    for policy in _policies_by_network(estate).get(network.asset.short_name, ()):
        if policy.enable_logging:
            return PASS
    len(estate.of(DnsPolicy))  # undetermined where there may be policies that the input does not hold
    return fail("no DNS server policy with logging is attached")


@check(
    "subnet-flow-logs-off",
    severity=Severity.LOW,
    evidence=["purpose", "logConfig"],
    same_as=[
        "sha:FLOW_LOGS_DISABLED",
        "prowler:compute_subnet_flow_logs_enabled",
        "steampipe:enable_network_flow_logs",
        "scoutsuite:computeengine-vpc-flow-logs-disabled",
        "checkov:CKV_GCP_26",
        "trivy:AVD-GCP-0029",
        "trivy:AVD-GCP-0076",
        "cloudsploit:vpcnetwork/flowLogsEnabled",
        "policy_library:gcp_network_enable_flow_logs_v1",
        "inspec:cis-gcp-3.8",
    ],
    fix=Fix(
        gcloud="gcloud compute networks subnets update {subnet.id} --region={subnet.location} --enable-flow-logs",
        terraform="log_config { … } on google_compute_subnetwork",
        guardrail="compute.requireVpcFlowLogs",
        patch={"data": {"logConfig": {"enable": True}}},
    ),
    reads=[FlowLogsConfig, Service],
    passes=lambda: [
        asset(Subnetwork, {"purpose": "PRIVATE", "logConfig": {"enable": True, "flowSampling": 0.5}}),
        asset(Subnetwork, {"enableFlowLogs": True}),
        asset(Subnetwork, {"purpose": "REGIONAL_MANAGED_PROXY"}),
        asset(Subnetwork, {"purpose": "PRIVATE_SERVICE_CONNECT"}),
        [_subnet(), _flow_logs(network="projects/p/global/networks/n")],
        [_subnet(), _flow_logs(state="DISABLED"), _flow_logs("projects/p", subnet=_SUBNET.partition(".com/")[2])],
        [_subnet(), _flow_logs("organizations/3001")],
    ],
    fails=lambda: [
        asset(Subnetwork, {"purpose": "PRIVATE"}),
        asset(Subnetwork, {"logConfig": {"enable": False}, "enableFlowLogs": False}),
        [_subnet(), _flow_logs(network="projects/p/global/networks/n", state="DISABLED")],
        [_subnet(), _flow_logs(network="projects/p/global/networks/n-2")],
        [_subnet(), _flow_logs(vpnTunnel="projects/p/regions/r/vpnTunnels/t")],
        [_subnet(), _flow_logs("organizations/9")],
    ],
    unknown=lambda: [
        asset(Subnetwork, {"purpose": "PRIVATE"}, unknown=["resource.data.logConfig"]),
        asset(Subnetwork, {"purpose": "PRIVATE"}, unknown=["resource.data.enableFlowLogs"]),
        [
            _subnet(),
            asset(Service, {"state": "ENABLED"}, name=f"//serviceusage/projects/1001/services/{_FLOW_LOGS_API}"),
        ],
    ],
)
def flow_logs_off(subnet: Subnetwork, estate: Estate) -> Verdict:
    """A subnet does not record who talked to whom.

    Why: after an incident flow logs tell which machines the intruder reached and how much left; before one they show
    scans and strange destinations. They are on by the subnet's own setting, or by a configuration of the Network
    Management API for the subnet, its network or the organisation. Such configurations are in no export: where that API
    is known to be enabled and none of them is in the input, it is not said that the logs are off.

    What a fix may break: nothing; logs are billed by volume, sampling limits it.

    Source: https://cloud.google.com/vpc/docs/flow-logs
    """
    if subnet.has_flow_logs:
        return PASS
    if subnet.holds_workloads and _is_logged_from_above(subnet, estate):
        return PASS
    return _lacking(subnet, "flow logs are off")


@check(
    "subnet-flow-logs-thin",
    severity=Severity.INFO,
    evidence=["logConfig"],
    same_as=["sha:VPC_FLOW_LOGS_SETTINGS_NOT_RECOMMENDED"],
    default=False,
    fix=Fix(
        gcloud="gcloud compute networks subnets update {subnet.id} --region={subnet.location} "
        "--logging-flow-sampling=0.5 --logging-filter-expr=true",
        terraform="flow_sampling = 0.5 and no filter_expr in log_config",
        guardrail="compute.requireVpcFlowLogs",
        patch={"data": {"logConfig": {"flowSampling": 0.5, "filterExpr": "true"}}},
    ),
    passes=lambda: [
        asset(Subnetwork, {"logConfig": {"enable": True, "flowSampling": 1.0, "filterExpr": "true"}}),
        asset(Subnetwork, {"logConfig": {"enable": False, "flowSampling": 0}}),
    ],
    fails=lambda: [
        asset(Subnetwork, {"logConfig": {"enable": True, "flowSampling": 0.01}}),
        asset(Subnetwork, {"logConfig": {"enable": True, "filterExpr": "inIpRange(connection.src_ip, '10.0.0.0/8')"}}),
    ],
    unknown=lambda: [asset(Subnetwork, {"logConfig": {"enable": True}}, unknown=["resource.data.logConfig"])],
)
def flow_logs_thin(subnet: Subnetwork, settings: FlowLogSettings) -> Verdict:
    """The flow logs of a subnet leave most traffic or part of it out.

    Why: what was sampled away or filtered is missing when it is looked for.

    What a fix may break: nothing; logs are billed by volume.

    Source: https://cloud.google.com/vpc/docs/using-flow-logs
    """
    if not subnet.has_flow_logs or subnet.log_config is None:
        return not_applicable("flow logs are off, which has a check of its own")
    if subnet.log_config.flow_sampling < settings.min_sampling:
        return fail(
            f"{subnet.log_config.flow_sampling:.0%} of traffic is sampled, the least is {settings.min_sampling:.0%}"
        )
    if subnet.log_config.filter_expr not in ("", "true"):
        return fail("a filter leaves records out")
    return PASS


@check(
    "subnet-private-google-access-off",
    severity=Severity.LOW,
    evidence=["purpose", "privateIpGoogleAccess"],
    same_as=[
        "sha:PRIVATE_GOOGLE_ACCESS_DISABLED",
        "steampipe:enable_network_private_google_access",
        "checkov:CKV_GCP_74",
        "trivy:AVD-GCP-0075",
        "cloudsploit:vpcnetwork/privateAccessEnabled",
        "policy_library:gcp_network_enable_private_google_access_v1",
    ],
    fix=Fix(
        gcloud="gcloud compute networks subnets update {subnet.id} --region={subnet.location} "
        "--enable-private-ip-google-access",
        terraform="private_ip_google_access = true on google_compute_subnetwork",
        patch={"data": {"privateIpGoogleAccess": True}},
    ),
    passes=lambda: [
        asset(Subnetwork, {"privateIpGoogleAccess": True}),
        asset(Subnetwork, {"purpose": "REGIONAL_MANAGED_PROXY", "privateIpGoogleAccess": False}),
    ],
    fails=lambda: [
        asset(Subnetwork, {"privateIpGoogleAccess": False, "purpose": "PRIVATE"}),
        asset(Subnetwork, {"purpose": "PRIVATE_RFC_1918"}),
    ],
    unknown=lambda: [asset(Subnetwork, {}, unknown=["resource.data.privateIpGoogleAccess"])],
)
def private_google_access_off(subnet: Subnetwork) -> Verdict:
    """Machines of a subnet reach Google APIs only with an address on the internet.

    Why: the missing path is why machines are given external addresses; with it they need none.

    What a fix may break: nothing.

    Source: https://cloud.google.com/vpc/docs/private-google-access
    """
    if subnet.private_ip_google_access:
        return PASS
    return _lacking(subnet, "Private Google Access is off")


@check(
    "subnet-private-google-access-ipv6-off",
    severity=Severity.INFO,
    evidence=["stackType", "privateIpv6GoogleAccess"],
    same_as=["checkov:CKV_GCP_76"],
    default=False,
    fix=Fix(
        gcloud="gcloud compute networks subnets update {subnet.id} --region={subnet.location} "
        "--private-ipv6-google-access-type=enable-outbound-vm-access",
        terraform='private_ipv6_google_access = "ENABLE_OUTBOUND_VM_ACCESS_TO_GOOGLE"',
        patch={"data": {"privateIpv6GoogleAccess": "ENABLE_OUTBOUND_VM_ACCESS_TO_GOOGLE"}},
    ),
    passes=lambda: [
        asset(
            Subnetwork,
            {"stackType": "IPV4_IPV6", "privateIpv6GoogleAccess": "ENABLE_BIDIRECTIONAL_ACCESS_TO_GOOGLE"},
        ),
        asset(Subnetwork, {"stackType": "IPV4_ONLY"}),
    ],
    fails=lambda: [
        asset(Subnetwork, {"stackType": "IPV4_IPV6", "ipv6AccessType": "EXTERNAL"}),
        asset(Subnetwork, {"stackType": "IPV6_ONLY", "privateIpv6GoogleAccess": "DISABLE_GOOGLE_ACCESS"}),
    ],
    unknown=lambda: [asset(Subnetwork, {"stackType": "IPV4_IPV6"}, unknown=["resource.data.privateIpv6GoogleAccess"])],
)
def private_google_access_ipv6_off(subnet: Subnetwork) -> Verdict:
    """Machines of a subnet with IPv6 reach Google APIs over IPv6 only through the internet.

    Why: as for IPv4, the missing path is a reason to give machines external addresses.

    What a fix may break: nothing.

    Source: https://cloud.google.com/vpc/docs/configure-private-google-access-ipv6
    """
    if subnet.stack_type == "IPV4_ONLY":
        return not_applicable("the subnet has no IPv6")
    if subnet.private_ipv6_google_access.startswith("ENABLE_"):
        return PASS
    return _lacking(subnet, "private IPv6 access is off")
