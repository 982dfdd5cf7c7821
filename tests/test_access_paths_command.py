"""`auditor access paths`: its formats, its options, and names that strangers chose."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any
from xml.dom import minidom

import pytest

from auditor.access.control.drawing import dot, svg, svg_document
from auditor.access.control.path_report import section
from tests.escalation_estates import BOSS, EVE, HOME, TARGET, Estate, account
from tests.support import NOW, ndjson, run

HOSTILE = 'user:<script>alert("1")</script>\u202e\x07&\'@example.com'
OWNER = f"serviceAccount:{BOSS}"


def _estate() -> Estate:
    made = Estate()
    made.bind(OWNER, "roles/owner", TARGET)
    made.bind(EVE, "roles/iam.serviceAccountTokenCreator", account(BOSS))
    made.bind("user:bob@example.com", "roles/iam.serviceAccountTokenCreator", account(BOSS))
    return made


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """The estate as an export."""
    return _written(tmp_path, _estate())


def _written(folder: Path, made: Estate) -> Path:
    file = folder / "export.ndjson"
    file.write_bytes(ndjson(list(made.lines())))
    return file


def _paths(*arguments: str | Path) -> Any:
    result = run("access", "paths", "--format", "json", "--now", NOW, *arguments)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_json_has_the_documented_form(export: Path) -> None:
    """One object a path; each step is a sentence with its binding, primitive and certainty."""
    first, second = _paths(export)
    assert [set(first), first["from"], second["from"]] == [
        {"from", "to", "certainty", "steps"},
        "user:bob@example.com",
        EVE,
    ]
    assert (first["to"], first["certainty"]) == ("projects/target", "certain")
    assert [set(step) for step in first["steps"]] == [{"sentence", "binding", "primitive", "certainty"}] * 4
    assert first["steps"][0]["binding"] == {
        "member": "user:bob@example.com",
        "role": "roles/iam.serviceAccountTokenCreator",
        "scope": f"//iam.googleapis.com/projects/-/serviceAccounts/{BOSS}",
    }
    assert [step["primitive"] for step in first["steps"]] == [None, "sa.token", None, "policy.project"]


def test_from_to_limit_and_without(export: Path) -> None:
    """Each narrows the answer; a binding taken away takes its paths away."""
    assert [path["from"] for path in _paths("--from", EVE, export)] == [EVE]
    assert _paths("--from", "user:nobody@example.com", export) == []
    assert _paths("--to", "projects/home", export) == []
    assert [path["to"] for path in _paths("--to", OWNER, "--from", EVE, export)] == [OWNER]
    assert len(_paths("--limit", "1", export)) == 1
    left = _paths("--without", f"roles/iam.serviceAccountTokenCreator {EVE} on {BOSS}", export)
    assert [path["from"] for path in left] == ["user:bob@example.com"]
    assert _paths("--without", f"roles/owner {OWNER} on projects/target", export) == []


def test_text_fits_and_ends_with_what_to_remove(export: Path) -> None:
    """Look-alikes are told once; the command on the page is the command to run."""
    result = run("access", "paths", "--now", NOW, export)
    assert result.exit_code == 0
    assert all(len(line) <= 80 for line in result.output.splitlines())
    assert "The same way: user:eve@example.com" in result.output
    told = result.output.partition("What to remove:")[2]
    assert "(cuts 2 of 2 paths)" in re.sub(r"\s+", " ", told)
    command = told[told.index("gcloud") :].partition("\n- ")[0].replace("\\\n", " ")
    assert shlex.split(command) == [
        *("gcloud", "projects", "remove-iam-policy-binding", "target"),
        *(f"--member={OWNER}", "--role=roles/owner", "--condition=None"),
    ]


def test_no_path_is_said(tmp_path: Path) -> None:
    """An estate without paths, and one with a role that nobody knows."""
    made = Estate()
    made.bind(EVE, "organizations/9/roles/secret", HOME)
    result = run("access", "paths", "--now", NOW, _written(tmp_path, made))
    assert result.exit_code == 0
    assert result.output.startswith("No path to control\n\n1 role in 1 binding could not be followed")


def test_wrong_ends_are_wrong_usage(export: Path) -> None:
    """A target that is not there, a file that is not there, a binding that is not there."""
    for arguments in (
        ("--to", "projects/nowhere"),
        ("--groups", "nowhere.json"),
        ("--without", "roles/x user:y on projects/target"),
    ):
        result = run("access", "paths", "--now", NOW, *arguments, export)
        assert result.exit_code == 2, result.output


def test_a_broken_line_makes_the_answer_incomplete(export: Path) -> None:
    """The rest is answered."""
    with export.open("ab") as file:
        file.write(b'{"name": 1\n')
    result = run("access", "paths", "--now", NOW, export)
    assert result.exit_code == 3
    assert "2 paths to control" in result.output


def test_groups_from_a_file(tmp_path: Path) -> None:
    """Whoever is in a group by the file has its way; the default tells the group that is bound."""
    made = Estate()
    made.bind(OWNER, "roles/owner", TARGET)
    made.bind("group:devs@example.com", "roles/iam.serviceAccountTokenCreator", account(BOSS))
    groups = tmp_path / "groups.json"
    groups.write_text(json.dumps({"devs@example.com": ["eve@example.com"]}))
    export = _written(tmp_path, made)
    path = _paths("--from", EVE, "--groups", groups, export)[0]
    assert path["steps"][0]["sentence"] == f"{EVE} is a member of group:devs@example.com"
    assert [path["from"] for path in _paths("--groups", groups, export)] == ["group:devs@example.com"]


def test_svg_is_whole_and_harmless(tmp_path: Path) -> None:
    """It parses, holds no script, refers to nothing outside, and shows control characters as codes."""
    made = _estate()
    made.bind(HOSTILE, "roles/iam.serviceAccountTokenCreator", account(BOSS))
    result = run("access", "paths", "--format", "svg", "--now", NOW, _written(tmp_path, made))
    document = minidom.parseString(result.stdout)
    assert not document.getElementsByTagName("script")
    assert len(document.getElementsByTagName("svg")) == 1
    assert "<script>" not in result.stdout
    assert "\u202e" not in result.stdout
    assert "\x07" not in result.stdout
    assert re.findall(r"(?:href|src|url\()", result.stdout) == []


def test_dot_quotes_what_it_shows(tmp_path: Path) -> None:
    """Quotes and backslashes of names cannot end a label."""
    made = _estate()
    made.bind(HOSTILE, "roles/iam.serviceAccountTokenCreator", account(BOSS))
    made.bind('user:a\\"b@example.com', "roles/iam.serviceAccountTokenCreator", account(BOSS))
    output = run("access", "paths", "--format", "dot", "--now", NOW, _written(tmp_path, made)).stdout
    assert output.startswith("digraph paths {\n")
    labels = re.findall(r'label="((?:[^"\\]|\\.)*)"', output)
    assert any('alert(\\"1\\")' in label for label in labels)
    assert 'user:a\\\\\\"b@example.com' in labels
    for line in output.splitlines()[2:-1]:
        assert re.fullmatch(r'  n\d+(?: -> n\d+)? \[label="(?:[^"\\]|\\.)*"(?:, \w+=\w+)?\];', line), line


def test_the_command_shows_no_control_characters(tmp_path: Path) -> None:
    """Neither does the sentence."""
    made = Estate()
    made.bind(HOSTILE, "roles/iam.serviceAccountTokenCreator", account(BOSS))
    made.bind(OWNER, "roles/owner", TARGET)
    output = run("access", "paths", "--now", NOW, _written(tmp_path, made)).output
    assert "\\u202e" in output
    assert not set("\u202e\x07") & set(output)


def test_a_very_long_name_is_cut() -> None:
    """Ten megabytes of a name draw a small picture."""
    made = _estate()
    made.bind(f"user:{'x' * 10_000_000}@example.com", "roles/iam.serviceAccountTokenCreator", account(BOSS))
    found = made.paths(None)
    assert len(found.paths) == 3
    assert len(svg_document(found.paths)) < 40_000
    assert len(dot(found.paths)) < 40_000


def test_the_report_section_has_all_that_a_page_needs() -> None:
    """Titles, sentences, a picture for each kind of path, and commands."""
    told = section(_estate().paths(None))
    assert [(path.title, path.certainty, path.alike) for path in told.paths] == [
        ("user:bob@example.com to control of projects/target", "certain", (EVE,))
    ]
    assert told.paths[0].svg == svg(_estate().paths(None).paths[0])
    assert told.paths[0].svg.startswith("<svg xmlns=")
    assert [(one.cuts, one.of) for one in told.removals] == [(2, 2), (1, 2), (1, 2)]
    assert all(one.command.startswith("gcloud ") for one in told.removals)
    assert [note.partition(": ")[2] for note in told.notes if "policy" in note] == [
        "the IAM policy of organizations/9 is not in the input.",
        "the IAM policy of projects/away is not in the input.",
        "the IAM policy of projects/home is not in the input.",
    ]
