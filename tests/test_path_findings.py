"""A path to control as a finding: ranked, counted by the gate, in every format; and what keeps it from passing."""

from __future__ import annotations

import io
import json
import random
from pathlib import Path
from typing import Any

import msgspec
import pytest

from auditor.access.collect import Collector
from auditor.access.control import ways
from auditor.access.control.inventory import Inventory
from auditor.access.effective import EffectiveAccess
from auditor.check import Example, asset
from auditor.clock import Clock
from auditor.engine.scan import Scan
from auditor.model.verdict import Outcome
from auditor.resources.base import Undetermined
from auditor.resources.compute import Instance
from auditor.resources.network import Firewall
from auditor.testing import NOW as MOMENT
from auditor.testing import ExampleSource
from checks.iam import paths
from checks.iam.containers import grant, on_folder, on_organization, on_project
from tests.escalation_estates import BOSS, MIDDLE, TARGET, Estate, account, random_estate, without_binding
from tests.support import NOW, ndjson, run

_OUTSIDE = paths.from_outside
_CHECKS = {paths.from_outside.id: paths.from_outside, paths.from_inside.id: paths.from_inside}


def _estate(tmp_path: Path) -> Path:
    """A public service runs as an account that sets the project's policy."""
    example = paths.from_outside.fails()[0]
    assert not isinstance(example, Example)
    file = tmp_path / "estate.ndjson"
    file.write_bytes(ndjson([one.document() for one in example]))
    return file


def _scan(tmp_path: Path, *options: str) -> tuple[int, str, dict[str, Any]]:
    told = tmp_path / "r.json"
    result = run("scan", _estate(tmp_path), "--exported", "all", "--now", NOW, "-o", told, *options)
    return result.exit_code, " ".join(result.output.split()), json.loads(told.read_bytes())


def test_a_path_is_one_finding_above_its_parts_in_every_format(tmp_path: Path) -> None:
    html, sarif, markdown, quality = (tmp_path / name for name in ("r.html", "r.sarif", "r.md", "r.codequality"))
    ledger = tmp_path / "l.ndjson"
    outputs = [word for file in (html, sarif, markdown, quality) for word in ("-o", str(file))]
    code, output, report = _scan(tmp_path, *outputs, "--ledger", str(ledger), "--fail-on", "high", "--area", "iam")
    assert code == 1, output
    finding = report["findings"][0]
    assert (finding["check"], finding["severity"]) == ("path-to-control-from-outside", "critical")
    assert finding["message"].startswith("the internet → ")
    assert finding["fix"].startswith("gcloud projects remove-iam-policy-binding p ")
    steps = finding["evidence"]["path"]
    assert [one in steps[0] for one in ("The internet reaches", "anyone may invoke it")] == [True, True]
    assert "the internet → " in output
    assert html.read_text("utf-8").index("path-to-control-from-outside") < html.read_text("utf-8").index("The internet")
    result = json.loads(sarif.read_text())["runs"][0]["results"][0]
    flow = result["codeFlows"][0]["threadFlows"][0]["locations"]
    assert [one["location"]["message"]["text"] for one in flow] == steps
    assert steps[-1] in markdown.read_text("utf-8").replace("\\", "")
    assert json.loads(quality.read_text())[0]["check_name"] == "path-to-control-from-outside"
    rows = [json.loads(row) for row in ledger.read_bytes().splitlines()]
    told = [row for row in rows if row["check"] == "path-to-control-from-outside" and row["verdict"] == "fail"]
    assert [row["evidence"]["path"] for row in told] == [steps]


def test_a_path_over_an_open_port_stands_above_the_port(tmp_path: Path) -> None:
    network = "https://www.googleapis.com/compute/v1/projects/p/global/networks/main"
    scopes = ["https://www.googleapis.com/auth/cloud-platform"]
    machine = {
        "name": "vm",
        "networkInterfaces": [{"network": network, "accessConfigs": [{"natIP": "203.0.113.9"}]}],
        "serviceAccounts": [{"email": paths._ACCOUNT, "scopes": scopes}],
    }
    rule = {
        "name": "open",
        "network": network,
        "direction": "INGRESS",
        "allowed": [{"IPProtocol": "tcp", "ports": ["22"]}],
        "sourceRanges": ["0.0.0.0/0"],
    }
    compute = "//compute.googleapis.com/projects/p"
    example = [
        on_project(grant(paths._ADMIN, paths._ROBOT)),
        paths._PROJECT,
        paths._account(),
        asset(Instance, machine, name=f"{compute}/zones/europe-west1-b/instances/vm"),
        asset(Firewall, rule, name=f"{compute}/global/firewalls/open"),
        *paths._ABOVE,
    ]
    file, told = tmp_path / "estate.ndjson", tmp_path / "r.json"
    file.write_bytes(ndjson([one.document() for one in example]))
    run("scan", file, "--exported", "all", "--now", NOW, "-o", told)
    found = [finding["check"] for finding in json.loads(told.read_bytes())["findings"]]
    assert found[0] == "path-to-control-from-outside"
    assert "firewall-ssh-open" in found


def test_without_paths_the_checks_are_excluded_and_the_report_says_so(tmp_path: Path) -> None:
    _, _, report = _scan(tmp_path, "--no-paths")
    assert set(_CHECKS) <= set(report["provenance"]["excluded"])
    assert report["paths"] is None


def test_an_estate_that_is_too_large_is_not_assessed_unless_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ways, "LARGE", 0)
    _, _, report = _scan(tmp_path)
    told = {check["id"]: check for check in report["checks"] if check["id"] in _CHECKS}
    assert all(check["failed"] == check["passed"] == 0 for check in told.values())
    assert all("--paths looks for" in cause for check in told.values() for cause in check["not_assessed"])
    assert all(check["not_assessed"] for check in told.values())
    assert any("paths to control were not looked for" in notice for notice in report["notices"])
    _, _, report = _scan(tmp_path, "--paths")
    assert next(check for check in report["checks"] if check["id"] == _OUTSIDE.id)["failed"] == 1


# Never a pass for what was not looked at


def _verdict(check_id: str, documents: list[dict[str, Any]], *exported: str) -> tuple[Outcome, str]:
    """The verdict of a check on the first document's asset."""
    ledger = io.BytesIO()
    scan = Scan([_CHECKS[check_id]], clock=Clock(MOMENT), settings={}, exported=frozenset(exported), ledger=ledger)
    assert not scan.run([ExampleSource(tuple(documents))]).recorder.crashes
    rows = [msgspec.json.decode(row) for row in ledger.getvalue().splitlines()]
    row = next(row for row in rows if row["asset"] == documents[0]["name"])
    return Outcome(row["verdict"]), row["reason"]


def _failing() -> list[tuple[str, tuple[Example, ...], int]]:
    found = []
    for check_id, check in _CHECKS.items():
        for example in check.fails():
            assert not isinstance(example, Example)
            found += [(check_id, tuple(example), left_out) for left_out in range(1, len(example))]
    return found


@pytest.mark.parametrize(("check_id", "example", "left_out"), _failing())
def test_what_is_left_out_of_an_export_never_makes_it_pass(
    check_id: str, example: tuple[Example, ...], left_out: int
) -> None:
    """Each asset of each failing example, left out in turn, where nobody vouches that the export is whole."""
    documents = [one.document() for number, one in enumerate(example) if number != left_out]
    assert _verdict(check_id, documents)[0] in (Outcome.FAIL, Outcome.NOT_ASSESSED)


_ROBOT = paths._ROBOT
_HELD = on_project(grant(paths._ADMIN, _ROBOT))
_REST = [paths._PROJECT, paths._account(), paths._service()]


@pytest.mark.parametrize(
    ("documents", "exported", "cause"),
    [
        ([_HELD, *_REST, on_organization()], ("resource",), "the IAM policy of folders/2001 is not in the input"),
        ([_HELD, *_REST, on_folder()], ("resource",), "the IAM policy of organizations/3001 is not in the input"),
        ([_HELD, *_REST, *paths._ABOVE], (), "the input has no compute.googleapis.com/Instance"),
        (
            [_HELD, paths._PROJECT, *paths._ABOVE],
            ("resource",),
            "the input has no IAM policy of any service account",
        ),
        (
            [
                _HELD,
                paths._PROJECT,
                paths._account(grant("roles/iam.workloadIdentityUser", "group:x@e.org")),
                *paths._ABOVE,
            ],
            ("resource",),
            "who is in group:x@e.org is not known",
        ),
        (
            [
                _HELD,
                paths._PROJECT,
                paths._account(grant("projects/p/roles/secret", "allUsers")),
                *paths._ABOVE,
            ],
            ("resource",),
            "what projects/p/roles/secret permits, which allUsers holds",
        ),
    ],
)
def test_what_is_not_known_is_named(documents: list[Example], exported: tuple[str, ...], cause: str) -> None:
    outcome, reason = _verdict(_OUTSIDE.id, [one.document() for one in documents], *exported)
    assert outcome is Outcome.NOT_ASSESSED
    assert cause in reason


def test_a_whole_export_passes() -> None:
    documents = [one.document() for one in (_HELD, *_REST, *paths._ABOVE)]
    assert _verdict(_OUTSIDE.id, documents, "resource", "iam-policy") == (Outcome.PASS, "")


def test_a_project_that_no_line_is_about_is_named_too() -> None:
    """Only its service account is in the input: neither the project nor its policy."""
    documents = [paths._account().document(), on_folder().document(), on_organization().document()]
    ledger = io.BytesIO()
    scan = Scan([_OUTSIDE], clock=Clock(MOMENT), settings={}, exported=frozenset({"resource"}), ledger=ledger)
    scan.run([ExampleSource(tuple(documents))])
    rows = [msgspec.json.decode(row) for row in ledger.getvalue().splitlines()]
    told = {row["asset"].rpartition(".com/")[2]: row["verdict"] for row in rows}
    assert told == {"projects/1001": "not_assessed", "folders/2001": "pass", "organizations/3001": "pass"}


def _ways(made: Estate, left_out: int | None = None, *, vouched: bool) -> ways.WaysToControl:
    """The ways to control in an estate of which a line may be left out."""
    exported = frozenset({"resource", "iam-policy"}) if vouched else frozenset[str]()
    collector, inventory = Collector(MOMENT, exported=exported), Inventory()
    for number, document in enumerate(made.lines()):
        if number != left_out:
            line = json.dumps(document).encode()
            collector.add(line)
            inventory.add(line)
    return ways.WaysToControl(EffectiveAccess(collector.world(), MOMENT), inventory)


def _shuffled(made: Estate, dice: random.Random) -> ways.WaysToControl:
    """The ways to control in an estate whose lines come in another order."""
    lines = [json.dumps(document).encode() for document in made.lines()]
    dice.shuffle(lines)
    collector, inventory = Collector(MOMENT, exported=frozenset({"resource", "iam-policy"})), Inventory()
    for line in lines:
        collector.add(line)
        inventory.add(line)
    return ways.WaysToControl(EffectiveAccess(collector.world(), MOMENT), inventory)


def test_what_a_path_consists_of_does_not_depend_on_the_order_of_the_input() -> None:
    several = 0
    for seed in range(20):
        dice = random.Random(seed)
        made = random_estate(dice)
        for outside in (True, False):
            whole = _ways(made, vouched=True)
            if _answer(whole, "projects/target", outside=outside) != "way":
                continue
            routes = whole.to("projects/target", outside=outside).routes
            several += len(routes) > 1
            for _ in range(2):
                assert _shuffled(made, dice).to("projects/target", outside=outside).routes == routes, seed
    assert several > 3


def test_who_comes_by_which_steps_tells_paths_apart() -> None:
    """Another who, another kind of step: another path. A role of another name that gives the same step: the same."""
    found: dict[str, tuple[str, ...]] = {}
    for name, grants in {
        "tokens": [("user:eve@example.com", ["iam.serviceAccounts.getAccessToken"])],
        "same": [("user:eve@example.com", ["iam.serviceAccounts.getAccessToken", "iam.serviceAccounts.get"])],
        "keys": [("user:eve@example.com", ["iam.serviceAccountKeys.create"])],
        "other": [("user:ann@example.com", ["iam.serviceAccounts.getAccessToken"])],
        "both": [(f"user:{who}@example.com", ["iam.serviceAccounts.getAccessToken"]) for who in ("eve", "ann")],
    }.items():
        made = Estate()
        made.bind(f"serviceAccount:{BOSS}", "roles/owner", TARGET)
        for number, (member, permissions) in enumerate(grants):
            made.give(member, permissions, account(BOSS), f"probe{number}")
        found[name] = _ways(made, vouched=True).to("projects/target", outside=False).routes
    assert found["tokens"] == found["same"]
    assert len({found[name] for name in ("tokens", "keys", "other", "both")}) == 4
    assert set(found["tokens"]) < set(found["both"])


def test_a_second_way_of_the_same_is_another_path_and_what_lies_behind_is_none() -> None:
    tokens = "roles/iam.serviceAccountTokenCreator"

    def routes(*further: tuple[str, str, str]) -> tuple[str, ...]:
        made = Estate()
        made.bind(f"serviceAccount:{BOSS}", "roles/owner", TARGET)
        made.bind("user:eve@example.com", tokens, account(BOSS))
        for member, role, scope in further:
            made.bind(member, role, scope)
        told = _ways(made, vouched=True).to("projects/target", outside=False).routes
        return tuple(route for route in told if route.startswith("user:eve"))

    alone = routes()
    over_another = (f"serviceAccount:{MIDDLE}", tokens, account(BOSS))
    assert routes(over_another) == alone
    behind = (f"serviceAccount:{BOSS}", "roles/iam.serviceAccountKeyAdmin", account(MIDDLE))
    assert routes(behind, over_another) == alone
    assert routes(("user:eve@example.com", tokens, account(MIDDLE)), over_another) != alone


def test_above_a_number_of_paths_only_their_ends_tell_them_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Estate()
    made.bind(f"serviceAccount:{BOSS}", "roles/owner", TARGET)
    for name in ("ann", "bob", "eve"):
        made.bind(f"user:{name}@example.com", "roles/iam.serviceAccountTokenCreator", account(BOSS))
    whole = _ways(made, vouched=True).to("projects/target", outside=False)
    monkeypatch.setattr(ways, "_ROUTES", 2)
    monkeypatch.setattr(ways, "_PATHS", 2)
    told = _ways(made, vouched=True).to("projects/target", outside=False)
    assert told.sources == whole.sources
    assert [route.split(" > ")[0] for route in told.routes] == [route.split(" > ")[0] for route in whole.routes]
    assert all(len(route.split(" > ")) == 3 for route in told.routes)
    assert all(len(route.split(" > ")) > 3 for route in whole.routes)


def _answer(found: ways.WaysToControl, container: str, *, outside: bool) -> str:
    try:
        told = found.to(container, outside=outside)
    except Undetermined:
        return "unknown"
    return "way" if told.sources or told.above else "none"


def test_of_random_estates_a_line_less_never_makes_safe_what_is_not() -> None:
    """And the binding that is told to cut all does."""
    lost = cut = 0
    for seed in range(25):
        dice = random.Random(seed)
        made = random_estate(dice)
        if dice.random() < 0.5:
            made.bind("allAuthenticatedUsers", "roles/iam.serviceAccountTokenCreator", account(BOSS))
        whole = _ways(made, vouched=True)
        lines = len(list(made.lines()))
        for outside in (True, False):
            if _answer(whole, "projects/target", outside=outside) != "way":
                continue
            for left_out in range(lines):
                less = _answer(_ways(made, left_out, vouched=False), "projects/target", outside=outside)
                assert less in ("way", "unknown"), (seed, outside, left_out)
                lost += less == "unknown"
            told = whole.to("projects/target", outside=outside)
            if told.remove is not None and told.cuts_all:
                after = _ways(without_binding(made, told.remove), vouched=True)
                assert _answer(after, "projects/target", outside=outside) != "way", (seed, outside)
                cut += 1
    assert lost > 50
    assert cut > 5
