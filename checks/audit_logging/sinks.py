"""Sinks that are off, leave things out or see less than they seem to."""

from __future__ import annotations

from auditor import PASS, Estate, Fix, Severity, Verdict, asset, check, fail, not_applicable
from auditor.resources.logging import LogSink
from checks.audit_logging.examples import (
    DEFAULT_FILTER,
    DEFAULT_SINK,
    DEFAULT_SINK_NAME,
    EXPORT,
    FOLDER_SINK_NAME,
    IN_FOLDER,
    IN_ORGANIZATION,
    ORGANIZATION_SINK_NAME,
    PROJECT_SINK_NAME,
    SINKS,
)
from checks.audit_logging.log_filter import matches
from checks.audit_logging.routing import AUDIT_LOGS, entries_for, excluded_by, exported


@check(
    "log-sink-disabled",
    severity=Severity.MEDIUM,
    evidence=["destination", "filter"],
    fix=Fix(
        gcloud="gcloud logging sinks update {sink.id} --no-disabled {sink.gcloud_scope}",
        terraform="disabled = false on google_logging_*_sink",
        manual="Logging > Log router: enable the sink, or delete it if nothing needs it any more",
        patch={"data": {"disabled": False}},
    ),
    passes=lambda: [
        asset(LogSink, EXPORT, name=PROJECT_SINK_NAME),
        asset(LogSink, {**DEFAULT_SINK, "disabled": True}, name=DEFAULT_SINK_NAME),
    ],
    fails=lambda: [
        asset(LogSink, {**EXPORT, "disabled": True}, name=PROJECT_SINK_NAME),
        asset(LogSink, {**EXPORT, "disabled": True}, name=ORGANIZATION_SINK_NAME, ancestors=IN_ORGANIZATION),
    ],
    unknown=lambda: [asset(LogSink, EXPORT, name=PROJECT_SINK_NAME, unknown=["resource.data.disabled"])],
)
def log_sink_disabled(sink: LogSink) -> Verdict:
    """A sink is disabled and exports nothing.

    Why: Disabling a sink stops the copies from one moment to the next and leaves everything looking as before; it is
    what an intruder does before the noisy part. What was not exported in the meantime is not made up for later.

    What a fix may break: The destination receives, and is billed for, entries again.

    Source: https://cloud.google.com/logging/docs/reference/v2/rest/v2/projects.sinks
    """
    if sink.is_made_by_google:
        return not_applicable("the sinks that Google makes are asked about separately")
    return fail("the sink is disabled: nothing is exported") if sink.disabled else PASS


@check(
    "default-log-sink-disabled",
    severity=Severity.MEDIUM,
    reads=[LogSink],
    evidence=["destination", "disabled"],
    fix=Fix(
        gcloud="gcloud logging sinks update _Default --no-disabled {sink.gcloud_scope}",
        terraform="disabled = false on google_logging_project_sink _Default; "
        "disable_default_sink = false on google_logging_organization_settings",
        manual="enable _Default, or export the Data Access audit logs with an aggregated sink",
        patch={"data": {"disabled": False}},
    ),
    passes=lambda: [
        asset(LogSink, DEFAULT_SINK, name=DEFAULT_SINK_NAME),
        [
            asset(LogSink, {**DEFAULT_SINK, "disabled": True}, name=DEFAULT_SINK_NAME),
            asset(
                LogSink,
                {**EXPORT, "includeChildren": True, "filter": 'logName:"cloudaudit.googleapis.com"'},
                name=ORGANIZATION_SINK_NAME,
                ancestors=IN_ORGANIZATION,
            ),
        ],
        asset(LogSink, {**EXPORT, "disabled": True}, name=PROJECT_SINK_NAME),
    ],
    fails=lambda: [
        asset(LogSink, {**DEFAULT_SINK, "disabled": True}, name=DEFAULT_SINK_NAME),
        [
            asset(LogSink, {**DEFAULT_SINK, "disabled": True}, name=DEFAULT_SINK_NAME),
            asset(
                LogSink,
                {**EXPORT, "includeChildren": True, "filter": 'LOG_ID("cloudaudit.googleapis.com/activity")'},
                name=ORGANIZATION_SINK_NAME,
                ancestors=IN_ORGANIZATION,
            ),
        ],
    ],
    unknown=lambda: [asset(LogSink, DEFAULT_SINK, name=DEFAULT_SINK_NAME, unknown=["resource.data.disabled"])],
)
def default_log_sink_disabled(sink: LogSink, estate: Estate) -> Verdict:
    """The _Default sink is disabled and no other sink keeps the Data Access audit logs.

    Why: Only Admin Activity goes to the bucket that cannot be changed. Data Access and Policy Denied audit logs, with
    all application logs, are kept by the _Default sink alone. With it disabled, and no aggregated sink that takes them
    over, they are dropped on arrival, even though the audit configuration says that they are on.

    What a fix may break: Logging storage is billed again beyond the free allotment.

    Source: https://cloud.google.com/logging/docs/default-settings
    """
    if sink.id != "_Default":
        return not_applicable("not the _Default sink")
    if not sink.disabled or exported(estate, sink.asset, "Data Access"):
        return PASS
    return fail("_Default is disabled and no other enabled sink carries Data Access audit logs")


@check(
    "log-sink-drops-audit-logs",
    severity=Severity.MEDIUM,
    evidence=["destination", "filter", "exclusions"],
    fix=Fix(
        gcloud="gcloud logging sinks update {sink.id} --remove-exclusions=NAME {sink.gcloud_scope}",
        terraform="remove the exclusions block of google_logging_*_sink, or narrow its filter",
        manual="Logging > Log router > edit the sink: narrow the filter or exclusion so that audit logs pass, "
        "for example with AND NOT logName:cloudaudit.googleapis.com in the exclusion",
        patch={"data": {"exclusions": [], "filter": ""}},
    ),
    passes=lambda: [
        asset(LogSink, DEFAULT_SINK, name=DEFAULT_SINK_NAME),
        asset(
            LogSink,
            {
                **DEFAULT_SINK,
                "exclusions": [{"name": "k8s", "filter": 'resource.type="k8s_container" severity<WARNING'}],
            },
            name=DEFAULT_SINK_NAME,
        ),
        asset(
            LogSink,
            {
                **EXPORT,
                "exclusions": [
                    {"name": "chatty", "filter": "severity<WARNING AND NOT logName:cloudaudit.googleapis.com"},
                    {"name": "off", "filter": "logName:cloudaudit", "disabled": True},
                ],
            },
            name=PROJECT_SINK_NAME,
        ),
        asset(
            LogSink,
            {
                **EXPORT,
                "filter": 'resource.type="http_load_balancer"',
                "exclusions": [{"name": "low", "filter": "severity<WARNING"}],
            },
            name=PROJECT_SINK_NAME,
        ),
        asset(LogSink, {**EXPORT, "disabled": True}, name=PROJECT_SINK_NAME),
    ],
    fails=lambda: [
        asset(
            LogSink,
            {**DEFAULT_SINK, "filter": f"{DEFAULT_FILTER} AND severity>=WARNING"},
            name=DEFAULT_SINK_NAME,
        ),
        asset(
            LogSink,
            {
                **DEFAULT_SINK,
                "exclusions": [{"name": "cost", "filter": 'log_id("cloudaudit.googleapis.com/data_access")'}],
            },
            name=DEFAULT_SINK_NAME,
        ),
        asset(
            LogSink,
            {**EXPORT, "includeChildren": True, "exclusions": [{"name": "low", "filter": "severity <= NOTICE"}]},
            name=ORGANIZATION_SINK_NAME,
            ancestors=IN_ORGANIZATION,
        ),
    ],
    unknown=lambda: [
        asset(LogSink, EXPORT, name=PROJECT_SINK_NAME, unknown=["resource.data.exclusions"]),
        asset(LogSink, {**EXPORT, "exclusions": [{"filter": "sample(insertId, 0.9)"}]}, name=PROJECT_SINK_NAME),
    ],
)
def log_sink_drops_audit_logs(sink: LogSink) -> Verdict:
    """A sink leaves out audit logs that it would otherwise carry.

    Why: Exclusions are written to save cost and often by severity, which also drops audit logs: most are INFO or
    NOTICE. The sink looks complete and is not. For the _Default sink a narrowed filter does the same to Data Access
    and Policy Denied logs. Filters are compared by what they match, whatever their spelling.

    What a fix may break: More entries are stored and billed. Data Access logs of storage can be many: exclude single
    methods rather than the log.

    Source: https://cloud.google.com/logging/docs/routing/overview#exclusions
    """
    if sink.id == "_Required":
        return not_applicable("the _Required sink cannot be changed")
    if sink.disabled:
        return not_applicable("the sink is disabled")
    for log in AUDIT_LOGS:
        for entry in entries_for(sink, log):
            if matches(sink.filter, entry):
                exclusion = excluded_by(sink, entry)
                if exclusion:
                    return fail(f"exclusion {exclusion} drops {log} audit logs")
            elif sink.id == "_Default" and log != "Admin Activity":
                return fail(f"the filter does not let {log} audit logs pass")
    return PASS


@check(
    "aggregated-sink-without-children",
    severity=Severity.MEDIUM,
    evidence=["destination", "filter", "includeChildren"],
    fix=Fix(
        gcloud="gcloud logging sinks update {sink.id} --include-children {sink.gcloud_scope}",
        terraform="include_children = true on google_logging_organization_sink or google_logging_folder_sink",
        manual="set includeChildren on the sink; Terraform replaces the sink: its new writer needs a grant",
        patch={"data": {"includeChildren": True}},
    ),
    passes=lambda: [
        asset(LogSink, {**EXPORT, "includeChildren": True}, name=ORGANIZATION_SINK_NAME, ancestors=IN_ORGANIZATION),
        asset(LogSink, EXPORT, name=PROJECT_SINK_NAME),
        asset(LogSink, DEFAULT_SINK, name=f"{SINKS}/organizations/3001/sinks/_Default", ancestors=IN_ORGANIZATION),
        asset(LogSink, EXPORT, name=f"{SINKS}/billingAccounts/01-AB/sinks/archive", ancestors=IN_ORGANIZATION),
    ],
    fails=lambda: [
        asset(LogSink, EXPORT, name=ORGANIZATION_SINK_NAME, ancestors=IN_ORGANIZATION),
        asset(LogSink, {**EXPORT, "includeChildren": False}, name=FOLDER_SINK_NAME, ancestors=IN_FOLDER),
    ],
    unknown=lambda: [
        asset(
            LogSink,
            EXPORT,
            name=ORGANIZATION_SINK_NAME,
            ancestors=IN_ORGANIZATION,
            unknown=["resource.data.includeChildren"],
        ),
    ],
)
def aggregated_sink_without_children(sink: LogSink) -> Verdict:
    """A sink of an organisation or folder does not include the projects below it.

    Why: includeChildren is off unless it is asked for. Without it the sink exports only the few entries that are
    written on the organisation or folder itself, and nothing of any project, which is rarely what was meant.

    What a fix may break: The destination receives the matching entries of every project below: check its quota and
    cost, and narrow the filter first where needed.

    Source: https://cloud.google.com/logging/docs/export/aggregated_sinks
    """
    if sink.is_made_by_google:
        return not_applicable("the sinks that Google makes serve their own level only")
    if not sink.container.startswith(("organizations/", "folders/")):
        return not_applicable("a project or billing account has no children")
    if sink.include_children or sink.disabled:
        return PASS
    return fail(f"only entries of {sink.container} itself are exported")
