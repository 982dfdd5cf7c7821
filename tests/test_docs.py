"""Documents say what the code does."""

from __future__ import annotations

import csv
import importlib
import pkgutil
import re
from pathlib import Path

import pytest

import auditor
import checks
import reports
from auditor.loading import load_checks
from tests import coverage
from tests.generated import README, TERRAFORM, rewritten, terraform_page
from tests.support import run

ROOT = README.parent


def test_the_readme_shows_the_help_text_and_the_areas_as_they_are() -> None:
    text = README.read_text(encoding="utf-8")
    assert rewritten(text) == text, "run `make docs`"


def test_the_coverage_page_is_as_its_data_and_the_checks_say() -> None:
    assert coverage.page() == coverage.PAGE.read_text(encoding="utf-8"), "run `make docs`"


def test_what_coverage_names_is_there_and_what_it_leaves_out_has_a_reason() -> None:
    known = {check.id for check in load_checks()}
    areas = coverage.coverage()
    assert list(areas) == list(coverage.TITLES)
    for rows in areas.values():
        for detection, answer in rows.items():
            if isinstance(answer, str):
                assert len(answer.split()) >= 3, detection
            else:
                assert answer, detection
                assert set(answer) <= known, detection


CATALOGUE = ROOT.parent / "shared" / "catalogue"
COLUMNS = {
    **dict.fromkeys(("prowler", "steampipe", "scoutsuite", "checkov", "trivy", "cloudsploit"), ""),
    **dict.fromkeys(("policy_library", "forseti", "inspec"), ""),
    "sha_or_scc_category": "sha",
}
"""Column of the list of detections → what `same_as` calls the system, where that is another name."""


def catalogue() -> dict[str, dict[str, str]]:
    """The rows of the lists of detections that the table has to answer, by name."""
    found: dict[str, dict[str, str]] = {}
    for name in ("detections.csv", "new_detections.csv"):
        with (CATALOGUE / name).open(encoding="utf-8", newline="") as file:
            found |= {row["id"]: row for row in csv.DictReader(file) if row.get("group") in (None, "mission+guardrail")}
    return found


@pytest.mark.skipif(not CATALOGUE.is_dir(), reason="the lists of detections are not beside the project")
def test_coverage_answers_every_row_of_the_lists_of_detections() -> None:
    answered = {detection: area for area, rows in coverage.coverage().items() for detection in rows}
    rows = catalogue()
    assert set(answered) == set(rows)
    assert {detection: row["our_area"] for detection, row in rows.items()} == answered


@pytest.mark.skipif(not CATALOGUE.is_dir(), reason="the lists of detections are not beside the project")
def test_a_check_that_is_the_same_as_another_systems_answers_its_row() -> None:
    same: dict[str, set[str]] = {}
    for check in load_checks():
        for name in check.same_as:
            same.setdefault(name, set()).add(check.id)
    answers = {detection: answer for rows in coverage.coverage().values() for detection, answer in rows.items()}
    for detection, row in catalogue().items():
        elsewhere = {
            f"{system or column}:{value.strip()}"
            for column, system in COLUMNS.items()
            for value in re.split(r"[;,]\s*|\s{2,}", row.get(column) or "")
        }
        ours = {check for name in elsewhere for check in same.get(name, ())}
        assert ours <= set(answers[detection]), detection


def test_the_page_of_terraform_types_shows_the_tables_as_they_are() -> None:
    assert TERRAFORM.read_text(encoding="utf-8") == terraform_page(), "run `make docs`"


def test_every_link_in_the_documents_leads_somewhere() -> None:
    for document in ROOT.glob("*.md"):
        for target in re.findall(r"\]\(([^)#]+)\)", document.read_text(encoding="utf-8")):
            if not target.startswith("http"):
                assert (ROOT / target).exists(), f"{document.name}: {target}"


def test_every_package_says_what_lives_there() -> None:
    for top in (auditor, checks, reports):
        for info in pkgutil.walk_packages(top.__path__, top.__name__ + "."):
            if info.ispkg:
                assert (importlib.import_module(info.name).__doc__ or "").strip(), info.name


def test_the_pages_of_all_checks_can_be_written(tmp_path: Path) -> None:
    result = run("explain", "--all", tmp_path / "pages")
    assert result.exit_code == 0, result.output
    index = (tmp_path / "pages" / "index.md").read_text(encoding="utf-8")
    assert "[bucket-public](bucket-public.md)" in index
    assert (tmp_path / "pages" / "bucket-public.md").read_text(encoding="utf-8").startswith("# ")


IMPORT = re.compile(r"^\s*(?:from|import) (auditor|checks|reports)((?:\.\w+)*)", re.MULTILINE)


@pytest.mark.parametrize("package", ["auditor", "checks", "reports"])
def test_the_arrows_between_packages_hold(package: str) -> None:
    for file in (ROOT / package).rglob("*.py"):
        for found, rest in IMPORT.findall(file.read_text(encoding="utf-8")):
            if package == "auditor":
                assert found == "auditor", f"{file} imports {found}"
            if package == "checks":
                assert found in ("auditor", "checks"), f"{file} imports {found}{rest}"
            if package == "reports":
                assert found == "reports" or rest.startswith(".model"), f"{file} imports {found}{rest}"
