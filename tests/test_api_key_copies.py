"""A key string that stands in several workloads is told by its places, never shown."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from auditor.clock import Clock
from auditor.engine.scan import Outcome, Scan
from auditor.testing import ExampleSource
from checks.api_keys.copies import string_in_several

KEY = "AIza" + "SyQ7w6E5r4T3y2U1i0O9p8A7s6D5f4G3h2J"


def service(number: int, value: str) -> dict[str, Any]:
    return {
        "name": f"//run.googleapis.com/projects/p/locations/l/services/s{number}",
        "asset_type": "run.googleapis.com/Service",
        "resource": {"data": {"template": {"containers": [{"env": [{"name": "KEY", "value": value}]}]}}},
        "ancestors": ["projects/1001"],
    }


def scan(*documents: dict[str, Any]) -> Outcome:
    clock = Clock(datetime(2026, 11, 22, tzinfo=UTC))
    audit = Scan([string_in_several], clock=clock, settings={}, exported=frozenset({"resource"}))
    return audit.run([ExampleSource(documents)])


def test_each_place_names_another_and_none_shows_the_key() -> None:
    outcome = scan(*(service(number, KEY) for number in range(30)), service(99, "plain"))
    findings = outcome.recorder.findings
    assert len(findings) == 30
    assert "projects/p/locations/l/services/s1 and 28 more" in findings[0].message
    assert len(findings[0].evidence["others"]) == 20
    assert KEY not in repr([(finding.message, finding.evidence, finding.fix) for finding in findings])


def test_two_scans_in_one_process_do_not_share_what_they_found() -> None:
    assert len(scan(service(1, KEY), service(2, KEY)).recorder.findings) == 2
    assert scan(service(1, KEY), service(3, "plain")).recorder.findings == []
