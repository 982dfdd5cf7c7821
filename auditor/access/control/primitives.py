"""Escalation primitives: what a holder of some permissions can make of them, beyond what they say.

The catalogue is `auditor/data/escalation.json`; each primitive names Google's pages that it rests on. Ids are
permanent. Sources of the forms: cloud.google.com/iam/docs/service-account-permissions (impersonation),
cloud.google.com/iam/docs/attach-service-accounts (actAs, the cross-project rule),
cloud.google.com/iam/docs/roles-permissions (permissions by service), cloud.google.com/iam/docs/service-agents.
"""

from __future__ import annotations

import datetime
import re
from collections import Counter
from collections.abc import Iterable
from enum import StrEnum
from functools import cache
from importlib.resources import files

import msgspec

ACT_AS = "iam.serviceAccounts.actAs"
"""Asked for on the service account, apart from the permissions to make what it is attached to."""


class CatalogueError(ValueError):
    """The catalogue contradicts itself: the installed file is damaged."""


class Scope(StrEnum):
    """Where the permissions must be held; a grant on any ancestor holds too."""

    SERVICE_ACCOUNT = "service_account"
    RESOURCE = "resource"
    BUCKET = "bucket"
    CLUSTER = "cluster"
    ENTITLEMENT = "entitlement"
    TAG = "tag"
    """On the tag value and on the resource that it is bound to."""
    ROLE = "role"
    """On the project or organisation that the custom role belongs to."""
    PROJECT = "project"
    FOLDER = "folder"
    ORGANIZATION = "organization"
    NODE = "node"
    """On an organisation, folder or project: what is won is won there."""
    GROUP = "group"
    BILLING_ACCOUNT = "billing_account"
    ACCESS_POLICY = "access_policy"


class Gain(StrEnum):
    """What the holder wins."""

    SERVICE_ACCOUNT = "service_account"
    """The service account on which the permissions are held, and each below the scope on which they are."""
    SERVICE_ACCOUNT_RELAY = "service_account_relay"
    """Not the account itself, but each account for which it may mint tokens or relay further."""
    SERVICE_ACCOUNT_LIMITED = "service_account_limited"
    """A service account, for some APIs or audiences only."""
    ATTACHABLE_ACCOUNT = "attachable_account"
    """Each service account on which the same identity holds actAs: of the same project, or of another one whose
    project does not enforce iam.disableCrossProjectServiceAccountUsage."""
    ATTACHED_ACCOUNT = "attached_account"
    """The service accounts that resources (of `asset_types`) at the scope run as already."""
    PROJECT_AGENT = "project_agent"
    """The accounts of the project that `agents` names."""
    FEDERATED_IDENTITY = "federated_identity"
    """Each identity of the pool that a binding names, and of its wildcards."""
    WORKSPACE_USERS = "workspace_users"
    SCOPE = "scope"
    """The policy of an organisation, folder or project: everything there and below."""
    ROLE_REWRITE = "role_rewrite"
    """Any permission that custom roles support, where a custom role of the scope is bound to the holder."""
    GROUP = "group"
    """Membership, for oneself or anybody."""
    ENTITLEMENT = "entitlement"
    """The entitlement's roles on its resource."""
    RESOURCE = "resource"
    """The policy of one resource that is no identity."""
    GUARDRAIL = "guardrail"
    """Deny and organisation policies, boundaries, perimeters or tag conditions are lifted."""
    REVIVAL = "revival"
    ENABLEMENT = "enablement"
    PERSISTENCE = "persistence"
    DATA = "data"
    DERIVED = "derived"


class Edge(StrEnum):
    """What it takes to draw the primitive as edges of a graph."""

    BINDING = "binding"
    """Allow policies and the hierarchy."""
    INVENTORY = "inventory"
    """Also assets of `asset_types`: where these were not collected, nobody knows."""
    NONE = "none"
    """No estate suffices, or there is nothing to reach: `no_edge_because` says why."""


class ActAs(StrEnum):
    """Whether `iam.serviceAccounts.actAs` is needed too, and on which account."""

    NOT_NEEDED = "none"
    CHOSEN = "chosen"
    """The account that the holder wants."""
    ATTACHED = "attached"
    """The account that the resource runs as."""


class Kind(StrEnum):
    """What sort of escalation it is."""

    TAKEOVER = "takeover"
    LIMITED = "limited"
    ENABLER = "enabler"
    DATA = "data"
    RESOURCE = "resource"
    PERSISTENCE = "persistence"
    EXTERNAL = "external"
    DERIVED = "derived"


class Status(StrEnum):
    """Whether it works today."""

    CURRENT = "current"
    PREVIEW = "preview"
    DEPRECATED = "deprecated"
    DISPUTED = "disputed"
    RETIRED = "retired"
    """The service ended on the day `since`."""


class Primitive(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One way to more power.

    `ways` are alternatives, each a set of permissions that one identity must hold; `also` are further permissions
    with which the doubt of `possible_because` is gone. Without a doubt the edge is certain.
    """

    id: str
    title: str
    kind: Kind
    gain: Gain
    scope: Scope
    edge: Edge
    sources: tuple[str, ...]
    ways: tuple[tuple[str, ...], ...] = ()
    also: tuple[str, ...] = ()
    act_as: ActAs = ActAs.NOT_NEEDED
    asset_types: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()
    possible_because: str = ""
    no_edge_because: str = ""
    status: Status = Status.CURRENT
    since: datetime.date | None = None

    @property
    def permissions(self) -> frozenset[str]:
        """All permissions that any way names, with `also`; not actAs."""
        return frozenset(permission for way in (*self.ways, self.also) for permission in way)

    @property
    def is_certain(self) -> bool:
        """Whether its edges rest on nothing unknown, where the permissions are certain."""
        return not self.possible_because

    def works_on(self, day: datetime.date) -> bool:
        """Whether the service behind it is not retired on a day."""
        return self.status is not Status.RETIRED or self.since is None or day < self.since


@cache
def primitives() -> tuple[Primitive, ...]:
    """The catalogue, in its own order. Raises `CatalogueError` where it contradicts itself."""
    return parse(files("auditor.data").joinpath("escalation.json").read_bytes())


@cache
def by_permission() -> dict[str, tuple[Primitive, ...]]:
    """The primitives that a permission has a part in."""
    found: dict[str, list[Primitive]] = {}
    for primitive in primitives():
        for permission in primitive.permissions:
            found.setdefault(permission, []).append(primitive)
    return {permission: tuple(found[permission]) for permission in sorted(found)}


def parse(text: bytes) -> tuple[Primitive, ...]:
    """A catalogue from JSON, checked. Raises `CatalogueError`."""
    try:
        found = msgspec.json.decode(text, type=tuple[Primitive, ...])
    except msgspec.DecodeError as error:
        raise CatalogueError(f"escalation catalogue: {error}") from None
    for name, count in Counter(primitive.id for primitive in found).items():
        if count > 1:
            raise CatalogueError(f"escalation catalogue: {name} is there {count} times")
    for primitive in found:
        problems = list(_problems(primitive))
        if problems:
            raise CatalogueError(f"escalation catalogue, {primitive.id}: {'; '.join(problems)}")
    return found


_PERMISSION = re.compile(r"[a-z][a-zA-Z0-9]*(\.googleapis\.com/[a-zA-Z0-9]+|\.[a-zA-Z0-9]+)\.[a-zA-Z]+")
_SOURCE = re.compile(r"https://cloud\.google\.com/[\w/.-]+")


def _problems(primitive: Primitive) -> Iterable[str]:
    if (primitive.edge is Edge.NONE) != bool(primitive.no_edge_because):
        yield "no_edge_because goes with edge none"
    if (primitive.edge is Edge.INVENTORY) != bool(primitive.asset_types):
        yield "asset_types go with edge inventory"
    if primitive.edge is Edge.BINDING and not primitive.ways:
        yield "an edge from bindings needs permissions"
    if primitive.also and not primitive.possible_because:
        yield "also goes with possible_because"
    if (primitive.gain is Gain.ATTACHABLE_ACCOUNT) != (primitive.act_as is ActAs.CHOSEN):
        yield "an account that can be chosen needs actAs on it"
    if (primitive.gain is Gain.PROJECT_AGENT) != bool(primitive.agents):
        yield "agents go with gain project_agent"
    if (primitive.status is Status.RETIRED) != (primitive.since is not None):
        yield "since goes with status retired"
    if not primitive.sources or not all(_SOURCE.fullmatch(source) for source in primitive.sources):
        yield "a page of cloud.google.com is wanted as source"
    if not primitive.id or not primitive.title:
        yield "an id and a title are wanted"
    for way in (*primitive.ways, *([primitive.also] if primitive.also else [])):
        if not way or len(set(way)) != len(way) or not all(_PERMISSION.fullmatch(name) for name in way):
            yield f"{list(way)} is no set of permissions"
