"""How answers about access look: entries for JSON, and lines of at most 80 columns for people."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from auditor.model.text import plural, visible

if TYPE_CHECKING:
    from auditor.access.changes import Change
    from auditor.access.effective import Answer, EffectiveAccess
    from auditor.access.holdings import Holding
    from auditor.access.places import Place
    from auditor.access.who_can import Holder, WhoCan

WIDTH = 80
_LONGEST = 600
"""Characters shown of one text: a stranger may have chosen it."""
_SHOWN = 50
"""Entries shown of a list for people; JSON has all."""


def wrapped(text: str, indent: str = "", hanging: str = "  ") -> str:
    """A stranger's text on lines that fit, without control characters."""
    shown = visible(text[:_LONGEST]) + ("…" if len(text) > _LONGEST else "")
    return textwrap.fill(
        shown, WIDTH, initial_indent=indent, subsequent_indent=indent + hanging, break_on_hyphens=False
    )


def answer_entry(answer: Answer) -> dict[str, Any]:
    """An answer for JSON. The state is that of Policy Troubleshooter v1, those of the sides are of v3."""
    return {
        "principal": str(answer.principal),
        "permission": answer.permission,
        "resource": answer.place.asked,
        "state": answer.state,
        "because": list(answer.because),
        "resource_name": answer.place.name,
        "allow": answer.access.allow.value,
        "deny": answer.access.deny.value,
        "boundary": answer.access.boundary.value,
    }


def answer_lines(answer: Answer) -> list[str]:
    """An answer for people."""
    return [
        wrapped(f"{answer.state}: {answer.principal}, {answer.permission} on {answer.place.label}"),
        *_clauses(answer.because, "  "),
    ]


def _clauses(clauses: Iterable[str], indent: str) -> list[str]:
    return [wrapped(f"- {clause}", indent) for clause in clauses]


def _state(holding: Holding) -> str:
    return "GRANTED" if holding.is_certain else "UNKNOWN"


class Held(NamedTuple):
    """What a principal holds, anywhere or on a place, and what to know of the names that were asked about."""

    who: str
    place: Place | None
    holdings: list[Holding]
    notes: tuple[str, ...] = ()


def holdings_entry(access: EffectiveAccess, held: Held) -> dict[str, Any]:
    """All that a principal holds, for JSON."""
    return {
        "principal": held.who,
        "resource": held.place.asked if held.place is not None else None,
        "grants": [
            {
                "role": holding.role,
                "resource": holding.scope,
                "state": _state(holding),
                "condition": holding.condition or None,
                "permissions": None if holding.open else holding.mask.bit_count(),
                "denied": access.world.roles.names(holding.denied),
                "perhaps_denied": access.world.roles.names(holding.perhaps_denied),
                "because": [*holding.decision.because, *([holding.open] if holding.open else [])],
            }
            for holding in held.holdings
        ],
        "because": list(held.notes),
    }


def holdings_lines(held: Held) -> list[str]:
    """All that a principal holds, for people."""
    where = f" on {held.place.label}" if held.place is not None else ""
    certain = [holding for holding in held.holdings if holding.is_certain]
    doubtful = [holding for holding in held.holdings if not holding.is_certain]
    lines = [wrapped(f"{held.who} holds {plural(len(certain), 'role')}{where}, and {len(doubtful):,} in doubt")]
    lines += _clauses(held.notes, "  ")
    for group in (certain, doubtful):
        for holding in group[:_SHOWN]:
            lines.append(wrapped(f"{_state(holding):<8} {holding.role} on {holding.where}"))
            lines.append(wrapped(_amount(holding), "         "))
            lines += _clauses(holding.decision.because, "         ")
        if len(group) > _SHOWN:
            lines.append(f"… and {len(group) - _SHOWN:,} more; --format json has all")
    return lines


def _amount(holding: Holding) -> str:
    if holding.open:
        return holding.open
    parts = [plural(holding.mask.bit_count(), "permission")]
    if holding.denied:
        parts.append(f"{holding.denied.bit_count():,} of them denied")
    if holding.perhaps_denied:
        parts.append(f"{holding.perhaps_denied.bit_count():,} of them perhaps denied")
    return ", ".join(parts)


def who_can_entry(found: WhoCan) -> dict[str, Any]:
    """Who has a permission, for JSON."""
    return {
        "permission": found.question.permission,
        "resource": found.question.place.asked,
        "resource_name": found.question.place.name,
        "principals": [_holder_entry(holder, found) for holder in found.holders],
        "kept_away": [_holder_entry(holder, found) for holder in found.kept_away],
        "gaps": [*found.gaps, *found.question.place.notes],
    }


def _holder_entry(holder: Holder, found: WhoCan) -> dict[str, Any]:
    from auditor.access.effective import STATE_NAMES, explained

    return {
        "principal": str(holder.principal),
        "state": STATE_NAMES[holder.access.state],
        "bound": holder.bound,
        "because": list(explained(holder.access, found.question.place)),
    }


def who_can_lines(found: WhoCan) -> list[str]:
    """Who has a permission, for people."""
    where = f"{found.question.permission} on {found.question.place.label}"
    certain = sum(holder.certain for holder in found.holders)
    doubtful = len(found.holders) - certain
    lines = [wrapped(f"{where}: {plural(certain, 'principal')}, and {doubtful:,} in doubt")]
    lines += _clauses(found.question.place.notes, "  ")
    lines += _holders(found.holders)
    if found.kept_away:
        lines.append("Kept away by a deny policy or boundary:")
        lines += _holders(found.kept_away)
    if found.gaps:
        lines.append("There may be more:")
        lines += _clauses(found.gaps[:_SHOWN], "  ")
    return lines


def _holders(holders: tuple[Holder, ...]) -> Iterator[str]:
    from auditor.access.effective import STATE_NAMES

    for holder in holders[:_SHOWN]:
        yield wrapped(f"{STATE_NAMES[holder.access.state]} {holder.principal}")
        yield from _clauses(holder.access.because, "  ")
    if len(holders) > _SHOWN:
        yield f"… and {len(holders) - _SHOWN:,} more; --format json has all"


def change_entry(change: Change) -> dict[str, Any]:
    """A change of access, for JSON."""
    return {
        "principal": change.principal,
        "resource": change.scope,
        "before": change.before.value,
        "after": change.after.value,
        "permissions": list(change.permissions),
        "roles": list(change.roles),
        "because": list(change.because),
    }


def change_lines(found: list[Change]) -> list[str]:
    """The changes of access, for people."""
    if not found:
        return ["No access changed"]
    lines = [f"{plural(len(found), 'change')} of access"]
    for change in found[: 4 * _SHOWN]:
        mark = "+" if change.appeared else "~" if change.before is change.after else "-"
        what = plural(len(change.permissions), "permission") if change.permissions else "permissions"
        roles = f" ({', '.join(change.roles)})" if change.roles else ""
        lines.append(wrapped(f"{mark} {change.principal}: {what} on {change.where}{roles}"))
        lines.append(f"    {change.before.value} → {change.after.value}")
        lines += _clauses(change.because[:5], "    ")
    if len(found) > 4 * _SHOWN:
        lines.append(f"… and {len(found) - 4 * _SHOWN:,} more; --format json has all")
    return lines
