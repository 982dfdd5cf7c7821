"""Whether somebody hears of calls that a service perimeter refused, and of changes to the perimeters."""

from __future__ import annotations

from functools import partial
from typing import Any

from auditor import PASS, Estate, Example, Fix, Severity, Undetermined, Verdict, asset, check, fail, not_applicable
from auditor.resources.logging import LogMetric, LogSink
from auditor.resources.monitoring import AlertPolicy
from auditor.resources.resourcemanager import Organization, Project
from auditor.resources.unknown import some
from auditor.resources.vpc_sc import ServicePerimeter
from checks.audit_logging.examples import IN_ORGANIZATION
from checks.audit_logging.log_filter import Entry, matches
from checks.audit_logging.routing import AUDIT_LOGS, container_of, routes
from checks.monitoring.watching import Watch, audit_fields, watched
from checks.vpc_sc.examples import MINIMAL, perimeter
from checks.vpc_sc.membership import is_member, protection

_VIOLATION = 'protoPayload.metadata."@type"="type.googleapis.com/google.cloud.audit.VpcServiceControlAuditMetadata"'


def _outside(project: Project, estate: Estate) -> str:
    """Why no perimeter can refuse calls to the project, `""` where one can."""
    found = protection(estate)
    if is_member(project, found):
        return ""
    found.certain()
    return "the project is in no enforced perimeter"


VIOLATION = watched(
    __name__,
    Watch(
        id="perimeter-violation-unwatched",
        each=False,
        title="Nobody is told when a service perimeter refuses a call to a project.",
        why="a refused call is either an intruder with a stolen credential or a colleague whose work stands still.",
        source="https://cloud.google.com/vpc-service-controls/docs/audit-logging",
        events={"a refused call": AUDIT_LOGS["Policy Denied"][0]},
        filter=_VIOLATION,
        spellings=['LOG_ID("cloudaudit.googleapis.com/policy")', 'logName:"cloudaudit.googleapis.com%2Fpolicy"'],
        near_misses=[f'{_VIOLATION} AND LOG_ID("cloudaudit.googleapis.com/activity")'],
        excuse=_outside,
        reads=(ServicePerimeter,),
        surroundings=lambda: [perimeter(MINIMAL)],
        severity=Severity.LOW,
    ),
)

_MANAGER = "google.identity.accesscontextmanager.v1.AccessContextManager"
_CHANGES = {
    name: Entry(
        {
            **audit_fields(f"{_MANAGER}.{name}", "accesscontextmanager.googleapis.com"),
            "logname": "organizations/3001/logs/cloudaudit.googleapis.com%2Factivity",
        }
    )
    for name in ("UpdateServicePerimeter", "DeleteServicePerimeter", "UpdateAccessLevel")
}
_FILTER = (
    'protoPayload.serviceName="accesscontextmanager.googleapis.com" AND '
    'protoPayload.methodName:("ServicePerimeter" OR "AccessLevel")'
)
_BUCKET = "projects/1001/locations/global/buckets/audit"
_ORGANIZATION = asset(Organization, {}, ancestors=IN_ORGANIZATION)
_PERIMETER = perimeter(MINIMAL)


def _metric(text: str = _FILTER, bucket: str = _BUCKET, unknown: tuple[str, ...] = ()) -> Example:
    return asset(
        LogMetric,
        {"name": "perimeters", "filter": text, "bucketName": bucket},
        name="//logging.googleapis.com/projects/1001/metrics/perimeters",
        unknown=unknown,
    )


def _policy(**data: Any) -> Example:
    text = 'metric.type="logging.googleapis.com/user/perimeters"'
    condition = {"conditionThreshold": {"filter": text, "comparison": "COMPARISON_GT"}}
    given = {"enabled": True, "conditions": [condition], "notificationChannels": ["projects/p/notificationChannels/1"]}
    return asset(AlertPolicy, {**given, **data}, name="//monitoring.googleapis.com/projects/1001/alertPolicies/7")


def _sink(**data: Any) -> Example:
    return asset(
        LogSink,
        {"destination": f"logging.googleapis.com/{_BUCKET}", **data},
        name="//logging.googleapis.com/organizations/3001/sinks/audit",
        ancestors=IN_ORGANIZATION,
    )


@check(
    "perimeter-change-unwatched",
    severity=Severity.LOW,
    reads=[LogMetric, AlertPolicy, LogSink, ServicePerimeter],
    fix=Fix(
        gcloud=f"gcloud logging metrics create perimeters --bucket-name=LOG_BUCKET "
        f"--description=perimeters --log-filter='{_FILTER}'",
        terraform="google_logging_metric with bucket_name and the filter, and google_monitoring_alert_policy with a "
        "condition_threshold on it and notification_channels",
        manual="Changes of access policies are logged on the organisation: route its audit logs to a log bucket first, "
        "and count in that bucket.",
        patch=lambda: [_metric(), _policy(), _sink()],
    ),
    passes=lambda: [
        [_ORGANIZATION, _PERIMETER, _metric(), _policy(), _sink()],
        [
            _ORGANIZATION,
            _PERIMETER,
            _metric('protoPayload.serviceName:"accesscontextmanager"'),
            _policy(),
            _sink(includeChildren=True, filter="logName:cloudaudit.googleapis.com"),
        ],
        [_ORGANIZATION, perimeter(useExplicitDryRunSpec=True, spec=MINIMAL)],
    ],
    fails=lambda: [
        [_ORGANIZATION, _PERIMETER],
        [_ORGANIZATION, _PERIMETER, _metric(bucket=""), _policy(), _sink()],
        [_ORGANIZATION, _PERIMETER, _metric(), _policy(enabled=False), _sink()],
        [_ORGANIZATION, _PERIMETER, _metric(), _policy(notificationChannels=[]), _sink()],
        [_ORGANIZATION, _PERIMETER, _metric(), _policy(), _sink(disabled=True)],
        [
            _ORGANIZATION,
            _PERIMETER,
            _metric(),
            _policy(),
            _sink(exclusions=[{"name": "low", "filter": "severity<WARNING"}]),
        ],
        [_ORGANIZATION, _PERIMETER, _metric('protoPayload.methodName:"UpdateServicePerimeter"'), _policy(), _sink()],
    ],
    unknown=lambda: [
        [_ORGANIZATION, _PERIMETER, _metric(unknown=("resource.data.filter",)), _policy(), _sink()],
        [_ORGANIZATION, perimeter(MINIMAL, unknown=("resource.data.status.resources",))],
    ],
)
def perimeter_change_unwatched(organization: Organization, estate: Estate) -> Verdict:
    """Nobody is told when a service perimeter or access level is changed.

    Why: before data can leave, the perimeter is opened: one rule more, one project less. These changes are logged on
    the organisation, where metrics of a project do not count; a sink has to route them to a log bucket, a metric on
    that bucket to count them, and an enabled alert policy with a notification channel to watch the metric.

    What a fix may break: nothing is refused. Changes that a pipeline makes raise alerts as well.

    Source: https://cloud.google.com/access-context-manager/docs/audit-logging
    """
    found = protection(estate)
    if not found.organizations & {"", organization.asset.key}:
        found.certain()
        return not_applicable("no perimeter is enforced in the organisation")
    metrics = estate.of(LogMetric)
    unheard = [
        name
        for name, entry in _CHANGES.items()
        if not some(metrics, partial(_raises_alert, entry, organization, estate))
    ]
    if not unheard:
        return PASS
    return fail(
        f"no alert that somebody receives counts {', '.join(unheard)} in a log bucket of the organisation's logs"
    )


def _raises_alert(entry: Entry, organization: Organization, estate: Estate, metric: LogMetric) -> bool:
    """Whether an entry of the organisation's audit log reaches the metric's log bucket, is counted and alerts."""
    if not metric.bucket_name or metric.disabled or not matches(metric.filter, entry):
        return False
    kind = f"logging.googleapis.com/user/{metric.metric_id}"
    policies = estate.in_project(AlertPolicy, metric.project)
    if not some(policies, lambda policy: policy.tells_someone and policy.watches_count(kind)):
        return False
    key = organization.asset.key
    sinks = estate.related(LogSink, container_of, key, within=key)
    return some(sinks, lambda sink: routes(sink, entry) and _feeds(sink, metric, estate))


def _feeds(sink: LogSink, metric: LogMetric, estate: Estate) -> bool:
    """Whether a sink writes to the log bucket that a metric counts in."""
    kind, _, rest = metric.bucket_name.partition("/")
    home, _, place = rest.partition("/")
    parts = place.split("/")
    if kind != "projects" or len(parts) != 4:
        raise Undetermined("bucketName", f"{metric.bucket_name[:100]} is no log bucket of a project")
    return sink.log_bucket == f"{parts[1]}/{parts[3]}" and estate.same_project(
        sink.destination_project, f"projects/{home}"
    )
