"""The engine's promises: exactly one verdict for each check and asset, and a bug in a check is told."""

from __future__ import annotations

import gzip
import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from auditor.engine.parking import Parking
from auditor.engine.population import POLICY, RESOURCE, Population
from auditor.loading import load_checks
from benchmarks.generate import documents
from tests.support import ANCESTORS, NOW, PUBLIC, bucket, ndjson, policy, project, run, scan, verdicts

BUGGY = '''
"""Checks with bugs."""
from auditor import PASS, Severity, Verdict, asset, check, fail
from auditor.resources.storage import Bucket


@check("bucket-raises", severity=Severity.LOW, passes=lambda: [asset(Bucket)], fails=lambda: [asset(Bucket)])
def raises(bucket: Bucket) -> Verdict:
    """It raises."""
    return fail(str({}["key"]))


@check("bucket-forgets", severity=Severity.LOW, passes=lambda: [asset(Bucket)], fails=lambda: [asset(Bucket)])
def forgets(bucket: Bucket) -> Verdict:
    """It forgets to answer."""
'''


@pytest.fixture
def estate(tmp_path: Path) -> Path:
    """A synthetic export in two files, lines in disorder."""
    lines = list(documents(3000))
    random.Random(7).shuffle(lines)
    (tmp_path / "estate").mkdir()
    (tmp_path / "estate" / "a.ndjson").write_bytes(ndjson(lines[:1700]))
    (tmp_path / "estate" / "b.ndjson").write_bytes(ndjson(lines[1700:]))
    return tmp_path / "estate"


def test_every_check_and_asset_has_exactly_one_verdict(estate: Path) -> None:
    ledger = estate.parent / "ledger.ndjson.gz"
    _, report = scan(estate, options=["--all", "--ledger", ledger], json_to=estate.parent / "r.json")
    rows = [json.loads(line) for line in gzip.decompress(ledger.read_bytes()).splitlines()]
    pairs = Counter((row["check"], row["asset"]) for row in rows)
    assert pairs.total() == len(pairs), [pair for pair, count in pairs.items() if count > 1][:3]
    population = {entry["asset_type"]: entry["assets"] for entry in report["population"]["by_type"]}
    signatures = {check.id: check.signature for check in load_checks()}
    for result in report["checks"]:
        counts = verdicts(report, result["id"])
        assert counts["asked"] == sum(counts[k] for k in ("pass", "fail", "not_applicable", "not_assessed")), result[
            "id"
        ]
        mine = Counter(row["verdict"] for row in rows if row["check"] == result["id"])
        assert mine == Counter({k: v for k, v in counts.items() if k != "asked" and v}), result["id"]
        if signatures[result["id"]].wants_resource:
            assert counts["asked"] == sum(population.get(kind, 0) for kind in result["asset_types"]), result["id"]
    assert Counter(row["verdict"] for row in rows)["fail"] == len(report["findings"])
    assert report["crashes"] == []


def test_the_population_reconciles_with_the_input(estate: Path) -> None:
    _, report = scan(estate, json_to=estate.parent / "r.json")
    population = report["population"]
    lines = sum(len(file.read_bytes().splitlines()) for file in estate.iterdir())
    parts = ("assets", "further_parts", "duplicates", "unreadable")
    assert population["records"] == lines == sum(population[part] for part in parts)
    assert population["assets"] == 3000 == sum(entry["assets"] for entry in population["by_type"])


def test_the_same_input_gives_the_same_bytes_in_any_order(estate: Path, tmp_path: Path) -> None:
    one, two = tmp_path / "one.json", tmp_path / "two.json"
    for out, targets in ((one, ["a.ndjson", "b.ndjson"]), (two, ["b.ndjson", "a.ndjson"])):
        run("scan", *(estate / target for target in targets), "--now", NOW, "-o", out)
    first, second = json.loads(one.read_text()), json.loads(two.read_text())
    assert first["findings"] == second["findings"]
    assert first["checks"] == second["checks"]
    run("scan", estate, "--now", NOW, "-o", one)
    again = one.read_bytes()
    run("scan", estate, "--now", NOW, "-o", one)
    assert one.read_bytes() == again


def test_a_bug_in_a_check_is_told_and_the_scan_goes_on(tmp_path: Path) -> None:
    (tmp_path / "ours").mkdir()
    (tmp_path / "ours" / "buggy.py").write_text(BUGGY)
    (tmp_path / "e.ndjson").write_bytes(ndjson([bucket("one"), bucket("two")]))
    result, report = scan(tmp_path / "e.ndjson", options=["--checks-dir", tmp_path / "ours"])
    assert result.exit_code == 3
    assert {crash["check"] for crash in report["crashes"]} == {"bucket-raises", "bucket-forgets"}
    assert len(report["crashes"]) == 4
    assert verdicts(report, "bucket-raises")["not_assessed"] == 2
    assert verdicts(report, "bucket-forgets")["pass"] == 0
    assert verdicts(report, "bucket-uniform-access-off")["asked"] == 2
    assert "bug in check bucket-raises" in result.output
    assert "Traceback" not in result.output


def test_policies_that_were_not_exported_are_not_assessed_per_project(tmp_path: Path) -> None:
    other = {**bucket("other", iam_policy={"bindings": []}), "ancestors": ["projects/7", *ANCESTORS[1:]]}
    (tmp_path / "e.ndjson").write_bytes(ndjson([project(), policy(project(), {"bindings": []}), project(7), other]))
    ledger = tmp_path / "ledger.ndjson"
    scan(tmp_path / "e.ndjson", options=["--ledger", ledger, "--area", "iam"])
    rows = [json.loads(line) for line in ledger.read_text().splitlines()]
    untold = {row["asset"] for row in rows if row["verdict"] == "not_assessed" and "iam-policy" in row["reason"]}
    assert untold == {"//cloudresourcemanager.googleapis.com/projects/7"}


def test_organisation_and_access_policies_become_assets(tmp_path: Path) -> None:
    organization = {
        "name": "//cloudresourcemanager.googleapis.com/organizations/3001",
        "asset_type": "cloudresourcemanager.googleapis.com/Organization",
        "ancestors": ["organizations/3001"],
    }
    perimeter = {"name": "accessPolicies/9/servicePerimeters/p", "title": "p", "use_explicit_dry_run_spec": True}
    constraint = {
        "constraint": "constraints/iam.disableServiceAccountKeyCreation",
        "boolean_policy": {"enforced": True},
    }
    lines: list[dict[str, Any]] = [
        {**organization, "service_perimeter": perimeter},
        {**organization, "access_level": {"name": "accessPolicies/9/accessLevels/a"}},
        {**organization, "access_policy": {"name": "accessPolicies/9"}},
        {**organization, "org_policy": [constraint]},
    ]
    (tmp_path / "e.ndjson").write_bytes(ndjson(lines))
    _, report = scan(tmp_path / "e.ndjson")
    assert {entry["asset_type"] for entry in report["population"]["by_type"]} == {
        "accesscontextmanager.googleapis.com/AccessLevel",
        "accesscontextmanager.googleapis.com/AccessPolicy",
        "accesscontextmanager.googleapis.com/ServicePerimeter",
        "orgpolicy.googleapis.com/Policy",
    }
    assert verdicts(report, "perimeter-dry-run-only")["fail"] == 1


def test_population_knows_its_names_after_growing() -> None:
    population = Population()
    names = [f"//service.googleapis.com/things/{number}".encode() for number in range(1_500_000)]
    for name in names:
        assert population.add(name, "t", RESOURCE, name) == RESOURCE
    assert population.add(names[0], "t", RESOURCE, names[0]) == 0
    assert population.contradictions == 0
    assert population.add(names[1], "t", RESOURCE | POLICY, b"another record") == POLICY
    assert population.contradictions == 1
    assert (len(population), population.duplicates, population.further_parts) == (1_500_000, 1, 1)
    assert population.parts(names[1]) == RESOURCE | POLICY
    assert population.parts(b"nothing") == 0
    assert population.by_type == {"t": 1_500_000}


def test_parking_gives_back_every_line_by_asset() -> None:
    with Parking() as parking:
        for number in range(40_000):
            name = f"name \t\n{number % 10_000}"
            parking.add(name, "type", f"file:{number}", b'{"number":%d,\n"filler":"%s"}' % (number, b"x" * 900))
        seen: dict[str, list[Any]] = {}
        for name, asset_type, lines in parking:
            assert asset_type == "type"
            assert name not in seen
            seen[name] = [json.loads(bytes(line))["number"] for _, line in lines]
    assert len(seen) == 10_000
    assert all(numbers == sorted(numbers) and len(numbers) == 4 for numbers in seen.values())


def test_findings_carry_where_what_and_how_to_mend(tmp_path: Path) -> None:
    hostile = bucket("b'; rm -rf ~ #", iam_policy=PUBLIC)
    (tmp_path / "e.ndjson").write_bytes(ndjson([hostile]))
    _, report = scan(tmp_path / "e.ndjson")
    finding = next(f for f in report["findings"] if f["check"] == "bucket-public")
    assert finding["source"].endswith("e.ndjson:1")
    assert finding["project"] == "1001"
    assert "allUsers" in finding["message"]
    assert """'gs://b'"'"'; rm -rf ~ #'""" in finding["fix"] or """gs://'b'"'"'; rm -rf ~ #'""" in finding["fix"]
    assert len(finding["fingerprint"]) == 16
