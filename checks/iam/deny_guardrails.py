"""Guardrails of a whole organisation: what deny policies hold back, and where principal access boundaries end."""

from __future__ import annotations

from auditor import PASS, Estate, Example, Fix, Settings, Severity, Undetermined, Verdict, asset, check, fail
from auditor.access.members import Kind, parse
from auditor.access.permissions import matches_denied
from auditor.resources.iam_policies import DenyPolicy, DenyRule, PolicyBinding
from auditor.resources.resourcemanager import Organization
from auditor.resources.unknown import known_first

_ON_ORGANIZATION = "policies/cloudresourcemanager.googleapis.com%2Forganizations%2F3001/denypolicies"
_ON_FOLDER = "policies/cloudresourcemanager.googleapis.com%2Ffolders%2F2001/denypolicies"
_KEYS = "iam.googleapis.com/serviceAccountKeys.create"
_POLICY = "cloudresourcemanager.googleapis.com/organizations.setIamPolicy"
_SINKS = "logging.googleapis.com/sinks.delete"


class DenySettings(Settings, frozen=True):
    """What a deny policy of the organisation has to hold back, as roles name it."""

    permissions: tuple[str, ...] = (
        "iam.serviceAccountKeys.create",
        "resourcemanager.organizations.setIamPolicy",
        "logging.sinks.delete",
    )


def _deny(*permissions: str, where: str = _ON_ORGANIZATION, **more: str) -> Example:
    rule = {"deniedPrincipals": ["principalSet://goog/public:all"], "deniedPermissions": list(permissions)}
    return asset(
        DenyPolicy,
        {"rules": [{"denyRule": rule}], **more},
        name=f"//iam.googleapis.com/{where}/guardrails-{len(permissions)}",
        ancestors=["organizations/3001"],
    )


_ORGANIZATION = asset(Organization, {"displayName": "example.com"}, ancestors=["organizations/3001"])
_WHOLE = _deny(_KEYS, _POLICY, _SINKS)


@check(
    "organization-without-deny-guardrail",
    severity=Severity.LOW,
    default=False,
    reads=[DenyPolicy],
    evidence=["displayName"],
    fix=Fix(
        gcloud="gcloud iam policies create guardrails --kind=denypolicies --policy-file=FILE "
        "--attachment-point=cloudresourcemanager.googleapis.com%2Forganizations%2F{organization.id}",
        terraform="google_iam_deny_policy on the organisation",
        manual="Deny them to everybody, and except the group of the few who may; try it on a folder first.",
        patch=lambda: [_WHOLE],
    ),
    passes=lambda: [
        [_ORGANIZATION, _WHOLE],
        [_ORGANIZATION, _deny("iam.googleapis.com/serviceAccountKeys.*", _POLICY), _deny(_SINKS)],
    ],
    fails=lambda: [
        [_ORGANIZATION, _deny(_KEYS, _SINKS)],
        [_ORGANIZATION, _deny(_KEYS, _POLICY, _SINKS, where=_ON_FOLDER)],
        [_ORGANIZATION, _deny(_KEYS, _POLICY, _SINKS, deleteTime="2026-01-01T00:00:00Z")],
    ],
    unknown=lambda: [[_ORGANIZATION, _deny("nonsense", _KEYS, _SINKS)]],
)
def without_deny_guardrail(organization: Organization, settings: DenySettings, estate: Estate) -> Verdict:
    """No deny policy of an organisation holds back new keys, its own policy or its log exports.

    Why: A deny policy holds against every role, owners' too: what is denied above cannot be granted below. Whoever
    becomes an owner of a project then still makes no key and stops no log.

    What a fix may break: Pipelines that do what is denied; except their accounts by name, for as long as they need it.

    Source: https://cloud.google.com/iam/docs/deny-overview
    """
    rules = list(known_first(estate.of(DenyPolicy), lambda policy: _rules_on(organization, policy)))
    for permission in settings.permissions:
        if not any(_denies(rule, permission) for rule in rules):
            return fail(f"no deny policy of the organisation denies {permission}")
    return PASS


def _rules_on(organization: Organization, policy: DenyPolicy) -> list[DenyRule]:
    if policy.delete_time or policy.attachment != organization.asset.key:
        return []
    return [entry.deny_rule for entry in policy.rules if entry.deny_rule]


def _denies(rule: DenyRule, permission: str) -> bool:
    """Whether a rule denies a permission. Raises `Undetermined` where an entry of it cannot be read."""
    found = [matches_denied(pattern, permission) for pattern in rule.denied_permissions]
    if True not in found and None in found:
        raise Undetermined("denied permissions", "an entry of a deny rule has no form that IAM documents")
    return True in found


_BOUNDARY = "PRINCIPAL_ACCESS_BOUNDARY"


def _bound(target: str, *, kind: str = _BOUNDARY, unknown: str = "") -> Example:
    return asset(
        PolicyBinding,
        {
            "policy": "organizations/3001/locations/global/principalAccessBoundaryPolicies/ours",
            "policyKind": kind,
            "target": {"principalSet": target},
        },
        name="//iam.googleapis.com/organizations/3001/locations/global/policyBindings/ours",
        ancestors=["organizations/3001"],
        unknown=[unknown] if unknown else [],
    )


_EVERYBODY = "//cloudresourcemanager.googleapis.com/organizations/3001"


@check(
    "organization-without-access-boundary",
    severity=Severity.LOW,
    default=False,
    reads=[PolicyBinding],
    evidence=["displayName"],
    fix=Fix(
        gcloud="gcloud iam policy-bindings create ours --organization={organization.id} --location=global "
        "--policy=organizations/{organization.id}/locations/global/principalAccessBoundaryPolicies/POLICY "
        "--target-principal-set=cloudresourcemanager.googleapis.com/organizations/{organization.id}",
        terraform="google_iam_principal_access_boundary_policy and google_iam_organizations_policy_binding",
        manual="Bind a boundary with the resources of the organisation to the principal set of the organisation, "
        "and those of its Workspace domain and workforce pools. Try it on one group first.",
        patch=lambda: [_bound(_EVERYBODY)],
    ),
    passes=lambda: [
        [_ORGANIZATION, _bound(_EVERYBODY)],
        [_ORGANIZATION, _bound("//iam.googleapis.com/locations/global/workspace/C01abcde")],
        [_ORGANIZATION, _bound("//iam.googleapis.com/locations/global/workforcePools/staff")],
    ],
    fails=lambda: [
        [_ORGANIZATION, _bound("//cloudresourcemanager.googleapis.com/projects/1001")],
        [_ORGANIZATION, _bound(_EVERYBODY, kind="ACCESS")],
    ],
    unknown=lambda: [
        [_ORGANIZATION],
        [_ORGANIZATION, _bound(_EVERYBODY, unknown="resource.data.target")],
    ],
)
def without_access_boundary(organization: Organization, estate: Estate) -> Verdict:
    """No principal access boundary keeps the organisation's people and accounts to its own resources.

    Why: Without one, any resource of anybody can be opened to a member of staff or a service account: a stranger's
    bucket that takes data out, or gives malicious data in, asks for nothing but a grant over there. No role here shows
    it.

    What a fix may break: Whoever works with resources of partners; name these in the boundary.

    Source: https://cloud.google.com/iam/docs/principal-access-boundary-policies
    """

    def wide(binding: PolicyBinding) -> list[PolicyBinding]:
        if binding.policy_kind != _BOUNDARY or organization.asset.key not in binding.asset.ancestors:
            return []
        return [binding] if _is_wide(binding.target.principal_set) else []

    for _ in known_first(estate.of(PolicyBinding), wide):
        return PASS
    return fail("no boundary is bound to the organisation, its Workspace or a workforce pool")


def _is_wide(principal_set: str) -> bool:
    """Whether a set is all of an organisation, of a Workspace customer or of a workforce pool."""
    text = principal_set.removeprefix("principalSet:")
    if "/locations/global/workspace/" in text or "cloudIdentityCustomerId" in text:
        return True
    read = parse(text)
    if read.kind is Kind.WORKFORCE_IDENTITY:
        return True
    return "/organizations/" in text and "/locations/" not in text
