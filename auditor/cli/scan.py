"""`auditor scan`: audit targets, print the summary, write reports, answer with the gate's exit code."""

from __future__ import annotations

import contextlib
import gzip
import os
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeVar

import click

from auditor.cli import EXIT_CODES, catalogue_errors, fail_usage
from auditor.cli.live import access_options, is_live, live_sources, scope_options
from auditor.cli.second_opinion import second_opinion_of
from auditor.completeness import CONTENT_TYPES, NOT_INVENTORIED

if TYPE_CHECKING:
    from auditor.check import Check, Settings
    from auditor.config import Config
    from auditor.engine.scan import Outcome, Scan
    from auditor.frameworks import Catalogue
    from auditor.model.run import Run
    from auditor.overlay import Comparison
    from auditor.sources.base import Source
    from auditor.sources.live.needs import Needs

F = TypeVar("F", bound=Callable[..., Any])
CONTENTS = CONTENT_TYPES
SEVERITIES = ("critical", "high", "medium", "low", "info")


def exported_option(function: F) -> F:
    """`--exported`."""
    return click.option(
        "--exported",
        multiple=True,
        type=click.Choice((*CONTENTS, "all", *NOT_INVENTORIED)),
        metavar="CONTENT",
        help="This content is in the input in full, what it lacks does not exist: resource, iam-policy, org-policy, "
        "access-policy, all of these; or a type that exports lack, such as iam.googleapis.com/DenyPolicy. Repeatable.",
    )(function)


def moment(ctx: click.Context, parameter: click.Parameter, value: str | None) -> datetime:  # noqa: ARG001
    """The scan's clock from `--now`, else the present."""
    return datetime.now(UTC).replace(microsecond=0) if value is None else moment_of(value)


def moment_of(value: str) -> datetime:
    """The time that a text says. Raises `click.BadParameter`."""
    try:
        given = datetime.fromisoformat(value)
    except ValueError:
        raise click.BadParameter(f"{value!r} is no time; write it as 2026-11-22T00:00:00Z") from None
    try:
        return given.astimezone(UTC) if given.tzinfo else given.replace(tzinfo=UTC)
    except OverflowError:
        raise click.BadParameter(f"{value!r} lies outside of the calendar") from None


class Percentage(click.FloatRange):
    """A number from 0 to 100, which `nan` is not."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number, or a usage error."""
        number: float = super().convert(value, param, ctx)
        if number != number:  # only nan differs from itself
            self.fail(f"{value!r} is no percentage", param, ctx)
        return number


@click.command(epilog=EXIT_CODES)
@click.argument("targets", nargs=-1, required=True, metavar="TARGET...")
@click.option(
    "-o",
    "--output",
    "outputs",
    multiple=True,
    metavar="FILE",
    help="Write a report; the suffix tells the format (.html .md .json .sarif). Repeatable.",
)
@click.option(
    "--on",
    multiple=True,
    metavar="ESTATE",
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
@click.option(
    "--groups",
    "group_files",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Members of groups, as JSON or CSV. Repeatable.",
)
@click.option(
    "--paths/--no-paths",
    default=None,
    help="Look for paths to control, whatever the size of the estate; or do not.  [default: up to 100,000 bindings]",
)
@click.option("--ledger", metavar="FILE", help="Write every verdict, one JSON line each (.ndjson or .ndjson.gz).")
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
@click.option("--check", multiple=True, metavar="ID", help="Ask only this check. Repeatable.")
@click.option("--area", multiple=True, metavar="AREA", help="Ask only the checks of this area. Repeatable.")
@click.option(
    "--framework", multiple=True, metavar="ID", help="Ask only the checks of this framework's controls. Repeatable."
)
@click.option("--exclude", multiple=True, metavar="ID", help="Do not ask this check; the report says so. Repeatable.")
@click.option("--severity", type=click.Choice(SEVERITIES), help="Ask only checks of this severity or worse.")
@click.option("--all", "everything", is_flag=True, help="Ask also the checks out of the default selection.")
@exported_option
@click.option(
    "--checks-dir",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="A folder of further check modules. Repeatable.",
)
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
    from auditor.cli.writers import report_writers

    writers = report_writers(options["outputs"])
    asking = _asking(options)
    sources, failures = _sources(targets, options, asking.needs)
    estate = _estate(options["on"], sources, options, asking.needs)
    _refuse_overwriting([path for path, _ in writers], options["ledger"], [*sources, *estate])
    with _ledger(options["ledger"]) as ledger:
        run, comparison = _audit(sources, estate, now, options, asking, ledger)
    for path, write in writers:
        with opened(path) as out:
            write(run, out)
    if not options["quiet"] and sys.stdout is not None:
        print_summary(run, [str(path) for path, _ in writers] + ([options["ledger"]] if options["ledger"] else []))
        if comparison is not None:
            from auditor.cli.change import print_change

            print_change(comparison)
    for failure in failures:
        click.echo(f"Error: {failure}", err=True)
    sys.exit(run.gate.exit_code)


@dataclass(frozen=True, slots=True)
class _Watched:
    """A source that reports how far it is, for a person who waits."""

    source: Source
    progress: Any
    path: str
    kind: str
    partial: bool
    trusted: bool
    unsupported: Any

    def lines(self, gaps: Any) -> Iterator[tuple[int | str, bytes]]:
        task = self.progress.add_task(f"reading {self.path}", total=None)
        for number, item in enumerate(self.source.lines(gaps), 1):
            if not number % 5000:
                self.progress.update(task, completed=number)
            yield item
        self.progress.remove_task(task)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asking:
    """What is asked: the selected checks with their settings, and the rest of the configuration."""

    config: Config
    catalogue: list[Check]
    checks: list[Check]
    settings: dict[str, Settings]
    frameworks: list[Catalogue]
    needs: Needs


def _asking(options: dict[str, Any]) -> _Asking:
    """What the configuration and the options select; ends the command where they are wrong."""
    from auditor.config import load_config, settings_of
    from auditor.engine.select import in_words, select
    from auditor.frameworks import load_frameworks
    from auditor.loading import check_packages, load_checks
    from auditor.sources.live.needs import needs_of

    try:
        config = _with_options(load_config(options["config"]), options)
        catalogue = load_checks(config.scan.checks_dir)
        frameworks = load_frameworks(check_packages(), catalogue)
        checks = select(catalogue, config.select, frameworks)
        if options["paths"] is False:
            checks = [check for check in checks if not check.signature.wants_ways]
        settings = settings_of(catalogue, config.checks, str(options["config"] or "auditor.toml"))
    except catalogue_errors() as error:
        raise fail_usage(error) from None
    if not checks:
        raise fail_usage(f"no check is left to ask: {in_words(config.select)}")
    needs = needs_of(checks)
    return _Asking(
        config=config, catalogue=catalogue, checks=checks, settings=settings, frameworks=frameworks, needs=needs
    )


def _sources(targets: tuple[str, ...], options: dict[str, Any], needs: Needs) -> tuple[list[Source], list[str]]:
    """The sources of all targets; a target that is none is told, and is an error where no other is left."""
    from auditor.sources.detect import NotATarget, Reading, Unusable, sources_of

    if options["git_history"] and not options["secrets"]:
        raise fail_usage("--git-history goes with --secrets")
    options["opinion"] = second_opinion_of(options)
    reading = Reading(
        terraform_dir=options["terraform_dir"],
        var_files=options["var_files"],
        secrets=options["secrets"],
        history=options["git_history"],
        needs=needs,
        opinion=options["opinion"],
    )

    found: list[Source] = []
    failures: list[str] = []
    for target in targets:
        if is_live(target):
            continue
        try:
            found.extend(sources_of(target, reading))
        except NotATarget as problem:
            failures.append(str(problem))
            found.append(Unusable(target, str(problem).removeprefix(f"{target}: ")))
    if len(failures) == len(targets):
        raise fail_usage("\n".join(failures))
    return live_sources(targets, needs, options) + found, failures


def _estate(targets: tuple[str, ...], sources: list[Source], options: dict[str, Any], needs: Needs) -> list[Source]:
    """The sources of the estate that a plan is laid over; ends the command where one cannot be read."""
    from auditor.sources.detect import NotATarget, Reading, sources_of
    from auditor.sources.overlay import NotAPlan, plan_in

    if not targets:
        return []
    if len(sources) != 1:
        raise fail_usage(f"--on takes one plan as TARGET, not {len(sources)} files")
    reading = Reading(needs=needs)
    try:
        plan_in(sources[0])
        saved = [source for target in targets if not is_live(target) for source in sources_of(target, reading)]
    except (NotAPlan, NotATarget) as problem:
        raise fail_usage(problem) from None
    return live_sources(targets, needs, options) + saved


def _refuse_overwriting(reports: list[Path], ledger: str | None, sources: list[Source]) -> None:
    """End the command where an output would destroy an input, or another output."""
    if ledger is not None and not ledger.endswith((".ndjson", ".jsonl", ".ndjson.gz", ".jsonl.gz")):
        raise fail_usage(f"{ledger}: a ledger is newline-delimited JSON; call it .ndjson or .ndjson.gz")
    inputs = {os.path.realpath(getattr(source, "file", source.path)) for source in sources}  # loops of links end there
    taken: set[str] = set()
    for output in [*reports, *([Path(ledger)] if ledger else [])]:
        real = os.path.realpath(output)
        if real in inputs:
            raise fail_usage(f"{output}: would overwrite an input; choose another name")
        if real in taken:
            raise fail_usage(f"{output}: named twice as an output")
        taken.add(real)


def _audit(
    sources: list[Source],
    estate: list[Source],
    now: datetime,
    options: dict[str, Any],
    asking: _Asking,
    ledger: IO[bytes] | None,
) -> tuple[Run, Comparison | None]:
    """The run, and where the first of the sources is laid over an estate, what it changes there."""
    from auditor.clock import Clock
    from auditor.engine.scan import Scan
    from auditor.engine.select import in_words
    from auditor.engine.write_up import Order, write_up
    from auditor.overlay import decide_change
    from auditor.security_center.comparison import compare, has_findings
    from auditor.sources.base import Accepting, Telling
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
    run.collections = collections_of([*sources, *estate])
    run.notices += [notice for source in given if isinstance(source, Telling) for notice in source.notices()]
    if options["opinion"]:
        run.notices.append(options["opinion"].told())
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

    with _progress(estate or sources) as watched:
        if not estate:
            return scan(checks, ledger).run(watched), sources, None, []
        overlay = Overlay(sources[0], watched, exported)
        return *scan_over(overlay, watched, checks, scan, ledger), overlay.notices


def vouched(exported: Sequence[str]) -> tuple[str, ...]:
    """What `--exported` says, `all` put in words."""
    contents = CONTENTS if "all" in exported else ()
    return tuple(dict.fromkeys((*contents, *(name for name in exported if name != "all"))))


def _with_options(config: Config, options: dict[str, Any]) -> Config:
    """The configuration, with what the command line says instead of or beside it."""
    from auditor.model.verdict import Severity

    exported = vouched(options["exported"])
    scan = config.scan.model_copy(
        update={
            "exported": tuple(dict.fromkeys((*config.scan.exported, *exported))),
            "checks_dir": (*config.scan.checks_dir, *options["checks_dir"]),
        }
    )
    select = {name: options[name] or getattr(config.select, name) for name in ("check", "area", "framework")}
    select["exclude"] = (*config.select.exclude, *options["exclude"])
    select["severity"] = Severity(options["severity"] or config.select.severity)
    select["all"] = options["everything"] or config.select.all
    gate = {"fail_on": Severity(options["fail_on"] or config.gate.fail_on)}
    if options["require_coverage"] is not None:
        gate["require_coverage"] = options["require_coverage"]
    return config.model_copy(
        update={
            "scan": scan,
            "select": config.select.model_copy(update=select),
            "gate": config.gate.model_copy(update=gate),
        }
    )


@contextlib.contextmanager
def _progress(sources: list[Source]) -> Iterator[list[Source]]:
    """On a terminal, a line that says how far the scan is; else nothing."""
    if not sys.stderr.isatty():
        yield sources
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        TextColumn("{task.completed:,} records"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        yield [_Watched(s, progress, s.path, s.kind, s.partial, s.trusted, s.unsupported) for s in sources]


@contextlib.contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """Open an output file; what the system says against it ends the command."""
    try:
        with path.open("wb") as file:
            yield file
    except OSError as error:
        raise fail_usage(f"{path}: cannot be written, {(error.strerror or str(error)).lower()}") from None


@contextlib.contextmanager
def _ledger(path: str | None) -> Iterator[IO[bytes] | None]:
    if path is None:
        yield None
        return
    with opened(Path(path)) as file:
        if path.endswith(".gz"):
            with gzip.GzipFile(filename="", fileobj=file, mode="wb", mtime=0) as packed:
                yield packed  # type: ignore[misc]  # a GzipFile is written like any file
        else:
            yield file
