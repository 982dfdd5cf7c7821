"""The summary on the terminal: what was audited, what was found, what was not looked at, what the gate says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from rich.console import Console
from rich.text import Text

from auditor.model.collection import Collection, ServiceState
from auditor.model.run import READ_BEFORE, Finding, Run
from auditor.model.text import plural, visible
from auditor.model.verdict import Severity
from auditor.security_center.comparison import in_words

STYLES = {
    Severity.CRITICAL: "bold white on red",
    Severity.HIGH: "bold red",
    Severity.MEDIUM: "yellow",
    Severity.LOW: "cyan",
    Severity.INFO: "dim",
}
_SHOWN = {Severity.CRITICAL: 20, Severity.HIGH: 12}
"""Kinds of findings shown of each severity; the milder ones are counted."""
_PLACES = 3
_EXCEPTIONS = 10
_NOTICES = 10
_CHANGE = "the plan brings "
"""Begins the sentence that stands over the list of changes, after the summary."""
_NAME = 40
_STATES = 8
"""Services that were not asked, told one by one."""


def print_summary(run: Run, written: list[str]) -> None:
    """Print the summary of a run to standard output, at most 100 columns wide."""
    console = Console(highlight=False, markup=False, emoji=False, soft_wrap=False)
    if console.width > 100:
        console = Console(highlight=False, markup=False, emoji=False, width=100)
    _scope(console, run)
    _findings(console, run)
    _exceptions(console, run)
    _not_assessed(console, run)
    _security_center(console, run)
    _gaps(console, run)
    _notices(console, run)
    _gate(console, run)
    for path in written:
        console.print(Text(f"Written: {visible(path)}"), overflow="fold")


def hung(console: Console, mark: str | Text, text: str | Text) -> None:
    """Print `text` after `mark`, its further lines below its first, without blanks at their ends."""
    mark, text = Text.assemble(mark), Text.assemble(text)
    for number, line in enumerate(text.wrap(console, max(console.width - len(mark), 8), overflow="fold")):
        line.rstrip()
        console.print(Text.assemble(Text(" " * len(mark)) if number else mark, line), overflow="fold")


def _scope(console: Console, run: Run) -> None:
    population = run.population
    for kind in dict.fromkeys(target.kind for target in run.targets):
        targets = [target for target in run.targets if target.kind == kind]
        what = visible(targets[0].path) if len(targets) == 1 else plural(len(targets), "file")
        records = plural(sum(target.records for target in targets), "record")
        console.print(Text(f"{what}: {kind}, {records}"), overflow="fold")
    parts = [
        plural(population.assets, "asset"),
        f"{population.further_parts:,} further contents of them" if population.further_parts else "",
        plural(population.duplicates, "duplicate") if population.duplicates else "",
        f"{population.unreadable:,} unreadable" if population.unreadable else "",
        f"{sum(population.unsupported.values()):,} of unsupported types" if population.unsupported else "",
    ]
    for collection in run.collections:
        _collection(console, collection)
    console.print(f"{plural(population.records, 'record')} = {' + '.join(part for part in parts if part)}")
    console.print()


def _collection(console: Console, collection: Collection) -> None:
    """What of a live estate was asked for, reached, and not read."""
    levels = Counter(place.partition("/")[0].removesuffix("s") for place in collection.reached)
    reached = ", ".join(plural(levels[kind], kind) for kind in ("organization", "folder", "project") if levels[kind])
    lines = [f"Requested: {', '.join(collection.requested)}; reached: {reached or 'nothing'}"]
    if collection.excluded:
        lines.append(f"Left out: {_listed(collection.excluded)}")
    missing = [state for state in collection.services if state.state == "not asked"]  # all others stand under Not read
    lines += [_not_asked(state) for state in missing[:_STATES]]
    if len(missing) > _STATES:
        lines.append(f"… and {plural(len(missing) - _STATES, 'further service')} that were not asked everywhere")
    for line in (*lines, *collection.notes):
        console.print(Text(visible(line)), overflow="fold")


def _not_asked(state: ServiceState) -> str:
    return f"Not asked: {state.service} in {_listed(state.places)}; {state.advice}"


def _listed(places: Iterable[str]) -> str:
    """The first places, and how many more there are."""
    names = list(places)
    return ", ".join(names[:_PLACES]) + (f" and {len(names) - _PLACES:,} more" if len(names) > _PLACES else "")


def _findings(console: Console, run: Run) -> None:
    line = Text()
    for severity, count in run.by_severity().items():
        line.append(f" {count:,} {severity.value} ", style=STYLES[severity] if count else "dim")
        line.append("  ")
    console.print(line)
    console.print()
    titles = {check.id: check.title for check in run.checks}
    for severity, most in _SHOWN.items():
        places: dict[str, list[Finding]] = {}
        for finding in run.findings:
            if finding.severity is severity:
                places.setdefault(finding.check, []).append(finding)
        ordered = sorted(places.items(), key=lambda item: (not item[1][0].steps, -len(item[1]), item[0]))
        for check, findings in ordered[:most]:
            _entry(console, severity, titles[check], check, findings)
        if len(ordered) > most:
            rest = plural(len(ordered) - most, "further kind")
            console.print(f"         … and {rest} of {severity.value} weight: see a report (-o report.html)")
    if any(finding.severity in _SHOWN for finding in run.findings):
        console.print()


def _exceptions(console: Console, run: Run) -> None:
    """What is accepted and until when, and what should count as accepted and does not."""
    if not run.exceptions:
        return
    accepting = [exception for exception in run.exceptions if exception.findings]
    accepted = sum(len(exception.findings) for exception in accepting)
    number = plural(len(accepting), "exception")
    console.print(
        Text(f"Accepted, and not counted above: {plural(accepted, 'finding')}, by {number}", style="bold"),
        overflow="fold",
    )
    for exception in accepting[:_EXCEPTIONS]:
        until = f"until {exception.expires}" if exception.expires else "without end"
        first = exception.findings[0]
        told = f"{first.severity.value} {exception.check}: {_shortened(visible(_place(first)))}"
        more = f" and {len(exception.findings) - 1:,} more" if len(exception.findings) > 1 else ""
        hung(console, "  ", f"{told}{more}, {until}: {visible(exception.reason)}")
    if len(accepting) > _EXCEPTIONS:
        console.print(f"  … and {len(accepting) - _EXCEPTIONS:,} more")
    idle = [exception for exception in run.exceptions if not exception.findings]
    for exception in idle[:_EXCEPTIONS]:
        word = "accepts nothing" if exception.state == "unused" else "does not count"
        named = f" {visible(exception.check)}" if exception.check else ""
        hung(console, "  ", f"{visible(exception.place)}: the exception{named} {word}: {visible(exception.problem)}")
    if len(idle) > _EXCEPTIONS:
        console.print(f"  … and {len(idle) - _EXCEPTIONS:,} more that do not count or accept nothing")
    console.print()


def _entry(console: Console, severity: Severity, title: str, check: str, findings: list[Finding]) -> None:
    """One check with its findings: the problem, and the first places."""
    names = [_place(finding) for finding in findings]
    shown = ", ".join(_shortened(visible(name)) for name in names[:_PLACES])
    more = f" and {len(names) - _PLACES:,} more" if len(names) > _PLACES else ""
    text = Text(visible(title))
    text.append(f"\n{check}: {shown}{more}", style="dim")
    for finding in findings[:_PLACES] if findings[0].steps else ():
        text.append(f"\n{visible(finding.message)}")
    hung(console, Text.assemble((severity.value, STYLES[severity]), " " * (9 - len(severity.value))), text)


def _place(finding: Finding) -> str:
    if finding.asset_type == "cloudresourcemanager.googleapis.com/Project":
        return finding.project
    return finding.address or finding.asset.rpartition("/")[2] or finding.asset


def _shortened(name: str) -> str:
    return name if len(name) <= _NAME else f"{name[: _NAME - 1]}…"


def _not_assessed(console: Console, run: Run) -> None:
    counts = run.verdicts()
    hung(
        console,
        f"{plural(len(run.checks), 'check')}: ",
        f"{counts['pass']:,} pass, {counts['fail']:,} fail{_accepted(run)}, "
        f"{counts['not_applicable']:,} not applicable, {counts['not_assessed']:,} not assessed",
    )
    console.print(f"Coverage: {_per_cent(run.coverage())} of the applicable verdicts were judged")
    unasked = sum(1 for check in run.checks if not check.asked)
    if unasked:
        console.print(f"{plural(unasked, 'check')} met no asset of the kind that they are about")
    causes: Counter[str] = Counter()
    for check in run.checks:
        for cause, number in check.not_assessed.items():
            causes[cause.partition(": ")[2] or cause] += number
    if causes:
        console.print("Not assessed, because:")
    most = causes.most_common(5)
    wide = max((len(f"{number:,}") for _, number in most), default=0)
    for cause, number in most:
        hung(console, f"  {number:>{wide},} × ", visible(cause))
    if len(causes) > 5:
        console.print(f"  … and {plural(len(causes) - 5, 'further cause')}")
    console.print()


def _accepted(run: Run) -> str:
    accepted = len(run.excepted())
    return f" ({accepted:,} accepted)" if accepted else ""


def _security_center(console: Console, run: Run) -> None:
    """What Security Command Center says beside the run, on a line."""
    if run.security_center is not None:
        console.print(f"Security Command Center: {in_words(run.security_center)}")
        console.print()


def _per_cent(number: float) -> str:
    """Rounded down to a tenth: 100 % means all."""
    return f"{int(number * 10 + 1e-9) / 10:.1f}".removesuffix(".0") + " %"


def _gaps(console: Console, run: Run) -> None:
    if not run.gaps and not run.crashes:
        return
    console.print(Text("Not read", style="bold"))
    for gap in run.gaps[:5]:
        hung(console, "  ", f"{visible(gap.where)}: {visible(gap.problem)}; {gap.advice}")
    more = len(run.gaps) - 5 + run.gaps_untold
    if more > 0:
        console.print(f"  … and {plural(more, 'further place')}")
    for crash in run.crashes[:5]:
        hung(console, "  ", f"bug in check {crash.check} at {visible(crash.asset)}: {visible(crash.error)}")
    console.print()


def _notices(console: Console, run: Run) -> None:
    """What the plan removes and other things to know that are neither finding nor gap."""
    told = [notice for notice in run.notices if run.change is None or not notice.startswith(_CHANGE)]
    told = [notice for notice in told if not notice.endswith(READ_BEFORE)]
    if run.population.duplicates:
        told.append(
            f"of {plural(run.population.duplicates, 'record')} the asset was {READ_BEFORE}; the report names them"
        )
    for notice in told[:_NOTICES]:
        hung(console, "Note: ", visible(notice))
    if len(told) > _NOTICES:
        console.print(f"… and {plural(len(told) - _NOTICES, 'further note')} in the report")
    if told:
        console.print()


def _gate(console: Console, run: Run) -> None:
    verdicts = {
        0: ("PASSED", "bold green"),
        1: ("FAILED", "bold white on red"),
        3: ("INCOMPLETE", "bold black on yellow"),
    }
    word, style = verdicts[run.gate.exit_code]
    line = Text("Gate ").append(f" {word} ", style=style)
    line.append(f" (exit {run.gate.exit_code})")
    if run.gate.reasons:
        line.append(": " + "; ".join(run.gate.reasons))
    counts = run.verdicts()
    applicable = counts["pass"] + counts["fail"] + counts["not_assessed"]
    if run.gate.exit_code == 0 and counts["not_assessed"]:
        line.append(f", though {counts['not_assessed']:,} of {plural(applicable, 'applicable verdict')} are missing")
    console.print(line, overflow="fold")
