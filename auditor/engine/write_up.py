"""From a scan's outcome to the run that reports read."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from auditor import __version__
from auditor.check import Check, Settings
from auditor.config import GateSection
from auditor.engine.scan import Outcome
from auditor.engine.tally import Tally
from auditor.exceptions import Claim, settle
from auditor.frameworks import Catalogue, assess
from auditor.gate import decide
from auditor.model.run import (
    READ_BEFORE,
    CheckResult,
    FixAdvice,
    Gate,
    Population,
    Provenance,
    Run,
    Target,
    TypePopulation,
)
from auditor.sources.base import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What the user asked for, as the run records it."""

    command: str
    now: datetime
    exported: Sequence[str]
    selected: str
    gate: GateSection


def write_up(
    outcome: Outcome,
    *,
    order: Order,
    sources: Sequence[Source],
    checks: Sequence[Check],
    catalogue: Sequence[Check],
    settings: dict[str, Settings],
    frameworks: Sequence[Catalogue],
    exceptions: Sequence[Claim] = (),
) -> Run:
    """The run. `checks` were asked; `catalogue` holds all that exist; `exceptions` were met in the input."""
    results = [_result(check, outcome.recorder.tallies[check.id]) for check in checks]
    by_id = {result.id: result for result in results}
    asked = {check.id for check in checks}
    findings, settled = settle(outcome.recorder.findings, exceptions, catalogue, asked, order.now.date())
    for exception in settled:
        for finding in exception.findings:
            by_id[finding.check].excepted += 1
    run = Run(
        schema_version="1",
        provenance=Provenance(
            version=__version__,
            check_set=_hash(checks),
            command=order.command,
            now=order.now,
            settings={check: msgspec.to_builtins(settings[check]) for check in sorted(settings) if check in asked},
            exported=sorted(order.exported),
            selected=order.selected,
            excluded=[check.id for check in catalogue if check.id not in asked],
        ),
        targets=[Target(path=s.path, kind=s.kind, records=outcome.records.get(s.path, 0)) for s in sources],
        population=_population(outcome, sources),
        checks=results,
        findings=findings,
        frameworks=[assess(framework, by_id) for framework in frameworks],
        gaps=sorted(outcome.gaps.told, key=lambda gap: gap.where),
        gaps_untold=outcome.gaps.untold,
        crashes=outcome.recorder.crashes,
        notices=_notices(outcome),
        gate=Gate(fail_on=order.gate.fail_on, require_coverage=None, exit_code=0, reasons=[]),
        exceptions=settled,
    )
    run.gate = decide(run, order.gate)
    return run


def _result(check: Check, tally: Tally) -> CheckResult:
    fix = check.fix
    return CheckResult(
        id=check.id,
        area=check.area,
        severity=check.severity,
        title=check.title,
        page=check.page,
        asset_types=list(check.asset_types),
        same_as=list(check.same_as),
        aliases=list(check.aliases),
        fix=FixAdvice(gcloud=fix.gcloud, terraform=fix.terraform, guardrail=fix.guardrail, manual=fix.manual)
        if fix
        else None,
        asked=tally.asked,
        passed=tally.passed,
        failed=tally.failed,
        not_applicable=dict(sorted(tally.not_applicable.items())),
        not_assessed=dict(sorted(tally.not_assessed.items())),
        note="" if tally.asked else _why_not_asked(check),
    )


def _why_not_asked(check: Check) -> str:
    signature = check.signature
    contents = {"resource" if signature.wants_resource else "", "IAM policy" if signature.wants_policy else ""} - {""}
    content = " and ".join(sorted(contents))
    if signature.wants_policy and not signature.wants_resource:
        return "no IAM policy in the input; either none exists or content type iam-policy was not exported"
    kinds = " or ".join(check.asset_types)
    return f"no {kinds} in the input ({content} content); either none exists or the type was not exported"


def _population(outcome: Outcome, sources: Sequence[Source]) -> Population:
    population = outcome.population
    unsupported = sum((source.unsupported for source in sources), Counter[str]())
    checks = {route.asset_type: route.checks for route in outcome.routes}
    return Population(
        records=sum(outcome.records.values()) + sum(unsupported.values()),
        assets=len(population),
        further_parts=population.further_parts,
        duplicates=population.duplicates,
        unreadable=outcome.unreadable,
        unsupported=dict(sorted(unsupported.items())),
        by_type=[
            TypePopulation(asset_type=kind, assets=assets, checks=checks.get(kind, 0))
            for kind, assets in sorted(population.by_type.items())
        ],
    )


def _notices(outcome: Outcome) -> list[str]:
    notices = list(outcome.duplicates)
    more = outcome.population.duplicates - outcome.population.contradictions - len(notices)
    if more > 0:
        notices.append(f"{more} more assets were {READ_BEFORE}")
    return notices


def _hash(checks: Sequence[Check]) -> str:
    """Identifies the questions asked: ids of the checks, and the text of the modules that hold them."""
    digest = hashlib.sha256()
    for check in checks:
        digest.update(f"{check.id} {check.severity}\n".encode())
    modules = {check.function.__module__: check.function.__code__.co_filename for check in checks}
    for module, file in sorted(modules.items()):
        digest.update(f"{module}\n".encode())
        if Path(file).is_file():  # in a zip archive the ids must do
            digest.update(Path(file).read_bytes().replace(b"\r\n", b"\n"))
    return digest.hexdigest()[:16]
