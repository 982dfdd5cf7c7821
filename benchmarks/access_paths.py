"""Measure paths to control on a synthetic organisation: `python -m benchmarks.access_paths [--scale 1.0]`.

The policies are random, so that nearly everybody comes to control nearly everything: far worse than a real estate.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable
from typing import TypeVar

from auditor.access.control import find_paths
from auditor.access.escalation import control_graph
from auditor.access.inventory import Inventory
from auditor.access.reach import Reach
from benchmarks.access import NOW, Organisation, Sizes, build

T = TypeVar("T")


def inventory_of(organisation: Organisation) -> Inventory:
    """The accounts and projects of the organisation, in which nothing runs."""
    accounts = {account.removeprefix("serviceAccount:"): True for account in organisation.accounts}
    return Inventory(accounts=accounts, containers={f"projects/{n}" for n in range(organisation.sizes.projects)})


def _timed(what: str, work: Callable[[], T]) -> T:
    start = time.process_time()
    result = work()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{what:<44}{time.process_time() - start:8.1f} s CPU   peak {peak:6,.0f} MB", flush=True)
    return result


def main() -> None:
    """Build, reach, and where asked for the paths themselves."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--paths", action="store_true", help="look for paths and choke points, too")
    given = parser.parse_args()
    organisation = Organisation(Sizes.of(given.scale))
    world = _timed("world", lambda: build(organisation))
    inventory = inventory_of(organisation)
    control = _timed("control graph", lambda: control_graph(world, inventory, NOW))
    view = _timed("index edges both ways", control.graph.view)
    print(f"{view.size:,} nodes, {control.graph.edge_count:,} edges, {len(view.rules):,} all-of rules", flush=True)
    reach = _timed("reach to control of everything", lambda: Reach(view, control.owners.values()))
    print(f"{sum(reach.of(node).bit_count() for node in control.identities.values()):,} pairs", flush=True)
    if given.paths:
        found = _timed("paths and choke points", lambda: find_paths(world, inventory, NOW))
        print(f"{len(found.paths):,} paths, complete: {found.complete}, exact: {found.exact}")


if __name__ == "__main__":
    main()
