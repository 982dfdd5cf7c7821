"""Buckets that the internet can reach."""

from __future__ import annotations

from auditor import PASS, Clock, Fix, Policy, Severity, Verdict, asset, check, fail
from auditor.resources.policy import PUBLIC
from auditor.resources.storage import Bucket


@check(
    "bucket-public",
    severity=Severity.CRITICAL,
    evidence=["iamConfiguration.publicAccessPrevention"],
    same_as=["checkov:CKV_GCP_28"],
    fix=Fix(
        gcloud="gcloud storage buckets update gs://{bucket.id} --public-access-prevention",
        terraform='public_access_prevention = "enforced" on google_storage_bucket',
        guardrail="storage.publicAccessPrevention",
        patch={"data": {"iamConfiguration": {"publicAccessPrevention": "enforced"}}},
    ),
    passes=lambda: [
        asset(Bucket, {"name": "b"}, policy={"bindings": [{"role": "roles/storage.objectViewer", "members": ["user:a@example.com"]}]}),
    ],
    fails=lambda: [
        asset(Bucket, {"name": "b"}, policy={"bindings": [{"role": "roles/storage.objectViewer", "members": ["allUsers"]}]}),
    ],
    unknown=lambda: [asset(Bucket, {"name": "b"})],
)
def public_bucket(bucket: Bucket, policy: Policy[Bucket], clock: Clock) -> Verdict:
    """Anyone on the internet can reach a bucket's content.

    Why: x.

    Source: https://cloud.google.com/storage/docs/access-control/making-data-public
    """
    if bucket.iam_configuration.public_access_prevention == "enforced":
        return PASS
    for binding, member in policy.grants(clock.now):
        if member in PUBLIC:
            return fail(f"{member} holds {binding.role}{binding.limited_to}")
    return PASS
