"""Keys of Cloud KMS that no schedule rotates (asymmetric, MAC, raw, imported, external), and weak algorithms."""

from __future__ import annotations

from typing import Any

from auditor import PASS, Clock, Estate, Example, Fix, Settings, Severity, Verdict, asset, check, fail, not_applicable
from auditor.resources.kms import CryptoKey, CryptoKeyVersion
from auditor.resources.unknown import told
from checks.units import Days

_NAME = "//cloudkms.googleapis.com/projects/p/locations/europe-west1/keyRings/app/cryptoKeys/receipts"
_WEAK = {
    "HMAC_SHA1": "HMAC with SHA-1",
    "RSA_DECRYPT_OAEP_2048_SHA1": "OAEP with SHA-1",
    "RSA_DECRYPT_OAEP_3072_SHA1": "OAEP with SHA-1",
    "RSA_DECRYPT_OAEP_4096_SHA1": "OAEP with SHA-1",
    "RSA_SIGN_RAW_PKCS1_2048": "signatures over whatever the caller calls a digest",
    "RSA_SIGN_RAW_PKCS1_3072": "signatures over whatever the caller calls a digest",
    "RSA_SIGN_RAW_PKCS1_4096": "signatures over whatever the caller calls a digest",
    "AES_128_CBC": "encryption that does not notice changes",
    "AES_256_CBC": "encryption that does not notice changes",
    "AES_128_CTR": "encryption that does not notice changes",
    "AES_256_CTR": "encryption that does not notice changes",
}
"""CryptoKeyVersionAlgorithm that leaves to the caller what others do by themselves, and what it is."""


class AgeSettings(Settings, frozen=True):
    """How old the newest version of a key may be that somebody has to rotate."""

    max_asymmetric_days: Days = 1095
    """For key pairs: NIST SP 800-57 gives a signing key one to three years."""
    max_symmetric_days: Days = 365
    """For imported, external, MAC and raw keys."""


def _key(purpose: str = "ASYMMETRIC_SIGN", **data: Any) -> Example:
    return asset(CryptoKey, {"purpose": purpose, **data}, name=_NAME)


def _version(number: int, created: str | None, state: str = "ENABLED", **data: Any) -> Example:
    document = {"state": state, "createTime": created, **data}
    return asset(
        CryptoKeyVersion,
        {name: value for name, value in document.items() if value is not None},
        name=f"{_NAME}/cryptoKeyVersions/{number}",
    )


def _key_of(version: CryptoKeyVersion) -> str:
    return version.key


@check(
    "kms-key-without-new-version",
    severity=Severity.LOW,
    evidence=["purpose", "importOnly", "versionTemplate"],
    reads=[CryptoKeyVersion],
    fix=Fix(
        gcloud="gcloud kms keys versions create --key={key.asset.short_name}",
        terraform="google_kms_crypto_key_version with the google_kms_crypto_key",
        manual="Hand the new public key to those who verify or encrypt, let programs sign with the new version, "
        "disable the old one, and destroy it when nothing that it protects is needed any more. Import new material "
        "for keys whose material is made elsewhere.",
        patch=lambda: [_version(99, "2026-11-20T00:00:00Z")],
    ),
    passes=lambda: [
        [_key(), _version(1, "2019-01-01T00:00:00Z"), _version(2, "2025-01-01T00:00:00Z")],
        [_key("MAC"), _version(1, "2026-01-01T00:00:00Z")],
        [_key("ENCRYPT_DECRYPT"), _version(1, "2019-01-01T00:00:00Z")],
        [_key(), _version(1, "2019-01-01T00:00:00Z", "DESTROYED")],
        [_key("ENCRYPT_DECRYPT", importOnly=True), _version(1, "2026-03-01T00:00:00Z", importJob="j")],
    ],
    fails=lambda: [
        [_key(), _version(1, "2019-01-01T00:00:00Z"), _version(2, "2023-01-01T00:00:00Z")],
        [
            _key("ASYMMETRIC_DECRYPT"),
            _version(1, "2019-01-01T00:00:00Z"),
            _version(2, "2026-01-01T00:00:00Z", "DISABLED"),
        ],
        [_key("MAC"), _version(1, "2025-01-01T00:00:00Z")],
        [_key("ENCRYPT_DECRYPT", importOnly=True), _version(1, "2025-03-01T00:00:00Z", importJob="j")],
        [
            _key("ENCRYPT_DECRYPT", versionTemplate={"protectionLevel": "EXTERNAL"}),
            _version(1, "2025-03-01T00:00:00Z"),
        ],
    ],
    unknown=lambda: [
        [_key(), _version(1, None)],
        asset(CryptoKey, {}, name=_NAME, unknown=["resource.data.purpose"]),
    ],
)
def without_new_version(key: CryptoKey, estate: Estate, settings: AgeSettings, clock: Clock) -> Verdict:
    """A key that Cloud KMS cannot rotate by itself has had no new version for too long.

    Why: What a schedule does for symmetric keys, somebody has to do for key pairs, MAC keys and imported material.
    Nobody is reminded, and after years nobody knows any more who verifies with the old public key.

    What a fix may break: A new version is used by nobody at first. Those who verify or encrypt need its public key
    before the old version is disabled.

    Source: https://cloud.google.com/kms/docs/key-rotation#asymmetric
    """
    if key.rotates_by_schedule:
        return not_applicable("a schedule can rotate it")
    limit = settings.max_asymmetric_days if key.is_asymmetric else settings.max_symmetric_days
    age: int | None = None
    for version in estate.related(CryptoKeyVersion, _key_of, key.asset.name, within=key.project):
        if version.state == "ENABLED":
            days = clock.days_since(told(version.create_time, "createTime"))
            if days <= limit:
                return PASS
            age = days if age is None else min(age, days)
    if age is None:
        return not_applicable("it has no version that is enabled")
    return fail(f"its newest version that is enabled is {age} days old, the limit is {limit}")


@check(
    "kms-key-algorithm-weak",
    severity=Severity.INFO,
    default=False,
    evidence=["purpose", "versionTemplate.algorithm"],
    fix=Fix(
        terraform="version_template.algorithm of google_kms_crypto_key, for example EC_SIGN_P256_SHA256",
        manual="The algorithm of new versions can be changed within the key's purpose (`gcloud kms keys update KEY "
        "--default-algorithm=ALGORITHM`); versions that exist keep theirs.",
        patch={"data": {"versionTemplate": {"algorithm": "EC_SIGN_P256_SHA256"}}},
    ),
    passes=lambda: [
        _key(versionTemplate={"algorithm": "RSA_SIGN_PSS_3072_SHA256"}),
        _key("ENCRYPT_DECRYPT", versionTemplate={"algorithm": "GOOGLE_SYMMETRIC_ENCRYPTION"}),
        _key("ASYMMETRIC_DECRYPT", versionTemplate={"algorithm": "RSA_DECRYPT_OAEP_3072_SHA256"}),
    ],
    fails=lambda: [
        _key("ASYMMETRIC_DECRYPT", versionTemplate={"algorithm": "RSA_DECRYPT_OAEP_2048_SHA1"}),
        _key("MAC", versionTemplate={"algorithm": "HMAC_SHA1"}),
        _key("RAW_ENCRYPT_DECRYPT", versionTemplate={"algorithm": "AES_256_CBC"}),
    ],
    unknown=lambda: [asset(CryptoKey, {}, unknown=["resource.data.versionTemplate"])],
)
def weak_algorithm(key: CryptoKey) -> Verdict:
    """New versions of a key use an algorithm that asks more care of its callers than they may take.

    Why: SHA-1 is refused by most rules of today, and algorithms without padding or authentication are there for old
    protocols: used elsewhere, they let forged or changed data pass. None of it is broken in the protocol that it was
    made for, so this check is not selected by default.

    What a fix may break: Partners whose protocol knows only the old algorithm.

    Source: https://cloud.google.com/kms/docs/algorithms
    """
    algorithm = key.version_template.algorithm
    return fail(f"{algorithm}: {_WEAK[algorithm]}") if algorithm in _WEAK else PASS
