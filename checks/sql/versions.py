"""Database versions that are no longer mended, and AlloyDB's log."""

from __future__ import annotations

from datetime import date
from typing import Any

from auditor import PASS, Check, Clock, Fix, Severity, Undetermined, Verdict, asset, check, fail, not_applicable
from auditor.resources.sql import AlloyInstance, SqlInstance
from checks.setting import Setting, asked

ENDS = {
    "MYSQL_5_6": date(2021, 2, 5),
    "MYSQL_5_7": date(2023, 10, 21),
    "MYSQL_8_0": date(2026, 4, 30),
    "MYSQL_8_4": date(2032, 4, 30),
    "POSTGRES_9_6": date(2021, 11, 11),
    "POSTGRES_10": date(2022, 11, 10),
    "POSTGRES_11": date(2023, 11, 9),
    "POSTGRES_12": date(2024, 11, 21),
    "POSTGRES_13": date(2025, 11, 13),
    "POSTGRES_14": date(2026, 11, 12),
    "POSTGRES_15": date(2027, 11, 11),
    "POSTGRES_16": date(2028, 11, 9),
    "POSTGRES_17": date(2029, 11, 8),
    "POSTGRES_18": date(2030, 11, 14),
    "SQLSERVER_2017": date(2027, 10, 12),
    "SQLSERVER_2019": date(2030, 1, 8),
    "SQLSERVER_2022": date(2033, 1, 11),
}
"""Version → the day on which its makers stop mending it. Sources: dev.mysql.com/support/eol-notice.html,
postgresql.org/support/versioning, learn.microsoft.com/lifecycle"""


def _ends(version: str) -> date:
    """When a version ends. Raises `Undetermined` where it is in no table."""
    for known, day in ENDS.items():
        if version == known or version.startswith(known + "_"):
            return day
    raise Undetermined("databaseVersion", f"it is not known when {version or 'its version'} ends")


def _instance(version: str, **data: Any) -> Any:
    return asset(SqlInstance, {"databaseVersion": version, "instanceType": "CLOUD_SQL_INSTANCE", **data})


@check(
    "sql-version-end-of-life",
    severity=Severity.MEDIUM,
    evidence=["databaseVersion"],
    same_as=["checkov:CKV_GCP_79", "cloudsploit:sql/mysqlLatestVersion", "cloudsploit:sql/postgresqlLatestVersion"],
    fix=Fix(
        gcloud="gcloud sql instances patch {instance.id} --database-version=VERSION",
        terraform="database_version on google_sql_database_instance",
        manual="Upgrade a clone first, and look at what the application says to it.",
        patch={"data": {"databaseVersion": "POSTGRES_17"}},
    ),
    passes=lambda: [
        _instance("POSTGRES_15"),
        _instance("MYSQL_8_4"),
        _instance("SQLSERVER_2019_STANDARD"),
        _instance("MYSQL_5_6", instanceType="ON_PREMISES_INSTANCE"),
    ],
    fails=lambda: [
        _instance("POSTGRES_14"),
        _instance("POSTGRES_9_6"),
        _instance("MYSQL_5_7"),
        _instance("MYSQL_8_0_36"),
    ],
    unknown=lambda: [
        _instance("POSTGRES_99"),
        asset(SqlInstance, {"databaseVersion": "POSTGRES_17"}, unknown=["resource.data.databaseVersion"]),
    ],
)
def version_end_of_life(instance: SqlInstance, clock: Clock) -> Verdict:
    """A database version is no longer mended by its makers.

    Why: faults that are found from now on stay. Cloud SQL goes on with extended support for a while, at a price that
    rises, and then upgrades the instance when it sees fit.

    What a fix may break: a new major version drops and changes features; the instance is down for some minutes.

    Source: https://cloud.google.com/sql/docs/db-versions
    """
    if instance.is_external:
        return not_applicable("the entry stands for a server that runs outside Cloud SQL")
    ends = _ends(instance.database_version)
    if clock.now.date() <= ends:
        return PASS
    return fail(f"{instance.database_version} has not been mended since {ends}")


def _full_disk(instance: SqlInstance) -> Verdict | None:
    if instance.is_external:
        return not_applicable("the entry stands for a server that runs outside Cloud SQL")
    return None if instance.settings.storage_auto_resize else fail("storageAutoResize is off")


storage_fixed = asked(
    __name__,
    Setting(
        id="sql-storage-does-not-grow",
        view=SqlInstance,
        severity=Severity.LOW,
        problem=_full_disk,
        title="The disk of a Cloud SQL instance does not grow when it is full.",
        why="a database whose disk is full stops, its logs included. Alerts on disk use do the same if somebody is "
        "awake.",
        breaks="nothing; the disk never shrinks again.",
        source="https://cloud.google.com/sql/docs/mysql/instance-settings#automatic-storage-increase-2ndgen",
        good=[{"settings": {"storageAutoResize": True}}, {"settings": {"tier": "db-f1-micro"}}],
        bad=[{"settings": {"storageAutoResize": False}}],
        path="settings.storageAutoResize",
        same_as=["cloudsploit:sql/storageAutoIncreaseEnabled"],
        gcloud="gcloud sql instances patch {resource.id} --storage-auto-increase",
        terraform="disk_autoresize = true in settings",
        default=False,
    ),
)


def _any_time(instance: SqlInstance) -> Verdict | None:
    if instance.is_external or instance.is_replica:
        return not_applicable("maintenance follows that of the primary instance")
    window = instance.settings.maintenance_window
    return None if window and window.day else fail("no maintenance window is set")


any_time = asked(
    __name__,
    Setting(
        id="sql-maintenance-any-time",
        view=SqlInstance,
        severity=Severity.INFO,
        problem=_any_time,
        title="A Cloud SQL instance may be restarted for maintenance at any hour.",
        why="maintenance takes a minute of the day's peak as well as one of the night's.",
        breaks="nothing.",
        source="https://cloud.google.com/sql/docs/mysql/maintenance",
        good=[
            {"settings": {"maintenanceWindow": {"day": 7, "hour": 3}}},
            {"instanceType": "READ_REPLICA_INSTANCE", "settings": {}},
        ],
        bad=[{"settings": {"tier": "t"}}, {"settings": {"maintenanceWindow": {"day": 0, "hour": 0}}}],
        path="settings.maintenanceWindow",
        same_as=["policy_library:gcp_sql_maintenance_window_v1"],
        gcloud="gcloud sql instances patch {resource.id} --maintenance-window-day=SUN --maintenance-window-hour=3",
        terraform="maintenance_window { day = 7, hour = 3 } in settings",
        default=False,
    ),
)

_LEVELS = ("debug5", "debug4", "debug3", "debug2", "debug1", "info", "notice", "warning", "error")


def _flag(
    identifier: str, name: str, good: tuple[str, ...], default: str, bad: str, title: str, why: str, same_as: list[str]
) -> Check:
    """The check of one flag of AlloyDB; `good` begins with the value to set."""

    def problem(instance: AlloyInstance) -> Verdict | None:
        value = instance.database_flags.get(name, default).strip().lower()
        return None if value in good else fail(f"{name} is {value}")

    return asked(
        __name__,
        Setting(
            id=identifier,
            view=AlloyInstance,
            severity=Severity.LOW,
            problem=problem,
            title=title,
            why=why,
            breaks="nothing; the log grows, and with it what is billed for it.",
            source=f"https://cloud.google.com/alloydb/docs/reference/alloydb-flags#{name}",
            good=[{"databaseFlags": {name: good[0]}}, {"instanceType": "PRIMARY", "databaseFlags": {"x": "on"}}],
            bad=[{"databaseFlags": {name: bad}}],
            path="databaseFlags",
            same_as=same_as,
            manual=f"Set {name}={good[0]} with --database-flags of `gcloud alloydb instances`, together with all flags "
            "that are set already: the option replaces the whole list.",
            terraform=f'database_flags = {{ {name} = "{good[0]}" }} on google_alloydb_instance',
        ),
    )


alloydb_verbosity = _flag(
    "alloydb-log-error-verbosity",
    "log_error_verbosity",
    ("default", "verbose"),
    "default",
    "terse",
    "AlloyDB leaves the details out of the errors that it logs (log_error_verbosity).",
    "without DETAIL, HINT and CONTEXT nobody can tell afterwards what a failed query was after.",
    [
        "steampipe:alloydb_instance_log_error_verbosity_database_flag_default_or_stricter",
        "sha:ALLOYDB_LOG_ERROR_VERBOSITY",
    ],
)
alloydb_statement = _flag(
    "alloydb-log-min-error-statement",
    "log_min_error_statement",
    tuple(reversed(_LEVELS)),
    "error",
    "panic",
    "AlloyDB does not log the statements that fail (log_min_error_statement).",
    "the statements that fail are those of somebody who tries; the log then holds the error without the question.",
    [
        "steampipe:alloydb_instance_log_min_error_statement_database_flag_configured",
        "sha:ALLOYDB_LOG_MIN_ERROR_STATEMENT_SEVERITY",
    ],
)
alloydb_messages = _flag(
    "alloydb-log-min-messages",
    "log_min_messages",
    tuple(reversed(_LEVELS[:-1])),
    "warning",
    "fatal",
    "AlloyDB logs less than warnings (log_min_messages).",
    "refused sign-ins and broken permissions are told as warnings and errors.",
    ["steampipe:alloydb_instance_log_min_messages_database_flag_error", "sha:ALLOYDB_LOG_MIN_MESSAGES"],
)
