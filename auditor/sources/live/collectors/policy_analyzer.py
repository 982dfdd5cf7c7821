"""When service accounts and their keys last authenticated, which the inventory does not hold.

An activity has no name of its own; its record is named by what it tells of. Activity Analyzer looks back over a period
that it tells beside. No quota of it is documented (cloud.google.com/policy-intelligence/docs/quotas tells of
policy analyses only): ours is a cautious one, and a 429 slows it down.

Sources: cloud.google.com/policy-intelligence/docs/reference/policyanalyzer/rest (activities.query, 1,000 a page),
cloud.google.com/policy-intelligence/docs/activity-analyzer-service-account-authentication (permissions, the answer)
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from auditor.sources.live.declaration import Collector, Level, Place, Quota, Record, Rpc
from auditor.sources.live.network import Calls

_SERVICE = "policyanalyzer.googleapis.com"
_READS = Quota("Policy Analyzer activity queries", 600)
_QUERIES = {
    kind: Rpc(f"GET {_SERVICE}/v1/projects/*/locations/global/activityTypes/{kind}/activities:query", _READS, (needs,))
    for kind, needs in (
        ("serviceAccountLastAuthentication", "policyanalyzer.serviceAccountLastAuthenticationActivities.query"),
        ("serviceAccountKeyLastAuthentication", "policyanalyzer.serviceAccountKeyLastAuthenticationActivities.query"),
    )
}
_PAGE = 1_000


async def collect(calls: Calls, place: Place) -> AsyncIterator[Record]:
    """What is known of the last use of one project's accounts and keys."""
    for kind, rpc in _QUERIES.items():
        parent = f"{place.key}/locations/global/activityTypes/{kind}"
        path, wanted = f"v1/{parent}/activities:query", {"pageSize": str(_PAGE)}
        found = calls.objects(rpc, _SERVICE, path, wanted, "activities", key="fullResourceName")
        async for activities, _, _ in found:
            for activity in activities:
                told_of = str(activity["fullResourceName"]).rpartition("/")[2]
                yield place.record(f"//{_SERVICE}/{parent}/activities/{told_of}", f"{_SERVICE}/Activity", activity)


COLLECTOR = Collector(
    name="policy-analyzer",
    service=_SERVICE,
    rpcs=tuple(_QUERIES.values()),
    asset_types=(f"{_SERVICE}/Activity",),
    collect=collect,
    levels=frozenset({Level.PROJECT}),
    follows=("iam.googleapis.com/ServiceAccount", "iam.googleapis.com/ServiceAccountKey"),
    only_thorough=True,
)
