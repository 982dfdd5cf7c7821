"""The access list of a BigQuery dataset and its IAM policy are one list: who is granted in either is in both."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from auditor.sources.terraform_files import TerraformFiles as Files
from tests.test_terraform_files import convert, verdicts, write

PROVIDER = 'provider "google" {\n  project = "p"\n}\n'
DATASET = PROVIDER + 'resource "google_bigquery_dataset" "d" {\n  dataset_id = "d"\n  location = "EU"\n%s}\n'
GRANT = """resource "google_bigquery_dataset_iam_%s" "g" {
  dataset_id = google_bigquery_dataset.d.dataset_id
  role       = "roles/bigquery.dataViewer"
  %s
}
"""
BLOCK = '  access {\n    role = "%s"\n    %s = "%s"\n  }\n'
PUBLIC = "bigquery-dataset-public"
OWNERS = {"role": "OWNER", "specialGroup": "projectOwners"}


def asset_of(folder: Path) -> dict[str, Any]:
    """The dataset in a folder."""
    assets, gaps, _ = convert(folder)
    assert not gaps.told
    return assets["google_bigquery_dataset.d"]


def public(folder: Path) -> str:
    """Whether the dataset is public, as the check says."""
    return next(
        verdict for (check, _), verdict in verdicts(Files(folder, "f", environment={})).items() if check == PUBLIC
    )


@pytest.mark.parametrize(
    ("kind", "members"),
    [("member", 'member = "allAuthenticatedUsers"'), ("binding", 'members = ["user:a@example.com", "allUsers"]')],
)
def test_a_grant_beside_the_dataset_makes_it_public(kind: str, members: str, tmp_path: Path) -> None:
    folder = write(tmp_path, main_tf=DATASET % "" + GRANT % (kind, members))
    assert public(folder) == "fail"
    access = asset_of(folder)["resource"]["data"]["access"]
    assert OWNERS in access  # what a new dataset is born with stays
    assert access[-1]["role"] == "READER"


def test_an_entry_of_the_access_list_is_in_the_policy(tmp_path: Path) -> None:
    entries = BLOCK % ("READER", "special_group", "allAuthenticatedUsers") + BLOCK % (
        "OWNER",
        "user_by_email",
        "a@b.example",
    )
    asset = asset_of(write(tmp_path, main_tf=DATASET % entries))
    assert asset["iam_policy"]["bindings"] == [
        {"role": "roles/bigquery.dataViewer", "members": ["allAuthenticatedUsers"]},
        {"role": "roles/bigquery.dataOwner", "members": ["user:a@b.example"]},
    ]


def test_a_whole_policy_takes_the_place_of_the_list(tmp_path: Path) -> None:
    policy = """
data "google_iam_policy" "p" {
  binding {
    role    = "roles/bigquery.dataOwner"
    members = ["serviceAccount:x@p.iam.gserviceaccount.com"]
  }
}
resource "google_bigquery_dataset_iam_policy" "p" {
  dataset_id  = google_bigquery_dataset.d.dataset_id
  policy_data = data.google_iam_policy.p.policy_data
}
"""
    folder = write(tmp_path, main_tf=DATASET % "" + policy)
    assert asset_of(folder)["resource"]["data"]["access"] == [
        {"role": "OWNER", "userByEmail": "x@p.iam.gserviceaccount.com"}
    ]
    assert public(folder) == "pass"


def test_what_one_form_does_not_tell_the_other_does_not_either(tmp_path: Path) -> None:
    text = 'variable "who" {}\n'
    by_list = write(
        tmp_path / "a",
        main_tf=text + DATASET % (BLOCK.replace('"%s"\n  }', "%s\n  }") % ("READER", "iam_member", "var.who")),
    )
    asset = asset_of(by_list)
    assert "iam_policy.bindings.*" in asset["unknown"]
    assert public(by_list) == "not_assessed"
    by_grant = write(tmp_path / "b", main_tf=text + DATASET % "" + GRANT % ("member", "member = var.who"))
    assert "resource.data.access.*" in asset_of(by_grant)["unknown"]
    assert public(by_grant) == "not_assessed"
