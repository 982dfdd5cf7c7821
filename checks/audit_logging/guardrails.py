"""Guardrails of the organisation that keep audit logs whole."""

from __future__ import annotations

from auditor import Estate, Fix, Severity, Verdict, check
from auditor.resources.orgpolicy import OrgPolicy
from auditor.resources.resourcemanager import Organization
from checks.organization.guardrails import (
    ENFORCED,
    NOT_ENFORCED,
    Expectation,
    Guardrail,
    expected,
    judge,
    organization,
    policy,
)

_CONSTRAINTS = "https://cloud.google.com/organization-policy/reference/org-policy-constraints"
_EXEMPTION = Guardrail("iam.disableAuditLoggingExemption")
_DETAIL = Guardrail("gcp.detailedAuditLoggingMode")

EXEMPTIONS = expected(
    __name__,
    Expectation(
        id="organization-allows-audit-log-exemptions",
        title="The organisation lets principals be exempted from Data Access audit logs.",
        why="To exempt the account that one works with is a quiet way to stay out of the logs: nothing fails and "
        "nothing is deleted. Enforced, the constraint refuses new exemptions; those that exist stay, and are findings "
        "of their own.",
        breaks="Exemptions that are made to save the cost of a batch job's logs; an exclusion on a sink does so, too.",
        source=_CONSTRAINTS,
        guardrail=_EXEMPTION,
    ),
)


@check(
    "organization-logs-without-detail",
    severity=Severity.LOW,
    default=False,
    reads=[OrgPolicy],
    same_as=["cloudsploit:cloudresourcemanager/detailedAuditLoggingMode"],
    fix=Fix(
        gcloud="gcloud resource-manager org-policies enable-enforce gcp.detailedAuditLoggingMode "
        "--organization={organization.id}",
        terraform='google_org_policy_policy for gcp.detailedAuditLoggingMode with rules { enforce = "TRUE" }',
        guardrail="gcp.detailedAuditLoggingMode",
        patch=lambda: [policy(_DETAIL.constraint, ENFORCED)],
    ),
    passes=lambda: [[organization(), policy(_DETAIL.constraint, ENFORCED)]],
    fails=lambda: [
        organization(),
        [organization(), policy(_DETAIL.constraint, NOT_ENFORCED)],
        [organization(), policy(_DETAIL.constraint, None, dry_run=ENFORCED)],
    ],
    unknown=lambda: [[organization(), policy(_DETAIL.constraint, ENFORCED, unknown=("resource.data.spec",))]],
)
def logs_without_detail(organization: Organization, estate: Estate) -> Verdict:
    """The organisation's audit logs of Cloud Storage leave out requests and responses.

    Why: with detailed audit logging, entries hold the request and the answer. Rules on records that must not be altered
    ask for it: it proves that a retention was set and kept. Others gain little by it; this check is therefore not
    selected by default.

    What a fix may break: entries grow, and hold names and labels that were not in the logs before.

    Source: https://cloud.google.com/storage/docs/org-policy-constraints
    """
    return judge(_DETAIL, organization, estate)
