"""Compute Engine machines: instances, instance templates, and what a project gives to all its machines.

Source: cloud.google.com/compute/docs/reference/rest/v1/instances, …/instanceTemplates, …/projects
"""

from __future__ import annotations

from datetime import datetime

from msgspec import field

from auditor.resources.base import Resource, View, shows


class MetadataItem(View):
    """One key of a metadata server's attributes."""

    key: str = ""
    value: str = ""


class Metadata(View):
    """Custom metadata: of one machine, or (`commonInstanceMetadata`) of all machines of a project."""

    items: list[MetadataItem] = []

    def get(self, key: str) -> str | None:
        """The value of a key, None where it is not set."""
        for item in self.items:
            if item.key == key:
                return item.value
        return None

    def is_on(self, key: str) -> bool | None:
        """The value of a boolean key, None where it is not set. Metadata spells true `TRUE`, `Y`, `Yes` or `1`."""
        for item in self.items:
            if item.key == key:
                return item.value.strip().lower() in ("true", "y", "yes", "1")
        return None


class AccessConfig(View):
    """An external IPv4 (`natIP`) or IPv6 (`externalIpv6`) address of an interface; ephemeral ones may be unset."""

    type: str = "ONE_TO_ONE_NAT"
    name: str = ""
    nat_ip: str = field(default="", name="natIP")
    external_ipv6: str = ""


class NetworkInterface(View):
    """`networkInterfaces[]`."""

    name: str = ""
    network: str = ""
    subnetwork: str = ""
    network_ip: str = field(default="", name="networkIP")
    stack_type: str = "IPV4_ONLY"
    ipv6_access_type: str = ""
    access_configs: list[AccessConfig] = []
    ipv6_access_configs: list[AccessConfig] = []


class CustomerEncryptionKey(View):
    """`diskEncryptionKey`: a Cloud KMS key, or a key that the customer supplies."""

    kms_key_name: str = ""
    raw_key: str = ""
    rsa_encrypted_key: str = ""
    sha256: str = ""


class DiskInitialization(View):
    """`initializeParams` of a disk that is made with the machine."""

    source_image: str = ""
    disk_type: str = ""


class AttachedDisk(View):
    """`disks[]`."""

    device_name: str = ""
    source: str = ""
    type: str = "PERSISTENT"
    mode: str = "READ_WRITE"
    boot: bool = False
    auto_delete: bool = False
    disk_encryption_key: CustomerEncryptionKey | None = None
    initialize_params: DiskInitialization | None = None
    licenses: list[str] = []


class AttachedServiceAccount(View):
    """`serviceAccounts[]`: the identity of what runs on the machine."""

    email: str = ""
    scopes: list[str] = []

    @property
    def is_default(self) -> bool:
        """Whether it is the account that a machine gets unless told otherwise."""
        return self.email in ("", "default") or self.email.endswith("-compute@developer.gserviceaccount.com")


class ShieldedInstanceConfig(View):
    """`shieldedInstanceConfig`. On a machine, what is absent is off: its image cannot boot from UEFI.

    In a template what is absent gets the default once a machine is made: Secure Boot is off, and the other two are on
    where the image can.
    """

    enable_secure_boot: bool = False
    enable_vtpm: bool | None = None
    enable_integrity_monitoring: bool | None = None


class ConfidentialInstanceConfig(View):
    """`confidentialInstanceConfig`. A type alone (`SEV`, `SEV_SNP`, `TDX`, `CCA` …) turns it on as well."""

    enable_confidential_compute: bool = False
    confidential_instance_type: str = ""

    @property
    def is_on(self) -> bool:
        """Whether memory is encrypted with keys that the host does not have."""
        none = ("", "CONFIDENTIAL_INSTANCE_TYPE_UNSPECIFIED")
        return self.enable_confidential_compute or self.confidential_instance_type not in none


class Tags(View):
    """`tags`: network tags, which firewall rules and routes select machines by."""

    items: list[str] = []


class Scheduling(View):
    """`scheduling`: what becomes of the machine when its host fails, is maintained or is wanted by others."""

    automatic_restart: bool | None = None
    on_host_maintenance: str = ""
    preemptible: bool = False
    provisioning_model: str = ""

    @property
    def may_be_reclaimed(self) -> bool:
        """Whether Google may stop the machine at any time."""
        return self.preemptible or self.provisioning_model == "SPOT"


class InstanceProperties(Resource):
    """What a machine is made of: an instance itself, `properties` of an instance template."""

    machine_type: str = ""
    can_ip_forward: bool = False
    metadata: Metadata = field(default_factory=Metadata)
    network_interfaces: list[NetworkInterface] = []
    disks: list[AttachedDisk] = []
    service_accounts: list[AttachedServiceAccount] = []
    shielded_instance_config: ShieldedInstanceConfig = field(default_factory=ShieldedInstanceConfig)
    confidential_instance_config: ConfidentialInstanceConfig = field(default_factory=ConfidentialInstanceConfig)
    labels: dict[str, str] = {}
    tags: Tags = field(default_factory=Tags)
    scheduling: Scheduling | None = None

    @property
    def is_gke_node(self) -> bool:
        """Whether GKE makes, configures and replaces the machine."""
        return "goog-gke-node" in self.labels

    @property
    def managed_by(self) -> str:
        """The Google service that makes and configures the machine (`GKE`, `Dataproc`), else `""`."""
        if self.is_gke_node:
            return "GKE"
        return "Dataproc" if "goog-dataproc-cluster-name" in self.labels else ""


@shows("compute.googleapis.com/Instance")
class Instance(InstanceProperties):
    """A virtual machine."""

    name: str = ""
    zone: str = ""
    status: str = "RUNNING"
    deletion_protection: bool = False
    creation_timestamp: datetime | None = None
    last_stop_timestamp: datetime | None = None

    @property
    def properties(self) -> InstanceProperties:
        """The instance itself, so that a check can ask instances and templates alike."""
        return self


@shows("compute.googleapis.com/InstanceTemplate")
class InstanceTemplate(Resource):
    """A template that managed instance groups make machines from."""

    name: str = ""
    creation_timestamp: datetime | None = None
    properties: InstanceProperties = field(default_factory=InstanceProperties)


class AutoHealing(View):
    """`autoHealingPolicies[]`."""

    health_check: str = ""


class NamedPort(View):
    """`namedPorts[]`: what a backend service calls a port of the group's machines."""

    name: str = ""
    port: int = 0


@shows("compute.googleapis.com/InstanceGroupManager")
class InstanceGroupManager(Resource):
    """A managed instance group, of one zone or of a region."""

    HAS_POLICY = False

    name: str = ""
    instance_template: str = ""
    auto_healing_policies: list[AutoHealing] = []
    named_ports: list[NamedPort] = []

    @property
    def is_of_gke(self) -> bool:
        """Whether GKE made the group for a node pool."""
        return self.name.startswith("gke-") or self.instance_template.rpartition("/")[2].startswith("gke-")

    @property
    def is_regional(self) -> bool:
        """Whether its machines are spread over the zones of a region."""
        return "/regions/" in self.asset.name


@shows("compute.googleapis.com/Project")
class ComputeProject(Resource):
    """Compute Engine's settings of a project. The last segment of its name is the project id."""

    common_instance_metadata: Metadata = field(default_factory=Metadata)
    default_service_account: str = ""
    usage_export_location: dict[str, str] | None = None
    xpn_project_status: str = ""
