"""Which projects are inside a perimeter, and which perimeters are joined by bridges."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache

from auditor import (
    PASS,
    Estate,
    Example,
    Fix,
    Resource,
    Settings,
    Severity,
    Undetermined,
    Verdict,
    asset,
    check,
    fail,
    not_applicable,
)
from auditor.resources.bigquery import Dataset
from auditor.resources.decode import cause_of
from auditor.resources.kms import CryptoKey
from auditor.resources.resourcemanager import Organization, Project
from auditor.resources.secretmanager import Secret
from auditor.resources.sql import SqlInstance
from auditor.resources.vpc_sc import ServicePerimeter
from checks.vpc_sc.examples import ENFORCED, named_perimeter, perimeter

ORGANIZATION = asset(Organization, {"displayName": "example.com"}, ancestors=["organizations/3001"])
SHOP = asset(Project, {"projectId": "shop-prod", "state": "ACTIVE"})
ELSEWHERE = {**ENFORCED, "resources": ["projects/7007"]}

JOINED = {"resources": ["projects/1001", "projects/5005"]}

_APPS_SCRIPT = re.compile(r"sys-\d{20,}")


@dataclass
class Protection:
    """What all enforced perimeters of an estate hold."""

    members: set[str] = field(default_factory=set)
    """Project ids, or numbers where no id is known, and folders (`folders/2`), which stand for all projects below."""
    organizations: set[str] = field(default_factory=set)
    """Those that enforce a perimeter; `""` where a perimeter's organisation is not known."""
    services: dict[str, set[str]] = field(default_factory=dict)
    """Member → the services that perimeters restrict for it; networks are members here by their full name."""
    perimeters: int = 0
    doubt: Undetermined | None = None
    """Why there may be more members than are known."""

    def member_for(self, project: str, ancestors: Iterable[str]) -> str:
        """What makes a project a member: its own entry, else the nearest folder above it that has one; else `""`."""
        return next((name for name in (project, *ancestors) if name in self.members), "")

    def certain(self) -> None:
        """Raise `Undetermined` where there may be more members than are known."""
        if self.doubt:
            raise Undetermined(self.doubt.what, self.doubt.cause)


@lru_cache(maxsize=1)
def protection(estate: Estate) -> Protection:
    """The protection in force, gathered once for all projects of an estate that was read to its end."""
    found = Protection()
    try:
        for candidate in estate.of(ServicePerimeter):
            try:
                _gather(candidate, estate, found)
            except Undetermined as unknown:
                found.doubt = Undetermined(
                    f"{unknown.what} of perimeter {candidate.id}", cause_of(candidate.asset, unknown)
                )
    except Undetermined as unknown:  # there may be more perimeters
        found.doubt = unknown
    return found


def _gather(candidate: ServicePerimeter, estate: Estate, found: Protection) -> None:
    if not candidate.protects:
        return
    found.perimeters += 1
    found.organizations.update(candidate.asset.ancestors[-1:] or [""])
    restricted = set(candidate.status.restricted_services)
    for resource in candidate.status.resources:
        member = resource
        if resource.startswith("projects/"):
            member = estate.project_id(resource)
            found.members.add(member)
        elif resource.startswith("folders/"):
            found.members.add(member)
        found.services.setdefault(member, set()).update(restricted)


def is_member(project: Project, found: Protection) -> bool:
    """Whether a project is inside, by itself or with a folder above it.

    Raises `Undetermined` where its number is not known, and a project is inside of which nothing else is.
    """
    names = (project.project_id, project.asset.key.partition("/")[2], project.id, *project.asset.ancestors)
    if not found.members.isdisjoint(names):
        return True
    stranger = next((member for member in sorted(found.members) if member.isdigit()), "")
    if stranger and not any(name.isdigit() for name in names):
        raise Undetermined("the project's number", f"the input does not tell whether it is {stranger}, which is inside")
    return False


def projects_of(member: str, estate: Estate) -> Iterator[str]:
    """The projects that a member of a perimeter stands for: itself, all below a folder, none for a network."""
    if member.startswith("projects/"):
        yield member
    elif member.startswith("folders/"):
        for project in estate.of(Project):
            if member in project.asset.ancestors:
                yield project.asset.key


@check(
    "organization-without-perimeter",
    severity=Severity.MEDIUM,
    reads=[ServicePerimeter],
    fix=Fix(
        gcloud="gcloud access-context-manager perimeters dry-run create PERIMETER --policy=POLICY "
        "--perimeter-title=TITLE --perimeter-type=regular --perimeter-resources=projects/PROJECT_NUMBER "
        "--perimeter-restricted-services=storage.googleapis.com,bigquery.googleapis.com",
        terraform="google_access_context_manager_service_perimeter with restricted_services and resources in status",
        manual="Begin with a dry run around the projects that hold personal data, then enforce it.",
        patch=lambda: [named_perimeter("added", ENFORCED)],
    ),
    passes=lambda: [
        [ORGANIZATION, perimeter(ENFORCED)],
        [ORGANIZATION, named_perimeter("trial", useExplicitDryRunSpec=True, spec=ENFORCED), perimeter(ELSEWHERE)],
    ],
    fails=lambda: [
        ORGANIZATION,
        [ORGANIZATION, perimeter(useExplicitDryRunSpec=True, spec=ENFORCED)],
        [ORGANIZATION, perimeter({"restrictedServices": ["storage.googleapis.com"]})],
        [ORGANIZATION, perimeter({"resources": ["projects/1", "projects/2"]}, perimeterType="PERIMETER_TYPE_BRIDGE")],
    ],
    unknown=lambda: [[ORGANIZATION, perimeter(unknown=("resource.data.status",))]],
)
def organization_without_perimeter(organization: Organization, estate: Estate) -> Verdict:
    """No service perimeter is enforced in the organisation.

    Why: Whoever steals a credential can read the data that it opens from anywhere, and copy it to a
    project of their own. IAM cannot tell such a copy from the owner's; a perimeter refuses it.

    What a fix may break: An enforced perimeter refuses every call across its border that no rule
    admits: builds, exports, partners, consoles at home. Log them with a dry run first.

    Source: https://cloud.google.com/vpc-service-controls/docs/overview
    """
    found = protection(estate)
    if found.organizations & {"", organization.asset.key}:
        return PASS
    found.certain()
    return fail("no perimeter restricts a service for any project or network")


@check(
    "project-outside-perimeter",
    severity=Severity.MEDIUM,
    evidence=["projectId"],
    reads=[ServicePerimeter, Organization, Dataset, Secret, CryptoKey, SqlInstance],
    same_as=[
        "prowler:cloudstorage_uses_vpc_service_controls",
        "policy_library:gcp_vpc_sc_ensure_project_v1",
        "policy_library:gcp_vpc_sc_project_perimeter",
    ],
    fix=Fix(
        gcloud="gcloud access-context-manager perimeters dry-run update PERIMETER --policy=POLICY "
        "--add-resources={project.asset.key}",
        terraform="google_access_context_manager_service_perimeter_resource",
        manual="Look at the dry run's log, add ingress and egress rules for what is legitimate, then enforce.",
        patch=lambda: [named_perimeter("added", ENFORCED)],
    ),
    passes=lambda: [
        [SHOP, perimeter({**ENFORCED, "resources": ["folders/2001"]})],
        [
            asset(Project, {"projectId": "deep"}, ancestors=["projects/8", "folders/9", "folders/2001"]),
            perimeter({**ENFORCED, "resources": ["folders/2001"]}),
        ],
        [SHOP, perimeter(ENFORCED)],
        [SHOP, perimeter({**ENFORCED, "resources": ["projects/shop-prod"]})],
        [asset(Project, {"projectId": "shop-prod"}, ancestors=["projects/shop-prod"]), SHOP, perimeter(ENFORCED)],
        [asset(Project, {"projectId": "gone", "state": "DELETE_REQUESTED"}), perimeter(ELSEWHERE)],
        [asset(Project, {"projectId": "sys-12345678901234567890123456"}), perimeter(ELSEWHERE)],
        [SHOP, ORGANIZATION],
        [SHOP, perimeter(ENFORCED), named_perimeter("b", ELSEWHERE, unknown=("resource.data.status.resources",))],
    ],
    fails=lambda: [
        [SHOP, perimeter({**ENFORCED, "resources": ["folders/2009"]})],
        [SHOP, perimeter(ELSEWHERE)],
        [SHOP, perimeter(ELSEWHERE), ORGANIZATION],
        [SHOP, perimeter(ELSEWHERE), asset(Secret, {})],
        [SHOP, perimeter(ELSEWHERE), named_perimeter("trial", useExplicitDryRunSpec=True, spec=ENFORCED)],
        [
            SHOP,
            perimeter(ELSEWHERE),
            named_perimeter("bridge", {"resources": ["projects/1001"]}, perimeterType="PERIMETER_TYPE_BRIDGE"),
        ],
        [SHOP, perimeter({**ENFORCED, "resources": ["//compute.googleapis.com/projects/shop-prod/global/networks/n"]})],
        SHOP,
    ],
    unknown=lambda: [
        [SHOP, perimeter(ELSEWHERE, unknown=("resource.data.status.resources.*",))],
        [asset(Project, {"projectId": "shop-prod"}, ancestors=["projects/shop-prod"]), perimeter(ENFORCED)],
        [SHOP, perimeter(ELSEWHERE), named_perimeter("b", unknown=("resource.data.status",))],
    ],
)
def project_outside_perimeter(project: Project, estate: Estate) -> Verdict:
    """A project is in no enforced service perimeter.

    Why: The organisation draws perimeters around its data, and this project's data lies outside of them:
    stolen credentials open it from anywhere. One that holds datasets, secrets, keys or databases is the worse
    case. A project outside is also where data from inside is
    carried to when a rule of a perimeter admits it.

    What a fix may break: Calls from outside the perimeter to the project's restricted services are
    refused. Service projects of a Shared VPC need their host project inside, too.

    Source: https://cloud.google.com/vpc-service-controls/docs/service-perimeters
    """
    if not project.is_active:
        return not_applicable("the project is being deleted")
    if _APPS_SCRIPT.fullmatch(project.project_id):
        return not_applicable("a project that Apps Script made for a script")
    found = protection(estate)
    if is_member(project, found):
        return PASS
    found.certain()
    if not found.organizations & {"", *project.asset.ancestors} and any(True for _ in estate.of(Organization)):
        return not_applicable("no perimeter is enforced, which is a finding of the organisation")
    what = next((name for view, name in _DATA.items() if _holds(view, project, estate)), "")
    where = (
        "not in the one perimeter that is enforced"
        if found.perimeters == 1
        else f"in none of the {found.perimeters} enforced perimeters"
    )
    if what:
        return fail(f"holds {what}, and is {where}", severity=Severity.HIGH)
    return fail(where)


_DATA: dict[type[Resource], str] = {
    Dataset: "BigQuery datasets",
    Secret: "secrets",
    CryptoKey: "encryption keys",
    SqlInstance: "databases",
}
"""What makes a project outside a worse case."""


def _holds(view: type[Resource], project: Project, estate: Estate) -> bool:
    """Whether the input has such a resource of the project; what it may lack does not matter here."""
    with suppress(Undetermined):
        return bool(estate.in_project(view, project.asset.key))
    return False


@check(
    "perimeter-bridge",
    severity=Severity.LOW,
    evidence=["status.resources"],
    fix=Fix(
        gcloud="gcloud access-context-manager perimeters delete {perimeter.id} --policy={perimeter.policy_id}",
        terraform="remove the google_access_context_manager_service_perimeter of type PERIMETER_TYPE_BRIDGE",
        manual="Write ingress and egress rules for the exchanges first.",
        patch={"data": {"status": {"resources": []}}},
    ),
    passes=lambda: [
        perimeter(ENFORCED),
        perimeter({}, perimeterType="PERIMETER_TYPE_BRIDGE"),
        perimeter(
            perimeterType="PERIMETER_TYPE_BRIDGE", useExplicitDryRunSpec=True, spec={"resources": ["projects/1"]}
        ),
        perimeter({"resources": ["projects/1"]}, perimeterType="PERIMETER_TYPE_BRIDGE"),
    ],
    fails=lambda: [
        perimeter({"resources": ["projects/1001", "projects/5005"]}, perimeterType="PERIMETER_TYPE_BRIDGE"),
        perimeter({"resources": [f"projects/{n}" for n in range(30)]}, perimeterType="PERIMETER_TYPE_BRIDGE"),
    ],
    unknown=lambda: [
        perimeter({}, perimeterType="PERIMETER_TYPE_BRIDGE", unknown=("resource.data.status.resources",)),
    ],
)
def bridge(perimeter: ServicePerimeter) -> Verdict:
    """A perimeter bridge joins projects of several perimeters without limits.

    Why: Over a bridge all identities may use all restricted services in both directions: whoever takes
    over one of the joined projects has a way out of all perimeters that they belong to. Ingress and
    egress rules say who may do what, in one direction.

    What a fix may break: Every exchange over the bridge that got no rule of its own.

    Source: https://cloud.google.com/vpc-service-controls/docs/share-across-perimeters
    """
    if not perimeter.is_bridge:
        return not_applicable("a regular perimeter")
    joined = len(perimeter.status.resources)
    return fail(f"joins {joined} projects in both directions") if joined > 1 else PASS


def labelled(one: str, other: str) -> list[Example]:
    """Two projects with an environment label each."""
    return [
        asset(Project, {"projectId": "shop-a", "labels": {"env": one}}),
        asset(Project, {"projectId": "shop-b", "labels": {"environment": other}}, ancestors=["projects/5005"]),
    ]


class EnvironmentSettings(Settings, frozen=True):
    """How projects say which environment they belong to."""

    labels: tuple[str, ...] = ("environment", "env", "stage")
    production: tuple[str, ...] = ("production", "prod", "prd", "live")


@check(
    "perimeter-bridge-mixes-environments",
    severity=Severity.HIGH,
    evidence=["status.resources"],
    reads=[Project],
    fix=Fix(
        gcloud="gcloud access-context-manager perimeters update {perimeter.id} --policy={perimeter.policy_id} "
        "--remove-resources=projects/PROJECT_NUMBER",
        terraform="status.resources of the google_access_context_manager_service_perimeter",
        manual="Write an egress rule for what production takes from the other environment, and the other way round.",
        patch={"data": {"status": {"resources": ["projects/1001"]}}},
    ),
    passes=lambda: [
        [perimeter(ENFORCED), *labelled("prod", "dev")],
        [perimeter(JOINED, perimeterType="PERIMETER_TYPE_BRIDGE"), *labelled("prod", "production")],
        [perimeter(JOINED, perimeterType="PERIMETER_TYPE_BRIDGE"), *labelled("dev", "test")],
        [perimeter({"resources": ["projects/1001"]}, perimeterType="PERIMETER_TYPE_BRIDGE"), *labelled("prod", "dev")],
    ],
    fails=lambda: [
        [perimeter(JOINED, perimeterType="PERIMETER_TYPE_BRIDGE"), *labelled("prod", "dev")],
        [perimeter(JOINED, perimeterType="PERIMETER_TYPE_BRIDGE"), *labelled("staging", "Live")],
    ],
    unknown=lambda: [
        [
            perimeter(JOINED, perimeterType="PERIMETER_TYPE_BRIDGE", unknown=("resource.data.status.resources.*",)),
            *labelled("prod", "dev"),
        ],
        [perimeter(JOINED, perimeterType="PERIMETER_TYPE_BRIDGE"), SHOP],
        [perimeter(JOINED, perimeterType="PERIMETER_TYPE_BRIDGE"), labelled("prod", "dev")[0]],
        [
            perimeter(JOINED, perimeterType="PERIMETER_TYPE_BRIDGE"),
            asset(Project, {"projectId": "shop-a", "labels": {"env": "prod"}}),
            asset(Project, {"projectId": "shop-b"}, ancestors=["projects/5005"]),
        ],
        [perimeter(JOINED, perimeterType="PERIMETER_TYPE_BRIDGE")],
    ],
)
def bridge_mixes_environments(perimeter: ServicePerimeter, estate: Estate, settings: EnvironmentSettings) -> Verdict:
    """A perimeter bridge joins production with another environment.

    Why: Development is guarded less. Whoever takes over a project there walks over the bridge to the
    data of production, and out again the same way.

    What a fix may break: Copies of production data to test systems that run over the bridge.

    Source: https://cloud.google.com/vpc-service-controls/docs/share-across-perimeters
    """
    if not perimeter.is_bridge:
        return not_applicable("a regular perimeter")
    silent = {estate.project_id(resource) for resource in perimeter.status.resources}
    if len(silent) < 2:
        return PASS
    seen: dict[bool, str] = {}
    for project in estate.of(Project):
        identifier = estate.project_id(project.asset.key)
        if identifier not in silent:
            continue
        environments = [project.labels[label].lower() for label in settings.labels if label in project.labels]
        if environments:
            silent.remove(identifier)
            seen.setdefault(environments[0] in settings.production, project.project_id)
        if len(seen) == 2:
            return fail(f"joins {seen[True]} of production with {seen[False]}")
    if silent:
        raise Undetermined("environment", f"no environment label is in the input for {', '.join(sorted(silent)[:5])}")
    return PASS
