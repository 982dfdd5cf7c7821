"""What was not read costs what rests on it, by type and place, and nothing else."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from auditor.completeness import CONTENT_TYPES, NOT_INVENTORIED, Missing, Missings, is_inventoried
from auditor.config import ConfigError, load_config
from auditor.estate import Estate
from auditor.resources.base import Asset, OpenList, Resource, Undetermined
from auditor.resources.iam_policies import DenyPolicy
from auditor.resources.storage import Bucket

BUCKET, SECRET = "storage.googleapis.com/Bucket", "secretmanager.googleapis.com/Secret"
DENIED = "buckets could not be read"
HERE = ["projects/1", "folders/2", "organizations/3"]


def missings(*parts: Missing) -> Missings:
    made = Missings()
    for part in parts:
        made.add(part)
    return made


@pytest.mark.parametrize(
    ("part", "asset_type", "places", "touches"),
    [
        (Missing("projects/1", DENIED, frozenset({BUCKET})), BUCKET, HERE, True),
        (Missing("projects/1", DENIED, frozenset({BUCKET})), SECRET, HERE, False),
        (Missing("projects/9", DENIED, frozenset({BUCKET})), BUCKET, HERE, False),
        (Missing("projects/9", DENIED, frozenset({BUCKET})), BUCKET, None, True),
        (Missing("folders/2", DENIED, frozenset({BUCKET})), BUCKET, HERE, True),
        (Missing("folders/2", DENIED, frozenset({BUCKET}), below=False), BUCKET, HERE, False),
        (Missing("folders/2", DENIED, frozenset({BUCKET}), below=False), BUCKET, HERE[1:], True),
        (Missing("", DENIED), BUCKET, HERE, True),
        (Missing("organizations/3", DENIED, besides=frozenset({BUCKET})), BUCKET, HERE, False),
        (Missing("organizations/3", DENIED, besides=frozenset({BUCKET})), SECRET, HERE, True),
        (Missing("organizations/3", DENIED), NOT_INVENTORIED[0], HERE, False),
        (Missing("organizations/3", DENIED, frozenset(NOT_INVENTORIED)), NOT_INVENTORIED[0], HERE, True),
        (Missing("projects/1", DENIED, frozenset({BUCKET}), policies=True), BUCKET, HERE, False),
    ],
)
def test_what_a_missing_part_touches(part: Missing, asset_type: str, places: list[str] | None, touches: bool) -> None:
    cause = missings(part).why([asset_type], places)
    assert bool(cause) is touches
    assert not touches or DENIED in cause


def test_where_not_all_that_is_above_is_known_what_is_missing_of_a_folder_counts() -> None:
    lacking = missings(Missing("folders/2", DENIED, frozenset({BUCKET})))
    assert not lacking.why([BUCKET], ["projects/1"])
    assert lacking.why([BUCKET], ["projects/1"], uncertain=True)


def test_nothing_missing_is_nothing() -> None:
    assert not missings()
    assert missings().why([BUCKET]) == ""


@contextlib.contextmanager
def estate_of(*parts: Missing, exported: frozenset[str] = frozenset(CONTENT_TYPES)) -> Iterator[Estate]:
    views: frozenset[type[Resource]] = frozenset({Bucket, DenyPolicy})
    with contextlib.closing(Estate(readable=views, with_policies=views, exported=exported)) as estate:
        estate.missing = missings(*parts)
        kind = "cloudresourcemanager.googleapis.com/Project"
        for project in ("projects/1", "projects/9"):
            estate.add_container(Asset(name=project, asset_type=kind, ancestors=[project, *HERE[1:]]))
        yield estate


def test_a_project_that_was_refused_leaves_the_lists_of_others_closed() -> None:
    with estate_of(Missing("projects/9", DENIED, frozenset({BUCKET}))) as estate:
        assert estate.in_project(Bucket, "projects/1") == []
        assert estate.surely_lacks(Bucket, "projects/1")
        refused = estate.in_project(Bucket, "projects/9")
        assert isinstance(refused, OpenList)
        with pytest.raises(Undetermined, match=f"{DENIED} in projects/9"):
            bool(refused)
        assert not estate.surely_lacks(Bucket, "projects/9")
        assert isinstance(estate.of(Bucket), OpenList)
        assert isinstance(estate.related(Bucket, lambda bucket: bucket.id, "b"), OpenList)
        assert estate.related(Bucket, lambda bucket: bucket.id, "b", within="projects/1") == []


def test_policies_that_were_refused_are_unknown_there_and_empty_elsewhere() -> None:
    with estate_of(Missing("projects/9", "policies could not be read", policies=True)) as estate:
        here = Asset(name="//storage.googleapis.com/b", asset_type=BUCKET, ancestors=HERE)
        there = Asset(name="//storage.googleapis.com/c", asset_type=BUCKET, ancestors=["projects/9", *HERE[1:]])
        assert estate.absent_policy(here, others=False).bindings == []
        with pytest.raises(Undetermined):
            _ = estate.absent_policy(there, others=False).bindings
        assert there.unknown == {"iam_policy": "policies could not be read in projects/9"}
        assert estate.why_no_policy("projects/9")
        assert not estate.why_no_policy("projects/1")


def test_content_does_not_vouch_for_what_the_inventory_does_not_hold() -> None:
    with estate_of() as estate:
        assert estate.of(Bucket) == []
        with pytest.raises(Undetermined, match="say --exported iam"):
            bool(estate.of(DenyPolicy))
    with estate_of(exported=frozenset({"iam.googleapis.com/DenyPolicy"})) as estate:
        assert estate.of(DenyPolicy) == []
        assert isinstance(estate.of(Bucket), OpenList)


def test_the_configuration_takes_what_can_be_vouched_for_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "auditor.toml"
    every = (*CONTENT_TYPES, *NOT_INVENTORIED)
    file.write_text(f"[scan]\nexported = {json.dumps(every)}\n")
    assert load_config(file).scan.exported == every
    file.write_text('[scan]\nexported = ["resources"]\n')
    with pytest.raises(ConfigError, match="did you mean resource"):
        load_config(file)


def test_what_is_ours_is_in_no_inventory() -> None:
    assert not any(map(is_inventoried, (*NOT_INVENTORIED, "auditor/SourceFile")))
