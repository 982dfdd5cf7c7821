"""Assets written back as Terraform: the tables of the conversion, read from right to left.

The attributes are those of the provider's schema and the values those of an asset, so that a table which misspells
either of them cannot bring a value back.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib import resources
from typing import Any

from auditor.sources.terraform import hcl
from auditor.sources.terraform.mapping import Mapping, Slot

SCHEMA: dict[str, Any] = json.loads(resources.files(hcl).joinpath("provider_schema.json").read_bytes())
_NONE: Any = object()


def written_back(kind: str, mapping: Mapping, data: dict[str, Any]) -> dict[str, Any]:
    """The attributes and blocks of a Terraform resource that says what the data of an asset says."""
    return _block(mapping, SCHEMA[kind], "", data, "")


def _block(mapping: Mapping, schema: dict[str, Any], path: str, data: dict[str, Any], container: str) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, part in schema.items():
        slot = mapping.slots(path).get(name) or mapping.slot(path, name)
        if slot.api is None or (isinstance(part, str) and part.startswith("!")):
            continue
        short = slot.api[len(container) + 1 :] if container else slot.api
        value = _at(data, short)
        if isinstance(part, list):
            blocks = list(_blocks(mapping, part[0], slot, value, data, container))
            if blocks:
                made[name] = blocks
        elif value is not _NONE:
            found = _before(slot, value, part.lstrip("?!").partition("=")[0])
            if found is not _NONE:
                made[name] = found
    return made


def _blocks(
    mapping: Mapping, schema: dict[str, Any], slot: Slot, value: Any, data: dict[str, Any], container: str
) -> Iterator[dict[str, Any]]:
    assert slot.api is not None
    if slot.is_list:
        for element in value if isinstance(value, list) else []:
            yield _block(mapping, schema, f"{slot.path}.", element, slot.api)
        return
    inner = _block(mapping, schema, f"{slot.path}.", data, container)
    if inner or (isinstance(value, dict) and slot.api != mapping.base):
        yield inner


def _before(slot: Slot, value: Any, kind: str) -> Any:
    """What the attribute must be for the API to have this value."""
    convert = slot.row.convert if slot.row is not None else None
    if convert is None:
        return value if isinstance(value, list) == kind.startswith("l") else _NONE
    for candidate in (value, *_near(value)):
        try:
            if convert(candidate) == value:
                return candidate
        except (AttributeError, TypeError, ValueError, KeyError, IndexError):
            continue
    return _NONE


def _near(value: Any) -> Iterator[Any]:
    """What may become the value in a conversion."""
    yield from (True, False)
    if isinstance(value, str):
        yield from (value.lower(), value.rpartition("/")[2], [value], value.removesuffix("s"))
    if isinstance(value, list):
        if all(isinstance(entry, dict) for entry in value):
            yield {entry.get("key", entry.get("name", "")): entry.get("value") for entry in value}
            for name in ("name", "value", "email", "id"):
                yield [entry.get(name) for entry in value]
        yield from (json.dumps(value), [str(entry) for entry in value], value[0] if value else "")
    if isinstance(value, dict):
        yield json.dumps(value)
        yield from ([entry] for entry in value.values())
        yield from value.values()


def _at(data: Any, path: str) -> Any:
    for step in path.split(".") if path else ():
        if not isinstance(data, dict) or step not in data:
            return _NONE
        data = data[step]
    return data


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """(path, value) of everything in an asset's data that is neither object nor list."""
    if isinstance(value, dict):
        for key, entry in value.items():
            yield from leaves(entry, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for position, entry in enumerate(value):
            yield from leaves(entry, f"{path}.{position}")
    else:
        yield path, value
