"""Who can become a service account, and which custom roles let their holder gain further access."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from auditor import (
    PASS,
    EffectiveAccess,
    Example,
    Fix,
    Policy,
    Severity,
    Undetermined,
    Verdict,
    asset,
    check,
    fail,
    not_applicable,
)
from auditor.access.control.primitives import ActAs, Primitive, Status, primitives
from auditor.access.members import Member
from auditor.access.roles import BASIC_ROLES
from auditor.access.standing_index import SERVICE_ACCOUNT, Power, standing_index, tell_powers
from auditor.resources.iam import Role
from auditor.resources.iam_policies import DenyPolicy
from auditor.resources.resourcemanager import Folder, Organization, Project
from checks.iam.containers import grant, narrower, on_folder, on_organization, on_project, until

_AGENT = "serviceAccount:service-12345@gcp-sa-cloudbuild.iam.gserviceaccount.com"


def _not_google(member: Member) -> bool:
    return not member.is_service_agent and not member.is_public


_PROJECT = asset(
    Project, {"projectId": "p", "projectNumber": "1001"}, name="//cloudresourcemanager.googleapis.com/projects/1001"
)
_ACTING_ROLE = asset(
    Role,
    {"includedPermissions": ["run.services.update", "iam.serviceAccounts.actAs"], "stage": "GA"},
    name="//iam.googleapis.com/projects/p/roles/deployer",
)


def _deny(principal: str) -> Example:
    """A deny policy on the project that keeps one user from acting as service accounts."""
    rule = {
        "deniedPrincipals": [f"principal://goog/subject/{principal.removeprefix('user:')}"],
        "deniedPermissions": ["iam.googleapis.com/serviceAccounts.actAs"],
    }
    return asset(
        DenyPolicy,
        {"rules": [{"denyRule": rule}]},
        name="//iam.googleapis.com/policies/cloudresourcemanager.googleapis.com%2Fprojects%2F1001/denypolicies/no-act-as",
    )


_MINT = frozenset(
    {
        "iam.serviceAccounts.getAccessToken",
        "iam.serviceAccounts.signBlob",
        "iam.serviceAccounts.signJwt",
        "iam.serviceAccounts.implicitDelegation",
        "iam.serviceAccountKeys.create",
        "iam.serviceAccounts.setIamPolicy",
    }
)
"""Each gives its holder credentials of the account, or the right to take them."""
_TOLD_ELSEWHERE = BASIC_ROLES | {"roles/iam.securityAdmin"}
"""Roles that are far more than impersonation, and have checks of their own."""
_CREDENTIALS = _MINT - {"iam.serviceAccounts.setIamPolicy"}
_BECOME = _MINT | {"iam.serviceAccounts.actAs", "iam.serviceAccounts.getOpenIdToken"}


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
        on_project(grant("roles/editor", "user:a@example.com")),  # project-basic-role tells it
        [on_project(grant("roles/iam.serviceAccountUser", "user:a@example.com")), _deny("user:a@example.com")],
        on_project(
            grant(
                "roles/iam.serviceAccountUser",
                "user:a@example.com",
                condition='resource.type == "run.googleapis.com/Job"',
            )
        ),
    ],
    fails=lambda: [
        on_project(grant("roles/iam.serviceAccountUser", "user:a@example.com")),
        on_project(grant("roles/iam.serviceAccountTokenCreator", "group:dev@example.com")),
        on_folder(grant("roles/iam.workloadIdentityUser", "serviceAccount:p.svc.id.goog[ns/app]")),
        on_organization(grant("roles/iam.serviceAccountKeyAdmin", "serviceAccount:ci@p.iam.gserviceaccount.com")),
        on_project(grant("roles/iam.serviceAccountUser", "serviceAccount:12345@cloudbuild.gserviceaccount.com")),
        [on_project(grant("projects/p/roles/deployer", "user:a@example.com")), _PROJECT, _ACTING_ROLE],
        [on_project(grant("roles/iam.serviceAccountUser", "user:a@example.com")), _deny("user:b@example.com")],
    ],
    unknown=lambda: [
        on_project(grant("roles/iam.serviceAccountUser", _AGENT), more=True),
        on_project(grant("roles/editor", "user:a@example.com"), more=True),  # what another check tells hides nothing
        on_project(grant("projects/p/roles/deployer", "user:a@example.com")),
    ],
)
def wide_impersonation(policy: Policy[Project | Folder | Organization], access: EffectiveAccess) -> Verdict:
    """Someone can become every service account of a project, folder or organization.

    Why: Granted on a container, these roles reach each service account in it, present and future. Their
    holder has the strongest role that any of the accounts has: often Editor, by way of a default account.
    Roles that give out tokens or keys are worse than Service Account User, which needs a way to deploy code:
    it counts as high for members whom the same policy gives one. Roles are judged by what they permit, custom ones
    too.

    What a fix may break: Deployments as accounts that you did not think of. List the accounts that each holder
    deploys as, and grant the role on those.

    Source: https://cloud.google.com/iam/docs/best-practices-service-accounts
    """
    index = standing_index(access)
    powers = index.on(policy.asset, _BECOME, _not_google, kind=SERVICE_ACCOUNT)
    found = powers.certain(lambda power: power.role not in _TOLD_ELSEWHERE)
    if not found:
        return PASS
    deployers = _deployers(index.on(policy.asset, _deploying(), _not_google).found)
    below = policy.asset.key.startswith("projects/")

    def severity(power: Power) -> Severity:
        direct = not _CREDENTIALS.isdisjoint(power.permissions)
        deploys = "iam.serviceAccounts.actAs" in power.permissions and power.member.text in deployers
        return Severity.HIGH if direct or deploys or not below else Severity.MEDIUM

    return tell_powers(found, severity)


@cache
def _ways() -> tuple[tuple[str, ...], ...]:
    """The sets of permissions that make something which runs as an account of one's choice."""
    return tuple(
        way
        for primitive in primitives()
        if primitive.act_as is ActAs.CHOSEN and primitive.status is Status.CURRENT
        for way in primitive.ways
    )


@cache
def _deploying() -> frozenset[str]:
    return frozenset(permission for way in _ways() for permission in way)


def _deployers(powers: Iterable[Power]) -> set[str]:
    """The members who can run code of theirs as an account that they may act as."""
    held: dict[str, set[str]] = {}
    for power in powers:
        held.setdefault(power.member.text, set()).update(power.permissions)
    return {member for member, permissions in held.items() if any(permissions.issuperset(way) for way in _ways())}


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
    "iam.googleapis.com/workforcePoolProviders.create": "decides which outside identities are trusted",
    "iam.googleapis.com/workforcePoolProviders.update": "decides which outside identities are trusted",
    "iam.googleapis.com/workloadIdentityPools.setAttestationRules": "decides which workloads get an identity",
    "iam.denypolicies.update": "lifts deny policies",
    "iam.denypolicies.delete": "lifts deny policies",
    "iam.principalaccessboundarypolicies.update": "lifts principal access boundaries",
    "privilegedaccessmanager.entitlements.create": "decides who may raise their own access",
    "privilegedaccessmanager.entitlements.update": "decides who may raise their own access",
    "orgpolicy.policy.set": "lifts organization policies",
    "orgpolicy.policies.update": "lifts organization policies",
}
"""Permissions that let their holder gain further access by themselves, and how."""

_LIMITED = {
    "storage.hmacKeys.create": "makes keys that read and write Cloud Storage as service accounts",
    "iam.serviceAccountApiKeyBindings.create": "makes API keys that act as service accounts",
    "iam.serviceAccounts.getOpenIdToken": "mints identity tokens of service accounts",
}
"""Permissions that give part of what a service account can do."""

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
        _role({"includedPermissions": ["run.services.create", "run.services.update"], "stage": "GA"}),
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
        _role({"includedPermissions": ["run.jobs.run", "run.jobs.update", "iam.serviceAccounts.actAs"], "stage": "GA"}),
        _role({"includedPermissions": ["storage.hmacKeys.create"], "stage": "GA"}),
    ],
    unknown=lambda: [
        _role({"includedPermissions": ["iam.serviceAccounts.actAs"], "stage": "GA"}, more=True),
        _role({"includedPermissions": ["run.services.get"], "stage": "GA"}, more=True),
        _role({"stage": "GA"}),
    ],
)
def escalating_role(role: Role) -> Verdict:
    """A custom role permits its holder to gain further access.

    Why: Custom roles are written to be narrow, and are granted more freely for it. One permission that sets
    policies, rewrites roles or mints credentials makes the holder as strong as the strongest identity in
    reach; so does act-as together with the permission to deploy something. Act-as alone is told as a lesser case.

    What a fix may break: Automation that holds the role and relies on the permission; give it a grant on the
    one account or resource that it changes.

    Source: https://cloud.google.com/iam/docs/roles-overview
    """
    if not role.is_custom:
        return not_applicable("Google defines the role")
    if role.grants_nothing:
        return not_applicable(role.grants_nothing)
    known, doubt = _as_far_as_known(role)
    direct = [name for name in _TAKEOVER if name in known]
    if direct:
        return fail(f"the role {_TAKEOVER[direct[0]]} ({direct[0]})", evidence={"permissions": direct})
    if _ACT_AS in known:
        chosen = next((primitive for primitive in _deployments() if _way_in(primitive, known)), None)
        if chosen is not None:
            way = [_ACT_AS, *_way_in(chosen, known)]
            return fail(f"{' with '.join(way)}: {chosen.title}", evidence={"permissions": way})
    if doubt:
        raise doubt
    limited = [name for name in _LIMITED if name in known]
    if _ACT_AS in known:
        message = "the role runs code as service accounts"
        return fail(message, evidence={"permissions": [_ACT_AS]}, severity=Severity.MEDIUM)
    if limited:
        message = f"the role {_LIMITED[limited[0]]} ({limited[0]})"
        return fail(message, evidence={"permissions": limited}, severity=Severity.MEDIUM)
    return PASS


def _as_far_as_known(role: Role) -> tuple[set[str], Undetermined | None]:
    """The permissions of a role that are known, and what may hide others."""
    known: set[str] = set()
    try:
        for permission in role.included_permissions:
            known.add(permission)
    except Undetermined as more:
        return known, more
    return known, None


@cache
def _deployments() -> tuple[Primitive, ...]:
    """What runs code as an account that the holder may act as."""
    return tuple(
        primitive
        for primitive in primitives()
        if primitive.act_as is not ActAs.NOT_NEEDED and primitive.status is Status.CURRENT and primitive.ways
    )


def _way_in(primitive: Primitive, known: set[str]) -> tuple[str, ...]:
    """The permissions of a way that are all known to be there, empty where no way is complete."""
    return next((way for way in primitive.ways if known.issuperset(way)), ())
