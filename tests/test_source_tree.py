"""Source trees: what is read of a folder and of its history, what is left out, and what is told of a secret."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from auditor.check import Check
from auditor.clock import Clock
from auditor.engine.scan import Scan
from auditor.loading import load_checks
from auditor.model.verdict import Outcome
from auditor.secrets import digest_of, scan_text
from auditor.secrets.allow import sort_out
from auditor.sources.base import Gaps
from auditor.sources.source_files import files_in, text_of
from auditor.sources.source_tree import SourceTree
from auditor.testing import NOW, judge
from tests.secret_corpus import Maker

MAKE = Maker(3)
KEY = "AIza" + MAKE.some("abcdefghijkABCDEFGH0123456789", 34) + "k"
OTHER = MAKE.checksummed("ghp_")
needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


def tree(folder: Path, **files: str | bytes) -> Path:
    """Files by their paths, with `__` for `/`."""
    for name, content in files.items():
        file = folder / name.replace("__", "/").replace("_DOT_", ".")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def read(source: SourceTree) -> tuple[dict[str, dict[str, Any]], Gaps]:
    """The assets by path (with `history:` before a former one's), and the gaps."""
    gaps = Gaps()
    assets: dict[str, dict[str, Any]] = {}
    for _, line in source.lines(gaps):
        document = msgspec.json.decode(line)
        before = "history:" if document["asset_type"] == "auditor/SourceHistory" else ""
        assets[before + document["resource"]["data"]["path"]] = document
    return assets, gaps


def git(folder: Path, *arguments: str) -> str:
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    identity = ("-c", "user.name=a", "-c", "user.email=a@b.org", "-c", "commit.gpgsign=false")
    command = ["git", *identity, "-C", str(folder), *arguments]
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout.strip()


def committed(folder: Path, message: str) -> str:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", message)
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch=main")
    return folder


def test_every_text_file_is_an_asset_with_what_it_holds(tmp_path: Path) -> None:
    tree(tmp_path, app__main_DOT_py=f"import os\nMAPS = '{KEY}'\n", README="no secret here\n")
    assets, gaps = read(SourceTree(tmp_path))
    assert set(assets) == {"app/main.py", "README"}
    (hit,) = assets["app/main.py"]["resource"]["data"]["hits"]
    assert hit == {
        "detector": "google-api-key",
        "description": "a Google Cloud API key",
        "line": 2,
        "length": 39,
        "digest": digest_of(KEY),
    }
    assert "hits" not in assets["README"]["resource"]["data"]
    assert gaps.told == []


def test_one_secret_in_two_places_has_one_digest_that_the_salt_decides(tmp_path: Path) -> None:
    tree(tmp_path, a=f"x = '{KEY}'", b=f"see {KEY}")
    digests = [
        {hit["digest"] for asset in read(source)[0].values() for hit in asset["resource"]["data"]["hits"]}
        for source in (SourceTree(tmp_path, salt=b"one"), SourceTree(tmp_path, salt=b"two"))
    ]
    assert len(digests[0]) == len(digests[1]) == 1
    assert digests[0] != digests[1]


def test_no_line_holds_a_secret(tmp_path: Path) -> None:
    tree(tmp_path, a=f"x = '{KEY}'  # auditor:allow secret reason=known\ny = '{OTHER}'\n")
    lines = [line for _, line in SourceTree(tmp_path).lines(Gaps())]
    assert lines
    assert not any(secret.encode() in line for line in lines for secret in (KEY, OTHER))


GITIGNORE: dict[str, str | bytes] = {
    "_DOT_gitignore": "*.log\n!keep.log\n/build/\nvendor/\n",
    "a_DOT_log": "x",
    "keep_DOT_log": "x",
    "build__out_DOT_txt": "x",
    "src__build__out_DOT_txt": "x",
    "src__vendor__lib_DOT_js": "x",
    "src___DOT_gitignore": "!special.log\nlocal.*\n",
    "src__special_DOT_log": "x",
    "src__local_DOT_env": "x",
    "src__main_DOT_py": "x",
}
LEFT = {".gitignore", "keep.log", "src/build/out.txt", "src/.gitignore", "src/special.log", "src/main.py"}


def test_gitignore_is_honoured_without_git(tmp_path: Path) -> None:
    assert {found.path for found in files_in(tree(tmp_path, **GITIGNORE))} == LEFT


@needs_git
def test_gitignore_is_honoured_as_git_does_it(repository: Path) -> None:
    assert {found.path for found in files_in(tree(repository, **GITIGNORE))} == LEFT


@needs_git
def test_a_tracked_file_is_read_even_if_it_is_ignored_by_now(repository: Path) -> None:
    tree(repository, _DOT_env=f"KEY={KEY}")
    committed(repository, "too early")
    tree(repository, _DOT_gitignore=".env\n")
    assets, _ = read(SourceTree(repository))
    assert assets[".env"]["resource"]["data"]["hits"]


@needs_git
def test_an_ignored_folder_is_read_when_it_is_the_target(repository: Path) -> None:
    tree(repository, _DOT_gitignore="dist/\n", dist__app_DOT_js=f"k='{KEY}'")
    assert [found.path for found in files_in(repository)] == [".gitignore"]
    assert [found.path for found in files_in(repository / "dist")] == ["app.js"]


def test_an_empty_folder_is_told(tmp_path: Path) -> None:
    assets, gaps = read(SourceTree(tmp_path))
    assert assets == {}
    assert [gap.problem for gap in gaps.told] == ["there is no file in it to look at"]


def test_binary_files_are_assets_that_are_not_searched(tmp_path: Path) -> None:
    tree(tmp_path, logo=b"\x89PNG\0\0" + KEY.encode())
    assets, _ = read(SourceTree(tmp_path))
    assert assets["logo"]["resource"]["data"] == {"path": "logo", "binary": True}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_text_of_any_usual_encoding_is_read(encoding: str) -> None:
    text = text_of(f"naïve = '{KEY}'".encode(encoding))
    assert text is not None
    assert [hit.detector for hit in scan_text(text)] == ["google-api-key"]


def test_a_file_over_the_limit_is_not_assessed_and_told(tmp_path: Path) -> None:
    tree(tmp_path, big=f"x = '{KEY}'\n" * 100)
    assets, gaps = read(SourceTree(tmp_path, limit=1000))
    assert assets["big"]["unknown"] == {"resource.data": "larger than 1,000 bytes, which no source text is"}
    assert [gap.problem for gap in gaps.told] == ["larger than 1,000 bytes, which no source text is"]


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="permissions do not bind this user")
def test_what_may_not_be_read_is_told(tmp_path: Path) -> None:
    tree(tmp_path, locked__a="x", b="x")
    (tmp_path / "locked").chmod(0)
    (tmp_path / "b").chmod(0)
    try:
        _, gaps = read(SourceTree(tmp_path))
    finally:
        (tmp_path / "locked").chmod(0o700)
    assert [gap.problem for gap in gaps.told] == ["permission denied", "permission denied"]


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights on Windows")
def test_links_are_not_followed(tmp_path: Path) -> None:
    tree(tmp_path, src__a="x")
    (tmp_path / "src" / "loop").symlink_to(tmp_path)
    (tmp_path / "src" / "again").symlink_to(tmp_path / "src" / "a")
    (tmp_path / "src" / "gone").symlink_to("nowhere")
    assert [found.path for found in files_in(tmp_path)] == ["src/a"]


def test_a_single_file_is_a_tree_of_one(tmp_path: Path) -> None:
    tree(tmp_path, deploy_DOT_sh=f"export X={KEY}\n", other="x")
    assets, _ = read(SourceTree(tmp_path / "deploy.sh"))
    assert list(assets) == ["deploy.sh"]
    assert assets["deploy.sh"]["resource"]["data"]["hits"][0]["line"] == 1


@needs_git
def test_history_tells_what_is_gone_from_the_files(repository: Path) -> None:
    tree(repository, config_DOT_py=f"KEY = '{KEY}'\n", clean="x")
    first = committed(repository, "add")
    tree(repository, config_DOT_py=f"# moved\nKEY = '{KEY}'\n")
    committed(repository, "change")
    tree(repository, config_DOT_py="import os\n")
    committed(repository, "remove")
    assets, gaps = read(SourceTree(repository, history=True))
    past = assets["history:config.py"]["resource"]["data"]
    assert past["versions"] == 3
    assert [(hit["detector"], hit["line"], hit["commit"]) for hit in past["hits"]] == [("google-api-key", 1, first)]
    assert assets["history:clean"]["resource"]["data"]["hits"] == []
    assert "hits" not in assets["config.py"]["resource"]["data"]
    assert gaps.told == []


@needs_git
def test_what_is_still_in_a_file_is_told_once(repository: Path) -> None:
    tree(repository, config_DOT_py=f"KEY = '{KEY}'\n")
    committed(repository, "add")
    tree(repository, config_DOT_py=f"# later\nKEY = '{KEY}'\n")
    committed(repository, "change")
    assets, _ = read(SourceTree(repository, history=True))
    assert len(assets["config.py"]["resource"]["data"]["hits"]) == 1
    assert assets["history:config.py"]["resource"]["data"]["hits"] == []


@needs_git
def test_history_reaches_other_branches_deleted_files_and_odd_names(repository: Path) -> None:
    tree(repository, a="x")
    committed(repository, "one")
    git(repository, "checkout", "--quiet", "-b", "side")
    name = "odd name\twith 'quotes' – é" if sys.platform != "win32" else "odd name – é"
    (repository / name).write_text(f"token = '{OTHER}'\n")
    side = committed(repository, "two")
    (repository / name).unlink()
    committed(repository, "three")
    git(repository, "checkout", "--quiet", "main")
    assets, _ = read(SourceTree(repository, history=True))
    (hit,) = assets[f"history:{name}"]["resource"]["data"]["hits"]
    assert (hit["detector"], hit["commit"]) == ("github-token", side)


@needs_git
def test_the_history_of_a_subfolder_is_its_own(repository: Path) -> None:
    tree(repository, web__a=f"x = '{KEY}'", api__b=f"y = '{OTHER}'")
    committed(repository, "one")
    tree(repository, web__a="x", api__b="y")
    committed(repository, "two")
    assets, _ = read(SourceTree(repository / "web", history=True))
    assert set(assets) == {"a", "history:a"}
    assert assets["history:a"]["resource"]["data"]["hits"][0]["detector"] == "google-api-key"


@needs_git
def test_a_shallow_clone_proves_nothing_clean(repository: Path, tmp_path: Path) -> None:
    for number in range(3):
        tree(repository, a=f"x = {number}\n")
        committed(repository, str(number))
    git(tmp_path, "clone", "--quiet", "--depth=1", repository.as_uri(), "clone")
    assets, gaps = read(SourceTree(tmp_path / "clone", history=True))
    cause = "the clone is shallow, older commits are not in it"
    assert assets["history:a"]["unknown"] == {"resource.data.hits.*": cause}
    assert [gap.problem for gap in gaps.told] == [cause]
    assert judge(check("secret-in-git-history"), [assets["history:a"]]) == (Outcome.NOT_ASSESSED, f"hits: {cause}")


@needs_git
def test_a_folder_without_git_says_that_it_has_no_history(tmp_path: Path) -> None:
    assets, gaps = read(SourceTree(tree(tmp_path, a="x"), history=True))
    assert set(assets) == {"a"}
    assert [gap.problem for gap in gaps.told] == ["its git history was not read: it is in no git repository"]


def test_without_git_one_sentence_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    _, gaps = read(SourceTree(tree(tmp_path, a="x"), history=True))
    assert [gap.problem for gap in gaps.told] == ["its git history was not read: git is not installed"]


@needs_git
def test_a_repository_without_commits_has_an_empty_history(repository: Path) -> None:
    assets, gaps = read(SourceTree(tree(repository, a="x"), history=True))
    assert set(assets) == {"a"}
    assert gaps.told == []


ALLOWED = "auditor:" + "allow secret"


@pytest.mark.parametrize(
    ("comment", "allowed", "flawed"),
    [
        (f"  # {ALLOWED} reason=restricted to our referrers", "restricted to our referrers", ""),
        (f"  // {ALLOWED}-google-api-key reason=public by design */", "public by design", ""),
        (f"  <!-- {ALLOWED}-in-source reason=test project -->", "test project", ""),
        (f"  # {ALLOWED}", "", "it gives no reason; write reason=… after it"),
        (f"  # {ALLOWED} reason=  ", "", "it gives no reason; write reason=… after it"),
        (f"  # {ALLOWED} reason=???", "", "it gives no reason; write reason=… after it"),
        (f"  # {ALLOWED} reason=made up\\nexport X=1", "made up", ""),
        (f'  "note": "{ALLOWED} reason=made up", "more": 1', "made up", ""),
        (f"  # {ALLOWED}-slack-token reason=another detector", "", ""),
        (f"  # {ALLOWED}-gogle-key reason=misspelt", "", "it names no detector; write auditor:allow secret reason=…"),
        ("  # nothing", "", ""),
    ],
)
def test_a_comment_allows_with_a_reason(comment: str, allowed: str, flawed: str) -> None:
    text = f"first\nx = '{KEY}'{comment}\nlast\n"
    found = sort_out(text, scan_text(text))
    assert [entry.reason for entry in found.allowed] == ([allowed] if allowed else [])
    assert [entry.problem for entry in found.flawed] == ([flawed] if flawed else [])
    assert len(found.hits) == (0 if allowed else 1)


def test_a_reason_that_holds_a_secret_is_not_taken_nor_told() -> None:
    text = f"x = '{KEY}'  # {ALLOWED} reason=as password=Tr0ub4dor3\n"  # auditor:allow secret reason=made up
    found = sort_out(text, scan_text(text))
    assert [entry.problem for entry in found.flawed] == ["its reason holds a secret itself"]
    assert (len(found.hits), found.allowed) == (2, ())


def test_a_comment_alone_allows_the_line_after_it() -> None:
    text = f"# {ALLOWED} reason=restricted\nx = '{KEY}'\ny = '{OTHER}'\n"
    found = sort_out(text, scan_text(text))
    assert [entry.hit.line for entry in found.allowed] == [2]
    assert [hit.line for hit in found.hits] == [3]


def test_a_text_about_such_comments_is_none() -> None:
    assert sort_out(f"write {ALLOWED} beside the secret\n", []).flawed == ()


def check(identifier: str) -> Check:
    return next(check for check in load_checks() if check.id == identifier)


@needs_git
def test_a_scan_judges_every_file_and_every_former_path(repository: Path) -> None:
    projects = "projects/p/regions/x.py"  # steps of a path are no ancestors and no place
    tree(
        repository, **{projects.replace("/", "__"): f"x = '{OTHER}'\n", "b": "y", "c": f"z = '{OTHER}'  # {ALLOWED}\n"}
    )
    committed(repository, "one")
    tree(repository, b=f"y = '{KEY}'\n")
    committed(repository, "two")
    tree(repository, b="y = 2\n")
    ids = ("secret-in-source", "secret-in-git-history", "source-secret-allowed-without-reason")
    scan = Scan([check(identifier) for identifier in ids], clock=Clock(NOW), settings={}, exported=frozenset())
    outcome = scan.run([SourceTree(repository, history=True)])
    findings = {(finding.check, finding.asset, finding.project) for finding in outcome.recorder.findings}
    assert findings == {
        ("secret-in-source", f"//auditor/trees/shop/files/{projects}", ""),
        ("secret-in-source", "//auditor/trees/shop/files/c", ""),
        ("secret-in-git-history", "//auditor/trees/shop/history/b", ""),
        ("source-secret-allowed-without-reason", "//auditor/trees/shop/files/c", ""),
    }
    assert outcome.recorder.crashes == []
    assert len(outcome.population) == 6


def test_this_tree_holds_no_secret_that_nobody_answers_for() -> None:
    assets, gaps = read(SourceTree(Path(__file__).parents[1]))
    assert gaps.told == []
    assert {path for path, asset in assets.items() if asset["resource"]["data"].get("hits")} == set()
