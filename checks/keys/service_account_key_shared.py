"""What the checks of service account keys share: examples, the command that deletes a key, reasons."""

from __future__ import annotations

from typing import Any

from auditor import Clock, Example, asset
from auditor.resources.iam import ServiceAccountKey

CI = "ci@p.iam.gserviceaccount.com"
COMPUTE = "1001-compute@developer.gserviceaccount.com"
DELETE_KEY = "gcloud iam service-accounts keys delete {key.id} --iam-account={key.account}"
GOOGLE_KEY = "Google holds and rotates the key"
DISABLED = "the key is disabled"
SYSTEM: dict[str, Any] = {
    "keyType": "SYSTEM_MANAGED",
    "validAfterTime": "2024-11-10T08:00:00Z",
    "validBeforeTime": "2026-12-01T08:00:00Z",
}
"""Data of a key that Google manages."""


def a_key(account: str = CI, *, number: int = 1, unknown: str = "", **data: Any) -> Example:
    """A user-managed key of 52 days; `data` changes its fields, None takes one out."""
    name = f"projects/p/serviceAccounts/{account}/keys/{number}123abcd"
    usual: dict[str, Any] = {
        "name": name,
        "keyType": "USER_MANAGED",
        "keyOrigin": "GOOGLE_PROVIDED",
        "keyAlgorithm": "KEY_ALG_RSA_2048",
        "validAfterTime": "2026-10-01T08:00:00Z",
        "validBeforeTime": "9999-12-31T23:59:59Z",
    }
    given = {name: value for name, value in (usual | data).items() if value is not None}
    return asset(
        ServiceAccountKey,
        given,
        name=f"//iam.googleapis.com/{name}",
        unknown=[f"resource.data.{unknown}"] if unknown else [],
    )


def out_of_use(key: ServiceAccountKey, clock: Clock) -> str:
    """Why nobody can sign in with a key that people hold, or why people do not hold it; `""` where someone can."""
    if not key.is_user_managed:
        return GOOGLE_KEY
    if key.disabled:
        return DISABLED
    if key.expires is not None and key.expires <= clock.now:
        return "the key has expired"
    return ""
