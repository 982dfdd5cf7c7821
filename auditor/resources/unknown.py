"""Questions about many things of which some are unknown: what is known decides where it can.

`any` and `in` already do so over an open list; these do it too where an element itself is unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from auditor.resources.base import Resource, Undetermined

T = TypeVar("T")
R = TypeVar("R")


def told(value: T | None, what: str) -> T:
    """A value that the API always returns. Raises `Undetermined` where the asset's data does not hold it."""
    if value is None:
        raise Undetermined(what, "the asset's data does not say")
    return value


def some(items: Iterable[T], test: Callable[[T], bool]) -> bool:
    """Whether `test` holds for an element; what is unknown of the others then does not matter.

    Raises `Undetermined` where it holds for none that is known, and one that is unknown might.
    """
    return next(_matches(items, test), None) is not None


def matching(items: Iterable[T], test: Callable[[T], bool]) -> list[T]:
    """The elements for which `test` holds. Raises `Undetermined` where there is none and one might be unknown."""
    found: list[T] = []
    try:
        for (item,) in _matches(items, test):
            found.append(item)
    except Undetermined:
        if not found:
            raise
    return found


def known_first(items: Iterable[T], read: Callable[[T], Iterable[R]]) -> Iterator[R]:
    """What `read` gives for each element. What is unknown is raised last, so that what is known can decide."""
    doubt: Undetermined | None = None
    try:
        for item in items:
            try:
                yield from read(item)
            except Undetermined as unknown:
                doubt = doubt or _placed(unknown, item)
    except Undetermined as unknown:  # there may be more elements
        doubt = doubt or unknown
    if doubt is not None:
        raise doubt


def _matches(items: Iterable[T], test: Callable[[T], bool]) -> Iterator[tuple[T]]:
    return known_first(items, lambda item: [(item,)] if test(item) else [])


def _placed(unknown: Undetermined, item: object) -> Undetermined:
    """`unknown` with its cause, where it was met in another asset than the one that is asked."""
    if unknown.cause or not isinstance(item, Resource):
        return unknown
    return Undetermined(unknown.what, f"not known of {item.asset.short_name}", unknown.part)
