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
import subprocess
import sys
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
        fake.inventory(ORGANIZATION, "RESOURCE", ())  # made before anybody waits for it
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
    """A live scan by all checks, from the first request to the last verdict."""
    from datetime import UTC, datetime

    from auditor.clock import Clock
    from auditor.engine.scan import Scan
    from auditor.loading import load_checks
    from auditor.sources.live.estate import vouched_by
    from auditor.sources.live.needs import needs_of
    from auditor.sources.live.plan import Order
    from auditor.sources.live.run import Access, live_source

    start = time.perf_counter()
    checks = load_checks(())
    needs = needs_of(checks, access=True)
    loaded = time.perf_counter()
    with Server(projects, assets, latency) as server:
        ready = time.perf_counter()
        source = live_source(Order(targets=(ORGANIZATION,), needs=needs), Access(), connection=server.connection())
        collected = time.perf_counter()
        source.needs = needs
        exported = vouched_by([source], frozenset())
        outcome = Scan(checks, clock=Clock(datetime(2026, 11, 22, tzinfo=UTC)), settings={}, exported=exported).run(
            [source]
        )
        judged = time.perf_counter()
        requests = sum(server.calls().values())
    return {
        "what": "live scan",
        "projects": projects,
        "latency_ms": 1_000 * latency,
        "records": sum(outcome.records.values()),
        "verdicts": sum(tally.asked for tally in outcome.recorder.tallies.values()),
        "requests": requests,
        "requests_per_project": round(requests / projects, 2),
        "seconds_collecting": round(collected - ready, 2),
        "seconds": round(judged - ready + loaded - start, 2),
    }


def bulk(assets: int, latency: float) -> dict[str, Any]:
    """The resources of one estate page by page: converted and written as a collection does, then by a bare loop."""
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

    async def run(server: Server, journal: Journal | None) -> int:
        connection = server.connection()
        calls = Calls(connection)
        try:
            return await (loop(calls) if journal is None else ours(calls, journal))
        finally:
            await connection.close()

    with Server(max(1, assets // 500), assets, latency) as server, tempfile.TemporaryDirectory() as folder:
        journal = Journal(Path(folder, "journal"), {})
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        start, used = time.perf_counter(), time.process_time()
        found = asyncio.run(run(server, journal))
        ended, used = time.perf_counter(), time.process_time() - used
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        journal.close()
        asyncio.run(run(server, None))
        bare = time.perf_counter() - ended
    return {
        "assets": found,
        "seconds": round(ended - start, 2),
        "seconds_of_a_bare_loop": round(bare, 2),
        "cpu_microseconds_an_asset": round(used / found * 1e6),
        "megabytes_grown": round((after - before) / 1024),
    }


def main() -> None:
    """Measure and print, a JSON line each."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--projects", type=int, default=100)
    parser.add_argument("--assets", type=int, default=200_000)
    parser.add_argument("--latency", type=float, default=0.05, help="seconds of each call")
    parser.add_argument("--only", choices=("whole", "bulk"))
    options = parser.parse_args()
    if options.only == "whole":
        print(json.dumps(whole(options.projects, 20 * options.projects, options.latency)))
    elif options.only is not None:
        print(json.dumps(bulk(options.assets, options.latency)))
    else:
        _all(options)


def _all(options: argparse.Namespace) -> None:
    """Every figure in a process of its own, so that memory is each one's; with the ratios that are aimed at."""

    def figures(only: str, assets: int) -> dict[str, Any]:
        command = [sys.executable, "-m", "benchmarks.live", "--only", only, "--assets", str(assets)]
        command += ["--projects", str(options.projects), "--latency", str(options.latency)]
        found: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        return found

    scan = figures("whole", options.assets)
    print(
        f"live scan of {scan['projects']} projects, {scan['latency_ms']:.0f} ms a call: {scan['requests']} requests, "
        f"{scan['requests_per_project']} a project; {scan['seconds']} s, {scan['seconds_collecting']} s of them "
        f"collecting; {scan['records']:,} records, {scan['verdicts']:,} verdicts",
        flush=True,
    )
    ours, quarter = figures("bulk", options.assets), figures("bulk", options.assets // 4)
    print(
        f"collecting {ours['assets']:,} assets: {ours['assets'] / ours['seconds']:,.0f} a second, "
        f"{ours['seconds_of_a_bare_loop'] / ours['seconds']:.0%} of the speed of a bare loop over the client's pages, "
        f"{ours['cpu_microseconds_an_asset']} µs of CPU each; "
        f"{ours['megabytes_grown']} MB, {ours['megabytes_grown'] - quarter['megabytes_grown']:+} MB from a quarter"
    )


if __name__ == "__main__":
    main()
