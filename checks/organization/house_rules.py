"""Rules that only their owner can set: labels, names, machines, networks, engines, ports. Off unless asked for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from auditor import DELETE, PASS, Example, Fix, Settings, Severity, Verdict, asset, check, fail, not_applicable
from auditor.resources.bigquery import Dataset
from auditor.resources.compute import Instance, InstanceTemplate
from auditor.resources.data import BigtableInstance, DataprocCluster, Disk, Image, Snapshot, Topic
from auditor.resources.dns import ManagedZone
from auditor.resources.gke import Cluster
from auditor.resources.network import Firewall, internet_to_port
from auditor.resources.orchestration import ComposerEnvironment
from auditor.resources.resourcemanager import Project
from auditor.resources.serverless import CloudFunction, Function
from auditor.resources.sql import SqlInstance
from auditor.resources.storage import Bucket
from auditor.resources.vertex import Model, VertexStore

Labelled = (
    Project
    | Bucket
    | Instance
    | Disk
    | Image
    | Snapshot
    | SqlInstance
    | Cluster
    | CloudFunction
    | Function
    | Dataset
    | BigtableInstance
    | Topic
    | DataprocCluster
    | ComposerEnvironment
    | ManagedZone
    | Model
    | VertexStore
)


class LabelSettings(Settings, frozen=True):
    """Which labels resources must carry."""

    required: tuple[str, ...] = ()
    """The keys; where it is empty, one label of any key is enough."""
    asset_types: tuple[str, ...] = ()
    """The types that this is asked of; all where it is empty."""


def _labels(resource: Labelled) -> Mapping[str, str]:
    if isinstance(resource, SqlInstance):
        return resource.settings.user_labels
    return resource.resource_labels if isinstance(resource, Cluster) else resource.labels


_OWNED = LabelSettings(required=("owner", "environment"))
_BOTH = {"owner": "payments", "environment": "prod"}


@check(
    "resource-labels-missing",
    severity=Severity.INFO,
    default=False,
    same_as=[
        "policy_library:gcp_enforce_labels_v1",
        "sha:LABELS_NOT_USED",
        "cloudsploit:compute/instanceLabelsAdded",
        "cloudsploit:compute/diskLabelsAdded",
        "cloudsploit:compute/imageLabelsAdded",
        "cloudsploit:compute/snapshotLabelsAdded",
        "cloudsploit:storage/bucketLabelsAdded",
        "steampipe:sql_instance_with_labels",
        "cloudsploit:sql/sqlInstanceLabelsAdded",
        "steampipe:kubernetes_cluster_with_resource_labels",
        "scoutsuite:kubernetesengine-cluster-has-no-labels",
        "checkov:CKV_GCP_21",
        "trivy:AVD-GCP-0051",
        "cloudsploit:kubernetes/clusterLabelsAdded",
        "cloudsploit:cloudfunctions/cloudFunctionLabelsAdded",
        "cloudsploit:cloudfunctionsv2/cloudFunctionV2LabelsAdded",
        "cloudsploit:bigquery/datasetLabelsAdded",
        "cloudsploit:bigtable/bigtableInstanceLabelsAdded",
        "cloudsploit:pubsub/topicLabelsAdded",
        "cloudsploit:dataproc/dataprocClusterLabelsAdded",
        "cloudsploit:composer/environmentLabelsAdded",
        "cloudsploit:dns/dnsZoneLabelsAdded",
        "cloudsploit:vertexai/modelLabelsAdded",
        "cloudsploit:vertexai/vertexAIDatasetLabels",
    ],
    fix=Fix(
        manual="Set the labels where the resource is written down, so that the next one made from it has them too.",
        terraform="labels (resource_labels of a GKE cluster, user_labels of Cloud SQL); or default_labels of the "
        "provider",
        patch={"data": {"labels": _BOTH, "resourceLabels": _BOTH, "settings": {"userLabels": _BOTH}}},
    ),
    passes=lambda: [
        asset(Bucket, {"labels": {"team": "shop"}}, name="//storage.googleapis.com/b"),
        asset(Cluster, {"resourceLabels": _BOTH}, settings=_OWNED),
        asset(SqlInstance, {"settings": {"userLabels": _BOTH}}, settings=_OWNED),
        asset(Topic, {}, settings=LabelSettings(asset_types=("compute.googleapis.com/Instance",))),
        asset(Instance, {"labels": {"goog-gke-node": ""}}, settings=_OWNED),
    ],
    fails=lambda: [
        asset(Instance, {"name": "vm"}),
        asset(Bucket, {"labels": {"owner": "payments"}}, name="//storage.googleapis.com/b", settings=_OWNED),
        asset(Cluster, {"name": "c"}),
        asset(SqlInstance, {"settings": {"tier": "t"}}),
        asset(Dataset, {"labels": {"owner": "", "env": "prod"}}, settings=_OWNED),
    ],
    unknown=lambda: [asset(Disk, {}, unknown=["resource.data.labels"])],
)
def labels_missing(resource: Labelled, settings: LabelSettings) -> Verdict:
    """A resource does not carry the labels that its owner wants.

    Why: labels say whose a resource is, when something is wrong with it at night, and whose bill it is on. Which are
    needed is for the owner to say: set `required`; as it comes, the check tells what has none at all, and it is not
    selected.

    What a fix may break: nothing; reports that group by label change.

    Source: https://cloud.google.com/resource-manager/docs/best-practices-labels
    """
    if settings.asset_types and resource.asset.asset_type not in settings.asset_types:
        return not_applicable("labels are not asked for of this type")
    labels = _labels(resource)
    if "goog-gke-node" in labels:
        return not_applicable("GKE makes it")
    if not settings.required:
        return PASS if labels else fail("it has no label")
    missing = [name for name in settings.required if not labels.get(name)]
    return fail(f"it lacks {', '.join(missing)}") if missing else PASS


class NameSettings(Settings, frozen=True):
    """How resources are called."""

    pattern: str = ""
    """A regular expression that the last part of each name matches from end to end."""
    asset_types: tuple[str, ...] = ()
    """The types that this is asked of; all where it is empty."""


_NAMED = NameSettings(pattern="(prod|test)-[a-z0-9-]+")


@check(
    "resource-name-unexpected",
    severity=Severity.INFO,
    default=False,
    same_as=["policy_library:gcp_enforce_naming_v1", "policy_library:gcp_resource_value_pattern_v1"],
    fix=Fix(
        manual="Make it anew with the right name; most resources cannot be renamed.",
        terraform="name (replaces the resource)",
        patch=DELETE,
    ),
    passes=lambda: [
        asset(Bucket, {}, name="//storage.googleapis.com/prod-orders", settings=_NAMED),
        asset(Bucket, {}, name="//storage.googleapis.com/bucket"),
        asset(Topic, {}, settings=NameSettings(pattern="x", asset_types=("storage.googleapis.com/Bucket",))),
    ],
    fails=lambda: [
        asset(Bucket, {}, name="//storage.googleapis.com/bucket", settings=_NAMED),
        asset(Bucket, {}, name="//storage.googleapis.com/my-prod-orders", settings=_NAMED),
    ],
)
def name_unexpected(resource: Labelled, settings: NameSettings) -> Verdict:
    """A resource is not called as its owner wants resources to be called.

    Why: where names say the environment and the owner, a name that does not is one that nobody reviewed. Set
    `pattern`; as it comes, the check asks nothing and is not selected.

    What a fix may break: everything that knows the resource by its name.

    Source: https://cloud.google.com/architecture/security-foundations/using-example-terraform
    """
    if not settings.pattern:
        return not_applicable("no names are asked for; pattern says which")
    if settings.asset_types and resource.asset.asset_type not in settings.asset_types:
        return not_applicable("names are not asked for of this type")
    return PASS if re.fullmatch(settings.pattern, resource.id) else fail(f"{resource.id} does not match the pattern")


class MachineSettings(Settings, frozen=True):
    """Which machine types may be used, and which networks."""

    allowed_types: tuple[str, ...] = ()
    """How the names of machine types begin; all may be used where it is empty."""
    allowed_networks: tuple[str, ...] = ()
    """How the names of networks end, `projects/P/global/networks/N`; all may be used where it is empty."""


def _machine(kind: str, network: str = "prod", **arguments: Any) -> Example:
    data = {
        "machineType": f"https://c/projects/p/zones/z/machineTypes/{kind}",
        "networkInterfaces": [{"network": f"https://c/projects/p/global/networks/{network}"}],
    }
    return asset(Instance, data, **arguments)


_SMALL = MachineSettings(allowed_types=("e2-", "n2-standard-"), allowed_networks=("projects/p/global/networks/prod",))


@check(
    "instance-not-as-allowed",
    severity=Severity.LOW,
    default=False,
    evidence=[],
    same_as=[
        "cloudsploit:compute/instanceDesiredMachineTypes",
        "cloudsploit:compute/instanceTemplateMachineTypes",
        "policy_library:gcp_compute_allowed_networks",
        "forseti:instance_network_interface",
    ],
    fix=Fix(
        manual="Make the machine anew with a type and in a network that are allowed.",
        terraform="machine_type and network_interface",
        guardrail="a custom constraint on compute.googleapis.com/Instance",
        patch=lambda: [_machine("e2-small", settings=_SMALL)],
    ),
    passes=lambda: [
        _machine("e2-small", settings=_SMALL),
        _machine("m3-ultramem-128", "default"),
        asset(InstanceTemplate, {"properties": {"machineType": "e2-small"}}, settings=_SMALL),
    ],
    fails=lambda: [
        _machine("a3-highgpu-8g", settings=_SMALL),
        _machine("e2-small", "default", settings=_SMALL),
    ],
    unknown=lambda: [asset(Instance, {}, settings=_SMALL, unknown=["resource.data.machineType"])],
)
def machine_not_allowed(machine: Instance | InstanceTemplate, settings: MachineSettings) -> Verdict:
    """A machine is of a type, or in a network, that its owner does not want.

    Why: a machine with eight graphics cards that nobody planned is what stolen credentials are used for; one in a
    network that was not planned has rules that nobody wrote. Set `allowed_types` or `allowed_networks`; as it comes,
    the check asks nothing and is not selected.

    What a fix may break: the machine is down while it is made anew.

    Source: https://cloud.google.com/compute/docs/access/custom-constraints
    """
    if not (settings.allowed_types or settings.allowed_networks):
        return not_applicable("no types or networks are asked for; allowed_types and allowed_networks name them")
    properties = machine.properties
    kind = properties.machine_type.rpartition("/")[2]
    if settings.allowed_types and not kind.startswith(settings.allowed_types):
        return fail(f"it is of type {kind}")
    for interface in properties.network_interfaces if settings.allowed_networks else []:
        if not interface.network.endswith(settings.allowed_networks):
            return fail(f"it is in {interface.network.rpartition('/projects/')[2] or interface.network}")
    return PASS


class EngineSettings(Settings, frozen=True):
    """Which database engines may be used."""

    allowed: tuple[str, ...] = ()
    """How the names of versions begin (`POSTGRES_`); all may be used where it is empty."""


_POSTGRES = EngineSettings(allowed=("POSTGRES_",))


@check(
    "sql-engine-not-allowed",
    severity=Severity.INFO,
    default=False,
    evidence=["databaseVersion"],
    same_as=["policy_library:gcp_sql_instance_type_v1"],
    fix=Fix(
        manual="Move the data to an instance of an engine that is allowed, with the Database Migration Service.",
        terraform="database_version (replaces the instance)",
        patch={"data": {"databaseVersion": "POSTGRES_17"}},
    ),
    passes=lambda: [
        asset(SqlInstance, {"databaseVersion": "POSTGRES_17"}, settings=_POSTGRES),
        asset(SqlInstance, {"databaseVersion": "MYSQL_8_4"}),
    ],
    fails=lambda: [asset(SqlInstance, {"databaseVersion": "MYSQL_8_4"}, settings=_POSTGRES)],
    unknown=lambda: [asset(SqlInstance, {}, settings=_POSTGRES, unknown=["resource.data.databaseVersion"])],
)
def engine_not_allowed(instance: SqlInstance, settings: EngineSettings) -> Verdict:
    """A Cloud SQL instance is of an engine that its owner does not want.

    Why: each engine has flags, patches and backups of its own that somebody has to know. Set `allowed`; as it comes,
    the check asks nothing and is not selected.

    What a fix may break: the application speaks to another database.

    Source: https://cloud.google.com/sql/docs/db-versions
    """
    if not settings.allowed:
        return not_applicable("no engines are asked for; allowed names them")
    allowed = instance.database_version.startswith(settings.allowed)
    return PASS if allowed else fail(f"it is {instance.database_version}")


class OpenPortSettings(Settings, frozen=True):
    """Further ports that must not be open to the internet."""

    ports: tuple[int, ...] = ()


_KAFKA = OpenPortSettings(ports=(9092, 15672))


@check(
    "firewall-own-port-open",
    severity=Severity.HIGH,
    default=False,
    evidence=["sourceRanges", "allowed"],
    same_as=["cloudsploit:vpcnetwork/openCustomPorts"],
    fix=Fix(
        gcloud="gcloud compute firewall-rules update {rule.id} --source-ranges=RANGE",
        terraform="source_ranges on google_compute_firewall",
        patch={"data": {"sourceRanges": ["10.0.0.0/8"]}},
    ),
    passes=lambda: [
        asset(
            Firewall,
            {"allowed": [{"IPProtocol": "tcp", "ports": ["443"]}], "sourceRanges": ["0.0.0.0/0"]},
            settings=_KAFKA,
        ),
        asset(
            Firewall,
            {"allowed": [{"IPProtocol": "tcp", "ports": ["9092"]}], "sourceRanges": ["10.0.0.0/8"]},
            settings=_KAFKA,
        ),
        asset(Firewall, {"allowed": [{"IPProtocol": "tcp", "ports": ["9092"]}], "sourceRanges": ["0.0.0.0/0"]}),
    ],
    fails=lambda: [
        asset(
            Firewall,
            {"allowed": [{"IPProtocol": "tcp", "ports": ["9000-9100"]}], "sourceRanges": ["::/0"]},
            settings=_KAFKA,
        ),
        asset(Firewall, {"allowed": [{"IPProtocol": "all"}]}, settings=_KAFKA),
    ],
    unknown=lambda: [
        asset(Firewall, {"allowed": [{"IPProtocol": "tcp"}]}, settings=_KAFKA, unknown=["resource.data.sourceRanges"])
    ],
)
def own_port_open(rule: Firewall, settings: OpenPortSettings) -> Verdict:
    """A firewall rule opens a port to the internet that its owner wants closed.

    Why: the ports of well-known services have checks of their own; those of an owner's programs are known to him only.
    Set `ports`; as it comes, the check asks nothing and is not selected.

    What a fix may break: clients on the internet that use the port.

    Source: https://cloud.google.com/firewall/docs/firewalls
    """
    if not settings.ports:
        return not_applicable("no ports are asked for; ports names them")
    for port in settings.ports:
        if found := internet_to_port(rule, "tcp", port):
            return fail(f"port {port} is open to {found[1]}")
    return PASS
