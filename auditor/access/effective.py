"""Effective access: what can this principal do here, who can do this here, and what rests on which binding.

One conjunction over three kinds of policies: no deny policy denies, no principal access boundary keeps away, and an
allow policy grants. Each answer has one of Policy Troubleshooter's states and the clauses that decided it.

How it is done, from below: `bindings` keeps millions of grants in columns, `hierarchy` and `places` know where things
stand, `world` ties them to roles, groups, denies and boundaries; `allow` and `conjunction` decide one question,
`who_can` and `holdings` turn it round, `standing` lists all grants, `changes` compares two estates.

Source: cloud.google.com/iam/docs/policy-types#evaluation
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from auditor.access.allow import Question
from auditor.access.conjunction import Conjunction
from auditor.access.holdings import Holding, Holdings
from auditor.access.places import Place
from auditor.access.principals import Principal, principal
from auditor.access.standing import Standing, standings
from auditor.access.states import Access, OverallState
from auditor.access.who_can import Finder, WhoCan
from auditor.access.world import World

STATE_NAMES = {
    OverallState.CAN_ACCESS: "GRANTED",
    OverallState.CANNOT_ACCESS: "NOT_GRANTED",
    OverallState.UNKNOWN_CONDITIONAL: "UNKNOWN_CONDITIONAL",
    OverallState.UNKNOWN_INFO: "UNKNOWN_INFO_DENIED",
}
"""How version 1 of Policy Troubleshooter calls the overall states."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether a principal has a permission on a resource, and why."""

    principal: Principal
    permission: str
    place: Place
    access: Access
    notes: tuple[str, ...] = ()

    @property
    def state(self) -> str:
        """`GRANTED`, `NOT_GRANTED`, `UNKNOWN_CONDITIONAL` or `UNKNOWN_INFO_DENIED`."""
        return STATE_NAMES[self.access.state]

    @property
    def because(self) -> tuple[str, ...]:
        """What decided, or what is missing; then on what that rests."""
        return (*explained(self.access, self.place), *self.notes)


def explained(access: Access, place: Place) -> tuple[str, ...]:
    """The clauses of an answer, with what it assumes."""
    return (*access.because, *place.notes, *(f"assuming that {clause}" for clause in access.assumptions))


class EffectiveAccess:
    """The access of an estate, as of `now`. Ask it as often as you like; it never changes."""

    def __init__(self, world: World, now: datetime) -> None:
        self.world = world
        self.now = now
        self._policies = Conjunction(world)
        self._finder = Finder(self._policies)

    def can(self, who: Principal | str, permission: str, resource: Place | str, now: datetime | None = None) -> Answer:
        """Whether a principal has a permission (named as in roles) on a resource.

        Raises `UnclearPrincipal` and `UnclearResource` for texts that name none.
        """
        asker = principal(who) if isinstance(who, str) else who
        question = self._question(permission, resource, now)
        return Answer(asker, permission, question.place, self._policies.access(asker, question), self._notes(asker))

    def who_can(self, permission: str, resource: Place | str, now: datetime | None = None) -> WhoCan:
        """Who has a permission on a resource: members as bound, and everybody known to be behind them."""
        return self._finder.who_can(self._question(permission, resource, now))

    def everything(self, who: Principal | str, resource: Place | str | None = None) -> list[Holding]:
        """All roles that a principal holds, or may hold: on a resource and above it, or anywhere.

        Anywhere, conditions are asked of a request of which only the time is known; and what `projectOwner:p` gives to
        who only inherits the role from a folder is left out: whether it gives anything is not documented.
        """
        asker = principal(who) if isinstance(who, str) else who
        return self.holdings.anywhere(asker) if resource is None else self.holdings.on(asker, self._place(resource))

    def grants(self) -> Iterator[Standing]:
        """Every member × role × scope of the estate's policies, and whether it grants: certainly, possibly or never."""
        return standings(self.world, self._policies.allow, self.holdings)

    @cached_property
    def holdings(self) -> Holdings:
        """What principals hold, whatever the permission."""
        return Holdings(self._policies, self.now)

    def _notes(self, who: Principal) -> tuple[str, ...]:
        if who.address not in self.world.disabled:
            return ()
        return (f"{who} is disabled: whatever is granted to it, nobody can act as it until it is enabled",)

    def _place(self, resource: Place | str) -> Place:
        return self.world.places.read(resource) if isinstance(resource, str) else resource

    def _question(self, permission: str, resource: Place | str, now: datetime | None) -> Question:
        return self._policies.allow.question(permission, self._place(resource), now or self.now)
