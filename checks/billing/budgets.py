"""Budgets: that there is one for what is spent, and that it tells somebody in time.

Budgets are in no export, so that these questions are answered of live estates, and of what was collected from one.
"""

from __future__ import annotations

from typing import Any

from auditor import PASS, Estate, Example, Fix, Severity, Verdict, asset, check, fail, not_applicable, not_assessed
from auditor.resources.budgets import AccountBudgets, Budget, ProjectBilling

_ACCOUNT = "012345-6789AB-CDEF01"
_HALF = {"thresholdPercent": 0.5, "spendBasis": "CURRENT_SPEND"}
_ALL = {"thresholdPercent": 1.0, "spendBasis": "FORECASTED_SPEND"}
_ORGANIZATION = ["organizations/3001"]
_NOT_ASKED = "budgets are in no export, and those of the project's billing account were not collected"


def _budget(**data: Any) -> Example:
    name = f"billingAccounts/{_ACCOUNT}/budgets/b1"
    usual = {"name": name, "displayName": "monthly", "thresholdRules": [_HALF, _ALL], **data}
    return asset(Budget, usual, name=f"//billingbudgets.googleapis.com/{name}", ancestors=_ORGANIZATION)


def _budgets(*filters: dict[str, Any], account: str = _ACCOUNT) -> Example:
    found = [{"displayName": "monthly", "budgetFilter": one} for one in filters]
    name = f"//billingbudgets.googleapis.com/billingAccounts/{account}/budgets"
    return asset(AccountBudgets, {"budgets": found}, name=name, ancestors=_ORGANIZATION)


def _paid(account: str = _ACCOUNT, **data: Any) -> Example:
    usual = {"billingAccountName": f"billingAccounts/{account}", "billingEnabled": True, **data}
    return asset(ProjectBilling, usual, name="//cloudbilling.googleapis.com/projects/p/billingInfo")


@check(
    "billing-account-without-budget",
    severity=Severity.MEDIUM,
    fix=Fix(
        gcloud="gcloud billing budgets create --billing-account={budgets.account} --display-name=monthly "
        "--budget-amount=AMOUNT --threshold-rule=percent=0.5 --threshold-rule=percent=1.0,basis=forecasted-spend",
        terraform="google_billing_budget",
        manual="Set the amount to what a usual month costs, with some room above it.",
        patch={"data": {"budgets": [{"displayName": "monthly"}]}},
    ),
    passes=lambda: [
        _budgets({}),
        _budgets({"projects": ["projects/1001"]}),
        _budgets({}, {"services": ["services/1"]}),
    ],
    fails=lambda: [_budgets()],
    unknown=lambda: [
        asset(
            AccountBudgets,
            {},
            name=f"//billingbudgets.googleapis.com/billingAccounts/{_ACCOUNT}/budgets",
            ancestors=_ORGANIZATION,
            unknown=["resource.data.budgets"],
        )
    ],
)
def account_without_budget(budgets: AccountBudgets) -> Verdict:
    """A billing account has no budget.

    Why: A stolen key that mines coins, a loop that calls a paid API or a forgotten cluster is first seen on the bill,
    at the end of the month. A budget tells within a day; it stops nothing by itself.

    What a fix may break: Nothing. A budget only sends mail, unless a program listens to its topic.

    Source: https://cloud.google.com/billing/docs/how-to/budgets
    """
    return PASS if budgets.budgets else fail(f"billing account {budgets.account} has none")


@check(
    "project-without-budget",
    severity=Severity.LOW,
    reads=[AccountBudgets],
    evidence=["billingAccountName"],
    fix=Fix(
        gcloud="gcloud billing budgets create --billing-account={billing.account} --display-name={asset.project} "
        "--budget-amount=AMOUNT --filter-projects={asset.project} --threshold-rule=percent=0.5 "
        "--threshold-rule=percent=1.0,basis=forecasted-spend",
        terraform="google_billing_budget with the project among budget_filter.projects, or without projects",
        manual="One budget over the whole billing account covers every project that it pays for.",
        patch={"data": {"billingEnabled": False}},
    ),
    passes=lambda: [
        [_paid(), _budgets({})],
        [_paid(), _budgets({"services": ["services/1"]}, {"projects": ["projects/7", "projects/1001"]})],
        [_paid(), _budgets({"resourceAncestors": ["folders/2001"]})],
        [_paid(), _budgets()],
        [_paid("", billingEnabled=False), _budgets()],
    ],
    fails=lambda: [
        [_paid(), _budgets({"projects": ["projects/7"]})],
        [_paid(), _budgets({"services": ["services/24E6-581D-38E5"]})],
        [_paid(), _budgets({"labels": {"team": {"values": ["web"]}}}), _budgets({}, account="FFFFFF-000000-000000")],
        [_paid(), _budgets({"resourceAncestors": ["folders/9"]})],
    ],
    unknown=lambda: [_paid(), [_paid(), _budgets({}, account="FFFFFF-000000-000000")]],
)
def project_without_budget(billing: ProjectBilling, estate: Estate) -> Verdict:
    """No budget counts all that a project spends.

    Why: The account has budgets, and none of them would notice if this project began to spend: they are limited to
    other projects, or to some services or labels.

    What a fix may break: Nothing. A budget only sends mail, unless a program listens to its topic.

    Source: https://cloud.google.com/billing/docs/how-to/budgets
    """
    if not billing.billing_enabled:
        return not_applicable("nobody pays for the project")
    asked = next(iter(estate.related(AccountBudgets, _account_of, billing.account)), None)
    if asked is None:
        return not_assessed(_NOT_ASKED)
    if not asked.budgets:
        return not_applicable("the billing account has no budget at all, which is told of the account")
    if any(one.budget_filter.covers(billing.asset.ancestors) for one in asked.budgets):
        return PASS
    return fail(f"none of the budgets of billing account {billing.account} counts all of its costs")


def _account_of(budgets: AccountBudgets) -> str:
    return budgets.account


@check(
    "budget-without-threshold",
    severity=Severity.LOW,
    evidence=["displayName", "thresholdRules", "notificationsRule.pubsubTopic"],
    fix=Fix(
        gcloud="gcloud billing budgets update {budget.asset.short_name} --add-threshold-rule=percent=0.5 "
        "--add-threshold-rule=percent=1.0,basis=forecasted-spend",
        terraform="threshold_rules on google_billing_budget",
        manual="Let the first mail come early enough to act in the same month.",
        patch={"data": {"thresholdRules": [{"thresholdPercent": 0.5, "spendBasis": "CURRENT_SPEND"}]}},
    ),
    passes=lambda: [
        _budget(),
        _budget(thresholdRules=[_ALL]),
        _budget(thresholdRules=[], notificationsRule={"pubsubTopic": "projects/p/topics/spend"}),
        _budget(thresholdRules=[{"thresholdPercent": 1.5}], notificationsRule={"pubsubTopic": "projects/p/topics/t"}),
    ],
    fails=lambda: [
        _budget(thresholdRules=[]),
        _budget(thresholdRules=[{"thresholdPercent": 1.5, "spendBasis": "CURRENT_SPEND"}]),
    ],
    unknown=lambda: [
        asset(
            Budget,
            {"displayName": "monthly"},
            name=f"//billingbudgets.googleapis.com/billingAccounts/{_ACCOUNT}/budgets/b2",
            ancestors=_ORGANIZATION,
            unknown=["resource.data.thresholdRules"],
        )
    ],
)
def budget_without_threshold(budget: Budget) -> Verdict:
    """A budget tells nobody before it is spent.

    Why: Mail is sent when a threshold is passed. Without one, or with the first above the budget itself, it comes when
    the money is gone.

    What a fix may break: Nothing; some more mail.

    Source: https://cloud.google.com/billing/docs/how-to/budgets#threshold-rules
    """
    if budget.notifications_rule.pubsub_topic:
        return PASS  # a program hears of all that is spent
    if not budget.threshold_rules:
        return fail("it has no threshold")
    first = min(rule.threshold_percent for rule in budget.threshold_rules)
    return PASS if first <= 1 else fail(f"its first threshold is {first:.0%} of the budget")


@check(
    "budget-tells-nobody",
    severity=Severity.MEDIUM,
    evidence=["displayName", "notificationsRule"],
    fix=Fix(
        gcloud="gcloud billing budgets update {budget.asset.short_name} --no-disable-default-iam-recipients",
        terraform="disable_default_iam_recipients = false in all_updates_rule of google_billing_budget",
        manual="Or name a notification channel of Cloud Monitoring that a team reads.",
        patch={"data": {"notificationsRule": {"disableDefaultIamRecipients": False}}},
    ),
    passes=lambda: [
        _budget(),
        _budget(notificationsRule={"disableDefaultIamRecipients": False}),
        _budget(
            notificationsRule={
                "disableDefaultIamRecipients": True,
                "monitoringNotificationChannels": ["projects/p/notificationChannels/1"],
            }
        ),
        _budget(notificationsRule={"disableDefaultIamRecipients": True, "enableProjectLevelRecipients": True}),
        _budget(notificationsRule={"disableDefaultIamRecipients": True, "pubsubTopic": "projects/p/topics/spend"}),
    ],
    fails=lambda: [
        _budget(notificationsRule={"disableDefaultIamRecipients": True}),
        _budget(notificationsRule={"disableDefaultIamRecipients": True, "schemaVersion": "1.0"}),
    ],
    unknown=lambda: [
        asset(
            Budget,
            {"displayName": "monthly"},
            name=f"//billingbudgets.googleapis.com/billingAccounts/{_ACCOUNT}/budgets/b3",
            ancestors=_ORGANIZATION,
            unknown=["resource.data.notificationsRule"],
        )
    ],
)
def budget_tells_nobody(budget: Budget) -> Verdict:
    """A budget's mail goes to nobody.

    Why: Those who administer the billing account were taken off the list, and no channel or topic was put in their
    place. The budget is passed and nobody hears of it.

    What a fix may break: Nothing; some more mail.

    Source: https://cloud.google.com/billing/docs/how-to/budgets-notification-recipients
    """
    return fail("everybody was taken off its list") if budget.notifications_rule.tells_nobody else PASS
