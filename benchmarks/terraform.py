"""Measure Terraform: a plan of 5,000 resources, and the 500 files that it is of: `python -m benchmarks.terraform`.

Both are written here, the plan with all that Terraform writes: every attribute, planned values, configuration.
The same inputs are given to checkov in the same run, which is installed into an environment of its own; where that
cannot be done a sentence says so. Ratios are of wall time, the best of several runs each.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

import msgspec

from auditor.sources.base import Gaps
from auditor.sources.terraform.hcl.evaluate import evaluate
from auditor.sources.terraform.hcl.load import Module, read_module
from auditor.sources.terraform.hcl.provider_schema import Shape, shape_of
from benchmarks.measure import Measured, audit, best

FILES = 500
RESOURCES = 10
"""In each file."""
_CHECKOV = "checkov==3.3.*"

_SETTINGS = """
terraform {
  required_providers {
    google = { source = "hashicorp/google" }
  }
}

provider "google" {
  project = var.project
  region  = "europe-west1"
}

variable "project" {
  type    = string
  default = "depot-prod-1"
}

variable "office" {
  type    = list(string)
  default = ["203.0.113.0/24"]
}

locals {
  labels = { team = "depot", stage = "prod" }
}

resource "google_compute_network" "main" {
  name                    = "main"
  auto_create_subnetworks = false
}
"""

_SERVICE = """# Service {n}: an API with its database, its files and its messages.
resource "google_service_account" "api_{n}" {{
  account_id   = "api-{n}"
  display_name = "API {n}"
}}

resource "google_project_iam_member" "api_{n}" {{
  project = var.project
  role    = "{role}"
  member  = "serviceAccount:${{google_service_account.api_{n}.email}}"
}}

resource "google_storage_bucket" "files_{n}" {{
  name                        = "depot-files-{n}"
  location                    = "EU"
  uniform_bucket_level_access = {uniform}
  labels                      = merge(local.labels, {{ service = "api-{n}" }})

  versioning {{
    enabled = true
  }}
  lifecycle_rule {{
    condition {{
      age = 365
    }}
    action {{
      type = "Delete"
    }}
  }}
}}

resource "google_storage_bucket_iam_member" "files_{n}" {{
  bucket = google_storage_bucket.files_{n}.name
  role   = "roles/storage.objectViewer"
  member = "{reader}"
}}

resource "google_compute_subnetwork" "net_{n}" {{
  name                     = "net-{n}"
  ip_cidr_range            = cidrsubnet("10.0.0.0/8", 14, {n})
  network                  = google_compute_network.main.id
  private_ip_google_access = true
  log_config {{
    aggregation_interval = "INTERVAL_5_SEC"
    flow_sampling        = 0.5
  }}
}}

resource "google_compute_firewall" "allow_{n}" {{
  name          = "allow-{n}"
  network       = google_compute_network.main.name
  source_ranges = {ranges}
  dynamic "allow" {{
    for_each = ["443", "8443"]
    content {{
      protocol = "tcp"
      ports    = [allow.value]
    }}
  }}
}}

resource "google_compute_instance" "worker_{n}" {{
  name         = "worker-{n}"
  machine_type = "e2-standard-2"
  zone         = "europe-west1-b"
  tags         = ["worker", "api-{n}"]
  labels       = local.labels

  boot_disk {{
    initialize_params {{
      image = "debian-cloud/debian-12"
      size  = 20
    }}
  }}
  network_interface {{
    subnetwork = google_compute_subnetwork.net_{n}.id
    {address}
  }}
  service_account {{
    email  = google_service_account.api_{n}.email
    scopes = ["cloud-platform"]
  }}
  shielded_instance_config {{
    enable_secure_boot = true
  }}
  metadata = {{
    enable-oslogin  = "TRUE"
    startup-script  = <<-EOT
      #!/bin/sh
      exec /opt/worker --service api-{n}
    EOT
  }}
}}

resource "google_sql_database_instance" "db_{n}" {{
  name                = "db-{n}"
  database_version    = "POSTGRES_16"
  deletion_protection = true
  settings {{
    tier              = "db-custom-2-7680"
    availability_type = "REGIONAL"
    ip_configuration {{
      ipv4_enabled    = {public_database}
      private_network = google_compute_network.main.id
      ssl_mode        = "ENCRYPTED_ONLY"
    }}
    backup_configuration {{
      enabled                        = true
      point_in_time_recovery_enabled = true
    }}
    database_flags {{
      name  = "log_connections"
      value = "on"
    }}
  }}
}}

resource "google_pubsub_topic" "events_{n}" {{
  name   = "events-{n}"
  labels = local.labels
}}

resource "google_secret_manager_secret" "key_{n}" {{
  secret_id = "key-{n}"
  replication {{
    auto {{}}
  }}
}}
"""


def write_files(folder: Path) -> None:
    """Write 500 files with 10 resources each (and one with what they share); about one service in ten has a problem."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "main.tf").write_text(_SETTINGS)
    for number in range(FILES):
        text = _SERVICE.format(
            n=number,
            role="roles/editor" if number % 20 == 3 else "roles/cloudsql.client",
            uniform=str(number % 10 != 4).lower(),
            reader="allUsers" if number % 50 == 7 else f"group:readers-{number}@example.com",
            ranges='["0.0.0.0/0"]' if number % 25 == 9 else "var.office",
            address="access_config {}" if number % 10 == 2 else "",
            public_database=str(number % 20 == 5).lower(),
        )
        (folder / f"service_{number:03}.tf").write_text(text)


def plan_of(folder: Path) -> dict[str, Any]:
    """The plan of a folder as `terraform show -json` tells it: every attribute, set or not, and all sections."""
    gaps = Gaps()
    modules: dict[Path, Module] = {}

    def read(one: Path) -> Module:
        return modules.setdefault(one, read_module(one, gaps))

    found = evaluate(folder, scanned=folder, read=read, values={}, gaps=gaps)
    assert not gaps.told, gaps.told
    changes = found.document["resource_changes"]
    names = {change["name"]: change["address"].rpartition(".")[2] for change in changes}
    configuration = found.document["configuration"]["root_module"]["resources"]
    providers = found.document["configuration"]["provider_config"].values()
    for resource in configuration:
        resource |= {"name": names[resource["name"]], "address": f"{resource['type']}.{names[resource['name']]}"}
        resource |= {"provider_config_key": "google", "schema_version": 1}
    _rename(configuration, names)
    for change in changes:
        inner = change["change"]
        shape = shape_of(change["type"])
        assert shape is not None
        _complete(shape, inner["after"], inner["after_unknown"])
        change |= {"name": names[change["name"]], "provider_name": "registry.terraform.io/hashicorp/google"}
        inner |= {"actions": ["create"], "before": None, "before_sensitive": False, "after_sensitive": {}}
    planned = [
        {key: change[key] for key in ("address", "mode", "type", "name", "provider_name")}
        | {"schema_version": 1, "values": change["change"]["after"], "sensitive_values": {}}
        for change in changes
    ]
    return {
        "format_version": "1.2",
        "terraform_version": "1.9.8",
        "variables": {"project": {"value": "depot-prod-1"}, "office": {"value": ["203.0.113.0/24"]}},
        "planned_values": {"root_module": {"resources": planned}},
        "resource_changes": changes,
        "configuration": {
            "provider_config": {
                "google": {
                    "name": "google",
                    "full_name": "registry.terraform.io/hashicorp/google",
                    "expressions": next((provider["expressions"] for provider in providers), {}),
                }
            },
            "root_module": {"resources": configuration, "variables": {"project": {"default": "depot-prod-1"}}},
        },
        "timestamp": "2026-11-22T00:00:00Z",
        "applyable": True,
        "complete": True,
        "errored": False,
    }


def _rename(node: Any, names: dict[str, str]) -> None:
    """Write references with the names that the files give, not those of the evaluation."""
    if isinstance(node, list):
        for part in node:
            _rename(part, names)
    elif isinstance(node, dict):
        for key, part in node.items():
            if key == "references":
                node[key] = [".".join(names.get(step, step) for step in text.split(".")) for text in part]
            else:
                _rename(part, names)


def _complete(shape: Shape, after: dict[str, Any], unknown: dict[str, Any]) -> None:
    """Add what the configuration does not set: null, or known only after apply."""
    for name, part in shape.parts.items():
        if part.is_block and unknown.get(name) is True:
            continue
        if part.is_block:
            blocks, marks = after.setdefault(name, []), unknown.get(name)
            for position, block in enumerate(blocks):
                inner = marks[position] if isinstance(marks, list) and position < len(marks) else {}
                _complete(part, block, inner if isinstance(inner, dict) else {})
        elif name not in after and name not in unknown:
            if part.is_computed:
                unknown[name] = True
            else:
                after[name] = part.default


def environment(folder: Path) -> Path | None:
    """The checkov of an environment of its own, made where it is not there; None, and a sentence, where it fails."""
    binaries = folder / ("Scripts" if sys.platform == "win32" else "bin")
    if not (binaries / "checkov").exists():
        print(f"installing checkov into {folder} …", flush=True)
        venv.create(folder, with_pip=True, clear=True)
        install = [str(binaries / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", _CHECKOV]
        if subprocess.run(install, stderr=subprocess.DEVNULL, check=False).returncode:
            print("checkov could not be installed, so it is not compared with; is there a package index?")
            return None
    return binaries / "checkov"


def compare(data: Path, times: int) -> None:
    """Write the inputs, measure both programs on them, and print the ratios."""
    folder, plan = data / "terraform", data / "terraform-plan" / "plan.json"
    write_files(folder)
    plan.parent.mkdir(exist_ok=True)
    plan.write_bytes(msgspec.json.encode(plan_of(folder)))
    number = FILES * RESOURCES
    checkov = environment(data / "checkov")
    told = ["--quiet", "--compact", "--skip-download", "--framework"]
    for title, path, theirs in (
        (f"a plan of {number:,} resources", plan, ["-f", str(plan), *told, "terraform_plan"]),
        (f"{FILES} files of {number:,} resources", folder, ["-d", str(folder), *told, "terraform"]),
    ):
        ours = best(audit(path), times)
        print(f"{title:<35} {ours.wall:7.2f} s{_ratio(ours, checkov, theirs)}", flush=True)


def _ratio(ours: Measured, checkov: Path | None, arguments: list[str]) -> str:
    if checkov is None:
        return ""
    theirs = best([str(checkov), *arguments], 1)
    return f"; checkov {theirs.wall:.1f} s, {theirs.wall / ours.wall:.1f} times as long"


def main() -> None:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--data", type=Path, default=Path("bench-data"))
    parser.add_argument("--times", type=int, default=3)
    given = parser.parse_args()
    compare(given.data, given.times)


if __name__ == "__main__":
    main()
