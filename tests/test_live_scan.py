"""`auditor scan` of live targets and of saved collections, through the command line."""

from __future__ import annotations

import gzip
import json
import os
import re
import signal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from auditor.cli import main
from auditor.completeness import is_inventoried
from auditor.sources import second_opinion
from auditor.sources.live.collectors import COLLECTORS
from auditor.sources.live.declaration import Rpc
from auditor.sources.live.permissions import TESTS, rpcs_of
from auditor.sources.live.via import RPCS as VIA
from tests.fake_google import Estate, Fake, denied, invalid
from tests.live_support import ORGANIZATION, small_estate

NOW = ("--now", "2026-11-22T00:00:00Z")


@pytest.fixture(scope="module")
def small() -> Estate:
    return small_estate()


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments], prog_name="auditor")


def said(result: Result) -> str:
    return " ".join(result.output.split())


def document(path: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path(path).read_text())
    return found


# the same verdicts from everywhere


def test_live_saved_and_exported_give_the_same_run(small: Estate, reaching: Any) -> None:
    """Byte for byte, but for the names of the sources. What no export holds travels in its file as asset lines."""
    with Fake(small, page_size=17) as fake:
        reaching(fake)
        live = run("scan", ORGANIZATION, "--thorough", "--all", "-o", "live.json", "--ledger", "live.ndjson", *NOW)
        saved = run("collect", ORGANIZATION, "--thorough", "-o", "estate.ndjson.gz")
    assert saved.exit_code == 0, saved.output
    records = map(json.loads, gzip.decompress(Path("estate.ndjson.gz").read_bytes()).splitlines()[1:])
    beside = [record for record in records if not is_inventoried(record["asset_type"])]
    assets = [asset for asset in small.assets if is_inventoried(asset["asset_type"])] + beside
    Path("export.ndjson").write_text("".join(json.dumps(asset) + "\n" for asset in assets))
    again = run("scan", "estate.ndjson.gz", "--all", "-o", "saved.json", "--ledger", "saved.ndjson", *NOW)
    vouched = [word for name in document("live.json")["provenance"]["exported"] for word in ("--exported", name)]
    right = run("scan", "export.ndjson", "--all", "-o", "export.json", "--ledger", "export.ndjson.gz", *vouched, *NOW)
    assert (live.exit_code, again.exit_code, right.exit_code) == (1, 1, 1), live.output + again.output + right.output
    assert document("live.json")["gaps"] == []
    assert judged("live.json") == judged("saved.json") == judged("export.json")
    ledgers = [sorted(Path(name).read_bytes().splitlines()) for name in ("live.ndjson", "saved.ndjson")]
    assert ledgers[0] == ledgers[1]
    assert len(ledgers[0]) > 1_000


def judged(path: str) -> str:
    """What a run says of the estate, without where it was read from and what was not asked of the inventory."""
    run = document(path)
    for finding in run["findings"]:
        finding["source"] = ""
    kept = ("checks", "findings", "frameworks", "gate", "paths", "gaps", "crashes")
    return json.dumps({name: run[name] for name in kept}, indent=1)


def test_a_saved_collection_tells_what_it_lacks_each_time(small: Estate, reaching: Any) -> None:
    with Fake(small) as fake:
        reaching(fake)
        fake.fail("groups", denied())
        saved = run("collect", ORGANIZATION, "-o", "estate.ndjson")
    assert saved.exit_code == 3
    result = run(
        "scan", "estate.ndjson", "--check", "group-empty-granted-role", "--check", "bucket-public", "-o", "r.json"
    )
    assert "Groups Reader" in said(result)
    states = {state["service"]: state for state in document("r.json")["collections"][0]["services"]}
    assert states["cloudidentity.googleapis.com (groups)"]["state"] == "permission denied"
    assert states["cloudidentity.googleapis.com (groups)"]["places"] == [ORGANIZATION]


def test_two_collections_in_one_file_are_told(small: Estate, reaching: Any) -> None:
    with Fake(small) as fake:
        reaching(fake)
        run("collect", ORGANIZATION, "-o", "estate.ndjson")
    line = Path("estate.ndjson").read_bytes()
    Path("twice.ndjson").write_bytes(line + line)
    Path("export.ndjson").write_bytes(b"".join(line.splitlines(keepends=True)[1:]) + line)
    for name in ("twice.ndjson", "export.ndjson"):
        result = run("scan", name, "--check", "bucket-uniform-access-off")
        assert result.exit_code == 3, result.output
        assert "give it as a file of its own" in said(result)


# what is told


def test_a_live_organization_is_audited_and_its_scope_told(estate: Estate, reaching: Any) -> None:
    with Fake(estate) as fake:
        reaching(fake)
        outputs = ("-o", "run.json", "-o", "run.html", "-o", "run.md")
        result = run("scan", ORGANIZATION, *outputs, "--not-in", "projects/lucky-gas-dev", *NOW)
    assert result.exit_code == 1, result.output
    assert "reached: 1 organization, 2 folders, 3 projects" in said(result)
    assert "Left out: projects/lucky-gas-dev" in said(result)
    told = document("run.json")
    assert told["targets"][0]["path"] == ORGANIZATION
    (collection,) = told["collections"]
    assert collection["requested"] == [ORGANIZATION]
    assert "projects/lucky-gas-prod" in collection["reached"]
    assert list(collection["excluded"].values()) == ["projects/lucky-gas-dev"]
    states = {(state["service"], state["state"]) for state in collection["services"]}
    assert {("storage.googleapis.com", "collected"), ("storage.googleapis.com", "empty")} <= states
    assert ("iam.googleapis.com", "pending deletion") in states
    page = Path("run.html").read_text()
    assert 'id="collection"' in page
    assert "projects/lucky-gas-prod" in page
    assert "## Collection" in Path("run.md").read_text()


def test_where_every_read_is_refused_nothing_is_judged_and_the_role_is_told(estate: Estate, reaching: Any) -> None:
    with Fake(estate) as fake:
        reaching(fake)
        fake.fail("", denied("cloudasset.assets.listResource"))
        result = run("scan", ORGANIZATION, "-o", "run.json")
    assert result.exit_code == 3
    assert "roles/cloudasset.viewer" in said(result)
    assert "critical" not in said(result)
    assert not Path("run.json").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("organizations/x",), "live targets are written organizations/NUMBER"),
        (("organizations/1", "--not-in", "sandbox"), "write projects/ID, folders/NUMBER or label:KEY=VALUE"),
        (("organizations/1", "--via", "bucket"), "write gs://BUCKET/PREFIX"),
        (("organizations/1", "--check", "no-such-check"), "no-such-check"),
    ],
)
def test_wrong_usage_ends_before_anything_is_asked(
    estate: Estate, reaching: Any, arguments: tuple[str, ...], words: str
) -> None:
    with Fake(estate) as fake:
        reaching(fake)
        result = run("scan", *arguments)
        assert not fake.calls
    assert result.exit_code == 2
    assert words in said(result)


def test_a_target_that_is_refused_beside_one_that_is_not_makes_the_run_incomplete(small: Estate, reaching: Any) -> None:
    with Fake(small) as fake:
        reaching(fake)
        fake.fail("ListAssets", invalid("no such folder", when=lambda request: request.parent == "folders/9"))
        result = run("scan", ORGANIZATION, "folders/9", "--check", "bucket-uniform-access-off", "-o", "run.json")
    assert result.exit_code == 3, result.output
    assert any("folders/9" in gap["problem"] for gap in document("run.json")["gaps"])


def test_a_file_called_like_a_target_is_read_as_a_file(estate: Estate, reaching: Any) -> None:
    Path("projects/p").mkdir(parents=True)
    bucket = next(asset for asset in estate.assets if asset["asset_type"] == "storage.googleapis.com/Bucket")
    Path("projects/p/export.ndjson").write_text(json.dumps(bucket))
    with Fake(estate) as fake:
        reaching(fake)
        result = run("scan", "projects/p", "--check", "bucket-uniform-access-off")
        assert not fake.calls
    assert "Cloud Asset Inventory export" in said(result)


# only reading, by every way


DLP = [rpc for name, rpc in vars(second_opinion).items() if isinstance(rpc, Rpc)]
WAYS: dict[str, tuple[tuple[str, ...], list[Rpc], bool]] = {
    "scan": (("scan", ORGANIZATION, "--all", "-o", "run.json"), [], False),
    "scan --thorough, refused by the inventory": (("scan", ORGANIZATION, "--all", "--thorough"), [], True),
    "collect": (("collect", ORGANIZATION, "-o", "e.ndjson"), [], False),
    "collect everything": (("collect", ORGANIZATION, "-o", "e.ndjson", "--everything", "--thorough"), [], False),
    "collect, refused by the inventory": (("collect", ORGANIZATION, "-o", "e.ndjson", "--thorough"), [], True),
    "collect --dry-run": (("collect", ORGANIZATION, "-o", "e.ndjson", "--dry-run"), [], False),
    "collect --via": (("collect", ORGANIZATION, "-o", "e.ndjson", "--via", "gs://exports/a"), [*VIA], False),
    "scan --residency": (("scan", ORGANIZATION, "--residency", "eu"), [], False),
    "permissions --check": (("permissions", "--check", ORGANIZATION), [*TESTS.values()], False),
    "scan --dlp": (("scan", "source", "--secrets", "--dlp", "billed-here"), DLP, False),
}
"""Way → (arguments, what it may call beside the declared reads, whether the inventory is refused)."""


@pytest.mark.parametrize("way", WAYS)
def test_whatever_is_done_nothing_is_called_but_what_is_declared(small: Estate, reaching: Any, way: str) -> None:
    arguments, beside, refused = WAYS[way]
    Path("source").mkdir()
    Path("source/settings.py").write_text(f'password = "{"f9Kx2m" * 4}"\n')
    allowed = [_pattern(rpc.path) for rpc in (*rpcs_of(COLLECTORS), *beside)]
    with Fake(small, page_size=3, credentials={"PASSWORD": ("f9Kx2m", "LIKELY")}) as fake:
        reaching(fake)
        if refused:
            fake.fail("ListAssets", denied("cloudasset.assets.listResource"))
        result = run(*arguments)
        called = {path for path, _ in fake.calls}
    assert result.exit_code in (0, 1, 3), result.output
    assert called, result.output
    assert not [path for path in called if not any(re.fullmatch(pattern, path) for pattern in allowed)]
    assert not beside or any(re.fullmatch(_pattern(rpc.path), path) for rpc in beside for path in called)


def _pattern(path: str) -> str:
    """What the server sees of a declared path."""
    return re.sub(r"\\\*", "[^/]+", re.escape(re.sub(r"GET [\w.]+", "GET ", path)))


# stopped, gone on with, by way of Cloud Storage


class Interrupting(Fake):
    """A fake whose caller presses Ctrl-C at its n-th request."""

    at = 0

    def __enter__(self) -> Interrupting:
        super().__enter__()
        return self

    def record(self, path: str, request: Any) -> Any:
        fault = super().record(path, request)
        if len(self.calls) == self.at:
            os.kill(os.getpid(), signal.SIGINT)
        return fault


@pytest.mark.usefixtures("interruptible")
def test_collect_that_is_stopped_goes_on_with_resume(small: Estate, reaching: Any) -> None:
    with Interrupting(small, page_size=9) as fake:
        reaching(fake)
        whole = run("collect", ORGANIZATION, "-o", "whole.ndjson")
        everything = len(fake.calls)
        fake.reset()
        fake.at = everything - 4
        stopped = run("collect", ORGANIZATION, "-o", "e.ndjson")
        assert stopped.exit_code == 3
        assert "--resume" in said(stopped)
        assert not Path("e.ndjson").exists()
        fake.reset()
        fake.at = 0
        resumed = run("collect", ORGANIZATION, "-o", "e.ndjson", "--resume")
        assert len(fake.calls) < everything
    assert (whole.exit_code, resumed.exit_code) == (0, 0), resumed.output
    assert Path("e.ndjson").read_bytes() == Path("whole.ndjson").read_bytes()


@pytest.mark.usefixtures("interruptible")
def test_a_scan_that_is_stopped_judges_nothing(small: Estate, reaching: Any) -> None:
    with Interrupting(small, page_size=9) as fake:
        reaching(fake)
        fake.at = 5
        result = run("scan", ORGANIZATION, "-o", "run.json")
    assert result.exit_code == 3
    assert "auditor collect" in said(result)
    assert not Path("run.json").exists()


def test_exports_to_cloud_storage_give_the_same_run_and_can_be_resumed(small: Estate, reaching: Any) -> None:
    with Fake(small) as fake:
        reaching(fake)
        run("scan", ORGANIZATION, "-o", "lists.json", *NOW)
        via = run("scan", ORGANIZATION, "--via", "gs://exports/audit", "-o", "via.json", *NOW)
        assert "exports to gs://exports/audit/" in said(via)
        fake.fail("/groups", denied())
        first = run("collect", ORGANIZATION, "--via", "gs://exports/audit", "-o", "e.ndjson")
        fake.reset()
        second = run("collect", ORGANIZATION, "--via", "gs://exports/audit", "-o", "e.ndjson", "--resume")
        assert not [path for path, _ in fake.calls if path.endswith("ExportAssets")]
    assert judged("lists.json") == judged("via.json")
    assert (first.exit_code, second.exit_code) == (3, 0), first.output + second.output
