"""Rows of the lists of detections, each as what it is about: an estate that has the problem, and one that nearly has.

The estates are written from the rows' own deciding fields, not from our checks' examples.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from auditor.check import Example, asset
from auditor.loading import load_checks
from auditor.resources.base import VIEWS

load_checks()  # which declares the views
HERE, ORG = ["projects/1001", "folders/2001", "organizations/3001"], ["organizations/3001"]
Estate = Sequence[Example]


@dataclass(frozen=True)
class Row:
    """A row of the lists: what has the problem and what nearly has it."""

    id: str
    bad: Estate
    near: Estate


def a(
    kind: str,
    data: dict[str, Any] | None = None,
    *,
    at: str = "",
    grants: dict[str, list[str]] | None = None,
    audit: list[dict[str, Any]] | None = None,
    ancestors: Sequence[str] = HERE,
) -> Example:
    """An asset of a type; `grants` are roles with their members."""
    policy: dict[str, Any] | None = None
    if grants is not None or audit is not None:
        bindings = [{"role": role, "members": members} for role, members in (grants or {}).items()]
        policy = {"bindings": bindings, **({"auditConfigs": audit} if audit else {})}
    return asset(VIEWS[kind], data or {}, policy=policy, name=at, ancestors=ancestors)


def project(
    grants: dict[str, list[str]] | None = None, audit: list[dict[str, Any]] | None = None, **data: Any
) -> Example:
    return a(
        "cloudresourcemanager.googleapis.com/Project",
        {"projectId": "p", "projectNumber": "1001", "state": "ACTIVE", **data},
        grants=grants or {},
        audit=audit,
        at="//cloudresourcemanager.googleapis.com/projects/1001",
    )


def organization(grants: dict[str, list[str]] | None = None, audit: list[dict[str, Any]] | None = None) -> Example:
    return a(
        "cloudresourcemanager.googleapis.com/Organization",
        {"displayName": "example.com"},
        grants=grants or {},
        audit=audit,
        at="//cloudresourcemanager.googleapis.com/organizations/3001",
        ancestors=ORG,
    )


def folder() -> Example:
    return a(
        "cloudresourcemanager.googleapis.com/Folder",
        {"displayName": "f"},
        grants={},
        at="//cloudresourcemanager.googleapis.com/folders/2001",
        ancestors=["folders/2001", *ORG],
    )


def service(name: str, state: str = "ENABLED") -> Example:
    return a(
        "serviceusage.googleapis.com/Service",
        {"state": state, "name": f"projects/1001/services/{name}"},
        at=f"//serviceusage.googleapis.com/projects/1001/services/{name}",
    )


KEY = "//cloudkms.googleapis.com/projects/p/locations/eu/keyRings/r/cryptoKeys/k"
USERS = [f"user:{name}@example.com" for name in ("ann", "bob", "cleo", "dan")]
ACCOUNTS = [f"serviceAccount:{name}@p.iam.gserviceaccount.com" for name in ("a", "b", "c", "d")]


def bucket(**data: Any) -> Example:
    return a("storage.googleapis.com/Bucket", {"name": "b", **data}, at="//storage.googleapis.com/b", grants={})
