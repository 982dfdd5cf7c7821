"""Deny policies against a naive reading of the documentation."""

from __future__ import annotations

import itertools
import os
import random
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from auditor.access.deny import DenyMasks, Levels
from auditor.access.truth import Decision, fails, holds, unknown
from tests.deny_support import ANYONE, deny_policy, policies

CASES = int(os.environ.get("AUDITOR_RANDOM_CASES", "3000"))


# A naive evaluator, written from the words of cloud.google.com/iam/docs/deny-overview. None = not known.

NAMES = {
    "iam.roles.create": "iam.googleapis.com/roles.create",
    "iam.roles.delete": "iam.googleapis.com/roles.delete",
    "iam.serviceAccountKeys.create": "iam.googleapis.com/serviceAccountKeys.create",
    "storage.buckets.delete": "storage.googleapis.com/buckets.delete",
    "dataflow.jobs.list": "dataflow.googleapis.com/jobs.list",
    "dataflow.jobs.snapshot": None,  # not supported in deny policies
}
PATTERNS = [
    *filter(None, NAMES.values()),
    "iam.googleapis.com/roles.*",
    "iam.googleapis.com/*.*",
    "iam.googleapis.com/*.create",
    "dataflow.googleapis.com/jobs.*",
    "dataflow.googleapis.com/*.*",
]
MEMBERS = [ANYONE, *(f"principal://goog/subject/{name}@example.com" for name in "ab")]
GROUPS = [f"principalSet://goog/group/g{number}@example.com" for number in range(3)]
CONDITIONS = ["", "resource.matchTag('1/a', 'x')", "!resource.matchTag('1/a', 'x')", "request.time == 1"]
PLACES = ["projects/1", "projects/2", "folders/1", "folders/2", "organizations/1"]
CHAINS = [
    ["projects/1", "folders/1", "organizations/1"],
    ["projects/2", "folders/2", "folders/1", "organizations/1"],
    ["organizations/1"],
]
Known = bool | None


def all_known(values: Iterable[Known]) -> Known:
    """Whether all are true."""
    listed = list(values)
    return False if False in listed else None if None in listed else True


def any_known(values: Iterable[Known]) -> Known:
    """Whether one is true."""
    listed = list(values)
    return True if True in listed else None if None in listed else False


def opposite(value: Known) -> Known:
    """Whether it is not true."""
    return None if value is None else not value


def naive_permission(patterns: list[str], permission: str) -> bool:
    name = NAMES[permission]
    if name is None:
        return False
    service, _, rest = name.partition("/")
    kind, _, verb = rest.partition(".")
    return any(
        pattern in (name, f"{service}/{kind}.*", f"{service}/*.*", f"{service}/*.{verb}") for pattern in patterns
    )


def naive_principal(members: list[str], who: str, belongs: Mapping[str, Known]) -> Known:
    return any_known(
        member == ANYONE or member == f"principal://goog/subject/{who}" or belongs.get(member, False)
        for member in members
    )


def naive_condition(expression: str, has_tag: Known) -> Known:
    if "matchTag" not in expression:
        return True  # there is none, or it cannot be evaluated
    return opposite(has_tag) if expression.startswith("!") else has_tag


@dataclass
class World:
    """A random question: policies and where they are attached, who asks, and what is known of groups and tags."""

    placed: list[tuple[str, list[dict[str, Any]]]]
    chain: list[str]
    who: str
    belongs: dict[str, Known]
    has_tag: Known

    def denied(self, permission: str) -> Known:
        """The answer, by the words of the page."""
        return any_known(
            all_known(
                [
                    naive_permission(rule["deniedPermissions"], permission),
                    not naive_permission(rule["exceptionPermissions"], permission),
                    naive_principal(rule["deniedPrincipals"], self.who, self.belongs),
                    opposite(naive_principal(rule["exceptionPrincipals"], self.who, self.belongs)),
                    naive_condition(rule["denialCondition"]["expression"], self.has_tag),
                ]
            )
            for where, rules in self.placed
            if where in self.chain
            for rule in rules
        )

    def decided(self) -> Iterator[World]:
        """Every world in which what is unknown in this one is decided."""
        unknowns = [group for group, known in self.belongs.items() if known is None]
        for values in itertools.product([True, False], repeat=len(unknowns)):
            belongs = {**self.belongs, **dict(zip(unknowns, values, strict=True))}
            for has_tag in [True, False] if self.has_tag is None else [self.has_tag]:
                yield World(self.placed, self.chain, self.who, belongs, has_tag)

    def covers(self, member: str) -> Decision:
        """Whether a member covers who asks, without any code of ours."""
        return three(naive_principal([member], self.who, self.belongs))

    def condition(self, expression: str) -> Decision:
        """Whether a condition is true."""
        return three(naive_condition(expression, self.has_tag))


def random_world(dice: random.Random) -> World:
    return World(
        [
            (dice.choice(PLACES), [random_rule(dice) for _ in range(dice.randint(1, 2))])
            for _ in range(dice.randint(0, 3))
        ],
        dice.choice(CHAINS),
        dice.choice(["a@example.com", "b@example.com", "c@example.com"]),
        {group: dice.choice([True, False, None]) for group in GROUPS},
        dice.choice([True, False, None]),
    )


def random_rule(dice: random.Random) -> dict[str, Any]:
    return {
        "deniedPrincipals": dice.sample(MEMBERS + GROUPS, dice.randint(0, 2)),
        "exceptionPrincipals": dice.sample(MEMBERS[1:] + GROUPS, dice.choice([0, 0, 1, 2])),
        "deniedPermissions": dice.sample(PATTERNS, dice.randint(0, 3)),
        "exceptionPermissions": dice.sample(PATTERNS, dice.choice([0, 0, 1, 2])),
        "denialCondition": {"expression": dice.choice(CONDITIONS)},
    }


def three(truth: Known) -> Decision:
    """A naive answer as a decision."""
    return {True: holds(), False: fails(), None: unknown("?")}[truth]


@pytest.mark.parametrize("seed", range(10))
def test_random_policies_agree_with_a_naive_reading(seed: int) -> None:
    """Equal in three values; and what is known stays so in every world in which the unknown is decided."""
    dice = random.Random(seed)
    table = list(NAMES)
    seen: Counter[Known] = Counter()
    for _ in range(CASES // 10):
        world = random_world(dice)
        given = policies(*(deny_policy(where, *rules) for where, rules in world.placed))
        levels = Levels(world.chain)
        denied, perhaps = DenyMasks(given, table).masks(levels, world.covers, world.condition)
        for number, permission in enumerate(table):
            side = given.denied(levels, permission, world.covers, world.condition)
            expected = world.denied(permission)
            seen[expected] += 1
            assert side.decision.truth is three(expected).truth, (permission, world)
            assert (denied >> number & 1, perhaps >> number & 1) == (expected is True, expected is None), world
            if expected is not None:
                assert all(decided.denied(permission) is expected for decided in world.decided())
    assert min(seen[True], seen[False], seen[None]) > CASES // 100, "the dice are loaded"
