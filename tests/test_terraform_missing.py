"""What a plan does not tell is never taken for good: every attribute of every example, left out or unknown in turn.

The failing and passing examples of all checks, written as plans, lose one attribute after the other: it is not written
(what the API then decides itself is marked so, as Terraform does), not even mentioned (as in thin plans), or set to
something that only apply will tell. Where the whole example fails, the rest must not pass, unless the API's default
for what is left out is a good one: `terraform_missing.toml` says where, and why.
"""

from __future__ import annotations

import copy
import tomllib
from collections import Counter
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from auditor.sources.terraform.hcl.provider_schema import Shape, shape_of
from auditor.sources.terraform.types import MAPPINGS
from auditor.sources.terraform_plan import TerraformPlan
from benchmarks.terraform import plan_of
from tests.test_terraform_examples import KINDS, PROVIDER, examples, resource
from tests.test_terraform_files import verdicts, write

ADJUDICATIONS = tomllib.loads((Path(__file__).parent / "terraform_missing.toml").read_text(encoding="utf-8"))["missing"]
ENOUGH = 3
"""Of so many failing and so many other examples that set the same attributes is each attribute left out."""
LEFT_OUT = ("unset", "unmentioned")
"""How an attribute is left out: one attribute in the one way, the next in the other."""
LATER = {"references": ["random_id.later.hex", "random_id.later"]}
"""An expression whose value only apply will tell."""
TALLY: Counter[str] = Counter()
USED: set[int] = set()

Path_ = tuple[str | int, ...]


def settings(config: Any, after: Any, at: Path_ = ()) -> Iterator[Path_]:
    """The paths of what the configuration sets, blocks and their attributes too."""
    for name, node in config.items():
        value = after.get(name) if isinstance(after, dict) else None
        if value is None:
            continue
        yield (*at, name)
        for position, block in enumerate(node if isinstance(node, list) else []):
            if isinstance(value, list) and position < len(value):
                yield from settings(block, value[position], (*at, name, position))


def without(change: dict[str, Any], configured: dict[str, Any], path: Path_, mode: str, shape: Shape) -> None:
    """Take an attribute away."""
    inner = change["change"]
    after, unknown, config = inner["after"], inner["after_unknown"], configured["expressions"]
    for step in path[:-1]:
        if isinstance(step, str):
            shape = shape.below(step)
        after, config = after[step], config[step]
        unknown = _inside(unknown, step)
    name = path[-1]
    assert isinstance(name, str)
    part = shape.below(name)
    after.pop(name, None)
    config.pop(name, None)
    unknown.pop(name, None)
    if mode == "unknown":
        config[name] = LATER
        unknown[name] = True
    elif mode == "unset":
        if part.is_computed:
            unknown[name] = True
        else:
            after[name] = [] if part.is_block else part.default


def _inside(unknown: Any, step: str | int) -> Any:
    """What is told of the unknown parts of a block, made where nothing is."""
    if isinstance(step, int):
        while len(unknown) <= step:
            unknown.append({})
        return unknown[step]
    if not isinstance(unknown.get(step), dict | list):
        unknown[step] = []
    return unknown[step]


def variants(document: dict[str, Any], kind: str, failing: set[str]) -> dict[str, tuple[str, Path_, str]]:
    """Put the variants of a plan's resources beside them: address → (address of the whole, path, mode).

    Only of resources that fail can what is left out be taken for good.
    """
    shape = shape_of(kind)
    assert shape is not None
    configuration = document["configuration"]["root_module"]["resources"]
    configured = {entry["address"]: entry for entry in configuration}
    made: dict[str, tuple[str, Path_, str]] = {}
    alike: Counter[tuple[bool, frozenset[Path_]]] = Counter()
    for change in [one for one in document["resource_changes"] if one["type"] == kind]:
        entry = configured[change["address"]]
        paths = frozenset(settings(entry["expressions"], change["change"]["after"]))
        alike[change["address"] in failing, paths] += 1
        if alike[change["address"] in failing, paths] > ENOUGH:
            continue
        for number, path in enumerate(settings(copy.deepcopy(entry["expressions"]), change["change"]["after"])):
            left_out = (LEFT_OUT[number % 2],) if change["address"] in failing else ()
            for mode in ("unknown", *left_out):
                name = f"v{len(made)}"
                other, config = copy.deepcopy(change), copy.deepcopy(entry)
                for one in (other, config):
                    one |= {"name": name, "address": f"{kind}.{name}"}
                _elsewhere(other, config, path, len(made), shape)
                without(other, config, path, mode, shape)
                document["resource_changes"].append(other)
                configuration.append(config)
                made[other["address"]] = (change["address"], path, mode)
    return made


def _elsewhere(change: dict[str, Any], configured: dict[str, Any], path: Path_, number: int, shape: Shape) -> None:
    """Put a variant where no other one is, so that it keeps its name."""
    for name in ("project", "folder", "org_id", "organization", "billing_account", "parent"):
        if name not in shape.parts or path == (name,):
            continue
        present = change["change"]["after"].get(name)
        if name == "project" or present is not None:
            change["change"]["after"][name] = f"{present or 'p'}{number}"
            change["change"]["after_unknown"].pop(name, None)
            configured["expressions"][name] = {"constant_value": f"{present or 'p'}{number}"}
            return


def adjudicated(kind: str, check: str, path: str, mode: str) -> bool:
    """Whether an entry says why it is right that what is left out is good."""
    for position, entry in enumerate(ADJUDICATIONS):
        if (
            fnmatchcase(kind, entry["type"])
            and any(fnmatchcase(check, one) for one in entry["checks"])
            and any(fnmatchcase(path, one) for one in entry["attributes"])
            and mode in entry.get("modes", ("unset", "unmentioned"))
        ):
            USED.add(position)
            return True
    return False


@pytest.mark.parametrize("kind", [kind for kind in KINDS if not MAPPINGS[kind].shared])
def test_what_is_not_told_is_not_taken_for_good(kind: str, tmp_path: Path) -> None:
    told = examples()[kind]
    if not told:
        pytest.skip("no example of a check is of this type")
    folder = write(tmp_path, main_tf=PROVIDER + "".join(resource(kind, i, case) for i, case in enumerate(told)))
    document = plan_of(folder)
    failing = {f"{kind}.r{number}" for number, case in enumerate(told) if case.expected.value == "fail"}
    made = variants(document, kind, failing)
    checks = list({case.check.id: case.check for case in told}.values())
    found = verdicts(TerraformPlan("plan.json", "plan.json", document), checks, by="address")
    asset_type = MAPPINGS[kind].asset_type
    problems = []
    for address, (whole, path, mode) in made.items():
        shown = ".".join(step for step in path if isinstance(step, str))
        for check in checks:
            before, now = found.get((check.id, whole)), found.get((check.id, address))
            assert (before is None) == (now is None), (asset_type, check.id, address)
            TALLY[f"{mode} {before} {now}"] += 1
            bad = before == "fail" and now in ("pass", "not_applicable")
            undecided = mode == "unknown" and before in ("pass", "not_applicable") and now == "fail"
            if (bad or undecided) and not adjudicated(kind, check.id, shown, mode):
                problems.append(f"{check.id}: {shown} {mode}: {before} becomes {now}")
    assert not problems, "\n".join(sorted(set(problems)))


def test_most_of_what_is_not_told_is_not_assessed() -> None:
    if sum(TALLY.values()) < 20_000:
        pytest.skip("the other tests of this module were not run")
    print("\n" + "\n".join(f"{outcome}: {count}" for outcome, count in sorted(TALLY.items())))
    assert set(range(len(ADJUDICATIONS))) == USED
    assert all(len(entry["reason"]) > 40 for entry in ADJUDICATIONS)
    assert TALLY["unknown fail pass"] <= 4
