"""What systems of this kind look for in IAM, one by one: a case that has to be found, and one that just is not it.

The check that `docs/coverage.toml` names for a detection decides both of its cases.
"""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

import pytest

from auditor.check import Check, Example
from auditor.loading import load_checks
from auditor.model.verdict import Outcome
from auditor.testing import judge
from tests.iam_detections import Detection
from tests.iam_detections.accounts import ACCOUNTS
from tests.iam_detections.grants import GRANTS
from tests.iam_detections.policies import POLICIES

COVERAGE = tomllib.loads((Path(__file__).parents[1] / "docs" / "coverage.toml").read_text(encoding="utf-8"))["iam"]
DETECTIONS = [*GRANTS, *ACCOUNTS, *POLICIES]


@cache
def _checks() -> dict[str, Check]:
    return {check.id: check for check in load_checks()}


def _verdict(detection: Detection, case: Example | list[Example]) -> Outcome:
    examples = case if isinstance(case, list) else [case]
    documents = [example.document() for example in examples]
    given = judge(_checks()[detection.check], documents, examples[0].settings)
    assert given is not None, "the check is asked"
    return given[0]


@pytest.mark.parametrize("detection", DETECTIONS, ids=lambda one: f"{one.name}:{one.check}")
def test_it_is_found_and_what_just_is_not_it_passes(detection: Detection) -> None:
    assert detection.check in COVERAGE[detection.name], "the page names the check"
    assert _verdict(detection, detection.found) is Outcome.FAIL
    assert _verdict(detection, detection.missed) in (Outcome.PASS, Outcome.NOT_APPLICABLE)


def test_every_detection_with_a_check_has_its_cases() -> None:
    named = {name for name, checks in COVERAGE.items() if isinstance(checks, list)}
    assert named == {detection.name for detection in DETECTIONS}
