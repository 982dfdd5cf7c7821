"""`auditor collect`: save a live estate, with what of it could not be read, so that audits can be repeated offline."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from auditor.cli import EXIT_CODES, catalogue_errors, fail_usage
from auditor.cli.live import (
    INCOMPLETE,
    access_of,
    access_options,
    order_of,
    progress,
    reaching,
    scope_options,
    stoppable,
    tell,
    warn,
)

if TYPE_CHECKING:
    from auditor.sources.live.coverage import Coverage
    from auditor.sources.live.needs import Needs
    from auditor.sources.live.plan import Order
    from auditor.sources.live.run import Access

SUFFIXES = (".ndjson", ".ndjson.gz", ".jsonl", ".jsonl.gz")


@click.command(epilog=EXIT_CODES)
@click.argument("targets", nargs=-1, required=True, metavar="TARGET...")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), required=True, metavar="FILE")
@scope_options
@click.option(
    "--service", multiple=True, metavar="NAME", help="Beside the inventory, ask only this service. Repeatable."
)
@click.option("--everything", is_flag=True, help="Collect all asset types, not only those that checks read.")
@click.option("--dry-run", is_flag=True, help="Only tell what would be asked, and how long that takes.")
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
      auditor collect folders/456 --not-in label:env=sandbox -o estate.ndjson
    """
    from auditor.sources.live.run import told_nothing

    if not output.name.endswith(SUFFIXES):
        raise fail_usage(f"{output}: a collection is newline-delimited JSON; call it .ndjson or .ndjson.gz")
    if not output.parent.is_dir():
        raise fail_usage(f"{output}: the folder {output.parent} does not exist")
    try:
        with reaching():
            order = _order(targets, options)
            if options["dry_run"]:
                _tell_expected(order, access_of(options))
                return
            records, coverage = _collected(order, access_of(options), output, options)
    except OSError as error:
        raise fail_usage(f"{output}: cannot be written, {(error.strerror or str(error)).lower()}") from None
    for line in coverage.summary():
        if not options["quiet"] or line.startswith(("Missing", "Not asked")):
            tell(line)
    for note in coverage.notes:
        tell(note)
    if coverage.nothing_read:
        tell(f"Error: {told_nothing(coverage)}")
        sys.exit(INCOMPLETE)
    if not options["quiet"]:
        tell(f"Written: {records:,} records to {output}")
    sys.exit(INCOMPLETE if coverage.failed else 0)


def _tell_expected(order: Order, access: Access) -> None:
    """Say what a collection would do; ends with exit code 3 where nothing of it could be read."""
    from auditor.sources.live.run import NothingRead, expected

    connection = access.connect()
    warn(connection)
    try:
        for line in expected(order, connection, access):
            tell(line)
    except NothingRead as problem:
        tell(f"Error: {problem}")
        sys.exit(INCOMPLETE)


def _order(targets: tuple[str, ...], options: dict[str, Any]) -> Order:
    return order_of(targets, _needs(options), options, skip=options["skip"], services=options["service"])


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
    from auditor.sources.live.failures import NoCredentials
    from auditor.sources.live.journal import Journal
    from auditor.sources.live.run import collect
    from auditor.sources.live.scope import NotAScope

    connection = access.connect()
    warn(connection)
    folder = output.with_name(f"{output.name}.partial")
    journal = Journal(folder, order.described(), resume=options["resume"])
    try:
        with stoppable(), progress(quiet=options["quiet"]) as watched:
            coverage = collect(order, connection, journal, access, watched)
            if coverage.nothing_read:
                journal.remove()
                return 0, coverage
            records = write(output, journal, coverage)
    except KeyboardInterrupt:
        tell(f"Stopped; what was collected is kept in {folder}; go on with the same command and --resume")
        sys.exit(INCOMPLETE)
    except (NoCredentials, NotAScope) as problem:
        if not journal.jobs:
            journal.remove()
            raise
        raise NoCredentials(f"{problem}; what was collected before is kept in {folder}, go on with --resume") from None
    finally:
        journal.close()
    if coverage.failed:
        tell(f"What is missing can be asked for again with --resume; {folder} is kept for that")
    else:
        journal.remove()
    return records, coverage
