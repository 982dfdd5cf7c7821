"""Plans of others, beside what Google says of the same resources."""

from __future__ import annotations

import fnmatch
import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from auditor.resources import content
from auditor.sources.base import Gaps
from auditor.sources.terraform_plan import TerraformPlan
from tests.plan_support import convert

ORACLES = Path(__file__).parent.parent.parent / "shared" / "oracles"
PAIRS = ORACLES / "terraform_pairs"
LABELLED = ORACLES / "labelled_plans"
ADJUDICATED = tomllib.loads((Path(__file__).parent / "terraform_pairs.toml").read_text())


def plain_name(name: str) -> str:
    """A name with stand-ins of either side as `*`, and the project that the recordings fall back to."""
    name = re.sub(r"\(known after apply\)[^/]*|placeholder-[\w-]+", "*", name)
    return name.replace("(unknown)", "my-project")


def differences(theirs: Any, ours: Any, path: str = "") -> Iterator[str]:
    """The paths of what the recording has and we have otherwise or not."""
    if theirs in (None, "", []) or theirs == {"rule": []}:
        return
    if isinstance(theirs, dict) and isinstance(ours, dict):
        for key, value in theirs.items():
            yield from differences(value, ours.get(key), f"{path}.{key}" if path else key)
    elif isinstance(theirs, list) and isinstance(ours, list) and len(theirs) == len(ours):
        if all(isinstance(element, str) for element in theirs):
            if sorted(theirs) != sorted(map(str, ours)):
                yield path
            return
        for position, (one, other) in enumerate(zip(theirs, ours, strict=True)):
            yield from differences(one, other, f"{path}.{position}")
    elif comparable(theirs) != comparable(ours):
        yield path


def comparable(value: Any) -> Any:
    """A scalar without what is spelt differently only."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return f"{value:g}"
    if isinstance(value, str) and not value.isdigit():
        return plain_name(value.removeprefix("https://www.googleapis.com/compute/v1/"))
    return value


def adjudicated(pair: str, asset_type: str, field: str) -> bool:
    """Whether a difference is one that was decided on."""
    for entry in ADJUDICATED["field"]:
        patterns = ((pair, entry["pair"]), (asset_type, entry["type"]), (field, entry["field"]))
        if all(fnmatch.fnmatch(value, pattern) for value, pattern in patterns):
            return True
    return False


def pair_names() -> list[str]:
    """The recorded pairs, `[]` where they are absent."""
    return sorted(path.name.removesuffix(".plan.json") for path in PAIRS.glob("*.plan.json"))


@pytest.mark.skipif(not PAIRS.is_dir(), reason="the recorded plans and assets (../shared/oracles) are not here")
@pytest.mark.parametrize("pair", pair_names() or ["absent"])
def test_plans_convert_as_google_converted_them(pair: str) -> None:
    document = json.loads((PAIRS / f"{pair}.plan.json").read_text())
    gaps, source = Gaps(), TerraformPlan(pair, pair, document)
    ours: dict[tuple[str, str], Any] = {}
    for _, line in source.lines(gaps):
        asset = json.loads(line)
        ours.setdefault((asset["asset_type"], plain_name(asset["name"])), asset)
    assert not gaps.told
    assert not source.unsupported
    names = {entry["theirs"]: entry["ours"] for entry in ADJUDICATED["name"] if entry["pair"] == pair}
    problems = []
    for recorded in json.loads((PAIRS / f"{pair}.assets.json").read_text()):
        for theirs in content.records(recorded):
            kind = theirs["asset_type"].replace("logging.googleapis.com/Metric", "logging.googleapis.com/LogMetric")
            name = plain_name(theirs["name"])
            mine = ours.get((kind, name)) or ours.get((kind, names.get(name, "")))
            if mine is None:
                problems.append(f"{kind} {name} is missing among {sorted(ours)}")
                continue
            data = (theirs.get("resource") or {}).get("data"), (mine.get("resource") or {}).get("data", {})
            problems += [f"{kind} {path}" for path in differences(*data) if not adjudicated(pair, kind, path)]
            problems += [f"{kind} {path}" for path in differences(theirs.get("iam_policy"), mine.get("iam_policy"))]
    assert not problems


@pytest.mark.skipif(not LABELLED.is_dir(), reason="the labelled plans (../shared/oracles) are not here")
def test_every_labelled_plan_converts_without_a_gap() -> None:
    for file in sorted(LABELLED.glob("*.plan.json")):
        _, gaps, _ = convert(json.loads(file.read_text()))
        assert not gaps.told, file.name
