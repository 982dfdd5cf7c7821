"""Documents say what the code does."""

from __future__ import annotations

import importlib
import pkgutil
import re
from pathlib import Path

import pytest

import auditor
import checks
import reports
from tests.generated import README, TERRAFORM, rewritten, terraform_page
from tests.support import run

ROOT = README.parent


def test_the_readme_shows_the_help_text_and_the_areas_as_they_are() -> None:
    text = README.read_text(encoding="utf-8")
    assert rewritten(text) == text, "run `make docs`"


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
