"""The table of detectors that know a credential by its shape.

Every pattern is linear: bounded repetitions of character classes, no nested quantifiers.
"""

from __future__ import annotations

from auditor.secrets.detector import Detector
from auditor.secrets.generic import GENERIC
from auditor.secrets.google import GOOGLE
from auditor.secrets.pem import PRIVATE_KEYS
from auditor.secrets.vendors import VENDORS

DETECTORS: tuple[Detector, ...] = (*GOOGLE, *PRIVATE_KEYS, *VENDORS, *GENERIC)
"""Most specific first: what one detector has claimed, a later one does not report again."""

RESTRICTABLE = frozenset(
    [
        "google-api-key",
        "jwt",
        "signed-url",
        "azure-shared-access-signature",
        "google-chat-webhook",
        "slack-webhook",
        "discord-webhook",
        "teams-webhook",
        "zapier-webhook",
    ]
)
"""Credentials that are often restricted, short-lived or good for little: a lighter case when found alone."""
