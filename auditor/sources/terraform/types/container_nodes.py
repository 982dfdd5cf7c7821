"""What Google Kubernetes Engine says of nodes, in clusters and in pools: the rows that both have.

Sources: registry.terraform.io/providers/hashicorp/google/latest/docs/resources/container_node_pool,
cloud.google.com/kubernetes-engine/docs/reference/rest/v1/NodeConfig
"""

from __future__ import annotations

from typing import Any

from auditor.sources.terraform.mapping import ABSENT, Row, Rows, words

_SCOPES = [
    "https://www.googleapis.com/auth/devstorage.read_only",
    "https://www.googleapis.com/auth/logging.write",
    "https://www.googleapis.com/auth/monitoring",
    "https://www.googleapis.com/auth/service.management.readonly",
    "https://www.googleapis.com/auth/servicecontrol",
    "https://www.googleapis.com/auth/trace.append",
]
_NODE: dict[str, Any] = {
    "imageType": "COS_CONTAINERD",
    "machineType": "e2-medium",
    "metadata": {"disable-legacy-endpoints": "true"},
    "oauthScopes": _SCOPES,
    "serviceAccount": "default",
    "shieldedInstanceConfig": {"enableIntegrityMonitoring": True},
}
_METADATA_MODES = {"GKE_METADATA_SERVER": "GKE_METADATA", "EXPOSE": "GCE_METADATA", "SECURE": "GCE_METADATA"}
"""How older provider versions spell the mode."""


def flag(value: Any) -> bool:
    """Terraform writes this boolean as text."""
    return str(value).upper() == "TRUE"


def node_rows(source: str, target: str) -> Rows:
    """The configuration of nodes at the attribute `source`, which the API has at `target`."""
    taken = f"{source}.guest_accelerator"
    accelerators = f"{target}.accelerators"
    affinity = f"{target}.soleTenantConfig.nodeAffinities"
    return {
        source: Row(target, default=_NODE),
        f"{source}.advanced_machine_features": Row(f"{target}.advancedMachineFeatures", default=ABSENT),
        f"{source}.effective_taints": None,
        taken: accelerators,
        f"{taken}.count": f"{accelerators}.acceleratorCount",
        f"{taken}.type": f"{accelerators}.acceleratorType",
        f"{source}.image_type": Row(f"{target}.imageType", default="COS_CONTAINERD"),
        f"{source}.kubelet_config": Row(f"{target}.kubeletConfig", default=ABSENT),
        f"{source}.kubelet_config.insecure_kubelet_readonly_port_enabled": Row(
            f"{target}.kubeletConfig.insecureKubeletReadonlyPortEnabled", flag
        ),
        f"{source}.linux_node_config.hugepages_config": f"{target}.linuxNodeConfig.hugepages",
        f"{source}.logging_variant": f"{target}.loggingConfig.variantConfig.variant",
        f"{source}.machine_type": Row(f"{target}.machineType", default="e2-medium"),
        f"{source}.metadata": Row(f"{target}.metadata", default=_NODE["metadata"]),
        f"{source}.oauth_scopes": Row(f"{target}.oauthScopes", default=_SCOPES),
        f"{source}.resource_manager_tags": f"{target}.resourceManagerTags.tags",
        f"{source}.sandbox_config.sandbox_type": f"{target}.sandboxConfig.type",
        f"{source}.service_account": Row(f"{target}.serviceAccount", default="default"),
        f"{source}.shielded_instance_config": Row(
            f"{target}.shieldedInstanceConfig", default=_NODE["shieldedInstanceConfig"]
        ),
        f"{source}.shielded_instance_config.enable_integrity_monitoring": Row(
            f"{target}.shieldedInstanceConfig.enableIntegrityMonitoring", default=True
        ),
        f"{source}.sole_tenant_config.node_affinity": affinity,
        f"{source}.taint": Row(f"{target}.taints", default=ABSENT),
        f"{source}.windows_node_config.osversion": f"{target}.windowsNodeConfig.osVersion",
        f"{source}.workload_metadata_config": Row(f"{target}.workloadMetadataConfig", default=ABSENT),
        f"{source}.workload_metadata_config.node_metadata": Row(
            f"{target}.workloadMetadataConfig.mode", lambda mode: _METADATA_MODES.get(mode, mode)
        ),
    }


def pool_rows(source: str, target: str) -> Rows:
    """A node pool: `source` and `target` end in a dot, or are empty for the resource itself."""
    return {
        **node_rows(f"{source}node_config", f"{target}config"),
        f"{source}autoscaling": Row(f"{target}autoscaling", always={"enabled": True}),
        f"{source}ignore_node_count_changes": None,
        f"{source}management": Row(f"{target}management"),
        f"{source}management.auto_repair": Row(f"{target}management.autoRepair", default=True),
        f"{source}management.auto_upgrade": Row(f"{target}management.autoUpgrade", default=True),
        f"{source}max_pods_per_node": Row(f"{target}maxPodsConstraint.maxPodsPerNode", default=ABSENT),
        f"{source}managed_instance_group_urls": None,
        f"{source}name_prefix": None,
        f"{source}network_config.additional_pod_network_configs.max_pods_per_node": None,
        f"{source}network_config.pod_cidr_overprovision_config.disabled": (
            f"{target}networkConfig.podCidrOverprovisionConfig.disable"
        ),
        f"{source}node_count": f"{target}initialNodeCount",
        f"{source}node_locations": Row(f"{target}locations"),
        f"{source}upgrade_settings": Row(f"{target}upgradeSettings"),
    }


NODE_LISTS = words(
    "guest_accelerator secondary_boot_disks sole_tenant_config.node_affinity taint "
    "containerd_config.private_registry_access_config.certificate_authority_domain_config "
    "containerd_config.registry_hosts containerd_config.registry_hosts.hosts "
    "containerd_config.registry_hosts.hosts.ca containerd_config.registry_hosts.hosts.client "
    "containerd_config.registry_hosts.hosts.header"
)
"""Blocks of a node's configuration that are lists in the API."""
POOL_LISTS = ["network_config.additional_node_network_configs", "network_config.additional_pod_network_configs"]
POOL_LISTS += [f"node_config.{name}" for name in NODE_LISTS]
"""Blocks of a pool that are lists in the API."""
