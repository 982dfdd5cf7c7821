"""What to look for paths to, of all that sources reach: the topmost targets, level by level.

Whoever controls a folder controls all below it, and thousands of principals reach the same: so the topmost targets of
a set of targets are found once, and each takes all below it out of the set in one step.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from auditor.access.control.control_graph import ControlGraph
from auditor.access.control.reach import Reach, bits

_NO_CONTAINER = 9
"""Where targets that are no containers stand in the order of levels."""


class Level(NamedTuple):
    """Targets that come in one go: whether only possible links lead there, and how far below the top they are."""

    doubtful: bool
    depth: int


class Topmost:
    """The targets that sources reach over all links (`every`) and over certain ones alone (`sure`)."""

    def __init__(self, control: ControlGraph, every: Reach, sure: Reach) -> None:
        self._control = control
        self._every, self._sure = every, sure
        self._alike: dict[tuple[int, int], Mapping[Level, list[int]]] = {}
        way = control.hierarchy.way
        ranks = {node: (len(way(name).names), False) for name, node in control.owners.items()}
        ranks |= {node: (len(way(name).names), True) for (_, name), node in control.spans.items()}
        self._depths = [ranks.get(target, (_NO_CONTAINER, False))[0] for target in every.targets]
        places = {target: place for place, target in enumerate(every.targets) if target in ranks}
        self._below = [1 << place for place in range(len(every.targets))]
        levels: dict[tuple[int, bool], int] = {}
        for target in sorted(places, key=ranks.__getitem__, reverse=True):
            place = places[target]
            levels[ranks[target]] = levels.get(ranks[target], 0) | 1 << place
            for above in control.above(target):
                if above in places:
                    self._below[places[above]] |= self._below[place]
        self._levels = [levels[rank] for rank in sorted(levels)]
        self._branches = sum(1 << place for place, below in enumerate(self._below) if below.bit_count() > 1)

    def of(self, source: int) -> Mapping[Level, list[int]]:
        """The targets that a source reaches and that are not told with one above them, by level."""
        key = (self._sure.of(source), self._every.of(source))
        found = self._alike.get(key)
        if found is None:
            found = self._alike[key] = self._sorted(*key)
        return found

    def _sorted(self, certain: int, reached: int) -> Mapping[Level, list[int]]:
        found: dict[Level, list[int]] = {}
        for doubtful, mask in ((False, self._tops(certain)), (True, self._tops(reached) & ~certain)):
            for place in bits(mask):
                found.setdefault(Level(doubtful, self._depths[place]), []).append(self._every.targets[place])
        for targets in found.values():
            targets.sort()
        return found

    def _tops(self, mask: int) -> int:
        """The targets of a set that have none above them in it; the set holds all that is below each."""
        for level in self._levels:
            branches = mask & level & self._branches
            for place in bits(branches) if branches else ():
                mask &= ~self._below[place] | 1 << place
        return mask
