"""Wide or standing administration: the roles over an organization, and roles of a whole domain."""

from __future__ import annotations

from auditor import Clock, Policy, Severity, Verdict, check
from auditor.access.grants import Grant, grants, tell
from auditor.access.members import Kind, Member
from auditor.access.roles import ACCESS_ADMIN_ROLES, IMPERSONATION_ROLES, WRITING_BASIC_ROLES, is_service_admin
from auditor.resources.resourcemanager import Folder, Organization, Project
from checks.iam.containers import grant, narrower, on_folder, on_organization, on_project, until

_DEV = 'resource.matchTag("3001/env", "dev")'


@check(
    "organization-admin-held-by-user",
    severity=Severity.MEDIUM,
    fix=narrower(
        "Give the role to a small group with a hardware second factor, or make it available for hours at a time "
        "through Privileged Access Manager.",
        terraform="`member` of google_organization_iam_member or google_folder_iam_member",
    ),
    passes=lambda: [
        on_organization(grant("roles/resourcemanager.organizationAdmin", "group:org-admins@example.com")),
        on_organization(
            grant(
                "roles/iam.securityAdmin",
                "user:a@example.com",
                condition=until("2026-11-22"),
            )
        ),
        on_organization(grant("roles/iam.securityReviewer", "user:a@example.com")),
    ],
    fails=lambda: [
        on_organization(grant("roles/resourcemanager.organizationAdmin", "user:a@example.com")),
        on_folder(grant("roles/resourcemanager.folderAdmin", "user:a@example.com", "group:b@example.com")),
        on_organization(grant("roles/orgpolicy.policyAdmin", "user:a@example.com", condition=_DEV)),
    ],
    unknown=lambda: [
        on_folder(grant("roles/iam.securityAdmin", "user:a@example.com", condition=until("2027-01-31")), more=True)
    ],
)
def standing_organization_admin(policy: Policy[Organization | Folder], clock: Clock) -> Verdict:
    """A single user permanently administers access to an organization or folder.

    Why: The person's everyday session holds the keys to everything below. Grants to single users outlive
    their reason; membership of a group is reviewed and ends with the job.

    What a fix may break: Nobody is locked out if the group is made, filled and granted the role first. Keep
    two break-glass accounts, watched by an alert.

    Source: https://cloud.google.com/resource-manager/docs/super-admin-best-practices
    """
    return tell(
        grants(
            policy,
            clock.now,
            roles=ACCESS_ADMIN_ROLES.__contains__,
            members=lambda member: member.kind is Kind.USER,
            counts=lambda grant: "request.time" not in grant.condition,
        )
    )


def _everyone_employed(member: Member) -> bool:
    return member.kind is Kind.DOMAIN or (member.kind is Kind.WORKFORCE_IDENTITY and member.is_whole_pool)


def _how_strong(found: Grant) -> Severity:
    strong = found.role in WRITING_BASIC_ROLES or found.role in ACCESS_ADMIN_ROLES or found.role in IMPERSONATION_ROLES
    return Severity.HIGH if strong or is_service_admin(found.role) else Severity.MEDIUM


_LOOKING_ROLES = frozenset(
    {
        "roles/browser",
        "roles/resourcemanager.organizationViewer",
        "roles/resourcemanager.folderViewer",
        "roles/serviceusage.serviceUsageConsumer",
        "roles/cloudsupport.viewer",
        "roles/cloudsupport.techSupportViewer",
    }
)


@check(
    "role-granted-to-domain",
    severity=Severity.MEDIUM,
    same_as=["scoutsuite:iam-role-assigned-to-domain"],
    fix=narrower("Grant the role to the groups that need it."),
    passes=lambda: [
        on_organization(grant("roles/browser", "domain:example.com")),
        on_project(grant("roles/run.developer", "group:all-developers@example.com")),
    ],
    fails=lambda: [
        on_project(grant("roles/editor", "domain:example.com")),
        on_organization(grant("roles/resourcemanager.projectCreator", "domain:example.com")),
        on_project(grant("roles/viewer", "principalSet://iam.googleapis.com/locations/global/workforcePools/staff/*")),
    ],
    unknown=lambda: [on_project(grant("roles/browser", "domain:example.com"), more=True)],
)
def domain_role(policy: Policy[Project | Folder | Organization], clock: Clock) -> Verdict:
    """A role is granted to everyone in a domain or workforce pool.

    Why: Every employee, contractor and forgotten account of the domain holds the role, and one of them is
    phished sooner or later. New organizations start with such grants of Project Creator and Billing Account
    Creator. Roles that only let people find their way are left alone.

    What a fix may break: Someone who used the role without being in a group for it. The audit log names them.

    Source: https://cloud.google.com/iam/docs/principals-overview
    """
    found = grants(
        policy,
        clock.now,
        roles=lambda role: role not in _LOOKING_ROLES,
        members=_everyone_employed,
        types=("domain", "principalSet"),
    )
    return tell(found, _how_strong)
