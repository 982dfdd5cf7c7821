"""Counts of verdicts per check, and the findings; shards of a scan add up."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Tally:
    """What became of one check: `asked` assets, of which all that is not counted here passed."""

    asked: int = 0
    failed: int = 0
    not_applicable: Counter[str] = field(default_factory=Counter)
    not_assessed: Counter[str] = field(default_factory=Counter)

    @property
    def passed(self) -> int:
        """Assets that passed: asked, less the other three verdicts."""
        return self.asked - self.failed - self.not_applicable.total() - self.not_assessed.total()
