"""The versions of a secret, as the estate knows them."""

from __future__ import annotations

from auditor import Estate, Example, asset
from auditor.resources.secretmanager import SecretVersion

NAME = "//secretmanager.googleapis.com/projects/1001/secrets/db-password"


def _secret_of(version: SecretVersion) -> str:
    return version.secret


def versions_of(secret: str, project: str, estate: Estate) -> list[SecretVersion]:
    """The versions of the secret with this full resource name, in any order; open where some may be missing."""
    return estate.related(SecretVersion, _secret_of, secret, within=project)


def version(number: int, created: str, state: str = "ENABLED") -> Example:
    """A version, for examples."""
    return asset(
        SecretVersion,
        {"name": f"projects/1001/secrets/db-password/versions/{number}", "createTime": created, "state": state},
        name=f"{NAME}/versions/{number}",
    )
