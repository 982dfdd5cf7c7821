"""SARIF 2.1.0 for code scanning: rules, results with Terraform addresses, and what kept the run from seeing all.

Written against https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

import json
from functools import lru_cache
from itertools import chain, islice
from typing import Any, BinaryIO
from urllib.parse import quote

from auditor.model.run import CheckResult, Finding, FindingException, Run
from auditor.model.text import plural, visible
from auditor.model.verdict import Severity
from reports.digest import Digest, most_reasons
from reports.markdown import escape_markdown
from reports.pages import Page, command_of, short_name, split_page
from reports.places import place_of

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
    Severity.INFO: "note",
}
_SCORES = {
    Severity.CRITICAL: "9.5",
    Severity.HIGH: "8.0",
    Severity.MEDIUM: "5.5",
    Severity.LOW: "3.0",
    Severity.INFO: "0.5",
}
_TAGS_SHOWN = 20
"""GitHub refuses a log in which a rule has more."""
RESULTS = 25_000
"""GitHub refuses a log with more in a run, and shows the 5,000 worst.
Source: docs.github.com/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning"""

_Json = dict[str, Any]


def render(run: Run, out: BinaryIO) -> None:
    """Write the run as one SARIF log, in ASCII, with one run in it; a line per result, in the order of the findings.

    Findings that exceptions accept come last, as suppressed results. Of more than `RESULTS` the worst are written, and
    a notification says how many are not.
    """
    index = {check.id: number for number, check in enumerate(run.checks)}
    new = frozenset(run.change.new) if run.change is not None else None
    head = _json({"$schema": _SCHEMA, "version": "2.1.0"}).removesuffix(b"}")
    out.write(head + b',"runs":[' + _json(_run(run, index)).removesuffix(b"}") + b',"results":[')
    results = chain(
        (_result(finding, index[finding.check], new) for finding in run.findings),
        (
            _result(finding, index[finding.check], None) | {"suppressions": [_suppression(exception)]}
            for exception in run.exceptions
            for finding in exception.findings
        ),
    )
    for number, result in enumerate(islice(results, RESULTS)):
        out.write((b",\n" if number else b"\n") + _json(result))
    out.write(b"\n]}]}\n")


def _json(value: _Json) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode("ascii")


def _run(run: Run, index: dict[str, int]) -> _Json:
    """All of the run but its results."""
    digest = Digest(run, places=lambda _: 1)
    return {
        "tool": {
            "driver": {
                "name": "gcp-auditor",
                "version": run.provenance.version,
                "rules": [_rule(check, digest.controls_of.get(check.id, [])) for check in run.checks],
            }
        },
        "invocations": [_invocation(run, digest, index)],
        "columnKind": "unicodeCodePoints",
        "properties": {
            "checkSet": run.provenance.check_set,
            "judgedAt": run.provenance.now.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "coveragePercent": digest.coverage,
            "verdicts": digest.verdicts,
            "decision": digest.decision.heading,
        },
    }


def _rule(check: CheckResult, controls: list[str]) -> _Json:
    page = split_page(check.page)
    rule: _Json = {
        "id": check.id,
        "shortDescription": {"text": _plain(check.title)},
        "fullDescription": {"text": _plain(page.why or check.title)},
        "help": {"text": _help(check, page), "markdown": _help_markdown(check, page)},
        "defaultConfiguration": {"level": _LEVELS[check.severity]},
        "properties": {
            "security-severity": _SCORES[check.severity],
            "tags": ["security", check.area, *(visible(control) for control in controls)][:_TAGS_SHOWN],
        },
    }
    if page.url:
        rule["helpUri"] = page.url
    return rule


def _result(finding: Finding, rule: int, new: frozenset[str] | None) -> _Json:
    state = {} if new is None else {"baselineState": "new" if finding.fingerprint in new else "unchanged"}
    flow = {"codeFlows": [_flow(finding)]} if finding.steps else {}
    return {
        **state,
        **flow,
        "ruleId": finding.check,
        "ruleIndex": rule,
        "level": _LEVELS[finding.severity],
        "message": {"text": _plain(f"{short_name(finding.asset)}: {finding.message}")},
        "partialFingerprints": {"auditorFingerprint/v1": finding.fingerprint},
        "locations": [_location(finding)],
        "properties": {
            "security-severity": _SCORES[finding.severity],
            "asset": finding.asset,
            "assetType": finding.asset_type,
            "project": finding.project,
            "fix": finding.fix,
            "evidence": finding.evidence,
        },
    }


def _flow(finding: Finding) -> _Json:
    """The steps of a path, which viewers show one below the other at the place of the finding."""
    place = _location(finding)
    steps = [{"location": {**place, "message": {"text": _plain(step)}}} for step in finding.steps]
    return {"threadFlows": [{"locations": steps}]}


def _suppression(exception: FindingException) -> _Json:
    """Why a result is suppressed (3.35): it is in the log, and viewers do not count it.

    Without a status a suppression is accepted; the specification and its first schema call that property differently.
    """
    told = (
        ("", exception.reason),
        ("until ", exception.expires.isoformat() if exception.expires else ""),
        ("owner ", exception.owner),
        ("approved by ", exception.approver),
        ("ticket ", exception.ticket),
    )
    return {
        "kind": "inSource" if exception.kind == "inline" else "external",
        "justification": visible("; ".join(f"{name}{text}" for name, text in told if text)),
    }


def _location(finding: Finding) -> _Json:
    logical = {
        "name": visible(short_name(finding.asset)),
        "fullyQualifiedName": visible(finding.address or finding.asset),
        "kind": "resource",
    }
    location: _Json = {"logicalLocations": [logical]}
    physical = _physical(finding)
    if physical:
        location["physicalLocation"] = physical
    return location


def _physical(finding: Finding) -> _Json | None:
    """File and line of a finding; None for no file."""
    file, line = place_of(finding)
    if not file:
        return None
    place: _Json = {"artifactLocation": _artifact(file)}
    if line is not None:
        place["region"] = {"startLine": line}
    return place


@lru_cache(maxsize=1024)
def _artifact(file: str) -> _Json:
    scheme, separator, rest = file.partition("://")
    if separator and scheme in ("gs", "https"):
        return {"uri": f"{scheme}://{_quoted(rest)}"}
    if file.startswith("/"):
        return {"uri": f"file://{_quoted(file)}"}
    return {"uri": _quoted(file), "uriBaseId": "%SRCROOT%"}


def _quoted(path: str) -> str:
    return quote(path.encode("utf-8", "surrogateescape"), safe="/@+,=~")


def _invocation(run: Run, digest: Digest, index: dict[str, int]) -> _Json:
    gate = run.gate
    return {
        "commandLine": visible(run.provenance.command),
        "executionSuccessful": gate.exit_code in (0, 1) and not (run.gaps or run.gaps_untold or run.crashes),
        "exitCode": gate.exit_code,
        "exitCodeDescription": visible("; ".join(gate.reasons) or "the gate passed"),
        "toolExecutionNotifications": [
            *_untold(run),
            *_gaps(run),
            *_idle(run),
            *_crashes(run, index),
            *_not_assessed(digest, index),
        ],
    }


def _untold(run: Run) -> list[_Json]:
    """Findings for which there is no room."""
    more = len(run.findings) + len(run.excepted()) - RESULTS
    if more <= 0:
        return []
    text = (
        f"{plural(more, 'finding')} beyond the worst {RESULTS:,} are not in this log: see the JSON report or the ledger"
    )
    return [_notification("too-many-results", "warning", text)]


def _gaps(run: Run) -> list[_Json]:
    told = [_notification("gap", "warning", f"{gap.where}: {gap.problem}; {gap.advice}") for gap in run.gaps]
    if run.gaps_untold:
        told.append(_notification("gap", "warning", f"{plural(run.gaps_untold, 'further gap')} in the input"))
    return told


def _idle(run: Run) -> list[_Json]:
    """Exceptions that do not count, or accept nothing."""
    return [
        _notification("exception", "warning" if one.state != "unused" else "note", f"{one.place}: {one.problem}")
        for one in run.exceptions
        if not one.findings
    ]


def _crashes(run: Run, index: dict[str, int]) -> list[_Json]:
    return [
        _notification("check-fault", "error", f"fault in check {crash.check} at {crash.asset}: {crash.error}")
        | _associated(crash.check, index)
        for crash in run.crashes
    ]


def _not_assessed(digest: Digest, index: dict[str, int]) -> list[_Json]:
    told = []
    for check in digest.run.checks:
        if check.not_assessed:
            causes = "; ".join(f"{reason.assets:,} {reason.text}" for reason in most_reasons(check.not_assessed))
            number = sum(check.not_assessed.values())
            text = f"{check.id}: {number:,} of {plural(check.asked, 'asset')} not assessed: {causes}"
            told.append(_notification("not-assessed", "warning", text) | _associated(check.id, index))
    return told


def _notification(kind: str, level: str, text: str) -> _Json:
    return {"descriptor": {"id": kind}, "level": level, "message": {"text": _plain(text)}}


def _associated(check: str, index: dict[str, int]) -> _Json:
    return {"associatedRule": {"id": check, "index": index[check]}} if check in index else {}


def _plain(text: str) -> str:
    """`text` as a SARIF message: no placeholder (3.11.5) and no embedded link (3.11.6) can arise from a name."""
    shown = visible(text).replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")
    return shown.replace("{", "{{").replace("}", "}}")


def _advice(check: CheckResult) -> list[tuple[str, str]]:
    fix = check.fix
    if fix is None:
        return []
    parts = (
        ("Command", command_of(fix.gcloud)),
        ("Terraform", fix.terraform),
        ("Guardrail", fix.guardrail),
        ("By hand", fix.manual),
    )
    return [(name, text) for name, text in parts if text]


def _help(check: CheckResult, page: Page) -> str:
    lines = [page.why, *(f"{name}: {text}" for name, text in _advice(check))]
    lines += [f"What a fix may break: {page.breaks}" if page.breaks else "", page.source]
    return "\n\n".join(_plain(line) for line in lines if line) or _plain(check.title)


def _help_markdown(check: CheckResult, page: Page) -> str:
    lines = [page.why, *page.further]
    told = [str(escape_markdown(line)) for line in lines if line]
    told += [f"**{name}** {escape_markdown(text)}" for name, text in _advice(check)]
    if page.breaks:
        told.append(f"**What a fix may break** {escape_markdown(page.breaks)}")
    if page.url:
        told.append(f"[Source]({page.url})")
    return "\n\n".join(told) or str(escape_markdown(check.title))
