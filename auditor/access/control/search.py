"""Paths to control: who, or what outside, can come to own a project, folder or organisation without being meant to.

`find_paths` gives them ranked (from outside first, certain before possible, short before long), and the choke points:
the bindings whose removal cuts most. Where an estate has more than the limits allow to look at, the answer says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import islice
from typing import NamedTuple

from auditor.access.control.abilities import FOLDERS, PROJECTS
from auditor.access.control.control_graph import ControlGraph
from auditor.access.control.doubts import add_doubts
from auditor.access.control.entry_points import INTERNET, EntryPoints
from auditor.access.control.escalation import control_graph
from auditor.access.control.graph import NO_REASON, Kind
from auditor.access.control.inventory import Inventory
from auditor.access.control.path_cuts import ChokePoint, Cutter, FoundPath
from auditor.access.control.path_ends import Topmost
from auditor.access.control.path_steps import ControlStep, told
from auditor.access.control.paths import Path, Pathfinder
from auditor.access.control.reach import Reach
from auditor.access.control.resource_ends import ResourceEnd, link_resources, permission_to_control, resource_end
from auditor.access.effective import EffectiveAccess
from auditor.access.members import Kind as MemberKind
from auditor.access.members import parse
from auditor.access.places import Place, UnclearResource
from auditor.access.standing import Certainty
from auditor.access.world import World

_FINDERS = 50
_TOLD = 10
"""Entry points that are named to who asked for one that is none."""
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
    doubts: tuple[str, ...] = ()
    """What may give more paths, and is not known: policies that are missing, resources that may be ways in."""


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
    and every bound identity that does not hold the control already. `targets` are containers (`projects/p`), members,
    or resources whose policy somebody may come to set; without them all containers. Raises `UnknownEnd` for an end
    that the estate does not have.
    """
    access = EffectiveAccess(world, now)
    members = [parse(source).canonical for source in sources or () if ":" in source]
    ends = [end for name in targets or () if (end := _resource_end(access, name)) is not None]
    control = whole_graph(access, inventory, members, ends)
    return Search(control, sources, targets).find(limit)


def _resource_end(access: EffectiveAccess, name: str) -> ResourceEnd | None:
    """What a target is that is neither a container nor an identity; None where it is one of these, or nothing."""
    if not name.startswith(("//", "gs://")) or parse(name).kind is not MemberKind.OTHER:
        return None
    try:
        place: Place = access.world.places.read(name)
    except UnclearResource:
        return None
    permission = permission_to_control(place, access.world.roles)
    if not permission:
        raise UnknownEnd(f"{name} has no allow policy that could be set; ask for paths to {place.container or 'more'}")
    if place.notes:
        raise UnknownEnd(place.notes[0])
    return resource_end(access, place, permission)


def whole_graph(
    access: EffectiveAccess, inventory: Inventory, members: Iterable[str] = (), ends: Sequence[ResourceEnd] = ()
) -> ControlGraph:
    """The control graph of an estate with what is outside of it, and with what is not known of both."""
    setters = [setter.name for end in ends for setter in end.setters]
    control = control_graph(access.world, inventory, access.now, [*members, *setters])
    link_resources(control, access, ends)
    EntryPoints(control, access, inventory).link()
    for container in list(control.owners):
        if not container.startswith("projects/"):
            control.span(PROJECTS, container, "every project")
        if container.startswith("organizations/"):
            control.span(FOLDERS, container, "every folder")
    add_doubts(control, access, inventory)
    return control


class Pair(NamedTuple):
    """Who can come to control what."""

    source: int
    target: int
    certain: bool
    outside: bool
    meant: bool
    """Whether an outsider was given the control itself: that is told, and no chain of steps."""


class Search:
    """Looks for paths in a control graph: from and to all, or those asked for."""

    def __init__(
        self, control: ControlGraph, sources: Sequence[str] | None = None, targets: Sequence[str] | None = None
    ) -> None:
        self.control = control
        self.asked = sources is not None
        self.view = control.graph.view()
        self.sure = control.graph.view(certain_only=True)
        self.entries = frozenset(control.entries)
        self.targets = list(self._targets(targets))
        self.sources = list(dict.fromkeys(self._sources(sources)))
        self._finders: dict[tuple[int, bool], Pathfinder] = {}
        self._held: dict[int, frozenset[int]] = {}
        self._over: dict[int, list[int]] = {}

    def find(self, limit: int) -> PathsToControl:
        """The best paths, at most `limit`, and what to remove."""
        pairs = iter(self.pairs) if "pairs" in self.__dict__ else self._each_pair()
        looked = list(islice(pairs, max(1, _LOOKED_AT * limit)))
        looked.sort(key=lambda pair: (pair.target, pair.certain))  # what was found out of one serves the next
        found = [path for pair in looked if (path := self.path(pair))]
        found.sort(key=lambda pair: _rank(pair[1]))
        kept = found[:limit]
        cutter = Cutter(self.control, lambda target: self.finder(target, False))
        points = cutter.choke_points([one for one, _ in kept])
        complete = next(pairs, None) is None and len(kept) == len(found)
        return PathsToControl(
            tuple(path for _, path in kept),
            points,
            complete,
            cutter.exact,
            tuple(cutter.uncut),
            dict(self.control.unknown_roles),
            tuple(dict.fromkeys(doubt.cause for doubt in self.control.doubts if doubt.subject)),
        )

    # Between what

    def _targets(self, wanted: Sequence[str] | None) -> Iterator[int]:
        control = self.control
        if wanted is None:
            yield from control.owners.values()
            yield from control.spans.values()
            return
        for name in wanted:
            container = control.hierarchy.canonical(name)
            node = control.owners.get(container)
            if node is None:
                node = control.identities.get(parse(name).canonical)
            node = control.resources.get(name) if node is None else node
            if node is None:
                raise UnknownEnd(f"{name} is no project, folder, organisation or identity of the estate")
            yield node

    def _sources(self, wanted: Sequence[str] | None) -> Iterator[int]:
        control = self.control
        if wanted is not None:
            for name in wanted:
                yield from self._source(name)
            return
        yield from control.entries
        for node in sorted(control.bound):
            read = parse(control.labels[node].name)
            if not (read.is_service_agent or read.is_public or read.kind is MemberKind.CONVENIENCE):
                yield node

    def _source(self, name: str) -> list[int]:
        """The nodes that a name of a source means. The internet is one though nothing may face it."""
        names = {name, parse(name).canonical} if ":" in name else {name}
        found = [node for node, label in self.control.labels.items() if label.name in names]
        if not found and name != INTERNET:
            entries = sorted({self.control.labels[node].name for node in self.entries} | {INTERNET})
            shown = ", ".join(entries[:_TOLD]) + (" …" if len(entries) > _TOLD else "")
            raise UnknownEnd(f"{name} is no principal, and nothing outside that paths begin at: {shown}")
        return found

    @cached_property
    def every(self) -> Reach:
        """Who reaches what, over all links."""
        return Reach(self.view, self.targets)

    @cached_property
    def pairs(self) -> list[Pair]:
        """Who can come to control what, the best first; what is controlled by way of what is above it is left out."""
        return list(self._each_pair())

    def _each_pair(self) -> Iterator[Pair]:
        sure = self.every if self.sure is self.view else Reach(self.sure, self.targets)
        topmost = Topmost(self.control, self.every, sure)
        reached = {source: topmost.of(source) for source in self.sources}
        levels = sorted({level for found in reached.values() for level in found})
        outside = [source for source in self.sources if source in self.entries]
        inside = [source for source in self.sources if source not in self.entries]
        for sources in (outside, inside):
            for level in levels:
                for source in sources:
                    for target in reached[source].get(level, ()):
                        meant = target != source and self._is_meant(source, target)
                        if target != source and (sources is outside or not meant):
                            yield Pair(source, target, not level.doubtful, sources is outside, meant)

    def _is_meant(self, source: int, target: int) -> bool:
        """Whether a principal was given the control itself, so that it is no path to it."""
        return not self.asked and self.control.labels[source].kind == "identity" and self.holds(source, target)

    def holds(self, source: int, target: int) -> bool:
        """Whether a principal holds the control already, by bindings and groups alone."""
        if source not in self._held:
            self._held[source] = frozenset(self._given(source))
        held = self._held[source]
        if target not in self._over:
            over = [target]
            for node in over:
                over += [one for one in self.control.above(node) if one not in over]
            self._over[target] = over
        return not held.isdisjoint(self._over[target])

    def _given(self, source: int) -> set[int]:
        """What bindings and groups lead a principal to; what is below a container that it controls is left out."""
        seen, todo, view = {source}, [source], self.view
        while todo:
            for head, link in view.successors.links(todo.pop()):
                reason = view.reasons[link]
                if head not in seen and (reason == NO_REASON or self.control.reasons.is_direct(reason)):
                    seen.add(head)
                    label = self.control.labels.get(head)
                    if view.kinds[head] != Kind.IDENTITY and (label is None or label.kind != "control"):
                        todo.append(head)
        return seen

    # The paths themselves

    def finder(self, target: int, certain: bool) -> Pathfinder:
        """What finds paths to a target, kept for the next question."""
        key = (target, certain)
        if key not in self._finders:
            if len(self._finders) >= _FINDERS:
                self._finders.clear()  # each knows every node of the graph
            self._finders[key] = Pathfinder(self.sure if certain else self.view, target)
        return self._finders[key]

    def path(self, pair: Pair) -> tuple[FoundPath, ControlPath] | None:
        """The shortest path between two ends, None where it is longer than the search goes."""
        path = self.finder(pair.target, pair.certain).shortest([pair.source])
        return None if path is None else (FoundPath(pair.source, pair.target, path), self.in_words(path))

    def in_words(self, path: Path) -> ControlPath:
        """A path as it is told."""
        labels = self.control.labels
        steps = tuple(told(self.control, path))
        certainty = Certainty.CERTAIN if path.certain else Certainty.POSSIBLE
        via = tuple(step.reaches for step in steps[:-1] if step.reaches)
        ends = labels[path.source].name, labels[path.target].name
        return ControlPath(*ends, certainty, steps, path.source in self.entries, via, path.reasons)


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
