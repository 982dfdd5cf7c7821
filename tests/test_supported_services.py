"""The table of services that perimeters can restrict is read strictly, and made anew from what gcloud lists."""

from __future__ import annotations

import io
import json
import sys
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import pytest

from checks.vpc_sc import supported
from checks.vpc_sc.examples import DATA_SERVICES

LISTED = json.dumps(
    [
        {"name": "storage.googleapis.com", "title": "Cloud Storage", "serviceSupportStage": "GA"},
        {"name": "services/run.googleapis.com", "knownLimitations": True},
        {"name": "storage.googleapis.com"},
    ]
).encode()


def test_the_table_at_hand_has_a_date_and_every_service_that_holds_data() -> None:
    assert date(2025, 1, 1) < supported.AS_OF <= date(2026, 11, 22)
    assert set(DATA_SERVICES) <= supported.SUPPORTED


def test_what_gcloud_lists_becomes_the_table() -> None:
    table = supported.written(LISTED, date(2027, 2, 3))
    assert supported.read(table) == (date(2027, 2, 3), frozenset({"run.googleapis.com", "storage.googleapis.com"}))
    assert "Made anew by: gcloud" in table


@pytest.mark.parametrize(
    "listed",
    [
        b"",
        b"{}",
        b"[1]",
        b"[{}]",
        b"[]",
        b'[{"name": 5}]',
        b'[{"name": "evil\\"\\"\\"\\nas_of = 1970-01-01"}]',
        b"\xff[",
    ],
)
def test_what_is_no_list_of_services_is_refused(listed: bytes) -> None:
    with pytest.raises(supported.UnreadableList):
        supported.written(listed, date(2027, 2, 3))


@pytest.mark.parametrize(
    "text", ["", "as_of = 2026-01-01", 'as_of = "soon"\nservices = "run"', 'as_of = 2026-01-01\nservices = "Run;"', "="]
)
def test_a_damaged_table_is_refused(text: str) -> None:
    with pytest.raises(supported.UnreadableList):
        supported.read(text)


def test_the_command_writes_the_table_or_leaves_it_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "table.toml"
    file.write_text(supported.FILE.read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setattr(supported, "FILE", file)
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"no list")))
    assert supported.main() == 2
    assert "supported-services list" in capsys.readouterr().err
    assert supported.read(file.read_text(encoding="utf-8"))[1] == supported.SUPPORTED
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(LISTED)))
    assert supported.main() == 0
    assert len(supported.read(file.read_text(encoding="utf-8"))[1]) == 2
