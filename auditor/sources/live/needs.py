"""What a set of checks needs to be collected: asset types of resources and of IAM policies, and the contents."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.resources.base import asset_types_of
from auditor.sources.live.declaration import MANAGER

if TYPE_CHECKING:
    from auditor.check import Check
    from auditor.resources.base import Resource

CONTAINERS = (f"{MANAGER}/Organization", f"{MANAGER}/Folder", f"{MANAGER}/Project")
ACCESS_MANAGER = "accesscontextmanager.googleapis.com/"
ORG_POLICY = "orgpolicy.googleapis.com/Policy"

ACCESS_MANAGED = tuple(f"{ACCESS_MANAGER}{kind}" for kind in ("AccessPolicy", "AccessLevel", "ServicePerimeter"))
"""What comes with the content access-policy, of organisations only."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What is to be collected. None means everything there is."""

    resources: frozenset[str] | None = None
    policies: frozenset[str] | None = None
    """Asset types whose IAM policies are read."""

    def wants(self, asset_type: str) -> bool:
        """Whether assets of a type are to be collected."""
        return self.resources is None or asset_type in self.resources

    @property
    def wants_org_policies(self) -> bool:
        """Whether organisation policies are."""
        return self.wants(ORG_POLICY)

    @property
    def wants_access_policies(self) -> bool:
        """Whether access policies, access levels and perimeters are."""
        return self.resources is None or any(name.startswith(ACCESS_MANAGER) for name in self.resources)


EVERYTHING = Needs()


def needs_of(checks: Iterable[Check], *, access: bool = False) -> Needs:
    """What checks read, as subjects, from the estate or by effective access, and the containers in any case."""
    from auditor.access.collect import DECIDE_ACCESS
    from auditor.access.control.inventory import READ

    checks = list(checks)
    access = access or any(check.signature.wants_access for check in checks)
    resources: set[str] = {*CONTAINERS, *(DECIDE_ACCESS | READ if access else ())}
    policies: set[str] = set(CONTAINERS)
    every_policy = access
    for check in checks:
        views: tuple[type[Resource], ...] = (*check.signature.subjects, *check.reads)
        resources.update(name for view in views for name in asset_types_of(view))
        if check.signature.wants_policy or check.reads_policies:
            every_policy |= not check.signature.subjects
            with_policies = (*check.signature.subjects, *check.reads_policies)
            policies.update(name for view in with_policies for name in asset_types_of(view))
    return Needs(frozenset(resources), None if every_policy else frozenset(policies))
