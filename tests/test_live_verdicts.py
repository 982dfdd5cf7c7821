"""The same estate, live and from its export, gives the same verdicts; what is missing is not assessed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from auditor.access.collect import DECIDE_ACCESS
from auditor.check import Check
from auditor.clock import Clock
from auditor.completeness import NOT_INVENTORIED, Missings
from auditor.engine.scan import Outcome, Scan
from auditor.loading import load_checks
from auditor.resources.base import asset_types_of
from auditor.sources.base import Gaps, Source
from auditor.sources.detect import sources_of
from auditor.sources.live.estate import Collected
from auditor.sources.live.needs import needs_of
from auditor.sources.live.network import Patience
from auditor.sources.live.plan import Order
from auditor.sources.live.scope import Filter
from tests.fake_google import Estate, Fake, denied, unavailable
from tests.live_support import EXPORT, IMPATIENCE, ORGANIZATION, PATIENCE, collected, full_estate, source_of

MANAGER = "cloudresourcemanager.googleapis.com/"
NOW = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.fixture(scope="module")
def every_check() -> list[Check]:
    return load_checks(())


@pytest.fixture(scope="module")
def checks(every_check: list[Check]) -> list[Check]:
    """Those that need nothing beyond what an export holds; effective access needs groups and deny policies, too."""
    outside = ("DenyPolicy", "PolicyBinding", "PrincipalAccessBoundaryPolicy", "Group", "Membership")
    return [
        check
        for check in every_check
        if "access" not in check.signature.arguments and not {view.__name__ for view in check.reads} & set(outside)
    ]


@pytest.fixture(scope="module")
def whole(checks: list[Check], tmp_path_factory: pytest.TempPathFactory) -> Judged:
    with Fake(Estate.of_files(EXPORT)) as fake:
        return live(fake, checks, tmp_path_factory.mktemp("whole"))[0]


@dataclass(frozen=True)
class Judged:
    """What the engine made of some sources."""

    outcome: Outcome
    ledger: list[dict[str, Any]]

    def verdicts(self) -> set[tuple[Any, ...]]:
        """Every verdict, without where its asset was read from."""
        keys = ("check", "asset", "asset_type", "verdict", "reason", "severity")
        return {
            (*(entry[key] for key in keys), msgspec.json.encode(entry["evidence"], order="sorted"))
            for entry in self.ledger
        }

    def counts(self, check: str) -> Counter[str]:
        return Counter(entry["verdict"] for entry in self.ledger if entry["check"] == check)


def judged(sources: list[Source], checks: list[Check], exported: frozenset[str], folder: Path) -> Judged:
    path = folder / "ledger.ndjson"
    with path.open("wb") as ledger:
        outcome = Scan(checks, clock=Clock(NOW), settings={}, exported=exported, ledger=ledger).run(sources)
    return Judged(outcome, [msgspec.json.decode(line) for line in path.read_bytes().splitlines()])


def live(
    fake: Fake, checks: list[Check], folder: Path, patience: Patience = PATIENCE, **order: Any
) -> tuple[Judged, Collected]:
    needs = needs_of(checks)
    wanted = Order(targets=order.pop("targets", (ORGANIZATION,)), needs=needs, **order)
    source = source_of(collected(fake, wanted, folder=folder, patience=patience), needs)
    return judged([source], checks, source.exported, folder), source


CONTENTS = frozenset({"resource", "iam-policy", "org-policy", "access-policy"})


def _exported(estate: Estate, source: Collected) -> Iterator[bytes]:
    """The estate as an export holds it; with the answers of methods as they came, to which asking adds the time."""
    for asset in estate.assets:
        is_asked_for = not asset["asset_type"].endswith("/Finding") or asset["resource"]["data"]["state"] == "ACTIVE"
        if is_asked_for and not asset["asset_type"].endswith("Response"):
            yield msgspec.json.encode(asset)
    for _, line in source.lines(Gaps()):
        if msgspec.json.decode(line)["asset_type"].endswith("Response"):
            yield line


def test_live_and_export_give_the_same_verdicts(every_check: list[Check], tmp_path: Path) -> None:
    """With groups, deny policies and boundaries, which an export can hold beside what the inventory holds."""
    estate = full_estate()
    with Fake(estate, page_size=13) as fake:
        found, source = live(fake, every_check, tmp_path, thorough=True)
    export = tmp_path / "export.ndjson"
    export.write_bytes(b"\n".join(_exported(estate, source)))
    assert source.exported == {*CONTENTS, *NOT_INVENTORIED} - {
        "accesscontextmanager.googleapis.com/GcpUserAccessBinding",  # no client of Google's lists them
        "networkmanagement.googleapis.com/VpcFlowLogsConfig",  # no collector reads them yet
        "orgpolicy.googleapis.com/EffectivePolicy",  # asked of single constraints only
    }
    right = judged(sources_of(str(export)), every_check, source.exported, tmp_path)
    assert not found.outcome.gaps.told
    assert found.verdicts() == right.verdicts()
    assert len(found.verdicts()) > 1_500
    assert [finding.fingerprint for finding in found.outcome.recorder.findings] == [
        finding.fingerprint for finding in right.outcome.recorder.findings
    ]


def test_what_is_saved_gives_the_verdicts_again(every_check: list[Check], tmp_path: Path) -> None:
    with Fake(full_estate()) as fake:
        first, source = live(fake, every_check, tmp_path, thorough=True)
    again = Collected.of_file(source.file, needs=needs_of(every_check))
    assert again.exported == source.exported
    unaware = Collected.of_file(source.file)
    assert unaware.exported == source.exported - (
        CONTENTS - {"iam-policy"}
    )  # not all types of resources were asked for
    assert judged([again], every_check, again.exported, tmp_path).verdicts() == first.verdicts()


def test_what_a_collection_was_not_made_for_is_not_assessed(every_check: list[Check], tmp_path: Path) -> None:
    of_buckets = [check for check in every_check if check.asset_types == ("storage.googleapis.com/Bucket",)]
    with Fake(full_estate()) as fake:
        _, source = live(fake, [check for check in of_buckets if not check.signature.wants_access], tmp_path)
    later = Collected.of_file(source.file, needs=needs_of(every_check))
    found = judged([later], every_check, later.exported, tmp_path)
    topics = [entry for entry in found.ledger if entry["asset_type"] == "pubsub.googleapis.com/Topic"]
    assert topics
    assert {entry["verdict"] for entry in topics} == {"not_assessed"}
    assert any("were not collected" in gap.problem for gap in found.outcome.gaps.told)
    buckets = {entry["verdict"] for entry in found.ledger if entry["asset_type"] == "storage.googleapis.com/Bucket"}
    assert {"pass", "fail"} <= buckets


def test_only_types_that_checks_read_are_asked_for(tmp_path: Path) -> None:
    buckets = [check for check in load_checks(()) if check.asset_types == ("storage.googleapis.com/Bucket",)]
    without_estate = [check for check in buckets if not check.reads and not check.signature.wants_access]
    with Fake(Estate.of_files(EXPORT)) as fake:
        live(fake, without_estate, tmp_path)
        resources = [request for request in fake.asked("ListAssets") if request.content_type == 1]
    asked = {name for request in resources for name in request.asset_types}
    containers = {f"cloudresourcemanager.googleapis.com/{kind}" for kind in ("Organization", "Folder", "Project")}
    assert asked == {"storage.googleapis.com/Bucket", *containers}
    assert all(request.asset_types for request in resources)


def test_a_service_that_is_refused_in_one_project_is_not_assessed_there(checks: list[Check], tmp_path: Path) -> None:
    estate = Estate.of_files(EXPORT)
    refused_in = next(data["name"] for data in estate.data("secretmanager.googleapis.com/Secret")).split("/secrets/")[0]
    with Fake(estate) as fake:
        fake.fail(
            "ListAssets", denied("cloudasset.assets.listResource", when=lambda request: request.content_type == 1)
        )
        fake.fail(
            "ListSecrets", denied("secretmanager.secrets.list", when=lambda request: request.parent == refused_in)
        )
        found, source = live(fake, checks, tmp_path)
    missing = [
        entry for entry in found.ledger if entry["asset"] == f"//secretmanager.googleapis.com/{refused_in}/Secret/*"
    ]
    asking = [check for check in checks if "secretmanager.googleapis.com/Secret" in check.asset_types]
    assert {entry["check"] for entry in missing} >= {check.id for check in asking if check.signature.wants_resource}
    assert {entry["verdict"] for entry in missing} == {"not_assessed"}
    assert any("secretmanager.secrets.list is missing" in gap.problem for gap in found.outcome.gaps.told)
    assert any("Cloud Asset Inventory was refused" in note for note in source.coverage.notes)


@pytest.mark.parametrize(
    ("method", "service", "access"),
    [
        ("ListFindings", "securitycenter.googleapis.com/", False),
        ("ListRecommendations", "recommender.googleapis.com/", False),
        ("/memberships", "cloudidentity.googleapis.com/", True),
        ("v2.Policies/ListPolicies", "iam.googleapis.com/DenyPolicy", True),
    ],
)
def test_a_failing_service_costs_its_own_verdicts_only(
    every_check: list[Check], tmp_path: Path, method: str, service: str, access: bool
) -> None:
    with Fake(full_estate()) as fake:
        whole, _ = live(fake, every_check, tmp_path, thorough=True)
        fake.fail(method, denied("x.y.z"))
        part, _ = live(fake, every_check, tmp_path, thorough=True)
    may_differ = {
        check.id
        for check in every_check
        if (access and check.signature.wants_access)
        or any(
            name.startswith(service)
            for view in (*check.reads, *check.signature.subjects)
            for name in asset_types_of(view)
        )
    }
    lost = whole.verdicts() - part.verdicts()
    assert {verdict[0] for verdict in lost} <= may_differ
    assert len(lost) < 40
    instead = {(entry["check"], entry["asset"]): entry["verdict"] for entry in part.ledger}
    assert {instead.get(verdict[:2], "not_assessed") for verdict in lost} <= {"not_assessed", "fail"}


def test_a_service_that_is_refused_in_one_project_leaves_the_others_alone(
    every_check: list[Check], tmp_path: Path
) -> None:
    """Where the inventory is refused, each project's secrets are asked for by themselves."""
    estate = full_estate()
    homes = sorted({data["name"].split("/secrets/")[0] for data in estate.data("secretmanager.googleapis.com/Secret")})
    homes = [home for home in homes if "/locations/" not in home]
    refused_in, *others = homes
    resources = denied("cloudasset.assets.listResource", when=lambda request: request.content_type == 1)
    with Fake(estate) as fake:
        fake.fail("ListAssets", resources)
        whole, _ = live(fake, every_check, tmp_path)
        fake.fail("ListSecrets", denied("secretmanager.secrets.list", when=lambda r: r.parent.startswith(refused_in)))
        part, _ = live(fake, every_check, tmp_path)
    assert others
    lost = {verdict[:2] for verdict in whole.verdicts() - part.verdicts()}
    assert lost
    assert not [(check, name) for check, name in lost if refused_in not in name]


CUTS = (("ListAssets", 1, 0), ("ListAssets", 1, 8), ("ListAssets", 2, 0), ("ListAssets", 2, 3), ("ListAssets", 4, 0))


@pytest.mark.parametrize(("method", "content", "after"), [*CUTS, ("/assets", None, 0), ("/assets", None, 1)])
def test_what_passes_of_a_part_passes_of_the_whole(
    checks: list[Check], whole: Judged, tmp_path: Path, method: str, content: int | None, after: int
) -> None:
    """A list is cut off after some pages: that must not make anything look better than it is."""
    right = {(entry["check"], entry["asset"]): entry["verdict"] for entry in whole.ledger}
    numbers = [place["ancestors"][0] for place in Estate.of_files(EXPORT).containers("Project")]
    uses = {f"//monitoring.googleapis.com/{number}/timeSeries/api_key_requests" for number in numbers}
    unlisted = uses - {entry["asset"] for entry in whole.ledger}
    with Fake(Estate.of_files(EXPORT), page_size=9 if content else 2) as fake:
        fault = unavailable(after=after, when=lambda request: content is None or request.content_type == content)
        fake.fail(method, fault)
        part, source = live(fake, checks, tmp_path, patience=IMPATIENCE)
    assert source.coverage.missing
    for entry in part.ledger:
        if entry["asset"] in unlisted:
            continue  # asked for although there is nothing, because the list of keys was cut off
        if entry["asset"].endswith("/*"):  # stands for what is missing
            assert entry["verdict"] != "pass", entry
        elif entry["verdict"] in ("pass", "not_applicable"):
            assert right.get((entry["check"], entry["asset"])) in ("pass", "not_applicable"), entry


def test_a_project_alone_does_not_vouch_for_what_is_above_or_beside_it(checks: list[Check], tmp_path: Path) -> None:
    estate = Estate.of_files(EXPORT)
    project = estate.containers("Project")[0]
    with Fake(estate) as fake:
        target = f"projects/{project['resource']['data']['projectId']}"
        found, source = live(fake, checks, tmp_path, targets=(target,))
    lacking = Missings()
    for part in source.coverage.lacks():
        lacking.add(part)
    here = project["ancestors"]
    sinks = ["logging.googleapis.com/LogSink"]
    assert "only part of the organization" in lacking.why(sinks)
    assert not lacking.why(sinks, here)
    container = [f"cloudresourcemanager.googleapis.com/{kind}" for kind in ("Folder", "Organization")]
    assert not lacking.why(["cloudresourcemanager.googleapis.com/Project"], here, policies=True)
    assert all(lacking.why(container, here[level:], policies=True) for level in range(1, len(here)))
    assert found.ledger
    assert not found.outcome.gaps.told
    assert {entry["asset"] for entry in found.ledger if "/organizations/" in entry["asset"]} == set()


def test_a_project_in_no_organization_is_the_whole_estate(tmp_path: Path) -> None:
    key = "projects/7"
    data = {"projectId": "two-people", "projectNumber": "7", "lifecycleState": "ACTIVE"}
    project = {"name": f"//{MANAGER}{key}", "asset_type": f"{MANAGER}Project", "ancestors": [key]}
    estate = Estate([{**project, "resource": {"data": data}}, {**project, "iam_policy": {"bindings": []}}])
    with Fake(estate) as fake:
        done = collected(fake, Order(targets=("projects/two-people",)))
    assert done.coverage.is_whole
    assert not list(done.coverage.lacks())


def test_exclusions_are_told_and_nothing_of_them_is_judged(checks: list[Check], tmp_path: Path) -> None:
    estate = Estate.of_files(EXPORT)
    left_out = estate.containers("Project")[0]
    number = left_out["ancestors"][0]
    rule = f"projects/{left_out['resource']['data']['projectId']}"
    with Fake(estate) as fake:
        _, source = live(fake, checks, tmp_path, rules=Filter(exclude=(rule,)))
    assert source.coverage.excluded == {number: rule}
    lacking = next(part for part in source.coverage.lacks() if part.place == number)
    assert lacking.touches("storage.googleapis.com/Bucket")
    assert not lacking.asked
    lines = source.file.read_bytes().splitlines()[1:]
    assert not any(number in msgspec.json.decode(line)["ancestors"] for line in lines)


def test_checks_of_access_and_of_paths_need_what_decides_access(every_check: list[Check]) -> None:
    asking = [check for check in every_check if check.signature.wants_access]
    assert any("ways" in check.signature.arguments for check in asking)
    for check in asking:
        needs = needs_of([check])
        assert needs.resources is not None
        assert needs.resources >= DECIDE_ACCESS
        assert needs.policies is None
