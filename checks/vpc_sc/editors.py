"""Who may take the perimeters down."""

from __future__ import annotations

from auditor import EffectiveAccess, Example, Fix, Policy, Severity, Verdict, asset, check
from auditor.access.members import Kind, Member
from auditor.access.standing_index import Power
from auditor.resources.resourcemanager import Organization
from auditor.resources.vpc_sc import AccessPolicy
from checks.iam.containers import TAKE_BACK, custom_role, grant, on_organization
from checks.iam.holders import held_on

_EDITS = frozenset(
    f"accesscontextmanager.{name}"
    for name in (
        "accessLevels.update",
        "policies.setIamPolicy",
        "policies.update",
        "servicePerimeters.delete",
        "servicePerimeters.update",
    )
)
"""Permissions that change perimeters and access levels. Basic roles have them too, and are findings of their own."""
_ADMIN = "roles/accesscontextmanager.policyAdmin"
_WORKLOAD = "serviceAccount:deploy@p.iam.gserviceaccount.com"
_CUSTOM = "organizations/3001/roles/ops"


def _is_wide_or_code(member: Member) -> bool:
    return member.is_public or member.kind is Kind.DOMAIN or member.is_consumer or member.is_workload


def _weight(found: Power) -> Severity:
    if found.member.is_public:
        return Severity.CRITICAL
    return Severity.MEDIUM if found.member.is_workload and not found.member.is_whole_pool else Severity.HIGH


def _on_policy(*bindings: dict[str, object]) -> Example:
    name = "//accesscontextmanager.googleapis.com/accessPolicies/987654"
    return asset(AccessPolicy, policy={"bindings": list(bindings)}, name=name, ancestors=["organizations/3001"])


@check(
    "access-policy-editable-widely",
    severity=Severity.HIGH,
    fix=Fix(
        gcloud=TAKE_BACK,
        terraform="google_organization_iam_member, google_access_context_manager_access_policy_iam_member",
        manual="Let a small group of the security team edit perimeters, best for a limited time; a pipeline that does "
        "so should run as an account of its own that nothing else can act as.",
        patch={"policy": {"bindings": [grant(_ADMIN, "group:security@example.com")]}},
    ),
    passes=lambda: [
        on_organization(grant(_ADMIN, "group:security@example.com", "user:ana@example.com")),
        on_organization(grant("roles/accesscontextmanager.policyReader", "domain:example.com")),
        on_organization(grant(_ADMIN, f"deleted:{_WORKLOAD}?uid=1")),
        _on_policy(grant("roles/accesscontextmanager.policyEditor", "group:security@example.com")),
        [on_organization(grant(_CUSTOM, _WORKLOAD)), custom_role(_CUSTOM, "accesscontextmanager.policies.get")],
    ],
    fails=lambda: [
        on_organization(grant(_ADMIN, "domain:example.com")),
        on_organization(grant("roles/accesscontextmanager.policyEditor", "user:someone@gmail.com")),
        on_organization(grant(_ADMIN, "group:security@example.com", _WORKLOAD)),
        _on_policy(grant("roles/accesscontextmanager.policyEditor", "domain:example.com")),
        [
            on_organization(grant(_CUSTOM, _WORKLOAD)),
            custom_role(_CUSTOM, "accesscontextmanager.servicePerimeters.update"),
        ],
    ],
    unknown=lambda: [
        on_organization(grant(_CUSTOM, _WORKLOAD)),
        asset(
            Organization,
            policy={"bindings": [grant(_ADMIN)]},
            ancestors=["organizations/3001"],
            unknown=["iam_policy.bindings.0.members"],
        ),
    ],
)
def editable_widely(policy: Policy[Organization | AccessPolicy], access: EffectiveAccess) -> Verdict:
    """A whole domain, a private account or a workload may change perimeters and access levels.

    Why: Whoever edits an access policy adds an ingress rule for themselves, or takes a project out, and the data is as
    open as without perimeters. A workload with the role makes its code, and everybody who deploys it, such an editor.

    What a fix may break: Pipelines and people that change perimeters under these grants.

    Source: https://cloud.google.com/access-context-manager/docs/access-control
    """
    verdict = held_on(policy, access, _EDITS, members=_is_wide_or_code, severity=_weight)
    if verdict.evidence and policy.asset.asset_type.endswith("/AccessPolicy"):
        verdict.evidence["_collection"] = ("access-context-manager", "policies")
    return verdict
