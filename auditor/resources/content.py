"""The shapes that asset lines come in, brought to one: snake_case envelope, one asset a record.

`gcloud asset export` writes snake_case; `gcloud asset list` and the REST API camelCase. Organisation
policies and access policies hang on the project, folder or organisation they were set on; here each
becomes an asset of its own, as the resource content of the same thing would be.
"""

from __future__ import annotations

import re
from typing import Any

from auditor.completeness import COLLECTION
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


OURS = ("unknown", "address", "source")
"""Keys of a record that only a source of ours may set: an export has no such thing to say."""


def records(document: dict[str, Any], *, trusted: bool = False) -> list[dict[str, Any]]:
    """The assets in one parsed line. Raises `Unreadable` where it is no asset."""
    if "asset" in document and isinstance(document["asset"], dict):  # a feed message
        if document.get("deleted"):
            return []
        document = document["asset"]
    asset = {_TOP.get(key, key): value for key, value in document.items() if trusted or key not in OURS}
    for key in ("name", "asset_type"):
        if not isinstance(asset.get(key), str) or not asset[key]:
            raise Unreadable(f"not an asset: no {key!r}")
    if asset["asset_type"] == COLLECTION:
        raise Unreadable("what a collection lacks is told in the middle of a file; give it as a file of its own")
    asset["asset_type"] = (
        asset["asset_type"].removeprefix("identity.") if _ACM in asset["asset_type"] else asset["asset_type"]
    )
    policies = asset.pop("org_policy", None) or []
    if not isinstance(policies, list):
        raise Unreadable("org_policy is no list")
    found = [_org_policy(asset, _object(policy, "an organisation policy")) for policy in policies]
    for key, kind in _ACCESS.items():
        content = asset.pop(key, None)
        if content:
            found.append(_access(asset, kind, _object(content, key)))
    if not found or asset.get("resource") is not None or asset.get("iam_policy") is not None:
        found.insert(0, asset)
    return found


def _object(value: Any, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Unreadable(f"{what} is no object")
    return value


def _flag(value: Any, what: str) -> bool:
    if value in (True, "true", "TRUE"):
        return True
    if value in (None, False, "false", "FALSE"):
        return False
    raise Unreadable(f"{what} is neither true nor false")


def _access(asset: dict[str, Any], kind: str, content: dict[str, Any]) -> dict[str, Any]:
    data = camel(content)
    name = str(data.get("name", ""))
    if not name:
        raise Unreadable(f"a {kind} without a name")
    return {
        "name": f"//{_ACM}/{name}",
        "asset_type": f"{_ACM}/{kind}",
        "resource": {"data": data},
        "ancestors": _ancestors(asset),
    }


def _ancestors(asset: dict[str, Any]) -> list[Any]:
    """The ancestors of a project, folder or organisation; itself alone where the line has none."""
    ancestors = asset.get("ancestors")
    if isinstance(ancestors, list) and ancestors:
        return ancestors
    return [asset["name"].removeprefix("//cloudresourcemanager.googleapis.com/")]


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
        boolean = _object(v1["booleanPolicy"] or {}, "booleanPolicy")
        spec["rules"] = [{"enforce": _flag(boolean.get("enforced"), "booleanPolicy.enforced")}]
    elif "listPolicy" in v1:
        listed = _object(v1["listPolicy"] or {}, "listPolicy")
        spec["inheritFromParent"] = _flag(listed.get("inheritFromParent"), "listPolicy.inheritFromParent")
        spec["rules"] = [_list_rule(listed)]
    container = str(_ancestors(asset)[0])
    return {
        "name": f"//orgpolicy.googleapis.com/{container}/policies/{constraint}",
        "asset_type": "orgpolicy.googleapis.com/Policy",
        "resource": {"data": {"name": f"{container}/policies/{constraint}", "spec": spec}},
        "ancestors": _ancestors(asset),
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
