"""Detections in policies, federation, and what several grants add up to."""

from __future__ import annotations

from auditor.check import Example, asset
from auditor.resources.iam import ServiceAccount
from checks.iam.containers import grant, on_organization, on_project
from checks.iam.delegation import DelegationSettings
from tests.iam_detections import (
    ADMIN,
    ANN,
    CI,
    HOME,
    POOL,
    TOKENS,
    USER,
    Detection,
    account,
    around,
    behind_iap,
    bound,
    cluster,
    deny,
    identity,
    key,
    machine,
    provider,
    trusted,
    with_settings,
    workforce,
    workforce_pool,
)

D = Detection

_ON_ALL = "principalSet://goog/public:all"


def _with_name(example: Example, name: str, subject: str = "assertion.sub") -> Example:
    data = {**(example.data or {}), "attributeMapping": {"google.subject": subject}}
    return asset(example.view, data, name=example.name.rpartition("/")[0] + f"/{name}")


def _delegated(client: str) -> list[Example]:
    """An organization whose Workspace lists a client, and an account with the number 1 that has a key."""
    mail = "mail@p.iam.gserviceaccount.com"
    own = asset(
        ServiceAccount,
        {"email": mail, "uniqueId": "1"},
        policy={"bindings": []},
        name=f"//iam.googleapis.com/projects/p/serviceAccounts/{mail}",
    )
    return [
        with_settings(on_organization(), DelegationSettings(delegated_clients=(client,))),
        own,
        key(mail),
        on_project(),
    ]


POLICIES = [
    D(
        "deny-policy-exception-wide",
        "deny-policy-exception-wide",
        deny(exceptionPrincipals=[_ON_ALL]),
        deny(exceptionPrincipals=["principal://goog/subject/ann@example.com"]),
    ),
    D(
        "no-deny-guardrail",
        "organization-without-deny-guardrail",
        [HOME, deny(deniedPermissions=["iam.googleapis.com/serviceAccountKeys.create"])],
        [HOME, deny()],
    ),
    D(
        "pab-missing",
        "organization-without-access-boundary",
        [HOME, bound("//cloudresourcemanager.googleapis.com/projects/1001")],
        [HOME, bound("//cloudresourcemanager.googleapis.com/organizations/3001")],
    ),
    D(
        "wif-no-attribute-condition",
        "workload-identity-provider-unconditional",
        provider(),
        provider(issuer="https://oidc.example.com"),
    ),
    D(
        "wif-github-weak-condition",
        "workload-identity-provider-owner-not-pinned",
        provider("assertion.sub.startsWith('repo:')"),
        provider("assertion.sub.startsWith('repo:example/')"),
    ),
    D(
        "wif-poolwide-grant",
        "workload-identity-pool-wide-grant",
        trusted(f"principalSet://{POOL}/*"),
        trusted(f"principal://{POOL}/subject/x"),
    ),
    D(
        "wif-mutable-attribute",
        "workload-identity-claim-mutable",
        provider("assertion.repository == 'a/b'"),
        provider("assertion.repository_id == '7'"),
    ),
    D(
        "wif-org-only-condition",
        "workload-identity-owner-wide-grant",
        trusted(f"principalSet://{POOL}/attribute.repository_owner/example"),
        trusted(f"principalSet://{POOL}/attribute.repository/example/shop"),
    ),
    D(
        "wif-pull-request-trust",
        "workload-identity-pull-request-provider",
        provider("assertion.repository_id == '7' && assertion.event_name == 'pull_request'"),
        provider("assertion.repository_id == '7' && assertion.event_name != 'pull_request'"),
    ),
    D(
        "wif-pull-request-trust",
        "workload-identity-pull-request-grant",
        trusted(f"principal://{POOL}/subject/repo:example/shop:pull_request"),
        trusted(f"principal://{POOL}/subject/repo:example/shop:ref:refs/heads/main"),
    ),
    D(
        "wif-aws-account-wide",
        "workload-identity-provider-unconditional",
        provider("assertion.account == '123456789012'", "", aws={"accountId": "123456789012"}),
        provider("assertion.arn.startsWith('arn:aws:sts::1:assumed-role/ci/')", "", aws={"accountId": "123456789012"}),
    ),
    D(
        "wif-uploaded-jwks",
        "workload-identity-keys-uploaded",
        provider(oidc={"issuerUri": "https://k8s", "jwksJson": "{}"}),
        provider(oidc={"issuerUri": "https://k8s"}),
    ),
    D(
        "wif-provider-in-many-projects",
        "workload-identity-subjects-collide",
        [provider(), _with_name(provider(issuer="https://gitlab.com"), "gitlab")],
        [provider(), _with_name(provider(issuer="https://gitlab.com"), "gitlab", "'lab::' + assertion.sub")],
    ),
    D(
        "workforce-provider-weak",
        "workforce-provider-unconditional",
        workforce(),
        workforce(attributeCondition="'cloud' in assertion.groups"),
    ),
    D("workforce-provider-weak", "workforce-session-long", workforce_pool("43200s"), workforce_pool("3600s")),
    D(
        "workforce-provider-weak",
        "workforce-provider-sign-ins-not-logged",
        workforce(),
        workforce(detailedAuditLogging=True),
    ),
    D(
        "gke-wi-namespace-sameness",
        "kubernetes-identity-in-several-clusters",
        [trusted("serviceAccount:p.svc.id.goog[shop/web]"), on_project(), cluster("live"), cluster("test")],
        [trusted("serviceAccount:p.svc.id.goog[shop/web]"), on_project(), cluster("live")],
    ),
    D(
        "identity-platform-weak",
        "identity-platform-anonymous-sign-in",
        identity(signIn={"anonymous": {"enabled": True}}),
        identity(signIn={"email": {"enabled": True}}),
    ),
    D(
        "identity-platform-weak",
        "identity-platform-second-factor-off",
        identity(signIn={"email": {"enabled": True}}),
        identity(signIn={"email": {"enabled": True}}, mfa={"state": "ENABLED"}),
    ),
    D(
        "identity-platform-weak",
        "identity-platform-email-enumeration",
        identity(signIn={"email": {"enabled": True}}),
        identity(signIn={"email": {"enabled": True}}, emailPrivacyConfig={"enableImprovedEmailPrivacy": True}),
    ),
    D(
        "identity-platform-weak",
        "identity-platform-local-domain",
        identity(authorizedDomains=["localhost"]),
        identity(authorizedDomains=["example.com"]),
    ),
    D("domain-wide-delegation-sa", "domain-wide-delegation-exposed", _delegated("1"), _delegated("2")),
    D(
        "sa-impersonation-chain-to-owner",
        "path-to-control-from-inside",
        [*around(grant("roles/owner", CI)), account(grant(TOKENS, ANN))],
        [*around(grant("roles/viewer", CI)), account(grant(TOKENS, ANN))],
    ),
    D(
        "sa-impersonation-chain-to-owner",
        "path-to-control-from-outside",
        [*around(grant("roles/owner", CI)), account(grant(TOKENS, "allAuthenticatedUsers"))],
        [*around(grant("roles/viewer", CI)), account(grant(TOKENS, "allAuthenticatedUsers"))],
    ),
    D(
        "privesc-permission-combination",
        "path-to-control-from-inside",
        [*around(grant("roles/run.developer", ANN), grant(USER, ANN), grant("roles/owner", CI)), account()],
        [*around(grant("roles/run.developer", ANN), grant("roles/owner", CI)), account(grant(USER, CI))],
    ),
    D(
        "lateral-token-scope",
        "path-to-control-from-outside",
        [*around(grant(ADMIN, CI)), account(), machine(), key()],
        [*around(grant("roles/viewer", CI)), account(), machine(), key()],
    ),
    D("iap-bypass", "iap-passed-by", behind_iap("0.0.0.0/0"), behind_iap("35.191.0.0/16")),
]
