"""Cloud CDN: backend buckets.

Source: cloud.google.com/compute/docs/reference/rest/v1/backendBuckets
"""

from __future__ import annotations

from msgspec import field

from auditor.resources.base import Resource, View, shows


class CdnPolicy(View):
    """`cdnPolicy`."""

    signed_url_key_names: list[str] = []


@shows("compute.googleapis.com/BackendBucket")
class BackendBucket(Resource):
    """A bucket that a load balancer serves."""

    name: str = ""
    bucket_name: str = ""
    enable_cdn: bool = False
    cdn_policy: CdnPolicy = field(default_factory=CdnPolicy)
