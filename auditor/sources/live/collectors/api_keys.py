"""API keys of projects, where the inventory is refused. The keys' strings are not asked for.

Source: cloud.google.com/api-keys/docs/reference/rest/v2/projects.locations.keys/list, …/api-keys/docs/quotas
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from auditor.sources.live import convert
from auditor.sources.live.declaration import Collector, Level, Place, Quota, Record, Rpc
from auditor.sources.live.network import Calls

_SERVICE = "apikeys.googleapis.com"
_READS = Quota("API Keys reads", 240)
_LIST = Rpc("/google.api.apikeys.v2.ApiKeys/ListKeys", _READS, ("apikeys.keys.list",))
_PAGE = 300


async def collect(calls: Calls, place: Place) -> AsyncIterator[Record]:
    """The API keys of one project that are not deleted."""
    from google.cloud.api_keys_v2 import ListKeysRequest

    client = calls.client("api_keys_v2", "ApiKeys")
    request = ListKeysRequest(parent=f"{place.key}/locations/global", page_size=_PAGE)
    async for key in calls.each(_LIST, client.list_keys, request, "keys"):
        yield convert.record(place, f"//{_SERVICE}/{key.name}", f"{_SERVICE}/Key", key, without=("keyString",))


COLLECTOR = Collector(
    name="api-keys",
    service=_SERVICE,
    rpcs=(_LIST,),
    asset_types=(f"{_SERVICE}/Key",),
    collect=collect,
    levels=frozenset({Level.PROJECT}),
    fallback=True,
)
