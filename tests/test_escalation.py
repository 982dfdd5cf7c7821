"""Paths to control: each primitive with an estate where it leads there and near misses, and stories by name."""

from __future__ import annotations

import pytest

from auditor.access.control.abilities import is_drawn
from auditor.access.control.primitives import ACT_AS, ActAs, Edge, Kind, Primitive, Scope, primitives
from auditor.access.permissions import deny_names
from auditor.access.standing import Certainty
from tests.escalation_estates import (
    AWAY,
    BOSS,
    EVE,
    EXPIRED,
    HOME,
    MIDDLE,
    NOW,
    ORGANISATION,
    TARGET,
    Case,
    Estate,
    account,
    asset,
    cases,
    without_eve,
    workload,
)

CASES = cases()
FIRST_WAYS = list({case.primitive.id: case for case in reversed(CASES)}.values())
BOSS_MEMBER = f"serviceAccount:{BOSS}"


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_way_leads_to_control(case: Case) -> None:
    """Exactly the permissions of a way, where they are asked for, and the path names the primitive."""
    found = case.estate().paths(target=case.target)
    assert len(found.paths) == 1
    path = found.paths[0]
    assert case.primitive.id in {step.primitive for step in path.steps}
    assert path.certainty is (Certainty.CERTAIN if case.primitive.is_certain else Certainty.POSSIBLE)
    assert path.steps[-1].reaches == case.target
    assert found.complete


@pytest.mark.parametrize("case", CASES, ids=str)
def test_one_permission_less_leads_nowhere(case: Case) -> None:
    """Of each way, each permission in turn is missing."""
    for permission in case.way:
        assert not case.estate(lacking=permission).paths(target=case.target).paths, permission


@pytest.mark.parametrize("case", FIRST_WAYS, ids=str)
def test_an_expired_binding_leads_nowhere(case: Case) -> None:
    """The condition's time has passed."""
    assert not case.estate(condition=EXPIRED).paths(target=case.target).paths


@pytest.mark.parametrize("case", [case for case in FIRST_WAYS if case.primitive.scope is not Scope.BUCKET], ids=str)
def test_a_binding_in_another_project_leads_nowhere(case: Case) -> None:
    """The same role, on a project that has nothing to do with it; other projects may not attach the account."""
    made = case.estate(scope=AWAY)
    made.assets.append(_constraint("iam.disableCrossProjectServiceAccountUsage"))
    assert not made.paths(target=case.target).paths


@pytest.mark.parametrize(
    "case", [case for case in FIRST_WAYS if case.primitive.act_as is not ActAs.NOT_NEEDED], ids=str
)
def test_without_act_as_it_leads_nowhere(case: Case) -> None:
    """Deploying is nothing without leave to act as the account."""
    assert not case.estate(act_as=False).paths(target=case.target).paths


@pytest.mark.parametrize("case", FIRST_WAYS, ids=str)
def test_what_a_deny_policy_takes_leads_nowhere(case: Case) -> None:
    """Where deny policies support a permission of the way, denying it to Eve ends the path."""
    for permission in case.way:
        for name in deny_names(permission):
            made = case.estate()
            made.denied = [name]
            assert not made.paths(target=case.target).paths, name


def test_every_primitive_with_an_edge_is_drawn_or_said_not_to_be() -> None:
    """What is left out: limited powers, retired services, and the bucket whose user would be guessed."""
    left_out = {one.id for one in primitives() if one.edge is not Edge.NONE and not is_drawn(one, NOW.date())}
    limited = {one.id for one in primitives() if one.kind is Kind.LIMITED}
    retired = {"actas.dm.typeProvider", "actas.lifesciences", "default.deploymentmanager"}
    assert left_out - limited == {"attached.bucket.supply", "group.membership", "pam.grant", *retired}
    assert {case.primitive.id for case in CASES} | left_out >= {
        one.id for one in primitives() if one.edge is not Edge.NONE
    }


def test_an_entitlement_that_one_is_eligible_for() -> None:
    """It needs no binding of Eve's, and is possible: an approver may have to agree."""
    made = Case(_primitive("pam.grant"), ()).estate()
    path = made.paths().paths[0]
    assert [step.primitive for step in path.steps if step.primitive] == ["pam.grant", "policy.project"]
    assert path.certainty is Certainty.POSSIBLE
    assert not without_eve(made).paths().paths


def test_a_manager_of_a_group_has_what_the_group_has() -> None:
    """Owners and managers are members, so that managing adds no way of its own."""
    made = Case(_primitive("group.membership"), ()).estate()
    assert made.paths().paths[0].steps[0].sentence == f"{EVE} is a member of group:owners@example.com"
    assert not made.paths(None).paths, "she holds the control already"
    assert not without_eve(made).paths().paths


def _primitive(identifier: str) -> Primitive:
    return next(one for one in primitives() if one.id == identifier)


# Stories


def test_two_halves_of_two_people_give_no_path() -> None:
    """Eve may deploy and Bob may act as the account: neither can do both."""
    made = Estate()
    made.bind(BOSS_MEMBER, "roles/owner", TARGET)
    made.give(EVE, ["run.services.create"], HOME, "deployer")
    made.give("user:bob@example.com", [ACT_AS], HOME, "actor")
    assert not made.paths(None).paths
    made.give(EVE, [ACT_AS], HOME, "actor")
    assert [path.source for path in made.paths(None).paths] == [EVE]


def test_a_combination_inside_one_custom_role() -> None:
    """One role has both halves."""
    made = Estate()
    made.bind(BOSS_MEMBER, "roles/owner", TARGET)
    made.give(EVE, ["run.services.create", ACT_AS], HOME)
    path = made.paths().paths[0]
    assert [step.primitive for step in path.steps if step.primitive] == ["actas.run.service.create", "policy.project"]
    assert path.certainty is Certainty.CERTAIN


def test_halves_of_a_way_in_two_roles_on_two_levels() -> None:
    """One role on the organisation, the other on the project."""
    made = Estate()
    made.bind(BOSS_MEMBER, "roles/owner", TARGET)
    made.give(EVE, ["workflows.workflows.create"], MANAGER_OF_ALL, "upper")
    made.give(EVE, ["workflows.executions.create"], HOME, "lower")
    made.give(EVE, [ACT_AS], account(BOSS), "actor")
    path = made.paths().paths[0]
    assert {
        step.binding.role.rpartition("/")[2] for step in path.steps if step.binding and step.binding.member == EVE
    } == {
        "upper",
        "lower",
        "actor",
    }


MANAGER_OF_ALL = f"//cloudresourcemanager.googleapis.com/{ORGANISATION}"


def test_an_inherited_role_on_the_organisation() -> None:
    """Token Creator on the organisation reaches every account below."""
    made = Estate()
    made.bind(BOSS_MEMBER, "roles/owner", TARGET)
    made.bind(EVE, "roles/iam.serviceAccountTokenCreator", MANAGER_OF_ALL)
    assert made.paths().paths[0].via == (BOSS_MEMBER,)


def test_a_delegation_chain_needs_each_link() -> None:
    """Eve → middle → boss; where the middle account may not mint, its delegation is worth nothing."""
    made = Estate()
    made.bind(BOSS_MEMBER, "roles/owner", TARGET)
    made.give(EVE, ["iam.serviceAccounts.implicitDelegation"], account(MIDDLE), "delegating")
    assert not made.paths().paths
    made.give(f"serviceAccount:{MIDDLE}", ["iam.serviceAccounts.getAccessToken"], account(BOSS), "minting")
    path = made.paths().paths[0]
    assert [step.primitive for step in path.steps if step.primitive] == ["sa.delegation", "policy.project"]
    assert [step.binding.member for step in path.steps if step.binding] == [
        EVE,
        f"serviceAccount:{MIDDLE}",
        BOSS_MEMBER,
    ]


def test_delegation_does_not_give_what_the_middle_account_has() -> None:
    """The middle account owns the target itself: delegating through it does not make Eve the owner."""
    made = Estate()
    made.bind(f"serviceAccount:{MIDDLE}", "roles/owner", TARGET)
    made.give(EVE, ["iam.serviceAccounts.implicitDelegation"], account(MIDDLE))
    assert not made.paths().paths


def test_groups_in_a_circle() -> None:
    """Membership is followed once round, and told."""
    made = Estate()
    made.bind(BOSS_MEMBER, "roles/owner", TARGET)
    made.bind("group:a@example.com", "roles/iam.serviceAccountTokenCreator", account(BOSS))
    for number, (member, group) in enumerate((("eve", "b"), ("b", "a"), ("a", "b"))):
        made.assets += _member(f"{member}@example.com", f"{group}@example.com", number, is_group=member != "eve")
    path = made.paths().paths[0]
    told = [step.sentence for step in path.steps]
    assert told[:2] == [
        "user:eve@example.com is a member of group:b@example.com",
        "group:b@example.com is a member of group:a@example.com",
    ]


def test_an_account_of_another_project_unless_its_project_forbids_it() -> None:
    """Without a word on the constraint it is possible; enforced there is no path; enforced elsewhere does not count."""
    made = Estate()
    made.bind(BOSS_MEMBER, "roles/owner", TARGET)
    made.give(EVE, ["run.services.create"], AWAY, "deployer")
    made.give(EVE, [ACT_AS], account(BOSS), "actor")
    assert made.paths().paths[0].certainty is Certainty.POSSIBLE
    made.assets.append(_constraint("iam.disableCrossProjectServiceAccountUsage", "1002"))
    assert made.paths().paths[0].certainty is Certainty.POSSIBLE
    made.assets.append(_constraint("iam.disableCrossProjectServiceAccountUsage", "1001"))
    assert not made.paths().paths


def test_keys_that_cannot_be_made() -> None:
    """Both creation and upload have to be forbidden."""
    made = Estate()
    made.bind(BOSS_MEMBER, "roles/owner", TARGET)
    made.give(EVE, ["iam.serviceAccountKeys.create"], HOME)
    made.assets.append(_constraint("iam.disableServiceAccountKeyCreation"))
    assert made.paths().paths
    made.assets.append(_constraint("iam.managed.disableServiceAccountKeyUpload"))
    assert not made.paths().paths


def test_a_disabled_account_is_no_way() -> None:
    """Nobody gets a token of it."""
    made = Estate()
    made.bind("serviceAccount:off@home.iam.gserviceaccount.com", "roles/owner", TARGET)
    made.bind(EVE, "roles/iam.serviceAccountTokenCreator", HOME)
    assert made.paths().paths
    off = {"email": "off@home.iam.gserviceaccount.com", "disabled": True}
    made.assets.append(asset(account(off["email"]), "iam.googleapis.com/ServiceAccount", off))  # type: ignore[arg-type]
    assert not made.paths().paths


def test_who_owns_already_is_no_path() -> None:
    """By a binding, by a group, and by a role on what is above."""
    made = Estate()
    made.bind(EVE, "roles/owner", TARGET)
    made.bind("group:admins@example.com", "roles/resourcemanager.organizationAdmin", MANAGER_OF_ALL)
    assert not made.paths(None, None).paths
    assert made.paths().paths, "but asked for, it is told"


def test_a_role_of_unknown_permissions_is_counted() -> None:
    """It gives no path, and the answer says so."""
    made = Estate()
    made.bind(EVE, f"{ORGANISATION}/roles/secret", HOME)
    found = made.paths()
    assert not found.paths
    assert found.unknown_roles == {f"{ORGANISATION}/roles/secret": 1}


def test_a_condition_that_nobody_can_decide_makes_it_possible() -> None:
    """And one that is about another type of resource never counts."""
    made = Estate()
    made.bind(BOSS_MEMBER, "roles/owner", TARGET)
    made.bind(EVE, "roles/iam.serviceAccountTokenCreator", HOME, 'resource.matchTag("9/env", "prod")')
    assert made.paths().paths[0].certainty is Certainty.POSSIBLE
    other = Estate()
    other.bind(BOSS_MEMBER, "roles/owner", TARGET)
    other.bind(EVE, "roles/iam.serviceAccountTokenCreator", HOME, 'resource.type == "storage.googleapis.com/Bucket"')
    assert not other.paths().paths


def test_a_deny_policy_that_spares_some_members_of_a_group() -> None:
    """The group's grant is its members' then: Bob, who is not denied, still has his path."""
    made = Estate()
    made.bind(BOSS_MEMBER, "roles/owner", TARGET)
    made.bind("group:a@example.com", "roles/iam.serviceAccountTokenCreator", HOME)
    made.assets += _member("eve@example.com", "a@example.com", 1) + _member("bob@example.com", "a@example.com", 2)
    made.denied = ["iam.googleapis.com/serviceAccounts.*"]
    assert not made.paths().paths
    assert made.paths("user:bob@example.com").paths


# From outside


def test_from_the_internet_over_a_machine_to_the_owner() -> None:
    """One path, told first: the internet, the machine, its account, the project."""
    made = _open_machine()
    made.bind(EVE, "roles/iam.serviceAccountTokenCreator", HOME)
    found = made.paths(None, None)
    first = found.paths[0]
    assert (first.source, first.target, first.outside) == ("the internet", "projects/target", True)
    assert first.certainty is Certainty.POSSIBLE
    assert "port 22" in first.steps[0].sentence
    assert [path.source for path in found.paths[1:]] == [EVE]


@pytest.mark.parametrize(
    "rule",
    [
        {"sourceRanges": ["10.0.0.0/8"]},
        {"disabled": True},
        {"targetTags": ["bastion"]},
        {"allowed": [{"IPProtocol": "tcp", "ports": ["443"]}]},
    ],
)
def test_a_machine_that_is_not_open(rule: dict[str, object]) -> None:
    """Inside only, disabled, for other machines, another port."""
    assert not _open_machine(rule).paths(None, None).paths


def test_a_deny_rule_of_higher_priority_closes_a_machine() -> None:
    """And one of lower priority does not."""
    for priority, closed in ((10, True), (5000, False)):
        made = _open_machine()
        deny: dict[str, object] = {
            "denied": [{"IPProtocol": "all"}],
            "allowed": None,
            "name": "no",
            "priority": priority,
        }
        made.assets.append(_firewall(deny))
        assert bool(made.paths(None, None).paths) is not closed


def test_from_the_internet_over_a_service_that_anyone_may_invoke() -> None:
    """Ingress must be open, and the policy."""
    name = "//run.googleapis.com/projects/home/locations/europe-west1/services/s"
    data = {"template": {"serviceAccount": BOSS}, "ingress": "INGRESS_TRAFFIC_ALL"}
    made = Estate()
    made.bind(BOSS_MEMBER, "roles/owner", TARGET)
    made.assets.append(asset(name, "run.googleapis.com/Service", data))
    assert not made.paths(None, None).paths
    made.bind("allUsers", "roles/run.invoker", name)
    assert [path.source for path in made.paths(None, None).paths] == ["the internet"]
    data["ingress"] = "INGRESS_TRAFFIC_INTERNAL_ONLY"
    assert not made.paths(None, None).paths


def test_a_key_may_leak() -> None:
    """User-managed, enabled and not expired."""
    for data, leaks in (
        ({"keyType": "USER_MANAGED"}, True),
        ({"keyType": "SYSTEM_MANAGED"}, False),
        ({"keyType": "USER_MANAGED", "disabled": True}, False),
        ({"keyType": "USER_MANAGED", "validBeforeTime": "2026-01-01T00:00:00Z"}, False),
    ):
        made = Estate()
        made.bind(BOSS_MEMBER, "roles/owner", TARGET)
        made.assets.append(asset(f"{account(BOSS)}/keys/k", "iam.googleapis.com/ServiceAccountKey", dict(data)))
        assert [path.source for path in made.paths(None, None).paths] == [f"key of {BOSS}"] * leaks


def test_a_pool_that_trusts_everybody_at_a_shared_issuer() -> None:
    """Unless a condition pins the owner."""
    name = "//iam.googleapis.com/projects/1001/locations/global/workloadIdentityPools/pool/providers/github"
    for condition, is_open in (("", True), ("assertion.repository_owner_id == '1'", False)):
        made = Estate()
        made.bind(
            "principalSet://iam.googleapis.com/projects/1001/locations/global/workloadIdentityPools/pool/*",
            "roles/iam.workloadIdentityUser",
            account(BOSS),
        )
        made.bind(BOSS_MEMBER, "roles/owner", TARGET)
        data = {"oidc": {"issuerUri": "https://token.actions.githubusercontent.com"}, "attributeCondition": condition}
        made.assets.append(asset(name, "iam.googleapis.com/WorkloadIdentityPoolProvider", data))
        outside = [path.source for path in made.paths(None, None).paths if path.outside]
        assert outside == ["anyone on GitHub Actions"] * is_open


def test_an_external_member_is_outside() -> None:
    """A consumer account that owns a project is told, though it holds the role outright."""
    made = Estate()
    made.bind("user:eve@gmail.com", "roles/owner", TARGET)
    made.bind("allUsers", "roles/iam.serviceAccountTokenCreator", account(BOSS))
    made.bind(BOSS_MEMBER, "roles/owner", TARGET)
    assert {path.source for path in made.paths(None, None).paths if path.outside} == {
        "user:eve@gmail.com",
        "the internet",
    }


def _constraint(name: str, project: str = "1001") -> dict[str, object]:
    path = f"projects/{project}/policies/{name}"
    data = {"name": path, "spec": {"rules": [{"enforce": True}]}}
    made = asset(f"//orgpolicy.googleapis.com/{path}", "orgpolicy.googleapis.com/Policy", data)
    return {**made, "ancestors": [f"projects/{project}", ORGANISATION]}


def _member(member: str, group: str, number: int, *, is_group: bool = False) -> list[dict[str, object]]:
    data = {
        "preferredMemberKey": {"id": member},
        "groupKey": {"id": group},
        "type": "GROUP" if is_group else "USER",
        "roles": [{"name": "MEMBER"}],
    }
    name = f"//cloudidentity.googleapis.com/groups/{group.partition('@')[0]}/memberships/{number}"
    return [{**asset(name, "cloudidentity.googleapis.com/Membership", data), "ancestors": [ORGANISATION]}]


def _firewall(change: dict[str, object]) -> dict[str, object]:
    data: dict[str, object] = {
        "name": "allow-ssh",
        "network": "https://www.googleapis.com/compute/v1/projects/home/global/networks/n",
        "direction": "INGRESS",
        "sourceRanges": ["0.0.0.0/0"],
        "allowed": [{"IPProtocol": "tcp", "ports": ["22"]}],
        **change,
    }
    if data["allowed"] is None:
        del data["allowed"]
    return asset(
        f"//compute.googleapis.com/projects/home/global/firewalls/{data['name']}",
        "compute.googleapis.com/Firewall",
        data,
    )


def _open_machine(change: dict[str, object] | None = None) -> Estate:
    made = Estate()
    made.bind(BOSS_MEMBER, "roles/owner", TARGET)
    vm = workload("compute.googleapis.com/Instance")
    interface = {"network": "projects/home/global/networks/n", "accessConfigs": [{"natIP": "203.0.113.7"}]}
    vm["resource"]["data"]["networkInterfaces"] = [interface]
    made.assets += [vm, _firewall(change or {})]
    return made
