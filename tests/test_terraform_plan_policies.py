"""Grants in a plan, and the policies that they make up."""

from __future__ import annotations

import json
from typing import Any

import pytest

from auditor.sources.terraform.types import MAPPINGS
from auditor.sources.terraform.types.iam_targets import TARGETS
from tests.plan_support import AFTER_APPLY, BUCKET, change, configured, constant, convert, only, plan, refers

ADDS_ONLY = "a plan shows only the bindings that it adds"


MEMBER = {"bucket": "b", "role": "roles/storage.admin", "member": "user:a@example.com"}


def test_the_policy_of_a_new_asset_is_what_the_plan_has() -> None:
    asset = only(plan(change("google_storage_bucket.b", BUCKET)))
    assert asset["iam_policy"] == {"bindings": []}
    assert not any(path.startswith("iam_policy") for path in asset["unknown"])


def local(*addresses: str) -> dict[str, Any]:
    """A module whose resources take their bucket (or what else names their target) from a local value."""
    attributes = ("bucket", "topic", "project")
    return configured(*((address, dict.fromkeys(attributes, refers("local.x"))) for address in addresses))


def test_a_grant_on_something_unknown_opens_the_policies_that_it_may_belong_to() -> None:
    grant = {"role": "roles/storage.objectViewer", "member": "allUsers"}
    lines, _, _ = convert(
        plan(
            change("google_storage_bucket.unnamed", {"location": "EU", "project": "p1"}, {"name": True}),
            change("google_storage_bucket.named", {**BUCKET, "name": "n"}),
            change("google_pubsub_topic.other", {"name": "t"}),
            change("google_storage_bucket_iam_member.m", grant, {"bucket": True}),
            config=local("google_storage_bucket_iam_member.m"),
        )
    )
    by_address = {asset["address"]: asset for asset in lines.values()}
    cause = "a grant of this plan may be on it: google_storage_bucket_iam_member.m"
    for name in ("unnamed", "named"):
        bucket = by_address[f"google_storage_bucket.{name}"]
        assert bucket["iam_policy"] == {"bindings": []}
        assert bucket["unknown"]["iam_policy.bindings.*"] == cause
        assert "iam_policy.auditConfigs.*" not in bucket["unknown"]
    assert "iam_policy.bindings.*" not in by_address["google_pubsub_topic.other"]["unknown"]
    itself = by_address["google_storage_bucket_iam_member.m"]
    assert itself["iam_policy"]["bindings"] == [{"role": "roles/storage.objectViewer", "members": ["allUsers"]}]


@pytest.mark.parametrize(("topic", "opened"), [("t", True), ("other", False)])
def test_what_is_known_of_a_target_tells_which_assets_it_may_be(topic: str, opened: bool) -> None:
    grant = {"role": "r", "member": "allUsers", "topic": topic}
    lines, _, _ = convert(
        plan(
            change("google_pubsub_topic.t", {"name": "t", "project": "p1"}),
            change("google_pubsub_topic_iam_member.m", grant, {"project": True}),
            config=local("google_pubsub_topic_iam_member.m"),
        )
    )
    unknown = lines["//pubsub.googleapis.com/projects/p1/topics/t"]["unknown"]
    assert ("iam_policy.bindings.*" in unknown) == opened


def test_an_audit_configuration_of_an_unknown_project_opens_those_of_new_projects() -> None:
    audit = {"service": "allServices", "audit_log_config": [{"log_type": "DATA_READ"}]}
    new = {"project_id": "new", "name": "n", "org_id": "9", "auto_create_network": False}
    lines, _, _ = convert(
        plan(
            change("google_project.p", new),
            change("google_project_iam_audit_config.a", audit, {"project": True}),
            config=local("google_project_iam_audit_config.a"),
        )
    )
    unknown = lines["//cloudresourcemanager.googleapis.com/projects/new"]["unknown"]
    assert unknown["iam_policy.auditConfigs.*"].endswith("google_project_iam_audit_config.a")
    assert "iam_policy.bindings.*" not in unknown


def test_a_grant_on_a_known_bucket_opens_no_other() -> None:
    grant = {"role": "r", "member": "allUsers", "bucket": "elsewhere"}
    lines, _, _ = convert(
        plan(change("google_storage_bucket.b", BUCKET), change("google_storage_bucket_iam_member.m", grant))
    )
    assert "iam_policy.bindings.*" not in lines["//storage.googleapis.com/b"]["unknown"]


def test_a_part_of_something_unknown_opens_the_list_of_what_it_may_belong_to() -> None:
    lines, _, source = convert(
        plan(
            change("google_storage_bucket.b", BUCKET),
            change("google_storage_bucket_acl.a", {"predefined_acl": "publicRead"}, {"bucket": True}),
            config=local("google_storage_bucket_acl.a"),
        )
    )
    unknown = lines["//storage.googleapis.com/b"]["unknown"]
    assert unknown["resource.data.acl.*"] == "a part in this plan may be of it: google_storage_bucket_acl.a"
    assert source.unsupported == {"google_storage_bucket_acl": 1}


def test_members_of_one_role_are_one_binding_and_conditions_are_kept_apart() -> None:
    condition = [{"expression": "true", "title": "t", "description": ""}]
    asset = only(
        plan(
            change("google_storage_bucket.b", BUCKET),
            change("google_storage_bucket_iam_member.a", MEMBER),
            change("google_storage_bucket_iam_member.b", {**MEMBER, "member": "allUsers", "condition": []}),
            change("google_storage_bucket_iam_member.c", {**MEMBER, "member": "allUsers", "condition": condition}),
        )
    )
    role = {"role": "roles/storage.admin"}
    assert asset["iam_policy"]["bindings"] == [
        {**role, "members": ["user:a@example.com", "allUsers"]},
        {**role, "members": ["allUsers"], "condition": {"expression": "true", "title": "t"}},
    ]


def test_of_an_asset_that_is_there_the_plan_shows_what_it_adds() -> None:
    asset = only(
        plan(
            change("google_storage_bucket.b", BUCKET, actions="no-op"),
            change("google_storage_bucket_iam_member.a", MEMBER),
        )
    )
    assert asset["iam_policy"]["bindings"][0]["members"] == ["user:a@example.com"]
    assert asset["unknown"]["iam_policy.bindings.*"] == ADDS_ONLY


def test_without_iam_resources_the_policy_of_an_existing_asset_is_not_told() -> None:
    assert "iam_policy" not in only(plan(change("google_storage_bucket.b", BUCKET, actions="update")))


def test_two_resources_of_one_name_are_both_kept() -> None:
    lines, _, _ = convert(plan(change("google_storage_bucket.b", BUCKET), change("google_storage_bucket.c", BUCKET)))
    assert list(lines) == ["//storage.googleapis.com/b", "//storage.googleapis.com/b (google_storage_bucket.c)"]


def test_an_asset_outside_the_plan_has_only_its_policy() -> None:
    binding = {"project": "p7", "role": "roles/owner", "members": ["user:a@example.com"]}
    asset = only(plan(change("google_project_iam_binding.o", binding)))
    assert asset["name"] == "//cloudresourcemanager.googleapis.com/projects/p7"
    assert asset["asset_type"] == "cloudresourcemanager.googleapis.com/Project"
    assert asset["ancestors"][0] == "projects/p7"
    assert "resource" not in asset
    assert asset["unknown"]["iam_policy.bindings.*"] == ADDS_ONLY


def test_a_whole_policy_is_complete() -> None:
    data = {
        "bindings": [{"role": "roles/viewer", "members": ["domain:example.com"]}],
        "auditConfigs": [{"service": "s"}],
    }
    asset = only(plan(change("google_project_iam_policy.p", {"project": "p7", "policy_data": json.dumps(data)})))
    assert asset["iam_policy"] == data
    assert not asset["unknown"]


def test_a_policy_that_is_made_at_apply_is_read_from_its_data_source() -> None:
    config = configured(
        (
            "google_project_iam_policy.p",
            {"policy_data": refers("data.google_iam_policy.d.policy_data", "data.google_iam_policy.d")},
        ),
        ("data.google_iam_policy.d", {}),
    )
    binding = {"role": "roles/viewer", "members": ["user:a@example.com", None], "condition": []}
    source = change(
        "google_iam_policy.d",
        {"binding": [binding]},
        {"binding": [{"members": [False, True]}], "policy_data": True},
        "read",
        mode="data",
    )
    source["address"] = "data.google_iam_policy.d"
    asset = only(
        plan(source, change("google_project_iam_policy.p", {"project": "p7"}, {"policy_data": True}), config=config)
    )
    assert asset["iam_policy"]["bindings"] == [{"role": "roles/viewer", "members": ["user:a@example.com"]}]
    assert asset["unknown"] == {"iam_policy.bindings.0.members.*": AFTER_APPLY}


def test_a_policy_of_which_nothing_is_known_is_unknown() -> None:
    config = configured(("google_project_iam_policy.p", {"policy_data": refers("local.policy")}))
    asset = only(plan(change("google_project_iam_policy.p", {"project": "p7"}, {"policy_data": True}), config=config))
    assert asset["iam_policy"] == {}
    assert asset["unknown"] == {"iam_policy": AFTER_APPLY}


def test_an_unknown_member_is_unknown_unless_it_is_a_planned_service_account() -> None:
    account = refers("google_service_account.s.email", "google_service_account.s")
    config = configured(
        ("google_service_account.s", {"account_id": constant("s")}),
        ("google_project_iam_member.known", {"member": account}),
        ("google_project_iam_member.unknown", {"member": refers("var.x", "google_service_account.s")}),
    )
    grant = {"project": "p7", "role": "roles/viewer"}
    lines, _, _ = convert(
        plan(
            change(
                "google_service_account.s", {"account_id": "s", "project": "p7"}, {"email": True, "unique_id": True}
            ),
            change("google_project_iam_member.known", grant, {"member": True}),
            change("google_project_iam_member.unknown", {**grant, "role": "roles/editor"}, {"member": True}),
            config=config,
        )
    )
    project = lines["//cloudresourcemanager.googleapis.com/projects/p7"]
    assert project["iam_policy"]["bindings"] == [
        {"role": "roles/viewer", "members": ["serviceAccount:s@p7.iam.gserviceaccount.com"]},
        {"role": "roles/editor", "members": []},
    ]
    assert project["unknown"]["iam_policy.bindings.1.members"] == AFTER_APPLY


def test_audit_configurations_join_the_policy() -> None:
    log = {"log_type": "DATA_READ", "exempted_members": ["user:a@example.com"]}
    config = {"project": "p7", "service": "allServices", "audit_log_config": [log]}
    asset = only(plan(change("google_project_iam_audit_config.a", config)))
    entry = {"logType": "DATA_READ", "exemptedMembers": ["user:a@example.com"]}
    assert asset["iam_policy"]["auditConfigs"] == [{"service": "allServices", "auditLogConfigs": [entry]}]


@pytest.mark.parametrize(
    ("kind", "attributes", "name"),
    [
        ("google_folder_iam_member", {"folder": "folders/7"}, "//cloudresourcemanager.googleapis.com/folders/7"),
        ("google_organization_iam_member", {"org_id": "9"}, "//cloudresourcemanager.googleapis.com/organizations/9"),
        (
            "google_kms_crypto_key_iam_member",
            {"crypto_key_id": "p2/eu/ring/key"},
            "//cloudkms.googleapis.com/projects/p2/locations/eu/keyRings/ring/cryptoKeys/key",
        ),
        (
            "google_secret_manager_secret_iam_member",
            {"secret_id": "projects/p2/secrets/s"},
            "//secretmanager.googleapis.com/projects/p2/secrets/s",
        ),
        (
            "google_service_account_iam_member",
            {"service_account_id": "projects/p2/serviceAccounts/a@p2.iam.gserviceaccount.com"},
            "//iam.googleapis.com/projects/p2/serviceAccounts/a@p2.iam.gserviceaccount.com",
        ),
        (
            "google_cloud_run_v2_service_iam_member",
            {"location": "eu", "name": "s", "project": "p2"},
            "//run.googleapis.com/projects/p2/locations/eu/services/s",
        ),
    ],
)
def test_the_target_of_a_grant_is_named_in_full(kind: str, attributes: dict[str, Any], name: str) -> None:
    asset = only(plan(change(f"{kind}.m", {"role": "r", "member": "allUsers", **attributes})))
    assert asset["name"] == name


def test_every_target_of_grants_that_has_a_table_has_the_same_type() -> None:
    for kind, target in TARGETS.items():
        if kind in MAPPINGS:
            assert MAPPINGS[kind].asset_type == target.asset_type, kind
