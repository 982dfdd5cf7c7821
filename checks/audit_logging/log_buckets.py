"""Log buckets that hold audit logs: how long, how firmly, and whether they are about to go."""

from __future__ import annotations

from auditor import PASS, Estate, Fix, Settings, Severity, Verdict, asset, check, fail, not_applicable
from auditor.resources.logging import LogBucket, LogSink
from checks.audit_logging.examples import (
    DEFAULT_SINK,
    DEFAULT_SINK_NAME,
    IN_ORGANIZATION,
    ORGANIZATION_SINK_NAME,
    SINKS,
)
from checks.audit_logging.routing import exported, log_bucket_holds_audit_logs
from checks.units import Days

_BUCKETS = f"{SINKS}/projects/1001/locations/global/buckets"
_AUDIT_SINK = {
    "name": "audit",
    "destination": "logging.googleapis.com/projects/1001/locations/global/buckets/audit",
    "filter": "logName:cloudaudit.googleapis.com",
    "includeChildren": True,
}


class Retention(Settings, frozen=True):
    """How long audit logs must be kept."""

    min_days: Days = 365


@check(
    "log-bucket-retention-short",
    severity=Severity.MEDIUM,
    reads=[LogSink],
    evidence=["retentionDays", "locked"],
    fix=Fix(
        gcloud="gcloud logging buckets update {bucket.id} --location={bucket.location} "
        "{bucket.gcloud_scope} --retention-days=365",
        terraform="retention_days = 365 on google_logging_project_bucket_config",
        patch={"data": {"retentionDays": 400}},
    ),
    passes=lambda: [
        [
            asset(LogBucket, {"retentionDays": 365}, name=f"{_BUCKETS}/audit"),
            asset(LogSink, _AUDIT_SINK, name=ORGANIZATION_SINK_NAME, ancestors=IN_ORGANIZATION),
        ],
        [
            asset(LogBucket, {"retentionDays": 7}, name=f"{_BUCKETS}/debug"),
            asset(
                LogSink,
                {
                    "destination": "logging.googleapis.com/projects/1001/locations/global/buckets/debug",
                    "filter": 'resource.type="k8s_container" AND severity<=DEBUG',
                },
                name=f"{SINKS}/projects/1001/sinks/debug",
            ),
        ],
        asset(LogBucket, {"retentionDays": 400, "locked": True}, name=f"{_BUCKETS}/_Required"),
        [
            asset(LogBucket, {}, name=f"{_BUCKETS}/_Default"),
            asset(LogSink, DEFAULT_SINK, name=DEFAULT_SINK_NAME),
            asset(LogSink, _AUDIT_SINK, name=ORGANIZATION_SINK_NAME, ancestors=IN_ORGANIZATION),
        ],
    ],
    fails=lambda: [
        [
            asset(LogBucket, {"retentionDays": 90, "lifecycleState": "ACTIVE"}, name=f"{_BUCKETS}/audit"),
            asset(LogSink, _AUDIT_SINK, name=ORGANIZATION_SINK_NAME, ancestors=IN_ORGANIZATION),
        ],
        [
            asset(LogBucket, {}, name=f"{_BUCKETS}/_Default"),
            asset(LogSink, DEFAULT_SINK, name=DEFAULT_SINK_NAME),
        ],
    ],
    unknown=lambda: [
        [
            asset(LogBucket, {}, name=f"{_BUCKETS}/audit", unknown=["resource.data.retentionDays"]),
            asset(LogSink, _AUDIT_SINK, name=ORGANIZATION_SINK_NAME, ancestors=IN_ORGANIZATION),
        ],
    ],
)
def log_bucket_retention_short(bucket: LogBucket, estate: Estate, settings: Retention) -> Verdict:
    """A log bucket keeps audit logs for less time than required.

    Why: Intrusions are found months after they began, and what is older than the retention is gone. A bucket keeps
    entries for 30 days unless told otherwise. Asked of buckets that a sink feeds with audit logs; of the _Default
    bucket, where Data Access logs end up, only if nothing exports them, and then with low severity.

    What a fix may break: Nothing. Storage beyond 30 days is billed by volume and month; entries that are already gone
    do not come back.

    Source: https://cloud.google.com/logging/docs/buckets#custom-retention
    """
    if bucket.id == "_Required":
        return not_applicable("Google keeps _Required for 400 days")
    severity = Severity.MEDIUM
    if bucket.id == "_Default":
        if exported(estate, bucket.asset, "Data Access"):
            return not_applicable("Data Access audit logs are exported")
        severity = Severity.LOW
    elif not log_bucket_holds_audit_logs(bucket, estate):
        return not_applicable("no sink routes audit logs here")
    days = bucket.retention_days or 30
    if days >= settings.min_days:
        return PASS
    return fail(f"entries are kept for {days} days, the requirement is {settings.min_days}", severity=severity)


@check(
    "log-bucket-unlocked",
    severity=Severity.LOW,
    reads=[LogSink],
    evidence=["retentionDays", "locked"],
    fix=Fix(
        terraform="locked = true on google_logging_project_bucket_config",
        manual="Settle the retention, then lock the bucket with the --locked option of gcloud logging buckets update. "
        "That can never be undone: the retention stays as it is, and the bucket with it until it is empty.",
        patch={"data": {"locked": True}},
    ),
    passes=lambda: [
        [
            asset(LogBucket, {"retentionDays": 365, "locked": True}, name=f"{_BUCKETS}/audit"),
            asset(LogSink, _AUDIT_SINK, name=ORGANIZATION_SINK_NAME, ancestors=IN_ORGANIZATION),
        ],
        asset(LogBucket, {}, name=f"{_BUCKETS}/_Default"),
    ],
    fails=lambda: [
        [
            asset(LogBucket, {"retentionDays": 365}, name=f"{_BUCKETS}/audit"),
            asset(LogSink, _AUDIT_SINK, name=ORGANIZATION_SINK_NAME, ancestors=IN_ORGANIZATION),
        ],
    ],
    unknown=lambda: [
        [
            asset(LogBucket, {}, name=f"{_BUCKETS}/audit", unknown=["resource.data.locked"]),
            asset(LogSink, _AUDIT_SINK, name=ORGANIZATION_SINK_NAME, ancestors=IN_ORGANIZATION),
        ],
    ],
)
def log_bucket_unlocked(bucket: LogBucket, estate: Estate) -> Verdict:
    """A log bucket that collects audit logs is not locked.

    Why: Entries of a log bucket cannot be edited, but an administrator of it can shorten the retention to one day or
    delete the bucket. Locking it rules out both for good.

    What a fix may break: A lock cannot be undone. The retention can never be changed again, and the bucket cannot be
    deleted before it is empty, so that a generous period stays on the bill.

    Source: https://cloud.google.com/logging/docs/buckets#locking-logs-buckets
    """
    if bucket.id in ("_Default", "_Required") or not log_bucket_holds_audit_logs(bucket, estate):
        return not_applicable("no sink that somebody made routes audit logs here")
    return PASS if bucket.locked else fail("retention can be shortened, or the bucket be deleted")


@check(
    "log-bucket-being-deleted",
    severity=Severity.HIGH,
    reads=[LogSink],
    evidence=["lifecycleState"],
    fix=Fix(
        gcloud="gcloud logging buckets undelete {bucket.id} --location={bucket.location} {bucket.gcloud_scope}",
        terraform="put the google_logging_project_bucket_config back, or point the sinks elsewhere first",
        patch={"data": {"lifecycleState": "ACTIVE"}},
    ),
    passes=lambda: [
        asset(LogBucket, {"lifecycleState": "ACTIVE"}, name=f"{_BUCKETS}/audit"),
        asset(LogBucket, {"lifecycleState": "DELETE_REQUESTED"}, name=f"{_BUCKETS}/unused"),
    ],
    fails=lambda: [
        [
            asset(LogBucket, {"lifecycleState": "DELETE_REQUESTED"}, name=f"{_BUCKETS}/audit"),
            asset(LogSink, _AUDIT_SINK, name=ORGANIZATION_SINK_NAME, ancestors=IN_ORGANIZATION),
        ],
    ],
    unknown=lambda: [asset(LogBucket, {}, name=f"{_BUCKETS}/audit", unknown=["resource.data.lifecycleState"])],
)
def log_bucket_being_deleted(bucket: LogBucket, estate: Estate) -> Verdict:
    """A log bucket is about to be deleted while a sink still routes audit logs to it.

    Why: A deleted log bucket stays for seven days, in which it can be brought back and sinks go on to write to it.
    Then the stored audit logs are gone, and new ones are dropped. Deleting it is a way to remove traces.

    What a fix may break: Nothing; the bucket works as before.

    Source: https://cloud.google.com/logging/docs/buckets#delete-bucket
    """
    if bucket.is_active:
        return PASS
    if not log_bucket_holds_audit_logs(bucket, estate):
        return not_applicable("no sink routes audit logs here")
    return fail("the bucket was deleted, a sink still routes audit logs to it")


@check(
    "log-bucket-without-cmek",
    severity=Severity.LOW,
    default=False,
    evidence=["cmekSettings.kmsKeyName"],
    fix=Fix(
        gcloud="gcloud logging buckets update {bucket.id} --location={bucket.location} "
        "{bucket.gcloud_scope} --cmek-kms-key-name=KEY",
        terraform="cmek_settings { kms_key_name = … } on google_logging_project_bucket_config; for new projects "
        "kms_key_name on google_logging_organization_settings",
        guardrail="gcp.restrictNonCmekServices",
        patch={"data": {"cmekSettings": {"kmsKeyName": "projects/k/locations/global/keyRings/r/cryptoKeys/logs"}}},
    ),
    passes=lambda: [
        asset(
            LogBucket,
            {"cmekSettings": {"kmsKeyName": "projects/k/locations/europe-west1/keyRings/r/cryptoKeys/logs"}},
            name=f"{_BUCKETS}/audit",
        ),
        asset(LogBucket, {"lifecycleState": "DELETE_REQUESTED"}, name=f"{_BUCKETS}/old"),
    ],
    fails=lambda: [
        asset(LogBucket, {"retentionDays": 365}, name=f"{_BUCKETS}/audit"),
        asset(LogBucket, {"cmekSettings": {"kmsKeyName": ""}}, name=f"{_BUCKETS}/_Default"),
    ],
    unknown=lambda: [asset(LogBucket, {}, name=f"{_BUCKETS}/audit", unknown=["resource.data.cmekSettings"])],
)
def log_bucket_without_cmek(bucket: LogBucket) -> Verdict:
    """A log bucket is not encrypted with a key of your own.

    Why: Entries are always encrypted, by default with keys that Google manages. A key of your own lets you cut off
    access to stored logs, Google's included, and shows each use of it in a log. It matters where a rule asks for it.

    What a fix may break: A disabled or destroyed key makes entries unreadable and lets new ones be lost. Once set, it
    can be exchanged for another key but not removed, and the _Default bucket of location global has to be replaced.

    Source: https://cloud.google.com/logging/docs/routing/managed-encryption-storage
    """
    if not bucket.is_active or bucket.id == "_Required":
        return not_applicable("the bucket is being deleted, or is Google's own")
    return PASS if bucket.cmek_settings.kms_key_name else fail("entries are encrypted with Google's keys")
