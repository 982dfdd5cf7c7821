"""What people type about an estate: short names, addresses on the web, e-mail addresses alone, and mistakes in them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from auditor.access.urls import full_name
from tests.support import NOW, ndjson, run

PROJECT = {
    "name": "//cloudresourcemanager.googleapis.com/projects/shop",
    "asset_type": "cloudresourcemanager.googleapis.com/Project",
    "ancestors": ["projects/1001", "organizations/3001"],
    "resource": {"data": {"projectId": "shop", "projectNumber": "1001"}},
    "iam_policy": {
        "bindings": [
            {"role": "roles/storage.admin", "members": ["user:ann@example.com", "group:crew@example.com"]},
            {"role": "roles/owner", "members": ["user:both@example.com", "group:both@example.com"]},
        ]
    },
}
BUCKET = {
    "name": "//storage.googleapis.com/invoices",
    "asset_type": "storage.googleapis.com/Bucket",
    "ancestors": ["projects/1001", "organizations/3001"],
    "resource": {"data": {"id": "invoices"}},
    "iam_policy": {"bindings": [{"role": "roles/storage.legacyBucketOwner", "members": ["user:bea@example.com"]}]},
}
DATABASE = {
    "name": "//cloudsql.googleapis.com/projects/shop/instances/db",
    "asset_type": "sqladmin.googleapis.com/Instance",
    "ancestors": ["projects/1001", "organizations/3001"],
    "resource": {"data": {"name": "db"}},
}


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """A project with a bucket and a database."""
    file = tmp_path / "export.ndjson"
    file.write_bytes(ndjson([PROJECT, BUCKET, DATABASE]))
    return file


def _asked(export: Path, who: str, where: str) -> Any:
    result = run(
        *("access", "can", who, "--permission", "storage.buckets.get", "--on", where, "--format", "json"),
        *("--now", NOW, export),
    )
    assert result.exit_code == 0, result.output
    return json.loads(result.output)


@pytest.mark.parametrize(
    ("address", "name"),
    [
        (
            "https://www.googleapis.com/compute/v1/projects/p/zones/z/instances/i",
            "//compute.googleapis.com/projects/p/zones/z/instances/i",
        ),
        (
            "https://compute.googleapis.com/compute/beta/projects/p/zones/z/instances/i",
            "//compute.googleapis.com/projects/p/zones/z/instances/i",
        ),
        (
            "https://secretmanager.googleapis.com/v1/projects/p/secrets/s?alt=json",
            "//secretmanager.googleapis.com/projects/p/secrets/s",
        ),
        (
            "https://europe-west1-run.googleapis.com/v2/projects/p/locations/europe-west1/services/s",
            "//run.googleapis.com/projects/p/locations/europe-west1/services/s",
        ),
        (
            "https://pubsub.europe-west1.rep.googleapis.com/v1/projects/p/topics/t",
            "//pubsub.googleapis.com/projects/p/topics/t",
        ),
        (
            "https://sqladmin.googleapis.com/sql/v1beta4/projects/p/instances/db",
            "//cloudsql.googleapis.com/projects/p/instances/db",
        ),
        (
            "https://bigquery.googleapis.com/bigquery/v2/projects/p/datasets/d/tables/t",
            "//bigquery.googleapis.com/projects/p/datasets/d/tables/t",
        ),
        (
            "run.googleapis.com/projects/p/locations/l/services/s",
            "//run.googleapis.com/projects/p/locations/l/services/s",
        ),
        ("https://cloudresourcemanager.googleapis.com/v3/folders/7", "//cloudresourcemanager.googleapis.com/folders/7"),
        ("https://www.googleapis.com/storage/v1/b/bk", "//storage.googleapis.com/bk"),
        (
            "https://storage.googleapis.com/storage/v1/b/bk/o/a%2Fb.txt",
            "//storage.googleapis.com/projects/_/buckets/bk/objects/a/b.txt",
        ),
        ("https://storage.cloud.google.com/bk/x", "//storage.googleapis.com/projects/_/buckets/bk/objects/x"),
        ("https://bk.storage.googleapis.com/x", "//storage.googleapis.com/projects/_/buckets/bk/objects/x"),
        ("https://console.cloud.google.com/storage/browser/bk;tab=objects", "//storage.googleapis.com/bk"),
        (
            "https://console.cloud.google.com/run/detail/l/s/metrics?project=p",
            "//run.googleapis.com/projects/p/locations/l/services/s",
        ),
        (
            "https://console.cloud.google.com/compute/instancesDetail/zones/z/instances/i?project=p",
            "//compute.googleapis.com/projects/p/zones/z/instances/i",
        ),
        ("https://console.cloud.google.com/iam-admin/iam?folder=7", "//cloudresourcemanager.googleapis.com/folders/7"),
        ("https://console.cloud.google.com/welcome?project=p", "//cloudresourcemanager.googleapis.com/projects/p"),
        # what names no resource
        ("https://console.cloud.google.com/billing/overview?project=p", ""),
        ("https://shop-abc.a.run.app/", ""),
        ("https://example.com/projects/p", ""),
        ("https://[broken/projects/p", ""),
        ("ftp://run.googleapis.com/projects/p", ""),
        ("https://storage.googleapis.com/", ""),
        ("projects/p", ""),
        ("", ""),
    ],
)
def test_an_address_on_the_web_names_the_resource_or_none(address: str, name: str) -> None:
    assert full_name(address) == name


@pytest.mark.parametrize(
    "where",
    [
        "shop",
        "1001",
        "projects/1001",
        "https://cloudresourcemanager.googleapis.com/v1/projects/shop",
        "https://console.cloud.google.com/iam-admin/iam?project=shop",
    ],
)
def test_a_project_in_any_spelling_is_one(export: Path, where: str) -> None:
    found = _asked(export, "ann@example.com", where)
    assert (found["principal"], found["state"]) == ("user:ann@example.com", "GRANTED")
    assert found["resource_name"] == "//cloudresourcemanager.googleapis.com/projects/shop"


@pytest.mark.parametrize("where", ["invoices", "gs://invoices", "https://storage.cloud.google.com/invoices"])
def test_a_bucket_in_any_spelling_is_one(export: Path, where: str) -> None:
    found = _asked(export, "Group:crew@example.com", where)
    assert (found["principal"], found["state"]) == ("group:crew@example.com", "GRANTED")


def test_who_nobody_names_is_answered_and_told(export: Path) -> None:
    """A stranger may hold what all hold; a slip of the finger is likelier, and the answer says so."""
    found = _asked(export, "user:anm@example.com", "invoices")
    assert found["because"][-1] == (
        "no policy and no group of the input names user:anm@example.com; did you mean user:ann@example.com?"
    )
    assert not any(
        "no policy and no group" in clause for clause in _asked(export, "user:ann@example.com", "shop")["because"]
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("can", "anm@example.com"),
            "may be a user or a group; write user:ADDRESS or group:ADDRESS; did you mean user:ann@",
        ),
        (("can", "both@example.com"), "may be a user or a group"),
        (("can", "user:ann@example.com", "--on", "shob"), "shob is no resource"),
        (("can", "user:ann@example.com", "--on", "invoicse"), "did you mean gs://invoices?"),
        (("who-can", "storage.buckets.get", "--on", "https://shop.a.run.app"), "is no resource"),
        (("paths", "--to", "projects/shob"), "projects/shob is not in the input; did you mean projects/shop?"),
        (("paths", "--to", "gs://invoice"), "gs://invoice is not in the input; did you mean gs://invoices?"),
        (
            ("paths", "--to", "//cloudsql.googleapis.com/projects/shop/instances/db"),
            "has no allow policy that could be",
        ),
        (("paths", "--from", "somebody"), "somebody is no principal"),
        (("paths", "--from", "key of nothing"), "nothing outside that paths begin at: the internet"),
    ],
)
def test_what_cannot_be_meant_is_an_error_that_helps(export: Path, arguments: tuple[str, ...], said: str) -> None:
    result = run("access", *arguments, export)
    assert result.exit_code == 2
    assert said in result.output


def test_paths_lead_to_a_resource_by_its_own_policy_and_by_its_project(export: Path) -> None:
    """Control of a bucket is the right to set its policy; whoever was given it by name is no news unless asked."""
    result = run("access", "paths", "--to", "invoices", "--from", "bea@example.com", "--format", "json", export)
    [path] = json.loads(result.stdout)
    assert (path["from"], path["to"], path["certainty"]) == ("user:bea@example.com", "gs://invoices", "certain")
    assert path["steps"][0]["binding"]["scope"] == "//storage.googleapis.com/invoices"
    result = run("access", "paths", "--to", "invoices", "--from", "group:both@example.com", export)
    assert "Whoever controls projects/shop can set the policies of what is in it" in " ".join(result.output.split())


def test_the_internet_is_a_source_though_nothing_faces_it(export: Path) -> None:
    result = run("access", "paths", "--from", "internet", export)
    assert (result.exit_code, result.output.splitlines()[0]) == (0, "No path to control")


def test_notes_go_beside_an_answer_for_programs(export: Path) -> None:
    """An empty list alone would say that there is no path; what is not known stands on the error stream."""
    result = run("access", "paths", "--format", "json", "--from", "user:anm@example.com", export)
    assert json.loads(result.stdout) == []
    told = " ".join(result.stderr.split())
    assert "did you mean user:ann@example.com?" in told
    assert "There may be more paths" in told
