"""Makes a check of an act that somebody should be told about: is it counted, and does the count raise an alert."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from auditor import (
    PASS,
    Check,
    Estate,
    Example,
    Fix,
    Resource,
    Severity,
    Undetermined,
    Verdict,
    asset,
    check,
    fail,
    not_applicable,
)
from auditor.resources.logging import LogMetric
from auditor.resources.monitoring import AlertPolicy
from auditor.resources.resourcemanager import Project
from auditor.resources.unknown import some
from checks.audit_logging.log_filter import ANYTHING, Entry, matches

_CHANNEL = "projects/shop/notificationChannels/1"


@dataclass(frozen=True, kw_only=True)
class Watch:
    """An act, and the audit log entries that it leaves behind.

    `events` maps a name for people to an entry; `filter` is a filter that matches them all, for the fix;
    `spellings` are other filters that do, and `near_misses` some that do not match all, for the examples. A project
    that is known to have no resource of a type in `concerns` need not be told; nor one for which `excuse` gives a
    reason, which reads `reads` and holds for the examples only with `surroundings` in the estate.
    """

    id: str
    title: str
    why: str
    source: str
    events: Mapping[str, Entry]
    filter: str
    spellings: Sequence[str]
    near_misses: Sequence[str]
    same_as: Sequence[str] = ()
    concerns: tuple[type[Resource], ...] = ()
    excuse: Callable[[Project, Estate], str] | None = None
    reads: tuple[type[Resource], ...] = ()
    surroundings: Callable[[], list[Example]] = list
    severity: Severity = Severity.LOW
    default: bool = True
    each: bool = True
    """Whether somebody should be told of each event; else of many of them."""

    def page(self) -> str:
        """The check's page."""
        return f"""{self.title}

        Why: {self.why} Asked of each active project: a logs-based metric has to match the entries, and an enabled alert
        policy with a notification channel has to watch the metric; a policy that matches log entries itself does as
        well. Filters are compared by what they match. Policies in the project of a central metrics scope are not seen.

        What a fix may break: Nothing is refused. Changes that a pipeline makes raise alerts as well; send those to a
        channel that is read, and leave out the pipeline's account only if nobody else can act as it.

        Source: {self.source}
        """


def audit_fields(method: str, service: str, resource: str = ANYTHING, **further: str) -> dict[str, str]:
    """The fields of an Admin Activity entry. Further fields are below protoPayload; `__` stands for a dot."""
    return {
        "logname": "projects/p/logs/cloudaudit.googleapis.com%2Factivity",
        "severity": "NOTICE",
        "resource.type": resource,
        "operation.first": "true",
        "operation.last": "true",
        "protopayload.@type": "type.googleapis.com/google.cloud.audit.AuditLog",
        "protopayload.authenticationinfo.principalemail": "someone@example.com",
        "protopayload.authorizationinfo.granted": "true",
        "protopayload.methodname": method,
        "protopayload.servicename": service,
        **{f"protopayload.{key.replace('__', '.')}": value for key, value in further.items()},
    }


def audit_entry(method: str, service: str, resource: str = ANYTHING, **further: str) -> Entry:
    """An Admin Activity audit log entry; see `audit_fields`."""
    return Entry(audit_fields(method, service, resource, **further))


def methods(service: str, resource: str, *names: str) -> dict[str, Entry]:
    """An entry for each method, by the name that people know it by."""
    short = {name.rpartition(".")[2] if name.startswith("google.") else name: name for name in names}
    return {known: audit_entry(name, service, resource) for known, name in short.items()}


def compute_methods(collection: str, resource: str, *verbs: str) -> dict[str, Entry]:
    """Entries of the Compute Engine API, which logs a method with the API version in front."""
    names = [f"{version}.compute.{collection}.{verb}" for verb in verbs for version in ("v1", "beta")]
    return {name: audit_entry(name, "compute.googleapis.com", resource) for name in names}


def watched(module: str, watch: Watch) -> Check:
    """The check that asks whether somebody is told of `watch`; `module` is the module that it belongs to."""

    def unwatched(project: Project, estate: Estate) -> Verdict:
        if not project.is_active:
            return not_applicable("the project is pending deletion")
        if watch.concerns and all(estate.surely_lacks(view, project.project) for view in watch.concerns):
            return not_applicable(f"the project has no {watch.concerns[0].__name__}")
        if watch.excuse and (reason := watch.excuse(project, estate)):
            return not_applicable(reason)
        problem = _problem(project, estate, watch)
        if not problem:
            return PASS
        if watch.concerns and not some(watch.concerns, lambda view: bool(estate.in_project(view, project.project))):
            return not_applicable(f"the project has no {watch.concerns[0].__name__}")
        return fail(problem)

    unwatched.__doc__ = watch.page()
    unwatched.__module__ = module
    return check(
        watch.id,
        severity=watch.severity,
        reads=[LogMetric, AlertPolicy, *watch.concerns, *watch.reads],
        same_as=watch.same_as,
        default=watch.default,
        fix=Fix(
            gcloud=f"gcloud logging metrics create {watch.id} --description={watch.id} --log-filter='{watch.filter}'",
            terraform="google_logging_metric with the filter, and google_monitoring_alert_policy with a "
            "condition_threshold on it and notification_channels",
            manual="then make an alert policy on the metric, threshold above 0, with a notification channel",
            patch=lambda: _alerting(watch.filter, "mended"),
        ),
        passes=lambda: _passes(watch),
        fails=lambda: _fails(watch),
        unknown=lambda: [
            [_PROJECT, *_alerting(watch.filter, unknown=["resource.data.filter"]), *_concerned(watch)],
        ],
    )(unwatched)


def _concerned(watch: Watch) -> list[Example]:
    return [*(asset(view) for view in watch.concerns[:1]), *watch.surroundings()]


_UNCOUNTED = "no logs-based metric and no log alert matches its entries"


def _problem(project: Project, estate: Estate, watch: Watch) -> str:
    """What keeps somebody from being told of one of the events, or `""`."""
    events = watch.events
    watchers = _watchers(estate, project.project)
    if isinstance(watchers, Undetermined):
        raise watchers.with_traceback(None)
    metrics, policies = watchers
    if not metrics and not policies:
        return _UNCOUNTED
    uncounted = [name for name, entry in events.items() if not _counted(metrics, policies, entry)]
    if len(uncounted) == len(events):
        return _UNCOUNTED
    if uncounted:
        return f"no logs-based metric or log alert matches {', '.join(uncounted)}"
    silent = [name for name, entry in events.items() if not _alerted(metrics, policies, entry, each=watch.each)]
    if len(silent) == len(events):
        return (
            "its entries are counted, but no enabled alert policy with a notification channel fires on "
            f"{'one of them' if watch.each else 'their count'}"
        )
    if silent:
        return f"no enabled alert policy with a notification channel fires on {', '.join(silent)}"
    return ""


@lru_cache(maxsize=1)
def _watchers(estate: Estate, project: str) -> tuple[list[LogMetric], list[AlertPolicy]] | Undetermined:
    """The metrics and alert policies of a project, or why nobody knows of any; all checks of it ask alike."""
    metrics = estate.in_project(LogMetric, project)
    policies = estate.in_project(AlertPolicy, project)
    try:
        _ = not metrics and not policies
    except Undetermined as unknown:
        return unknown
    return metrics, policies


def _counted(metrics: list[LogMetric], policies: list[AlertPolicy], entry: Entry) -> bool:
    """Whether a metric counts the entry, or an alert policy matches it by itself."""
    return some(metrics, lambda metric: _counts(metric, entry)) or some(policies, lambda policy: _fires(policy, entry))


def _alerted(metrics: list[LogMetric], policies: list[AlertPolicy], entry: Entry, *, each: bool) -> bool:
    """Whether a policy that tells someone fires on the entry, by itself or through a metric."""

    def fires_through(policy: AlertPolicy, metric: LogMetric) -> bool:
        kind = f"logging.googleapis.com/user/{metric.metric_id}"
        return policy.tells_someone and policy.watches_count(kind, each=each)

    def raises_alert(metric: LogMetric) -> bool:
        return _counts(metric, entry) and some(policies, lambda policy: fires_through(policy, metric))

    if some(policies, lambda policy: policy.tells_someone and _fires(policy, entry)):
        return True
    return some(metrics, raises_alert)


def _counts(metric: LogMetric, entry: Entry) -> bool:
    return not metric.disabled and matches(metric.filter, entry)


def _fires(policy: AlertPolicy, entry: Entry) -> bool:
    """Whether a condition of the policy matches the log entry itself."""
    conditions = [condition.condition_matched_log for condition in policy.conditions]
    return any(matches(condition.filter, entry) for condition in conditions if condition is not None)


_PROJECT = asset(Project, {"projectId": "shop", "state": "ACTIVE"})


def _metric(text: str, name: str = "watch", **asset_arguments: Any) -> Example:
    return asset(
        LogMetric,
        {"name": name, "filter": text},
        name=f"//logging.googleapis.com/projects/1001/metrics/{name}",
        **asset_arguments,
    )


def _policy(condition: dict[str, Any], name: str = "1", **data: Any) -> Example:
    return asset(
        AlertPolicy,
        {"conditions": [condition], "enabled": True, "notificationChannels": [_CHANNEL], **data},
        name=f"//monitoring.googleapis.com/projects/shop/alertPolicies/{name}",
    )


def _on_metric(name: str, threshold: float = 0) -> dict[str, Any]:
    text = f'resource.type="global" AND metric.type="logging.googleapis.com/user/{name}"'
    return {"conditionThreshold": {"filter": text, "comparison": "COMPARISON_GT", "thresholdValue": threshold}}


def _alerting(text: str, name: str = "watch", **asset_arguments: Any) -> list[Example]:
    """A metric with the filter, and an alert policy on it."""
    return [_metric(text, name, **asset_arguments), _policy(_on_metric(name), name)]


def _passes(watch: Watch) -> list[Sequence[Example]]:
    query = "fetch global | metric 'logging.googleapis.com/user/watch' | condition val() > 0"
    return [
        *([_PROJECT, *_alerting(text), *_concerned(watch)] for text in (watch.filter, *watch.spellings)),
        [_PROJECT, _policy({"conditionMatchedLog": {"filter": watch.filter}}), *_concerned(watch)],
        [
            _PROJECT,
            _metric(watch.filter),
            _policy({"conditionMonitoringQueryLanguage": {"query": query}}),
            *_concerned(watch),
        ],
        [asset(Project, {"projectId": "gone", "state": "DELETE_REQUESTED"})],
        *([[_PROJECT]] if watch.concerns or watch.excuse else []),
    ]


def _fails(watch: Watch) -> list[Sequence[Example]]:
    cases: list[Sequence[Example]] = [
        [_PROJECT],
        [_PROJECT, _metric(watch.filter)],
        [_PROJECT, _metric(watch.filter), _policy(_on_metric("watch-other"))],
        [_PROJECT, _metric(watch.filter), _policy(_on_metric("watch"), enabled=False)],
        [_PROJECT, _metric(watch.filter), _policy(_on_metric("watch"), notificationChannels=[])],
        *([[_PROJECT, _metric(watch.filter), _policy(_on_metric("watch", 99))]] if watch.each else []),
        [
            _PROJECT,
            _metric(watch.filter, ancestors=["projects/1002", "organizations/3001"]),
            _policy(_on_metric("watch")),
        ],
        *([_PROJECT, *_alerting(text)] for text in watch.near_misses),
    ]
    return [[*case, *_concerned(watch)] for case in cases]
