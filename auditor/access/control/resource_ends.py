"""Resources as ends of paths: control of one bucket, secret or service is the right to set its allow policy.

Source: cloud.google.com/iam/docs/resource-types-with-policies (each such type has a setIamPolicy permission)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from auditor.access.allow import Question
from auditor.access.bindings import NOBODY
from auditor.access.conjunction import Conjunction
from auditor.access.control.control_graph import ControlGraph, Reason
from auditor.access.effective import EffectiveAccess
from auditor.access.places import Place, label
from auditor.access.role_table import RoleTable

_SERVICES = {"bigtableadmin": "bigtable"}
_INCLUDES = "Whoever controls {} can set the policies of what is in it"


class Setter(NamedTuple):
    """A member of a binding that lets it set a resource's policy: for certain, or perhaps."""

    binding: int
    member: int
    name: str
    certain: bool


class ResourceEnd(NamedTuple):
    """A resource to which paths are looked for, and who may set its policy by bindings."""

    place: Place
    setters: tuple[Setter, ...]


def permission_to_control(place: Place, roles: RoleTable) -> str:
    """The permission to set a resource's allow policy, as its name tells it; `""` where it has none of its own."""
    steps = place.name.removeprefix("//").split("/")
    service = steps[0].removesuffix(".googleapis.com")
    collection = "buckets" if service == "storage" else steps[-2] if len(steps) > 2 else ""
    if service == "storage" and "/objects/" in place.name:
        return ""
    permission = f"{_SERVICES.get(service, service)}.{collection}.setIamPolicy"
    return permission if roles.index(permission) is not None else ""


def resource_end(access: EffectiveAccess, place: Place, permission: str) -> ResourceEnd:
    """A resource with those whom bindings let set its policy."""
    policies = Conjunction(access.world)
    question = policies.allow.question(permission, place, access.now)
    return ResourceEnd(place, tuple(_setters(access, policies, question)))


def _setters(access: EffectiveAccess, policies: Conjunction, question: Question) -> Iterator[Setter]:
    bindings = access.world.bindings
    holders = {
        holder.principal.name: holder.certain
        for holder in access.who_can(question.permission, question.place).holders
        if holder.bound
    }
    for candidate, met in policies.allow.case(question).entries:
        sure = candidate.granted.holds and met.decision.holds
        if candidate.granted.fails or met.decision.fails:
            continue
        for number in bindings.members_of(candidate.binding):
            name = bindings.members[number]
            if number != NOBODY and name in holders:
                yield Setter(candidate.binding, number, name, sure and holders[name])


def link_resources(control: ControlGraph, access: EffectiveAccess, ends: Iterable[ResourceEnd]) -> None:
    """Add control of some resources to a graph that has their setters as identities."""
    for place, setters in ends:
        node = control.named("control", label(place.name))
        control.resources[place.name] = node
        container = access.world.hierarchy.canonical(place.container)
        if container in control.owners:
            control.link(control.owners[container], node, Reason(_INCLUDES.format(container)))
        for binding, member, name, certain in setters:
            reason = control.reasons.add_binding(binding, member)
            control.link(control.identity(name), node, reason, certain)
            control.bound.add(control.identity(name))
