"""Whether a member of a binding, a deny rule or a boundary's target includes a principal.

Sources: cloud.google.com/iam/docs/principals-overview (what each kind of member stands for; secondary domains),
cloud.google.com/iam/docs/principal-identifiers, cloud.google.com/iam/docs/service-account-overview (service accounts
are no members of a Workspace domain), cloud.google.com/iam/docs/principal-access-boundary-policies#principal-sets
"""

from __future__ import annotations

from collections.abc import Callable

from auditor.access.groups import Directory
from auditor.access.members import CONSUMER_DOMAINS, Kind, Member, Selection, parse
from auditor.access.principals import Principal
from auditor.access.truth import Decision, fails, holds, unknown

_GKE_POOL = ".svc.id.goog"
_GOOGLE_ACCOUNTS = (Kind.USER, Kind.SERVICE_ACCOUNT, Kind.GROUP, Kind.DOMAIN, Kind.CUSTOMER, Kind.ALL_ACCOUNTS)


_IN_PROJECTS = (
    Kind.SERVICE_ACCOUNT,
    Kind.WORKLOAD_IDENTITY,
    Kind.KUBERNETES,
    Kind.AGENT_IDENTITY,
    Kind.ALL_ACCOUNTS,
    Kind.ALL_PRINCIPALS,
)


def covers(member: Member | str, who: Principal, directory: Directory) -> Decision:
    """Whether a member includes a principal, with the facts that decide it (or that are missing).

    A group as principal means whoever is in it, a principal set whoever belongs to it. What rests on a project's
    policy (`projectOwner:p`), on the hierarchy or on domains is asked of the directory's surroundings.
    """
    member = parse(member) if isinstance(member, str) else member
    if member.deleted:
        return fails(f"{member} was deleted and matches nobody")
    if member.canonical == who.name:
        return holds(str(member))
    return _RULES[member.kind](member, who, directory)


def _everyone(member: Member, who: Principal, directory: Directory) -> Decision:  # noqa: ARG001 - the rules' form
    if member.value == "allUsers":
        return holds(f"{member} is everyone")
    if who.kind in _GOOGLE_ACCOUNTS:
        return holds(f"{member} is everyone with a Google account or service account")
    if who.is_federated:
        return fails(f"{member} leaves out identities of outside providers")
    if who.is_anonymous:
        return fails(f"{member} leaves out callers without credentials")
    return unknown(f"whether {member} includes {who} is not documented")


def _account(member: Member, who: Principal, directory: Directory) -> Decision:  # noqa: ARG001 - the rules' form
    return fails(f"{member} is not {who}")


def _group(member: Member, who: Principal, directory: Directory) -> Decision:
    return directory.includes(member.canonical, who)


def _role_holders(member: Member, who: Principal, directory: Directory) -> Decision:
    role, project = member.stands_for
    return directory.surroundings.holds_role(role, project, who)


def _domain(member: Member, who: Principal, directory: Directory) -> Decision:
    """A domain stands for all users of its customer, in secondary domains too, and for nothing else."""
    if who.kind is Kind.CUSTOMER:
        return _same_customer(member, directory.customer_of(member.value), who.member.value, who)
    if who.kind not in (Kind.USER, Kind.DOMAIN):
        return fails(f"{member} is the users of a Workspace customer, and {who} is none")
    if who.domain == member.value:
        return holds(f"{member} → {who}")
    return _of_customer(member, directory.customer_of(member.value), who, directory)


def _customer(member: Member, who: Principal, directory: Directory) -> Decision:
    if who.kind is Kind.SERVICE_ACCOUNT:
        if member.text.startswith("//"):  # boundaries know service accounts by project, not by customer
            return fails(f"{member} is the identities of a Workspace domain, and {who} lives in a project")
        return unknown(f"whether {member} includes service accounts is not documented")
    if who.kind is Kind.CUSTOMER:
        return fails(f"{member} is another customer than {who}")
    if who.kind not in (Kind.USER, Kind.DOMAIN):
        return fails(f"{member} is the accounts of a Workspace customer, and {who} is none")
    return _of_customer(member, member.value, who, directory)


def _of_customer(member: Member, customer: str, who: Principal, directory: Directory) -> Decision:
    """Whether a user or domain is of a customer, whose id is `""` where it is not known."""
    if who.domain in CONSUMER_DOMAINS:
        return fails(f"{who.domain} belongs to no Workspace customer")
    return _same_customer(member, customer, directory.customer_of(who.domain), who)


def _same_customer(member: Member, one: str, other: str, who: Principal) -> Decision:
    if not one or not other:
        return unknown(f"whether {member} and {who} are of one Workspace customer is not known")
    return holds(f"{member} → customer {one} → {who}") if one == other else fails(f"{who} is of customer {other}")


def _pool(member: Member, who: Principal, directory: Directory) -> Decision:  # noqa: ARG001 - the rules' form
    asked, mine = member.selection, who.selection
    if asked is None:
        return unknown(f"{member} is not understood")
    if mine is None or not who.is_federated:
        return fails(f"{member} is of an identity pool, and {who} is not")
    if not _same_pool(asked, mine):
        return fails(f"{who} is of another identity pool than {member}")
    if asked.selector in ("", "*"):
        return holds(f"{member} → {who}")
    return _selected(member, asked.selector, who, mine.selector)


def _same_pool(one: Selection, other: Selection) -> bool:
    """Pools of GKE are named after the project, and their legacy spelling has no project number."""
    return one.pool == other.pool and (one.project == other.project or one.pool.endswith(_GKE_POOL))


def _selected(member: Member, asked: str, who: Principal, mine: str) -> Decision:
    name, _, value = asked.partition("/")
    if name == "subject":
        known = mine.startswith("subject/") or who.is_set
        return fails(f"{member} is not {who}") if known else _attribute_unknown(who, asked)
    if name == "namespace" and mine.startswith("subject/ns/"):
        inside = mine.startswith(f"subject/ns/{value}/")
        return holds(f"{member} → {who}") if inside else fails(f"{who} is of another namespace than {member}")
    values = who.attribute(name)
    if values is None:
        return _attribute_unknown(who, asked)
    if value in values:
        return holds(f"{member} → {who}")
    if who.is_set:
        return _attribute_unknown(who, asked)
    return fails(f"{who} has {' and '.join(f'{name}/{known}' for known in sorted(values))}, not {asked}")


def _attribute_unknown(who: Principal, asked: str) -> Decision:
    return unknown(f"whether {who} has {asked} is not known")


def _agent_identities(member: Member, who: Principal, directory: Directory) -> Decision:  # noqa: ARG001 - as above
    asked, mine = member.selection, who.selection
    if asked is None:
        return unknown(f"{member} is not understood")
    if mine is None or who.kind is not Kind.AGENT_IDENTITY:
        return fails(f"{member} is of agent identities, and {who} is none")
    if asked.pool != mine.pool:
        return fails(f"{who} is of another trust domain than {member}")
    if asked.selector in ("", "*"):
        return holds(f"{member} → {who}")
    name, _, place = asked.selector.partition("/")
    if name == "resources":
        return fails(f"{member} is not {who}")
    if who.is_set or name not in ("attribute.platformContainer", "attribute.container"):
        return _attribute_unknown(who, asked.selector)
    resource = mine.selector.removeprefix("resources/")
    if name == "attribute.container":  # any service
        resource = resource.partition("/")[2]
    inside = resource.startswith(f"{place}/")
    return holds(f"{member} → {who}") if inside else fails(f"{who} is of another project than {member}")


def _all_accounts(member: Member, who: Principal, directory: Directory) -> Decision:
    """Service accounts of a container's projects, or service agents that work for it or what is below it."""
    container, kind = member.container
    if who.kind is Kind.ALL_ACCOUNTS and who.member.container[1] == kind:
        return _within(member, container, who, directory)
    if who.kind is not Kind.SERVICE_ACCOUNT:
        return fails(f"{member} is service accounts, and {who} is none")
    if kind not in ("ServiceAccount", "ServiceAgent"):
        return unknown(f"what {member} stands for is not documented")
    is_agent = who.member.is_service_agent or who.member.is_build_account
    if is_agent is not (kind == "ServiceAgent"):
        return fails(f"{who} is {'a service agent' if is_agent else 'no service agent'}")
    return _within(member, container, who, directory)


def _all_principals(member: Member, who: Principal, directory: Directory) -> Decision:
    """Whom a boundary holds for: accounts, workload pools and agents of a container, the people of an organisation."""
    container = member.container[0]
    is_agent = who.kind is Kind.SERVICE_ACCOUNT and (who.member.is_service_agent or who.member.is_build_account)
    if is_agent or who.member.container[1] == "ServiceAgent":
        return unknown(f"whether {member} includes service agents is not documented")
    if who.kind in _IN_PROJECTS:
        return _within(member, container, who, directory)
    if who.kind not in (Kind.USER, Kind.DOMAIN, Kind.WORKFORCE_IDENTITY) or not container.startswith("organizations/"):
        return fails(f"{member} does not include {who}")
    if who.kind is not Kind.WORKFORCE_IDENTITY:
        return _of_customer(member, directory.surroundings.customer_of_organization(container), who, directory)
    pool = who.selection.pool if who.selection is not None else ""
    organization = directory.surroundings.organization_of_pool(pool)
    if not organization:
        return unknown(f"the organization of workforce pool {pool} is not known")
    return holds(f"{member} → {who}") if organization == container else fails(f"{who} is of {organization}")


def _within(member: Member, container: str, who: Principal, directory: Directory) -> Decision:
    home = who.home
    if not home:
        return unknown(f"the project of {who} is not known")
    if home == container:
        return holds(f"{member} → {who}")
    above = directory.surroundings.ancestors(home)
    if above is None:
        if _are_surely_apart(home, container):
            return fails(f"{who} is of {home}")
        return unknown(f"whether {home} lies in {container} is not known")
    return holds(f"{member} → {home} → {who}") if container in above else fails(f"{home} does not lie in {container}")


def _are_surely_apart(home: str, container: str) -> bool:
    """Whether one container cannot lie in another: organisations lie in nothing, and projects not in projects.

    A project's number and a project's id may mean one project.
    """
    kind, _, number = home.partition("/")
    other_kind, _, other = container.partition("/")
    return kind == "organizations" or (kind == other_kind == "projects" and number.isdigit() == other.isdigit())


def _unheard_of(member: Member, who: Principal, directory: Directory) -> Decision:  # noqa: ARG001 - the rules' form
    return unknown(f"what {member} stands for is not known")


_RULES: dict[Kind, Callable[[Member, Principal, Directory], Decision]] = {
    Kind.PUBLIC: _everyone,
    Kind.USER: _account,
    Kind.GROUP: _group,
    Kind.DOMAIN: _domain,
    Kind.SERVICE_ACCOUNT: _account,
    Kind.KUBERNETES: _pool,
    Kind.CONVENIENCE: _role_holders,
    Kind.WORKLOAD_IDENTITY: _pool,
    Kind.WORKFORCE_IDENTITY: _pool,
    Kind.AGENT_IDENTITY: _agent_identities,
    Kind.CUSTOMER: _customer,
    Kind.ALL_ACCOUNTS: _all_accounts,
    Kind.ALL_PRINCIPALS: _all_principals,
    Kind.OTHER: _unheard_of,
}
