"""Which identities meet an all-of rule: answered for all identities and all rules at once.

Who holds a thing is told by its *entries*: the identities and groups that stand first on the ways to it, not the
members behind the groups. Of two sets of entries the smaller decides what is looked at: those of its entries that the
larger set includes, by itself or by a group, and else the members of its groups. What a rule gives may meet further
rules: these are asked again until nothing new arrives.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from auditor.access.control.graph import Kind, Rule, View

_KEPT = 2_000_000  # members of sets that are kept for the next question

_NOBODY: frozenset[int] = frozenset()


def derived_edges(view: View) -> dict[int, list[int]]:
    """What rules add for which holder: target nodes by identity or group.

    Where a group as a whole meets a rule its members are left out; so is who holds the target in another way.
    """
    if not view.rules:
        return {}
    return _Solver(view).solve()


class _Entries:
    """A set of entries, the groups in it, and about how many members these have."""

    __slots__ = ("all", "effort", "groups", "opened")

    def __init__(self, nodes: frozenset[int], groups: Sequence[int], effort: int) -> None:
        self.all = nodes
        self.groups = groups
        self.effort = effort
        self.opened: frozenset[int] | None = None


_NONE = _Entries(_NOBODY, (), 0)


class _Solver:
    """The fixpoint. Caches are right for one round; an older entry is only smaller, and the next round asks again."""

    def __init__(self, view: View) -> None:
        self.view = view
        self.to_group = view.upstream(node for node in range(view.size) if view.kinds[node] == Kind.GROUP)
        self.given: dict[int, set[int]] = {}  # by node: who has it from a rule
        self.found: dict[int, list[int]] = {}  # the same by holder
        self.forget()

    def forget(self) -> None:
        """Start a round."""
        self.holding: dict[int, _Entries] = {}
        self.direct: dict[int, tuple[frozenset[int], tuple[int, ...]]] = {}
        self.inner: dict[int, frozenset[int]] = {}
        self.groups: dict[int, frozenset[int]] = {}
        self.members: dict[int, frozenset[int]] = {}
        self.kept = 0

    def solve(self) -> dict[int, list[int]]:
        """Ask all rules, then those that got something new, until there are none."""
        # Rules that share a source one after the other, so that what is known of it can be dropped early.
        uses = {source: len(rules) for source, rules in self.view.rules_of.items()}
        waiting = sorted(self.view.rules, key=lambda rule: max(rule.sources, key=lambda s: (uses[s], -s)))
        while waiting:
            changed = []
            for rule in waiting:
                fresh = self._fresh(rule)
                if fresh:
                    self.given.setdefault(rule.target, set()).update(fresh)
                    changed.append(rule.target)
                    for holder in fresh:
                        self.to_group[holder] |= self.to_group[rule.target]
                        self.found.setdefault(holder, []).append(rule.target)
            self.forget()
            waiting = self._fed_by(changed)
        return self.found

    def _fresh(self, rule: Rule) -> list[int]:
        """Who meets a rule and does not hold its target yet, members of such groups left out."""
        met = self.entries(rule.sources[0])
        for source in rule.sources[1:]:
            if not met.all:
                return []
            met = self._meet(met, self.entries(source))
        if not met.all:
            return []
        already = self.given.get(rule.target, _NOBODY)
        if self.view.kinds[rule.target] != Kind.IDENTITY:
            already = self.entries(rule.target).all.union(already)
        fresh = met.all - already
        if not fresh:
            return []
        # Groups first: once one is in, its members need not be.
        kinds, kept = self.view.kinds, set(already)
        chosen = []
        for holder in sorted(fresh, key=lambda node: (kinds[node] != Kind.GROUP, node)):
            if holder not in kept and kept.isdisjoint(self.groups_of(holder)):
                kept.add(holder)
                chosen.append(holder)
        return chosen

    def _meet(self, some: _Entries, others: _Entries) -> _Entries:
        """Entries of what holders of both sides hold: those of one side that the other includes, or their members."""
        if some.effort > others.effort:
            some, others = others, some
        included = self.opened(others)
        both = set(some.all & included)
        for group in some.groups:
            if group not in both:
                both |= self.members_of(group) & included
        return self._entries(frozenset(both))

    def _entries(self, nodes: frozenset[int]) -> _Entries:
        if not nodes:
            return _NONE
        kinds, inward = self.view.kinds, self.view.predecessors.starts
        groups = [node for node in nodes if kinds[node] == Kind.GROUP]
        return _Entries(nodes, groups, len(nodes) + sum([inward[group + 1] - inward[group] for group in groups]))

    def opened(self, entries: _Entries) -> frozenset[int]:
        """The entries and all members of their groups."""
        if entries.opened is None:
            entries.opened = entries.all
            if entries.groups:
                entries.opened = entries.all.union(*map(self.members_of, entries.groups))
                self._keep(len(entries.opened))
        return entries.opened

    def entries(self, node: int) -> _Entries:
        """The identities and groups from which ways over things alone lead to a node; itself, if it is one."""
        known = self.holding.get(node)
        if known is None:
            kind = self.view.kinds[node]
            own = frozenset((node,)) if kind != Kind.THING else _NOBODY
            known = self._entries(own if kind == Kind.GROUP else own.union(*self._behind(node)))
            self._keep(1 + len(known.all))
            self.holding[node] = known
        return known

    def _behind(self, node: int) -> list[frozenset[int]]:
        """The entries next to a node and next to each thing that leads to it."""
        seen = {node}
        todo = [node]
        sets = []
        while todo:
            thing = todo.pop()
            known = self.direct.get(thing)
            if known is None:
                known = self.direct[thing] = self._next_to(thing)
            holders, things = known
            if holders:
                sets.append(holders)
            for tail in things:
                if tail not in seen:
                    seen.add(tail)
                    todo.append(tail)
        return sets

    def _next_to(self, node: int) -> tuple[frozenset[int], tuple[int, ...]]:
        tails = self.view.predecessors.of(node)
        kinds = self.view.kinds
        holders = {tail for tail in tails if kinds[tail]}
        holders |= self.given.get(node, _NOBODY)
        return frozenset(holders), tuple(tail for tail in tails if not kinds[tail])

    def groups_of(self, holder: int) -> frozenset[int]:
        """The groups that a holder is in, transitively; things that make a member of a group count."""
        if not self.to_group[holder]:
            return _NOBODY
        known = self.groups.get(holder)
        if known is None:
            known = self._downstream_groups(holder)
            self._keep(1 + len(known))
            self.groups[holder] = known
        return known

    def _downstream_groups(self, holder: int) -> frozenset[int]:
        seen = {holder}
        todo = [holder]
        while todo:
            node = todo.pop()
            ahead = self.inner.get(node)
            if ahead is None:
                ahead = self.inner[node] = self._toward_groups(node)
            fresh = ahead - seen
            seen |= fresh
            todo.extend(fresh)
        kinds = self.view.kinds
        return frozenset([node for node in seen if kinds[node] == Kind.GROUP and node != holder])

    def _toward_groups(self, node: int) -> frozenset[int]:
        """What a node leads to on the way to a group, without becoming somebody else."""
        ahead = (*self.view.successors.of(node), *self.found.get(node, ()))
        kinds, marks = self.view.kinds, self.to_group
        return frozenset([head for head in ahead if marks[head] and kinds[head] != Kind.IDENTITY])

    def members_of(self, group: int) -> frozenset[int]:
        """The identities and groups in a group, transitively."""
        known = self.members.get(group)
        if known is None:
            known = self._upstream_holders(group)
            self._keep(1 + len(known))
            self.members[group] = known
        return known

    def _upstream_holders(self, group: int) -> frozenset[int]:
        kinds = self.view.kinds
        seen = {group}
        todo = [group]
        while todo:
            node = todo.pop()
            for tail in (*self.view.predecessors.of(node), *self.given.get(node, ())):
                if tail not in seen:
                    seen.add(tail)
                    if kinds[tail] != Kind.IDENTITY:
                        todo.append(tail)
        return frozenset(node for node in seen if kinds[node] and node != group)

    def _fed_by(self, changed: Iterable[int]) -> list[Rule]:
        """The rules with a source that holders of the changed nodes hold."""
        kinds, feeds = self.view.kinds, self.view.feeds_rule
        seen = {node for node in changed if feeds[node]}
        todo = list(seen)
        while todo:
            node = todo.pop()
            for head in self.view.successors.of(node) if kinds[node] != Kind.IDENTITY else ():
                if feeds[head] and head not in seen:
                    seen.add(head)
                    todo.append(head)
        fed = {rule.link: rule for node in seen for rule in self.view.rules_of.get(node, ())}
        return [fed[link] for link in sorted(fed)]

    def _keep(self, count: int) -> None:
        self.kept += count
        if self.kept > _KEPT:
            self.holding = {}
            self.kept = count
