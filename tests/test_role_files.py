"""Files of roles: whose wins, and what a damaged one costs."""

from __future__ import annotations

import sys
import zlib
from datetime import date
from pathlib import Path

import msgspec
import pytest

from auditor.access.role_table import RolesUnreadable, built_in, load, user_file
from auditor.data import role_file
from auditor.data.role_file import UnreadableRoles, packed, unpacked
from tests.role_support import stored


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
