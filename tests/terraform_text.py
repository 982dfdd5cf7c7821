"""Plans written back as Terraform files."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any


def hcl(value: Any) -> str:
    """A constant as HCL."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("${", "$${").replace("%{", "%%{")
    if isinstance(value, list):
        return "[" + ", ".join(map(hcl, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{hcl(key)} = {hcl(element)}" for key, element in value.items()) + "}"
    return json.dumps(value)


def body(after: dict[str, Any], unknown: dict[str, Any], config: dict[str, Any]) -> Iterator[str]:
    """The lines of a block that is planned so."""
    for name in dict.fromkeys([*after, *unknown]):
        value, mark, node = after.get(name), unknown.get(name), config.get(name)
        if name == "__comments__":  # of whoever made the plan
            continue
        if isinstance(value, list) and None in value:
            yield f"{name} = [var.untold]"
            continue
        if mark is True and node is None and name != "id":
            yield f"{name} = var.untold"
        elif isinstance(node, dict) and node.get("references") and (value is None or mark is True):
            yield f"{name} = {max(node['references'], key=len)}"
        elif isinstance(value, list) and value and all(isinstance(block, dict) for block in value):
            nodes = node if isinstance(node, list) else [node] * len(value)
            marks = mark if isinstance(mark, list) else [{}] * len(value)
            for block, part, inner in zip(value, marks, nodes, strict=False):
                yield f"{name} {{"
                yield from body(block, part or {}, inner or {})
                yield "}"
        elif value is not None and mark is not True and name != "id":
            yield f"{name} = {hcl(value)}"


def provider(plan: dict[str, Any]) -> Iterator[str]:
    """The configuration of the provider in a plan."""
    expressions = plan["configuration"].get("provider_config", {}).get("google", {}).get("expressions", {})
    yield 'provider "google" {'
    for name in expressions.keys() & {"project", "region", "zone"}:
        node = expressions[name]
        variable = node.get("references", [""])[0].removeprefix("var.")
        value = node.get("constant_value") or plan.get("variables", {}).get(variable, {}).get("value")
        yield f"{name} = {hcl(value)}"
    yield "}"


def written(plan: dict[str, Any]) -> str:
    """A plan of one module as files."""
    lines = ['variable "untold" {}', *provider(plan)]
    configured = {r["address"]: r["expressions"] for r in plan["configuration"]["root_module"].get("resources", [])}
    for change in plan["resource_changes"]:
        kind = "data" if change["mode"] == "data" else "resource"
        name = written_address(change["address"]).rpartition(".")[2]
        expressions = configured.get(change["address"].partition("[")[0], {})
        lines.append(f'{kind} "{change["type"]}" "{name}" {{')
        lines += body(change["change"]["after"], change["change"]["after_unknown"], expressions)
        lines.append("}")
    return "\n".join(lines) + "\n"


def written_address(address: str) -> str:
    """The address in the files of what the plan has at this address of the root module: no key, no module."""
    data = "data." if address.startswith("data.") else ""
    kind, _, name = address.removeprefix("data.").partition(".")
    return f"{data}{kind}.{re.sub(r'[^a-zA-Z0-9_-]', '_', name)}"


def blocks(values: dict[str, Any]) -> Iterator[str]:
    """Attributes and blocks as the lines of a resource: a list of objects is blocks."""
    for name, value in values.items():
        if isinstance(value, list) and value and all(isinstance(entry, dict) for entry in value):
            for entry in value:
                yield from (f"{name} {{", *blocks(entry), "}")
        else:
            yield f"{name} = {hcl(value)}"
