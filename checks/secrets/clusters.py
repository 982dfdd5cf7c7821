"""Secrets that are written into the configuration of clusters."""

from __future__ import annotations

from typing import Any

from auditor import Example, asset
from auditor.resources.data import DataprocCluster
from checks.secrets.holding import Holder, holding, of_map
from checks.secrets.made_up import PASSWORD, TOKEN


def _cluster(metadata: dict[str, str] | None = None, properties: dict[str, str] | None = None, **more: Any) -> Example:
    config = {"gceClusterConfig": {"metadata": metadata or {}}, "softwareConfig": {"properties": properties or {}}}
    name = "//dataproc.googleapis.com/projects/p/regions/europe-west1/clusters/etl"
    return asset(DataprocCluster, {"clusterName": "etl", "config": config}, name=name, **more)


DATAPROC = holding(
    __name__,
    Holder(
        id="dataproc-secret",
        title="A Dataproc cluster has a secret written into its metadata or properties.",
        why="Whoever may view clusters reads it, every job on the cluster does so from the metadata server or from the "
        "configuration files, and the inventory's exports keep it.",
        breaks="Initialization actions and jobs that read the value from there.",
        source="https://cloud.google.com/dataproc/docs/guides/hadoop-google-secret-manager-credential-provider",
        views=(DataprocCluster,),
        reads=(
            lambda cluster: of_map("metadata", cluster.config.gce_cluster_config.metadata),
            lambda cluster: of_map("property", cluster.config.software_config.properties),
        ),
        cleared={"config": {"gceClusterConfig": {"metadata": None}, "softwareConfig": {"properties": None}}},
        manual="Put the value into Secret Manager, and let the job read it there or through Dataproc's credential "
        "provider. Then change it: what was written down has been read.",
        terraform="no secrets in `metadata` and `override_properties` of google_dataproc_cluster",
        passes=lambda: [
            _cluster(),
            _cluster({"PIP_PACKAGES": "pandas==2.2.0"}, {"spark:spark.executor.memory": "4g"}),
            _cluster(properties={"hadoop:hadoop.security.credential.provider.path": "gsm://projects/my-project"}),
        ],
        fails=lambda: [
            _cluster({"db-password": PASSWORD}),
            _cluster(properties={"hive:javax.jdo.option.ConnectionPassword": PASSWORD}),
            _cluster(properties={"spark-env:API_TOKEN": TOKEN}),
        ],
        unknown=lambda: [_cluster(unknown=["resource.data.config.gceClusterConfig.metadata"])],
    ),
)
