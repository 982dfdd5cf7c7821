"""What the examples of these checks have in common: a project, its default sink and an export."""

from __future__ import annotations

from typing import Any


def audit_config(service: str, *log_types: str, **exempted: list[str]) -> dict[str, Any]:
    """An audit configuration of an example, in the API's form."""
    logs = [
        {"logType": kind, **({"exemptedMembers": exempted[kind]} if kind in exempted else {})} for kind in log_types
    ]
    return {"service": service, "auditLogConfigs": logs}


SINKS = "//logging.googleapis.com"
SHOP = {"projectId": "shop", "state": "ACTIVE"}
IN_ORGANIZATION = ["organizations/3001"]
IN_FOLDER = ["folders/2001", *IN_ORGANIZATION]
DEFAULT_FILTER = (
    'NOT LOG_ID("cloudaudit.googleapis.com/activity") AND NOT LOG_ID("externalaudit.googleapis.com/activity") AND '
    'NOT LOG_ID("cloudaudit.googleapis.com/system_event") AND NOT LOG_ID("externalaudit.googleapis.com/system_event") '
    'AND NOT LOG_ID("cloudaudit.googleapis.com/access_transparency") AND '
    'NOT LOG_ID("externalaudit.googleapis.com/access_transparency")'
)
DEFAULT_SINK_NAME = f"{SINKS}/projects/1001/sinks/_Default"
DEFAULT_SINK = {
    "name": "_Default",
    "destination": "logging.googleapis.com/projects/shop/locations/global/buckets/_Default",
    "filter": DEFAULT_FILTER,
}
EXPORT = {"name": "archive", "destination": "storage.googleapis.com/audit-archive"}
PROJECT_SINK_NAME = f"{SINKS}/projects/1001/sinks/archive"
ORGANIZATION_SINK_NAME = f"{SINKS}/organizations/3001/sinks/archive"
FOLDER_SINK_NAME = f"{SINKS}/folders/2001/sinks/archive"
UNREADABLE: list[Any] = [
    7,
    ["allServices"],
    [{"service": "allServices", "auditLogConfigs": "DATA_READ"}],
    [
        {
            "service": "allServices",
            "auditLogConfigs": [{"logType": "DATA_READ", "exemptedMembers": "user:a@example.com"}],
        }
    ],
    [{"service": "allServices", "auditLogConfigs": [{"logType": 9}]}],
    [{"service": "allServices", "auditLogConfigs": [{"logType": "EVERYTHING"}]}],
    [{"service": 5}],
]
"""Audit configurations that are not in the API's form."""
EVERYTHING_ON = {"auditConfigs": [audit_config("allServices", "ADMIN_READ", "DATA_READ", "DATA_WRITE")]}
SILENT: dict[str, Any] = {"bindings": []}
