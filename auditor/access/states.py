"""The three sides of an access question, and what they add up to.

A request goes through when an allow policy grants it, no deny policy denies it, and no principal access boundary
keeps the principal away from the resource. Each side is known or not; the states are those that Google's Policy
Troubleshooter tells, so that its answers and ours can be laid side by side.

Sources: cloud.google.com/iam/docs/policy-types#evaluation,
cloud.google.com/policy-intelligence/docs/reference/policytroubleshooter/rest/v3/iam/troubleshoot (allow, deny, all),
cloud.google.com/policy-intelligence/docs/reference/policytroubleshooter/rest/v3beta/iam/troubleshoot (boundaries)
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum

from auditor.access.truth import Decision


class Doubt(Enum):
    """What stands between us and an answer."""

    CONDITION = "a condition that depends on what is not known of the request"
    INFORMATION = "policies, groups or other facts that are not in the input"


class AllowState(StrEnum):
    """Whether allow policies grant the permission."""

    GRANTED = "ALLOW_ACCESS_STATE_GRANTED"
    NOT_GRANTED = "ALLOW_ACCESS_STATE_NOT_GRANTED"
    UNKNOWN_CONDITIONAL = "ALLOW_ACCESS_STATE_UNKNOWN_CONDITIONAL"
    UNKNOWN_INFO = "ALLOW_ACCESS_STATE_UNKNOWN_INFO"


class DenyState(StrEnum):
    """Whether deny policies deny it."""

    DENIED = "DENY_ACCESS_STATE_DENIED"
    NOT_DENIED = "DENY_ACCESS_STATE_NOT_DENIED"
    UNKNOWN_CONDITIONAL = "DENY_ACCESS_STATE_UNKNOWN_CONDITIONAL"
    UNKNOWN_INFO = "DENY_ACCESS_STATE_UNKNOWN_INFO"


class BoundaryState(StrEnum):
    """Whether principal access boundaries let the principal at the resource. They have one state for all unknowns."""

    ALLOWED = "PAB_ACCESS_STATE_ALLOWED"
    NOT_ALLOWED = "PAB_ACCESS_STATE_NOT_ALLOWED"
    NOT_ENFORCED = "PAB_ACCESS_STATE_NOT_ENFORCED"
    UNKNOWN_INFO = "PAB_ACCESS_STATE_UNKNOWN_INFO"


class OverallState(StrEnum):
    """Whether the principal has the permission on the resource."""

    CAN_ACCESS = "CAN_ACCESS"
    CANNOT_ACCESS = "CANNOT_ACCESS"
    UNKNOWN_CONDITIONAL = "UNKNOWN_CONDITIONAL"
    UNKNOWN_INFO = "UNKNOWN_INFO"


@dataclass(frozen=True, slots=True)
class Side:
    """What one kind of policy says: `granted`, `denied` or `outside`, as a decision.

    `doubt` is set where the decision is unknown. `assumptions` are clauses on which a known decision rests without
    proof, such as that the input holds all deny policies. `enforced` is false where no policy had a say.
    """

    decision: Decision
    doubt: Doubt | None = None
    assumptions: tuple[str, ...] = ()
    enforced: bool = True

    def __post_init__(self) -> None:
        """Say at once where an unknown has no doubt, or a known one has: the overall state would be wrong."""
        if self.decision.is_unknown != (self.doubt is not None):
            raise ValueError("an unknown decision, and no other, has a doubt")


@dataclass(frozen=True, slots=True)
class Access:
    """The answer: the state of each side, of all together, and the clauses that explain it."""

    state: OverallState
    allow: AllowState
    deny: DenyState
    boundary: BoundaryState
    because: tuple[str, ...]
    assumptions: tuple[str, ...] = ()


def overall(granted: Side, denied: Side, outside: Side) -> Access:
    """The conjunction. One known "no" decides, whatever else is unknown; its reasons alone are told then.

    Where only conditions are in doubt the answer is conditional; where facts are missing too, knowing the request
    would not be enough, so that it is the missing information that is told.
    """
    noes = [
        side
        for side, says_no in (
            (outside, outside.decision.holds),
            (denied, denied.decision.holds),
            (granted, granted.decision.fails),
        )
        if says_no
    ]
    doubtful = [side for side in (granted, denied, outside) if side.doubt is not None]
    if noes:
        state, told = OverallState.CANNOT_ACCESS, noes
    elif doubtful:
        informed = all(side.doubt is Doubt.CONDITION for side in doubtful)
        state = OverallState.UNKNOWN_CONDITIONAL if informed else OverallState.UNKNOWN_INFO
        told = [granted, *(side for side in doubtful if side is not granted)]
    else:
        state, told = OverallState.CAN_ACCESS, [granted, denied, outside]
    return Access(
        state,
        _allow_state(granted),
        _deny_state(denied),
        _boundary_state(outside),
        tuple(clause for side in told for clause in side.decision.because),
        tuple(clause for side in told for clause in side.assumptions),
    )


def _allow_state(granted: Side) -> AllowState:
    if granted.doubt is not None:
        return AllowState.UNKNOWN_CONDITIONAL if granted.doubt is Doubt.CONDITION else AllowState.UNKNOWN_INFO
    return AllowState.GRANTED if granted.decision.holds else AllowState.NOT_GRANTED


def _deny_state(denied: Side) -> DenyState:
    if denied.doubt is not None:
        return DenyState.UNKNOWN_CONDITIONAL if denied.doubt is Doubt.CONDITION else DenyState.UNKNOWN_INFO
    return DenyState.DENIED if denied.decision.holds else DenyState.NOT_DENIED


def _boundary_state(outside: Side) -> BoundaryState:
    if outside.doubt is not None:
        return BoundaryState.UNKNOWN_INFO
    if outside.decision.holds:
        return BoundaryState.NOT_ALLOWED
    return BoundaryState.ALLOWED if outside.enforced else BoundaryState.NOT_ENFORCED
