"""Exceptions: findings that somebody accepts by name, with a reason, until a day.

Whatever writes them down, a comment or a file, gives `Claim`s: the record, and which findings it is about. A claim
without a reason or past its last day accepts nothing; it is told, and so is one that has nothing to accept.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from auditor.model.run import Finding, FindingException
from auditor.names import UnknownName

if TYPE_CHECKING:
    from auditor.check import Check

_NAMELESS = "of a path it has to say which, so that it accepts no later one; write "


@dataclass(frozen=True, slots=True)
class Claim:
    """An exception as it was found: `record` says what is written, `covers` whether a finding of its check is meant."""

    record: FindingException
    covers: Callable[[Finding], bool]


def settle(
    findings: list[Finding], claims: Iterable[Claim], catalogue: Sequence[Check], asked: Collection[str], day: date
) -> tuple[list[Finding], list[FindingException]]:
    """The findings that nobody accepts, and every exception with its state on that day and what it accepts.

    `asked` are the ids of the checks that the run asked. Where several exceptions accept a finding, the first does.
    """
    known = {name: check.id for check in catalogue for name in (check.id, *check.aliases)}
    of_paths = {check.id for check in catalogue if check.signature.wants_ways}
    by_check: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        by_check[finding.check].append(finding)
    taken: dict[int, FindingException] = {}
    settled: list[FindingException] = []
    for claim in claims:
        check = known.get(claim.record.check, claim.record.check)
        record = _in_state(replace(claim.record, check=check, findings=[]), known, day)
        settled.append(record)
        if record.state == "in force":
            covered = [finding for finding in by_check[check] if claim.covers(finding)]
            if check in of_paths and not record.fingerprint:
                record.state, record.problem = "invalid", _NAMELESS + _fingerprints(covered)
            elif _accept(record, covered, taken):
                record.problem = ""
            else:
                record.state, record.problem = "unused", record.problem or _why_unused(check, asked)
    return [finding for finding in findings if id(finding) not in taken], settled


def _in_state(record: FindingException, known: dict[str, str], day: date) -> FindingException:
    """The exception with what keeps it from counting, before it is asked what it covers."""
    if not record.problem and record.check not in known:
        record.problem = str(UnknownName("check", record.check, known))
    if record.problem:
        record.state = "invalid"
    elif record.expires is not None and record.expires < day:
        record.state, record.problem = "expired", f"it expired on {record.expires}"
    else:
        record.state = "in force"
    return record


def _accept(record: FindingException, covered: list[Finding], taken: dict[int, FindingException]) -> bool:
    """Accept what is covered, and meant where one finding is named; whether there is anything."""
    meant = [finding for finding in covered if record.fingerprint in ("", finding.fingerprint)]
    if covered and not meant:
        record.problem = f"what is found there now is another finding, {_fingerprints(covered)}"
    for finding in meant:
        other = taken.setdefault(id(finding), record)
        if other is record:
            record.findings.append(finding)
        else:
            record.problem = f"the exception at {other.place} accepts the same already"
    return bool(record.findings)


def _fingerprints(findings: list[Finding]) -> str:
    """How a comment names the findings."""
    return " or ".join(f"finding={finding.fingerprint}" for finding in findings[:3]) or "finding=…"


def _why_unused(check: str, asked: Collection[str]) -> str:
    if check not in asked:
        return "its check was not asked"
    return "its check has no finding there; delete it, or look whether it is meant for something else"
