"""Database flags that weaken an instance or keep its log silent: one check for each, out of one table."""

from __future__ import annotations

from typing import Any

from auditor import PASS, Check, Fix, Verdict, asset, check, fail, not_applicable
from auditor.resources.sql import MYSQL, SqlInstance
from checks.sql import flag_table, flag_table_sqlserver
from checks.sql.flag_table import ENGINES, Flag

_SWITCH = {"1": "on", "true": "on", "yes": "on", "0": "off", "false": "off", "no": "off"}
_BAD = {"on": "off", "ddl": "none", "error": "log", "warning": "fatal", "default": "verbose", "-1": "100", "0": "512"}
"""For examples: a bad value beside the good one; `on` where nothing is said."""


def judge_flag(flag: Flag, instance: SqlInstance) -> Verdict:
    """Whether an instance has a flag at one of its good values."""
    if instance.engine != flag.engine:
        return not_applicable(f"the flag belongs to {ENGINES[flag.engine][0]}")
    if instance.is_external:
        return not_applicable("the entry stands for a server that runs outside Cloud SQL")
    value = instance.flag(flag.name)
    if value is None:
        if flag.default in flag.good or (flag.good_since and instance.major_version >= flag.good_since):
            return PASS
        found = f"{flag.name} is not set, the default is {flag.default or 'empty'}"
    else:
        spoken = value.strip().lower()
        switched = _SWITCH.get(spoken, spoken) if {"on", "off"}.intersection(flag.good) else spoken
        if switched in flag.good:
            return PASS
        found = f"{flag.name} is {value}"
    return fail(found, evidence={"flagsToSet": instance.flags_with(flag.name, flag.good[-1])})


def _on_flag(flag: Flag) -> Check:
    """The check of one flag."""
    _, version, _ = ENGINES[flag.engine]
    other = "MYSQL_8_0" if flag.engine != MYSQL else "POSTGRES_14"
    good = flag.good[-1]
    bad = _BAD.get(good, "on")

    def example(database_version: str, value: str | None) -> dict[str, Any]:
        flags = [{"name": "unrelated", "value": "x"}]
        if value is not None:
            flags.append({"name": flag.name, "value": value})
        return {"databaseVersion": database_version, "settings": {"databaseFlags": flags}}

    def judge(instance: SqlInstance) -> Verdict:
        return judge_flag(flag, instance)

    judge.__doc__ = flag.page
    unset = asset(SqlInstance, example(version, None))
    wrong = asset(SqlInstance, example(version, bad))
    unset_is_good = flag.default in flag.good
    return check(
        flag.id,
        severity=flag.severity,
        same_as=flag.same_as,
        evidence=["databaseVersion", "settings.databaseFlags"],
        default=flag.selected,
        fix=Fix(
            gcloud="gcloud sql instances patch {instance.id} --database-flags={found[flagsToSet]}",
            terraform=f'database_flags {{ name = "{flag.name}", value = "{good}" }} in settings',
            manual="--database-flags replaces the whole list: the command repeats the flags that the instance had when "
            "it was read. Set several flags with one command, or each undoes the one before. Some restart the "
            "instance.",
            patch={"data": {"settings": {"databaseFlags": [{"name": flag.name, "value": good}]}}},
        ),
        passes=lambda: [
            asset(SqlInstance, example(version, good)) if good else unset,
            asset(SqlInstance, example(other, bad)),
            asset(SqlInstance, {**example(version, bad), "instanceType": "ON_PREMISES_INSTANCE"}),
            *([unset] if unset_is_good else []),
            *([asset(SqlInstance, example(f"{flag.engine}_{flag.good_since}", None))] if flag.good_since else []),
        ],
        fails=lambda: [wrong, *([] if unset_is_good else [unset])],
        unknown=lambda: [
            asset(SqlInstance, example(version, None), unknown=["resource.data.settings.databaseFlags.*"]),
            asset(SqlInstance, example(version, good), unknown=["resource.data.databaseVersion"]),
        ],
    )(judge)


local_infile = _on_flag(flag_table.LOCAL_INFILE)
skip_show_database = _on_flag(flag_table.SKIP_SHOW_DATABASE)
slow_query_log = _on_flag(flag_table.SLOW_QUERY_LOG)
mysql_iam = _on_flag(flag_table.MYSQL_IAM)
postgres_iam = _on_flag(flag_table.POSTGRES_IAM)
log_connections = _on_flag(flag_table.LOG_CONNECTIONS)
log_disconnections = _on_flag(flag_table.LOG_DISCONNECTIONS)
log_statement = _on_flag(flag_table.LOG_STATEMENT)
log_min_messages = _on_flag(flag_table.LOG_MIN_MESSAGES)
log_min_error_statement = _on_flag(flag_table.LOG_MIN_ERROR_STATEMENT)
log_min_duration_statement = _on_flag(flag_table.LOG_MIN_DURATION_STATEMENT)
pgaudit = _on_flag(flag_table.PGAUDIT)
log_error_verbosity = _on_flag(flag_table.LOG_ERROR_VERBOSITY)
log_checkpoints = _on_flag(flag_table.LOG_CHECKPOINTS)
log_lock_waits = _on_flag(flag_table.LOG_LOCK_WAITS)
log_temp_files = _on_flag(flag_table.LOG_TEMP_FILES)
log_duration = _on_flag(flag_table.LOG_DURATION)
log_hostname = _on_flag(flag_table.LOG_HOSTNAME)
executor_stats = _on_flag(flag_table.EXECUTOR_STATS)
parser_stats = _on_flag(flag_table.PARSER_STATS)
planner_stats = _on_flag(flag_table.PLANNER_STATS)
statement_stats = _on_flag(flag_table.STATEMENT_STATS)
external_scripts = _on_flag(flag_table_sqlserver.EXTERNAL_SCRIPTS)
cross_db = _on_flag(flag_table_sqlserver.CROSS_DB)
contained_authentication = _on_flag(flag_table_sqlserver.CONTAINED_AUTHENTICATION)
remote_access = _on_flag(flag_table_sqlserver.REMOTE_ACCESS)
trace_3625 = _on_flag(flag_table_sqlserver.TRACE_3625)
user_connections = _on_flag(flag_table_sqlserver.USER_CONNECTIONS)
user_options = _on_flag(flag_table_sqlserver.USER_OPTIONS)
