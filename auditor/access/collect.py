"""From the lines of an estate's sources to its world. A line is read once, and only what decides access is kept.

Whoever streams lines for another purpose can hand them to a `Collector` on the way; `collect` reads sources by itself.

Sources: cloud.google.com/asset-inventory/docs/reference/rest/v1/Asset,
cloud.google.com/resource-manager/reference/rest/v1/organizations (owner.directoryCustomerId), …/v3/organizations,
cloud.google.com/resource-manager/reference/rest/v3/tagBindings, …/tagKeys, …/tagValues,
cloud.google.com/iam/docs/reference/rest/v1/locations.workforcePools
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import UNSET, field

from auditor.access.bindings import NO_GAPS, BindingRecord, Bindings, Gaps, PolicyRecord
from auditor.access.boundary import Boundaries
from auditor.access.deny import DenyPolicies
from auditor.access.groups import Roster
from auditor.access.hierarchy import Hierarchy
from auditor.access.places import Places
from auditor.access.role_table import RoleTable, load
from auditor.access.tags import Tags
from auditor.access.world import Coverage, World
from auditor.completeness import COLLECTION, IAM_POLICY, RESOURCE, Missings
from auditor.resources.base import Asset, OpenList, Resource, Undetermined, View
from auditor.resources.cloudidentity import Group, Membership
from auditor.resources.content import records
from auditor.resources.decode import Envelope, Unreadable, cause_of, decoder, detached_policy, parse, resource_of
from auditor.resources.iam import Role, ServiceAccount
from auditor.resources.iam_policies import DenyPolicy, PolicyBinding, PrincipalAccessBoundaryPolicy
from auditor.resources.policy import Binding, Policy
from auditor.resources.resourcemanager import Project
from auditor.sources import base as sources
from auditor.sources.group_files import ListedGroup, read_group_file

T = TypeVar("T")

_TYPE = re.compile(rb'"asset_type"\s*:\s*"([^"\\]+)"')
_MANAGER = "cloudresourcemanager.googleapis.com/"
_OURS = ("unknown", "address", "source")


class _Owner(View):
    """`owner` of an organisation, version 1."""

    directory_customer_id: str = ""


class _Organization(Resource):
    """An organisation, with the customer that it belongs to."""

    display_name: str = ""
    owner: _Owner = field(default_factory=_Owner)
    directory_customer_id: str = ""


class _TagBinding(Resource):
    """A tag value is attached to a resource."""

    parent: str = ""
    tag_value: str = ""
    tag_value_namespaced_name: str = ""


class _TagName(Resource):
    """A tag key, or a tag value, of which the key is the parent."""

    name: str = ""
    parent: str = ""
    namespaced_name: str = ""


class _WorkforcePool(Resource):
    """A workforce pool; its organisation is its parent."""

    parent: str = ""


class Collector:
    """Gathers what decides access from lines of Cloud Asset Inventory JSON. `add` lines, then take the `world`."""

    def __init__(
        self, now: datetime, *, exported: frozenset[str] = frozenset(), roles: RoleTable | None = None
    ) -> None:
        self._now = now
        self._exported = exported
        self._roles = roles
        self._hierarchy = Hierarchy()
        self._places = Places(self._hierarchy)
        self._bindings = Bindings()
        self._tags = Tags()
        self._customers: dict[str, str] = {}
        self._pools: dict[str, str] = {}
        self._disabled: set[str] = set()
        self._kept: dict[type[Resource], list[Any]] = {}
        self._listed: list[ListedGroup] = []
        self._read: set[tuple[str, str]] = set()
        self.contradictions: list[str] = []
        """Resources of which the input has two policies that differ; the first counts."""

    def add(self, line: bytes, *, trusted: bool = False) -> None:
        """Learn from one line. Raises `Unreadable` where it is no asset; a blank line is nothing."""
        match = _TYPE.search(line)
        kind = match[1].decode(errors="replace") if match else ""
        try:
            envelope = decoder(_VIEWS.get(kind)).decode(line)
        except Unreadable:
            self._reshape(line, trusted)
            return
        says_ours = not trusted and any(getattr(envelope, name) for name in _OURS)
        if envelope.camel_policy is not UNSET or envelope.asset_type != kind or says_ours or kind == COLLECTION:
            self._reshape(line, trusted)
        else:
            self._take(envelope, told=b'"ancestors"' in line or bool(envelope.ancestry_path))

    def learn(self, asset: Asset, policy: Policy[Any] | None, resource: Resource | None, *, told: bool) -> None:
        """Learn from an asset that was decoded already, of which neither part was handed in before.

        `resource` is of a type that `reads`; `told` says that its ancestors are the input's own words, and so all
        that there are.
        """
        self._hierarchy.add_ancestors(asset.ancestors, complete=told)
        self._places.add(asset.name, asset.asset_type, asset.ancestors)
        self._learn_project(asset)
        if policy is not None:
            record = policy_record(policy)
            if not self._bindings.add(record) and self._bindings.differs(record):
                self.contradictions.append(asset.name)
        if resource is not None:
            read = _READERS.get(asset.asset_type)
            if read is None:
                self._kept.setdefault(type(resource), []).append(resource)
                return
            with contextlib.suppress(Undetermined):  # what is not known of it stays unknown
                read(self, resource)

    @staticmethod
    def reads(asset_type: str) -> type[Resource] | None:
        """The view of a type of which more is read than name, place and policy."""
        return _VIEWS.get(asset_type)

    def add_group(self, group: ListedGroup) -> None:
        """Learn who is in a group, from a file of the user's."""
        self._listed.append(group)

    @property
    def bindings(self) -> int:
        """How many bindings were read."""
        return len(self._bindings)

    def world(
        self,
        *,
        partial: bool = False,
        damaged: bool = False,
        restrictions: bool = False,
        missing: Missings | None = None,
    ) -> World:
        """All that was learned. `partial`, `damaged` and `missing` say that the input was not the whole estate.

        `restrictions` says that the input is known to hold every deny policy and every boundary with its bindings.
        """
        missing = missing if missing is not None else Missings()
        lacking = missing.why(_GROUP_TYPES)
        incomplete = "part of the input could not be read" if damaged else lacking
        incomplete = incomplete or "the input is part of an estate" * partial
        kept = self._kept

        def all_known(*kinds: str) -> bool:
            told = self._exported.issuperset(kinds) and not missing.why(kinds)
            return restrictions or (told and not partial and not damaged)

        denies = DenyPolicies(
            kept.get(DenyPolicy, []),
            complete=all_known("iam.googleapis.com/DenyPolicy"),
            project_id=self._hierarchy.project_id,
        )
        boundaries = Boundaries(
            kept.get(PrincipalAccessBoundaryPolicy, []),
            kept.get(PolicyBinding, []),
            complete=all_known(*_BOUNDARY_TYPES),
        )
        return World(
            hierarchy=self._hierarchy,
            places=self._places,
            bindings=self._bindings,
            roles=(self._roles or load()).extended(kept.get(Role, [])),
            denies=denies,
            boundaries=boundaries,
            roster=self._roster(incomplete),
            tags=self._tags,
            coverage=Coverage(partial, damaged, IAM_POLICY in self._exported, RESOURCE in self._exported, missing),
            customers=self._customers,
            workforce_pools=self._pools,
            disabled=self._disabled,
        )

    def _roster(self, incomplete: str) -> Roster:
        roster = Roster()
        groups: list[Group] = self._kept.get(Group, [])
        memberships: list[Membership] = self._kept.get(Membership, [])
        if not memberships and "cloudidentity.googleapis.com/Membership" not in self._exported:
            incomplete = incomplete or "the input has groups and no memberships"
        if incomplete:
            memberships = OpenList(memberships, "memberships", incomplete)
        for listed in self._listed:
            roster.list_group(listed.address, listed.members, listed.doubt)
        roster.collect(groups, memberships, self._now)
        return roster

    def _reshape(self, line: bytes, trusted: bool) -> None:
        """Learn from a line in another shape than exports have."""
        if line.isspace():
            return
        for document in records(parse(line), trusted=trusted):
            envelope = decoder(_VIEWS.get(document["asset_type"])).decode(msgspec.json.encode(document))
            self._take(envelope, told=bool(document.get("ancestors") or document.get("ancestry_path")))

    def _take(self, envelope: Envelope[Any], told: bool) -> None:
        """Learn from an asset; `told` says that its ancestors are the input's own words, and so all that there are."""
        policy, resource = None, None
        if isinstance(envelope.iam_policy, Policy) or "iam_policy" in envelope.unread:
            policy = detached_policy(envelope)
        view, key = self.reads(envelope.asset_type), (envelope.name, envelope.asset_type)
        if view is not None and envelope.resource is not UNSET and key not in self._read:
            self._read.add(key)
            resource = resource_of(envelope, view)
        self.learn(envelope, policy, resource, told=told)

    def _learn_project(self, asset: Asset) -> None:
        """Names tell projects by id, ancestors by number: an export without projects still says which is which."""
        number = asset.project.removeprefix("projects/")
        named = asset.name.partition("/projects/")[2].partition("/")[0]
        if number.isdigit() and named.strip("_-") and not named.isdigit():
            self._hierarchy.add_project(named, number, surely=False)

    def _project(self, project: Project) -> None:
        for number in (project.asset.key, project.number):
            if number.removeprefix("projects/").isdigit():
                self._hierarchy.add_project(project.project_id, number.removeprefix("projects/"))

    def _account(self, account: ServiceAccount) -> None:
        if account.email:
            self._places.add_account(account.email, account.unique_id, account.asset.ancestors)
        if account.disabled:
            self._disabled.add(account.email.lower())

    def _organization(self, organization: _Organization) -> None:
        customer = organization.directory_customer_id or organization.owner.directory_customer_id
        if customer:
            self._customers[organization.asset.key] = customer
            if "." in organization.display_name:
                self._customers[organization.display_name.lower()] = customer

    def _tag_binding(self, binding: _TagBinding) -> None:
        self._tags.bind(binding.parent, binding.tag_value, binding.tag_value_namespaced_name)

    def _tag_key(self, key: _TagName) -> None:
        self._tags.add_key(key.name, key.namespaced_name)

    def _tag_value(self, value: _TagName) -> None:
        self._tags.add_value(value.name, value.parent, value.namespaced_name)

    def _workforce_pool(self, pool: _WorkforcePool) -> None:
        self._pools[pool.id] = pool.parent or next(iter(pool.asset.ancestors), "")


_VIEWS: dict[str, type[Resource]] = {
    f"{_MANAGER}Organization": _Organization,
    f"{_MANAGER}Project": Project,
    f"{_MANAGER}TagBinding": _TagBinding,
    f"{_MANAGER}TagKey": _TagName,
    f"{_MANAGER}TagValue": _TagName,
    "cloudidentity.googleapis.com/Group": Group,
    "cloudidentity.googleapis.com/Membership": Membership,
    "iam.googleapis.com/DenyPolicy": DenyPolicy,
    "iam.googleapis.com/PolicyBinding": PolicyBinding,
    "iam.googleapis.com/PolicyV2": DenyPolicy,
    "iam.googleapis.com/PrincipalAccessBoundaryPolicy": PrincipalAccessBoundaryPolicy,
    "iam.googleapis.com/Role": Role,
    "iam.googleapis.com/ServiceAccount": ServiceAccount,
    "iam.googleapis.com/WorkforcePool": _WorkforcePool,
}
"""The types of which more is read than name, place and policy."""
DECIDE_ACCESS = frozenset(_VIEWS)
"""The asset types that decide who has access by what they are, besides all IAM policies."""

_GROUP_TYPES = ("cloudidentity.googleapis.com/Group", "cloudidentity.googleapis.com/Membership")
_BOUNDARY_TYPES = ("iam.googleapis.com/PrincipalAccessBoundaryPolicy", "iam.googleapis.com/PolicyBinding")

_READERS: dict[str, Callable[[Collector, Any], None]] = {
    f"{_MANAGER}Organization": Collector._organization,
    f"{_MANAGER}Project": Collector._project,
    f"{_MANAGER}TagBinding": Collector._tag_binding,
    f"{_MANAGER}TagKey": Collector._tag_key,
    f"{_MANAGER}TagValue": Collector._tag_value,
    "iam.googleapis.com/ServiceAccount": Collector._account,
    "iam.googleapis.com/WorkforcePool": Collector._workforce_pool,
}
"""The types that are not kept as they are: what is learned from them."""


def policy_record(policy: Policy[Any]) -> PolicyRecord:
    """A policy as far as it is known, with the reasons why there may be more."""
    asset = policy.asset

    def cause(gap: Undetermined) -> str:
        return f"{gap.what} is not known: {cause_of(asset, gap)}"

    found, doubt = _as_far_as_known(lambda: policy.bindings, cause)
    return PolicyRecord(asset.name, asset.asset_type, asset.ancestors, [_binding(one, cause) for one in found], doubt)


def _binding(binding: Binding, cause: Callable[[Undetermined], str]) -> BindingRecord:
    role, condition, no_role, no_condition = "", "", "", ""
    try:
        role = binding.role
    except Undetermined as gap:
        no_role = cause(gap)
    members, more = _as_far_as_known(lambda: binding.members, cause)
    try:
        if binding.condition is not None:
            condition = binding.condition.expression.strip()
            no_condition = "" if condition else "its condition has no expression"
    except Undetermined as gap:
        no_condition = cause(gap)
    gaps = Gaps(no_role, more, no_condition) if no_role or more or no_condition else NO_GAPS
    return BindingRecord(role, members, condition, gaps)


def _as_far_as_known(read: Callable[[], Iterable[T]], cause: Callable[[Undetermined], str]) -> tuple[list[T], str]:
    """The elements of a list, and why there may be more, `""` where there are none."""
    known: list[T] = []
    try:
        for element in read():
            known.append(element)  # noqa: PERF402 - what was read must outlive the unknown
    except Undetermined as gap:
        return known, cause(gap)
    return known, ""


@dataclass(frozen=True, slots=True)
class Collected:
    """A world, and what of the input could not be read on the way to it."""

    world: World
    gaps: sources.Gaps
    records: int


def collect(
    given: Iterable[sources.Source],
    *,
    now: datetime,
    exported: frozenset[str] = frozenset(),
    group_files: Sequence[Path] = (),
    roles: RoleTable | None = None,
) -> Collected:
    """The world that sources and files of groups tell of. What cannot be read is told, and leaves answers unknown."""
    collector = Collector(now, exported=exported, roles=roles)
    gaps = sources.Gaps()
    count = unreadable = 0
    partial = False
    for source in given:
        partial |= source.partial
        for place, line in source.lines(gaps):
            count += 1
            try:
                collector.add(line, trusted=source.trusted)
            except Unreadable as problem:
                unreadable += 1
                gaps.add_line(f"{source.path}:{place}" if isinstance(place, int) else place, str(problem))
    damaged = bool(unreadable or gaps.files)
    for group in _listed(group_files, gaps):
        collector.add_group(group)
    world = collector.world(partial=partial, damaged=damaged, missing=gaps.missing)
    for name in (*collector.contradictions, *world.superseded):
        gaps.add_line(name, "has two IAM policies that differ", "give one export of it, the latest; the first was read")
    return Collected(world, gaps, count)


def _listed(files: Iterable[Path], gaps: sources.Gaps) -> Iterator[ListedGroup]:
    for file in files:
        yield from read_group_file(file, gaps)
