"""Effective access: random estates against a naive evaluator, named cases, and what the answers say."""

from __future__ import annotations

import os
import random
from collections import Counter
from typing import Any

import pytest

from auditor.access.effective import EffectiveAccess
from auditor.access.principals import principal
from auditor.access.removal import NoSuchBinding, without
from auditor.access.standing import BindingReference, Certainty
from tests import naive_access
from tests.access_estates import ACCOUNTS, GROUPS, NOW, ORGANISATION, PERMISSIONS, USERS, access, estate, random_estate
from tests.naive_access import MANAGER, Estate

CASES = int(os.environ.get("AUDITOR_RANDOM_CASES", "1500"))
QUESTIONS = 5
TARGETS = [
    "//storage.googleapis.com/b1",
    "//storage.googleapis.com/b2",
    MANAGER + "projects/p1",
    MANAGER + "projects/p2",
    MANAGER + "projects/p3",
    MANAGER + "folders/5",
    MANAGER + ORGANISATION,
]


def test_random_estates_agree_with_the_naive_evaluator() -> None:
    """Overall states of several questions for each estate; all states have to occur often."""
    states: Counter[str] = Counter()
    for seed in range(CASES):
        dice = random.Random(seed)
        made = random_estate(dice)
        fast = access(made)
        for _ in range(QUESTIONS):
            who, permission, target = (
                dice.choice(pool) for pool in ([*USERS, *ACCOUNTS, *GROUPS], PERMISSIONS, TARGETS)
            )
            expected = naive_access.state(made, who, permission, target)
            answer = fast.can(who, permission, target)
            assert answer.state == expected, (seed, who, permission, target, answer.because, made)
            states[expected] += 1
    assert min(states.values()) > CASES * QUESTIONS // 100, states
    assert len(states) == 4, states


def test_who_can_is_can_asked_of_everybody() -> None:
    """Whoever is told has the state that `can` tells; whoever has access is told, or belongs to a set that is."""
    for seed in range(CASES // 5):
        dice = random.Random(-seed)
        made = random_estate(dice)
        fast = access(made)
        permission, target = dice.choice(PERMISSIONS), dice.choice(TARGETS)
        found = fast.who_can(permission, target)
        told = {holder.principal.name: holder for holder in (*found.holders, *found.kept_away)}
        sets = [holder for holder in told.values() if holder.principal.is_set or holder.principal.is_anonymous]
        for who in [*USERS, *ACCOUNTS, *GROUPS]:
            answer = fast.can(who, permission, target)
            if who in told:
                assert told[who].access.state == answer.access.state, (seed, who, permission, target, made)
            elif answer.state == "GRANTED":
                assert sets, (seed, who, permission, target, made)
            elif answer.state != "NOT_GRANTED":
                assert sets or found.gaps, (seed, who, permission, target, made)


def test_everything_holds_what_can_grants() -> None:
    """A permission that is surely granted is in the mask of a certain role, on the resource and above it."""
    granted = 0
    for seed in range(CASES // 5):
        dice = random.Random(seed)
        made = random_estate(dice)
        fast = access(made)
        who = dice.choice([*USERS, *ACCOUNTS, *GROUPS])
        target = dice.choice(TARGETS)
        held = fast.everything(who, target)
        power = fast.holdings.power(principal(who), fast.world.places.read(target))
        for permission in PERMISSIONS:
            bit = 1 << (fast.world.roles.index(permission) or 0)
            answer = fast.can(who, permission, target)
            if answer.state == "GRANTED":
                granted += 1
                assert any(holding.mask & bit and holding.is_certain for holding in held) or power.perhaps & bit
                assert (power.certain | power.perhaps) & bit, (seed, who, permission, target, made)
            if power.certain & bit:
                assert answer.state == "GRANTED", (seed, who, permission, target, answer.because, made)
    assert granted


# Named cases

P1, P2, FOLDER, ORG = (MANAGER + name for name in ("projects/p1", "projects/p2", "folders/5", ORGANISATION))
B1 = "//storage.googleapis.com/b1"
ANN, BOB, DEVS, OPS = USERS[0], USERS[1], GROUPS[0], GROUPS[1]
GET, LIST, PROJECT_GET = "storage.buckets.get", "storage.objects.list", "resourcemanager.projects.get"


def bind(role: str, *members: str, condition: str = "") -> dict[str, Any]:
    return {"role": role, "members": list(members), "condition": condition}


def state(made: Estate, who: str, permission: str, resource: str) -> str:
    """The state that both evaluators tell."""
    answer = access(made).can(who, permission, resource)
    assert answer.state == naive_access.state(made, who, permission, resource)
    return answer.state


def test_an_unknown_custom_role_of_another_project_grants_nothing_there() -> None:
    """A counter-example: whatever the role holds, it cannot be granted outside of its project."""
    made = estate(policies={P1: [bind("projects/p2/roles/r", ANN)]})
    assert state(made, ANN, LIST, B1) == "NOT_GRANTED"


def test_owners_that_a_folder_names_by_their_project_are_followed_in_doubt() -> None:
    """A counter-example: `projectOwner:p2` on a folder above p2 stands for itself, which adds nobody."""
    made = estate(policies={FOLDER: [bind("roles/owner", "projectOwner:p2")]})
    assert state(made, ANN, PROJECT_GET, B1) == "NOT_GRANTED"
    made["policies"][P2] = [bind("roles/owner", ANN)]
    assert state(made, ANN, PROJECT_GET, B1) == "GRANTED"


def test_who_inherits_owner_may_or_may_not_be_meant_by_project_owner() -> None:
    made = estate(policies={FOLDER: [bind("roles/owner", ANN)], B1: [bind("roles/storage.admin", "projectOwner:p1")]})
    assert state(made, ANN, LIST, B1) == "UNKNOWN_INFO_DENIED"


def test_an_exception_from_a_deny_for_everyone_is_no_set_that_has_access() -> None:
    """A counter-example: allUsers is kept away, and a group that is excepted is not."""
    rule = {
        "principals": ["principalSet://goog/public:all"],
        "except": ["principalSet://goog/group/devs@example.com"],
        "permissions": ["storage.googleapis.com/*.*"],
    }
    made = estate(
        policies={B1: [bind("roles/storage.admin", "allUsers", ANN)]},
        groups={"devs@example.com": [ANN]},
        denies=[{"on": "projects/1001", "rules": [rule]}],
    )
    assert state(made, ANN, GET, B1) == "GRANTED"
    assert state(made, BOB, GET, B1) == "NOT_GRANTED"
    found = access(made).who_can(GET, "gs://b1")
    assert [str(holder.principal) for holder in found.holders] == [ANN]
    assert [str(holder.principal) for holder in found.kept_away] == ["allUsers"]


def test_a_group_in_a_circle_has_its_members_once() -> None:
    made = estate(
        policies={P1: [bind("roles/viewer", DEVS)]},
        groups={"devs@example.com": [OPS, ANN], "ops@example.com": [DEVS, BOB]},
    )
    found = access(made).who_can(PROJECT_GET, "projects/p1")
    assert [str(holder.principal) for holder in found.holders] == [DEVS, OPS, ANN, BOB]
    assert found.gaps == ()


def test_fifty_thousand_nested_groups_are_no_deep_recursion() -> None:
    groups = {f"g{number}@example.com": [f"group:g{number + 1}@example.com"] for number in range(50_000)}
    groups["g50000@example.com"] = [ANN]
    made = access(estate(policies={P1: [bind("roles/viewer", "group:g0@example.com")]}, groups=groups))
    assert made.can(ANN, PROJECT_GET, "projects/p1").state == "GRANTED"
    assert made.who_can(PROJECT_GET, "projects/p1").holders[-1].principal.name == ANN


def test_an_answer_names_binding_way_and_condition() -> None:
    made = estate(
        policies={FOLDER: [bind("roles/storage.admin", DEVS, condition=naive_access.IS_BUCKET)]},
        groups={"devs@example.com": [OPS], "ops@example.com": [ANN]},
    )
    answer = access(made).can(ANN, GET, "gs://b1")
    assert answer.because[:2] == (
        "roles/storage.admin on folders/5",
        "group:devs@example.com → group:ops@example.com → user:ann@example.com",
    )
    assert any("resource.type" in clause for clause in answer.because)
    elsewhere = access(made).can(ANN, GET, "projects/p1")
    assert any(clause.startswith("roles/storage.admin on folders/5 does not apply") for clause in elsewhere.because)


def test_a_hidden_condition_of_a_version_1_export_leaves_the_answer_open() -> None:
    made = estate(policies={P1: [bind("roles/viewer_withcond_0a1b2c", ANN)]})
    assert state(made, ANN, PROJECT_GET, P1) == "UNKNOWN_INFO_DENIED"
    (grant,) = access(made).grants()
    assert (grant.role, grant.certainty, grant.binding.hidden) == ("roles/viewer", Certainty.POSSIBLE, True)


def test_everything_follows_what_holders_of_a_role_stand_for() -> None:
    made = estate(policies={P1: [bind("roles/owner", ANN)], B1: [bind("roles/storage.admin", "projectOwner:1001")]})
    held = [(holding.role, holding.where) for holding in access(made).everything(ANN)]
    assert held == [("roles/owner", "projects/p1"), ("roles/storage.admin", "gs://b1")]


def test_everything_tells_what_is_denied_of_a_role() -> None:
    rule = {"principals": ["principal://goog/subject/ann@example.com"], "permissions": [naive_access.DENY_NAMES[GET]]}
    made = estate(policies={P1: [bind("roles/storage.admin", ANN)]}, denies=[{"on": "projects/p1", "rules": [rule]}])
    (holding,) = access(made).everything(ANN)
    assert access(made).world.roles.names(holding.denied) == [GET]


def test_grants_tell_what_never_applies_and_why() -> None:
    made = estate(
        policies={
            P1: [
                bind("roles/viewer", ANN, condition=naive_access.TOO_LATE),
                bind("projects/p2/roles/r", BOB),
                bind("projects/p1/roles/off", BOB),
                bind("roles/editor", "deleted:user:old@example.com?uid=1", DEVS),
            ]
        },
        roles={"projects/p1/roles/off": None},
    )
    told = {(grant.member, grant.role): (grant.certainty, grant.reason) for grant in access(made).grants()}
    assert told[ANN, "roles/viewer"] == (Certainty.NEVER, told[ANN, "roles/viewer"][1])
    assert "expired at 2020-01-01T00:00:00Z" in told[ANN, "roles/viewer"][1]
    assert "gives nothing on projects/p1" in told[BOB, "projects/p2/roles/r"][1]
    assert told[BOB, "projects/p1/roles/off"] == (Certainty.NEVER, "projects/p1/roles/off gives nothing")
    assert told[DEVS, "roles/editor"] == (Certainty.CERTAIN, "")
    assert len(told) == 4


@pytest.mark.parametrize(
    ("scope", "condition", "start", "end"),
    [
        (P1, "", "projects", "p1 WHO --condition=None"),
        (P1, naive_access.IS_PROD, "projects", "p1 WHO --all"),
        (FOLDER, "", "resource-manager folders", "5 WHO --condition=None"),
        (ORG, "", "organizations", "9 WHO --condition=None"),
        (B1, "", "storage buckets", "gs://b1 WHO --condition=None"),
        ("//secretmanager.googleapis.com/projects/p1/secrets/s", "", "secrets", "s --project=p1 WHO --condition=None"),
        (
            "//run.googleapis.com/projects/p1/locations/europe-west1/services/web",
            "",
            "run services",
            "web --region=europe-west1 --project=p1 WHO",
        ),
    ],
)
def test_the_command_that_removes_a_binding(scope: str, condition: str, start: str, end: str) -> None:
    expected = f"gcloud {start} remove-iam-policy-binding {end}".replace("WHO", f"--member={ANN} --role=roles/viewer")
    assert BindingReference(ANN, "roles/viewer", scope, condition).command == expected


@pytest.mark.parametrize(
    "scope", ["//bigquery.googleapis.com/projects/p1/datasets/d", "//pubsub.googleapis.com/topics/t", "b", ""]
)
def test_where_no_single_command_removes_a_binding_none_is_told(scope: str) -> None:
    assert BindingReference(ANN, "roles/viewer", scope).command == ""


def test_a_hostile_name_stays_one_word_of_a_command() -> None:
    reference = BindingReference("user:$(id)@b.example", "roles/viewer", "//storage.googleapis.com/b; rm -rf", "")
    assert "'gs://b; rm -rf'" in reference.command
    assert "'--member=user:$(id)@b.example'" in reference.command


def test_what_if_leaves_the_world_as_it_is() -> None:
    before = access(estate(policies={P1: [bind("roles/viewer", ANN, BOB)], B1: [bind("roles/viewer", ANN)]}))
    world = without(before.world, [f"roles/viewer {ANN} on projects/1001"])
    after = EffectiveAccess(world, NOW)
    assert [(holding.where) for holding in after.everything(ANN)] == ["gs://b1"]
    assert after.can(BOB, PROJECT_GET, "projects/p1").state == "GRANTED"
    assert len(before.everything(ANN)) == 2
    with pytest.raises(NoSuchBinding, match="has no policy in the input, or an empty one"):
        without(before.world, [f"roles/viewer {ANN} on projects/p2"])
