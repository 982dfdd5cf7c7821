"""Allow policies: whether a binding, on the resource or anywhere above it, grants a permission to a principal.

A binding grants when its role includes the permission, its members include the principal, and its condition is met by
the request. One that surely does decides, whatever else is unknown; else what is unknown of any binding, level or group
leaves the answer unknown. A condition is asked of the resource in question, not of what may be inside it.

Sources: cloud.google.com/iam/docs/allow-policies, cloud.google.com/iam/docs/conditions-overview,
cloud.google.com/iam/docs/understanding-custom-roles (custom roles hold in their own project or organisation only)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from auditor.access.bindings import HIDDEN_CONDITION, NO_GAPS, bare_role
from auditor.access.conditions import PolicyKind, Request, evaluate, window
from auditor.access.places import Place
from auditor.access.principals import Principal
from auditor.access.states import Doubt, Side
from auditor.access.truth import Decision, both, fails, holds, unknown
from auditor.access.world import Inclusion, Level, World

_TOLD = 20
"""Clauses told of what is in doubt, or of bindings that nearly grant."""

_REMEMBERED = 256
"""Permissions of which it is kept which roles include them."""

CONDITION_NOT_SHOWN = "its condition is not known: the policy was exported in a version that does not show it"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of policies: a permission (`""`: any), a resource, and the request as conditions see it."""

    permission: str
    place: Place
    allow: Request
    deny: Request


@dataclass(frozen=True, slots=True)
class Candidate:
    """A binding that may grant the permission to somebody: `granted` says whether its role does, where it stands."""

    level: Level
    binding: int
    granted: Decision
    place: str
    """The binding in words: `roles/storage.admin on projects/p`."""


@dataclass(frozen=True, slots=True)
class Met:
    """Whether a binding's condition is met, and what is in doubt where that is unknown."""

    decision: Decision
    doubt: Doubt | None = None


_ALWAYS = Met(holds())


class AllowPolicies:
    """The allow policies of a world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._of_permission: dict[str, dict[int, Decision]] = {}
        self._applies: dict[tuple[int, str], Decision] = {}

    def question(self, permission: str, place: Place, now: datetime) -> Question:
        """A request for a permission on a resource."""
        tags = self._world.tags_of(place)

        def request(policy: PolicyKind) -> Request:
            return Request(
                now=now,
                permission=permission,
                resource_name=place.name,
                resource_type=place.asset_type,
                tags=tags,
                policy=policy,
            )

        return Question(permission, place, request(PolicyKind.ALLOW), request(PolicyKind.DENY))

    def case(self, question: Question) -> Case:
        """What the levels above a resource say to a request, whoever makes it."""
        levels = list(self._world.levels(question.place))
        candidates = self.candidates(levels, question.permission)
        entries = [(candidate, self.met(candidate.binding, question.allow)) for candidate in candidates]
        return Case(self._world, question, entries, [level.doubt for level in levels if level.doubt])

    def granted(self, who: Principal, question: Question) -> Side:
        """Whether the principal is granted the permission."""
        return self.case(question).granted(who)

    def candidates(self, levels: Iterable[Level], permission: str) -> Iterator[Candidate]:
        """The bindings of some levels whose role includes, or may include, a permission."""
        bindings = self._world.bindings
        known = self._roles_with(permission)
        for level in levels:
            for binding in level.bindings:
                role = bindings.role_of[binding]
                includes = known.get(role)
                if includes is None:
                    includes = known[role] = self._world.roles.grants(bare_role(bindings.roles[role]), permission)
                gaps = bindings.gaps.get(binding, NO_GAPS)
                if gaps.role:
                    yield Candidate(level, binding, unknown(gaps.role), f"a role on {level.where}")
                elif not includes.fails:
                    granted = both([includes, self.applies(role, level.scope)])
                    yield Candidate(level, binding, granted, f"{bare_role(bindings.roles[role])} on {level.where}")

    def _roles_with(self, permission: str) -> dict[int, Decision]:
        if permission not in self._of_permission:
            if len(self._of_permission) >= _REMEMBERED:
                self._of_permission.clear()
            self._of_permission[permission] = {}
        return self._of_permission[permission]

    def applies(self, role: int, scope: str) -> Decision:
        """Whether a role (by its number) can be granted on a scope."""
        if self._world.bindings.roles[role].startswith("roles/"):
            return holds()
        key = (role, self._world.places.container(scope))
        if key not in self._applies:
            self._applies[key] = self._world.applies(role, scope)
        return self._applies[key]

    def met(self, binding: int, request: Request) -> Met:
        """Whether a binding's condition is met by a request."""
        bindings = self._world.bindings
        gaps = bindings.gaps.get(binding, NO_GAPS)
        if gaps.condition:
            return Met(unknown(gaps.condition), Doubt.INFORMATION)
        condition = bindings.condition_of[binding]
        if not condition:
            if HIDDEN_CONDITION in bindings.roles[bindings.role_of[binding]]:
                return Met(unknown(CONDITION_NOT_SHOWN), Doubt.INFORMATION)
            return _ALWAYS
        expression = bindings.conditions[condition]
        decision = evaluate(expression, request)
        if when := window(expression, request.now).clause:
            decision = Decision(decision.truth, (*decision.because, when))
        return Met(decision, Doubt.CONDITION if decision.is_unknown else None)


class Case:
    """The bindings that may decide a request, read once for all principals that make it."""

    def __init__(
        self, world: World, question: Question, entries: list[tuple[Candidate, Met]], missing: list[str]
    ) -> None:
        self.entries = entries
        self.missing = missing
        """Why levels may hold more bindings, or more levels may be above."""
        self._world = world
        self._question = question

    def granted(self, who: Principal) -> Side:
        """Whether a principal is granted the permission."""
        included = Inclusion(self._world, who)
        misses: list[str] = []
        doubts = Doubts()
        for candidate, met in self.entries:
            covered = included.of(candidate.binding)
            if covered.fails:
                continue
            decision = both([candidate.granted, covered, met.decision])
            if decision.holds:
                return Side(holds(candidate.place, *covered.because, *candidate.granted.because, *met.decision.because))
            if decision.fails:
                misses.extend(f"{candidate.place} does not apply: {clause}" for clause in decision.because)
            else:
                only_condition = candidate.granted.holds and covered.holds and met.doubt is Doubt.CONDITION
                clauses = [f"{candidate.place}: {clause}" for clause in decision.because]
                doubts.add(Doubt.CONDITION if only_condition else Doubt.INFORMATION, clauses)
        for missing in self.missing:
            doubts.add(Doubt.INFORMATION, [missing])
        if doubts:
            return doubts.side()
        where = self._question.place.label
        nobody = f"no binding on {where} or above it grants {self._question.permission} to {who}"
        return Side(fails(nobody, *_shortened(misses)))


class Doubts:
    """What stands between us and an answer, gathered over bindings and levels."""

    def __init__(self) -> None:
        self._clauses: dict[str, None] = {}
        self._informed = True

    def __bool__(self) -> bool:
        return bool(self._clauses)

    def add(self, doubt: Doubt, clauses: Iterable[str]) -> None:
        """Note a doubt. Where facts are missing, knowing the request would not be enough."""
        self._clauses.update(dict.fromkeys(clauses or ("something is not known",)))
        self._informed &= doubt is Doubt.CONDITION

    def side(self) -> Side:
        """The unknown answer."""
        doubt = Doubt.CONDITION if self._informed else Doubt.INFORMATION
        return Side(unknown(*_shortened(list(self._clauses))), doubt)


def _shortened(clauses: list[str]) -> list[str]:
    if len(clauses) <= _TOLD:
        return clauses
    return [*clauses[:_TOLD], f"and {len(clauses) - _TOLD:,} more"]
