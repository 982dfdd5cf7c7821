"""Deny policies (IAM v2), as they are now: the inventory's copy (`iam.googleapis.com/PolicyV2`) may be days old.

IAM answers five such requests a minute and project, so that asking each of many projects takes hours.

Sources: cloud.google.com/iam/docs/reference/rest/v2/policies/listPolicies, cloud.google.com/iam/quotas
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import quote

from auditor.sources.live import convert
from auditor.sources.live.declaration import MANAGER, Collector, Place, Quota, Record, Rpc
from auditor.sources.live.network import Calls

_READS = Quota("IAM v2 reads", 5)
_LIST = Rpc("/google.iam.v2.Policies/ListPolicies", _READS, ("iam.denypolicies.list",))


async def collect(calls: Calls, place: Place) -> AsyncIterator[Record]:
    """The deny policies that are attached to one place."""
    from google.cloud.iam_v2 import ListPoliciesRequest

    client = calls.client("iam_v2", "Policies")
    attached = quote(f"{MANAGER}/{place.key}", safe="")
    request = ListPoliciesRequest(parent=f"policies/{attached}/denypolicies")
    async for policy in calls.each(_LIST, client.list_policies, request, "policies"):
        yield convert.record(place, f"//iam.googleapis.com/{policy.name}", "iam.googleapis.com/DenyPolicy", policy)


COLLECTOR = Collector(
    name="deny-policies",
    service="iam.googleapis.com",
    rpcs=(_LIST,),
    asset_types=("iam.googleapis.com/DenyPolicy",),
    collect=collect,
)
