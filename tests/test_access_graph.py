"""The control graph: reach, paths and choke points, each against a naive answer on random small graphs."""

from __future__ import annotations

import os
from collections.abc import Iterable
from itertools import combinations, pairwise
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.access.control.cuts import ChokePoints, choke_points
from auditor.access.control.graph import NO_REASON, Graph, Kind, components
from auditor.access.control.paths import Path, Pathfinder, Step
from auditor.access.control.reach import Reach, bits, bitset

EXAMPLES = int(os.environ.get("AUDITOR_GRAPH_EXAMPLES", "150"))


class Link(NamedTuple):
    """An edge (one source) or an all-of rule (several), as a random graph lists them."""

    sources: tuple[int, ...]
    target: int
    reason: int
    certain: bool


class Drawn(NamedTuple):
    kinds: tuple[Kind, ...]
    links: tuple[Link, ...]

    def graph(self) -> Graph:
        graph = Graph()
        for kind in self.kinds:
            graph.add_node(kind)
        for link in self.links:
            graph.add_all_of(link.sources, link.target, link.reason, link.certain)
        return graph

    def without(self, reasons: Iterable[int]) -> Drawn:
        gone = set(reasons)
        return Drawn(self.kinds, tuple(link for link in self.links if link.reason not in gone))

    def certain(self) -> Drawn:
        return Drawn(self.kinds, tuple(link for link in self.links if link.certain))


@st.composite
def drawn_graphs(draw: st.DrawFn, nodes: int = 9, links: int = 22, reasons: int = 6) -> Drawn:
    kinds = draw(st.lists(st.sampled_from(list(Kind)), min_size=2, max_size=nodes))
    node = st.integers(0, len(kinds) - 1)
    sources = st.lists(node, min_size=1, max_size=3, unique=True).map(tuple)
    link = st.builds(Link, sources, node, st.integers(0, reasons - 1), st.booleans())
    return Drawn(tuple(kinds), tuple(draw(st.lists(link, max_size=links))))


def held_by(drawn: Drawn, actor: int, *, rules_for_things: bool = False) -> set[int]:
    """What one identity, or a member of one group, holds as itself: the definition, applied until nothing is new."""
    acts = rules_for_things or drawn.kinds[actor] != Kind.THING
    held = {actor}
    while True:
        passing = {node for node in held if node == actor or drawn.kinds[node] != Kind.IDENTITY}
        new = {
            link.target
            for link in drawn.links
            if (set(link.sources) <= (passing if len(link.sources) == 1 else held)) and (acts or len(link.sources) == 1)
        }
        if new <= held:
            return held
        held |= new


def naive_reach(drawn: Drawn, source: int, *, rules_for_things: bool = False) -> set[int]:
    """What a source holds, and each identity that it becomes on the way."""
    reached: set[int] = set()
    todo = [source]
    became = set()
    while todo:
        actor = todo.pop()
        became.add(actor)
        held = held_by(drawn, actor, rules_for_things=rules_for_things)
        reached |= held
        todo += [node for node in held if drawn.kinds[node] == Kind.IDENTITY and node not in became]
    return reached


def all_reach(drawn: Drawn, *, certain_only: bool = False) -> list[set[int]]:
    view = drawn.graph().view(certain_only=certain_only)
    reach = Reach(view, range(view.size))
    return [set(reach.targets_of(node)) for node in range(view.size)]


def assert_is_defined_reach(found: list[set[int]], drawn: Drawn) -> None:
    for node, reached in enumerate(found):
        expected = naive_reach(drawn, node)
        if drawn.kinds[node] == Kind.THING:  # nobody in particular: some rules may be met by whoever holds it
            assert expected <= reached <= naive_reach(drawn, node, rules_for_things=True)
        else:
            assert reached == expected


@settings(max_examples=4 * EXAMPLES, deadline=None)
@given(drawn_graphs())
def test_reach_is_what_the_definition_says(drawn: Drawn) -> None:
    assert_is_defined_reach(all_reach(drawn), drawn)


@settings(max_examples=EXAMPLES, deadline=None)
@given(drawn_graphs(nodes=16, links=50))
def test_reach_is_what_the_definition_says_in_larger_graphs(drawn: Drawn) -> None:
    assert_is_defined_reach(all_reach(drawn), drawn)


@settings(max_examples=EXAMPLES, deadline=None)
@given(drawn_graphs())
def test_reach_does_not_depend_on_what_is_kept_for_the_next_rule(drawn: Drawn) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("auditor.access.control.rules._KEPT", 3)
        assert_is_defined_reach(all_reach(drawn), drawn)


@settings(max_examples=EXAMPLES, deadline=None)
@given(drawn_graphs())
def test_certain_reach_uses_certain_links_alone(drawn: Drawn) -> None:
    assert_is_defined_reach(all_reach(drawn, certain_only=True), drawn.certain())


@settings(max_examples=EXAMPLES, deadline=None)
@given(drawn_graphs())
def test_sources_are_reach_read_from_the_other_end(drawn: Drawn) -> None:
    view = drawn.graph().view()
    reach = Reach(view, range(0, view.size, 2))
    by_target = reach.sources()
    for target in reach.targets:
        nodes = [node for node in range(view.size) if reach.reaches(node, target)]
        assert list(bits(by_target[target])) == reach.sources_of(target) == nodes
        assert reach.sources_of(target, among=(0, 1)) == [node for node in nodes if node < 2]


def check_step(drawn: Drawn, step: Step, actor: int) -> None:
    link = link_of(drawn, step.link)
    assert (set(link.sources), link.target) == (set(step.sources), step.target)
    assert (link.reason, link.certain) == (step.reason, step.certain)
    if step.needs:
        assert step.actor == actor
        for source, steps in zip(step.sources, step.needs, strict=True):
            assert check_steps(drawn, steps, actor, within_rule=True) == source


def check_steps(drawn: Drawn, steps: tuple[Step, ...], start: int, *, within_rule: bool) -> int:
    """Follow the steps: each must begin where the last one ended. Within a rule nobody becomes somebody else."""
    actor = node = start
    for step in steps:
        if drawn.kinds[node] == Kind.IDENTITY and node != actor:
            assert not within_rule
            actor = node
        if not step.needs:
            assert step.sources == (node,)
        check_step(drawn, step, actor)
        node = step.target
    return node


def link_of(drawn: Drawn, number: int) -> Link:
    edges = [link for link in drawn.links if len(link.sources) == 1]
    rules = [link for link in drawn.links if len(link.sources) > 1]
    return [*edges, *rules][number]


def check_path(drawn: Drawn, path: Path) -> None:
    assert check_steps(drawn, path.steps, path.source, within_rule=False) == path.target
    assert path.reasons == {link_of(drawn, link).reason for link in path.links}
    assert path.certain == all(link_of(drawn, link).certain for link in path.links)


@settings(max_examples=2 * EXAMPLES, deadline=None)
@given(drawn_graphs())
def test_there_is_a_path_exactly_where_there_is_reach_and_each_step_follows(drawn: Drawn) -> None:
    view = drawn.graph().view()
    reached = [naive_reach(drawn, node) for node in range(view.size)]
    for target in range(view.size):
        finder = Pathfinder(view, target)
        for source in range(view.size):
            path = finder.shortest([source])
            assert (path is not None) == (target in reached[source])
            if path is not None:
                assert path.source == source
                check_path(drawn, path)


def subsets_that_lead(drawn: Drawn, source: int, target: int) -> set[frozenset[int]]:
    """The minimal sets of links that suffice, by trying all sets."""
    minimal: set[frozenset[int]] = set()
    for size in range(len(drawn.links) + 1):
        for chosen in combinations(range(len(drawn.links)), size):
            links = frozenset(chosen)
            if any(smaller <= links for smaller in minimal):
                continue
            kept = Drawn(drawn.kinds, tuple(drawn.links[number] for number in chosen))
            if target in naive_reach(kept, source):
                minimal.add(links)
    return minimal


@settings(max_examples=EXAMPLES // 2, deadline=None)
@given(drawn_graphs(nodes=6, links=8))
def test_paths_are_all_minimal_ones(drawn: Drawn) -> None:
    edges_first = sorted(range(len(drawn.links)), key=lambda number: len(drawn.links[number].sources) > 1)
    view = drawn.graph().view()
    paths = Pathfinder(view, view.size - 1).paths([0], limit=100)
    assert paths.complete
    found = {frozenset(edges_first[link] for link in path.links) for path in paths.found}
    minimal = {links for links in found if not any(other < links for other in found)}
    assert len(found) == len(paths.found)
    assert minimal == subsets_that_lead(drawn, 0, view.size - 1)


def smallest_cut(drawn: Drawn, sources: list[int], target: int, removable: set[int]) -> int | None:
    for size in range(len(removable) + 1):
        for cut in combinations(sorted(removable), size):
            left = drawn.without(cut)
            if all(target not in naive_reach(left, source) for source in sources):
                return size
    return None


def cuts_off(drawn: Drawn, sources: list[int], target: int, cut: Iterable[int]) -> bool:
    left = drawn.without(cut)
    return all(target not in naive_reach(left, source) for source in sources)


def choke(drawn: Drawn, sources: list[int], target: int, **options: int) -> ChokePoints:
    finder = Pathfinder(drawn.graph().view(), target)
    return choke_points(finder, sources, lambda reason: reason != 0, **options)


@settings(max_examples=2 * EXAMPLES, deadline=None)
@given(drawn_graphs(links=16), st.sets(st.integers(0, 8), min_size=1, max_size=3), st.sampled_from([2, 1000]))
def test_the_cut_is_the_smallest(drawn: Drawn, starts: set[int], patience: int) -> None:
    target = len(drawn.kinds) - 1
    sources = sorted({start % len(drawn.kinds) for start in starts})
    expected = smallest_cut(drawn, sources, target, set(range(1, 6)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("auditor.access.control.paths._PATIENCE", patience)
        answer = choke(drawn, sources, target, exact_up_to=6)
    assert answer.exact
    assert (None if answer.cut is None else len(answer.cut)) == expected
    if answer.cut is not None:
        assert cuts_off(drawn, sources, target, answer.cut)
    for candidate in answer.candidates:
        assert candidate.paths == sum(candidate.reason in path.reasons for path in answer.paths)


@settings(max_examples=EXAMPLES, deadline=None)
@given(drawn_graphs(links=16), st.sampled_from([{"exact_up_to": 0}, {"effort": 1}, {"path_limit": 1}]))
def test_a_cut_that_may_not_be_the_smallest_still_cuts_and_says_so(drawn: Drawn, options: dict[str, int]) -> None:
    target = len(drawn.kinds) - 1
    expected = smallest_cut(drawn, [0], target, set(range(1, 6)))
    answer = choke(drawn, [0], target, **options)
    assert (answer.cut is None) == (expected is None)
    if answer.cut is not None and expected is not None:
        assert cuts_off(drawn, [0], target, answer.cut)
        assert not any(cuts_off(drawn, [0], target, set(answer.cut) - {reason}) for reason in answer.cut)
        assert len(answer.cut) >= expected
        if answer.exact:
            assert len(answer.cut) == expected


def test_halves_held_by_two_identities_do_not_add_up() -> None:
    graph = Graph()
    ann, robot = graph.add_nodes(2, Kind.IDENTITY)
    deploy, act_as, target = graph.add_nodes(3)
    graph.add_edge(ann, deploy)
    graph.add_edge(ann, robot)
    graph.add_edge(robot, act_as)
    graph.add_all_of((deploy, act_as), target)
    assert Reach(graph.view(), [target]).sources_of(target) == [target]
    assert Pathfinder(graph.view(), target).shortest([ann]) is None
    graph.add_edge(ann, act_as)
    assert Reach(graph.view(), [target]).sources_of(target) == [ann, target]


def test_one_half_by_a_group_and_one_in_person() -> None:
    graph = Graph()
    ann, ben = graph.add_nodes(2, Kind.IDENTITY)
    team, all_staff = graph.add_nodes(2, Kind.GROUP)
    deploy, act_as, target = graph.add_nodes(3)
    graph.add_edge(ann, team, 1)
    graph.add_edge(ben, team, 2)
    graph.add_edge(team, all_staff, 3)
    graph.add_edge(all_staff, deploy, 4)
    graph.add_edge(ann, act_as, 5)
    graph.add_all_of((deploy, act_as), target, 6)
    assert Reach(graph.view(), [target]).sources_of(target) == [ann, target]
    path = Pathfinder(graph.view(), target).shortest([ann, ben])
    assert path is not None
    (step,) = path.steps
    assert [[part.reason for part in need] for need in step.needs] == [[1, 3, 4], [5]]
    assert path.reasons == {1, 3, 4, 5, 6}


def test_groups_that_contain_each_other_meet_a_rule_together() -> None:
    graph = Graph()
    ann = graph.add_node(Kind.IDENTITY)
    first, second = graph.add_nodes(2, Kind.GROUP)
    deploy, act_as, target = graph.add_nodes(3)
    graph.add_edge(ann, first)
    graph.add_edge(first, second)
    graph.add_edge(second, first)
    graph.add_edge(first, deploy)
    graph.add_edge(second, act_as)
    graph.add_all_of((deploy, act_as), target)
    assert Reach(graph.view(), [target]).sources_of(target) == [ann, first, second, target]


def test_what_a_folder_gives_holds_below_and_not_above() -> None:
    graph = Graph()
    top, below, beside = graph.add_nodes(3, Kind.IDENTITY)
    organisation, folder, project, other = graph.add_nodes(4)
    for parent, child in ((organisation, folder), (folder, project), (organisation, other)):
        graph.add_edge(parent, child)
    graph.add_edge(top, organisation)
    graph.add_edge(below, folder)
    graph.add_edge(beside, other)
    reach = Reach(graph.view(), [project])
    assert reach.sources_of(project, among=(top, below, beside)) == [top, below]


def test_possible_links_give_no_certain_reach() -> None:
    graph = Graph()
    ann = graph.add_node(Kind.IDENTITY)
    half, other_half, target = graph.add_nodes(3)
    graph.add_edge(ann, half)
    graph.add_edge(ann, other_half, certain=False)
    graph.add_all_of((half, other_half), target)
    assert Reach(graph.view(), [target]).reaches(ann, target)
    assert not Reach(graph.view(certain_only=True), [target]).reaches(ann, target)
    path = Pathfinder(graph.view(), target).shortest([ann])
    assert path is not None
    assert not path.certain


def test_one_binding_with_many_edges_is_one_cut() -> None:
    graph = Graph()
    users = graph.add_nodes(20, Kind.IDENTITY)
    capability, owner = graph.add_nodes(2)
    for user in users:
        graph.add_edge(user, capability, 7)
    graph.add_edge(capability, owner)
    answer = choke_points(Pathfinder(graph.view(), owner), users, lambda reason: reason != NO_REASON)
    assert (answer.cut, answer.exact, answer.complete) == ((7,), True, True)
    assert [(candidate.reason, candidate.paths) for candidate in answer.candidates] == [(7, 20)]


def test_many_separate_paths_are_cut_one_by_one_and_not_called_exact() -> None:
    graph = Graph()
    users = graph.add_nodes(12, Kind.IDENTITY)
    owner = graph.add_node()
    for user in users:
        graph.add_edge(user, owner, user)
    answer = choke_points(Pathfinder(graph.view(), owner), users, lambda _: True)
    assert (answer.cut, answer.exact) == (tuple(users), False)


def test_a_source_that_is_the_target_cannot_be_cut_off() -> None:
    graph = Graph()
    ann = graph.add_node(Kind.IDENTITY)
    answer = choke_points(Pathfinder(graph.view(), ann), [ann], lambda _: True)
    assert (answer.cut, answer.exact) == (None, True)


def test_nothing_to_cut_where_nothing_leads() -> None:
    graph = Graph()
    ann, ben = graph.add_nodes(2, Kind.IDENTITY)
    answer = choke_points(Pathfinder(graph.view(), ben), [ann], lambda _: True)
    assert (answer.cut, answer.exact, answer.paths, answer.complete) == ((), True, (), True)


def test_ten_thousand_nested_groups_and_scopes() -> None:
    graph = Graph()
    ann = graph.add_node(Kind.IDENTITY)
    groups = graph.add_nodes(10_000, Kind.GROUP)
    deploy, act_as = graph.add_nodes(10_000), graph.add_nodes(10_000)
    target = graph.add_node()
    graph.add_edge(ann, groups[0])
    for chain in (groups, deploy, act_as):
        for above, below in pairwise(chain):
            graph.add_edge(above, below)
    graph.add_edge(groups[-1], deploy[0])
    graph.add_edge(groups[5], act_as[0])
    graph.add_all_of((deploy[-1], act_as[-1]), target)
    assert Reach(graph.view(), [target]).reaches(ann, target)
    path = Pathfinder(graph.view(), target).shortest([ann])
    assert path is not None
    assert len(path.links) == 30_000 + 1


def test_the_same_graph_gives_the_same_answers() -> None:
    drawn = Drawn(
        (Kind.IDENTITY, Kind.GROUP, Kind.THING, Kind.THING, Kind.THING),
        (*(Link((a,), b, a + b, True) for a in range(4) for b in range(1, 5)), Link((2, 3), 4, 9, False)),
    )
    answers = {repr(choke(drawn, [0], 4)) for _ in range(3)}
    assert len(answers) == 1


@pytest.mark.parametrize(("source", "target"), [(0, 2), (2, 0), (-1, 0)])
def test_edges_to_nodes_that_do_not_exist_are_refused(source: int, target: int) -> None:
    graph = Graph()
    graph.add_nodes(2)
    graph.add_edge(source, target)
    with pytest.raises(ValueError, match="does not exist"):
        graph.view()


def test_rules_are_checked() -> None:
    graph = Graph()
    graph.add_nodes(2)
    with pytest.raises(ValueError, match="everybody"):
        graph.add_all_of((), 1)
    graph.add_all_of((0, 1), 9)
    with pytest.raises(ValueError, match="does not exist"):
        graph.view()


def test_what_is_added_after_a_question_counts_in_the_next() -> None:
    graph = Graph()
    ann = graph.add_node(Kind.IDENTITY)
    owner = graph.add_node()
    assert not Reach(graph.view(), [owner]).reaches(ann, owner)
    graph.add_edge(ann, owner)
    assert Reach(graph.view(), [owner]).reaches(ann, owner)


def test_components_come_after_what_they_lead_to() -> None:
    heads = {0: [1], 1: [2], 2: [1, 3], 3: []}
    assert [sorted(c) for c in components([0, 3], heads.__getitem__, 4)] == [[3], [1, 2], [0]]


@given(st.sets(st.integers(0, 300)))
def test_bits_undo_bitset(places: set[int]) -> None:
    assert list(bits(bitset(places, 301))) == sorted(places)
