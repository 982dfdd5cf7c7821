"""What stands between the internet and what runs, as an inventory keeps it: load balancers, firewalls, App Engine.

Sources: cloud.google.com/compute/docs/reference/rest/v1/forwardingRules, …/urlMaps, …/backendServices,
…/networkEndpointGroups, …/instanceGroupManagers, …/targetPools, …/securityPolicies, …/firewallPolicies, …/networks,
cloud.google.com/compute/docs/access/service-accounts#scopes_best_practice,
cloud.google.com/appengine/docs/admin-api/reference/rest/v1/apps.services, …/apps.services.versions
"""

from __future__ import annotations

from typing import NamedTuple

from msgspec import field

from auditor.resources.base import Asset, Resource, Undetermined, View
from auditor.resources.compute import Instance
from auditor.resources.network import PolicyRule

_COMPUTE = "compute.googleapis.com/"
_APP_ENGINE = "appengine.googleapis.com/"


_WIDE = ("cloud-platform", "compute", "iam")
"""Access scopes, by their last step: all APIs, changing machines, minting tokens."""


def path_of(name: str) -> str:
    """`projects/p/global/networks/n` of a Compute Engine resource in any spelling: URL, full or relative name."""
    return "projects/" + name.partition("/projects/")[2] if "/projects/" in name else name.removeprefix("//")


class ForwardingRule(Resource):
    """An address and what answers there."""

    name: str = ""
    load_balancing_scheme: str = ""
    target: str = ""
    backend_service: str = ""

    @property
    def is_external(self) -> bool:
        """Whether the address is on the internet."""
        return self.load_balancing_scheme in ("EXTERNAL", "EXTERNAL_MANAGED")


class Proxy(Resource):
    """A target proxy: HTTP and HTTPS ones have a URL map, TCP and SSL ones a backend service."""

    url_map: str = ""
    service: str = ""


class _Weighted(View):
    backend_service: str = ""


class _RouteAction(View):
    weighted_backend_services: list[_Weighted] = []


class _Route(View):
    """A rule of a path matcher."""

    service: str = ""
    route_action: _RouteAction | None = None


class _Matcher(View):
    default_service: str = ""
    default_route_action: _RouteAction | None = None
    path_rules: list[_Route] = []
    route_rules: list[_Route] = []


class UrlMap(Resource):
    """Which backend answers which URL."""

    default_service: str = ""
    default_route_action: _RouteAction | None = None
    path_matchers: list[_Matcher] = []

    @property
    def services(self) -> list[str]:
        """All backends, by their paths."""
        found = [self.default_service, *_weighted(self.default_route_action)]
        for matcher in self.path_matchers:
            found += [matcher.default_service, *_weighted(matcher.default_route_action)]
            for route in (*matcher.path_rules, *matcher.route_rules):
                found += [route.service, *_weighted(route.route_action)]
        return list(dict.fromkeys(path_of(name) for name in found if name))


def _weighted(action: _RouteAction | None) -> list[str]:
    return [] if action is None else [weighted.backend_service for weighted in action.weighted_backend_services]


class _Backend(View):
    group: str = ""


class _Iap(View):
    enabled: bool = False


class BackendService(Resource):
    """A backend service, with what guards it."""

    backends: list[_Backend] = []
    security_policy: str = ""
    iap: _Iap = field(default_factory=_Iap)


class _CloudRun(View):
    service: str = ""


class _AppEngine(View):
    service: str = ""


class _CloudFunction(View):
    function: str = ""


class EndpointGroup(Resource):
    """A network endpoint group; a serverless one names what answers, or masks it out of the URL."""

    network_endpoint_type: str = ""
    region: str = ""
    cloud_run: _CloudRun | None = None
    app_engine: _AppEngine | None = None
    cloud_function: _CloudFunction | None = None


class GroupManager(Resource):
    """A managed instance group."""

    instance_group: str = ""


class TargetPool(Resource):
    """Machines behind a network load balancer of the older kind."""

    instances: list[str] = []


class TargetInstance(Resource):
    """One machine behind a forwarding rule."""

    instance: str = ""


class _MatchConfig(View):
    src_ip_ranges: list[str] = []


class _Match(View):
    config: _MatchConfig | None = None


class _ArmorRule(View):
    priority: int = 0
    action: str = ""
    preview: bool = False
    match: _Match = field(default_factory=_Match)


class ArmorPolicy(Resource):
    """A Cloud Armor security policy."""

    rules: list[_ArmorRule] = []

    @property
    def keeps_out_strangers(self) -> bool:
        """Whether the rule for all addresses denies, and no other lets all of them in."""
        for rule in sorted(self.rules, key=lambda rule: rule.priority):
            ranges = rule.match.config.src_ip_ranges if rule.match.config is not None else []
            if not rule.preview and {"*", "0.0.0.0/0"} & set(ranges):
                return rule.action.startswith("deny")
        return False


class _Association(View):
    attachment_target: str = ""


class _SecureTag(View):
    name: str = ""


class TargetedRule(PolicyRule):
    """A rule of a firewall policy with what it is for."""

    target_resources: list[str] = []
    target_service_accounts: list[str] = []
    target_secure_tags: list[_SecureTag] = []


class AttachedPolicy(Resource):
    """A firewall policy with the organisation, folders or networks that it is attached to."""

    rules: list[TargetedRule] = []
    associations: list[_Association] = []


class Network(Resource):
    """A network: whether its policies come after the VPC's own rules, as they do unless told otherwise, or before."""

    network_firewall_policy_enforcement_order: str = "AFTER_CLASSIC_FIREWALL"


class _NetworkSettings(View):
    ingress_traffic_allowed: str = "INGRESS_TRAFFIC_ALLOWED_ALL"


class AppService(Resource):
    """A service of App Engine."""

    network_settings: _NetworkSettings = field(default_factory=_NetworkSettings)


class AppVersion(Resource):
    """A version of such a service."""

    service_account: str = ""
    serving_status: str = "SERVING"


class Application(Resource):
    """An App Engine application."""

    iap: _Iap = field(default_factory=_Iap)
    serving_status: str = "SERVING"


class Interface(NamedTuple):
    """A network interface: its network, and whether it has an external address of either version."""

    network: str
    versions: tuple[int, ...]


class Machine(NamedTuple):
    """What of a machine decides whether the internet reaches it. `unclear` says what of it is not known."""

    asset: Asset
    tags: frozenset[str] = frozenset()
    accounts: frozenset[str] = frozenset()
    interfaces: tuple[Interface, ...] = ()
    group: str = ""
    """The path of the managed instance group that made it."""
    is_trusted: bool = True
    """Whether its access scopes let its tokens call the APIs by which control is won."""
    unclear: Undetermined | None = None

    @property
    def is_of_no_interest(self) -> bool:
        """Whether it surely runs as no account, or with tokens of no use, so that who takes it over gets no further."""
        return self.unclear is None and not (self.accounts and self.is_trusted)


def machine_of(vm: Instance) -> Machine:
    """The machine, without its metadata."""
    try:
        interfaces = tuple(
            Interface(
                path_of(one.network),
                tuple(version for version, told in ((4, one.access_configs), (6, one.ipv6_access_configs)) if told),
            )
            for one in vm.network_interfaces
        )
        return Machine(
            vm.asset,
            frozenset(vm.tags.items),
            frozenset(account.email for account in vm.service_accounts),
            interfaces,
            path_of("/" + (vm.metadata.get("created-by") or "")).removeprefix("/"),
            any(scope.rpartition("/")[2] in _WIDE for account in vm.service_accounts for scope in account.scopes),
        )
    except Undetermined as unclear:
        return Machine(vm.asset, unclear=unclear)


FACING: dict[str, type[Resource]] = {
    _COMPUTE + "ForwardingRule": ForwardingRule,
    _COMPUTE + "GlobalForwardingRule": ForwardingRule,
    _COMPUTE + "TargetHttpProxy": Proxy,
    _COMPUTE + "TargetHttpsProxy": Proxy,
    _COMPUTE + "TargetGrpcProxy": Proxy,
    _COMPUTE + "TargetTcpProxy": Proxy,
    _COMPUTE + "TargetSslProxy": Proxy,
    _COMPUTE + "RegionTargetHttpProxy": Proxy,
    _COMPUTE + "RegionTargetHttpsProxy": Proxy,
    _COMPUTE + "RegionTargetTcpProxy": Proxy,
    _COMPUTE + "UrlMap": UrlMap,
    _COMPUTE + "RegionUrlMap": UrlMap,
    _COMPUTE + "BackendService": BackendService,
    _COMPUTE + "RegionBackendService": BackendService,
    _COMPUTE + "NetworkEndpointGroup": EndpointGroup,
    _COMPUTE + "InstanceGroupManager": GroupManager,
    _COMPUTE + "TargetPool": TargetPool,
    _COMPUTE + "TargetInstance": TargetInstance,
    _COMPUTE + "SecurityPolicy": ArmorPolicy,
    _COMPUTE + "FirewallPolicy": AttachedPolicy,
    _COMPUTE + "Network": Network,
    _APP_ENGINE + "Application": Application,
    _APP_ENGINE + "Service": AppService,
}
"""The types of which an inventory keeps what is above, besides machines and App Engine's versions."""
