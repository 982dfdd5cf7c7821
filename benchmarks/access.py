"""Measure access on a synthetic organisation, against the goals: `python -m benchmarks.access [--scale 1.0]`.

Build: from parsed bindings to a world that answers questions and a graph of who can take over what, indexed both ways.
The policies are made as they are asked for, so that the memory is the world's; the time of making them is taken off.
Times are CPU seconds of one process. networkx searches the same graph for what leads to one container (one that
many reach), without rules.
"""

from __future__ import annotations

import argparse
import gc
import pickle
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

from auditor.access.control.escalation import control_graph
from auditor.access.control.graph import View
from auditor.access.control.inventory import Inventory
from auditor.access.control.reach import Reach
from auditor.access.control.search import find_paths
from auditor.access.effective import EffectiveAccess
from auditor.access.principals import principal
from auditor.access.world import World
from benchmarks.organisation import NOW, Organisation, Sizes, build, inventory_of

T = TypeVar("T")

_ASKED = 50
_PERMISSIONS = ("storage.objects.get", "storage.buckets.delete", "resourcemanager.projects.get")
_NETWORKX = """
import pickle, sys, time
import networkx
size, edges, target = pickle.load(open(sys.argv[1], "rb"))
graph = networkx.DiGraph()
graph.add_nodes_from(range(size))
graph.add_edges_from(edges)
start = time.process_time()
networkx.ancestors(graph, target)
print(time.process_time() - start)
"""


def main() -> None:
    """Build, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--scale", type=float, default=1.0, help="1.0 is the organisation that the goals are set for")
    parser.add_argument("--paths", action="store_true", help="look for paths and choke points, too")
    given = parser.parse_args()
    compare(given.scale, paths=given.paths)


def compare(scale: float, *, paths: bool = False) -> None:
    """Print what was measured beside the goals of an organisation of scale 1."""
    print(f"access in a synthetic organisation, scale {scale:g}", flush=True)
    organisation = Organisation(Sizes.of(scale))
    _, making = _timed(lambda: [None for policy in organisation.policies() for _ in policy.bindings])
    world, gathering = _timed(lambda: build(organisation))
    inventory = inventory_of(organisation)
    gc.freeze()  # as the engine does when all input was read
    control, linking = _timed(lambda: control_graph(world, inventory, NOW))
    view, indexing = _timed(control.graph.view)
    found = f"{len(world.bindings):,} bindings, {view.size:,} nodes, {control.graph.edge_count:,} edges"
    print(f"{found}, {len(view.rules):,} all-of rules", flush=True)
    built = f"world {gathering - making:.1f} s, graph {linking:.1f} s, index {indexing:.1f} s"
    _told("build from parsed bindings", f"{gathering - making + linking + indexing:.1f} s", "25 s", built)
    reach, reaching = _timed(lambda: Reach(view, control.owners.values()))
    pairs = sum(reach.of(node).bit_count() for node in control.identities.values())
    _told("reach to owner, all principals and projects", f"{reaching:.1f} s", "5 s", f"{pairs:,} pairs")
    nodes = random.Random(6).sample(sorted(control.identities.values()), 200)
    common = Counter(target for node in nodes for target in reach.targets_of(node)).most_common(1)
    target = common[0][0] if common else reach.targets[0]
    del reach
    _questions(organisation, world)
    _told("peak memory", f"{_peak():,.0f} MB", "2,000 MB")
    if paths:
        _paths(world, inventory)
    _against_networkx(view, target, reaching)


def _questions(organisation: Organisation, world: World) -> None:
    access = EffectiveAccess(world, NOW)
    dice = random.Random(4)
    sizes = organisation.sizes
    people = (*organisation.users, *organisation.accounts[:30_000])
    asked = [
        (principal(dice.choice(people)), f"gs://b{dice.randrange(sizes.projects)}-{dice.randrange(5)}")
        for _ in range(_ASKED)
    ]
    can = [_timed(partial(access.can, who, one, where))[1] for one in _PERMISSIONS for who, where in asked]
    who_can = [_timed(partial(access.who_can, one, where))[1] for one in _PERMISSIONS for _, where in asked]
    for title, times in (("one `can` after the build", can), ("one `who-can` after the build", who_can)):
        worst, median = 1000 * max(times), 1000 * statistics.median(times)
        _told(title, f"{worst:.1f} ms", "50 ms", f"the worst of {len(times)}; median {median:.1f} ms")


def _paths(world: World, inventory: Inventory) -> None:
    found, took = _timed(lambda: find_paths(world, inventory, NOW))
    what = f"{len(found.paths):,} paths, all: {found.complete}; choke points exact: {found.exact}"
    _told("the best paths and choke points", f"{took:.1f} s", "", what)
    _told("peak memory with paths", f"{_peak():,.0f} MB", "")


def _against_networkx(view: View, target: int, ours: float) -> None:
    """How long networkx takes for one target, in a process of its own."""
    edges = [(node, head) for node in range(view.size) for head in view.successors.of(node)]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "edges"
        file.write_bytes(pickle.dumps((view.size, edges, target)))
        result = subprocess.run([sys.executable, "-c", _NETWORKX, file], capture_output=True, text=True, check=False)
    if result.returncode:
        print("networkx is not here, so it is not compared with: pip install networkx")
        return
    theirs = float(result.stdout)
    what = f"all of ours take {ours / theirs:.1f} times as long"
    _told("networkx: what leads to one container", f"{theirs:.1f} s", "", what)


def _told(what: str, measured: str, goal: str, detail: str = "") -> None:
    limit = f"goal {goal}" if goal else ""
    print(f"{what:<44}{measured:>10}  {limit:<14}{detail}", flush=True)


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    """What some work gives, and its CPU seconds."""
    start = time.process_time()
    return work(), time.process_time() - start


def _peak() -> float:
    """Megabytes (Linux counts in kilobytes)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
