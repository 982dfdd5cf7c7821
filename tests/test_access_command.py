"""`auditor access can | who-can | diff`, on real files."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any
from xml.dom import minidom

import pytest
from click.testing import CliRunner, Result

from auditor.access.control.drawing import arrow, svg_of_chains
from auditor.cli.access import command
from tests.access_estates import ORGANISATION, estate, exported
from tests.naive_access import MANAGER, Estate

NOW = "2026-11-22T00:00:00Z"
ANN, BOB, DEVS = "user:ann@example.com", "user:bob@example.com", "group:devs@example.com"
P1, BUCKET = MANAGER + "projects/p1", "//storage.googleapis.com/b1"
UNTIL = 'request.time < timestamp("2027-01-01T00:00:00Z")'


def access(*arguments: str | Path) -> Result:
    return CliRunner().invoke(command, [str(argument) for argument in arguments], prog_name="auditor access")


def answered(*arguments: str | Path, code: int = 0) -> Any:
    result = access(*arguments, "--format", "json", "--now", NOW)
    assert result.exit_code == code, result.output
    return json.loads(result.stdout)


def written(folder: Path, made: Estate, name: str = "estate.ndjson") -> Path:
    path = folder / name
    path.write_bytes(gzip.compress(exported(made)) if name.endswith(".gz") else exported(made))
    return path


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """Ann views a project until 2027, developers the storage of a bucket, the owners of the project administer it."""
    policies = {
        P1: [
            {"role": "roles/viewer", "members": [ANN], "condition": UNTIL},
            {"role": "roles/owner", "members": [BOB]},
        ],
        BUCKET: [
            {"role": "roles/storage.objectViewer", "members": [DEVS]},
            {"role": "roles/storage.admin", "members": ["projectOwner:p1"]},
        ],
    }
    return written(tmp_path, estate(policies=policies))


@pytest.fixture
def groups(tmp_path: Path) -> Path:
    path = tmp_path / "groups.json"
    path.write_text(
        json.dumps({"devs@example.com": [ANN, "group:ops@example.com"], "ops@example.com": ["zed@example.com"]})
    )
    return path


def test_one_question_as_json(export: Path) -> None:
    answer = answered("can", BOB, "--permission", "storage.buckets.delete", "--on", "gs://b1", export)
    assert answer["state"] == "GRANTED"
    assert answer["allow"] == "ALLOW_ACCESS_STATE_GRANTED"
    assert (answer["principal"], answer["permission"], answer["resource"]) == (BOB, "storage.buckets.delete", "gs://b1")
    assert answer["resource_name"] == BUCKET
    assert answer["because"][:2] == [
        "roles/storage.admin on gs://b1",
        "whoever was granted roles/owner on project p1 is meant",
    ]
    assert any("Cloud Asset Inventory does not export" in clause for clause in answer["because"])


def test_a_condition_says_until_when_it_holds(export: Path) -> None:
    answer = answered("can", ANN, "--permission", "resourcemanager.projects.get", "--on", "projects/1001", export)
    assert answer["state"] == "GRANTED"
    assert "active until 2027-01-01T00:00:00Z" in answer["because"]
    late = [*("--now", "2027-06-01T00:00:00Z"), "--format", "json"]
    result = access("can", ANN, "--permission", "resourcemanager.projects.get", "--on", "projects/p1", export, *late)
    assert json.loads(result.stdout)["state"] == "NOT_GRANTED"
    assert "expired at 2027-01-01T00:00:00Z" in result.stdout


@pytest.mark.parametrize("suffix", ["ndjson", "ndjson.gz"])
def test_members_of_groups_come_from_a_file(tmp_path: Path, export: Path, groups: Path, suffix: str) -> None:
    asked = ("can", ANN, "--permission", "storage.objects.get", "--on", "gs://b1", export)
    assert answered(*asked)["state"] == "UNKNOWN_INFO_DENIED"
    assert answered(*asked, "--groups", groups)["state"] == "GRANTED"
    inner = answered("can", "user:zed@example.com", *asked[2:], "--groups", groups)
    assert "group:devs@example.com → group:ops@example.com → user:zed@example.com" in inner["because"]


def test_questions_in_one_go(tmp_path: Path, export: Path) -> None:
    questions = tmp_path / "questions.json"
    one = {"principal": ANN, "permission": "resourcemanager.projects.get", "resource": "projects/p1"}
    questions.write_text(json.dumps([one, {**one, "now": "2028-01-01T00:00:00Z"}]))
    answers = answered("can", "--questions", questions, export)
    assert [answer["state"] for answer in answers] == ["GRANTED", "NOT_GRANTED"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not valid JSON"),
        ("{}", "not a list of questions"),
        ('[{"principal": "user:a@b.c", "permission": "p", "resource": "r", "now": 5}]', "not an object of texts"),
        ('["x"]', "question 1: not an object of texts"),
        ('[{"principal": "user:a@b.example"}]', "question 1: has no permission"),
        ('[{"principle": "x"}]', "did you mean principal?"),
        (
            '[{"principal": "x", "permission": "storage.buckets.get", "resource": "gs://b1"}]',
            "question 1: x is no principal",
        ),
        (
            '[{"principal": "user:a@b.example", "permission": "storage.buckets.get", "resource": "b9"}]',
            "question 1: b9 is no resource",
        ),
        (
            '[{"principal": "x", "permission": "storage.bucket.get", "resource": "gs://b1"}]',
            "did you mean storage.buckets.get",
        ),
    ],
)
def test_wrong_questions_say_which_and_why(tmp_path: Path, export: Path, text: str, said: str) -> None:
    questions = tmp_path / "questions.json"
    questions.write_text(text)
    result = access("can", "--questions", questions, export)
    assert result.exit_code == 2
    assert said in result.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["can", ANN, "--permission", "storage.bucket.get", "--on", "gs://b1"], "did you mean storage.buckets.get"),
        (["can", ANN, "--permission", "storage.buckets.get"], "--on RESOURCE"),
        (
            ["can", "stranger@example.com", "--permission", "storage.buckets.get", "--on", "gs://b1"],
            "may be a user or a group",
        ),
        (["can", ANN, "--permission", "storage.buckets.get", "--on", "b9"], "is no resource"),
        (["can", ANN, "--without", "nonsense"], "ROLE MEMBER on RESOURCE"),
        (
            ["can", ANN, "--without", f"roles/viewer {BOB} on projects/p1"],
            f"did you mean roles/owner {BOB} on projects/p1?",
        ),
        (["can", ANN, "--groups", "nowhere.json"], "File 'nowhere.json' does not exist"),
        (["can"], "give the principal, then the targets"),
        (["who-can", "storage.buckets.gett", "--on", "gs://b1"], "did you mean storage.buckets.get"),
        (["who-kan"], "did you mean who-can"),
    ],
)
def test_wrong_usage_ends_with_2_and_the_nearest_right_name(export: Path, arguments: list[str], said: str) -> None:
    result = access(*arguments, export)
    assert result.exit_code == 2
    assert said in " ".join(result.output.split())


def test_no_target_is_2_and_a_damaged_one_3(tmp_path: Path, export: Path) -> None:
    asked = ("can", ANN, "--permission", "storage.buckets.get", "--on", "gs://b1")
    assert access(*asked, tmp_path / "nothing.ndjson").exit_code == 2
    damaged = tmp_path / "damaged.ndjson"
    damaged.write_bytes(export.read_bytes() + b'{"name": "//storage')
    answer = answered(*asked, damaged, code=3)
    assert answer["state"] == "NOT_GRANTED"  # every policy that applies is there
    missing = answered("can", ANN, *asked[2:4], "--on", "gs://b2", damaged, code=3)
    assert (
        "the IAM policy of gs://b2 may have been in the part of the input that could not be read" in missing["because"]
    )
    assert answered(*asked, export, tmp_path / "nothing.ndjson", code=3)["state"] == "NOT_GRANTED"


def test_permissions_newer_than_the_table_can_be_forced(export: Path) -> None:
    asked = ("can", BOB, "--permission", "storage.vaults.open", "--on", "gs://b1", export)
    assert access(*asked).exit_code == 2
    answer = answered(*asked, "--any-permission")
    assert answer["state"] == "UNKNOWN_INFO_DENIED"
    assert any("does not know storage.vaults.open" in clause for clause in answer["because"])


def test_permissions_as_deny_policies_name_them(export: Path) -> None:
    answer = answered("can", BOB, "--permission", "storage.googleapis.com/buckets.delete", "--on", "gs://b1", export)
    assert (answer["permission"], answer["state"]) == ("storage.buckets.delete", "GRANTED")


def test_all_that_a_principal_can_do(export: Path, groups: Path) -> None:
    held = answered("can", ANN, export, "--groups", groups)
    assert [(grant["role"], grant["resource"], grant["state"]) for grant in held["grants"]] == [
        ("roles/viewer", P1, "GRANTED"),
        ("roles/storage.objectViewer", BUCKET, "GRANTED"),
    ]
    assert held["grants"][0]["condition"] == UNTIL
    text = access("can", ANN, export, "--groups", groups, "--now", NOW)
    assert "2 roles, and 0 in doubt" in text.output
    assert answered("can", ANN, export, "--on", "projects/p1")["grants"][0]["role"] == "roles/viewer"


def test_what_if_a_binding_were_gone(export: Path) -> None:
    asked = ("can", BOB, "--permission", "storage.buckets.delete", "--on", "gs://b1", export)
    removed = ("--without", f"owner {BOB} on projects/1001")
    assert answered(*asked)["state"] == "GRANTED"
    assert answered(*asked, *removed)["state"] == "NOT_GRANTED"
    holders = answered("who-can", "storage.buckets.delete", "--on", "gs://b1", export, *removed)["principals"]
    assert [holder["principal"] for holder in holders] == ["projectOwner:p1"]


def test_who_can_expands_groups_and_holders(export: Path, groups: Path) -> None:
    found = answered("who-can", "storage.objects.get", "--on", "gs://b1", export, "--groups", groups)
    told = {holder["principal"]: (holder["state"], holder["bound"]) for holder in found["principals"]}
    assert told == {
        ANN: ("GRANTED", False),
        BOB: ("GRANTED", False),
        DEVS: ("GRANTED", True),
        "group:ops@example.com": ("GRANTED", False),
        "projectOwner:p1": ("GRANTED", True),
        "user:zed@example.com": ("GRANTED", False),
    }
    assert found["gaps"] == []
    unlisted = answered("who-can", "storage.objects.get", "--on", "gs://b1", export)
    assert unlisted["gaps"] == [f"not all members of {DEVS} are known"]


def test_a_resource_that_is_not_in_the_input_is_said_to_be_so(export: Path) -> None:
    name = "//run.googleapis.com/projects/p1/locations/europe-west1/services/web"
    answer = answered("can", BOB, "--permission", "run.services.delete", "--on", name, export)
    assert answer["state"] == "GRANTED"
    assert f"{name} is not in the input; by its name it is in projects/p1" in answer["because"]


def test_text_fits_the_terminal_and_shows_hostile_names(tmp_path: Path) -> None:
    hostile = "user:\u202e\x1b[31m<script>@example.com"
    made = estate(
        policies={P1: [{"role": "roles/viewer", "members": [hostile, "user:" + "x" * 5_000 + "@example.com"]}]}
    )
    path = written(tmp_path, made)
    for arguments in (
        ("who-can", "resourcemanager.projects.get", "--on", "projects/p1", path),
        ("can", "user:" + "x" * 5_000 + "@example.com", path),
    ):
        result = access(*arguments, "--now", NOW)
        assert result.exit_code == 0
        assert "\x1b" not in result.output
        assert "\u202e" not in result.output
        assert max(map(len, result.output.splitlines())) <= 80


def test_diff_tells_access_and_not_text(tmp_path: Path, groups: Path) -> None:
    before = written(tmp_path, estate(policies={P1: [{"role": "roles/viewer", "members": [DEVS]}]}), "a.ndjson")
    after = written(tmp_path, estate(policies={P1: [{"role": "roles/viewer", "members": [DEVS, BOB]}]}), "b.ndjson")
    (change,) = answered("diff", before, after, "--groups", groups)
    assert (change["principal"], change["resource"], change["before"], change["after"]) == (
        BOB,
        P1,
        "NOT_GRANTED",
        "GRANTED",
    )
    assert change["roles"] == ["roles/viewer"]
    empty = tmp_path / "empty.json"
    empty.write_text('{"devs@example.com": []}')
    joined = answered("diff", before, before, "--groups-before", empty, "--groups-after", groups)
    assert {change["principal"] for change in joined} == {ANN, "group:ops@example.com", "user:zed@example.com"}
    assert access("diff", before, before, "--now", NOW).output == "No access changed\n"
    told = access("diff", before, after, "--now", NOW).output  # developers are not listed: Bob may have been one
    assert "+ user:bob@example.com" in told
    assert "UNKNOWN → GRANTED" in told


def test_help_is_instant_and_lists_the_commands() -> None:
    result = access("--help")
    assert result.exit_code == 0
    for name in ("can", "who-can", "diff"):
        assert f"  {name} " in result.output
    assert max(map(len, access("can", "--help").output.splitlines())) <= 80
    assert ORGANISATION not in result.output


def test_a_terraform_plan_is_only_part_of_an_estate() -> None:
    plan = Path(__file__).parents[1] / "examples" / "lucky_gas" / "plan.json"
    asked = ("can", ANN, "--permission", "storage.objects.get", "--on")
    assert answered(*asked, "gs://lucky-gas-storefront", plan)["state"] == "GRANTED"  # the plan makes it public
    answer = answered(*asked, "gs://lucky-gas-db-backups", plan)
    assert answer["state"] == "UNKNOWN_INFO_DENIED"
    assert any("a plan shows only the bindings that it adds" in clause for clause in answer["because"])


@pytest.mark.parametrize(
    "arguments",
    [
        ("can", BOB),
        ("can", BOB, "--permission", "storage.buckets.get", "--on", "gs://b1"),
        ("who-can", "storage.buckets.get", "--on", "gs://b1"),
    ],
)
def test_answers_are_drawn_too(export: Path, arguments: tuple[str, ...]) -> None:
    """An arrow from who has access to what it is on, in both formats of pictures."""
    dot = access(*arguments, "--format", "dot", export).stdout
    assert dot.startswith("digraph paths {")
    assert f'label="{BOB}"' in dot
    drawn = access(*arguments, "--format", "svg", export).stdout
    minidom.parseString(drawn)
    assert f"<title>{BOB}</title>" in drawn


def test_a_picture_of_nothing_says_so(export: Path) -> None:
    """Two equal estates differ in nothing."""
    drawn = access("diff", export, "--format", "svg", export).stdout
    assert "nothing to draw" in drawn
    minidom.parseString(drawn)


def test_a_picture_tells_how_many_it_leaves_out() -> None:
    chains = [arrow(f"user:u{number}@example.com", "gs://b1", "roles/viewer", certain=True) for number in range(130)]
    assert "and 30 more" in svg_of_chains(chains)
