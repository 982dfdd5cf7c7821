"""The escalation catalogue: it loads, is consistent, and names permissions that exist."""

from __future__ import annotations

import datetime
import gzip
import json
from pathlib import Path

import pytest

from auditor.access.control.primitives import (
    ActAs,
    CatalogueError,
    Edge,
    Gain,
    Primitive,
    Status,
    by_permission,
    parse,
    primitives,
)

ROLE_TABLE = Path(__file__).parents[2] / "shared" / "iam" / "predefined_roles.json.gz"


@pytest.fixture(scope="module")
def known_permissions() -> frozenset[str]:
    if not ROLE_TABLE.exists():
        pytest.skip("the table of all permissions is not here: whether the catalogue's exist is not tested")
    return frozenset(json.loads(gzip.decompress(ROLE_TABLE.read_bytes()))["permissions"])


def primitive(name: str) -> Primitive:
    return next(found for found in primitives() if found.id == name)


def test_the_catalogue_has_all_its_primitives_once() -> None:
    assert len(primitives()) == len({found.id for found in primitives()}) == 120


@pytest.mark.parametrize("found", primitives(), ids=lambda found: found.id)
def test_every_permission_exists(found: Primitive, known_permissions: frozenset[str]) -> None:
    assert found.permissions <= known_permissions
    if not found.ways:
        assert found.edge is not Edge.BINDING


@pytest.mark.parametrize("found", primitives(), ids=lambda found: found.id)
def test_a_current_takeover_has_an_edge_or_says_why_not(found: Primitive) -> None:
    assert found.edge is not Edge.NONE or len(found.no_edge_because) > 20
    assert found.title[0].isupper()
    assert not found.title.endswith(".")


def test_by_permission_finds_each_way() -> None:
    assert [found.id for found in by_permission()["cloudbuild.builds.create"]] == [
        "actas.cloudbuild.build",
        "default.cloudbuild",
    ]
    for permission, found in by_permission().items():
        assert all(permission in entry.permissions for entry in found)


@pytest.mark.parametrize(
    ("name", "gain", "act_as", "certain"),
    [
        ("sa.token", Gain.SERVICE_ACCOUNT, ActAs.NOT_NEEDED, True),
        ("sa.delegation", Gain.SERVICE_ACCOUNT_RELAY, ActAs.NOT_NEEDED, True),
        ("policy.project", Gain.SCOPE, ActAs.NOT_NEEDED, True),
        ("actas.run.service.create", Gain.ATTACHABLE_ACCOUNT, ActAs.CHOSEN, True),
        ("actas.gce.instance", Gain.ATTACHABLE_ACCOUNT, ActAs.CHOSEN, False),
        ("attached.gce.metadata", Gain.ATTACHED_ACCOUNT, ActAs.ATTACHED, False),
        ("attached.composer.update", Gain.ATTACHED_ACCOUNT, ActAs.NOT_NEEDED, True),
        ("wif.provider.update", Gain.FEDERATED_IDENTITY, ActAs.NOT_NEEDED, True),
        ("role.update", Gain.ROLE_REWRITE, ActAs.NOT_NEEDED, True),
        ("group.membership", Gain.GROUP, ActAs.NOT_NEEDED, True),
        ("deny.edit", Gain.GUARDRAIL, ActAs.NOT_NEEDED, True),
    ],
)
def test_what_well_known_primitives_give(name: str, gain: Gain, act_as: ActAs, certain: bool) -> None:
    found = primitive(name)
    assert (found.gain, found.act_as, found.is_certain) == (gain, act_as, certain)


def test_a_retired_service_gives_nothing_from_its_last_day_on() -> None:
    gone = primitive("actas.lifesciences")
    assert (gone.status, gone.since) == (Status.RETIRED, datetime.date(2025, 7, 8))
    assert gone.works_on(datetime.date(2025, 7, 7))
    assert not gone.works_on(datetime.date(2025, 7, 8))
    assert primitive("sa.token").works_on(datetime.date(2040, 1, 1))


GOOD = {
    "id": "x",
    "title": "X",
    "kind": "takeover",
    "gain": "service_account",
    "scope": "service_account",
    "edge": "binding",
    "ways": [["iam.serviceAccounts.getAccessToken"]],
    "sources": ["https://cloud.google.com/iam/docs"],
}


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"gain": "moon"}, "moon"),
        ({"edge": "none"}, "no_edge_because"),
        ({"edge": "inventory"}, "asset_types"),
        ({"ways": []}, "needs permissions"),
        ({"ways": [[]]}, "no set of permissions"),
        ({"ways": [["iam.serviceAccounts.getAccessToken"] * 2]}, "no set of permissions"),
        ({"ways": [["<script>alert(1)</script>"]]}, "no set of permissions"),
        ({"also": ["compute.disks.create"]}, "also goes with"),
        ({"act_as": "chosen"}, "actAs"),
        ({"gain": "project_agent"}, "agents"),
        ({"status": "retired"}, "since"),
        ({"sources": ["http://example.com"]}, "source"),
        ({"sources": []}, "source"),
        ({"possible": "typo"}, "unknown field `possible`"),
        ({"id": ""}, "id and a title"),
    ],
)
def test_a_contradiction_does_not_load(change: dict[str, object], problem: str) -> None:
    assert parse(json.dumps([GOOD]).encode())[0].id == "x"
    with pytest.raises(CatalogueError, match=problem):
        parse(json.dumps([GOOD | change]).encode())


def test_an_id_is_used_once() -> None:
    with pytest.raises(CatalogueError, match="x is there 2 times"):
        parse(json.dumps([GOOD, GOOD]).encode())


@pytest.mark.parametrize("text", [b"", b"{}", b"[1]", b"\xff", b"[" * 100_000])
def test_a_damaged_file_is_told(text: bytes) -> None:
    with pytest.raises(CatalogueError, match="escalation catalogue"):
        parse(text)
