"""Billing: which account pays for a project, and which budgets watch what it spends.

Budgets are in no Cloud Asset Inventory export; a live collection writes each, and the list of each account that was
asked, in the API's own form.

Sources: cloud.google.com/billing/docs/reference/budget/rest/v1/billingAccounts.budgets,
cloud.google.com/billing/docs/reference/rest/v1/ProjectBillingInfo
"""

from __future__ import annotations

from typing import Any, ClassVar

from msgspec import field

from auditor.resources.base import Resource, View, shows


class BudgetFilter(View):
    """`budgetFilter`: which costs are counted; what is empty limits nothing."""

    projects: list[str] = []
    resource_ancestors: list[str] = []
    services: list[str] = []
    subaccounts: list[str] = []
    labels: dict[str, Any] = {}

    @property
    def is_whole(self) -> bool:
        """Whether all costs of the projects are counted, not those of some services, subaccounts or labels only."""
        return not (self.services or self.subaccounts or self.labels)

    def covers(self, ancestors: list[str]) -> bool:
        """Whether all costs of a project are counted; `ancestors` are its number and what is above it."""
        if not self.is_whole:
            return False
        named = [*self.projects, *self.resource_ancestors]
        return not named or any(name in ancestors for name in named)


class ThresholdRule(View):
    """One of `thresholdRules`: 0.5 is half of the budget."""

    threshold_percent: float = 0.0
    spend_basis: str = "CURRENT_SPEND"


class NotificationsRule(View):
    """`notificationsRule`: who is told beside, or instead of, those who administer the billing account."""

    pubsub_topic: str = ""
    monitoring_notification_channels: list[str] = []
    disable_default_iam_recipients: bool = False
    enable_project_level_recipients: bool = False

    @property
    def tells_nobody(self) -> bool:
        """Whether everybody was taken off the list."""
        others = self.pubsub_topic or self.monitoring_notification_channels or self.enable_project_level_recipients
        return self.disable_default_iam_recipients and not others


@shows("billingbudgets.googleapis.com/Budget")
class Budget(Resource):
    """A budget of a billing account."""

    HAS_POLICY: ClassVar[bool] = False

    display_name: str = ""
    budget_filter: BudgetFilter = field(default_factory=BudgetFilter)
    threshold_rules: list[ThresholdRule] = []
    notifications_rule: NotificationsRule = field(default_factory=NotificationsRule)

    @property
    def account(self) -> str:
        """The id of the billing account."""
        return self.asset.name.partition("/billingAccounts/")[2].partition("/")[0]


class ListedBudget(View):
    """A budget in the list of its account."""

    budget_filter: BudgetFilter = field(default_factory=BudgetFilter)


@shows("billingbudgets.googleapis.com/ListBudgetsResponse")
class AccountBudgets(Resource):
    """All budgets of one billing account, none included."""

    HAS_POLICY: ClassVar[bool] = False

    budgets: list[ListedBudget] = []

    @property
    def account(self) -> str:
        """The id of the billing account."""
        return self.asset.name.partition("/billingAccounts/")[2].partition("/")[0]


@shows("cloudbilling.googleapis.com/ProjectBillingInfo")
class ProjectBilling(Resource):
    """Which billing account pays for a project."""

    HAS_POLICY: ClassVar[bool] = False

    billing_account_name: str = ""
    billing_enabled: bool = False

    @property
    def account(self) -> str:
        """The id of the billing account, `""` where none pays."""
        return self.billing_account_name.removeprefix("billingAccounts/")
