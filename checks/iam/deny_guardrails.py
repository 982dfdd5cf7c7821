"""Deny policies that hold back what nobody should do by accident."""

from __future__ import annotations

from auditor import PASS, Estate, Example, Fix, Settings, Severity, Undetermined, Verdict, asset, check, fail
from auditor.access.permissions import matches_denied
from auditor.resources.iam_policies import DenyPolicy, DenyRule
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
