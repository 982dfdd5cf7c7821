"""A plan laid over an estate: the estate after apply, and what of its findings the plan brings, fixes and leaves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.sources.asset_inventory import AssetInventoryExport
from auditor.sources.base import Gaps
from auditor.sources.overlay import NotAPlan, Overlay
from auditor.sources.terraform.grants import Grants, PolicyChange
from auditor.sources.terraform.merge import merge
from auditor.sources.terraform_plan import TerraformPlan
from auditor.sources.terraform_state import TerraformState
from tests.support import NOW, ndjson, policy, project, run

HOME = ["projects/1001", "folders/2001", "organizations/3001"]
PROJECT = "//cloudresourcemanager.googleapis.com/projects/1001"
BUCKET = {"name": "b", "location": "EU", "project": "p-1001", "uniform_bucket_level_access": True}
OPEN_TO_ALL = {"bucket": "b", "role": "roles/storage.objectViewer", "member": "allUsers", "condition": []}


def change(address: str, before: Any, after: Any, *actions: str, unknown: Any = None, **more: Any) -> dict[str, Any]:
    """One entry of `resource_changes`."""
    kind, name = address.rpartition("module.")[2].partition("[")[0].split(".")[-2:]
    told = actions or (("create",) if before is None else ("delete",) if after is None else ("update",))
    body = {"actions": list(told), "before": before, "after": after, "after_unknown": unknown or {}}
    return {"address": address, "mode": "managed", "type": kind, "name": name, "change": body, **more}


def plan_of(*changes: Any, config: Any = None, **more: Any) -> dict[str, Any]:
    """A plan in the project p-1001."""
    provider = {"google": {"name": "google", "expressions": {"project": {"constant_value": "p-1001"}}}}
    configuration = {"provider_config": provider, "root_module": config or {}}
    return {
        "format_version": "1.2",
        "planned_values": {},
        "resource_changes": list(changes),
        "configuration": configuration,
        **more,
    }


def asset(kind: str, name: str, data: Any = None, **more: Any) -> dict[str, Any]:
    """An asset of an export."""
    resource = {} if data is None else {"resource": {"data": data}}
    return {"name": name, "asset_type": kind, "ancestors": HOME, **resource, **more}


def bucket(**data: Any) -> dict[str, Any]:
    """The bucket `b` as an export has it, with more than a plan says."""
    own = {"name": "b", "location": "EU", "projectNumber": "1001", "timeCreated": "2025-01-01T00:00:00Z"}
    access = {"uniformBucketLevelAccess": {"enabled": True}, "publicAccessPrevention": "inherited"}
    return asset(
        "storage.googleapis.com/Bucket", "//storage.googleapis.com/b", {**own, "iamConfiguration": access, **data}
    )


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


NET = {"value": "203.0.113.0/24"}
FULL = {"kind": "sql#aclEntry", "value": "203.0.113.0/24"}


@pytest.mark.parametrize(
    ("present", "before", "after", "unknown", "made", "told"),
    [
        ({"a": 1, "z": 9}, {"a": 1}, {"a": 2}, {}, {"a": 2, "z": 9}, {}),
        ({"a": 1, "z": 9}, {"a": 1}, {}, {}, {"z": 9}, {}),
        ({"a": 5}, {"a": 1}, {"a": 1}, {}, {"a": 5}, {}),
        (
            {"n": [FULL, {"value": "x"}]},
            {"n": [NET, {"value": "x"}]},
            {"n": [{"value": "x"}]},
            {},
            {"n": [{"value": "x"}]},
            {},
        ),
        ({"n": [FULL]}, {"n": [NET]}, {"n": [NET, {}]}, {"n.1.value": "c"}, {"n": [FULL, {}]}, {"n.1.value": "c"}),
        (
            {"n": [{"value": "drift"}, FULL]},
            {"n": [NET]},
            {"n": [{"value": "y"}]},
            {},
            {"n": [{"value": "drift"}, {"value": "y"}]},
            {},
        ),
        ({"n": [{"value": "other"}]}, {"n": [NET]}, {"n": []}, {}, {"n": []}, {}),
        (
            {"n": [{"v": 1}]},
            {"n": []},
            {"n": [{"v": 2}]},
            {"n.*": "a plan shows only the n that it adds"},
            {"n": [{"v": 1}, {"v": 2}]},
            {},
        ),
        ({"o": {"p": 1, "q": 2}}, {"o": {"p": 1}}, {"o": {}}, {"o.p": "c"}, {"o": {"q": 2}}, {"o.p": "c"}),
        ({"o": 1}, {}, {"o": {"p": 1}}, {}, {"o": {"p": 1}}, {}),
    ],
)
def test_three_sides_are_merged(present: Any, before: Any, after: Any, unknown: Any, made: Any, told: Any) -> None:
    merged = merge(present, before, after, unknown)
    assert merged.data == made
    assert merged.unknown == told


VALUES = st.recursive(
    st.integers(0, 3),
    lambda x: st.lists(x, max_size=3) | st.dictionaries(st.sampled_from("abc"), x, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.sampled_from("abc"), VALUES, max_size=3)


@given(OBJECTS, OBJECTS)
def test_what_is_there_as_the_plan_says_becomes_what_it_says(before: Any, after: Any) -> None:
    given_ = json.dumps([before, after])
    assert merge(before, before, after, {}).data == after
    assert json.dumps([before, after]) == given_


@given(OBJECTS, OBJECTS)
def test_what_the_plan_does_not_change_stays(present: Any, same: Any) -> None:
    assert merge(present, same, same, {}).data == present


MEMBERS = st.lists(st.sampled_from(["user:a@x.y", "user:b@x.y", "allUsers"]), unique=True)
BINDINGS = st.lists(
    st.builds(lambda role, members: {"role": role, "members": members}, st.sampled_from("pqr"), MEMBERS),
    max_size=4,
    unique_by=lambda b: b["role"],
)


@given(BINDINGS, BINDINGS)
def test_what_joins_and_leaves_again_changes_nothing(present: Any, joined: Any) -> None:
    there = {(b["role"], member) for b in present for member in b["members"]}
    fresh = [{**b, "members": [m for m in b["members"] if (b["role"], m) not in there]} for b in joined]
    grown, unknown = PolicyChange(joined=Grants(fresh)).apply({"bindings": present})
    assert not unknown
    shrunk, _ = PolicyChange(left=Grants(fresh)).apply(grown)
    assert {(b["role"], m) for b in shrunk["bindings"] for m in b["members"]} == there


def scanned(
    tmp_path: Path, document: dict[str, Any], estate: list[dict[str, Any]], *options: str
) -> tuple[int, str, dict[str, Any]]:
    """`auditor scan plan.json --on estate.ndjson`: exit code, output, report."""
    (tmp_path / "plan.json").write_text(json.dumps(document))
    (tmp_path / "estate.ndjson").write_bytes(ndjson(estate))
    out = tmp_path / "out.json"
    arguments: tuple[str | Path, ...] = (
        "--on",
        tmp_path / "estate.ndjson",
        "--exported",
        "all",
        "--now",
        NOW,
        "-o",
        out,
        *options,
    )
    result = run("scan", tmp_path / "plan.json", *arguments)
    report = json.loads(out.read_text()) if out.exists() else {}
    return result.exit_code, " ".join(result.output.split()), report


PUBLIC = {"bindings": [{"role": "roles/storage.objectViewer", "members": ["allUsers"]}]}
ONLY = ("--check", "bucket-public", "--fail-on", "critical")
CLOSED: dict[str, Any] = {"bindings": []}
SHUT = change("google_storage_bucket_iam_member.m", OPEN_TO_ALL, None)
OPENED = change("google_storage_bucket_iam_member.m", None, OPEN_TO_ALL)
IDLE = change("google_pubsub_topic.t", None, {"name": "t"})


@pytest.mark.parametrize(
    ("grants", "touched", "options", "code", "words"),
    [
        (CLOSED, OPENED, (), 1, "brings 1 finding, fixes 0, leaves 0"),
        (PUBLIC, SHUT, (), 0, "brings 0 findings, fixes 1, leaves 0"),
        (PUBLIC, IDLE, (), 0, "brings 0 findings, fixes 0, leaves 1"),
        (PUBLIC, IDLE, ("--gate-on", "all"), 1, "brings 0 findings, fixes 0, leaves 1"),
        (PUBLIC, change("google_storage_bucket.b", BUCKET, None), (), 0, "brings 0 findings, fixes 1, leaves 0"),
    ],
)
def test_new_fixed_and_unchanged_findings_are_told_apart(
    grants: dict[str, Any], touched: Any, options: tuple[str, ...], code: int, words: str, tmp_path: Path
) -> None:
    other = {**bucket(), "name": "//storage.googleapis.com/other"}
    estate = [project(), policy(project(), CLOSED), bucket(), policy(bucket(), grants), other, policy(other, CLOSED)]
    given_, output, report = scanned(tmp_path, plan_of(touched), estate, *ONLY, *options)
    assert given_ == code, output
    assert words in output
    assert any(words in notice for notice in report["notices"])


def test_a_finding_that_apply_will_decide_is_not_fixed(tmp_path: Path) -> None:
    config = {
        "resources": [
            {
                "mode": "managed",
                "type": "google_storage_bucket_iam_policy",
                "name": "p",
                "expressions": {"policy_data": {"references": ["local.x"]}},
            }
        ]
    }
    touched = change(
        "google_storage_bucket_iam_policy.p",
        {"bucket": "b", "policy_data": json.dumps(PUBLIC)},
        {"bucket": "b"},
        unknown={"policy_data": True},
    )
    estate = [project(), policy(project(), CLOSED), bucket(), policy(bucket(), PUBLIC)]
    _, output, _ = scanned(tmp_path, plan_of(touched, config=config), estate, *ONLY)
    assert "fixes 0, leaves 0 as they are, 1 undecided until apply" in output


def test_a_new_finding_has_the_place_and_address_of_the_grant(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text('\nresource "google_storage_bucket_iam_member" "m" {\n}\n')
    estate = [project(), policy(project(), CLOSED), bucket(), policy(bucket(), CLOSED)]
    _, _, report = scanned(tmp_path, plan_of(OPENED), estate, *ONLY)
    (finding,) = report["findings"]
    assert finding["address"] == "google_storage_bucket_iam_member.m"
    assert finding["source"] == f"{tmp_path.as_posix()}/main.tf:2"
    assert finding["asset"] == "//storage.googleapis.com/b"
    assert finding["project"] == "p-1001"


def test_absence_decides_where_the_export_is_complete(tmp_path: Path) -> None:
    """A plan alone cannot tell that no sink exists; over a complete export it can."""
    estate = [project(), policy(project(), CLOSED)]
    _, _, report = scanned(tmp_path, plan_of(IDLE), estate, "--area", "audit_logging")
    assert not any(
        "Terraform plan shows only part" in cause for check in report["checks"] for cause in check["not_assessed"]
    )


@pytest.mark.parametrize(
    ("target", "options", "words"),
    [
        ("state.json", ("--on", "estate.ndjson"), "only a Terraform plan can be laid over an estate"),
        ("plan.json", ("--on", "nowhere.ndjson"), "no such file or folder"),
        ("plan.json", ("--on", "estate.ndjson", "-o", "estate.json"), ""),
    ],
)
def test_what_cannot_be_laid_over_is_wrong_usage(
    target: str, options: tuple[str, ...], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("state.json").write_text('{"format_version": "1.0"}')
    Path("plan.json").write_text(json.dumps(plan_of(IDLE)))
    Path("estate.ndjson").write_bytes(ndjson([project()]))
    result = run("scan", target, *options)
    assert (result.exit_code == 2) is bool(words), result.output
    assert words in " ".join(result.output.split())


def test_an_output_never_overwrites_the_estate(tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text(json.dumps(plan_of(IDLE)))
    (tmp_path / "estate.json").write_text(json.dumps([project()]))
    result = run("scan", tmp_path / "plan.json", "--on", tmp_path / "estate.json", "-o", tmp_path / "estate.json")
    assert result.exit_code == 2
    assert "would overwrite an input" in " ".join(result.output.split())


def test_a_plan_that_changes_nothing_changes_no_finding(tmp_path: Path) -> None:
    example = Path(__file__).parent.parent / "examples" / "lucky_gas"
    document = json.loads((example / "plan.json").read_text())
    for entry in document["resource_changes"]:
        after = entry["change"]["after"]
        entry["change"] = {"actions": ["no-op"], "before": after, "after": after, "after_unknown": {}}
    (tmp_path / "plan.json").write_text(json.dumps(document))
    found = []
    laid_over: list[str | Path] = [tmp_path / "plan.json", "--on", example / "export"]
    for targets in ([example / "export"], laid_over):
        out = tmp_path / "out.json"
        result = run("scan", *targets, "--exported", "all", "--now", NOW, "-o", out)
        found.append({(one["check"], one["asset"]) for one in json.loads(out.read_text())["findings"]})
    before, after = found
    assert before <= after
    assert "fixes 0," in result.output
    assert "undecided" not in result.output
    lines = [line for file in (example / "export").iterdir() for line in file.read_text().splitlines()]
    there = {json.loads(line)["name"] for line in lines}
    assert not {asset for _, asset in after - before} & there


def test_reports_tell_what_the_plan_brings(tmp_path: Path) -> None:
    other = {**bucket(), "name": "//storage.googleapis.com/other"}
    estate = [project(), policy(project(), CLOSED), bucket(), policy(bucket(), CLOSED), other, policy(other, PUBLIC)]
    outputs = ("-o", str(tmp_path / "out.sarif"), "-o", str(tmp_path / "out.md"))
    _, _, report = scanned(tmp_path, plan_of(OPENED), estate, *ONLY, *outputs)
    states = {finding["asset"]: finding["fingerprint"] in report["change"]["new"] for finding in report["findings"]}
    assert states == {"//storage.googleapis.com/b": True, "//storage.googleapis.com/other": False}
    results = json.loads((tmp_path / "out.sarif").read_text())["runs"][0]["results"]
    assert {result["properties"]["asset"]: result["baselineState"] for result in results} == {
        "//storage.googleapis.com/b": "new",
        "//storage.googleapis.com/other": "unchanged",
    }
    text = (tmp_path / "out.md").read_text()
    assert "## What the plan brings" in text
    assert "| 1 | 0 | 1 | 0 |" in text
    assert "- New, critical: **google" in text


_PARTNER = "user:kim@partner.example"
_DEPLOYER = "deploy@p-1001.iam.gserviceaccount.com"
_DEPLOYER_NAME = f"//iam.googleapis.com/projects/p-1001/serviceAccounts/{_DEPLOYER}"
_DEPLOYER_ASSET = asset("iam.googleapis.com/ServiceAccount", _DEPLOYER_NAME, {"email": _DEPLOYER})
_ORGANISATION = {
    **asset(
        "cloudresourcemanager.googleapis.com/Organization",
        "//cloudresourcemanager.googleapis.com/organizations/3001",
        {"displayName": "example.com", "owner": {"directoryCustomerId": "C01"}},
    ),
    "ancestors": HOME[2:],
}
_FOLDER = {
    **asset("cloudresourcemanager.googleapis.com/Folder", "//cloudresourcemanager.googleapis.com/folders/2001", {}),
    "ancestors": HOME[1:],
}


def _with_partner(*more: dict[str, Any]) -> list[dict[str, Any]]:
    """A partner may deploy to Cloud Run, and an account of the project sets its policy: neither is much by itself."""
    held = {
        "bindings": [
            {"role": "roles/run.developer", "members": [_PARTNER]},
            {"role": "roles/resourcemanager.projectIamAdmin", "members": [f"serviceAccount:{_DEPLOYER}"]},
            *more,
        ]
    }
    return [
        _ORGANISATION,
        policy(_ORGANISATION, CLOSED),
        _FOLDER,
        policy(_FOLDER, CLOSED),
        project(),
        policy(project(), held),
        _DEPLOYER_ASSET,
        policy(_DEPLOYER_ASSET, CLOSED),
    ]


_ACT_AS = {
    "service_account_id": f"projects/p-1001/serviceAccounts/{_DEPLOYER}",
    "role": "roles/iam.serviceAccountUser",
    "member": _PARTNER,
    "condition": [],
}
_LETS_ACT = change("google_service_account_iam_member.partner", None, _ACT_AS)


def test_a_plan_that_gives_an_outsider_a_path_to_owner_fails_the_gate(tmp_path: Path) -> None:
    """Acting as one account is an ordinary grant; with the right to deploy it is control of the project."""
    without = ("--no-paths",)
    code, output, report = scanned(tmp_path, plan_of(_LETS_ACT), _with_partner(), *without)
    assert code == 0, output
    code, output, report = scanned(tmp_path, plan_of(_LETS_ACT), _with_partner())
    assert code == 1, output
    assert "it opens 1 path to control and closes 0" in output
    assert "+ path opened from outside, certain: user:kim@partner.example to control of projects/p-1001" in output
    new = [one for one in report["findings"] if one["fingerprint"] in report["change"]["new"]]
    assert [(one["check"], one["severity"]) for one in new if one["severity"] == "critical"] == [
        ("path-to-control-from-outside", "critical")
    ]
    assert [path["title"] for path in report["change"]["opened_paths"]] == [
        "user:kim@partner.example to control of projects/p-1001"
    ]


def test_a_plan_that_closes_a_path_is_told(tmp_path: Path) -> None:
    estate = _with_partner()
    estate[-1] = policy(_DEPLOYER_ASSET, {"bindings": [{"role": _ACT_AS["role"], "members": [_PARTNER]}]})
    taken_back = change("google_service_account_iam_member.partner", _ACT_AS, None)
    code, output, report = scanned(tmp_path, plan_of(taken_back), estate)
    assert code == 0, output
    assert "opens 0 paths to control and closes 1" in output
    assert [path["title"] for path in report["change"]["closed_paths"]] == [
        "user:kim@partner.example to control of projects/p-1001"
    ]
    assert "path-to-control-from-outside" in {one["check"] for one in report["change"]["fixed"]}


def test_a_second_path_to_what_is_controlled_already_is_new(tmp_path: Path) -> None:
    """The finding is there before; the gate judges the path that the plan adds."""
    other = "user:lee@partner.example"
    estate = _with_partner({"role": "roles/run.developer", "members": [other]})
    estate[-1] = policy(_DEPLOYER_ASSET, {"bindings": [{"role": _ACT_AS["role"], "members": [other]}]})
    code, output, report = scanned(tmp_path, plan_of(IDLE), estate)
    assert code == 0, output
    code, output, report = scanned(tmp_path, plan_of(_LETS_ACT), estate, "-o", str(tmp_path / "out.html"))
    assert code == 1, output
    assert "Opens a certain path: <bdi>user:kim@partner.example" in (tmp_path / "out.html").read_text("utf-8")
    told = [one for one in report["findings"] if one["check"] == "path-to-control-from-outside"]
    assert [one["fingerprint"] in report["change"]["new"] for one in told] == [True]


def test_the_internet_over_a_service_that_the_plan_empowers(tmp_path: Path) -> None:
    """A public service and an account that mints tokens for another: a possible path, which is high."""
    name = "//run.googleapis.com/projects/p-1001/locations/europe-west1/services/web"
    web = "web@p-1001.iam.gserviceaccount.com"
    service = asset("run.googleapis.com/Service", name, {"template": {"serviceAccount": web}})
    anyone = {"bindings": [{"role": "roles/run.invoker", "members": ["allUsers"]}]}
    member = {**_ACT_AS, "role": "roles/iam.serviceAccountTokenCreator", "member": f"serviceAccount:{web}"}
    mints = change("google_service_account_iam_member.web", None, member)
    estate = [*_with_partner(), service, policy(service, anyone)]
    code, output, _ = scanned(tmp_path, plan_of(mints), estate, "--fail-on", "high", "--area", "iam")
    assert code == 1, output
    assert "path opened from outside, possible: the internet to control of projects/p-1001" in output
