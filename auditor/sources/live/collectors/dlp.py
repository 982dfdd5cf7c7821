"""Sensitive Data Protection: what discovers sensitive data, where its results go, and what went wrong with it.

Job triggers and inspection templates are in the inventory; discovery configurations are not. The API lists them by
location and knows no sign for all locations, so that each target is asked for each location.

Sources: cloud.google.com/sensitive-data-protection/docs/reference/rest/v2/projects.locations.discoveryConfigs/list
(permission, locations), cloud.google.com/sensitive-data-protection/limits
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from auditor.sources.live import convert
from auditor.sources.live.declaration import Collector, Level, Place, Quota, Record, Rpc
from auditor.sources.live.network import Calls, together

_SERVICE = "dlp.googleapis.com"
_REQUESTS = Quota("Sensitive Data Protection requests", 600)
_DISCOVERY = Rpc(
    "/google.privacy.dlp.v2.DlpService/ListDiscoveryConfigs",
    _REQUESTS,
    ("dlp.jobTriggers.list",),
)
_PAGE = 100
LOCATIONS = (
    *("global", "us", "europe", "asia", "africa-south1", "asia-east1", "asia-east2", "asia-northeast1"),
    *("asia-northeast2", "asia-northeast3", "asia-south1", "asia-south2", "asia-southeast1", "asia-southeast2"),
    *("australia-southeast1", "australia-southeast2", "europe-central2", "europe-north1", "europe-north2"),
    *("europe-southwest1", "europe-west1", "europe-west2", "europe-west3", "europe-west4", "europe-west6"),
    *("europe-west8", "europe-west9", "europe-west10", "europe-west12", "me-central1", "me-central2", "me-west1"),
    *("northamerica-northeast1", "northamerica-northeast2", "northamerica-south1", "southamerica-east1"),
    *("southamerica-west1", "us-central1", "us-east1", "us-east4", "us-east5", "us-south1", "us-west1"),
    *("us-west2", "us-west3", "us-west4"),
)
"""Where a configuration may be processed."""


async def collect(calls: Calls, place: Place) -> AsyncIterator[Record]:
    """The discovery configurations of one target."""
    from google.cloud.dlp_v2 import ListDiscoveryConfigsRequest

    client = calls.client("dlp_v2", "DlpService")

    async def at(location: str) -> list[Record]:
        request = ListDiscoveryConfigsRequest(parent=f"{place.key}/locations/{location}", page_size=_PAGE)
        configs = calls.each(_DISCOVERY, client.list_discovery_configs, request, "discovery_configs")
        return [
            convert.record(place, f"//{_SERVICE}/{config.name}", f"{_SERVICE}/DiscoveryConfig", config)
            async for config in configs
        ]

    for records in await together([at(location) for location in LOCATIONS]):
        for record in records:
            yield record


COLLECTOR = Collector(
    name="sensitive-data-protection",
    service=_SERVICE,
    rpcs=(_DISCOVERY,),
    asset_types=(f"{_SERVICE}/DiscoveryConfig",),
    collect=collect,
    levels=frozenset({Level.PROJECT, Level.ORGANIZATION}),
    roots_only=True,
)
