"""Exports: whether log entries leave the project where an intruder could reach them."""

from __future__ import annotations

from auditor import PASS, Estate, Fix, Severity, Verdict, asset, check, fail, not_applicable
from auditor.resources.logging import LogSink
from auditor.resources.resourcemanager import Organization, Project
from auditor.resources.unknown import some
from checks.audit_logging.examples import (
    DEFAULT_SINK,
    DEFAULT_SINK_NAME,
    EXPORT,
    FOLDER_SINK_NAME,
    IN_FOLDER,
    IN_ORGANIZATION,
    ORGANIZATION_SINK_NAME,
    PROJECT_SINK_NAME,
    SHOP,
    SINKS,
)
from checks.audit_logging.routing import carries, carries_everything, sinks_reaching


@check(
    "log-export-missing",
    severity=Severity.LOW,
    reads=[LogSink],
    same_as=[
        "prowler:logging_sink_created",
        "steampipe:logging_sink_configured_for_all_resource",
        "scoutsuite:stackdriverlogging-no-export-sinks",
        "cloudsploit:logging/logSinksEnabled",
        "forseti:log_sink",
        "inspec:cis-gcp-2.2",
        "sha:LOG_NOT_EXPORTED",
    ],
    fix=Fix(
        gcloud="gcloud logging sinks create all-entries DESTINATION",
        terraform="google_logging_project_sink without filter; better google_logging_organization_sink with "
        "include_children = true and no filter",
        manual="make one sink without filter on the organisation that includes its children, and let its writer "
        "identity write to the destination",
        patch=lambda: [asset(LogSink, EXPORT, name=f"{SINKS}/projects/1001/sinks/all-entries")],
    ),
    passes=lambda: [
        [asset(Project, SHOP), asset(LogSink, EXPORT, name=PROJECT_SINK_NAME)],
        [
            asset(Project, SHOP),
            asset(LogSink, DEFAULT_SINK, name=DEFAULT_SINK_NAME),
            asset(LogSink, {**EXPORT, "includeChildren": True}, name=ORGANIZATION_SINK_NAME, ancestors=IN_ORGANIZATION),
        ],
        [
            asset(Project, SHOP),
            asset(
                LogSink,
                {
                    **EXPORT,
                    "includeChildren": True,
                    "filter": "-- everything\n",
                    "exclusions": [{"name": "old", "filter": "severity<ERROR", "disabled": True}],
                },
                name=FOLDER_SINK_NAME,
                ancestors=IN_FOLDER,
            ),
        ],
        asset(Project, {"projectId": "gone", "state": "DELETE_REQUESTED"}),
    ],
    fails=lambda: [
        asset(Project, SHOP),
        [asset(Project, SHOP), asset(LogSink, {**DEFAULT_SINK, "filter": ""}, name=DEFAULT_SINK_NAME)],
        [asset(Project, SHOP), asset(LogSink, EXPORT, name=ORGANIZATION_SINK_NAME, ancestors=IN_ORGANIZATION)],
        [asset(Project, SHOP), asset(LogSink, {**EXPORT, "disabled": True}, name=PROJECT_SINK_NAME)],
        [
            asset(Project, SHOP),
            asset(LogSink, {**EXPORT, "exclusions": [{"name": "dns", "filter": "a=b"}]}, name=PROJECT_SINK_NAME),
            asset(
                LogSink,
                {**EXPORT, "includeChildren": True},
                name=f"{SINKS}/folders/2002/sinks/archive",
                ancestors=["folders/2002", *IN_ORGANIZATION],
            ),
        ],
    ],
    unknown=lambda: [
        [asset(Project, SHOP), asset(LogSink, EXPORT, name=PROJECT_SINK_NAME, unknown=["resource.data.filter"])],
    ],
)
def log_export_missing(project: Project, estate: Estate) -> Verdict:
    """No sink exports all log entries of a project.

    Why: Log entries that stay in the project's own buckets end with their retention, after 30 days for most, and with
    the project itself. A sink without filter keeps a full copy elsewhere. One on the organisation or a folder that
    includes its children serves all projects below; one that is disabled or has exclusions is not counted, nor are
    the two that Google makes.

    What a fix may break: A full copy is paid for at the destination. If that is too much, accept this finding and see
    that the audit logs at least are exported.

    Source: https://cloud.google.com/logging/docs/export/aggregated_sinks
    """
    if not project.is_active:
        return not_applicable("the project is pending deletion")
    if some(sinks_reaching(estate, project.asset), carries_everything):
        return PASS
    return fail("neither the project nor a folder or organisation above it has an enabled sink for all entries")


@check(
    "organization-audit-sink-missing",
    severity=Severity.MEDIUM,
    reads=[LogSink],
    fix=Fix(
        gcloud="gcloud logging sinks create audit DESTINATION --organization={organization.id} --include-children "
        "--log-filter='log_id(\"cloudaudit.googleapis.com/activity\")'",
        terraform="google_logging_organization_sink with include_children = true and a filter that matches "
        "cloudaudit.googleapis.com, or none",
        manual="Logging > Log router with the organisation selected: create a sink that includes children, to a "
        "project that only the security team administers",
        patch=lambda: [
            asset(
                LogSink,
                {**EXPORT, "includeChildren": True},
                name=f"{SINKS}/organizations/3001/sinks/audit",
                ancestors=IN_ORGANIZATION,
            )
        ],
    ),
    passes=lambda: [
        [
            asset(Organization, {}, ancestors=IN_ORGANIZATION),
            asset(LogSink, {**EXPORT, "includeChildren": True}, name=ORGANIZATION_SINK_NAME, ancestors=IN_ORGANIZATION),
        ],
        [
            asset(Organization, {}, ancestors=IN_ORGANIZATION),
            asset(
                LogSink,
                {
                    **EXPORT,
                    "includeChildren": True,
                    "filter": "logName:cloudaudit.googleapis.com OR logName:externalaudit.googleapis.com",
                    "exclusions": [{"name": "gke", "filter": 'resource.type="k8s_cluster"'}],
                },
                name=ORGANIZATION_SINK_NAME,
                ancestors=IN_ORGANIZATION,
            ),
        ],
    ],
    fails=lambda: [
        asset(Organization, {}, ancestors=IN_ORGANIZATION),
        [
            asset(Organization, {}, ancestors=IN_ORGANIZATION),
            asset(LogSink, EXPORT, name=ORGANIZATION_SINK_NAME, ancestors=IN_ORGANIZATION),
            asset(
                LogSink,
                {**EXPORT, "includeChildren": True, "filter": 'resource.type="gce_instance" AND severity>=ERROR'},
                name=f"{SINKS}/organizations/3001/sinks/machines",
                ancestors=IN_ORGANIZATION,
            ),
            asset(
                LogSink,
                {**EXPORT, "includeChildren": True, "disabled": True},
                name=f"{SINKS}/organizations/3001/sinks/off",
                ancestors=IN_ORGANIZATION,
            ),
        ],
    ],
    unknown=lambda: [
        [
            asset(Organization, {}, ancestors=IN_ORGANIZATION),
            asset(
                LogSink,
                {**EXPORT, "includeChildren": True, "filter": "sample(insertId, 0.5)"},
                name=ORGANIZATION_SINK_NAME,
                ancestors=IN_ORGANIZATION,
            ),
        ],
    ],
)
def organization_audit_sink_missing(organization: Organization, estate: Estate) -> Verdict:
    """No sink of an organisation collects the audit logs of all its projects.

    Why: Without one, the record of what happened is spread over every project, next to the people and workloads whose
    acts it records, and new projects are left out until somebody remembers. A sink on the organisation that includes
    children cannot be turned off from within a project, and gives detection one place to read.

    What a fix may break: Nothing in the projects changes; entries are copied. The destination is billed.

    Source: https://cloud.google.com/logging/docs/export/aggregated_sinks
    """

    def collects(sink: LogSink) -> bool:
        return sink.include_children and not sink.is_made_by_google and carries(sink, "Admin Activity")

    if some(sinks_reaching(estate, organization.asset), collects):
        return PASS
    return fail("no enabled sink of the organisation includes children and carries Admin Activity audit logs")
