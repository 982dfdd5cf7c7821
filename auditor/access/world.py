"""The world: everything of one estate that decides access, gathered once and asked many times.

A world never answers more than it was told. A container whose policy is not in the input has an unknown policy, a
group without listed members unknown members, a role without a list unknown permissions; each says so in words.

Sources: cloud.google.com/iam/docs/allow-policies (inheritance), cloud.google.com/iam/docs/policy-types#evaluation,
cloud.google.com/storage/docs/access-control/iam#convenience-values, cloud.google.com/iam/docs/principal-identifiers
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import cached_property

from auditor.access.bindings import NO_GAPS, NOBODY, Bindings, bare_role
from auditor.access.boundary import Boundaries
from auditor.access.coverage import covers
from auditor.access.deny import DenyPolicies, Levels
from auditor.access.groups import Directory, Roster, Surroundings
from auditor.access.hierarchy import MANAGER, Hierarchy
from auditor.access.members import Kind, Member, parse
from auditor.access.permissions import as_of
from auditor.access.places import Place, Places, holders, label
from auditor.access.principals import Principal
from auditor.access.role_table import RoleTable
from auditor.access.tags import Tags
from auditor.access.truth import Decision, both, either, fails, holds, unknown
from auditor.completeness import Missings
from auditor.resources.base import VIEWS
from auditor.resources.iam_policies import container_of

_TAG_TYPES = tuple(f"cloudresourcemanager.googleapis.com/Tag{kind}" for kind in ("Binding", "Key", "Value"))
_ACCOUNTS = ("user:", "serviceAccount:")
_REMEMBERED = 20_000
"""Answers about convenience members that are kept."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of the estate the input is."""

    partial: bool = False
    """Only part of the estate (a Terraform plan): absence proves nothing."""
    damaged: bool = False
    """Part of the input could not be read, and may have held more."""
    policies: bool = False
    """The user vouches that IAM policies were exported in full: what has none has an empty one."""
    resources: bool = False
    """The user vouches that resources were exported in full."""
    missing: Missings = field(default_factory=Missings)
    """What of the estate is known not to have been read."""


@dataclass(frozen=True, slots=True)
class Level:
    """An allow policy that applies to a resource: its bindings, and why there may be more (`""`: there are not)."""

    where: str
    scope: str
    bindings: range
    doubt: str = ""


@dataclass(kw_only=True)
class World:
    """All that decides access. Put together by `auditor.access.collect`, or by hand."""

    hierarchy: Hierarchy
    places: Places
    bindings: Bindings
    roles: RoleTable
    denies: DenyPolicies
    boundaries: Boundaries
    roster: Roster = field(default_factory=Roster)
    tags: Tags = field(default_factory=Tags)
    coverage: Coverage = Coverage()
    customers: Mapping[str, str] = field(default_factory=dict)
    """Domain or `organizations/N` → the id of its Workspace or Cloud Identity customer."""
    workforce_pools: Mapping[str, str] = field(default_factory=dict)
    """Workforce pool → `organizations/N`."""
    disabled: Set[str] = frozenset()
    """The addresses of service accounts that are disabled: policies grant to them, and nobody can act as them."""

    def __post_init__(self) -> None:
        """Bring names to one spelling, now that all are known."""
        as_of()  # the table of permissions is read now, not with the first question
        self.places.settle()
        self.superseded: Sequence[str] = self.bindings.settle(self.places.canonical)
        self.tags.settle(self.places.canonical)
        self.directory = Directory(self.roster, self._surroundings())
        self._holders: dict[tuple[str, str, str], Decision] = {}

    def without(self, removed: Mapping[int, frozenset[int]]) -> World:
        """The world as it would be without some members (numbers) of some bindings."""
        other = copy.copy(self)
        other.bindings = self.bindings.without(removed)
        other._holders = {}
        other.directory = copy.copy(self.directory)
        other.directory.surroundings = other._surroundings()
        return other

    def prepare(self) -> None:
        """Make the indexes now that questions would make when they first need them."""
        self.bindings.of_member(NOBODY)
        assert self.types_with_policies is not None
        assert self.group_members is not None

    def member(self, number: int) -> Member:
        """The member of bindings with a number."""
        return parse(self.bindings.members[number])

    @cached_property
    def types_with_policies(self) -> frozenset[str]:
        """The asset types of which the input has some policy."""
        kinds = {self.places.type_of(name) for name in self.bindings.scopes.all}
        return frozenset(kind for kind in kinds if kind)

    @cached_property
    def group_members(self) -> Mapping[str, Sequence[str]]:
        """Group → its direct members."""
        below: dict[str, list[str]] = {}
        for member, group in self.directory.edges():
            below.setdefault(group, []).append(member)
        return below

    # Where a resource stands

    def levels(self, place: Place) -> Iterator[Level]:
        """The allow policies that apply to a resource, its own first; the last may stand for what is not known."""
        own = VIEWS.get(place.asset_type or "")
        if not container_of(place.name):
            if own is None or own.HAS_POLICY:
                yield self._level(place.name, place)
            for outer, has_policy in holders(place.name):
                if has_policy or self.bindings.has_policy(outer):
                    yield self._level(outer, place)
        way = self.hierarchy.way(place.container)
        for container in way.names:
            yield self._level(MANAGER + container, place)
        if not way.complete:
            lowest = way.names[-1] if way.names else place.label
            what = f"what is above {lowest}" if way.names else f"where {lowest} stands"
            yield Level(lowest, "", range(0), f"{what} is not known, and its policies may grant more")

    def _level(self, scope: str, place: Place) -> Level:
        where = label(scope)
        if self.bindings.has_policy(scope):
            number = self.bindings.scopes.known(scope)
            doubt = self.bindings.doubts.get(number, "") if number is not None else ""
            return Level(where, scope, range(*self.bindings.span(scope)), doubt and f"of {where}: {doubt}")
        cause = self.why_unread([self.places.type_of(scope) or ""], place.container, policies=True)
        if cause:
            return Level(where, scope, range(0), f"the IAM policy of {where} is not known: {cause}")
        return Level(where, scope, range(0), "" if self._surely_empty(scope, place) else self._why_missing(where))

    def why_unread(self, asset_types: Iterable[str] | None, container: str, *, policies: bool = False) -> str:
        """Why assets in a container, or their policies, may be among what could not be read, `""` if not.

        `asset_types` None asks of any type, `container` `""` of the whole estate.
        """
        missing = self.coverage.missing
        if not missing or not container:
            return missing.why(asset_types, policies=policies)
        way = self.hierarchy.way(container)
        places = [spelled for name in way.names for spelled in self.hierarchy.spellings(name)]
        return missing.why(asset_types, places, policies=policies, uncertain=not way.complete)

    def why_more_policies(self, container: str) -> str:
        """Why something in a container may have an IAM policy that the input lacks, `""` where nothing may.

        `container` `""` asks of the whole estate.
        """
        coverage = self.coverage
        if coverage.partial:
            return "Terraform shows only part of the estate, and what is in it may have IAM policies of its own"
        if coverage.damaged:
            return "part of the input could not be read, and may have held more IAM policies"
        if cause := self.why_unread(None, container, policies=True):
            return f"IAM policies were not read: {cause}"
        if coverage.policies or self._has_policies_of_resources or not container.startswith("projects/"):
            return ""
        return "the input has no IAM policy of any resource; say --exported iam-policy if that is so"

    @cached_property
    def _has_policies_of_resources(self) -> bool:
        """Whether the input has the policy of anything but a project, folder or organization."""
        scopes = (scope for scope in self.bindings.scopes.all if not scope.startswith(MANAGER))
        return any(map(self.places.type_of, scopes))  # nearly always the first tells

    def _surely_empty(self, scope: str, place: Place) -> bool:
        """Whether a resource without a policy in the input is known to have an empty one."""
        if self.coverage.partial or self.coverage.damaged:
            return False
        if self.coverage.policies:  # of a project alone, no export holds what is above it
            return not scope.startswith(MANAGER) or self.places.knows(scope)
        kind = self.places.type_of(scope)
        in_container = self.bindings.has_policy(MANAGER + place.container)
        return not scope.startswith(MANAGER) and kind in self.types_with_policies and in_container

    def _why_missing(self, where: str) -> str:
        if self.coverage.damaged:
            return f"the IAM policy of {where} may have been in the part of the input that could not be read"
        return f"the IAM policy of {where} is not in the input"

    def containers(self, place: Place) -> Levels:
        """The containers of a resource, for deny policies and boundaries."""
        return self.levels_above(place.container)

    def levels_above(self, container: str) -> Levels:
        """A container and what is above it, projects by number where that is known: `Levels` learns both names so."""
        names = [self.hierarchy.spellings(name)[-1] for name in self.hierarchy.way(container).names]
        return Levels(names, self.hierarchy.project_id)

    def tags_of(self, place: Place) -> Mapping[str, str] | None:
        """The tags of a resource, None where they are not known."""
        way = self.hierarchy.way(place.container)
        known = self.tags or self.coverage.resources
        if not known or not way.complete or self.coverage.partial or self.coverage.damaged:
            return None
        if self.why_unread(_TAG_TYPES, place.container):
            return None
        return self.tags.effective([place.name, *(MANAGER + name for name in way.names)])

    # Whom a role reaches

    def applies(self, role: int, scope: str) -> Decision:
        """Whether a role can be granted on a scope: custom roles can in their own project or organisation only."""
        name = self.bindings.roles[role]
        owner, mark, _ = name.partition("/roles/")
        if not mark:
            return holds()
        container = self.places.container(scope)
        if self.hierarchy.canonical(owner) in self.hierarchy.way(container).names:
            return holds()
        within = self.levels_above(container).within(owner)
        where = label(scope)
        if within.fails:
            return fails(f"{bare_role(name)} is a role of {owner} and gives nothing on {where}")
        return within if within.holds else unknown(f"whether {where} lies in {owner}, whose role it is, is not known")

    def _surroundings(self) -> Surroundings:
        return Surroundings(
            ancestors=self._ancestors,
            holds_role=self._holds_role,
            customer_of_domain=lambda domain: self.customers.get(domain, ""),
            customer_of_organization=lambda organization: self.customers.get(organization, ""),
            organization_of_pool=lambda pool: self.workforce_pools.get(pool, ""),
        )

    def _ancestors(self, container: str) -> tuple[str, ...] | None:
        way = self.hierarchy.way(container)
        if not way.complete:
            return None
        return tuple(spelled for name in way.names for spelled in self.hierarchy.spellings(name))

    def _holds_role(self, role: str, project: str, who: Principal) -> Decision:
        key = (who.name, role, project)
        decision = self._holders.get(key)
        if decision is None:
            if len(self._holders) >= _REMEMBERED:
                self._holders.clear()
            found = either(self._through(grant, who) for grant in self.role_holders(role, project))
            stands_for = f"whoever was granted {role} on project {project} is meant"
            decision = self._holders[key] = Decision(found.truth, (stands_for, *found.because))
        return decision

    def _through(self, grant: RoleGrant, who: Principal) -> Decision:
        if grant.member is None:
            return grant.decision
        return both([covers(grant.member, who, self.directory), grant.decision])

    def role_holders(self, role: str, project: str) -> Iterator[RoleGrant]:
        """Whom a role was granted to on a project, for the members that stand for them (`projectOwner:p`).

        Google says that these are who was granted the role on the project. Whether that includes who inherits it from
        a folder is not documented. Members that stand for such holders themselves are followed, each project once.
        """
        first = (role, self.hierarchy.canonical(f"projects/{project}"))
        sure, doubtful, seen = [first], list[tuple[tuple[str, str], Decision]](), set[tuple[str, str]]()
        while sure or doubtful:
            wanted, how = (sure.pop(), holds()) if sure else doubtful.pop()
            if wanted in seen:
                continue
            seen.add(wanted)
            for grant in self._granted(*wanted):
                decision = both([grant.decision, how])
                member = grant.member
                if member is None or member.kind is not Kind.CONVENIENCE:
                    yield RoleGrant(member, decision)
                elif not member.deleted:
                    named, other = member.stands_for
                    others = (named, self.hierarchy.canonical(f"projects/{other}"))
                    sure.append(others) if decision.holds else doubtful.append((others, decision))

    def _granted(self, role: str, project: str) -> Iterator[RoleGrant]:
        for level in self.levels(Place(MANAGER + project, None, project)):
            direct = level.scope == MANAGER + project
            if level.doubt:
                yield RoleGrant(None, unknown(level.doubt))
            for binding in level.bindings:
                gaps = self.bindings.gaps.get(binding, NO_GAPS)
                if not gaps.role and bare_role(self.bindings.roles[self.bindings.role_of[binding]]) != role:
                    continue
                decision = holds(f"{role} on {level.where}")
                if gaps.role:
                    decision = unknown(gaps.role)
                elif not direct:
                    decision = unknown(f"whether who inherits {role} from {level.where} counts is not documented")
                elif not self._is_plain(binding, role):
                    decision = unknown(f"whether {role} under a condition on {level.where} counts is not documented")
                for number in self.bindings.members_of(binding):
                    if number != NOBODY:
                        yield RoleGrant(self.member(number), decision)
                if gaps.members:
                    yield RoleGrant(None, unknown(gaps.members))

    def _is_plain(self, binding: int, role: str) -> bool:
        """Whether a binding has no condition, seen or hidden."""
        if self.bindings.condition_of[binding] or self.bindings.gaps.get(binding, NO_GAPS).condition:
            return False
        return self.bindings.roles[self.bindings.role_of[binding]] == role


class Inclusion:
    """Which bindings include one principal. Remembers what it found out of members."""

    def __init__(self, world: World, who: Principal) -> None:
        self._who, self._name = who, who.name
        self._world, self._bindings = world, world.bindings
        self._known: dict[int, Decision] = {}

    def of(self, binding: int) -> Decision:
        """Whether a binding's members include the principal."""
        doubts: list[Decision] = []
        texts = self._bindings.members.all
        for number in self._bindings.members_of(binding):
            text = texts[number]
            if number == NOBODY or (text.startswith(_ACCOUNTS) and text != self._name and not text.endswith("]")):
                continue  # nearly always: another account
            decision = self._known.get(number)
            if decision is None:
                decision = covers(self._world.member(number), self._who, self._world.directory)
                self._known[number] = decision
            if decision.holds:
                return decision
            if decision.is_unknown:
                doubts.append(decision)
        if binding in self._bindings.gaps and (gap := self._bindings.gaps[binding].members):
            doubts.append(unknown(gap))
        return either(doubts) if doubts else _NOT_INCLUDED


_NOT_INCLUDED = fails()


@dataclass(frozen=True, slots=True)
class RoleGrant:
    """A member was granted a role (`decision`); without a member: that somebody may have been."""

    member: Member | None
    decision: Decision
