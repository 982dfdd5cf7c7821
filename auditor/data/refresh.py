"""The roles of today, from the IAM API.

Source: cloud.google.com/iam/docs/reference/rest/v1/roles/list (view FULL, without a parent: the predefined roles).
The generated client retries nothing here, so that the policy is given with each call.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from auditor.data.role_file import NamedRole, Roles, gathered

if TYPE_CHECKING:
    from google.cloud.iam_admin_v1 import IAMClient

PAGE = 300
"""Roles in one answer: the largest role has 13,000 permissions, a page of these is a few megabytes."""

ATTEMPT = 60.0
"""Seconds that one request may take."""


_NO_CREDENTIALS = "Getting metadata from plugin failed"
"""How gRPC words that credentials gave no token: expired ones, say. It calls that unavailable, but it does not pass."""


class NotRefreshed(Exception):  # noqa: N818 - the message is the sentence that the user reads
    """The roles could not be had. `refused` where trying again will not help until somebody changes something."""

    def __init__(self, message: str, *, refused: bool) -> None:
        super().__init__(message)
        self.refused = refused


def connect() -> IAMClient:
    """A client with Application Default Credentials. Raises `NotRefreshed`."""
    try:
        from google.auth.exceptions import GoogleAuthError
        from google.cloud.iam_admin_v1 import IAMClient
    except ImportError:
        raise NotRefreshed(
            "google-cloud-iam is not installed; `pip install google-cloud-iam` adds it", refused=True
        ) from None
    try:
        return IAMClient()
    except GoogleAuthError as error:
        raise NotRefreshed(
            f"no usable credentials ({_first_line(error)}); `gcloud auth application-default login` makes some",
            refused=True,
        ) from None


def fetch(client: IAMClient, patience: float) -> Roles:
    """All predefined roles; a page that does not come is asked for again for `patience` seconds.

    Raises `NotRefreshed`.
    """
    from google.api_core import exceptions
    from google.auth.exceptions import GoogleAuthError

    try:
        named = _listed(client, patience)
    except (exceptions.Forbidden, exceptions.Unauthenticated) as error:
        raise NotRefreshed(f"the IAM API refused the list of roles: {_first_line(error)}", refused=True) from None
    except (exceptions.GoogleAPIError, GoogleAuthError) as error:
        raise NotRefreshed(
            f"the IAM API did not give the list of roles: {_first_line(error)}",
            refused=isinstance(error, GoogleAuthError) or _NO_CREDENTIALS in str(error),
        ) from None
    if not any(role.permissions for role in named):
        raise NotRefreshed("the IAM API answered without any role that has permissions", refused=False)
    return gathered(datetime.now(UTC).date(), named)


def _listed(client: IAMClient, patience: float) -> Sequence[NamedRole]:
    from google.api_core import exceptions
    from google.api_core.retry import Retry
    from google.cloud.iam_admin_v1 import ListRolesRequest, RoleView

    passing = (
        exceptions.ServiceUnavailable,
        exceptions.TooManyRequests,
        exceptions.InternalServerError,
        exceptions.DeadlineExceeded,
        exceptions.Aborted,
    )

    def may_pass(error: Exception) -> bool:
        return isinstance(error, passing) and _NO_CREDENTIALS not in str(error)

    retry = Retry(predicate=may_pass, initial=0.5, maximum=20.0, multiplier=2.0, timeout=patience)
    pager = client.list_roles(
        ListRolesRequest(view=RoleView.FULL, page_size=PAGE), retry=retry, timeout=min(ATTEMPT, patience)
    )
    return [
        # the messages behind the wrappers: a list of strings costs a tenth there
        NamedRole(role.name, _stage(role.stage), role.title, tuple(role.included_permissions))
        for page in pager.pages
        for role in type(page).pb(page).roles
    ]


def _stage(number: int) -> str:
    """The name of a launch stage; the number of one that is newer than the client."""
    from google.cloud.iam_admin_v1 import Role

    try:
        return str(Role.RoleLaunchStage(number).name)
    except ValueError:
        return str(number)


def _first_line(error: Exception) -> str:
    cause = getattr(error, "cause", None) or error  # what a retry gave up on
    text = getattr(cause, "message", None) or str(cause)
    return (str(text).strip().splitlines() or [type(cause).__name__])[0][:300]
