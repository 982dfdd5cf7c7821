"""Instances of resources and data sources: `count`, `for_each`, their attributes and blocks, with dynamic ones.

Sources: developer.hashicorp.com/terraform/language/meta-arguments/count, …/for_each,
developer.hashicorp.com/terraform/language/expressions/dynamic-blocks
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from auditor.sources.terraform.hcl import computed
from auditor.sources.terraform.hcl.access import pairs
from auditor.sources.terraform.hcl.expressions import Inner, ListNode, Node, ObjectNode, Scope
from auditor.sources.terraform.hcl.functions.encodings import json_text
from auditor.sources.terraform.hcl.provider_schema import Shape, fit, shape_of
from auditor.sources.terraform.hcl.scope import MAX_INSTANCES, ModuleInstance
from auditor.sources.terraform.hcl.syntax import Attribute, Block, Body
from auditor.sources.terraform.hcl.values import (
    Problem,
    Reference,
    SetValue,
    Unknown,
    Value,
    derived,
    first_unknown,
    to_integer,
    to_string,
)

META = frozenset(
    ["connection", "count", "depends_on", "dynamic", "for_each", "lifecycle", "provider", "provisioner", "timeouts"]
)
"""What says how Terraform goes about a resource, not what it is."""


@dataclass(slots=True, eq=False)
class Instance(Reference):
    """One instance of a resource or data source."""

    address: str
    block: Block
    module: ModuleInstance
    scope: Scope
    name: str
    """A name of its own, for references in the document."""
    shape: Shape | None
    memo: dict[str, Value] = field(default_factory=dict)
    busy: set[str] = field(default_factory=set)

    @property
    def kind(self) -> str:
        """The Terraform type."""
        return self.block.labels[0]

    @property
    def is_data(self) -> bool:
        """Whether it is a data source."""
        return self.block.type == "data"

    def attribute(self, name: str) -> Value:
        """What the configuration sets, or what can be told of what it does not set. Raises `Problem`."""
        value = self.configured(name)
        if value is None:
            value = computed.value(self, name)
        if value is not None:
            return value
        part = self.shape.parts.get(name) if self.shape is not None else None
        if part is None or part.is_computed:
            return Unknown(f"{self.address}.{name} is known only after apply", (self.key, name))
        return [] if part.is_block else part.default

    def configured(self, name: str) -> Value:
        """What the configuration sets; None where it sets nothing, or null. Raises `Problem`."""
        if name in self.memo or name in META:
            return self.memo.get(name)
        if name in self.busy:
            raise Problem(f"{self.address}.{name} depends on itself")
        self.busy.add(name)
        try:
            value = configured(self.block.body, name, self.scope, self.module, self.block)
        finally:
            self.busy.discard(name)
        self.memo[name] = fit(value, self.shape.below(name)) if self.shape is not None else value
        return self.memo[name]

    @property
    def key(self) -> str:
        """What stands for it in references of the document."""
        return self.address if self.is_data else f"{self.kind}.{self.name}"

    def unknown(self) -> Unknown:
        """A whole resource is never known in full."""
        return Unknown(f"{self.address} is known in full only after apply", (self.key, "id"))

    def values(self) -> dict[str, Value]:
        """All that the configuration sets."""
        found = {name: self.configured(name) for name in names_in(self.block.body)}
        return {name: value for name, value in found.items() if value is not None}


def names_in(body: Body) -> Iterator[str]:
    """The names of the attributes and blocks of a body, dynamic ones among them, each once."""
    given = [*body.attributes]
    given += [block.labels[0] if block.type == "dynamic" and block.labels else block.type for block in body.blocks]
    dynamic = body.node("dynamic")  # as the JSON syntax writes it
    for entry in dynamic.elements if isinstance(dynamic, ListNode) else [dynamic]:
        if isinstance(entry, ObjectNode):
            given += [key.plain() or "" for key, _ in entry.items]
    return (name for name in dict.fromkeys(given) if name not in META)


def configured(body: Body, name: str, scope: Scope, module: ModuleInstance, block: Block) -> Value:
    """The value of an attribute or of the blocks of a type; None where there are none."""
    attribute = body.attributes.get(name)
    if attribute is not None:
        place = f"{block.file.shown}:{block.file.line(attribute.offset)}"
        return module.guarded(attribute.value, scope, place)
    made: list[Value] = []
    found = False
    for inner in body.blocks:
        if inner.type == name:
            found = True
            made.append(_contents(inner.body, scope, module, inner))
        elif inner.type == "dynamic" and inner.labels == [name]:
            found = True
            made += _dynamic(inner, scope, module)
    for inner in _written_in_json(body, name, block):
        found = True
        made += _dynamic(inner, scope, module)
    if len(made) == 1 and isinstance(made[0], Unknown):
        return made[0]
    return made if found else None


def _contents(body: Body, scope: Scope, module: ModuleInstance, block: Block) -> dict[str, Value]:
    contents = {name: configured(body, name, scope, module, block) for name in names_in(body)}
    return {name: value for name, value in contents.items() if value is not None}


def _written_in_json(body: Body, name: str, block: Block) -> Iterator[Block]:
    """Dynamic blocks in JSON syntax, as blocks."""
    dynamic = body.node("dynamic")
    for entry in dynamic.elements if isinstance(dynamic, ListNode) else [dynamic]:
        for key, node in entry.items if isinstance(entry, ObjectNode) else []:
            if key.plain() == name:
                for written in node.elements if isinstance(node, ListNode) else [node]:
                    yield Block("dynamic", [name], _as_body(written, block), block.file, block.offset, block.end)


def _as_body(node: Node, block: Block) -> Body:
    body = Body()
    for key, value in node.items if isinstance(node, ObjectNode) else []:
        name = key.plain() or ""
        if name == "content":
            inner = _as_body(value, block)
            body.blocks.append(Block("content", [], inner, block.file, block.offset, block.end))
        else:
            body.attributes[name] = Attribute(name, value, block.offset)
    return body


def _dynamic(block: Block, scope: Scope, module: ModuleInstance) -> list[Value]:
    """The blocks that a dynamic block makes; one unknown where their number is."""
    content = next(block.body.of_type("content"), None)
    node = block.body.node("for_each")
    if content is None or node is None:
        return [module.session.problem(block.place, "a dynamic block without for_each or content")]
    collection = module.guarded(node, scope, block.place)
    if isinstance(collection, Unknown | Reference):
        return [derived(first_unknown(collection) or Unknown("it is not known"))]
    if isinstance(collection, SetValue) and (unknown := first_unknown(collection)) is not None:
        return [derived(unknown)]
    named = block.body.node("iterator")
    iterator = (named.plain() if named is not None else None) or block.labels[0]
    made: list[Value] = []
    try:
        for key, value in pairs(collection if collection is not None else []):
            inner = Inner(scope, {iterator: {"key": key, "value": value}})
            made.append(_contents(content.body, inner, module, content))
    except Problem as problem:
        return [module.session.problem(block.place, f"for_each of a dynamic block: {problem}")]
    return made


def collected(block: Block, made: list[tuple[Any, Instance]]) -> Value:
    """The instances of a block as a value: one, a list, a map, or `Unknown` where their number is."""
    repeated = block.body.node("count") is not None
    if not repeated and block.body.node("for_each") is None:
        return made[0][1]
    if [key for key, _ in made] == [None]:
        return Unknown(f"how many {_label(block)} there are is not known")
    return [instance for _, instance in made] if repeated else {str(key): instance for key, instance in made}


def _label(block: Block) -> str:
    return ".".join(block.labels)


def instances(module: ModuleInstance, block: Block) -> Iterator[tuple[Any, Instance]]:
    """(key, instance) of every instance of a block."""
    prefix = "data." if block.type == "data" else ""
    address = module.prefixed(prefix + _label(block))
    for key, scope in repetitions(module, block, address):
        yield (
            key,
            Instance(
                address=address + written_key(key),
                block=block,
                module=module,
                scope=scope,
                name=module.session.next_name(),
                shape=shape_of(block.labels[0]) if block.type == "resource" else None,
            ),
        )


def written_key(key: Any) -> str:
    """The key of an instance as addresses have it."""
    if key is None:
        return ""
    return f"[{key}]" if isinstance(key, int) else f"[{json_text(key)}]"


def repetitions(module: ModuleInstance, block: Block, address: str) -> Iterator[tuple[Any, Scope]]:
    """(key, scope) of every instance of a block; where the number is unknown, one without a key."""
    count, for_each = block.body.node("count"), block.body.node("for_each")
    node = count if count is not None else for_each
    if node is None:
        yield None, module
        return
    value = module.guarded(node, module, block.place)
    try:
        unknown = _why_unknown(value, is_count=count is not None)
        if unknown is None:
            yield from _counted(module, value) if count is not None else _each(module, value)
            return
        told, advice = unknown.cause, "give the values it rests on, with --var-file; it was audited as one"
    except Problem as problem:
        unknown = Unknown(f"{address}: {problem} ({block.place})")
        told, advice = str(problem), "mend it; it was audited as one"
    module.session.problem(block.place, f"how many {address} there are is not known: {told}", advice)
    gap = Unknown(unknown.cause)
    yield None, Inner(module, {"count": {"index": gap}, "each": {"key": gap, "value": gap}})


def _why_unknown(value: Value, *, is_count: bool) -> Unknown | None:
    if is_count:
        return first_unknown(value)
    if isinstance(value, Unknown | Reference):
        return first_unknown(value)
    return first_unknown(value) if isinstance(value, list) else None


def _counted(module: ModuleInstance, value: Value) -> Iterator[tuple[Any, Scope]]:
    number = to_integer(value)
    if number < 0:
        raise Problem("count must not be negative")
    if number > MAX_INSTANCES:
        raise Problem(f"more than {MAX_INSTANCES} instances are not evaluated")
    for index in range(number):
        yield index, Inner(module, {"count": {"index": index}})


def _each(module: ModuleInstance, value: Value) -> Iterator[tuple[Any, Scope]]:
    if isinstance(value, list) and value and not isinstance(value, SetValue):
        raise Problem("for_each takes a map or a set, not a list")
    if value is None or len(value) > MAX_INSTANCES:
        raise Problem("for_each of null" if value is None else f"more than {MAX_INSTANCES} instances are not evaluated")
    for key, element in pairs(value):
        yield to_string(key), Inner(module, {"each": {"key": to_string(key), "value": element}})
