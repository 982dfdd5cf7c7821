"""Answers about access as pictures: an arrow from who has access to what it is on, dashed where it is in doubt."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from auditor.access.control.drawing import Chain, arrow, dot_of_chains, svg_of_chains

if TYPE_CHECKING:
    from auditor.access.changes import Change
    from auditor.access.effective import Answer
    from auditor.access.who_can import WhoCan
    from auditor.cli.access_text import Held


def drawn(form: str, chains: Iterable[Chain]) -> str:
    """Chains in one of the formats `dot` and `svg`."""
    return dot_of_chains(chains) if form == "dot" else svg_of_chains(list(chains))


def answer_chains(answers: Iterable[Answer]) -> Iterator[Chain]:
    """Each answer that is no plain no."""
    for answer in answers:
        if answer.state != "NOT_GRANTED":
            words = f"{answer.permission}: {answer.because[0] if answer.because else answer.state}"
            yield arrow(str(answer.principal), answer.place.label, words, certain=answer.state == "GRANTED")


def holdings_chains(held: Held) -> Iterator[Chain]:
    """Each role that somebody holds, to what it is held on."""
    for holding in held.holdings:
        yield arrow(held.who, holding.where, holding.role, certain=holding.is_certain)


def who_can_chains(found: WhoCan) -> Iterator[Chain]:
    """Everybody who has the permission, to the resource."""
    for holder in found.holders:
        words = "; ".join(holder.access.because[:2]) or found.question.permission
        yield arrow(str(holder.principal), found.question.place.label, words, certain=holder.certain)


def change_chains(changes: Iterable[Change]) -> Iterator[Chain]:
    """Each change, to what the access is to."""
    for change in changes:
        words = f"{change.before.value} to {change.after.value}: {', '.join(change.roles) or 'permissions'}"
        yield arrow(change.principal, change.where, words, certain=change.after.value == "GRANTED")
