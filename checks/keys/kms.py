"""Keys of Cloud KMS that are not rotated, cannot encrypt, or are about to be lost."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from auditor import PASS, Clock, Fix, Settings, Severity, Verdict, asset, check, fail, not_applicable
from auditor.check import Example
from auditor.resources.kms import CryptoKey, CryptoKeyVersion
from checks.units import Days, Grace

_NAME = "//cloudkms.googleapis.com/projects/p/locations/europe-west1/keyRings/app/cryptoKeys/orders"
_UNUSABLE = {
    "DISABLED": "disabled",
    "DESTROYED": "destroyed, although the key still has a rotation schedule",
    "DESTROY_SCHEDULED": "scheduled for destruction",
    "GENERATION_FAILED": "one whose generation failed",
    "IMPORT_FAILED": "one whose import failed",
    "EXTERNAL_DESTRUCTION_FAILED": "half destroyed in the external key manager",
    "PENDING_EXTERNAL_DESTRUCTION": "being destroyed in the external key manager",
}


class RotationSettings(Settings, frozen=True):
    """How often symmetric keys have to rotate."""

    max_rotation_days: Days = 90


class OverdueSettings(Settings, frozen=True):
    """How late a rotation may be; exports are often some days old."""

    grace_days: Grace = 7


class DestructionSettings(Settings, frozen=True):
    """How long a destruction has to be reversible."""

    min_delay_days: Grace = 7


def _key(*, state: str = "ENABLED", created: str = "2026-10-01T08:00:00Z", **data: Any) -> Example:
    primary = {"name": f"{_NAME[27:]}/cryptoKeyVersions/3", "state": state, "createTime": created}
    return asset(CryptoKey, {"purpose": "ENCRYPT_DECRYPT", "primary": primary, **data}, name=_NAME)


def _version(**data: Any) -> Example:
    return asset(CryptoKeyVersion, data, name=f"{_NAME}/cryptoKeyVersions/2")


_EVERY_90_DAYS = {"rotationPeriod": "7776000s", "nextRotationTime": "2026-12-20T08:00:00Z"}


def _cannot_rotate(key: CryptoKey) -> str:
    """Why Cloud KMS cannot rotate the key by itself, or `""` where it can."""
    if key.purpose != "ENCRYPT_DECRYPT":
        return f"{key.purpose} keys have no automatic rotation"
    if key.import_only:
        return "the key takes imported material only, which Cloud KMS cannot make anew"
    if key.is_external and key.rotates_every is None:
        return "the material lies in an external key manager, where it is rotated"
    return ""


def _unless_retired(key: CryptoKey, finding: Verdict) -> Verdict:
    """A finding, but of a key that still encrypts."""
    return not_applicable("the primary version is destroyed or about to be") if key.is_retired else finding


@check(
    "kms-key-not-rotated",
    severity=Severity.MEDIUM,
    evidence=["purpose", "rotationPeriod", "nextRotationTime"],
    same_as=[
        "sha:KMS_KEY_NOT_ROTATED",
        "prowler:kms_key_rotation_max_90_days",
        "prowler:kms_key_rotation_enabled",
        "steampipe:kms_key_rotated_within_90_day",
        "steampipe:cmek_rotation_one_hundred_days",
        "scoutsuite:kms-encryption-keys-not-rotated",
        "checkov:CKV_GCP_43",
        "trivy:AVD-GCP-0065",
        "cloudsploit:cryptographickeys/keyRotation",
        "policy_library:gcp_cmek_rotation_v1",
        "policy_library:gcp_cmek_settings_v1",
        "forseti:kms_rules",
        "inspec:cis-gcp-1.10",
    ],
    fix=Fix(
        gcloud="gcloud kms keys update {key.asset.short_name} --rotation-period=90d --next-rotation-time=+p1d",
        terraform='rotation_period = "7776000s" on google_kms_crypto_key',
        manual="Where material is made elsewhere on purpose, rotate it by hand and except the key with that reason.",
        patch={"data": _EVERY_90_DAYS},
    ),
    passes=lambda: [
        _key(**_EVERY_90_DAYS),
        _key(rotationPeriod="2592000s"),
        asset(CryptoKey, {"rotationPeriod": "7776000s"}, unknown=["resource.data.primary"]),
        asset(CryptoKey, {"purpose": "ASYMMETRIC_SIGN"}),
        asset(CryptoKey, {"purpose": "MAC", "versionTemplate": {"protectionLevel": "HSM"}}),
        asset(CryptoKey, {"purpose": "RAW_ENCRYPT_DECRYPT"}),
        _key(importOnly=True),
        _key(versionTemplate={"protectionLevel": "EXTERNAL"}),
        _key(state="DESTROYED"),
    ],
    fails=lambda: [
        _key(),
        asset(CryptoKey, {}),
        _key(rotationPeriod="7776001s", nextRotationTime="2026-12-20T08:00:00Z"),
        _key(rotationPeriod="31536000s", nextRotationTime="2027-03-01T00:00:00Z"),
        _key(rotationPeriod="7776000s", nextRotationTime="2031-01-01T00:00:00Z"),
        _key(rotationPeriod="31536000s", versionTemplate={"protectionLevel": "EXTERNAL_VPC"}),
        _key(state="DISABLED"),
    ],
    unknown=lambda: [
        asset(CryptoKey, {}, unknown=["resource.data.rotationPeriod"]),
        asset(CryptoKey, {}, unknown=["resource.data.primary"]),
        asset(CryptoKey, {"rotationPeriod": "7776000s"}, unknown=["resource.data.nextRotationTime"]),
        asset(CryptoKey, {"rotationPeriod": "quarterly"}),
    ],
)
def not_rotated(key: CryptoKey, settings: RotationSettings, clock: Clock) -> Verdict:
    """A symmetric encryption key is not rotated, or too seldom.

    Why: each version of a key protects all that was encrypted while it was primary. Without rotation one
    leaked or overused version opens everything that was ever written, and nobody has practised replacing it.
    Only symmetric encryption keys rotate by themselves; for signing, MAC, raw and imported keys the question
    does not arise here. A first rotation set years ahead counts as none.

    What a fix may break: nothing that decrypts, as older versions stay enabled. Each active version is billed,
    and data that is already written stays under its old version until it is written again.

    Source: https://cloud.google.com/kms/docs/key-rotation
    """
    if reason := _cannot_rotate(key):
        return not_applicable(reason)
    period = key.rotates_every
    limit = timedelta(days=settings.max_rotation_days)
    if period is None:
        return _unless_retired(key, fail("no rotation is scheduled"))
    if period > limit:
        days = f"{period / timedelta(days=1):.4g}"
        return _unless_retired(key, fail(f"it rotates every {days} days, the limit is {limit.days}"))
    upcoming = key.next_rotation_time
    if upcoming and upcoming - clock.now > limit:
        ahead = clock.days_until(upcoming)
        return _unless_retired(key, fail(f"the next rotation is {ahead} days ahead, the limit is {limit.days}"))
    return PASS


@check(
    "kms-key-rotation-overdue",
    severity=Severity.MEDIUM,
    evidence=["rotationPeriod", "nextRotationTime", "primary.name", "primary.createTime"],
    fix=Fix(
        gcloud="gcloud kms keys versions create --key={key.asset.short_name} --primary",
        manual="Find out who set an old version as primary again, or why Cloud KMS could not make a new one.",
        patch={"data": {"nextRotationTime": "2027-01-20T00:00:00Z", "primary": {"createTime": "2026-11-21T00:00:00Z"}}},
    ),
    passes=lambda: [
        _key(**_EVERY_90_DAYS),
        _key(rotationPeriod="7776000s", nextRotationTime="2026-11-20T08:00:00Z"),
        asset(CryptoKey, _EVERY_90_DAYS),
        _key(created="2019-01-01T00:00:00Z"),
        _key(state="DESTROYED", rotationPeriod="7776000s", nextRotationTime="2021-04-03T23:00:00Z"),
        asset(CryptoKey, {"purpose": "ASYMMETRIC_DECRYPT"}),
    ],
    fails=lambda: [
        _key(rotationPeriod="7776000s", nextRotationTime="2026-09-01T00:00:00Z"),
        _key(created="2025-01-01T00:00:00Z", **_EVERY_90_DAYS),
    ],
    unknown=lambda: [
        asset(CryptoKey, _EVERY_90_DAYS, unknown=["resource.data.primary"]),
        _key(rotationPeriod="86399999999999s", nextRotationTime="9999-12-31T23:59:59Z"),
        _key(rotationPeriod="-1s"),
    ],
)
def rotation_overdue(key: CryptoKey, settings: OverdueSettings, clock: Clock) -> Verdict:
    """A key has a rotation schedule, but the rotation did not happen.

    Why: the schedule looks right in every list while the old version goes on encrypting. It happens where
    rotation was turned on for an old key without rotating it once, where somebody made an older version
    primary again, or where Cloud KMS could not make a new version.

    What a fix may break: nothing that decrypts, as older versions stay enabled. Systems that pinned one version
    by its number do not follow the new primary.

    Source: https://cloud.google.com/kms/docs/rotate-key
    """
    if reason := _cannot_rotate(key):
        return not_applicable(reason)
    period, grace = key.rotates_every, timedelta(days=settings.grace_days)
    if period is None:
        return not_applicable("no rotation is scheduled")
    due = key.next_rotation_time
    if due and clock.now - due > grace:
        return _unless_retired(key, fail(f"the rotation that was due on {due:%Y-%m-%d} has not happened"))
    if key.primary and key.primary.create_time and clock.now - key.primary.create_time - grace > period:
        days = clock.days_since(key.primary.create_time)
        every = f"although the key rotates every {period.days} days"
        return _unless_retired(key, fail(f"the primary version is {days} days old, {every}"))
    return PASS


@check(
    "kms-key-primary-unusable",
    severity=Severity.LOW,
    evidence=["primary.name", "primary.state", "primary.destroyTime", "rotationPeriod"],
    fix=Fix(
        gcloud="gcloud kms keys update {key.asset.short_name} --primary-version=VERSION",
        manual="Restore a version that is scheduled for destruction, enable a disabled one, or make another version"
        " primary. For a key that is retired, remove the rotation schedule and let its last version be destroyed.",
        patch={"data": {"primary": {"state": "ENABLED"}}},
    ),
    passes=lambda: [
        _key(),
        _key(state="PENDING_GENERATION"),
        _key(state="DESTROYED"),
        asset(CryptoKey, {"purpose": "ENCRYPT_DECRYPT"}),
        asset(CryptoKey, {"purpose": "ASYMMETRIC_SIGN"}),
    ],
    fails=lambda: [
        _key(state="DISABLED"),
        _key(state="DESTROY_SCHEDULED"),
        _key(state="DESTROYED", **_EVERY_90_DAYS),
    ],
    unknown=lambda: [_unknown_primary()],
)
def primary_unusable(key: CryptoKey) -> Verdict:
    """The version of a key that should encrypt is disabled, destroyed or about to be.

    Why: every write that uses the key fails, and once the version is destroyed, what it encrypted is lost for
    good. A destruction that nobody in the team asked for is how an intruder holds data to ransom.

    What a fix may break: a key that was disabled because of an incident opens its data again.

    Source: https://cloud.google.com/kms/docs/key-states
    """
    if key.purpose != "ENCRYPT_DECRYPT":
        return not_applicable(f"{key.purpose} keys have no primary version")
    if key.primary is None:
        return not_applicable("the key has no version yet")
    state = key.primary.state
    if state not in _UNUSABLE:
        return PASS
    if state == "DESTROYED" and key.rotates_every is None:
        return not_applicable("the key is retired: its primary version is destroyed and no rotation is scheduled")
    severity = Severity.HIGH if state == "DESTROY_SCHEDULED" else None
    return fail(f"the primary version is {_UNUSABLE[state]}", severity=severity)


def _unknown_primary() -> Example:
    return asset(CryptoKey, {}, name=_NAME, unknown=["resource.data.primary"])


@check(
    "kms-key-version-destruction-scheduled",
    severity=Severity.MEDIUM,
    evidence=["state", "createTime", "destroyTime"],
    fix=Fix(
        gcloud="gcloud kms keys versions restore {version.asset.short_name}",
        guardrail="cloudkms.disableBeforeDestroy",
        manual="Leave it scheduled only if you know that nothing is encrypted under this version any more.",
        patch={"data": {"state": "DISABLED", "destroyTime": None}},
    ),
    passes=lambda: [
        _version(state="ENABLED"),
        _version(state="DISABLED"),
        _version(state="DESTROYED"),
        _version(state="DESTROY_SCHEDULED", destroyTime="2026-12-01T00:00:00Z", importJob="projects/p/…/importJobs/j"),
    ],
    fails=lambda: [
        _version(state="DESTROY_SCHEDULED", destroyTime="2026-12-01T00:00:00Z"),
        _version(state="DESTROY_SCHEDULED"),
    ],
    unknown=lambda: [asset(CryptoKeyVersion, {}, unknown=["resource.data.state"])],
)
def destruction_scheduled(version: CryptoKeyVersion, clock: Clock) -> Verdict:
    """A key version is scheduled for destruction.

    Why: at the destroy time the material is erased, and disks, tables, backups and secrets that are still
    encrypted under this version can never be read again. Until then one command takes it back.

    What a fix may break: a deliberate erasure (crypto-shredding) does not happen. Restoring leaves the version
    disabled; enable it where data still needs it.

    Source: https://cloud.google.com/kms/docs/destroy-restore
    """
    if version.state != "DESTROY_SCHEDULED":
        return PASS
    if version.import_job:
        return not_applicable("the material was imported and can be imported again")
    if version.destroy_time is None:
        return fail("it is scheduled for destruction")
    return fail(
        f"it will be destroyed on {version.destroy_time:%Y-%m-%d}, in {clock.days_until(version.destroy_time)} days"
    )


@check(
    "kms-key-destruction-delay-short",
    severity=Severity.LOW,
    evidence=["destroyScheduledDuration"],
    fix=Fix(
        terraform='destroy_scheduled_duration = "2592000s" on google_kms_crypto_key (replaces the key)',
        guardrail="cloudkms.minimumDestroyScheduledDuration",
        manual="The delay is fixed when a key is made: make a new key with the default of 30 days, encrypt with it,"
        " and retire the old one after its data was written again.",
        patch={"data": {"destroyScheduledDuration": "2592000s"}},
    ),
    passes=lambda: [
        _key(),
        _key(destroyScheduledDuration="604800s"),
        _key(importOnly=True, destroyScheduledDuration="0s"),
        _key(state="DESTROYED", destroyScheduledDuration="86400s"),
    ],
    fails=lambda: [_key(destroyScheduledDuration="86400s"), _key(destroyScheduledDuration="604799.5s")],
    unknown=lambda: [asset(CryptoKey, {}, unknown=["resource.data.destroyScheduledDuration"])],
)
def short_destruction_delay(key: CryptoKey, settings: DestructionSettings) -> Verdict:
    """The destruction of a key's versions can be taken back for too short a time.

    Why: the delay is the only way back from a mistaken or malicious destruction. One day is over before
    anyone looks after a weekend.

    What a fix may break: the delay cannot be changed on an existing key, so data moves to a new key. Rules that
    demand quick erasure may call for a short delay.

    Source: https://cloud.google.com/kms/docs/destroy-restore
    """
    delay = key.destruction_delay
    if delay >= timedelta(days=settings.min_delay_days):
        return PASS
    if key.import_only:
        return not_applicable("imported material can be imported again")
    hours, least = delay // timedelta(hours=1), settings.min_delay_days
    return _unless_retired(key, fail(f"a destruction can be taken back for {hours} hours, the least is {least} days"))


@check(
    "kms-key-software-protected",
    severity=Severity.INFO,
    default=False,
    evidence=["versionTemplate.protectionLevel"],
    same_as=["cloudsploit:cryptographickeys/keyProtectionLevel"],
    fix=Fix(
        terraform='version_template { protection_level = "HSM" } on google_kms_crypto_key (replaces the key)',
        guardrail="cloudkms.allowedProtectionLevels",
        manual="The level is fixed when a key is made: make a new key with protection level HSM and move data to it.",
        patch={"data": {"versionTemplate": {"protectionLevel": "HSM"}}},
    ),
    passes=lambda: [
        _key(versionTemplate={"protectionLevel": "HSM"}),
        _key(versionTemplate={"protectionLevel": "EXTERNAL_VPC"}),
    ],
    fails=lambda: [_key(versionTemplate={"protectionLevel": "SOFTWARE"}), _key()],
    unknown=lambda: [asset(CryptoKey, {}, unknown=["resource.data.versionTemplate"])],
)
def software_protected(key: CryptoKey) -> Verdict:
    """A key is kept in software, not in a hardware security module.

    Why: some regulations ask for keys in certified hardware (FIPS 140-2 level 3). Without such a duty, software
    keys are sound, so this check is not selected by default.

    What a fix may break: hardware keys cost more, have lower quotas and are not offered in every location.

    Source: https://cloud.google.com/kms/docs/protection-levels
    """
    if key.version_template.protection_level == "SOFTWARE":
        return fail("the protection level is SOFTWARE")
    return PASS
