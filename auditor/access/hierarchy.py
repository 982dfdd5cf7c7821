"""The resource hierarchy: which project lies in which folder, which folder in which organisation.

Projects have two spellings, by id and by number; either may be asked for. What is above a container is known only as
far as the input tells: a way that does not end in an organisation may go on.

Sources: cloud.google.com/resource-manager/docs/cloud-platform-resource-hierarchy,
cloud.google.com/asset-inventory/docs/reference/rest/v1/Asset (ancestors)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

MANAGER = "//cloudresourcemanager.googleapis.com/"
CONTAINERS = ("projects/", "folders/", "organizations/")


@dataclass(frozen=True, slots=True)
class Way:
    """A container and what is above it, and whether that is known to be all."""

    names: tuple[str, ...] = ()
    complete: bool = False


class Hierarchy:
    """Parents of projects and folders, and both names of projects."""

    def __init__(self) -> None:
        self._parents: dict[str, str] = {}
        self._tops: set[str] = set()
        self._ids: dict[str, str] = {}
        self._numbers: dict[str, str] = {}
        self._ways: dict[str, Way] = {}

    def add_ancestors(self, ancestors: Sequence[str], *, complete: bool = False) -> None:
        """Learn from an asset's ancestors, the nearest first; `complete` says that nothing is above the last.

        Something is always above a folder: a list that ends with one does not tell all.
        """
        if ancestors and ancestors[0] in self._parents:
            return  # nearly always: many assets stand in one project
        for child, parent in pairwise(ancestors):
            self._parents.setdefault(child, parent)
        complete = complete and bool(ancestors) and not ancestors[-1].startswith("folders/")
        if complete or (ancestors and ancestors[-1].startswith("organizations/")):
            self._tops.add(ancestors[-1])
        self._ways.clear()

    def add_project(self, project_id: str, number: str, *, surely: bool = True) -> None:
        """Learn that `projects/ID` and `projects/NUMBER` are one project. What is not sure yields to what is known."""
        by_id, by_number = f"projects/{project_id}", f"projects/{number}"
        if not surely and (by_id in self._numbers or by_number in self._ids):
            return
        self._ids[by_number] = project_id
        self._numbers[by_id] = by_number
        self._ways.clear()

    def project_id(self, container: str) -> str:
        """The id of a project in either spelling, or the name as it is where the input does not tell it."""
        return self._ids.get(container) or container.partition("/")[2]

    def canonical(self, container: str) -> str:
        """One spelling for each container: projects by id, where that is known."""
        return f"projects/{self.project_id(container)}" if container.startswith("projects/") else container

    def spellings(self, container: str) -> tuple[str, ...]:
        """All names of a container that are known."""
        name = self.canonical(container)
        number = self._numbers.get(name)
        return (name, number) if number else (name,)

    def knows(self, container: str) -> bool:
        """Whether the input says anything of what is above a container."""
        return any(name in self._parents or name in self._tops for name in self.spellings(container))

    def way(self, container: str) -> Way:
        """The container and all that is known to be above it, in canonical spelling."""
        found = self._ways.get(container)
        if found is None:
            found = self._ways[container] = self._climb(container)
        return found

    def _climb(self, container: str) -> Way:
        if not container:
            return Way()
        names = dict.fromkeys([self.canonical(container)])
        here, complete = container, self._is_top(container)
        while not complete:
            parent = next(self._parents_of(here), "")
            name = self.canonical(parent)
            if not parent or name in names:  # a circle can only be a mistake in the input
                break
            names[name] = None
            here, complete = parent, self._is_top(parent)
        return Way(tuple(names), complete)

    def _is_top(self, container: str) -> bool:
        return container.startswith("organizations/") or any(name in self._tops for name in self.spellings(container))

    def _parents_of(self, container: str) -> Iterator[str]:
        return (self._parents[name] for name in self.spellings(container) if name in self._parents)
