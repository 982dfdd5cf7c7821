"""Cloud Storage. Source: cloud.google.com/storage/docs/json_api/v1/buckets"""

from __future__ import annotations

from msgspec import field

from auditor.resources.base import Resource, View, shows


class UniformAccess(View):
    """`iamConfiguration.uniformBucketLevelAccess`."""

    enabled: bool = False


class BucketIamConfiguration(View):
    """`iamConfiguration`."""

    public_access_prevention: str = "inherited"
    uniform_bucket_level_access: UniformAccess = field(default_factory=UniformAccess)


@shows("storage.googleapis.com/Bucket")
class Bucket(Resource):
    """A bucket."""

    iam_configuration: BucketIamConfiguration = field(default_factory=BucketIamConfiguration)
