"""What the installed clients cannot tell: fields that checks read and that a client's messages do not have.

A service may be ahead of its client. What it answers beyond the client's messages is lost when they are read, so that
such a field is unknown, never absent. Assets of the inventory come as free JSON and lose nothing.
"""

from __future__ import annotations

import typing
from functools import cache
from typing import Any

import msgspec

from auditor.resources.base import VIEWS, View
from auditor.sources.live.declaration import Record

_FREE = ("google.protobuf.Struct", "google.protobuf.Value", "google.protobuf.Any")


def mark(record: Record, message: Any) -> Record:
    """The record, with those fields marked unknown that its message cannot hold."""
    fields = lost(record["asset_type"], message.DESCRIPTOR)
    if fields:
        service = record["asset_type"].partition("/")[0]
        cause = f"the installed client of {service} does not know this field; upgrade it"
        record["unknown"] = {f"resource.data.{path}": cause for path in fields}
    return record


@cache
def lost(asset_type: str, descriptor: Any) -> tuple[str, ...]:
    """The JSON paths that checks may read of a type and that a message has no field for."""
    view = VIEWS.get(asset_type)
    return tuple(_lost(view, descriptor, (view,))) if view is not None else ()


def _lost(view: type[View], descriptor: Any, above: tuple[Any, ...]) -> typing.Iterator[str]:
    by_name = {field.json_name: field for field in descriptor.fields}
    for field in msgspec.structs.fields(view):
        name = field.encode_name
        if name.startswith("#"):
            continue
        if name not in by_name:
            yield name
            continue
        inner, is_list = _view_of(field.type)
        message = by_name[name].message_type
        if inner is None or message is None or message.full_name in _FREE or inner in above:
            continue
        paths = list(_lost(inner, message, (*above, inner)))
        if is_list and paths:  # of elements nothing can be said one by one
            yield name
        elif not is_list:
            yield from (f"{name}.{path}" for path in paths)


def _view_of(annotation: Any) -> tuple[type[View] | None, bool]:
    """The view in a field's type, and whether the field is a list of them."""
    if isinstance(annotation, type) and issubclass(annotation, View):
        return annotation, False
    origin = typing.get_origin(annotation)
    for argument in typing.get_args(annotation):
        inner, is_list = _view_of(argument)
        if inner is not None:
            return inner, is_list or origin is list
    return None, False
