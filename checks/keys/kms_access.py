"""Who may use and manage keys of Cloud KMS, where it is granted on the key or its key ring."""

from __future__ import annotations

from auditor import (
    PASS,
    Clock,
    EffectiveAccess,
    Estate,
    Fix,
    Policy,
    Settings,
    Severity,
    Undetermined,
    Verdict,
    asset,
    check,
    fail,
    not_applicable,
)
from auditor.access.grants import grants, tell
from auditor.access.members import Member
from auditor.access.roles import BASIC_ROLES
from auditor.access.standing_index import standing_index
from auditor.resources.kms import CryptoKey, KeyRing
from auditor.resources.policy import PUBLIC
from auditor.resources.resourcemanager import Project
from checks.iam.containers import custom_role, member_of
from checks.iam.duties import KMS_ADMIN, KMS_USE, not_google, told_together
from checks.iam.holders import may_permit
from checks.units import Count

_ADMIN = "roles/cloudkms.admin"
_PUBLIC_KEY_VIEWER = "roles/cloudkms.publicKeyViewer"
_USER_ROLES = frozenset(
    f"roles/cloudkms.{name}"
    for name in (
        "cryptoKeyDecrypter",
        "cryptoKeyEncrypter",
        "cryptoKeyEncrypterDecrypter",
        "cryptoOperator",
        "decapsulator",
        "expertPqcSigner",
        "expertRawAesCbc",
        "expertRawAesCtr",
        "expertRawPKCS1",
        "signer",
        "signerVerifier",
    )
)
_ENCRYPT = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
_AGENT = "serviceAccount:service-1001@gs-project-accounts.iam.gserviceaccount.com"
_TAKE_BACK = " remove-iam-policy-binding {policy.asset.short_name} --role={found[role]} --member={found[member]} --all"
_PERSON = "user:ana@example.com"
_CUSTOM = "projects/p/roles/ops"
_KEY = "cloudkms.googleapis.com/CryptoKey"
_PAST = {"title": "until May", "expression": 'request.time < timestamp("2026-05-01T00:00:00Z")'}


def _policy(*bindings: tuple[str, list[str]]) -> dict[str, object]:
    return {"bindings": [{"role": role, "members": members} for role, members in bindings]}


class UserSettings(Settings, frozen=True):
    """How many principals may use one key."""

    max_users: Count = 3


def _public(policy: Policy[CryptoKey] | Policy[KeyRing], clock: Clock) -> Verdict:
    for binding, member in policy.grants(clock.now, types=PUBLIC):
        if member in PUBLIC and binding.role != _PUBLIC_KEY_VIEWER:
            found = {"member": member, "role": binding.role}
            return fail(f"{member} holds {binding.role}{binding.limited_to}", evidence=found)
    return PASS


@check(
    "kms-key-public",
    severity=Severity.CRITICAL,
    same_as=[
        "sha:KMS_PUBLIC_KEY",
        "prowler:kms_key_not_publicly_accessible",
        "steampipe:kms_key_not_publicly_accessible",
        "scoutsuite:kms-cryptokeys-anonymously-publicly-accessible",
        "checkov:CKV_GCP_112",
        "checkov:CKV2_GCP_6",
        "cloudsploit:cryptographickeys/kmsPublicAccess",
        "inspec:cis-gcp-1.9",
    ],
    fix=Fix(
        gcloud="gcloud kms keys" + _TAKE_BACK,
        terraform="no allUsers or allAuthenticatedUsers in google_kms_crypto_key_iam_*",
        guardrail="iam.allowedPolicyMemberDomains",
        patch={"policy": {"bindings": []}},
    ),
    passes=lambda: [
        asset(CryptoKey, policy=_policy((_ENCRYPT, [_AGENT]))),
        asset(CryptoKey, policy=_policy((_PUBLIC_KEY_VIEWER, ["allUsers"]))),
        asset(
            CryptoKey,
            policy={"bindings": [{"role": _ENCRYPT, "members": ["allAuthenticatedUsers"], "condition": _PAST}]},
        ),
        asset(CryptoKey, policy={}),
    ],
    fails=lambda: [
        asset(CryptoKey, policy=_policy((_ENCRYPT, [_AGENT, "allUsers"]))),
        asset(CryptoKey, policy=_policy(("roles/cloudkms.admin", ["allAuthenticatedUsers"]))),
        asset(CryptoKey, policy=_policy(("roles/cloudkms.signerVerifier", ["allUsers"]))),
    ],
    unknown=lambda: [asset(CryptoKey, policy={"bindings": []}, unknown=["iam_policy.bindings.*"])],
)
def public_key(policy: Policy[CryptoKey], clock: Clock) -> Verdict:
    """Anyone on the internet can use or manage an encryption key.

    Why: whoever may decrypt needs only the ciphertext; whoever may administer can disable or destroy the key and
    with it all data under it. Publishing the public half of an asymmetric key (publicKeyViewer) is what that half
    is for, and no finding.

    What a fix may break: programs that call the key without credentials, or with an account of another
    organisation, lose it. Grant the key to their service accounts by name.

    Source: https://cloud.google.com/kms/docs/iam
    """
    return _public(policy, clock)


@check(
    "kms-key-ring-public",
    severity=Severity.CRITICAL,
    same_as=["checkov:CKV2_GCP_8"],
    fix=Fix(
        gcloud="gcloud kms keyrings" + _TAKE_BACK,
        terraform="no allUsers or allAuthenticatedUsers in google_kms_key_ring_iam_*",
        guardrail="iam.allowedPolicyMemberDomains",
        patch={"policy": {"bindings": []}},
    ),
    passes=lambda: [
        asset(KeyRing, policy=_policy((_ADMIN, ["group:kms-admins@example.com"]))),
        asset(KeyRing, policy=_policy((_PUBLIC_KEY_VIEWER, ["allUsers"]))),
    ],
    fails=lambda: [
        asset(KeyRing, policy=_policy((_ADMIN, ["allAuthenticatedUsers"]))),
        asset(KeyRing, policy=_policy(("roles/cloudkms.cryptoKeyDecrypter", ["allUsers"]))),
    ],
    unknown=lambda: [asset(KeyRing, policy={"bindings": []}, unknown=["iam_policy.bindings"])],
)
def public_key_ring(policy: Policy[KeyRing], clock: Clock) -> Verdict:
    """Anyone on the internet can use or manage all keys of a key ring.

    Why: a grant on a key ring holds for each key in it, those that are made tomorrow included, and does not show
    in the policy of any of them.

    What a fix may break: programs that call a key of the ring without credentials, or with an account of another
    organisation, lose it. Grant each its key by name.

    Source: https://cloud.google.com/kms/docs/iam
    """
    return _public(policy, clock)


@check(
    "kms-key-duties-not-separated",
    severity=Severity.MEDIUM,
    same_as=["steampipe:kms_key_separation_of_duties_enforced"],
    fix=Fix(
        gcloud="gcloud kms {found[_collection]}" + _TAKE_BACK,
        manual="Let a group manage keys, and let the service accounts of programs use them.",
        patch={"policy": {"bindings": [{"role": _ENCRYPT, "members": ["user:ana@example.com"]}]}},
    ),
    passes=lambda: [
        asset(CryptoKey, policy=_policy((_ADMIN, ["group:kms-admins@example.com"]), (_ENCRYPT, [_AGENT]))),
        asset(KeyRing, policy=_policy((_ADMIN, ["user:ana@example.com"]))),
        [
            asset(CryptoKey, policy=_policy((_ADMIN, [_PERSON]), (_CUSTOM, [_PERSON]))),
            custom_role(_CUSTOM, "cloudkms.cryptoKeys.get"),
        ],
        asset(
            CryptoKey,
            policy=_policy(
                (_ADMIN, ["deleted:user:x@example.com?uid=1"]), (_ENCRYPT, ["deleted:user:x@example.com?uid=1"])
            ),
        ),
    ],
    fails=lambda: [
        asset(CryptoKey, policy=_policy((_ENCRYPT, ["user:ana@example.com"]), (_ADMIN, ["user:ana@example.com"]))),
        asset(
            KeyRing,
            policy=_policy((_ADMIN, ["group:sre@example.com"]), ("roles/cloudkms.signer", ["group:sre@example.com"])),
        ),
        [
            asset(CryptoKey, policy=_policy((_ADMIN, [_PERSON]), (_CUSTOM, [_PERSON]))),
            custom_role(_CUSTOM, "cloudkms.cryptoKeyVersions.useToDecrypt"),
        ],
        [
            asset(CryptoKey, policy=_policy((_ADMIN, ["group:sre@example.com"]), (_ENCRYPT, ["user:ana@example.com"]))),
            *member_of("sre@example.com", "ana@example.com"),
        ],
    ],
    unknown=lambda: [
        asset(CryptoKey, policy=_policy((_ADMIN, [_PERSON]), (_CUSTOM, [_PERSON]))),
        asset(CryptoKey, policy=_policy((_ADMIN, ["user:ana@example.com"])), unknown=["iam_policy.bindings.*"]),
    ],
)
def duties_not_separated(policy: Policy[CryptoKey | KeyRing], access: EffectiveAccess) -> Verdict:
    """One principal both manages a key and encrypts or decrypts with it.

    Why: a key's manager decides who may use it, and when it is destroyed. If the same identity also decrypts, one
    stolen credential reads the data and covers it up, and nobody else has to agree.

    What a fix may break: scripts that make a key and use it under one identity need a second one.

    Source: https://cloud.google.com/kms/docs/separation-of-duties
    """
    if any(policy.surely_lacks(roles=may_permit(powers)) for powers in (KMS_ADMIN, KMS_USE)):
        return PASS
    index = standing_index(access)
    managers, users = (index.on(policy.asset, powers, not_google, kind=_KEY) for powers in (KMS_ADMIN, KMS_USE))
    sides = [[power for power in side.found if power.role not in BASIC_ROLES] for side in (managers, users)]
    found, doubt = index.both(*sides)
    if found:
        verdict = told_together(found)
        collection = "keyrings" if policy.asset.asset_type.endswith("/KeyRing") else "keys"
        return fail(verdict.reason, evidence={**(verdict.evidence or {}), "_collection": collection})
    doubts = [*managers.doubts, *users.doubts, doubt]
    if cause := next(filter(None, doubts), ""):
        raise Undetermined("whether anybody both manages and uses it", cause)
    return PASS


@check(
    "kms-key-many-users",
    severity=Severity.LOW,
    default=False,
    same_as=["sha:TOO_MANY_KMS_USERS", "steampipe:kms_key_users_limited_to_3"],
    fix=Fix(
        manual="Take the grants back from those that need no key (gcloud kms keys remove-iam-policy-binding). "
        "Give programs a key each instead of one for all.",
        patch={"policy": {"bindings": [{"role": _ENCRYPT, "members": [_AGENT]}]}},
    ),
    passes=lambda: [
        asset(
            CryptoKey, policy=_policy((_ENCRYPT, ["user:a@example.com", "user:b@example.com", "user:c@example.com"]))
        ),
        asset(
            CryptoKey,
            policy=_policy(
                ("roles/cloudkms.cryptoKeyEncrypter", ["user:a@example.com", "user:b@example.com"]),
                ("roles/cloudkms.cryptoKeyDecrypter", ["user:a@example.com", "user:b@example.com"]),
            ),
        ),
    ],
    fails=lambda: [
        asset(CryptoKey, policy=_policy((_ENCRYPT, [f"user:{name}@example.com" for name in "abcd"]))),
    ],
    unknown=lambda: [
        asset(
            CryptoKey, policy=_policy((_ENCRYPT, ["user:a@example.com"])), unknown=["iam_policy.bindings.0.members.*"]
        )
    ],
)
def many_users(policy: Policy[CryptoKey], settings: UserSettings, clock: Clock) -> Verdict:
    """More principals can use a key than the limit allows.

    Why: a key that many can use protects little: any of them reads all that is encrypted under it.

    What a fix may break: whoever loses the key can no longer read or write the data under it.

    Source: https://cloud.google.com/kms/docs/iam
    """
    users: set[str] = set()
    for binding, member in policy.grants(clock.now):
        if binding.role in _USER_ROLES and not member.startswith("deleted:"):
            users.add(member)
        if len(users) > settings.max_users:
            return fail(f"more than {settings.max_users} principals can use the key")
    return PASS


_OWNER = "roles/owner"
_PEOPLE = ("user", "group", "domain", "principal", "principalSet")
"""How members begin that are people."""


def _is_person(member: Member) -> bool:
    return member.is_person


@check(
    "kms-project-owner",
    severity=Severity.MEDIUM,
    default=False,
    reads=[CryptoKey],
    same_as=["sha:KMS_PROJECT_HAS_OWNER"],
    fix=Fix(
        gcloud="gcloud projects remove-iam-policy-binding {policy.asset.id} --member={found[member]} "
        "--role={found[role]}",
        terraform="no roles/owner in google_project_iam_* of the project that holds keys",
        manual="Keep keys in a project of their own, whose administrators hold roles/cloudkms.admin and nothing more.",
        patch={"policy": _policy((_ADMIN, [_PERSON]))},
    ),
    passes=lambda: [
        [asset(Project, policy=_policy((_ADMIN, [_PERSON]))), asset(CryptoKey)],
        [
            asset(Project, policy=_policy((_OWNER, [_PERSON]))),
            asset(CryptoKey, name="//cloudkms.googleapis.com/projects/q/k", ancestors=["projects/2002"]),
        ],
        [asset(Project, policy=_policy((_OWNER, ["deleted:user:x@example.com?uid=1"]))), asset(CryptoKey)],
    ],
    fails=lambda: [
        [asset(Project, policy=_policy((_OWNER, [_PERSON]))), asset(CryptoKey)],
        [asset(Project, policy=_policy((_OWNER, ["group:dev@example.com"]))), asset(CryptoKey)],
    ],
    unknown=lambda: [
        [asset(Project, policy=_policy((_OWNER, [])), unknown=["iam_policy.bindings.0.members"]), asset(CryptoKey)],
    ],
)
def project_owner(policy: Policy[Project], estate: Estate, clock: Clock) -> Verdict:
    """A person or group owns a project that holds encryption keys.

    Why: An owner administers the keys, may let anyone use them, and may destroy them: the keys protect the data from
    everyone but the owners. That people own projects at all is told by a check of its own, so this one is not selected
    by default.

    What a fix may break: What the owners did in that project beside administering keys.

    Source: https://cloud.google.com/kms/docs/separation-of-duties
    """
    if estate.surely_lacks(CryptoKey, policy.asset.project):
        return not_applicable("the project holds no keys")
    found = grants(policy, clock.now, members=_is_person, roles=lambda role: role == _OWNER, types=_PEOPLE)
    if not found or estate.in_project(CryptoKey, policy.asset.project):
        return tell(found)
    return not_applicable("the project holds no keys")
