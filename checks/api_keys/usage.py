"""API keys that nobody uses, where a live collection counted their requests."""

from __future__ import annotations

from typing import Any

from auditor import PASS, Estate, Example, Fix, Severity, Undetermined, Verdict, asset, check, fail, not_applicable
from auditor.resources.api_keys import ApiKey
from auditor.resources.usage import ApiKeyRequests
from checks.api_keys.examples import deleted_key, example_key

_UID = "0b5cf9f0-7c1c-4a51-9d7c-1f8f0a6f3a11"
_OLD: dict[str, Any] = {"uid": _UID, "createTime": "2026-01-01T00:00:00Z"}
_NEW: dict[str, Any] = {**_OLD, "createTime": "2026-11-10T00:00:00Z"}
_MONTH = {"startTime": "2026-10-23T00:00:00Z", "endTime": "2026-11-22T00:00:00Z"}
_SHOWN = 5


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
    reads=[ApiKey],
    fix=Fix(
        gcloud="gcloud services api-keys delete {found[keys]}",
        terraform="no such google_apikeys_key",
        manual="One after the other. A deleted key can be restored for 30 days with "
        "`gcloud services api-keys undelete`.",
        patch=lambda: [deleted_key(**_OLD)],
    ),
    passes=lambda: [
        [_requests(7), example_key(**_OLD)],
        [_requests(), example_key(**_NEW)],
        [_requests(), deleted_key(**_OLD)],
        _requests(),
    ],
    fails=lambda: [
        [_requests(), example_key(**_OLD)],
        [_requests(7, "another"), example_key(**_OLD)],
        [_requests(timeSeries=[]), example_key(**_OLD)],
    ],
    unknown=lambda: [[_requests(interval={}), example_key(**_OLD)]],
)
def unused(requests: ApiKeyRequests, estate: Estate) -> Verdict:
    """API keys work, and no request came with them for a month.

    Why: Their strings are still in old apps, repositories and logs, and nobody would notice who else uses them. A key
    that nobody needs is the cheapest one to lose.

    What a fix may break: What calls an API less often than once a month.

    Source: https://cloud.google.com/docs/authentication/api-keys-best-practices
    """
    start = requests.interval.start_time
    if start is None:
        raise Undetermined("interval", "the answer does not say which time it looked at")
    used = requests.used()
    keys = [key for key in estate.in_project(ApiKey, requests.asset.project) if not key.is_deleted]
    unused = sorted(key.id for key in keys if key.uid not in used and key.created <= start)
    if not keys:
        return not_applicable("the project has no API key")
    if not unused:
        return PASS
    named = ", ".join(unused[:_SHOWN]) + (f" and {len(unused) - _SHOWN} more" if len(unused) > _SHOWN else "")
    return fail(f"no request in {requests.interval.days} days came with {named}", evidence={"keys": unused[0]})
