"""Who may read the payloads of Secret Manager."""

from __future__ import annotations

from typing import Any

from auditor import Clock, EffectiveAccess, Fix, Policy, Severity, Verdict, asset, check
from auditor.access.grants import grants, tell
from auditor.access.members import Member
from auditor.access.standing_index import Power
from auditor.resources.policy import PUBLIC
from auditor.resources.resourcemanager import Folder, Organization, Project
from auditor.resources.secretmanager import Secret
from checks.iam.containers import TAKE_BACK, custom_role
from checks.iam.holders import held_on

_ACCESSOR = "roles/secretmanager.secretAccessor"
_ADMIN = "roles/secretmanager.admin"
_TAKE_BACK = (
    "gcloud secrets remove-iam-policy-binding {policy.asset.gcloud_name} --member={found[member]} --role={found[role]}"
)
_METADATA_ONLY = frozenset(
    ["roles/secretmanager.viewer", "roles/viewer", "roles/browser", "roles/secretmanager.secretVersionAdder"]
)
"""Roles without secretmanager.versions.access."""
_WORKLOAD = "serviceAccount:api@p.iam.gserviceaccount.com"
_AGENT = "serviceAccount:service-1001@gcp-sa-bigquerydatatransfer.iam.gserviceaccount.com"
_ONE_VERSION = 'resource.name == "projects/1001/secrets/db-password/versions/3"'


def _policy(role: str, *members: str, condition: str = "") -> dict[str, Any]:
    binding: dict[str, Any] = {"role": role, "members": list(members)}
    if condition:
        binding["condition"] = {"title": "limited", "expression": condition}
    return {"bindings": [binding]}


@check(
    "secret-public",
    severity=Severity.CRITICAL,
    same_as=["prowler:secretmanager_secret_not_publicly_accessible"],
    fix=Fix(
        gcloud=_TAKE_BACK,
        terraform="no allUsers or allAuthenticatedUsers in google_secret_manager_secret_iam_*",
        guardrail="iam.allowedPolicyMemberDomains",
        manual="Treat the value as known to everyone: change the credential that it holds, then add the new version.",
        patch={"policy": _policy(_ACCESSOR, _WORKLOAD)},
    ),
    passes=lambda: [
        asset(Secret, policy=_policy(_ACCESSOR, _WORKLOAD)),
        asset(Secret, policy={"etag": "ACAB"}),
        asset(
            Secret, policy=_policy(_ACCESSOR, "allUsers", condition='request.time < timestamp("2026-02-01T00:00:00Z")')
        ),
    ],
    fails=lambda: [
        asset(Secret, policy=_policy(_ACCESSOR, _WORKLOAD, "allUsers")),
        asset(Secret, policy=_policy(_ADMIN, "allAuthenticatedUsers")),
        asset(Secret, policy=_policy("roles/secretmanager.viewer", "allUsers")),
        asset(
            Secret,
            policy=_policy(_ACCESSOR, "allUsers"),
            name="//secretmanager.googleapis.com/projects/1001/locations/europe-west1/secrets/regional",
        ),
    ],
    unknown=lambda: [asset(Secret, policy=_policy(_ACCESSOR), unknown=["iam_policy.bindings.0.members"])],
)
def secret_public(policy: Policy[Secret], clock: Clock) -> Verdict:
    """Anyone on the internet, or anyone with a Google account, holds a role on a secret.

    Why: With the accessor role the payload itself is public; with a viewer's role the secret's name, labels and
    versions are, which tells an attacker what to look for.

    What a fix may break: Callers that were never named. The secret's access log, where data access logging is on,
    tells who they were.

    Source: https://cloud.google.com/secret-manager/docs/access-control
    """
    found = grants(policy, clock.now, members=lambda member: member.is_public, types=PUBLIC)
    return tell(found, lambda grant: Severity.MEDIUM if grant.role in _METADATA_ONLY else Severity.CRITICAL)


_READS = frozenset({"secretmanager.versions.access"})
_CUSTOM = "projects/p/roles/ops"


def _administers(power: Power, access: EffectiveAccess) -> bool:
    """Whether the role also lets its holder decide who reads the secrets."""
    return access.world.roles.grants(power.role, "secretmanager.secrets.setIamPolicy").holds


def _not_of_google(member: Member) -> bool:
    return not member.is_service_agent


@check(
    "secret-access-project-wide",
    severity=Severity.MEDIUM,
    fix=Fix(
        gcloud=TAKE_BACK,
        terraform="google_secret_manager_secret_iam_member per secret, instead of google_project_iam_member",
        manual=(
            "First grant roles/secretmanager.secretAccessor on the secrets that the holder needs "
            "(`gcloud secrets add-iam-policy-binding SECRET …`), then take the wide grant back."
        ),
        patch={"policy": _policy("roles/run.developer", _WORKLOAD)},
    ),
    passes=lambda: [
        asset(Project, policy=_policy(_ADMIN, "group:platform@example.com")),
        asset(Project, policy=_policy(_ACCESSOR, _AGENT)),
        asset(Project, policy=_policy(_ACCESSOR, _WORKLOAD, condition=_ONE_VERSION)),
        asset(Project, policy=_policy(_ACCESSOR, f"deleted:{_WORKLOAD}?uid=1")),
        asset(Project, policy=_policy("roles/secretmanager.viewer", _WORKLOAD)),
        [asset(Project, policy=_policy(_CUSTOM, _WORKLOAD)), custom_role(_CUSTOM, "secretmanager.secrets.list")],
    ],
    fails=lambda: [
        asset(Project, policy=_policy(_ACCESSOR, _AGENT, _WORKLOAD)),
        asset(Project, policy=_policy(_ACCESSOR, "user:dev@example.com")),
        asset(Project, policy=_policy(_ADMIN, _WORKLOAD)),
        [asset(Project, policy=_policy(_CUSTOM, _WORKLOAD)), custom_role(_CUSTOM, "secretmanager.versions.access")],
        asset(Folder, policy=_policy(_ACCESSOR, _WORKLOAD), ancestors=("folders/2001", "organizations/3001")),
        asset(Organization, policy=_policy(_ACCESSOR, "group:dev@example.com"), ancestors=("organizations/3001",)),
    ],
    unknown=lambda: [
        asset(Project, policy=_policy(_ACCESSOR), unknown=["iam_policy.bindings.0.members"]),
        asset(Project, policy=_policy(_CUSTOM, _WORKLOAD)),
    ],
)
def access_project_wide(policy: Policy[Project | Folder | Organization], access: EffectiveAccess) -> Verdict:
    """Someone may read every secret of a project, folder or organization.

    Why: Whoever takes over one workload then reads the credentials of all of them, those of secrets that are made
    later included. Secret Manager takes grants on the single secret.

    What a fix may break: Workloads that read secrets which nobody listed. The data access log of
    secretmanager.googleapis.com tells which ones they read.

    Source: https://cloud.google.com/secret-manager/docs/best-practices
    """
    whole_project = policy.asset.asset_type.endswith("/Project")

    def needs_one_secret(power: Power) -> bool:
        limited = "resource.name" in power.condition
        return not limited and (power.member.is_workload or not _administers(power, access))

    return held_on(
        policy,
        access,
        _READS,
        members=_not_of_google,
        severity=lambda _: Severity.MEDIUM if whole_project else Severity.HIGH,
        counts=needs_one_secret,
    )


def _is_person(member: Member) -> bool:
    return member.is_person


@check(
    "secret-access-person",
    severity=Severity.LOW,
    default=False,
    fix=Fix(
        gcloud=_TAKE_BACK,
        terraform="only service accounts in google_secret_manager_secret_iam_member of the accessor role",
        manual="Give people the right for the hour that they need it, with a condition or Privileged Access Manager.",
        patch={"policy": _policy(_ACCESSOR, _WORKLOAD)},
    ),
    passes=lambda: [
        asset(Secret, policy=_policy(_ACCESSOR, _WORKLOAD)),
        asset(Secret, policy=_policy("roles/secretmanager.secretVersionAdder", "group:ops@example.com")),
        asset(Secret, policy=_policy(_ADMIN, "group:ops@example.com")),
    ],
    fails=lambda: [
        asset(Secret, policy=_policy(_ACCESSOR, "user:dev@example.com")),
        asset(Secret, policy=_policy(_ACCESSOR, _WORKLOAD, "group:dev@example.com")),
        [
            asset(Secret, policy=_policy(_CUSTOM, "user:dev@example.com")),
            custom_role(_CUSTOM, "secretmanager.versions.access"),
        ],
    ],
    unknown=lambda: [
        asset(Secret, policy=_policy(_ACCESSOR), unknown=["iam_policy.bindings.*"]),
        asset(Secret, policy=_policy(_CUSTOM, "user:dev@example.com")),
    ],
)
def access_person(policy: Policy[Secret], access: EffectiveAccess) -> Verdict:
    """A person or group may read the payload of a secret at any time.

    Why: A credential that people can read ends up in shells, chats and files on laptops. Adding versions needs
    no right to read them.

    What a fix may break: Manual work with the credential, until the right is asked for when it is needed.

    Source: https://cloud.google.com/secret-manager/docs/best-practices
    """
    return held_on(
        policy,
        access,
        _READS,
        members=_is_person,
        severity=lambda _: Severity.LOW,
        counts=lambda power: not _administers(power, access),
    )
