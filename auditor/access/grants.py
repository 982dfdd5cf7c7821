"""Grants: a member holds a role. Finds the ones that a check asks for, and tells them.

A binding of which something is unknown hides no grant that is known, and a policy of which something is
unknown is never found to be clean.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from auditor.access.members import Member, parse
from auditor.model.verdict import PASS, Severity, Verdict, fail
from auditor.resources.base import Asset, Undetermined
from auditor.resources.policy import HIDDEN_CONDITION, Binding, Policy
from auditor.resources.unknown import matching

T = TypeVar("T")

SHOWN = 50
"""Grants listed in the evidence of one finding."""

_NOT_SHOWN = " (under a condition that the export does not show)"


@dataclass(frozen=True, slots=True)
class Grant:
    """A member holds a role; `condition` is a clause that follows the role in a sentence, `""` for none.

    `collection` says in gcloud's words what kind of thing the role is held on: `projects`, `secrets`, `services`.
    """

    member: Member
    role: str
    condition: str = ""
    collection: tuple[str, ...] = field(default=(), compare=False)

    def __str__(self) -> str:
        return f"{self.member} holds {self.role}{self.condition}"


def any_grant(grant: Grant) -> bool:  # noqa: ARG001 - a predicate over grants, as `grants` takes it
    """Every grant."""
    return True


def any_role(role: str) -> bool:  # noqa: ARG001 - a predicate over roles, as `grants` takes it
    """Every role."""
    return True


def grants(
    policy: Policy[Any],
    now: datetime,
    *,
    members: Callable[[Member], bool],
    roles: Callable[[str], bool] = any_role,
    counts: Callable[[Grant], bool] = any_grant,
    deleted: bool = False,
    types: tuple[str, ...] = (),
    ends: tuple[str, ...] = (),
) -> list[Grant]:
    """The grants in force whose role and member are asked for; those of deleted members only where `deleted`.

    `counts` leaves out more. What it leaves out has to be said here: whoever sorts grants out of the answer has not
    heard that there may be others.

    `types` says which types of members (what stands before the colon) `members` can hold for, so that policies
    without them, which are nearly all, need not be read any further; `ends` likewise how they end, in lower case.

    Raises `Undetermined` where nothing was found and something is unknown.
    """
    if policy.surely_lacks(types=types, roles=None if roles is any_role else roles):
        return []
    found, unknown = _matching(policy, now, members, roles, types, ends)
    known = [grant for grant in found if grant.member.deleted is deleted]
    return matching(_with_doubt(known, unknown), counts)


def _with_doubt(found: Iterable[Grant], doubt: Undetermined | None) -> Iterator[Grant]:
    """Grants, and then what is not known about others."""
    yield from found
    if doubt is not None:
        raise doubt


def holders_of_both(
    policy: Policy[Any],
    now: datetime,
    one: Callable[[str], bool],
    other: Callable[[str], bool],
    members: Callable[[Member], bool],
) -> list[tuple[Grant, Grant]]:
    """For each member that holds a role of `one` and a role of `other`: a grant of each, the unconditional first."""
    if policy.surely_lacks(roles=one) or policy.surely_lacks(roles=other):
        return []
    sides: list[dict[str, Grant]] = []
    unknown: Undetermined | None = None
    for roles in (one, other):
        held: dict[str, Grant] = {}
        granted, doubt = _matching(policy, now, members, roles)
        unknown = unknown or doubt
        for grant in granted:
            if not grant.member.deleted and (grant.member.text not in held or not grant.condition):
                held[grant.member.text] = grant
        sides.append(held)
    found = [(grant, sides[1][text]) for text, grant in sides[0].items() if text in sides[1]]
    if unknown and not found:
        raise unknown
    return found


def tell(found: Sequence[Grant], severity: Callable[[Grant], Severity] | None = None) -> Verdict:
    """PASS where no grant was found; else a fail with the worst first and all of them as evidence.

    For commands, the evidence names `member`, `role` and `_collection` of the worst.
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
            "_collection": first.collection,
        },
        severity=severity(first) if severity else None,
    )


class _Entry:
    """A binding as far as it is known; `unknown` where a part of it, or of the list of bindings, is not."""

    __slots__ = ("_members", "binding", "hidden", "role", "texts", "unknown")

    def __init__(self, binding: Binding | None, role: str | None, texts: list[str], unknown: Undetermined | None):
        self.binding = binding
        self.role, self.hidden = role, False
        if role is not None and HIDDEN_CONDITION in role:
            self.role, self.hidden = role.partition(HIDDEN_CONDITION)[0], True
        self.texts = texts
        self.unknown = unknown
        self._members: list[Member] | None = None

    def members(self, types: tuple[str, ...], ends: tuple[str, ...]) -> Iterable[Member]:
        """The members of some types or ends, or all: those are read once for all checks that ask."""
        if ends:
            return [parse(text) for text in self.texts if text.lower().endswith(ends)]
        if types:
            return [parse(text) for text in self.texts if text.startswith(types)]
        if self._members is None:
            self._members = [parse(text) for text in self.texts]
        return self._members


def _matching(
    policy: Policy[Any],
    now: datetime,
    members: Callable[[Member], bool],
    roles: Callable[[str], bool],
    types: tuple[str, ...] = (),
    ends: tuple[str, ...] = (),
) -> tuple[list[Grant], Undetermined | None]:
    """The grants that match, and the first thing that could not be known on the way."""
    found: list[Grant] = []
    doubt: Undetermined | None = None
    for entry in _entries(policy):
        role, binding = entry.role, entry.binding
        if role is not None and not roles(role):
            continue
        doubt = doubt or entry.unknown
        if role is None or binding is None:
            continue
        for member in entry.members(types, ends):
            if not members(member):
                continue
            try:
                if not binding.in_force(now):
                    break
                condition = binding.limited_to if not entry.hidden else _NOT_SHOWN
            except Undetermined as unread:
                doubt = doubt or unread
                break
            found.append(Grant(member, role, condition, _collection(policy.asset)))
    return found, doubt


def _collection(asset: Asset) -> tuple[str, ...]:
    """`projects`, `secrets`, `services`: the group of gcloud's commands that the asset belongs to, word by word."""
    collection = asset.short_name.split("/")[-2:][0]
    return ("resource-manager", "folders") if collection == "folders" else (collection,)


def _entries(policy: Policy[Any]) -> list[_Entry]:
    """The policy's bindings, read once for all checks that ask."""
    if policy.digest is None:
        policy.digest = list(_read(policy))
    entries: list[_Entry] = policy.digest
    return entries


def _read(policy: Policy[Any]) -> Iterator[_Entry]:
    try:
        for binding in policy.bindings:
            try:
                role = binding.role
            except Undetermined as unknown:
                yield _Entry(None, None, [], unknown)
                continue
            texts: list[str] = []
            doubt = None
            try:
                for text in binding.members:
                    texts.append(text)  # noqa: PERF402 - what was read must outlive the unknown
            except Undetermined as unknown:
                doubt = unknown
            yield _Entry(binding, role, texts, doubt)
    except Undetermined as unknown:
        yield _Entry(None, None, [], unknown)
