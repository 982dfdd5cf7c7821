"""Who has a permission on a resource: the members that bindings name, and everybody who is known to be behind them.

Bindings are followed downwards: from a group to its members over all levels, from `projectOwner:p` to who was granted
the role. Whoever comes out with a grant that is certain is asked about denies and boundaries only; all others are asked
the whole question, so that the answers are those of `can`.

Source: cloud.google.com/policy-intelligence/docs/analyze-iam-policies (expanding groups)
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from auditor.access.allow import Case, Question
from auditor.access.bindings import NO_GAPS, NOBODY
from auditor.access.conjunction import Conjunction
from auditor.access.members import Member, parse
from auditor.access.principals import Principal
from auditor.access.states import Access, AllowState, OverallState, Side, overall
from auditor.access.truth import Decision, both, holds

_STEPS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Holder:
    """Somebody who has the permission, or may have it. `bound` is true where a binding names them as they are."""

    principal: Principal
    access: Access
    bound: bool

    @property
    def certain(self) -> bool:
        """Whether they surely have it."""
        return self.access.state is OverallState.CAN_ACCESS


@dataclass(frozen=True, slots=True)
class WhoCan:
    """Everybody who has the permission (the certain ones first), and why there may be more."""

    question: Question
    holders: tuple[Holder, ...]
    kept_away: tuple[Holder, ...]
    """Those whom a binding reaches, and a deny policy or boundary stops."""
    gaps: tuple[str, ...]


@dataclass(slots=True)
class _Reached:
    """How a principal was come to: over which member of which binding, and whether that grants."""

    decision: Decision
    place: str
    parent: str
    bound: bool = False


@dataclass(slots=True)
class _Search:
    certain: dict[str, _Reached] = field(default_factory=dict)
    doubtful: dict[str, _Reached] = field(default_factory=dict)
    gaps: dict[str, None] = field(default_factory=dict)
    bound: set[str] = field(default_factory=set)


class Finder:
    """Answers who has a permission."""

    def __init__(self, policies: Conjunction) -> None:
        self._policies = policies
        self._world = policies.world

    def who_can(self, question: Question) -> WhoCan:
        """Who has the permission of a request on its resource."""
        search = _Search()
        case = self._policies.allow.case(question)
        entries = list(self._entries(case, search))
        for certain in (True, False):
            for member, reached in entries:
                if reached.decision.holds is certain:
                    self._descend(member, reached, search)
        holders = list(self._judged(question, case, search))
        kept_away = [holder for holder in holders if holder.access.state is OverallState.CANNOT_ACCESS]
        found = [holder for holder in holders if holder.access.state is not OverallState.CANNOT_ACCESS]
        found.sort(key=lambda holder: (not holder.certain, holder.principal.name))
        kept_away.sort(key=lambda holder: holder.principal.name)
        return WhoCan(question, tuple(found), tuple(kept_away), tuple(search.gaps))

    def _entries(self, case: Case, search: _Search) -> Iterator[tuple[Member, _Reached]]:
        """The members of the bindings that may grant the permission."""
        world = self._world
        search.gaps.update(dict.fromkeys(case.missing))
        for candidate, met in case.entries:
            decision = both([candidate.granted, met.decision])
            if decision.fails:
                continue
            gaps = world.bindings.gaps.get(candidate.binding, NO_GAPS)
            if gaps.members:
                search.gaps[f"{candidate.place}: {gaps.members}"] = None
            reached = _Reached(
                Decision(decision.truth, (candidate.place, *decision.because)), candidate.place, "", True
            )
            for number in world.bindings.members_of(candidate.binding):
                if number != NOBODY:
                    search.bound.add(world.bindings.members[number])
                    yield world.member(number), reached

    def _descend(self, member: Member, reached: _Reached, search: _Search) -> None:
        """Note a member and all that are known to be behind it, each once for certain and once in doubt."""
        below = self._world.group_members
        queue = deque([(member.canonical, reached)])
        while queue:
            name, how = queue.popleft()
            found = search.certain if how.decision.holds else search.doubtful
            if name in search.certain or name in found:
                continue
            found[name] = how
            if name.startswith("group:"):
                if not self._world.directory.knows(name):
                    search.gaps[f"not all members of {name} are known"] = None
                queue.extend((inner, _Reached(how.decision, how.place, name)) for inner in below.get(name, ()))
            elif name.startswith("project"):
                queue.extend(self._role_holders(name, how, search))

    def _role_holders(self, name: str, how: _Reached, search: _Search) -> Iterator[tuple[str, _Reached]]:
        role, project = parse(name).stands_for
        for grant in self._world.role_holders(role, project) if role else ():
            if grant.member is None:
                search.gaps.update(dict.fromkeys(f"{name}: {clause}" for clause in grant.decision.because))
            elif not grant.member.deleted:
                decision = both([how.decision, grant.decision])
                yield grant.member.canonical, _Reached(decision, how.place, name)

    def _judged(self, question: Question, case: Case, search: _Search) -> Iterator[Holder]:
        shared = self._if_all_alike(question)
        for name, reached in search.certain.items():
            who = _as_principal(name)
            because = (reached.place, _way(search.certain, name))
            if shared is not None:
                access = replace(shared, because=(*because, *shared.because))
            else:
                granted = Side(holds(*because))
                access = overall(granted, self._policies.denied(who, question), self._policies.outside(who, question))
            yield Holder(who, access, name in search.bound)
        for name in search.doubtful:
            if name in search.certain:
                continue
            who = _as_principal(name)
            granted = case.granted(who)
            access = overall(granted, self._policies.denied(who, question), self._policies.outside(who, question))
            if access.allow is AllowState.NOT_GRANTED:
                continue  # a deeper look found that the binding does not reach them
            yield Holder(who, access, name in search.bound)

    def _if_all_alike(self, question: Question) -> Access | None:
        """The access of whoever is surely granted the permission, where denies and boundaries treat all alike."""
        if not self._policies.treats_all_alike(question):
            return None
        anyone = _as_principal("allUsers")
        denied, outside = self._policies.denied(anyone, question), self._policies.outside(anyone, question)
        return overall(Side(holds()), denied, outside)


def _as_principal(name: str) -> Principal:
    """A member as whoever asks: sets and members that stand for others too."""
    return Principal(parse(name))


def _way(found: dict[str, _Reached], name: str) -> str:
    """`group:a → group:b → user:c`: from the member that the binding names."""
    steps = [name]
    while found[steps[-1]].parent and len(steps) <= _STEPS_SHOWN:
        steps.append(found[steps[-1]].parent)
    more = ["…"] if found[steps[-1]].parent else []
    return " → ".join([*more, *reversed(steps)])
