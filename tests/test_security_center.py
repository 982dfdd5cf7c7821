"""Findings of Security Command Center beside ours: which assets they mean, how they stand, and what is told of it."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from auditor.model.run import RUN, Run
from auditor.model.security_center import CategoryComparison
from auditor.security_center.names import Names
from auditor.security_center.opinions import Standing, read_opinions
from auditor.sources.base import Gaps
from auditor.sources.detect import sources_of
from auditor.sources.finding_list import FindingList
from auditor.sources.live.plan import Order
from reports import html, markdown
from tests.fake_google import Fake
from tests.live_support import ORGANIZATION as LIVE
from tests.live_support import collected, full_estate, source_of
from tests.support import run

ROOT = Path(__file__).parents[1]
EXPORT = ROOT / "examples" / "lucky_gas" / "export"
NOW = "2026-11-22T00:00:00Z"
ORGANIZATION = "organizations/880311204417"
KEY = "2734fa39c238997bac90804491e0d4fcc68efb25"


def assets(asset_type: str) -> dict[str, dict[str, Any]]:
    """The data of the example's assets of a type, by full name."""
    found = {}
    for file in EXPORT.glob("*.ndjson"):
        for line in file.read_text(encoding="utf-8").splitlines():
            asset = json.loads(line)
            if asset["asset_type"] == asset_type and "resource" in asset:
                found[asset["name"]] = asset["resource"]["data"]
    return found


def result(number: int, category: str, resource: str, **more: str) -> dict[str, Any]:
    """An entry of `gcloud scc findings list --format=json`."""
    name = f"{ORGANIZATION}/sources/1122334455/locations/global/findings/{number:032x}"
    finding = {
        "canonicalName": name,
        "category": category,
        "createTime": "2026-10-02T08:11:53.102Z",
        "eventTime": "2026-11-20T04:26:11.371Z",
        "findingClass": "MISCONFIGURATION",
        "mute": "UNDEFINED",
        "name": name,
        "parent": f"{ORGANIZATION}/sources/1122334455/locations/global",
        "parentDisplayName": "Security Health Analytics",
        "resourceName": resource,
        "severity": "HIGH",
        "sourceProperties": {"ReactivationCount": 0},
        "state": "ACTIVE",
    }
    return {"finding": {**finding, **more}, "resource": {"name": resource, "displayName": "…"}}


def firewall(project: str, name: str) -> str:
    """A firewall rule as Security Command Center names it: by number."""
    full = f"//compute.googleapis.com/projects/{project}/global/firewalls/{name}"
    return full.removesuffix(name) + str(assets("compute.googleapis.com/Firewall")[full]["id"])


def account(project: str) -> str:
    """An account of a project as Security Command Center may name it: by address."""
    found = assets("iam.googleapis.com/ServiceAccount")
    return next(str(data["email"]) for name, data in found.items() if f"/projects/{project}/" in name)


SQL = "//cloudsql.googleapis.com/projects/{}/instances/{}"
HOSTILE = '//storage.googleapis.com/"><script>alert(1)</script>\x1b[2J'


@pytest.fixture(scope="module")
def findings() -> list[dict[str, Any]]:
    key = f"//iam.googleapis.com/projects/lucky-gas-shared/serviceAccounts/{account('lucky-gas-shared')}/keys/{KEY}"
    return [
        result(1, "PUBLIC_BUCKET_ACL", "//storage.googleapis.com/lucky-gas-storefront"),
        result(2, "PUBLIC_BUCKET_ACL", "//storage.googleapis.com/lucky-gas-storefront"),
        result(3, "PUBLIC_BUCKET_ACL", "//storage.googleapis.com/gone"),
        result(4, "OPEN_SSH_PORT", firewall("lucky-gas-dev", "default-allow-ssh")),
        result(5, "OPEN_RDP_PORT", firewall("lucky-gas-dev", "default-allow-rdp"), mute="MUTED"),
        result(6, "SERVICE_ACCOUNT_KEY_NOT_ROTATED", key),
        result(7, "PRIMITIVE_ROLES_USED", "//cloudresourcemanager.googleapis.com/projects/lucky-gas-prod"),
        result(8, "SQL_PUBLIC_IP", SQL.format("lucky-gas-prod", "orders-db")),
        result(9, "PUBLIC_SQL_INSTANCE", SQL.format("lucky-gas-dev", "orders-db-dev"), state="INACTIVE"),
        result(10, "SQL_PUBLIC_IP", SQL.format("lucky-gas-prod", "gone"), mute="MUTED"),
        result(11, "A_CATEGORY_OF_TOMORROW", HOSTILE),
        result(12, "Malware: Bad Domain", firewall("lucky-gas-dev", "default-allow-ssh"), findingClass="THREAT"),
    ]


@pytest.fixture(scope="module")
def audited(findings: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The example with its findings, asked everything."""
    folder = tmp_path_factory.mktemp("findings")
    file, report = folder / "findings.json", folder / "run.json"
    file.write_text(json.dumps(findings, indent=2), encoding="utf-8")
    done = run("scan", str(EXPORT), str(file), "--exported", "all", "--all", "--now", NOW, "-o", str(report))
    assert "Security Command Center: 12 findings beside ours" in done.output
    return RUN.validate_json(report.read_bytes())


def row(audited: Run, category: str) -> CategoryComparison:
    assert audited.security_center is not None
    return next(row for row in audited.security_center.categories if row.category == category)


def test_findings_are_counted_as_they_stand(audited: Run) -> None:
    opinion = audited.security_center
    assert opinion is not None
    assert (opinion.findings, opinion.active, opinion.muted, opinion.inactive) == (12, 9, 2, 1)
    assert opinion.uncovered == {"A_CATEGORY_OF_TOMORROW": 1}
    assert opinion.other_classes == {"THREAT": 1}


@pytest.mark.parametrize(
    "category",
    ["PUBLIC_BUCKET_ACL", "OPEN_SSH_PORT", "SERVICE_ACCOUNT_KEY_NOT_ROTATED", "PRIMITIVE_ROLES_USED"],
    ids=["by name, told twice", "by the rule's number", "by the account's address", "by the project's id"],
)
def test_both_say_so_whatever_the_asset_is_called(audited: Run, category: str) -> None:
    assert row(audited, category).agree == 1


def test_what_only_they_say_stands_beside_what_our_check_says(audited: Run) -> None:
    only = [place for place in row(audited, "SQL_PUBLIC_IP").places if place.kind == "only theirs"]
    assert [place.asset for place in only] == [SQL.format("lucky-gas-prod", "orders-db")]
    assert only[0].says.endswith(": pass")
    gone = [place for place in row(audited, "PUBLIC_BUCKET_ACL").places if place.asset.endswith("/gone")]
    assert [(place.kind, place.says) for place in gone] == [("only theirs", "not in the input under this name")]


def test_a_check_that_was_not_asked_is_told_as_such(findings: list[dict[str, Any]], tmp_path: Path) -> None:
    file, report = tmp_path / "findings.json", tmp_path / "run.json"
    file.write_text(json.dumps(findings), encoding="utf-8")
    run("scan", str(EXPORT), str(file), "--area", "storage", "--now", NOW, "-q", "-o", str(report))
    place = row(RUN.validate_json(report.read_bytes()), "OPEN_SSH_PORT").places[0]
    assert (place.kind, place.says) == ("only theirs", "firewall-ssh-open was not asked")


def test_muted_and_inactive_findings_do_not_count_as_theirs(audited: Run) -> None:
    muted = row(audited, "OPEN_RDP_PORT")
    assert (muted.agree, muted.only_theirs, muted.only_ours, muted.muted) == (0, 0, 0, 1)
    inactive = row(audited, "PUBLIC_SQL_INSTANCE")
    assert (inactive.agree, inactive.only_theirs, inactive.only_ours) == (0, 0, 1)
    assert inactive.places[0].says == "its finding is inactive"
    assert not [place for place in row(audited, "SQL_PUBLIC_IP").places if place.asset.endswith("/gone")]


def test_the_counts_come_out(audited: Run) -> None:
    """Of each category, agreement and what only we say are our failing assets."""
    assert audited.security_center is not None
    for one in audited.security_center.categories:
        ours = {f.asset for f in audited.findings if f.check in one.checks}
        assert one.agree + one.only_ours + one.muted == len(ours)
        assert len(one.places) == one.only_ours + one.only_theirs + one.muted


def test_without_findings_nothing_is_compared(tmp_path: Path) -> None:
    report = tmp_path / "run.json"
    done = run("scan", str(EXPORT), "--exported", "all", "--now", NOW, "-o", str(report))
    assert "Security Command Center:" not in done.output
    assert RUN.validate_json(report.read_bytes()).security_center is None


@pytest.mark.parametrize("form", [html, markdown], ids=["html", "markdown"])
def test_reports_show_it_and_stay_inert(audited: Run, form: Any) -> None:
    out = io.BytesIO()
    form.render(audited, out)
    text = out.getvalue().decode()
    assert "Security Command Center" in text
    assert "A_CATEGORY_OF_TOMORROW" in text.replace("\\_", "_")
    assert "<script>alert(1)" not in text
    assert "\x1b" not in text


def test_findings_of_a_live_collection_are_read_alike() -> None:
    with Fake(full_estate()) as fake:
        done = collected(fake, Order(targets=(LIVE,), services=("security-command-center",)))
    opinions = read_opinions([source_of(done)])
    assert opinions.by_category == {"PUBLIC_BUCKET_ACL": {"//x/y": Standing.ACTIVE}}


# the file


@pytest.mark.parametrize(
    "write",
    [
        lambda found: json.dumps(found),
        lambda found: json.dumps(found, indent=2),
        lambda found: "".join(json.dumps(one) + "\n" for one in found),
        lambda found: json.dumps({"listFindingsResults": found, "nextPageToken": "", "totalSize": len(found)}),
        lambda found: json.dumps({"listFindingsResults": found}, indent=1),
        lambda found: "".join(json.dumps({"notificationConfigName": "n", **one}) + "\n" for one in found),
    ],
    ids=["one line", "indented", "a line each", "page of the API", "indented page", "notifications"],
)
def test_every_form_of_the_list_is_known_by_its_content(
    findings: list[dict[str, Any]], tmp_path: Path, write: Any
) -> None:
    file = tmp_path / "findings.json"
    file.write_text(write(findings), encoding="utf-8")
    (source,) = sources_of(str(file))
    assert isinstance(source, FindingList)
    read = [json.loads(line) for _, line in source.lines(Gaps())]
    assert [asset["resource"]["data"]["category"] for asset in read] == [f["finding"]["category"] for f in findings]
    assert {asset["asset_type"] for asset in read} == {"securitycenter.googleapis.com/Finding"}
    assert {tuple(asset["ancestors"]) for asset in read} == {(ORGANIZATION,)}


@pytest.mark.parametrize(
    "damaged",
    [
        '[{"finding": {"name": "a/b", "category": "X"}}, {"finding": 7}]',
        '[{"finding": {"name": "a/b", "category": "X"}}, {"finding": {"name": 1, "category": []}}]',
        '{"finding": {"name": "a/b", "category": "X"}}\n{"finding": {}}\n',
        '{"listFindingsResults": [{"finding": {"name": "a/b", "category": "X"}}, null]}',
        '[{"finding": {"name": "a/b", "category": "X"}}, {"finding": {"name": "a/',
    ],
)
def test_what_is_no_finding_is_told_and_the_others_are_read(tmp_path: Path, damaged: str) -> None:
    file = tmp_path / "findings.json"
    file.write_text(damaged, encoding="utf-8")
    gaps = Gaps()
    assert len(list(sources_of(str(file))[0].lines(gaps))) == 1
    assert gaps.told


# names

COMPUTE = "//compute.googleapis.com"
GKE = "//container.googleapis.com"
IAM = "//iam.googleapis.com"


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("//storage.googleapis.com/projects/_/buckets/b", "//storage.googleapis.com/b"),
        ("https://www.googleapis.com/compute/v1/projects/p/zones/z/disks/d", f"{COMPUTE}/projects/p/zones/z/disks/d"),
        (
            "https://compute.googleapis.com/compute/v1/projects/7/global/routes/r",
            f"{COMPUTE}/projects/p/global/routes/r",
        ),
        (
            "https://container.googleapis.com/v1/projects/p/zones/z/clusters/c",
            f"{GKE}/projects/p/locations/z/clusters/c",
        ),
        (f"{GKE}/projects/p/zones/z/clusters/c", f"{GKE}/projects/7/locations/z/clusters/c"),
        ("//cloudresourcemanager.googleapis.com/projects/p", "//cloudresourcemanager.googleapis.com/projects/7"),
        ("//pubsub.googleapis.com/projects/7/topics/t", "//pubsub.googleapis.com/projects/p/topics/t"),
        (f"{IAM}/projects/-/serviceAccounts/1/keys/k", f"{IAM}/projects/p/serviceAccounts/a@b.example/keys/k"),
    ],
)
def test_two_spellings_of_one_asset_are_one(theirs: str, ours: str) -> None:
    names = Names(numbers={"p": "7"})
    assert names.canonical(theirs) == names.canonical(ours)


def test_different_assets_stay_apart() -> None:
    names = Names(numbers={"p": "7", "q": "8"})
    apart = [
        "//pubsub.googleapis.com/projects/p/topics/t",
        "//pubsub.googleapis.com/projects/q/topics/t",
        "//pubsub.googleapis.com/projects/p/subscriptions/t",
        "//compute.googleapis.com/projects/p/global/firewalls/7",
        "//compute.googleapis.com/projects/p/global/networks/7",
        "//iam.googleapis.com/projects/p/serviceAccounts/7",
        "//iam.googleapis.com/projects/p/serviceAccounts/7/keys/7",
        "//cloudresourcemanager.googleapis.com/projects/p",
    ]
    assert len({names.canonical(name) for name in apart}) == len(apart)
