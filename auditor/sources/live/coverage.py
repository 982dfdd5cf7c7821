"""What was asked for, what was reached, and how each service ended in each place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import msgspec

from auditor.completeness import COLLECTION, IAM_POLICY, NOT_INVENTORIED, RESOURCE, Missing, is_inventoried
from auditor.model.collection import Collection, ServiceState
from auditor.model.text import plural
from auditor.sources.live.declaration import Record
from auditor.sources.live.failures import USE_PROJECT, Failure, State
from auditor.sources.live.needs import ACCESS_MANAGED, CONTAINERS, ORG_POLICY

ASSET_TYPE = COLLECTION
"""The type of the record that holds the coverage, the first of a collection."""
FORM = 1
_WORKSPACE = "cloudidentity.googleapis.com"
_SCOPE, _POLICIES = "scope", ":iam-policy"
UNLISTED = "inventory"
"""In place of a collector: an asset type that the inventory does not list."""
SKIPPED = "left out by --skip"
_NOT_LISTED = "Cloud Asset Inventory does not list them"
_ATTACHED = ("iam.googleapis.com/DenyPolicy", "iam.googleapis.com/PolicyBinding")
"""What the inventory does not hold and every container may have of its own."""
BULK = "assets"
BEYOND = "//"
"""In place of a place: whatever the targets do not hold."""


@dataclass(frozen=True, slots=True)
class Part:
    """How collecting from one service in one place ended."""

    collector: str
    service: str
    place: str
    state: State
    records: int = 0
    detail: str = ""
    permission: str = ""
    asset_types: tuple[str, ...] = ()
    """What it would have yielded."""
    content: str = ""
    """Of bulk reads: the content type."""
    harmless: bool = False
    """Whether nothing is missing although not everything was read: an API that is off in the place that was asked."""

    instead: bool = False
    """Whether it was read because the inventory was refused."""

    @property
    def is_missing(self) -> bool:
        """Whether something that may be there was not read."""
        return not self.state.is_complete and not self.harmless

    @property
    def problem(self) -> str:
        """What went wrong, as a clause."""
        return f"{self._what} of {self.place}: {Failure(self.state, self.detail, self.permission).words}"

    @property
    def cause(self) -> str:
        """Why something is missing, as a clause without the place: the same for all that ended alike."""
        lacking = f", {self.permission} is missing" if self.permission else ""
        if self.state is State.NOT_ASKED:
            told = self.detail if self.detail in _OTHER_ADVICE else "to spare a slow quota"
            return f"{self._what} not asked for, {told}"
        return f"{self._what} could not be read ({self.state.value}{lacking})"

    @property
    def _what(self) -> str:
        if self.collector == UNLISTED:
            return f"{self.content} content of {', '.join(self.asset_types)}"
        return f"{self.content} content" if self.content else self.collector

    def lacks(self, instead: Iterable[str] = ()) -> Iterator[Missing]:
        """What may be missing because of it, but for what was read instead."""
        of_policies = frozenset(name.removesuffix(_POLICIES) for name in instead if name.endswith(_POLICIES))
        if self.content == IAM_POLICY:
            yield from self._lacking(self.asset_types, of_policies, policies=True)
            return
        content = {"org-policy": (ORG_POLICY,), "access-policy": ACCESS_MANAGED}
        types = content.get(self.content, self.asset_types)
        yield from self._lacking([name for name in types if not name.endswith(_POLICIES)], {*CONTAINERS, *instead})
        policies = [name.removesuffix(_POLICIES) for name in types if name.endswith(_POLICIES)]
        if policies or self.collector == _SCOPE:
            yield from self._lacking(policies, (), policies=True)

    def _lacking(self, types: Sequence[str], instead: Iterable[str], *, policies: bool = False) -> Iterator[Missing]:
        """Assets of some types, or of all where the inventory was asked for all, but for those read instead."""
        if types:
            left = frozenset(types) - frozenset(instead if self.content else ())
            if left:
                yield Missing(self.place, self.cause, left, policies=policies)
        elif self.content:
            yield Missing(self.place, self.cause, besides=frozenset(instead), policies=policies)

    @property
    def advice(self) -> str:
        """What to do about it."""
        if self.state is State.DENIED and self.service == _WORKSPACE:
            return "give the auditor's account the Google Workspace role Groups Reader; IAM does not grant this"
        if self.permission == USE_PROJECT:
            return (
                "grant the auditor roles/serviceusage.serviceUsageConsumer in the project that the requests are billed "
                "to (--quota-project), or name another"
            )
        if self.detail in _OTHER_ADVICE:
            return _OTHER_ADVICE[self.detail]
        return _ADVICE.get(self.state, _AGAIN).format(
            permission=self.permission or "the missing permission", place=self.place, service=self.service
        )


_AGAIN = "collect again with --resume, which asks only for what is missing"
_ADVICE = {
    State.DENIED: "grant the auditor {permission} on {place}; `auditor permissions` prints the role that it needs",
    State.DISABLED: "gcloud services enable {service} in the project that the requests are billed to (--quota-project)",
    State.PERIMETER: "let the auditor into the perimeter with an ingress rule for {service}, or run it inside",
    State.NOT_ASKED: "collect with --thorough, which waits for slow quotas",
    State.PENDING_DELETION: "nothing, unless the project is restored",
    State.REFUSED: "see the API's message; what rests on it is not assessed",
}

_OTHER_ADVICE = {
    SKIPPED: "collect without --skip to have it judged",
    _NOT_LISTED: "nothing; what rests on it is not assessed",
}
"""For what was not asked: the reason → what to do about it."""


def not_listed(root: str, content: str, asset_type: str) -> Part:
    """The part that tells of an asset type that the inventory refuses to list."""
    service = asset_type.partition("/")[0]
    return Part(UNLISTED, service, root, State.NOT_ASKED, 0, _NOT_LISTED, asset_types=(asset_type,), content=content)


@dataclass(slots=True)
class Coverage:
    """What a collection holds, and what it lacks."""

    requested: list[str]
    reached: list[str] = field(default_factory=list)
    """The projects, folders and organisations that were found and collected from."""
    excluded: dict[str, str] = field(default_factory=dict)
    """Place → what excluded it."""
    parts: list[Part] = field(default_factory=list)
    by_home: dict[str, dict[str, int]] = field(default_factory=dict)
    """Project, folder or organisation → service → assets from the bulk read."""
    types: dict[str, int] = field(default_factory=dict)
    """Asset type → records."""
    asked_types: list[str] | None = None
    """The asset types that were asked for, None for all."""
    asked_policies: list[str] | None = None
    """The asset types whose IAM policies were asked for, None for all."""
    read_time: str = ""
    identity: str = ""
    notes: list[str] = field(default_factory=list)
    ids: dict[str, str] = field(default_factory=dict)
    """`projects/NUMBER` → the project's id."""
    roots: dict[str, str] = field(default_factory=dict)
    """Place → the target that it was found below."""
    alone: list[str] = field(default_factory=list)
    """Those of the targets that are projects in no organisation."""
    above: list[str] = field(default_factory=list)
    """The folders and organisations above the targets, which are in no target."""

    @property
    def missing(self) -> list[Part]:
        """What was not read, although it may be there."""
        return [part for part in self.parts if part.is_missing]

    @property
    def failed(self) -> list[Part]:
        """Those of the missing that were asked for."""
        return [part for part in self.missing if part.state is not State.NOT_ASKED]

    @property
    def nothing_read(self) -> bool:
        """Whether no read succeeded."""
        return not any(part.state.is_complete for part in self.parts)

    @property
    def is_whole(self) -> bool:
        """Whether the targets are all that there is: organisations, or projects that are in none."""
        return all(target.startswith("organizations/") or target in self.alone for target in self.requested)

    @property
    def vouched_for(self) -> frozenset[str]:
        """What was read to its end in every place: content types, and asset types that the inventory lacks."""
        lacking = {name for part in self.missing for name in (part.content, *part.asset_types)}
        return frozenset(self.asked_for - lacking)

    @property
    def asked_for(self) -> frozenset[str]:
        """What was asked for in every place, with the same names.

        What of it was not read all the same, or lies beyond the targets, is told by `lacks`.
        """
        contents = {part.content for part in self.parts if part.collector == BULK}
        roots = {part.place for part in self.parts if part.collector == BULK}
        if "access-policy" in contents and any(not root.startswith("organizations/") for root in roots):
            contents.discard("access-policy")
        direct = {name for part in self.parts if part.collector != BULK for name in part.asset_types}
        return frozenset(contents | {name for name in direct if ":" not in name and not is_inventoried(name)})

    def lacks(self) -> Iterator[Missing]:
        """All that may be there and was not read, and why."""
        instead = {name for part in self.parts if part.instead for name in part.asset_types}
        for part in self.missing:
            yield from part.lacks(instead)
        for place, rule in self.excluded.items():
            cause = f"left out ({rule})"
            besides = frozenset((*CONTAINERS, *ACCESS_MANAGED))
            yield Missing(place, cause, besides=besides, asked=False)
            yield Missing(place, cause, frozenset(_ATTACHED), asked=False)
            yield Missing(place, cause, policies=True, asked=False)
        if self.is_whole:
            return
        cause = "only part of the organization was asked, and there may be more beside or above it"
        yield Missing(BEYOND, cause, besides=frozenset(CONTAINERS), asked=False, below=False)
        yield Missing(BEYOND, cause, frozenset(NOT_INVENTORIED), asked=False, below=False)
        for place in self.above:
            yield Missing(place, "above the targets", frozenset(CONTAINERS), policies=True, asked=False, below=False)

    def matrix(self) -> Iterator[tuple[str, str, Part]]:
        """(place, service, how it ended) for each service in each place that was to be collected from."""
        contents = {part.place: part for part in self.parts if part.collector == BULK and part.content == RESOURCE}
        asked: dict[str, set[str]] = {}
        unlisted = {
            name for p in self.parts if p.collector == UNLISTED and p.content == RESOURCE for name in p.asset_types
        }
        for name in filter(is_inventoried, {*self.types, *(self.asked_types or ())} - unlisted):
            asked.setdefault(name.partition("/")[0], set()).add(name)
        direct: dict[str, dict[str, list[Part]]] = {}
        for part in self.parts:
            if part.collector not in (BULK, _SCOPE):
                direct.setdefault(part.place, {}).setdefault(part.service, []).append(part)
        for place in self.reached:
            bulk = contents.get(self.roots.get(place, ""))
            held, own = self.by_home.get(place, {}), direct.get(place, {})
            for service in sorted({*own, *(asked if bulk is not None else ())}):
                parts = own.get(service, [])
                for part in parts:
                    if part.is_missing:
                        yield place, f"{service} ({part.collector})", part
                instead = {name for part in parts if part.instead for name in part.asset_types}
                if bulk is not None and asked.get(service, set()) - (instead if bulk.is_missing else set()):
                    parts = [*parts, bulk]
                read = [part for part in parts if part is bulk or not part.is_missing]
                if read:
                    yield place, service, _ended(read, place, service, held.get(service, 0))

    def states(self) -> list[ServiceState]:
        """The matrix by service and state, with the parts that are no service's: whole contents, and what is above."""
        groups: dict[tuple[str, State, str, bool], list[Part]] = {}
        for part in self.parts:
            if part.collector in (BULK, _SCOPE):
                what = f"{part.content} content" if part.collector == BULK else "projects, folders and organizations"
                groups.setdefault((what, part.state, part.permission, part.is_missing), []).append(part)
        for _, service, part in self.matrix():
            groups.setdefault((service, part.state, part.permission, part.is_missing), []).append(part)
        return [
            ServiceState(
                service=service,
                state=state.value,
                is_missing=is_missing,
                permission=permission,
                advice=replace(parts[0], place=_joined(self.called(part.place) for part in parts)).advice
                if is_missing
                else "",
                records=sum(part.records for part in parts),
                places=[self.called(part.place) for part in parts],
            )
            for (service, state, permission, is_missing), parts in sorted(groups.items(), key=_missing_first)
        ]

    def called(self, place: str) -> str:
        """A place as people know it: projects by their ids."""
        return f"projects/{self.ids[place]}" if place in self.ids else place

    def collection(self) -> Collection:
        """What a run tells of it."""
        return Collection(
            requested=self.requested,
            reached=[self.called(place) for place in self.reached],
            excluded={self.called(place): rule for place, rule in self.excluded.items()},
            identity=self.identity,
            read_time=self.read_time,
            services=self.states(),
            notes=self.notes,
        )

    def summary(self) -> Iterator[str]:
        """The coverage in a few sentences: what was asked and reached, and what is missing, alike parts together."""
        yield f"Requested: {', '.join(self.requested)}; reached: {levels(self.reached)}"
        if self.excluded:
            yield f"Excluded: {plural(len(self.excluded), 'place')}"
        for part, places in alike_parts(self.missing):
            more = f" and {places - 1:,} more" if places > 1 else ""
            word = "Not asked" if part.state is State.NOT_ASKED else "Missing"
            yield f"{word}: {part.problem}{more}; {part.advice}"

    def record(self) -> Record:
        """The coverage as a line of the collection."""
        parts = [_without_empty(asdict(part)) for part in self.parts]
        data = {
            "form": FORM,
            "requested": self.requested,
            "reached": self.reached,
            "excluded": self.excluded,
            "parts": parts,
            "by_home": self.by_home,
            "types": self.types,
            "asked_types": self.asked_types,
            "asked_policies": self.asked_policies,
            "read_time": self.read_time,
            "identity": self.identity,
            "notes": self.notes,
            "ids": self.ids,
            "roots": self.roots,
            "alone": self.alone,
            "above": self.above,
        }
        return {"name": "//auditor/collection", "asset_type": ASSET_TYPE, "resource": {"data": data}}


def read_coverage(record: Record) -> Coverage:
    """The coverage that a record holds. Raises ValueError where it is of another form, or damaged."""
    try:
        data: dict[str, Any] = dict(record["resource"]["data"])
        if data.get("form") != FORM:
            raise ValueError(f"a collection of form {data.get('form')}, and this auditor reads form {FORM}")
        return msgspec.convert(data, Coverage)
    except (KeyError, TypeError, msgspec.ValidationError) as error:
        raise ValueError(f"the record of its coverage is damaged ({error})") from None


def _without_empty(document: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if value or name in ("state", "place")}


def _ended(parts: list[Part], place: str, service: str, records: int) -> Part:
    """How a service ended in a place: what is missing of it first, then why it was not asked, then what was read."""
    missing = [part for part in parts if part.is_missing]
    told = (missing or [part for part in parts if not part.state.is_complete] or parts)[0]
    if told.state.is_complete or (records and not missing):
        state = State.COLLECTED if records else State.EMPTY
        return Part(told.collector, service, place, state, records=records)
    return replace(told, place=place, service=service, records=records)


def _missing_first(group: tuple[tuple[str, State, str, bool], Any]) -> tuple[Any, ...]:
    service, state, permission, is_missing = group[0]
    return not is_missing, state is State.EMPTY, service, state, permission


def _joined(places: Iterable[str]) -> str:
    """The first place, and how many more."""
    first, *others = places
    return f"{first} and {len(others):,} more" if others else first


def levels(places: Iterable[str]) -> str:
    """`1 organization, 2 folders, 100 projects`."""
    counts = Counter(place.partition("/")[0].removesuffix("s") for place in places)
    order = ("organization", "folder", "project")
    return ", ".join(plural(counts[kind], kind) for kind in order if counts[kind]) or "nothing"


def alike_parts(parts: Iterable[Part]) -> list[tuple[Part, int]]:
    """The first of those parts that ended alike, and how many they are."""
    groups: dict[tuple[str, str, State, str], list[Part]] = {}
    for part in parts:
        kind = part.cause if part.collector == UNLISTED else part.collector
        groups.setdefault((kind, part.content, part.state, part.permission), []).append(part)
    return [(group[0], len(group)) for group in groups.values()]
