"""Every example of every check, written back as Terraform files, keeps its verdict: as files, as plan and as export.

What an example says that Terraform cannot say (what only the API sets, what is a resource of its own) is left out
here; where the verdict then differs on purpose although all was written, `terraform_examples.toml` says why.
"""

from __future__ import annotations

import csv
import json
import re
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from auditor.resources.base import asset_types_of
from auditor.sources.base import Gaps
from auditor.sources.terraform.names import relative
from auditor.sources.terraform.types import MAPPINGS
from auditor.sources.terraform.types.iam_targets import TARGETS
from auditor.sources.terraform.types.parts import PARTS
from auditor.sources.terraform.types.unsupported import UNSUPPORTED
from auditor.sources.terraform_files import TerraformFiles
from auditor.sources.terraform_plan import TerraformPlan
from auditor.testing import Case, cases
from benchmarks.terraform import plan_of
from tests.support import ORACLES
from tests.terraform_inverse import SCHEMA, leaves, written_back
from tests.terraform_text import blocks, hcl
from tests.test_terraform_files import CATALOGUE, verdicts, write

ADJUDICATIONS = tomllib.loads((Path(__file__).parent / "terraform_examples.toml").read_text(encoding="utf-8"))[
    "example"
]
PROVIDER = 'provider "google" {\n  project = "p"\n  region = "europe-west1"\n  zone = "europe-west1-b"\n}\n'
ALONE = ("google_compute_project_metadata", "google_compute_project_metadata_item")
"""Types of which a project has one."""


@cache
def examples(*, policies: bool = False) -> dict[str, list[Case]]:
    """Terraform type → examples of one asset that it may become: those with an IAM policy, or those without."""
    kinds: dict[str, list[str]] = defaultdict(list)
    for kind, mapping in MAPPINGS.items():
        if kind in SCHEMA and kind not in ALONE:
            kinds[mapping.asset_type].append(kind)
    found: dict[str, list[Case]] = {kind: [] for names in kinds.values() for kind in names}
    for case in cases(CATALOGUE):
        example = case.example[0]
        if case.expected.value == "not_assessed" or len(case.example) > 1 or (example.policy is not None) != policies:
            continue
        if not (example.data or policies) or example.unknown or case.check.signature.wants_estate:
            continue
        for asset_type in asset_types_of(example.view):
            for kind in kinds[asset_type]:
                found[kind].append(case)
    return found


def named(kind: str, name: str, number: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """The attributes that make the name of the example's asset, where that is a name of its kind; else made-up ones."""
    template, schema = MAPPINGS[kind].name, SCHEMA[kind]
    made: dict[str, Any] = {}
    made_up: dict[str, Any] = {}
    if isinstance(template, str):
        pattern = re.sub(r"\\\{(\w+)(?:\\?:\w+)?\\\}", lambda m: f"(?P<{m[1]}>.+?)", re.escape(template))
        match = re.fullmatch(pattern, name)
        made = match.groupdict() if match else {}
        for attribute in re.findall(r"\{(\w+)", template):
            if attribute not in made and attribute not in ("project", "region", "zone", "location"):
                made_up[attribute] = relative(name) if f"{{{attribute}:path}}" in template else f"n{number}"
    settable = {key for key, kind in schema.items() if isinstance(kind, str) and kind[0] != "!"}
    return {key: made[key] for key in made if key in settable}, {
        key: made_up[key] for key in made_up if key in settable
    }


def resource(kind: str, number: int, case: Case) -> str:
    """An example as a resource."""
    example = case.example[0]
    name, made_up = named(kind, example.name, number)
    values = {**made_up, **written_back(kind, MAPPINGS[kind], example.data or {}), **name}
    lines = [f'resource "{kind}" "r{number}" {{', *blocks(values), "}"]
    if example.policy is not None:
        policy = json.dumps({**example.policy, "bindings": [*map(in_order, example.policy.get("bindings", []))]})
        grant = {TARGETS[kind].attribute: f"{kind}.r{number}.id", "policy_data": hcl(policy)}
        lines += [f'resource "{kind}_iam_policy" "r{number}" {{', *(f"{k} = {v}" for k, v in grant.items()), "}"]
    return "\n".join(lines) + "\n"


def in_order(binding: dict[str, Any]) -> dict[str, Any]:
    """A binding with its members as an API gives them."""
    return {**binding, "members": list(dict.fromkeys(binding.get("members", [])))}


def made_of(folder: Path, asset_type: str) -> dict[str, dict[str, Any]]:
    """The assets of a type by address."""
    gaps = Gaps()
    lines = [json.loads(line) for _, line in TerraformFiles(folder, folder.name, environment={}).lines(gaps)]
    assert not gaps.told
    return {asset["address"]: asset for asset in lines if asset["asset_type"] == asset_type}


def lost(example: dict[str, Any], made: dict[str, Any]) -> Iterator[str]:
    """The paths of what an example says and the conversion does not give back."""
    there = {path: text(value) for path, value in leaves(made)}
    for path, value in leaves(example):
        if there.get(path) != text(value):
            yield path


def text(value: Any) -> str:
    """A value as the API may write it in either of two ways: 64-bit numbers are text."""
    return json.dumps(value) if isinstance(value, bool) else str(value)


def adjudicated(kind: str, case: Case) -> str:
    """The entry that covers a difference; `""` where none does."""
    for entry in ADJUDICATIONS:
        if fnmatchcase(kind, entry["type"]) and any(fnmatchcase(str(case), one) for one in entry["examples"]):
            return str(entry["reason"])
    return ""


KINDS = sorted(kind for kind in MAPPINGS if kind in SCHEMA and kind not in ALONE)
TALLY: dict[str, int] = defaultdict(int)


@pytest.mark.parametrize("kind", KINDS)
def test_an_example_keeps_its_verdict_as_files_and_as_plan(kind: str, tmp_path: Path) -> None:
    told = examples()[kind]
    folder = write(tmp_path, main_tf=PROVIDER + "".join(resource(kind, i, case) for i, case in enumerate(told)))
    assets = made_of(folder, MAPPINGS[kind].asset_type)
    files = verdicts(TerraformFiles(folder, kind, environment={}))
    plan = verdicts(TerraformPlan("plan.json", "plan.json", plan_of(folder)))
    assert [(key, plan.get(key)) for key in files.keys() | plan.keys() if files.get(key) != plan.get(key)] == []
    different = []
    for number, case in enumerate(told):
        asset = assets[f"{kind}.r{number}"]
        found, expected = files.get((case.check.id, asset["name"])), case.expected.value
        same = found == expected or (expected == "pass" and found == "not_applicable")
        missing = lost(case.example[0].data or {}, asset["resource"]["data"])
        outcome = "same" if same else "lost" if any(missing) else str(found)
        if outcome not in ("same", "lost", "not_assessed"):
            outcome = "adjudicated" if adjudicated(kind, case) else "different"
        TALLY[outcome] += 1
        if outcome == "different":
            different.append(f"{case} is {found}")
    assert not different


@pytest.mark.parametrize("kind", sorted(kind for kind in KINDS if kind in TARGETS))
def test_an_example_of_a_policy_keeps_its_verdict_as_files_and_as_plan(kind: str, tmp_path: Path) -> None:
    told = examples(policies=True)[kind]
    folder = write(tmp_path, main_tf=PROVIDER + "".join(resource(kind, i, case) for i, case in enumerate(told)))
    assets = made_of(folder, MAPPINGS[kind].asset_type)
    files = verdicts(TerraformFiles(folder, kind, environment={}))
    plan = verdicts(TerraformPlan("plan.json", "plan.json", plan_of(folder)))
    assert [(key, plan.get(key)) for key in files.keys() | plan.keys() if files.get(key) != plan.get(key)] == []
    different = []
    for number, case in enumerate(told):
        found, expected = files.get((case.check.id, assets[f"{kind}.r{number}"]["name"])), case.expected.value
        same = found == expected or (expected == "pass" and found == "not_applicable")
        POLICIES["same" if same else str(found)] += 1
        if not same and found != "not_assessed" and not adjudicated(kind, case):
            different.append(f"{case} is {found}")
    assert not different


POLICIES: dict[str, int] = defaultdict(int)


def test_most_examples_can_be_written_and_keep_their_verdict() -> None:
    if sum(TALLY.values()) < 2000:
        pytest.skip("the other tests of this module were not run")
    print(f"\nexamples as Terraform: {dict(TALLY)}, with policies: {dict(POLICIES)}")
    assert TALLY["same"] > 1600
    assert TALLY["not_assessed"] < TALLY["same"] / 50


def test_every_adjudication_is_used_and_has_a_reason() -> None:
    for entry in ADJUDICATIONS:
        assert len(entry["reason"]) > 20
        for pattern in entry["examples"]:
            all_told = [*examples().items(), *examples(policies=True).items()]
            met = (case for kind, told in all_told if fnmatchcase(kind, entry["type"]) for case in told)
            assert any(fnmatchcase(str(case), pattern) for case in met), pattern


CATALOGUE_FILE = ORACLES.parent / "catalogue" / "detections.csv"


@pytest.mark.skipif(not CATALOGUE_FILE.is_file(), reason="the catalogue of detections (../shared) is not here")
def test_every_type_of_the_catalogue_is_read_or_listed_with_the_reason() -> None:
    with CATALOGUE_FILE.open(encoding="utf-8", newline="") as file:
        named = {kind for row in csv.DictReader(file) for kind in _KIND.findall(row["terraform_resources"] or "")}
    endings = ("_iam_policy", "_iam_binding", "_iam_member", "_iam_audit_config")
    read = {*MAPPINGS, *PARTS, *(target + ending for target in TARGETS for ending in endings)}
    assert len(named) > 70
    cut_off = {kind for kind in named if any(other.startswith(f"{kind}_") for other in read)}
    assert named - read - cut_off <= UNSUPPORTED.keys()
    assert not UNSUPPORTED.keys() & read
    assert len(MAPPINGS) >= 120


_KIND = re.compile(r"google_[a-z0-9_]*[a-z0-9](?![a-z0-9_*])")
"""A type, not the beginning of several (`google_x_*`)."""
