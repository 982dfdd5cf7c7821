"""Which bindings to remove so that paths to control end, within a bound on the work.

In a graph of ordinary size the smallest set is looked for (`cuts`) for each target, where a first look says that a
small one will do. Then each binding is tried alone: without it, which of the paths' ends still reach the other? In a
large graph only that is done, and for so many bindings as the bound allows: what is told then is true, but there may be
better.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from auditor.access.control.control_graph import ControlGraph
from auditor.access.control.cuts import choke_points
from auditor.access.control.graph import NO_REASON
from auditor.access.control.paths import Path, Pathfinder
from auditor.access.control.reach import Reach
from auditor.access.standing import BindingReference

_WORK = 1_000_000
"""Nodes and edges that trying bindings may visit, for at the least three of them."""
_LARGE = 4_000
"""Nodes and edges from which on the smallest sets are not looked for."""
_TARGETS, _CANDIDATES = 20, 40
_ROUNDS, _PATHS, _EFFORT, _EXACT = 6, 10, 1_000, 3


class FoundPath(NamedTuple):
    """A path between two nodes."""

    source: int
    target: int
    path: Path


@dataclass(frozen=True, slots=True)
class ChokePoint:
    """A binding, and how many of the paths (`of`) have no other way when it is removed."""

    binding: BindingReference
    cuts: int
    of: int

    @property
    def command(self) -> str:
        """The command that removes it, `""` where no single one does."""
        return self.binding.command


@dataclass
class Cutter:
    """Looks for what to remove. `exact` and `uncut` are told when `choke_points` has answered."""

    control: ControlGraph
    finder: Callable[[int], Pathfinder]
    exact: bool = True
    """Whether no smaller sets of bindings cut all paths to each target."""
    uncut: list[str] = field(default_factory=list)
    """The targets to which a path leads that rests on no binding."""

    def choke_points(self, found: Sequence[FoundPath]) -> tuple[ChokePoint, ...]:
        """The bindings whose removal cuts paths, those that cut most first."""
        size = self.control.graph.size + self.control.graph.edge_count
        needed: Counter[int] = Counter()
        busiest = Counter(one.target for one in found).most_common()
        self.exact = not found or (len(busiest) <= _TARGETS and size < _LARGE)
        for target, _ in busiest[:_TARGETS] if size < _LARGE else ():
            needed.update(self._smallest(target, [one for one in found if one.target == target]))
        on = Counter(reason for one in found for reason in one.path.reasons if self._removable(reason))
        best = sorted({*on, *needed}, key=lambda reason: (-needed[reason], -on[reason], reason))
        tried = best[: min(_CANDIDATES, max(3, _WORK // max(1, size)))]
        points = [(reason, self._point(reason, found)) for reason in tried]
        told = [point for reason, point in points if point.cuts or needed[reason]]
        return tuple(sorted(told, key=lambda point: (-point.cuts, point.binding.sentence)))

    def _removable(self, reason: int) -> bool:
        return reason != NO_REASON and self.control.reasons.is_binding(reason)

    def _smallest(self, target: int, found: Sequence[FoundPath]) -> tuple[int, ...]:
        """A smallest set that cuts all ways to a target; nothing where none was found within the bound."""
        starts = {one.source for one in found}
        if not self._is_small(target, starts, [one.path for one in found]):
            return ()
        cut = choke_points(
            self.finder(target),
            starts,
            self._removable,
            exact_up_to=_EXACT,
            path_limit=_PATHS,
            effort=_EFFORT,
        )
        self.exact &= cut.exact
        if cut.cut is None:
            self.uncut.append(self.control.labels[target].name)
        return cut.cut or ()

    def _is_small(self, target: int, starts: set[int], paths: list[Path]) -> bool:
        """Whether a few bindings cut all ways, or none do: then the smallest set is soon found."""
        families = [frozenset(filter(self._removable, path.reasons)) for path in paths]
        for _ in range(_ROUNDS):
            if not all(families):
                return True
            cut = _hitting(families)
            left = self.finder(target).shortest(starts, without_reasons=cut)
            if left is None:
                return True
            families.append(frozenset(filter(self._removable, left.reasons)))
        self.exact = False
        return False

    def _point(self, reason: int, found: Sequence[FoundPath]) -> ChokePoint:
        binding = self.control.reasons[reason].binding
        assert binding is not None, "only what is removable is asked for"
        reach = Reach(self.control.graph.view().without(reason), (one.target for one in found))
        cuts = sum(not reach.reaches(one.source, one.target) for one in found)
        return ChokePoint(binding, cuts, len(found))


def _hitting(families: list[frozenset[int]]) -> frozenset[int]:
    """A small set that shares something with each family."""
    cut: set[int] = set()
    for family in families:
        if cut.isdisjoint(family):
            counts = Counter(reason for other in families if cut.isdisjoint(other) for reason in other)
            cut.add(min(family, key=lambda reason: (-counts[reason], reason)))
    return frozenset(cut)
