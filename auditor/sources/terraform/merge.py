"""Laying what a plan changes over the data that an export has, without losing what only the export knows.

An export shows the whole of what the API returns; a plan, what the provider manages, before and after. What is the
same before and after stays as the export has it; what differs becomes what it is after.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

_ADDS_ONLY = "a plan shows only the "
"""Begins the cause of a list that is only partly in the plan: an export has the rest."""
_ABSENT: Any = object()


@dataclass(slots=True)
class Merged:
    """The data after apply, and path → cause of what is unknown in it."""

    data: dict[str, Any]
    unknown: dict[str, str]


def merge(present: dict[str, Any], before: dict[str, Any], after: dict[str, Any], unknown: dict[str, str]) -> Merged:
    """`present` as it will be when what is `before` becomes `after`; `unknown` has the causes of unknown parts of that.

    Nothing that is given is changed.
    """
    partial = {path.removesuffix(".*") for path, cause in unknown.items() if cause.startswith(_ADDS_ONLY)}
    moved: dict[str, list[int | None]] = {}
    data = _object(copy.deepcopy(present), before, after, "", _Lists(partial, moved))
    told: dict[str, str] = {}
    for path, cause in unknown.items():
        if cause.startswith(_ADDS_ONLY) and isinstance(_at(present, path.removesuffix(".*")), list | None):
            continue  # an export has all of a list, and none of an empty one
        told.setdefault(_replaced(path, moved), cause)
    return Merged(data, told)


@dataclass(slots=True)
class _Lists:
    """What was learned of lists on the way: which the plan shows in part, and where their elements went."""

    partial: set[str]
    moved: dict[str, list[int | None]]


def _object(
    present: dict[str, Any], before: dict[str, Any], after: dict[str, Any], place: str, lists: _Lists
) -> dict[str, Any]:
    for key in [*before, *(key for key in after if key not in before)]:
        was, will, path = before.get(key, _ABSENT), after.get(key, _ABSENT), f"{place}{key}"
        here = present.get(key, _ABSENT)
        if isinstance(will, dict) and isinstance(here, dict):
            _object(here, was if isinstance(was, dict) else {}, will, f"{path}.", lists)
        elif isinstance(will, list) and isinstance(here, list):
            present[key], lists.moved[path] = _list(
                here, was if isinstance(was, list) else [], will, path in lists.partial
            )
        elif was == will:
            continue
        elif will is _ABSENT:
            present.pop(key, None)
        else:
            present[key] = copy.deepcopy(will)
    return present


def _list(here: list[Any], was: list[Any], will: list[Any], partial: bool) -> tuple[list[Any], list[int | None]]:
    """The list after apply, and where each element of `will` is in it.

    What the plan shows is looked for among the elements that are there, which may say more than the plan does.
    Elements that only the estate has come first, the others in the plan's order. A list of which something that
    leaves cannot be found is replaced, unless the plan shows only part of it.
    """
    at = _found(here, was)
    staying = list(zip(was, at, strict=True))
    made = [element for position, element in enumerate(here) if position not in at]
    places: list[int | None] = []
    for element in will:
        position = next((i for i, (one, _) in enumerate(staying) if one == element), None)
        index = None if position is None else staying.pop(position)[1]
        if position is not None and index is None:
            places.append(None)  # the plan takes for granted what the estate does not have
            continue
        places.append(len(made))
        made.append(copy.deepcopy(element) if index is None else here[index])
    if not partial and any(index is None for _, index in staying):
        return copy.deepcopy(will), list(range(len(will)))
    return made, places


def _found(here: list[Any], was: list[Any]) -> list[int | None]:
    """Where each element of a list is among those that are there, no place twice."""
    free = dict(enumerate(here))
    at: list[int | None] = []
    for element in was:
        position = next((i for i, one in free.items() if one == element), None)
        if position is None:
            position = next((i for i, one in free.items() if _covers(one, element)), None)
        if position is not None:
            del free[position]
        at.append(position)
    return at


def _covers(present: Any, element: Any) -> bool:
    """Whether what is there says all that the plan says, and perhaps more."""
    if isinstance(element, dict):
        return isinstance(present, dict) and all(
            key in present and _covers(present[key], value) for key, value in element.items()
        )
    if isinstance(element, list):
        return (
            isinstance(present, list)
            and len(present) == len(element)
            and all(_covers(one, other) for one, other in zip(present, element, strict=True))
        )
    return bool(present == element)


def _at(data: Any, path: str) -> Any:
    for step in path.split("."):
        data = data.get(step) if isinstance(data, dict) else None
    return data


def _replaced(path: str, moved: dict[str, list[int | None]]) -> str:
    """A path into what the plan shows as a path into the merged data; the whole list where an element is not found."""
    steps = path.split(".")
    made: list[str] = []
    for position, step in enumerate(steps):
        places = moved.get(".".join(steps[:position]))
        if places is not None and step.isdigit():
            place = places[int(step)] if int(step) < len(places) else None
            if place is None:
                return ".".join([*made, "*"])
            made.append(str(place))
        else:
            made.append(step)
    return ".".join(made)
