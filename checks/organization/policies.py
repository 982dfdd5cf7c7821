"""Organisation policies that undo a guardrail, loosen it, or only rehearse one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from auditor import DELETE, PASS, Estate, Fix, Severity, Verdict, check, fail, not_applicable
from auditor.resources.orgpolicy import OrgPolicy
from checks.organization.constraints import (
    BY_NAME,
    CROSS_PROJECT_ACCOUNTS,
    DEFAULT_NETWORK,
    KEY_EXPOSURE_RESPONSE,
    LOCATIONS,
    PUBLIC_ACCESS_PREVENTION,
    RUN_INGRESS,
    SERVICE_ACCOUNT_KEYS,
    TLS_VERSIONS,
    VM_EXTERNAL_ADDRESS,
)
from checks.organization.guardrails import ENFORCED, LISTED, NOT_ENFORCED, ORGANIZATION, policy

KEYS = SERVICE_ACCOUNT_KEYS.constraint
_ON_TAG = {"expression": "resource.matchTag('3001/keys', 'on')"}
_NO_GUARDRAIL = "not one of the guardrails"


def _allowing(*values: str) -> dict[str, Any]:
    return {"rules": [{"values": {"allowedValues": list(values)}}]}


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
        policy(CROSS_PROJECT_ACCOUNTS.constraint, {"reset": True}, on="projects/1001"),
        policy(RUN_INGRESS.constraint, _allowing("is:internal"), on="projects/1001"),
        policy(DEFAULT_NETWORK.constraint, NOT_ENFORCED, on="projects/1001"),
        policy(KEYS, {"rules": [{"enforce": False, "condition": _ON_TAG}]}, on="projects/1001"),
    ],
    fails=lambda: [
        policy(KEYS, NOT_ENFORCED, on="projects/1001"),
        policy(KEYS, {"rules": [{"enforce": "FALSE"}]}, on="folders/2001"),
        policy(SERVICE_ACCOUNT_KEYS.managed, {"reset": True}, on="projects/1001"),
        policy(VM_EXTERNAL_ADDRESS.constraint, {"rules": [{"allowAll": True}]}, on="folders/2001"),
        policy(PUBLIC_ACCESS_PREVENTION.constraint, {"rules": [{"enforce": False}]}, on="projects/1001"),
        policy(CROSS_PROJECT_ACCOUNTS.constraint, NOT_ENFORCED, on="projects/1001"),
        policy(KEY_EXPOSURE_RESPONSE.constraint, _allowing("is:WAIT_FOR_ABUSE"), on="projects/1001"),
        policy(RUN_INGRESS.constraint, _allowing("internal", "all"), on="folders/2001"),
        policy(DEFAULT_NETWORK.constraint, NOT_ENFORCED, on="folders/2001"),
        policy(TLS_VERSIONS.constraint, _allowing("TLS_VERSION_1", "TLS_VERSION_1_2"), on="projects/1001"),
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
    if org_policy.is_on_organization:
        return not_applicable("set on the organisation, where the guardrail itself is judged")
    guardrail = BY_NAME.get(org_policy.constraint)
    if guardrail is None:
        return not_applicable(_NO_GUARDRAIL)
    if guardrail.for_new_projects and org_policy.container.startswith("projects/"):
        return not_applicable("it takes effect when a project is made")
    if org_policy.spec is None or not guardrail.is_lifted_by(org_policy.spec):
        return PASS
    how = "reset to Google's default" if org_policy.spec.reset else "turned off"
    return fail(f"{org_policy.constraint} is {how} for {org_policy.container}")


@check(
    "org-policy-list-widened",
    severity=Severity.LOW,
    evidence=["spec"],
    reads=[OrgPolicy],
    fix=Fix(
        gcloud="gcloud org-policies delete {org_policy.constraint} {org_policy.scope_flag}",
        terraform="in the google_org_policy_policy of the folder or project, only values that its parent allows",
        manual="Where the value is right for everyone, add it to the policy above instead.",
        patch={"data": {"spec": {"rules": [{"denyAll": True}]}}},
    ),
    passes=lambda: [
        [_images(_allowing("projects/a"), on="projects/1001"), _images(_allowing("projects/a", "projects/b"))],
        [_images(_allowing("is:projects/a"), on="folders/2001"), _images(_allowing("projects/a"))],
        [_images(_allowing("projects/new"), on="projects/1001")],
        [_images(_allowing("projects/new"), on="projects/1001"), _images({"rules": [{"allowAll": True}]})],
        [_images(_allowing("projects/new"), on="projects/1001"), _images({}, dry_run=_allowing("projects/a"))],
        [_images(_allowing("projects/new")), _images(_allowing("projects/a"), on="folders/2001")],
        [
            policy(LOCATIONS.constraint, _allowing("in:us-locations"), on="projects/1001"),
            policy(LOCATIONS.constraint, _allowing("in:eu-locations")),
        ],
    ],
    fails=lambda: [
        [_images(_allowing("projects/a", "projects/new"), on="projects/1001"), _images(_allowing("projects/a"))],
        [
            _images({"inheritFromParent": True, **_allowing("projects/new")}, on="folders/2001"),
            _images(_allowing("is:projects/a")),
        ],
        [_images(_allowing("projects/new"), on="projects/1001"), _images({"rules": [{"denyAll": True}]})],
    ],
    unknown=lambda: [
        [
            _images(_allowing("projects/new"), on="projects/1001"),
            _images(_allowing("projects/a"), unknown=("resource.data.spec.rules.0.values.allowedValues.*",)),
        ],
    ],
)
def list_widened(org_policy: OrgPolicy, estate: Estate) -> Verdict:
    """A folder or project allows values of a list constraint that the policy above does not allow.

    Why: Whether it replaces the list or adds to it, a policy below decides for everything in it: the organisation's
    list is no longer the whole answer to what is allowed. Value groups and hierarchies (`in:`, `under:`) are left
    alone, as one may lie within another.

    What a fix may break: What was made with the value stays; what is created anew is refused.

    Source: https://cloud.google.com/resource-manager/docs/organization-policy/understanding-hierarchy
    """
    if org_policy.is_on_organization:
        return not_applicable("set on the organisation, above which there is nothing")
    added = set(_plain_values(org_policy))
    if not added:
        return PASS
    for above in estate.related(OrgPolicy, _constraint, org_policy.constraint):
        if above.container not in org_policy.asset.ancestors or above.container == org_policy.container:
            continue
        if above.spec is None or not above.spec.restricts:
            continue
        wider = added.difference(value for rule in above.spec.rules for value in rule.allowed)
        if wider:
            shown = ", ".join(sorted(wider)[:5])
            return fail(f"{org_policy.constraint} on {org_policy.container} allows {shown}, {above.container} does not")
    return PASS


def _constraint(org_policy: OrgPolicy) -> str:
    return org_policy.constraint


def _plain_values(org_policy: OrgPolicy) -> Iterator[str]:
    """The single values that a policy allows everywhere below it."""
    if org_policy.spec is None or org_policy.spec.reset:
        return
    for rule in org_policy.spec.rules:
        if rule.condition is None:
            yield from (value for value in rule.allowed if not value.startswith(("in:", "under:")))


def _images(spec: dict[str, Any], *, on: str = ORGANIZATION, **further: Any) -> Any:
    return policy("compute.trustedImageProjects", spec, on=on, **further)


@check(
    "org-policy-conditional-exemption",
    severity=Severity.LOW,
    evidence=["spec"],
    fix=Fix(
        gcloud="gcloud org-policies set-policy FILE",
        terraform="no rule with a condition that allows, in spec of google_org_policy_policy",
        manual="See who may attach the tag: roles/resourcemanager.tagUser on the tag value and on the resource. Keep "
        "the rule where that is the team that answers for the guardrail; then accept the finding with its name.",
        patch={"data": {"spec": ENFORCED}},
    ),
    passes=lambda: [
        policy(KEYS, ENFORCED),
        policy(KEYS, {"rules": [{"enforce": True, "condition": _ON_TAG}, {"enforce": False}]}),
        policy("gcp.detailedAuditLoggingMode", {"rules": [{"enforce": False, "condition": _ON_TAG}]}),
        policy(KEYS, ENFORCED, dry_run={"rules": [{"enforce": False, "condition": _ON_TAG}]}),
    ],
    fails=lambda: [
        policy(KEYS, {"rules": [{"enforce": False, "condition": _ON_TAG}, {"enforce": True}]}),
        policy(
            VM_EXTERNAL_ADDRESS.constraint,
            {"rules": [{"denyAll": True}, {"allowAll": True, "condition": _ON_TAG}]},
            on="folders/2001",
        ),
    ],
    unknown=lambda: [policy(KEYS, ENFORCED, unknown=("resource.data.spec.rules.*",))],
)
def conditional_exemption(org_policy: OrgPolicy) -> Verdict:
    """A tag lifts a guardrail from whatever it is attached to.

    Why: Who may attach the tag decides about the guardrail, and attaching a tag looks harmless: the right is given
    to people who could never change an organisation policy.

    What a fix may break: What carries the tag has to obey the guardrail when it is changed next.

    Source: https://cloud.google.com/resource-manager/docs/organization-policy/tags-organization-policy
    """
    guardrail = BY_NAME.get(org_policy.constraint)
    if guardrail is None:
        return not_applicable(_NO_GUARDRAIL)
    if org_policy.spec is None or guardrail.is_lifted_by(org_policy.spec):
        return PASS  # nothing to lift, or lifted for everyone, which other checks tell
    for rule in org_policy.spec.rules:
        if rule.condition is not None and guardrail.opens(rule):
            return fail(
                f"{org_policy.constraint} on {org_policy.container} is lifted where {rule.condition.expression}"
            )
    return PASS


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
