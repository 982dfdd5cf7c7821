"""Data services beside Cloud Storage, BigQuery and Cloud SQL: messages, caches, artifacts, clusters, notebooks.

Source: the REST references of Pub/Sub, Memorystore, Artifact Registry, Spanner, Bigtable, Dataproc, Data Fusion,
Dataflow and Compute Engine under cloud.google.com
"""

from __future__ import annotations

from datetime import datetime

from msgspec import field

from auditor.resources.base import Resource, View, shows


@shows("pubsub.googleapis.com/Topic")
class Topic(Resource):
    """A Pub/Sub topic."""

    name: str = ""
    labels: dict[str, str] = {}
    kms_key_name: str = ""


class OidcToken(View):
    """`pushConfig.oidcToken`."""

    service_account_email: str = ""
    audience: str = ""


class PushConfig(View):
    """`pushConfig`."""

    push_endpoint: str = ""
    oidc_token: OidcToken | None = None


class DeadLetters(View):
    """`deadLetterPolicy`."""

    dead_letter_topic: str = ""


@shows("pubsub.googleapis.com/Subscription")
class Subscription(Resource):
    """A Pub/Sub subscription."""

    name: str = ""
    topic: str = ""
    push_config: PushConfig = field(default_factory=PushConfig)
    dead_letter_policy: DeadLetters | None = None


@shows("pubsub.googleapis.com/Snapshot")
class PubSubSnapshot(Resource):
    """A Pub/Sub snapshot."""


class VulnerabilityScanning(View):
    """`vulnerabilityScanningConfig`: what was asked for, and what came of it together with the project's API."""

    enablement_config: str = ""
    enablement_state: str = ""


@shows("artifactregistry.googleapis.com/Repository")
class ArtifactRepository(Resource):
    """An Artifact Registry repository."""

    format: str = ""
    mode: str = "STANDARD_REPOSITORY"
    kms_key_name: str = ""
    vulnerability_scanning_config: VulnerabilityScanning = field(default_factory=VulnerabilityScanning)


@shows("redis.googleapis.com/Instance")
class RedisInstance(Resource):
    """A Memorystore for Redis instance."""

    tier: str = "BASIC"
    auth_enabled: bool = False
    transit_encryption_mode: str = "DISABLED"
    authorized_network: str = ""
    connect_mode: str = "DIRECT_PEERING"


@shows("redis.googleapis.com/Cluster")
class RedisCluster(Resource):
    """A Memorystore for Redis Cluster."""

    authorization_mode: str = "AUTH_MODE_DISABLED"
    transit_encryption_mode: str = "TRANSIT_ENCRYPTION_MODE_DISABLED"


class KmsEncryption(View):
    """`encryptionConfig` of a database."""

    kms_key_name: str = ""
    kms_key_names: list[str] = []


@shows("spanner.googleapis.com/Instance")
class SpannerInstance(Resource):
    """A Spanner instance."""

    config: str = ""


@shows("spanner.googleapis.com/Database")
class SpannerDatabase(Resource):
    """A Spanner database."""

    enable_drop_protection: bool = False
    encryption_config: KmsEncryption | None = None

    @property
    def instance(self) -> str:
        """The id of the instance that holds the database."""
        return self.asset.name.partition("/instances/")[2].partition("/")[0]


@shows("bigtableadmin.googleapis.com/Instance")
class BigtableInstance(Resource):
    """A Bigtable instance."""

    labels: dict[str, str] = {}


@shows("bigtableadmin.googleapis.com/Cluster")
class BigtableCluster(Resource):
    """A cluster of a Bigtable instance, which holds its data."""

    HAS_POLICY = False

    encryption_config: KmsEncryption | None = None


@shows("bigtableadmin.googleapis.com/Table")
class BigtableTable(Resource):
    """A Bigtable table."""

    deletion_protection: bool = False

    @property
    def instance(self) -> str:
        """The id of the instance that holds the table."""
        return self.asset.name.partition("/instances/")[2].partition("/")[0]


class DataprocNetwork(View):
    """`config.gceClusterConfig`. Where nobody says, the image decides: internal addresses only from version 2.2 on."""

    internal_ip_only: bool | None = None
    service_account: str = ""
    metadata: dict[str, str] = {}


class DataprocSoftware(View):
    """`config.softwareConfig`."""

    image_version: str = ""
    properties: dict[str, str] = {}


class DataprocEncryption(View):
    """`config.encryptionConfig`."""

    gce_pd_kms_key_name: str = ""


class Kerberos(View):
    """`config.securityConfig.kerberosConfig`."""

    enable_kerberos: bool = False


class DataprocSecurity(View):
    """`config.securityConfig`."""

    kerberos_config: Kerberos = field(default_factory=Kerberos)


class DataprocConfig(View):
    """`config`."""

    gce_cluster_config: DataprocNetwork = field(default_factory=DataprocNetwork)
    encryption_config: DataprocEncryption = field(default_factory=DataprocEncryption)
    software_config: DataprocSoftware = field(default_factory=DataprocSoftware)
    security_config: DataprocSecurity = field(default_factory=DataprocSecurity)


@shows("dataproc.googleapis.com/Cluster")
class DataprocCluster(Resource):
    """A Dataproc cluster."""

    labels: dict[str, str] = {}
    cluster_name: str = ""
    config: DataprocConfig = field(default_factory=DataprocConfig)


@shows("datafusion.googleapis.com/Instance")
class DataFusionInstance(Resource):
    """A Cloud Data Fusion instance."""

    private_instance: bool = False
    enable_stackdriver_logging: bool = False
    enable_stackdriver_monitoring: bool = False


class DiskKey(View):
    """The key of a disk, image or snapshot: Cloud KMS, or supplied by the customer."""

    kms_key_name: str = ""
    raw_key: str = ""
    sha256: str = ""


@shows("compute.googleapis.com/Disk", "compute.googleapis.com/RegionDisk")
class Disk(Resource):
    """A persistent disk."""

    name: str = ""
    labels: dict[str, str] = {}
    disk_encryption_key: DiskKey | None = None
    source_image: str = ""
    resource_policies: list[str] = []
    users: list[str] = []
    self_link: str = ""

    @property
    def is_of_gke_node(self) -> bool:
        """Whether GKE made the disk for a node."""
        return "goog-gke-node" in self.labels


class Deprecation(View):
    """`deprecated` of an image: ACTIVE, DEPRECATED, OBSOLETE or DELETED."""

    state: str = "ACTIVE"


@shows("compute.googleapis.com/Image")
class Image(Resource):
    """A custom image."""

    name: str = ""
    labels: dict[str, str] = {}
    image_encryption_key: DiskKey | None = None
    deprecated: Deprecation = field(default_factory=Deprecation)


@shows("compute.googleapis.com/Snapshot")
class Snapshot(Resource):
    """A disk snapshot."""

    name: str = ""
    labels: dict[str, str] = {}
    snapshot_encryption_key: DiskKey | None = None
    creation_timestamp: datetime | None = None
    source_disk: str = ""


class SnapshotProperties(View):
    """`snapshotSchedulePolicy.snapshotProperties`."""

    guest_flush: bool = False


class SnapshotSchedule(View):
    """`snapshotSchedulePolicy`."""

    snapshot_properties: SnapshotProperties = field(default_factory=SnapshotProperties)


@shows("compute.googleapis.com/ResourcePolicy")
class ResourcePolicy(Resource):
    """A schedule or placement that machines and disks can be given; a snapshot schedule is one kind of it."""

    name: str = ""
    snapshot_schedule_policy: SnapshotSchedule | None = None


class TpuNetwork(View):
    """`networkConfig` of a TPU."""

    enable_external_ips: bool = False


@shows("tpu.googleapis.com/Node")
class TpuNode(Resource):
    """A Cloud TPU."""

    HAS_POLICY = False

    network_config: TpuNetwork = field(default_factory=TpuNetwork)
