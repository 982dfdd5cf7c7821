"""Privileged Access Manager: who may ask for which roles, for how long, and who has to say yes.

Source: cloud.google.com/iam/docs/reference/pam/rest/v1/projects.locations.entitlements
"""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from msgspec import field

from auditor.resources.base import Resource, View, shows
from auditor.resources.durations import duration


class Principals(View):
    """A list of principals."""

    principals: list[str] = []


class ApprovalStep(View):
    """One step of an approval."""

    approvals_needed: int = 1
    approvers: list[Principals] = []


class ManualApprovals(View):
    """`approvalWorkflow.manualApprovals`."""

    steps: list[ApprovalStep] = []


class ApprovalWorkflow(View):
    """`approvalWorkflow`; without it nobody is asked."""

    manual_approvals: ManualApprovals = field(default_factory=ManualApprovals)


class EntitledRole(View):
    """A role that is granted for a time."""

    role: str = ""


class GrantedAccess(View):
    """`privilegedAccess.gcpIamAccess`."""

    resource: str = ""
    role_bindings: list[EntitledRole] = []


class PrivilegedAccess(View):
    """`privilegedAccess`."""

    gcp_iam_access: GrantedAccess = field(default_factory=GrantedAccess)


@shows("privilegedaccessmanager.googleapis.com/Entitlement")
class Entitlement(Resource):
    """What a group of people may take for themselves for a time."""

    HAS_POLICY: ClassVar[bool] = False

    name: str = ""
    eligible_users: list[Principals] = []
    approval_workflow: ApprovalWorkflow = field(default_factory=ApprovalWorkflow)
    privileged_access: PrivilegedAccess = field(default_factory=PrivilegedAccess)
    max_request_duration: str = ""

    @property
    def hours(self) -> float:
        """How long a grant may last; 0 where that is not told."""
        text = self.max_request_duration
        return duration("maxRequestDuration", text) / timedelta(hours=1) if text else 0.0
