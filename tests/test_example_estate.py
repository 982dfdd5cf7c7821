"""The example estate: what its README tells is found, all of it is looked at, and both of its sources agree."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from auditor.loading import load_checks
from tests.support import scan

EXAMPLE = Path(__file__).parents[1] / "examples" / "lucky_gas"
AREAS = ("iam", "keys", "api_keys", "vpc_sc", "audit_logging", "secrets")
STORY = re.compile(r"^\| (?P<told>.+) \| `(?P<check>[a-z0-9-]+)` \| `(?P<where>\S+)` \|$", re.MULTILINE)
STORIES = [(row["check"], row["where"]) for row in STORY.finditer((EXAMPLE / "README.md").read_text())]

UNKNOWN_TO_A_PLAN = (
    "known only after apply",
    "the plan does not set it; it is decided at apply",
    "Terraform shows only part of the estate",
    "the input is part of an estate",
    "the name of its default account is not known",
    "a plan shows only the bindings that it adds",
    "the plan does not show the audit configuration",
    "Terraform shows grants on this asset, and not the asset",  # the project itself is not made by this plan
    "the organization is not in the input",
)
"""Why a plan cannot judge what the export can."""

ONLY_IN_THE_EXPORT = {
    (
        "kms-key-duties-not-separated",
        "//cloudkms.googleapis.com/projects/lucky-gas-prod/locations/europe-west1/keyRings/data/cryptoKeys/backups",
    ): "the grants were made by hand, and are not in the Terraform configuration",
}
"""Verdicts that are known on both sides and differ, with the reason."""


@dataclass(frozen=True)
class Scanned:
    """A scan of one of the example's sources."""

    exit_code: int
    output: str
    report: dict[str, Any]
    ledger: list[dict[str, Any]]
    names: dict[str, str]

    def named(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """(check, name that both sources share, verdict)."""
        for entry in self.ledger:
            yield entry["check"], shared_name(entry["asset"], self.names), entry

    @property
    def failing(self) -> list[dict[str, Any]]:
        return [entry for entry in self.ledger if entry["verdict"] == "fail"]


def shared_name(name: str, accounts: dict[str, str]) -> str:
    """A name with project ids for numbers, and with e-mail addresses for the numbers of service accounts."""
    for number, project in accounts.items():
        name = name.replace(number, project)
    return name


def export_lines() -> list[dict[str, Any]]:
    paths = sorted((EXAMPLE / "export").glob("*.ndjson"))
    return [json.loads(line) for path in paths for line in path.read_text().splitlines()]


def numbers() -> dict[str, str]:
    """Project numbers and service account numbers of the example, with what people call them."""
    found: dict[str, str] = {}
    for line in export_lines():
        data = line.get("resource", {}).get("data", {})
        if line["asset_type"].endswith("/Project") and "projectNumber" in data:
            found[data["projectNumber"]] = data["projectId"]
        elif line["asset_type"] == "iam.googleapis.com/ServiceAccount" and data:
            found[data["uniqueId"]] = data["email"]
    return found


def scanned(target: Path, folder: Path, *options: str) -> Scanned:
    ledger = folder / "ledger.ndjson"
    result, report = scan(target, options=["--ledger", ledger, *options], json_to=folder / "run.json")
    entries = [json.loads(line) for line in ledger.read_text().splitlines()]
    return Scanned(result.exit_code, result.output, report, entries, numbers())


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Scanned:
    return scanned(EXAMPLE / "export", tmp_path_factory.mktemp("export"), "--exported", "all")


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Scanned:
    return scanned(EXAMPLE / "plan.json", tmp_path_factory.mktemp("plan"))


@pytest.mark.parametrize("source", ["export", "plan"])
def test_a_scan_of_it_is_complete_and_fails_the_gate(source: str, request: pytest.FixtureRequest) -> None:
    run: Scanned = request.getfixturevalue(source)
    assert run.exit_code == 1, run.output
    assert run.report["gaps"] == []
    assert run.report["crashes"] == []
    assert run.report["population"]["unreadable"] == 0
    assert run.report["population"]["duplicates"] == 0


def test_it_is_large_enough_to_show_what_a_report_is(export: Scanned) -> None:
    lines = export_lines()
    assert len({line["name"] for line in lines if "resource" in line}) >= 130
    assert len({entry["check"] for entry in export.failing}) >= 30
    severities = Counter(entry["severity"] for entry in export.failing)
    assert 5 <= severities["critical"] <= 12
    assert Counter(entry["verdict"] for entry in export.ledger)["pass"] > 3 * len(export.failing)


def test_the_population_is_the_export(export: Scanned) -> None:
    lines = export_lines()
    population = export.report["population"]
    policies = sum(len(line.get("org_policy", [])) for line in lines)
    assert population["records"] == sum("org_policy" not in line for line in lines) + policies
    assert population["records"] == population["assets"] + population["further_parts"]
    assert population["further_parts"] == sum("iam_policy" in line for line in lines)


@pytest.mark.parametrize(("source", "least"), [("export", 0.98), ("plan", 0.70)])
def test_most_of_it_can_be_judged(source: str, least: float, request: pytest.FixtureRequest) -> None:
    run: Scanned = request.getfixturevalue(source)
    counted = Counter(entry["verdict"] for entry in run.ledger)
    judged = counted["pass"] + counted["fail"]
    assert judged / (judged + counted["not_assessed"]) >= least


@pytest.mark.parametrize("area", AREAS)
def test_each_area_has_something_right_and_something_wrong(area: str, export: Scanned) -> None:
    checks = {check.id for check in load_checks() if check.area == area}
    found = {entry["verdict"] for entry in export.ledger if entry["check"] in checks}
    assert {"pass", "fail"} <= found


@pytest.mark.parametrize(("check", "where"), STORIES)
def test_what_the_readme_tells_is_found(check: str, where: str, export: Scanned) -> None:
    found = [name for asked, name, entry in export.named() if asked == check and entry["verdict"] == "fail"]
    assert any(name.endswith(f"/{where}") for name in found), found


def test_the_readme_tells_enough() -> None:
    assert len(STORIES) >= 25


@pytest.mark.parametrize(
    ("check", "where"),
    [
        ("firewall-ssh-open", "firewalls/allow-vendor-ssh"),
        ("kms-key-not-rotated", "cryptoKeys/delivery-note-signing"),
        ("workload-identity-provider-owner-not-pinned", "workloadIdentityPools/deployments/providers/github"),
        ("api-key-no-api-restriction", "keys/storefront-map"),
        ("log-sink-disabled", "sinks/_Default"),
        ("sql-open-to-internet", "instances/orders-db"),
        ("run-env-secret", "lucky-gas-prod/locations/europe-west1/services/orders-api"),
        ("bucket-public", "lucky-gas-customer-photos"),
        ("redis-auth-off", "instances/sessions"),
    ],
)
def test_what_only_looks_wrong_is_no_finding(check: str, where: str, export: Scanned) -> None:
    found = [entry["verdict"] for asked, name, entry in export.named() if asked == check and name.endswith(where)]
    assert found
    assert set(found) <= {"pass", "not_applicable"}


def test_the_plan_shows_the_mistakes_that_it_would_make(plan: Scanned) -> None:
    found = {(check, name.rpartition("/")[2]) for check, name, entry in plan.named() if entry["verdict"] == "fail"}
    assert {
        ("bucket-public", "lucky-gas-delivery-notes"),
        ("api-key-no-api-restriction", "delivery-tracking"),
        ("perimeter-dry-run-only", "customer_data"),
        ("access-level-any-address", "contractors"),
        ("run-env-secret", "dispatch-worker"),
        ("startup-script-secret", "bastion"),
        ("firewall-ssh-open", "debug-ipv6"),
        ("service-account-basic-role", "lucky-gas-prod"),
        ("redis-auth-off", "courier-positions"),
        ("kms-key-not-rotated", "backups"),
    } <= found


def test_plan_and_export_agree(plan: Scanned, export: Scanned) -> None:
    live = {(check, name): entry for check, name, entry in export.named()}
    compared = 0
    for check, name, planned in plan.named():
        exported = live.get((check, name))
        if exported is None or (check, name) in ONLY_IN_THE_EXPORT:
            continue
        if planned["verdict"] == "not_assessed":
            assert any(cause in planned["reason"] for cause in UNKNOWN_TO_A_PLAN), planned
        elif exported["verdict"] != "not_assessed":
            assert planned["verdict"] == exported["verdict"], (planned, exported)
            compared += 1
    assert compared >= 250


def test_the_plan_is_of_the_configuration_beside_it() -> None:
    written = re.findall(r'^resource "(\w+)" "(\w+)"', (EXAMPLE / "terraform" / "main.tf").read_text(), re.MULTILINE)
    document = json.loads((EXAMPLE / "plan.json").read_text())
    planned = {(change["type"], change["name"]) for change in document["resource_changes"]}
    assert planned == set(written)
    assert {change["change"]["actions"][0] for change in document["resource_changes"]} == {"create"}
    values = {r["address"]: r["values"] for r in document["planned_values"]["root_module"]["resources"]}
    assert values == {change["address"]: change["change"]["after"] for change in document["resource_changes"]}


def test_everything_that_is_named_is_there() -> None:
    """Service accounts and containers that are named anywhere in the example exist in it."""
    lines = export_lines()
    text = "\n".join(json.dumps(line) for line in lines)
    accounts = set(numbers().values())
    named = set(re.findall(r"(?<!deleted:serviceAccount:)\b[a-z-]+@lucky-gas-[a-z]+\.iam\.gserviceaccount\.com", text))
    assert {name for name in named if not name.startswith("importer@")} <= accounts
    ancestors = {ancestor for line in lines for ancestor in line["ancestors"]}
    containers = {line["name"].split(".com/")[1] for line in lines if "cloudresourcemanager" in line["asset_type"]}
    assert ancestors == containers
    envelope = {"name", "asset_type", "resource", "ancestors", "update_time"}
    assert all(set(line) == envelope for line in lines if "resource" in line)
