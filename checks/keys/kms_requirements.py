"""What an owner requires of every encryption key."""

from __future__ import annotations

from typing import Any

from auditor import PASS, Example, Fix, Settings, Severity, Verdict, asset, check, fail, not_applicable
from auditor.resources.kms import CryptoKey

_HSM = {"protectionLevel": "HSM", "algorithm": "GOOGLE_SYMMETRIC_ENCRYPTION"}


class KeyRequirements(Settings, frozen=True):
    """What keys may be; where a list is empty, anything."""

    protection_levels: tuple[str, ...] = ()
    algorithms: tuple[str, ...] = ()
    purposes: tuple[str, ...] = ()


_HARDWARE = KeyRequirements(protection_levels=("HSM", "EXTERNAL_VPC"))


def _key(requirements: KeyRequirements | None = _HARDWARE, *, unknown: tuple[str, ...] = (), **data: Any) -> Example:
    usual = {"purpose": "ENCRYPT_DECRYPT", "versionTemplate": _HSM}
    return asset(CryptoKey, {**usual, **data}, unknown=unknown, settings=requirements)


@check(
    "kms-key-not-as-required",
    severity=Severity.MEDIUM,
    default=False,
    evidence=["purpose", "versionTemplate"],
    same_as=["policy_library:gcp_cmek_settings_v1", "forseti:kms_rules"],
    fix=Fix(
        terraform="version_template { protection_level, algorithm } on google_kms_crypto_key (replaces the key)",
        guardrail="cloudkms.allowedProtectionLevels",
        manual="Purpose and protection level are fixed when a key is made: make a new key and move the data to it.",
        patch={"data": {"purpose": "ENCRYPT_DECRYPT", "versionTemplate": _HSM}},
    ),
    passes=lambda: [
        _key(),
        _key(KeyRequirements(algorithms=("GOOGLE_SYMMETRIC_ENCRYPTION",), purposes=("ENCRYPT_DECRYPT",))),
        _key(None, versionTemplate={"protectionLevel": "SOFTWARE"}),
    ],
    fails=lambda: [
        _key(versionTemplate={"protectionLevel": "SOFTWARE"}),
        _key(
            KeyRequirements(algorithms=("GOOGLE_SYMMETRIC_ENCRYPTION",)),
            purpose="ASYMMETRIC_SIGN",
            versionTemplate={"algorithm": "RSA_SIGN_PKCS1_2048_SHA256"},
        ),
        _key(KeyRequirements(purposes=("ENCRYPT_DECRYPT",)), purpose="MAC"),
    ],
    unknown=lambda: [
        _key(unknown=("resource.data.versionTemplate",)),
        _key(KeyRequirements(purposes=("MAC",)), unknown=("resource.data.purpose",)),
    ],
)
def not_as_required(key: CryptoKey, settings: KeyRequirements) -> Verdict:
    """A key has another protection level, algorithm or purpose than its owner requires.

    Why: A duty such as certified hardware holds for every key or is worth little. What is required is for the owner to
    say, with `protection_levels`, `algorithms` and `purposes`; as it comes, the check requires nothing and is not
    selected.

    What a fix may break: What is encrypted with the old key needs it until it is encrypted anew.

    Source: https://cloud.google.com/kms/docs/reference/rest/v1/projects.locations.keyRings.cryptoKeys
    """
    if settings == KeyRequirements():
        return not_applicable("nothing is required of keys; the check's settings say what is")
    template = key.version_template
    if settings.protection_levels and template.protection_level not in settings.protection_levels:
        return fail(f"the protection level is {template.protection_level}")
    if settings.purposes and key.purpose not in settings.purposes:
        return fail(f"the purpose is {key.purpose}")
    if settings.algorithms and template.algorithm not in settings.algorithms:
        return fail(f"the algorithm is {template.algorithm or 'not told'}")
    return PASS
