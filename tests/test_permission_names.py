"""What permissions are called in deny policies, and which of them boundaries block."""

from __future__ import annotations

import random

import pytest

from auditor.access import permissions as tables
from auditor.access.permissions import (
    LAST_BOUNDARY_VERSION,
    boundary_blocks,
    boundary_version,
    deny_name,
    deny_names,
    is_deniable,
    matches_denied,
    role_name,
)
from auditor.access.role_table import built_in
from auditor.access.truth import Truth
from auditor.data import permission_file
from tests.role_support import facts, needs_facts

# Deny policies


@pytest.mark.parametrize(
    ("permission", "name"),
    [
        ("storage.buckets.get", "storage.googleapis.com/buckets.get"),
        ("resourcemanager.projects.delete", "cloudresourcemanager.googleapis.com/projects.delete"),
        ("iam.roles.delete", "iam.googleapis.com/roles.delete"),
        ("iam.googleapis.com/workforcePools.create", "iam.googleapis.com/workforcePools.create"),
        ("bigquery.connections.use", "bigqueryconnection.googleapis.com/connections.use"),
        ("bigquery.reservations.create", "bigquery.googleapis.com/reservations.create"),
    ],
)
def test_a_permission_has_another_name_in_deny_policies_and_back(permission: str, name: str) -> None:
    assert deny_name(permission) == name
    assert role_name(name) == permission
    assert matches_denied(name, permission) is True


def test_some_permissions_have_an_alias() -> None:
    alias = "bigqueryreservation.googleapis.com/reservations.create"
    assert deny_names("bigquery.reservations.create") == ("bigquery.googleapis.com/reservations.create", alias)
    assert role_name(alias) == "bigquery.reservations.create"
    assert matches_denied(alias, "bigquery.reservations.create") is True
    assert matches_denied("bigqueryreservation.googleapis.com/*.*", "bigquery.reservations.create") is True
    assert matches_denied("bigqueryreservation.googleapis.com/*.*", "bigquery.tables.getData") is False


@needs_facts
def test_every_permission_that_can_be_denied_has_a_name_and_every_name_its_permission() -> None:
    given = facts("deny_policy_permissions.json")
    assert all(is_deniable(permission) for permission in given["permissions"])
    for permission in given["permissions"]:
        name = deny_name(permission)
        assert name is not None
        assert role_name(name) == permission
        assert matches_denied(name, permission) is True
    unclaimed = {name for name in given["v2_names"] if "*" not in name and role_name(name) is None}
    assert unclaimed == tables._index().known.unclaimed


@needs_facts
def test_every_group_that_google_lists_holds_only_permissions_that_can_be_denied() -> None:
    given = facts("deny_policy_permissions.json")
    groups = [name for name in given["v2_names"] if "*" in name]
    known = facts("predefined_roles.json.gz")["permissions"]
    chosen = random.Random(7).sample(groups, 40)
    for group in chosen:
        matched = [permission for permission in known if matches_denied(group, permission)]
        assert all(is_deniable(permission) for permission in matched), group


@pytest.mark.parametrize(
    ("pattern", "permission", "expected"),
    [
        ("storage.googleapis.com/buckets.*", "storage.buckets.get", True),
        ("storage.googleapis.com/buckets.*", "storage.objects.get", False),
        ("storage.googleapis.com/*.*", "storage.objects.get", True),
        ("storage.googleapis.com/*.*", "storage.brandNew.thing", True),
        ("storage.googleapis.com/*.setIamPolicy", "storage.buckets.setIamPolicy", True),
        ("storage.googleapis.com/*.setIamPolicy", "storage.buckets.getIamPolicy", False),
        ("storage.googleapis.com/*.*", "storagetransfer.jobs.get", False),
        ("cloudresourcemanager.googleapis.com/projects.*", "resourcemanager.projects.setIamPolicy", True),
        ("resourcemanager.googleapis.com/projects.delete", "resourcemanager.projects.delete", False),
        ("storage.googleapis.com/buckets.GET", "storage.buckets.get", False),
    ],
)
def test_groups_mean_whole_segments(pattern: str, permission: str, expected: bool) -> None:
    assert matches_denied(pattern, permission) is expected


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "*",
        "*.*",
        "storage.buckets.get",
        "storage.googleapis.com/*",
        "storage.googleapis.com/buckets.ge*",
        "storage.googleapis.com/buckets",
        "*.googleapis.com/buckets.get",
        "//storage.googleapis.com/buckets.get",
        "storage.googleapis.com/buckets.get\n",
        "storage.googleapis.com/a.b.c",
        "x" * 100_000,
    ],
)
def test_an_entry_of_no_documented_form_decides_nothing(pattern: str) -> None:
    assert matches_denied(pattern, "storage.buckets.get") is None


@pytest.mark.parametrize(
    ("pattern", "permission"),
    [
        ("bigquery.googleapis.com/connections.use", "bigquery.connections.use"),
        ("bigqueryreservation.googleapis.com/reservations.use", "bigquery.reservations.use"),
        ("datastudio.googleapis.com/pro.manage", "lookerstudio.pro.manage"),
        ("brandnewservice.googleapis.com/things.get", "brandnew.things.get"),
    ],
)
def test_what_may_be_another_name_of_a_permission_is_unknown(pattern: str, permission: str) -> None:
    assert matches_denied(pattern, permission) is None


def test_permissions_that_cannot_be_denied_have_no_name() -> None:
    assert deny_name("lookerstudio.pro.manage") is None
    assert is_deniable("lookerstudio.pro.manage") is False
    assert is_deniable("brandnew.things.get") is None
    assert role_name("brandnew.googleapis.com/things.get") is None


# Principal access boundaries


@needs_facts
def test_the_first_version_that_blocks_a_permission_is_the_lowest_that_lists_it() -> None:
    listed: dict[str, int] = {}
    for version, blocked in facts("principal_access_boundary_permissions.json")["blocked_from_version"].items():
        for permission in blocked:
            listed[permission] = min(int(version), listed.get(permission, 99))
    assert {permission: boundary_version(permission) for permission in listed} == listed
    others = set(built_in().permissions) - set(listed)
    assert all(boundary_version(permission) is None for permission in others)
    assert max(listed.values()) == LAST_BOUNDARY_VERSION


@pytest.mark.parametrize(
    ("permission", "version", "expected"),
    [
        ("accessapproval.requests.list", "1", Truth.TRUE),
        ("accessapproval.requests.list", "4", Truth.TRUE),
        ("alloydb.backups.create", "3", Truth.FALSE),
        ("alloydb.backups.create", "4", Truth.TRUE),
        ("alloydb.backups.create", "latest", Truth.TRUE),
        ("alloydb.backups.create", "", Truth.TRUE),
        ("alloydb.googleapis.com/backups.create", 4, Truth.TRUE),
        ("accessapproval.requests.approve", "4", Truth.FALSE),
        ("accessapproval.requests.approve", "5", Truth.UNKNOWN),
        ("alloydb.backups.create", "5", Truth.TRUE),
        ("brandnew.things.get", "4", Truth.UNKNOWN),
        ("alloydb.backups.create", "newest", Truth.UNKNOWN),
        ("alloydb.backups.create", "0", Truth.UNKNOWN),
        ("alloydb.backups.create", " 4", Truth.UNKNOWN),
        ("alloydb.backups.create", "４", Truth.UNKNOWN),
        ("alloydb.backups.create", "9" * 5000, Truth.UNKNOWN),
    ],
)
def test_a_boundary_blocks_what_its_version_lists_and_what_is_newer_is_unknown(
    permission: str, version: str | int, expected: Truth
) -> None:
    decision = boundary_blocks(permission, version)
    assert decision.truth is expected
    assert decision.because


def test_the_text_of_permissions_comes_back() -> None:
    known = permission_file.read(permission_file.BUILT_IN.read_text(encoding="utf-8"))
    assert permission_file.text_of(known) == permission_file.BUILT_IN.read_text(encoding="utf-8")
    assert tables.as_of() == known.as_of
