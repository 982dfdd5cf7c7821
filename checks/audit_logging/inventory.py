"""Records beside the audit logs: the inventory of assets, and the usage reports of machines."""

from __future__ import annotations

from auditor import PASS, Estate, Example, Fix, Severity, Undetermined, Verdict, asset, check, fail, not_applicable
from auditor.resources.compute import ComputeProject
from auditor.resources.resourcemanager import Project
from auditor.resources.serviceusage import Service
from checks.audit_logging.examples import SHOP


def _service(name: str, *, state: str = "ENABLED", unknown: tuple[str, ...] = ()) -> Example:
    full = f"//serviceusage.googleapis.com/projects/1001/services/{name}.googleapis.com"
    return asset(Service, {"state": state}, name=full, unknown=unknown)


@check(
    "asset-inventory-api-off",
    severity=Severity.LOW,
    default=False,
    reads=[Service],
    same_as=[
        "prowler:iam_cloud_asset_inventory_enabled",
        "steampipe:project_service_cloudasset_api_enabled",
        "cloudsploit:serviceusage/assetInventoryEnabled",
        "sha:CLOUD_ASSET_API_DISABLED",
    ],
    fix=Fix(
        gcloud="gcloud services enable cloudasset.googleapis.com",
        terraform='google_project_service with service = "cloudasset.googleapis.com"',
        patch=lambda: [_service("cloudasset")],
    ),
    passes=lambda: [
        [asset(Project, SHOP), _service("cloudasset"), _service("run")],
        [asset(Project, {"projectId": "gone", "state": "DELETE_REQUESTED"}), _service("run")],
    ],
    fails=lambda: [
        [asset(Project, SHOP), _service("run")],
        [asset(Project, SHOP), _service("run"), _service("cloudasset", state="DISABLED")],
    ],
    unknown=lambda: [
        asset(Project, SHOP),
        [asset(Project, SHOP), _service("cloudasset", unknown=("resource.data.state",))],
    ],
)
def asset_inventory_api_off(project: Project, estate: Estate) -> Verdict:
    """The Cloud Asset API is not enabled in a project.

    Why: the inventory answers what existed and who could reach it at any moment of the last 35 days, which is asked
    first in an incident. An export of the whole organisation needs the API in one project only; this check is therefore
    not selected by default.

    What a fix may break: nothing.

    Source: https://cloud.google.com/asset-inventory/docs/overview
    """
    if not project.is_active:
        return not_applicable("the project is pending deletion")
    services = estate.in_project(Service, project.asset.key)
    if not services:
        raise Undetermined("enabled services", "the input has none of the project")
    enabled = any(service.id == "cloudasset.googleapis.com" and service.is_enabled for service in services)
    return PASS if enabled else fail("cloudasset.googleapis.com is not enabled")


@check(
    "compute-usage-export-off",
    severity=Severity.INFO,
    default=False,
    evidence=["usageExportLocation"],
    same_as=["cloudsploit:compute/enableUsageExport"],
    fix=Fix(
        gcloud="gcloud compute project-info set-usage-bucket --bucket=gs://BUCKET",
        terraform="google_project_usage_export_bucket",
        patch={"data": {"usageExportLocation": {"bucketName": "usage", "reportNamePrefix": "gce"}}},
    ),
    passes=lambda: [
        asset(ComputeProject, {"usageExportLocation": {"bucketName": "https://www.googleapis.com/storage/v1/b/usage"}}),
    ],
    fails=lambda: [
        asset(ComputeProject, {"name": "shop"}),
        asset(ComputeProject, {"usageExportLocation": {"bucketName": ""}}),
    ],
    unknown=lambda: [asset(ComputeProject, {}, unknown=["resource.data.usageExportLocation"])],
)
def compute_usage_export_off(project: ComputeProject) -> Verdict:
    """The use of Compute Engine is not exported to a bucket.

    Why: the daily reports name each machine, disk and address that was in use, with hours. They are one more record to
    hold against an unexpected bill; the billing export says as much and more, so this check is not selected by default.

    What a fix may break: nothing; a small file is stored each day.

    Source: https://cloud.google.com/compute/docs/logging/usage-export
    """
    location = project.usage_export_location
    return PASS if location and location.get("bucketName") else fail("no bucket for usage reports is set")
