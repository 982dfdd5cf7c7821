"""Paths to control: who, or what outside, can come to own a project, folder or organisation without being meant to.

`find_paths` gives them ranked (from outside first, certain before possible, short before long), and the choke points:
the bindings whose removal cuts most. Where an estate has more than the limits allow to look at, the answer says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby, islice

from auditor.access.control_graph import ControlGraph
from auditor.access.effective import EffectiveAccess
from auditor.access.entry_points import EntryPoints
from auditor.access.escalation import control_graph
from auditor.access.inventory import Inventory
from auditor.access.members import Kind as MemberKind
from auditor.access.members import parse
from auditor.access.path_cuts import ChokePoint, Cutter, FoundPath
from auditor.access.path_ends import Pair, PathEnds
from auditor.access.path_steps import ControlStep, told
from auditor.access.paths import Path, Pathfinder
from auditor.access.standing import Certainty
from auditor.access.world import World

_LOOKED_AT = 4
"""Paths looked for, for each that is shown: the best of them are."""


@dataclass(frozen=True, slots=True)
class ControlPath:
    """A way from a principal, or from outside, to control; in the words of `steps`."""

    source: str
    target: str
    certainty: Certainty
    steps: tuple[ControlStep, ...]
    outside: bool
    via: tuple[str, ...]
    """The workloads and identities that are taken over on the way."""
    reasons: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class PathsToControl:
    """The paths, best first, and what to remove. `complete` says that there are no others between such ends."""

    paths: tuple[ControlPath, ...]
    choke_points: tuple[ChokePoint, ...]
    complete: bool
    exact: bool
    """Whether no smaller set of bindings cuts all paths to each target than those of the choke points."""
    uncut: tuple[str, ...]
    """The targets to which a path leads that rests on no binding at all."""
    unknown_roles: dict[str, int]
    """Roles whose permissions are not known → the bindings of them: they may give more paths."""
    unknown_entries: int
    """Resources of which is not known whether somebody outside gets in by them: they may, too."""


class UnknownEnd(ValueError):  # noqa: N818 - the message is the sentence that the user reads
    """A path was asked from or to something that the estate does not have."""


def find_paths(
    world: World,
    inventory: Inventory,
    now: datetime,
    *,
    sources: Sequence[str] | None = None,
    targets: Sequence[str] | None = None,
    limit: int = 50,
) -> PathsToControl:
    """The paths to control of an estate.

    `sources` are members as allow policies spell them, or names of entry points; without them all that is outside,
    and every bound identity that does not hold the control already. `targets` are containers (`projects/p`) or
    members; without them all containers. Raises `UnknownEnd` for a target that the estate does not have.
    """
    members = [parse(source).canonical for source in sources or () if ":" in source]
    control = control_graph(world, inventory, now, members)
    EntryPoints(control, EffectiveAccess(world, now), inventory).link()
    return _Finder(control, sources, targets, limit).find()


class _Finder:
    def __init__(
        self, control: ControlGraph, sources: Sequence[str] | None, targets: Sequence[str] | None, limit: int
    ) -> None:
        self.control = control
        self.limit = limit
        self.asked = sources is not None
        self.entries = frozenset(control.entries)
        self.targets = list(self._targets(targets))
        self.sources = list(dict.fromkeys(self._sources(sources)))

    def find(self) -> PathsToControl:
        """The answer."""
        ends = PathEnds(self.control, self.targets)
        pairs = ends.pairs(self.sources, first=self.entries, told_anyway=self.asked)
        looked = list(islice(pairs, max(1, _LOOKED_AT * self.limit)))
        found = list(self._paths(looked))
        found.sort(key=lambda pair: _rank(pair[1]))
        kept = found[: self.limit]
        cutter = Cutter(self.control)
        points = cutter.choke_points([one for one, _ in kept])
        complete = next(pairs, None) is None and len(kept) == len(found)
        return PathsToControl(
            tuple(path for _, path in kept),
            points,
            complete,
            cutter.exact,
            tuple(cutter.uncut),
            dict(self.control.unknown_roles),
            self.control.unknown_entries,
        )

    # Between what

    def _targets(self, wanted: Sequence[str] | None) -> Iterator[int]:
        control = self.control
        if wanted is None:
            yield from control.owners.values()
            return
        for name in wanted:
            container = control.hierarchy.canonical(name)
            node = control.owners.get(container)
            if node is None:
                node = control.identities.get(parse(name).canonical)
            if node is None:
                raise UnknownEnd(f"{name} is no project, folder, organisation or identity of the estate")
            yield node

    def _sources(self, wanted: Sequence[str] | None) -> Iterator[int]:
        control = self.control
        if wanted is not None:
            names = set(wanted) | {parse(name).canonical for name in wanted if ":" in name}
            yield from (node for node, label in control.labels.items() if label.name in names)
            return
        yield from control.entries
        for node in sorted(control.bound):
            read = parse(control.labels[node].name)
            if not (read.is_service_agent or read.is_public or read.kind is MemberKind.CONVENIENCE):
                yield node

    # The paths themselves

    def _paths(self, pairs: Iterable[Pair]) -> Iterator[tuple[FoundPath, ControlPath]]:
        """A path for each pair. What was looked at for a target is forgotten with the next."""
        for (target, certain), alike in groupby(sorted(pairs, key=_to), key=_to):
            finder = Pathfinder(self.control.graph.view(certain_only=certain), target)
            for pair in alike:
                path = finder.shortest([pair.source])
                if path is not None:
                    yield FoundPath(pair.source, target, path), self._told(pair, path)

    def _told(self, pair: Pair, path: Path) -> ControlPath:
        labels = self.control.labels
        steps = tuple(told(self.control, path))
        return ControlPath(
            labels[pair.source].name,
            labels[pair.target].name,
            Certainty.CERTAIN if path.certain else Certainty.POSSIBLE,
            steps,
            pair.source in self.entries,
            tuple(step.reaches for step in steps[:-1] if step.reaches),
            path.reasons,
        )


def _to(pair: Pair) -> tuple[int, bool]:
    return pair.target, pair.certain


def _rank(path: ControlPath) -> tuple[object, ...]:
    certain = path.certainty is Certainty.CERTAIN
    return (not path.outside, not certain, len(path.steps), path.target, path.source)


def alike(paths: Iterable[ControlPath]) -> list[tuple[ControlPath, tuple[str, ...]]]:
    """Paths that take over the same on the way to the same, as one of them and the sources of the others."""
    groups: dict[object, list[ControlPath]] = {}
    for path in paths:
        primitives = tuple(step.primitive for step in path.steps if step.primitive)
        key = (path.target, path.certainty, path.outside, path.via, primitives)
        groups.setdefault(key if path.via else path.source, []).append(path)
    return [(first, tuple(path.source for path in others)) for first, *others in groups.values()]
