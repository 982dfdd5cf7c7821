"""Roles and permissions: what each role permits, what is not known of it, and what can be held back by which name."""

from __future__ import annotations

import gzip
import json
import random
import subprocess
import sys
import zlib
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

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
from auditor.access.role_table import RolesUnreadable, RoleTable, built_in, load, user_file
from auditor.access.truth import Truth
from auditor.data import build, permission_file, role_file
from auditor.data.role_file import NamedRole, UnreadableRoles, gathered, packed, unpacked
from auditor.resources.base import Asset, OpenList, withhold
from auditor.resources.iam import Role

FACTS = Path(__file__).parents[2] / "shared" / "iam"
needs_facts = pytest.mark.skipif(not FACTS.is_dir(), reason="the lists of roles are not beside the project")

CUSTOM = "projects/p/roles/helper"


def role(name: str = CUSTOM, permissions: list[str] | None = None, **fields: Any) -> Role:
    """A role as an asset has it."""
    asset = Asset(name=f"//iam.googleapis.com/{name}", asset_type="iam.googleapis.com/Role")
    return Role(asset=asset, permissions_told=permissions, **fields)


def facts(name: str) -> Any:
    """One of the lists that the data files were made of."""
    data = (FACTS / name).read_bytes()
    return json.loads(gzip.decompress(data) if name.endswith(".gz") else data)


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


# Files of roles


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where this user's roles are kept, with nothing there."""
    for variable in ("XDG_DATA_HOME", "LOCALAPPDATA", "HOME", "USERPROFILE"):
        monkeypatch.setenv(variable, str(tmp_path))
    monkeypatch.delenv("AUDITOR_ROLES", raising=False)
    path = user_file()
    assert path is not None
    assert tmp_path in path.parents
    return path


def stored(as_of: date, held: str) -> role_file.Roles:
    """A list of one role."""
    return gathered(as_of, [NamedRole("roles/x", "BETA", "The X", [held])])


def test_without_a_file_of_the_user_the_built_in_roles_are_used(home: Path) -> None:
    assert load() is built_in()


def test_the_users_roles_are_used_unless_the_built_in_ones_are_newer(home: Path) -> None:
    role_file.write(home, stored(date(2026, 12, 1), "s.r.a"))
    table = load()
    assert list(table.roles) == ["roles/x"]
    assert (table.stage("roles/x"), table.title("roles/x")) == ("BETA", "The X")
    role_file.write(home, stored(date(2020, 1, 1), "s.r.a"))
    assert load() is built_in()


def test_the_environment_names_a_file_that_wins_however_old(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    role_file.write(tmp_path / "old.bin", stored(date(2020, 1, 1), "s.r.a"))
    monkeypatch.setenv("AUDITOR_ROLES", str(tmp_path / "old.bin"))
    assert load().as_of == date(2020, 1, 1)
    monkeypatch.setenv("AUDITOR_ROLES", str(tmp_path / "gone.bin"))
    with pytest.raises(RolesUnreadable, match=r"gone\.bin: no such file"):
        load()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other folders")
def test_a_relative_data_home_is_ignored_as_its_specification_says(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "relative")
    path = user_file()
    assert path is not None
    assert path.is_absolute()


GOOD = packed(stored(date(2026, 12, 1), "s.r.a"))


def repacked(body: object) -> bytes:
    """A file with another content."""
    return GOOD.partition(b"\n")[0] + b"\n" + zlib.compress(msgspec.msgpack.encode(body))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not a list of roles"),
        (b"\x80" * 100_000, "not a list of roles"),
        (b"auditor-roles 2 2026-12-01\n", "not a list of roles that this version"),
        (b"auditor-roles 1 yesterday\n", "has no date"),
        (GOOD[:-3], "ends too early or too late"),
        (GOOD + b"more", "ends too early or too late"),
        (GOOD[:40] + b"\0\0\0" + GOOD[43:], "is damaged"),
        (repacked({"no": "list"}), "is damaged"),
        (repacked([["s.r.a", "s.r.a"], []]), "names a permission twice"),
        (repacked([["s.r.a"], [["roles/x", "GA", "", 0, b"\x02"]]]), "a permission without a name"),
        (repacked([["s.r.a"], [["roles/x", "GA", "", 1 << 27, b"\x01"]]]), "a permission without a name"),
        (repacked([["s.r.a"], [["roles/x", "GA", "", 1 << 60, b"\x01"]]]), "is damaged"),
        (repacked([["s.r.a"], [["roles/x", "GA", "", -1, b"\x01"]]]), "is damaged"),
        (repacked([[7], []]), "is damaged"),
    ],
)
def test_a_damaged_file_is_told_and_not_used(data: bytes, words: str, tmp_path: Path) -> None:
    (tmp_path / "r.bin").write_bytes(data)
    with pytest.raises(RolesUnreadable, match=words):
        load(tmp_path / "r.bin")


def test_a_file_that_unpacks_to_more_than_any_list_of_roles_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(role_file, "_LARGEST", 1000)
    bomb = GOOD.partition(b"\n")[0] + b"\n" + zlib.compress(msgspec.msgpack.encode(["x" * 10_000]))
    with pytest.raises(UnreadableRoles, match="damaged"):
        unpacked(bomb)


def test_a_damaged_file_in_the_users_folder_is_told_with_the_way_out(home: Path) -> None:
    home.parent.mkdir(parents=True)
    home.write_bytes(b"?")
    with pytest.raises(RolesUnreadable, match="auditor roles update"):
        load()


def test_a_write_that_fails_leaves_the_old_file_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "r.bin"
    target.write_bytes(GOOD)

    def full(self: Path, data: bytes) -> int:
        with self.open("wb") as file:
            file.write(data[:5])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space"):
        role_file.write(target, stored(date(2026, 12, 1), "s.r.b"))
    assert target.read_bytes() == GOOD
    assert list(tmp_path.iterdir()) == [target]


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
