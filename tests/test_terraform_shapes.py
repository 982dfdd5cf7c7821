"""Shapes that real configurations have: what each of them means, found by evaluating files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support import scan
from tests.test_terraform_files import convert, write

BUCKET = 'resource "google_storage_bucket" "{0}" {{\n  name     = "{0}"\n  location = "EU"\n}}\n'


def labels(asset: dict[str, Any]) -> Any:
    """The labels of an asset; `unknown` where they are not known."""
    return "unknown" if "resource.data.labels" in asset["unknown"] else asset["resource"]["data"].get("labels")


def test_a_provider_gives_default_labels(tmp_path: Path) -> None:
    """Those of the resource win; of another provider's none; an unknown default leaves all unknown."""
    write(
        tmp_path,
        main_tf="""
variable "unset" {}
provider "google" {
  default_labels = { env = "prod", team = "web" }
}
provider "google" {
  alias          = "other"
  default_labels = { env = "dev", owner = var.unset }
}
provider "google" {
  alias = "plain"
}
resource "google_storage_bucket" "a" {
  name     = "a"
  location = "EU"
  labels   = { team = "data" }
}
resource "google_storage_bucket" "b" {
  name     = "b"
  location = "EU"
}
resource "google_storage_bucket" "c" {
  provider = google.other
  name     = "c"
  location = "EU"
  labels   = { team = "data" }
}
resource "google_storage_bucket" "d" {
  provider = google.plain
  name     = "d"
  location = "EU"
  labels   = { team = "data" }
}
resource "google_logging_project_sink" "no_labels" {
  name        = "s"
  project     = "p"
  destination = "storage.googleapis.com/a"
}
module "m" {
  source    = "./m"
  providers = { google = google.plain }
}
""",
        m__main_tf=BUCKET.format("e"),
    )
    assets, gaps, _ = convert(tmp_path)
    assert not gaps.told
    found = {address.rpartition(".")[2]: labels(asset) for address, asset in assets.items()}
    assert found == {
        "a": {"env": "prod", "team": "data"},
        "b": {"env": "prod", "team": "web"},
        "c": "unknown",
        "d": {"team": "data"},
        "no_labels": None,
        "e": None,
    }


def test_data_sources_of_projects_and_accounts_tell_what_follows_from_their_arguments(tmp_path: Path) -> None:
    write(
        tmp_path,
        main_tf="""
provider "google" {
  project = "main"
}
data "google_project" "here" {
}
data "google_project" "there" {
  project_id = "other"
}
data "google_service_account" "by_id" {
  account_id = "app"
}
data "google_service_account" "by_address" {
  account_id = "app@other.iam.gserviceaccount.com"
}
data "google_service_account" "by_number" {
  account_id = "1234567890"
}
resource "google_storage_bucket" "b" {
  name     = "b"
  location = "EU"
  labels = {
    here       = data.google_project.here.project_id
    there      = data.google_project.there.project_id
    path       = data.google_project.there.id
    by_id      = data.google_service_account.by_id.email
    by_address = data.google_service_account.by_address.member
  }
}
resource "google_storage_bucket" "unknown" {
  name     = "u"
  location = "EU"
  labels   = { number = data.google_project.here.number, email = data.google_service_account.by_number.email }
}
""",
    )
    assets, gaps, _ = convert(tmp_path)
    assert not gaps.told
    assert labels(assets["google_storage_bucket.b"]) == {
        "here": "main",
        "there": "other",
        "path": "projects/other",
        "by_id": "app@main.iam.gserviceaccount.com",
        "by_address": "serviceAccount:app@other.iam.gserviceaccount.com",
    }
    assert labels(assets["google_storage_bucket.unknown"]) == "unknown"


def test_what_is_ephemeral_is_unknown_and_no_mistake(tmp_path: Path) -> None:
    write(
        tmp_path,
        main_tf="""
ephemeral "google_secret_manager_secret_version" "password" {
  secret = "projects/p/secrets/db"
}
resource "google_sql_user" "u" {
  name                = "app"
  instance            = "db"
  project             = "p"
  password_wo         = ephemeral.google_secret_manager_secret_version.password.secret_data
  password_wo_version = 1
}
resource "google_storage_bucket" "b" {
  name     = ephemeral.random_id.none.hex
  location = "EU"
}
""",
    )
    _, gaps, _ = convert(tmp_path)
    assert [gap.problem for gap in gaps.told] == ["there is no ephemeral resource random_id.none"]


def test_opentofus_files_are_read_in_place_of_those_of_the_same_name(tmp_path: Path) -> None:
    write(tmp_path, main_tf=BUCKET.format("terraform"), other_tf=BUCKET.format("both"))
    (tmp_path / "main.tofu").write_text(BUCKET.format("tofu"))
    block = {"resource": {"google_storage_bucket": {"json": {"name": "json", "location": "EU"}}}}
    (tmp_path / "j.tf.json").write_text(json.dumps(block).replace("json", "shadowed"))
    (tmp_path / "j.tofu.json").write_text(json.dumps(block))
    (tmp_path / "x_override.tofu").write_text('resource "google_storage_bucket" "tofu" {\n  location = "US"\n}\n')
    assets, gaps, _ = convert(tmp_path)
    assert not gaps.told
    assert {address.rpartition(".")[2] for address in assets} == {"tofu", "both", "json"}
    assert assets["google_storage_bucket.tofu"]["resource"]["data"]["location"] == "US"


@pytest.mark.parametrize("name", ["terragrunt.hcl", "terragrunt.stack.hcl", "network.tfcomponent.hcl"])
def test_what_other_languages_make_of_modules_is_not_assessed(tmp_path: Path, name: str) -> None:
    write(tmp_path, main_tf=BUCKET.format("b"))
    for folder in (tmp_path / "live" / "a", tmp_path / "live" / "b"):
        folder.mkdir(parents=True)
        (folder / name).write_text('terraform {\n  source = "../../modules/x"\n}\n')
    assets, gaps, _ = convert(tmp_path)
    assert len(assets) == 1
    (gap,) = gaps.told
    assert gap.where.endswith(f"a/{name}")
    assert gap.problem == "what Terragrunt or Terraform Stacks make of it is not read, nor of 1 other"


def test_a_plan_stands_for_the_files_that_it_lies_with_and_no_others(tmp_path: Path) -> None:
    write(tmp_path, main_tf=BUCKET.format("top"), a__main_tf=BUCKET.format("a"), b__main_tf=BUCKET.format("b"))
    after = {"name": "planned", "location": "EU"}
    change = {
        "address": "google_storage_bucket.planned",
        "mode": "managed",
        "type": "google_storage_bucket",
        "name": "planned",
        "change": {"actions": ["create"], "before": None, "after": after, "after_unknown": {}},
    }
    (tmp_path / "a" / "plan.json").write_text(json.dumps({"format_version": "1.2", "resource_changes": [change]}))
    assert names_of(tmp_path) == ["b", "planned", "top"]
    (tmp_path / "a" / "plan.json").rename(tmp_path / "plan.json")
    assert names_of(tmp_path) == ["planned"]
    (tmp_path / "main.tf").unlink()
    assert names_of(tmp_path) == ["a", "b", "planned"]


def test_a_state_stands_for_no_files(tmp_path: Path) -> None:
    """It tells what was there; the files, what will be."""
    write(tmp_path, main_tf=BUCKET.format("b"))
    resource = {
        "address": "google_storage_bucket.b",
        "mode": "managed",
        "type": "google_storage_bucket",
        "name": "b",
        "values": {"name": "b", "location": "US"},
    }
    state = {"format_version": "1.0", "values": {"root_module": {"resources": [resource]}}}
    (tmp_path / "state.json").write_text(json.dumps(state))
    _, report = scan(tmp_path, options=["--check", "bucket-public"])
    assert [target["kind"] for target in report["targets"]] == ["Terraform files", "Terraform state"]
    assert report["population"]["duplicates"] == 1


def test_a_stored_state_among_files_is_told(tmp_path: Path) -> None:
    write(tmp_path, main_tf=BUCKET.format("b"), a__main_tf=BUCKET.format("a"))
    for folder in (tmp_path, tmp_path / "a"):
        (folder / "terraform.tfstate").write_text('{"version": 4, "resources": []}')
    _, report = scan(tmp_path, options=["--check", "bucket-public"])
    (notice,) = [notice for notice in report["notices"] if "tfstate" in notice]
    assert notice.startswith(f"{tmp_path}/terraform.tfstate and 1 other: a stored state")


def names_of(folder: Path) -> list[str]:
    """The buckets of a folder."""
    ledger = folder / "ledger.out"
    scan(folder, options=["--check", "bucket-public", "--ledger", ledger.with_suffix(".ndjson")])
    rows = ledger.with_suffix(".ndjson").read_text().splitlines()
    ledger.with_suffix(".ndjson").unlink()
    return sorted(json.loads(row)["asset"].rpartition("/")[2] for row in rows)


GRANTS = """
resource "google_storage_bucket" "b" {
  name     = "b"
  location = "EU"
}
resource "google_storage_bucket_iam_member" "team" {
  bucket = google_storage_bucket.b.name
  role   = "roles/storage.objectViewer"
  member = "group:team@example.com"
}
module "m" {
  source = "./m"
  bucket = google_storage_bucket.b.name
}
resource "google_storage_bucket" "c" {
  name     = "c"
  location = "EU"
}
data "google_iam_policy" "open" {
  binding {
    role    = "roles/storage.objectViewer"
    members = ["allAuthenticatedUsers"]
  }
}
resource "google_storage_bucket_iam_policy" "c" {
  bucket      = google_storage_bucket.c.name
  policy_data = data.google_iam_policy.open.policy_data
}
"""
GRANTING = """
variable "bucket" {
}
resource "google_storage_bucket_iam_binding" "all" {
  bucket  = var.bucket
  role    = "roles/storage.legacyBucketReader"
  members = ["allUsers"]
}
"""


def test_a_finding_of_a_grant_is_placed_where_the_grant_is_written(tmp_path: Path) -> None:
    """The bucket may be old: the line that a pull request adds is that of the grant."""
    write(tmp_path / "in", main_tf=GRANTS, m__main_tf=GRANTING)
    told = {"b": "m/main.tf:4", "c": "main.tf:19"}
    _, report = scan(tmp_path / "in", options=["--check", "bucket-public"])
    assert {finding["asset"][-1]: place_in(finding) for finding in report["findings"]} == told

    (tmp_path / "in" / "plan.json").write_text(json.dumps(granting_plan()))
    _, report = scan(tmp_path / "in" / "plan.json", options=["--check", "bucket-public"])
    assert {finding["asset"][-1]: place_in(finding) for finding in report["findings"]} == told


def granting_plan() -> dict[str, Any]:
    """The plan of `GRANTS`."""
    open_ = {"bindings": [{"role": "roles/storage.objectViewer", "members": ["allAuthenticatedUsers"]}]}
    values = {
        "google_storage_bucket.b": {"name": "b", "location": "EU"},
        "google_storage_bucket.c": {"name": "c", "location": "EU"},
        "google_storage_bucket_iam_member.team": {
            "bucket": "b",
            "role": "roles/storage.objectViewer",
            "member": "group:team@example.com",
        },
        "module.m.google_storage_bucket_iam_binding.all": {
            "bucket": "b",
            "role": "roles/storage.legacyBucketReader",
            "members": ["allUsers"],
        },
        "google_storage_bucket_iam_policy.c": {"bucket": "c", "policy_data": json.dumps(open_)},
    }
    changes = [
        {
            "address": address,
            "module_address": "module.m" if address.startswith("module.") else "",
            "mode": "managed",
            "type": address.split(".")[-2],
            "name": address.split(".")[-1],
            "change": {"actions": ["create"], "before": None, "after": after, "after_unknown": {}},
        }
        for address, after in values.items()
    ]
    references = ["data.google_iam_policy.open.policy_data", "data.google_iam_policy.open"]
    configured = {
        "mode": "managed",
        "type": "google_storage_bucket_iam_policy",
        "name": "c",
        "expressions": {"policy_data": {"references": references}},
    }
    return {
        "format_version": "1.2",
        "resource_changes": changes,
        "configuration": {"root_module": {"resources": [configured]}},
    }


def place_in(finding: dict[str, Any]) -> str:
    """The place of a finding from the scanned folder on."""
    return str(finding["source"].partition("/in/")[2].partition(" ")[0])


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ("var.on ? local.names : []", ["a", "b"]),
        ("var.off ? local.names : []", []),
        ("var.off ? [] : local.names", ["a", "b"]),
        ('var.on ? ["c", "c"] : toset([])', ["c"]),
        ("var.off ? local.names : toset([])", []),
        ("var.on ? { for name in local.names : upper(name) => name } : {}", ["A", "B"]),
        ("var.off ? toset(var.unset) : []", []),
        ('setsubtract(local.names, var.on ? ["a"] : [])', ["b"]),
    ],
)
def test_a_conditional_gives_a_set_where_either_side_is_one(tmp_path: Path, expression: str, names: list[str]) -> None:
    text = """
variable "on" { default = true }
variable "off" { default = false }
variable "unset" {}
locals {
  names = toset(["a", "b", "a"])
}
resource "google_storage_bucket" "b" {
  for_each = %s
  name     = each.key
  location = "EU"
}
"""
    write(tmp_path, main_tf=text % expression)
    assets, gaps, _ = convert(tmp_path)
    assert not gaps.told
    assert [asset["resource"]["data"]["name"] for asset in assets.values()] == names


def test_what_terraform_would_not_repeat_is_told_once(tmp_path: Path) -> None:
    write(tmp_path, main_tf=BUCKET.format("b").replace("  name", '  for_each = ["x"]\n  name'))
    assets, gaps, _ = convert(tmp_path)
    assert [(gap.problem, gap.advice) for gap in gaps.told] == [
        (
            "how many google_storage_bucket.b there are is not known: for_each takes a map or a set, not a list",
            "mend it; it was audited as one",
        )
    ]
    assert len(assets) == 1


def test_what_the_plan_does_not_have_is_in_the_project_that_its_name_tells(tmp_path: Path) -> None:
    """Not in that of the provider; a bucket's name tells none."""
    write(
        tmp_path,
        main_tf="""
provider "google" {
  project = "main"
}
resource "google_kms_crypto_key_iam_member" "k" {
  crypto_key_id = "projects/other/locations/eu/keyRings/r/cryptoKeys/k"
  role          = "roles/cloudkms.cryptoKeyDecrypter"
  member        = "allUsers"
}
resource "google_pubsub_topic_iam_member" "long" {
  topic  = "projects/other/topics/t"
  role   = "roles/pubsub.publisher"
  member = "allUsers"
}
resource "google_pubsub_topic_iam_member" "short" {
  topic  = "t"
  role   = "roles/pubsub.publisher"
  member = "allUsers"
}
resource "google_storage_bucket_iam_member" "b" {
  bucket = "b"
  role   = "roles/storage.objectViewer"
  member = "allUsers"
}
resource "google_project_iam_member" "p" {
  project = "third"
  role    = "roles/viewer"
  member  = "user:a@example.com"
}
""",
    )
    assets, gaps, _ = convert(tmp_path)
    assert not gaps.told
    assert {address.split(".")[-1]: asset["ancestors"][0] for address, asset in assets.items()} == {
        "k": "projects/other",
        "long": "projects/other",
        "short": "projects/main",
        "b": "projects/(unknown)",
        "p": "projects/third",
    }


def test_a_module_is_found_by_a_path_of_windows(tmp_path: Path) -> None:
    write(tmp_path, main_tf='module "m" {\n  source = ".\\\\m"\n}\n', m__main_tf=BUCKET.format("b"))
    assets, gaps, _ = convert(tmp_path)
    assert (list(assets), gaps.told) == (["module.m.google_storage_bucket.b"], [])


SQL = """
resource "google_sql_database_instance" "db" {
  name             = "db"
  project          = "p"
  region           = "europe-west1"
  database_version = "POSTGRES_15"
  settings {
    tier = "db-f1-micro"
    ip_configuration {
      ipv4_enabled = true
    }
    database_flags {
      name  = "log_connections"
      value = "off"
    }
    database_flags {
      name  = "log_disconnections"
      value = "off"
    }
  }
}
"""


def test_a_finding_is_placed_at_the_line_that_sets_what_it_shows(tmp_path: Path) -> None:
    """At the block around it where nothing sets it, or several blocks do."""
    write(tmp_path / "in", main_tf=SQL)
    told = {
        "sql-public-ip": "main.tf:10",
        "sql-tls-not-required": "main.tf:9",
        "sql-backups-off": "main.tf:7",
        "sql-postgres-log-connections-off": "main.tf:6",  # what it shows first is the version
    }
    options = [word for check in told for word in ("--check", check)]
    _, report = scan(tmp_path / "in", options=options)
    assert {finding["check"]: place_in(finding) for finding in report["findings"]} == told

    settings = {
        "tier": "db-f1-micro",
        "ip_configuration": [{"ipv4_enabled": True}],
        "database_flags": [{"name": f"log_{kind}connections", "value": "off"} for kind in ("", "dis")],
    }
    change = {
        "address": "google_sql_database_instance.db",
        "mode": "managed",
        "type": "google_sql_database_instance",
        "name": "db",
        "change": {
            "actions": ["create"],
            "before": None,
            "after": {
                "name": "db",
                "project": "p",
                "region": "europe-west1",
                "database_version": "POSTGRES_15",
                "settings": [settings],
            },
            "after_unknown": {},
        },
    }
    plan = {"format_version": "1.2", "resource_changes": [change]}
    (tmp_path / "in" / "plan.json").write_text(json.dumps(plan))
    _, report = scan(tmp_path / "in" / "plan.json", options=options)
    assert {finding["check"]: place_in(finding) for finding in report["findings"]} == told


def test_what_an_override_sets_is_placed_at_the_resource(tmp_path: Path) -> None:
    public = SQL.replace("      ipv4_enabled = true\n", "")
    override = 'resource "google_sql_database_instance" "db" {\n  settings {\n    tier = "x"\n'
    override += "    ip_configuration {\n      ipv4_enabled = true\n    }\n  }\n}\n"
    write(tmp_path / "in", main_tf=public, z_override_tf=override)
    _, report = scan(tmp_path / "in", options=["--check", "sql-public-ip"])
    assert [place_in(finding) for finding in report["findings"]] == ["main.tf:2"]


@pytest.mark.parametrize(
    ("expression", "members"),
    [
        ('concat(["allUsers"], var.unset)', ["allUsers"]),
        ('concat(var.unset, ["allUsers", "user:a@x.y"])', ["allUsers", "user:a@x.y"]),
        ('distinct(compact(concat(split(",", "allUsers,"), [var.unset])))', ["allUsers"]),
        ('toset(flatten([["allUsers"], var.unset]))', ["allUsers"]),
        ("local.all", ["allUsers"]),
        ("var.unset", []),
        ('[for m in concat(["allUsers"], var.unset) : m if m != "allUsers"]', []),
        ('setsubtract(["allUsers"], var.unset)', []),
        ('var.unset == "x" ? ["allUsers"] : []', []),
        ('slice(concat(["allUsers"], var.unset), 1, 2)', []),
    ],
)
def test_a_member_that_is_known_counts_whatever_joins_it(tmp_path: Path, expression: str, members: list[str]) -> None:
    text = """
variable "unset" {}
locals {
  all = concat(local.everybody, var.unset)
  everybody = ["allUsers"]
}
resource "google_project_iam_binding" "b" {
  project = "p"
  role    = "roles/viewer"
  members = %s
}
"""
    write(tmp_path, main_tf=text % expression)
    assets, gaps, _ = convert(tmp_path)
    assert not gaps.told
    (asset,) = assets.values()
    assert asset["iam_policy"]["bindings"] == [{"role": "roles/viewer", "members": members}]
    assert ("iam_policy.bindings.0.members" + (".*" if members else "")) in asset["unknown"]
    _, report = scan(tmp_path, options=["--check", "container-public"])
    (check,) = report["checks"]
    assert (check["failed"], sum(check["not_assessed"].values())) == ((1, 0) if members else (0, 1))
