"""Networks, subnetworks, firewalls, addresses, routers.

Sources: registry.terraform.io/providers/hashicorp/google/latest/docs/resources/compute_firewall (and its
neighbours), cloud.google.com/compute/docs/reference/rest/v1
"""

from __future__ import annotations

from typing import Any

from auditor.sources.terraform.mapping import ABSENT, Made, Mapping, Row, Rows, text

_PROJECT = "//compute.googleapis.com/projects/{project}"


def _texts(values: list[Any]) -> list[str]:
    return [text(value) for value in values]


def _firewall(made: Made) -> None:
    """An ingress rule that names no source applies to every address."""
    data = made.data
    sources = ("source_tags", "source_service_accounts", "source_ranges")
    named = any(made.planned.known(name) or made.planned.is_unknown(name) for name in sources)
    if data.get("direction") == "INGRESS" and not named:
        data["sourceRanges"] = ["0.0.0.0/0"]
        made.forget("sourceRanges")
    elif not made.planned.is_unknown("source_ranges"):
        made.forget("sourceRanges")


_FIREWALL: Rows = {
    "allow": "allowed",
    "allow.ports": Row("allowed.ports", _texts),
    "allow.protocol": "allowed.IPProtocol",
    "deny": "denied",
    "deny.ports": Row("denied.ports", _texts),
    "deny.protocol": "denied.IPProtocol",
    "destination_ranges": Row("destinationRanges", default=ABSENT),
    "direction": Row("direction", default="INGRESS"),
    "disabled": Row("disabled", default=False),
    "enable_logging": Row("logConfig.enable", default=ABSENT),
    "log_config": Row("logConfig", always={"enable": True}),
    "network": Row("network", link="global/networks"),
    "params": None,
    "priority": Row("priority", default=1000),
    "project": None,
}
_SUBNETWORK: Rows = {
    "log_config": Row("logConfig", always={"enable": True}),
    "network": Row("network", link="global/networks"),
    "private_ip_google_access": Row("privateIpGoogleAccess", default=False),
    "private_ipv6_google_access": Row("privateIpv6GoogleAccess", default="DISABLE_GOOGLE_ACCESS"),
    "project": None,
    "purpose": Row("purpose", default="PRIVATE"),
    "region": Row("region", link="regions"),
    "secondary_ip_range": Row("secondaryIpRanges", default=ABSENT),
    "send_secondary_ip_range_if_empty": None,
    "stack_type": Row("stackType", default="IPV4_ONLY"),
    "subnetwork_id": None,
    "params": None,
}

_POLICY = "compute.googleapis.com/FirewallPolicy"

_WITH_RULES: Rows = {
    "predefined_rules": None,
    "project": None,
    "rule": "rules",
    "rule.direction": Row("rules.direction", default="INGRESS"),
    "rule.match.layer4_config": "rules.match.layer4Configs",
    "rule.match.src_secure_tag": "rules.match.srcSecureTags",
    "rule.target_secure_tag": "rules.targetSecureTags",
    "self_link_with_id": None,
}
_WITH_RULES_LISTS = "rule rule.match.layer4_config rule.match.src_secure_tag rule.target_secure_tag"

MAPPINGS: dict[str, Mapping] = {
    "google_compute_firewall": Mapping(
        "compute.googleapis.com/Firewall",
        _PROJECT + "/global/firewalls/{name}",
        _FIREWALL,
        "allow deny",
        finish=_firewall,
    ),
    "google_compute_network": Mapping(
        "compute.googleapis.com/Network",
        _PROJECT + "/global/networks/{name}",
        {
            "auto_create_subnetworks": Row("autoCreateSubnetworks", default=True),
            "bgp_always_compare_med": "routingConfig.bgpAlwaysCompareMed",
            "bgp_best_path_selection_mode": "routingConfig.bgpBestPathSelectionMode",
            "bgp_inter_region_cost": "routingConfig.bgpInterRegionCost",
            "delete_bgp_always_compare_med": None,
            "delete_default_routes_on_create": None,
            "gateway_ipv4": None,
            "network_id": None,
            "numeric_id": None,
            "project": None,
            "routing_mode": Row("routingConfig.routingMode", default="REGIONAL"),
            "params": None,
        },
    ),
    "google_compute_subnetwork": Mapping(
        "compute.googleapis.com/Subnetwork",
        _PROJECT + "/regions/{region}/subnetworks/{name}",
        _SUBNETWORK,
        "secondary_ip_range",
    ),
    "google_compute_address": Mapping(
        "compute.googleapis.com/Address",
        _PROJECT + "/regions/{region}/addresses/{name}",
        {"address_type": Row("addressType", default="EXTERNAL"), "project": None},
    ),
    "google_compute_global_address": Mapping(
        "compute.googleapis.com/GlobalAddress",
        _PROJECT + "/global/addresses/{name}",
        {"address_type": Row("addressType", default="EXTERNAL"), "project": None},
    ),
    "google_compute_router": Mapping(
        "compute.googleapis.com/Router",
        _PROJECT + "/regions/{region}/routers/{name}",
        {"network": Row("network", link="global/networks"), "project": None, "md5_authentication_keys": None},
        "bgp.advertised_ip_ranges",
    ),
    "google_compute_vpn_tunnel": Mapping(
        "compute.googleapis.com/VpnTunnel",
        _PROJECT + "/regions/{region}/vpnTunnels/{name}",
        {
            "shared_secret": None,
            "shared_secret_wo": None,
            "shared_secret_wo_version": None,
            "project": None,
            "ike_version": Row("ikeVersion", default=2),
            "tunnel_id": "id",
        },
    ),
    "google_compute_firewall_policy": Mapping(
        _POLICY,
        "//compute.googleapis.com/locations/global/firewallPolicies/{firewall_policy_id}",
        {"firewall_policy_id": "name", "self_link_with_id": None},
        container="parent",
    ),
    "google_compute_firewall_policy_with_rules": Mapping(
        _POLICY,
        "//compute.googleapis.com/locations/global/firewallPolicies/{policy_id}",
        {**_WITH_RULES, "policy_id": "name"},
        _WITH_RULES_LISTS,
        container="parent",
    ),
    "google_compute_network_firewall_policy_with_rules": Mapping(
        _POLICY,
        _PROJECT + "/global/firewallPolicies/{name}",
        {**_WITH_RULES, "network_firewall_policy_id": None},
        _WITH_RULES_LISTS,
    ),
    "google_compute_region_network_firewall_policy_with_rules": Mapping(
        _POLICY,
        _PROJECT + "/regions/{region}/firewallPolicies/{name}",
        {**_WITH_RULES, "network_firewall_policy_id": None},
        _WITH_RULES_LISTS,
    ),
    "google_compute_network_firewall_policy": Mapping(
        _POLICY, _PROJECT + "/global/firewallPolicies/{name}", {"project": None, "network_firewall_policy_id": None}
    ),
    "google_compute_region_network_firewall_policy": Mapping(
        _POLICY,
        _PROJECT + "/regions/{region}/firewallPolicies/{name}",
        {"project": None, "region_network_firewall_policy_id": None},
    ),
}
