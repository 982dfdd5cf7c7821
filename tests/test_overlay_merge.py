"""Three sides of a value, merged: what is there, what the plan read, what it will be."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.sources.terraform.grants import Grants, PolicyChange
from auditor.sources.terraform.merge import merge

NET = {"value": "203.0.113.0/24"}
FULL = {"kind": "sql#aclEntry", "value": "203.0.113.0/24"}


@pytest.mark.parametrize(
    ("present", "before", "after", "unknown", "made", "told"),
    [
        ({"a": 1, "z": 9}, {"a": 1}, {"a": 2}, {}, {"a": 2, "z": 9}, {}),
        ({"a": 1, "z": 9}, {"a": 1}, {}, {}, {"z": 9}, {}),
        ({"a": 5}, {"a": 1}, {"a": 1}, {}, {"a": 5}, {}),
        (
            {"n": [FULL, {"value": "x"}]},
            {"n": [NET, {"value": "x"}]},
            {"n": [{"value": "x"}]},
            {},
            {"n": [{"value": "x"}]},
            {},
        ),
        ({"n": [FULL]}, {"n": [NET]}, {"n": [NET, {}]}, {"n.1.value": "c"}, {"n": [FULL, {}]}, {"n.1.value": "c"}),
        (
            {"n": [{"value": "drift"}, FULL]},
            {"n": [NET]},
            {"n": [{"value": "y"}]},
            {},
            {"n": [{"value": "drift"}, {"value": "y"}]},
            {},
        ),
        ({"n": [{"value": "other"}]}, {"n": [NET]}, {"n": []}, {}, {"n": []}, {}),
        (
            {"n": [{"v": 1}]},
            {"n": []},
            {"n": [{"v": 2}]},
            {"n.*": "a plan shows only the n that it adds"},
            {"n": [{"v": 1}, {"v": 2}]},
            {},
        ),
        ({"o": {"p": 1, "q": 2}}, {"o": {"p": 1}}, {"o": {}}, {"o.p": "c"}, {"o": {"q": 2}}, {"o.p": "c"}),
        ({"o": 1}, {}, {"o": {"p": 1}}, {}, {"o": {"p": 1}}, {}),
    ],
)
def test_three_sides_are_merged(present: Any, before: Any, after: Any, unknown: Any, made: Any, told: Any) -> None:
    merged = merge(present, before, after, unknown)
    assert merged.data == made
    assert merged.unknown == told


VALUES = st.recursive(
    st.integers(0, 3),
    lambda x: st.lists(x, max_size=3) | st.dictionaries(st.sampled_from("abc"), x, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.sampled_from("abc"), VALUES, max_size=3)


@given(OBJECTS, OBJECTS)
def test_what_is_there_as_the_plan_says_becomes_what_it_says(before: Any, after: Any) -> None:
    given_ = json.dumps([before, after])
    assert merge(before, before, after, {}).data == after
    assert json.dumps([before, after]) == given_


@given(OBJECTS, OBJECTS)
def test_what_the_plan_does_not_change_stays(present: Any, same: Any) -> None:
    assert merge(present, same, same, {}).data == present


MEMBERS = st.lists(st.sampled_from(["user:a@x.y", "user:b@x.y", "allUsers"]), unique=True)
BINDINGS = st.lists(
    st.builds(lambda role, members: {"role": role, "members": members}, st.sampled_from("pqr"), MEMBERS),
    max_size=4,
    unique_by=lambda b: b["role"],
)


@given(BINDINGS, BINDINGS)
def test_what_joins_and_leaves_again_changes_nothing(present: Any, joined: Any) -> None:
    there = {(b["role"], member) for b in present for member in b["members"]}
    fresh = [{**b, "members": [m for m in b["members"] if (b["role"], m) not in there]} for b in joined]
    grown, unknown = PolicyChange(joined=Grants(fresh)).apply({"bindings": present})
    assert not unknown
    shrunk, _ = PolicyChange(left=Grants(fresh)).apply(grown)
    assert {(b["role"], m) for b in shrunk["bindings"] for m in b["members"]} == there
