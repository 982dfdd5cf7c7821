"""For each primitive of the catalogue that becomes links: an estate in which Eve escalates by it, and near misses.

The estates are made from the catalogue itself: Eve holds exactly the permissions of one way, in a custom role of the
organisation, where the primitive asks for them; what she wins holds roles/owner on the project `target`.
"""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from auditor.access.collect import Collector
from auditor.access.control.abilities import is_drawn
from auditor.access.control.inventory import Inventory
from auditor.access.control.primitives import ACT_AS, ActAs, Edge, Gain, Primitive, Scope, primitives
from auditor.access.control.search import PathsToControl, find_paths
from auditor.access.standing import BindingReference
from auditor.access.world import World

NOW = datetime(2026, 11, 22, tzinfo=UTC)
EVE, BOSS, MIDDLE = "user:eve@example.com", "boss@home.iam.gserviceaccount.com", "middle@home.iam.gserviceaccount.com"
ORGANISATION = "organizations/9"
NUMBERS = {"home": 1001, "away": 1002, "target": 1003}
MANAGER = "//cloudresourcemanager.googleapis.com/"
EXPIRED = 'request.time < timestamp("2026-01-01T00:00:00Z")'
POOL = "principalSet://iam.googleapis.com/projects/1001/locations/global/workloadIdentityPools/pool/*"
WORKFORCE = "principalSet://iam.googleapis.com/locations/global/workforcePools/staff/*"


def account(address: str) -> str:
    """The full resource name of a service account of the project `home`."""
    return f"//iam.googleapis.com/projects/home/serviceAccounts/{address}"


@dataclass
class Estate:
    """Policies, custom roles and assets; the organisation with its three projects is always there."""

    policies: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    roles: dict[str, list[str]] = field(default_factory=dict)
    assets: list[dict[str, Any]] = field(default_factory=list)
    denied: list[str] = field(default_factory=list)

    def bind(self, member: str, role: str, scope: str, condition: str = "") -> None:
        """Bind a role to a member on a resource."""
        binding: dict[str, Any] = {"role": role, "members": [member]}
        if condition:
            binding["condition"] = {"expression": condition}
        self.policies.setdefault(scope, []).append(binding)

    def give(self, member: str, permissions: list[str], scope: str, name: str = "probe") -> None:
        """Bind a custom role of exactly these permissions."""
        role = f"{ORGANISATION}/roles/{name}"
        self.roles[role] = permissions
        self.bind(member, role, scope)

    def lines(self) -> Iterator[dict[str, Any]]:
        """The estate as assets."""
        yield _asset(MANAGER + ORGANISATION, "cloudresourcemanager.googleapis.com/Organization", {}, [ORGANISATION])
        for name, number in NUMBERS.items():
            data = {"projectId": name, "projectNumber": str(number)}
            above = [f"projects/{number}", ORGANISATION]
            yield _asset(f"{MANAGER}projects/{number}", "cloudresourcemanager.googleapis.com/Project", data, above)
        for address in (BOSS, MIDDLE):
            yield asset(account(address), "iam.googleapis.com/ServiceAccount", {"email": address})
        for role, permissions in self.roles.items():
            listed: dict[str, Any] = {"name": role, "stage": "GA", "includedPermissions": permissions}
            yield _asset(f"//iam.googleapis.com/{role}", "iam.googleapis.com/Role", listed, [ORGANISATION])
        yield from self.assets
        for scope, bindings in self.policies.items():
            yield {**asset(scope, _type_of(scope), None), "iam_policy": {"bindings": bindings}}
        if self.denied:
            yield self._deny()

    def _deny(self) -> dict[str, Any]:
        path = "policies/cloudresourcemanager.googleapis.com%2Forganizations%2F9/denypolicies/no"
        rule: dict[str, Any] = {
            "deniedPrincipals": ["principal://goog/subject/eve@example.com"],
            "deniedPermissions": self.denied,
        }
        data: dict[str, Any] = {"name": path, "rules": [{"denyRule": rule}]}
        return _asset(f"//iam.googleapis.com/{path}", "iam.googleapis.com/DenyPolicy", data, [ORGANISATION])

    def read(self) -> tuple[World, Inventory]:
        """The estate's world and what runs in it."""
        collector, inventory = Collector(NOW), Inventory()
        for document in self.lines():
            line = json.dumps(document).encode()
            collector.add(line)
            inventory.add(line)
        return collector.world(), inventory

    def paths(self, source: str | None = EVE, target: str | None = "projects/target", **options: Any) -> PathsToControl:
        """The paths to control in it."""
        sources, targets = [source] if source else None, [target] if target else None
        return find_paths(*self.read(), NOW, sources=sources, targets=targets, **options)


def asset(name: str, kind: str, data: dict[str, Any] | None, project: str = "home") -> dict[str, Any]:
    """An asset of a project, or of the project or organisation that it is."""
    if name.startswith(MANAGER):
        project = name.rpartition("/")[2] if "/projects/" in name else ""
    ancestors = [f"projects/{NUMBERS[project]}", ORGANISATION] if project else [ORGANISATION]
    if name == f"{MANAGER}projects/{project}":
        name = f"{MANAGER}projects/{NUMBERS[project]}"
    return _asset(name, kind, data, ancestors)


def _asset(name: str, kind: str, data: dict[str, Any] | None, ancestors: list[str]) -> dict[str, Any]:
    made: dict[str, Any] = {"name": name, "asset_type": kind, "ancestors": ancestors}
    return made if data is None else {**made, "resource": {"data": data}}


def _type_of(scope: str) -> str:
    if scope.startswith(MANAGER):
        kind = scope.removeprefix(MANAGER).partition("/")[0]
        level = {"projects": "Project", "folders": "Folder", "organizations": "Organization"}[kind]
        return f"cloudresourcemanager.googleapis.com/{level}"
    return "storage.googleapis.com/Bucket" if "storage" in scope else "iam.googleapis.com/ServiceAccount"


HOME, AWAY, TARGET = (f"{MANAGER}projects/{name}" for name in NUMBERS)

_IMAGE = "europe-west1-docker.pkg.dev/home/images/shop"

WORKLOADS: dict[str, tuple[str, dict[str, Any]]] = {
    "appengine.googleapis.com/Version": (
        "apps/home/services/s/versions/1",
        {"serviceAccount": BOSS, "env": "flexible"},
    ),
    "artifactregistry.googleapis.com/Repository": (
        "projects/home/locations/europe-west1/services/shop",
        {
            "template": {
                "serviceAccount": BOSS,
                "containers": [{"image": "europe-west1-docker.pkg.dev/home/images/shop"}],
            }
        },
    ),
    "cloudbuild.googleapis.com/BuildTrigger": (
        "projects/home/locations/global/triggers/t",
        {"serviceAccount": f"projects/home/serviceAccounts/{BOSS}"},
    ),
    "cloudfunctions.googleapis.com/CloudFunction": (
        "projects/home/locations/europe-west1/functions/f",
        {"serviceAccountEmail": BOSS, "ingressSettings": "ALLOW_INTERNAL_ONLY"},
    ),
    "composer.googleapis.com/Environment": (
        "projects/home/locations/europe-west1/environments/e",
        {"config": {"nodeConfig": {"serviceAccount": BOSS}, "dagGcsPrefix": "gs://supply/dags"}},
    ),
    "compute.googleapis.com/Instance": (
        "projects/home/zones/europe-west1-b/instances/vm",
        {"serviceAccounts": [{"email": BOSS, "scopes": ["https://www.googleapis.com/auth/cloud-platform"]}]},
    ),
    "container.googleapis.com/Cluster": (
        "projects/home/locations/europe-west1/clusters/c",
        {"nodePools": [{"name": "n", "config": {"serviceAccount": BOSS}}]},
    ),
    "dataflow.googleapis.com/Job": (
        "projects/home/locations/europe-west1/jobs/j",
        {"environment": {"serviceAccountEmail": BOSS, "tempStoragePrefix": "storage.googleapis.com/supply/tmp"}},
    ),
    "dataproc.googleapis.com/Cluster": (
        "projects/home/regions/europe-west1/clusters/c",
        {"config": {"gceClusterConfig": {"serviceAccount": BOSS}}},
    ),
    "notebooks.googleapis.com/Instance": (
        "projects/home/locations/europe-west1-b/instances/n",
        {"serviceAccount": BOSS},
    ),
    "run.googleapis.com/Job": (
        "projects/home/locations/europe-west1/jobs/j",
        {"template": {"template": {"serviceAccount": BOSS}}},
    ),
    "run.googleapis.com/Service": (
        "projects/home/locations/europe-west1/services/s",
        {"template": {"serviceAccount": BOSS}, "ingress": "INGRESS_TRAFFIC_INTERNAL_ONLY"},
    ),
    "workstations.googleapis.com/WorkstationConfig": (
        "projects/home/locations/europe-west1/workstationClusters/c/workstationConfigs/w",
        {"host": {"gceInstance": {"serviceAccount": BOSS}}},
    ),
}
"""By asset type: something that runs as the boss, as its name and data. Of a repository: what runs an image of it."""


def workload(kind: str) -> dict[str, Any]:
    """The asset of a type that runs as the boss."""
    path, data = WORKLOADS[kind]
    kind = "run.googleapis.com/Service" if kind.startswith("artifactregistry") else kind
    return asset(f"//{kind.partition('/')[0]}/{path}", kind, data)


@dataclass(frozen=True)
class Case:
    """A way of a primitive. Where it has none, the inventory alone makes the link."""

    primitive: Primitive
    way: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.primitive.id} {'+'.join(self.way)}"

    @property
    def target(self) -> str:
        """What Eve comes to control."""
        if self.primitive.scope is Scope.FOLDER:
            return "folders/5"
        return ORGANISATION if self.primitive.id == "policy.org" else "projects/target"

    @property
    def scope(self) -> str:
        """Where the permissions of the way are bound."""
        if self.primitive.gain is Gain.SCOPE:
            return MANAGER + self.target
        if self.primitive.scope is Scope.SERVICE_ACCOUNT:
            return account(MIDDLE if self.primitive.gain is Gain.SERVICE_ACCOUNT_RELAY else BOSS)
        if self.primitive.scope is Scope.BUCKET:
            return "//storage.googleapis.com/supply"
        at_organisation = self.primitive.scope in (Scope.ROLE, Scope.ORGANIZATION)
        return MANAGER + ORGANISATION if at_organisation else HOME

    def estate(self, *, lacking: str = "", condition: str = "", scope: str = "", act_as: bool = True) -> Estate:
        """The estate; without a permission, with a condition on the binding, or with it bound elsewhere."""
        made = _prize(self.primitive)
        held = [permission for permission in self.way if permission != lacking]
        role = f"{ORGANISATION}/roles/probe"
        made.roles[role] = held or ["resourcemanager.projects.get"]
        if self.way:
            made.bind(EVE, role, scope or self.scope, condition)
        if self.primitive.act_as is not ActAs.NOT_NEEDED and act_as:
            made.give(EVE, [ACT_AS], account(BOSS), "actor")
        return made


def _prize(primitive: Primitive) -> Estate:
    """What there is to win, without what Eve needs to win it."""
    made = Estate()
    winner = f"serviceAccount:{BOSS}"
    gain = primitive.gain
    if gain is Gain.SERVICE_ACCOUNT_RELAY:
        made.give(f"serviceAccount:{MIDDLE}", ["iam.serviceAccounts.getAccessToken"], account(BOSS), "minter")
    elif gain is Gain.PROJECT_AGENT:
        winner = "serviceAccount:" + primitive.agents[0].format(number=NUMBERS["home"])
    elif gain is Gain.FEDERATED_IDENTITY:
        winner = WORKFORCE if primitive.scope is Scope.ORGANIZATION else POOL
        pool = {"name": "locations/global/workforcePools/staff", "parent": ORGANISATION}
        name = "//iam.googleapis.com/locations/global/workforcePools/staff"
        made.assets.append(_asset(name, "iam.googleapis.com/WorkforcePool", pool, [ORGANISATION]))
    elif gain is Gain.ROLE_REWRITE:
        made.give(EVE, ["storage.buckets.list"], TARGET, "harmless")
    elif gain is Gain.GROUP:
        winner = "group:owners@example.com"
        made.assets += _managed_group()
    elif gain is Gain.ENTITLEMENT:
        grant = {"resource": TARGET, "roleBindings": [{"role": "roles/owner"}]}
        data = {"eligibleUsers": [{"principals": [EVE]}], "privilegedAccess": {"gcpIamAccess": grant}}
        name = "//privilegedaccessmanager.googleapis.com/projects/target/locations/global/entitlements/break-glass"
        made.assets.append(asset(name, "privilegedaccessmanager.googleapis.com/Entitlement", data, "target"))
    elif gain is Gain.SCOPE:
        made.assets.append(
            _asset(f"{MANAGER}folders/5", "cloudresourcemanager.googleapis.com/Folder", {}, ["folders/5", ORGANISATION])
        )
    if primitive.edge is Edge.INVENTORY and gain in (Gain.ATTACHABLE_ACCOUNT, Gain.ATTACHED_ACCOUNT):
        made.assets.append(workload(next(kind for kind in primitive.asset_types if kind in WORKLOADS)))
    if primitive.scope is Scope.BUCKET:
        made.assets.append(asset("//storage.googleapis.com/supply", "storage.googleapis.com/Bucket", {}))
    if gain not in (Gain.SCOPE, Gain.ROLE_REWRITE, Gain.ENTITLEMENT):
        made.bind(winner, "roles/owner", TARGET)
    return made


def _managed_group() -> list[dict[str, Any]]:
    group = {"groupKey": {"id": "owners@example.com"}, "parent": "customers/C1"}
    member = {"preferredMemberKey": {"id": "eve@example.com"}, "type": "USER", "roles": [{"name": "MANAGER"}]}
    return [
        _asset("//cloudidentity.googleapis.com/groups/g", "cloudidentity.googleapis.com/Group", group, [ORGANISATION]),
        _asset(
            "//cloudidentity.googleapis.com/groups/g/memberships/m",
            "cloudidentity.googleapis.com/Membership",
            member,
            [ORGANISATION],
        ),
    ]


def cases() -> list[Case]:
    """Each way of each primitive that becomes links."""
    drawn = [one for one in primitives() if is_drawn(one, NOW.date())]
    return [Case(primitive, way) for primitive in drawn for way in primitive.ways]


def without_eve(estate: Estate) -> Estate:
    """The same estate, in which somebody else is in the group, and eligible."""
    other = copy.deepcopy(estate)
    for made in other.assets:
        data = made.get("resource", {}).get("data", {})
        if "roles" in data:
            data["roles"] = [{"name": "MEMBER"}]
            data["preferredMemberKey"] = {"id": "ann@example.com"}
        if "eligibleUsers" in data:
            data["eligibleUsers"] = [{"principals": ["user:ann@example.com"]}]
    return other


def random_estate(dice: random.Random) -> Estate:
    """A few people and two accounts with some roles; one of the accounts owns the project `target`."""
    made = Estate()
    accounts = [f"serviceAccount:{address}" for address in (BOSS, MIDDLE)]
    people = [EVE, "user:ann@example.com", "user:bob@example.com"]
    made.bind(dice.choice(accounts), "roles/owner", TARGET)
    for _ in range(dice.randrange(3, 9)):
        scope = dice.choice([HOME, HOME, AWAY, account(BOSS), account(MIDDLE)])
        roles = ["roles/iam.serviceAccountTokenCreator", "roles/iam.serviceAccountUser"]
        roles += [] if "serviceAccounts" in scope else ["roles/run.developer", "roles/editor"]
        made.bind(dice.choice([*people, *accounts]), dice.choice(roles), scope)
    return made


def without_binding(made: Estate, binding: BindingReference) -> Estate:
    """The estate without a member of a binding."""
    gone = (binding.member, binding.role, binding.scope)
    other = copy.deepcopy(made)
    for scope, bindings in other.policies.items():
        name = scope.replace("projects/home/serviceAccounts", "projects/-/serviceAccounts")
        bindings[:] = [one for one in bindings if (one["members"][0], one["role"], name) != gone]
    return other
