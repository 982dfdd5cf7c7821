"""What a target or a folder holds is told by its content; what cannot be read is said, and nothing hangs."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from backports import zstd

from auditor.sources.asset_inventory import AssetInventoryExport
from auditor.sources.base import Gaps
from auditor.sources.detect import NotATarget, sources_of
from auditor.sources.terraform_plan import TerraformPlan
from tests.support import bucket, gzipped, ndjson, run, scan

EXPORT = ndjson([bucket("one")])
ARRAY = json.dumps([bucket("two")], indent=2).encode()
PLAN = json.dumps({"format_version": "1.2", "resource_changes": []}).encode()
DEEP = b"[" * 100_000 + b"]" * 100_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one good export."""
    made = tmp_path / "export"
    made.mkdir()
    (made / "good.ndjson").write_bytes(EXPORT)
    return made


def told(target: Path | str) -> tuple[list[str], dict[str, str]]:
    """The names of what was read in a target, and the problem of each thing that could not be."""
    gaps = Gaps()
    read = []
    for source in sources_of(str(target)):
        lines = list(source.lines(gaps))
        if source.kind != "not usable":
            read.append(Path(source.path).name)
            assert lines or source.kind == "Terraform plan"
    return read, {Path(gap.where).name: gap.problem for gap in gaps.told}


def refusal(target: Path | str) -> str:
    """Why nothing in a target can be audited."""
    with pytest.raises(NotATarget) as caught:
        sources_of(str(target))
    return str(caught.value)


@pytest.mark.parametrize("data", [EXPORT, ARRAY, PLAN, gzipped(EXPORT), zstd.compress(ARRAY), b"\xef\xbb\xbf" + ARRAY])
@pytest.mark.parametrize("name", ["0", "000000-000000-000001", "part.0", "export.2026-11-22", ".hidden"])
def test_a_file_without_suffix_is_read_where_it_is_input(name: str, data: bytes, folder: Path) -> None:
    shard = folder / "compute.googleapis.com" / "Disk" / name
    shard.parent.mkdir(parents=True)
    shard.write_bytes(data)
    assert told(folder) == ([name, "good.ndjson"], {})


@pytest.mark.parametrize("name", ["0.gz", "0.zst"])
def test_a_compressed_file_without_further_suffix_is_read_where_it_is_input(name: str, folder: Path) -> None:
    (folder / name).write_bytes(gzipped(EXPORT))
    assert told(folder) == ([name, "good.ndjson"], {})


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("README.md", b"{}"),
        ("picture.png", b"\x89PNG"),
        ("main.tfx", b"{"),
        ("archive.tar.gz", gzipped(b"{")),
        ("LICENSE", b"Apache"),
        ("Makefile", b"{{ all }}"),
        ("config", b"[core]\n\tbare = false\n"),
        (".rc", b'{"plugins": []}'),
        ("list", b'[{"id": 1}]'),
        ("0", b""),
        ("packed", gzipped(b"hello")),
    ],
)
def test_a_file_that_is_no_input_by_its_name_or_content_is_left_alone(name: str, data: bytes, folder: Path) -> None:
    (folder / name).write_bytes(data)
    assert told(folder) == (["good.ndjson"], {})


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("labels.jsonl", b'{"label": "x"}\n', "neither"),
        ("package.json", b'{"name": "x"}', "neither"),
        ("empty.json", b"", "empty"),
        ("0", PLAN[:-5], "not valid JSON"),
        ("1", gzipped(EXPORT)[:20], "cut off"),
        ("2", ARRAY.decode().encode("utf-16"), "UTF-16"),
        ("3", b'{"version": 3, "serial": 1, "modules": []}', "Terraform state of version 3"),
    ],
)
def test_what_is_damaged_or_plainly_something_else_is_told(name: str, data: bytes, words: str, folder: Path) -> None:
    (folder / name).write_bytes(data)
    read, problems = told(folder)
    assert read == ["good.ndjson"]
    assert list(problems) == [name]
    assert words in problems[name]


def test_a_linked_folder_is_read_once_and_loops_end(folder: Path) -> None:
    elsewhere = folder.parent / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "more.ndjson").write_bytes(EXPORT)
    (elsewhere / "back").symlink_to(folder)
    (folder / "link").symlink_to(elsewhere)
    (folder / "again").symlink_to(elsewhere)
    (folder / "self").symlink_to(".")
    read, problems = told(folder)
    assert sorted(read) == ["good.ndjson", "more.ndjson"]
    assert not problems


def test_broken_links_pipes_and_sockets_are_told_and_not_opened(folder: Path) -> None:
    (folder / "gone.json").symlink_to("nowhere")
    (folder / "gone").symlink_to("nowhere")
    (folder / "loop").symlink_to("loop")
    (folder / "null.json").symlink_to("/dev/null")
    os.mkfifo(folder / "pipe.json")
    os.mkfifo(folder / "pipe")
    directory = os.open(folder, os.O_RDONLY)
    with socket.socket(socket.AF_UNIX) as end:
        end.bind(f"/proc/self/fd/{directory}/socket")  # the path of a socket must be short
        read, problems = told(folder)
    os.close(directory)
    assert read == ["good.ndjson"]
    assert {name: problem.partition(",")[0] for name, problem in problems.items()} == {
        "gone": "a link to something that is not there",
        "gone.json": "a link to something that is not there",
        "loop": "a link to something that is not there",
        "null.json": "a device",
        "pipe": "a pipe",
        "pipe.json": "a pipe",
        "socket": "a socket",
    }


@pytest.fixture
def locked(folder: Path) -> Iterator[Path]:
    """A folder with a subfolder that may not be read, a link into it, and one that may be listed and not entered."""
    subfolder = folder / "locked"
    subfolder.mkdir()
    (subfolder / "secret.ndjson").write_bytes(EXPORT)
    subfolder.chmod(0)
    (folder / "link").symlink_to("locked/secret.ndjson")
    listed = folder / "listed"
    listed.mkdir()
    for name in ("more.ndjson", "README.md"):
        (listed / name).write_bytes(EXPORT)
    listed.chmod(0o400)
    yield folder
    subfolder.chmod(0o700)
    listed.chmod(0o700)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_read_is_told(locked: Path) -> None:
    denied = dict.fromkeys(["link", "locked", "more.ndjson"], "permission denied")
    assert told(locked) == (["good.ndjson"], denied)
    assert refusal(locked / "locked").endswith("locked: permission denied")


def test_a_folder_that_cannot_be_listed_is_told(folder: Path) -> None:
    name = "d" * 250
    here = os.open(folder, os.O_RDONLY)
    for _ in range(20):  # longer than any path may be
        os.mkdir(name, dir_fd=here)
        below = os.open(name, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    assert told(folder) == (["good.ndjson"], {name: "file name too long"})


def test_a_folder_of_which_nothing_can_be_read_is_no_target(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.json")
    assert "none of its 1 files can be read" in refusal(tmp_path)
    assert "pipe.json: a pipe" in refusal(tmp_path)


def test_a_pipe_is_refused_without_reading_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    read_end, write_end = os.pipe()
    for pipe in (tmp_path / "pipe", f"/dev/fd/{read_end}"):
        assert refusal(pipe) == f"{pipe}: a pipe, which can be read only once; save it to a file first"
    os.close(read_end)
    os.close(write_end)


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("/dev/zero", "a device, not a file"),
        ("-", "save it to a file first"),
        ("gs://b/x y", "not read directly; copy it first: gcloud storage cp --recursive 'gs://b/x y' ."),
        ("projects/My_P", "live targets are written"),
        ("/nowhere/at/all", "no such file or folder"),
        ("/dev/null/x", "no such file or folder"),
        ("x" * 5000, "file name too long"),
    ],
)
def test_what_is_no_file_is_told_with_what_to_do(target: str, words: str) -> None:
    assert words in refusal(target)
    result = run("scan", "--", target)
    assert result.exit_code == 2
    assert words in " ".join(result.output.split())


def test_what_only_scan_reads_live_is_told_how_to_save(tmp_path: Path) -> None:
    assert "auditor collect projects/p -o estate.ndjson.gz" in refusal("projects/p")


def test_a_link_to_nothing_is_no_target(tmp_path: Path) -> None:
    (tmp_path / "latest.json").symlink_to("nowhere")
    assert refusal(tmp_path / "latest.json").endswith("latest.json: a link to something that is not there")


@pytest.mark.parametrize("data", [EXPORT, ARRAY, PLAN, b"hello", EXPORT + b"{"])
def test_a_name_that_is_not_utf_8_is_shown_and_read(data: bytes, tmp_path: Path) -> None:
    name = os.fsdecode(b"export-\xe9.json")
    (tmp_path / name).write_bytes(data)
    (tmp_path / "good.ndjson").write_bytes(ndjson([bucket("good")]))
    for targets in ((tmp_path,), (tmp_path / name, tmp_path / "good.ndjson")):
        result, report = scan(*targets, json_to=tmp_path.parent / f"{tmp_path.name}.out.json")
        assert result.exit_code in (0, 1, 3), result.output
        shown = {target["path"].rpartition("/")[2] for target in report["targets"]}
        assert shown == {"export-\\xe9.json", "good.ndjson"}
        assert {gap["where"].rpartition("/")[2].partition(":")[0] for gap in report["gaps"]} <= shown


@pytest.mark.parametrize(
    "data",
    [
        DEEP,
        EXPORT.replace(b'"inherited"', DEEP).replace(b"/one", b"/deep"),
        b'{"assets": ' + DEEP + b"}",
        b'{"planned_values": ' + DEEP + b"}",
        b'{\n"assets": ' + DEEP + b"}",
        DEEP.replace(b"[", b'{"a":').replace(b"]", b"1}")[:-1],
    ],
)
@pytest.mark.parametrize("beside", [True, False])
def test_deep_nesting_is_told_in_a_sentence(data: bytes, beside: bool, tmp_path: Path) -> None:
    (tmp_path / "deep.json").write_bytes(data)
    if beside:
        (tmp_path / "good.ndjson").write_bytes(EXPORT)
    result, report = scan(tmp_path, json_to=tmp_path.parent / f"{tmp_path.name}.out.json")
    assert result.exit_code in (2, 3), result.output
    assert "Traceback" not in result.output
    assert not report or report["population"]["assets"] == int(beside)


def test_only_what_this_program_writes_is_trusted(tmp_path: Path) -> None:
    (tmp_path / "export.ndjson").write_bytes(EXPORT)
    (tmp_path / "plan.json").write_bytes(PLAN)
    (tmp_path / "notes.json").write_bytes(b"hello")
    trusted = {type(source): source.trusted for source in sources_of(str(tmp_path))}
    assert trusted.pop(TerraformPlan) is True
    assert trusted.pop(AssetInventoryExport) is False
    assert set(trusted.values()) == {False}
