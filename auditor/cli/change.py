"""The summary of what a plan brings to an estate, after that of the estate as it will be."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from auditor.access.control.search import ControlPath
from auditor.cli.summary import STYLES
from auditor.model.run import Finding
from auditor.model.text import plural, visible
from auditor.overlay import Comparison

_SHOWN = 20
_PATHS = 5


def print_change(comparison: Comparison) -> None:
    """Print the findings that a plan brings, fixes and leaves undecided to standard output."""
    console = Console(highlight=False, markup=False, emoji=False)
    sentence = comparison.in_words()
    console.print(Text(f"Change: {sentence}", style="bold"), overflow="fold")
    for mark, findings in (("+", comparison.new), ("-", comparison.fixed), ("?", comparison.undecided)):
        for finding in findings[:_SHOWN]:
            console.print(_line(mark, finding), overflow="fold")
        if len(findings) > _SHOWN:
            console.print(f"  {mark} … and {len(findings) - _SHOWN:,} more")
    changes = comparison.paths
    _paths(console, "+", "opened", changes.opened, changes.opened_count)
    _paths(console, "-", "closed", changes.closed, changes.closed_count)


def _paths(console: Console, mark: str, word: str, paths: Sequence[ControlPath], count: int) -> None:
    for path in paths[:_PATHS]:
        outside = " from outside" if path.outside else ""
        title = f"  {mark} path {word}{outside}, {path.certainty.value}: {path.source} to control of {path.target}"
        console.print(Text(visible(title)), overflow="fold")
        for step in path.steps if mark == "+" else ():
            console.print(Text(visible(f"      {step.sentence}")), overflow="fold")
    if count > _PATHS:
        console.print(f"  {mark} … and {plural(count - _PATHS, 'further path')} {word}")


def _line(mark: str, finding: Finding) -> Text:
    line = Text(f"  {mark} ")
    line.append(finding.severity.value, style=STYLES[finding.severity])
    where = finding.address or finding.asset
    place = f" ({finding.source})" if finding.source and mark == "+" else ""
    return line.append(visible(f" {finding.check}: {where}: {finding.message}{place}"))
