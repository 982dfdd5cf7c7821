"""Cloud SQL and AlloyDB.

Source: cloud.google.com/sql/docs/mysql/admin-api/rest/v1beta4/instances,
cloud.google.com/alloydb/docs/reference/rest/v1/projects.locations.clusters
"""

from __future__ import annotations

from datetime import datetime

from msgspec import field

from auditor.resources.base import Resource, Undetermined, View, shows
from auditor.resources.unknown import told

MYSQL, POSTGRES, SQLSERVER = "MYSQL", "POSTGRES", "SQLSERVER"

ENCRYPTED = ("ENCRYPTED_ONLY", "TRUSTED_CLIENT_CERTIFICATE_REQUIRED")
"""The SSL modes that refuse connections in the clear."""

_REPLICAS = ("READ_REPLICA_INSTANCE", "READ_POOL_INSTANCE")


class AuthorizedNetwork(View):
    """`authorizedNetworks[]`: a range that may connect to the public address."""

    value: str = ""
    name: str = ""
    expiration_time: datetime | None = None


class SqlIpConfiguration(View):
    """`settings.ipConfiguration`."""

    ipv4_enabled: bool | None = None
    private_network: str = ""
    require_ssl: bool = False
    ssl_mode: str = ""
    server_ca_mode: str = ""
    authorized_networks: list[AuthorizedNetwork] = []

    @property
    def refuses_clear_text(self) -> bool:
        """Whether only encrypted connections are accepted. `sslMode` decides where it is set, else `requireSsl`."""
        if self.ssl_mode in ("", "SSL_MODE_UNSPECIFIED"):
            return self.require_ssl
        return self.ssl_mode in ENCRYPTED

    @property
    def requires_client_certificate(self) -> bool:
        """Whether a client must show a certificate. The older `requireSsl` means that as well."""
        if self.ssl_mode in ("", "SSL_MODE_UNSPECIFIED"):
            return self.require_ssl
        return self.ssl_mode == "TRUSTED_CLIENT_CERTIFICATE_REQUIRED"


class SqlBackupRetention(View):
    """`backupRetentionSettings`."""

    retained_backups: int = 7
    retention_unit: str = "COUNT"


class SqlBackupConfiguration(View):
    """`settings.backupConfiguration`."""

    enabled: bool = False
    binary_log_enabled: bool = False
    point_in_time_recovery_enabled: bool = False
    transaction_log_retention_days: int | None = None
    location: str = ""
    backup_retention_settings: SqlBackupRetention | None = None
    backup_tier: str = ""

    @property
    def is_kept_elsewhere(self) -> bool:
        """Whether the Backup and DR Service makes the backups, by a plan of its own."""
        return self.backup_tier in ("ADVANCED", "ENHANCED")


class DatabaseFlag(View):
    """`settings.databaseFlags[]`."""

    name: str = ""
    value: str = ""


class PasswordValidationPolicy(View):
    """`settings.passwordValidationPolicy`."""

    enable_password_policy: bool = False
    min_length: int = 0
    complexity: str = ""


class MaintenanceWindow(View):
    """`settings.maintenanceWindow`. Days are 1 (Monday) to 7; 0 leaves the time to Google."""

    day: int = 0
    hour: int = 0


class SqlSettings(View):
    """`settings`."""

    activation_policy: str = "ALWAYS"
    availability_type: str = "ZONAL"
    ip_configuration: SqlIpConfiguration = field(default_factory=SqlIpConfiguration)
    backup_configuration: SqlBackupConfiguration = field(default_factory=SqlBackupConfiguration)
    database_flags: list[DatabaseFlag] = []
    deletion_protection_enabled: bool = False
    connector_enforcement: str = "NOT_REQUIRED"
    password_validation_policy: PasswordValidationPolicy | None = None
    storage_auto_resize: bool = True
    maintenance_window: MaintenanceWindow | None = None
    user_labels: dict[str, str] = {}
    retain_backups_on_delete: bool = False


class SqlIpAddress(View):
    """`ipAddresses[]`."""

    type: str = ""
    ip_address: str = ""


class ServerCertificate(View):
    """`serverCaCert`."""

    expiration_time: datetime | None = None


class DiskEncryption(View):
    """`diskEncryptionConfiguration`."""

    kms_key_name: str = ""


@shows("sqladmin.googleapis.com/Instance")
class SqlInstance(Resource):
    """A Cloud SQL instance."""

    name: str = ""
    database_version: str = ""
    instance_type: str = "CLOUD_SQL_INSTANCE"
    master_instance_name: str = ""
    region: str = ""
    settings_told: SqlSettings | None = field(default=None, name="settings")
    ip_addresses: list[SqlIpAddress] = []
    server_ca_cert: ServerCertificate | None = None
    disk_encryption_configuration: DiskEncryption | None = None

    @property
    def settings(self) -> SqlSettings:
        """The settings. Raises `Undetermined` where the data has none: every instance has settings."""
        return told(self.settings_told, "settings")

    @property
    def engine(self) -> str:
        """`MYSQL`, `POSTGRES` or `SQLSERVER`; `""` where the version is not told."""
        return self.database_version.partition("_")[0]

    @property
    def major_version(self) -> int:
        """The engine's first version number (`POSTGRES_15` → 15, `MYSQL_8_0_36` → 8), 0 where it is not told."""
        number = self.database_version.split("_")[1:2]
        return int(number[0]) if number and number[0].isdecimal() else 0

    @property
    def is_replica(self) -> bool:
        """Whether another instance is the source of its data, and of its backups."""
        return self.instance_type in _REPLICAS or bool(self.master_instance_name)

    @property
    def is_external(self) -> bool:
        """Whether the entry only stands for a server that runs elsewhere."""
        return self.instance_type == "ON_PREMISES_INSTANCE"

    @property
    def has_public_address(self) -> bool:
        """Whether the instance has an address on the internet; `OUTGOING` addresses take no connections."""
        told = self.settings.ip_configuration.ipv4_enabled
        return any(address.type == "PRIMARY" for address in self.ip_addresses) if told is None else told

    def flag(self, name: str) -> str | None:
        """The value that a database flag was set to, None where the engine's default holds."""
        for flag in self.settings.database_flags:
            if flag.name == name:
                return flag.value
        return None

    def flags_with(self, name: str, value: str) -> str:
        """All flags with this one set, as gcloud's `--database-flags` takes them; `PRESENT_FLAGS` for what is unknown.

        Setting flags replaces the whole list, so a command has to repeat the others.
        """
        try:
            kept = [f"{flag.name}={flag.value}" for flag in self.settings.database_flags if flag.name != name]
        except Undetermined:
            kept = ["PRESENT_FLAGS"]
        flags = [*kept, f"{name}={value}"]
        separator = "," if not any("," in flag for flag in flags) else "~"
        return ("" if separator == "," else f"^{separator}^") + separator.join(flags)


class AlloyBackupPolicy(View):
    """`automatedBackupPolicy`. Absent where the cluster takes the default, which is on."""

    enabled: bool = True


class AlloyContinuousBackup(View):
    """`continuousBackupConfig`. Absent where the cluster takes the default, which is on."""

    enabled: bool = True


@shows("alloydb.googleapis.com/Cluster")
class AlloyCluster(Resource):
    """An AlloyDB cluster."""

    cluster_type: str = "PRIMARY"
    automated_backup_policy: AlloyBackupPolicy = field(default_factory=AlloyBackupPolicy)
    continuous_backup_config: AlloyContinuousBackup = field(default_factory=AlloyContinuousBackup)
    encryption_config: DiskEncryption | None = None


class AlloySsl(View):
    """`clientConnectionConfig.sslConfig`."""

    ssl_mode: str = "ENCRYPTED_ONLY"


class AlloyClientConnection(View):
    """`clientConnectionConfig`."""

    require_connectors: bool = False
    ssl_config: AlloySsl = field(default_factory=AlloySsl)


class AlloyAuthorizedNetwork(View):
    """`authorizedExternalNetworks[]`."""

    cidr_range: str = ""


class AlloyNetworkConfig(View):
    """`networkConfig`."""

    enable_public_ip: bool = False
    authorized_external_networks: list[AlloyAuthorizedNetwork] = []


@shows("alloydb.googleapis.com/Instance")
class AlloyInstance(Resource):
    """An AlloyDB instance."""

    instance_type: str = "PRIMARY"
    database_flags: dict[str, str] = {}
    client_connection_config: AlloyClientConnection = field(default_factory=AlloyClientConnection)
    network_config: AlloyNetworkConfig = field(default_factory=AlloyNetworkConfig)

    @property
    def cluster(self) -> str:
        """The id of the cluster that the instance belongs to."""
        return self.asset.name.partition("/clusters/")[2].partition("/")[0]
