"""Paths to control, as a run records them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.access.collect import collect
from auditor.access.control import find_paths
from auditor.access.inventory import Inventory, watching
from auditor.access.path_report import section
from auditor.model.run import ChokePoint, ControlPath, PathsToControl

if TYPE_CHECKING:
    from auditor.sources.base import Source


def paths_to_control(
    sources: list[Source], now: datetime, group_files: tuple[Path, ...], exported: frozenset[str]
) -> PathsToControl:
    """What there is of them in the sources, which are read once more."""
    inventory = Inventory()
    read = collect(watching(sources, inventory), now=now, exported=exported, group_files=group_files)
    found = section(find_paths(read.world, inventory, now))
    return PathsToControl(
        paths=[
            ControlPath(
                title=path.title,
                certainty="certain" if path.certainty == "certain" else "possible",
                sentences=list(path.sentences),
                svg=path.svg,
                alike=list(path.alike),
            )
            for path in found.paths
        ],
        choke_points=[
            ChokePoint(binding=removal.binding, command=removal.command, cuts=removal.cuts, of=removal.of)
            for removal in found.removals
        ],
        notes=list(found.notes),
    )
