"""Three-valued truth: what is known to hold, known not to hold, or not known, each with the reason.

Kleene's logic: a known operand decides where it can, whatever else is unknown.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

import msgspec


class Truth(Enum):
    """Whether something holds."""

    TRUE = "true"
    FALSE = "false"
    UNKNOWN = "unknown"

    @staticmethod
    def of(value: bool) -> Truth:
        """A known truth."""
        return Truth.TRUE if value else Truth.FALSE


class Decision(msgspec.Struct, frozen=True, gc=False):  # a dataclass takes five times as long to make
    """Whether something holds, and the facts that decided it (or that are missing), as clauses for people."""

    truth: Truth
    because: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Known to hold."""
        return self.truth is Truth.TRUE

    @property
    def fails(self) -> bool:
        """Known not to hold."""
        return self.truth is Truth.FALSE

    @property
    def is_unknown(self) -> bool:
        """Not known."""
        return self.truth is Truth.UNKNOWN


def holds(*because: str) -> Decision:
    """It holds."""
    return Decision(Truth.TRUE, because)


def fails(*because: str) -> Decision:
    """It does not hold."""
    return Decision(Truth.FALSE, because)


def unknown(*because: str) -> Decision:
    """Nobody can tell, for lack of what `because` names."""
    return Decision(Truth.UNKNOWN, because)


def both(decisions: Iterable[Decision]) -> Decision:
    """Whether all hold: the first that fails decides; else what is unknown; else all reasons."""
    return _join(decisions, decisive=Truth.FALSE, neutral=Truth.TRUE)


def either(decisions: Iterable[Decision]) -> Decision:
    """Whether any holds: the first that holds decides; else what is unknown; else all reasons."""
    return _join(decisions, decisive=Truth.TRUE, neutral=Truth.FALSE)


def _join(decisions: Iterable[Decision], *, decisive: Truth, neutral: Truth) -> Decision:
    reasons: list[str] = []
    doubts: list[str] = []
    doubtful = False
    for decision in decisions:
        if decision.truth is decisive:
            return decision
        if decision.truth is Truth.UNKNOWN:
            doubtful = True
            doubts.extend(decision.because)
        else:
            reasons.extend(decision.because)
    return Decision(Truth.UNKNOWN, tuple(doubts)) if doubtful else Decision(neutral, tuple(reasons))
