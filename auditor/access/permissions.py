"""Which permissions deny policies and principal access boundaries can hold back, and by which names.

Sources: cloud.google.com/iam/docs/deny-permissions-support (names and aliases);
cloud.google.com/iam/docs/deny-overview (permission groups: `SERVICE/RESOURCE.*`, `SERVICE/*.*`, `SERVICE/*.VERB`, all
current and future permissions of that form, no other wildcards);
cloud.google.com/iam/docs/pab-blocked-permissions (enforcement versions, each blocks what the one before it does)
"""

from __future__ import annotations

import re
from datetime import date
from functools import cache
from typing import NamedTuple

from auditor.access.truth import Decision, fails, holds, unknown
from auditor.data.permission_file import BUILT_IN, DENIABLE, Permissions, name_by_rule, read

DEFAULT_BOUNDARY_VERSION = 4
"""What `latest`, and no version at all, stand for."""

LAST_BOUNDARY_VERSION = 4
"""The last enforcement version whose permissions are known."""

_PATTERN = re.compile(r"([a-z0-9.-]+\.[a-z]+)/(\w+|\*)\.(\w+|\*)", re.ASCII)

_VERSION = re.compile(r"[1-9][0-9]{0,8}")


class _Index(NamedTuple):
    """The permissions, with what is looked up in them: deny name → permission, resource → its hosts, all hosts."""

    known: Permissions
    by_name: dict[str, str]
    hosts_of: dict[str, frozenset[str]]
    hosts: frozenset[str]


@cache
def _index() -> _Index:
    known = read(BUILT_IN.read_text(encoding="utf-8"))
    by_name: dict[str, str] = {}
    for permission in known.marks:
        for name in known.names.get(permission) or (name_by_rule(permission),):
            by_name[name] = permission
    hosts_of: dict[str, set[str]] = {}
    for permission, names in known.names.items():
        hosts_of.setdefault(permission.rpartition(".")[0], set()).update(name.partition("/")[0] for name in names)
    hosts = {name.partition("/")[0] for name in (*by_name, *known.unclaimed)}
    return _Index(
        known, by_name, {resource: frozenset(found) for resource, found in hosts_of.items()}, frozenset(hosts)
    )


def as_of() -> date:
    """The day of which the facts are."""
    return _index().known.as_of


def is_deniable(permission: str) -> bool | None:
    """Whether deny policies can name a permission, alone or in a group; None where the permission is not known."""
    marks = _index().known.marks.get(role_name(permission) or permission)
    return None if marks is None else DENIABLE in marks


def deny_name(permission: str) -> str | None:
    """The name of a permission in deny policies (`storage.googleapis.com/buckets.get`).

    None where deny policies cannot name it, as far as is known.
    """
    return next(iter(deny_names(permission)), None)


def deny_names(permission: str) -> tuple[str, ...]:
    """All names of a permission in deny policies, the usual one first; empty as `deny_name` is None."""
    return _names(permission) if is_deniable(permission) else ()


def role_name(name: str) -> str | None:
    """The permission, as roles list it, that deny policies call `name`; None where none is known."""
    index = _index()
    return index.by_name.get(name) or (name if name in index.known.marks else None)


def matches_denied(pattern: str, permission: str) -> bool | None:
    """Whether an entry of a deny rule's permissions (or of its exceptions) means a permission, given as in roles.

    None where nobody can tell: the entry has no form that Google documents, or it is a name that may be another
    one of the permission.
    """
    shape = _PATTERN.fullmatch(pattern)
    if shape is None:
        return None
    host, resource, action = shape.groups()
    names = _names(permission)
    _, _, rest = names[0].partition("/")
    its_resource, _, its_action = rest.rpartition(".")
    if resource not in ("*", its_resource) or action not in ("*", its_action):
        return False
    if any(name.partition("/")[0] == host for name in names):
        return True
    return None if _may_be_host(host, permission, rest) else False


def _names(permission: str) -> tuple[str, ...]:
    return _index().known.names.get(permission) or (name_by_rule(permission),)


def _may_be_host(host: str, permission: str, rest: str) -> bool:
    """Whether a permission may have a name at a host at which no name of it is known."""
    index = _index()
    if host in index.hosts_of.get(permission.rpartition(".")[0], ()) or host == _usual_host(permission):
        return True  # the service uses that host for the same resource
    marks = index.known.marks.get(permission)
    if marks is None:
        return host not in index.hosts
    return DENIABLE not in marks and f"{host}/{rest}" in index.known.unclaimed


def _usual_host(permission: str) -> str:
    return name_by_rule(permission).partition("/")[0]


def boundary_version(permission: str) -> int | None:
    """The first enforcement version in which a principal access boundary blocks a permission.

    None where no known version does, and where the permission is not known: `boundary_blocks` tells them apart.
    """
    marks = _index().known.marks.get(role_name(permission) or permission, "")
    version = marks.removeprefix(DENIABLE)
    return int(version) if version else None


def boundary_blocks(permission: str, version: str | int = "latest") -> Decision:
    """Whether a boundary of an enforcement version holds a permission back where the resource is out of bounds.

    Unknown for permissions and versions that are newer than the table: neither access nor its absence follows.
    """
    number = _number(version)
    if number is None:
        return unknown(f"{version!r} is no enforcement version of principal access boundaries")
    first = boundary_version(permission)
    if first is not None and first <= number:
        return holds(f"principal access boundaries block {permission} from enforcement version {first} on")
    if number > LAST_BOUNDARY_VERSION:
        return unknown(f"what enforcement version {number} of principal access boundaries blocks is not known")
    if first is None and is_deniable(permission) is None:
        return unknown(f"whether principal access boundaries block {permission} is not known")
    return fails(f"principal access boundaries of enforcement version {number} do not block {permission}")


def _number(version: str | int) -> int | None:
    if version in ("", "latest"):
        return DEFAULT_BOUNDARY_VERSION
    return int(version) if _VERSION.fullmatch(str(version)) else None
