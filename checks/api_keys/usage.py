"""API keys that nobody uses, where a live collection counted their requests."""

from __future__ import annotations

from typing import Any

from auditor import (
    DELETE,
    PASS,
    Estate,
    Example,
    Fix,
    Severity,
    Undetermined,
    Verdict,
    asset,
    check,
    fail,
    not_applicable,
    not_assessed,
)
from auditor.resources.api_keys import ApiKey
from auditor.resources.usage import ApiKeyRequests
from checks.api_keys.clients import DELETED
from checks.api_keys.examples import deleted_key, example_key

_UID = "0b5cf9f0-7c1c-4a51-9d7c-1f8f0a6f3a11"
_OLD: dict[str, Any] = {"uid": _UID, "createTime": "2026-01-01T00:00:00Z"}
_MONTH = {"startTime": "2026-10-23T00:00:00Z", "endTime": "2026-11-22T00:00:00Z"}


def _requests(count: int = 0, uid: str = _UID, **data: Any) -> Example:
    series = [
        {
            "resource": {"type": "consumed_api", "labels": {"credential_id": f"apikey:{uid}"}},
            "points": [{"interval": _MONTH, "value": {"int64Value": str(count)}}],
        }
    ]
    name = "//monitoring.googleapis.com/projects/1001/timeSeries/api_key_requests"
    return asset(ApiKeyRequests, {"interval": _MONTH, "timeSeries": series, **data}, name=name)


@check(
    "api-key-unused",
    severity=Severity.LOW,
    reads=[ApiKeyRequests],
    evidence=["displayName", "createTime"],
    fix=Fix(
        gcloud="gcloud services api-keys delete {key.asset.short_name}",
        terraform="no such google_apikeys_key",
        manual="A deleted key can be restored for 30 days with `gcloud services api-keys undelete`.",
        patch=DELETE,
    ),
    passes=lambda: [
        [example_key(**_OLD), _requests(7)],
        [example_key(**{**_OLD, "createTime": "2026-11-10T00:00:00Z"}), _requests()],
        [deleted_key(**_OLD), _requests()],
    ],
    fails=lambda: [
        [example_key(**_OLD), _requests()],
        [example_key(**_OLD), _requests(7, "another")],
        [example_key(**_OLD), _requests(timeSeries=[])],
    ],
    unknown=lambda: [example_key(**_OLD), [example_key(**_OLD), _requests(interval={})]],
)
def unused(key: ApiKey, estate: Estate) -> Verdict:
    """An API key works, and no request came with it for a month.

    Why: Its string is still in old apps, repositories and logs, and nobody would notice who else uses it. A key that
    nobody needs is the cheapest one to lose.

    What a fix may break: What calls an API less often than once a month.

    Source: https://cloud.google.com/docs/authentication/api-keys-best-practices
    """
    if key.is_deleted:
        return DELETED
    for requests in estate.in_project(ApiKeyRequests, key.asset.project):
        start = requests.interval.start_time
        if start is None:
            raise Undetermined("interval", "the answer does not say which time it looked at")
        if key.uid in requests.used():
            return PASS
        if key.created > start:
            return not_applicable("the key is younger than what was looked at")
        return fail(f"no request came with it in {requests.interval.days} days")
    return not_assessed("how often keys were used is in no export; scan the project live")
