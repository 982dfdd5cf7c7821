"""Frameworks: which checks answer which control. Data beside the checks, as `frameworks/*.toml` of a check package.

id = "cis-gcp-5.0"
title = "…"
version = "5.0.0"

[[control]]
id = "1.4"
title = "…"                 # in our own words
kind = "automated"          # or partial (checks answer a part), manual (none can)
checks = ["service-account-key-exists"]
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from importlib.resources import files
from importlib.resources.abc import Traversable
from types import ModuleType
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from auditor.check import Check, CheckError
from auditor.model.run import CheckResult, Control, ControlStatus, Framework
from auditor.names import UnknownName


class ControlEntry(BaseModel):
    """One `[[control]]`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    title: str
    kind: Literal["automated", "partial", "manual"] = "automated"
    checks: tuple[str, ...] = ()


class Catalogue(BaseModel):
    """One framework file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    title: str
    version: str
    control: Annotated[tuple[ControlEntry, ...], Field(min_length=1)]


def load_frameworks(packages: Iterable[ModuleType], checks: list[Check]) -> list[Catalogue]:
    """The frameworks of installed check packages.

    Raises `CheckError` where a file is malformed or a control without checks claims to be automated,
    `UnknownName` where a control names a check that does not exist.
    """
    known = {name: check.id for check in checks for name in (check.id, *check.aliases)}
    found = []
    for package in packages:
        folder = files(package) / "frameworks"
        if folder.is_dir():
            entries = sorted(folder.iterdir(), key=lambda file: file.name)
            found += [_catalogue(file, known) for file in entries if file.name.endswith(".toml")]
    return found


def controls_of(check: Check, catalogues: Iterable[Catalogue]) -> list[str]:
    """The controls that a check answers, as `FRAMEWORK CONTROL`."""
    return [f"{c.id} {control.id}" for c in catalogues for control in c.control if check.id in control.checks]


def assess(catalogue: Catalogue, results: dict[str, CheckResult]) -> Framework:
    """What a run says about every control of a framework."""
    controls = []
    for entry in catalogue.control:
        asked = [results[check] for check in entry.checks if check in results]
        controls.append(
            Control(
                id=entry.id,
                title=entry.title,
                kind=entry.kind,
                checks=list(entry.checks),
                status=_status(entry, asked),
                findings=sum(result.failed - result.excepted for result in asked),
            )
        )
    return Framework(id=catalogue.id, title=catalogue.title, version=catalogue.version, controls=controls)


def _status(entry: ControlEntry, asked: list[CheckResult]) -> ControlStatus:
    if any(result.failed > result.excepted for result in asked):
        return "not satisfied"
    if entry.kind == "manual":
        return "manual"
    judged = sum(result.passed + result.excepted + sum(result.not_applicable.values()) for result in asked)
    if len(asked) < len(entry.checks) or any(result.not_assessed for result in asked) or not judged:
        return "not assessed"
    if any(result.excepted for result in asked):
        return "excepted"
    return "satisfied" if entry.kind == "automated" else "manual"


def _catalogue(file: Traversable, known: dict[str, str]) -> Catalogue:
    try:
        catalogue = Catalogue.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, ValidationError) as error:
        raise CheckError(f"framework {file.name}: {error}") from None
    for control in catalogue.control:
        if bool(control.checks) == (control.kind == "manual"):
            raise CheckError(
                f"framework {file.name}: control {control.id} is {control.kind}, with {len(control.checks)} checks"
            )
        for check in control.checks:
            if check not in known:
                raise UnknownName("check", check, known, f"framework {file.name}, control {control.id}")
    return catalogue
