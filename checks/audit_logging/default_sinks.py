"""The sink that Google makes in each project, and copies that stay where the original is."""

from __future__ import annotations

from auditor import PASS, Estate, Fix, Severity, Undetermined, Verdict, asset, check, fail, not_applicable
from auditor.resources.logging import LogSink
from auditor.resources.resourcemanager import Project
from auditor.resources.storage import Bucket
from auditor.resources.unknown import some
from checks.audit_logging.examples import (
    DEFAULT_SINK,
    DEFAULT_SINK_NAME,
    EXPORT,
    IN_ORGANIZATION,
    ORGANIZATION_SINK_NAME,
    PROJECT_SINK_NAME,
    SHOP,
    SINKS,
)
from checks.audit_logging.routing import bucket_id, carries_some, container_of, exported, sinks_reaching

_REQUIRED = asset(
    LogSink,
    {"name": "_Required", "destination": "logging.googleapis.com/projects/shop/locations/global/buckets/_Required"},
    name=f"{SINKS}/projects/1001/sinks/_Required",
)


@check(
    "default-log-sink-missing",
    severity=Severity.MEDIUM,
    reads=[LogSink],
    fix=Fix(
        gcloud="gcloud logging sinks create _Default "
        "logging.googleapis.com/projects/{project.project_id}/locations/global/buckets/_Default",
        terraform="google_logging_project_sink _Default to the project's _Default log bucket",
        manual="or export the Data Access audit logs with an aggregated sink of the organisation",
        patch=lambda: [asset(LogSink, DEFAULT_SINK, name=DEFAULT_SINK_NAME)],
    ),
    passes=lambda: [
        [asset(Project, SHOP), _REQUIRED, asset(LogSink, DEFAULT_SINK, name=DEFAULT_SINK_NAME)],
        [asset(Project, SHOP), asset(LogSink, {**DEFAULT_SINK, "disabled": True}, name=DEFAULT_SINK_NAME)],
        [
            asset(Project, SHOP),
            _REQUIRED,
            asset(LogSink, {**EXPORT, "includeChildren": True}, name=ORGANIZATION_SINK_NAME, ancestors=IN_ORGANIZATION),
        ],
        asset(Project, {"projectId": "gone", "state": "DELETE_REQUESTED"}),
    ],
    fails=lambda: [
        [asset(Project, SHOP), _REQUIRED],
        [
            asset(Project, SHOP),
            _REQUIRED,
            asset(LogSink, {**EXPORT, "filter": "severity>=ERROR"}, name=PROJECT_SINK_NAME),
            asset(LogSink, EXPORT, name=ORGANIZATION_SINK_NAME, ancestors=IN_ORGANIZATION),
        ],
    ],
    unknown=lambda: [
        [
            asset(Project, SHOP),
            asset(LogSink, DEFAULT_SINK, name=f"{SINKS}/projects/1002/sinks/_Default", ancestors=["projects/1002"]),
        ],
        [asset(Project, SHOP), _REQUIRED, asset(LogSink, {**EXPORT, "filter": "sample(insertId, 0.5)"})],
    ],
)
def default_log_sink_missing(project: Project, estate: Estate) -> Verdict:
    """The _Default sink of a project was deleted, and no other sink keeps its Data Access audit logs.

    Why: Every project is born with the sink, so that somebody took it away. Data Access and Policy Denied audit logs
    and all application logs are since dropped on arrival, while the audit configuration still says that they are on.
    Deleting it leaves less of a trace than disabling it.

    What a fix may break: Nothing; log storage beyond the free allotment is billed again.

    Source: https://cloud.google.com/logging/docs/default-settings
    """
    if not project.is_active:
        return not_applicable("the project is pending deletion")
    own = estate.related(LogSink, container_of, project.asset.key, within=project.asset.key)
    if any(sink.id == "_Default" for sink in own):
        return PASS
    if not own:
        raise Undetermined("log sinks", f"the input has none of {project.asset.key}")
    if exported(estate, project.asset, "Data Access"):
        return PASS
    return fail("the project has no _Default sink, and no other enabled sink carries Data Access audit logs")


def _home(sink: LogSink, estate: Estate) -> str:
    """The project that a sink writes to. Raises `Undetermined` for a bucket that is not in the input."""
    if not sink.storage_bucket:
        return sink.destination_project
    for bucket in estate.related(Bucket, bucket_id, sink.storage_bucket):
        return bucket.project
    raise Undetermined("destination", "the bucket is not in the input, so that its project is not known")


@check(
    "audit-log-copy-in-same-project",
    severity=Severity.LOW,
    reads=[LogSink, Bucket],
    evidence=["destination", "filter"],
    fix=Fix(
        gcloud="gcloud logging sinks update {sink.id} DESTINATION_IN_LOGGING_PROJECT {sink.gcloud_scope}",
        terraform="destination of google_logging_project_sink, in a project for logs; better one "
        "google_logging_organization_sink with include_children = true",
        manual="Give the logging project to the security team alone, and let the sink's writer identity write there.",
        patch={"data": {"destination": "logging.googleapis.com/projects/2002/locations/global/buckets/audit"}},
    ),
    passes=lambda: [
        [
            asset(LogSink, EXPORT, name=PROJECT_SINK_NAME),
            asset(Bucket, {}, name="//storage.googleapis.com/audit-archive", ancestors=["projects/2002"]),
        ],
        asset(LogSink, {"destination": "logging.googleapis.com/projects/2002"}, name=PROJECT_SINK_NAME),
        [
            asset(LogSink, {"destination": "bigquery.googleapis.com/projects/1001/datasets/l"}, name=PROJECT_SINK_NAME),
            asset(
                LogSink,
                {"destination": "logging.googleapis.com/projects/2002", "includeChildren": True},
                name=ORGANIZATION_SINK_NAME,
                ancestors=IN_ORGANIZATION,
            ),
        ],
        asset(
            LogSink,
            {"destination": "pubsub.googleapis.com/projects/1001/topics/errors", "filter": "severity>=CRITICAL"},
            name=PROJECT_SINK_NAME,
        ),
        asset(LogSink, DEFAULT_SINK, name=DEFAULT_SINK_NAME),
        asset(LogSink, EXPORT, name=ORGANIZATION_SINK_NAME, ancestors=IN_ORGANIZATION),
    ],
    fails=lambda: [
        [
            asset(LogSink, EXPORT, name=PROJECT_SINK_NAME),
            asset(Bucket, {}, name="//storage.googleapis.com/audit-archive", ancestors=["projects/1001"]),
        ],
        [
            asset(LogSink, {"destination": "bigquery.googleapis.com/projects/shop/datasets/l"}, name=PROJECT_SINK_NAME),
            asset(Project, SHOP),
            asset(Bucket, {}, name="//storage.googleapis.com/other", ancestors=["projects/1001"]),
        ],
    ],
    unknown=lambda: [
        asset(LogSink, EXPORT, name=PROJECT_SINK_NAME),
        asset(LogSink, {"destination": "bigquery.googleapis.com/projects/shop/datasets/l"}, name=PROJECT_SINK_NAME),
        asset(LogSink, {}, name=PROJECT_SINK_NAME, unknown=["resource.data.destination"]),
    ],
)
def audit_log_copy_in_same_project(sink: LogSink, estate: Estate) -> Verdict:
    """The only export of a project's audit logs goes to the project itself.

    Why: Whoever takes the project over finds the record of it there, and owners of the project can delete both. A copy
    counts where the people and workloads that it records cannot reach it.

    What a fix may break: What reads the logs in the project has to read them in the other one.

    Source: https://cloud.google.com/architecture/security-foundations/logging-monitoring
    """
    if sink.is_made_by_google or not sink.container.startswith("projects/"):
        return not_applicable("not a sink that somebody made in a project")
    if sink.disabled:
        return not_applicable("the sink is disabled")
    if not carries_some(sink):
        return not_applicable("the sink carries no audit logs")
    if not estate.same_project(_home(sink, estate), sink.container):
        return PASS

    def leaves(other: LogSink) -> bool:
        if other.is_made_by_google or not carries_some(other):
            return False
        return not estate.same_project(_home(other, estate), sink.container)

    if some(sinks_reaching(estate, sink.asset), leaves):
        return PASS
    return fail("the sink writes to its own project, and no other takes audit logs out of it")


@check(
    "log-sink-bucket-unversioned",
    severity=Severity.LOW,
    default=False,
    reads=[Bucket],
    evidence=["destination"],
    same_as=["steampipe:storage_bucket_log_object_versioning_enabled", "sha:OBJECT_VERSIONING_DISABLED"],
    fix=Fix(
        gcloud="gcloud storage buckets update gs://{sink.storage_bucket} --versioning",
        terraform="versioning { enabled = true } on google_storage_bucket",
        manual="Better: a retention policy, which makes versions needless.",
        patch={"data": {"destination": "storage.googleapis.com/kept"}},
    ),
    passes=lambda: [
        [
            asset(LogSink, EXPORT, name=PROJECT_SINK_NAME),
            asset(Bucket, {"versioning": {"enabled": True}}, name="//storage.googleapis.com/audit-archive"),
        ],
        [
            asset(LogSink, EXPORT, name=PROJECT_SINK_NAME),
            asset(
                Bucket, {"retentionPolicy": {"retentionPeriod": "86400"}}, name="//storage.googleapis.com/audit-archive"
            ),
        ],
        asset(LogSink, DEFAULT_SINK, name=DEFAULT_SINK_NAME),
    ],
    fails=lambda: [
        [
            asset(LogSink, EXPORT, name=PROJECT_SINK_NAME),
            asset(Bucket, {}, name="//storage.googleapis.com/audit-archive"),
            asset(Bucket, {"versioning": {"enabled": True}}, name="//storage.googleapis.com/kept"),
        ],
    ],
    unknown=lambda: [asset(LogSink, EXPORT, name=PROJECT_SINK_NAME)],
)
def log_sink_bucket_unversioned(sink: LogSink, estate: Estate) -> Verdict:
    """A sink writes to a bucket that keeps neither old versions of objects nor the objects for a time.

    Why: A log file that is overwritten or deleted there is gone. A retention policy prevents both and is worth more;
    whoever has one does not need versions.

    What a fix may break: Old versions are billed until a lifecycle rule removes them.

    Source: https://cloud.google.com/storage/docs/object-versioning
    """
    if not sink.storage_bucket:
        return not_applicable("the sink does not write to a bucket of Cloud Storage")
    for bucket in estate.related(Bucket, bucket_id, sink.storage_bucket):
        kept = bucket.versioning.enabled or bucket.retention_policy is not None
        return PASS if kept else fail(f"bucket {bucket.id} has neither versioning nor a retention policy")
    raise Undetermined("destination", "the bucket is not in the input")
