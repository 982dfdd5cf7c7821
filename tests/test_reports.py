"""What every report says, and that no name in an estate does anything but be read."""

from __future__ import annotations

import base64
import hashlib
import importlib
import re
import shlex
from dataclasses import replace
from importlib.metadata import entry_points
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from auditor.model.run import Control, ControlStatus, Framework
from auditor.model.verdict import Severity
from reports.decision import Advice, decide
from reports.digest import Digest, fair_limit, most_reasons, statuses
from reports.pages import command_of, folded, pieces, short_name, shortened, split_page
from tests.rendered import FORMATS, Page, rendered
from tests.sample_run import SAID, clean_run, large_run, sample_run
from tests.sample_topics import HOSTILE

RUNS = {"sample": sample_run, "clean": clean_run}


def test_every_format_is_an_entry_point() -> None:
    found = {entry.name: entry.value for entry in entry_points(group="auditor.reports")}
    assert FORMATS.items() <= found.items()


def test_reports_import_nothing_of_the_auditor_but_its_model() -> None:
    for module in Path(importlib.import_module("reports").__path__[0]).glob("*.py"):
        for name in re.findall(r"^(?:from|import) (auditor\S*)", module.read_text(), re.MULTILINE):
            assert name.startswith("auditor.model."), f"{module.name} imports {name}"


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("make", RUNS.values(), ids=RUNS)
def test_the_same_run_gives_the_same_bytes(suffix: str, make: Any) -> None:
    assert rendered(suffix, make()) == rendered(suffix, make())


# The decision


def _decided(**changes: Any) -> Advice:
    return decide(replace(clean_run(), **changes)).advice


def test_nothing_grave_and_nothing_left_open_is_a_launch() -> None:
    decision = decide(clean_run())
    assert (decision.advice, decision.incomplete, decision.conditions) == (Advice.LAUNCH, "", [])


@pytest.mark.parametrize(
    ("severity", "advice"),
    [
        (Severity.CRITICAL, Advice.STOP),
        (Severity.HIGH, Advice.CONDITIONS),
        (Severity.MEDIUM, Advice.LAUNCH),
        (Severity.INFO, Advice.LAUNCH),
    ],
)
def test_the_worst_finding_decides(severity: Severity, advice: Advice) -> None:
    assert _decided(findings=[replace(sample_run().findings[0], severity=severity)]) is advice


def test_what_was_not_seen_is_a_condition() -> None:
    sample, clean = sample_run(), clean_run()
    assert _decided(gaps=sample.gaps) is Advice.CONDITIONS
    assert _decided(crashes=sample.crashes) is Advice.CONDITIONS
    assert _decided(gate=replace(clean.gate, exit_code=3, reasons=["coverage 50 %"])) is Advice.CONDITIONS
    unsure = replace(clean.checks[0], passed=clean.checks[0].passed - 1, not_assessed={"unknown": 1})
    assert _decided(checks=[unsure, *clean.checks[1:]]) is Advice.CONDITIONS


def test_nothing_judged_is_no_decision() -> None:
    checks = [replace(check, passed=0, not_assessed={"refused": check.asked}) for check in clean_run().checks]
    assert _decided(checks=checks) is Advice.UNDECIDED


def test_an_incomplete_audit_says_so_whatever_it_found() -> None:
    sentence = decide(sample_run()).incomplete
    for part in ("5 of 88 applicable verdicts", "6 gaps", "2 records unreadable", "6 resources", "1 fault"):
        assert part in sentence


# The parts


def test_a_page_is_split_into_its_parts() -> None:
    page = split_page(
        "A title.\n\nWhy: one\n  two.\n\nAside.\n\nWhat a fix may break: it.\n\nSource: https://a.example/b."
    )
    assert (page.why, page.breaks, page.further) == ("One two.", "It.", ["Aside."])
    assert page.url == "https://a.example/b"


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ("see https://a.example/x, please", ["https://a.example/x"]),
        ("http://a.example javascript:alert(1) data:text/html,x", []),
        ('https://a.example/"><script>', ["https://a.example/"]),
        ("https://a.example/\u202egpj.exe", ["https://a.example/"]),
    ],
)
def test_only_https_becomes_a_link(text: str, addresses: list[str]) -> None:
    found = list(pieces(text))
    assert "".join(piece.text for piece in found) == text
    assert [piece.text for piece in found if piece.kind == "address"] == addresses


def test_backticks_mark_code() -> None:
    kinds = [(piece.text, piece.kind) for piece in pieces("set `a = <b>` or ` not https://x.example/`y`")]
    assert kinds[:3] == [("set ", "words"), ("a = <b>", "code"), (" or ", "words")]
    assert [text for text, kind in kinds if kind == "address"] == []


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("//storage.googleapis.com/b", "b"),
        ("//cloudresourcemanager.googleapis.com/projects/12", "projects/12"),
        ("//compute.googleapis.com/projects/p/zones/z/disks/77", "disks/77"),
        ("", ""),
        ("//", "//"),
    ],
)
def test_short_names(name: str, short: str) -> None:
    assert short_name(name) == short


def test_what_is_cut_says_so() -> None:
    assert shortened("abc", 3) == "abc"
    assert shortened("a" * 1000, 3) == "aaa… (1,000 characters)"
    assert [(r.text, r.assets) for r in most_reasons({"a": 1, "b": 3, "c": 2}, 1)] == [
        ("b", 3),
        ("2 further reasons", 3),
    ]


def test_placeholders_of_a_command_are_for_the_reader_to_fill_in() -> None:
    assert command_of("gcloud x {key.id} --a={key.account}") == "gcloud x KEY_ID --a=KEY_ACCOUNT"


def test_places_share_a_budget() -> None:
    assert fair_limit([5, 500], most=200, budget=1000) == 200
    assert fair_limit([100] * 50, most=200, budget=1000) == 20
    assert fair_limit([1] * 9000, most=200, budget=1000) == 1


def test_findings_of_one_check_and_severity_are_one_entry() -> None:
    entries = Digest(sample_run(), places=lambda _: 10).entries
    keys = next(entry for entry in entries if entry.check.id == "service-account-key-stale")
    assert (keys.total, len(keys.places), keys.untold, keys.projects) == (30, 10, 20, 3)
    assert [entry.severity.rank for entry in entries] == sorted(entry.severity.rank for entry in entries)


def test_every_control_stays_in_the_denominator() -> None:
    kinds: tuple[ControlStatus, ...] = ("satisfied", "not satisfied", "excepted", "not assessed", "manual", "manual")
    controls = [Control(id="1", title="t", kind="manual", checks=[], status=kind, findings=0) for kind in kinds]
    found = statuses(Framework(id="f", title="F", version="1", controls=controls))
    assert {status: len(of) for status, of in found.items()} == {
        "satisfied": 1,
        "not satisfied": 1,
        "excepted": 1,
        "not assessed": 1,
        "manual": 2,
    }


def test_coverage_is_never_rounded_up() -> None:
    check = replace(clean_run().checks[0], asked=100_000, passed=99_999, not_assessed={"refused": 1})
    run = replace(clean_run(), checks=[check])
    assert Digest(run, places=lambda _: 1).coverage == "99.9 %"
    assert Digest(clean_run(), places=lambda _: 1).coverage == "100 %"


# HTML

ALLOWED = {"href": r"#[\w.-]+|https://[!-~]+", "id": r"[\w-]+"}
"""Attributes that could lead out of the file, and what they may say."""


@pytest.mark.parametrize("make", RUNS.values(), ids=RUNS)
def test_html_is_one_file_that_loads_nothing(make: Any) -> None:
    text = rendered("html", make())
    page = Page(text)
    assert page.open == [], "every element is closed"
    names = {tag for tag, _ in page.tags}
    assert not names & {"link", "img", "iframe", "object", "embed", "base", "image", "audio", "video", "source"}
    for tag, attributes in page.tags:
        assert not {
            name for name in attributes if name.startswith("on") or name in ("src", "style", "srcset", "action")
        }
        for name, pattern in ALLOWED.items():
            if name in attributes:
                assert re.fullmatch(pattern, attributes[name]), f"<{tag} {name}={attributes[name]!r}>"
        if attributes.get("href", "").startswith("https"):
            assert attributes["rel"] == "noopener noreferrer"
    assert not re.search(r"url\(|@import", page.raw["style"])
    assert [tag for tag, _ in page.tags].count("script") == 1


def test_html_admits_its_own_script_and_style_by_hash_and_no_other() -> None:
    page = Page(rendered("html", sample_run()))
    policy = next(a["content"] for _, a in page.tags if a.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    for kind in ("style", "script"):
        digest = base64.b64encode(hashlib.sha256(page.raw[kind].encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy


def test_html_links_within_itself_arrive() -> None:
    page = Page(rendered("html", sample_run()))
    identifiers = [a["id"] for _, a in page.tags if "id" in a]
    assert len(identifiers) == len(set(identifiers))
    assert {a["href"][1:] for _, a in page.tags if a.get("href", "").startswith("#")} <= set(identifiers)
    assert {a["aria-labelledby"] for _, a in page.tags if "aria-labelledby" in a} <= set(identifiers)


def test_html_headings_descend_and_tables_have_scopes() -> None:
    page = Page(rendered("html", sample_run()))
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert all("scope" in attributes for tag, attributes in page.tags if tag == "th")


def test_html_says_all_of_it_without_scripts() -> None:
    page = Page(rendered("html", sample_run()))
    for part in SAID:
        assert part in page.text
    assert "131 assets" in " ".join(page.text.split()) or "assets 131" in page.text
    assert "= 186" in page.text
    hidden = [attributes.get("id") or attributes.get("class") for _, attributes in page.tags if "hidden" in attributes]
    assert hidden == ["filters", "nothing-shown"], "without scripts only what needs them is hidden"


def test_a_population_that_does_not_add_up_is_told() -> None:
    run = sample_run()
    wrong = replace(run, population=replace(run.population, records=run.population.records + 7))
    for suffix in ("html", "md"):
        assert "The sum does not come out" in rendered(suffix, wrong)
        assert "The sum does not come out" not in rendered(suffix, run)


@pytest.mark.parametrize("suffix", ["html", "md", "sarif"])
def test_no_character_hides_or_reorders(suffix: str) -> None:
    text = rendered(suffix, sample_run())
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069]", text)
    assert "u202e" in text


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_text_in_html(name: str) -> None:
    run = sample_run()
    harmed = replace(run.findings[0], asset=name, project=name, message=name, evidence={name: name}, fix=name)
    harmed = replace(harmed, address=name, source=name)
    plain, worse = (Page(rendered("html", replace(run, findings=[finding]))) for finding in (run.findings[0], harmed))
    assert {tag for tag, _ in worse.tags} == {tag for tag, _ in plain.tags}
    assert worse.text.count("7 * 7") == (
        plain.text.count("7 * 7") if "7 * 7" not in name else worse.text.count("{{ 7 * 7 }}")
    )


def test_html_stays_small_at_a_hundred_thousand_findings() -> None:
    text = rendered("html", large_run(100_000))
    assert len(text.encode()) < 12_000_000
    assert "more: see the JSON report or the ledger" in text
    assert "100,000" in text


@pytest.mark.parametrize(
    ("why", "shown"),
    [
        ("an open port is found.", "An open port is found."),
        ("allUsers needs no account.", "allUsers needs no account."),
        ("`negate` turns it around.", "`negate` turns it around."),
        ("", ""),
    ],
)
def test_a_sentence_begins_with_a_capital_but_names_stay_as_they_are(why: str, shown: str) -> None:
    assert split_page(f"A problem.\n\nWhy: {why}" if why else "A problem.").why == shown


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        ("gcloud a b --c=d", "gcloud a b --c=d"),
        (
            "gcloud compute firewall-rules update default-ssh --source-ranges=TO_KEEP --project=gas",
            "gcloud compute firewall-rules update default-ssh \\\n    --source-ranges=TO_KEEP \\\n    --project=gas",
        ),
        (f"gcloud x --filter='a --b' {'y' * 90}", f"gcloud x --filter='a --b' {'y' * 90}"),
    ],
)
def test_a_long_command_is_folded_as_shells_read_it(command: str, shown: str) -> None:
    assert folded(command) == shown
    assert shlex.split(folded(command).replace("\\\n", "")) == shlex.split(command)
