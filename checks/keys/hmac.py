"""HMAC keys of Cloud Storage: access keys in the form of other clouds, which never expire.

The API lists the keys of service accounts only, so the keys of user accounts are judged nowhere. Signed-URL keys
of Cloud CDN are not judged either: the API returns their names, and no age.
"""

from __future__ import annotations

from datetime import timedelta

from auditor import PASS, Clock, Estate, Fix, Settings, Severity, Verdict, asset, check, fail, not_applicable
from auditor.check import Example
from auditor.resources.credentials import HmacKey
from checks.units import Days, Grace

_APP = "backup@p.iam.gserviceaccount.com"


class StaleSettings(Settings, frozen=True):
    """How old an HMAC key may be."""

    max_age_days: Days = 90


class OverlapSettings(Settings, frozen=True):
    """How long the old and the new key may both be active."""

    overlap_days: Grace = 7


class InactiveSettings(Settings, frozen=True):
    """How long an inactive key may be kept."""

    max_inactive_days: Grace = 30


def _key(
    created: str,
    *,
    access_id: str = "GOOG1EXAMPLE",
    account: str = _APP,
    state: str = "ACTIVE",
    updated: str = "",
) -> Example:
    return asset(
        HmacKey,
        {
            "accessId": access_id,
            "serviceAccountEmail": account,
            "state": state,
            "timeCreated": created,
            "updated": updated or created,
        },
        name=f"//storage.googleapis.com/projects/p/hmacKeys/{access_id}",
    )


@check(
    "hmac-key-stale",
    severity=Severity.HIGH,
    evidence=["accessId", "serviceAccountEmail", "state", "timeCreated"],
    fix=Fix(
        gcloud="gcloud storage hmac update {key.access_id} --deactivate",
        terraform="replace google_storage_hmac_key, and hand on the secret before the old one is destroyed",
        guardrail="storage.restrictAuthTypes",
        manual="Make a new key, give it to the program, deactivate the old one, and delete it after some quiet days."
        " Better: use the service account's own tokens, and no HMAC key.",
        patch={"data": {"state": "INACTIVE"}},
    ),
    passes=lambda: [
        _key("2026-10-22T00:00:00Z"),
        _key("2026-08-24T00:00:00Z"),
        _key("2020-01-01T00:00:00Z", state="INACTIVE"),
        _key("2020-01-01T00:00:00Z", state="DELETED"),
    ],
    fails=lambda: [
        _key("2026-08-23T00:00:00Z"),
        _key("2019-05-06T07:08:09Z", updated="2026-11-01T00:00:00Z"),
    ],
    unknown=lambda: [
        asset(HmacKey, {"accessId": "GOOG1EXAMPLE", "state": "ACTIVE"}),
        asset(HmacKey, {"timeCreated": "2019-05-06T07:08:09Z"}, unknown=["resource.data.state"]),
    ],
)
def stale(key: HmacKey, settings: StaleSettings, clock: Clock) -> Verdict:
    """An HMAC key of a service account is older than the rotation period.

    Why: access ID and secret are all that is needed to act as the service account in Cloud Storage. They never
    expire, sit in configuration files of tools made for other clouds, and whoever copied them once keeps them.

    What a fix may break: tools that still sign with the old key get 403 as soon as it is inactive. It can be made
    active again within seconds; a deleted key cannot come back.

    Source: https://cloud.google.com/storage/docs/authentication/hmackeys
    """
    if not key.is_active:
        return not_applicable("the key is not active")
    age = clock.days_since(key.created)
    return fail(f"it is {age} days old, the limit is {settings.max_age_days}") if age > settings.max_age_days else PASS


@check(
    "hmac-key-rotation-unfinished",
    severity=Severity.MEDIUM,
    reads=[HmacKey],
    evidence=["accessId", "serviceAccountEmail", "timeCreated"],
    fix=Fix(
        gcloud="gcloud storage hmac update {key.access_id} --deactivate",
        guardrail="storage.restrictAuthTypes",
        manual="If two programs use a key each, give each program a service account of its own.",
        patch={"data": {"state": "INACTIVE"}},
    ),
    passes=lambda: [
        [_key("2026-10-01T00:00:00Z"), _key("2026-11-20T00:00:00Z", access_id="GOOG1NEW")],
        [_key("2026-10-01T00:00:00Z"), _key("2026-06-01T00:00:00Z", access_id="GOOG1OLD")],
        [_key("2026-06-01T00:00:00Z"), _key("2026-10-01T00:00:00Z", access_id="GOOG1NEW", state="INACTIVE")],
        [_key("2026-06-01T00:00:00Z"), _key("2026-10-01T00:00:00Z", access_id="GOOG1X", account="web@p.example.com")],
        _key("2020-01-01T00:00:00Z", state="INACTIVE"),
    ],
    fails=lambda: [
        [_key("2026-06-01T00:00:00Z"), _key("2026-10-01T00:00:00Z", access_id="GOOG1NEW")],
    ],
    unknown=lambda: [asset(HmacKey, {"serviceAccountEmail": _APP}, unknown=["resource.data.state"])],
)
def rotation_unfinished(key: HmacKey, estate: Estate, settings: OverlapSettings, clock: Clock) -> Verdict:
    """An HMAC key is still active although its service account has a newer one.

    Why: rotation is over only when the old key no longer works. As long as both do, a stolen old secret is as good
    as before.

    What a fix may break: a program that never got the new key. Look at the key's last use before deactivating it.

    Source: https://cloud.google.com/storage/docs/authentication/managing-hmackeys
    """
    if not key.is_active:
        return not_applicable("the key is not active")
    settled = clock.now - timedelta(days=settings.overlap_days)
    for other in estate.in_project(HmacKey, key.project):
        replaces = other.service_account_email == key.service_account_email and other.is_active
        if replaces and key.created < other.created < settled:
            return fail(f"{other.access_id} replaced it {clock.days_since(other.created)} days ago")
    return PASS


@check(
    "hmac-key-of-default-service-account",
    severity=Severity.MEDIUM,
    evidence=["accessId", "serviceAccountEmail", "state"],
    fix=Fix(
        gcloud="gcloud storage hmac update {key.access_id} --deactivate",
        guardrail="storage.restrictAuthTypes",
        manual="Make a service account that may do only what the tool needs, and a key for that one.",
        patch={"data": {"state": "INACTIVE"}},
    ),
    passes=lambda: [
        _key("2026-10-01T00:00:00Z"),
        _key("2026-10-01T00:00:00Z", account="1001-compute@developer.gserviceaccount.com", state="INACTIVE"),
    ],
    fails=lambda: [
        _key("2026-11-20T00:00:00Z", account="1001-compute@developer.gserviceaccount.com"),
        _key("2026-11-20T00:00:00Z", account="p@appspot.gserviceaccount.com"),
    ],
    unknown=lambda: [asset(HmacKey, {"state": "ACTIVE"}, unknown=["resource.data.serviceAccountEmail"])],
)
def of_default_account(key: HmacKey) -> Verdict:
    """An HMAC key belongs to a default service account, which many workloads share.

    Why: default service accounts are given the Editor role in projects that did not forbid it, so the secret often
    opens every bucket of the project, and nobody can tell from the logs which workload used it.

    What a fix may break: tools that sign with this key need the key of another service account first.

    Source: https://cloud.google.com/iam/docs/service-account-types#default
    """
    if not key.is_active:
        return not_applicable("the key is not active")
    if key.of_default_account:
        return fail(f"it belongs to {key.service_account_email}")
    return PASS


@check(
    "hmac-key-inactive-kept",
    severity=Severity.INFO,
    default=False,
    evidence=["accessId", "serviceAccountEmail", "state", "updated"],
    fix=Fix(gcloud="gcloud storage hmac delete {key.access_id}", patch={"data": {"state": "DELETED"}}),
    passes=lambda: [
        _key("2026-01-01T00:00:00Z"),
        _key("2025-01-01T00:00:00Z", state="INACTIVE", updated="2026-11-10T00:00:00Z"),
        _key("2025-01-01T00:00:00Z", state="DELETED"),
    ],
    fails=lambda: [_key("2025-01-01T00:00:00Z", state="INACTIVE", updated="2026-02-01T00:00:00Z")],
    unknown=lambda: [asset(HmacKey, {"state": "INACTIVE"}, unknown=["resource.data.updated"])],
)
def inactive_kept(key: HmacKey, settings: InactiveSettings, clock: Clock) -> Verdict:
    """An HMAC key was deactivated long ago, but not deleted.

    Why: anyone who may update keys can make it active again, and its old secret works again.

    What a fix may break: nothing that works today; a deleted key cannot come back.

    Source: https://cloud.google.com/storage/docs/authentication/managing-hmackeys
    """
    if key.state != "INACTIVE":
        return not_applicable("the key is active or deleted")
    if key.updated is None or clock.days_since(key.updated) <= settings.max_inactive_days:
        return PASS
    return fail(f"it has been inactive since {key.updated:%Y-%m-%d}")
