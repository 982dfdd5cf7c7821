"""Rows about API keys."""

from __future__ import annotations

from typing import Any

from auditor.check import Example
from tests.catalogue import Row, a, project, service

API_KEY = "//apikeys.googleapis.com/projects/1001/locations/global/keys/b7ff1f9f-8275-410a-94dd-3855ee9b5dd2"
SITE = {"browserKeyRestrictions": {"allowedReferrers": ["https://app.example.com/*"]}}
ROUTES = {"apiTargets": [{"service": "routes.googleapis.com"}]}
GEMINI = "generativelanguage.googleapis.com"


def api_key(restrictions: dict[str, Any] | None = None, **data: Any) -> Example:
    given = {"displayName": "front end", "createTime": "2026-10-01T00:00:00Z", **data}
    return a("apikeys.googleapis.com/Key", given | ({"restrictions": restrictions} if restrictions else {}), at=API_KEY)


API_KEYS = [
    Row("api-key-exists", [api_key(SITE | ROUTES)], [api_key(SITE | ROUTES, deleteTime="2026-11-20T00:00:00Z")]),
    Row("api-key-apps-unrestricted", [api_key(ROUTES)], [api_key(SITE | ROUTES)]),
    Row(
        "api-key-apis-unrestricted",
        [api_key(SITE)],
        [api_key(SITE | ROUTES)],
    ),
    Row(
        "api-key-not-rotated",
        [api_key(createTime="2026-08-01T00:00:00Z")],
        [api_key(createTime="2026-08-25T00:00:00Z")],
    ),
    Row("api-key-gemini", [api_key(SITE), service(GEMINI)], [api_key(SITE | ROUTES), service(GEMINI)]),
    Row("gemini-api-enabled", [service(GEMINI)], [service(GEMINI, "DISABLED")]),
    Row(
        "api-key-ai-target",
        [api_key({**SITE, "apiTargets": [{"service": GEMINI}]})],
        [api_key({"serverKeyRestrictions": {"allowedIps": ["203.0.113.7"]}, "apiTargets": [{"service": GEMINI}]})],
    ),
    Row("api-key-silent-widening", [api_key(), service(GEMINI)], [api_key(ROUTES), service(GEMINI)]),
    *(
        Row(
            "api-key-referrer-weak",
            [api_key({"browserKeyRestrictions": {"allowedReferrers": [referrer]}, **ROUTES})],
            [api_key({"browserKeyRestrictions": {"allowedReferrers": ["https://*.example.com/*"]}, **ROUTES})],
        )
        for referrer in (
            "http://app.example.com/*",
            "localhost:3000/*",
            "*.com/*",
            "198.51.100.7/*",
            "*.web.app/*",
            "*",
        )
    ),
    *(
        Row(
            "api-key-server-ip-broad",
            [api_key({"serverKeyRestrictions": {"allowedIps": [address]}, **ROUTES})],
            [api_key({"serverKeyRestrictions": {"allowedIps": ["203.0.113.0/28"]}, **ROUTES})],
        )
        for address in ("0.0.0.0/0", "203.0.0.0/16", "::/0", "34.0.0.0/8")
    ),
    Row(
        "api-key-android-no-sha",
        [api_key({"androidKeyRestrictions": {"allowedApplications": [{"packageName": "com.example"}]}})],
        [
            api_key(
                {
                    "androidKeyRestrictions": {
                        "allowedApplications": [
                            {
                                "packageName": "com.example",
                                "sha1Fingerprint": "8E3A3C9B1D0F4E5A6B7C8D9E0F1A2B3C4D5E6F70",
                            }
                        ]
                    }
                }
            )
        ],
    ),
    Row(
        "api-key-service-level-only",
        [api_key(SITE | ROUTES)],
        [api_key({**SITE, "apiTargets": [{"service": "translate.googleapis.com", "methods": ["Get*"]}]})],
    ),
    Row(
        "api-key-bound-sa",
        [api_key(serviceAccountEmail="x@p.iam.gserviceaccount.com")],
        [api_key(SITE | ROUTES)],
    ),
    Row(
        "api-key-targets-disabled-api",
        [api_key(SITE | ROUTES), service("maps-backend.googleapis.com")],
        [api_key(SITE | ROUTES), service("routes.googleapis.com")],
    ),
    Row("api-key-soft-deleted", [api_key(SITE | ROUTES, deleteTime="2026-11-20T00:00:00Z")], [api_key(SITE | ROUTES)]),
    Row(
        "api-key-firebase-auto",
        [api_key(displayName="Browser key (auto created by Firebase)")],
        [api_key(SITE | ROUTES, displayName="Browser key (auto created by Firebase)")],
    ),
    Row(
        "api-key-multi-environment",
        [
            api_key(
                {
                    "browserKeyRestrictions": {
                        "allowedReferrers": ["https://app.example.com/*", "https://dev.example.com/*"]
                    }
                }
            )
        ],
        [
            api_key(
                {
                    "browserKeyRestrictions": {
                        "allowedReferrers": ["https://app.example.com/*", "https://www.example.com/*"]
                    }
                }
            )
        ],
    ),
    Row(
        "api-key-creators-wide",
        [project({"roles/serviceusage.apiKeysAdmin": ["domain:example.com"]}), api_key()],
        [project({"roles/viewer": ["user:ann@example.com"]}), api_key()],
    ),
]
