"""What a cluster does for its workloads: identities, isolation, records, upkeep."""

from __future__ import annotations

from typing import Any

from auditor import PASS, Fix, Severity, Verdict, asset, check, fail, not_applicable
from auditor.resources.gke import Cluster

_UPDATE = "gcloud container clusters update {cluster.id} --location={cluster.location} "
_AUTOPILOT = {"autopilot": {"enabled": True}}
_BUILT_IN = "Autopilot clusters are built that way"
_KUBERNETES_LOGGING = {"loggingService": "logging.googleapis.com/kubernetes"}
_KUBERNETES_MONITORING = {"monitoringService": "monitoring.googleapis.com/kubernetes"}


def _components(kind: str, *names: str) -> dict[str, Any]:
    return {kind: {"componentConfig": {"enableComponents": list(names)}}}


@check(
    "gke-private-nodes-off",
    severity=Severity.MEDIUM,
    evidence=["privateClusterConfig.enablePrivateNodes", "networkConfig.defaultEnablePrivateNodes"],
    same_as=[
        "sha:PRIVATE_CLUSTER_DISABLED",
        "steampipe:allow_only_private_cluster",
        "steampipe:kubernetes_cluster_private_nodes_configured",
        "scoutsuite:kubernetesengine-private-nodes-disabled",
        "checkov:CKV_GCP_64",
        "checkov:CKV_GCP_25",
        "trivy:AVD-GCP-0059",
        "cloudsploit:kubernetes/privateClusterEnabled",
        "policy_library:gcp_gke_private_cluster_v1",
    ],
    fix=Fix(
        gcloud=_UPDATE + "--enable-private-nodes",
        terraform="private_cluster_config { enable_private_nodes = true }",
        guardrail="container.managed.enablePrivateNodes",
        patch={"data": {"privateClusterConfig": {"enablePrivateNodes": True}}},
    ),
    passes=lambda: [
        asset(Cluster, {"privateClusterConfig": {"enablePrivateNodes": True}}),
        asset(Cluster, {"networkConfig": {"defaultEnablePrivateNodes": True}, **_AUTOPILOT}),
    ],
    fails=lambda: [
        asset(Cluster, {"privateClusterConfig": {"publicEndpoint": "34.1.2.3"}}),
        asset(Cluster, {"name": "c", **_AUTOPILOT}),
    ],
    unknown=lambda: [asset(Cluster, {}, unknown=["resource.data.privateClusterConfig"])],
)
def private_nodes_off(cluster: Cluster) -> Verdict:
    """The nodes of a cluster have addresses on the internet.

    Why: only the firewall stands between the internet and each kubelet, node port and host port, and pods can send
    data anywhere without passing Cloud NAT.

    What a fix may break: pods that reach the internet need Cloud NAT; nodes are made anew.

    Source: https://cloud.google.com/kubernetes-engine/docs/concepts/network-isolation
    """
    return PASS if cluster.has_private_nodes else fail("private nodes are off")


@check(
    "gke-workload-identity-off",
    severity=Severity.MEDIUM,
    evidence=["workloadIdentityConfig.workloadPool"],
    same_as=[
        "sha:WORKLOAD_IDENTITY_DISABLED",
        "scoutsuite:kubernetesengine-cluster-workload-identity-disabled",
        "policy_library:gcp_gke_enable_workload_identity_v1",
    ],
    fix=Fix(
        gcloud=_UPDATE + "--workload-pool=PROJECT.svc.id.goog",
        terraform="workload_identity_config { workload_pool = … }",
        guardrail="container.managed.enableWorkloadIdentityFederation",
        patch={"data": {"workloadIdentityConfig": {"workloadPool": "p.svc.id.goog"}}},
    ),
    passes=lambda: [
        asset(Cluster, {"workloadIdentityConfig": {"workloadPool": "p.svc.id.goog"}}),
        asset(Cluster, {"workloadIdentityConfig": {"identityNamespace": "p.svc.id.goog"}}),
        asset(Cluster, _AUTOPILOT),
    ],
    fails=lambda: [asset(Cluster, {"name": "c"}), asset(Cluster, {"workloadIdentityConfig": {}})],
    unknown=lambda: [asset(Cluster, {}, unknown=["resource.data.workloadIdentityConfig"])],
)
def workload_identity_off(cluster: Cluster) -> Verdict:
    """The pods of a cluster have no identities of their own.

    Why: without Workload Identity Federation every pod acts as its node's service account, or carries a key file; a
    compromised pod holds what all others need.

    What a fix may break: pods that use the node's account; map each Kubernetes service account first, then move the
    node pools.

    Source: https://cloud.google.com/kubernetes-engine/docs/how-to/workload-identity
    """
    config = cluster.workload_identity_config
    if config.workload_pool or config.identity_namespace:
        return PASS
    return not_applicable(_BUILT_IN) if cluster.autopilot.enabled else fail("no workload pool is set")


@check(
    "gke-shielded-nodes-off",
    severity=Severity.MEDIUM,
    evidence=["shieldedNodes.enabled"],
    same_as=[
        "sha:CLUSTER_SHIELDED_NODES_DISABLED",
        "steampipe:kubernetes_cluster_shielded_nodes_enabled",
        "scoutsuite:kubernetesengine-cluster-shielded-nodes-disabled",
        "checkov:CKV_GCP_71",
        "trivy:AVD-GCP-0055",
        "cloudsploit:kubernetes/shieldedNodes",
        "policy_library:gcp_gke_enable_shielded_nodes_v1",
    ],
    fix=Fix(
        gcloud=_UPDATE + "--enable-shielded-nodes",
        terraform="enable_shielded_nodes = true (the provider's default)",
        guardrail="container.managed.enableShieldedNodes",
        patch={"data": {"shieldedNodes": {"enabled": True}}},
    ),
    passes=lambda: [asset(Cluster, {"shieldedNodes": {"enabled": True}}), asset(Cluster, _AUTOPILOT)],
    fails=lambda: [asset(Cluster, {"shieldedNodes": {}}), asset(Cluster, {"shieldedNodes": {"enabled": False}})],
    unknown=lambda: [asset(Cluster, {}, unknown=["resource.data.shieldedNodes"])],
)
def shielded_nodes_off(cluster: Cluster) -> Verdict:
    """The nodes of a cluster do not prove who they are.

    Why: shielded nodes show the control plane a measured boot; without them, who reads a node's bootstrap credentials
    out of the metadata server can join the cluster as a node and read its secrets.

    What a fix may break: nodes are made anew.

    Source: https://cloud.google.com/kubernetes-engine/docs/how-to/shielded-gke-nodes
    """
    if cluster.shielded_nodes.enabled:
        return PASS
    return not_applicable(_BUILT_IN) if cluster.autopilot.enabled else fail("shielded nodes are off")


@check(
    "gke-network-policy-off",
    severity=Severity.MEDIUM,
    evidence=["networkPolicy.enabled", "networkConfig.datapathProvider"],
    same_as=[
        "sha:NETWORK_POLICY_DISABLED",
        "steampipe:kubernetes_cluster_network_policy_enabled",
        "steampipe:gke_restrict_pod_traffic",
        "scoutsuite:kubernetesengine-cluster-network-policy-disabled",
        "checkov:CKV_GCP_12",
        "trivy:AVD-GCP-0056",
        "cloudsploit:kubernetes/networkPolicyEnabled",
        "policy_library:gcp_gke_restrict_pod_traffic_v2",
    ],
    fix=Fix(
        gcloud=_UPDATE + "--enable-network-policy",
        terraform='datapath_provider = "ADVANCED_DATAPATH" for new clusters, else network_policy { enabled = true }',
        guardrail="container.managed.enableNetworkPolicy",
        patch={"data": {"networkPolicy": {"enabled": True}}},
    ),
    passes=lambda: [
        asset(Cluster, {"networkPolicy": {"enabled": True, "provider": "CALICO"}}),
        asset(Cluster, {"networkConfig": {"datapathProvider": "ADVANCED_DATAPATH"}, "networkPolicy": {}}),
        asset(Cluster, _AUTOPILOT),
    ],
    fails=lambda: [
        asset(Cluster, {"networkConfig": {"datapathProvider": "LEGACY_DATAPATH"}}),
        asset(Cluster, {"networkPolicy": {"enabled": False}}),
    ],
    unknown=lambda: [asset(Cluster, {}, unknown=["resource.data.networkPolicy"])],
)
def network_policy_off(cluster: Cluster) -> Verdict:
    """Network policies have no effect in a cluster.

    Why: every pod reaches every other, whatever policies say, so one compromised front end talks to the database.

    What a fix may break: policies that lie in the cluster unnoticed start to hold; nodes are made anew.

    Source: https://cloud.google.com/kubernetes-engine/docs/how-to/network-policy
    """
    if cluster.enforces_network_policy:
        return PASS
    return not_applicable(_BUILT_IN) if cluster.autopilot.enabled else fail("network policy enforcement is off")


@check(
    "gke-logging-off",
    severity=Severity.MEDIUM,
    evidence=["loggingService", "loggingConfig"],
    same_as=[
        "sha:CLUSTER_LOGGING_DISABLED",
        "steampipe:kubernetes_cluster_logging_enabled",
        "scoutsuite:kubernetesengine-cluster-logging-disabled",
        "checkov:CKV_GCP_1",
        "trivy:AVD-GCP-0060",
        "cloudsploit:kubernetes/loggingEnabled",
        "policy_library:gcp_gke_enable_stackdriver_logging_v1",
    ],
    fix=Fix(
        gcloud=_UPDATE + "--logging=SYSTEM,WORKLOAD",
        manual="--logging replaces the whole list: add the components that are logged today.",
        terraform='logging_config { enable_components = ["SYSTEM_COMPONENTS", "WORKLOADS"] }',
        guardrail="container.managed.enableCloudLogging",
        patch={"data": {**_KUBERNETES_LOGGING, **_components("loggingConfig", "SYSTEM_COMPONENTS", "WORKLOADS")}},
    ),
    passes=lambda: [
        asset(Cluster, _KUBERNETES_LOGGING),
        asset(Cluster, {"name": "default-is-on"}),
        asset(Cluster, _components("loggingConfig", "SYSTEM_COMPONENTS", "WORKLOADS")),
    ],
    fails=lambda: [
        asset(Cluster, {"loggingService": "none"}),
        asset(Cluster, {"loggingService": "", **_components("loggingConfig")}),
        asset(Cluster, {**_KUBERNETES_LOGGING, **_components("loggingConfig", "WORKLOADS")}),
    ],
    unknown=lambda: [asset(Cluster, {}, unknown=["resource.data.loggingService"])],
)
def logging_off(cluster: Cluster) -> Verdict:
    """A cluster does not send the logs of its system to Cloud Logging.

    Why: after an incident there is nothing to read: node logs die with the node, which the intruder or the autoscaler
    deletes.

    What a fix may break: nothing; logs are billed by volume.

    Source: https://cloud.google.com/kubernetes-engine/docs/concepts/about-logs
    """
    if cluster.logging_service == "none":
        return fail("loggingService is none")
    config = cluster.logging_config.component_config
    if config is not None and "SYSTEM_COMPONENTS" not in config.enable_components:
        return fail("system components are not logged")
    return PASS


@check(
    "gke-monitoring-off",
    severity=Severity.LOW,
    evidence=["monitoringService", "monitoringConfig"],
    same_as=[
        "sha:CLUSTER_MONITORING_DISABLED",
        "steampipe:kubernetes_cluster_monitoring_enabled",
        "scoutsuite:kubernetesengine-cluster-monitoring-disabled",
        "checkov:CKV_GCP_8",
        "trivy:AVD-GCP-0052",
        "cloudsploit:kubernetes/monitoringEnabled",
        "policy_library:gcp_gke_enable_stackdriver_monitoring_v1",
    ],
    fix=Fix(
        gcloud=_UPDATE + "--monitoring=SYSTEM",
        manual="--monitoring replaces the whole list: add the components that are monitored today.",
        terraform='monitoring_config { enable_components = ["SYSTEM_COMPONENTS"] }',
        patch={"data": {**_KUBERNETES_MONITORING, **_components("monitoringConfig", "SYSTEM_COMPONENTS")}},
    ),
    passes=lambda: [
        asset(Cluster, _KUBERNETES_MONITORING),
        asset(Cluster, {"name": "default-is-on"}),
        asset(Cluster, _components("monitoringConfig", "SYSTEM_COMPONENTS")),
    ],
    fails=lambda: [
        asset(Cluster, {"monitoringService": "none"}),
        asset(Cluster, {"monitoringService": "", **_components("monitoringConfig")}),
    ],
    unknown=lambda: [asset(Cluster, {}, unknown=["resource.data.monitoringService"])],
)
def monitoring_off(cluster: Cluster) -> Verdict:
    """A cluster does not send the metrics of its system to Cloud Monitoring.

    Why: a miner at work, a crash loop or a full disk are seen when customers call.

    What a fix may break: nothing.

    Source: https://cloud.google.com/kubernetes-engine/docs/how-to/configure-metrics
    """
    if cluster.monitoring_service == "none":
        return fail("monitoringService is none")
    config = cluster.monitoring_config.component_config
    if config is not None and "SYSTEM_COMPONENTS" not in config.enable_components:
        return fail("system components are not monitored")
    return PASS


@check(
    "gke-alpha-features-on",
    severity=Severity.MEDIUM,
    evidence=["enableKubernetesAlpha"],
    same_as=[
        "sha:ALPHA_CLUSTER_ENABLED",
        "steampipe:kubernetes_cluster_kubernetes_alpha_enabled",
        "checkov:CKV2_GCP_19",
        "cloudsploit:kubernetes/kubernetesAlphaDisabled",
    ],
    fix=Fix(
        terraform="enable_kubernetes_alpha = false on google_container_cluster",
        manual="An alpha cluster stays one: move the workloads to a new cluster.",
        patch={"data": {"enableKubernetesAlpha": False}},
    ),
    passes=lambda: [asset(Cluster, {"enableKubernetesAlpha": False}), asset(Cluster, {"name": "c"})],
    fails=lambda: [asset(Cluster, {"enableKubernetesAlpha": True})],
    unknown=lambda: [asset(Cluster, {}, unknown=["resource.data.enableKubernetesAlpha"])],
)
def alpha_features_on(cluster: Cluster) -> Verdict:
    """A cluster runs Kubernetes features that are not ready.

    Why: alpha clusters get no upgrades and no security fixes, and are deleted after thirty days.

    What a fix may break: what was tried out there.

    Source: https://cloud.google.com/kubernetes-engine/docs/concepts/alpha-clusters
    """
    return fail("Kubernetes alpha features are on") if cluster.enable_kubernetes_alpha else PASS


@check(
    "gke-release-channel-none",
    severity=Severity.LOW,
    evidence=["releaseChannel.channel"],
    same_as=[
        "sha:RELEASE_CHANNEL_DISABLED",
        "steampipe:kubernetes_cluster_release_channel_configured",
        "scoutsuite:kubernetesengine-cluster-release-channel",
        "checkov:CKV_GCP_70",
    ],
    fix=Fix(
        gcloud=_UPDATE + "--release-channel=regular",
        terraform='release_channel { channel = "REGULAR" }',
        patch={"data": {"releaseChannel": {"channel": "REGULAR"}}},
    ),
    passes=lambda: [
        asset(Cluster, {"releaseChannel": {"channel": "STABLE"}}),
        asset(Cluster, {"releaseChannel": {"channel": "EXTENDED"}}),
        asset(Cluster, _AUTOPILOT),
    ],
    fails=lambda: [
        asset(Cluster, {"releaseChannel": {}}),
        asset(Cluster, {"releaseChannel": {"channel": "UNSPECIFIED"}}),
    ],
    unknown=lambda: [asset(Cluster, {}, unknown=["resource.data.releaseChannel"])],
)
def release_channel_none(cluster: Cluster) -> Verdict:
    """A cluster follows no release channel.

    Why: with a channel Google upgrades control plane and nodes to versions that are supported and mended; without one
    a cluster grows old until it is upgraded by force.

    What a fix may break: upgrades come by themselves; set maintenance windows and exclusions.

    Source: https://cloud.google.com/kubernetes-engine/docs/concepts/release-channels
    """
    if cluster.release_channel.channel not in ("", "UNSPECIFIED"):
        return PASS
    return not_applicable(_BUILT_IN) if cluster.autopilot.enabled else fail("no release channel is set")


@check(
    "gke-vpc-native-off",
    severity=Severity.LOW,
    evidence=["ipAllocationPolicy.useIpAliases"],
    same_as=[
        "sha:IP_ALIAS_DISABLED",
        "steampipe:enable_alias_ip_ranges",
        "scoutsuite:kubernetesengine-cluster-alias-ip-disabled",
        "checkov:CKV_GCP_23",
        "trivy:AVD-GCP-0049",
        "cloudsploit:kubernetes/aliasIpRangesEnabled",
        "policy_library:gcp_gke_enable_alias_ip_ranges",
    ],
    fix=Fix(
        terraform='networking_mode = "VPC_NATIVE" and ip_allocation_policy {} on google_container_cluster',
        manual="A routes-based cluster stays one: move the workloads to a new cluster.",
        patch={"data": {"ipAllocationPolicy": {"useIpAliases": True}}},
    ),
    passes=lambda: [
        asset(Cluster, {"ipAllocationPolicy": {"useIpAliases": True}}),
        asset(Cluster, {"ipAllocationPolicy": {}, **_AUTOPILOT}),
    ],
    fails=lambda: [
        asset(Cluster, {"ipAllocationPolicy": {}}),
        asset(Cluster, {"ipAllocationPolicy": {"useRoutes": True}}),
    ],
    unknown=lambda: [asset(Cluster, {}, unknown=["resource.data.ipAllocationPolicy.useIpAliases"])],
)
def vpc_native_off(cluster: Cluster) -> Verdict:
    """The pods of a cluster have addresses that the VPC does not know.

    Why: without alias ranges, pods are reached through routes: the VPC cannot check who sends with which address, and
    firewall rules cannot tell pods from nodes.

    What a fix may break: the workloads move to a new cluster.

    Source: https://cloud.google.com/kubernetes-engine/docs/concepts/alias-ips
    """
    if cluster.autopilot.enabled:
        return not_applicable(_BUILT_IN)
    return PASS if cluster.ip_allocation_policy.use_ip_aliases else fail("alias IP ranges are off")
