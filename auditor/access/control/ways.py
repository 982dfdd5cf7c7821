"""Ways to control, as checks ask for them: who can come to control this project, folder or organisation.

The answer is three-valued. A way that is found is told; where none is, and something is not known by which there may
be one, `Undetermined` says what; else there is none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from auditor.access.control.control_graph import ControlGraph, Doubt
from auditor.access.control.graph import NO_REASON, Kind
from auditor.access.control.inventory import Inventory
from auditor.access.control.reach import Reach, bits
from auditor.access.control.search import ControlPath, Pair, PathsToControl, Search, whole_graph
from auditor.access.effective import EffectiveAccess
from auditor.access.standing import BindingReference
from auditor.resources.base import Undetermined

LARGE = 100_000
"""Bindings and workloads from which on ways to control are looked for only where that is asked for."""
_DETAILED = 20_000_000
"""Nodes and edges that drawing paths may visit, over all of an estate."""
_PATHS, _FEWEST = 5, 10
_ROUTES = 20
"""Paths to one container up to which each is looked at step by step, to tell which it is."""
_PATIENCE = 5_000
"""Nodes that are looked at to find where all ways between two ends begin."""


@dataclass(frozen=True, slots=True)
class Ways:
    """The ways to control of one container (`target`), best first.

    `sources` are all who have one, `paths` the best of them step by step: fewer, or none in a very large estate.
    `above` names the container with which they are told instead. `remove` is the binding that cuts most of them, and
    `cuts_all` says that it leaves none. `routes` are what the paths consist of: who takes which, whether for
    certain, all that any way begins with, the kinds of steps of the shortest, where it ends (no steps where there are
    too many); in an order of their own, whatever that of the input.
    """

    target: str = ""
    sources: tuple[str, ...] = ()
    certain: bool = False
    paths: tuple[ControlPath, ...] = ()
    above: str = ""
    remove: BindingReference | None = None
    cuts_all: bool = False
    routes: tuple[str, ...] = ()


class End(NamedTuple):
    """What is known of the paths between two ends: whether one is certain, and whether they begin outside."""

    certain: bool
    outside: bool


class WaysToControl:
    """Who can come to control what in an estate. The graph is made with the first question."""

    def __init__(self, access: EffectiveAccess, inventory: Inventory, *, unlimited: bool = False) -> None:
        self._access = access
        self._inventory = inventory
        self._unlimited = unlimited
        self._detailed = 0

    @property
    def too_large(self) -> str:
        """Why nothing is looked for, `""` where it is."""
        size = len(self._access.world.bindings) + self._inventory.size
        if self._unlimited or (size <= LARGE and not self._inventory.dropped):
            return ""
        return (
            f"the estate has at least {size:,} bindings and workloads; --paths looks for paths in estates of any size"
        )

    def to(self, container: str, *, outside: bool) -> Ways:
        """The ways to control of a container from outside, or from identities inside that were not given it."""
        if self.too_large:
            raise Undetermined("the paths to control", self.too_large)
        name = self._control.hierarchy.canonical(container)
        node = self._control.owners.get(name)
        if node is None:
            raise Undetermined("the paths to control", f"the input tells nothing of {container}")
        spans = [self._control.spans.get((key, name)) for key in dict.fromkeys(key for key, _ in self._control.spans)]
        own = [one for one in (node, *spans) if one is not None]
        pairs = [pair for one in own for pair in self._pairs.get((one, outside), [])]
        if pairs:
            return self._ways(name, pairs)
        above = next((one for one in self._over(own) if (one, outside) in self._pairs), None)
        if above is not None:
            return Ways(name, above=self._control.labels[above].name)
        doubts = self._doubts(outside=outside)
        if cause := next((doubts[one] for one in own if one in doubts), ""):
            raise Undetermined("whether a path leads to control", cause)
        return Ways(name)

    def _over(self, nodes: Sequence[int]) -> list[int]:
        """All controls above some, the nearest first."""
        found = list(nodes)
        for node in found:
            found += [one for one in self._control.above(node) if one not in found]
        return found[len(nodes) :]

    def found(self, limit: int = 50) -> PathsToControl:
        """The best paths over the whole estate, for a report."""
        return self._search.find(limit)

    @cached_property
    def ends(self) -> dict[tuple[str, str], End]:
        """(who, what) of all paths: what two estates are compared by."""
        labels = self._control.labels
        return {
            (labels[pair.source].name, labels[pair.target].name): End(pair.certain, pair.outside)
            for pair in self._chains
        }

    def between(self, source: str, target: str) -> ControlPath | None:
        """The path between two of the `ends`."""
        labels = self._control.labels
        for pair in self._chains:
            if labels[pair.source].name == source and labels[pair.target].name == target:
                found = self._search.path(pair)
                return found[1] if found else None
        return None

    @property
    def _control(self) -> ControlGraph:
        return self._search.control

    @cached_property
    def _search(self) -> Search:
        return Search(whole_graph(self._access, self._inventory))

    @cached_property
    def _chains(self) -> list[Pair]:
        return [pair for pair in self._search.pairs if not pair.meant]

    @cached_property
    def _pairs(self) -> dict[tuple[int, bool], list[Pair]]:
        found: dict[tuple[int, bool], list[Pair]] = {}
        for pair in self._chains:
            found.setdefault((pair.target, pair.outside), []).append(pair)
        return found

    def _ways(self, name: str, pairs: Sequence[Pair]) -> Ways:
        labels = self._control.labels
        sources = tuple(labels[pair.source].name for pair in pairs)
        certain = any(pair.certain for pair in pairs)
        size = self._search.view.size + self._control.graph.edge_count
        if self._detailed > max(_FEWEST, _DETAILED // size):
            return Ways(name, sources, certain, routes=self._routes(pairs, []))
        looked = [self._search.path(pair) for pair in pairs[: _PATHS if len(pairs) > _ROUTES else _ROUTES]]
        self._detailed += 1 + len(looked) // _PATHS
        every = [found[1] if found else None for found in looked]
        paths = [path for path in every[:_PATHS] if path]
        remove, cuts_all = self._removal(pairs, paths)
        routes = self._routes(pairs, every if len(every) == len(pairs) else [])
        return Ways(name, sources, certain, tuple(paths), "", remove, cuts_all, routes)

    def _routes(self, pairs: Sequence[Pair], paths: Sequence[ControlPath | None]) -> tuple[str, ...]:
        """What the paths consist of; only their ends where the paths are not given."""
        labels = self._control.labels
        told = []
        for number, pair in enumerate(pairs):
            path = paths[number] if paths else None
            between = ["certain" if pair.certain else "possible"]
            if path is not None:
                doors = self._search.every.doors(pair.source, pair.target, self._is_taken_over, _PATIENCE)
                kinds = [step.primitive for step in path.steps if step.primitive]
                between += [" | ".join(sorted({labels[door].name for door in doors or ()})), *kinds]
            told.append(" > ".join((labels[pair.source].name, *between, labels[pair.target].name)))
        return tuple(sorted(told))

    def _is_taken_over(self, node: int) -> bool:
        """Whether a node is what a step takes over: a workload, an account, control; no group, and no way in."""
        label = self._control.labels.get(node)
        return label is not None and label.kind != "entry" and self._search.view.kinds[node] != Kind.GROUP

    def _removal(self, pairs: Sequence[Pair], paths: Sequence[ControlPath]) -> tuple[BindingReference | None, bool]:
        """The binding without which the fewest of the paths are left, and whether none is."""
        reasons = self._control.reasons
        counts: dict[int, int] = {}
        for path in paths:
            for reason in path.reasons:
                if reason != NO_REASON and reasons.is_binding(reason):
                    counts[reason] = counts.get(reason, 0) + 1
        for reason in sorted(counts, key=lambda number: (-counts[number], number)):
            if counts[reason] == len(paths) and self._cuts_all(reason, pairs):
                return reasons[reason].binding, True
        best = max(counts, key=lambda number: (counts[number], -number), default=None)
        return (None if best is None else reasons[best].binding), False

    def _cuts_all(self, reason: int, pairs: Sequence[Pair]) -> bool:
        """Whether without what a reason stands for none of the sources has any path left."""
        starts: dict[int, list[int]] = {}
        for pair in pairs:
            starts.setdefault(pair.target, []).append(pair.source)
        without = frozenset({reason})
        return all(
            self._search.finder(target, False).shortest(some, without_reasons=without) is None
            for target, some in starts.items()
        )

    def _doubts(self, *, outside: bool) -> dict[int, str]:
        """Container → what is not known by which there may be a way to it."""
        return self._from_outside if outside else self._from_inside

    @cached_property
    def _from_outside(self) -> dict[int, str]:
        return self._open(self._control.doubts, self._search.entries)

    @cached_property
    def _from_inside(self) -> dict[int, str]:
        return self._open([doubt for doubt in self._control.doubts if doubt.inside], None)

    def _open(self, doubts: Sequence[Doubt], starts: frozenset[int] | None) -> dict[int, str]:
        """The containers to which doubts may lead: those of nobody, and those of whom the starts (None: all) reach."""
        wanted = [doubt.source for doubt in doubts if doubt.source is not None]
        reach = Reach(self._control.graph.view(), [*self._search.targets, *wanted])
        place = {node: number for number, node in enumerate(reach.targets)}
        met = noted = 0
        for start in starts or ():
            met |= reach.of(start)
        found: dict[int, str] = {}
        waiting = list(doubts)
        progress = True
        while progress and waiting:
            progress, later = False, []
            for doubt in waiting:
                if doubt.source is not None and starts is not None and not met >> place[doubt.source] & 1:
                    later.append(doubt)
                    continue
                progress = True
                mask = reach.of(doubt.target) | (1 << place[doubt.target] if doubt.target in place else 0)
                met |= mask
                noted |= self._note(found, doubt, mask & ~noted, reach)
            waiting = later
        return found

    def _note(self, found: dict[int, str], doubt: Doubt, fresh: int, reach: Reach) -> int:
        """Note the targets of a bitset to which a doubt leads; which of them it was."""
        given = doubt.source
        if given is None and self._search.view.kinds[doubt.target] == Kind.GROUP:
            given = doubt.target
        noted = 0
        for number in bits(fresh):
            target = reach.targets[number]
            if given is not None and self._search.holds(given, target):
                continue  # whoever was given the control, be it by a group, needs no path to it
            found[target] = doubt.cause
            noted |= 1 << number
        return noted
