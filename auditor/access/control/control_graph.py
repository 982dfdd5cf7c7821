"""The control graph with its meaning: what each node stands for, and what carries each link.

Abilities stand at scopes and are inherited downwards. A node for an ability is made only where a binding gives it;
`at` finds the nearest one at or above a scope, so that a role on a folder is one edge, whatever lies below.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from auditor.access.bindings import Bindings, bare_role
from auditor.access.control.grants_in_force import is_set
from auditor.access.control.graph import NO_REASON, Graph, Kind
from auditor.access.hierarchy import Hierarchy
from auditor.access.standing import BindingReference

ACCOUNT = "account:"
RESOURCE = "resource:"
"""Before an address or a full resource name: a scope below a project."""

_NONE = -1


class Reason(NamedTuple):
    """What carries a link: a binding, a primitive of the catalogue, or a fact that `text` tells.

    `direct` marks what needs no escalation: a binding, a membership, the right to set a policy. With `between` the
    text stands between the names of the link's two ends.
    """

    text: str
    binding: BindingReference | None = None
    primitive: str = ""
    direct: bool = False
    between: bool = False


class Reasons:
    """What carries links, by number. Bindings are put into words when they are asked for: an estate has millions."""

    def __init__(self, bindings: Bindings | None = None) -> None:
        self._bindings = bindings
        self._binding_of = array("i")
        self._member_of = array("i")
        self._told: dict[int, Reason] = {}
        self._numbers: dict[Reason, int] = {}

    def __len__(self) -> int:
        return len(self._binding_of)

    def __getitem__(self, number: int) -> Reason:
        told = self._told.get(number)
        if told is not None:
            return told
        assert self._bindings is not None, "what is not told is a binding"
        reference = reference_of(self._bindings, self._binding_of[number], self._member_of[number])
        return Reason("", reference, direct=True)

    def number(self, reason: Reason) -> int:
        """The number of a reason; equal ones have the same."""
        number = self._numbers.get(reason)
        if number is None:
            number = self._numbers[reason] = self._new(_NONE, _NONE)
            self._told[number] = reason
        return number

    def add_binding(self, binding: int, member: int) -> int:
        """The reason that is one member (by its number) of a binding. Who adds it again does so at once."""
        last = len(self._binding_of) - 1
        if last >= 0 and self._binding_of[last] == binding and self._member_of[last] == member:
            return last
        return self._new(binding, member)

    def is_direct(self, number: int) -> bool:
        """`self[number].direct`."""
        told = self._told.get(number)
        return told is None or told.direct

    def is_binding(self, number: int) -> bool:
        """Whether a reason is a binding, which can be removed."""
        told = self._told.get(number)
        return told is None or told.binding is not None

    def _new(self, binding: int, member: int) -> int:
        self._binding_of.append(binding)
        self._member_of.append(member)
        return len(self._binding_of) - 1


def reference_of(bindings: Bindings, binding: int, member: int) -> BindingReference:
    """A member of a binding, by their numbers, in words."""
    role = bindings.roles[bindings.role_of[binding]]
    shown = bare_role(role)
    scope = bindings.scopes[bindings.scope_of[binding]]
    condition = bindings.conditions[bindings.condition_of[binding]]
    return BindingReference(bindings.members[member], shown, scope, condition, shown != role)


class Label(NamedTuple):
    """What a node is called: `control` of a container, an `identity`, a `workload` or an `entry` from outside."""

    kind: str
    name: str


class Doubt(NamedTuple):
    """What may be a link, and is not known: somebody (`source`; None for anyone outside) may hold `target`.

    `inside` says that what is not known may also favour somebody of the organisation, and `subject` names the resource
    or policy that it is about.
    """

    source: int | None
    target: int
    cause: str
    subject: str = ""
    inside: bool = False


@dataclass
class ControlGraph:
    """Nodes by what they stand for, and the graph over them."""

    hierarchy: Hierarchy
    graph: Graph = field(default_factory=Graph)
    reasons: Reasons = field(default_factory=Reasons)
    labels: dict[int, Label] = field(default_factory=dict)
    identities: dict[str, int] = field(default_factory=dict)
    """Member, in canonical spelling → node."""
    owners: dict[str, int] = field(default_factory=dict)
    """Container → the node of its control."""
    spans: dict[tuple[str, str], int] = field(default_factory=dict)
    """(ability, container) → the node of control of all that the ability reaches below it, where it stands there."""
    resources: dict[str, int] = field(default_factory=dict)
    """Full name of a resource that was asked about → the node of its control."""
    entries: list[int] = field(default_factory=list)
    """The nodes of what is outside: paths from them come first."""
    bound: set[int] = field(default_factory=set)
    """The identities and groups that bindings name."""
    unknown_roles: dict[str, int] = field(default_factory=dict)
    """Roles whose permissions are not all known → the bindings that grant them; what they may give is no edge."""
    doubts: list[Doubt] = field(default_factory=list)
    """What may be links, and is none: no path leads over it, and where it may lead there is no certainty of safety."""
    _abilities: dict[str, dict[str, int]] = field(default_factory=dict)
    _edges: set[int] = field(default_factory=set)

    def reason(self, reason: Reason) -> int:
        """The number of a reason; equal reasons have one."""
        return self.reasons.number(reason)

    def link(self, source: int, target: int, reason: Reason | int | None = None, certain: bool = True) -> None:
        """An edge, added once. A reason that carries many is better given by its number."""
        number = reason if isinstance(reason, int) else NO_REASON if reason is None else self.reason(reason)
        edge = (source << 64) | (target << 32) | (number + 1)
        if source != target and edge not in self._edges:
            self._edges.add(edge)
            self.graph.add_edge(source, target, number, certain)

    def identity(self, member: str) -> int:
        """The node of a member."""
        node = self.identities.get(member)
        if node is None:
            node = self.identities[member] = self.graph.add_node(Kind.GROUP if is_set(member) else Kind.IDENTITY)
            self.labels[node] = Label("identity", member)
        return node

    def owner(self, container: str) -> int:
        """The node that stands for control of a container; whoever controls what is above it controls it."""
        node = self.owners.get(container)
        if node is None:
            node = self.owners[container] = self.graph.add_node()
            self.labels[node] = Label("control", container)
            above = self.parent(container)
            if above:
                self.link(self.owner(above), node)
        return node

    def named(self, kind: str, name: str) -> int:
        """A new node that is told in paths."""
        node = self.graph.add_node()
        self.labels[node] = Label(kind, name)
        return node

    def span(self, key: str, container: str, what: str) -> None:
        """Make a target of an ability at a container by which everything of a kind below it is controlled."""
        holder = self.own(key, container)
        if holder is not None:
            node = self.spans[key, container] = self.named("control", f"{what} in {container}")
            self.link(holder, node)
            self.link(self.owner(container), node)

    def above(self, node: int) -> list[int]:
        """The nodes nearest above a control, each of which includes it."""
        container = self.labels[node].name.rpartition(" ")[2]
        parent = self.parent(container)
        found = [self.owners[container]] if node != self.owners.get(container) and container in self.owners else []
        if parent in self.owners:
            found.append(self.owners[parent])
        for key in dict.fromkeys(key for key, _ in self.spans):
            for name in self.hierarchy.way(parent).names if parent else ():
                if (key, name) in self.spans:
                    found.append(self.spans[key, name])
                    break
        return found

    def parent(self, scope: str) -> str:
        """What is above a container, `""` where nothing is known to be."""
        names = self.hierarchy.way(scope).names
        return names[1] if len(names) > 1 else ""

    def ability(self, key: str, scope: str) -> int:
        """The node of an ability at a scope, made where it is not there."""
        nodes = self._abilities.get(key)
        if nodes is None:
            nodes = self._abilities[key] = {}
        node = nodes.get(scope)
        if node is None:
            node = nodes[scope] = self.graph.add_node()
        return node

    def own(self, key: str, scope: str) -> int | None:
        """The node of an ability at a scope itself."""
        nodes = self._abilities.get(key)
        return nodes.get(scope) if nodes else None

    def at(self, key: str, scope: str) -> int | None:
        """The node of an ability at the nearest container at or above one, None where nobody has it."""
        nodes = self._abilities.get(key)
        if not nodes:
            return None
        for name in self.hierarchy.way(scope).names or ((scope,) if scope else ()):
            node = nodes.get(name)
            if node is not None:
                return node
        return None

    def scopes_of(self, key: str) -> list[str]:
        """The scopes at which an ability stands, parents first."""
        return sorted(self._abilities.get(key, ()), key=lambda scope: (len(self.hierarchy.way(scope).names), scope))

    def has(self, key: str) -> bool:
        """Whether an ability stands anywhere."""
        return key in self._abilities

    def inherit(self) -> None:
        """Lead each ability from a container to the next below at which it stands, too."""
        for key, nodes in self._abilities.items():
            for scope, node in nodes.items():
                if not scope.startswith((ACCOUNT, RESOURCE)):
                    above = self.at(key, self.parent(scope)) if len(nodes) > 1 else None
                    if above is not None:
                        self.graph.add_edge(above, node)

    def controls(self) -> Iterator[tuple[str, int]]:
        """Each container with the node of its control."""
        return iter(self.owners.items())
