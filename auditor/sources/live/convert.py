"""From protobuf messages to the JSON that exports and REST answers hold.

What comes in bulk is converted by hand: the general converter takes several times as long.

Source: protobuf.dev/programming-guides/json (the JSON form of messages)
"""

from __future__ import annotations

from typing import Any

from auditor.sources.live.declaration import Place, Record
from auditor.sources.live.untold import mark
from auditor.sources.live.wire import Unforeseen, number, read_struct


def plain(message: Any, *, snake_case: bool = False) -> dict[str, Any]:
    """A message in its JSON form, with camelCase names unless told otherwise."""
    from google.protobuf.json_format import MessageToDict

    shown: dict[str, Any] = MessageToDict(message, preserving_proto_field_name=snake_case)
    return shown


def record(place: Place, name: str, asset_type: str, message: Any, *, without: tuple[str, ...] = ()) -> Record:
    """An asset whose data is a message, but for fields that are left out; what the message cannot tell is unknown."""
    data = {key: value for key, value in plain(message).items() if key not in without}
    return mark(place.record(name, asset_type, data), message)


def structure(message: Any) -> dict[str, Any]:
    """A `google.protobuf.Struct` as an object."""
    try:
        return read_struct(message.SerializeToString())
    except Unforeseen:
        return {name: _value(value) for name, value in message.fields.items()}


def _value(value: Any) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        return {name: _value(entry) for name, entry in value.struct_value.fields.items()}
    if kind == "list_value":
        return [_value(entry) for entry in value.list_value.values]
    if kind == "number_value":
        return number(value.number_value)
    return getattr(value, kind) if kind in ("string_value", "bool_value") else None


def asset(message: Any) -> Record:
    """A `google.cloud.asset.v1.Asset` as a line of an export: name and type first, snake_case."""
    shown_as: Record = {"name": message.name, "asset_type": message.asset_type}
    if message.HasField("resource"):
        resource = message.resource
        shown = {"version": resource.version, "discovery_name": resource.discovery_name}
        shown |= {"parent": resource.parent, "location": resource.location}
        shown_as["resource"] = {name: text for name, text in shown.items() if text}
        shown_as["resource"]["data"] = structure(resource.data)
    if message.HasField("iam_policy"):
        shown_as["iam_policy"] = policy(message.iam_policy)
    if message.org_policy:
        shown_as["org_policy"] = [plain(entry, snake_case=True) for entry in message.org_policy]
    which = message.WhichOneof("access_context_policy")
    if which:
        shown_as[which] = plain(getattr(message, which), snake_case=True)
    if message.HasField("update_time"):
        shown_as["update_time"] = message.update_time.ToJsonString()
    shown_as["ancestors"] = list(message.ancestors)
    return shown_as


def policy(message: Any) -> dict[str, Any]:
    """A `google.iam.v1.Policy`, snake_case."""
    shown: dict[str, Any] = {"version": message.version} if message.version else {}
    shown["bindings"] = [_binding(binding) for binding in message.bindings]
    if message.audit_configs:
        shown["audit_configs"] = [plain(config, snake_case=True) for config in message.audit_configs]
    return shown


def _binding(binding: Any) -> dict[str, Any]:
    shown: dict[str, Any] = {"role": binding.role, "members": list(binding.members)}
    if binding.HasField("condition"):
        condition = binding.condition
        shown["condition"] = {"expression": condition.expression, "title": condition.title}
        if condition.description:
            shown["condition"]["description"] = condition.description
    return shown
