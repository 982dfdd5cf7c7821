"""Which audit log entries a sink carries, and which sinks reach a project."""

from __future__ import annotations

from collections.abc import Iterator

from auditor import Estate, Undetermined
from auditor.resources.base import Asset
from auditor.resources.logging import LogBucket, LogSink
from auditor.resources.resourcemanager import Project
from auditor.resources.storage import Bucket
from auditor.resources.unknown import some
from checks.audit_logging.log_filter import Entry, is_empty, matches

_AUDIT = "projects/p/logs/cloudaudit.googleapis.com%2F"
_COMMON = {
    "protopayload.@type": "type.googleapis.com/google.cloud.audit.AuditLog",
    "protopayload.authenticationinfo.principalemail": "someone@example.com",
}

AUDIT_LOGS: dict[str, Entry] = {
    "Admin Activity": Entry(
        {
            **_COMMON,
            "logname": _AUDIT + "activity",
            "severity": "NOTICE",
            "resource.type": "project",
            "protopayload.servicename": "cloudresourcemanager.googleapis.com",
            "protopayload.methodname": "SetIamPolicy",
        }
    ),
    "Data Access": Entry(
        {
            **_COMMON,
            "logname": _AUDIT + "data_access",
            "severity": "INFO",
            "resource.type": "audited_resource",
            "protopayload.servicename": "secretmanager.googleapis.com",
            "protopayload.methodname": "google.cloud.secretmanager.v1.SecretManagerService.AccessSecretVersion",
        }
    ),
    "Policy Denied": Entry(
        {
            **_COMMON,
            "logname": _AUDIT + "policy",
            "severity": "ERROR",
            "resource.type": "audited_resource",
            "protopayload.servicename": "storage.googleapis.com",
            "protopayload.methodname": "google.storage.objects.get",
            "protopayload.metadata.@type": "type.googleapis.com/google.cloud.audit.VpcServiceControlAuditMetadata",
        }
    ),
}
"""An entry of each audit log that can be lost: a sink that carries it is taken to carry its log."""


def carries(sink: LogSink, log: str) -> bool:
    """Whether an enabled sink routes an audit log (a key of `AUDIT_LOGS`) to its destination."""
    return routes(sink, AUDIT_LOGS[log])


def routes(sink: LogSink, entry: Entry) -> bool:
    """Whether a sink routes one entry to its destination."""
    if sink.disabled or not matches(sink.filter, entry):
        return False
    return not any(not exclusion.disabled and matches(exclusion.filter, entry) for exclusion in sink.exclusions)


def carries_everything(sink: LogSink) -> bool:
    """Whether a sink is an export that leaves nothing out."""
    return (
        not sink.is_made_by_google
        and not sink.disabled
        and is_empty(sink.filter)
        and all(exclusion.disabled for exclusion in sink.exclusions)
    )


def excluded_by(sink: LogSink, log: str) -> str:
    """The name of an exclusion of the sink that drops an audit log, or `""`."""
    for exclusion in sink.exclusions:
        if not exclusion.disabled and matches(exclusion.filter, AUDIT_LOGS[log]):
            return exclusion.name or "without a name"
    return ""


def sinks_reaching(estate: Estate, asset: Asset) -> Iterator[LogSink]:
    """The sinks that see the log entries of a project, folder or organisation: its own, and those above it.

    A sink of a folder or organisation sees what lies below only if it includes children. Google makes two
    sinks in each of them, so that one of which the input has none was not exported: raises `Undetermined`
    at the end, unless the content was vouched for.
    """
    own, *above = asset.ancestors or [asset.key]
    doubt: Undetermined | None = None
    for container in (own, *above):
        found = estate.related(LogSink, container_of, container, within=container)
        try:
            if not found and not estate.vouched_for(LogSink):
                doubt = doubt or Undetermined("log sinks", f"the input has none of {container}")
            for sink in found:
                if container == own or sink.include_children:
                    yield sink
        except Undetermined as unknown:  # sinks that are known, of any level, come first
            doubt = doubt or unknown
    if doubt is not None:
        raise doubt


def exported(estate: Estate, asset: Asset, log: str) -> bool:
    """Whether a sink other than Google's own two carries an audit log of the asset's project somewhere."""
    return some(sinks_reaching(estate, asset), lambda sink: not sink.is_made_by_google and carries(sink, log))


def container_of(sink: LogSink) -> str:
    """The project, folder or organisation of a sink."""
    return sink.container


def storage_bucket_of(sink: LogSink) -> str:
    """The Cloud Storage bucket of a sink."""
    return sink.storage_bucket


def bucket_id(bucket: Bucket) -> str:
    """The name of a Cloud Storage bucket."""
    return bucket.id


def log_bucket_of(sink: LogSink) -> str:
    """Location and id of the log bucket of a sink; its project is compared by the caller."""
    return sink.log_bucket


def holds_audit_logs(bucket: Bucket, estate: Estate) -> bool:
    """Whether a sink exports audit logs to a bucket of Cloud Storage."""
    sinks = estate.related(LogSink, storage_bucket_of, bucket.id)
    return some(sinks, lambda sink: any(carries(sink, log) for log in AUDIT_LOGS))


def log_bucket_holds_audit_logs(bucket: LogBucket, estate: Estate) -> bool:
    """Whether somebody made a sink that routes audit logs into a log bucket."""

    def feeds(sink: LogSink) -> bool:
        return (
            not sink.is_made_by_google
            and estate.same_project(sink.destination_project, bucket.project)
            and any(carries(sink, log) for log in AUDIT_LOGS)
        )

    return some(estate.related(LogSink, log_bucket_of, f"{bucket.location}/{bucket.id}"), feeds)


def project_in_estate(container: str, estate: Estate) -> Project | None:
    """The project that is named by its id or number (`projects/siem`), None where the input has none."""
    identifier = container.removeprefix("projects/")
    for key in (number_of, id_of):
        for project in estate.related(Project, key, identifier):
            return project
    return None


def number_of(project: Project) -> str:
    """The number of a project, or its id where the source knows no number."""
    return project.asset.key.removeprefix("projects/")


def id_of(project: Project) -> str:
    """The id of a project."""
    return project.project_id
