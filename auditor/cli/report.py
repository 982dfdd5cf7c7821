"""`auditor report`: other formats from a run that was saved as JSON."""

from __future__ import annotations

from pathlib import Path

import click

from auditor.cli import fail_usage


@click.command()
@click.argument("saved", type=click.Path(path_type=Path), metavar="RUN.json")
@click.option(
    "-o",
    "--output",
    "outputs",
    multiple=True,
    required=True,
    metavar="FILE",
    help="Write a report; the suffix tells the format. Repeatable.",
)
def command(saved: Path, outputs: tuple[str, ...]) -> None:
    """Write reports from RUN.json, without auditing again."""
    from pydantic import ValidationError

    from auditor.cli.writers import report_writers, write_reports
    from auditor.model.run import RUN

    writers = report_writers(outputs)
    try:
        run = RUN.validate_json(saved.read_bytes())
    except OSError as error:
        raise fail_usage(f"{saved}: {(error.strerror or str(error)).lower()}") from None
    except ValidationError as error:
        raise fail_usage(f"{saved}: not a run saved by auditor scan ({error.errors()[0]['msg'].lower()})") from None
    written, unwritten = write_reports(run, writers)
    for path in written:
        click.echo(f"Written: {path}")
    if unwritten:
        raise fail_usage("\n".join(unwritten))
