"""The line of a Terraform address, found in the files."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from auditor.sources.base import Gaps
from auditor.sources.detect import Reading, sources_of
from auditor.sources.terraform.blocks import headers
from auditor.sources.terraform.places import Placed, Places
from tests.support import scan
from tests.test_terraform_state import BUCKET, EXAMPLE, resource

MAIN = """# resource "google_storage_bucket" "commented" {
/* resource "google_storage_bucket" "long" {
*/
locals {
  text = <<-EOT
    resource "google_storage_bucket" "heredoc" {
    # "
  EOT
  other = "resource \\"google_storage_bucket\\" \\"string\\" {"
}
resource "google_storage_bucket" "b" { // here
  name = "x${var.y["#"]}"
}

  data google_iam_policy d {
}
module "m" {
  for_each = toset(["a"])
  source   = "./modules/one" # not "./two"
}
module "far" {
  source = "terraform-google-modules/x/google"
}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Terraform files with a local module, one in JSON, and one that cannot be read."""
    (tmp_path / "main.tf").write_text(MAIN)
    one = tmp_path / "modules" / "one"
    one.mkdir(parents=True)
    (one / "b.tf").write_text('\n\nresource "google_storage_bucket" "c" {}\nmodule "up" {\n source = "../two"\n}\n')
    two = tmp_path / "modules" / "two"
    two.mkdir()
    (two / "x.tf.json").write_text('{"resource": {\n"google_pubsub_topic": {\n"t": {}}}}')
    (tmp_path / "broken.tf").write_bytes(b"\xff\xfe")
    return tmp_path


def test_block_headers_are_found_where_they_are_code() -> None:
    found = [(header.kind, header.labels, header.line, header.source) for header in headers(MAIN)]
    assert found == [
        ("resource", ("google_storage_bucket", "b"), 11, ""),
        ("data", ("google_iam_policy", "d"), 15, ""),
        ("module", ("m",), 17, "./modules/one"),
        ("module", ("far",), 21, "terraform-google-modules/x/google"),
    ]


@pytest.mark.parametrize("text", ["/*", '"', "<<EOT\nresource", 'resource "a" "b" {\n/* x', "x = <<A\n" * 50, '"\\'])
def test_a_file_that_breaks_off_ends_the_scan(text: str) -> None:
    assert len(list(headers(text))) <= 1


def test_windows_line_ends_count_like_others() -> None:
    text = MAIN.replace("\n", "\r\n")
    assert [header.line for header in headers(text)] == [11, 15, 17, 21]


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("google_storage_bucket.b", "main.tf:11"),
        ('google_storage_bucket.b["a.b[\\"]"]', "main.tf:11"),
        ("google_storage_bucket.b, google_storage_bucket.c", "main.tf:11"),
        ("data.google_iam_policy.d", "main.tf:15"),
        ('module.m["a"].google_storage_bucket.c[0]', "modules/one/b.tf:3"),
        ('module.m["a"].module.up.google_pubsub_topic.t', "modules/two/x.tf.json:3"),
        ("module.far[0].google_storage_bucket.b", "main.tf:21"),
        ("google_storage_bucket.commented", ""),
        ("google_storage_bucket.long", ""),
        ("google_storage_bucket.heredoc", ""),
        ("google_storage_bucket.string", ""),
        ("module.none.google_storage_bucket.b", ""),
        ("nonsense", ""),
        ("", ""),
    ],
)
def test_an_address_is_found_in_the_files(address: str, place: str, folder: Path) -> None:
    found = Places(folder).of(address)
    assert found == (f"{folder.as_posix()}/{place}" if place else "")


def test_findings_of_a_plan_tell_the_line_of_the_file_beside_it(folder: Path) -> None:
    change = {
        **resource("google_storage_bucket.b", None),
        "change": {
            "actions": ["create"],
            "after": {**BUCKET, "uniform_bucket_level_access": False},
            "after_unknown": {},
        },
    }
    (folder / "plan.json").write_text(
        json.dumps({"format_version": "1.2", "planned_values": {}, "resource_changes": [change]})
    )
    _, report = scan(folder / "plan.json", options=["--all"])
    sources = {finding["source"] for finding in report["findings"] if finding["address"] == "google_storage_bucket.b"}
    assert sources == {f"{folder.as_posix()}/main.tf:11"}
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    (folder / "plan.json").rename(elsewhere / "plan.json")
    _, report = scan(elsewhere / "plan.json", options=["--all"])
    assert {finding["source"] for finding in report["findings"]} == {f"{elsewhere}/plan.json google_storage_bucket.b"}
    _, report = scan(elsewhere / "plan.json", options=["--all", "--terraform-dir", folder])
    assert {finding["source"] for finding in report["findings"]} == {f"{folder.as_posix()}/main.tf:11"}


def test_every_address_of_the_example_plan_has_its_line() -> None:
    (source,) = sources_of(str(EXAMPLE / "plan.json"), Reading(terraform_dir=EXAMPLE / "terraform"))
    assert isinstance(source, Placed)
    places = {place for place, _ in source.lines(Gaps())}
    text = io.StringIO((EXAMPLE / "terraform" / "main.tf").read_text()).readlines()
    for place in places:
        file, _, line = place.rpartition(":")
        assert file.endswith("main.tf"), place
        assert text[int(line) - 1].startswith("resource "), place
