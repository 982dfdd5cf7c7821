"""Services that projects inside a perimeter use, and the perimeter leaves open."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from auditor import (
    PASS,
    Estate,
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
from auditor.resources.resourcemanager import Project
from auditor.resources.serviceusage import Service
from auditor.resources.unknown import known_first
from auditor.resources.vpc_sc import EVERYTHING, ServicePerimeter
from checks.vpc_sc.enforcement import NOT_ENFORCED
from checks.vpc_sc.examples import DATA_SERVICES, ENFORCED, perimeter
from checks.vpc_sc.membership import SHOP, projects_of
from checks.vpc_sc.supported import AS_OF, SUPPORTED

_NOT_PER_PROJECT = frozenset({"cloudresourcemanager.googleapis.com", "serviceusage.googleapis.com"})
"""Services that administration itself runs on: restricted last, if at all."""

_SHOWN = 12


class EnabledServiceSettings(Settings, frozen=True):
    """Which enabled services may stay unrestricted."""

    unrestricted: tuple[str, ...] = ()
    """Services that are left out on purpose."""


def _service(name: str, *, state: str = "ENABLED", project: str = "1001", unknown: Sequence[str] = ()) -> Example:
    return asset(
        Service,
        {"state": state},
        name=f"//serviceusage.googleapis.com/projects/{project}/services/{name}.googleapis.com",
        ancestors=(f"projects/{project}", "organizations/3001"),
        unknown=unknown,
    )


_ALONE = {**ENFORCED, "resources": ["projects/1001"]}


@check(
    "perimeter-enabled-service-unrestricted",
    severity=Severity.MEDIUM,
    reads=[Service, Project],
    evidence=["status.restrictedServices"],
    fix=Fix(
        gcloud="gcloud access-context-manager perimeters update {perimeter.id} --policy={perimeter.policy_id} "
        "--add-restricted-services={found[services]}",
        terraform="status.restricted_services on google_access_context_manager_service_perimeter",
        manual="Try the longer list as a dry run first. Disable the services that nothing uses; name those that are "
        "left out on purpose in the check's setting `unrestricted`.",
        patch={"data": {"status": {"restrictedServices": sorted(SUPPORTED)}}},
    ),
    passes=lambda: [
        [perimeter(_ALONE), _service("storage"), _service("bigquery")],
        [perimeter(_ALONE), _service("storage"), _service("container", state="DISABLED")],
        [perimeter(_ALONE), _service("storage"), _service("maps-backend")],
        [perimeter({**_ALONE, "restrictedServices": ["*"]}), _service("container")],
        [perimeter(_ALONE), _service("storage"), _service("dataflow", project="1002")],
        [perimeter({**_ALONE, "restrictedServices": ["storage.googleapis.com"]}), _service("bigquery")],
        perimeter(useExplicitDryRunSpec=True, spec=_ALONE),
    ],
    fails=lambda: [
        [perimeter(_ALONE), _service("storage"), _service("container")],
        [perimeter(ENFORCED), _service("storage"), _service("dataflow", project="1002")],
        [perimeter({**_ALONE, "resources": ["folders/2001"]}), SHOP, _service("storage"), _service("container")],
    ],
    unknown=lambda: [
        [perimeter(_ALONE), _service("storage", project="1002")],
        [perimeter(_ALONE), _service("container", unknown=["resource.data.state"])],
    ],
)
def enabled_service_unrestricted(
    perimeter: ServicePerimeter, estate: Estate, settings: EnabledServiceSettings
) -> Verdict:
    """A project inside a perimeter has enabled a service that the perimeter could restrict and does not.

    Why: What a service of the project can read, it can carry out: a data pipeline, a build or a notebook that is not
    restricted answers callers from anywhere, with data of the services that are. Google's advice is to restrict all
    that is supported. Services that hold data by themselves are told by another check, enabled or not.

    What a fix may break: Callers outside lose access to the added services unless an access level or an ingress rule
    admits them.

    Source: https://cloud.google.com/vpc-service-controls/docs/supported-products
    """
    if not perimeter.protects:
        return NOT_ENFORCED
    restricted = perimeter.status.restricted_services
    if EVERYTHING in restricted:
        return PASS
    judged = SUPPORTED - {*DATA_SERVICES, *_NOT_PER_PROJECT, *settings.unrestricted}

    members = [resource for resource in perimeter.status.resources if not resource.startswith("//")]
    if not members:
        return not_applicable("no project is inside, only networks")
    projects = known_first(members, lambda member: projects_of(member, estate))

    def left_open(member: str) -> Iterator[tuple[str, str]]:
        services = estate.in_project(Service, member)
        if not services:
            raise Undetermined("enabled services", f"the input has none of {member}")
        for each in services:
            if each.id in judged and each.id not in restricted and each.is_enabled:
                yield each.id, member

    found: dict[str, str] = {}
    try:
        for service, member in known_first(projects, left_open):
            found.setdefault(service, member)
    except Undetermined:
        if not found:
            raise
    if not found:
        return PASS
    names = sorted(found)
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return fail(
        f"enabled inside and not restricted: {', '.join(names[:_SHOWN])}{more}",
        evidence={"services": ",".join(names), "enabled_in": found, "supported_as_of": AS_OF.isoformat()},
    )
