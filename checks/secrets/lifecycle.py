"""How secrets end, and with whose keys they are encrypted."""

from __future__ import annotations

from typing import Any

from auditor import PASS, Clock, Fix, Settings, Severity, Verdict, asset, check, fail, not_applicable
from auditor.resources.secretmanager import CustomerManagedEncryption, Secret
from checks.units import Grace

_KEY = {"kmsKeyName": "projects/k/locations/europe-west1/keyRings/r/cryptoKeys/k"}
_SETTLED = {"replication": {"automatic": {"customerManagedEncryption": _KEY}}, "customerManagedEncryption": _KEY}


class ExpirySettings(Settings, frozen=True):
    """How long before its end a secret is told."""

    warn_days: Grace = 14


@check(
    "secret-expiring",
    severity=Severity.MEDIUM,
    evidence=["expireTime"],
    fix=Fix(
        gcloud="gcloud secrets update {secret.asset.gcloud_name} --remove-expiration",
        terraform="a later `expire_time` on google_secret_manager_secret, or none",
        manual="Where the secret is meant to go, make sure that nothing reads it any more.",
        patch={"data": {"expireTime": None}},
    ),
    passes=lambda: [
        asset(Secret, {"name": "s"}),
        asset(Secret, {"name": "s", "expireTime": "2027-06-01T00:00:00Z"}),
    ],
    fails=lambda: [
        asset(Secret, {"name": "s", "expireTime": "2026-11-29T00:00:00Z"}),
        asset(Secret, {"name": "s", "expireTime": "2026-11-21T00:00:00Z"}),
    ],
    unknown=lambda: [asset(Secret, {"name": "s"}, unknown=["resource.data.expireTime"])],
)
def expiring(secret: Secret, settings: ExpirySettings, clock: Clock) -> Verdict:
    """A secret is about to delete itself with all its versions.

    Why: Expiry cannot be undone. Every workload that reads the secret fails at its next start, and a credential that
    was stored nowhere else is lost.

    What a fix may break: Nothing; a secret that should go stays until somebody deletes it.

    Source: https://cloud.google.com/secret-manager/docs/secret-expiration
    """
    if secret.expire_time is None:
        return not_applicable("the secret does not expire")
    days = clock.days_until(secret.expire_time)
    if days < 0:
        return fail(f"it expired {-days} days ago and is about to be deleted")
    return fail(f"it deletes itself in {days} days") if days <= settings.warn_days else PASS


@check(
    "secret-destroyed-at-once",
    severity=Severity.LOW,
    evidence=["versionDestroyTtl"],
    fix=Fix(
        gcloud="gcloud secrets update {secret.asset.gcloud_name} --version-destroy-ttl=7d",
        terraform='`version_destroy_ttl = "604800s"` on google_secret_manager_secret',
        patch={"data": {"versionDestroyTtl": "604800s"}},
    ),
    passes=lambda: [
        asset(Secret, {"name": "s", "versionDestroyTtl": "604800s"}),
        asset(Secret, {"name": "s", "expireTime": "2026-12-01T00:00:00Z"}),
    ],
    fails=lambda: [asset(Secret, {"name": "s"}), asset(Secret, {"name": "s", "replication": {"automatic": {}}})],
    unknown=lambda: [asset(Secret, {"name": "s"}, unknown=["resource.data.versionDestroyTtl"])],
)
def destroyed_at_once(secret: Secret) -> Verdict:
    """A secret's versions are destroyed the moment someone asks for it.

    Why: A slip, or an intruder who wants to do harm, wipes out credentials beyond recovery. With a delay the version is
    disabled first, and can be brought back until the delay is over.

    What a fix may break: Nothing; destroyed versions are kept, unreadable, for some days.

    Source: https://cloud.google.com/secret-manager/docs/delay-destruction
    """
    if secret.expires:
        return not_applicable("the secret is meant to delete itself")
    return PASS if secret.version_destroy_ttl else fail("no delay of destruction is set")


@check(
    "secret-without-expiry",
    severity=Severity.INFO,
    default=False,
    evidence=["expireTime"],
    fix=Fix(
        gcloud="gcloud secrets update {secret.asset.gcloud_name} --expire-time=TIME",
        terraform="`expire_time` or `ttl` on google_secret_manager_secret",
        patch={"data": {"expireTime": "2027-11-22T00:00:00Z"}},
    ),
    passes=lambda: [
        asset(Secret, {"name": "s", "expireTime": "2027-06-01T00:00:00Z"}),
        asset(Secret, {"name": "s", "ttl": "86400s"}),
    ],
    fails=lambda: [asset(Secret, {"name": "s"}), asset(Secret, {"name": "s", "labels": {"temporary": "yes"}})],
    unknown=lambda: [asset(Secret, {"name": "s"}, unknown=["resource.data.expireTime"])],
)
def without_expiry(secret: Secret) -> Verdict:
    """A secret has no date at which it deletes itself.

    Why: Secrets that were made for a test or a migration stay for years. For such secrets an expiry is tidier than
    somebody's memory.

    What a fix may break: Whatever still reads the secret when it expires: set it on temporary secrets only.

    Source: https://cloud.google.com/secret-manager/docs/secret-expiration
    """
    return PASS if secret.expires else fail("no expiry is set")


def _keys(secret: Secret) -> list[CustomerManagedEncryption | None]:
    """The key of each place that the payload is kept in."""
    replication = secret.replication
    if replication.user_managed:
        return [replica.customer_managed_encryption for replica in replication.user_managed.replicas]
    if replication.automatic:
        return [replication.automatic.customer_managed_encryption]
    return [secret.customer_managed_encryption]


def _replicas(*keys: dict[str, Any] | None) -> dict[str, Any]:
    replicas: list[dict[str, Any]] = [
        {"location": f"europe-west{number}", **({"customerManagedEncryption": key} if key else {})}
        for number, key in enumerate(keys, 1)
    ]
    return {"name": "s", "replication": {"userManaged": {"replicas": replicas}}}


@check(
    "secret-without-cmek",
    severity=Severity.LOW,
    default=False,
    evidence=["replication", "customerManagedEncryption"],
    fix=Fix(
        terraform="`customer_managed_encryption` in `replication` of google_secret_manager_secret",
        guardrail="gcp.restrictNonCmekServices",
        manual="Only versions that are added later use the key: add the value again and destroy the old versions.",
        patch={
            "data": {**_SETTLED, "replication": {"automatic": {"customerManagedEncryption": _KEY}, "userManaged": None}}
        },
    ),
    passes=lambda: [
        asset(Secret, {"name": "s", "replication": {"automatic": {"customerManagedEncryption": _KEY}}}),
        asset(Secret, _replicas(_KEY, _KEY)),
        asset(Secret, {"name": "projects/1/locations/europe-west1/secrets/s", "customerManagedEncryption": _KEY}),
    ],
    fails=lambda: [
        asset(Secret, {"name": "s", "replication": {"automatic": {}}}),
        asset(Secret, _replicas(_KEY, None)),
        asset(Secret, {"name": "projects/1/locations/europe-west1/secrets/s"}),
    ],
    unknown=lambda: [asset(Secret, {"name": "s"}, unknown=["resource.data.replication"])],
)
def without_cmek(secret: Secret) -> Verdict:
    """A secret is encrypted with Google's keys only, not with one of your own.

    Why: With a key of your own you can cut off every reader at once and see each use of the key. It adds to access
    control, it does not replace it.

    What a fix may break: The secret is unreadable while the key is disabled, destroyed or out of the service agent's
    reach.

    Source: https://cloud.google.com/secret-manager/docs/cmek
    """
    for key in _keys(secret):
        if key is None or not key.kms_key_name:
            return fail("a place that keeps the payload has no customer-managed key")
    return PASS
