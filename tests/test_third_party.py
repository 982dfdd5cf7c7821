"""Third-party checks come in through the same doors as ours."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import NOW, bucket, ndjson, run, scan

MODULE = '''
"""Acme's own rules for buckets."""
from auditor import PASS, Fix, Settings, Severity, Verdict, asset, check, fail
from auditor.resources.storage import Bucket


class NameSettings(Settings):
    """How our buckets are called."""

    prefix: str = "acme-"


@check(
    "acme-bucket-misnamed",
    severity=Severity.LOW,
    fix=Fix(manual="Make a bucket with the right name and move the objects.", patch={}),
    passes=lambda: [asset(Bucket, name="//storage.googleapis.com/acme-x")],
    fails=lambda: [asset(Bucket, name="//storage.googleapis.com/x")],
)
def misnamed(bucket: Bucket, settings: NameSettings) -> Verdict:
    """A bucket is not named as Acme names buckets."""
    return PASS if bucket.id.startswith(settings.prefix) else fail(f"{bucket.id} lacks {settings.prefix}")
'''
FRAMEWORK = """
id = "acme-1"
title = "Acme house rules"
version = "1"

[[control]]
id = "A.1"
title = "Buckets are named"
checks = ["acme-bucket-misnamed"]
"""


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A distribution with checks and a framework, as pip would have installed it."""
    home = tmp_path / "site"
    (home / "acme_checks" / "naming").mkdir(parents=True)
    (home / "acme_checks" / "__init__.py").write_text('"""Acme."""')
    (home / "acme_checks" / "naming" / "__init__.py").write_text('"""Names."""')
    (home / "acme_checks" / "naming" / "buckets.py").write_text(MODULE)
    (home / "acme_checks" / "frameworks").mkdir()
    (home / "acme_checks" / "frameworks" / "acme.toml").write_text(FRAMEWORK)
    info = home / "acme_checks-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-checks\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[auditor.checks]\nacme = acme_checks\n")
    return home


def auditor(package: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """The command, with the package installed."""
    environment = {**os.environ, "PYTHONPATH": str(package)}
    command = [sys.executable, "-m", "auditor", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


def test_an_installed_package_brings_checks_settings_and_a_framework(package: Path, tmp_path: Path) -> None:
    (tmp_path / "e.ndjson").write_bytes(ndjson([bucket("shop-one"), bucket("acme-two")]))
    (tmp_path / "auditor.toml").write_text('[checks.acme-bucket-misnamed]\nprefix = "shop-"')
    done = auditor(
        package, "scan", tmp_path / "e.ndjson", "--framework", "acme-1", "--config", tmp_path / "auditor.toml",
        "--now", NOW, "-o", tmp_path / "r.json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "r.json").read_text())
    assert [finding["asset"] for finding in report["findings"]] == ["//storage.googleapis.com/acme-two"]
    assert [check["area"] for check in report["checks"]] == ["naming"]
    framework = next(f for f in report["frameworks"] if f["id"] == "acme-1")
    assert framework["controls"][0]["status"] == "not satisfied"
    assert "acme-bucket-misnamed" in auditor(package, "checks", "--area", "naming").stdout


def test_a_folder_of_modules(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "buckets.py").write_text(MODULE)
    (tmp_path / "e.ndjson").write_bytes(ndjson([bucket("one")]))
    _, report = scan(tmp_path / "e.ndjson", options=["--checks-dir", tmp_path / "rules", "--area", "rules"])
    assert [finding["message"] for finding in report["findings"]] == ["one lacks acme-"]
    assert "Acme names buckets" in run("explain", "acme-bucket-misnamed", "--checks-dir", tmp_path / "rules").output


GOOD = MODULE.partition("@check(")[0]
WRONG = {
    "a syntax error": ("def (", "SyntaxError"),
    "an import that fails": ("import nothing_of_that_name", "nothing_of_that_name"),
    "an id in capitals": (MODULE.replace("acme-bucket-misnamed", "AcmeBucket"), "lower-case words"),
    "an id that is taken": (
        MODULE.replace("acme-bucket-misnamed", "bucket-public"),
        "two checks are called bucket-public",
    ),
    "an argument without meaning": (
        MODULE.replace("settings: NameSettings", "settings: int"),
        "nothing can be handed in",
    ),
    "an argument without annotation": (MODULE.replace("bucket: Bucket,", "bucket,"), "needs an annotation"),
    "no docstring": (MODULE.replace('"""A bucket is not named as Acme names buckets."""', "pass"), "docstring"),
    "no subject": (
        MODULE.replace("bucket: Bucket, ", "").replace("bucket.id", "settings.prefix"),
        "resource view or a Policy",
    ),
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_module_that_is_wrong_is_told_and_nothing_is_audited(kind: str, tmp_path: Path) -> None:
    text, words = WRONG[kind]
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "buckets.py").write_text(text)
    (tmp_path / "e.ndjson").write_bytes(ndjson([bucket("one")]))
    result = run("scan", tmp_path / "e.ndjson", "--checks-dir", tmp_path / "rules")
    assert result.exit_code == 2, result.output
    assert words in result.output
    assert "Traceback" not in result.output
