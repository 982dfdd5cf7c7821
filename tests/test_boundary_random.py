"""Boundaries against a naive reading of the documentation."""

from __future__ import annotations

import itertools
import os
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from auditor.access.boundary import Attributes, Boundaries, alike
from auditor.access.deny import Levels
from auditor.access.truth import Decision, Truth, fails, holds, unknown
from tests.boundary_support import MANAGER, SERVICE_ACCOUNTS_ONLY, binding, policy

CASES = int(os.environ.get("AUDITOR_RANDOM_CASES", "3000"))


# A naive evaluator, written from the words of cloud.google.com/iam/docs/policy-types#evaluation. None = not known.

FIRST = {
    "storage.buckets.get": 1,
    "resourcemanager.projects.delete": 2,
    "iam.roles.create": 3,
    "alloydb.backups.create": 4,
    "dataflow.jobs.snapshot": 99,
}
CONDITIONS: dict[str, Callable[[str, str], bool]] = {
    "": lambda kind, subject: True,
    SERVICE_ACCOUNTS_ONLY: lambda kind, subject: kind == "iam.googleapis.com/ServiceAccount",
    "principal.subject != 'a@example.com'": lambda kind, subject: subject != "a@example.com",
    "principal.subject.endsWith('@example.com') && !(principal.type in ['iam.googleapis.com/ServiceAccount'])": (
        lambda kind, subject: subject.endswith("@example.com") and kind != "iam.googleapis.com/ServiceAccount"
    ),
    "resource.name == 'x'": lambda kind, subject: True,
}
KINDS = ["iam.googleapis.com/ServiceAccount", "iam.googleapis.com/WorkspaceIdentity"]
SUBJECTS = ["a@example.com", "b@example.com", "c@elsewhere.com"]
SETS = [MANAGER + name for name in ("organizations/1", "folders/1", "folders/2", "projects/1", "projects/2")]
PLACES = ["projects/1", "projects/2", "folders/1", "folders/2", "organizations/1", "organizations/2"]
CHAINS = [["projects/1", "folders/1", "organizations/1"], ["projects/2", "organizations/2"]]


@dataclass
class World:
    """A random question: boundaries (version, rules), bindings (set, boundary, condition), and who asks where."""

    boundaries: list[tuple[str, list[list[str]]]]
    bindings: list[tuple[str, int, str]]
    chain: list[str]
    belongs: dict[str, bool | None]
    kind: str | None
    subject: str | None

    def kept_out(self, permission: str) -> bool:
        """The answer by the words of the page, in a world without unknowns."""
        relevant = []
        for principal_set, number, condition in self.bindings:
            version, rules = self.boundaries[number]
            enforced = FIRST[permission] <= (4 if version == "latest" else int(version)) and rules
            applies = self.belongs[principal_set] and CONDITIONS[condition](self.kind or "", self.subject or "")
            if enforced and applies:
                relevant.append(rules)
        return bool(relevant) and not any(
            place in self.chain for rules in relevant for resources in rules for place in resources
        )

    def decided(self) -> Iterator[World]:
        """Every world in which what is unknown in this one is decided."""
        unknowns = [name for name, known in self.belongs.items() if known is None]
        kinds = KINDS if self.kind is None else [self.kind]
        subjects = SUBJECTS if self.subject is None else [self.subject]
        for values in itertools.product([True, False], repeat=len(unknowns)):
            belongs = {**self.belongs, **dict(zip(unknowns, values, strict=True))}
            for kind, subject in itertools.product(kinds, subjects):
                yield World(self.boundaries, self.bindings, self.chain, belongs, kind, subject)

    @property
    def is_independent(self) -> bool:
        """Whether each unknown stands in one binding, and each boundary in one: then no truth escapes us."""
        sets = [principal_set for principal_set, _, _ in self.bindings]
        return None not in (self.kind, self.subject) and len(set(sets)) == len(sets)

    def covers(self, principal_set: str) -> Decision:
        """Whether a principal set covers who asks."""
        return {True: holds(), False: fails(), None: unknown("?")}[self.belongs[principal_set]]


def random_world(dice: random.Random) -> World:
    boundaries = [
        (
            dice.choice(["1", "2", "3", "4", "latest"]),
            [dice.sample(PLACES, dice.randint(0, 2)) for _ in range(dice.choice([0, 1, 1, 2]))],
        )
        for _ in range(3)
    ]
    bindings = [
        (dice.choice(SETS), dice.randrange(len(boundaries)), dice.choice(list(CONDITIONS)))
        for _ in range(dice.randint(0, 4))
    ]
    return World(
        boundaries,
        bindings,
        dice.choice(CHAINS),
        {name: dice.choice([True, True, False, None]) for name in SETS},
        dice.choice([*KINDS, *KINDS, None]),
        dice.choice([*SUBJECTS, *SUBJECTS, None]),
    )


@pytest.mark.parametrize("seed", range(10))
def test_random_boundaries_agree_with_a_naive_reading(seed: int) -> None:
    """What is known is so in every world; where unknowns are independent, what is so in every world is known."""
    dice = random.Random(seed)
    groups = alike(list(FIRST))
    seen: Counter[Truth] = Counter()
    for _ in range(CASES // 10):
        world = random_world(dice)
        boundaries = Boundaries(
            [
                policy(
                    str(number),
                    version=version,
                    rules=[{"resources": [MANAGER + name for name in rule], "effect": "ALLOW"} for rule in rules],
                )
                for number, (version, rules) in enumerate(world.boundaries)
            ],
            [binding(str(number), to, condition) for to, number, condition in world.bindings],
            complete=True,
        )
        subject_to = boundaries.subject_to(world.covers, Attributes(world.kind, world.subject))
        levels = Levels(world.chain)
        blocked, perhaps = boundaries.masks(subject_to, levels, groups)
        for number, permission in enumerate(FIRST):
            truth = boundaries.outside(subject_to, levels, permission).decision.truth
            possible = {decided.kept_out(permission) for decided in world.decided()}
            seen[truth] += 1
            if truth is not Truth.UNKNOWN:
                assert possible == {truth is Truth.TRUE}, (permission, world)
            elif world.is_independent:
                assert possible == {True, False}, (permission, world)
            assert (blocked >> number & 1, perhaps >> number & 1) == (truth is Truth.TRUE, truth is Truth.UNKNOWN)
    assert min(seen.values()) > CASES // 100, "the dice are loaded"
    assert len(seen) == len(Truth)
