"""Which APIs are enabled in a project, where the inventory is refused. Their long configurations are left out.

Source: cloud.google.com/service-usage/docs/reference/rest/v1/services/list (filter, 200 a page),
cloud.google.com/service-usage/docs/quotas
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from auditor.sources.live import convert
from auditor.sources.live.declaration import Collector, Level, Place, Quota, Record, Rpc
from auditor.sources.live.network import Calls

_SERVICE = "serviceusage.googleapis.com"
_READS = Quota("Service Usage reads", 240)
_LIST = Rpc("/google.api.serviceusage.v1.ServiceUsage/ListServices", _READS, ("serviceusage.services.list",))
_PAGE = 200
ENABLED = "state:ENABLED"


async def collect(calls: Calls, place: Place) -> AsyncIterator[Record]:
    """The enabled APIs of one project."""
    from google.cloud.service_usage_v1 import ListServicesRequest

    client = calls.client("service_usage_v1", "ServiceUsage")
    request = ListServicesRequest(parent=place.key, filter=ENABLED, page_size=_PAGE)
    async for service in calls.each(_LIST, client.list_services, request, "services"):
        name = f"//{_SERVICE}/{service.name}"
        yield convert.record(place, name, f"{_SERVICE}/Service", service, without=("config",))


COLLECTOR = Collector(
    name="service-usage",
    service=_SERVICE,
    rpcs=(_LIST,),
    asset_types=(f"{_SERVICE}/Service",),
    collect=collect,
    levels=frozenset({Level.PROJECT}),
    fallback=True,
)
