"""What a plan brings to an estate: the findings before and after apply, told apart by check and asset.

A finding that is gone is *fixed* only where the check now answers otherwise, or has nothing left to ask; where it
cannot answer any more, since what it reads is known only after apply, the finding is *undecided*.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import IO, TYPE_CHECKING, Any, cast

import msgspec

from auditor.access.control.path_changes import PathChanges, path_changes
from auditor.access.control.path_report import DrawnPath, drawn
from auditor.engine.scan import Outcome, Scan
from auditor.gate import decide
from auditor.model.paths import ControlPath
from auditor.model.run import Change, Finding, Gate, Run
from auditor.model.text import plural

if TYPE_CHECKING:
    from collections.abc import Callable

    from auditor.check import Check
    from auditor.config import GateSection
    from auditor.sources.base import Source
    from auditor.sources.overlay import Overlay

Place = tuple[str, str]
"""Check id and full resource name."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """The findings of an estate before and after apply. All but `fixed` and `undecided` are in the run after."""

    new: list[Finding]
    unchanged: list[Finding]
    fixed: list[Finding]
    undecided: list[Finding]
    paths: PathChanges = field(default_factory=PathChanges)

    def without(self, excepted: Iterable[Finding]) -> Comparison:
        """The same without findings after apply that exceptions accept."""
        accepted = {finding.fingerprint for finding in excepted}
        return replace(
            self,
            new=[finding for finding in self.new if finding.fingerprint not in accepted],
            unchanged=[finding for finding in self.unchanged if finding.fingerprint not in accepted],
        )

    def record(self, estate: Iterable[Source]) -> Change:
        """The comparison as a run keeps it."""
        return Change(
            on=[source.path for source in estate],
            new=[finding.fingerprint for finding in self.new],
            unchanged=len(self.unchanged),
            fixed=self.fixed,
            undecided=self.undecided,
            opened_paths=[recorded(path) for path in drawn(self.paths.opened)],
            closed_paths=[recorded(path) for path in drawn(self.paths.closed)],
        )

    def in_words(self) -> str:
        """The counts, as a sentence."""
        undecided = f", {len(self.undecided):,} undecided until apply" if self.undecided else ""
        opened, closed = self.paths.opened_count, self.paths.closed_count
        paths = f"; it opens {plural(opened, 'path')} to control and closes {closed:,}" if opened or closed else ""
        return (
            f"the plan brings {plural(len(self.new), 'finding')}, fixes {len(self.fixed):,}, "
            f"leaves {len(self.unchanged):,} as they are{undecided}{paths}"
        )


def scan_over(
    overlay: Overlay,
    estate: Iterable[Source],
    checks: list[Check],
    scan: Callable[[list[Check], IO[bytes] | None], Scan],
    ledger: IO[bytes] | None,
) -> tuple[Outcome, list[Source], Comparison]:
    """Ask `checks` of an estate as it is and as it will be: the latter's outcome and sources, and both compared.

    `scan` makes a scan of some checks; `ledger` gets the verdicts after apply.
    """
    first = scan(checks, None).run(estate)
    before = first.recorder.findings
    sources = overlay.sources()
    outcome = scan(checks, ledger).run(sources)
    after = outcome.recorder.findings
    there = {_place(finding) for finding in after}
    gone = [finding for finding in before if _place(finding) not in there]
    open_ = _NotAssessed({_place(finding) for finding in gone})
    if gone:
        asked = {finding.check for finding in gone}
        again = scan([check for check in checks if check.id in asked], cast("IO[bytes]", open_))
        again.run(overlay.sources())
    changes = path_changes(first.ways, outcome.ways)
    about_paths = {check.id for check in checks if check.signature.wants_ways}
    worse = {_place(finding) for finding in after if finding.check in about_paths and _is_worse(finding, changes)}
    return outcome, sources, _compared(before, after, gone, open_.found, worse, changes)


def _place(finding: Finding) -> Place:
    """What tells findings of two estates apart: a path that is closed beside others brings no new finding."""
    return finding.check, finding.asset


def _is_worse(finding: Finding, changes: PathChanges) -> bool:
    """Whether a finding of a control tells of a path that was not there before, from wherever it tells of."""
    return any(
        finding.evidence.get("control_of") == container and set(finding.evidence.get("from", ())) & sources
        for container, sources in changes.worse.items()
    )


def _compared(
    before: list[Finding],
    after: list[Finding],
    gone: list[Finding],
    open_: set[Place],
    worse: set[Place],
    changes: PathChanges,
) -> Comparison:
    there = {_place(finding) for finding in before} - worse
    return Comparison(
        new=[finding for finding in after if _place(finding) not in there],
        unchanged=[finding for finding in after if _place(finding) in there],
        fixed=[finding for finding in gone if _place(finding) not in open_],
        undecided=[finding for finding in gone if _place(finding) in open_],
        paths=changes,
    )


def recorded(path: DrawnPath) -> ControlPath:
    """A path as a run keeps it."""
    return ControlPath(
        title=path.title,
        certainty="certain" if path.certainty == "certain" else "possible",
        sentences=list(path.sentences),
        svg=path.svg,
        alike=list(path.alike),
    )


@dataclass(slots=True)
class _NotAssessed:
    """A ledger that keeps which of the `wanted` verdicts are *not assessed*, and nothing else."""

    wanted: set[Place]
    found: set[Place] = field(default_factory=set)

    def write(self, row: bytes) -> int:
        """Take one verdict."""
        if b'"not_assessed"' in row:
            verdict: dict[str, Any] = msgspec.json.decode(row)
            place = (verdict["check"], verdict["asset"])
            if verdict["verdict"] == "not_assessed" and place in self.wanted:
                self.found.add(place)
        return len(row)


def decide_change(run: Run, comparison: Comparison, rule: GateSection) -> Gate:
    """The exit code where only what the plan brings is judged; what is incomplete counts as ever."""
    gate = decide(replace(run, findings=comparison.new), rule)
    if gate.exit_code == 1:
        gate.reasons[0] = f"the plan brings {gate.reasons[0]}"
    return gate
