"""What Security Command Center says of itself, and of rules that the owner made: read from its findings.

Findings are in no export, so that these questions are answered of live estates, and of what was collected from one.
"""

from __future__ import annotations

from typing import Any

from auditor import Example, Fix, Severity, Verdict, asset, check, fail, not_applicable
from auditor.resources.security_center import Finding

_OWNER = ["organizations/3001"]
_OWN_RULES = (
    "CUSTOM_ORG_POLICY_VIOLATION",
    "DATA_SECURITY_POSTURE_",
    "FLOOR_SETTINGS_VIOLATION",
    "SECURITY_POSTURE_",
    "SENSITIVE_DATA_CMEK_DISABLED",
)
"""How categories begin that tell of a rule that the owner set up, and not of Google's own."""


def _finding(category: str, **data: Any) -> Example:
    name = "organizations/3001/sources/5678/locations/global/findings/b2"
    usual = {"name": name, "category": category, "state": "ACTIVE", "findingClass": "MISCONFIGURATION", **data}
    return asset(Finding, usual, name=f"//securitycenter.googleapis.com/{name}", ancestors=_OWNER)


def _unheard(finding: Finding) -> Verdict | None:
    if not finding.is_active:
        return not_applicable("the finding is inactive")
    return not_applicable("the finding is muted") if finding.is_muted else None


@check(
    "security-center-cannot-look",
    severity=Severity.MEDIUM,
    evidence=["category", "resourceName", "parentDisplayName"],
    same_as=["sha:VPC_SC_RESTRICTION", "sha:SCC_SERVICE_ACCOUNT_MISSING_PERMISSIONS"],
    fix=Fix(
        manual="The finding's page says what is missing: a role of the service account of Security Command Center, or "
        "an ingress rule of the perimeter that lets it in.",
        patch={"data": {"state": "INACTIVE"}},
    ),
    passes=lambda: [
        _finding("PUBLIC_BUCKET_ACL"),
        _finding("VPC_SC_RESTRICTION", findingClass="SCC_ERROR", state="INACTIVE"),
    ],
    fails=lambda: [
        _finding("VPC_SC_RESTRICTION", findingClass="SCC_ERROR"),
        _finding("SCC_SERVICE_ACCOUNT_MISSING_PERMISSIONS", findingClass="SCC_ERROR"),
    ],
    unknown=lambda: [
        asset(
            Finding,
            {"category": "API_DISABLED", "findingClass": "SCC_ERROR"},
            name="//securitycenter.googleapis.com/organizations/3001/sources/1/findings/c",
            ancestors=_OWNER,
            unknown=["resource.data.state"],
        )
    ],
)
def cannot_look(finding: Finding) -> Verdict:
    """Security Command Center says that it cannot look at part of the estate.

    Why: where it cannot look it finds nothing, and nothing found looks like nothing wrong.

    What a fix may break: nothing; findings appear that were not looked for.

    Source: https://cloud.google.com/security-command-center/docs/concepts-scc-errors
    """
    if finding.finding_class != "SCC_ERROR":
        return not_applicable("the finding is about the estate, not about the service")
    return _unheard(finding) or fail(f"{finding.category} is active")


@check(
    "own-rule-violated",
    severity=Severity.MEDIUM,
    evidence=["category", "resourceName", "severity", "parentDisplayName"],
    same_as=[
        "sha:CUSTOM_ORG_POLICY_VIOLATION",
        "sha:SECURITY_POSTURE_DRIFT",
        "sha:FLOOR_SETTINGS_VIOLATION",
        "sha:DATA_SECURITY_POSTURE_ACCESS_VIOLATION",
        "sha:SENSITIVE_DATA_CMEK_DISABLED",
    ],
    fix=Fix(
        manual="Mend the resource, or the rule where it asks too much; a posture that drifted is deployed again.",
        patch={"data": {"state": "INACTIVE"}},
    ),
    passes=lambda: [
        _finding("PUBLIC_BUCKET_ACL"),
        _finding("SECURITY_POSTURE_DRIFT", state="INACTIVE"),
        _finding("CUSTOM_ORG_POLICY_VIOLATION", mute="MUTED"),
    ],
    fails=lambda: [
        _finding("SECURITY_POSTURE_POLICY_DRIFT", findingClass="POSTURE_VIOLATION"),
        _finding("CUSTOM_ORG_POLICY_VIOLATION"),
        _finding("DATA_SECURITY_POSTURE_ACCESS_VIOLATION"),
        _finding("ANY_NEW_NAME", findingClass="POSTURE_VIOLATION"),
    ],
    unknown=lambda: [
        asset(
            Finding,
            {"state": "ACTIVE"},
            name="//securitycenter.googleapis.com/organizations/3001/sources/1/findings/d",
            ancestors=_OWNER,
            unknown=["resource.data.category"],
        )
    ],
)
def own_rule_violated(finding: Finding) -> Verdict:
    """Security Command Center says that a resource breaks a rule that the owner made.

    Why: custom constraints, deployed postures, floor settings and data rules are what an owner has decided; a resource
    that breaks one is either an accident or somebody who went around it. Only what the service found is told.

    What a fix may break: what its own rule says.

    Source: https://cloud.google.com/security-command-center/docs/security-posture-overview
    """
    if finding.finding_class != "POSTURE_VIOLATION" and not finding.category.startswith(_OWN_RULES):
        return not_applicable("the finding is about one of Google's rules")
    return _unheard(finding) or fail(f"{finding.category} is active")
