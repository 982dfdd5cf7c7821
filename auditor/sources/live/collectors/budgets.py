"""Budgets of billing accounts, which the inventory does not hold.

A budget hangs on a billing account, not on a project: of an organisation the accounts that it owns and the auditor may
see are asked, of a project that is a target itself the account that pays for it. The list of an account is kept whole,
too, so that an account without a budget is told from one that was not asked.

Sources: cloud.google.com/billing/docs/reference/budget/rest/v1/billingAccounts.budgets/list,
cloud.google.com/billing/docs/reference/rest/v1/organizations.billingAccounts/list,
cloud.google.com/billing/docs/reference/rest/v1/projects/getBillingInfo, cloud.google.com/billing/quotas
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from auditor.sources.live import convert
from auditor.sources.live.declaration import Collector, Level, Place, Quota, Record, Rpc
from auditor.sources.live.failures import Failure, Refused, State
from auditor.sources.live.network import Calls

_SERVICE = "billingbudgets.googleapis.com"
_BILLING = "cloudbilling.googleapis.com"
_READS = Quota("Cloud Billing Budget reads", 800)
_BILLING_READS = Quota("Cloud Billing reads", 300)
_LIST = Rpc("/google.cloud.billing.budgets.v1.BudgetService/ListBudgets", _READS, ("billing.budgets.list",))
_OWNED = Rpc(f"GET {_BILLING}/v1/organizations/*/billingAccounts", _BILLING_READS, ("billing.accounts.list",))
_PAYS = Rpc(f"GET {_BILLING}/v1/projects/*/billingInfo", _BILLING_READS, ("resourcemanager.projects.get",))
_PAGE = 100


async def collect(calls: Calls, place: Place) -> AsyncIterator[Record]:
    """The budgets of one target's billing accounts."""
    from google.cloud.billing.budgets_v1 import ListBudgetsRequest

    async for account in _accounts(calls, place):
        client = calls.client("billing.budgets_v1", "BudgetService")
        request = ListBudgetsRequest(parent=account, page_size=_PAGE)
        found = calls.each(_LIST, client.list_budgets, request, "budgets")
        records = [convert.record(place, f"//{_SERVICE}/{one.name}", f"{_SERVICE}/Budget", one) async for one in found]
        answer = {"budgets": [record["resource"]["data"] for record in records]}
        yield place.record(f"//{_SERVICE}/{account}/budgets", f"{_SERVICE}/ListBudgetsResponse", answer)
        for record in records:
            yield record


async def _accounts(calls: Calls, place: Place) -> AsyncIterator[str]:
    """`billingAccounts/ID` of what an organisation owns, or of what pays for a project."""
    if place.level is Level.PROJECT:
        answer = await calls.get(_PAYS, _BILLING, f"v1/{place.key}/billingInfo", {})
        account = answer.get("billingAccountName", "")
        if not isinstance(account, str):
            raise Refused(Failure(State.UNREADABLE, "billingAccountName is no text"))
        if account:
            yield account
        return
    path, wanted = f"v1/{place.key}/billingAccounts", {"pageSize": str(_PAGE)}
    async for accounts, _, _ in calls.objects(_OWNED, _BILLING, path, wanted, "billingAccounts"):
        for owned in accounts:
            yield str(owned["name"])


COLLECTOR = Collector(
    name="budgets",
    service=_SERVICE,
    rpcs=(_OWNED, _PAYS, _LIST),
    asset_types=(f"{_SERVICE}/ListBudgetsResponse", f"{_SERVICE}/Budget"),
    collect=collect,
    levels=frozenset({Level.PROJECT, Level.ORGANIZATION}),
    roots_only=True,
)
