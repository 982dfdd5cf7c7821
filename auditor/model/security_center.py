"""What Security Command Center says beside a run, in the run's record."""

from __future__ import annotations

from typing import Literal

from pydantic.dataclasses import dataclass

from auditor.model.count import Count


@dataclass(slots=True, kw_only=True)
class Disagreement:
    """An asset of which Security Command Center and our checks do not say the same."""

    asset: str
    kind: Literal["only ours", "only theirs", "muted there"]
    says: str
    """What the other side says of it."""


@dataclass(slots=True, kw_only=True)
class CategoryComparison:
    """A category of Security Command Center beside our checks of the same problem, in assets."""

    category: str
    checks: list[str]
    agree: Count
    only_ours: Count
    """Our check fails, and there is no active finding."""
    only_theirs: Count
    """There is an active finding that is not muted, and none of our checks fails."""
    muted: Count
    """Our check fails, and the finding is active and muted."""
    places: list[Disagreement]
    """The first of those that do not agree."""


@dataclass(slots=True, kw_only=True)
class SecurityCenterComparison:
    """Findings of Security Command Center in the input, set beside the run's. `findings` is the sum of the three."""

    findings: Count
    active: Count
    muted: Count
    inactive: Count
    categories: list[CategoryComparison]
    """Those of which either side says something."""
    uncovered: dict[str, Count]
    """Category that no check of ours stands beside → assets with an active finding."""
    other_classes: dict[str, Count]
    """Class of findings that are no misconfigurations (threats, vulnerabilities) → active ones."""

    def total(self, field: Literal["agree", "only_ours", "only_theirs", "muted"]) -> int:
        """The sum over all categories."""
        return sum(int(getattr(row, field)) for row in self.categories)
