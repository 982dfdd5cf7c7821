"""Paths to control as data for a report: nothing to decide is left to the page.

`section(find_paths(…))` is what "Paths to control" shows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from auditor.access.control.drawing import svg
from auditor.access.control.search import ControlPath, PathsToControl, alike
from auditor.model.text import plural

_DOUBTS = 20
"""Reasons shown why there may be more paths."""


@dataclass(frozen=True, slots=True)
class DrawnPath:
    """A path: its title, certainty, sentences and picture, and who else has one just like it."""

    title: str
    certainty: str
    sentences: tuple[str, ...]
    svg: str
    alike: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Removal:
    """A binding to remove: in words, the command (`""` where no single one does), and how many of the paths it cuts."""

    binding: str
    command: str
    cuts: int
    of: int


@dataclass(frozen=True, slots=True)
class Section:
    """All of the section. `notes` say what is approximate or not known."""

    paths: tuple[DrawnPath, ...]
    removals: tuple[Removal, ...]
    notes: tuple[str, ...]


def section(found: PathsToControl) -> Section:
    """The section's data."""
    removals = tuple(
        Removal(point.binding.sentence, point.command, point.cuts, point.of) for point in found.choke_points
    )
    return Section(drawn(found.paths), removals, tuple(notes(found)))


def drawn(paths: Iterable[ControlPath]) -> tuple[DrawnPath, ...]:
    """Paths with their pictures; those that are alike as one."""
    return tuple(
        DrawnPath(
            f"{path.source} to control of {path.target}",
            path.certainty.value,
            tuple(step.sentence for step in path.steps),
            svg(path),
            others,
        )
        for path, others in alike(paths)
    )


def notes(found: PathsToControl) -> list[str]:
    """What a reader has to know of the answer's limits."""
    told = []
    if not found.complete:
        told.append(
            f"There are more paths than the {plural(len(found.paths), 'path')} told; raise the limit to see them."
        )
    if not found.exact:
        told.append("Which bindings to remove is approximate: fewer may do.")
    told += [f"No removal of bindings cuts all paths to {name}." for name in found.uncut]
    if found.unknown_roles:
        bindings = sum(found.unknown_roles.values())
        told.append(
            f"{plural(len(found.unknown_roles), 'role')} in {plural(bindings, 'binding')} could not be followed: "
            "the permissions are not known."
        )
    told += [f"There may be more paths: {doubt}." for doubt in found.doubts[:_DOUBTS]]
    if len(found.doubts) > _DOUBTS:
        told.append(
            f"There may be more paths for {plural(len(found.doubts) - _DOUBTS, 'further reason')} of this kind."
        )
    return told
