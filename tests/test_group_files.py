"""Files of groups, as people write them."""

from __future__ import annotations

import gzip
import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.access.groups import Directory, Roster
from auditor.access.principals import principal
from auditor.sources.base import Gaps
from auditor.sources.group_files import ListedGroup, read_group_file

ANN = principal("user:ann@example.com")


def read(tmp_path: Path, content: str | bytes, name: str = "groups.json") -> tuple[list[ListedGroup], list[str]]:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    gaps = Gaps()
    groups = read_group_file(path, gaps)
    return groups, [f"{Path(gap.where).name} {gap.problem}" for gap in gaps.told]


def test_a_json_file(tmp_path: Path) -> None:
    content = {"Eng@example.com": ["user:ann@example.com", "group:ops@example.com"], "group:ops@example.com": []}
    groups, told = read(tmp_path, json.dumps(content))
    assert told == []
    assert groups == [
        ListedGroup("eng@example.com", ["user:ann@example.com", "group:ops@example.com"]),
        ListedGroup("ops@example.com"),
    ]
    assert read(tmp_path, gzip.compress(json.dumps(content).encode()), "g.json.gz") == (groups, [])
    assert read(tmp_path, json.dumps(content).encode("utf-8-sig")) == (groups, [])
    assert read(tmp_path, json.dumps(content).encode("utf-16")) == (groups, [])


def test_keys_that_are_written_twice_are_joined(tmp_path: Path) -> None:
    groups, told = read(tmp_path, '{"g@x.com": ["user:a@x.com"], "G@x.com": ["user:b@x.com"]}')
    assert groups == [ListedGroup("g@x.com", ["user:a@x.com", "user:b@x.com"])]
    assert told == []


BAD_JSON = """{
  "good@x.com": ["user:a@x.com"],
  "no address": ["user:a@x.com"],
  "null@x.com": null,
  "mixed@x.com": [
    "user:a@x.com",
    "user:",
    7,
    "everybody \\u202e"
  ],
  "last@x.com": ["ann@x.com"]
}"""


def test_bad_entries_are_told_with_their_line_and_the_rest_is_read(tmp_path: Path) -> None:
    groups, told = read(tmp_path, BAD_JSON)
    advice = "is no member; write user:ADDRESS, group:ADDRESS or serviceAccount:ADDRESS"
    assert told == [
        "groups.json:3 no address is no group's address",
        "groups.json:4 the members of null@x.com are no list",
        f"groups.json:7 user: {advice}",
        f"groups.json:7 a member that is no text {advice}",
        rf"groups.json:7 everybody \u202e {advice}",
    ]
    assert [(found.address, found.members, bool(found.doubt)) for found in groups] == [
        ("good@x.com", ["user:a@x.com"], False),
        ("null@x.com", [], True),
        ("mixed@x.com", ["user:a@x.com"], True),
        ("last@x.com", ["ann@x.com"], False),
    ]
    roster = Roster()
    for found in groups:
        roster.list_group(found.address, found.members, found.doubt)
    known = Directory(roster)
    assert known.includes("group:mixed@x.com", ANN).is_unknown
    assert known.includes("group:null@x.com", ANN).is_unknown
    assert known.includes("group:good@x.com", ANN).fails
    assert known.includes("group:last@x.com", principal("user:ann@x.com")).holds


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ('{"a@x.com": ["user:a@x.com"],\n', "groups.json:2 not valid JSON (expecting property name"),
        ("[]", "groups.json:1 a JSON list, where an object"),
        ("[" * 100_000, "groups.json:1 its JSON is nested too deeply to be read"),
        ('{"a@x.com":' * 100_000, "groups.json:1 its JSON is nested too deeply to be read"),
        (b'{\n"\xff": []}', "groups.json:2 the text is not UTF-8"),
        (b"", "groups.json:1 the file is empty"),
        (b"\x1f\x8b\x08\x00garbage", "groups.json the compressed file is"),
        ("eng@x.com\nops@x.com\n", "groups.json:1 the first line does not name the columns group and member"),
    ],
)
def test_bad_files_are_told_in_a_sentence(tmp_path: Path, content: str | bytes, problem: str) -> None:
    groups, told = read(tmp_path, content)
    assert groups == []
    assert len(told) == 1
    assert told[0].startswith(problem)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    gaps = Gaps()
    assert read_group_file(tmp_path / "absent.csv", gaps) == []
    assert len(gaps.told) == 1
    assert Path(gaps.told[0].where).name == "absent.csv"


@pytest.mark.parametrize(
    "content",
    [
        "group,member\ng@x.com,user:a@x.com\ng@x.com,group:h@x.com\nh@x.com,\n",
        "member;group\r\nuser:a@x.com;G@x.com\r\ngroup:h@x.com;g@x.com\r\n;h@x.com\r\n",
        (
            "Group Email [Required],Member Email,Member Type,Member Role\n"
            "g@x.com,a@x.com,USER,MEMBER\n\ng@x.com,h@x.com,GROUP,OWNER\nh@x.com,,,\n"
        ),
        (
            "group\ttype\trole\tid\tstatus\temail\ng@x.com\tUSER\tMEMBER\t1\tACTIVE\ta@x.com\n"
            "g@x.com\tGROUP\tMEMBER\t2\t\th@x.com\nh@x.com\t\t\t\t\t\n"
        ),
    ],
)
def test_a_csv_file(tmp_path: Path, content: str) -> None:
    groups, told = read(tmp_path, content, "groups.csv")
    assert told == []
    assert groups == [ListedGroup("g@x.com", ["user:a@x.com", "group:h@x.com"]), ListedGroup("h@x.com")]


def test_bad_lines_of_a_csv_file_are_told_and_the_rest_is_read(tmp_path: Path) -> None:
    rows = ["g@x.com,a@x.com,USER", "g@x.com,<script>,USER", "h@x.com,,CUSTOMER", "i@x.com,i@x.com,SERVICE ACCOUNT"]
    content = "\n".join(["group,member,type", *rows, ""])
    groups, told = read(tmp_path, content, "groups.csv")
    assert told == [
        "groups.csv:3 <script> is no member; write user:ADDRESS, group:ADDRESS or serviceAccount:ADDRESS",
        "groups.csv:4 its member is a customer, no single account",
    ]
    assert [(found.address, found.members, bool(found.doubt)) for found in groups] == [
        ("g@x.com", ["user:a@x.com"], True),
        ("h@x.com", [], True),
        ("i@x.com", ["serviceAccount:i@x.com"], False),
    ]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (",user:b@x.com", "an empty cell is no group's address"),
        ('"h@x.com"x,user:b@x.com', "not valid CSV"),
        ('"h@x.com,user:b@x.com', "not valid CSV"),
        ("h@x.com," + "x" * 200_000, "not valid CSV"),
    ],
)
def test_a_line_without_group_may_belong_to_any(tmp_path: Path, line: str, problem: str) -> None:
    groups, told = read(tmp_path, f"group,member\ng@x.com,user:a@x.com\n{line}\n", "groups.csv")
    assert len(told) == 1
    assert told[0].startswith(f"groups.csv:3 {problem}")
    assert [(found.address, bool(found.doubt)) for found in groups] == [("g@x.com", True)]


def test_of_many_bad_lines_the_first_are_told(tmp_path: Path) -> None:
    content = json.dumps({"g@x.com": [f"bad {number}" for number in range(50_000)]}, indent=1)
    path = tmp_path / "groups.json"
    path.write_text(content)
    gaps = Gaps()
    groups = read_group_file(path, gaps)
    assert groups[0].doubt
    assert [gap.where.rpartition(":")[2] for gap in gaps.told[:3]] == ["3", "4", "5"]
    assert len(gaps.told) + gaps.untold == 50_000


@given(st.text() | st.binary())
def test_any_file_is_read_or_told(content: str | bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        groups, told = read(Path(folder), content.encode("utf-8", "replace") if isinstance(content, str) else content)
    assert groups or told
