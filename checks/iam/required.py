"""Rules that a company sets for itself: grants that have to be there, and what custom roles may permit."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

from auditor import PASS, Example, Fix, Policy, Settings, Severity, Verdict, asset, check, fail, not_applicable
from auditor.resources.iam import Role
from auditor.resources.resourcemanager import Organization, Project
from checks.iam.containers import grant

_AUDITORS = "group:auditors@example.com"
_REVIEWER = "roles/iam.securityReviewer"


class RequiredSettings(Settings, frozen=True):
    """Grants that have to be there: role → members, for each kind of container."""

    on_organizations: dict[str, tuple[str, ...]] = {}
    on_projects: dict[str, tuple[str, ...]] = {}


_RULES = RequiredSettings(on_organizations={_REVIEWER: (_AUDITORS,)}, on_projects={"roles/viewer": (_AUDITORS,)})


def _organization(*bindings: dict[str, Any], rules: RequiredSettings | None = _RULES, more: bool = False) -> Example:
    return asset(
        Organization,
        policy={"bindings": list(bindings)},
        ancestors=["organizations/3001"],
        unknown=["iam_policy.bindings.*"] if more else [],
        settings=rules,
    )


@check(
    "required-grant-missing",
    severity=Severity.MEDIUM,
    default=False,
    same_as=["policy_library:gcp_iam_required_bindings_v1"],
    fix=Fix(
        gcloud="gcloud organizations add-iam-policy-binding {policy.asset.id} --role={found[role]} "
        "--member={found[member]}",
        terraform="google_organization_iam_member or google_project_iam_member with the role and member",
        manual="For a project: gcloud projects add-iam-policy-binding.",
        patch={"policy": {"bindings": [grant(_REVIEWER, _AUDITORS), grant("roles/viewer", _AUDITORS)]}},
    ),
    passes=lambda: [
        _organization(grant(_REVIEWER, _AUDITORS, "user:a@example.com")),
        _organization(rules=None),
        asset(Project, policy={"bindings": [grant("roles/viewer", _AUDITORS)]}, settings=_RULES),
    ],
    fails=lambda: [
        _organization(),
        _organization(grant(_REVIEWER, "group:others@example.com")),
        _organization({**grant(_REVIEWER, _AUDITORS), "condition": {"expression": "request.time < timestamp('2027')"}}),
        asset(Project, policy={"bindings": [grant(_REVIEWER, _AUDITORS)]}, settings=_RULES),
    ],
    unknown=lambda: [_organization(more=True)],
)
def required_grant_missing(policy: Policy[Organization | Project], settings: RequiredSettings) -> Verdict:
    """A grant that the company requires is not there.

    Why: Auditors, incident responders and the accounts that scan need their roles on the day they need them. Which
    those are is for the owner to say: set `on_organizations` and `on_projects`; as it comes, the check requires
    nothing and is not selected. A grant under a condition does not count.

    What a fix may break: Nothing; it adds access that was decided on.

    Source: https://cloud.google.com/iam/docs/granting-changing-revoking-access
    """
    is_project = policy.asset.key.startswith("projects/")
    required = settings.on_projects if is_project else settings.on_organizations
    if not required:
        return not_applicable("no grant is required here; the check's settings say which are")
    for role, members in required.items():
        for member in members:
            if not _holds(policy, role, member):
                return fail(f"{member} does not hold {role}", evidence={"role": role, "member": member})
    return PASS


def _holds(policy: Policy[Any], role: str, member: str) -> bool:
    for binding in policy.bindings:
        if binding.role == role and binding.condition is None and member in binding.members:
            return True
    return False


class RoleSettings(Settings, frozen=True):
    """What custom roles may permit: pattern of role names → patterns of permissions."""

    permitted: dict[str, tuple[str, ...]] = {}


_READERS = RoleSettings(permitted={"*Reader": ("*.get", "*.list")})


def _role(name: str, *permissions: str, rules: RoleSettings | None = _READERS, unknown: str = "") -> Example:
    data = {"includedPermissions": list(permissions), "stage": "GA"}
    full_name = f"//iam.googleapis.com/projects/p/roles/{name}"
    return asset(Role, data, name=full_name, unknown=[unknown] if unknown else [], settings=rules)


@check(
    "custom-role-permission-unexpected",
    severity=Severity.MEDIUM,
    default=False,
    evidence=["includedPermissions"],
    same_as=["policy_library:gcp_iam_custom_role_permissions_v1", "forseti:role_rules"],
    fix=Fix(
        gcloud="gcloud iam roles update {role.id} --remove-permissions={found[permission]}",
        terraform="permissions of google_project_iam_custom_role",
        manual="Of a role of an organisation, add --organization=NUMBER.",
        patch={"data": {"includedPermissions": ["run.services.get"]}},
    ),
    passes=lambda: [
        _role("shopReader", "run.services.get", "run.services.list"),
        _role("deployer", "run.services.update"),
        _role("shopReader", "run.services.update", rules=None),
    ],
    fails=lambda: [_role("shopReader", "run.services.get", "run.services.update")],
    unknown=lambda: [_role("shopReader", unknown="resource.data.includedPermissions")],
)
def unexpected_permission(role: Role, settings: RoleSettings) -> Verdict:
    """A custom role permits what the company did not decide that it should.

    Why: Custom roles grow: a permission is added to end an error message, and stays. What each may permit is for the
    owner to say, with `permitted`; as it comes, the check asks nothing and is not selected.

    What a fix may break: Whoever uses the permission; the audit log names them.

    Source: https://cloud.google.com/iam/docs/creating-custom-roles
    """
    if not role.is_custom:
        return not_applicable("Google defines it")
    patterns = [asked for name, asked in settings.permitted.items() if fnmatchcase(role.id, name)]
    if not patterns:
        return not_applicable("nothing is said of this role; the setting permitted says it")
    for permission in role.included_permissions:
        if not any(fnmatchcase(permission, pattern) for asked in patterns for pattern in asked):
            return fail(f"it permits {permission}", evidence={"permission": permission})
    return PASS
