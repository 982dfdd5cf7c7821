"""From options to a collection: what the commands `collect` and `scan` have in common."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import weakref
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from auditor.sources.live.collection import Collection, Progress
from auditor.sources.live.connection import DEFAULT_UNIVERSE, Connection
from auditor.sources.live.coverage import Coverage
from auditor.sources.live.estate import Collected, write
from auditor.sources.live.identity import identify
from auditor.sources.live.journal import Journal
from auditor.sources.live.network import Calls, Patience
from auditor.sources.live.permissions import role_to_grant
from auditor.sources.live.plan import Order
from auditor.sources.live.scope import check_targets


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
        identity = identify(self.impersonate, self.quota_project)
        connection = Connection(identity, self.transport, self.endpoint, self.universe)
        connection.host("service.googleapis.com")
        return connection


class NothingRead(Exception):  # noqa: N818 - the message is the sentence that the user reads
    """Every read was refused: there is nothing to judge."""


def collect(
    order: Order, connection: Connection, journal: Journal, access: Access, progress: Progress | None = None
) -> Coverage:
    """Collect into a journal. Raises `NoCredentials`, KeyboardInterrupt; what was committed stays in any case."""
    check_targets(order.targets)

    async def run() -> Coverage:
        calls = Calls(connection, patience=access.patience, at_once=access.at_once)
        try:
            return await Collection(order, calls, journal, progress).run()
        finally:
            await connection.close()

    coverage = asyncio.run(run())
    coverage.identity = connection.identity.described if connection.identity else ""
    return coverage


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
    return role_to_grant(coverage.requested) + (f". The first refusal: {first}" if first else "")
