"""Perimeters that look like protection and protect less than they seem to, or nothing."""

from __future__ import annotations

from auditor import PASS, Fix, Settings, Severity, Verdict, check, fail, not_applicable
from auditor.resources.vpc_sc import EVERYTHING, ServicePerimeter
from checks.vpc_sc.dry_run import BRIDGE, DRY_RUN_ONLY
from checks.vpc_sc.examples import DATA_SERVICES, ENFORCED, MINIMAL, perimeter

NOT_ENFORCED = not_applicable("the perimeter enforces nothing, which is a finding of its own")


@check(
    "perimeter-without-resources",
    severity=Severity.MEDIUM,
    evidence=["status.resources", "status.restrictedServices"],
    fix=Fix(
        gcloud="gcloud access-context-manager perimeters update {perimeter.id} --policy={perimeter.policy_id} "
        "--add-resources=projects/PROJECT_NUMBER",
        terraform="status.resources on google_access_context_manager_service_perimeter, or one "
        "google_access_context_manager_service_perimeter_resource for each project",
        manual="Delete the perimeter if nothing is meant to be in it.",
        patch={"data": {"status": {"resources": ["projects/1001"]}}},
    ),
    passes=lambda: [
        perimeter(ENFORCED),
        perimeter({**ENFORCED, "resources": ["//compute.googleapis.com/projects/p/global/networks/prod"]}),
        perimeter(useExplicitDryRunSpec=True, spec=ENFORCED),
        perimeter({"resources": []}, perimeterType="PERIMETER_TYPE_BRIDGE"),
    ],
    fails=lambda: [
        perimeter({"restrictedServices": ["storage.googleapis.com"]}),
        perimeter({**ENFORCED, "resources": []}),
        perimeter(),
    ],
    unknown=lambda: [
        perimeter(ENFORCED, unknown=("resource.data.status.resources",)),
        perimeter({**ENFORCED, "resources": []}, unknown=("resource.data.status.resources.*",)),
    ],
)
def without_resources(perimeter: ServicePerimeter) -> Verdict:
    """A service perimeter has no project and no network in it.

    Why: The boundary is drawn around nothing. Projects that were meant to be inside are open, and the
    perimeter's name in the console says otherwise. It happens when members are kept apart from the
    perimeter in Terraform and one apply removes what another has added.

    What a fix may break: Adding a project cuts its restricted services off from callers outside: test
    with a dry run first.

    Source: https://cloud.google.com/vpc-service-controls/docs/service-perimeters
    """
    if perimeter.is_bridge:
        return BRIDGE
    if perimeter.status.resources:
        return PASS
    return DRY_RUN_ONLY if perimeter.is_dry_run_only else fail("no project or network is inside")


@check(
    "perimeter-restricts-no-service",
    severity=Severity.HIGH,
    evidence=["status.resources", "status.restrictedServices"],
    fix=Fix(
        gcloud="gcloud access-context-manager perimeters update {perimeter.id} --policy={perimeter.policy_id} "
        "--add-restricted-services=storage.googleapis.com,bigquery.googleapis.com,secretmanager.googleapis.com",
        terraform="status.restricted_services on google_access_context_manager_service_perimeter",
        manual="Restrict every supported service that the projects use.",
        patch={"data": {"status": {"restrictedServices": ["storage.googleapis.com"]}}},
    ),
    passes=lambda: [
        perimeter(ENFORCED),
        perimeter(useExplicitDryRunSpec=True, spec=ENFORCED),
        perimeter({"resources": ["projects/1", "projects/2"]}, perimeterType="PERIMETER_TYPE_BRIDGE"),
        perimeter({}),
    ],
    fails=lambda: [
        perimeter({"resources": ["projects/1001"]}),
        perimeter({**ENFORCED, "restrictedServices": []}),
    ],
    unknown=lambda: [perimeter(ENFORCED, unknown=("resource.data.status.restrictedServices",))],
)
def restricts_no_service(perimeter: ServicePerimeter) -> Verdict:
    """A service perimeter restricts no service, so its projects are open.

    Why: A perimeter guards only the services on its list. With an empty list every API of its projects
    answers callers outside as if there were no perimeter, and data can be copied out.

    What a fix may break: Calls to the services from outside the perimeter are refused: test the list as
    a dry run first.

    Source: https://cloud.google.com/vpc-service-controls/docs/service-perimeters
    """
    if perimeter.is_bridge:
        return BRIDGE
    if perimeter.status.restricted_services:
        return PASS
    if perimeter.is_dry_run_only:
        return DRY_RUN_ONLY
    if not perimeter.status.resources:
        return not_applicable("no project is inside, which is a finding of its own")
    return fail(f"{len(perimeter.status.resources)} members and no restricted service")


class ServiceSettings(Settings, frozen=True):
    """Which services a perimeter should restrict."""

    services: tuple[str, ...] = DATA_SERVICES
    """Services that hold a company's data."""


@check(
    "perimeter-data-service-unrestricted",
    severity=Severity.MEDIUM,
    evidence=["status.restrictedServices"],
    same_as=["policy_library:gcp_vpc_sc_ensure_services_v1"],
    fix=Fix(
        gcloud="gcloud access-context-manager perimeters update {perimeter.id} --policy={perimeter.policy_id} "
        "--add-restricted-services=SERVICE",
        terraform="status.restricted_services on google_access_context_manager_service_perimeter",
        manual="Leave a service out only if it is disabled in every project of the perimeter; name the rest in the "
        "check's setting `services`.",
        patch={"data": {"status": {"restrictedServices": list(DATA_SERVICES)}}},
    ),
    passes=lambda: [
        perimeter(ENFORCED),
        perimeter({**MINIMAL, "restrictedServices": ["*"]}),
        perimeter({"resources": ["projects/1001"]}),
        perimeter(useExplicitDryRunSpec=True, spec=ENFORCED),
    ],
    fails=lambda: [
        perimeter(MINIMAL),
        perimeter({**ENFORCED, "restrictedServices": ["container.googleapis.com"]}),
        perimeter({**ENFORCED, "restrictedServices": list(DATA_SERVICES[1:])}),
    ],
    unknown=lambda: [perimeter(MINIMAL, unknown=("resource.data.status.restrictedServices.*",))],
)
def data_service_unrestricted(perimeter: ServicePerimeter, settings: ServiceSettings) -> Verdict:
    """A service perimeter leaves services that hold data unrestricted.

    Why: Data leaves through the service that was forgotten: from a restricted bucket it is loaded into an
    unrestricted database of the same project, and from there to an account outside. Google advises to
    restrict all supported services, used or not.

    What a fix may break: Callers outside lose access to the added services unless an access level or an
    ingress rule admits them. Try the new list as a dry run.

    Source: https://cloud.google.com/vpc-service-controls/docs/supported-products
    """
    if not perimeter.protects:
        return NOT_ENFORCED
    restricted = perimeter.status.restricted_services
    if EVERYTHING in restricted:
        return PASS
    missing = [service for service in settings.services if service not in restricted]
    return fail(f"not restricted: {', '.join(missing)}") if missing else PASS


@check(
    "perimeter-network-services-unlimited",
    severity=Severity.MEDIUM,
    evidence=["status.vpcAccessibleServices"],
    fix=Fix(
        gcloud="gcloud access-context-manager perimeters update {perimeter.id} --policy={perimeter.policy_id} "
        "--enable-vpc-accessible-services --add-vpc-allowed-services=RESTRICTED-SERVICES",
        terraform="status.vpc_accessible_services with enable_restriction = true and allowed_services = "
        '["RESTRICTED-SERVICES"] on google_access_context_manager_service_perimeter',
        patch={
            "data": {
                "status": {
                    "vpcAccessibleServices": {"enableRestriction": True, "allowedServices": ["RESTRICTED-SERVICES"]}
                }
            }
        },
    ),
    passes=lambda: [
        perimeter(ENFORCED),
        perimeter({**MINIMAL, "vpcAccessibleServices": {"enableRestriction": True}}),
        perimeter(
            {**MINIMAL, "vpcAccessibleServices": {"enableRestriction": True, "allowedServices": ["iam.googleapis.com"]}}
        ),
        perimeter({"resources": ["projects/1", "projects/2"]}, perimeterType="PERIMETER_TYPE_BRIDGE"),
    ],
    fails=lambda: [
        perimeter(MINIMAL),
        perimeter({**MINIMAL, "vpcAccessibleServices": {"enableRestriction": False}}),
        perimeter(
            {
                **MINIMAL,
                "vpcAccessibleServices": {
                    "enableRestriction": True,
                    "allowedServices": ["RESTRICTED-SERVICES", "bigquery.googleapis.com"],
                },
            }
        ),
    ],
    unknown=lambda: [
        perimeter(MINIMAL, unknown=("resource.data.status.vpcAccessibleServices.enableRestriction",)),
    ],
)
def network_services_unlimited(perimeter: ServicePerimeter, settings: ServiceSettings) -> Verdict:
    """Networks inside a perimeter can reach services that the perimeter does not restrict.

    Why: From a virtual machine inside, an attacker may call any Google API that is not restricted, and use
    one of them as the way out for data: upload it to a project of their own with their own credentials.
    VPC accessible services close that way at the network.

    What a fix may break: Workloads inside that call other Google APIs over Private Google Access fail
    until these are added to the allowed services.

    Source: https://cloud.google.com/vpc-service-controls/docs/vpc-accessible-services
    """
    if not perimeter.protects:
        return NOT_ENFORCED
    accessible = perimeter.status.vpc_accessible_services
    if not accessible.enable_restriction:
        return fail("networks inside can reach every Google API")
    guarded = perimeter.status.restricted_services
    for service in accessible.allowed_services:
        if service in settings.services and service not in guarded:
            return fail(f"networks inside can reach {service}, which the perimeter does not restrict")
    return PASS
