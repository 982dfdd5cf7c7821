"""BigQuery, Dataproc, Dataflow, Data Fusion, Composer.

Sources: registry.terraform.io/providers/hashicorp/google/latest/docs/resources/bigquery_dataset (and its
neighbours), cloud.google.com/bigquery/docs/reference/rest/v2, cloud.google.com/dataproc/docs/reference/rest,
cloud.google.com/dataflow/docs/reference/rest, cloud.google.com/data-fusion/docs/reference/rest
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from auditor.sources.terraform.mapping import ABSENT, Made, Mapping, Row, Rows, dropped
from auditor.sources.terraform.walk import AFTER_APPLY, DECIDED_AT_APPLY, descend

_ACCESS = [
    {"role": "WRITER", "specialGroup": "projectWriters"},
    {"role": "OWNER", "specialGroup": "projectOwners"},
    {"role": "READER", "specialGroup": "projectReaders"},
]


_TABLE_TYPES = (
    ("view", "VIEW"),
    ("materialized_view", "MATERIALIZED_VIEW"),
    ("external_data_configuration", "EXTERNAL"),
)
"""Which block makes a table what it is."""


def _table(made: Made) -> None:
    data = made.data
    path = made.draft.name.split("/")
    data["tableReference"] = {"projectId": path[4], "datasetId": path[6], "tableId": path[8]}
    made.forget("type")
    untold = any(made.planned.unknown.get(block) is True for block, _ in _TABLE_TYPES if made.planned.config is None)
    if untold or "biglakeConfiguration" in data or made.planned.known("table_replication_info"):
        made.note("type", AFTER_APPLY)
    else:
        data["type"] = next((kind for block, kind in _TABLE_TYPES if made.planned.known(block)), "TABLE")


def _dataset(made: Made) -> None:
    path = made.draft.name.split("/")
    made.data["datasetReference"] = {"projectId": path[4], "datasetId": path[6]}


def _schema(value: Any) -> Any:
    """The schema is written as JSON: a list of fields."""
    try:
        fields = msgspec.json.decode(value) if isinstance(value, str) else value
    except msgspec.DecodeError:
        return None
    return {"fields": fields} if isinstance(fields, list) else fields


def _dataflow(made: Made) -> None:
    """How workers are reached stands in the API's list of worker pools."""
    environment = descend(made.data, "environment")
    pool: dict[str, Any] = {}
    for attribute, field in (
        ("ip_configuration", "ipConfiguration"),
        ("network", "network"),
        ("subnetwork", "subnetwork"),
    ):
        value = made.planned.text(attribute)
        if value:
            pool[field] = value
        elif made.planned.is_unknown(attribute):
            made.note(f"environment.workerPools.0.{field}", AFTER_APPLY)
    pool.setdefault("ipConfiguration", "WORKER_IP_PUBLIC")
    environment["workerPools"] = [pool]


_IMAGE_DECIDES = "depends on the image of the cluster's machines"
_VERSION = re.compile(r"(\d+)\.(\d+)\b")


def _dataproc(made: Made) -> None:
    """Whether machines have public addresses where nothing is said: from image 2.2 on they have none.

    Source: cloud.google.com/dataproc/docs/concepts/network
    """
    config = made.data.get("config")
    gce = config.get("gceClusterConfig", {}) if isinstance(config, dict) else {}
    path = "config.gceClusterConfig.internalIpOnly"
    told = made.draft.unknown.get(path, DECIDED_AT_APPLY) != DECIDED_AT_APPLY
    covered = any(path.startswith(f"{above}.") for above in made.draft.unknown)
    if not made.planned.is_new or "virtualClusterConfig" in made.data or "internalIpOnly" in gce or told or covered:
        return
    made.forget(path)
    config = descend(made.data, "config")
    private = _is_private(config, made.draft.unknown)
    if private is None:
        made.note(path, _IMAGE_DECIDES)
    else:
        descend(config, "gceClusterConfig")["internalIpOnly"] = private


def _is_private(config: dict[str, Any], unknown: dict[str, str]) -> bool | None:
    """Whether the image keeps its machines off the internet; None where that is not told. No image is the newest."""
    groups = [config.get(name) for name in ("masterConfig", "workerConfig", "secondaryWorkerConfig")]
    if any(isinstance(group, dict) and group.get("imageUri") for group in groups):
        return None
    path = "config.softwareConfig.imageVersion"
    if any(unknown.get(place, DECIDED_AT_APPLY) != DECIDED_AT_APPLY for place in (path, path.rpartition(".")[0])):
        return None
    software = config.get("softwareConfig")
    version = software.get("imageVersion") if isinstance(software, dict) else None
    if version is None:
        return True
    match = _VERSION.match(str(version))
    return (int(match[1]), int(match[2])) >= (2, 2) if match else None


_GCE = "cluster_config.gce_cluster_config"
_GROUPS = ("master_config", "worker_config", "preemptible_worker_config")
_GROUP_NAMES = {
    "master_config": "masterConfig",
    "worker_config": "workerConfig",
    "preemptible_worker_config": "secondaryWorkerConfig",
}
_DATAPROC: Rows = {
    "cluster_config": Row("config", default=ABSENT),
    "cluster_config.autoscaling_config.policy_uri": "config.autoscalingConfig.policyUri",
    "cluster_config.auxiliary_node_groups": None,
    "cluster_config.bucket": None,
    "cluster_config.dataproc_metric_config": None,
    "cluster_config.encryption_config.kms_key_name": "config.encryptionConfig.gcePdKmsKeyName",
    "cluster_config.endpoint_config": Row("config.endpointConfig", default=ABSENT),
    "cluster_config.gce_cluster_config": Row("config.gceClusterConfig", default=ABSENT),
    f"{_GCE}.internal_ip_only": Row("config.gceClusterConfig.internalIpOnly"),
    f"{_GCE}.network": "config.gceClusterConfig.networkUri",
    f"{_GCE}.subnetwork": "config.gceClusterConfig.subnetworkUri",
    f"{_GCE}.zone": "config.gceClusterConfig.zoneUri",
    "cluster_config.initialization_action": "config.initializationActions",
    "cluster_config.initialization_action.script": "config.initializationActions.executableFile",
    "cluster_config.initialization_action.timeout_sec": None,
    "cluster_config.lifecycle_config": Row("config.lifecycleConfig", default=ABSENT),
    **{f"cluster_config.{group}": Row(f"config.{_GROUP_NAMES[group]}", default=ABSENT) for group in _GROUPS},
    **{
        f"cluster_config.{group}.accelerators.accelerator_type": (
            f"config.{_GROUP_NAMES[group]}.accelerators.acceleratorTypeUri"
        )
        for group in _GROUPS
    },
    **{f"cluster_config.{group}.machine_type": f"config.{_GROUP_NAMES[group]}.machineTypeUri" for group in _GROUPS},
    "cluster_config.preemptible_worker_config.instance_flexibility_policy": None,
    "cluster_config.security_config.kerberos_config.root_principal_password_uri": (
        "config.securityConfig.kerberosConfig.rootPrincipalPasswordUri"
    ),
    "cluster_config.software_config.override_properties": "config.softwareConfig.properties",
    "cluster_config.software_config.properties": None,
    "cluster_config.staging_bucket": "config.configBucket",
    "cluster_config.temp_bucket": "config.tempBucket",
    "graceful_decommission_timeout": None,
    "name": "clusterName",
    "project": None,
    "region": None,
    "virtual_cluster_config": Row("virtualClusterConfig", default=ABSENT),
}
_COMPOSER: Rows = {
    "config.data_retention_config": None,
    "config.enable_private_builds_only": None,
    "config.enable_private_environment": None,
    "config.master_authorized_networks_config": Row("config.masterAuthorizedNetworksConfig", default=ABSENT),
    "config.node_config.max_pods_per_node": None,
    "config.node_config.zone": "config.nodeConfig.location",
    "config.private_environment_config.connection_type": (
        "config.privateEnvironmentConfig.networkingConfig.connectionType"
    ),
    "config.private_environment_config.enable_private_endpoint": (
        "config.privateEnvironmentConfig.privateClusterConfig.enablePrivateEndpoint"
    ),
    "config.private_environment_config.master_ipv4_cidr_block": (
        "config.privateEnvironmentConfig.privateClusterConfig.masterIpv4CidrBlock"
    ),
    "config.web_server_network_access_control.allowed_ip_range": (
        "config.webServerNetworkAccessControl.allowedIpRanges"
    ),
    "project": None,
    "region": None,
}

MAPPINGS: dict[str, Mapping] = {
    "google_bigquery_dataset": Mapping(
        "bigquery.googleapis.com/Dataset",
        "//bigquery.googleapis.com/projects/{project}/datasets/{dataset_id}",
        {
            "access": Row("access", default=_ACCESS),
            "creation_time": None,
            "dataset_id": "datasetReference.datasetId",
            "delete_contents_on_destroy": None,
            "last_modified_time": None,
            "project": None,
        },
        "access access.dataset.target_types",
        finish=_dataset,
    ),
    "google_bigquery_table": Mapping(
        "bigquery.googleapis.com/Table",
        "//bigquery.googleapis.com/projects/{project}/datasets/{dataset_id}/tables/{table_id}",
        {
            "clustering": "clustering.fields",
            "creation_time": None,
            "dataset_id": None,
            "deletion_protection": None,
            "ignore_auto_generated_schema": None,
            "ignore_schema_changes": None,
            "external_data_configuration.bigtable_options": None,
            "external_data_configuration.schema": None,
            "project": None,
            "schema": Row("schema", _schema),
            "schema_foreign_type_info": None,
            "table_constraints": None,
            "table_id": None,
            "table_metadata_view": None,
            "table_replication_info": None,
            **dropped(
                "allow_resource_tags_on_deletion encryption_configuration.kms_key_version generated_schema_columns"
            ),
        },
        finish=_table,
    ),
    "google_dataproc_cluster": Mapping(
        "dataproc.googleapis.com/Cluster",
        "//dataproc.googleapis.com/projects/{project}/regions/{region}/clusters/{name}",
        _DATAPROC,
        "cluster_config.initialization_action cluster_config.master_config.accelerators "
        "cluster_config.worker_config.accelerators "
        + "".join(f"cluster_config.{group}.disk_config.attached_disk_configs " for group in _GROUPS)
        + "virtual_cluster_config.kubernetes_cluster_config.gke_cluster_config.node_pool_target",
        finish=_dataproc,
    ),
    "google_dataflow_job": Mapping(
        "dataflow.googleapis.com/Job",
        "//dataflow.googleapis.com/projects/{project}/locations/{region}/jobs/{job_id}",
        {
            **dropped(
                "additional_experiments enable_streaming_engine ip_configuration machine_type max_workers network "
                "on_delete project region skip_wait_on_job_termination state subnetwork template_gcs_path zone "
                "transform_name_mapping"
            ),
            "job_id": "id",
            "kms_key_name": "environment.serviceKmsKeyName",
            "parameters": "environment.sdkPipelineOptions.options",
            "service_account_email": "environment.serviceAccountEmail",
            "temp_gcs_location": "environment.tempStoragePrefix",
        },
        finish=_dataflow,
    ),
    "google_data_fusion_instance": Mapping(
        "datafusion.googleapis.com/Instance",
        "//datafusion.googleapis.com/projects/{project}/locations/{region}/instances/{name}",
        {
            "enable_stackdriver_logging": Row("enableStackdriverLogging", default=False),
            "enable_stackdriver_monitoring": Row("enableStackdriverMonitoring", default=False),
            "private_instance": Row("privateInstance", default=False),
            "project": None,
            "region": None,
        },
        "accelerators",
        full_name=True,
    ),
    "google_composer_environment": Mapping(
        "composer.googleapis.com/Environment",
        "//composer.googleapis.com/projects/{project}/locations/{region}/environments/{name}",
        _COMPOSER,
        "config.master_authorized_networks_config.cidr_blocks "
        "config.web_server_network_access_control.allowed_ip_range",
        full_name=True,
    ),
}
