"""Which checks of the catalogue a scan asks."""

from __future__ import annotations

from auditor.check import Check
from auditor.config import SelectSection
from auditor.frameworks import Catalogue
from auditor.names import UnknownName


def select(checks: list[Check], wanted: SelectSection, frameworks: list[Catalogue]) -> list[Check]:
    """The selected checks. A check out of the default selection comes in by its id or a framework's control.

    Raises `UnknownName`.
    """
    by_name = {name: check for check in checks for name in (check.id, *check.aliases)}
    areas = {check.area for check in checks}
    by_framework = {catalogue.id: catalogue for catalogue in frameworks}
    for name in (*wanted.check, *wanted.exclude):
        if name not in by_name:
            raise UnknownName("check", name, by_name)
    for area in wanted.area:
        if area not in areas:
            raise UnknownName("area", area, areas)
    for name in wanted.framework:
        if name not in by_framework:
            raise UnknownName("framework", name, by_framework)
    named = {by_name[name].id for name in wanted.check}
    excluded = {by_name[name].id for name in wanted.exclude}
    controlled = {
        by_name[check].id
        for name in wanted.framework
        for control in by_framework[name].control
        for check in control.checks
    }
    return [
        check
        for check in checks
        if check.id not in excluded
        and (not named or check.id in named)
        and (not wanted.area or check.area in wanted.area)
        and (not wanted.framework or check.id in controlled)
        and check.severity.rank <= wanted.severity.rank
        and (wanted.all or check.default or check.id in named | controlled)
    ]


def in_words(wanted: SelectSection) -> str:
    """The selection as a sentence for the report."""
    parts = [
        f"{kind} {', '.join(names)}"
        for kind, names in (("check", wanted.check), ("area", wanted.area), ("framework", wanted.framework))
        if names
    ]
    if wanted.severity.rank < 4:
        parts.append(f"severity {wanted.severity.value} or worse")
    if wanted.exclude:
        parts.append(f"without {', '.join(wanted.exclude)}")
    everything = "all checks" if wanted.all else "all checks of the default selection"
    return "; ".join(parts) or everything
