"""Terraform plans for tests, and what becomes of them."""

from __future__ import annotations

import json
import re
from typing import Any

from auditor.sources.base import Gaps
from auditor.sources.terraform_plan import TerraformPlan

AFTER_APPLY = "known only after apply"
DECIDED = "the plan does not set it; it is decided at apply"


def change(address: str, after: Any, unknown: Any = None, actions: str = "create", **more: Any) -> dict[str, Any]:
    """One entry of `resource_changes`."""
    kind, _, name = address.rpartition("module.")[2].partition("[")[0].split(".", 1)[-1].rpartition(".")
    parts = re.sub(r'\["?[^\]]*\]', "", address).split(".")
    kind, name = parts[-2], parts[-1]
    return {
        "address": address,
        "mode": "managed",
        "type": kind,
        "name": name,
        "provider_name": "registry.terraform.io/hashicorp/google",
        "change": {"actions": actions.split(","), "after": after, "after_unknown": unknown or {}},
        **more,
    }


def configured(*resources: tuple[str, dict[str, Any]], **module: Any) -> dict[str, Any]:
    """A module of the configuration; an expression is a value, or a list of references."""
    written = []
    for address, expressions in resources:
        mode = "data" if address.startswith("data.") else "managed"
        kind, name = address.removeprefix("data.").split(".")
        written.append({"address": address, "mode": mode, "type": kind, "name": name, "expressions": expressions})
    return {"resources": written, **module}


def refers(*references: str) -> dict[str, Any]:
    """An expression that refers to something."""
    return {"references": list(references)}


def constant(value: Any) -> dict[str, Any]:
    """An expression that is a value."""
    return {"constant_value": value}


def plan(*changes: Any, config: dict[str, Any] | None = None, project: str = "p1", **more: Any) -> dict[str, Any]:
    """A plan whose provider is set to a project."""
    provider = {"google": {"name": "google", "expressions": {"project": constant(project)}}}
    return {
        "format_version": "1.2",
        "resource_changes": list(changes),
        "configuration": {"provider_config": provider, "root_module": config or {}},
        **more,
    }


def convert(document: dict[str, Any]) -> tuple[dict[str, dict[str, Any]], Gaps, TerraformPlan]:
    """The lines of a plan by asset name, its gaps, and the source."""
    gaps, source = Gaps(), TerraformPlan("plan.json", "plan.json", document)
    lines = {}
    for place, line in source.lines(gaps):
        asset = json.loads(line)
        assert place == f"plan.json {asset['address']}"
        lines[asset["name"]] = asset
    return lines, gaps, source


def only(document: dict[str, Any]) -> dict[str, Any]:
    """The one asset of a plan without gaps."""
    lines, gaps, _ = convert(document)
    assert not gaps.told
    assert len(lines) == 1
    return next(iter(lines.values()))


BUCKET = {"name": "b", "location": "eu", "uniform_bucket_level_access": True, "project": "p1"}
