"""Buckets that sinks export to: who else can get at the copy, and whether the sink can."""

from __future__ import annotations

from auditor import (
    PASS,
    Clock,
    Estate,
    Fix,
    Policy,
    PolicyChain,
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
from checks.audit_logging.routing import storage_bucket_of

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
    if not estate.related(LogSink, storage_bucket_of, bucket.id):
        return not_applicable("no sink writes to the bucket")
    if bucket.surely_prevents_public_access:
        return PASS
    for binding, member in policy.grants(clock.now):
        if member in PUBLIC:
            return fail(f"{member} holds {binding.role}{binding.limited_to}")
    return PASS


@check(
    "log-sink-cannot-write",
    severity=Severity.HIGH,
    reads=[LogSink],
    fix=Fix(
        gcloud="gcloud storage buckets add-iam-policy-binding gs://{bucket.id} "
        "--member=WRITER_IDENTITY_OF_THE_SINK --role=roles/storage.objectCreator",
        terraform="google_storage_bucket_iam_member: roles/storage.objectCreator for the sink's writer_identity",
        patch={"policy": {"bindings": [{"role": "roles/storage.objectCreator", "members": [_WRITER]}]}},
    ),
    passes=lambda: [
        [
            asset(
                Bucket,
                {"name": "audit-archive"},
                name=_BUCKET,
                policy={"bindings": [{"role": "roles/storage.objectCreator", "members": [_WRITER]}]},
            ),
            asset(LogSink, {**EXPORT, "writerIdentity": _WRITER}, name=PROJECT_SINK_NAME),
        ],
        [
            asset(
                Bucket,
                {"name": "audit-archive"},
                name=_BUCKET,
                policy={"bindings": []},
                ancestors=["projects/1001"],
            ),
            asset(
                Project,
                policy={"bindings": [{"role": "roles/storage.objectAdmin", "members": [_WRITER]}]},
                ancestors=["projects/1001"],
            ),
            asset(LogSink, {**EXPORT, "writerIdentity": _WRITER}, name=PROJECT_SINK_NAME),
        ],
        [
            asset(Bucket, {"name": "audit-archive"}, name=_BUCKET, policy={"bindings": []}),
            asset(LogSink, {**EXPORT, "writerIdentity": _WRITER, "disabled": True}, name=PROJECT_SINK_NAME),
        ],
    ],
    fails=lambda: [
        [
            asset(
                Bucket,
                {"name": "audit-archive"},
                name=_BUCKET,
                policy={"bindings": [{"role": "roles/storage.objectViewer", "members": [_WRITER]}]},
                ancestors=["projects/1001"],
            ),
            asset(Project, policy={"bindings": []}, ancestors=["projects/1001"]),
            asset(LogSink, {**EXPORT, "writerIdentity": _WRITER}, name=PROJECT_SINK_NAME),
        ],
    ],
    unknown=lambda: [
        [
            asset(
                Bucket,
                {"name": "audit-archive"},
                name=_BUCKET,
                policy={"bindings": [{"role": "organizations/3001/roles/logWriter", "members": [_WRITER]}]},
                ancestors=["projects/1001"],
            ),
            asset(Project, policy={"bindings": []}, ancestors=["projects/1001"]),
            asset(LogSink, {**EXPORT, "writerIdentity": _WRITER}, name=PROJECT_SINK_NAME),
        ],
        [
            asset(Bucket, {"name": "audit-archive"}, name=_BUCKET, policy={"bindings": []}),
            asset(LogSink, {**EXPORT, "writerIdentity": _WRITER}, name=PROJECT_SINK_NAME),
        ],
    ],
)
def log_sink_cannot_write(bucket: Bucket, chain: PolicyChain, clock: Clock, estate: Estate) -> Verdict:
    """A sink may not write to the bucket that it exports to, so that nothing arrives.

    Why: Each sink writes as an identity of its own, which has to be granted access to the destination by hand. If the
    grant was forgotten, or was lost when the bucket or sink was made anew, entries are dropped and only a metric and
    an e-mail to project owners tell.

    What a fix may break: Nothing; the role lets the identity add objects, not read or delete them.

    Source: https://cloud.google.com/logging/docs/export/configure_export_v2#dest-auth
    """
    sinks = [sink for sink in estate.related(LogSink, storage_bucket_of, bucket.id) if not sink.disabled]
    writers = {sink.writer_identity: sink.id for sink in sinks if sink.writer_identity}
    if not writers:
        return not_applicable("no enabled sink with a writer identity exports to the bucket")
    unjudged: dict[str, str] = {}
    for _, binding in chain.bindings():
        held = writers.keys() & set(binding.members) if binding.in_force(clock.now) else set()
        if binding.role in _WRITER_ROLES:
            writers = {writer: sink for writer, sink in writers.items() if writer not in held}
        elif not binding.role.startswith("roles/storage."):
            unjudged.update(dict.fromkeys(held, binding.role))
        if not writers:
            return PASS
    certain = {writer: sink for writer, sink in writers.items() if writer not in unjudged}
    if not certain:
        raise Undetermined("writer identity", f"whether {min(unjudged.values())} lets it write was not looked up")
    return fail(
        "; ".join(f"{writer} of sink {sink} holds no role to create objects" for writer, sink in certain.items())
    )
