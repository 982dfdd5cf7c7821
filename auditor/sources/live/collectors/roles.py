"""Custom roles of projects and organisations, where the inventory is refused.

Source: cloud.google.com/iam/docs/reference/rest/v1/projects.roles/list (view FULL), cloud.google.com/iam/quotas
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from auditor.sources.live import convert
from auditor.sources.live.declaration import Collector, Level, Place, Quota, Record, Rpc
from auditor.sources.live.network import Calls

IAM_READS = Quota("IAM v1 reads", 6_000)
_LIST = Rpc("/google.iam.admin.v1.IAM/ListRoles", IAM_READS, ("iam.roles.list",))
_PAGE = 300


async def collect(calls: Calls, place: Place) -> AsyncIterator[Record]:
    """The custom roles that are defined in one place, deleted ones too: they still stand in bindings."""
    from google.cloud.iam_admin_v1 import ListRolesRequest, RoleView

    client = calls.client("iam_admin_v1", "IAM")
    request = ListRolesRequest(parent=place.key, view=RoleView.FULL, page_size=_PAGE, show_deleted=True)
    async for role in calls.each(_LIST, client.list_roles, request, "roles"):
        yield convert.record(place, f"//iam.googleapis.com/{role.name}", "iam.googleapis.com/Role", role)


COLLECTOR = Collector(
    name="roles",
    service="iam.googleapis.com",
    rpcs=(_LIST,),
    asset_types=("iam.googleapis.com/Role",),
    collect=collect,
    levels=frozenset({Level.PROJECT, Level.ORGANIZATION}),
    fallback=True,
)
