"""Estates for tests of access: plain dicts (see `tests.naive_access`), made by hand or at random, and their export."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

from auditor.access.collect import Collector
from auditor.access.effective import EffectiveAccess
from auditor.access.role_table import KnownRole, RoleTable
from auditor.sources.group_files import ListedGroup
from tests import naive_access
from tests.naive_access import MANAGER, Estate

NOW = datetime(2026, 11, 22, tzinfo=UTC)
ORGANISATION = "organizations/9"
PERMISSIONS = list(naive_access.DENY_NAMES)

USERS = [f"user:{name}@example.com" for name in ("ann", "bob", "cho")] + [
    "user:eve@gmail.com",
    "user:zoe@other.example",
]
ACCOUNTS = [f"serviceAccount:{name}.iam.gserviceaccount.com" for name in ("ci@p1", "app@p2", "job@p3")]
GROUPS = [f"group:{name}@example.com" for name in ("devs", "ops", "all", "odd", "lost")]
SETS = ["allUsers", "allAuthenticatedUsers", "domain:example.com", "domain:other.example"]
STANDING_FOR = [
    f"project{role}:{project}" for role in ("Owner", "Editor", "Viewer") for project in ("p1", "p2", "1001")
]
DELETED = ["deleted:user:ann@example.com?uid=1", "deleted:group:devs@example.com?uid=2"]
CUSTOM_ROLES = ["projects/p1/roles/r", "projects/p2/roles/r", f"{ORGANISATION}/roles/o", "organizations/8/roles/o"]


def table() -> RoleTable:
    """The predefined roles that the naive evaluator knows."""
    permissions = sorted({permission for given in naive_access.PREDEFINED.values() for permission in given})
    roles = {
        role: KnownRole(role, sum(1 << permissions.index(permission) for permission in given), "GA", dated=True)
        for role, given in naive_access.PREDEFINED.items()
    }
    return RoleTable(date(2026, 11, 1), permissions, roles)


def estate(**given: Any) -> Estate:
    """An estate of one organisation with a folder, three projects and a bucket, all with empty policies."""
    built: Estate = {
        "parents": {
            "folders/5": ORGANISATION,
            "projects/p1": "folders/5",
            "projects/p2": "folders/5",
            "projects/p3": ORGANISATION,
        },
        "numbers": {"p1": 1001, "p2": 1002, "p3": 1003},
        "resources": {
            "//storage.googleapis.com/b1": {"type": naive_access.BUCKET, "project": "projects/p1"},
            "//storage.googleapis.com/b2": {"type": naive_access.BUCKET, "project": "projects/p2"},
        },
        "policies": {
            MANAGER + name: [] for name in (ORGANISATION, "folders/5", "projects/p1", "projects/p2", "projects/p3")
        },
        "roles": {},
        "groups": {},
        "denies": [],
        "boundaries": {},
        "boundary_bindings": [],
        "tags": None,
        "customers": {},
    }
    built["policies"]["//storage.googleapis.com/b1"] = []
    for key, value in given.items():
        built[key] = {**built[key], **value} if isinstance(value, dict) and built[key] is not None else value
    return built


def random_estate(dice: random.Random) -> Estate:
    """An estate with some of everything that can decide access, or leave it undecided."""
    made = estate()
    for name in list(made["policies"]):
        made["policies"][name] = [_binding(dice) for _ in range(dice.choice((0, 1, 2, 3, 4)))]
        if dice.random() < 0.03:
            del made["policies"][name]
    if dice.random() < 0.5:
        made["policies"]["//storage.googleapis.com/b2"] = [_binding(dice)]
    made["groups"] = {
        group.removeprefix("group:"): dice.sample([*USERS, *ACCOUNTS, *GROUPS], dice.randrange(4))
        for group in GROUPS[:4]
        if dice.random() < 0.9
    }
    made["roles"] = {
        role: None if dice.random() < 0.2 else dice.sample(PERMISSIONS, dice.randrange(1, 4))
        for role in CUSTOM_ROLES
        if dice.random() < 0.8
    }
    made["denies"] = [_deny(dice) for _ in range(dice.choice((0, 0, 0, 1, 2)))]
    made["boundaries"] = {
        f"{ORGANISATION}/locations/global/principalAccessBoundaryPolicies/{name}": {
            "version": dice.choice(("1", "2", "3", "latest")),
            "resources": dice.sample([ORGANISATION, "folders/5", "projects/p1", "projects/1002"], dice.randrange(1, 3)),
        }
        for name in ("one", "two")[: dice.choice((0, 0, 0, 1, 2))]
    }
    made["boundary_bindings"] = [
        _boundary_binding(dice, name) for name in made["boundaries"] for _ in range(dice.randrange(3))
    ]
    if dice.random() < 0.5:
        places = [MANAGER + ORGANISATION, MANAGER + "folders/5", MANAGER + "projects/p1", "//storage.googleapis.com/b1"]
        made["tags"] = {place: {"100/env": dice.choice(("prod", "test"))} for place in places if dice.random() < 0.5}
        made["tags"].setdefault(MANAGER + "projects/p3", {"100/env": "prod"})
    if dice.random() < 0.5:
        made["customers"] = {ORGANISATION: "C1", "example.com": "C1"}
    return made


def _member(dice: random.Random) -> str:
    return dice.choice(dice.choice((USERS, USERS, ACCOUNTS, ACCOUNTS, GROUPS, GROUPS, SETS, STANDING_FOR, DELETED)))


def _binding(dice: random.Random) -> dict[str, Any]:
    role = dice.choice([*naive_access.PREDEFINED, *CUSTOM_ROLES])
    binding: dict[str, Any] = {"role": role, "members": [_member(dice) for _ in range(dice.randrange(1, 3))]}
    if dice.random() < 0.04:
        binding["role"] += "_withcond_1a2b3c"
    elif dice.random() < 0.5:
        binding["condition"] = dice.choice(
            (*naive_access.ALLOW_CONDITIONS, naive_access.IS_PROD, naive_access.NOT_PROD)
        )
    return binding


def _deny(dice: random.Random) -> dict[str, Any]:
    spelled = [
        "principalSet://goog/public:all",
        "principal://goog/subject/ann@example.com",
        "principal://iam.googleapis.com/projects/-/serviceAccounts/ci@p1.iam.gserviceaccount.com",
        *(f"principalSet://goog/group/{group.removeprefix('group:')}" for group in GROUPS),
    ]
    patterns = [*naive_access.DENY_NAMES.values(), "storage.googleapis.com/buckets.*", "storage.googleapis.com/*.*"]
    rule: dict[str, Any] = {
        "principals": dice.sample(spelled, dice.randrange(1, 3)),
        "permissions": dice.sample(patterns, dice.randrange(1, 4)),
    }
    if dice.random() < 0.4:
        rule["except"] = [dice.choice(spelled[1:])]
    if dice.random() < 0.2:
        rule["except_permissions"] = [dice.choice(patterns[:4])]
    if dice.random() < 0.5:
        rule["condition"] = dice.choice(naive_access.DENY_CONDITIONS)
    return {
        "on": dice.choice((ORGANISATION, "folders/5", "projects/p1", "projects/1002", "projects/1001")),
        "rules": [rule],
    }


def _boundary_binding(dice: random.Random, policy: str) -> dict[str, str]:
    binding = {
        "policy": policy,
        "principals": MANAGER + dice.choice((ORGANISATION, "folders/5", "projects/1001", "projects/p2")),
    }
    if dice.random() < 0.4:
        binding["condition"] = dice.choice(naive_access.BOUNDARY_CONDITIONS)
    return binding


# The same as an export


def lines(made: Estate) -> Iterator[dict[str, Any]]:
    """The estate as assets in Cloud Asset Inventory form; projects are named by number, as exports name them."""
    for container in (ORGANISATION, *made["parents"]):
        kind = {"o": "Organization", "f": "Folder", "p": "Project"}[container[0]]
        data: dict[str, Any] = {"displayName": "example.com" if kind == "Organization" else container}
        if kind == "Project":
            data = {"projectId": container[9:], "projectNumber": str(made["numbers"][container[9:]])}
        if container in made["customers"]:
            data["owner"] = {"directoryCustomerId": made["customers"][container]}
        yield _asset(made, MANAGER + container, f"cloudresourcemanager.googleapis.com/{kind}", data)
    for name, resource in made["resources"].items():
        yield _asset(made, name, resource["type"], {"name": name.rpartition("/")[2]})
    for name, bindings in made["policies"].items():
        kind = made["resources"].get(name, {}).get("type") or _level(name)
        yield {**_asset(made, name, kind), "iam_policy": {"bindings": [_exported(binding) for binding in bindings]}}
    for role, permissions in made["roles"].items():
        role_data = {"name": role, "stage": "GA", "includedPermissions": permissions or PERMISSIONS}
        if permissions is None:
            role_data["stage"] = "DISABLED"
        name = f"//iam.googleapis.com/{role}"
        yield {"name": name, "asset_type": "iam.googleapis.com/Role", "resource": {"data": role_data}}
    yield from _restrictions(made)


def _restrictions(made: Estate) -> Iterator[dict[str, Any]]:
    for number, policy in enumerate(made["denies"]):
        attached = f"cloudresourcemanager.googleapis.com/{policy['on']}".replace("/", "%2F")
        path = f"policies/{attached}/denypolicies/d{number}"
        rules = [{"denyRule": _deny_rule(rule)} for rule in policy["rules"]]
        yield _iam("DenyPolicy", path, {"name": path, "rules": rules})
    for path, boundary in made["boundaries"].items():
        listed = [{"effect": "ALLOW", "resources": [MANAGER + name for name in boundary["resources"]]}]
        details = {"rules": listed, "enforcementVersion": boundary["version"]}
        yield _iam("PrincipalAccessBoundaryPolicy", path, {"name": path, "details": details})
    for number, binding in enumerate(made["boundary_bindings"]):
        path = f"{ORGANISATION}/locations/global/policyBindings/b{number}"
        data = {"name": path, "policy": binding["policy"], "target": {"principalSet": binding["principals"]}}
        if "condition" in binding:
            data["condition"] = {"expression": binding["condition"]}
        yield _iam("PolicyBinding", path, data)
    for place, tags in (made["tags"] or {}).items():
        for key, value in tags.items():
            data = {"parent": place, "tagValue": f"tagValues/{value}", "tagValueNamespacedName": f"{key}/{value}"}
            name = f"{MANAGER}tagBindings/{place.replace('/', '%2F')}/tagValues/{value}"
            yield {
                "name": name,
                "asset_type": "cloudresourcemanager.googleapis.com/TagBinding",
                "resource": {"data": data},
            }


def _deny_rule(rule: dict[str, Any]) -> dict[str, Any]:
    data = {
        "deniedPrincipals": rule["principals"],
        "exceptionPrincipals": rule.get("except", []),
        "deniedPermissions": rule["permissions"],
        "exceptionPermissions": rule.get("except_permissions", []),
    }
    return {**data, "denialCondition": {"expression": rule["condition"]}} if "condition" in rule else data


def _iam(kind: str, path: str, data: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": f"//iam.googleapis.com/{path}",
        "asset_type": f"iam.googleapis.com/{kind}",
        "resource": {"data": data},
    }


def _level(name: str) -> str:
    kind = {"o": "Organization", "f": "Folder", "p": "Project"}[name[len(MANAGER)]]
    return f"cloudresourcemanager.googleapis.com/{kind}"


def _exported(binding: dict[str, Any]) -> dict[str, Any]:
    shown = {"role": binding["role"], "members": binding["members"]}
    return {**shown, "condition": {"expression": binding["condition"]}} if binding.get("condition") else shown


def _asset(made: Estate, name: str, kind: str, data: dict[str, Any] | None = None) -> dict[str, Any]:
    ancestors = [_by_number(made, container) for container in naive_access.containers(made, name)]
    exported = MANAGER + _by_number(made, name[len(MANAGER) :]) if name.startswith(MANAGER) else name
    asset: dict[str, Any] = {"name": exported, "asset_type": kind, "ancestors": ancestors}
    return asset if data is None else {**asset, "resource": {"data": data}}


def _by_number(made: Estate, container: str) -> str:
    return f"projects/{made['numbers'][container[9:]]}" if container.startswith("projects/") else container


def exported(made: Estate) -> bytes:
    """The estate as newline-delimited JSON."""
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines(made))


def access(made: Estate, **options: Any) -> EffectiveAccess:
    """The estate's access, read from its export."""
    collector = Collector(NOW, roles=table(), **options)
    for line in exported(made).splitlines(keepends=True):
        collector.add(line)
    for group, members in made["groups"].items():
        collector.add_group(ListedGroup(group, list(members)))
    return EffectiveAccess(collector.world(), NOW)
