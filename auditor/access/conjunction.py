"""The three kinds of policies, asked together: no deny, no boundary in the way, and an allow policy that grants.

Source: cloud.google.com/iam/docs/policy-types#evaluation
"""

from __future__ import annotations

from auditor.access.allow import AllowPolicies, Question
from auditor.access.boundary import Attributes, attributes_of
from auditor.access.conditions import evaluate
from auditor.access.coverage import covers
from auditor.access.principals import Principal
from auditor.access.states import Access, Side, overall
from auditor.access.truth import Decision, unknown
from auditor.access.world import World


class Conjunction:
    """The policies of a world, side by side."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.allow = AllowPolicies(world)

    def access(self, who: Principal, question: Question) -> Access:
        """Whether the principal has access."""
        return overall(self.allow.granted(who, question), self.denied(who, question), self.outside(who, question))

    def denied(self, who: Principal, question: Question) -> Side:
        """Whether a deny policy above the resource denies the permission to the principal."""

        def covered(member: str) -> Decision:
            return covers(member, who, self.world.directory)

        def met(expression: str) -> Decision:
            return evaluate(expression, question.deny)

        levels = self.world.containers(question.place)
        return self.world.denies.denied(levels, question.permission, covered, met)

    def outside(self, who: Principal, question: Question) -> Side:
        """Whether a principal access boundary keeps the principal away from the resource."""

        def covered(member: str) -> Decision:
            return covers(member, who, self.world.directory)

        subject_to = self.world.boundaries.subject_to(covered, attributes_of(who.member))
        levels = self.world.containers(question.place)
        return self.world.boundaries.outside(subject_to, levels, question.permission)

    def treats_all_alike(self, question: Question) -> bool:
        """Whether no deny rule and no boundary tells principals apart for this request."""
        levels = self.world.containers(question.place)
        rules = self.world.denies.at(levels)
        spared = all(rule.names(question.permission).fails for rule, _ in rules)
        return spared and not self.world.boundaries.subject_to(lambda _: unknown(), Attributes())
