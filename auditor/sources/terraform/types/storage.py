"""Cloud Storage and other places of files.

Sources: registry.terraform.io/providers/hashicorp/google/latest/docs/resources/storage_bucket,
cloud.google.com/storage/docs/json_api/v1/buckets
"""

from __future__ import annotations

from auditor.sources.terraform.mapping import ABSENT, Mapping, Row, Rows
from auditor.sources.terraform.names import Namer
from auditor.sources.terraform.plan import Planned

_BUCKET: Rows = {
    "enable_object_retention": Row("objectRetention.mode", lambda on: "Enabled" if on else None, default=ABSENT),
    "encryption.default_kms_key_name": "encryption.defaultKmsKeyName",
    "lifecycle_rule": "lifecycle.rule",
    "lifecycle_rule.condition.with_state": Row(
        "lifecycle.rule.condition.isLive", lambda state: {"LIVE": True, "ARCHIVED": False}.get(state)
    ),
    "lifecycle_rule.condition.no_age": None,
    "lifecycle_rule.condition.send_age_if_zero": None,
    "lifecycle_rule.condition.send_days_since_custom_time_if_zero": None,
    "lifecycle_rule.condition.send_days_since_noncurrent_time_if_zero": None,
    "lifecycle_rule.condition.send_num_newer_versions_if_zero": None,
    "location": Row("location", lambda location: location.upper()),
    "project": None,
    "public_access_prevention": Row("iamConfiguration.publicAccessPrevention", default="inherited"),
    "requester_pays": "billing.requesterPays",
    "rpo": Row("rpo", default=ABSENT),
    "soft_delete_policy": Row("softDeletePolicy", default={"retentionDurationSeconds": 604800}),
    "storage_class": Row("storageClass", default="STANDARD"),
    "uniform_bucket_level_access": Row("iamConfiguration.uniformBucketLevelAccess.enabled", default=False),
    "bucket_policy_only": "iamConfiguration.uniformBucketLevelAccess.enabled",
    "versioning": Row("versioning", default=ABSENT),
    "website": Row("website", default=ABSENT),
}


def _filestore_name(namer: Namer, planned: Planned) -> str:
    """An instance is in a location, which older configurations call its zone."""
    told = [name for name in ("location", "zone") if planned.text(name) or planned.is_unknown(name)]
    place = namer.part(planned, told[0] if told else "zone")
    return f"//file.googleapis.com/projects/{namer.project(planned)}/locations/{place}/instances/" + namer.part(
        planned, "name"
    )


MAPPINGS: dict[str, Mapping] = {
    "google_storage_bucket": Mapping(
        "storage.googleapis.com/Bucket",
        "//storage.googleapis.com/{name}",
        _BUCKET,
        "cors ip_filter.vpc_network_sources lifecycle_rule",
    ),
    "google_storage_hmac_key": Mapping(
        "storage.googleapis.com/HmacKey",
        "//storage.googleapis.com/projects/{project}/hmacKeys/{access_id}",
        {"project": "projectId", "secret": None, "state": Row("state", default="ACTIVE")},
    ),
    "google_filestore_instance": Mapping(
        "file.googleapis.com/Instance",
        _filestore_name,
        {
            "location": None,
            "zone": None,
            "kms_key_name": Row("kmsKeyName", default=ABSENT),
            "effective_replication": None,
            "initial_replication": None,
            "project": None,
        },
        "file_shares file_shares.nfs_export_options networks",
        full_name=True,
    ),
}
