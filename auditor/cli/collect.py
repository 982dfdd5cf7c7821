"""`auditor collect`: save a live estate, with what of it could not be read, so that audits can be repeated offline."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from auditor.cli import EXIT_CODES, catalogue_errors, fail_usage

if TYPE_CHECKING:
    from auditor.sources.live.collection import Order, Progress
    from auditor.sources.live.coverage import Coverage
    from auditor.sources.live.needs import Needs
    from auditor.sources.live.run import Access

F = TypeVar("F", bound=Callable[..., Any])
INCOMPLETE = 3
SUFFIXES = (".ndjson", ".ndjson.gz", ".jsonl", ".jsonl.gz")


def access_options(function: F) -> F:
    """The options that say how Google is reached, for each command that reaches it."""
    options = (
        click.option("--impersonate", default="", metavar="EMAIL", help="Act as this service account."),
        click.option("--quota-project", default="", metavar="ID", help="The project whose quota is used."),
        click.option("--transport", type=click.Choice(("grpc", "rest")), default="grpc", show_default=True),
        click.option(
            "--endpoint",
            default="",
            metavar="HOST",
            help="Reach services at HOST; {service} in it is replaced, as in {service}-audit.p.googleapis.com.",
        ),
        click.option("--universe", default="googleapis.com", metavar="DOMAIN", help="The universe's domain."),
        click.option(
            "--at-once",
            type=click.IntRange(1, 256),
            default=16,
            show_default=True,
            metavar="N",
            help="Requests under way at the same time.",
        ),
        click.option(
            "--patience",
            type=click.FloatRange(min=0.1),
            default=300.0,
            show_default=True,
            metavar="SECONDS",
            help="How long to go on asking an API that does not answer.",
        ),
    )
    for option in reversed(options):
        function = option(function)
    return function


def access_of(options: dict[str, Any]) -> Access:
    """What those options say."""
    from auditor.sources.live.network import Patience
    from auditor.sources.live.run import Access

    return Access(
        impersonate=options["impersonate"],
        quota_project=options["quota_project"],
        transport=options["transport"],
        endpoint=options["endpoint"],
        universe=options["universe"],
        at_once=options["at_once"],
        patience=Patience(attempt=min(60.0, options["patience"]), total=options["patience"]),
    )


@click.command(epilog=EXIT_CODES)
@click.argument("targets", nargs=-1, required=True, metavar="TARGET...")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), required=True, metavar="FILE")
@click.option(
    "--include", multiple=True, metavar="WHAT", help="Only these projects: projects/ID, folders/N, label:K=V."
)
@click.option("--exclude", multiple=True, metavar="WHAT", help="Without projects/ID, folders/N or label:K=V.")
@click.option(
    "--service", multiple=True, metavar="NAME", help="Beside the inventory, ask only this service. Repeatable."
)
@click.option("--everything", is_flag=True, help="Collect all asset types, not only those that checks read.")
@click.option("--thorough", is_flag=True, help="Wait for slow quotas (deny policies of projects: 5 a minute).")
@click.option("--via", default="", metavar="gs://BUCKET/PREFIX", help="Export the bulk there: for large estates.")
@click.option("--resume", is_flag=True, help="Go on where an earlier collection into FILE ended.")
@click.option(
    "--checks-dir",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="A folder of further check modules. Repeatable.",
)
@access_options
@click.option("-q", "--quiet", is_flag=True, help="Tell only what is missing.")
def command(targets: tuple[str, ...], output: Path, **options: Any) -> None:
    """Collect live TARGETs into FILE (.ndjson or .ndjson.gz), which `auditor scan` reads.

    A TARGET is organizations/NUMBER, folders/NUMBER or projects/ID. Uses Application Default
    Credentials; only reads. What could not be read is told, and kept in FILE.

    \b
    Examples:
      auditor collect organizations/123 -o estate.ndjson.gz
      auditor collect organizations/123 -o estate.ndjson.gz --resume
      auditor collect folders/456 --exclude label:env=sandbox -o estate.ndjson
    """
    from auditor.sources.live.connection import UnusableEndpoint
    from auditor.sources.live.failures import NoCredentials
    from auditor.sources.live.journal import NotResumable
    from auditor.sources.live.run import told_nothing
    from auditor.sources.live.scope import NotAScope
    from auditor.sources.live.via import NotABucket

    if not output.name.endswith(SUFFIXES):
        raise fail_usage(f"{output}: a collection is newline-delimited JSON; call it .ndjson or .ndjson.gz")
    if not output.parent.is_dir():
        raise fail_usage(f"{output}: the folder {output.parent} does not exist")
    try:
        order = _order(targets, options)
        records, coverage = _collected(order, access_of(options), output, options)
    except (NotAScope, NotABucket, NoCredentials, NotResumable, UnusableEndpoint) as problem:
        raise fail_usage(problem) from None
    except OSError as error:
        raise fail_usage(f"{output}: cannot be written, {(error.strerror or str(error)).lower()}") from None
    for line in coverage.summary():
        if not options["quiet"] or line.startswith("Missing"):
            _tell(line)
    for note in coverage.notes:
        _tell(note)
    if coverage.nothing_read:
        _tell(f"Error: {told_nothing(coverage)}")
        sys.exit(INCOMPLETE)
    if not options["quiet"]:
        _tell(f"Written: {records:,} records to {output}")
    sys.exit(INCOMPLETE if coverage.missing else 0)


def _order(targets: tuple[str, ...], options: dict[str, Any]) -> Order:
    from auditor.names import UnknownName
    from auditor.sources.live.collection import Order
    from auditor.sources.live.collectors import COLLECTORS
    from auditor.sources.live.scope import Filter, check_targets

    names = {collector.name for collector in COLLECTORS}
    for name in options["service"]:
        if name not in names:
            raise fail_usage(UnknownName("service", name, names))
    check_targets(targets)
    rules = Filter(options["include"], options["exclude"])
    return Order(
        targets=targets,
        needs=_needs(options),
        rules=rules,
        services=options["service"],
        thorough=options["thorough"],
        via=_via(options["via"]),
    )


def _via(place: str) -> str:
    """A place of its own for this export below the given one, for exports do not overwrite."""
    from auditor.sources.live.via import bucket_of

    if not place:
        return ""
    bucket_of(place)
    return f"{place.rstrip('/')}/{datetime.now(UTC):%Y%m%dT%H%M%SZ}"


def _needs(options: dict[str, Any]) -> Needs:
    """What all checks read and access rests on, or everything."""
    from auditor.loading import load_checks
    from auditor.sources.live.needs import EVERYTHING, needs_of

    if options["everything"]:
        return EVERYTHING
    try:
        return needs_of(load_checks(options["checks_dir"]), access=True)
    except catalogue_errors() as error:
        raise fail_usage(error) from None


def _collected(order: Order, access: Access, output: Path, options: dict[str, Any]) -> tuple[int, Coverage]:
    """Collect and write; (records, coverage). The journal stays beside the output as long as something is missing."""
    from auditor.sources.live.estate import write
    from auditor.sources.live.journal import Journal
    from auditor.sources.live.run import collect

    connection = access.connect()
    for warning in connection.identity.warnings if connection.identity else ():
        _tell(f"Warning: {warning}")
    folder = output.with_name(f"{output.name}.partial")
    journal = Journal(folder, order.described(), resume=options["resume"])
    try:
        with progress(quiet=options["quiet"]) as watched:
            coverage = collect(order, connection, journal, access, watched)
    except KeyboardInterrupt:
        _tell(f"Stopped; what was collected is kept in {folder}; go on with the same command and --resume")
        sys.exit(INCOMPLETE)
    finally:
        journal.close()
    if coverage.nothing_read:
        return 0, coverage
    records = write(output, journal, coverage)
    if coverage.missing:
        _tell(f"What is missing can be asked for again with --resume; {folder} is kept for that")
    else:
        journal.remove()
    return records, coverage


def _tell(text: str) -> None:
    from auditor.model.text import visible

    click.echo(visible(text), err=True)


@contextlib.contextmanager
def progress(*, quiet: bool = False) -> Iterator[Progress]:
    """How far a collection is: bars on a terminal, lines elsewhere, nothing where that is wanted."""
    from auditor.sources.live.collection import Progress

    if quiet:
        yield Progress()
    elif not sys.stderr.isatty():
        yield _lines()
    else:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as Bars

        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
            yield _bars(bars)


def _lines() -> Progress:
    from auditor.sources.live.collection import Progress

    class Lines(Progress):
        def __init__(self) -> None:
            self._steps: dict[str, int] = {}

        def say(self, text: str) -> None:
            _tell(text)

        def begin(self, work: str, total: int | None = None) -> None:
            self._steps[work] = 0
            if total:
                _tell(f"{work}: {total:,} to ask")

        def advance(self, work: str, steps: int = 1) -> None:
            before = self._steps.get(work, 0)
            self._steps[work] = before + steps
            if before // 10_000 != self._steps[work] // 10_000:
                _tell(f"{work}: {self._steps[work]:,} so far")

        def end(self, work: str) -> None:
            _tell(f"{work}: done" + (f", {self._steps[work]:,}" if self._steps.get(work) else ""))

    return Lines()


def _bars(bars: Any) -> Progress:
    from auditor.sources.live.collection import Progress

    class OnTerminal(Progress):
        def __init__(self) -> None:
            self._tasks: dict[str, Any] = {}

        def say(self, text: str) -> None:
            bars.console.print(text, markup=False, highlight=False)

        def begin(self, work: str, total: int | None = None) -> None:
            self._tasks[work] = bars.add_task(work, total=total)

        def advance(self, work: str, steps: int = 1) -> None:
            bars.advance(self._tasks[work], steps)

        def end(self, work: str) -> None:
            bars.remove_task(self._tasks.pop(work))

    return OnTerminal()
