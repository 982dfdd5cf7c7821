"""What access appeared and what disappeared between two estates: not which bindings are written, but what they give.

Everything that can change access is looked for (policies, memberships, custom roles, deny policies, boundaries, places
in the hierarchy), and whom it concerns, where. Only there the permissions of both estates are laid side by side. A
binding that was replaced by an equivalent inherited one changes nothing there; a new member of a group gains what the
group has.

What is granted on a folder is told of the folder, not of all that lies in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from auditor.access.bindings import NO_GAPS, NOBODY, bare_role
from auditor.access.boundary import Attributes, Boundary
from auditor.access.deny import Rule
from auditor.access.effective import EffectiveAccess
from auditor.access.hierarchy import MANAGER
from auditor.access.holdings import Power
from auditor.access.members import parse
from auditor.access.places import Place, label
from auditor.access.principals import Principal
from auditor.access.role_table import RoleTable
from auditor.access.truth import Decision, holds

_Fact = tuple[str, str, str]
"""Role, member, condition."""


class Had(StrEnum):
    """Whether somebody has permissions."""

    NO = "NOT_GRANTED"
    PERHAPS = "UNKNOWN"
    YES = "GRANTED"


@dataclass(frozen=True, slots=True)
class Change:
    """Permissions that a principal has on a scope in another way than before.

    `roles` are those of the side with more access that give them, `because` says by which members and levels. Without
    permissions, it is about roles whose permissions are not known.
    """

    principal: str
    scope: str
    before: Had
    after: Had
    permissions: tuple[str, ...]
    roles: tuple[str, ...]
    because: tuple[str, ...]

    @property
    def where(self) -> str:
        """The scope as people write it."""
        return label(self.scope)

    @property
    def appeared(self) -> bool:
        """Whether there is more access than before."""
        order = list(Had)
        return order.index(self.after) > order.index(self.before)


def changes(before: EffectiveAccess, after: EffectiveAccess) -> Iterator[Change]:
    """The changes of access, by principal and scope."""
    concerned = _Concerned(before, after)
    for principal, scope in sorted(concerned.pairs()):
        yield from _compared(before, after, principal, scope)


def _compared(before: EffectiveAccess, after: EffectiveAccess, name: str, scope: str) -> Iterator[Change]:
    who, sides = Principal(parse(name)), (before, after)
    powers = [access.holdings.power(who, _place(access, scope)) for access in sides]
    names = [_by_state(access, power) for access, power in zip(sides, powers, strict=True)]
    missing = [_may_have_more(access, power, scope) for access, power in zip(sides, powers, strict=True)]
    moved: dict[tuple[Had, Had], list[str]] = {}
    for permission in sorted(names[0].keys() | names[1].keys()):
        pair = (
            names[0].get(permission, Had.PERHAPS if missing[0] else Had.NO),
            names[1].get(permission, Had.PERHAPS if missing[1] else Had.NO),
        )
        if pair[0] is not pair[1]:
            moved.setdefault(pair, []).append(permission)
    for (had, has), permissions in moved.items():
        more = after if list(Had).index(has) > list(Had).index(had) else before
        roles, because = _sources(more, who, scope, permissions)
        unclear = missing[0 if had is Had.PERHAPS else 1] if Had.PERHAPS in (had, has) else ()
        yield Change(name, scope, had, has, tuple(permissions), roles, (*because, *unclear))
    if not moved:
        yield from _other_conditions(name, scope, powers[0], powers[1])
    yield from _unlisted(name, scope, powers[0], powers[1])


def _other_conditions(name: str, scope: str, before: Power, after: Power) -> Iterator[Change]:
    """Access that stays in doubt, and depends on something else now."""
    gone, new = before.possible.keys() - after.possible.keys(), after.possible.keys() - before.possible.keys()
    if gone or new:
        clauses = (*(f"no longer: {doubt}" for doubt in sorted(gone)), *(f"now: {doubt}" for doubt in sorted(new)))
        yield Change(name, scope, Had.PERHAPS, Had.PERHAPS, (), (), clauses)


def _unlisted(name: str, scope: str, before: Power, after: Power) -> Iterator[Change]:
    """Roles of which not all permissions are known, held on one side only."""
    for role in sorted(after.open.keys() - before.open.keys()):
        yield Change(name, scope, Had.NO, Had.PERHAPS, (), (role,), (after.open[role],))
    for role in sorted(before.open.keys() - after.open.keys()):
        yield Change(name, scope, Had.PERHAPS, Had.NO, (), (role,), (before.open[role],))


def _may_have_more(access: EffectiveAccess, power: Power, scope: str) -> tuple[str, ...]:
    """Why what is not known to be granted may be granted all the same."""
    levels = access.world.levels(_place(access, scope))
    return (*(level.doubt for level in levels if level.doubt), *power.open.values())


def _place(access: EffectiveAccess, scope: str) -> Place:
    return access.world.places.place(access.world.places.canonical(scope))


def _by_state(access: EffectiveAccess, power: Power) -> dict[str, Had]:
    """Permission → state, by name: two estates may number permissions differently."""
    roles = access.world.roles
    states = dict.fromkeys(roles.names(power.perhaps), Had.PERHAPS)
    return {**states, **dict.fromkeys(roles.names(power.certain), Had.YES)}


def _sources(
    access: EffectiveAccess, who: Principal, scope: str, permissions: Iterable[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The roles that give some permissions, and the clauses that say how they are held."""
    mask = 0
    for permission in permissions:
        place = access.world.roles.index(permission)
        mask |= 0 if place is None else 1 << place
    holdings = [holding for holding in access.holdings.on(who, _place(access, scope)) if holding.mask & mask]
    clauses = dict.fromkeys(
        f"{holding.role} on {holding.where}: {clause}" for holding in holdings for clause in holding.decision.because
    )
    return tuple(dict.fromkeys(holding.role for holding in holdings)), tuple(clauses)


class _Concerned:
    """Whom a difference between two estates may concern, and where."""

    def __init__(self, before: EffectiveAccess, after: EffectiveAccess) -> None:
        self._sides = (before.world, after.world)
        self._edges = tuple(frozenset(world.directory.edges()) for world in self._sides)

    def pairs(self) -> set[tuple[str, str]]:
        """The principals that may have other access than before, each with the scope where."""
        found: set[tuple[str, str]] = set()
        for scope, members in self._changed_policies():
            found.update((name, scope) for member in members for name in self._behind(member))
        for member, group in self._edges[0] ^ self._edges[1]:
            names = self._behind(member)
            for above in self._above(group):
                found.update((name, scope) for scope in self._scopes_of(above) for name in names)
        for scope, member in self._changed_roles():
            found.update((name, scope) for name in self._behind(member))
        for container in self._changed_containers():
            found.update(self._in(container))
        if self._boundaries(0) != self._boundaries(1):
            found.update(pair for container in self._containers() for pair in self._in(container))
        return found

    def _changed_policies(self) -> Iterator[tuple[str, set[str]]]:
        one, other = self._sides
        for scope in {*one.bindings.scopes.all, *other.bindings.scopes.all}:
            facts = [self._facts(side, scope) for side in (0, 1)]
            differing = facts[0] ^ facts[1]
            if differing:
                yield scope, {member for _, member, _ in differing if member}

    def _facts(self, side: int, scope: str) -> set[_Fact]:
        bindings = self._sides[side].bindings
        facts: set[_Fact] = set()
        for binding in range(*bindings.span(scope)):
            role, condition = (
                bindings.roles[bindings.role_of[binding]],
                bindings.conditions[bindings.condition_of[binding]],
            )
            gaps = bindings.gaps.get(binding, NO_GAPS)
            members = bindings.members_of(binding)
            facts.update((role, bindings.members[member], f"{condition}{gaps.condition}") for member in members)
        return facts

    def _changed_roles(self) -> Iterator[tuple[str, str]]:
        """(scope, member) of the bindings of custom roles that give something else than before."""
        one, other = self._sides
        names = {bare_role(role) for world in self._sides for role in world.bindings.roles.all}
        changed = {role for role in names if _given(one.roles, role) != _given(other.roles, role)}
        for world in self._sides if changed else ():
            bindings = world.bindings
            for binding in bindings:
                if bare_role(bindings.roles[bindings.role_of[binding]]) in changed:
                    scope = bindings.scopes[bindings.scope_of[binding]]
                    for member in bindings.members_of(binding):
                        if member != NOBODY:
                            yield scope, bindings.members[member]

    def _containers(self) -> set[str]:
        scopes = (scope for world in self._sides for scope in world.bindings.scopes.all)
        return {scope.removeprefix(MANAGER) for scope in scopes if scope.startswith(MANAGER)}

    def _changed_containers(self) -> set[str]:
        """Containers that other containers are above than before, or other deny policies."""
        found = set()
        for container in self._containers():
            place = Place(MANAGER + container, None, container)
            ways = [world.hierarchy.way(container) for world in self._sides]
            if (
                ways[0].names
                and ways[1].names
                and (ways[0] != ways[1] or self._rules(0, place) != self._rules(1, place))
            ):
                found.add(container)
        return found

    def _rules(self, side: int, place: Place) -> list[tuple[Rule, Decision]]:
        world = self._sides[side]
        return list(world.denies.at(world.containers(place)))

    def _boundaries(self, side: int) -> list[tuple[Boundary, Decision]]:
        return self._sides[side].boundaries.subject_to(holds, Attributes())

    def _in(self, container: str) -> Iterator[tuple[str, str]]:
        """Everybody with a binding on a container or above it, on the container."""
        scope = MANAGER + container
        for world in self._sides:
            for level in world.levels(Place(scope, None, container)):
                for binding in level.bindings:
                    for member in world.bindings.members_of(binding):
                        if member != NOBODY:
                            yield from ((name, scope) for name in self._behind(world.bindings.members[member]))

    def _scopes_of(self, member: str) -> set[str]:
        found = set()
        for world in self._sides:
            number = world.bindings.members.known(member)
            for binding in world.bindings.of_member(number) if number else ():
                found.add(world.bindings.scopes[world.bindings.scope_of[binding]])
        return found

    def _behind(self, member: str) -> set[str]:
        """A member and all who are known to be behind it, on either side."""
        found, todo = set(), [member]
        while todo:
            name = todo.pop()
            if name not in found:
                found.add(name)
                for world in self._sides:
                    todo.extend(world.group_members.get(name, ()))
                    role, project = parse(name).stands_for
                    holders = world.role_holders(role, project) if role else ()
                    todo.extend(grant.member.canonical for grant in holders if grant.member is not None)
        return found

    def _above(self, group: str) -> set[str]:
        """A group and the groups that it is in, on either side."""
        found, todo = set(), [group]
        while todo:
            name = todo.pop()
            if name not in found:
                found.add(name)
                todo.extend(self._groups_above.get(name, ()))
        return found

    @cached_property
    def _groups_above(self) -> Mapping[str, set[str]]:
        above: dict[str, set[str]] = {}
        for member, group in self._edges[0] | self._edges[1]:
            above.setdefault(member, set()).add(group)
        return above


def _given(roles: RoleTable, role: str) -> tuple[frozenset[str], str]:
    """What a role gives, comparable across estates."""
    return frozenset(roles.names(roles.known_mask(role))), roles.why_unknown(role)
