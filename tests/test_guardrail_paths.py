"""Paths over guardrails: what a deny policy or a missing tag keeps away is won by who may change that as well."""

from __future__ import annotations

import pytest

from auditor.access.standing import Certainty
from tests.escalation_estates import BOSS, EVE, HOME, MANAGER, NUMBERS, ORGANISATION, TARGET, Estate

ORG = MANAGER + ORGANISATION
TOKEN = "iam.serviceAccounts.getAccessToken"
DENIED = ["iam.googleapis.com/serviceAccounts.getAccessToken"]
TAGGED = 'resource.matchTag("9/env", "dev")'
TAGGERS = ["resourcemanager.hierarchyNodes.createTagBinding", "resourcemanager.tagValueBindings.create"]


def _estate() -> Estate:
    """Eve may mint tokens in `home`, where the owner of `target` lives."""
    made = Estate()
    made.bind(f"serviceAccount:{BOSS}", "roles/owner", TARGET)
    made.give(EVE, [TOKEN], HOME)
    return made


def _denied() -> Estate:
    made = _estate()
    made.denied = DENIED
    return made


def test_what_is_denied_is_no_path() -> None:
    assert not _denied().paths().paths
    assert _estate().paths().paths


@pytest.mark.parametrize("permission", ["iam.denypolicies.update", "iam.denypolicies.delete"])
def test_who_may_change_the_deny_policy_is_not_held_back_by_it(permission: str) -> None:
    made = _denied()
    made.give(EVE, [permission], ORG, "lifter")
    [path] = made.paths().paths
    assert path.certainty is Certainty.CERTAIN
    told = [step.sentence for step in path.steps]
    assert f"Change the deny policies of {ORGANISATION}, which keep that away" in told
    roles = {step.binding.role for step in path.steps if step.binding is not None}
    assert roles == {"roles/owner", f"{ORGANISATION}/roles/probe", f"{ORGANISATION}/roles/lifter"}


def test_the_power_has_to_reach_the_level_of_the_deny_policy() -> None:
    """The policy is the organization's; who may edit those of a project lifts nothing."""
    made = _denied()
    made.give(EVE, ["iam.denypolicies.update"], HOME, "lifter")
    assert not made.paths().paths


def test_one_identity_has_to_have_both() -> None:
    made = _denied()
    made.give("user:bob@example.com", ["iam.denypolicies.update"], ORG, "lifter")
    assert not made.paths().paths


def test_a_lifter_may_be_somebody_that_eve_can_become() -> None:
    """The second half is held by a group that she is in."""
    made = _denied()
    made.give("group:ops@example.com", ["iam.denypolicies.delete"], ORG, "lifter")
    made.assets += [
        {
            "name": "//cloudidentity.googleapis.com/groups/g",
            "asset_type": "cloudidentity.googleapis.com/Group",
            "ancestors": [ORGANISATION],
            "resource": {"data": {"name": "groups/g", "groupKey": {"id": "ops@example.com"}}},
        },
        {
            "name": "//cloudidentity.googleapis.com/groups/g/memberships/m",
            "asset_type": "cloudidentity.googleapis.com/Membership",
            "ancestors": [ORGANISATION],
            "resource": {
                "data": {
                    "name": "groups/g/memberships/m",
                    "preferredMemberKey": {"id": EVE.partition(":")[2]},
                    "type": "USER",
                    "roles": [{"name": "MEMBER"}],
                }
            },
        },
    ]
    assert [path.source for path in made.paths().paths] == [EVE]


def _tag_estate(condition: str = TAGGED) -> Estate:
    """Eve may set the policy of `target` if it has a tag; the tags of the estate are known, and it has none."""
    made = Estate()
    made.give(EVE, ["resourcemanager.projects.setIamPolicy"], TARGET)
    made.policies[TARGET][0]["condition"] = {"expression": condition}
    made.assets.append(
        {
            "name": "//cloudresourcemanager.googleapis.com/tagKeys/1",
            "asset_type": "cloudresourcemanager.googleapis.com/TagKey",
            "ancestors": [ORGANISATION],
            "resource": {"data": {"name": "tagKeys/1", "shortName": "env", "namespacedName": "9/env"}},
        }
    )
    made.assets.append(
        {
            "name": "//cloudresourcemanager.googleapis.com/tagBindings/other",
            "asset_type": "cloudresourcemanager.googleapis.com/TagBinding",
            "ancestors": [f"projects/{NUMBERS['away']}", ORGANISATION],
            "resource": {
                "data": {
                    "parent": f"//cloudresourcemanager.googleapis.com/projects/{NUMBERS['away']}",
                    "tagValue": "tagValues/2",
                    "tagValueNamespacedName": "9/env/dev",
                }
            },
        }
    )
    return made


def test_who_may_bind_the_tag_meets_the_condition() -> None:
    made = _tag_estate()
    assert not made.paths().paths
    made.give(EVE, TAGGERS, ORG, "tagger")
    [path] = made.paths().paths
    assert path.certainty is Certainty.POSSIBLE
    assert "Bind the tag that the condition asks for to projects/target" in [step.sentence for step in path.steps]


@pytest.mark.parametrize("missing", TAGGERS)
def test_a_tag_takes_power_over_the_resource_and_over_the_value(missing: str) -> None:
    made = _tag_estate()
    made.give(EVE, [name for name in TAGGERS if name != missing], ORG, "tagger")
    assert not made.paths().paths


def test_a_tag_lifts_no_other_condition() -> None:
    made = _tag_estate('request.time < timestamp("2026-01-01T00:00:00Z") && ' + TAGGED)
    made.give(EVE, TAGGERS, ORG, "tagger")
    assert not made.paths().paths


def _denied_in(project: str) -> dict[str, object]:
    """A deny policy of one project that keeps Eve from setting its policy."""
    path = f"policies/cloudresourcemanager.googleapis.com%2Fprojects%2F{NUMBERS[project]}/denypolicies/no"
    rule = {
        "deniedPrincipals": ["principal://goog/subject/eve@example.com"],
        "deniedPermissions": ["cloudresourcemanager.googleapis.com/projects.setIamPolicy"],
    }
    return {
        "name": f"//iam.googleapis.com/{path}",
        "asset_type": "iam.googleapis.com/DenyPolicy",
        "ancestors": [f"projects/{NUMBERS[project]}", ORGANISATION],
        "resource": {"data": {"name": path, "rules": [{"denyRule": rule}]}},
    }


def test_what_is_denied_in_a_part_is_not_certain_of_the_whole() -> None:
    """Her role on the organization gives her every project but the one that denies it."""
    made = Estate()
    made.give(EVE, ["resourcemanager.projects.setIamPolicy"], ORG)
    assert {path.certainty for path in made.paths().paths} == {Certainty.CERTAIN}
    made.assets.append(_denied_in("target"))
    assert {path.certainty for path in made.paths().paths} == {Certainty.POSSIBLE}


def test_who_is_not_denied_there_keeps_certainty() -> None:
    made = Estate()
    made.give("user:bob@example.com", ["resourcemanager.projects.setIamPolicy"], ORG)
    made.assets.append(_denied_in("target"))
    assert {path.certainty for path in made.paths("user:bob@example.com").paths} == {Certainty.CERTAIN}
