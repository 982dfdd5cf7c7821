"""Security Command Center: its sources, its active findings, what mutes them and who is told of them.

A target's answer holds all below it. No answer because the service is not activated is told as such: that is a finding
of its own, not a gap.

Sources: cloud.google.com/security-command-center/docs/reference/rest/v2/organizations.sources.findings/list,
…/v2/organizations.sources/list, …/v2/organizations.muteConfigs/list, …/v2/organizations.notificationConfigs/list,
cloud.google.com/security-command-center/quotas
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from auditor.sources.live import convert
from auditor.sources.live.declaration import Collector, Place, Quota, Record, Rpc
from auditor.sources.live.network import Calls

_SERVICE = "securitycenter.googleapis.com"
_READS = Quota("Security Command Center reads", 1_000)
_V2 = "/google.cloud.securitycenter.v2.SecurityCenter/"
_SOURCES = Rpc(f"{_V2}ListSources", _READS, ("securitycenter.sources.list",))
_FINDINGS = Rpc(f"{_V2}ListFindings", _READS, ("securitycenter.findings.list",))
_MUTES = Rpc(f"{_V2}ListMuteConfigs", _READS, ("securitycenter.muteconfigs.list",))
_NOTIFICATIONS = Rpc(f"{_V2}ListNotificationConfigs", _READS, ("securitycenter.notificationconfig.list",))
_PAGE = 1_000
ACTIVE = 'state="ACTIVE"'

_SHOWN = (
    "name",
    "canonicalName",
    "parent",
    "parentDisplayName",
    "resourceName",
    "category",
    "state",
    "severity",
    "findingClass",
    "mute",
    "moduleName",
    "eventTime",
    "createTime",
    "externalUri",
)
"""Of a finding: what it is and where. What else it holds may be secret (command lines, addresses)."""


async def collect(calls: Calls, place: Place) -> AsyncIterator[Record]:
    """What Security Command Center says of one target and all below it."""
    from google.cloud import securitycenter_v2 as v2

    client = calls.client("securitycenter_v2", "SecurityCenter")
    sources = v2.ListSourcesRequest(parent=place.key, page_size=_PAGE)
    async for source in calls.each(_SOURCES, client.list_sources, sources, "sources"):
        yield _record(place, "Source", convert.plain(source))
    parent = f"{place.key}/locations/global"
    mutes = v2.ListMuteConfigsRequest(parent=parent, page_size=_PAGE)
    async for mute in calls.each(_MUTES, client.list_mute_configs, mutes, "mute_configs"):
        yield _record(place, "MuteConfig", convert.plain(mute))
    configs = v2.ListNotificationConfigsRequest(parent=parent, page_size=_PAGE)
    async for config in calls.each(_NOTIFICATIONS, client.list_notification_configs, configs, "notification_configs"):
        yield _record(place, "NotificationConfig", convert.plain(config))
    findings = v2.ListFindingsRequest(parent=f"{place.key}/sources/-/locations/global", filter=ACTIVE, page_size=_PAGE)
    async for result in calls.each(_FINDINGS, client.list_findings, findings, "list_findings_results"):
        data = convert.plain(result.finding)
        yield _record(place, "Finding", {name: data[name] for name in _SHOWN if name in data})


def _record(place: Place, kind: str, data: dict[str, Any]) -> Record:
    return place.record(f"//{_SERVICE}/{data.get('name', '')}", f"{_SERVICE}/{kind}", data)


COLLECTOR = Collector(
    name="security-command-center",
    service=_SERVICE,
    rpcs=(_SOURCES, _FINDINGS, _MUTES, _NOTIFICATIONS),
    asset_types=tuple(f"{_SERVICE}/{kind}" for kind in ("Source", "MuteConfig", "NotificationConfig", "Finding")),
    collect=collect,
    roots_only=True,
)
