"""What a set of permissions is good for: the ways of the escalation catalogue that it holds, as masks of a role table.

Of several primitives that win the same (all ways to deploy something that runs as a chosen account) one is enough:
the first that is certain, else the first. Parts of ways of several permissions are told apart, because another role
may have the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from enum import Enum
from typing import NamedTuple

from auditor.access.control.primitives import ACT_AS, Edge, Gain, Kind, Primitive, primitives
from auditor.access.role_table import RoleTable

TAKE_OVER, RELAY, DEPLOY, ACT = "take over", "relay", "deploy", "act as"
KEY = "sa.key"
SUPPLY, REPOSITORIES = "attached.artifact.supply", "//artifactregistry"
"""The primitive that changes what workloads are made of, and how the names of such supplies begin."""
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


class Given(NamedTuple):
    """What a binding gives: an ability by a primitive, or one that needs no primitive by its key."""

    key: str
    gained: Gained | None
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


def drawn(day: date) -> list[Primitive]:
    """The primitives that become edges on a day."""
    return [primitive for primitive in primitives() if is_drawn(primitive, day)]


class Site(Enum):
    """What abilities are asked of."""

    CONTAINER = "container"
    ACCOUNT = "account"
    RESOURCE = "resource"


_OF_ACCOUNTS = (TAKE_OVER, RELAY, KEY)
_OF_RESOURCES = (Gain.ATTACHED_ACCOUNT, Gain.ATTACHABLE_ACCOUNT)


def counts_at(primitive: Primitive, site: Site) -> bool:
    """Whether a primitive wins anything where its permissions are held on such a thing, and not above it."""
    if site is Site.ACCOUNT:
        return key_of(primitive) in _OF_ACCOUNTS
    return site is Site.CONTAINER or (primitive.gain in _OF_RESOURCES and primitive.edge is Edge.INVENTORY)


class Abilities:
    """Some primitives of the catalogue over the permissions of a role table, at one kind of site."""

    def __init__(self, roles: RoleTable, drawn: Iterable[Primitive], site: Site = Site.CONTAINER) -> None:
        self._roles = roles
        chosen = [primitive for primitive in drawn if counts_at(primitive, site)]
        self._ways = sorted(self._read(chosen), key=lambda way: not way.gained.certain)
        self.parts: list[tuple[tuple[int, ...], Gained]] = []
        """Ways of several permissions, as single bits: what different roles may give together."""
        for way in self._ways:
            bits = tuple(_bits(way.mask))
            if len(bits) > 1:
                self.parts.append((bits, way.gained))
        self.act_as = 0 if site is Site.RESOURCE else self._mask([ACT_AS]) or 0
        self.relevant = self.act_as
        for way in self._ways:
            self.relevant |= way.mask
        self._of_mask: dict[int, dict[str, Gained]] = {}
        self._given: dict[tuple[int, int], tuple[Given, ...]] = {}

    def _read(self, chosen: Iterable[Primitive]) -> Iterator[_Way]:
        for primitive in chosen:
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

    def given(self, certain: int, possible: int) -> tuple[Given, ...]:
        """All that a binding gives of which some permissions are certain and others possible."""
        found = self._given.get((certain, possible))
        if found is None:
            gives = list(self._gives(certain, 0, True))
            if possible:
                gives += self._gives(certain | possible, certain, False)
            found = self._given[certain, possible] = tuple(gives)
        return found

    def _gives(self, mask: int, had: int, certain: bool) -> Iterator[Given]:
        """What a set of permissions gives that another does not."""
        before = self.of(had)
        for key, gained in self.of(mask).items():
            known = before.get(key)
            if known is None or (gained.certain and not known.certain):
                yield Given("", gained, certain)
        if mask & ~had & self.act_as:
            yield Given(ACT, None, certain)
        for bit in self.missing(mask):
            if not had & bit:
                yield Given(part_key(bit), None, certain)

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


def part_key(bit: int) -> str:
    """The ability to contribute one permission to a way of several."""
    return f"part {bit.bit_length()}"


def _bits(mask: int) -> Iterator[int]:
    while mask:
        lowest = mask & -mask
        yield lowest
        mask ^= lowest
