"""Bindings to remove: what they cut, and that they cut it."""

from __future__ import annotations

import random
from collections.abc import Iterable

import pytest

from auditor.access.control.path_cuts import ChokePoint
from auditor.access.control.search import ControlPath, UnknownEnd, alike
from tests.escalation_estates import (
    BOSS,
    EVE,
    HOME,
    TARGET,
    Estate,
    account,
    random_estate,
    without_binding,
)

BOSS_MEMBER = f"serviceAccount:{BOSS}"


def test_choke_points_cut_what_they_say() -> None:
    """The account's role cuts all three paths; without it none is left."""
    made = Estate()
    made.bind(BOSS_MEMBER, "roles/owner", TARGET)
    for name in ("ann", "bob", "eve"):
        made.bind(f"user:{name}@example.com", "roles/iam.serviceAccountTokenCreator", account(BOSS))
    found = made.paths(None)
    assert len(found.paths) == 3
    assert found.exact
    assert len(alike(found.paths)) == 1
    best = found.choke_points[0]
    assert (best.binding.member, best.cuts, best.of) == (BOSS_MEMBER, 3, 3)
    assert best.command.startswith("gcloud projects remove-iam-policy-binding target ")
    made.policies[TARGET].clear()
    assert not made.paths(None).paths


def test_a_binding_beside_which_there_is_another_way_cuts_nothing() -> None:
    """Two ways to the account: one binding alone does not cut, its owner role does."""
    made = Estate()
    made.bind(BOSS_MEMBER, "roles/owner", TARGET)
    made.bind(EVE, "roles/iam.serviceAccountTokenCreator", account(BOSS))
    made.bind(EVE, "roles/iam.serviceAccountTokenCreator", HOME)
    points = made.paths(None).choke_points
    assert [(point.binding.member, point.cuts) for point in points] == [(BOSS_MEMBER, 1)]


def test_what_is_told_to_remove_cuts_all_paths_of_random_estates() -> None:
    """All bindings that are told leave no path between such ends; each alone ends as many as it says."""
    cut = 0
    for seed in range(40):
        made = random_estate(random.Random(seed))
        found = made.paths(None)
        ends = {(path.source, path.target) for path in found.paths}
        assert found.complete
        for point in found.choke_points:
            left = {(path.source, path.target) for path in _asked(_without(made, [point]), ends)}
            assert len(ends - left) == point.cuts, (seed, point.binding.sentence)
        if found.paths and found.exact and not found.uncut:
            assert not _asked(_without(made, found.choke_points), ends), seed
            cut += 1
    assert cut > 10


def test_the_limit_is_told() -> None:
    """Fewer paths than there are: the answer is not complete."""
    made = Estate()
    made.bind(BOSS_MEMBER, "roles/owner", TARGET)
    for number in range(12):
        made.bind(f"user:u{number}@example.com", "roles/iam.serviceAccountTokenCreator", account(BOSS))
    found = made.paths(None, limit=2)
    assert len(found.paths) == 2
    assert not found.complete


def test_an_end_that_is_not_there() -> None:
    """A target must be of the estate."""
    with pytest.raises(UnknownEnd, match="projects/nowhere"):
        Estate().paths(target="projects/nowhere")


def _asked(made: Estate, ends: set[tuple[str, str]]) -> list[ControlPath]:
    return [path for source, target in sorted(ends) for path in made.paths(source, target).paths]


def _without(made: Estate, points: Iterable[ChokePoint]) -> Estate:
    for point in points:
        made = without_binding(made, point.binding)
    return made
