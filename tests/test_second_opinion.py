"""Cloud DLP as a second opinion: what it is sent, what comes of its answers, and what of its refusals."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from auditor.cli import main
from auditor.secrets import scan_text
from auditor.secrets.suspects import suspects
from auditor.sources.base import Gaps
from auditor.sources.live.connection import Connection
from auditor.sources.live.failures import NoCredentials
from auditor.sources.live.network import Patience
from auditor.sources.live.run import Access
from auditor.sources.second_opinion import MAX_TEXT, NotAProject, SecondOpinion, parent_of
from auditor.sources.source_tree import SourceTree
from tests.fake_google import Estate, Fake
from tests.fake_google.faults import Code, Fault, denied
from tests.secret_corpus import Maker

MAKE = Maker(11)
KEY = "AIza" + MAKE.some("abcdefghijkABCDEFGH0123456789", 34) + "k"
OTHER = MAKE.checksummed("ghp_")
ODD = "tell-nobody"
INSPECT = "/google.privacy.dlp.v2.DlpService/InspectContent"
PARENT = "projects/billed-here/locations/europe-west3"
HASTE = Patience(attempt=5.0, total=0.3, first=0.01, longest=0.01)


@pytest.fixture
def fake() -> Iterator[Fake]:
    with Fake(Estate([])) as fake:
        fake.credentials = {"GCP_API_KEY": (KEY, "VERY_LIKELY"), "PASSWORD": (ODD, "LIKELY")}
        yield fake


def asking(fake: Fake, **options: Any) -> SecondOpinion:
    return SecondOpinion(PARENT, lambda: Connection(channel=fake.channel, address=fake.address), HASTE, **options)


def files(source: SourceTree) -> tuple[dict[str, dict[str, Any]], Gaps]:
    gaps = Gaps()
    documents = [msgspec.json.decode(line) for _, line in source.lines(gaps)]
    return {document["resource"]["data"]["path"]: document for document in documents}, gaps


def sent(fake: Fake) -> list[str]:
    return [row.values[0].string_value for request in fake.asked(INSPECT) for row in request.item.table.rows]


def tree(folder: Path, **texts: str) -> Path:
    for name, text in texts.items():
        (folder / name).write_text(text)
    return folder


def test_it_is_asked_about_the_lines_that_may_hold_a_secret_and_no_others(fake: Fake, tmp_path: Path) -> None:
    allowed = f"k = '{OTHER}'  # auditor:allow secret reason=made up"
    source = f"import os\nkey = '{KEY}'\npassword: {ODD}\n{allowed}\nname = 'x'\n"
    found, gaps = files(SourceTree(tree(tmp_path, a=source, b="nothing here\n"), opinion=asking(fake)))
    assert sent(fake) == [f"key = '{KEY}'", f"password: {ODD}"]
    assert gaps.told == []
    data = found["a"]["resource"]["data"]
    assert [hit["opinion"] for hit in data["hits"]] == ["GCP_API_KEY (very likely)", "PASSWORD (likely)"]
    assert data["suspected"] == []
    assert found["b"]["resource"]["data"] == {"path": "b", "reviewed": True}


def test_what_only_it_sees_is_suspected_and_told_without_the_text(fake: Fake, tmp_path: Path) -> None:
    fake.credentials = {"PASSWORD": ("os.environ", "LIKELY"), "AUTH_TOKEN": ("PASSWORD", "POSSIBLE")}
    found, _ = files(SourceTree(tree(tmp_path, a="password = os.environ['PASSWORD']\n"), opinion=asking(fake)))
    (suspected,) = found["a"]["resource"]["data"]["suspected"]
    assert (suspected["kind"], suspected["line"], suspected["length"]) == ("PASSWORD", 1, 10)
    assert "os.environ" not in msgspec.json.encode(found).decode()


def test_a_hit_that_it_does_not_see_stays_a_hit(fake: Fake, tmp_path: Path) -> None:
    fake.credentials = {"PASSWORD": ("elsewhere", "LIKELY")}
    found, _ = files(SourceTree(tree(tmp_path, a=f"key = '{KEY}'\n"), opinion=asking(fake)))
    assert [hit["opinion"] for hit in found["a"]["resource"]["data"]["hits"]] == ["no credential"]


def test_only_kinds_that_the_location_has_are_asked_for(fake: Fake) -> None:
    assert asking(fake).of(["x"]) == [()]
    (request,) = fake.asked(INSPECT)
    assert [kind.name for kind in request.inspect_config.info_types] == ["GCP_API_KEY", "PASSWORD"]
    assert request.parent == PARENT
    assert not request.inspect_config.include_quote
    fake.credentials = {"PERSON_NAME": ("x", "LIKELY")}
    (words,) = asking(fake).of(["x"])
    assert "no infoType of credentials" in str(words)


def test_requests_stay_below_the_limits_of_the_service(fake: Fake) -> None:
    opinion = asking(fake)
    texts = [f"{number:05d} {'é' * 400} {KEY}" for number in range(1500)]
    found = opinion.of(texts)
    assert all(isinstance(seen, tuple) and [s.info_type for s in seen] == ["GCP_API_KEY"] for seen in found)
    assert len(fake.asked(INSPECT)) == 4  # the server refuses what is larger than half a megabyte
    assert max(len(request.item.table.rows) for request in fake.asked(INSPECT)) <= 1_000
    assert (opinion.sent, opinion.confirmed) == (1500, 1500)


def test_an_answer_that_leaves_findings_out_is_asked_for_in_halves(fake: Fake) -> None:
    fake.most_findings = 2
    found = asking(fake).of([f"{number} {KEY}" for number in range(7)])
    assert all(len(seen) == 1 for seen in found)
    assert len(fake.asked(INSPECT)) > 3


def test_a_text_is_sent_once_however_often_the_input_is_read(fake: Fake, tmp_path: Path) -> None:
    source = SourceTree(tree(tmp_path, a=f"key = '{KEY}'\n", b=f"key = '{KEY}'\n"), opinion=asking(fake))
    assert files(source)[0] == files(source)[0]
    assert len(sent(fake)) == 1


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (denied("serviceusage.services.use"), "serviceusage.services.use is missing"),
        (Fault(Code.UNAVAILABLE, "try again"), "unavailable"),
        (Fault(Code.RESOURCE_EXHAUSTED, "quota"), "throttled out"),
        (Fault(Code.INVALID_ARGUMENT, "bad"), "refused"),
        (Fault(garbage=True), "unreadable answer"),
    ],
)
def test_a_refusal_is_a_gap_and_leaves_the_hits_and_what_is_unknown(
    fake: Fake, tmp_path: Path, fault: Fault, words: str
) -> None:
    fake.fail(INSPECT, fault)
    found, gaps = files(SourceTree(tree(tmp_path, a=f"key = '{KEY}'\n", b="password = x()\n"), opinion=asking(fake)))
    assert [hit["opinion"] for hit in found["a"]["resource"]["data"]["hits"]] == [""]
    assert words in found["b"]["unknown"]["resource.data.suspected.*"]
    assert [words in gap.problem for gap in gaps.told] == [True]
    assert gaps.files == 1


def test_what_passes_is_asked_for_again(fake: Fake) -> None:
    fake.fail(INSPECT, Fault(Code.UNAVAILABLE, "try again").for_times(2))
    (seen,) = asking(fake).of([f"k = {KEY}"])
    assert len(seen) == 1


def test_an_answer_about_a_row_that_was_not_sent_is_no_opinion(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auditor.sources.second_opinion._row_of", lambda _: 7)
    (words,) = asking(fake).of([f"k = {KEY}"])
    assert "row 7 of 1" in str(words)


def test_a_line_that_is_too_long_is_not_sent_and_that_is_told(fake: Fake) -> None:
    opinion = asking(fake)
    words, seen = opinion.of(["x" * (MAX_TEXT + 1), f"k = {KEY}"])
    assert "longer than" in str(words)
    assert len(seen) == 1
    assert len(opinion.problems) == 1


def test_without_credentials_the_detectors_still_judge(tmp_path: Path) -> None:
    def nobody() -> Connection:
        raise NoCredentials("no usable credentials")

    opinion = SecondOpinion(PARENT, nobody)
    found, gaps = files(SourceTree(tree(tmp_path, a=f"key = '{KEY}'\n"), opinion=opinion))
    assert len(found["a"]["resource"]["data"]["hits"]) == 1
    assert [gap.problem for gap in gaps.told] == ["no usable credentials"]


def test_hits_that_span_lines_are_sent_whole() -> None:
    text = f"a = 1\npassword = '{ODD}'\n{MAKE.pem('PRIVATE KEY')}\nrest\n"
    first, second, *_ = suspects(text, scan_text(text))
    assert (first.line, first.text) == (2, f"password = '{ODD}'")
    assert second.text.startswith("-----BEGIN")
    assert second.text.rstrip().endswith("-----")


@pytest.mark.parametrize(
    ("project", "location", "parent"),
    [
        ("billed-here", "", "projects/billed-here"),
        ("projects/billed-here", "europe-west3", PARENT),
        ("example.com:billed-here", "", "projects/example.com:billed-here"),
        ("123456789012", "", "projects/123456789012"),
    ],
)
def test_the_project_that_is_billed(project: str, location: str, parent: str) -> None:
    assert parent_of(project, location) == parent


@pytest.mark.parametrize(
    ("project", "location"), [("../x", ""), ("P", ""), ("organizations/1", ""), ("good-one", "a/b")]
)
def test_what_is_no_project_or_location(project: str, location: str) -> None:
    with pytest.raises(NotAProject):
        parent_of(project, location)


# the command


def scan(folder: Path, *options: str) -> Any:
    arguments = ["scan", str(folder), "--check", "secret-in-source", "--check", "secret-suspected-in-source", *options]
    return CliRunner().invoke(main, arguments, prog_name="auditor")


def test_the_command_says_what_will_be_sent_and_what_came_of_it(
    fake: Fake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Access, "connect", lambda _: Connection(channel=fake.channel, address=fake.address))
    report = tmp_path / "report.json"
    folder = tmp_path / "code"
    folder.mkdir()
    tree(folder, a=f"key = '{KEY}'\n", b="password = x()\n")
    fake.credentials["PASSWORD"] = ("x()", "LIKELY")
    result = scan(folder, "--secrets", "--dlp", "billed-here", "-o", str(report), "--no-paths")
    assert result.exit_code == 0, result.output
    assert "projects/billed-here will be sent the lines" in result.output
    run = msgspec.json.decode(report.read_bytes())
    assert [notice for notice in run["notices"] if "was sent 2 lines" in notice and "saw credentials in 2" in notice]
    assert {finding["check"] for finding in run["findings"]} == {"secret-in-source", "secret-suspected-in-source"}
    assert KEY not in report.read_text()


def test_a_refusal_makes_the_run_incomplete(fake: Fake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Access, "connect", lambda _: Connection(channel=fake.channel, address=fake.address))
    fake.fail(INSPECT, denied("serviceusage.services.use"))
    result = scan(tree(tmp_path, b="password = x()\n"), "--secrets", "--dlp", "billed-here")
    assert result.exit_code == 3, result.output
    assert "roles/dlp.user" in " ".join(result.output.split())


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--dlp", "billed-here"], "--dlp goes with --secrets"),
        (["--secrets", "--dlp-location", "europe-west3"], "goes with --dlp PROJECT"),
        (["--secrets", "--dlp", "../.."], "is no project id"),
    ],
)
def test_wrong_usage(tmp_path: Path, options: list[str], words: str) -> None:
    result = scan(tree(tmp_path, a="x\n"), *options)
    assert result.exit_code == 2
    assert words in result.output


def test_nothing_is_sent_unless_it_is_asked_for(fake: Fake, tmp_path: Path) -> None:
    files(SourceTree(tree(tmp_path, a=f"key = '{KEY}'\n")))
    assert fake.calls == []
