"""Members of IAM bindings: the one place that reads their spelling.

`parse("serviceAccount:ci@p.iam.gserviceaccount.com")` tells the kind of principal, whether Google runs it,
which domain or project it belongs to, and whether it was deleted.

Allow policies (IAM v1), deny policies (v2) and bindings of principal access boundaries (v3) spell the same principal
differently; `Member.canonical` is one spelling for all of them.

Sources: cloud.google.com/iam/docs/principal-identifiers, cloud.google.com/iam/docs/principals-overview,
cloud.google.com/iam/docs/service-agents, cloud.google.com/iam/docs/service-account-types,
cloud.google.com/bigquery/docs/reference/rest/v2/datasets (specialGroup)
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from auditor.resources.policy import PUBLIC


class Kind(StrEnum):
    """What a member string stands for."""

    PUBLIC = "public"
    USER = "user"
    GROUP = "group"
    DOMAIN = "domain"
    SERVICE_ACCOUNT = "service account"
    KUBERNETES = "Kubernetes service account"
    CONVENIENCE = "convenience member"
    WORKLOAD_IDENTITY = "workload identity"
    WORKFORCE_IDENTITY = "workforce identity"
    AGENT_IDENTITY = "agent identity"
    CUSTOMER = "Google Workspace or Cloud Identity customer"
    ALL_ACCOUNTS = "all service accounts or agents of a project, folder or organisation"
    ALL_PRINCIPALS = "all principals of a project, folder or organisation"
    OTHER = "other"


CONSUMER_DOMAINS = frozenset({"gmail.com", "googlemail.com"})
"""Domains whose addresses anyone can register for themselves."""

_PREFIXES = {
    "user": Kind.USER,
    "group": Kind.GROUP,
    "domain": Kind.DOMAIN,
    "serviceAccount": Kind.SERVICE_ACCOUNT,
    "projectOwner": Kind.CONVENIENCE,
    "projectEditor": Kind.CONVENIENCE,
    "projectViewer": Kind.CONVENIENCE,
}
_OTHER_SPELLINGS = (
    ("principal://goog/subject/", Kind.USER),
    ("principalSet://goog/group/", Kind.GROUP),
    ("principal://iam.googleapis.com/projects/-/serviceAccounts/", Kind.SERVICE_ACCOUNT),
    ("principalSet://goog/cloudIdentityCustomerId/", Kind.CUSTOMER),
    ("//iam.googleapis.com/locations/global/workspace/", Kind.CUSTOMER),
)
"""How deny policies and boundary bindings begin the names of what allow policies spell with a prefix."""

_EVERYONE = "principalSet://goog/public:all"
_POOL = re.compile(
    r"//iam\.googleapis\.com/(?:projects/([^/]+)/)?locations/[^/]+/(workloadIdentityPools|workforcePools)/([^/]+)"
    r"(?:/(.*))?",
    re.DOTALL,
)
_TRUST_DOMAIN = re.compile(r"//([^/]+\.system\.id\.goog)(?:/(.*))?", re.DOTALL)
_CONTAINER = re.compile(
    r"//cloudresourcemanager\.googleapis\.com/((?:projects|folders|organizations)/[^/]+)(?:/type/([^/]+))?"
)
_GKE_ACCOUNT = re.compile(r"([^\[\]]+\.svc\.id\.goog)\[([^/\[\]]+)/([^/\[\]]+)\]")
_GKE_SUBJECT = re.compile(r"subject/ns/([^/]+)/sa/([^/]+)")
_GKE_POOL = ".svc.id.goog"

_CONVENIENCE_ROLES = {
    "projectOwner": "roles/owner",
    "projectEditor": "roles/editor",
    "projectViewer": "roles/viewer",
}
_SPECIAL_GROUPS = {
    "projectOwners": "projectOwner",
    "projectWriters": "projectEditor",
    "projectReaders": "projectViewer",
}
_ACCOUNT = ".gserviceaccount.com"
_HOME = ".iam" + _ACCOUNT
_COMPUTE_DEFAULT = "-compute@developer" + _ACCOUNT
_APP_ENGINE_DEFAULT = "@appspot" + _ACCOUNT
_BUILD = "@cloudbuild" + _ACCOUNT
DEFAULT_ACCOUNTS = (_COMPUTE_DEFAULT, _APP_ENGINE_DEFAULT)
"""How the addresses of the accounts end that Compute Engine and App Engine make."""
_GOOGLE_DOMAINS = ("@cloudservices" + _ACCOUNT, "@system" + _ACCOUNT)
_AGENT_PROJECTS = frozenset(
    {
        "bigquery-encryption",
        "cloud-cdn-fill",
        "cloud-filer",
        "cloud-memcache-sa",
        "cloud-ml.google.com",
        "cloud-redis",
        "cloud-tpu",
        "cloudcomposer-accounts",
        "compute-system",
        "container-analysis",
        "container-engine-robot",
        "containerregistry",
        "dataflow-service-producer-prod",
        "dataproc-accounts",
        "dlp-api",
        "endpoints-portal",
        "firebase-rules",
        "firebase-sa-management",
        "gae-api-prod.google.com",
        "gcf-admin-robot",
        "gcp-gae-service",
        "genomics-api.google.com",
        "gs-project-accounts",
        "remotebuildexecution",
        "security-center-api",
        "serverless-robot-prod",
        "service-consumer-management",
        "service-networking",
        "sourcerepo-service-accounts",
        "storage-transfer-service",
    }
)
"""Google's projects that house service agents and whose ids do not start with `gcp-sa-` or `gcp-ri-`."""

_AGENT_PREFIXES = ("gcp-sa-", "gcp-ri-")
_SHORT_AGENT_PROJECTS = frozenset({"cloud-ml", "gae-api-prod"})
"""Projects of `google.com` that the reference names without it; in them only agents' names (`service-NUMBER`) count."""

_AGENT_NAME = re.compile(r"service-\d+")
_AGENT_OWNER = re.compile(r"([a-z-]*)(\d+)(?:-.*)?")
_OWNER_TYPES = {
    **dict.fromkeys(("", "service-", "service-p", "project-", "p", "p-", "b", "c-"), "projects"),
    **dict.fromkeys(("bq-", "bqcx-", "connection-", "blirc-", "vault-"), "projects"),
    **dict.fromkeys(("service-folder-", "service-f", "f"), "folders"),
    **dict.fromkeys(("service-org-", "organizations-", "service-o", "o"), "organizations"),
}
"""What stands before the number in an agent's name → what the number is of."""


class Selection(NamedTuple):
    """Which identities of a pool or trust domain a member stands for.

    `project` is the number of the pool's project, `""` for workforce pools and trust domains. `selector` is what
    follows the pool: `subject/…`, `group/…`, `attribute.NAME/…`, `*`, or `""` for the pool itself.
    """

    pool: str
    project: str
    selector: str


@dataclass(frozen=True, slots=True)
class Member:
    """One member of a binding, read.

    `value` is what follows the prefix: an address in lower case, a domain, or the rest of a principal's name.
    A deleted member matches nobody.
    """

    text: str
    kind: Kind
    value: str = ""
    deleted: bool = False

    def __str__(self) -> str:
        return self.text

    @property
    def is_public(self) -> bool:
        """Everyone on the internet, or everyone with any Google account."""
        return self.kind is Kind.PUBLIC

    @property
    def is_person(self) -> bool:
        """One human being, or a set of them: user, group, domain, workforce."""
        return self.kind in (Kind.USER, Kind.GROUP, Kind.DOMAIN, Kind.WORKFORCE_IDENTITY)

    @property
    def domain(self) -> str:
        """The domain of a user, group or domain member, else `""`."""
        if self.kind is Kind.DOMAIN:
            return self.value
        return self.value.rpartition("@")[2] if self.kind in (Kind.USER, Kind.GROUP) else ""

    @property
    def is_consumer(self) -> bool:
        """A user whose address is not managed by any organisation, such as one at gmail.com."""
        return self.kind is Kind.USER and self.domain in CONSUMER_DOMAINS

    @property
    def is_service_agent(self) -> bool:
        """A service account that Google created, runs and holds the credentials of."""
        if self.kind is not Kind.SERVICE_ACCOUNT:
            return False
        if self.value.endswith(_GOOGLE_DOMAINS):
            return True
        name, _, host = self.value.rpartition("@")
        home = host.removesuffix(_HOME)
        if home == host:
            return False
        if home in _SHORT_AGENT_PROJECTS:
            return _AGENT_NAME.fullmatch(name) is not None
        return home.startswith(_AGENT_PREFIXES) or home in _AGENT_PROJECTS

    @property
    def agent_owner(self) -> str:
        """`projects/NUMBER`, `folders/…` or `organizations/…` that a service agent works for, where its name tells."""
        if not (self.is_service_agent or self.is_build_account):
            return ""
        match = _AGENT_OWNER.fullmatch(self.value.partition("@")[0])
        owner = _OWNER_TYPES.get(match[1], "") if match else ""
        return f"{owner}/{match[2]}" if match and owner else ""

    @property
    def is_build_account(self) -> bool:
        """Cloud Build's legacy account: listed with service agents, yet the customer's builds run as it."""
        return self.kind is Kind.SERVICE_ACCOUNT and self.value.endswith(_BUILD)

    @property
    def is_default_service_account(self) -> bool:
        """The account that Compute Engine or App Engine made, and that workloads get unless told otherwise."""
        return self.kind is Kind.SERVICE_ACCOUNT and self.value.endswith(DEFAULT_ACCOUNTS)

    @property
    def is_workload_account(self) -> bool:
        """A service account that the customer's own workloads run as: user-made or default, no agent of Google's."""
        return self.kind is Kind.SERVICE_ACCOUNT and not self.is_service_agent

    @property
    def is_workload(self) -> bool:
        """Code of the customer's rather than a person: service accounts, pods, federated workloads."""
        if self.kind is Kind.ALL_ACCOUNTS:
            return not self.value.endswith("/type/ServiceAgent")
        return self.is_workload_account or self.kind in (Kind.KUBERNETES, Kind.WORKLOAD_IDENTITY, Kind.AGENT_IDENTITY)

    @property
    def account_project(self) -> str:
        """The project id (or number) in the address of a customer's service account, where it shows one."""
        if not self.is_workload_account:
            return ""
        name, _, host = self.value.partition("@")
        if host.endswith(_HOME):
            home = host.removesuffix(_HOME)
            project, _, organisation = home.partition(".")
            return f"{organisation}:{project}" if organisation else project
        if self.is_default_service_account or self.is_build_account:
            return name.removesuffix("-compute")
        return ""

    @property
    def selection(self) -> Selection | None:
        """The pool or trust domain of a federated or agent identity and what is selected of it, else None."""
        if self.kind is Kind.KUBERNETES:
            legacy = _GKE_ACCOUNT.fullmatch(self.value)
            return Selection(legacy[1], "", f"subject/ns/{legacy[2]}/sa/{legacy[3]}") if legacy else None
        pool = _POOL.fullmatch(self.value) if self.kind in (Kind.WORKLOAD_IDENTITY, Kind.WORKFORCE_IDENTITY) else None
        if pool:
            return Selection(pool[3], pool[1] or "", pool[4] or "")
        trust = _TRUST_DOMAIN.fullmatch(self.value) if self.kind is Kind.AGENT_IDENTITY else None
        return Selection(trust[1], "", trust[2] or "") if trust else None

    @property
    def pool(self) -> str:
        """The pool of a workload or workforce identity, else `""`."""
        pool = _POOL.fullmatch(self.value)
        return pool[3] if pool else ""

    @property
    def is_whole_pool(self) -> bool:
        """Every identity of a workload or workforce identity pool."""
        pool = _POOL.fullmatch(self.value)
        return pool is not None and pool[4] == ("*" if self.text.startswith("principalSet:") else None)

    @property
    def container(self) -> tuple[str, str]:
        """(`folders/1`, `ServiceAccount`) of a set of a container's accounts; the type is `""` for all principals."""
        match = _CONTAINER.fullmatch(self.value)
        return (match[1], match[2] or "") if match else ("", "")

    @property
    def stands_for(self) -> tuple[str, str]:
        """(`roles/owner`, `p`) of `projectOwner:p`, which stands for whoever holds the role on the project."""
        if self.kind is not Kind.CONVENIENCE:
            return "", ""
        return _CONVENIENCE_ROLES[self.text.removeprefix("deleted:").partition(":")[0]], self.value

    @property
    def canonical(self) -> str:
        """The one text for all spellings of the member, as an allow policy writes it where it can."""
        deleted = "deleted:" if self.deleted else ""
        if self.kind in _CANONICAL:
            return f"{deleted}{_CANONICAL[self.kind]}{self.value}"
        if self.kind in (Kind.WORKLOAD_IDENTITY, Kind.WORKFORCE_IDENTITY):
            return deleted + self._canonical_identity()
        if self.kind is Kind.PUBLIC:
            return self.value
        return self.text

    def _canonical_identity(self) -> str:
        pool = _POOL.fullmatch(self.value)
        name = self.text.removeprefix("deleted:")
        if pool is None:
            return name
        account = _GKE_SUBJECT.fullmatch(pool[4] or "") if pool[3].endswith(_GKE_POOL) else None
        if account:
            return f"serviceAccount:{pool[3]}[{account[1]}/{account[2]}]"
        return name if name.startswith("principal") else f"principalSet:{self.value}/*"


_ACCOUNT_PREFIXES = ("user:", "group:", "serviceAccount:")
_CANONICAL = {
    Kind.USER: "user:",
    Kind.GROUP: "group:",
    Kind.DOMAIN: "domain:",
    Kind.SERVICE_ACCOUNT: "serviceAccount:",
    Kind.KUBERNETES: "serviceAccount:",
    Kind.CUSTOMER: "principalSet://goog/cloudIdentityCustomerId/",
}


@lru_cache(maxsize=1 << 13)
def parse(text: str) -> Member:
    """Read a member as any IAM policy spells it. What is not known comes back as `Kind.OTHER`."""
    if text.startswith(_ACCOUNT_PREFIXES) and not text.endswith("]"):  # nearly all
        prefix, _, value = text.partition(":")
        return Member(text, _PREFIXES[prefix], value.lower())
    if text in PUBLIC:
        return Member(text, Kind.PUBLIC, text)
    if text == _EVERYONE:
        return Member(text, Kind.PUBLIC, PUBLIC[0])
    deleted = text.startswith("deleted:")
    name = text.removeprefix("deleted:")
    if deleted:
        name = name.partition("?uid=")[0]
    if name.startswith(("principal:", "principalSet:", "//")):
        kind, value = _resource_name(name)
        return Member(text, kind, value, deleted)
    prefix, _, value = name.partition(":")
    kind = _PREFIXES.get(prefix, Kind.OTHER)
    if kind is Kind.SERVICE_ACCOUNT and value.endswith("]") and ".svc.id.goog[" in value:
        return Member(text, Kind.KUBERNETES, value, deleted)
    return Member(text, kind, value.lower(), deleted)


def canonical(text: str) -> str:
    """`parse(text).canonical`, without reading further than nearly all members need."""
    if text.startswith(_ACCOUNT_PREFIXES) and not text.endswith("]"):
        prefix, _, value = text.partition(":")
        address = value.lower()
        return text if address == value else f"{prefix}:{address}"
    return parse(text).canonical


def home_of_account(address: str) -> str:
    """`Member.account_project` of a service account."""
    return parse(f"serviceAccount:{address}").account_project


def is_attachable(address: str) -> bool:
    """Whether a customer's workload can run as a service account: neither Google's agents nor Cloud Build's."""
    return _is_attachable(alike_account(address))


@lru_cache(maxsize=1 << 14)
def _is_attachable(address: str) -> bool:
    read = parse(f"serviceAccount:{address}")
    return read.is_workload_account and not read.is_build_account


def alike_account(address: str) -> str:
    """An address at the same host of which the same is true, or the address itself where the host does not decide.

    An estate has far fewer hosts than accounts.
    """
    _, _, host = address.partition("@")
    home = host.removesuffix(_HOME)
    decides = home != host and "@" not in home and "[" not in home and home not in _SHORT_AGENT_PROJECTS
    return f"any@{host}" if decides else address


def special_group(name: str, project: str) -> Member:
    """The member that a special group of a BigQuery dataset in `project` stands for.

    `projectOwners` are whoever holds roles/owner on the dataset's project, and so on for writers and readers.
    """
    return parse(f"{_SPECIAL_GROUPS[name]}:{project}" if name in _SPECIAL_GROUPS else name)


def _resource_name(name: str) -> tuple[Kind, str]:
    """Kind and value of a principal that is spelled as a resource name."""
    for beginning, kind in _OTHER_SPELLINGS:
        if name.startswith(beginning):
            value = name.removeprefix(beginning)
            return kind, value if kind is Kind.CUSTOMER else value.lower()
    value = name.removeprefix("principalSet:").removeprefix("principal:")
    if pool := _POOL.fullmatch(value):
        return (Kind.WORKFORCE_IDENTITY if pool[2] == "workforcePools" else Kind.WORKLOAD_IDENTITY), value
    if container := _CONTAINER.fullmatch(value):
        return (Kind.ALL_ACCOUNTS if container[2] else Kind.ALL_PRINCIPALS), value
    return (Kind.AGENT_IDENTITY if _TRUST_DOMAIN.fullmatch(value) else Kind.OTHER), value
