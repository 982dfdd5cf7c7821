"""What people type, read with the estate at hand: which principal is meant, which resource, and what was mistyped.

An address alone is the user or the group that the estate names by it. A principal that nothing names, or a resource
that is not there, is answered for all the same (domains and public grants include strangers), and the answer says so,
with the nearest name that there is.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import replace

from auditor.access.members import Kind
from auditor.access.places import Place, UnclearResource, account_name, label
from auditor.access.principals import Principal, UnclearPrincipal, principal
from auditor.access.world import World
from auditor.model.text import visible

_NAMED = (Kind.USER, Kind.GROUP, Kind.SERVICE_ACCOUNT)
_COMPARED = 5_000
"""Names that are compared letter by letter: those that begin or end alike are looked at alone."""
_SHOWN = 200
_HINTS = 20
"""Slips for which the nearest name is looked for: that goes through all names of the estate."""


class Speller:
    """Reads names that people typed about one estate."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._hints = _HINTS

    def principal(self, text: str) -> Principal:
        """The principal that a text names. Raises `UnclearPrincipal`."""
        try:
            return principal(text)
        except UnclearPrincipal as problem:
            address = text.strip()
            if "@" not in address or ":" in address:
                raise
            meant = [f"{kind}:{address}" for kind in ("user", "group") if self._names(f"{kind}:{address.lower()}")]
            if len(meant) == 1:
                return principal(meant[0])
            near = self._near_members(address.lower(), ("user:", "group:"))
            raise UnclearPrincipal(text, problem.problem + near) from None

    def remarks(self, who: Principal) -> tuple[str, ...]:
        """What to know of a principal that no policy and no group of the estate names."""
        if who.kind not in _NAMED or who.member.is_service_agent or self._names(who.name):
            return ()
        if who.kind is Kind.SERVICE_ACCOUNT and self._world.places.knows(account_name(who.address)):
            return ()
        near = self._near_members(who.address, (who.name.partition(":")[0] + ":",))
        return (f"no policy and no group of the input names {visible(who.name[:_SHOWN])}{near}",)

    def place(self, text: str) -> Place:
        """The resource that a text names. Raises `UnclearResource`."""
        try:
            place = self._world.places.read(text)
        except UnclearResource as problem:
            raise UnclearResource(text, problem.problem + self._near_scopes(text.strip())) from None
        if not place.notes:
            return place
        return replace(place, notes=(place.notes[0] + self._near_scopes(place.label), *place.notes[1:]))

    def _names(self, member: str) -> bool:
        """Whether a policy or a group names a member."""
        return self._world.bindings.members.known(member) is not None or self._world.directory.mentions(member)

    def _may_hint(self) -> bool:
        self._hints -= 1
        return self._hints >= 0

    def _near_members(self, address: str, kinds: tuple[str, ...]) -> str:
        if not self._may_hint():
            return ""
        known = (name for name in self._world.bindings.members.all if name.startswith(kinds))
        inside = (name for name, _ in self._world.directory.edges() if name.startswith(kinds))
        there = (name for names in (known, inside) for name in names)
        return _hint(address, ((name.partition(":")[2], name) for name in there))

    def _near_scopes(self, text: str) -> str:
        if not self._may_hint():
            return ""
        names = (label(name) for name in self._world.bindings.scopes.all)
        return _hint(text, _tails(text, names))


def _tails(text: str, names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """What of each name is compared with a text: all of it, or its last step where the text has but one."""
    for name in names:
        yield (name if "/" in text else name.rpartition("/")[2]), name


def _hint(wanted: str, known: Iterable[tuple[str, str]]) -> str:
    """`; did you mean …?` with the nearest of some (what is compared, name), `""` where none is near."""
    wanted = wanted[:_SHOWN].lower()
    alike: dict[str, str] = {}
    for compared, name in known:
        near = abs(len(compared) - len(wanted)) <= 3 and (compared[:3] == wanted[:3] or compared[-4:] == wanted[-4:])
        if near and compared != wanted:
            alike.setdefault(compared.lower(), name)
            if len(alike) >= _COMPARED:
                break
    found = difflib.get_close_matches(wanted, list(alike), n=1, cutoff=0.8)
    return f"; did you mean {visible(alike[found[0]][:_SHOWN])}?" if found else ""
