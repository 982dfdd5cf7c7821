"""GitLab's code quality report, for the widget of a merge request: one entry per finding, with file and line.

Written against https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
"""

from __future__ import annotations

import json
from typing import Any, BinaryIO

from auditor.model.run import Finding, Run
from auditor.model.text import visible
from auditor.model.verdict import Severity
from reports.pages import short_name
from reports.places import place_of

_SEVERITIES = {
    Severity.CRITICAL: "blocker",
    Severity.HIGH: "critical",
    Severity.MEDIUM: "major",
    Severity.LOW: "minor",
    Severity.INFO: "info",
}


def render(run: Run, out: BinaryIO) -> None:
    """Write the findings as a JSON array, one to a line."""
    out.write(b"[")
    for number, finding in enumerate(run.findings):
        out.write((b",\n" if number else b"\n") + json.dumps(_entry(finding)).encode("ascii"))
    out.write(b"\n]\n")


def _entry(finding: Finding) -> dict[str, Any]:
    file, line = place_of(finding)
    return {
        "description": visible(f"{finding.address or short_name(finding.asset)}: {finding.message}"),
        "check_name": finding.check,
        "fingerprint": finding.fingerprint,
        "severity": _SEVERITIES[finding.severity],
        "location": {"path": visible(file), "lines": {"begin": line or 1}},
    }
