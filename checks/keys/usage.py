"""Service accounts and their keys that nobody uses, where a live collection tells when they last signed in."""

from __future__ import annotations

from typing import Any

from auditor import (
    DELETE,
    PASS,
    Clock,
    Estate,
    Example,
    Fix,
    Settings,
    Severity,
    Verdict,
    asset,
    check,
    fail,
    not_applicable,
)
from auditor.resources.iam import ServiceAccountKey
from auditor.resources.usage import Activity
from checks.keys.service_account_key_shared import CI, DISABLED, GOOGLE_KEY, SYSTEM, a_key
from checks.units import Days

_PERIOD = {"startTime": "2025-10-15T07:00:00Z", "endTime": "2026-11-20T07:00:00Z"}
_KEY, _ACCOUNT = "serviceAccountKeyLastAuthentication", "serviceAccountLastAuthentication"
_ID = "1123abcd"


class UsageSettings(Settings, frozen=True):
    """How long a credential may lie idle."""

    max_unused_days: Days = 90


def _activity(
    kind: str, last: str | None = "2026-11-01T07:00:00Z", *, unknown: tuple[str, ...] = (), **data: Any
) -> Example:
    name = f"//iam.googleapis.com/projects/p/serviceAccounts/{CI}" + (f"/keys/{_ID}" if kind == _KEY else "")
    given = {
        "activityType": kind,
        "fullResourceName": name,
        "observationPeriod": _PERIOD,
        "activity": {"lastAuthenticatedTime": last} if last else {},
        **data,
    }
    where = f"projects/1001/locations/global/activityTypes/{kind}/activities/{name.rpartition('/')[2]}"
    return asset(Activity, given, name=f"//policyanalyzer.googleapis.com/{where}", unknown=unknown)


def _idle(activity: Activity, limit: int, clock: Clock) -> str:
    """Since when nothing was seen, as a clause; `""` where the use is recent enough, or was not watched for long."""
    last = activity.activity.last_authenticated_time
    if last is not None:
        days = clock.days_since(last)
        return f"last used {days} days ago, the limit is {limit}" if days > limit else ""
    watched = activity.observation_period.days
    return f"not used in the {watched} days that Google looked back over" if watched > limit else ""


@check(
    "service-account-key-unused",
    severity=Severity.MEDIUM,
    reads=[ServiceAccountKey],
    evidence=["fullResourceName", "activity.lastAuthenticatedTime", "observationPeriod"],
    same_as=["prowler:iam_sa_user_managed_key_unused"],
    fix=Fix(
        gcloud="gcloud iam service-accounts keys disable {activity.key} --iam-account={activity.account}",
        terraform="no google_service_account_key",
        guardrail="iam.disableServiceAccountKeyCreation",
        manual="Delete the key after some days in which nobody missed it.",
        patch=lambda: [a_key(disabled=True)],
    ),
    passes=lambda: [
        [_activity(_KEY), a_key()],
        [_activity(_KEY, "2026-08-24T07:00:00Z"), a_key()],
        [_activity(_KEY, None), a_key(disabled=True)],
        [_activity(_KEY, None), a_key(**SYSTEM)],
        [_activity(_KEY, None), a_key(validAfterTime="2026-11-01T08:00:00Z")],
        [_activity(_ACCOUNT, None), a_key()],
    ],
    fails=lambda: [
        [_activity(_KEY, "2026-08-22T07:00:00Z"), a_key(validAfterTime="2024-01-01T08:00:00Z")],
        [_activity(_KEY, None), a_key(validAfterTime="2024-01-01T08:00:00Z")],
    ],
    unknown=lambda: [
        [_activity(_KEY, None), a_key(unknown="disabled", validAfterTime="2024-01-01T08:00:00Z")],
        [_activity(_KEY, None, observationPeriod={}), a_key(validAfterTime="2024-01-01T08:00:00Z")],
        [_activity(_KEY, unknown=("resource.data.activity",)), a_key(validAfterTime="2024-01-01T08:00:00Z")],
    ],
)
def unused_key(activity: Activity, settings: UsageSettings, clock: Clock, estate: Estate) -> Verdict:
    """A service account key works, and nobody uses it.

    Why: It opens the same doors as on the day it was made, and nobody would notice that somebody else took it: there
    is no owner who would miss it, and no traffic that the thief's would differ from.

    What a fix may break: What runs once a quarter or in an emergency. Disable the key first; it can be enabled again.

    Source: https://cloud.google.com/policy-intelligence/docs/activity-analyzer-service-account-authentication
    """
    if not activity.is_of_key:
        return not_applicable("it tells of an account")
    idle = _idle(activity, settings.max_unused_days, clock)
    if not idle:
        return PASS
    for key in estate.related(ServiceAccountKey, _id_of, activity.key):
        if not key.is_user_managed:
            return not_applicable(GOOGLE_KEY)
        if key.disabled:
            return not_applicable(DISABLED)
        if clock.days_since(key.created) <= settings.max_unused_days:
            return not_applicable("the key is new")
        return fail(f"key {activity.key} of {activity.account}: {idle}")
    return not_applicable("the key is gone")


def _id_of(key: ServiceAccountKey) -> str:
    return key.id


@check(
    "service-account-unused",
    severity=Severity.LOW,
    evidence=["fullResourceName", "activity.lastAuthenticatedTime", "observationPeriod"],
    same_as=["prowler:iam_service_account_unused"],
    fix=Fix(
        gcloud="gcloud iam service-accounts disable {activity.account}",
        terraform="disabled = true on google_service_account, later no such resource",
        manual="Delete the account after some weeks in which nobody missed it; for 30 days it can be brought back.",
        patch=DELETE,
    ),
    passes=lambda: [
        _activity(_ACCOUNT),
        _activity(_ACCOUNT, "2026-08-24T07:00:00Z"),
        _activity(_ACCOUNT, None, observationPeriod={**_PERIOD, "startTime": "2026-10-01T07:00:00Z"}),
        _activity(_KEY, None),
    ],
    fails=lambda: [_activity(_ACCOUNT, "2026-08-22T07:00:00Z"), _activity(_ACCOUNT, None)],
    unknown=lambda: [
        _activity(_ACCOUNT, None, observationPeriod={}),
        _activity(_ACCOUNT, unknown=("resource.data.activity",)),
    ],
)
def unused_account(activity: Activity, settings: UsageSettings, clock: Clock) -> Verdict:
    """A service account has not signed in for long.

    Why: Its roles wait for whoever finds a way to act as it. An account that nobody needs is access that nobody
    watches. An API key that is bound to the account is not counted as its use.

    What a fix may break: What runs once a quarter or in an emergency. A disabled account can be enabled again.

    Source: https://cloud.google.com/policy-intelligence/docs/activity-analyzer-service-account-authentication
    """
    if activity.is_of_key:
        return not_applicable("it tells of a key")
    idle = _idle(activity, settings.max_unused_days, clock)
    return fail(f"{activity.account}: {idle}") if idle else PASS
