"""Checks of what no export holds: what they say of a live estate, and that a refusal never makes one pass."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.check import Check
from auditor.loading import load_checks
from auditor.sources.detect import sources_of
from auditor.sources.live.collectors import COLLECTORS
from auditor.sources.live.declaration import Collector
from tests.fake_google import Fake, denied
from tests.live_support import EXPORT, IMPATIENCE, full_estate, path_of
from tests.test_live_verdicts import judged, live

EXPORTED = frozenset({"resource", "iam-policy", "org-policy", "access-policy"})

ASKED = {
    "billing-account-without-budget": "pass",
    "budget-tells-nobody": "pass",
    "budget-without-threshold": "fail",
    "finding-mute-rule-wide": "fail",
    "project-without-budget": "pass",
    "security-center-off": "pass",
    "security-center-service-off": "pass",
    "security-finding-overdue": "not_assessed",
    "security-findings-sent-nowhere": "pass",
    "sensitive-data-results-unpublished": "fail",
    "sensitive-data-scan-stopped": "pass",
}
"""Check → what it says of the estate of `full_estate`."""
COLLECTED_BY = {
    "billing-account-without-budget": "budgets",
    "budget-tells-nobody": "budgets",
    "budget-without-threshold": "budgets",
    "project-without-budget": "budgets",
    "security-center-off": "security-command-center-services",
    "security-center-service-off": "security-command-center-services",
    "security-finding-overdue": "security-command-center",
    "security-findings-sent-nowhere": "security-command-center",
    "sensitive-data-results-unpublished": "sensitive-data-protection",
    "sensitive-data-scan-stopped": "sensitive-data-protection",
}
"""Check → the collector without which it cannot answer."""


@pytest.fixture(scope="module")
def asked() -> list[Check]:
    return [check for check in load_checks() if check.id in ASKED]


def test_they_answer_of_a_live_estate(asked: list[Check], tmp_path: Path) -> None:
    with Fake(full_estate()) as fake:
        found, _ = live(fake, asked, tmp_path, thorough=True)
    for check, verdict in ASKED.items():
        assert set(found.counts(check)) == {verdict}, check


def test_of_an_export_none_passes_even_where_it_is_vouched_for(asked: list[Check], tmp_path: Path) -> None:
    found = judged(sources_of(str(EXPORT)), asked, EXPORTED, tmp_path)
    for check in COLLECTED_BY:
        assert set(found.counts(check)) <= {"not_assessed"}, check
    assert found.counts("security-center-off")["not_assessed"] == 1


def test_where_all_of_them_are_refused_none_passes(asked: list[Check], tmp_path: Path) -> None:
    with Fake(full_estate()) as fake:
        for collector in COLLECTORS:
            if not collector.fallback:
                for rpc in collector.rpcs:
                    fake.fail(path_of(rpc.path), denied())
        found, source = live(fake, asked, tmp_path, patience=IMPATIENCE)
    assert source.coverage.missing
    for check in COLLECTED_BY:
        assert set(found.counts(check)) == {"not_assessed"}, check


@pytest.mark.parametrize("name", sorted(set(COLLECTED_BY.values())))
def test_a_refusal_makes_none_pass(asked: list[Check], tmp_path: Path, name: str) -> None:
    collector: Collector = next(one for one in COLLECTORS if one.name == name)
    with Fake(full_estate()) as fake:
        for rpc in collector.rpcs:
            fake.fail(path_of(rpc.path), denied(*rpc.permissions))
        found, _ = live(fake, asked, tmp_path, thorough=True, patience=IMPATIENCE)
    for check, needed in COLLECTED_BY.items():
        if needed == name:
            assert set(found.counts(check)) <= {"not_assessed"}, check
        else:
            assert set(found.counts(check)) <= {ASKED[check], "not_assessed"}, check
