"""Why a read did not succeed, in words that name what to change.

Sources: cloud.google.com/apis/design/errors (the details of errors),
cloud.google.com/php/docs/reference/common-protos/latest/Api.ErrorReason (their reasons),
cloud.google.com/vpc-service-controls/docs/troubleshooting (how a perimeter says no)
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from auditor.model.text import visible

if TYPE_CHECKING:
    from google.api_core.exceptions import GoogleAPICallError

    from auditor.sources.live.declaration import Rpc

NO_TOKEN = "Getting metadata from plugin failed"  # noqa: S105 - words of an error message
"""How gRPC words that credentials gave no token. It calls that unavailable, but it does not pass."""

_NOT_REACHED = re.compile(r"Max retries exceeded|[Tt]imed out|Connection (?:aborted|reset|refused)|resolve")
_RENEW = (
    "`gcloud auth application-default login` renews a person's; a key may be deleted, or --impersonate may lack "
    "roles/iam.serviceAccountTokenCreator"
)

_PERMISSION = re.compile(r"(?:[Pp]ermission[s]?:?\s*)['\"`]?([a-z][\w-]*\.[\w.-]+\.[a-zA-Z]\w*)")
_UNIQUE = re.compile(r"vpcServiceControlsUniqueIdentifier:?\s*([\w-]+)")
_CONSUMER = re.compile(r"project[s/ ]+([a-z0-9-]+) before or it is disabled")
_REQUEST = re.compile(r"^GET https?://\S+: ")
"""What REST clients put before the message."""
_DAILY = re.compile(r"[Pp]er ?[Dd]ay|\b1/d\b")
_LONGEST = 300
USE_PROJECT = "serviceusage.services.use"
"""What it takes to have requests billed to a project: in that project, whatever is read."""
_USE_PROJECT = re.compile(r"required permission to use project|USER_PROJECT_DENIED")
_DISABLED = frozenset({"SERVICE_DISABLED", "BILLING_DISABLED", "API_DISABLED"})
_PERIMETER = "SECURITY_POLICY_VIOLATED"


class State(StrEnum):
    """How reading one service in one place ended."""

    COLLECTED = "collected"
    EMPTY = "empty"
    DISABLED = "API disabled"
    DENIED = "permission denied"
    PERIMETER = "blocked by a perimeter"
    THROTTLED = "throttled out"
    TIMED_OUT = "timed out"
    UNAVAILABLE = "unavailable"
    UNREADABLE = "unreadable answer"
    REFUSED = "refused"
    PENDING_DELETION = "pending deletion"
    NOT_ASKED = "not asked"

    @property
    def is_complete(self) -> bool:
        """Whether everything that is there was read."""
        return self in (State.COLLECTED, State.EMPTY)

    @property
    def passes(self) -> bool:
        """Whether it may go better at another time, with nothing changed."""
        return self in (State.THROTTLED, State.TIMED_OUT, State.UNAVAILABLE, State.UNREADABLE)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a read did not succeed."""

    state: State
    detail: str
    permission: str = ""
    """The permission that was missing."""
    lasts: bool = False
    """Of a quota: whether it is one of a day, so that waiting for minutes does not help."""
    consumer: str = ""
    """Of a disabled API: the project (`projects/NUMBER`) in which it is disabled, where the error tells."""

    @property
    def words(self) -> str:
        """The failure as a clause."""
        missing = f", {self.permission} is missing" if self.permission else ""
        return f"{self.state.value}{missing}" + (f" ({self.detail})" if self.detail else "")


class Refused(Exception):  # noqa: N818 - the failure is its message
    """A read did not succeed, and will not by waiting."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.words)
        self.failure = failure


class NoCredentials(Exception):  # noqa: N818 - the message is the sentence that the user reads
    """There are no credentials, or they give no token: nothing at all can be read."""


def without_token(error: Exception) -> Failure:
    """The failure of credentials that could not be renewed just now. Raises `NoCredentials` where they never can be.

    That the service which issues tokens was not reached passes; over gRPC only the words tell of it.
    """
    from google.auth.exceptions import GoogleAuthError, TransportError

    if isinstance(error, TransportError) or (isinstance(error, GoogleAuthError) and error.retryable):
        return Failure(State.UNAVAILABLE, f"no token was to be had: {first_line(error)}")
    if _NOT_REACHED.search(str(error)):
        return Failure(State.UNAVAILABLE, f"no token was to be had: {first_line(error)}")
    raise NoCredentials(f"the credentials give no token ({first_line(error)}); {_RENEW}")


def classify(error: GoogleAPICallError, rpc: Rpc) -> Failure:
    """What an error of the API says."""
    from google.api_core import exceptions

    if isinstance(error, exceptions.PermissionDenied | exceptions.Forbidden):
        return _denied(error, rpc)
    states: list[tuple[type[Exception], State]] = [
        (exceptions.TooManyRequests, State.THROTTLED),
        (exceptions.GatewayTimeout, State.TIMED_OUT),
        (exceptions.ServiceUnavailable, State.UNAVAILABLE),
    ]
    for kind, state in states:
        if isinstance(error, kind):
            return Failure(state, first_line(error), lasts=state is State.THROTTLED and _is_daily(error))
    return Failure(State.REFUSED, first_line(error))


def _is_daily(error: GoogleAPICallError) -> bool:
    """Whether a quota of a day is used up: by the limit's name or unit, else by the words."""
    _, metadata = error_info(error)
    named = f"{metadata.get('quota_limit', '')} {metadata.get('quota_unit', '')} {error.message}"
    return _DAILY.search(named) is not None


def _denied(error: GoogleAPICallError, rpc: Rpc) -> Failure:
    text = first_line(error)
    whole = str(error.message)
    reason, metadata = error_info(error)
    unique = _UNIQUE.search(whole)
    if reason == _PERIMETER or unique or "prohibited by organization's policy" in whole:
        identifier = metadata.get("uid") or (unique[1] if unique else "")
        return Failure(State.PERIMETER, f"violation {visible(identifier)}" if identifier else text)
    consumer = _CONSUMER.search(whole)
    if reason in _DISABLED or consumer:
        number = metadata.get("consumer") or (f"projects/{consumer[1]}" if consumer else "")
        return Failure(State.DISABLED, text, consumer=visible(number))
    if reason == "USER_PROJECT_DENIED" or _USE_PROJECT.search(whole):
        return Failure(State.DENIED, text, permission=USE_PROJECT, consumer=visible(metadata.get("consumer", "")))
    named = metadata.get("permission") or (match[1] if (match := _PERMISSION.search(whole)) else "")
    return Failure(State.DENIED, text, permission=visible(named) or rpc.needs)


def contradicted(error: ValueError) -> GoogleAPICallError | None:
    """The API's error where the client could not make one of it, None if the error is of another kind.

    gRPC drops, at random, what stands in the head of a long error. Its own words then stand beside the service's
    status, and the client refuses to choose between the two. The service's status is whole, or it could not be read.
    """
    import grpc  # type: ignore[import-untyped]  # the package has no types
    from google.api_core import exceptions
    from google.rpc import error_details_pb2, status_pb2  # type: ignore[import-untyped]  # the package has no types

    call = error.__context__
    if not isinstance(call, grpc.RpcError):
        return None
    untyped: Any = exceptions
    for key, value in call.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            status = status_pb2.Status.FromString(value)
            details = []
            for packed in status.details:
                for kind in (error_details_pb2.ErrorInfo, error_details_pb2.RetryInfo):
                    detail = kind()
                    if packed.Unpack(detail):
                        details.append(detail)
            made: GoogleAPICallError = untyped.from_grpc_status(status.code, status.message, details=details)
            return made
    return None


def error_info(error: GoogleAPICallError) -> tuple[str, dict[str, str]]:
    """The reason and metadata of an error's `google.rpc.ErrorInfo`, empty where it has none."""
    for detail in _details(error, "ErrorInfo"):
        if isinstance(detail, dict):
            return str(detail.get("reason", "")), {str(k): str(v) for k, v in detail.get("metadata", {}).items()}
        return str(detail.reason), dict(detail.metadata)
    return "", {}


def retry_after(error: GoogleAPICallError) -> float:
    """The seconds that an error's `google.rpc.RetryInfo` asks to wait, 0 where it has none."""
    for detail in _details(error, "RetryInfo"):
        if isinstance(detail, dict):
            try:
                return max(0.0, float(str(detail.get("retryDelay", "0")).removesuffix("s")))
            except ValueError:
                return 0.0
        return max(0.0, float(detail.retry_delay.seconds) + float(detail.retry_delay.nanos) / 1e9)
    return 0.0


def _details(error: GoogleAPICallError, kind: str) -> Iterator[Any]:
    """The details of a kind: messages over gRPC, objects with `@type` over REST."""
    for detail in error.details or ():
        name = detail.get("@type", "") if isinstance(detail, dict) else type(detail).__name__
        if str(name).endswith(kind):
            yield detail


def first_line(error: Exception) -> str:
    """The first line of an error's message, safe to show."""
    text = getattr(error, "message", None) or str(error)
    line = (str(text).strip().splitlines() or [type(error).__name__])[0]
    return visible(_REQUEST.sub("", line)[:_LONGEST])
