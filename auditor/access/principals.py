"""Principals: who a question is asked about. `principal("user:ann@example.com")`.

Sources: cloud.google.com/iam/docs/principals-overview, cloud.google.com/iam/docs/principal-identifiers,
cloud.google.com/kubernetes-engine/docs/concepts/workload-identity
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from auditor.access.members import CONSUMER_DOMAINS, Kind, Member, Selection, parse
from auditor.model.text import visible

_ACCOUNT = ".gserviceaccount.com"
_PUBLIC_GROUPS = "googlegroups.com"
_SHOWN = 200
_ADDRESSES = (Kind.USER, Kind.GROUP, Kind.SERVICE_ACCOUNT)
_GKE_POOL = ".svc.id.goog"
_TYPED = {
    name.lower(): name for name in ("user", "group", "serviceAccount", "domain", "allUsers", "allAuthenticatedUsers")
}
"""Kinds of principals as people type them, and as policies spell them."""

_KNOWN_SPELLINGS = (
    "write user:ADDRESS, group:ADDRESS, serviceAccount:ADDRESS, domain:DOMAIN, principal://… or principalSet://…, "
    "allUsers for a caller without credentials, allAuthenticatedUsers for any Google account"
)


class UnclearPrincipal(Exception):  # noqa: N818 - the message is the sentence that the user reads
    """A text names no principal, or might name one of several."""

    def __init__(self, text: str, problem: str) -> None:
        self.problem = problem
        shown = visible(text[:_SHOWN]) + ("…" if len(text) > _SHOWN else "")
        super().__init__(f"{shown or 'an empty text'} {problem}")


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks for access: one identity, or (a group, a domain, a principal set) whoever belongs to a set.

    Of a federated identity, `attributes` holds what is known of its mapped attributes, under the name that a
    principal set selects them by: `attribute.repository`, `group`, `kubernetes.cluster`.
    """

    member: Member
    attributes: tuple[tuple[str, frozenset[str]], ...] = ()

    def __str__(self) -> str:
        return self.member.text

    @property
    def kind(self) -> Kind:
        """What kind of identity it is."""
        return self.member.kind

    @property
    def address(self) -> str:
        """The e-mail address in lower case of a user, group or service account, else `""`."""
        return self.member.value if self.kind in _ADDRESSES else ""

    @property
    def domain(self) -> str:
        """The domain of a user, group or domain, else `""`."""
        return self.member.domain

    @property
    def name(self) -> str:
        """The one text for all spellings of the principal, under which bindings and groups are looked up."""
        return self.member.canonical

    @property
    def is_anonymous(self) -> bool:
        """A caller without credentials."""
        return self.kind is Kind.PUBLIC and self.member.value == "allUsers"

    @property
    def is_federated(self) -> bool:
        """An identity of another provider's, or a set of them: workload, workforce, Kubernetes."""
        return self.kind in (Kind.WORKLOAD_IDENTITY, Kind.WORKFORCE_IDENTITY, Kind.KUBERNETES)

    @property
    def is_set(self) -> bool:
        """Whether it stands for whoever belongs to a set, and not for one identity."""
        selection = self.member.selection
        if selection is not None:
            return self.member.text.startswith(("principalSet:", "//"))
        return self.kind not in (Kind.USER, Kind.SERVICE_ACCOUNT) and not self.is_anonymous

    @property
    def selection(self) -> Selection | None:
        """Pool or trust domain and selector of a federated or agent identity."""
        return self.member.selection

    def attribute(self, name: str) -> frozenset[str] | None:
        """The values of a mapped attribute, None where they are not known."""
        return next((values for known, values in self.attributes if known == name), None)

    @property
    def home(self) -> str:
        """`projects/ID-OR-NUMBER` that it lives in, `""` if not told; agents may live in `folders/…` or above."""
        if self.kind is Kind.SERVICE_ACCOUNT:
            project = self.member.account_project
            return self.member.agent_owner or (f"projects/{project}" if project else "")
        selection = self.selection
        if selection is None:
            return self.member.container[0]
        if self.kind is Kind.AGENT_IDENTITY:
            steps = selection.selector.split("/")
            place = steps.index("projects") + 1 if "projects" in steps[:-1] else 0
            return f"projects/{steps[place]}" if place else ""
        number = selection.project
        if not number and selection.pool.endswith(_GKE_POOL):
            number = selection.pool.removesuffix(_GKE_POOL)
        return f"projects/{number}" if number else ""


def principal(text: str, attributes: Mapping[str, str | Iterable[str]] | None = None) -> Principal:
    """Read a principal as any IAM policy spells it.

    Of a bare e-mail address the domain must tell what it is: a service account, a consumer account, a public
    group. Any other may be a user or a group. `attributes` are those of a federated identity that the caller
    knows; `repository` means `attribute.repository`. Raises `UnclearPrincipal`.
    """
    member = _member(text.strip())
    if member.deleted:
        raise UnclearPrincipal(text, "is deleted, so it can do nothing")
    if member.kind is Kind.CONVENIENCE:
        raise UnclearPrincipal(text, "stands for whoever holds a role; ask about one of them")
    if member.kind is Kind.OTHER or not _is_whole(member):
        raise UnclearPrincipal(text, f"is no principal; {_KNOWN_SPELLINGS}")
    known = {_attribute_name(name): _values(values) for name, values in (attributes or {}).items()}
    selection = member.selection
    if selection is not None:
        name, _, value = selection.selector.partition("/")
        if value and name != "subject":
            known[name] = known.get(name, frozenset()) | {value}
    return Principal(member, tuple(sorted(known.items())))


def _member(text: str) -> Member:
    if ":" in text or "@" not in text:
        prefix, mark, rest = text.partition(":")
        return parse(f"{_TYPED.get(prefix.lower(), prefix)}{mark}{rest}")
    domain = text.rpartition("@")[2].lower()
    if domain.endswith(_ACCOUNT):
        return parse(f"serviceAccount:{text}")
    if domain in CONSUMER_DOMAINS:
        return parse(f"user:{text}")
    if domain == _PUBLIC_GROUPS:
        return parse(f"group:{text}")
    raise UnclearPrincipal(text, "may be a user or a group; write user:ADDRESS or group:ADDRESS")


def _is_whole(member: Member) -> bool:
    """Whether nothing of the name is missing."""
    if member.kind in _ADDRESSES:
        name, _, domain = member.value.partition("@")
        return bool(name and domain) and "@" not in domain and not any(map(str.isspace, member.value))
    if member.kind is Kind.PUBLIC:
        return True
    if member.kind is Kind.DOMAIN:
        return "." in member.value and "@" not in member.value and not any(map(str.isspace, member.value))
    if member.kind is Kind.KUBERNETES:
        return member.selection is not None
    return bool(member.value)


def _attribute_name(name: str) -> str:
    """`attribute.repository` for `repository`; names that are not the customer's to choose stay."""
    return name if "." in name or name == "group" else f"attribute.{name}"


def _values(values: str | Iterable[str]) -> frozenset[str]:
    return frozenset((values,)) if isinstance(values, str) else frozenset(values)
