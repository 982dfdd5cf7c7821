"""Each collector by itself: what it finds, what it calls, what it costs the others, and answers of a wrong shape."""

from __future__ import annotations

import re

import pytest

from auditor.data.permission_file import BUILT_IN
from auditor.data.permission_file import read as read_permissions
from auditor.loading import load_checks
from auditor.resources.base import VIEWS
from auditor.sources.live.assets import LISTS, requests_of
from auditor.sources.live.collectors import COLLECTORS
from auditor.sources.live.declaration import Collector
from auditor.sources.live.failures import State
from auditor.sources.live.needs import Needs
from auditor.sources.live.plan import Order
from auditor.sources.live.scope import RPCS as SCOPE
from tests.fake_google import Estate, Fake, denied, garbage
from tests.live_support import (
    IMPATIENCE,
    NOTHING,
    ORGANIZATION,
    Done,
    collected,
    names,
    only,
    own,
    paid_project,
    path_of,
    told,
)


@pytest.mark.parametrize("collector", COLLECTORS, ids=lambda collector: str(collector.name))
def test_every_collector_finds_what_is_there(estate: Estate, collector: Collector) -> None:
    """Page by page of one element, all types that it declares, under the names that the inventory has for them."""
    with Fake(estate, page_size=1) as fake:
        done = only(collector, fake)
    assert {part.state for part in told(done, collector.name)} <= {State.COLLECTED, State.EMPTY}
    for asset_type in collector.asset_types:
        found = done.of_type(asset_type.partition(":")[0])
        if ":" in asset_type:
            found = [record for record in found if "iam_policy" in record]
        assert found, f"no {asset_type}"
        assert all(record["ancestors"] for record in found)
        assert not [record for record in found if record["name"].endswith("/")]


@pytest.mark.parametrize("collector", COLLECTORS, ids=lambda collector: str(collector.name))
def test_where_nothing_is_the_state_is_empty(estate: Estate, collector: Collector) -> None:
    bare = Estate([asset for asset in estate.assets if asset["asset_type"].startswith("cloudresourcemanager")])
    with Fake(bare) as fake:
        done = only(collector, fake)
    if collector.name in ("container-policies", "effective-policies", "api-key-use"):  # there is always an answer
        assert {part.state for part in told(done, collector.name)} == {State.COLLECTED}
    else:
        assert {part.state for part in told(done, collector.name)} == {State.EMPTY}


@pytest.fixture(scope="module")
def everything(server: Fake) -> Done:
    """What all collectors give together."""
    server.reset()
    return collected(server, _all_services(server), patience=IMPATIENCE)


def _all_services(fake: Fake) -> Order:
    names = tuple(collector.name for collector in COLLECTORS)
    return Order(targets=(ORGANIZATION, paid_project(fake)), needs=NOTHING, services=names, thorough=True)


@pytest.mark.parametrize("collector", COLLECTORS, ids=lambda collector: str(collector.name))
def test_a_collector_that_is_refused_costs_nobody_else_a_record(
    fake: Fake, everything: Done, collector: Collector
) -> None:
    others = {rpc.path for other in COLLECTORS if other is not collector for rpc in other.rpcs}
    for rpc in collector.rpcs:
        if rpc.path not in others:
            fake.fail(path_of(rpc.path), denied(rpc.permissions[0] if rpc.permissions else ""))
    done = collected(fake, _all_services(fake), patience=IMPATIENCE)
    own = {name.partition(":")[0] for name in collector.asset_types}
    assert names([r for r in done.records if r["asset_type"] not in own]) == names(
        [r for r in everything.records if r["asset_type"] not in own]
    )
    assert {part.collector for part in done.coverage.missing} == {collector.name}
    assert own <= {name.partition(":")[0] for part in done.coverage.missing for name in part.asset_types}


@pytest.mark.parametrize("collector", COLLECTORS, ids=lambda collector: str(collector.name))
def test_a_collector_calls_what_it_declares_and_nothing_else(fake: Fake, collector: Collector) -> None:
    only(collector, fake)
    declared = [rpc.path for rpc in (*LISTS.values(), *SCOPE, *collector.rpcs)]
    patterns = [re.sub(r"\\\*", "[^/]+", re.escape(re.sub(r"GET [\w.]+", "GET ", path))) for path in declared]
    called = {path for path, _ in fake.calls}
    assert not [path for path in called if not any(re.fullmatch(pattern, path) for pattern in patterns)]
    for rpc in collector.rpcs:
        assert [path for path in called if path.endswith(path_of(rpc.path))], f"{rpc.path} is declared and not called"


@pytest.mark.parametrize("collector", COLLECTORS, ids=lambda collector: str(collector.name))
def test_what_a_collector_declares_can_be_relied_on(collector: Collector) -> None:
    load_checks()  # and with them the views
    known = read_permissions(BUILT_IN.read_text(encoding="utf-8")).marks
    assert all(permission in known for permission in collector.permissions)
    assert collector.permissions or collector.name == "groups"  # Workspace grants these
    assert all(rpc.quota.per_minute > 0 for rpc in collector.rpcs)
    assert collector.asset_types
    if not collector.fallback:  # what it yields is not asked of the inventory, nor vouched for by a content type
        read = frozenset(name for name in collector.asset_types if name in VIEWS)
        assert "resource" not in requests_of(ORGANIZATION, Needs(read, frozenset()))


def test_names_and_quotas_are_told_apart() -> None:
    assert len({collector.name for collector in COLLECTORS}) == len(COLLECTORS)
    quotas = {rpc.quota for collector in COLLECTORS for rpc in collector.rpcs}
    assert len({quota.name for quota in quotas}) == len(quotas), "one name, two limits"


@pytest.mark.parametrize(
    ("name", "method", "body"),
    [
        ("policy-analyzer", "activities:query", b'{"activities": 7}'),
        ("policy-analyzer", "activities:query", b'{"activities": [{"activityType": "x"}]}'),
        ("policy-analyzer", "activities:query", b'{"activities": [null]}'),
        ("policy-analyzer", "activities:query", b'{"activities": [], "nextPageToken": 9}'),
        ("budgets", "billingInfo", b'{"billingAccountName": {"a": 1}}'),
        ("budgets", "billingInfo", b"[]"),
        ("budgets", "billingAccounts", b'{"billingAccounts": [{"displayName": "no name"}]}'),
        ("groups", "groups", b'{"groups": "all"}'),
    ],
)
def test_an_answer_of_a_wrong_shape_is_told(fake: Fake, name: str, method: str, body: bytes) -> None:
    fake.fail(method, garbage(body=body))
    done = only(next(one for one in COLLECTORS if one.name == name), fake, IMPATIENCE)
    failed = [part for part in told(done, name) if not part.state.is_complete]
    assert {part.state for part in failed} == {State.UNREADABLE}
    assert all(part.is_missing and part.advice for part in failed)


def test_findings_that_are_over_are_not_collected_and_muted_ones_are(estate: Estate) -> None:
    more = [
        own(f"{ORGANIZATION}/sources/7/locations/global/findings/{name}", "securitycenter.googleapis.com/Finding", data)
        for name, data in (("over", {"state": "INACTIVE"}), ("muted", {"state": "ACTIVE", "mute": "MUTED"}))
    ]
    with Fake(Estate([*estate.assets, *more])) as fake:
        done = only(next(one for one in COLLECTORS if one.name == "security-command-center"), fake)
    found = done.of_type("securitycenter.googleapis.com/Finding")
    assert sorted(record["name"].rpartition("/")[2] for record in found) == ["f1", "muted"]
    assert {record["resource"]["data"].get("mute") for record in found} == {None, "MUTED"}


def test_the_accounts_of_an_organization_and_of_a_project_target_are_asked(fake: Fake) -> None:
    of_target = {}
    for target in (ORGANIZATION, paid_project(fake)):
        done = collected(fake, Order(targets=(target,), needs=NOTHING, services=("budgets",)))
        of_target[target] = names(done.of_type("billingbudgets.googleapis.com/Budget"))
        (listed,) = done.of_type("billingbudgets.googleapis.com/ListBudgetsResponse")
        assert [budget["displayName"] for budget in listed["resource"]["data"]["budgets"]] == ["all of it"]
    assert len(set(map(tuple, of_target.values()))) == 1


def test_an_account_without_a_budget_is_told_from_one_that_was_not_asked(estate: Estate) -> None:
    without = Estate(
        [asset for asset in estate.assets if asset["asset_type"] != "billingbudgets.googleapis.com/Budget"]
    )
    order = Order(targets=(ORGANIZATION,), needs=NOTHING, services=("budgets",))
    with Fake(without) as fake:
        (listed,) = collected(fake, order).of_type("billingbudgets.googleapis.com/ListBudgetsResponse")
        assert listed["resource"]["data"] == {"budgets": []}
        fake.fail("ListBudgets", denied("billing.budgets.list"))
        assert not collected(fake, order).of_type("billingbudgets.googleapis.com/ListBudgetsResponse")


def test_the_use_of_keys_comes_with_the_period_that_was_asked_for(fake: Fake) -> None:
    done = only(next(one for one in COLLECTORS if one.name == "api-key-use"), fake)
    for record in done.of_type("monitoring.googleapis.com/ListTimeSeriesResponse"):
        data = record["resource"]["data"]
        assert set(data["interval"]) == {"startTime", "endTime"}
        assert all(series["resource"]["labels"]["credential_id"].startswith("apikey:") for series in data["timeSeries"])
