"""Which detection services of Security Command Center are on at a target.

Source: cloud.google.com/security-command-center/docs/reference/security-center-management/rest
(organizations.locations.securityCenterServices.list). No quota of this API is documented;
ours is a cautious one.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from auditor.sources.live import convert
from auditor.sources.live.declaration import Collector, Place, Quota, Record, Rpc
from auditor.sources.live.network import Calls

_SERVICE = "securitycentermanagement.googleapis.com"
_READS = Quota("Security Center Management reads", 100)
_LIST = Rpc(
    "/google.cloud.securitycentermanagement.v1.SecurityCenterManagement/ListSecurityCenterServices",
    _READS,
    ("securitycentermanagement.securityCenterServices.list",),
)
_PAGE = 100


async def collect(calls: Calls, place: Place) -> AsyncIterator[Record]:
    """The services of one target, with the state that is in force there."""
    from google.cloud.securitycentermanagement_v1 import ListSecurityCenterServicesRequest

    client = calls.client("securitycentermanagement_v1", "SecurityCenterManagement")
    request = ListSecurityCenterServicesRequest(parent=f"{place.key}/locations/global", page_size=_PAGE)
    found = calls.each(_LIST, client.list_security_center_services, request, "security_center_services")
    async for service in found:
        yield convert.record(place, f"//{_SERVICE}/{service.name}", f"{_SERVICE}/SecurityCenterService", service)


COLLECTOR = Collector(
    name="security-command-center-services",
    service=_SERVICE,
    rpcs=(_LIST,),
    asset_types=(f"{_SERVICE}/SecurityCenterService",),
    collect=collect,
    roots_only=True,
)
