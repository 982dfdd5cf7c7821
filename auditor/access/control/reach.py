"""Who reaches what: every node and every target in one pass over the control graph.

Strongly connected components come in an order in which each is preceded by those that it leads to, so that one
`or` of Python ints per edge carries the sets of targets back. Equal sets are one object.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from auditor.access.control.graph import View, components
from auditor.access.control.rules import derived_edges


class Reach:
    """Which of `targets` each node reaches, over the links of a view. A node reaches itself.

    Ask it of identities and groups: only these meet all-of rules. Of a thing it tells what its edges give, and
    those rules that a group on the way meets as a whole.
    """

    def __init__(self, view: View, targets: Iterable[int]) -> None:
        self.targets = tuple(dict.fromkeys(targets))
        self._place_of = {target: place for place, target in enumerate(self.targets)}
        self._size = view.size
        self._view, self._derived = view, derived_edges(view)
        self._sets = self._spread(view)

    def of(self, node: int) -> int:
        """The targets that a node reaches, as a bitset over `targets`."""
        return self._sets.get(node, 0)

    def targets_of(self, node: int) -> list[int]:
        """The targets that a node reaches."""
        return [self.targets[place] for place in bits(self.of(node))]

    def reaches(self, source: int, target: int) -> bool:
        """Whether a node reaches a target. Raises `KeyError` for a node that is no target."""
        return bool(self.of(source) >> self._place_of[target] & 1)

    def sources_of(self, target: int, among: Iterable[int] | None = None) -> list[int]:
        """The nodes that reach a target, ascending: all, or those of a selection."""
        place = self._place_of[target]
        sets = self._sets
        chosen = sorted(sets if among is None else sets.keys() & set(among))
        return [node for node in chosen if sets[node] >> place & 1]

    def doors(self, source: int, target: int, is_door: Callable[[int], bool], patience: int) -> list[int] | None:
        """The first nodes of a kind on all ways from a source to a target; None where that takes more than `patience`.

        What lies behind a door is not looked at, so that what can be reached only from there is none.
        """
        place = self._place_of[target]
        successors = self._view.successors
        seen, todo = {source}, [source]
        found: list[int] = []
        while todo:
            node = todo.pop()
            heads = successors.nodes[successors.starts[node] : successors.starts[node + 1]]
            for head in (*heads, *self._derived.get(node, ())):
                if head not in seen and self.of(head) >> place & 1:
                    seen.add(head)
                    (found if is_door(head) else todo).append(head)
            if len(seen) > patience:
                return None
        return found

    def sources(self, among: Iterable[int] | None = None) -> dict[int, int]:
        """For each target the bitset over nodes of those that reach it: all, or those of a selection."""
        nodes: list[list[int]] = [[] for _ in self.targets]
        for node in sorted(self._sets if among is None else self._sets.keys() & set(among)):
            for place in bits(self._sets[node]):
                nodes[place].append(node)
        return {target: bitset(nodes[place], self._size) for place, target in enumerate(self.targets)}

    def _spread(self, view: View) -> dict[int, int]:
        derived = self._derived
        leads = _leading(view, derived, self.targets)
        starts, heads = view.successors.starts, view.successors.nodes

        def successors(node: int) -> Sequence[int]:
            ahead = [head for head in heads[starts[node] : starts[node + 1]] if leads[head]]
            if node in derived:
                ahead += [head for head in derived[node] if leads[head]]
            return ahead

        sets = dict.fromkeys(self.targets, 0)
        same: dict[int, int] = {}
        # Whatever leads to a target is an ancestor of it: start there, and visit nothing else.
        for component in components((node for node in range(view.size) if leads[node]), successors, view.size):
            mask = 0
            for node in component:
                if node in self._place_of:
                    mask |= 1 << self._place_of[node]
                for head in successors(node):
                    ahead = sets.get(head, 0)
                    if ahead is not mask:
                        mask |= ahead
            mask = same.setdefault(mask, mask)
            for node in component:
                sets[node] = mask
        return sets


def _leading(view: View, derived: dict[int, list[int]], targets: Iterable[int]) -> bytearray:
    """Marks of the nodes that lead to a target, over takeovers too."""
    back: dict[int, list[int]] = {}
    for source, heads in derived.items():
        for head in heads:
            back.setdefault(head, []).append(source)
    marks = bytearray(view.size)
    todo = list(targets)
    for node in todo:
        marks[node] = 1
    starts, tails = view.predecessors.starts, view.predecessors.nodes
    while todo:
        node = todo.pop()
        for tail in tails[starts[node] : starts[node + 1]]:
            if not marks[tail]:
                marks[tail] = 1
                todo.append(tail)
        for tail in back.get(node, ()):
            if not marks[tail]:
                marks[tail] = 1
                todo.append(tail)
    return marks


def bits(mask: int) -> Iterator[int]:
    """The places of the ones in a bitset, ascending."""
    digits = bin(mask)[:1:-1]
    place = digits.find("1")
    while place >= 0:
        yield place
        place = digits.find("1", place + 1)


def bitset(places: Iterable[int], size: int) -> int:
    """A bitset with ones at the given places, all below `size`."""
    buffer = bytearray(size // 8 + 1)
    for place in places:
        buffer[place >> 3] |= 1 << (place & 7)
    return int.from_bytes(buffer, "little")
