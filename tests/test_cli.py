"""The command line: exit codes, wrong names, help, and what it costs to ask for help."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
from click.shell_completion import ShellComplete

from auditor import __version__
from auditor.cli import COMMANDS, main
from auditor.loading import load_checks
from tests.support import NOW, PUBLIC, bucket, ndjson, run, scan

CLEAN = bucket("fine", iam_policy={"bindings": []})
OPEN = bucket("open", iam_policy=PUBLIC)


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """An export with one public bucket."""
    (tmp_path / "e.ndjson").write_bytes(ndjson([CLEAN, OPEN]))
    return tmp_path / "e.ndjson"


@pytest.mark.parametrize(
    ("lines", "options", "code", "words"),
    [
        ([CLEAN], [], 0, "PASSED"),
        ([CLEAN], ["--fail-on", "medium"], 1, "FAILED"),
        ([CLEAN, OPEN], [], 1, "1 finding of severity critical"),
        ([CLEAN, OPEN], ["--exclude", "bucket-public"], 0, "PASSED"),
        ([CLEAN], ["--require-coverage", "100", "--check", "bucket-public"], 0, "PASSED"),
        ([bucket("x")], ["--require-coverage", "90", "--check", "bucket-public"], 3, "below the required 90 %"),
        ([OPEN, {"name": ""}], [], 1, "could not be read or used"),
        ([CLEAN, {"name": ""}], [], 3, "could not be read or used"),
    ],
)
def test_the_gate_answers_with_its_exit_code(
    lines: list[dict[str, object]], options: list[str], code: int, words: str, tmp_path: Path
) -> None:
    (tmp_path / "e.ndjson").write_bytes(ndjson(lines))
    result = run("scan", tmp_path / "e.ndjson", "--now", NOW, *options)
    assert result.exit_code == code, result.output
    assert words in " ".join(result.output.split())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--check", "bucket-publik"], "did you mean bucket-public"),
        (["--exclude", "bucket-publik"], "did you mean bucket-public"),
        (["--area", "storag"], "did you mean storage"),
        (["--framework", "cis-gcp-5"], "did you mean cis-gcp-5.0"),
        (["-o", "x.hmtl"], "did you mean html"),
        (["-o", "nowhere/x.html"], "folder nowhere does not exist"),
        (["--checks-dir", "nowhere"], "no such folder"),
        (["--config", "nowhere.toml"], "nowhere.toml"),
        (["--now", "yesterday"], "write it as 2026-11-22T00:00:00Z"),
        (["--fail-on", "critcal"], "critcal"),
        (["--check", "bucket-public", "--area", "iam"], "no check is left to ask"),
    ],
)
def test_a_wrong_name_is_an_error_with_the_nearest_right_one(arguments: list[str], words: str, export: Path) -> None:
    result = run("scan", export, *arguments)
    assert result.exit_code == 2, result.output
    assert words in result.output


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[gate]\nfail_onn = 'high'", "did you mean fail_on"),
        ("[gatte]\n", "did you mean gate"),
        ("[gate]\nfail_on = 'awful'", "gate.fail_on"),
        ("[checks.service-account-key-stalle]\nmax_age_days = 3", "did you mean service-account-key-stale"),
        ("[checks.service-account-key-stale]\nmax_age = 3", "did you mean max_age_days"),
        ("[checks.service-account-key-stale]\nmax_age_days = 'soon'", "int"),
        ("[checks.bucket-public]\nx = 1", "has no settings"),
        ("[scan", "not valid TOML"),
    ],
)
def test_a_wrong_configuration_is_an_error_with_its_place(text: str, words: str, export: Path) -> None:
    config = export.parent / "auditor.toml"
    config.write_text(text)
    result = run("scan", export, "--config", config)
    assert result.exit_code == 2, result.output
    assert "auditor.toml" in result.output
    assert words in result.output


def test_settings_reach_the_check_and_the_report(tmp_path: Path) -> None:
    key = {
        "name": "//iam.googleapis.com/projects/p/serviceAccounts/a@p.iam.gserviceaccount.com/keys/1",
        "asset_type": "iam.googleapis.com/ServiceAccountKey",
        "resource": {
            "data": {
                "keyType": "USER_MANAGED",
                "keyOrigin": "GOOGLE_PROVIDED",
                "validAfterTime": "2026-11-01T00:00:00Z",
                "validBeforeTime": "9999-12-31T23:59:59Z",
            }
        },
        "ancestors": ["projects/1001"],
    }
    (tmp_path / "e.ndjson").write_bytes(ndjson([key]))
    (tmp_path / "auditor.toml").write_text(
        "[checks.service-account-key-stale]\nmax_age_days = 20\n[select]\narea = ['keys']"
    )
    result, report = scan(tmp_path / "e.ndjson", options=["--config", tmp_path / "auditor.toml"])
    assert "service-account-key-stale" in {finding["check"] for finding in report["findings"]}, result.output
    assert report["provenance"]["settings"]["service-account-key-stale"] == {"max_age_days": 20}
    assert {check["area"] for check in report["checks"]} == {"keys"}
    assert "bucket-public" in report["provenance"]["excluded"]


def test_the_report_follows_the_published_schema(export: Path) -> None:
    schema = json.loads(run("schema").output)
    _, report = scan(export)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(report, schema)


def test_a_saved_run_gives_the_same_reports(export: Path) -> None:
    folder = export.parent
    run("scan", export, "--now", NOW, "-o", folder / "run.json", "-o", folder / "one.html", "-o", folder / "one.md")
    result = run("report", folder / "run.json", "-o", folder / "two.html", "-o", folder / "two.md")
    assert result.exit_code == 0, result.output
    assert (folder / "one.html").read_bytes() == (folder / "two.html").read_bytes()
    assert (folder / "one.md").read_bytes() == (folder / "two.md").read_bytes()
    assert run("report", export, "-o", folder / "x.html").exit_code == 2
    assert run("report", folder / "no.json", "-o", folder / "x.html").exit_code == 2


def test_a_report_that_cannot_be_written_is_told(export: Path) -> None:
    (export.parent / "report.html").mkdir()
    result = run("scan", export, "-o", export.parent / "report.html")
    assert result.exit_code == 2
    assert "is a folder" in result.output


def test_the_catalogue_as_json() -> None:
    entries = json.loads(run("checks", "--format", "json").output)
    assert {entry["id"] for entry in entries} == {check.id for check in load_checks()}
    keys = {"id", "area", "title", "severity", "asset_types", "same_as", "controls", "aliases"}
    assert all(keys <= set(entry) for entry in entries)
    stale = next(entry for entry in entries if entry["id"] == "service-account-key-stale")
    assert any(control.startswith("cis-gcp-5.0 ") for control in stale["controls"])


def test_every_check_can_be_explained_in_80_columns() -> None:
    for check in load_checks():
        result = run("explain", check.id)
        assert result.exit_code == 0, result.output
        assert " ".join(result.output.split()).startswith(f"# {check.title}")
        assert "## Fix" in result.output
        prose = [line for line in result.output.splitlines() if not line.startswith("    ")]
        assert max(len(line) for line in prose if " " in line.strip("- ")) <= 100
    assert "did you mean bucket-public" in run("explain", "bucket-publik").output


def test_the_list_of_commands_is_the_commands_own_help() -> None:
    context = main.make_context("auditor", ["scan"], resilient_parsing=True)
    for name, text in COMMANDS.items():
        command = main.get_command(context, name)
        assert command is not None
        assert run(name, "--help").exit_code == 0
        assert text.endswith(".")


@pytest.mark.parametrize(
    ("words", "incomplete", "offered"),
    [
        (["scan", "--check"], "bucket-pub", ["bucket-public", "bucket-public-access-not-prevented"]),
        (["explain"], "firewall-rd", ["firewall-rdp-open"]),
        (["scan", "--area"], "ia", ["iam"]),
        (["scan", "--framework"], "cis", ["cis-gcp-5.0"]),
        ([], "expl", ["explain"]),
    ],
)
def test_the_shell_completes_names(words: list[str], incomplete: str, offered: list[str]) -> None:
    found = ShellComplete(main, {}, "auditor", "_AUDITOR_COMPLETE").get_completions(words, incomplete)
    assert [item.value for item in found] == offered


@pytest.mark.parametrize("words", [["scan"], ["scan", "-o"], ["scan", "e", "--on"], ["access", "paths"]])
def test_the_shell_completes_files(words: list[str]) -> None:
    found = ShellComplete(main, {}, "auditor", "_AUDITOR_COMPLETE").get_completions(words, "ex")
    assert [(item.value, item.type) for item in found] == [("ex", "file")]


def test_version_and_completion() -> None:
    assert __version__ in run("--version").output
    assert "_AUDITOR_COMPLETE" in run("completion", "bash").output
    assert "did you mean scan" in run("scam").output


@pytest.mark.parametrize(
    "arguments", [["--help"], ["scan", "{export}", "-q"], ["checks"], ["schema"], ["explain", "bucket-public"]]
)
def test_no_offline_command_imports_a_google_client(arguments: list[str], export: Path) -> None:
    code = (
        "import sys\nfrom auditor.cli import main\n"
        "try: main(sys.argv[1:])\nexcept SystemExit: pass\n"
        "print({m.split('.')[0] for m in sys.modules} & {'google', 'grpc', 'googleapiclient'}, file=sys.stderr)"
    )
    words = [word.format(export=export) for word in arguments]
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=True)
    assert done.stderr.strip().splitlines()[-1] == "set()"


def test_help_imports_nothing_but_click() -> None:
    code = (
        "import sys\nfrom auditor.cli import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        "print({m.split('.')[0] for m in sys.modules} & {'pydantic', 'msgspec', 'jinja2', 'rich', 'checks'})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().splitlines()[-1] == "set()"


def test_the_summary_fits_a_terminal_of_80_columns(export: Path) -> None:
    environment = {**os.environ, "COLUMNS": "80"}
    command = [sys.executable, "-m", "auditor", "scan", str(export), "--now", NOW]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 1, done.stderr
    assert max(len(line) for line in done.stdout.splitlines()) <= 80
    assert "\x1b" not in done.stdout


def test_output_in_a_windows_code_page_does_not_fail(export: Path) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "cp1252", "COLUMNS": "80"}
    for arguments in (["scan", str(export), "--now", NOW], ["checks"], ["explain", "bucket-public"]):
        command = [sys.executable, "-m", "auditor", *arguments]
        done = subprocess.run(command, capture_output=True, env=environment, check=False)
        assert done.returncode in (0, 1), done.stderr
        assert b"Traceback" not in done.stderr


def test_a_bug_of_ours_does_not_read_as_a_failed_gate() -> None:
    code = "import auditor.cli as cli\ncli.main = lambda **_: 1 / 0\ncli.entry()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert "this is a bug in the auditor" in done.stderr
