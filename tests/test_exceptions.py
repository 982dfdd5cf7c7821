"""Comments accept findings by name, with a reason, until a day; what does not count is told and accepts nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.support import bucket, ndjson, policy, project, run, scan

OPEN = """
resource "google_storage_bucket" "site" {
  name                        = "site"
  project                     = "p-1001"
  location                    = "EU"
  uniform_bucket_level_access = true
}
%s
resource "google_storage_bucket_iam_member" "all" {
  bucket = google_storage_bucket.site.name
  role   = "roles/storage.objectViewer"
  member = "allUsers"
}
"""
ACCEPT = '# auditor:accept bucket-public reason="a static site" expires=2026-12-31 owner=web@example.com ticket=SEC-12'


def folder(path: Path, text: str, **modules: str) -> Path:
    """A folder of Terraform files, `modules` below it."""
    path.mkdir(exist_ok=True)
    (path / "main.tf").write_text(text, encoding="utf-8")
    for name, inner in modules.items():
        (path / name).mkdir()
        (path / name / "main.tf").write_text(inner, encoding="utf-8")
    return path


def plan(path: Path, prefix: str = "") -> Path:
    """The plan of `OPEN`, without a configuration of its own."""
    bucket_values = {
        "name": "site",
        "project": "p-1001",
        "location": "EU",
        "uniform_bucket_level_access": True,
    }
    grant = {"bucket": "site", "role": "roles/storage.objectViewer", "member": "allUsers"}
    values = {"google_storage_bucket.site": bucket_values, "google_storage_bucket_iam_member.all": grant}
    changes = [
        {
            "address": prefix + address,
            "module_address": prefix.rstrip("."),
            "mode": "managed",
            "type": address.partition(".")[0],
            "name": address.partition(".")[2],
            "provider_name": "registry.terraform.io/hashicorp/google",
            "change": {"actions": ["create"], "before": None, "after": after, "after_unknown": {}},
        }
        for address, after in values.items()
    ]
    path.write_text(json.dumps({"format_version": "1.2", "terraform_version": "1.9.0", "resource_changes": changes}))
    return path


def only(report: dict[str, Any], state: str) -> dict[str, Any]:
    """The one exception of a report, which is in this state."""
    (exception,) = report["exceptions"]
    assert exception["state"] == state, exception
    return dict(exception)


PUBLIC = ["--check", "bucket-public"]
SARIF = Path(__file__).parent / "data" / "sarif-schema-2.1.0.json"


def test_an_accepted_finding_is_no_finding_and_does_not_fail_the_gate(tmp_path: Path) -> None:
    result, report = scan(folder(tmp_path / "open", OPEN % ""), options=PUBLIC)
    assert (result.exit_code, len(report["findings"]), report["exceptions"]) == (1, 1, [])
    result, report = scan(folder(tmp_path / "in", OPEN % ACCEPT), options=PUBLIC)
    assert result.exit_code == 0, result.output
    assert report["findings"] == []
    exception = only(report, "in force")
    assert exception["place"].endswith("main.tf:8")
    assert (exception["reason"], exception["owner"], exception["ticket"], exception["expires"]) == (
        "a static site",
        "web@example.com",
        "SEC-12",
        "2026-12-31",
    )
    assert [finding["check"] for finding in exception["findings"]] == ["bucket-public"]
    check = report["checks"][0]
    assert (check["failed"], check["excepted"]) == (1, 1)
    assert "Accepted, and not counted above: 1 finding, by 1 exception" in result.output
    assert "until 2026-12-31: a static site" in " ".join(result.output.split())


@pytest.mark.parametrize("where", ["resource", "data"])
def test_a_comment_in_any_block_of_the_asset_counts(tmp_path: Path, where: str) -> None:
    text = OPEN.replace("location ", f"{ACCEPT}\n  location ") % ""
    if where == "data":
        text = f"""
resource "google_storage_bucket" "site" {{
  name     = "site"
  location = "EU"
}}
data "google_iam_policy" "open" {{
  {ACCEPT}
  binding {{
    role    = "roles/storage.objectViewer"
    members = ["allUsers"]
  }}
}}
resource "google_storage_bucket_iam_policy" "open" {{
  bucket      = google_storage_bucket.site.name
  policy_data = data.google_iam_policy.open.policy_data
}}
"""
    result, report = scan(folder(tmp_path / "in", text), options=PUBLIC)
    assert result.exit_code == 0, result.output
    only(report, "in force")


DATA = """
data "google_iam_policy" "open" {
  binding {
    %s
    role    = "roles/storage.objectViewer"
    members = %s
  }
}
"""
WHOLE = """
resource "google_storage_bucket" "site" {
  name     = "site"
  location = "EU"
}
resource "google_storage_bucket_iam_policy" "open" {
  bucket      = google_storage_bucket.site.name
  policy_data = %s
}
"""


@pytest.mark.parametrize("members", ['["allUsers"]', '["allUsers", var.unknown]'])
@pytest.mark.parametrize("way", ["here", "local", "below", "above"])
def test_a_comment_in_the_data_that_makes_a_policy_is_about_that_policy(tmp_path: Path, way: str, members: str) -> None:
    """By whatever way the policy comes to the bucket."""
    accept = DATA % (ACCEPT, members) + 'variable "unknown" {\n}\n'
    made = "data.google_iam_policy.open.policy_data"
    modules = {}
    if way == "here":
        text = accept + WHOLE % made
    elif way == "local":
        text = accept + WHOLE % 'local.chosen["open"]' + f"locals {{\n  chosen = {{ open = try({made}, null) }}\n}}\n"
    elif way == "below":
        text = accept + f'module "m" {{\n  source = "./inner"\n  policy = {made}\n}}\n'
        modules["inner"] = WHOLE % "var.policy" + 'variable "policy" {\n  type = string\n}\n'
    else:
        text = 'module "m" {\n  source  = "./inner"\n  unknown = var.x\n}\nvariable "x" {\n}\n'
        text += WHOLE % "module.m.policy"
        modules["inner"] = accept + f'output "policy" {{\n  value = {made}\n}}\n'
    result, report = scan(folder(tmp_path / "in", text, **modules), options=PUBLIC)
    assert report["findings"] == [], result.output
    exception = only(report, "in force")
    assert exception["about"] == "data.google_iam_policy.open"
    assert len(exception["findings"]) == 1


def test_a_comment_in_policy_data_counts_for_a_plan_too(tmp_path: Path) -> None:
    """At apply it is only known from the configuration which data source makes the policy of which bucket."""
    made = {"references": ["data.google_iam_policy.open.policy_data", "data.google_iam_policy.open"]}
    inner = {
        "resources": [
            {
                "mode": "managed",
                "type": "google_storage_bucket_iam_policy",
                "name": "open",
                "expressions": {"policy_data": {"references": ["var.policy"]}},
            }
        ]
    }
    calls = {"m": {"source": "./inner", "expressions": {"policy": made}, "module": inner}}
    bucket_values = {"name": "site", "location": "EU"}
    bindings = {"bindings": [{"role": "roles/storage.objectViewer", "members": ["allUsers"]}]}
    values = {
        "google_storage_bucket.site": bucket_values,
        "google_storage_bucket_iam_policy.open": {"bucket": "site", "policy_data": json.dumps(bindings)},
    }
    changes = [
        {
            "address": f"module.m.{address}",
            "module_address": "module.m",
            "mode": "managed",
            "type": address.partition(".")[0],
            "name": address.partition(".")[2],
            "change": {"actions": ["create"], "before": None, "after": after, "after_unknown": {}},
        }
        for address, after in values.items()
    ]
    document = {
        "format_version": "1.2",
        "resource_changes": changes,
        "configuration": {"root_module": {"module_calls": calls}},
    }
    text = DATA % (ACCEPT, '["allUsers"]') + 'module "m" {\n  source = "./inner"\n}\n'
    code = folder(tmp_path / "in", text, inner=WHOLE % "var.policy")
    (code / "plan.json").write_text(json.dumps(document))
    result, report = scan(code / "plan.json", options=PUBLIC)
    assert report["findings"] == [], result.output
    assert only(report, "in force")["about"] == "data.google_iam_policy.open"


def test_a_comment_property_of_the_json_syntax_is_a_comment(tmp_path: Path) -> None:
    code = folder(tmp_path / "in", OPEN % "")
    (code / "main.tf").unlink()
    said = ACCEPT.removeprefix("# ")
    blocks: dict[str, Any] = {
        "google_storage_bucket": {
            "site": {
                "name": "site",
                "location": "EU",
                "versioning": {"//": ["kept", said], "enabled": True},
            }
        },
        "google_storage_bucket_iam_member": {
            "all": {
                "bucket": "${google_storage_bucket.site.name}",
                "role": "roles/storage.objectViewer",
                "member": "allUsers",
            }
        },
    }
    (code / "main.tf.json").write_text(json.dumps({"resource": blocks}, indent=2))
    result, report = scan(code, options=PUBLIC)
    assert report["findings"] == [], result.output
    exception = only(report, "in force")
    assert exception["about"] == "google_storage_bucket.site"
    line = int(exception["place"].rpartition(":")[2])
    assert "auditor:accept" in (code / "main.tf.json").read_text().splitlines()[line - 1]

    (code / "main.tf.json").write_text(json.dumps({"//": said, "resource": [blocks]}))
    blocks["google_storage_bucket"]["site"].pop("versioning")
    (code / "main.tf.json").write_text(json.dumps({"//": said, "resource": [blocks]}))
    _, report = scan(code, options=PUBLIC)
    assert "it stands in no resource" in only(report, "invalid")["problem"]


def test_a_comment_in_an_override_is_about_what_is_overridden(tmp_path: Path) -> None:
    code = folder(tmp_path / "in", OPEN % "")
    text = f'resource "google_storage_bucket" "site" {{\n  {ACCEPT}\n  storage_class = "STANDARD"\n}}\n'
    (code / "site_override.tf").write_text(text)
    result, report = scan(code, options=PUBLIC)
    assert report["findings"] == [], result.output
    assert only(report, "in force")["place"].endswith("site_override.tf:2")


def test_a_comment_on_a_module_call_is_about_all_that_the_call_makes_and_no_other_call(tmp_path: Path) -> None:
    calls = 'module "a" {\n  %s\n  source = "./site"\n}\nmodule "b" {\n  source = "./site"\n}\n'
    inner = OPEN.replace('"site"\n  project', "var.name\n  project") % "" + 'variable "name" { default = "x" }\n'
    calls = calls.replace('"./site"\n}\nmodule "b"', '"./site"\n  name = "one"\n}\nmodule "b"') % ACCEPT
    result, report = scan(folder(tmp_path / "in", calls, site=inner), options=PUBLIC)
    assert result.exit_code == 1
    (finding,) = report["findings"]
    assert finding["address"].startswith("module.b.")
    exception = only(report, "in force")
    assert exception["about"] == "module.a"
    assert exception["findings"][0]["address"].startswith("module.a.")


def test_the_files_beside_a_plan_hold_exceptions_for_its_findings(tmp_path: Path) -> None:
    code = folder(tmp_path / "in", OPEN % ACCEPT)
    result, report = scan(plan(tmp_path / "plan.json"), options=[*PUBLIC, "--terraform-dir", code])
    assert result.exit_code == 0, result.output
    only(report, "in force")
    elsewhere = folder(tmp_path / "other", OPEN % "")
    result, report = scan(plan(tmp_path / "plan.json"), options=[*PUBLIC, "--terraform-dir", elsewhere])
    assert (result.exit_code, report["exceptions"]) == (1, [])


def test_the_call_of_a_module_accepts_in_a_plan_too(tmp_path: Path) -> None:
    code = folder(tmp_path / "in", f'{ACCEPT}\nmodule "m" {{\n  source = "./site"\n}}\n', site=OPEN % "")
    result, report = scan(plan(tmp_path / "plan.json", "module.m."), options=[*PUBLIC, "--terraform-dir", code])
    assert result.exit_code == 0, result.output
    assert only(report, "in force")["about"] == "module.m"


def test_what_a_plan_brings_to_an_estate_may_be_accepted(tmp_path: Path) -> None:
    estate = tmp_path / "estate.ndjson"
    closed = bucket("other")
    estate.write_bytes(ndjson([project(), closed, policy(closed, {"bindings": []})]))
    for comment, code in (("", 1), (ACCEPT, 0)):
        files = folder(tmp_path / f"in{code}", OPEN % comment)
        options: list[str | Path] = [*PUBLIC, "--on", estate, "--terraform-dir", files, "--exported", "all"]
        result, report = scan(plan(tmp_path / "plan.json"), options=options)
        assert result.exit_code == code, result.output
        assert len(report["change"]["new"]) == code
        assert f"the plan brings {code} finding" in result.output


@pytest.mark.parametrize(
    ("comment", "state", "problem"),
    [
        ('# auditor:accept bucket-public reason="x" expires=2026-11-21', "expired", "it expired on 2026-11-21"),
        ("# auditor:accept bucket-public expires=2026-12-31", "invalid", "it gives no reason"),
        ('# auditor:accept bucket-public reason="x"', "invalid", "it has no expiry; write expires=2026-12-31"),
        (
            '# auditor:accept bucket-publik reason="x" expires=2026-12-31',
            "invalid",
            "no check is called 'bucket-publik'; did you mean bucket-public",
        ),
        ('# auditor:accept sql-open-to-internet reason="x" expires=2027-01-01', "unused", "its check was not asked"),
    ],
)
def test_what_does_not_count_is_told_and_accepts_nothing(
    tmp_path: Path, comment: str, state: str, problem: str
) -> None:
    result, report = scan(folder(tmp_path / "in", OPEN % comment), options=PUBLIC)
    assert result.exit_code == 1
    assert only(report, state)["problem"].startswith(problem)
    assert problem in " ".join(result.output.split())


def test_an_exception_counts_through_its_last_day(tmp_path: Path) -> None:
    files = folder(tmp_path / "in", OPEN % ACCEPT.replace("2026-12-31", "2026-11-22"))
    result, _ = scan(files, options=PUBLIC)
    assert result.exit_code == 0


def test_an_exception_without_a_finding_is_told(tmp_path: Path) -> None:
    text = OPEN % ""
    result, report = scan(
        folder(tmp_path / "in", text.replace('"allUsers"', '"user:a@example.com" ' + ACCEPT)), options=PUBLIC
    )
    assert result.exit_code == 0
    assert only(report, "unused")["problem"].startswith("its check has no finding there")
    assert "accepts nothing: its check has no finding there" in " ".join(result.output.split())


def test_a_comment_for_the_search_for_secrets_is_no_exception(tmp_path: Path) -> None:
    text = OPEN % "" + 'locals {\n  k = "x" # auditor:allow reason="a test key"\n}\n'
    _, report = scan(folder(tmp_path / "in", text), options=PUBLIC)
    assert report["exceptions"] == []


def test_of_two_exceptions_for_one_finding_the_second_is_told(tmp_path: Path) -> None:
    text = OPEN.replace("location ", f"{ACCEPT}\n  location ") % ACCEPT
    _, report = scan(folder(tmp_path / "in", text), options=PUBLIC)
    first, second = report["exceptions"]
    assert (first["state"], second["state"]) == ("in force", "unused")
    assert second["problem"] == f"the exception at {first['place']} accepts the same already"


PATH = """
resource "google_project" "p" {
  %s
  project_id = "p-1001"
  name       = "P"
  org_id     = "3001"
}
resource "google_service_account" "web" {
  account_id = "web"
  project    = google_project.p.project_id
}
resource "google_service_account_iam_member" "anybody" {
  service_account_id = google_service_account.web.name
  role               = "roles/iam.serviceAccountTokenCreator"
  member             = "allAuthenticatedUsers"
}
resource "google_project_iam_member" "strong" {
  project = google_project.p.project_id
  role    = "roles/resourcemanager.projectIamAdmin"
  member  = google_service_account.web.member
}
"""
ANOTHER = """
resource "google_cloud_run_v2_service" "web" {
  name     = "web"
  location = "europe-west1"
  project  = google_project.p.project_id
  template {
    service_account = google_service_account.web.email
    containers {
      image = "web"
    }
  }
}
resource "google_cloud_run_v2_service_iam_member" "all" {
  name     = google_cloud_run_v2_service.web.name
  location = google_cloud_run_v2_service.web.location
  project  = google_project.p.project_id
  role     = "roles/run.invoker"
  member   = "allUsers"
}
"""


def test_an_accepted_path_accepts_no_later_one(tmp_path: Path) -> None:
    check = ["--check", "path-to-control-from-outside"]
    accept = '# auditor:accept path-to-control-from-outside reason="a playground" expires=2026-12-31'
    result, report = scan(folder(tmp_path / "open", PATH % ""), options=check)
    assert result.exit_code == 1, result.output
    (finding,) = report["findings"]
    mark = f"finding={finding['fingerprint']}"

    result, report = scan(folder(tmp_path / "nameless", PATH % accept), options=check)
    assert result.exit_code == 1
    assert only(report, "invalid")["problem"].endswith(f"write {mark}")

    result, report = scan(folder(tmp_path / "named", PATH % f"{accept} {mark}"), options=check)
    assert result.exit_code == 0, result.output
    assert only(report, "in force")["fingerprint"] == finding["fingerprint"]

    result, report = scan(folder(tmp_path / "more", PATH % f"{accept} {mark}" + ANOTHER), options=check)
    assert result.exit_code == 1
    (later,) = report["findings"]
    assert later["fingerprint"] != finding["fingerprint"]
    assert only(report, "unused")["problem"].endswith(f"another finding, finding={later['fingerprint']}")


def test_any_exception_may_name_its_finding(tmp_path: Path) -> None:
    _, report = scan(folder(tmp_path / "open", OPEN % ""), options=PUBLIC)
    mark = report["findings"][0]["fingerprint"]
    result, report = scan(folder(tmp_path / "named", OPEN % f"{ACCEPT} finding={mark.upper()}"), options=PUBLIC)
    assert result.exit_code == 0, result.output
    result, report = scan(folder(tmp_path / "wrong", OPEN % f"{ACCEPT} finding=0123456789abcdef"), options=PUBLIC)
    assert result.exit_code == 1
    assert only(report, "unused")["problem"].endswith(f"another finding, finding={mark}")


def test_every_report_shows_what_is_accepted_apart(tmp_path: Path) -> None:
    hostile = ACCEPT.replace("a static site", "<script>alert(1)</script> | [x](y)")
    files = folder(tmp_path / "in", OPEN % (hostile + "\n# auditor:accept bucket-public"))
    outputs = {suffix: tmp_path / f"out.{suffix}" for suffix in ("html", "md", "sarif", "codequality")}
    options = [part for path in outputs.values() for part in ("-o", path)]
    result = run("scan", files, "--now", "2026-11-22T00:00:00Z", *PUBLIC, *options)
    assert result.exit_code == 0, result.output
    page, text = outputs["html"].read_text(), outputs["md"].read_text()
    assert "<script>alert" not in page
    assert "1 finding, 1 critical among them, is accepted by name for now" in page
    assert 'id="exceptions"' in page
    assert "it gives no reason" in page
    assert "## Exceptions" in text
    assert "<script>" not in text
    assert "Accepted until 2026-12-31: bucket-public, critical" in text
    written = json.loads(outputs["sarif"].read_text())
    jsonschema.validate(written, json.loads(SARIF.read_text(encoding="utf-8")))
    log = written["runs"][0]
    (shown,) = log["results"]
    assert shown["suppressions"][0]["kind"] == "inSource"
    assert "until 2026-12-31; owner web@example.com; ticket SEC-12" in shown["suppressions"][0]["justification"]
    notes = [note["message"]["text"] for note in log["invocations"][0]["toolExecutionNotifications"]]
    assert any("it gives no reason" in note for note in notes)
    assert json.loads(outputs["codequality"].read_text()) == []


def test_a_control_whose_findings_are_all_accepted_is_excepted(tmp_path: Path) -> None:
    _, report = scan(folder(tmp_path / "in", OPEN % ACCEPT), options=["--check", "bucket-public"])
    statuses = {
        control["status"]
        for framework in report["frameworks"]
        for control in framework["controls"]
        if control["checks"] == ["bucket-public"] and control["kind"] == "automated"
    }
    assert statuses == {"excepted"}
