"""All role bindings of an estate in columns of small numbers: who holds which role where, under which condition.

An estate has millions of bindings and few texts: the same members, roles, conditions and scopes again and again. Each
text is kept once and stands in the columns as its number. Two indexes lead to bindings: by scope, because those of one
policy stand together, and by member.
"""

from __future__ import annotations

import copy
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, pairwise, repeat
from typing import NamedTuple

from auditor.access.members import canonical

NOBODY = 0
"""The number of the member that matches nobody: what was deleted, and what a what-if takes away."""

HIDDEN_CONDITION = "_withcond_"
"""Stands in role names of policies that were read in version 1, for a condition that is not shown."""


class Gaps(NamedTuple):
    """What of a binding is not known, each as a clause; `""` where it is."""

    role: str = ""
    members: str = ""
    condition: str = ""


NO_GAPS = Gaps()


class BindingRecord(NamedTuple):
    """A role, the members that hold it, and the expression of the condition under which they do (`""`: always)."""

    role: str
    members: Sequence[str]
    condition: str = ""
    gaps: Gaps = NO_GAPS


class PolicyRecord(NamedTuple):
    """The allow policy of one resource. `doubt` says why it may have more bindings than these."""

    name: str
    asset_type: str
    ancestors: Sequence[str]
    bindings: Iterable[BindingRecord]
    doubt: str = ""


class Texts:
    """Texts as small numbers, given out in the order in which they are met."""

    __slots__ = ("_hashes", "_numbers", "_order", "all")

    def __init__(self, *first: str) -> None:
        self.all: list[str] = []
        self._numbers: dict[str, int] | None = {}
        self._hashes, self._order = array("q"), array("I")
        for text in first:
            self.number(text)

    def __len__(self) -> int:
        return len(self.all)

    def __getitem__(self, number: int) -> str:
        return self.all[number]

    def number(self, text: str) -> int:
        """The number of a text, a new one where it was not met before."""
        if self._numbers is None:
            self._numbers = {known: number for number, known in enumerate(self.all)}
        number = self._numbers.get(text)
        if number is None:
            number = self._numbers[text] = len(self.all)
            self.all.append(text)
        return number

    def settle(self) -> None:
        """Say that texts are only looked up from now on: that takes twelve bytes for each, not a hundred."""
        hashes = array("q", map(hash, self.all))
        self._order = array("I", sorted(range(len(hashes)), key=hashes.__getitem__))
        self._hashes = array("q", map(hashes.__getitem__, self._order))
        self._numbers = None

    def known(self, text: str) -> int | None:
        """The number of a text, None where it was not met."""
        if self._numbers is not None:
            return self._numbers.get(text)
        wanted = hash(text)
        place = bisect_left(self._hashes, wanted)
        while place < len(self._hashes) and self._hashes[place] == wanted:
            if self.all[self._order[place]] == text:
                return self._order[place]
            place += 1
        return None


class Bindings:
    """Every binding of every policy. Add records, then `settle`; nothing may be added afterwards."""

    def __init__(self) -> None:
        self.members = Texts("")
        """In canonical spelling; the first is nobody."""
        self.roles = Texts()
        self.conditions = Texts("")
        """Expressions; the first is no condition."""
        self.scopes = Texts()
        """Full resource names of what has a policy; canonical once settled."""
        self.role_of = array("I")
        self.condition_of = array("I")
        self.scope_of = array("I")
        self.gaps: dict[int, Gaps] = {}
        """Of the few bindings of which something is not known."""
        self.doubts: dict[int, str] = {}
        """Scope → why its policy may have more bindings."""
        self._member_ends = array("I", [0])
        self._member_list = array("I")
        self._spelled: dict[str, int] = {}
        self._firsts = array("I")
        """Of each scope's policy: its first binding."""
        self._lasts = array("I")
        """… and the one after its last."""
        self._by_member: tuple[array[int], array[int]] | None = None

    def __len__(self) -> int:
        return len(self.role_of)

    def add(self, record: PolicyRecord) -> bool:
        """Add a policy; False (and nothing is added) where the resource has one already."""
        scope = self.scopes.number(record.name)
        if scope < len(self._firsts):
            return False
        self._firsts.append(len(self.role_of))
        number_of_role, number_of_condition = self.roles.number, self.conditions.number
        spelled, members, ends = self._spelled, self._member_list, self._member_ends
        for role, texts, condition, gaps in record.bindings:
            self.role_of.append(number_of_role(role))
            self.condition_of.append(number_of_condition(condition) if condition else 0)
            self.scope_of.append(scope)
            for text in texts:
                number = spelled.get(text)
                members.append(self._member(text) if number is None else number)
            ends.append(len(members))
            if gaps is not NO_GAPS and gaps != NO_GAPS:
                self.gaps[len(self.role_of) - 1] = gaps
        self._lasts.append(len(self.role_of))
        if record.doubt:
            self.doubts[scope] = record.doubt
        return True

    def _member(self, text: str) -> int:
        name = canonical(text)
        number = NOBODY if name.startswith("deleted:") else self.members.number(name)
        self._spelled[text] = number
        return number

    def differs(self, record: PolicyRecord) -> bool:
        """Whether a record says something else than the policy that the resource has here."""
        return sorted(_grants_of(record)) != self._grants_in(self.span(record.name))

    def _grants_in(self, span: tuple[int, int]) -> list[tuple[str, str, str]]:
        """(role, member, condition) of each grant in some bindings, in order."""
        return sorted(
            (self.roles[self.role_of[binding]], self.members[member], self.conditions[self.condition_of[binding]])
            for binding in range(*span)
            for member in self.members_of(binding)
        )

    def settle(self, canonical_name: Callable[[str], str]) -> list[str]:
        """Bring scopes to one spelling each. Of two policies that turn out to be of one resource, the first counts.

        Returns the names of the scopes whose policy is left out although it says something else than the first.
        """
        settled, doubts = Texts(), dict[int, str]()
        moved, firsts, lasts = array("I"), array("I"), array("I")
        dropped: list[int] = []
        for scope, name in enumerate(self.scopes.all):
            number = settled.number(canonical_name(name))
            moved.append(number)
            if number < len(firsts):
                dropped.append(scope)
                continue
            firsts.append(self._firsts[scope])
            lasts.append(self._lasts[scope])
            if scope in self.doubts:
                doubts[number] = self.doubts[scope]
        differing = [
            self.scopes[scope]
            for scope in dropped
            if self._grants_in((self._firsts[scope], self._lasts[scope]))
            != self._grants_in((firsts[moved[scope]], lasts[moved[scope]]))
        ]
        for scope in dropped:
            self._drop((self._firsts[scope], self._lasts[scope]))
        self.scope_of = array("I", map(moved.__getitem__, self.scope_of))
        self.scopes, self._firsts, self._lasts, self.doubts = settled, firsts, lasts, doubts
        self._spelled = {}
        self.scopes.settle()
        self.members.settle()
        return differing

    def _drop(self, span: tuple[int, int]) -> None:
        for place in range(self._member_ends[span[0]], self._member_ends[span[1]]):
            self._member_list[place] = NOBODY

    def has_policy(self, scope: str) -> bool:
        """Whether the policy of a resource is here, be it empty."""
        return self.scopes.known(scope) is not None

    def span(self, scope: str) -> tuple[int, int]:
        """First binding of a scope's policy, and the one after its last."""
        number = self.scopes.known(scope)
        return (0, 0) if number is None else self.span_of(number)

    def span_of(self, scope: int) -> tuple[int, int]:
        """The same of a scope's number."""
        return self._firsts[scope], self._lasts[scope]

    def members_of(self, binding: int) -> array[int]:
        """The numbers of a binding's members."""
        return self._member_list[self._member_ends[binding] : self._member_ends[binding + 1]]

    def members_of_all(self, first: int, last: int) -> array[int]:
        """The numbers of the members of several bindings that stand together, from `first` to before `last`."""
        return self._member_list[self._member_ends[first] : self._member_ends[last]]

    def of_member(self, member: int) -> Sequence[int]:
        """The bindings that name a member, by an index that is made when it is first asked for."""
        if self._by_member is None:
            self._by_member = self._index()
        starts, places = self._by_member
        return places[starts[member] : starts[member + 1]]

    def _index(self) -> tuple[array[int], array[int]]:
        """For each member where its bindings begin, and the bindings."""
        members = self._member_list
        counts = Counter(members)
        starts = array("I", accumulate((counts.get(number, 0) for number in range(len(self.members))), initial=0))
        order = sorted(range(len(members)), key=members.__getitem__)
        if len(members) == len(self):  # nearly: each binding names one member
            return starts, array("I", order)
        binding_of = array("I")
        for binding, (first, last) in enumerate(pairwise(self._member_ends)):
            binding_of.extend(repeat(binding, last - first))
        return starts, array("I", map(binding_of.__getitem__, order))

    def without(self, removed: Mapping[int, frozenset[int]]) -> Bindings:
        """The same bindings, some (binding → members) of which have lost members."""
        fewer = copy.copy(self)
        fewer._member_list = array("I", self._member_list)
        fewer._by_member = None
        for binding, members in removed.items():
            for place in range(self._member_ends[binding], self._member_ends[binding + 1]):
                if self._member_list[place] in members:
                    fewer._member_list[place] = NOBODY
        return fewer

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self)))


def _grants_of(record: PolicyRecord) -> Iterator[tuple[str, str, str]]:
    for role, texts, condition, _ in record.bindings:
        for text in texts:
            name = canonical(text)
            yield role, "" if name.startswith("deleted:") else name, condition


def bare_role(role: str) -> str:
    """A role without the mark of a condition that is not shown."""
    return role.partition(HIDDEN_CONDITION)[0]
