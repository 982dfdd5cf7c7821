"""Google groups of the organisation's account and who is in them, which the inventory does not hold.

The API has no gRPC client, and its readers are not made by IAM: the auditor's identity needs the Workspace role
"Groups Reader", or to be the reader of each group. No quota is documented; ours is a cautious one.

Sources: cloud.google.com/identity/docs/reference/rest/v1/groups/list (500 a page with the full view),
cloud.google.com/identity/docs/reference/rest/v1/groups.memberships/list,
cloud.google.com/identity/docs/how-to/setup (how a service account gets the role)
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from auditor.sources.live.declaration import Collector, Level, Place, Quota, Record, Rpc
from auditor.sources.live.failures import Failure, Refused, State
from auditor.sources.live.network import Calls, together

_SERVICE = "cloudidentity.googleapis.com"
_READS = Quota("Cloud Identity reads", 1_200)
_GROUPS = Rpc(f"GET {_SERVICE}/v1/groups", _READS)
_MEMBERS = Rpc(f"GET {_SERVICE}/v1/groups/*/memberships", _READS)
_PAGE = 500
_AT_ONCE = 200
"""Groups whose members are asked for together."""


async def collect(calls: Calls, place: Place) -> AsyncIterator[Record]:
    """The groups of one organisation's account, each with its memberships."""
    if not place.customer:
        raise Refused(Failure(State.REFUSED, "the organization's data does not tell the account that owns its groups"))
    waiting: list[dict[str, Any]] = []
    wanted = {"parent": f"customers/{place.customer}", "view": "FULL", "pageSize": str(_PAGE)}
    async for group in _each(calls, _GROUPS, "v1/groups", wanted, "groups"):
        yield place.record(f"//{_SERVICE}/{group['name']}", f"{_SERVICE}/Group", group)
        waiting.append(group)
        if len(waiting) == _AT_ONCE:
            for record in await _members(calls, place, waiting):
                yield record
            waiting = []
    for record in await _members(calls, place, waiting):
        yield record


async def _members(calls: Calls, place: Place, groups: list[dict[str, Any]]) -> list[Record]:
    async def of(group: dict[str, Any]) -> list[Record]:
        path = f"v1/{group['name']}/memberships"
        wanted = {"view": "FULL", "pageSize": str(_PAGE)}
        return [
            place.record(f"//{_SERVICE}/{member['name']}", f"{_SERVICE}/Membership", member)
            async for member in _each(calls, _MEMBERS, path, wanted, "memberships")
        ]

    return [record for records in await together([of(group) for group in groups]) for record in records]


async def _each(
    calls: Calls, rpc: Rpc, path: str, parameters: dict[str, str], field: str
) -> AsyncIterator[dict[str, Any]]:
    async for elements, _, _ in calls.objects(rpc, _SERVICE, path, parameters, field):
        for element in elements:
            yield element


COLLECTOR = Collector(
    name="groups",
    service=_SERVICE,
    rpcs=(_GROUPS, _MEMBERS),
    asset_types=(f"{_SERVICE}/Group", f"{_SERVICE}/Membership"),
    collect=collect,
    levels=frozenset({Level.ORGANIZATION}),
)
