"""What is known of an access that a condition is asked about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from auditor.access.conditions.values import Timestamp, Value


class PolicyKind(Enum):
    """Where a condition stands: the reference allows other attributes in each."""

    ALLOW = "allow policies"
    DENY = "deny policies"
    BOUNDARY = "bindings of principal access boundary policies"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is known of an access; None (and `""` of the permission) = not known.

    `resource_name` is the name as conditions see it (see `condition_name`); a full resource name loses its host.
    `tags` holds every tag, inherited ones too, by namespaced key (`123/env`: `prod`), by id
    (`tagKeys/1`: `tagValues/2`), or both. `attributes` are the known values of `api.getAttribute`.
    """

    now: datetime
    permission: str = ""
    resource_name: str | None = None
    resource_type: str | None = None
    resource_service: str | None = None
    tags: Mapping[str, str] | None = None
    access_levels: frozenset[str] | None = None
    destination_ip: str | None = None
    destination_port: int | None = None
    path: str | None = None
    host: str | None = None
    load_balancing_scheme: str | None = None
    principal_type: str | None = None
    principal_subject: str | None = None
    attributes: Mapping[str, object] = field(default_factory=dict)
    policy: PolicyKind | None = None
    """None takes every attribute for allowed."""

    def time(self) -> Value:
        """`request.time`."""
        return Timestamp.of(self.now)
