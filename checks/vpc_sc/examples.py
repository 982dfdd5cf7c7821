"""Perimeters and access levels as the examples of this area's checks need them."""

from __future__ import annotations

from typing import Any

from auditor import Example, asset
from auditor.resources.vpc_sc import AccessLevel, ServicePerimeter

POLICY = "accessPolicies/987654"
OFFICE = f"{POLICY}/accessLevels/office"

DATA_SERVICES = (
    "aiplatform.googleapis.com",
    "artifactregistry.googleapis.com",
    "bigquery.googleapis.com",
    "bigtable.googleapis.com",
    "cloudkms.googleapis.com",
    "firestore.googleapis.com",
    "pubsub.googleapis.com",
    "run.googleapis.com",
    "secretmanager.googleapis.com",
    "spanner.googleapis.com",
    "sqladmin.googleapis.com",
    "storage.googleapis.com",
)
"""Services that hold or run on a company's data, and that VPC Service Controls supports."""

ENFORCED: dict[str, Any] = {
    "resources": ["projects/1001", "projects/1002"],
    "restrictedServices": list(DATA_SERVICES),
    "accessLevels": [OFFICE],
    "vpcAccessibleServices": {"enableRestriction": True, "allowedServices": ["RESTRICTED-SERVICES"]},
}
"""The configuration of a perimeter that protects two projects."""

MINIMAL: dict[str, Any] = {"resources": ["projects/1001"], "restrictedServices": ["storage.googleapis.com"]}


def perimeter(status: dict[str, Any] | None = None, *, unknown: tuple[str, ...] = (), **data: Any) -> Example:
    """A perimeter called `customers` with an enforced configuration."""
    return named_perimeter("customers", status, unknown=unknown, **data)


def named_perimeter(
    name: str, status: dict[str, Any] | None = None, *, unknown: tuple[str, ...] = (), **data: Any
) -> Example:
    """A perimeter, by its short name."""
    resource = f"{POLICY}/servicePerimeters/{name}"
    given = {"name": resource, "title": name, **({} if status is None else {"status": status}), **data}
    return asset(
        ServicePerimeter,
        given,
        name=f"//accesscontextmanager.googleapis.com/{resource}",
        ancestors=["organizations/3001"],
        unknown=unknown,
    )


def level(
    *conditions: dict[str, Any], combine: str = "AND", name: str = "office", unknown: tuple[str, ...] = (), **data: Any
) -> Example:
    """An access level: basic with `conditions`, or as `data` says."""
    resource = f"{POLICY}/accessLevels/{name}"
    basic = {"basic": {"combiningFunction": combine, "conditions": list(conditions)}} if conditions else {}
    return asset(
        AccessLevel,
        {"name": resource, "title": name, **basic, **data},
        name=f"//accesscontextmanager.googleapis.com/{resource}",
        ancestors=["organizations/3001"],
        unknown=unknown,
    )
