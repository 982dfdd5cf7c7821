"""How a bucket is served and encrypted."""

from __future__ import annotations

from auditor import PASS, Fix, Severity, Verdict, asset, check, fail, not_applicable
from auditor.resources.storage import Bucket

_WRITES = frozenset({"*", "PUT", "POST", "DELETE", "PATCH"})


@check(
    "bucket-cors-any-origin-writes",
    severity=Severity.LOW,
    evidence=["cors"],
    fix=Fix(
        gcloud="gcloud storage buckets update gs://{bucket.id} --cors-file=CORS_FILE",
        manual="The file replaces all CORS rules of the bucket: write those that are to stay into it.",
        terraform="cors { origin = […] } on google_storage_bucket, naming your own sites",
        patch={"data": {"cors": [{"origin": ["https://shop.example.com"], "method": ["PUT"]}]}},
    ),
    passes=lambda: [
        asset(Bucket, {"cors": [{"origin": ["*"], "method": ["GET", "HEAD"]}]}),
        asset(Bucket, {"cors": [{"origin": ["https://shop.example.com"], "method": ["PUT"]}]}),
        asset(Bucket, {"cors": []}),
    ],
    fails=lambda: [
        asset(Bucket, {"cors": [{"origin": ["*"], "method": ["GET", "PUT"]}]}),
        asset(
            Bucket,
            {"cors": [{"origin": ["https://a.example.com"], "method": ["GET"]}, {"origin": ["*"], "method": ["*"]}]},
        ),
    ],
    unknown=lambda: [asset(Bucket, {"cors": []}, unknown=["resource.data.cors.*"])],
)
def cors_any_origin_writes(bucket: Bucket) -> Verdict:
    """A bucket lets scripts of any web site send writing requests.

    Why: the browser's same-origin rule is what keeps a foreign page from using a signed URL or a visitor's token
    against the bucket. Reading public files from anywhere is common; writing from anywhere is not.

    What a fix may break: upload pages on origins that are not listed.

    Source: https://cloud.google.com/storage/docs/cross-origin
    """
    for rule in bucket.cors:
        if "*" in rule.origin:
            writes = sorted(_WRITES.intersection(method.upper() for method in rule.method))
            if writes:
                return fail(f"origin * may send {', '.join(writes)}")
    return PASS


@check(
    "bucket-without-cmek",
    severity=Severity.LOW,
    evidence=["encryption.defaultKmsKeyName"],
    same_as=[
        "sha:BUCKET_CMEK_DISABLED",
        "trivy:AVD-GCP-0066",
        "cloudsploit:storage/bucketEncryption",
        "policy_library:gcp_storage_cmek_encryption_v1",
    ],
    default=False,
    fix=Fix(
        gcloud="gcloud storage buckets update gs://{bucket.id} --default-encryption-key=KEY",
        terraform="encryption { default_kms_key_name = … } on google_storage_bucket",
        guardrail="gcp.restrictNonCmekServices",
        patch={"data": {"encryption": {"defaultKmsKeyName": "projects/p/locations/eu/keyRings/r/cryptoKeys/k"}}},
    ),
    passes=lambda: [
        asset(Bucket, {"encryption": {"defaultKmsKeyName": "projects/p/locations/eu/keyRings/r/cryptoKeys/k"}}),
        asset(Bucket, {"name": "b"}, name="//storage.googleapis.com/gcf-v2-uploads-1001-europe-west1"),
    ],
    fails=lambda: [asset(Bucket, {"name": "b"}), asset(Bucket, {"encryption": {"defaultKmsKeyName": ""}})],
    unknown=lambda: [asset(Bucket, {"encryption": {}}, unknown=["resource.data.encryption"])],
)
def without_cmek(bucket: Bucket) -> Verdict:
    """New objects of a bucket are not encrypted with a key of your own.

    Why: Google encrypts every object; a customer-managed key adds that you can revoke it, log its use and separate who
    stores data from who can read it. Ask for it where a contract or a regulator does.

    What a fix may break: existing objects keep their old encryption until they are rewritten, and disabling or
    destroying the key makes objects unreadable.

    Source: https://cloud.google.com/storage/docs/encryption/customer-managed-keys
    """
    if bucket.is_kept_by_google:
        return not_applicable("a Google service makes this bucket and its contents again")
    return PASS if bucket.encryption.default_kms_key_name else fail("no default Cloud KMS key is set")


@check(
    "bucket-without-lifecycle",
    severity=Severity.INFO,
    evidence=["lifecycle.rule"],
    same_as=[
        "prowler:cloudstorage_bucket_lifecycle_management_enabled",
        "cloudsploit:storage/bucketLifecycleConfigured",
    ],
    default=False,
    fix=Fix(
        gcloud="gcloud storage buckets update gs://{bucket.id} --lifecycle-file=RULES",
        manual="The file replaces all lifecycle rules of the bucket.",
        terraform="lifecycle_rule { … } on google_storage_bucket",
        patch={"data": {"lifecycle": {"rule": [{"action": {"type": "Delete"}, "condition": {"age": 365}}]}}},
    ),
    passes=lambda: [
        asset(Bucket, {"lifecycle": {"rule": [{"action": {"type": "Delete"}, "condition": {"age": 365}}]}})
    ],
    fails=lambda: [asset(Bucket, {"lifecycle": {"rule": []}}), asset(Bucket, {"name": "b"})],
    unknown=lambda: [asset(Bucket, {"lifecycle": {"rule": []}}, unknown=["resource.data.lifecycle.rule.*"])],
)
def without_lifecycle(bucket: Bucket) -> Verdict:
    """A bucket has no rule that ever removes or archives its objects.

    Why: personal data must not be kept for longer than its purpose, and what is deleted cannot leak.

    What a fix may break: a rule deletes without asking; try it with a narrow condition first.

    Source: https://cloud.google.com/storage/docs/lifecycle
    """
    return PASS if bucket.lifecycle.rule else fail("no lifecycle rule is set")
