"""The control graph: who holds what, and what holding it leads to.

Nodes are ints handed out by `Graph`; the caller keeps what they stand for. Holding the source of an edge means
holding its target. Three kinds of node differ in what an all-of rule sees:

- an *identity* (user, service account, federated principal) acts by itself: who reaches another identity acts
  as that one from there on, with what that one holds;
- a *group* passes on to its members, who stay themselves;
- a *thing* is anything held: a permission on a scope, control of a scope, membership that can be handed out.

An all-of rule gives its target only to one identity that holds all sources, by itself and its groups. Halves
that two identities hold do not add up. What is handed back to the first identity by one that it took over
(the owner of a project grants a role to its former self) is not followed within a rule: `reach` is a lower bound
there, and never more than what a chain of takeovers gives.

Inheritance is an edge from the capability on a folder to the same capability on its child, so that a grant on a
folder is one edge, whatever lies below. A step is certain, or only possible because it rests on something unknown.
"""

from __future__ import annotations

import copy
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from enum import IntEnum
from itertools import accumulate
from typing import NamedTuple

NO_REASON = -1
"""A step that nothing in the estate carries: it holds by the nature of Google Cloud."""


class Kind(IntEnum):
    """What a node is to an all-of rule."""

    THING = 0
    GROUP = 1
    IDENTITY = 2


class Rule(NamedTuple):
    """An all-of rule: who holds every source holds the target."""

    sources: tuple[int, ...]
    target: int
    link: int


class Graph:
    """Nodes, edges and all-of rules, as they are added. `view` gives the form that algorithms read.

    A *link* is an edge or a rule, numbered apart; its `reason` is an index of the caller's into whatever carries it.
    """

    def __init__(self) -> None:
        self._kinds = bytearray()
        self._sources = array("i")
        self._targets = array("i")
        self._reasons = array("i")
        self._certain = bytearray()
        self._rules: list[tuple[tuple[int, ...], int, int, bool]] = []
        self._views: dict[bool, View] = {}

    @property
    def size(self) -> int:
        """The number of nodes."""
        return len(self._kinds)

    @property
    def edge_count(self) -> int:
        """The number of edges, rules not counted."""
        return len(self._targets)

    def add_node(self, kind: Kind = Kind.THING) -> int:
        """A new node."""
        self._views.clear()
        self._kinds.append(kind)
        return len(self._kinds) - 1

    def add_nodes(self, count: int, kind: Kind = Kind.THING) -> range:
        """Many new nodes of one kind, numbered one after the other."""
        first = len(self._kinds)
        self._views.clear()
        self._kinds.extend(bytes((kind,)) * count)
        return range(first, first + count)

    def add_edge(self, source: int, target: int, reason: int = NO_REASON, certain: bool = True) -> None:
        """Who holds `source` holds `target`."""
        if self._views:
            self._views.clear()
        self._sources.append(source)
        self._targets.append(target)
        self._reasons.append(reason)
        self._certain.append(certain)

    def add_all_of(self, sources: Sequence[int], target: int, reason: int = NO_REASON, certain: bool = True) -> None:
        """One identity that holds all `sources` holds `target`. A single source is an edge."""
        wanted = tuple(dict.fromkeys(sources))
        if not wanted:
            raise ValueError("a rule without sources would give its target to everybody")
        if len(wanted) == 1:
            self.add_edge(wanted[0], target, reason, certain)
            return
        self._views.clear()
        self._rules.append((wanted, target, reason, certain))

    def view(self, *, certain_only: bool = False) -> View:
        """The graph to read, with all links or with the certain ones alone. Kept until something is added.

        Raises `ValueError` where an edge or rule names a node that does not exist.
        """
        if not self._views:
            self._check()
        if certain_only and all(self._certain) and all(rule[3] for rule in self._rules):
            certain_only = False
        if certain_only not in self._views:
            self._views[certain_only] = self._make_view(certain_only)
        return self._views[certain_only]

    def _check(self) -> None:
        named = [n for sources, target, _, _ in self._rules for n in (*sources, target)]
        for nodes in (self._sources, self._targets, named):
            for node in (min(nodes), max(nodes)) if nodes else ():
                if not 0 <= node < len(self._kinds):
                    raise ValueError(f"node {node} does not exist: there are {len(self._kinds)}")

    def _make_view(self, certain_only: bool) -> View:
        chosen: Sequence[int] = range(len(self._targets))
        if certain_only:
            chosen = array("i", (edge for edge in chosen if self._certain[edge]))
        first_rule = len(self._targets)
        rules = [
            Rule(sources, target, first_rule + number)
            for number, (sources, target, _, certain) in enumerate(self._rules)
            if certain or not certain_only
        ]
        reasons, certain = array("i", self._reasons), bytearray(self._certain)
        reasons.extend(rule[2] for rule in self._rules)
        certain.extend(rule[3] for rule in self._rules)
        return View(
            bytes(self._kinds),
            Adjacency(self.size, self._sources, self._targets, chosen),
            Adjacency(self.size, self._targets, self._sources, chosen),
            rules,
            reasons,
            bytes(certain),
        )


class Adjacency:
    """Neighbours of every node in two flat arrays, in the order in which edges were added."""

    __slots__ = ("edges", "nodes", "starts")

    def __init__(self, size: int, tails: Sequence[int], heads: Sequence[int], edges: Sequence[int]) -> None:
        counts = Counter(map(tails.__getitem__, edges))
        self.starts = [*accumulate((counts.get(node, 0) for node in range(size)), initial=0)]
        self.edges = array("i", sorted(edges, key=tails.__getitem__))
        self.nodes = array("i", map(heads.__getitem__, self.edges))

    def redirected(self, edges: Set[int], nowhere: int) -> Adjacency:
        """The same with some edges to a new last node instead."""
        other = copy.copy(self)
        other.starts = [*self.starts, self.starts[-1]]
        other.nodes = array("i", self.nodes)
        for place, edge in enumerate(self.edges):
            if edge in edges:
                other.nodes[place] = nowhere
        assert len(other.starts) == nowhere + 2, "the new node is the one after the last"
        return other

    def of(self, node: int) -> array[int]:
        """The neighbours of a node."""
        return self.nodes[self.starts[node] : self.starts[node + 1]]

    def links(self, node: int) -> Iterator[tuple[int, int]]:
        """The neighbours of a node, each with the edge that leads there."""
        span = slice(self.starts[node], self.starts[node + 1])
        return zip(self.nodes[span], self.edges[span], strict=True)


class View:
    """A graph that no longer changes. `reasons` and `certain` are by link."""

    def __init__(
        self,
        kinds: bytes,
        successors: Adjacency,
        predecessors: Adjacency,
        rules: list[Rule],
        reasons: array[int],
        certain: bytes,
    ) -> None:
        self.kinds = kinds
        self.successors = successors
        self.predecessors = predecessors
        self.rules = rules
        self.reasons = reasons
        self.certain = certain
        self.rules_of: dict[int, list[Rule]] = {}
        self.rules_to: dict[int, list[Rule]] = {}
        for rule in rules:
            self.rules_to.setdefault(rule.target, []).append(rule)
            for source in rule.sources:
                self.rules_of.setdefault(source, []).append(rule)
        self.rule_sources = dict.fromkeys(source for rule in rules for source in rule.sources)
        self.feeds_rule = self.upstream(self.rule_sources)

    @property
    def size(self) -> int:
        """The number of nodes."""
        return len(self.kinds)

    def without(self, reason: int) -> View:
        """The same graph, in which the links that a reason carries lead to or from a node that has no others."""
        nowhere = self.size
        rules = [rule for rule in self.rules if self.reasons[rule.link] != reason]
        kinds = self.kinds + bytes((Kind.THING,))
        gone = frozenset(link for link, carried in enumerate(self.reasons) if carried == reason)
        successors, predecessors = (side.redirected(gone, nowhere) for side in (self.successors, self.predecessors))
        return View(kinds, successors, predecessors, rules, self.reasons, self.certain)

    def upstream(self, roots: Iterable[int]) -> bytearray:
        """Marks of the nodes from which an identity comes to hold a root while it stays itself."""
        marks = bytearray(self.size)
        todo = []
        for root in roots:
            if not marks[root]:
                marks[root] = 1
                todo.append(root)
        starts, tails, kinds = self.predecessors.starts, self.predecessors.nodes, self.kinds
        while todo:
            node = todo.pop()
            for tail in tails[starts[node] : starts[node + 1]]:
                if not marks[tail]:
                    marks[tail] = 1
                    if kinds[tail] != Kind.IDENTITY:
                        todo.append(tail)
        return marks


def components(roots: Iterable[int], successors: Callable[[int], Iterable[int]], size: int) -> Iterator[list[int]]:
    """The strongly connected components that can be reached from `roots`, each after those that it leads to.

    Tarjan's algorithm with a stack of its own, so that the depth of nested groups does not matter.
    """
    done = size + 1
    numbers = [0] * size
    lowest = [0] * size
    open_nodes: list[int] = []
    count = 0
    for root in roots:
        if numbers[root]:
            continue
        count += 1
        numbers[root] = lowest[root] = count
        open_nodes.append(root)
        trail = [(root, iter(successors(root)))]
        while trail:
            node, ahead = trail[-1]
            low = lowest[node]
            for head in ahead:
                number = numbers[head]
                if not number:
                    count += 1
                    numbers[head] = lowest[head] = count
                    open_nodes.append(head)
                    trail.append((head, iter(successors(head))))
                    break
                if number < low:
                    low = number
            else:
                trail.pop()
                if trail and low < lowest[trail[-1][0]]:
                    lowest[trail[-1][0]] = low
                if low == numbers[node]:
                    first = len(open_nodes) - 1
                    while open_nodes[first] != node:
                        first -= 1
                    component = open_nodes[first:]
                    del open_nodes[first:]
                    for member in component:
                        numbers[member] = done
                    yield component
            lowest[node] = low
