"""What runs without anybody being told that it is down, full or failing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from auditor import PASS, Estate, Example, Fix, Resource, Severity, Verdict, asset, check, fail, not_applicable
from auditor.access.members import parse
from auditor.resources.data import RedisInstance
from auditor.resources.load_balancing import ForwardingRule
from auditor.resources.monitoring import AlertPolicy, UptimeCheckConfig
from auditor.resources.resourcemanager import Project
from auditor.resources.serverless import RunService
from auditor.resources.sql import SqlInstance
from auditor.resources.unknown import known_first, matching, some

_PROJECT = asset(
    Project, {"projectId": "shop", "state": "ACTIVE"}, policy={"bindings": []}, ancestors=["projects/1001"]
)
_HERE = ["projects/1001"]
_PUBLIC = {"bindings": [{"role": "roles/run.invoker", "members": ["allUsers"]}]}


def _uptime(**data: Any) -> Example:
    return asset(UptimeCheckConfig, {"httpCheck": {"useSsl": True}, **data}, ancestors=_HERE)


def _front(**data: Any) -> Example:
    given = {
        "loadBalancingScheme": "EXTERNAL_MANAGED",
        "target": "https://c/projects/shop/global/targetHttpsProxies/web",
    }
    return asset(ForwardingRule, {**given, **data}, ancestors=_HERE)


def _service(policy: dict[str, Any] | None = None, **data: Any) -> Example:
    return asset(RunService, {"template": {}, **data}, policy=policy or {"bindings": []}, ancestors=_HERE)


def _answers_web(rule: ForwardingRule) -> bool:
    return rule.is_external and "/targetHttp" in rule.target


def _answers_everyone(service: RunService, estate: Estate) -> bool:
    """Whether requests of the internet are served without a sign-in."""
    if not service.accepts_internet or service.has_iap:
        return False
    if service.skips_invoker_check:
        return True
    bindings = known_first(estate.chain_of(service).bindings(), lambda pair: [pair[1]])
    return any(parse(member).is_public for binding in bindings for member in binding.members)


@check(
    "public-site-without-uptime-check",
    severity=Severity.LOW,
    reads=[ForwardingRule, RunService, UptimeCheckConfig],
    reads_policies=[RunService],
    fix=Fix(
        gcloud="gcloud monitoring uptime create NAME --resource-type=uptime-url "
        "--resource-labels=host=HOST,project_id={project.project_id} --protocol=https --validate-ssl=true",
        terraform="google_monitoring_uptime_check_config with http_check { use_ssl = true, validate_ssl = true }",
        manual="Check a page that needs the database as well, and make an alert policy for the check.",
        patch=lambda: [_uptime()],
    ),
    passes=lambda: [
        [_PROJECT, _front(), _uptime()],
        [
            _PROJECT,
            _service(_PUBLIC),
            _uptime(disabled=True),
            asset(UptimeCheckConfig, {}, name="//m/1", ancestors=_HERE),
        ],
        [_PROJECT, _front(loadBalancingScheme="INTERNAL_MANAGED")],
        [_PROJECT, _front(target="https://c/projects/shop/global/targetSslProxies/mail"), _service()],
        [_PROJECT, _service(_PUBLIC, ingress="INGRESS_TRAFFIC_INTERNAL_ONLY"), _front(loadBalancingScheme="INTERNAL")],
        [asset(Project, {"projectId": "gone", "state": "DELETE_REQUESTED"}), _front()],
    ],
    fails=lambda: [
        [_PROJECT, _front()],
        [_PROJECT, _service(_PUBLIC), _front(loadBalancingScheme="INTERNAL")],
        [_PROJECT, _service(invokerIamDisabled=True), _uptime(disabled=True)],
    ],
    unknown=lambda: [
        [_PROJECT, _front(), asset(UptimeCheckConfig, {}, ancestors=_HERE, unknown=["resource.data.disabled"])],
        [_PROJECT, asset(ForwardingRule, {}, ancestors=_HERE, unknown=["resource.data.loadBalancingScheme"])],
    ],
)
def public_site_without_uptime_check(project: Project, estate: Estate) -> Verdict:
    """A project serves the internet, and no uptime check asks whether it answers.

    Why: the first to notice an outage are then its customers. Asked of projects with a web load balancer on the
    internet, or a Cloud Run service that serves everyone; one enabled uptime check in the project is enough here.
    Checks that are kept in another project, or run by another company, are not seen.

    What a fix may break: nothing; the site receives a request every few minutes from several places of the world.

    Source: https://cloud.google.com/monitoring/uptime-checks
    """
    if not project.is_active:
        return not_applicable("the project is pending deletion")
    home = project.asset.key
    if some(estate.in_project(UptimeCheckConfig, home), lambda uptime: not uptime.disabled):
        return PASS
    if some(estate.in_project(ForwardingRule, home), _answers_web):
        return fail("a web load balancer serves the internet, and the project has no enabled uptime check")
    if some(estate.in_project(RunService, home), lambda service: _answers_everyone(service, estate)):
        return fail("a Cloud Run service serves everyone, and the project has no enabled uptime check")
    return not_applicable("nothing in the project serves the internet without a sign-in")


@dataclass(frozen=True, slots=True)
class _Signal:
    """Something that is worth an alert: what it is of, in words, and the metrics of which one suffices."""

    view: type[Resource]
    name: str
    metrics: tuple[str, ...]


_SIGNALS = (
    _Signal(
        RunService,
        "errors or latency of Cloud Run",
        ("run.googleapis.com/request_count", "run.googleapis.com/request_latencies"),
    ),
    _Signal(
        ForwardingRule,
        "errors or latency of the load balancer",
        (
            "loadbalancing.googleapis.com/https/request_count",
            "loadbalancing.googleapis.com/https/backend_request_count",
            "loadbalancing.googleapis.com/https/total_latencies",
            "loadbalancing.googleapis.com/https/backend_latencies",
        ),
    ),
    _Signal(
        SqlInstance,
        "disk or CPU of Cloud SQL",
        (
            "cloudsql.googleapis.com/database/disk/utilization",
            "cloudsql.googleapis.com/database/disk/bytes_used",
            "cloudsql.googleapis.com/database/cpu/utilization",
        ),
    ),
    _Signal(
        RedisInstance,
        "memory of Memorystore for Redis",
        (
            "redis.googleapis.com/stats/memory/usage_ratio",
            "redis.googleapis.com/stats/memory/system_memory_usage_ratio",
        ),
    ),
)


def _alert(*metrics: str, name: str = "1", unknown: Sequence[str] = (), **data: Any) -> Example:
    conditions = [{"conditionThreshold": {"filter": f'metric.type="{metric}"'}} for metric in metrics]
    given = {
        "enabled": True,
        "notificationChannels": ["projects/shop/notificationChannels/1"],
        "conditions": conditions,
    }
    policy = f"//monitoring.googleapis.com/projects/shop/alertPolicies/{name}"
    return asset(AlertPolicy, {**given, **data}, name=policy, unknown=unknown)


_DATABASE = asset(SqlInstance, {"name": "orders"})
_CACHE = asset(RedisInstance, {})
_DISK, _MEMORY = _SIGNALS[2].metrics[0], _SIGNALS[3].metrics[0]


@check(
    "golden-signal-unwatched",
    severity=Severity.INFO,
    default=False,
    reads=[AlertPolicy, RunService, ForwardingRule, SqlInstance, RedisInstance],
    fix=Fix(
        terraform="google_monitoring_alert_policy with a condition_threshold on each of the metrics, and "
        "notification_channels",
        manual="Begin with what makes customers wait: errors and latency; then what ends suddenly: disk and memory.",
        patch=lambda: [_alert(*(signal.metrics[0] for signal in _SIGNALS), name="signals")],
    ),
    passes=lambda: [
        [_PROJECT, _DATABASE, _alert(_DISK)],
        [_PROJECT, _DATABASE, _CACHE, _alert(_DISK), _alert(_MEMORY, name="2")],
        [_PROJECT, _service(), _alert("run.googleapis.com/request_latencies")],
        _PROJECT,
    ],
    fails=lambda: [
        [_PROJECT, _DATABASE],
        [_PROJECT, _DATABASE, _alert(_MEMORY)],
        [_PROJECT, _DATABASE, _alert(_DISK, enabled=False)],
        [_PROJECT, _CACHE, _DATABASE, _alert(_DISK)],
    ],
    unknown=lambda: [
        [_PROJECT, _DATABASE, _alert(_DISK, name="2", unknown=["resource.data.conditions"])],
    ],
)
def golden_signal_unwatched(project: Project, estate: Estate) -> Verdict:
    """A service or database runs, and no alert watches its errors, latency or saturation.

    Why: a full disk stops a database at once, and a rising share of errors is an outage that has begun. Which signals
    matter is a question of the service; this check is therefore not selected by default. Policies in the project of a
    central metrics scope are not seen.

    What a fix may break: nothing; thresholds that are set too low wake people for nothing.

    Source: https://cloud.google.com/monitoring/alerts
    """
    if not project.is_active:
        return not_applicable("the project is pending deletion")
    home = project.asset.key
    policies = estate.in_project(AlertPolicy, home)

    def is_unwatched(signal: _Signal) -> bool:
        return _runs(signal, home, estate) and not some(policies, _watcher_of(signal))

    missing = [signal.name for signal in matching(_SIGNALS, is_unwatched)]
    return fail(f"no alert policy that tells somebody watches {', '.join(missing)}") if missing else PASS


def _runs(signal: _Signal, project: str, estate: Estate) -> bool:
    """Whether the project has something that gives the signal."""
    if estate.surely_lacks(signal.view, project):
        return False
    if signal.view is ForwardingRule:
        return some(estate.in_project(ForwardingRule, project), _answers_web)
    return bool(estate.in_project(signal.view, project))


def _watcher_of(signal: _Signal) -> Callable[[AlertPolicy], bool]:
    """A predicate: an alert policy that tells somebody and watches one of the signal's metrics."""

    def watches(policy: AlertPolicy) -> bool:
        return policy.tells_someone and any(
            condition.names_metric(metric) for condition in policy.conditions for metric in signal.metrics
        )

    return watches
