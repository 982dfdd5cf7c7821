"""Whether a condition is met in a request."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from auditor.access.conditions.compiler import compiled
from auditor.access.conditions.lexer import UnreadableError
from auditor.access.conditions.logic import Term, conjunction
from auditor.access.conditions.request import Request
from auditor.access.conditions.syntax import LONGEST, Logic, Node, parse
from auditor.access.conditions.values import CAN_HOLD, Value, name_of, outcomes_of, reasons_of
from auditor.access.truth import Decision, fails, holds, unknown

_CACHED = 4096
_CACHED_LONG = 32
_SHORT = 2048
"""Characters of the conditions of which many are kept."""

_SHOWN = 120


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition that was read: its tree, its closures, and the clauses that tell of it."""

    tree: Node
    term: Term
    met: Decision
    parts: tuple[tuple[Term, Decision], ...]
    """The top-level `&&` terms (or the whole), and what is said where one fails."""

    def decide(self, request: Request) -> Decision:
        """Whether it is met."""
        value = self.term(request)
        if value is True:
            return self.met
        if value is False:
            return next((said for term, said in self.parts if term(request) is False), fails())
        return _decision(value)


def _decision(value: Value) -> Decision:
    """What a value that is neither true nor false says: only what can be true may be met."""
    outcomes = outcomes_of(value)
    if outcomes == CAN_HOLD:
        return holds(*reasons_of(value))
    if not outcomes & CAN_HOLD:
        return fails(*(reasons_of(value) or (f"the condition is {name_of(value)}, neither true nor false",)))
    return unknown(*reasons_of(value))


def read(expression: str) -> Condition | Decision:
    """The condition, or why it cannot be read."""
    if len(expression) <= _SHORT:
        return _cached(expression)
    return _cached_long(expression) if len(expression) <= LONGEST else _read(expression)


def evaluate(expression: str, request: Request) -> Decision:
    """Whether a condition is met: a definite answer stays, whatever else becomes known.

    What cannot be evaluated although all is known is not met; what cannot be read is unknown.
    """
    condition = read(expression)
    return condition if isinstance(condition, Decision) else condition.decide(request)


def _read(expression: str) -> Condition | Decision:
    try:
        tree = parse(expression)
    except UnreadableError as why:
        return unknown(f"condition {_cut(expression)!r} cannot be read: {why}")
    terms: tuple[Node, ...] = (tree,)
    places: tuple[tuple[int, int], ...] = ((0, len(expression)),)
    if isinstance(tree, Logic) and tree.mark == "&&":
        terms, places = tree.terms, tree.places
    parts = tuple(
        (compiled(node).term, fails(f"`{_cut(expression[start:end])}` does not hold"))
        for node, (start, end) in zip(terms, places, strict=True)
    )
    whole = conjunction(tuple(term for term, _ in parts)) if len(parts) > 1 else parts[0][0]
    return Condition(tree, whole, holds(f"`{_cut(expression)}` holds"), parts)


_cached = lru_cache(maxsize=_CACHED)(_read)
_cached_long = lru_cache(maxsize=_CACHED_LONG)(_read)


def _cut(text: str) -> str:
    """Text for a clause: on one line, of bearable length."""
    text = " ".join(text[: 2 * _SHOWN].split())
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
