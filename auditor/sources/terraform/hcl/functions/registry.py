"""The table of functions, and how one is called with values that may be unknown."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from auditor.sources.terraform.hcl.values import (
    Problem,
    Reference,
    Unknown,
    Value,
    derived,
    first_unknown,
)

F = TypeVar("F", bound=Callable[..., Value])


@dataclass(frozen=True, slots=True)
class Folders:
    """What functions may read: files inside of the folders `allowed`, named from `working`."""

    working: Path
    allowed: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Function:
    """A function and what it can do with the unknown."""

    call: Callable[..., Value]
    partial: bool
    """Whether it copes with collections whose elements are unknown."""
    lazy: bool
    """Whether it copes with arguments that are unknown as a whole."""
    nulls: bool
    """Whether its arguments may be null."""
    reads: bool
    """Whether it takes the folders as first argument."""
    signature: inspect.Signature


FUNCTIONS: dict[str, Function] = {}
UNTOLD = {
    "abspath": "it depends on the machine",
    "base64gzip": "it depends on the version of the compression",
    "bcrypt": "it is different at every run",
    "ephemeralasnull": "it depends on what is ephemeral",
    "issensitive": "it depends on what is sensitive",
    "plantimestamp": "it is the time of the plan",
    "rsadecrypt": "private keys are not used",
    "timestamp": "it is the time of the run",
    "uuid": "it is different at every run",
    "yamlencode": "YAML is not written here",
}
"""Functions whose result the files do not tell, and why."""


def function(
    *names: str, partial: bool = False, lazy: bool = False, nulls: bool = False, reads: bool = False
) -> Callable[[F], F]:
    """Enter a function into the table."""

    def enter(call: F) -> F:
        for name in names:
            FUNCTIONS[name] = Function(call, partial or lazy, lazy, nulls or lazy, reads, inspect.signature(call))
        return call

    return enter


def call(name: str, arguments: list[Value], folders: Folders) -> Value:
    """The result of a function; `Unknown` where it needs what is unknown. Raises `Problem`."""
    plain = name.removeprefix("core::")
    if plain in UNTOLD:
        return Unknown(f"{plain}(): {UNTOLD[plain]}")
    found = FUNCTIONS.get(plain)
    if found is None:
        if plain.startswith("provider::"):
            return Unknown(f"{plain}() is a function of a provider")
        raise Problem(f"there is no function {plain}")
    for argument in arguments:
        missing = _missing(argument, found)
        if missing is not None:
            return derived(missing)
        if argument is None and not found.nulls:
            raise Problem(f"{plain}() of null")
    given = [folders, *arguments] if found.reads else arguments
    try:
        found.signature.bind(*given)
    except TypeError:
        raise Problem(f"{plain}() does not take {len(arguments)} arguments") from None
    try:
        return found.call(*given)
    except (ValueError, OverflowError, MemoryError) as error:
        raise Problem(f"{plain}() cannot be calculated ({error})") from None
    except Problem as problem:
        raise Problem(f"{plain}(): {problem}") from None


def _missing(argument: Value, found: Function) -> Unknown | None:
    """What of an argument is unknown and in the way of the function."""
    if found.lazy:
        return None
    if found.partial:
        return first_unknown(argument) if isinstance(argument, Unknown | Reference) else None
    return first_unknown(argument)
