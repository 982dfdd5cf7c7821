"""What each check costs in a scan: `python -m benchmarks.checks [--all] [--to 30] [FILE]`.

Every check is timed around its own function, so that a check that is asked first pays for an index that others use
too, and what precedents answer costs nothing. The last line is what all the rest of the scan takes.
"""

from __future__ import annotations

import argparse
import dataclasses
import functools
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from auditor.check import Check
from auditor.clock import Clock
from auditor.config import SelectSection
from auditor.engine.scan import Scan
from auditor.engine.select import select
from auditor.loading import load_checks
from auditor.model.verdict import Verdict
from auditor.sources.detect import sources_of


class Timed:
    """A check's function with a stopwatch."""

    def __init__(self, check: Check) -> None:
        self.id = check.id
        self.calls = 0
        self.seconds = 0.0
        self._function = check.function

    def of(self) -> Callable[..., Verdict]:
        """The function as the engine calls it."""

        @functools.wraps(self._function)
        def timed(*arguments: object) -> Verdict:
            start = time.process_time_ns()
            try:
                return self._function(*arguments)
            finally:
                self.seconds += (time.process_time_ns() - start) / 1e9
                self.calls += 1

        return timed


def main() -> None:
    """Scan, and print the dearest checks."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("file", type=Path, nargs="?", default=Path("bench-data/250000.ndjson"))
    parser.add_argument("--all", action="store_true", help="also the checks that are not asked by default")
    parser.add_argument("--to", type=int, default=30, help="how many checks to print")
    given = parser.parse_args()
    checks = select(load_checks(), SelectSection(all=given.all), [])
    watches = [Timed(check) for check in checks]
    timed = [dataclasses.replace(check, function=watch.of()) for check, watch in zip(checks, watches, strict=True)]
    scan = Scan(timed, clock=Clock(datetime(2026, 11, 22, tzinfo=UTC)), settings={})
    start = time.process_time()
    outcome = scan.run(sources_of(str(given.file)))
    whole = time.process_time() - start
    print(f"{len(outcome.population):,} assets, {len(checks)} checks, {whole:.1f} s CPU")
    for watch in sorted(watches, key=lambda watch: -watch.seconds)[: given.to]:
        each = watch.seconds / max(watch.calls, 1) * 1e6
        print(f"{watch.seconds:7.3f} s {watch.calls:9,} times {each:9.1f} µs  {watch.id}")
    print(f"{whole - sum(watch.seconds for watch in watches):7.3f} s  all the rest")


if __name__ == "__main__":
    main()
