"""What load balancers on the internet lead to: from a forwarding rule over proxies, URL maps and backends to workloads.

A backend behind Identity-Aware Proxy, or behind a Cloud Armor policy that denies strangers, is led to for nobody.
Which machines and pods answer behind zonal endpoint groups is in no estate: that is told as not known.

Sources: cloud.google.com/load-balancing/docs/https, cloud.google.com/load-balancing/docs/negs/serverless-neg-concepts,
cloud.google.com/armor/docs/security-policy-overview, cloud.google.com/iap/docs/concepts-overview
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple, TypeVar

from auditor.access.control.facing import (
    ArmorPolicy,
    BackendService,
    EndpointGroup,
    ForwardingRule,
    GroupManager,
    Proxy,
    TargetInstance,
    TargetPool,
    UrlMap,
    path_of,
)
from auditor.access.control.inventory import Inventory
from auditor.resources.base import Resource, Undetermined

R = TypeVar("R", bound=Resource)
_ZONAL = ("GCE_VM_IP_PORT", "GCE_VM_IP")
"""Endpoint groups of machines, or of the pods of a cluster."""


class Led(NamedTuple):
    """What a load balancer leads to.

    `kind` is `run`, `function` or `app` with the project, region and name (`""`: any), `group` with the path of a
    managed instance group, `machine` with the path of one, or `endpoints` for machines or pods. `proxied` says that
    Google's front ends knock, not the visitor. `unclear` is what is not known of the way.
    """

    rule: ForwardingRule
    kind: str
    project: str
    place: str
    name: str
    proxied: bool
    unclear: Undetermined | None = None


class LoadBalancers:
    """The load balancers of an inventory."""

    def __init__(self, inventory: Inventory) -> None:
        self._rules = inventory.kept(ForwardingRule)
        self._proxies = _by_path(inventory.kept(Proxy))
        self._maps = _by_path(inventory.kept(UrlMap))
        self._backends = _by_path(inventory.kept(BackendService))
        self._endpoints = _by_path(inventory.kept(EndpointGroup))
        self._armor = _by_path(inventory.kept(ArmorPolicy))
        self._pools = _by_path(inventory.kept(TargetPool))
        self._machines = _by_path(inventory.kept(TargetInstance))
        self._managers = {
            path_of(one.instance_group): path for path, one in _by_path(inventory.kept(GroupManager)).items()
        }

    def led(self) -> Iterator[Led]:
        """Everything that the internet is led to."""
        for rule in self._rules:
            try:
                if rule.is_external:
                    yield from self._of_rule(rule)
            except Undetermined as unclear:
                yield Led(rule, "", rule.project, "", "", True, unclear)

    def _of_rule(self, rule: ForwardingRule) -> Iterator[Led]:
        target = path_of(rule.target)
        for machine in self._pools[target].instances if target in self._pools else ():
            yield Led(rule, "machine", rule.project, "", path_of(machine), False)
        if target in self._machines:
            yield Led(rule, "machine", rule.project, "", path_of(self._machines[target].instance), False)
        services = [path_of(rule.backend_service)] if rule.backend_service else []
        if target in self._proxies:
            proxy = self._proxies[target]
            url_map = self._maps.get(path_of(proxy.url_map))
            services += [path_of(proxy.service)] if proxy.service else []
            services += url_map.services if url_map is not None else []
            if proxy.url_map and url_map is None:
                raise Undetermined("the URL map of the load balancer", f"{path_of(proxy.url_map)} is not in the input")
        for name in services:
            if name in self._backends:
                yield from self._of_backend(rule, self._backends[name], proxied=not rule.backend_service)
            elif "/backendBuckets/" not in name:
                raise Undetermined("a backend of the load balancer", f"{name} is not in the input")

    def _of_backend(self, rule: ForwardingRule, backend: BackendService, *, proxied: bool) -> Iterator[Led]:
        if backend.iap.enabled or self._keeps_out_strangers(backend):
            return
        for one in backend.backends:
            group = path_of(one.group)
            if "/instanceGroups/" in group or "/instanceGroupManagers/" in group:
                yield self._of_group(rule, group, proxied)
            elif group in self._endpoints:
                yield from self._of_endpoints(rule, self._endpoints[group])
            elif "/networkEndpointGroups/" in group:
                raise Undetermined("what answers behind the load balancer", f"{group} is not in the input")

    def _keeps_out_strangers(self, backend: BackendService) -> bool:
        if not backend.security_policy:
            return False
        policy = self._armor.get(path_of(backend.security_policy))
        return policy is not None and policy.keeps_out_strangers

    def _of_group(self, rule: ForwardingRule, group: str, proxied: bool) -> Led:
        project = _step(group, "projects")
        manager = group if "/instanceGroupManagers/" in group else self._managers.get(group, "")
        if manager:
            return Led(rule, "group", project, "", manager, proxied)
        unclear = Undetermined("which machines answer", f"the members of {group} are not in the input")
        return Led(rule, "group", project, "", "", proxied, unclear)

    def _of_endpoints(self, rule: ForwardingRule, group: EndpointGroup) -> Iterator[Led]:
        path = path_of(group.asset.name)
        project, region = _step(path, "projects"), _step(path, "regions") or group.region.rpartition("/")[2]
        if group.cloud_run is not None:
            yield Led(rule, "run", project, region, group.cloud_run.service, True)
        if group.cloud_function is not None:
            yield Led(rule, "function", project, region, group.cloud_function.function, True)
        if group.app_engine is not None:
            yield Led(rule, "app", project, "", group.app_engine.service, True)
        if group.network_endpoint_type in _ZONAL:
            unclear = Undetermined("which machines or pods answer", f"the endpoints of {path} are not in the input")
            yield Led(rule, "endpoints", project, "", "", True, unclear)


def _by_path(resources: Iterable[R]) -> dict[str, R]:
    return {path_of(resource.asset.name): resource for resource in resources}


def _step(path: str, collection: str) -> str:
    """The segment of a path that follows another, `""` where it is not there."""
    steps = path.split("/")
    return dict(pairwise(steps)).get(collection, "")
