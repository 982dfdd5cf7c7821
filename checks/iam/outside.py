"""Identities of others on the resources of a project: accounts and agents of foreign projects, outside users."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache, lru_cache
from typing import Any

from auditor import (
    PASS,
    EffectiveAccess,
    Estate,
    Example,
    Fix,
    Policy,
    Settings,
    Severity,
    Undetermined,
    Verdict,
    asset,
    check,
    not_applicable,
    not_assessed,
)
from auditor.access.crowds import Meant
from auditor.access.grants import tell
from auditor.access.hierarchy import MANAGER
from auditor.access.members import CONSUMER_DOMAINS, Member
from auditor.access.standing_index import Power, Powers, standing_index
from auditor.resources.base import Asset
from auditor.resources.resourcemanager import Folder, Organization, Project
from auditor.resources.storage import Bucket
from checks.iam.containers import grant, narrower, on_folder, on_project
from checks.iam.principals import DomainSettings, allowed_domains

_OWNER = asset(Organization, {"displayName": "example.com"}, ancestors=["organizations/3001"])
_SHOP = asset(Project, {"projectId": "shop-123", "projectNumber": "1001"})
_OURS = "serviceAccount:ci@shop-123.iam.gserviceaccount.com"
_THEIRS = "serviceAccount:deploy@vendor-777.iam.gserviceaccount.com"
_THEIR_DEFAULT = "serviceAccount:777-compute@developer.gserviceaccount.com"
_OUR_DEFAULT = "serviceAccount:1001-compute@developer.gserviceaccount.com"
_OUR_AGENT = "serviceAccount:service-1001@gcp-sa-pubsub.iam.gserviceaccount.com"
_THEIR_AGENT = "serviceAccount:service-777@gcp-sa-pubsub.iam.gserviceaccount.com"
_BUCKET = "//storage.googleapis.com/images"
_NO_ORGANIZATION = ["projects/1001"]


def _shared(*members: str) -> Example:
    """A bucket of the project that some members can read."""
    return asset(Bucket, policy={"bindings": [grant("roles/storage.objectViewer", *members)]}, name=_BUCKET)


def _organization(*bindings: dict[str, Any]) -> Example:
    """The organization with its policy."""
    data = {"displayName": "example.com"}
    return asset(Organization, data, policy={"bindings": list(bindings)}, ancestors=["organizations/3001"])


def _fix(fix: Fix) -> Fix:
    """The fix, where a grant may stand on the container or on something in it."""
    clean = grant("roles/run.viewer", "group:developers@example.com")
    bucket = asset(Bucket, policy={"bindings": [clean]}, name=_BUCKET)
    return replace(fix, patch=lambda: [on_project(clean), on_folder(clean), _organization(clean), bucket])


class TrustSettings(Settings, frozen=True):
    """Whose workloads may hold roles."""

    trusted_projects: tuple[str, ...] = ()
    """Projects of other organizations, by id or number, whose service accounts are meant to hold roles."""


Home = Callable[[Member], str]
"""The project, by id or number, that a member of some kind shows in its address; `""` for others."""


def _home_of_account(member: Member) -> str:
    return member.account_project


def _home_of_agent(member: Member) -> str:
    owner = member.agent_owner if member.is_service_agent else ""
    return owner.removeprefix("projects/") if owner.startswith("projects/") else ""


def _strangers(asset: Asset, home: Home, trusted: tuple[str, ...], estate: Estate, access: EffectiveAccess) -> Verdict:
    """The grants to members whose home is not in the organization."""
    index = standing_index(access)
    crowd = index.crowd(asset)
    if not crowd.has(_at_home_anywhere(home)):
        Powers([], crowd.doubts).certain()
        return PASS
    top = asset.ancestors[-1] if asset.ancestors else ""
    if not top.startswith("organizations/"):
        return not_applicable("there is no organization whose projects could be compared")
    if not any(owner.asset.key == top for owner in estate.of(Organization)):
        return not_assessed("the organization is not in the input, so that the list of its projects may be incomplete")
    found = index.holders(asset, _elsewhere(home, trusted, estate)).found
    if found and (doubt := _projects(estate)[1]):
        raise doubt
    if crowd.doubts and not found:
        raise Undetermined("who holds roles", crowd.doubts[0])
    return tell(found)


_ACCOUNTS = ("serviceAccount",)


@cache
def _at_home_anywhere(home: Home) -> Meant:
    """Members that show a home."""
    return Meant(lambda member: home(member) != "", _ACCOUNTS)


@lru_cache(maxsize=4)
def _elsewhere(home: Home, trusted: tuple[str, ...], estate: Estate) -> Meant:
    """Members whose home is none of the organization's projects and not trusted."""
    known = _projects(estate)[0].union(trusted, ("",))
    return Meant(lambda member: home(member) not in known, _ACCOUNTS)


@lru_cache(maxsize=1)
def _projects(estate: Estate) -> tuple[frozenset[str], Undetermined | None]:
    """The ids and numbers of all projects of the estate, and why there may be more."""
    known: set[str] = set()
    try:
        for project in estate.of(Project):
            known.update((project.project_id, project.number.removeprefix("projects/"), project.asset.id))
    except Undetermined as more:
        return frozenset(known), more
    return frozenset(known), None


@check(
    "service-account-of-other-organization",
    severity=Severity.HIGH,
    reads=[Organization, Project],
    fix=_fix(
        narrower(
            "Make an account of your own for the partner's workload and let it federate, or add the project to the "
            "setting `trusted_projects`.",
            gcloud="",
            guardrail="iam.allowedPolicyMemberDomains",
        )
    ),
    passes=lambda: [
        [on_project(grant("roles/editor", _OURS, _OUR_DEFAULT, _THEIR_AGENT)), _OWNER, _SHOP],
        [on_project(grant("roles/viewer", f"deleted:{_THEIRS}?uid=1")), _OWNER, _SHOP],
        asset(Project, policy={"bindings": [grant("roles/viewer", _THEIRS)]}, ancestors=_NO_ORGANIZATION),
    ],
    fails=lambda: [
        [on_project(grant("roles/viewer", _THEIRS, _OURS)), _OWNER, _SHOP],
        [on_folder(grant("roles/storage.objectViewer", _THEIR_DEFAULT)), _OWNER, _SHOP],
        [_organization(grant("roles/browser", _THEIRS)), _SHOP],
        [
            on_project(),
            asset(Bucket, policy={"bindings": [grant("roles/storage.objectViewer", _THEIRS)]}, name=_BUCKET),
            _OWNER,
            _SHOP,
        ],
    ],
    unknown=lambda: [[on_folder(grant("roles/viewer", _THEIRS)), _SHOP]],
)
def foreign_account(
    policy: Policy[Project | Folder | Organization], settings: TrustSettings, estate: Estate, access: EffectiveAccess
) -> Verdict:
    """A service account of a project outside of the organization holds a role.

    Why: Whoever administers that project mints tokens and keys of the account, and nobody here sees it. An
    address that looks like one of yours may also belong to a project that somebody else registered.

    What a fix may break: The partner's or vendor's integration, until it uses an account of yours. A project
    that was deleted, or that the input lacks, is told as foreign too: its accounts do nothing.

    Source: https://cloud.google.com/iam/docs/service-account-overview
    """
    return _strangers(policy.asset, _home_of_account, settings.trusted_projects, estate, access)


@check(
    "service-agent-of-other-organization",
    severity=Severity.HIGH,
    reads=[Organization, Project],
    fix=_fix(
        narrower(
            "Find out which project the number belongs to (`gcloud projects describe NUMBER`). If it is nobody's whom "
            "you know, take the grant back; else add the number to the setting `trusted_projects`.",
            gcloud="",
        )
    ),
    passes=lambda: [
        [on_project(grant("roles/pubsub.serviceAgent", _OUR_AGENT, _THEIRS)), _OWNER, _SHOP],
        [on_project(grant("roles/editor", "serviceAccount:1001@cloudservices.gserviceaccount.com")), _OWNER, _SHOP],
    ],
    fails=lambda: [
        [on_project(grant("roles/pubsub.publisher", _THEIR_AGENT)), _OWNER, _SHOP],
        [
            on_project(),
            asset(Bucket, policy={"bindings": [grant("roles/storage.objectAdmin", _THEIR_AGENT)]}, name=_BUCKET),
            _OWNER,
            _SHOP,
        ],
    ],
    unknown=lambda: [[on_folder(grant("roles/viewer", _THEIR_AGENT)), _SHOP]],
)
def foreign_agent(
    policy: Policy[Project | Folder | Organization], settings: TrustSettings, estate: Estate, access: EffectiveAccess
) -> Verdict:
    """A service agent that works for a project outside of the organization holds a role.

    Why: An agent does what the owner of its project tells the service to do: a transfer job, a log sink or a
    build over there reads or writes here. The number is easily mistyped, and nobody recognises it in a review.

    What a fix may break: The transfer, export or build of the other project.

    Source: https://cloud.google.com/iam/docs/service-agents
    """
    return _strangers(policy.asset, _home_of_agent, settings.trusted_projects, estate, access)


_HUMAN = ("user", "group", "domain")


def _company(member: Member) -> str:
    """The domain of a user, group or company, `""` for personal accounts."""
    domain = "" if member.deleted else member.domain
    return "" if domain in CONSUMER_DOMAINS else domain


_COMPANIES = Meant(lambda member: _company(member) != "", _HUMAN)


@lru_cache(maxsize=4)
def _of_others(domains: frozenset[str]) -> Meant:
    """Users, groups and companies outside of some domains."""
    known = domains.union(("",))
    return Meant(lambda member: _company(member) not in known, _HUMAN)


@check(
    "external-principal-on-resource",
    severity=Severity.MEDIUM,
    reads=[Organization],
    fix=_fix(
        narrower(
            "Give the person an account of the organization, or add the domain to the setting `allowed_domains`. "
            "`gcloud storage buckets remove-iam-policy-binding` and its siblings take the grant back.",
            gcloud="",
            guardrail="iam.allowedPolicyMemberDomains",
        )
    ),
    passes=lambda: [
        [on_project(), _shared("user:a@example.com", "group:b@example.com"), _OWNER],
        [on_project(grant("roles/viewer", "user:a@partner.example")), _OWNER],  # external-principal-granted-role
        [on_project(), _shared("user:a@gmail.com", "deleted:user:a@partner.example?uid=1"), _OWNER],
    ],
    fails=lambda: [
        [on_project(), _shared("user:a@partner.example"), _OWNER],
        [on_project(), _shared("domain:partner.example", "user:a@example.com"), _OWNER],
    ],
    unknown=lambda: [[on_project(), _shared("user:a@partner.example")]],
)
def external_on_resource(
    policy: Policy[Project], settings: DomainSettings, estate: Estate, access: EffectiveAccess
) -> Verdict:
    """A user, group or domain of another company holds a role on a resource of a project.

    Why: Reviews look at the policies of projects; what is shared bucket by bucket and secret by secret stays
    when the contract ends. The organization's primary domain is allowed, unless `allowed_domains` lists those that
    are. Grants on the project itself are told by another check, personal accounts too.

    What a fix may break: The partner's work, until it has identities that you manage.

    Source: https://cloud.google.com/resource-manager/docs/organization-policy/restricting-domains
    """
    _ = list(policy.bindings)  # where not even the project's own is known, its resources' are not either
    index = standing_index(access)
    crowd = index.crowd(policy.asset)
    if not crowd.doubts and not crowd.has_on_resources(_COMPANIES):
        return PASS
    domains = allowed_domains(policy.asset, settings, estate)
    if isinstance(domains, Verdict):
        return domains
    others = _of_others(frozenset(domains))
    found: list[Power] = []
    if crowd.has_on_resources(others):
        found = [power for power in index.holders(policy.asset, others).found if not power.scope.startswith(MANAGER)]
    if crowd.doubts and not found:
        raise Undetermined("who holds roles", crowd.doubts[0])
    return tell(found)
