"""Following references of the configuration to the planned resource that they mean."""

from __future__ import annotations

import re

from auditor.sources.terraform.plan import Module, Plan, Planned, as_dict, as_list

_RESOURCE = re.compile(r"(?P<type>[a-z][\w-]*)\.(?P<name>[\w-]+)(?P<key>\[[^\]]*\])?(?:\.(?P<attribute>.+))?")
_OUTPUT = re.compile(r"module\.(?P<call>[\w-]+)(?P<key>\[[^\]]*\])?\.(?P<output>[\w-]+)(?:\.(?P<attribute>.+))?")
_VARIABLE = re.compile(r"var\.(?P<name>[\w-]+)(?:\.(?P<attribute>.+))?")
_DATA = re.compile(r"data\.[\w-]+\.[\w-]+")
_ITERATION = ("each.key", "each.value", "count.index")
_DEPTH = 20


def follow(plan: Plan, planned: Planned, references: list[str]) -> tuple[Planned, str] | None:
    """The one planned resource that an expression of `planned` refers to, and the attribute.

    None where the expression refers to several things, to a local value, or to nothing in the plan.
    """
    resolved = _resolved(references, planned.scope, planned.module, _DEPTH)
    if resolved is None:
        return None
    longest, module, attribute = resolved
    match = _RESOURCE.fullmatch(longest)
    if match is None or longest.startswith(("data.", "local.", "path.", "terraform.", "each.", "count.", "self.")):
        return None
    candidates = plan.instances.get((module, match["type"], match["name"]), [])
    target = _instance(candidates, match["key"], planned)
    return (target, attribute or match["attribute"] or "id") if target else None


def data_source(planned: Planned, references: list[str]) -> str:
    """The address, without keys, of the one data source that an expression of `planned` refers to; `""` for none."""
    resolved = _resolved(references, planned.scope, planned.module, _DEPTH)
    match = _DATA.match(resolved[0]) if resolved else None
    return f"{resolved[1]}.{match[0]}".removeprefix(".") if resolved and match else ""


def _resolved(references: list[str], scope: Module, module: str, depth: int) -> tuple[str, str, str | None] | None:
    """What an expression refers to in the end, over variables and outputs; the module of that; and the attribute."""
    things = [reference for reference in references if not reference.startswith(_ITERATION)]
    if not things or depth == 0:
        return None
    longest = max(things, key=len)
    if not all(longest.startswith(thing) for thing in things):
        return None
    if match := _VARIABLE.fullmatch(longest):
        if scope.parent is None:
            return None
        further = _references(scope.argument(match["name"]))
        return _at(_resolved(further, scope.parent, _parent(module), depth - 1), match["attribute"])
    if match := _OUTPUT.fullmatch(longest):
        child = scope.child(match["call"])
        if child is None:
            return None
        outputs = as_dict(as_dict(child.body.get("outputs")).get(match["output"]))
        address = f"{module}.module.{match['call']}".removeprefix(".") + (match["key"] or "")
        return _at(_resolved(_references(outputs.get("expression")), child, address, depth - 1), match["attribute"])
    return longest, module, None


def _instance(candidates: list[Planned], key: str | None, planned: Planned) -> Planned | None:
    if key:
        written = key.strip("[]").strip('"')
        return next((candidate for candidate in candidates if str(candidate.key) == written), None)
    if len(candidates) == 1:
        return candidates[0]
    return next((c for c in candidates if c.key is not None and c.key == planned.key), None)


def _at(found: tuple[str, str, str | None] | None, attribute: str | None) -> tuple[str, str, str | None] | None:
    return (found[0], found[1], attribute) if found and attribute else found


def _references(expression: object) -> list[str]:
    return [r for r in as_list(as_dict(expression).get("references")) if isinstance(r, str)]


def _parent(module: str) -> str:
    return re.sub(r'\.?module\.[^.\[]+(\[(?:"(?:[^"\\]|\\.)*"|\d+)\])?$', "", module)
