"""Examples of checks, changed: a value made unknown, taken from another example, of a wrong type; a record taken away.

What a check says about the example bounds what it may say after the change; `tests/test_soundness.py` holds it to that.
"""

from __future__ import annotations

import gc
import io
import types
import typing
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import msgspec

from auditor.check import Check, Settings
from auditor.clock import Clock
from auditor.completeness import IAM_POLICY, Missing
from auditor.engine.scan import Scan
from auditor.model.verdict import Outcome
from auditor.resources.base import VIEWS, View
from auditor.resources.policy import AuditConfig, Binding, Policy
from auditor.sources.base import Gaps
from auditor.testing import NOW, ExampleSource, contents

Document = dict[str, Any]
Steps = tuple[str, ...]

DATA: Steps = ("resource", "data")
POLICY: Steps = ("iam_policy",)
ABSENT = object()
"""Stands for a value that is not there."""


@dataclass(frozen=True, slots=True)
class Estate:
    """An example as a scan sees it: the records, what they are vouched to hold in full, and what is missing."""

    documents: tuple[Document, ...]
    exported: frozenset[str]
    settings: Settings | None = None
    missing: tuple[Missing, ...] = ()
    partial: bool = False

    def changed(self, number: int, document: Document) -> Estate:
        """The same with another record in the place of one."""
        return replace(self, documents=(*self.documents[:number], document, *self.documents[number + 1 :]))


@dataclass(frozen=True, slots=True)
class _Source(ExampleSource):
    """An example of which some assets could not be read."""

    missing: tuple[Missing, ...] = ()

    def lines(self, gaps: Gaps) -> Iterator[tuple[int | str, bytes]]:
        for part in self.missing:
            gaps.add_missing(part)
        yield from ExampleSource.lines(self, gaps)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a check said of the first asset of an example."""

    outcome: Outcome | None
    """None where it was not asked of it."""
    reason: str = ""
    crash: str = ""
    unreadable: bool = False
    """Whether the scan told that it could not read a value or a record."""

    @property
    def is_fail(self) -> bool:
        """Whether it has a finding."""
        return self.outcome is Outcome.FAIL

    @property
    def is_well(self) -> bool:
        """Whether nobody has to do anything."""
        return self.outcome in (Outcome.PASS, Outcome.NOT_APPLICABLE)

    def contradicts(self, other: Answer) -> bool:
        """Whether one has a finding where the other says that nobody has to do anything."""
        return (self.is_fail and other.is_well) or (self.is_well and other.is_fail)


def ask(check: Check, estate: Estate) -> Answer:
    """What `check` says of the first asset."""
    ledger = io.BytesIO()
    settings = {check.id: estate.settings} if estate.settings else {}
    _collect_garbage(50 if check.signature.wants_access else 1)
    scan = Scan([check], clock=Clock(NOW), settings=settings, exported=estate.exported, ledger=ledger)
    outcome = scan.run([_Source(estate.documents, partial=estate.partial, missing=estate.missing)])
    crash = outcome.recorder.crashes[0].error if outcome.recorder.crashes else ""
    unreadable = bool(outcome.gaps.told)
    for row in ledger.getvalue().splitlines():
        verdict = msgspec.json.decode(row)
        if verdict["asset"] == estate.documents[0]["name"]:
            return Answer(Outcome(verdict["verdict"]), verdict["reason"], crash, unreadable)
    return Answer(None, "", crash, unreadable)


_SINCE = [0]


def _collect_garbage(cost: int) -> None:
    """Give memory back now and then: a scan freezes what it leaves behind, as a process makes one only."""
    _SINCE[0] += cost
    if _SINCE[0] > 2_000:
        _SINCE[0] = 0
        gc.unfreeze()
        gc.collect()


@dataclass(frozen=True, slots=True)
class Place:
    """A value in an example: the asset's number, and the steps to it in its record; `*` for more list elements."""

    asset: int
    steps: Steps
    shape: str
    """The asset's type and the steps without list indices: the same in all examples."""
    value: Any
    """`ABSENT` where the example leaves it out."""

    def __str__(self) -> str:
        return f"{'.'.join(self.steps)} of {self.shape.partition('#')[0]} ({self.asset})"


def places(estate: Estate) -> Iterator[Place]:
    """Every value of the records that a view declares, with those that are left out, and all that holds values."""
    for number, document in enumerate(estate.documents):
        kind = document["asset_type"]
        view = VIEWS.get(kind)
        parts: list[tuple[Steps, Any, Any]] = []
        if "resource" in document:
            parts.append((DATA, document["resource"]["data"], view))
        if "iam_policy" in document:
            parts.append((POLICY, document["iam_policy"], Policy))
        for start, value, shown in parts:
            for steps, found in _below(value, shown, start):
                shape = ".".join("*" if step.isdigit() else step for step in steps)
                yield Place(number, steps, f"{kind}#{min(number, 1)} {shape}", found)


def _below(value: Any, hint: Any, steps: Steps) -> Iterator[tuple[Steps, Any]]:
    """A value with all below it; `hint` is its declared type, None where it has none."""
    yield steps, value
    fields = _fields(hint)
    if isinstance(value, dict):
        for name, entry in value.items():
            if not fields or name in fields:
                yield from _below(entry, fields.get(name) if fields else _item(hint), (*steps, name))
        for name in fields.keys() - value.keys():
            yield (*steps, name), ABSENT
    elif isinstance(value, list):
        for number, entry in enumerate(value):
            yield from _below(entry, _item(hint), (*steps, str(number)))
        yield (*steps, "*"), ABSENT


@cache
def _fields(hint: Any) -> dict[str, Any]:
    """The JSON names that a view declares, with their types."""
    for member in _members(hint):
        if isinstance(member, type) and issubclass(member, View):
            hints = typing.get_type_hints(member)
            pairs = zip(member.__struct_encode_fields__, member.__struct_fields__, strict=True)
            fields = {name: hints[field] for name, field in pairs if not name.startswith("#")}
            if member is Policy:
                fields["bindings"] = list[Binding]
                fields["auditConfigs"] = fields["audit_configs"] = list[AuditConfig]
            return fields if member is not AuditConfig else {}
    return {}


def _item(hint: Any) -> Any:
    """The type of the elements of a list or a map."""
    for member in _members(hint):
        if typing.get_origin(member) in (list, dict):
            return typing.get_args(member)[-1]
    return None


def _members(hint: Any) -> tuple[Any, ...]:
    origin = typing.get_origin(hint)
    if origin in (types.UnionType, typing.Union):
        return typing.get_args(hint)
    return (origin,) if isinstance(origin, type) and issubclass(origin, View) else (hint,)


def withheld(estate: Estate, place: Place) -> Estate:
    """The example with the value unknown."""
    document = estate.documents[place.asset]
    unknown = {**document.get("unknown", {}), ".".join(place.steps): "known only after apply"}
    return estate.changed(place.asset, {**document, "unknown": unknown})


def with_value(estate: Estate, place: Place, value: Any) -> Estate:
    """The example with another value; `ABSENT` takes it away."""
    return estate.changed(place.asset, _put(estate.documents[place.asset], place.steps, value))


def _put(target: Any, steps: Steps, value: Any) -> Any:
    step, rest = steps[0], steps[1:]
    if isinstance(target, list):
        if step == "*":
            return target if value is ABSENT else [*target, value]
        at = int(step)
        new = _put(target[at], rest, value) if rest else value
        return [*target[:at], *([] if new is ABSENT else [new]), *target[at + 1 :]]
    new = _put(target[step], rest, value) if rest else value
    return {**{key: entry for key, entry in target.items() if key != step}, **({} if new is ABSENT else {step: new})}


def estate_of(example: Any) -> Estate:
    """An example of `auditor.testing.Case` as an estate."""
    documents = tuple(part.document() for part in example)
    return Estate(documents, contents(documents), example[0].settings)


Values = dict[str, list[Any]]
"""Shape → what stands there in any example of a check."""


def values_by_shape(estates: Iterable[Estate]) -> Values:
    """What stands at each shape in any of the examples, each value once."""
    found: dict[str, dict[bytes, Any]] = {}
    for estate in estates:
        for place in places(estate):
            if place.value is not ABSENT:
                key = msgspec.json.encode(place.value, order="deterministic")
                found.setdefault(place.shape, {})[key] = place.value
    return {shape: list(values.values()) for shape, values in found.items()}


def completions(estate: Estate, place: Place, values: Values) -> Iterator[Any]:
    """What the value could have been: absent, or as in another example, or the other truth value."""
    siblings = _siblings(estate, place)
    if place.steps not in (DATA, POLICY):
        yield ABSENT
    if isinstance(place.value, bool):
        yield not place.value
    for value in values.get(place.shape, ()):
        if value != place.value and not (isinstance(value, dict) and _named(value) in siblings):
            yield value


def _siblings(estate: Estate, place: Place) -> set[str]:
    """The names of the other elements of a list whose elements have names: the API keeps each once."""
    target: Any = estate.documents[place.asset]
    for step in place.steps[:-1]:
        target = target[int(step)] if isinstance(target, list) else target[step]
    if not isinstance(target, list):
        return set()
    others = [entry for number, entry in enumerate(target) if str(number) != place.steps[-1]]
    return {_named(entry) for entry in others if isinstance(entry, dict)} - {""}


def _named(entry: Document) -> str:
    return str(entry.get("name") or entry.get("key") or "")


def _deep(levels: int) -> Any:
    """A list in a list in a list …"""
    return [_deep(levels - 1)] if levels else "text"


WRONG: tuple[Any, ...] = (
    True,
    7,
    -0.5,
    10**30,
    "",
    "text",
    "x" * 10_000,
    [],
    ["text"],
    [None],
    {},
    {"text": "text"},
    _deep(100),
)
"""Values of every type: each of them is wrong nearly everywhere."""


def less(estate: Estate) -> Iterator[tuple[str, Estate]]:
    """(what is missing, the example without it): a policy, or another asset, that nobody vouches for."""
    yield "nothing is vouched for", replace(estate, exported=frozenset())
    yield "the input is part of an estate", replace(estate, exported=frozenset(), partial=True)
    for number, document in enumerate(estate.documents):
        kind = document["asset_type"]
        if "iam_policy" in document:
            bare = {key: value for key, value in document.items() if key != "iam_policy"}
            cut = estate.changed(number, bare) if number == 0 or "resource" in bare else _without(estate, number)
            yield from _unread(f"the policy of {kind} ({number})", cut, kind, document)
            yield f"the policy of {kind} ({number}), not exported", replace(cut, exported=cut.exported - {IAM_POLICY})
        if number:
            cut = _without(estate, number)
            yield from _unread(f"{kind} ({number})", cut, kind, document)
            yield f"{kind} ({number}), broken", estate.changed(number, {"name": 7})
            if all(other["asset_type"] != kind for other in cut.documents):  # else the input shows that it has the type
                yield f"{kind} ({number}), not exported", replace(cut, exported=frozenset())


def _without(estate: Estate, number: int) -> Estate:
    return replace(estate, documents=estate.documents[:number] + estate.documents[number + 1 :])


def _unread(what: str, cut: Estate, kind: str, document: Document) -> Iterator[tuple[str, Estate]]:
    """The ways in which a source says that it could not read something."""
    yield f"{what}, refused", replace(cut, missing=refused(kind))
    yield f"{what}, refused there", replace(cut, missing=refused(kind, document["ancestors"][0]))
    yield f"{what}, of a part of an estate", replace(cut, partial=True)


def refused(kind: str, place: str = "") -> tuple[Missing, ...]:
    """That the assets of a type, and their policies, could not be read."""
    cause = "the caller may not read them (403)"
    return tuple(Missing(place, cause, frozenset([kind]), policies=policies) for policies in (False, True))


def additions(estates: Iterable[Estate]) -> dict[str, list[tuple[Document, ...]]]:
    """Asset type → the records of it in each example, each set of them once."""
    found: dict[str, dict[bytes, tuple[Document, ...]]] = {}
    for estate in estates:
        for kind in {document["asset_type"] for document in estate.documents}:
            records = tuple(document for document in estate.documents if document["asset_type"] == kind)
            found.setdefault(kind, {})[msgspec.json.encode(records, order="deterministic")] = records
    return {kind: list(sets.values()) for kind, sets in sorted(found.items())}


def with_records(estate: Estate, records: Iterable[Document]) -> Estate | None:
    """The example with more records; None where it has them all."""
    names = {document["name"] for document in estate.documents}
    new = tuple(document for document in records if document["name"] not in names)
    return replace(estate, documents=(*estate.documents, *new)) if new else None
