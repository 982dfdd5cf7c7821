"""From export lines to a world: spellings, shapes, what is missing, what is damaged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from auditor.access.collect import Collected, Collector, collect
from auditor.access.effective import EffectiveAccess
from auditor.access.places import UnclearResource
from auditor.access.standing import Certainty
from auditor.resources.decode import Unreadable
from auditor.sources.detect import sources_of
from tests.access_estates import NOW, ORGANISATION, estate, exported, table
from tests.naive_access import BUCKET, MANAGER

ANN, BOB = "user:ann@example.com", "user:bob@example.com"
P1, P2, B1 = MANAGER + "projects/p1", MANAGER + "projects/p2", "//storage.googleapis.com/b1"
ABOVE = ["projects/1001", "folders/5", ORGANISATION]
GET, PROJECT_GET = "storage.buckets.get", "resourcemanager.projects.get"
CI = "ci@p1.iam.gserviceaccount.com"


def bind(role: str, *members: str) -> dict[str, Any]:
    return {"role": role, "members": list(members)}


def asset(name: str, kind: str, **content: Any) -> dict[str, Any]:
    return {"name": name, "asset_type": kind, "ancestors": ABOVE, **content}


def access(
    *assets: dict[str, Any], base: dict[str, Any] | None = None, trusted: bool = False, **options: Any
) -> EffectiveAccess:
    """The access of an estate with further assets."""
    collector = Collector(NOW, roles=table(), exported=options.pop("exported", frozenset()))
    lines = exported(base).splitlines() if base is not None else []
    for line in [*lines, *(json.dumps(entry).encode() for entry in assets)]:
        collector.add(line, trusted=trusted)
    return EffectiveAccess(collector.world(**options), NOW)


def read(tmp_path: Path, text: bytes) -> Collected:
    path = tmp_path / "estate.ndjson"
    path.write_bytes(text)
    return collect(sources_of(str(path)), now=NOW, roles=table())


ACCOUNT = asset(
    "//iam.googleapis.com/projects/p1/serviceAccounts/104857600000000000001",
    "iam.googleapis.com/ServiceAccount",
    resource={"data": {"email": CI, "uniqueId": "104857600000000000001"}},
    iam_policy={"bindings": [bind("roles/viewer", ANN)]},
)


@pytest.mark.parametrize(
    "spelled",
    [
        CI,
        f"serviceAccount:{CI}",
        f"//iam.googleapis.com/projects/p1/serviceAccounts/{CI}",
        f"//iam.googleapis.com/projects/-/serviceAccounts/{CI.upper()}",
        "//iam.googleapis.com/projects/1001/serviceAccounts/104857600000000000001",
        f"projects/p1/serviceAccounts/{CI}",
    ],
)
def test_a_service_account_is_one_resource_in_all_spellings(spelled: str) -> None:
    answer = access(ACCOUNT, base=estate()).can(ANN, PROJECT_GET, spelled)
    assert answer.state == "GRANTED"
    assert answer.place.notes == ()


@pytest.mark.parametrize("spelled", ["projects/p1", "projects/1001", P1, MANAGER + "projects/1001"])
def test_a_project_is_one_resource_by_id_and_by_number(spelled: str) -> None:
    answer = access(base=estate(policies={P1: [bind("roles/viewer", ANN)]})).can(ANN, PROJECT_GET, spelled)
    assert (answer.state, answer.place.notes) == ("GRANTED", ())


@pytest.mark.parametrize(
    "spelled", ["gs://b1", B1, "//storage.googleapis.com/projects/_/buckets/b1", "gs://b1/logs/x.txt"]
)
def test_a_bucket_and_what_is_in_it(spelled: str) -> None:
    made = access(base=estate(policies={B1: [bind("roles/storage.admin", ANN)]}))
    assert made.can(ANN, GET, spelled).state == "GRANTED"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "b9",
        "//storage.googleapis.com",
        "projects/p1/things/t",
        "gs://",
        "projects/",
        "ann@example.com",
        "\u202e" * 9,
        "/" * 99,
    ],
)
def test_what_names_no_resource_is_an_error(text: str) -> None:
    with pytest.raises(UnclearResource) as problem:
        access(base=estate()).can(ANN, GET, text)
    assert "\u202e" not in str(problem.value)


def test_a_name_of_a_million_segments_is_answered() -> None:
    answer = access(base=estate()).can(ANN, GET, "//x.googleapis.com/projects/p1" + "/a/b" * 500_000)
    assert answer.state == "UNKNOWN_INFO_DENIED"


def test_a_relative_name_finds_its_service_by_what_the_input_has() -> None:
    secret = asset("//secretmanager.googleapis.com/projects/p1/secrets/s", "secretmanager.googleapis.com/Secret")
    made = access({**secret, "iam_policy": {"bindings": [bind("roles/viewer", ANN)]}}, base=estate())
    assert made.can(ANN, PROJECT_GET, "projects/p1/secrets/s").state == "GRANTED"
    assert made.can(ANN, PROJECT_GET, "projects/p1/secrets/s/versions/3").state == "GRANTED"  # inherited


def test_a_container_without_policy_is_unknown_unless_the_user_vouches() -> None:
    made = estate()
    del made["policies"][MANAGER + "folders/5"]
    answer = access(base=made).can(ANN, PROJECT_GET, "projects/p1")
    assert answer.state == "UNKNOWN_INFO_DENIED"
    assert "the IAM policy of folders/5 is not in the input" in answer.because
    vouched = access(base=made, exported=frozenset({"iam-policy"}))
    assert vouched.can(ANN, PROJECT_GET, "projects/p1").state == "NOT_GRANTED"


def test_nothing_follows_from_what_a_part_of_an_estate_lacks() -> None:
    made = access(base=estate(policies={P1: [bind("roles/viewer", ANN)]}), partial=True)
    assert made.can(ANN, PROJECT_GET, "projects/p1").state == "GRANTED"
    assert made.can(ANN, GET, "gs://b2").state == "UNKNOWN_INFO_DENIED"


def test_a_place_of_which_only_the_name_tells_may_have_more_above() -> None:
    topic = "//pubsub.googleapis.com/projects/p7/topics/t"
    line = {"name": topic, "asset_type": "pubsub.googleapis.com/Topic", "iam_policy": {"bindings": []}}
    answer = access(line).can(ANN, GET, topic)
    assert "what is above projects/p7 is not known, and its policies may grant more" in answer.because


def test_a_project_without_organisation_is_all_there_is() -> None:
    project = {
        **asset(MANAGER + "projects/7", "cloudresourcemanager.googleapis.com/Project"),
        "ancestors": ["projects/7"],
    }
    made = access({**project, "iam_policy": {"bindings": [bind("roles/viewer", ANN)]}})
    assert made.can(BOB, PROJECT_GET, "projects/7").state == "NOT_GRANTED"


def test_folders_that_stand_in_each_other_end() -> None:
    circle = [["folders/1", "folders/2"], ["folders/2", "folders/1"]]
    lines = [
        {**asset(MANAGER + way[0], "cloudresourcemanager.googleapis.com/Folder"), "ancestors": way} for way in circle
    ]
    assert access(*lines).can(ANN, PROJECT_GET, "folders/1").state == "UNKNOWN_INFO_DENIED"


def test_camel_case_and_feed_messages_say_the_same() -> None:
    camel = {
        "name": B1,
        "assetType": BUCKET,
        "ancestors": ABOVE,
        "iamPolicy": {"bindings": [bind("roles/storage.admin", ANN)]},
    }
    for line in (camel, {"asset": camel}):
        made = estate()
        del made["policies"][B1]
        assert access(line, base=made).can(ANN, GET, "gs://b1").state == "GRANTED"


def test_what_is_known_only_after_apply_stays_unknown() -> None:
    bucket = asset(B1, BUCKET, iam_policy={"bindings": [bind("roles/storage.admin", ANN), bind("roles/viewer")]})
    made = estate()
    del made["policies"][B1]

    def states(*unknown: str) -> list[str]:
        line = {**bucket, "unknown": dict.fromkeys(unknown, "known only after apply")}
        answers = access(line, base=made, trusted=True)
        return [answers.can(who, GET, "gs://b1").state for who in (ANN, BOB)]

    assert states() == ["GRANTED", "NOT_GRANTED"]
    assert states("iam_policy.bindings.*") == ["GRANTED", "UNKNOWN_INFO_DENIED"]
    assert states("iam_policy.bindings.0.members.*") == ["GRANTED", "UNKNOWN_INFO_DENIED"]
    assert states("iam_policy.bindings.0.role") == ["UNKNOWN_INFO_DENIED", "NOT_GRANTED"]
    assert states("iam_policy.bindings.0.condition") == ["UNKNOWN_INFO_DENIED", "NOT_GRANTED"]
    assert states("iam_policy") == ["UNKNOWN_INFO_DENIED", "UNKNOWN_INFO_DENIED"]


def test_an_export_cannot_say_what_only_sources_of_ours_say() -> None:
    line = asset(B1, BUCKET, iam_policy={"bindings": []}, unknown={"iam_policy": "so says a stranger"})
    made = estate()
    del made["policies"][B1]
    assert access(line, base=made).can(ANN, GET, "gs://b1").state == "NOT_GRANTED"


def test_groups_and_memberships_of_the_input_count() -> None:
    group = {
        "name": "//cloudidentity.googleapis.com/groups/01",
        "asset_type": "cloudidentity.googleapis.com/Group",
        "resource": {"data": {"groupKey": {"id": "devs@example.com"}}},
    }
    membership = {
        "name": "//cloudidentity.googleapis.com/groups/01/memberships/7",
        "asset_type": "cloudidentity.googleapis.com/Membership",
        "resource": {"data": {"preferredMemberKey": {"id": "ann@example.com"}, "type": "USER"}},
    }
    base = estate(policies={P1: [bind("roles/viewer", "group:devs@example.com")]})
    made = access(group, membership, base=base)
    assert [made.can(who, PROJECT_GET, "projects/p1").state for who in (ANN, BOB)] == ["GRANTED", "NOT_GRANTED"]
    without = access(group, base=base)  # the group alone says nothing of who is in it
    assert without.can(ANN, PROJECT_GET, "projects/p1").state == "UNKNOWN_INFO_DENIED"


def test_tags_by_id_come_from_tag_values() -> None:
    manager = "cloudresourcemanager.googleapis.com"
    tags = [
        {
            "name": f"//{manager}/tagValues/2",
            "asset_type": f"{manager}/TagValue",
            "resource": {"data": {"name": "tagValues/2", "parent": "tagKeys/1", "namespacedName": "100/env/prod"}},
        },
        {
            "name": f"//{manager}/tagBindings/x",
            "asset_type": f"{manager}/TagBinding",
            "resource": {"data": {"parent": MANAGER + "projects/1001", "tagValue": "tagValues/2"}},
        },
    ]
    for condition in ("resource.matchTagId('tagKeys/1', 'tagValues/2')", "resource.matchTag('100/env', 'prod')"):
        base = estate(policies={P1: [{**bind("roles/viewer", ANN), "condition": condition}]})
        assert access(*tags, base=base).can(ANN, PROJECT_GET, "gs://b1").state == "GRANTED"
        assert access(base=base).can(ANN, PROJECT_GET, "gs://b1").state == "UNKNOWN_CONDITIONAL"


def test_two_policies_of_one_resource_that_differ_are_told(tmp_path: Path) -> None:
    made = estate(policies={B1: [bind("roles/viewer", ANN)]})
    again = asset(B1, BUCKET, iam_policy={"bindings": [bind("roles/viewer", ANN)]})
    other = asset(B1, BUCKET, iam_policy={"bindings": [bind("roles/viewer", BOB)]})
    by_id = asset(
        P1, "cloudresourcemanager.googleapis.com/Project", iam_policy={"bindings": [bind("roles/owner", BOB)]}
    )
    text = exported(made)
    assert read(tmp_path, text + json.dumps(again).encode()).gaps.told == []
    for line, name in ((other, B1), (by_id, P1)):
        collected = read(tmp_path, text + json.dumps(line).encode())
        assert [gap.where for gap in collected.gaps.told] == [name]
        assert EffectiveAccess(collected.world, NOW).can(BOB, PROJECT_GET, "gs://b1").state == "NOT_GRANTED"


@pytest.mark.parametrize("line", [b"[]", b"{}", b'{"name": 1}', b"{" * 100_000, b"\xff\n"])
def test_what_is_no_asset_is_refused_with_a_sentence(line: bytes) -> None:
    with pytest.raises(Unreadable):
        Collector(NOW, roles=table()).add(line)


def test_values_of_a_wrong_type_are_unknown_and_the_rest_is_kept() -> None:
    line = asset(B1, BUCKET, iam_policy={"bindings": [bind("roles/storage.admin", ANN), {"role": 7, "members": [BOB]}]})
    made = estate()
    del made["policies"][B1]
    states = [access(line, base=made).can(who, GET, "gs://b1").state for who in (ANN, BOB)]
    assert states == ["GRANTED", "UNKNOWN_INFO_DENIED"]


def test_a_member_of_ten_megabytes_and_one_that_means_nothing() -> None:
    long = "user:" + "x" * 10_000_000 + "@example.com"
    made = access(base=estate(policies={P1: [bind("roles/viewer", long, "", "owner", "alien:x")]}))
    assert made.can(long, PROJECT_GET, "projects/p1").state == "GRANTED"
    assert made.can(ANN, PROJECT_GET, "projects/p1").state == "UNKNOWN_INFO_DENIED"  # what the others mean is not known
    assert {grant.certainty for grant in made.grants()} == {Certainty.CERTAIN}
    assert len(made.who_can(PROJECT_GET, "projects/p1").holders) == 3


def test_an_export_of_policies_alone_tells_ids_of_projects_by_the_names_of_what_is_in_them() -> None:
    project = asset(MANAGER + "projects/1001", "cloudresourcemanager.googleapis.com/Project")
    topic = asset("//pubsub.googleapis.com/projects/p1/topics/t", "pubsub.googleapis.com/Topic")
    viewer = {"iam_policy": {"bindings": [bind("roles/viewer", ANN)]}}
    made = access({**project, **viewer}, {**topic, "iam_policy": {"bindings": []}})
    assert made.can(ANN, PROJECT_GET, "projects/p1").state == "GRANTED"


def test_a_disabled_service_account_is_said_to_be_so() -> None:
    line = {**ACCOUNT, "resource": {"data": {"email": CI, "uniqueId": "1", "disabled": True}}}
    base = estate(policies={P1: [bind("roles/viewer", f"serviceAccount:{CI}")]})
    answer = access(line, base=base).can(f"serviceAccount:{CI}", PROJECT_GET, "projects/p1")
    assert answer.state == "GRANTED"
    assert answer.because[-1].endswith("nobody can act as it until it is enabled")


def test_the_example_estate_is_read_without_gaps() -> None:
    folder = Path(__file__).parents[1] / "examples" / "lucky_gas" / "export"
    collected = collect(sources_of(str(folder)), now=NOW)
    assert collected.gaps.told == []
    made = EffectiveAccess(collected.world, NOW)
    answer = made.can("user:alex@lucky-gas.example", "resourcemanager.projects.setIamPolicy", "projects/lucky-gas-prod")
    assert answer.state == "GRANTED"
    assert P2 not in collected.world.bindings.scopes.all


@pytest.mark.parametrize("kind", ["iam.googleapis.com/DenyPolicy", "iam.googleapis.com/PolicyV2"])
def test_a_deny_policy_counts_under_the_names_of_the_api_and_of_the_inventory(kind: str) -> None:
    path = "policies/cloudresourcemanager.googleapis.com%2Fprojects%2Fp1/denypolicies/limit"
    denied = ["storage.googleapis.com/buckets.get"]
    rule = {"deniedPrincipals": ["principalSet://goog/public:all"], "deniedPermissions": denied}
    policy = asset(
        f"//iam.googleapis.com/{path}", kind, resource={"data": {"name": path, "rules": [{"denyRule": rule}]}}
    )
    made = access(policy, base=estate(policies={B1: [bind("roles/storage.admin", ANN)]}))
    assert made.can(ANN, GET, B1).state == "NOT_GRANTED"
