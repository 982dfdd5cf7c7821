"""The form in which roles and their permissions are stored: one line that people can read, then packed data.

The line is `auditor-roles 1 2026-08-22`: the form, its version and the day that the facts are of. What follows is a
zlib stream of MessagePack with the permissions in order and, for each role, name, launch stage, title and a set of
bits with the number of empty bytes before it, so that the many roles of one service are short: counted from the
lowest bit of the first of these bytes, bit i is permission i.
"""

from __future__ import annotations

import contextlib
import os
import zlib
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated

import msgspec

BUILT_IN = Path(__file__).with_name("roles.bin")

_FORM = "auditor-roles 1"
_LONGEST_LINE = 64
_LARGEST = 1 << 28
"""Bytes of unpacked data: a hundred times what Google's roles take. A larger file is damaged, or means harm."""


class UnreadableRoles(Exception):  # noqa: N818 - the message is the sentence that the user reads
    """A file does not hold roles in the form that this module writes."""


class StoredRole(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A role, its permissions as bits after `skipped` empty bytes. `title` is `""` where it is not known."""

    name: str
    stage: str
    title: str
    skipped: Annotated[int, msgspec.Meta(ge=0, le=_LARGEST)]
    bits: bytes

    @property
    def mask(self) -> int:
        """The permissions as a number, bit i for permission i."""
        return int.from_bytes(self.bits, "little") << 8 * self.skipped

    @property
    def width(self) -> int:
        """No permission of the role has a place from this one on."""
        return 8 * (self.skipped + len(self.bits) - 1) + self.bits[-1].bit_length() if self.bits else 0


class _Body(msgspec.Struct, array_like=True, frozen=True):
    permissions: list[str]
    roles: list[StoredRole]


class Roles(msgspec.Struct, frozen=True):
    """The roles of one day. `permissions` has no name twice; each role's bits are places in it."""

    as_of: date
    permissions: Sequence[str]
    roles: Sequence[StoredRole]


class NamedRole(msgspec.Struct, frozen=True):
    """A role with the names of its permissions, as APIs tell it."""

    name: str
    stage: str
    title: str
    permissions: Sequence[str]


def gathered(as_of: date, roles: Iterable[NamedRole], known: Iterable[str] = ()) -> Roles:
    """`roles` in the stored form, sorted by name; `known` are permissions that no role may hold."""
    named = sorted(roles, key=lambda role: role.name)
    permissions = sorted({*known, *(permission for role in named for permission in role.permissions)})
    places = {permission: place for place, permission in enumerate(permissions)}
    return Roles(
        as_of,
        permissions,
        [
            StoredRole(role.name, role.stage, role.title, *_bits(places[permission] for permission in role.permissions))
            for role in named
        ],
    )


def mask_of(places: Iterable[int]) -> int:
    """The number with a bit at each place; unlike a sum of shifts, it takes no longer for many."""
    bits = bytearray()
    for place in places:
        if place >> 3 >= len(bits):
            bits.extend(bytes((place >> 3) + 1 - len(bits)))
        bits[place >> 3] |= 1 << (place & 7)
    return int.from_bytes(bits, "little")


def _bits(places: Iterable[int]) -> tuple[int, bytes]:
    mask = mask_of(places)
    bits = mask.to_bytes((mask.bit_length() + 7) // 8, "little")
    trimmed = bits.lstrip(b"\0")
    return len(bits) - len(trimmed), trimmed


def packed(roles: Roles) -> bytes:
    """The bytes of a file."""
    body = msgspec.msgpack.encode(_Body(list(roles.permissions), list(roles.roles)))
    return f"{_FORM} {roles.as_of.isoformat()}\n".encode() + zlib.compress(body, 9)


def unpacked(data: bytes) -> Roles:
    """The roles in the bytes of a file. Raises `UnreadableRoles`."""
    line, end, stream = data.partition(b"\n")
    as_of = _day(line if end else b"")
    reader = zlib.decompressobj()
    try:
        body = msgspec.msgpack.decode(reader.decompress(stream, _LARGEST), type=_Body)
    except (zlib.error, msgspec.MsgspecError) as error:
        raise UnreadableRoles(f"the list of roles is damaged ({error})") from None
    if not reader.eof or reader.unused_data:
        raise UnreadableRoles("the list of roles is damaged (it ends too early or too late)")
    if len(set(body.permissions)) != len(body.permissions):
        raise UnreadableRoles("the list of roles is damaged (it names a permission twice)")
    if any(role.width > len(body.permissions) for role in body.roles):
        raise UnreadableRoles("the list of roles is damaged (a role holds a permission without a name)")
    return Roles(as_of, body.permissions, body.roles)


def day_of(path: Path) -> date:
    """The day that a file's facts are of, without reading the rest. Raises `UnreadableRoles` and `OSError`."""
    with path.open("rb") as file:
        return _day(file.readline(_LONGEST_LINE).rstrip(b"\n"))


def _day(line: bytes) -> date:
    form, _, day = line.decode("utf-8", "replace").rpartition(" ")
    if form != _FORM:
        raise UnreadableRoles("not a list of roles that this version of auditor writes")
    try:
        return date.fromisoformat(day)
    except ValueError:
        raise UnreadableRoles("the list of roles has no date") from None


def write(path: Path, roles: Roles) -> None:
    """Write a file, with the folders above it, whole or not at all. Raises `OSError`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        beside.write_bytes(packed(roles))
        beside.replace(path)
    finally:
        with contextlib.suppress(OSError):  # it is gone where it was moved into place
            beside.unlink(missing_ok=True)
