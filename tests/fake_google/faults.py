"""What can go wrong with a request, in the codes, words and details that Google's services use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import grpc  # type: ignore[import-untyped]  # the package has no types
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.rpc import error_details_pb2, status_pb2  # type: ignore[import-untyped]  # the package has no types

Code = grpc.StatusCode
HTTP = {
    Code.INVALID_ARGUMENT: 400,
    Code.PERMISSION_DENIED: 403,
    Code.UNAUTHENTICATED: 401,
    Code.RESOURCE_EXHAUSTED: 429,
    Code.INTERNAL: 500,
    Code.UNAVAILABLE: 503,
    Code.DEADLINE_EXCEEDED: 504,
}


@dataclass(slots=True)
class Fault:
    """An answer other than the right one; after `times` of them (None: for ever) the method works."""

    code: Any = None
    message: str = ""
    details: list[Any] = field(default_factory=list)
    times: int | None = None
    latency: float = 0.0
    stall: float = 0.0
    """Seconds between the head of an answer and its body, over REST."""
    garbage: bool = False
    """Whether the answer is bytes that are no message."""
    body: bytes = b"<html>not JSON"
    """Those bytes, over REST."""
    after: int = 0
    """Requests that are answered rightly before."""
    when: Callable[[Any], bool] | None = None
    """Which requests it meets; all where it is None."""

    def for_times(self, times: int) -> Fault:
        """The same, so many times."""
        return replace(self, times=times)

    def status(self) -> status_pb2.Status:
        """The status with its details packed."""
        packed = []
        for detail in self.details:
            anything = AnyMessage()
            anything.Pack(detail)
            packed.append(anything)
        return status_pb2.Status(code=self.code.value[0], message=self.message, details=packed)


def denied(permission: str = "", **more: Any) -> Fault:
    """The caller lacks a permission."""
    message = f"Permission '{permission}' denied on resource" if permission else "The caller does not have permission"
    info = error_details_pb2.ErrorInfo(
        reason="IAM_PERMISSION_DENIED", domain="iam.googleapis.com", metadata={"permission": permission}
    )
    return Fault(Code.PERMISSION_DENIED, message, [info] if permission else [], **more)


def disabled(service: str, consumer: str, **more: Any) -> Fault:
    """The API is off in the consumer's project."""
    number = consumer.partition("/")[2]
    message = f"{service} has not been used in project {number} before or it is disabled. Enable it by visiting …"
    info = error_details_pb2.ErrorInfo(
        reason="SERVICE_DISABLED", domain="googleapis.com", metadata={"service": service, "consumer": consumer}
    )
    return Fault(Code.PERMISSION_DENIED, message, [info], **more)


def perimeter(identifier: str = "kLq8-vio", **more: Any) -> Fault:
    """A VPC Service Controls perimeter stands in the way."""
    message = f"Request is prohibited by organization's policy. vpcServiceControlsUniqueIdentifier: {identifier}"
    info = error_details_pb2.ErrorInfo(
        reason="SECURITY_POLICY_VIOLATED", domain="googleapis.com", metadata={"uid": identifier}
    )
    return Fault(Code.PERMISSION_DENIED, message, [info], **more)


def throttled(retry_after: float = 0.0, **more: Any) -> Fault:
    """The quota is used up."""
    whole = int(retry_after)
    delay = Duration(seconds=whole, nanos=int((retry_after - whole) * 1e9))
    details = [error_details_pb2.RetryInfo(retry_delay=delay)] if retry_after else []
    return Fault(Code.RESOURCE_EXHAUSTED, "Quota exceeded for quota metric 'Read requests'", details, **more)


def used_up(service: str, **more: Any) -> Fault:
    """The quota of the day is used up."""
    info = error_details_pb2.ErrorInfo(
        reason="RATE_LIMIT_EXCEEDED",
        domain="googleapis.com",
        metadata={"service": service, "quota_limit": "ReadsPerDayPerOrganization", "quota_unit": "1/d/{organization}"},
    )
    return Fault(Code.RESOURCE_EXHAUSTED, "Quota exceeded for quota metric 'Read requests'", [info], **more)


def unavailable(**more: Any) -> Fault:
    """The service is not there for the moment."""
    return Fault(Code.UNAVAILABLE, "The service is currently unavailable.", **more)


def deadline(**more: Any) -> Fault:
    """The service took too long."""
    return Fault(Code.DEADLINE_EXCEEDED, "Deadline Exceeded", **more)


def internal(**more: Any) -> Fault:
    """The service failed."""
    return Fault(Code.INTERNAL, "Internal error encountered.", **more)


def invalid(message: str, **more: Any) -> Fault:
    """The request is wrong."""
    return Fault(Code.INVALID_ARGUMENT, message, **more)


def garbage(**more: Any) -> Fault:
    """The answer cannot be decoded."""
    return Fault(garbage=True, **more)
