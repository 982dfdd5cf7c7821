"""Policies that let in everyone: `allUsers`, `allAuthenticatedUsers`."""

from __future__ import annotations

from typing import Any

from auditor import Clock, Fix, Policy, Severity, Verdict, asset, check, not_applicable
from auditor.access.grants import grants, tell
from auditor.access.members import Member
from auditor.resources.compute import Instance
from auditor.resources.iam import ServiceAccount
from auditor.resources.policy import PUBLIC
from auditor.resources.resourcemanager import Folder, Organization, Project
from checks.iam.containers import grant, narrower, on_folder, on_organization, on_project, until

JUDGED_ELSEWHERE = frozenset(
    {
        "cloudresourcemanager.googleapis.com/Project",
        "cloudresourcemanager.googleapis.com/Folder",
        "cloudresourcemanager.googleapis.com/Organization",
        "iam.googleapis.com/ServiceAccount",
        "storage.googleapis.com/Bucket",
        "bigquery.googleapis.com/Dataset",
        "bigquery.googleapis.com/Table",
        "run.googleapis.com/Service",
        "run.googleapis.com/Job",
        "cloudfunctions.googleapis.com/CloudFunction",
        "cloudfunctions.googleapis.com/Function",
        "secretmanager.googleapis.com/Secret",
        "cloudkms.googleapis.com/KeyRing",
        "cloudkms.googleapis.com/CryptoKey",
        "pubsub.googleapis.com/Topic",
        "pubsub.googleapis.com/Subscription",
        "pubsub.googleapis.com/Snapshot",
        "artifactregistry.googleapis.com/Repository",
        "bigtableadmin.googleapis.com/Instance",
        "compute.googleapis.com/Disk",
        "compute.googleapis.com/Image",
        "compute.googleapis.com/RegionDisk",
        "compute.googleapis.com/Snapshot",
        "dataproc.googleapis.com/Cluster",
        "spanner.googleapis.com/Database",
        "spanner.googleapis.com/Instance",
    }
)
"""Types with a check of their own for public members."""


_ASKED = not_applicable("a check of its own asks this type")


def _public(member: Member) -> bool:
    return member.is_public


@check(
    "container-public",
    severity=Severity.CRITICAL,
    same_as=["steampipe:denylist_public_users", "checkov:CKV_GCP_113"],
    fix=narrower("Grant the role to the people or workloads that need it.", guardrail="iam.allowedPolicyMemberDomains"),
    passes=lambda: [
        on_project(grant("roles/viewer", "domain:example.com")),
        on_project(grant("roles/browser", "allUsers", condition=until("2026-01-01"))),
    ],
    fails=lambda: [
        on_project(grant("roles/storage.objectViewer", "allUsers")),
        on_folder(grant("roles/browser", "group:a@example.com"), grant("roles/browser", "allAuthenticatedUsers")),
        on_organization(grant("roles/run.invoker", "allUsers", condition='resource.name.endsWith("/services/www")')),
    ],
    unknown=lambda: [on_project(grant("roles/viewer", "user:a@example.com"), more=True)],
)
def public_container(policy: Policy[Project | Folder | Organization], clock: Clock) -> Verdict:
    """Everyone on the internet holds a role on a project, folder or organization.

    Why: A role on a container counts for everything in it, today's resources and tomorrow's.
    `allAuthenticatedUsers` is no smaller circle than `allUsers`: anyone can make a Google account.

    What a fix may break: A public web site or API behind the grant stops answering. Grant the public role on
    that one bucket or service before you take it off the container.

    Source: https://cloud.google.com/iam/docs/principals-overview
    """
    return tell(grants(policy, clock.now, members=_public, types=PUBLIC))


@check(
    "service-account-public",
    severity=Severity.CRITICAL,
    same_as=["scoutsuite:iam-service-account-user-member"],
    fix=Fix(
        gcloud="gcloud iam service-accounts remove-iam-policy-binding {policy.asset.id} "
        "--member={found[member]} --role={found[role]}",
        terraform="`member` of google_service_account_iam_member",
        guardrail="iam.allowedPolicyMemberDomains",
        manual="Take the grant back, then look in the audit logs for tokens that strangers minted.",
        patch={"policy": {"bindings": []}},
    ),
    passes=lambda: [
        asset(ServiceAccount, policy={"bindings": [grant("roles/iam.serviceAccountUser", "group:ops@example.com")]}),
    ],
    fails=lambda: [
        asset(ServiceAccount, policy={"bindings": [grant("roles/iam.serviceAccountUser", "allAuthenticatedUsers")]}),
        asset(ServiceAccount, policy={"bindings": [grant("roles/iam.serviceAccountTokenCreator", "allUsers")]}),
    ],
    unknown=lambda: [asset(ServiceAccount, policy={"bindings": []}, unknown=["iam_policy.bindings"])],
)
def public_service_account(policy: Policy[ServiceAccount], clock: Clock) -> Verdict:
    """Everyone on the internet holds a role on a service account.

    Why: With Service Account Token Creator, a stranger mints tokens and is the account; with Service Account
    User, whoever can deploy anything runs code as it.

    What a fix may break: Nothing that should work. A deployment that relied on the grant needs one of its own.

    Source: https://cloud.google.com/iam/docs/service-account-permissions
    """
    return tell(grants(policy, clock.now, members=_public, types=PUBLIC))


@check(
    "policy-public",
    severity=Severity.HIGH,
    same_as=["steampipe:denylist_public_users", "checkov:CKV_GCP_113", "policy_library:gcp_iam_allowed_bindings"],
    fix=Fix(
        guardrail="iam.allowedPolicyMemberDomains",
        manual="Take allUsers and allAuthenticatedUsers out of the policy; grant the role to those who need it.",
        patch={"policy": {"bindings": []}},
    ),
    passes=lambda: [
        asset(Instance, policy={"bindings": [grant("roles/compute.osLogin", "group:ops@example.com")]}),
        on_project(grant("roles/viewer", "allUsers")),  # container-public tells it
    ],
    fails=lambda: [
        asset(Instance, policy={"bindings": [grant("roles/compute.osLogin", "allAuthenticatedUsers")]}),
    ],
    unknown=lambda: [asset(Instance, policy={"bindings": []}, unknown=["iam_policy.bindings.*"])],
)
def public_policy(policy: Policy[Any], clock: Clock) -> Verdict:
    """The policy of a resource lets in everyone on the internet.

    Why: Public access is meant for few kinds of resources; on a VM, a subnetwork, a tag value or a data
    catalogue it is a slip. Buckets, datasets, services, functions, secrets, keys, topics, images and the like
    have checks of their own.

    What a fix may break: Whoever uses the resource without an account you know of is locked out.

    Source: https://cloud.google.com/iam/docs/principals-overview
    """
    if policy.asset.asset_type in JUDGED_ELSEWHERE:
        return _ASKED
    return tell(grants(policy, clock.now, members=_public, types=PUBLIC))
