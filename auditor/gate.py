"""The gate: from a run to an exit code. 0 clean, 1 findings, 3 incomplete; 1 wins over 3."""

from __future__ import annotations

from auditor.config import GateSection
from auditor.model.run import Gate, Run
from auditor.model.text import plural


def decide(run: Run, rule: GateSection) -> Gate:
    """The exit code of a run and the reasons for it, worst first. 2 (wrong usage) never reaches a run."""
    worse = [finding for finding in run.findings if finding.severity.rank <= rule.fail_on.rank]
    failed = [f"{plural(len(worse), 'finding')} of severity {rule.fail_on.value}{_or_worse(rule)}"] if worse else []
    incomplete = []
    gaps = len(run.gaps) + run.gaps_untold
    if gaps:
        incomplete.append(f"{plural(gaps, 'place')} in the input could not be read or used")
    if run.crashes:
        incomplete.append(f"{plural(len(run.crashes), 'check answer')} failed with a bug in the check")
    verdicts = run.verdicts()
    if not run.population.assets:
        incomplete.append("no asset was read")
    elif not verdicts["pass"] + verdicts["fail"] + verdicts["not_applicable"]:
        incomplete.append("nothing could be judged")
    if rule.require_coverage is not None and run.coverage() < rule.require_coverage:
        incomplete.append(f"coverage is {run.coverage():.1f} %, below the required {rule.require_coverage:g} %")
    return Gate(
        fail_on=rule.fail_on,
        require_coverage=rule.require_coverage,
        exit_code=1 if failed else 3 if incomplete else 0,
        reasons=failed + incomplete,
    )


def _or_worse(rule: GateSection) -> str:
    return " or worse" if rule.fail_on.rank else ""
