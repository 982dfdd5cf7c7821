"""Boundary policies and bindings for tests, as assets have them."""

from __future__ import annotations

import json
from typing import Any, TypeVar

from auditor.resources.base import Resource
from auditor.resources.decode import decoder, resource_of
from auditor.resources.iam_policies import PolicyBinding, PrincipalAccessBoundaryPolicy

R = TypeVar("R", bound=Resource)
MANAGER = "//cloudresourcemanager.googleapis.com/"
ORGANISATION = "organizations/123456789012"
PARENT = f"{ORGANISATION}/locations/global"
SERVICE_ACCOUNTS_ONLY = "principal.type == 'iam.googleapis.com/ServiceAccount'"


def shown(view: type[R], name: str, data: dict[str, Any], **line: Any) -> R:
    """A resource as the API gives it, read from a line."""
    document = {
        "name": f"//iam.googleapis.com/{name}",
        "asset_type": f"iam.googleapis.com/{view.__name__}",
        "resource": {"data": {"name": name, **data}},
        "ancestors": [ORGANISATION],
        **line,
    }
    resource = resource_of(decoder(view).decode(json.dumps(document).encode()), view)
    assert isinstance(resource, view)
    return resource


def policy(
    name: str, *resources: str, version: str = "4", rules: list[dict[str, Any]] | None = None, **line: Any
) -> PrincipalAccessBoundaryPolicy:
    """A boundary with one rule that lists resources, or with the given rules."""
    if rules is None:
        rules = [{"resources": [MANAGER + resource for resource in resources], "effect": "ALLOW"}]
    path = f"{PARENT}/principalAccessBoundaryPolicies/{name}"
    data = {"details": {"rules": rules, "enforcementVersion": version}}
    return shown(PrincipalAccessBoundaryPolicy, path, data, **line)


def binding(of: str, to: str = ORGANISATION, condition: str = "", **line: Any) -> PolicyBinding:
    """What binds a boundary to a principal set."""
    data: dict[str, Any] = {
        "policy": f"{PARENT}/principalAccessBoundaryPolicies/{of}",
        "policyKind": "PRINCIPAL_ACCESS_BOUNDARY",
        "target": {"principalSet": to if to.startswith("//") else MANAGER + to},
    }
    if condition:
        data["condition"] = {"expression": condition}
    return shown(PolicyBinding, f"{PARENT}/policyBindings/{of}-binding", data, **line)
