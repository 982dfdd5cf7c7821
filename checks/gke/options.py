"""Protections of a cluster that not everyone needs. Off unless asked for."""

from __future__ import annotations

from auditor import PASS, Fix, Severity, Verdict, asset, check, fail, not_applicable
from auditor.resources.gke import Cluster

_UPDATE = "gcloud container clusters update {cluster.id} --location={cluster.location} "
_KEY = "projects/p/locations/eu/keyRings/r/cryptoKeys/k"


@check(
    "gke-secrets-encryption-off",
    severity=Severity.LOW,
    evidence=["databaseEncryption.state"],
    same_as=[
        "sha:CLUSTER_SECRETS_ENCRYPTION_DISABLED",
        "steampipe:kubernetes_cluster_database_encryption_enabled",
        "scoutsuite:kubernetesengine-cluster-application-layer-encryption-disabled",
        "cloudsploit:kubernetes/clusterEncryption",
    ],
    default=False,
    fix=Fix(
        gcloud=_UPDATE + "--database-encryption-key=projects/PROJECT/locations/LOCATION/keyRings/RING/cryptoKeys/KEY",
        terraform='database_encryption { state = "ENCRYPTED", key_name = … }',
        guardrail="container.managed.enableSecretsEncryption",
        patch={"data": {"databaseEncryption": {"state": "ENCRYPTED", "keyName": _KEY}}},
    ),
    passes=lambda: [
        asset(Cluster, {"databaseEncryption": {"state": "ENCRYPTED", "keyName": _KEY}}),
        asset(Cluster, {"databaseEncryption": {"state": "ALL_OBJECTS_ENCRYPTION_ENABLED", "keyName": _KEY}}),
    ],
    fails=lambda: [asset(Cluster, {"databaseEncryption": {"state": "DECRYPTED"}}), asset(Cluster, {"name": "c"})],
    unknown=lambda: [asset(Cluster, {}, unknown=["resource.data.databaseEncryption"])],
)
def secrets_encryption_off(cluster: Cluster) -> Verdict:
    """Kubernetes secrets are not encrypted with a key of your own in a cluster's store.

    Why: the store is encrypted as every Google disk is; with a Cloud KMS key a copy of it is worthless without the
    key, whose use is logged. Secrets in Secret Manager need none of this.

    What a fix may break: without the key the cluster cannot read its secrets.

    Source: https://cloud.google.com/kubernetes-engine/docs/how-to/encrypting-secrets
    """
    state = cluster.database_encryption.state
    encrypted = ("ENCRYPTED", "ALL_OBJECTS_ENCRYPTION_ENABLED")
    return PASS if state in encrypted else fail(f"databaseEncryption is {state}")


@check(
    "gke-binary-authorization-off",
    severity=Severity.LOW,
    evidence=["binaryAuthorization"],
    same_as=[
        "sha:BINARY_AUTHORIZATION_DISABLED",
        "steampipe:kubernetes_cluster_binary_authorization_enabled",
        "scoutsuite:kubernetesengine-cluster-binary-authorization-disabled",
        "checkov:CKV_GCP_66",
        "cloudsploit:kubernetes/binaryAuthorizationEnabled",
        "policy_library:gcp_gke_enable_binauthz_v1",
    ],
    default=False,
    fix=Fix(
        gcloud=_UPDATE + "--binauthz-evaluation-mode=PROJECT_SINGLETON_POLICY_ENFORCE",
        terraform='binary_authorization { evaluation_mode = "PROJECT_SINGLETON_POLICY_ENFORCE" }',
        guardrail="container.managed.enableBinaryAuthorization",
        patch={"data": {"binaryAuthorization": {"evaluationMode": "PROJECT_SINGLETON_POLICY_ENFORCE"}}},
    ),
    passes=lambda: [
        asset(Cluster, {"binaryAuthorization": {"evaluationMode": "PROJECT_SINGLETON_POLICY_ENFORCE"}}),
        asset(Cluster, {"binaryAuthorization": {"enabled": True}}),
        asset(Cluster, {"binaryAuthorization": {"evaluationMode": "POLICY_BINDINGS"}}),
    ],
    fails=lambda: [
        asset(Cluster, {"binaryAuthorization": {"evaluationMode": "DISABLED"}}),
        asset(Cluster, {"binaryAuthorization": {}}),
    ],
    unknown=lambda: [asset(Cluster, {}, unknown=["resource.data.binaryAuthorization"])],
)
def binary_authorization_off(cluster: Cluster) -> Verdict:
    """A cluster runs images that nobody vouched for.

    Why: Binary Authorization lets only images in that your pipeline built and signed, so that a pushed or mistyped
    image does not run.

    What a fix may break: images without an attestation do not start; begin with a policy that only logs.

    Source: https://cloud.google.com/binary-authorization/docs/overview
    """
    setting = cluster.binary_authorization
    if setting.enabled or setting.evaluation_mode not in ("", "DISABLED", "EVALUATION_MODE_UNSPECIFIED"):
        return PASS
    return fail("Binary Authorization is off")


@check(
    "gke-intranode-visibility-off",
    severity=Severity.INFO,
    evidence=["networkConfig.enableIntraNodeVisibility"],
    same_as=[
        "sha:INTRANODE_VISIBILITY_DISABLED",
        "steampipe:kubernetes_cluster_intra_node_visibility_enabled",
        "checkov:CKV_GCP_61",
    ],
    default=False,
    fix=Fix(
        gcloud=_UPDATE + "--enable-intra-node-visibility",
        terraform="enable_intranode_visibility = true on google_container_cluster",
        patch={"data": {"networkConfig": {"enableIntraNodeVisibility": True}}},
    ),
    passes=lambda: [
        asset(Cluster, {"networkConfig": {"enableIntraNodeVisibility": True}}),
        asset(Cluster, {"autopilot": {"enabled": True}}),
    ],
    fails=lambda: [asset(Cluster, {"networkConfig": {}}), asset(Cluster, {"name": "c"})],
    unknown=lambda: [asset(Cluster, {}, unknown=["resource.data.networkConfig"])],
)
def intranode_visibility_off(cluster: Cluster) -> Verdict:
    """Traffic between pods of one node is in no flow log.

    Why: VPC flow logs and packet mirroring see only what leaves a node.

    What a fix may break: nodes are made anew; more flow logs are billed.

    Source: https://cloud.google.com/kubernetes-engine/docs/how-to/intranode-visibility
    """
    if cluster.network_config.enable_intra_node_visibility:
        return PASS
    if cluster.autopilot.enabled:
        return not_applicable("Autopilot clusters are built that way")
    return fail("intranode visibility is off")


@check(
    "gke-rbac-groups-off",
    severity=Severity.INFO,
    evidence=["authenticatorGroupsConfig.enabled"],
    same_as=["checkov:CKV_GCP_65"],
    default=False,
    fix=Fix(
        gcloud=_UPDATE + "--security-group=gke-security-groups@DOMAIN",
        terraform="authenticator_groups_config { security_group = … }",
        guardrail="container.managed.enableGoogleGroupsRBAC",
        patch={"data": {"authenticatorGroupsConfig": {"enabled": True}}},
    ),
    passes=lambda: [
        asset(
            Cluster,
            {"authenticatorGroupsConfig": {"enabled": True, "securityGroup": "gke-security-groups@example.com"}},
        )
    ],
    fails=lambda: [asset(Cluster, {"authenticatorGroupsConfig": {}}), asset(Cluster, {"name": "c"})],
    unknown=lambda: [asset(Cluster, {}, unknown=["resource.data.authenticatorGroupsConfig"])],
)
def rbac_groups_off(cluster: Cluster) -> Verdict:
    """Roles inside a cluster cannot be given to Google Groups.

    Why: roles given to persons one by one stay when they change teams; a group's membership ends by itself.

    What a fix may break: nothing.

    Source: https://cloud.google.com/kubernetes-engine/docs/how-to/google-groups-rbac
    """
    return PASS if cluster.authenticator_groups_config.enabled else fail("Google Groups for RBAC are off")
