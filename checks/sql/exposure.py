"""Databases that can be reached from outside, and connections that can be read on the way."""

from __future__ import annotations

from typing import Any

from auditor import PASS, Clock, Fix, Severity, Verdict, asset, check, fail, not_applicable
from auditor.resources.network import is_internet
from auditor.resources.sql import ENCRYPTED, SQLSERVER, AlloyInstance, SqlInstance

_EXTERNAL = "the entry stands for a server that runs outside Cloud SQL"


def _instance(ip: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"name": "db", "databaseVersion": "POSTGRES_15", "settings": {"ipConfiguration": ip}, **fields}


def _open_to(*ranges: str) -> dict[str, Any]:
    return _instance({"ipv4Enabled": True, "authorizedNetworks": [{"value": value} for value in ranges]})


@check(
    "sql-open-to-internet",
    severity=Severity.CRITICAL,
    evidence=["settings.ipConfiguration.authorizedNetworks", "databaseVersion"],
    same_as=[
        "sha:PUBLIC_SQL_INSTANCE",
        "prowler:cloudsql_instance_public_access",
        "steampipe:sql_world_readable",
        "steampipe:sql_instance_not_open_to_internet",
        "scoutsuite:cloudsql-instance-is-open-to-the-world",
        "checkov:CKV_GCP_11",
        "trivy:AVD-GCP-0017",
        "cloudsploit:sql/dbPubliclyAccessible",
        "policy_library:gcp_sql_world_readable_v1",
        "inspec:cis-gcp-6.5",
    ],
    fix=Fix(
        gcloud="gcloud sql instances patch {instance.id} --authorized-networks=ALL_RANGES_TO_KEEP",
        manual="--authorized-networks replaces the whole list: name every range that is to stay.",
        terraform="authorized_networks { value = … } in ip_configuration, naming your own ranges",
        guardrail="sql.restrictAuthorizedNetworks",
        patch={"data": {"settings": {"ipConfiguration": {"authorizedNetworks": []}}}},
    ),
    passes=lambda: [
        asset(SqlInstance, _open_to("203.0.113.7/32", "10.0.0.0/8")),
        asset(SqlInstance, _instance({"ipv4Enabled": True})),
        asset(SqlInstance, _instance({"ipv4Enabled": False, "authorizedNetworks": [{"value": "0.0.0.0/0"}]})),
        asset(
            SqlInstance,
            _instance({"authorizedNetworks": [{"value": "0.0.0.0/0", "expirationTime": "2026-01-01T00:00:00Z"}]}),
        ),
    ],
    fails=lambda: [
        asset(SqlInstance, _open_to("203.0.113.7/32", "0.0.0.0/0")),
        asset(SqlInstance, _open_to("::/0")),
        asset(SqlInstance, _open_to("0.0.0.0/1", "128.0.0.0/1")),
        asset(SqlInstance, _open_to("34.0.0.0/8")),
        asset(
            SqlInstance,
            _instance({"authorizedNetworks": [{"value": "0.0.0.0/0", "expirationTime": "2027-01-01T00:00:00Z"}]}),
        ),
    ],
    unknown=lambda: [
        asset(SqlInstance, _open_to(), unknown=["resource.data.settings.ipConfiguration.authorizedNetworks.*"]),
        asset(SqlInstance, {"name": "db", "databaseVersion": "POSTGRES_15"}),
    ],
)
def open_to_internet(instance: SqlInstance, clock: Clock) -> Verdict:
    """A Cloud SQL instance takes connections from the whole internet.

    Why: the database's own passwords are all that stands between its data and everyone; they are guessed around the
    clock, and a flaw before the login needs none. A range of sixteen million addresses is no better than all of them.

    What a fix may break: clients that connect to the public address. Let applications use the Cloud SQL Auth Proxy, a
    connector or private IP, none of which needs an authorised network.

    Source: https://cloud.google.com/sql/docs/mysql/authorize-networks
    """
    for network in instance.settings.ip_configuration.authorized_networks:
        if network.expiration_time is not None and network.expiration_time <= clock.now:
            continue
        if is_internet(network.value):
            if instance.settings.ip_configuration.ipv4_enabled is False:
                return not_applicable("the instance has no public address")
            return fail(f"{network.value} may connect")
    return PASS


@check(
    "sql-public-ip",
    severity=Severity.HIGH,
    evidence=["settings.ipConfiguration.ipv4Enabled", "ipAddresses"],
    same_as=[
        "sha:SQL_PUBLIC_IP",
        "prowler:cloudsql_instance_public_ip",
        "steampipe:prevent_public_ip_cloudsql",
        "steampipe:sql_instance_with_no_public_ips",
        "scoutsuite:cloudsql-instances-public-ips",
        "checkov:CKV_GCP_60",
        "cloudsploit:sql/sqlNoPublicIps",
        "policy_library:gcp_sql_public_ip_v1",
        "inspec:cis-gcp-6.6",
    ],
    fix=Fix(
        gcloud="gcloud sql instances patch {instance.id} --no-assign-ip --network=NETWORK",
        terraform="ipv4_enabled = false and private_network = … in ip_configuration",
        guardrail="sql.restrictPublicIp",
        patch={"data": {"settings": {"ipConfiguration": {"ipv4Enabled": False}}, "ipAddresses": []}},
    ),
    passes=lambda: [
        asset(
            SqlInstance,
            _instance({"ipv4Enabled": False}, ipAddresses=[{"type": "PRIVATE", "ipAddress": "10.1.2.3"}]),
        ),
        asset(
            SqlInstance,
            _instance({"ipv4Enabled": False}, ipAddresses=[{"type": "OUTGOING", "ipAddress": "34.1.2.3"}]),
        ),
        asset(SqlInstance, _instance({}, instanceType="ON_PREMISES_INSTANCE")),
    ],
    fails=lambda: [
        asset(SqlInstance, _instance({"ipv4Enabled": True})),
        asset(SqlInstance, _instance({}, ipAddresses=[{"type": "PRIMARY", "ipAddress": "34.1.2.3"}])),
        asset(SqlInstance, _instance({"ipv4Enabled": True}, instanceType="READ_REPLICA_INSTANCE")),
    ],
    unknown=lambda: [
        asset(SqlInstance, _instance({}), unknown=["resource.data.settings.ipConfiguration.ipv4Enabled"]),
        asset(SqlInstance, {"name": "db", "databaseVersion": "POSTGRES_15"}),
    ],
)
def public_ip(instance: SqlInstance) -> Verdict:
    """A Cloud SQL instance has an address on the internet.

    Why: what can be reached can be probed, and one wrong authorised network opens it. An instance with private IP
    only is reached from the VPC and from nowhere else.

    What a fix may break: clients outside the VPC, among them connectors without a route into it; a private network
    cannot be taken away again once it is set.

    Source: https://cloud.google.com/sql/docs/mysql/private-ip
    """
    if instance.is_external:
        return not_applicable(_EXTERNAL)
    return fail("a public IP address is assigned") if instance.has_public_address else PASS


@check(
    "sql-tls-not-required",
    severity=Severity.HIGH,
    evidence=["settings.ipConfiguration.sslMode", "settings.ipConfiguration.requireSsl"],
    same_as=[
        "sha:SSL_NOT_ENFORCED",
        "prowler:cloudsql_instance_ssl_connections",
        "steampipe:require_ssl_sql",
        "steampipe:sql_instance_require_ssl_enabled",
        "scoutsuite:cloudsql-instance-ssl-not-required",
        "checkov:CKV_GCP_6",
        "trivy:AVD-GCP-0015",
        "cloudsploit:sql/dbSSLEnabled",
        "policy_library:gcp_sql_ssl_v1",
        "inspec:cis-gcp-6.4",
    ],
    fix=Fix(
        gcloud="gcloud sql instances patch {instance.id} --ssl-mode=ENCRYPTED_ONLY",
        terraform='ssl_mode = "ENCRYPTED_ONLY" in ip_configuration',
        patch={"data": {"settings": {"ipConfiguration": {"sslMode": "ENCRYPTED_ONLY"}}}},
    ),
    passes=lambda: [
        asset(SqlInstance, _instance({"sslMode": "ENCRYPTED_ONLY"})),
        asset(SqlInstance, _instance({"sslMode": "TRUSTED_CLIENT_CERTIFICATE_REQUIRED", "requireSsl": True})),
        asset(SqlInstance, _instance({"requireSsl": True})),
        asset(SqlInstance, _instance({}, instanceType="ON_PREMISES_INSTANCE")),
    ],
    fails=lambda: [
        asset(SqlInstance, _instance({"ipv4Enabled": True, "requireSsl": False})),
        asset(SqlInstance, _instance({"ipv4Enabled": True, "sslMode": "ALLOW_UNENCRYPTED_AND_ENCRYPTED"})),
        asset(SqlInstance, _instance({"ipv4Enabled": False, "sslMode": "SSL_MODE_UNSPECIFIED"})),
        asset(SqlInstance, {"databaseVersion": "MYSQL_8_0", "settings": {"tier": "db-f1-micro"}}),
    ],
    unknown=lambda: [
        asset(SqlInstance, _instance({}), unknown=["resource.data.settings.ipConfiguration.sslMode"]),
        asset(SqlInstance, {"databaseVersion": "MYSQL_8_0"}),
    ],
)
def tls_not_required(instance: SqlInstance) -> Verdict:
    """A Cloud SQL instance accepts connections that are not encrypted.

    Why: a client that is set up wrongly sends passwords and rows in the clear, and nobody notices. With a public
    address that is the open internet; inside the VPC it is everyone who can mirror or misroute packets there, so
    the finding is of medium severity.

    What a fix may break: clients that connect without TLS are refused. The Cloud SQL Auth Proxy and the connectors
    always encrypt.

    Source: https://cloud.google.com/sql/docs/mysql/configure-ssl-instance
    """
    if instance.is_external:
        return not_applicable(_EXTERNAL)
    if instance.settings.ip_configuration.refuses_clear_text:
        return PASS
    message = f"sslMode is {instance.settings.ip_configuration.ssl_mode or 'not set, and requireSsl is off'}"
    return fail(message) if instance.has_public_address else fail(message, severity=Severity.MEDIUM)


@check(
    "sql-client-identity-not-required",
    severity=Severity.LOW,
    evidence=["settings.ipConfiguration.sslMode", "settings.connectorEnforcement"],
    same_as=["checkov:CKV_GCP_6"],
    default=False,
    fix=Fix(
        gcloud="gcloud sql instances patch {instance.id} --connector-enforcement=REQUIRED",
        terraform='connector_enforcement = "REQUIRED" in settings',
        patch={"data": {"settings": {"connectorEnforcement": "REQUIRED"}}},
    ),
    passes=lambda: [
        asset(SqlInstance, {"databaseVersion": "MYSQL_8_0", "settings": {"connectorEnforcement": "REQUIRED"}}),
        asset(SqlInstance, _instance({"sslMode": "TRUSTED_CLIENT_CERTIFICATE_REQUIRED"})),
        asset(SqlInstance, _instance({"sslMode": "ENCRYPTED_ONLY"}, databaseVersion="SQLSERVER_2022_STANDARD")),
    ],
    fails=lambda: [
        asset(SqlInstance, _instance({"sslMode": "ENCRYPTED_ONLY"})),
        asset(SqlInstance, _instance({"requireSsl": False})),
    ],
    unknown=lambda: [asset(SqlInstance, _instance({}), unknown=["resource.data.settings.connectorEnforcement"])],
)
def client_identity_not_required(instance: SqlInstance) -> Verdict:
    """A Cloud SQL instance lets clients in that show neither a certificate nor an IAM identity.

    Why: with a connector enforced, or client certificates required, a stolen database password alone opens nothing.

    What a fix may break: clients that connect directly with user and password, such as desktop tools.

    Source: https://cloud.google.com/sql/docs/mysql/connect-connectors#enforce
    """
    if instance.engine == SQLSERVER:
        return not_applicable("SQL Server instances know no client certificates")
    if instance.settings.connector_enforcement == "REQUIRED":
        return PASS
    if instance.settings.ip_configuration.requires_client_certificate:
        return PASS
    return fail("neither a connector nor a client certificate is required")


@check(
    "alloydb-public-ip",
    severity=Severity.HIGH,
    evidence=["networkConfig"],
    fix=Fix(
        gcloud="gcloud alloydb instances update {instance.id} --cluster={instance.cluster} "
        "--region={instance.location} --assign-inbound-public-ip=NO_PUBLIC_IP",
        terraform="network_config { enable_public_ip = false } on google_alloydb_instance",
        patch={"data": {"networkConfig": {"enablePublicIp": False}}},
    ),
    passes=lambda: [
        asset(AlloyInstance, {"networkConfig": {"enablePublicIp": False}}),
        asset(AlloyInstance, {"instanceType": "PRIMARY"}),
    ],
    fails=lambda: [
        asset(AlloyInstance, {"networkConfig": {"enablePublicIp": True}}),
        asset(
            AlloyInstance,
            {"networkConfig": {"enablePublicIp": True, "authorizedExternalNetworks": [{"cidrRange": "0.0.0.0/0"}]}},
        ),
    ],
    unknown=lambda: [asset(AlloyInstance, {"networkConfig": {}}, unknown=["resource.data.networkConfig"])],
)
def alloydb_public_ip(instance: AlloyInstance) -> Verdict:
    """An AlloyDB instance has an address on the internet.

    Why: what can be reached can be probed; with an external network as wide as the internet the database's passwords
    are its only protection, and the finding is critical.

    What a fix may break: clients outside the VPC.

    Source: https://cloud.google.com/alloydb/docs/connect-public-ip
    """
    if not instance.network_config.enable_public_ip:
        return PASS
    for network in instance.network_config.authorized_external_networks:
        if is_internet(network.cidr_range):
            return fail(f"public IP is on and {network.cidr_range} may connect", severity=Severity.CRITICAL)
    return fail("public IP is on")


@check(
    "alloydb-tls-not-required",
    severity=Severity.MEDIUM,
    evidence=["clientConnectionConfig.sslConfig.sslMode"],
    fix=Fix(
        gcloud="gcloud alloydb instances update {instance.id} --cluster={instance.cluster} "
        "--region={instance.location} --ssl-mode=ENCRYPTED_ONLY",
        terraform='client_connection_config { ssl_config { ssl_mode = "ENCRYPTED_ONLY" } }',
        patch={"data": {"clientConnectionConfig": {"sslConfig": {"sslMode": "ENCRYPTED_ONLY"}}}},
    ),
    passes=lambda: [
        asset(AlloyInstance, {"clientConnectionConfig": {"sslConfig": {"sslMode": "ENCRYPTED_ONLY"}}}),
        asset(AlloyInstance, {"instanceType": "READ_POOL"}),
    ],
    fails=lambda: [
        asset(AlloyInstance, {"clientConnectionConfig": {"sslConfig": {"sslMode": "ALLOW_UNENCRYPTED_AND_ENCRYPTED"}}}),
        asset(AlloyInstance, {"clientConnectionConfig": {"sslConfig": {"sslMode": "SSL_MODE_ALLOW"}}}),
    ],
    unknown=lambda: [
        asset(AlloyInstance, {}, unknown=["resource.data.clientConnectionConfig.sslConfig.sslMode"]),
    ],
)
def alloydb_tls_not_required(instance: AlloyInstance) -> Verdict:
    """An AlloyDB instance accepts connections that are not encrypted.

    Why: AlloyDB refuses clear text unless someone allows it, so the setting is a choice that lets passwords and rows
    travel readable.

    What a fix may break: clients that connect without TLS are refused.

    Source: https://cloud.google.com/alloydb/docs/instance-ssl
    """
    mode = instance.client_connection_config.ssl_config.ssl_mode
    safe = (*ENCRYPTED, "SSL_MODE_REQUIRE", "SSL_MODE_VERIFY_CA", "SSL_MODE_UNSPECIFIED", "")
    return PASS if mode in safe else fail(f"sslMode is {mode}")
