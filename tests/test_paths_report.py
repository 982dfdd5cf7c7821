"""Paths to control in reports: drawn, with the bindings to remove, and no markup of strangers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reports.drawings import drawing
from tests.support import ANCESTORS, NOW, ndjson, policy, project, run

_SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10">{}</svg>'
_ACCOUNT = {
    "name": "//iam.googleapis.com/projects/p-1001/serviceAccounts/robot@p-1001.iam.gserviceaccount.com",
    "asset_type": "iam.googleapis.com/ServiceAccount",
    "ancestors": ANCESTORS,
    "resource": {"data": {"email": "robot@p-1001.iam.gserviceaccount.com", "uniqueId": "77"}},
}
_HOSTILE = "user:<script>alert(1)</script>@example.com"


def _estate(tmp_path: Path) -> Path:
    robot = "serviceAccount:robot@p-1001.iam.gserviceaccount.com"
    lines = [
        project(),
        policy(project(), {"bindings": [{"role": "roles/resourcemanager.projectIamAdmin", "members": [robot]}]}),
        _ACCOUNT,
        policy(_ACCOUNT, {"bindings": [{"role": "roles/iam.serviceAccountTokenCreator", "members": [_HOSTILE]}]}),
    ]
    path = tmp_path / "estate.ndjson"
    path.write_bytes(ndjson(lines))
    return path


def test_a_report_draws_the_paths_and_names_what_to_remove(tmp_path: Path) -> None:
    html, told, markdown = tmp_path / "r.html", tmp_path / "r.json", tmp_path / "r.md"
    run("scan", _estate(tmp_path), "--now", NOW, "-o", html, "-o", told, "-o", markdown)
    paths = json.loads(told.read_bytes())["paths"]
    assert [path["title"] for path in paths["paths"]] == [f"{_HOSTILE} to control of projects/p-1001"]
    assert any("remove-iam-policy-binding" in point["command"] for point in paths["choke_points"])
    page = html.read_text("utf-8")
    assert "<svg" in page
    assert "<script>alert" not in page
    assert "## Paths to control" in markdown.read_text("utf-8")
    again = tmp_path / "again.html"
    run("report", told, "-o", again)
    assert again.read_bytes() == html.read_bytes()


def test_paths_are_not_looked_for_where_that_was_said(tmp_path: Path) -> None:
    estate, told = _estate(tmp_path), tmp_path / "r.json"
    run("scan", estate, "--now", NOW, "-o", told, "--no-paths")
    report = json.loads(told.read_bytes())
    assert report["paths"] is None
    assert any("--no-paths" in notice for notice in report["notices"])


def test_a_drawing_is_let_through() -> None:
    picture = _SVG.format(
        '<g><title>a &amp; b</title><path d="M0 0L5 5" stroke="#000"/><text x="1">&lt;x&gt;</text></g>'
    )
    assert drawing(picture).startswith("<svg")
    assert "&lt;x&gt;" in drawing(picture)


@pytest.mark.parametrize(
    "inside",
    [
        "<script>alert(1)</script>",
        '<rect onclick="alert(1)"/>',
        '<a href="https://example.com">x</a>',
        '<image xlink:href="x" xmlns:xlink="http://www.w3.org/1999/xlink"/>',
        '<rect style="fill:url(https://example.com)"/>',
        '<rect fill="url(https://example.com/x)"/>',
        "<foreignObject><b>x</b></foreignObject>",
        '<h:img xmlns:h="http://www.w3.org/1999/xhtml" src="x"/>',
        "</svg><svg>",
    ],
)
def test_whatever_does_more_than_draw_is_shown_as_text(inside: str) -> None:
    assert "<" not in drawing(_SVG.format(inside))


def test_what_may_be_a_way_in_and_is_not_known_is_told(tmp_path: Path) -> None:
    estate, told = _estate(tmp_path), tmp_path / "r.json"
    machine = {
        "name": "//compute.googleapis.com/projects/p-1001/zones/europe-west1-b/instances/vm",
        "asset_type": "compute.googleapis.com/Instance",
        "ancestors": ANCESTORS,
        "resource": {
            "data": {
                "name": "vm",
                "status": "RUNNING",
                "networkInterfaces": "unreadable",
                "serviceAccounts": [{"email": "robot@p-1001.iam.gserviceaccount.com", "scopes": []}],
            }
        },
    }
    with estate.open("ab") as file:
        file.write(ndjson([machine]))
    run("scan", estate, "--now", NOW, "-o", told)
    notes = json.loads(told.read_bytes())["paths"]["notes"]
    assert any("whether" in note and "instances/vm is a way in is not known" in note for note in notes), notes
