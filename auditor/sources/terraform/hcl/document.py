"""What was evaluated, in the form of `terraform show -json`: resource changes and their configuration.

Every instance stands in the root module under a name of its own. References lead to instances, whatever locals,
variables and outputs they came by.

Source: developer.hashicorp.com/terraform/internals/json-format
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from auditor.sources.terraform.hcl import computed
from auditor.sources.terraform.hcl.partial import surely_in
from auditor.sources.terraform.hcl.provider_schema import Shape
from auditor.sources.terraform.hcl.providers import provider_of, provider_value
from auditor.sources.terraform.hcl.resources import Instance
from auditor.sources.terraform.hcl.values import Reference, Unknown, Value, first_unknown

_SEVERAL = "path.module"
"""A reference beside others, so that none of them is taken for the value itself."""
_PROVIDER = ("project", "region", "zone", "billing_project", "user_project_override")


def document(instances: Iterator[Instance], imported: set[str], mark: str) -> dict[str, Any]:
    """The plan-shaped document. `imported` has addresses of what is there already, `mark` begins every address."""
    changes: list[dict[str, Any]] = []
    resources: list[dict[str, Any]] = []
    providers: dict[str, Any] = {}
    for instance in instances:
        if instance.is_data and instance.kind != "google_iam_policy":
            continue
        key = _provider(instance, providers)
        values = _with_known_members(instance, instance.values())
        resources.append(_resource(instance, values, key))
        changes.append(_change(instance, values, instance.address in imported, mark))
    return {
        "format_version": "1.2",
        "resource_changes": changes,
        "configuration": {"provider_config": providers, "root_module": {"resources": resources}},
    }


def _with_known_members(instance: Instance, values: dict[str, Value]) -> dict[str, Value]:
    """The values, with the members that a binding surely has where it may have others."""
    unknown, node = values.get("members"), instance.block.body.node("members")
    if not isinstance(unknown, Unknown) or node is None or not instance.kind.endswith("_iam_binding"):
        return values
    known = surely_in(node, instance.scope, instance.module)
    return {**values, "members": [*known, unknown]} if known else values


def _provider(instance: Instance, providers: dict[str, Any]) -> str:
    """The key of the provider's configuration, which is written where it is not yet."""
    key = f"{instance.module.address}:{provider_of(instance)}"
    if key not in providers:
        found = {name: provider_value(instance, name) for name in _PROVIDER}
        known = {name: {"constant_value": value} for name, value in found.items() if isinstance(value, str)}
        providers[key] = {"name": instance.kind.partition("_")[0], "expressions": known}
    return key


def _resource(instance: Instance, values: dict[str, Value], provider: str) -> dict[str, Any]:
    return {
        "mode": "data" if instance.is_data else "managed",
        "type": instance.kind,
        "name": instance.name,
        "provider_config_key": provider,
        "expressions": {name: _configuration(name, value) for name, value in values.items()},
    }


def _configuration(name: str, value: Value) -> Any:
    if isinstance(value, list) and value and all(isinstance(element, dict | Unknown) for element in value):
        blocks = [element for element in value if isinstance(element, dict)]
        if blocks:
            return [{key: _configuration(key, part) for key, part in block.items()} for block in blocks]
    unknown = first_unknown(value)
    return {"constant_value": value} if unknown is None else {"references": _references(name, value)}


def _references(name: str, value: Value) -> list[str]:
    """What an unknown value refers to; followed only where it is one attribute of one instance."""
    if isinstance(value, Reference):
        value = value.unknown()
    if not isinstance(value, Unknown):
        return [_SEVERAL]
    if value.about is None:
        return [_SEVERAL]
    key, attribute = value.about
    references = [f"{key}.{attribute}", key]
    if not value.prefix or (name == "member" and value.prefix == "serviceAccount:" and attribute == "email"):
        return references
    return [_SEVERAL, *references]


def _change(instance: Instance, values: dict[str, Value], is_there: bool, mark: str) -> dict[str, Any]:
    after: dict[str, Any] = {}
    unknown: dict[str, Any] = {}
    for name, value in values.items():
        _split(name, value, instance.shape.below(name) if instance.shape else None, after, unknown)
    _computed(instance, instance.shape, after, unknown)
    return {
        "address": mark + instance.address,
        "mode": "data" if instance.is_data else "managed",
        "type": instance.kind,
        "name": instance.name,
        "change": {
            "actions": ["read" if instance.is_data else "update" if is_there else "create"],
            "after": after,
            "after_unknown": unknown,
        },
    }


def _split(name: str, value: Value, shape: Shape | None, after: dict[str, Any], unknown: dict[str, Any]) -> None:
    """Put a value where it belongs: what is known of it, and marks for what is not."""
    known, marks = _parts(value, shape)
    if marks is not True:
        after[name] = known
    if marks:
        unknown[name] = marks


def _parts(value: Value, shape: Shape | None) -> tuple[Any, Any]:
    """What is known of a value, and marks in its shape for what is not."""
    if isinstance(value, Unknown | Reference):
        return None, True
    if isinstance(value, dict):
        after: dict[str, Any] = {}
        unknown: dict[str, Any] = {}
        for name, part in value.items():
            if part is not None or shape is None or not shape.is_block:
                _split(name, part, shape.below(name) if shape is not None else None, after, unknown)
        if shape is not None and shape.is_block:
            _unset(shape, after, unknown)
        return after, unknown
    if isinstance(value, list):
        parts = [_parts(element, shape) for element in value]
        marks = [mark if mark else (False if not isinstance(known, dict) else {}) for known, mark in parts]
        return [known for known, _ in parts], marks if any(marks) else None
    return str(value) if isinstance(value, str) else value, None  # no longer where it was made


def _unset(shape: Shape, after: dict[str, Any], unknown: dict[str, Any]) -> None:
    """Note what nobody sets: the provider's defaults, and what the API decides."""
    for name, part in shape.parts.items():
        if name in after or name in unknown:
            continue
        if part.default is not None:
            after[name] = part.default
        elif part.is_computed:
            unknown[name] = True


def _computed(instance: Instance, shape: Shape | None, after: dict[str, Any], unknown: dict[str, Any]) -> None:
    """Note what the configuration of a resource does not set."""
    if shape is None:
        return
    _unset(shape, after, unknown)
    for name in [name for name, mark in unknown.items() if mark is True and instance.configured(name) is None]:
        value = instance.attribute(name)
        if name == "effective_labels" and first_unknown(computed.labels(instance)) is not None:
            after.pop("labels", None)  # there may be others, of the provider
            unknown["labels"] = True
        if first_unknown(value) is None and value is not None:
            after[name] = value
            del unknown[name]
