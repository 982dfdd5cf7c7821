"""Buckets that sinks export to: who else can get at the copy, and whether the sink can."""

from __future__ import annotations

from auditor import (
    PASS,
    Clock,
    Estate,
    Example,
    Fix,
    Policy,
    Severity,
    Undetermined,
    Verdict,
    asset,
    check,
    fail,
    not_applicable,
)
from auditor.resources.logging import LogSink
from auditor.resources.policy import PUBLIC
from auditor.resources.resourcemanager import Project
from auditor.resources.storage import Bucket
from checks.audit_logging.examples import EXPORT, PROJECT_SINK_NAME
from checks.audit_logging.routing import bucket_id, storage_bucket_of

_BUCKET = "//storage.googleapis.com/audit-archive"
_WRITER = "serviceAccount:service-1001@gcp-sa-logging.iam.gserviceaccount.com"
_WRITER_ROLES = frozenset(
    f"roles/storage.{name}"
    for name in ("admin", "objectAdmin", "objectCreator", "objectUser", "legacyBucketOwner", "legacyBucketWriter")
)


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


def _bucket(*, role: str = "", ancestors: tuple[str, ...] = ("projects/1001",), member: str = _WRITER) -> Example:
    bindings = [{"role": role, "members": [member]}] if role else []
    return asset(Bucket, {"name": "audit-archive"}, name=_BUCKET, policy={"bindings": bindings}, ancestors=ancestors)


def _project(role: str = "") -> Example:
    bindings = [{"role": role, "members": [_WRITER]}] if role else []
    return asset(Project, policy={"bindings": bindings}, ancestors=["projects/1001"])


_SINK = {**EXPORT, "writerIdentity": _WRITER}


@check(
    "log-sink-cannot-write",
    severity=Severity.HIGH,
    reads=[Bucket],
    reads_policies=[Bucket],
    evidence=["destination", "writerIdentity"],
    fix=Fix(
        gcloud="gcloud storage buckets add-iam-policy-binding gs://{sink.storage_bucket} "
        "--member={sink.writer_identity} --role=roles/storage.objectCreator",
        terraform="google_storage_bucket_iam_member: roles/storage.objectCreator for the sink's writer_identity",
        patch=lambda: [_bucket(role="roles/storage.objectCreator")],
    ),
    passes=lambda: [
        [asset(LogSink, _SINK, name=PROJECT_SINK_NAME), _bucket(role="roles/storage.objectCreator")],
        [asset(LogSink, _SINK, name=PROJECT_SINK_NAME), _bucket(), _project("roles/storage.objectAdmin")],
        asset(LogSink, {**_SINK, "disabled": True}, name=PROJECT_SINK_NAME),
        asset(LogSink, {**_SINK, "destination": "bigquery.googleapis.com/projects/p/datasets/logs"}),
    ],
    fails=lambda: [
        [asset(LogSink, _SINK, name=PROJECT_SINK_NAME), _bucket(role="roles/storage.objectViewer"), _project()],
        [
            asset(LogSink, _SINK, name=PROJECT_SINK_NAME),
            _bucket(
                role="roles/storage.objectCreator", member="serviceAccount:old@gcp-sa-logging.iam.gserviceaccount.com"
            ),
            _project(),
        ],
    ],
    unknown=lambda: [
        [asset(LogSink, _SINK, name=PROJECT_SINK_NAME), _bucket(role="organizations/3001/roles/logWriter"), _project()],
        [asset(LogSink, _SINK, name=PROJECT_SINK_NAME), _bucket(ancestors=("projects/1001", "organizations/3001"))],
        [
            asset(LogSink, _SINK, name=PROJECT_SINK_NAME),
            asset(Bucket, {"name": "audit-archive"}, name=_BUCKET, ancestors=["projects/1001"]),
        ],
        asset(LogSink, _SINK, name=PROJECT_SINK_NAME),
    ],
)
def log_sink_cannot_write(sink: LogSink, estate: Estate, clock: Clock) -> Verdict:
    """A sink may not write to the bucket that it exports to, so that nothing arrives.

    Why: Each sink writes as an identity of its own, which has to be granted access to the destination by hand. If the
    grant was forgotten, or was lost when the bucket or sink was made anew, entries are dropped and only a metric and
    an e-mail to project owners tell.

    What a fix may break: Nothing; the role lets the identity add objects, not read or delete them.

    Source: https://cloud.google.com/logging/docs/export/configure_export_v2#dest-auth
    """
    if not sink.storage_bucket:
        return not_applicable("the sink does not export to a bucket")
    if sink.disabled:
        return not_applicable("the sink is disabled")
    if not sink.writer_identity:
        return not_applicable("the sink has no writer identity of its own")
    buckets = estate.related(Bucket, bucket_id, sink.storage_bucket)
    if not buckets:
        raise Undetermined("destination", "the bucket is not in the input")
    unjudged = ""
    for _, binding in estate.chain_of(buckets[0]).bindings():
        if not binding.in_force(clock.now) or sink.writer_identity not in binding.members:
            continue
        if binding.role in _WRITER_ROLES:
            return PASS
        if not binding.role.startswith("roles/storage."):
            unjudged = unjudged or binding.role
    if unjudged:
        raise Undetermined("writer identity", f"whether {unjudged} lets it write was not looked up")
    return fail(f"{sink.writer_identity} holds no role to create objects in {sink.storage_bucket}")
