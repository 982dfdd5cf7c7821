"""Terraform plans become the assets that Google would show after apply; what is unknown stays unknown."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.sources.terraform.types import MAPPINGS
from tests.plan_support import AFTER_APPLY, BUCKET, DECIDED, change, configured, constant, convert, only, plan, refers


def test_an_asset_has_name_type_ancestors_address_and_api_data() -> None:
    asset = only(plan(change('module.x.google_storage_bucket.b["k"]', BUCKET, module_address="module.x")))
    assert asset["name"] == "//storage.googleapis.com/b"
    assert asset["asset_type"] == "storage.googleapis.com/Bucket"
    assert asset["ancestors"] == ["projects/p1", "organizations/(unknown)"]
    assert asset["address"] == 'module.x.google_storage_bucket.b["k"]'
    assert asset["resource"]["data"]["iamConfiguration"]["uniformBucketLevelAccess"] == {"enabled": True}
    assert asset["resource"]["data"]["location"] == "EU"


@pytest.mark.parametrize("provider", ["google", "google-beta", "registry.terraform.io/hashicorp/google-beta"])
def test_every_spelling_of_the_provider_is_read(provider: str) -> None:
    assert only(plan(change("google_storage_bucket.b", BUCKET, provider_name=provider)))["name"].endswith("/b")


@pytest.mark.parametrize(
    ("actions", "assets"),
    [
        ("create", 1),
        ("update", 1),
        ("no-op", 1),
        ("delete,create", 1),
        ("create,delete", 1),
        ("delete", 0),
        ("forget", 0),
    ],
)
def test_what_is_deleted_is_absent(actions: str, assets: int) -> None:
    after = None if not assets else BUCKET
    assert len(convert(plan(change("google_storage_bucket.b", after, actions=actions)))[0]) == assets


def test_deposed_objects_data_sources_and_other_providers_are_no_assets() -> None:
    document = plan(
        change("google_storage_bucket.b", None, actions="delete", deposed="1234"),
        change("google_storage_bucket.b", BUCKET, actions="read", mode="data"),
        change("aws_s3_bucket.b", {"bucket": "x"}),
    )
    lines, gaps, source = convert(document)
    assert not lines
    assert not gaps.told
    assert not source.unsupported


def test_a_type_without_a_table_is_counted() -> None:
    _, gaps, source = convert(plan(change("google_nobody_knows.x", {}), change("google_nobody_knows.y", {})))
    assert source.unsupported == {"google_nobody_knows": 2}
    assert not gaps.told


def test_a_value_that_is_known_only_after_apply_is_unknown() -> None:
    after = {"name": "b", "location": "EU", "project": "p1"}
    config = configured(("google_storage_bucket.b", {"public_access_prevention": refers("local.x")}))
    asset = only(plan(change("google_storage_bucket.b", after, {"public_access_prevention": True}), config=config))
    assert asset["unknown"]["resource.data.iamConfiguration.publicAccessPrevention"] == AFTER_APPLY
    assert "publicAccessPrevention" not in asset["resource"]["data"]["iamConfiguration"]


def test_a_computed_value_that_nobody_sets_has_the_default_of_the_api() -> None:
    config = configured(("google_storage_bucket.b", {"name": constant("b")}))
    unknown = {"public_access_prevention": True, "soft_delete_policy": True, "project_number": True}
    asset = only(plan(change("google_storage_bucket.b", BUCKET, unknown), config=config))
    assert asset["resource"]["data"]["iamConfiguration"]["publicAccessPrevention"] == "inherited"
    assert asset["resource"]["data"]["softDeletePolicy"] == {"retentionDurationSeconds": 604800}
    assert asset["unknown"]["resource.data.projectNumber"] == "the plan does not set it; it is decided at apply"


def test_an_unknown_element_leaves_the_others_known() -> None:
    after = {
        "name": "f",
        "network": "n",
        "source_ranges": ["10.0.0.0/8", None],
        "allow": [{"protocol": "tcp", "ports": ["22"]}],
    }
    unknown = {"source_ranges": [False, True], "allow": [{"ports": [False]}]}
    config = configured(("google_compute_firewall.f", {"source_ranges": refers("var.x")}))
    asset = only(plan(change("google_compute_firewall.f", after, unknown), config=config))
    data = asset["resource"]["data"]
    assert data["sourceRanges"] == ["10.0.0.0/8"]
    assert asset["unknown"]["resource.data.sourceRanges.*"] == AFTER_APPLY
    assert data["allowed"] == [{"IPProtocol": "tcp", "ports": ["22"]}]
    assert data["network"] == "https://www.googleapis.com/compute/v1/projects/p1/global/networks/n"


def test_unknown_inside_a_repeated_block_carries_its_index() -> None:
    settings = {
        "tier": "db-f1-micro",
        "database_flags": [{"name": "a", "value": "on"}, {"name": "b"}],
        "ip_configuration": [{"ipv4_enabled": True, "authorized_networks": [{"value": "0.0.0.0/0"}]}],
    }
    unknown = {"settings": [{"database_flags": [{}, {"value": True}], "availability_type": True, "disk_type": True}]}
    written = {"settings": [{"tier": constant("x"), "database_flags": [{"value": refers("var.v")}, {}]}]}
    config = configured(("google_sql_database_instance.i", written))
    after = {"name": "i", "database_version": "POSTGRES_15", "settings": [settings]}
    asset = only(plan(change("google_sql_database_instance.i", after, unknown), config=config))
    data = asset["resource"]["data"]["settings"]
    assert asset["name"] == "//cloudsql.googleapis.com/projects/p1/instances/i"
    assert data["databaseFlags"] == [{"name": "a", "value": "on"}, {"name": "b"}]
    assert asset["unknown"]["resource.data.settings.databaseFlags.1.value"] == AFTER_APPLY
    assert data["ipConfiguration"]["authorizedNetworks"] == [{"value": "0.0.0.0/0"}]
    assert data["availabilityType"] == "ZONAL"
    assert asset["unknown"]["resource.data.settings.dataDiskType"] == DECIDED


def test_a_block_that_the_configuration_does_not_write_may_set_anything() -> None:
    after = {"name": "i", "settings": [{"tier": "t", "ip_configuration": [{"private_network": None}]}]}
    unknown = {"settings": [{"ip_configuration": [{"ipv4_enabled": True}]}]}
    config = configured(("google_sql_database_instance.i", {"settings": [{"tier": constant("t")}]}))
    asset = only(plan(change("google_sql_database_instance.i", after, unknown), config=config))
    assert asset["unknown"]["resource.data.settings.ipConfiguration.ipv4Enabled"] == AFTER_APPLY


def test_an_unknown_name_has_a_stand_in_that_references_meet() -> None:
    config = configured(
        ("google_storage_bucket.b", {"name": refers("random_string.s.result", "random_string.s")}),
        (
            "google_storage_bucket_iam_member.m",
            {"bucket": refers("google_storage_bucket.b.name", "google_storage_bucket.b")},
        ),
    )
    lines, _, _ = convert(
        plan(
            change("google_storage_bucket.b", {"location": "EU", "project": "p1"}, {"name": True}),
            change("google_storage_bucket_iam_member.m", {"role": "r", "member": "allUsers"}, {"bucket": True}),
            config=config,
        )
    )
    assert list(lines) == ["//storage.googleapis.com/(known after apply) google_storage_bucket.b"]
    policy = next(iter(lines.values()))["iam_policy"]
    assert policy == {"bindings": [{"role": "r", "members": ["allUsers"]}]}


def test_a_reference_is_followed_through_modules() -> None:
    child = configured(
        ("google_compute_subnetwork.s", {"network": refers("var.network")}),
        variables={"network": {}},
    )
    net = configured(
        ("google_compute_network.n", {"name": constant("n")}),
        outputs={"id": {"expression": refers("google_compute_network.n.id", "google_compute_network.n")}},
    )
    calls = {
        "net": {"module": net},
        "sub": {"module": child, "expressions": {"network": refers("module.net.id", "module.net")}},
    }
    lines, _, _ = convert(
        plan(
            change("module.net.google_compute_network.n", {"name": "n", "project": "p2"}, module_address="module.net"),
            change(
                "module.sub.google_compute_subnetwork.s",
                {"name": "s", "region": "europe-west1", "ip_cidr_range": "10.0.0.0/24"},
                {"network": True},
                module_address="module.sub",
            ),
            config=configured(module_calls=calls),
        )
    )
    subnetwork = lines["//compute.googleapis.com/projects/p1/regions/europe-west1/subnetworks/s"]
    link = "https://www.googleapis.com/compute/v1/projects/p2/global/networks/n"
    assert subnetwork["resource"]["data"]["network"] == link


def test_the_instances_of_a_resource_are_told_apart() -> None:
    config = configured(
        ("google_kms_key_ring.r", {"name": refers("each.key")}),
        ("google_kms_crypto_key.k", {"key_ring": refers("google_kms_key_ring.r", "each.key")}),
    )
    changes = []
    for key in ("a", "b"):
        ring = {"name": f"ring-{key}", "location": "eu"}
        changes.append(change(f'google_kms_key_ring.r["{key}"]', ring, index=key))
        changes.append(change(f'google_kms_crypto_key.k["{key}"]', {"name": "k"}, {"key_ring": True}, index=key))
    lines, _, _ = convert(plan(*changes, config=config))
    start = "//cloudkms.googleapis.com/projects/p1/locations/eu/keyRings/ring"
    assert {f"{start}-a/cryptoKeys/k", f"{start}-b/cryptoKeys/k"} <= set(lines)


@pytest.mark.parametrize(
    ("expression", "project"),
    [(constant("p9"), "p9"), (refers("var.project"), "from-variable"), (refers("local.project"), "(unknown)")],
)
def test_the_project_comes_from_the_provider_where_the_resource_has_none(expression: Any, project: str) -> None:
    document = plan(change("google_pubsub_topic.t", {"name": "t"}), config=configured(("google_pubsub_topic.t", {})))
    document["configuration"]["provider_config"]["google"]["expressions"]["project"] = expression
    document["variables"] = {"project": {"value": "from-variable"}}
    asset = only(document)
    assert asset["name"] == f"//pubsub.googleapis.com/projects/{project}/topics/t"
    assert asset["ancestors"][0] == f"projects/{project}"


def test_ancestors_are_told_as_far_as_the_plan_tells_them() -> None:
    config = configured(
        ("google_folder.f", {"parent": constant("organizations/9")}),
        ("google_project.p", {"folder_id": refers("google_folder.f.folder_id", "google_folder.f")}),
        ("google_pubsub_topic.t", {"project": refers("google_project.p.project_id", "google_project.p")}),
    )
    project = {"project_id": "new", "name": "New", "auto_create_network": False}
    lines, _, _ = convert(
        plan(
            change(
                "google_folder.f", {"display_name": "F", "parent": "organizations/9"}, {"folder_id": True, "name": True}
            ),
            change("google_project.p", project, {"folder_id": True}),
            change("google_pubsub_topic.t", {"name": "t"}, {"project": True}),
            config=config,
        )
    )
    folder = "folders/(known after apply) google_folder.f"
    topic = lines["//pubsub.googleapis.com/projects/new/topics/t"]
    assert topic["ancestors"] == ["projects/new", folder, "organizations/9"]
    assert lines[f"//cloudresourcemanager.googleapis.com/{folder}"]["ancestors"] == [folder, "organizations/9"]


def test_a_new_project_has_the_default_network_unless_it_is_told_not_to() -> None:
    network = "//compute.googleapis.com/projects/new/global/networks/default"
    new = {"project_id": "new", "name": "n", "org_id": "9", "auto_create_network": True}
    assert network in convert(plan(change("google_project.p", new)))[0]
    assert network not in convert(plan(change("google_project.p", {**new, "auto_create_network": False})))[0]
    assert network not in convert(plan(change("google_project.p", new, actions="update")))[0]


@pytest.mark.parametrize("allow", [None, [], "absent"])
def test_a_block_of_which_only_the_unknown_is_told_is_there(allow: Any) -> None:
    after = {"name": "f", "network": "n", **({} if allow == "absent" else {"allow": allow})}
    for marks in ([{"ports": True}], [{"ports": [True]}]):
        asset = only(plan(change("google_compute_firewall.f", after, {"allow": marks})))
        assert asset["unknown"]["resource.data.allowed"] == AFTER_APPLY


def test_more_unknown_blocks_than_known_ones_make_the_list_open() -> None:
    after = {"name": "f", "network": "n", "allow": [{"protocol": "tcp", "ports": ["22"]}]}
    asset = only(plan(change("google_compute_firewall.f", after, {"allow": [{}, {"ports": True}]})))
    assert asset["resource"]["data"]["allowed"] == [{"IPProtocol": "tcp", "ports": ["22"]}]
    assert asset["unknown"]["resource.data.allowed.*"] == AFTER_APPLY


def test_deep_nesting_costs_only_its_resource() -> None:
    deep: Any = {}
    for _ in range(600):
        deep = [{"labels": deep}]
    lines, gaps, _ = convert(
        plan(
            change("google_storage_bucket.deep", {**BUCKET, "name": "d", "lifecycle_rule": deep}),
            change("google_storage_bucket.b", BUCKET),
        )
    )
    assert "//storage.googleapis.com/b" in lines
    assert [gap.where for gap in gaps.told] == ["plan.json google_storage_bucket.deep"]
    part = change("google_compute_security_policy_rule.r", {"security_policy": "s", "match": deep})
    _, gaps, _ = convert(plan(change("google_compute_security_policy.s", {"name": "s"}), part))
    assert [gap.problem for gap in gaps.told] == ["its JSON is nested too deeply to be read"]


def test_malformed_pieces_are_told_and_the_rest_goes_on() -> None:
    document = plan(
        None,
        {"address": "google_x.y", "type": "google_x", "name": "y"},
        change("google_storage_bucket.bad", "text"),
        change("google_storage_bucket.odd", BUCKET, actions="explode"),
        change("google_bigquery_table.t", {"table_id": "t", "schema": {"a": 1}, "clustering": 3}),
        change("google_project_iam_policy.p", {"project": "p7", "policy_data": "{"}),
        change("google_storage_bucket.b", BUCKET),
        errored=True,
    )
    lines, gaps, _ = convert(document)
    assert "//storage.googleapis.com/b" in lines
    assert [gap.where for gap in gaps.told][:4] == [
        "plan.json",
        "plan.json resource change 1",
        "plan.json google_x.y",
        "plan.json google_storage_bucket.bad",
    ]
    assert any("policy_data" in gap.problem for gap in gaps.told)


@pytest.mark.parametrize("values", [{}, {"name": 5}, {"settings": "x"}, {"settings": [None]}, {"settings": [3]}])
@pytest.mark.parametrize("kind", sorted(MAPPINGS))
def test_no_table_falls_over_an_odd_resource(kind: str, values: dict[str, Any]) -> None:
    unknown = dict.fromkeys(["name", "location", "project", "region", "zone", "parent"], True)
    for marks in ({}, unknown):
        _, gaps, source = convert(plan(change(f"{kind}.x", values, marks)))
        assert not source.unsupported
        assert not gaps.told or values


def test_planned_values_stand_in_for_missing_changes() -> None:
    resource = {"address": "google_storage_bucket.b", "mode": "managed", "type": "google_storage_bucket", "name": "b"}
    child = {
        "address": "module.x",
        "resources": [{**resource, "address": "module.x.google_storage_bucket.b", "values": BUCKET}],
    }
    document = {"format_version": "0.1", "planned_values": {"root_module": {"child_modules": [child]}}}
    assert only(document)["address"] == "module.x.google_storage_bucket.b"
