"""Deny policies: Google's worked examples, the unknown, and random policies against a naive reading of the page."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from auditor.access.conditions import PolicyKind, Request, evaluate
from auditor.access.coverage import covers
from auditor.access.deny import DenyMasks, DenyPolicies, Levels, Question, beyond_tags
from auditor.access.groups import Directory, Roster
from auditor.access.principals import principal
from auditor.access.states import (
    AllowState,
    BoundaryState,
    DenyState,
    Doubt,
    OverallState,
    Side,
    overall,
)
from auditor.access.truth import Truth, fails, holds, unknown
from auditor.resources.base import Undetermined
from tests.deny_support import ANYONE, deny_policy, policies

ORGANISATION = "organizations/123456789012"
FOLDER = "folders/777"
PROD = [f"projects/{253519172624}", FOLDER, ORGANISATION]
DEV = ["projects/253519172625", FOLDER, ORGANISATION]


def groups(**members: list[str]) -> Directory:
    """Groups of example.com, with all their members."""
    roster = Roster()
    for name, listed in members.items():
        roster.list_group(f"{name.replace('_', '-')}@example.com", listed)
    return Directory(roster)


def is_(who: str, directory: Directory) -> Question:
    """The question whether a member covers someone."""
    asked = principal(who)
    return lambda member: covers(member, asked, directory)


def tagged(tags: Mapping[str, str] | None) -> Question:
    """The question whether a denial condition is true of a resource with these tags."""
    request = Request(now=datetime(2026, 11, 22, tzinfo=UTC), tags=tags, policy=PolicyKind.DENY)
    return lambda expression: evaluate(expression, request)


def state(side: Side) -> DenyState:
    """The state that Policy Troubleshooter would tell."""
    granted, inside = Side(holds("a binding")), Side(fails(), enforced=False)
    return overall(granted, side, inside).deny


UNTAGGED = tagged({})

ROLE_ADMINISTRATION = {
    "deniedPrincipals": [ANYONE],
    "exceptionPrincipals": ["principalSet://goog/group/custom-role-admins@example.com"],
    "deniedPermissions": [f"iam.googleapis.com/roles.{verb}" for verb in ("create", "delete", "update")],
}
KEYS = {
    "deniedPrincipals": ["principalSet://goog/group/eng@example.com"],
    "deniedPermissions": [f"iam.googleapis.com/serviceAccountKeys.{verb}" for verb in ("create", "delete")],
}
PROD_PROJECTS = {
    "deniedPrincipals": [ANYONE],
    "exceptionPrincipals": ["principalSet://goog/group/project-admins@example.com"],
    "deniedPermissions": ["cloudresourcemanager.googleapis.com/projects.delete"],
    "denialCondition": {"title": "Only prod", "expression": "resource.matchTag('12345678/env', 'prod')"},
}


@pytest.mark.parametrize(
    ("who", "denied"), [("user:tal@example.com", True), ("user:yuri@example.com", False)], ids=["tal", "yuri"]
)
@pytest.mark.parametrize("verb", ["create", "delete", "update"])
def test_deny_overview_centralizing_administrative_privileges(who: str, denied: bool, verb: str) -> None:
    """Of two with the Organization Role Administrator role, the member of custom-role-admins keeps it."""
    directory = groups(custom_role_admins=["user:yuri@example.com"])
    side = policies(deny_policy(ORGANISATION, ROLE_ADMINISTRATION)).denied(
        Levels(PROD), f"iam.roles.{verb}", is_(who, directory), UNTAGGED
    )
    assert side.decision.holds is denied
    assert side.decision.fails is not denied


def test_deny_overview_what_is_not_named_is_not_denied() -> None:
    side = policies(deny_policy(ORGANISATION, ROLE_ADMINISTRATION)).denied(
        Levels(PROD), "iam.roles.get", is_("user:tal@example.com", groups(custom_role_admins=[])), UNTAGGED
    )
    assert side == Side(fails())


@pytest.mark.parametrize(
    ("who", "where", "exempt", "denied"),
    [
        ("user:izumi@example.com", DEV, False, False),
        ("user:izumi@example.com", PROD, False, True),
        ("user:charlie@example.com", PROD, True, False),
        ("user:izumi@example.com", PROD, True, True),
        ("user:stranger@example.com", PROD, True, False),
    ],
)
def test_deny_overview_exceptions_to_access_grants(who: str, where: list[str], exempt: bool, denied: bool) -> None:
    """eng loses keys in example-prod alone; eng-prod, when it is made an exception, keeps them."""
    directory = groups(
        eng=["user:izumi@example.com", "user:charlie@example.com"], eng_prod=["user:charlie@example.com"]
    )
    exception = {"exceptionPrincipals": ["principalSet://goog/group/eng-prod@example.com"]} if exempt else {}
    side = policies(deny_policy(PROD[0], {**KEYS, **exception})).denied(
        Levels(where), "iam.serviceAccountKeys.create", is_(who, directory), UNTAGGED
    )
    assert side.decision.holds is denied
    assert side.decision.fails is not denied


@pytest.mark.parametrize(
    ("who", "tags", "told"),
    [
        ("user:bola@example.com", {"12345678/env": "dev"}, DenyState.NOT_DENIED),
        ("user:bola@example.com", {"12345678/env": "test"}, DenyState.NOT_DENIED),
        ("user:bola@example.com", {"12345678/env": "prod"}, DenyState.DENIED),
        ("user:bola@example.com", None, DenyState.UNKNOWN_CONDITIONAL),
        ("user:kiran@example.com", {"12345678/env": "prod"}, DenyState.NOT_DENIED),
        ("user:kiran@example.com", None, DenyState.NOT_DENIED),
    ],
)
def test_deny_overview_blocking_access_based_on_tags(who: str, tags: dict[str, str] | None, told: DenyState) -> None:
    directory = groups(project_admins=["user:kiran@example.com"])
    side = policies(deny_policy(ORGANISATION, PROD_PROJECTS)).denied(
        Levels(PROD), "resourcemanager.projects.delete", is_(who, directory), tagged(tags)
    )
    assert state(side) is told


@pytest.mark.parametrize(
    ("permission", "denied"),
    [
        ("resourcemanager.projects.delete", True),
        ("resourcemanager.folders.delete", True),
        ("resourcemanager.folders.list", False),
        ("resourcemanager.folders.get", False),
        ("resourcemanager.projects.get", False),
    ],
)
def test_deny_overview_structure_of_a_deny_policy(permission: str, denied: bool) -> None:
    """The example policy, with its permission group, exceptions and condition."""
    rule = {
        "deniedPrincipals": [ANYONE],
        "exceptionPrincipals": ["principalSet://goog/group/project-admins@example.com"],
        "deniedPermissions": [
            "cloudresourcemanager.googleapis.com/projects.delete",
            "cloudresourcemanager.googleapis.com/folders.*",
        ],
        "exceptionPermissions": [
            "cloudresourcemanager.googleapis.com/folders.list",
            "cloudresourcemanager.googleapis.com/folders.get",
        ],
        "denialCondition": {"expression": "!resource.matchTag('12345678/env', 'test')"},
    }
    asked = policies(deny_policy(PROD[0], rule))
    who = is_("user:bola@example.com", groups(project_admins=[]))
    assert asked.denied(Levels(PROD), permission, who, UNTAGGED).decision.holds is denied
    assert asked.denied(Levels(PROD), permission, who, tagged({"12345678/env": "test"})).decision.fails


def test_a_denial_names_policy_rule_level_and_member_path() -> None:
    rule = {**KEYS, "denialCondition": {"expression": "resource.hasTagKey('1/locked')"}}
    side = policies(deny_policy(FOLDER, {}, rule, name="no-keys")).denied(
        Levels(PROD),
        "iam.serviceAccountKeys.create",
        is_("user:izumi@example.com", groups(eng=["group:sre@example.com"], sre=["user:izumi@example.com"])),
        tagged({"1/locked": "yes"}),
    )
    assert side.decision.holds
    told = " | ".join(side.decision.because)
    assert "rule 2 of deny policy no-keys on folders/777 denies iam.serviceAccountKeys.create" in told
    for part in ("eng@example.com", "sre@example.com", "izumi@example.com", "resource.hasTagKey('1/locked')"):
        assert part in told


def test_an_exception_is_told() -> None:
    side = policies(deny_policy(FOLDER, ROLE_ADMINISTRATION)).denied(
        Levels(PROD),
        "iam.roles.create",
        is_("user:yuri@example.com", groups(custom_role_admins=["user:yuri@example.com"])),
        UNTAGGED,
    )
    assert side.decision.fails
    assert "custom-role-admins@example.com → user:yuri@example.com is excepted" in side.decision.because[0]


@pytest.mark.parametrize(
    "rule",
    [
        KEYS,
        {**KEYS, "deniedPrincipals": [ANYONE], "exceptionPrincipals": KEYS["deniedPrincipals"]},
        {**KEYS, "denialCondition": {"expression": "resource.matchTag('1/a', 'b')"}},
    ],
    ids=["denied", "excepted", "with a condition that is unknown too"],
)
def test_a_group_with_unknown_members_makes_it_unknown(rule: dict[str, Any]) -> None:
    side = policies(deny_policy(ORGANISATION, rule)).denied(
        Levels(PROD), "iam.serviceAccountKeys.create", is_("user:izumi@example.com", Directory()), tagged(None)
    )
    assert state(side) is DenyState.UNKNOWN_INFO
    assert "members of group eng@example.com" in " ".join(side.decision.because)


def test_where_facts_are_missing_too_knowing_the_tags_would_not_be_enough() -> None:
    conditional = {**KEYS, "deniedPrincipals": [ANYONE], "denialCondition": {"expression": "resource.hasTagKey('1/a')"}}
    who = is_("user:izumi@example.com", Directory())
    for rules, told in (([conditional], DenyState.UNKNOWN_CONDITIONAL), ([conditional, KEYS], DenyState.UNKNOWN_INFO)):
        asked = policies(deny_policy(ORGANISATION, *rules))
        assert state(asked.denied(Levels(PROD), "iam.serviceAccountKeys.create", who, tagged(None))) is told


def test_one_rule_that_denies_decides_whatever_else_is_unknown() -> None:
    everyone = {"deniedPrincipals": [ANYONE], "deniedPermissions": ["iam.googleapis.com/serviceAccountKeys.*"]}
    side = policies(deny_policy(ORGANISATION, KEYS, everyone)).denied(
        Levels(PROD), "iam.serviceAccountKeys.create", is_("user:izumi@example.com", Directory()), tagged(None)
    )
    assert state(side) is DenyState.DENIED


@pytest.mark.parametrize(
    "expression",
    [
        "request.time < timestamp('2030-01-01T00:00:00Z')",
        "resource.matchTag('1/env', 'prod') && resource.name.startsWith('projects/p')",
        "resource.matchTag('1/env')",
        "resource.matchTag('1/env', 'prod'",
        "resource.hasTagKey(resource.name)",
        "env == 'prod'",
        "((((" * 1000,
    ],
)
def test_a_condition_that_iam_cannot_evaluate_denies(expression: str) -> None:
    rule = {**ROLE_ADMINISTRATION, "denialCondition": {"expression": expression}}
    side = policies(deny_policy(ORGANISATION, rule)).denied(
        Levels(PROD), "iam.roles.create", is_("user:tal@example.com", groups(custom_role_admins=[])), tagged({})
    )
    assert state(side) is DenyState.DENIED
    assert "cannot be evaluated" in side.decision.because[-1]


@pytest.mark.parametrize(
    "expression",
    [
        "!resource.matchTag('1/env', 'prod')",
        "resource.matchTagId('tagKeys/1', 'tagValues/2') || (resource.hasTagKey('1/a') && !resource.hasTagKeyId('x'))",
        "true",
    ],
)
def test_functions_over_tags_are_all_that_conditions_recognise(expression: str) -> None:
    assert beyond_tags(expression) == ""


def test_a_permission_that_deny_policies_do_not_support_is_never_denied() -> None:
    rule = {"deniedPrincipals": [ANYONE], "deniedPermissions": ["dataflow.googleapis.com/*.*"]}
    asked = policies(deny_policy(ORGANISATION, rule))
    who = is_("user:tal@example.com", Directory())
    assert asked.denied(Levels(PROD), "dataflow.jobs.snapshot", who, UNTAGGED).decision.fails
    assert asked.denied(Levels(PROD), "dataflow.jobs.list", who, UNTAGGED).decision.holds


@pytest.mark.parametrize(
    ("where", "above", "truth"),
    [
        ("projects/p", ["projects/12", "organizations/1"], Truth.TRUE),
        ("projects/12", ["projects/p", "organizations/1"], Truth.TRUE),
        ("projects/q", ["projects/12", "organizations/1"], Truth.FALSE),
        ("projects/13", ["projects/12", "organizations/1"], Truth.FALSE),
        ("projects/q", ["projects/13", "organizations/1"], Truth.UNKNOWN),
        ("projects/13", ["projects/q", "organizations/1"], Truth.UNKNOWN),
        ("folders/2", ["projects/12", "organizations/1"], Truth.FALSE),
        ("folders/2", ["projects/12"], Truth.UNKNOWN),
        ("organizations/1", ["projects/12", "folders/2"], Truth.UNKNOWN),
        ("organizations/2", ["projects/12", "organizations/1"], Truth.FALSE),
        ("projects/12", ["folders/2", "organizations/1"], Truth.FALSE),
        ("projects/12", [], Truth.UNKNOWN),
    ],
)
def test_a_policy_counts_where_it_is_attached_above(where: str, above: list[str], truth: Truth) -> None:
    """Projects by number and by id are one where the estate knows both; else nobody can tell."""
    ids = {"projects/12": "p", "projects/p": "p"}

    def project_id(container: str) -> str:
        return ids.get(container) or container.partition("/")[2]

    rule = {"deniedPrincipals": [ANYONE], "deniedPermissions": ["iam.googleapis.com/roles.create"]}
    asked = DenyPolicies([deny_policy(where, rule)], complete=True, project_id=project_id)
    levels = Levels(above, project_id)
    who = is_("user:tal@example.com", Directory())
    assert asked.denied(levels, "iam.roles.create", who, UNTAGGED).decision.truth is truth
    denied, perhaps = DenyMasks(asked, ["iam.roles.create"]).masks(levels, who, UNTAGGED)
    assert (denied, perhaps) == {Truth.TRUE: (1, 0), Truth.FALSE: (0, 0), Truth.UNKNOWN: (0, 1)}[truth]


@pytest.mark.parametrize(
    ("name", "attachment"),
    [
        ("policies/cloudresourcemanager.googleapis.com%2Fprojects%2F123/denypolicies/x", "projects/123"),
        ("policies/cloudresourcemanager.googleapis.com%2ffolders%2f9/denypolicies/x", "folders/9"),
        ("policies/cloudresourcemanager.googleapis.com/organizations/1/denypolicies/x", "organizations/1"),
        (
            "policies/cloudresourcemanager.googleapis.com%2Fprojects%2Fexample.com%3Ap/denypolicies/x",
            "projects/example.com:p",
        ),
        ("policies/storage.googleapis.com%2Fbuckets%2Fb/denypolicies/x", None),
        ("policies//denypolicies/x", None),
        ("", None),
    ],
)
def test_the_name_tells_where_a_policy_is_attached(name: str, attachment: str | None) -> None:
    policy = deny_policy("projects/1", name="x")
    policy.name = name
    policy.asset.name = f"//iam.googleapis.com/{name}"
    if attachment is not None:
        assert policy.attachment == attachment
        return
    with pytest.raises(Undetermined):
        _ = policy.attachment


EVERYBODY = {"deniedPrincipals": [ANYONE], "deniedPermissions": ["iam.googleapis.com/roles.create"]}
NOBODY = {**EVERYBODY, "deniedPrincipals": []}
NOTHING = {**EVERYBODY, "deniedPermissions": []}
OFF = {**EVERYBODY, "denialCondition": {"expression": "false"}}


@pytest.mark.parametrize(
    ("rule", "gap"),
    [
        (NOBODY, "rules"),
        (NOBODY, "rules.*"),
        (NOBODY, "rules.0.denyRule"),
        (NOBODY, "rules.0.denyRule.deniedPrincipals"),
        (NOBODY, "rules.0.denyRule.deniedPrincipals.*"),
        (NOTHING, "rules.0.denyRule.deniedPermissions"),
        (OFF, "rules.0.denyRule.denialCondition"),
        (OFF, "rules.0.denyRule.denialCondition.expression"),
        (EVERYBODY, "rules.0.denyRule.exceptionPermissions"),
        (EVERYBODY, "rules.0.denyRule.exceptionPrincipals"),
    ],
    ids=str,
)
def test_what_is_unknown_of_a_policy_makes_the_answer_unknown(rule: dict[str, Any], gap: str) -> None:
    asked = policies(deny_policy(ORGANISATION, rule, unknown={f"resource.data.{gap}": "known after apply"}))
    who = is_("user:tal@example.com", Directory())
    side = asked.denied(Levels(PROD), "iam.roles.create", who, UNTAGGED)
    assert state(side) is DenyState.UNKNOWN_INFO
    assert "known after apply" in str(side.decision.because)
    assert DenyMasks(asked, ["iam.roles.create"]).masks(Levels(PROD), who, UNTAGGED) == (0, 1)
    assert asked.denied(Levels(["organizations/2"]), "iam.roles.create", who, UNTAGGED).decision.fails


def test_a_policy_without_data_makes_the_answer_unknown() -> None:
    asked = policies(deny_policy(ORGANISATION, NOBODY, resource={"data": None}))
    side = asked.denied(Levels(PROD), "iam.roles.create", is_("user:tal@example.com", Directory()), UNTAGGED)
    assert state(side) is DenyState.UNKNOWN_INFO
    assert "no resource data" in str(side.decision.because)


def test_a_policy_of_which_the_level_is_unknown_is_asked_everywhere() -> None:
    policy = deny_policy(ORGANISATION, {"deniedPrincipals": [ANYONE], "deniedPermissions": KEYS["deniedPermissions"]})
    policy.name = policy.asset.name = "policies/?/denypolicies/x"
    asked, who = policies(policy), is_("user:izumi@example.com", Directory())
    assert asked.denied(Levels(DEV), "iam.serviceAccountKeys.create", who, UNTAGGED).doubt is Doubt.INFORMATION
    assert asked.denied(Levels(DEV), "iam.roles.create", who, UNTAGGED).decision.fails


def test_a_deleted_policy_denies_nothing() -> None:
    policy = deny_policy(ORGANISATION, {"deniedPrincipals": [ANYONE], "deniedPermissions": KEYS["deniedPermissions"]})
    policy.delete_time = "2026-01-01T00:00:00Z"
    who = is_("user:izumi@example.com", Directory())
    assert policies(policy).denied(Levels(PROD), "iam.serviceAccountKeys.create", who, UNTAGGED).decision.fails


def test_without_proof_of_completeness_not_denied_says_what_it_assumes() -> None:
    who = is_("user:izumi@example.com", Directory())
    side = DenyPolicies([], complete=False).denied(Levels(PROD), "iam.roles.create", who, UNTAGGED)
    assert side.decision.fails
    assert "no deny policy is missing" in side.assumptions[0]
    assert not policies().denied(Levels(PROD), "iam.roles.create", who, UNTAGGED).assumptions
    answer = overall(Side(holds("a binding")), side, Side(fails(), enforced=False))
    assert answer.state is OverallState.CAN_ACCESS
    assert answer.assumptions == side.assumptions


DECISIONS = [
    Side(holds("yes")),
    Side(fails("no")),
    Side(unknown("if"), Doubt.CONDITION),
    Side(unknown("who knows"), Doubt.INFORMATION),
]


@pytest.mark.parametrize("sides", list(itertools.product(DECISIONS, repeat=3)))
def test_the_three_sides_add_up_as_in_policy_troubleshooter(sides: tuple[Side, Side, Side]) -> None:
    granted, denied, outside = sides
    answer = overall(granted, denied, outside)
    possible = [not side.decision.fails for side in (granted,)] + [not s.decision.holds for s in (denied, outside)]
    sure = granted.decision.holds and denied.decision.fails and outside.decision.fails
    assert (answer.state is OverallState.CAN_ACCESS) is sure
    assert (answer.state is OverallState.CANNOT_ACCESS) is not all(possible)
    if all(possible) and not sure:
        lacks_facts = any(side.doubt is Doubt.INFORMATION for side in sides)
        assert answer.state is (OverallState.UNKNOWN_INFO if lacks_facts else OverallState.UNKNOWN_CONDITIONAL)
    assert answer.because
    assert answer.allow is dict(zip(DECISIONS, AllowState, strict=True))[granted]
    assert answer.deny is dict(zip(DECISIONS, DenyState, strict=True))[denied]
    assert (answer.boundary is BoundaryState.UNKNOWN_INFO) is outside.decision.is_unknown


def test_an_unknown_side_needs_a_doubt() -> None:
    with pytest.raises(ValueError, match="doubt"):
        Side(unknown("?"))
    with pytest.raises(ValueError, match="doubt"):
        Side(holds(), Doubt.CONDITION)
