"""Firewall rules as such: what came with the network, what leaves it, what is recorded."""

from __future__ import annotations

from typing import Any

from auditor import DELETE, PASS, Fix, Severity, Verdict, asset, check, fail, not_applicable
from auditor.resources.network import Firewall, is_internet

_EVERYTHING = [{"IPProtocol": "all"}]


def _egress(**fields: Any) -> dict[str, Any]:
    return {"direction": "EGRESS", "destinationRanges": ["0.0.0.0/0"], "allowed": _EVERYTHING, **fields}


@check(
    "firewall-rule-of-default-network",
    severity=Severity.LOW,
    evidence=["network", "sourceRanges", "allowed"],
    same_as=[
        "steampipe:compute_firewall_default_rule_restrict_ingress_access_except_http_and_https",
        "scoutsuite:computeengine-firewall-default-rule-in-use",
        "trivy:AVD-GCP-0073",
    ],
    default=False,
    fix=Fix(
        gcloud="gcloud compute firewall-rules delete {rule.id}",
        terraform="auto_create_network = false on google_project",
        guardrail="compute.skipDefaultNetworkCreation",
        patch=DELETE,
    ),
    passes=lambda: [
        asset(Firewall, {"name": "allow-lb", "allowed": _EVERYTHING}),
        asset(Firewall, {"name": "default-allow-ssh", "disabled": True}),
    ],
    fails=lambda: [
        asset(Firewall, {"name": "default-allow-ssh", "sourceRanges": ["0.0.0.0/0"]}),
        asset(Firewall, {"name": "default-allow-internal", "sourceRanges": ["10.128.0.0/9"]}),
    ],
    unknown=lambda: [asset(Firewall, {"name": "default-allow-icmp"}, unknown=["resource.data.disabled"])],
)
def rule_of_default_network(rule: Firewall) -> Verdict:
    """A firewall rule that came with the default network is still there.

    Why: nobody chose these rules: they let everything through between all machines of the network and open it to the
    internet for SSH, Remote Desktop and ICMP.

    What a fix may break: connections that only these rules allow; see their hit counts first.

    Source: https://cloud.google.com/firewall/docs/firewalls#more_rules_default_vpc
    """
    if not rule.opens_default_network:
        return PASS
    return not_applicable("the rule is disabled") if rule.disabled else fail(f"{rule.name} is in force")


@check(
    "firewall-egress-unrestricted",
    severity=Severity.LOW,
    evidence=["destinationRanges", "allowed", "priority"],
    same_as=["trivy:AVD-GCP-0035", "cloudsploit:vpcnetwork/openAllPortsEgress"],
    default=False,
    fix=Fix(
        gcloud="gcloud compute firewall-rules delete {rule.id}",
        terraform="destination_ranges = […] and ports on google_compute_firewall",
        patch=DELETE,
    ),
    passes=lambda: [
        asset(Firewall, _egress(allowed=[{"IPProtocol": "tcp", "ports": ["443"]}])),
        asset(Firewall, _egress(allowed=[], denied=_EVERYTHING)),
        asset(Firewall, _egress(disabled=True)),
        asset(Firewall, _egress(destinationRanges=["10.0.0.0/8"])),
        asset(Firewall, {"direction": "INGRESS", "sourceRanges": ["0.0.0.0/0"], "allowed": _EVERYTHING}),
    ],
    fails=lambda: [
        asset(Firewall, _egress()),
        asset(Firewall, {"direction": "EGRESS", "allowed": _EVERYTHING}),
        asset(Firewall, _egress(destinationRanges=["::/0"], allowed=[{"IPProtocol": "tcp"}])),
    ],
    unknown=lambda: [asset(Firewall, _egress(), unknown=["resource.data.destinationRanges"])],
)
def egress_unrestricted(rule: Firewall) -> Verdict:
    """A firewall rule lets machines send anything anywhere.

    Why: the network allows that anyway unless a rule denies it, so an explicit rule mostly undoes such a denial: data
    leave and tools come in.

    What a fix may break: downloads and calls to services that are not listed.

    Source: https://cloud.google.com/firewall/docs/firewalls
    """
    if rule.direction.upper() != "EGRESS":
        return not_applicable("the rule is for traffic that comes in")
    for layer4 in rule.allowed:
        if layer4.matches_every_port:
            for cidr in rule.destination_ranges or ["0.0.0.0/0"]:
                if is_internet(cidr):
                    return PASS if rule.disabled else fail(f"{layer4} may leave to {cidr}")
    return PASS


@check(
    "firewall-logging-off",
    severity=Severity.INFO,
    evidence=["logConfig.enable"],
    same_as=[
        "sha:FIREWALL_RULE_LOGGING_DISABLED",
        "steampipe:compute_firewall_rule_logging_enabled",
        "policy_library:gcp_network_enable_firewall_logs_v1",
    ],
    default=False,
    fix=Fix(
        gcloud="gcloud compute firewall-rules update {rule.id} --enable-logging",
        terraform='log_config { metadata = "INCLUDE_ALL_METADATA" } on google_compute_firewall',
        patch={"data": {"logConfig": {"enable": True}}},
    ),
    passes=lambda: [asset(Firewall, {"logConfig": {"enable": True}}), asset(Firewall, {"disabled": True})],
    fails=lambda: [asset(Firewall, {"logConfig": {"enable": False}}), asset(Firewall, {"name": "r"})],
    unknown=lambda: [asset(Firewall, {}, unknown=["resource.data.logConfig"])],
)
def logging_off(rule: Firewall) -> Verdict:
    """A firewall rule does not record what it lets through or stops.

    Why: the log tells whether a rule is needed, and who was stopped by it.

    What a fix may break: nothing; rules with much traffic make large logs.

    Source: https://cloud.google.com/firewall/docs/firewall-rules-logging
    """
    if rule.log_config.enable:
        return PASS
    return not_applicable("the rule is disabled") if rule.disabled else fail("logging is off")


@check(
    "firewall-log-metadata-excluded",
    severity=Severity.INFO,
    evidence=["logConfig"],
    same_as=["cloudsploit:vpcnetwork/firewallLoggingMetadata"],
    fix=Fix(
        gcloud="gcloud compute firewall-rules update {rule.id} --logging-metadata=include-all",
        terraform='log_config { metadata = "INCLUDE_ALL_METADATA" } on google_compute_firewall',
        patch={"data": {"logConfig": {"metadata": "INCLUDE_ALL_METADATA"}}},
    ),
    passes=lambda: [
        asset(Firewall, {"logConfig": {"enable": True, "metadata": "INCLUDE_ALL_METADATA"}}),
        asset(Firewall, {"logConfig": {"enable": True}}),
        asset(Firewall, {"logConfig": {"enable": False, "metadata": "EXCLUDE_ALL_METADATA"}}),
        asset(Firewall, {"disabled": True, "logConfig": {"enable": True, "metadata": "EXCLUDE_ALL_METADATA"}}),
    ],
    fails=lambda: [asset(Firewall, {"logConfig": {"enable": True, "metadata": "EXCLUDE_ALL_METADATA"}})],
    unknown=lambda: [asset(Firewall, {"logConfig": {"enable": True}}, unknown=["resource.data.logConfig.metadata"])],
)
def log_metadata_excluded(rule: Firewall) -> Verdict:
    """The log of a firewall rule says which addresses talked, and not which machines.

    Why: without the metadata an entry lacks the rule, the machines, the network and the place of the other side. An
    address that was reused since then can no longer be led back to a machine.

    What a fix may break: nothing; each entry is larger, and is billed by its size.

    Source: https://cloud.google.com/firewall/docs/firewall-rules-logging
    """
    if not rule.log_config.enable:
        return not_applicable("the rule logs nothing")
    if rule.log_config.metadata != "EXCLUDE_ALL_METADATA":
        return PASS
    return not_applicable("the rule is disabled") if rule.disabled else fail("metadata is left out of the log")
