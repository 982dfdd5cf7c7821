"""What a plan brings to an estate: findings, paths, the gate and the reports."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.overlay_support import BUCKET, HOME, OPEN_TO_ALL, asset, bucket, change, plan_of
from tests.support import NOW, ndjson, policy, project, run


def scanned(
    tmp_path: Path, document: dict[str, Any], estate: list[dict[str, Any]], *options: str
) -> tuple[int, str, dict[str, Any]]:
    """`auditor scan plan.json --on estate.ndjson`: exit code, output, report."""
    (tmp_path / "plan.json").write_text(json.dumps(document))
    (tmp_path / "estate.ndjson").write_bytes(ndjson(estate))
    out = tmp_path / "out.json"
    arguments: tuple[str | Path, ...] = (
        "--on",
        tmp_path / "estate.ndjson",
        "--exported",
        "all",
        "--now",
        NOW,
        "-o",
        out,
        *options,
    )
    result = run("scan", tmp_path / "plan.json", *arguments)
    report = json.loads(out.read_text()) if out.exists() else {}
    return result.exit_code, " ".join(result.output.split()), report


PUBLIC = {"bindings": [{"role": "roles/storage.objectViewer", "members": ["allUsers"]}]}
ONLY = ("--check", "bucket-public", "--fail-on", "critical")
CLOSED: dict[str, Any] = {"bindings": []}
SHUT = change("google_storage_bucket_iam_member.m", OPEN_TO_ALL, None)
OPENED = change("google_storage_bucket_iam_member.m", None, OPEN_TO_ALL)
IDLE = change("google_pubsub_topic.t", None, {"name": "t"})


@pytest.mark.parametrize(
    ("grants", "touched", "options", "code", "words"),
    [
        (CLOSED, OPENED, (), 1, "brings 1 finding, fixes 0, leaves 0"),
        (PUBLIC, SHUT, (), 0, "brings 0 findings, fixes 1, leaves 0"),
        (PUBLIC, IDLE, (), 0, "brings 0 findings, fixes 0, leaves 1"),
        (PUBLIC, IDLE, ("--gate-on", "all"), 1, "brings 0 findings, fixes 0, leaves 1"),
        (PUBLIC, change("google_storage_bucket.b", BUCKET, None), (), 0, "brings 0 findings, fixes 1, leaves 0"),
    ],
)
def test_new_fixed_and_unchanged_findings_are_told_apart(
    grants: dict[str, Any], touched: Any, options: tuple[str, ...], code: int, words: str, tmp_path: Path
) -> None:
    other = {**bucket(), "name": "//storage.googleapis.com/other"}
    estate = [project(), policy(project(), CLOSED), bucket(), policy(bucket(), grants), other, policy(other, CLOSED)]
    given_, output, report = scanned(tmp_path, plan_of(touched), estate, *ONLY, *options)
    assert given_ == code, output
    assert words in output
    assert any(words in notice for notice in report["notices"])


def test_a_finding_that_apply_will_decide_is_not_fixed(tmp_path: Path) -> None:
    config = {
        "resources": [
            {
                "mode": "managed",
                "type": "google_storage_bucket_iam_policy",
                "name": "p",
                "expressions": {"policy_data": {"references": ["local.x"]}},
            }
        ]
    }
    touched = change(
        "google_storage_bucket_iam_policy.p",
        {"bucket": "b", "policy_data": json.dumps(PUBLIC)},
        {"bucket": "b"},
        unknown={"policy_data": True},
    )
    estate = [project(), policy(project(), CLOSED), bucket(), policy(bucket(), PUBLIC)]
    _, output, _ = scanned(tmp_path, plan_of(touched, config=config), estate, *ONLY)
    assert "fixes 0, leaves 0 as they are, 1 undecided until apply" in output


def test_a_new_finding_has_the_place_and_address_of_the_grant(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text('\nresource "google_storage_bucket_iam_member" "m" {\n}\n')
    estate = [project(), policy(project(), CLOSED), bucket(), policy(bucket(), CLOSED)]
    _, _, report = scanned(tmp_path, plan_of(OPENED), estate, *ONLY)
    (finding,) = report["findings"]
    assert finding["address"] == "google_storage_bucket_iam_member.m"
    assert finding["source"] == f"{tmp_path.as_posix()}/main.tf:2"
    assert finding["asset"] == "//storage.googleapis.com/b"
    assert finding["project"] == "p-1001"


def test_absence_decides_where_the_export_is_complete(tmp_path: Path) -> None:
    """A plan alone cannot tell that no sink exists; over a complete export it can."""
    estate = [project(), policy(project(), CLOSED)]
    _, _, report = scanned(tmp_path, plan_of(IDLE), estate, "--area", "audit_logging")
    assert not any(
        "Terraform plan shows only part" in cause for check in report["checks"] for cause in check["not_assessed"]
    )


@pytest.mark.parametrize(
    ("target", "options", "words"),
    [
        ("state.json", ("--on", "estate.ndjson"), "only a Terraform plan can be laid over an estate"),
        ("plan.json", ("--on", "nowhere.ndjson"), "no such file or folder"),
        ("plan.json", ("--on", "estate.ndjson", "-o", "estate.json"), ""),
    ],
)
def test_what_cannot_be_laid_over_is_wrong_usage(
    target: str, options: tuple[str, ...], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("state.json").write_text('{"format_version": "1.0"}')
    Path("plan.json").write_text(json.dumps(plan_of(IDLE)))
    Path("estate.ndjson").write_bytes(ndjson([project()]))
    result = run("scan", target, *options)
    assert (result.exit_code == 2) is bool(words), result.output
    assert words in " ".join(result.output.split())


def test_an_output_never_overwrites_the_estate(tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text(json.dumps(plan_of(IDLE)))
    (tmp_path / "estate.json").write_text(json.dumps([project()]))
    result = run("scan", tmp_path / "plan.json", "--on", tmp_path / "estate.json", "-o", tmp_path / "estate.json")
    assert result.exit_code == 2
    assert "would overwrite an input" in " ".join(result.output.split())


def test_a_plan_that_changes_nothing_changes_no_finding(tmp_path: Path) -> None:
    example = Path(__file__).parent.parent / "examples" / "lucky_gas"
    document = json.loads((example / "plan.json").read_text())
    for entry in document["resource_changes"]:
        after = entry["change"]["after"]
        entry["change"] = {"actions": ["no-op"], "before": after, "after": after, "after_unknown": {}}
    (tmp_path / "plan.json").write_text(json.dumps(document))
    found = []
    laid_over: list[str | Path] = [tmp_path / "plan.json", "--on", example / "export"]
    for targets in ([example / "export"], laid_over):
        out = tmp_path / "out.json"
        result = run("scan", *targets, "--exported", "all", "--now", NOW, "-o", out)
        found.append({(one["check"], one["asset"]) for one in json.loads(out.read_text())["findings"]})
    before, after = found
    assert before <= after
    assert "fixes 0," in result.output
    assert "undecided" not in result.output
    lines = [line for file in (example / "export").iterdir() for line in file.read_text().splitlines()]
    there = {json.loads(line)["name"] for line in lines}
    assert not {asset for _, asset in after - before} & there


def test_reports_tell_what_the_plan_brings(tmp_path: Path) -> None:
    other = {**bucket(), "name": "//storage.googleapis.com/other"}
    estate = [project(), policy(project(), CLOSED), bucket(), policy(bucket(), CLOSED), other, policy(other, PUBLIC)]
    outputs = ("-o", str(tmp_path / "out.sarif"), "-o", str(tmp_path / "out.md"))
    _, _, report = scanned(tmp_path, plan_of(OPENED), estate, *ONLY, *outputs)
    states = {finding["asset"]: finding["fingerprint"] in report["change"]["new"] for finding in report["findings"]}
    assert states == {"//storage.googleapis.com/b": True, "//storage.googleapis.com/other": False}
    results = json.loads((tmp_path / "out.sarif").read_text())["runs"][0]["results"]
    assert {result["properties"]["asset"]: result["baselineState"] for result in results} == {
        "//storage.googleapis.com/b": "new",
        "//storage.googleapis.com/other": "unchanged",
    }
    text = (tmp_path / "out.md").read_text()
    assert "## What the plan brings" in text
    assert "| 1 | 0 | 1 | 0 |" in text
    assert "- New, critical: **google" in text


_PARTNER = "user:kim@partner.example"
_DEPLOYER = "deploy@p-1001.iam.gserviceaccount.com"
_DEPLOYER_NAME = f"//iam.googleapis.com/projects/p-1001/serviceAccounts/{_DEPLOYER}"
_DEPLOYER_ASSET = asset("iam.googleapis.com/ServiceAccount", _DEPLOYER_NAME, {"email": _DEPLOYER})
_ORGANISATION = {
    **asset(
        "cloudresourcemanager.googleapis.com/Organization",
        "//cloudresourcemanager.googleapis.com/organizations/3001",
        {"displayName": "example.com", "owner": {"directoryCustomerId": "C01"}},
    ),
    "ancestors": HOME[2:],
}
_FOLDER = {
    **asset("cloudresourcemanager.googleapis.com/Folder", "//cloudresourcemanager.googleapis.com/folders/2001", {}),
    "ancestors": HOME[1:],
}


def _with_partner(*more: dict[str, Any]) -> list[dict[str, Any]]:
    """A partner may deploy to Cloud Run, and an account of the project sets its policy: neither is much by itself."""
    held = {
        "bindings": [
            {"role": "roles/run.developer", "members": [_PARTNER]},
            {"role": "roles/resourcemanager.projectIamAdmin", "members": [f"serviceAccount:{_DEPLOYER}"]},
            *more,
        ]
    }
    return [
        _ORGANISATION,
        policy(_ORGANISATION, CLOSED),
        _FOLDER,
        policy(_FOLDER, CLOSED),
        project(),
        policy(project(), held),
        _DEPLOYER_ASSET,
        policy(_DEPLOYER_ASSET, CLOSED),
    ]


_ACT_AS = {
    "service_account_id": f"projects/p-1001/serviceAccounts/{_DEPLOYER}",
    "role": "roles/iam.serviceAccountUser",
    "member": _PARTNER,
    "condition": [],
}
_LETS_ACT = change("google_service_account_iam_member.partner", None, _ACT_AS)


def test_a_plan_that_gives_an_outsider_a_path_to_owner_fails_the_gate(tmp_path: Path) -> None:
    """Acting as one account is an ordinary grant; with the right to deploy it is control of the project."""
    without = ("--no-paths",)
    code, output, report = scanned(tmp_path, plan_of(_LETS_ACT), _with_partner(), *without)
    assert code == 0, output
    code, output, report = scanned(tmp_path, plan_of(_LETS_ACT), _with_partner())
    assert code == 1, output
    assert "it opens 1 path to control and closes 0" in output
    assert "+ path opened from outside, certain: user:kim@partner.example to control of projects/p-1001" in output
    new = [one for one in report["findings"] if one["fingerprint"] in report["change"]["new"]]
    assert [(one["check"], one["severity"]) for one in new if one["severity"] == "critical"] == [
        ("path-to-control-from-outside", "critical")
    ]
    assert [path["title"] for path in report["change"]["opened_paths"]] == [
        "user:kim@partner.example to control of projects/p-1001"
    ]


def test_a_plan_that_closes_a_path_is_told(tmp_path: Path) -> None:
    estate = _with_partner()
    estate[-1] = policy(_DEPLOYER_ASSET, {"bindings": [{"role": _ACT_AS["role"], "members": [_PARTNER]}]})
    taken_back = change("google_service_account_iam_member.partner", _ACT_AS, None)
    code, output, report = scanned(tmp_path, plan_of(taken_back), estate)
    assert code == 0, output
    assert "opens 0 paths to control and closes 1" in output
    assert [path["title"] for path in report["change"]["closed_paths"]] == [
        "user:kim@partner.example to control of projects/p-1001"
    ]
    assert "path-to-control-from-outside" in {one["check"] for one in report["change"]["fixed"]}


def test_a_second_path_to_what_is_controlled_already_is_new(tmp_path: Path) -> None:
    """The finding is there before; the gate judges the path that the plan adds."""
    other = "user:lee@partner.example"
    estate = _with_partner({"role": "roles/run.developer", "members": [other]})
    estate[-1] = policy(_DEPLOYER_ASSET, {"bindings": [{"role": _ACT_AS["role"], "members": [other]}]})
    code, output, report = scanned(tmp_path, plan_of(IDLE), estate)
    assert code == 0, output
    code, output, report = scanned(tmp_path, plan_of(_LETS_ACT), estate, "-o", str(tmp_path / "out.html"))
    assert code == 1, output
    assert "Opens a certain path: <bdi>user:kim@partner.example" in (tmp_path / "out.html").read_text("utf-8")
    told = [one for one in report["findings"] if one["check"] == "path-to-control-from-outside"]
    assert [one["fingerprint"] in report["change"]["new"] for one in told] == [True]


def test_the_internet_over_a_service_that_the_plan_empowers(tmp_path: Path) -> None:
    """A public service and an account that mints tokens for another: a possible path, which is high."""
    name = "//run.googleapis.com/projects/p-1001/locations/europe-west1/services/web"
    web = "web@p-1001.iam.gserviceaccount.com"
    service = asset("run.googleapis.com/Service", name, {"template": {"serviceAccount": web}})
    anyone = {"bindings": [{"role": "roles/run.invoker", "members": ["allUsers"]}]}
    member = {**_ACT_AS, "role": "roles/iam.serviceAccountTokenCreator", "member": f"serviceAccount:{web}"}
    mints = change("google_service_account_iam_member.web", None, member)
    estate = [*_with_partner(), service, policy(service, anyone)]
    code, output, _ = scanned(tmp_path, plan_of(mints), estate, "--fail-on", "high", "--area", "iam")
    assert code == 1, output
    assert "path opened from outside, possible: the internet to control of projects/p-1001" in output
