"""Members cover the principals that Google's documentation says they stand for, and unknown stays unknown."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.access.coverage import covers
from auditor.access.groups import Directory, Roster, Surroundings
from auditor.access.members import Kind, canonical, parse, special_group
from auditor.access.principals import Principal, UnclearPrincipal, principal
from auditor.access.truth import Decision, Truth, fails, holds

T, F, U = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN

NOTHING_KNOWN = Directory()
POOL = "iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/github"
STAFF = "iam.googleapis.com/locations/global/workforcePools/altostrat-contractors"
GKE = "iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/shop.svc.id.goog"
AGENTS = "agents.global.org-123456789012.system.id.goog"
AGENT = f"principal://{AGENTS}/resources/aiplatform/projects/9876543210/locations/us-central1/reasoningEngines/a"
CRM = "cloudresourcemanager.googleapis.com"
SA = "serviceAccount:my-service-account@my-project.iam.gserviceaccount.com"
FRONT = "serviceAccount:shop.svc.id.goog[web/front]"
COMPUTE = "serviceAccount:1-compute@developer.gserviceaccount.com"
PUBSUB = "serviceAccount:service-123456789012@gcp-sa-pubsub.iam.gserviceaccount.com"


def truth(member: str, who: str, directory: Directory = NOTHING_KNOWN) -> Truth:
    return covers(member, principal(who), directory).truth


@pytest.mark.parametrize(
    ("text", "kind", "name"),
    [
        ("user:Alex@Example.com", Kind.USER, "user:alex@example.com"),
        ("principal://goog/subject/alex@example.com", Kind.USER, "user:alex@example.com"),
        ("group:my-group@example.com", Kind.GROUP, "group:my-group@example.com"),
        ("principalSet://goog/group/my-group@example.com", Kind.GROUP, "group:my-group@example.com"),
        (SA, Kind.SERVICE_ACCOUNT, SA),
        (f"principal://iam.googleapis.com/projects/-/serviceAccounts/{SA.partition(':')[2]}", Kind.SERVICE_ACCOUNT, SA),
        ("my-service-account@my-project.iam.gserviceaccount.com", Kind.SERVICE_ACCOUNT, SA),
        ("1-Compute@developer.gserviceaccount.com", Kind.SERVICE_ACCOUNT, COMPUTE),
        ("ann@gmail.com", Kind.USER, "user:ann@gmail.com"),
        ("friends@googlegroups.com", Kind.GROUP, "group:friends@googlegroups.com"),
        ("allUsers", Kind.PUBLIC, "allUsers"),
        ("principalSet://goog/public:all", Kind.PUBLIC, "allUsers"),
        ("allAuthenticatedUsers", Kind.PUBLIC, "allAuthenticatedUsers"),
        (f"principal://{STAFF}/subject/raha@altostrat.com", Kind.WORKFORCE_IDENTITY, None),
        (f"principal://{POOL}/subject/repo:o/r:ref:refs/heads/main", Kind.WORKLOAD_IDENTITY, None),
        (FRONT, Kind.KUBERNETES, FRONT),
        (
            f"principal://{GKE}/subject/ns/web/sa/front",
            Kind.WORKLOAD_IDENTITY,
            FRONT,
        ),
        (AGENT, Kind.AGENT_IDENTITY, AGENT),
        ("  user:ann@example.com\n", Kind.USER, "user:ann@example.com"),
    ],
)
def test_principals_are_read_in_every_spelling(text: str, kind: Kind, name: str | None) -> None:
    read = principal(text)
    assert read.kind is kind
    assert read.name == (name or text)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("eng@example.com", "may be a user or a group; write user:ADDRESS or group:ADDRESS"),
        ("", "an empty text is no principal"),
        ("ann", "is no principal; write user:ADDRESS"),
        ("user:ann", "is no principal"),
        ("domain:ann@example.com", "is no principal"),
        ("domain:com", "is no principal"),
        ("user:@example.com", "is no principal"),
        ("user:ann smith@example.com", "is no principal"),
        ("serviceAccount:shop.svc.id.goog[web]", "is no principal"),
        ("projectOwner:p", "stands for whoever holds a role"),
        ("deleted:user:ann@example.com?uid=1", "is deleted"),
        ("Usr:ann@example.com", "is no principal"),
        ("principal://elsewhere/x", "is no principal"),
        ("\x1b[31m<script>\u202e", r"\u001b[31m<script>\u202e is no principal"),
        ("user:" + "x" * 10_000_000, "… is no principal"),
    ],
)
def test_what_is_unclear_is_said(text: str, complaint: str) -> None:
    with pytest.raises(UnclearPrincipal) as raised:
        principal(text)
    assert complaint in str(raised.value)
    assert len(str(raised.value)) < 500


@pytest.mark.parametrize(
    ("member", "who", "expected"),
    [
        # one account
        ("user:ALEX@example.com", "user:alex@example.com", T),
        ("principal://goog/subject/alex@example.com", "user:alex@example.com", T),
        ("user:alex@example.com", "user:sam@example.com", F),
        ("user:my-group@example.com", "group:my-group@example.com", F),
        (SA, SA, T),
        (f"principal://iam.googleapis.com/projects/-/serviceAccounts/{SA.partition(':')[2]}", SA, T),
        (SA, PUBSUB, F),
        ("deleted:user:alex@example.com?uid=123456789012345678901", "user:alex@example.com", F),
        ("deleted:principal://goog/subject/alex@example.com?uid=1234567890", "user:alex@example.com", F),
        ("deleted:principalSet://goog/group/admins@example.com?uid=1234567890", "group:admins@example.com", F),
        # everyone
        ("allUsers", "allUsers", T),
        ("allUsers", f"principal://{POOL}/subject/s", T),
        ("principalSet://goog/public:all", SA, T),
        ("principalSet://goog/public:all", "allUsers", T),
        ("allAuthenticatedUsers", "user:someone@gmail.com", T),
        ("allAuthenticatedUsers", SA, T),
        ("allAuthenticatedUsers", PUBSUB, T),
        ("allAuthenticatedUsers", "group:eng@example.com", T),
        ("allAuthenticatedUsers", "allAuthenticatedUsers", T),
        ("allAuthenticatedUsers", "allUsers", F),
        ("allAuthenticatedUsers", f"principal://{STAFF}/subject/raha@altostrat.com", F),
        ("allAuthenticatedUsers", f"principal://{POOL}/subject/s", F),
        ("allAuthenticatedUsers", FRONT, F),
        ("allAuthenticatedUsers", AGENT, U),
        ("user:ann@example.com", "allAuthenticatedUsers", F),
        ("domain:example.com", "allUsers", F),
        # domains
        ("domain:Example.com", "user:alex@example.com", T),
        ("domain:example.com", "user:alex@gmail.com", F),
        ("domain:example.com", "user:alex@example.org", U),
        ("domain:example.com", "user:alex@eu.example.com", U),
        ("domain:example.com", SA, F),
        ("domain:example.com", "group:eng@example.com", F),
        ("domain:example.com", f"principal://{STAFF}/subject/a@example.com", F),
        ("principalSet://goog/cloudIdentityCustomerId/C01Abc35", "user:alex@example.com", U),
        ("principalSet://goog/cloudIdentityCustomerId/C01Abc35", "user:alex@gmail.com", F),
        ("principalSet://goog/cloudIdentityCustomerId/C01Abc35", SA, U),
        ("principalSet://goog/cloudIdentityCustomerId/C01Abc35", f"principal://{POOL}/subject/s", F),
        ("//iam.googleapis.com/locations/global/workspace/C01Abc35", SA, F),
        # groups nobody told of
        ("group:eng@example.com", "user:alex@example.com", U),
        ("group:eng@example.com", "group:eng@example.com", T),
        ("group:eng@example.com", f"principal://{POOL}/subject/s", F),
        ("group:eng@example.com", "allUsers", F),
        # workforce and workload identity pools
        (f"principal://{STAFF}/subject/raha@altostrat.com", f"principal://{STAFF}/subject/raha@altostrat.com", T),
        (f"principal://{STAFF}/subject/raha@altostrat.com", f"principal://{STAFF}/subject/Raha@altostrat.com", F),
        (f"principalSet://{STAFF}/*", f"principal://{STAFF}/subject/raha@altostrat.com", T),
        (f"//{STAFF}", f"principal://{STAFF}/subject/raha@altostrat.com", T),
        (f"principalSet://{STAFF}/group/administrators-group@altostrat.com", f"principal://{STAFF}/subject/raha", U),
        (f"principalSet://{STAFF}/attribute.department/administration", f"principal://{STAFF}/subject/raha", U),
        (f"principalSet://{STAFF}-2/*", f"principal://{STAFF}/subject/raha", F),
        (f"principalSet://{STAFF}/*", "user:raha@altostrat.com", F),
        (f"deleted:principal://{STAFF}/subject/s", f"principal://{STAFF}/subject/s", F),
        (f"principalSet://{POOL}/*", f"principal://{POOL}/subject/s", T),
        (f"principalSet://{POOL}/*".replace("123456789012", "1"), f"principal://{POOL}/subject/s", F),
        (f"principalSet://{POOL}/*", SA, F),
        (f"principalSet://{POOL}/*", f"principalSet://{POOL}/attribute.repository/o/r", T),
        (f"principalSet://{POOL}/attribute.repository/o/r", f"principalSet://{POOL}/attribute.repository/o/r", T),
        (f"principalSet://{POOL}/attribute.repository/o/r", f"principalSet://{POOL}/attribute.repository/o/x", U),
        (f"principal://{POOL}/subject/s", f"principalSet://{POOL}/attribute.repository/o/r", F),
        # Kubernetes
        (FRONT, f"principal://{GKE}/subject/ns/web/sa/front", T),
        (f"principal://{GKE}/subject/ns/web/sa/front", FRONT, T),
        (f"principalSet://{GKE}/namespace/web", FRONT, T),
        (f"principalSet://{GKE}/namespace/we", FRONT, F),
        (f"principalSet://{GKE}/*", FRONT, T),
        (f"principalSet://{GKE}/kubernetes.cluster/https://c", FRONT, U),
        (f"principal://{GKE}/kubernetes.serviceaccount.uid/1", FRONT, U),
        (f"principal://{GKE}/subject/ns/web/sa/front", f"principal://{GKE}/kubernetes.serviceaccount.uid/1", U),
        (FRONT, "serviceAccount:shop.svc.id.goog[web/back]", F),
        (FRONT, "serviceAccount:shop-2.svc.id.goog[web/front]", F),
        # agent identities
        (f"principalSet://{AGENTS}/*", AGENT, T),
        (f"principalSet://{AGENTS}/attribute.platformContainer/aiplatform/projects/9876543210", AGENT, T),
        (f"principalSet://{AGENTS}/attribute.platformContainer/aiplatform/projects/987654321", AGENT, F),
        (f"//{AGENTS}/attribute.container/projects/9876543210", AGENT, T),
        (f"principalSet://{AGENTS.replace('org-1', 'org-2')}/*", AGENT, F),
        (f"principalSet://{AGENTS}/*", SA, F),
        (AGENT, AGENT.replace("/a", "/b"), F),
        # sets of a container's accounts
        (f"principalSet://{CRM}/projects/123456789012/type/ServiceAgent", PUBSUB, T),
        (f"principalSet://{CRM}/projects/123456789013/type/ServiceAgent", PUBSUB, F),
        (f"principalSet://{CRM}/projects/123456789012/type/ServiceAccount", PUBSUB, F),
        (f"principalSet://{CRM}/folders/123456789012/type/ServiceAgent", PUBSUB, U),
        (f"principalSet://{CRM}/projects/123456789012/type/ServiceAccount", SA, U),
        (f"principalSet://{CRM}/projects/123456789012/type/ServiceAccount", "user:ann@example.com", F),
        (f"principalSet://{CRM}/projects/123456789012/type/ServiceAgent", SA, F),
        (f"principalSet://{CRM}/projects/1/type/ServiceAgent", "serviceAccount:1@cloudbuild.gserviceaccount.com", T),
        (f"principalSet://{CRM}/projects/1/type/ServiceAccount", "1-compute@developer.gserviceaccount.com", T),
        (f"principalSet://{CRM}/projects/1/type/Robot", SA, U),
        # what nobody knows
        ("projectOwner:p", "user:ann@example.com", U),
        ("unheard:of", "user:ann@example.com", U),
        ("", "user:ann@example.com", U),
    ],
)
def test_documented_members(member: str, who: str, expected: Truth) -> None:
    decision = covers(member, principal(who), NOTHING_KNOWN)
    assert decision.truth is expected, decision
    assert decision.because
    assert covers(parse(member), principal(who), NOTHING_KNOWN) == decision


@pytest.mark.parametrize(
    ("member", "attributes", "expected"),
    [
        ("attribute.repository/o/r", {"repository": "o/r"}, T),
        ("attribute.repository/o/r", {"attribute.repository": "o/r"}, T),
        ("attribute.repository/o/r", {"repository": "o/x"}, F),
        ("attribute.repository/o/r", {"ref": "refs/heads/main"}, U),
        ("group/admins", {"group": ["staff", "admins"]}, T),
        ("group/admins", {"group": ["staff"]}, F),
        ("group/admins", {"group": []}, F),
    ],
)
def test_attributes_count_only_where_they_are_told(
    member: str, attributes: Mapping[str, str | list[str]], expected: Truth
) -> None:
    who = principal(f"principal://{POOL}/subject/s", attributes)
    assert covers(f"principalSet://{POOL}/{member}", who, NOTHING_KNOWN).truth is expected


ABOVE = {
    "projects/my-project": ("projects/my-project", "projects/11", "folders/22", "organizations/33"),
    "projects/11": ("projects/my-project", "projects/11", "folders/22", "organizations/33"),
    "projects/shop": ("projects/shop", "projects/123456789012", "organizations/33"),
    "projects/123456789012": ("projects/shop", "projects/123456789012", "organizations/33"),
    "projects/9876543210": ("projects/9876543210", "organizations/34"),
    "folders/22": ("folders/22", "organizations/33"),
}
CUSTOMERS = {"example.com": "C01", "example.org": "C01", "other.com": "C02"}
OWNERS = {"user:ann@example.com": holds("ann is owner"), "user:bob@example.com": fails("bob is none")}
ESTATE = Directory(
    surroundings=Surroundings(
        ancestors=ABOVE.get,
        holds_role=lambda role, project, who: (
            OWNERS[who.name] if (role, project) == ("roles/owner", "p") else fails(f"nobody holds {role}")
        ),
        customer_of_domain=lambda domain: CUSTOMERS.get(domain, ""),
        customer_of_organization=lambda name: {"organizations/33": "C01"}.get(name, ""),
        organization_of_pool=lambda pool: {"altostrat-contractors": "organizations/33"}.get(pool, ""),
    )
)


@pytest.mark.parametrize(
    ("member", "who", "expected"),
    [
        ("domain:example.com", "user:ann@example.org", T),
        ("domain:example.com", "user:ann@other.com", F),
        ("domain:example.com", "domain:example.org", T),
        ("domain:example.com", "principalSet://goog/cloudIdentityCustomerId/C01", T),
        ("domain:example.com", "user:ann@elsewhere.com", U),
        ("principalSet://goog/cloudIdentityCustomerId/C01", "user:ann@example.org", T),
        ("principalSet://goog/cloudIdentityCustomerId/C01", "user:ann@other.com", F),
        ("projectOwner:p", "user:ann@example.com", T),
        ("projectOwner:p", "user:bob@example.com", F),
        ("projectEditor:p", "user:ann@example.com", F),
        (f"principalSet://{CRM}/projects/11/type/ServiceAccount", SA, T),
        (f"principalSet://{CRM}/folders/22/type/ServiceAccount", SA, T),
        (f"principalSet://{CRM}/organizations/33/type/ServiceAccount", SA, T),
        (f"principalSet://{CRM}/folders/23/type/ServiceAccount", SA, F),
        (f"principalSet://{CRM}/organizations/33/type/ServiceAgent", PUBSUB, T),
        (f"principalSet://{CRM}/organizations/33/type/ServiceAgent",
         "serviceAccount:service-folder-22@gcp-sa-pam.iam.gserviceaccount.com", T),
        (f"principalSet://{CRM}/folders/22/type/ServiceAgent",
         "serviceAccount:service-org-33@gcp-sa-pam.iam.gserviceaccount.com", F),
        (f"principalSet://{CRM}/organizations/33/type/ServiceAgent", "serviceAccount:x@system.gserviceaccount.com", U),
        (f"principalSet://{CRM}/organizations/33/type/ServiceAccount",
         f"principalSet://{CRM}/folders/22/type/ServiceAccount", T),
        # boundaries
        (f"//{CRM}/projects/my-project", SA, T),
        (f"//{CRM}/folders/22", SA, T),
        (f"//{CRM}/organizations/33", SA, T),
        (f"//{CRM}/projects/my-project", "user:ann@example.com", F),
        (f"//{CRM}/organizations/33", "user:ann@example.org", T),
        (f"//{CRM}/organizations/33", "user:ann@other.com", F),
        (f"//{CRM}/organizations/33", "user:ann@gmail.com", F),
        (f"//{CRM}/organizations/33", f"principal://{STAFF}/subject/raha", T),
        (f"//{CRM}/organizations/34", f"principal://{STAFF}/subject/raha", F),
        (f"//{CRM}/folders/22", f"principal://{STAFF}/subject/raha", F),
        (f"//{CRM}/organizations/33", "principal://iam.googleapis.com/locations/global/workforcePools/x/subject/y", U),
        (f"//{CRM}/projects/shop", f"principal://{POOL}/subject/s", T),
        (f"//{CRM}/projects/shop", FRONT, T),
        (f"//{CRM}/organizations/34", AGENT, T),
        (f"//{CRM}/organizations/33", AGENT, F),
        (f"//{CRM}/organizations/33", PUBSUB, U),
        (f"//{CRM}/organizations/33", "allUsers", F),
        ("//iam.googleapis.com/locations/global/workspace/C01", "user:ann@example.org", T),
    ],
)  # fmt: skip
def test_members_that_the_estate_decides(member: str, who: str, expected: Truth) -> None:
    decision = covers(member, principal(who), ESTATE)
    assert decision.truth is expected, decision


def test_a_way_is_told() -> None:
    roster = Roster()
    roster.list_group("a@example.com", ["group:b@example.com"])
    roster.list_group("b@example.com", ["user:c@example.com"])
    decision = covers("principalSet://goog/group/a@example.com", principal("user:c@example.com"), Directory(roster))
    assert decision == holds("group:a@example.com → group:b@example.com → user:c@example.com")


@pytest.mark.parametrize(
    ("name", "member"),
    [
        ("projectOwners", "projectOwner:p"),
        ("projectWriters", "projectEditor:p"),
        ("projectReaders", "projectViewer:p"),
        ("allAuthenticatedUsers", "allAuthenticatedUsers"),
    ],
)
def test_special_groups_of_datasets(name: str, member: str) -> None:
    assert special_group(name, "p") == parse(member)


def test_convenience_members_say_what_they_rest_on() -> None:
    assert parse("projectOwner:p").stands_for == ("roles/owner", "p")
    assert parse("projectViewer:p").stands_for == ("roles/viewer", "p")
    assert parse("user:p@example.com").stands_for == ("", "")


@pytest.mark.parametrize(
    ("email", "owner"),
    [
        ("service-1@gcp-ri-aiplatform.iam.gserviceaccount.com", "projects/1"),
        ("service-1@cloud-ml.iam.gserviceaccount.com", "projects/1"),
        ("service-1@gae-api-prod.iam.gserviceaccount.com", "projects/1"),
        ("service-1@gcp-gae-service.iam.gserviceaccount.com", "projects/1"),
        ("bq-1@bigquery-encryption.iam.gserviceaccount.com", "projects/1"),
        ("bqcx-442188550395-jujw@gcp-sa-bigquery-condel.iam.gserviceaccount.com", "projects/442188550395"),
        ("connection-1-x@gcp-sa-bigquery-condel.iam.gserviceaccount.com", "projects/1"),
        ("blirc-1-x@gcp-sa-biglakerestcatalog.iam.gserviceaccount.com", "projects/1"),
        ("vault-1-x@gcp-sa-backupdr-pr.iam.gserviceaccount.com", "projects/1"),
        ("c-1-x@gcp-sa-alloydb.iam.gserviceaccount.com", "projects/1"),
        ("b1-x@gcp-sa-bundles.iam.gserviceaccount.com", "projects/1"),
        ("p-1-x@gcp-sa-ftp.iam.gserviceaccount.com", "projects/1"),
        ("p1-x@gcp-sa-cloud-sql.iam.gserviceaccount.com", "projects/1"),
        ("f1-x@gcp-sa-logging.iam.gserviceaccount.com", "folders/1"),
        ("o1-x@gcp-sa-logging.iam.gserviceaccount.com", "organizations/1"),
        ("service-p1@gcp-sa-accessapproval.iam.gserviceaccount.com", "projects/1"),
        ("service-f1@gcp-sa-accessapproval.iam.gserviceaccount.com", "folders/1"),
        ("service-o1@gcp-sa-accessapproval.iam.gserviceaccount.com", "organizations/1"),
        ("service-folder-1@gcp-sa-assuredworkloads.iam.gserviceaccount.com", "folders/1"),
        ("service-org-1@security-center-api.iam.gserviceaccount.com", "organizations/1"),
        ("organizations-1@gcp-sa-riskmanager.iam.gserviceaccount.com", "organizations/1"),
        ("project-1@storage-transfer-service.iam.gserviceaccount.com", "projects/1"),
        ("1@cloudservices.gserviceaccount.com", "projects/1"),
        ("service-agent-manager@system.gserviceaccount.com", ""),
        ("service-workspace-C01@gcp-sa-discoveryengine.iam.gserviceaccount.com", ""),
    ],
)
def test_service_agents_of_the_reference(email: str, owner: str) -> None:
    member = parse(f"serviceAccount:{email}")
    assert member.is_service_agent
    assert member.agent_owner == owner


@pytest.mark.parametrize("email", ["ci@cloud-ml.iam.gserviceaccount.com", "service-1@gcp-sa.iam.gserviceaccount.com"])
def test_accounts_of_strangers_are_no_agents(email: str) -> None:
    assert not parse(f"serviceAccount:{email}").is_service_agent
    assert parse(f"serviceAccount:{email}").agent_owner == ""


SOME_MEMBERS = st.sampled_from(
    [
        "allUsers",
        "allAuthenticatedUsers",
        "user:ann@example.com",
        "group:eng@example.com",
        "domain:example.com",
        SA,
        PUBSUB,
        "projectOwner:p",
        f"principal://{POOL}/subject/s",
        f"principalSet://{POOL}/attribute.a/b",
        f"principalSet://{GKE}/namespace/web",
        AGENT,
        f"principalSet://{CRM}/folders/1/type/ServiceAccount",
        f"//{CRM}/organizations/1",
    ]
) | st.text(max_size=40)


@given(
    SOME_MEMBERS, st.sampled_from(["", "deleted:", "principal:", "principalSet:", "//", "serviceAccount:"]), st.text()
)
def test_any_text_is_decided_or_unknown(text: str, before: str, after: str) -> None:
    for who in (principal("user:ann@example.com"), principal(AGENT), principal("allUsers")):
        for member in (text, before + text, text + after):
            decision = covers(member, who, NOTHING_KNOWN)
            assert isinstance(decision, Decision)
            assert decision.truth is not T or parse(member).kind is not Kind.OTHER
            assert canonical(canonical(member)) == canonical(member)


@given(SOME_MEMBERS)
def test_whatever_is_a_principal_covers_itself(text: str) -> None:
    try:
        who: Principal = principal(text)
    except UnclearPrincipal:
        return
    assert covers(text.strip(), who, NOTHING_KNOWN).holds
    assert covers("allUsers", who, NOTHING_KNOWN).holds


def test_hostile_subjects_do_not_pass_for_something_else() -> None:
    subject = f"principal://{POOL}/subject/x//{CRM}/projects/1/type/ServiceAccount/locations/global/workforcePools/p/*"
    assert parse(subject).kind is Kind.WORKLOAD_IDENTITY
    assert parse(subject).pool == "github"
    assert not parse(subject).is_whole_pool
    assert truth(f"principalSet://{POOL}/*", subject) is T
