"""The form in which permissions are stored: text, a line for each resource of a service.

    as-of 2026-05-30
    accessapproval.requests approve:d dismiss:d get:d list:d1
    = bigquery.connections.use bigqueryconnection.googleapis.com/connections.use
    ? firestore.googleapis.com/locations.get

- a resource, and the actions on it, each a permission; `d` marks that deny policies can name it, a digit the first
  enforcement version in which principal access boundaries block it, nothing that neither holds
- `=`: all names of a permission in deny policies, where they are not made by the rule (service + `.googleapis.com`)
- `?`: a name for deny policies of which nobody said which permission it is
- `#`: a comment
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

BUILT_IN = Path(__file__).with_name("permissions.txt")

HOSTS = {"resourcemanager": "cloudresourcemanager.googleapis.com"}
"""Services whose name in deny policies is not the one in permissions, followed by `.googleapis.com`."""

DENIABLE = "d"


@dataclass(frozen=True, slots=True)
class Permissions:
    """What is known of permissions on one day.

    `marks` holds every known permission, with `d` and a version as above; `names` the names in deny policies of
    those to which the rule does not apply; `unclaimed` the names that belong to no permission known.
    """

    as_of: date
    marks: Mapping[str, str]
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unclaimed: frozenset[str] = frozenset()


def name_by_rule(permission: str) -> str:
    """The name in deny policies that the rule gives: `storage.buckets.get` is `storage.googleapis.com/buckets.get`."""
    if "/" in permission:  # permissions of a few services have that form in roles too
        return permission
    service, _, rest = permission.partition(".")
    return f"{HOSTS.get(service, service + '.googleapis.com')}/{rest}"


def text_of(permissions: Permissions) -> str:
    """The text of a file."""
    lines = ["# Made by `python -m auditor.data.build`; not to be edited by hand.", f"as-of {permissions.as_of}"]
    resources: dict[str, list[str]] = {}
    for permission, marks in sorted(permissions.marks.items()):
        resource, _, action = permission.rpartition(".")
        resources.setdefault(resource, []).append(f"{action}:{marks}" if marks else action)
    lines += [" ".join([resource, *actions]) for resource, actions in sorted(resources.items())]
    lines += [" ".join(["=", permission, *names]) for permission, names in sorted(permissions.names.items())]
    lines += [f"? {name}" for name in sorted(permissions.unclaimed)]
    return "\n".join(lines) + "\n"


def read(text: str) -> Permissions:
    """The permissions in the text of a file. Raises `ValueError` where it has no date."""
    as_of = ""
    marks: dict[str, str] = {}
    names: dict[str, tuple[str, ...]] = {}
    unclaimed: set[str] = set()
    for line in text.splitlines():
        first, *rest = line.split(" ")
        if first == "as-of":
            as_of = rest[0]
        elif first == "=":
            names[rest[0]] = tuple(rest[1:])
        elif first == "?":
            unclaimed.add(rest[0])
        elif not first.startswith("#"):
            for word in rest:
                action, _, mark = word.partition(":")
                marks[f"{first}.{action}"] = mark
    return Permissions(date.fromisoformat(as_of), marks, names, frozenset(unclaimed))
