"""Ports, paths and protections of a network that only some owners ask for, and machines between two networks."""

from __future__ import annotations

import re

from auditor import PASS, Estate, Fix, Settings, Severity, Verdict, asset, check, fail, not_applicable
from auditor.resources.app_engine import AppEngineApplication
from auditor.resources.compute import Instance
from auditor.resources.load_balancing import BackendService, ForwardingRule, SecurityPolicy
from auditor.resources.network import Firewall, Network
from auditor.resources.unknown import some, told
from checks.setting import Setting, asked
from checks.units import Count

_N, _M = "https://c/projects/p/global/networks/n", "https://c/projects/p/global/networks/m"
_NETWORK = "//compute.googleapis.com/projects/p/global/networks/n"


def _networks(instance: Instance) -> list[str]:
    return sorted({interface.network.rpartition("/projects/")[2] for interface in instance.network_interfaces})


def _bridges(instance: Instance) -> Verdict | None:
    if instance.is_gke_node:
        return not_applicable("GKE gives a node several interfaces where its pods have them")
    joined = _networks(instance)
    if len(joined) < 2:
        return None
    if instance.can_ip_forward:
        return fail(f"it joins {', '.join(joined)}, and may forward packets", severity=Severity.MEDIUM)
    return fail(f"it joins {', '.join(joined)}")


bridging = asked(
    __name__,
    Setting(
        id="instance-joins-networks",
        view=Instance,
        severity=Severity.LOW,
        problem=_bridges,
        title="A machine stands in several networks at once.",
        why="the networks were made to keep things apart, and whoever takes over this machine is in all of them; no "
        "firewall rule sees what it hands on. Firewalls and proxies that are meant to do this are exceptions to write "
        "down.",
        breaks="an appliance that is meant to join them; the machine must be made anew.",
        source="https://cloud.google.com/vpc/docs/multiple-interfaces-concepts",
        good=[
            {"networkInterfaces": [{"network": _N}]},
            {"networkInterfaces": [{"network": _N, "subnetwork": "a"}, {"network": _N, "subnetwork": "b"}]},
            {"networkInterfaces": [{"network": _N}, {"network": _M}], "labels": {"goog-gke-node": ""}},
        ],
        bad=[
            {"networkInterfaces": [{"network": _N}, {"network": _M}]},
            {"networkInterfaces": [{"network": _N}, {"network": _M}], "canIpForward": True},
        ],
        path="networkInterfaces",
        evidence=["name", "canIpForward"],
        same_as=["prowler:compute_instance_single_network_interface"],
        terraform="one network_interface on google_compute_instance",
        manual="Make the machine anew with one interface; join networks by peering or a hub, where rules hold.",
    ),
)


class PortSettings(Settings, frozen=True):
    """How many ports one range may open."""

    max_ports: Count = 20


@check(
    "firewall-port-range-wide",
    severity=Severity.LOW,
    evidence=["sourceRanges", "sourceTags", "allowed"],
    same_as=["scoutsuite:computeengine-firewall-rule-allows-port-range", "trivy:AVD-GCP-0074"],
    default=False,
    fix=Fix(
        gcloud="gcloud compute firewall-rules update {rule.id} --allow=tcp:PORT",
        terraform="single ports in allow { … } on google_compute_firewall",
        patch={"data": {"allowed": [{"IPProtocol": "tcp", "ports": ["443"]}]}},
    ),
    passes=lambda: [
        asset(Firewall, {"allowed": [{"IPProtocol": "tcp", "ports": ["443", "8000-8010"]}]}),
        asset(Firewall, {"allowed": [{"IPProtocol": "icmp"}]}),
        asset(Firewall, {"allowed": [{"IPProtocol": "tcp", "ports": ["1-65535"]}], "disabled": True}),
        asset(Firewall, {"direction": "EGRESS", "allowed": [{"IPProtocol": "all"}]}),
        asset(Firewall, {"denied": [{"IPProtocol": "all"}]}),
    ],
    fails=lambda: [
        asset(Firewall, {"allowed": [{"IPProtocol": "tcp", "ports": ["30000-32767"]}], "sourceTags": ["a"]}),
        asset(Firewall, {"allowed": [{"IPProtocol": "udp"}], "sourceRanges": ["10.0.0.0/8"]}),
        asset(Firewall, {"allowed": [{"IPProtocol": "all"}], "sourceRanges": ["10.0.0.0/8"]}),
    ],
    unknown=lambda: [asset(Firewall, {}, unknown=["resource.data.allowed"])],
)
def wide_range(rule: Firewall, settings: PortSettings) -> Verdict:
    """A firewall rule lets in a wide range of ports.

    Why: among many ports is one that nobody thought of: a database, a debugger, tomorrow's service. Rules that are
    open to the internet have checks of their own; this one is for all sources.

    What a fix may break: services on ports that are left out; look at the rule's log first.

    Source: https://cloud.google.com/firewall/docs/using-firewalls
    """
    if rule.disabled or rule.direction.upper() != "INGRESS":
        return not_applicable("the rule lets nothing in")
    for layer4 in rule.allowed:
        for protocol in ("tcp", "udp", "sctp"):
            for first, last in layer4.ranges(protocol):
                if last - first >= settings.max_ports:
                    return fail(f"{last - first + 1} ports of {protocol} are open, the limit is {settings.max_ports}")
    return PASS


_WEB = frozenset({"80", "443", "80-80", "443-443"})


def _odd_port(rule: ForwardingRule) -> Verdict | None:
    if not rule.is_external:
        return not_applicable("the rule is not reached from the internet")
    if rule.all_ports:
        return fail("all ports are forwarded")
    for port in rule.ports or ([rule.port_range] if rule.port_range else []):
        if port not in _WEB:
            return fail(f"port {port} is forwarded")
    return None


odd_port = asked(
    __name__,
    Setting(
        id="forwarding-rule-port-unusual",
        view=ForwardingRule,
        severity=Severity.LOW,
        problem=_odd_port,
        title="A load balancer on the internet answers on another port than the web's.",
        why="a service on an odd port is often one that was never meant for everybody: an admin page, a database, a "
        "test. Mail, games and telephony are not, so this is asked of those who select it.",
        breaks="clients that use the port.",
        source="https://cloud.google.com/load-balancing/docs/forwarding-rule-concepts",
        good=[
            {"loadBalancingScheme": "EXTERNAL_MANAGED", "portRange": "443-443"},
            {"loadBalancingScheme": "INTERNAL", "ports": ["5432"]},
        ],
        bad=[
            {"loadBalancingScheme": "EXTERNAL", "portRange": "8080-8080"},
            {"loadBalancingScheme": "EXTERNAL", "ports": ["443", "22"]},
            {"loadBalancingScheme": "EXTERNAL", "allPorts": True},
        ],
        path="loadBalancingScheme",
        evidence=["loadBalancingScheme", "portRange"],
        same_as=[
            "scoutsuite:computeengine-loadbalancer-forwarding-rule-forwards-sensitive-port",
            "scoutsuite:computeengine-loadbalancer-global-forwarding-rule-forwards-sensitive-port",
        ],
        terraform="port_range on google_compute_forwarding_rule or google_compute_global_forwarding_rule",
        manual="Make the rule anew with the right port; a rule's ports cannot be changed.",
        mend={"loadBalancingScheme": "EXTERNAL_MANAGED", "portRange": "443-443", "ports": None, "allPorts": None},
        default=False,
    ),
)


def _without_iap(backend: BackendService) -> Verdict | None:
    if not backend.serves_http_to_internet:
        return not_applicable("no application load balancer on the internet leads here")
    return None if backend.iap.enabled else fail("iap.enabled is off")


backend_open = asked(
    __name__,
    Setting(
        id="backend-without-iap",
        view=BackendService,
        severity=Severity.LOW,
        problem=_without_iap,
        title="A backend of a load balancer on the internet asks nobody to sign in (IAP).",
        why="Identity-Aware Proxy asks for a Google identity before a request reaches the application. Sites for "
        "everybody must not have it, tools for staff should: select this where only the latter run.",
        breaks="clients that do not sign in, health checks of others, webhooks.",
        source="https://cloud.google.com/iap/docs/load-balancer-howto",
        good=[
            {"loadBalancingScheme": "EXTERNAL_MANAGED", "protocol": "HTTPS", "iap": {"enabled": True}},
            {"loadBalancingScheme": "INTERNAL_MANAGED", "protocol": "HTTPS"},
        ],
        bad=[{"loadBalancingScheme": "EXTERNAL", "protocol": "HTTP", "iap": {"enabled": False}}],
        path="iap",
        same_as=["steampipe:compute_external_backend_service_iap_enabled"],
        gcloud="gcloud compute backend-services update {resource.id} --global --iap=enabled",
        terraform="iap { enabled = true } on google_compute_backend_service",
        default=False,
    ),
)

app_engine_open = asked(
    __name__,
    Setting(
        id="app-engine-without-iap",
        view=AppEngineApplication,
        severity=Severity.LOW,
        problem=lambda application: (
            None
            if application.iap.enabled
            else not_applicable("the application is off")
            if application.serving_status in ("USER_DISABLED", "SYSTEM_DISABLED")
            else fail("iap.enabled is off")
        ),
        title="An App Engine application asks nobody to sign in (IAP).",
        why="Identity-Aware Proxy asks for a Google identity before a request reaches the application. Sites for "
        "everybody must not have it, tools for staff should: select this where only the latter run.",
        breaks="clients that do not sign in, webhooks.",
        source="https://cloud.google.com/iap/docs/app-engine-quickstart",
        good=[
            {"servingStatus": "SERVING", "iap": {"enabled": True}},
            {"servingStatus": "USER_DISABLED"},
        ],
        bad=[{"servingStatus": "SERVING"}, {"servingStatus": "SERVING", "iap": {"oauth2ClientId": "x"}}],
        path="iap",
        same_as=["steampipe:app_engine_application_iap_enabled"],
        gcloud="gcloud iap web enable --resource-type=app-engine",
        terraform="iap { enabled = true … } on google_app_engine_application",
        default=False,
        area="serverless",
    ),
)

_LOG4J = re.compile(r"""evaluatePreconfigured(?:Expr|Waf)\(\s*['"]cve-canary""")


def _admits_log4j(policy: SecurityPolicy) -> Verdict | None:
    if policy.type not in ("", "CLOUD_ARMOR"):
        return not_applicable("policies of this type have no preconfigured rules")
    for rule in told(policy.rules, "rules"):
        if not rule.preview and rule.action.startswith("deny") and _LOG4J.search(rule.match.expr.expression):
            return None
    return fail("no enforced rule denies what matches cve-canary")


def _waf(expression: str, **more: object) -> dict[str, object]:
    rule = {"priority": 1000, "action": "deny(403)", "match": {"expr": {"expression": expression}}, **more}
    return {"type": "CLOUD_ARMOR", "rules": [rule, {"priority": 2147483647, "action": "allow"}]}


log4j = asked(
    __name__,
    Setting(
        id="cloud-armor-without-log4j-rule",
        view=SecurityPolicy,
        severity=Severity.LOW,
        problem=_admits_log4j,
        title="A Cloud Armor policy lets attempts at the Log4j fault through.",
        why="the attempts still come every day, and one forgotten application with an old Log4j is enough. The rules "
        "of the set cve-canary cover it, and other faults that are in use.",
        breaks="requests that look like an attempt; set the rule to preview first and read its log.",
        source="https://cloud.google.com/armor/docs/waf-rules#cves_and_other_vulnerabilities",
        good=[
            _waf("evaluatePreconfiguredWaf('cve-canary', {'sensitivity': 3})"),
            _waf("evaluatePreconfiguredExpr('cve-canary')"),
            {"type": "CLOUD_ARMOR_EDGE", "rules": [{"action": "allow"}]},
        ],
        bad=[
            _waf("evaluatePreconfiguredWaf('cve-canary')", preview=True),
            _waf("evaluatePreconfiguredWaf('cve-canary')", action="allow"),
            _waf("evaluatePreconfiguredWaf('sqli-v33-stable')"),
        ],
        path="rules",
        evidence=["name", "type"],
        same_as=["checkov:CKV_GCP_73"],
        gcloud="gcloud compute security-policies rules create 1000 --security-policy={resource.id} --action=deny-403 "
        "--expression=\"evaluatePreconfiguredWaf('cve-canary')\"",
        terraform='rule { action = "deny(403)", match { expr { expression = '
        "\"evaluatePreconfiguredWaf('cve-canary')\" } } } on google_compute_security_policy",
    ),
)


def _endpoint_network(rule: ForwardingRule) -> str:
    return f"projects/{rule.network.rpartition('/projects/')[2]}"


_BUNDLES = ("all-apis", "vpc-sc")


@check(
    "network-without-api-endpoint",
    severity=Severity.INFO,
    reads=[ForwardingRule],
    default=False,
    fix=Fix(
        gcloud="gcloud compute forwarding-rules create pscapis --global --network={network.id} "
        "--address=ADDRESS --target-google-apis-bundle=vpc-sc",
        terraform='target = "vpc-sc" and an address with purpose PRIVATE_SERVICE_CONNECT on '
        "google_compute_global_forwarding_rule",
        manual="Then answer googleapis.com in the network's DNS with the endpoint's address.",
        patch=lambda: [asset(ForwardingRule, {"network": _N, "target": "vpc-sc"}, name="//compute/global/psc")],
    ),
    passes=lambda: [
        [
            asset(Network, {"name": "n", "subnetworks": ["s"]}, name=_NETWORK),
            asset(ForwardingRule, {"network": _N, "target": "all-apis"}),
        ],
        asset(Network, {"name": "n", "IPv4Range": "10.240.0.0/16"}, name=_NETWORK),
    ],
    fails=lambda: [
        asset(Network, {"name": "n", "subnetworks": ["s"]}, name=_NETWORK),
        [
            asset(Network, {"name": "n", "subnetworks": ["s"]}, name=_NETWORK),
            asset(ForwardingRule, {"network": _M, "target": "all-apis"}),
        ],
    ],
    unknown=lambda: [
        [
            asset(Network, {"name": "n", "subnetworks": ["s"]}, name=_NETWORK),
            asset(ForwardingRule, {"network": _N}, unknown=["resource.data.target"]),
        ],
    ],
)
def without_api_endpoint(network: Network, estate: Estate) -> Verdict:
    """A network reaches Google's APIs without an endpoint of its own (Private Service Connect).

    Why: with an endpoint, calls to Google's APIs go to an address of yours, which firewall rules and routes can name,
    from other sites as well. Private Google Access and its restricted addresses do much of the same.

    What a fix may break: names that the DNS of the network answers otherwise.

    Source: https://cloud.google.com/vpc/docs/configure-private-service-connect-apis
    """
    if network.is_legacy:
        return not_applicable("endpoints need subnets, which a legacy network has none of")
    endpoints = estate.related(ForwardingRule, _endpoint_network, network.asset.short_name)
    if some(endpoints, lambda rule: rule.target.rpartition("/")[2] in _BUNDLES):
        return PASS
    return fail("no endpoint for the bundle all-apis or vpc-sc is in it")
