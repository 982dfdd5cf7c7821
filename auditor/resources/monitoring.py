"""Cloud Monitoring: alert policies, notification channels and uptime checks.

Source: cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies, …/projects.notificationChannels,
…/projects.uptimeCheckConfigs
"""

from __future__ import annotations

import re

from msgspec import field

from auditor.resources.base import Resource, View, shows

_NO_PROMQL = r"[^a-zA-Z0-9_]"
"""What becomes `_` where a metric type is written in PromQL."""


class MetricCondition(View):
    """`conditionThreshold`: a time series compared with a threshold."""

    filter: str = ""
    comparison: str = ""
    threshold_value: float = 0


class QueryCondition(View):
    """`conditionMonitoringQueryLanguage` and `conditionPrometheusQueryLanguage`."""

    query: str = ""


class LogCondition(View):
    """`conditionMatchedLog`: fires on each log entry that matches."""

    filter: str = ""


class AlertCondition(View):
    """One of `conditions`. Exactly one kind of condition is set."""

    condition_threshold: MetricCondition | None = None
    condition_matched_log: LogCondition | None = None
    condition_monitoring_query_language: QueryCondition | None = None
    condition_prometheus_query_language: QueryCondition | None = None

    @property
    def text(self) -> str:
        """The filter or query that names the time series watched, `""` where the condition watches log entries."""
        if self.condition_threshold is not None:
            return self.condition_threshold.filter
        language = self.condition_monitoring_query_language or self.condition_prometheus_query_language
        return language.query if language is not None else ""

    @property
    def fires_below(self) -> bool:
        """Whether the condition fires when a value falls below a threshold, so not on the count of an event."""
        return self.condition_threshold is not None and self.condition_threshold.comparison == "COMPARISON_LT"

    @property
    def fires_on_one(self) -> bool:
        """Whether one event is enough, as far as a threshold says: counts are compared with it, or rates below one."""
        return self.condition_threshold is None or self.condition_threshold.threshold_value < 1

    def names_metric(self, metric_type: str) -> bool:
        """Whether the condition watches the metric, in any of the three query languages."""
        service, _, path = metric_type.partition("/")
        promql = f"{re.sub(_NO_PROMQL, '_', service)}:{re.sub(_NO_PROMQL, '_', path)}"
        names = f"{re.escape(metric_type)}(?![\\w.,+%/-])|{re.escape(promql)}(?!\\w)"
        return re.search(names, self.text) is not None


@shows("monitoring.googleapis.com/AlertPolicy")
class AlertPolicy(Resource):
    """An alert policy: conditions, and whom to tell."""

    display_name: str = ""
    enabled: bool = True
    conditions: list[AlertCondition] = []
    notification_channels: list[str] = []

    @property
    def tells_someone(self) -> bool:
        """Whether the policy is enabled and names a notification channel."""
        return self.enabled and bool(self.notification_channels)

    def watches_count(self, metric_type: str, *, each: bool = False) -> bool:
        """Whether a condition fires when the metric, a count of events, rises; with `each`, on a single one."""
        return any(
            condition.names_metric(metric_type) and not condition.fires_below and (condition.fires_on_one or not each)
            for condition in self.conditions
        )


@shows("monitoring.googleapis.com/NotificationChannel")
class NotificationChannel(Resource):
    """A notification channel: a mailbox, a chat room or a webhook."""

    type: str = ""
    enabled: bool = True
    verification_status: str = "VERIFICATION_STATUS_UNSPECIFIED"
    labels: dict[str, str] = {}

    @property
    def defect(self) -> str:
        """Why nothing is delivered through the channel, or `""`."""
        if not self.enabled:
            return "is disabled"
        if self.verification_status == "UNVERIFIED":
            return "was never verified"
        return ""


class UptimeAuthentication(View):
    """`httpCheck.authInfo`: basic authentication."""

    username: str = ""


class HttpCheck(View):
    """`httpCheck`: the request that is sent."""

    use_ssl: bool = False
    validate_ssl: bool = False
    mask_headers: bool = False
    headers: dict[str, str] = {}
    auth_info: UptimeAuthentication = field(default_factory=UptimeAuthentication)


@shows("monitoring.googleapis.com/UptimeCheckConfig")
class UptimeCheckConfig(Resource):
    """An uptime check."""

    display_name: str = ""
    disabled: bool = False
    http_check: HttpCheck | None = None
