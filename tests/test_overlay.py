"""A plan laid over an estate: the estate after apply, and what of its findings the plan brings, fixes and leaves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from auditor.sources.asset_inventory import AssetInventoryExport
from auditor.sources.base import Gaps
from auditor.sources.overlay import NotAPlan, Overlay
from auditor.sources.terraform_plan import TerraformPlan
from auditor.sources.terraform_state import TerraformState
from tests.overlay_support import BUCKET, HOME, OPEN_TO_ALL, asset, bucket, change, plan_of
from tests.support import ndjson, policy, project

PROJECT = "//cloudresourcemanager.googleapis.com/projects/1001"


def laid(
    tmp_path: Path, estate: list[dict[str, Any]], document: dict[str, Any], exported: tuple[str, ...] = ("iam-policy",)
) -> tuple[dict[str, dict[str, Any]], Gaps, Overlay]:
    """The estate after apply by asset name, its gaps, and the overlay."""
    file = tmp_path / "estate.ndjson"
    file.write_bytes(ndjson(estate))
    export = AssetInventoryExport(file, str(file), is_array=False)
    overlay = Overlay(TerraformPlan("plan.json", "plan.json", document), [export], frozenset(exported))
    gaps = Gaps()
    found: dict[str, dict[str, Any]] = {}
    for source in overlay.sources():
        assert not source.partial
        for _, line in source.lines(gaps):
            made = json.loads(line)
            found.setdefault(made["name"], {}).update(made)
    return found, gaps, overlay


def test_what_the_plan_leaves_alone_goes_through_as_it_was(tmp_path: Path) -> None:
    estate = [
        project(),
        bucket(),
        policy(bucket(), {"bindings": []}),
        asset("x.googleapis.com/Y", "//x.googleapis.com/y"),
    ]
    found, gaps, _ = laid(tmp_path, estate, plan_of(change("google_pubsub_topic.t", None, {"name": "t"})))
    assert not gaps.told
    topic = found.pop("//pubsub.googleapis.com/projects/p-1001/topics/t")
    assert topic["ancestors"] == HOME
    merged: dict[str, dict[str, Any]] = {}
    for line in estate:
        merged.setdefault(line["name"], {}).update(line)
    assert found == merged


def test_an_update_changes_what_it_names_and_keeps_what_only_the_export_knows(tmp_path: Path) -> None:
    after = {**BUCKET, "uniform_bucket_level_access": False, "labels": {"team": "web"}}
    found, _, _ = laid(tmp_path, [project(), bucket()], plan_of(change("google_storage_bucket.b", BUCKET, after)))
    data = found["//storage.googleapis.com/b"]["resource"]["data"]
    assert data["iamConfiguration"]["uniformBucketLevelAccess"] == {"enabled": False}
    assert data["labels"] == {"team": "web"}
    assert data["timeCreated"] == "2025-01-01T00:00:00Z"
    assert data["projectNumber"] == "1001"


def test_what_the_plan_keeps_is_as_the_export_has_it_with_an_address(tmp_path: Path) -> None:
    drifted = bucket(versioning={"enabled": False})
    unchanged = change(
        "google_storage_bucket.b",
        {**BUCKET, "versioning": [{"enabled": True}]},
        {**BUCKET, "versioning": [{"enabled": True}]},
        "no-op",
    )
    found, _, _ = laid(tmp_path, [project(), drifted], plan_of(unchanged))
    kept = found["//storage.googleapis.com/b"]
    assert kept["resource"] == drifted["resource"]
    assert kept["address"] == "google_storage_bucket.b"
    assert not kept["unknown"]


def test_a_value_known_only_after_apply_is_not_the_old_one(tmp_path: Path) -> None:
    config = {
        "resources": [
            {
                "mode": "managed",
                "type": "google_storage_bucket",
                "name": "b",
                "expressions": {"public_access_prevention": {"references": ["local.x"]}},
            }
        ]
    }
    before = {**BUCKET, "public_access_prevention": "enforced"}
    touched = change("google_storage_bucket.b", before, BUCKET, unknown={"public_access_prevention": True})
    found, _, _ = laid(tmp_path, [project(), bucket()], plan_of(touched, config=config))
    made = found["//storage.googleapis.com/b"]
    assert made["unknown"] == {"resource.data.iamConfiguration.publicAccessPrevention": "known only after apply"}


@pytest.mark.parametrize(
    ("changes", "left"),
    [
        ([change("google_storage_bucket.b", BUCKET, None)], []),
        ([change("google_storage_bucket.b", BUCKET, None, "forget")], ["//storage.googleapis.com/b"]),
        (
            [change("google_storage_bucket.b", {**BUCKET, "deletion_policy": "ABANDON"}, None)],
            ["//storage.googleapis.com/b"],
        ),
        (
            [change("google_storage_bucket.b", BUCKET, {**BUCKET, "name": "c"}, "create", "forget")],
            ["//storage.googleapis.com/c", "//storage.googleapis.com/b"],
        ),
        (
            [change("google_storage_bucket.b", BUCKET, {**BUCKET, "name": "c"}, "create", "delete")],
            ["//storage.googleapis.com/c"],
        ),
    ],
)
def test_what_is_deleted_goes_and_what_is_forgotten_stays(changes: list[Any], left: list[str], tmp_path: Path) -> None:
    found, _, _ = laid(tmp_path, [project(), bucket(), policy(bucket(), {})], plan_of(*changes))
    assert [name for name in found if name != PROJECT] == left


def test_with_a_project_goes_all_that_is_in_it(tmp_path: Path) -> None:
    gone = change(
        "google_project.p", {"project_id": "p-1001", "name": "P", "number": "1001", "folder_id": "2001"}, None
    )
    other = {**bucket(), "name": "//storage.googleapis.com/other", "ancestors": ["projects/1002", *HOME[1:]]}
    estate = [
        project(),
        project(1002),
        bucket(),
        other,
        asset("pubsub.googleapis.com/Topic", "//pubsub.googleapis.com/projects/p-1001/topics/t", {}),
    ]
    found, _, _ = laid(tmp_path, estate, plan_of(gone))
    assert sorted(found) == ["//cloudresourcemanager.googleapis.com/projects/1002", "//storage.googleapis.com/other"]


def test_a_destroyed_key_stays_and_is_not_known_any_more(tmp_path: Path) -> None:
    name = "//cloudkms.googleapis.com/projects/p-1001/locations/eu/keyRings/r/cryptoKeys/k"
    before = {"name": "k", "key_ring": "projects/p-1001/locations/eu/keyRings/r", "purpose": "ENCRYPT_DECRYPT"}
    key = asset("cloudkms.googleapis.com/CryptoKey", name, {"purpose": "ENCRYPT_DECRYPT"})
    found, _, _ = laid(tmp_path, [project(), key], plan_of(change("google_kms_crypto_key.k", before, None)))
    assert found[name]["unknown"] == {"resource.data": "its versions are destroyed at apply"}


def test_what_is_replaced_keeps_nothing(tmp_path: Path) -> None:
    after = {**BUCKET, "location": "US"}
    replaced = change("google_storage_bucket.b", BUCKET, after, "delete", "create")
    found, _, overlay = laid(
        tmp_path,
        [project(), bucket(), policy(bucket(), {"bindings": [{"role": "r", "members": ["allUsers"]}]})],
        plan_of(replaced),
    )
    made = found["//storage.googleapis.com/b"]
    assert made["iam_policy"] == {"bindings": []}
    assert made["resource"]["data"]["location"] == "US"
    assert made["ancestors"] == HOME
    assert not overlay.notices


def test_numbers_ids_and_accounts_are_one_name(tmp_path: Path) -> None:
    email = "app@p-1001.iam.gserviceaccount.com"
    account = asset(
        "iam.googleapis.com/ServiceAccount",
        "//iam.googleapis.com/projects/p-1001/serviceAccounts/11223344",
        {"email": email, "uniqueId": "11223344", "displayName": "old"},
    )
    secret = asset(
        "secretmanager.googleapis.com/Secret",
        "//secretmanager.googleapis.com/projects/1001/secrets/s",
        {"name": "projects/1001/secrets/s", "labels": {"a": "b"}},
    )
    before = {"account_id": "app", "email": email, "project": "p-1001", "display_name": "old", "unique_id": "11223344"}
    grant = {
        "service_account_id": f"projects/p-1001/serviceAccounts/{email}",
        "role": "roles/iam.serviceAccountUser",
        "member": "user:a@example.com",
    }
    access = {"secret_id": "s", "project": "p-1001", "role": "roles/secretmanager.secretAccessor", "member": "allUsers"}
    document = plan_of(
        change("google_service_account.app", before, {**before, "display_name": "new"}),
        change("google_service_account_iam_member.m", None, grant),
        change("google_secret_manager_secret_iam_member.m", None, access),
    )
    found, _, overlay = laid(tmp_path, [project(), account, secret], document)
    assert sorted(found) == sorted([PROJECT, account["name"], secret["name"]])
    assert found[account["name"]]["resource"]["data"]["displayName"] == "new"
    assert found[account["name"]]["iam_policy"]["bindings"][0]["members"] == ["user:a@example.com"]
    assert found[secret["name"]]["resource"] == secret["resource"]
    assert found[secret["name"]]["iam_policy"]["bindings"][0]["members"] == ["allUsers"]
    assert not overlay.notices


def test_an_api_key_is_met_by_its_unique_id(tmp_path: Path) -> None:
    name = "//apikeys.googleapis.com/projects/1001/locations/global/keys/44ad3fe9"
    key = asset("apikeys.googleapis.com/Key", name, {"uid": "44ad3fe9", "displayName": "old"})
    before = {"name": "maps", "project": "p-1001", "uid": "44ad3fe9", "display_name": "old"}
    document = plan_of(change("google_apikeys_key.maps", before, {**before, "display_name": "new"}))
    found, _, overlay = laid(tmp_path, [project(), key], document)
    assert sorted(found) == sorted([PROJECT, name])
    assert found[name]["resource"]["data"]["displayName"] == "new"
    assert not overlay.notices


VIEWER = {"role": "roles/viewer", "members": ["user:a@example.com", "user:b@example.com"]}
OWNER = {"role": "roles/owner", "members": ["user:root@example.com"]}
CONDITIONAL = {
    "role": "roles/viewer",
    "members": ["user:c@example.com"],
    "condition": {"expression": "x", "title": "t"},
}
AUDIT = {"service": "allServices", "auditLogConfigs": [{"logType": "DATA_READ"}]}
PRESENT = {"bindings": [VIEWER, OWNER, CONDITIONAL], "auditConfigs": [AUDIT], "etag": "e"}


def grant(role: str, *members: str, **more: Any) -> dict[str, Any]:
    """The attributes of a binding on the project."""
    return {"project": "p-1001", "role": role, "members": list(members), **more}


@pytest.mark.parametrize(
    ("changes", "bindings"),
    [
        (
            [
                change(
                    "google_project_iam_member.m",
                    None,
                    {"project": "p-1001", "role": "roles/viewer", "member": "allUsers"},
                )
            ],
            [{**VIEWER, "members": [*VIEWER["members"], "allUsers"]}, OWNER, CONDITIONAL],
        ),
        (
            [
                change(
                    "google_project_iam_member.m",
                    {"project": "p-1001", "role": "roles/viewer", "member": "user:A@example.com"},
                    None,
                )
            ],
            [{**VIEWER, "members": ["user:b@example.com"]}, OWNER, CONDITIONAL],
        ),
        (
            [
                change(
                    "google_project_iam_member.m",
                    {"project": "p-1001", "role": "roles/owner", "member": "user:root@example.com"},
                    {"project": "p-1001", "role": "roles/viewer", "member": "user:root@example.com"},
                    "delete",
                    "create",
                )
            ],
            [{**VIEWER, "members": [*VIEWER["members"], "user:root@example.com"]}, CONDITIONAL],
        ),
        (
            [change("google_project_iam_binding.m", None, grant("roles/viewer", "user:new@example.com"))],
            [OWNER, CONDITIONAL, {"role": "roles/viewer", "members": ["user:new@example.com"]}],
        ),
        (
            [change("google_project_iam_binding.m", grant("roles/viewer", "user:a@example.com"), None)],
            [OWNER, CONDITIONAL],
        ),
        (
            [
                change(
                    "google_project_iam_binding.m",
                    grant("roles/viewer", "user:x@y.z"),
                    grant("roles/viewer", "user:x@y.z"),
                    "no-op",
                )
            ],
            [VIEWER, OWNER, CONDITIONAL],
        ),
        (
            [
                change(
                    "google_project_iam_policy.m",
                    None,
                    {"project": "p-1001", "policy_data": json.dumps({"bindings": [OWNER]})},
                )
            ],
            [OWNER],
        ),
        ([change("google_project_iam_policy.m", {"project": "p-1001", "policy_data": "{}"}, None)], []),
        (
            [
                change(
                    "google_project_iam_member.m",
                    {"project": "p-1001", "role": "roles/viewer", "member": "user:a@example.com"},
                    None,
                    "forget",
                ),
            ],
            [VIEWER, OWNER, CONDITIONAL],
        ),
        (
            [
                change(
                    "google_project_iam_member.m",
                    {"project": "p-1001", "role": "roles/owner", "member": "user:root@example.com"},
                    {"project": "p-1001", "role": "roles/viewer", "member": "user:root@example.com"},
                    "create",
                    "forget",
                ),
            ],
            [{**VIEWER, "members": [*VIEWER["members"], "user:root@example.com"]}, OWNER, CONDITIONAL],
        ),
    ],
)
def test_grants_fold_into_the_policy_that_is_there(changes: list[Any], bindings: list[Any], tmp_path: Path) -> None:
    found, gaps, _ = laid(tmp_path, [project(), policy(project(), PRESENT)], plan_of(*changes))
    assert not gaps.told
    made = found[PROJECT]
    assert made["iam_policy"]["bindings"] == bindings
    assert not made.get("unknown")
    assert made["resource"] == project()["resource"]


def test_an_audit_configuration_replaces_that_of_its_service(tmp_path: Path) -> None:
    storage = {
        "project": "p-1001",
        "service": "storage.googleapis.com",
        "audit_log_config": [{"log_type": "DATA_WRITE"}],
    }
    every = {"project": "p-1001", "service": "allServices", "audit_log_config": [{"log_type": "DATA_READ"}]}
    document = plan_of(
        change("google_project_iam_audit_config.s", None, storage),
        change("google_project_iam_audit_config.a", every, None),
    )
    found, _, _ = laid(tmp_path, [project(), policy(project(), PRESENT)], document)
    made = found[PROJECT]["iam_policy"]
    assert made["auditConfigs"] == [
        {"service": "storage.googleapis.com", "auditLogConfigs": [{"logType": "DATA_WRITE"}]}
    ]
    assert made["bindings"] == PRESENT["bindings"]


@pytest.mark.parametrize(("exported", "known"), [(("iam-policy",), True), ((), False)])
def test_of_a_policy_that_was_not_exported_the_rest_is_unknown(
    exported: tuple[str, ...], known: bool, tmp_path: Path
) -> None:
    document = plan_of(change("google_storage_bucket_iam_member.m", None, OPEN_TO_ALL))
    found, _, _ = laid(tmp_path, [project(), bucket()], document, exported)
    made = found["//storage.googleapis.com/b"]
    assert made["iam_policy"]["bindings"] == [{"role": "roles/storage.objectViewer", "members": ["allUsers"]}]
    assert ("iam_policy.bindings.*" in made["unknown"]) is not known


def test_an_unknown_member_stands_beside_what_is_known(tmp_path: Path) -> None:
    config = {
        "resources": [
            {
                "mode": "managed",
                "type": "google_project_iam_member",
                "name": "m",
                "expressions": {"member": {"references": ["local.x"]}},
            }
        ]
    }
    touched = change(
        "google_project_iam_member.m", None, {"project": "p-1001", "role": "roles/viewer"}, unknown={"member": True}
    )
    found, _, _ = laid(tmp_path, [project(), policy(project(), PRESENT)], plan_of(touched, config=config))
    made = found[PROJECT]
    assert made["iam_policy"]["bindings"] == [VIEWER, OWNER, CONDITIONAL, {"role": "roles/viewer", "members": []}]
    assert made["unknown"] == {"iam_policy.bindings.3.members": "known only after apply"}


def test_a_grant_on_something_unknown_is_told(tmp_path: Path) -> None:
    config = {
        "resources": [
            {
                "mode": "managed",
                "type": "google_storage_bucket_iam_member",
                "name": "m",
                "expressions": {"bucket": {"references": ["local.x"]}},
            }
        ]
    }
    touched = change(
        "google_storage_bucket_iam_member.m", None, {**OPEN_TO_ALL, "bucket": None}, unknown={"bucket": True}
    )
    _, gaps, _ = laid(tmp_path, [project(), bucket()], plan_of(touched, config=config))
    assert [gap.where for gap in gaps.told] == ["plan.json google_storage_bucket_iam_member.m"]


def test_policies_that_hang_on_containers_are_touched_one_by_one(tmp_path: Path) -> None:
    listed = {"constraint": "constraints/iam.disableServiceAccountKeyCreation", "booleanPolicy": {"enforced": True}}
    kept = {"constraint": "constraints/storage.uniformBucketLevelAccess", "booleanPolicy": {"enforced": True}}
    holder = {**project(), "org_policy": [listed, kept]}
    name = "projects/1001/policies/iam.disableServiceAccountKeyCreation"
    before = {"name": name, "parent": "projects/1001", "spec": [{"rules": [{"enforce": "TRUE"}]}], "dry_run_spec": []}
    found, _, _ = laid(tmp_path, [holder], plan_of(change("google_org_policy_policy.p", before, None)))
    assert sorted(found) == [
        PROJECT,
        "//orgpolicy.googleapis.com/projects/1001/policies/storage.uniformBucketLevelAccess",
    ]


def test_what_the_estate_lacks_or_has_already_is_noticed(tmp_path: Path) -> None:
    document = plan_of(
        change("google_storage_bucket.b", None, BUCKET),
        change("google_storage_bucket.c", {**BUCKET, "name": "c"}, {**BUCKET, "name": "c"}, "no-op"),
    )
    grants = {"bindings": [{"role": "r", "members": ["allUsers"]}]}
    found, _, overlay = laid(tmp_path, [project(), bucket(), policy(bucket(), grants)], document)
    assert [notice.partition(" that ")[0] for notice in overlay.notices] == [
        "the plan keeps or changes 1 resource",
        "the plan creates 1 resource",
    ]
    assert found["//storage.googleapis.com/b"]["iam_policy"] == grants
    assert "//storage.googleapis.com/c" in found


def test_damage_of_the_plan_and_of_the_estate_is_told(tmp_path: Path) -> None:
    document = plan_of(None, change("google_storage_bucket.b", BUCKET, BUCKET, "no-op"), errored=True)
    _, gaps, _ = laid(tmp_path, [project(), bucket()], document)
    assert len(gaps.told) == 2
    assert gaps.files == 2


def test_hostile_records_do_not_speak_for_the_auditor(tmp_path: Path) -> None:
    hostile = {**bucket(), "unknown": {"resource.data": "trust me"}, "address": "<script>", "source": "x"}
    document = plan_of(change("google_storage_bucket.b", BUCKET, {**BUCKET, "location": "US"}))
    found, _, _ = laid(tmp_path, [project(), hostile], document)
    made = found["//storage.googleapis.com/b"]
    assert made["unknown"] == {}
    assert made["address"] == "google_storage_bucket.b"
    assert "source" not in made


def test_only_a_plan_can_be_laid_over(tmp_path: Path) -> None:
    with pytest.raises(NotAPlan, match="Terraform state"):
        Overlay(TerraformState("s", "s", {"format_version": "1.0"}), [])
