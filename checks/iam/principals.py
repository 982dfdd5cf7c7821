"""Whose identities hold roles: personal accounts, other companies, the deleted; and grants that ran out."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from auditor import (
    PASS,
    Clock,
    Estate,
    Policy,
    Settings,
    Severity,
    Undetermined,
    Verdict,
    asset,
    check,
    fail,
    not_applicable,
    not_assessed,
)
from auditor.access.grants import Grant, grants, tell
from auditor.access.members import CONSUMER_DOMAINS, Kind, Member
from auditor.resources.base import Asset
from auditor.resources.iam import ServiceAccount
from auditor.resources.resourcemanager import Folder, Organization, Project
from auditor.resources.unknown import matching
from checks.iam.containers import UNKNOWN_MEMBERS, grant, narrower, on_folder, on_organization, on_project, until

_EXPIRED = until("2026-01-31")


@check(
    "personal-account-granted-role",
    severity=Severity.HIGH,
    same_as=[
        "sha:NON_ORG_IAM_MEMBER",
        "scoutsuite:iam-gmail-accounts-used",
        "cloudsploit:iam/corporateEmailsOnly",
        "steampipe:iam_user_uses_corporate_login_credentials",
        "trivy:AVD-GCP-0069",
        "inspec:cis-gcp-1.1",
    ],
    fix=narrower(
        "Give the person an account of the organization.", gcloud="", guardrail="iam.allowedPolicyMemberDomains"
    ),
    passes=lambda: [
        on_project(grant("roles/viewer", "user:a@example.com", "group:gmail.com-migration@example.com")),
        on_project(grant("roles/viewer", "deleted:user:a@gmail.com?uid=1")),
        on_project(grant("roles/viewer", "user:a@gmail.com", condition=_EXPIRED)),
        on_project(grant("roles/viewer", "user:a@notgmail.com")),
    ],
    fails=lambda: [
        on_project(grant("roles/owner", "user:founder@gmail.com")),
        on_organization(grant("roles/browser", "user:A.Contractor@GoogleMail.com")),
        asset(ServiceAccount, policy={"bindings": [grant("roles/iam.serviceAccountUser", "user:a@gmail.com")]}),
    ],
    unknown=lambda: [UNKNOWN_MEMBERS],
)
def personal_account(policy: Policy[Any], clock: Clock) -> Verdict:
    """A personal Google account holds a role.

    Why: Nobody in the organization can require a second factor of a gmail.com account, see its sign-ins or
    close it when its owner leaves.

    What a fix may break: The person's scripts and logins, until they use the account that replaces it.

    Source: https://cloud.google.com/resource-manager/docs/organization-policy/restricting-domains
    """
    return tell(grants(policy, clock.now, members=lambda member: member.is_consumer, types=("user",)))


@lru_cache(maxsize=16)
def _primary_domain(estate: Estate, organization: str) -> set[str]:
    """The domain of the organization, which is its display name; empty where the input does not hold it."""
    try:
        found = matching(estate.of(Organization), lambda owner: owner.asset.key == organization)
        return {owner.display_name.lower() for owner in found}
    except Undetermined:  # the setting can stand in: the check says so
        return set()


class DomainSettings(Settings, frozen=True):
    """Whose identities may hold roles."""

    allowed_domains: tuple[str, ...] = ()
    """The organization's own domains and those of trusted partners, in lower case."""


def allowed_domains(asset: Asset, settings: DomainSettings, estate: Estate) -> set[str] | Verdict:
    """The domains whose identities may hold roles on an asset; or a verdict, where they are not known."""
    if settings.allowed_domains:
        return set(settings.allowed_domains)
    top = asset.ancestors[-1] if asset.ancestors else ""
    if not top.startswith("organizations/"):
        return not_applicable("there is no organization, and the setting allowed_domains is empty")
    found = _primary_domain(estate, top)
    return found or not_assessed("the organization is not in the input, and the setting allowed_domains is empty")


_OWNER = asset(Organization, {"displayName": "example.com"}, ancestors=["organizations/3001"])
_NO_ORGANIZATION = ["projects/1001"]


@check(
    "external-principal-granted-role",
    severity=Severity.MEDIUM,
    reads=[Organization],
    same_as=["steampipe:only_my_domain", "policy_library:gcp_iam_allowed_policy_member_domains"],
    fix=narrower(
        "Give the person an account of the organization, or add the domain to the setting `allowed_domains`.",
        guardrail="iam.allowedPolicyMemberDomains",
    ),
    passes=lambda: [
        [on_project(grant("roles/viewer", "user:a@example.com", "group:b@Example.com", "domain:example.com")), _OWNER],
        [on_project(grant("roles/viewer", "serviceAccount:ci@other-company.iam.gserviceaccount.com")), _OWNER],
        [on_project(grant("roles/viewer", "deleted:user:a@partner.example?uid=1", "user:b@gmail.com")), _OWNER],
        asset(
            Project, policy={"bindings": [grant("roles/viewer", "user:a@partner.example")]}, ancestors=_NO_ORGANIZATION
        ),
    ],
    fails=lambda: [
        [on_project(grant("roles/viewer", "user:a@partner.example")), _OWNER],
        [on_folder(grant("roles/viewer", "group:a@sub.example.com")), _OWNER],
        [on_organization(grant("roles/browser", "domain:partner.example")), _OWNER],
        [on_project(grant("roles/viewer", "user:a@example.com.evil.example")), _OWNER],
    ],
    unknown=lambda: [
        on_folder(grant("roles/viewer", "user:a@partner.example")),
        [on_project(grant("roles/viewer", "user:a@example.com"), more=True), _OWNER],
    ],
)
def external_principal(
    policy: Policy[Project | Folder | Organization], clock: Clock, settings: DomainSettings, estate: Estate
) -> Verdict:
    """A user, group or domain of another company holds a role.

    Why: Another company decides who is in its groups and whether its accounts are protected, and its people
    keep the access after the contract ends. The organization's primary domain is allowed, unless
    `allowed_domains` lists the domains that are. Service accounts and personal accounts are not judged here.

    What a fix may break: The partner's work, until it has identities that you manage.

    Source: https://cloud.google.com/resource-manager/docs/organization-policy/restricting-domains
    """
    domains = allowed_domains(policy.asset, settings, estate)
    if isinstance(domains, Verdict):
        return domains
    allowed = CONSUMER_DOMAINS | domains
    return tell(grants(policy, clock.now, members=lambda member: bool(member.domain) and member.domain not in allowed))


@check(
    "deleted-principal-in-policy",
    severity=Severity.LOW,
    default=False,
    fix=narrower("Nothing is lost: a deleted principal matches nobody.", gcloud=""),
    passes=lambda: [on_project(grant("roles/viewer", "user:a@example.com"))],
    fails=lambda: [
        on_project(grant("roles/editor", "deleted:serviceAccount:ci@p.iam.gserviceaccount.com?uid=1122334455")),
        on_folder(grant("roles/viewer", "user:a@example.com", "deleted:user:b@example.com?uid=2")),
        asset(
            ServiceAccount,
            policy={
                "bindings": [
                    grant(
                        "roles/iam.serviceAccountUser",
                        "deleted:principal://iam.googleapis.com/locations/global/workforcePools/w/subject/a",
                    )
                ]
            },
        ),
    ],
    unknown=lambda: [UNKNOWN_MEMBERS],
)
def deleted_principal(policy: Policy[Any], clock: Clock) -> Verdict:
    """A policy still names a principal that was deleted.

    Why: The grant comes back to life if the user, group or service account is undeleted within its grace
    period, and it hides the grants that matter from whoever reviews the policy.

    What a fix may break: Nothing, unless the principal is to be restored.

    Source: https://cloud.google.com/iam/docs/principal-identifiers
    """
    return tell(grants(policy, clock.now, members=lambda member: member.deleted, deleted=True, types=("deleted",)))


@check(
    "expired-grant-in-policy",
    severity=Severity.LOW,
    default=False,
    fix=narrower("Nothing is lost: the grant has no effect any more.", gcloud=""),
    passes=lambda: [
        on_project(grant("roles/viewer", "user:a@example.com", condition=until("2027-01-31"))),
        on_project(grant("roles/viewer", "user:a@example.com", condition='resource.name.startsWith("projects/p")')),
        on_project(grant("roles/viewer", condition=_EXPIRED)),
    ],
    fails=lambda: [
        on_project(grant("roles/owner", "user:a@example.com", condition=_EXPIRED)),
        on_project(
            grant("roles/viewer", "user:a@example.com"), grant("roles/editor", "user:a@example.com", condition=_EXPIRED)
        ),
    ],
    unknown=lambda: [on_project(more=True)],
)
def expired_grant(policy: Policy[Any], clock: Clock) -> Verdict:
    """A policy still holds a grant whose time limit has passed.

    Why: It counts towards the limit of members in a policy and makes reviews longer; somebody may extend it
    without asking why it was given.

    What a fix may break: Nothing; the grant has no effect.

    Source: https://cloud.google.com/iam/docs/configuring-temporary-access
    """
    for binding in policy.bindings:
        if binding.condition is not None and binding.condition.expired(clock.now) and binding.members:
            return fail(
                f"{binding.role} was granted to {binding.members[0]}{binding.limited_to}",
                evidence={"member": binding.members[0], "role": binding.role},
            )
    return PASS


@check(
    "role-granted-to-user-directly",
    severity=Severity.LOW,
    default=False,
    same_as=["scoutsuite:iam-role-assigned-to-user", "trivy:AVD-GCP-0003"],
    fix=narrower("Grant the role to a group, and put the user into it."),
    passes=lambda: [
        on_project(grant("roles/run.developer", "group:developers@example.com")),
        on_project(grant("roles/owner", "user:a@example.com", condition=until("2026-11-22"))),
    ],
    fails=lambda: [on_project(grant("roles/run.developer", "user:a@example.com"))],
    unknown=lambda: [
        UNKNOWN_MEMBERS,
        on_project(grant("roles/run.developer", "user:a@example.com", condition=until("2027-01-31")), more=True),
    ],
)
def role_of_user(policy: Policy[Project | Folder | Organization], clock: Clock) -> Verdict:
    """A role is granted to a single user instead of a group.

    Why: Access given to persons one by one is seldom taken back when they change teams. Grants with a time
    limit are left alone.

    What a fix may break: Nothing, if the group holds the role before the user loses it.

    Source: https://cloud.google.com/iam/docs/groups-best-practices
    """
    return tell(grants(policy, clock.now, members=_is_user, counts=_is_lasting, types=("user",)))


def _is_lasting(found: Grant) -> bool:
    return "request.time" not in found.condition


def _is_user(member: Member) -> bool:
    return member.kind is Kind.USER
