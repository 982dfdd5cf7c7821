"""VPC Service Controls and Access Context Manager: access policies, access levels, service perimeters.

Source: cloud.google.com/access-context-manager/docs/reference/rest/v1/accessPolicies,
cloud.google.com/vpc-service-controls/docs/ingress-egress-rules
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import chain
from typing import ClassVar, TypeVar

from msgspec import field

from auditor.resources.base import Resource, View, shows

T = TypeVar("T")

BLANKET_IDENTITIES = ("ANY_IDENTITY", "ANY_USER_ACCOUNT", "ANY_SERVICE_ACCOUNT")
"""Identity types of a rule that name nobody: they admit accounts of every organisation."""

EVERYTHING = "*"
"""In a rule: any network origin, all services, all methods, or all resources."""


class MethodSelector(View):
    """One method or permission of a service."""

    method: str = ""
    permission: str = ""


class ApiOperation(View):
    """A service with the methods that a rule opens."""

    service_name: str = ""
    method_selectors: list[MethodSelector] = []


class RuleSource(View):
    """A network origin: an access level (`*` is any), or a project or VPC network."""

    access_level: str = ""
    resource: str = ""


class RuleFrom(View):
    """Who calls, and from where: `ingressFrom` and `egressFrom`."""

    identity_type: str = "IDENTITY_TYPE_UNSPECIFIED"
    identities: list[str] = []
    sources: list[RuleSource] = []
    source_restriction: str = "SOURCE_RESTRICTION_UNSPECIFIED"


class RuleTo(View):
    """What may be called: `ingressTo` and `egressTo`. Either operations or roles limit it."""

    operations: list[ApiOperation] = []
    roles: list[str] = []
    resources: list[str] = []
    external_resources: list[str] = []

    @property
    def opens_anything(self) -> bool:
        """False where the rule matches no request, because operations or resources are missing."""
        return bool((self.operations or self.roles) and (self.resources or self.external_resources))

    @property
    def opens_all_services(self) -> bool:
        """Whether one operation is `*`, which stands for every method of every service."""
        return any(operation.service_name == EVERYTHING for operation in self.operations)


class IngressRule(View):
    """A hole in the perimeter for calls from outside."""

    title: str = ""
    caller: RuleFrom = field(default_factory=RuleFrom, name="ingressFrom")
    target: RuleTo = field(default_factory=RuleTo, name="ingressTo")

    @property
    def from_anywhere(self) -> bool:
        """Whether calls from every network origin match. A rule without sources matches none."""
        return any(source.access_level == EVERYTHING for source in self.caller.sources)

    @property
    def opens_anything(self) -> bool:
        """False where the rule matches no request: sources, operations and resources are all required."""
        return bool(self.caller.sources) and self.target.opens_anything


class EgressRule(View):
    """A hole in the perimeter for calls to resources outside."""

    title: str = ""
    caller: RuleFrom = field(default_factory=RuleFrom, name="egressFrom")
    target: RuleTo = field(default_factory=RuleTo, name="egressTo")

    @property
    def opens_anything(self) -> bool:
        """False where the rule matches no request, because it names no operation or no resource."""
        return self.target.opens_anything


class VpcAccessibleServices(View):
    """Which APIs can be reached from networks inside the perimeter."""

    enable_restriction: bool = False
    allowed_services: list[str] = []


class PerimeterConfig(View):
    """Content and boundaries of a perimeter: `status` is in force, `spec` is the dry run."""

    resources: list[str] = []
    access_levels: list[str] = []
    restricted_services: list[str] = []
    vpc_accessible_services: VpcAccessibleServices = field(default_factory=VpcAccessibleServices)
    ingress_policies: list[IngressRule] = []
    egress_policies: list[EgressRule] = []

    @property
    def access_levels_used(self) -> Iterator[str]:
        """Every access level named anywhere in the configuration."""
        yield from self.access_levels
        rules: Iterable[IngressRule | EgressRule] = chain(self.ingress_policies, self.egress_policies)
        for rule in rules:
            for source in rule.caller.sources:
                if source.access_level and source.access_level != EVERYTHING:
                    yield source.access_level


class _InAccessPolicy(Resource):
    name: str = ""

    @property
    def policy_id(self) -> str:
        """The number of the access policy that holds the resource."""
        return self.asset.name.partition("/accessPolicies/")[2].partition("/")[0]


@shows("accesscontextmanager.googleapis.com/ServicePerimeter")
class ServicePerimeter(_InAccessPolicy):
    """A regular perimeter, or a bridge between perimeters."""

    title: str = ""
    perimeter_type: str = "PERIMETER_TYPE_REGULAR"
    status: PerimeterConfig = field(default_factory=PerimeterConfig)
    spec: PerimeterConfig = field(default_factory=PerimeterConfig)
    use_explicit_dry_run_spec: bool = False
    update_time: datetime | None = None

    @property
    def is_bridge(self) -> bool:
        """Whether the perimeter joins projects of others, and protects nothing itself."""
        return self.perimeter_type == "PERIMETER_TYPE_BRIDGE"

    @property
    def protects(self) -> bool:
        """Whether the enforced configuration restricts a service for at least one project or network."""
        return not self.is_bridge and bool(self.status.restricted_services) and bool(self.status.resources)

    @property
    def has_dry_run(self) -> bool:
        """Whether the dry run is a configuration of its own; without one it equals the enforced one."""
        return self.use_explicit_dry_run_spec or bool(self.spec.resources or self.spec.restricted_services)

    @property
    def is_dry_run_only(self) -> bool:
        """Whether a dry run stands in place of an enforced configuration."""
        return self.has_dry_run and not self.is_bridge and not self.protects


class DevicePolicy(View):
    """What a device must fulfil. Unset fields demand nothing."""

    require_screenlock: bool = False
    require_admin_approval: bool = False
    require_corp_owned: bool = False
    allowed_encryption_statuses: list[str] = []
    allowed_device_management_levels: list[str] = []
    os_constraints: list[dict[str, object]] = []

    @property
    def demands_anything(self) -> bool:
        """Whether some device can fail the policy."""
        return bool(
            self.require_screenlock
            or self.require_admin_approval
            or self.require_corp_owned
            or self.allowed_encryption_statuses
            or self.allowed_device_management_levels
            or self.os_constraints
        )


class LevelCondition(View):
    """One condition of a basic level: all its fields must hold; with `negate`, one must fail."""

    ip_subnetworks: list[str] = []
    regions: list[str] = []
    members: list[str] = []
    required_access_levels: list[str] = []
    vpc_network_sources: list[dict[str, object]] = []
    device_policy: DevicePolicy = field(default_factory=DevicePolicy)
    negate: bool = False

    @property
    def demands_more_than_address(self) -> bool:
        """Whether anything but the caller's public address is looked at."""
        return bool(
            self.members
            or self.required_access_levels
            or self.regions
            or self.vpc_network_sources
            or self.device_policy.demands_anything
        )


class BasicLevel(View):
    """Conditions joined by AND (the default) or OR."""

    combining_function: str = "AND"
    conditions: list[LevelCondition] = []


class CustomExpression(View):
    """A CEL expression."""

    expression: str = ""


class CustomLevel(View):
    """A level that is a CEL expression."""

    expr: CustomExpression = field(default_factory=CustomExpression)


@shows("accesscontextmanager.googleapis.com/AccessLevel")
class AccessLevel(_InAccessPolicy):
    """Who counts as trusted: a basic or a custom level."""

    title: str = ""
    basic: BasicLevel | None = None
    custom: CustomLevel | None = None

    @property
    def resource_name(self) -> str:
        """`accessPolicies/NUMBER/accessLevels/NAME`, as perimeters refer to it."""
        return self.asset.short_name


@shows("accesscontextmanager.googleapis.com/AccessPolicy")
class AccessPolicy(_InAccessPolicy):
    """The container of levels and perimeters: of the organisation, or scoped to one folder or project."""

    title: str = ""
    parent: str = ""
    scopes: list[str] = []


class AccessSettings(View):
    """`activeSettings`: what is demanded for the applications of one scope."""

    access_levels: list[str] = []


class ScopedAccess(View):
    """`scopedAccessSettings[]`: settings for some client applications only."""

    active_settings: AccessSettings = field(default_factory=AccessSettings)


@shows("accesscontextmanager.googleapis.com/GcpUserAccessBinding")
class UserAccessBinding(Resource):
    """Access levels that the members of a group need for the console and the APIs.

    Asset Inventory does not export them: they are in the input only where a live collection read them.
    """

    HAS_POLICY: ClassVar[bool] = False

    group_key: str = ""
    access_levels: list[str] = []
    dry_run_access_levels: list[str] = []
    scoped_access_settings: list[ScopedAccess] = []

    @property
    def demands_level(self) -> bool:
        """Whether an access level is enforced, for all applications or for some."""
        return bool(self.access_levels) or any(
            bool(s.active_settings.access_levels) for s in self.scoped_access_settings
        )
