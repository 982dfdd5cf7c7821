"""What brings an object back after it was deleted or overwritten, by mistake or by an intruder."""

from __future__ import annotations

from auditor import PASS, Fix, Settings, Severity, Verdict, asset, check, fail, not_applicable
from auditor.resources.storage import Bucket
from auditor.resources.unknown import told
from checks.units import Grace

_STAGING = "a Google service makes this bucket and its contents again"


class RetentionSettings(Settings, frozen=True):
    """How long a retention policy keeps objects at the least."""

    min_days: Grace = 1


@check(
    "bucket-without-recovery",
    severity=Severity.MEDIUM,
    evidence=["softDeletePolicy.retentionDurationSeconds", "versioning.enabled"],
    fix=Fix(
        gcloud="gcloud storage buckets update gs://{bucket.id} --soft-delete-duration=7d --versioning",
        terraform="versioning { enabled = true } and soft_delete_policy { retention_duration_seconds = 604800 }",
        patch={"data": {"softDeletePolicy": {"retentionDurationSeconds": "604800"}, "versioning": {"enabled": True}}},
    ),
    passes=lambda: [
        asset(Bucket, {"softDeletePolicy": {"retentionDurationSeconds": "604800"}}),
        asset(
            Bucket,
            {"softDeletePolicy": {"retentionDurationSeconds": "604800"}},
            unknown=["resource.data.versioning.enabled"],
        ),
        asset(Bucket, {"softDeletePolicy": {"retentionDurationSeconds": "0"}, "versioning": {"enabled": True}}),
        asset(
            Bucket,
            {"softDeletePolicy": {"retentionDurationSeconds": "0"}, "retentionPolicy": {"retentionPeriod": "86400"}},
        ),
        asset(Bucket, {"versioning": {"enabled": True}}),
        asset(
            Bucket,
            {"softDeletePolicy": {"retentionDurationSeconds": "0"}},
            name="//storage.googleapis.com/gcf-v2-sources-1001-europe-west1",
        ),
    ],
    fails=lambda: [
        asset(Bucket, {"softDeletePolicy": {"retentionDurationSeconds": "0"}}),
        asset(Bucket, {"softDeletePolicy": {}, "versioning": {"enabled": False}}),
    ],
    unknown=lambda: [
        asset(
            Bucket,
            {"softDeletePolicy": {"retentionDurationSeconds": "0"}},
            unknown=["resource.data.versioning.enabled"],
        ),
        asset(Bucket, {"name": "exported-before-soft-delete-existed"}),
    ],
)
def without_recovery(bucket: Bucket) -> Verdict:
    """Nothing brings back an object that is deleted from a bucket.

    Why: soft delete keeps deleted objects for seven days unless it is turned off, versioning keeps what was
    overwritten, a retention policy forbids the deletion. With all three off, one wrong command ends the data.

    What a fix may break: nothing; deleted and old objects are billed for as long as they are kept.

    Source: https://cloud.google.com/storage/docs/soft-delete
    """
    if bucket.is_kept_by_google:
        return not_applicable(_STAGING)
    if bucket.soft_delete_policy is not None and bucket.soft_delete_policy.retention_duration_seconds > 0:
        return PASS
    if bucket.retention_policy is not None and bucket.retention_policy.retention_period > 0:
        return PASS
    if bucket.versioning.enabled:
        return PASS
    told(bucket.soft_delete_policy, "softDeletePolicy")
    return fail("soft delete and versioning are off, and no retention is set")


@check(
    "bucket-soft-delete-off",
    severity=Severity.LOW,
    evidence=["softDeletePolicy.retentionDurationSeconds"],
    same_as=["prowler:cloudstorage_bucket_soft_delete_enabled"],
    default=False,
    fix=Fix(
        gcloud="gcloud storage buckets update gs://{bucket.id} --soft-delete-duration=7d",
        terraform="soft_delete_policy { retention_duration_seconds = 604800 } on google_storage_bucket",
        guardrail="storage.softDeletePolicySeconds",
        patch={"data": {"softDeletePolicy": {"retentionDurationSeconds": "604800"}}},
    ),
    passes=lambda: [
        asset(Bucket, {"softDeletePolicy": {"retentionDurationSeconds": "604800"}}),
        asset(
            Bucket,
            {"softDeletePolicy": {"retentionDurationSeconds": "0"}},
            name="//storage.googleapis.com/dataproc-temp-europe-west1-1001-x",
        ),
    ],
    fails=lambda: [
        asset(Bucket, {"softDeletePolicy": {"retentionDurationSeconds": "0"}}),
        asset(Bucket, {"softDeletePolicy": {}, "versioning": {"enabled": True}}),
    ],
    unknown=lambda: [asset(Bucket, {}, unknown=["resource.data.softDeletePolicy"]), asset(Bucket, {"name": "b"})],
)
def soft_delete_off(bucket: Bucket) -> Verdict:
    """Soft delete is turned off for a bucket.

    Why: versioning does not bring back a deleted bucket, and who may delete objects may delete their versions; soft
    delete keeps both for its whole period, and no permission shortens that.

    What a fix may break: nothing; deleted objects are billed until the period ends, which adds up for buckets
    with many short-lived objects.

    Source: https://cloud.google.com/storage/docs/soft-delete
    """
    if bucket.is_kept_by_google:
        return not_applicable(_STAGING)
    kept = told(bucket.soft_delete_policy, "softDeletePolicy").retention_duration_seconds
    return PASS if kept > 0 else fail("the soft delete period is 0")


@check(
    "bucket-versioning-off",
    severity=Severity.LOW,
    evidence=["versioning.enabled"],
    same_as=[
        "prowler:cloudstorage_bucket_versioning_enabled",
        "scoutsuite:cloudstorage-bucket-no-versioning",
        "checkov:CKV_GCP_78",
        "trivy:AVD-GCP-0078",
        "cloudsploit:storage/bucketVersioning",
    ],
    default=False,
    fix=Fix(
        gcloud="gcloud storage buckets update gs://{bucket.id} --versioning",
        terraform="versioning { enabled = true } on google_storage_bucket",
        patch={"data": {"versioning": {"enabled": True}, "retentionPolicy": None}},
    ),
    passes=lambda: [
        asset(Bucket, {"versioning": {"enabled": True}}),
        asset(Bucket, {"name": "b"}, name="//storage.googleapis.com/gcf-sources-1001-us-central1"),
    ],
    fails=lambda: [asset(Bucket, {"versioning": {"enabled": False}}), asset(Bucket, {"versioning": {}})],
    unknown=lambda: [asset(Bucket, {}, unknown=["resource.data.versioning.enabled"])],
)
def versioning_off(bucket: Bucket) -> Verdict:
    """A bucket keeps no earlier versions of its objects.

    Why: an object that is overwritten, by a bad release or by ransomware, is gone in the same moment.

    What a fix may break: nothing; storage grows with each change, so add a lifecycle rule that removes old versions.

    Source: https://cloud.google.com/storage/docs/object-versioning
    """
    if bucket.is_kept_by_google:
        return not_applicable(_STAGING)
    return PASS if bucket.versioning.enabled else fail("versioning is off")


@check(
    "bucket-retention-short",
    severity=Severity.LOW,
    evidence=["retentionPolicy.retentionPeriod", "retentionPolicy.isLocked"],
    same_as=[
        "prowler:cloudstorage_bucket_sufficient_retention_period",
        "cloudsploit:storage/bucketRetentionPolicy",
        "policy_library:gcp_storage_bucket_retention_v1",
        "forseti:retention",
    ],
    default=False,
    fix=Fix(
        gcloud="gcloud storage buckets update gs://{bucket.id} --retention-period=30d",
        terraform="retention_policy { retention_period = 2592000 } on google_storage_bucket",
        guardrail="storage.retentionPolicySeconds",
        patch={"data": {"retentionPolicy": {"retentionPeriod": "2592000"}}},
    ),
    passes=lambda: [
        asset(Bucket, {"retentionPolicy": {"retentionPeriod": "86400"}}),
        asset(Bucket, {"retentionPolicy": {"retentionPeriod": 31536000, "isLocked": True}}),
    ],
    fails=lambda: [asset(Bucket, {"name": "b"}), asset(Bucket, {"retentionPolicy": {"retentionPeriod": "10"}})],
    unknown=lambda: [asset(Bucket, {}, unknown=["resource.data.retentionPolicy"])],
)
def retention_short(bucket: Bucket, settings: RetentionSettings) -> Verdict:
    """A bucket has no retention policy, or one that is shorter than required.

    Why: records that law or contract wants kept, such as invoices and delivery proofs, must not be deletable by
    whoever can write to the bucket.

    What a fix may break: jobs that delete or replace objects before the period ends fail; a locked policy cannot be
    shortened again.

    Source: https://cloud.google.com/storage/docs/bucket-lock
    """
    if bucket.retention_policy is None:
        return fail("no retention policy is set")
    days = bucket.retention_policy.retention_period / 86400
    if days >= settings.min_days:
        return PASS
    return fail(f"objects are kept {days:.2g} days, the least is {settings.min_days}")


@check(
    "bucket-usage-logs-off",
    severity=Severity.LOW,
    evidence=["logging.logBucket"],
    same_as=[
        "sha:BUCKET_LOGGING_DISABLED",
        "prowler:cloudstorage_bucket_logging_enabled",
        "scoutsuite:cloudstorage-bucket-no-logging",
        "checkov:CKV_GCP_62",
        "trivy:AVD-GCP-0077",
        "cloudsploit:storage/bucketLogging",
        "policy_library:gcp_storage_logging_v1",
    ],
    default=False,
    fix=Fix(
        gcloud="gcloud storage buckets update gs://{bucket.id} --log-bucket=gs://LOG_BUCKET",
        terraform="logging { log_bucket = … } on google_storage_bucket",
        patch={"data": {"logging": {"logBucket": "usage-logs"}}},
    ),
    passes=lambda: [
        asset(Bucket, {"logging": {"logBucket": "usage-logs"}}),
        asset(Bucket, {"name": "b"}, name="//storage.googleapis.com/artifacts.p.appspot.com"),
    ],
    fails=lambda: [asset(Bucket, {"name": "b"}), asset(Bucket, {"logging": {}})],
    unknown=lambda: [asset(Bucket, {}, unknown=["resource.data.logging.logBucket"])],
)
def usage_logs_off(bucket: Bucket) -> Verdict:
    """A bucket writes no usage logs.

    Why: for content that is served to the public, usage logs are the only record of who fetched what; Cloud Audit Logs
    leave anonymous reads of public objects out. For private buckets data access audit logs are the better record.

    What a fix may break: nothing; the log bucket needs the role roles/storage.objectCreator for
    cloud-storage-analytics@google.com.

    Source: https://cloud.google.com/storage/docs/access-logs
    """
    if bucket.is_kept_by_google:
        return not_applicable(_STAGING)
    return PASS if bucket.logging.log_bucket else fail("no log bucket is set")


@check(
    "bucket-logs-to-itself",
    severity=Severity.LOW,
    evidence=["logging.logBucket"],
    same_as=["checkov:CKV_GCP_63"],
    fix=Fix(
        gcloud="gcloud storage buckets update gs://{bucket.id} --log-bucket=gs://LOG_BUCKET",
        terraform="logging { log_bucket = … } naming another bucket",
        patch={"data": {"logging": {"logBucket": "usage-logs"}}},
    ),
    passes=lambda: [
        asset(Bucket, {"logging": {"logBucket": "usage-logs"}}, name="//storage.googleapis.com/shop"),
        asset(Bucket, {"name": "shop"}, name="//storage.googleapis.com/shop"),
    ],
    fails=lambda: [asset(Bucket, {"logging": {"logBucket": "shop"}}, name="//storage.googleapis.com/shop")],
    unknown=lambda: [asset(Bucket, {}, unknown=["resource.data.logging.logBucket"])],
)
def logs_to_itself(bucket: Bucket) -> Verdict:
    """A bucket writes its usage logs into itself.

    Why: who can delete the objects can delete the record of it, and each log object makes another log entry.

    What a fix may break: reports that read the logs from the old place.

    Source: https://cloud.google.com/storage/docs/access-logs
    """
    target = bucket.logging.log_bucket
    if not target:
        return not_applicable("the bucket writes no usage logs")
    return fail("the log bucket is the bucket itself") if target in (bucket.id, bucket.name) else PASS
