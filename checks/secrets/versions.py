"""The versions of a secret, as the estate knows them."""

from __future__ import annotations

from weakref import WeakKeyDictionary

from auditor import Estate, Example, asset
from auditor.resources.base import OpenList
from auditor.resources.secretmanager import SecretVersion

_INDEXES: WeakKeyDictionary[Estate, dict[str, list[SecretVersion]]] = WeakKeyDictionary()

NAME = "//secretmanager.googleapis.com/projects/1001/secrets/db-password"


def versions_of(secret: str, estate: Estate) -> list[SecretVersion]:
    """The versions of the secret with this full resource name, newest first; open where some may be missing."""
    every = estate.of(SecretVersion)
    index = _INDEXES.get(estate)
    if index is None:
        index = _INDEXES[estate] = {}
        for version in every.known() if isinstance(every, OpenList) else every:
            index.setdefault(version.secret, []).append(version)
        for versions in index.values():
            versions.sort(key=lambda version: version.number, reverse=True)
    found = index.get(secret, [])
    return OpenList(found, every.what, every.cause) if isinstance(every, OpenList) else found


def version(number: int, created: str, state: str = "ENABLED") -> Example:
    """A version, for examples."""
    return asset(
        SecretVersion,
        {"name": f"projects/1001/secrets/db-password/versions/{number}", "createTime": created, "state": state},
        name=f"{NAME}/versions/{number}",
    )
