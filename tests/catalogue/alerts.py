"""Rows about alerts on the audit log."""

from __future__ import annotations

from typing import Any

from auditor.check import Example
from tests.catalogue import Row, a, bucket, project
from tests.catalogue.keys import account, kms


def alerting(text: str, **policy: Any) -> list[Example]:
    """A metric with the filter, and an alert on it that reaches somebody."""
    condition = {
        "filter": 'metric.type="logging.googleapis.com/user/m"',
        "comparison": "COMPARISON_GT",
        "thresholdValue": 0,
    }
    return [
        a(
            "logging.googleapis.com/LogMetric",
            {"name": "m", "filter": text},
            at="//logging.googleapis.com/projects/1001/metrics/m",
        ),
        a(
            "monitoring.googleapis.com/AlertPolicy",
            {
                "conditions": [{"conditionThreshold": condition}],
                "enabled": True,
                "notificationChannels": ["projects/p/notificationChannels/1"],
                **policy,
            },
        ),
    ]


def alert(row: str, text: str, *surroundings: Example) -> list[Row]:
    """A row about an alert: the metric is there and its alert is off; nobody is told; and all is there."""
    there = [project(), *alerting(text), *surroundings]
    return [
        Row(row, [project(), *alerting(text, enabled=False), *surroundings], there),
        Row(row, [project(), *alerting(text, notificationChannels=[]), *surroundings], there),
    ]


METHOD = "protoPayload.methodName"
ALERTS = [
    *alert(
        "alert-sa-key-created",
        f'{METHOD}=("google.iam.admin.v1.CreateServiceAccountKey" OR "google.iam.admin.v1.UploadServiceAccountKey")',
        account(),
    ),
    *alert("alert-orgpolicy-change", 'protoPayload.serviceName="orgpolicy.googleapis.com"'),
    *alert("alert-kms-destroy", f'{METHOD}=("DestroyCryptoKeyVersion" OR "UpdateCryptoKeyVersion")', kms()),
    *alert(
        "alert-firewall",
        f'resource.type="gce_firewall_rule" {METHOD}:("firewalls.insert" OR "firewalls.patch" OR "firewalls.delete")',
        a("compute.googleapis.com/Network", {"name": "n"}),
    ),
    *alert(
        "alert-sql-config",
        f'{METHOD}="cloudsql.instances.update"',
        a("sqladmin.googleapis.com/Instance", {"name": "d"}),
    ),
    *alert("alert-gcs-iam", f'{METHOD}="storage.setIamPermissions"', bucket()),
]
