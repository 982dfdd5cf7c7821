"""Who holds any role on a container or on a resource right in it: one pass over its bindings, for all that ask.

Most questions about a crowd end with its members as a set of small numbers; grants are made of those few that are told.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Set
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from auditor.access.bindings import NO_GAPS, NOBODY
from auditor.access.hierarchy import MANAGER
from auditor.access.members import Member, parse
from auditor.access.world import World


class Meant(NamedTuple):
    """Says which members are meant. It is asked of each member of the estate once: hand in the same each time.

    `types` says which types of members (what stands before the colon) the test can hold for, so that others need not
    be read; empty means all.
    """

    test: Callable[[Member], bool]
    types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Crowd:
    """The members, by number, that hold a role on a container and on the resources in it, and what is not known."""

    on_container: Set[int]
    on_resources: Set[int]
    doubts: list[str]
    _among: Callable[[Meant], bytearray]

    def has(self, meant: Meant) -> bool:
        """Whether somebody who is meant holds a role on the container or on a resource in it."""
        return self.has_on_resources(meant) or any(map(self._among(meant).__getitem__, self.on_container))

    def has_on_resources(self, meant: Meant) -> bool:
        """Whether somebody who is meant holds a role on a resource in the container."""
        return any(map(self._among(meant).__getitem__, self.on_resources))


class Crowds:
    """The crowds of an estate. `is_dead` says of a binding whether no request can meet its condition."""

    def __init__(self, world: World, is_dead: Callable[[int], bool]) -> None:
        self._world = world
        self._is_dead = is_dead
        self._meant: dict[Meant, bytearray] = {}
        self._last: tuple[str, Crowd] | None = None

    def of(self, container: str) -> Crowd:
        """The crowd of a project, folder or organization."""
        container = self._world.hierarchy.canonical(container)
        if self._last is None or self._last[0] != container:  # checks ask about one policy after the other
            self._last = container, self._gathered(container)
        return self._last[1]

    def among(self, meant: Meant) -> bytearray:
        """For each member of the estate, by number, whether it is meant."""
        known = self._meant.get(meant)
        if known is None:
            test, prefixes = meant.test, tuple(f"{kind}:" for kind in meant.types) or ("",)
            texts = self._world.bindings.members.all
            known = bytearray(text.startswith(prefixes) and test(parse(text)) for text in texts)
            known[NOBODY] = False
            self._meant[meant] = known
        return known

    def grants(self, container: str, meant: Meant) -> Iterator[tuple[str, int, list[int]]]:
        """(scope, binding, numbers of the members) wherever somebody who is meant holds a role."""
        bindings, among = self._world.bindings, self.among(meant)
        for number in self._scopes_in.get(self._world.hierarchy.canonical(container), ()):
            scope = bindings.scopes[number]
            for binding in range(*bindings.span_of(number)):
                numbers = [number for number in bindings.members_of(binding) if among[number]]
                if numbers and not self._is_dead(binding):
                    yield scope, binding, numbers

    def _gathered(self, container: str) -> Crowd:
        bindings = self._world.bindings
        here: set[int] = set()
        inside: set[int] = set()
        doubts = list(filter(None, [self._world.why_more_policies(container)]))
        for scope in self._scopes_in.get(container, ()):
            first, last = bindings.span_of(scope)
            crowd = here if bindings.scopes[scope].startswith(MANAGER) else inside
            if any(bindings.condition_of[first:last]):
                for binding in range(first, last):
                    if not self._is_dead(binding):
                        crowd.update(bindings.members_of(binding))
            else:
                crowd.update(bindings.members_of_all(first, last))
            if bindings.gaps:
                gaps = (bindings.gaps.get(binding, NO_GAPS).members for binding in range(first, last))
                doubts.extend(gap for gap in gaps if gap)
            if doubt := bindings.doubts.get(scope, ""):
                doubts.append(doubt)
        return Crowd(here, inside, doubts, self.among)

    @cached_property
    def _scopes_in(self) -> dict[str, array[int]]:
        """Container → the numbers of what is right in it and has a policy, itself included."""
        found: dict[str, array[int]] = {}
        for number, scope in enumerate(self._world.bindings.scopes.all):
            tail = scope.partition("/projects/")[2]
            if tail and not tail.startswith(("_", "-", "/")):  # scopes are canonical: the name says it
                container = f"projects/{tail.partition('/')[0]}"
            else:
                container = self._world.hierarchy.canonical(self._world.places.container(scope))
            known = found.get(container)
            if known is None:
                known = found[container] = array("I")
            known.append(number)
        return found
