"""Choke points: the fewest bindings whose removal cuts every path from some sources to a target.

A binding is removed as a whole, with all links that it carries. Every set that cuts is one that hits each path, so
the smallest is found from both ends: the smallest set that hits the paths seen so far is removed; where a path is
left, it joins those seen; where none is left, no smaller set can do. Beyond a size or an effort the answer is a set
that does cut, none of it superfluous, but perhaps not the smallest: it is then marked as not exact.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from auditor.access.control.paths import Path, Pathfinder

_EFFORT_OF_A_SEARCH = 50  # choices


@dataclass(frozen=True, slots=True)
class Candidate:
    """A removable reason and how many of the paths seen it is on."""

    reason: int
    paths: int


@dataclass(frozen=True, slots=True)
class ChokePoints:
    """What to remove. `cut` is None where a path (the last one seen) rests on nothing removable.

    `paths` are the paths seen: if `complete`, every other way contains one of them. `candidates` begin with the
    reason that is on most of them.
    """

    cut: tuple[int, ...] | None
    exact: bool
    candidates: tuple[Candidate, ...]
    paths: tuple[Path, ...]
    complete: bool


def choke_points(
    finder: Pathfinder,
    sources: Iterable[int],
    removable: Callable[[int], bool],
    *,
    exact_up_to: int = 4,
    path_limit: int = 50,
    effort: int = 20_000,
) -> ChokePoints:
    """The smallest set of removable reasons without which no source reaches the finder's target.

    `exact_up_to` is the size of cut up to which the smallest is looked for, `effort` the number of choices tried.
    """
    starts = sorted(set(sources))
    listed = finder.paths(starts, path_limit)
    search = _Search(finder, starts, removable, effort)
    for path in listed.found:
        if not search.learn(path):
            return search.result(None, True, listed.complete)
    cut = search.smallest(exact_up_to)
    if cut is None and not search.stuck:
        cut = search.greedy()
        return search.result(cut, cut is None, listed.complete)
    return search.result(cut, True, listed.complete)


class _Search:
    def __init__(self, finder: Pathfinder, starts: list[int], removable: Callable[[int], bool], effort: int) -> None:
        self.finder = finder
        self.starts = starts
        self.removable = removable
        self.effort = effort
        self.paths: list[Path] = []
        self.families: list[frozenset[int]] = []
        self.stuck = False  # a path rests on nothing removable

    def learn(self, path: Path) -> bool:
        """Take a path into account; false where nothing can cut it."""
        self.paths.append(path)
        family = frozenset(reason for reason in path.reasons if self.removable(reason))
        self.families.append(family)
        self.stuck = not family
        return bool(family)

    def smallest(self, exact_up_to: int) -> tuple[int, ...] | None:
        """The smallest cut; None where there is none, or none was found within the size and the effort."""
        size = 0
        while size <= exact_up_to and self.effort > 0:
            cut = self._hit(self.families, size)
            if cut is None:
                size += 1
                continue
            self.effort -= _EFFORT_OF_A_SEARCH
            path = self.finder.shortest(self.starts, without_reasons=cut)
            if path is None:
                return tuple(sorted(cut))
            if not self.learn(path):
                return None
        return None

    def greedy(self) -> tuple[int, ...] | None:
        """A cut of the reasons that are on most paths, each then tried for being superfluous."""
        cut: set[int] = set()
        while True:
            left = [family for family in self.families if family.isdisjoint(cut)]
            if left:
                counts = Counter(reason for family in left for reason in family)
                cut.add(min(counts, key=lambda reason: (-counts[reason], reason)))
                continue
            path = self.finder.shortest(self.starts, without_reasons=frozenset(cut))
            if path is None:
                break
            if not self.learn(path):
                return None
        for reason in sorted(cut):
            if self.finder.shortest(self.starts, without_reasons=frozenset(cut - {reason})) is None:
                cut.discard(reason)
        return tuple(sorted(cut))

    def result(self, cut: tuple[int, ...] | None, exact: bool, complete: bool) -> ChokePoints:
        """The answer with what is known of the paths."""
        unique = {path.links: (path, family) for path, family in zip(self.paths, self.families, strict=True)}
        counts = Counter(reason for _, family in unique.values() for reason in family)
        candidates = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        return ChokePoints(
            cut,
            exact,
            tuple(Candidate(reason, count) for reason, count in candidates),
            tuple(path for path, _ in unique.values()),
            complete,
        )

    def _hit(self, families: list[frozenset[int]], size: int) -> frozenset[int] | None:
        """A set of at most `size` reasons that hits all families; None where there is none or the effort ends."""
        if not families:
            return frozenset()
        if self.effort <= 0 or _disjoint(families) > size:
            return None
        self.effort -= 1
        counts = Counter(reason for family in families for reason in family)
        smallest = min(families, key=lambda family: (len(family), sorted(family)))
        left = families
        for reason in sorted(smallest, key=lambda reason: (-counts[reason], reason)):
            rest = self._hit([family for family in left if reason not in family], size - 1)
            if rest is not None:
                return rest | {reason}
            # Tried with it, to no avail: from here on without it.
            left = [family - {reason} for family in left]
            if not all(left):
                return None
        return None


def _disjoint(families: list[frozenset[int]]) -> int:
    """How many families can be picked that share nothing: each needs a reason of its own."""
    used: set[int] = set()
    count = 0
    for family in sorted(families, key=lambda family: (len(family), sorted(family))):
        if used.isdisjoint(family):
            used |= family
            count += 1
    return count
