"""A run prepared for readers: findings grouped into entries, causes, controls; counted once, for every format."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import get_args

from auditor.model.run import CheckResult, Control, ControlStatus, Finding, FindingException, Framework, Run
from auditor.model.security_center import Disagreement, SecurityCenterComparison
from auditor.model.verdict import Severity
from reports.decision import Decision, decide
from reports.pages import Page, split_page

CAUSES_SHOWN = 100
CHECKS_PER_CAUSE = 6
REASONS_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """All findings of one check with one severity: one entry with its places."""

    anchor: str
    severity: Severity
    check: CheckResult
    page: Page
    controls: list[str]
    total: int
    places: list[Finding]
    """The places that are shown; `total` says how many there are."""
    projects: int

    @property
    def untold(self) -> int:
        """How many places are not shown."""
        return self.total - len(self.places)

    @property
    def commands(self) -> list[str]:
        """The commands that mend the places shown, each once."""
        return list(dict.fromkeys(place.fix for place in self.places if place.fix))


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One cause for which something was not assessed, with the checks that it kept from judging."""

    text: str
    total: int
    checks: list[tuple[CheckResult, int]]

    @property
    def worst(self) -> Severity:
        """The worst severity that may hide behind the cause."""
        return min((check.severity for check, _ in self.checks), key=lambda severity: severity.rank)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """A reason or cause of one check, and how many assets it holds for."""

    text: str
    assets: int


class Digest:
    """What every format tells of a run. Each value is counted when it is first asked for."""

    def __init__(self, run: Run, *, places: Callable[[list[int]], int]) -> None:
        """`places` says, given the sizes of all entries, how many places each may show."""
        self.run = run
        self._places = places

    @cached_property
    def decision(self) -> Decision:
        """What the run means for the launch."""
        return decide(self.run)

    @cached_property
    def by_severity(self) -> dict[Severity, int]:
        """Findings per severity, worst first, zeros included."""
        return self.run.by_severity()

    @cached_property
    def verdicts(self) -> dict[str, int]:
        """Verdicts over all checks and assets."""
        return self.run.verdicts()

    @cached_property
    def coverage(self) -> str:
        """Per cent of the applicable verdicts that were judged, rounded down: 100 means all."""
        counts = self.verdicts
        if not counts["pass"] + counts["fail"] + counts["not_assessed"]:
            return "–"
        tenths = int(self.run.coverage() * 10 + 1e-9)
        return f"{tenths / 10:.1f}".removesuffix(".0") + " %"

    @cached_property
    def unasked(self) -> list[CheckResult]:
        """Checks that found nothing to ask."""
        return [check for check in self.run.checks if not check.asked]

    @cached_property
    def controls_of(self) -> dict[str, list[str]]:
        """Check id → the controls that rest on it, as `framework version control`."""
        found: dict[str, list[str]] = defaultdict(list)
        for framework in self.run.frameworks:
            for control in framework.controls:
                for check in control.checks:
                    found[check].append(f"{framework.title} {framework.version} · {control.id}")
        return found

    @cached_property
    def entries(self) -> list[Entry]:
        """Findings grouped by check and severity: worst first, paths before their parts, then by area and check."""
        checks = {check.id: check for check in self.run.checks}
        groups: dict[tuple[Severity, str], list[Finding]] = defaultdict(list)
        for finding in self.run.findings:
            groups[finding.severity, finding.check].append(finding)
        limit = self._places([len(group) for group in groups.values()])

        def rank(item: tuple[tuple[Severity, str], list[Finding]]) -> tuple[int, bool, str, str]:
            (severity, check), findings = item
            return (severity.rank, not findings[0].steps, checks[check].area, check)

        ordered = sorted(groups.items(), key=rank)
        return [
            Entry(
                anchor=f"{check}-{severity.value}",
                severity=severity,
                check=checks[check],
                page=split_page(checks[check].page),
                controls=self.controls_of.get(check, []),
                total=len(findings),
                places=sorted(findings, key=lambda finding: (finding.project, finding.asset))[:limit],
                projects=len({finding.project for finding in findings if finding.project}),
            )
            for (severity, check), findings in ordered
        ]

    @cached_property
    def sections(self) -> list[tuple[Severity, list[tuple[str, list[Entry]]]]]:
        """Entries by severity, and within it by area."""
        found: dict[Severity, dict[str, list[Entry]]] = {}
        for entry in self.entries:
            found.setdefault(entry.severity, {}).setdefault(entry.check.area, []).append(entry)
        return [(severity, list(areas.items())) for severity, areas in found.items()]

    @cached_property
    def accepted(self) -> int:
        """Findings that exceptions accept."""
        return len(self.run.excepted())

    @cached_property
    def idle_exceptions(self) -> list[FindingException]:
        """The exceptions that accept nothing, those that do not count first."""
        idle = [exception for exception in self.run.exceptions if not exception.findings]
        return sorted(idle, key=lambda exception: (exception.state == "unused", exception.place))

    @cached_property
    def causes(self) -> list[Cause]:
        """Why something was not assessed, the cause that hides most first."""
        found: dict[str, list[tuple[CheckResult, int]]] = defaultdict(list)
        for check in self.run.checks:
            for cause, assets in check.not_assessed.items():
                found[cause].append((check, assets))
        causes = [
            Cause(
                text=text,
                total=sum(assets for _, assets in checks),
                checks=sorted(checks, key=lambda item: (item[0].severity.rank, -item[1], item[0].id)),
            )
            for text, checks in found.items()
        ]
        return sorted(causes, key=lambda cause: (-cause.total, cause.worst.rank, cause.text))

    @cached_property
    def asked(self) -> list[tuple[str, list[CheckResult]]]:
        """The checks that were asked, by area."""
        found: dict[str, list[CheckResult]] = defaultdict(list)
        for check in sorted(self.run.checks, key=lambda check: (check.area, check.severity.rank, check.id)):
            if check.asked:
                found[check.area].append(check)
        return list(found.items())

    @cached_property
    def unasked_by_note(self) -> list[tuple[str, list[CheckResult]]]:
        """The checks that found nothing to ask, by the reason, those that matter most first."""
        found: dict[str, list[CheckResult]] = defaultdict(list)
        for check in sorted(self.unasked, key=lambda check: (check.severity.rank, check.id)):
            found[check.note].append(check)
        return list(found.items())


def most_reasons(reasons: dict[str, int], shown: int = REASONS_SHOWN) -> list[Reason]:
    """The reasons that hold for most assets; the rest as one sum."""
    counted = Counter(reasons).most_common()
    told = [Reason(text=text, assets=assets) for text, assets in counted[:shown]]
    rest = counted[shown:]
    if rest:
        told.append(Reason(text=f"{len(rest):,} further reasons", assets=sum(assets for _, assets in rest)))
    return told


def statuses(framework: Framework) -> dict[str, list[Control]]:
    """A framework's controls by status; every status is there, and together they are all controls."""
    found: dict[str, list[Control]] = {status: [] for status in get_args(ControlStatus)}
    for control in framework.controls:
        found[control.status].append(control)
    return found


def fair_limit(sizes: Iterable[int], *, most: int, budget: int) -> int:
    """How many places each entry may show, at most `most`, so that all together stay within `budget`."""
    counts = list(sizes)
    for limit in range(most, 1, -1):
        if sum(min(size, limit) for size in counts) <= budget:
            return limit
    return 1


def disagreements(opinion: SecurityCenterComparison, kind: str) -> list[tuple[str, Disagreement]]:
    """(category, place) of what one side alone says, over all categories."""
    return [(row.category, place) for row in opinion.categories for place in row.places if place.kind == kind]
