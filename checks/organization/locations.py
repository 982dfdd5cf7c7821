"""Where resources may lie."""

from __future__ import annotations

from auditor import PASS, Example, Fix, Settings, Severity, Undetermined, Verdict, asset, check, fail, not_applicable
from auditor.resources.app_engine import AppEngineApplication
from auditor.resources.bigquery import Dataset
from auditor.resources.compute import Instance
from auditor.resources.data import DataprocCluster, Disk, SpannerInstance
from auditor.resources.gke import Cluster
from auditor.resources.sql import SqlInstance
from auditor.resources.storage import Bucket

Located = (
    Bucket
    | Dataset
    | SqlInstance
    | SpannerInstance
    | DataprocCluster
    | Cluster
    | Instance
    | Disk
    | AppEngineApplication
)
_OF_APP_ENGINE = {"europe-west": "europe-west1", "us-central": "us-central1"}
"""Two regions that App Engine calls otherwise."""


class LocationSettings(Settings, frozen=True):
    """Where resources may lie. A region stands for its zones."""

    allowed_locations: tuple[str, ...] | None = None
    """The only ones that may be used; None where all may that are not refused."""
    refused_locations: tuple[str, ...] = ()
    asset_types: tuple[str, ...] = ()
    """The types that this is asked of; all where it is empty."""


_EUROPE = LocationSettings(allowed_locations=("europe-west1", "europe-west4", "EU"))
_CLUSTER = "//container.googleapis.com/projects/p/locations/us-east1-b/clusters/c"


def _bucket(location: str, settings: LocationSettings | None = _EUROPE, *, unknown: tuple[str, ...] = ()) -> Example:
    return asset(Bucket, {"location": location}, name="//storage.googleapis.com/b", unknown=unknown, settings=settings)


@check(
    "resource-location-not-allowed",
    severity=Severity.MEDIUM,
    default=False,
    same_as=[
        "policy_library:gcp_bq_dataset_location_v1",
        "policy_library:gcp_storage_location_v1",
        "policy_library:gcp_sql_location_v1",
        "policy_library:gcp_gke_cluster_location",
        "policy_library:gcp_spanner_location_v1",
        "policy_library:gcp_dataproc_location_v1",
        "policy_library:gcp_compute_zone_v1",
        "forseti:location",
    ],
    fix=Fix(
        terraform="location, region or zone (replaces the resource)",
        guardrail="gcp.resourceLocations",
        manual="Make the resource anew where it may lie, and copy what it holds.",
        patch=lambda: [
            _bucket("EUROPE-WEST1"),
            asset(
                SqlInstance, {"region": "europe-west4"}, name="//cloudsql.googleapis.com/projects/p/instances/orders"
            ),
        ],
    ),
    passes=lambda: [
        _bucket("EUROPE-WEST1"),
        _bucket("EU"),
        _bucket("US", None),
        _bucket("EU", LocationSettings(refused_locations=("US",))),
        _bucket("US", LocationSettings(allowed_locations=(), asset_types=("bigquery.googleapis.com/Dataset",))),
        asset(
            Instance, {}, name="//compute.googleapis.com/projects/p/zones/europe-west1-b/instances/i", settings=_EUROPE
        ),
        asset(
            SpannerInstance,
            {"config": "projects/p/instanceConfigs/regional-europe-west1"},
            name="//spanner.googleapis.com/projects/p/instances/s",
            settings=_EUROPE,
        ),
        asset(AppEngineApplication, {"locationId": "europe-west1"}, settings=_EUROPE),
        asset(Cluster, {}, name=_CLUSTER, settings=LocationSettings(refused_locations=("asia-east1",))),
        asset(Disk, {}, name="//compute.googleapis.com/projects/p/global/disks/odd", settings=_EUROPE),
    ],
    fails=lambda: [
        _bucket("US"),
        _bucket("EU", LocationSettings(allowed_locations=("europe-west1",))),
        asset(
            SqlInstance,
            {"region": "us-central1"},
            name="//cloudsql.googleapis.com/projects/p/instances/orders",
            settings=_EUROPE,
        ),
    ],
    unknown=lambda: [
        _bucket("EU", unknown=("resource.data.location",)),
        asset(Dataset, {}, name="//bigquery.googleapis.com/projects/p/datasets/d", settings=_EUROPE),
    ],
)
def location_not_allowed(resource: Located, settings: LocationSettings) -> Verdict:
    """A resource lies where its owner does not want data or workloads.

    Why: Contracts and laws say where data may be. Which places are right is for the owner to say: set
    `allowed_locations` or `refused_locations`; as it comes, the check asks nothing and is not selected.

    What a fix may break: Everything that knows the resource by its name; data has to be copied, which takes time and
    is billed as traffic.

    Source: https://cloud.google.com/resource-manager/docs/organization-policy/defining-locations
    """
    if settings.allowed_locations is None and not settings.refused_locations:
        return not_applicable("no location is asked for; allowed_locations names them")
    if settings.asset_types and resource.asset.asset_type not in settings.asset_types:
        return not_applicable("locations are not asked for of this type")
    where = _where(resource)
    if where == "global":
        return not_applicable("it lies in no one place")
    if _covers(settings.refused_locations, where):
        return fail(f"it lies in {where}, which is refused", evidence={"location": where})
    if settings.allowed_locations is not None and not _covers(settings.allowed_locations, where):
        return fail(f"it lies in {where}, which is not allowed", evidence={"location": where})
    return PASS


def _where(resource: Located) -> str:
    """The region, zone or multi-region. Raises `Undetermined` where the input does not say."""
    if isinstance(resource, Bucket | Dataset):
        found = resource.location
    elif isinstance(resource, AppEngineApplication):
        found = _OF_APP_ENGINE.get(resource.location_id, resource.location_id)
    elif isinstance(resource, SqlInstance):
        found = resource.region
    elif isinstance(resource, SpannerInstance):
        found = resource.config.rpartition("/")[2].removeprefix("regional-")
    else:
        found = resource.asset.location
    if not found:
        raise Undetermined("location", "the input does not say where it lies")
    return found


def _covers(locations: tuple[str, ...], where: str) -> bool:
    """Whether a place, or the region that it is a zone of, is among the locations."""
    region = where.rpartition("-")[0] if len(where.rpartition("-")[2]) == 1 else where
    return bool({where.lower(), region.lower()} & {location.lower() for location in locations})
