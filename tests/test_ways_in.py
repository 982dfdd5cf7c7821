"""Ways in from outside: load balancers, effective firewalls, App Engine, keys in configurations; and near misses."""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from auditor.access.control.inventory import Inventory
from auditor.access.control.search import find_paths
from tests.escalation_estates import BOSS, MANAGER, NOW, ORGANISATION, Estate, asset
from tests.secret_corpus import Maker

_COMPUTE = "//compute.googleapis.com/"
_URL = "https://www.googleapis.com/compute/v1/"
_HOME = "projects/home"
_VPC = f"{_HOME}/global/networks/vpc"
_GROUP = f"{_HOME}/zones/europe-west1-b/instanceGroups/web"
_MANAGER = f"{_HOME}/zones/europe-west1-b/instanceGroupManagers/web"
_ENDPOINTS = f"{_HOME}/regions/europe-west1/networkEndpointGroups/web"
_SERVICE = "//run.googleapis.com/projects/home/locations/europe-west1/services/web"
_BACKEND = f"{_HOME}/global/backendServices/web"
_OPEN: dict[str, Any] = {
    "name": "open",
    "network": _URL + _VPC,
    "allowed": [{"IPProtocol": "tcp", "ports": ["22"]}],
    "sourceRanges": ["0.0.0.0/0"],
}


def _boss() -> Estate:
    """An account owns the project `target`; the paths of these tests are those from the internet to it."""
    made = Estate()
    made.bind(f"serviceAccount:{BOSS}", "roles/owner", f"{MANAGER}projects/target")
    return made


def _ways(made: Estate) -> list[str]:
    """How the internet gets to the account: the first sentence of each path from outside."""
    return [path.steps[0].sentence for path in made.paths(None, None).paths if path.outside]


def _compute(path: str, kind: str, data: dict[str, Any]) -> dict[str, Any]:
    return asset(_COMPUTE + path, f"compute.googleapis.com/{kind}", data)


def _machine(*, external: bool = True, group: bool = False, **data: Any) -> dict[str, Any]:
    interface: dict[str, Any] = {"network": _URL + _VPC, "networkIP": "10.0.0.2"}
    if external:
        interface["accessConfigs"] = [{"natIP": "203.0.113.9"}]
    made: dict[str, Any] = {
        "name": "vm",
        "networkInterfaces": [interface],
        "serviceAccounts": [{"email": BOSS, "scopes": ["https://www.googleapis.com/auth/cloud-platform"]}],
        **data,
    }
    if group:
        made["metadata"] = {"items": [{"key": "created-by", "value": _MANAGER.replace("home", "1001")}]}
        made["metadata"]["items"][0]["value"] = _MANAGER
    return _compute(f"{_HOME}/zones/europe-west1-b/instances/vm", "Instance", made)


def _firewall(**data: Any) -> dict[str, Any]:
    name = data.get("name", "open")
    return _compute(f"{_HOME}/global/firewalls/{name}", "Firewall", _OPEN | data)


def _policy(rules: list[dict[str, Any]], attached: str) -> dict[str, Any]:
    data = {"rules": rules, "associations": [{"attachmentTarget": attached}]}
    return _compute("locations/global/firewallPolicies/123", "FirewallPolicy", data)


def _rule(action: str, priority: int, sources: str = "0.0.0.0/0", ports: str = "22", **data: Any) -> dict[str, Any]:
    match = {"srcIpRanges": [sources], "layer4Configs": [{"ipProtocol": "tcp", "ports": [ports]}]}
    return {"action": action, "priority": priority, "direction": "INGRESS", "match": match, **data}


_ON_NETWORK = _URL + _VPC


@pytest.mark.parametrize(
    ("rules", "attached", "reached"),
    [
        ([_rule("deny", 10)], ORGANISATION, False),
        ([_rule("deny", 10)], "folders/404", True),
        ([_rule("goto_next", 5), _rule("deny", 10)], ORGANISATION, True),
        ([_rule("deny", 10, sources="198.51.100.0/24")], ORGANISATION, True),
        ([_rule("deny", 10, ports="3389")], ORGANISATION, True),
        ([_rule("deny", 10, disabled=True)], ORGANISATION, True),
        ([_rule("deny", 10, targetServiceAccounts=["other@home.iam.gserviceaccount.com"])], ORGANISATION, True),
        ([_rule("deny", 10, targetResources=[_ON_NETWORK])], ORGANISATION, False),
        ([_rule("deny", 10, targetResources=[_URL + "projects/home/global/networks/other"])], ORGANISATION, True),
        ([_rule("deny", 10)], _ON_NETWORK, True),  # after the rule of the VPC, which lets in
    ],
)
def test_a_policy_above_decides_before_the_rules_of_the_network(
    rules: list[dict[str, Any]], attached: str, reached: bool
) -> None:
    made = _boss()
    made.assets += [_machine(), _firewall(), _policy(rules, attached)]
    assert bool(_ways(made)) is reached


def test_a_policy_of_the_network_comes_before_its_rules_where_the_network_says_so() -> None:
    made = _boss()
    order = {"networkFirewallPolicyEnforcementOrder": "BEFORE_CLASSIC_FIREWALL"}
    made.assets += [
        _machine(),
        _firewall(),
        _policy([_rule("deny", 10)], _ON_NETWORK),
        _compute(_VPC, "Network", order),
    ]
    assert _ways(made) == []


@pytest.mark.parametrize("attached", [ORGANISATION, _ON_NETWORK])
def test_a_policy_lets_in_where_no_rule_of_the_network_does(attached: str) -> None:
    made = _boss()
    made.assets += [_machine(), _firewall(sourceRanges=["10.0.0.0/8"]), _policy([_rule("allow", 10)], attached)]
    assert "rule 10 of firewall policy 123 lets everybody in on port 22 (SSH)" in _ways(made)[0]


def test_the_sixth_version_is_a_way_of_its_own() -> None:
    """A machine with both addresses, closed to the old internet only."""
    made = _boss()
    machine = _machine()
    machine["resource"]["data"]["networkInterfaces"][0]["ipv6AccessConfigs"] = [{"externalIpv6": "2001:db8::1"}]
    made.assets += [machine, _firewall(sourceRanges=["::/0"])]
    assert len(_ways(made)) == 1
    del machine["resource"]["data"]["networkInterfaces"][0]["ipv6AccessConfigs"]
    assert _ways(made) == []


def test_a_rule_for_machines_with_a_secure_tag_leaves_it_open_whether_they_are_reached() -> None:
    made = _boss()
    tagged = _rule("allow", 10, targetSecureTags=[{"name": "tagValues/1"}])
    made.assets += [_machine(), _firewall(sourceRanges=["10.0.0.0/8"]), _policy([tagged], ORGANISATION)]
    found = made.paths(None, None)
    assert not [path for path in found.paths if path.outside]
    assert any("instances/vm is a way in is not known" in doubt for doubt in found.doubts)


def test_a_machine_whose_tokens_call_no_api_of_use_leads_nowhere() -> None:
    """Access scopes, as URLs or by gcloud's short names."""
    for scope, reached in (("https://www.googleapis.com/auth/devstorage.read_only", False), ("cloud-platform", True)):
        made = _boss()
        made.assets += [_machine(serviceAccounts=[{"email": BOSS, "scopes": [scope]}]), _firewall()]
        assert bool(_ways(made)) is reached


# Load balancers


def _balancer(**changes: dict[str, Any]) -> list[dict[str, Any]]:
    """An external load balancer in front of a backend service; `changes` of each part's data by its type."""
    data: dict[str, dict[str, Any]] = {
        "ForwardingRule": {
            "loadBalancingScheme": "EXTERNAL_MANAGED",
            "target": f"{_URL}{_HOME}/global/targetHttpsProxies/p",
        },
        "TargetHttpsProxy": {"urlMap": f"{_URL}{_HOME}/global/urlMaps/m"},
        "UrlMap": {"pathMatchers": [{"routeRules": [{"service": _URL + _BACKEND}]}]},
        "BackendService": {"backends": [{"group": _URL + _ENDPOINTS}]},
    }
    paths = {
        "ForwardingRule": f"{_HOME}/global/forwardingRules/front",
        "TargetHttpsProxy": f"{_HOME}/global/targetHttpsProxies/p",
        "UrlMap": f"{_HOME}/global/urlMaps/m",
        "BackendService": _BACKEND,
    }
    kinds = {"ForwardingRule": "GlobalForwardingRule"}
    return [_compute(paths[kind], kinds.get(kind, kind), own | changes.get(kind, {})) for kind, own in data.items()]


def _behind(made: Estate, **changes: dict[str, Any]) -> None:
    """A Cloud Run service that anyone may invoke, behind a load balancer only."""
    run = {"template": {"serviceAccount": BOSS}, "ingress": "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER"}
    group = {"networkEndpointType": "SERVERLESS", "cloudRun": {"service": "web"}} | changes.pop("group", {})
    made.assets += [
        asset(_SERVICE, "run.googleapis.com/Service", run | changes.pop("service", {})),
        _compute(_ENDPOINTS, "NetworkEndpointGroup", group),
        *_balancer(**changes),
    ]
    made.bind("allUsers", "roles/run.invoker", _SERVICE)


_ARMOR = f"{_HOME}/global/securityPolicies/strict"


def _armor(action: str, *first: dict[str, Any]) -> dict[str, Any]:
    last = {"priority": 2147483647, "action": action, "match": {"config": {"srcIpRanges": ["*"]}}}
    return _compute(_ARMOR, "SecurityPolicy", {"rules": [*first, last]})


_OFFICE = {"priority": 1, "action": "allow", "match": {"config": {"srcIpRanges": ["198.51.100.0/24"]}}}


def test_a_load_balancer_leads_to_a_service_that_the_internet_does_not_reach_by_itself() -> None:
    made = _boss()
    _behind(made)
    assert _ways(made) == [
        f"The internet reaches {_SERVICE}: load balancer front leads to it, and anyone may invoke it"
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"ForwardingRule": {"loadBalancingScheme": "INTERNAL_MANAGED"}},
        {"BackendService": {"iap": {"enabled": True}}},
        {"BackendService": {"securityPolicy": _URL + _ARMOR}},
        {"group": {"cloudRun": {"service": "another"}}},
        {"service": {"ingress": "INGRESS_TRAFFIC_INTERNAL_ONLY"}},
        {"service": {"iapEnabled": True}},
    ],
)
def test_what_a_load_balancer_does_not_lead_strangers_to(changes: dict[str, dict[str, Any]]) -> None:
    """Inside only, behind Identity-Aware Proxy or a policy for the office, another service, or closed to it."""
    made = _boss()
    _behind(made, **copy.deepcopy(changes))
    made.assets.append(_armor("deny(403)", _OFFICE))
    assert _ways(made) == []


@pytest.mark.parametrize(
    ("policy", "reached"),
    [
        (_armor("allow"), True),
        (_armor("deny(403)", {**_OFFICE, "match": {"config": {"srcIpRanges": ["*"]}}}), True),
        (_armor("deny(403)", {**_OFFICE, "preview": True, "match": {"config": {"srcIpRanges": ["*"]}}}), False),
    ],
)
def test_a_policy_of_cloud_armor_counts_by_what_it_does_to_strangers(policy: dict[str, Any], reached: bool) -> None:
    made = _boss()
    _behind(made, BackendService={"securityPolicy": _URL + _ARMOR})
    made.assets.append(policy)
    assert bool(_ways(made)) is reached


def test_a_masked_group_leads_to_every_service_of_its_region() -> None:
    made = _boss()
    _behind(made, group={"cloudRun": {"urlMask": "example.com/<service>"}})
    assert len(_ways(made)) == 1


@pytest.mark.parametrize("missing", ["UrlMap", "BackendService", "NetworkEndpointGroup"])
def test_a_part_that_is_missing_leaves_it_open(missing: str) -> None:
    made = _boss()
    _behind(made)
    made.assets = [one for one in made.assets if not one["asset_type"].endswith(f"/{missing}")]
    found = made.paths(None, None)
    assert not [path for path in found.paths if path.outside]
    assert any("forwardingRules/front leads to is not known" in doubt for doubt in found.doubts)


_FRONT_ENDS = {"sourceRanges": ["130.211.0.0/22", "35.191.0.0/16"], "allowed": [{"IPProtocol": "tcp", "ports": ["80"]}]}


@pytest.mark.parametrize(
    ("firewall", "reached"),
    [(_FRONT_ENDS, True), ({"sourceRanges": ["10.0.0.0/8"]}, False), ({**_FRONT_ENDS, "targetTags": ["other"]}, False)],
)
def test_a_load_balancer_leads_to_machines_of_a_managed_group(firewall: dict[str, Any], reached: bool) -> None:
    """By what made the machine; without an external address, through the firewall from Google's front ends."""
    made = _boss()
    made.assets += [
        _machine(external=False, group=True),
        _firewall(**firewall),
        _compute(_MANAGER, "InstanceGroupManager", {"instanceGroup": _URL + _GROUP}),
        *_balancer(BackendService={"backends": [{"group": _URL + _GROUP}]}),
    ]
    assert bool(_ways(made)) is reached


def test_an_unmanaged_group_leaves_it_open_who_is_in_it() -> None:
    made = _boss()
    made.assets += [
        _machine(external=False),
        _firewall(**_FRONT_ENDS),
        *_balancer(BackendService={"backends": [{"group": _URL + _GROUP}]}),
    ]
    found = made.paths(None, None)
    assert not [path for path in found.paths if path.outside]
    assert any(
        "the members of projects/home/zones/europe-west1-b/instanceGroups/web" in doubt for doubt in found.doubts
    )


@pytest.mark.parametrize(
    ("kind", "told"), [("GCE_VM_IP_PORT", True), ("GCE_VM_IP", True), ("INTERNET_FQDN_PORT", False)]
)
def test_endpoints_of_machines_and_pods_leave_it_open_who_answers(kind: str, told: bool) -> None:
    """What a group of such endpoints holds is in no estate; an address on the internet is nobody's here."""
    made = _boss()
    nodes = {"nodeConfig": {"serviceAccount": BOSS}}
    cluster = "//container.googleapis.com/projects/home/locations/europe-west1/clusters/c"
    made.assets += [
        asset(cluster, "container.googleapis.com/Cluster", nodes),
        _compute(_ENDPOINTS, "NetworkEndpointGroup", {"networkEndpointType": kind}),
        *_balancer(),
    ]
    found = made.paths(None, None)
    assert not [path for path in found.paths if path.outside]
    assert any("the endpoints of projects/home" in doubt for doubt in found.doubts) is told


def test_a_target_pool_leads_to_machines_without_an_address_of_their_own() -> None:
    made = _boss()
    pool = f"{_HOME}/regions/europe-west1/targetPools/pool"
    front = {"loadBalancingScheme": "EXTERNAL", "target": _URL + pool}
    made.assets += [
        _machine(external=False),
        _compute(f"{_HOME}/regions/europe-west1/forwardingRules/front", "ForwardingRule", front),
        _compute(pool, "TargetPool", {"instances": [f"{_URL}{_HOME}/zones/europe-west1-b/instances/vm"]}),
        _firewall(allowed=[{"IPProtocol": "tcp", "ports": ["443"]}]),
    ]
    assert "load balancer front leads to it by firewall rule open" in _ways(made)[0]


# App Engine


def _app(made: Estate, ingress: str = "", status: str = "SERVING", *, iap: bool = False) -> None:
    name = "//appengine.googleapis.com/apps/home"
    settings = {"networkSettings": {"ingressTrafficAllowed": ingress}} if ingress else {}
    version = {"serviceAccount": BOSS, "servingStatus": status, "env": "standard"}
    made.assets += [
        asset(name, "appengine.googleapis.com/Application", {"iap": {"enabled": iap}}),
        asset(f"{name}/services/default", "appengine.googleapis.com/Service", settings),
        asset(f"{name}/services/default/versions/v1", "appengine.googleapis.com/Version", version),
    ]


@pytest.mark.parametrize(
    ("options", "reached"),
    [
        ({}, True),
        ({"ingress": "INGRESS_TRAFFIC_ALLOWED_INTERNAL_ONLY"}, False),
        ({"status": "STOPPED"}, False),
        ({"iap": True}, False),
    ],
)
def test_app_engine_serves_to_the_internet_unless_told_otherwise(options: dict[str, Any], reached: bool) -> None:
    made = _boss()
    _app(made, **options)
    assert bool(_ways(made)) is reached


def test_app_engine_behind_a_load_balancer() -> None:
    made = _boss()
    _app(made, "INGRESS_TRAFFIC_ALLOWED_INTERNAL_AND_LB")
    group = {"networkEndpointType": "SERVERLESS", "appEngine": {"service": "default"}}
    made.assets += [_compute(_ENDPOINTS, "NetworkEndpointGroup", group), *_balancer()]
    assert "load balancer front leads to it" in _ways(made)[0]


# Keys in configurations


def _key_file(address: str = BOSS) -> str:
    return json.dumps({"type": "service_account", "private_key": Maker(7).pem(), "client_email": address})


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (_key_file, True),
        (lambda: base64.b64encode(_key_file().encode()).decode(), True),
        (lambda: f"echo '{_key_file()}' > /key.json", True),
        (lambda: _key_file("nobody@home.iam.gserviceaccount.com"), False),
        (lambda: json.dumps({"type": "service_account", "client_email": BOSS}), False),
        (lambda: _key_file().replace("PRIVATE KEY", "PUBLIC KEY"), False),
    ],
)
def test_a_key_in_a_configuration_is_a_way_in(value: Callable[[], str], found: bool) -> None:
    """In the open, packed, in a script; not the key of an account without power, nor what is no key."""
    made = _boss()
    metadata = {"items": [{"key": "startup-script", "value": value()}]}
    made.assets.append(_machine(external=False, serviceAccounts=[], metadata=metadata))
    ways = _ways(made)
    assert bool(ways) is found
    assert not any("PRIVATE KEY" in way for way in ways)


def test_a_private_account_is_at_home_where_there_is_no_organisation() -> None:
    """Two founders with Gmail addresses are not outsiders of their own project."""
    made = _boss()
    made.bind("user:ann@gmail.com", "roles/iam.serviceAccountTokenCreator", f"{MANAGER}projects/home")
    assert [path.source for path in made.paths(None, None).paths if path.outside] == ["user:ann@gmail.com"]
    world, inventory = _without_organisation(made)
    found = find_paths(world, inventory, NOW)
    assert [(path.source, path.outside) for path in found.paths] == [("user:ann@gmail.com", False)]


def _without_organisation(made: Estate) -> tuple[Any, Inventory]:
    from auditor.access.collect import Collector

    collector, inventory = Collector(NOW), Inventory()
    for document in made.lines():
        if "Organization" in document["asset_type"]:
            continue
        line = json.dumps({**document, "ancestors": document["ancestors"][:1]}).encode()
        collector.add(line)
        inventory.add(line)
    return collector.world(), inventory
