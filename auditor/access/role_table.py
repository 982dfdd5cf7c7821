"""What each role permits, as far as it is known: predefined roles, basic roles, and the estate's custom roles.

Permissions are numbered, so that a role is one number with a bit for each (a mask). What is not known of a role is
never taken for nothing: its mask is None, and its decisions are unknown, with the cause.

Sources: cloud.google.com/iam/docs/roles-permissions; cloud.google.com/iam/docs/creating-custom-roles (permissions
of organisations in roles of projects); cloud.google.com/iam/docs/reference/rest/v1/projects.roles (a deleted role's
bindings have no effect, a disabled role contributes no permissions)
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import cache
from pathlib import Path

import msgspec
from msgspec.structs import replace

from auditor.access.truth import Decision, fails, holds, unknown
from auditor.data.role_file import BUILT_IN, Roles, StoredRole, UnreadableRoles, day_of, mask_of, unpacked
from auditor.resources.base import OpenList, Undetermined
from auditor.resources.iam import Role

VARIABLE = "AUDITOR_ROLES"
"""The environment variable that names a file of roles to use in place of all others."""

_ABOVE_PROJECTS = ("resourcemanager.organizations.", "resourcemanager.folders.")
_ONLY_ABOVE_PROJECTS = frozenset({"resourcemanager.projects.create", "resourcemanager.projects.list"})


class RolesUnreadable(Exception):  # noqa: N818 - the message is the sentence that the user reads
    """A file of roles cannot be used."""


class KnownRole(msgspec.Struct, frozen=True, gc=False):
    """What is known of a role.

    `listed` are the permissions that are surely on its list, `open` why there may be more (`""`: there are not).
    `void` is why the role gives nobody anything (`""`: it does), `doubt` why that is not known. `dated` is true
    where the list may be older than a permission that it does not have.
    """

    name: str
    listed: int
    stage: str
    title: str = ""
    open: str = ""
    void: str = ""
    doubt: str = ""
    dated: bool = False

    @property
    def surely(self) -> int:
        """The permissions that a holder surely has."""
        return 0 if self.void or self.doubt else self.listed

    @property
    def exactly(self) -> int | None:
        """The permissions that a holder has, no more and no less; None where that is not known."""
        if self.void:
            return 0
        return None if self.open or self.doubt else self.listed


class RoleTable:
    """The roles of a day, and the custom roles that an estate adds. Never changes: `extended` makes another."""

    def __init__(self, as_of: date, permissions: Sequence[str], roles: Mapping[str, KnownRole | StoredRole]) -> None:
        self.as_of = as_of
        """The day of which the predefined roles are."""
        self.permissions = permissions
        """Bit i of a mask is the permission at place i. Those of a table that extends another have the same places."""
        self._roles = dict(roles)
        self._dated = len(permissions)
        """Of permissions that have their place from here on, the list of the day says nothing."""
        self._places = {permission: place for place, permission in enumerate(permissions)}

    @property
    def roles(self) -> Iterable[str]:
        """The names of the roles, those too of which not all is known."""
        return self._roles.keys()

    def _role(self, name: str) -> KnownRole | None:
        """What is known of a role; a stored one is read when it is first asked for, so that the table loads fast."""
        role = self._roles.get(name)
        if isinstance(role, StoredRole):
            role = self._roles[name] = _from_list(role)
        return role

    def _known(self) -> Iterator[KnownRole]:
        return filter(None, map(self._role, self._roles))

    def __contains__(self, role: object) -> bool:
        return role in self._roles

    def index(self, permission: str) -> int | None:
        """The place of a permission; None where the table does not know it: then no mask tells who holds it."""
        return self._places.get(permission)

    def mask(self, role: str) -> int | None:
        """The permissions that a role gives, bit i for the one at place i; None where that is not (all) known."""
        known = self._role(role)
        return known.exactly if known else None

    def known_mask(self, role: str) -> int:
        """The permissions that a role surely gives, whatever else it may; 0 where nothing is known."""
        known = self._role(role)
        return known.surely if known else 0

    def names(self, mask: int) -> list[str]:
        """The permissions in a mask."""
        found = []
        while mask:
            lowest = mask & -mask
            found.append(self.permissions[lowest.bit_length() - 1])
            mask ^= lowest
        return found

    def grants(self, role: str, permission: str) -> Decision:
        """Whether a role gives a permission."""
        known = self._role(role)
        if known is None:
            return unknown(self.why_unknown(role))
        if known.void:
            return fails(f"{role} gives nothing: {known.void}")
        place = self._places.get(permission)
        if place is not None and known.listed >> place & 1:
            return unknown(known.doubt) if known.doubt else holds(f"{role} includes {permission}")
        if role.startswith("projects/") and _needs_more_than_a_project(permission):
            return fails(f"a project's own role cannot include {permission}")
        if known.open:
            return unknown(known.open)
        if known.dated and (place is None or place >= self._dated):
            return unknown(f"the list of roles of {self.as_of} does not know {permission}, which {role} may include")
        return fails(f"{role} does not include {permission}")

    def why_unknown(self, role: str) -> str:
        """Why `mask` has no answer, as a clause; `""` where it has one."""
        known = self._role(role)
        if known is not None:
            return "" if known.void else known.open or known.doubt
        if role.startswith("roles/"):
            return f"the permissions of {role} are not known: it is not in the list of roles of {self.as_of}"
        return f"the permissions of {role} are not known: the custom role is not in the input"

    def with_permission(self, permission: str) -> frozenset[str]:
        """The roles that surely give a permission."""
        place = self._places.get(permission)
        if place is None:
            return frozenset()
        return frozenset(role.name for role in self._known() if role.surely >> place & 1)

    def open_roles(self) -> frozenset[str]:
        """The roles of the table that may give more than is known: they may give any permission."""
        return frozenset(role.name for role in self._known() if role.exactly is None)

    def stage(self, role: str) -> str:
        """`GA`, `BETA`, `ALPHA`, `EAP`, `DEPRECATED` or `DISABLED`; `""` where it is not known."""
        known = self._role(role)
        return known.stage if known else ""

    def title(self, role: str) -> str:
        """What the role is called for people; `""` where it is not known."""
        known = self._role(role)
        return known.title if known else ""

    def extended(self, roles: Iterable[Role]) -> RoleTable:
        """The table with an estate's roles in addition, each in place of one of the same name.

        A list of roles that may have more elements is as good as a whole one: a role without entry is unknown.
        """
        told = roles.known() if isinstance(roles, OpenList) else roles
        places = dict(self._places)
        added = {known.name: known for known in (_known(role, places) for role in told)}
        if not added:
            return self
        table = RoleTable(self.as_of, list(places), {**self._roles, **added})
        table._dated = self._dated
        return table


def _known(role: Role, places: dict[str, int]) -> KnownRole:
    """What an asset tells of a role; permissions that have no place yet get the next ones."""
    name = role.asset.short_name
    permissions, more = _listed(role, name)
    if name.startswith("projects/"):  # the API takes these from nobody: a plan that says so changes nothing
        permissions = [permission for permission in permissions if not _needs_more_than_a_project(permission)]
    listed = mask_of(places.setdefault(permission, len(places)) for permission in permissions)
    if not permissions and not more and not role.is_custom:
        more = _hidden(name)
    known = KnownRole(name, listed, "", open=more)
    try:
        return replace(known, stage=role.stage, void=role.grants_nothing)
    except Undetermined as cause:
        return replace(known, doubt=f"whether {name} gives anything is not known ({cause})")


def _listed(role: Role, name: str) -> tuple[list[str], str]:
    """The permissions that are known to be on a role's list, and why there may be more."""
    try:
        permissions = role.included_permissions
        if isinstance(permissions, OpenList):
            return permissions.known(), f"not all permissions of {name} are known ({permissions.cause})"
    except Undetermined as cause:
        return [], f"the permissions of {name} are not known ({cause})"
    return permissions, ""


def _needs_more_than_a_project(permission: str) -> bool:
    return permission.startswith(_ABOVE_PROJECTS) or permission in _ONLY_ABOVE_PROJECTS


def _hidden(role: str) -> str:
    return f"the permissions of {role} are not known: Google does not show them"


def load(path: Path | None = None) -> RoleTable:
    """The roles in `path`; else in the file that AUDITOR_ROLES names; else the newer of the user's and our own.

    Raises `RolesUnreadable`.
    """
    named = os.environ.get(VARIABLE)
    chosen = path or (Path(named) if named else _newest())
    return built_in() if chosen == BUILT_IN else _table(_read(chosen))


@cache
def built_in() -> RoleTable:
    """The roles that came with the auditor."""
    return _table(unpacked(BUILT_IN.read_bytes()))


def user_file() -> Path | None:
    """Where `auditor roles update` puts the roles of today; None where the user has no home."""
    try:
        home = Path.home()
    except RuntimeError:
        return None
    if sys.platform == "win32":
        data = os.environ.get("LOCALAPPDATA", "")
        base = Path(data) if data else home / "AppData" / "Local"
    elif sys.platform == "darwin":
        base = home / "Library" / "Application Support"
    else:
        data = os.environ.get("XDG_DATA_HOME", "")
        base = Path(data) if data.startswith("/") else home / ".local" / "share"
    return base / "auditor" / "roles.bin"


def _newest() -> Path:
    """The user's file where it is there and not older than our own."""
    path = user_file()
    try:
        return path if path and day_of(path) >= day_of(BUILT_IN) else BUILT_IN
    except OSError:
        return BUILT_IN
    except UnreadableRoles as error:
        raise RolesUnreadable(f"{path}: {error}; `auditor roles update` writes it anew") from None


def _read(path: Path) -> Roles:
    try:
        return unpacked(path.read_bytes())
    except OSError as error:
        raise RolesUnreadable(f"{path}: {(error.strerror or str(error)).lower()}") from None
    except UnreadableRoles as error:
        raise RolesUnreadable(f"{path}: {error}") from None


def _table(stored: Roles) -> RoleTable:
    return RoleTable(stored.as_of, stored.permissions, {role.name: role for role in stored.roles})


def _from_list(role: StoredRole) -> KnownRole:
    """A predefined role with an empty list holds permissions that Google does not show: it would not be there else."""
    mask = role.mask
    return KnownRole(
        role.name,
        mask,
        role.stage,
        role.title,
        open="" if mask else _hidden(role.name),
        void="the role is disabled" if role.stage == "DISABLED" else "",
        dated=True,
    )
