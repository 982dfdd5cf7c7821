"""Organisation policies that are set in a place, where the inventory is refused.

Sources: cloud.google.com/resource-manager/docs/reference/orgpolicy/rest/v2/organizations.policies/list,
docs.cloud.google.com/organization-policy/quotas (no number of requests; ours is a cautious one)
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from auditor.sources.live import convert
from auditor.sources.live.declaration import Collector, Place, Quota, Record, Rpc
from auditor.sources.live.network import Calls

SERVICE = "orgpolicy.googleapis.com"
READS = Quota("Organization Policy reads", 600)
_LIST = Rpc("/google.cloud.orgpolicy.v2.OrgPolicy/ListPolicies", READS, ("orgpolicy.policies.list",))
_PAGE = 1_000


async def collect(calls: Calls, place: Place) -> AsyncIterator[Record]:
    """The policies that are set on one place."""
    from google.cloud.orgpolicy_v2 import ListPoliciesRequest

    client = calls.client("orgpolicy_v2", "OrgPolicy")
    request = ListPoliciesRequest(parent=place.key, page_size=_PAGE)
    async for policy in calls.each(_LIST, client.list_policies, request, "policies"):
        name = f"//{SERVICE}/{place.key}/policies/{policy.name.rpartition('/')[2]}"
        yield convert.record(place, name, f"{SERVICE}/Policy", policy)


COLLECTOR = Collector(
    name="org-policies",
    service=SERVICE,
    rpcs=(_LIST,),
    asset_types=(f"{SERVICE}/Policy",),
    collect=collect,
    fallback=True,
)
