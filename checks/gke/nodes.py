"""Settings of node pools, asked of each pool, or of the cluster where its pools are no assets of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from auditor import PASS, Check, Estate, Fix, Severity, Undetermined, Verdict, asset, check, fail, not_applicable
from auditor.resources.base import OpenList, Resource
from auditor.resources.gke import Cluster, NodePool

_PLATFORM = "https://www.googleapis.com/auth/cloud-platform"
_NARROW = "https://www.googleapis.com/auth/logging.write"
_CLUSTER = "//container.googleapis.com/projects/p/locations/europe-west1/clusters/c"
_POOL = f"{_CLUSTER}/nodePools/main"
_GOOGLES_OWN = not_applicable("Google runs the nodes of an Autopilot cluster")

R = TypeVar("R")

Problem = Callable[[NodePool], "Verdict | None"]
"""What is wrong with a pool, None where nothing is."""


def _known(found: list[R]) -> list[R]:
    return found.known() if isinstance(found, OpenList) else found


def _name(cluster: Cluster) -> str:
    return cluster.asset.name


def _cluster_name(pool: NodePool) -> str:
    return pool.cluster_name


def _is_of_autopilot(pool: NodePool, estate: Estate) -> bool:
    """Whether a pool belongs to an Autopilot cluster. Raises `Undetermined` where the cluster is not known."""
    for cluster in estate.related(Cluster, _name, pool.cluster_name, within=pool.project):
        return cluster.autopilot.enabled
    raise Undetermined("whether Autopilot runs the nodes", "the input does not have the cluster")


def _judge_pool(pool: NodePool, estate: Estate, problem: Problem) -> Verdict:
    """The verdict on one pool, whose own settings decide unless Google chose them."""
    try:
        if _is_of_autopilot(pool, estate):
            return _GOOGLES_OWN
    except Undetermined:
        if not pool.asset.address and problem(pool) is not None:  # nobody can declare a pool of an Autopilot cluster
            raise
    return problem(pool) or PASS


def judge_pools(subject: Cluster | NodePool, estate: Estate, problem: Problem) -> Verdict:
    """Ask a node pool; or a cluster about the pools that it tells itself."""
    if isinstance(subject, NodePool):
        return _judge_pool(subject, estate, problem)
    if subject.autopilot.enabled:
        return _GOOGLES_OWN
    if _known(estate.related(NodePool, _cluster_name, subject.asset.name, within=subject.project)):
        return not_applicable("asked of each of its node pools")
    for pool in subject.known_pools:
        verdict = problem(pool)
        if verdict is not None:
            return fail(f"node pool {pool.name}: {verdict.reason}", severity=verdict.severity)
    return PASS


def _pool(data: dict[str, Any], **more: Any) -> Any:
    return asset(NodePool, {"name": "main", **data}, name=_POOL, **more)


def _pool_check(
    identifier: str,
    page: str,
    problem: Problem,
    *,
    good: dict[str, Any],
    bad: dict[str, Any],
    unknown: str,
    severity: Severity,
    same_as: tuple[str, ...],
    gcloud: str = "",
    terraform: str = "",
    manual: str = "",
    guardrail: str = "",
    default: bool = True,
) -> Check:
    """A check of node pools; `good` and `bad` are data of a pool, for its examples and its fix."""

    def judge(pool: Cluster | NodePool, estate: Estate) -> Verdict:
        return judge_pools(pool, estate, problem)

    judge.__doc__ = page
    reads: tuple[type[Resource], ...] = (Cluster, NodePool)
    return check(
        identifier,
        severity=severity,
        same_as=same_as,
        reads=reads,
        default=default,
        fix=Fix(
            gcloud=gcloud,
            terraform=terraform,
            manual=manual,
            guardrail=guardrail,
            patch={"data": {**good, "nodePools": [{"name": "main", **good}], "nodeConfig": None}},
        ),
        passes=lambda: [
            _pool(good),
            [_pool(bad), asset(Cluster, {"autopilot": {"enabled": True}}, name=_CLUSTER)],
            asset(Cluster, {"nodePools": [{"name": "main", **good}]}, name=_CLUSTER),
            [asset(Cluster, {"nodePools": [{"name": "main", **bad}]}, name=_CLUSTER), _pool(bad)],
            asset(Cluster, {"autopilot": {"enabled": True}, "nodePools": [{"name": "main", **bad}]}, name=_CLUSTER),
        ],
        fails=lambda: [
            [_pool(bad), asset(Cluster, {}, name=_CLUSTER)],
            asset(Cluster, {"nodePools": [{"name": "main", **good}, {"name": "gpu", **bad}]}, name=_CLUSTER),
        ],
        unknown=lambda: [
            _pool(bad, unknown=[f"resource.data.{unknown}"]),
            _pool(bad),
            [_pool(bad), asset(Cluster, {}, name=_CLUSTER, unknown=["resource.data.autopilot"])],
        ],
    )(judge)


def _default_account(pool: NodePool) -> Verdict | None:
    email = pool.config.service_account
    if email not in ("", "default") and not email.endswith("-compute@developer.gserviceaccount.com"):
        return None
    for scope in pool.config.oauth_scopes:
        if scope in (_PLATFORM, "cloud-platform"):
            return fail("nodes run as the default account with scope cloud-platform", severity=Severity.HIGH)
    return fail("nodes run as the default account")


default_account = _pool_check(
    "gke-node-default-account",
    """The nodes of a GKE cluster run as the default service account.

    Why: whoever escapes from a pod, or uses a pod without Workload Identity, acts as the node. The default account is
    an Editor of the project unless someone took that away; with the cloud-platform scope the finding is high.

    What a fix may break: image pulls and workloads that use the node's rights; give the new account
    roles/container.defaultNodeServiceAccount and roles/artifactregistry.reader.

    Source: https://cloud.google.com/kubernetes-engine/docs/how-to/hardening-your-cluster#use_least_privilege_sa
    """,
    _default_account,
    good={"config": {"serviceAccount": "nodes@p.iam.gserviceaccount.com", "oauthScopes": [_PLATFORM]}},
    bad={"config": {"serviceAccount": "default", "oauthScopes": [_NARROW]}},
    unknown="config.serviceAccount",
    guardrail="container.managed.disallowDefaultComputeServiceAccount",
    severity=Severity.MEDIUM,
    same_as=(
        "sha:OVER_PRIVILEGED_ACCOUNT",
        "prowler:gke_cluster_no_default_service_account",
        "steampipe:disable_gke_default_service_account",
        "steampipe:kubernetes_cluster_node_no_default_service_account",
        "scoutsuite:kubernetesengine-default-service-account-used",
        "checkov:CKV2_GCP_1",
        "trivy:AVD-GCP-0050",
        "cloudsploit:kubernetes/defaultServiceAccount",
        "policy_library:gcp_gke_disable_default_service_account_v1",
    ),
    terraform="service_account = … in node_config",
    manual="Make a new pool with --service-account, move the workloads, delete the old pool.",
)

auto_repair = _pool_check(
    "gke-node-auto-repair-off",
    """The nodes of a GKE cluster are not repaired by themselves.

    Why: a node that fails its health checks stays broken until someone looks.

    What a fix may break: a sick node is drained and made anew.

    Source: https://cloud.google.com/kubernetes-engine/docs/how-to/node-auto-repair
    """,
    lambda pool: None if pool.management.auto_repair else fail("autoRepair is off"),
    good={"management": {"autoRepair": True, "autoUpgrade": True}},
    bad={"management": {}},
    unknown="management",
    severity=Severity.LOW,
    same_as=(
        "sha:AUTO_REPAIR_DISABLED",
        "steampipe:enable_auto_repair",
        "scoutsuite:kubernetesengine-node-auto-repair-disabled",
        "checkov:CKV_GCP_9",
        "trivy:AVD-GCP-0063",
        "cloudsploit:kubernetes/autoNodeRepairEnabled",
        "policy_library:gcp_gke_node_auto_repair_v1",
    ),
    terraform="management { auto_repair = true } on google_container_node_pool",
    manual="gcloud container node-pools update POOL --cluster=CLUSTER --enable-autorepair",
)

auto_upgrade = _pool_check(
    "gke-node-auto-upgrade-off",
    """The nodes of a GKE cluster are not upgraded by themselves.

    Why: fixes of the kernel, the container runtime and the kubelet come with the node version; pools that wait for
    someone fall behind for months.

    What a fix may break: nodes are replaced in the maintenance window; workloads need disruption budgets.

    Source: https://cloud.google.com/kubernetes-engine/docs/how-to/node-auto-upgrades
    """,
    lambda pool: None if pool.management.auto_upgrade else fail("autoUpgrade is off"),
    good={"management": {"autoRepair": True, "autoUpgrade": True}},
    bad={"management": {"autoRepair": True}},
    unknown="management.autoUpgrade",
    severity=Severity.MEDIUM,
    same_as=(
        "sha:AUTO_UPGRADE_DISABLED",
        "steampipe:enable_auto_upgrade",
        "scoutsuite:kubernetesengine-node-auto-upgrade-disabled",
        "checkov:CKV_GCP_10",
        "trivy:AVD-GCP-0058",
        "cloudsploit:kubernetes/autoNodeUpgradesEnabled",
        "policy_library:gcp_gke_node_auto_upgrade_v1",
    ),
    terraform="management { auto_upgrade = true } on google_container_node_pool",
    manual="gcloud container node-pools update POOL --cluster=CLUSTER --enable-autoupgrade",
)


def _metadata_server(pool: NodePool) -> Verdict | None:
    config = pool.config.workload_metadata_config
    if config.mode == "GKE_METADATA" or config.node_metadata in ("GKE_METADATA_SERVER", "SECURE"):
        return None
    return fail(f"workloadMetadataConfig is {config.mode or config.node_metadata or 'not set'}")


metadata_server = _pool_check(
    "gke-node-metadata-exposed",
    """Pods of a GKE cluster can read the credentials of their node.

    Why: without the GKE metadata server a pod asks the machine's own: it answers with tokens of the node's service
    account and with what the node uses to join the cluster.

    What a fix may break: pods that use the node's account; give them Workload Identity first.

    Source: https://cloud.google.com/kubernetes-engine/docs/how-to/workload-identity
    """,
    _metadata_server,
    good={"config": {"workloadMetadataConfig": {"mode": "GKE_METADATA"}}},
    bad={"config": {"workloadMetadataConfig": {"mode": "GCE_METADATA"}}},
    unknown="config.workloadMetadataConfig",
    guardrail="container.managed.enableWorkloadIdentityFederation",
    severity=Severity.MEDIUM,
    same_as=(
        "scoutsuite:kubernetesengine-cluster-metadata-server-disabled",
        "checkov:CKV_GCP_69",
        "trivy:AVD-GCP-0057",
    ),
    terraform='workload_metadata_config { mode = "GKE_METADATA" } in node_config',
    manual="gcloud container node-pools update POOL --cluster=CLUSTER --workload-metadata=GKE_METADATA",
)

secure_boot = _pool_check(
    "gke-node-secure-boot-off",
    """The nodes of a GKE cluster boot software that nobody signed.

    Why: Secure Boot refuses boot loaders and kernels whose signature is not known, which keeps a root kit from
    staying on a node.

    What a fix may break: unsigned kernel modules, among them drivers of some graphics cards; nodes are made anew.

    Source: https://cloud.google.com/kubernetes-engine/docs/how-to/shielded-gke-nodes#secure_boot
    """,
    lambda pool: None if pool.config.shielded_instance_config.enable_secure_boot else fail("Secure Boot is off"),
    good={"config": {"shieldedInstanceConfig": {"enableSecureBoot": True, "enableIntegrityMonitoring": True}}},
    bad={"config": {"shieldedInstanceConfig": {"enableIntegrityMonitoring": True}}},
    unknown="config.shieldedInstanceConfig.enableSecureBoot",
    severity=Severity.LOW,
    same_as=(
        "sha:NODEPOOL_SECURE_BOOT_DISABLED",
        "steampipe:kubernetes_cluster_shielded_node_secure_boot_enabled",
        "scoutsuite:kubernetesengine-node-secure-boot-disabled",
        "checkov:CKV_GCP_68",
        "cloudsploit:kubernetes/secureBootEnabled",
    ),
    terraform="shielded_instance_config { enable_secure_boot = true } in node_config",
    manual="Make a new pool with --shielded-secure-boot, move the workloads, delete the old pool.",
)

integrity = _pool_check(
    "gke-node-integrity-monitoring-off",
    """The nodes of a GKE cluster do not compare what they boot with what they should.

    Why: integrity monitoring is what reports a changed boot chain.

    What a fix may break: nodes are made anew.

    Source: https://cloud.google.com/kubernetes-engine/docs/how-to/shielded-gke-nodes
    """,
    lambda pool: (
        None if pool.config.shielded_instance_config.enable_integrity_monitoring else fail("monitoring is off")
    ),
    good={"config": {"shieldedInstanceConfig": {"enableIntegrityMonitoring": True}}},
    bad={"config": {"shieldedInstanceConfig": {"enableSecureBoot": True}}},
    unknown="config.shieldedInstanceConfig",
    severity=Severity.LOW,
    same_as=(
        "sha:INTEGRITY_MONITORING_DISABLED",
        "steampipe:kubernetes_cluster_shielded_instance_integrity_monitoring_enabled",
        "scoutsuite:kubernetesengine-node-integrity-monitoring-disabled",
        "checkov:CKV_GCP_72",
        "cloudsploit:kubernetes/integrityMonitoringEnabled",
    ),
    terraform="shielded_instance_config { enable_integrity_monitoring = true } in node_config",
    manual="Make a new pool with --shielded-integrity-monitoring, move the workloads, delete the old pool.",
)

image_type = _pool_check(
    "gke-node-image-not-container-optimized",
    """The nodes of a GKE cluster run a general operating system.

    Why: Container-Optimized OS has a small, read-only and verified system; a general one has more to attack.

    What a fix may break: workloads that need kernel modules or packages of the node.

    Source: https://cloud.google.com/kubernetes-engine/docs/concepts/node-images
    """,
    lambda pool: (
        None
        if pool.config.image_type.upper().startswith(("COS", "WINDOWS")) or not pool.config.image_type
        else fail(f"imageType is {pool.config.image_type}")
    ),
    good={"config": {"imageType": "COS_CONTAINERD"}},
    bad={"config": {"imageType": "UBUNTU_CONTAINERD"}},
    unknown="config.imageType",
    severity=Severity.INFO,
    same_as=(
        "sha:COS_NOT_USED",
        "steampipe:gke_container_optimized_os",
        "scoutsuite:kubernetesengine-node-container-optimized-os-not-used",
        "checkov:CKV_GCP_22",
        "trivy:AVD-GCP-0054",
        "cloudsploit:kubernetes/cosImageEnabled",
        "policy_library:gcp_gke_container_optimized_os",
    ),
    terraform='image_type = "COS_CONTAINERD" in node_config',
    manual="gcloud container clusters upgrade CLUSTER --node-pool=POOL --image-type=COS_CONTAINERD",
    default=False,
)


_MINIMAL_SCOPES = frozenset(
    {
        "devstorage.read_only",
        "logging.write",
        "monitoring",
        "monitoring.read",
        "monitoring.write",
        "service.management.readonly",
        "servicecontrol",
        "trace.append",
        "userinfo.email",
    }
)
"""What nodes themselves need."""


def _broad_scopes(pool: NodePool) -> Verdict | None:
    email = pool.config.service_account
    if email not in ("", "default") and not email.endswith("-compute@developer.gserviceaccount.com"):
        return None  # scopes narrow nothing that the account's roles do not
    for scope in pool.config.oauth_scopes:
        if scope.rpartition("/auth/")[2] not in _MINIMAL_SCOPES:
            return fail(f"the default account has scope {scope}")
    return None


scopes = _pool_check(
    "gke-node-scopes-broad",
    """The nodes of a GKE cluster may use more of the default service account than nodes need.

    Why: scopes are what holds the default account back, which is an Editor of the project unless someone took that
    away. Nodes that run as an account of their own are not asked: there its roles decide.

    What a fix may break: pods that use the node's rights; give them Workload Identity first.

    Source: https://cloud.google.com/kubernetes-engine/docs/how-to/access-scopes
    """,
    _broad_scopes,
    good={"config": {"serviceAccount": "default", "oauthScopes": [_NARROW]}},
    bad={"config": {"serviceAccount": "default", "oauthScopes": [_NARROW, _PLATFORM]}},
    unknown="config.oauthScopes",
    severity=Severity.MEDIUM,
    same_as=(
        "scoutsuite:kubernetesengine-scopes-not-limited",
        "policy_library:gcp_gke_allowed_node_sa_v1",
        "sha:OVER_PRIVILEGED_SCOPES",
    ),
    terraform="service_account = … in node_config; or oauth_scopes with logging, monitoring and storage-ro only",
    manual="Make a new pool with --service-account, move the workloads, delete the old pool.",
)

disk_key = _pool_check(
    "gke-node-without-cmek",
    """The boot disks of the nodes of a GKE cluster are not encrypted with a key of your own.

    Why: Google encrypts all disks with keys of its own. A customer-managed key adds that you can take it away from
    everybody, Google included, and that each use of it is in your log.

    What a fix may break: the pool must be made anew; without the key no node starts.

    Source: https://cloud.google.com/kubernetes-engine/docs/how-to/using-cmek
    """,
    lambda pool: None if pool.config.boot_disk_kms_key else fail("no Cloud KMS key is set"),
    good={"config": {"bootDiskKmsKey": "projects/p/locations/eu/keyRings/r/cryptoKeys/k"}},
    bad={"config": {"diskType": "pd-balanced"}},
    unknown="config.bootDiskKmsKey",
    severity=Severity.LOW,
    same_as=("cloudsploit:kubernetes/nodeEncryption", "sha:NODEPOOL_BOOT_CMEK_DISABLED"),
    terraform="boot_disk_kms_key in node_config",
    manual="Make a new pool with --boot-disk-kms-key, move the workloads, delete the old pool.",
    guardrail="gcp.restrictNonCmekServices",
    default=False,
)
