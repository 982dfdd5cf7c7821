"""What a set of permissions is good for: the ways of the escalation catalogue that it holds, as masks of a role table.

Of several primitives that win the same (all ways to deploy something that runs as a chosen account) one is enough:
the first that is certain, else the first. Parts of ways of several permissions are told apart, because another role
may have the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import NamedTuple

from auditor.access.primitives import ACT_AS, Edge, Gain, Kind, Primitive, primitives
from auditor.access.role_table import RoleTable

TAKE_OVER, RELAY, DEPLOY, ACT = "take over", "relay", "deploy", "act as"
KEY = "sa.key"
PROJECTS, FOLDERS, ORGANIZATIONS = "own projects", "own folders", "own organizations"
"""Keys of abilities that several primitives give. Of all others the key is the primitive's id."""

_GUESSED = ("attached.bucket.supply",)
_OWN = {"policy.project": PROJECTS, "policy.folder": FOLDERS, "policy.org": ORGANIZATIONS}
_SHARED = {
    Gain.SERVICE_ACCOUNT: TAKE_OVER,
    Gain.SERVICE_ACCOUNT_RELAY: RELAY,
}


class Gained(NamedTuple):
    """An ability, the primitive that gives it, and whether that one is certain."""

    key: str
    primitive: Primitive
    certain: bool


class _Way(NamedTuple):
    mask: int
    gained: Gained


def key_of(primitive: Primitive) -> str:
    """The ability that a primitive gives."""
    if primitive.id in _OWN:
        return _OWN[primitive.id]
    if primitive.gain is Gain.ATTACHABLE_ACCOUNT and primitive.edge is Edge.BINDING:
        return DEPLOY
    return KEY if primitive.id == KEY else _SHARED.get(primitive.gain, primitive.id)


def is_drawn(primitive: Primitive, day: date) -> bool:
    """Whether a primitive becomes edges of permissions on a day.

    What wins a service account for a few APIs or audiences only does not lead to control, and is left out; so is what
    would be guessed from the name of a bucket.
    """
    drawn = primitive.edge is not Edge.NONE and primitive.kind is not Kind.LIMITED and primitive.id not in _GUESSED
    return drawn and bool(primitive.ways) and primitive.works_on(day)


class Abilities:
    """The catalogue over the permissions of a role table, as of a day."""

    def __init__(self, roles: RoleTable, day: date) -> None:
        self._roles = roles
        self._ways = sorted(self._read(day), key=lambda way: not way.gained.certain)
        self.parts: list[tuple[tuple[int, ...], Gained]] = []
        """Ways of several permissions, as single bits: what different roles may give together."""
        for way in self._ways:
            bits = tuple(_bits(way.mask))
            if len(bits) > 1:
                self.parts.append((bits, way.gained))
        self.act_as = self._mask([ACT_AS]) or 0
        self.relevant = self.act_as
        for way in self._ways:
            self.relevant |= way.mask
        self._of_mask: dict[int, dict[str, Gained]] = {}

    def _read(self, day: date) -> Iterator[_Way]:
        for primitive in primitives():
            if not is_drawn(primitive, day):
                continue
            for way in primitive.ways:
                key, certain = key_of(primitive), primitive.is_certain
                mask = self._mask(way)
                if mask is None:
                    continue
                yield _Way(mask, Gained(key, primitive, certain))
                more = self._mask(primitive.also) if primitive.also else None
                if more is not None:
                    yield _Way(mask | more, Gained(key, primitive, True))

    def _mask(self, permissions: Iterable[str]) -> int | None:
        """The permissions as a mask; None where the table does not know one: then nobody is known to hold it."""
        mask = 0
        for permission in permissions:
            place = self._roles.index(permission)
            if place is None:
                return None
            mask |= 1 << place
        return mask

    def mask(self, *permissions: str) -> int:
        """Those of some permissions that the table knows, as a mask."""
        return sum(1 << place for place in map(self._roles.index, permissions) if place is not None)

    def of(self, mask: int) -> dict[str, Gained]:
        """The abilities that a set of permissions gives, by key; the best primitive of each."""
        relevant = mask & self.relevant
        found = self._of_mask.get(relevant)
        if found is None:
            found = {}
            for way in self._ways:
                if way.mask & relevant == way.mask:
                    found.setdefault(way.gained.key, way.gained)
            self._of_mask[relevant] = found
        return found

    def missing(self, mask: int) -> Iterator[int]:
        """The permissions (as bits) of a set that are parts of ways which it does not hold whole."""
        held = self.of(mask)
        seen = 0
        for bits, gained in self.parts:
            have = held.get(gained.key)
            if have is not None and (have.certain or not gained.certain):
                continue
            for bit in bits:
                if mask & bit and not seen & bit:
                    seen |= bit
                    yield bit


def _bits(mask: int) -> Iterator[int]:
    while mask:
        lowest = mask & -mask
        yield lowest
        mask ^= lowest
