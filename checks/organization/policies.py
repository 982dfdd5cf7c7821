"""Organisation policies that undo a guardrail, or only rehearse one."""

from __future__ import annotations

from auditor import DELETE, PASS, Fix, Severity, Verdict, check, fail, not_applicable
from auditor.resources.orgpolicy import OrgPolicy
from checks.organization.guardrails import (
    CONSTRAINTS,
    ENFORCED,
    LISTED,
    NOT_ENFORCED,
    PUBLIC_ACCESS_PREVENTION,
    SERVICE_ACCOUNT_KEYS,
    VM_EXTERNAL_ADDRESS,
    policy,
)

KEYS = SERVICE_ACCOUNT_KEYS.constraint


@check(
    "org-policy-guardrail-turned-off",
    severity=Severity.MEDIUM,
    evidence=["spec"],
    fix=Fix(
        gcloud="gcloud org-policies delete {org_policy.constraint} {org_policy.scope_flag}",
        terraform="remove the google_org_policy_policy of the folder or project, so that it inherits",
        manual="Exempt the one resource that needs it by a tag instead of the whole folder or project.",
        patch=DELETE,
    ),
    passes=lambda: [
        policy(KEYS, ENFORCED, on="folders/2001"),
        policy(KEYS, NOT_ENFORCED),
        policy("gcp.detailedAuditLoggingMode", NOT_ENFORCED, on="projects/1001"),
        policy(KEYS, None, on="projects/1001", dry_run=NOT_ENFORCED),
        policy(VM_EXTERNAL_ADDRESS.constraint, LISTED, on="projects/1001"),
        policy(
            KEYS,
            {"rules": [{"enforce": False, "condition": {"expression": "resource.matchTag('3001/keys', 'on')"}}]},
            on="projects/1001",
        ),
    ],
    fails=lambda: [
        policy(KEYS, NOT_ENFORCED, on="projects/1001"),
        policy(KEYS, {"rules": [{"enforce": "FALSE"}]}, on="folders/2001"),
        policy(SERVICE_ACCOUNT_KEYS.managed, {"reset": True}, on="projects/1001"),
        policy(VM_EXTERNAL_ADDRESS.constraint, {"rules": [{"allowAll": True}]}, on="folders/2001"),
        policy(PUBLIC_ACCESS_PREVENTION.constraint, {"rules": [{"enforce": False}]}, on="projects/1001"),
    ],
    unknown=lambda: [policy(KEYS, ENFORCED, on="projects/1001", unknown=("resource.data.spec.rules.0.enforce",))],
)
def guardrail_turned_off(org_policy: OrgPolicy) -> Verdict:
    """A folder or project turns a guardrail off for everything in it.

    Why: A policy below overrides the organisation's, now and when the organisation tightens it later.
    Such exceptions are made for one afternoon and stay for years.

    What a fix may break: What was built under the exception stays; what is created anew has to obey the
    guardrail.

    Source: https://cloud.google.com/resource-manager/docs/organization-policy/understanding-hierarchy
    """
    if org_policy.container.startswith("organizations/"):
        return not_applicable("set on the organisation, where the guardrail itself is judged")
    if org_policy.constraint not in CONSTRAINTS:
        return not_applicable("not one of the guardrails")
    if org_policy.spec is None or not org_policy.spec.opens:
        return PASS
    how = "reset to Google's default" if org_policy.spec.reset else "turned off"
    return fail(f"{org_policy.constraint} is {how} for {org_policy.container}")


@check(
    "org-policy-dry-run-only",
    severity=Severity.LOW,
    evidence=["dryRunSpec"],
    fix=Fix(
        gcloud="gcloud org-policies set-policy FILE",
        terraform="spec with the content of dry_run_spec on google_org_policy_policy",
        manual="Read the violations in the audit logs, then copy dryRunSpec to spec. "
        "The file replaces the whole policy.",
        patch={"data": {"spec": ENFORCED, "dryRunSpec": None}},
    ),
    passes=lambda: [
        policy(KEYS, ENFORCED),
        policy(KEYS, ENFORCED, dry_run=NOT_ENFORCED),
        policy(KEYS, {"reset": True}, dry_run=ENFORCED),
    ],
    fails=lambda: [
        policy(KEYS, None, dry_run=ENFORCED),
        policy("gcp.resourceLocations", {}, dry_run=LISTED, on="folders/2001"),
    ],
    unknown=lambda: [policy(KEYS, None, dry_run=ENFORCED, unknown=("resource.data.spec",))],
)
def dry_run_only(org_policy: OrgPolicy) -> Verdict:
    """An organisation policy exists only as a dry run and forbids nothing.

    Why: A dry run writes down what it would have refused, and lets it happen. Reviews count the
    constraint as set.

    What a fix may break: Each request that the dry run logged as a violation is refused from then on.

    Source: https://cloud.google.com/resource-manager/docs/organization-policy/dry-run-policy
    """
    if org_policy.dry_run_spec is None:
        return PASS
    spec = org_policy.spec
    if spec is not None and (spec.rules or spec.reset):
        return PASS
    return fail(f"{org_policy.constraint} on {org_policy.container} has a dry run and no rule in force")
