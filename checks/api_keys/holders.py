"""Who gets hold of API keys, and whose rights a key carries."""

from __future__ import annotations

from typing import Any

from auditor import (
    PASS,
    Clock,
    Example,
    Fix,
    Policy,
    PolicyChain,
    Severity,
    Verdict,
    asset,
    check,
    fail,
    not_applicable,
)
from auditor.access.grants import Grant, grants, tell
from auditor.access.members import Kind, Member, parse
from auditor.access.roles import ACCESS_ADMIN_ROLES, CREDENTIAL_ROLES, WRITING_BASIC_ROLES
from auditor.resources.api_keys import ApiKey
from auditor.resources.policy import PUBLIC
from auditor.resources.resourcemanager import Folder, Organization, Project
from checks.api_keys.clients import DELETED
from checks.api_keys.examples import SERVER, deleted_key, example_key
from checks.iam.containers import TAKE_BACK, TERRAFORM, grant, on_folder, on_project, until

_STRONG = WRITING_BASIC_ROLES | ACCESS_ADMIN_ROLES.keys() | CREDENTIAL_ROLES.keys()
_ACCOUNT = "llm@p.iam.gserviceaccount.com"
_BOUND = {"apiTargets": [{"service": "aiplatform.googleapis.com"}], **SERVER}


def _bound(account: str = _ACCOUNT) -> Example:
    return example_key(_BOUND, serviceAccountEmail=account)


def _around(*bindings: dict[str, Any], organization: bool = True) -> list[Example]:
    """The project with the bindings, and the folder and organisation above it."""
    around = [
        asset(Project, {"projectId": "p"}, policy={"bindings": list(bindings)}),
        asset(Folder, policy={"bindings": []}, ancestors=["folders/2001", "organizations/3001"]),
    ]
    above = asset(Organization, policy={"bindings": []}, ancestors=["organizations/3001"])
    return [*around, above] if organization else around


@check(
    "api-key-of-privileged-service-account",
    severity=Severity.HIGH,
    evidence=["displayName", "serviceAccountEmail"],
    fix=Fix(
        gcloud="gcloud services api-keys delete {key.asset.short_name}",
        terraform="another service_account_email on google_apikeys_key, of an account without strong roles",
        guardrail="iam.managed.disableServiceAccountApiKeyCreation",
        manual="Make a service account that may do only what the API needs, bind a new key to it, roll it out, and "
        "delete this key; a bound key cannot be bound anew.",
        patch={"data": {"serviceAccountEmail": "reader@p.iam.gserviceaccount.com"}},
    ),
    passes=lambda: [
        [_bound(), *_around(grant("roles/aiplatform.user", f"serviceAccount:{_ACCOUNT}"))],
        [_bound(), *_around(grant("roles/owner", "serviceAccount:other@p.iam.gserviceaccount.com"))],
        [_bound(), *_around(grant("roles/owner", f"deleted:serviceAccount:{_ACCOUNT}?uid=1"))],
        [_bound(), *_around(grant("roles/owner", f"serviceAccount:{_ACCOUNT}", condition=until("2026-01-01")))],
        [example_key(), *_around(grant("roles/owner", f"serviceAccount:{_ACCOUNT}"))],
        [deleted_key(serviceAccountEmail=_ACCOUNT), *_around(grant("roles/owner", f"serviceAccount:{_ACCOUNT}"))],
    ],
    fails=lambda: [
        [_bound(), *_around(grant("roles/editor", f"serviceAccount:{_ACCOUNT}"))],
        [_bound(), *_around(grant("roles/iam.serviceAccountTokenCreator", f"serviceAccount:{_ACCOUNT}"))],
        [_bound("LLM@p.iam.gserviceaccount.com"), *_around(grant("roles/owner", f"serviceAccount:{_ACCOUNT}"))],
    ],
    unknown=lambda: [
        [_bound(), *_around(organization=False)],
        asset(ApiKey, {}, unknown=["resource.data.serviceAccountEmail"]),
    ],
)
def privileged_account(key: ApiKey, chain: PolicyChain, clock: Clock) -> Verdict:
    """An API key acts as a service account that controls its project, folder or organisation.

    Why: a bound key is a password of the account that never expires and is sent with every call. Owner, Editor, roles
    that set policies and roles that mint credentials turn one copied string into control of everything below the
    grant, as far as APIs take such keys. Roles that the account holds in other projects are not looked at here.

    What a fix may break: programs that send the key, until they have the new one.

    Source: https://cloud.google.com/docs/authentication/api-keys#api-keys-bound-sa
    """
    if key.is_deleted:
        return DELETED
    account = key.service_account_email.lower()
    if not account:
        return not_applicable("the key acts as no service account")
    for level, policy in chain.policies():
        if not level:
            continue  # a key has no IAM policy of its own
        for binding, text in policy.grants(clock.now, types=("serviceAccount",)):
            if binding.role in _STRONG:
                member = parse(text)
                if member.kind is Kind.SERVICE_ACCOUNT and member.value == account and not member.deleted:
                    return fail(f"{account} holds {binding.role} on {level}{binding.limited_to}")
    return PASS


_READERS = frozenset({"roles/serviceusage.apiKeysAdmin", "roles/serviceusage.apiKeysViewer"})
"""Roles made for keys that hold apikeys.keys.getKeyString. Basic roles hold it too, and are findings of their own."""


def _reads_keys(role: str) -> bool:
    return role in _READERS


def _is_wide(member: Member) -> bool:
    """Whether the member stands for people that nobody chose, or for code."""
    return member.is_public or member.kind is Kind.DOMAIN or member.is_consumer or member.is_workload


def _weight(found: Grant) -> Severity:
    member = found.member
    if member.is_public:
        return Severity.CRITICAL
    return Severity.LOW if member.is_workload and not member.is_whole_pool else Severity.MEDIUM


@check(
    "api-key-strings-readable-widely",
    severity=Severity.MEDIUM,
    fix=Fix(
        gcloud=TAKE_BACK,
        terraform=TERRAFORM,
        guardrail="iam.allowedPolicyMemberDomains",
        manual="Grant roles/serviceusage.apiKeysAdmin to the few people who make keys, in the project that has them. "
        "Programs get their key from Secret Manager.",
        patch={"policy": {"bindings": [grant("roles/serviceusage.apiKeysAdmin", "group:platform@example.com")]}},
    ),
    passes=lambda: [
        on_project(grant("roles/serviceusage.apiKeysAdmin", "user:ana@example.com", "group:platform@example.com")),
        on_project(grant("roles/serviceusage.serviceUsageViewer", "domain:example.com")),
        on_project(
            grant("roles/serviceusage.apiKeysViewer", "deleted:serviceAccount:a@p.iam.gserviceaccount.com?uid=1")
        ),
        on_project(
            grant(
                "roles/serviceusage.apiKeysViewer",
                "serviceAccount:service-1001@gcp-sa-firebase.iam.gserviceaccount.com",
            )
        ),
    ],
    fails=lambda: [
        on_project(grant("roles/serviceusage.apiKeysViewer", "domain:example.com")),
        on_folder(grant("roles/serviceusage.apiKeysViewer", "allAuthenticatedUsers")),
        on_project(grant("roles/serviceusage.apiKeysAdmin", "serviceAccount:api@p.iam.gserviceaccount.com")),
        on_project(grant("roles/serviceusage.apiKeysAdmin", "user:someone@gmail.com")),
    ],
    unknown=lambda: [
        asset(
            Project,
            policy={"bindings": [grant("roles/serviceusage.apiKeysViewer")]},
            unknown=["iam_policy.bindings.0.members"],
        )
    ],
)
def strings_readable_widely(policy: Policy[Project | Folder | Organization], clock: Clock) -> Verdict:
    """A whole domain, the public, a private account or a workload may read the strings of API keys.

    Why: the viewer's role for keys does not only list them: it shows each key string, which is all that a caller
    needs. A workload with it can be made to give out every key of its project, and the admin's role can make keys
    without restrictions. Basic roles read key strings as well; their holders are told by the checks of basic roles.

    What a fix may break: tools that list keys under that identity, such as an inventory.

    Source: https://cloud.google.com/iam/docs/roles-permissions/serviceusage
    """
    types = (*PUBLIC, "domain", "user", "serviceAccount", "principal", "principalSet")
    return tell(grants(policy, clock.now, members=_is_wide, roles=_reads_keys, types=types), _weight)
