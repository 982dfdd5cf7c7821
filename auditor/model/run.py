"""The record of one scan, as reports and machines read it. `auditor schema` publishes its JSON schema."""

from __future__ import annotations

import hashlib
from dataclasses import field
from datetime import date, datetime
from typing import Any, Literal

from pydantic import Field, TypeAdapter
from pydantic.dataclasses import dataclass

from auditor.model.collection import Collection
from auditor.model.count import Count
from auditor.model.paths import ControlPath, PathsToControl
from auditor.model.security_center import SecurityCenterComparison
from auditor.model.verdict import Severity


def fingerprint(check: str, asset: str, discriminator: str = "") -> str:
    """The identity of a finding over time: 16 hex digits of check id and full resource name, nothing volatile.

    `discriminator` tells findings apart that one check may have of one asset, as paths to it by other ways.
    """
    told = "\n".join(filter(None, (check, asset, discriminator)))
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:16]


READ_BEFORE = "read before; the first one counts"
"""Ends each notice of a record that says again what was read."""


@dataclass(slots=True, kw_only=True)
class Finding:
    """One asset that failed one check."""

    fingerprint: str
    check: str
    severity: Severity
    asset: str
    asset_type: str
    project: str
    """The project's id, or its number where the input does not tell the id; empty above projects."""
    message: str
    evidence: dict[str, Any]
    fix: str
    """The command that mends it, quoted for a POSIX shell; empty where there is none."""
    address: str
    """The Terraform address, where the asset comes from Terraform."""
    source: str
    """File and line or element that the asset was read from."""

    @property
    def steps(self) -> list[str]:
        """The steps of a path, where the finding is one: how its parts lead to what it is about."""
        told = self.evidence.get("path")
        return [str(step) for step in told] if isinstance(told, list) else []


@dataclass(slots=True, kw_only=True)
class FixAdvice:
    """How findings of a check are mended: a command, a Terraform argument, a guardrail, or words."""

    gcloud: str
    terraform: str
    guardrail: str
    manual: str


@dataclass(slots=True, kw_only=True)
class CheckResult:
    """A check of the run with its coverage: `asked` is the sum of the four verdicts."""

    id: str
    area: str
    severity: Severity
    title: str
    page: str
    asset_types: list[str]
    same_as: list[str]
    aliases: list[str]
    fix: FixAdvice | None
    asked: Count
    passed: Count
    failed: Count
    not_applicable: dict[str, Count]
    """Reason → assets."""
    not_assessed: dict[str, Count]
    """Cause → assets."""
    note: str
    """Why nothing was asked, where nothing was."""
    excepted: Count = 0
    """How many of the failed are accepted by an exception, and so are no findings of the run."""


@dataclass(slots=True, kw_only=True)
class TypePopulation:
    """Assets of one type, and how many selected checks ask them."""

    asset_type: str
    assets: Count
    checks: Count


@dataclass(slots=True, kw_only=True)
class Population:
    """What was read. `records` is the sum of `assets`, `further_parts`, `duplicates`, `unreadable`, `unsupported`."""

    records: Count
    assets: Count
    further_parts: Count
    """Records that added content (an IAM policy, say) to an asset read before."""
    duplicates: Count
    """Records of content already read; the first one counts."""
    unreadable: Count
    unsupported: dict[str, Count]
    """Resources of Terraform types that cannot be read yet, by type: none of them was assessed."""
    by_type: list[TypePopulation]


@dataclass(slots=True, kw_only=True)
class Gap:
    """Something that could not be read: where, what was wrong, what to do."""

    where: str
    problem: str
    advice: str


@dataclass(slots=True, kw_only=True)
class Target:
    """One target of the scan, what it was taken for, and how many records it gave."""

    path: str
    kind: str
    records: Count


@dataclass(slots=True, kw_only=True)
class CheckCrash:
    """A bug in a check: it raised instead of answering."""

    check: str
    asset: str
    error: str


ControlStatus = Literal["satisfied", "not satisfied", "excepted", "not assessed", "manual"]
"""`excepted`: its checks have findings, and somebody accepts each of them for now."""


@dataclass(slots=True, kw_only=True)
class Control:
    """One requirement of a framework, and what this run says about it."""

    id: str
    title: str
    kind: Literal["automated", "partial", "manual"]
    checks: list[str]
    status: ControlStatus
    findings: Count


@dataclass(slots=True, kw_only=True)
class Framework:
    """A framework's controls. Controls that no check reads are manual, and stay in the denominator."""

    id: str
    title: str
    version: str
    controls: list[Control]


@dataclass(slots=True, kw_only=True)
class Gate:
    """The rule that turned the run into an exit code."""

    fail_on: Severity
    require_coverage: float | None
    exit_code: Literal[0, 1, 2, 3]
    reasons: list[str]


@dataclass(slots=True, kw_only=True)
class Provenance:
    """What produced the run, so that it can be repeated."""

    version: str
    check_set: str
    """Hash over the selected checks' ids and code."""
    command: str
    now: datetime
    """The moment that the scan judged at, UTC."""
    settings: dict[str, dict[str, Any]]
    """Check id → its settings."""
    exported: list[str]
    selected: str
    """The selection in words: all checks, or how they were narrowed down."""
    excluded: list[str]
    """Checks of the catalogue that were not asked."""


@dataclass(slots=True, kw_only=True)
class Change:
    """What a plan brings to an estate: the findings before and after apply, told apart by fingerprint."""

    on: list[str]
    """The files of the estate."""
    new: list[str]
    """Fingerprints of the run's findings that the estate does not have yet."""
    unchanged: Count
    """The run's other findings."""
    fixed: list[Finding]
    """Findings of the estate that are gone after apply."""
    undecided: list[Finding]
    """Findings of the estate of which only apply will tell."""
    opened_paths: list[ControlPath] = Field(default_factory=list)
    """Paths to control that are not there yet, or not for certain."""
    closed_paths: list[ControlPath] = Field(default_factory=list)
    """Paths to control that are gone after apply."""


@dataclass(slots=True, kw_only=True)
class FindingException:
    """Findings of one check that somebody accepts for a while: why, who, until when."""

    kind: Literal["inline", "file"]
    """Whether it is a comment beside what it is about, or an entry of a file of exceptions."""
    check: str
    about: str
    """What it is about: a Terraform block, say."""
    fingerprint: str = ""
    """The one finding that is accepted; empty where it is whatever the check finds there."""
    place: str
    """File and line where it is written."""
    reason: str
    owner: str
    approver: str
    ticket: str
    granted: date | None
    expires: date | None
    """The last day on which it counts."""
    state: Literal["in force", "unused", "expired", "invalid"]
    """Only what is `in force` takes findings out of the run."""
    problem: str
    """Why it does not count or accepts nothing; empty where it is in force."""
    findings: list[Finding]
    """What it accepts. None of these is among the findings of the run."""


@dataclass(slots=True, kw_only=True)
class Run:
    """One scan."""

    schema_version: Literal["1"]
    provenance: Provenance
    targets: list[Target]
    population: Population
    checks: list[CheckResult]
    findings: list[Finding]
    frameworks: list[Framework]
    gaps: list[Gap]
    gaps_untold: Count
    """Further gaps beyond those listed."""
    crashes: list[CheckCrash]
    notices: list[str]
    gate: Gate
    change: Change | None = None
    """Where a plan was laid over an estate: the run is of the estate as it will be."""
    paths: PathsToControl | None = None
    """Who can come to control what without being meant to; None where it was not looked for."""
    security_center: SecurityCenterComparison | None = None
    """What Security Command Center says beside it; None where the input holds no findings of it."""
    exceptions: list[FindingException] = field(default_factory=list)
    """All exceptions that were met, those too that do not count."""
    collections: list[Collection] = field(default_factory=list)
    """Of live estates, read now or saved before: what was collected."""

    def excepted(self) -> list[Finding]:
        """The findings that exceptions accept; they are not among `findings`."""
        return [finding for exception in self.exceptions for finding in exception.findings]

    def by_severity(self) -> dict[Severity, int]:
        """Findings per severity, worst first, zeros included."""
        counts = dict.fromkeys(Severity, 0)
        for finding in self.findings:
            counts[finding.severity] += 1
        return counts

    def verdicts(self) -> dict[str, int]:
        """Verdicts over all checks and assets, by outcome."""
        return {
            "pass": sum(check.passed for check in self.checks),
            "fail": sum(check.failed for check in self.checks),
            "not_applicable": sum(sum(check.not_applicable.values()) for check in self.checks),
            "not_assessed": sum(sum(check.not_assessed.values()) for check in self.checks),
        }

    def coverage(self) -> float:
        """Per cent of the applicable verdicts that were judged; 100 where none was applicable."""
        counts = self.verdicts()
        judged = counts["pass"] + counts["fail"]
        applicable = judged + counts["not_assessed"]
        return 100 * judged / applicable if applicable else 100.0


RUN = TypeAdapter(Run)
"""Reads, writes and describes runs as JSON."""
