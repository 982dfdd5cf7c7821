"""Workload identity pools with several providers: an identity of the one may be an identity of the other."""

from __future__ import annotations

import re
from typing import Any

from auditor import PASS, Estate, Example, Fix, Severity, Undetermined, Verdict, asset, check, fail, not_applicable
from auditor.resources.iam import WorkloadIdentityPoolProvider

_POOL = "//iam.googleapis.com/projects/p/locations/global/workloadIdentityPools/ci"
_GITHUB, _GITLAB = "https://token.actions.githubusercontent.com", "https://gitlab.com"
_SAME = "'ci::' + assertion.sub"
_TEXT = re.compile(r"""["']([^"']+)["']""")


def _provider(
    name: str, subject: str = "assertion.sub", *, pool: str = _POOL, unknown: str = "", **more: Any
) -> Example:
    data = {"attributeMapping": {"google.subject": subject}, "oidc": {"issuerUri": _GITHUB}, "state": "ACTIVE", **more}
    full_name = f"{pool}/providers/{name}"
    return asset(WorkloadIdentityPoolProvider, data, name=full_name, unknown=[unknown] if unknown else [])


_LAB = _provider("gitlab", oidc={"issuerUri": _GITLAB})


@check(
    "workload-identity-subjects-collide",
    severity=Severity.LOW,
    evidence=["attributeMapping", "oidc.issuerUri"],
    reads=[WorkloadIdentityPoolProvider],
    fix=Fix(
        manual="Move the provider to a pool of its own (mappings of a pool in use cannot be changed without changing "
        'its identities), or begin the subjects of each provider with its name: `"gitlab::" + assertion.sub`.',
        terraform="a google_iam_workload_identity_pool for each provider",
        patch=lambda: [_provider("github", "'github::' + assertion.sub"), _LAB],
    ),
    passes=lambda: [
        [_provider("github")],
        [_provider("github", "'github::' + assertion.sub"), _LAB],
        [_provider("github"), _provider("gitlab", oidc={"issuerUri": _GITLAB}, disabled=True)],
        [_provider("github"), _provider("gitlab", pool=f"{_POOL}2", oidc={"issuerUri": _GITLAB})],
        [_provider("github"), _provider("more")],
    ],
    fails=lambda: [
        [_provider("github"), _LAB],
        [
            _provider("github", "'ci::' + assertion.sub"),
            _provider("b", "'ci::' + assertion.sub", oidc={"issuerUri": "b"}),
        ],
        [_provider("github"), _provider("aws", "assertion.arn", oidc={}, aws={"accountId": "123456789012"})],
    ],
    unknown=lambda: [
        [_provider("github", unknown="resource.data.attributeMapping"), _LAB],
        [_provider("github"), _provider("gitlab", unknown="resource.data.oidc")],
    ],
)
def subjects_collide(provider: WorkloadIdentityPoolProvider, estate: Estate) -> Verdict:
    """Two issuers can give the same identity of a workload identity pool.

    Why: A grant names a subject of the pool, and not whose subject it is. Who may choose names at the second issuer (a
    project, a branch, a user) can choose those that the first one uses, and is then the workload that was meant.

    What a fix may break: Grants to subjects of the provider that moves have to be given to the new ones first.

    Source: https://cloud.google.com/iam/docs/best-practices-for-using-workload-identity-federation
    """
    if not provider.is_active:
        return not_applicable("the provider is disabled or deleted")
    unclear: Undetermined | None = None
    for other in estate.related(WorkloadIdentityPoolProvider, _pool_of, _pool_of(provider)):
        if other.asset.name == provider.asset.name:
            continue
        try:
            if other.is_active and _issuer(other) != _issuer(provider) and _mark(other) == _mark(provider):
                return fail(f"{_issuer(other)} of provider {other.asset.id} has subjects of the same form")
        except Undetermined as doubt:
            unclear = doubt
    if unclear is not None:
        raise unclear
    return PASS


def _pool_of(provider: WorkloadIdentityPoolProvider) -> str:
    return provider.asset.name.partition("/providers/")[0]


def _issuer(provider: WorkloadIdentityPoolProvider) -> str:
    """Whose tokens it takes; SAML and X.509 providers each have an issuer of their own."""
    if provider.aws.account_id:
        return f"AWS account {provider.aws.account_id}"
    return provider.oidc.issuer_uri.rstrip("/") or f"the {provider.kind} issuer of {provider.asset.id}"


def _mark(provider: WorkloadIdentityPoolProvider) -> str:
    """The text that its subjects begin with, `""` where they are the issuer's own."""
    subject = provider.attribute_mapping.get("google.subject", "").strip()
    found = _TEXT.match(subject)
    return found[1] if found else ""
