"""Who holds a power on a scope, going by the permissions of roles: the grants of one policy, for checks of policies.

A policy's bindings stand together in the world's columns, so that the index keeps answers and no grants: what of the
asked permissions a role gives, whether a condition can be met, who is in a group, what denials leave. Asking the
policies of a whole estate costs one pass over its bindings, whatever their number.

What surely gives a power is found, be it under a condition that some request can meet; what is not known of a grant
hides none that is found, and where none is, it is raised.

Sources: cloud.google.com/iam/docs/allow-policies, cloud.google.com/iam/docs/deny-overview
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from auditor.access.bindings import NO_GAPS, NOBODY, bare_role
from auditor.access.boundary import Attributes
from auditor.access.conditions import PolicyKind, Request
from auditor.access.conjunction import Conjunction
from auditor.access.coverage import covers
from auditor.access.crowds import Crowd, Crowds, Meant
from auditor.access.effective import EffectiveAccess
from auditor.access.grants import Grant, any_grant, tell
from auditor.access.hierarchy import MANAGER
from auditor.access.holdings import Holding
from auditor.access.members import Kind, Member, parse
from auditor.access.places import Place, label
from auditor.access.principals import Principal
from auditor.access.truth import Decision, unknown
from auditor.model.verdict import Severity, Verdict
from auditor.resources.base import Asset, Undetermined

SERVICE_ACCOUNT = "iam.googleapis.com/ServiceAccount"
_MISSING = "it is not in the input; export content type iam-policy of all asset types"
_NOT_SHOWN = " (under a condition that the export does not show)"
_SETS = (Kind.DOMAIN, Kind.CUSTOMER, Kind.ALL_ACCOUNTS, Kind.ALL_PRINCIPALS, Kind.PUBLIC)
_COLLECTIONS = {"folders": ("resource-manager", "folders")}


_HELD = 1 << 12
"""Accounts of which is kept what they hold on a project."""

_NOTHING: tuple[tuple[str, ...], str] = ((), "")
"""Of a role: it gives none of the permissions, and surely so."""


@dataclass(frozen=True, slots=True)
class Power(Grant):
    """A grant, with those of the asked permissions that it surely gives."""

    permissions: tuple[str, ...] = field(default=(), compare=False)
    scope: str = field(default="", compare=False)

    def __str__(self) -> str:
        """The grant; of a role that does not say so by its name, also what it permits."""
        text = f"{self.member} holds {self.role}{self.condition}"
        if self.role.startswith("roles/") or not self.permissions:
            return text
        return f"{text}, which permits {self.permissions[0]}"


class Powers(NamedTuple):
    """The grants that were found on a scope, and what is not known there."""

    found: list[Power]
    doubts: list[str]

    def certain(self, counts: Callable[[Power], bool] = any_grant) -> list[Power]:
        """The grants that count. Raises `Undetermined` where there is none and something is not known."""
        found = [power for power in self.found if counts(power)]
        if self.doubts and not found:
            raise Undetermined("who holds the permission", "; ".join(self.doubts[:3]))
        return found


class _Wanted(NamedTuple):
    permissions: frozenset[str]
    mask: int
    roles: dict[int, tuple[tuple[str, ...], str]]


class StandingIndex:
    """Answers about the grants of an estate, by scope. Make one for each estate: `standing_index(access)`."""

    def __init__(self, access: EffectiveAccess) -> None:
        self._access = access
        self.world = access.world
        self._policies = Conjunction(access.world)
        self._wanted: dict[frozenset[str], _Wanted] = {}
        self._met: dict[tuple[int, str | None], Decision] = {}
        self._restricted: dict[str, bool] = {}
        self._held: dict[tuple[str, str], tuple[list[Holding], str]] = {}
        self._crowds = Crowds(access.world, self._is_dead)
        self._last: tuple[str, tuple[str, int | None]] = "", ("", None)
        self._inside: dict[str, tuple[frozenset[str], str]] = {}

    def on(
        self,
        asset: Asset | str,
        permissions: frozenset[str],
        members: Callable[[Member], bool],
        *,
        kind: str | None = None,
    ) -> Powers:
        """Who holds one of some permissions by the policy of a resource (an asset, or its full name).

        `members` says who is meant; `kind` is the asset type that the permissions are used on, for conditions.
        Raises `Undetermined` where the input does not hold the policy.
        """
        scope, number = self._scope(asset if isinstance(asset, str) else asset.name)
        if number is None:
            raise Undetermined("the IAM policy", _MISSING)
        wanted = self._asked(permissions)
        powers = Powers([], [])
        role_of, gaps, known = self.world.bindings.role_of, self.world.bindings.gaps, wanted.roles
        for binding in range(*self.world.bindings.span(scope)):
            if known.get(role_of[binding]) == _NOTHING and binding not in gaps:
                continue  # nearly always: a role that gives none of them
            self._look(binding, scope, wanted, members, kind, powers)
        if doubt := self.world.bindings.doubts.get(number, ""):
            powers.doubts.append(doubt)
        return powers

    def above(
        self,
        asset: Asset,
        permissions: frozenset[str],
        members: Callable[[Member], bool],
        *,
        kind: str | None = None,
    ) -> Powers:
        """The same over all that is above a project or folder, as far as its policies are in the input."""
        powers = Powers([], [])
        way = self.world.hierarchy.way(asset.key)
        for container in way.names[1:]:
            name = MANAGER + container
            if self.world.bindings.has_policy(name):
                more = self.on(name, permissions, members, kind=kind)
                powers.found.extend(more.found)
                powers.doubts.extend(more.doubts)
            else:
                powers.doubts.append(f"the IAM policy of {container} is not in the input")
        if not way.complete:
            powers.doubts.append(f"what is above {asset.key} is not known")
        return powers

    def holders(self, asset: Asset, members: Meant) -> Powers:
        """Who of some members holds any role on a project, folder or organization, or on a resource right in it.

        Making grants of a whole crowd is dear: ask `crowd` first whether anybody is meant.
        Raises `Undetermined` where the input does not hold the container's own policy.
        """
        powers = Powers([], list(self.crowd(asset).doubts))
        bindings = self.world.bindings
        for scope, binding, numbers in self._crowds.grants(asset.key, members):
            role = bare_role(bindings.roles[bindings.role_of[binding]])
            where = "" if scope.startswith(MANAGER) else f" on {label(scope)}"
            for member in map(self.world.member, numbers):
                clause = where + self._clause(binding)
                powers.found.append(Power(member, role, clause, _collection(scope), scope=scope))
        return powers

    def crowd(self, asset: Asset) -> Crowd:
        """All who hold any role on a project, folder or organization, or on a resource right in it, by number.

        Raises `Undetermined` where the input does not hold the container's own policy.
        """
        if self._scope(asset.name)[1] is None:
            raise Undetermined("the IAM policy", _MISSING)
        return self._crowds.of(asset.key)

    def _scope(self, name: str) -> tuple[str, int | None]:
        """A resource's canonical name, and its number where it has a policy."""
        if self._last[0] != name:  # checks ask about one policy after the other
            scope = self.world.places.canonical(name)
            self._last = name, (scope, self.world.bindings.scopes.known(scope))
        return self._last[1]

    def _asked(self, permissions: frozenset[str]) -> _Wanted:
        wanted = self._wanted.get(permissions)
        if wanted is None:
            places = [self.world.roles.index(permission) for permission in permissions]
            mask = sum(1 << place for place in places if place is not None)
            wanted = self._wanted[permissions] = _Wanted(permissions, mask, {})
        return wanted

    def _look(
        self,
        binding: int,
        scope: str,
        wanted: _Wanted,
        members: Callable[[Member], bool],
        kind: str | None,
        powers: Powers,
    ) -> None:
        """Add what one binding gives, and what is not known of it."""
        bindings = self.world.bindings
        gaps = bindings.gaps.get(binding, NO_GAPS)
        number = bindings.role_of[binding]
        given, doubt = self._given(number, wanted) if not gaps.role else ((), gaps.role)
        if not given and not doubt:
            return
        meant = [member for member in map(self.world.member, self._numbers(binding)) if members(member)]
        if gaps.members:
            powers.doubts.append(gaps.members)
        if not meant:
            return
        applies = self._policies.allow.applies(number, scope)
        met = self._condition(binding, kind)
        if applies.fails or met.fails:
            return
        role = bindings.roles[number]
        doubt = doubt or gaps.condition or ("; ".join(applies.because) if applies.is_unknown else "")
        if doubt:
            powers.doubts.append(f"{bare_role(role)}: {doubt}")
            return
        clause = _NOT_SHOWN if bare_role(role) != role else self._clause(binding)
        for member in meant:
            left, unsure = self._left(member, scope, given)
            if left:
                powers.found.append(
                    Power(member, bare_role(role), clause, _collection(scope), permissions=left, scope=scope)
                )
            elif unsure:
                powers.doubts.append(f"a deny policy or boundary may keep {member} from it")

    def _numbers(self, binding: int) -> Iterator[int]:
        return (number for number in self.world.bindings.members_of(binding) if number != NOBODY)

    def _given(self, number: int, wanted: _Wanted) -> tuple[tuple[str, ...], str]:
        """Which of the wanted permissions a role surely gives; else why it may give one."""
        known = wanted.roles.get(number)
        if known is None:
            roles, role = self.world.roles, bare_role(self.world.bindings.roles[number])
            given = tuple(sorted(roles.names(roles.known_mask(role) & wanted.mask)))
            known = wanted.roles[number] = (given, "" if given else roles.why_unknown(role))
        return known

    def _condition(self, binding: int, kind: str | None) -> Decision:
        """Whether some request of the time can meet a binding's condition."""
        condition = self.world.bindings.condition_of[binding]
        key = (condition, kind)
        if not condition or binding in self.world.bindings.gaps or key not in self._met:
            request = Request(now=self._access.now, resource_type=kind, policy=PolicyKind.ALLOW)
            decision = self._policies.allow.met(binding, request).decision
            if not condition or binding in self.world.bindings.gaps:
                return decision
            self._met[key] = decision
        return self._met[key]

    def _is_dead(self, binding: int) -> bool:
        """Whether no request can meet a binding's condition."""
        return bool(self.world.bindings.condition_of[binding]) and self._condition(binding, None).fails

    def _clause(self, binding: int) -> str:
        expression = self.world.bindings.conditions[self.world.bindings.condition_of[binding]]
        return f" (only if {expression})" if expression else ""

    def _left(self, member: Member, scope: str, given: tuple[str, ...]) -> tuple[tuple[str, ...], bool]:
        """The permissions that denials and boundaries surely leave, and whether they may leave others."""
        place = self.world.places.place(scope)
        if not self._is_restricted(place):
            return given, False
        question = self._policies.allow.question("", place, self._access.now)
        denied, perhaps = self._access.holdings.taken(Principal(member), question)
        roles = self.world.roles
        bits = {permission: 1 << (roles.index(permission) or 0) for permission in given}
        left = tuple(permission for permission in given if not bits[permission] & (denied | perhaps))
        return left, any(bits[permission] & perhaps for permission in given)

    def _is_restricted(self, place: Place) -> bool:
        """Whether any deny policy or boundary speaks of what is there."""
        if place.container not in self._restricted:
            rules = self.world.denies.at(self.world.containers(place))
            bound = self.world.boundaries.subject_to(lambda _: unknown(), Attributes())
            self._restricted[place.container] = next(iter(rules), None) is not None or bool(bound)
        return self._restricted[place.container]

    def held_by(self, account: str, container: str) -> tuple[list[Holding], str]:
        """What an account holds or may hold on a container or above it, groups followed; and what is missing."""
        known = self._held.get((account, container))
        if known is None:
            if len(self._held) == _HELD:
                self._held.clear()
            place = self.world.places.place(MANAGER + container)
            missing = next((level.doubt for level in self.world.levels(place) if level.doubt), "")
            known = self._held[account, container] = (self._access.everything(_principal(account), place), missing)
        return known

    def mask(self, permissions: frozenset[str]) -> int:
        """The permissions as a mask of the role table."""
        return self._asked(permissions).mask

    # Who is behind a member

    def inside(self, member: Member) -> tuple[frozenset[str], str]:
        """The accounts behind a member, groups followed, and why there may be more (`""`: there are not)."""
        name = member.canonical
        if member.kind is not Kind.GROUP:
            return frozenset({name}), ""
        known = self._inside.get(name)
        if known is None:
            known = self._inside[name] = self._descended(name)
        return known

    def _descended(self, group: str) -> tuple[frozenset[str], str]:
        accounts: set[str] = set()
        seen, todo, doubt = {group}, [group], ""
        while todo:
            here = todo.pop()
            if not self.world.directory.knows(here):
                doubt = doubt or f"not all members of {here} are known"
            for name in self.world.group_members.get(here, ()):
                if not name.startswith("group:"):
                    accounts.add(name)
                elif name not in seen:
                    seen.add(name)
                    todo.append(name)
        return frozenset(accounts), doubt

    def both(self, one: Sequence[Power], other: Sequence[Power]) -> tuple[list[tuple[str, Power, Power]], str]:
        """(account, its grant of one kind, its grant of the other kind) for who holds both; and what is not known."""
        first, doubt = self._by_account(one)
        second, more = self._by_account(other)
        found = [(name, power, second[name]) for name, power in first.items() if name in second]
        for holders, sets in ((first, other), (second, one)):
            for power in sets:
                if power.member.kind in _SETS:
                    found.extend(self._in_set(power, holders, turned=sets is one))
        if (doubt and second) or (more and first):
            return found, doubt or more
        return found, ""

    def _by_account(self, powers: Iterable[Power]) -> tuple[dict[str, Power], str]:
        holders: dict[str, Power] = {}
        doubt = ""
        for power in sorted(powers, key=lambda power: bool(power.condition)):
            accounts, more = self.inside(power.member)
            doubt = doubt or more
            for account in sorted(accounts):
                holders.setdefault(account, power)
            if more:
                holders.setdefault(power.member.canonical, power)
        return holders, doubt

    def _in_set(self, power: Power, holders: dict[str, Power], *, turned: bool) -> Iterator[tuple[str, Power, Power]]:
        for name, held in holders.items():
            if name != power.member.canonical and covers(power.member, _principal(name), self.world.directory).holds:
                yield (name, power, held) if turned else (name, held, power)


@lru_cache(maxsize=1 << 12)
def _principal(name: str) -> Principal:
    return Principal(parse(name))


@lru_cache(maxsize=1)
def standing_index(access: EffectiveAccess) -> StandingIndex:
    """The index of an estate, made once for all checks that ask."""
    return StandingIndex(access)


def tell_powers(found: Sequence[Power], severity: Callable[[Power], Severity]) -> Verdict:
    """As `tell` does; the severity is that of the worst, which comes first."""
    ordered = sorted(found, key=lambda power: severity(power).rank)
    verdict = tell(ordered)
    if not ordered:
        return verdict
    return Verdict(verdict.outcome, verdict.reason, verdict.evidence, severity(ordered[0]))


def _collection(scope: str) -> tuple[str, ...]:
    """The group of gcloud's commands that a resource belongs to."""
    collection = scope.split("/")[-2]
    return _COLLECTIONS.get(collection, (collection,))
