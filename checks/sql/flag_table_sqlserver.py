"""The database flags of SQL Server that have a check of their own."""

from __future__ import annotations

from auditor import Severity
from auditor.resources.sql import SQLSERVER
from checks.sql.flag_table import Flag

EXTERNAL_SCRIPTS = Flag(
    id="sql-sqlserver-external-scripts-on",
    engine=SQLSERVER,
    name="external scripts enabled",
    good=("off",),
    default="off",
    problem="A SQL Server instance runs scripts of other languages (external scripts enabled).",
    why="R and Python inside the database turn an injected query into code on the server.",
    breaks="procedures that call external scripts.",
    severity=Severity.MEDIUM,
    same_as=(
        "sha:SQL_EXTERNAL_SCRIPTS_ENABLED",
        "prowler:cloudsql_instance_sqlserver_external_scripts_enabled_flag",
        "steampipe:sql_instance_sql_external_scripts_enabled_database_flag_off",
        "cloudsploit:sql/sqlServerExternalScripts",
        "inspec:cis-gcp-6.3.1",
    ),
)
CROSS_DB = Flag(
    id="sql-sqlserver-cross-db-ownership-chaining-on",
    engine=SQLSERVER,
    name="cross db ownership chaining",
    good=("off",),
    default="off",
    problem="A SQL Server instance lets ownership reach across databases (cross db ownership chaining).",
    why="who owns an object in one database reaches objects of the same owner in all others.",
    breaks="queries across databases that rely on it; grant them what they need instead.",
    severity=Severity.MEDIUM,
    same_as=(
        "sha:SQL_CROSS_DB_OWNERSHIP_CHAINING",
        "prowler:cloudsql_instance_sqlserver_cross_db_ownership_chaining_flag",
        "steampipe:sql_instance_sql_cross_db_ownership_chaining_database_flag_off",
        "scoutsuite:cloudsql-sqlservers-instances-cross-db-ownership-chaining-on",
        "checkov:CKV_GCP_58",
        "trivy:AVD-GCP-0019",
        "cloudsploit:sql/sqlCrossDbOwnership",
        "inspec:cis-gcp-6.3.2",
    ),
)
CONTAINED_AUTHENTICATION = Flag(
    id="sql-sqlserver-contained-authentication-on",
    engine=SQLSERVER,
    name="contained database authentication",
    good=("off",),
    default="off",
    problem="A SQL Server instance lets databases bring their own logins (contained database authentication).",
    why="a database's administrator can let users in that the server's administrator never sees.",
    breaks="logins of contained database users.",
    severity=Severity.MEDIUM,
    same_as=(
        "sha:SQL_CONTAINED_DATABASE_AUTHENTICATION",
        "prowler:cloudsql_instance_sqlserver_contained_database_authentication_flag",
        "steampipe:sql_instance_sql_contained_database_authentication_database_flag_off",
        "scoutsuite:cloudsql-sqlservers-instances-contained-database-authentication-on",
        "checkov:CKV_GCP_59",
        "trivy:AVD-GCP-0023",
        "cloudsploit:sql/sqlContainedDatabaseAuth",
        "cloudsploit:sql/sqlServerContainedDBAuth",
        "inspec:cis-gcp-6.3.7",
    ),
)
REMOTE_ACCESS = Flag(
    id="sql-sqlserver-remote-access-on",
    engine=SQLSERVER,
    name="remote access",
    good=("off",),
    default="on",
    problem="A SQL Server instance runs stored procedures for other servers (remote access).",
    why="the feature is long deprecated, and other servers can use it to exhaust this one.",
    breaks="remote stored procedure calls; linked servers do not need the flag.",
    same_as=(
        "sha:SQL_REMOTE_ACCESS_ENABLED",
        "prowler:cloudsql_instance_sqlserver_remote_access_flag",
        "steampipe:sql_instance_sql_remote_access_database_flag_off",
        "cloudsploit:sql/sqlServerRemoteAccessDisabled",
        "inspec:cis-gcp-6.3.5",
    ),
)
TRACE_3625 = Flag(
    id="sql-sqlserver-trace-3625-off",
    engine=SQLSERVER,
    name="3625",
    good=("on",),
    default="off",
    problem="A SQL Server instance shows every login the details of error messages (trace flag 3625).",
    why="with the flag on, who is no administrator sees masked parameters instead of hints about accounts.",
    breaks="the reading of error messages by developers.",
    severity=Severity.INFO,
    same_as=(
        "sha:SQL_TRACE_FLAG_3625",
        "prowler:cloudsql_instance_sqlserver_trace_flag",
        "steampipe:sql_instance_sql_3625_trace_database_flag_on",
        "inspec:cis-gcp-6.3.6",
    ),
)
USER_CONNECTIONS = Flag(
    id="sql-sqlserver-user-connections-limited",
    engine=SQLSERVER,
    name="user connections",
    good=("0",),
    default="0",
    problem="A SQL Server instance has a fixed limit of connections (user connections).",
    why="whoever opens that many connections locks everyone out; without a limit the server adjusts itself.",
    breaks="nothing.",
    severity=Severity.INFO,
    same_as=(
        "sha:SQL_USER_CONNECTIONS_CONFIGURED",
        "prowler:cloudsql_instance_sqlserver_user_connections_flag",
        "steampipe:sql_instance_sql_user_connections_database_flag_configured",
        "cloudsploit:sql/sqlServerUserConnections",
        "inspec:cis-gcp-6.3.3",
    ),
)
USER_OPTIONS = Flag(
    id="sql-sqlserver-user-options-set",
    engine=SQLSERVER,
    name="user options",
    good=("", "0"),
    default="",
    problem="A SQL Server instance changes session defaults for all users (user options).",
    why="the options replace what applications rely on, such as warnings about truncated values.",
    breaks="applications that rely on the options.",
    severity=Severity.INFO,
    same_as=(
        "sha:SQL_USER_OPTIONS_CONFIGURED",
        "prowler:cloudsql_instance_sqlserver_user_options_flag",
        "steampipe:sql_instance_sql_user_options_database_flag_not_configured",
        "cloudsploit:sql/sqlServerUserOptionsDisabled",
        "inspec:cis-gcp-6.3.4",
    ),
)
