"""Keys that URLs for Cloud CDN are signed with. The API tells their names only, neither age nor last use."""

from __future__ import annotations

from auditor import PASS, Fix, Severity, Verdict, asset, check, fail, not_applicable
from auditor.resources.cdn import BackendBucket


@check(
    "cdn-signing-key-rotation-unfinished",
    severity=Severity.LOW,
    default=False,
    evidence=["bucketName", "cdnPolicy.signedUrlKeyNames"],
    fix=Fix(
        gcloud="gcloud compute backend-buckets delete-signed-url-key {backend.name} --key-name=OLD_KEY",
        terraform="one google_compute_backend_bucket_signed_url_key for each backend bucket",
        manual="Wait until the last URL that was signed with the old key has ended, then delete that key.",
        patch={"data": {"cdnPolicy": {"signedUrlKeyNames": ["key-2026-11"]}}},
    ),
    passes=lambda: [
        asset(BackendBucket, {"enableCdn": True, "cdnPolicy": {"signedUrlKeyNames": ["key-2026-11"]}}),
        asset(BackendBucket, {"enableCdn": True}),
        asset(BackendBucket, {"enableCdn": False, "cdnPolicy": {"signedUrlKeyNames": ["a", "b"]}}),
    ],
    fails=lambda: [
        asset(BackendBucket, {"enableCdn": True, "cdnPolicy": {"signedUrlKeyNames": ["key-2024-01", "key-2026-11"]}}),
        asset(BackendBucket, {"enableCdn": True, "cdnPolicy": {"signedUrlKeyNames": ["a", "b", "c"]}}),
    ],
    unknown=lambda: [
        asset(BackendBucket, {"enableCdn": True}, unknown=["resource.data.cdnPolicy.signedUrlKeyNames"]),
    ],
)
def rotation_unfinished(backend: BackendBucket) -> Verdict:
    """A CDN backend accepts URLs that are signed with any of several keys.

    Why: A signing key opens every private object behind the backend until the key is deleted; a rotation that stops
    half way leaves the old one as good as the new. Since a rotation needs two keys for some days and nothing tells
    their age, this check is not selected by default.

    What a fix may break: URLs that were signed with the deleted key.

    Source: https://cloud.google.com/cdn/docs/using-signed-urls
    """
    if not backend.enable_cdn:
        return not_applicable("Cloud CDN is off")
    names = backend.cdn_policy.signed_url_key_names
    return fail(f"it accepts {len(names)} keys") if len(names) > 1 else PASS
