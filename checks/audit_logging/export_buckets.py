"""Buckets that sinks export to: who else can get at the copy."""

from __future__ import annotations

from auditor import PASS, Clock, Estate, Fix, Policy, Severity, Verdict, asset, check, fail, not_applicable
from auditor.resources.logging import LogSink
from auditor.resources.policy import PUBLIC
from auditor.resources.storage import Bucket
from checks.audit_logging.examples import EXPORT, PROJECT_SINK_NAME
from checks.audit_logging.routing import storage_bucket_of

_BUCKET = "//storage.googleapis.com/audit-archive"


@check(
    "log-bucket-public",
    severity=Severity.CRITICAL,
    reads=[LogSink],
    evidence=["iamConfiguration.publicAccessPrevention"],
    same_as=["steampipe:storage_bucket_log_not_publicly_accessible", "sha:PUBLIC_LOG_BUCKET"],
    fix=Fix(
        gcloud="gcloud storage buckets update gs://{bucket.id} --public-access-prevention",
        terraform='public_access_prevention = "enforced" on google_storage_bucket',
        guardrail="storage.publicAccessPrevention",
        patch={"data": {"iamConfiguration": {"publicAccessPrevention": "enforced"}}},
    ),
    passes=lambda: [
        [
            asset(Bucket, {"name": "audit-archive"}, name=_BUCKET, policy={"bindings": []}),
            asset(LogSink, EXPORT, name=PROJECT_SINK_NAME),
        ],
        [
            asset(
                Bucket,
                {"name": "site"},
                name="//storage.googleapis.com/site",
                policy={"bindings": [{"role": "roles/storage.objectViewer", "members": ["allUsers"]}]},
            ),
            asset(LogSink, EXPORT, name=PROJECT_SINK_NAME),
        ],
    ],
    fails=lambda: [
        [
            asset(
                Bucket,
                {"name": "audit-archive"},
                name=_BUCKET,
                policy={"bindings": [{"role": "roles/storage.objectViewer", "members": ["allAuthenticatedUsers"]}]},
            ),
            asset(LogSink, {**EXPORT, "disabled": True}, name=PROJECT_SINK_NAME),
        ],
    ],
    unknown=lambda: [
        [asset(Bucket, {"name": "audit-archive"}, name=_BUCKET), asset(LogSink, EXPORT, name=PROJECT_SINK_NAME)],
    ],
)
def log_bucket_public(bucket: Bucket, policy: Policy[Bucket], clock: Clock, estate: Estate) -> Verdict:
    """A bucket that a sink writes logs to is open to the public.

    Why: Logs tell who works here, from where, on what, and how systems are called, and often hold what an application
    should not have written. Nobody outside needs them.

    What a fix may break: Public access prevention refuses all anonymous reads of this bucket at once. If it also
    serves public files, move those to a bucket of their own.

    Source: https://cloud.google.com/storage/docs/public-access-prevention
    """
    if bucket.surely_prevents_public_access:
        return PASS
    if not estate.related(LogSink, storage_bucket_of, bucket.id):
        return not_applicable("no sink writes to the bucket")
    for binding, member in policy.grants(clock.now, types=PUBLIC):
        if member in PUBLIC:
            return fail(f"{member} holds {binding.role}{binding.limited_to}")
    return PASS
