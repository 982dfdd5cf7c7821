"""One self-contained HTML file: readable and printable as it is, filterable where scripts run."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files
from typing import BinaryIO

from jinja2 import Environment
from markupsafe import Markup, escape

from auditor.model.run import Run
from auditor.model.text import visible
from reports.base import environment, write
from reports.digest import CAUSES_SHOWN, CHECKS_PER_CAUSE, Digest, disagreements, fair_limit, most_reasons, statuses
from reports.drawings import drawing
from reports.pages import command_of, evidence_lines, folded, pieces, short_name, shortened

PLACES_PER_ENTRY = 200
PLACES = 12_000
"""In the whole report: what keeps it below 12 MB, whatever the estate."""
PRINTED_PLACES = 25
"""Per entry on paper; the style sheet hides the rest and the template says so."""
OPEN_PLACES = 300
"""Up to so many places, critical and high entries are open from the start."""
NAME_LENGTH = 300
EVIDENCE_LINES = 6
EVIDENCE_LENGTH = 240
NOTICES_SHOWN = 100
ACCEPTED_SHOWN = 10
"""Findings that are shown of one exception."""
OPINIONS_SHOWN = 200
"""Assets of each kind of disagreement with Security Command Center."""
COLLECTED_PLACES = 100
"""Of each service's state."""
TARGETS_SHOWN = 5
"""On the first page; all of them stand under Provenance."""


def render(run: Run, out: BinaryIO) -> None:
    """Write the report as one HTML file."""
    digest = Digest(run, places=lambda sizes: fair_limit(sizes, most=PLACES_PER_ENTRY, budget=PLACES))
    style, script = _static("report.css"), _static("report.js")
    grave = sum(len(entry.places) for entry in digest.entries if entry.severity.rank < 2)
    write(
        _environment(),
        "html/report.html.jinja",
        out,
        run=run,
        digest=digest,
        style=Markup(style),  # noqa: S704 - our own file
        script=Markup(script),  # noqa: S704 - our own file
        style_hash=_hash(style),
        script_hash=_hash(script),
        open_grave=grave <= OPEN_PLACES,
        printed_places=PRINTED_PLACES,
        causes_shown=CAUSES_SHOWN,
        checks_per_cause=CHECKS_PER_CAUSE,
        notices_shown=NOTICES_SHOWN,
        accepted_shown=ACCEPTED_SHOWN,
        opinions_shown=OPINIONS_SHOWN,
        targets_shown=TARGETS_SHOWN,
        places_shown=COLLECTED_PLACES,
    )


@cache
def _environment() -> Environment:
    made = environment(lambda text: escape(visible(text)))
    made.filters["short_name"] = lambda name: shortened(short_name(name), NAME_LENGTH)
    made.filters["shortened"] = lambda text: shortened(text, NAME_LENGTH)
    made.filters["evidence"] = lambda evidence: evidence_lines(evidence, most=EVIDENCE_LINES, limit=EVIDENCE_LENGTH)
    made.filters["drawing"] = drawing
    made.filters["pieces"] = pieces
    made.filters["command"] = command_of
    made.filters["folded"] = lambda command: Markup("\n").join(  # the line breaks are ours, all else is escaped
        escape(visible(line)) for line in folded(command).split("\n")
    )
    made.filters["most_reasons"] = most_reasons
    made.filters["statuses"] = statuses
    made.filters["disagreements"] = disagreements
    return made


@cache
def _static(name: str) -> str:
    return files("reports").joinpath("static", name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """The hash by which the content security policy admits an inline element."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
