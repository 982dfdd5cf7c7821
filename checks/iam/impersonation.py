"""Who can become a service account, and which two powers should not be in one hand."""

from __future__ import annotations

from typing import Any

from auditor import PASS, Clock, Example, Fix, Policy, Severity, Verdict, asset, check, fail, not_applicable
from auditor.access.grants import Grant, grants, holders_of_both, tell
from auditor.access.members import Member
from auditor.access.roles import CREDENTIAL_ROLES, IMPERSONATION_ROLES
from auditor.resources.iam import Role
from auditor.resources.resourcemanager import Folder, Organization, Project
from auditor.resources.unknown import matching
from checks.iam.containers import grant, narrower, on_folder, on_organization, on_project, until

_AGENT = "serviceAccount:service-12345@gcp-sa-cloudbuild.iam.gserviceaccount.com"


def _not_google(member: Member) -> bool:
    return not member.is_service_agent and not member.is_public


@check(
    "service-account-impersonation-wide",
    severity=Severity.HIGH,
    same_as=[
        "prowler:iam_no_service_roles_at_project_level",
        "sha:OVER_PRIVILEGED_SERVICE_ACCOUNT_USER",
        "steampipe:iam_user_not_assigned_service_account_user_role_project_level",
        "scoutsuite:iam-user-has-sa-user-role",
        "checkov:CKV_GCP_41",
        "checkov:CKV_GCP_44",
        "checkov:CKV_GCP_45",
        "checkov:CKV_GCP_49",
        "trivy:AVD-GCP-0005",
        "trivy:AVD-GCP-0009",
        "trivy:AVD-GCP-0011",
        "cloudsploit:iam/serviceAccountUser",
        "cloudsploit:iam/serviceAccountTokenCreator",
        "cloudsploit:iam/serviceAccountRole",
        "inspec:cis-gcp-1.6",
    ],
    fix=narrower(
        "Grant the role on the one service account instead: "
        "`gcloud iam service-accounts add-iam-policy-binding ACCOUNT --member=MEMBER --role=ROLE`.",
        terraform="google_service_account_iam_member instead of the grant on the container",
    ),
    passes=lambda: [
        on_project(grant("roles/iam.serviceAccountUser", _AGENT)),
        on_project(grant("roles/iam.serviceAccountViewer", "user:a@example.com")),
        on_folder(grant("roles/iam.serviceAccountTokenCreator", "deleted:user:a@example.com?uid=1")),
        on_project(
            grant(
                "roles/iam.serviceAccountUser",
                "user:a@example.com",
                condition=until("2026-11-21"),
            )
        ),
    ],
    fails=lambda: [
        on_project(grant("roles/iam.serviceAccountUser", "user:a@example.com")),
        on_project(grant("roles/iam.serviceAccountTokenCreator", "group:dev@example.com")),
        on_folder(grant("roles/iam.workloadIdentityUser", "serviceAccount:p.svc.id.goog[ns/app]")),
        on_organization(grant("roles/iam.serviceAccountKeyAdmin", "serviceAccount:ci@p.iam.gserviceaccount.com")),
        on_project(grant("roles/iam.serviceAccountUser", "serviceAccount:12345@cloudbuild.gserviceaccount.com")),
    ],
    unknown=lambda: [on_project(grant("roles/iam.serviceAccountUser", _AGENT), more=True)],
)
def wide_impersonation(policy: Policy[Project | Folder | Organization], clock: Clock) -> Verdict:
    """Someone can become every service account of a project, folder or organization.

    Why: Granted on a container, these roles reach each service account in it, present and future. Their
    holder has the strongest role that any of the accounts has: often Editor, by way of a default account.
    Roles that give out tokens or keys are worse than Service Account User, which needs a way to deploy code.

    What a fix may break: Deployments as accounts that you did not think of. List the accounts that each holder
    deploys as, and grant the role on those.

    Source: https://cloud.google.com/iam/docs/best-practices-service-accounts
    """

    def severity(found: Grant) -> Severity:
        direct = found.role in CREDENTIAL_ROLES and found.role != "roles/iam.serviceAccountAdmin"
        return Severity.HIGH if direct or not policy.asset.key.startswith("projects/") else Severity.MEDIUM

    return tell(grants(policy, clock.now, roles=IMPERSONATION_ROLES.__contains__, members=_not_google), severity)


def _both(found: list[tuple[Grant, Grant]]) -> Verdict:
    if not found:
        return PASS
    one, other = found[0]
    more = f", and {len(found) - 1} more members" if len(found) > 1 else ""
    return fail(
        f"{one.member} holds both {one.role}{one.condition} and {other.role}{other.condition}{more}",
        evidence={
            "members": [str(first.member) for first, _ in found],
            "member": str(one.member),
            "role": one.role,
            "_collection": one.collection,
        },
    )


@check(
    "service-account-duties-not-separated",
    severity=Severity.MEDIUM,
    same_as=[
        "prowler:iam_role_sa_enforce_separation_of_duties",
        "sha:SERVICE_ACCOUNT_ROLE_SEPARATION",
        "steampipe:iam_user_separation_of_duty_enforced",
        "scoutsuite:iam-role-account-separation-duties-is-false",
        "cloudsploit:iam/serviceAccountSeparation",
        "inspec:cis-gcp-1.8",
    ],
    fix=narrower("Decide who administers service accounts and who uses them, and give each group one of the roles."),
    passes=lambda: [
        on_project(
            grant("roles/iam.serviceAccountAdmin", "group:platform@example.com"),
            grant("roles/iam.serviceAccountUser", "group:dev@example.com"),
        ),
        on_project(
            grant("roles/iam.serviceAccountAdmin", "user:a@example.com"),
            grant(
                "roles/iam.serviceAccountUser",
                "user:a@example.com",
                condition=until("2025-01-01"),
            ),
        ),
    ],
    fails=lambda: [
        on_project(
            grant("roles/iam.serviceAccountAdmin", "user:a@example.com", "user:b@example.com"),
            grant("roles/iam.serviceAccountUser", "user:b@example.com"),
        ),
        on_folder(
            grant("roles/iam.serviceAccountUser", "group:ops@example.com"),
            grant("roles/iam.serviceAccountAdmin", "group:ops@example.com", condition='resource.name.startsWith("x")'),
        ),
    ],
    unknown=lambda: [
        on_project(grant("roles/iam.serviceAccountAdmin", "user:a@example.com"), more=True),
    ],
)
def account_duties(policy: Policy[Project | Folder | Organization], clock: Clock) -> Verdict:
    """One principal can both make service accounts and act as them.

    Why: Who makes an account, gives it to themselves and runs code as it needs nobody else's consent; the
    audit log then shows the account, not the person.

    What a fix may break: Small teams in which one person does both. Split the roles over two groups, even if
    some people are in both by exception.

    Source: https://cloud.google.com/iam/docs/best-practices-service-accounts
    """
    return _both(
        holders_of_both(
            policy,
            clock.now,
            {"roles/iam.serviceAccountAdmin"}.__contains__,
            {"roles/iam.serviceAccountUser"}.__contains__,
            _not_google,
        )
    )


_KMS_USE = frozenset(
    f"roles/cloudkms.{name}"
    for name in (
        "cryptoKeyEncrypterDecrypter",
        "cryptoKeyEncrypter",
        "cryptoKeyDecrypter",
        "cryptoOperator",
        "signer",
        "signerVerifier",
    )
)


@check(
    "kms-duties-not-separated",
    severity=Severity.MEDIUM,
    same_as=[
        "prowler:iam_role_kms_enforce_separation_of_duties",
        "sha:KMS_ROLE_SEPARATION",
        "steampipe:iam_user_kms_separation_of_duty_enforced",
        "scoutsuite:iam-role-kms-separation-duties-is-false",
        "cloudsploit:iam/kmsUserSeparation",
        "inspec:cis-gcp-1.11",
    ],
    fix=narrower("Let one group administer keys; grant the use of a key to the workload, on that key."),
    passes=lambda: [
        on_project(
            grant("roles/cloudkms.admin", "group:security@example.com"),
            grant("roles/cloudkms.cryptoKeyEncrypterDecrypter", "serviceAccount:app@p.iam.gserviceaccount.com"),
        ),
        on_project(
            grant("roles/cloudkms.cryptoKeyEncrypter", "user:a@example.com"),
            grant("roles/cloudkms.signer", "user:a@example.com"),
        ),
    ],
    fails=lambda: [
        on_project(
            grant("roles/cloudkms.admin", "user:a@example.com"),
            grant("roles/cloudkms.cryptoKeyDecrypter", "user:b@example.com", "user:a@example.com"),
        ),
        on_organization(
            grant("roles/cloudkms.signerVerifier", "group:ops@example.com"),
            grant("roles/cloudkms.admin", "group:ops@example.com"),
        ),
    ],
    unknown=lambda: [on_project(grant("roles/cloudkms.signer", "user:a@example.com"), more=True)],
)
def kms_duties(policy: Policy[Project | Folder | Organization], clock: Clock) -> Verdict:
    """One principal both administers encryption keys and uses them.

    Why: An administrator decides who may use a key and when it is destroyed. If the same principal can also
    decrypt, the key no longer stands between the data and its administrators.

    What a fix may break: Scripts that make a key and use it under one identity; give the use to the workload.

    Source: https://cloud.google.com/kms/docs/separation-of-duties
    """
    return _both(
        holders_of_both(policy, clock.now, {"roles/cloudkms.admin"}.__contains__, _KMS_USE.__contains__, _not_google)
    )


_TAKEOVER = {
    "resourcemanager.organizations.setIamPolicy": "sets the organization's policy",
    "resourcemanager.folders.setIamPolicy": "sets the policies of folders",
    "resourcemanager.projects.setIamPolicy": "sets the policies of projects",
    "iam.roles.update": "adds permissions to custom roles, this one included",
    "iam.serviceAccounts.getAccessToken": "mints tokens of service accounts",
    "iam.serviceAccounts.signBlob": "signs as service accounts, which mints tokens",
    "iam.serviceAccounts.signJwt": "signs as service accounts, which mints tokens",
    "iam.serviceAccounts.implicitDelegation": "mints tokens through a chain of service accounts",
    "iam.serviceAccounts.setIamPolicy": "decides who may impersonate service accounts",
    "iam.serviceAccountKeys.create": "makes keys of service accounts",
    "iam.googleapis.com/workloadIdentityPoolProviders.create": "decides which outside identities are trusted",
    "iam.googleapis.com/workloadIdentityPoolProviders.update": "decides which outside identities are trusted",
    "iam.denypolicies.update": "lifts deny policies",
    "orgpolicy.policy.set": "lifts organization policies",
}
"""Permissions that let their holder gain further access by themselves, and how."""

_CUSTOM = "//iam.googleapis.com/projects/p/roles/deployer"


def _role(data: dict[str, Any], *, name: str = _CUSTOM, more: bool = False) -> Example:
    return asset(Role, data, name=name, unknown=["resource.data.includedPermissions.*"] if more else [])


_ACT_AS = "iam.serviceAccounts.actAs"


@check(
    "custom-role-escalation",
    severity=Severity.HIGH,
    evidence=["stage"],
    fix=Fix(
        terraform="`permissions` of google_project_iam_custom_role or google_organization_iam_custom_role",
        manual="Take the permission out of the role: `gcloud iam roles update ROLE --project=PROJECT "
        "--remove-permissions=PERMISSION` (or `--organization=`). Grant a predefined role with it on the one resource.",
        patch={"data": {"includedPermissions": ["run.services.get", "run.services.update"]}},
    ),
    passes=lambda: [
        _role({"includedPermissions": ["compute.instances.start"], "stage": "GA"}),
        _role({"includedPermissions": ["iam.roles.update"], "stage": "DISABLED"}),
        _role({"includedPermissions": ["iam.roles.update"], "deleted": True}),
        _role(
            {"includedPermissions": ["iam.roles.update"], "stage": "GA"},
            name="//iam.googleapis.com/roles/iam.roleAdmin",
        ),
        _role(
            {"includedPermissions": ["storage.buckets.setIamPolicy", "iam.serviceAccounts.get"]},
            name="//iam.googleapis.com/organizations/3001/roles/buckets",
        ),
    ],
    fails=lambda: [
        _role({"includedPermissions": ["run.services.get", "resourcemanager.projects.setIamPolicy"], "stage": "GA"}),
        _role(
            {"includedPermissions": ["iam.serviceAccounts.getAccessToken", "iam.serviceAccounts.signJwt"]},
            name="//iam.googleapis.com/organizations/3001/roles/tokens",
        ),
        _role({"includedPermissions": ["iam.serviceAccounts.actAs"], "stage": "BETA"}),
    ],
    unknown=lambda: [
        _role({"includedPermissions": ["run.services.get"], "stage": "GA"}, more=True),
        _role({"stage": "GA"}),
    ],
)
def escalating_role(role: Role) -> Verdict:
    """A custom role permits its holder to gain further access.

    Why: Custom roles are written to be narrow, and are granted more freely for it. One permission that sets
    policies, rewrites roles or mints credentials makes the holder as strong as the strongest identity in
    reach. Act-as alone needs a way to deploy code and is told as a lesser case.

    What a fix may break: Automation that holds the role and relies on the permission; give it a grant on the
    one account or resource that it changes.

    Source: https://cloud.google.com/iam/docs/roles-overview
    """
    if not role.is_custom:
        return not_applicable("Google defines the role")
    if role.grants_nothing:
        return not_applicable(role.grants_nothing)
    found = matching(role.included_permissions, lambda name: name in _TAKEOVER or name == _ACT_AS)
    found.sort(key=lambda name: name == _ACT_AS)
    if not found:
        return PASS
    evidence = {"permissions": found}
    if found[0] == _ACT_AS:
        return fail("the role runs code as service accounts", evidence=evidence, severity=Severity.MEDIUM)
    return fail(f"the role {_TAKEOVER[found[0]]} ({found[0]})", evidence=evidence)
