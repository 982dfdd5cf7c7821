"""Where sinks write to: whether the copy exists, stays in the organisation, and cannot be altered."""

from __future__ import annotations

from auditor import (
    PASS,
    Estate,
    Fix,
    Severity,
    Verdict,
    asset,
    check,
    fail,
    not_applicable,
)
from auditor.resources.logging import LogSink
from auditor.resources.resourcemanager import Organization, Project
from auditor.resources.storage import Bucket
from checks.audit_logging.examples import (
    DEFAULT_SINK,
    DEFAULT_SINK_NAME,
    EXPORT,
    IN_ORGANIZATION,
    ORGANIZATION_SINK_NAME,
    PROJECT_SINK_NAME,
    SHOP,
)
from checks.audit_logging.routing import bucket_id, project_in_estate
from checks.whole import require_whole_organization

_BUCKET = "//storage.googleapis.com/audit-archive"
_LOCKED = {"retentionPolicy": {"retentionPeriod": "31536000", "isLocked": True}}


@check(
    "log-sink-bucket-missing",
    severity=Severity.HIGH,
    reads=[Bucket, Organization],
    evidence=["destination"],
    fix=Fix(
        gcloud="gcloud logging sinks update {sink.id} storage.googleapis.com/BUCKET_OF_YOURS {sink.gcloud_scope}",
        terraform="destination of google_logging_*_sink: refer to the google_storage_bucket, do not write its name",
        manual="find out whose the bucket is; if it is nobody's, point the sink elsewhere before someone else makes it",
        patch={"data": {"destination": "storage.googleapis.com/kept"}},
    ),
    passes=lambda: [
        [
            asset(LogSink, EXPORT, name=PROJECT_SINK_NAME),
            asset(Bucket, {"name": "audit-archive"}, name=_BUCKET, ancestors=["projects/1002", "organizations/3001"]),
        ],
        asset(LogSink, DEFAULT_SINK, name=DEFAULT_SINK_NAME),
        asset(LogSink, {**EXPORT, "disabled": True}, name=PROJECT_SINK_NAME),
    ],
    fails=lambda: [
        [
            asset(LogSink, EXPORT, name=PROJECT_SINK_NAME),
            asset(Bucket, {"name": "kept"}, name="//storage.googleapis.com/kept"),
            asset(Organization, {}, ancestors=IN_ORGANIZATION),
        ],
        [
            asset(LogSink, EXPORT, name=ORGANIZATION_SINK_NAME, ancestors=IN_ORGANIZATION),
            asset(Bucket, {"name": "kept"}, name="//storage.googleapis.com/kept"),
            asset(Organization, {}, ancestors=IN_ORGANIZATION),
        ],
    ],
    unknown=lambda: [
        asset(LogSink, EXPORT, name=PROJECT_SINK_NAME, unknown=["resource.data.destination"]),
        [
            asset(LogSink, EXPORT, name=PROJECT_SINK_NAME),
            asset(Bucket, {"name": "kept"}, name="//storage.googleapis.com/kept"),
        ],
    ],
)
def log_sink_bucket_missing(sink: LogSink, estate: Estate) -> Verdict:
    """A sink writes to a bucket that is not in the organisation.

    Why: Bucket names are one space for all of Google Cloud. If the bucket was deleted, whoever makes one of that name
    receives the logs, with the addresses, accounts and resource names in them, once they let the sink write; if it
    belongs to somebody else, they have the logs now. In both cases you do not.

    What a fix may break: If the bucket is a partner's on purpose, moving the sink cuts them off: accept the finding
    with that reason instead.

    Source: https://cloud.google.com/logging/docs/export/configure_export_v2
    """
    if not sink.storage_bucket:
        return not_applicable("the sink does not write to a bucket of Cloud Storage")
    if estate.related(Bucket, bucket_id, sink.storage_bucket):
        return PASS
    if sink.disabled:
        return not_applicable("the sink is disabled")
    require_whole_organization(estate, sink.asset)
    return fail(f"bucket {sink.storage_bucket} was deleted, or belongs to another organisation")


@check(
    "log-sink-destination-foreign",
    severity=Severity.MEDIUM,
    reads=[Project, Organization],
    evidence=["destination"],
    fix=Fix(
        gcloud="gcloud logging sinks update {sink.id} DESTINATION_OF_YOURS {sink.gcloud_scope}",
        terraform="destination of google_logging_*_sink",
        manual="point the sink to a project of the organisation, or accept the finding with the name of the partner",
        patch={"data": {"destination": "pubsub.googleapis.com/projects/shop/topics/logs"}},
    ),
    passes=lambda: [
        [
            asset(LogSink, {"destination": "pubsub.googleapis.com/projects/siem/topics/logs"}, name=PROJECT_SINK_NAME),
            asset(Project, {"projectId": "siem"}, ancestors=["projects/1002", "organizations/3001"]),
        ],
        [
            asset(LogSink, {"destination": "logging.googleapis.com/projects/1002"}, name=PROJECT_SINK_NAME),
            asset(Project, {"projectId": "siem"}, ancestors=["projects/1002", "organizations/3001"]),
        ],
        asset(LogSink, DEFAULT_SINK, name=DEFAULT_SINK_NAME),
        asset(LogSink, EXPORT, name=PROJECT_SINK_NAME),
    ],
    fails=lambda: [
        [
            asset(
                LogSink,
                {"destination": "bigquery.googleapis.com/projects/attacker/datasets/logs", "includeChildren": True},
                name=ORGANIZATION_SINK_NAME,
                ancestors=IN_ORGANIZATION,
            ),
            asset(Project, SHOP),
            asset(Organization, {}, ancestors=IN_ORGANIZATION),
        ],
        [
            asset(
                LogSink,
                {
                    **DEFAULT_SINK,
                    "destination": "logging.googleapis.com/projects/attacker/locations/global/buckets/all",
                },
                name=DEFAULT_SINK_NAME,
            ),
            asset(Project, SHOP),
            asset(Organization, {}, ancestors=IN_ORGANIZATION),
        ],
    ],
    unknown=lambda: [
        [
            asset(LogSink, {"destination": "pubsub.googleapis.com/projects/siem/topics/logs"}, name=PROJECT_SINK_NAME),
            asset(Project, SHOP),
        ],
    ],
)
def log_sink_destination_foreign(sink: LogSink, estate: Estate) -> Verdict:
    """A sink sends log entries to a project outside the organisation.

    Why: A sink is a standing copy of everything that it matches, and to add one to a project of one's own is a quiet
    way to take logs out: no workload changes, and data perimeters do not stop it. Log entries tell names, addresses
    and structure, sometimes more.

    What a fix may break: A monitoring partner that reads the logs there stops to receive them.

    Source: https://cloud.google.com/logging/docs/export/configure_export_v2
    """
    if not sink.destination_project:
        return not_applicable("the destination names no project")
    if sink.is_made_by_google and sink.log_bucket.endswith(f"/{sink.id}"):
        return not_applicable("the sink stores where Google had it store")
    if sink.disabled:
        return not_applicable("the sink is disabled")
    identifier = sink.destination_project.removeprefix("projects/")
    if estate.same_project(sink.container, sink.destination_project):
        return PASS
    if project_in_estate(sink.destination_project, estate):
        return PASS
    require_whole_organization(estate, sink.asset)
    return fail(f"project {identifier} is not in the organisation")


@check(
    "log-sink-bucket-unlocked",
    severity=Severity.MEDIUM,
    reads=[Bucket, Organization],
    evidence=["destination"],
    same_as=[
        "prowler:cloudstorage_bucket_log_retention_policy_lock",
        "steampipe:logging_bucket_retention_policy_enabled",
        "steampipe:storage_bucket_log_retention_policy_lock_enabled",
        "steampipe:storage_bucket_log_retention_policy_enabled",
        "checkov:CKV2_GCP_4",
        "inspec:cis-gcp-2.3",
        "sha:LOCKED_RETENTION_POLICY_NOT_SET",
    ],
    fix=Fix(
        gcloud="gcloud storage buckets update gs://{sink.storage_bucket} --retention-period=1y",
        manual="Then lock the policy with --lock-retention-period. That can never be undone: nobody can shorten the "
        "period or delete the bucket before its youngest object is old enough. Let the period prove itself first.",
        terraform="retention_policy { retention_period = 31536000, is_locked = true } on google_storage_bucket",
        guardrail="storage.retentionPolicySeconds",
        patch={"data": {"destination": "storage.googleapis.com/locked"}},
    ),
    passes=lambda: [
        [
            asset(LogSink, EXPORT, name=PROJECT_SINK_NAME),
            asset(Bucket, {"name": "audit-archive", **_LOCKED}, name=_BUCKET),
        ],
        [
            asset(LogSink, {**EXPORT, "filter": 'resource.type="http_load_balancer"'}, name=PROJECT_SINK_NAME),
            asset(Bucket, {"name": "audit-archive", **_LOCKED}, name=_BUCKET),
        ],
        asset(LogSink, DEFAULT_SINK, name=DEFAULT_SINK_NAME),
        [
            asset(LogSink, EXPORT, name=PROJECT_SINK_NAME),  # log-sink-bucket-missing tells it
            asset(Bucket, {"name": "kept"}, name="//storage.googleapis.com/kept"),
            asset(Organization, {}, ancestors=IN_ORGANIZATION),
        ],
    ],
    fails=lambda: [
        [
            asset(LogSink, EXPORT, name=PROJECT_SINK_NAME),
            asset(Bucket, {"name": "audit-archive"}, name=_BUCKET),
            asset(Bucket, {"name": "locked", **_LOCKED}, name="//storage.googleapis.com/locked"),
        ],
        [
            asset(LogSink, EXPORT, name=ORGANIZATION_SINK_NAME, ancestors=IN_ORGANIZATION),
            asset(Bucket, {"name": "audit-archive", "retentionPolicy": {"retentionPeriod": "86400"}}, name=_BUCKET),
            asset(Bucket, {"name": "locked", **_LOCKED}, name="//storage.googleapis.com/locked"),
        ],
    ],
    unknown=lambda: [
        asset(LogSink, EXPORT, name=PROJECT_SINK_NAME),
        [
            asset(LogSink, EXPORT, name=PROJECT_SINK_NAME),
            asset(Bucket, {"name": "audit-archive"}, name=_BUCKET, unknown=["resource.data.retentionPolicy"]),
        ],
    ],
)
def log_sink_bucket_unlocked(sink: LogSink, estate: Estate) -> Verdict:
    """A sink writes to a bucket whose objects can be deleted before their time.

    Why: The copy is worth most after a break-in, when somebody has every reason to delete it. A retention policy that
    is locked keeps each object until its age is reached, against owners too; one that is not locked can be removed
    first.

    What a fix may break: A lock is final: the retention period can be raised but never lowered or taken off, and the
    bucket cannot be deleted while it holds younger objects. Settle the period, and the cost of it, before.

    Source: https://cloud.google.com/storage/docs/bucket-lock
    """
    if not sink.storage_bucket:
        return not_applicable("the sink does not write to a bucket of Cloud Storage")
    buckets = estate.related(Bucket, bucket_id, sink.storage_bucket)
    for bucket in buckets:
        policy = bucket.retention_policy
        if policy is None or not policy.retention_period:
            return fail(f"bucket {bucket.id} has no retention policy")
        if not policy.is_locked:
            return fail(f"the retention policy of bucket {bucket.id} is not locked")
        return PASS
    require_whole_organization(estate, sink.asset)
    return not_applicable("the bucket was deleted, or belongs to another organisation")
