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
_PERSON, _WORKLOAD = "someone@example.com", "deploy@p.iam.gserviceaccount.com"


def _entries(log: str, severity: str, *calls: tuple[str, str, str, str], **further: str) -> tuple[Entry, ...]:
    """Entries of an audit log: resource type, service, method and caller of each."""
    return tuple(
        Entry(
            {
                "protopayload.@type": "type.googleapis.com/google.cloud.audit.AuditLog",
                "protopayload.authenticationinfo.principalemail": caller,
                "logname": _AUDIT + log,
                "severity": severity,
                "resource.type": resource,
                "protopayload.servicename": service,
                "protopayload.methodname": method,
                **further,
            }
        )
        for resource, service, method, caller in calls
    )


_READ = "google.cloud.secretmanager.v1.SecretManagerService.AccessSecretVersion"
AUDIT_LOGS: dict[str, tuple[Entry, ...]] = {
    "Admin Activity": _entries(
        "activity",
        "NOTICE",
        ("project", "cloudresourcemanager.googleapis.com", "SetIamPolicy", _PERSON),
        ("gce_firewall_rule", "compute.googleapis.com", "v1.compute.firewalls.insert", _WORKLOAD),
        ("service_account", "iam.googleapis.com", "google.iam.admin.v1.CreateServiceAccountKey", _WORKLOAD),
    ),
    "Data Access": _entries(
        "data_access",
        "INFO",
        ("audited_resource", "secretmanager.googleapis.com", _READ, _PERSON),
        ("audited_resource", "secretmanager.googleapis.com", _READ, _WORKLOAD),
    ),
    "Policy Denied": _entries(
        "policy",
        "ERROR",
        ("audited_resource", "storage.googleapis.com", "google.storage.objects.get", _PERSON),
        **{"protopayload.metadata.@type": "type.googleapis.com/google.cloud.audit.VpcServiceControlAuditMetadata"},
    ),
}
"""Entries of each audit log that can be lost: a sink that carries them all is taken to carry the log."""
_OF_ANY_PROJECT = {
    log: tuple(Entry(entry.fields, of_any_project=True) for entry in entries) for log, entries in AUDIT_LOGS.items()
}


def entries_for(sink: LogSink, log: str) -> tuple[Entry, ...]:
    """The entries of an audit log (a key of `AUDIT_LOGS`) that a sink should carry.

    A sink of a folder or organisation sees those of many projects, so that a filter on one of them loses the others.
    """
    return (AUDIT_LOGS if sink.container.startswith("projects/") else _OF_ANY_PROJECT)[log]


def carries(sink: LogSink, log: str) -> bool:
    """Whether an enabled sink routes an audit log to its destination, and not only part of it."""
    return all(routes(sink, entry) for entry in entries_for(sink, log))


def carries_some(sink: LogSink) -> bool:
    """Whether an enabled sink routes any entry of an audit log to its destination."""
    return any(routes(sink, entry) for entries in AUDIT_LOGS.values() for entry in entries)


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


def excluded_by(sink: LogSink, entry: Entry) -> str:
    """The name of an exclusion of the sink that drops an entry, or `""`."""
    for exclusion in sink.exclusions:
        if not exclusion.disabled and matches(exclusion.filter, entry):
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
    return some(sinks, carries_some)


def log_bucket_holds_audit_logs(bucket: LogBucket, estate: Estate) -> bool:
    """Whether somebody made a sink that routes audit logs into a log bucket."""

    def feeds(sink: LogSink) -> bool:
        return (
            not sink.is_made_by_google
            and estate.same_project(sink.destination_project, bucket.project)
            and carries_some(sink)
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
