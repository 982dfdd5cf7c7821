"""What systems of this kind detect in Google Cloud, and what asks it here: docs/coverage.toml, and its page."""

from __future__ import annotations

import tomllib
from pathlib import Path

from auditor.loading import load_checks

DOCS = Path(__file__).parents[1] / "docs"
DATA, PAGE = DOCS / "coverage.toml", DOCS / "coverage.md"

TITLES = {
    "crypto": "Keys and certificates",
    "api_keys": "API keys",
    "vpc_sc": "VPC Service Controls",
    "logging": "Audit logging",
    "secrets": "Secrets",
    "org": "Organisation policies and guardrails",
    "iam": "Access",
    "monitoring": "Monitoring and alerts",
    "network": "Network",
    "compute": "Compute Engine",
    "storage": "Cloud Storage",
    "sql": "Databases",
    "gke": "Kubernetes Engine",
    "serverless": "Serverless",
    "data": "Data services",
    "backup": "Backups",
    "dlp": "Data protection",
    "scc": "Security Command Center",
}
"""The areas in the page's order; the first eight are those that this project is made for."""
OWN = list(TITLES)[:8]

INTRODUCTION = """\
# Coverage

What ten systems of this kind, the CIS benchmark and our own list ask of Google Cloud, and which check asks it here, or
why none does. Written from [coverage.toml](coverage.toml) by `make docs`; a test holds it against the checks that there
are. `auditor explain CHECK` shows a check; `auditor checks --format json` lists the ids of other systems for it.
"""

Rows = dict[str, list[str] | str]


def coverage() -> dict[str, Rows]:
    """Area → detection → the ids of the checks that ask it, or the reason why none does."""
    areas: dict[str, Rows] = tomllib.loads(DATA.read_text(encoding="utf-8"))
    return areas


def page() -> str:
    """docs/coverage.md as it should be."""
    areas = coverage()
    severities = {check.id: check.severity.value for check in load_checks()}
    parts = [INTRODUCTION, _summary(areas)]
    for area, title in TITLES.items():
        rows = ["| detection | asked by, or why not |", "|---|---|"]
        for detection, answer in areas[area].items():
            told = answer if isinstance(answer, str) else ", ".join(f"`{c}` ({severities[c]})" for c in answer)
            rows.append(f"| {detection} | {told} |")
        parts.append(f"## {title}\n\n" + "\n".join(rows) + "\n")
    return "\n".join(parts)


def _summary(areas: dict[str, Rows]) -> str:
    single = {area: _row(title, [areas[area]]) for area, title in TITLES.items()}
    rows = [
        "| area | detections | with a check | without |",
        "|---|---|---|---|",
        *(single[area] for area in OWN),
        _row("**the eight areas of this project**", [areas[area] for area in OWN]),
        *(row for area, row in single.items() if area not in OWN),
        _row("**all**", list(areas.values())),
    ]
    return "\n".join(rows) + "\n"


def _row(title: str, areas: list[Rows]) -> str:
    answers = [answer for rows in areas for answer in rows.values()]
    asked = sum(isinstance(answer, list) for answer in answers)
    return f"| {title} | {len(answers)} | {asked} | {len(answers) - asked} |"
