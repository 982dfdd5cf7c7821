"""Backups, recovery to a point in time, and what keeps a database from being lost."""

from __future__ import annotations

from typing import Any

from auditor import PASS, Clock, Fix, Settings, Severity, Verdict, asset, check, fail, not_applicable
from auditor.resources.sql import MYSQL, AlloyCluster, SqlInstance
from checks.units import Grace

_REPLICA = "a replica's data is backed up at its primary"
_EXTERNAL = "the entry stands for a server that runs outside Cloud SQL"


def _instance(version: str = "POSTGRES_15", backups: dict[str, Any] | None = None, **settings: Any) -> dict[str, Any]:
    return {"databaseVersion": version, "settings": {"backupConfiguration": backups or {}, **settings}}


class CertificateSettings(Settings, frozen=True):
    """How long before its expiry a server certificate is a finding."""

    min_days: Grace = 30


@check(
    "sql-backups-off",
    severity=Severity.HIGH,
    evidence=["settings.backupConfiguration.enabled"],
    same_as=[
        "sha:AUTO_BACKUP_DISABLED",
        "prowler:cloudsql_instance_automated_backups",
        "steampipe:sql_instance_automated_backups_enabled",
        "scoutsuite:cloudsql-instance-backups-disabled",
        "checkov:CKV_GCP_14",
        "trivy:AVD-GCP-0024",
        "cloudsploit:sql/dbAutomatedBackups",
        "policy_library:gcp_sql_backup_v1",
        "inspec:cis-gcp-6.7",
    ],
    fix=Fix(
        gcloud="gcloud sql instances patch {instance.id} --backup-start-time=03:00",
        terraform="backup_configuration { enabled = true } in settings",
        patch={"data": {"settings": {"backupConfiguration": {"enabled": True}}}},
    ),
    passes=lambda: [
        asset(SqlInstance, _instance(backups={"enabled": True})),
        asset(SqlInstance, _instance(backups={"backupTier": "ENHANCED"})),
        asset(SqlInstance, {**_instance(), "instanceType": "READ_REPLICA_INSTANCE"}),
        asset(SqlInstance, {**_instance(), "instanceType": "READ_POOL_INSTANCE"}),
        asset(SqlInstance, {**_instance(), "masterInstanceName": "p:primary"}),
        asset(SqlInstance, {"instanceType": "ON_PREMISES_INSTANCE"}),
    ],
    fails=lambda: [
        asset(SqlInstance, _instance(backups={"enabled": False, "startTime": "03:00"})),
        asset(SqlInstance, {"databaseVersion": "MYSQL_8_0", "settings": {"tier": "db-f1-micro"}}),
    ],
    unknown=lambda: [
        asset(SqlInstance, _instance(), unknown=["resource.data.settings.backupConfiguration.enabled"]),
        asset(SqlInstance, {"databaseVersion": "MYSQL_8_0"}),
    ],
)
def backups_off(instance: SqlInstance) -> Verdict:
    """A Cloud SQL instance takes no automatic backups.

    Why: after a wrong migration, a deleted table or an intruder's goodbye there is nothing to go back to.

    What a fix may break: nothing; backups are billed, and the first one adds some load.

    Source: https://cloud.google.com/sql/docs/mysql/backup-recovery/backups
    """
    if instance.is_replica:
        return not_applicable(_REPLICA)
    if instance.is_external:
        return not_applicable(_EXTERNAL)
    backups = instance.settings.backup_configuration
    return PASS if backups.enabled or backups.is_kept_elsewhere else fail("automatic backups are off")


@check(
    "sql-mysql-binary-log-off",
    severity=Severity.MEDIUM,
    evidence=["settings.backupConfiguration"],
    same_as=[
        "steampipe:sql_instance_mysql_binary_log_enabled",
        "scoutsuite:cloudsql-instance-no-binary-logging",
        "checkov:CKV2_GCP_20",
    ],
    fix=Fix(
        gcloud="gcloud sql instances patch {instance.id} --enable-bin-log",
        terraform="backup_configuration { binary_log_enabled = true } in settings",
        patch={"data": {"settings": {"backupConfiguration": {"enabled": True, "binaryLogEnabled": True}}}},
    ),
    passes=lambda: [
        asset(SqlInstance, _instance("MYSQL_8_0", {"enabled": True, "binaryLogEnabled": True})),
        asset(SqlInstance, _instance("POSTGRES_15", {"enabled": True})),
        asset(SqlInstance, {**_instance("MYSQL_8_0"), "instanceType": "READ_REPLICA_INSTANCE"}),
    ],
    fails=lambda: [
        asset(SqlInstance, _instance("MYSQL_8_0", {"enabled": True})),
        asset(SqlInstance, _instance("MYSQL_5_7", {"enabled": True, "binaryLogEnabled": False})),
    ],
    unknown=lambda: [
        asset(SqlInstance, _instance("MYSQL_8_0"), unknown=["resource.data.settings.backupConfiguration"])
    ],
)
def binary_log_off(instance: SqlInstance) -> Verdict:
    """A MySQL instance cannot be recovered to a point in time, because binary logging is off.

    Why: a nightly backup loses a day; the binary log brings the database back to the second before the mistake, and
    replicas and failover need it too.

    What a fix may break: the instance restarts when the setting changes; writes become a little slower and the logs
    take space.

    Source: https://cloud.google.com/sql/docs/mysql/backup-recovery/pitr
    """
    if instance.engine != MYSQL:
        return not_applicable("only MySQL has a binary log")
    if instance.is_replica:
        return not_applicable(_REPLICA)
    return PASS if instance.settings.backup_configuration.binary_log_enabled else fail("binary logging is off")


@check(
    "sql-point-in-time-recovery-off",
    severity=Severity.MEDIUM,
    evidence=["settings.backupConfiguration"],
    fix=Fix(
        gcloud="gcloud sql instances patch {instance.id} --enable-point-in-time-recovery",
        terraform="backup_configuration { point_in_time_recovery_enabled = true } in settings",
        patch={"data": {"settings": {"backupConfiguration": {"enabled": True, "pointInTimeRecoveryEnabled": True}}}},
    ),
    passes=lambda: [
        asset(SqlInstance, _instance("POSTGRES_15", {"enabled": True, "pointInTimeRecoveryEnabled": True})),
        asset(SqlInstance, _instance("MYSQL_8_0", {"enabled": True})),
        asset(SqlInstance, {**_instance("POSTGRES_15"), "masterInstanceName": "p:primary"}),
    ],
    fails=lambda: [
        asset(SqlInstance, _instance("POSTGRES_15", {"enabled": True})),
        asset(SqlInstance, _instance("SQLSERVER_2022_STANDARD", {"pointInTimeRecoveryEnabled": False})),
    ],
    unknown=lambda: [asset(SqlInstance, _instance(), unknown=["resource.data.settings.backupConfiguration"])],
)
def point_in_time_recovery_off(instance: SqlInstance) -> Verdict:
    """A PostgreSQL or SQL Server instance cannot be recovered to a point in time.

    Why: a nightly backup loses a day of orders; the write-ahead log brings the database back to the second before the
    mistake.

    What a fix may break: turning it on may restart the instance; the logs take space.

    Source: https://cloud.google.com/sql/docs/postgres/backup-recovery/pitr
    """
    if instance.engine == MYSQL:
        return not_applicable("MySQL recovers from its binary log, which has a check of its own")
    if instance.is_replica:
        return not_applicable(_REPLICA)
    if instance.is_external:
        return not_applicable(_EXTERNAL)
    if instance.settings.backup_configuration.point_in_time_recovery_enabled:
        return PASS
    return fail("point-in-time recovery is off")


@check(
    "sql-deletion-protection-off",
    severity=Severity.LOW,
    evidence=["settings.deletionProtectionEnabled"],
    fix=Fix(
        gcloud="gcloud sql instances patch {instance.id} --deletion-protection",
        terraform="deletion_protection_enabled = true in settings (deletion_protection binds Terraform only)",
        patch={"data": {"settings": {"deletionProtectionEnabled": True}}},
    ),
    passes=lambda: [
        asset(SqlInstance, {"settings": {"deletionProtectionEnabled": True}}),
        asset(SqlInstance, {"instanceType": "READ_REPLICA_INSTANCE"}),
    ],
    fails=lambda: [asset(SqlInstance, _instance()), asset(SqlInstance, _instance(deletionProtectionEnabled=False))],
    unknown=lambda: [asset(SqlInstance, _instance(), unknown=["resource.data.settings.deletionProtectionEnabled"])],
)
def deletion_protection_off(instance: SqlInstance) -> Verdict:
    """One command deletes a Cloud SQL instance.

    Why: automatic backups go with the instance. With deletion protection the command fails until someone has taken
    the protection away, which is a second decision.

    What a fix may break: scripts and pipelines that delete the instance.

    Source: https://cloud.google.com/sql/docs/mysql/deletion-protection
    """
    if instance.is_replica:
        return not_applicable("a replica can be made again from its primary")
    return PASS if instance.settings.deletion_protection_enabled else fail("deletion protection is off")


@check(
    "sql-single-zone",
    severity=Severity.LOW,
    evidence=["settings.availabilityType"],
    same_as=["prowler:cloudsql_instance_high_availability_enabled", "cloudsploit:sql/dbMultiAz"],
    default=False,
    fix=Fix(
        gcloud="gcloud sql instances patch {instance.id} --availability-type=REGIONAL",
        terraform='availability_type = "REGIONAL" in settings',
        patch={"data": {"settings": {"availabilityType": "REGIONAL"}}},
    ),
    passes=lambda: [
        asset(SqlInstance, {"settings": {"availabilityType": "REGIONAL"}}),
        asset(SqlInstance, {"instanceType": "READ_REPLICA_INSTANCE", "settings": {"availabilityType": "ZONAL"}}),
    ],
    fails=lambda: [asset(SqlInstance, {"settings": {"availabilityType": "ZONAL"}}), asset(SqlInstance, _instance())],
    unknown=lambda: [asset(SqlInstance, {}, unknown=["resource.data.settings.availabilityType"])],
)
def single_zone(instance: SqlInstance) -> Verdict:
    """A Cloud SQL instance runs in one zone only.

    Why: when the zone fails, the database is away until it is restored; a regional instance fails over in about a
    minute and loses nothing.

    What a fix may break: the instance restarts once, and the standby is billed.

    Source: https://cloud.google.com/sql/docs/mysql/high-availability
    """
    if instance.is_replica:
        return not_applicable("a replica is a copy already")
    return PASS if instance.settings.availability_type == "REGIONAL" else fail("availability is zonal")


@check(
    "sql-server-certificate-expiring",
    severity=Severity.MEDIUM,
    evidence=["serverCaCert.expirationTime"],
    same_as=["cloudsploit:sql/serverCertificateRotation"],
    fix=Fix(
        gcloud="gcloud sql ssl server-ca-certs create --instance={instance.id}",
        manual="Give the new certificate to the clients, then rotate: gcloud sql ssl server-ca-certs rotate.",
        patch={"data": {"serverCaCert": {"expirationTime": "2036-01-01T00:00:00Z"}}},
    ),
    passes=lambda: [
        asset(SqlInstance, {"serverCaCert": {"expirationTime": "2030-01-01T00:00:00Z"}}),
        asset(SqlInstance, {"instanceType": "ON_PREMISES_INSTANCE"}),
    ],
    fails=lambda: [
        asset(SqlInstance, {"serverCaCert": {"expirationTime": "2026-12-10T00:00:00.000Z"}}),
        asset(SqlInstance, {"serverCaCert": {"expirationTime": "2026-11-01T00:00:00Z"}}),
    ],
    unknown=lambda: [asset(SqlInstance, {}, unknown=["resource.data.serverCaCert"])],
)
def server_certificate_expiring(instance: SqlInstance, settings: CertificateSettings, clock: Clock) -> Verdict:
    """The server certificate of a Cloud SQL instance is about to expire.

    Why: on the day it expires, clients that verify it can no longer connect, and the quick way out is to stop
    verifying.

    What a fix may break: clients that do not know the new certificate when it is rotated in.

    Source: https://cloud.google.com/sql/docs/mysql/manage-ssl-instance
    """
    if instance.server_ca_cert is None or instance.server_ca_cert.expiration_time is None:
        return not_applicable("the instance has no server certificate")
    days = clock.days_until(instance.server_ca_cert.expiration_time)
    if days >= settings.min_days:
        return PASS
    return fail(f"expires in {days} days") if days >= 0 else fail(f"expired {-days} days ago", severity=Severity.HIGH)


@check(
    "alloydb-backups-off",
    severity=Severity.HIGH,
    evidence=["automatedBackupPolicy.enabled", "continuousBackupConfig.enabled"],
    same_as=["sha:ALLOYDB_AUTO_BACKUP_DISABLED"],
    fix=Fix(
        gcloud="gcloud alloydb clusters update {cluster.id} --region={cluster.location} --enable-continuous-backup",
        terraform="continuous_backup_config { enabled = true } on google_alloydb_cluster",
        patch={"data": {"continuousBackupConfig": {"enabled": True}, "automatedBackupPolicy": {"enabled": True}}},
    ),
    passes=lambda: [
        asset(AlloyCluster, {"continuousBackupConfig": {"enabled": True}}),
        asset(AlloyCluster, {"automatedBackupPolicy": {"enabled": False}, "continuousBackupConfig": {"enabled": True}}),
        asset(AlloyCluster, {"clusterType": "SECONDARY", "continuousBackupConfig": {"enabled": False}}),
    ],
    fails=lambda: [
        asset(AlloyCluster, {"automatedBackupPolicy": {"enabled": False}, "continuousBackupConfig": {"enabled": False}})
    ],
    unknown=lambda: [
        asset(
            AlloyCluster,
            {"continuousBackupConfig": {"enabled": False}},
            unknown=["resource.data.automatedBackupPolicy"],
        )
    ],
)
def alloydb_backups_off(cluster: AlloyCluster) -> Verdict:
    """An AlloyDB cluster takes neither continuous nor automatic backups.

    Why: both are on unless someone turns them off; with both off there is nothing to go back to after a mistake.

    What a fix may break: nothing; backups are billed.

    Source: https://cloud.google.com/alloydb/docs/backup/overview
    """
    if cluster.cluster_type == "SECONDARY":
        return not_applicable("a secondary cluster's data is backed up at its primary")
    if cluster.continuous_backup_config.enabled or cluster.automated_backup_policy.enabled:
        return PASS
    return fail("continuous and automatic backups are off")
