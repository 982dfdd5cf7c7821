# ruff: noqa: E501 - filters stand in one line, as people write them
"""Filters of log-based metrics as people write them: those that match every event of a watch pass, others fail.

The spellings are those of benchmarks, modules and blog posts, with their mistakes.
"""

from __future__ import annotations

from typing import Any

import pytest

from auditor.check import Check
from auditor.loading import load_checks
from auditor.model.verdict import Outcome
from auditor.testing import judge

CHECKS = {check.id: check for check in load_checks()}
DELTA = "protoPayload.serviceData.policyDelta"
OWNER = f'{DELTA}.bindingDeltas.role="roles/owner"'
BENCHMARK_OWNER = (
    '(protoPayload.serviceName="cloudresourcemanager.googleapis.com") AND (ProjectOwnership OR projectOwnerInvitee) OR '
    f'({DELTA}.bindingDeltas.action="REMOVE" AND {OWNER}) OR ({DELTA}.bindingDeltas.action="ADD" AND {OWNER})'
)
ROLE = "google.iam.admin.v1."


def methods(*names: str, sign: str = "=") -> str:
    """`(protoPayload.methodName="a" OR protoPayload.methodName="b")`."""
    return "(" + " OR ".join(f'protoPayload.methodName{sign}"{name}"' for name in names) + ")"


def verbs(collection: str, *names: str, version: str = "") -> list[str]:
    """Compute Engine's methods."""
    return [f"{version}compute.{collection}.{name}" for name in names]


FIREWALL, ROUTE, NETWORK = "firewall-change-unwatched", "route-change-unwatched", "network-change-unwatched"
PEER = ("insert", "patch", "delete", "removePeering", "addPeering")

TOLD = [
    ("project-ownership-change-unwatched", BENCHMARK_OWNER),
    ("project-ownership-change-unwatched", BENCHMARK_OWNER.replace("=", "  =  ").replace(" OR ", "\n   OR   ")),
    ("project-ownership-change-unwatched", OWNER),
    ("project-ownership-change-unwatched", f'{DELTA}.bindingDeltas.action=("ADD" OR "REMOVE") AND {OWNER}'),
    ("project-ownership-change-unwatched", f'log_id("cloudaudit.googleapis.com/activity") AND {OWNER}'),
    (
        "project-ownership-change-unwatched",
        'resource.type="project" AND protoPayload.methodName="SetIamPolicy" -- all changes of grants',
    ),
    ("audit-config-change-unwatched", f'protoPayload.methodName="SetIamPolicy" AND {DELTA}.auditConfigDeltas:*'),
    ("audit-config-change-unwatched", f"protoPayload.methodName=SetIamPolicy {DELTA}.auditConfigDeltas:*"),
    ("audit-config-change-unwatched", f'(protoPayload.methodName:"SetIamPolicy") AND ({DELTA}.auditConfigDeltas:*)'),
    (
        "custom-role-change-unwatched",
        f'resource.type="iam_role" AND {methods(ROLE + "CreateRole", ROLE + "DeleteRole", ROLE + "UpdateRole")}',
    ),
    (
        "custom-role-change-unwatched",
        'resource.type="iam_role" AND protoPayload.methodName:("CreateRole" OR "UpdateRole" OR "DeleteRole")',
    ),
    (
        "custom-role-change-unwatched",
        'resource.type=iam_role AND protoPayload.methodName=~"(Create|Update|Delete|Undelete)Role$"',
    ),
    (
        "custom-role-change-unwatched",
        'protoPayload.serviceName="iam.googleapis.com" AND resource.type="iam_role" AND NOT protoPayload.methodName:"GetRole"',
    ),
    ("custom-role-change-unwatched", 'resource.type="iam_role" severity>=NOTICE'),
    (
        FIREWALL,
        f'resource.type="gce_firewall_rule" AND {methods(*verbs("firewalls", "patch", "insert", "delete"), sign=":")}',
    ),
    (
        FIREWALL,
        f'resource.type="gce_firewall_rule" AND {methods(*verbs("firewalls", "insert", "update", "delete", "patch"), sign=":")}',
    ),
    (FIREWALL, 'resource.type="gce_firewall_rule" AND protoPayload.methodName:"compute.firewalls"'),
    (FIREWALL, 'protoPayload.methodName=~"^(v1|beta)\\.compute\\.firewalls\\.(insert|patch|update|delete)"'),
    (
        FIREWALL,
        f'log_id("cloudaudit.googleapis.com/activity") AND resource.type="gce_firewall_rule" AND {methods(*verbs("firewalls", "insert", "delete", "patch"), sign=":")}',
    ),
    (FIREWALL, 'resource.type="gce_firewall_rule" AND operation.first=true'),
    (
        FIREWALL,
        'resource.type="gce_firewall_rule" AND resource.labels.project_id="shop" AND NOT protoPayload.methodName:"list"',
    ),
    (ROUTE, f'resource.type="gce_route" AND {methods(*verbs("routes", "delete", "insert"), sign=":")}'),
    (
        ROUTE,
        'resource.type="gce_route" AND protoPayload.methodName:("compute.routes.delete" OR "compute.routes.insert")',
    ),
    (NETWORK, f"resource.type=gce_network AND {methods(*verbs('networks', *PEER), sign=':')}"),
    (NETWORK, 'resource.type="gce_network" AND protoPayload.methodName:"compute.networks."'),
    ("bucket-iam-change-unwatched", 'resource.type=gcs_bucket AND protoPayload.methodName="storage.setIamPermissions"'),
    (
        "bucket-iam-change-unwatched",
        'protoPayload.serviceName="storage.googleapis.com" protoPayload.methodName="storage.setIamPermissions"',
    ),
    ("bucket-iam-change-unwatched", "resource.type=gcs_bucket AND protoPayload.methodName='storage.setIamPermissions'"),
    ("sql-config-change-unwatched", 'protoPayload.methodName="cloudsql.instances.update"'),
    (
        "sql-config-change-unwatched",
        'protoPayload.methodName="cloudsql.instances.update" OR protoPayload.methodName="cloudsql.instances.create" OR protoPayload.methodName="cloudsql.instances.delete"',
    ),
    (
        "sql-config-change-unwatched",
        '(protoPayload.methodName=("cloudsql.instances.update" OR "cloudsql.instances.create"))',
    ),
]
NOT_TOLD = [
    ("project-ownership-change-unwatched", f'{DELTA}.bindingDeltas.action="ADD" AND {OWNER}'),
    ("project-ownership-change-unwatched", "ProjectOwnership OR projectOwnerInvitee"),
    ("project-ownership-change-unwatched", f"{OWNER} AND severity>=ERROR"),
    ("audit-config-change-unwatched", f'protoPayload.method="SetIamPolicy" AND {DELTA}.auditConfigDeltas:*'),
    ("audit-config-change-unwatched", f'protoPayload.methodName="SetIamPolicy" AND {DELTA}.auditConfigDeltas:"ADD"'),
    ("custom-role-change-unwatched", f"resource.type=iam_role AND protoPayload.methodName={ROLE}CreateRole"),
    (
        "custom-role-change-unwatched",
        f'resource.type="iam_role" AND {methods(ROLE + "CreateRole", ROLE + "DeleteRole", ROLE + "EditRole")}',
    ),
    (
        FIREWALL,
        f'resource.type="gce_firewall_rule" AND {methods(*verbs("firewalls", "insert", "delete", "patch", "update"))}',
    ),
    (
        FIREWALL,
        f'protoPayload.serviceName="compute.googleapis.com" AND {methods(*verbs("firewalls", "insert", "update", "delete", "patch", version="v1."))}',
    ),
    (
        FIREWALL,
        'resource.type="gce_firewall_rule" AND protoPayload.methodName="v1.compute.firewalls.patch" OR protoPayload.methodName="v1.compute.firewalls.insert"',
    ),
    (
        FIREWALL,
        f'resource.type="gce_firewall" AND {methods(*verbs("firewalls", "patch", "insert", "delete"), sign=":")}',
    ),
    (
        FIREWALL,
        f'resource.type="gce_firewall_rule" AND NOT {methods(*verbs("firewalls", "patch", "insert", "delete"), sign=":")}',
    ),
    (
        ROUTE,
        'resource.type="gce_route" AND jsonPayload.event_subtype="compute.routes.delete" OR jsonPayload.event_subtype="compute.routes.insert"',
    ),
    (
        ROUTE,
        'resource.type="gce_route" AND protoPayload.methodName="beta.compute.routes.patch" OR protoPayload.methodName="beta.compute.routes.insert"',
    ),
    (
        ROUTE,
        "resource.type=gcp_route AND protoPayload.methodName:compute.routes.insert OR protoPayload.methodName:compute.routes.delete",
    ),
    (NETWORK, f'resource.type="gce_network" AND {methods(*verbs("networks", "insert", "patch", "delete"), sign=":")}'),
    (
        "bucket-iam-change-unwatched",
        'resource.type="gcs_bucket" AND protoPayload.methodName="storage.setIamPermissions" AND protoPayload.request.policy.bindings.members="allUsers"',
    ),
    (
        "bucket-iam-change-unwatched",
        'resource.type="gcs_bucket" AND protoPayload.methodName="storage.buckets.setIamPolicy"',
    ),
    ("sql-config-change-unwatched", 'protoPayload.methodName="cloudsql.instances.patch"'),
    ("sql-config-change-unwatched", 'resource.type="cloudsql_database" AND textPayload:"update"'),
]


def verdict(check: Check, text: str) -> Outcome:
    """What the check says of a project with a metric of this filter, and an alert on it that reaches somebody."""
    example = check.passes()[0]
    assert not hasattr(example, "document")
    documents: list[dict[str, Any]] = [one.document() for one in example]
    for document in documents:
        if document["asset_type"] == "logging.googleapis.com/LogMetric":
            document["resource"]["data"]["filter"] = text
    found = judge(check, documents)
    assert found is not None
    return found[0]


@pytest.mark.parametrize(("check", "text"), TOLD)
def test_a_filter_that_matches_every_event_passes(check: str, text: str) -> None:
    assert verdict(CHECKS[check], text) is Outcome.PASS


@pytest.mark.parametrize(("check", "text"), NOT_TOLD)
def test_a_filter_that_loses_an_event_fails(check: str, text: str) -> None:
    assert verdict(CHECKS[check], text) is Outcome.FAIL
