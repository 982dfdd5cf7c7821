"""How requests are sent: what is tried again, how long, and never more than a quota lets through."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any, TypeVar

import pytest
from google.api_core import exceptions
from google.cloud.asset_v1 import ListAssetsRequest

from auditor.sources.live.connection import Connection, UnusableEndpoint
from auditor.sources.live.declaration import Quota, Rpc
from auditor.sources.live.failures import Failure, NoCredentials, Refused, State
from auditor.sources.live.network import Calls, Limiter, Patience
from auditor.sources.live.plan import Order
from tests.fake_google import Estate, Fake, Fault, disabled, perimeter, throttled, unavailable
from tests.fake_google.faults import Code
from tests.live_support import (
    CUSTOMER,
    NOTHING,
    ORGANIZATION,
    Stepped,
    collected,
    connection_to,
    full_estate,
    own,
)

T = TypeVar("T")
QUOTA = Quota("reads", 100)
RPC = Rpc("/service/Method", QUOTA, ("things.list",))
LIST = Rpc("/google.cloud.asset.v1.AssetService/ListAssets", QUOTA, ("cloudasset.assets.listResource",))

errors: Any = exceptions


def sending(*outcomes: Any) -> Callable[[float], Coroutine[Any, Any, Any]]:
    """A method that gives these outcomes one after the other, the last for ever."""
    left = list(outcomes)

    async def send(timeout: float) -> Any:
        assert timeout > 0
        outcome = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    return send


def attempt(clock: Stepped, *outcomes: Any, patience: Patience | None = None) -> tuple[Any, Calls]:
    """What comes of a method with these outcomes: the answer, or the failure."""

    async def run() -> tuple[Any, Calls]:
        calls = Calls(Connection(), patience=patience, clock=clock, seed=7)
        try:
            return await calls.attempt(RPC, sending(*outcomes)), calls
        except Refused as refused:
            return refused.failure, calls

    return asyncio.run(run())


@pytest.mark.parametrize(
    "error", [errors.ServiceUnavailable("x"), errors.TooManyRequests("x"), errors.GatewayTimeout("x")]
)
def test_what_may_pass_is_tried_again(error: Exception) -> None:
    answer, calls = attempt(Stepped(), error, error, "right")
    assert answer == "right"
    assert calls.sent["/service/Method"] == 3


@pytest.mark.parametrize(
    ("error", "state", "tries"),
    [
        (errors.ServiceUnavailable("x"), State.UNAVAILABLE, None),
        (errors.ResourceExhausted("x"), State.THROTTLED, None),
        (errors.DeadlineExceeded("x"), State.TIMED_OUT, None),
        (errors.InternalServerError("x"), State.UNREADABLE, 3),
        (errors.PermissionDenied("x"), State.DENIED, 1),
        (errors.InvalidArgument("x"), State.REFUSED, 1),
        (errors.NotFound("x"), State.REFUSED, 1),
        (errors.MethodNotImplemented("x"), State.REFUSED, 1),
    ],
)
def test_what_does_not_pass_ends_in_its_state(error: Exception, state: State, tries: int | None) -> None:
    clock = Stepped()
    failure, calls = attempt(clock, error, patience=Patience(total=100.0))
    assert isinstance(failure, Failure)
    assert failure.state is state
    if tries is not None:
        assert calls.sent["/service/Method"] == tries
    else:
        assert calls.sent["/service/Method"] > 3
    assert clock.time <= 100.0


def test_missing_credentials_end_everything_at_once() -> None:
    error = errors.ServiceUnavailable("Getting metadata from plugin failed with error: Reauthentication is needed")
    with pytest.raises(NoCredentials, match="Reauthentication"):
        attempt(Stepped(), error)
    with pytest.raises(NoCredentials):
        attempt(Stepped(), errors.Unauthenticated("no token"))


def test_waits_grow_and_vary_and_never_fall_below_what_the_api_asks() -> None:
    patience, dice = Patience(first=1.0, longest=30.0), random.Random(3)
    for failures in range(1, 40):
        bound = min(30.0, 2.0 ** (failures - 1))
        waits = [patience.wait(failures, 0.0, dice) for _ in range(50)]
        assert all(bound / 2 <= wait <= bound for wait in waits)
        assert len(set(waits)) > 1
        assert all(patience.wait(failures, 12.5, dice) >= 12.5 for _ in range(20))


def test_no_minute_holds_more_requests_than_the_quota() -> None:
    async def run() -> list[float]:
        clock, sent = Stepped(), []
        limiter = Limiter(Quota("few", 10), clock)
        for number in range(75):
            await limiter.turn()
            sent.append(clock.now())
            clock.time += number % 7
        return sent

    sent = asyncio.run(run())
    for start in sent:
        assert sum(start <= moment < start + 60.0 for moment in sent) <= 10


def test_requests_at_once_share_one_quota() -> None:
    clock = Stepped()

    async def run() -> Calls:
        calls = Calls(Connection(), clock=clock, at_once=8)
        await asyncio.gather(*(calls.attempt(RPC, sending("right")) for _ in range(250)))
        return calls

    calls = asyncio.run(run())
    assert calls.sent["/service/Method"] == 250
    assert clock.time >= 120.0  # 100 at once, 100 after a minute, 50 after two


def test_no_more_requests_are_under_way_than_allowed() -> None:
    under_way, most = 0, 0

    async def send(timeout: float) -> str:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0)
        under_way -= 1
        return "right"

    async def run() -> None:
        calls = Calls(Connection(), clock=Stepped(), at_once=3)
        await asyncio.gather(*(calls.attempt(RPC, send) for _ in range(40)))

    asyncio.run(run())
    assert most == 3


def ask(fake: Fake, clock: Stepped, **fields: Any) -> Any:
    """All assets of a page listing through the real client."""

    async def run() -> list[Any]:
        connection = connection_to(fake)
        calls = Calls(connection, clock=clock, patience=Patience(total=100.0), seed=1)
        request = ListAssetsRequest(
            parent="organizations/880311204417", content_type="RESOURCE", page_size=50, **fields
        )
        try:
            client = calls.client("asset_v1", "AssetService")
            return [asset async for asset in calls.each(LIST, client.list_assets, request, "assets")]
        finally:
            await connection.close()

    return asyncio.run(run())


def test_retry_info_of_a_real_answer_is_heeded(estate: Estate) -> None:
    clock = Stepped()
    with Fake(estate) as fake:
        fake.fail("ListAssets", throttled(retry_after=17.5).for_times(1))
        assert len(ask(fake, clock)) > 50
    assert any(slept >= 17.5 for slept in clock.slept)


def test_every_page_is_read_once_and_in_order(estate: Estate) -> None:
    with Fake(estate) as fake:
        found = [asset.name for asset in ask(fake, Stepped())]
        pages = [request.page_token for request in fake.asked("ListAssets")]
        assert found == [asset["name"] for asset in estate.inventory(ORGANIZATION, "RESOURCE", ())]
    assert len(pages) == len(set(pages)) == -(-len(found) // 50)


def test_a_page_that_fails_is_asked_for_again_alone(estate: Estate) -> None:
    with Fake(estate) as fake:
        right = [asset.name for asset in ask(fake, Stepped())]
        pages = len(fake.calls)
        fake.calls.clear()
        fake.fail("ListAssets", unavailable(after=2).for_times(2))
        assert [asset.name for asset in ask(fake, Stepped())] == right
        assert len(fake.calls) == pages + 2


def test_pages_without_end_are_told(estate: Estate) -> None:
    with Fake(estate, endless=True) as fake, pytest.raises(Refused, match="have no end"):
        ask(fake, Stepped())


@pytest.mark.parametrize(
    ("fault", "state", "words"),
    [
        (perimeter("kX-1"), State.PERIMETER, "kX-1"),
        (disabled("cloudasset.googleapis.com", "projects/42"), State.DISABLED, "projects/42"),
        (Fault(Code.PERMISSION_DENIED, "Permission 'a.b.list' denied on x"), State.DENIED, "a.b.list"),
        (Fault(Code.PERMISSION_DENIED, "no"), State.DENIED, "cloudasset.assets.listResource"),
        (Fault(Code.PERMISSION_DENIED, "\x1b[31mred\nsecond"), State.DENIED, "\\u001b[31mred"),
        (Fault(Code.RESOURCE_EXHAUSTED, "x" * 4_000), State.THROTTLED, "x" * 300),
    ],
)
def test_refusals_are_told_apart_by_what_the_server_really_says(
    estate: Estate, fault: Fault, state: State, words: str
) -> None:
    with Fake(estate) as fake:
        fake.fail("ListAssets", fault)
        with pytest.raises(Refused) as refused:
            ask(fake, Stepped())
    failure = refused.value.failure
    assert failure.state is state
    assert words in f"{failure.words} {failure.consumer}"
    assert len(failure.detail) <= 300


def test_an_error_longer_than_the_head_of_an_answer_is_still_understood(estate: Estate) -> None:
    fault = Fault(Code.PERMISSION_DENIED, "Permission 'a.b.list' denied on " + "x" * 4_000)
    with Fake(estate) as fake:
        fake.fail("ListAssets", fault)
        for _ in range(100):  # gRPC decides at random whether it drops a head of this length
            with pytest.raises(Refused) as refused:
                ask(fake, Stepped())
            assert refused.value.failure.permission == "a.b.list"


def test_an_attempt_ends_after_its_time(estate: Estate) -> None:
    async def run(fake: Fake) -> None:
        connection = connection_to(fake)
        calls = Calls(connection, clock=Stepped(), patience=Patience(attempt=0.05, total=0.1))
        request = ListAssetsRequest(parent="organizations/1", content_type="RESOURCE")
        try:
            await calls.answer(LIST, calls.client("asset_v1", "AssetService").list_assets, request)
        finally:
            await connection.close()

    given_up = threading.Event()
    with Fake(estate) as fake:
        fake.hold("ListAssets", given_up)
        try:
            with pytest.raises(Refused) as refused:
                asyncio.run(run(fake))
        finally:
            given_up.set()
    assert refused.value.failure.state is State.TIMED_OUT


def test_an_answer_that_stops_in_the_middle_is_out_of_time(estate: Estate) -> None:
    async def run(fake: Fake) -> None:
        connection = connection_to(fake)
        try:
            await connection.get("iam.googleapis.com", "v3/x/principalAccessBoundaryPolicies", {}, 0.05)
        finally:
            await connection.close()

    with Fake(estate) as fake:
        fake.fail("GET /v3/x/principalAccessBoundaryPolicies", replace(throttled(), stall=30.0))
        with pytest.raises(exceptions.GatewayTimeout, match="did not end its answer"):
            asyncio.run(run(fake))


@pytest.mark.parametrize(
    ("endpoint", "location", "host"),
    [
        ("", "", "cloudasset.googleapis.com"),
        ("", "europe-west3", "cloudasset.europe-west3.rep.googleapis.com"),
        ("{service}-audit.p.googleapis.com", "", "cloudasset-audit.p.googleapis.com"),
        ("10.0.0.5:443", "", "10.0.0.5:443"),
    ],
)
def test_hosts(endpoint: str, location: str, host: str) -> None:
    assert Connection(endpoint=endpoint).host("cloudasset.googleapis.com", location) == host


def test_a_host_of_another_universe_and_one_that_is_none() -> None:
    assert Connection(universe="example.goog").host("iam.googleapis.com") == "iam.example.goog"
    with pytest.raises(UnusableEndpoint, match=r"only \{service\}"):
        Connection(endpoint="{project}.example").host("iam.googleapis.com")


def test_many_requests_at_once_by_rest_keep_their_connections(caplog: pytest.LogCaptureFixture) -> None:
    """What requests warns of a pool that is too small would stand in the user's terminal."""
    estate = full_estate()
    customer = {"parent": f"customers/{CUSTOMER}"}
    estate.assets += [own(f"groups/n{n}", "cloudidentity.googleapis.com/Group", customer) for n in range(60)]
    with Fake(estate, latency=0.02) as fake:
        done = collected(fake, Order(targets=(ORGANIZATION,), needs=NOTHING, services=("groups",)))
    assert len(done.of_type("cloudidentity.googleapis.com/Group")) == 61
    assert not caplog.records
