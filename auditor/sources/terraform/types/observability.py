"""Logging and Monitoring.

Sources: registry.terraform.io/providers/hashicorp/google/latest/docs/resources/logging_project_sink (and its
neighbours), cloud.google.com/logging/docs/reference/v2/rest, cloud.google.com/monitoring/api/ref_v3/rest
"""

from __future__ import annotations

from auditor.sources.terraform.mapping import ABSENT, Mapping, Row, Rows, dropped

_SINK: Rows = dropped(
    "billing_account custom_writer_identity folder intercept_children org_id project unique_writer_identity"
)
_BUCKET: Rows = {
    **dropped("billing_account bucket_id folder location organization project"),
    "enable_analytics": "analyticsEnabled",
    "lifecycle_state": Row("lifecycleState", default="ACTIVE"),
    "retention_days": Row("retentionDays", default=30),
}


def _sink(container: str, attribute: str) -> Mapping:
    return Mapping(
        "logging.googleapis.com/LogSink",
        f"//logging.googleapis.com/{container}/sinks/{{name}}",
        _SINK,
        "exclusions",
        container=attribute,
    )


def _bucket(container: str, attribute: str) -> Mapping:
    return Mapping(
        "logging.googleapis.com/LogBucket",
        f"//logging.googleapis.com/{container}/locations/{{location}}/buckets/{{bucket_id}}",
        _BUCKET,
        "index_configs",
        container=attribute,
        full_name=True,
    )


MAPPINGS: dict[str, Mapping] = {
    "google_logging_project_sink": _sink("projects/{project}", "project"),
    "google_logging_folder_sink": _sink("folders/{folder}", "folder"),
    "google_logging_organization_sink": _sink("organizations/{org_id}", "org_id"),
    "google_logging_billing_account_sink": _sink("billingAccounts/{billing_account}", ""),
    "google_logging_billing_account_bucket_config": _bucket("billingAccounts/{billing_account}", ""),
    "google_logging_project_bucket_config": _bucket("projects/{project}", "project"),
    "google_logging_folder_bucket_config": _bucket("folders/{folder}", "folder"),
    "google_logging_organization_bucket_config": _bucket("organizations/{organization}", "organization"),
    "google_logging_metric": Mapping(
        "logging.googleapis.com/LogMetric",
        "//logging.googleapis.com/projects/{project}/metrics/{name:quoted}",
        {"project": None, "metric_descriptor": Row("metricDescriptor", default=ABSENT)},
        "metric_descriptor.labels",
    ),
    "google_monitoring_alert_policy": Mapping(
        "monitoring.googleapis.com/AlertPolicy",
        "//monitoring.googleapis.com/projects/{project}/alertPolicies/{name}",
        {"project": None, "enabled": Row("enabled", default=True), "creation_record": None},
        "alert_strategy.notification_channel_strategy conditions conditions.condition_absent.aggregations "
        "conditions.condition_threshold.aggregations conditions.condition_threshold.denominator_aggregations "
        "documentation.links",
        full_name=True,
    ),
    "google_monitoring_notification_channel": Mapping(
        "monitoring.googleapis.com/NotificationChannel",
        "//monitoring.googleapis.com/projects/{project}/notificationChannels/{name}",
        {
            "project": None,
            "force_delete": None,
            "sensitive_labels": None,
            "enabled": Row("enabled", default=True),
            "verification_status": Row("verificationStatus", default=ABSENT),
        },
        full_name=True,
    ),
    "google_monitoring_uptime_check_config": Mapping(
        "monitoring.googleapis.com/UptimeCheckConfig",
        "//monitoring.googleapis.com/projects/{project}/uptimeCheckConfigs/{name}",
        {
            "project": None,
            "uptime_check_id": None,
            "http_check.auth_info.password": None,
            "http_check.auth_info.password_wo": None,
            "http_check.auth_info.password_wo_version": None,
        },
        "content_matchers http_check.accepted_response_status_codes",
        full_name=True,
    ),
}
