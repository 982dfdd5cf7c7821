"""Every check does to its own examples what it says, and its fix mends them."""

from __future__ import annotations

import pytest

from auditor.check import Check
from auditor.loading import load_checks
from auditor.testing import Case, cases

CHECKS = load_checks()


@pytest.mark.parametrize("case", cases(CHECKS), ids=str)
def test_example(case: Case) -> None:
    case.verify()


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_check_is_complete(check: Check) -> None:
    assert check.passes(), "a passing example"
    assert check.fails(), "a failing example"
    assert check.fix is not None, "a fix"
    for heading in ("Why: ", "What a fix may break: ", "Source: http"):
        assert heading in check.page, f"the page tells {heading!r}"
    assert check.title.endswith("."), "the title is a sentence"
    assert len(check.title) <= 100, "the title fits a line"
