"""Google Kubernetes Engine: clusters and node pools.

Source: cloud.google.com/kubernetes-engine/docs/reference/rest/v1/projects.locations.clusters
"""

from __future__ import annotations

from msgspec import field

from auditor.resources.base import Resource, View, shows


class Switch(View):
    """A feature that is on or off, and off where it is not named."""

    enabled: bool = False


class CidrBlock(View):
    """`cidrBlocks[]`."""

    cidr_block: str = ""


class AuthorizedNetworks(View):
    """`masterAuthorizedNetworksConfig`."""

    enabled: bool = False
    cidr_blocks: list[CidrBlock] = []
    gcp_public_cidrs_access_enabled: bool = False


class IpEndpoints(View):
    """`controlPlaneEndpointsConfig.ipEndpointsConfig`."""

    enabled: bool | None = None
    enable_public_endpoint: bool | None = None
    public_endpoint: str = ""
    authorized_networks_config: AuthorizedNetworks | None = None


class DnsEndpoint(View):
    """`controlPlaneEndpointsConfig.dnsEndpointConfig`: a name that resolves on the internet."""

    allow_external_traffic: bool = False


class ControlPlaneEndpoints(View):
    """`controlPlaneEndpointsConfig`."""

    dns_endpoint_config: DnsEndpoint = field(default_factory=DnsEndpoint)
    ip_endpoints_config: IpEndpoints | None = None


class PrivateCluster(View):
    """`privateClusterConfig`."""

    enable_private_nodes: bool = False
    enable_private_endpoint: bool = False


class ClientCertificate(View):
    """`masterAuth.clientCertificateConfig`."""

    issue_client_certificate: bool = False


class MasterAuth(View):
    """`masterAuth`."""

    username: str = ""
    client_certificate: str = ""
    client_certificate_config: ClientCertificate = field(default_factory=ClientCertificate)


class ClusterNetwork(View):
    """`networkConfig` of a cluster."""

    datapath_provider: str = ""
    enable_intra_node_visibility: bool = False
    default_enable_private_nodes: bool | None = None


class WorkloadIdentity(View):
    """`workloadIdentityConfig`; `identityNamespace` is the older name of the pool."""

    workload_pool: str = ""
    identity_namespace: str = ""


class DatabaseEncryption(View):
    """`databaseEncryption`: of Kubernetes secrets in the cluster's store."""

    state: str = "DECRYPTED"
    key_name: str = ""


class BinaryAuthorization(View):
    """`binaryAuthorization`; `enabled` is the older switch."""

    enabled: bool = False
    evaluation_mode: str = ""


class Dashboard(View):
    """`addonsConfig.kubernetesDashboard`."""

    disabled: bool = False


class Addons(View):
    """`addonsConfig`."""

    kubernetes_dashboard: Dashboard | None = None


class IpAllocation(View):
    """`ipAllocationPolicy`."""

    use_ip_aliases: bool = False


class ReleaseChannel(View):
    """`releaseChannel`."""

    channel: str = ""


class Components(View):
    """`componentConfig` of logging or monitoring."""

    enable_components: list[str] = []


class Telemetry(View):
    """`loggingConfig`, `monitoringConfig`."""

    component_config: Components | None = None


class WorkloadMetadata(View):
    """`workloadMetadataConfig`; `nodeMetadata` is the older spelling."""

    mode: str = ""
    node_metadata: str = ""


class NodeShield(View):
    """`shieldedInstanceConfig`."""

    enable_secure_boot: bool = False
    enable_integrity_monitoring: bool = False


class NodeConfig(View):
    """`config` of a node pool, `nodeConfig` of a cluster."""

    service_account: str = ""
    oauth_scopes: list[str] = []
    image_type: str = ""
    boot_disk_kms_key: str = ""
    metadata: dict[str, str] = {}
    shielded_instance_config: NodeShield = field(default_factory=NodeShield)
    workload_metadata_config: WorkloadMetadata = field(default_factory=WorkloadMetadata)


class NodeManagement(View):
    """`management` of a node pool."""

    auto_repair: bool = False
    auto_upgrade: bool = False


@shows("container.googleapis.com/NodePool")
class NodePool(Resource):
    """A node pool, as an asset of its own or in its cluster's `nodePools`."""

    name: str = ""
    config: NodeConfig = field(default_factory=NodeConfig)
    version: str = ""
    management: NodeManagement = field(default_factory=NodeManagement)

    @property
    def cluster_name(self) -> str:
        """The full resource name of the cluster that the pool belongs to."""
        return self.asset.name.partition("/nodePools/")[0]


@shows("container.googleapis.com/Cluster")
class Cluster(Resource):
    """A GKE cluster."""

    name: str = ""
    network: str = ""
    locations: list[str] = []
    resource_labels: dict[str, str] = {}
    current_master_version: str = ""
    autopilot: Switch = field(default_factory=Switch)
    legacy_abac: Switch = field(default_factory=Switch)
    shielded_nodes: Switch = field(default_factory=Switch)
    network_policy: Switch = field(default_factory=Switch)
    authenticator_groups_config: Switch = field(default_factory=Switch)
    enable_kubernetes_alpha: bool = False
    master_auth: MasterAuth = field(default_factory=MasterAuth)
    master_authorized_networks_config: AuthorizedNetworks = field(default_factory=AuthorizedNetworks)
    control_plane_endpoints_config: ControlPlaneEndpoints = field(default_factory=ControlPlaneEndpoints)
    private_cluster_config: PrivateCluster = field(default_factory=PrivateCluster)
    network_config: ClusterNetwork = field(default_factory=ClusterNetwork)
    workload_identity_config: WorkloadIdentity = field(default_factory=WorkloadIdentity)
    database_encryption: DatabaseEncryption = field(default_factory=DatabaseEncryption)
    binary_authorization: BinaryAuthorization = field(default_factory=BinaryAuthorization)
    addons_config: Addons = field(default_factory=Addons)
    ip_allocation_policy: IpAllocation = field(default_factory=IpAllocation)
    release_channel: ReleaseChannel = field(default_factory=ReleaseChannel)
    logging_service: str = ""
    logging_config: Telemetry = field(default_factory=Telemetry)
    monitoring_service: str = ""
    monitoring_config: Telemetry = field(default_factory=Telemetry)
    node_config: NodeConfig | None = None
    node_pools: list[NodePool] = []

    @property
    def has_public_name(self) -> bool:
        """Whether the control plane answers on the internet by its name, where IAM decides and not the address."""
        return self.control_plane_endpoints_config.dns_endpoint_config.allow_external_traffic

    @property
    def has_public_endpoint(self) -> bool:
        """Whether the control plane has an address on the internet."""
        ip = self.control_plane_endpoints_config.ip_endpoints_config
        if ip is not None:
            if ip.enabled is False:
                return False
            if ip.enable_public_endpoint is not None:
                return ip.enable_public_endpoint
        return not self.private_cluster_config.enable_private_endpoint

    @property
    def authorized_networks(self) -> AuthorizedNetworks:
        """Who may reach the control plane's address, from either place where that is said."""
        ip = self.control_plane_endpoints_config.ip_endpoints_config
        if ip is not None and ip.authorized_networks_config is not None:
            return ip.authorized_networks_config
        return self.master_authorized_networks_config

    @property
    def has_private_nodes(self) -> bool:
        """Whether new nodes have internal addresses only."""
        return self.private_cluster_config.enable_private_nodes or bool(
            self.network_config.default_enable_private_nodes
        )

    @property
    def enforces_network_policy(self) -> bool:
        """Whether network policies have an effect: Dataplane V2 always enforces them."""
        return self.network_config.datapath_provider == "ADVANCED_DATAPATH" or self.network_policy.enabled

    @property
    def known_pools(self) -> list[NodePool]:
        """The pools told in the cluster itself; `nodeConfig` alone stands for the default pool."""
        if self.node_pools or self.node_config is None:
            return self.node_pools
        managed = NodeManagement(auto_repair=True, auto_upgrade=True)
        return [NodePool(name="default-pool", config=self.node_config, management=managed)]
