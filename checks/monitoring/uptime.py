"""Uptime checks: whether an outage, or a certificate that ends, is noticed by somebody."""

from __future__ import annotations

import re

from auditor import PASS, Estate, Fix, Severity, Verdict, asset, check, fail, not_applicable
from auditor.resources.monitoring import AlertPolicy, UptimeCheckConfig
from auditor.resources.unknown import some

_UPTIME = "//monitoring.googleapis.com/projects/shop/uptimeCheckConfigs/shop-web-abc"
_POLICY = "//monitoring.googleapis.com/projects/shop/alertPolicies/1"
_PASSED = "monitoring.googleapis.com/uptime_check/check_passed"
_EXPIRY = "monitoring.googleapis.com/uptime_check/time_until_ssl_cert_expires"
_HTTPS = {"displayName": "web", "httpCheck": {"useSsl": True, "validateSsl": True, "path": "/", "port": 443}}
_MADE_UP = "k-1234567890"
_PLAIN = {"displayName": "web", "httpCheck": {"path": "/", "port": 80}}
_CHECK_ID = re.compile(r"""check_id['"]?\s*(?:==?|:|=~)\s*(?:monitoring\.regex\.full_match\()?["']([^"']+)["']""")


def _policy(text: str, comparison: str = "COMPARISON_GT") -> dict[str, object]:
    return {
        "enabled": True,
        "notificationChannels": ["projects/shop/notificationChannels/11"],
        "conditions": [{"conditionThreshold": {"filter": text, "comparison": comparison}}],
    }


def _alerts(policy: AlertPolicy, metric: str, uptime: str) -> bool:
    """Whether the policy tells somebody when `metric` of the uptime check is off.

    A condition that names no check id watches all uptime checks of the project. How it compares does not
    matter here: the time until a certificate ends is watched from above.
    """
    if not policy.tells_someone:
        return False
    for condition in policy.conditions:
        named = _CHECK_ID.findall(condition.text)
        if condition.names_metric(metric) and (not named or uptime in named):
            return True
    return False


@check(
    "uptime-check-without-alert",
    severity=Severity.MEDIUM,
    reads=[AlertPolicy],
    evidence=["displayName"],
    fix=Fix(
        terraform="google_monitoring_alert_policy with a condition_threshold on metric.type="
        f'"{_PASSED}" and metric.labels.check_id, and notification_channels',
        manual="Monitoring > Uptime checks > Add alert policy, with a notification channel",
        patch=lambda: [asset(AlertPolicy, _policy(f'metric.type="{_PASSED}"'), name=f"{_POLICY}0")],
    ),
    passes=lambda: [
        [
            asset(UptimeCheckConfig, _HTTPS, name=_UPTIME),
            asset(
                AlertPolicy,
                _policy(
                    f'metric.type="{_PASSED}" AND metric.label.check_id="shop-web-abc" AND resource.type="uptime_url"'
                ),
                name=_POLICY,
            ),
        ],
        [
            asset(UptimeCheckConfig, _PLAIN, name=_UPTIME),
            asset(AlertPolicy, _policy(f'resource.type = "uptime_url" AND metric.type = "{_PASSED}"'), name=_POLICY),
        ],
        [
            asset(UptimeCheckConfig, _HTTPS, name=_UPTIME),
            asset(
                AlertPolicy,
                {
                    "notificationChannels": ["projects/shop/notificationChannels/11"],
                    "conditions": [
                        {
                            "conditionPrometheusQueryLanguage": {
                                "query": "avg(monitoring_googleapis_com:uptime_check_check_passed"
                                '{check_id="shop-web-abc"}) < 0.5'
                            }
                        }
                    ],
                },
                name=_POLICY,
            ),
        ],
        asset(UptimeCheckConfig, {**_HTTPS, "disabled": True}, name=_UPTIME),
    ],
    fails=lambda: [
        asset(UptimeCheckConfig, _HTTPS, name=_UPTIME),
        [
            asset(UptimeCheckConfig, _HTTPS, name=_UPTIME),
            asset(AlertPolicy, _policy(f'metric.type="{_PASSED}" AND metric.labels.check_id="other"'), name=_POLICY),
        ],
        [
            asset(UptimeCheckConfig, _HTTPS, name=_UPTIME),
            asset(AlertPolicy, {**_policy(f'metric.type="{_PASSED}"'), "enabled": False}, name=_POLICY),
        ],
        [
            asset(UptimeCheckConfig, _HTTPS, name=_UPTIME),
            asset(AlertPolicy, {**_policy(f'metric.type="{_PASSED}"'), "notificationChannels": []}, name=_POLICY),
        ],
    ],
    unknown=lambda: [
        [
            asset(UptimeCheckConfig, _HTTPS, name=_UPTIME),
            asset(
                AlertPolicy,
                _policy(f'metric.type="{_PASSED}"'),
                name=_POLICY,
                unknown=["resource.data.notificationChannels"],
            ),
        ],
    ],
)
def uptime_check_without_alert(uptime: UptimeCheckConfig, estate: Estate) -> Verdict:
    """An uptime check fails without anybody being told.

    Why: An uptime check only measures. Unless an enabled alert policy with a notification channel watches it, an
    outage is a red line on a dashboard that nobody looks at, and customers are the first to tell.

    What a fix may break: Somebody is woken up. Let it fire only when several regions fail for some minutes.

    Source: https://cloud.google.com/monitoring/uptime-checks/uptime-alerting-policies
    """
    if uptime.disabled:
        return not_applicable("the uptime check is disabled")
    policies = estate.in_project(AlertPolicy, uptime.project)
    if some(policies, lambda policy: _alerts(policy, _PASSED, uptime.id)):
        return PASS
    return fail("no enabled alert policy with a notification channel watches it")


@check(
    "uptime-check-certificate-unwatched",
    severity=Severity.LOW,
    reads=[AlertPolicy],
    evidence=["displayName"],
    fix=Fix(
        terraform=f'google_monitoring_alert_policy with a condition_threshold on metric.type="{_EXPIRY}", '
        "COMPARISON_LT, threshold_value = 15, and notification_channels",
        manual="Monitoring > Alerting > Create policy on the metric Time until SSL certificate expires, below 15 days",
        patch=lambda: [asset(AlertPolicy, _policy(f'metric.type="{_EXPIRY}"', "COMPARISON_LT"), name=f"{_POLICY}0")],
    ),
    passes=lambda: [
        [
            asset(UptimeCheckConfig, _HTTPS, name=_UPTIME),
            asset(AlertPolicy, _policy(f'metric.type="{_EXPIRY}"', "COMPARISON_LT"), name=_POLICY),
        ],
        asset(UptimeCheckConfig, _PLAIN, name=_UPTIME),
        asset(UptimeCheckConfig, {"displayName": "db"}, name=_UPTIME),
    ],
    fails=lambda: [
        [
            asset(UptimeCheckConfig, _HTTPS, name=_UPTIME),
            asset(AlertPolicy, _policy(f'metric.type="{_PASSED}"'), name=_POLICY),
        ],
    ],
    unknown=lambda: [asset(UptimeCheckConfig, _HTTPS, name=_UPTIME, unknown=["resource.data.httpCheck.useSsl"])],
)
def uptime_check_certificate_unwatched(uptime: UptimeCheckConfig, estate: Estate) -> Verdict:
    """A certificate that an uptime check sees can expire without anybody being told before.

    Why: An expired certificate is an outage that announces itself weeks ahead. The uptime check already measures the
    days that are left; only the alert on them is missing. Managed certificates fail to renew, too, once DNS changes.

    What a fix may break: Nothing; set the threshold below the age at which your issuer renews.

    Source: https://cloud.google.com/monitoring/uptime-checks/uptime-alerting-policies
    """
    http = uptime.http_check
    if http is None or not http.use_ssl:
        return not_applicable("the uptime check does not use TLS")
    if uptime.disabled:
        return not_applicable("the uptime check is disabled")
    policies = estate.in_project(AlertPolicy, uptime.project)
    if some(policies, lambda policy: _alerts(policy, _EXPIRY, uptime.id)):
        return PASS
    return fail("no enabled alert policy with a notification channel watches the days until the certificate ends")


@check(
    "uptime-check-tls-not-validated",
    severity=Severity.LOW,
    evidence=["displayName", "httpCheck.useSsl", "httpCheck.validateSsl"],
    fix=Fix(
        gcloud="gcloud monitoring uptime update {uptime.id} --validate-ssl=true",
        terraform="validate_ssl = true in http_check of google_monitoring_uptime_check_config",
        patch={"data": {"httpCheck": {"validateSsl": True}}},
    ),
    passes=lambda: [
        asset(UptimeCheckConfig, _HTTPS, name=_UPTIME),
        asset(UptimeCheckConfig, _PLAIN, name=_UPTIME),
        asset(UptimeCheckConfig, {"displayName": "db"}, name=_UPTIME),
    ],
    fails=lambda: [
        asset(UptimeCheckConfig, {"httpCheck": {"useSsl": True, "validateSsl": False}}, name=_UPTIME),
        asset(UptimeCheckConfig, {"httpCheck": {"useSsl": True}}, name=_UPTIME),
    ],
    unknown=lambda: [
        asset(UptimeCheckConfig, {"httpCheck": {"useSsl": True}}, unknown=["resource.data.httpCheck.validateSsl"]),
    ],
)
def uptime_check_tls_not_validated(uptime: UptimeCheckConfig) -> Verdict:
    """An uptime check passes though the certificate is wrong or expired.

    Why: Browsers refuse a certificate that has expired or names another host; this check does not, and shows the
    service as up while no customer gets in.

    What a fix may break: The check fails where the certificate comes from a private authority.

    Source: https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.uptimeCheckConfigs
    """
    http = uptime.http_check
    if http is None or not http.use_ssl:
        return not_applicable("the uptime check does not use TLS")
    if http.validate_ssl or uptime.disabled:
        return PASS
    return fail("validateSsl is off")


_CREDENTIAL_HEADERS = ("authorization", "proxy-authorization", "cookie", "x-api-key", "x-auth-token")


@check(
    "uptime-check-credential-exposed",
    severity=Severity.MEDIUM,
    evidence=["displayName", "httpCheck.maskHeaders", "httpCheck.useSsl"],
    fix=Fix(
        terraform="mask_headers = true and use_ssl = true in http_check of google_monitoring_uptime_check_config; "
        "for Cloud Run use service_agent_authentication instead of a credential",
        manual="replace the credential first: it could be read, or was sent in clear",
        patch={"data": {"httpCheck": {"useSsl": True, "maskHeaders": True}}},
    ),
    passes=lambda: [
        asset(UptimeCheckConfig, _HTTPS, name=_UPTIME),
        asset(
            UptimeCheckConfig,
            {"httpCheck": {"useSsl": True, "maskHeaders": True, "headers": {"Authorization": "******"}}},
            name=_UPTIME,
        ),
        asset(
            UptimeCheckConfig,
            {"httpCheck": {"useSsl": True, "authInfo": {"username": "probe", "password": "******"}}},
            name=_UPTIME,
        ),
        asset(UptimeCheckConfig, {"httpCheck": {"headers": {"Accept": "text/html"}}}, name=_UPTIME),
    ],
    fails=lambda: [
        asset(
            UptimeCheckConfig,
            {"httpCheck": {"useSsl": True, "headers": {"X-API-Key": _MADE_UP}}},
            name=_UPTIME,
        ),
        asset(UptimeCheckConfig, {"httpCheck": {"authInfo": {"username": "probe"}}}, name=_UPTIME),
    ],
    unknown=lambda: [
        asset(UptimeCheckConfig, {"httpCheck": {"useSsl": True}}, unknown=["resource.data.httpCheck.headers"]),
    ],
)
def uptime_check_credential_exposed(uptime: UptimeCheckConfig) -> Verdict:
    """An uptime check shows or sends a credential in clear.

    Why: Headers are shown to everyone who may view monitoring, and exported with the inventory, unless they are
    masked. Without TLS the header or password crosses the internet readable, every minute and from several regions.

    What a fix may break: Masked headers cannot be read back: keep the value elsewhere. The server has to answer on
    the TLS port.

    Source: https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.uptimeCheckConfigs
    """
    http = uptime.http_check
    if http is None:
        return not_applicable("the uptime check sends no request over HTTP")
    headers = sorted(name for name in http.headers if name.lower() in _CREDENTIAL_HEADERS)
    if headers and not http.mask_headers:
        return fail(f"header {', '.join(headers)} is not masked")
    if (headers or http.auth_info.username) and not http.use_ssl:
        return fail("a credential is sent without TLS")
    return PASS
