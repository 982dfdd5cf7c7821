"""Who reaches control of what, in random estates: the graph's answer against a naive one straight from the rules.

The naive one knows no graph. It asks, for one identity after the other, what bindings give it by itself and its groups,
and whom it can become with that; until nothing is new.
"""

from __future__ import annotations

import json
import os
import random
from typing import NamedTuple

import pytest

from auditor.access.collect import Collector
from auditor.access.control.escalation import control_graph
from auditor.access.control.inventory import Inventory
from auditor.access.control.primitives import ACT_AS
from auditor.access.control.reach import Reach
from auditor.sources.group_files import ListedGroup
from tests.escalation_estates import EXPIRED, MANAGER, NOW, ORGANISATION, Estate, account, asset

ESTATES = int(os.environ.get("AUDITOR_REACH_ESTATES", "200"))
PROJECTS = ("home", "away", "target")
OTHER_PROJECTS = "iam.disableCrossProjectServiceAccountUsage"
PROD = 'resource.matchTag("1/env", "prod")'
OWN, OWN_ALL = "resourcemanager.projects.setIamPolicy", "resourcemanager.organizations.setIamPolicy"
TAKE = "iam.serviceAccounts.getAccessToken"
DEPLOY, PERHAPS_DEPLOY = "run.services.create", "appengine.versions.create"
LIFT = "iam.denypolicies.update"
PERMISSIONS = (OWN, OWN_ALL, TAKE, DEPLOY, DEPLOY, PERHAPS_DEPLOY, ACT_AS, ACT_AS, ACT_AS, LIFT)
DENIABLE = {
    OWN: "cloudresourcemanager.googleapis.com/projects.setIamPolicy",
    TAKE: "iam.googleapis.com/serviceAccounts.getAccessToken",
    ACT_AS: "iam.googleapis.com/serviceAccounts.actAs",
}
CONSTRAINED = "orgpolicy.googleapis.com/Policy"


class Grant(NamedTuple):
    member: str
    permissions: tuple[str, ...]
    scope: str
    condition: str


class Drawn(NamedTuple):
    """An estate: grants on the organisation, projects and accounts, members of groups, projects that forbid.

    `denials` are (who, permission) of a deny policy of the organisation.
    """

    grants: list[Grant]
    groups: dict[str, list[str]]
    forbidding: list[str]
    denials: list[tuple[str, str]] = []


ACCOUNTS = {
    f"serviceAccount:{name}@{home}.iam.gserviceaccount.com": home for home in PROJECTS for name in ("one", "two")
}
USERS = ("user:ann@example.com", "user:ben@example.com")
GROUPS = ("group:all@example.com", "group:ops@example.com", "group:devs@example.com")


def drawn(seed: int) -> Drawn:
    dice = random.Random(seed)
    names = [robot.removeprefix("serviceAccount:") for robot in ACCOUNTS]
    scopes = [ORGANISATION, *names, *(f"projects/{name}" for name in PROJECTS * 3)]
    grants = []
    for _ in range(dice.randrange(4, 16)):
        member = dice.choice((*USERS, *ACCOUNTS, *GROUPS))
        permissions = tuple(dice.sample(PERMISSIONS, dice.randrange(1, 3)))
        condition = dice.choice(("", "", "", PROD, EXPIRED))
        grants.append(Grant(member, permissions, dice.choice(scopes), condition))
    inside = (*USERS, *ACCOUNTS, *GROUPS)
    groups = {group: dice.sample(inside, dice.randrange(3)) for group in GROUPS}
    forbidding = dice.sample(PROJECTS, dice.randrange(3))
    held = [(grant.member, name) for grant in grants for name in grant.permissions if name in DENIABLE]
    denials = [dice.choice(held) for _ in range(dice.choice((0, 0, 1, 2)))] if held else []
    for who, _ in denials:
        if dice.random() < 0.6:  # who is denied may lift it
            grants.append(Grant(who, (LIFT,), dice.choice((ORGANISATION, "projects/home")), ""))
    return Drawn(grants, groups, forbidding, denials)


# The naive answer


def groups_of(made: Drawn, member: str) -> set[str]:
    found = {member}
    while True:
        more = {group for group, members in made.groups.items() if found.intersection(members)} - found
        if not more:
            return found
        found |= more


def has(made: Drawn, who: str, permission: str, scopes: tuple[str, ...], *, certain: bool) -> bool:
    """Whether one identity holds a permission on one of some scopes, by itself or a group."""
    names = groups_of(made, who)
    met = ("",) if certain else ("", PROD)
    denied = any(principal in names and denial == permission for principal, denial in made.denials)
    if denied and not has(made, who, LIFT, (ORGANISATION,), certain=certain):
        return False
    return any(
        grant.member in names and permission in grant.permissions and grant.scope in scopes and grant.condition in met
        for grant in made.grants
    )


def controls(made: Drawn, who: str, *, certain: bool) -> set[str]:
    """The containers of which one identity can set the policy."""
    found = set()
    if has(made, who, OWN_ALL, (ORGANISATION,), certain=certain):
        found = {ORGANISATION, *(f"projects/{name}" for name in PROJECTS)}
    for name in PROJECTS:
        if has(made, who, OWN, (f"projects/{name}", ORGANISATION), certain=certain):
            found.add(f"projects/{name}")
    return found


def becomes(made: Drawn, who: str, robot: str, *, certain: bool) -> bool:
    """Whether one identity can become an account in one step."""
    home = ACCOUNTS[robot]
    around = (f"projects/{home}", ORGANISATION)
    scopes = (robot.removeprefix("serviceAccount:"), *around)
    if f"projects/{home}" in controls(made, who, certain=certain) or has(made, who, TAKE, scopes, certain=certain):
        return True
    if not has(made, who, ACT_AS, scopes, certain=certain):
        return False
    if has(made, who, DEPLOY, around, certain=certain):
        return True
    if certain:
        return False
    anywhere = (ORGANISATION, *(f"projects/{name}" for name in PROJECTS)) if home not in made.forbidding else around
    return has(made, who, DEPLOY, anywhere, certain=False) or has(made, who, PERHAPS_DEPLOY, anywhere, certain=False)


def naive(made: Drawn, start: str, *, certain: bool) -> set[str]:
    """The containers of which an identity comes to control."""
    acting = {start}
    while True:
        more = {
            robot
            for robot in ACCOUNTS
            for who in acting
            if robot not in acting and becomes(made, who, robot, certain=certain)
        }
        if not more:
            return {container for who in acting for container in controls(made, who, certain=certain)}
        acting |= more


# The graph's


def estate(made: Drawn) -> Estate:
    result = Estate()
    for number, grant in enumerate(made.grants):
        role = f"{ORGANISATION}/roles/r{number}"
        result.roles[role] = list(grant.permissions)
        address = grant.scope if "@" in grant.scope else ""
        home = ACCOUNTS.get(f"serviceAccount:{address}", "home")
        scope = account(address).replace("/home/", f"/{home}/") if address else MANAGER + grant.scope
        result.bind(grant.member, role, scope, grant.condition)
    for robot, home in ACCOUNTS.items():
        address = robot.removeprefix("serviceAccount:")
        name = account(address).replace("/home/", f"/{home}/")
        result.assets.append(asset(name, "iam.googleapis.com/ServiceAccount", {"email": address}, home))
    if made.denials:
        result.assets.append(_denials(made.denials))
    for name in made.forbidding:
        policy = {"name": f"projects/{name}/policies/{OTHER_PROJECTS}", "spec": {"rules": [{"enforce": True}]}}
        full = f"//orgpolicy.googleapis.com/projects/{name}/policies/{OTHER_PROJECTS}"
        result.assets.append(asset(full, CONSTRAINED, policy, name))
    return result


def _denials(denials: list[tuple[str, str]]) -> dict[str, object]:
    forms = {
        "user": "principal://goog/subject/",
        "group": "principalSet://goog/group/",
        "serviceAccount": "principal://iam.googleapis.com/projects/-/serviceAccounts/",
    }
    rules = [
        {
            "denyRule": {
                "deniedPrincipals": [forms[who.partition(":")[0]] + who.partition(":")[2]],
                "deniedPermissions": [DENIABLE[permission]],
            }
        }
        for who, permission in denials
    ]
    path = f"policies/cloudresourcemanager.googleapis.com%2F{ORGANISATION.replace('/', '%2F')}/denypolicies/some"
    return {
        "name": f"//iam.googleapis.com/{path}",
        "asset_type": "iam.googleapis.com/DenyPolicy",
        "ancestors": [ORGANISATION],
        "resource": {"data": {"name": path, "rules": rules}},
    }


def reached(made: Drawn, *, certain: bool) -> dict[str, set[str]]:
    """Which containers each identity and group comes to control, by the control graph."""
    collector, inventory = Collector(NOW), Inventory()
    for document in estate(made).lines():
        line = json.dumps(document).encode()
        collector.add(line)
        inventory.add(line)
    for group, members in made.groups.items():
        collector.add_group(ListedGroup(group, members))
    control = control_graph(collector.world(), inventory, NOW, members=(*USERS, *ACCOUNTS, *GROUPS))
    reach = Reach(control.graph.view(certain_only=certain), control.owners.values())
    names = {node: name for name, node in control.owners.items()}
    return {
        member: {names[node] for node in reach.targets_of(control.identities[member])}
        for member in (*USERS, *ACCOUNTS, *GROUPS)
    }


@pytest.mark.parametrize("certain", [True, False])
def test_the_graph_reaches_what_the_rules_say(certain: bool) -> None:
    controlled = 0
    for seed in range(ESTATES):
        made = drawn(seed)
        found = reached(made, certain=certain)
        if made.denials:  # where a denial treats members unlike their group, the members stand in its place
            found = {member: reach for member, reach in found.items() if member not in GROUPS}
        expected = {member: naive(made, member, certain=certain) for member in found}
        assert found == expected, (seed, made)
        controlled += sum(map(len, expected.values()))
    assert controlled > ESTATES // 2, "somebody comes to control something in many estates"


def test_act_as_on_the_organisation_and_deploying_in_one_project() -> None:
    """Accounts of all projects can be attached there, unless their own project forbids it."""
    ann, robot = USERS[0], next(iter(ACCOUNTS))
    grants = [
        Grant(ann, (ACT_AS,), ORGANISATION, ""),
        Grant(ann, (DEPLOY,), "projects/away", ""),
        Grant(robot, (OWN,), "projects/target", ""),
    ]
    assert reached(Drawn(grants, {}, []), certain=False)[ann] == {"projects/target"}
    assert reached(Drawn(grants, {}, []), certain=True)[ann] == set()
    assert reached(Drawn(grants, {}, ["home"]), certain=False)[ann] == set()
