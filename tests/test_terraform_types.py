"""What the tables of the Terraform conversion say of single types, where no row says it."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.sources.terraform.types import MAPPINGS
from auditor.sources.terraform.types.iam_targets import TARGETS
from tests.plan_support import AFTER_APPLY, DECIDED, change, configured, constant, convert, only, plan, refers

ADDS_ONLY = "a plan shows only the {} that it adds"


def data(asset: dict[str, Any]) -> dict[str, Any]:
    """The data of an asset."""
    found: dict[str, Any] = asset["resource"]["data"]
    return found


def clusters(**pool: Any) -> dict[str, dict[str, Any]]:
    """The assets of a cluster with workload identity and of a pool in it, by asset type."""
    federated = [{"workload_pool": "p1.svc.id.goog"}]
    after = {"name": "c", "location": "europe-west1", "workload_identity_config": federated}
    lines, _, _ = convert(
        plan(
            change("google_container_cluster.c", {**after, "remove_default_node_pool": True}),
            change("google_container_node_pool.n", {"name": "n", "node_config": [{}], **pool}, {"cluster": True}),
            config=configured(
                ("google_container_cluster.c", {}),
                ("google_container_node_pool.n", {"cluster": refers("google_container_cluster.c.id")}),
            ),
        )
    )
    return {line["asset_type"].rpartition("/")[2]: line for line in lines.values()}


def test_a_new_pool_has_the_metadata_server_that_its_cluster_asks_for() -> None:
    assert data(clusters()["NodePool"])["config"]["workloadMetadataConfig"] == {"mode": "GKE_METADATA"}
    written = [{"workload_metadata_config": [{"mode": "GCE_METADATA"}]}]
    said = clusters(node_config=written)["NodePool"]
    assert data(said)["config"]["workloadMetadataConfig"] == {"mode": "GCE_METADATA"}


def test_of_a_pool_whose_cluster_is_elsewhere_the_metadata_server_is_unknown() -> None:
    after = {"name": "n", "cluster": "c", "location": "europe-west1", "node_config": [{}]}
    new = only(plan(change("google_container_node_pool.n", after)))
    assert "workload identity" in new["unknown"]["resource.data.config.workloadMetadataConfig"]
    old = only(plan(change("google_container_node_pool.n", after, actions="no-op")))
    assert "resource.data.config.workloadMetadataConfig" not in old["unknown"]


@pytest.mark.parametrize(
    ("software", "private"),
    [([], True), ([{"image_version": "2.2-debian12"}], True), ([{"image_version": "2.1.40-debian11"}], False)],
)
def test_the_image_decides_whether_machines_of_dataproc_have_public_addresses(
    software: list[Any], private: bool
) -> None:
    after = {"name": "d", "region": "europe-west1", "cluster_config": [{"software_config": software}]}
    made = data(only(plan(change("google_dataproc_cluster.d", after))))
    assert made["config"]["gceClusterConfig"]["internalIpOnly"] is private


@pytest.mark.parametrize(
    "config", [{"software_config": [{"image_version": "preview"}]}, {"master_config": [{"image_uri": "x"}]}]
)
def test_an_image_of_ones_own_leaves_the_addresses_of_dataproc_unknown(config: dict[str, Any]) -> None:
    after = {"name": "d", "region": "europe-west1", "cluster_config": [config]}
    asset = only(plan(change("google_dataproc_cluster.d", after)))
    assert "image" in asset["unknown"]["resource.data.config.gceClusterConfig.internalIpOnly"]


def test_an_instance_whose_primary_only_apply_tells_may_be_a_replica() -> None:
    config = configured(("google_sql_database_instance.i", {"master_instance_name": refers("local.primary")}))
    after = {"name": "i", "settings": [{"tier": "t"}]}
    asset = only(plan(change("google_sql_database_instance.i", after, {"master_instance_name": True}), config=config))
    assert asset["unknown"]["resource.data.instanceType"] == AFTER_APPLY


def test_a_replica_of_an_instance_of_the_plan_is_a_replica() -> None:
    config = configured(
        ("google_sql_database_instance.main", {"name": refers("random_id.x")}),
        (
            "google_sql_database_instance.copy",
            {"master_instance_name": refers("google_sql_database_instance.main.name")},
        ),
    )
    lines, _, _ = convert(
        plan(
            change("google_sql_database_instance.main", {"settings": [{}]}, {"name": True}),
            change("google_sql_database_instance.copy", {"name": "copy"}, {"master_instance_name": True}),
            config=config,
        )
    )
    kinds = [data(line)["instanceType"] for line in lines.values()]
    assert kinds == ["CLOUD_SQL_INSTANCE", "READ_REPLICA_INSTANCE"]


@pytest.mark.parametrize("actions", ["create", "no-op"])
def test_only_google_knows_how_far_a_managed_certificate_is(actions: str) -> None:
    after = {"name": "c", "managed": [{"domains": ["shop.example"]}]}
    asset = only(plan(change("google_compute_managed_ssl_certificate.c", after, actions=actions)))
    assert asset["unknown"]["resource.data.managed.status"] == DECIDED
    assert data(asset)["type"] == "MANAGED"


def test_of_a_key_that_is_there_already_terraform_does_not_tell_whether_it_is_disabled() -> None:
    after = {"name": "projects/p1/serviceAccounts/a@p1.iam.gserviceaccount.com/keys/k", "service_account_id": "x@y"}
    old = only(plan(change("google_service_account_key.k", after, actions="no-op")))
    assert "resource.data.disabled" in old["unknown"]
    assert "resource.data.disabled" not in only(plan(change("google_service_account_key.k", after)))["unknown"]


@pytest.mark.parametrize(
    ("address", "after", "path"),
    [
        ("google_compute_router.r", {"name": "r", "region": "europe-west1"}, "nats"),
        ("google_compute_network_firewall_policy.f", {"name": "f"}, "rules"),
        ("google_storage_bucket.b", {"name": "b", "location": "EU"}, "acl"),
    ],
)
def test_of_what_is_there_already_lists_kept_by_other_resources_may_have_more(
    address: str, after: dict[str, Any], path: str
) -> None:
    old = only(plan(change(address, after, actions="no-op")))
    assert old["unknown"][f"resource.data.{path}.*"] == ADDS_ONLY.format(path)
    assert f"resource.data.{path}.*" not in only(plan(change(address, after)))["unknown"]


def test_what_is_known_of_a_name_stays_as_it_is_where_two_claim_it() -> None:
    name = "//orgpolicy.googleapis.com/projects/(unknown){}/policies/compute.requireOsLogin"
    after = {"constraint": "compute.requireOsLogin", "boolean_policy": [{"enforced": True}]}
    changes = [change(f"google_project_organization_policy.{key}", after, {"project": True}) for key in "ab"]
    setting = {"project": refers("local.project")}
    config = configured(*((f"google_project_organization_policy.{key}", setting) for key in "ab"))
    lines, _, _ = convert(plan(*changes, config=config))
    assert list(lines) == [name.format(""), name.format(" (google_project_organization_policy.b)")]


@pytest.mark.parametrize(
    ("provider", "place"),
    [
        ({"zone": "europe-west1-b"}, "zones/europe-west1-b"),
        ({"region": "europe-west1"}, "locations/europe-west1"),
        ({"region": "europe-west1", "zone": "europe-west1-b"}, "zones/europe-west1-b"),
    ],
)
def test_a_cluster_that_does_not_say_where_is_where_the_provider_says(provider: dict[str, str], place: str) -> None:
    document = plan(change("google_container_cluster.c", {"name": "c", "remove_default_node_pool": True}))
    expressions = document["configuration"]["provider_config"]["google"]["expressions"]
    expressions |= {key: constant(value) for key, value in provider.items()}
    assert only(document)["name"] == f"//container.googleapis.com/projects/p1/{place}/clusters/c"


def test_a_region_is_told_by_the_zone_of_the_provider() -> None:
    document = plan(change("google_compute_address.a", {"name": "a"}))
    expressions = document["configuration"]["provider_config"]["google"]["expressions"]
    expressions["zone"] = constant("europe-west1-b")
    assert only(document)["name"] == "//compute.googleapis.com/projects/p1/regions/europe-west1/addresses/a"


def test_an_audit_configuration_that_is_not_known_yet_is_no_empty_one() -> None:
    after = {"project": "p1", "service": "allServices", "audit_log_config": [{"log_type": "DATA_READ"}]}
    unknown = {"audit_log_config": [{"exempted_members": True}]}
    asset = only(plan(change("google_project_iam_audit_config.a", after, unknown)))
    assert "iam_policy.auditConfigs.*" in asset["unknown"]


NAMES = [
    (
        "google_compute_health_check",
        {"name": "h"},
        "HealthCheck compute.googleapis.com/projects/p1/global/healthChecks/h",
    ),
    (
        "google_compute_instance_group",
        {"name": "g", "zone": "z-a"},
        "InstanceGroup compute.googleapis.com/projects/p1/zones/z-a/instanceGroups/g",
    ),
    ("google_compute_route", {"name": "r"}, "Route compute.googleapis.com/projects/p1/global/routes/r"),
    (
        "google_compute_vpn_gateway",
        {"name": "v", "region": "r1"},
        "TargetVpnGateway compute.googleapis.com/projects/p1/regions/r1/targetVpnGateways/v",
    ),
    (
        "google_cloud_run_domain_mapping",
        {"name": "a.example", "location": "l"},
        "DomainMapping run.googleapis.com/projects/p1/locations/l/domainmappings/a.example",
    ),
    (
        "google_cloud_tasks_queue",
        {"name": "q", "location": "l"},
        "Queue cloudtasks.googleapis.com/projects/p1/locations/l/queues/q",
    ),
    (
        "google_gke_hub_membership",
        {"membership_id": "m", "location": "global"},
        "Membership gkehub.googleapis.com/projects/p1/locations/global/memberships/m",
    ),
    (
        "google_pubsub_lite_topic",
        {"name": "t", "zone": "z-a"},
        "Topic pubsublite.googleapis.com/projects/p1/locations/z-a/topics/t",
    ),
    (
        "google_kms_key_ring_import_job",
        {"import_job_id": "i", "key_ring": "projects/p1/locations/l/keyRings/r"},
        "ImportJob cloudkms.googleapis.com/projects/p1/locations/l/keyRings/r/importJobs/i",
    ),
    (
        "google_app_engine_standard_app_version",
        {"service": "s", "version_id": "v"},
        "Version appengine.googleapis.com/apps/p1/services/s/versions/v",
    ),
    (
        "google_workflows_workflow",
        {"name": "w", "region": "r1"},
        "Workflow workflows.googleapis.com/projects/p1/locations/r1/workflows/w",
    ),
    (
        "google_filestore_instance",
        {"name": "f", "zone": "z-a"},
        "Instance file.googleapis.com/projects/p1/locations/z-a/instances/f",
    ),
    (
        "google_scc_v2_organization_mute_config",
        {"mute_config_id": "m", "organization": "9", "location": "global"},
        "MuteConfig securitycenter.googleapis.com/organizations/9/locations/global/muteConfigs/m",
    ),
    (
        "google_privileged_access_manager_entitlement",
        {"entitlement_id": "e", "location": "global", "parent": "folders/7"},
        "Entitlement privilegedaccessmanager.googleapis.com/folders/7/locations/global/entitlements/e",
    ),
    (
        "google_logging_billing_account_bucket_config",
        {"billing_account": "A", "location": "l", "bucket_id": "b"},
        "LogBucket logging.googleapis.com/billingAccounts/A/locations/l/buckets/b",
    ),
]


@pytest.mark.parametrize(("kind", "after", "expected"), NAMES)
def test_names_are_those_of_the_inventory(kind: str, after: dict[str, Any], expected: str) -> None:
    asset = only(plan(change(f"{kind}.x", after)))
    assert f"{asset['asset_type'].rpartition('/')[2]} {asset['name'].removeprefix('//')}" == expected


def test_what_is_nested_in_plain_types_is_left_out() -> None:
    after = {"name": "h", "description": "d", "http_health_check": [{"port": 80}], "timeouts": [{"create": "1m"}]}
    made = data(only(plan(change("google_compute_health_check.h", after))))
    assert made == {"name": "h", "description": "d"}


def test_a_grant_on_a_kind_of_asset_without_a_resource_of_its_own_has_its_name() -> None:
    grant = {
        "project": "p1",
        "zone": "z-a",
        "instance": "i",
        "role": "roles/iap.tunnelResourceAccessor",
        "member": "user:a@b.example",
    }
    asset = only(plan(change("google_iap_tunnel_instance_iam_member.m", grant)))
    assert asset["asset_type"] == "iap.googleapis.com/TunnelInstance"
    assert asset["name"] == "//iap.googleapis.com/projects/p1/iap_tunnel/zones/z-a/instances/i"
    whole = {**grant, "project": "projects/p1"}
    assert (
        only(plan(change("google_iap_web_iam_member.m", whole)))["name"] == "//iap.googleapis.com/projects/p1/iap_web"
    )


def test_many_types_are_read() -> None:
    assert len(MAPPINGS) >= 200
    assert len(TARGETS) >= 100


def test_a_block_that_is_null_is_one_that_is_not_there() -> None:
    after = {"name": "b", "location": "EU", "versioning": [None], "cors": [None]}
    made = data(only(plan(change("google_storage_bucket.b", after))))
    assert "cors" not in made
    assert "versioning" not in made


@pytest.mark.parametrize(
    ("kind", "after"),
    [
        ("google_cloudbuild_trigger", {"trigger_id": "t"}),
        ("google_certificate_manager_certificate", {"name": "c"}),
        ("google_gke_hub_membership", {"membership_id": "m"}),
        ("google_scc_v2_project_mute_config", {"mute_config_id": "m"}),
    ],
)
def test_what_is_global_by_default_is_not_in_the_region_of_the_provider(kind: str, after: dict[str, Any]) -> None:
    document = plan(change(f"{kind}.x", after))
    document["configuration"]["provider_config"]["google"]["expressions"]["region"] = constant("europe-west1")
    assert "/locations/global/" in only(document)["name"]
    assert "/locations/l/" in only(plan(change(f"{kind}.x", {**after, "location": "l"})))["name"]
