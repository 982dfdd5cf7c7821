"""Module instances: the values of a module's variables, locals, resources, module calls and outputs, found when asked.

Source: developer.hashicorp.com/terraform/language/expressions/references
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.sources.terraform.hcl import variables
from auditor.sources.terraform.hcl.calls import call_function
from auditor.sources.terraform.hcl.constraints import constraint, convert
from auditor.sources.terraform.hcl.expressions import Attr, Name, Node, Scope
from auditor.sources.terraform.hcl.files import MEND
from auditor.sources.terraform.hcl.functions.registry import Folders
from auditor.sources.terraform.hcl.load import Module
from auditor.sources.terraform.hcl.syntax import Block
from auditor.sources.terraform.hcl.values import Problem, Reference, Unknown, Value, bounded

if TYPE_CHECKING:
    from auditor.sources.base import Gaps

MAX_INSTANCES = 20_000
"""Instances of one block that are evaluated; a hostile count could ask for any number."""
MAX_TOTAL = 100_000
"""Instances of resources and modules in one root module that are evaluated."""


@dataclass(slots=True)
class Session:
    """What all instances of one root module share."""

    gaps: Gaps
    root: Path
    scanned: Path
    """The folder that was given, resolved."""
    expand: Callable[[ModuleInstance, Block], Value]
    """The instances of a resource or data source."""
    enter: Callable[[ModuleInstance, Block], Value]
    """The instances of a module call."""
    told: set[tuple[str, str]] = field(default_factory=set)
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def next_name(self) -> str:
        """A name that nothing else in the document has. Raises `Problem` where there are too many."""
        number = next(self._numbers)
        if number >= MAX_TOTAL:
            raise Problem(f"more than {MAX_TOTAL} instances are not evaluated")
        return f"n{number}"

    def problem(self, place: str, message: str, advice: str = MEND) -> Unknown:
        """Tell, once, what cannot be evaluated; gives back the unknown that it leaves."""
        if (place, message) not in self.told:
            self.told.add((place, message))
            self.gaps.add_line(place, message, advice)
        return Unknown(f"{message} ({place})")


class Namespace(Reference):
    """`var`, `local`, `module`, `data` or a resource type: names with values."""

    __slots__ = ("_look_up",)

    def __init__(self, look_up: Callable[[str], Value]) -> None:
        self._look_up = look_up

    def attribute(self, name: str) -> Value:
        """The value of a name."""
        return self._look_up(name)

    def unknown(self) -> Unknown:
        """Nobody may use a namespace as a value."""
        return Unknown("a name is missing in a reference")


class ModuleInstance:
    """One instance of a module. As a scope it has the names that expressions of the module may use."""

    def __init__(
        self,
        session: Session,
        module: Module,
        address: str = "",
        parent: ModuleInstance | None = None,
        given: Callable[[str], Value] | None = None,
    ) -> None:
        self.session = session
        self.module = module
        self.address = address
        """`module.a["k"].module.b`, `""` for the root."""
        self.parent = parent
        self.providers: dict[str, tuple[ModuleInstance, str]] = {}
        """The provider names that the call passes, and whose they are."""
        self.called_by: Block | None = None
        """The block of the module call; None for the root."""
        self._given = given or (lambda _: variables.ABSENT)
        self._memo: dict[tuple[str, ...], Value] = {}
        self._busy: list[tuple[str, ...]] = []
        self._folders = Folders(session.root, (session.scanned, module.folder.resolve()))
        self._roots: dict[str, Value] = {
            "var": Namespace(self.variable),
            "local": Namespace(self.local),
            "module": Namespace(self.call_of),
            "data": Namespace(lambda kind: Namespace(lambda name: self.resource("data", kind, name))),
            "ephemeral": Namespace(lambda kind: Namespace(lambda name: self._ephemeral(kind, name))),
            "path": Namespace(self._path),
            "terraform": Namespace(_terraform),
        }

    def prefixed(self, address: str) -> str:
        """An address of this module as seen from the root."""
        return f"{self.address}.{address}" if self.address else address

    def root(self, name: str) -> Value:
        """The namespace or resource type of a name. Raises `Problem`."""
        found = self._roots.get(name)
        if found is None:
            if name in ("each", "count", "self"):
                raise Problem(f"{name} cannot be used here")
            found = self._roots[name] = Namespace(lambda resource: self.resource("resource", name, resource))
        return found

    def call(self, name: str, arguments: list[Node], scope: Scope, *, expand: bool) -> Value:
        """The result of a function."""
        return call_function(name, arguments, scope, self._folders, expand=expand)

    def guarded(self, node: Node, scope: Scope, place: str) -> Value:
        """The value of an expression; what Terraform would refuse is told and unknown."""
        try:
            return bounded(node.value(scope))
        except Problem as problem:
            return self.session.problem(place, str(problem))
        except RecursionError:
            return self.session.problem(place, "the expression leads through too many others")

    def _once(self, key: tuple[str, ...], find: Callable[[], Value]) -> Value:
        """The value of a key, found once. Raises `Problem` for what depends on itself."""
        if key in self._memo:
            return self._memo[key]
        if key in self._busy:
            loop = [".".join(k) for k in [*self._busy[self._busy.index(key) :], key]]
            raise Problem(f"{loop[0]} depends on itself: {' → '.join(loop)}")
        self._busy.append(key)
        try:
            value = find()
        finally:
            self._busy.pop()
        self._memo[key] = value
        return value

    def variable(self, name: str) -> Value:
        """The value of a variable. Raises `Problem` where there is none of the name."""
        block = self.module.declared.get(("variable", name))
        if block is None:
            raise Problem(f"there is no variable {name!r}")
        return self._once(("var", name), lambda: self._variable(name, block))

    def _variable(self, name: str, block: Block) -> Value:
        value = self._given(name)
        default = block.body.node("default")
        nullable = block.body.node("nullable")
        if value is variables.ABSENT or (value is None and nullable is not None and nullable.value(self) is False):
            if default is None:
                if self.parent is not None:
                    return self.session.problem(block.place, f"{self.address} gives no value for its variable {name!r}")
                return Unknown(f"the variable {name!r} has no value")
            value = self.guarded(default, variables.Nothing(), block.place)
        kind = block.body.node("type")
        if kind is None:
            return value.text if isinstance(value, variables.FromEnvironment) else value
        try:
            wanted = constraint(kind)
            if isinstance(value, variables.FromEnvironment):
                value = variables.from_text(value.text, is_text=wanted.name in ("string", "number", "bool"))
            return convert(value, wanted, lambda node: node.value(variables.Nothing()))
        except Problem as problem:
            return self.session.problem(block.place, f"the value of the variable {name!r}: {problem}")

    def local(self, name: str) -> Value:
        """A local value. Raises `Problem` where there is none of the name."""
        if name not in self.module.locals:
            raise Problem(f"there is no local value {name!r}")
        if ("local", name) not in self._memo:
            for needed in self._order(name):
                self._local(needed)
        return self._local(name)

    def _local(self, name: str) -> Value:
        attribute, file = self.module.locals[name]
        place = f"{file.shown}:{file.line(attribute.offset)}"

        def find() -> Value:
            return self.guarded(attribute.value, self, place)

        return self._once(("local", name), find)

    def _order(self, name: str) -> list[str]:
        """The locals that a local rests on, those first that rest on nothing: a long chain needs no deep recursion.

        None where one rests on itself, which is found, and told, in evaluating it.
        """
        order: list[str] = []
        seen, path = {name}, {name}
        waiting: list[tuple[str, Iterator[str]]] = [(name, self._needs(name))]
        while waiting:
            current, needs = waiting[-1]
            needed = next((one for one in needs if one in path or one not in seen), None)
            if needed is None:
                waiting.pop()
                path.discard(current)
                order.append(current)
            elif needed in path:
                return []
            else:
                seen.add(needed)
                path.add(needed)
                waiting.append((needed, self._needs(needed)))
        return order[:-1]

    def _needs(self, name: str) -> Iterator[str]:
        waiting: list[Node] = [self.module.locals[name][0].value]
        while waiting:
            node = waiting.pop()
            is_local = isinstance(node, Attr) and isinstance(node.object, Name) and node.object.name == "local"
            if is_local and isinstance(node, Attr) and node.name in self.module.locals:
                yield node.name
            waiting += node.children()

    def resource(self, mode: str, kind: str, name: str) -> Value:
        """The instances of a resource: one, a list of them or a map. Raises `Problem` where there is none."""
        block = self.module.declared.get((mode, kind, name))
        if block is None:
            raise Problem(f"there is no {'data source' if mode == 'data' else 'resource'} {kind}.{name}")
        return self._once((mode, kind, name), lambda: self.session.expand(self, block))

    def _ephemeral(self, kind: str, name: str) -> Value:
        if ("ephemeral", kind, name) not in self.module.declared:
            raise Problem(f"there is no ephemeral resource {kind}.{name}")
        return Unknown(f"ephemeral.{kind}.{name} is known only while Terraform runs")

    def call_of(self, name: str) -> Value:
        """The instances of a module call. Raises `Problem` where there is none of the name."""
        block = self.module.declared.get(("module", name))
        if block is None:
            raise Problem(f"there is no module {name!r}")
        return self._once(("module", name), lambda: self.session.enter(self, block))

    def output(self, name: str) -> Value:
        """The value of an output. Raises `Problem` where there is none of the name."""
        block = self.module.declared.get(("output", name))
        node = block.body.node("value") if block is not None else None
        if block is None or node is None:
            raise Problem(f"{self.address} has no output {name!r}")
        return self._once(("output", name), lambda: self.guarded(node, self, block.place))

    def _path(self, name: str) -> Value:
        if name == "root":
            return "."
        if name == "module":
            return Path(os.path.relpath(self.module.folder, self.session.root)).as_posix()
        if name == "cwd":
            return Unknown("path.cwd depends on the machine")
        raise Problem(f"there is no path.{name}")


def _terraform(name: str) -> Value:
    if name in ("workspace", "applying"):
        return Unknown(f"terraform.{name} is known only when Terraform runs")
    raise Problem(f"there is no terraform.{name}")
