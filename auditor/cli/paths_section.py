"""Paths to control, as a run records them."""

from __future__ import annotations

from auditor.access.control import search
from auditor.access.control.path_report import section
from auditor.model.paths import ChokePoint, PathsToControl
from auditor.overlay import recorded


def paths_to_control(found: search.PathsToControl) -> PathsToControl:
    """The section of a run about the paths that were found."""
    told = section(found)
    return PathsToControl(
        paths=[recorded(path) for path in told.paths],
        choke_points=[
            ChokePoint(binding=removal.binding, command=removal.command, cuts=removal.cuts, of=removal.of)
            for removal in told.removals
        ],
        notes=list(told.notes),
    )
