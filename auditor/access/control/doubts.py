"""What may lead to control, and is not known.

Policies that are not in the input, roles without a list of permissions, groups without members, types of workloads that
were not exported: none of it is a link of the graph, so no path leads over it; but where it could lead, nothing is
found to be safe.

Sources: cloud.google.com/asset-inventory/docs/overview (content types of an export),
cloud.google.com/iam/docs/allow-policies (inheritance)
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.access.bindings import NOBODY, bare_role
from auditor.access.control.abilities import Abilities, drawn
from auditor.access.control.control_graph import ControlGraph, Doubt
from auditor.access.control.inventory import TYPES, Inventory
from auditor.access.effective import EffectiveAccess
from auditor.access.hierarchy import MANAGER
from auditor.access.members import Kind, parse
from auditor.access.places import Place, account_name, label
from auditor.access.world import World

_MEMBER = "serviceAccount:"
_ACCOUNT = "iam.googleapis.com/ServiceAccount"
WAYS_IN = (
    "compute.googleapis.com/Instance",
    "run.googleapis.com/Service",
    "cloudfunctions.googleapis.com/Function",
    "iam.googleapis.com/ServiceAccountKey",
)
"""Types that most ways in from outside go by; the input has to hold some of each, or be vouched for."""


def add_doubts(control: ControlGraph, access: EffectiveAccess, inventory: Inventory) -> None:
    """Note in a finished graph what may be links of it."""
    _Doubter(control, access, inventory).add()


class _Doubter:
    def __init__(self, control: ControlGraph, access: EffectiveAccess, inventory: Inventory) -> None:
        self._control = control
        self._world: World = access.world
        self._inventory = inventory
        self._abilities = Abilities(access.world.roles, drawn(access.now.date()))
        self._accounts = [
            (member.removeprefix(_MEMBER), node)
            for member, node in control.identities.items()
            if member.startswith(_MEMBER) and parse(member).is_workload_account
        ]

    def add(self) -> None:
        """Note all of it."""
        self._parts()
        self._policies()
        self._policies_of_accounts()
        self._rests_of_policies()
        self._roles()
        self._types()
        self._unread()
        self._groups()

    def _doubt(self, target: int, cause: str, subject: str = "", *, source: int | None = None, inside: bool) -> None:
        self._control.doubts.append(Doubt(source, target, cause, subject, inside))

    def _parts(self) -> None:
        coverage = self._world.coverage
        cause = "part of the input could not be read, and may have held more" if coverage.damaged else ""
        cause = "Terraform shows only part of the estate" if coverage.partial else cause
        for container, node in self._control.controls() if cause else ():
            if not self._control.parent(container):
                self._doubt(node, cause, "input", inside=True)

    def _policies(self) -> None:
        """Containers whose policy is not known, or not to its end, and what is above them where nobody says."""
        for container, node in self._control.controls():
            own = MANAGER + container
            is_top = not self._control.parent(container)
            for level in self._world.levels(Place(own, None, container)):
                if level.doubt and (level.scope == own or (not level.scope and is_top)):
                    self._doubt(node, level.doubt, container, inside=True)

    def _policies_of_accounts(self) -> None:
        """Service accounts whose own policy is not in the input: control of their project is doubted elsewhere."""
        world, coverage = self._world, self._world.coverage
        seen = coverage.policies or _ACCOUNT in world.types_with_policies
        none = "the input has no IAM policy of any service account; say --exported iam-policy if it was exported"
        if seen and not (coverage.partial or coverage.damaged):
            if not coverage.missing:
                return
            none = ""
        for address, node in self._accounts:
            name = world.places.canonical(account_name(address))
            if world.bindings.has_policy(name):
                continue
            if cause := none or world.why_unread([_ACCOUNT], world.places.container(name), policies=True):
                self._doubt(node, cause, "service accounts", inside=True)

    def _rests_of_policies(self) -> None:
        """Bindings that are known in part: further ones, members or roles may be there."""
        bindings = self._world.bindings
        for number, cause in bindings.doubts.items():
            scope = bindings.scopes[number]
            for target in self._at(scope) if not scope.startswith(MANAGER) else ():
                self._doubt(target, f"of {label(scope)}: {cause}", scope, inside=True)
        for binding, gaps in bindings.gaps.items():
            scope = bindings.scopes[bindings.scope_of[binding]]
            mask = self._world.roles.known_mask(bare_role(bindings.roles[bindings.role_of[binding]]))
            harmless = not gaps.role and not self._abilities.of(mask) and not mask & self._abilities.act_as
            cause = gaps.members or gaps.role
            for target in self._at(scope) if cause and not harmless else ():
                self._doubt(target, f"of {label(scope)}: {cause}", scope, inside=True)

    def _roles(self) -> None:
        """Who holds a role of unknown permissions may hold any."""
        bindings = self._world.bindings
        unknown = {
            number
            for number in range(len(bindings.roles))
            if bare_role(bindings.roles[number]) in self._control.unknown_roles
        }
        for binding in bindings if unknown else ():
            if bindings.role_of[binding] not in unknown:
                continue
            scope, role = (
                bindings.scopes[bindings.scope_of[binding]],
                bare_role(bindings.roles[bindings.role_of[binding]]),
            )
            for target in self._at(scope):
                for member in bindings.members_of(binding):
                    read = self._world.member(member)
                    if member == NOBODY or read.is_service_agent or read.deleted:
                        continue
                    holder = self._control.identity(read.canonical)
                    cause = f"what {role} permits, which {read} holds on {label(scope)}, is not known"
                    self._doubt(target, cause, role, source=holder, inside=True)

    def _at(self, scope: str) -> Iterator[int]:
        """What a power on a resource may lead to: control of a container, an account, the account of a workload."""
        if scope.startswith(MANAGER):
            node = self._control.owners.get(self._world.hierarchy.canonical(scope.removeprefix(MANAGER)))
            yield from () if node is None else (node,)
        elif "/serviceAccounts/" in scope:
            node = self._control.identities.get(_MEMBER + scope.rpartition("/")[2])
            yield from () if node is None else (node,)

    def _types(self) -> None:
        """Types of which the input has nothing, so that what runs as an account, or keys of it, may be missing."""
        if self._world.coverage.resources or self._world.coverage.partial:
            return
        for kind in WAYS_IN:
            if kind not in self._inventory.types:
                cause = f"the input has no {kind}; say --exported resource if that content was exported in full"
                for _, node in self._accounts:
                    self._doubt(node, cause, kind, inside=False)
                return  # one cause is enough, and the sentence tells what to do about all

    def _unread(self) -> None:
        """What runs in a project, or keys of its accounts, of which not all could be read."""
        world = self._world
        causes: dict[str, str] = {}
        for address, node in self._accounts if world.coverage.missing else ():
            home = world.places.container(world.places.canonical(account_name(address)))
            if home not in causes:
                causes[home] = world.why_unread(TYPES, home)
            if causes[home]:
                self._doubt(node, f"what runs as {address} was not read: {causes[home]}", home, inside=False)

    def _groups(self) -> None:
        """Groups whose members are not known: somebody from outside may be among them."""
        for member, node in list(self._control.identities.items()):
            is_group = member.startswith("group:") and parse(member).kind is Kind.GROUP
            if is_group and node in self._control.bound and not self._world.directory.knows(member):
                self._doubt(node, f"who is in {member} is not known", member, inside=False)
