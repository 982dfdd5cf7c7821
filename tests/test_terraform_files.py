"""Terraform files become the same assets as their plan; what they do not tell is unknown, and told where."""

from __future__ import annotations

import io
import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from auditor.check import Check
from auditor.clock import Clock
from auditor.config import settings_of
from auditor.engine.scan import Scan
from auditor.loading import load_checks
from auditor.sources.asset_inventory import AssetInventoryExport
from auditor.sources.base import Gaps, Source
from auditor.sources.terraform.hcl.evaluate import evaluate
from auditor.sources.terraform.hcl.load import Module, read_module
from auditor.sources.terraform.hcl.variables import given_values
from auditor.sources.terraform_files import TerraformFiles
from auditor.sources.terraform_plan import TerraformPlan
from tests.support import ORACLES
from tests.terraform_text import written

DATA = Path(__file__).parent / "data" / "terraform_files"
LABELLED = ORACLES / "labelled_plans"
CATALOGUE = load_checks()
NOW = datetime(2026, 11, 22, tzinfo=UTC)
Verdicts = dict[tuple[str, str], str]


def write(folder: Path, **files: str) -> Path:
    """A folder with files; `__` in a name is a slash, `_tf` its suffix."""
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_tfvars", ".tfvars").replace("_tf", ".tf").replace(
            ".tf_json", ".tf.json"
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def convert(folder: Path, **options: Any) -> tuple[dict[str, dict[str, Any]], Gaps, TerraformFiles]:
    """The assets of a folder by address, its gaps, and the source."""
    options.setdefault("environment", {})
    gaps, source = Gaps(), TerraformFiles(folder, folder.name, **options)
    assets = {}
    for place, line in source.lines(gaps):
        asset = json.loads(line)
        assert place.endswith(asset["address"])
        assets[asset["address"]] = asset | {"place": place}
    return assets, gaps, source


def told(gaps: Gaps) -> list[str]:
    """The gaps, each as place and problem."""
    return [f"{gap.where}: {gap.problem}" for gap in gaps.told]


def verdicts(source: Source, checks: list[Check] | None = None, by: str = "asset") -> Verdicts:
    """Every verdict about a source, by check and asset (or address)."""
    ledger = io.BytesIO()
    asked = checks or CATALOGUE
    scan = Scan(asked, clock=Clock(NOW), settings=settings_of(CATALOGUE, {}, ""), ledger=ledger)
    outcome = scan.run([source])
    assert not outcome.recorder.crashes
    rows = [json.loads(line) for line in ledger.getvalue().splitlines()]
    return {(row["check"], row[by]): row["verdict"] for row in rows}


# ---- plans of others, written as files


@pytest.mark.skipif(not LABELLED.is_dir(), reason="the labelled plans (../shared/oracles) are not here")
def test_labelled_plans_written_as_files_have_the_verdicts_of_the_plans(tmp_path: Path) -> None:
    """What the plans, which are thinner than Terraform's, leave out and the API decides, is not assessed of files."""
    same, undecided, differing = 0, 0, []
    for file in sorted(LABELLED.glob("*.plan.json")):
        plan = json.loads(file.read_text())
        folder = write(tmp_path / file.stem, main_tf=written(plan))
        theirs = verdicts(TerraformPlan(file.name, file.name, plan))
        ours = verdicts(TerraformFiles(folder, folder.name, environment={}))
        for key in theirs.keys() & ours.keys():
            same += theirs[key] == ours[key]
            undecided += theirs[key] != ours[key] == "not_assessed"
            if theirs[key] != ours[key] != "not_assessed":
                differing.append((file.name, *key, theirs[key], ours[key]))
        assert theirs.keys() == ours.keys(), file.name
    assert not differing
    assert undecided < same / 50


# ---- the language, as Terraform plans it


def evaluated(folder: Path) -> dict[str, Any]:
    """Address → input and unknown parts of the `terraform_data` in a folder."""
    gaps = Gaps()
    modules: dict[Path, Module] = {}

    def read(path: Path) -> Module:
        return modules.setdefault(path.resolve(), read_module(path, gaps))

    values = given_values(folder, (), {}, gaps)
    document = evaluate(folder, scanned=folder, read=read, values=values, gaps=gaps).document
    assert not gaps.told
    return {
        change["address"]: {
            "input": change["change"]["after"].get("input"),
            "unknown": pruned(change["change"]["after_unknown"].get("input")),
        }
        for change in json.loads(json.dumps(document))["resource_changes"]
    }


def pruned(mark: Any) -> Any:
    """Marks of what is unknown, without those that say nothing."""
    if isinstance(mark, dict):
        return {key: below for key, one in mark.items() if (below := pruned(one))} or None
    if isinstance(mark, list):
        below = [pruned(one) for one in mark]
        return below if any(below) else None
    return mark or None


def test_the_language_is_evaluated_as_terraform_plans_it() -> None:
    expected = json.loads((DATA / "language" / "expected.json").read_text(encoding="utf-8"))
    ours = evaluated(DATA / "language")
    assert ours.keys() == expected.keys()
    for address, planned in expected.items():
        assert ours[address] == planned, address


# ---- what is told of assets

BUCKET = 'resource "google_storage_bucket" "b" {\n  name = "b1"\n  location = "eu"\n%s\n}\n'


def test_an_asset_tells_file_line_and_address(tmp_path: Path) -> None:
    write(tmp_path, main_tf="\n\n" + BUCKET % "count = 2", modules__m__x_tf="\n" + BUCKET % "")
    write(tmp_path, use_tf='module "m" {\n  source = "./modules/m"\n  for_each = toset(["k"])\n}\n')
    assets, gaps, source = convert(tmp_path)
    assert not gaps.told
    assert assets["google_storage_bucket.b[1]"]["place"] == f"{tmp_path}/main.tf:3 google_storage_bucket.b[1]"
    inner = 'module.m["k"].google_storage_bucket.b'
    assert assets[inner]["place"] == f"{tmp_path}/modules/m/x.tf:2 {inner}"
    assert (source.places[inner].file, source.places[inner].line) == (f"{tmp_path}/modules/m/x.tf", 2)


def test_the_place_of_what_is_unknown_has_its_cause(tmp_path: Path) -> None:
    write(tmp_path, main_tf='variable "pap" {}\n' + BUCKET % "public_access_prevention = var.pap")
    asset = convert(tmp_path)[0]["google_storage_bucket.b"]
    path = "resource.data.iamConfiguration.publicAccessPrevention"
    assert asset["unknown"][path] == "the variable 'pap' has no value"
    assert asset["unknown"]["resource.data.projectNumber"] == "the files do not set it; it is decided at apply"


def test_references_lead_through_locals_variables_and_outputs_to_one_asset(tmp_path: Path) -> None:
    write(
        tmp_path,
        main_tf="""
provider "google" { project = "p1" }
module "net" { source = "./net" }
locals { subnet = module.net.ids["a"] }
module "vm" {
  source = "./vm"
  subnet = local.subnet
  key    = google_kms_crypto_key.k.id
}
resource "google_kms_key_ring" "r" {
  name = "ring"
  location = "eu"
}
resource "google_kms_crypto_key" "k" {
  name = "key"
  key_ring = google_kms_key_ring.r.id
}
""",
        net__main_tf="""
resource "google_compute_network" "n" { name = "net" }
resource "google_compute_subnetwork" "s" {
  for_each = { a = "10.0.0.0/24" }
  name = "sub-${each.key}"
  region = "europe-west1"
  network = google_compute_network.n.id
  ip_cidr_range = each.value
}
output "ids" { value = { for k, s in google_compute_subnetwork.s : k => s.self_link } }
""",
        vm__main_tf="""
variable "subnet" { type = string }
variable "key" {}
resource "google_compute_disk" "d" {
  name = "d"
  zone = "europe-west1-b"
  disk_encryption_key { kms_key_self_link = var.key }
}
resource "google_compute_instance" "i" {
  name = "i"
  machine_type = "e2-micro"
  zone = "europe-west1-b"
  boot_disk {}
  network_interface { subnetwork = var.subnet }
}
""",
    )
    assets, gaps, _ = convert(tmp_path)
    assert not gaps.told
    instance = assets["module.vm.google_compute_instance.i"]["resource"]["data"]
    subnet = "https://www.googleapis.com/compute/v1/projects/p1/regions/europe-west1/subnetworks/sub-a"
    assert instance["networkInterfaces"][0]["subnetwork"] == subnet
    key = "projects/p1/locations/eu/keyRings/ring/cryptoKeys/key"
    disk = assets["module.vm.google_compute_disk.d"]["resource"]["data"]
    assert disk["diskEncryptionKey"]["kmsKeyName"] == key
    subnetwork = assets['module.net.google_compute_subnetwork.s["a"]']
    assert subnetwork["resource"]["data"]["network"].endswith("/projects/p1/global/networks/net")


def test_grants_are_folded_into_the_policy_of_what_they_act_on(tmp_path: Path) -> None:
    write(
        tmp_path,
        main_tf="""
provider "google" { project = "p1" }
resource "google_service_account" "sa" {
  count = 2
  account_id = "app-${count.index}"
}
resource "google_secret_manager_secret" "s" {
  secret_id = "s"
  replication {
    auto {}
  }
}
resource "google_secret_manager_secret_iam_member" "m" {
  for_each  = { for i, sa in google_service_account.sa : "k${i}" => sa }
  secret_id = google_secret_manager_secret.s.id
  role      = "roles/secretmanager.secretAccessor"
  member    = "serviceAccount:${each.value.email}"
}
data "google_iam_policy" "p" {
  dynamic "binding" {
    for_each = ["roles/pubsub.viewer", "roles/pubsub.admin"]
    content {
      role    = binding.value
      members = concat(["allUsers"], google_service_account.sa[*].member)
    }
  }
}
resource "google_pubsub_topic" "t" { name = "t" }
resource "google_pubsub_topic_iam_policy" "p" {
  topic       = google_pubsub_topic.t.name
  policy_data = data.google_iam_policy.p.policy_data
}
data "google_iam_policy" "open" {
  binding {
    role    = "roles/storage.admin"
    members = ["allUsers", "user:${var.who}"]
  }
}
variable "who" {}
resource "google_storage_bucket" "b" {
  name = "b"
  location = "EU"
}
resource "google_storage_bucket_iam_policy" "b" {
  bucket      = google_storage_bucket.b.name
  policy_data = data.google_iam_policy.open.policy_data
}
""",
    )
    assets, gaps, source = convert(tmp_path)
    assert not gaps.told
    assert not source.unsupported
    accounts = [f"serviceAccount:app-{i}@p1.iam.gserviceaccount.com" for i in range(2)]
    secret = assets["google_secret_manager_secret.s"]["iam_policy"]
    assert secret["bindings"] == [{"role": "roles/secretmanager.secretAccessor", "members": accounts}]
    topic = assets["google_pubsub_topic.t"]["iam_policy"]["bindings"]
    assert [(b["role"], b["members"]) for b in topic] == [
        ("roles/pubsub.viewer", ["allUsers", *accounts]),
        ("roles/pubsub.admin", ["allUsers", *accounts]),
    ]
    bucket = assets["google_storage_bucket.b"]
    assert bucket["iam_policy"]["bindings"] == [{"role": "roles/storage.admin", "members": ["allUsers"]}]
    assert "iam_policy.bindings.0.members.*" in bucket["unknown"]


def test_members_of_other_kinds_are_not_taken_for_the_account_they_name(tmp_path: Path) -> None:
    text = """
resource "google_service_account" "sa" { account_id = "a" }
resource "google_storage_bucket" "b" {
  name = "b"
  location = "EU"
}
resource "google_storage_bucket_iam_member" "m" {
  bucket = google_storage_bucket.b.name
  role   = "roles/storage.admin"
  member = "%s${google_service_account.sa.email}%s"
}
"""
    for prefix, suffix, known in (("serviceAccount:", "", True), ("user:", "", False), ("serviceAccount:", "x", False)):
        folder = write(tmp_path / f"{prefix[:4]}{suffix}", main_tf=text % (prefix, suffix))
        asset = convert(folder)[0]["google_storage_bucket.b"]
        members = asset["iam_policy"]["bindings"][0]["members"]
        assert members == (["serviceAccount:a@(unknown).iam.gserviceaccount.com"] if known else []), prefix + suffix


def test_providers_give_project_and_region(tmp_path: Path) -> None:
    write(
        tmp_path,
        main_tf="""
variable "p" { default = "main" }
provider "google" {
  project = var.p
  region  = "europe-west1"
}
provider "google" {
  alias   = "other"
  project = "${var.p}-other"
}
resource "google_pubsub_topic" "a" { name = "t" }
resource "google_pubsub_topic" "b" {
  provider = google.other
  name     = "t"
}
module "m" {
  source    = "./m"
  providers = { google = google.other }
}
module "n" { source = "./m" }
resource "google_compute_address" "addr" { name = "x" }
""",
        m__main_tf='resource "google_pubsub_topic" "c" { name = "c" }\n',
    )
    assets, gaps, _ = convert(tmp_path)
    assert not gaps.told
    projects = {address: asset["name"].split("/")[4] for address, asset in assets.items() if "topic" in address}
    assert projects == {
        "google_pubsub_topic.a": "main",
        "google_pubsub_topic.b": "main-other",
        "module.m.google_pubsub_topic.c": "main-other",
        "module.n.google_pubsub_topic.c": "main",
    }


def test_values_are_given_in_terraforms_order(tmp_path: Path) -> None:
    names = ("a", "b", "c", "d", "e", "f")
    variables = "".join(f'variable "{name}" {{\n  default = "default"\n}}\n' for name in names)
    labels = ", ".join(f"{name} = var.{name}" for name in names)
    write(
        tmp_path,
        main_tf=variables
        + 'variable "l" {\n  type = list(string)\n}\n'
        + BUCKET % f'labels = {{ {labels}, l = join("-", var.l) }}',
    )

    def setting(count: int, value: str) -> str:
        return "".join(f'{name} = "{value}"\n' for name in names[:count])

    write(tmp_path, terraform_tfvars=setting(4, "terraform.tfvars"), x_tfvars=setting(1, "file") + "undeclared = 1\n")
    (tmp_path / "a.auto.tfvars").write_text(setting(3, "a.auto"))
    (tmp_path / "b.auto.tfvars.json").write_text(json.dumps({"a": "b.auto", "b": "b.auto"}))
    environment = {**{f"TF_VAR_{name}": "environment" for name in names[:5]}, "TF_VAR_l": '["p", "q"]'}
    assets, gaps, _ = convert(tmp_path, var_files=(tmp_path / "x.tfvars",), environment=environment)
    assert not gaps.told
    assert assets["google_storage_bucket.b"]["resource"]["data"]["labels"] == {
        "a": "file",
        "b": "b.auto",
        "c": "a.auto",
        "d": "terraform.tfvars",
        "e": "environment",
        "f": "default",
        "l": "p-q",
    }


def test_json_files_say_the_same(tmp_path: Path) -> None:
    document = {
        "//": "a comment",
        "variable": {"names": {"type": "list(string)", "default": ["x", "${y}"]}},
        "locals": {"upper": "${[for n in var.names : upper(n)]}"},
        "resource": {
            "google_storage_bucket": {
                "b": {
                    "name": "b1",
                    "location": "eu",
                    "labels": {"first": "${local.upper[0]}"},
                    "versioning": {"enabled": "true"},
                    "lifecycle_rule": [{"action": {"type": "Delete"}, "condition": {"age": "${1 + 2}"}}],
                    "dynamic": {"cors": {"for_each": ["m"], "content": {"method": ["${cors.value}"]}}},
                    "lifecycle": {"prevent_destroy": True},
                }
            }
        },
    }
    (tmp_path / "main.tf.json").write_text(json.dumps(document, indent=1))
    assets, gaps, _ = convert(tmp_path)
    assert not gaps.told
    data = assets["google_storage_bucket.b"]["resource"]["data"]
    assert data["labels"] == {"first": "X"}
    assert data["versioning"] == {"enabled": True}
    assert data["lifecycle"]["rule"] == [{"action": {"type": "Delete"}, "condition": {"age": 3}}]
    assert data["cors"] == [{"method": ["m"]}]
    assert "main.tf.json:17 " in assets["google_storage_bucket.b"]["place"]


def test_several_roots_are_kept_apart(tmp_path: Path) -> None:
    text = """
resource "google_compute_network" "n" { name = var.n }
variable "n" {}
resource "google_compute_firewall" "f" {
  name    = "f"
  network = google_compute_network.n.id
  allow { protocol = "tcp" }
}
module "m" { source = "../../modules/m" }
"""
    write(tmp_path, envs__dev__main_tf=text, envs__prod__main_tf=text, modules__m__main_tf=BUCKET % "")
    gaps, source = Gaps(), TerraformFiles(tmp_path, "infra", environment={})
    assets = [json.loads(line) for _, line in source.lines(gaps)]
    assert not gaps.told
    assert len({asset["name"] for asset in assets}) == len(assets) == 6
    assert sorted(asset["address"] for asset in assets)[:2] == ["google_compute_firewall.f"] * 2
    networks = {a["name"].rpartition("/")[2] for a in assets if a["address"] == "google_compute_network.n"}
    used = {a["resource"]["data"]["network"].rpartition("/")[2] for a in assets if "firewall" in a["address"]}
    assert used == networks


def test_what_is_imported_is_there_already(tmp_path: Path) -> None:
    write(tmp_path, main_tf=BUCKET % "" + 'import {\n  to = google_storage_bucket.b\n  id = "b1"\n}\n')
    asset = convert(tmp_path)[0]["google_storage_bucket.b"]
    assert "iam_policy" not in asset
    assert "resource.data.timeCreated" not in [p for p, c in asset["unknown"].items() if c == "known only after apply"]


# ---- what is unknown in number, and what is not there


def test_what_is_unknown_in_number_is_audited_as_one_and_told(tmp_path: Path) -> None:
    write(
        tmp_path,
        main_tf='variable "on" {}\n' + BUCKET % "count = var.on ? 1 : 0",
        more_tf="""
resource "google_pubsub_topic" "t" {
  for_each = var.topics
  name     = each.key
}
variable "topics" {}
resource "google_compute_firewall" "f" {
  name    = "f"
  network = "n"
  dynamic "allow" {
    for_each = var.topics
    content { protocol = "tcp" }
  }
}
module "m" {
  source = "./m"
  count  = var.on
}
output "o" { value = module.m[0].x }
""",
        m__main_tf=BUCKET % "",
    )
    assets, gaps, _ = convert(tmp_path)
    assert set(assets) == {
        "google_storage_bucket.b",
        "google_pubsub_topic.t",
        "google_compute_firewall.f",
        "module.m.google_storage_bucket.b",
    }
    assert {problem.partition(": ")[2] for problem in told(gaps)} == {
        "how many google_storage_bucket.b there are is not known: the variable 'on' has no value",
        "how many google_pubsub_topic.t there are is not known: the variable 'topics' has no value",
        "how many module.m there are is not known: the variable 'on' has no value",
    }
    assert len(gaps.told) == 3
    firewall = assets["google_compute_firewall.f"]
    assert firewall["unknown"]["resource.data.allowed"] == "the variable 'topics' has no value"
    topic = assets["google_pubsub_topic.t"]["name"]
    assert "(known after apply)" in topic


def test_remote_modules_are_named_and_installed_ones_read(tmp_path: Path) -> None:
    write(
        tmp_path,
        main_tf="""
module "net" {
  source  = "terraform-google-modules/network/google"
  version = "~> 9.0"
}
module "here" {
  source = "git::https://example.com/x.git"
}
resource "google_compute_firewall" "f" {
  name    = "f"
  network = module.net.network_name
  allow { protocol = "tcp" }
}
""",
        deps__here__main_tf=BUCKET % "",
    )
    manifest = tmp_path / ".terraform" / "modules" / "modules.json"
    manifest.parent.mkdir(parents=True)
    manifest.write_text(json.dumps({"Modules": [{"Key": "", "Dir": "."}, {"Key": "here", "Dir": "deps/here"}]}))
    assets, gaps, _ = convert(tmp_path)
    assert "module.here.google_storage_bucket.b" in assets
    why = "the module is not assessed: its source terraform-google-modules/network/google is not in this folder"
    assert told(gaps) == [f"{tmp_path}/main.tf:2 module.net: {why}"]
    assert gaps.files == 1
    assert "module.net is not assessed" in assets["google_compute_firewall.f"]["unknown"]["resource.data.network"]


# ---- exceptions in comments


def test_comments_accept_findings_with_reason_and_expiry(tmp_path: Path) -> None:
    write(
        tmp_path,
        main_tf="""
# auditor:accept bucket-public reason="a static site" expires=2026-12-31 owner=web@example.com ticket=SEC-12
# more words
resource "google_storage_bucket" "b" {
  name = "b" # auditor:accept bucket-versioning-off reason=cheap expires=2026-11-21
  /* auditor:accept bucket-logging-off expires=2027-01-01 */
  location = "EU"
  description = "# auditor:accept no-comment reason=x expires=2030-01-01"
}
// auditor:accept too-far reason="x" expires=2030-01-01



module "m" {
  source = "./nowhere"
  # auditor:accept some-check reason="x" expires=soon
  # auditor:ignore some-check
  # auditor:accept some-check reason="x" until=2030-01-01
}
""",
    )
    _, _, source = convert(tmp_path)
    found = source.exceptions
    assert [(one.check, one.line, one.block, one.expires) for one in found] == [
        ("bucket-public", 2, "google_storage_bucket.b", date(2026, 12, 31)),
        ("bucket-versioning-off", 5, "google_storage_bucket.b", date(2026, 11, 21)),
        ("bucket-logging-off", 6, "google_storage_bucket.b", date(2027, 1, 1)),
        ("too-far", 10, "", date(2030, 1, 1)),
        ("some-check", 16, "module.m", None),
        ("some-check", 17, "module.m", None),
        ("some-check", 18, "module.m", None),
    ]
    assert (found[0].reason, found[0].owner, found[0].ticket) == ("a static site", "web@example.com", "SEC-12")
    assert found[0].block_line == 4
    assert [one.problem for one in found] == [
        "",
        "",
        "it gives no reason",
        "it stands in no resource, data source or module call, nor directly above one",
        "'soon' is no day; write expires=2026-12-31",
        "auditor:ignore is nothing that a comment can say; write auditor:accept",
        "until is none of reason, expires, owner, approver, ticket, finding",
    ]


# ---- one estate as files, as their plan and as Google exports it


def test_files_their_plan_and_the_export_have_the_same_verdicts() -> None:
    folder = DATA / "round_trip"
    files = verdicts(TerraformFiles(folder, "files", environment={}))
    plan = verdicts(TerraformPlan("plan.json", "plan.json", json.loads((folder / "plan.json").read_text())))
    exported = verdicts(AssetInventoryExport(folder / "assets.ndjson", "assets.ndjson", is_array=False))
    assert files == plan
    judged = {key: verdict for key, verdict in files.items() if verdict != "not_assessed" and key in exported}
    other = {key: (verdict, exported[key]) for key, verdict in judged.items() if exported[key] != verdict}
    assert not other
    assert sum(verdict == "fail" for verdict in judged.values()) > 15
