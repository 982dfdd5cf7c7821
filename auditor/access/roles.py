"""Predefined roles that decide over more than their own service.

Facts of Google's role reference (cloud.google.com/iam/docs/roles-permissions) as of August 2026, as far as
checks name roles. What exactly a role permits is not asked here.
"""

from __future__ import annotations

BASIC_ROLES = frozenset({"roles/owner", "roles/editor", "roles/viewer"})
"""Thousands of permissions over all services of a project."""

WRITING_BASIC_ROLES = frozenset({"roles/owner", "roles/editor"})

CREDENTIAL_ROLES = {
    "roles/iam.serviceAccountTokenCreator": "mint tokens",
    "roles/iam.workloadIdentityUser": "mint tokens",
    "roles/iam.serviceAccountKeyAdmin": "create keys",
    "roles/iam.serviceAccountAdmin": "hand out impersonation",
    "roles/iam.admin": "create keys",
    "roles/iam.editor": "create keys",
    "roles/iam.devOps": "hand out impersonation",
    "roles/assuredoss.admin": "create keys",
    "roles/securitycenter.admin": "create keys",
    "roles/earthengine.appsPublisher": "hand out impersonation",
}
"""Roles whose holder gets credentials of each service account below the grant, and how."""

ACT_AS_ROLES = {
    "roles/iam.serviceAccountUser": "run workloads",
    "roles/iam.serviceAccountOpenIdTokenCreator": "mint ID tokens",
    "roles/iam.dataScientist": "run workloads",
    "roles/iam.databasesAdmin": "run workloads",
    "roles/dataproc.hubAgent": "run workloads",
    "roles/backupdr.computeEngineOperator": "run workloads",
}
"""Roles whose holder can do part of what a service account can: what its code does, or where its ID token counts."""

IMPERSONATION_ROLES = CREDENTIAL_ROLES | ACT_AS_ROLES

ACCESS_ADMIN_ROLES = {
    "roles/resourcemanager.organizationAdmin": "sets the policies of the organization and all below it",
    "roles/resourcemanager.folderAdmin": "sets the policies of folders and projects",
    "roles/resourcemanager.folderIamAdmin": "sets the policies of folders",
    "roles/resourcemanager.projectIamAdmin": "sets the policies of projects",
    "roles/iam.securityAdmin": "sets every policy",
    "roles/iam.admin": "rewrites custom roles and the policies of service accounts",
    "roles/iam.organizationRoleAdmin": "rewrites custom roles",
    "roles/iam.roleAdmin": "rewrites custom roles",
    "roles/iam.denyAdmin": "lifts deny policies",
    "roles/iam.principalAccessBoundaryAdmin": "lifts principal access boundaries",
    "roles/iam.workloadIdentityPoolAdmin": "decides which outside identities are trusted",
    "roles/iam.workforcePoolAdmin": "decides which outside identities are trusted",
    "roles/orgpolicy.policyAdmin": "lifts organization policies",
    "roles/privilegedaccessmanager.admin": "decides who may raise their own access",
}
"""Roles whose holder changes who has access, and in which way."""


def is_service_admin(role: str) -> bool:
    """Whether a predefined role administers one service, going by its name (`roles/storage.admin`).

    Roles that reach beyond a service have tables of their own and are left out.
    """
    if not role.startswith("roles/") or role in IMPERSONATION_ROLES or role in ACCESS_ADMIN_ROLES:
        return False
    return any(part.lower().endswith("admin") for part in role.split(".")[1:])
