"""Ways through the control graph, link by link, from whoever starts to a target.

The search is Dijkstra's with Knuth's extension to all-of rules: a rule costs what all its sources cost together and
one step more, and what is nearest to the target, were every rule content with one source, is tried first (A*).
A rule's sources are counted for each acting identity apart, so that halves held by two do not add up.
Of equally short ways the one whose nodes have the lower numbers is taken: the same graph gives the same answer.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from auditor.access.control.graph import Kind, Rule, View

_NOBODY = -1
_PATIENCE = 20_000  # states, before the distances are counted anew
_TRIES_PER_PATH = 8  # searches, most of which find a path that is known
_State = tuple[int, int]  # who acts, where that matters for a rule ahead; the node held


@dataclass(frozen=True, slots=True)
class Step:
    """One link of a path: who holds `sources` holds `target`.

    A rule has several sources; `needs` are then the ways by which the acting identity `actor` holds each of them.
    """

    sources: tuple[int, ...]
    target: int
    link: int
    reason: int
    certain: bool
    actor: int = _NOBODY
    needs: tuple[tuple[Step, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Path:
    """A way from `source` to `target`. `links` and `reasons` are those of all steps, within rules too."""

    source: int
    target: int
    steps: tuple[Step, ...]
    links: frozenset[int]
    reasons: frozenset[int]
    certain: bool


@dataclass(frozen=True, slots=True)
class Paths:
    """Different paths, shorter ones first, and whether these are all: every other way contains one of them."""

    found: tuple[Path, ...]
    complete: bool


@dataclass(frozen=True, slots=True)
class _Arrival:
    """How a state was reached: over a link from another state, by a rule, or by becoming the identity held."""

    link: int
    before: tuple[_State, ...]


@dataclass(frozen=True, slots=True)
class _Banned:
    """What a search must not use."""

    reasons: frozenset[int] = frozenset()
    links: frozenset[int] = frozenset()

    def allows(self, view: View, link: int) -> bool:
        return link not in self.links and view.reasons[link] not in self.reasons


class _Distances:
    """How many links each node is from a target if rules needed one source only, counted as far as a search gets."""

    def __init__(self, view: View, target: int, banned: _Banned) -> None:
        self._view = view
        self._banned = banned
        self._outermost = [target]
        self.depth = 0
        self.known = {target: 0}

    @property
    def complete(self) -> bool:
        """Whether nothing leads to the target but what is known."""
        return not self._outermost

    def least(self, node: int) -> int | None:
        """The distance of a node, or what it is at least; None where nothing leads from it to the target."""
        distance = self.known.get(node)
        if distance is None and self._outermost:
            return self.depth + 1
        return distance

    def look_further(self) -> None:
        """Count one link further."""
        view, known, banned = self._view, self.known, self._banned
        self.depth += 1
        reached = []
        for node in self._outermost:
            rules = view.rules_to.get(node, ())
            for tail, link in (
                *view.predecessors.links(node),
                *((s, rule.link) for rule in rules for s in rule.sources),
            ):
                if tail not in known and banned.allows(view, link):
                    known[tail] = self.depth
                    reached.append(tail)
        self._outermost = reached


@dataclass(slots=True)
class _Search:
    distances: _Distances
    costs: dict[_State, int] = field(default_factory=dict)
    arrivals: dict[_State, _Arrival] = field(default_factory=dict)
    missing: dict[tuple[int, int], int] = field(default_factory=dict)
    waiting: list[tuple[int, int, int]] = field(default_factory=list)

    def offer(self, state: _State, cost: int, arrival: _Arrival) -> None:
        """Say that a state can be reached in a way, if the target may be reached from there."""
        if cost < self.costs.get(state, cost + 1):
            ahead = self.distances.least(state[1])
            if ahead is not None:
                self.costs[state] = cost
                self.arrivals[state] = arrival
                heapq.heappush(self.waiting, (cost + ahead, state[1], state[0]))

    def next(self) -> _State | None:
        """The most promising state; None where none is left. Distances are counted further where they decide."""
        while self.waiting:
            promised, node, actor = heapq.heappop(self.waiting)
            distances, state = self.distances, (actor, node)
            if node not in distances.known and not distances.complete:
                distances.look_further()
            ahead = distances.least(node)
            if ahead is None:
                continue
            length = self.costs[state] + ahead
            if length <= promised and node in distances.known:
                return state
            heapq.heappush(self.waiting, (length, node, actor))
        return None


class Pathfinder:
    """Paths to one target over the links of a view. What leads to the target is looked at once, as far as it counts."""

    def __init__(self, view: View, target: int) -> None:
        self.view = view
        self.target = target
        self._distances = _Distances(view, target, _Banned())

    def shortest(
        self,
        sources: Iterable[int],
        without_reasons: frozenset[int] = frozenset(),
        without: frozenset[int] = frozenset(),
    ) -> Path | None:
        """The shortest path from any of `sources`, not using some reasons or links; None where there is none."""
        starts = sorted(set(sources))
        banned = _Banned(without_reasons, without)
        search = self._begin(starts, self._distances)
        end, ended = self._run(search, banned, _PATIENCE)
        if not ended:
            # Distances that know what is banned lead better, and tell at once where nothing is left.
            search = self._begin(starts, _Distances(self.view, self.target, banned))
            end, _ = self._run(search, banned, None)
        return self._path(search, end) if end else None

    def _begin(self, starts: list[int], distances: _Distances) -> _Search:
        search = _Search(distances)
        for source in starts:
            search.offer(self._state(source, source), 0, _Arrival(_NOBODY, ()))
        return search

    def _run(self, search: _Search, banned: _Banned, patience: int | None) -> tuple[_State | None, bool]:
        """The state that is the target, if it is reached; and whether the search came to an end."""
        settled: set[_State] = set()
        while state := search.next():
            if state[1] == self.target:
                return state, True
            if state in settled:
                continue
            settled.add(state)
            if patience is not None and len(settled) > patience:
                return None, False
            self._expand(search, state, banned)
        return None, True

    def paths(self, sources: Iterable[int], limit: int = 10) -> Paths:
        """Up to `limit` different paths, shorter ones first: each the shortest without some links of earlier ones."""
        starts = sorted(set(sources))
        first = self.shortest(starts)
        waiting = [(_length(first), 0, first, frozenset[int]())] if first else []
        tried = {frozenset[int]()}
        found: dict[frozenset[int], Path] = {}
        cuts: list[frozenset[int]] = []
        while waiting and len(tried) < _TRIES_PER_PATH * limit:
            _, _, path, without = heapq.heappop(waiting)
            if path.links not in found:
                if len(found) == limit:
                    return Paths(tuple(found.values()), complete=False)
                found[path.links] = path
            for link in sorted(path.links):
                narrower = without | {link}
                if narrower not in tried and not any(cut <= narrower for cut in cuts):
                    tried.add(narrower)
                    other = self.shortest(starts, without=narrower)
                    if other is None:
                        cuts.append(narrower)  # to find nothing takes longest: do it once
                    else:
                        heapq.heappush(waiting, (_length(other), len(tried), other, narrower))
        return Paths(tuple(found.values()), complete=not waiting)

    def _state(self, actor: int, node: int) -> _State:
        """Who acts matters only where a rule may lie ahead."""
        kinds = self.view.kinds
        if kinds[node] == Kind.IDENTITY and actor == node:
            return (node, node)
        return (actor if self.view.feeds_rule[node] and kinds[actor] else _NOBODY, node)

    def _expand(self, search: _Search, state: _State, banned: _Banned) -> None:
        view, (actor, node), cost = self.view, state, search.costs[state]
        for rule in view.rules_of.get(node, ()) if actor != _NOBODY else ():
            if banned.allows(view, rule.link):
                self._count(search, rule, actor)
        if view.kinds[node] == Kind.IDENTITY and actor != node:
            search.offer((node, node), cost, _Arrival(_NOBODY, (state,)))
            return
        for head, link in view.successors.links(node):
            if banned.allows(view, link):
                search.offer(self._state(actor, head), cost + 1, _Arrival(link, (state,)))

    def _count(self, search: _Search, rule: Rule, actor: int) -> None:
        """One more source of a rule is held by an actor; with the last one it holds the target."""
        key = (rule.link, actor)
        missing = search.missing.get(key, len(rule.sources)) - 1
        search.missing[key] = missing
        if missing:
            return
        states = tuple((actor, source) for source in rule.sources)
        base = search.costs[(actor, actor)]
        cost = base + 1 + sum(search.costs[state] - base for state in states)
        search.offer(self._state(actor, rule.target), cost, _Arrival(rule.link, ((actor, actor), *states)))

    def _path(self, search: _Search, end: _State) -> Path:
        steps, first = self._steps(search, end, None)
        links = frozenset(_links(search, end))
        reasons = frozenset(self.view.reasons[link] for link in links)
        return Path(first[1], end[1], steps, links, reasons, all(self.view.certain[link] for link in links))

    def _steps(self, search: _Search, end: _State, start: _State | None) -> tuple[tuple[Step, ...], _State]:
        """The steps from a start (or from wherever the search began) to a state, and where they begin."""
        steps: list[Step] = []
        state = end
        while state != start and search.arrivals[state].before:
            arrival = search.arrivals[state]
            state_before = arrival.before[0]
            if arrival.link != _NOBODY:
                steps.append(self._step(search, arrival, state[1]))
            state = state_before
        return tuple(reversed(steps)), state

    def _step(self, search: _Search, arrival: _Arrival, target: int) -> Step:
        reason, certain = self.view.reasons[arrival.link], bool(self.view.certain[arrival.link])
        base, *halves = arrival.before
        if not halves:
            return Step((base[1],), target, arrival.link, reason, certain)
        needs = tuple(self._steps(search, half, base)[0] for half in halves)
        return Step(tuple(half[1] for half in halves), target, arrival.link, reason, certain, base[1], needs)


def _length(path: Path) -> int:
    return len(path.links)


def _links(search: _Search, end: _State) -> Iterator[int]:
    seen = {end}
    todo = [end]
    while todo:
        arrival = search.arrivals[todo.pop()]
        if arrival.link != _NOBODY:
            yield arrival.link
        for state in arrival.before:
            if state not in seen:
                seen.add(state)
                todo.append(state)
