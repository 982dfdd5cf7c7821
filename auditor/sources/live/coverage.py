"""What was asked for, what was reached, and how each service ended in each place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from auditor.model.text import plural
from auditor.sources.live.declaration import Record
from auditor.sources.live.failures import Failure, State

ASSET_TYPE = "auditor/Collection"
"""The type of the record that holds the coverage, the first of a collection."""
FORM = 1
_BULK = "assets"


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

    @property
    def is_missing(self) -> bool:
        """Whether something that may be there was not read."""
        return not self.state.is_complete and not self.harmless

    @property
    def problem(self) -> str:
        """What went wrong, as a clause."""
        what = f"{self.content} content" if self.content else self.collector
        return f"{what} of {self.place}: {Failure(self.state, self.detail, self.permission).words}"

    @property
    def advice(self) -> str:
        """What to do about it."""
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

    @property
    def missing(self) -> list[Part]:
        """What was not read, although it may be there."""
        return [part for part in self.parts if part.is_missing]

    @property
    def nothing_read(self) -> bool:
        """Whether no read succeeded."""
        return not any(part.state.is_complete for part in self.parts)

    @property
    def vouched_for(self) -> frozenset[str]:
        """The content types that were read in full.

        Resources and what hangs on organisations only where every target is an organisation, nothing was excluded,
        and nothing is missing: then what is not there does not exist.
        """
        bulk = [part for part in self.parts if part.collector == _BULK]
        complete = {
            part.content
            for part in bulk
            if all(other.state.is_complete for other in bulk if other.content == part.content)
        }
        whole = all(target.startswith("organizations/") for target in self.requested) and not self.excluded
        if not whole or self.missing:
            complete &= {"iam-policy"}
        if any(not part.state.is_complete for part in bulk if part.content == "iam-policy"):
            complete.discard("iam-policy")
        return frozenset(complete)

    @property
    def complete_types(self) -> frozenset[str]:
        """The asset types that the inventory does not hold and of which everything was read, in every place asked."""
        direct = [part for part in self.parts if part.collector != _BULK]
        lacking = {name for part in direct if part.is_missing for name in part.asset_types}
        return frozenset({name for part in direct for name in part.asset_types} - lacking)

    def matrix(self) -> Iterator[tuple[str, str, State, int, str]]:
        """(place, service, state, records, detail) for each service in each place that was to be collected from."""
        bulk = {part.place: part for part in self.parts if part.collector == _BULK and part.content == "resource"}
        failed = next((part for part in bulk.values() if part.is_missing), None)
        services = sorted({name.partition("/")[0] for name in (*self.types, *(self.asked_types or ()))})
        direct = {(part.place, part.service): part for part in self.parts if part.collector != _BULK}
        for place in self.reached:
            held = self.by_home.get(place, {})
            for service in sorted({*services, *(name for where, name in direct if where == place)}):
                part = direct.get((place, service))
                if part is not None and not (part.state.is_complete and held.get(service)):
                    yield place, service, part.state, part.records, part.detail or part.permission
                elif held.get(service):
                    yield place, service, State.COLLECTED, held[service], ""
                elif failed is not None:
                    yield place, service, failed.state, 0, failed.detail
                elif bulk:
                    yield place, service, State.EMPTY, 0, ""

    def summary(self) -> Iterator[str]:
        """The coverage in a few sentences: what was asked and reached, and what is missing, alike parts together."""
        yield f"Requested: {', '.join(self.requested)}; reached: {_levels(self.reached)}"
        if self.excluded:
            yield f"Excluded: {plural(len(self.excluded), 'place')}"
        for part, places in _alike(self.missing):
            more = f" and {places - 1:,} more" if places > 1 else ""
            yield f"Missing: {part.problem}{more}; {part.advice}"

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
        }
        return {"name": "//auditor/collection", "asset_type": ASSET_TYPE, "resource": {"data": data}}


def read_coverage(record: Record) -> Coverage:
    """The coverage that a record holds. Raises ValueError where it is of another form, or damaged."""
    try:
        data: dict[str, Any] = dict(record["resource"]["data"])
        form = data.pop("form")
        if form != FORM:
            raise ValueError(f"a collection of form {form}, and this auditor reads form {FORM}")
        parts = [
            Part(**{**part, "state": State(part["state"]), "asset_types": tuple(part.get("asset_types", ()))})
            for part in data.pop("parts")
        ]
        return Coverage(**data, parts=parts)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"the record of its coverage is damaged ({error})") from None


def _without_empty(document: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if value or name in ("state", "place")}


def _levels(places: Iterable[str]) -> str:
    """`1 organization, 2 folders, 100 projects`."""
    counts = Counter(place.partition("/")[0].removesuffix("s") for place in places)
    order = ("organization", "folder", "project")
    return ", ".join(plural(counts[kind], kind) for kind in order if counts[kind]) or "nothing"


def _alike(parts: Iterable[Part]) -> list[tuple[Part, int]]:
    """The first of those parts that ended alike, and how many they are."""
    groups: dict[tuple[str, str, State, str], list[Part]] = {}
    for part in parts:
        groups.setdefault((part.collector, part.content, part.state, part.permission), []).append(part)
    return [(group[0], len(group)) for group in groups.values()]
