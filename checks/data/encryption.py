"""Data that is encrypted with Google's keys only. Off unless asked for: Google encrypts everything."""

from __future__ import annotations

from auditor import PASS, Fix, Severity, Verdict, asset, check, fail, not_applicable
from auditor.resources.data import ArtifactRepository, DataprocCluster, Disk, SpannerDatabase, Topic

_DISK_OF_GKE = not_applicable("GKE makes the disks of its nodes; set the key on the node pool")
_KEY = "projects/p/locations/eu/keyRings/r/cryptoKeys/k"


@check(
    "dataproc-without-cmek",
    severity=Severity.LOW,
    evidence=["config.encryptionConfig.gcePdKmsKeyName"],
    same_as=[
        "sha:DATAPROC_CMEK_DISABLED",
        "prowler:dataproc_encrypted_with_cmks_disabled",
        "steampipe:dataproc_cluster_encryption_with_cmek",
        "checkov:CKV_GCP_91",
        "cloudsploit:dataproc/dataprocClusterEncryption",
        "inspec:cis-gcp-8.1",
    ],
    default=False,
    fix=Fix(
        terraform="encryption_config { kms_key_name = … } on google_dataproc_cluster",
        guardrail="gcp.restrictNonCmekServices",
        manual="Make the cluster anew with --gce-pd-kms-key.",
        patch={"data": {"config": {"encryptionConfig": {"gcePdKmsKeyName": _KEY}}}},
    ),
    passes=lambda: [asset(DataprocCluster, {"config": {"encryptionConfig": {"gcePdKmsKeyName": _KEY}}})],
    fails=lambda: [
        asset(DataprocCluster, {"config": {}}),
        asset(DataprocCluster, {"config": {"encryptionConfig": {}}}),
    ],
    unknown=lambda: [asset(DataprocCluster, {}, unknown=["resource.data.config.encryptionConfig"])],
)
def dataproc_without_cmek(cluster: DataprocCluster) -> Verdict:
    """The disks of a Dataproc cluster are not encrypted with a key of your own.

    Why: Google encrypts every disk; a customer-managed key adds that you can revoke it and log its use.

    What a fix may break: the cluster must be made anew.

    Source: https://cloud.google.com/dataproc/docs/concepts/configuring-clusters/customer-managed-encryption
    """
    return PASS if cluster.config.encryption_config.gce_pd_kms_key_name else fail("no Cloud KMS key is set")


@check(
    "spanner-without-cmek",
    severity=Severity.LOW,
    evidence=["encryptionConfig"],
    same_as=["checkov:CKV_GCP_93"],
    default=False,
    fix=Fix(
        terraform="encryption_config { kms_key_name = … } on google_spanner_database",
        guardrail="gcp.restrictNonCmekServices",
        manual="The key is chosen when a database is made: make a new one and move to it.",
        patch={"data": {"encryptionConfig": {"kmsKeyName": _KEY}}},
    ),
    passes=lambda: [
        asset(SpannerDatabase, {"encryptionConfig": {"kmsKeyName": _KEY}}),
        asset(SpannerDatabase, {"encryptionConfig": {"kmsKeyNames": [_KEY]}}),
    ],
    fails=lambda: [asset(SpannerDatabase, {"name": "d"}), asset(SpannerDatabase, {"encryptionConfig": {}})],
    unknown=lambda: [asset(SpannerDatabase, {}, unknown=["resource.data.encryptionConfig"])],
)
def spanner_without_cmek(database: SpannerDatabase) -> Verdict:
    """A Spanner database is not encrypted with a key of your own.

    Why: Google encrypts every database; a customer-managed key adds that you can revoke it and log its use.

    What a fix may break: the database must be made anew.

    Source: https://cloud.google.com/spanner/docs/cmek
    """
    encryption = database.encryption_config
    return PASS if encryption and (encryption.kms_key_name or encryption.kms_key_names) else fail("no key is set")


@check(
    "pubsub-topic-without-cmek",
    severity=Severity.LOW,
    evidence=["kmsKeyName"],
    same_as=["sha:PUBSUB_CMEK_DISABLED", "checkov:CKV_GCP_83", "cloudsploit:pubsub/topicEncryption"],
    default=False,
    fix=Fix(
        gcloud="gcloud pubsub topics update {topic.id} --topic-encryption-key=KEY",
        terraform="kms_key_name = … on google_pubsub_topic",
        guardrail="gcp.restrictNonCmekServices",
        patch={"data": {"kmsKeyName": _KEY}},
    ),
    passes=lambda: [asset(Topic, {"kmsKeyName": _KEY})],
    fails=lambda: [asset(Topic, {"name": "projects/p/topics/t"}), asset(Topic, {"kmsKeyName": ""})],
    unknown=lambda: [asset(Topic, {}, unknown=["resource.data.kmsKeyName"])],
)
def topic_without_cmek(topic: Topic) -> Verdict:
    """A Pub/Sub topic is not encrypted with a key of your own.

    Why: Google encrypts every message; a customer-managed key adds that you can revoke it and log its use.

    What a fix may break: without the key nothing can be published or delivered.

    Source: https://cloud.google.com/pubsub/docs/encryption
    """
    return PASS if topic.kms_key_name else fail("no Cloud KMS key is set")


@check(
    "artifact-repository-without-cmek",
    severity=Severity.LOW,
    evidence=["kmsKeyName"],
    same_as=["checkov:CKV_GCP_84"],
    default=False,
    fix=Fix(
        terraform="kms_key_name = … on google_artifact_registry_repository",
        guardrail="gcp.restrictNonCmekServices",
        manual="The key is chosen when a repository is made: make a new one and copy the artifacts.",
        patch={"data": {"kmsKeyName": _KEY}},
    ),
    passes=lambda: [
        asset(ArtifactRepository, {"kmsKeyName": _KEY}),
        asset(ArtifactRepository, {"mode": "VIRTUAL_REPOSITORY"}),
    ],
    fails=lambda: [asset(ArtifactRepository, {"format": "DOCKER"}), asset(ArtifactRepository, {"kmsKeyName": ""})],
    unknown=lambda: [asset(ArtifactRepository, {}, unknown=["resource.data.kmsKeyName"])],
)
def repository_without_cmek(repository: ArtifactRepository) -> Verdict:
    """An Artifact Registry repository is not encrypted with a key of your own.

    Why: Google encrypts every artifact; a customer-managed key adds that you can revoke it and log its use.

    What a fix may break: the repository must be made anew.

    Source: https://cloud.google.com/artifact-registry/docs/cmek
    """
    if repository.mode == "VIRTUAL_REPOSITORY":
        return not_applicable("a virtual repository stores nothing")
    return PASS if repository.kms_key_name else fail("no Cloud KMS key is set")


@check(
    "disk-without-customer-key",
    severity=Severity.LOW,
    evidence=["diskEncryptionKey.kmsKeyName"],
    same_as=[
        "sha:DISK_CMEK_DISABLED",
        "checkov:CKV_GCP_37",
        "trivy:AVD-GCP-0034",
        "cloudsploit:compute/VMDisksCMKEncrypted",
    ],
    default=False,
    fix=Fix(
        terraform="disk_encryption_key { kms_key_self_link = … } on google_compute_disk",
        guardrail="gcp.restrictNonCmekServices",
        manual="Take a snapshot, make a disk of it with --kms-key, and put it in the place of the old one.",
        patch={"data": {"diskEncryptionKey": {"kmsKeyName": _KEY}}},
    ),
    passes=lambda: [
        asset(Disk, {"diskEncryptionKey": {"kmsKeyName": f"{_KEY}/cryptoKeyVersions/1"}}),
        asset(Disk, {"diskEncryptionKey": {"sha256": "x"}}),
        asset(Disk, {"labels": {"goog-gke-node": ""}}),
    ],
    fails=lambda: [asset(Disk, {"name": "d"}), asset(Disk, {"diskEncryptionKey": {}})],
    unknown=lambda: [asset(Disk, {}, unknown=["resource.data.diskEncryptionKey"])],
)
def disk_without_customer_key(disk: Disk) -> Verdict:
    """A disk is not encrypted with a key of your own.

    Why: Google encrypts every disk; a key that you manage or supply adds that you can revoke it.

    What a fix may break: the disk must be made anew; without the key the machine does not start.

    Source: https://cloud.google.com/compute/docs/disks/customer-managed-encryption
    """
    if disk.is_of_gke_node:
        return _DISK_OF_GKE
    key = disk.disk_encryption_key
    return PASS if key and (key.kms_key_name or key.sha256 or key.raw_key) else fail("no customer key is set")
