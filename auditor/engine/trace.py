"""What a check reads of a resource: a stand-in hands out the resource's values and writes down which.

A check is a function of what it is handed, so two resources that agree in everything that a check read
of the one get the same verdict. The stand-in of a view is a subclass of it whose own fields are empty:
code that reads past it, as a comparison of two views would, fails instead of going unnoticed.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from auditor.resources.base import Asset, Resource, Undetermined, View
from auditor.resources.policy import Policy

_PACK = msgspec.msgpack.Encoder().encode

_PLAIN = frozenset({str, bool, int, type(None)})
"""Types whose values are compared as they are; no view has a field that may be a number or a truth value."""

Step = str | int
"""An attribute's name, or an index."""
Path = tuple[Step, ...]


class Kind(Enum):
    """How a value that was read is compared."""

    PLAIN = "{}"
    TRUTH = "({} and True)"
    PACKED = "pack({})"
    LENGTH = "len({})"
    THERE = "{} is not None"


OTHERWISE = (AttributeError, IndexError, TypeError, Undetermined)
Read = tuple[Path, Kind]
Key = Callable[[Any], tuple[Any, ...]]


class _Deeper(Exception):  # noqa: N818 - it asks for more
    """More of a text was read than whether it is empty."""


class _Text:
    """Stands for a text of which only matters whether it is empty; whatever else is done with it fails."""

    __slots__ = ("_is_empty",)

    def __init__(self, value: str) -> None:
        self._is_empty = not value

    def __bool__(self) -> bool:
        return not self._is_empty

    if not TYPE_CHECKING:

        @property
        def __class__(self):
            return str  # whoever asks for its type takes it for a text

    def _deeper(self, *_: object) -> Any:
        raise _Deeper

    __getattr__ = __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __hash__ = __contains__ = _deeper
    __len__ = __iter__ = __getitem__ = __add__ = __radd__ = __mod__ = __str__ = __repr__ = __format__ = _deeper


class Trace:
    """Everything that was read of one resource through its stand-in, in order, with the values.

    With `lightly`, texts are handed out as something that tells no more than whether they are empty: that is all
    that many checks ask, and texts differ from asset to asset. A check that wants to know more then raises.
    """

    def __init__(self, subject: Resource | Policy[Any], *, lightly: bool = False) -> None:
        self.reads: dict[Read, Any] = {}
        self._lightly = lightly
        self._behind: dict[int, tuple[Struct, Path]] = {}
        self._alive: list[Struct] = []  # an id means nothing once its object is gone
        self.stand_in: Any = self._wrap(subject, ())

    def __enter__(self) -> Trace:
        _traces.append(self)
        return self

    def __exit__(self, *_: object) -> None:
        _traces.remove(self)

    def _wrap(self, real: Struct, path: Path) -> Struct:
        stand_in = _hollow(type(real))
        self._alive.append(stand_in)
        self._behind[id(stand_in)] = real, path
        return stand_in

    def read(self, stand_in: Struct, name: str) -> Any:
        """The value of a field, noted; what it holds in turn is handed out as a stand-in too."""
        real, path = self._behind[id(stand_in)]
        value = getattr(real, name)
        path = (*path, name)
        if isinstance(value, View | Asset):
            self.reads.setdefault((path, Kind.THERE), True)
            return self._wrap(value, path)
        if type(value) is list and all(isinstance(element, View) for element in value):
            self.reads.setdefault((path, Kind.LENGTH), len(value))
            return [self._wrap(element, (*path, index)) for index, element in enumerate(value)]
        if self._lightly and type(value) is str:
            self.reads.setdefault((path, Kind.TRUTH), value and True)
            return _Text(value)
        kind = Kind.PLAIN if type(value) in _PLAIN else Kind.PACKED
        self.reads.setdefault((path, kind), value if kind is Kind.PLAIN else _PACK(value))
        return value

    def answer(self, stand_in: Struct, name: str) -> bool | None:
        """What a property says, noted, if that is yes or no: then it does not matter what it was read from."""
        real, path = self._behind[id(stand_in)]
        try:
            value = getattr(real, name)
        except Undetermined:
            return None
        if type(value) is not bool:
            return None
        self.reads.setdefault(((*path, name), Kind.PLAIN), value)
        return value


_traces: list[Trace] = []


@cache
def _stand_in(shown: type[Struct]) -> type[Struct]:
    fields = frozenset(shown.__struct_fields__)
    properties = frozenset(name for name in dir(shown) if isinstance(inspect.getattr_static(shown, name), property))

    def read(self: Struct, name: str) -> Any:
        if name in fields:
            return _traces[-1].read(self, name)
        answer = _traces[-1].answer(self, name) if name in properties else None
        return object.__getattribute__(self, name) if answer is None else answer

    made: type[Struct] = types.new_class(
        shown.__name__, (shown,), exec_body=lambda names: names.update(__getattribute__=read)
    )
    return made


def _hollow(shown: type[Struct]) -> Struct:
    empty = _stand_in(shown)(**dict.fromkeys(shown.__struct_fields__))
    for name in shown.__struct_fields__:
        delattr(empty, name)
    return empty


def key_of(reads: tuple[Read, ...]) -> Key:
    """A function that reads the same of another resource, as one tuple.

    It raises one of `OTHERWISE` for a resource that is built otherwise.
    """
    deeper = {path[:length] for path, _ in reads for length in range(1, len(path))}
    values = [
        kind.value.format(_expression(path))
        for path, kind in reads
        if not (kind is Kind.THERE and path in deeper)  # reading on says as much
    ]
    source = f"lambda r: ({''.join(f'{value}, ' for value in values)})"
    key: Key = eval(source, {"pack": _PACK, "len": len, "__builtins__": {}})  # noqa: S307 - names of fields only
    return key


def _expression(path: Path) -> str:
    return "r" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
