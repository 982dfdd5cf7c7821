"""Reading the JSON of a plan: planned resources with what is unknown about them and how they are configured."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from auditor.model.text import plural

if TYPE_CHECKING:
    from auditor.sources.base import Gaps

Config = list[dict[str, Any]] | None
"""How a block is configured: the expressions of each of its occurrences. None: anything may be set in it."""

_MODULE = re.compile(r'module\.([^.\[]+)(\[(?:"(?:[^"\\]|\\.)*"|\d+)\])?\.?')
_STAYS = {("no-op",), ("create",), ("update",), ("delete", "create"), ("create", "delete"), ("create", "forget")}
_GONE = {("delete",), ("forget",)}
_ADVICE = "make the plan's JSON again: terraform show -json PLAN; every other resource was audited"
_EXPRESSION = {"constant_value", "references"}


@dataclass(slots=True, eq=False)
class Module:
    """A module of the configuration, without its instances."""

    body: dict[str, Any]
    parent: Module | None = None
    call: str = ""
    """The name that the parent calls it by."""
    _children: dict[str, Module | None] = field(default_factory=dict)
    _resources: dict[tuple[Any, Any, Any], dict[str, Any]] | None = None

    def child(self, call: str) -> Module | None:
        """The module called `call`, or None."""
        if call not in self._children:
            body = as_dict(as_dict(as_dict(self.body.get("module_calls")).get(call)).get("module"))
            self._children[call] = Module(body, self, call) if body else None
        return self._children[call]

    def argument(self, name: str) -> Any:
        """The expression that the parent passes for the variable `name`."""
        if self.parent is None:
            return None
        call = as_dict(as_dict(self.parent.body.get("module_calls")).get(self.call))
        return as_dict(call.get("expressions")).get(name)

    def resource(self, mode: str, type_name: str, name: str) -> dict[str, Any]:
        """The configuration of a resource, `{}` where there is none."""
        if self._resources is None:
            entries = [as_dict(resource) for resource in as_list(self.body.get("resources"))]
            named = [(entry.get("mode", "managed"), entry.get("type"), entry.get("name")) for entry in entries]
            hashable = [all(isinstance(part, str | None) for part in key) for key in named]
            found = [pair for pair, usable in zip(zip(named, entries, strict=True), hashable, strict=True) if usable]
            self._resources = dict(reversed(found))  # the first of a name counts
        return self._resources.get((mode, type_name, name), {})


@dataclass(slots=True, eq=False)
class Planned:
    """One resource (or data source) instance as it will be after apply."""

    address: str
    type: str
    name: str
    key: str | int | None
    """The `count` or `for_each` key of the instance."""
    module: str
    """The address of its module instance, `""` for the root."""
    scope: Module
    values: dict[str, Any]
    unknown: dict[str, Any]
    is_new: bool
    """Whether this plan creates (or replaces) it."""
    config: Config
    provider: str
    """The key of its provider in the configuration: `google`, `google.other`, `module.x:google`."""

    def known(self, attribute: str) -> Any:
        """The attribute's value, or None where it is absent or unknown."""
        return self.values.get(attribute)

    def text(self, attribute: str) -> str:
        """The attribute as text, `""` where it is absent or unknown."""
        value = self.known(attribute)
        return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""

    def is_unknown(self, attribute: str) -> bool:
        """Whether the configuration sets the attribute to something that the plan does not know yet."""
        if self.values.get(attribute) is not None:
            return False
        if self.unknown.get(attribute) is True:
            return sets(self.config, attribute)
        return attribute not in self.values and bool(references_of(self.config, attribute))

    def blocks(self, attribute: str) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
        """(values, unknown) of each block of a kind."""
        yield from elements(self.values.get(attribute), self.unknown.get(attribute))


@dataclass(slots=True)
class Plan:
    """The resources of a plan, and where to find them."""

    document: dict[str, Any]
    resources: list[Planned] = field(default_factory=list)
    data: list[Planned] = field(default_factory=list)
    instances: dict[tuple[str, str, str], list[Planned]] = field(default_factory=dict)
    """By module address, type (`data.` before those of data sources) and name."""
    _root: Module | None = None

    @property
    def root(self) -> Module:
        """The root module's configuration, one object however often it is asked for: it keeps what was looked up."""
        if self._root is None:
            self._root = Module(as_dict(as_dict(self.document.get("configuration")).get("root_module")))
        return self._root

    def scope(self, module: str) -> Module:
        """The configuration of a module instance; an empty one where the plan has none."""
        scope = self.root
        for name, _ in _MODULE.findall(module):
            scope = scope.child(name) or Module({}, scope, name)
        return scope

    def provider_value(self, planned: Planned, argument: str) -> str:
        """What the resource's provider is configured with (`project`, `region`, `zone`); `""` where it is not told."""
        providers = as_dict(as_dict(self.document.get("configuration")).get("provider_config"))
        name = planned.provider or "google"
        entry = as_dict(providers.get(name) or providers.get(name.rpartition(":")[2]))
        expression = as_dict(as_dict(entry.get("expressions")).get(argument))
        value = expression.get("constant_value")
        for reference in as_list(expression.get("references")):
            if value is None and isinstance(reference, str) and reference.startswith("var."):
                variable = as_dict(as_dict(self.document.get("variables")).get(reference.removeprefix("var.")))
                value = variable.get("value")
        return value if isinstance(value, str) else ""


def read(document: dict[str, Any], where: str, gaps: Gaps) -> Plan:
    """The plan in a document; what is malformed is told to `gaps` and left out."""
    plan = Plan(document)
    for problem, advice in _incomplete(document):
        gaps.add(where, problem, advice)
    changes = document.get("resource_changes")
    if changes is None:
        changes = list(_planned_values(as_dict(as_dict(document.get("planned_values")).get("root_module")), ""))
    if not isinstance(changes, list):
        gaps.add(where, "resource_changes is no list", _ADVICE)
        changes = []
    for position, change in enumerate(changes):
        try:
            planned = _planned(plan, change)
        except _Malformed as problem:
            gaps.add(f"{where} {_label(change, position)}", str(problem), _ADVICE)
            continue
        if planned is not None:
            is_data = as_dict(change).get("mode") == "data"
            (plan.data if is_data else plan.resources).append(planned)
            kind = f"data.{planned.type}" if is_data else planned.type
            plan.instances.setdefault((planned.module, kind, planned.name), []).append(planned)
    return plan


def _incomplete(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Why a plan may not have all that the configuration makes, and what to do, as Terraform says it of its plan.

    Source: github.com/hashicorp/terraform/blob/main/internal/command/jsonplan/plan.go
    """
    deferred = [as_dict(as_dict(entry).get("resource_change")) for entry in as_list(document.get("deferred_changes"))]
    if document.get("errored") is True:
        yield "the plan has errors, so it may lack resources", "mend the configuration and plan again"
    elif deferred:
        named = next((str(change["address"]) for change in deferred if "address" in change), "")
        first = f", {named} first," if named else ""
        put_off = f"{plural(len(deferred), 'resource')}{first} left to a later plan; not audited"
        yield put_off, "apply, plan again, and audit that plan"
    elif document.get("complete") is False:
        yield "the plan was made for some targets only, so it may lack resources", "plan without -target"


class _Malformed(Exception):  # noqa: N818 - the message is the gap
    pass


def _label(change: Any, position: int) -> str:
    address = as_dict(change).get("address")
    return address if isinstance(address, str) else f"resource change {position + 1}"


def _planned(plan: Plan, change: Any) -> Planned | None:
    """The planned resource of a change; None where it is none of Google's or will be gone."""
    if not isinstance(change, dict):
        raise _Malformed("the resource change is no object")
    kind, name, address = change.get("type"), change.get("name"), change.get("address")
    if not isinstance(kind, str) or not isinstance(address, str):
        raise _Malformed("the resource change has no type or no address")
    if not kind.startswith("google_") or "deposed" in change:
        return None
    if not isinstance(name, str):
        raise _Malformed("the resource change has no name")
    body = change.get("change")
    if not isinstance(body, dict) or not isinstance(body.get("actions"), list):
        raise _Malformed("it has no change with actions")
    actions = tuple(str(action) for action in body["actions"])
    if actions in _GONE:
        return None
    if actions not in _STAYS and actions != ("read",):
        raise _Malformed(f"unknown actions {', '.join(actions) or '(none)'}")
    values, unknown = body.get("after"), body.get("after_unknown")
    if values is not None and not isinstance(values, dict):
        raise _Malformed("its planned values are no object")
    module = change.get("module_address")
    module = module if isinstance(module, str) else ""
    scope = plan.scope(module)
    configured = scope.resource(str(change.get("mode", "managed")), kind, name)
    expressions = configured.get("expressions")
    return Planned(
        address=address,
        type=kind,
        name=name,
        key=change.get("index"),
        module=module,
        scope=scope,
        values=values or {},
        unknown=unknown if isinstance(unknown, dict) else {},
        is_new="create" in actions,
        config=[expressions] if isinstance(expressions, dict) else None if not configured else [],
        provider=str(configured.get("provider_config_key", "")),
    )


def _planned_values(module: dict[str, Any], address: str) -> Iterator[dict[str, Any]]:
    """The resources of `planned_values`, in the form of resource changes that keep what is there."""
    for resource in as_list(module.get("resources")):
        entry = as_dict(resource)
        change: dict[str, Any] = {"actions": ["no-op"], "after": entry.get("values"), "after_unknown": {}}
        yield {**entry, "module_address": address, "change": change}
    for child in as_list(module.get("child_modules")):
        entry = as_dict(child)
        yield from _planned_values(entry, str(entry.get("address", "")))


def elements(value: Any, unknown: Any) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """(values, unknown) of each block in a list of blocks; a block given as one object counts as a list of one."""
    listed = [value] if isinstance(value, dict) else as_list(value)
    marks = unknown if isinstance(unknown, list) else [unknown]
    for position, element in enumerate(listed):
        mark = marks[position] if position < len(marks) else None
        if isinstance(element, dict):
            yield element, as_dict(mark)


def sets(config: Config, attribute: str) -> bool:
    """Whether the configuration sets the attribute (or may do so)."""
    return config is None or any(attribute in block for block in config)


def inside(config: Config, attribute: str) -> Config:
    """The configuration of a nested block that the plan shows.

    A block that the plan has and the configuration has not comes from a `dynamic` block or a default:
    anything may be set in it.
    """
    if config is None:
        return None
    found: list[dict[str, Any]] = []
    for block in config:
        for node in block[attribute] if isinstance(block.get(attribute), list) else [block.get(attribute)]:
            if not isinstance(node, dict):
                continue
            if node and set(node) <= _EXPRESSION:  # an attribute that is written as a block
                if node.get("references"):
                    return None
                found.append({})
            else:
                found.append(node)
    return found or None


def inside_each(config: Config, attribute: str, elements: list[Any]) -> list[Config]:
    """The configuration of each block in a list of them.

    The plan tells the blocks of a set in another order than the configuration. Blocks that look alike may change
    places; otherwise the constants in the configuration tell which is which; where they do not, any may be meant.
    """
    nested = inside(config, attribute)
    if nested is None or len(nested) != len(elements):
        return [nested] * len(elements)
    if all(element == elements[0] for element in elements):
        return [[block] for block in nested]
    fitting = [[block for block in nested if _may_be(block, element)] for element in elements]
    return [blocks if len(blocks) == 1 else nested for blocks in fitting]


def _may_be(block: dict[str, Any], element: Any) -> bool:
    """Whether the constants of a block's configuration are those of an element."""
    if not isinstance(element, dict):
        return False
    constants = {name: node["constant_value"] for name, node in block.items() if "constant_value" in as_dict(node)}
    return all(element.get(name) == value for name, value in constants.items())


def references_of(config: Config, attribute: str) -> list[str]:
    """What the expression of an attribute refers to; `[]` where that is not clear."""
    nodes = [as_dict(block[attribute]) for block in config or [] if attribute in block]
    if len(nodes) != 1:
        return []
    return [reference for reference in as_list(nodes[0].get("references")) if isinstance(reference, str)]


def as_dict(value: Any) -> dict[str, Any]:
    """`value` where it is an object, else `{}`."""
    return value if isinstance(value, dict) else {}


def as_list(value: Any) -> list[Any]:
    """`value` where it is a list, else `[]`."""
    return value if isinstance(value, list) else []
