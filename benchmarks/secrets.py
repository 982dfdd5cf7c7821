"""Measure the secret detectors on text without secrets: `python -m benchmarks.secrets [--megabytes N] [--peer DIR]`.

Two kinds of text: source code, which is Python's standard library, and text that is full of what looks like a
secret, the hard negatives of the tests. Both are files that the detectors find nothing in, read once before the
clock starts. One process, CPU time, best of several runs, so that neighbours do not count.

detect-secrets scans files of the same source code in an environment of its own, which is made in DIR on first use;
where it cannot be installed, the comparison is left out and said to be.
"""

from __future__ import annotations

import argparse
import itertools
import subprocess
import sys
import sysconfig
import tempfile
import time
import venv
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from auditor.secrets import prefilter, scan_text
from auditor.secrets.assignments import assignments
from tests.secret_negatives import negatives

_PEER = """
import sys, time
from detect_secrets.core.scan import scan_file
from detect_secrets.settings import default_settings
with default_settings():
    began = time.process_time()
    for path in sys.stdin.read().split("\\n"):
        list(scan_file(path))
    print(time.process_time() - began)
"""
_PEER_PACKAGE = "detect-secrets==1.5.0"


def source_code(limit: int) -> Iterator[Path]:
    """Files of the standard library in which nothing is found, up to `limit` bytes of them."""
    total = 0
    for path in sorted(Path(sysconfig.get_path("stdlib")).rglob("*.py")):
        text = path.read_text("utf-8", "replace")
        if "site-packages" in path.parts or not text or scan_text(text):
            continue
        total += len(text)
        if total > limit:
            return
        yield path


def hard_texts(limit: int) -> Iterator[str]:
    """Files of hard negatives, mixed, about 10 KB each."""
    total = 0
    for seed in itertools.count():
        parts = [sample.text for sample in negatives(seed, 1)]
        text = "\n".join(parts)
        total += len(text)
        if total > limit:
            return
        if not scan_text(text):
            yield text


def throughput(texts: list[str], read: Callable[[str], object], times: int) -> float:
    """Millions of characters a second of CPU time, in the best of several runs."""
    best = min(_once(texts, read) for _ in range(times))
    return sum(map(len, texts)) / best / 1e6


def _once(texts: Iterable[str], read: Callable[[str], object]) -> float:
    began = time.process_time()
    for text in texts:
        read(text)
    return time.process_time() - began


def peer_seconds(folder: Path, paths: list[Path]) -> float | str:
    """CPU seconds that detect-secrets takes for files, or why they could not be measured."""
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    if not python.exists():
        venv.create(folder, with_pip=True)
    install = [str(python), "-m", "pip", "install", "--quiet", _PEER_PACKAGE]
    installed = subprocess.run(install, capture_output=True, text=True, check=False)
    if installed.returncode:
        return f"{_PEER_PACKAGE} cannot be installed: {installed.stderr.strip().rpartition(chr(10))[2]}"
    listed = "\n".join(map(str, paths))
    done = subprocess.run([str(python), "-c", _PEER], input=listed, capture_output=True, text=True, check=False)
    if done.returncode:
        return f"detect-secrets failed: {done.stderr.strip().rpartition(chr(10))[2]}"
    return float(done.stdout)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--megabytes", type=int, default=8)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--peer", type=Path, default=Path(tempfile.gettempdir()) / "detect-secrets-environment")
    given = parser.parse_args()
    limit = given.megabytes * 1_000_000
    paths = list(source_code(limit))
    code = [path.read_text("utf-8", "replace") for path in paths]
    hard = list(hard_texts(min(limit, 1_000_000)))
    ours = throughput(code, scan_text, given.times)
    size = sum(map(len, code)) / 1e6
    print(f"{len(code)} files of source code, {size:.1f} MB; millions of characters a second, one core")
    print(f"scan_text                     {ours:7.1f}")
    for title, read in _PARTS:
        print(f"  {title:<27} {throughput(code, read, given.times):7.1f}")
    print(f"scan_text, hard negatives     {throughput(hard, scan_text, given.times):7.1f}")
    few = paths[: max(1, len(paths) // 8)]
    seconds = peer_seconds(given.peer, few)
    if isinstance(seconds, str):
        print(f"detect-secrets was not measured: {seconds}")
        return
    size = sum(len(text) for text in code[: len(few)]) / 1e6
    peer = size / seconds
    same = throughput(code[: len(few)], scan_text, given.times)
    print(f"detect-secrets scan_file      {peer:7.3f} on {size:.1f} MB of these files; ours is {same / peer:.0f} ×")


_PARTS: tuple[tuple[str, Callable[[str], object]], ...] = (
    ("long words and anchors", lambda text: prefilter.likely(text, prefilter.plain_bytes(text))),
    ("syllables of names", lambda text: sum(1 for _ in prefilter.hints(prefilter.plain_bytes(text)))),
    ("syllables and assignments", lambda text: sum(1 for _ in assignments(text, prefilter.plain_bytes(text)))),
)


if __name__ == "__main__":
    main()
