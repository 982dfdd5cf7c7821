"""Collecting a live estate, against a server on loopback that takes its time: `python -m benchmarks.live`.

Two figures. A whole collection of many small projects: requests and wall time. The bulk of one large estate: how much
of the speed of a bare loop over the client's pages is left, and how memory grows. The server is another process.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Any

from benchmarks.generate import documents

ORGANIZATION = "organizations/1"
MANAGER = "cloudresourcemanager.googleapis.com"


def organization(projects: int, assets: int) -> Iterator[dict[str, Any]]:
    """So many projects of one organisation with so many assets of the usual mixture in all."""
    yield _container("Organization", ORGANIZATION, [ORGANIZATION], {"directoryCustomerId": "C01bench"})
    keys = [f"projects/{1_000_000 + number}" for number in range(projects)]
    for number, key in enumerate(keys):
        data = {"projectId": f"bench-{number}", "projectNumber": key[9:], "lifecycleState": "ACTIVE"}
        yield _container("Project", key, [key, ORGANIZATION], data)
    for number, asset in enumerate(documents(assets)):
        if not asset["asset_type"].startswith(MANAGER):
            yield {**asset, "ancestors": [keys[number % projects], ORGANIZATION]}


def _container(kind: str, key: str, ancestors: list[str], data: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": f"//{MANAGER}/{key}",
        "asset_type": f"{MANAGER}/{kind}",
        "ancestors": ancestors,
        "resource": {"data": data},
    }


def _serve(pipe: Pipe, projects: int, assets: int, latency: float) -> None:
    """The server's process: tells its ports, serves until it is told to end, and tells its calls."""
    from tests.fake_google import Estate, Fake

    with Fake(Estate(organization(projects, assets)), latency=latency) as fake:
        for content in ("RESOURCE", "IAM_POLICY"):
            fake.inventory(ORGANIZATION, content, ())  # made before anybody waits for it
        pipe.send((fake.port, fake.http_port))
        pipe.recv()
        pipe.send(dict(fake.counts()))


class Server:
    """A fake in a process of its own."""

    def __init__(self, projects: int, assets: int, latency: float) -> None:
        self._pipe, other = multiprocessing.Pipe()
        self._process = multiprocessing.Process(target=_serve, args=(other, projects, assets, latency), daemon=True)

    def __enter__(self) -> Server:
        self._process.start()
        self.port, self.http_port = self._pipe.recv()
        return self

    def calls(self) -> dict[str, int]:
        """End the server; the calls that it got."""
        self._pipe.send("end")
        counts: dict[str, int] = self._pipe.recv()
        return counts

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.join()

    def connection(self) -> Any:
        """A connection on which every host is the server."""
        import grpc  # type: ignore[import-untyped]  # the package has no types

        from auditor.sources.live.connection import Connection

        options = [("grpc.max_receive_message_length", -1)]
        return Connection(
            channel=lambda _: grpc.aio.insecure_channel(f"127.0.0.1:{self.port}", options=options),
            address=lambda _: f"http://127.0.0.1:{self.http_port}",
        )


def whole(projects: int, assets: int, latency: float) -> dict[str, Any]:
    """A collection of what all checks read, as `auditor collect` makes it."""
    from auditor.loading import load_checks
    from auditor.sources.live.collection import Order
    from auditor.sources.live.estate import write
    from auditor.sources.live.journal import Journal
    from auditor.sources.live.needs import needs_of
    from auditor.sources.live.run import Access, collect

    order = Order(targets=(ORGANIZATION,), needs=needs_of(load_checks(())))
    with Server(projects, assets, latency) as server, tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        journal = Journal(Path(folder, "journal"), order.described())
        coverage = collect(order, server.connection(), journal, Access())
        records = write(Path(folder, "estate.ndjson.gz"), journal, coverage)
        seconds = time.perf_counter() - start
        journal.close()
        requests = sum(server.calls().values())
    return {
        "projects": projects,
        "latency_ms": 1_000 * latency,
        "records": records,
        "requests": requests,
        "requests_per_project": round(requests / projects, 2),
        "seconds": round(seconds, 2),
    }


def bulk(assets: int, latency: float, *, bare: bool) -> dict[str, Any]:
    """The resources of one estate page by page: by a bare loop, or converted and written as a collection does."""
    from auditor.sources.live.assets import PAGE, QUOTA, listed
    from auditor.sources.live.journal import Journal
    from auditor.sources.live.network import Calls

    async def loop(calls: Calls) -> int:
        from google.cloud.asset_v1 import ListAssetsRequest

        request = ListAssetsRequest(parent=ORGANIZATION, content_type="RESOURCE", page_size=PAGE)
        found = 0
        async for _ in await calls.client("asset_v1", "AssetService").list_assets(request):
            found += 1
        return found

    async def ours(calls: Calls, journal: Journal) -> int:
        calls.limiter(QUOTA).quota = type(QUOTA)(QUOTA.name, 1_000_000)  # else it is the quota that is measured
        found = 0
        async for page in listed(calls, ORGANIZATION, "resource", ()):
            found += journal.commit("assets|1|resource", page.records, token=page.token)
        return found

    async def run(server: Server, journal: Journal) -> int:
        connection = server.connection()
        calls = Calls(connection)
        try:
            return await (loop(calls) if bare else ours(calls, journal))
        finally:
            await connection.close()

    with Server(max(1, assets // 500), assets, latency) as server, tempfile.TemporaryDirectory() as folder:
        journal = Journal(Path(folder, "journal"), {})
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        start = time.perf_counter()
        found = asyncio.run(run(server, journal))
        seconds = time.perf_counter() - start
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        journal.close()
    return {
        "what": "bare loop" if bare else "collected",
        "assets": found,
        "seconds": round(seconds, 2),
        "assets_per_second": round(found / seconds),
        "megabytes_grown": round((after - before) / 1024),
    }


def main() -> None:
    """Measure and print, a JSON line each."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--projects", type=int, default=100)
    parser.add_argument("--assets", type=int, default=200_000)
    parser.add_argument("--latency", type=float, default=0.05, help="seconds of each call")
    parser.add_argument("--only", choices=("whole", "bare", "bulk"))
    options = parser.parse_args()
    if options.only in (None, "whole"):
        print(json.dumps(whole(options.projects, 20 * options.projects, options.latency)))
    for bare in (True, False):
        if options.only in (None, "bare" if bare else "bulk"):
            print(json.dumps(bulk(options.assets, options.latency, bare=bare)), flush=True)


if __name__ == "__main__":
    main()
