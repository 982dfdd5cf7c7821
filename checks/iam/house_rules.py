"""Rules that a company sets for itself: roles that nobody may hold or hold so, and where accounts may live."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

from auditor import (
    DELETE,
    PASS,
    Clock,
    Example,
    Fix,
    Policy,
    Settings,
    Severity,
    Verdict,
    asset,
    check,
    fail,
    not_applicable,
)
from auditor.access.grants import grants, tell
from auditor.access.members import Kind, Member, parse
from auditor.resources.bigquery import Dataset
from auditor.resources.iam import ServiceAccount
from auditor.resources.resourcemanager import Folder, Organization, Project
from auditor.resources.storage import Bucket
from checks.iam.containers import grant, narrower, on_folder, on_organization, on_project, until

_SOMEBODY = "user:a@example.com"


def _not_google(member: Member) -> bool:
    return not member.is_service_agent


class BannedSettings(Settings, frozen=True):
    """Which roles must not be granted on projects, folders and organizations."""

    banned_roles: tuple[str, ...] = ("roles/*.legacy*",)
    """Names or patterns of roles, such as `roles/apigee.*`."""


@check(
    "role-banned",
    severity=Severity.MEDIUM,
    default=False,
    same_as=["policy_library:gcp_iam_allow_ban_roles_v1"],
    fix=narrower("Grant a role that the company allows."),
    passes=lambda: [on_project(grant("roles/run.developer", _SOMEBODY))],
    fails=lambda: [
        on_project(grant("roles/storage.legacyBucketOwner", _SOMEBODY)),
        on_organization(grant("roles/storage.legacyObjectReader", "group:all@example.com")),
    ],
    unknown=lambda: [on_project(more=True)],
)
def banned_role(policy: Policy[Project | Folder | Organization], clock: Clock, settings: BannedSettings) -> Verdict:
    """A role is granted that the company does not allow.

    Why: The setting `banned_roles` lists what was decided against; without it, legacy roles of Cloud Storage are
    meant, which are made for single buckets.

    What a fix may break: Whoever used the role; the audit log names them.

    Source: https://cloud.google.com/iam/docs/using-iam-securely
    """

    def banned(role: str) -> bool:
        return any(fnmatchcase(role, pattern) for pattern in settings.banned_roles)

    return tell(grants(policy, clock.now, roles=banned, members=_not_google))


@check(
    "redis-role-above-projects",
    severity=Severity.LOW,
    same_as=["sha:REDIS_ROLE_USED_ON_ORG"],
    fix=narrower("Grant the role on the project whose resources are meant."),
    passes=lambda: [
        on_organization(grant("roles/browser", _SOMEBODY)),
        on_folder(grant("roles/redis.admin", "serviceAccount:service-12345@cloud-redis.iam.gserviceaccount.com")),
    ],
    fails=lambda: [
        on_organization(grant("roles/redis.admin", _SOMEBODY)),
        on_folder(grant("roles/redis.editor", "group:dev@example.com")),
    ],
)
def role_above_projects(policy: Policy[Folder | Organization], clock: Clock) -> Verdict:
    """A role over Memorystore is granted on a folder or the organization.

    Why: It reaches the caches of every project below, which have nothing in common but their parent.

    What a fix may break: Tools that look after caches of many projects; grant the role on each of those.

    Source: https://cloud.google.com/memorystore/docs/redis/access-control
    """
    return tell(grants(policy, clock.now, roles=lambda role: role.startswith("roles/redis."), members=_not_google))


@check(
    "person-administers-service",
    severity=Severity.LOW,
    default=False,
    same_as=["cloudsploit:iam/bigqueryAdmin", "cloudsploit:iam/bigtableAdmin", "cloudsploit:iam/pubsubAdmin"],
    fix=narrower("Grant the role to a group, or a role for the task to the person."),
    passes=lambda: [
        on_project(grant("roles/bigquery.admin", "group:data@example.com")),
        on_project(grant("roles/bigquery.dataViewer", _SOMEBODY)),
    ],
    fails=lambda: [
        on_project(grant("roles/bigquery.admin", _SOMEBODY)),
        on_folder(grant("roles/pubsub.admin", "group:a@example.com", _SOMEBODY)),
        on_organization(grant("roles/bigtable.admin", _SOMEBODY)),
    ],
    unknown=lambda: [on_project(more=True)],
)
def person_administers(policy: Policy[Project | Folder | Organization], clock: Clock) -> Verdict:
    """A single user administers BigQuery, Bigtable or Pub/Sub.

    Why: The role reads, changes and deletes all data of the service and decides who else may. Grants to persons
    one by one are seldom taken back.

    What a fix may break: Nothing, if a group of which the user is a member holds the role first.

    Source: https://cloud.google.com/iam/docs/groups-best-practices
    """
    return tell(
        grants(policy, clock.now, roles=_DATA_ADMIN.__contains__, members=lambda member: member.kind is Kind.USER)
    )


_DATA_ADMIN = frozenset({"roles/bigquery.admin", "roles/bigtable.admin", "roles/pubsub.admin"})


@check(
    "google-apis-agent-editor",
    severity=Severity.INFO,
    default=False,
    fix=narrower("Take Editor away from the agent where neither Deployment Manager nor instance groups are used."),
    passes=lambda: [on_project(grant("roles/compute.instanceAdmin.v1", _CLOUD_SERVICES))],
    fails=lambda: [on_project(grant("roles/editor", _CLOUD_SERVICES))],
    unknown=lambda: [on_project(more=True)],
)
def agent_editor(policy: Policy[Project], clock: Clock) -> Verdict:
    """The Google APIs service agent keeps the Editor role of a project.

    Why: It is Google's default, and more than managed instance groups need: whoever may tell the services behind
    the agent what to do acts with Editor.

    What a fix may break: Managed instance groups and deployments, until the agent holds the roles for them.

    Source: https://cloud.google.com/iam/docs/service-account-types#google-apis
    """
    return tell(grants(policy, clock.now, roles={"roles/editor"}.__contains__, members=_is_apis))


_CLOUD_SERVICES = "serviceAccount:12345@cloudservices.gserviceaccount.com"


def _is_apis(member: Member) -> bool:
    return member.value.endswith("@cloudservices.gserviceaccount.com")


class HomeSettings(Settings, frozen=True):
    """Where service accounts may be made."""

    banned_projects: tuple[str, ...] = ("*-sandbox", "sandbox-*")
    """Ids of projects, or patterns of them, that must have no service accounts of their own."""


def _account(project: str, email: str = "") -> Example:
    address = email or f"web@{project}.iam.gserviceaccount.com"
    return asset(ServiceAccount, {"email": address}, name=f"//iam.googleapis.com/projects/{project}/serviceAccounts/1")


@check(
    "service-account-in-banned-project",
    severity=Severity.LOW,
    default=False,
    same_as=["policy_library:gcp_iam_restrict_service_account_creation_v1"],
    fix=Fix(
        gcloud="gcloud iam service-accounts disable {account.email}",
        terraform="`project` of google_service_account",
        guardrail="iam.disableServiceAccountCreation",
        manual="Make the account in a project that may have some; disable this one first, delete it a month later.",
        patch=DELETE,
    ),
    passes=lambda: [
        _account("shop-prod"),
        _account("shop-sandbox", "1001-compute@developer.gserviceaccount.com"),
    ],
    fails=lambda: [_account("shop-sandbox"), _account("sandbox-77")],
    unknown=lambda: [
        asset(ServiceAccount, name="//iam.googleapis.com/projects/p/serviceAccounts/1", unknown=["resource.data.email"])
    ],
)
def account_in_banned_project(account: ServiceAccount, settings: HomeSettings) -> Verdict:
    """A service account was made in a project that should have none.

    Why: Accounts of sandboxes end up in the policies of real projects, and are managed by whoever plays in the
    sandbox. The setting `banned_projects` says which projects are meant.

    What a fix may break: Whatever runs as the account; the account's page shows when it was last used.

    Source: https://cloud.google.com/iam/docs/best-practices-service-accounts
    """
    member = parse(f"serviceAccount:{account.email}")
    if member.is_default_service_account:
        return not_applicable("Google made the account with the project")
    home = member.account_project
    if any(fnmatchcase(home, pattern) for pattern in settings.banned_projects):
        return fail(f"it lives in project {home}")
    return PASS


@check(
    "convenience-member-granted-role",
    severity=Severity.LOW,
    fix=narrower("Grant the role to the group that needs it; basic roles then no longer open the resource.", gcloud=""),
    passes=lambda: [
        _bucket(grant("roles/storage.legacyBucketOwner", "projectOwner:p", "projectEditor:p")),
        _bucket(grant("roles/storage.objectAdmin", "group:data@example.com")),
        _bucket(grant("roles/storage.objectAdmin", "projectEditor:p", condition=until("2026-01-01"))),
        _dataset(
            grant("roles/bigquery.dataOwner", "projectOwner:p"),
            grant("roles/bigquery.dataEditor", "projectEditor:p"),
            grant("roles/bigquery.dataViewer", "projectViewer:p", "user:a@example.com"),
        ),
    ],
    fails=lambda: [
        _bucket(grant("roles/storage.admin", "projectEditor:p")),
        _bucket(
            grant("roles/storage.legacyBucketOwner", "projectEditor:p"),
            grant("roles/storage.objectViewer", "projectViewer:p"),
        ),
        _dataset(grant("roles/bigquery.dataEditor", "projectViewer:p")),
        _dataset(grant("roles/bigquery.dataOwner", "projectEditor:p", "projectOwner:p")),
    ],
    unknown=lambda: [asset(Bucket, policy={"bindings": []}, unknown=["iam_policy.bindings"])],
)
def convenience_member(policy: Policy[Bucket | Dataset], clock: Clock) -> Verdict:
    """A role on a bucket or dataset is granted to whoever owns, edits or views a project.

    Why: The grant follows basic roles: each new viewer of the project reads the data too, and no review of the
    resource's policy shows a name. What Cloud Storage and BigQuery themselves give to such members is left alone.

    What a fix may break: Whoever reached the resource by a basic role only.

    Source: https://cloud.google.com/storage/docs/access-control/iam#convenience-values
    """
    return tell(
        grants(
            policy,
            clock.now,
            roles=_not_legacy,
            members=lambda member: member.kind is Kind.CONVENIENCE,
            counts=lambda grant: (grant.role, str(grant.member).partition(":")[0]) not in _OF_DATASETS,
            types=_BY_ROLE,
        )
    )


_OF_DATASETS = frozenset(
    {
        ("roles/bigquery.dataOwner", "projectOwner"),
        ("roles/bigquery.dataEditor", "projectEditor"),
        ("roles/bigquery.dataViewer", "projectViewer"),
    }
)
"""What BigQuery gives to such members of a new dataset."""
_BY_ROLE = ("projectOwner", "projectEditor", "projectViewer")


def _not_legacy(role: str) -> bool:
    return not role.startswith("roles/storage.legacy")


def _dataset(*bindings: dict[str, Any]) -> Example:
    return asset(Dataset, policy={"bindings": list(bindings)})


def _bucket(*bindings: dict[str, Any]) -> Example:
    return asset(Bucket, policy={"bindings": list(bindings)})
