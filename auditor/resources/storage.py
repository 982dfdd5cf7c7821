"""Cloud Storage.

Source: cloud.google.com/storage/docs/json_api/v1/buckets
"""

from __future__ import annotations

from datetime import datetime

from msgspec import field

from auditor.resources.base import Resource, Undetermined, View, shows
from auditor.resources.policy import PUBLIC

_STAGING = ("gcf-sources-", "gcf-v2-sources-", "gcf-v2-uploads-", "dataproc-staging-", "dataproc-temp-")


class UniformAccess(View):
    """`iamConfiguration.uniformBucketLevelAccess`."""

    enabled: bool = False
    locked_time: datetime | None = None


class BucketIamConfiguration(View):
    """`iamConfiguration`. `bucketPolicyOnly` is the older name of uniform bucket-level access."""

    public_access_prevention: str = "inherited"
    uniform_bucket_level_access: UniformAccess = field(default_factory=UniformAccess)
    bucket_policy_only: UniformAccess = field(default_factory=UniformAccess)


class AccessControl(View):
    """An entry of a legacy access control list."""

    entity: str = ""
    role: str = ""


class RetentionPolicy(View):
    """`retentionPolicy`: seconds that an object cannot be deleted or replaced for; `isLocked` makes it final."""

    retention_period: int = 0
    is_locked: bool = False
    effective_time: datetime | None = None


class SoftDeletePolicy(View):
    """`softDeletePolicy`: seconds that a deleted object can be restored for; 0 turns it off."""

    retention_duration_seconds: int = 0


class Versioning(View):
    """`versioning`."""

    enabled: bool = False


class UsageLogging(View):
    """`logging`: where usage logs of the bucket are written."""

    log_bucket: str = ""
    log_object_prefix: str = ""


class BucketEncryption(View):
    """`encryption`."""

    default_kms_key_name: str = ""


class LifecycleAction(View):
    """`lifecycle.rule[].action`."""

    type: str = ""
    storage_class: str = ""


class LifecycleRule(View):
    """`lifecycle.rule[]`."""

    action: LifecycleAction = field(default_factory=LifecycleAction)


class Lifecycle(View):
    """`lifecycle`."""

    rule: list[LifecycleRule] = []


class CorsRule(View):
    """`cors[]`: which origins may use which methods from a browser."""

    origin: list[str] = []
    method: list[str] = []
    response_header: list[str] = []


class Website(View):
    """`website`: the pages that a bucket serves as a static site."""

    main_page_suffix: str = ""
    not_found_page: str = ""


@shows("storage.googleapis.com/Bucket")
class Bucket(Resource):
    """A bucket."""

    name: str = ""
    location: str = ""
    storage_class: str = ""
    labels: dict[str, str] = {}
    iam_configuration: BucketIamConfiguration = field(default_factory=BucketIamConfiguration)
    acl: list[AccessControl] = []
    default_object_acl: list[AccessControl] = []
    retention_policy: RetentionPolicy | None = None
    soft_delete_policy: SoftDeletePolicy | None = None
    versioning: Versioning = field(default_factory=Versioning)
    logging: UsageLogging = field(default_factory=UsageLogging)
    encryption: BucketEncryption = field(default_factory=BucketEncryption)
    lifecycle: Lifecycle = field(default_factory=Lifecycle)
    cors: list[CorsRule] = []
    website: Website | None = None

    @property
    def has_uniform_access(self) -> bool:
        """Whether IAM alone decides who gets in, and access control lists are ignored."""
        configuration = self.iam_configuration
        return configuration.uniform_bucket_level_access.enabled or configuration.bucket_policy_only.enabled

    @property
    def prevents_public_access(self) -> bool:
        """Whether the bucket itself enforces public access prevention (a constraint above it may as well)."""
        return self.iam_configuration.public_access_prevention == "enforced"

    @property
    def surely_prevents_public_access(self) -> bool:
        """As `prevents_public_access`; False where that is not known.

        For a grant to the public: Cloud Storage refuses to make one where prevention is enforced, so the
        grant counts as long as nobody knows better.
        """
        try:
            return self.prevents_public_access
        except Undetermined:
            return False

    @property
    def public_access_control(self) -> AccessControl | None:
        """The first access control list entry in force that lets the public in."""
        for entry in (*self.acl, *self.default_object_acl):
            if entry.entity in PUBLIC and not (self.has_uniform_access or self.prevents_public_access):
                return entry
        return None

    @property
    def is_kept_by_google(self) -> bool:
        """Whether a Google service made the bucket for its own staging files, and makes it again when it is gone."""
        name = self.asset.id
        return name.startswith(_STAGING) or (name.endswith(".appspot.com") and name.startswith("artifacts."))
