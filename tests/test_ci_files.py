"""What CI systems read: valid, using only what exists, and doing what it says when its steps are run here."""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path

import jsonschema
import pytest
import yaml

from auditor.cli.scan import command
from auditor.model.run import RUN, Finding
from auditor.model.verdict import Severity
from reports import codequality
from reports.places import place_of
from tests.support import NOW, ndjson, policy, project, run

ROOT = Path(__file__).parent.parent
PLAN = ROOT / "examples" / "lucky_gas" / "plan.json"
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
HOOKS = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
GITLAB = yaml.safe_load((ROOT / "examples" / "ci" / "gitlab.yml").read_text(encoding="utf-8"))
GITHUB = yaml.safe_load((ROOT / "examples" / "ci" / "github.yml").read_text(encoding="utf-8"))
BASH = shutil.which("bash")
needs_bash = pytest.mark.skipif(BASH is None or os.name == "nt", reason="there is no bash here to run the steps")
OPTIONS = {name for parameter in command.params for name in parameter.opts}
FORMATS = {entry.name for entry in entry_points(group="auditor.reports")} | {"codequality"}


def every_command(text: str) -> Iterator[list[str]]:
    """The `auditor scan` commands of a shell script, as words; arrays of options count as part of them."""
    for match in re.finditer(r"(?:auditor|\"\$AUDITOR\") scan[^\n|]*(?:\n +[^\n|]*)?", text):
        yield shlex.split(match[0].replace("\n", " "))
    for match in re.finditer(r"options\+?=\(([^)]*)\)", text):
        yield shlex.split(match[1])


SCRIPTS = {
    "action.yml": "\n".join(step["run"] for step in ACTION["runs"]["steps"]),
    "gitlab.yml": "\n".join(GITLAB["audit"]["script"]),
    **{f"hook {hook['id']}": shlex.join([*shlex.split(hook["entry"]), *hook.get("args", [])]) for hook in HOOKS},
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_every_option_and_format_exists(name: str) -> None:
    words = [word for words in every_command(SCRIPTS[name]) for word in words]
    assert words
    assert {word for word in words if re.fullmatch(r"--?[a-z][a-z-]*", word)} <= OPTIONS
    outputs = [words[i + 1] for i, word in enumerate(words) if word == "-o"]
    assert {Path(output).suffix[1:] for output in outputs if not output.startswith("$")} <= FORMATS


def test_the_action_uses_each_of_its_inputs_and_no_other() -> None:
    used = set(re.findall(r"\$\{\{ inputs\.([\w-]+) \}\}", (ROOT / "action.yml").read_text(encoding="utf-8")))
    assert used == set(ACTION["inputs"])
    assert all(entry["description"] for entry in [*ACTION["inputs"].values(), *ACTION["outputs"].values()])


def test_no_script_of_the_action_has_an_expression_in_it() -> None:
    """An expression in a script is pasted into it before a shell reads it: a name with a quote would be code."""
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step["run"]
        assert step["shell"] == "bash"


def test_the_github_example_gives_the_action_only_inputs_that_it_has() -> None:
    (step,) = [step for step in GITHUB["jobs"]["audit"]["steps"] if step.get("name") == "audit"]
    assert set(step["with"]) <= set(ACTION["inputs"])
    upload = GITHUB["jobs"]["audit"]["steps"][-1]
    assert upload["if"] == f"always() && steps.{step['id']}.outputs.sarif"
    assert upload["with"]["sarif_file"] == f"${{{{ steps.{step['id']}.outputs.sarif }}}}"
    assert "sarif" in ACTION["outputs"]
    assert GITHUB["permissions"] == {"contents": "read", "security-events": "write", "actions": "read"}


def test_the_hooks_have_what_pre_commit_needs() -> None:
    for hook in HOOKS:
        assert {"id", "name", "entry", "language", "files"} <= set(hook)
        assert hook["language"] == "python"
        re.compile(hook["files"])
    terraform, plans = (re.compile(hook["files"]) for hook in HOOKS)
    assert all(
        terraform.search(name) for name in ("main.tf", "a/b.tf.json", "x.tfvars", "x.auto.tfvars.json", "a.tofu")
    )
    assert not any(terraform.search(name) for name in ("main.tfstate", "a.json", "README.md"))
    assert plans.search("infra/plan.json")
    assert not plans.search("floorplan.json")


def run_action(folder: Path, **inputs: str) -> tuple[int, dict[str, str], str, str]:
    """Run the action's steps as a runner would: exit code, outputs of the scan, summary, log."""
    given = {name: entry.get("default", "") for name, entry in ACTION["inputs"].items()}
    given.update({"install": "false", **{name.replace("_", "-"): value for name, value in inputs.items()}})
    (folder / "temp").mkdir(exist_ok=True)
    known = {f"inputs.{name}": value for name, value in given.items()}
    known |= {"github.action_path": str(ROOT), "runner.temp": str(folder / "temp")}
    summary, log, code = folder / "summary.md", "", 0
    outputs: dict[str, str] = {}
    for step in ACTION["runs"]["steps"]:
        told = folder / f"{step['id']}.out"
        told.touch()
        filled = {name: evaluated(value, known) for name, value in step["env"].items()}
        place = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        env = {**os.environ, "PATH": place, "GITHUB_OUTPUT": str(told), "GITHUB_STEP_SUMMARY": str(summary), **filled}
        assert BASH is not None
        shell = [BASH, "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
        done = subprocess.run(shell, cwd=folder, env=env, capture_output=True, text=True, check=False)
        log, code = log + done.stdout + done.stderr, done.returncode
        outputs = written(told.read_text())
        known |= {f"steps.{step['id']}.outputs.{name}": value for name, value in outputs.items()}
        if code:
            break
    return code, outputs, summary.read_text() if summary.exists() else "", log


def evaluated(text: str, known: dict[str, str]) -> str:
    """A value of the action with its expressions filled in."""
    return re.sub(r"\$\{\{ ([\w.-]+) \}\}", lambda match: known[match[1]], text)


def written(text: str) -> dict[str, str]:
    """The outputs in a file of `name=value` lines and `name<<mark` blocks."""
    found = {match[1]: match[3] for match in re.finditer(r"^([\w-]+)<<(.+)\n((?:.*\n)*?)\2$", text, re.MULTILINE)}
    plain = re.findall(r"^([\w-]+)=(.*)$", text, re.MULTILINE)
    return {name: value.removesuffix("\n") for name, value in found.items()} | dict(plain)


@needs_bash
def test_the_action_audits_the_example_plan(tmp_path: Path) -> None:
    shutil.copy(PLAN, tmp_path / "plan.json")
    shutil.copytree(PLAN.parent / "terraform", tmp_path / "infra")
    code, outputs, summary, log = run_action(tmp_path, target="plan.json", terraform_dir="infra")
    assert code == 1, log
    assert outputs == {"exit-code": "1", "sarif": "auditor.sarif"}
    assert summary.startswith("#")
    assert "FAILED" in log
    report = json.loads((tmp_path / "auditor.sarif").read_text())
    schema = json.loads((ROOT / "tests" / "data" / "sarif-schema-2.1.0.json").read_text())
    jsonschema.validate(report, schema)
    uris = {r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for r in report["runs"][0]["results"]}
    assert uris == {"infra/main.tf"}


@needs_bash
def test_the_action_audits_files_with_values(tmp_path: Path) -> None:
    """Each line names a file; the finding is there only with the values of both."""
    infra = tmp_path / "infra dir"
    infra.mkdir()
    (infra / "main.tf").write_text(
        'variable "who" {}\nvariable "where" {}\n'
        'resource "google_storage_bucket_iam_member" "m" {\n'
        '  bucket = var.where\n  role   = "roles/storage.objectViewer"\n  member = var.who\n}\n'
    )
    (tmp_path / "who.tfvars").write_text('who = "allUsers"\n')
    (tmp_path / "wh ere.tfvars").write_text('where = "b"\n')
    (tmp_path / "auditor.toml").write_text('[select]\ncheck = ["bucket-public"]\n')
    code, outputs, _, log = run_action(tmp_path, target="infra dir", var_file="who.tfvars\n\nwh ere.tfvars\n")
    report = json.loads((tmp_path / "auditor.sarif").read_text())
    places = [result["locations"][0]["physicalLocation"] for result in report["runs"][0]["results"]]
    assert [(place["artifactLocation"]["uri"], place["region"]["startLine"]) for place in places] == [
        ("infra%20dir/main.tf", 3)
    ], log
    assert (code, outputs["exit-code"]) == (1, "1")


@needs_bash
def test_the_action_lays_a_plan_over_an_estate(tmp_path: Path) -> None:
    estate = [project(), policy(project(), {"bindings": [{"role": "roles/owner", "members": ["allUsers"]}]})]
    (tmp_path / "estate.ndjson").write_bytes(ndjson(estate))
    (tmp_path / "plan.json").write_text(
        json.dumps({"format_version": "1.2", "planned_values": {}, "resource_changes": []})
    )
    code, _, _, log = run_action(tmp_path, target="plan.json", on="estate.ndjson", exported="all")
    assert code == 0, log
    assert "the plan brings 0 findings" in log


@needs_bash
@pytest.mark.parametrize(
    ("inputs", "code", "words"),
    [
        ({"target": "nowhere.json"}, 2, "no such file or folder"),
        ({"target": "--help"}, 2, "no such file or folder"),
        ({"target": 'a"; exit 7; "$(exit 8)'}, 2, "no such file or folder"),
        ({"target": "plan.json", "fail-on": "nonsense"}, 2, "nonsense"),
        ({"target": "cut.json"}, 2, "is the file cut off?"),
    ],
)
def test_the_action_passes_the_exit_code_through(inputs: dict[str, str], code: int, words: str, tmp_path: Path) -> None:
    shutil.copy(PLAN, tmp_path / "plan.json")
    (tmp_path / "cut.json").write_text('{"format_version": "1.2", "planned_values": {')
    (tmp_path / "auditor.sarif").write_text("of an earlier run")
    given, outputs, summary, log = run_action(tmp_path, **inputs)
    assert given == code, log
    assert words in log
    assert outputs == {"exit-code": str(code)}
    assert not summary
    assert not (tmp_path / "auditor.sarif").exists()


@needs_bash
def test_a_long_summary_is_cut_between_lines(tmp_path: Path) -> None:
    fake = tmp_path / "bin"
    fake.mkdir()
    line = "x" * 999
    (fake / "auditor").write_text(
        "#!/bin/sh\n"
        'for name; do case "$name" in *.md) for i in $(seq 1100); do\n'
        f'echo {line}; done > "$name";; esac; done\n'
    )
    (fake / "auditor").chmod(0o755)
    step = ACTION["runs"]["steps"][1]
    env = {**os.environ, "AUDITOR": str(fake / "auditor"), "TARGET": "t", "FAIL_ON": "high", "SARIF": "s.sarif"}
    env |= dict.fromkeys(("ESTATE", "EXPORTED", "TERRAFORM_DIR", "VAR_FILES", "CONFIG"), "")
    env |= {
        "SUMMARY": "true",
        "PLACE": str(tmp_path),
        "GITHUB_OUTPUT": str(tmp_path / "o"),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "s"),
    }
    assert BASH is not None
    done = subprocess.run([BASH, "-eo", "pipefail", "-c", step["run"]], cwd=tmp_path, env=env, check=False)
    assert done.returncode == 0
    text = (tmp_path / "s").read_text()
    assert 990_000 < len(text) < 1 << 20
    assert {len(row) for row in text.splitlines()[:-3]} == {999}
    assert text.endswith("it is cut here, since a summary takes no more.\n")


@needs_bash
@pytest.mark.skipif(
    not os.environ.get("AUDITOR_TEST_INSTALL"), reason="AUDITOR_TEST_INSTALL is not set: needs a package index"
)
def test_the_action_installs_the_auditor(tmp_path: Path) -> None:
    shutil.copy(PLAN, tmp_path / "plan.json")
    code, outputs, _, log = run_action(tmp_path, target="plan.json", install="true")
    assert code == 1, log
    assert outputs["exit-code"] == "1"


@needs_bash
def test_the_gitlab_job_leaves_its_artifacts(tmp_path: Path) -> None:
    if "codequality" not in {entry.name for entry in entry_points(group="auditor.reports")}:
        pytest.skip("this installation does not know the format codequality yet; install it again")
    job = GITLAB["audit"]
    shutil.copytree(PLAN.parent / "terraform", tmp_path / "infra")
    shutil.copy(PLAN, tmp_path / "infra" / "plan.json")
    env = {**os.environ, **job["variables"], "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    assert BASH is not None
    done = subprocess.run([BASH, "-e", "-c", "\n".join(job["script"])], cwd=tmp_path, env=env, check=False)
    assert done.returncode == 1
    entries = json.loads((tmp_path / job["artifacts"]["reports"]["codequality"]).read_text())
    assert {entry["location"]["path"] for entry in entries} == {"infra/main.tf"}
    assert all((tmp_path / path).exists() for path in job["artifacts"]["paths"])


def test_code_quality_tells_each_finding_with_its_place(tmp_path: Path) -> None:
    out = tmp_path / "run.json"
    run("scan", PLAN, "--terraform-dir", PLAN.parent / "terraform", "--now", NOW, "-q", "-o", out)
    made = RUN.validate_json(out.read_bytes())
    written_ = io.BytesIO()
    codequality.render(made, written_)
    entries = json.loads(written_.getvalue())
    assert [entry["fingerprint"] for entry in entries] == [finding.fingerprint for finding in made.findings]
    assert all(entry["location"]["path"].endswith("terraform/main.tf") for entry in entries)
    assert {entry["severity"] for entry in entries} <= {"blocker", "critical", "major", "minor", "info"}
    made.findings.clear()
    written_ = io.BytesIO()
    codequality.render(made, written_)
    assert json.loads(written_.getvalue()) == []


@pytest.mark.parametrize(
    ("source", "address", "place"),
    [
        ("main.tf:12", "google_x.y", ("main.tf", 12)),
        ("./main.tf:12 google_x.y", "google_x.y", ("main.tf", 12)),
        ("plan.json google_x.y, google_x.z", "google_x.y, google_x.z", ("plan.json", None)),
        ("e.ndjson:3", "", ("e.ndjson", 3)),
        ("e.json element 4", "", ("e.json", None)),
        ("", "", ("", None)),
    ],
)
def test_the_place_of_a_finding(source: str, address: str, place: tuple[str, int | None]) -> None:
    finding = Finding(
        fingerprint="0" * 16,
        check="c",
        severity=Severity.HIGH,
        asset="//x/y",
        asset_type="t",
        project="",
        message="m",
        evidence={},
        fix="",
        address=address,
        source=source,
    )
    assert place_of(finding) == place
