"""Paths to control, as a run records them."""

from __future__ import annotations

from typing import Literal

from auditor.access import control
from auditor.access.path_report import DrawnPath, section
from auditor.model.run import ChokePoint, ControlPath, PathsToControl


def paths_to_control(found: control.PathsToControl) -> PathsToControl:
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


def recorded(path: DrawnPath) -> ControlPath:
    """A path as a run keeps it."""
    certainty: Literal["certain", "possible"] = "certain" if path.certainty == "certain" else "possible"
    return ControlPath(
        title=path.title,
        certainty=certainty,
        sentences=list(path.sentences),
        svg=path.svg,
        alike=list(path.alike),
    )
