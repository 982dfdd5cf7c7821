"""Lists of Security Command Center findings, as gcloud and the API write them.

`gcloud scc findings list --format=json` gives an array of `{"finding": {…}, "resource": {…}}`, the API an object with
`listFindingsResults`, a notification one such object a message. Of each, the finding is taken as an asset.

Source: cloud.google.com/security-command-center/docs/reference/rest/v2/organizations.sources.findings/list
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from auditor.resources.decode import Unreadable, parse
from auditor.sources.asset_inventory import AssetInventoryExport
from auditor.sources.base import Gaps

FINDING = "securitycenter.googleapis.com/Finding"
_BEGINNING = re.compile(rb'\s*(?:\[\s*)?\{\s*"(?:finding|findingClass|listFindingsResults|notificationConfigName)"\s*:')
_OWNER = re.compile(r"(?:organizations|folders|projects)/[^/]+")
_NOT_ONE = "no finding: it has neither the name nor the category of one"


def begins_as_findings(start: bytes) -> bool:
    """Whether a file that begins so is a list of findings."""
    return _BEGINNING.match(start) is not None


@dataclass(frozen=True, slots=True)
class FindingList:
    """A file of findings as a source of assets."""

    file: Path
    shown: str
    is_array: bool
    kind: str = "list of Security Command Center findings"
    partial: bool = False
    trusted: bool = False
    unsupported: Counter[str] = field(default_factory=Counter)

    @property
    def path(self) -> str:
        """The file, printable whatever bytes its name has."""
        return AssetInventoryExport(self.file, self.shown, self.is_array).path

    def lines(self, gaps: Gaps) -> Iterator[tuple[int | str, bytes]]:
        """(place, line) of every finding, as an asset; what is none is told to `gaps`."""
        encode = msgspec.json.Encoder().encode
        for place, line in AssetInventoryExport(self.file, self.shown, self.is_array).lines(gaps):
            if line.isspace():
                continue
            where = f"{self.shown}:{place}" if isinstance(place, int) else place
            try:
                entries = _entries(parse(line))
            except Unreadable as problem:
                gaps.add_line(where, str(problem))
                continue
            for entry in entries:
                asset = _asset(entry)
                if asset is None:
                    gaps.add_line(where, _NOT_ONE)
                else:
                    yield place, encode(asset)


def _entries(document: dict[str, Any]) -> list[Any]:
    """The findings of one element: of a page of the API, of a result or message, or the element itself."""
    results = document.get("listFindingsResults")
    if isinstance(results, list):
        return [result.get("finding") if isinstance(result, dict) else None for result in results]
    return [document.get("finding", document)]


def _asset(finding: Any) -> dict[str, Any] | None:
    """The finding in Cloud Asset Inventory form, None where it is none."""
    if not isinstance(finding, dict):
        return None
    name, category = finding.get("name"), finding.get("category")
    if not (isinstance(name, str) and name and isinstance(category, str) and category):
        return None
    owner = _OWNER.match(name)
    return {
        "name": f"//securitycenter.googleapis.com/{name}",
        "asset_type": FINDING,
        "ancestors": [owner[0]] if owner else [],
        "resource": {"data": finding},
    }
