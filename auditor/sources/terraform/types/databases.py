"""Databases: Cloud SQL, Spanner, Bigtable, AlloyDB, Firestore, Memorystore.

Sources: registry.terraform.io/providers/hashicorp/google/latest/docs/resources/sql_database_instance (and its
neighbours), cloud.google.com/sql/docs/mysql/admin-api/rest/v1/instances, cloud.google.com/spanner/docs/reference/rest,
cloud.google.com/bigtable/docs/reference/admin/rest, cloud.google.com/memorystore/docs/redis/reference/rest
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.sources.terraform.mapping import ABSENT, Draft, Made, Mapping, Row, Rows, dropped, words
from auditor.sources.terraform.plan import Planned, as_dict, as_list, inside, sets
from auditor.sources.terraform.walk import AFTER_APPLY, DECIDED_AT_APPLY

_REPLICA = (
    "ca_certificate client_certificate connect_retry_interval dump_file_path master_heartbeat_period ssl_cipher "
    "username verify_server_certificate"
)


def _sql_instance(made: Made) -> None:
    """What a new instance has that no attribute says."""
    data = made.data
    data["project"] = made.project
    made.forget("project")
    if "instanceType" not in data and (made.planned.is_unknown("instance_type") or _may_be_replica(made)):
        made.note("instanceType", AFTER_APPLY)
    else:
        replica = bool(data.get("masterInstanceName"))
        data.setdefault("instanceType", "READ_REPLICA_INSTANCE" if replica else "CLOUD_SQL_INSTANCE")
        made.forget("instanceType")
    settings = as_dict(data.get("settings"))
    if settings.get("edition") == "ENTERPRISE_PLUS" and not _written(made.planned, "backup_configuration"):
        settings.pop("backupConfiguration", None)
        made.note("settings.backupConfiguration", DECIDED_AT_APPLY)
    unknown = made.draft.unknown.get("settings")
    if "settings" in data or unknown not in (None, DECIDED_AT_APPLY):
        return
    if any(_may_have(made.planned, name) for name in _COPIES):
        made.note("settings", "taken over from another instance or a backup")
    elif unknown is None or (made.planned.config is not None and not sets(made.planned.config, "settings")):
        made.forget("settings")  # Cloud SQL asks for settings of all that is no copy: none are its defaults
        data["settings"] = {"ipConfiguration": {"ipv4Enabled": True}, "backupConfiguration": {"enabled": False}}


def _may_have(planned: Planned, name: str) -> bool:
    """Whether an instance has a block, as far as its values and its configuration tell."""
    written = planned.config is not None and sets(planned.config, name)
    return bool(planned.values.get(name) or planned.unknown.get(name) or written)


def _may_be_replica(made: Made) -> bool:
    """Whether only apply will tell if there is an instance that it copies."""
    return "masterInstanceName" not in made.data and made.planned.is_unknown("master_instance_name")


def _written(planned: Planned, name: str) -> bool:
    """Whether the settings of an instance have a block, or may have it."""
    if any(values.get(name) for values, _ in planned.blocks("settings")):
        return True
    return planned.config is not None and sets(inside(planned.config, "settings"), name)


def _camel_row(prefix: str, names: str, target: str) -> Rows:
    return {
        f"{prefix}{name}": target + name.split("_")[0] + "".join(word.title() for word in name.split("_")[1:])
        for name in names.split()
    }


_COPIES = words("backupdr_backup clone point_in_time_restore_context restore_backup_context")
"""What makes an instance of another one or of a backup."""
_SQL: Rows = {
    **dropped(
        "backupdr_backup blue_green_deployment clone enforce_new_sql_network_architecture final_backup_description "
        "include_replicas_for_major_version_upgrade point_in_time_restore_context"
    ),
    "deletion_protection": None,
    "database_version": Row("databaseVersion", default="MYSQL_8_0"),
    "encryption_key_name": Row("diskEncryptionConfiguration.kmsKeyName", default=ABSENT),
    "first_ip_address": None,
    "ip_address": "ipAddresses",
    "master_instance_name": Row("masterInstanceName", default=ABSENT),
    "private_ip_address": None,
    "public_ip_address": None,
    "project": None,
    "replica_configuration": Row("replicaConfiguration", default=ABSENT),
    "replica_configuration.password": None,
    "replica_configuration.client_key": None,
    **_camel_row("replica_configuration.", _REPLICA, "replicaConfiguration.mysqlReplicaConfiguration."),
    "replication_cluster": Row("replicationCluster", default=ABSENT),
    "restore_backup_context": None,
    "root_password": None,
    "root_password_wo": None,
    "root_password_wo_version": None,
    "settings.activation_policy": Row("settings.activationPolicy", default="ALWAYS"),
    "settings.availability_type": Row("settings.availabilityType", default="ZONAL"),
    "settings.backup_configuration": Row("settings.backupConfiguration", default={"enabled": False}),
    "settings.connector_enforcement": Row("settings.connectorEnforcement", default="NOT_REQUIRED"),
    "settings.data_cache_config": Row("settings.dataCacheConfig", default=ABSENT),
    "settings.deny_maintenance_period": "settings.denyMaintenancePeriods",
    "settings.disk_autoresize": Row("settings.storageAutoResize", default=True),
    "settings.disk_autoresize_limit": "settings.storageAutoResizeLimit",
    "settings.disk_size": "settings.dataDiskSizeGb",
    "settings.disk_type": "settings.dataDiskType",
    "settings.effective_availability_type": None,
    "settings.ip_configuration": Row("settings.ipConfiguration", default={"ipv4Enabled": True}),
    "settings.ip_configuration.ipv4_enabled": Row("settings.ipConfiguration.ipv4Enabled", default=True),
    "settings.ip_configuration.ssl_mode": Row("settings.ipConfiguration.sslMode", default=ABSENT),
    "settings.ip_configuration.server_ca_mode": Row("settings.ipConfiguration.serverCaMode", default=ABSENT),
    "settings.ip_configuration.psc_config.psc_auto_connections.consumer_service_project_id": (
        "settings.ipConfiguration.pscConfig.pscAutoConnections.consumerProject"
    ),
    "settings.location_preference": Row("settings.locationPreference", default=ABSENT),
    "settings.user_labels": Row("settings.userLabels", default=ABSENT),
    "settings.version": None,
}


def _bigtable_clusters(made: Made) -> Iterator[Draft]:
    """Clusters are assets of their own in the API."""
    for position, (values, unknown) in enumerate(made.planned.blocks("cluster")):
        identifier = values.get("cluster_id") or f"(known after apply) {position}"
        data = {"name": f"{made.draft.name.partition('.com/')[2]}/clusters/{identifier}"}
        zone = values.get("zone")
        if isinstance(zone, str):
            data["location"] = f"projects/{made.project}/locations/{zone}"
        name = f"{made.draft.name}/clusters/{identifier}"
        kind = "bigtableadmin.googleapis.com/Cluster"
        cluster = Draft(name, kind, made.draft.ancestors, made.planned.address, data)
        key = values.get("kms_key_name")
        if isinstance(key, str) and key:
            cluster.data = {**data, "encryptionConfig": {"kmsKeyName": key}}
        elif unknown.get("kms_key_name") is True and _configured(made.planned, "kms_key_name"):
            cluster.note("encryptionConfig", AFTER_APPLY)
        yield cluster


def _configured(planned: Planned, attribute: str) -> bool:
    blocks = [block for config in planned.config or [{}] for block in as_list(config.get("cluster"))]
    return planned.config is None or any(isinstance(block, dict) and attribute in block for block in blocks)


def _spanner_config(made: Made) -> None:
    config = made.data.get("config")
    if isinstance(config, str) and "/" not in config:
        made.data["config"] = f"projects/{made.project}/instanceConfigs/{config}"


_REGIONAL: Rows = {"region": None, "project": None}

MAPPINGS: dict[str, Mapping] = {
    "google_sql_database_instance": Mapping(
        "sqladmin.googleapis.com/Instance",
        "//cloudsql.googleapis.com/projects/{project}/instances/{name}",
        _SQL,
        "dns_names ip_address settings.connection_pool_config.flags settings.database_flags "
        "settings.deny_maintenance_period "
        "settings.ip_configuration.authorized_networks settings.ip_configuration.psc_config.psc_auto_connections "
        "settings.read_pool_auto_scale_config.target_metrics",
        finish=_sql_instance,
    ),
    "google_spanner_instance": Mapping(
        "spanner.googleapis.com/Instance",
        "//spanner.googleapis.com/projects/{project}/instances/{name}",
        {"num_nodes": "nodeCount", "project": None},
        "autoscaling_config.asymmetric_autoscaling_options",
        full_name=True,
        finish=_spanner_config,
    ),
    "google_spanner_database": Mapping(
        "spanner.googleapis.com/Database",
        "//spanner.googleapis.com/projects/{project}/instances/{instance}/databases/{name}",
        {
            "ddl": None,
            "default_time_zone": None,
            "instance": None,
            "deletion_protection": None,
            "project": None,
            "database_dialect": Row("databaseDialect", default="GOOGLE_STANDARD_SQL"),
        },
        full_name=True,
    ),
    "google_bigtable_instance": Mapping(
        "bigtableadmin.googleapis.com/Instance",
        "//bigtable.googleapis.com/projects/{project}/instances/{name}",
        {"cluster": None, "instance_type": "type", "deletion_protection": None, "project": None},
        full_name=True,
        beside=_bigtable_clusters,
    ),
    "google_alloydb_cluster": Mapping(
        "alloydb.googleapis.com/Cluster",
        "//alloydb.googleapis.com/projects/{project}/locations/{location}/clusters/{cluster_id}",
        {
            "cluster_id": None,
            "location": None,
            "project": None,
            "initial_user": None,
            **dropped("restore_backup_source restore_backupdr_backup_source restore_backupdr_pitr_source"),
            "restore_continuous_backup_source": None,
            "skip_await_major_version_upgrade": None,
            "continuous_backup_config": Row("continuousBackupConfig", default={"enabled": True}),
            "continuous_backup_config.enabled": Row("continuousBackupConfig.enabled", default=True),
        },
        "automated_backup_policy.weekly_schedule.start_times maintenance_update_policy.maintenance_windows",
        full_name=True,
    ),
    "google_alloydb_instance": Mapping(
        "alloydb.googleapis.com/Instance",
        "//alloydb.googleapis.com/{cluster:path}/instances/{instance_id}",
        {
            "cluster": None,
            "instance_id": None,
            "client_connection_config": Row("clientConnectionConfig", default=ABSENT),
            "network_config": Row("networkConfig", default=ABSENT),
            "database_flags": Row("databaseFlags", default=ABSENT),
            "observability_config.assistive_experiences_enabled": None,
        },
        "network_config.authorized_external_networks psc_instance_config.psc_auto_connections "
        "psc_instance_config.psc_interface_configs",
        full_name=True,
    ),
    "google_firestore_database": Mapping(
        "firestore.googleapis.com/Database",
        "//firestore.googleapis.com/projects/{project}/databases/{name}",
        {
            "project": None,
            "delete_protection_state": Row("deleteProtectionState", default="DELETE_PROTECTION_DISABLED"),
            "point_in_time_recovery_enablement": Row(
                "pointInTimeRecoveryEnablement", default="POINT_IN_TIME_RECOVERY_DISABLED"
            ),
        },
        full_name=True,
    ),
    "google_redis_instance": Mapping(
        "redis.googleapis.com/Instance",
        "//redis.googleapis.com/projects/{project}/locations/{region}/instances/{name}",
        {
            **_REGIONAL,
            "auth_enabled": Row("authEnabled", default=False),
            "auth_string": None,
            "effective_reserved_ip_range": None,
            "connect_mode": Row("connectMode", default="DIRECT_PEERING"),
            "persistence_config": Row("persistenceConfig", default=ABSENT),
            "transit_encryption_mode": Row("transitEncryptionMode", default="DISABLED"),
            "deletion_protection": None,
        },
        "maintenance_policy.weekly_maintenance_window nodes server_ca_certs",
        full_name=True,
    ),
    "google_redis_cluster": Mapping(
        "redis.googleapis.com/Cluster",
        "//redis.googleapis.com/projects/{project}/locations/{region}/clusters/{name}",
        {
            **_REGIONAL,
            "authorization_mode": Row("authorizationMode", default="AUTH_MODE_DISABLED"),
            "transit_encryption_mode": Row("transitEncryptionMode", default="TRANSIT_ENCRYPTION_MODE_DISABLED"),
            "deletion_protection_enabled": "deletionProtectionEnabled",
            "maintenance_policy.weekly_maintenance_window.duration": None,
            "maintenance_schedule.schedule_deadline_time": None,
            "managed_server_ca": None,
        },
        "cross_cluster_replication_config.secondary_clusters "
        "cross_cluster_replication_config.membership.secondary_clusters discovery_endpoints "
        "psc_connections psc_service_attachments maintenance_policy.weekly_maintenance_window psc_configs",
        full_name=True,
    ),
    "google_memcache_instance": Mapping(
        "memcache.googleapis.com/Instance",
        "//memcache.googleapis.com/projects/{project}/locations/{region}/instances/{name}",
        {**_REGIONAL, "memcache_parameters": "parameters"},
        "memcache_nodes maintenance_policy.weekly_maintenance_window",
        full_name=True,
    ),
}
