"""API keys for the examples of the checks in this folder."""

from __future__ import annotations

from typing import Any

from auditor import asset
from auditor.check import Example
from auditor.resources.api_keys import ApiKey

SITE = {"browserKeyRestrictions": {"allowedReferrers": ["https://app.example.com/*"]}}
SERVER = {"serverKeyRestrictions": {"allowedIps": ["203.0.113.7", "2001:db8:1::/64"]}}
ROUTES = {"apiTargets": [{"service": "routes.googleapis.com"}]}

_NAME = "//apikeys.googleapis.com/projects/1001/locations/global/keys/b7ff1f9f-8275-410a-94dd-3855ee9b5dd2"


def example_key(restrictions: dict[str, Any] | None = None, **data: Any) -> Example:
    """A live key, 52 days old; without restrictions its data has no such field, as in exports."""
    document: dict[str, Any] = {"displayName": "Routes, front end", "createTime": "2026-10-01T00:00:00Z", **data}
    if restrictions is not None:
        document["restrictions"] = restrictions
    return asset(ApiKey, document, name=_NAME)


def deleted_key(restrictions: dict[str, Any] | None = None, **data: Any) -> Example:
    """The same key, deleted, but not purged yet."""
    return example_key(restrictions, deleteTime="2026-11-20T00:00:00Z", **data)
