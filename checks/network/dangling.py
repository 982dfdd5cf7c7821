"""What points at nothing, so that somebody else can be what it points at."""

from __future__ import annotations

from auditor import PASS, Estate, Example, Fix, Severity, Verdict, asset, check, fail, not_applicable
from auditor.resources.cdn import BackendBucket
from auditor.resources.resourcemanager import Organization
from auditor.resources.storage import Bucket
from checks.whole import require_whole_organization

_SITE = asset(
    Bucket,
    {"name": "shop-site"},
    name="//storage.googleapis.com/shop-site",
    ancestors=["projects/2", "organizations/3001"],
)


def _backend(bucket: str = "shop-site", *, unknown: tuple[str, ...] = ()) -> Example:
    name = "//compute.googleapis.com/projects/p/global/backendBuckets/site"
    return asset(BackendBucket, {"name": "site", "bucketName": bucket}, name=name, unknown=unknown)


_ALL = asset(Organization, {}, ancestors=["organizations/3001"])
_KEPT = asset(Bucket, {"name": "kept"}, name="//storage.googleapis.com/kept")


@check(
    "backend-bucket-missing",
    severity=Severity.HIGH,
    reads=[Bucket, Organization],
    evidence=["bucketName"],
    same_as=["steampipe:compute_backend_bucket_no_dangling_storage_bucket"],
    fix=Fix(
        gcloud="gcloud compute backend-buckets delete {backend.id}",
        terraform="bucket_name of google_compute_backend_bucket: refer to the google_storage_bucket",
        manual="Take the backend out of the URL map first. Or make the bucket again, before somebody else does.",
        patch={"data": {"bucketName": "kept"}},
    ),
    passes=lambda: [
        [
            _backend(),
            _SITE,
        ],
        asset(BackendBucket, {"name": "site"}, name="//compute.googleapis.com/projects/p/global/backendBuckets/site"),
    ],
    fails=lambda: [[_backend(), _KEPT, _ALL]],
    unknown=lambda: [
        [_backend(), _KEPT],
        [_backend(unknown=("resource.data.bucketName",)), _KEPT, _ALL],
    ],
)
def backend_bucket_missing(backend: BackendBucket, estate: Estate) -> Verdict:
    """A load balancer serves a bucket that is not in the organisation.

    Why: Bucket names are one space for all of Google Cloud. If the bucket was deleted, whoever makes one of that name
    serves pages under your domain, with your certificate. If it is somebody else's, they do so now.

    What a fix may break: Paths that the URL map sends there; they serve nothing of yours any more.

    Source: https://cloud.google.com/load-balancing/docs/https/ext-load-balancer-backend-buckets
    """
    if not backend.bucket_name:
        return not_applicable("it names no bucket")
    if estate.related(Bucket, _name_of, backend.bucket_name):
        return PASS
    require_whole_organization(estate, backend.asset, "bucketName")
    return fail(f"bucket {backend.bucket_name} was deleted, or belongs to another organisation")


def _name_of(bucket: Bucket) -> str:
    return bucket.id
