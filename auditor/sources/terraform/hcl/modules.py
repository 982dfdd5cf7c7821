"""Module calls: which folder a source means, and the instances of the module in it.

Source: developer.hashicorp.com/terraform/language/modules/sources, …/language/modules/syntax
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from auditor.sources.terraform.hcl import variables
from auditor.sources.terraform.hcl.expressions import Node, ObjectNode, Scope
from auditor.sources.terraform.hcl.load import Module
from auditor.sources.terraform.hcl.providers import named
from auditor.sources.terraform.hcl.resources import repetitions, written_key
from auditor.sources.terraform.hcl.scope import ModuleInstance
from auditor.sources.terraform.hcl.syntax import Block
from auditor.sources.terraform.hcl.values import Reference, Unknown, Value

HERE = ("./", "../", ".\\", "..\\")
"""How the source of a local module begins, on Windows too."""
_META = frozenset(["count", "depends_on", "for_each", "providers", "source", "version"])
_MAX_DEPTH = 30


@dataclass(slots=True, eq=False)
class ModuleValue(Reference):
    """A module instance as a value: its outputs."""

    instance: ModuleInstance

    def attribute(self, name: str) -> Value:
        """The value of an output."""
        return self.instance.output(name)

    def unknown(self) -> Unknown:
        """A whole module is nothing that is asked for as one value."""
        return Unknown(f"{self.instance.address} is known in full only after apply")


class Modules:
    """The modules that calls lead to. `read` reads a folder, each once."""

    def __init__(self, root: Path, read: Callable[[Path], Module]) -> None:
        self._root = root
        self._read = read
        self._installed = _installed(root)

    def enter(self, caller: ModuleInstance, block: Block) -> Value:
        """The instances of a module call: one, a list, a map, or `Unknown` where it cannot be read."""
        address = caller.prefixed(f"module.{block.labels[0]}")
        folder = self._folder(caller, block, address)
        if isinstance(folder, Unknown):
            return folder
        module = self._read(folder)
        made = [
            (key, self._instance(caller, block, module, address, key, scope))
            for key, scope in repetitions(caller, block, address)
        ]
        if block.body.node("count") is None and block.body.node("for_each") is None:
            return ModuleValue(made[0][1])
        if [key for key, _ in made] == [None]:
            return Several(made[0][1])
        if block.body.node("count") is not None:
            return [ModuleValue(instance) for _, instance in made]
        return {str(key): ModuleValue(instance) for key, instance in made}

    def _instance(
        self, caller: ModuleInstance, block: Block, module: Module, address: str, key: object, scope: Scope
    ) -> ModuleInstance:
        body = block.body
        caller.session.next_name()  # modules count, too

        def given(name: str) -> Value:
            node = body.node(name) if name not in _META else None
            return caller.guarded(node, scope, block.place) if node is not None else variables.ABSENT

        made = ModuleInstance(caller.session, module, address + written_key(key), caller, given)
        made.called_by = block
        made.providers = {name: (caller, passed) for name, passed in _providers(body.node("providers"))}
        return made

    def _folder(self, caller: ModuleInstance, block: Block, address: str) -> Path | Unknown:
        """The folder of a module; unknown, and told, where it is not there to be read."""
        node = block.body.node("source")
        source = node.plain() if node is not None else None
        if source is None:
            return self._refuse(caller, block, address, "it has no source that is plain text")
        if source.startswith(HERE) or source in (".", ".."):
            folder = caller.module.folder / source.replace("\\", "/")
        else:
            found = self._installed.get(_manifest_key(address))
            if found is None:
                return self._refuse(caller, block, address, f"its source {source} is not in this folder")
            folder = self._root / found
        return self._checked(caller, block, address, folder, source)

    def _checked(self, caller: ModuleInstance, block: Block, address: str, folder: Path, source: str) -> Path | Unknown:
        plain = Path(os.path.normpath(folder))
        try:
            resolved = folder.resolve(strict=True)
            if not resolved.is_dir():
                return self._refuse(caller, block, address, f"its source {source} is no folder")
        except (OSError, RuntimeError):
            return self._refuse(caller, block, address, f"its source {source} is not there")
        scanned = caller.session.scanned
        if resolved != plain.parent.resolve() / plain.name and not resolved.is_relative_to(scanned):
            return self._refuse(caller, block, address, f"its source {source} is a link that leads out of the folder")
        above: ModuleInstance | None = caller
        depth = 0
        while above is not None:
            depth += 1
            if above.module.folder.resolve() == resolved or depth > _MAX_DEPTH:
                return self._refuse(caller, block, address, f"its source {source} calls itself, directly or by others")
            above = above.parent
        return plain

    def _refuse(self, caller: ModuleInstance, block: Block, address: str, why: str) -> Unknown:
        advice = "run terraform init, or audit the plan, to have it read; everything else was audited"
        session = caller.session
        if (block.place, address) not in session.told:
            session.told.add((block.place, address))
            session.gaps.add(f"{block.place} {address}", f"the module is not assessed: {why}", advice)
        return Unknown(f"{address} is not assessed: {why}")


class Several(Reference):
    """Instances of a module whose number is unknown: what they give is, too."""

    __slots__ = ("instance",)

    def __init__(self, instance: ModuleInstance) -> None:
        self.instance = instance

    def attribute(self, name: str) -> Value:  # noqa: ARG002 - whatever is asked for
        """Nothing is known."""
        return self.unknown()

    def unknown(self) -> Unknown:
        """What is unknown is their number."""
        return Unknown(f"how many {self.instance.address} there are is not known")


def _providers(node: Node | None) -> list[tuple[str, str]]:
    """(name in the module, name in the caller) of the providers that a call passes."""
    items = node.items if isinstance(node, ObjectNode) else []
    return [(key.plain() or named(key), named(value)) for key, value in items]


def _manifest_key(address: str) -> str:
    """The address of a call as the manifest of installed modules has it: without keys of instances."""
    bare = re.sub(r'\[(?:"(?:[^"\\]|\\.)*"|\d+)\]', "", address)
    return ".".join(part for part in bare.split(".")[1::2])


def _installed(root: Path) -> dict[str, str]:
    """The folders that `terraform init` put remote modules into, by the address of the call."""
    try:
        document = msgspec.json.decode((root / ".terraform" / "modules" / "modules.json").read_bytes())
        return {entry["Key"]: entry["Dir"] for entry in document["Modules"] if entry["Key"]}
    except (OSError, msgspec.DecodeError, UnicodeError, KeyError, TypeError, RecursionError):
        return {}
