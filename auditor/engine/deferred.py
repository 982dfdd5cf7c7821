"""Questions that wait: those that need the estate, or both parts of an asset. Many can be answered before the end.

A type has at most three groups of them, answered each by itself: what does not rest on the asset's IAM policy, what is
asked of the asset with its policy, and what is asked of the policy. A group is answered while the input is read where
its questions touch nothing that is known only later; else the asset waits.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from auditor.engine.population import ANSWERED_APART, ANSWERED_OF_POLICY, ANSWERED_WITH_POLICY
from auditor.engine.questions import Ask, NotYet, Own
from auditor.estate import Estate

_TRIALS = 100
_WORTH = 5
"""Tries for each that succeeds, above which a group is not tried any more."""


@dataclass(slots=True)
class Chance:
    """Whether it pays to ask early: most assets of a type are alike in that."""

    tried: int = 0
    answered: int = 0

    def is_worth(self) -> bool:
        """Whether to try again."""
        return self.tried <= _TRIALS or self.answered * _WORTH >= self.tried

    def note(self, answered: bool) -> bool:
        """Count a try; hands back whether it succeeded."""
        self.tried += 1
        self.answered += answered
        return answered


@dataclass(slots=True, eq=False)
class Deferred:
    """Deferred questions of one asset type that are answered together. `judged` counts the assets that did."""

    mark: int
    """The bit by which the population knows assets that have answered."""
    alike: list[Ask] = field(default_factory=list)
    """Asked of the resource, with the same further arguments for all assets."""
    with_own: list[Ask] = field(default_factory=list)
    """Asked of the resource, with further arguments of its own."""
    on_policy: list[Ask] = field(default_factory=list)
    """Asked of the IAM policy."""
    early: list[Ask] = field(default_factory=list)
    """All of it as the resource alone may answer it: `NotYet` stands for what is not known. Nothing for policies."""
    early_with_policy: list[Ask] = field(default_factory=list)
    """What is asked of the resource, where the policy alone may answer."""
    early_on_policy: list[Ask] = field(default_factory=list)
    """What is asked of the policy, where it alone may answer."""
    wants_chain: bool = False
    by_resource: Chance = field(default_factory=Chance)
    by_policy: Chance = field(default_factory=Chance)
    judged: int = 0

    @property
    def wants_policy(self) -> bool:
        """Whether it rests on the asset's own IAM policy."""
        return self.mark != ANSWERED_APART

    @property
    def on_resource(self) -> list[Ask]:
        """All that is asked of the resource."""
        return [*self.alike, *self.with_own]

    @property
    def asks(self) -> list[Ask]:
        """All of it."""
        return [*self.alike, *self.with_own, *self.on_policy]


def grouped(asks: Iterable[Ask], estate: Estate) -> tuple[Deferred, ...]:
    """The groups of a type's deferred questions."""
    apart, joined, of_policy = map(Deferred, (ANSWERED_APART, ANSWERED_WITH_POLICY, ANSWERED_OF_POLICY))
    for ask in asks:
        signature = ask.check.signature
        if signature.arguments[0] == "policy":
            of_policy.on_policy.append(ask)
            of_policy.wants_chain |= "chain" in signature.arguments
        else:
            group = joined if signature.wants_policy else apart
            (group.with_own if signature.wants_own else group.alike).append(ask)
            group.wants_chain |= "chain" in signature.arguments
    for group in (apart, joined):
        group.early = [_too_early(ask, estate, *Own) for ask in group.on_resource]
    unknown = (estate, *(part for part in Own if part is not Own.POLICY))
    joined.early_with_policy = [_too_early(ask, *unknown) for ask in joined.on_resource]
    of_policy.early_on_policy = [_too_early(ask, estate, *Own) for ask in of_policy.on_policy]
    return tuple(group for group in (apart, joined, of_policy) if group.asks)


def _too_early(ask: Ask, *unknown: Any) -> Ask:
    """A question with `NotYet` in the place of what is unknown now."""
    return Ask(ask.check, ask.function, tuple(NotYet() if part in unknown else part for part in ask.rest))
