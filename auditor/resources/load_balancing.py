"""Load balancing: forwarding rules, proxies, TLS policies and backends.

Source: cloud.google.com/compute/docs/reference/rest/v1/forwardingRules, …/targetHttpsProxies, …/sslPolicies,
…/urlMaps, …/backendServices
"""

from __future__ import annotations

from msgspec import field

from auditor.resources.base import Resource, View, shows

EXTERNAL = ("EXTERNAL", "EXTERNAL_MANAGED", "EXTERNAL_PASSTHROUGH")


@shows("compute.googleapis.com/ForwardingRule", "compute.googleapis.com/GlobalForwardingRule")
class ForwardingRule(Resource):
    """A forwarding rule: an address and ports, and what answers there."""

    name: str = ""
    load_balancing_scheme: str = ""
    target: str = ""
    backend_service: str = ""
    ip_protocol: str = field(default="", name="IPProtocol")
    port_range: str = ""
    ports: list[str] = []
    all_ports: bool = False
    network: str = ""

    @property
    def is_external(self) -> bool:
        """Whether the internet can reach the address. A rule without a scheme leads to Private Service Connect."""
        return self.load_balancing_scheme in EXTERNAL


class Redirect(View):
    """`defaultUrlRedirect`."""

    https_redirect: bool = False


@shows("compute.googleapis.com/UrlMap", "compute.googleapis.com/RegionUrlMap")
class UrlMap(Resource):
    """A URL map: which backend answers which URL."""

    name: str = ""
    default_url_redirect: Redirect | None = None


@shows("compute.googleapis.com/TargetHttpProxy", "compute.googleapis.com/RegionTargetHttpProxy")
class TargetHttpProxy(Resource):
    """A proxy that takes plain HTTP."""

    name: str = ""
    url_map: str = ""


@shows(
    "compute.googleapis.com/TargetHttpsProxy",
    "compute.googleapis.com/RegionTargetHttpsProxy",
    "compute.googleapis.com/TargetSslProxy",
)
class TlsProxy(Resource):
    """A proxy that takes TLS: HTTPS or SSL."""

    name: str = ""
    ssl_policy: str = ""

    @property
    def collection(self) -> str:
        """The group of gcloud's commands that the proxy belongs to."""
        return "target-ssl-proxies" if "/targetSslProxies/" in self.asset.name else "target-https-proxies"


@shows("compute.googleapis.com/SslPolicy")
class SslPolicy(Resource):
    """Which TLS versions and ciphers a proxy accepts."""

    name: str = ""
    profile: str = "COMPATIBLE"
    min_tls_version: str = "TLS_1_0"
    custom_features: list[str] = []
    enabled_features: list[str] = []


class BackendLogging(View):
    """`logConfig` of a backend service."""

    enable: bool = False
    sample_rate: float | None = None


class BackendIap(View):
    """`iap` of a backend service."""

    enabled: bool = False


class Backend(View):
    """`backends[]`: an instance group or a network endpoint group."""

    group: str = ""


@shows("compute.googleapis.com/BackendService", "compute.googleapis.com/RegionBackendService")
class BackendService(Resource):
    """A backend service."""

    name: str = ""
    protocol: str = ""
    load_balancing_scheme: str = "EXTERNAL"
    security_policy: str = ""
    port: int = 0
    port_name: str = ""
    backends: list[Backend] = []
    log_config: BackendLogging = field(default_factory=BackendLogging)
    iap: BackendIap = field(default_factory=BackendIap)

    @property
    def serves_http_to_internet(self) -> bool:
        """Whether an application load balancer on the internet sends requests here."""
        return self.load_balancing_scheme in EXTERNAL and self.protocol in ("HTTP", "HTTPS", "HTTP2", "H2C")


class ArmorExpression(View):
    """`match.expr` of a rule: a condition in CEL."""

    expression: str = ""


class ArmorMatch(View):
    """`match` of a rule."""

    expr: ArmorExpression = field(default_factory=ArmorExpression)


class ArmorRule(View):
    """`rules[]` of a security policy."""

    action: str = ""
    preview: bool = False
    priority: int = 0
    match: ArmorMatch = field(default_factory=ArmorMatch)


@shows("compute.googleapis.com/SecurityPolicy")
class SecurityPolicy(Resource):
    """A Cloud Armor policy."""

    HAS_POLICY = False

    name: str = ""
    type: str = "CLOUD_ARMOR"
    rules: list[ArmorRule] | None = None
