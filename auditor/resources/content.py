"""The shapes that asset lines come in, brought to one: snake_case envelope, one asset a record.

`gcloud asset export` writes snake_case; `gcloud asset list` and the REST API camelCase. Organisation
policies and access policies hang on the project, folder or organisation they were set on; here each
becomes an asset of its own, as the resource content of the same thing would be.
"""

from __future__ import annotations

import re
from typing import Any

from auditor.resources.decode import Unreadable

_TOP = {
    "assetType": "asset_type",
    "iamPolicy": "iam_policy",
    "orgPolicy": "org_policy",
    "accessPolicy": "access_policy",
    "accessLevel": "access_level",
    "servicePerimeter": "service_perimeter",
    "updateTime": "update_time",
    "ancestryPath": "ancestry_path",
}
_ACCESS = {
    "access_policy": "AccessPolicy",
    "access_level": "AccessLevel",
    "service_perimeter": "ServicePerimeter",
}
_ACM = "accesscontextmanager.googleapis.com"

CARRIES_POLICIES = re.compile(
    rb'"(?:org_?[pP]olicy|access_?[pP]olicy|access_?[lL]evel|service_?[pP]erimeter)"\s*:|"identity\.accesscontext'
)
"""Found in every line that `records` would take apart."""


def records(document: dict[str, Any]) -> list[dict[str, Any]]:
    """The assets in one parsed line. Raises `Unreadable` where it is no asset."""
    if "asset" in document and isinstance(document["asset"], dict):  # a feed message
        if document.get("deleted"):
            return []
        document = document["asset"]
    asset = {_TOP.get(key, key): value for key, value in document.items()}
    for key in ("name", "asset_type"):
        if not isinstance(asset.get(key), str) or not asset[key]:
            raise Unreadable(f"not an asset: no {key!r}")
    asset["asset_type"] = (
        asset["asset_type"].removeprefix("identity.") if _ACM in asset["asset_type"] else asset["asset_type"]
    )
    found = [_org_policy(asset, policy) for policy in asset.pop("org_policy", None) or []]
    for key, kind in _ACCESS.items():
        content = asset.pop(key, None)
        if content:
            found.append(_access(asset, kind, content))
    if not found or asset.get("resource") is not None or asset.get("iam_policy") is not None:
        found.insert(0, asset)
    return found


def _access(asset: dict[str, Any], kind: str, content: dict[str, Any]) -> dict[str, Any]:
    data = camel(content)
    name = str(data.get("name", ""))
    if not name:
        raise Unreadable(f"a {kind} without a name")
    return {
        "name": f"//{_ACM}/{name}",
        "asset_type": f"{_ACM}/{kind}",
        "resource": {"data": data},
        "ancestors": asset.get("ancestors") or [],
    }


def _org_policy(asset: dict[str, Any], policy: dict[str, Any]) -> dict[str, Any]:
    """A v1 organisation policy as the v2 API would return it."""
    v1 = camel(policy)
    constraint = str(v1.get("constraint", "")).removeprefix("constraints/")
    if not constraint:
        raise Unreadable("an organisation policy without a constraint")
    spec: dict[str, Any] = {}
    if "restoreDefault" in v1:
        spec["reset"] = True
    elif "booleanPolicy" in v1:
        spec["rules"] = [{"enforce": bool((v1["booleanPolicy"] or {}).get("enforced", False))}]
    elif "listPolicy" in v1:
        listed = v1["listPolicy"] or {}
        spec["inheritFromParent"] = bool(listed.get("inheritFromParent", False))
        spec["rules"] = [_list_rule(listed)]
    container = (asset.get("ancestors") or [asset["name"].removeprefix("//cloudresourcemanager.googleapis.com/")])[0]
    return {
        "name": f"//orgpolicy.googleapis.com/{container}/policies/{constraint}",
        "asset_type": "orgpolicy.googleapis.com/Policy",
        "resource": {"data": {"name": f"{container}/policies/{constraint}", "spec": spec}},
        "ancestors": asset.get("ancestors") or [],
    }


def _list_rule(listed: dict[str, Any]) -> dict[str, Any]:
    everything = listed.get("allValues")
    if everything in ("ALLOW", 1):
        return {"allowAll": True}
    if everything in ("DENY", 2):
        return {"denyAll": True}
    values = {name: listed[name] for name in ("allowedValues", "deniedValues") if listed.get(name)}
    return {"values": values}


def camel(value: Any) -> Any:
    """`value` with every snake_case object key in camelCase."""
    if isinstance(value, dict):
        return {_camel_key(key): camel(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [camel(entry) for entry in value]
    return value


def _camel_key(key: str) -> str:
    head, *rest = key.split("_")
    return head + "".join(word[:1].upper() + word[1:] for word in rest)
