"""Bad Terraform files: one sentence each, and the rest is read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from auditor.sources.base import Gaps
from auditor.sources.terraform.hcl import scope
from auditor.sources.terraform_files import TerraformFiles
from tests.test_terraform_files import BUCKET, convert, told, write


@pytest.mark.parametrize(
    ("broken", "line", "problem"),
    [
        ('resource "google_x" "y" {\n  a = \n}\n', 2, "not valid HCL: an expression is missing"),
        ('resource "google_x" "y" {\n  a = "b\n}\n', 2, "not valid HCL: a quoted text that does not end"),
        ('resource "google_x" "y" {\n  a = 1\n  a = 2\n}\n', 3, "not valid HCL: a is set twice"),
        ('resource "google_x" "y" {\n  a = <<EOT\nx\n}\n', 2, "not valid HCL: a heredoc that does not end"),
        ('resource "google_x" "y" {\n  a = [1, 2\n', 3, "not valid HCL: ] is missing"),
        ('resource "google_x" "y" {\n', 1, "not valid HCL: } is missing"),
        ('resource "google_x" {\n}\n', 1, "a resource block with 1 labels"),
        ("locals {\n  a = " + "[" * 100 + "\n}\n", 2, "not valid HCL: it is nested more than 60 levels deep"),
        ("locals {\n" + "x {\n" * 100, 61, "not valid HCL: it is nested more than 60 levels deep"),
        ("%%%\n", 1, "not valid HCL: '%' is neither an attribute nor a block"),
    ],
)
def test_a_syntax_error_is_told_with_its_line_and_the_rest_is_read(
    tmp_path: Path, broken: str, line: int, problem: str
) -> None:
    write(tmp_path, a_tf=broken + BUCKET % "", b_tf=(BUCKET % "").replace('"b"', '"c"', 1))
    assets, gaps, _ = convert(tmp_path)
    assert "google_storage_bucket.c" in assets
    assert "google_storage_bucket.b" in assets
    assert len(gaps.told) == 1
    assert told(gaps)[0].startswith(f"{tmp_path}/a.tf:{line}: {problem}")
    assert gaps.files == 1


def test_bytes_that_are_no_text_and_files_that_are_too_large_are_told(tmp_path: Path) -> None:
    write(tmp_path, main_tf=BUCKET % "", more_tf="")
    (tmp_path / "latin.tf").write_bytes(b'locals {\n  a = "caf\xe9"\n}\n')
    (tmp_path / "terraform.tfvars").write_bytes(b"x = 1\n" * (50 << 20 >> 2 >> 1))
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.tf")
    (tmp_path / "gone.tf").symlink_to("nowhere")
    (tmp_path / "bad.tf.json").write_text('{"resource": [')
    assets, gaps, _ = convert(tmp_path)
    assert "google_storage_bucket.b" in assets
    problems = dict(problem.removeprefix(f"{tmp_path}/").split(": ", 1) for problem in told(gaps))
    assert problems["latin.tf:2"] == "the text is not UTF-8"
    assert problems["terraform.tfvars"].endswith("MB; more than 16 MB are not read")
    assert problems.pop("pipe.tf", "a pipe").startswith("a pipe")
    assert problems["gone.tf"] == "no such file or directory"
    assert problems["bad.tf.json:1"].startswith("not valid HCL: no valid JSON")
    assert len(problems) == 4


def test_what_depends_on_itself_is_told_once(tmp_path: Path) -> None:
    write(
        tmp_path,
        main_tf="locals {\n  a = local.b\n  b = local.c\n  c = local.a\n}\n" + BUCKET % "labels = { x = local.a }",
        self_tf='resource "google_pubsub_topic" "t" {\n  name = google_pubsub_topic.t.name\n}\n',
        loop__one__main_tf='module "two" {\n  source = "../two"\n}\n' + BUCKET % "",
        loop__two__main_tf='module "one" {\n  source = "../one"\n}\n',
    )
    assets, gaps, _ = convert(tmp_path)
    assert "google_storage_bucket.b" in assets
    loop = "local.a depends on itself: local.a → local.b → local.c → local.a"
    assert f"{tmp_path}/main.tf:4: {loop}" in told(gaps)
    assert any("google_pubsub_topic.t.name depends on itself" in one for one in told(gaps))
    assert any("calls itself, directly or by others" in one for one in told(gaps))
    assert len(gaps.told) == 3


def test_a_long_chain_of_locals_is_no_loop(tmp_path: Path) -> None:
    chain = "".join(f"  l{i} = local.l{i + 1}\n" for i in range(3000))
    write(tmp_path, main_tf="locals {\n" + chain + '  l3000 = "end"\n}\n' + BUCKET % "labels = { x = local.l0 }")
    assets, gaps, _ = convert(tmp_path)
    assert not gaps.told
    assert assets["google_storage_bucket.b"]["resource"]["data"]["labels"] == {"x": "end"}


def test_links_that_go_round_and_out_end(tmp_path: Path) -> None:
    inside = write(tmp_path / "in", main_tf=BUCKET % "" + 'module "x" {\n  source = "./link"\n}\n')
    write(tmp_path / "out", main_tf=BUCKET % "")
    (inside / "link").symlink_to(tmp_path / "out")
    (inside / "round").symlink_to(inside)
    (inside / "self").symlink_to("self")
    write(inside, y_tf='module "y" {\n  source = "./self"\n}\nmodule "z" {\n  source = "../out"\n}\n')
    assets, gaps, _ = convert(inside)
    assert "google_storage_bucket.b" in assets
    assert "module.z.google_storage_bucket.b" in assets
    assert any("leads out of the folder" in one for one in told(gaps))
    assert any("./self is not there" in one for one in told(gaps))


def test_hostile_numbers_and_names_do_no_harm(tmp_path: Path) -> None:
    write(
        tmp_path,
        main_tf=BUCKET % "count = 1000000000"
        + 'resource "google_pubsub_topic" "t" {\n  for_each = toset(["<script>", "\\u0007", "a\\nb"])\n'
        + "  name = each.key\n}\n"
        + 'resource "google_pubsub_topic" "u" {\n  for_each = ["a"]\n  name = "u"\n}\n'
        + 'resource "google_pubsub_topic" "v" {\n  name = undeclared.x.y\n  labels = 7\n}\n',
    )
    assets, gaps, _ = convert(tmp_path)
    assert 'google_pubsub_topic.t["\\u003cscript\\u003e"]' in assets
    assert {"google_storage_bucket.b", "google_pubsub_topic.u", "google_pubsub_topic.v"} <= set(assets)
    problems = " ".join(told(gaps))
    assert "more than 20000 instances" in problems
    assert "for_each takes a map or a set" in problems
    assert "there is no resource undeclared.x" in problems


def test_values_and_loops_that_grow_without_end_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scope, "MAX_TOTAL", 1500)
    doubled = "".join(f"  l{i + 1} = [local.l{i}, local.l{i}]\n" for i in range(60))
    text = "".join(f'  t{i + 1} = "${{local.t{i}}}${{local.t{i}}}"\n' for i in range(60))
    loops = "[for a in range(1000) : [for b in range(1000) : [for c in range(1000) : c]]]"
    inner = 'module "m" {\n  source = "../m"\n  count = 1000\n}\n'
    write(
        tmp_path / "in",
        main_tf=f'locals {{\n  l0 = ["x"]\n{doubled}  t0 = "x"\n{text}  loops = {loops}\n}}\n'
        + BUCKET % "labels = { a = jsonencode(local.l60), b = local.t60, c = jsonencode(local.loops) }"
        + inner,
    )
    write(tmp_path / "m", main_tf=inner.replace("../m", "../n"))
    write(tmp_path / "n", main_tf=BUCKET % "count = 1000")
    gaps, source = Gaps(), TerraformFiles(tmp_path / "in", "in", environment={})
    assert sum("google_storage_bucket.b {" not in place for place, _ in source.lines(gaps)) > 0
    problems = " ".join(told(gaps))
    assert "the value is too large" in problems
    assert "the text is too long" in problems
    assert "loops inside of each other with too many rounds" in problems
    assert "more than 1500 instances are not evaluated" in problems
