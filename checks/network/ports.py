"""Services that a firewall rule opens to the internet: one check for each, out of one table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from auditor import PASS, Check, Fix, Severity, Verdict, asset, check, fail
from auditor.resources.network import Firewall, FirewallPolicy, internet_to_everything, internet_to_port
from checks.network import services
from checks.network.services import Service

_OFFICE = "203.0.113.0/24"


def service_open(service: Service, rule: Firewall | FirewallPolicy) -> Verdict:
    """Whether a rule opens one of the service's ports to the internet."""
    if rule.is_closed:
        return PASS
    for protocol, port in service.ports:
        opened = internet_to_port(rule, protocol, port)
        if opened is not None:
            admission, source = opened
            message = f"{admission.label}lets {source} reach {protocol}:{port} (it allows {admission.layer4})"
            if admission.layer4.matches_every_port and not service.stands_alone:
                return fail(message, severity=Severity.LOW)
            return fail(message)
    return PASS


def _vpc_rule(allowed: Sequence[dict[str, Any]], **fields: Any) -> dict[str, Any]:
    return {"name": "r", "direction": "INGRESS", "sourceRanges": ["0.0.0.0/0"], "allowed": allowed, **fields}


def _on_vpc_rules(service: Service) -> Check:
    """The check of a service on VPC firewall rules."""
    protocol, port = service.ports[0]
    opened = [{"IPProtocol": protocol, "ports": [str(port)]}]
    number = "6" if protocol == "tcp" else "17"

    def judge(rule: Firewall) -> Verdict:
        return PASS if rule.known_closed else service_open(service, rule)

    judge.__doc__ = service.page
    return check(
        service.id,
        severity=service.severity,
        same_as=service.same_as,
        evidence=["network", "sourceRanges", "allowed", "targetTags", "targetServiceAccounts"],
        default=service.default,
        fix=Fix(
            gcloud="gcloud compute firewall-rules update {rule.id} --source-ranges=ALL_RANGES_TO_KEEP",
            manual="--source-ranges replaces the ranges of the whole rule, for all of its ports: name every range that "
            "is to stay.",
            terraform="source_ranges = […] on google_compute_firewall, naming your own ranges",
            patch={"data": {"sourceRanges": [_OFFICE], "disabled": False}},
        ),
        passes=lambda: [
            asset(Firewall, _vpc_rule(opened, sourceRanges=[_OFFICE, "10.0.0.0/8"])),
            asset(Firewall, _vpc_rule(opened, disabled=True)),
            asset(Firewall, {**_vpc_rule([], denied=opened)}),
            asset(Firewall, _vpc_rule(opened, sourceRanges=[], sourceTags=["bastion"])),
            asset(Firewall, _vpc_rule([{"IPProtocol": protocol, "ports": ["65000-65100"]}, {"IPProtocol": "icmp"}])),
            asset(
                Firewall,
                {"direction": "EGRESS", "destinationRanges": ["0.0.0.0/0"], "allowed": [{"IPProtocol": "all"}]},
            ),
        ],
        fails=lambda: [
            asset(Firewall, _vpc_rule(opened)),
            asset(Firewall, _vpc_rule([{"IPProtocol": number, "ports": [f"{port - 1}-{port + 1}"]}])),
            asset(Firewall, _vpc_rule(opened, sourceRanges=["10.0.0.0/8", "::/0"], sourceTags=["bastion"])),
            asset(Firewall, _vpc_rule([{"IPProtocol": "all"}], sourceRanges=["0.0.0.0/1", "128.0.0.0/1"])),
            asset(
                Firewall,
                {"sourceRanges": ["0.0.0.0/0"], "allowed": [{"IPProtocol": protocol}], "targetTags": ["web"]},
                unknown=["resource.data.allowed.*"],
            ),
        ],
        unknown=lambda: [
            asset(Firewall, _vpc_rule(opened), unknown=["resource.data.sourceRanges"]),
            asset(Firewall, _vpc_rule(opened, sourceRanges=[_OFFICE]), unknown=["resource.data.sourceRanges.*"]),
            asset(Firewall, {"sourceRanges": ["0.0.0.0/0"]}),
        ],
    )(judge)


def _policy(layer4: dict[str, Any], **rule: Any) -> dict[str, Any]:
    match = {"srcIpRanges": ["0.0.0.0/0"], "layer4Configs": [layer4]}
    return {"rules": [{"priority": 1000, "direction": "INGRESS", "action": "allow", "match": match, **rule}]}


def _on_policies(service: Service) -> Check:
    """The check of a service on hierarchical and network firewall policies."""
    protocol, port = service.ports[0]
    opened: dict[str, Any] = {"ipProtocol": protocol, "ports": [str(port)]}

    def judge(policy: FirewallPolicy) -> Verdict:
        return service_open(service, policy)

    judge.__doc__ = service.page.replace("A firewall rule", "A firewall policy", 1)
    return check(
        service.id,
        severity=service.severity,
        fix=Fix(
            gcloud="gcloud compute {policy.gcloud_group} rules update PRIORITY {policy.gcloud_flags} "
            "--src-ip-ranges=ALL_RANGES_TO_KEEP",
            manual="--src-ip-ranges replaces the ranges of the whole rule: name every range that is to stay.",
            terraform="match { src_ip_ranges = […] } on the policy's rule, naming your own ranges",
            patch={"data": _policy(opened, match={"srcIpRanges": [_OFFICE], "layer4Configs": [opened]})},
        ),
        passes=lambda: [
            asset(FirewallPolicy, _policy(opened, action="goto_next")),
            asset(FirewallPolicy, _policy(opened, action="deny")),
            asset(FirewallPolicy, _policy(opened, disabled=True)),
            asset(FirewallPolicy, _policy(opened, direction="EGRESS")),
            asset(FirewallPolicy, _policy(opened, match={"srcIpRanges": [_OFFICE], "layer4Configs": [opened]})),
            asset(
                FirewallPolicy,
                _policy(
                    opened,
                    match={
                        "srcIpRanges": ["0.0.0.0/0"],
                        "srcNetworkType": "NON_INTERNET",
                        "layer4Configs": [opened],
                    },
                ),
            ),
        ],
        fails=lambda: [
            asset(FirewallPolicy, _policy(opened)),
            asset(FirewallPolicy, _policy({"ipProtocol": "all"})),
            asset(FirewallPolicy, _policy(opened, match={"srcIpRanges": ["::/0"], "layer4Configs": [opened]})),
        ],
        unknown=lambda: [
            asset(FirewallPolicy, {"rules": []}, unknown=["resource.data.rules.*"]),
            asset(FirewallPolicy, {"shortName": "edge"}),
        ],
    )(judge)


ssh = _on_vpc_rules(services.SSH)
rdp = _on_vpc_rules(services.RDP)
telnet = _on_vpc_rules(services.TELNET)
ftp = _on_vpc_rules(services.FTP)
ftp_data = _on_vpc_rules(services.FTP_DATA)
smtp = _on_vpc_rules(services.SMTP)
pop3 = _on_vpc_rules(services.POP3)
dns = _on_vpc_rules(services.DNS)
http = _on_vpc_rules(services.HTTP)
internal_web = _on_vpc_rules(services.INTERNAL_WEB)
windows = _on_vpc_rules(services.WINDOWS)
ldap = _on_vpc_rules(services.LDAP)
snmp = _on_vpc_rules(services.SNMP)
mysql = _on_vpc_rules(services.MYSQL)
postgresql = _on_vpc_rules(services.POSTGRESQL)
sql_server = _on_vpc_rules(services.SQL_SERVER)
oracle = _on_vpc_rules(services.ORACLE)
mongodb = _on_vpc_rules(services.MONGODB)
redis = _on_vpc_rules(services.REDIS)
memcached = _on_vpc_rules(services.MEMCACHED)
elasticsearch = _on_vpc_rules(services.ELASTICSEARCH)
cassandra = _on_vpc_rules(services.CASSANDRA)
containers = _on_vpc_rules(services.CONTAINERS)
salt = _on_vpc_rules(services.SALT)
hadoop = _on_vpc_rules(services.HADOOP)
vnc = _on_vpc_rules(services.VNC)
policy_ssh = _on_policies(services.POLICY_SSH)
policy_rdp = _on_policies(services.POLICY_RDP)
policy_databases = _on_policies(services.POLICY_DATABASES)


def _everything(rule: Firewall | FirewallPolicy) -> Verdict:
    if rule.is_closed:
        return PASS
    opened = internet_to_everything(rule)
    if opened is None:
        return PASS
    admission, source = opened
    return fail(f"{admission.label}lets {source} reach {admission.layer4}")


@check(
    "firewall-all-ports-open",
    severity=Severity.CRITICAL,
    evidence=["network", "sourceRanges", "allowed", "targetTags", "targetServiceAccounts"],
    same_as=[
        "sha:OPEN_FIREWALL",
        "steampipe:restrict_firewall_rule_world_open_tcp_udp_all_ports",
        "steampipe:compute_firewall_rule_restrict_ingress_all",
        "scoutsuite:computeengine-firewall-rule-opens-all-ports-to-all",
        "checkov:CKV2_GCP_12",
        "cloudsploit:vpcnetwork/openAllPorts",
    ],
    fix=Fix(
        gcloud="gcloud compute firewall-rules update {rule.id} --allow=ALL_PORTS_TO_KEEP "
        "--source-ranges=ALL_RANGES_TO_KEEP",
        manual="Both options replace the whole list: name every PROTOCOL:PORT and every range that is to stay.",
        terraform="allow { ports = […] } and source_ranges = […] on google_compute_firewall",
        patch={"data": {"sourceRanges": [_OFFICE], "disabled": False}},
    ),
    passes=lambda: [
        asset(Firewall, _vpc_rule([{"IPProtocol": "tcp", "ports": ["443"]}])),
        asset(Firewall, _vpc_rule([{"IPProtocol": "icmp"}])),
        asset(Firewall, _vpc_rule([{"IPProtocol": "tcp", "ports": ["1024-65535"]}])),
        asset(Firewall, _vpc_rule([{"IPProtocol": "all"}], disabled=True)),
        asset(Firewall, _vpc_rule([{"IPProtocol": "all"}], sourceRanges=["0.0.0.0/32"])),
        asset(Firewall, _vpc_rule([{"IPProtocol": "all"}], sourceRanges=["10.128.0.0/9"])),
    ],
    fails=lambda: [
        asset(Firewall, _vpc_rule([{"IPProtocol": "all"}])),
        asset(Firewall, _vpc_rule([{"IPProtocol": "tcp"}], sourceRanges=["::/0"])),
        asset(Firewall, _vpc_rule([{"IPProtocol": "17", "ports": ["0-65535"]}])),
        asset(Firewall, {"allowed": [{"IPProtocol": "all"}], "priority": 1000}),
    ],
    unknown=lambda: [asset(Firewall, _vpc_rule([{"IPProtocol": "all"}]), unknown=["resource.data.disabled"])],
)
def all_ports_open(rule: Firewall) -> Verdict:
    """A firewall rule opens every port to the internet.

    Why: whatever listens on the machines behind the rule, now or after the next installation, is on the internet:
    SSH, databases, agents, debug ports. The firewall decides nothing any more.

    What a fix may break: all that connects from outside today; list from the rule's logs what is in use, then allow
    only that.

    Source: https://cloud.google.com/firewall/docs/firewalls
    """
    return _everything(rule)


@check(
    "firewall-policy-all-ports-open",
    severity=Severity.CRITICAL,
    fix=Fix(
        gcloud="gcloud compute {policy.gcloud_group} rules update PRIORITY {policy.gcloud_flags} "
        "--layer4-configs=ALL_PORTS_TO_KEEP",
        manual="--layer4-configs replaces the whole list: name every PROTOCOL:PORT that is to stay.",
        terraform="match { layer4_configs { ports = […] } } on the policy's rule",
        patch={"data": _policy({"ipProtocol": "tcp", "ports": ["443"]})},
    ),
    passes=lambda: [
        asset(FirewallPolicy, _policy({"ipProtocol": "tcp", "ports": ["443"]})),
        asset(FirewallPolicy, _policy({"ipProtocol": "all"}, action="goto_next")),
    ],
    fails=lambda: [
        asset(FirewallPolicy, _policy({"ipProtocol": "all"})),
        asset(FirewallPolicy, _policy({"ipProtocol": "tcp", "ports": ["1-65535"]})),
    ],
    unknown=lambda: [asset(FirewallPolicy, {"rules": []}, unknown=["resource.data.rules.*"])],
)
def policy_all_ports_open(policy: FirewallPolicy) -> Verdict:
    """A firewall policy opens every port to the internet.

    Why: the rule holds in every network that the policy is attached to, and because an allow ends the evaluation no
    VPC firewall rule below it can close a port again.

    What a fix may break: all that connects from outside today; list from the rule's logs what is in use first. Where
    the rule was meant to leave the decision to the networks, use the action goto_next.

    Source: https://cloud.google.com/firewall/docs/firewall-policies-overview
    """
    return _everything(policy)
