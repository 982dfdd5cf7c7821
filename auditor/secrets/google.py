"""Credentials of Google.

Sources: https://cloud.google.com/docs/authentication/api-keys, https://ai.google.dev/gemini-api/docs/api-key,
https://cloud.google.com/iam/docs/keys-create-delete, https://cloud.google.com/storage/docs/authentication/hmackeys,
https://cloud.google.com/storage/docs/authentication/signatures, https://developers.google.com/identity/protocols/oauth2,
https://developers.google.com/workspace/chat/quickstart/webhooks, https://cloud.google.com/recaptcha/docs
"""

from __future__ import annotations

import re

from auditor.secrets.detector import Detector, genuine, mixed, shape, token
from auditor.secrets.pem import PEM, is_private_key

_AROUND = 4096
"""Characters before and after a private key in which a key file names its account."""


def _is_service_account(match: re.Match[str]) -> bool:
    around = match.string[max(0, match.start() - _AROUND) : match.end() + _AROUND]
    return "client_email" in around and is_private_key(match)


def _has_key_and_token(match: re.Match[str]) -> bool:
    return "key=" in match[0] and "token=" in match[0] and genuine(match)


GOOGLE: tuple[Detector, ...] = (
    shape(
        "service-account-key",
        "the private key of a Google service account, with the account's e-mail beside it",
        PEM,
        anchors=("PRIVATE KEY",),
        valid=_is_service_account,
    ),
    shape(
        "google-chat-webhook",
        "a Google Chat webhook: whoever has the URL posts into the space",
        r"https://chat\.googleapis\.com/v1/spaces/[A-Za-z0-9_-]{1,64}/messages\?"
        r"(?P<secret>(?:[A-Za-z0-9_=&%.-]|\\u0026){30,400})",
        marks=("AIza",),
        valid=_has_key_and_token,
    ),
    token("google-api-key", "a Google Cloud API key", "AIza", r"[0-9A-Za-z_-]{35}"),
    token("google-api-key", "a Google Cloud API key bound to a service account", "AQ.", r"[0-9A-Za-z_-]{40,90}"),
    token("google-oauth-client-secret", "the secret of a Google OAuth client", "GOCSPX-", r"[A-Za-z0-9_-]{20,40}"),
    token(
        "google-oauth-refresh-token",
        "a Google OAuth refresh token: access without end",
        "1//0",
        r"[A-Za-z0-9_-]{35,200}",
    ),
    token(
        "google-oauth-access-token",
        "a Google OAuth access token",
        "ya29.",
        r"(?:[a-z]\.)?[A-Za-z0-9_-]{20,2048}(?:\.[A-Za-z0-9_-]{1,512})?",
    ),
    shape(
        "google-hmac-secret",
        "a Cloud Storage HMAC key: access id and secret side by side",
        r"(?<![A-Z0-9])GOOG[A-Z0-9]{16,60}(?![A-Z0-9])[^A-Za-z0-9+/]{1,8}(?:[A-Za-z_. -]{0,40}[^A-Za-z0-9+/]{1,8}){0,3}"
        r"(?P<secret>[A-Za-z0-9+/]{40})(?![A-Za-z0-9+/])",
        marks=("GOOG",),
        valid=mixed,
    ),
    shape(
        "firebase-server-key",
        "a Firebase Cloud Messaging server key",
        r"(?<![A-Za-z0-9_-])AAAA[A-Za-z0-9_-]{7}:APA91b[A-Za-z0-9_-]{100,180}(?![A-Za-z0-9_-])",
        marks=(":APA91b",),
    ),
    shape(
        "signed-url",
        "a signed URL: whoever has it may do what it was signed for",
        r"(?i:X-Goog-Signature|X-Amz-Signature)=(?P<secret>[0-9a-fA-F]{64,1024})"
        r"|GoogleAccessId=[^\s\"'<>&]{3,200}(?:&|\\u0026)(?:Expires=\d{1,12}(?:&|\\u0026))?"
        r"Signature=(?P<v2>[A-Za-z0-9%+/=_-]{40,1024})",
        marks=("Signature=", "signature="),
        valid=genuine,
    ),
)
"""Most specific first."""
