"""What a run means for the launch: stop, launch with conditions, launch, or no decision; and why."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum

from auditor.model.run import CheckResult, Run
from auditor.model.text import plural
from auditor.model.verdict import Severity

_GRAVE = (Severity.CRITICAL, Severity.HIGH)


class Advice(StrEnum):
    """The decision in a word, as style sheets and machines name it."""

    STOP = "stop"
    CONDITIONS = "conditions"
    LAUNCH = "launch"
    UNDECIDED = "undecided"


_HEADINGS = {
    Advice.STOP: "Stop",
    Advice.CONDITIONS: "Launch with conditions",
    Advice.LAUNCH: "Launch",
    Advice.UNDECIDED: "No decision possible",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The verdict on the run as a whole, in words for who decides."""

    advice: Advice
    sentence: str
    incomplete: str
    """What the audit did not see, as a sentence; empty where it saw all that it was given."""
    accepted: str
    """What somebody accepted by name, as a sentence; empty where nothing was."""
    conditions: list[str]
    """What has to be done first, worst first."""

    @property
    def heading(self) -> str:
        """The decision in plain words."""
        return _HEADINGS[self.advice]


def decide(run: Run) -> Decision:
    """The decision that follows from the findings and from what was not assessed."""
    counts = run.by_severity()
    critical, high = counts[Severity.CRITICAL], counts[Severity.HIGH]
    open_questions = _unanswered(run.checks)
    conditions = [
        *_to_mend(run, Severity.CRITICAL),
        *_to_mend(run, Severity.HIGH),
        *_to_answer(run, open_questions),
    ]
    if critical:
        advice = Advice.STOP
        sentence = (
            f"{plural(critical, 'critical finding')}: an outsider gets in, or reads what is not theirs, "
            "as things stand today."
        )
    elif not any(check.passed or check.failed for check in run.checks):
        advice = Advice.UNDECIDED
        sentence = "No check could judge anything. That nothing was found says nothing."
    elif high:
        advice = Advice.CONDITIONS
        sentence = (
            f"Nothing critical was found. {plural(high, 'high finding')}, each one step away from harm, "
            "must be closed or accepted by name first."
        )
    elif conditions:
        advice = Advice.CONDITIONS
        sentence = "No critical or high finding, but the audit did not see everything that could hold one."
    else:
        advice = Advice.LAUNCH
        sentence = "No critical or high finding, and every critical and high check that applies was answered."
    return Decision(
        advice=advice, sentence=sentence, incomplete=_incomplete(run), accepted=_accepted(run), conditions=conditions
    )


def _accepted(run: Run) -> str:
    accepted = run.excepted()
    grave = Counter(finding.severity for finding in accepted if finding.severity in _GRAVE)
    if not accepted:
        return ""
    weights = " and ".join(f"{grave[severity]:,} {severity.value}" for severity in _GRAVE if grave[severity])
    told = f", {weights} among them," if weights else ""
    verb = "is" if len(accepted) == 1 else "are"
    return f"{plural(len(accepted), 'finding')}{told} {verb} accepted by name for now and {verb} not counted."


def _unanswered(checks: list[CheckResult]) -> int:
    return sum(sum(check.not_assessed.values()) for check in checks if check.severity in _GRAVE)


def _to_mend(run: Run, severity: Severity) -> list[str]:
    places = [finding for finding in run.findings if finding.severity is severity]
    if not places:
        return []
    checks = len({finding.check for finding in places})
    return [f"Close {plural(len(places), f'{severity.value} finding')}, of {plural(checks, 'kind')}."]


def _to_answer(run: Run, open_questions: int) -> list[str]:
    told: list[str] = []
    if open_questions:
        told.append(
            f"Answer {plural(open_questions, 'question')} of critical or high weight that could not be assessed."
        )
    unread = len(run.gaps) + run.gaps_untold
    if unread:
        told.append(f"Close {plural(unread, 'gap')} in the input and audit again.")
    unsupported = sum(run.population.unsupported.values())
    if unsupported:
        told.append(f"Judge {plural(unsupported, 'resource')} by other means: their types cannot be read yet.")
    if run.crashes:
        told.append(f"Report {plural(len(run.crashes), 'fault')} of the auditor's own checks and audit again.")
    if run.gate.exit_code == 3 and not told:
        told.append("Complete the audit: " + "; ".join(run.gate.reasons) + ".")
    return told


def _incomplete(run: Run) -> str:
    population = run.population
    counts = run.verdicts()
    applicable = counts["pass"] + counts["fail"] + counts["not_assessed"]
    unread = len(run.gaps) + run.gaps_untold
    parts = [
        f"{counts['not_assessed']:,} of {plural(applicable, 'applicable verdict')} not assessed"
        if counts["not_assessed"]
        else "",
        plural(unread, "gap") + " in the input" if unread else "",
        plural(population.unreadable, "record") + " unreadable" if population.unreadable else "",
        plural(sum(population.unsupported.values()), "resource") + " of types that cannot be read yet"
        if population.unsupported
        else "",
        plural(len(run.crashes), "fault") + " in checks" if run.crashes else "",
    ]
    told = [part for part in parts if part]
    if not told and run.gate.exit_code != 3:
        return ""
    seen = ", ".join(told) or "; ".join(run.gate.reasons)
    return f"The audit is incomplete: {seen}. What was not looked at may change this decision."
