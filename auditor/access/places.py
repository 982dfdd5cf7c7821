"""Names of resources: the spellings of one resource brought to one, what people type read, and where a resource stands.

A project can stand in a name by id or by number, a service account by address or by unique id, a bucket with or without
`projects/_/buckets`. What a name does not tell (a bucket's project) is learned from the input.

Sources: cloud.google.com/iam/docs/full-resource-names, cloud.google.com/asset-inventory/docs/asset-names,
cloud.google.com/iam/docs/resource-types-with-policies (which resources have policies of their own)
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from auditor.access.conditions.support import condition_type
from auditor.access.hierarchy import CONTAINERS, MANAGER, Hierarchy
from auditor.access.members import alike_account, home_of_account
from auditor.access.urls import full_name
from auditor.model.text import visible
from auditor.resources.iam_policies import container_of

_IAM = "//iam.googleapis.com/"
_ACCOUNTS = "/serviceAccounts/"
_ANY_ACCOUNT = "//iam.googleapis.com/projects/-/serviceAccounts/"
_ACCOUNT = ".gserviceaccount.com"
_STORAGE = "//storage.googleapis.com/"
_BUCKETS = "projects/_/buckets/"
_OBJECTS = "/objects/"
_LEVELS = {"projects": "Project", "folders": "Folder", "organizations": "Organization"}
_SHOWN = 200
_DEEPEST = 8
"""How many resources may lie around each other in one project."""


_KINDS = {
    ("artifactregistry", "repositories"): "Repository",
    ("bigquery", "datasets"): "Dataset",
    ("bigquery", "tables"): "Table",
    ("cloudfunctions", "functions"): "CloudFunction",
    ("cloudkms", "cryptoKeys"): "CryptoKey",
    ("cloudkms", "keyRings"): "KeyRing",
    ("compute", "instances"): "Instance",
    ("iam", "serviceAccounts"): "ServiceAccount",
    ("pubsub", "subscriptions"): "Subscription",
    ("pubsub", "topics"): "Topic",
    ("run", "services"): "Service",
    ("secretmanager", "secrets"): "Secret",
    ("secretmanager", "versions"): "SecretVersion",
    ("spanner", "databases"): "Database",
    ("sqladmin", "instances"): "Instance",
    ("storage", ""): "Bucket",
    ("storage", "objects"): "Object",
}
"""Asset types by service and the collection that names end in, for what the input has none of."""

_WITH_POLICY = {
    "artifactregistry": {"repositories"},
    "bigquery": {"datasets"},
    "bigtable": {"instances"},
    "bigtableadmin": {"instances"},
    "cloudkms": {"keyRings"},
    "datacatalog": {"entryGroups"},
    "healthcare": {"datasets"},
    "iam": {"serviceAccounts"},
    "privateca": {"caPools"},
    "secretmanager": {"secrets"},
    "servicedirectory": {"namespaces"},
    "spanner": {"instances"},
    "storage": {"buckets"},
}
"""Collections of resources that have a policy and hold other resources, which inherit it."""


class UnclearResource(Exception):  # noqa: N818 - the message is the sentence that the user reads
    """A text names no resource, or might name one of several."""

    def __init__(self, text: str, problem: str) -> None:
        self.problem = problem
        shown = visible(text[:_SHOWN]) + ("…" if len(text) > _SHOWN else "")
        super().__init__(f"{shown or 'an empty text'} {problem}")


@dataclass(frozen=True, slots=True)
class Place:
    """A resource that a question is about: its name in canonical spelling, its type and its nearest container.

    The type is None and the container `""` where they are not known. `notes` are clauses that the answer rests on,
    `asked` is the text that named it, `""` where none did.
    """

    name: str
    asset_type: str | None
    container: str
    notes: tuple[str, ...] = ()
    asked: str = ""

    @property
    def label(self) -> str:
        """The name as people write it."""
        return label(self.name)


class Places:
    """What the input says of names. Add what is read, then `settle`, then ask."""

    def __init__(self, hierarchy: Hierarchy) -> None:
        self._hierarchy = hierarchy
        self._homes: dict[str, str] = {}
        self._addresses: dict[str, str] = {}
        self._unique_ids: dict[str, str] = {}
        self._kinds: dict[tuple[str, str], str] = {}
        self._services: dict[str, set[str]] = {}
        self._hashes = array("q")
        self._shown: dict[str, str] = {}
        self._settled = False
        for (service, collection), kind in _KINDS.items():
            self._learn(f"{service}.googleapis.com", collection, f"{service}.googleapis.com/{kind}")

    def add(self, name: str, asset_type: str, ancestors: Sequence[str] = ()) -> None:
        """Learn from an asset of the input."""
        self._hashes.append(hash(name))
        steps = name.removeprefix("//").split("/")
        self._learn(steps[0], steps[-2] if len(steps) > 2 else "", asset_type)
        if ancestors and not _container_in(steps[1:]):
            self._homes[name] = ancestors[0]

    def add_account(self, address: str, unique_id: str, ancestors: Sequence[str] = ()) -> None:
        """Learn which service account a unique id means, and where it lives."""
        address = address.lower()
        if unique_id:
            self._addresses[unique_id] = address
            self._unique_ids[address] = unique_id
        if ancestors:
            self._homes[account_name(address)] = ancestors[0]

    def account_of(self, unique_id: str) -> str:
        """The address of the service account with a unique id, which is its OAuth client id too; `""` if not known."""
        return self._addresses.get(unique_id, "")

    def settle(self) -> None:
        """Say that the input was read."""
        self._hashes = array("q", sorted(self._hashes))
        self._settled = True

    def _learn(self, service: str, collection: str, asset_type: str) -> None:
        key = (service, collection)
        if key not in self._kinds:
            self._kinds[key] = asset_type
            self._services.setdefault(collection, set()).add(service)
        elif self._kinds[key] != asset_type and condition_type(self._kinds[key]) != condition_type(asset_type):
            self._kinds[key] = ""  # a name that ends so does not tell the type

    def canonical(self, name: str) -> str:
        """One spelling for all names of a resource."""
        if container := container_of(name):
            return MANAGER + self._hierarchy.canonical(container)
        if name.startswith(_STORAGE + _BUCKETS):
            bucket, slash, inside = name.removeprefix(_STORAGE + _BUCKETS).partition("/")
            return name if slash and inside else _STORAGE + bucket
        if name.startswith(_IAM) and _ACCOUNTS in name:
            account, slash, inside = name.partition(_ACCOUNTS)[2].partition("/")
            address = self._addresses.get(account, account).lower()
            return f"{account_name(address)}{slash}{inside}"
        head, mark, tail = name.partition("/projects/")
        if not mark or tail.startswith(("_", "-")):
            return name
        project, slash, inside = tail.partition("/")
        return f"{head}/projects/{self._hierarchy.project_id(f'projects/{project}')}{slash}{inside}"

    def container(self, name: str) -> str:
        """`projects/…`, `folders/…` or `organizations/…` that a resource stands in, or is; `""` if not known."""
        if itself := container_of(name):
            return self._hierarchy.canonical(itself)
        if name in self._homes:
            return self._hierarchy.canonical(self._homes[name])
        address = name.removeprefix(_ANY_ACCOUNT)
        if address != name and "@" in address and "/" not in address:  # most of an estate's policies
            return self._home(address.lower())
        canonical = self.canonical(name)
        for known in (canonical, *_around(canonical)):
            if known in self._homes:
                return self._hierarchy.canonical(self._homes[known])
        if canonical.startswith(_IAM) and _ACCOUNTS in canonical:
            return self._home(canonical.partition(_ACCOUNTS)[2].partition("/")[0])
        return self._hierarchy.canonical(_container_in(canonical.removeprefix("//").split("/")[1:]))

    def container_of_account(self, address: str) -> str:
        """`container` of a service account, by its address in lower case."""
        known = self._homes.get(_ANY_ACCOUNT + address)
        return self._hierarchy.canonical(known) if known else self._home(address)

    def _home(self, address: str) -> str:
        """The project that the address of a service account shows; there are far fewer hosts than accounts."""
        example = alike_account(address)
        home = self._shown.get(example)
        if home is None:
            project = home_of_account(example)
            home = self._hierarchy.canonical(f"projects/{project}") if project else ""
            if self._settled:
                self._shown[example] = home
        return home

    def type_of(self, name: str) -> str | None:
        """The asset type that a name tells, None where it does not."""
        steps = name.removeprefix("//").split("/")
        if container_of(name):
            return f"cloudresourcemanager.googleapis.com/{_LEVELS[steps[1]]}"
        if name.startswith(_STORAGE) and _OBJECTS in name:
            return "storage.googleapis.com/Object"
        return self._kinds.get((steps[0], steps[-2] if len(steps) > 2 else "")) or None

    def knows(self, name: str) -> bool:
        """Whether the input has an asset of this name, in any spelling."""
        return any(self._holds(hash(spelled)) for spelled in self._spellings(name))

    def _holds(self, wanted: int) -> bool:
        place = bisect_left(self._hashes, wanted)
        return place < len(self._hashes) and self._hashes[place] == wanted

    def _spellings(self, name: str) -> Iterator[str]:
        canonical = self.canonical(name)
        yield from (name, canonical)
        if itself := container_of(canonical):
            yield from (MANAGER + other for other in self._hierarchy.spellings(itself))
            return
        home = self.container(canonical)
        if canonical.startswith(_IAM) and _ACCOUNTS in canonical:
            account, slash, inside = canonical.partition(_ACCOUNTS)[2].partition("/")
            for project in self._hierarchy.spellings(home):
                for spelled in (account, self._unique_ids.get(account, account)):
                    yield f"{_IAM}{project}{_ACCOUNTS}{spelled}{slash}{inside}"
            return
        for project in self._hierarchy.spellings(home):
            yield canonical.replace(f"/{home}/", f"/{project}/", 1)

    def read(self, text: str) -> Place:
        """The resource that a text names: a full resource name, or a short form of it. Raises `UnclearResource`.

        Of a resource that is not in the input the place is taken from its name, as far as that tells it.
        """
        name = self.canonical(self._full_name(text.strip()))
        container = self.container(name)
        notes: list[str] = []
        if not self.knows(name):
            where = "" if container_of(name) else f"; by its name it is in {container}" if container else ""
            notes.append(f"{label(name)} is not in the input{where}")
        return Place(name, self.type_of(name), container, tuple(notes), text)

    def place(self, name: str) -> Place:
        """A resource of the input by its canonical name."""
        return Place(name, self.type_of(name), self.container(name))

    def _full_name(self, text: str) -> str:
        text = full_name(text) or text
        if text.startswith("//"):
            if len(text) > 3 and "/" in text[2:].strip("/"):
                return text.rstrip("/")
            raise UnclearResource(text, "names a service and no resource of it")
        if text.startswith("gs://"):
            bucket, _, inside = text.removeprefix("gs://").partition("/")
            if bucket:
                return f"{_STORAGE}{_BUCKETS}{bucket}{_OBJECTS}{inside}" if inside else _STORAGE + bucket
        account = text.removeprefix("serviceAccount:")
        if "/" not in account and "@" in account and (account != text or account.lower().endswith(_ACCOUNT)):
            return account_name(account.lower())
        steps = text.split("/")
        if text.startswith(CONTAINERS) and all(steps):
            return MANAGER + text if len(steps) == 2 else self._with_service(text, steps)
        return self._by_short_name(text)

    def _by_short_name(self, text: str) -> str:
        """A container, bucket or service account by its id or number alone, where the input has just one of it."""
        names = [MANAGER + kind + text for kind in CONTAINERS] + [_STORAGE + text]
        found = [name for name in names if text and "/" not in text and self._has(name)]
        if text in self._addresses:
            found.append(account_name(self._addresses[text]))
        if len(found) == 1:
            return found[0]
        if found:
            raise UnclearResource(text, f"may be {' or '.join(map(label, found))}; write which")
        raise UnclearResource(
            text,
            "is no resource; write projects/ID, folders/NUMBER, organizations/NUMBER, gs://BUCKET, the address of a "
            "service account, or a full resource name (//run.googleapis.com/projects/…)",
        )

    def _has(self, name: str) -> bool:
        """Whether the input has a container or bucket, be it only as what other things stand in."""
        container = container_of(name)
        return bool(container and self._hierarchy.knows(container)) or self.knows(name)

    def _with_service(self, text: str, steps: Sequence[str]) -> str:
        services = sorted(self._services.get(steps[-2], ())) if len(steps) % 2 == 0 else []
        if len(services) == 1:
            return f"//{services[0]}/{text}"
        several = f" ({' or '.join(services)})" if services else ""
        raise UnclearResource(text, f"does not tell its service{several}; write //SERVICE/{visible(text[:_SHOWN])}")


def account_name(address: str) -> str:
    """The canonical name of a service account."""
    return f"{_ANY_ACCOUNT}{address}"


def label(name: str) -> str:
    """A resource as people write it: `projects/p`, `gs://b`, a service account's address, else the full name."""
    if name.startswith(MANAGER):
        return name.removeprefix(MANAGER)
    if name.startswith(_IAM) and _ACCOUNTS in name and name.count("/") == 6:
        return f"service account {name.rpartition('/')[2]}"
    if name.startswith(_STORAGE):
        inside = name.removeprefix(_STORAGE)
        if "/" not in inside:
            return f"gs://{inside}"
        bucket, _, path = inside.removeprefix(_BUCKETS).partition(_OBJECTS)
        return f"gs://{bucket}/{path}" if path else name
    return name


def holders(name: str) -> Iterator[tuple[str, bool]]:
    """The resources around one, the nearest first, up to its project, and whether such resources have policies."""
    for outer in _around(name):
        steps = outer.removeprefix("//").split("/")
        service = steps[0].removesuffix(".googleapis.com")
        collection = steps[-2] if len(steps) > 2 else "buckets"
        yield outer, collection in _WITH_POLICY.get(service, ())


def _around(name: str) -> Iterator[str]:
    """The names that a name goes on from, the longest first."""
    if name.startswith(_STORAGE + _BUCKETS):
        yield _STORAGE + name.removeprefix(_STORAGE + _BUCKETS).partition("/")[0]
        return
    steps = name.removeprefix("//").split("/")
    for inner in range(len(steps) - 2, max(3, len(steps) - 2 * _DEEPEST), -2):
        yield "//" + "/".join(steps[:inner])


def _container_in(steps: Sequence[str]) -> str:
    """The container that the steps of a name tell."""
    for kind in _LEVELS:
        if kind in steps[:-1]:
            identifier = steps[steps.index(kind) + 1]
            if identifier not in ("_", "-", ""):
                return f"{kind}/{identifier}"
    return ""
