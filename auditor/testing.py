"""For check authors: run a check's examples through the real engine.

@pytest.mark.parametrize("case", cases(load_checks()), ids=str)
def test_example(case: Case) -> None:
    case.verify()
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec

from auditor.check import Check, Deletion, Example, Settings
from auditor.clock import Clock
from auditor.engine.scan import Scan
from auditor.model.verdict import Outcome
from auditor.sources.base import Gaps

_PROJECT = "cloudresourcemanager.googleapis.com/Project"
NOW = datetime(2026, 11, 22, tzinfo=UTC)
"""The moment that examples are judged at."""


@dataclass(frozen=True, slots=True)
class ExampleSource:
    """A source that yields the assets of an example."""

    documents: tuple[dict[str, Any], ...]
    path: str = "example"
    kind: str = "example"
    partial: bool = False
    trusted: bool = True
    unsupported: Counter[str] = field(default_factory=Counter)

    def lines(self, gaps: Gaps) -> Iterator[tuple[int | str, bytes]]:  # noqa: ARG002 - an example has no gaps
        """(place, line) of each asset."""
        for number, document in enumerate(self.documents, 1):
            yield f"example:{number}", msgspec.json.encode(document)


def contents(documents: Iterable[dict[str, Any]]) -> frozenset[str]:
    """What an example is said to hold in full: all resources, and all policies where it shows the project's."""
    shown = any(document["asset_type"] == _PROJECT and "iam_policy" in document for document in documents)
    return frozenset({"resource", "access-policy", "org-policy", *(("iam-policy",) if shown else ())})


def judge(
    check: Check, documents: Iterable[dict[str, Any]], settings: Settings | None = None
) -> tuple[Outcome, str] | None:
    """The verdict and reason of `check` about the first of `documents`; None where it is not asked."""
    documents = tuple(documents)
    ledger = io.BytesIO()
    scan = Scan(
        [check],
        clock=Clock(NOW),
        settings={check.id: settings} if settings else {},
        exported=contents(documents),
        ledger=ledger,
    )
    outcome = scan.run([ExampleSource(documents)])
    if outcome.recorder.crashes:
        raise AssertionError(f"{check.id}: {outcome.recorder.crashes[0].error}")
    if outcome.gaps.told:
        raise AssertionError(f"{check.id}: the example cannot be read: {outcome.gaps.told[0].problem}")
    for row in ledger.getvalue().splitlines():
        verdict = msgspec.json.decode(row)
        if verdict["asset"] == documents[0]["name"]:
            return Outcome(verdict["verdict"]), verdict["reason"]
    return None


@dataclass(frozen=True, slots=True)
class Case:
    """One example of a check and the verdict it is there for."""

    check: Check
    expected: Outcome
    number: int
    example: tuple[Example, ...]

    def __str__(self) -> str:
        return f"{self.check.id}-{self.expected.value}-{self.number}"

    def verify(self) -> None:
        """Raise `AssertionError` where the engine says otherwise, or the fix does not mend a failing example."""
        documents = [example.document() for example in self.example]
        settings = self.example[0].settings
        given = judge(self.check, documents, settings)
        allowed = {Outcome.PASS, Outcome.NOT_APPLICABLE} if self.expected is Outcome.PASS else {self.expected}
        if given is None or given[0] not in allowed:
            raise AssertionError(f"{self}: expected {self.expected.value}, the check says {given}")
        if self.expected is Outcome.FAIL and self.check.fix:
            if isinstance(self.check.fix.patch, Deletion):
                return  # the asset is gone, and with it the question
            mended = judge(self.check, _mended(self.check.fix.patch, documents), settings)
            if mended is not None and mended[0] not in (Outcome.PASS, Outcome.NOT_APPLICABLE):
                raise AssertionError(f"{self}: after the fix the check still says {mended}")


def cases(checks: Iterable[Check]) -> list[Case]:
    """Every example of every check."""
    found = []
    for check in checks:
        for expected, examples in (
            (Outcome.PASS, check.passes()),
            (Outcome.FAIL, check.fails()),
            (Outcome.NOT_ASSESSED, check.unknown()),
        ):
            for number, example in enumerate(examples, 1):
                found.append(Case(check, expected, number, _listed(example)))
    return found


def _listed(example: Example | Sequence[Example]) -> tuple[Example, ...]:
    return (example,) if isinstance(example, Example) else tuple(example)


def _mended(
    patch: dict[str, Any] | Callable[[], Sequence[Example]], documents: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """The failing example after the fix."""
    if callable(patch):
        put = {example.document()["name"]: example.document() for example in patch()}
        return [put.pop(document["name"], document) for document in documents] + list(put.values())
    first = dict(documents[0])
    if "data" in patch:
        first["resource"] = {"data": _merged(first.get("resource", {}).get("data", {}), patch["data"])}
    if "policy" in patch:
        first["iam_policy"] = _merged(first.get("iam_policy", {}), patch["policy"])
    return [first, *documents[1:]]


def _merged(value: Any, patch: Any) -> Any:
    """RFC 7386."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(value) if isinstance(value, dict) else {}
    for key, entry in patch.items():
        if entry is None:
            merged.pop(key, None)
        else:
            merged[key] = _merged(merged.get(key), entry)
    return merged
