"""Alert policies and their notification channels: whether an alert reaches anybody."""

from __future__ import annotations

import re

from auditor import PASS, Estate, Fix, Severity, Verdict, asset, check, fail, not_applicable
from auditor.access.members import CONSUMER_DOMAINS
from auditor.resources.monitoring import AlertPolicy, NotificationChannel

_POLICY = "//monitoring.googleapis.com/projects/shop/alertPolicies/1"
_MAIL = "projects/shop/notificationChannels/11"
_PAGER = "projects/shop/notificationChannels/12"
_CHANNELS = "//monitoring.googleapis.com"
_CONDITION = {"conditionThreshold": {"filter": 'metric.type="run.googleapis.com/request_count"'}}
_MADE_UP = "correct-horse-7"
_POLICY_DATA = {"displayName": "5xx", "enabled": True, "conditions": [_CONDITION]}


def _channel_id(channel: NotificationChannel) -> str:
    """Channel ids are unique over all projects."""
    return channel.id


@check(
    "alert-policy-without-channel",
    severity=Severity.MEDIUM,
    evidence=["displayName", "notificationChannels"],
    fix=Fix(
        gcloud="gcloud alpha monitoring policies update {policy.id} --add-notification-channels=CHANNEL",
        terraform="notification_channels on google_monitoring_alert_policy",
        patch={"data": {"notificationChannels": [_MAIL]}},
    ),
    passes=lambda: [
        asset(AlertPolicy, {**_POLICY_DATA, "notificationChannels": [_MAIL]}, name=_POLICY),
        asset(AlertPolicy, {**_POLICY_DATA, "enabled": False}, name=_POLICY),
    ],
    fails=lambda: [
        asset(AlertPolicy, _POLICY_DATA, name=_POLICY),
        asset(AlertPolicy, {"displayName": "5xx", "notificationChannels": []}, name=_POLICY),
    ],
    unknown=lambda: [
        asset(AlertPolicy, _POLICY_DATA, name=_POLICY, unknown=["resource.data.notificationChannels"]),
        asset(AlertPolicy, {"notificationChannels": []}, name=_POLICY, unknown=["resource.data.enabled"]),
    ],
)
def alert_policy_without_channel(policy: AlertPolicy) -> Verdict:
    """An alert policy is enabled but tells nobody.

    Why: Without a notification channel an alert opens an incident in the console and that is all. It looks like
    monitoring in a list of policies, and is found out when the incident is hours old.

    What a fix may break: Somebody starts to receive its notifications. See first how often it fires.

    Source: https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies
    """
    if policy.notification_channels:
        return PASS
    if not policy.enabled:
        return not_applicable("the policy is disabled")
    return fail("the policy names no notification channel")


@check(
    "alert-policy-dead-channels",
    severity=Severity.MEDIUM,
    reads=[NotificationChannel],
    evidence=["displayName", "notificationChannels"],
    fix=Fix(
        gcloud="gcloud alpha monitoring policies update {policy.id} --add-notification-channels=CHANNEL",
        terraform="enabled = true on google_monitoring_notification_channel",
        manual="Monitoring > Alerting > Edit notification channels: enable and verify the channels, or use others",
        patch={"data": {"notificationChannels": ["projects/shop/notificationChannels/13"]}},
    ),
    passes=lambda: [
        [
            asset(AlertPolicy, {**_POLICY_DATA, "notificationChannels": [_MAIL, _PAGER]}, name=_POLICY),
            asset(NotificationChannel, {"type": "email", "enabled": False}, name=f"{_CHANNELS}/{_MAIL}"),
            asset(NotificationChannel, {"type": "pagerduty", "enabled": True}, name=f"{_CHANNELS}/{_PAGER}"),
        ],
        [
            asset(AlertPolicy, {**_POLICY_DATA, "notificationChannels": [_MAIL]}, name=_POLICY),
            asset(NotificationChannel, {"type": "sms", "verificationStatus": "VERIFIED"}, name=f"{_CHANNELS}/{_MAIL}"),
        ],
        asset(AlertPolicy, {**_POLICY_DATA, "enabled": False, "notificationChannels": [_MAIL]}, name=_POLICY),
        asset(AlertPolicy, _POLICY_DATA, name=_POLICY),
    ],
    fails=lambda: [
        [
            asset(AlertPolicy, {**_POLICY_DATA, "notificationChannels": [_MAIL, _PAGER]}, name=_POLICY),
            asset(NotificationChannel, {"type": "email", "enabled": False}, name=f"{_CHANNELS}/{_MAIL}"),
            asset(
                NotificationChannel,
                {"type": "sms", "enabled": True, "verificationStatus": "UNVERIFIED"},
                name=f"{_CHANNELS}/{_PAGER}",
            ),
            asset(NotificationChannel, {"type": "email"}, name=f"{_CHANNELS}/projects/shop/notificationChannels/13"),
        ],
        [
            asset(AlertPolicy, {**_POLICY_DATA, "notificationChannels": [_MAIL]}, name=_POLICY),
            asset(NotificationChannel, {"type": "email"}, name=f"{_CHANNELS}/projects/shop/notificationChannels/13"),
        ],
    ],
    unknown=lambda: [
        [
            asset(AlertPolicy, {**_POLICY_DATA, "notificationChannels": [_MAIL]}, name=_POLICY),
            asset(NotificationChannel, {"type": "sms"}, name=f"{_CHANNELS}/{_MAIL}", unknown=["resource.data.enabled"]),
        ],
    ],
)
def alert_policy_dead_channels(policy: AlertPolicy, estate: Estate) -> Verdict:
    """An alert policy tells only notification channels that deliver nothing.

    Why: A channel that was disabled, waits for its verification or was deleted swallows notifications. The policy
    looks complete; nobody hears of the alert.

    What a fix may break: Notifications that were held back start to arrive.

    Source: https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.notificationChannels
    """
    if not policy.notification_channels:
        return not_applicable("the policy names no notification channel")
    if not policy.enabled:
        return not_applicable("the policy is disabled")
    problems = []
    for name in policy.notification_channels:
        identifier = name.rpartition("/")[2]
        channels = estate.related(NotificationChannel, _channel_id, identifier)
        defects = [channel.defect for channel in channels] or ["does not exist"]
        if "" in defects:
            return PASS
        problems.append(f"channel {identifier} {defects[0]}")
    return fail("; ".join(problems))


@check(
    "notification-channel-silent",
    severity=Severity.LOW,
    evidence=["type", "enabled", "verificationStatus"],
    fix=Fix(
        gcloud="gcloud beta monitoring channels update {channel.id} --enabled",
        terraform="enabled = true on google_monitoring_notification_channel",
        manual="Monitoring > Alerting > Edit notification channels: enable it, or enter the verification code; "
        "delete it if it is not needed",
        patch={"data": {"enabled": True, "verificationStatus": "VERIFIED"}},
    ),
    passes=lambda: [
        asset(NotificationChannel, {"type": "email", "enabled": True}),
        asset(NotificationChannel, {"type": "slack", "verificationStatus": "VERIFIED"}),
        asset(NotificationChannel, {"type": "pubsub", "verificationStatus": "VERIFICATION_STATUS_UNSPECIFIED"}),
    ],
    fails=lambda: [
        asset(NotificationChannel, {"type": "email", "enabled": False}),
        asset(NotificationChannel, {"type": "sms", "enabled": True, "verificationStatus": "UNVERIFIED"}),
    ],
    unknown=lambda: [
        asset(NotificationChannel, {"type": "sms"}, unknown=["resource.data.verificationStatus"]),
    ],
)
def notification_channel_silent(channel: NotificationChannel) -> Verdict:
    """A notification channel is disabled or was never verified, and delivers nothing.

    Why: Policies that name it believe that they tell somebody. Channels that need no verification, like e-mail, do not
    fail here.

    What a fix may break: Notifications start to arrive there.

    Source: https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.notificationChannels
    """
    return fail(f"the {channel.type} channel {channel.defect}") if channel.defect else PASS


_SECRET_PARAMETER = re.compile(
    r"[?&](?:[\w-]*(?:token|secret|password|passwd|api_?key|signature)|key|sig)=[^&]{8,}", re.I
)
_SECRET_PATH = re.compile(
    r"//(?:hooks\.slack\.com/services|discord(?:app)?\.com/api/webhooks|[\w.-]+\.webhook\.office\.com)/"
)
_USER_INFO = re.compile(r"://[^/@\s]+:[^/@\s]+@")


@check(
    "notification-channel-credential",
    severity=Severity.MEDIUM,
    evidence=["type"],
    fix=Fix(
        terraform="type webhook_basicauth with sensitive_labels, or a pubsub channel, instead of a url with a secret",
        manual="make a new secret at the receiver, and a channel that keeps it in a sensitive label; delete this one",
        patch={"data": {"labels": {"url": "https://alerts.example.com/hook"}}},
    ),
    passes=lambda: [
        asset(NotificationChannel, {"type": "webhook_tokenauth", "labels": {"url": "https://alerts.example.com/hook"}}),
        asset(NotificationChannel, {"type": "email", "labels": {"email_address": "ops@example.com"}}),
        asset(NotificationChannel, {"type": "webhook_tokenauth", "labels": {"url": "https://e.example/h?team=sre"}}),
        asset(NotificationChannel, {"type": "pagerduty"}),
    ],
    fails=lambda: [
        asset(
            NotificationChannel,
            {"type": "webhook_tokenauth", "labels": {"url": "https://e.example/h?auth_token=" + _MADE_UP}},
        ),
        asset(
            NotificationChannel,
            {"type": "webhook_tokenauth", "labels": {"url": "https://ops:" + _MADE_UP + "@alerts.example.com/hook"}},
        ),
        asset(
            NotificationChannel,
            {"type": "webhook_tokenauth", "labels": {"url": "https://hooks.slack.com/services/T0/B0/XXXXXXXXXXXX"}},
        ),
    ],
    unknown=lambda: [asset(NotificationChannel, {"type": "webhook_tokenauth"}, unknown=["resource.data.labels"])],
)
def notification_channel_credential(channel: NotificationChannel) -> Verdict:
    """A notification channel holds a credential in its address, where every viewer can read it.

    Why: Labels of a channel, its URL among them, are shown to everyone who may view monitoring, and exported with the
    inventory. With the token in it anybody can post to the receiver, and forge or drown alerts. The other place for it,
    a sensitive label, is not given out again.

    What a fix may break: The receiver has to accept the new secret before the channel is changed.

    Source: https://cloud.google.com/monitoring/support/notification-options
    """
    url = channel.labels.get("url", "")
    if _USER_INFO.search(url):
        return fail("the URL of the channel contains a user name and password")
    if _SECRET_PARAMETER.search(url):
        return fail("the URL of the channel contains a token as a parameter")
    if _SECRET_PATH.search(url):
        return fail("the URL of the channel is an incoming webhook, which is a secret in itself")
    return PASS


@check(
    "alert-policy-disabled",
    severity=Severity.INFO,
    default=False,
    evidence=["displayName"],
    fix=Fix(
        gcloud="gcloud alpha monitoring policies update {policy.id} --enabled",
        terraform="enabled = true on google_monitoring_alert_policy",
        manual="enable the policy, or delete it; to be left in peace for a time, snooze it instead",
        patch={"data": {"enabled": True}},
    ),
    passes=lambda: [
        asset(AlertPolicy, {**_POLICY_DATA, "notificationChannels": [_MAIL]}, name=_POLICY),
        asset(AlertPolicy, {"displayName": "5xx"}, name=_POLICY),
    ],
    fails=lambda: [asset(AlertPolicy, {**_POLICY_DATA, "enabled": False}, name=_POLICY)],
    unknown=lambda: [asset(AlertPolicy, {}, name=_POLICY, unknown=["resource.data.enabled"])],
)
def alert_policy_disabled(policy: AlertPolicy) -> Verdict:
    """An alert policy is disabled.

    Why: Policies are turned off in a noisy hour and forgotten. What they were made for is not watched since.

    What a fix may break: It fires again, perhaps for the reason that it was turned off.

    Source: https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies
    """
    return PASS if policy.enabled else fail("the policy does not fire")


@check(
    "notification-channel-personal-address",
    severity=Severity.LOW,
    evidence=["type"],
    fix=Fix(
        terraform="labels = { email_address = … } on google_monitoring_notification_channel",
        manual="Tell a group of the company's domain, or a paging service, so that somebody is always there; then "
        "delete this channel.",
        patch={"data": {"labels": {"email_address": "oncall@example.com"}}},
    ),
    passes=lambda: [
        asset(NotificationChannel, {"type": "email", "labels": {"email_address": "oncall@example.com"}}),
        asset(NotificationChannel, {"type": "pagerduty", "labels": {"service_key": "gmail.com"}}),
        asset(
            NotificationChannel,
            {"type": "email", "enabled": False, "labels": {"email_address": "someone@gmail.com"}},
        ),
    ],
    fails=lambda: [
        asset(NotificationChannel, {"type": "email", "labels": {"email_address": "someone@gmail.com"}}),
        asset(NotificationChannel, {"type": "email", "labels": {"email_address": "Some.One@GoogleMail.com"}}),
    ],
    unknown=lambda: [
        asset(NotificationChannel, {"type": "email"}, unknown=["resource.data.labels"]),
    ],
)
def notification_channel_personal_address(channel: NotificationChannel) -> Verdict:
    """Alerts go to somebody's private mailbox.

    Why: it belongs to one person, who sleeps, takes leave and one day goes, and to no administrator of the company.
    Alerts name hosts, accounts and errors that should not lie there.

    What a fix may break: nothing; add the new channel to the policies before this one is deleted.

    Source: https://cloud.google.com/monitoring/support/notification-options
    """
    if channel.type != "email":
        return not_applicable("not an e-mail channel")
    domain = channel.labels.get("email_address", "").rpartition("@")[2].lower()
    if domain not in CONSUMER_DOMAINS:
        return PASS
    return fail(f"the mailbox is one of {domain}") if channel.enabled else not_applicable("the channel is disabled")
