"""Measure reach to owner on a synthetic organisation: `python -m benchmarks.access_graph [--scale 1.0] [--networkx]`.

The organisation has nested folders, nested groups (some in circles), bindings on every level with the shape that
large estates have: most on projects and of no power, some that let a principal deploy, act as or take over service
accounts, few that make an owner. networkx is asked for the ancestors of one owner in the same graph.
"""

from __future__ import annotations

import argparse
import random
import resource
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any, NamedTuple

from auditor.access.graph import Graph, Kind
from auditor.access.reach import Reach

_HARMLESS, _DEPLOY, _ACT_AS, _TAKE_OVER, _OWN = range(5)
_ABILITIES = 5
_CHANCES = (0.80, 0.10, 0.07, 0.02, 0.01)


class Organisation(NamedTuple):
    """The graph and the nodes that questions are asked of."""

    graph: Graph
    owners: range
    principals: list[int]


class _Sizes(NamedTuple):
    projects: int
    folders: int
    accounts: int
    users: int
    groups: int
    bindings: int

    @staticmethod
    def of(scale: float) -> _Sizes:
        return _Sizes(*(max(4, int(n * scale)) for n in (10_000, 1_500, 200_000, 30_000, 50_000, 2_000_000)))


def organisation(scale: float = 1.0, seed: int = 1) -> Organisation:
    """10,000 projects, 1,500 folders, 200,000 service accounts, 30,000 users, 50,000 groups and 2,000,000 bindings."""
    sizes, dice, graph = _Sizes.of(scale), random.Random(seed), Graph()
    users = graph.add_nodes(sizes.users, Kind.IDENTITY)
    accounts = graph.add_nodes(sizes.accounts, Kind.IDENTITY)
    groups = graph.add_nodes(sizes.groups, Kind.GROUP)
    parents = _hierarchy(sizes, dice)
    scopes = len(parents)
    abilities = [graph.add_nodes(scopes) for _ in range(_ABILITIES)]
    attach = graph.add_nodes(scopes)
    for scope, parent in enumerate(parents):
        if parent >= 0:
            for nodes in (*abilities, attach):
                graph.add_edge(nodes[parent], nodes[scope])
        graph.add_all_of((abilities[_DEPLOY][scope], abilities[_ACT_AS][scope]), attach[scope])
        graph.add_edge(abilities[_OWN][scope], abilities[_TAKE_OVER][scope])
    first_project = scopes - sizes.projects
    _service_accounts(graph, accounts, abilities, attach, first_project, sizes, dice)
    _memberships(graph, users, accounts, groups, dice)
    principals = [*users, *accounts, *groups]
    _bindings(graph, principals, abilities, sizes, dice)
    owners = abilities[_OWN][first_project:]
    return Organisation(graph, owners, principals)


def _hierarchy(sizes: _Sizes, dice: random.Random) -> list[int]:
    """The parent of each scope: the organisation, folders, then projects."""
    top = max(1, sizes.folders // 10)
    parents = [-1, *(0 for _ in range(top))]
    parents += [dice.randrange(1, 1 + max(1, number // 3)) for number in range(top, sizes.folders)]
    parents += [dice.randrange(1, sizes.folders + 1) for _ in range(sizes.projects)]
    return parents


def _service_accounts(
    graph: Graph,
    accounts: range,
    abilities: list[range],
    attach: range,
    first_project: int,
    sizes: _Sizes,
    dice: random.Random,
) -> None:
    """Each is in a project; four in ten have a binding of their own that lets somebody act as them."""
    for account in accounts:
        project = first_project + dice.randrange(sizes.projects)
        graph.add_edge(attach[project], account)
        graph.add_edge(abilities[_TAKE_OVER][project], account)
        if dice.random() < 0.4:
            act_as = graph.add_node()
            graph.add_edge(dice.choice(accounts) if dice.random() < 0.5 else dice.randrange(accounts.start), act_as)
            graph.add_all_of((act_as, abilities[_DEPLOY][project]), account)


def _memberships(graph: Graph, users: range, accounts: range, groups: range, dice: random.Random) -> None:
    for group in groups:
        for _ in range(dice.randrange(1, 8)):
            graph.add_edge(dice.choice(users), group)
        if dice.random() < 0.1:
            graph.add_edge(dice.choice(accounts), group)
        if dice.random() < 0.6:
            graph.add_edge(group, dice.choice(groups))


def _bindings(graph: Graph, principals: list[int], abilities: list[range], sizes: _Sizes, dice: random.Random) -> None:
    scopes = len(abilities[0])
    first_project = scopes - sizes.projects
    chosen = dice.choices(range(_ABILITIES), _CHANCES, k=sizes.bindings)
    for number, ability in enumerate(chosen):
        level = dice.random()
        if level < 0.0002:
            scope = 0
        elif level < 0.02:
            scope = dice.randrange(1, first_project)
        else:
            scope = dice.randrange(first_project, scopes)
        graph.add_edge(dice.choice(principals), abilities[ability][scope], number)


def _timed(what: str, work: Callable[[], Any]) -> tuple[Any, float]:
    start = time.perf_counter()
    result = work()
    took = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{what:<52}{took:8.2f} s   peak {peak:7.0f} MB")
    return result, took


def _networkx_ancestors(graph: Graph, target: int) -> float:
    nx: Any = import_module("networkx")  # only here, and only when asked for
    view = graph.view()
    other = nx.DiGraph()
    other.add_nodes_from(range(view.size))
    for node in range(view.size):
        other.add_edges_from((node, head) for head in view.successors.of(node))
    _, took = _timed("networkx: ancestors of one owner, no rules", lambda: nx.ancestors(other, target))
    return took


def main() -> None:
    """Generate, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--networkx", action="store_true", help="compare (needs networkx and 2 GB more)")
    given = parser.parse_args()
    made, _ = _timed("generate", lambda: organisation(given.scale))
    view, _ = _timed("index edges both ways", made.graph.view)
    print(f"{view.size:,} nodes, {made.graph.edge_count:,} edges, {len(view.rules):,} all-of rules")
    reach, took = _timed("reach of all principals to all owners", lambda: Reach(view, made.owners))
    pairs = sum(reach.of(node).bit_count() for node in made.principals)
    print(f"{pairs:,} pairs of principal and project")
    _timed("who reaches one owner", lambda: reach.sources_of(made.owners[0], made.principals))
    if given.networkx:
        print(f"ratio to networkx for one target: {took / _networkx_ancestors(made.graph, made.owners[0]):.1f}")


if __name__ == "__main__":
    main()
