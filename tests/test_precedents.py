"""Verdicts that assets share because they look alike, or that are given early, are those that each would get alone."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import pytest
from msgspec import inspect as described

from auditor.check import Check, Example
from auditor.check import check as declare
from auditor.clock import Clock
from auditor.engine import precedents
from auditor.engine.deferred import Chance
from auditor.engine.recorder import Rehearsal
from auditor.engine.routes import CONTAINER, Routes
from auditor.engine.scan import Outcome, Scan
from auditor.engine.trace import OTHERWISE, Trace, key_of
from auditor.estate import Estate
from auditor.loading import load_checks
from auditor.model.verdict import PASS, Severity, Verdict, fail
from auditor.resources.base import VIEWS, Resource, View, shows
from auditor.resources.decode import brief, decoder, resource_of
from auditor.resources.policy import Policy
from auditor.resources.resourcemanager import Project
from auditor.sources.base import Gaps
from auditor.sources.detect import sources_of
from auditor.testing import NOW, ExampleSource
from benchmarks.generate import documents

CHECKS = load_checks()
RECORDED = Path(__file__).parents[2] / "shared/oracles/recorded_assets"
LUCKY_GAS = Path(__file__).parents[1] / "examples/lucky_gas/export"


class Part(View):
    """A part of a thing."""

    text: str = ""
    number: int = 0


@shows("test.example.com/Thing")
class Thing(Resource):
    """A resource of the tests."""

    HAS_POLICY: ClassVar[bool] = False

    text: str = ""
    part: Part | None = None
    parts: list[Part] = []
    labels: dict[str, str] = {}

    @property
    def is_long(self) -> bool:
        """Whether the text is long."""
        return len(self.text) > 3


def _read(thing: Thing, look: Callable[[Any], object], *, lightly: bool = False) -> set[str]:
    with Trace(thing, lightly=lightly) as trace:
        look(trace.stand_in)
    return {kind.value.format(".".join(map(str, path))) for path, kind in trace.reads}


@pytest.mark.parametrize(
    ("look", "reads"),
    [
        (lambda thing: thing.text, {"text"}),
        (lambda thing: thing.is_long, {"is_long"}),
        (lambda thing: thing.part is None, {"part is not None"}),
        (lambda thing: thing.part.number, {"part is not None", "part.number"}),
        (lambda thing: [part.text for part in thing.parts], {"len(parts)", "parts.0.text", "parts.1.text"}),
        (lambda thing: thing.labels.get("a"), {"pack(labels)"}),
        (lambda thing: thing.asset.name, {"asset is not None", "asset.name"}),
        (lambda thing: isinstance(thing, Thing), set()),
    ],
)
def test_what_is_read_is_written_down(look: Callable[[Any], object], reads: set[str]) -> None:
    thing = Thing(text="text", part=Part(), parts=[Part(), Part(text="b")], labels={"a": "b"})
    assert _read(thing, look) == reads


def test_a_text_can_be_asked_whether_it_is_empty_and_no_more() -> None:
    thing = Thing(text="secret")
    assert _read(thing, lambda thing: bool(thing.text), lightly=True) == {"(text and True)"}
    prying: list[Callable[[Any], object]] = [
        lambda text: text == "secret",
        lambda text: text.startswith("s"),
        lambda text: text in {"secret": 1},
        lambda text: f"{text}",
        lambda text: "s" in text,
        lambda text: text[0],
        len,
        str,
        "".join,
    ]
    for pry in prying:
        with Trace(thing, lightly=True) as trace, pytest.raises(Exception, match=r".*"):
            pry(trace.stand_in.text)


def test_reading_past_the_stand_in_fails() -> None:
    thing = Thing(part=Part(text="a"), parts=[Part(text="a"), Part(text="b")])
    with Trace(thing) as trace:
        for look in (lambda t: t.part == t.parts[0], lambda t: t.parts[1] in t.parts[:1], msgspec.json.encode, repr):
            with pytest.raises(AttributeError):
                look(trace.stand_in)


def test_a_key_tells_apart_what_differs_and_refuses_what_is_built_otherwise() -> None:
    exemplar = Thing(part=Part(text="a"), parts=[Part(number=1)])
    with Trace(exemplar) as trace:
        _ = trace.stand_in.part.text, [part.number for part in trace.stand_in.parts]
    key = key_of(tuple(trace.reads))
    assert key(Thing(text="other", part=Part(text="a", number=9), parts=[Part(number=1)])) == key(exemplar)
    assert key(Thing(part=Part(text="b"), parts=[Part(number=1)])) != key(exemplar)
    assert key(Thing(part=Part(text="a"), parts=[Part(number=1), Part()])) != key(exemplar)
    with pytest.raises(OTHERWISE):
        key(Thing(parts=[Part(number=1)]))


def _kinds(described_type: described.Type) -> set[str]:
    members = described_type.types if isinstance(described_type, described.UnionType) else (described_type,)
    return {type(member).__name__ for member in members}


def test_no_view_has_a_field_that_compares_equal_across_types() -> None:
    """1 == True == 1.0: a key would take one for the other."""
    seen: set[type] = set()
    waiting: list[Any] = [*VIEWS.values(), Policy]
    while waiting:
        view = waiting.pop()
        if view in seen:
            continue
        seen.add(view)
        for field in described.type_info(view).fields:  # type: ignore[attr-defined]  # of a struct
            assert len(_kinds(field.type) & {"BoolType", "IntType", "FloatType", "AnyType"}) < 2, (view, field.name)
            parts = field.type.types if isinstance(field.type, described.UnionType) else (field.type,)
            shown = [part.item_type if isinstance(part, described.ListType) else part for part in parts]
            waiting += [part.cls for part in shown if isinstance(part, described.StructType)]
            assert sum(isinstance(part, described.StructType) for part in parts) < 2, (view, field.name)


def _examples(check: Check) -> Iterable[Example]:
    for example in itertools.chain(check.passes(), check.fails(), check.unknown()):
        yield example if isinstance(example, Example) else example[0]


@pytest.mark.parametrize(
    "check", [check for check in CHECKS if check.signature.arguments[0] == "resource"], ids=lambda check: check.id
)
def test_a_stand_in_gets_the_verdict_of_what_it_stands_for(check: Check) -> None:
    with contextlib.closing(Estate(readable=frozenset())) as estate:
        routes = Routes([check], {}, Clock(NOW), estate)
    rehearsal = Rehearsal()
    for example in _examples(check):
        route = routes.of(example.document()["asset_type"])
        for ask in (*route.on_resource, *(ask for group in route.deferred for ask in group.early)):
            if example.unknown or example.data is None:
                continue
            envelope = decoder(example.view).decode(msgspec.json.encode(example.document()))
            resource = resource_of(envelope, example.view)
            alone, waits = rehearsal.hear(ask, envelope, resource), rehearsal.waits
            for lightly in (True, False):
                with Trace(resource, lightly=lightly) as trace:
                    heard = rehearsal.hear(ask, envelope, trace.stand_in)
                assert (heard is None and lightly) or repr(heard) == repr(alone)
                assert lightly or rehearsal.waits == waits


def _scanned(lines: list[dict[str, Any]], prepare: Callable[[Scan], None] = lambda _: None) -> Outcome:
    settled = Scan(CHECKS, clock=Clock(NOW), settings={}, exported=frozenset({"iam-policy"}))
    prepare(settled)
    return settled.run([ExampleSource(tuple(lines), trusted=False)])


def _without_precedents(scan: Scan) -> None:
    for route in scan.routes:
        route.precedents = route.policy_precedents = None
    scan.routes._remembers = False


def _without_early_answers(scan: Scan) -> None:
    _without_precedents(scan)
    for route in scan.routes:
        for group in route.deferred:
            group.early, group.early_with_policy, group.early_on_policy = [], [], []
            group.by_policy = Chance(tried=1_000)


def _said(outcome: Outcome) -> dict[str, Any]:
    return {
        "tallies": {
            check: (t.asked, t.failed, t.not_applicable, t.not_assessed)
            for check, t in outcome.recorder.tallies.items()
        },
        "findings": outcome.recorder.findings,
        "crashes": outcome.recorder.crashes,
    }


def _lines_of(folder: Path) -> list[dict[str, Any]]:
    gaps = Gaps()
    return [msgspec.json.decode(line) for source in sources_of(str(folder)) for _, line in source.lines(gaps)]


@pytest.fixture(params=["synthetic", "example estate", "recorded"])
def lines(request: pytest.FixtureRequest) -> list[dict[str, Any]]:
    """Assets of which many look alike."""
    if request.param == "synthetic":
        return list(documents(4000))
    folder = LUCKY_GAS if request.param == "example estate" else RECORDED
    if not folder.exists():
        pytest.skip(f"{folder} is not there")
    return [{**line, "name": f"{line['name']}{copy}"} for copy in ("", "-2", "-3", "-4") for line in _lines_of(folder)]


def test_precedents_change_no_verdict(lines: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("FIRST", 2), ("_SAMPLE", 4), ("_APART", 0)):
        monkeypatch.setattr(precedents, name, value)
    served: list[int] = []
    remembering = _scanned(lines)
    for route in remembering.routes:
        for known in (route.precedents, route.policy_precedents):
            served += [precedent.streaming.served for precedent in known._all] if known else []
    assert sum(served) > len(lines) / 4, "hardly an asset was answered by a precedent"
    assert _said(remembering) == _said(_scanned(lines, _without_precedents))


def test_early_answers_change_no_verdict(lines: list[dict[str, Any]]) -> None:
    assert _said(_scanned(lines)) == _said(_scanned(lines, _without_early_answers))


def _in_an_organization(policy: Policy[Project], estate: Estate) -> Verdict:
    """The project stands in an organization."""
    return fail("it does") if policy.asset.ancestors[-1].startswith("organizations/") else PASS


def test_a_policy_whose_line_does_not_tell_its_place_answers_nothing_early() -> None:
    declared = declare("in-an-organization", severity=Severity.LOW, passes=list, fails=list, area="test")
    asked = declared(_in_an_organization)
    project = {"name": "//cloudresourcemanager.googleapis.com/projects/1001", "asset_type": f"{CONTAINER}Project"}
    lines = (
        {**project, "ancestors": ["projects/1001", "organizations/3001"], "resource": {"data": {"projectId": "p"}}},
        {**project, "iam_policy": {"bindings": []}},
    )
    for order in (lines, lines[::-1]):
        outcome = Scan([asked], clock=Clock(NOW), settings={}).run([ExampleSource(order, trusted=False)])
        assert [finding.check for finding in outcome.recorder.findings] == ["in-an-organization"]


def test_a_brief_line_says_what_the_resource_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auditor.resources.decode._LONG", 0)
    compared = 0
    for check in CHECKS:
        for example in _examples(check):
            if example.unknown or example.data is None or not example.view.__struct_fields__:
                continue
            line = msgspec.json.encode(example.document())
            resource = resource_of(decoder(example.view).decode(line), example.view)
            if resource.asset.unread:
                continue
            again = resource_of(decoder(example.view).decode(brief(resource, line)), example.view)
            again.asset.ancestry_path = resource.asset.ancestry_path
            again.asset.iam_policy = resource.asset.iam_policy
            assert again == resource, check.id
            compared += 1
    assert compared > len(CHECKS)


def test_a_bug_in_a_check_is_told_of_each_asset(monkeypatch: pytest.MonkeyPatch) -> None:
    from auditor.check import check

    monkeypatch.setattr(precedents, "FIRST", 0)
    monkeypatch.setattr(precedents, "_SAMPLE", 1)

    @check("thing-odd", severity=Severity.LOW, passes=list, fails=list, area="test")
    def odd(thing: Thing) -> Verdict:
        """A thing is odd."""
        if thing.part and thing.part.number == 7:
            raise ValueError(thing.text)
        return fail(f"it is {thing.text}") if thing.part else PASS

    lines = [
        {
            "name": f"//test.example.com/things/{number}",
            "asset_type": "test.example.com/Thing",
            "ancestors": ["projects/1"],
            "resource": {"data": {"text": str(number), "part": {"number": number % 9}} if number % 3 else {}},
        }
        for number in range(90)
    ]
    outcome = Scan([odd], clock=Clock(NOW), settings={}).run([ExampleSource(tuple(lines), trusted=False)])
    assert len(outcome.recorder.crashes) == 10
    assert len(outcome.recorder.findings) == 50
    assert outcome.recorder.tallies["thing-odd"].passed == 30
