"""Which asset the IAM resources of each Terraform type act on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from auditor.sources.terraform.names import Namer
from auditor.sources.terraform.plan import Planned
from auditor.sources.terraform.types.iam_services import ELSEWHERE, IN_PROJECT

_PATHS = ("projects/", "https://", "//")


@dataclass(frozen=True, slots=True)
class Target:
    """The asset that `TYPE_iam_member` and its like act on."""

    asset_type: str
    attribute: str
    """The attribute of the IAM resource that names the asset."""
    template: str | Callable[[Namer, Planned], str]
    """Its full resource name, made of the attributes of the IAM resource."""
    container: str = "project"

    def name_of(self, namer: Namer, planned: Planned) -> str:
        """The full resource name of the asset; the attribute may hold it in short or in full."""
        value = planned.text(self.attribute) if self.attribute != "project" else ""
        if isinstance(self.template, str) and value.startswith(_PATHS) and self.container == "project":
            service = self.template.removeprefix("//").partition("/")[0]
            return f"//{service}/" + namer.part(planned, self.attribute, "path")
        return namer.fill(planned, self.template)


def _crypto_key(namer: Namer, planned: Planned) -> str:
    return "//cloudkms.googleapis.com/" + _kms(namer, planned, "crypto_key_id", ("keyRings", "cryptoKeys"))


def _key_ring(namer: Namer, planned: Planned) -> str:
    return "//cloudkms.googleapis.com/" + _kms(namer, planned, "key_ring_id", ("keyRings",))


def _kms(namer: Namer, planned: Planned, attribute: str, collections: tuple[str, ...]) -> str:
    """The relative name of a key or ring, which may be written PROJECT/LOCATION/RING/KEY or without the project."""
    path = namer.part(planned, attribute, "path")
    parts = path.split("/")
    if path.startswith("projects/") or len(parts) not in (len(collections) + 1, len(collections) + 2):
        return path
    if len(parts) == len(collections) + 1:
        parts.insert(0, namer.project(planned))
    named = "".join(f"/{kind}/{part}" for kind, part in zip(collections, parts[2:], strict=True))
    return f"projects/{parts[0]}/locations/{parts[1]}{named}"


def _service_account(namer: Namer, planned: Planned) -> str:
    path = namer.part(planned, "service_account_id", "path")
    if not path.startswith("projects/"):
        path = f"projects/{namer.project(planned)}/serviceAccounts/{path}"
    return "//iam.googleapis.com/" + path.replace("projects/-/", f"projects/{_project_of(path)}/")


def _project_of(path: str) -> str:
    """The project in a service account's address."""
    return path.rpartition("@")[2].removesuffix(".iam.gserviceaccount.com")


def _below(written: str, begin: str, container: str) -> Target:
    kind, attribute, place = written.split()
    return Target(kind, attribute, f"//{kind.partition('/')[0]}/{begin}{place}", container)


_COMPUTE = "//compute.googleapis.com/projects/{project}"
_RM = "cloudresourcemanager.googleapis.com"

TARGETS: dict[str, Target] = {
    **{kind: _below(written, "projects/{project}/", "project") for kind, written in IN_PROJECT.items()},
    **{kind: _below(written, "", "") for kind, written in ELSEWHERE.items()},
    "google_access_context_manager_access_policy": Target(
        "accesscontextmanager.googleapis.com/AccessPolicy",
        "name",
        "//accesscontextmanager.googleapis.com/accessPolicies/{name}",
        "",
    ),
    "google_bigquery_connection": Target(
        "bigqueryconnection.googleapis.com/Connection",
        "connection_id",
        "//bigqueryconnection.googleapis.com/projects/{project}/locations/{location}/connections/{connection_id}",
    ),
    "google_cloud_tasks_queue": Target(
        "cloudtasks.googleapis.com/Queue",
        "name",
        "//cloudtasks.googleapis.com/projects/{project}/locations/{location}/queues/{name}",
    ),
    "google_compute_backend_bucket": Target(
        "compute.googleapis.com/BackendBucket", "name", _COMPUTE + "/global/backendBuckets/{name}"
    ),
    "google_compute_backend_service": Target(
        "compute.googleapis.com/BackendService", "name", _COMPUTE + "/global/backendServices/{name}"
    ),
    "google_compute_instance_template": Target(
        "compute.googleapis.com/InstanceTemplate", "name", _COMPUTE + "/global/instanceTemplates/{name}"
    ),
    "google_compute_region_disk": Target(
        "compute.googleapis.com/RegionDisk", "name", _COMPUTE + "/regions/{region}/disks/{name}"
    ),
    "google_gke_hub_membership": Target(
        "gkehub.googleapis.com/Membership",
        "membership_id",
        "//gkehub.googleapis.com/projects/{project}/locations/{location:global}/memberships/{membership_id}",
    ),
    "google_privateca_ca_pool": Target(
        "privateca.googleapis.com/CaPool",
        "ca_pool",
        "//privateca.googleapis.com/projects/{project}/locations/{location}/caPools/{ca_pool}",
    ),
    "google_secret_manager_regional_secret": Target(
        "secretmanager.googleapis.com/Secret",
        "secret_id",
        "//secretmanager.googleapis.com/projects/{project}/locations/{location}/secrets/{secret_id}",
    ),
    "google_tags_tag_key": Target(f"{_RM}/TagKey", "tag_key", f"//{_RM}/tagKeys/{{tag_key}}", ""),
    "google_tags_tag_value": Target(f"{_RM}/TagValue", "tag_value", f"//{_RM}/tagValues/{{tag_value}}", ""),
    "google_project": Target(f"{_RM}/Project", "project", f"//{_RM}/projects/{{project}}"),
    "google_folder": Target(f"{_RM}/Folder", "folder", f"//{_RM}/folders/{{folder}}", "folder"),
    "google_organization": Target(f"{_RM}/Organization", "org_id", f"//{_RM}/organizations/{{org_id}}", "org_id"),
    "google_storage_bucket": Target("storage.googleapis.com/Bucket", "bucket", "//storage.googleapis.com/{bucket}"),
    "google_bigquery_dataset": Target(
        "bigquery.googleapis.com/Dataset",
        "dataset_id",
        "//bigquery.googleapis.com/projects/{project}/datasets/{dataset_id}",
    ),
    "google_bigquery_table": Target(
        "bigquery.googleapis.com/Table",
        "table_id",
        "//bigquery.googleapis.com/projects/{project}/datasets/{dataset_id}/tables/{table_id}",
    ),
    "google_cloud_run_service": Target(
        "run.googleapis.com/Service",
        "service",
        "//run.googleapis.com/projects/{project}/locations/{location}/services/{service}",
    ),
    "google_cloud_run_v2_service": Target(
        "run.googleapis.com/Service",
        "name",
        "//run.googleapis.com/projects/{project}/locations/{location}/services/{name}",
    ),
    "google_cloud_run_v2_job": Target(
        "run.googleapis.com/Job", "name", "//run.googleapis.com/projects/{project}/locations/{location}/jobs/{name}"
    ),
    "google_cloudfunctions_function": Target(
        "cloudfunctions.googleapis.com/CloudFunction",
        "cloud_function",
        "//cloudfunctions.googleapis.com/projects/{project}/locations/{region}/functions/{cloud_function}",
    ),
    "google_cloudfunctions2_function": Target(
        "cloudfunctions.googleapis.com/Function",
        "cloud_function",
        "//cloudfunctions.googleapis.com/projects/{project}/locations/{location}/functions/{cloud_function}",
    ),
    "google_kms_key_ring": Target("cloudkms.googleapis.com/KeyRing", "key_ring_id", _key_ring),
    "google_kms_crypto_key": Target("cloudkms.googleapis.com/CryptoKey", "crypto_key_id", _crypto_key),
    "google_secret_manager_secret": Target(
        "secretmanager.googleapis.com/Secret",
        "secret_id",
        "//secretmanager.googleapis.com/projects/{project}/secrets/{secret_id}",
    ),
    "google_service_account": Target("iam.googleapis.com/ServiceAccount", "service_account_id", _service_account),
    "google_pubsub_topic": Target(
        "pubsub.googleapis.com/Topic", "topic", "//pubsub.googleapis.com/projects/{project}/topics/{topic}"
    ),
    "google_pubsub_subscription": Target(
        "pubsub.googleapis.com/Subscription",
        "subscription",
        "//pubsub.googleapis.com/projects/{project}/subscriptions/{subscription}",
    ),
    "google_pubsub_schema": Target(
        "pubsub.googleapis.com/Schema", "schema", "//pubsub.googleapis.com/projects/{project}/schemas/{schema}"
    ),
    "google_artifact_registry_repository": Target(
        "artifactregistry.googleapis.com/Repository",
        "repository",
        "//artifactregistry.googleapis.com/projects/{project}/locations/{location}/repositories/{repository}",
    ),
    "google_spanner_instance": Target(
        "spanner.googleapis.com/Instance",
        "instance",
        "//spanner.googleapis.com/projects/{project}/instances/{instance}",
    ),
    "google_spanner_database": Target(
        "spanner.googleapis.com/Database",
        "database",
        "//spanner.googleapis.com/projects/{project}/instances/{instance}/databases/{database}",
    ),
    "google_bigtable_instance": Target(
        "bigtableadmin.googleapis.com/Instance",
        "instance",
        "//bigtable.googleapis.com/projects/{project}/instances/{instance}",
    ),
    "google_bigtable_table": Target(
        "bigtableadmin.googleapis.com/Table",
        "table",
        "//bigtable.googleapis.com/projects/{project}/instances/{instance_name}/tables/{table}",
    ),
    "google_compute_instance": Target(
        "compute.googleapis.com/Instance", "instance_name", _COMPUTE + "/zones/{zone}/instances/{instance_name}"
    ),
    "google_compute_disk": Target("compute.googleapis.com/Disk", "name", _COMPUTE + "/zones/{zone}/disks/{name}"),
    "google_compute_image": Target("compute.googleapis.com/Image", "image", _COMPUTE + "/global/images/{image}"),
    "google_compute_snapshot": Target("compute.googleapis.com/Snapshot", "name", _COMPUTE + "/global/snapshots/{name}"),
    "google_compute_subnetwork": Target(
        "compute.googleapis.com/Subnetwork", "subnetwork", _COMPUTE + "/regions/{region}/subnetworks/{subnetwork}"
    ),
    "google_dataproc_cluster": Target(
        "dataproc.googleapis.com/Cluster",
        "cluster",
        "//dataproc.googleapis.com/projects/{project}/regions/{region}/clusters/{cluster}",
    ),
    "google_dns_managed_zone": Target(
        "dns.googleapis.com/ManagedZone",
        "managed_zone",
        "//dns.googleapis.com/projects/{project}/managedZones/{managed_zone}",
    ),
    "google_data_fusion_instance": Target(
        "datafusion.googleapis.com/Instance",
        "name",
        "//datafusion.googleapis.com/projects/{project}/locations/{region}/instances/{name}",
    ),
    "google_notebooks_instance": Target(
        "notebooks.googleapis.com/Instance",
        "instance_name",
        "//notebooks.googleapis.com/projects/{project}/locations/{location}/instances/{instance_name}",
    ),
    "google_notebooks_runtime": Target(
        "notebooks.googleapis.com/Runtime",
        "runtime_name",
        "//notebooks.googleapis.com/projects/{project}/locations/{location}/runtimes/{runtime_name}",
    ),
    "google_workbench_instance": Target(
        "notebooks.googleapis.com/Instance",
        "name",
        "//notebooks.googleapis.com/projects/{project}/locations/{location}/instances/{name}",
    ),
    "google_billing_account": Target(
        "cloudbilling.googleapis.com/BillingAccount",
        "billing_account_id",
        "//cloudbilling.googleapis.com/billingAccounts/{billing_account_id}",
        "",
    ),
}
"""Terraform type → the asset that its IAM resources act on."""
