"""Agreement with data that others wrote and labelled; where we differ on purpose, `adjudications.toml` says why."""

from __future__ import annotations

import json
import re
import tomllib
from collections import Counter, defaultdict
from dataclasses import dataclass, field
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
Settings = dict[str, dict[str, Any]]

_ROTATION = {"exemptions": 365, "no_params": 365, "one_hundred_days": 100, "one_year": 365}
_ONE = ["us-west2"]
_ALL = [
    *("us-west2", "us-east4", "northamerica-northeast1", "southamerica-east1", "europe-north1", "europe-west2"),
    *("europe-west6", "asia-east1", "asia-east2", "asia-south1", "asia-northeast1", "asia-northeast2"),
    *("asia-southeast1", "australia-southeast1", "EU", "US"),
]
_LOCATIONS: Settings = {
    "allowlist_all": {"allowed_locations": _ALL},
    "allowlist_none": {"allowed_locations": []},
    "allowlist_one": {"allowed_locations": _ONE},
    "allowlist_one_exemption": {"allowed_locations": _ONE},
    "denylist_all": {"refused_locations": _ALL},
    "denylist_none": {},
    "denylist_one": {"refused_locations": _ONE},
    "denylist_one_exemption": {"refused_locations": _ONE},
    "location_default": {},
}
_DATASETS = {"asset_types": ["bigquery.googleapis.com/Dataset"]}
_SYMMETRIC = {
    "protection_levels": ["SOFTWARE"],
    "algorithms": ["GOOGLE_SYMMETRIC_ENCRYPTION"],
    "purposes": ["ENCRYPT_DECRYPT"],
}
_YEAR = {"kms-key-not-rotated": {"max_rotation_days": 365}}
_SERVICES = "serviceusage_service__constraints__serviceusage"
PARAMETERS: dict[str, Settings] = {
    **{
        f"cmek_rotation__constraints__{name}__data.yaml": {"kms-key-not-rotated": {"max_rotation_days": days}}
        for name, days in _ROTATION.items()
    },
    **{
        f"bq_dataset_location__constraints__{name}__data.yaml": {
            "resource-location-not-allowed": {**asked, **_DATASETS}
        }
        for name, asked in _LOCATIONS.items()
    },
    "cmek_settings__constraints__no_params__data.yaml": _YEAR,
    "cmek_settings__constraints__one_year__data.yaml": {**_YEAR, "kms-key-not-as-required": _SYMMETRIC},
    f"{_SERVICES}_allow_compute__data.yaml": {"service-not-allowed": {"allowed": ["compute.googleapis.com"]}},
    f"{_SERVICES}_deny_cloudvisionapi__data.yaml": {"service-not-allowed": {"refused": ["cloudvision.googleapis.com"]}},
    "vpc_sc_ensure_access_levels__constraints__data.yaml": {
        "perimeter-required-level-missing": {"required_levels": ["abcd", "efgh"]}
    },
}
"""What the parameters of a constraint file are as settings of our checks."""

LEAST = 0.97
"""The agreement that is asked for, of the labels from which we do not differ on purpose."""

ON_PURPOSE = ("wrong", "policy")
"""The label contradicts what Google or the provider documents; it is the vendor's policy, and not ours. Where the input
is `untold` what would decide, we wish that we could agree."""

NAMES = {"serviceusage_service": "serviceusage_allowed_services"}
"""Policies whose labels have another name than the policy."""


def checks_for(label: str) -> list[Check]:
    """Our checks for another system's id."""
    return [check for check in CHECKS if label in check.same_as]


def checks_for_policy(policy: str) -> list[Check]:
    """Our checks for a policy of the labelled assets, whose names leave out `gcp_` and the version."""
    policy = NAMES.get(policy, policy)
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


@dataclass
class Tally:
    """How labels compare with our verdicts."""

    agreed: int = 0
    differing: list[str] = field(default_factory=list)
    """The cases in which our verdict is not the label's."""
    silent: int = 0
    """Labels that raise no finding, and nor do we, but we say that it cannot be told; counted as agreed."""

    def count(self, ours: str, *, fails: bool, case: str) -> None:
        """Note a label: whether it says that the case fails, and our outcome."""
        if (ours == "fail") != fails:
            self.differing.append(case)
            return
        self.agreed += 1
        self.silent += ours == "not_assessed"


def outcome(rows: Rows) -> str:
    """The one outcome of several verdicts about one thing: a fail decides, then what is not known."""
    found = {row["verdict"] for row in rows}
    return next((verdict for verdict in ("fail", "not_assessed", "pass") if verdict in found), "")


def told(kind: str, tally: Tally, missing: Counter[str], *, like: str = "") -> None:
    """Print the agreement, and fail on differences that nobody has adjudicated, for this kind or the one it is like."""
    known = {entry["case"]: entry["because"] for name in (kind, like) for entry in ADJUDICATIONS.get(name, [])}
    differing = tally.differing
    open_cases = [case for case in differing if case not in known]
    stale = [case for case in known if case not in differing]
    total = tally.agreed + len(differing)
    because = Counter(known[case] for case in differing if case in known)
    meant = total - sum(because[purpose] for purpose in ON_PURPOSE)
    print(
        f"\n{kind}: {tally.agreed} of {total} labels agree ({tally.agreed / total:.1%}), {tally.silent} of them "
        f"raise no finding and are not assessed by us; {len(differing)} differ, each for a recorded reason: "
        + ", ".join(f"{count} {reason}" for reason, count in sorted(because.items()))
        + f"; of the {meant} from which we do not differ on purpose {tally.agreed / meant:.1%} agree"
    )
    for label, count in sorted(missing.items()):
        print(f"  no check is the same as {label} ({count} labels)")
    assert not open_cases, "\n".join(open_cases)
    assert not stale, f"adjudicated, but no difference any more: {stale}"
    assert tally.agreed / meant >= LEAST


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
    tally = Tally()
    for label in labels("labelled_plans"):
        checks = checks_for(label["check"])
        if not checks:
            missing[label["check"]] += 1
            continue
        plan = ORACLES / "labelled_plans" / label["plan"]
        ledger = ledger_of(plan, tmp_path, checks)
        for verdict in ("passing", "failing"):
            for address in label[verdict]:
                ours = outcome([row for row in ledger if address in row["address"].split(", ")])
                if is_iam(address):
                    ours = outcome(ledger_of(with_one_grant(plan, address, tmp_path), tmp_path, checks))
                case = f"{label['plan']} {address} {'passes' if verdict == 'passing' else 'fails'}"
                tally.count(ours, fails=verdict == "failing", case=case)
    told("labelled_plans", tally, missing)


@needs_oracles
def test_labelled_plans_written_as_files(tmp_path: Path) -> None:
    """The same labels for the same resources as `.tf` files; where the plan differs, the files may differ alike."""
    tally = Tally()
    for label in labels("labelled_plans"):
        checks = checks_for(label["check"])
        if not checks:
            continue
        plan = ORACLES / "labelled_plans" / label["plan"]
        ledger = ledger_of(as_files(plan, tmp_path), tmp_path, checks)
        for verdict in ("passing", "failing"):
            for address in label[verdict]:
                ours = outcome([row for row in ledger if written_address(address) in row["address"].split(", ")])
                if is_iam(address):
                    alone = as_files(with_one_grant(plan, address, tmp_path), tmp_path)
                    ours = outcome(ledger_of(alone, tmp_path, checks))
                case = f"{label['plan']} {address} {'passes' if verdict == 'passing' else 'fails'}"
                tally.count(ours, fails=verdict == "failing", case=case)
    told("labelled_plans_as_files", tally, Counter(), like="labelled_plans")


def as_files(plan: Path, tmp_path: Path) -> Path:
    """A folder with the plan as files."""
    folder = tmp_path / "files"
    folder.mkdir(exist_ok=True)
    (folder / "main.tf").write_text(written(json.loads(plan.read_text(encoding="utf-8"))), encoding="utf-8")
    return folder


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
    tally = Tally()
    by_constraint: dict[tuple[str, str, str], Rows] = defaultdict(list)
    for label in labels("labelled_assets"):
        if checks_for_policy(label["policy"]):
            by_constraint[label["policy"], label["assets"], label["constraint_file"]].append(label)
        else:
            missing[label["policy"]] += 1
    for (policy, file, constraint), rows in by_constraint.items():
        checks = checks_for_policy(policy)
        ledger = ledger_of(ORACLES / "labelled_assets" / file, tmp_path, checks, PARAMETERS.get(constraint))
        bearers = perimeters_in(ORACLES / "labelled_assets" / file)
        for row in rows:
            case = f"{constraint} {row['asset_name']} {'violates' if row['violates'] else 'complies'}"
            name = bearers.get(row["asset_name"], row["asset_name"])
            tally.count(outcome([v for v in ledger if v["asset"] == name]), fails=row["violates"], case=case)
    told("labelled_assets", tally, missing)


def perimeters_in(file: Path) -> dict[str, str]:
    """The organisation whose record bears a perimeter → the perimeter's full name, which our findings are of."""
    service = "//accesscontextmanager.googleapis.com/"
    documents = [document for document in json.loads(file.read_text()) if "service_perimeter" in document]
    return {document["name"]: service + document["service_perimeter"]["name"] for document in documents}


@pytest.mark.parametrize("kind", ADJUDICATIONS)
def test_every_adjudication_has_a_reason(kind: str) -> None:
    assert all(len(entry["reason"]) > 20 for entry in ADJUDICATIONS[kind])
    assert {entry["because"] for entry in ADJUDICATIONS[kind]} <= {*ON_PURPOSE, "untold"}
