"""A synthetic organisation for measuring access: policies that are made as they are asked for, and what runs in it.

10,000 projects in 1,500 folders, 200,000 service accounts, 30,000 users, 50,000 nested groups (some in circles) and
2,000,000 bindings in the policies of containers, buckets and service accounts; 30,000 workloads, and deny policies at
three levels. Roles are bound at random, those that give power as often as others: nearly everybody comes to control
nearly everything, which is far worse than any real estate.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from auditor.access.bindings import BindingRecord, Bindings, PolicyRecord
from auditor.access.boundary import Boundaries
from auditor.access.control.inventory import COMPUTE, Inventory, Workload
from auditor.access.deny import DenyPolicies
from auditor.access.groups import Roster
from auditor.access.hierarchy import MANAGER, Hierarchy
from auditor.access.places import Places
from auditor.access.role_table import load
from auditor.access.world import Coverage, World
from auditor.resources.base import Asset
from auditor.resources.iam_policies import DenyPolicy, DenyRule, PolicyRule

NOW = datetime(2026, 11, 22, tzinfo=UTC)
ORGANISATION = "organizations/1"
_CONDITIONS = (
    'request.time < timestamp("2027-01-01T00:00:00Z")',
    'resource.name.startsWith("projects/_/buckets/b1")',
    'resource.matchTag("1/env", "prod")',
)
_RUNNING = (
    "compute.googleapis.com/Instance",
    "run.googleapis.com/Service",
    "cloudfunctions.googleapis.com/Function",
    "container.googleapis.com/Cluster",
    "dataproc.googleapis.com/Cluster",
)


class Sizes(NamedTuple):
    """How much there is of what."""

    projects: int
    folders: int
    accounts: int
    users: int
    groups: int
    bindings: int

    @staticmethod
    def of(scale: float) -> Sizes:
        """The organisation of the figures, smaller or larger."""
        return Sizes(*(max(10, int(n * scale)) for n in (10_000, 1_500, 200_000, 30_000, 50_000, 2_000_000)))


class Organisation:
    """Names, and policies that are made when they are asked for: always the same for a scale."""

    def __init__(self, sizes: Sizes) -> None:
        dice = random.Random(1)
        self.sizes = sizes
        self.users = [f"user:u{number}@example.com" for number in range(sizes.users)]
        self.groups = [f"group:g{number}@example.com" for number in range(sizes.groups)]
        self.accounts = [
            f"serviceAccount:s{number}@p-{number % sizes.projects}.iam.gserviceaccount.com"
            for number in range(sizes.accounts)
        ]
        above = [
            (f"folders/{dice.randrange(number // 4)}" if number > 8 else ORGANISATION)
            for number in range(sizes.folders)
        ]
        self.folders = {f"folders/{number}": parent for number, parent in enumerate(above)}
        self.projects = [f"folders/{dice.randrange(sizes.folders)}" for _ in range(sizes.projects)]
        roles = load()
        self.roles = [role for role in sorted(roles.roles) if 0 < roles.known_mask(role).bit_count() < 300][:400]
        self.roles += ["roles/viewer", "roles/editor", "roles/storage.admin", "roles/owner"]

    def ancestors(self, container: str) -> list[str]:
        """The container and all above it."""
        found = [container]
        while found[-1] != ORGANISATION:
            kind, _, number = found[-1].partition("/")
            found.append(self.projects[int(number)] if kind == "projects" else self.folders[found[-1]])
        return found

    def policies(self) -> Iterator[PolicyRecord]:
        """2,000,000 bindings: about half on projects, a quarter each on their buckets and service accounts."""
        dice, sizes = random.Random(2), self.sizes
        share = sizes.bindings // sizes.projects
        for container in (ORGANISATION, *self.folders):
            yield self._policy(dice, MANAGER + container, "Folder", self.ancestors(container), 20)
        rest = share - 20 * (sizes.folders + 1) // sizes.projects
        for number in range(sizes.projects):
            ancestors = self.ancestors(f"projects/{number}")
            yield self._policy(
                dice, MANAGER + f"projects/{number}", "Project", ancestors, rest - 5 * (rest // 20) - 10 * (rest // 40)
            )
            for bucket in range(5):
                name = f"//storage.googleapis.com/b{number}-{bucket}"
                yield self._policy(dice, name, "storage.googleapis.com/Bucket", ancestors, rest // 20)
            for account in range(number, sizes.accounts, sizes.projects)[:10]:
                name = f"//iam.googleapis.com/projects/p-{number}/serviceAccounts/{account + 10**9}"
                yield self._policy(dice, name, "iam.googleapis.com/ServiceAccount", ancestors, rest // 40)

    def _policy(self, dice: random.Random, name: str, kind: str, ancestors: list[str], count: int) -> PolicyRecord:
        pick, roles = dice.random, self.roles
        pools = (self.users, self.accounts, self.accounts, self.groups)
        bindings = []
        for _ in range(count):
            pool = pools[int(pick() * 4)]
            condition = _CONDITIONS[int(pick() * 3)] if pick() < 0.05 else ""
            bindings.append(
                BindingRecord(roles[int(pick() ** 2 * len(roles))], [pool[int(pick() * len(pool))]], condition)
            )
        return PolicyRecord(name, kind, ancestors, bindings)

    def roster(self) -> Roster:
        """Nested groups: each holds six members, of which one in five is a group, mostly of higher number."""
        dice, roster = random.Random(3), Roster()
        for number, group in enumerate(self.groups):
            members = [dice.choice(self.users if dice.random() < 0.7 else self.accounts) for _ in range(5)]
            inner = number * 2 + 1 + dice.randrange(2) if dice.random() < 0.98 else dice.randrange(len(self.groups))
            if inner < len(self.groups):
                members.append(self.groups[inner])
            roster.list_group(group, members)
        return roster


def inventory_of(organisation: Organisation) -> Inventory:
    """The accounts and projects, and three workloads in each project, half of them with the default account."""
    dice, sizes = random.Random(5), organisation.sizes
    accounts = [account.removeprefix("serviceAccount:") for account in organisation.accounts]
    workloads = []
    for number in range(3 * sizes.projects):
        project, kind = f"p-{number % sizes.projects}", dice.choice(_RUNNING)
        runs_as = COMPUTE if dice.random() < 0.5 else dice.choice(accounts)
        name = f"//{kind.partition('/')[0]}/projects/{project}/locations/l/things/w{number}"
        workloads.append(Workload(name, kind, f"projects/{project}", (runs_as,)))
    projects = {f"projects/{number}" for number in range(sizes.projects)}
    return Inventory(workloads=workloads, accounts=dict.fromkeys(accounts, True), containers=projects)


def build(organisation: Organisation) -> World:
    """The world of the organisation, from its parsed policies."""
    hierarchy, bindings = Hierarchy(), Bindings()
    places = Places(hierarchy)
    for number in range(organisation.sizes.projects):
        hierarchy.add_project(f"p-{number}", str(number))
    for number, account in enumerate(organisation.accounts):
        places.add_account(account.removeprefix("serviceAccount:"), str(number + 10**9))
    for record in organisation.policies():
        hierarchy.add_ancestors(record.ancestors)
        places.add(record.name, record.asset_type, record.ancestors)
        bindings.add(record)
    world = World(
        hierarchy=hierarchy,
        places=places,
        bindings=bindings,
        roles=load(),
        denies=DenyPolicies(_denies(), complete=True, project_id=hierarchy.project_id),
        boundaries=Boundaries([], [], complete=True),
        roster=organisation.roster(),
        coverage=Coverage(policies=True),
    )
    world.prepare()
    return world


def _denies() -> Iterator[DenyPolicy]:
    for number, where in enumerate((ORGANISATION, "folders/1", "folders/2")):
        rule = DenyRule(
            denied_principals=["principalSet://goog/public:all"],
            exception_principals=[f"principalSet://goog/group/g{number}@example.com"],
            denied_permissions=["iam.googleapis.com/serviceAccountKeys.*", "storage.googleapis.com/buckets.delete"],
        )
        attached = f"cloudresourcemanager.googleapis.com/{where}".replace("/", "%2F")
        asset = Asset(
            name=f"//iam.googleapis.com/policies/{attached}/denypolicies/d", asset_type="iam.googleapis.com/DenyPolicy"
        )
        yield DenyPolicy(asset=asset, rules=[PolicyRule(deny_rule=rule)])
