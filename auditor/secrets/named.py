"""Vendors whose credentials have no mark: the name of the variable says whose it is, the shape that it is one."""

from __future__ import annotations

import re

_UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_VENDORS: tuple[tuple[str, str, str, str], ...] = (
    ("aws-secret-key", "an AWS secret access key", "aws", "[A-Za-z0-9/+]{40}"),
    ("azure-storage-key", "an Azure storage account key", "accountkey|azure", "[A-Za-z0-9+/]{86}=="),
    ("datadog-key", "a Datadog key", r"datadog|(?<![a-z])dd(?![a-z])", "[0-9a-f]{32}|[0-9a-f]{40}"),
    ("cloudflare-token", "a Cloudflare key", "cloudflare|(?<![a-z])cf(?![a-z])", "[A-Za-z0-9_-]{40}|[0-9a-f]{37}"),
    ("heroku-key", "a Heroku API key", "heroku", _UUID),
    ("mailgun-key", "a Mailgun key", "mailgun", "(?:key-)?[0-9a-f]{32}(?:-[0-9a-f]{8}-[0-9a-f]{8})?"),
    ("twilio-token", "a Twilio auth token", "twilio", "[0-9a-f]{32}|[A-Za-z0-9]{32}"),
    ("okta-token", "an Okta API token", "okta", "00[A-Za-z0-9_=-]{40}"),
    ("algolia-key", "an Algolia API key", "algolia", "[0-9a-f]{32}"),
    ("snyk-token", "a Snyk token", "snyk", _UUID),
    ("codecov-token", "a Codecov upload token", "codecov", _UUID),
    ("circleci-token", "a CircleCI token", "circle", "[0-9a-f]{40}"),
    ("fastly-token", "a Fastly API token", "fastly", "[A-Za-z0-9_=-]{32}"),
    ("twitter-secret", "an X (Twitter) API secret", "twitter", "[A-Za-z0-9]{45,50}"),
    ("recaptcha-secret", "the secret key of reCAPTCHA", "recaptcha", "6L[A-Za-z0-9_-]{38}"),
    ("line-token", "a LINE channel token", "(?<![a-z])line(?![a-z])", "[A-Za-z0-9+/]{160,180}={0,2}|[0-9a-f]{32}"),
)  # fmt: skip
"""(id, what it is, what the name holds, the whole value)"""

_COMPILED = tuple((identifier, re.compile(name), re.compile(value)) for identifier, _, name, value in _VENDORS)

NAMED_VENDORS: dict[str, str] = {identifier: description for identifier, description, _, _ in _VENDORS}
"""Detector id → what it finds."""


def vendor_of(name: str, value: str) -> str:
    """The id of the vendor's detector for a value that is a secret already, or `""`."""
    lower = name.lower()
    for identifier, named, shaped in _COMPILED:
        if named.search(lower) and shaped.fullmatch(value.strip()):
            return identifier
    return ""
