"""Keys of service accounts that people hold: that they exist, how old they are, whether they end."""

from __future__ import annotations

from typing import Any

from auditor import (
    DELETE,
    PASS,
    Clock,
    Estate,
    Example,
    Fix,
    Settings,
    Severity,
    Verdict,
    check,
    fail,
    not_applicable,
)
from auditor.resources.iam import ServiceAccountKey
from auditor.resources.unknown import known_first
from checks.keys.service_account_key_shared import (
    CI,
    DELETE_KEY,
    DISABLED,
    GOOGLE_KEY,
    SYSTEM,
    a_key,
    out_of_use,
)
from checks.units import Count, Days


class RotationSettings(Settings, frozen=True):
    """How long a key may be used."""

    max_age_days: Days = 90
    """Days from a key's creation to its replacement."""


@check(
    "service-account-key-stale",
    severity=Severity.HIGH,
    evidence=["validAfterTime", "keyOrigin"],
    same_as=[
        "prowler:iam_sa_user_managed_key_rotate_90_days",
        "sha:SERVICE_ACCOUNT_KEY_NOT_ROTATED",
        "steampipe:iam_service_account_key_age_90",
        "steampipe:iam_restrict_service_account_key_age_one_hundred_days",
        "scoutsuite:iam-lack-of-service-account-key-rotation",
        "cloudsploit:iam/serviceAccountKeyRotation",
        "policy_library:gcp_iam_restrict_service_account_key_age_v1",
        "forseti:service_account_key",
        "inspec:cis-gcp-1.7",
    ],
    fix=Fix(
        gcloud=DELETE_KEY,
        terraform="`keepers` of google_service_account_key with a time_rotating resource; better: no key at all",
        guardrail="iam.serviceAccountKeyExpiryHours",
        manual="Make a new key, put it where the old one is used, disable the old one, watch for errors, delete it.",
        patch=DELETE,
    ),
    passes=lambda: [
        a_key(validAfterTime="2026-11-01T08:00:00Z"),
        a_key(validAfterTime="2026-08-24T00:00:00Z"),
        a_key(**SYSTEM),
        a_key(validAfterTime="2020-01-01T00:00:00Z", disabled=True),
        a_key(validAfterTime="2020-01-01T00:00:00Z", validBeforeTime="2021-01-01T00:00:00Z"),
    ],
    fails=lambda: [
        a_key(validAfterTime="2026-08-23T00:00:00Z"),
        a_key(validAfterTime="2017-08-21T07:55:36Z", keyOrigin="USER_PROVIDED"),
        a_key("106786160591595959857", validAfterTime="2025-01-01T00:00:00.123456789Z"),
    ],
    unknown=lambda: [a_key(unknown="validAfterTime"), a_key(validAfterTime=None)],
)
def stale_key(key: ServiceAccountKey, settings: RotationSettings, clock: Clock) -> Verdict:
    """A service account key is older than the rotation period.

    Why: A key file works from anywhere, for whoever has a copy, and leaves copies on laptops, in pipelines
    and in backups. The longer it lives, the more of them there are and the longer a thief has the use of it.

    What a fix may break: Whatever still signs in with the old key. Disable the key for some days before you
    delete it: a disabled key can be enabled again.

    Source: https://cloud.google.com/iam/docs/best-practices-for-managing-service-account-keys
    """
    if not key.is_user_managed:
        return not_applicable(GOOGLE_KEY)
    if key.disabled:
        return not_applicable(DISABLED)
    age = clock.days_since(key.created)
    if age <= settings.max_age_days:
        return PASS
    if out_of_use(key, clock):
        return not_applicable("the key has expired")
    return fail(f"created {age} days ago, the limit is {settings.max_age_days}")


@check(
    "service-account-key-user-managed",
    severity=Severity.MEDIUM,
    evidence=["keyOrigin", "validAfterTime", "validBeforeTime"],
    same_as=[
        "prowler:iam_sa_no_user_managed_keys",
        "sha:USER_MANAGED_SERVICE_ACCOUNT_KEY",
        "steampipe:iam_service_account_gcp_managed_key",
        "scoutsuite:iam-service-account-with-user-managed-keys",
        "checkov:CKV2_GCP_3",
        "cloudsploit:iam/serviceAccountManagedKeys",
        "policy_library:gcp_iam_restrict_service_account_key_type_v1",
        "inspec:cis-gcp-1.4",
    ],
    fix=Fix(
        gcloud=DELETE_KEY,
        terraform="no google_service_account_key",
        guardrail="iam.disableServiceAccountKeyCreation",
        manual="Attach the account to the workload, or let a pipeline or another cloud sign in through workload "
        "identity federation; then delete the key.",
        patch=DELETE,
    ),
    passes=lambda: [
        a_key(**SYSTEM),
        a_key(disabled=True),
    ],
    fails=lambda: [
        a_key(),
        a_key(unknown="validBeforeTime"),
        a_key(validBeforeTime="2026-11-21T00:00:00Z"),
        a_key(keyType=None, keyOrigin=None, validAfterTime=None, validBeforeTime=None),
        a_key(validBeforeTime="2026-11-23T00:00:00Z"),
    ],
    unknown=lambda: [a_key(unknown="keyType"), a_key(unknown="disabled")],
)
def user_managed_key(key: ServiceAccountKey, clock: Clock) -> Verdict:
    """A service account has a key that people hold.

    Why: Nearly every workload can do without: code on Google Cloud runs as an attached account, code outside
    signs in through workload identity federation. A key file is a password for a machine, found in
    repositories and laptops again and again. A key that expired is told as a lesser case.

    What a fix may break: The program that holds the key, until it signs in another way.

    Source: https://cloud.google.com/iam/docs/best-practices-for-managing-service-account-keys
    """
    if not key.is_user_managed:
        return not_applicable(GOOGLE_KEY)
    if key.disabled:
        return not_applicable(DISABLED)
    if key.surely_expired(clock.now):
        return fail(f"an expired key of {key.account} was left behind", severity=Severity.LOW)
    return fail(f"a key of {key.account} is in somebody's hands")


@check(
    "service-account-key-never-expires",
    severity=Severity.LOW,
    evidence=["validBeforeTime", "validAfterTime"],
    fix=Fix(
        gcloud=DELETE_KEY,
        guardrail="iam.serviceAccountKeyExpiryHours",
        manual="Set the expiry constraint, make a new key (it ends by itself), replace the old one and delete it.",
        patch=DELETE,
    ),
    passes=lambda: [a_key(validBeforeTime="2026-12-31T23:59:59Z"), a_key(disabled=True), a_key(**SYSTEM)],
    fails=lambda: [a_key(), a_key(validBeforeTime="9999-12-31T23:59:59Z", keyOrigin="USER_PROVIDED")],
    unknown=lambda: [a_key(unknown="validBeforeTime"), a_key(validBeforeTime=None)],
)
def never_expiring_key(key: ServiceAccountKey) -> Verdict:
    """A service account key never expires.

    Why: A key without an end works until someone thinks of deleting it. With the expiry constraint set, keys
    made for a test or a migration die by themselves.

    What a fix may break: Keys that end stop working on their day; use the constraint for short uses, and
    rotation or federation for lasting ones.

    Source: https://cloud.google.com/iam/docs/keys-create-delete
    """
    if not key.is_user_managed:
        return not_applicable(GOOGLE_KEY)
    if key.disabled:
        return not_applicable(DISABLED)
    return fail("the key is valid until the year 9999") if key.expires is None else PASS


class DisabledSettings(Settings, frozen=True):
    """How long a disabled key may be kept."""

    max_age_days: Days = 180
    """Days from the key's creation (the API does not tell when it was disabled)."""


@check(
    "service-account-key-disabled-kept",
    severity=Severity.LOW,
    default=False,
    evidence=["disabled", "disableReason", "validAfterTime"],
    fix=Fix(gcloud=DELETE_KEY, manual="Delete the key.", patch=DELETE),
    passes=lambda: [a_key(), a_key(disabled=True), a_key(**SYSTEM)],
    fails=lambda: [a_key(disabled=True, validAfterTime="2024-01-01T00:00:00Z")],
    unknown=lambda: [a_key(unknown="disabled"), a_key(disabled=True, unknown="validAfterTime")],
)
def disabled_key_kept(key: ServiceAccountKey, settings: DisabledSettings, clock: Clock) -> Verdict:
    """A service account key that was disabled long ago is still there.

    Why: Anyone who administers keys can enable it again, and old copies of the file work again. An account has
    room for ten keys, and leftovers hide the one that matters.

    What a fix may break: Nothing, if the key has been disabled for long; a deleted key cannot be restored.

    Source: https://cloud.google.com/iam/docs/keys-disable-enable
    """
    if not key.is_user_managed:
        return not_applicable(GOOGLE_KEY)
    if not key.disabled:
        return PASS
    age = clock.days_since(key.created)
    return fail(f"disabled, and created {age} days ago") if age > settings.max_age_days else PASS


class CountSettings(Settings, frozen=True):
    """How many keys that work one account may have."""

    max_keys: Count = 2
    """Two for as long as a rotation takes; more belong to several programs, or to nobody."""


def _others(*created: str, account: str = CI, **data: Any) -> list[Example]:
    return [a_key(account, number=number, validAfterTime=day, **data) for number, day in enumerate(created, 2)]


_OCTOBER, _NOVEMBER = "2026-10-20T08:00:00Z", "2026-11-10T08:00:00Z"


@check(
    "service-account-many-keys",
    severity=Severity.LOW,
    reads=[ServiceAccountKey],
    needs={ServiceAccountKey: lambda key: key.is_user_managed and not key.disabled},
    evidence=["validAfterTime", "validBeforeTime"],
    fix=Fix(
        gcloud=DELETE_KEY,
        terraform="one google_service_account_key at most for each google_service_account",
        guardrail="iam.disableServiceAccountKeyCreation",
        manual="Find out in the audit log whether anyone signs in with the key "
        "(authenticationInfo.serviceAccountKeyName). Disable it, and delete it some days later. Give programs that "
        "share the account one each.",
        patch=DELETE,
    ),
    passes=lambda: [
        [a_key(), *_others(_NOVEMBER)],
        [a_key(validAfterTime=_NOVEMBER), *_others("2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z", _OCTOBER)],
        [a_key(), *_others(_OCTOBER, _NOVEMBER, disabled=True)],
        [a_key(), *_others(_OCTOBER, _NOVEMBER, account="other@p.iam.gserviceaccount.com")],
        [a_key(), *_others(_OCTOBER, _NOVEMBER, keyType="SYSTEM_MANAGED")],
        [a_key(disabled=True), *_others(_OCTOBER, _NOVEMBER)],
    ],
    fails=lambda: [
        [a_key(), *_others(_OCTOBER, _NOVEMBER)],
        [a_key(), *_others("2026-10-01T08:00:00Z", "2026-10-01T08:00:00Z")],
        [a_key(), *_others(_OCTOBER, _NOVEMBER), a_key(number=4, unknown="disabled")],
    ],
    unknown=lambda: [[a_key(), *_others(_NOVEMBER), a_key(number=4, unknown="disabled")]],
)
def many_keys(key: ServiceAccountKey, estate: Estate, settings: CountSettings, clock: Clock) -> Verdict:
    """A service account has newer keys than this one, and more of them than a rotation needs.

    Why: Nobody can tell which program uses which, so nobody dares to delete one: keys that were copied somewhere
    stay for years. Several keys also say that several programs act as one, with the rights of all of them.

    What a fix may break: The program that holds the key. Disable it first: a disabled key can be enabled again.

    Source: https://cloud.google.com/iam/docs/best-practices-for-managing-service-account-keys
    """
    unusable = out_of_use(key, clock)
    if unusable:
        return not_applicable(unusable)

    def newer(other: ServiceAccountKey) -> list[ServiceAccountKey]:
        later = (other.created, other.id) > (key.created, key.id)
        return [other] if later and not out_of_use(other, clock) else []

    keys = estate.related(ServiceAccountKey, _account_of, key.account, within=key.project)
    for found, _ in enumerate(known_first(keys, newer), 1):
        if found >= settings.max_keys:
            return fail(f"{key.account} has at least {found} newer keys that work")
    return PASS


def _account_of(key: ServiceAccountKey) -> str:
    return key.account
