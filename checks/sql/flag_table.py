"""The database flags of MySQL and PostgreSQL that have a check of their own, and the values that they should have."""

from __future__ import annotations

from dataclasses import dataclass

from auditor import Severity
from auditor.resources.sql import MYSQL, POSTGRES, SQLSERVER

ENGINES = {
    MYSQL: ("MySQL", "MYSQL_8_0", "https://cloud.google.com/sql/docs/mysql/flags"),
    POSTGRES: ("PostgreSQL", "POSTGRES_14", "https://cloud.google.com/sql/docs/postgres/flags"),
    SQLSERVER: ("SQL Server", "SQLSERVER_2022_STANDARD", "https://cloud.google.com/sql/docs/sqlserver/flags"),
}
_LEVELS = ("debug5", "debug4", "debug3", "debug2", "debug1", "debug", "info", "notice", "warning", "error")


@dataclass(frozen=True, kw_only=True)
class Flag:
    """A database flag, and the values that it should have."""

    id: str
    engine: str
    name: str
    good: tuple[str, ...]
    default: str
    """The value that holds where the flag is not set."""
    problem: str
    why: str
    breaks: str = "nothing; the log grows, and with it what is billed for it."
    same_as: tuple[str, ...] = ()
    severity: Severity = Severity.LOW
    selected: bool = True
    good_since: int = 0
    """The engine's version from which the default is good, 0 for never."""

    @property
    def page(self) -> str:
        """The page of the flag's check."""
        engine, _, source = ENGINES[self.engine]
        return f"""{self.problem}

        Why: {self.why}

        What a fix may break: {self.breaks} Some flags restart the instance. The gcloud command replaces the whole
        list of flags, so name those that are set already as well.

        Source: {source} ({engine}, flag {self.name})
        """


LOCAL_INFILE = Flag(
    id="sql-mysql-local-infile-on",
    engine=MYSQL,
    name="local_infile",
    good=("off",),
    default="left to the engine's version",
    problem="A MySQL instance lets clients load files of their own machine (local_infile).",
    why="with LOAD DATA LOCAL a query that an attacker can shape reads files of the application's machine.",
    breaks="imports that use LOAD DATA LOCAL.",
    severity=Severity.MEDIUM,
    same_as=(
        "sha:SQL_LOCAL_INFILE",
        "prowler:cloudsql_instance_mysql_local_infile_flag",
        "steampipe:sql_instance_mysql_local_infile_database_flag_off",
        "scoutsuite:cloudsql-mysql-instances-local-infile-on",
        "checkov:CKV_GCP_50",
        "trivy:AVD-GCP-0026",
        "cloudsploit:sql/mysqlLocalInfile",
        "inspec:cis-gcp-6.1.3",
    ),
)
SKIP_SHOW_DATABASE = Flag(
    id="sql-mysql-skip-show-database-off",
    engine=MYSQL,
    name="skip_show_database",
    good=("on",),
    default="off",
    problem="Every user of a MySQL instance may list all databases (skip_show_database).",
    why="names of databases tell an intruder with a small account where to look next.",
    breaks="tools that list databases for accounts without the SHOW DATABASES privilege.",
    same_as=(
        "sha:SQL_SKIP_SHOW_DATABASE_DISABLED",
        "prowler:cloudsql_instance_mysql_skip_show_database_flag",
        "steampipe:sql_instance_mysql_skip_show_database_flag_on",
        "cloudsploit:sql/mysqlSkipShowDatabase",
        "inspec:cis-gcp-6.1.2",
    ),
)
SLOW_QUERY_LOG = Flag(
    id="sql-mysql-slow-query-log-off",
    engine=MYSQL,
    name="slow_query_log",
    good=("on",),
    default="off",
    problem="A MySQL instance does not log slow queries (slow_query_log).",
    why="the slow log shows queries that exhaust the instance, by mistake or as an attack.",
    severity=Severity.INFO,
    selected=False,
    same_as=("cloudsploit:sql/mysqlSlowQueryLog",),
)
MYSQL_IAM = Flag(
    id="sql-mysql-iam-authentication-off",
    engine=MYSQL,
    name="cloudsql_iam_authentication",
    good=("on",),
    default="off",
    problem="A MySQL instance takes no IAM identities for login (cloudsql_iam_authentication).",
    why="IAM database login has no password to leak, ends with the account and is in the audit log.",
    breaks="nothing; users with passwords keep working beside it.",
)
POSTGRES_IAM = Flag(
    id="sql-postgres-iam-authentication-off",
    engine=POSTGRES,
    name="cloudsql.iam_authentication",
    good=("on",),
    default="off",
    problem="A PostgreSQL instance takes no IAM identities for login (cloudsql.iam_authentication).",
    why="IAM database login has no password to leak, ends with the account and is in the audit log.",
    breaks="nothing; users with passwords keep working beside it.",
)
LOG_CONNECTIONS = Flag(
    id="sql-postgres-log-connections-off",
    engine=POSTGRES,
    name="log_connections",
    good=("all", "on"),
    default="off",
    problem="A PostgreSQL instance does not log connections (log_connections).",
    why="without them nobody can say afterwards who was connected, or see passwords being guessed.",
    same_as=(
        "sha:SQL_LOG_CONNECTIONS_DISABLED",
        "prowler:cloudsql_instance_postgres_log_connections_flag",
        "steampipe:sql_instance_postgresql_log_connections_database_flag_on",
        "scoutsuite:cloudsql-postgresql-instances-log-connections-off",
        "checkov:CKV_GCP_52",
        "trivy:AVD-GCP-0016",
        "cloudsploit:sql/postgresqlLogConnections",
        "inspec:cis-gcp-6.2.2",
    ),
)
LOG_DISCONNECTIONS = Flag(
    id="sql-postgres-log-disconnections-off",
    engine=POSTGRES,
    name="log_disconnections",
    good=("on",),
    default="off",
    problem="A PostgreSQL instance does not log the end of sessions (log_disconnections).",
    why="the line tells how long a session lasted, which separates a probe from a copy of the database.",
    same_as=(
        "sha:SQL_LOG_DISCONNECTIONS_DISABLED",
        "prowler:cloudsql_instance_postgres_log_disconnections_flag",
        "steampipe:sql_instance_postgresql_log_disconnections_database_flag_on",
        "scoutsuite:cloudsql-postgresql-instances-log-disconnections-off",
        "checkov:CKV_GCP_53",
        "trivy:AVD-GCP-0022",
        "cloudsploit:sql/postgresqlLogDisconnections",
        "inspec:cis-gcp-6.2.3",
    ),
)
LOG_STATEMENT = Flag(
    id="sql-postgres-log-statement-none",
    engine=POSTGRES,
    name="log_statement",
    good=("mod", "all", "ddl"),
    default="none",
    problem="A PostgreSQL instance does not log changes of its schema (log_statement).",
    why="a dropped table or a new superuser leaves no trace.",
    same_as=(
        "sha:SQL_LOG_STATEMENT",
        "prowler:cloudsql_instance_postgres_log_statement_flag",
        "steampipe:sql_instance_postgresql_log_statement_database_flag_ddl",
        "checkov:CKV_GCP_111",
        "cloudsploit:sql/postgresqlLogStatement",
        "inspec:cis-gcp-6.2.4",
    ),
)
LOG_MIN_MESSAGES = Flag(
    id="sql-postgres-log-min-messages-high",
    engine=POSTGRES,
    name="log_min_messages",
    good=_LEVELS[:-1],
    default="warning",
    problem="A PostgreSQL instance leaves warnings out of its log (log_min_messages).",
    why="warnings announce what later breaks, and what someone tries.",
    same_as=(
        "sha:SQL_LOG_MIN_MESSAGES",
        "prowler:cloudsql_instance_postgres_log_min_messages_flag",
        "steampipe:sql_instance_postgresql_log_min_messages_database_flag_error",
        "scoutsuite:cloudsql-postgresql-instances-log-min-messages-not-set",
        "checkov:CKV_GCP_55",
        "trivy:AVD-GCP-0018",
        "cloudsploit:sql/postgresqlLogMinMessages",
        "inspec:cis-gcp-6.2.5",
    ),
)
LOG_MIN_ERROR_STATEMENT = Flag(
    id="sql-postgres-log-min-error-statement-high",
    engine=POSTGRES,
    name="log_min_error_statement",
    good=_LEVELS,
    default="error",
    problem="A PostgreSQL instance does not log the statements that fail (log_min_error_statement).",
    why="statements that fail are how attempts at SQL injection look in the log.",
    same_as=(
        "sha:SQL_LOG_MIN_ERROR_STATEMENT_SEVERITY",
        "prowler:cloudsql_instance_postgres_log_min_error_statement_flag",
        "steampipe:sql_instance_postgresql_log_min_error_statement_database_flag_configured",
        "checkov:CKV_GCP_109",
        "cloudsploit:sql/postgresqlLogMinError",
        "inspec:cis-gcp-6.2.6",
    ),
)
LOG_MIN_DURATION_STATEMENT = Flag(
    id="sql-postgres-log-min-duration-statement-on",
    engine=POSTGRES,
    name="log_min_duration_statement",
    good=("-1",),
    default="-1",
    problem="A PostgreSQL instance logs slow statements with their data (log_min_duration_statement).",
    why="statements carry names, addresses and tokens, and logs are read by more people than the database is.",
    breaks="the search for slow queries; Query Insights finds them without the data.",
    same_as=(
        "sha:SQL_LOG_MIN_DURATION_STATEMENT_ENABLED",
        "prowler:cloudsql_instance_postgres_log_min_duration_statement_flag",
        "steampipe:sql_instance_postgresql_log_min_duration_statement_database_flag_disabled",
        "scoutsuite:cloudsql-postgresql-instances-log-min-duration-not-set-1",
        "checkov:CKV_GCP_57",
        "trivy:AVD-GCP-0021",
        "cloudsploit:sql/postgresqlLogMinDuration",
        "inspec:cis-gcp-6.2.7",
    ),
)
PGAUDIT = Flag(
    id="sql-postgres-pgaudit-off",
    engine=POSTGRES,
    name="cloudsql.enable_pgaudit",
    good=("on",),
    default="off",
    problem="A PostgreSQL instance does not audit what users read and change (cloudsql.enable_pgaudit).",
    why="only the pgAudit extension tells which user read which table, once it is created in the database and given a "
    "pgaudit.log level.",
    severity=Severity.MEDIUM,
    same_as=(
        "prowler:cloudsql_instance_postgres_enable_pgaudit_flag",
        "steampipe:sql_instance_postgresql_cloudsql_pgaudit_database_flag_enabled",
        "checkov:CKV_GCP_110",
        "cloudsploit:sql/postgresqlPgAuditEnabled",
        "inspec:cis-gcp-6.2.8",
    ),
)
LOG_ERROR_VERBOSITY = Flag(
    id="sql-postgres-log-error-verbosity-verbose",
    engine=POSTGRES,
    name="log_error_verbosity",
    good=("terse", "default"),
    default="default",
    problem="A PostgreSQL instance logs errors with source code places (log_error_verbosity).",
    why="verbose lines drown what matters and show strangers to the log how the server works inside.",
    breaks="nothing.",
    severity=Severity.INFO,
    same_as=(
        "sha:SQL_LOG_ERROR_VERBOSITY",
        "prowler:cloudsql_instance_postgres_log_error_verbosity_flag",
        "steampipe:sql_instance_postgresql_log_error_verbosity_database_flag_default_or_stricter",
        "cloudsploit:sql/postgresqlLogErrorVerbosity",
        "inspec:cis-gcp-6.2.1",
    ),
)
LOG_CHECKPOINTS = Flag(
    id="sql-postgres-log-checkpoints-off",
    engine=POSTGRES,
    name="log_checkpoints",
    good=("on",),
    default="off",
    good_since=15,
    problem="A PostgreSQL instance does not log checkpoints (log_checkpoints).",
    why="checkpoints explain slow minutes and recovery times after a crash.",
    severity=Severity.INFO,
    selected=False,
    same_as=(
        "sha:SQL_LOG_CHECKPOINTS_DISABLED",
        "steampipe:sql_instance_postgresql_log_checkpoints_database_flag_on",
        "scoutsuite:cloudsql-postgresql-instances-log-checkpoints-off",
        "checkov:CKV_GCP_51",
        "trivy:AVD-GCP-0025",
        "cloudsploit:sql/postgresqlLogCheckpoints",
    ),
)
LOG_LOCK_WAITS = Flag(
    id="sql-postgres-log-lock-waits-off",
    engine=POSTGRES,
    name="log_lock_waits",
    good=("on",),
    default="off",
    problem="A PostgreSQL instance does not log sessions that wait long for a lock (log_lock_waits).",
    why="long waits are how an instance is brought to a halt, by mistake or on purpose.",
    severity=Severity.INFO,
    selected=False,
    same_as=(
        "sha:SQL_LOG_LOCK_WAITS_DISABLED",
        "steampipe:sql_instance_postgresql_log_lock_waits_database_flag_on",
        "scoutsuite:cloudsql-postgresql-instances-log-lock-waits-off",
        "checkov:CKV_GCP_54",
        "trivy:AVD-GCP-0020",
        "cloudsploit:sql/postgresqlLogLockWaits",
    ),
)
LOG_TEMP_FILES = Flag(
    id="sql-postgres-log-temp-files-off",
    engine=POSTGRES,
    name="log_temp_files",
    good=("0",),
    default="-1",
    problem="A PostgreSQL instance does not log all temporary files (log_temp_files).",
    why="large temporary files show queries that fill the disk until the instance stops.",
    severity=Severity.INFO,
    selected=False,
    same_as=(
        "sha:SQL_LOG_TEMP_FILES",
        "steampipe:sql_instance_postgresql_log_temp_files_database_flag_0",
        "scoutsuite:cloudsql-postgresql-instances-log-temp-files-not-set-0",
        "checkov:CKV_GCP_56",
        "trivy:AVD-GCP-0014",
        "cloudsploit:sql/postgresqlLogTempFiles",
    ),
)
LOG_DURATION = Flag(
    id="sql-postgres-log-duration-off",
    engine=POSTGRES,
    name="log_duration",
    good=("on",),
    default="off",
    problem="A PostgreSQL instance does not log how long statements take (log_duration).",
    why="durations show when an instance is being exhausted; Query Insights shows them as well.",
    severity=Severity.INFO,
    selected=False,
    same_as=(
        "sha:SQL_LOG_DURATION_DISABLED",
        "steampipe:sql_instance_postgresql_log_duration_database_flag_on",
        "checkov:CKV2_GCP_13",
    ),
)
LOG_HOSTNAME = Flag(
    id="sql-postgres-log-hostname-off",
    engine=POSTGRES,
    name="log_hostname",
    good=("on",),
    default="off",
    problem="A PostgreSQL instance logs addresses of clients without their host names (log_hostname).",
    why="names are easier to follow than addresses that change; each line costs a DNS lookup, so this is a taste.",
    severity=Severity.INFO,
    selected=False,
    same_as=(
        "steampipe:sql_instance_postgresql_log_hostname_database_flag_configured",
        "checkov:CKV_GCP_108",
        "cloudsploit:sql/postgresqlLogHostname",
    ),
)


def _statistics(name: str, what: str, *same_as: str) -> Flag:
    return Flag(
        id=f"sql-postgres-{name.replace('_', '-')}-on",
        engine=POSTGRES,
        name=name,
        good=("off",),
        default="off",
        problem=f"A PostgreSQL instance writes {what} statistics of every query to its log ({name}).",
        why="made for developers of the server: the lines fill the log and slow every query down.",
        breaks="nothing.",
        severity=Severity.INFO,
        selected=False,
        same_as=same_as,
    )


EXECUTOR_STATS = _statistics(
    "log_executor_stats",
    "executor",
    "sha:SQL_LOG_EXECUTOR_STATS_ENABLED",
    "steampipe:sql_instance_postgresql_log_executor_stats_database_flag_off",
    "checkov:CKV2_GCP_14",
    "cloudsploit:sql/postgresqlLogExecutorStats",
)
PARSER_STATS = _statistics(
    "log_parser_stats",
    "parser",
    "sha:SQL_LOG_PARSER_STATS_ENABLED",
    "steampipe:sql_instance_postgresql_log_parser_stats_database_flag_off",
    "checkov:CKV2_GCP_15",
    "cloudsploit:sql/postgresqlLogParserStats",
)
PLANNER_STATS = _statistics(
    "log_planner_stats",
    "planner",
    "sha:SQL_LOG_PLANNER_STATS_ENABLED",
    "steampipe:sql_instance_postgresql_log_planner_stats_database_flag_off",
    "checkov:CKV2_GCP_16",
    "cloudsploit:sql/postgresqlLogPlannerStats",
)
STATEMENT_STATS = _statistics(
    "log_statement_stats",
    "total",
    "sha:SQL_LOG_STATEMENT_STATS_ENABLED",
    "steampipe:sql_instance_postgresql_log_statement_stats_database_flag_off",
    "checkov:CKV2_GCP_17",
)
