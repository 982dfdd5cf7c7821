"""What changed between two estates: access, not text; named cases, and random pairs of estates."""

from __future__ import annotations

import copy
import os
import random
from typing import Any

import pytest

from auditor.access.changes import Change, Had, changes
from tests.access_estates import ACCOUNTS, GROUPS, ORGANISATION, PERMISSIONS, USERS, access, estate, random_estate
from tests.naive_access import BUCKET, IS_PROD, MANAGER, NOT_PROD, Estate

CASES = int(os.environ.get("AUDITOR_RANDOM_CASES", "1500")) // 10
P1, P2, FOLDER = MANAGER + "projects/p1", MANAGER + "projects/p2", MANAGER + "folders/5"
ANN, BOB, DEVS = "user:ann@example.com", "user:bob@example.com", "group:devs@example.com"


def viewer(*members: str, role: str = "roles/viewer", condition: str = "") -> dict[str, Any]:
    return {"role": role, "members": list(members), "condition": condition}


def difference(before: Estate, after: Estate) -> list[Change]:
    return list(changes(access(before), access(after)))


def told(found: list[Change]) -> list[tuple[str, str, str, str]]:
    return [(change.principal, change.where, change.before.name, change.after.name) for change in found]


def test_the_same_estate_has_no_changes() -> None:
    made = estate(policies={P1: [viewer(ANN, DEVS)]}, groups={"devs@example.com": [BOB]})
    assert difference(made, made) == []


def test_a_binding_replaced_by_an_equivalent_inherited_one_is_no_change_on_the_project() -> None:
    before = estate(policies={P1: [viewer(ANN)]})
    after = estate(policies={FOLDER: [viewer(ANN)]})
    assert told(difference(before, after)) == [(ANN, "folders/5", "NO", "YES")]


def test_a_role_written_as_two_bindings_is_no_change() -> None:
    before = estate(policies={P1: [viewer(ANN, BOB)]})
    after = estate(policies={P1: [viewer(BOB), viewer(ANN)]})
    assert difference(before, after) == []


def test_a_role_that_another_role_covers_can_go_without_change() -> None:
    before = estate(policies={P1: [viewer(ANN), viewer(ANN, role="roles/editor")]})
    after = estate(policies={P1: [viewer(ANN, role="roles/editor")]})
    assert difference(before, after) == []


def test_a_new_member_of_a_nested_group_gains_what_the_outer_group_has() -> None:
    policies = {P1: [viewer(DEVS)]}
    groups = {"devs@example.com": ["group:ops@example.com"], "ops@example.com": []}
    before = estate(policies=policies, groups=groups)
    after = estate(policies=policies, groups={**groups, "ops@example.com": [ANN]})
    (change,) = difference(before, after)
    assert told([change]) == [(ANN, "projects/p1", "NO", "YES")]
    assert change.roles == ("roles/viewer",)
    assert change.permissions == ("resourcemanager.projects.get",)
    assert any(
        "group:devs@example.com → group:ops@example.com → user:ann@example.com" in text for text in change.because
    )


def test_a_custom_role_that_grew_gives_its_holders_more() -> None:
    role = "projects/p1/roles/r"
    policies = {P1: [viewer(ANN, role=role)]}
    before = estate(policies=policies, roles={role: ["storage.buckets.get"]})
    after = estate(policies=policies, roles={role: ["storage.buckets.get", "storage.buckets.delete"]})
    (change,) = difference(before, after)
    assert change.permissions == ("storage.buckets.delete",)


def test_a_new_deny_policy_takes_away_below_a_binding() -> None:
    rule = {"principals": ["principalSet://goog/public:all"], "permissions": ["storage.googleapis.com/buckets.delete"]}
    policies = {FOLDER: [viewer(ANN, role="roles/storage.admin")]}
    before = estate(policies=policies)
    after = estate(policies=policies, denies=[{"on": "projects/p1", "rules": [rule]}])
    (change,) = difference(before, after)
    assert told([change]) == [(ANN, "projects/p1", "YES", "NO")]
    assert change.permissions == ("storage.buckets.delete",)
    assert not change.appeared


def test_a_new_boundary_takes_away() -> None:
    name = f"{ORGANISATION}/locations/global/principalAccessBoundaryPolicies/one"
    policies = {P2: [viewer(ACCOUNTS[0])]}
    bound = {
        "boundaries": {name: {"version": "3", "resources": ["projects/p1"]}},
        "boundary_bindings": [{"policy": name, "principals": MANAGER + "projects/p1"}],
    }
    (change,) = difference(estate(policies=policies), estate(policies=policies, **bound))
    assert told([change]) == [(ACCOUNTS[0], "projects/p2", "YES", "NO")]


def test_another_condition_is_told_although_access_stays_in_doubt() -> None:
    before = estate(policies={P1: [viewer(ANN, condition=IS_PROD)]})
    after = estate(policies={P1: [viewer(ANN, condition=NOT_PROD)]})
    (change,) = difference(before, after)
    assert (change.before, change.after) == (Had.PERHAPS, Had.PERHAPS)
    assert change.because == (f"no longer: {IS_PROD}", f"now: {NOT_PROD}")


def test_what_stands_behind_a_convenience_member_follows_the_project() -> None:
    bucket = "//storage.googleapis.com/b1"
    given = {bucket: [viewer("projectOwner:p1", role="roles/storage.admin")]}
    before = estate(policies=given)
    after = estate(policies={**given, P1: [viewer(ANN, role="roles/owner")]})
    assert (ANN, "projects/p1", "NO", "YES") in told(difference(before, after))


def test_a_project_that_moved_inherits_from_elsewhere() -> None:
    before = estate(policies={FOLDER: [viewer(ANN)]})
    after = copy.deepcopy(before)
    after["parents"]["projects/p1"] = ORGANISATION
    assert told(difference(before, after)) == [(ANN, "projects/p1", "YES", "NO")]


def test_a_policy_that_is_missing_afterwards_leaves_the_unknown() -> None:
    before = estate(policies={P1: [viewer(ANN)]})
    after = copy.deepcopy(before)
    del after["policies"][P1]
    (change,) = difference(before, after)
    assert told([change]) == [(ANN, "projects/p1", "YES", "PERHAPS")]


@pytest.mark.parametrize("start", range(5))
def test_random_changes_agree_with_what_can_says(start: int) -> None:
    """Whatever is told is true of both sides; whatever `can` finds changed where it is granted is told."""
    for seed in range(start, CASES, 5):
        dice = random.Random(seed)
        made = random_estate(dice)
        other = _mutated(dice, made)
        sides = (access(made), access(other))
        found = list(changes(*sides))
        for change in found:
            for permission in change.permissions:
                states = (
                    [side.can(change.principal, permission, change.scope).state for side in sides]
                    if _asks(change)
                    else []
                )
                for state, had in zip(states, (change.before, change.after), strict=False):
                    assert had is not Had.YES or state == "GRANTED", (seed, change)
                    assert had is not Had.NO or state == "NOT_GRANTED", (seed, change)
        pairs = {(change.principal, change.scope) for change in found}
        for scope in sides[0].world.bindings.scopes.all:
            if scope in other["policies"] and made["policies"].get(scope) != other["policies"][scope]:
                for who in [*USERS, *ACCOUNTS, *GROUPS]:
                    states = [side.can(who, permission, scope).state for side in sides for permission in PERMISSIONS]
                    half = len(states) // 2
                    lost = any(
                        {one, two} == {"GRANTED", "NOT_GRANTED"}
                        for one, two in zip(states[:half], states[half:], strict=True)
                    )
                    reached = any(
                        who in binding["members"]
                        for side in (made, other)
                        for binding in side["policies"].get(scope, [])
                    )
                    assert not lost or not reached or (who, scope) in pairs, (seed, who, scope)


def _asks(change: Change) -> bool:
    return change.principal.startswith(("user:", "serviceAccount:", "group:"))


def _mutated(dice: random.Random, made: Estate) -> Estate:
    """The estate with two policies of another estate, and perhaps its groups or denies."""
    donor, changed = random_estate(dice), copy.deepcopy(made)
    for name in dice.sample(sorted(made["policies"]), 2):
        changed["policies"][name] = donor["policies"].get(name, [])
    for key in dice.sample(["groups", "denies", "roles"], dice.randrange(3)):
        changed[key] = donor[key]
    assert all(resource["type"] == BUCKET for resource in changed["resources"].values())
    return changed
