"""Whether the services of Security Command Center look at the estate, and where their findings go.

Which services are on is in no export, so that these questions are answered of live estates, and of what was collected
from one.
"""

from __future__ import annotations

from typing import Any

from auditor import PASS, Estate, Example, Fix, Severity, Undetermined, Verdict, asset, check, fail, not_applicable
from auditor.resources.resourcemanager import Organization
from auditor.resources.security_center import (
    DetectionService,
    FindingExport,
    FindingNotification,
    SecurityCenterResource,
    SecuritySource,
)

_OWNER = ["organizations/3001"]
_NOT_ASKED = "what Security Command Center is set to is in no export, and was not collected"
_OFF = ("DISABLED", "INGEST_ONLY")
_PATCH = {"data": {"effectiveEnablementState": "ENABLED", "intendedEnablementState": "ENABLED"}}


def _service(name: str = "security-health-analytics", state: str = "ENABLED", owner: str = _OWNER[0]) -> Example:
    full = f"{owner}/locations/global/securityCenterServices/{name}"
    data = {"name": full, "intendedEnablementState": "INHERITED", "effectiveEnablementState": state}
    return asset(DetectionService, data, name=f"//securitycentermanagement.googleapis.com/{full}", ancestors=[owner])


def _organization(*surroundings: Example) -> list[Example]:
    return [asset(Organization, {"displayName": "example.com"}, ancestors=_OWNER), *surroundings]


def _source() -> Example:
    name = "organizations/3001/sources/5678"
    data = {"name": name, "displayName": "Security Health Analytics"}
    return asset(SecuritySource, data, name=f"//securitycenter.googleapis.com/{name}", ancestors=_OWNER)


def _notification(**data: Any) -> Example:
    name = "organizations/3001/locations/global/notificationConfigs/pager"
    usual = {"name": name, "pubsubTopic": "projects/soc/topics/findings", **data}
    return asset(FindingNotification, usual, name=f"//securitycenter.googleapis.com/{name}", ancestors=_OWNER)


def _export() -> Example:
    name = "organizations/3001/locations/global/bigQueryExports/lake"
    data = {"name": name, "dataset": "projects/soc/datasets/findings"}
    return asset(FindingExport, data, name=f"//securitycenter.googleapis.com/{name}", ancestors=_OWNER)


def _owner_of(resource: SecurityCenterResource) -> str:
    return resource.owner


@check(
    "security-center-off",
    severity=Severity.HIGH,
    reads=[DetectionService],
    fix=Fix(
        gcloud="gcloud scc manage services update security-health-analytics --organization={organization.id} "
        "--enablement-state=enabled",
        manual="Activate Security Command Center for the organisation; the Standard tier costs nothing.",
        patch=lambda: [_service("event-threat-detection")],
    ),
    passes=lambda: [
        _organization(_service()),
        _organization(_service(state="DISABLED"), _service("event-threat-detection")),
    ],
    fails=lambda: [
        _organization(_service(state="DISABLED")),
        _organization(_service(state="DISABLED"), _service("web-security-scanner", "DISABLED")),
        _organization(_service(state="DISABLED"), _service(owner="projects/1001")),
    ],
    unknown=lambda: [_organization(), _organization(_service(owner="projects/1001"))],
)
def center_off(organization: Organization, estate: Estate) -> Verdict:
    """No service of Security Command Center looks at an organisation.

    Why: Nothing tells that a bucket was opened to the world this morning, that a key is being used from elsewhere, or
    that a machine mines coins. An audit like this one sees a moment; detection sees the nights between.

    What a fix may break: Nothing. The Premium and Enterprise tiers are paid for.

    Source: https://cloud.google.com/security-command-center/docs/activate-scc-overview
    """
    services = estate.related(DetectionService, _owner_of, organization.asset.key)
    states = [service.effective_enablement_state for service in services]
    if "ENABLED" in states:
        return PASS
    if not states or any(state not in _OFF for state in states):
        raise Undetermined("the services of Security Command Center", _NOT_ASKED)
    return fail("all of its services are off")


@check(
    "security-center-service-off",
    severity=Severity.MEDIUM,
    evidence=["intendedEnablementState", "effectiveEnablementState"],
    fix=Fix(
        gcloud="gcloud scc manage services update {service.id} --{service.level}={service.number} "
        "--enablement-state=enabled",
        manual="Some services need the Premium or Enterprise tier.",
        patch=_PATCH,
    ),
    passes=lambda: [_service(), _service("event-threat-detection"), _service("vm-manager", "DISABLED")],
    fails=lambda: [
        _service(state="DISABLED"),
        _service("event-threat-detection", "DISABLED"),
        _service("container-threat-detection", "INGEST_ONLY"),
        _service("vm-threat-detection", "DISABLED", owner="projects/1001"),
    ],
    unknown=lambda: [
        _service(state="ENABLEMENT_STATE_UNSPECIFIED"),
        asset(
            DetectionService,
            {},
            name="//securitycentermanagement.googleapis.com/organizations/3001/locations/global/"
            "securityCenterServices/event-threat-detection",
            unknown=["resource.data.effectiveEnablementState"],
        ),
    ],
)
def service_off(service: DetectionService) -> Verdict:
    """A detection service of Security Command Center is off.

    Why: Each looks at something that no other does: configurations, logs, containers, machines, web applications. What
    it would have found is not found, and the absence of findings looks like good news.

    What a fix may break: Nothing. Some services are paid for with a tier; container detection runs on every node.

    Source: https://cloud.google.com/security-command-center/docs/concepts-security-sources
    """
    if service.id not in DetectionService.CORE:
        return not_applicable("the service does not detect threats or misconfigurations by itself")
    state = service.effective_enablement_state
    if state == "ENABLEMENT_STATE_UNSPECIFIED":
        raise Undetermined("effectiveEnablementState", "the answer does not say whether the service is on")
    return fail(f"{service.id} is {state.lower().replace('_', ' ')}") if state in _OFF else PASS


@check(
    "security-findings-sent-nowhere",
    severity=Severity.MEDIUM,
    reads=[SecuritySource, FindingNotification, FindingExport],
    fix=Fix(
        gcloud="gcloud scc notifications create all-active --organization={organization.id} "
        '--pubsub-topic=projects/PROJECT/topics/TOPIC --filter=state="ACTIVE"',
        terraform="google_scc_v2_organization_notification_config",
        manual="Send them where the people on duty look: a pager, a ticket queue, a SIEM.",
        patch=lambda: [_notification()],
    ),
    passes=lambda: [
        _organization(_source(), _notification()),
        _organization(_source(), _export()),
        _organization(_source(), _notification(pubsubTopic=""), _export()),
    ],
    fails=lambda: [_organization(_source()), _organization(_source(), _notification(pubsubTopic=""))],
    unknown=lambda: [_organization()],
)
def findings_sent_nowhere(organization: Organization, estate: Estate) -> Verdict:
    """Findings of Security Command Center go nowhere but to its own page.

    Why: A finding that waits for somebody to open a page is found after the incident. Nothing wakes anybody, and
    nothing is kept beyond what the page keeps.

    What a fix may break: Nothing. Filter by severity if the channel is read by people.

    Source: https://cloud.google.com/security-command-center/docs/how-to-notifications
    """
    key = organization.asset.key
    if next(iter(estate.related(SecuritySource, _owner_of, key)), None) is None:
        raise Undetermined("Security Command Center", _NOT_ASKED)
    if any(config.pubsub_topic for config in estate.related(FindingNotification, _owner_of, key)):
        return PASS
    if any(export.dataset for export in estate.related(FindingExport, _owner_of, key)):
        return PASS
    return fail("it has neither a notification nor an export to BigQuery")
