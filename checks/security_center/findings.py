"""What becomes of findings: that they are acted on, and that no rule hides more than was meant."""

from __future__ import annotations

from typing import Any

from auditor import PASS, Clock, Example, Fix, Settings, Severity, Verdict, asset, check, fail, not_applicable
from auditor.resources.security_center import Finding, MuteRule
from auditor.resources.unknown import told
from checks.audit_logging.log_filter import ANYTHING, Entry, matches
from checks.units import Days

_OWNER = ["organizations/3001"]
_ANY_FINDING = Entry(
    {"severity": ANYTHING, "state": ANYTHING, "mute": ANYTHING, "findingclass": ANYTHING, "category": "\1"}
)
"""A finding of a category and of a resource that no rule names."""


class AgeSettings(Settings, frozen=True):
    """How long a finding may stay open."""

    max_age_days: Days = 30


def _finding(**data: Any) -> Example:
    name = "organizations/3001/sources/5678/locations/global/findings/a1"
    usual = {
        "name": name,
        "category": "PUBLIC_BUCKET_ACL",
        "resourceName": "//storage.googleapis.com/b",
        "state": "ACTIVE",
        "severity": "HIGH",
        "findingClass": "MISCONFIGURATION",
        "mute": "UNMUTED",
        "createTime": "2026-08-01T00:00:00Z",
    }
    given = {key: value for key, value in (usual | data).items() if value is not None}
    return asset(Finding, given, name=f"//securitycenter.googleapis.com/{name}", ancestors=_OWNER)


def _rule(filter: str, **data: Any) -> Example:  # noqa: A002 - the API's name
    name = "organizations/3001/locations/global/muteConfigs/noise"
    usual = {"name": name, "filter": filter, "type": "DYNAMIC", **data}
    return asset(MuteRule, usual, name=f"//securitycenter.googleapis.com/{name}", ancestors=_OWNER)


@check(
    "security-finding-overdue",
    severity=Severity.HIGH,
    evidence=["category", "resourceName", "severity", "createTime", "parentDisplayName"],
    fix=Fix(
        manual="Mend what it tells of; or, if it is accepted, mute it with a reason, so that the next reader knows.",
        patch={"data": {"state": "INACTIVE"}},
    ),
    passes=lambda: [
        _finding(createTime="2026-11-01T00:00:00Z"),
        _finding(severity="MEDIUM"),
        _finding(state="INACTIVE"),
        _finding(mute="MUTED"),
        _finding(findingClass="OBSERVATION"),
    ],
    fails=lambda: [
        _finding(),
        _finding(severity="CRITICAL", mute=None, findingClass="THREAT", category="Persistence: New Geography"),
        _finding(createTime="2026-10-22T00:00:00Z"),
        _finding(findingClass=None),
    ],
    unknown=lambda: [_finding(createTime=None)],
)
def finding_overdue(finding: Finding, settings: AgeSettings, clock: Clock) -> Verdict:
    """A critical or high finding of Security Command Center is open for long.

    Why: Somebody's detector saw it weeks ago, and it still holds. A list in which old findings stay is a list that
    nobody reads, and the next one will stand among them.

    What a fix may break: Nothing by itself; what its own category says.

    Source: https://cloud.google.com/security-command-center/docs/finding-states
    """
    if not finding.is_active:
        return not_applicable("the finding is inactive")
    if finding.is_muted:
        return not_applicable("the finding is muted")
    if finding.severity not in ("CRITICAL", "HIGH"):
        return not_applicable("the finding is of a lower severity")
    if finding.finding_class == "OBSERVATION":
        return not_applicable("an observation asks for nothing")
    age = clock.days_since(told(finding.create_time, "createTime"))
    if age <= settings.max_age_days:
        return PASS
    severity = Severity.HIGH if finding.severity == "CRITICAL" else Severity.MEDIUM
    return fail(f"{finding.category} is open for {age} days, the limit is {settings.max_age_days}", severity=severity)


@check(
    "finding-mute-rule-wide",
    severity=Severity.HIGH,
    evidence=["filter", "type", "expiryTime"],
    fix=Fix(
        gcloud="gcloud scc muteconfigs delete {rule.asset.short_name}",
        terraform="a filter with category or resource on google_scc_v2_organization_mute_config",
        manual="Write one rule for each thing that is accepted: its category, and the project or resource.",
        patch={"data": {"filter": 'category="OPEN_SSH_PORT" AND resource.project_display_name="sandbox"'}},
    ),
    passes=lambda: [
        _rule('category="OPEN_SSH_PORT"'),
        _rule('severity="LOW" AND resource.project_display_name="sandbox"'),
        _rule('(category="A" OR category="B") AND severity="HIGH"'),
        _rule('resource.folders.resource_folder:"//cloudresourcemanager.googleapis.com/folders/9"'),
        _rule('NOT (-category="FLOW_LOGS_DISABLED")'),
    ],
    fails=lambda: [
        _rule('severity="HIGH"'),
        _rule('severity="HIGH" OR severity="CRITICAL"', type="STATIC"),
        _rule('-category="FLOW_LOGS_DISABLED"'),
        _rule('category="A" OR state="ACTIVE"'),
        _rule('finding_class="MISCONFIGURATION" AND severity="LOW"'),
        _rule('NOT resource.project_display_name="prod"'),
    ],
    unknown=lambda: [
        _rule('severity="HIGH" AND ('),
        asset(
            MuteRule,
            {"type": "STATIC"},
            name="//securitycenter.googleapis.com/organizations/3001/muteConfigs/x",
            ancestors=_OWNER,
            unknown=["resource.data.filter"],
        ),
    ],
)
def mute_rule_wide(rule: MuteRule) -> Verdict:
    """A mute rule hides findings whatever they are and whatever they are of.

    Why: Its filter names neither a category nor a resource, or names those that are spared, so that it also hides what
    nobody has thought of yet. A static rule hides for ever, even after it is deleted. Attackers who may write one need
    not fear to be seen.

    What a fix may break: Findings appear that were hidden; so they should.

    Source: https://cloud.google.com/security-command-center/docs/how-to-mute-findings
    """
    if not matches(rule.filter, _ANY_FINDING):
        return PASS
    only_low = "severity" in rule.filter and not any(name in rule.filter.upper() for name in ("HIGH", "CRITICAL", "-"))
    return fail(
        f"every finding that fits {rule.filter or 'an empty filter'} is hidden, of any category and any resource",
        severity=Severity.LOW if only_low else None,
    )
