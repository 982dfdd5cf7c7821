"""The summary of what a plan brings to an estate, after that of the estate as it will be."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from auditor.cli.summary import STYLES
from auditor.model.run import Finding
from auditor.model.text import visible
from auditor.overlay import Comparison

_SHOWN = 20


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


def _line(mark: str, finding: Finding) -> Text:
    line = Text(f"  {mark} ")
    line.append(finding.severity.value, style=STYLES[finding.severity])
    where = finding.address or finding.asset
    place = f" ({finding.source})" if finding.source and mark == "+" else ""
    return line.append(visible(f" {finding.check}: {where}: {finding.message}{place}"))
