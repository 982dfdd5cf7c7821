"""Nothing passes that was not looked at: inputs in which deciding data is missing, damaged or contradictory."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support import ANCESTORS, PUBLIC, bucket, ndjson, policy, project, run, scan, verdicts

GRANTS_NOTHING: dict[str, Any] = {"bindings": []}
ORGANIZATION = {
    "name": "//cloudresourcemanager.googleapis.com/organizations/3001",
    "asset_type": "cloudresourcemanager.googleapis.com/Organization",
    "ancestors": ["organizations/3001"],
}


def audited(
    tmp_path: Path, *lines: dict[str, Any] | bytes, options: list[str] | None = None
) -> tuple[int, dict[str, Any]]:
    """Exit code and report of a scan of these lines."""
    data = b"".join(line if isinstance(line, bytes) else ndjson([line]) for line in lines)
    (tmp_path / "export.ndjson").write_bytes(data)
    result, report = scan(tmp_path / "export.ndjson", options=options or [])
    assert "Traceback" not in result.output
    assert report["crashes"] == []
    return result.exit_code, report


def counts(report: dict[str, Any], check: str = "bucket-public") -> str:
    """The verdicts of a check, as a word where all are alike."""
    told = {name: number for name, number in verdicts(report, check).items() if number and name != "asked"}
    return " ".join(told)


def test_a_policy_of_the_project_says_nothing_of_its_buckets(tmp_path: Path) -> None:
    _, report = audited(tmp_path, bucket(), project(iam_policy=GRANTS_NOTHING))
    assert counts(report) == "not_assessed"


@pytest.mark.parametrize("vouch", [["--exported", "iam-policy"], ["--exported", "all"]])
def test_it_does_where_the_user_vouches_for_the_content(vouch: list[str], tmp_path: Path) -> None:
    _, report = audited(tmp_path, bucket(), project(iam_policy=GRANTS_NOTHING), options=vouch)
    assert counts(report) == "pass"


@pytest.mark.parametrize("damage", [3, 40])
def test_a_policy_line_that_cannot_be_read_is_not_an_empty_policy(damage: int, tmp_path: Path) -> None:
    cut = ndjson([policy(bucket(), PUBLIC)])[: -1 - damage] + b"\n"
    lines: list[dict[str, Any] | bytes] = [bucket(), project(iam_policy=GRANTS_NOTHING), cut]
    code, report = audited(tmp_path, *lines, options=["--exported", "all"])
    assert counts(report) == "not_assessed"
    assert code == 3


@pytest.mark.parametrize("value", [[], "x", 7, {"bindings": {}}, {"bindings": [{"role": "r", "members": "allUsers"}]}])
def test_a_policy_of_the_wrong_form_is_unknown_and_told(value: Any, tmp_path: Path) -> None:
    code, report = audited(tmp_path, bucket(iam_policy=value), options=["--exported", "all"])
    assert counts(report) == "not_assessed"
    assert code == 3
    assert "iam_policy" in report["gaps"][0]["problem"]


@pytest.mark.parametrize("first", [0, 1])
def test_two_versions_of_an_asset_are_a_gap(first: int, tmp_path: Path) -> None:
    versions = [bucket(iam_policy=GRANTS_NOTHING), bucket(iam_policy=PUBLIC)]
    code, report = audited(tmp_path, versions[first], versions[1 - first])
    assert code == (3 if first == 0 else 1)
    assert "this record of it is different" in report["gaps"][0]["problem"]
    assert report["population"]["duplicates"] == 1


def test_a_line_that_cannot_be_read_leaves_every_list_open(tmp_path: Path) -> None:
    lines: list[dict[str, Any] | bytes] = [
        project(iam_policy=GRANTS_NOTHING),
        b'{"name": "//x", "asset_type": "y/Z", \n',
    ]
    _, report = audited(tmp_path, *lines, options=["--exported", "all"])
    for check in report["checks"]:
        if check["id"].endswith("-unwatched") or check["id"] == "project-outside-perimeter":
            assert check["passed"] + check["failed"] == 0, check["id"]


@pytest.mark.parametrize(("value", "outcome"), [("false", "fail"), ("true", "pass"), (False, "fail"), (True, "pass")])
def test_a_boolean_constraint_written_as_text(value: Any, outcome: str, tmp_path: Path) -> None:
    constraint = {
        "constraint": "constraints/iam.disableServiceAccountKeyCreation",
        "booleanPolicy": {"enforced": value},
    }
    lines: list[dict[str, Any]] = [
        {**ORGANIZATION, "resource": {"data": {}}},
        {**ORGANIZATION, "orgPolicy": [constraint]},
    ]
    _, report = audited(tmp_path, *lines, options=["--exported", "all"])
    assert counts(report, "organization-allows-service-account-keys") == outcome


def test_a_policy_in_the_other_spelling_is_read(tmp_path: Path) -> None:
    second = {key: value for key, value in policy(bucket(), PUBLIC).items() if key != "iam_policy"}
    _, report = audited(tmp_path, bucket(), {**second, "iamPolicy": PUBLIC})
    assert counts(report) == "fail"


@pytest.mark.parametrize("extra", [{}, {"iam_policy": None}, {"resource": None}, {"os_inventory": {}}])
def test_a_line_without_content_takes_nothing_from_the_line_that_has_it(extra: dict[str, Any], tmp_path: Path) -> None:
    empty = {"name": bucket()["name"], "asset_type": bucket()["asset_type"], "ancestors": ANCESTORS, **extra}
    code, report = audited(tmp_path, empty, bucket(iam_policy=PUBLIC))
    assert counts(report) == "fail"
    assert code == 1
    assert report["population"]["assets"] == 1
    _, alone = audited(tmp_path, empty)
    assert counts(alone) == counts(alone, "bucket-uniform-access-off") == "not_assessed"


def test_an_export_cannot_say_what_is_unknown(tmp_path: Path) -> None:
    line = bucket(iam_policy=PUBLIC, unknown={"iam_policy": "trust me"}, address="x", source="y")
    _, report = audited(tmp_path, line)
    assert counts(report) == "fail"
    finding = next(entry for entry in report["findings"] if entry["check"] == "bucket-public")
    assert finding["address"] == ""
    assert finding["source"].endswith("export.ndjson:1")


def test_an_asset_with_two_names_is_refused(tmp_path: Path) -> None:
    twice = ndjson([bucket()])[:-2] + b', "name": "//storage.googleapis.com/other"}\n'
    code, report = audited(tmp_path, twice)
    assert code == 3
    assert "two names" in report["gaps"][0]["problem"]


def test_nothing_judged_is_incomplete(tmp_path: Path) -> None:
    code, report = audited(tmp_path, {**ORGANIZATION, "iam_policy": None}, options=["--area", "iam"])
    assert code == 3, report["gate"]
    assert report["gate"]["reasons"] == ["nothing could be judged"]


BOMBS = {
    "deep nesting": b'{"name": "//x/y", "asset_type": "storage.googleapis.com/Bucket", "resource": '
    + b"[" * 100_000
    + b"\n",
    "org policy a number": json.dumps({**ORGANIZATION, "org_policy": 5}).encode() + b"\n",
    "org policy of texts": json.dumps({**ORGANIZATION, "org_policy": ["x"]}).encode() + b"\n",
    "a boolean policy a text": json.dumps(
        {**ORGANIZATION, "org_policy": [{"constraint": "constraints/x", "booleanPolicy": "x"}]}
    ).encode()
    + b"\n",
    "an access policy a list": json.dumps({**ORGANIZATION, "access_policy": ["x"]}).encode() + b"\n",
}


@pytest.mark.parametrize("kind", BOMBS)
def test_a_line_that_explodes_costs_only_itself(kind: str, tmp_path: Path) -> None:
    code, report = audited(tmp_path, bucket(iam_policy=PUBLIC), BOMBS[kind], bucket("second", iam_policy=PUBLIC))
    assert report["population"]["unreadable"] == 1
    assert verdicts(report, "bucket-public")["fail"] == 2
    assert code == 1


def test_an_output_never_destroys_an_input(tmp_path: Path) -> None:
    export = tmp_path / "export.ndjson"
    export.write_bytes(ndjson([bucket()]))
    before = export.read_bytes()
    twice = tmp_path / "a.ndjson"
    attempts: list[list[str | Path]] = [["--ledger", export], ["--ledger", twice, "-o", twice.with_suffix(".xml")]]
    for options in attempts:
        result = run("scan", export, *options)
        assert result.exit_code == 2, result.output
    (tmp_path / "in.json").write_text(json.dumps([bucket()]))
    assert "would overwrite an input" in run("scan", tmp_path / "in.json", "-o", tmp_path / "in.json").output
    assert export.read_bytes() == before


@pytest.mark.parametrize("value", ["nan", "-1", "101", "many"])
def test_a_coverage_that_is_no_percentage_is_refused(value: str, tmp_path: Path) -> None:
    (tmp_path / "e.ndjson").write_bytes(ndjson([bucket()]))
    assert run("scan", tmp_path / "e.ndjson", "--require-coverage", value).exit_code == 2
    assert run("scan", tmp_path / "e.ndjson", "--now", "0001-01-01T00:00:00+14:00").exit_code == 2


def test_a_project_export_says_nothing_of_the_sinks_and_policies_above_it(tmp_path: Path) -> None:
    sink = {
        "name": "//logging.googleapis.com/projects/1001/sinks/_Default",
        "asset_type": "logging.googleapis.com/LogSink",
        "resource": {
            "data": {
                "name": "_Default",
                "destination": "logging.googleapis.com/projects/p/locations/global/buckets/_Default",
            }
        },
        "ancestors": ANCESTORS,
    }
    local = {"constraint": "constraints/compute.requireOsLogin", "booleanPolicy": {"enforced": True}}
    lines = [project(), sink, {**project(), "org_policy": [local]}, {**ORGANIZATION, "resource": {"data": {}}}]
    _, report = audited(tmp_path, *lines)
    assert counts(report, "log-export-missing") == "not_assessed"
    assert counts(report, "organization-allows-service-account-keys") == "not_assessed"


def test_a_contradiction_is_told_and_makes_nothing_else_unknown(tmp_path: Path) -> None:
    other = project()
    other["resource"] = {"data": {**other["resource"]["data"], "labels": {"a": "b"}}}
    lines = [project(), other, bucket(), policy(project(), GRANTS_NOTHING)]
    code, report = audited(tmp_path, *lines, options=["--exported", "all"])
    assert code == 3
    assert counts(report) == "pass"
