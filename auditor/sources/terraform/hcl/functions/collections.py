"""Functions over lists, sets, maps and objects.

Source: developer.hashicorp.com/terraform/language/functions, section Collection Functions
"""

from __future__ import annotations

import itertools
from typing import Any

from auditor.sources.terraform.hcl import operators
from auditor.sources.terraform.hcl.functions.graphemes import graphemes
from auditor.sources.terraform.hcl.functions.registry import function
from auditor.sources.terraform.hcl.values import (
    MAX_ELEMENTS,
    Problem,
    Reference,
    SetValue,
    Unknown,
    Value,
    derived,
    first_unknown,
    identity,
    is_primitive,
    kind,
    one_type,
    to_integer,
    to_number,
    to_string,
)


def listed(value: Value) -> list[Any]:
    """A list, set or tuple. Raises `Problem`."""
    if not isinstance(value, list):
        raise Problem(f"a list is needed, not {kind(value)}")
    return value


def mapped(value: Value) -> dict[str, Any]:
    """A map or object. Raises `Problem`."""
    if not isinstance(value, dict):
        raise Problem(f"a map is needed, not {kind(value)}")
    return value


def _several(value: list[Any]) -> Unknown | None:
    """Why the elements of a set are unknown in number: two that are not known yet may be one."""
    return first_unknown(value) if isinstance(value, SetValue) else None


@function("alltrue", partial=True)
def all_true(values: Value) -> Value:
    """Whether all elements are true."""
    return _decided(values, stop=False)


@function("anytrue", partial=True)
def any_true(values: Value) -> Value:
    """Whether an element is true."""
    return _decided(values, stop=True)


def _decided(values: Value, *, stop: bool) -> Value:
    unknown: Unknown | None = None
    for value in listed(values):
        if (found := first_unknown(value)) is not None:
            unknown = unknown or found
        elif (value is not None and operators.truth(value)) is stop:
            return stop
    return derived(unknown) if unknown else not stop


@function("chunklist", partial=True)
def chunks(values: Value, size: Value) -> Value:
    """A list in lists of a size."""
    if (unknown := first_unknown(size)) is not None:
        return derived(unknown)
    count, elements = to_integer(size), listed(values)
    if count < 0:
        raise Problem("a size below zero")
    return [elements[i : i + count] for i in range(0, len(elements), count)] if count else [list(elements)]


@function("coalesce", lazy=True)
def coalesce(*values: Value) -> Value:
    """The first value that is neither null nor empty text, in the one type that all have."""
    for value in values:
        if isinstance(value, Unknown | Reference):
            return value
        if value is not None and value != "":
            known = [other for other in values if is_primitive(other)]
            return one_type([value, *known])[0] if is_primitive(value) else value
    raise Problem("no value is neither null nor empty")


@function("coalescelist", lazy=True)
def coalesce_list(*values: Value) -> Value:
    """The first list that is not empty."""
    for value in values:
        if isinstance(value, Unknown):
            return value
        if value:
            return value
    raise Problem("all lists are empty")


@function("compact", nulls=True)
def compact(values: Value) -> Value:
    """Without empty texts and nulls."""
    return [to_string(value) for value in listed(values) if value not in (None, "")]


@function("concat", partial=True)
def concat(first: Value, *others: Value) -> Value:
    """Lists one after the other."""
    lists = (first, *others)
    for one in lists:
        if (unknown := _several(listed(one))) is not None:
            return derived(unknown)
    return list(itertools.chain.from_iterable(lists))


@function("contains", partial=True)
def contains(values: Value, wanted: Value) -> Value:
    """Whether a list has a value."""
    unknown: Unknown | None = None
    for value in listed(values):
        same = operators.equal(value, wanted)
        if same is True:
            return True
        if isinstance(same, Unknown):
            unknown = unknown or same
    return derived(unknown) if unknown else False


@function("distinct")
def distinct(values: Value) -> Value:
    """Each element once, where it comes first."""
    unique: dict[Any, Value] = {}
    for value in one_type(listed(values)):
        unique.setdefault(identity(value), value)
    return list(unique.values())


@function("element", partial=True)
def element(values: Value, position: Value) -> Value:
    """The element at a position, counted on from the beginning where the list is shorter."""
    if (unknown := first_unknown(position) or _several(listed(values))) is not None:
        return derived(unknown)
    at = to_integer(position)
    if not values:
        raise Problem("an empty list has no elements")
    return values[at % len(values)]


@function("flatten", partial=True)
def flatten(values: Value) -> Value:
    """Lists of lists as one list."""
    flat: list[Value] = []
    waiting = list(reversed(listed(values)))
    while waiting:
        value = waiting.pop()
        if isinstance(value, Unknown):
            return derived(value)  # it may be a list
        if isinstance(value, list):
            if (unknown := _several(value)) is not None:
                return derived(unknown)
            waiting += reversed(value)
        else:
            flat.append(value)
    return flat


@function("index")
def index(values: Value, wanted: Value) -> Value:
    """The position of a value."""
    for position, value in enumerate(listed(values)):
        if operators.equal(value, wanted) is True:
            return position
    raise Problem("the list does not have the value")


@function("keys", partial=True)
def keys(value: Value) -> Value:
    """The keys of a map, sorted."""
    return sorted(mapped(value), key=lambda key: key.encode("utf-8", "surrogatepass"))


@function("values", partial=True)
def values_of(value: Value) -> Value:
    """The values of a map, in the order of its keys."""
    return [value[key] for key in keys(value)]


@function("length", partial=True)
def length(value: Value) -> Value:
    """How many elements or characters."""
    if isinstance(value, SetValue) and (unknown := _several(value)) is not None:
        return derived(unknown)
    if isinstance(value, str):
        return len(graphemes(value))
    if isinstance(value, list | dict):
        return len(value)
    raise Problem(f"{kind(value)} has no length")


@function("lookup", partial=True, nulls=True)
def lookup(value: Value, key: Value, *default: Value) -> Value:
    """The value of a key, or the default."""
    if (unknown := first_unknown(key)) is not None:
        return derived(unknown)
    name = to_string(key)
    if name in mapped(value):
        return value[name]
    if not default:
        raise Problem(f"there is no element {name!r}")
    return default[0]


@function("matchkeys")
def match_keys(values: Value, keys_of_values: Value, wanted: Value) -> Value:
    """The values whose keys are among those wanted."""
    if len(listed(values)) != len(listed(keys_of_values)):
        raise Problem("the lists are of several lengths")
    searched = {identity(key) for key in listed(wanted)}
    return [value for value, key in zip(values, keys_of_values, strict=True) if identity(key) in searched]


@function("merge", partial=True, nulls=True)
def merge(*maps: Value) -> Value:
    """Maps in one; of the same keys the last counts."""
    merged: dict[str, Value] = {}
    for one in maps:
        if one is not None:
            merged.update(mapped(one))
    return merged


@function("one", partial=True)
def one(values: Value) -> Value:
    """The only element, or null where there is none."""
    if (unknown := _several(listed(values))) is not None:
        return derived(unknown)
    if len(values) > 1:
        raise Problem("the list has several elements")
    return values[0] if values else None


@function("range")
def number_range(*limits: Value) -> Value:
    """Numbers from a start (0) up to a limit, in steps (1)."""
    numbers = [to_number(limit) for limit in limits]
    if not 1 <= len(numbers) <= 3:
        raise Problem("one to three numbers are needed")
    start, limit = (0, numbers[0]) if len(numbers) == 1 else (numbers[0], numbers[1])
    step = numbers[2] if len(numbers) == 3 else (1 if limit >= start else -1)
    if step == 0 or ((limit > start) != (step > 0) and limit != start):
        raise Problem("the step leads away from the limit")
    made: list[Value] = []
    current = start
    while (current < limit) if step > 0 else (current > limit):
        if len(made) >= 1024:
            raise Problem("more than 1024 numbers")
        made.append(current)
        current = operators.arithmetic("+", current, step)
    return made


@function("reverse", partial=True)
def reverse(values: Value) -> Value:
    """Backwards."""
    if (unknown := _several(listed(values))) is not None:
        return derived(unknown)
    return list(reversed(values))


@function("setintersection")
def set_intersection(first: Value, *others: Value) -> Value:
    """What all sets have."""
    begin, *rest = _of_one_type(first, *others)
    common = [{identity(value) for value in other} for other in rest]
    return SetValue(value for value in begin if all(identity(value) in other for other in common))


@function("setunion")
def set_union(first: Value, *others: Value) -> Value:
    """What any of the sets has."""
    return SetValue(itertools.chain.from_iterable(_of_one_type(first, *others)))


@function("setsubtract")
def set_subtract(first: Value, second: Value) -> Value:
    """What the first set has and the second has not."""
    left, right = _of_one_type(first, second)
    gone = {identity(value) for value in right}
    return SetValue(value for value in left if identity(value) not in gone)


def _of_one_type(*sets: Value) -> list[list[Value]]:
    """The sets, their elements converted to the one type that all have."""
    elements = iter(one_type([value for one_set in sets for value in listed(one_set)]))
    return [[next(elements) for _ in one_set] for one_set in sets]


@function("setproduct", partial=True)
def set_product(*sets: Value) -> Value:
    """All combinations of elements."""
    if len(sets) < 2:
        raise Problem("at least two lists are needed")
    count = 1
    for one_set in sets:
        if (unknown := _several(listed(one_set))) is not None:
            return derived(unknown)
        count *= len(one_set)
    if count > MAX_ELEMENTS:
        raise Problem("the list is too long")
    combined = [list(combination) for combination in itertools.product(*sets)]
    return SetValue(combined) if all(isinstance(one_set, SetValue) for one_set in sets) else combined


@function("slice", partial=True)
def slice_of(values: Value, start: Value, end: Value) -> Value:
    """The elements from a position up to another."""
    if (unknown := first_unknown(start) or first_unknown(end)) is not None:
        return derived(unknown)
    first, last = to_integer(start), to_integer(end)
    if not 0 <= first <= last <= len(listed(values)):
        raise Problem("the positions are outside of the list")
    return list(values[first:last])


@function("sum")
def total(values: Value) -> Value:
    """The sum of numbers."""
    if not listed(values):
        raise Problem("an empty list has no sum")
    result: int | float = 0
    for value in values:
        result = operators.arithmetic("+", result, to_number(value))
    return result


@function("transpose")
def transpose(value: Value) -> Value:
    """A map of lists with keys and elements swapped."""
    swapped: dict[str, list[str]] = {}
    for key in keys(value):
        for member in listed(value[key]):
            swapped.setdefault(to_string(member), []).append(key)
    return {key: sorted(swapped[key]) for key in sorted(swapped)}


@function("zipmap", partial=True)
def zip_map(names: Value, values: Value) -> Value:
    """Two lists as a map."""
    if (unknown := first_unknown(names) or _several(listed(values))) is not None:
        return derived(unknown)
    if len(listed(names)) != len(values):
        raise Problem("the lists are of several lengths")
    return {to_string(name): value for name, value in zip(names, values, strict=True)}
