"""The four verdicts of a check, and how a check says each of them."""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from typing import Any


class Severity(StrEnum):
    """How much a finding matters, worst first."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 for critical, 4 for info: findings sort by it."""
        return _RANKS[self]


_RANKS = {severity: rank for rank, severity in enumerate(Severity)}


class Outcome(StrEnum):
    """What became of one check asked of one asset."""

    PASS = "pass"  # noqa: S105 - a verdict
    FAIL = "fail"
    NOT_APPLICABLE = "not_applicable"
    NOT_ASSESSED = "not_assessed"


class Verdict:
    """The answer of one check about one asset.

    `reason` is the message of a fail, and why nothing was judged for `not_applicable` and
    `not_assessed`. `evidence` adds to the fields that the check declares.
    """

    __slots__ = ("discriminator", "evidence", "outcome", "reason", "severity")

    def __init__(
        self,
        outcome: Outcome,
        reason: str = "",
        evidence: dict[str, Any] | None = None,
        severity: Severity | None = None,
        discriminator: str = "",
    ) -> None:
        self.outcome = outcome
        self.discriminator = discriminator
        self.reason = reason
        self.evidence = evidence
        self.severity = severity

    def __repr__(self) -> str:
        return f"{self.outcome.value}({self.reason!r})" if self.reason else self.outcome.value


PASS = Verdict(Outcome.PASS)


def fail(
    message: str,
    *,
    evidence: dict[str, Any] | None = None,
    severity: Severity | None = None,
    discriminator: str = "",
) -> Verdict:
    """The asset has the problem; `message` says in one clause what was found.

    `evidence` is shown with the finding, and `Fix.gcloud` may use it; keys with a leading underscore
    are for the command only. `severity` replaces the check's own where this asset is a worse or a lighter case.
    `discriminator` goes into the fingerprint, where another problem of the same asset would be another finding; it
    has nothing in it that changes while the problem stays.
    """
    return Verdict(Outcome.FAIL, message, evidence, severity, discriminator)


@lru_cache(maxsize=1024)
def not_applicable(reason: str) -> Verdict:
    """The question does not arise for this asset; `reason` says why."""
    return Verdict(Outcome.NOT_APPLICABLE, reason)


def not_assessed(reason: str) -> Verdict:
    """The question could not be answered; `reason` says what was missing."""
    return Verdict(Outcome.NOT_ASSESSED, reason)
