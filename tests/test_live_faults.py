"""Each collector, and each thing that can go wrong with what it calls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from auditor.sources.live.collectors import COLLECTORS
from auditor.sources.live.declaration import Collector
from auditor.sources.live.failures import State
from auditor.sources.live.plan import Order
from tests.fake_google import (
    Estate,
    Fake,
    Fault,
    deadline,
    denied,
    disabled,
    garbage,
    internal,
    perimeter,
    throttled,
    unavailable,
    used_up,
)
from tests.live_support import (
    IMPATIENCE,
    NOTHING,
    ORGANIZATION,
    Stepped,
    collected,
    full_estate,
    names,
    only,
    own,
    path_of,
    told,
)


@dataclass(frozen=True)
class Case:
    """A thing that goes wrong, and how it has to be told."""

    name: str
    fault: Callable[[], Fault]
    state: State
    words: str = ""


CASES = (
    Case("denied", lambda: denied("some.permission.list"), State.DENIED, "some.permission.list"),
    Case("disabled", lambda: disabled("x.googleapis.com", "projects/42"), State.DISABLED, "projects enable"),
    Case("throttled for ever", lambda: throttled(retry_after=3.0), State.THROTTLED, "Quota exceeded"),
    Case("unavailable", unavailable, State.UNAVAILABLE, "unavailable"),
    Case("deadline", deadline, State.TIMED_OUT, "Deadline"),
    Case("malformed page", garbage, State.UNREADABLE),
    Case("internal error", internal, State.UNREADABLE, "Internal error"),
    Case("perimeter", lambda: perimeter("kX-7"), State.PERIMETER, "kX-7"),
)


RPCS = [(collector, rpc.path) for collector in COLLECTORS for rpc in collector.rpcs]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@pytest.mark.parametrize(("collector", "path"), RPCS, ids=[f"{c.name}-{p.rpartition('/')[2]}" for c, p in RPCS])
def test_a_fault_is_told_and_costs_its_own_service_only(
    fake: Fake, collector: Collector, path: str, case: Case
) -> None:
    fake.fail(path_of(path), case.fault())
    done = only(collector, fake, IMPATIENCE)
    failed = [part for part in told(done, collector.name) if not part.state.is_complete]
    assert failed, "the fault was met by nobody"
    assert {part.state for part in failed} == {case.state}
    assert all(part.is_missing for part in failed)
    if case.words and case.name != "disabled":
        assert all(case.words in part.problem for part in failed)
    assert all(part.advice for part in failed)
    assert all(part.state.is_complete for part in done.coverage.parts if part.collector != collector.name)
    assert not done.coverage.vouched_for - {"iam-policy"}


@pytest.mark.parametrize("fault", [throttled, unavailable, deadline, internal], ids=lambda fault: str(fault.__name__))
@pytest.mark.parametrize("collector", COLLECTORS, ids=lambda collector: str(collector.name))
def test_what_passes_leaves_no_trace(fake: Fake, collector: Collector, fault: Callable[[], Fault]) -> None:
    right = only(collector, fake)
    for rpc in collector.rpcs:
        fake.fail(path_of(rpc.path), fault().for_times(1))
    done = only(collector, fake)
    assert names(done.records) == names(right.records)
    assert [part.state for part in done.coverage.parts] == [part.state for part in right.coverage.parts]


def test_an_api_that_is_off_in_the_asked_project_is_told_and_no_gap(estate: Estate) -> None:
    project = estate.data("secretmanager.googleapis.com/Secret")[0]["name"].split("/secrets/")[0]
    off = disabled("secretmanager.googleapis.com", project, when=lambda request: request.parent == project)
    with Fake(estate) as fake:
        fake.fail("ListSecrets", off)
        done = collected(fake, Order(targets=(ORGANIZATION,), services=("secret-manager",)))
    states = {part.place: part for part in done.parts("secret-manager")}
    assert states[project].state is State.DISABLED
    assert not done.coverage.missing


def test_a_service_that_fails_by_load_again_and_again_is_given_up(estate: Estate) -> None:
    with Fake(estate) as fake:
        fake.fail("ListContacts", unavailable())
        done = collected(fake, Order(targets=(ORGANIZATION,), services=("essential-contacts",)), patience=IMPATIENCE)
    parts = done.parts("essential-contacts")
    assert {part.state for part in parts} == {State.UNAVAILABLE, State.PENDING_DELETION}
    assert len(parts) == len(done.coverage.reached)


def test_a_quota_of_the_day_is_not_waited_for(estate: Estate) -> None:
    """Each request that is under way meets it once; the other places are not asked."""
    order = Order(targets=(ORGANIZATION,), needs=NOTHING, services=("recommender",))
    clock = Stepped()
    with Fake(estate) as fake:
        fake.fail("/ListRecommendations", used_up("recommender.googleapis.com"))
        done = collected(fake, order, clock=clock)
        asked = len(fake.asked("ListRecommendations"))
    parts = told(done, "recommender")
    assert not clock.slept
    assert asked <= len(parts)
    assert {part.state for part in parts} == {State.THROTTLED}
    assert all(part.is_missing for part in parts)


def test_a_project_pending_deletion_is_told_and_not_asked(estate: Estate) -> None:
    assets = [dict(asset) for asset in estate.assets]
    project = Estate(assets).containers("Project")[1]
    number = project["ancestors"][0]
    project["resource"] = {"data": {**project["resource"]["data"], "lifecycleState": "DELETE_REQUESTED", "state": ""}}
    with Fake(Estate(assets)) as fake:
        done = collected(fake, Order(targets=(ORGANIZATION,), services=("api-keys",)))
        assert not [request for request in fake.asked("ListKeys") if request.parent.startswith(number + "/")]
    states = {part.place: part.state for part in done.parts("api-keys")}
    assert states[number] is State.PENDING_DELETION
    assert not done.coverage.missing


def test_slow_quotas_are_asked_for_what_they_answer_at_once(estate: Estate) -> None:
    with Fake(estate) as fake:
        done = collected(fake, Order(targets=(ORGANIZATION,), services=("deny-policies",)))
        asked = len(fake.asked("google.iam.v2.Policies/ListPolicies"))
    states = [part.state for part in told(done, "deny-policies")]
    assert asked == 5
    assert states.count(State.NOT_ASKED) == len(states) - 5 > 0
    assert all("--thorough" in part.advice for part in done.coverage.missing)


def test_a_target_that_is_not_there_is_told(estate: Estate) -> None:
    with Fake(estate) as fake:
        done = collected(fake, Order(targets=("projects/absent",), services=("api-keys",)))
    assert done.coverage.missing or done.coverage.nothing_read


def test_what_came_of_a_long_answer_before_it_failed_is_kept_and_comes_once_in_the_end(tmp_path: Path) -> None:
    estate = full_estate()
    name = f"{ORGANIZATION}/sources/7/locations/global/findings/many"
    estate.assets += [
        own(f"{name}{n}", "securitycenter.googleapis.com/Finding", {"state": "ACTIVE"}) for n in range(2_500)
    ]
    order = Order(targets=(ORGANIZATION,), needs=NOTHING, services=("security-command-center",))
    with Fake(estate) as fake:
        fake.fail("ListFindings", denied("securitycenter.findings.list", after=2))
        part = collected(fake, order, folder=tmp_path)
        fake.reset()
        done = collected(fake, order, folder=tmp_path, resume=True)
    (failed,) = part.coverage.failed
    kept = part.of_type("securitycenter.googleapis.com/Finding")
    assert len(kept) == failed.records - len(part.of_type("securitycenter.googleapis.com/Source")) >= 2_000
    found = names(done.of_type("securitycenter.googleapis.com/Finding"))
    assert len(found) == len(set(found)) == 2_501
    assert not done.coverage.missing
