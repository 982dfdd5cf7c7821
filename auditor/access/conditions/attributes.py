"""The attributes of conditions: what each is worth in a request, given its policy and its resource.

An attribute that the resource, or the kind of request, does not provide makes its part of the condition fail to
evaluate: such a part never grants. In a deny policy what is not recognised cannot be evaluated, which is left open.

Source: cloud.google.com/iam/docs/conditions-attribute-reference
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from auditor.access.conditions.request import PolicyKind, Request
from auditor.access.conditions.support import (
    CLUSTER_SPELLINGS,
    NAME_TYPES,
    SERVICES,
    TYPE_TYPES,
    UNLISTED_TYPES,
    condition_name,
    condition_type,
)
from auditor.access.conditions.values import ANY, Failure, Open, Unclear, Value

_TUNNEL = frozenset({"iap.tunnelInstances.accessViaIAP", "iap.tunnelDestGroups.accessViaIAP"})
_WEB = frozenset({"iap.webServiceVersions.accessViaIAP"})
_FORWARDING_RULE_CREATION = frozenset({"compute.forwardingRules.create", "compute.globalForwardingRules.create"})
_TAG_KEYS = "tagKeys/"


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute variable, or a function named like one: the policies that recognise it, and how it is read."""

    policies: frozenset[PolicyKind]
    read: Callable[..., Value]

    def value(self, name: str, request: Request, *arguments: Value) -> Value:
        """What it is worth in a request."""
        if request.policy is not None and request.policy not in self.policies:
            return _unrecognised(name, request.policy)
        return self.read(request, *arguments)


def _unrecognised(name: str, policy: PolicyKind) -> Value:
    reason = f"{policy.value} do not recognise {name}"
    return Open(ANY, (reason,)) if policy is PolicyKind.DENY else Failure(reason)


def _unknown(name: str) -> Open:
    return Open(ANY, (f"{name} is not known",))


_NO_NAME = _unknown("resource.name")
_NO_TYPE = _unknown("resource.type")
_NO_SERVICE = _unknown("resource.service")
_NO_TAGS = Open(ANY, ("the tags of the resource are not known",))
_CLUSTER_TYPE = Unclear(ANY, ("the reference spells the resource.type of clusters in two ways",), CLUSTER_SPELLINGS)
_NO_PERMISSION = Open(ANY, ("the permission of the request is not known",))


def _time(request: Request) -> Value:
    return request.time()


def _name(request: Request) -> Value:
    kind = request.resource_type
    if kind is None:
        return _NO_TYPE if request.resource_name is not None else _NO_NAME
    if condition_type(kind) not in NAME_TYPES:
        if kind.partition("/")[0] in UNLISTED_TYPES:
            return Open(ANY, (f"whether {kind} provides resource.name is not known here",))
        return Failure(f"{kind} provides no resource.name")
    name = request.resource_name
    return _NO_NAME if name is None else condition_name(name, kind)


def _type(request: Request) -> Value:
    kind = request.resource_type
    if kind is None:
        return _NO_TYPE
    kind = condition_type(kind)
    if kind in CLUSTER_SPELLINGS:
        return _CLUSTER_TYPE
    return kind if kind in TYPE_TYPES else Unclear(ANY, (f"{kind} provides no resource.type",))


def _service(request: Request) -> Value:
    service = request.resource_service
    if service is None:
        if request.resource_type is None:
            return _NO_SERVICE
        service = request.resource_type.partition("/")[0]
    return service if service in SERVICES else Unclear(ANY, (f"{service} provides no resource.service",))


def _of_requests(
    name: str, permissions: frozenset[str], read: Callable[[Request], Value], prefix: str = "-"
) -> Callable[[Request], Value]:
    """An attribute that only requests for some permissions have."""
    missing = _unknown(name)
    absent = Failure(f"{name} is not provided to requests for this permission")

    def value(request: Request) -> Value:
        permission = request.permission
        if not permission:
            return _NO_PERMISSION
        if permission not in permissions and not permission.startswith(prefix):
            return absent
        found = read(request)
        return missing if found is None else found

    return value


def _always(name: str, read: Callable[[Request], Value]) -> Callable[[Request], Value]:
    missing = _unknown(name)

    def value(request: Request) -> Value:
        found = read(request)
        return missing if found is None else found

    return value


def _levels(request: Request) -> Value:
    return None if request.access_levels is None else sorted(request.access_levels)


def _is_text(*values: Value) -> bool:
    return all(type(value) is str for value in values)


def _tag(request: Request, key: str, *, is_id: bool) -> Value:
    """The value of a tag, None where there is no such tag, `Open` where the tags are not known in this spelling."""
    tags = request.tags
    if tags is None:
        return _NO_TAGS
    if key.startswith(_TAG_KEYS) is not is_id:
        return None
    found = tags.get(key)
    if found is not None or not tags or any(name.startswith(_TAG_KEYS) is is_id for name in tags):
        return found
    return Open(ANY, (f"the {'ids' if is_id else 'names'} of the resource's tags are not known",))


def _matching_tag(*, is_id: bool) -> Callable[..., Value]:
    def value(request: Request, *arguments: Value) -> Value:
        if len(arguments) != 2 or not _is_text(*arguments):
            return Failure("a tag is matched by two strings, its key and its value")
        found = _tag(request, arguments[0], is_id=is_id)
        return found if isinstance(found, Open) else found == arguments[1]

    return value


def _tag_key(*, is_id: bool) -> Callable[..., Value]:
    def value(request: Request, *arguments: Value) -> Value:
        if len(arguments) != 1 or not _is_text(*arguments):
            return Failure("a tag key is one string")
        found = _tag(request, arguments[0], is_id=is_id)
        return found if isinstance(found, Open) else found is not None

    return value


def _creates_forwarding_rule(request: Request, *arguments: Value) -> Value:
    if arguments:
        return Failure("isForwardingRuleCreationOperation takes no arguments")
    permission = request.permission
    if not permission:
        return _NO_PERMISSION
    if permission in _FORWARDING_RULE_CREATION:
        return True
    # Creating a forwarding rule also asks for the use of networks, addresses and backends.
    if permission.startswith("compute.") and permission.rpartition(".")[2].startswith("use"):
        return Open(ANY, ("whether the request creates a forwarding rule is not known",))
    return False


def _matches_scheme(request: Request, *arguments: Value) -> Value:
    if len(arguments) != 1 or type(arguments[0]) is not list:
        return Failure("matchLoadBalancingSchemes takes a list of schemes")
    creates = _creates_forwarding_rule(request)
    if creates is False:
        return Failure("the request creates no forwarding rule")
    if creates is not True:
        return creates
    scheme = request.load_balancing_scheme
    return _unknown("the load balancing scheme") if scheme is None else scheme in arguments[0]


def _defines_role_changes(permission: str) -> bool:
    return permission.endswith(".setIamPolicy")


def _defines_prefix(permission: str) -> bool:
    return permission == "storage.objects.list"


def _defines_agent_state(permission: str) -> bool:
    return permission.startswith("aiplatform.")


_API_ATTRIBUTES: dict[str, Callable[[str], bool]] = {
    "iam.googleapis.com/modifiedGrantsByRole": _defines_role_changes,
    "storage.googleapis.com/objectListPrefix": _defines_prefix,
    "aiplatform.googleapis.com/memoryScope": _defines_agent_state,
    "aiplatform.googleapis.com/sessionUserId": _defines_agent_state,
}
"""The API attributes, and whether a request for a permission may define them."""


def _api_attribute(request: Request, *arguments: Value) -> Value:
    if len(arguments) != 2 or type(arguments[0]) is not str:
        return Failure("api.getAttribute takes a name and a default")
    name, default = arguments
    may_define = _API_ATTRIBUTES.get(name)
    if may_define is None:
        return Open(ANY, (f"{name[:80]!r} is no API attribute of Google's reference",))
    if not request.permission:
        return _NO_PERMISSION
    if not may_define(request.permission):
        return default
    return _as_value(request.attributes[name]) if name in request.attributes else _unknown(name)


def _as_value(known: object) -> Value:
    """A value of ours as CEL's."""
    if isinstance(known, dict):
        return {(type(key), key): _as_value(value) for key, value in known.items()}
    if isinstance(known, (list, tuple, set, frozenset)):
        return [_as_value(item) for item in known]
    return known


_ALLOW = frozenset({PolicyKind.ALLOW})
_TAGS = frozenset({PolicyKind.ALLOW, PolicyKind.DENY})
_BOUNDARY = frozenset({PolicyKind.BOUNDARY})

VARIABLES: dict[str, Attribute] = {
    "request.time": Attribute(_ALLOW, _time),
    "resource.name": Attribute(_ALLOW, _name),
    "resource.type": Attribute(_ALLOW, _type),
    "resource.service": Attribute(_ALLOW, _service),
    "request.auth.access_levels": Attribute(
        _ALLOW, _of_requests("request.auth.access_levels", _TUNNEL | _WEB, _levels)
    ),
    "destination.ip": Attribute(
        _ALLOW, _of_requests("destination.ip", _TUNNEL, lambda request: request.destination_ip)
    ),
    "destination.port": Attribute(
        _ALLOW, _of_requests("destination.port", _TUNNEL, lambda request: request.destination_port)
    ),
    "request.path": Attribute(_ALLOW, _of_requests("request.path", _WEB, lambda request: request.path, "run.")),
    "request.host": Attribute(_ALLOW, _of_requests("request.host", _WEB, lambda request: request.host, "run.")),
    "principal.type": Attribute(_BOUNDARY, _always("principal.type", lambda request: request.principal_type)),
    "principal.subject": Attribute(_BOUNDARY, _always("principal.subject", lambda request: request.principal_subject)),
}
"""The attribute variables of the reference."""

FUNCTIONS: dict[str, Attribute] = {
    "api.getAttribute": Attribute(_ALLOW, _api_attribute),
    "compute.isForwardingRuleCreationOperation": Attribute(_ALLOW, _creates_forwarding_rule),
    "compute.matchLoadBalancingSchemes": Attribute(_ALLOW, _matches_scheme),
    "resource.hasTagKey": Attribute(_TAGS, _tag_key(is_id=False)),
    "resource.hasTagKeyId": Attribute(_TAGS, _tag_key(is_id=True)),
    "resource.matchTag": Attribute(_TAGS, _matching_tag(is_id=False)),
    "resource.matchTagId": Attribute(_TAGS, _matching_tag(is_id=True)),
}
"""The functions of the reference that read the request."""
