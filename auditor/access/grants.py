"""Grants: a member holds a role. Finds the ones that a check asks for, and tells them.

A binding of which something is unknown hides no grant that is known, and a policy of which something is
unknown is never found to be clean.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from auditor.access.members import Member, parse
from auditor.model.verdict import PASS, Severity, Verdict, fail
from auditor.resources.base import Undetermined
from auditor.resources.policy import Binding, Policy

T = TypeVar("T")

SHOWN = 50
"""Grants listed in the evidence of one finding."""

_HIDDEN_CONDITION = "_withcond_"


@dataclass(frozen=True, slots=True)
class Grant:
    """A member holds a role; `condition` is a clause that follows the role in a sentence, `""` for none."""

    member: Member
    role: str
    condition: str = ""

    def __str__(self) -> str:
        return f"{self.member} holds {self.role}{self.condition}"


def any_role(role: str) -> bool:  # noqa: ARG001 - a predicate over roles, as `grants` takes it
    """Every role."""
    return True


def grants(
    policy: Policy[Any],
    now: datetime,
    *,
    members: Callable[[Member], bool],
    roles: Callable[[str], bool] = any_role,
    deleted: bool = False,
) -> list[Grant]:
    """The grants in force whose role and member are asked for; those of deleted members only where `deleted`.

    Raises `Undetermined` where nothing was found and something is unknown.
    """
    found: list[Grant] = []
    unknown: Undetermined | None = None
    for part in _each(policy, now, members, roles):
        if isinstance(part, Undetermined):
            unknown = unknown or part
        elif part.member.deleted is deleted:
            found.append(part)
    if unknown and not found:
        raise unknown
    return found


def holders_of_both(
    policy: Policy[Any],
    now: datetime,
    one: Callable[[str], bool],
    other: Callable[[str], bool],
    members: Callable[[Member], bool],
) -> list[tuple[Grant, Grant]]:
    """For each member that holds a role of `one` and a role of `other`: a grant of each, the unconditional first."""
    sides: list[dict[str, Grant]] = []
    unknown: Undetermined | None = None
    for roles in (one, other):
        held: dict[str, Grant] = {}
        for part in _each(policy, now, members, roles):
            if isinstance(part, Undetermined):
                unknown = unknown or part
            elif not part.member.deleted and (part.member.text not in held or not part.condition):
                held[part.member.text] = part
        sides.append(held)
    found = [(grant, sides[1][text]) for text, grant in sides[0].items() if text in sides[1]]
    if unknown and not found:
        raise unknown
    return found


def tell(found: Sequence[Grant], severity: Callable[[Grant], Severity] | None = None) -> Verdict:
    """PASS where no grant was found; else a fail with the worst first and all of them as evidence."""
    if not found:
        return PASS
    if severity is not None:
        found = sorted(found, key=lambda grant: severity(grant).rank)
    others = len(found) - 1
    more = f", and {others} more such grant{'s' * (others > 1)}" if others else ""
    return fail(
        f"{found[0]}{more}",
        evidence={"grants": [str(grant) for grant in found[:SHOWN]]},
        severity=severity(found[0]) if severity else None,
    )


def known_where(values: list[T], wanted: Callable[[T], bool]) -> list[T]:
    """The wanted elements that are known. Raises `Undetermined` where there is none and elements are unknown."""
    found: list[T] = []
    try:
        for value in values:
            if wanted(value):
                found.append(value)  # noqa: PERF401 - what was found must outlive the unknown
    except Undetermined:
        if not found:
            raise
    return found


def _each(
    policy: Policy[Any], now: datetime, members: Callable[[Member], bool], roles: Callable[[str], bool]
) -> Iterator[Grant | Undetermined]:
    """Each grant that matches, and what could not be known on the way."""
    try:
        for binding in policy.bindings:
            try:
                role, hidden, _ = binding.role.partition(_HIDDEN_CONDITION)
                if roles(role):
                    yield from _of_binding(binding, now, members, role, hidden)
            except Undetermined as unknown:
                yield unknown
    except Undetermined as unknown:
        yield unknown


def _of_binding(
    binding: Binding, now: datetime, members: Callable[[Member], bool], role: str, hidden: str
) -> Iterator[Grant]:
    for text in binding.members:
        member = parse(text)
        if not members(member):
            continue
        if not binding.in_force(now):
            return
        condition = " (under a condition that the export does not show)" if hidden else binding.limited_to
        yield Grant(member, role, condition)
