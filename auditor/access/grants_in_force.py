"""Which permissions each binding really gives to each member, as far as an all-at-once answer can be given.

Conditions are asked of the kinds of resource on which the permissions of the escalation catalogue are used; deny
policies and boundaries of the level that the role is bound on. Where these treat a group's members unlike the group,
the members stand in its place.

Sources: cloud.google.com/iam/docs/conditions-overview, cloud.google.com/iam/docs/deny-overview
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from functools import cached_property
from typing import NamedTuple

from auditor.access.abilities import Abilities
from auditor.access.bindings import NO_GAPS, NOBODY, bare_role
from auditor.access.boundary import Attributes
from auditor.access.conditions import PolicyKind, Request
from auditor.access.conjunction import Conjunction
from auditor.access.deny import DenyMasks
from auditor.access.hierarchy import MANAGER
from auditor.access.holdings import Holdings
from auditor.access.members import Kind, parse
from auditor.access.principals import Principal
from auditor.access.standing import BindingReference
from auditor.access.truth import Decision, unknown

_ACCOUNT = "iam.googleapis.com/ServiceAccount"
_LEVELS = {"projects": "Project", "folders": "Folder", "organizations": "Organization"}


class InForce(NamedTuple):
    """A member, the relevant permissions that it surely has on a scope, and those that it may have, by a binding."""

    member: str
    scope: str
    binding: int
    reference: BindingReference
    certain: int
    possible: int
    held: bool
    """Whether the role is surely held, whatever it gives."""


class _Restriction(NamedTuple):
    """The permissions that may be taken away, and a text that is the same where the answers are."""

    mask: int
    key: str


_NOTHING = _Restriction(0, "")


class Grants:
    """The bindings of a world that give anything of the catalogue."""

    def __init__(self, policies: Conjunction, abilities: Abilities, now: datetime) -> None:
        self._policies = policies
        self._world = policies.world
        self._abilities = abilities
        self._now = now
        self._holdings = Holdings(policies, now)
        self._taken: dict[tuple[str, str], tuple[int, int]] = {}
        self._last = ("", "")  # bindings of one policy stand together
        self._restrictions: dict[str, _Restriction] = {}

        self.unknown_roles: Counter[str] = Counter()
        """Roles of which not all permissions are known → the bindings that grant them. They give no edges."""

    def __iter__(self) -> Iterator[InForce]:
        """Each member of each binding with relevant permissions."""
        bindings, roles = self._world.bindings, self._world.roles
        relevant: dict[int, int] = {}
        for binding in bindings:
            number = bindings.role_of[binding]
            mask = relevant.get(number)
            if mask is None:
                mask = relevant[number] = roles.known_mask(bare_role(bindings.roles[number])) & self._abilities.relevant
                if roles.mask(bare_role(bindings.roles[number])) is None:
                    self.unknown_roles[bare_role(bindings.roles[number])] = 0
            role = bindings.roles[number]
            if self.unknown_roles and bare_role(role) in self.unknown_roles:
                self.unknown_roles[bare_role(role)] += 1
            if mask or "/roles/" in role:
                yield from self._of(binding, mask)

    def _of(self, binding: int, mask: int) -> Iterator[InForce]:
        bindings = self._world.bindings
        scope = bindings.scopes[bindings.scope_of[binding]]
        probe = self._abilities.act_as
        certain, possible = self._in_force(binding, scope, mask | probe)
        if not certain | possible:
            return
        held = certain & probe == probe
        certain, possible = certain & mask, possible & mask
        role = bindings.roles[bindings.role_of[binding]]
        if not certain | possible and "/roles/" not in role:
            return
        expression = bindings.conditions[bindings.condition_of[binding]]
        for number in bindings.members_of(binding):
            if number == NOBODY:
                continue
            member = bindings.members[number]
            reference = BindingReference(member, bare_role(role), scope, expression, bare_role(role) != role)
            for holder in self._holders(member, scope, certain | possible):
                denied, perhaps = self.taken(holder, scope, certain | possible)
                sure = certain & ~denied & ~perhaps
                yield InForce(holder, scope, binding, reference, sure, (certain | possible) & ~denied & ~sure, held)

    def taken(self, member: str, scope: str, mask: int) -> tuple[int, int]:
        """(taken away, perhaps taken away) of some permissions by deny policies and boundaries at a scope."""
        container = self._container(scope)
        restriction = self._restriction(container)
        if not restriction.mask & mask:
            return (0, 0)
        key = (member, restriction.key)
        if key not in self._taken:
            place = self._world.places.place(MANAGER + container)
            question = self._policies.allow.question("", place, self._now)
            self._taken[key] = self._holdings.taken(Principal(parse(member)), question)
        denied, perhaps = self._taken[key]
        return denied & mask, perhaps & mask

    def _container(self, scope: str) -> str:
        if scope != self._last[0]:
            self._last = (scope, self._world.places.container(scope))
        return self._last[1]

    def _restriction(self, container: str) -> _Restriction:
        """What deny policies and boundaries may take in a container, and what their answers depend on."""
        found = self._restrictions.get(container)
        if found is None:
            found = self._restrictions[container] = self._restricted(container) if container else _NOTHING
        return found

    def _restricted(self, container: str) -> _Restriction:
        if self._has_boundaries:
            return _Restriction(self._abilities.relevant, container)
        touching, alike = 0, True
        rules: list[str] = []
        for rule, above in self._world.denies.at(self._world.containers(self._world.places.place(MANAGER + container))):
            sure, maybe = self._masks.of_rule(rule)
            if (sure | maybe) & self._abilities.relevant:
                touching |= (sure | maybe) & self._abilities.relevant
                alike &= above.holds and not rule.condition
                rules.append(rule.place)
        return _Restriction(touching, "; ".join(rules) if alike else container)

    @cached_property
    def _has_boundaries(self) -> bool:
        return bool(self._world.boundaries.subject_to(lambda _: unknown(), Attributes()))

    @cached_property
    def _masks(self) -> DenyMasks:
        return DenyMasks(self._world.denies, self._world.roles.permissions)

    def _holders(self, member: str, scope: str, mask: int) -> Iterator[str]:
        """The member; or those behind a group, where deny policies treat them unlike it."""
        restriction = self._restriction(self._container(scope)) if member.startswith("group:") else _NOTHING
        if not restriction.mask & mask:
            yield member
            return
        behind = list(self._behind(member))
        whole = self.taken(member, scope, mask)
        if all(self.taken(one, scope, mask) == whole for one in behind):
            yield member
        else:
            yield from (one for one in behind if not one.startswith("group:"))

    def _behind(self, group: str) -> Iterator[str]:
        seen = {group}
        todo = [group]
        while todo:
            for member in self._world.group_members.get(todo.pop(), ()):
                if member not in seen:
                    seen.add(member)
                    yield member
                    if member.startswith("group:"):
                        todo.append(member)

    def _in_force(self, binding: int, scope: str, mask: int) -> tuple[int, int]:
        """(certain, possible) of a binding's permissions, going by its condition and what is not known of it."""
        bindings = self._world.bindings
        number, condition = bindings.role_of[binding], bindings.condition_of[binding]
        gaps = bindings.gaps.get(binding, NO_GAPS)
        applies = unknown(gaps.role) if gaps.role else self._policies.allow.applies(number, scope)
        if applies.fails:
            return 0, 0
        hidden = bare_role(bindings.roles[number]) != bindings.roles[number]
        certain, possible = mask, 0
        if condition or hidden or gaps.condition:
            certain = possible = 0
            for part, kind in self._parts(mask):
                met = self._is_met(binding, scope, kind)
                certain |= part if met.holds else 0
                possible |= part if met.is_unknown else 0
        return (certain, possible) if applies.holds else (0, certain | possible)

    def _parts(self, mask: int) -> Iterator[tuple[int, str]]:
        """Some permissions, sorted by the asset type that they are asked of; `""`: by several."""
        rest = mask
        for part, kind in self._kinds:
            if mask & part:
                yield mask & part, kind
                rest &= ~part
        if rest:
            yield rest, ""

    @cached_property
    def _kinds(self) -> list[tuple[int, str]]:
        table = self._world.roles
        accounts = [name for name in table.names(self._abilities.relevant) if name.startswith("iam.serviceAccount")]
        kinds = [(self._abilities.mask(*accounts), _ACCOUNT)]
        for collection, level in _LEVELS.items():
            part = self._abilities.mask(f"resourcemanager.{collection}.setIamPolicy")
            kinds.append((part, f"cloudresourcemanager.googleapis.com/{level}"))
        return kinds

    def _is_met(self, binding: int, scope: str, kind: str) -> Decision:
        place = self._world.places.place(scope)
        exact = bool(kind) and place.asset_type == kind
        request = Request(
            now=self._now,
            resource_name=place.name if exact else None,
            resource_type=kind or None,
            tags=self._world.tags_of(place) if exact else None,
            policy=PolicyKind.ALLOW,
        )
        return self._policies.allow.met(binding, request).decision


def is_set(member: str) -> bool:
    """Whether a member stands for whoever belongs to it."""
    read = parse(member)
    if read.kind in (Kind.USER, Kind.SERVICE_ACCOUNT, Kind.KUBERNETES):
        return False
    return not read.text.startswith("principal://")
