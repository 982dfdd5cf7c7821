"""Workload identity federation: claims that can change hands, pull requests, and grants as wide as an organization."""

from __future__ import annotations

from typing import Any

from auditor import PASS, Clock, Fix, Policy, Severity, Verdict, asset, check, fail, not_applicable
from auditor.access.federation import mutable_claims, shared_issuer, tells_owners_only, trusts_pull_requests
from auditor.access.grants import grants, tell
from auditor.access.members import Kind, Member
from auditor.resources.iam import ServiceAccount, WorkloadIdentityPoolProvider
from checks.iam.containers import grant, narrower, on_project

_POOL = "iam.googleapis.com/projects/1001/locations/global/workloadIdentityPools/ci"
_NAME = "//iam.googleapis.com/projects/p/locations/global/workloadIdentityPools/ci/providers/github"
_GITHUB = "https://token.actions.githubusercontent.com"
_BY_ID = "assertion.repository_owner_id == '12345'"


def _provider(condition: str, *, issuer: str = _GITHUB, unknown: str = "", **more: Any) -> Any:
    data = {
        "attributeMapping": {"google.subject": "assertion.sub", "attribute.owner": "assertion.repository_owner"},
        "attributeCondition": condition,
        "oidc": {"issuerUri": issuer},
        "state": "ACTIVE",
        **more,
    }
    return asset(WorkloadIdentityPoolProvider, data, name=_NAME, unknown=[unknown] if unknown else [])


def _on_account(*members: str, role: str = "roles/iam.workloadIdentityUser") -> Any:
    return asset(ServiceAccount, policy={"bindings": [grant(role, *members)]})


_CONDITION = Fix(
    gcloud="gcloud iam workload-identity-pools providers update-{provider.kind} {provider.id} --location=global"
    " --workload-identity-pool={provider.pool} --project={provider.pool_project}"
    " --attribute-condition=CONDITION",
    terraform="`attribute_condition` of google_iam_workload_identity_pool_provider",
    manual="Compare the number of the owner or repository, which is never given to anybody else: "
    "`assertion.repository_owner_id`, `assertion.repository_id`, `assertion.namespace_id`, `assertion.project_id`. "
    "Ask for a branch, tag or protected environment too.",
    patch={"data": {"attributeCondition": f"{_BY_ID} && assertion.namespace_id == '12345' && assertion.ref == 'a'"}},
)


@check(
    "workload-identity-claim-mutable",
    severity=Severity.MEDIUM,
    evidence=["oidc.issuerUri", "attributeCondition", "attributeMapping"],
    fix=_CONDITION,
    passes=lambda: [
        _provider(_BY_ID),
        _provider("assertion.repository == 'example/shop' && assertion.repository_owner_id == '12345'"),
        _provider("assertion.namespace_id == '77'", issuer="https://gitlab.com"),
        _provider("assertion.repository == 'a/b'", issuer="https://idp.example.com"),
        _provider("assertion.repository_owner == 'example'", disabled=True),
        _provider("assertion.ref == 'refs/heads/main'"),  # workload-identity-provider-owner-not-pinned tells it
    ],
    fails=lambda: [
        _provider("assertion.repository_owner == 'example'"),
        _provider("attribute.owner == 'example'"),
        _provider("assertion.repository == 'example/shop' || assertion.repository_id == '77'"),
        _provider("assertion.sub.startsWith('repo:example/')"),
        _provider("assertion.project_path == 'example/shop'", issuer="https://gitlab.com"),
    ],
    unknown=lambda: [_provider("", unknown="resource.data.attributeCondition")],
)
def mutable_claim(provider: WorkloadIdentityPoolProvider) -> Verdict:
    """A workload identity provider knows its owner by a name that can change hands.

    Why: Names of owners, repositories and groups can be renamed, given up and registered by somebody else, whose
    pipelines then meet the condition. The issuer's numbers stay with the one they were given to.

    What a fix may break: Nothing, if the number is that of the same owner; ask the issuer's API for it.

    Source: https://cloud.google.com/iam/docs/workload-identity-federation-with-deployment-pipelines
    """
    if not provider.is_active:
        return not_applicable("the provider is disabled or deleted")
    condition = provider.attribute_condition.strip()
    if not condition:
        return not_applicable("there is no condition; another check asks for one")
    issuer = shared_issuer(provider.oidc.issuer_uri)
    if issuer is None:
        return not_applicable("the issuer is not known to serve others")
    claims = mutable_claims(condition, provider.attribute_mapping, issuer)
    if not claims:
        return PASS
    return fail(f"tokens are told apart by {claims[0]}", evidence={"claims": claims, "better": issuer.advice})


@check(
    "workload-identity-pull-request-provider",
    severity=Severity.HIGH,
    evidence=["oidc.issuerUri", "attributeCondition"],
    fix=_CONDITION,
    passes=lambda: [
        _provider(f"{_BY_ID} && assertion.ref == 'refs/heads/main'"),
        _provider(f"{_BY_ID} && assertion.event_name != 'pull_request'"),
        _provider(f"{_BY_ID} && !(assertion.ref.startsWith('refs/pull/'))"),
        _provider(f"{_BY_ID} && assertion.event_name == 'pull_request'", disabled=True),
    ],
    fails=lambda: [
        _provider(f"{_BY_ID} && assertion.event_name == 'pull_request'"),
        _provider(f"{_BY_ID} && assertion.event_name in ['push', 'pull_request_target']"),
        _provider("assertion.sub == 'repo:example/shop:pull_request'"),
        _provider(f"{_BY_ID} && assertion.ref.startsWith('refs/pull/')"),
        _provider(
            f"{_BY_ID} && attribute.event == 'pull_request'",
            attributeMapping={"google.subject": "assertion.sub", "attribute.event": "assertion.event_name"},
        ),
    ],
    unknown=lambda: [_provider("", unknown="resource.data.attributeCondition")],
)
def pull_request_provider(provider: WorkloadIdentityPoolProvider) -> Verdict:
    """A workload identity provider lets in the pipelines of pull requests.

    Why: A pull request runs what its author wrote, before anybody has reviewed it: whoever can open one, or
    push a branch, gets the identity and all that it holds.

    What a fix may break: Checks of pull requests that call Google Cloud. Give them a pool and an account of
    their own that can only read what a reviewer may see.

    Source: https://cloud.google.com/iam/docs/best-practices-for-using-workload-identity-federation
    """
    if not provider.is_active:
        return not_applicable("the provider is disabled or deleted")
    asked = trusts_pull_requests(provider.attribute_condition, provider.attribute_mapping)
    return fail(f"the condition asks for {asked}") if asked else PASS


def _pull_request(member: Member) -> bool:
    selection = member.selection
    if selection is None or member.kind is not Kind.WORKLOAD_IDENTITY:
        return False
    kind, _, value = selection.selector.partition("/")
    if kind == "subject":
        return value.endswith((":pull_request", ":pull_request_target")) or "refs/pull/" in value
    return value in ("pull_request", "pull_request_target") or value.startswith("refs/pull/")


@check(
    "workload-identity-pull-request-grant",
    severity=Severity.HIGH,
    fix=narrower(
        "Grant the role to the subject of a branch or environment "
        "(`principal://…/subject/repo:OWNER/REPOSITORY:ref:refs/heads/main`), which takes a merge to reach.",
        gcloud="",
        terraform="`member` of google_service_account_iam_member",
    ),
    passes=lambda: [
        _on_account(f"principal://{_POOL}/subject/repo:example/shop:ref:refs/heads/main"),
        _on_account(f"principal://{_POOL}/subject/repo:example/pull_request:environment:prod"),
        _on_account(f"principalSet://{_POOL}/attribute.repository_id/77"),
    ],
    fails=lambda: [
        _on_account(f"principal://{_POOL}/subject/repo:example/shop:pull_request"),
        _on_account(f"principalSet://{_POOL}/attribute.ref/refs/pull/12/merge"),
        on_project(grant("roles/run.developer", f"principalSet://{_POOL}/attribute.event_name/pull_request")),
    ],
    unknown=lambda: [on_project(more=True)],
)
def pull_request_grant(policy: Policy[Any], clock: Clock) -> Verdict:
    """The pipelines of pull requests hold a role.

    Why: A pull request runs what its author wrote, before anybody has reviewed it. Its author then has the role,
    or is the service account that it is granted on.

    What a fix may break: Checks of pull requests that call Google Cloud. Give them an account of their own that
    can only read what a reviewer may see.

    Source: https://cloud.google.com/iam/docs/best-practices-for-using-workload-identity-federation
    """
    return tell(grants(policy, clock.now, members=_pull_request, types=("principal", "principalSet")))


def _whole_owner(member: Member) -> bool:
    selection = member.selection
    if selection is None or member.kind is not Kind.WORKLOAD_IDENTITY:
        return False
    return tells_owners_only(selection.selector.partition("/")[0].removeprefix("attribute."))


@check(
    "workload-identity-owner-wide-grant",
    severity=Severity.MEDIUM,
    fix=narrower(
        "Grant the role to those with one repository (`principalSet://…/attribute.repository_id/NUMBER`), best to the "
        "subject of one branch or environment.",
        gcloud="",
        terraform="`member` of google_service_account_iam_member",
    ),
    passes=lambda: [
        _on_account(f"principalSet://{_POOL}/attribute.repository_id/77"),
        _on_account(f"principalSet://{_POOL}/attribute.repository/example/shop"),
    ],
    fails=lambda: [
        _on_account(f"principalSet://{_POOL}/attribute.repository_owner/example"),
        _on_account(f"principalSet://{_POOL}/attribute.repository_owner_id/12345"),
        on_project(grant("roles/editor", f"principalSet://{_POOL}/attribute.namespace_id/77")),
        _on_account(f"principalSet://{_POOL}/attribute.owner/example"),
    ],
    unknown=lambda: [on_project(more=True)],
)
def owner_wide_grant(policy: Policy[Any], clock: Clock) -> Verdict:
    """Every repository of an owner holds a role by federation.

    Why: The grant holds for each pipeline of each repository of the organization or group, also for those that
    an intern makes tomorrow: the least guarded one is as strong as the one that deploys. Attributes are judged by
    their names, which by custom are those of the claims.

    What a fix may break: Pipelines of repositories that used the grant and are not named in the one that replaces
    it.

    Source: https://cloud.google.com/iam/docs/best-practices-for-using-workload-identity-federation
    """
    return tell(grants(policy, clock.now, members=_whole_owner, types=("principalSet",)))
