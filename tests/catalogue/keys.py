"""Rows about keys: of KMS, of service accounts, of Cloud Storage."""

from __future__ import annotations

from typing import Any

from auditor.check import Example
from tests.catalogue import ACCOUNTS, KEY, USERS, Row, a, project


def kms(grants: dict[str, list[str]] | None = None, **data: Any) -> Example:
    given = {
        "name": KEY[26:],
        "purpose": "ENCRYPT_DECRYPT",
        "rotationPeriod": "7776000s",
        "nextRotationTime": "2026-12-30T00:00:00Z",
        "destroyScheduledDuration": "2592000s",
        "versionTemplate": {"protectionLevel": "HSM", "algorithm": "GOOGLE_SYMMETRIC_ENCRYPTION"},
        "primary": {
            "name": f"{KEY[26:]}/cryptoKeyVersions/3",
            "state": "ENABLED",
            "createTime": "2026-10-01T00:00:00Z",
            "protectionLevel": "HSM",
            "algorithm": "GOOGLE_SYMMETRIC_ENCRYPTION",
        },
    } | data
    return a(
        "cloudkms.googleapis.com/CryptoKey",
        {name: value for name, value in given.items() if value is not None},
        at=KEY,
        grants=grants or {},
    )


def ring(grants: dict[str, list[str]]) -> Example:
    return a("cloudkms.googleapis.com/KeyRing", {"name": "r"}, at=KEY.partition("/cryptoKeys")[0], grants=grants)


DECRYPT, ENCRYPT = "roles/cloudkms.cryptoKeyDecrypter", "roles/cloudkms.cryptoKeyEncrypterDecrypter"

KEYS = [
    Row("kms-public", [kms({DECRYPT: ["allUsers"]})], [kms({DECRYPT: ["user:allusers@example.com"]})]),
    Row("kms-keyring-public", [ring({ENCRYPT: ["allAuthenticatedUsers"]})], [ring({ENCRYPT: ["domain:example.com"]})]),
    Row("kms-rotation-90", [kms(rotationPeriod="7862400s")], [kms(rotationPeriod="7776000s")]),
    Row(
        "kms-rotation-enabled",
        [kms(rotationPeriod=None, nextRotationTime=None)],
        [
            kms(
                purpose="ASYMMETRIC_SIGN",
                rotationPeriod=None,
                nextRotationTime=None,
                primary=None,
                versionTemplate={"protectionLevel": "HSM", "algorithm": "EC_SIGN_P256_SHA256"},
            )
        ],
    ),
    Row("kms-rotation-100", [kms(rotationPeriod="8726400s")], [kms(rotationPeriod="2592000s")]),
    Row(
        "kms-settings",
        [
            kms(
                versionTemplate={"protectionLevel": "SOFTWARE"},
                primary={"state": "ENABLED", "protectionLevel": "SOFTWARE"},
            )
        ],
        [kms()],
    ),
    Row("kms-prevent-destroy", [kms(destroyScheduledDuration="86400s")], [kms(destroyScheduledDuration="7776000s")]),
    Row(
        "kms-role-separation",
        [project({"roles/cloudkms.admin": USERS[:1], ENCRYPT: USERS[:1]}), kms()],
        [project({"roles/cloudkms.admin": USERS[:1], ENCRYPT: USERS[1:2]}), kms()],
    ),
    Row(
        "kms-project-owner",
        [project({"roles/owner": USERS[:1]}), kms()],
        [project({"roles/viewer": USERS[:1]}), kms()],
    ),
    Row("kms-too-many-users", [kms({ENCRYPT: ACCOUNTS})], [kms({ENCRYPT: ACCOUNTS[:3]})]),
]

ACCOUNT = "//iam.googleapis.com/projects/p/serviceAccounts/ci@p.iam.gserviceaccount.com"


def account_key(number: int = 1, **data: Any) -> Example:
    given = {
        "keyType": "USER_MANAGED",
        "keyOrigin": "GOOGLE_PROVIDED",
        "validAfterTime": "2026-11-01T00:00:00Z",
        "validBeforeTime": "2027-01-01T00:00:00Z",
        **data,
    }
    return a("iam.googleapis.com/ServiceAccountKey", given, at=f"{ACCOUNT}/keys/{number}")


def account(email: str = "ci@p.iam.gserviceaccount.com", **data: Any) -> Example:
    return a("iam.googleapis.com/ServiceAccount", {"email": email, **data}, at=ACCOUNT, grants={})


def hmac(**data: Any) -> Example:
    given = {
        "state": "ACTIVE",
        "timeCreated": "2026-11-01T00:00:00Z",
        "serviceAccountEmail": "x@p.iam.gserviceaccount.com",
    }
    return a(
        "storage.googleapis.com/HmacKey", {**given, **data}, at="//storage.googleapis.com/projects/p/hmacKeys/GOOG1E"
    )


KEYS += [
    Row("sa-user-managed-key", [account_key()], [account_key(keyType="SYSTEM_MANAGED")]),
    Row(
        "sa-key-not-rotated",
        [account_key(validAfterTime="2026-08-01T00:00:00Z")],
        [account_key(validAfterTime="2026-08-25T00:00:00Z")],
    ),
    Row("sa-key-user-provided", [account_key(keyOrigin="USER_PROVIDED")], [account_key()]),
    Row(
        "sa-key-never-expires",
        [account_key(validBeforeTime="9999-12-31T23:59:59Z")],
        [account_key(validBeforeTime="2027-01-01T00:00:00Z")],
    ),
    Row(
        "sa-key-disabled-not-deleted",
        [account_key(disabled=True, validAfterTime="2025-01-01T00:00:00Z")],
        [account_key(disabled=True)],
    ),
    Row(
        "sa-key-exposed-by-google",
        [account_key(disabled=True, disableReason="SERVICE_ACCOUNT_KEY_DISABLE_REASON_EXPOSED")],
        [account_key(disabled=True, disableReason="SERVICE_ACCOUNT_KEY_DISABLE_REASON_USER_INITIATED")],
    ),
    Row(
        "sa-too-many-keys",
        [account(), account_key(1), account_key(2), account_key(3)],
        [account(), account_key(1), account_key(2, keyType="SYSTEM_MANAGED")],
    ),
    Row("hmac-key-stale", [hmac(timeCreated="2026-08-01T00:00:00Z")], [hmac(timeCreated="2026-08-25T00:00:00Z")]),
]
