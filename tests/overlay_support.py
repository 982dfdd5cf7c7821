"""Plans and assets for the tests of plans laid over an estate."""

from __future__ import annotations

from typing import Any

HOME = ["projects/1001", "folders/2001", "organizations/3001"]
BUCKET = {"name": "b", "location": "EU", "project": "p-1001", "uniform_bucket_level_access": True}
OPEN_TO_ALL = {"bucket": "b", "role": "roles/storage.objectViewer", "member": "allUsers", "condition": []}


def change(address: str, before: Any, after: Any, *actions: str, unknown: Any = None, **more: Any) -> dict[str, Any]:
    """One entry of `resource_changes`."""
    kind, name = address.rpartition("module.")[2].partition("[")[0].split(".")[-2:]
    told = actions or (("create",) if before is None else ("delete",) if after is None else ("update",))
    body = {"actions": list(told), "before": before, "after": after, "after_unknown": unknown or {}}
    return {"address": address, "mode": "managed", "type": kind, "name": name, "change": body, **more}


def plan_of(*changes: Any, config: Any = None, **more: Any) -> dict[str, Any]:
    """A plan in the project p-1001."""
    provider = {"google": {"name": "google", "expressions": {"project": {"constant_value": "p-1001"}}}}
    configuration = {"provider_config": provider, "root_module": config or {}}
    return {
        "format_version": "1.2",
        "planned_values": {},
        "resource_changes": list(changes),
        "configuration": configuration,
        **more,
    }


def asset(kind: str, name: str, data: Any = None, **more: Any) -> dict[str, Any]:
    """An asset of an export."""
    resource = {} if data is None else {"resource": {"data": data}}
    return {"name": name, "asset_type": kind, "ancestors": HOME, **resource, **more}


def bucket(**data: Any) -> dict[str, Any]:
    """The bucket `b` as an export has it, with more than a plan says."""
    own = {"name": "b", "location": "EU", "projectNumber": "1001", "timeCreated": "2025-01-01T00:00:00Z"}
    access = {"uniformBucketLevelAccess": {"enabled": True}, "publicAccessPrevention": "inherited"}
    return asset(
        "storage.googleapis.com/Bucket", "//storage.googleapis.com/b", {**own, "iamConfiguration": access, **data}
    )
