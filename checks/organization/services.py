"""Which of Google's services projects may use."""

from __future__ import annotations

from auditor import PASS, Example, Fix, Settings, Severity, Verdict, asset, check, fail, not_applicable
from auditor.resources.serviceusage import Service


class ServiceSettings(Settings, frozen=True):
    """Which services may be enabled."""

    allowed: tuple[str, ...] = ()
    """The only ones that may be; empty where all may that are not refused."""
    refused: tuple[str, ...] = (
        "cloudiot.googleapis.com",
        "containerregistry.googleapis.com",
        "deploymentmanager.googleapis.com",
        "sourcerepo.googleapis.com",
    )
    """The ones that must not be: at first those that Google has withdrawn."""


def _service(name: str, state: str = "ENABLED") -> Example:
    return asset(Service, {"state": state}, name=f"//serviceusage.googleapis.com/projects/1001/services/{name}")


@check(
    "service-not-allowed",
    severity=Severity.LOW,
    default=False,
    evidence=["state"],
    same_as=["forseti:enabled_apis", "policy_library:gcp_serviceusage_allowed_services_v1"],
    fix=Fix(
        gcloud="gcloud services disable {service.id}",
        terraform="no google_project_service for it",
        guardrail="gcp.restrictServiceUsage",
        manual="See who calls it first: `gcloud services disable` tells which other services need it.",
        patch={"data": {"state": "DISABLED"}},
    ),
    passes=lambda: [_service("run.googleapis.com"), _service("sourcerepo.googleapis.com", "DISABLED")],
    fails=lambda: [_service("sourcerepo.googleapis.com"), _service("containerregistry.googleapis.com")],
    unknown=lambda: [
        asset(
            Service,
            {},
            name="//serviceusage.googleapis.com/projects/1001/services/cloudiot.googleapis.com",
            unknown=["resource.data.state"],
        )
    ],
)
def service_not_allowed(service: Service, settings: ServiceSettings) -> Verdict:
    """A project has a service enabled that the organisation does not use.

    Why: Every enabled service is one more way in and one more bill; a project that has one which nobody planned is
    where to look first. What may be used is for the owner to say: set `allowed` or `refused`. As it comes, the check
    tells services that Google has withdrawn, and it is not selected by default.

    What a fix may break: What calls the service, and what other services need it for.

    Source: https://cloud.google.com/resource-manager/docs/organization-policy/restricting-resources
    """
    if not service.is_enabled:
        return not_applicable("it is not enabled")
    if service.id in settings.refused:
        return fail(f"{service.id} is enabled and refused")
    if settings.allowed and service.id not in settings.allowed:
        return fail(f"{service.id} is enabled and not among the {len(settings.allowed)} that are allowed")
    return PASS
