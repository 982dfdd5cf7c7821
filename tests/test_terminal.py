"""The program in pipes, on full disks, on terminals with few characters; and what it writes, whole or not at all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support import NOW, PUBLIC, bucket, ndjson

FULL = Path("/dev/full")


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """One public bucket: the gate fails on it."""
    path = tmp_path / "export.ndjson"
    path.write_bytes(ndjson([bucket(iam_policy=PUBLIC)]))
    return path


def auditor(*arguments: str | Path, **environment: str) -> subprocess.Popen[bytes]:
    """`auditor` in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "auditor", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **environment},
    )


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["scan", "--check", "bucket-public"], 1),
        (["scan", "--check", "bucket-versioning-off"], 0),
        (["scan", "--check", "bucket-public", "--require-coverage", "100"], 1),
        (["checks"], 0),
    ],
)
def test_the_exit_code_outlives_the_reader_of_a_pipe(export: Path, arguments: list[str], code: int) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    target = [str(export), "--now", NOW] if arguments[0] == "scan" else []
    command = [sys.executable, "-m", "auditor", arguments[0], *target, *arguments[1:]]
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (code, b"")


@pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")
def test_a_full_disk_is_told_in_a_sentence(export: Path) -> None:
    with FULL.open("wb") as full:
        command = [sys.executable, "-m", "auditor", "scan", str(export), "--now", NOW]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 2
    assert done.stderr == b"Error: cannot write the output: no space left on device\n"


@pytest.mark.parametrize("encoding", ["ascii", "cp437", "cp1252", "utf-8"])
def test_every_terminal_gets_characters_that_it_has(export: Path, encoding: str) -> None:
    export.write_bytes(ndjson([bucket("bücket-→-\u202e-名", iam_policy=PUBLIC)]))
    out, _ = auditor("scan", export, "--now", NOW, PYTHONIOENCODING=encoding, COLUMNS="80").communicate()
    shown = out.decode(encoding)
    assert "\\u202e" in shown
    assert ("×" in shown) == (encoding in ("cp1252", "utf-8"))
    assert ("  1 × " in shown) or ("  1 x " in shown)
    assert ("→" in shown) == (encoding == "utf-8")
    assert ("名" in shown) == (encoding == "utf-8")


def test_an_interrupted_scan_decides_nothing_and_leaves_nothing(tmp_path: Path) -> None:
    export = tmp_path / "export.ndjson"
    export.write_bytes(ndjson([bucket(f"b{number}") for number in range(60_000)]))
    scan = auditor("scan", export, "--now", NOW, "--ledger", tmp_path / "ledger.ndjson", "-o", tmp_path / "r.json")
    for _ in range(600):
        if list(tmp_path.glob(".auditor-*.part")):
            break
        time.sleep(0.05)
    scan.send_signal(signal.SIGINT)
    out, err = scan.communicate()
    assert (scan.returncode, out, err) == (3, b"", b"Stopped; nothing was judged\n")
    assert [path.name for path in tmp_path.iterdir()] == ["export.ndjson"]


@pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")
def test_a_report_that_cannot_be_written_costs_no_other(export: Path, tmp_path: Path) -> None:
    (tmp_path / "full.html").symlink_to(FULL)
    scan = auditor("scan", export, "--now", NOW, "-o", tmp_path / "full.html", "-o", tmp_path / "good.json")
    out, err = scan.communicate()
    assert scan.returncode == 2
    assert err.decode() == f"Error: {tmp_path}/full.html: cannot be written, no space left on device\n"
    assert b"Gate  FAILED" in out
    assert f"Written: {tmp_path}/good.json" in out.decode().replace("\n", "")
    assert (tmp_path / "good.json").stat().st_size


def test_a_report_replaces_the_one_before_with_its_permissions(export: Path, tmp_path: Path) -> None:
    before, link = tmp_path / "kept.md", tmp_path / "link.md"
    before.write_text("yesterday")
    before.chmod(0o640)
    link.symlink_to(before)
    auditor("scan", export, "--now", NOW, "-q", "-o", link).communicate()
    assert before.read_text().startswith("# Stop")
    assert before.stat().st_mode & 0o777 == 0o640
    assert link.is_symlink()


@pytest.mark.parametrize(
    ("output", "sentence"),
    [
        ("folder.html", "folder.html: is a folder; name a file in it"),
        ("report", "report: its suffix should tell the format of the report; known: .codequality .html .json"),
        ("nowhere/report.html", "nowhere/report.html: the folder nowhere does not exist"),
        ("report.htm", "report.htm: no report format is called 'htm'; did you mean html?"),
    ],
)
def test_a_wrong_output_is_told_before_the_scan(
    export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, output: str, sentence: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.html").mkdir()
    scan = auditor("scan", export, "--ledger", "ledger.ndjson", "-o", output)
    out, err = scan.communicate()
    assert (scan.returncode, out) == (2, b"")
    assert sentence in err.decode()
    assert not (tmp_path / "ledger.ndjson").exists()
