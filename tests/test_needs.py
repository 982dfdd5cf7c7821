"""The estate keeps only what some check can learn from, and no verdict shows it."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import msgspec
import pytest

from auditor import PASS, Estate, Severity, Verdict, asset, check, fail
from auditor.check import Check, CheckError
from auditor.clock import Clock
from auditor.engine.scan import Scan, needs_of
from auditor.loading import load_checks
from auditor.resources.base import Undetermined
from auditor.resources.decode import decoder, resource_of
from auditor.resources.resourcemanager import Project
from auditor.resources.storage import Bucket
from auditor.sources.detect import sources_of
from auditor.testing import NOW, Case, ExampleSource, cases
from benchmarks.generate import documents
from tests.support import bucket

LUCKY_GAS = Path(__file__).parents[1] / "examples/lucky_gas/export"
CHOOSY = [check for check in load_checks() if check.needs]


def _eu(one: Bucket) -> bool:
    return one.location == "EU"


def _reader(identifier: str, **options: Any) -> Check:
    @check(
        identifier,
        severity=Severity.LOW,
        area="test",
        reads=[Bucket],
        passes=lambda: [asset(Project)],
        fails=lambda: [[asset(Project), asset(Bucket)]],
        **options,
    )
    def has_bucket(project: Project, estate: Estate) -> Verdict:
        """A project has a bucket."""
        return fail("it has") if estate.in_project(Bucket, project.project) else PASS

    return has_bucket


def _said(scan: Scan, sources: Any) -> dict[str, Any]:
    recorder = scan.run(sources).recorder
    return {"findings": recorder.findings, "tallies": msgspec.to_builtins(recorder.tallies), "told": recorder.crashes}


def _scan(checks: list[Check], *, all_kept: bool) -> Scan:
    scan = Scan(checks, clock=Clock(NOW), settings={})
    if all_kept:
        scan.estate._needs = {}
    return scan


def _estate_of(checks: list[Check], *lines: dict[str, Any]) -> Estate:
    estate = Scan(checks, clock=Clock(NOW), settings={}).estate
    for line in lines:
        written = msgspec.json.encode(line)
        estate.add(resource_of(decoder(Bucket).decode(written), Bucket), written)
    return estate


def _in(location: str, name: str) -> dict[str, Any]:
    return bucket(name, resource={"data": {"name": name, "location": location}})


def test_what_no_check_needs_is_not_kept_and_yet_known_to_be_there() -> None:
    estate = _estate_of([_reader("choosy", needs={Bucket: _eu})], _in("US", "a"), _in("EU", "b"), _in("US", "c"))
    with contextlib.closing(estate):
        assert [one.asset.id for one in estate.of(Bucket)] == ["b"]
    estate = _estate_of([_reader("choosy", needs={Bucket: _eu})], _in("US", "a"))
    with contextlib.closing(estate):
        assert len(estate.of(Bucket)) == 0  # there were buckets: that none is kept does not leave the list open


def test_all_are_kept_where_one_check_needs_all() -> None:
    checks = [_reader("choosy", needs={Bucket: _eu}), _reader("greedy")]
    assert needs_of(checks, Bucket) == []
    with contextlib.closing(_estate_of(checks, _in("US", "a"), _in("EU", "b"))) as estate:
        assert len(estate.of(Bucket)) == 2


@pytest.mark.parametrize("problem", [Undetermined("name", "not known"), AttributeError("nam"), ZeroDivisionError()])
def test_what_may_be_needed_is_kept(problem: Exception) -> None:
    def unsure(_: Bucket) -> bool:
        raise problem

    with contextlib.closing(_estate_of([_reader("unsure", needs={Bucket: unsure})], _in("US", "a"))) as estate:
        assert len(estate.of(Bucket)) == 1


def test_a_need_of_what_is_not_read_is_a_mistake() -> None:
    with pytest.raises(CheckError, match="not in `reads`"):
        _reader("wrong", needs={Project: bool})


@pytest.mark.parametrize("case", cases(CHOOSY), ids=str)
def test_an_example_gets_the_verdict_that_it_gets_where_all_is_kept(case: Case) -> None:
    source = ExampleSource(tuple(example.document() for example in case.example))
    kept, all_kept = (_said(_scan([case.check], all_kept=everything), [source]) for everything in (False, True))
    assert kept == all_kept


@pytest.mark.parametrize("choosy", [True, False], ids=["those that choose", "all"])
def test_an_estate_gets_the_verdicts_that_it_gets_where_all_is_kept(choosy: bool) -> None:
    checks = CHOOSY if choosy else load_checks()
    sources = [*sources_of(str(LUCKY_GAS)), ExampleSource(tuple(documents(2_000)))]
    kept, all_kept = (_said(_scan(checks, all_kept=everything), sources) for everything in (False, True))
    assert kept == all_kept
