"""The estate: what assets say about each other, for checks that cannot judge one asset alone."""

from __future__ import annotations

import contextlib
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeVar

from auditor.completeness import IAM_POLICY, RESOURCE, Missings, is_inventoried
from auditor.resources.base import Asset, OpenList, Resource, Undetermined, asset_types_of
from auditor.resources.decode import policy_of, unknown_policy
from auditor.resources.policy import AuditConfig, Binding, Policy
from auditor.resources.resourcemanager import Project
from auditor.shelf import ByHome, Homes, Lines, NamedLines, Shelf

R = TypeVar("R", bound=Resource)

MISSING_POLICY = (
    "its IAM policy is not in the input; export content type iam-policy of all asset types, "
    "and say --exported iam-policy if that was done"
)
NOT_IN_TERRAFORM = (
    "Terraform shows only part of the estate, and not this IAM policy; an export of the estate has it, "
    "over which --on lays a plan"
)
MISSING_INHERITED = "the IAM policy of a folder or organisation above it is not in the input"
_POLICIES_READ = 256
"""Policies of containers that are kept as objects: those of folders are inherited by many."""


class Estate:
    """All assets of one scan, as far as the selected checks declared that they read them.

    `needs` says of a view which resources some check can learn from; of the others is only known that there are some.
    `partial` is true where a source shows only part of the estate (Terraform plans, files and states): then absence
    proves nothing. `exported` holds what was vouched for as complete: content types, and asset types by name.
    """

    def __init__(
        self,
        *,
        readable: frozenset[type[Resource]],
        with_policies: frozenset[type[Resource]] = frozenset(),
        needs: Mapping[type[Resource], Sequence[Callable[[Any], bool]]] = MappingProxyType({}),
        exported: frozenset[str] = frozenset(),
    ) -> None:
        self.homes = Homes()
        """The projects (or folders, organisations) that assets were met in."""
        self._readable = readable
        self._needs = {view: tests for view, tests in needs.items() if tests}
        self._passed_over: set[type[Resource]] = set()
        self._shelves: dict[type[Resource], Shelf[Any]] = {view: Shelf(view, self.homes) for view in readable}
        self._policies_on: dict[type[Resource], NamedLines] = {view: NamedLines() for view in with_policies}
        self._lists: dict[type[Resource], list[Any]] = {}
        self._causes: dict[type[Resource], str] = {}
        self._groups: dict[tuple[type[Resource], Callable[[Any], str]], _Group] = {}
        self._found: dict[tuple[type[Resource], Callable[[Any], str]], tuple[str, list[Any]]] = {}
        self._policies: dict[str, int] = {}
        self._policy_lines = Lines()
        self._policies_read: dict[str, Policy[Any]] = {}
        self._names: dict[str, str] = {}
        self._numbered: set[str] = set()
        """The ids of projects whose numbers are known."""
        self._above: dict[str, list[str]] = {}
        self.exported = exported
        self.missing = Missings()
        """What of the estate is known not to have been read."""
        self.partial = False
        self.damaged = False
        """Whether part of the input could not be read: then absence proves nothing either."""

    def add(self, resource: Resource, line: bytes) -> None:
        """Keep a resource that a selected check reads; `line` is its record."""
        view = type(resource)
        if view in self._needs and not _is_needed(resource, self._needs[view]):
            self._passed_over.add(view)
            return
        self._shelves[view].add(resource, line)

    def add_policy_on(self, view: type[Resource], name: str, line: bytes) -> None:
        """Keep the policy of an asset whose policies a selected check reads; `line` carries it."""
        self._policies_on[view].add(name, line)

    def add_policy(self, container: str, line: bytes) -> None:
        """Keep the policy of a project, folder or organisation, which `line` carries."""
        self._policies[container] = self._policy_lines.add(line)
        self._policies_read.pop(container, None)

    def close(self) -> None:
        """Give temporary files back. Nothing can be looked up afterwards."""
        self._policy_lines.close()
        for shelf in self._shelves.values():
            shelf.close()
        for lines in self._policies_on.values():
            lines.close()

    def add_container(self, asset: Asset) -> None:
        """Keep what is above a project, folder or organisation."""
        self._above[asset.key] = asset.ancestors

    def add_project(self, container: str, project: Project) -> None:
        """Keep which project id belongs to `projects/NUMBER`, whichever of the two `container` is."""
        with contextlib.suppress(Undetermined):  # a number whose id is not known stands for itself
            self._names[container] = project.project_id
            self._names[project.number] = project.project_id
            if container.removeprefix("projects/").isdigit() or project.number:
                self._numbered.add(project.project_id)

    def project_id(self, container: str) -> str:
        """The project id of `projects/NUMBER`, or the given name without its prefix where it is not known."""
        return self._names.get(container) or container.partition("/")[2]

    def same_project(self, one: str, other: str) -> bool:
        """Whether two spellings (`projects/NUMBER`, `projects/ID`) mean one project.

        Raises `Undetermined` for an id and a number that the input does not bring together.
        """
        if one.partition("/")[0] != other.partition("/")[0]:
            return False  # one of them is no project
        first, second = self.project_id(one), self.project_id(other)
        if first == second:
            return True
        for number, name in ((first, second), (second, first)):
            if number.isdigit() and not name.isdigit() and name not in self._numbered:
                raise Undetermined("which project is meant", f"the input does not tell the number of project {name}")
        return False

    def of(self, view: type[R]) -> list[R]:
        """All resources of a type.

        Where the input need not hold all of them, the list is open: what it holds can decide,
        what it lacks cannot (`Undetermined`).
        """
        if view not in self._lists:  # asked only after all input was read
            found = list(self._shelf(view))
            cause = self._why_incomplete(view)
            self._lists[view] = OpenList(found, view.__name__, cause) if cause else found
        return self._lists[view]

    def in_project(self, view: type[R], project: str) -> list[R]:
        """The resources of a type in one project; open on the same terms as `of`, but for what is missing elsewhere."""
        return self.related(view, _project_of, project)

    def surely_lacks(self, view: type[Resource], project: str) -> bool:
        """Whether a project is known to have no resource of a type."""
        by_key, doubt = self._group(view, _project_of)
        return not (len(by_key.get(project, ())) or doubt or self._why_incomplete_in(project, view))

    def related(self, view: type[R], key: Callable[[R], str], value: str, *, within: str = "") -> list[R]:
        """The resources of a type for which `key` is `value`, found by an index that is made once for each `key`.

        The list is open on the same terms as `of`, and where a resource's key is unknown. `within` is the project,
        folder or organisation that all such resources lie in, where that is known: then what is missing elsewhere does
        not matter.
        """
        within = value if key is _project_of else within
        last, found = self._found.get((view, key), (None, []))
        if last != value:  # checks ask about one asset after the other
            by_key, doubt = self._group(view, key)
            shelf = self._shelf(view)
            found = [shelf[number] for number in by_key.get(value, ())]
            cause = (self._why_incomplete_in(within, view) if within else self._why_incomplete(view)) or doubt
            found = OpenList(found, view.__name__, cause) if cause else found
            self._found[view, key] = (value, found)
        return found

    def _shelf(self, view: type[R]) -> Shelf[R]:
        if view not in self._shelves:
            raise LookupError(f"the check does not declare reads=[{view.__name__}]")
        return self._shelves[view]

    def _group(self, view: type[Resource], key: Callable[[Any], str]) -> _Group:
        if (view, key) not in self._groups:
            shelf = self._shelf(view)
            self._groups[view, key] = (shelf.by_home(), "") if key is _project_of else _grouped(shelf, key)
        return self._groups[view, key]

    def has_policy(self, container: str) -> bool:
        """Whether the input holds the IAM policy of a project, folder or organisation."""
        return container in self._policies

    def policy(self, container: str) -> Policy[Any]:
        """The IAM policy of a project, folder or organisation. Raises `Undetermined` where it is not known."""
        if container in self._policies_read:
            return self._policies_read[container]
        if container in self._policies:
            if len(self._policies_read) == _POLICIES_READ:
                self._policies_read.clear()
            policy = policy_of(self._policy_lines[self._policies[container]])
            return self._policies_read.setdefault(container, policy)
        raise Undetermined(f"IAM policy of {container}", self.why_no_policy(container) or self.missing_policy)

    @property
    def missing_policy(self) -> str:
        """Why an IAM policy is not in the input, and what to do."""
        return NOT_IN_TERRAFORM if self.partial else MISSING_POLICY

    def why_no_policy(self, container: str) -> str:
        """Why the IAM policy of a project, folder or organisation may be among what could not be read, `""` if not."""
        kind = _CONTAINERS.get(container.partition("/")[0], "")
        above, uncertain = self._surroundings(container)
        return self.missing.why([kind], above, policies=True, uncertain=uncertain)

    def absent_policy(self, asset: Asset, *, others: bool) -> Policy[Any]:
        """The policy of an asset of which the input has none: empty where that is sure, else unknown.

        `others` says whether the input has the policy of any other asset of the type.
        """
        if self.damaged:
            return unknown_policy(asset, "part of the input could not be read, and its IAM policy may have been there")
        if cause := self.missing.why([asset.asset_type], asset.ancestors, policies=True):
            return unknown_policy(asset, cause)
        container = asset.project or (asset.ancestors[0] if asset.ancestors else asset.key)
        seen = IAM_POLICY in self.exported or (others and self.has_policy(container))
        if seen and container != asset.key and not self.partial:
            return Policy(asset=asset)
        return unknown_policy(asset, self.missing_policy)

    def chain(self, asset: Asset, own: Policy[Any] | None) -> PolicyChain:
        """The policies that apply to `asset`: its own and those of its ancestors."""
        ancestors = [name for name in asset.ancestors if name != asset.key]
        return PolicyChain(own, ancestors, self)

    def chain_of(self, resource: Resource) -> PolicyChain:
        """The policies that apply to a resource of the estate, whose view the check names in `reads_policies`."""
        view = type(resource)
        if view not in self._policies_on:
            raise LookupError(f"the check does not declare reads_policies=[{view.__name__}]")
        lines = self._policies_on[view]
        found = (policy_of(line) for line in lines.candidates(resource.asset.name))
        own = next((policy for policy in found if policy.asset.name == resource.asset.name), None)
        if own is None:
            own = self.absent_policy(resource.asset, others=bool(lines))
        return self.chain(resource.asset, own)

    def _why_incomplete(self, view: type[Resource]) -> str:
        """Why the input need not hold all resources of a type, `""` where it does."""
        if view not in self._causes:
            self._causes[view] = self._cause() or self.missing.why(asset_types_of(view)) or self._why_none(view)
        return self._causes[view]

    def _why_incomplete_in(self, project: str, view: type[Resource]) -> str:
        """The same of those in one project, which what is missing elsewhere does not touch."""
        places, uncertain = self._surroundings(project)
        missing = self.missing.why(asset_types_of(view), places, uncertain=uncertain)
        return self._cause() or missing or self._why_none(view)

    def _cause(self) -> str:
        """What makes all lists open, `""` for nothing."""
        if self.partial:
            return "Terraform shows only part of the estate"
        if self.damaged:
            return "part of the input could not be read, and may have held more"
        return ""

    def _why_none(self, view: type[Resource]) -> str:
        """Why there may be resources of a type of which the input has none."""
        if len(self._shelf(view)) or view in self._passed_over or self.vouched_for(view):
            return ""
        kinds = asset_types_of(view)
        none = f"the input has no {' or '.join(kinds)}"
        outside = next((kind for kind in kinds if not is_inventoried(kind)), None)
        if outside is not None:
            return f"{none}, which no export holds; scan live, or say --exported {outside} if there is none"
        return f"{none}; say --exported {_contents(view)[-1]} if that content was exported in full"

    def _surroundings(self, container: str) -> tuple[list[str], bool]:
        """A container with what is above it, and whether more may be above than is known."""
        above = self._above.get(container, [container])
        return above, not above[-1].startswith("organizations/")

    def vouched_for(self, view: type[Resource]) -> bool:
        """Whether the input is said to hold all resources of a type: by its name or its content."""
        kinds = asset_types_of(view)
        if any(kind in self.exported for kind in kinds):  # the other types of such a view are other names for the same
            return True
        return all(map(is_inventoried, kinds)) and any(content in self.exported for content in _contents(view))


_CONTAINERS = {
    "projects": "cloudresourcemanager.googleapis.com/Project",
    "folders": "cloudresourcemanager.googleapis.com/Folder",
    "organizations": "cloudresourcemanager.googleapis.com/Organization",
}


_MISTAKES = (AttributeError, TypeError, ValueError, LookupError, ArithmeticError)
"""What a check that is wrong about a resource raises."""


def _is_needed(resource: Resource, needs: Iterable[Callable[[Any], bool]]) -> bool:
    """Whether some check can learn from a resource; also where that is not known, or asking it is a mistake."""
    try:
        return any(need(resource) for need in needs)
    except (Undetermined, *_MISTAKES):
        return True


def _contents(view: type[Resource]) -> tuple[str, ...]:
    """The content types that hold a type; the last is the one that it is best exported with."""
    kinds = asset_types_of(view)
    if any("accesscontextmanager" in kind for kind in kinds):
        return (RESOURCE, "access-policy")
    return (RESOURCE, "org-policy") if "orgpolicy.googleapis.com/Policy" in kinds else (RESOURCE,)


_Group = tuple[dict[str, "array[int]"] | ByHome, str]
"""Numbers of resources by key, and why some resource may belong to any group."""


def _project_of(resource: Resource) -> str:
    return resource.project


def _grouped(resources: Iterable[Any], key: Callable[[Any], str]) -> _Group:
    by_key: dict[str, array[int]] = {}
    doubt = ""
    for number, resource in enumerate(resources):
        try:
            by_key.setdefault(key(resource), array("L")).append(number)
        except Undetermined:
            doubt = doubt or f"not known of {resource.asset.short_name}"
    return by_key, doubt


class PolicyChain:
    """The IAM policies that apply to one asset: set on it, and inherited from its ancestors."""

    def __init__(self, own: Policy[Any] | None, ancestors: list[str], estate: Estate) -> None:
        self._own = own
        self._ancestors = ancestors
        self._estate = estate

    def policies(self) -> Iterator[tuple[str, Policy[Any]]]:
        """(level, policy) from the asset upwards; level is `""` for the asset's own.

        Known levels come first; then `Undetermined` is raised where a level is not known.
        """
        if self._own is not None:
            yield "", self._own
        unknown = [name for name in self._ancestors if not self._estate.has_policy(name)]
        for name in self._ancestors:
            if name not in unknown:
                yield name, self._estate.policy(name)
        if unknown:
            cause = next(filter(None, map(self._estate.why_no_policy, unknown)), MISSING_INHERITED)
            raise Undetermined("inherited IAM policy", cause)

    def bindings(self) -> Iterator[tuple[str, Binding]]:
        """(level, binding) over all levels."""
        for level, policy in self.policies():
            for binding in policy.bindings:
                yield level, binding

    def audit_configs(self) -> Iterator[tuple[str, AuditConfig]]:
        """(level, audit configuration) over all levels; the union is in force."""
        for level, policy in self.policies():
            for config in policy.audit_configs:
                yield level, config
