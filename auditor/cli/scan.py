"""`auditor scan`: audit targets, print the summary, write reports, answer with the gate's exit code."""

from __future__ import annotations

import contextlib
import shlex
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from auditor.cli import EXIT_CODES
from auditor.cli.asking import Asking, asked_for
from auditor.cli.completion import areas, check_ids, files, framework_ids
from auditor.cli.live import access_options, refuse_unused, scope_options
from auditor.cli.parameters import (
    SEVERITIES,
    Percentage,
    checks_dir_option,
    exported_option,
    groups_option,
    moment,
    opened,
)
from auditor.cli.targets import estate_given, in_progress, refuse_overwriting, sources_given

if TYPE_CHECKING:
    from auditor.check import Check
    from auditor.engine.scan import Outcome, Scan
    from auditor.model.run import Run
    from auditor.overlay import Comparison
    from auditor.sources.base import Source


@click.command(epilog=EXIT_CODES)
@click.argument("targets", nargs=-1, required=True, metavar="TARGET...", shell_complete=files)
@click.option(
    "-o",
    "--output",
    "outputs",
    multiple=True,
    metavar="FILE",
    shell_complete=files,
    help="Write a report; the suffix tells the format (.html .md .json .sarif .codequality). Repeatable.",
)
@click.option(
    "--on",
    multiple=True,
    metavar="ESTATE",
    shell_complete=files,
    help="Judge the plan TARGET laid over this estate: an export or a folder of them. Repeatable.",
)
@click.option(
    "--gate-on",
    type=click.Choice(("new", "all")),
    default="new",
    show_default=True,
    help="With --on: whether the gate judges what the plan brings, or all findings after apply.",
)
@click.option(
    "--terraform-dir",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help="The Terraform files of a plan or state, to tell file and line.  [default: the folder it is in]",
)
@click.option(
    "--var-file",
    "var_files",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Values for the variables of Terraform files. Repeatable.",
)
@click.option("--secrets", is_flag=True, help="Look for secrets in every text file of TARGET, whatever it is.")
@click.option("--git-history", is_flag=True, help="With --secrets: also in all that git remembers of TARGET.")
@click.option(
    "--dlp",
    default="",
    metavar="PROJECT",
    help="With --secrets: ask Cloud DLP about the lines that may hold one. They are sent to Google; PROJECT is billed.",
)
@click.option("--dlp-location", default="", metavar="LOCATION", help="Where Cloud DLP works on them, as europe-west3.")
@groups_option
@click.option(
    "--paths/--no-paths",
    default=None,
    help="Look for paths to control, whatever the size of the estate; or do not.  [default: up to 100,000 bindings]",
)
@click.option(
    "--ledger",
    metavar="FILE",
    shell_complete=files,
    help="Write every verdict, one JSON line each (.ndjson or .ndjson.gz).",
)
@click.option(
    "--fail-on",
    type=click.Choice(SEVERITIES[:4]),
    help="The mildest severity that fails the gate.  [default: critical]",
)
@click.option(
    "--require-coverage",
    type=Percentage(0, 100),
    metavar="PERCENT",
    help="Incomplete (exit 3) where fewer applicable verdicts were judged.",
)
@click.option("--check", multiple=True, metavar="ID", shell_complete=check_ids, help="Ask only this check. Repeatable.")
@click.option(
    "--area", multiple=True, metavar="AREA", shell_complete=areas, help="Ask only the checks of this area. Repeatable."
)
@click.option(
    "--framework",
    multiple=True,
    metavar="ID",
    shell_complete=framework_ids,
    help="Ask only the checks of this framework's controls. Repeatable.",
)
@click.option(
    "--exclude",
    multiple=True,
    metavar="ID",
    shell_complete=check_ids,
    help="Do not ask this check; the report says so. Repeatable.",
)
@click.option("--severity", type=click.Choice(SEVERITIES), help="Ask only checks of this severity or worse.")
@click.option("--all", "everything", is_flag=True, help="Ask also the checks out of the default selection.")
@exported_option
@checks_dir_option
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Configuration.  [default: ./auditor.toml, if there]",
)
@click.option(
    "--now",
    callback=moment,
    metavar="TIME",
    help="The scan's clock (2026-11-22T00:00:00Z), so that an audit can be repeated to the byte.",
)
@scope_options
@access_options
@click.option("-q", "--quiet", is_flag=True, help="No summary; errors and the exit code remain.")
def command(targets: tuple[str, ...], now: datetime, **options: Any) -> None:
    """Audit TARGETs as one estate and answer with an exit code.

    A TARGET is a live organizations/NUMBER, folders/NUMBER or projects/ID, read with Application
    Default Credentials (--in to --patience are about these); what `auditor collect` saved of one; a
    Cloud Asset Inventory export (newline-delimited JSON or a JSON array, plain, .gz or
    .zst), a folder of them, a Terraform plan or state from `terraform show -json`, or a stored state.
    What it was taken for is told. Export all content types for a complete audit: resource, iam-policy,
    org-policy, access-policy.

    With --on, the estate is judged as it will be once the plan is applied, and the findings that the
    plan brings, fixes and leaves are told apart.

    \b
    Examples:
      auditor scan organizations/123 --not-in label:env=sandbox -o audit.html
      auditor scan export/ --exported all -o audit.html
      auditor scan plan.json --fail-on high -o results.sarif
      auditor scan plan.json --on export/ --exported all --fail-on high
      auditor scan export/ --area iam --area keys --ledger verdicts.ndjson.gz
    """
    from auditor.cli.summary import print_summary
    from auditor.cli.writers import report_writers, write_reports

    writers = report_writers(options["outputs"])
    asking = asked_for(options)
    refuse_unused([*targets, *options["on"]], options)
    sources, failures = sources_given(targets, options, asking)
    estate = estate_given(options["on"], sources, options, asking)
    refuse_overwriting([path for path, _ in writers], options["ledger"], [*sources, *estate])
    with opened(Path(options["ledger"])) if options["ledger"] else contextlib.nullcontext() as ledger:
        run, comparison = _audit(sources, estate, now, options, asking, ledger)
    written, unwritten = write_reports(run, writers)
    if not options["quiet"] and sys.stdout is not None:
        print_summary(run, written + ([options["ledger"]] if options["ledger"] else []))
        if comparison is not None:
            from auditor.cli.change import print_change

            print_change(comparison)
    for failure in (*failures, *unwritten):
        click.echo(f"Error: {failure}", err=True)
    sys.exit(2 if unwritten else run.gate.exit_code)


def _audit(
    sources: list[Source],
    estate: list[Source],
    now: datetime,
    options: dict[str, Any],
    asking: Asking,
    ledger: IO[bytes] | None,
) -> tuple[Run, Comparison | None]:
    """The run, and where the first of the sources is laid over an estate, what it changes there."""
    from auditor.clock import Clock
    from auditor.engine.scan import Scan
    from auditor.engine.select import in_words
    from auditor.engine.write_up import Order, write_up
    from auditor.overlay import decide_change
    from auditor.security_center.comparison import compare, has_findings
    from auditor.sources.base import Accepting, Pinpointing, Telling
    from auditor.sources.live.estate import collections_of, vouched_by

    config, checks = asking.config, asking.checks
    exported = vouched_by(estate or sources, frozenset(config.scan.exported))

    def scan(asked: list[Check], to: IO[bytes] | None) -> Scan:
        groups, unlimited = options["group_files"], bool(options["paths"])
        return Scan(
            asked,
            clock=Clock(now),
            settings=asking.settings,
            exported=exported,
            ledger=to,
            groups=groups,
            unlimited=unlimited,
        )

    given = sources
    outcome, sources, comparison, notices = _judged(scan, checks, sources, estate, exported, ledger)
    order = Order(
        command=shlex.join(["auditor", *sys.argv[1:]]),
        now=now,
        exported=sorted(exported),
        selected=in_words(config.select),
        gate=config.gate,
    )
    run = write_up(
        outcome,
        order=order,
        sources=sources,
        checks=checks,
        catalogue=asking.catalogue,
        settings=asking.settings,
        frameworks=asking.frameworks,
        exceptions=[claim for source in given if isinstance(source, Accepting) for claim in source.claims()],
    )
    pinpointing = [source for source in given if isinstance(source, Pinpointing)]
    for finding in [*run.findings, *run.excepted()]:
        finding.source = next(filter(None, (source.written_at(finding) for source in pinpointing)), finding.source)
    run.collections = collections_of([*sources, *estate])
    run.notices += [notice for source in given if isinstance(source, Telling) for notice in source.notices()]
    if asking.opinion:
        run.notices.append(asking.opinion.told())
    if options["outputs"] or options["paths"]:
        _add_paths(run, outcome)
    if not estate and has_findings(run):
        run.security_center = compare(run, asking.catalogue, sources, lambda asked, to: scan(asked, to).run(sources))
    if comparison is not None:
        comparison = comparison.without(run.excepted())
        run.notices += [comparison.in_words(), *notices]
        run.change = comparison.record(estate)
        if options["gate_on"] == "new":
            run.gate = decide_change(run, comparison, config.gate)
    return run, comparison


def _add_paths(run: Run, outcome: Outcome) -> None:
    """Put the section about paths to control into the run, or the reason why there is none."""
    from auditor.cli.paths_section import paths_to_control

    if outcome.ways is None:
        run.notices.append(
            "paths to control were not looked for: no selected check asks for them, or --no-paths was said"
        )
    elif outcome.ways.too_large:
        run.notices.append(f"paths to control were not looked for: {outcome.ways.too_large}")
    else:
        run.paths = paths_to_control(outcome.ways.found())


def _judged(
    scan: Callable[[list[Check], IO[bytes] | None], Scan],
    checks: list[Check],
    sources: list[Source],
    estate: list[Source],
    exported: frozenset[str],
    ledger: IO[bytes] | None,
) -> tuple[Outcome, list[Source], Comparison | None, list[str]]:
    """What a scan of the sources, or of the estate with the plan laid over it, found; the sources that it read."""
    from auditor.overlay import scan_over
    from auditor.sources.overlay import Overlay

    with in_progress(estate or sources) as watched:
        if not estate:
            return scan(checks, ledger).run(watched), sources, None, []
        overlay = Overlay(sources[0], watched, exported)
        return *scan_over(overlay, watched, checks, scan, ledger), overlay.notices
