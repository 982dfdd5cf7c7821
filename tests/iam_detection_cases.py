"""The cases of `tests/test_iam_detections.py`: grants, accounts and what they run, policies and federation."""

from __future__ import annotations

from typing import Any

from auditor.check import Example, asset
from auditor.resources.compute import Instance
from auditor.resources.iam import ServiceAccount
from auditor.resources.resourcemanager import Project
from checks.iam.containers import custom_role, grant, member_of, on_folder, on_organization, on_project
from checks.iam.delegation import DelegationSettings
from checks.iam.house_rules import HomeSettings
from checks.iam.required import RequiredSettings, RoleSettings
from tests.iam_detections import (
    ADMIN,
    AGENT,
    ANN,
    BUILD,
    CI,
    COMPUTE,
    EVE,
    FUNCTION,
    HOME,
    OLD_FUNCTION,
    OPS,
    PAST,
    POOL,
    PROD,
    SHOP,
    TEMPORARY,
    TOKENS,
    USER,
    Detection,
    account,
    activity,
    advice,
    around,
    behind_iap,
    bound,
    bucket,
    cluster,
    deny,
    entitlement,
    hmac,
    identity,
    key,
    machine,
    managing,
    nodes,
    provider,
    role,
    trusted,
    workforce,
    workforce_pool,
)

D = Detection

_ON_ALL = "principalSet://goog/public:all"
_REQUIRED = RequiredSettings(on_projects={"roles/viewer": (OPS,)})
_SANDBOX = HomeSettings(banned_projects=("p",))
_TAGGER = grant("roles/resourcemanager.tagUser", ANN)


def _with(example: Example, settings: Any) -> Example:
    return asset(
        example.view,
        example.data,
        policy=example.policy,
        name=example.name,
        ancestors=example.ancestors,
        settings=settings,
    )


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
    return [_with(on_organization(), DelegationSettings(delegated_clients=(client,))), own, key(mail), on_project()]


GRANTS = [
    D(
        "corp-credentials",
        "personal-account-granted-role",
        on_project(grant("roles/viewer", EVE)),
        on_project(grant("roles/viewer", ANN)),
    ),
    D(
        "corp-credentials",
        "external-principal-granted-role",
        [on_project(grant("roles/viewer", "user:a@b.example")), HOME],
        [on_project(grant("roles/viewer", ANN)), HOME],
    ),
    D(
        "sa-admin-privileges",
        "service-account-basic-role",
        on_project(grant("roles/editor", CI)),
        on_project(grant("roles/viewer", CI)),
    ),
    D(
        "sa-admin-privileges",
        "service-account-access-admin",
        around(grant(ADMIN, CI)),
        around(grant("roles/iam.securityReviewer", CI)),
    ),
    D(
        "sa-admin-privileges",
        "service-account-service-admin",
        on_project(grant("roles/storage.admin", CI)),
        on_project(grant("roles/storage.objectUser", CI)),
    ),
    D(
        "sa-user-tokencreator-project",
        "service-account-impersonation-wide",
        around(grant(USER, ANN)),
        [*around(), account(grant(USER, ANN))],
    ),
    D(
        "sa-impersonation-project",
        "service-account-impersonation-wide",
        around(grant(TOKENS, OPS)),
        around(grant("roles/iam.serviceAccountViewer", OPS)),
    ),
    D(
        "sa-impersonation-folder",
        "service-account-impersonation-wide",
        on_folder(grant(TOKENS, OPS)),
        on_folder(grant(TOKENS, OPS, condition=PAST)),
    ),
    D(
        "sa-impersonation-org",
        "service-account-impersonation-wide",
        on_organization(grant("roles/iam.serviceAccountKeyAdmin", CI)),
        on_organization(grant(USER, AGENT)),
    ),
    D(
        "default-sa-binding-project",
        "default-service-account-granted-role",
        on_project(grant("roles/logging.logWriter", COMPUTE)),
        on_project(grant("roles/logging.logWriter", CI)),
    ),
    D(
        "default-sa-binding-folder",
        "default-service-account-granted-role",
        on_folder(grant("roles/browser", "serviceAccount:p@appspot.gserviceaccount.com")),
        on_folder(grant("roles/browser", CI)),
    ),
    D(
        "default-sa-binding-org",
        "default-service-account-granted-role",
        on_organization(grant("roles/browser", COMPUTE)),
        on_organization(grant("roles/browser", f"deleted:{COMPUTE}?uid=1")),
    ),
    D(
        "sa-separation-of-duties",
        "service-account-duties-not-separated",
        on_project(grant("roles/iam.serviceAccountAdmin", ANN), grant(USER, ANN)),
        around(grant("roles/iam.serviceAccountAdmin", ANN)),
    ),
    D(
        "basic-roles-project",
        "project-basic-role",
        on_project(grant("roles/editor", ANN)),
        on_project(grant("roles/run.developer", ANN)),
    ),
    D(
        "basic-roles-folder",
        "folder-basic-role",
        on_folder(grant("roles/owner", OPS)),
        on_folder(grant("roles/browser", OPS)),
    ),
    D(
        "basic-roles-org",
        "organization-basic-role",
        on_organization(grant("roles/editor", OPS)),
        on_organization(grant("roles/browser", OPS)),
    ),
    D(
        "role-to-user-directly",
        "role-granted-to-user-directly",
        on_project(grant("roles/run.developer", ANN)),
        on_project(grant("roles/run.developer", OPS)),
    ),
    D(
        "role-to-domain",
        "role-granted-to-domain",
        on_project(grant("roles/editor", "domain:example.com")),
        on_project(grant("roles/browser", "domain:example.com")),
    ),
    D(
        "public-principal-any-resource",
        "container-public",
        on_project(grant("roles/viewer", "allUsers")),
        on_project(grant("roles/viewer", "allUsers", condition=PAST)),
    ),
    D(
        "public-principal-any-resource",
        "policy-public",
        asset(Instance, policy={"bindings": [grant("roles/compute.viewer", "allAuthenticatedUsers")]}),
        asset(Instance, policy={"bindings": [grant("roles/compute.viewer", "domain:example.com")]}),
    ),
    D(
        "public-sa-user",
        "service-account-public",
        account(grant(USER, "allAuthenticatedUsers")),
        account(grant(USER, ANN)),
    ),
    D(
        "required-bindings",
        "required-grant-missing",
        _with(on_project(), _REQUIRED),
        _with(on_project(grant("roles/viewer", OPS)), _REQUIRED),
    ),
    D(
        "banned-roles",
        "role-banned",
        on_project(grant("roles/storage.legacyBucketOwner", ANN)),
        on_project(grant("roles/storage.admin", ANN)),
    ),
    D(
        "redis-role-at-org",
        "redis-role-above-projects",
        on_organization(grant("roles/redis.admin", ANN)),
        on_organization(grant("roles/browser", ANN)),
    ),
    D(
        "bigquery-admin-user",
        "person-administers-service",
        on_project(grant("roles/bigquery.admin", ANN)),
        on_project(grant("roles/bigquery.admin", OPS)),
    ),
    D(
        "bigtable-admin-user",
        "person-administers-service",
        on_project(grant("roles/bigtable.admin", ANN)),
        on_project(grant("roles/bigtable.user", ANN)),
    ),
    D(
        "pubsub-admin-user",
        "person-administers-service",
        on_project(grant("roles/pubsub.admin", ANN)),
        on_project(grant("roles/pubsub.admin", CI)),
    ),
    D(
        "service-agent-basic-role",
        "service-agent-basic-role",
        on_project(grant("roles/editor", AGENT)),
        on_project(grant("roles/pubsub.serviceAgent", AGENT)),
    ),
    D(
        "cross-org-service-account",
        "service-account-of-other-organization",
        [on_project(grant("roles/viewer", "serviceAccount:x@vendor-7.iam.gserviceaccount.com")), HOME, SHOP],
        [on_project(grant("roles/viewer", CI)), HOME, SHOP],
    ),
    D(
        "service-agent-foreign-project",
        "service-agent-of-other-organization",
        [
            on_project(grant("roles/viewer", "serviceAccount:service-777@gcp-sa-pubsub.iam.gserviceaccount.com")),
            HOME,
            SHOP,
        ],
        [on_project(grant("roles/viewer", AGENT)), HOME, SHOP],
    ),
    D(
        "deleted-principal-binding",
        "deleted-principal-in-policy",
        on_project(grant("roles/viewer", f"deleted:{ANN}?uid=1")),
        on_project(grant("roles/viewer", "user:deleted@example.com")),
    ),
    D(
        "cloudbuild-sa-privileged",
        "service-account-basic-role",
        on_project(grant("roles/editor", BUILD)),
        on_project(grant("roles/cloudbuild.builds.builder", BUILD)),
    ),
    D(
        "cloudbuild-sa-privileged",
        "service-account-access-admin",
        around(grant("roles/resourcemanager.projectIamAdmin", BUILD)),
        around(grant("roles/cloudbuild.builds.builder", BUILD)),
    ),
    D(
        "cloudservices-editor",
        "google-apis-agent-editor",
        on_project(grant("roles/editor", "serviceAccount:1001@cloudservices.gserviceaccount.com")),
        on_project(grant("roles/editor", CI)),
    ),
    D(
        "standing-privileged-access",
        "production-access-standing",
        [on_project(grant(ADMIN, ANN)), asset(Project, {"projectId": "shop-prod", "projectNumber": "1001"})],
        [
            on_project(grant(ADMIN, ANN, condition=TEMPORARY)),
            asset(Project, {"projectId": "shop-prod", "projectNumber": "1001"}),
        ],
    ),
    D(
        "standing-privileged-access",
        "organization-admin-held-by-user",
        on_organization(grant("roles/resourcemanager.organizationAdmin", ANN)),
        on_organization(grant("roles/resourcemanager.organizationAdmin", ANN, condition=TEMPORARY)),
    ),
    D(
        "too-many-owners",
        "project-many-owners",
        [on_project(grant("roles/owner", OPS)), *member_of("ops@example.com", *(f"{x}@example.com" for x in "abcd"))],
        [on_project(grant("roles/owner", OPS)), *member_of("ops@example.com", "a@example.com")],
    ),
    D(
        "too-many-owners",
        "organization-single-administrator",
        on_organization(grant("roles/resourcemanager.organizationAdmin", ANN)),
        on_organization(grant("roles/resourcemanager.organizationAdmin", ANN, "user:b@example.com")),
    ),
    D(
        "project-convenience-group",
        "convenience-member-granted-role",
        bucket(grant("roles/storage.objectAdmin", "projectEditor:p")),
        bucket(grant("roles/storage.legacyBucketOwner", "projectEditor:p")),
    ),
    D(
        "expired-condition-binding",
        "expired-grant-in-policy",
        on_project(grant("roles/viewer", ANN, condition=PAST)),
        on_project(grant("roles/viewer", ANN, condition=TEMPORARY)),
    ),
    D(
        "expired-condition-binding",
        "grant-condition-never-met",
        on_project(grant("roles/viewer", ANN, condition='resource.type == "a/B" && resource.type == "a/C"')),
        on_project(grant("roles/viewer", ANN, condition='resource.type == "a/B"')),
    ),
    D(
        "vacuous-condition",
        "grant-condition-vacuous",
        on_project(grant("roles/viewer", ANN, condition='resource.name.startsWith("projects/")')),
        on_project(grant("roles/viewer", ANN, condition='resource.name.startsWith("projects/_/buckets/a")')),
    ),
    D(
        "tag-condition-bypass",
        "tag-condition-bypass",
        around(grant("roles/editor", ANN, condition=PROD), _TAGGER),
        around(grant("roles/editor", OPS, condition=PROD), _TAGGER) + member_of("ops@example.com", "b@example.com"),
    ),
]

ACCOUNTS = [
    D("sa-user-managed-key", "service-account-key-user-managed", key(), key(keyType="SYSTEM_MANAGED")),
    D("sa-key-not-rotated", "service-account-key-stale", key(), key(validAfterTime="2026-11-01T08:00:00Z")),
    D(
        "sa-key-unused",
        "service-account-key-unused",
        [activity("serviceAccountKeyLastAuthentication", "2026-05-02T07:00:00Z"), key()],
        [activity("serviceAccountKeyLastAuthentication", "2026-11-02T07:00:00Z"), key()],
    ),
    D(
        "sa-unused",
        "service-account-unused",
        activity("serviceAccountLastAuthentication", "2026-05-02T07:00:00Z"),
        activity("serviceAccountLastAuthentication", "2026-11-02T07:00:00Z"),
    ),
    D(
        "custom-role-permissions",
        "custom-role-permission-unexpected",
        _with(role("run.services.update"), RoleSettings(permitted={"own": ("*.get",)})),
        _with(role("run.services.get"), RoleSettings(permitted={"own": ("*.get",)})),
    ),
    D("sa-creation-restricted", "service-account-in-banned-project", _with(account(), _SANDBOX), account()),
    D(
        "role-excess-permissions",
        "grant-excess-permissions",
        advice("REPLACE_ROLE", removedRole="roles/editor"),
        advice("REMOVE_ROLE", removedRole="roles/editor"),
    ),
    D(
        "unused-role",
        "grant-unused",
        advice("REMOVE_ROLE", removedRole="roles/editor"),
        advice("REPLACE_ROLE", removedRole="roles/editor"),
    ),
    D(
        "service-agent-role-replaced",
        "service-agent-role-replaced",
        advice("SERVICE_AGENT_WITH_DEFAULT_ROLE", member=AGENT, removedRole="roles/editor"),
        advice("REMOVE_ROLE", member=AGENT, removedRole="roles/editor"),
    ),
    D(
        "group-external-members",
        "group-with-external-member",
        [*member_of("ops@example.com", "x@partner.example"), on_project(grant("roles/viewer", OPS))],
        [*member_of("ops@example.com", "x@example.com"), on_project(grant("roles/viewer", OPS))],
    ),
    D(
        "group-external-members",
        "group-with-personal-account",
        [*member_of("ops@example.com", "x@gmail.com"), on_project(grant("roles/viewer", OPS))],
        [*member_of("ops@example.com", "x@example.com"), on_project(grant("roles/viewer", OPS))],
    ),
    D(
        "group-missing-or-empty",
        "group-empty-granted-role",
        [
            *member_of("ops@example.com"),
            on_project(grant("roles/viewer", OPS)),
            *member_of("b@example.com", "c@example.com"),
        ],
        [*member_of("ops@example.com", "x@example.com"), on_project(grant("roles/viewer", OPS))],
    ),
    D(
        "group-missing-or-empty",
        "group-unknown-granted-role",
        [on_project(grant("roles/viewer", "group:gone@example.com")), *member_of("ops@example.com")],
        [on_project(grant("roles/viewer", OPS)), *member_of("ops@example.com")],
    ),
    D(
        "group-external-owner-manager",
        "group-managed-from-outside",
        managing("x@partner.example", "MANAGER"),
        managing("x@example.com", "MANAGER"),
    ),
    D(
        "vm-sa-basic-role",
        "workload-basic-role",
        [machine(), *around(grant("roles/editor", CI))],
        [machine("https://www.googleapis.com/auth/devstorage.read_only"), *around(grant("roles/editor", CI))],
    ),
    D(
        "fn-sa-basic-role",
        "workload-basic-role",
        [FUNCTION, *around(grant("roles/owner", CI))],
        [FUNCTION, *around(grant("roles/viewer", CI))],
    ),
    D(
        "fn-sa-basic-role",
        "workload-basic-role",
        [OLD_FUNCTION, *around(grant("roles/editor", CI))],
        [OLD_FUNCTION, *around(grant("roles/editor", ANN))],
    ),
    D(
        "gke-sa-privilege",
        "workload-basic-role",
        [nodes(COMPUTE), *around(grant("roles/editor", COMPUTE))],
        [nodes(), *around(grant("roles/editor", COMPUTE))],
    ),
    D(
        "gke-sa-privilege",
        "workload-controls-access",
        [nodes(), *around(grant(ADMIN, CI))],
        [nodes(), *around(grant("roles/container.defaultNodeServiceAccount", CI))],
    ),
    D(
        "vm-sa-data-destruction",
        "workload-can-destroy-data",
        [machine(), *around(grant("roles/storage.admin", CI))],
        [machine(), *around(grant("roles/storage.objectAdmin", CI))],
    ),
    D(
        "vm-sa-db-write",
        "workload-can-destroy-data",
        [machine(), *around(grant("roles/cloudsql.admin", CI))],
        [machine(), *around(grant("roles/cloudsql.client", CI))],
    ),
    D(
        "vm-sa-disrupt-logging",
        "workload-can-disrupt-logging",
        [machine(), *around(grant("roles/logging.admin", CI))],
        [machine(), *around(grant("roles/logging.logWriter", CI))],
    ),
    D(
        "fn-sa-disrupt-logging",
        "workload-can-disrupt-logging",
        [FUNCTION, *around(grant("roles/logging.configWriter", CI))],
        [FUNCTION, *around(grant("roles/logging.viewer", CI))],
    ),
    D(
        "vm-sa-iam-write",
        "workload-controls-access",
        [
            machine(),
            *around(grant("projects/p/roles/x", CI)),
            custom_role("projects/p/roles/x", "resourcemanager.projects.setIamPolicy"),
        ],
        [machine(), *around(grant("projects/p/roles/x", CI)), custom_role("projects/p/roles/x", "storage.buckets.get")],
    ),
    D(
        "vm-sa-impersonate",
        "workload-controls-access",
        [machine(), *around(grant(TOKENS, CI))],
        [machine(), *around(grant("roles/iam.serviceAccountViewer", CI))],
    ),
    D(
        "vm-sa-deny-policy-write",
        "workload-controls-access",
        [machine(), on_project(), SHOP, on_folder(grant("roles/iam.denyAdmin", CI)), on_organization()],
        [machine(), on_project(), SHOP, on_folder(grant("roles/iam.denyReviewer", CI)), on_organization()],
    ),
    D(
        "sa-key-chain-high-value",
        "service-account-key-privileged",
        [key(), *around(grant("roles/owner", CI))],
        [key(), *around(grant("roles/run.invoker", CI))],
    ),
    D(
        "privesc-permission-combination",
        "custom-role-escalation",
        role("run.services.create", "iam.serviceAccounts.actAs"),
        role("run.services.create", "run.services.update"),
    ),
    D(
        "custom-role-escalation-permission",
        "custom-role-escalation",
        role("storage.hmacKeys.create"),
        role("storage.hmacKeys.create", stage="DISABLED"),
    ),
    D("sa-key-user-provided", "service-account-key-uploaded", key(keyOrigin="USER_PROVIDED"), key()),
    D("sa-key-never-expires", "service-account-key-never-expires", key(), key(validBeforeTime="2026-12-01T00:00:00Z")),
    D("sa-key-disabled-not-deleted", "service-account-key-disabled-kept", key(disabled=True), key()),
    D(
        "sa-key-on-default-sa",
        "service-account-key-on-default-account",
        key("1001-compute@developer.gserviceaccount.com"),
        key(),
    ),
    D(
        "sa-key-exposed-by-google",
        "service-account-key-exposed",
        key(disableReason="SERVICE_ACCOUNT_KEY_DISABLE_REASON_EXPOSED"),
        key(disableReason="", disabled=True),
    ),
    D("sa-too-many-keys", "service-account-many-keys", [key(), key(number=2), key(number=3)], [key(), key(number=2)]),
    D("hmac-key-stale", "hmac-key-stale", hmac("2026-05-01T00:00:00Z"), hmac("2026-11-01T00:00:00Z")),
    D(
        "pam-entitlement-no-approval",
        "entitlement-without-approval",
        entitlement(),
        entitlement(
            approvalWorkflow={
                "manualApprovals": {"steps": [{"approvers": [{"principals": [ANN]}], "approvalsNeeded": 1}]}
            }
        ),
    ),
    D("pam-entitlement-no-approval", "entitlement-long", entitlement(maxRequestDuration="86400s"), entitlement()),
    D(
        "cross-project-sa-attachment",
        "workload-account-of-other-project",
        [asset(Instance, {"serviceAccounts": [{"email": "x@other-9.iam.gserviceaccount.com"}]}), SHOP],
        [machine(), SHOP],
    ),
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
]

DETECTIONS = [
    *GRANTS,
    *ACCOUNTS,
    *POLICIES,
    D("iap-bypass", "iap-passed-by", behind_iap("0.0.0.0/0"), behind_iap("35.191.0.0/16")),
]
