"""Roles that service accounts and other workloads hold on projects, folders and organizations."""

from __future__ import annotations

from auditor import Clock, EffectiveAccess, Policy, Severity, Verdict, asset, check
from auditor.access.grants import Grant, grants, tell
from auditor.access.members import DEFAULT_ACCOUNTS, Member
from auditor.access.roles import ACCESS_ADMIN_ROLES, CREDENTIAL_ROLES, WRITING_BASIC_ROLES, is_service_admin
from auditor.access.standing_index import Power, standing_index, tell_powers
from auditor.resources.iam import Role
from auditor.resources.resourcemanager import Folder, Organization, Project
from checks.iam.containers import UNKNOWN_MEMBERS, grant, narrower, on_folder, on_organization, on_project

_CI = "serviceAccount:ci@build-123.iam.gserviceaccount.com"
_COMPUTE = "serviceAccount:12345-compute@developer.gserviceaccount.com"
_APP_ENGINE = "serviceAccount:shop-123@appspot.gserviceaccount.com"
_CLOUD_SERVICES = "serviceAccount:12345@cloudservices.gserviceaccount.com"
_AGENT = "serviceAccount:service-12345@gcp-sa-pubsub.iam.gserviceaccount.com"
_LIMITED = "api.getAttribute('iam.googleapis.com/modifiedGrantsByRole', []).hasOnly(['roles/run.invoker'])"
_ADVICE = "Grant the account the predefined roles of what its code calls, on the resources that it calls."
_ADMIN_ELSEWHERE = [
    "prowler:iam_sa_no_administrative_privileges",
    "sha:ADMIN_SERVICE_ACCOUNT",
    "steampipe:iam_service_account_without_admin_privilege",
    "scoutsuite:iam-sa-has-admin-privileges",
    "checkov:CKV_GCP_42",
    "trivy:AVD-GCP-0007",
    "cloudsploit:iam/serviceAccountAdmin",
    "inspec:cis-gcp-1.5",
]

_RELEASER = asset(
    Role,
    {"includedPermissions": ["run.services.update", "resourcemanager.projects.setIamPolicy"], "stage": "GA"},
    name="//iam.googleapis.com/organizations/3001/roles/releaser",
    ancestors=("organizations/3001",),
)
_HARMLESS = asset(
    Role,
    {"includedPermissions": ["run.services.get"], "stage": "GA"},
    name="//iam.googleapis.com/projects/p/roles/other",
)

CHANGES_ACCESS = frozenset(
    {
        "resourcemanager.projects.setIamPolicy",
        "resourcemanager.folders.setIamPolicy",
        "resourcemanager.organizations.setIamPolicy",
        "iam.roles.update",
        "iam.denypolicies.update",
        "iam.denypolicies.delete",
        "iam.principalaccessboundarypolicies.update",
        "iam.principalaccessboundarypolicies.delete",
        "iam.googleapis.com/workloadIdentityPoolProviders.create",
        "iam.googleapis.com/workloadIdentityPoolProviders.update",
        "iam.googleapis.com/workforcePoolProviders.create",
        "iam.googleapis.com/workforcePoolProviders.update",
        "orgpolicy.policy.set",
        "privilegedaccessmanager.entitlements.create",
        "privilegedaccessmanager.entitlements.update",
    }
)
"""Permissions whose holder decides who has access, or lifts what keeps others from it."""

CONTROLS = CHANGES_ACCESS | {
    "iam.serviceAccounts.getAccessToken",
    "iam.serviceAccounts.signBlob",
    "iam.serviceAccounts.signJwt",
    "iam.serviceAccounts.implicitDelegation",
    "iam.serviceAccounts.actAs",
    "iam.serviceAccounts.setIamPolicy",
    "iam.serviceAccountKeys.create",
}
"""What makes a copied credential of an account control of more than it was made for."""

REACHES_FAR = frozenset(
    {
        "secretmanager.versions.access",
        "cloudkms.cryptoKeyVersions.useToDecrypt",
        "cloudkms.cryptoKeyVersions.destroy",
        "storage.buckets.delete",
        "bigquery.datasets.delete",
        "cloudsql.instances.delete",
        "logging.sinks.delete",
        "compute.instances.setMetadata",
    }
)
"""Permissions that no workload should share with all others of its project."""


def _default(member: Member) -> bool:
    return member.is_default_service_account


def _own(member: Member) -> bool:
    return member.is_workload and not member.is_default_service_account


@check(
    "default-service-account-basic-role",
    severity=Severity.HIGH,
    same_as=["checkov:CKV_GCP_45"],
    fix=narrower(
        "Run each workload as an account of its own with the roles it needs, or give the default account those "
        "(roles/logging.logWriter, roles/monitoring.metricWriter, roles/artifactregistry.reader for GKE nodes).",
        guardrail="iam.automaticIamGrantsForDefaultServiceAccounts",
    ),
    passes=lambda: [
        on_project(grant("roles/logging.logWriter", _COMPUTE)),
        on_project(grant("roles/editor", _CLOUD_SERVICES)),
        on_project(grant("roles/editor", "deleted:serviceAccount:9-compute@developer.gserviceaccount.com?uid=123")),
    ],
    fails=lambda: [
        on_project(grant("roles/editor", _COMPUTE, _CLOUD_SERVICES)),
        on_project(grant("roles/editor", _APP_ENGINE)),
        on_folder(grant("roles/owner", _COMPUTE)),
    ],
    unknown=lambda: [UNKNOWN_MEMBERS],
)
def default_account_basic_role(policy: Policy[Project | Folder | Organization], clock: Clock) -> Verdict:
    """A default service account holds Owner or Editor.

    Why: Every VM, function or service that names no account runs as the default one. Whoever gets into any of
    them, or may deploy any, then changes the whole project.

    What a fix may break: Workloads that run as the default account lose every permission that you do not grant
    again. Look up what it called in the last months (activity analyzer) before you take Editor away.

    Source: https://cloud.google.com/iam/docs/best-practices-service-accounts
    """
    return tell(grants(policy, clock.now, roles=WRITING_BASIC_ROLES.__contains__, members=_default))


@check(
    "default-service-account-privileged",
    severity=Severity.MEDIUM,
    fix=narrower("Make an account for the workload that needs the role, run it as that account, and grant it there."),
    passes=lambda: [
        on_project(grant("roles/logging.logWriter", _COMPUTE), grant("roles/artifactregistry.reader", _COMPUTE)),
        on_project(grant("roles/secretmanager.secretAccessor", _CI)),
        on_project(grant("roles/editor", _COMPUTE)),  # default-service-account-basic-role tells it
    ],
    fails=lambda: [
        on_project(grant("roles/secretmanager.secretAccessor", _COMPUTE)),
        on_folder(grant("roles/cloudkms.cryptoOperator", _APP_ENGINE)),
        on_project(grant("roles/compute.instanceAdmin.v1", _COMPUTE)),
    ],
    unknown=lambda: [
        on_project(grant("projects/p/roles/all", _COMPUTE)),
        on_project(grant("roles/editor", _COMPUTE), more=True),  # what another check tells hides nothing
    ],
)
def default_account_privileged(policy: Policy[Project | Folder | Organization], access: EffectiveAccess) -> Verdict:
    """A default service account can read secrets, use keys or destroy data of a whole project.

    Why: Whatever is deployed without an account of its own runs as the default one: the weakest workload then
    has what the strongest needs. Roles are judged by what they permit, custom ones too.

    What a fix may break: Each workload that uses the permission must be moved to an account of its own first.

    Source: https://cloud.google.com/iam/docs/best-practices-service-accounts
    """
    powers = standing_index(access).on(policy.asset, REACHES_FAR, _default)
    found = powers.certain(lambda power: power.role not in WRITING_BASIC_ROLES)
    above = not policy.asset.key.startswith("projects/")

    def severity(power: Power) -> Severity:  # noqa: ARG001 - what it is held on decides
        return Severity.HIGH if above else Severity.MEDIUM

    return tell_powers(found, severity)


@check(
    "default-service-account-granted-role",
    severity=Severity.LOW,
    default=False,
    same_as=[
        "checkov:CKV_GCP_46",
        "checkov:CKV_GCP_47",
        "checkov:CKV_GCP_48",
        "trivy:AVD-GCP-0004",
        "trivy:AVD-GCP-0006",
        "trivy:AVD-GCP-0008",
    ],
    fix=narrower("Make an account for the workload and grant it the role instead."),
    passes=lambda: [on_project(grant("roles/logging.logWriter", _CI))],
    fails=lambda: [
        on_project(grant("roles/logging.logWriter", _COMPUTE)),
        on_organization(grant("roles/browser", _APP_ENGINE)),
    ],
)
def default_account_granted_role(policy: Policy[Project | Folder | Organization], clock: Clock) -> Verdict:
    """A default service account holds a role on a project, folder or organization.

    Why: What one workload needs, every other workload that runs as the default account then gets too.

    What a fix may break: Each workload that uses the role must be moved to an account of its own first.

    Source: https://cloud.google.com/iam/docs/best-practices-service-accounts
    """
    return tell(grants(policy, clock.now, members=_default, ends=DEFAULT_ACCOUNTS))


@check(
    "service-account-basic-role",
    severity=Severity.HIGH,
    same_as=_ADMIN_ELSEWHERE,
    fix=narrower(_ADVICE),
    passes=lambda: [
        on_project(grant("roles/run.developer", _CI), grant("roles/viewer", _CI)),
        on_project(grant("roles/editor", _CLOUD_SERVICES, _AGENT, _COMPUTE)),
        on_project(grant("roles/owner", f"deleted:{_CI}?uid=123")),
    ],
    fails=lambda: [
        on_project(grant("roles/editor", _CI)),
        on_organization(grant("roles/owner", _CI)),
        on_project(grant("roles/editor", "serviceAccount:shop-123.svc.id.goog[default/web]")),
        on_project(
            grant(
                "roles/owner",
                "principalSet://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/gh/attribute.repository/a/b",
            )
        ),
        on_folder(
            grant("roles/editor", "principalSet://cloudresourcemanager.googleapis.com/folders/2001/type/ServiceAccount")
        ),
        on_project(grant("roles/editor", "serviceAccount:service-12345@my-own-project.iam.gserviceaccount.com")),
    ],
    unknown=lambda: [UNKNOWN_MEMBERS],
)
def account_basic_role(policy: Policy[Project | Folder | Organization], clock: Clock) -> Verdict:
    """A service account or federated workload holds Owner or Editor.

    Why: A workload calls a handful of APIs. With Owner or Editor, a flaw in its code, a leaked key or a
    compromised pipeline is control over everything below the grant.

    What a fix may break: Calls that nobody thought of. The recommender lists the permissions that the account
    used in the last 90 days; grant those, then take the basic role away.

    Source: https://cloud.google.com/iam/docs/best-practices-service-accounts
    """
    return tell(grants(policy, clock.now, roles=WRITING_BASIC_ROLES.__contains__, members=_own))


@check(
    "service-account-access-admin",
    severity=Severity.HIGH,
    same_as=_ADMIN_ELSEWHERE,
    fix=narrower(
        _ADVICE + " A pipeline that sets policies: on its folder, with a condition on the roles it may grant."
    ),
    passes=lambda: [
        on_project(grant("roles/iam.securityReviewer", _CI)),
        on_project(grant("roles/editor", _CI)),  # service-account-basic-role tells it
        [on_project(grant("projects/p/roles/other", _CI)), _HARMLESS],
        on_project(grant("roles/resourcemanager.projectIamAdmin", "group:platform@example.com")),
        on_project(
            grant(
                "roles/resourcemanager.projectIamAdmin",
                _CI,
                condition=_LIMITED,
            )
        ),
    ],
    fails=lambda: [
        on_project(grant("roles/resourcemanager.projectIamAdmin", _CI)),
        on_folder(grant("roles/iam.securityAdmin", _CI, _COMPUTE)),
        on_organization(grant("roles/orgpolicy.policyAdmin", _CI)),
        on_project(
            grant(
                "roles/resourcemanager.projectIamAdmin",
                _CI,
                condition=_LIMITED.replace("roles/run.invoker", "roles/owner"),
            )
        ),
        on_project(grant("roles/iam.workloadIdentityPoolAdmin", _CI, condition="request.time.getHours() < 20")),
        on_project(grant("roles/securityposture.admin", _CI)),
        [on_project(grant("organizations/3001/roles/releaser", _CI)), _RELEASER],
    ],
    unknown=lambda: [
        on_project(grant("roles/browser", _CI), more=True),
        on_project(grant("roles/owner", _CI), more=True),
        on_project(grant("projects/p/roles/releaser", _CI)),
    ],
)
def account_access_admin(policy: Policy[Project | Folder | Organization], access: EffectiveAccess) -> Verdict:
    """A service account or federated workload can change who has access.

    Why: Who sets policies, rewrites roles or decides which outside identities are trusted can give itself
    everything below the grant. A workload with that power is as good as its owner.

    What a fix may break: Pipelines that manage access. Let them manage it on the folder that they own, limited
    by a condition on the roles that they may grant (such a grant passes).

    Source: https://cloud.google.com/iam/docs/setting-limits-on-granting-roles
    """
    powers = standing_index(access).on(policy.asset, CHANGES_ACCESS, lambda member: member.is_workload)
    return tell(powers.certain(lambda power: power.role not in WRITING_BASIC_ROLES and not _is_limited(power)))


def _is_limited(found: Grant) -> bool:
    """Whether the condition names the roles that the holder may grant, and none of them is a strong one."""
    if "modifiedGrantsByRole" not in found.condition or ".hasOnly(" not in found.condition:
        return False
    return not any(role in found.condition for role in (*WRITING_BASIC_ROLES, *ACCESS_ADMIN_ROLES, *CREDENTIAL_ROLES))


@check(
    "service-account-service-admin",
    severity=Severity.MEDIUM,
    same_as=_ADMIN_ELSEWHERE,
    fix=narrower(_ADVICE),
    passes=lambda: [
        on_project(grant("roles/storage.objectAdmin", "group:ops@example.com"), grant("roles/storage.objectUser", _CI)),
        on_project(grant("roles/storage.admin", _AGENT)),
        on_project(grant("roles/iam.serviceAccountAdmin", _CI)),  # impersonation-on-container tells it
        on_project(grant("projects/p/roles/shopAdmin", _CI)),
    ],
    fails=lambda: [
        on_project(grant("roles/storage.admin", _CI)),
        on_project(grant("roles/compute.instanceAdmin.v1", _COMPUTE)),
        on_organization(grant("roles/compute.xpnAdmin", _CI)),
    ],
    unknown=lambda: [on_project(more=True)],
)
def account_service_admin(policy: Policy[Project | Folder | Organization], clock: Clock) -> Verdict:
    """A service account or federated workload administers a whole service.

    Why: Administrator roles create, delete and open up every resource of their service. A workload mostly
    reads and writes a few of them.

    What a fix may break: Provisioning pipelines do need such roles; keep them on the projects that the
    pipeline provisions, and accept the finding there.

    Source: https://cloud.google.com/iam/docs/best-practices-service-accounts
    """
    return tell(grants(policy, clock.now, roles=is_service_admin, members=lambda m: m.is_workload), _admin_severity)


def _admin_severity(found: Grant) -> Severity:
    return Severity.LOW if found.condition else Severity.MEDIUM


@check(
    "service-agent-basic-role",
    severity=Severity.MEDIUM,
    same_as=["sha:SERVICE_AGENT_GRANTED_BASIC_ROLE"],
    fix=narrower("Grant the agent the service-agent role of its service (roles/SERVICE.serviceAgent)."),
    passes=lambda: [
        on_project(grant("roles/pubsub.serviceAgent", _AGENT)),
        on_project(grant("roles/editor", _CLOUD_SERVICES)),
    ],
    fails=lambda: [
        on_project(grant("roles/editor", _AGENT)),
        on_project(grant("roles/owner", "serviceAccount:service-1@compute-system.iam.gserviceaccount.com")),
    ],
    unknown=lambda: [UNKNOWN_MEMBERS],
)
def agent_basic_role(policy: Policy[Project | Folder | Organization], clock: Clock) -> Verdict:
    """A service agent of Google's holds Owner or Editor.

    Why: Each service has a role made for its agent. With a basic role, whoever can make the service act for
    them reaches everything that the agent now may.

    What a fix may break: A feature of that service, if the agent's own role was taken away when the basic role
    came. Grant the service-agent role first. Editor of the Google APIs agent (cloudservices) is Google's
    default and is left alone.

    Source: https://cloud.google.com/iam/docs/service-agents
    """
    return tell(grants(policy, clock.now, roles=WRITING_BASIC_ROLES.__contains__, members=_agent))


def _agent(member: Member) -> bool:
    return member.is_service_agent and not member.value.endswith("@cloudservices.gserviceaccount.com")
