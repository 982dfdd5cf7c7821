"""VPC networks: networks, subnets and firewall rules, and what a firewall rule lets in.

Source: cloud.google.com/compute/docs/reference/rest/v1/firewalls, …/firewallPolicies, …/networks, …/subnetworks
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from functools import lru_cache

from msgspec import field

from auditor.resources.base import Resource, Undetermined, View, shows
from auditor.resources.unknown import known_first, told

EVERY_PORT = (0, 65535)
_BROAD = {4: 8, 6: 16}
"""The longest prefix of a range that counts as the internet, by IP version."""

_NUMBERS = {"1": "icmp", "6": "tcp", "17": "udp", "58": "ipv6-icmp", "132": "sctp"}
_WITH_PORTS = ("tcp", "udp", "sctp")


FRONT_ENDS = tuple(ipaddress.IPv4Network(cidr) for cidr in ("130.211.0.0/22", "35.191.0.0/16"))
"""Where global load balancers and their health checks come from.
Source: cloud.google.com/load-balancing/docs/firewall-rules"""


@lru_cache(maxsize=4096)
def addresses(cidr: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    """The addresses of a range; one without a prefix is one address. Raises `Undetermined` for what is no range."""
    try:
        return ipaddress.ip_network(cidr.strip(), strict=False)
    except ValueError:
        raise Undetermined("the addresses", f"{cidr[:100]!r} is no range of addresses") from None


@lru_cache(maxsize=4096)
def is_internet(cidr: str) -> bool:
    """Whether a range of addresses is so broad that it means the internet: `0.0.0.0/0`, `::/0`, and up to a /8 or /16.

    Private ranges are not, however broad; `0.0.0.0` without a prefix is one address. Raises `Undetermined` for what is
    no range.
    """
    network = addresses(cidr)
    if network.prefixlen > _BROAD[network.version]:
        return False
    return network.prefixlen <= 1 or not (network.is_private or network.is_multicast)


def _if_internet(cidr: str) -> list[str]:
    return [cidr] if is_internet(cidr) else []


def _port_range(text: str) -> Iterator[tuple[int, int]]:
    """The first and last of `22` or `1000-2000`. Raises `Undetermined` for anything else."""
    first, _, last = text.partition("-")
    try:
        yield int(first), int(last or first)
    except ValueError:
        raise Undetermined("ports", f"{text[:100]!r} is no port and no range of ports") from None


class Layer4(View):
    """`allowed[]`, `denied[]` of a firewall rule, `layer4Configs[]` of a firewall policy: a protocol and its ports."""

    ip_protocol: str = field(default="", name="IPProtocol")
    ip_protocol_camel: str = field(default="", name="ipProtocol")
    ports: list[str] = []

    @property
    def protocol(self) -> str:
        """The protocol's name in lower case; `all` for every protocol."""
        protocol = (self.ip_protocol or self.ip_protocol_camel).strip().lower()
        return _NUMBERS.get(protocol, protocol)

    def ranges(self, protocol: str) -> Iterator[tuple[int, int]]:
        """The ports of `protocol` (`tcp`, `udp`) that are matched, as first and last of each range."""
        if self.protocol not in (protocol, "all"):
            return
        if self.protocol == "all" or not self.ports:
            yield EVERY_PORT
            return
        yield from known_first(self.ports, _port_range)

    def __str__(self) -> str:
        if self.protocol == "all":
            return "all protocols"
        return f"{self.protocol}:{','.join(self.ports)}" if self.ports else f"all {self.protocol} ports"

    @property
    def matches_every_port(self) -> bool:
        """Whether all traffic of the protocol is matched, and the protocol is one that has ports."""
        return self.protocol == "all" or any(
            first <= 1 and last == EVERY_PORT[1] for name in _WITH_PORTS for first, last in self.ranges(name)
        )


class RuleLogging(View):
    """`logConfig` of a firewall rule."""

    enable: bool = False
    metadata: str = ""


@shows("compute.googleapis.com/Firewall")
class Firewall(Resource):
    """A VPC firewall rule. It either allows or denies: one of the two lists is there."""

    name: str = ""
    network: str = ""
    direction: str = "INGRESS"
    disabled: bool = False
    priority: int = 1000
    source_ranges: list[str] = []
    source_tags: list[str] = []
    source_service_accounts: list[str] = []
    destination_ranges: list[str] = []
    target_tags: list[str] = []
    target_service_accounts: list[str] = []
    allowed_told: list[Layer4] | None = field(default=None, name="allowed")
    denied_told: list[Layer4] | None = field(default=None, name="denied")
    log_config: RuleLogging = field(default_factory=RuleLogging)
    known_closed: bool | None = field(default=None, name="#closed")
    """Whether the rule surely lets nobody in from the internet, worked out once for the many checks that ask."""

    @property
    def opens_default_network(self) -> bool:
        """Whether it is called as the rules that come with the default network and let traffic in."""
        return self.name in ("default-allow-ssh", "default-allow-rdp", "default-allow-icmp", "default-allow-internal")

    @property
    def allowed(self) -> list[Layer4]:
        """What the rule lets through; nothing where it denies. Raises `Undetermined` where neither is told."""
        if self.allowed_told is not None:
            return self.allowed_told
        told(self.denied_told, "allowed")
        return []

    @property
    def is_closed(self) -> bool:
        """Whether the rule is disabled, for leaving traffic or for known sources. Raises `Undetermined`."""
        if self.known_closed is None:
            self.known_closed = self.direction.upper() != "INGRESS" or _surely_closed(self) or self.disabled
        return self.known_closed

    def admissions(self) -> Iterator[Admission]:
        """What the rule lets in; nothing where it is closed or denies."""
        if self.is_closed:
            return
        for layer4 in self.allowed:
            yield Admission("", self, layer4)

    def internet_sources(self) -> Iterator[str]:
        """The source ranges that mean the internet. Tags and service accounts beside them widen, never narrow."""
        yield from known_first(self.source_ranges, _if_internet)
        if not (self.source_ranges or self.source_tags or self.source_service_accounts):
            yield "0.0.0.0/0"


class PolicyRuleMatch(View):
    """`rules[].match` of a firewall policy."""

    src_ip_ranges: list[str] = []
    src_network_type: str = ""
    src_network_context: str = ""
    layer4_configs: list[Layer4] = []


class PolicyRule(View):
    """`rules[]` of a firewall policy."""

    action: str = ""
    direction: str = "INGRESS"
    disabled: bool = False
    priority: int = 0
    match: PolicyRuleMatch = field(default_factory=PolicyRuleMatch)

    def internet_sources(self) -> Iterator[str]:
        """The source ranges that mean the internet, and narrow themselves to no kind of network inside it."""
        network = self.match.src_network_context or self.match.src_network_type
        if network and network not in ("INTERNET", "UNSPECIFIED"):
            return
        yield from known_first(self.match.src_ip_ranges, _if_internet)


@shows("compute.googleapis.com/FirewallPolicy")
class FirewallPolicy(Resource):
    """A hierarchical or network firewall policy. It is in force wherever it is attached."""

    name: str = ""
    short_name: str = ""
    rules_told: list[PolicyRule] | None = field(default=None, name="rules")

    @property
    def rules(self) -> list[PolicyRule]:
        """The rules. Raises `Undetermined` where the data has none: every policy is born with rules."""
        return told(self.rules_told, "rules")

    @property
    def gcloud_group(self) -> str:
        """The group of gcloud commands for policies of its kind."""
        return "network-firewall-policies" if "/projects/" in self.asset.name else "firewall-policies"

    @property
    def gcloud_flags(self) -> tuple[str, ...]:
        """The options that name the policy to gcloud."""
        named = f"--firewall-policy={self.id}"
        if self.gcloud_group == "firewall-policies":
            return (named,)
        if self.asset.location == "global":
            return (named, "--global-firewall-policy")
        return (named, f"--firewall-policy-region={self.asset.location}")

    @property
    def is_closed(self) -> bool:
        """Whether there is no rule at all."""
        return not self.rules

    def admissions(self) -> Iterator[Admission]:
        """What the policy's rules let in."""
        for rule in self.rules:
            if rule.action != "allow" or rule.direction.upper() != "INGRESS" or rule.disabled or _surely_closed(rule):
                continue
            for layer4 in rule.match.layer4_configs:
                yield Admission(f"rule {rule.priority} ", rule, layer4)


class Admission:
    """One protocol that a firewall rule lets in, and from where."""

    __slots__ = ("label", "layer4", "rule")

    def __init__(self, label: str, rule: Firewall | PolicyRule, layer4: Layer4) -> None:
        self.label = label
        self.rule = rule
        self.layer4 = layer4


def _surely_closed(rule: Firewall | PolicyRule) -> bool:
    """Whether no source of a rule means the internet, so that it does not matter what the rule allows."""
    try:
        return next(rule.internet_sources(), None) is None
    except Undetermined:
        return False


def internet_to_port(rule: Firewall | FirewallPolicy, protocol: str, port: int) -> tuple[Admission, str] | None:
    """The admission that opens a port to the internet, and the range of sources that does so."""
    for admission in rule.admissions():
        for first, last in admission.layer4.ranges(protocol):
            if first <= port <= last:
                for source in admission.rule.internet_sources():
                    return admission, source
    return None


def internet_to_everything(rule: Firewall | FirewallPolicy) -> tuple[Admission, str] | None:
    """The admission that opens every port of a protocol to the internet, and the range of sources that does so."""
    for admission in rule.admissions():
        if admission.layer4.matches_every_port:
            for source in admission.rule.internet_sources():
                return admission, source
    return None


@shows("compute.googleapis.com/Network")
class Network(Resource):
    """A VPC network. A legacy network has one range of addresses (`IPv4Range`) and no subnets."""

    name: str = ""
    auto_create_subnetworks: bool | None = None
    ipv4_range: str = field(default="", name="IPv4Range")
    subnetworks: list[str] = []
    peerings: list[dict[str, object]] = []
    self_link: str = ""

    @property
    def is_legacy(self) -> bool:
        """Whether the network is of the kind that has no subnets."""
        return bool(self.ipv4_range)


class FlowLogs(View):
    """`logConfig` of a subnet."""

    enable: bool = False
    aggregation_interval: str = "INTERVAL_5_SEC"
    flow_sampling: float = 0.5
    metadata: str = "EXCLUDE_ALL_METADATA"
    filter_expr: str = ""


@shows("compute.googleapis.com/Subnetwork")
class Subnetwork(Resource):
    """A subnet. `enableFlowLogs` is the older spelling of `logConfig.enable`."""

    name: str = ""
    network: str = ""
    purpose: str = "PRIVATE"
    role: str = ""
    stack_type: str = "IPV4_ONLY"
    ipv6_access_type: str = ""
    private_ip_google_access: bool = False
    private_ipv6_google_access: str = "DISABLE_GOOGLE_ACCESS"
    enable_flow_logs: bool = False
    log_config: FlowLogs | None = None

    @property
    def holds_workloads(self) -> bool:
        """Whether machines live in the subnet; proxies, NAT and Private Service Connect have subnets of their own."""
        return self.purpose in ("", "PRIVATE", "PRIVATE_RFC_1918")

    @property
    def is_of_default_network(self) -> bool:
        """Whether the subnet came with the network that every project is born with."""
        return self.network.endswith("/networks/default")

    @property
    def has_flow_logs(self) -> bool:
        """Whether VPC flow logs are on. `logConfig` decides where it is there; `enableFlowLogs` is its older form."""
        return self.enable_flow_logs if self.log_config is None else self.log_config.enable


@shows("networkmanagement.googleapis.com/VpcFlowLogsConfig")
class FlowLogsConfig(Resource):
    """A flow logs configuration of the Network Management API, of an organisation, a network, a subnet or a link.

    Source: cloud.google.com/network-intelligence-center/docs/reference/networkmanagement/rest
    """

    HAS_POLICY = False

    state: str = "ENABLED"
    network: str = ""
    subnet: str = ""
    interconnect_attachment: str = ""
    vpn_tunnel: str = ""

    @property
    def is_on(self) -> bool:
        """Whether it makes logs; nothing said means that it does."""
        return self.state in ("ENABLED", "STATE_UNSPECIFIED", "")
