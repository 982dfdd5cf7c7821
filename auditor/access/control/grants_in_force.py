"""Which permissions each binding really gives to each member, as far as an all-at-once answer can be given.

Conditions are asked of the kinds of resource on which the permissions of the escalation catalogue are used; deny
policies and boundaries of the level that the role is bound on. Where these treat a group's members unlike the group,
the members stand in its place.

Sources: cloud.google.com/iam/docs/conditions-overview, cloud.google.com/iam/docs/deny-overview
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cached_property
from typing import NamedTuple

from auditor.access.bindings import NO_GAPS, NOBODY, bare_role
from auditor.access.boundary import Attributes
from auditor.access.conditions import PolicyKind, Request
from auditor.access.conjunction import Conjunction
from auditor.access.control.abilities import Abilities
from auditor.access.control.tag_conditions import asks_for_tags
from auditor.access.coverage import covers
from auditor.access.deny import DenyMasks, Rule
from auditor.access.hierarchy import MANAGER
from auditor.access.holdings import Holdings
from auditor.access.members import Kind, parse
from auditor.access.principals import Principal
from auditor.access.truth import Decision, unknown

_ACCOUNT = "iam.googleapis.com/ServiceAccount"
_ACCOUNTS = ("user:", "serviceAccount:")
_LEVELS = {"projects": "Project", "folders": "Folder", "organizations": "Organization"}


class InForce(NamedTuple):
    """What one member of a binding gives: relevant permissions that its holder surely has, and those it may have."""

    binding: int
    member: int
    """The number of the member that the binding names."""
    holder: str
    """That member, or one of the group that it is."""
    certain: int
    possible: int
    held: bool
    """Whether the role is surely held, whatever it gives."""
    withheld: tuple[int, int] | None = None
    """What it would surely and perhaps give, where a deny policy or a tag that is not bound keeps some of that away."""
    lacks_tag: bool = False
    """Whether it is a tag."""


class _Restriction(NamedTuple):
    """The permissions that may be taken away, and a text that is the same where the answers are."""

    mask: int
    key: str


_NOTHING = _Restriction(0, "")


class Grants:
    """The bindings of a world that give anything of the catalogue. `abilities` are those that count at containers."""

    def __init__(self, policies: Conjunction, abilities: Abilities, now: datetime) -> None:
        self._policies = policies
        self._world = policies.world
        self._abilities = abilities
        self._now = now
        self._holdings = Holdings(policies, now)
        self._taken: dict[tuple[str, str], tuple[int, int]] = {}
        self._restrictions: dict[str, _Restriction] = {}
        self._denying: dict[tuple[str, int], tuple[str, ...]] = {}
        self._holders_of: dict[tuple[str, str, int], tuple[str, ...]] = {}
        self._masks_at: dict[int, list[int | None]] = {}
        names = self._world.bindings.roles.all
        self._custom = [is_custom(name) for name in names]
        self._plain = [not custom and bare_role(name) == name for name, custom in zip(names, self._custom, strict=True)]
        """Whether a role holds wherever it is bound, and shows its conditions."""

    def unknown_roles(self) -> dict[str, int]:
        """Roles of which not all permissions are known → the bindings that grant them. They give no edges."""
        bindings, roles = self._world.bindings, self._world.roles
        found: Counter[str] = Counter()
        for number, count in Counter(bindings.role_of).items():
            role = bare_role(bindings.roles[number])
            if roles.mask(role) is None:
                found[role] += count
        return dict(found)

    def of(self, scope: str, abilities: Abilities) -> Iterator[InForce]:
        """What the policy of a scope gives of some abilities, each member of each binding once."""
        bindings = self._world.bindings
        masks = self._masks_of(abilities)
        role_of, members = bindings.role_of, bindings.members.all
        restriction: _Restriction | None = None
        seen: set[tuple[int, int, int]] = set()
        for binding in range(*bindings.span(scope)):
            role = role_of[binding]
            mask = masks[role]
            if mask is None:
                continue
            certain, possible, held = self._in_force(binding, scope, mask)
            tagged = 0 if certain | possible else self._if_tagged(binding, scope, mask)
            if not (certain | possible | tagged or (self._custom[role] and held is not None)):
                continue
            restriction = restriction or self._restriction(self._world.places.container(scope))
            for number in bindings.members_of(binding):
                key = (role, bindings.condition_of[binding], number)
                if number == NOBODY or key in seen:
                    continue
                if binding not in bindings.gaps:
                    seen.add(key)
                if tagged:
                    yield InForce(binding, number, members[number], 0, 0, False, (0, tagged), True)
                elif restriction.mask & (certain | possible):
                    yield from self._restrained(binding, number, scope, certain, possible, bool(held))
                else:
                    yield InForce(binding, number, members[number], certain, possible, bool(held))

    def _masks_of(self, abilities: Abilities) -> list[int | None]:
        """By role the relevant permissions; None where it gives nothing and cannot be rewritten."""
        found = self._masks_at.get(abilities.relevant)
        if found is None:
            known = self._world.roles.known_mask
            masks = (known(bare_role(name)) & abilities.relevant for name in self._world.bindings.roles.all)
            found = [mask if mask or custom else None for mask, custom in zip(masks, self._custom, strict=True)]
            self._masks_at[abilities.relevant] = found
        return found

    def _restrained(
        self, binding: int, number: int, scope: str, certain: int, possible: int, held: bool
    ) -> Iterator[InForce]:
        """The same where deny policies or boundaries may take some of it."""
        for holder in self._holders(self._world.bindings.members[number], scope, certain | possible):
            denied, perhaps = self.taken(holder, scope, certain | possible)
            sure = certain & ~denied & ~perhaps
            before = (certain, possible) if denied | perhaps and not self._has_boundaries else None
            yield InForce(binding, number, holder, sure, (certain | possible) & ~denied & ~sure, held, before)

    def _if_tagged(self, binding: int, scope: str, mask: int) -> int:
        """The permissions of a binding that is not in force, where it might be if its resource had other tags."""
        bindings = self._world.bindings
        condition = bindings.conditions[bindings.condition_of[binding]]
        if not mask or not scope.startswith(MANAGER) or not asks_for_tags(condition):
            return 0
        request = Request(now=self._now, resource_name=None, resource_type=None, tags=None, policy=PolicyKind.ALLOW)
        met = self._policies.allow.met(binding, request).decision
        applies = self._policies.allow.applies(bindings.role_of[binding], scope)
        return 0 if met.fails or applies.fails else mask

    def denying(self, container: str, mask: int) -> tuple[str, ...]:
        """What the deny policies are attached to that deny any of some permissions in a container; none if unclear."""
        key = (container, mask)
        if key not in self._denying:
            attached = self._world.denies.attached(self._world.levels_above(container))
            found = [where for where, rule in attached or () if any(part & mask for part in self._masks.of_rule(rule))]
            self._denying[key] = tuple(dict.fromkeys(found))
        return self._denying[key]

    def taken(self, member: str, scope: str, mask: int) -> tuple[int, int]:
        """(taken away, perhaps taken away) of some permissions by deny policies and boundaries at a scope."""
        container = self._world.places.container(scope)
        restriction = self._restriction(container)
        if not restriction.mask & mask:
            return (0, 0)
        key = (member, restriction.key)
        if key not in self._taken:
            place = self._world.places.place(MANAGER + container)
            question = self._policies.allow.question("", place, self._now)
            who = Principal(parse(member))
            denied, perhaps = self._holdings.taken(who, question)
            self._taken[key] = denied, perhaps | self._taken_below(who, container)
        denied, perhaps = self._taken[key]
        return denied & mask, perhaps & mask & ~denied

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
        for rule in self._rules_below.get(container, ()):
            touching |= sum(self._masks.of_rule(rule)) & self._abilities.relevant
            alike = False
        for rule, above in self._world.denies.at(self._world.levels_above(container)) if self._world.denies else ():
            sure, maybe = self._masks.of_rule(rule)
            if (sure | maybe) & self._abilities.relevant:
                touching |= (sure | maybe) & self._abilities.relevant
                alike &= above.holds and not rule.condition
                rules.append(rule.place)
        return _Restriction(touching, "; ".join(rules) if alike else container)

    def _taken_below(self, who: Principal, container: str) -> int:
        """What deny policies on a part of a container deny to somebody there: of the whole it is not certain then."""
        found = 0
        for rule in self._rules_below.get(container, ()):
            if not rule.binds(lambda member: covers(member, who, self._world.directory)).fails:
                found |= sum(self._masks.of_rule(rule))
        return found

    @cached_property
    def _rules_below(self) -> dict[str, list[Rule]]:
        """Container → the deny rules that are attached to something below it."""
        found: dict[str, list[Rule]] = {}
        for where, rule in self._world.denies.everywhere():
            for above in self._world.hierarchy.way(where).names[1:]:
                found.setdefault(above, []).append(rule)
        return found

    @cached_property
    def _has_boundaries(self) -> bool:
        return bool(self._world.boundaries.subject_to(lambda _: unknown(), Attributes()))

    @cached_property
    def _masks(self) -> DenyMasks:
        return DenyMasks(self._world.denies, self._world.roles.permissions)

    def _holders(self, member: str, scope: str, mask: int) -> Sequence[str]:
        """The member; or those behind a group, where deny policies treat them unlike it."""
        if not member.startswith("group:"):
            return (member,)
        restriction = self._restriction(self._world.places.container(scope))
        key = (member, restriction.key, mask & restriction.mask)
        found = self._holders_of.get(key)
        if found is None:
            behind = list(self._behind(member))
            whole = self.taken(member, scope, mask)
            found = (member,)
            if any(self.taken(one, scope, mask) != whole for one in behind):
                found = tuple(one for one in behind if not one.startswith("group:"))
            self._holders_of[key] = found
        return found

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

    def _in_force(self, binding: int, scope: str, mask: int) -> tuple[int, int, bool | None]:
        """(certain, possible) of some permissions and whether the role is surely held, None where it is surely not.

        It goes by the condition and what is not known of the binding.
        """
        bindings = self._world.bindings
        number, condition = bindings.role_of[binding], bindings.condition_of[binding]
        if self._plain[number] and not condition and binding not in bindings.gaps:
            return mask, 0, True
        gaps = bindings.gaps.get(binding, NO_GAPS)
        applies = unknown(gaps.role) if gaps.role else self._policies.allow.applies(number, scope)
        if applies.fails:
            return 0, 0, None
        probe = self._abilities.act_as
        certain, possible = mask | probe, 0
        if condition or gaps.condition or bare_role(bindings.roles[number]) != bindings.roles[number]:
            certain = possible = 0
            for part, kind in self._parts(mask | probe):
                met = self._is_met(binding, scope, kind)
                certain |= part if met.holds else 0
                possible |= part if met.is_unknown else 0
        if not applies.holds:
            certain, possible = 0, certain | possible
        held = certain & probe == probe if certain | possible else None
        return certain & mask, possible & mask, held

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


def is_custom(role: str) -> bool:
    """Whether a role is one of a project's or organisation's own."""
    return "/roles/" in role


def is_set(member: str) -> bool:
    """Whether a member stands for whoever belongs to it."""
    if member.startswith(_ACCOUNTS):
        return False
    if member.startswith("group:"):
        return True
    read = parse(member)
    if read.kind in (Kind.USER, Kind.SERVICE_ACCOUNT, Kind.KUBERNETES):
        return False
    return not read.text.startswith("principal://")
