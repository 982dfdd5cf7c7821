"""Members of IAM bindings: the one place that reads their spelling.

`parse("serviceAccount:ci@p.iam.gserviceaccount.com")` tells the kind of principal, whether Google runs it,
which domain or project it belongs to, and whether it was deleted.

Sources: cloud.google.com/iam/docs/principal-identifiers, cloud.google.com/iam/docs/service-agents,
cloud.google.com/iam/docs/service-account-types
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

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
    ALL_ACCOUNTS = "all service accounts or agents of a project, folder or organisation"
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
_SETS = (
    ("//cloudresourcemanager.googleapis.com/", Kind.ALL_ACCOUNTS),
    ("/workloadIdentityPools/", Kind.WORKLOAD_IDENTITY),
    ("/workforcePools/", Kind.WORKFORCE_IDENTITY),
)
_ACCOUNT = ".gserviceaccount.com"
_HOME = ".iam" + _ACCOUNT
_COMPUTE_DEFAULT = "-compute@developer" + _ACCOUNT
_APP_ENGINE_DEFAULT = "@appspot" + _ACCOUNT
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
"""Google's projects that house service agents and whose ids do not start with `gcp-sa-`."""


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
        host = self.value.rpartition("@")[2]
        home = host.removesuffix(_HOME)
        return home != host and (home.startswith("gcp-sa-") or home in _AGENT_PROJECTS)

    @property
    def is_default_service_account(self) -> bool:
        """The account that Compute Engine or App Engine made, and that workloads get unless told otherwise."""
        return self.kind is Kind.SERVICE_ACCOUNT and self.value.endswith((_COMPUTE_DEFAULT, _APP_ENGINE_DEFAULT))

    @property
    def is_workload_account(self) -> bool:
        """A service account that the customer's own workloads run as: user-made or default, no agent of Google's."""
        return self.kind is Kind.SERVICE_ACCOUNT and not self.is_service_agent

    @property
    def is_workload(self) -> bool:
        """Code of the customer's rather than a person: service accounts, pods, federated workloads."""
        if self.kind is Kind.ALL_ACCOUNTS:
            return not self.value.endswith("/type/ServiceAgent")
        return self.is_workload_account or self.kind in (Kind.KUBERNETES, Kind.WORKLOAD_IDENTITY)

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
        if self.is_default_service_account or host == "cloudbuild" + _ACCOUNT:
            return name.removesuffix("-compute")
        return ""

    @property
    def pool(self) -> str:
        """The pool of a workload or workforce identity, else `""`."""
        for marker in ("/workloadIdentityPools/", "/workforcePools/"):
            if marker in self.value:
                return self.value.partition(marker)[2].partition("/")[0]
        return ""

    @property
    def is_whole_pool(self) -> bool:
        """Every identity of a workload or workforce identity pool."""
        return bool(self.pool) and self.text.startswith("principalSet:") and self.value.endswith(f"/{self.pool}/*")


@lru_cache(maxsize=1 << 13)
def parse(text: str) -> Member:
    """Read a member as an IAM allow policy spells it. What is not known comes back as `Kind.OTHER`."""
    if text in PUBLIC:
        return Member(text, Kind.PUBLIC, text)
    deleted = text.startswith("deleted:")
    prefix, _, value = text.removeprefix("deleted:").partition(":")
    if deleted:
        value = value.partition("?uid=")[0]
    if prefix in ("principal", "principalSet"):
        kind = next((kind for marker, kind in _SETS if marker in value), Kind.OTHER)
        return Member(text, kind, value, deleted)
    kind = _PREFIXES.get(prefix, Kind.OTHER)
    if kind is Kind.SERVICE_ACCOUNT and value.endswith("]") and ".svc.id.goog[" in value:
        return Member(text, Kind.KUBERNETES, value, deleted)
    return Member(text, kind, value.lower(), deleted)
