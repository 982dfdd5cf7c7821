"""The assets that are served: lines of a Cloud Asset Inventory export, and assets in the form of other APIs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

Asset = dict[str, Any]

MANAGER = "cloudresourcemanager.googleapis.com/"
OUTSIDE = (
    "cloudidentity.googleapis.com/",
    "iam.googleapis.com/DenyPolicy",
    "iam.googleapis.com/PolicyBinding",
    "iam.googleapis.com/PrincipalAccessBoundaryPolicy",
    "securitycenter.googleapis.com/Finding",
    "securitycenter.googleapis.com/Source",
    "securitycentermanagement.googleapis.com/",
    "recommender.googleapis.com/",
    "dlp.googleapis.com/DiscoveryConfig",
    "policyanalyzer.googleapis.com/",
    "billingbudgets.googleapis.com/",
    "monitoring.googleapis.com/ListTimeSeriesResponse",
)
"""What Cloud Asset Inventory does not hold."""

CONTENTS = {
    "RESOURCE": ("resource",),
    "IAM_POLICY": ("iam_policy",),
    "ORG_POLICY": ("org_policy",),
    "ACCESS_POLICY": ("access_policy", "access_level", "service_perimeter"),
}


class Estate:
    """Assets, looked up as the services do."""

    def __init__(self, assets: Iterable[Asset]) -> None:
        self.assets = list(assets)
        self._numbers: dict[str, str] = {}
        for asset in self.assets:
            project = asset.get("resource", {}).get("data", {}).get("projectId")
            if project and asset["asset_type"] == MANAGER + "Project":
                self._numbers[f"projects/{project}"] = asset["ancestors"][0]

    @classmethod
    def of_files(cls, *paths: Path) -> Estate:
        """The estate in newline-delimited files, or folders of them."""
        files = [file for path in paths for file in (sorted(path.glob("*.ndjson")) if path.is_dir() else [path])]
        return cls(json.loads(line) for file in files for line in file.read_text().splitlines() if line.strip())

    def number(self, name: str) -> str:
        """`projects/NUMBER` for `projects/ID`; every other name as it is."""
        return self._numbers.get(name, name)

    def inventory(self, parent: str, content: str, types: Iterable[str]) -> Iterator[Asset]:
        """What ListAssets gives: one content of the assets under a parent."""
        root, keys, wanted = self.number(parent), CONTENTS[content], set(types)
        for asset in self.assets:
            if asset["asset_type"].startswith(OUTSIDE) or (wanted and asset["asset_type"] not in wanted):
                continue
            if root in asset["ancestors"] and any(key in asset for key in keys):
                others = {key for name, held in CONTENTS.items() if name != content for key in held}
                yield {key: value for key, value in asset.items() if key not in others}

    def data(self, asset_type: str, home: str | None = None, within: str | None = None) -> list[Any]:
        """The data of assets of a type: set on one place, or anywhere within one."""
        return [
            asset["resource"]["data"]
            for asset in self.assets
            if asset["asset_type"] == asset_type
            and "resource" in asset
            and (home is None or asset["ancestors"][0] == self.number(home))
            and (within is None or self.number(within) in asset["ancestors"])
        ]

    def containers(self, kind: str, parent: str | None = None) -> list[Asset]:
        """The projects, folders or organisations right below a parent, or all."""
        return [
            asset
            for asset in self.assets
            if asset["asset_type"] == MANAGER + kind
            and "resource" in asset
            and (parent is None or asset["ancestors"][1:2] == [parent])
        ]

    def policy(self, place: str) -> Any:
        """The IAM policy of a container, empty where it has none."""
        for asset in self.assets:
            is_it = asset["asset_type"].startswith(MANAGER) and asset["ancestors"][0] == self.number(place)
            if is_it and "iam_policy" in asset:
                return asset["iam_policy"]
        return {}
