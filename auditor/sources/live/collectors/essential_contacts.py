"""Essential contacts: who Google tells of what, where the inventory is refused.

Source: cloud.google.com/resource-manager/docs/reference/essentialcontacts/rest/v1/projects.contacts/list
(100 a page). No quota is documented; ours is a cautious one.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from auditor.sources.live import convert
from auditor.sources.live.declaration import Collector, Place, Quota, Record, Rpc
from auditor.sources.live.network import Calls

_SERVICE = "essentialcontacts.googleapis.com"
_READS = Quota("Essential Contacts reads", 300)
_LIST = Rpc(
    "/google.cloud.essentialcontacts.v1.EssentialContactsService/ListContacts",
    _READS,
    ("essentialcontacts.contacts.list",),
)
_PAGE = 100


async def collect(calls: Calls, place: Place) -> AsyncIterator[Record]:
    """The contacts that are set on one place."""
    from google.cloud.essential_contacts_v1 import ListContactsRequest

    client = calls.client("essential_contacts_v1", "EssentialContactsService")
    request = ListContactsRequest(parent=place.key, page_size=_PAGE)
    async for contact in calls.each(_LIST, client.list_contacts, request, "contacts"):
        yield convert.record(place, f"//{_SERVICE}/{contact.name}", f"{_SERVICE}/Contact", contact)


COLLECTOR = Collector(
    name="essential-contacts",
    service=_SERVICE,
    rpcs=(_LIST,),
    asset_types=(f"{_SERVICE}/Contact",),
    collect=collect,
    fallback=True,
)
