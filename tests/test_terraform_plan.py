"""Terraform plans become the assets that Google would show after apply; what is unknown stays unknown."""

from __future__ import annotations

import fnmatch
import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from auditor.resources import content
from auditor.sources.base import Gaps
from auditor.sources.terraform.types import MAPPINGS
from auditor.sources.terraform.types.iam_targets import TARGETS
from auditor.sources.terraform_plan import TerraformPlan

ORACLES = Path(__file__).parent.parent.parent / "shared" / "oracles"
PAIRS = ORACLES / "terraform_pairs"
LABELLED = ORACLES / "labelled_plans"
ADJUDICATED = tomllib.loads((Path(__file__).parent / "terraform_pairs.toml").read_text())
AFTER_APPLY = "known only after apply"
DECIDED = "the plan does not set it; it is decided at apply"
ADDS_ONLY = "a plan shows only the bindings that it adds"


def change(address: str, after: Any, unknown: Any = None, actions: str = "create", **more: Any) -> dict[str, Any]:
    """One entry of `resource_changes`."""
    kind, _, name = address.rpartition("module.")[2].partition("[")[0].split(".", 1)[-1].rpartition(".")
    parts = re.sub(r'\["?[^\]]*\]', "", address).split(".")
    kind, name = parts[-2], parts[-1]
    return {
        "address": address,
        "mode": "managed",
        "type": kind,
        "name": name,
        "provider_name": "registry.terraform.io/hashicorp/google",
        "change": {"actions": actions.split(","), "after": after, "after_unknown": unknown or {}},
        **more,
    }


def configured(*resources: tuple[str, dict[str, Any]], **module: Any) -> dict[str, Any]:
    """A module of the configuration; an expression is a value, or a list of references."""
    written = []
    for address, expressions in resources:
        mode = "data" if address.startswith("data.") else "managed"
        kind, name = address.removeprefix("data.").split(".")
        written.append({"address": address, "mode": mode, "type": kind, "name": name, "expressions": expressions})
    return {"resources": written, **module}


def refers(*references: str) -> dict[str, Any]:
    """An expression that refers to something."""
    return {"references": list(references)}


def constant(value: Any) -> dict[str, Any]:
    """An expression that is a value."""
    return {"constant_value": value}


def plan(*changes: Any, config: dict[str, Any] | None = None, project: str = "p1", **more: Any) -> dict[str, Any]:
    """A plan whose provider is set to a project."""
    provider = {"google": {"name": "google", "expressions": {"project": constant(project)}}}
    return {
        "format_version": "1.2",
        "resource_changes": list(changes),
        "configuration": {"provider_config": provider, "root_module": config or {}},
        **more,
    }


def convert(document: dict[str, Any]) -> tuple[dict[str, dict[str, Any]], Gaps, TerraformPlan]:
    """The lines of a plan by asset name, its gaps, and the source."""
    gaps, source = Gaps(), TerraformPlan("plan.json", "plan.json", document)
    lines = {}
    for place, line in source.lines(gaps):
        asset = json.loads(line)
        assert place == f"plan.json {asset['address']}"
        lines[asset["name"]] = asset
    return lines, gaps, source


def only(document: dict[str, Any]) -> dict[str, Any]:
    """The one asset of a plan without gaps."""
    lines, gaps, _ = convert(document)
    assert not gaps.told
    assert len(lines) == 1
    return next(iter(lines.values()))


BUCKET = {"name": "b", "location": "eu", "uniform_bucket_level_access": True, "project": "p1"}


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


def test_an_instance_from_a_template_takes_what_it_does_not_set_from_it() -> None:
    template = {
        "name": "t",
        "machine_type": "e2-micro",
        "can_ip_forward": True,
        "metadata": {"serial-port-enable": "true"},
        "disk": [{"source_image": "debian"}],
        "network_interface": [{"network": "default", "access_config": [{}]}],
    }
    reference = refers("google_compute_instance_template.t.id", "google_compute_instance_template.t")
    config = configured(
        ("google_compute_instance_template.t", {}),
        (
            "google_compute_instance_from_template.i",
            {"source_instance_template": reference, "can_ip_forward": constant(False)},
        ),
    )
    lines, _, _ = convert(
        plan(
            change("google_compute_instance_template.t", template),
            change(
                "google_compute_instance_from_template.i",
                {"name": "i", "zone": "europe-west1-b", "can_ip_forward": False},
                {"source_instance_template": True, "metadata": True},
            ),
            config=config,
        )
    )
    data = lines["//compute.googleapis.com/projects/p1/zones/europe-west1-b/instances/i"]["resource"]["data"]
    assert data["canIpForward"] is False
    assert data["metadata"]["items"] == [{"key": "serial-port-enable", "value": "true"}]
    assert data["networkInterfaces"][0]["accessConfigs"] == [{"type": "ONE_TO_ONE_NAT", "networkTier": "PREMIUM"}]


def test_a_cluster_brings_its_default_pool_unless_it_is_removed() -> None:
    cluster = {
        "name": "c",
        "location": "europe-west1-b",
        "node_config": [{"service_account": "a@p.iam.gserviceaccount.com"}],
    }
    lines, _, _ = convert(plan(change("google_container_cluster.c", cluster)))
    name = "//container.googleapis.com/projects/p1/zones/europe-west1-b/clusters/c"
    pool = lines[f"{name}/nodePools/default-pool"]["resource"]["data"]
    assert pool["config"]["serviceAccount"] == "a@p.iam.gserviceaccount.com"
    removed = convert(plan(change("google_container_cluster.c", {**cluster, "remove_default_node_pool": True})))[0]
    assert list(removed) == [name]


@pytest.mark.parametrize(
    ("attributes", "enabled"),
    [
        ({"edition": "ENTERPRISE"}, False),
        ({"edition": "ENTERPRISE_PLUS"}, None),
        ({"edition": "ENTERPRISE_PLUS", "backup_configuration": [{"enabled": True}]}, True),
    ],
)
def test_backups_are_off_by_default_in_one_edition_only(attributes: dict[str, Any], enabled: bool | None) -> None:
    written = {name: [{}] if isinstance(value, list) else constant(value) for name, value in attributes.items()}
    unknown = {} if "backup_configuration" in attributes else {"settings": [{"backup_configuration": True}]}
    config = configured(("google_sql_database_instance.i", {"settings": [written]}))
    after = {"name": "i", "settings": [attributes]}
    asset = only(plan(change("google_sql_database_instance.i", after, unknown), config=config))
    assert asset["resource"]["data"]["settings"].get("backupConfiguration", {}).get("enabled") is enabled
    assert ("resource.data.settings.backupConfiguration" in asset["unknown"]) == (enabled is None)


CLUSTER = {"name": "c", "location": "europe-west1", "remove_default_node_pool": True}


@pytest.mark.parametrize(
    ("attributes", "unknown", "channel"),
    [
        ({}, {"release_channel": True}, "REGULAR"),
        ({"release_channel": [{"channel": "STABLE"}], "min_master_version": "1.33"}, {}, "STABLE"),
        ({"min_master_version": "1.33"}, {"release_channel": True}, None),
        ({"node_version": "1.33"}, {}, None),
    ],
)
def test_the_version_of_a_cluster_decides_its_release_channel(
    attributes: dict[str, Any], unknown: dict[str, Any], channel: str | None
) -> None:
    config = configured(("google_container_cluster.c", {name: constant(value) for name, value in attributes.items()}))
    asset = only(plan(change("google_container_cluster.c", {**CLUSTER, **attributes}, unknown), config=config))
    assert asset["resource"]["data"].get("releaseChannel", {}).get("channel") == channel
    assert ("resource.data.releaseChannel.channel" in asset["unknown"]) == (channel is None)


@pytest.mark.parametrize(
    ("attributes", "unknown", "aliases"),
    [
        ({}, {}, True),
        ({"networking_mode": "VPC_NATIVE"}, {"ip_allocation_policy": True}, True),
        ({"networking_mode": "ROUTES"}, {}, False),
        ({"ip_allocation_policy": [{"cluster_secondary_range_name": "pods"}]}, {"networking_mode": True}, True),
        ({"ip_allocation_policy": []}, {}, None),
        ({}, {"networking_mode": True, "ip_allocation_policy": True}, None),
        ({"enable_autopilot": True}, {"networking_mode": True, "ip_allocation_policy": True}, True),
    ],
)
def test_how_pods_get_addresses_is_open_where_an_old_provider_leaves_it_to_the_api(
    attributes: dict[str, Any], unknown: dict[str, Any], aliases: bool | None
) -> None:
    config = configured(("google_container_cluster.c", {name: constant(value) for name, value in attributes.items()}))
    asset = only(plan(change("google_container_cluster.c", {**CLUSTER, **attributes}, unknown), config=config))
    assert asset["resource"]["data"]["ipAllocationPolicy"].get("useIpAliases") is aliases
    assert ("resource.data.ipAllocationPolicy.useIpAliases" in asset["unknown"]) == (aliases is None)


@pytest.mark.parametrize(("issued", "certificate"), [(False, None), (True, "(known after apply)")])
def test_a_cluster_has_the_certificate_that_it_issues(issued: bool, certificate: str | None) -> None:
    auth = [{"client_certificate_config": [{"issue_client_certificate": issued}]}]
    unknown = {"master_auth": [{"client_certificate": True, "cluster_ca_certificate": True}]}
    asset = only(plan(change("google_container_cluster.c", {**CLUSTER, "master_auth": auth}, unknown)))
    assert asset["resource"]["data"]["masterAuth"].get("clientCertificate") == certificate
    assert "resource.data.masterAuth.clientCertificate" not in asset["unknown"]


@pytest.mark.parametrize(("actions", "duration"), [("create", "2592000s"), ("no-op", None)])
def test_the_default_of_a_new_key_says_nothing_of_one_that_is_there(actions: str, duration: str | None) -> None:
    key = {"name": "k", "key_ring": "projects/p1/locations/global/keyRings/r"}
    asset = only(plan(change("google_kms_crypto_key.k", key, actions=actions)))
    assert asset["resource"]["data"].get("destroyScheduledDuration") == duration
    assert asset["unknown"].get("resource.data.destroyScheduledDuration") == (None if duration else DECIDED)


@pytest.mark.parametrize("written", [{}, {"nat_ip": refers("google_compute_address.a.address")}])
def test_a_machine_with_access_has_an_address_though_not_yet_known(written: dict[str, Any]) -> None:
    after = {"name": "i", "zone": "europe-west1-b", "network_interface": [{"network": "n", "access_config": [{}]}]}
    unknown = {"network_interface": [{"access_config": [{"nat_ip": True}]}]}
    config = configured(("google_compute_instance.i", {"network_interface": [{"access_config": [written]}]}))
    asset = only(plan(change("google_compute_instance.i", after, unknown), config=config))
    interface = asset["resource"]["data"]["networkInterfaces"][0]
    assert interface["accessConfigs"][0]["natIP"] == "(known after apply)"
    assert not [path for path in asset["unknown"] if "natIP" in path]


def test_each_block_of_a_list_follows_its_own_reference() -> None:
    blocks = [{"network_url": refers(f"google_compute_network.{n}.id", f"google_compute_network.{n}")} for n in "ab"]
    config = configured(
        ("google_compute_network.a", {}),
        ("google_compute_network.b", {}),
        ("google_dns_policy.p", {"networks": blocks}),
    )
    changes = [change(f"google_compute_network.{n}", {"name": n}, {"id": True}) for n in "ab"]
    unknown = {"networks": [{"network_url": True}, {"network_url": True}]}
    changes.append(change("google_dns_policy.p", {"name": "p", "networks": [{}, {}]}, unknown))
    lines, _, _ = convert(plan(*changes, config=config))
    policy = lines["//dns.googleapis.com/projects/p1/policies/p"]
    networks = [network["networkUrl"].rpartition("/")[2] for network in policy["resource"]["data"]["networks"]]
    assert networks == ["a", "b"]


def test_blocks_in_another_order_than_written_are_told_by_their_constants() -> None:
    written = [
        {"name": constant("b"), "value": refers("google_project.p.number")},
        {"name": constant("a"), "value": constant("on")},
    ]
    settings = {"tier": "t", "database_flags": [{"name": "a", "value": "on"}, {"name": "b"}]}
    unknown = {"settings": [{"database_flags": [{}, {"value": True}]}]}
    config = configured(("google_sql_database_instance.i", {"settings": [{"database_flags": written}]}))
    asset = only(
        plan(change("google_sql_database_instance.i", {"name": "i", "settings": [settings]}, unknown), config=config)
    )
    assert asset["unknown"]["resource.data.settings.databaseFlags.1.value"] == AFTER_APPLY


@pytest.mark.parametrize(("written", "scheme"), [({}, "EXTERNAL"), ({"load_balancing_scheme": ""}, "")])
def test_an_endpoint_of_private_service_connect_is_not_external(written: dict[str, Any], scheme: str) -> None:
    after = {"name": "apis", "target": "all-apis", **written}
    asset = only(plan(change("google_compute_global_forwarding_rule.r", after)))
    assert asset["resource"]["data"]["loadBalancingScheme"] == scheme


def test_a_block_that_is_written_as_an_object_is_read_as_one() -> None:
    settings = {"tier": "t", "ip_configuration": {"ipv4_enabled": False, "ssl_mode": "ENCRYPTED_ONLY"}}
    asset = only(plan(change("google_sql_database_instance.i", {"name": "i", "settings": [settings]})))
    data = asset["resource"]["data"]["settings"]
    assert data["ipConfiguration"] == {"ipv4Enabled": False, "sslMode": "ENCRYPTED_ONLY"}


def test_parts_stand_in_their_whole() -> None:
    reference = refers("google_storage_bucket.b.name", "google_storage_bucket.b")
    config = configured(
        ("google_storage_bucket.b", {}),
        ("google_storage_bucket_acl.a", {"bucket": reference}),
    )
    acl = {"predefined_acl": "publicRead", "role_entity": ["OWNER:user-a@example.com"]}
    asset = only(
        plan(
            change("google_storage_bucket.b", BUCKET),
            change("google_storage_bucket_acl.a", acl, {"bucket": True}),
            config=config,
        )
    )
    assert asset["resource"]["data"]["acl"] == [
        {"entity": "allUsers", "role": "READER"},
        {"entity": "user-a@example.com", "role": "OWNER"},
    ]


def test_a_part_without_its_whole_is_counted() -> None:
    _, _, source = convert(plan(change("google_compute_security_policy_rule.r", {"security_policy": "s"})))
    assert source.unsupported == {"google_compute_security_policy_rule": 1}


def test_metadata_items_of_a_project_are_one_asset() -> None:
    asset = only(
        plan(
            change("google_compute_project_metadata_item.a", {"key": "enable-oslogin", "value": "TRUE"}),
            change("google_compute_project_metadata_item.b", {"key": "block-project-ssh-keys", "value": "TRUE"}),
        )
    )
    items = asset["resource"]["data"]["commonInstanceMetadata"]["items"]
    assert [item["key"] for item in items] == ["enable-oslogin", "block-project-ssh-keys"]
    assert "resource.data.commonInstanceMetadata.items.*" in asset["unknown"]


def test_secrets_stay_out_of_the_assets() -> None:
    document = plan(
        change("google_secret_manager_secret_version.v", {"secret": "projects/p/secrets/s", "secret_data": "hunter2"}),
        change(
            "google_service_account_key.k",
            {"service_account_id": "a@p.iam.gserviceaccount.com", "private_key": "hunter2"},
        ),
        change(
            "google_sql_database_instance.i",
            {
                "name": "i",
                "root_password": "hunter2",  # auditor:allow secret reason=made up
                "settings": [{"tier": "t"}],
            },  # auditor:allow secret reason=made up
        ),
        change("google_compute_ssl_certificate.c", {"name": "c", "private_key": "hunter2", "certificate": "x"}),
    )
    assert "hunter2" not in json.dumps(convert(document)[0])


def test_every_target_of_grants_that_has_a_table_has_the_same_type() -> None:
    for kind, target in TARGETS.items():
        if kind in MAPPINGS:
            assert MAPPINGS[kind].asset_type == target.asset_type, kind


def plain_name(name: str) -> str:
    """A name with stand-ins of either side as `*`, and the project that the recordings fall back to."""
    name = re.sub(r"\(known after apply\)[^/]*|placeholder-[\w-]+", "*", name)
    return name.replace("(unknown)", "my-project")


def differences(theirs: Any, ours: Any, path: str = "") -> Iterator[str]:
    """The paths of what the recording has and we have otherwise or not."""
    if theirs in (None, "", []) or theirs == {"rule": []}:
        return
    if isinstance(theirs, dict) and isinstance(ours, dict):
        for key, value in theirs.items():
            yield from differences(value, ours.get(key), f"{path}.{key}" if path else key)
    elif isinstance(theirs, list) and isinstance(ours, list) and len(theirs) == len(ours):
        if all(isinstance(element, str) for element in theirs):
            if sorted(theirs) != sorted(map(str, ours)):
                yield path
            return
        for position, (one, other) in enumerate(zip(theirs, ours, strict=True)):
            yield from differences(one, other, f"{path}.{position}")
    elif comparable(theirs) != comparable(ours):
        yield path


def comparable(value: Any) -> Any:
    """A scalar without what is spelt differently only."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return f"{value:g}"
    if isinstance(value, str) and not value.isdigit():
        return plain_name(value.removeprefix("https://www.googleapis.com/compute/v1/"))
    return value


def adjudicated(pair: str, asset_type: str, field: str) -> bool:
    """Whether a difference is one that was decided on."""
    for entry in ADJUDICATED["field"]:
        patterns = ((pair, entry["pair"]), (asset_type, entry["type"]), (field, entry["field"]))
        if all(fnmatch.fnmatch(value, pattern) for value, pattern in patterns):
            return True
    return False


def pair_names() -> list[str]:
    """The recorded pairs, `[]` where they are absent."""
    return sorted(path.name.removesuffix(".plan.json") for path in PAIRS.glob("*.plan.json"))


@pytest.mark.skipif(not PAIRS.is_dir(), reason="the recorded plans and assets (../shared/oracles) are not here")
@pytest.mark.parametrize("pair", pair_names() or ["absent"])
def test_plans_convert_as_google_converted_them(pair: str) -> None:
    document = json.loads((PAIRS / f"{pair}.plan.json").read_text())
    gaps, source = Gaps(), TerraformPlan(pair, pair, document)
    ours: dict[tuple[str, str], Any] = {}
    for _, line in source.lines(gaps):
        asset = json.loads(line)
        ours.setdefault((asset["asset_type"], plain_name(asset["name"])), asset)
    assert not gaps.told
    assert not source.unsupported
    names = {entry["theirs"]: entry["ours"] for entry in ADJUDICATED["name"] if entry["pair"] == pair}
    problems = []
    for recorded in json.loads((PAIRS / f"{pair}.assets.json").read_text()):
        for theirs in content.records(recorded):
            kind = theirs["asset_type"].replace("logging.googleapis.com/Metric", "logging.googleapis.com/LogMetric")
            name = plain_name(theirs["name"])
            mine = ours.get((kind, name)) or ours.get((kind, names.get(name, "")))
            if mine is None:
                problems.append(f"{kind} {name} is missing among {sorted(ours)}")
                continue
            data = (theirs.get("resource") or {}).get("data"), (mine.get("resource") or {}).get("data", {})
            problems += [f"{kind} {path}" for path in differences(*data) if not adjudicated(pair, kind, path)]
            problems += [f"{kind} {path}" for path in differences(theirs.get("iam_policy"), mine.get("iam_policy"))]
    assert not problems


@pytest.mark.skipif(not LABELLED.is_dir(), reason="the labelled plans (../shared/oracles) are not here")
def test_every_labelled_plan_converts_without_a_gap() -> None:
    for file in sorted(LABELLED.glob("*.plan.json")):
        _, gaps, _ = convert(json.loads(file.read_text()))
        assert not gaps.told, file.name
