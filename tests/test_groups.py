"""Group membership over any number of levels, from every source, with what is not known of it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.access.groups import Directory, Roster
from auditor.access.principals import principal
from auditor.access.truth import Truth, fails, holds
from auditor.resources.base import OpenList, Resource
from auditor.resources.cloudidentity import Group, Membership
from auditor.resources.decode import decoder, resource_of

NOW = datetime(2026, 11, 22, tzinfo=UTC)
PAST, FUTURE = "2026-11-21T23:59:59Z", "2026-11-22T00:00:01Z"
ANN = principal("user:ann@example.com")
BOT = principal("serviceAccount:bot@p.iam.gserviceaccount.com")


def directory(lists: dict[str, list[str]]) -> Directory:
    roster = Roster()
    for address, members in lists.items():
        roster.list_group(address, members)
    return Directory(roster)


def test_groups_hold_groups_and_service_accounts() -> None:
    known = directory(
        {
            "all@example.com": ["group:Eng@example.com", "user:zed@example.com"],
            "eng@example.com": ["user:Ann@example.com", "serviceAccount:bot@p.iam.gserviceaccount.com"],
            "empty@example.com": [],
        }
    )
    assert known.includes("group:all@example.com", ANN) == holds(
        "group:all@example.com → group:eng@example.com → user:ann@example.com"
    )
    assert known.includes("group:ALL@example.com", BOT).holds
    assert known.includes("group:empty@example.com", ANN) == fails(
        "user:ann@example.com is no member of group:empty@example.com"
    )
    assert known.includes("group:eng@example.com", principal("user:zed@example.com")).fails
    assert known.includes("group:all@example.com", principal("group:eng@example.com")).holds
    assert known.includes("group:eng@example.com", principal("group:all@example.com")).fails
    assert known.groups_of(ANN).certain.keys() == {"group:all@example.com", "group:eng@example.com"}
    assert known.groups_of(ANN).possible == frozenset()
    assert set(known.edges()) == {
        ("group:eng@example.com", "group:all@example.com"),
        ("user:zed@example.com", "group:all@example.com"),
        ("user:ann@example.com", "group:eng@example.com"),
        ("serviceAccount:bot@p.iam.gserviceaccount.com", "group:eng@example.com"),
    }


def test_a_group_that_nobody_told_of_makes_all_above_it_doubtful() -> None:
    known = directory(
        {
            "top@example.com": ["group:middle@example.com"],
            "middle@example.com": ["group:partner@other.com"],
            "side@example.com": ["user:ann@example.com"],
        }
    )
    decision = known.includes("group:top@example.com", ANN)
    assert decision.is_unknown
    missing = "members of group partner@other.com are not known"
    way = "group:top@example.com → group:middle@example.com → group:partner@other.com"
    assert decision.because == (f"{way}: {missing}",)
    assert known.includes("group:partner@other.com", ANN).because == (missing,)
    assert known.includes("group:never-heard@example.com", ANN).is_unknown
    assert known.groups_of(ANN).possible == {
        "group:top@example.com",
        "group:middle@example.com",
        "group:partner@other.com",
    }
    assert known.gaps() == {"group:partner@other.com": missing}
    assert known.knows("group:top@example.com")
    assert not known.knows("group:partner@other.com")
    assert not known.knows("group:never-heard@example.com")
    federated = principal("principal://iam.googleapis.com/locations/global/workforcePools/p/subject/s")
    assert known.includes("group:top@example.com", federated).fails
    assert known.groups_of(federated).possible == frozenset()


def test_cycles_end() -> None:
    known = directory(
        {
            "a@example.com": ["group:b@example.com", "group:a@example.com"],
            "b@example.com": ["group:c@example.com"],
            "c@example.com": ["group:a@example.com", "user:ann@example.com"],
        }
    )
    assert len(known.groups_of(ANN).certain) == 3
    assert known.includes("group:a@example.com", ANN).holds
    assert known.includes("group:a@example.com", BOT).fails
    assert known.includes("group:b@example.com", principal("group:a@example.com")).holds


def test_deep_nesting_is_no_problem() -> None:
    depth = 10_000
    lists = {f"g{level}@example.com": [f"group:g{level + 1}@example.com"] for level in range(depth)}
    lists[f"g{depth}@example.com"] = ["user:ann@example.com"]
    known = directory(lists)
    way = known.includes("group:g0@example.com", ANN)
    assert way.holds
    assert way.because[0].startswith("group:g0@example.com → group:g1@example.com → ")
    assert " → 9982 more groups → " in way.because[0]
    assert way.because[0].endswith(f" → group:g{depth}@example.com → user:ann@example.com")
    lists[f"g{depth}@example.com"] = ["group:unknown@example.com"]
    doubt = directory(lists).includes("group:g0@example.com", ANN)
    assert doubt.is_unknown
    assert doubt.because[0].endswith("members of group unknown@example.com are not known")


@pytest.mark.parametrize(
    "member", ["domain:example.com", "principalSet://goog/cloudIdentityCustomerId/C01", "allUsers", "nonsense:x"]
)
def test_a_member_that_is_no_single_account_leaves_a_gap(member: str) -> None:
    known = directory({"g@example.com": [member, "user:zed@example.com"]})
    assert known.includes("group:g@example.com", ANN).is_unknown
    assert f"{member} is no single account" in known.gaps()["group:g@example.com"]
    assert known.includes("group:g@example.com", principal("user:zed@example.com")).holds


def test_deleted_members_belong_to_nothing() -> None:
    known = directory({"g@example.com": ["deleted:user:ann@example.com?uid=1"]})
    assert known.includes("group:g@example.com", ANN).fails


def test_a_bare_address_is_a_group_where_that_is_listed() -> None:
    known = directory(
        {
            "top@example.com": ["eng@example.com", "Zed@example.com", "bot@p.iam.gserviceaccount.com"],
            "eng@example.com": ["user:ann@example.com"],
        }
    )
    for who in (ANN, BOT, principal("user:zed@example.com")):
        assert known.includes("group:top@example.com", who).holds


# Cloud Identity ------------------------------------------------------------------------------------------------------


def shown(view: type[Resource], name: str, data: dict[str, Any], **extra: Any) -> Any:
    line = {
        "name": f"//cloudidentity.googleapis.com/{name}",
        "asset_type": f"cloudidentity.googleapis.com/{view.__name__}",
        "resource": {"data": data},
        **extra,
    }
    return resource_of(decoder(view).decode(msgspec.json.encode(line)), view)


def group(identity: str, address: str, **data: Any) -> Group:
    view: Group = shown(Group, f"groups/{identity}", {"groupKey": {"id": address}, **data})
    return view


def membership(identity: str, member: str, kind: str = "USER", **data: Any) -> Membership:
    data = {"preferredMemberKey": {"id": member}, "type": kind, "roles": [{"name": "MEMBER"}], **data}
    view: Membership = shown(Membership, f"groups/{identity}/memberships/1", data)
    return view


def collected(groups: Iterable[Group], memberships: Iterable[Membership]) -> Directory:
    roster = Roster()
    roster.collect(groups, memberships, NOW)
    return Directory(roster)


def expiring(at: str) -> dict[str, Any]:
    return {"roles": [{"name": "OWNER"}, {"name": "MEMBER", "expiryDetail": {"expireTime": at}}]}


def test_groups_of_the_api() -> None:
    known = collected(
        [
            group("1", "All@example.com", parent="customers/C01abc"),
            group("2", "eng@example.com"),
            group("3", "empty@example.com"),
        ],
        [
            membership("1", "eng@example.com", "GROUP"),
            membership("2", "ann@example.com"),
            membership("2", "bot@p.iam.gserviceaccount.com", "SERVICE_ACCOUNT"),
            membership("2", "0AbCdEf", "SHARED_DRIVE"),
        ],
    )
    assert known.includes("group:all@example.com", ANN).holds
    assert known.includes("group:all@example.com", BOT).holds
    assert known.includes("group:empty@example.com", ANN).fails
    assert known.gaps() == {}
    assert known.customer_of("example.com") == "C01abc"
    assert known.customer_of("other.com") == ""


@pytest.mark.parametrize(
    ("at", "expected"),
    [(PAST, Truth.FALSE), ("2026-11-22T00:00:00Z", Truth.FALSE), (FUTURE, Truth.TRUE)],
)
def test_an_expired_membership_does_not_count(at: str, expected: Truth) -> None:
    known = collected([group("1", "g@example.com")], [membership("1", "ann@example.com", **expiring(at))])
    assert known.includes("group:g@example.com", ANN).truth is expected


def test_an_expiry_that_cannot_be_read_leaves_a_gap() -> None:
    known = collected([group("1", "g@example.com")], [membership("1", "ann@example.com", **expiring("tomorrow"))])
    assert known.includes("group:g@example.com", ANN).is_unknown
    assert "whether the membership of ann@example.com has expired is not known" in known.gaps()["group:g@example.com"]


def test_a_member_that_cannot_be_read_leaves_a_gap() -> None:
    known = collected(
        [group("1", "g@example.com")],
        [membership("1", "zed@example.com"), shown(Membership, "groups/1/memberships/2", {"type": "USER"})],
    )
    assert known.includes("group:g@example.com", ANN).is_unknown
    assert known.includes("group:g@example.com", principal("user:zed@example.com")).holds


def test_members_without_type_are_told_apart_by_their_address() -> None:
    known = collected(
        [group("1", "top@example.com"), group("2", "eng@example.com")],
        [
            membership("1", "eng@example.com", "OTHER"),
            membership("1", "bot@p.iam.gserviceaccount.com", ""),
            membership("2", "ann@example.com", "TYPE_UNSPECIFIED"),
        ],
    )
    assert known.includes("group:top@example.com", ANN).holds
    assert known.includes("group:top@example.com", BOT).holds


def test_dynamic_groups_are_known_only_where_their_members_are_listed() -> None:
    dynamic = {"labels": {"cloudidentity.googleapis.com/groups.dynamic": ""}}
    known = collected(
        [group("1", "listed@example.com", **dynamic), group("2", "unlisted@example.com", **dynamic)],
        [membership("1", "ann@example.com")],
    )
    assert known.includes("group:listed@example.com", BOT).fails
    assert known.includes("group:unlisted@example.com", BOT).is_unknown


def test_what_an_outside_identity_source_maps_is_no_google_account() -> None:
    mapped = {"id": "ann@example.com", "namespace": "identitysources/1"}
    known = collected(
        [group("1", "g@example.com"), group("2", "x", groupKey=mapped)],
        [membership("1", "", preferredMemberKey=mapped)],
    )
    assert known.includes("group:g@example.com", ANN).fails


def test_incomplete_collections_leave_gaps_in_all_groups_but_those_that_are_listed() -> None:
    roster = Roster()
    roster.list_group("listed@example.com", ["user:zed@example.com"])
    some: list[Membership] = OpenList([membership("1", "ann@example.com")], "Membership", "a file was cut off")
    roster.collect([group("1", "g@example.com"), group("2", "listed@example.com")], some, NOW)
    known = Directory(roster)
    assert known.includes("group:g@example.com", ANN).holds
    assert known.includes("group:g@example.com", BOT).is_unknown
    assert "a file was cut off" in known.gaps()["group:g@example.com"]
    assert known.includes("group:listed@example.com", BOT).fails


def test_memberships_of_a_group_without_address_are_counted() -> None:
    roster = Roster()
    unread = shown(Group, "groups/2", {}, unread={})
    lost = roster.collect([group("1", "g@example.com"), unread], [membership("2", "ann@example.com")], NOW)
    assert lost == 1
    assert Directory(roster).includes("group:other@example.com", ANN).is_unknown


def test_a_membership_may_name_its_group() -> None:
    known = collected([], [membership("9", "ann@example.com", groupKey={"id": "g@example.com"})])
    assert known.includes("group:g@example.com", ANN).holds


def test_the_collector_can_tell_what_it_was_refused() -> None:
    roster = Roster()
    roster.collect([group("1", "g@example.com")], [membership("1", "zed@example.com")], NOW)
    roster.doubt("g@example.com", "listing its members was refused")
    roster.doubt("other@example.com", "it was refused")
    roster.list_group("top@example.com", ["group:other@example.com"])
    known = Directory(roster)
    decision = known.includes("group:g@example.com", ANN)
    assert decision.because == ("not all members of group:g@example.com are known, listing its members was refused",)
    refused = "not all members of group:other@example.com are known, it was refused"
    way = "group:top@example.com → group:other@example.com"
    assert known.includes("group:top@example.com", ANN).because == (f"{way}: {refused}",)


def test_a_membership_that_is_told_twice_is_one() -> None:
    roster = Roster()
    roster.list_group("g@example.com", ["user:ann@example.com", "user:Ann@example.com"])
    roster.collect([group("1", "g@example.com")], [membership("1", "ann@example.com")], NOW)
    assert list(Directory(roster).edges()) == [("user:ann@example.com", "group:g@example.com")]


# Against a naive evaluator -------------------------------------------------------------------------------------------

NAMES = [f"g{number}@example.com" for number in range(6)]
PEOPLE = [f"user:p{number}@example.com" for number in range(3)]
LISTS = st.dictionaries(
    st.sampled_from(NAMES), st.lists(st.sampled_from([f"group:{name}" for name in NAMES] + PEOPLE), max_size=5)
)


def naively_inside(lists: dict[str, list[str]], group: str, who: str, seen: frozenset[str] = frozenset()) -> Truth:
    """From the words of the documentation: in the group, or in a group that is in it."""
    if group in seen:
        return Truth.FALSE
    if group not in lists:
        return Truth.UNKNOWN
    if who in lists[group]:
        return Truth.TRUE
    inner = [member.removeprefix("group:") for member in lists[group] if member.startswith("group:")]
    answers = [naively_inside(lists, name, who, seen | {group}) for name in inner]
    return Truth.TRUE if Truth.TRUE in answers else Truth.UNKNOWN if Truth.UNKNOWN in answers else Truth.FALSE


@settings(max_examples=400)
@given(LISTS)
def test_membership_is_what_a_naive_evaluator_finds(lists: dict[str, list[str]]) -> None:
    known = directory(lists)
    for who in (*PEOPLE, f"group:{NAMES[0]}"):
        groups = known.groups_of(principal(who))
        for name in NAMES:
            expected = Truth.TRUE if who == f"group:{name}" else naively_inside(lists, name, who)
            assert known.includes(f"group:{name}", principal(who)).truth is expected
            if name in lists and who != f"group:{name}":
                certain, possible = f"group:{name}" in groups.certain, f"group:{name}" in groups.possible
                assert (certain, possible) == (expected is Truth.TRUE, expected is Truth.UNKNOWN)


@given(LISTS, LISTS)
def test_a_definite_answer_stays_when_more_becomes_known(
    lists: dict[str, list[str]], more: dict[str, list[str]]
) -> None:
    before, after = directory(lists), directory({**more, **lists})
    for who in map(principal, PEOPLE):
        for name in NAMES:
            answer = before.includes(f"group:{name}", who)
            assert answer.is_unknown or answer.truth is after.includes(f"group:{name}", who).truth
