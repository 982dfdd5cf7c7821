"""What a process costs: CPU, wall time, memory."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

AUDITOR = [sys.executable, "-m", "auditor"]


class Measured(NamedTuple):
    """What one process cost: CPU seconds, wall seconds, peak memory in MB."""

    cpu: float
    wall: float
    memory: float


def measure(command: list[str]) -> Measured:
    """Run a command to its end. Exit code 1 is a failed gate, not an error."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment)  # compiled once, as for users
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1):
        raise SystemExit(f"{command} ended with {process.returncode}")
    return Measured(usage.ru_utime + usage.ru_stime, time.perf_counter() - start, usage.ru_maxrss / 1024)


def best(command: list[str], times: int) -> Measured:
    """The cheapest of several runs: what the command costs, without the neighbours."""
    return min((measure(command) for _ in range(times)), key=lambda m: m.cpu)


def audit(path: Path, *options: str) -> list[str]:
    """The command that audits a file as a user would, without a report."""
    return [*AUDITOR, "scan", str(path), "--quiet", "--now", "2026-11-22T00:00:00Z", *options]
