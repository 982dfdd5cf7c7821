"""Collections that are stopped or killed at any moment: the real program as a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from auditor.sources.live.estate import Collected
from tests.fake_google import Estate, Fake, Fault
from tests.live_support import ORGANIZATION, small_estate

ROOT = Path(__file__).parents[1]
PROGRAM = """
import signal, sys
from auditor.cli import entry
from auditor.sources.live.run import Access
from tests.live_support import connection_at

ports = int(sys.argv.pop(1)), int(sys.argv.pop(1))
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell in the background ignores it
Access.connect = lambda access: connection_at(*ports)
entry()
"""
"""The program, with a fake on loopback in place of Google."""
LONG = 600.0
"""Seconds that a test does not wait for."""


class Watched(Fake):
    """A fake that tells when it has got so many requests that are looked for, and from then on answers nothing."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._looked_for: Callable[[str], bool] = lambda _: False
        self._left = 0
        self._reached = threading.Event()
        self._answering = threading.Event()

    def stop_at(self, count: int, looked_for: Callable[[str], bool] = lambda _: True) -> None:
        """From the `count`-th such request on, keep all answers back."""
        self._left, self._looked_for = count, looked_for
        self._reached.clear()
        self._answering.clear()

    def stopped(self) -> bool:
        """Wait until that has happened."""
        return self._reached.wait(LONG)

    def go_on(self) -> None:
        """Answer again, and forget what was asked."""
        self.hold("", self._answering)
        self._answering.set()
        self._left = 0
        self.reset()

    def record(self, path: str, request: Any) -> Fault | None:
        fault = super().record(path, request)
        self._left -= self._looked_for(path)
        if self._left == 0 and not self._answering.is_set() and self._looked_for(path):
            self.hold("", self._answering)
            self._reached.set()
        return fault


@pytest.fixture(scope="module")
def estate() -> Estate:
    return small_estate()


@pytest.fixture(scope="module")
def whole(estate: Estate, tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Any], int]:
    """(records, requests) of a collection that nothing stops."""
    folder = tmp_path_factory.mktemp("whole")
    with Fake(estate, page_size=9) as fake:
        code, said = ended(started(fake, folder, *COLLECT))
        assert code == 0, said
        return lines(folder / "e.ndjson"), len(fake.calls)


@pytest.fixture
def fake(estate: Estate) -> Iterator[Watched]:
    fake = Watched(estate, page_size=9)
    with fake:
        yield fake
        fake.go_on()  # else its threads would wait for ever


def started(fake: Fake, folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """The program at work in a folder."""
    command = [sys.executable, "-c", PROGRAM, str(fake.port), str(fake.http_port), *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        command, cwd=folder, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    """(exit code, all that it said)."""
    out, err = process.communicate(timeout=LONG)
    return process.returncode, " ".join((out + err).split())


def lines(file: Path) -> list[Any]:
    """The records of a collection. The order of names within free JSON is the server's, and differs every time."""
    return [json.loads(line) for line in file.read_bytes().splitlines()]


COLLECT = ("collect", ORGANIZATION, "-o", "e.ndjson", "--everything")


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL], ids=lambda end: str(end.name))
def test_what_was_collected_is_kept_and_gone_on_with(
    fake: Watched, whole: tuple[list[Any], int], tmp_path: Path, end: signal.Signals
) -> None:
    records, everything = whole
    fake.stop_at(everything - 4)
    process = started(fake, tmp_path, *COLLECT)
    assert fake.stopped()
    process.send_signal(end)
    code, said = ended(process)
    if end is not signal.SIGKILL:
        assert code == 3
        assert "go on with the same command and --resume" in said
    assert "Traceback" not in said
    assert not (tmp_path / "e.ndjson").exists()
    fake.go_on()
    code, said = ended(started(fake, tmp_path, *COLLECT, "--resume"))
    assert code == 0, said
    assert len(fake.calls) < everything
    assert lines(tmp_path / "e.ndjson") == records
    assert not (tmp_path / "e.ndjson.partial").exists()


@pytest.mark.parametrize(
    ("slow", "arguments"),
    [("/billingAccounts", ()), ("Operations/GetOperation", ("--via", "gs://exports/audit"))],
    ids=["a REST answer", "an export"],
)
def test_waiting_ends_with_ctrl_c_at_once(fake: Watched, tmp_path: Path, slow: str, arguments: tuple[str, ...]) -> None:
    """Also where the answer is not there yet: nobody waits for it any more."""
    fake.stop_at(1, lambda path: slow in path)
    process = started(fake, tmp_path, *COLLECT, *arguments)
    assert fake.stopped()
    process.send_signal(signal.SIGINT)
    code, said = ended(process)  # while the server still holds the answer back
    assert code == 3, said
    assert "--resume" in said
    assert "Traceback" not in said
    fake.go_on()
    code, said = ended(started(fake, tmp_path, *COLLECT, *arguments, "--resume"))
    assert code == 0, said
    assert Collected.of_file(tmp_path / "e.ndjson").coverage.reached


def test_a_scan_that_is_stopped_says_how_to_keep_what_is_collected(fake: Watched, tmp_path: Path) -> None:
    fake.stop_at(5)
    process = started(fake, tmp_path, "scan", ORGANIZATION, "-o", "run.json")
    assert fake.stopped()
    process.send_signal(signal.SIGTERM)
    code, said = ended(process)
    assert code == 3, said
    assert f"auditor collect {ORGANIZATION} -o estate.ndjson.gz" in said
    assert not (tmp_path / "run.json").exists()


def test_ctrl_c_while_it_judges_is_no_failed_gate(fake: Watched, tmp_path: Path) -> None:
    """Ctrl-C comes from a check here, so that it comes in the right moment."""
    (tmp_path / "ours").mkdir()
    (tmp_path / "ours" / "stop.py").write_text("raise KeyboardInterrupt\n")
    code, said = ended(started(fake, tmp_path, "scan", ".", "--checks-dir", "ours"))
    assert code == 3, said
    assert said == "Stopped; nothing was judged"
