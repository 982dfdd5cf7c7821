"""Grants: a member holds a role. Finds the ones that a check asks for, and tells them.

A binding of which something is unknown hides no grant that is known, and a policy of which something is
unknown is never found to be clean.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

from auditor.access.members import Member, parse
from auditor.model.verdict import PASS, Severity, Verdict, fail
from auditor.resources.base import Asset, Undetermined
from auditor.resources.policy import Binding, Policy

T = TypeVar("T")

SHOWN = 50
"""Grants listed in the evidence of one finding."""

_HIDDEN_CONDITION = "_withcond_"


@dataclass(frozen=True, slots=True)
class Grant:
    """A member holds a role; `condition` is a clause that follows the role in a sentence, `""` for none.

    `collection` says in gcloud's words what kind of thing the role is held on: `projects`, `secrets`, `services`.
    """

    member: Member
    role: str
    condition: str = ""
    collection: str = field(default="", compare=False)

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
    matching, unknown = _matching(policy, now, members, roles)
    found = [grant for grant in matching if grant.member.deleted is deleted]
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
        matching, doubt = _matching(policy, now, members, roles)
        unknown = unknown or doubt
        for grant in matching:
            if not grant.member.deleted and (grant.member.text not in held or not grant.condition):
                held[grant.member.text] = grant
        sides.append(held)
    found = [(grant, sides[1][text]) for text, grant in sides[0].items() if text in sides[1]]
    if unknown and not found:
        raise unknown
    return found


def tell(found: Sequence[Grant], severity: Callable[[Grant], Severity] | None = None) -> Verdict:
    """PASS where no grant was found; else a fail with the worst first and all of them as evidence.

    For commands, the evidence names `member`, `role` and `collection` of the worst.
    """
    if not found:
        return PASS
    if severity is not None:
        found = sorted(found, key=lambda grant: severity(grant).rank)
    first = found[0]
    others = len(found) - 1
    more = f", and {others} more such grant{'s' * (others > 1)}" if others else ""
    return fail(
        f"{first}{more}",
        evidence={
            "grants": [str(grant) for grant in found[:SHOWN]],
            "member": str(first.member),
            "role": first.role,
            "collection": first.collection,
        },
        severity=severity(first) if severity else None,
    )


class _Entry(NamedTuple):
    """A binding with its members read; `unknown` where a part of it, or of the list of bindings, is not known."""

    role: str | None
    hidden: bool
    members: tuple[Member, ...]
    binding: Binding | None
    unknown: Undetermined | None


def _matching(
    policy: Policy[Any], now: datetime, members: Callable[[Member], bool], roles: Callable[[str], bool]
) -> tuple[list[Grant], Undetermined | None]:
    """The grants that match, and the first thing that could not be known on the way."""
    found: list[Grant] = []
    doubt: Undetermined | None = None
    for role, hidden, holders, binding, unknown in _entries(policy):
        if role is not None and not roles(role):
            continue
        doubt = doubt or unknown
        for member in holders:
            if binding is None or role is None or not members(member):
                continue
            try:
                if not binding.in_force(now):
                    break
                condition = " (under a condition that the export does not show)" if hidden else binding.limited_to
            except Undetermined as unread:
                doubt = doubt or unread
                break
            found.append(Grant(member, role, condition, _collection(policy.asset)))
    return found, doubt


def _collection(asset: Asset) -> str:
    """`projects`, `secrets`, `services`: the group of gcloud's commands that the asset belongs to."""
    collection = asset.short_name.split("/")[-2:][0]
    return "resource-manager folders" if collection == "folders" else collection


def _entries(policy: Policy[Any]) -> list[_Entry]:
    """The policy's bindings, read once for all checks that ask."""
    if policy.digest is None:
        policy.digest = list(_read(policy))
    return policy.digest  # type: ignore[no-any-return]


def _read(policy: Policy[Any]) -> Iterator[_Entry]:
    try:
        for binding in policy.bindings:
            try:
                role, hidden, _ = binding.role.partition(_HIDDEN_CONDITION)
            except Undetermined as unknown:
                yield _Entry(None, False, (), None, unknown)
                continue
            holders: list[Member] = []
            doubt = None
            try:
                for text in binding.members:
                    holders.append(parse(text))  # noqa: PERF401 - what was read must outlive the unknown
            except Undetermined as unknown:
                doubt = unknown
            yield _Entry(role, bool(hidden), tuple(holders), binding, doubt)
    except Undetermined as unknown:
        yield _Entry(None, False, (), None, unknown)
