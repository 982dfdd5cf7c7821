"""The search for sensitive data: whether it works, and whether its results get to those who act on them."""

from __future__ import annotations

from typing import Any

from auditor import PASS, Estate, Example, Fix, Severity, Verdict, asset, check, fail, not_applicable
from auditor.resources.bigquery import Dataset
from auditor.resources.dlp import DiscoveryConfig, JobTrigger
from auditor.resources.resourcemanager import Project
from auditor.resources.unknown import some

_ERROR = {"details": {"code": 7, "message": "Permission denied: roles/dlp.orgdriver is missing"}}
_MANUAL = (
    "The error names what is missing, most often a role of the service agent. Resume it in the console, under "
    "Security, Sensitive Data Protection."
)


def _discovery(**data: Any) -> Example:
    name = "organizations/3001/locations/europe-west1/discoveryConfigs/1"
    usual = {"name": name, "displayName": "all tables", "status": "RUNNING", "actions": [{"publishToScc": {}}], **data}
    return asset(DiscoveryConfig, usual, name=f"//dlp.googleapis.com/{name}", ancestors=["organizations/3001"])


def _trigger(**data: Any) -> Example:
    name = "projects/p/locations/europe-west1/jobTriggers/nightly"
    job: dict[str, Any] = {"actions": [{"saveFindings": {}}, {"publishSummaryToCscc": {}}]}
    return asset(
        JobTrigger,
        {"name": name, "displayName": "nightly", "status": "HEALTHY", "inspectJob": job, **data},
        name=f"//dlp.googleapis.com/{name}",
    )


@check(
    "sensitive-data-scan-stopped",
    severity=Severity.MEDIUM,
    evidence=["displayName", "status", "errors"],
    fix=Fix(
        manual=_MANUAL,
        terraform="status on google_data_loss_prevention_discovery_config",
        patch={"data": {"status": "HEALTHY", "errors": []}},
    ),
    passes=lambda: [_discovery(), _trigger()],
    fails=lambda: [
        _discovery(status="PAUSED"),
        _discovery(errors=[_ERROR]),
        _trigger(status="PAUSED"),
        _trigger(status="CANCELLED"),
        _trigger(errors=[{"timestamps": ["2026-11-01T00:00:00Z"]}]),
    ],
    unknown=lambda: [
        asset(
            DiscoveryConfig,
            {"displayName": "x"},
            name="//dlp.googleapis.com/organizations/3001/locations/us/discoveryConfigs/2",
            unknown=["resource.data.status"],
        )
    ],
)
def scan_stopped(scan: DiscoveryConfig | JobTrigger) -> Verdict:
    """A search for sensitive data is paused, or fails.

    Why: Data that was put somewhere after it stopped is profiled by nobody, while everybody believes that it is. The
    profiles that it made before go on being shown, and grow old.

    What a fix may break: Nothing. Profiling is paid for by the gigabyte; look at the estimate before resuming.

    Source: https://cloud.google.com/sensitive-data-protection/docs/manage-scan-configurations
    """
    if scan.status in ("PAUSED", "CANCELLED"):
        return fail(f"it is {scan.status.lower()}")
    for error in scan.errors:
        return fail(f"it fails: {error.details.message}" if error.details.message else "it fails")
    return PASS


@check(
    "sensitive-data-results-unpublished",
    severity=Severity.LOW,
    evidence=["displayName", "status"],
    fix=Fix(
        manual="Add the action that publishes to Security Command Center.",
        terraform="actions { publish_to_scc {} } on google_data_loss_prevention_discovery_config, "
        "actions { publish_summary_to_cscc {} } on google_data_loss_prevention_job_trigger",
        patch={
            "data": {
                "actions": [{"publishToScc": {}}],
                "inspectJob": {"actions": [{"publishSummaryToCscc": {}}]},
            }
        },
    ),
    passes=lambda: [_discovery(), _trigger(), _discovery(actions=[{"exportData": {}}, {"publishToScc": {}}])],
    fails=lambda: [
        _discovery(actions=[]),
        _discovery(actions=[{"pubSubNotification": {"topic": "projects/p/topics/t"}}]),
        _trigger(inspectJob={"actions": [{"saveFindings": {}}]}),
        _trigger(inspectJob={}),
    ],
    unknown=lambda: [
        asset(
            DiscoveryConfig,
            {"displayName": "x"},
            name="//dlp.googleapis.com/organizations/3001/locations/us/discoveryConfigs/3",
            unknown=["resource.data.actions"],
        )
    ],
)
def results_unpublished(scan: DiscoveryConfig | JobTrigger) -> Verdict:
    """What a search for sensitive data finds does not get to Security Command Center.

    Why: Those who watch for open buckets and stolen keys do not see which of them hold card numbers, so that the worst
    case waits in line with the others. The results stand where only those look who already know of the search.

    What a fix may break: Nothing. Job triggers can publish only in projects that belong to an organisation.

    Source: https://cloud.google.com/sensitive-data-protection/docs/sending-results-to-scc
    """
    return PASS if scan.publishes else fail("no action publishes its results")


_PROJECT = asset(Project, {"projectId": "p", "projectNumber": "1001", "state": "ACTIVE"})
_TABLES = asset(Dataset, {"datasetReference": {"datasetId": "orders"}})
_EVERY_TABLE: dict[str, Any] = {"targets": [{"bigQueryTarget": {"filter": {"otherTables": {}}}}]}
_WHOLE: dict[str, Any] = {"orgConfig": {"location": {"organizationId": "3001"}, "projectId": "dlp"}}


@check(
    "bigquery-unprofiled",
    severity=Severity.LOW,
    default=False,
    reads=[Dataset, DiscoveryConfig],
    fix=Fix(
        manual="Set up discovery for the organisation in the console, under Security, Sensitive Data Protection; look "
        "at the estimate of its cost first.",
        terraform="google_data_loss_prevention_discovery_config with targets { big_query_target { … } }",
        patch=lambda: [_discovery(**_WHOLE, **_EVERY_TABLE)],
    ),
    passes=lambda: [
        [_PROJECT, _TABLES, _discovery(**_WHOLE, **_EVERY_TABLE)],
        [_PROJECT, _TABLES, _discovery(**_EVERY_TABLE, orgConfig={"location": {"folderId": "2001"}})],
        _PROJECT,
    ],
    fails=lambda: [
        [_PROJECT, _TABLES, _discovery(**_WHOLE, **_EVERY_TABLE, status="PAUSED")],
        [_PROJECT, _TABLES, _discovery(**_WHOLE, targets=[{"bigQueryTarget": {"disabled": {}}}])],
        [_PROJECT, _TABLES, _discovery(**_WHOLE, targets=[{"cloudStorageTarget": {}}])],
        [_PROJECT, _TABLES, _discovery(**_EVERY_TABLE, orgConfig={"location": {"folderId": "2002"}})],
    ],
    unknown=lambda: [[_PROJECT, _TABLES]],
)
def unprofiled(project: Project, estate: Estate) -> Verdict:
    """Nobody searches the BigQuery tables of a project for sensitive data.

    Why: what is not known to hold card numbers is shared and kept like anything else. Discovery looks at new tables by
    itself; labels and policy tags that people set are not asked. Its configurations are in no export, so that this is
    answered of live estates, and of what was collected from one.

    What a fix may break: Nothing; profiling is paid for by the gigabyte.

    Source: https://cloud.google.com/sensitive-data-protection/docs/data-profiles
    """
    if not project.is_active:
        return not_applicable("the project is pending deletion")
    home = project.asset.key
    if estate.surely_lacks(Dataset, home) or not estate.in_project(Dataset, home):
        return not_applicable("the project has no BigQuery data sets")

    def covers(one: DiscoveryConfig) -> bool:
        is_above = one.scope in project.asset.ancestors or estate.same_project(one.scope, home)
        return is_above and one.profiles_tables

    if some(estate.of(DiscoveryConfig), covers):
        return PASS
    return fail("no running discovery covers its tables")
