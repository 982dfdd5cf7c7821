"""Bad input of every kind: one clear sentence each, a documented exit code, and the rest is audited."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support import run, scan

BUCKET = 'resource "google_storage_bucket" "b" {\n  name     = "b"\n  location = "EU"\n}\n'


def change(address: str, before: Any = None, actions: tuple[str, ...] = ("create",), **more: Any) -> dict[str, Any]:
    """A resource change of a plan; what is planned is a bucket's name."""
    kind, _, name = address.partition(".")
    after = None if actions == ("delete",) else {"name": name, "location": "EU"}
    inner = {"actions": list(actions), "before": before, "after": after, "after_unknown": {}, **more.pop("inner", {})}
    return {"address": address, "mode": "managed", "type": kind, "name": name, "change": inner, **more}


def plan(path: Path, *changes: Any, **more: Any) -> Path:
    """A plan with these changes."""
    path.write_text(json.dumps({"format_version": "1.2", "resource_changes": list(changes), **more}))
    return path


def flat(text: str) -> str:
    """What a terminal shows, on one line."""
    return " ".join(text.split())


def problems(report: dict[str, Any]) -> list[str]:
    """The gaps of a report, each as place and problem."""
    return [f"{Path(gap['where'].partition(' ')[0]).name}: {gap['problem']}" for gap in report["gaps"]]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"format_version": "1.2", "resource_changes": [{"address": "google_storage', "is the file cut off?"),
        ('{"format_version": "2.0", "resource_changes": []}', "format '2.0' of terraform show -json is not known"),
        ('{"format_version": {"a": 1}, "planned_values": {}}', "is not known, only 0.1 to 1.x"),
        ("", "the file is empty"),
        ('{"planned": {}}', "neither a Cloud Asset Inventory export nor a Terraform plan"),
        ('{"format_version": "1.2", "resource_changes": ' + "[" * 100_000, "not valid JSON"),
    ],
)
def test_a_plan_that_cannot_be_read_is_one_sentence_and_exit_2(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "plan.json"
    file.write_text(text)
    result = run("scan", file)
    assert result.exit_code == 2
    told = flat(result.output)
    assert words in told or "nested too deeply" in told
    assert "Traceback" not in told


def test_beside_a_good_plan_a_broken_one_is_a_gap(tmp_path: Path) -> None:
    good = plan(tmp_path / "good.json", change("google_storage_bucket.b"))
    (tmp_path / "cut.json").write_text('{"format_version": "1.2", "resource_changes": [')
    result, report = scan(good, tmp_path / "cut.json", options=["--fail-on", "critical"])
    assert result.exit_code == 3
    assert report["population"]["assets"] == 1
    assert "cut off" in problems(report)[0]


def test_a_plan_with_errors_is_audited_and_incomplete(tmp_path: Path) -> None:
    file = plan(tmp_path / "plan.json", change("google_storage_bucket.b"), errored=True)
    result, report = scan(file)
    assert result.exit_code == 3
    assert report["population"]["assets"] == 1
    assert problems(report) == ["plan.json: the plan has errors, so it may lack resources"]


@pytest.mark.parametrize(
    ("extra", "told"),
    [
        ({"complete": False}, "the plan was made for some targets only, so it may lack resources"),
        ({"complete": True, "applyable": False}, ""),
        (
            {
                "complete": False,
                "deferred_changes": [
                    {
                        "reason": "instance_count_unknown",
                        "resource_change": change('google_storage_bucket.later["*"]'),
                    },
                    {"reason": "deferred_prereq", "resource_change": change("google_storage_bucket.other")},
                ],
            },
            '2 resources, google_storage_bucket.later["*"] first, left to a later plan; not audited',
        ),
        ({"complete": False, "deferred_changes": [7]}, "1 resource left to a later plan; not audited"),
        ({"complete": False, "errored": True}, "the plan has errors, so it may lack resources"),
    ],
)
def test_a_plan_that_says_that_it_lacks_something_is_incomplete(
    tmp_path: Path, extra: dict[str, Any], told: str
) -> None:
    file = plan(tmp_path / "plan.json", change("google_storage_bucket.b"), **extra)
    result, report = scan(file, options=["--check", "bucket-public"])
    assert problems(report) == ([f"plan.json: {told}"] if told else [])
    assert result.exit_code == (3 if told else 0)
    assert report["population"]["assets"] == 1


def test_a_file_with_a_syntax_error_is_told_with_its_line_and_the_others_are_audited(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "good.tf").write_text(BUCKET)
    (folder / "bad.tf").write_text('resource "google_storage_bucket" "c" {\n  name = = "c"\n}\n')
    result, report = scan(folder)
    assert result.exit_code == 3
    assert report["population"]["assets"] >= 1
    assert problems(report)[0].startswith("bad.tf:2: not valid HCL")


def test_a_circle_of_locals_is_told_and_the_rest_is_audited(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    text = 'locals {\n  a = local.b\n  b = local.a\n}\nresource "google_storage_bucket" "c" {\n  name = local.a\n}\n'
    (folder / "main.tf").write_text(BUCKET + text)
    result, report = scan(folder)
    assert result.exit_code == 3
    assert report["population"]["assets"] == 2
    assert any("depends on itself" in problem for problem in problems(report))


def test_a_huge_file_of_variables_is_told_and_not_read(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "main.tf").write_text('variable "n" {}\n' + BUCKET.replace('"b"\n  loc', "var.n\n  loc"))
    with (folder / "terraform.tfvars").open("wb") as file:
        file.write(b'n = "')
        file.seek(50 << 20)
        file.write(b'"\n')
    result, report = scan(folder)
    assert result.exit_code == 3
    assert problems(report) == ["terraform.tfvars: it has 50 MB; more than 16 MB are not read"]
    assert report["population"]["assets"] == 1


def test_modules_that_call_each_other_end(tmp_path: Path) -> None:
    for name, other in (("a", "b"), ("b", "a")):
        (tmp_path / "in" / name).mkdir(parents=True)
        (tmp_path / "in" / name / "main.tf").write_text(f'module "m" {{\n  source = "../{other}"\n}}\n' + BUCKET)
    result, report = scan(tmp_path / "in")
    assert result.exit_code == 3
    assert any("calls itself, directly or by others" in problem for problem in problems(report))
    assert report["population"]["assets"] == 2


def test_links_that_go_round_end(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    (folder / "deep").mkdir(parents=True)
    (folder / "main.tf").write_text(BUCKET)
    (folder / "deep" / "again").symlink_to(folder, target_is_directory=True)
    (folder / "itself.tf").symlink_to(folder / "itself.tf")
    result, report = scan(folder)
    assert report["population"]["assets"] == 1
    assert result.exit_code == 3  # the link to itself is a gap
    assert [problem for problem in problems(report) if problem.startswith("itself.tf")]


# ---- what a plan takes away, moves and imports


def test_protection_that_a_plan_removes_is_told(tmp_path: Path) -> None:
    deny = {"name": "no-ssh", "deny": [{"protocol": "tcp", "ports": ["22"]}]}
    file = plan(
        tmp_path / "plan.json",
        change("google_storage_bucket.b"),
        change("google_iam_deny_policy.d", {"name": "d"}, ("delete",)),
        change("google_compute_firewall.no_ssh", deny, ("delete",)),
        change("google_compute_firewall.open", {"name": "open", "allow": [{"protocol": "tcp"}]}, ("delete",)),
        change("google_compute_security_policy.s", {"name": "s"}, ("delete", "create")),
        change("google_logging_project_sink.s", {"name": "s"}, ("forget",)),
        change("google_logging_project_sink.old", {"name": "s"}, ("delete",), deposed="abc"),
    )
    result, report = scan(file)
    told = [
        "the plan deletes google_iam_deny_policy.d: a deny policy",
        "the plan deletes google_compute_firewall.no_ssh: a firewall rule that denies",
    ]
    assert [notice for notice in report["notices"] if "deletes" in notice] == told
    assert all(f"Note: {sentence}" in flat(result.output) for sentence in told)


def test_what_is_moved_or_imported_is_there_under_its_new_address(tmp_path: Path) -> None:
    moved = change(
        "google_storage_bucket.new", {"name": "new"}, ("no-op",), previous_address="google_storage_bucket.old"
    )
    imported = change("google_storage_bucket.i", {"name": "i"}, ("update",), inner={"importing": {"id": "i"}})
    replaced = change(
        "google_storage_bucket.r", {"name": "r"}, ("create", "delete"), action_reason="replace_by_request"
    )
    left = change("google_storage_bucket.l", {"name": "l"}, ("create", "forget"))
    ledger = tmp_path / "ledger.ndjson"
    scan(plan(tmp_path / "plan.json", moved, imported, replaced, left), options=["--ledger", ledger])
    addresses = {json.loads(line)["address"] for line in ledger.read_text().splitlines()} - {""}
    assert addresses == {f"google_storage_bucket.{name}" for name in ("new", "i", "r", "l")}


def test_a_plan_of_opentofu_is_read_like_terraforms(tmp_path: Path) -> None:
    tofu = change("google_storage_bucket.b", provider_name="registry.opentofu.org/hashicorp/google")
    result, report = scan(
        plan(tmp_path / "plan.json", tofu, terraform_version="1.8.2", timestamp="2026-11-22T00:00:00Z")
    )
    assert result.exit_code in (0, 1)
    assert report["population"]["assets"] == 1
