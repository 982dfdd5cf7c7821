"""Who is in which set of principals, as links of the control graph: groups, role holders, domains, pools, everybody.

Only sets that hold something are looked into. Whose membership is not known is no link: the set itself is a source.
Owners and managers of a group are its members, so that managing a group adds no way of its own.

Sources: cloud.google.com/iam/docs/principals-overview,
cloud.google.com/identity/docs/reference/rest/v1/groups.memberships (OWNER and MANAGER)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from auditor.access.control.control_graph import ControlGraph, Reason
from auditor.access.control.grants_in_force import is_set
from auditor.access.coverage import covers
from auditor.access.members import Kind, Member, alike_account, is_attachable, parse
from auditor.access.principals import Principal
from auditor.access.world import World

_GROUP, _ACCOUNT = "group:", "serviceAccount:"


_BELONGS = Reason("belongs to", direct=True, between=True)
_IS_MEMBER = Reason("is a member of", direct=True, between=True)


def link_memberships(control: ControlGraph, world: World) -> None:
    """Add the links from members to the sets that the graph has, until no new set comes in."""
    found = _linked_by_name(control, world)
    classes: _Classes | None = None
    for name in found:
        read = parse(name)
        if read.kind not in (Kind.PUBLIC, Kind.OTHER):  # what all hold is no way from one principal to another
            classes = classes or _Classes(control, world)
            for member in classes.members_of(read):
                control.link(control.identity(member), control.identity(name), _BELONGS)


def _linked_by_name(control: ControlGraph, world: World) -> list[str]:
    """Link groups and holders of roles, which name their members. Returns the other sets."""
    is_member = control.reason(_IS_MEMBER)
    others = []
    todo = [member for member in control.identities if is_set(member)]
    done = set(todo)
    while todo:
        name = todo.pop()
        node = control.identity(name)
        members: Iterable[str]
        if name.startswith(_GROUP):
            members = [member for member in world.group_members.get(name, ()) if member != name]
            for member in members:
                control.graph.add_edge(control.identity(member), node, is_member)
        elif parse(name).kind is Kind.CONVENIENCE:
            members = _link_role_holders(name, control, world)
        else:
            others.append(name)
            continue
        fresh = [member for member in members if is_set(member) and member not in done]
        done.update(fresh)
        todo.extend(fresh)
    return others


def _link_role_holders(name: str, control: ControlGraph, world: World) -> list[str]:
    role, project = parse(name).stands_for
    members = []
    for grant in world.role_holders(role, project) if role else ():
        if grant.member is not None and not grant.member.deleted and not grant.decision.fails:
            member = grant.member.canonical
            text = f"{member} was granted {role} on projects/{project}, and so is in {name}"
            reason = Reason(text, direct=True)
            control.link(control.identity(member), control.identity(name), reason, grant.decision.holds)
            members.append(member)
    return members


class _Classes:
    """The identities of a graph, those together that sets of a kind take in together: one of each is asked."""

    def __init__(self, control: ControlGraph, world: World) -> None:
        self._directory = world.directory
        self._spellings = world.hierarchy.spellings
        self._pools: dict[str, list[str]] = {}
        self._alike: dict[tuple[str, str], list[str]] = {}  # by home, and domain, pool or whether Google runs it
        self._at_home: dict[str, list[tuple[str, str]]] = {}
        for name in control.identities:
            if not is_set(name):
                self._sort_in(name)

    def members_of(self, wanted: Member) -> Iterator[str]:
        """The identities that surely belong to a set."""
        if wanted.selection is not None:
            yield from (name for name in self._pools.get(wanted.selection.pool, ()) if self._covers(wanted, name))
            return
        container = wanted.container[0]
        keys: Iterable[tuple[str, str]] = self._alike
        if container.startswith("projects/"):
            keys = [key for name in self._spellings(container) for key in self._at_home.get(name, ())]
        for key in keys:
            if self._covers(wanted, self._alike[key][0]):
                yield from self._alike[key]

    def _covers(self, wanted: Member, name: str) -> bool:
        return covers(wanted, Principal(parse(name)), self._directory).holds

    def _sort_in(self, name: str) -> None:
        address = name.removeprefix(_ACCOUNT)
        is_ours = address != name and is_attachable(address)
        who = Principal(parse(_ACCOUNT + alike_account(address) if is_ours else name))
        pool = who.selection.pool if who.selection is not None else ""
        if pool:
            self._pools.setdefault(pool, []).append(name)
        key = (who.home, f"{who.kind} {who.domain or pool or is_ours}")
        if key not in self._alike:
            self._alike[key] = []
            self._at_home.setdefault(who.home, []).append(key)
        self._alike[key].append(name)
