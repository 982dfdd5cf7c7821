"""What an input holds in full, and what of it could not be read: by asset type and place.

A refused service of one project must cost only the verdicts that rest on it. So each part that was not read is told as
a `Missing`, and whoever draws a conclusion from absence asks `Missings.why` first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

RESOURCE, IAM_POLICY = "resource", "iam-policy"
CONTENT_TYPES = (RESOURCE, IAM_POLICY, "org-policy", "access-policy")
"""The content types of `gcloud asset export`."""

NOT_INVENTORIED = (
    "accesscontextmanager.googleapis.com/GcpUserAccessBinding",
    "billingbudgets.googleapis.com/Budget",
    "billingbudgets.googleapis.com/ListBudgetsResponse",
    "cloudidentity.googleapis.com/Group",
    "cloudidentity.googleapis.com/Membership",
    "dlp.googleapis.com/DiscoveryConfig",
    "iam.googleapis.com/DenyPolicy",
    "iam.googleapis.com/PolicyBinding",
    "iam.googleapis.com/PrincipalAccessBoundaryPolicy",
    "monitoring.googleapis.com/ListTimeSeriesResponse",
    "networkmanagement.googleapis.com/VpcFlowLogsConfig",
    "orgpolicy.googleapis.com/EffectivePolicy",
    "policyanalyzer.googleapis.com/Activity",
    "recommender.googleapis.com/Recommendation",
    "securitycenter.googleapis.com/Finding",
    "securitycenter.googleapis.com/Source",
    "securitycentermanagement.googleapis.com/SecurityCenterService",
)
"""The asset types that checks read and that Cloud Asset Inventory does not hold: no content type vouches for them, only
their own names do. Source: docs.cloud.google.com/asset-inventory/docs/asset-types"""

EVERYTHING_EXPORTED = "all"
"""Stands for all content types where it is said what an input holds in full."""

COLLECTION = "auditor/Collection"
"""The type of the record that says what a saved collection lacks. Inside of another file it says so of nothing."""

_OURS = "auditor/"
_PROJECT = "projects/"


def is_inventoried(asset_type: str) -> bool:
    """Whether Cloud Asset Inventory may hold assets of a type."""
    return asset_type not in NOT_INVENTORIED and not asset_type.startswith(_OURS)


def vouched(exported: Sequence[str]) -> tuple[str, ...]:
    """What is said to be in the input in full, `all` put in words, each once."""
    contents = CONTENT_TYPES if EVERYTHING_EXPORTED in exported else ()
    return tuple(dict.fromkeys((*contents, *(name for name in exported if name != EVERYTHING_EXPORTED))))


@dataclass(frozen=True, slots=True)
class Missing:
    """Assets of some types in one place of which not all were read; or, if so said, IAM policies of such assets."""

    place: str
    """A project, folder or organisation, with all below it; `""` for anywhere."""
    cause: str
    """Why, as a clause without the place."""
    asset_types: frozenset[str] = frozenset()
    """Empty for all types that the inventory holds."""
    besides: frozenset[str] = frozenset()
    """Those of all types that were read otherwise, or cannot be there."""
    policies: bool = False
    below: bool = True
    """Whether what is below the place is meant, too."""
    asked: bool = True
    """Whether it should have been read; else it was left out on purpose, and only what rests on it is unknown."""

    def touches(self, asset_type: str) -> bool:
        """Whether assets of a type are missing."""
        if self.asset_types:
            return asset_type in self.asset_types
        return asset_type not in self.besides and is_inventoried(asset_type)

    @property
    def told(self) -> str:
        """Why, with the place."""
        return f"{self.cause} in {self.place}" if self.place else self.cause


class Missings:
    """All that is missing, found by type and place."""

    def __init__(self) -> None:
        self._by_place: dict[str, list[Missing]] = {}
        self._anywhere: dict[tuple[frozenset[str] | None, bool], str] = {}

    def __iter__(self) -> Iterator[Missing]:
        for parts in self._by_place.values():
            yield from parts

    def __bool__(self) -> bool:
        return bool(self._by_place)

    def add(self, part: Missing) -> None:
        """Note one more."""
        self._by_place.setdefault(part.place, []).append(part)
        self._anywhere.clear()

    def why(
        self,
        asset_types: Iterable[str] | None,
        places: Sequence[str] | None = None,
        *,
        policies: bool = False,
        uncertain: bool = False,
    ) -> str:
        """Why assets of one of the types (or their policies) may be missing, `""` where they cannot be.

        `asset_types` None asks of any type. `places` are a place and what is above it; None asks of the whole estate.
        `uncertain` says that more may be above than `places` tells: then what is missing of any folder or organisation
        counts, too.
        """
        if not self._by_place:
            return ""
        kinds = None if asset_types is None else frozenset(asset_types)
        if places is None:
            if (kinds, policies) not in self._anywhere:
                self._anywhere[kinds, policies] = self._first(self, kinds, policies)
            return self._anywhere[kinds, policies]
        around = [place for place in self._by_place if not place.startswith(_PROJECT)] if uncertain else []
        here = next(iter(places), "")
        parts = [
            part
            for place in dict.fromkeys(("", *places, *around))
            for part in self._by_place.get(place, ())
            if part.below or part.place == here
        ]
        return self._first(parts, kinds, policies)

    @staticmethod
    def _first(parts: Iterable[Missing], kinds: frozenset[str] | None, policies: bool) -> str:
        for part in parts:
            if part.policies == policies and (kinds is None or any(part.touches(kind) for kind in kinds)):
                return part.told
        return ""
