"""Which asset a name means: Security Command Center and the inventory do not spell all of them alike.

Projects go by number or by id, Compute Engine resources by number or by name, service accounts by number or by address,
clusters by zone or by location, buckets and URLs in an older form.

Sources: cloud.google.com/asset-inventory/docs/asset-names, cloud.google.com/iam/docs/full-resource-names
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_LINK = re.compile(r"https?://(?P<host>[a-z]+)\.googleapis\.com/(?:(?P<service>[a-z]+)/)?(?:v\d\w*|beta)/")
_PROJECT = re.compile(r"(//[^/]+)/projects/([^/]+)")
_KEY = re.compile(r"//iam\.googleapis\.com/.*/serviceAccounts/[^/]+/keys/([^/]+)")
_ACCOUNT = re.compile(r"//iam\.googleapis\.com/(?:.*/)?serviceAccounts/([^/]+)")
_BUCKET = "//storage.googleapis.com/projects/_/buckets/"
_NUMBERED = re.compile(r"//compute\.googleapis\.com/.*/\d+")


@dataclass(slots=True)
class Names:
    """The spellings that the input tells."""

    numbers: dict[str, str] = field(default_factory=dict)
    """Project id → number."""
    others: dict[str, str] = field(default_factory=dict)
    """Another canonical name of an asset → the one that the inventory has for it."""

    def canonical(self, name: str) -> str:
        """One spelling for all names that are known to mean one asset."""
        plain = self._plain(name)
        return self.others.get(plain, plain)

    def alias(self, other: str, name: str) -> None:
        """Note that two names mean one asset; the second is the inventory's."""
        self.others[self._plain(other)] = self._plain(name)

    def needs_help(self, name: str) -> bool:
        """Whether a name is of a kind that only the assets' data can match with the inventory's."""
        plain = self._plain(name)
        if plain in self.others:
            return False
        account = _ACCOUNT.fullmatch(plain)
        return _NUMBERED.fullmatch(plain) is not None or (account is not None and "@" in account[1])

    def _plain(self, name: str) -> str:
        link = _LINK.match(name)
        if link is not None:
            name = f"//{link['service'] or link['host']}.googleapis.com/{name[link.end() :]}"
        if key := _KEY.fullmatch(name):
            return f"//iam.googleapis.com/keys/{key[1]}"
        if account := _ACCOUNT.fullmatch(name):
            return f"//iam.googleapis.com/serviceAccounts/{account[1]}"
        if name.startswith(_BUCKET):
            name = f"//storage.googleapis.com/{name.removeprefix(_BUCKET)}"
        if name.startswith("//container.googleapis.com/"):
            name = name.replace("/zones/", "/locations/", 1)
        project = _PROJECT.match(name)
        if project is not None and project[2] in self.numbers:
            name = f"{project[1]}/projects/{self.numbers[project[2]]}{name[project.end() :]}"
        return name
