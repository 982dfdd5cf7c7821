"""Rows about audit logging."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from auditor.check import Example
from tests.catalogue import HERE, ORG, USERS, Row, a, bucket, folder, organization, project, service

ALL_LOGS = [
    {
        "service": "allServices",
        "auditLogConfigs": [{"logType": kind} for kind in ("ADMIN_READ", "DATA_READ", "DATA_WRITE")],
    }
]


def logs(service_name: str, *kinds: str, exempted: Sequence[str] = ()) -> list[dict[str, Any]]:
    configs = [{"logType": kind, **({"exemptedMembers": list(exempted)} if exempted else {})} for kind in kinds]
    return [{"service": service_name, "auditLogConfigs": configs}]


def sink(short: str = "archive", on: str = "projects/1001", **data: Any) -> Example:
    given = {"name": short, "destination": "storage.googleapis.com/audit-archive", **data}
    ancestors = HERE if on.startswith("projects") else [on] if on in ORG else [on, *ORG]
    return a(
        "logging.googleapis.com/LogSink", given, at=f"//logging.googleapis.com/{on}/sinks/{short}", ancestors=ancestors
    )


def archive(grants: dict[str, list[str]] | None = None, **data: Any) -> Example:
    given = {
        "name": "audit-archive",
        "projectNumber": "2002",
        "retentionPolicy": {"retentionPeriod": "31536000", "isLocked": True},
        "versioning": {"enabled": True},
        **data,
    }
    return a(
        "storage.googleapis.com/Bucket",
        {name: value for name, value in given.items() if value is not None},
        at="//storage.googleapis.com/audit-archive",
        grants=grants or {},
        ancestors=["projects/2002", *ORG],
    )


def log_bucket(short: str = "audit", **data: Any) -> Example:
    name = f"projects/1001/locations/global/buckets/{short}"
    given = {"name": name, "retentionDays": 400, "locked": True, "lifecycleState": "ACTIVE", **data}
    return a("logging.googleapis.com/LogBucket", given, at=f"//logging.googleapis.com/{name}")


def firewall(**data: Any) -> Example:
    given = {"name": "f", "direction": "INGRESS", "allowed": [{"IPProtocol": "tcp", "ports": ["443"]}], **data}
    return a("compute.googleapis.com/Firewall", given)


def backend(**data: Any) -> Example:
    given = {"name": "web", "protocol": "HTTPS", "loadBalancingScheme": "EXTERNAL_MANAGED", **data}
    return a("compute.googleapis.com/BackendService", given)


TO_BUCKET = sink(destination="logging.googleapis.com/projects/1001/locations/global/buckets/audit")
LOGGING = [
    Row(
        "audit-config-all-services",
        [project(), folder(), organization()],
        [project(audit=ALL_LOGS), folder(), organization(audit=ALL_LOGS)],
    ),
    Row(
        "audit-exempted-members",
        [project(audit=logs("allServices", "DATA_READ", exempted=USERS[:1]))],
        [project(audit=logs("allServices", "DATA_READ"))],
    ),
    Row(
        "gcs-data-access-logs",
        [project(audit=logs("storage.googleapis.com", "DATA_READ")), bucket(), folder(), organization()],
        [project(audit=ALL_LOGS), bucket(), folder(), organization()],
    ),
    Row(
        "data-access-critical-services",
        [project(), service("secretmanager.googleapis.com"), folder(), organization()],
        [project(audit=ALL_LOGS), service("secretmanager.googleapis.com"), folder(), organization()],
    ),
    Row(
        "log-bucket-retention-lock",
        [archive(retentionPolicy={"retentionPeriod": "31536000"}), sink()],
        [archive(), sink()],
    ),
    Row("log-bucket-retention-set", [archive(retentionPolicy=None), sink()], [archive(), sink()]),
    Row(
        "log-bucket-public",
        [archive({"roles/storage.objectViewer": ["allUsers"]}), sink()],
        [archive({"roles/storage.objectViewer": ["group:audit@example.com"]}), sink()],
    ),
    Row("log-bucket-versioning", [archive(versioning=None, retentionPolicy=None), sink()], [archive(), sink()]),
    Row(
        "dns-query-logging",
        [
            a(
                "compute.googleapis.com/Network",
                {"name": "n", "subnetworks": ["s"]},
                at="//compute.googleapis.com/projects/p/global/networks/n",
            )
        ],
        [
            a(
                "compute.googleapis.com/Network",
                {"name": "n", "subnetworks": ["s"]},
                at="//compute.googleapis.com/projects/p/global/networks/n",
            ),
            a(
                "dns.googleapis.com/Policy",
                {"enableLogging": True, "networks": [{"networkUrl": "https://c/projects/p/global/networks/n"}]},
            ),
        ],
    ),
    Row(
        "asset-inventory-enabled",
        [project(), service("run.googleapis.com")],
        [project(), service("cloudasset.googleapis.com")],
    ),
    Row("lb-logging", [backend()], [backend(logConfig={"enable": True, "sampleRate": 1.0})]),
    Row(
        "lb-log-sampling",
        [backend(logConfig={"enable": True, "sampleRate": 0.1})],
        [backend(logConfig={"enable": True, "sampleRate": 1.0})],
    ),
    Row(
        "flow-logs",
        [a("compute.googleapis.com/Subnetwork", {"purpose": "PRIVATE"})],
        [a("compute.googleapis.com/Subnetwork", {"purpose": "REGIONAL_MANAGED_PROXY"})],
    ),
    Row(
        "flow-logs-settings",
        [a("compute.googleapis.com/Subnetwork", {"logConfig": {"enable": True, "flowSampling": 0.01}})],
        [
            a(
                "compute.googleapis.com/Subnetwork",
                {"logConfig": {"enable": True, "flowSampling": 0.5, "filterExpr": "true"}},
            )
        ],
    ),
    Row("firewall-logging", [firewall()], [firewall(logConfig={"enable": True})]),
    Row(
        "firewall-log-metadata",
        [firewall(logConfig={"enable": True, "metadata": "EXCLUDE_ALL_METADATA"})],
        [firewall(logConfig={"enable": True, "metadata": "INCLUDE_ALL_METADATA"})],
    ),
    Row("bucket-access-logging", [bucket()], [bucket(logging={"logBucket": "logs"})]),
    Row("bucket-self-logging", [bucket(logging={"logBucket": "b"})], [bucket(logging={"logBucket": "logs"})]),
    Row(
        "enable-usage-export",
        [a("compute.googleapis.com/Project", {"name": "p"})],
        [a("compute.googleapis.com/Project", {"usageExportLocation": {"bucketName": "b"}})],
    ),
    Row("sink-disabled", [sink(disabled=True)], [sink()]),
    Row(
        "sink-exclusion-drops-audit",
        [
            sink(
                "_Default",
                destination="logging.googleapis.com/projects/p/locations/global/buckets/_Default",
                exclusions=[{"name": "x", "filter": 'logName:"cloudaudit.googleapis.com"'}],
            )
        ],
        [
            sink(
                "_Default",
                destination="logging.googleapis.com/projects/p/locations/global/buckets/_Default",
                exclusions=[{"name": "x", "filter": 'resource.type="gce_instance"', "disabled": True}],
            )
        ],
    ),
    Row(
        "default-sink-tampered",
        [
            sink(
                "_Default",
                disabled=True,
                destination="logging.googleapis.com/projects/p/locations/global/buckets/_Default",
            )
        ],
        [sink("_Default", destination="logging.googleapis.com/projects/p/locations/global/buckets/_Default")],
    ),
    Row(
        "org-sink-missing",
        [organization(), sink(on="organizations/3001", includeChildren=False)],
        [organization(), sink(on="organizations/3001", includeChildren=True)],
    ),
    Row("log-bucket-retention-short", [log_bucket(retentionDays=7), TO_BUCKET], [log_bucket(), TO_BUCKET]),
    Row("log-bucket-not-locked", [log_bucket(locked=False), TO_BUCKET], [log_bucket(), TO_BUCKET]),
    Row(
        "log-bucket-no-cmek",
        [log_bucket()],
        [log_bucket(cmekSettings={"kmsKeyName": "projects/p/locations/eu/keyRings/r/cryptoKeys/k"})],
    ),
    Row(
        "log-view-wide",
        [project({"roles/logging.privateLogViewer": ["domain:example.com"]})],
        [project({"roles/logging.privateLogViewer": ["group:audit@example.com"]})],
    ),
    Row(
        "security-logs-same-project",
        [
            sink(destination="storage.googleapis.com/audit-here"),
            a("storage.googleapis.com/Bucket", {"name": "audit-here"}, at="//storage.googleapis.com/audit-here"),
            project(),
        ],
        [sink(), archive(), project()],
    ),
    Row(
        "nat-logging-off",
        [a("compute.googleapis.com/Router", {"nats": [{"name": "n", "logConfig": {"enable": False}}]})],
        [a("compute.googleapis.com/Router", {"nats": [{"name": "n", "logConfig": {"enable": True}}]})],
    ),
    Row(
        "sink-all-entries",
        [
            project(),
            sink("_Default", destination="logging.googleapis.com/projects/p/locations/global/buckets/_Default"),
        ],
        [project(), sink()],
    ),
    Row(
        "sink-dangling-destination", [sink(), project(), organization()], [sink(), project(), organization(), archive()]
    ),
]
