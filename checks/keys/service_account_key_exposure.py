"""Keys of service accounts that are in wrong hands, or would be worst in them."""

from __future__ import annotations

from typing import Any

from auditor import (
    DELETE,
    PASS,
    Clock,
    EffectiveAccess,
    Example,
    Fix,
    Severity,
    Verdict,
    asset,
    check,
    fail,
    not_applicable,
)
from auditor.access.members import parse
from auditor.access.standing_index import standing_index
from auditor.resources.base import Resource
from auditor.resources.iam import ServiceAccountKey
from auditor.resources.resourcemanager import Folder, Organization, Project
from checks.iam.containers import custom_role
from checks.iam.holders import strongest
from checks.iam.service_accounts import CONTROLS
from checks.keys.service_account_key_shared import (
    CI,
    COMPUTE,
    DELETE_KEY,
    GOOGLE_KEY,
    SYSTEM,
    a_key,
    out_of_use,
)


@check(
    "service-account-key-exposed",
    severity=Severity.CRITICAL,
    evidence=["disabled", "disableReason", "extendedStatus"],
    fix=Fix(
        gcloud=DELETE_KEY,
        guardrail="iam.serviceAccountKeyExposureResponse",
        manual="Disable the key at once, then search the audit logs for what it did since it was exposed, undo "
        "that, replace the key where it is used, and delete it.",
        patch=DELETE,
    ),
    passes=lambda: [
        a_key(),
        a_key(disabled=True, disableReason="SERVICE_ACCOUNT_KEY_DISABLE_REASON_USER_INITIATED"),
        a_key(extendedStatus=[{"key": "SERVICE_ACCOUNT_KEY_EXTENDED_STATUS_KEY_EXPIRED", "value": "true"}]),
        a_key(**SYSTEM),
    ],
    fails=lambda: [
        a_key(disabled=True, disableReason="SERVICE_ACCOUNT_KEY_DISABLE_REASON_EXPOSED"),
        a_key(
            extendedStatus=[
                {
                    "key": "SERVICE_ACCOUNT_KEY_EXTENDED_STATUS_KEY_EXPOSED",
                    "value": "https://github.com/a/b/blob/c/key.json",
                }
            ]
        ),
        a_key(extendedStatus=[{"key": "SERVICE_ACCOUNT_KEY_EXTENDED_STATUS_KEY_COMPROMISE_DETECTED", "value": ""}]),
    ],
    unknown=lambda: [a_key(unknown="extendedStatus")],
)
def exposed_key(key: ServiceAccountKey, clock: Clock) -> Verdict:
    """Google found a service account key exposed or used by an attacker.

    Why: Google reports a key so when its private half turned up in public or in the hands of an attacker.
    While it works, a stranger is the service account. A key that was disabled or expired is told as a lesser
    case: what was done with it before still has to be found.

    What a fix may break: Whatever signs in with the key; it has to move to another credential now.

    Source: https://cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts.keys
    """
    if not key.is_user_managed:
        return not_applicable(GOOGLE_KEY)
    if not key.exposure:
        return PASS
    if key.disabled or key.surely_expired(clock.now):
        return fail(f"Google saw the key {key.exposure}; it no longer works", severity=Severity.HIGH)
    return fail(f"Google saw the key {key.exposure}, and it still works")


@check(
    "service-account-key-on-default-account",
    severity=Severity.HIGH,
    evidence=["validAfterTime"],
    fix=Fix(
        gcloud=DELETE_KEY,
        guardrail="iam.disableServiceAccountKeyCreation",
        manual="Make an account for the purpose with the roles it needs, move the program to it, delete the key.",
        patch=DELETE,
    ),
    passes=lambda: [
        a_key(),
        a_key(COMPUTE, **SYSTEM),
        a_key(COMPUTE, disabled=True),
        a_key(COMPUTE, validBeforeTime="2026-11-21T00:00:00Z"),
    ],
    fails=lambda: [a_key(COMPUTE), a_key("shop-123@appspot.gserviceaccount.com", keyOrigin="USER_PROVIDED")],
    unknown=lambda: [a_key("106786160591595959857")],
)
def default_account_key(key: ServiceAccountKey, clock: Clock) -> Verdict:
    """A default service account has a key that people hold.

    Why: The default accounts of Compute Engine and App Engine usually hold Editor of the project, and every
    workload shares them: the key opens the project, and in the logs its holder looks like any workload.

    What a fix may break: The program that holds the key, until it has an account of its own.

    Source: https://cloud.google.com/iam/docs/best-practices-service-accounts
    """
    unusable = out_of_use(key, clock)
    if unusable:
        return not_applicable(unusable)
    if not parse(f"serviceAccount:{key.account_address}").is_default_service_account:
        return PASS
    return fail(f"a key of the default account {key.account_address} is in somebody's hands")


def _surroundings(*, project: str = "", folder: str = "", organization: str = "", condition: str = "") -> list[Example]:
    """The containers of the examples; a role given for one is held there by the account of the key."""
    levels: dict[type[Resource], str] = {Project: project, Folder: folder, Organization: organization}
    names = ["projects/1001", "folders/2001", "organizations/3001"]
    found = []
    for number, (view, role) in enumerate(levels.items()):
        binding: dict[str, Any] = {"role": role, "members": [f"serviceAccount:{CI}"]}
        if condition:
            binding["condition"] = {"expression": condition}
        found.append(asset(view, policy={"bindings": [binding] if role else []}, ancestors=names[number:]))
    return found


_CUSTOM = "projects/p/roles/ops"


@check(
    "service-account-key-privileged",
    severity=Severity.HIGH,
    evidence=["validAfterTime", "validBeforeTime"],
    fix=Fix(
        gcloud=DELETE_KEY,
        guardrail="iam.disableServiceAccountKeyCreation",
        manual="Let the program sign in without a key (attached account, workload identity federation), or take "
        "the strong role from the account; then delete the key.",
        patch=DELETE,
    ),
    passes=lambda: [
        [a_key(), *_surroundings(project="roles/run.developer")],
        [a_key(disabled=True), *_surroundings(project="roles/owner")],
        [a_key(**SYSTEM), *_surroundings(project="roles/owner")],
        [a_key("other@p.iam.gserviceaccount.com"), *_surroundings(organization="roles/owner")],
        [a_key(), *_surroundings(project="roles/owner", condition='request.time < timestamp("2026-01-01T00:00:00Z")')],
        [a_key(), *_surroundings(project=_CUSTOM), custom_role(_CUSTOM, "run.services.get")],
    ],
    fails=lambda: [
        [a_key(), *_surroundings(project="roles/owner")],
        [a_key(), *_surroundings(folder="roles/iam.serviceAccountTokenCreator")],
        [a_key(), *_surroundings(organization="roles/iam.securityAdmin")],
        [a_key(), *_surroundings(project=_CUSTOM), custom_role(_CUSTOM, "resourcemanager.projects.setIamPolicy")],
    ],
    unknown=lambda: [
        [a_key(), *_surroundings()[:2]],
        [a_key("106786160591595959857"), *_surroundings(project="roles/owner")],
        [a_key(), *_surroundings(project=_CUSTOM)],
    ],
)
def privileged_key(key: ServiceAccountKey, access: EffectiveAccess, clock: Clock) -> Verdict:
    """A service account that controls its project, folder or organization has a key that people hold.

    Why: One copied file is enough to own everything below the grant, from anywhere and without a second
    factor. Roles count by what they permit, custom ones and those of groups too: setting policies, minting
    credentials. What the account holds in other projects is not looked at here.

    What a fix may break: The program that holds the key, until it signs in another way.

    Source: https://cloud.google.com/iam/docs/best-practices-for-managing-service-account-keys
    """
    unusable = out_of_use(key, clock)
    if unusable:
        return not_applicable(unusable)
    account = key.account_address
    held = standing_index(access).held_by(f"serviceAccount:{account}", key.asset.project)
    strong = strongest(held, access, CONTROLS)
    if strong is None:
        return PASS
    holding, permissions = strong
    return fail(
        f"{account} holds {holding.role} on {holding.where}, which permits {permissions[0]}",
        evidence={"role": holding.role, "on": holding.where, "permissions": permissions[:50]},
    )


@check(
    "service-account-key-uploaded",
    severity=Severity.MEDIUM,
    evidence=["keyOrigin", "validAfterTime", "validBeforeTime"],
    fix=Fix(
        gcloud=DELETE_KEY,
        terraform="no `public_key_data` of google_service_account_key",
        guardrail="iam.disableServiceAccountKeyUpload",
        manual="Find in the audit log who uploaded the key (UploadServiceAccountKey), and where the private half is.",
        patch=DELETE,
    ),
    passes=lambda: [
        a_key(),
        a_key(keyOrigin="USER_PROVIDED", disabled=True),
        a_key(keyOrigin="USER_PROVIDED", validBeforeTime="2026-11-01T00:00:00Z"),
        a_key(**SYSTEM),
    ],
    fails=lambda: [
        a_key(keyOrigin="USER_PROVIDED"),
        a_key(keyOrigin="USER_PROVIDED", validBeforeTime="2027-11-01T00:00:00Z"),
    ],
    unknown=lambda: [a_key(unknown="keyOrigin")],
)
def uploaded_key(key: ServiceAccountKey, clock: Clock) -> Verdict:
    """A public key from outside was uploaded to a service account.

    Why: The private half was made and is kept where Google cannot see it; its uploader chose how long it is
    valid. Intruders upload keys to keep a way in that survives the rotation of all others.

    What a fix may break: Hardware or certificate authorities that sign for the account on purpose. Then accept
    the finding, with the name of its owner.

    Source: https://cloud.google.com/iam/docs/keys-upload
    """
    if key.key_origin != "USER_PROVIDED":
        return PASS
    unusable = out_of_use(key, clock)
    if unusable:
        return not_applicable(unusable)
    return fail("the public half was uploaded, the private half is outside of Google Cloud")
