"""What a condition says of time, and of all requests: from when until when it is met, whether it ever or always is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import product

from auditor.access.conditions import logic
from auditor.access.conditions.compiler import compiled
from auditor.access.conditions.evaluate import read
from auditor.access.conditions.request import Request
from auditor.access.conditions.syntax import Binary, Choice, Literal, Logic, Node, Unary, path
from auditor.access.conditions.values import (
    ANY,
    CAN_FAIL,
    CAN_HOLD,
    AtLeast,
    Failure,
    Open,
    Timestamp,
    Value,
    equal,
    outcomes_of,
)
from auditor.access.truth import Decision, fails, holds, unknown

_MOST_STATEMENTS = 64
_MOST_COMBINED = 8
"""Statements, and those that depend on the request, of which all combinations are tried."""

_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_OPPOSITES = {"!=": "==", ">=": "<", "<=": ">"}
_SOMETIME = ("the time of the request is not known",)


@dataclass(frozen=True, slots=True)
class Window:
    """The time in which a condition can be met, as far as its top-level `&&` terms limit `request.time`."""

    active_from: datetime | None = None
    active_until: datetime | None = None
    clause: str = ""
    """The limits in words, as of the scan's time: `active until 2026-12-31T00:00:00Z`; `""` without any."""


def window(expression: str, now: datetime) -> Window:
    """The time in which a condition can be met; without limits where it cannot be read."""
    condition = read(expression)
    if isinstance(condition, Decision):
        return Window()
    tree = condition.tree
    terms = tree.terms if isinstance(tree, Logic) and tree.mark == "&&" else (tree,)
    limits = [limit for term in terms for limit in _limits(term)]
    start = max((moment for mark, moment in limits if mark.startswith(">")), default=None)
    end = min((moment for mark, moment in limits if mark.startswith("<")), default=None)
    return Window(start, end, _told(start, end, now))


def _limits(term: Node) -> Iterator[tuple[str, datetime]]:
    """The comparison of `request.time` with a constant, turned so that the time stands left."""
    if not isinstance(term, Binary) or term.mark not in _MIRRORED:
        return
    for mark, time, limit in ((term.mark, term.left, term.right), (_MIRRORED[term.mark], term.right, term.left)):
        if path(time) == "request.time":
            part = compiled(limit)
            value = part.term(_anything()) if part.is_constant else None
            if isinstance(value, Timestamp):
                yield mark, value.moment()


def _told(start: datetime | None, end: datetime | None, now: datetime) -> str:
    clauses = []
    if start is not None and (start > now or end is None):
        clauses.append(f"{'not active before' if start > now else 'active since'} {_text(start)}")
    if end is not None:
        clauses.append(f"{'expired at' if end <= now else 'active until'} {_text(end)}")
    return ", ".join(clauses)


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


@dataclass(frozen=True, slots=True, kw_only=True)
class _AnyRequest(Request):
    """A request of which nothing is known, but perhaps that it comes no sooner than now."""

    clock: Value

    def time(self) -> Value:
        return self.clock


def _anything(now: datetime | None = None) -> _AnyRequest:
    clock = Open(ANY, _SOMETIME) if now is None else AtLeast(ANY, _SOMETIME, Timestamp.of(now))
    return _AnyRequest(now=now or datetime.min.replace(tzinfo=UTC), clock=clock)


def tautology(expression: str, now: datetime | None = None) -> Decision:
    """Whether a condition says anything: holds where every request that it can be asked of meets it, fails where none.

    With `now`, only requests from then on count: a condition that has expired for good fails.
    """
    condition = read(expression)
    if isinstance(condition, Decision):
        return condition
    request = _anything(now)
    outcomes = outcomes_of(condition.term(request))
    if outcomes & CAN_HOLD and outcomes & CAN_FAIL:
        outcomes = _outcomes_of_all(condition.tree, request)
    if not outcomes & CAN_HOLD:
        when = window(expression, now).clause if now is not None else ""
        if when.startswith("expired"):
            return fails(when)
        has_ended = now is not None and not tautology(expression).fails
        return fails("no request meets the condition any more" if has_ended else "no request meets the condition")
    if not outcomes & CAN_FAIL:
        return holds("the condition is met wherever it can be evaluated")
    return unknown("it depends on the request whether the condition is met")


def _outcomes_of_all(tree: Node, request: Request) -> int:
    """The outcomes of a condition over all combinations of its statements, each taken for either true or false."""
    free: dict[Node, list[bool]] = {}
    statements = list(_statements(tree))
    if len(statements) > _MOST_STATEMENTS:
        return ANY
    for statement in statements:
        value = compiled(statement).term(request)
        if isinstance(value, Open):
            free[statement] = [truth for truth in (True, False) if outcomes_of(truth) & value.outcomes]
    if len(free) > _MOST_COMBINED:
        return ANY
    outcomes = 0
    for values in product(*free.values()):
        chosen = dict(zip(free, values, strict=True))
        if not _contradicts(chosen):
            outcomes |= outcomes_of(_value(tree, chosen, request))
    return outcomes


def _statements(node: Node) -> Iterator[Node]:
    """The statements that `&&`, `||`, `!` and `? :` join, each in one spelling."""
    if isinstance(node, Logic):
        for term in node.terms:
            yield from _statements(term)
    elif isinstance(node, Choice):
        for part in (node.test, node.yes, node.no):
            yield from _statements(part)
    elif isinstance(node, Unary) and node.mark == "!":
        yield from _statements(node.operand)
    else:
        yield _plain(node)[0]


def _plain(node: Node) -> tuple[Node, bool]:
    """A statement without `!=`, `>=` and `<=`, constants to the right, and whether it was turned into its opposite."""
    if not isinstance(node, Binary):
        return node, False
    if isinstance(node.left, Literal) and node.mark in ("==", "!="):
        node = replace(node, left=node.right, right=node.left)
    if node.mark in _OPPOSITES:
        return replace(node, mark=_OPPOSITES[node.mark]), True
    return node, False


def _contradicts(chosen: dict[Node, bool]) -> bool:
    """Whether something is taken to equal two different constants."""
    constants: dict[Node, Value] = {}
    for statement, is_true in chosen.items():
        match statement:
            case Binary("==", left, Literal(value)) if is_true:
                if not equal(constants.setdefault(left, value), value):
                    return True
    return False


def _value(node: Node, chosen: dict[Node, bool], request: Request) -> Value:
    """What a condition gives where its statements are taken for true or false."""
    if isinstance(node, Logic):
        join = logic.conjunction if node.mark == "&&" else logic.disjunction
        return join(tuple(_term(term, chosen) for term in node.terms))(request)
    if isinstance(node, Choice):
        return logic.choice(*(_term(part, chosen) for part in (node.test, node.yes, node.no)))(request)
    if isinstance(node, Unary) and node.mark == "!":
        return logic.negation(_term(node.operand, chosen))(request)
    statement, is_opposite = _plain(node)
    if statement in chosen:
        return chosen[statement] is not is_opposite
    value = compiled(node).term(request)
    return value if isinstance(value, bool) else Failure("a statement errs")


def _term(node: Node, chosen: dict[Node, bool]) -> logic.Term:
    return lambda request: _value(node, chosen, request)
