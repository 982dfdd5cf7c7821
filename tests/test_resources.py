"""How views behave where something is unknown: no test can slip past it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from auditor.model.text import visible
from auditor.resources.base import OpenList, Undetermined, View, plain, read_path, withhold
from auditor.resources.decode import Payload, Unreadable, decoder
from auditor.resources.policy import Binding, Condition, Policy
from auditor.resources.storage import Bucket
from tests.support import bucket


class Leaf(View):
    """A nested message."""

    on: bool = False
    names: list[str] = []


class Tree(View):
    """A message with all kinds of fields."""

    leaf: Leaf = msgspec.field(default_factory=Leaf)
    leaves: list[Leaf] = []
    maybe: Leaf | None = None
    labels: dict[str, str] = {}
    size: int = 0


READS: dict[str, tuple[str, Callable[[Tree], Any]]] = {
    "a field": ("size", lambda tree: tree.size == 0),
    "a field of a message": ("leaf.on", lambda tree: not tree.leaf.on),
    "a whole message": ("leaf", lambda tree: tree.leaf.on),
    "a field of a message that is absent": ("maybe.on", lambda tree: tree.maybe is None),
    "a map, of which one entry is unknown": ("labels.team", lambda tree: tree.labels.get("other")),
    "one element's field": ("leaves.0.on", lambda tree: tree.leaves[0].on),
    "an element": ("leaves.1", lambda tree: len(tree.leaves)),
    "more elements: length": ("leaves.*", lambda tree: len(tree.leaves)),
    "more elements: truth of none": ("leaf.names.*", lambda tree: bool(tree.leaf.names)),
    "more elements: equality": ("leaf.names.*", lambda tree: tree.leaf.names == []),
    "more elements: none of them": ("leaves.*", lambda tree: any(leaf.names for leaf in tree.leaves)),
    "more elements: not in": ("leaf.names.*", lambda tree: "x" in tree.leaf.names),
    "more elements: index": ("leaves.*", lambda tree: tree.leaves[0]),
}


def tree() -> Tree:
    return msgspec.convert({"leaf": {}, "leaves": [{"on": True}, {"on": False}], "labels": {"team": "a"}}, Tree)


@pytest.mark.parametrize("kind", READS)
def test_reading_the_unknown_raises(kind: str) -> None:
    path, read = READS[kind]
    unsure = tree()
    read(tree())
    withhold(unsure, path.split("."), path, "known only after apply")
    with pytest.raises(Undetermined):
        read(unsure)


def test_what_is_known_of_an_open_list_can_decide() -> None:
    unsure = tree()
    withhold(unsure, ["leaves", "*"], "leaves", "unknown")
    assert any(leaf.on for leaf in unsure.leaves)
    assert unsure.leaves
    assert isinstance(unsure.leaves, OpenList)
    assert len(unsure.leaves.known()) == 2
    assert plain(unsure)["leaves"][-1] == "(more, unknown)"


def test_a_misspelt_field_is_a_bug_and_not_unknown() -> None:
    with pytest.raises(AttributeError, match="has no field 'sise'"):
        getattr(tree(), "sise")  # noqa: B009 - mypy would refuse it, as it should
    with pytest.raises(AttributeError, match="has no field"):
        read_path(tree(), "leaf.off")


def test_evidence_shows_the_unknown_as_such() -> None:
    unsure = tree()
    withhold(unsure, ["leaf"], "leaf", "unknown")
    assert read_path(unsure, "leaf.on") == "(unknown)"
    assert read_path(unsure, "leaves.on") == [True, False]
    assert read_path(unsure, "maybe.on") is None


def test_unknown_paths_of_a_line_are_withheld() -> None:
    line = bucket(unknown={"resource.data.iamConfiguration.publicAccessPrevention": "known only after apply"})
    payload = decoder(Bucket).decode(msgspec.json.encode(line)).resource
    assert isinstance(payload, Payload)
    assert isinstance(payload.data, Bucket)
    with pytest.raises(Undetermined, match="publicAccessPrevention"):
        assert payload.data.iam_configuration.public_access_prevention


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"{", "not valid JSON"),
        (b"[]", "not an asset object"),
        (b'"a\xff"', "not UTF-8 at byte 3"),
        (b'{"asset_type": "x/Y"}', "name"),
        (b'{"name": 1, "asset_type": "x/Y"}', "name"),
    ],
)
def test_an_unreadable_line_says_why(line: bytes, words: str) -> None:
    with pytest.raises(Unreadable, match=words):
        decoder(Bucket).decode(line)


@pytest.mark.parametrize(
    ("line", "ancestors"),
    [
        ({"ancestry_path": "organization/1/folder/2/project/p"}, ["projects/p", "folders/2", "organizations/1"]),
        ({"ancestry_path": "organizations/1/projects/p"}, ["projects/p", "organizations/1"]),
        ({"name": "//iam.googleapis.com/projects/p/serviceAccounts/a"}, ["projects/p"]),
        ({"name": "//cloudresourcemanager.googleapis.com/folders/2"}, ["folders/2"]),
        ({"name": "//storage.googleapis.com/b"}, []),
    ],
)
def test_ancestors_are_found_where_the_line_has_none(line: dict[str, Any], ancestors: list[str]) -> None:
    document = {"name": "//storage.googleapis.com/b", "asset_type": "storage.googleapis.com/Bucket", **line}
    assert decoder(Bucket).decode(msgspec.json.encode(document)).ancestors == ancestors


NOW = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    ("expression", "expired"),
    [
        ('request.time < timestamp("2026-11-21T00:00:00Z")', True),
        ("request.time < timestamp('2026-11-21T00:00:00Z')", True),
        ('resource.name.startsWith("x") && request.time < timestamp("2020-01-01T00:00:00Z")', True),
        ('request.time < timestamp("2026-11-23T00:00:00Z")', False),
        ('request.time < timestamp("2020-01-01T00:00:00Z") || true', False),
        ('!(request.time < timestamp("2020-01-01T00:00:00Z"))', False),
        ('request.time > timestamp("2020-01-01T00:00:00Z")', False),
        ('request.time < timestamp("2020-01-01")', False),
        ("resource.name == \"a && request.time < timestamp('2020-01-01T00:00:00Z')\"", False),
        ("", False),
    ],
)
def test_only_a_plain_time_limit_in_the_past_ends_a_binding(expression: str, expired: bool) -> None:
    assert Condition(expression=expression).expired(NOW) is expired
    assert Binding(condition=Condition(expression=expression)).in_force(NOW) is not expired


@pytest.mark.parametrize(
    "text",
    [
        '{"audit_configs":[{"service":"s","audit_log_configs":[{"log_type":3,"exempted_members":["user:a"]}]}]}',
        '{"auditConfigs":[{"service":"s","auditLogConfigs":[{"logType":"DATA_READ","exemptedMembers":["user:a"]}]}]}',
    ],
)
def test_audit_configurations_are_read_in_both_spellings(text: str) -> None:
    policy: Policy[Any] = msgspec.json.decode(text, type=Policy)
    (config,) = policy.audit_configs
    assert (config.service, config.log_types) == ("s", {"DATA_READ": ["user:a"]})


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text, ümlaut 日本", "plain text, ümlaut 日本"),
        ("\x1b[31m", "\\u001b[31m"),
        ("a\u202eb", "a\\u202eb"),
        ("a\nb\tc\x7f", "a\\u000ab\\u0009c\\u007f"),
        ("\u2028\u200b\ufeff", "\\u2028\\u200b\\ufeff"),
        ("\ud800", "\\ud800"),
        ("\u3164\u2800\ufe0f", "\\u3164\\u2800\\ufe0f"),
    ],
)
def test_text_of_strangers_is_made_visible(text: str, shown: str) -> None:
    assert visible(text) == shown
