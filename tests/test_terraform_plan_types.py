"""What single types become: defaults, parts, blocks that refer."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.plan_support import AFTER_APPLY, BUCKET, DECIDED, change, configured, constant, convert, only, plan, refers


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
