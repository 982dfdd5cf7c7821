"""IAM recommendations: roles that grant more than their holders used.

An organisation without a support package has 100 such reads a minute, and as many a day; with one 6,000 a minute. What
the day's quota does not give is told at once, and not waited for.

Sources: cloud.google.com/recommender/docs/reference/rest/v1/projects.locations.recommenders.recommendations/list,
cloud.google.com/policy-intelligence/docs/role-recommendations-overview, cloud.google.com/recommender/quotas
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from auditor.sources.live import convert
from auditor.sources.live.declaration import Collector, Place, Quota, Record, Rpc
from auditor.sources.live.network import Calls

_SERVICE = "recommender.googleapis.com"
_READS = Quota("Recommender reads", 100)
_LIST = Rpc(
    "/google.cloud.recommender.v1.Recommender/ListRecommendations",
    _READS,
    ("recommender.iamPolicyRecommendations.list",),
)
_POLICIES = "google.iam.policy.Recommender"
_PAGE = 1_000
ACTIVE = "stateInfo.state = ACTIVE"


async def collect(calls: Calls, place: Place) -> AsyncIterator[Record]:
    """The active recommendations for the IAM policy of one place."""
    from google.cloud.recommender_v1 import ListRecommendationsRequest

    client = calls.client("recommender_v1", "Recommender")
    parent = f"{place.key}/locations/global/recommenders/{_POLICIES}"
    request = ListRecommendationsRequest(parent=parent, page_size=_PAGE, filter=ACTIVE)
    async for found in calls.each(_LIST, client.list_recommendations, request, "recommendations"):
        name = f"//{_SERVICE}/{found.name}"
        yield convert.record(place, name, f"{_SERVICE}/Recommendation", found)


COLLECTOR = Collector(
    name="recommender",
    service=_SERVICE,
    rpcs=(_LIST,),
    asset_types=(f"{_SERVICE}/Recommendation",),
    collect=collect,
)
