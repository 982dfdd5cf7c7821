"""Free JSON (`google.protobuf.Struct`) from its bytes, where each value would cost several calls as a message.

Source: protobuf.dev/programming-guides/encoding; the fields' numbers are those of google/protobuf/struct.proto
"""

from __future__ import annotations

import struct
from typing import Any

_EXACT = 2.0**53
"""Up to here a double holds every whole number."""
_ENTRY = _KEY = _ELEMENT = 0x0A
_VALUE = 0x12
_NULL, _NUMBER, _STRING, _BOOL, _STRUCT, _LIST = 0x08, 0x11, 0x1A, 0x20, 0x2A, 0x32
"""The first byte of each kind of value: its field's number and wire type."""
_double = struct.Struct("<d").unpack_from


class Unforeseen(Exception):  # noqa: N818 - a case for the general way, not an error
    """Bytes that are no plain `Struct`: fields that a newer definition has, say."""


def read_struct(data: bytes) -> dict[str, Any]:
    """The object that a serialized `Struct` holds. Raises `Unforeseen`."""
    return _object(data, 0, len(data))


def number(value: float) -> Any:
    """A double as JSON has it: whole ones without point; infinities and NaN, which JSON lacks, as text."""
    if value.is_integer() and -_EXACT < value < _EXACT:
        return int(value)
    return value if value - value == 0 else str(value)


def _object(data: bytes, at: int, end: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    while at < end:
        if data[at] != _ENTRY:
            raise Unforeseen
        size, at = data[at + 1], at + 2
        if size > 127:
            size, at = _long(data, at - 1)
        stop = at + size
        if size < 2 or data[at] != _KEY:
            raise Unforeseen
        size, at = data[at + 1], at + 2
        if size > 127:
            size, at = _long(data, at - 1)
        key = data[at : at + size].decode()
        at += size
        if at >= stop or data[at] != _VALUE:
            raise Unforeseen
        size, at = data[at + 1], at + 2
        if size > 127:
            size, at = _long(data, at - 1)
        if at + size != stop:
            raise Unforeseen
        if size > 2 and data[at] == _STRING and data[at + 1] == size - 2 < 128:  # nearly always, and without a call
            found[key] = data[at + 2 : stop].decode()
        else:
            found[key] = _value(data, at, stop)
        at = stop
    return found


def _value(data: bytes, at: int, end: int) -> Any:
    if at == end:
        return None
    kind = data[at]
    if kind in (_STRING, _STRUCT, _LIST):
        size, at = data[at + 1], at + 2
        if size > 127:
            size, at = _long(data, at - 1)
        if at + size != end:
            raise Unforeseen
        if kind == _STRING:
            return data[at:end].decode()
        return _object(data, at, end) if kind == _STRUCT else _list(data, at, end)
    if kind == _NUMBER and at + 9 == end:
        return number(_double(data, at + 1)[0])
    if at + 2 != end or kind not in (_BOOL, _NULL):
        raise Unforeseen
    return bool(data[at + 1]) if kind == _BOOL else None


def _list(data: bytes, at: int, end: int) -> list[Any]:
    found: list[Any] = []
    while at < end:
        if data[at] != _ELEMENT:
            raise Unforeseen
        size, at = data[at + 1], at + 2
        if size > 127:
            size, at = _long(data, at - 1)
        if size > 2 and data[at] == _STRING and data[at + 1] == size - 2 < 128:
            found.append(data[at + 2 : at + size].decode())
        else:
            found.append(_value(data, at, at + size))
        at += size
    return found


def _long(data: bytes, at: int) -> tuple[int, int]:
    """(a length of more than one byte, where it ends)."""
    size = shift = 0
    while True:
        byte, at = data[at], at + 1
        size |= (byte & 127) << shift
        if byte < 128:
            return size, at
        shift += 7
