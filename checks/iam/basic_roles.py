"""Basic roles (owner, editor, viewer) held by people, groups and outside identities.

What workloads hold is asked by `service_accounts`, what a whole domain holds by `administration`.
"""

from __future__ import annotations

from auditor import Clock, Policy, Severity, Verdict, check
from auditor.access.grants import Grant, grants, tell
from auditor.access.members import Kind, Member
from auditor.access.roles import BASIC_ROLES, WRITING_BASIC_ROLES
from auditor.resources.resourcemanager import Folder, Organization, Project
from checks.iam.containers import (
    TAKE_BACK_FROM_FOLDER,
    UNKNOWN_MEMBERS,
    grant,
    narrower,
    on_folder,
    on_organization,
    on_project,
    until,
)

_AGENT = "serviceAccount:12345@cloudservices.gserviceaccount.com"
_RUN = 'resource.type == "run.googleapis.com/Service"'
_ADVICE = "Grant predefined roles for the task to a group, on the resource or project where it is done."


def _principal(member: Member) -> bool:
    return not (
        member.is_public or member.is_workload or member.kind in (Kind.DOMAIN, Kind.SERVICE_ACCOUNT, Kind.ALL_ACCOUNTS)
    )


def _severity(found: Grant) -> Severity:
    return Severity.HIGH if found.role in WRITING_BASIC_ROLES else Severity.MEDIUM


@check(
    "organization-basic-role",
    severity=Severity.HIGH,
    same_as=["checkov:CKV_GCP_115", "checkov:CKV_GCP_45", "sha:PRIMITIVE_ROLES_USED"],
    fix=narrower(_ADVICE, terraform="`role` of google_organization_iam_member or google_organization_iam_binding"),
    passes=lambda: [
        on_organization(grant("roles/resourcemanager.organizationViewer", "group:staff@example.com")),
        on_organization(grant("roles/owner", "deleted:user:gone@example.com?uid=123456789")),
        on_organization(grant("roles/owner", "user:a@example.com", condition=until("2020-01-01"))),
    ],
    fails=lambda: [
        on_organization(grant("roles/owner", "user:a@example.com")),
        on_organization(grant("roles/editor", "group:it@example.com", "user:b@example.com")),
        on_organization(grant("roles/viewer", "group:auditors@example.com")),
        on_organization(grant("roles/editor_withcond_0a1b2c3d4e5f", "user:a@example.com")),
    ],
)
def organization_basic_role(policy: Policy[Organization], clock: Clock) -> Verdict:
    """A basic role is granted on the whole organization.

    Why: Owner or Editor of the organization is owner or editor of every project in it, also of those that
    will be made next year. Viewer reads the settings of everything and much of the data.

    What a fix may break: People who lived off the grant need narrower ones first; the activity analyzer tells
    what they used. Keep one group of organization administrators.

    Source: https://cloud.google.com/iam/docs/roles-overview#basic
    """
    return tell(grants(policy, clock.now, roles=BASIC_ROLES.__contains__, members=_principal), _severity)


@check(
    "folder-basic-role",
    severity=Severity.HIGH,
    same_as=["checkov:CKV_GCP_116", "checkov:CKV_GCP_44", "sha:PRIMITIVE_ROLES_USED"],
    fix=narrower(
        _ADVICE,
        gcloud=TAKE_BACK_FROM_FOLDER,
        terraform="`role` of google_folder_iam_member or google_folder_iam_binding",
    ),
    passes=lambda: [on_folder(grant("roles/resourcemanager.folderViewer", "group:team@example.com"))],
    fails=lambda: [
        on_folder(grant("roles/editor", "group:team@example.com")),
        on_folder(grant("roles/viewer", "user:a@example.com")),
        on_folder(grant("roles/owner", "user:a@example.com", condition='resource.matchTag("3001/env", "dev")')),
    ],
)
def folder_basic_role(policy: Policy[Folder], clock: Clock) -> Verdict:
    """A basic role is granted on a folder.

    Why: The role counts in every project below the folder. Editor can act as each of their service accounts;
    Owner can also hand out access.

    What a fix may break: People who lived off the grant need narrower ones first.

    Source: https://cloud.google.com/iam/docs/roles-overview#basic
    """
    return tell(grants(policy, clock.now, roles=BASIC_ROLES.__contains__, members=_principal), _severity)


@check(
    "project-basic-role",
    severity=Severity.MEDIUM,
    same_as=[
        "checkov:CKV_GCP_117",
        "sha:PRIMITIVE_ROLES_USED",
        "scoutsuite:iam-primitive-role-in-use",
        "cloudsploit:iam/memberAdmin",
    ],
    fix=narrower(_ADVICE, terraform="`role` of google_project_iam_member or google_project_iam_binding"),
    passes=lambda: [
        on_project(grant("roles/run.developer", "user:a@example.com"), grant("roles/viewer", "group:team@example.com")),
        on_project(grant("roles/editor", _AGENT)),
        on_project(grant("roles/editor", "serviceAccount:ci@p.iam.gserviceaccount.com")),
        on_project(grant("roles/owner", "deleted:group:gone@example.com?uid=1234")),
    ],
    fails=lambda: [
        on_project(grant("roles/owner", "user:a@example.com")),
        on_project(grant("roles/editor", "group:team@example.com", _AGENT)),
        on_project(grant("roles/editor", "user:a@example.com", condition=_RUN)),
        on_project(grant("roles/owner", "principal://iam.googleapis.com/locations/global/workforcePools/w/subject/a")),
    ],
    unknown=lambda: [UNKNOWN_MEMBERS, on_project(grant("roles/browser", "user:a@example.com"), more=True)],
)
def project_basic_role(policy: Policy[Project], clock: Clock) -> Verdict:
    """A person or group holds Owner or Editor of a project.

    Why: Editor changes nearly everything and can act as every service account of the project; Owner can also
    decide who has access. One phished session is then the whole project.

    What a fix may break: Whoever deploys by hand needs roles for what they deploy. Keep a break-glass owner
    outside of daily use, or raise access for hours with Privileged Access Manager.

    Source: https://cloud.google.com/iam/docs/roles-overview#basic
    """
    return tell(grants(policy, clock.now, roles=WRITING_BASIC_ROLES.__contains__, members=_principal))


@check(
    "project-viewer-role",
    severity=Severity.INFO,
    default=False,
    fix=narrower("Grant the viewer roles of the services that are looked at."),
    passes=lambda: [on_project(grant("roles/logging.viewer", "group:support@example.com"))],
    fails=lambda: [on_project(grant("roles/viewer", "group:support@example.com"))],
    unknown=lambda: [on_project(more=True)],
)
def project_viewer_role(policy: Policy[Project], clock: Clock) -> Verdict:
    """A person or group holds the basic role Viewer of a project.

    Why: Viewer reads the configuration of every service and some of the data, more than a reader of logs or
    dashboards needs.

    What a fix may break: Pages of the console that list other services stay empty for the reader.

    Source: https://cloud.google.com/iam/docs/roles-overview#basic
    """
    return tell(grants(policy, clock.now, roles={"roles/viewer"}.__contains__, members=_principal))
