"""Markdown, JSON and SARIF: they say the same, load where they should, and keep names inert."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from markdown_it import MarkdownIt

from auditor.model.run import RUN, Run
from reports import sarif
from reports.markdown import escape_markdown, fenced
from tests.rendered import Page, rendered
from tests.sample_run import SAID, clean_run, large_run, sample_run
from tests.sample_topics import HOSTILE

SCHEMA = json.loads((Path(__file__).parent / "data" / "sarif-schema-2.1.0.json").read_text())
RUNS = {"sample": sample_run, "clean": clean_run}

# Markdown


def _html_of(markdown: str) -> Page:
    return Page(MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(markdown))


TAGS = {
    "h1",
    "h2",
    "h3",
    "h4",
    "p",
    "strong",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "ul",
    "ol",
    "li",
    "pre",
    "code",
    "a",
}


@pytest.mark.parametrize("make", RUNS.values(), ids=RUNS)
def test_markdown_holds_no_markup_but_ours(make: Any) -> None:
    page = _html_of(rendered("md", make()))
    assert {tag for tag, _ in page.tags} <= TAGS
    for tag, attributes in page.tags:
        if tag == "a":
            assert attributes["href"].startswith("https://cloud.google.com/")


def test_markdown_says_the_same_condensed() -> None:
    text = _html_of(rendered("md", sample_run())).text
    for part in SAID:
        if part not in (
            "Taken for",
            "Google rotates its own keys",
            "1.16",
            "Limitations",
            "94.3 % of applicable verdicts were judged",
        ):
            assert part in text, part
    assert "186 records = 131 assets + 44 further parts + 3 duplicates + 2 unreadable + 6 of types" in text


@pytest.mark.parametrize(
    "name", [*HOSTILE, "1. a", "- a", "    code", "# a", "a\nb", "=", "12)", "user:@bob", "x_y _z_"]
)
@pytest.mark.parametrize("place", ["{}", "- {}", "| a |\n|---|\n| {} |", "**{}**", "#### {}", "1. {} b"])
def test_hostile_names_are_text_in_markdown(name: str, place: str) -> None:
    bare, page = (_html_of(place.format(text)) for text in ("name", escape_markdown(name)))
    assert [tag for tag, _ in page.tags] == [tag for tag, _ in bare.tags]
    shown = page.text.replace(" ", "")
    if name.isascii() and name.isprintable():
        assert name.replace(" ", "") in shown


def test_markdown_makes_no_link_and_calls_nobody() -> None:
    text = str(escape_markdown("https://evil.example www.evil.example @everyone mailto:a@b.example"))
    assert "://" not in text
    assert "www.evil" not in text
    assert "mailto:" not in text
    assert not re.search(r"(?<![\w.])@\w", text)


def test_a_fence_is_longer_than_what_it_holds() -> None:
    assert str(fenced(["a", "b\n```"])) == "```` sh\na\nb\\u000a```\n````".replace(" sh", "sh")
    assert {tag for tag, _ in _html_of(str(fenced(["````", "<b>"]))).tags} == {"pre", "code"}


# JSON


@pytest.mark.parametrize("make", RUNS.values(), ids=RUNS)
def test_json_loads_back_to_an_equal_run(make: Any) -> None:
    run = make()
    names = [finding for finding in run.findings if "\udce9" not in finding.asset]  # no UTF-8 can hold it
    run = replace(run, findings=names)
    assert RUN.validate_json(rendered("json", run)) == run


def test_json_makes_visible_what_utf8_cannot_hold() -> None:
    again = RUN.validate_json(rendered("json", sample_run()))
    assert "//storage.googleapis.com/not utf-8: \\udce9" in {finding.asset for finding in again.findings}
    assert len(again.findings) == len(sample_run().findings)


def test_json_fits_the_published_schema() -> None:
    jsonschema.validate(json.loads(rendered("json", sample_run())), RUN.json_schema())


# SARIF


def _sarif(run: Run) -> dict[str, Any]:
    log = json.loads(rendered("sarif", run))
    jsonschema.Draft4Validator(SCHEMA).validate(log)
    found: dict[str, Any] = log["runs"][0]
    return found


@pytest.mark.parametrize("make", RUNS.values(), ids=RUNS)
def test_sarif_is_valid(make: Any) -> None:
    run = make()
    log = _sarif(run)
    assert len(log["results"]) == len(run.findings)
    assert len(log["tool"]["driver"]["rules"]) == len(run.checks)


def test_sarif_stays_within_what_github_takes_and_says_what_it_leaves_out() -> None:
    run = large_run(sarif.RESULTS + 10)
    log = json.loads(rendered("sarif", run))["runs"][0]
    assert [result["properties"]["asset"] for result in log["results"]] == [
        finding.asset for finding in run.findings[: sarif.RESULTS]
    ]
    told = [
        note for note in log["invocations"][0]["toolExecutionNotifications"] if "too-many" in note["descriptor"]["id"]
    ]
    assert [note["message"]["text"] for note in told] == [
        "10 findings beyond the worst 25,000 are not in this log: see the JSON report or the ledger"
    ]


def test_sarif_rules_carry_their_page() -> None:
    rule = next(rule for rule in _sarif(sample_run())["tool"]["driver"]["rules"] if rule["id"] == "bucket-public")
    assert rule["helpUri"] == "https://cloud.google.com/storage/docs/public-access-prevention"
    assert rule["properties"]["security-severity"] == "9.5"
    assert {"security", "storage"} <= set(rule["properties"]["tags"])
    assert "gs://BUCKET_ID" in rule["help"]["text"]
    assert "](javascript:" not in rule["help"]["markdown"]


def test_sarif_results_point_to_rule_and_place() -> None:
    run = sample_run()
    log = _sarif(run)
    rules = log["tool"]["driver"]["rules"]
    for finding, result in zip(run.findings, log["results"], strict=True):
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"] == finding.check
        assert result["partialFingerprints"] == {"auditorFingerprint/v1": finding.fingerprint}
    service = next(result for result in log["results"] if result["ruleId"] == "run-public-without-armor")
    (place,) = service["locations"]
    (logical,) = place["logicalLocations"]
    assert logical["fullyQualifiedName"] == 'google_cloud_run_v2_service.api["driver-api"]'
    assert logical["kind"] == "resource"
    assert place["physicalLocation"]["artifactLocation"]["uri"] == "infra/run%20services.tf"


@pytest.mark.parametrize(
    ("source", "place"),
    [
        ("a.ndjson:7", {"artifactLocation": {"uri": "a.ndjson", "uriBaseId": "%SRCROOT%"}, "region": {"startLine": 7}}),
        ("./a b.json element 3", {"artifactLocation": {"uri": "a%20b.json", "uriBaseId": "%SRCROOT%"}}),
        ("/abs/ä.tf:1", {"artifactLocation": {"uri": "file:///abs/%C3%A4.tf"}, "region": {"startLine": 1}}),
        ("gs://b/o.json:2", {"artifactLocation": {"uri": "gs://b/o.json"}, "region": {"startLine": 2}}),
        ("x:y:0", {"artifactLocation": {"uri": "x%3Ay%3A0", "uriBaseId": "%SRCROOT%"}}),
        ("\udce9.tf", {"artifactLocation": {"uri": "%E9.tf", "uriBaseId": "%SRCROOT%"}}),
        ("", None),
    ],
)
def test_sarif_places(source: str, place: dict[str, Any] | None) -> None:
    run = sample_run()
    (result,) = _sarif(replace(run, findings=[replace(run.findings[0], source=source)]))["results"]
    assert result["locations"][0].get("physicalLocation") == place


def test_sarif_tells_what_the_run_did_not_see() -> None:
    (invocation,) = _sarif(sample_run())["invocations"]
    kinds = [told["descriptor"]["id"] for told in invocation["toolExecutionNotifications"]]
    assert (kinds.count("gap"), kinds.count("check-fault"), kinds.count("not-assessed")) == (3, 1, 3)
    assert invocation["executionSuccessful"] is False
    assert invocation["exitCode"] == 1
    assert _sarif(clean_run())["invocations"][0]["executionSuccessful"] is True


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_text_in_sarif(name: str) -> None:
    run = sample_run()
    (result,) = _sarif(replace(run, findings=[replace(run.findings[0], message=name)]))["results"]
    text = result["message"]["text"].replace("{{", "").replace("}}", "").replace("\\\\", "").replace("\\[", "")
    assert not re.search(r"[\[{}]|(?<!\\)\]", text), "no link and no placeholder"
