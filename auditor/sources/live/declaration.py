"""What a collector declares of itself, in words that need no Google client."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from auditor.sources.live.network import Calls

MANAGER = "cloudresourcemanager.googleapis.com"

Record = dict[str, Any]
"""One asset in Cloud Asset Inventory form, keys in the spelling of exports."""


class Level(StrEnum):
    """What a place is."""

    PROJECT = "projects"
    FOLDER = "folders"
    ORGANIZATION = "organizations"


ANYWHERE = frozenset(Level)


@dataclass(frozen=True, slots=True)
class Quota:
    """How many requests a minute an API answers; `name` is what is counted together."""

    name: str
    per_minute: int


@dataclass(frozen=True, slots=True)
class Rpc:
    """A method that a collector calls: its gRPC path (or the verb and address of a REST method), and what it needs."""

    path: str
    quota: Quota
    permissions: tuple[str, ...] = ()

    @property
    def needs(self) -> str:
        """The permissions in words."""
        return " and ".join(self.permissions)


@dataclass(frozen=True, slots=True)
class Place:
    """A project, folder or organisation that is collected from."""

    key: str
    """`projects/NUMBER`, `folders/NUMBER`, `organizations/NUMBER`."""
    ancestors: tuple[str, ...] = ()
    """Itself and all above it, as far as they are known."""
    project_id: str = ""
    is_active: bool = True
    customer: str = ""
    """Of an organisation: the id (`C01abc`) of the Workspace or Cloud Identity account that owns it."""
    labels: dict[str, str] = field(default_factory=dict, hash=False, compare=False)

    @property
    def level(self) -> Level:
        """What it is."""
        return Level(self.key.partition("/")[0])

    @property
    def is_alone(self) -> bool:
        """Whether it is a project in no organisation."""
        return self.level is Level.PROJECT and self.ancestors == (self.key,)

    @property
    def full_name(self) -> str:
        """The full resource name."""
        return f"//{MANAGER}/{self.key}"

    def names(self, other: str) -> bool:
        """Whether `projects/NUMBER` or `projects/ID` means this place."""
        return other == self.key or (bool(self.project_id) and other == f"projects/{self.project_id}")

    def record(self, name: str, asset_type: str, data: dict[str, Any]) -> Record:
        """An asset of this place whose data is the API's own form."""
        return {
            "name": name,
            "asset_type": asset_type,
            "ancestors": list(self.ancestors or (self.key,)),
            "resource": {"data": data},
        }


Collect = Callable[["Calls", Place], AsyncIterator[Record]]


@dataclass(frozen=True, slots=True)
class Collector:
    """What one service gives of one place."""

    name: str
    """As `--service` takes it, and as the coverage tells it."""
    service: str
    """The API that has to be enabled."""
    rpcs: tuple[Rpc, ...]
    asset_types: tuple[str, ...]
    """What it yields; for an asset's IAM policy, the type with `:iam-policy`."""
    collect: Collect
    levels: frozenset[Level] = ANYWHERE
    roots_only: bool = False
    """Whether only the targets themselves are asked: an answer holds all below them, or tells of the target alone."""
    holds_below: bool = False
    """Whether an answer holds all below, so that a target within another one is not asked for itself."""
    fallback: bool = False
    """Whether Cloud Asset Inventory holds the same, so that it is asked only where that is refused."""
    follows: tuple[str, ...] = ()
    """Asset types of the inventory that it says more of: a place that has none of them is not asked."""

    only_thorough: bool = False
    """Whether it is asked with `--thorough` only: it takes requests for every project, for what few checks read."""

    @property
    def permissions(self) -> tuple[str, ...]:
        """All that its methods need, sorted."""
        return tuple(sorted({permission for rpc in self.rpcs for permission in rpc.permissions}))

    def asks(self, place: Place, *, is_root: bool) -> bool:
        """Whether it has something to ask of a place."""
        return place.level in self.levels and (is_root or not self.roots_only)
