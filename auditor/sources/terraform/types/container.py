"""Google Kubernetes Engine.

Sources: registry.terraform.io/providers/hashicorp/google/latest/docs/resources/container_cluster,
…/container_node_pool, cloud.google.com/kubernetes-engine/docs/reference/rest/v1/projects.locations.clusters
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from auditor.sources.terraform.mapping import ABSENT, Draft, Made, Mapping, Row, Rows, words
from auditor.sources.terraform.names import UNKNOWN, Namer
from auditor.sources.terraform.plan import Planned, as_dict, as_list, references_of
from auditor.sources.terraform.references import follow
from auditor.sources.terraform.types.container_nodes import NODE_LISTS, POOL_LISTS, flag, node_rows, pool_rows
from auditor.sources.terraform.walk import DECIDED_AT_APPLY, descend

_ZONE = re.compile(r".+-[a-z]")
_POOL = "nodePools"
_POOL_NAMES = ("workload_pool", "identity_namespace")
_NO_CLUSTER = "depends on whether the cluster has workload identity, which the plan does not tell"


_AUTOSCALING = "cluster_autoscaling."
_CLUSTER: Rows = {
    **node_rows("node_config", "nodeConfig"),
    "node_pool": Row(_POOL, default=ABSENT),
    **pool_rows("node_pool.", f"{_POOL}."),
    "addons_config": Row("addonsConfig", default={"networkPolicyConfig": {"disabled": True}}),
    "addons_config.cloudrun_config": Row("addonsConfig.cloudRunConfig", default=ABSENT),
    "addons_config.network_policy_config": Row("addonsConfig.networkPolicyConfig", default={"disabled": True}),
    "allow_net_admin": "autopilot.workloadPolicyConfig.allowNetAdmin",
    "authenticator_groups_config": Row("authenticatorGroupsConfig", default=ABSENT, always={"enabled": True}),
    "cluster_autoscaling": Row("autoscaling", default=ABSENT),
    f"{_AUTOSCALING}enabled": "autoscaling.enableNodeAutoprovisioning",
    f"{_AUTOSCALING}auto_provisioning_defaults": "autoscaling.autoprovisioningNodePoolDefaults",
    f"{_AUTOSCALING}auto_provisioning_defaults.disk_size": "autoscaling.autoprovisioningNodePoolDefaults.diskSizeGb",
    f"{_AUTOSCALING}auto_provisioning_locations": "autoscaling.autoprovisioningLocations",
    "confidential_nodes": Row("confidentialNodes", default=ABSENT),
    "control_plane_endpoints_config": Row("controlPlaneEndpointsConfig", default=ABSENT),
    "cost_management_config": Row("costManagementConfig", default=ABSENT),
    "database_encryption": Row("databaseEncryption", default={"state": "DECRYPTED"}),
    "dataplane_optimization_mode": None,
    "datapath_provider": Row("networkConfig.datapathProvider", default="LEGACY_DATAPATH"),
    "default_max_pods_per_node": "defaultMaxPodsConstraint.maxPodsPerNode",
    "default_snat_status": Row("networkConfig.defaultSnatStatus", default=ABSENT),
    "deletion_protection": None,
    "disable_l4_lb_firewall_reconciliation": "networkConfig.disableL4LbFirewallReconciliation",
    "dns_config": "networkConfig.dnsConfig",
    "enable_autopilot": "autopilot.enabled",
    "enable_binary_authorization": Row("binaryAuthorization.enabled", lambda on: on or None),
    "enable_cilium_clusterwide_network_policy": "networkConfig.enableCiliumClusterwideNetworkPolicy",
    "enable_fqdn_network_policy": "networkConfig.enableFqdnNetworkPolicy",
    "enable_intranode_visibility": Row("networkConfig.enableIntraNodeVisibility", default=False),
    "enable_l4_ilb_subsetting": "networkConfig.enableL4ilbSubsetting",
    "enable_legacy_abac": Row("legacyAbac.enabled", default=False),
    "enable_multi_networking": "networkConfig.enableMultiNetworking",
    "enable_shielded_nodes": Row("shieldedNodes.enabled", default=True),
    "fleet.membership_id": None,
    "fleet.membership_location": None,
    "gateway_api_config": Row("networkConfig.gatewayApiConfig", default=ABSENT),
    "identity_service_config": Row("identityServiceConfig", default=ABSENT),
    "ignore_node_count_changes": None,
    "in_transit_encryption_config": "networkConfig.inTransitEncryptionConfig",
    "ip_allocation_policy": Row("ipAllocationPolicy", default=ABSENT),
    "ip_allocation_policy.additional_ip_ranges_config": "ipAllocationPolicy.additionalIpRangesConfigs",
    "ip_allocation_policy.pod_cidr_overprovision_config.disabled": (
        "ipAllocationPolicy.podCidrOverprovisionConfig.disable"
    ),
    "label_fingerprint": None,
    "logging_config": Row(
        "loggingConfig", default={"componentConfig": {"enableComponents": ["SYSTEM_COMPONENTS", "WORKLOADS"]}}
    ),
    "logging_config.enable_components": "loggingConfig.componentConfig.enableComponents",
    "logging_service": Row("loggingService", default="logging.googleapis.com/kubernetes"),
    "maintenance_policy": Row("maintenancePolicy.window"),
    "maintenance_policy.disruption_budget": "maintenancePolicy.disruptionBudget",
    "maintenance_policy.maintenance_exclusion": None,
    "maintenance_policy.recurring_window.end_time": "maintenancePolicy.window.recurringWindow.window.endTime",
    "maintenance_policy.recurring_window.start_time": "maintenancePolicy.window.recurringWindow.window.startTime",
    "master_auth": Row("masterAuth", default={"clientCertificateConfig": {"issueClientCertificate": False}}),
    "master_auth.client_key": None,
    "master_auth.password": "masterAuth.password",
    "master_authorized_networks_config": Row(
        "masterAuthorizedNetworksConfig", default=ABSENT, always={"enabled": True}
    ),
    "master_version": None,
    "mesh_certificates": Row("meshCertificates", default=ABSENT),
    "min_master_version": "initialClusterVersion",
    "monitoring_config": Row(
        "monitoringConfig", default={"componentConfig": {"enableComponents": ["SYSTEM_COMPONENTS"]}}
    ),
    "monitoring_config.advanced_datapath_observability_config.relay_mode": None,
    "monitoring_config.enable_components": "monitoringConfig.componentConfig.enableComponents",
    "monitoring_config.managed_prometheus": "monitoringConfig.managedPrometheusConfig",
    "monitoring_service": Row("monitoringService", default="monitoring.googleapis.com/kubernetes"),
    "network": Row("network", default="default"),
    "network_performance_config": "networkConfig.networkPerformanceConfig",
    "network_policy": Row("networkPolicy", default=ABSENT),
    "networking_mode": Row("ipAllocationPolicy.useIpAliases", lambda mode: mode != "ROUTES", default=True),
    "node_locations": "locations",
    "node_version": None,
    "node_pool_auto_config.node_kubelet_config.insecure_kubelet_readonly_port_enabled": Row(
        "nodePoolAutoConfig.nodeKubeletConfig.insecureKubeletReadonlyPortEnabled", flag
    ),
    "node_pool_auto_config.resource_manager_tags": "nodePoolAutoConfig.resourceManagerTags.tags",
    "node_pool_defaults": Row("nodePoolDefaults", default=ABSENT),
    "node_pool_defaults.node_config_defaults.insecure_kubelet_readonly_port_enabled": Row(
        "nodePoolDefaults.nodeConfigDefaults.nodeKubeletConfig.insecureKubeletReadonlyPortEnabled", flag
    ),
    "node_pool_defaults.node_config_defaults.logging_variant": (
        "nodePoolDefaults.nodeConfigDefaults.loggingConfig.variantConfig.variant"
    ),
    "operation": None,
    "private_cluster_config": Row("privateClusterConfig", default=ABSENT),
    "private_cluster_config.master_global_access_config": Row(
        "privateClusterConfig.masterGlobalAccessConfig", default=ABSENT
    ),
    "private_ipv6_google_access": "networkConfig.privateIpv6GoogleAccess",
    "project": None,
    "release_channel": Row("releaseChannel", default={"channel": "REGULAR"}),
    "remove_default_node_pool": None,
    "resource_usage_export_config.enable_resource_consumption_metering": (
        "resourceUsageExportConfig.consumptionMeteringConfig.enabled"
    ),
    "skip_node_pool_refresh": None,
    "security_posture_config": "securityPostureConfig",
    "service_external_ips_config": "networkConfig.serviceExternalIpsConfig",
    "subnetwork": "subnetwork",
    "tpu_ipv4_cidr_block": None,
    "vertical_pod_autoscaling": Row("verticalPodAutoscaling", default=ABSENT),
    "workload_identity_config": Row("workloadIdentityConfig", default=ABSENT),
    "workload_identity_config.identity_namespace": "workloadIdentityConfig.workloadPool",
}
_CLUSTER_LISTS = words(
    "cluster_autoscaling.resource_limits ip_allocation_policy.additional_ip_ranges_config "
    "master_authorized_networks_config.cidr_blocks node_pool"
)
_REGISTRY_LISTS = [name for name in NODE_LISTS if name.startswith("containerd_config.")]
_CLUSTER_LISTS += [f"node_pool_defaults.node_config_defaults.{name}" for name in _REGISTRY_LISTS]
_CLUSTER_LISTS += [f"node_config.{name}" for name in NODE_LISTS] + [f"node_pool.{name}" for name in POOL_LISTS]


def _place(location: str) -> str:
    return f"zones/{location}" if _ZONE.fullmatch(location) else f"locations/{location}"


def _located(namer: Namer, planned: Planned) -> str:
    """Where a cluster is: where it says itself, else in the provider's zone, else in its region."""
    told = [name for name in ("location", "zone", "region") if planned.text(name) or planned.is_unknown(name)]
    if told:
        return _place(namer.part(planned, told[0]))
    zone = namer.part(planned, "zone")
    return _place(namer.part(planned, "region") if zone == UNKNOWN else zone)


def _cluster_name(namer: Namer, planned: Planned) -> str:
    """A zonal cluster is named by its zone."""
    place = _located(namer, planned)
    name = namer.part(planned, "name")
    return f"//container.googleapis.com/projects/{namer.project(planned)}/{place}/clusters/{name}"


def _pool_name(namer: Namer, planned: Planned) -> str:
    """A pool is named by its cluster, which may be given by name or in full."""
    path = namer.part(planned, "cluster", "path")
    name = namer.part(planned, "name")
    if "/" not in path:
        path = f"projects/{namer.project(planned)}/{_located(namer, planned)}/clusters/{path}"
    head, _, location = path.partition("/locations/")
    if location:
        place, _, rest = location.partition("/")
        path = f"{head}/{_place(place)}/{rest}"
    return f"//container.googleapis.com/{path}/nodePools/{name}"


def _left_open(made: Made) -> None:
    """Defaults that hold for some clusters only.

    A cluster whose version is set is enrolled in the most mature channel that has the version. Without a
    networking mode, versions of the provider before 5 left it to GKE how pods get addresses; they show both
    attributes in the plan, though nobody sets them.
    """
    planned, data = made.planned, made.data
    versioned = any(planned.known(name) or planned.is_unknown(name) for name in ("min_master_version", "node_version"))
    enrolled = planned.known("release_channel") or planned.is_unknown("release_channel")
    if not enrolled and (versioned or not planned.is_new):
        data.pop("releaseChannel", None)
        made.note("releaseChannel.channel", DECIDED_AT_APPLY)
    modes = {"networking_mode", "ip_allocation_policy"}
    chosen = any(planned.known(name) or planned.is_unknown(name) for name in modes)
    autopilot = as_dict(data.get("autopilot")).get("enabled") is True
    if not chosen and not autopilot and modes & (planned.values.keys() | planned.unknown.keys()):
        descend(data, "ipAllocationPolicy").pop("useIpAliases", None)
        made.note("ipAllocationPolicy.useIpAliases", DECIDED_AT_APPLY)


def _cluster(made: Made) -> None:
    """What Autopilot decides, and Terraform's stand-in for the deprecated zone."""
    data = made.data
    _left_open(made)
    data["location"] = made.draft.name.split("/")[6]
    data.setdefault("status", "RUNNING")
    private = descend(data, "privateClusterConfig") if "privateClusterConfig" in data else {}
    for output in ("peeringName", "privateEndpoint", "publicEndpoint"):
        if output not in private:
            made.forget(f"privateClusterConfig.{output}")
    auth = as_dict(data.get("masterAuth"))
    issued = as_dict(auth.get("clientCertificateConfig")).get("issueClientCertificate")
    if isinstance(issued, bool) and "masterAuth.clientCertificate" in made.draft.unknown:
        made.forget("masterAuth.clientCertificate")
        if issued:
            auth["clientCertificate"] = "(known after apply)"
    if as_dict(data.get("autopilot")).get("enabled") is True:
        pool = {"workloadPool": f"{made.project}.svc.id.goog"}
        data["workloadIdentityConfig"] = data.get("workloadIdentityConfig") or pool
        data["shieldedNodes"] = {"enabled": True}
        descend(data, "networkConfig")["datapathProvider"] = "ADVANCED_DATAPATH"
        node = descend(data, "nodeConfig")
        node["shieldedInstanceConfig"] = {"enableIntegrityMonitoring": True, "enableSecureBoot": True}
        node["workloadMetadataConfig"] = {"mode": "GKE_METADATA"}
    elif made.planned.is_new:
        _cluster_metadata(made)


def _cluster_metadata(made: Made) -> None:
    federation = _federation(made.planned)
    for position, pool in enumerate(as_list(made.data.get(_POOL))):
        if isinstance(pool, dict) and isinstance(pool.get("config"), dict):
            _metadata_server(made.draft, pool["config"], f"{_POOL}.{position}.config", federation)
    if isinstance(made.data.get("nodeConfig"), dict):
        _metadata_server(made.draft, made.data["nodeConfig"], "nodeConfig", federation)


def _federation(cluster: Planned) -> bool | None:
    """Whether a cluster of the plan has workload identity; None where the plan does not tell."""
    if cluster.known("enable_autopilot") is True:
        return True
    for values, unknown in cluster.blocks("workload_identity_config"):
        if any(values.get(name) for name in _POOL_NAMES):
            return True
        if any(unknown.get(name) for name in _POOL_NAMES):
            return None
    return None if cluster.is_unknown("workload_identity_config") else False


def _metadata_server(draft: Draft, node: dict[str, Any], place: str, federation: bool | None) -> None:
    """What new nodes of which nothing is said have: the metadata server of a cluster with workload identity.

    Source: cloud.google.com/kubernetes-engine/docs/how-to/workload-identity
    """
    path = f"{place}.workloadMetadataConfig"
    if node.get("workloadMetadataConfig") or any(known.startswith(path) for known in draft.unknown):
        return
    if federation is None:
        draft.note(path, _NO_CLUSTER)
    elif federation:
        node["workloadMetadataConfig"] = {"mode": "GKE_METADATA"}


def _node_pool(made: Made) -> None:
    """A new pool of which nothing is said has the metadata server that its cluster asks for."""
    if made.planned.is_new and isinstance(made.data.get("config"), dict):
        cluster = _cluster_of(made)
        _metadata_server(made.draft, made.data["config"], "config", _federation(cluster) if cluster else None)


def _cluster_of(made: Made) -> Planned | None:
    """The planned cluster of a pool, by reference or by name."""
    plan = made.context.plan
    found = follow(plan, made.planned, references_of(made.planned.config, "cluster"))
    if found is not None:
        return found[0] if found[0].type == "google_container_cluster" else None
    name, _, _ = made.draft.name.partition("/nodePools/")
    clusters = (one for one in plan.resources if one.type == "google_container_cluster")
    return next((one for one in clusters if made.context.namer.name(one) == name), None)


def _pools(made: Made) -> Iterator[Draft]:
    """The pools that a cluster is made with; without any of its own, the default pool."""
    data = made.data
    pools = [pool for pool in as_list(data.get(_POOL)) if isinstance(pool, dict)]
    removed = (
        made.planned.known("remove_default_node_pool") is True or as_dict(data.get("autopilot")).get("enabled") is True
    )
    if pools:
        for position, pool in enumerate(pools):
            name = pool.get("name") or f"(known after apply) {position}"
            yield _pool_draft(made.draft, made.planned, str(name), pool, f"{_POOL}.{position}.", "")
    elif not removed and not made.planned.is_unknown("remove_default_node_pool") and made.planned.is_new:
        pool = {"name": "default-pool", "config": data.get("nodeConfig", {})}
        default = _pool_draft(made.draft, made.planned, "default-pool", pool, "nodeConfig", "config")
        default.note("management", DECIDED_AT_APPLY)
        yield default


def _pool_draft(cluster: Draft, planned: Planned, name: str, data: dict[str, Any], source: str, target: str) -> Draft:
    draft = Draft(
        f"{cluster.name}/nodePools/{name}",
        "container.googleapis.com/NodePool",
        cluster.ancestors,
        planned.address,
        data,
    )
    for path, cause in cluster.unknown.items():
        if path.startswith(source):
            draft.note(target + path.removeprefix(source), cause)
    return draft


MAPPINGS: dict[str, Mapping] = {
    "google_container_cluster": Mapping(
        "container.googleapis.com/Cluster",
        _cluster_name,
        _CLUSTER,
        " ".join(_CLUSTER_LISTS),
        finish=_cluster,
        beside=_pools,
    ),
    "google_container_node_pool": Mapping(
        "container.googleapis.com/NodePool",
        _pool_name,
        {**pool_rows("", ""), "cluster": None, "location": None, "zone": None, "region": None, "project": None,
         "operation": None, "initial_node_count": "initialNodeCount"},
        " ".join(POOL_LISTS),
        finish=_node_pool,
    ),
}  # fmt: skip
