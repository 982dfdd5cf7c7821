"""What-if: the world without some bindings. `ROLE MEMBER on RESOURCE`, as people write it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from auditor.access.bindings import NOBODY, Bindings, bare_role
from auditor.access.members import canonical
from auditor.access.places import UnclearResource, label
from auditor.access.world import World
from auditor.model.text import visible

_SHOWN = 300


class NoSuchBinding(Exception):  # noqa: N818 - the message is the sentence that the user reads
    """A text names no binding of the estate."""


def without(world: World, texts: Iterable[str]) -> World:
    """The world without the bindings that some texts name, whatever their conditions.

    Raises `NoSuchBinding` for a text that names none, with the nearest that there is.
    """
    removed: dict[int, frozenset[int]] = {}
    for text in texts:
        for binding, member in _matching(world, text):
            removed[binding] = removed.get(binding, frozenset()) | {member}
    return world.without(removed) if removed else world


def _matching(world: World, text: str) -> list[tuple[int, int]]:
    """(binding, member number) of what a text names."""
    shown = visible(text[:_SHOWN])
    granted, mark, resource = text.strip().rpartition(" on ")
    role, _, member = granted.strip().partition(" ")
    if not mark or not member.strip():
        raise NoSuchBinding(f"{shown!r} is no binding; write ROLE MEMBER on RESOURCE")
    role = role if "/" in role else f"roles/{role}"
    try:
        place = world.places.read(resource)
    except UnclearResource as problem:
        raise NoSuchBinding(str(problem)) from None
    bindings = world.bindings
    number = _member_number(bindings, member.strip())
    span = range(*bindings.span(place.name))
    found = [
        (binding, number)
        for binding in span
        if number is not None
        and number != NOBODY
        and bare_role(bindings.roles[bindings.role_of[binding]]) == role
        and number in bindings.members_of(binding)
    ]
    if not found:
        raise NoSuchBinding(f"no binding is {shown!r}{_nearest(bindings, span, f'{role} {member}', place.name)}")
    return found


def _member_number(bindings: Bindings, member: str) -> int | None:
    """The number of a member as policies spell it; of an address alone, that of whom it is there."""
    if "@" in member and ":" not in member:
        spelled = [f"{kind}:{member}" for kind in ("user", "group", "serviceAccount")]
        known = [found for name in spelled if (found := bindings.members.known(canonical(name))) is not None]
        return known[0] if len(known) == 1 else None
    return bindings.members.known(canonical(member))


def _nearest(bindings: Bindings, span: range, wanted: str, scope: str) -> str:
    there = [
        f"{bare_role(bindings.roles[bindings.role_of[binding]])} {bindings.members[number]}"
        for binding in span
        for number in bindings.members_of(binding)
        if number != NOBODY
    ]
    if not there:
        return f"; {label(scope)} has no policy in the input, or an empty one"
    near = difflib.get_close_matches(wanted, there[:2_000], n=1, cutoff=0.3)
    return f"; did you mean {visible(near[0])} on {visible(label(scope))}?" if near else ""
