"""Three-valued logic with errors: what `&&`, `||`, `!` and the operators give where operands are open or failed.

A statement can hold, fail or err. What is known of one is the set of these outcomes, so that a part that can never
grant decides even where it is not known whether it is false or an error.

Source: github.com/google/cel-spec/blob/master/doc/langdef.md#logical-operators
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from auditor.access.conditions.request import Request
from auditor.access.conditions.values import (
    ANY,
    CAN_ERR,
    CAN_FAIL,
    CAN_HOLD,
    PARTIAL,
    AtLeast,
    Failure,
    Open,
    Timestamp,
    Unclear,
    Value,
    name_of,
    outcomes_of,
    reasons_of,
)

Term = Callable[[Request], Value]
"""A part of an expression, ready to be evaluated."""


def conjunction(terms: tuple[Term, ...]) -> Term:
    """`&&`: false where one is, whatever fails or is unknown beside it."""

    def run(request: Request) -> Value:
        doubts: list[Value] | None = None
        for term in terms:
            value = term(request)
            if value is False:
                return False
            if value is not True:
                doubts = [value] if doubts is None else [*doubts, value]
        return True if doubts is None else _joined(doubts, decisive=CAN_FAIL, neutral=CAN_HOLD)

    return run


def disjunction(terms: tuple[Term, ...]) -> Term:
    """`||`: true where one is, whatever fails or is unknown beside it."""

    def run(request: Request) -> Value:
        doubts: list[Value] | None = None
        for term in terms:
            value = term(request)
            if value is True:
                return True
            if value is not False:
                doubts = [value] if doubts is None else [*doubts, value]
        return False if doubts is None else _joined(doubts, decisive=CAN_HOLD, neutral=CAN_FAIL)

    return run


def _joined(doubts: list[Value], *, decisive: int, neutral: int) -> Value:
    """Terms of which none decides, joined: each outcome that some outcomes of theirs lead to."""
    outcomes = [outcomes_of(value) for value in doubts]
    result = decisive if any(outcome & decisive for outcome in outcomes) else 0
    if all(outcome & neutral for outcome in outcomes):
        result |= neutral
    # An error comes through where one term errs and no other decides.
    if any(outcome & CAN_ERR for outcome in outcomes) and all(outcome & (CAN_ERR | neutral) for outcome in outcomes):
        result |= CAN_ERR
    return _resolved(result, [_as_failure(value) for value in doubts])


def _resolved(outcomes: int, causes: Iterable[Value]) -> Value:
    if outcomes == CAN_HOLD:
        return True
    if outcomes == CAN_FAIL:
        return False
    causes = list(causes)
    if outcomes == CAN_ERR:
        failed = next((value for value in causes if type(value) is Failure), None)
        return failed or Failure("; ".join(reasons_of(*causes)))
    return Open(outcomes, reasons_of(*causes))


def _as_failure(value: Value) -> Value:
    """What is neither true nor false nor open, taken for a statement, is a failure."""
    return value if type(value) in PARTIAL else Failure(f"{name_of(value)} is neither true nor false")


def negation(operand: Term) -> Term:
    """`!`."""

    def run(request: Request) -> Value:
        value = operand(request)
        if value is True or value is False:
            return not value
        outcomes = outcomes_of(value)
        swapped = outcomes & CAN_ERR
        swapped |= CAN_FAIL if outcomes & CAN_HOLD else 0
        swapped |= CAN_HOLD if outcomes & CAN_FAIL else 0
        return _resolved(swapped, [_as_failure(value)])

    return run


def choice(test: Term, yes: Term, no: Term) -> Term:
    """`test ? yes : no`."""

    def run(request: Request) -> Value:
        value = test(request)
        if value is True:
            return yes(request)
        if value is False:
            return no(request)
        outcomes = outcomes_of(value)
        result = outcomes & CAN_ERR
        causes = [_as_failure(value)]
        for outcome, branch in ((CAN_HOLD, yes), (CAN_FAIL, no)):
            if outcomes & outcome:
                chosen = branch(request)
                result |= outcomes_of(chosen)
                causes.append(chosen)
        if result in (CAN_HOLD, CAN_FAIL):
            return result == CAN_HOLD
        # Not a failure for sure: text that is chosen errs as a statement, yet is a value to an operator.
        return Open(result, reasons_of(*causes)) if len(causes) > 1 else causes[0]

    return run


def undecided(*values: Value) -> Value:
    """What a function or operator gives where an argument is failed or open: the failure, or open."""
    for value in values:
        if type(value) is Failure:
            return value
    return Open(ANY, reasons_of(*values))


def undecided_operator(mark: str, left: Value, right: Value) -> Value:
    """What an operator gives where an operand is failed or open; what is known of them decides some comparisons."""
    result = undecided(left, right)
    if type(result) is Failure:
        return result
    if type(left) is AtLeast and type(right) not in PARTIAL:
        return _bounded(mark, left, right, result)
    if type(right) is AtLeast and type(left) not in PARTIAL and mark in _MIRRORED:
        return _bounded(_MIRRORED[mark], right, left, result)
    if type(left) is Unclear and _differs(mark, left, right):
        return Open(CAN_HOLD | CAN_ERR if mark == "!=" else CAN_FAIL | CAN_ERR, left.reasons)
    if type(right) is Unclear and mark != "in" and _differs(mark, right, left):
        return Open(CAN_HOLD | CAN_ERR if mark == "!=" else CAN_FAIL | CAN_ERR, right.reasons)
    return result


_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}


def _bounded(mark: str, value: AtLeast, other: Value, open_value: Value) -> Value:
    """A comparison of what is at least a bound with a known value."""
    if type(other) is not type(value.bound):
        return open_value
    bound, limit = _number(value.bound), _number(other)
    if mark in ("<", ">="):
        return mark == ">=" if limit <= bound else open_value
    if mark in ("<=", ">", "==", "!="):
        return mark in (">", "!=") if limit < bound else open_value
    return open_value


def _number(value: Timestamp | int) -> int:
    return value if isinstance(value, int) else value.nanoseconds


def _differs(mark: str, unclear: Unclear, value: Value) -> bool:
    """Whether a value (or all of a list's) is text that the attribute cannot be."""
    if mark == "in":
        return type(value) is list and all(type(item) is str and item not in unclear.candidates for item in value)
    return mark in ("==", "!=") and type(value) is str and value not in unclear.candidates
