"""From options to a collection: what the commands `collect` and `scan` have in common."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import weakref
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeVar

from auditor.sources.live.collection import Collection, Progress
from auditor.sources.live.connection import DEFAULT_UNIVERSE, Connection, check_universe, heed_proxy
from auditor.sources.live.coverage import Coverage
from auditor.sources.live.estate import Collected, write
from auditor.sources.live.identity import identify
from auditor.sources.live.journal import Journal
from auditor.sources.live.network import Calls, Patience
from auditor.sources.live.permissions import role_to_grant
from auditor.sources.live.plan import Order, expectations
from auditor.sources.live.scope import check_targets, resolve

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How Google is reached, and as whom."""

    impersonate: str = ""
    quota_project: str = ""
    transport: Literal["grpc", "rest"] = "grpc"
    endpoint: str = ""
    universe: str = DEFAULT_UNIVERSE
    at_once: int = 16
    """Requests under way at the same time."""
    patience: Patience = field(default_factory=Patience)

    def connect(self) -> Connection:
        """The connection. Raises `NoCredentials`, `UnusableEndpoint`."""
        heed_proxy(self.transport)
        identity = identify(self.impersonate, self.quota_project)
        check_universe(identity, self.universe)
        connection = Connection(identity, self.transport, self.endpoint, self.universe)
        connection.host("service.googleapis.com")
        return connection


class NothingRead(Exception):  # noqa: N818 - the message is the sentence that the user reads
    """Every read was refused: there is nothing to judge."""


def collect(
    order: Order, connection: Connection, journal: Journal, access: Access, progress: Progress | None = None
) -> Coverage:
    """Collect into a journal. Raises `NoCredentials`, KeyboardInterrupt; what was committed stays in any case."""
    coverage = asyncio.run(_reached(order, connection, access, lambda calls: _run(order, calls, journal, progress)))
    coverage.identity = connection.identity.described if connection.identity else ""
    return coverage


def expected(order: Order, connection: Connection, access: Access) -> list[str]:
    """What a collection would ask, and how long that takes; only the scope is read.

    Raises `NoCredentials`, `NothingRead`.
    """

    async def look(calls: Calls) -> list[str]:
        scope = await resolve(calls, order.targets, order.rules)
        if not scope.roots:
            failure = next(iter(scope.unreached.values()))
            raise NothingRead(f"{role_to_grant(order.targets)}. The first refusal: {failure.words}")
        refused = [f"{target} could not be read: {failure.words}" for target, failure in scope.unreached.items()]
        return [*refused, *expectations(order, scope)]

    return asyncio.run(_reached(order, connection, access, look))


async def _run(order: Order, calls: Calls, journal: Journal, progress: Progress | None) -> Coverage:
    return await Collection(order, calls, journal, progress).run()


async def _reached(order: Order, connection: Connection, access: Access, work: Callable[[Calls], Awaitable[T]]) -> T:
    """What some work with the services gives; the connection is closed in any case."""
    check_targets(order.targets)
    calls = Calls(connection, patience=access.patience, at_once=access.at_once, residency=order.residency)
    try:
        return await work(calls)
    finally:
        await connection.close()


def live_source(
    order: Order, access: Access, progress: Progress | None = None, *, connection: Connection | None = None
) -> Collected:
    """A live estate as the source of a scan: collected now, into a folder that goes with the source.

    Raises `NoCredentials`, `NothingRead`.
    """
    folder = Path(tempfile.mkdtemp(prefix="auditor-"))
    try:
        file = _collected(order, connection or access.connect(), access, progress, folder)
        source = Collected.of_file(file, path=", ".join(order.targets))
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    weakref.finalize(source, shutil.rmtree, folder, ignore_errors=True)
    return source


def _collected(order: Order, connection: Connection, access: Access, progress: Progress | None, folder: Path) -> Path:
    """The file of a collection made now, in a folder."""
    journal = Journal(folder / "journal", order.described())
    file = folder / "estate.ndjson"
    try:
        coverage = collect(order, connection, journal, access, progress)
        if coverage.nothing_read:
            raise NothingRead(told_nothing(coverage))
        write(file, journal, coverage)
        journal.remove()
    finally:
        journal.close()
    return file


def told_nothing(coverage: Coverage) -> str:
    """What to grant where nothing could be read, with the first refusal."""
    first = next((part.problem for part in coverage.missing), "")
    if first and all(part.state.passes for part in coverage.failed):
        return (
            f"nothing could be read of {', '.join(coverage.requested)}: Google was not reached, or did not answer; "
            f"look at the network, https_proxy and --endpoint. The first failure: {first}"
        )
    return role_to_grant(coverage.requested) + (f". The first refusal: {first}" if first else "")
