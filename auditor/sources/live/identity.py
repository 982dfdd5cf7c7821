"""Who the auditor is towards Google: Application Default Credentials, perhaps impersonating a service account.

Sources: google.aip.dev/auth/4110 (Application Default Credentials),
cloud.google.com/iam/docs/service-account-impersonation, cloud.google.com/docs/quotas/set-quota-project
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from typing import Any

from auditor.sources.live.failures import NoCredentials, first_line

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
"""The scope that all services here accept; what the identity may do is decided by IAM alone."""
LIFETIME = 3600
"""Seconds that an impersonated token lives; it is renewed as needed."""

_ACCOUNT = re.compile(r"[\w.-]+@[\w.-]+")
_KEY_FILE = (
    "the credentials are a service account key file, which anyone who copies it can use until it is deleted; "
    "use workload identity federation, an attached service account, or --impersonate instead"
)


@dataclass(frozen=True, slots=True)
class Identity:
    """The credentials that requests carry, with what the report tells of them."""

    credentials: Any
    described: str
    """Who it is, in words; never a token."""
    quota_project: str = ""
    """The project whose quota the requests use, `""` where the credentials decide."""
    warnings: tuple[str, ...] = ()


def identify(impersonate: str = "", quota_project: str = "") -> Identity:
    """Application Default Credentials as they are found here. Raises `NoCredentials`.

    `impersonate` is a service account, or several with commas: each acts as the next, the last one reads.
    """
    for account in filter(None, impersonate.split(",")):
        if not _ACCOUNT.fullmatch(account):
            raise NoCredentials(f"--impersonate {account!r}: write the e-mail address of a service account")
    logging.getLogger("google.auth").setLevel(logging.ERROR)  # what it warns of, our own sentence says
    try:
        import google.auth
        from google.auth.exceptions import GoogleAuthError
    except ImportError:
        raise NoCredentials(
            "this installation lacks Google's clients; `pip install gcp-auditor` puts them there"
        ) from None
    try:
        source, _ = google.auth.default(scopes=[SCOPE], quota_project_id=quota_project or None)
    except GoogleAuthError as error:
        raise NoCredentials(
            f"no usable credentials ({first_line(error)}); `gcloud auth application-default login` makes some"
        ) from None
    return of_credentials(source, impersonate, quota_project)


def of_credentials(source: Any, impersonate: str = "", quota_project: str = "") -> Identity:
    """An identity of the given credentials."""
    who, warnings = _described(source)
    quota = quota_project or getattr(source, "quota_project_id", None) or ""
    if not impersonate:
        return Identity(source, who, quota, warnings)
    from google.auth import impersonated_credentials

    *delegates, target = filter(None, impersonate.split(","))
    credentials = impersonated_credentials.Credentials(  # type: ignore[no-untyped-call]  # the library has no types
        source_credentials=source,
        target_principal=target,
        delegates=delegates,
        target_scopes=[SCOPE],
        lifetime=LIFETIME,
        quota_project_id=quota or None,
    )
    through = "".join(f"{account}, impersonated by " for account in reversed(delegates))
    return Identity(credentials, f"{target}, impersonated by {through}{who}", quota, warnings)


def _described(credentials: Any) -> tuple[str, tuple[str, ...]]:
    """Who credentials are, and what to warn of."""
    from google.auth import external_account, external_account_authorized_user, impersonated_credentials
    from google.oauth2 import service_account
    from google.oauth2.credentials import Credentials as UserCredentials

    account = getattr(credentials, "service_account_email", None) or ""
    if isinstance(credentials, service_account.Credentials):
        return f"{account} (key file)", (_KEY_FILE,)
    if isinstance(credentials, external_account.Credentials):
        return f"{account or 'a federated identity'} (workload identity federation)", ()
    if isinstance(credentials, external_account_authorized_user.Credentials):
        return "a user of a workforce pool (gcloud login)", ()
    if isinstance(credentials, impersonated_credentials.Credentials):
        return f"{account} (impersonated)", ()
    if isinstance(credentials, UserCredentials):
        return f"{getattr(credentials, 'account', '') or 'a user'} (gcloud login)", ()
    return account or type(credentials).__name__, ()
