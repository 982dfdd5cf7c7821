"""Which paths to control a change opens and closes, from the ways to control before and after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from auditor.access.control.search import ControlPath
from auditor.access.control.ways import WaysToControl
from auditor.resources.base import Undetermined

_TOLD = 50
"""Paths that are told step by step; the others are counted."""


@dataclass(frozen=True, slots=True)
class PathChanges:
    """The paths that come and go. A path that becomes certain comes; one of which apply will tell is in neither."""

    opened: tuple[ControlPath, ...] = ()
    closed: tuple[ControlPath, ...] = ()
    opened_count: int = 0
    closed_count: int = 0
    worse: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Container → from where paths to it come that were not there: what their findings are about."""


def path_changes(before: WaysToControl | None, after: WaysToControl | None) -> PathChanges:
    """What changes between two estates; nothing where either was not looked at."""
    if before is None or after is None or before.too_large or after.too_large:
        return PathChanges()
    old, new = before.ends, after.ends
    opened = [ends for ends, end in new.items() if ends not in old or (end.certain and not old[ends].certain)]
    closed = [ends for ends, end in old.items() if ends not in new and _is_known(after, ends[1], outside=end.outside)]
    worse: dict[str, frozenset[str]] = {}
    for source, target in opened:
        container = container_in(target)
        worse[container] = worse.get(container, frozenset()) | {source}
    return PathChanges(
        tuple(path for ends in opened[:_TOLD] if (path := after.between(*ends))),
        tuple(path for ends in closed[:_TOLD] if (path := before.between(*ends))),
        len(opened),
        len(closed),
        worse,
    )


def container_in(target: str) -> str:
    """The container that a control is of: `folders/1` of `every project in folders/1`."""
    return target.rpartition(" ")[2]


def _is_known(ways: WaysToControl, target: str, *, outside: bool) -> bool:
    """Whether it is known that nothing leads to a control any more, or only what is told."""
    try:
        ways.to(container_in(target), outside=outside)
    except Undetermined:
        return False
    return True
