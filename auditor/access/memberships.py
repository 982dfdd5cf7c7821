"""Who is in which set of principals, as links of the control graph: groups, role holders, domains, pools, everybody.

Only sets that hold something are looked into. Whose membership is not known is no link: the set itself is a source.
Owners and managers of a group are its members, so that managing a group adds no way of its own.

Sources: cloud.google.com/iam/docs/principals-overview,
cloud.google.com/identity/docs/reference/rest/v1/groups.memberships (OWNER and MANAGER)
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.access.control_graph import ControlGraph, Reason
from auditor.access.coverage import covers
from auditor.access.grants_in_force import is_set
from auditor.access.members import Kind, parse
from auditor.access.principals import Principal
from auditor.access.world import World

_POOLS = (Kind.WORKLOAD_IDENTITY, Kind.WORKFORCE_IDENTITY)
_CONTAINERS = (Kind.ALL_ACCOUNTS, Kind.ALL_PRINCIPALS)


def link_memberships(control: ControlGraph, world: World) -> None:
    """Add the links from members to the sets that the graph has, until no new set comes in."""
    done: set[str] = set()
    todo = [member for member in control.identities if is_set(member)]
    while todo:
        name = todo.pop()
        if name in done:
            continue
        done.add(name)
        for member, reason, certain in _members(name, control, world):
            control.link(control.identity(member), control.identity(name), reason, certain)
            if is_set(member):
                todo.append(member)


def _members(name: str, control: ControlGraph, world: World) -> Iterator[tuple[str, Reason, bool]]:
    """The members of a set that are known, why they are, and whether that is certain."""
    read = parse(name)
    if read.kind is Kind.GROUP:
        for member in world.group_members.get(name, ()):
            yield member, Reason(f"{member} is a member of {name}", direct=True), True
    elif read.kind is Kind.CONVENIENCE:
        role, project = read.stands_for
        for grant in world.role_holders(role, project) if role else ():
            if grant.member is not None and not grant.member.deleted and not grant.decision.fails:
                text = f"{grant.member.canonical} was granted {role} on projects/{project}, and so is in {name}"
                yield grant.member.canonical, Reason(text, direct=True), grant.decision.holds
    else:
        for member in _candidates(name, control):
            decision = covers(read, Principal(parse(member)), world.directory)
            if decision.holds:
                yield member, Reason(f"{member} belongs to {name}", direct=True), True


def _candidates(name: str, control: ControlGraph) -> list[str]:
    """The identities of the graph that may belong to a set that is no group, by its kind."""
    read = parse(name)
    others = [member for member in control.identities if member != name]
    if read.kind is Kind.DOMAIN:
        return [member for member in others if member.startswith("user:") and member.endswith(f"@{read.value}")]
    if read.kind is Kind.PUBLIC:
        return []  # everybody holds what everybody has: no way from one principal to another
    if read.kind in _POOLS:
        return [member for member in others if member.startswith("principal:") and parse(member).kind is read.kind]
    if read.kind in _CONTAINERS:
        return [member for member in others if not is_set(member)]
    return []
