"""Powers on a scope: by permission, not by role name; groups, denials and what is unknown are respected."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.access.bindings import Texts
from auditor.access.collect import Collector
from auditor.access.crowds import Meant
from auditor.access.effective import EffectiveAccess
from auditor.access.federation import SHARED_ISSUERS, mutable_claims, trusts_pull_requests
from auditor.access.members import Member, parse
from auditor.access.role_table import load
from auditor.access.standing_index import standing_index
from auditor.check import Example, asset
from auditor.resources.base import Asset, Undetermined
from auditor.resources.storage import Bucket
from auditor.testing import NOW
from checks.api_keys.holders import _READS_KEYS
from checks.audit_logging.holders import _READS_LOGS
from checks.iam.conditions import _BIND_RESOURCE, _BIND_VALUE
from checks.iam.containers import above_project, grant, member_of, on_folder, on_project, until
from checks.iam.duties import _ADMIN, _USE, KMS_ADMIN, KMS_USE
from checks.iam.impersonation import _BECOME
from checks.iam.service_accounts import CHANGES_ACCESS, CONTROLS, REACHES_FAR
from checks.iam.workloads import _CONTROL, _DESTRUCTION, _LOGGING

_PROJECT = "//cloudresourcemanager.googleapis.com/projects/1001"
_ACT = frozenset({"iam.serviceAccounts.actAs"})
_GITHUB = SHARED_ISSUERS["token.actions.githubusercontent.com"]


def _access(*examples: Example) -> EffectiveAccess:
    collector = Collector(NOW)
    for example in examples:
        collector.add(msgspec.json.encode(example.document()))
    return EffectiveAccess(collector.world(), NOW)


def _anybody(member: Member) -> bool:
    return not member.deleted


@pytest.mark.parametrize(
    "permissions",
    [
        *(_ADMIN, _USE, KMS_ADMIN, KMS_USE, _BECOME, CHANGES_ACCESS, REACHES_FAR),
        *(_CONTROL, _LOGGING, _DESTRUCTION, _BIND_VALUE, _BIND_RESOURCE),
        *(CONTROLS, _READS_KEYS, _READS_LOGS),
    ],
)
def test_the_role_table_knows_every_permission_that_checks_ask_for(permissions: frozenset[str]) -> None:
    table = load()
    assert [name for name in sorted(permissions) if table.index(name) is None] == []


def test_a_power_is_found_by_what_the_role_permits() -> None:
    access = _access(
        on_project(grant("roles/iam.devOps", "user:a@example.com"), grant("roles/viewer", "user:b@example.com"))
    )
    found = standing_index(access).on(_PROJECT, _ACT, _anybody).certain()
    assert [(str(power.member), power.permissions) for power in found] == [("user:a@example.com", tuple(_ACT))]


@pytest.mark.parametrize(
    ("bindings", "doubted"),
    [
        ([grant("projects/p/roles/unheard", "user:a@example.com")], True),
        ([grant("projects/p/roles/unheard")], False),
        ([grant("roles/not.inTheTable", "user:a@example.com")], True),
        ([grant("roles/viewer", "user:a@example.com")], False),
    ],
)
def test_a_role_of_unknown_permissions_is_a_doubt_where_somebody_holds_it(
    bindings: list[dict[str, Any]], doubted: bool
) -> None:
    powers = standing_index(_access(on_project(*bindings))).on(_PROJECT, _ACT, _anybody)
    assert powers.found == []
    assert bool(powers.doubts) is doubted
    if doubted:
        with pytest.raises(Undetermined):
            powers.certain()


def test_a_policy_that_is_not_there_is_unknown() -> None:
    with pytest.raises(Undetermined):
        standing_index(_access(on_folder())).on(_PROJECT, _ACT, _anybody)


def test_what_is_above_and_not_in_the_input_is_a_doubt() -> None:
    project = on_project(grant("roles/viewer", "user:a@example.com"))
    index = standing_index(
        _access(project, *above_project(grant("roles/iam.serviceAccountUser", "user:a@example.com")))
    )
    name = Asset(name=_PROJECT, asset_type="cloudresourcemanager.googleapis.com/Project", ancestors=["projects/1001"])
    assert [power.scope.rpartition("/")[2] for power in index.above(name, _ACT, _anybody).found] == ["2001"]
    assert standing_index(_access(project)).above(name, _ACT, _anybody).doubts


def test_accounts_behind_nested_groups_are_found_and_cycles_end() -> None:
    access = _access(
        on_project(),
        *member_of("ops@example.com", "a@example.com"),
        *member_of("all@example.com", "b@example.com"),
    )
    accounts, doubt = standing_index(access).inside(parse("group:ops@example.com"))
    assert (accounts, doubt) == (frozenset({"user:a@example.com"}), "")
    assert standing_index(access).inside(parse("group:gone@example.com"))[1]


@pytest.mark.parametrize(
    ("condition", "claims"),
    [
        ("assertion.repository_owner == 'a'", ["repository_owner"]),
        ("assertion.repository_owner_id == '1'", []),
        ("assertion.repository_owner_id == '1' && assertion.repository == 'a/b'", []),
        ("assertion.repository_owner_id == '1' || assertion.repository == 'a/b'", ["repository"]),
        ("attribute.owner == 'a'", ["repository_owner"]),
        ("true", []),
        ("", []),
        ("((((", []),
    ],
)
def test_names_are_told_from_numbers(condition: str, claims: list[str]) -> None:
    assert mutable_claims(condition, {"attribute.owner": "assertion.repository_owner"}, _GITHUB) == claims


@pytest.mark.parametrize(
    ("condition", "asked"),
    [
        ("assertion.event_name == 'pull_request'", "pull_request"),
        ("assertion['event_name'] == 'pull_request_target'", "pull_request_target"),
        ("assertion.ref.startsWith('refs/pull/')", "refs/pull/"),
        ("assertion.event_name != 'pull_request'", ""),
        ("!(assertion.event_name == 'pull_request')", ""),
        ("assertion.repository == 'a/pull_request'", ""),
        ("assertion.event_name == 'push' && assertion.repository == 'a/pull_request'", ""),
        ("x" * 100_000, ""),
    ],
)
def test_what_asks_for_pull_requests(condition: str, asked: str) -> None:
    assert trusts_pull_requests(condition, {}) == asked


@given(st.lists(st.text(max_size=4)), st.lists(st.text(max_size=4)))
def test_texts_keep_their_numbers_when_they_are_settled(texts: list[str], others: list[str]) -> None:
    numbered = Texts("")
    numbers = {text: numbered.number(text) for text in texts}
    before = {text: numbered.known(text) for text in [*texts, *others, ""]}
    numbered.settle()
    assert {text: numbered.known(text) for text in before} == before
    assert [numbered[number] for number in numbers.values()] == list(numbers)
    assert {text: numbered.number(text) for text in texts} == numbers  # and more can be added again
    assert numbered.number("longer than others") == len(before.keys() & {"", *texts})


def test_a_crowd_is_who_holds_a_role_that_can_be_in_force() -> None:
    bucket = asset(
        Bucket,
        policy={"bindings": [grant("roles/storage.objectViewer", "user:b@example.com", "deleted:user:x@x.example")]},
        name="//storage.googleapis.com/b",
    )
    access = _access(
        on_project(
            grant("roles/viewer", "user:a@example.com"),
            grant("roles/editor", "user:late@example.com", condition=until("2026-01-31")),
        ),
        bucket,
    )
    project = Asset(name=_PROJECT, asset_type=f"{_PROJECT.split('/')[2]}/Project", ancestors=["projects/1001"])
    crowd = standing_index(access).crowd(project)
    for name, anywhere, on_resources in (("a", True, False), ("b", True, True), ("late", False, False)):
        meant = _called(name, "user")
        assert (crowd.has(meant), crowd.has_on_resources(meant)) == (anywhere, on_resources), name
        held = [(str(power.member), power.scope) for power in standing_index(access).holders(project, meant).found]
        scope = bucket.name if on_resources else _PROJECT
        assert held == ([(f"user:{name}@example.com", scope)] if anywhere else [])
    assert not crowd.has(_called("a", "group"))
    assert not crowd.has(_called("x", "user"))  # deleted


def _called(name: str, kind: str) -> Meant:
    return Meant(lambda member: member.value.startswith(f"{name}@"), (kind,))
