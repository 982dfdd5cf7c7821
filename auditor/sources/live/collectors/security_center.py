"""Security Command Center: its sources and its active findings, muted ones included.

A target's answer holds all below it. Where an organisation chose data residency, findings and what is configured lie
in locations with endpoints of their own, which are asked where the user names them. No answer because the service is
not activated is told as such: that is a finding of its own, not a gap.

Sources: cloud.google.com/security-command-center/docs/data-residency-support (locations), …/docs/regional-endpoints,
cloud.google.com/security-command-center/docs/reference/rest/v2/organizations.sources.findings/list,
…/v2/organizations.sources/list, cloud.google.com/security-command-center/quotas
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from auditor.sources.live import convert
from auditor.sources.live.declaration import Collector, Place, Quota, Record, Rpc
from auditor.sources.live.network import Calls

SERVICE = "securitycenter.googleapis.com"
READS = Quota("Security Command Center reads", 1_000)
V2 = "/google.cloud.securitycenter.v2.SecurityCenter/"
_SOURCES = Rpc(f"{V2}ListSources", READS, ("securitycenter.sources.list",))
_FINDINGS = Rpc(f"{V2}ListFindings", READS, ("securitycenter.findings.list",))
_PAGE = 1_000
ACTIVE = 'state="ACTIVE"'
_ENDPOINTS = {"sa": "me-central2"}

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
    for location, host in locations(calls):
        client = calls.client("securitycenter_v2", "SecurityCenter", host)
        parent = f"{place.key}/sources/-/locations/{location}"
        findings = v2.ListFindingsRequest(parent=parent, filter=ACTIVE, page_size=_PAGE)
        async for result in calls.each(_FINDINGS, client.list_findings, findings, "list_findings_results"):
            data = convert.plain(result.finding)
            yield _record(place, "Finding", {name: data[name] for name in _SHOWN if name in data})


def locations(calls: Calls) -> list[tuple[str, str]]:
    """(location, location of its endpoint) of everywhere that the service keeps data; `""` for the usual endpoint."""
    return [("global", ""), *((name, _ENDPOINTS.get(name, name)) for name in calls.residency)]


def _record(place: Place, kind: str, data: dict[str, Any]) -> Record:
    return place.record(f"//{SERVICE}/{data.get('name', '')}", f"{SERVICE}/{kind}", data)


COLLECTOR = Collector(
    name="security-command-center",
    service=SERVICE,
    rpcs=(_SOURCES, _FINDINGS),
    asset_types=tuple(f"{SERVICE}/{kind}" for kind in ("Source", "Finding")),
    collect=collect,
    roots_only=True,
    holds_below=True,
)
