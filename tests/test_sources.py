"""Every form of export is read; bad input costs only itself, and is told."""

from __future__ import annotations

import json
import os
from pathlib import Path
from random import Random

import pytest
from backports import zstd

from tests.support import ANCESTORS, PUBLIC, bucket, gzipped, ndjson, policy, project, run, scan, verdicts

ASSETS = [bucket("one"), bucket("two", iam_policy=PUBLIC)]
CAMEL = [
    {"name": a["name"], "assetType": a["asset_type"], "resource": a["resource"], "ancestors": a["ancestors"]}
    for a in ASSETS
]
CAMEL[1]["iamPolicy"] = PUBLIC

FORMS = {
    "export.ndjson": ndjson(ASSETS),
    "no-last-line-break.ndjson": ndjson(ASSETS).rstrip(b"\n"),
    "blank-lines.ndjson": b"\n\n" + ndjson(ASSETS).replace(b"\n", b"\r\n\r\n"),
    "byte-order-mark.ndjson": b"\xef\xbb\xbf" + ndjson(ASSETS),
    "array.json": json.dumps(ASSETS).encode(),
    "pretty-array.json": json.dumps(ASSETS, indent=2).encode(),
    "listed-by-gcloud.json": json.dumps(CAMEL, indent=2).encode(),
    "page.json": json.dumps({"assets": CAMEL, "readTime": "2026-11-22T00:00:00Z"}).encode(),
    "feed.ndjson": ndjson([{"asset": asset, "window": {}} for asset in CAMEL]),
    "other-key-order.ndjson": ndjson([dict(reversed(list(asset.items()))) for asset in ASSETS]),
    "export.ndjson.gz": gzipped(ndjson(ASSETS)),
    "array.json.gz": gzipped(json.dumps(ASSETS).encode()),
    "export.ndjson.zst": zstd.compress(ndjson(ASSETS)),
    "two-frames.ndjson.zst": zstd.compress(ndjson(ASSETS[:1])) + zstd.compress(ndjson(ASSETS[1:])),
}


@pytest.mark.parametrize("name", FORMS)
def test_every_form_gives_the_same_verdicts(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(FORMS[name])
    result, report = scan(tmp_path / name)
    assert result.exit_code == 1, result.output
    assert report["population"]["assets"] == 2
    assert [finding["asset"] for finding in report["findings"] if finding["check"] == "bucket-public"] == [
        "//storage.googleapis.com/two"
    ]
    assert "Cloud Asset Inventory export" in " ".join(result.output.split())


def test_a_folder_is_one_estate_whose_lines_are_merged(tmp_path: Path) -> None:
    (tmp_path / "resource.ndjson").write_bytes(ndjson([project(), bucket("one"), bucket("two"), bucket("three")]))
    (tmp_path / "deep").mkdir()
    policies = [policy(project(), {"bindings": []}), policy(bucket("two"), PUBLIC)]
    (tmp_path / "deep" / "iam-policy.json.gz").write_bytes(gzipped(json.dumps(policies).encode()))
    _, report = scan(tmp_path, json_to=tmp_path.parent / "merged.json")
    population = report["population"]
    assert (population["records"], population["assets"], population["further_parts"]) == (6, 4, 2)
    # the project's policies were exported, so a bucket without one has none
    assert verdicts(report, "bucket-public") == {
        "asked": 3,
        "pass": 2,
        "fail": 1,
        "not_applicable": 0,
        "not_assessed": 0,
    }


def test_without_the_iam_content_nothing_passes(tmp_path: Path) -> None:
    (tmp_path / "resource.ndjson").write_bytes(ndjson([project(), bucket("one")]))
    _, report = scan(tmp_path / "resource.ndjson")
    assert verdicts(report, "bucket-public")["not_assessed"] == 1
    (cause,) = next(check for check in report["checks"] if check["id"] == "bucket-public")["not_assessed"]
    assert "export content type iam-policy" in cause


def test_without_the_resource_content_nothing_passes(tmp_path: Path) -> None:
    (tmp_path / "iam.ndjson").write_bytes(ndjson([policy(bucket("one"), {"bindings": []})]))
    _, report = scan(tmp_path / "iam.ndjson")
    for check in report["checks"]:
        if "storage.googleapis.com/Bucket" in check["asset_types"] and check["id"].startswith("bucket-"):
            assert check["passed"] == 0, check["id"]
            assert sum(check["not_assessed"].values()) == check["asked"] == 1, check["id"]


GOOD = json.dumps(bucket("good")).encode()
BROKEN_LINES = {
    "malformed": b'{"name": "//storage.googleapis.com/x", "asset_type": "storage.googleapis.com/Bucket", "data": {]}',
    "cut off": GOOD[:-40],
    "cut off, of an unread type": b'{"name":"//x.googleapis.com/y","asset_type":"x.googleapis.com/Y","resource":{"da',
    "not UTF-8": GOOD.replace(b'"good"', b'"g\xff\xfed"').replace(b"com/good", b"com/bad"),
    "not an object": b'["a"]',
    "no name": b'{"asset_type": "storage.googleapis.com/Bucket"}',
    "no type": b'{"name": "//storage.googleapis.com/x"}',
    "name of another type": b'{"name": 5, "asset_type": "storage.googleapis.com/Bucket"}',
    "plain text": b"ERROR: (gcloud.asset.export) PERMISSION_DENIED",
}


@pytest.mark.parametrize("kind", BROKEN_LINES)
@pytest.mark.parametrize("place", [1, 2])
def test_a_broken_line_is_told_and_counted_and_the_rest_is_audited(kind: str, place: int, tmp_path: Path) -> None:
    lines = [GOOD, json.dumps(bucket("two")).encode()]
    lines.insert(place, BROKEN_LINES[kind])
    (tmp_path / "export.ndjson").write_bytes(b"\n".join(lines) + b"\n")
    result, report = scan(tmp_path / "export.ndjson")
    assert result.exit_code == 3, result.output
    assert report["population"]["unreadable"] == 1
    assert report["population"]["assets"] == 2
    (gap,) = report["gaps"]
    assert gap["where"].endswith(f"export.ndjson:{place + 1}")
    assert gap["problem"]
    assert gap["advice"]
    assert "Traceback" not in result.output
    assert verdicts(report, "bucket-public")["asked"] == 2


def test_a_broken_first_line_does_not_hide_that_it_is_an_export(tmp_path: Path) -> None:
    (tmp_path / "export.ndjson").write_bytes(BROKEN_LINES["malformed"] + b"\n" + GOOD + b"\n")
    result, report = scan(tmp_path / "export.ndjson")
    assert result.exit_code == 3
    assert report["population"]["assets"] == 1


def test_a_value_of_the_wrong_type_costs_only_itself(tmp_path: Path) -> None:
    odd = bucket("odd", iam_policy=PUBLIC)
    odd["resource"]["data"]["iamConfiguration"] = {
        "publicAccessPrevention": 7,
        "uniformBucketLevelAccess": {"enabled": True},
    }
    (tmp_path / "export.ndjson").write_bytes(ndjson([odd]))
    result, report = scan(tmp_path / "export.ndjson")
    assert report["population"]["unreadable"] == 0
    assert verdicts(report, "bucket-public-access-not-prevented")["not_assessed"] == 1
    assert verdicts(report, "bucket-uniform-access-off")["pass"] == 1
    assert "unreadable" in result.output


def test_null_is_absent(tmp_path: Path) -> None:
    plain = bucket("plain", iam_policy={"bindings": None})
    plain["resource"]["data"]["iamConfiguration"] = None
    (tmp_path / "export.ndjson").write_bytes(ndjson([plain]))
    _, report = scan(tmp_path / "export.ndjson")
    assert verdicts(report, "bucket-public")["pass"] == 1


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("empty.ndjson", b"", "empty"),
        ("blank.json", b" \n\n ", "empty"),
        ("notes.json", b"hello", "neither a Cloud Asset Inventory export nor a Terraform plan"),
        ("other.json", b'{"kind": "something"}', "neither a Cloud Asset Inventory export nor a Terraform plan"),
        ("cut.json", b'{"format_version": "1.2", "planned_values": {', "not valid JSON"),
        ("utf16.json", "[{}]".encode("utf-16"), "UTF-16"),
        ("empty.gz", b"\x1f\x8b", "cut off"),
        ("cut.gz", gzipped(ndjson(ASSETS))[:12], "cut off"),
        ("old.json", b'{"version": 3, "serial": 1, "modules": []}', "Terraform state of version 3"),
        ("hidden.json", b'{"serial": 1, "lineage": "x", "encrypted_data": "YQ=="}', "encrypted OpenTofu state"),
    ],
)
def test_a_file_that_is_nothing_to_audit_ends_with_a_sentence(
    name: str, data: bytes, words: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(data)
    result = run("scan", tmp_path / name)
    assert result.exit_code == 2, result.output
    assert words in result.output
    assert name in result.output
    assert "Traceback" not in result.output


def test_beside_good_targets_a_bad_one_is_a_gap(tmp_path: Path) -> None:
    (tmp_path / "good.ndjson").write_bytes(ndjson([bucket("good")]))
    (tmp_path / "notes.json").write_bytes(b"hello")
    result, report = scan(tmp_path / "good.ndjson", tmp_path / "notes.json", tmp_path / "nothing.ndjson")
    assert result.exit_code == 3
    assert report["population"]["assets"] == 1
    assert {gap["where"].rpartition("/")[2] for gap in report["gaps"]} == {"notes.json", "nothing.ndjson"}


@pytest.mark.parametrize("pack", ["gz", "zst"])
@pytest.mark.parametrize("damage", ["cut off", "damaged"])
def test_damage_in_a_compressed_file_is_told_and_what_came_before_is_audited(
    pack: str, damage: str, tmp_path: Path
) -> None:
    data = ndjson([bucket(f"b{number}-{os.urandom(40).hex()}") for number in range(5000)])
    checksum = {int(zstd.CompressionParameter.checksum_flag): 1}
    packed = gzipped(data) if pack == "gz" else zstd.compress(data, options=checksum)
    half = len(packed) // 2
    packed = packed[:half] if damage == "cut off" else packed[:half] + bytes(200) + packed[half + 200 :]
    path = tmp_path / f"export.ndjson.{pack}"
    path.write_bytes(packed)
    result, report = scan(path)
    assert result.exit_code == 3, result.output
    assert report["population"]["assets"] > 0
    assert any(words in json.dumps(report["gaps"]) for words in ("cut off", "damaged"))


@pytest.mark.parametrize("shape", ["lines", "array"])
def test_what_stands_before_a_cut_is_audited_also_in_a_small_file(tmp_path: Path, shape: str) -> None:
    random = Random(1)
    assets = [bucket(f"bucket-{random.getrandbits(256):x}", iam_policy=PUBLIC) for _ in range(500)]
    packed = gzipped(ndjson(assets) if shape == "lines" else json.dumps(assets).encode())
    (tmp_path / "export.json.gz").write_bytes(packed[: len(packed) // 2])
    _, report = scan(tmp_path / "export.json.gz")
    assert 200 < report["population"]["assets"] < 300
    assert "the compressed file is cut off" in {gap["problem"] for gap in report["gaps"]}


def test_a_damaged_array_gives_the_elements_that_can_be_told_apart(tmp_path: Path) -> None:
    text = json.dumps([bucket("one"), bucket("two"), bucket("three")])
    (tmp_path / "array.json").write_text(text[: text.index("three") + 20])
    result, report = scan(tmp_path / "array.json")
    assert result.exit_code == 3
    assert report["population"]["assets"] == 2
    assert "not a valid JSON array" in report["gaps"][0]["problem"]


def test_a_duplicate_is_told_and_the_first_one_counts(tmp_path: Path) -> None:
    (tmp_path / "export.ndjson").write_bytes(ndjson([bucket("one"), bucket("one")]))
    _, report = scan(tmp_path / "export.ndjson")
    population = report["population"]
    assert (population["assets"], population["duplicates"], population["records"]) == (1, 1, 2)
    assert verdicts(report, "bucket-uniform-access-off")["asked"] == 1
    assert "export.ndjson:2" in report["notices"][0]


def test_hostile_names_reach_the_terminal_inert(tmp_path: Path) -> None:
    name = "<script>alert(1)</script>\x1b[2J\u202e"
    hostile = bucket("x", iam_policy=PUBLIC)
    hostile["name"] = f"//storage.googleapis.com/{name}"
    broken = {"name": f"//storage.googleapis.com/{name}", "asset_type": "", "ancestors": ANCESTORS}
    (tmp_path / "export\u202e.ndjson").write_bytes(ndjson([hostile, hostile, broken]))
    result, report = scan(tmp_path / "export\u202e.ndjson", json_to=tmp_path / "r.json")
    assert report["findings"][0]["asset"] == hostile["name"]
    assert "\x1b" not in result.output
    assert "\u202e" not in result.output


def test_an_unknown_type_is_counted(tmp_path: Path) -> None:
    other = {
        "name": "//new.googleapis.com/things/1",
        "asset_type": "new.googleapis.com/Thing",
        "resource": {"data": {}},
    }
    (tmp_path / "export.ndjson").write_bytes(ndjson([other, bucket()]))
    _, report = scan(tmp_path / "export.ndjson")
    assert {"asset_type": "new.googleapis.com/Thing", "assets": 1, "checks": 0} in report["population"]["by_type"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "export.ndjson").write_bytes(ndjson([bucket()]))
    (tmp_path / "export.ndjson").chmod(0)
    result = run("scan", tmp_path / "export.ndjson")
    assert result.exit_code == 2
    assert "permission denied" in result.output
