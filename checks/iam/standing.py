"""Power that stands without an end: privileged access of people at all hours, and how many hold the highest of it."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from auditor import (
    PASS,
    EffectiveAccess,
    Estate,
    Fix,
    Policy,
    Settings,
    Severity,
    Undetermined,
    Verdict,
    asset,
    check,
    fail,
    not_applicable,
)
from auditor.access.grants import tell
from auditor.access.members import Kind, Member
from auditor.access.roles import BASIC_ROLES
from auditor.access.standing_index import Power, standing_index
from auditor.resources.resourcemanager import Organization, Project
from checks.iam.containers import grant, member_of, narrower, on_organization, on_project, until
from checks.iam.service_accounts import CHANGES_ACCESS

_PRODUCTION = re.compile(r"(?:^|[^a-z])(?:prod|prd|production|live)(?:[^a-z]|$)")
_PROD = asset(Project, {"projectId": "shop-prod", "projectNumber": "1001", "name": "projects/1001"})
_TEST = asset(Project, {"projectId": "shop-test", "projectNumber": "1001"})
_LABELLED = asset(Project, {"projectId": "shop", "projectNumber": "1001", "labels": {"env": "production"}})


def _person(member: Member) -> bool:
    return member.kind in (Kind.USER, Kind.GROUP)


def _is_production(project: Project) -> bool:
    return any(_PRODUCTION.search(text.lower()) for text in (project.project_id, *project.labels.values()))


def _key(project: Project) -> str:
    return project.asset.key


@check(
    "production-access-standing",
    severity=Severity.MEDIUM,
    reads=[Project],
    fix=narrower(
        "Make the role available for hours at a time, with a reason and an approval, through Privileged Access "
        "Manager: `gcloud pam entitlements create`.",
        terraform="google_privileged_access_manager_entitlement instead of the grant",
    ),
    passes=lambda: [
        [on_project(grant("roles/resourcemanager.projectIamAdmin", "group:ops@example.com")), _TEST],
        [
            on_project(
                grant("roles/resourcemanager.projectIamAdmin", "user:a@example.com", condition=until("2026-11-23"))
            ),
            _PROD,
        ],
        [on_project(grant("roles/viewer", "user:a@example.com")), _PROD],
        [on_project(grant("roles/owner", "user:a@example.com")), _PROD],  # project-basic-role tells it
    ],
    fails=lambda: [
        [on_project(grant("roles/resourcemanager.projectIamAdmin", "group:ops@example.com")), _PROD],
        [on_project(grant("roles/iam.roleAdmin", "user:a@example.com")), _LABELLED],
    ],
    unknown=lambda: [
        [on_project(grant("projects/shop-prod/roles/ops", "user:a@example.com")), _PROD],
        [on_project(grant("roles/owner", "user:a@example.com"), more=True), _PROD],
        on_project(grant("roles/iam.roleAdmin", "user:a@example.com")),
    ],
)
def standing_access(policy: Policy[Project], access: EffectiveAccess, estate: Estate) -> Verdict:
    """A person or group can change who has access to a production project, at all hours.

    Why: One phished session is enough, at any time. Access that is raised for an hour, with a reason, leaves a
    trace and is not there to be stolen. A project counts as production by its id or a label (prod, live).

    What a fix may break: Whoever changes policies by hand has to ask for it first. Keep two break-glass accounts.

    Source: https://cloud.google.com/iam/docs/pam-overview
    """
    powers = standing_index(access).on(policy.asset, CHANGES_ACCESS, _person)

    def counts(power: Power) -> bool:
        return power.role not in BASIC_ROLES and "request.time" not in power.condition

    if not powers.doubts and not any(map(counts, powers.found)):
        return PASS
    projects = estate.related(Project, _key, policy.asset.key)
    project = next(iter(projects), None)
    if project is None:
        raise Undetermined("whether it is production", "the input has no resource content for the project")
    if not _is_production(project):
        return not_applicable("neither the project's id nor its labels say that it is production")
    return tell(powers.certain(counts))


class OwnerSettings(Settings, frozen=True):
    """How many people may own a project or organization."""

    max_owners: int = 3
    """People behind groups count one by one."""

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        if self.max_owners < 1:
            raise ValueError("max_owners must be at least 1")


_OWNING = {
    "projects": frozenset({"resourcemanager.projects.setIamPolicy"}),
    "organizations": frozenset({"resourcemanager.organizations.setIamPolicy"}),
}


class _People(NamedTuple):
    """Who can set a policy, by grants on the container itself, and why there may be more."""

    names: frozenset[str]
    powers: list[Power]
    doubts: list[str]


def _people(policy: Policy[Any], access: EffectiveAccess) -> _People:
    """The people, those behind groups one by one, who can set the policy of a container."""
    index = standing_index(access)
    powers = index.on(policy.asset, _OWNING[policy.asset.key.partition("/")[0]], _person)
    names: set[str] = set()
    doubts = list(powers.doubts)
    for power in powers.found:
        accounts, doubt = index.inside(power.member)
        names.update(name for name in accounts if name.startswith("user:"))
        doubts += [doubt] if doubt else []
    return _People(frozenset(names), powers.found, doubts)


@check(
    "project-many-owners",
    severity=Severity.LOW,
    default=False,
    fix=narrower("Decide which few people may change who has access, and take the grants of the others back."),
    passes=lambda: [
        on_project(grant("roles/owner", "user:a@example.com", "user:b@example.com")),
        [on_project(grant("roles/owner", "group:ops@example.com")), *member_of("ops@example.com", "a@example.com")],
        on_project(grant("roles/editor", *(f"user:{name}@example.com" for name in "abcdefg"))),
        on_organization(grant("roles/resourcemanager.organizationAdmin", "user:a@example.com", "user:b@example.com")),
    ],
    fails=lambda: [
        on_project(grant("roles/owner", *(f"user:{name}@example.com" for name in "abcd"))),
        [
            on_project(grant("roles/owner", "group:ops@example.com")),
            *member_of("ops@example.com", *(f"{name}@example.com" for name in "abcde")),
        ],
        on_organization(
            grant("roles/resourcemanager.organizationAdmin", *(f"user:{name}@example.com" for name in "abcd"))
        ),
    ],
    unknown=lambda: [on_project(grant("roles/owner", "group:ops@example.com"))],
)
def many_owners(policy: Policy[Project | Organization], access: EffectiveAccess, settings: OwnerSettings) -> Verdict:
    """More people than needed can change who has access to a project or organization.

    Why: Each of them is a way in, and nobody feels responsible. What is granted on the project or organization itself
    is counted, people behind groups one by one, by what their roles permit.

    What a fix may break: Whoever loses the role asks one of the others.

    Source: https://cloud.google.com/iam/docs/using-iam-securely
    """
    people = _people(policy, access)
    if len(people.names) > settings.max_owners:
        first = people.powers[0]
        return fail(
            f"{len(people.names)} people can set its policy, the limit is {settings.max_owners}",
            evidence={
                "people": sorted(people.names)[:50],
                "member": str(first.member),
                "role": first.role,
                "_collection": first.collection,
            },
        )
    if people.doubts:
        raise Undetermined("how many people hold it", people.doubts[0])
    return PASS


@check(
    "organization-single-administrator",
    severity=Severity.LOW,
    fix=Fix(
        gcloud="gcloud organizations add-iam-policy-binding {policy.asset.id} --member=group:GROUP "
        "--role=roles/resourcemanager.organizationAdmin",
        terraform="a second `member` of google_organization_iam_member, best a group",
        manual="Let a second person administer the organization, best by a group of two or three with hardware keys.",
        patch={
            "policy": {
                "bindings": [
                    grant("roles/resourcemanager.organizationAdmin", "user:a@example.com", "user:b@example.com")
                ]
            }
        },
    ),
    passes=lambda: [
        on_organization(grant("roles/resourcemanager.organizationAdmin", "user:a@example.com", "user:b@example.com")),
        [
            on_organization(grant("roles/resourcemanager.organizationAdmin", "group:admins@example.com")),
            *member_of("admins@example.com", "a@example.com", "b@example.com"),
        ],
        on_organization(grant("roles/browser", "user:a@example.com")),
    ],
    fails=lambda: [
        on_organization(grant("roles/resourcemanager.organizationAdmin", "user:a@example.com")),
        [
            on_organization(
                grant("roles/resourcemanager.organizationAdmin", "group:admins@example.com", "user:a@example.com")
            ),
            *member_of("admins@example.com", "a@example.com"),
        ],
    ],
    unknown=lambda: [
        on_organization(grant("roles/resourcemanager.organizationAdmin", "user:a@example.com", "group:b@example.com")),
    ],
)
def single_administrator(policy: Policy[Organization], access: EffectiveAccess) -> Verdict:
    """A single person administers the organization.

    Why: If the account is locked, lost or leaves, nobody changes access or stops an attack until a super administrator
    of Workspace is found. Where nobody has the role, super administrators can take it; that is left alone.

    What a fix may break: Nothing; decide well who the second one is.

    Source: https://cloud.google.com/resource-manager/docs/super-admin-best-practices
    """
    people = _people(policy, access)
    if len(people.names) > 1:
        return PASS
    if people.doubts:
        raise Undetermined("how many people hold it", people.doubts[0])
    return fail(f"{next(iter(people.names))} alone can set its policy") if people.names else PASS
