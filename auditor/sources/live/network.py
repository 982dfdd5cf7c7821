"""How every request is sent: one retry policy, one limiter for each quota, a bound on what is under way at once.

The generated clients retry almost nothing, 429 never, heed no `RetryInfo`, and their timeouts are per attempt; so the
policy is given here, and the clients are told to retry nothing themselves.

Sources: google.aip.dev/194 (what may be tried again), cloud.google.com/apis/design/errors (RetryInfo)
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, TypeVar

from auditor.sources.live.declaration import Quota, Rpc
from auditor.sources.live.failures import (
    NO_TOKEN,
    Failure,
    NoCredentials,
    Refused,
    State,
    classify,
    contradicted,
    first_line,
    without_token,
)
from auditor.sources.live.failures import retry_after as asked_to_wait

if TYPE_CHECKING:
    from google.api_core.exceptions import GoogleAPICallError

    from auditor.sources.live.connection import Connection

T = TypeVar("T")

MINUTE = 60.0
_MARGIN = 1.0
"""Seconds that a window is longer than a minute: the API's clock is not ours."""
_NO_END = "a page token came twice, the pages have no end"
_FEW = 3
"""Attempts at what is more likely a bug of the API than its load."""


class Clock:
    """Time as the policy knows it, so that a test need not wait."""

    def now(self) -> float:
        """Seconds since some moment."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Let that much time pass."""
        await asyncio.sleep(seconds)


@dataclass(frozen=True, slots=True)
class Patience:
    """How often and how long a request is tried again. All in seconds."""

    attempt: float = 60.0
    """What one attempt may take."""
    total: float = 300.0
    """What all attempts at one request and the waits between them may take."""
    first: float = 1.0
    """The longest wait after the first attempt; it doubles with each."""
    longest: float = 60.0

    def wait(self, failures: int, asked: float, dice: random.Random) -> float:
        """How long to wait after so many failures: at random up to a bound, and never less than the API asked for."""
        bound = min(self.longest, self.first * 2 ** min(failures - 1, 30))
        return asked + dice.uniform(bound / 2 if not asked else 0.0, bound)


class Limiter:
    """Lets no more requests through in any minute than a quota has."""

    def __init__(self, quota: Quota, clock: Clock) -> None:
        self.quota = quota
        self._clock = clock
        self._sent: deque[float] = deque()
        self._paused_until = 0.0

    async def turn(self) -> None:
        """Wait until one more request may be sent."""
        while (wait := self._wait()) > 0:
            await self._clock.sleep(wait)
        self._sent.append(self._clock.now())

    def pause(self, seconds: float) -> None:
        """Send nothing for so long: the API said that its quota is used up."""
        self._paused_until = max(self._paused_until, self._clock.now() + seconds)

    def _wait(self) -> float:
        now = self._clock.now()
        while self._sent and self._sent[0] <= now - MINUTE - _MARGIN:
            self._sent.popleft()
        full = len(self._sent) >= self.quota.per_minute
        return max(self._sent[0] + MINUTE + _MARGIN - now if full else 0.0, self._paused_until - now)


class Calls:
    """Sends requests. What does not succeed in time is raised as `Refused`, with its failure."""

    def __init__(
        self,
        connection: Connection,
        *,
        patience: Patience | None = None,
        at_once: int = 16,
        clock: Clock | None = None,
        seed: int | None = None,
        residency: Sequence[str] = (),
    ) -> None:
        self.connection = connection
        self.residency = tuple(residency)
        """Where Security Command Center keeps data of its own, beside globally."""
        self.moment = ""
        """The moment of which the inventory tells, RFC 3339, so that others can tell of the same; empty for now."""
        self.patience = patience or Patience()
        self.clock = clock or Clock()
        self.sent: Counter[str] = Counter()
        """Requests by method."""
        self._dice = random.Random(seed)  # noqa: S311 - jitter
        self._slots = asyncio.Semaphore(at_once)
        self._limiters: dict[str, Limiter] = {}
        self._is_over = False
        self._is_known = False
        """Whether a service has taken the credentials."""

    def end(self) -> None:
        """Send nothing any more: who still asks is cancelled.

        That a task was cancelled may get lost in gRPC, where the answer comes in the same moment.
        """
        self._is_over = True

    def client(self, package: str, service: str, location: str = "") -> Any:
        """The client of a service, made once: `client("iam_v2", "Policies")`; of one location's endpoint if given."""
        return self.connection.client(package, service, location)

    def limiter(self, quota: Quota) -> Limiter:
        """The limiter of a quota."""
        if quota.name not in self._limiters:
            self._limiters[quota.name] = Limiter(quota, self.clock)
        return self._limiters[quota.name]

    async def answer(self, rpc: Rpc, method: Callable[..., Any], request: Any) -> Any:
        """The answer to one request, as the plain protobuf message. Raises `Refused`, `NoCredentials`."""

        async def send(timeout: float) -> Any:
            return await self.connection.send(method, request, timeout)

        return await self.attempt(rpc, send)

    async def get(self, rpc: Rpc, host: str, path: str, parameters: dict[str, str]) -> dict[str, Any]:
        """The JSON object that a REST method answers, where there is no client. Raises `Refused`, `NoCredentials`."""

        async def send(timeout: float) -> Any:
            return await self.connection.get(host, path, parameters, timeout)

        answer: dict[str, Any] = await self.attempt(rpc, send)
        return answer

    async def save(self, rpc: Rpc, host: str, path: str, parameters: dict[str, str], file: IO[bytes]) -> None:
        """Write the body of a REST answer to a file, from its beginning. Raises `Refused`, `NoCredentials`."""

        async def send(timeout: float) -> Any:
            file.seek(0)
            file.truncate()
            return await self.connection.save(host, path, parameters, timeout, file)

        await self.attempt(rpc, send)

    async def objects(
        self, rpc: Rpc, host: str, path: str, parameters: dict[str, str], field: str, *, key: str = "name"
    ) -> AsyncIterator[tuple[list[dict[str, Any]], str, dict[str, Any]]]:
        """(elements, next token, page) of each page of a REST method's list. Raises `Refused`, `NoCredentials`.

        `key` is what every element has, or the answer is not understood.
        """
        seen: set[str] = set()
        while True:
            page = await self.get(rpc, host, path, parameters)
            elements, token = page.get(field, []), page.get("nextPageToken", "")
            named = isinstance(elements, list) and all(isinstance(e, dict) and key in e for e in elements)
            if not named or not isinstance(token, str):
                raise Refused(Failure(State.UNREADABLE, f"{field} is not a list of named objects"))
            if token in seen:
                raise Refused(Failure(State.UNREADABLE, _NO_END))
            yield elements, token, page
            if not token:
                return
            seen.add(token)
            parameters = {**parameters, "pageToken": token}

    async def attempt(self, rpc: Rpc, send: Callable[[float], Awaitable[Any]]) -> Any:
        """What `send` gives, tried as often and as long as the policy says. Raises `Refused`, `NoCredentials`."""
        limiter = self.limiter(rpc.quota)
        failures, deadline = 0, 0.0
        last: Failure | None = None
        while True:
            await limiter.turn()
            async with self._slots:
                if self._is_over:
                    raise asyncio.CancelledError
                now = self.clock.now()
                deadline = deadline or now + self.patience.total  # what the limiter holds back costs no patience
                timeout = min(self.patience.attempt, max(deadline - now, 0.001))
                failure, asked = await self._once(rpc, send, timeout)
            if not isinstance(failure, Failure):
                return failure
            if last is not None and failure.state is State.TIMED_OUT and timeout < self.patience.attempt:
                failure = last  # the attempt was cut short, and says nothing of the service
            last = failure
            failures += 1
            wait = self.patience.wait(failures, asked, self._dice)
            if failure.lasts or not failure.state.passes or (failure.state is State.UNREADABLE and failures >= _FEW):
                raise Refused(failure)
            if self.clock.now() + wait >= deadline:
                raise Refused(failure)
            if failure.state is State.THROTTLED:
                limiter.pause(wait)
            await self.clock.sleep(wait)

    async def _once(self, rpc: Rpc, send: Callable[[float], Awaitable[Any]], timeout: float) -> tuple[Any, float]:
        """The answer, or its failure with the seconds that the API asks to wait."""
        from google.api_core.exceptions import GoogleAPICallError, InternalServerError
        from google.auth.exceptions import GoogleAuthError
        from google.protobuf.message import DecodeError

        self.sent[rpc.path] += 1
        try:
            answer = await _understood(send(timeout))
        except InternalServerError as error:
            return Failure(State.UNREADABLE, first_line(error)), asked_to_wait(error)
        except GoogleAPICallError as error:
            if NO_TOKEN in str(error):
                return without_token(error), 0.0
            if error.code == 401:
                return self._unknown_here(error), 0.0
            self._is_known |= error.code == 403
            return classify(error, rpc), asked_to_wait(error)
        except GoogleAuthError as error:
            return without_token(error), 0.0
        except (DecodeError, ValueError) as error:
            return Failure(State.UNREADABLE, first_line(error)), 0.0
        if answer is None:  # what gRPC's asyncio stack makes of bytes that it cannot decode
            return Failure(State.UNREADABLE, "the answer is not of the form that the method has"), 0.0
        self._is_known = True
        return answer, 0.0

    def _unknown_here(self, error: GoogleAPICallError) -> Failure:
        """The failure of a service that does not take credentials which others take. Raises `NoCredentials`."""
        if not self._is_known:
            raise NoCredentials(first_line(error))
        return Failure(State.REFUSED, f"this service does not take these credentials: {first_line(error)}")

    async def pages(self, rpc: Rpc, method: Callable[..., Any], request: Any) -> AsyncIterator[Any]:
        """All pages of an answer, as plain protobuf messages; the next is asked for while one is worked on."""
        seen: set[str] = set()
        page = await self.answer(rpc, method, request)
        while token := page.next_page_token:
            if token in seen:
                raise Refused(Failure(State.UNREADABLE, "a page token came twice, the pages have no end"))
            seen.add(token)
            request.page_token = token
            following = asyncio.ensure_future(self.answer(rpc, method, request))
            following.add_done_callback(noticed)
            try:
                yield page
                page = await following
            finally:
                following.cancel()
        yield page

    async def each(self, rpc: Rpc, method: Callable[..., Any], request: Any, field: str) -> AsyncIterator[Any]:
        """Every element of a list over all pages."""
        async for page in self.pages(rpc, method, request):
            for element in getattr(page, field):
                yield element


async def together(work: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
    """What pieces of work give, done at once; the first failure ends the others and is raised."""
    tasks = [asyncio.ensure_future(piece) for piece in work]
    try:
        return [await task for task in tasks]
    finally:
        for task in tasks:
            task.cancel()
            task.add_done_callback(noticed)


async def _understood(attempt: Awaitable[Any]) -> Any:
    """What an attempt gives; an error that the client cannot tell is raised as the service meant it."""
    try:
        return await attempt
    except ValueError as error:
        raise contradicted(error) or error from None


def noticed(future: asyncio.Future[Any]) -> None:
    """Take note of a page's failure that nobody waits for any more."""
    if not future.cancelled():
        future.exception()
