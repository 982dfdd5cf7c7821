"""Reading Terraform states, of `terraform show -json` and as stored (version 4), as plans that change nothing.

What is marked sensitive is taken out: nothing of it is in the plan that `as_plan` makes. The secrets among all
values are found by `secrets_in`, which tells their places and never a value.

Sources: developer.hashicorp.com/terraform/internals/json-format#state-representation,
developer.hashicorp.com/terraform/language/state, opentofu.org/docs/language/state/encryption
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from auditor.sources.terraform.plan import as_dict, as_list

if TYPE_CHECKING:
    from auditor.secrets import Hit
    from auditor.sources.base import Gaps

_ADVICE = "write the state anew: terraform show -json > state.json; every other resource was audited"
_MAJOR = re.compile(r"(\d+)(?:\.\d+)*")
_STORED = {"lineage", "serial", "terraform_version", "resources"}
_CONTENTS = {"planned_values", "resource_changes", "values"}

_SECRET_ATTRIBUTES = frozenset(
    [
        "access_token",
        "client_key",
        "client_secret",
        "key_string",
        "password",
        "pem_private_key",
        "private_key",
        "private_key_pem",
        "raw_key",
        "root_password",
        "rsa_encrypted_key",
        "secret_data",
        "shared_secret",
    ]
)
"""Attributes that Google's providers declare sensitive, which stored states do not mark."""
_SECRET_OF_TYPE = frozenset([("google_storage_hmac_key", "secret")])
_SECRET_RESULTS = {("random_password", "result"): "password"}
"""Attributes that hold a secret under a name that does not say so, and the name that would."""


@dataclass(frozen=True, slots=True)
class StateResource:
    """One resource (or data source) instance as a state has it. `sensitive` marks values, shaped as they are."""

    address: str
    mode: str
    type: str
    name: str
    key: str | int | None
    module: str
    provider: str
    values: dict[str, Any]
    sensitive: dict[str, Any]


@dataclass(frozen=True, slots=True)
class StateSecret:
    """A secret among a state's values: the resource or output, the attribute's path, and what was found."""

    address: str
    attribute: str
    hit: Hit


def is_state(document: dict[str, Any]) -> bool:
    """Whether a JSON document is a state, of whatever version, in the clear or encrypted."""
    if "format_version" in document:
        return "values" in document or not _CONTENTS & set(document)
    return "encrypted_data" in document or (isinstance(document.get("version"), int) and bool(_STORED & set(document)))


def refusal(document: dict[str, Any]) -> str:
    """Why a plan or state cannot be read, as a clause with what to do; `""` where it can."""
    if "encrypted_data" in document:
        return "an encrypted OpenTofu state; give it in the clear: tofu show -json > state.json"
    if "format_version" in document:
        found = _MAJOR.fullmatch(str(document["format_version"]))
        if found is None or int(found[1][:9]) > 1:
            return (
                f"format {str(document['format_version'])[:20]!r} of terraform show -json is not known, "
                "only 0.1 to 1.x; look for a newer auditor"
            )
        return ""
    version = document.get("version", 4)
    if version == 4:
        return ""
    if isinstance(version, int) and 0 < version < 4:
        return (
            f"a Terraform state of version {version}, which Terraform 0.11 and older wrote; "
            "apply once with Terraform 0.12 or newer, then terraform show -json > state.json"
        )
    return f"a Terraform state of the unknown version {str(version)[:20]!r}; give terraform show -json > state.json"


def read(document: dict[str, Any], where: str, gaps: Gaps) -> Iterator[StateResource]:
    """The resources of a state in either form; what is malformed is told to `gaps` and left out."""
    shown = "values" in document
    for found in _shown(document, where, gaps) if shown else _stored(document, where, gaps):
        if isinstance(found, str):
            address, _, problem = found.partition("\n")
            gaps.add(f"{where} {address}", problem, _ADVICE)
        else:
            yield found


def _shown(document: dict[str, Any], where: str, gaps: Gaps) -> Iterator[StateResource | str]:
    """The resources in the form of `terraform show -json`, or address and problem of one that cannot be read."""
    modules: list[tuple[str, Any]] = [("", as_dict(document["values"]).get("root_module", {}))]
    while modules:
        address, module = modules.pop()
        if not isinstance(module, dict):
            yield f"{address or 'the root module'}\nthe module is no object"
            continue
        for part in ("resources", "child_modules"):
            if not isinstance(module.get(part, []), list):
                gaps.add(f"{where} {address}".strip(), f"{part} is no list", _ADVICE)
        for entry in as_list(module.get("resources")):
            if "deposed_key" not in as_dict(entry):
                yield _resource(entry, address)
        below = [(str(as_dict(child).get("address", "")), child) for child in as_list(module.get("child_modules"))]
        modules += reversed(below)


def _resource(entry: Any, module: str) -> StateResource | str:
    address, kind, name = (as_dict(entry).get(key) for key in ("address", "type", "name"))
    if not isinstance(address, str) or not isinstance(kind, str) or not isinstance(name, str):
        return f"{address if isinstance(address, str) else module}\nthe resource has no address, type or name"
    values = entry.get("values")
    if not isinstance(values, dict):
        return f"{address}\nits values are no object"
    return StateResource(
        address=address,
        mode=str(entry.get("mode", "managed")),
        type=kind,
        name=name,
        key=_key(entry.get("index")),
        module=module,
        provider=str(entry.get("provider_name", "")),
        values=values,
        sensitive=as_dict(entry.get("sensitive_values")),
    )


def _stored(document: dict[str, Any], where: str, gaps: Gaps) -> Iterator[StateResource | str]:
    """The resources in the form in which states are stored."""
    if not isinstance(document.get("resources", []), list):
        gaps.add(where, "resources is no list", _ADVICE)
    for position, entry in enumerate(as_list(document.get("resources")), 1):
        kind, name = as_dict(entry).get("type"), as_dict(entry).get("name")
        if not isinstance(kind, str) or not isinstance(name, str) or not isinstance(entry.get("instances"), list):
            yield f"resource {position}\nthe resource has no type, name or instances"
            continue
        module, mode = entry.get("module"), str(entry.get("mode", "managed"))
        module = module if isinstance(module, str) else ""
        begin = ".".join(part for part in (module, "data" if mode == "data" else "", kind, name) if part)
        for instance in entry["instances"]:
            key = _key(as_dict(instance).get("index_key"))
            address = begin + ("" if key is None else f"[{msgspec.json.encode(key).decode()}]")
            if "deposed" in as_dict(instance):
                continue
            values = as_dict(instance).get("attributes")
            if not isinstance(values, dict):
                flat = "attributes_flat" in as_dict(instance)
                yield f"{address}\n" + (
                    "its attributes are in the form of Terraform 0.11" if flat else "its attributes are no object"
                )
                continue
            marks = _marks(as_list(instance.get("sensitive_attributes")))
            yield StateResource(address, mode, kind, name, key, module, str(entry.get("provider", "")), values, marks)


def _key(key: Any) -> str | int | None:
    return key if isinstance(key, str | int) else None


def _marks(paths: list[Any]) -> dict[str, Any]:
    """Marks in the shape of the values, from a list of paths. Below a list, the whole list is marked."""
    marks: dict[str, Any] = {}
    for path in paths:
        steps = [as_dict(step) for step in as_list(path)]
        names = []
        for step in steps:
            if step.get("type") != "get_attr" or not isinstance(step.get("value"), str):
                break
            names.append(step["value"])
        target = marks
        for name in names[:-1]:
            below = target.setdefault(name, {})
            if below is True:
                break
            target = below
        else:
            if names:
                target[names[-1]] = True
    return marks


def as_plan(resources: Iterable[StateResource]) -> dict[str, Any]:
    """A plan that keeps the resources as they are. Sensitive values are not in it: they are marked unknown."""
    changes = []
    for resource in resources:
        if not resource.type.startswith("google_"):
            continue
        values, marks = _without_sensitive(resource.values, resource.sensitive, resource.type)
        changes.append(
            {
                "address": resource.address,
                "module_address": resource.module,
                "mode": resource.mode,
                "type": resource.type,
                "name": resource.name,
                "index": resource.key,
                "provider_name": resource.provider,
                "change": {"actions": ["no-op"], "after": values, "after_unknown": marks},
            }
        )
    return {"format_version": "1.0", "resource_changes": changes}


def _without_sensitive(values: dict[str, Any], marks: Any, kind: str) -> tuple[dict[str, Any], dict[str, Any]]:
    kept: dict[str, Any] = {}
    told: dict[str, Any] = {}
    for name, value in values.items():
        mark = marks.get(name) if isinstance(marks, dict) else marks
        secret = isinstance(value, str) and (name in _SECRET_ATTRIBUTES or (kind, name) in _SECRET_OF_TYPE)
        if (mark is True or secret) and value not in (None, "", [], {}):
            told[name] = True
            continue
        kept[name], below = _part(value, mark, kind)
        if below:
            told[name] = below
    return kept, told


def _part(value: Any, mark: Any, kind: str) -> tuple[Any, Any]:
    """A value without what is sensitive in it, and the marks of what was taken out; None for none."""
    if isinstance(value, dict):
        kept, told = _without_sensitive(value, mark, kind)
        return kept, told or None
    if not isinstance(value, list):
        return value, None
    made: list[Any] = []
    marks: list[Any] = []
    for position, element in enumerate(value):
        below = mark[position] if isinstance(mark, list) and position < len(mark) else None
        if below is True and not isinstance(element, dict):
            made.append(None)
            marks.append(True)
            continue
        kept, told = _part(element, below, kind)
        made.append(kept)
        marks.append(told or {})
    return made, marks if any(marks) else None


def secrets_in(resources: Iterable[StateResource], outputs: Any) -> Iterator[StateSecret]:
    """The secrets among all values of all resources, Google's or not, and among the outputs."""
    for resource in resources:
        yield from _once(resource.address, resource.values, resource.type)
    for name, output in as_dict(outputs).items():
        yield from _once(f"output.{name}", {name: as_dict(output).get("value")}, "")


def _once(address: str, values: dict[str, Any], kind: str) -> Iterator[StateSecret]:
    """The secrets in the values of one resource, each once: providers show a key in several encodings."""
    from auditor.secrets import scan_value  # with all detectors, which plans do not need

    seen: set[tuple[str, str]] = set()
    for path, name, value in _strings(values):
        for hit in scan_value(_SECRET_RESULTS.get((kind, name), name), value):
            if (hit.detector, hit.digest) not in seen:
                seen.add((hit.detector, hit.digest))
                yield StateSecret(address, path, hit)


def _strings(values: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """(path, name, text) of every text in nested values; the `value` of a block is called as its `name` or `key`."""
    waiting: list[tuple[str, str, Any]] = [("", "", values)]
    while waiting:
        path, name, value = waiting.pop()
        if isinstance(value, str):
            if value:
                yield path, name, value
        elif isinstance(value, dict):
            called = value.get("name") or value.get("key")
            for key, entry in reversed(value.items()):
                label = called if key == "value" and isinstance(called, str) else key
                waiting.append((f"{path}.{key}" if path else key, label, entry))
        elif isinstance(value, list):
            waiting += [(f"{path}.{i}", name, entry) for i, entry in reversed(list(enumerate(value)))]
