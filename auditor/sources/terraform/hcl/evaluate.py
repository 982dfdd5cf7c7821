"""One root module, from its folder to the plan-shaped document and the places of its addresses."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auditor.sources.terraform.hcl import resources, variables
from auditor.sources.terraform.hcl.computed import PolicyText
from auditor.sources.terraform.hcl.document import document
from auditor.sources.terraform.hcl.expressions import Attr, Index, Name, Node
from auditor.sources.terraform.hcl.load import Module
from auditor.sources.terraform.hcl.modules import Modules, ModuleValue, Several
from auditor.sources.terraform.hcl.resources import Instance, written_key
from auditor.sources.terraform.hcl.scope import ModuleInstance, Session
from auditor.sources.terraform.hcl.syntax import Block
from auditor.sources.terraform.hcl.values import Problem, Reference, Unknown, Value, walk

if TYPE_CHECKING:
    from auditor.sources.base import Gaps

_CAUSES = 3
"""Causes of unknown values that are told of one resource."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is written."""

    file: str
    line: int


@dataclass(slots=True)
class Evaluated:
    """What came of a root module."""

    document: dict[str, Any]
    places: dict[str, Place] = field(default_factory=dict)
    """Address → where its block begins."""
    blocks: dict[str, list[Place]] = field(default_factory=dict)
    """Address → its block, and those of the module calls that lead to it."""
    written: dict[str, Block] = field(default_factory=dict)
    """Address of a resource → its block."""
    makers: dict[str, Place] = field(default_factory=dict)
    """Address of an IAM resource that sets a whole policy → the data source that makes that policy."""
    causes: dict[str, str] = field(default_factory=dict)
    """Address → why values of it are unknown, where the files could have told them."""


def evaluate(
    folder: Path,
    *,
    scanned: Path,
    read: Callable[[Path], Module],
    values: Mapping[str, Value],
    gaps: Gaps,
    mark: str = "",
) -> Evaluated:
    """Evaluate the root module in a folder. `mark` begins every address in the document, to tell roots apart."""
    modules = Modules(folder, read)
    made: dict[int, list[Instance]] = {}

    def expand(module: ModuleInstance, block: Block) -> Value:
        listed = list(resources.instances(module, block))
        made.setdefault(id(module), []).extend(instance for _, instance in listed)
        return resources.collected(block, listed)

    session = Session(gaps, folder, scanned.resolve(), expand, modules.enter)
    root = ModuleInstance(session, read(folder), given=lambda name: values.get(name, variables.ABSENT))
    instances: list[Instance] = []
    for module in _all_modules(root):
        for mode in ("resource", "data"):
            for block in module.module.of_type(mode):
                _guarded(module, block)
        instances += sorted(made.get(id(module), []), key=lambda instance: instance.block.offset)
    done = Evaluated(document(iter(instances), _imported(root), mark))
    for instance in instances:
        done.written[instance.address] = instance.block
        place = done.places[instance.address] = _place(instance.block)
        done.blocks[instance.address] = [place, *_calls(instance.module)]
        if cause := _cause(instance):
            done.causes[instance.address] = cause
    for instance in instances:
        if instance.kind.endswith("_iam_policy") and not instance.is_data:
            made_by = done.blocks.get(_policy_of(instance), [])
            done.blocks[instance.address] += made_by
            if made_by:
                done.makers[instance.address] = made_by[0]
    return done


def _policy_of(instance: Instance) -> str:
    """The address of the data source that makes the policy which an IAM resource sets; `""` where none does."""
    value = instance.configured("policy_data")
    if isinstance(value, PolicyText):
        return value.made_by
    return value.about[0] if isinstance(value, Unknown) and value.about is not None else ""


def _place(block: Block) -> Place:
    return Place(block.file.shown, block.line)


def _calls(module: ModuleInstance | None) -> Iterator[Place]:
    """The blocks of the module calls that lead to an instance of a module."""
    while module is not None and module.called_by is not None:
        yield _place(module.called_by)
        module = module.parent


def _guarded(module: ModuleInstance, block: Block) -> None:
    """Find the instances of a block."""
    try:
        module.resource(block.type, *block.labels)
    except Problem as problem:
        module.session.problem(block.place, str(problem))


def _all_modules(root: ModuleInstance) -> Iterator[ModuleInstance]:
    """The root module's instance and all below it, in the order of their calls."""
    waiting = [root]
    while waiting:
        module = waiting.pop()
        yield module
        below: list[ModuleInstance] = []
        for block in module.module.of_type("module"):
            try:
                called = module.call_of(block.labels[0])
            except Problem as problem:
                module.session.problem(block.place, str(problem))
                continue
            listed = called if isinstance(called, list) else called.values() if isinstance(called, dict) else [called]
            below += [one.instance for one in listed if isinstance(one, ModuleValue | Several)]
        waiting += reversed(below)


def _imported(root: ModuleInstance) -> set[str]:
    """The addresses that import blocks name: what is there already."""
    found = {address_of(block.body.node("to")) for block in root.module.imports}
    return found - {""}


def address_of(node: Node | None) -> str:
    """The address that a traversal writes; `""` where it is none."""
    if isinstance(node, Name):
        return node.name
    if isinstance(node, Attr):
        above = address_of(node.object)
        return f"{above}.{node.name}" if above else ""
    if isinstance(node, Index):
        above, key = address_of(node.object), getattr(node.key, "constant", None)
        return above + written_key(key) if above and key is not None else ""
    return ""


def _cause(instance: Instance) -> str:
    """Why values of a resource are unknown."""
    causes: dict[str, None] = {}
    for value in walk(instance.values()):
        if isinstance(value, Reference):
            value = value.unknown()
        if isinstance(value, Unknown):
            causes.setdefault(value.cause)
    return "; ".join(list(causes)[:_CAUSES])
