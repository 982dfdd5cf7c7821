"""What is to be collected from: the targets, what is below them, and what of it is left out.

The inventory tells all containers in a few requests. Where it is refused, Resource Manager tells them level by level.

Sources: cloud.google.com/resource-manager/reference/rest/v3/projects, …/v3/folders, …/v3/organizations
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from auditor.names import UnknownName
from auditor.sources.live import convert
from auditor.sources.live.assets import listed
from auditor.sources.live.declaration import MANAGER, Level, Place, Quota, Record, Rpc
from auditor.sources.live.failures import Failure, Refused, State
from auditor.sources.live.needs import CONTAINERS
from auditor.sources.live.network import Calls

TARGET = re.compile(r"(?:organizations/\d+|folders/\d+|projects/[a-z0-9.:-]+)")
_RULE = re.compile(r"(?:organizations/\d+|folders/\d+|projects/[a-z0-9.:*?-]+)")
_LABEL = re.compile(r"label:([^=]+)=(.*)")

_READS = Quota("Resource Manager reads", 600)
_V3 = "/google.cloud.resourcemanager.v3."
GET_PROJECT = Rpc(f"{_V3}Projects/GetProject", _READS, ("resourcemanager.projects.get",))
GET_FOLDER = Rpc(f"{_V3}Folders/GetFolder", _READS, ("resourcemanager.folders.get",))
GET_ORGANIZATION = Rpc(f"{_V3}Organizations/GetOrganization", _READS, ("resourcemanager.organizations.get",))
LIST_PROJECTS = Rpc(f"{_V3}Projects/ListProjects", _READS, ("resourcemanager.projects.list",))
LIST_FOLDERS = Rpc(f"{_V3}Folders/ListFolders", _READS, ("resourcemanager.folders.list",))
RPCS = (GET_PROJECT, GET_FOLDER, GET_ORGANIZATION, LIST_PROJECTS, LIST_FOLDERS)


class NotAScope(ValueError):  # noqa: N818 - the message is the sentence that the user reads
    """A target, or what is to be left out, is written wrongly; the message says how to write it."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which projects and folders of the targets are collected from: by id, by folder, by label.

    In ids and in values of labels, `*` stands for any characters and `?` for one.
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for rule in (*self.include, *self.exclude):
            if not _RULE.fullmatch(rule) and not _LABEL.fullmatch(rule):
                raise NotAScope(f"{rule!r}: write projects/ID, folders/NUMBER or label:KEY=VALUE")

    @property
    def is_open(self) -> bool:
        """Whether it lets everything through."""
        return not self.include and not self.exclude

    def excludes(self, place: Place) -> str:
        """The rule that leaves a place out, `""` where it is collected from."""
        by = next((rule for rule in self.exclude if _matches(rule, place)), "")
        if by or place.level is not Level.PROJECT or not self.include:
            return by
        return "" if any(_matches(rule, place) for rule in self.include) else "not included"


def _matches(rule: str, place: Place) -> bool:
    label = _LABEL.fullmatch(rule)
    if label:
        value = place.labels.get(label[1])
        return isinstance(value, str) and fnmatchcase(value, label[2])
    if place.names(rule) or rule in place.ancestors:
        return True
    return place.level is Level.PROJECT and fnmatchcase(f"projects/{place.project_id}", rule)


@dataclass(slots=True)
class Scope:
    """The places to collect from."""

    roots: list[Place] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    """The roots and all below them."""
    excluded: dict[str, str] = field(default_factory=dict)
    records: list[Record] = field(default_factory=list)
    """The containers as assets."""
    unreached: dict[str, Failure] = field(default_factory=dict)
    """Targets of which nothing could be learnt."""
    without_inventory: dict[str, Failure] = field(default_factory=dict)
    """Roots for which the inventory was refused."""
    ids: dict[str, str] = field(default_factory=dict)
    """`projects/NUMBER` → the project's id, of what was left out, too."""

    read_time: str = ""
    """The moment of which the inventory told the containers, RFC 3339."""
    unmatched: list[str] = field(default_factory=list)
    """What of the rules names nothing that was found."""

    tops: dict[str, Place] = field(default_factory=dict)
    """The roots without those whose assets come with another root's: a project of a folder that is one, too."""

    def find_tops(self) -> None:
        """Tell which roots are within others."""
        listed = {root.key for root in self.roots if root.key not in self.without_inventory}
        above = {root.key: set(root.ancestors) - {root.key} for root in self.roots}
        every = {root.key for root in self.roots}
        tops = [root for root in self.roots if not above[root.key] & (listed if root.key in listed else every)]
        self.tops = {root.key: root for root in tops}

    def root_of(self, place: Place) -> str:
        """The target with which a place's assets come."""
        return next((name for name in (place.key, *place.ancestors) if name in self.tops), "")

    def keeps(self, record: Record) -> bool:
        """Whether an asset belongs to a place that was not left out."""
        return not self.excluded or not any(name in self.excluded for name in record["ancestors"])


def check_targets(targets: Sequence[str]) -> None:
    """Raises `NotAScope` for what is no target."""
    for target in targets:
        if not TARGET.fullmatch(target):
            raise NotAScope(f"{target!r}: write organizations/NUMBER, folders/NUMBER or projects/ID")


async def resolve(calls: Calls, targets: Iterable[str], rules: Filter) -> Scope:
    """The scope of some targets. Raises `NoCredentials`, `NotAScope`."""
    scope = Scope()
    known: dict[str, Place] = {}
    for target in targets:
        try:
            records, read_time = await _inventoried(calls, target)
            scope.read_time = min(filter(None, (scope.read_time, read_time)), default="")
        except Refused as refused:
            try:
                records = _placed([record async for record in _by_manager(calls, target)])
            except Refused as second:
                scope.unreached[target] = refused.failure
                scope.unreached[f"{target} (by Resource Manager)"] = second.failure
                continue
            scope.without_inventory[target] = refused.failure
        places = {place.key: place for place in map(place_of, records)}
        root = next((place for place in places.values() if place.names(target)), Place(target, (target,)))
        if target in scope.without_inventory:
            scope.without_inventory[root.key] = scope.without_inventory.pop(target)
        if root.key not in {other.key for other in scope.roots}:
            scope.roots.append(root)
        fresh = {key: place for key, place in {root.key: root, **places}.items() if key not in known}
        known |= fresh
        scope.records += [record for record in records if record["ancestors"][0] in fresh]
    scope.find_tops()
    _leave_out(scope, known.values(), rules)
    _unmatched(scope, known.values(), rules)
    return scope


def _unmatched(scope: Scope, places: Iterable[Place], rules: Filter) -> None:
    """Note the rules that name nothing. Raises `NotAScope` where a project or folder that is wanted is not there."""
    places = list(places)
    names = {place.key if place.level is not Level.PROJECT else f"projects/{place.project_id}" for place in places}
    for option, given in (("--in", rules.include), ("--not-in", rules.exclude)):
        for rule in given:
            if any(_matches(rule, place) for place in places):
                continue
            if option == "--in" and TARGET.fullmatch(rule) and not scope.unreached:
                raise NotAScope(str(UnknownName("project or folder of the targets", rule, names, option)))
            scope.unmatched.append(f"{option} {rule}: nothing of the targets is called or labelled so")


async def _inventoried(calls: Calls, target: str) -> tuple[list[Record], str]:
    """(containers of a target, their moment), told by the inventory; the target itself is always among them."""
    pages = [page async for page in listed(calls, target, "resource", CONTAINERS)]
    records = _placed([record for page in pages for record in page.records])
    if not any(place_of(record).names(target) for record in records):
        raise Refused(Failure(State.REFUSED, f"the inventory knows no {target}"))
    return records, pages[0].read_time


def _placed(records: Iterable[Record]) -> list[Record]:
    """The containers whose place can be told. Raises `Refused` where none can."""
    records = list(records)
    placed = [record for record in records if TARGET.fullmatch(record["ancestors"][0])]
    if records and not placed:
        raise Refused(Failure(State.UNREADABLE, "containers without a name"))
    return placed


def _leave_out(scope: Scope, places: Iterable[Place], rules: Filter) -> None:
    for place in places:
        if place.project_id:
            scope.ids[place.key] = place.project_id
        by = rules.excludes(place)
        if by:
            scope.excluded[place.key] = by
        else:
            scope.places.append(place)
    scope.places.sort(key=lambda place: (list(Level)[::-1].index(place.level), place.key))
    scope.records = [record for record in scope.records if scope.keeps(record)]


def place_of(record: Record) -> Place:
    """The place that a container's record is of."""
    data: dict[str, Any] = record.get("resource", {}).get("data", {})
    labels, owner = data.get("labels"), data.get("owner")
    owner = owner if isinstance(owner, dict) else {}
    return Place(
        key=record["ancestors"][0],
        ancestors=tuple(record["ancestors"]),
        project_id=str(data.get("projectId", "")),
        is_active=data.get("state", "ACTIVE") == "ACTIVE" and data.get("lifecycleState", "ACTIVE") == "ACTIVE",
        customer=str(data.get("directoryCustomerId") or owner.get("directoryCustomerId") or ""),
        labels=labels if isinstance(labels, dict) else {},
    )


async def _by_manager(calls: Calls, target: str) -> AsyncIterator[Record]:
    """The containers of a target, told by Resource Manager."""
    from google.cloud import resourcemanager_v3 as v3

    level = Level(target.partition("/")[0])
    projects = calls.client("resourcemanager_v3", "Projects")
    if level is Level.PROJECT:
        found = await calls.answer(GET_PROJECT, projects.get_project, v3.GetProjectRequest(name=target))
        yield _record(found, "Project", ())
        return
    if level is Level.FOLDER:
        client = calls.client("resourcemanager_v3", "Folders")
        top = await calls.answer(GET_FOLDER, client.get_folder, v3.GetFolderRequest(name=target))
    else:
        client = calls.client("resourcemanager_v3", "Organizations")
        top = await calls.answer(GET_ORGANIZATION, client.get_organization, v3.GetOrganizationRequest(name=target))
    kind = "Folder" if level is Level.FOLDER else "Organization"
    yield _record(top, kind, ())
    waiting: list[tuple[str, ...]] = [(target,)]
    folders = calls.client("resourcemanager_v3", "Folders")
    while waiting:
        above = waiting.pop()
        request = v3.ListProjectsRequest(parent=above[0], page_size=300, show_deleted=True)
        async for found in calls.each(LIST_PROJECTS, projects.list_projects, request, "projects"):
            yield _record(found, "Project", above)
        wanted = v3.ListFoldersRequest(parent=above[0], page_size=300)
        async for found in calls.each(LIST_FOLDERS, folders.list_folders, wanted, "folders"):
            yield _record(found, "Folder", above)
            waiting.append((found.name, *above))


def _record(message: Any, kind: str, above: tuple[str, ...]) -> Record:
    """A container as the inventory would tell it; of what is above the target only its parent is known."""
    parent = getattr(message, "parent", "")
    place = Place(message.name, (message.name, *(above or ([parent] if parent else []))))
    record = place.record(place.full_name, f"{MANAGER}/{kind}", convert.plain(message))
    if kind == "Project":
        record["resource"]["data"]["projectNumber"] = message.name.removeprefix("projects/")
    return record
