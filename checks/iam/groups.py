"""Groups that hold roles: who from outside is in them, who decides that, and whether anybody is in them at all."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from auditor import (
    PASS,
    Clock,
    EffectiveAccess,
    Estate,
    Example,
    Fix,
    Policy,
    Severity,
    Verdict,
    asset,
    check,
    fail,
    not_applicable,
    not_assessed,
)
from auditor.access.grants import Grant, grants, tell
from auditor.access.members import CONSUMER_DOMAINS, Kind, Member, parse
from auditor.access.principals import Principal
from auditor.access.standing_index import standing_index
from auditor.resources.cloudidentity import Group, Membership
from auditor.resources.resourcemanager import Folder, Organization, Project
from checks.iam.containers import grant, member_of, narrower, on_folder, on_project
from checks.iam.principals import DomainSettings

_ROLE = on_project(grant("roles/editor", "group:ops@example.com"))
_NESTED = asset(
    Membership,
    {"preferredMemberKey": {"id": "vendors@example.com"}, "type": "GROUP", "roles": [{"name": "MEMBER"}]},
    name="//cloudidentity.googleapis.com/groups/ops/memberships/nested",
    ancestors=["organizations/3001"],
)
_REMOVE = Fix(
    gcloud="gcloud identity groups memberships delete --group-email={group.address} --member-email={found[member]}",
    terraform="google_cloud_identity_group_membership",
    manual="Take the account out of the group; give the person an account of the organization if they need the role.",
    patch=lambda: [*member_of("ops@example.com", "b@example.com"), *member_of("vendors@example.com", "b@example.com")],
)


def _member(name: str, address: str, *roles: str) -> Example:
    return asset(
        Membership,
        {
            "preferredMemberKey": {"id": address},
            "type": "USER",
            "roles": [{"name": role} for role in ("MEMBER", *roles)],
        },
        name=f"//cloudidentity.googleapis.com/groups/{name}",
        ancestors=["organizations/3001"],
    )


def _resource_name(group: Group) -> str:
    return group.resource_name


def _name(group: Group) -> str:
    return f"group:{group.address.lower()}"


def _roles_of(group: str, access: EffectiveAccess) -> list[str]:
    """`roles/editor on projects/p`: some of what a group holds, itself or by the groups that it is in."""
    memberships = access.world.directory.groups_of(Principal(parse(group)))
    bindings = access.world.bindings
    found: list[str] = []
    for name in (group, *memberships.certain):
        number = bindings.members.known(name)
        for binding in bindings.of_member(number) if number else ():
            found.append(
                f"{bindings.roles[bindings.role_of[binding]]} on {bindings.scopes[bindings.scope_of[binding]]}"
            )
            if len(found) >= _SHOWN:
                return found
    return found


_SHOWN = 20


def _without_role(group: Group, access: EffectiveAccess) -> Verdict:
    """The verdict on a group of which the input shows no role."""
    perhaps = access.world.directory.groups_of(Principal(parse(_name(group)))).possible
    inherited = next((name for name in sorted(perhaps) if _roles_of(name, access)), "")
    doubt = _unread_grants(access) or (f"whether it is in {inherited} is not known" if inherited else "")
    if doubt:
        return not_assessed(f"whether the group holds a role is not known: {doubt}")
    return not_applicable("the group holds no role in the input")


@lru_cache(maxsize=1)
def _unread_grants(access: EffectiveAccess) -> str:
    """Why the policies of the estate may grant more than is known, `""` where they do not."""
    bindings = access.world.bindings
    partly = next((gaps.members for gaps in bindings.gaps.values() if gaps.members), "")
    none = "" if len(bindings.scopes) or access.world.coverage.policies else "the input has no IAM policies"
    return access.world.why_more_policies("") or partly or next(iter(bindings.doubts.values()), none)


def _strangers(group: Group, access: EffectiveAccess, is_stranger: Callable[[Member], bool], what: str) -> Verdict:
    """A finding where a stranger is in the group, itself or by a group in it, and the group holds a role."""
    roles = _roles_of(_name(group), access)
    if not roles:
        return _without_role(group, access)
    accounts, doubt = standing_index(access).inside(parse(_name(group)))
    found = sorted(name for name in accounts if is_stranger(parse(name)))
    if found:
        more = f" and {len(found) - 1} more" if len(found) > 1 else ""
        return fail(
            f"{found[0]}{more} {what} and so holds {roles[0].partition(' on ')[0]}",
            evidence={"members": found[:50], "member": found[0].partition(":")[2], "roles": roles},
        )
    return not_assessed(doubt) if doubt else PASS


@check(
    "group-with-personal-account",
    severity=Severity.HIGH,
    same_as=["forseti:group_rules"],
    fix=_REMOVE,
    passes=lambda: [
        [*member_of("ops@example.com", "a@example.com"), _ROLE],
        [*member_of("ops@example.com", "founder@gmail.com"), on_project(grant("roles/viewer", "user:a@example.com"))],
    ],
    fails=lambda: [
        [*member_of("ops@example.com", "founder@gmail.com"), _ROLE],
        [*member_of("ops@example.com"), _NESTED, *member_of("vendors@example.com", "a@googlemail.com"), _ROLE],
    ],
    unknown=lambda: [
        [*member_of("ops@example.com", "a@example.com"), _NESTED, _ROLE],
        [*member_of("ops@example.com", "a@gmail.com"), on_project(more=True)],
    ],
)
def personal_account_in_group(group: Group, access: EffectiveAccess) -> Verdict:
    """A personal Google account holds roles by way of a group.

    Why: Nobody in the organization can require a second factor of a gmail.com account or close it, and a review
    of the policies shows the group only.

    What a fix may break: The person's access, until they have an account of the organization.

    Source: https://cloud.google.com/iam/docs/groups-best-practices
    """
    return _strangers(group, access, lambda member: member.is_consumer, "is in the group")


@check(
    "group-with-external-member",
    severity=Severity.MEDIUM,
    same_as=["forseti:group_rules"],
    fix=_REMOVE,
    passes=lambda: [
        [*member_of("ops@example.com", "a@example.com", "ci@p.iam.gserviceaccount.com"), _ROLE],
        [*member_of("ops@example.com", "founder@gmail.com"), _ROLE],  # group-with-personal-account tells it
    ],
    fails=lambda: [
        [*member_of("ops@example.com", "b@partner.example", "c@example.com"), _ROLE],
        [*member_of("ops@example.com"), _NESTED, *member_of("vendors@example.com", "a@partner.example"), _ROLE],
    ],
    unknown=lambda: [
        [*member_of("ops@example.com", "a@example.com"), _NESTED, _ROLE],
        [*member_of("ops@example.com", "a@gmail.com"), on_project(more=True)],
    ],
)
def external_in_group(group: Group, access: EffectiveAccess, settings: DomainSettings) -> Verdict:
    """A member of another domain than the group's holds roles by way of the group.

    Why: Another company decides how its accounts are protected and when they end, and a review of the policies
    shows a group of your own. Domains in the setting `allowed_domains` are left alone.

    What a fix may break: The partner's work, until it has accounts or a group of its own that you can review.

    Source: https://cloud.google.com/iam/docs/groups-best-practices
    """
    allowed = {group.address.lower().rpartition("@")[2], *settings.allowed_domains, *CONSUMER_DOMAINS}

    def is_stranger(member: Member) -> bool:
        return member.kind is Kind.USER and member.domain not in allowed

    return _strangers(group, access, is_stranger, "is no member of the group's domain")


@check(
    "group-managed-from-outside",
    severity=Severity.HIGH,
    reads=[Group],
    fix=Fix(
        gcloud="gcloud identity groups memberships modify-membership-roles --group-email=GROUP "
        "--member-email={membership.member_address} --remove-roles=OWNER,MANAGER",
        terraform="`roles` of google_cloud_identity_group_membership",
        manual="Let members of the organization own and manage its groups.",
        patch={"data": {"roles": [{"name": "MEMBER"}]}},
    ),
    passes=lambda: [
        [_member("ops/memberships/0", "a@example.com", "OWNER"), *member_of("ops@example.com")],
        [_member("ops/memberships/0", "a@partner.example"), *member_of("ops@example.com")],
    ],
    fails=lambda: [
        [_member("ops/memberships/0", "a@partner.example", "OWNER"), *member_of("ops@example.com")],
        [_member("ops/memberships/0", "a@gmail.com", "MANAGER"), *member_of("ops@example.com")],
    ],
    unknown=lambda: [_member("ops/memberships/0", "a@partner.example", "OWNER")],
)
def managed_from_outside(membership: Membership, estate: Estate, settings: DomainSettings) -> Verdict:
    """An account of another domain owns or manages a group.

    Why: Owners and managers decide who is in the group, and so who holds what the group holds. From outside
    nobody sees them do it.

    What a fix may break: The partner can no longer add its own people.

    Source: https://cloud.google.com/identity/docs/reference/rest/v1/groups.memberships
    """
    held = [role.name for role in membership.roles if role.name in ("OWNER", "MANAGER")]
    if not held:
        return PASS
    groups = estate.related(Group, _resource_name, membership.group_name)
    domains = {group.address.lower().rpartition("@")[2] for group in groups}
    if not domains:
        return not_assessed("the group that the membership is of is not in the input")
    member = membership.member_address.lower()
    if member.endswith(".gserviceaccount.com") or member.rpartition("@")[2] in domains | set(settings.allowed_domains):
        return PASS
    return fail(f"{member} is {held[0]} of a group of {min(domains)}")


@check(
    "group-empty-granted-role",
    severity=Severity.LOW,
    fix=Fix(
        manual="Take the group's grants back, or fill the group again; whoever may add members gets the roles.",
        patch=lambda: member_of("ops@example.com", "b@example.com"),
    ),
    passes=lambda: [
        [*member_of("ops@example.com", "a@example.com"), _ROLE],
        [*member_of("ops@example.com"), on_project(grant("roles/viewer", "user:a@example.com")), *_filler()],
    ],
    fails=lambda: [[*member_of("ops@example.com"), _ROLE, *_filler()]],
    unknown=lambda: [
        [*member_of("ops@example.com"), _NESTED, _ROLE],
        [*member_of("ops@example.com"), on_project(more=True), *_filler()],
        member_of("ops@example.com"),
    ],
)
def empty_group(group: Group, access: EffectiveAccess) -> Verdict:
    """A group without any member holds a role.

    Why: The grant does nothing now, and everything for whoever adds themselves tomorrow. Empty groups are left
    behind when teams end, and nobody watches who joins them.

    What a fix may break: Nothing, unless members are about to be added.

    Source: https://cloud.google.com/iam/docs/groups-best-practices
    """
    roles = _roles_of(_name(group), access)
    if not roles:
        return _without_role(group, access)
    accounts, doubt = standing_index(access).inside(parse(_name(group)))
    if accounts:
        return PASS
    if doubt:
        return not_assessed(doubt)
    return fail(f"nobody is in the group, which holds {roles[0]}", evidence={"roles": roles})


def _filler() -> list[Example]:
    """Another group: it shows that memberships are in the input."""
    return member_of("others@example.com", "b@example.com")


@lru_cache(maxsize=1)
def _addresses(estate: Estate) -> tuple[frozenset[str], frozenset[str]]:
    """The addresses of all groups of the estate, and their domains. Raises `Undetermined` where there may be more."""
    known = frozenset(group.address.lower() for group in estate.of(Group))
    return known, frozenset(address.rpartition("@")[2] for address in known)


@check(
    "group-unknown-granted-role",
    severity=Severity.LOW,
    reads=[Group],
    fix=narrower("Take the grant back if the group is gone; else grant the role to a group of the organization."),
    passes=lambda: [
        [on_project(grant("roles/viewer", "group:ops@example.com")), *member_of("ops@example.com", "a@example.com")],
        [on_project(grant("roles/viewer", "group:a@partner.example")), *member_of("ops@example.com")],
        [on_project(grant("roles/viewer", "deleted:group:old@example.com?uid=1")), *member_of("ops@example.com")],
    ],
    fails=lambda: [
        [on_project(grant("roles/viewer", "group:gone@example.com")), *member_of("developers@example.com")],
        [on_folder(grant("roles/editor", "group:gone@example.com")), *member_of("developers@example.com")],
    ],
    unknown=lambda: [
        on_project(more=True),
        [
            on_project(grant("roles/viewer", "group:ops@example.com"), more=True),
            *member_of("ops@example.com", "a@example.com"),
        ],
    ],
)
def unknown_group(policy: Policy[Project | Folder | Organization], clock: Clock, estate: Estate) -> Verdict:
    """A role is granted to a group that does not exist.

    Why: Whoever may make groups can make one of that name, and then decides who holds the role. Only groups of
    domains whose groups the input holds are judged.

    What a fix may break: Nothing, if the group is really gone.

    Source: https://cloud.google.com/iam/docs/groups-best-practices
    """

    def is_gone(found: Grant) -> bool:
        known, domains = _addresses(estate)
        return found.member.domain in domains and found.member.value not in known

    return tell(grants(policy, clock.now, members=_is_group, counts=is_gone, types=("group",)))


def _is_group(member: Member) -> bool:
    return member.kind is Kind.GROUP
