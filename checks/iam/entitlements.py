"""Privileged Access Manager: roles that people may take for a time."""

from __future__ import annotations

from typing import Any

from auditor import (
    PASS,
    EffectiveAccess,
    Example,
    Fix,
    Settings,
    Severity,
    Undetermined,
    Verdict,
    asset,
    check,
    fail,
    not_applicable,
)
from auditor.access.truth import either
from auditor.resources.entitlements import EntitledRole, Entitlement
from auditor.resources.unknown import matching
from checks.iam.containers import custom_role
from checks.iam.service_accounts import CHANGES_ACCESS, REACHES_FAR
from checks.units import Hours

_NAME = "//privilegedaccessmanager.googleapis.com/projects/1001/locations/global/entitlements/break-glass"
_CUSTOM = "projects/shop-123/roles/onCall"
_ASKED = {"manualApprovals": {"steps": [{"approvers": [{"principals": ["group:leads@example.com"]}]}]}}
_SMALL = not_applicable("none of its roles controls access or a whole project")


_CONTROLS = sorted(
    CHANGES_ACCESS | REACHES_FAR | {"iam.serviceAccounts.getAccessToken", "iam.serviceAccountKeys.create"}
)
"""Permissions that make a role an administrator's."""


class EntitlementSettings(Settings, frozen=True):
    """How long an administrator's role may be held."""

    max_hours: Hours = 8.0


def _entitlement(role: str = "roles/owner", *, unknown: tuple[str, ...] = (), **data: Any) -> Example:
    usual = {
        "name": _NAME.partition(".com/")[2],
        "eligibleUsers": [{"principals": ["group:on-call@example.com"]}],
        "privilegedAccess": {"gcpIamAccess": {"roleBindings": [{"role": role}]}},
        "maxRequestDuration": "14400s",
    }
    return asset(Entitlement, {**usual, **data}, name=_NAME, unknown=unknown)


def _privileged(entitlement: Entitlement, access: EffectiveAccess) -> list[str]:
    """Its roles that control access or reach far, by what they permit."""

    def controls(binding: EntitledRole) -> bool:
        decision = either(access.world.roles.grants(binding.role, permission) for permission in _CONTROLS)
        if decision.is_unknown:
            raise Undetermined("what it gives", decision.because[0])
        return decision.holds

    bindings = entitlement.privileged_access.gcp_iam_access.role_bindings
    return [binding.role for binding in matching(bindings, controls)]


@check(
    "entitlement-without-approval",
    severity=Severity.HIGH,
    evidence=["eligibleUsers", "privilegedAccess.gcpIamAccess.roleBindings", "approvalWorkflow"],
    fix=Fix(
        gcloud="gcloud pam entitlements update {entitlement.id} --location=global --entitlement-file=FILE",
        terraform="approval_workflow { manual_approvals { steps { … } } } on "
        "google_privileged_access_manager_entitlement",
        manual="Name approvers who are not themselves eligible.",
        patch={"data": {"approvalWorkflow": _ASKED}},
    ),
    passes=lambda: [
        _entitlement(approvalWorkflow=_ASKED),
        _entitlement("roles/run.viewer"),
        [_entitlement(_CUSTOM), custom_role(_CUSTOM, "run.services.get")],
    ],
    fails=lambda: [
        _entitlement(),
        [_entitlement(_CUSTOM), custom_role(_CUSTOM, "resourcemanager.projects.setIamPolicy")],
        _entitlement("roles/resourcemanager.organizationAdmin", approvalWorkflow={"manualApprovals": {"steps": []}}),
    ],
    unknown=lambda: [
        _entitlement(unknown=("resource.data.approvalWorkflow",)),
        _entitlement(_CUSTOM),
        _entitlement(unknown=("resource.data.privilegedAccess",)),
    ],
)
def without_approval(entitlement: Entitlement, access: EffectiveAccess) -> Verdict:
    """People can take an administrator's role for themselves, and nobody has to say yes.

    Why: Whoever takes over one eligible account has the role minutes later. The wait and the second pair of eyes are
    what sets this apart from holding the role at all times.

    What a fix may break: Work at night, when no approver is awake; name enough of them, or keep a sealed account.

    Source: https://cloud.google.com/iam/docs/pam-best-practices
    """
    if entitlement.approval_workflow.manual_approvals.steps:
        return PASS
    roles = _privileged(entitlement, access)
    return fail(f"nobody approves {', '.join(roles)}") if roles else _SMALL


@check(
    "entitlement-long",
    severity=Severity.LOW,
    evidence=["maxRequestDuration", "privilegedAccess.gcpIamAccess.roleBindings"],
    fix=Fix(
        gcloud="gcloud pam entitlements update {entitlement.id} --location=global --entitlement-file=FILE",
        terraform='max_request_duration = "14400s" on google_privileged_access_manager_entitlement',
        patch={"data": {"maxRequestDuration": "14400s"}},
    ),
    passes=lambda: [
        _entitlement(),
        _entitlement(maxRequestDuration="28800s"),
        _entitlement("roles/run.viewer", maxRequestDuration="604800s"),
        asset(
            Entitlement,
            {**(_entitlement().data or {}), "maxRequestDuration": "86400s"},
            name=_NAME,
            settings=EntitlementSettings(max_hours=24),
        ),
    ],
    fails=lambda: [_entitlement(maxRequestDuration="28801s"), _entitlement(maxRequestDuration="604800s")],
    unknown=lambda: [
        _entitlement(unknown=("resource.data.maxRequestDuration",)),
        _entitlement(maxRequestDuration="a day"),
    ],
)
def long(entitlement: Entitlement, settings: EntitlementSettings, access: EffectiveAccess) -> Verdict:
    """People can take an administrator's role for longer than a working day.

    Why: A role that is taken for a week is a role that is held. What was asked for one task is there for the next
    phishing mail.

    What a fix may break: Tasks that run longer; they can be asked for again.

    Source: https://cloud.google.com/iam/docs/pam-best-practices
    """
    if entitlement.hours <= settings.max_hours:
        return PASS
    roles = _privileged(entitlement, access)
    held = f"{', '.join(roles)} for up to {entitlement.hours:.4g} hours, the limit is {settings.max_hours:g}"
    return fail(held) if roles else _SMALL
