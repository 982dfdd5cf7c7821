"""Workload identity federation: which tokens from outside are accepted, and whom they may become."""

from __future__ import annotations

from typing import Any

from auditor import PASS, Clock, Fix, Policy, Severity, Verdict, asset, check, fail, not_applicable
from auditor.access.federation import pins_aws_role, pins_owner, shared_issuer
from auditor.access.grants import grants, tell
from auditor.access.members import Kind, Member
from auditor.resources.iam import ServiceAccount, WorkloadIdentityPoolProvider
from checks.iam.containers import grant, narrower, on_project

_NAME = "//iam.googleapis.com/projects/p/locations/global/workloadIdentityPools/ci/providers/github"
_GITHUB = "https://token.actions.githubusercontent.com"
_POOL = "iam.googleapis.com/projects/1001/locations/global/workloadIdentityPools/ci"
_MAPPING = {
    "google.subject": "assertion.sub",
    "attribute.owner": "assertion.repository_owner",
    "attribute.ref": "assertion.ref",
}


def _provider(condition: str = "", issuer: str = _GITHUB, **more: Any) -> dict[str, Any]:
    data: dict[str, Any] = {"attributeMapping": _MAPPING, "oidc": {"issuerUri": issuer}, "state": "ACTIVE", **more}
    return data | ({"attributeCondition": condition} if condition else {})


def _example(data: dict[str, Any], *unknown: str) -> Any:
    return asset(WorkloadIdentityPoolProvider, data, name=_NAME, unknown=unknown)


_AWS: dict[str, Any] = {"aws": {"accountId": "123456789012"}}
_ANY_OWNER = (
    "[assertion.repository_owner_id, assertion.namespace_id, assertion.terraform_organization_id, assertion.arn]"
    ".exists(x, x == '1')"
)


_CONDITION = Fix(
    gcloud="gcloud iam workload-identity-pools providers update-{provider.kind} {provider.id} --location=global"
    " --workload-identity-pool={provider.pool} --project={provider.pool_project}"
    " --attribute-condition=CONDITION",
    terraform="`attribute_condition` of google_iam_workload_identity_pool_provider",
    guardrail="iam.workloadIdentityPoolProviders",
    manual="Compare the claim that names your organization at the issuer, by its number where it has one: names "
    "can be given up and registered by others.",
    patch={"data": {"attributeCondition": _ANY_OWNER}},
)


@check(
    "workload-identity-provider-unconditional",
    severity=Severity.HIGH,
    evidence=["oidc.issuerUri", "aws.accountId"],
    same_as=[
        "prowler:iam_workload_identity_pool_provider_attribute_condition",
        "checkov:CKV_GCP_118",
        "checkov:CKV_AWS_358",
        "trivy:AVD-GCP-0068",
    ],
    fix=_CONDITION,
    passes=lambda: [
        _example(_provider("assertion.repository_owner == 'example'")),
        _example(_provider(disabled=True)),
        _example(_provider(state="DELETED")),
        _example(_provider(issuer="https://login.microsoftonline.com/1b2c3d4e/v2.0")),
        _example(_provider(issuer="https://token.actions.githubusercontent.com/example-enterprise")),
        _example({"saml": {"idpMetadataXml": "<EntityDescriptor/>"}}),
        _example({"x509": {"trustStore": {"trustAnchors": [{"pemCertificate": "x"}]}}}),
        _example({**_AWS, "attributeCondition": "assertion.arn.startsWith('arn:aws:sts::12:assumed-role/ci/')"}),
        _example({**_AWS, "attributeCondition": "attribute.aws_role == 'arn:aws:sts::123456789012:assumed-role/ci'"}),
    ],
    fails=lambda: [
        _example(_provider()),
        _example(_provider(issuer="https://gitlab.com/")),
        _example(_provider("   ", issuer="https://app.terraform.io")),
        _example(_AWS),
        _example({**_AWS, "attributeCondition": "assertion.account == '123456789012'"}),
        _example({**_AWS, "attributeCondition": "assertion.arn.startsWith('arn:aws:sts::123456789012:assumed-role')"}),
        _example({**_AWS, "attributeCondition": "assertion.arn == 'a/b' || assertion.account == '123456789012'"}),
        _example(_provider(issuer="https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0")),
    ],
    unknown=lambda: [
        _example(_provider(), "resource.data.attributeCondition"),
        _example(_provider(), "resource.data.oidc"),
    ],
)
def unconditional_provider(provider: WorkloadIdentityPoolProvider) -> Verdict:
    """A workload identity provider accepts every token of an issuer that others use too.

    Why: GitHub, GitLab, HCP Terraform and the like sign the tokens of all their customers alike. Without a
    condition a stranger's pipeline gets an identity in the pool, and any grant that is a little too wide is
    theirs. An AWS account is one customer, yet each of its roles gets in (told as a lesser case). An issuer
    that serves you alone needs no condition.

    What a fix may break: Pipelines whose tokens do not meet the condition. List the repositories that use the
    provider before you set it.

    Source: https://cloud.google.com/iam/docs/best-practices-for-using-workload-identity-federation
    """
    if not provider.is_active:
        return not_applicable("the provider is disabled or deleted")
    condition = provider.attribute_condition.strip()
    if provider.aws.account_id and not pins_aws_role(condition, provider.attribute_mapping):
        return fail(f"every role of AWS account {provider.aws.account_id} is accepted", severity=Severity.MEDIUM)
    if condition:
        return PASS
    issuer = shared_issuer(provider.oidc.issuer_uri)
    if issuer is None:
        return not_applicable("the issuer is not known to serve others")
    advice = {"condition to start from": issuer.advice}
    return fail(f"every token of {issuer.name} is accepted, whoever it was made for", evidence=advice)


@check(
    "workload-identity-provider-owner-not-pinned",
    severity=Severity.HIGH,
    evidence=["oidc.issuerUri", "attributeCondition", "attributeMapping"],
    same_as=["checkov:CKV_GCP_125", "checkov:CKV_AWS_358"],
    fix=_CONDITION,
    passes=lambda: [
        _example(_provider("assertion.repository_owner_id == '12345' && assertion.ref == 'refs/heads/main'")),
        _example(_provider("attribute.owner == 'example'")),
        _example(_provider("assertion.repository in ['example/shop', 'example/api']")),
        _example(_provider("assertion.sub.startsWith('repo:example/')")),
        _example(_provider("google.subject == 'repo:example/shop:ref:refs/heads/main'")),
        _example(_provider("assertion['repository_owner'] == 'example' || assertion.repository_id == '77'")),
        _example(_provider("assertion.sub == 'repository_owner_id:77:ref:refs/heads/main'")),
        _example(_provider("assertion.ref == 'main'", issuer="https://oidc.example.com")),
        _example(_provider()),  # workload-identity-provider-unconditional tells it
        _example(_provider("assertion.namespace_path.startsWith('example/')", issuer="https://gitlab.com")),
    ],
    fails=lambda: [
        _example(_provider("true")),
        _example(_provider("assertion.ref == 'refs/heads/main'")),
        _example(_provider("assertion.sub.startsWith('repo:')")),
        _example(_provider("assertion.sub == 'workflow:build:repo:example/shop'")),  # any owner may name a workflow so
        _example(_provider("assertion.sub == 'repo:example*'")),
        _example(_provider("assertion.repository.startsWith('example')")),
        _example(_provider("assertion.repository.contains('example/')")),
        _example(_provider("assertion.repository.matches('example/.*')")),
        _example(_provider("attribute.owner == 'example' || attribute.ref == 'refs/heads/main'")),
        _example(_provider("attribute.owner != 'evil'")),
        _example(_provider("has(assertion.repository_owner) && assertion.actor == 'ann'")),
        _example(_provider("assertion.user_login == 'ann'", issuer="https://gitlab.com")),
        _example(_provider("assertion.terraform_workspace_name == 'prod'", issuer="https://app.terraform.io")),
    ],
    unknown=lambda: [_example(_provider("true"), "resource.data.attributeCondition")],
)
def owner_not_pinned(provider: WorkloadIdentityPoolProvider) -> Verdict:
    """The condition of a workload identity provider does not pin the owner of the token.

    Why: A branch, an actor or the beginning of a name is the same in a stranger's repository: a prefix
    `example` also lets in `example-evil`, and a pattern without `^` matches anywhere. Each alternative of the
    condition has to name your organization or repository.

    What a fix may break: Pipelines of repositories that the stricter condition does not name.

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
    if pins_owner(condition, provider.attribute_mapping, issuer):
        return PASS
    advice = {"condition to start from": issuer.advice}
    return fail(f"tokens that {issuer.name} makes for others meet the condition {condition}", evidence=advice)


def _whole_workload_pool(member: Member) -> bool:
    return member.kind is Kind.WORKLOAD_IDENTITY and member.is_whole_pool


@check(
    "workload-identity-pool-wide-grant",
    severity=Severity.HIGH,
    fix=narrower(
        "Grant the role to one subject (`principal://…/subject/…`) or to those with one attribute "
        "(`principalSet://…/attribute.repository_id/…`).",
        gcloud="",
        terraform="`member` of google_service_account_iam_member",
    ),
    passes=lambda: [
        asset(
            ServiceAccount,
            policy={
                "bindings": [
                    grant("roles/iam.workloadIdentityUser", f"principalSet://{_POOL}/attribute.repository_id/77")
                ]
            },
        ),
        asset(
            ServiceAccount,
            policy={
                "bindings": [
                    grant("roles/iam.workloadIdentityUser", f"principal://{_POOL}/subject/repo:a/b:ref:refs/heads/*")
                ]
            },
        ),
        on_project(grant("roles/viewer", "principalSet://iam.googleapis.com/locations/global/workforcePools/staff/*")),
    ],
    fails=lambda: [
        asset(
            ServiceAccount, policy={"bindings": [grant("roles/iam.workloadIdentityUser", f"principalSet://{_POOL}/*")]}
        ),
        on_project(grant("roles/storage.objectViewer", "user:a@example.com", f"principalSet://{_POOL}/*")),
        on_project(grant("roles/run.developer", f"principalSet://{_POOL}/*", condition='resource.name == "x"')),
    ],
    unknown=lambda: [on_project(more=True)],
)
def pool_wide_grant(policy: Policy[Any], clock: Clock) -> Verdict:
    """Every identity of a workload identity pool holds a role.

    Why: The grant holds for each workload of each provider of the pool, also of providers added later: one
    repository with a compromised action is as strong as the one that deploys.

    What a fix may break: Workloads that used the grant and are not named in the one that replaces it.

    Source: https://cloud.google.com/iam/docs/best-practices-for-using-workload-identity-federation
    """
    return tell(grants(policy, clock.now, members=_whole_workload_pool, types=("principalSet",)))
