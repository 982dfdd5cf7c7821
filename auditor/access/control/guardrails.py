"""What a binding would give, if a deny policy or the tags of a resource did not withhold it, for whoever may lift that.

Who may change the deny policies of a level lifts what they deny there; who may bind a tag to a project or folder meets
the conditions that ask for it. Both together with the binding, for one identity, are as good as a binding without the
guardrail. Principal access boundaries are not lifted: where any is bound, nothing is added here.

Sources: cloud.google.com/iam/docs/deny-access (permissions to edit deny policies),
cloud.google.com/resource-manager/docs/tags/tags-creating-and-managing#attaching (permissions to bind tags)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from auditor.access.control.control_graph import ControlGraph, Reason
from auditor.access.control.resource_ends import resource_end
from auditor.access.control.tag_conditions import tag_keys
from auditor.access.effective import EffectiveAccess
from auditor.access.hierarchy import MANAGER
from auditor.access.world import World

_EDIT_DENIALS = ("iam.denypolicies.update", "iam.denypolicies.delete")
_BIND_TO_RESOURCE, _BIND_VALUE = (
    "resourcemanager.hierarchyNodes.createTagBinding",
    "resourcemanager.tagValueBindings.create",
)
_DENIALS, _TAGS, _VALUES = "edit denials", "bind tags to", "bind tag values of"


class Withheld(NamedTuple):
    """What a binding would give its holder at a scope: surely or possibly, without the guardrail that keeps it away.

    `lifted_at` are the containers whose deny policies would have to be changed; empty where `condition` asks for tags.
    """

    node: int
    reason: int
    certain: int
    possible: int
    scope: str
    container: str
    lifted_at: tuple[str, ...] = ()
    condition: str = ""


class Guardrails:
    """Adds to a control graph what is won by lifting guardrails. `given` leads from permissions at a scope to nodes."""

    def __init__(
        self,
        control: ControlGraph,
        access: EffectiveAccess,
        given: Callable[[int, int, str], Iterator[tuple[int, bool]]],
    ) -> None:
        self._control = control
        self._access = access
        self._world: World = access.world
        self._given = given
        self._lifters: dict[tuple[str, str], int | None] = {}
        self._joined: dict[object, int | None] = {}

    def add(self, withheld: Sequence[Withheld]) -> None:
        """Add all that somebody may lift."""
        for one in withheld:
            key = (one.scope, one.certain, one.possible, one.lifted_at, one.condition)
            if key not in self._joined:
                self._joined[key] = self._liftable(one)
            held = self._joined[key]
            if held is not None:
                self._control.graph.add_edge(one.node, held, one.reason, True)

    def _liftable(self, one: Withheld) -> int | None:
        """A new node, that something withheld is held by a binding; None where nobody can lift what keeps it away."""
        if one.lifted_at:
            lifters = [self._lifter(_DENIALS, place, _EDIT_DENIALS) for place in one.lifted_at]
            text = f"Change the deny policies of {' and '.join(one.lifted_at)}, which keep that away"
        else:
            lifters = [self._lifter(_TAGS, one.container, (_BIND_TO_RESOURCE,))]
            lifters += [self._lifter(_VALUES, place, (_BIND_VALUE,)) for place in self._parents(one)]
            text = f"Bind the tag that the condition asks for to {one.container}"
        known = [lifter for lifter in lifters if lifter is not None]
        if len(known) < len(lifters):
            return None
        held, won = self._control.graph.add_nodes(2)
        certain = bool(one.lifted_at)
        self._control.graph.add_all_of([held, *known], won, self._control.reason(Reason(text)), certain)
        for node, sure in self._given(one.certain, one.possible, one.scope):
            self._control.link(won, node, None, sure)
        return held

    def _lifter(self, kind: str, container: str, permissions: Sequence[str]) -> int | None:
        """The node of those who have one of some permissions on a container, None where nobody has."""
        key = (kind, container)
        if key not in self._lifters:
            self._lifters[key] = self._new_lifter(kind, container, permissions)
        return self._lifters[key]

    def _new_lifter(self, kind: str, container: str, permissions: Sequence[str]) -> int | None:
        place = self._world.places.place(MANAGER + container)
        setters = [
            setter for permission in permissions for setter in resource_end(self._access, place, permission).setters
        ]
        if not setters:
            return None
        control = self._control
        node = control.ability(kind, container)
        for binding, member, name, certain in setters:
            control.link(control.identity(name), node, control.reasons.add_binding(binding, member), certain)
            control.bound.add(control.identity(name))
        return node

    def _parents(self, one: Withheld) -> Iterator[str]:
        """The containers of the tag keys that a condition asks for; of a key by its number, the topmost one known."""
        above = self._world.hierarchy.way(one.container).names
        for key in tag_keys(one.condition):
            owner = key.partition("/")[0]
            if owner == "tagKeys":
                yield above[-1] if above else one.container
            else:
                yield (
                    f"organizations/{owner}"
                    if owner.isdigit()
                    else self._world.hierarchy.canonical(f"projects/{owner}")
                )
