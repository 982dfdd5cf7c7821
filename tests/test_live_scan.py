"""`auditor scan` of live targets and of saved collections, through the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from auditor.cli import main
from auditor.sources.live.connection import Connection
from auditor.sources.live.run import Access
from tests.fake_google import Estate, Fake, denied
from tests.live_support import ORGANIZATION, connection_to, full_estate


@pytest.fixture(scope="module")
def estate() -> Estate:
    return full_estate()


@pytest.fixture
def reaching(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Let the commands reach a fake, in a folder of their own."""
    monkeypatch.chdir(tmp_path)

    def reach(fake: Fake) -> None:
        def connect(_: Access) -> Connection:
            return connection_to(fake)

        monkeypatch.setattr(Access, "connect", connect)

    return reach


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments], prog_name="auditor")


def said(result: Result) -> str:
    return " ".join(result.output.split())


def test_a_live_organization_is_audited(estate: Estate, reaching: Any, tmp_path: Path) -> None:
    with Fake(estate) as fake:
        reaching(fake)
        result = run("scan", ORGANIZATION, "-o", "run.json", "--no-paths", "--now", "2026-11-22T00:00:00Z")
    assert result.exit_code == 1, result.output
    document = json.loads((tmp_path / "run.json").read_text())
    assert document["targets"][0]["path"] == ORGANIZATION
    assert document["findings"]


def test_where_every_read_is_refused_nothing_is_judged_and_the_role_is_told(estate: Estate, reaching: Any) -> None:
    with Fake(estate) as fake:
        reaching(fake)
        fake.fail("", denied("cloudasset.assets.listResource"))
        result = run("scan", ORGANIZATION, "-o", "run.json")
    assert result.exit_code == 3
    assert "roles/cloudasset.viewer" in said(result)
    assert "0 critical" not in said(result)
    assert not Path("run.json").exists()
