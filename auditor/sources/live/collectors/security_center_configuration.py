"""What mutes findings of Security Command Center and where they are sent, where the inventory is refused.

Sources: cloud.google.com/security-command-center/docs/reference/rest/v2/organizations.locations.muteConfigs/list,
…/v2/organizations.locations.notificationConfigs/list, …/v2/organizations.locations.bigQueryExports/list,
cloud.google.com/asset-inventory/docs/asset-types (the inventory holds all three)
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from auditor.sources.live import convert
from auditor.sources.live.collectors.security_center import READS, SERVICE, V2, locations
from auditor.sources.live.declaration import Collector, Place, Record, Rpc
from auditor.sources.live.network import Calls

_MUTES = Rpc(f"{V2}ListMuteConfigs", READS, ("securitycenter.muteconfigs.list",))
_NOTIFICATIONS = Rpc(f"{V2}ListNotificationConfigs", READS, ("securitycenter.notificationconfig.list",))
_EXPORTS = Rpc(f"{V2}ListBigQueryExports", READS, ("securitycenter.bigQueryExports.list",))
_PAGE = 1_000


async def collect(calls: Calls, place: Place) -> AsyncIterator[Record]:
    """The mute rules, notifications and exports of one target."""
    from google.cloud import securitycenter_v2 as v2

    for location, host in locations(calls):
        client = calls.client("securitycenter_v2", "SecurityCenter", host)
        parent = f"{place.key}/locations/{location}"
        rules = v2.ListMuteConfigsRequest(parent=parent, page_size=_PAGE)
        async for rule in calls.each(_MUTES, client.list_mute_configs, rules, "mute_configs"):
            yield convert.record(place, f"//{SERVICE}/{rule.name}", f"{SERVICE}/MuteConfig", rule)
        configs = v2.ListNotificationConfigsRequest(parent=parent, page_size=_PAGE)
        async for config in calls.each(
            _NOTIFICATIONS, client.list_notification_configs, configs, "notification_configs"
        ):
            yield convert.record(place, f"//{SERVICE}/{config.name}", f"{SERVICE}/NotificationConfig", config)
        exports = v2.ListBigQueryExportsRequest(parent=parent, page_size=_PAGE)
        async for export in calls.each(_EXPORTS, client.list_big_query_exports, exports, "big_query_exports"):
            yield convert.record(place, f"//{SERVICE}/{export.name}", f"{SERVICE}/BigQueryExport", export)


COLLECTOR = Collector(
    name="security-command-center-configuration",
    service=SERVICE,
    rpcs=(_MUTES, _NOTIFICATIONS, _EXPORTS),
    asset_types=tuple(f"{SERVICE}/{kind}" for kind in ("MuteConfig", "NotificationConfig", "BigQueryExport")),
    collect=collect,
    roots_only=True,
    fallback=True,
)
