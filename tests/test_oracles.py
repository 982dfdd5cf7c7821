"""Agreement with data that others wrote and labelled; where we differ on purpose, `adjudications.toml` says why."""

from __future__ import annotations

import json
import re
import tomllib
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest

from auditor.check import Check
from auditor.loading import load_checks
from tests.support import ORACLES, needs_oracles, scan
from tests.terraform_text import written, written_address

ADJUDICATIONS = tomllib.loads((Path(__file__).parent / "adjudications.toml").read_text(encoding="utf-8"))
CHECKS = load_checks()
Rows = list[dict[str, Any]]
Settings = dict[str, dict[str, int]]

_ROTATION = {"exemptions": 365, "no_params": 365, "one_hundred_days": 100, "one_year": 365}
PARAMETERS = {
    f"cmek_rotation__constraints__{name}__data.yaml": {"kms-key-not-rotated": {"max_rotation_days": days}}
    for name, days in _ROTATION.items()
}
"""What the parameters of a constraint file are as settings of our checks."""


def checks_for(label: str) -> list[Check]:
    """Our checks for another system's id."""
    return [check for check in CHECKS if label in check.same_as]


def checks_for_policy(policy: str) -> list[Check]:
    """Our checks for a policy of the labelled assets, whose names leave out `gcp_` and the version."""
    pattern = re.compile(rf"policy_library:(gcp_)?{policy.removeprefix('gcp_')}(_v\d+)?")
    return [check for check in CHECKS if any(pattern.fullmatch(name) for name in check.same_as)]


def ledger_of(target: Path, tmp_path: Path, checks: list[Check], settings: Settings | None = None) -> Rows:
    """Every verdict of `checks` about a file."""
    ledger, config = tmp_path / "ledger.ndjson", tmp_path / "auditor.toml"
    config.write_text(
        "".join(
            f"[checks.{check}]\n" + "".join(f"{option} = {value}\n" for option, value in options.items())
            for check, options in (settings or {}).items()
        )
    )
    options: list[str | Path] = ["--all", "--ledger", ledger, "--exported", "all", "--config", config]
    for check in checks:
        options += ["--check", check.id]
    result, report = scan(target, options=options, json_to=tmp_path / "run.json")
    assert report.get("crashes") == [], result.output
    return [json.loads(line) for line in ledger.read_text().splitlines()]


def labels(folder: str) -> Rows:
    """The labels of an oracle, empty where it is not there."""
    path = ORACLES / folder / "labels.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def told(kind: str, agreed: int, differing: list[str], missing: Counter[str], *, like: str = "") -> None:
    """Print the agreement, and fail on differences that nobody has adjudicated, for this kind or the one it is like."""
    known = {entry["case"]: entry["reason"] for name in (kind, like) for entry in ADJUDICATIONS.get(name, [])}
    open_cases = [case for case in differing if case not in known]
    stale = [case for case in known if case not in differing]
    total = agreed + len(differing)
    print(f"\n{kind}: {agreed} of {total} labels agree, {len(differing)} differ, each for a recorded reason")
    for label, count in sorted(missing.items()):
        print(f"  no check is the same as {label} ({count} labels)")
    assert not open_cases, "\n".join(open_cases)
    assert not stale, f"adjudicated, but no difference any more: {stale}"
    assert total > 0


@needs_oracles
def test_recorded_projects_are_audited_without_error(tmp_path: Path) -> None:
    result, report = scan(ORACLES / "recorded_assets", options=["--all"], json_to=tmp_path / "run.json")
    assert result.exit_code in (0, 1), result.output
    assert report["crashes"] == []
    # some projects were recorded twice, at different times
    assert [gap for gap in report["gaps"] if "this record of it is different" not in gap["problem"]] == []
    assert report["population"]["unreadable"] == 0
    reasons = Counter[str]()
    for check in report["checks"]:
        for cause, count in check["not_assessed"].items():
            reasons[cause.partition(": ")[2]] += count
    assert not [reason for reason in reasons if "unreadable" in reason], reasons


@needs_oracles
def test_labelled_plans(tmp_path: Path) -> None:
    """A label of an IAM resource is compared with a plan that has no other IAM resource.

    Several of them make up one policy, which we judge as a whole, while each has a label of its own.
    """
    missing = Counter[str]()
    agreed, differing = 0, list[str]()
    for label in labels("labelled_plans"):
        checks = checks_for(label["check"])
        if not checks:
            missing[label["check"]] += 1
            continue
        plan = ORACLES / "labelled_plans" / label["plan"]
        failed = failed_addresses(ledger_of(plan, tmp_path, checks))
        for verdict in ("passing", "failing"):
            for address in label[verdict]:
                fails = address in failed
                if is_iam(address):
                    fails = bool(failed_addresses(ledger_of(with_one_grant(plan, address, tmp_path), tmp_path, checks)))
                case = f"{label['plan']} {address} {'passes' if verdict == 'passing' else 'fails'}"
                agreed, differing = _count(fails == (verdict == "failing"), case, agreed, differing)
    told("labelled_plans", agreed, differing, missing)


@needs_oracles
def test_labelled_plans_written_as_files(tmp_path: Path) -> None:
    """The same labels for the same resources as `.tf` files; where the plan differs, the files may differ alike."""
    agreed, differing = 0, list[str]()
    for label in labels("labelled_plans"):
        checks = checks_for(label["check"])
        if not checks:
            continue
        plan = ORACLES / "labelled_plans" / label["plan"]
        failed = failed_addresses(ledger_of(as_files(plan, tmp_path), tmp_path, checks))
        for verdict in ("passing", "failing"):
            for address in label[verdict]:
                fails = written_address(address) in failed
                if is_iam(address):
                    alone = as_files(with_one_grant(plan, address, tmp_path), tmp_path)
                    fails = bool(failed_addresses(ledger_of(alone, tmp_path, checks)))
                case = f"{label['plan']} {address} {'passes' if verdict == 'passing' else 'fails'}"
                agreed, differing = _count(fails == (verdict == "failing"), case, agreed, differing)
    told("labelled_plans_as_files", agreed, differing, Counter(), like="labelled_plans")


def as_files(plan: Path, tmp_path: Path) -> Path:
    """A folder with the plan as files."""
    folder = tmp_path / "files"
    folder.mkdir(exist_ok=True)
    (folder / "main.tf").write_text(written(json.loads(plan.read_text(encoding="utf-8"))), encoding="utf-8")
    return folder


def failed_addresses(ledger: Rows) -> set[str]:
    """The Terraform addresses of what fails."""
    return {address for row in ledger if row["verdict"] == "fail" for address in row["address"].split(", ")}


def is_iam(address: str) -> bool:
    """Whether an address is that of an IAM resource."""
    return re.search(r"_iam_(policy|binding|member|audit_config)\.[^.]+$", address) is not None


def with_one_grant(plan: Path, address: str, folder: Path) -> Path:
    """The plan with this IAM resource only."""
    document = json.loads(plan.read_text(encoding="utf-8"))
    changes = document["resource_changes"]
    document["resource_changes"] = [c for c in changes if c["address"] == address or not is_iam(c["address"])]
    reduced = folder / "plan.json"
    reduced.write_text(json.dumps(document), encoding="utf-8")
    return reduced


@needs_oracles
def test_labelled_assets(tmp_path: Path) -> None:
    missing = Counter[str]()
    agreed, differing = 0, list[str]()
    by_constraint: dict[tuple[str, str, str], Rows] = defaultdict(list)
    for label in labels("labelled_assets"):
        if checks_for_policy(label["policy"]):
            by_constraint[label["policy"], label["assets"], label["constraint_file"]].append(label)
        else:
            missing[label["policy"]] += 1
    for (policy, file, constraint), rows in by_constraint.items():
        checks = checks_for_policy(policy)
        ledger = ledger_of(ORACLES / "labelled_assets" / file, tmp_path, checks, PARAMETERS.get(constraint))
        failed = {row["asset"] for row in ledger if row["verdict"] == "fail"}
        for row in rows:
            case = f"{constraint} {row['asset_name']} {'violates' if row['violates'] else 'complies'}"
            agreed, differing = _count((row["asset_name"] in failed) == row["violates"], case, agreed, differing)
    told("labelled_assets", agreed, differing, missing)


def _count(agrees: bool, case: str, agreed: int, differing: list[str]) -> tuple[int, list[str]]:
    return (agreed + 1, differing) if agrees else (agreed, [*differing, case])


@pytest.mark.parametrize("kind", ADJUDICATIONS)
def test_every_adjudication_has_a_reason(kind: str) -> None:
    assert all(len(entry["reason"]) > 20 for entry in ADJUDICATIONS[kind])
