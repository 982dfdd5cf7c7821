"""Service accounts and their keys, where the inventory is refused.

Sources: cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts/list, …/projects.serviceAccounts.keys/list
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from auditor.sources.live import convert
from auditor.sources.live.collectors.roles import IAM_READS
from auditor.sources.live.declaration import Collector, Level, Place, Record, Rpc
from auditor.sources.live.network import Calls

_ACCOUNTS = Rpc("/google.iam.admin.v1.IAM/ListServiceAccounts", IAM_READS, ("iam.serviceAccounts.list",))
_KEYS = Rpc("/google.iam.admin.v1.IAM/ListServiceAccountKeys", IAM_READS, ("iam.serviceAccountKeys.list",))
_PAGE = 100


async def collect(calls: Calls, place: Place) -> AsyncIterator[Record]:
    """The service accounts of one project, each with its keys; the inventory names both by unique id."""
    from google.cloud.iam_admin_v1 import ListServiceAccountKeysRequest, ListServiceAccountsRequest

    client = calls.client("iam_admin_v1", "IAM")
    wanted = ListServiceAccountsRequest(name=place.key, page_size=_PAGE)
    async for account in calls.each(_ACCOUNTS, client.list_service_accounts, wanted, "accounts"):
        name = f"//iam.googleapis.com/projects/{account.project_id}/serviceAccounts/{account.unique_id}"
        yield convert.record(place, name, "iam.googleapis.com/ServiceAccount", account)
        keys = await calls.answer(
            _KEYS, client.list_service_account_keys, ListServiceAccountKeysRequest(name=account.name)
        )
        for key in keys.keys:
            key_name = f"{name}/keys/{key.name.rpartition('/')[2]}"
            yield convert.record(
                place, key_name, "iam.googleapis.com/ServiceAccountKey", key, without=("publicKeyData",)
            )


COLLECTOR = Collector(
    name="service-accounts",
    service="iam.googleapis.com",
    rpcs=(_ACCOUNTS, _KEYS),
    asset_types=("iam.googleapis.com/ServiceAccount", "iam.googleapis.com/ServiceAccountKey"),
    collect=collect,
    levels=frozenset({Level.PROJECT}),
    fallback=True,
)
