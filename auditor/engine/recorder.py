"""Writes down verdicts: counts per check, findings, crashes, and the ledger where one is asked for."""

from __future__ import annotations

import traceback
from collections.abc import Iterable
from typing import IO, Any

import msgspec

from auditor.check import Check, render_command
from auditor.engine.questions import Ask
from auditor.engine.tally import Tally
from auditor.model.run import CheckCrash, Finding, fingerprint
from auditor.model.verdict import PASS, Outcome, Verdict, not_assessed
from auditor.resources.base import Asset, Resource, Undetermined, plain, read_path
from auditor.resources.decode import cause_of
from auditor.resources.policy import Policy

Subject = Resource | Policy[Any]


WELL = (Outcome.PASS, Outcome.NOT_APPLICABLE)
"""What a check says where nobody has to do anything."""


class Recorder:
    """Asks checks, and keeps their verdicts, for one scan (or for one shard of it).

    `path` and `place` say where the asset was read that is asked about now.
    """

    def __init__(self, checks: list[Check], ledger: IO[bytes] | None = None) -> None:
        self.tallies: dict[str, Tally] = {check.id: Tally() for check in checks}
        self.findings: list[Finding] = []
        self.crashes: list[CheckCrash] = []
        self.path = ""
        self.place: int | str = 0
        self._ledger = ledger
        self._quiet = ledger is None

    @property
    def source(self) -> str:
        """Where the asset was read that is asked about now."""
        return f"{self.path}:{self.place}" if isinstance(self.place, int) else self.place

    def ask(self, questions: Iterable[Ask], asset: Asset, subject: Subject) -> None:
        """Ask each check about `subject` and write down what it says."""
        tallies, quiet = self.tallies, self._quiet
        for check, function, rest in questions:
            try:
                verdict = function(subject, *rest)
                if verdict is PASS and quiet:
                    continue
                if verdict.outcome is Outcome.NOT_APPLICABLE and quiet:
                    tallies[check.id].not_applicable[verdict.reason] += 1
                else:
                    self.write(check, asset, subject, verdict)
            except Exception as error:  # the one place that isolates a check
                if quiet and type(error) is Undetermined:
                    tallies[check.id].not_assessed[f"{error.what}: {cause_of(asset, error)}"] += 1
                else:
                    self.write(check, asset, subject, self._verdict_of(check, asset, error))

    def write(self, check: Check, asset: Asset, subject: Subject | None, verdict: Verdict) -> None:
        """Note one verdict. The tally's `asked` is counted by the caller, for all alike."""
        outcome = verdict.outcome
        tally = self.tallies[check.id]
        evidence: dict[str, Any] = {}
        if outcome is Outcome.NOT_APPLICABLE:
            tally.not_applicable[verdict.reason] += 1
        elif outcome is Outcome.FAIL:
            evidence = _evidence(check, subject, verdict)
            self.findings.append(self._finding(check, asset, subject, verdict, evidence))
            tally.failed += 1
        elif outcome is Outcome.NOT_ASSESSED:
            tally.not_assessed[verdict.reason] += 1
        if self._ledger is not None:
            self._ledger.write(_row(check, asset, verdict, evidence))

    def _verdict_of(self, check: Check, asset: Asset, error: Exception) -> Verdict:
        """The verdict where a check raised: the unknown is *not assessed*, anything else a bug that is told."""
        if isinstance(error, Undetermined):
            return not_assessed(f"{error.what}: {cause_of(asset, error)}")
        place = traceback.extract_tb(error.__traceback__)[-1]
        text = f"{type(error).__name__}: {error} ({place.filename}:{place.lineno})"
        self.crashes.append(CheckCrash(check=check.id, asset=asset.name, error=text))
        return not_assessed(f"the check has a bug: {type(error).__name__}")

    def _finding(
        self, check: Check, asset: Asset, subject: Subject | None, verdict: Verdict, evidence: dict[str, Any]
    ) -> Finding:
        command = ""
        if check.fix and check.fix.gcloud:
            shown = {check.signature.subject_name: subject, "asset": asset, "found": verdict.evidence or {}}
            command = render_command(check.fix.gcloud, shown)
        return Finding(
            fingerprint=fingerprint(check.id, asset.name, verdict.discriminator),
            check=check.id,
            severity=verdict.severity or check.severity,
            asset=asset.name,
            asset_type=asset.asset_type,
            project=asset.project,
            message=verdict.reason,
            evidence=evidence,
            fix=command,
            address=asset.address,
            source=asset.source or self.source,
        )


class Rehearsal(Recorder):
    """Asks checks without writing anything down, to hear what they would say by now."""

    def __init__(self) -> None:
        super().__init__([])
        self._quiet = False  # so that every verdict comes to `write`
        self._heard: Verdict | None = None
        self._raised = False
        self.waits = False
        """Whether the check that was heard last cannot answer before all input was read."""

    def hear(self, ask: Ask, asset: Asset, subject: Subject) -> Verdict | None:
        """What the check says; None where it raises: what is unknown, or that it is too early, or a bug."""
        self._heard, self._raised, self.waits = None, False, False
        self.ask((ask,), asset, subject)
        return None if self._raised else self._heard

    def answers(self, questions: Iterable[Ask], asset: Asset, subject: Subject, *, well: bool = False) -> bool:
        """Whether no check has to wait for what is known only later (and, if asked for `well`, none has a finding)."""
        for ask in questions:
            verdict = self.hear(ask, asset, subject)
            if self.waits or (well and (verdict is None or verdict.outcome not in WELL)):
                return False
        return True

    def write(self, check: Check, asset: Asset, subject: Subject | None, verdict: Verdict) -> None:  # noqa: ARG002 - as above
        """Keep the verdict until the next."""
        self._heard = verdict

    def _verdict_of(self, check: Check, asset: Asset, error: Exception) -> Verdict:  # noqa: ARG002 - as above
        self._raised, self.waits = True, not isinstance(error, Undetermined)
        return PASS


def _evidence(check: Check, subject: Subject | None, verdict: Verdict) -> dict[str, Any]:
    shown = {path: read_path(subject, path) for path in check.evidence} if isinstance(subject, Resource) else {}
    if verdict.evidence:
        shown.update({key: plain(value) for key, value in verdict.evidence.items() if not key.startswith("_")})
    return shown


def _row(check: Check, asset: Asset, verdict: Verdict, evidence: dict[str, Any]) -> bytes:
    """A line of the ledger."""
    row = {
        "check": check.id,
        "verdict": verdict.outcome.value,
        "reason": verdict.reason,
        "asset": asset.name,
        "asset_type": asset.asset_type,
        "address": asset.address,
        "severity": verdict.severity or check.severity,
        "evidence": evidence,
    }
    return msgspec.json.encode(row, order="deterministic") + b"\n"
