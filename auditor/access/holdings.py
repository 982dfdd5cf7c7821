"""What a principal holds: its roles, on a resource or anywhere, and the permissions that are left of them.

Conditions are asked of a request of which the time and perhaps the resource are known: one that depends on more than
that leaves the holding in doubt. Permissions are masks of the role table, so that thousands are taken away at once.

Sources: cloud.google.com/iam/docs/allow-policies, cloud.google.com/iam/docs/deny-overview
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from auditor.access.allow import Question
from auditor.access.bindings import NO_GAPS, NOBODY, bare_role
from auditor.access.boundary import alike, attributes_of
from auditor.access.conditions import PolicyKind, Request, evaluate
from auditor.access.conjunction import Conjunction
from auditor.access.coverage import covers
from auditor.access.deny import DenyMasks
from auditor.access.members import Kind
from auditor.access.places import Place, label
from auditor.access.principals import Principal
from auditor.access.truth import Decision, both, fails, unknown
from auditor.access.world import Inclusion

_BASIC = {"roles/owner": "projectOwner", "roles/editor": "projectEditor", "roles/viewer": "projectViewer"}
_POOLS = (Kind.WORKLOAD_IDENTITY, Kind.WORKFORCE_IDENTITY, Kind.KUBERNETES, Kind.AGENT_IDENTITY)
_BY_NAME = ("user:", "group:", "projectOwner:", "projectEditor:", "projectViewer:")


@dataclass(frozen=True, slots=True)
class Holding:
    """A role that a principal holds on a scope, or may hold (`decision`), with the permissions known to be in it.

    `denied` and `perhaps_denied` are those of them that deny policies and boundaries take away, or may. `open` says why
    the role may give more than `mask`, `""` where it does not.
    """

    role: str
    scope: str
    decision: Decision
    condition: str
    mask: int
    open: str
    denied: int = 0
    perhaps_denied: int = 0

    @property
    def where(self) -> str:
        """The scope as people write it."""
        return label(self.scope)

    @property
    def is_certain(self) -> bool:
        """Whether the role is surely held."""
        return self.decision.holds


@dataclass(slots=True)
class Power:
    """The permissions that a principal has on a resource: for certain, and in doubt by what the doubt is about."""

    certain: int = 0
    possible: dict[str, int] = field(default_factory=dict)
    open: dict[str, str] = field(default_factory=dict)
    """Role → why it may give more."""

    @property
    def perhaps(self) -> int:
        """The permissions that are in doubt."""
        mask = 0
        for some in self.possible.values():
            mask |= some
        return mask & ~self.certain


class Holdings:
    """What principals hold in a world, as of `now`."""

    def __init__(self, policies: Conjunction, now: datetime) -> None:
        self._policies = policies
        self._world = policies.world
        self._now = now
        self._met: dict[int, Decision] = {}
        self._deny_masks = DenyMasks(self._world.denies, self._world.roles.permissions)

    def on(self, who: Principal, place: Place) -> list[Holding]:
        """The roles that a principal holds on a resource or above it."""
        question = self._policies.allow.question("", place, self._now)
        included = Inclusion(self._world, who)
        denied, perhaps = self.taken(who, question)
        found = []
        for level in self._world.levels(place):
            for binding in level.bindings:
                covered = included.of(binding)
                if not covered.fails:
                    met = self._policies.allow.met(binding, question.allow).decision
                    found.append(self._holding(binding, covered, met, denied, perhaps))
        return [holding for holding in found if not holding.decision.fails]

    def anywhere(self, who: Principal) -> list[Holding]:
        """The roles that a principal holds anywhere; the certain ones first, then by scope and role."""
        bindings = self._world.bindings
        found: list[Holding] = []
        taken: dict[str, tuple[int, int]] = {}
        for number, covered in self._members_around(who).items():
            for binding in bindings.of_member(number):
                scope = bindings.scopes[bindings.scope_of[binding]]
                if scope not in taken:
                    taken[scope] = self.taken(who, self._question(scope))
                found.append(self._holding(binding, covered, self.met_sometime(binding), *taken[scope]))
        held = [holding for holding in found if not holding.decision.fails]
        held.sort(key=lambda holding: (not holding.is_certain, holding.scope, holding.role))
        return held

    def power(self, who: Principal, place: Place) -> Power:
        """The permissions that a principal has on a resource, and those that it may have."""
        power = Power()
        for holding in self.on(who, place):
            sure = holding.mask & ~holding.denied & ~holding.perhaps_denied
            if holding.is_certain:
                power.certain |= sure
                _add(power, "a deny policy or boundary", holding.mask & ~holding.denied & holding.perhaps_denied)
            else:
                doubt = holding.condition or "; ".join(holding.decision.because)
                _add(power, doubt, holding.mask & ~holding.denied)
            if holding.open:
                power.open[holding.role] = holding.open
        return power

    def taken(self, who: Principal, question: Question) -> tuple[int, int]:
        """(taken away, perhaps taken away): permissions that deny policies and boundaries leave no use of."""
        world = self._world

        def covered(member: str) -> Decision:
            return covers(member, who, world.directory)

        def met(expression: str) -> Decision:
            return evaluate(expression, question.deny)

        levels = world.containers(question.place)
        denied, perhaps = self._deny_masks.masks(levels, covered, met)
        subject_to = world.boundaries.subject_to(covered, attributes_of(who.member))
        blocked, maybe = world.boundaries.masks(subject_to, levels, self._alike)
        denied |= blocked
        return denied, (perhaps | maybe) & ~denied

    def met_sometime(self, binding: int) -> Decision:
        """Whether a binding's condition is met by a request of which only the time is known."""
        bindings = self._world.bindings
        condition = bindings.condition_of[binding]
        if not condition or binding in bindings.gaps:
            return self._policies.allow.met(binding, self._any_request).decision
        if condition not in self._met:
            self._met[condition] = self._policies.allow.met(binding, self._any_request).decision
        return self._met[condition]

    @cached_property
    def _any_request(self) -> Request:
        return Request(now=self._now, policy=PolicyKind.ALLOW)

    @cached_property
    def _alike(self) -> dict[str, int]:
        return alike(self._world.roles.permissions)

    def _question(self, scope: str) -> Question:
        return self._policies.allow.question("", self._world.places.place(scope), self._now)

    def _holding(self, binding: int, covered: Decision, met: Decision, denied: int, perhaps: int) -> Holding:
        bindings, roles = self._world.bindings, self._world.roles
        number = bindings.role_of[binding]
        role, scope = bare_role(bindings.roles[number]), bindings.scopes[bindings.scope_of[binding]]
        applies = self._policies.allow.applies(number, scope)
        if gap := bindings.gaps.get(binding, NO_GAPS).role:
            applies = unknown(gap)
        mask = roles.known_mask(role)
        condition = bindings.conditions[bindings.condition_of[binding]]
        decision = both([covered, applies, met])
        if roles.mask(role) == 0:
            decision = fails(f"{role} gives nothing")
        return Holding(role, scope, decision, condition, mask, roles.why_unknown(role), denied & mask, perhaps & mask)

    def _members_around(self, who: Principal) -> dict[int, Decision]:
        """The members of bindings that include, or may include, a principal."""
        world = self._world
        memberships = world.directory.groups_of(who)
        names = [who.name, *memberships.certain, *memberships.possible, *self._strangers]
        numbers = {world.bindings.members.known(name) for name in names}
        if who.is_federated or who.kind is Kind.AGENT_IDENTITY:
            numbers.update(number for number, kind in self._others if kind in _POOLS)
        numbers.update(number for number, kind in self._others if kind not in _POOLS)
        around = dict(self._covering(numbers, who))
        todo = list(around)
        while todo:  # whoever holds a basic role on a project is also whom `projectOwner:p` stands for
            fresh = self._standing_for(todo) - around.keys()
            added = dict(self._covering(fresh, who))
            around.update(added)
            todo = list(added)
        return around

    def _covering(self, numbers: Iterable[int | None], who: Principal) -> Iterator[tuple[int, Decision]]:
        for number in numbers:
            if number:
                decision = covers(self._world.member(number), who, self._world.directory)
                if not decision.fails:
                    yield number, decision

    def _standing_for(self, members: Iterable[int]) -> set[int | None]:
        """The members that stand for holders of basic roles on the projects on which some members hold such roles."""
        bindings, hierarchy = self._world.bindings, self._world.hierarchy
        found: set[int | None] = set()
        for member in members:
            for binding in bindings.of_member(member):
                prefix = _BASIC.get(bare_role(bindings.roles[bindings.role_of[binding]]))
                container = self._world.places.container(bindings.scopes[bindings.scope_of[binding]]) if prefix else ""
                for name in hierarchy.spellings(container) if container.startswith("projects/") else ():
                    found.add(bindings.members.known(f"{prefix}:{name.partition('/')[2]}"))
        return found

    @cached_property
    def _strangers(self) -> list[str]:
        """The groups in bindings of which the directory never heard: anybody may be in them."""
        names = self._world.bindings.members.all
        return [name for name in names if name.startswith("group:") and not self._world.directory.knows(name)]

    @cached_property
    def _others(self) -> list[tuple[int, Kind]]:
        """The members that are neither accounts nor groups nor stand for holders of a role: those are found by name."""
        named = enumerate(self._world.bindings.members.all)
        others = [number for number, name in named if number != NOBODY and not _is_found_by_name(name)]
        return [(number, self._world.member(number).kind) for number in others]


def _is_found_by_name(name: str) -> bool:
    """Whether a member includes a principal that is looked up by its own name or by what it holds."""
    return name.startswith(_BY_NAME) or (name.startswith("serviceAccount:") and not name.endswith("]"))


def _add(power: Power, doubt: str, mask: int) -> None:
    if mask:
        power.possible[doubt] = power.possible.get(doubt, 0) | mask
