"""Principal access boundaries: Google's worked examples, the unknown, and random ones against a naive reading."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.access.boundary import Attributes, Boundaries, attributes_of, holds_for
from auditor.access.coverage import covers
from auditor.access.deny import Levels
from auditor.access.groups import Directory, Surroundings
from auditor.access.members import parse
from auditor.access.principals import principal
from auditor.access.states import BoundaryState, DenyState, OverallState, Side, overall
from auditor.access.truth import Truth, fails, holds
from auditor.resources.iam_policies import PolicyBinding, PrincipalAccessBoundaryPolicy
from tests.boundary_support import MANAGER, ORGANISATION, SERVICE_ACCOUNTS_ONLY, binding, policy

ABOVE = {
    "projects/example-dev": ("projects/example-dev", "projects/901234567890", ORGANISATION),
    "projects/901234567890": ("projects/example-dev", "projects/901234567890", ORGANISATION),
    "projects/project-1": ("projects/project-1", ORGANISATION),
    "projects/project-2": ("projects/project-2", "folders/1", ORGANISATION),
    "projects/project-3": ("projects/project-3", "folders/1", ORGANISATION),
}
EXAMPLE_COM = Directory(
    None,
    Surroundings(
        ancestors=ABOVE.get,
        customer_of_domain={"example.com": "C0example", "cymbalgroup.com": "C0cymbal"}.get,  # type: ignore[arg-type]
        customer_of_organization={ORGANISATION: "C0example"}.get,  # type: ignore[arg-type]
        organization_of_pool={"staff": ORGANISATION}.get,  # type: ignore[arg-type]
    ),
)
INSIDE = ["projects/inside", ORGANISATION]
OUTSIDE = ["projects/elsewhere", "organizations/999"]


def kept_out(
    policies: list[PrincipalAccessBoundaryPolicy],
    bindings: list[PolicyBinding],
    who: str,
    levels: list[str],
    permission: str = "storage.objects.get",
    *,
    complete: bool = True,
) -> Side:
    """Whether someone of example.com is kept from a resource."""
    asked = principal(who)
    boundaries = Boundaries(policies, bindings, complete=complete)
    subject_to = boundaries.subject_to(lambda member: covers(member, asked, EXAMPLE_COM), attributes_of(asked.member))
    return boundaries.outside(subject_to, Levels(levels), permission)


ORG_ONLY = policy("example-org-only", ORGANISATION)
TAL = "user:tal@example.com"


@pytest.mark.parametrize(
    ("who", "levels", "state"),
    [
        (TAL, OUTSIDE, BoundaryState.NOT_ALLOWED),
        (TAL, INSIDE, BoundaryState.ALLOWED),
        ("serviceAccount:app@project-1.iam.gserviceaccount.com", OUTSIDE, BoundaryState.NOT_ALLOWED),
        (
            "principal://iam.googleapis.com/locations/global/workforcePools/staff/subject/raha",
            OUTSIDE,
            BoundaryState.NOT_ALLOWED,
        ),
        ("user:lu@cymbalgroup.com", OUTSIDE, BoundaryState.NOT_ENFORCED),
        ("user:lu@gmail.com", OUTSIDE, BoundaryState.NOT_ENFORCED),
        ("allUsers", OUTSIDE, BoundaryState.NOT_ENFORCED),
    ],
)
def test_use_case_prevent_users_from_accessing_resources_outside_of_the_organization(
    who: str, levels: list[str], state: BoundaryState
) -> None:
    side = kept_out([ORG_ONLY], [binding("example-org-only")], who, levels)
    answer = overall(Side(holds("a binding of storage.admin")), Side(fails()), side)
    assert answer.boundary is state
    kept = state is BoundaryState.NOT_ALLOWED
    assert answer.state is (OverallState.CANNOT_ACCESS if kept else OverallState.CAN_ACCESS)
    assert answer.deny is DenyState.NOT_DENIED
    if kept:
        assert answer.because == ("boundary example-org-only does not list the resource",)


def test_a_permission_that_boundaries_cannot_block_is_not_affected() -> None:
    """Lee can still take snapshots of Dataflow jobs elsewhere."""
    side = kept_out(
        [ORG_ONLY], [binding("example-org-only")], "user:lee@example.com", OUTSIDE, "dataflow.jobs.snapshot"
    )
    assert (side.decision.truth, side.enforced) == (Truth.FALSE, False)
    assert "cannot block dataflow.jobs.snapshot" in side.decision.because[0]


DEV_ONLY = policy("example-dev-only", "projects/example-dev")
DEV_BINDING = binding("example-dev-only", "projects/example-dev", SERVICE_ACCOUNTS_ONLY)
DEV_ACCOUNT = "serviceAccount:app@example-dev.iam.gserviceaccount.com"
DEV_POOL = (
    "principal://iam.googleapis.com/projects/901234567890/locations/global/workloadIdentityPools/ci/subject/build"
)


@pytest.mark.parametrize(
    ("who", "levels", "kept"),
    [
        (DEV_ACCOUNT, INSIDE, True),
        (DEV_ACCOUNT, ["projects/example-dev", ORGANISATION], False),
        (DEV_POOL, INSIDE, False),
        ("serviceAccount:app@project-1.iam.gserviceaccount.com", INSIDE, False),
        (TAL, INSIDE, False),
    ],
)
def test_use_case_service_accounts_eligible_in_a_single_project(who: str, levels: list[str], kept: bool) -> None:
    side = kept_out([DEV_ONLY], [DEV_BINDING], who, levels)
    assert (side.decision.holds, side.decision.fails) == (kept, not kept)


EXEMPT = (
    "principal.type != 'iam.googleapis.com/ServiceAccount' || "
    "(!principal.subject.endsWith('@example-dev.iam.gserviceaccount.com') && "
    "principal.subject != 'example-dev@appspot.gserviceaccount.com' && "
    "principal.subject != '901234567890-compute@developer.gserviceaccount.com')"
)


@pytest.mark.parametrize(
    ("who", "levels", "exempt", "kept"),
    [
        (DEV_ACCOUNT, INSIDE, True, True),
        (DEV_ACCOUNT, INSIDE, False, False),
        (DEV_ACCOUNT, OUTSIDE, True, True),
        (DEV_ACCOUNT, ["projects/example-dev", ORGANISATION], True, False),
        (TAL, INSIDE, True, False),
        (TAL, OUTSIDE, True, True),
        ("serviceAccount:app@project-1.iam.gserviceaccount.com", INSIDE, True, False),
        ("serviceAccount:901234567890-compute@developer.gserviceaccount.com", INSIDE, True, True),
    ],
)
def test_use_case_different_groups_of_principals(who: str, levels: list[str], exempt: bool, kept: bool) -> None:
    """Without the exemption the wider boundary makes the service accounts of example-dev eligible too."""
    bindings = [binding("example-org-only", condition=EXEMPT if exempt else ""), DEV_BINDING]
    side = kept_out([ORG_ONLY, DEV_ONLY], bindings, who, levels)
    assert (side.decision.holds, side.decision.fails) == (kept, not kept)


@pytest.mark.parametrize(
    ("project", "kept"), [("prod", False), ("dev", False), ("staging", False), ("other", True)], ids=str
)
def test_boundaries_add_up(project: str, kept: bool) -> None:
    """Dana, subject to two boundaries, is eligible for what either lists."""
    policies = [policy("prod", "projects/prod"), policy("dev-staging", "projects/dev", "projects/staging")]
    side = kept_out(
        policies,
        [binding("prod"), binding("dev-staging")],
        "user:dana@example.com",
        [f"projects/{project}", ORGANISATION],
    )
    assert side.decision.holds is kept


@pytest.mark.parametrize(
    ("who", "sets"),
    [
        (TAL, {ORGANISATION}),
        ("serviceAccount:a@project-1.iam.gserviceaccount.com", {ORGANISATION, "projects/project-1"}),
        ("serviceAccount:a@project-3.iam.gserviceaccount.com", {ORGANISATION, "folders/1", "projects/project-3"}),
    ],
)
def test_principal_sets_of_folders_and_organizations_include_those_below(who: str, sets: set[str]) -> None:
    for to in (ORGANISATION, "folders/1", "projects/project-1", "projects/project-2", "projects/project-3"):
        side = kept_out([policy("p", "projects/none")], [binding("p", to)], who, INSIDE)
        assert side.decision.holds is (to in sets), to


@pytest.mark.parametrize("who", ["super-admin", "other-admin"])
def test_the_condition_of_a_binding_exempts_a_principal(who: str) -> None:
    bound = binding("example-org-only", condition="principal.subject != 'super-admin@example.com'")
    assert kept_out([ORG_ONLY], [bound], f"user:{who}@example.com", OUTSIDE).decision.fails is (who == "super-admin")


@pytest.mark.parametrize(
    ("version", "permission", "truth"),
    [
        ("1", "storage.buckets.get", Truth.TRUE),
        ("1", "resourcemanager.projects.delete", Truth.FALSE),
        ("2", "resourcemanager.projects.delete", Truth.TRUE),
        ("2", "iam.roles.create", Truth.FALSE),
        ("3", "iam.roles.create", Truth.TRUE),
        ("3", "alloydb.backups.create", Truth.FALSE),
        ("4", "alloydb.backups.create", Truth.TRUE),
        ("latest", "alloydb.backups.create", Truth.TRUE),
        ("5", "alloydb.backups.create", Truth.TRUE),
        ("5", "dataflow.jobs.snapshot", Truth.UNKNOWN),
        ("4", "brand.new.permission", Truth.UNKNOWN),
        ("newest", "iam.roles.create", Truth.UNKNOWN),
        ("9" * 5000, "dataflow.jobs.snapshot", Truth.UNKNOWN),
    ],
)
def test_the_enforcement_version_says_which_permissions_are_blocked(
    version: str, permission: str, truth: Truth
) -> None:
    side = kept_out([policy("p", ORGANISATION, version=version)], [binding("p")], TAL, OUTSIDE, permission)
    assert side.decision.truth is truth


def test_a_policy_that_cannot_block_the_permission_does_not_make_eligible_either() -> None:
    """Of a policy of version 1 that lists the resource and one of version 4 that does not, the latter alone counts."""
    policies = [policy("old", "organizations/999", version="1"), policy("new", ORGANISATION)]
    bindings = [binding("old"), binding("new")]
    side = kept_out(policies, bindings, TAL, OUTSIDE, "iam.roles.create")
    assert side.decision.holds
    assert any("boundary old" in clause and "cannot block" in clause for clause in side.decision.because)
    assert kept_out(policies, bindings, TAL, OUTSIDE, "storage.buckets.get").decision.fails


RULE = {"resources": [MANAGER + ORGANISATION], "effect": "ALLOW"}


@pytest.mark.parametrize(
    ("rules", "truth"),
    [
        ([], Truth.FALSE),
        ([{"resources": [], "effect": "ALLOW"}], Truth.TRUE),
        ([{**RULE, "excludedResources": [MANAGER + "projects/inside"]}], Truth.TRUE),
        ([{**RULE, "excludedResources": [MANAGER + "projects/other"]}], Truth.FALSE),
        ([{**RULE, "operation": {"permissions": ["*"]}}], Truth.FALSE),
        ([{**RULE, "operation": {"permissions": ["storage.googleapis.com/*.*"]}}], Truth.UNKNOWN),
        ([{**RULE, "effect": "DENY"}], Truth.UNKNOWN),
        ([{"resources": [MANAGER + "projects/other"], "effect": "DENY"}], Truth.UNKNOWN),
        ([RULE, {"resources": [MANAGER + "projects/inside"], "effect": "DENY"}], Truth.UNKNOWN),
        ([RULE, {"resources": [MANAGER + "projects/other"], "effect": "DENY"}], Truth.FALSE),
        ([{"resources": [MANAGER + "projects/inside"]}], Truth.UNKNOWN),
        ([{"resources": ["//storage.googleapis.com/b"], "effect": "ALLOW"}], Truth.UNKNOWN),
        ([{"resources": [MANAGER + "organizations/1", "<script>"], "effect": "ALLOW"}, RULE], Truth.FALSE),
    ],
    ids=str,
)
def test_rules_say_what_is_eligible(rules: list[dict[str, Any]], truth: Truth) -> None:
    side = kept_out([policy("p", rules=rules)], [binding("p")], TAL, INSIDE)
    assert side.decision.truth is truth


@pytest.mark.parametrize(
    ("lists", "levels", "truth"),
    [
        ("projects/p", ["projects/p"], Truth.FALSE),
        ("projects/q", ["projects/p"], Truth.TRUE),
        ("folders/1", ["projects/p"], Truth.UNKNOWN),
        ("organizations/1", ["projects/p", "folders/1"], Truth.UNKNOWN),
        ("projects/12", ["projects/p", "organizations/1"], Truth.UNKNOWN),
        ("folders/1", ["projects/p", "organizations/1"], Truth.TRUE),
        ("projects/p", [], Truth.UNKNOWN),
    ],
)
def test_what_is_above_a_resource_may_be_unknown(lists: str, levels: list[str], truth: Truth) -> None:
    assert kept_out([policy("p", lists)], [binding("p")], TAL, levels).decision.truth is truth


ATTRIBUTES = Attributes("iam.googleapis.com/ServiceAccount", "a@p.iam.gserviceaccount.com")


@pytest.mark.parametrize(
    ("expression", "truth"),
    [
        (SERVICE_ACCOUNTS_ONLY, Truth.TRUE),
        (
            "principal.type in ['iam.googleapis.com/WorkspaceIdentity', \"iam.googleapis.com/ServiceAccount\"]",
            Truth.TRUE,
        ),
        ("principal.type in ['iam.googleapis.com/WorkspaceIdentity']", Truth.FALSE),
        ("principal.subject.startsWith('a@') && principal.subject.endsWith('.com')", Truth.TRUE),
        ("!principal.subject.startsWith('a@') || principal.subject == 'b'", Truth.FALSE),
        ("principal.subject.contains('a@')", Truth.TRUE),
        ("principal.type.startsWith('b')", Truth.TRUE),
        ("principal.email == 'b'", Truth.TRUE),
        ("'b' == principal.subject", Truth.TRUE),
        ("principal.subject in [1]", Truth.TRUE),
        ("principal.subject == principal.type", Truth.TRUE),
        ("principal.subject ==", Truth.TRUE),
        ("'", Truth.TRUE),
        ("request.time < timestamp('2020-01-01T00:00:00Z')", Truth.TRUE),
        ("(" * 100_000, Truth.TRUE),
        ("!" * 9_999 + SERVICE_ACCOUNTS_ONLY, Truth.TRUE),
        ("principal.subject == '<script>\u202e'", Truth.FALSE),
    ],
    ids=lambda value: str(value)[:60],
)
def test_a_condition_that_iam_cannot_evaluate_makes_the_binding_apply(expression: str, truth: Truth) -> None:
    answer = holds_for(expression, ATTRIBUTES)
    assert answer.truth is truth
    assert len("".join(answer.because)) < 600


@pytest.mark.parametrize(
    ("member", "expected"),
    [
        ("user:Ann@example.com", Attributes("iam.googleapis.com/WorkspaceIdentity", "ann@example.com")),
        ("serviceAccount:a@p.iam.gserviceaccount.com", ATTRIBUTES),
        (DEV_POOL, Attributes("iam.googleapis.com/WorkloadPoolIdentity", "build")),
        (
            "principal://iam.googleapis.com/locations/global/workforcePools/staff/subject/raha@altostrat.com",
            Attributes("iam.googleapis.com/WorkforcePoolIdentity", "raha@altostrat.com"),
        ),
        (
            "principalSet://iam.googleapis.com/locations/global/workforcePools/staff/group/dev",
            Attributes("iam.googleapis.com/WorkforcePoolIdentity"),
        ),
        (
            "principal://agents.global.org-1.system.id.goog/resources/aiplatform/projects/9/locations/l/reasoningEngines/r",
            Attributes(
                "iam.googleapis.com/AgentPoolIdentity", "resources/aiplatform/projects/9/locations/l/reasoningEngines/r"
            ),
        ),
        ("group:g@example.com", Attributes()),
        ("allUsers", Attributes()),
    ],
    ids=lambda value: str(value)[:60],
)
def test_the_attributes_of_a_principal(member: str, expected: Attributes) -> None:
    assert attributes_of(parse(member)) == expected


@pytest.mark.parametrize(
    ("gap", "of_binding"),
    [
        ("details", False),
        ("details.rules", False),
        ("details.rules.*", False),
        ("details.rules.0.resources", False),
        ("details.rules.0.resources.*", False),
        ("details.rules.0.effect", False),
        ("details.enforcementVersion", False),
        ("target", True),
        ("target.principalSet", True),
        ("policy", True),
        ("condition", True),
    ],
)
def test_what_is_unknown_of_a_boundary_makes_the_answer_unknown(gap: str, of_binding: bool) -> None:
    doubt = {f"resource.data.{gap}": "known after apply"}
    given = policy("p", ORGANISATION, unknown={} if of_binding else doubt)
    bound = binding("p", unknown=doubt if of_binding else {})
    side = kept_out([given], [bound], TAL, INSIDE if gap.endswith("effect") else OUTSIDE)
    assert side.decision.is_unknown
    assert overall(Side(holds()), Side(fails()), side).boundary is BoundaryState.UNKNOWN_INFO
    assert side.decision.because


def test_a_group_is_no_subject_of_conditions() -> None:
    bound = binding("p", condition="principal.subject != 'x@example.com'")
    subject = Boundaries([policy("p", ORGANISATION)], [bound], complete=True).subject_to(
        lambda _: holds(), Attributes()
    )
    assert [decision.truth for _, decision in subject] == [Truth.UNKNOWN]


def test_a_bound_policy_that_is_not_in_the_input_is_unknown_unless_none_is_missing() -> None:
    """A binding of a deleted policy has no effect."""
    side = kept_out([], [binding("gone")], TAL, OUTSIDE, complete=False)
    assert side.decision.is_unknown
    assert "boundary gone" in side.decision.because[0]
    assert kept_out([], [binding("gone")], TAL, OUTSIDE).decision.fails


def test_bindings_of_other_kinds_of_policies_are_left_alone() -> None:
    bound = binding("p")
    bound.policy_kind = "ACCESS"
    assert kept_out([policy("p", ORGANISATION)], [bound], TAL, OUTSIDE).decision.fails


def test_without_proof_of_completeness_eligible_says_what_it_assumes() -> None:
    side = kept_out([], [], TAL, OUTSIDE, complete=False)
    assert side.decision.fails
    assert "no principal access boundary is missing" in side.assumptions[0]
    kept = kept_out([ORG_ONLY], [binding("example-org-only")], TAL, OUTSIDE, complete=False)
    assert kept.decision.holds
    assert kept.assumptions == side.assumptions, "one more boundary may list the resource"
