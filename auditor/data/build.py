"""For maintainers: make `roles.bin` and `permissions.txt` from JSON.

    python -m auditor.data.build --roles ROLES --deny DENY --boundary BOUNDARY [--to DIR]

Each input is JSON, packed with gzip where its name ends in `.gz`; further fields are ignored:

- ROLES, from `gcloud iam roles list` and the role reference (cloud.google.com/iam/docs/roles-permissions):
  `{"as_of": "2026-08-22", "permissions": [NAME, …], "roles": {"roles/x": {"stage": "GA", "title": …,
  "permissions": [PLACE, …]}}}`; a place counts from 0 in the list of names, `title` may be missing
- DENY, from cloud.google.com/iam/docs/deny-permissions-support: `{"as_of", "permissions": [NAME, …],
  "v2_names": [HOST/RESOURCE.ACTION, …]}`, the permissions that deny policies can name, and their names there
- BOUNDARY, from cloud.google.com/iam/docs/pab-blocked-permissions: `{"as_of", "blocked_from_version":
  {"1": [NAME, …], …}}`, the permissions that principal access boundaries block from an enforcement version on

The same input makes the same `permissions.txt` to the byte, and `roles.bin` with the same content.
"""

from __future__ import annotations

import argparse
import gzip
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TypeVar

import msgspec

from auditor.data import permission_file, role_file
from auditor.data.permission_file import DENIABLE, Permissions, name_by_rule
from auditor.data.role_file import NamedRole, Roles, gathered

T = TypeVar("T")


class RoleInput(msgspec.Struct):
    """A role of ROLES."""

    permissions: list[int]
    stage: str = "GA"
    title: str = ""


class RolesInput(msgspec.Struct):
    """ROLES."""

    as_of: date
    permissions: list[str]
    roles: dict[str, RoleInput]


class DenyInput(msgspec.Struct):
    """DENY."""

    as_of: date
    permissions: list[str]
    v2_names: list[str]


class BoundaryInput(msgspec.Struct):
    """BOUNDARY."""

    as_of: date
    blocked_from_version: dict[int, list[str]]


def roles_of(given: RolesInput) -> Roles:
    """The roles in the stored form. Raises `IndexError` where a place is outside the list of names."""
    return gathered(
        given.as_of,
        (
            NamedRole(name, role.stage, role.title, [given.permissions[place] for place in role.permissions])
            for name, role in given.roles.items()
        ),
        given.permissions,
    )


def permissions_of(known: Sequence[str], deny: DenyInput, boundary: BoundaryInput) -> Permissions:
    """What is known of all permissions that any of the inputs names; as old as the older of the two tables."""
    versions: dict[str, int] = {}
    for version, blocked in sorted(boundary.blocked_from_version.items(), reverse=True):
        versions.update(dict.fromkeys(blocked, version))
    by_rule = {name_by_rule(permission): permission for permission in {*known, *versions, *deny.permissions}}
    names, unclaimed = _claims([name for name in deny.v2_names if "*" not in name], by_rule)
    deniable = {*deny.permissions, *names}
    return Permissions(
        as_of=min(deny.as_of, boundary.as_of),
        marks={
            permission: (DENIABLE if permission in deniable else "") + str(versions.get(permission, ""))
            for permission in {*by_rule.values(), *deniable}
        },
        names={permission: found for permission, found in names.items() if found != (name_by_rule(permission),)},
        unclaimed=unclaimed,
    )


def _claims(names: Iterable[str], by_rule: Mapping[str, str]) -> tuple[dict[str, tuple[str, ...]], frozenset[str]]:
    """The names of each permission, the one that follows the rule first, and the names that nothing claims.

    A name claims the permission that the rule makes of it; one that no role holds is a permission too, unless
    another service has the same action, which it may then mean. A part of a service may go by its own name
    (`bigqueryreservation`, of `bigquery`).
    """
    services: dict[str, set[str]] = {}
    for permission in by_rule.values():
        service, _, rest = permission.partition(".")
        services.setdefault(rest, set()).add(service)
    claimed: dict[str, list[str]] = {}
    unclaimed: set[str] = set()
    for name in sorted(names):
        host, _, rest = name.partition("/")
        service = host.removesuffix(".googleapis.com")
        same_action = services.get(rest, set())
        owners = [owner for owner in same_action if service.startswith(owner)]
        permission = by_rule.get(name) or (f"{owners[0]}.{rest}" if len(owners) == 1 else "")
        if not permission and not same_action:
            permission = f"{service}.{rest}"
        if permission:
            claimed.setdefault(permission, []).append(name)
        else:
            unclaimed.add(name)
    for permission, found in claimed.items():
        found.sort(key=lambda name: (name != name_by_rule(permission), name))
    return {permission: tuple(found) for permission, found in claimed.items()}, frozenset(unclaimed)


def _read(path: Path, kind: type[T]) -> T:
    data = path.read_bytes()
    return msgspec.json.decode(gzip.decompress(data) if path.suffix == ".gz" else data, type=kind, strict=False)


def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m auditor.data.build", description="Make the built-in data files.")
    for name in ("roles", "deny", "boundary"):
        parser.add_argument(f"--{name}", type=Path, required=True, metavar="FILE", help="see the module's docstring")
    parser.add_argument("--to", type=Path, default=role_file.BUILT_IN.parent, metavar="DIR", help="where to write them")
    options = parser.parse_args(arguments)
    roles = roles_of(_read(options.roles, RolesInput))
    permissions = permissions_of(
        roles.permissions, _read(options.deny, DenyInput), _read(options.boundary, BoundaryInput)
    )
    role_path, permission_path = options.to / role_file.BUILT_IN.name, options.to / permission_file.BUILT_IN.name
    role_file.write(role_path, roles)
    permission_path.write_text(permission_file.text_of(permissions), encoding="utf-8", newline="\n")
    sys.stdout.write(
        f"{role_path}: {len(roles.roles)} roles, {len(roles.permissions)} permissions,"
        f" {role_path.stat().st_size} bytes\n"
        f"{permission_path}: {len(permissions.marks)} permissions, {permission_path.stat().st_size} bytes\n"
    )


if __name__ == "__main__":
    main()
