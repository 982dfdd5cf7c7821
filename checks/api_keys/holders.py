"""Who gets hold of API keys, and whose rights a key carries."""

from __future__ import annotations

from typing import Any

from auditor import (
    PASS,
    EffectiveAccess,
    Example,
    Fix,
    Policy,
    Severity,
    Verdict,
    asset,
    check,
    fail,
    not_applicable,
)
from auditor.access.members import Kind, Member
from auditor.access.standing_index import Power, standing_index
from auditor.resources.api_keys import ApiKey
from auditor.resources.resourcemanager import Folder, Organization, Project
from checks.api_keys.clients import DELETED
from checks.api_keys.examples import SERVER, deleted_key, example_key
from checks.iam.containers import TAKE_BACK, TERRAFORM, custom_role, grant, member_of, on_folder, on_project, until
from checks.iam.holders import held_on, strongest
from checks.iam.service_accounts import CONTROLS

_CUSTOM = "projects/p/roles/ops"


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
        [
            _bound(),
            *_around(grant(_CUSTOM, f"serviceAccount:{_ACCOUNT}")),
            custom_role(_CUSTOM, "aiplatform.endpoints.predict"),
        ],
        [example_key(), *_around(grant("roles/owner", f"serviceAccount:{_ACCOUNT}"))],
        [deleted_key(serviceAccountEmail=_ACCOUNT), *_around(grant("roles/owner", f"serviceAccount:{_ACCOUNT}"))],
    ],
    fails=lambda: [
        [_bound(), *_around(grant("roles/editor", f"serviceAccount:{_ACCOUNT}"))],
        [_bound(), *_around(grant("roles/iam.serviceAccountTokenCreator", f"serviceAccount:{_ACCOUNT}"))],
        [
            _bound(),
            *_around(grant(_CUSTOM, f"serviceAccount:{_ACCOUNT}")),
            custom_role(_CUSTOM, "aiplatform.endpoints.predict", "resourcemanager.projects.setIamPolicy"),
        ],
        [_bound(), *_around(grant("roles/owner", "group:bots@example.com")), *member_of("bots@example.com", _ACCOUNT)],
        [_bound("LLM@p.iam.gserviceaccount.com"), *_around(grant("roles/owner", f"serviceAccount:{_ACCOUNT}"))],
    ],
    unknown=lambda: [
        [_bound(), *_around(organization=False)],
        [_bound(), *_around(grant(_CUSTOM, f"serviceAccount:{_ACCOUNT}"))],
        asset(ApiKey, {}, unknown=["resource.data.serviceAccountEmail"]),
    ],
)
def privileged_account(key: ApiKey, access: EffectiveAccess) -> Verdict:
    """An API key acts as a service account that controls its project, folder or organisation.

    Why: a bound key is a password of the account that never expires and is sent with every call. Owner, Editor,
    roles that set policies and roles that mint credentials turn one copied string into control of everything below
    the grant, as far as APIs take such keys. Roles count by what they permit, custom ones and those of groups too.
    What the account holds in other projects is not looked at here.

    What a fix may break: programs that send the key, until they have the new one.

    Source: https://cloud.google.com/docs/authentication/api-keys#api-keys-bound-sa
    """
    if key.is_deleted:
        return DELETED
    account = key.service_account_email.lower()
    if not account:
        return not_applicable("the key acts as no service account")
    strong = strongest(standing_index(access).held_by(f"serviceAccount:{account}", key.asset.project), access, CONTROLS)
    if strong is None:
        return PASS
    holding, permissions = strong
    return fail(
        f"{account} holds {holding.role} on {holding.where}, which permits {permissions[0]}",
        evidence={"role": holding.role, "on": holding.where, "permissions": permissions[:50]},
    )


_READS_KEYS = frozenset({"apikeys.keys.getKeyString"})


def _is_wide(member: Member) -> bool:
    """Whether the member stands for people that nobody chose, or for code."""
    return member.is_public or member.kind is Kind.DOMAIN or member.is_consumer or member.is_workload


def _weight(found: Power) -> Severity:
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
        on_project(grant("roles/viewer", "domain:example.com")),  # project-basic-role and its kin tell it
        [
            on_project(grant(_CUSTOM, "domain:example.com")),
            custom_role(_CUSTOM, "apikeys.keys.list", "apikeys.keys.get"),
        ],
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
        [
            on_project(grant(_CUSTOM, "domain:example.com")),
            custom_role(_CUSTOM, "apikeys.keys.list", "apikeys.keys.getKeyString"),
        ],
    ],
    unknown=lambda: [
        asset(
            Project,
            policy={"bindings": [grant("roles/serviceusage.apiKeysViewer")]},
            unknown=["iam_policy.bindings.0.members"],
        ),
        on_project(grant(_CUSTOM, "domain:example.com")),
    ],
)
def strings_readable_widely(policy: Policy[Project | Folder | Organization], access: EffectiveAccess) -> Verdict:
    """A whole domain, the public, a private account or a workload may read the strings of API keys.

    Why: the viewer's role for keys does not only list them: it shows each key string, which is all that a caller
    needs. A workload with it can be made to give out every key of its project, and the admin's role can make keys
    without restrictions. Custom roles count by what they permit. Basic roles read key strings as well; their
    holders are told by the checks of basic roles.

    What a fix may break: tools that list keys under that identity, such as an inventory.

    Source: https://cloud.google.com/iam/docs/roles-permissions/serviceusage
    """
    return held_on(policy, access, _READS_KEYS, members=_is_wide, severity=_weight)
