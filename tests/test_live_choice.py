"""What is collected: targets within targets, rules by id and label, skipped services, types that are not listed."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from auditor.cli import main
from auditor.sources.live.failures import State
from auditor.sources.live.needs import Needs
from auditor.sources.live.plan import Order
from auditor.sources.live.scope import Filter, NotAScope
from tests.fake_google import Estate, Fake, denied, invalid, unavailable
from tests.live_support import IMPATIENCE, NOTHING, ORGANIZATION, Done, collected, names, own, small_estate

Reach = Callable[[Fake], None]
BUCKETS = Needs(frozenset({"storage.googleapis.com/Bucket"}), frozenset())


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments], prog_name="auditor")


def said(result: Result) -> str:
    return " ".join(result.output.split())


def project_of(estate: Estate) -> tuple[str, str, str]:
    """(`projects/NUMBER`, `projects/ID`, the folder it is in) of a project."""
    project = next(p for p in estate.containers("Project") if p["resource"]["data"]["projectId"] == "lucky-gas-prod")
    return project["ancestors"][0], f"projects/{project['resource']['data']['projectId']}", project["ancestors"][1]


# targets within targets


def contents(done: Done) -> Counter[str]:
    """How often each record came."""
    return Counter(json.dumps(record, sort_keys=True) for record in done.records)


def test_targets_within_others_are_listed_once(estate: Estate, fake: Fake) -> None:
    number, project, folder = project_of(estate)
    right = collected(fake, Order(targets=(ORGANIZATION,)))
    lists = len(fake.asked("ListAssets"))
    fake.reset()
    done = collected(fake, Order(targets=(ORGANIZATION, folder, project, number, project)))
    assert len(fake.asked("ListAssets")) == lists + 4  # the scope of each target
    again = contents(done)
    assert set(again.values()) == {1}
    assert set(contents(right)) <= set(again)
    assert done.coverage.reached == right.coverage.reached


def test_a_project_within_a_folder_that_the_inventory_refuses_is_listed_by_itself(estate: Estate, fake: Fake) -> None:
    number, project, folder = project_of(estate)
    fake.fail("ListAssets", denied("cloudasset.assets.listResource", when=lambda request: request.parent == folder))
    done = collected(fake, Order(targets=(folder, project)))
    bulk = {(part.place, part.content): part.state for part in done.parts("assets")}
    assert bulk[number, "resource"] is State.COLLECTED
    assert bulk[folder, "resource"] is State.DENIED
    assert not [part for part in done.parts("api-keys") if part.place == number]  # the inventory told of them
    assert set(contents(done).values()) == {1}


# rules


@pytest.mark.parametrize("rule", ["projects/lucky-*", "label:env=p*d", "projects/*-prod", "projects/lucky-gas-pro?"])
def test_stars_stand_for_any_characters(estate: Estate, fake: Fake, rule: str) -> None:
    project = next(p for p in estate.containers("Project") if p["resource"]["data"]["projectId"] == "lucky-gas-prod")
    project["resource"]["data"]["labels"] = {"env": "prod"}
    done = collected(fake, Order(targets=(ORGANIZATION,), needs=NOTHING, rules=Filter(include=(rule,))))
    assert project["ancestors"][0] in done.coverage.reached
    without = collected(fake, Order(targets=(ORGANIZATION,), needs=NOTHING, rules=Filter(exclude=(rule,))))
    assert without.coverage.excluded[project["ancestors"][0]] == rule


def test_what_has_no_such_label_is_not_meant() -> None:
    estate = small_estate()
    plain, labelled, *_ = estate.containers("Project")
    plain["resource"]["data"].pop("labels", None)
    labelled["resource"]["data"]["labels"] = {"env": ""}
    with Fake(estate) as fake:
        done = collected(
            fake, Order(targets=(ORGANIZATION,), needs=NOTHING, rules=Filter(exclude=("label:env=", "label:env=*")))
        )
    assert labelled["ancestors"][0] in done.coverage.excluded
    assert plain["ancestors"][0] in done.coverage.reached


def test_all_below_a_folder_goes_with_it(estate: Estate, fake: Fake) -> None:
    folder = estate.containers("Folder")[0]["ancestors"][0]
    below = {asset["ancestors"][0] for asset in estate.assets if folder in asset["ancestors"]}
    done = collected(fake, Order(targets=(ORGANIZATION,), rules=Filter(exclude=(folder,))))
    assert set(done.coverage.excluded) >= {name for name in below if name.startswith(("projects/", "folders/"))}
    assert not [record for record in done.records if folder in record["ancestors"]]


def test_a_number_means_the_project_that_its_id_does(estate: Estate, fake: Fake) -> None:
    number, project, _ = project_of(estate)
    found = [
        collected(fake, Order(targets=(ORGANIZATION,), needs=NOTHING, rules=Filter(exclude=(rule,)))).coverage.excluded
        for rule in (number, project)
    ]
    assert set(found[0]) == set(found[1]) == {number}


def test_a_wanted_project_that_is_not_there_is_an_error_with_the_nearest(fake: Fake, reaching: Reach) -> None:
    reaching(fake)
    result = run("collect", ORGANIZATION, "-o", "e.ndjson", "--in", "projects/lucky-gas-prd", "--everything")
    assert result.exit_code == 2
    assert "projects/lucky-gas-prod" in said(result)
    assert not list(Path().iterdir())


@pytest.mark.parametrize(
    ("option", "rule"), [("--not-in", "projects/gone"), ("--not-in", "label:a=b"), ("--in", "label:none=*")]
)
def test_a_rule_that_names_nothing_is_told(fake: Fake, reaching: Reach, option: str, rule: str) -> None:
    reaching(fake)
    result = run("collect", ORGANIZATION, "-o", "e.ndjson", option, rule, "--everything")
    assert f"{option} {rule}: nothing of the targets" in said(result)
    first = json.loads(Path("e.ndjson").read_bytes().splitlines()[0])
    assert any(rule in note for note in first["resource"]["data"]["notes"])


def test_where_a_target_was_not_reached_nobody_knows_what_is_in_it(fake: Fake) -> None:
    fake.fail("ListAssets", denied(when=lambda request: request.parent == "folders/9"))
    rules = Filter(include=("projects/in-there", "projects/lucky-gas-prod"))
    done = collected(fake, Order(targets=(ORGANIZATION, "folders/9"), needs=NOTHING, rules=rules))
    assert any("projects/in-there" in note for note in done.coverage.notes)
    with pytest.raises(NotAScope, match="in-there"):
        collected(fake, Order(targets=(ORGANIZATION,), needs=NOTHING, rules=rules))


# services that are skipped


def test_a_skipped_service_is_told_as_not_asked_and_does_not_fail_the_night(
    fake: Fake, reaching: Reach, tmp_path: Path
) -> None:
    fake.fail("groups", denied())
    reaching(fake)
    wanted = ("--check", "group-empty-granted-role", "--check", "bucket-uniform-access-off")
    scan = ("scan", ORGANIZATION, *wanted, "-o", "run.json", "--ledger", "l.ndjson", "--fail-on", "critical")
    assert run(*scan).exit_code == 3
    fake.calls.clear()
    skipped = run(*scan, "--skip", "groups")
    assert skipped.exit_code == 0, skipped.output
    assert not fake.asked("/groups")
    states = {
        state["service"]: state for state in json.loads(Path("run.json").read_text())["collections"][0]["services"]
    }
    told = states["cloudidentity.googleapis.com (groups)"]
    assert (told["state"], told["advice"]) == ("not asked", "collect without --skip to have it judged")
    verdicts = [json.loads(line) for line in Path("l.ndjson").read_text().splitlines()]
    of_groups = [entry for entry in verdicts if entry["check"] == "group-empty-granted-role"]
    assert {entry["verdict"] for entry in of_groups} <= {"not_assessed", "not_applicable"}
    assert any("left out by --skip" in entry["reason"] for entry in of_groups)
    (tmp_path / "auditor.toml").write_text('[scan]\nskip = ["groups"]\n')
    assert run(*scan).exit_code == 0


def test_collect_skips_and_asks_again_without(fake: Fake, reaching: Reach) -> None:
    reaching(fake)
    fake.fail("ListContacts", denied())
    collect = ("collect", ORGANIZATION, "-o", "e.ndjson", "--everything")
    first = run(*collect, "--skip", "groups", "--service", "essential-contacts", "--service", "groups")
    assert first.exit_code == 3
    assert "Not asked: groups" in said(first)
    fake.reset()
    second = run(*collect, "--resume", "--service", "essential-contacts", "--service", "groups")
    assert second.exit_code == 0, second.output
    assert fake.asked("/groups")


@pytest.mark.parametrize("where", ["option", "file"])
def test_a_service_that_is_none_is_an_error_with_the_nearest(fake: Fake, reaching: Reach, where: str) -> None:
    reaching(fake)
    if where == "file":
        Path("auditor.toml").write_text('[scan]\nskip = ["group"]\n')
    result = run("scan", ORGANIZATION, *(("--skip", "group") if where == "option" else ()))
    assert result.exit_code == 2
    assert "groups" in said(result)
    assert not fake.calls


@pytest.mark.parametrize(
    "option", [("--skip", "groups"), ("--not-in", "projects/p"), ("--thorough",), ("--via", "gs://b/x")]
)
def test_what_would_do_nothing_is_an_error(tmp_path: Path, option: tuple[str, ...]) -> None:
    (tmp_path / "export.ndjson").write_text("")
    result = run("scan", tmp_path / "export.ndjson", *option)
    assert result.exit_code == 2
    assert f"{option[0]} goes with a live target" in said(result)


def test_the_role_without_a_skipped_service_is_smaller() -> None:
    every, fewer = (run("permissions", *more).stdout for more in ((), ("--skip", "recommender", "--skip", "groups")))
    assert set(every.splitlines()) - set(fewer.splitlines()) == {"- recommender.iamPolicyRecommendations.list"}
    assert "Groups Reader" not in run("permissions", "--skip", "groups").output


# types that the inventory does not list


@pytest.mark.parametrize("via", ["", "gs://exports/audit"])
def test_a_type_that_is_not_listed_costs_its_own_verdicts_only_and_is_told(estate: Estate, via: str) -> None:
    types = frozenset({"storage.googleapis.com/Bucket", "run.googleapis.com/Job", "apps.k8s.io/Deployment"})
    refused = {"run.googleapis.com/Job", "apps.k8s.io/Deployment"}
    with Fake(estate, unsupported_types=set(refused)) as fake:
        done = collected(fake, Order(targets=(ORGANIZATION,), needs=Needs(types, frozenset()), via=via))
    assert done.of_type("storage.googleapis.com/Bucket")
    parts = done.parts("inventory")
    assert {name for part in parts for name in part.asset_types} == refused
    assert {part.state for part in parts} == {State.NOT_ASKED}
    assert not done.coverage.failed
    lacking = {name for lack in done.coverage.lacks() for name in lack.asset_types}
    assert lacking == refused
    assert sum("run.googleapis.com/Job" in line for line in done.coverage.summary()) == 1
    rows = {service: part.state for _, service, part in done.coverage.matrix()}
    assert rows["run.googleapis.com (inventory)"] is State.NOT_ASKED
    assert "run.googleapis.com" not in rows


def test_where_no_type_is_listed_nothing_is_asked_for_in_their_place(estate: Estate) -> None:
    with Fake(estate, unsupported_types={"run.googleapis.com/Job"}) as fake:
        order = Order(targets=(ORGANIZATION,), needs=Needs(frozenset({"run.googleapis.com/Job"}), frozenset()))
        done = collected(fake, order)
        assert all(request.asset_types for request in fake.asked("ListAssets") if request.content_type == 1)
    assert not done.of_type("storage.googleapis.com/Bucket")


# one moment


def test_all_lists_are_of_one_moment(estate: Estate) -> None:
    with Fake(estate, page_size=9, moment="2026-11-22T10:11:12Z") as fake:
        done = collected(fake)
        first, *others = fake.asked("ListAssets")
        assert not first.HasField("read_time")
        assert {request.read_time.ToJsonString() for request in others} == {"2026-11-22T10:11:12Z"}
        policies = [asked for path, asked in fake.calls if path.endswith("/assets")]
        assert {asked["readTime"] for asked in policies} == {"2026-11-22T10:11:12Z"}
    assert done.coverage.read_time == "2026-11-22T10:11:12Z"


@pytest.mark.parametrize(("later", "same"), [("2026-11-22T20:00:00Z", True), ("2026-11-25T20:00:00Z", False)])
def test_what_is_of_another_day_is_not_put_together(estate: Estate, tmp_path: Path, later: str, same: bool) -> None:
    order = Order(targets=(ORGANIZATION,))
    with Fake(estate, page_size=9, moment="2026-11-22T10:00:00Z") as fake:
        fake.fail("ListAssets", unavailable(after=12))
        collected(fake, order, folder=tmp_path, patience=IMPATIENCE)
        fake.reset()
        fake.moment = later
        done = collected(fake, order, folder=tmp_path, resume=True)
        asked = {request.read_time.ToJsonString() for request in fake.asked("ListAssets")[1:]}
    assert asked == {"2026-11-22T10:00:00Z" if same else later}
    assert done.coverage.read_time == ("2026-11-22T10:00:00Z" if same else later)
    assert set(contents(done).values()) == {1}


def test_a_token_that_expires_on_the_way_begins_its_list_anew_once(estate: Estate) -> None:
    with Fake(estate, page_size=9) as fake:
        right = collected(fake)
        expired = invalid("page_token is invalid or has expired", after=3, when=lambda r: r.content_type == 2)
        fake.fail("ListAssets", expired.for_times(1))
        done = collected(fake)
        assert names(done.records) == names(right.records)
        assert not [part for part in done.coverage.missing if part.content]
        fake.fail("ListAssets", invalid("page_token has expired", when=lambda r: r.page_token and r.content_type == 2))
        for_ever = collected(fake)
    assert {(part.content, part.state) for part in for_ever.coverage.failed} == {("iam-policy", State.REFUSED)}


# what is told before


def test_a_dry_run_tells_what_would_be_asked_and_collects_nothing(estate: Estate, reaching: Reach) -> None:
    project = estate.containers("Project")[0]
    more = [
        {
            **project,
            "name": f"//cloudresourcemanager.googleapis.com/projects/{number}",
            "ancestors": [f"projects/{number}", *project["ancestors"][1:]],
            "resource": {"data": {"projectId": f"many-{number}", "lifecycleState": "ACTIVE"}},
        }
        for number in range(1, 10_001)
    ]
    with Fake(Estate([*estate.assets, *more])) as fake:
        reaching(fake)
        result = run("collect", ORGANIZATION, "-o", "e.ndjson", "--dry-run")
        assert {request.content_type for request in fake.asked("ListAssets")} == {1}
    assert result.exit_code == 0, result.output
    assert "places to collect from" in said(result)
    assert "100,000 records a minute at best" in said(result)
    assert "deny-policies: 10,001 of 10,007 places are not asked" in said(result)
    assert "--thorough asks them, 2,000 minutes longer" in said(result)
    assert not list(Path().iterdir())


def test_a_dry_run_that_is_refused_tells_the_role(fake: Fake, reaching: Reach) -> None:
    reaching(fake)
    fake.fail("", denied("cloudasset.assets.listResource"))
    result = run("collect", ORGANIZATION, "-o", "e.ndjson", "--dry-run")
    assert result.exit_code == 3
    assert "roles/cloudasset.viewer" in said(result)


# what lies elsewhere


def test_findings_of_a_location_are_asked_where_it_is_named() -> None:
    estate = small_estate()
    estate.assets += [
        own(f"{ORGANIZATION}/{name}", f"securitycenter.googleapis.com/{kind}", {"state": "ACTIVE"})
        for name, kind in (
            ("sources/7/locations/eu/findings/f9", "Finding"),
            ("locations/eu/muteConfigs/m9", "MuteConfig"),
        )
    ]
    hosts: list[str] = []
    with Fake(estate) as fake:
        channel = fake.channel

        def seen(host: str) -> Any:
            hosts.append(host)
            return channel(host)

        fake.channel = seen  # type: ignore[method-assign]  # the same, and remembers
        services = ("security-command-center", "security-command-center-configuration")
        order = Order(targets=(ORGANIZATION,), needs=NOTHING, services=services)
        usual = collected(fake, order)
        assert "securitycenter.eu.rep.googleapis.com" not in hosts
        done = collected(fake, Order(**{**_fields(order), "residency": ("eu", "sa")}))
    assert {"securitycenter.eu.rep.googleapis.com", "securitycenter.me-central2.rep.googleapis.com"} <= set(hosts)
    added = set(names(done.records)) - set(names(usual.records))
    assert {name.rpartition("/")[2] for name in added} == {"f9", "m9"}


def _fields(order: Order) -> dict[str, Any]:
    return {name: getattr(order, name) for name in Order.__dataclass_fields__}
