"""Roles and permissions: what each role permits, what is not known of it, and what can be held back by which name."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.access.role_table import RoleTable, built_in
from auditor.access.truth import Truth
from auditor.data import build, permission_file, role_file
from auditor.data.role_file import NamedRole, gathered, packed, unpacked
from auditor.resources.base import Asset, OpenList, withhold
from auditor.resources.iam import Role
from tests.role_support import FACTS, facts, needs_facts

CUSTOM = "projects/p/roles/helper"


def role(name: str = CUSTOM, permissions: list[str] | None = None, **fields: Any) -> Role:
    """A role as an asset has it."""
    asset = Asset(name=f"//iam.googleapis.com/{name}", asset_type="iam.googleapis.com/Role")
    return Role(asset=asset, permissions_told=permissions, **fields)


# The built-in roles


def test_basic_roles_are_what_they_are_known_for() -> None:
    table = built_in()
    owner, editor, viewer = (table.mask(f"roles/{name}") for name in ("owner", "editor", "viewer"))
    assert owner is not None
    assert editor is not None
    assert viewer is not None
    assert table.grants("roles/owner", "resourcemanager.projects.setIamPolicy").holds
    assert table.grants("roles/editor", "resourcemanager.projects.setIamPolicy").fails
    assert table.grants("roles/editor", "compute.instances.create").holds
    assert table.grants("roles/viewer", "compute.instances.create").fails
    assert owner.bit_count() > editor.bit_count() > viewer.bit_count() > 5000


def test_a_role_gives_the_permissions_on_its_list_and_no_other() -> None:
    table = built_in()
    decision = table.grants("roles/iam.serviceAccountTokenCreator", "iam.serviceAccounts.getAccessToken")
    assert decision.holds
    assert decision.because == ("roles/iam.serviceAccountTokenCreator includes iam.serviceAccounts.getAccessToken",)
    assert table.grants("roles/iam.serviceAccountTokenCreator", "iam.serviceAccounts.actAs").fails
    assert "roles/iam.serviceAccountUser" in table.with_permission("iam.serviceAccounts.actAs")
    assert "roles/viewer" not in table.with_permission("iam.serviceAccounts.actAs")
    assert table.with_permission("nobody.knows.this") == frozenset()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("roles/not.yetThere", "it is not in the list of roles of"),
        ("projects/p/roles/mine", "the custom role is not in the input"),
        ("organizations/1/roles/ours", "the custom role is not in the input"),
        ("roles/spanner.databaseRoleUser", "Google does not show them"),
    ],
)
def test_a_role_of_unknown_permissions_is_unknown_and_never_empty(name: str, words: str) -> None:
    table = built_in()
    assert table.mask(name) is None
    assert table.known_mask(name) == 0
    decision = table.grants(name, "storage.objects.get")
    assert decision.is_unknown
    assert words in decision.because[0]
    assert table.why_unknown(name) == decision.because[0]


@needs_facts
def test_the_built_in_roles_are_those_of_the_list() -> None:
    given = facts("predefined_roles.json.gz")
    table = built_in()
    assert table.as_of == date.fromisoformat(given["as_of"])
    assert list(table.permissions) == given["permissions"]
    assert set(table.roles) == set(given["roles"])
    for name, entry in given["roles"].items():
        expected = role_file.mask_of(entry["permissions"])
        assert table.mask(name) == (expected or None), name
        assert table.stage(name) == entry["stage"]


@needs_facts
def test_the_data_files_are_what_the_build_makes(tmp_path: Path) -> None:
    names = ("predefined_roles.json.gz", "deny_policy_permissions.json", "principal_access_boundary_permissions.json")
    arguments = [
        word
        for option, name in zip(("--roles", "--deny", "--boundary"), names, strict=True)
        for word in (option, str(FACTS / name))
    ]
    build.main([*arguments, "--to", str(tmp_path)])
    assert (tmp_path / "permissions.txt").read_text("utf-8") == permission_file.BUILT_IN.read_text("utf-8")
    assert unpacked((tmp_path / "roles.bin").read_bytes()) == unpacked(role_file.BUILT_IN.read_bytes())


def test_names_of_a_mask_are_the_permissions_in_it() -> None:
    table = built_in()
    mask = table.mask("roles/browser")
    assert mask is not None
    assert "resourcemanager.projects.get" in table.names(mask)
    assert [table.index(name) for name in table.names(mask)] == [bit for bit in range(20000) if mask >> bit & 1]
    assert table.names(0) == []


# Custom roles


def test_a_custom_role_gives_what_it_lists_and_new_permissions_get_a_place() -> None:
    table = built_in().extended([role(permissions=["storage.buckets.get", "brand.new.thing"], stage="GA")])
    assert table.grants(CUSTOM, "storage.buckets.get").holds
    assert table.grants(CUSTOM, "storage.buckets.delete").fails
    assert table.index("brand.new.thing") == len(built_in().permissions)
    assert table.with_permission("brand.new.thing") == {CUSTOM}
    assert table.mask("roles/owner") == built_in().mask("roles/owner")
    assert built_in().index("brand.new.thing") is None
    assert CUSTOM not in built_in()


def test_whether_an_older_list_would_include_a_newer_permission_is_unknown() -> None:
    custom = role(permissions=["brand.new.thing"])
    for table in (built_in(), built_in().extended([custom])):
        decision = table.grants("roles/owner", "brand.new.thing")
        assert decision.is_unknown
        assert "the list of roles of 2026-08-22 does not know brand.new.thing" in decision.because[0]
    live = role("roles/owner", ["storage.buckets.get"])
    assert built_in().extended([custom, live]).grants("roles/owner", "brand.new.thing").fails


@given(st.data())
def test_masks_and_decisions_agree(data: st.DataObject) -> None:
    names = st.sampled_from([*built_in().permissions[::97], "brand.new.thing", "resourcemanager.folders.get"])
    lists = data.draw(st.lists(st.tuples(st.lists(names, max_size=9), st.booleans(), st.booleans()), max_size=4))
    roles = [
        role(f"{'organizations/1' if whole else 'projects/p'}/roles/r{number}", held, deleted=deleted)
        for number, (held, deleted, whole) in enumerate(lists)
    ]
    table = built_in().extended(roles)
    permission = data.draw(names)
    place = table.index(permission)
    for each in roles:
        mask = table.mask(each.asset.short_name)
        assert mask is not None
        given = place is not None and bool(mask >> place & 1)
        assert table.grants(each.asset.short_name, permission).holds is given
        assert (each.asset.short_name in table.with_permission(permission)) is given


def test_an_estate_without_custom_roles_changes_nothing() -> None:
    assert built_in().extended([]) is built_in()


@pytest.mark.parametrize(
    ("fields", "words"), [({"deleted": True}, "the role is deleted"), ({"stage": "DISABLED"}, "the role is disabled")]
)
@pytest.mark.parametrize("permissions", [["storage.buckets.get"], None])
def test_a_deleted_or_disabled_role_gives_nothing_even_where_its_list_is_unknown(
    fields: dict[str, Any], words: str, permissions: list[str] | None
) -> None:
    table = built_in().extended([role(permissions=permissions, **fields)])
    assert table.mask(CUSTOM) == 0
    decision = table.grants(CUSTOM, "storage.buckets.get")
    assert decision.fails
    assert words in decision.because[0]
    assert table.why_unknown(CUSTOM) == ""


def test_a_role_without_its_list_is_unknown() -> None:
    table = built_in().extended([role()])
    assert table.mask(CUSTOM) is None
    assert table.grants(CUSTOM, "storage.buckets.get").is_unknown
    assert CUSTOM in table.open_roles()


def test_a_list_known_in_part_decides_for_the_known_part() -> None:
    open_list = OpenList(["storage.buckets.get"], "permissions", "known after apply")
    table = built_in().extended([role(permissions=open_list)])
    assert table.mask(CUSTOM) is None
    assert table.grants(CUSTOM, "storage.buckets.get").holds
    missing = table.grants(CUSTOM, "storage.buckets.delete")
    assert missing.is_unknown
    assert "known after apply" in missing.because[0]
    assert table.names(table.known_mask(CUSTOM)) == ["storage.buckets.get"]


def test_a_role_of_which_it_is_unknown_whether_it_is_deleted_gives_no_more_than_its_list() -> None:
    doubtful = role(permissions=["storage.buckets.get"])
    withhold(doubtful, ["deleted"], "deleted", "")
    table = built_in().extended([doubtful])
    assert table.mask(CUSTOM) is None
    assert table.known_mask(CUSTOM) == 0
    assert table.grants(CUSTOM, "storage.buckets.get").is_unknown
    assert table.grants(CUSTOM, "storage.buckets.delete").fails


@pytest.mark.parametrize(
    ("permission", "in_project"),
    [
        ("resourcemanager.organizations.setIamPolicy", Truth.FALSE),
        ("resourcemanager.folders.setIamPolicy", Truth.FALSE),
        ("resourcemanager.projects.list", Truth.FALSE),
        ("resourcemanager.projects.create", Truth.FALSE),
        ("resourcemanager.projects.setIamPolicy", Truth.TRUE),
    ],
)
def test_a_projects_own_role_cannot_carry_permissions_of_organisations(permission: str, in_project: Truth) -> None:
    ours = "organizations/3001/roles/helper"
    table = built_in().extended([role(permissions=[permission]), role(ours, [permission])])
    assert table.grants(CUSTOM, permission).truth is in_project
    assert table.grants(ours, permission).holds


def test_organisation_permissions_are_no_part_of_a_projects_role_even_where_its_list_is_unknown() -> None:
    table = built_in().extended([role()])
    assert table.grants(CUSTOM, "resourcemanager.organizations.setIamPolicy").fails
    assert built_in().grants("projects/p/roles/absent", "resourcemanager.organizations.setIamPolicy").is_unknown


def test_a_role_that_google_defines_can_come_from_the_estate() -> None:
    live = role("roles/storage.objectViewer", ["storage.objects.get"], stage="GA")
    empty = role("roles/spanner.databaseRoleUser", [])
    table = built_in().extended([live, empty])
    assert table.grants("roles/storage.objectViewer", "storage.objects.get").holds
    assert table.grants("roles/storage.objectViewer", "storage.objects.list").fails
    assert table.mask("roles/spanner.databaseRoleUser") is None


def test_a_custom_role_with_an_empty_list_gives_nothing() -> None:
    assert built_in().extended([role(permissions=[])]).mask(CUSTOM) == 0


def test_an_open_list_of_roles_adds_those_that_are_known() -> None:
    table = built_in().extended(OpenList([role(permissions=["storage.buckets.get"])], "Role", "a plan"))
    assert table.grants(CUSTOM, "storage.buckets.get").holds
    assert table.grants("projects/p/roles/other", "storage.buckets.get").is_unknown


def test_names_may_be_hostile_and_lists_long() -> None:
    name = "projects/p/roles/<script>\u202e"
    table = built_in().extended([role(name, [f"s.r.a{number}" for number in range(200_000)] * 2 + ["x" * 10_000_000])])
    mask = table.mask(name)
    assert mask is not None
    assert mask.bit_count() == 200_001


@given(
    st.dictionaries(st.sampled_from("abcdef"), st.lists(st.sampled_from(["s.r.a", "s.r.b", "t.r.a"])), max_size=6),
    st.lists(st.sampled_from(["s.r.a", "u.r.z", "é.x"]), unique=True),
)
def test_what_is_packed_comes_back(roles: dict[str, list[str]], known: list[str]) -> None:
    named = [NamedRole(name, "GA", "", held) for name, held in roles.items()]
    stored = unpacked(packed(gathered(date(2026, 1, 2), named, known)))
    assert stored.as_of == date(2026, 1, 2)
    assert {
        one.name: sorted(stored.permissions[bit] for bit in range(20) if one.mask >> bit & 1) for one in stored.roles
    } == {name: sorted(set(held)) for name, held in roles.items()}
    assert set(known) <= set(stored.permissions)


def test_a_table_of_roles_needs_no_google_library() -> None:
    program = (
        "import sys; from auditor.access.role_table import load; from auditor.access.permissions import deny_name;"
        "load(); deny_name('storage.buckets.get'); import auditor.data.refresh, auditor.cli.roles;"
        "assert not [name for name in sys.modules if name.split('.')[0] in ('google', 'grpc', 'proto')]"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_an_empty_table_knows_nothing() -> None:
    table = RoleTable(date(2026, 1, 1), [], {})
    assert table.grants("roles/owner", "storage.buckets.get").is_unknown
    assert table.open_roles() == frozenset()
