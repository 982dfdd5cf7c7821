"""Members of bindings are read right, and grants that are known outlive what is unknown."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from auditor.access.federation import SHARED_ISSUERS, pins_owner, shared_issuer
from auditor.access.grants import grants, holders_of_both, tell
from auditor.access.members import Kind, parse
from auditor.access.roles import ACCESS_ADMIN_ROLES, BASIC_ROLES, IMPERSONATION_ROLES, is_service_admin
from auditor.model.verdict import Outcome
from auditor.resources.base import OpenList, Undetermined
from auditor.resources.policy import Policy
from auditor.resources.unknown import matching

NOW = datetime(2026, 11, 22, tzinfo=UTC)
POOL = "iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/ci"
GKE_POOL = "iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p.svc.id.goog"
WORKFORCE = "iam.googleapis.com/locations/global/workforcePools/staff"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("allUsers", Kind.PUBLIC),
        ("allAuthenticatedUsers", Kind.PUBLIC),
        ("user:ann@example.com", Kind.USER),
        ("group:ops@example.com", Kind.GROUP),
        ("domain:example.com", Kind.DOMAIN),
        ("serviceAccount:ci@p.iam.gserviceaccount.com", Kind.SERVICE_ACCOUNT),
        ("serviceAccount:p.svc.id.goog[ns/app]", Kind.KUBERNETES),
        ("projectEditor:p", Kind.CONVENIENCE),
        (f"principal://{POOL}/subject/repo:a/b", Kind.WORKLOAD_IDENTITY),
        (f"principalSet://{POOL}/attribute.repository/a/b", Kind.WORKLOAD_IDENTITY),
        (f"principal://{GKE_POOL}/subject/ns/n/sa/s", Kind.WORKLOAD_IDENTITY),
        (f"principalSet://{WORKFORCE}/group/g", Kind.WORKFORCE_IDENTITY),
        ("principalSet://cloudresourcemanager.googleapis.com/folders/1/type/ServiceAccount", Kind.ALL_ACCOUNTS),
        ("deleted:user:ann@example.com?uid=12", Kind.USER),
        (f"deleted:principal://{WORKFORCE}/subject/ann", Kind.WORKFORCE_IDENTITY),
        ("unheard:of", Kind.OTHER),
        ("", Kind.OTHER),
    ],
)
def test_kind(text: str, kind: Kind) -> None:
    assert parse(text).kind is kind


@pytest.mark.parametrize(
    ("email", "is_agent"),
    [
        ("service-1@gcp-sa-pubsub.iam.gserviceaccount.com", True),
        ("service-org-1@gcp-sa-pam.iam.gserviceaccount.com", True),
        ("service-1@compute-system.iam.gserviceaccount.com", True),
        ("service-1@gae-api-prod.google.com.iam.gserviceaccount.com", True),
        ("bq-1@bigquery-encryption.iam.gserviceaccount.com", True),
        ("project-1@storage-transfer-service.iam.gserviceaccount.com", True),
        ("1@cloudservices.gserviceaccount.com", True),
        ("cloud-logs@system.gserviceaccount.com", True),
        ("service-1@my-project.iam.gserviceaccount.com", False),
        ("ci@compute-system-2.iam.gserviceaccount.com", False),
        ("ci@p.iam.gserviceaccount.com", False),
        ("1@cloudbuild.gserviceaccount.com", False),
        ("1-compute@developer.gserviceaccount.com", False),
        ("service-1@gcp-sa-pubsub.iam.gserviceaccount.com.evil.example", False),
    ],
)
def test_service_agents_are_told_from_accounts_that_look_alike(email: str, *, is_agent: bool) -> None:
    assert parse(f"serviceAccount:{email}").is_service_agent is is_agent
    assert parse(f"serviceAccount:{email}").is_workload is not is_agent


@pytest.mark.parametrize(
    ("email", "is_default", "project"),
    [
        ("12345-compute@developer.gserviceaccount.com", True, "12345"),
        ("shop-1@appspot.gserviceaccount.com", True, "shop-1"),
        ("ci@shop-1.iam.gserviceaccount.com", False, "shop-1"),
        ("ci@shop-1.example.com.iam.gserviceaccount.com", False, "example.com:shop-1"),
        ("12345@cloudbuild.gserviceaccount.com", False, "12345"),
        ("service-1@gcp-sa-pubsub.iam.gserviceaccount.com", False, ""),
    ],
)
def test_home_of_a_service_account(email: str, *, is_default: bool, project: str) -> None:
    member = parse(f"serviceAccount:{email}")
    assert (member.is_default_service_account, member.account_project) == (is_default, project)


def test_domains_are_compared_in_lower_case() -> None:
    assert parse("user:Ann@Example.COM").domain == "example.com"
    assert parse("domain:Example.com").domain == "example.com"
    assert parse("user:ann@googlemail.com").is_consumer
    assert not parse("group:friends@gmail.com.example.com").is_consumer
    assert parse("serviceAccount:ci@p.iam.gserviceaccount.com").domain == ""


def test_a_deleted_member_keeps_its_address() -> None:
    member = parse("deleted:serviceAccount:ci@p.iam.gserviceaccount.com?uid=12345")
    assert member.deleted
    assert member.value == "ci@p.iam.gserviceaccount.com"


@pytest.mark.parametrize(
    ("text", "pool", "whole"),
    [
        (f"principalSet://{POOL}/*", "ci", True),
        (f"principalSet://{WORKFORCE}/*", "staff", True),
        (f"principalSet://{POOL}/attribute.repository/*", "ci", False),
        (f"principal://{POOL}/subject/*", "ci", False),
        (f"principalSet://{GKE_POOL}/namespace/n", "p.svc.id.goog", False),
        ("user:ann@example.com", "", False),
    ],
)
def test_pools(text: str, pool: str, *, whole: bool) -> None:
    assert (parse(text).pool, parse(text).is_whole_pool) == (pool, whole)


def test_roles_are_in_one_table_each() -> None:
    assert not is_service_admin("roles/iam.serviceAccountAdmin")
    assert not is_service_admin("projects/p/roles/storageAdmin")
    assert not is_service_admin("roles/storage.objectViewer")
    assert is_service_admin("roles/storage.admin")
    assert is_service_admin("roles/compute.instanceAdmin.v1")
    assert not BASIC_ROLES & (ACCESS_ADMIN_ROLES.keys() | IMPERSONATION_ROLES.keys())


def policy_of(*bindings: dict[str, Any]) -> Policy[Any]:
    return msgspec.convert({"bindings": list(bindings)}, Policy[Any])


def test_a_known_grant_decides_whatever_else_is_unknown() -> None:
    policy = policy_of({"role": "roles/owner"}, {"role": "roles/editor", "members": ["user:a@example.com"]})
    del policy.bindings[0].members
    policy.bindings = OpenList(policy.bindings, "bindings", "not exported")
    found = grants(policy, NOW, members=lambda member: member.kind is Kind.USER)
    assert [str(grant) for grant in found] == ["user:a@example.com holds roles/editor"]
    with pytest.raises(Undetermined):
        grants(policy, NOW, members=lambda member: member.is_public)


def test_unknown_members_of_another_role_do_not_matter() -> None:
    policy = policy_of({"role": "roles/browser"})
    del policy.bindings[0].members
    assert grants(policy, NOW, members=lambda _: True, roles={"roles/owner"}.__contains__) == []
    with pytest.raises(Undetermined):
        grants(policy, NOW, members=lambda _: True, roles={"roles/browser"}.__contains__)


def test_duties_are_not_found_separated_while_holders_are_unknown() -> None:
    roles = {"roles/a"}.__contains__, {"roles/b"}.__contains__

    def policy(others: list[str]) -> Policy[Any]:
        made = policy_of({"role": "roles/a", "members": ["user:x@example.com"]}, {"role": "roles/b", "members": []})
        made.bindings[1].members = others
        return made

    assert holders_of_both(policy(["user:y@example.com"]), NOW, *roles, lambda _: True) == []
    unsure = OpenList(["user:y@example.com"], "members", "known only after apply")
    with pytest.raises(Undetermined):
        holders_of_both(policy(unsure), NOW, *roles, lambda _: True)
    unsure = OpenList(["user:x@example.com"], "members", "known only after apply")
    assert len(holders_of_both(policy(unsure), NOW, *roles, lambda _: True)) == 1


def test_grants_are_told_with_condition_and_number() -> None:
    policy = policy_of(
        {"role": "roles/editor_withcond_0a1b", "members": ["user:a@example.com"]},
        {"role": "roles/owner", "members": ["user:b@example.com"], "condition": {"expression": "resource.x"}},
        {
            "role": "roles/owner",
            "members": ["user:c@example.com"],
            "condition": {"expression": 'request.time < timestamp("2026-01-01T00:00:00Z")'},
        },
    )
    found = grants(policy, NOW, members=lambda _: True)
    assert [grant.role for grant in found] == ["roles/editor", "roles/owner"]
    verdict = tell(found)
    assert verdict.outcome is Outcome.FAIL
    first = "user:a@example.com holds roles/editor (under a condition that the export does not show)"
    assert verdict.reason == f"{first}, and 1 more such grant"
    assert verdict.evidence is not None
    assert verdict.evidence["grants"][1] == "user:b@example.com holds roles/owner (only if resource.x)"
    assert tell([]).outcome is Outcome.PASS


def test_known_elements_are_found_in_an_open_list() -> None:
    values = OpenList([1, 2, 3], "values", "not known")
    assert matching(values, lambda value: value > 2) == [3]
    with pytest.raises(Undetermined):
        matching(values, lambda value: value > 3)


@pytest.mark.parametrize(
    ("condition", "pinned"),
    [
        ("assertion.repository_owner_id == '1'", True),
        ("'1' == assertion.repository_owner_id", True),
        ("(assertion.repository_owner == 'a' || assertion.repository_owner == 'b') && assertion.ref == 'x'", True),
        ("assertion.sub.matches('^repo:a/b:ref:.*')", True),
        ("assertion.repository.matches('^a/b$')", True),
        ("assertion.repository.matches('^.*/b$')", True),  # not understood: the benefit of the doubt
        ("assertion.repository.matches('^a.*/')", False),
        ("assertion.sub.matches('repo:a/.*')", False),
        ("assertion.repository.endsWith('/shop')", False),
        ("((assertion.repository_owner == 'a') || (assertion.ref == 'refs/heads/main'))", False),
        ("assertion.ref == 'a || b' && assertion.repository_id == '7'", True),
        ("assertion.workflow == 'deploy' && assertion.environment == 'production'", False),
        ("assertion.repository_owner != ''", False),
    ],
)
def test_conditions_for_github(condition: str, *, pinned: bool) -> None:
    issuer = SHARED_ISSUERS["token.actions.githubusercontent.com"]
    assert pins_owner(condition, {}, issuer) is pinned


def test_issuers_are_known_by_their_whole_uri() -> None:
    assert shared_issuer("https://token.actions.githubusercontent.com/") is not None
    assert shared_issuer("https://token.actions.githubusercontent.com/an-enterprise") is None
    assert shared_issuer("https://gitlab.example.com") is None
    assert shared_issuer("") is None
