"""Deny policies for tests, as assets have them."""

from __future__ import annotations

import json
from typing import Any

from auditor.access.deny import DenyPolicies
from auditor.resources.decode import decoder, resource_of
from auditor.resources.iam_policies import DenyPolicy

ANYONE = "principalSet://goog/public:all"


def deny_policy(where: str, *rules: dict[str, Any], name: str = "limit", **line: Any) -> DenyPolicy:
    """A deny policy as the API gives it, read from a line."""
    attached = f"cloudresourcemanager.googleapis.com/{where}".replace("/", "%2F")
    path = f"policies/{attached}/denypolicies/{name}"
    document = {
        "name": f"//iam.googleapis.com/{path}",
        "asset_type": "iam.googleapis.com/DenyPolicy",
        "resource": {"data": {"name": path, "kind": "DenyPolicy", "rules": [{"denyRule": rule} for rule in rules]}},
        "ancestors": [where],
        **line,
    }
    shown = resource_of(decoder(DenyPolicy).decode(json.dumps(document).encode()), DenyPolicy)
    assert isinstance(shown, DenyPolicy)
    return shown


def policies(*given: DenyPolicy) -> DenyPolicies:
    """Policies of which none is missing."""
    return DenyPolicies(given, complete=True)
