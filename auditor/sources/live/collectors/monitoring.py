"""Alert policies, notification channels and uptime checks, where the inventory is refused.

Sources: cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies/list,
…/projects.notificationChannels/list,
…/projects.uptimeCheckConfigs/list, docs.cloud.google.com/monitoring/quotas (it tells no number of requests, only where
to look it up; ours is a cautious one)
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from auditor.sources.live import convert
from auditor.sources.live.declaration import Collector, Level, Place, Quota, Record, Rpc
from auditor.sources.live.network import Calls

SERVICE = "monitoring.googleapis.com"
READS = Quota("Cloud Monitoring reads", 600)
_V3 = "/google.monitoring.v3."
_POLICIES = Rpc(f"{_V3}AlertPolicyService/ListAlertPolicies", READS, ("monitoring.alertPolicies.list",))
_CHANNELS = Rpc(
    f"{_V3}NotificationChannelService/ListNotificationChannels", READS, ("monitoring.notificationChannels.list",)
)
_CHECKS = Rpc(f"{_V3}UptimeCheckService/ListUptimeCheckConfigs", READS, ("monitoring.uptimeCheckConfigs.list",))
_PAGE = 100


async def collect(calls: Calls, place: Place) -> AsyncIterator[Record]:
    """What watches one project, and whom it tells."""
    from google.cloud import monitoring_v3 as v3

    policies = v3.ListAlertPoliciesRequest(name=place.key, page_size=_PAGE)
    client = calls.client("monitoring_v3", "AlertPolicyService")
    async for policy in calls.each(_POLICIES, client.list_alert_policies, policies, "alert_policies"):
        yield _record(place, "AlertPolicy", policy)
    channels = v3.ListNotificationChannelsRequest(name=place.key, page_size=_PAGE)
    client = calls.client("monitoring_v3", "NotificationChannelService")
    async for channel in calls.each(_CHANNELS, client.list_notification_channels, channels, "notification_channels"):
        yield _record(place, "NotificationChannel", channel)
    checks = v3.ListUptimeCheckConfigsRequest(parent=place.key, page_size=_PAGE)
    client = calls.client("monitoring_v3", "UptimeCheckService")
    async for check in calls.each(_CHECKS, client.list_uptime_check_configs, checks, "uptime_check_configs"):
        yield _record(place, "UptimeCheckConfig", check)


def _record(place: Place, kind: str, message: Any) -> Record:
    """The API names the project by its id, the inventory by its number."""
    _, _, within = message.name.removeprefix("projects/").partition("/")
    return convert.record(place, f"//{SERVICE}/{place.key}/{within}", f"{SERVICE}/{kind}", message)


COLLECTOR = Collector(
    name="monitoring",
    service=SERVICE,
    rpcs=(_POLICIES, _CHANNELS, _CHECKS),
    asset_types=tuple(f"{SERVICE}/{kind}" for kind in ("AlertPolicy", "NotificationChannel", "UptimeCheckConfig")),
    collect=collect,
    levels=frozenset({Level.PROJECT}),
    fallback=True,
)
