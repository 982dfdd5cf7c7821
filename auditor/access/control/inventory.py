"""What runs in an estate and as whom: the part of the input, beside policies, that paths to control need.

`Inventory.add` takes the same lines as `Collector.add`; `watching` lets one reading serve both. A value that the input
does not know is left out: what rests on it is no path.

Sources: cloud.google.com/compute/docs/reference/rest/v1/instances, cloud.google.com/run/docs/reference/rest/v2,
cloud.google.com/functions/docs/reference/rest,
cloud.google.com/composer/docs/reference/rest/v1/projects.locations.environments,
cloud.google.com/dataproc/docs/reference/rest/v1/ClusterConfig,
cloud.google.com/dataflow/docs/reference/rest/v1b3/projects.jobs,
cloud.google.com/appengine/docs/admin-api/reference/rest/v1/apps.services.versions,
cloud.google.com/kubernetes-engine/docs/reference/rest/v1/NodeConfig,
cloud.google.com/build/docs/api/reference/rest/v1/projects.triggers,
cloud.google.com/workstations/docs/reference/rest/v1/projects.locations.workstationClusters.workstationConfigs,
cloud.google.com/iam/docs/pam-create-entitlements
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec
from msgspec import field as value

from auditor.access.control.facing import FACING, AppVersion, Machine, machine_of
from auditor.access.control.found_keys import FoundKey, keys_in, may_hold_key
from auditor.resources.base import Asset, OpenList, Resource, Undetermined, View
from auditor.resources.compute import AttachedServiceAccount, Instance
from auditor.resources.content import CARRIES_POLICIES, records
from auditor.resources.decode import Unreadable, decoder, parse, resource_of
from auditor.resources.iam import ServiceAccount, ServiceAccountKey, WorkloadIdentityPoolProvider
from auditor.resources.network import Firewall
from auditor.resources.orgpolicy import OrgPolicy
from auditor.resources.serverless import CloudFunction, Function, RunJob, RunService
from auditor.sources import base as sources

COMPUTE, APP_ENGINE, BUILD = "#compute", "#appspot", "#build"
"""In place of an address: the account that the project's Compute Engine, App Engine or Cloud Build gives."""

OTHER_PROJECTS, NEW_KEYS, KEY_UPLOADS = CONSTRAINTS = (
    "iam.disableCrossProjectServiceAccountUsage",
    "iam.disableServiceAccountKeyCreation",
    "iam.disableServiceAccountKeyUpload",
)
"""The constraints that forbid what a primitive does; those of `iam.managed` count as their elder siblings."""

_DEFAULTS = ("", "default")
_TYPE = re.compile(rb'"asset_?[tT]ype"\s*:\s*"([^"\\]+)"')


class _Node(View):
    """The configuration of a node or machine."""

    service_account: str = ""


class _ComposerConfig(View):
    node_config: _Node = value(default_factory=_Node)
    dag_gcs_prefix: str = ""


class _Environment(Resource):
    config: _ComposerConfig = value(default_factory=_ComposerConfig)


class _DataprocConfig(View):
    gce_cluster_config: _Node = value(default_factory=_Node)


class _DataprocCluster(Resource):
    config: _DataprocConfig = value(default_factory=_DataprocConfig)


class _DataflowEnvironment(View):
    service_account_email: str = ""
    temp_storage_prefix: str = ""


class _DataflowJob(Resource):
    environment: _DataflowEnvironment = value(default_factory=_DataflowEnvironment)


class _Version(AppVersion):
    env: str = "standard"


class _Pool(Resource):
    config: _Node = value(default_factory=_Node)


class _Cluster(Resource):
    node_config: _Node | None = None
    node_pools: list[_Pool] = []


class _Repository(View):
    repository: str = ""
    repo_name: str = ""


class _Trigger(Resource):
    service_account: str = ""
    repository_event_config: _Repository = value(default_factory=_Repository)
    trigger_template: _Repository = value(default_factory=_Repository)
    disabled: bool = False


class _Setup(View):
    service_accounts: list[AttachedServiceAccount] = []


class _Notebook(Resource):
    service_account: str = ""
    gce_setup: _Setup | None = None


class _Host(View):
    gce_instance: _Node = value(default_factory=_Node)


class _Workstation(Resource):
    host: _Host = value(default_factory=_Host)


class _Worker(Resource):
    template: _Node = value(default_factory=_Node)


class _Principals(View):
    principals: list[str] = []


class _RoleGrant(View):
    role: str = ""


class _IamAccess(View):
    resource: str = ""
    role_bindings: list[_RoleGrant] = []


class _Access(View):
    gcp_iam_access: _IamAccess = value(default_factory=_IamAccess)


class _Entitlement(Resource):
    eligible_users: list[_Principals] = []
    privileged_access: _Access = value(default_factory=_Access)


class _Container(Resource):
    """A project, folder or organisation: that it is there is enough."""


@dataclass(frozen=True, slots=True)
class Workload:
    """Something that runs as service accounts: their addresses, or `COMPUTE` and the like.

    `supplies` are the buckets, repositories and images that its code comes from, as full resource names.
    """

    name: str
    asset_type: str
    project: str
    accounts: tuple[str, ...]
    supplies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Entitlement:
    """A grant that Privileged Access Manager hands out: who may ask for which roles, where."""

    name: str
    eligible: tuple[str, ...]
    resource: str
    roles: tuple[str, ...]


@dataclass
class Inventory:
    """What runs in the estate. Add lines, then read."""

    workloads: list[Workload] = field(default_factory=list)
    accounts: dict[str, bool] = field(default_factory=dict)
    """Address → whether the account is enabled."""
    machines: list[Machine] = field(default_factory=list)
    versions: list[AppVersion] = field(default_factory=list)
    found_keys: list[FoundKey] = field(default_factory=list)
    facing: dict[type[Resource], list[Any]] = field(default_factory=dict)
    """What stands between the internet and what runs, by view."""
    unclear: list[tuple[Asset, Undetermined]] = field(default_factory=list)
    """What could not be read to the end, and why: it may run as any account of its project."""
    firewalls: list[Firewall] = field(default_factory=list)
    services: list[RunService] = field(default_factory=list)
    functions: list[CloudFunction | Function] = field(default_factory=list)
    keys: list[ServiceAccountKey] = field(default_factory=list)
    providers: list[WorkloadIdentityPoolProvider] = field(default_factory=list)
    entitlements: list[Entitlement] = field(default_factory=list)
    containers: set[str] = field(default_factory=set)
    enforced: dict[str, dict[str, bool]] = field(default_factory=dict)
    """Constraint → container → whether the policy set there surely enforces it, of those that forbid a primitive."""
    types: set[str] = field(default_factory=set)
    dropped: int = 0
    """How much ran when the rest was let go, because the estate is too large for what it is gathered for."""
    _seen: set[tuple[str, str]] = field(default_factory=set)

    def kept(self, view: type[R]) -> list[R]:
        """What of a type of `FACING` was read."""
        return self.facing.get(view, [])

    @property
    def size(self) -> int:
        """How much runs."""
        return self.dropped or len(self.workloads) + len(self.accounts)

    def add(self, line: bytes, *, trusted: bool = False) -> None:
        """Learn from one line; what is no asset, or of no interest, is passed over (the collector tells of it)."""
        match = _TYPE.search(line)
        kind = match[1].decode(errors="replace") if match else ""
        if kind not in _READERS and not CARRIES_POLICIES.search(line):
            return
        with contextlib.suppress(Unreadable):
            for document in records(parse(line), trusted=trusted):
                kind = document["asset_type"]
                if kind in _READERS and document.get("resource"):
                    self._read(kind, msgspec.json.encode(document))

    def take(self, kind: str, line: bytes, resource: Resource | None = None) -> None:
        """Learn from a line in the usual form that is known to be of one of `TYPES`, and the first of its asset.

        `resource` is what the line shows, where it was read already.
        """
        view, read = _READERS[kind]
        if type(resource) is view:
            self._learn(kind, resource, line, read)
            return
        with contextlib.suppress(Unreadable):
            self._read(kind, line)

    def _read(self, kind: str, line: bytes) -> None:
        view, read = _READERS[kind]
        envelope = decoder(view).decode(line)
        if (envelope.name, kind) in self._seen:
            return
        self._seen.add((envelope.name, kind))
        self._learn(kind, resource_of(envelope, view), line, read)

    def _learn(self, kind: str, resource: Resource, line: bytes, read: Callable[[Inventory, Any], None]) -> None:
        self.types.add(kind)
        if may_hold_key(line):
            self.found_keys += keys_in(resource.asset, line)
        try:
            read(self, resource)
        except Undetermined as unclear:
            self.unclear.append((resource.asset, unclear))

    def _runs(self, resource: Resource, accounts: list[str], supplies: tuple[str, ...] = ()) -> None:
        told = tuple(dict.fromkeys(account for account in accounts if account))
        if told:
            asset = resource.asset
            self.workloads.append(Workload(asset.name, asset.asset_type, asset.project, told, supplies))

    def _container(self, resource: Resource) -> None:
        if resource.asset.ancestors:
            self.containers.add(resource.asset.ancestors[0])

    def _account(self, account: ServiceAccount) -> None:
        self.accounts[account.email.lower()] = not account.disabled

    def _instance(self, vm: Instance) -> None:
        machine = machine_of(vm)
        if not machine.is_of_no_interest:
            self.machines.append(machine)
        emails = [COMPUTE if one.email in _DEFAULTS else one.email for one in _known(vm.service_accounts)]
        self._runs(vm, emails)

    def _service(self, service: RunService) -> None:
        self.services.append(service)
        self._image_workload(service)

    def _image_workload(self, workload: RunService | RunJob) -> None:
        images = tuple(_repository(container.image) for container in _known(workload.containers))
        self._runs(workload, [workload.service_account or COMPUTE], tuple(filter(None, images)))

    def _function(self, function: CloudFunction | Function) -> None:
        self.functions.append(function)
        if isinstance(function, Function) and function.is_first_generation:
            return
        default = COMPUTE if isinstance(function, Function) else APP_ENGINE
        self._runs(function, [function.service_account_email or default])

    def _firewall(self, rule: Firewall) -> None:
        self.firewalls.append(rule)

    def _face(self, resource: Resource) -> None:
        self.facing.setdefault(type(resource), []).append(resource)

    def _key(self, key: ServiceAccountKey) -> None:
        if key.is_user_managed:
            self.keys.append(key)

    def _provider(self, provider: WorkloadIdentityPoolProvider) -> None:
        self.providers.append(provider)

    def _policy(self, policy: OrgPolicy) -> None:
        constraint = policy.constraint.replace("iam.managed.", "iam.")
        if constraint not in CONSTRAINTS or policy.spec is None:
            return
        told = self.enforced.setdefault(constraint, {})
        sure = policy.restricts and not any(rule.condition for rule in policy.spec.rules)
        told[policy.container] = told.get(policy.container, False) or sure

    def _environment(self, one: _Environment) -> None:
        bucket = one.config.dag_gcs_prefix.removeprefix("gs://").partition("/")[0]
        supplies = (f"//storage.googleapis.com/{bucket}",) if bucket else ()
        self._runs(one, [one.config.node_config.service_account or COMPUTE], supplies)

    def _dataproc(self, one: _DataprocCluster) -> None:
        self._runs(one, [one.config.gce_cluster_config.service_account or COMPUTE])

    def _dataflow(self, one: _DataflowJob) -> None:
        bucket = one.environment.temp_storage_prefix.partition("storage.googleapis.com/")[2].partition("/")[0]
        supplies = (f"//storage.googleapis.com/{bucket}",) if bucket else ()
        self._runs(one, [one.environment.service_account_email or COMPUTE], supplies)

    def _version(self, one: _Version) -> None:
        self.versions.append(one)
        if one.env.lower() in ("flex", "flexible"):
            self._runs(one, [one.service_account or APP_ENGINE])

    def _cluster(self, one: _Cluster) -> None:
        nodes = [one.node_config] if one.node_config is not None else []
        nodes += [pool.config for pool in _known(one.node_pools)]
        self._runs(one, [COMPUTE if n.service_account in _DEFAULTS else n.service_account for n in nodes] or [COMPUTE])

    def _node_pool(self, one: _Pool) -> None:
        account = one.config.service_account
        self._runs(one, [COMPUTE if account in _DEFAULTS else account])

    def _trigger(self, one: _Trigger) -> None:
        if one.disabled:
            return
        account = one.service_account.rpartition("/")[2] or BUILD
        repository = one.repository_event_config.repository or one.trigger_template.repo_name
        self._runs(one, [account], (f"//cloudbuild.googleapis.com/{repository}",) if repository else ())

    def _notebook(self, one: _Notebook) -> None:
        listed = [account.email for account in _known(one.gce_setup.service_accounts)] if one.gce_setup else []
        self._runs(one, listed if listed else [one.service_account or COMPUTE])

    def _workstation(self, one: _Workstation) -> None:
        self._runs(one, [one.host.gce_instance.service_account])

    def _worker(self, one: _Worker) -> None:
        self._runs(one, [one.template.service_account or COMPUTE])

    def _entitlement(self, one: _Entitlement) -> None:
        access = one.privileged_access.gcp_iam_access
        eligible = tuple(text for entry in _known(one.eligible_users) for text in _known(entry.principals))
        roles = tuple(grant.role for grant in _known(access.role_bindings))
        self.entitlements.append(Entitlement(one.asset.name, eligible, access.resource, roles))


def _known(items: list[Any]) -> list[Any]:
    return items.known() if isinstance(items, OpenList) else items


def _repository(image: str) -> str:
    """The Artifact Registry repository of an image, `""` for another registry."""
    host, _, path = image.partition("/")
    steps = path.split("/")
    if not host.endswith("-docker.pkg.dev") or len(steps) < 3:
        return ""
    location = host.removesuffix("-docker.pkg.dev")
    return f"//artifactregistry.googleapis.com/projects/{steps[0]}/locations/{location}/repositories/{steps[1]}"


R = TypeVar("R", bound=Resource)
_Reader = tuple[type[Resource], Callable[[Inventory, Any], None]]
_MANAGER = "cloudresourcemanager.googleapis.com/"

_READERS: dict[str, _Reader] = {
    f"{_MANAGER}Project": (_Container, Inventory._container),
    f"{_MANAGER}Folder": (_Container, Inventory._container),
    f"{_MANAGER}Organization": (_Container, Inventory._container),
    **{kind: (view, Inventory._face) for kind, view in FACING.items()},
    "appengine.googleapis.com/Version": (_Version, Inventory._version),
    "cloudbuild.googleapis.com/BuildTrigger": (_Trigger, Inventory._trigger),
    "cloudfunctions.googleapis.com/CloudFunction": (CloudFunction, Inventory._function),
    "cloudfunctions.googleapis.com/Function": (Function, Inventory._function),
    "composer.googleapis.com/Environment": (_Environment, Inventory._environment),
    "compute.googleapis.com/Firewall": (Firewall, Inventory._firewall),
    "compute.googleapis.com/Instance": (Instance, Inventory._instance),
    "container.googleapis.com/Cluster": (_Cluster, Inventory._cluster),
    "container.googleapis.com/NodePool": (_Pool, Inventory._node_pool),
    "dataflow.googleapis.com/Job": (_DataflowJob, Inventory._dataflow),
    "dataproc.googleapis.com/Cluster": (_DataprocCluster, Inventory._dataproc),
    "iam.googleapis.com/ServiceAccount": (ServiceAccount, Inventory._account),
    "iam.googleapis.com/ServiceAccountKey": (ServiceAccountKey, Inventory._key),
    "iam.googleapis.com/WorkloadIdentityPoolProvider": (WorkloadIdentityPoolProvider, Inventory._provider),
    "notebooks.googleapis.com/Instance": (_Notebook, Inventory._notebook),
    "orgpolicy.googleapis.com/Policy": (OrgPolicy, Inventory._policy),
    "privilegedaccessmanager.googleapis.com/Entitlement": (_Entitlement, Inventory._entitlement),
    "run.googleapis.com/Job": (RunJob, Inventory._image_workload),
    "run.googleapis.com/Service": (RunService, Inventory._service),
    "run.googleapis.com/WorkerPool": (_Worker, Inventory._worker),
    "workstations.googleapis.com/WorkstationConfig": (_Workstation, Inventory._workstation),
}
READ = frozenset(_READERS)
"""The asset types of which it reads what they run, and as whom."""
"""The asset types that are read, the view that shows them, and what is learned of them."""
TYPES = frozenset(_READERS)
"""The asset types that tell what runs, and as whom."""


class Watched:
    """A source whose lines an inventory sees on their way to whoever reads them."""

    def __init__(self, source: sources.Source, inventory: Inventory) -> None:
        self._source = source
        self._inventory = inventory

    def __getattr__(self, name: str) -> Any:
        """Everything else is the source's own."""
        return getattr(self._source, name)

    def lines(self, gaps: sources.Gaps) -> Iterator[tuple[int | str, bytes]]:
        """The source's lines."""
        for place, line in self._source.lines(gaps):
            self._inventory.add(line, trusted=self._source.trusted)
            yield place, line


def watching(given: list[sources.Source], inventory: Inventory) -> list[Any]:
    """The sources, watched by an inventory: read them once, and both know."""
    return [Watched(source, inventory) for source in given]
