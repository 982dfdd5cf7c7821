"""A collection as a whole: its scope, its journal, what it tells, and that it only reads."""

from __future__ import annotations

import os
import re
import signal
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from auditor.completeness import is_inventoried
from auditor.data.permission_file import BUILT_IN
from auditor.data.permission_file import read as read_permissions
from auditor.sources.live.collection import Progress
from auditor.sources.live.collectors import COLLECTORS
from auditor.sources.live.coverage import Part
from auditor.sources.live.declaration import Rpc
from auditor.sources.live.failures import State
from auditor.sources.live.journal import Journal, NotResumable
from auditor.sources.live.needs import Needs
from auditor.sources.live.permissions import permissions_of, rpcs_of
from auditor.sources.live.plan import Order
from auditor.sources.live.scope import Filter, NotAScope
from auditor.sources.live.via import NotABucket, bucket_of
from tests.fake_google import Estate, Fake, denied, invalid, unavailable
from tests.live_support import (
    IMPATIENCE,
    ORGANIZATION,
    collected,
    names,
)

# what is asked


def test_every_record_of_the_inventory_comes_once(estate: Estate) -> None:
    with Fake(estate, page_size=7) as fake:
        done = collected(fake)
    for content, key in (("RESOURCE", "resource"), ("IAM_POLICY", "iam_policy")):
        right = sorted(asset["name"] for asset in estate.inventory(ORGANIZATION, content, ()))
        found = [record["name"] for record in done.records if key in record]
        assert set(right) <= set(found)
        assert len(found) == len(set(zip(found, (str(r) for r in done.records if key in r), strict=True)))


def test_policies_are_read_with_conditions_and_org_policies_once(estate: Estate) -> None:
    with Fake(estate) as fake:
        done = collected(fake)
    named = [record for record in done.records if record["asset_type"] == "orgpolicy.googleapis.com/Policy"]
    v1 = [policy for record in done.records for policy in record.get("org_policy", [])]
    assert named
    assert v1
    as_resource = {record["name"].rpartition("/")[2] for record in named}
    number = named[0]["ancestors"][0]
    here = [record for record in done.records if "org_policy" in record and record["ancestors"][0] == number]
    assert not [p for record in here for p in record["org_policy"] if p["constraint"].split("/")[1] in as_resource]


def test_types_that_the_inventory_does_not_know_are_left_out(estate: Estate) -> None:
    types = frozenset({"storage.googleapis.com/Bucket", "run.googleapis.com/Job"})
    with Fake(estate, unsupported_types={"run.googleapis.com/Job"}) as fake:
        done = collected(fake, Order(targets=(ORGANIZATION,), needs=Needs(types, frozenset())))
    assert done.of_type("storage.googleapis.com/Bucket")
    assert not done.of_type("run.googleapis.com/Job")


@pytest.mark.parametrize("rule", ["folders/%s", "label:env=prod", "projects/%s"])
def test_what_is_excluded_is_neither_asked_nor_kept(estate: Estate, rule: str) -> None:
    folder = estate.containers("Folder")[0]["ancestors"][0]
    labelled = [a for a in estate.containers("Project") if a["resource"]["data"].get("labels", {}).get("env") == "prod"]
    project = estate.containers("Project")[0]["resource"]["data"]["projectId"]
    rule = rule.replace("folders/%s", folder).replace("%s", project)
    if rule.startswith("label") and not labelled:
        labelled = estate.containers("Project")[:1]
        labelled[0]["resource"]["data"]["labels"] = {"env": "prod"}
    with Fake(estate) as fake:
        done = collected(fake, Order(targets=(ORGANIZATION,), rules=Filter(exclude=(rule,))))
    assert done.coverage.excluded
    assert set(done.coverage.excluded.values()) == {rule}
    assert not [r for r in done.records if set(r["ancestors"]) & set(done.coverage.excluded)]
    assert not set(done.coverage.reached) & set(done.coverage.excluded)


def test_included_projects_are_the_only_ones(estate: Estate) -> None:
    project = estate.containers("Project")[1]
    rule = f"projects/{project['resource']['data']['projectId']}"
    with Fake(estate) as fake:
        done = collected(fake, Order(targets=(ORGANIZATION,), rules=Filter(include=(rule,))))
    assert [name for name in done.coverage.reached if name.startswith("projects/")] == [project["ancestors"][0]]


@pytest.mark.parametrize("wrong", ["", "prod", "label:env", "organization/1", "projects/../x"])
def test_rules_and_targets_that_are_written_wrongly_are_errors(wrong: str) -> None:
    with pytest.raises(NotAScope):
        Filter(exclude=(wrong,))


def test_several_targets_are_one_estate(estate: Estate) -> None:
    folders = [asset["ancestors"][0] for asset in estate.containers("Folder")]
    with Fake(estate) as fake:
        both = collected(fake, Order(targets=(*folders, folders[0])))
        apart = [collected(fake, Order(targets=(folder,))) for folder in folders]
    assert set(both.coverage.reached) == {name for done in apart for name in done.coverage.reached}
    assert set(names(both.records)) == {name for done in apart for name in names(done.records)}


def test_what_says_more_of_the_inventory_is_asked_only_where_that_has_something(estate: Estate) -> None:
    order = Order(targets=(ORGANIZATION,), thorough=True)
    with_keys = {a["ancestors"][0] for a in estate.assets if a["asset_type"] == "apikeys.googleapis.com/Key"}
    with Fake(estate) as fake:
        done = collected(fake, order)
        assert {request.name for request in fake.asked("ListTimeSeries")} == with_keys
        others = [part for part in done.parts("api-key-use") if part.place not in with_keys]
        assert {part.state for part in others} <= {State.EMPTY, State.PENDING_DELETION}
        fake.reset()
        fake.fail("ListAssets", denied())
        collected(fake, order)
        assert {request.name for request in fake.asked("ListTimeSeries")} > with_keys


def test_what_a_quota_does_not_answer_at_once_is_left_out_and_told_unless_told_to_wait() -> None:
    projects = [f"projects/{number}" for number in range(1, 131)]
    kind = "cloudresourcemanager.googleapis.com/"
    assets = [
        {
            "name": f"//cloudresourcemanager.googleapis.com/{key}",
            "asset_type": f"{kind}{'Project' if key in projects else 'Organization'}",
            "ancestors": [key] if key == ORGANIZATION else [key, ORGANIZATION],
            "resource": {"data": {"projectId": key.replace("projects/", "p-"), "lifecycleState": "ACTIVE"}},
        }
        for key in (ORGANIZATION, *projects)
    ]
    with Fake(Estate(assets)) as fake:
        done = collected(fake, Order(targets=(ORGANIZATION,), services=("recommender",)))
        states = Counter(part.state for part in done.parts("recommender"))
        assert states == {State.EMPTY: 100, State.NOT_ASKED: 31}
        assert len(fake.asked("ListRecommendations")) == 100
        everything = collected(fake, Order(targets=(ORGANIZATION,), services=("recommender",), thorough=True))
    assert {part.state for part in everything.parts("recommender")} == {State.EMPTY}


# by way of Cloud Storage


def test_an_export_gives_what_the_lists_give(estate: Estate) -> None:
    with Fake(estate) as fake:
        right = collected(fake)
        fake.reset()
        done = collected(fake, Order(targets=(ORGANIZATION,), via="gs://audit-exports/run"))
        assert fake.counts()["/google.cloud.asset.v1.AssetService/ExportAssets"] == 4
        assert fake.counts()["/google.cloud.asset.v1.AssetService/ListAssets"] == 1  # the scope
        called = {path for path, _ in fake.calls}
    assert names(done.records) == names(right.records)
    assert done.coverage.vouched_for == right.coverage.vouched_for
    assert not [path for path in called if not _is_declared(path, rpcs_of(COLLECTORS, via=True))]


def test_an_export_that_fails_is_told(estate: Estate) -> None:
    with Fake(estate, export_error="bucket not writable") as fake:
        done = collected(fake, Order(targets=(ORGANIZATION,), via="gs://audit-exports/run"))
    bulk = done.parts("assets")
    assert {part.state for part in bulk} == {State.REFUSED}
    assert all("bucket not writable" in part.detail for part in bulk)


def test_an_object_that_cannot_be_read_is_told(estate: Estate) -> None:
    with Fake(estate) as fake:
        fake.fail("%2F0", denied("storage.objects.get"))
        done = collected(fake, Order(targets=(ORGANIZATION,), via="gs://audit-exports/run"))
    assert {part.state for part in done.parts("assets")} == {State.DENIED}
    assert {part.permission for part in done.parts("assets")} == {"storage.objects.get"}


@pytest.mark.parametrize("place", ["", "bucket", "gs://", "s3://bucket/x", "gs://Bucket/x"])
def test_what_is_no_bucket_is_an_error(place: str) -> None:
    with pytest.raises(NotABucket):
        bucket_of(place)


# where the inventory is refused


def test_direct_clients_take_over_and_the_report_says_so(estate: Estate) -> None:
    with Fake(estate) as fake:
        right = collected(fake)
        fake.reset()
        fake.fail("ListAssets", denied("cloudasset.assets.listResource"))
        done = collected(fake)
    assert set(done.coverage.reached) == set(right.coverage.reached)
    for asset_type in ("secretmanager.googleapis.com/Secret", "apikeys.googleapis.com/Key", "iam.googleapis.com/Role"):
        assert set(names(done.of_type(asset_type))) == set(names(right.of_type(asset_type))), asset_type
    assert any("secret-manager" in note and "permission denied" in note for note in done.coverage.notes)
    assert {part.content for part in done.coverage.missing if part.collector == "assets"} >= {"resource"}


def test_fields_that_a_client_does_not_know_are_unknown_and_not_absent(estate: Estate) -> None:
    with Fake(estate) as fake:
        fake.fail("ListAssets", denied())
        done = collected(fake)
    keys = done.of_type("iam.googleapis.com/ServiceAccountKey")
    assert keys
    for record in keys:
        lacking = {path.rpartition(".")[2] for path in record.get("unknown", {})}
        for field in ("disableReason", "extendedStatus"):
            assert field in lacking or field in record["resource"]["data"] or not lacking
    for record in done.of_type("apikeys.googleapis.com/Key"):
        assert "keyString" not in record["resource"]["data"]


def test_where_every_read_is_refused_that_is_said_and_nothing_is_vouched_for(estate: Estate) -> None:
    with Fake(estate) as fake:
        fake.fail("", denied("x.y.z"))
        done = collected(fake)
    assert done.coverage.nothing_read
    assert not done.records
    assert not done.coverage.vouched_for


# only reading


def test_no_method_outside_of_the_declared_ones_is_called(estate: Estate) -> None:
    declared = {rpc.path for rpc in rpcs_of(COLLECTORS)}
    with Fake(estate, page_size=3) as fake:
        collected(fake, Order(targets=(ORGANIZATION,), thorough=True))
        fake.fail("ListAssets", denied())
        collected(fake, Order(targets=(ORGANIZATION,), thorough=True))
        called = {path for path, _ in fake.calls}
    patterns = [_pattern(path) for path in declared]
    assert not [path for path in called if not any(re.fullmatch(pattern, path) for pattern in patterns)]
    unused = [pattern for pattern in patterns if not any(re.fullmatch(pattern, path) for path in called)]
    assert {pattern.rpartition("/")[2] for pattern in unused} == {"GetProject", "GetFolder", "billingInfo"}


def _pattern(path: str) -> str:
    """What the server sees of a declared path."""
    return re.sub(r"\\\*", "[^/]+", re.escape(re.sub(r"GET [\w.]+", "GET ", path)))


def _is_declared(path: str, rpcs: list[Rpc]) -> bool:
    return any(re.fullmatch(_pattern(rpc.path), path) for rpc in rpcs)


def test_declared_methods_read_by_their_names() -> None:
    for rpc in rpcs_of(COLLECTORS):
        assert re.match(r"GET |.*/(List|Get|Search)[A-Z]\w+$", rpc.path), rpc.path
        assert not re.search(r"GetKeyString|AccessSecret|GenerateAccess|SignBlob", rpc.path)


def test_every_declared_permission_exists_and_reads() -> None:
    known = read_permissions(BUILT_IN.read_text(encoding="utf-8")).marks
    for permission in permissions_of(COLLECTORS):
        assert permission in known, permission
        assert re.search(r"\.(list|get)[A-Za-z]*$|^policyanalyzer\..*\.query$", permission), permission


# on and on


class Stopping(Progress):
    """Ends the program at a step, as Ctrl-C does."""

    def __init__(self, at: int) -> None:
        self.at = at
        self.steps = 0

    def advance(self, work: str, steps: int = 1) -> None:
        self.steps += 1
        if self.steps == self.at:
            os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("at", [1, 2, 5, 17, 40])
def test_what_was_collected_before_ctrl_c_is_kept_and_gone_on_with(estate: Estate, tmp_path: Path, at: int) -> None:
    order = Order(targets=(ORGANIZATION,), thorough=True)
    with Fake(estate, page_size=9) as fake:
        right = collected(fake, order)
        everything = len(fake.calls)
        with pytest.raises(KeyboardInterrupt):
            collected(fake, order, folder=tmp_path, progress=Stopping(at))
        fake.reset()
        done = collected(fake, order, folder=tmp_path, resume=True)
        assert len(fake.calls) <= everything if at < 10 else len(fake.calls) < everything
    assert done.file.read_bytes() == right.file.read_bytes()


def test_a_token_that_has_expired_begins_its_list_anew(estate: Estate, tmp_path: Path) -> None:
    order = Order(targets=(ORGANIZATION,))
    with Fake(estate, page_size=9) as fake:
        right = collected(fake, order)
        fake.fail("ListAssets", unavailable(after=6))
        part = collected(fake, order, folder=tmp_path, patience=IMPATIENCE)
        assert part.coverage.missing
        fake.reset()
        fake.fail(
            "ListAssets",
            invalid("page_token has expired", when=lambda r: r.page_token and r.content_type == 1, times=1),
        )
        done = collected(fake, order, folder=tmp_path, resume=True)
    listed = [[r for r in which.records if is_inventoried(r["asset_type"])] for which in (done, right)]
    assert names(listed[0]) == names(listed[1])
    assert not [part for part in done.coverage.missing if part.collector == "assets"]


def test_resuming_asks_only_for_what_was_missing(estate: Estate, tmp_path: Path) -> None:
    order = Order(targets=(ORGANIZATION,), services=("essential-contacts",))
    with Fake(estate) as fake:
        fake.fail("ListContacts", denied("essentialcontacts.contacts.list"))
        assert collected(fake, order, folder=tmp_path).coverage.missing
        fake.reset()
        done = collected(fake, order, folder=tmp_path, resume=True)
        assert not done.coverage.missing
        assert {path.rpartition("/")[2] for path in fake.counts()} == {"ListAssets", "ListContacts"}
        assert len(fake.asked("ListAssets")) == 1  # the scope


def test_another_order_is_not_gone_on_with(estate: Estate, tmp_path: Path) -> None:
    with Fake(estate) as fake:
        collected(fake, Order(targets=(ORGANIZATION,), services=("api-keys",)), folder=tmp_path)
        with pytest.raises(NotResumable, match="other targets or options"):
            collected(fake, Order(targets=(ORGANIZATION,), services=("roles",)), folder=tmp_path, resume=True)


PART = Part("c", "s", "projects/1", State.COLLECTED)


@given(some.lists(some.tuples(some.sampled_from("ab"), some.integers(0, 3)), max_size=12), some.data())
def test_a_journal_cut_off_anywhere_holds_whole_commits_only(
    tmp_path_factory: pytest.TempPathFactory, commits: list[tuple[str, int]], data: Any
) -> None:
    folder = tmp_path_factory.mktemp("journal")
    journal = Journal(folder, {"o": 1})
    for number, (stream, count) in enumerate(commits):
        journal.commit(f"{stream}|{number}", ({"name": f"{number}-{i}"} for i in range(count)), part=PART)
    whole = list(journal.lines())
    journal.close()
    path = folder / "journal.ndjson"
    size = data.draw(some.integers(0, path.stat().st_size))
    os.truncate(path, size)
    try:
        again = Journal(folder, {"o": 1}, resume=True)
    except NotResumable:
        assert size < len(b'{"order": {"o": 1}}\n')
        return
    kept = list(again.lines())
    assert set(kept) <= set(whole)
    assert len(kept) == sum(
        count for number, (stream, count) in enumerate(commits) if f"{stream}|{number}" in again.jobs
    )
    again.commit("a|new", [{"name": "new"}], part=PART)
    assert b'{"name":"new"}\n' in list(again.lines())
    again.close()
