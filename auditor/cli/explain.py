"""`auditor explain`: a check's page, made from the check itself."""

from __future__ import annotations

import textwrap
from pathlib import Path

import click

from auditor.cli import catalogue_errors, fail_usage


@click.command()
@click.argument("check_id", metavar="ID")
@click.option(
    "--checks-dir",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="A folder of further check modules. Repeatable.",
)
def command(check_id: str, checks_dir: tuple[Path, ...]) -> None:
    """Show the page of the check ID: the problem, why it matters, how to mend it, examples."""
    from auditor.docs import page_of
    from auditor.frameworks import load_frameworks
    from auditor.loading import check_packages, load_checks
    from auditor.names import UnknownName

    try:
        catalogue = load_checks(checks_dir)
        by_name = {name: check for check in catalogue for name in (check.id, *check.aliases)}
        if check_id not in by_name:
            raise UnknownName("check", check_id, by_name)
        page = page_of(by_name[check_id], load_frameworks(check_packages(), catalogue))
    except catalogue_errors() as error:
        raise fail_usage(error) from None
    for line in page.splitlines():
        if len(line) <= 80 or line.startswith("    "):
            click.echo(line)
        else:
            indent = " " * (len(line) - len(line.lstrip(" -")))
            click.echo(
                textwrap.fill(line, 80, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
            )
