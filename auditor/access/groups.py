"""Groups: who belongs to which, over any number of levels, and of which groups the members are not known.

A `Roster` gathers memberships, a `Directory` answers. A group whose members nobody told has unknown members,
never none; so does one that was told only in part, and whatever contains it.

Sources: cloud.google.com/identity/docs/reference/rest/v1/groups.memberships,
cloud.google.com/iam/docs/principals-overview (what a group can hold)
"""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import TypeVar

from auditor.access.members import Kind, canonical
from auditor.access.principals import Principal
from auditor.access.truth import Decision, fails, holds, unknown
from auditor.resources.base import Undetermined
from auditor.resources.cloudidentity import Group, Membership

T = TypeVar("T")

_REMEMBERED = 1_024
"""Principals whose groups are kept; one can have many thousands of groups."""

_GROUP = "group:"
_ONE_ACCOUNT = ("user:", _GROUP, "serviceAccount:", "principal:")
_STEPS_SHOWN = 20
_PREFIX_OF_TYPE = {"USER": "user:", "GROUP": _GROUP, "SERVICE_ACCOUNT": "serviceAccount:"}
_NO_ACCOUNTS = frozenset({"SHARED_DRIVE", "CBCM_BROWSER", "CHROME_OS_DEVICE"})
"""Types of members that ask for no access in Google Cloud."""


class Roster:
    """Memberships, as they are gathered. Groups and members in any spelling of IAM policies, or as bare addresses.

    The directory that is made of it takes it over: nothing may be added afterwards.
    """

    def __init__(self) -> None:
        self.above: dict[str, list[str]] = {}
        """Member → the groups that it belongs to directly."""
        self.told: set[str] = set()
        """Groups whose members were told, be they none."""
        self.customers: dict[str, str] = {}
        """Domain → the customer whose groups have addresses in it."""
        self._gaps: dict[str, str] = {}
        self._collection_gaps: dict[str, str] = {}
        self._bare: list[tuple[str, str]] = []

    def list_group(self, address: str, members: Iterable[str], doubt: str = "") -> None:
        """A group with all its members, as the user listed it; `doubt` says why there may be more.

        A member that is a bare address is a group where that is listed too, else an account.
        """
        group = _group_name(address)
        self.told.add(group)
        self._collection_gaps.pop(group, None)
        if doubt:
            self._gaps[group] = doubt
        above, bare = self.above, self._bare
        for member in members:
            if ":" not in member and "@" in member:
                bare.append((member.lower(), group))
                continue
            name = canonical(member)
            if name.startswith(_ONE_ACCOUNT):
                above.setdefault(name, []).append(group)
            else:
                self._add(name, group)

    def collect(self, groups: Iterable[Group], memberships: Iterable[Membership], now: datetime) -> int:
        """Read groups and memberships as the Cloud Identity API gives them, as of `now`.

        Where either may be incomplete, so are all groups. Returns the number of memberships that are of no use
        because the address of their group is not known.
        """
        lost = 0
        addresses: dict[str, str] = {}
        dynamic: set[str] = set()
        told, doubt = _as_far_as_known(groups)
        for group in told:
            self._read_group(group, addresses, dynamic)
        listed, more = _as_far_as_known(memberships)
        seen: set[str] = set()
        for membership in listed:
            name = addresses.get(membership.group_name, "") or _address_told(membership)
            if not name:
                lost += 1
                continue
            seen.add(name)
            self._read_membership(membership, name, now)
        present = {*addresses.values(), *seen}
        unlisted = dict.fromkeys(dynamic - seen, "it is dynamic, and its members are not listed")
        incomplete = doubt or more or ("some memberships name no group" if lost else "")
        for name in present - self.told:
            if incomplete or name in unlisted:
                self._collection_gaps.setdefault(name, incomplete or unlisted[name])
        self.told |= present
        return lost

    def doubt(self, group: str, why: str) -> None:
        """A group may have more members than were told; `why` as a clause."""
        self._gaps.setdefault(_group_name(group), why)

    def settled(self) -> dict[str, str]:
        """Bind bare addresses to what they are, and say of each group that is not known in full what is missing."""
        for address, group in self._bare:
            if _group_name(address) in self.told:
                self._add(_group_name(address), group)
            else:
                kind = "serviceAccount:" if address.endswith(".gserviceaccount.com") else "user:"
                self._add(kind + address, group)
        self._bare.clear()
        return {**self._collection_gaps, **self._gaps}

    def _add(self, member: str, group: str) -> None:
        if member.startswith("deleted:"):
            return
        if member.startswith(_ONE_ACCOUNT):
            self.above.setdefault(member, []).append(group)
        else:
            self._gaps.setdefault(group, f"its member {member} is no single account")

    def _read_group(self, group: Group, addresses: dict[str, str], dynamic: set[str]) -> None:
        try:
            if group.is_identity_mapped or not group.address:
                return
            name = addresses[group.resource_name] = _group_name(group.address)
        except Undetermined:
            return
        try:
            if group.is_dynamic:
                dynamic.add(name)
        except Undetermined:
            dynamic.add(name)
        with contextlib.suppress(Undetermined):
            if group.customer:
                self.customers.setdefault(name.rpartition("@")[2], group.customer)

    def _read_membership(self, membership: Membership, group: str, now: datetime) -> None:
        try:
            if membership.type in _NO_ACCOUNTS or membership.is_identity_mapped:
                return
            address = membership.member_address
        except Undetermined:
            self._gaps.setdefault(group, "one of its members cannot be read")
            return
        try:
            if membership.has_expired(now):
                return
        except Undetermined:
            self._gaps.setdefault(group, f"whether the membership of {address} has expired is not known")
            return
        prefix = _PREFIX_OF_TYPE.get(membership.type)
        if prefix:
            self._add(prefix + address.lower(), group)
        elif "@" in address:
            self._bare.append((address.lower(), group))
        else:
            self._gaps.setdefault(group, f"its member {address} is no single account")


def _nowhere(container: str) -> tuple[str, ...] | None:  # noqa: ARG001 - the hook's form
    return None


def _no_name(name: str) -> str:  # noqa: ARG001 - the hook's form
    return ""


def _role_not_asked(role: str, project: str, who: Principal) -> Decision:
    return unknown(f"whether {who} holds {role} on project {project} is not known")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an estate knows about the places that principals live in. What is not given is not known."""

    ancestors: Callable[[str], tuple[str, ...] | None] = _nowhere
    """`projects/ID-OR-NUMBER` or `folders/N` → all spellings of itself and of all above it; None if not known."""
    holds_role: Callable[[str, str, Principal], Decision] = _role_not_asked
    """(role, project, principal) → whether the principal was granted the role on the project."""
    customer_of_domain: Callable[[str], str] = _no_name
    """A Workspace or Cloud Identity domain → its customer id, `""` if not known."""
    customer_of_organization: Callable[[str], str] = _no_name
    """`organizations/N` → its `directoryCustomerId`, `""` if not known."""
    organization_of_pool: Callable[[str], str] = _no_name
    """The id of a workforce pool → `organizations/N`, `""` if not known."""


@dataclass(frozen=True)
class Memberships:
    """The groups of a principal, transitively."""

    certain: Mapping[str, str]
    """Group → the member of it through which the principal belongs to it."""
    doubtful: frozenset[str] = field(repr=False)
    """Groups that hold some group whose members are not all known."""

    @cached_property
    def possible(self) -> frozenset[str]:
        """The groups of the directory to which the principal may belong, for all that is known, and not certainly."""
        return self.doubtful.difference(self.certain)


class Directory:
    """Who belongs to which group."""

    def __init__(self, roster: Roster | None = None, surroundings: Surroundings | None = None) -> None:
        roster = roster or Roster()
        self.surroundings = surroundings or Surroundings()
        gaps = roster.settled()
        self._above = roster.above
        self._told = roster.told
        self._customers = roster.customers
        for group in _mentioned(self._above):
            if group not in self._told:
                gaps.setdefault(group, "")
        self._gaps = gaps
        self._remembered: dict[str, Memberships] = {}

    def knows(self, group: str) -> bool:
        """Whether all members of a group were told; what those are that are groups is another question."""
        name = canonical(group)
        return name in self._told and name not in self._gaps

    def mentions(self, member: str) -> bool:
        """Whether a member, in canonical spelling, is in a group of the directory, or is one."""
        return member in self._above or member in self._told or member in self._gaps

    def gaps(self) -> dict[str, str]:
        """Each group of the directory whose members are not all known → why, as a clause."""
        return {group: self._why(group) for group in self._gaps}

    def edges(self) -> Iterator[tuple[str, str]]:
        """(member, group) of each direct membership, in the canonical spelling."""
        for member, groups in self._above.items():
            for group in dict.fromkeys(groups):
                yield member, group

    def groups_of(self, who: Principal) -> Memberships:
        """All groups of a principal, over all levels. A group that the directory never heard of is not among them."""
        name = who.name
        found = self._remembered.get(name)
        if found is None:
            if len(self._remembered) >= _REMEMBERED:
                self._remembered.clear()
            doubtful = self._doubtful_groups if _fits_in_groups(who) else frozenset[str]()
            found = Memberships(_reached(self._above, [name]), doubtful)
            self._remembered[name] = found
        return found

    def includes(self, group: str, who: Principal) -> Decision:
        """Whether a principal belongs to a group, with the way from one to the other."""
        name = canonical(group)
        if name == who.name:
            return holds(str(who))
        memberships = self.groups_of(who)
        if name in memberships.certain:
            return holds(_way(_steps(memberships.certain, name)))
        if not _fits_in_groups(who):
            return fails(f"{name} can hold Google accounts and service accounts only")
        if name not in self._told and name not in self._gaps:
            return unknown(_members_unknown(name))
        if name in self._doubts:
            steps = _steps(self._doubts, name)
            return unknown(f"{_way(steps)}: {self._why(steps[-1])}" if len(steps) > 1 else self._why(name))
        return fails(f"{who} is no member of {name}")

    def customer_of(self, domain: str) -> str:
        """The customer id of a domain, `""` where it is not known."""
        return self.surroundings.customer_of_domain(domain) or self._customers.get(domain, "")

    def _why(self, group: str) -> str:
        cause = self._gaps[group]
        return f"not all members of {group} are known, {cause}" if cause else _members_unknown(group)

    @cached_property
    def _doubts(self) -> dict[str, str]:
        """Each group that may have more members than are known → the group in it that this is due to, or itself."""
        return {**_reached(self._above, self._gaps), **{group: group for group in self._gaps}}

    @cached_property
    def _doubtful_groups(self) -> frozenset[str]:
        return frozenset(self._doubts)


def _as_far_as_known(items: Iterable[T]) -> tuple[list[T], str]:
    """The elements, and why there may be more, `""` where there are none."""
    known: list[T] = []
    try:
        for item in items:
            known.append(item)  # noqa: PERF402 - what was read must outlive the unknown
    except Undetermined as more:
        return known, more.cause or str(more)
    return known, ""


def _group_name(address: str) -> str:
    return _GROUP + address.removeprefix(_GROUP).lower()


def _mentioned(above: Mapping[str, list[str]]) -> Iterator[str]:
    """The groups that stand in another group."""
    return (member for member in above if member.startswith(_GROUP))


def _fits_in_groups(who: Principal) -> bool:
    """Whether a Google group can hold the principal: no strangers, no federated identities."""
    return not who.is_federated and who.kind is not Kind.PUBLIC


def _members_unknown(group: str) -> str:
    return f"members of group {group.removeprefix(_GROUP)} are not known"


def _reached(above: Mapping[str, list[str]], starts: Iterable[str]) -> dict[str, str]:
    """Each group above the starts → the member of it that was come from, on a shortest way."""
    came_from: dict[str, str] = {}
    queue = deque(starts)
    origins = set(queue)
    while queue:
        member = queue.popleft()
        for group in above.get(member, ()):
            if group not in came_from and group not in origins:
                came_from[group] = member
                queue.append(group)
    return came_from


def _steps(came_from: Mapping[str, str], group: str) -> list[str]:
    """The group, the member of it that was come from, and so on to the start."""
    steps = [group]
    while came_from.get(steps[-1], steps[-1]) != steps[-1]:
        steps.append(came_from[steps[-1]])
    return steps


def _way(steps: list[str]) -> str:
    """`group:a → group:b → user:c`; of a very long way the middle is left out."""
    if len(steps) > _STEPS_SHOWN:
        half = _STEPS_SHOWN // 2
        steps = [*steps[:half], f"{len(steps) - 2 * half} more groups", *steps[-half:]]
    return " → ".join(steps)


def _address_told(membership: Membership) -> str:
    """The group that a membership itself names, `""` where it does not."""
    try:
        return _group_name(membership.group_address) if membership.group_address else ""
    except Undetermined:
        return ""
