"""`auditor explain`: a check's page, made from the check itself."""

from __future__ import annotations

import textwrap
from pathlib import Path

import click

from auditor.cli import catalogue_errors, fail_usage
from auditor.cli.completion import check_ids
from auditor.cli.parameters import checks_dir_option


@click.command()
@click.argument("check_id", metavar="ID", required=False, shell_complete=check_ids)
@click.option(
    "--all",
    "folder",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Write every check's page as Markdown, with an index.",
)
@checks_dir_option
def command(check_id: str | None, folder: Path | None, checks_dir: tuple[Path, ...]) -> None:
    """Show the page of the check ID: the problem, why it matters, how to mend it, examples."""
    from auditor.docs import page_of, write_pages
    from auditor.frameworks import load_frameworks
    from auditor.loading import check_packages, load_checks
    from auditor.names import UnknownName

    if (check_id is None) == (folder is None):
        raise click.UsageError("give the ID of a check, or --all DIR")
    try:
        catalogue = load_checks(checks_dir)
        frameworks = load_frameworks(check_packages(), catalogue)
        by_name = {name: check for check in catalogue for name in (check.id, *check.aliases)}
        if folder is not None:
            write_pages(folder, catalogue, frameworks)
            click.echo(f"Written: {len(catalogue)} pages and an index in {folder}")
            return
        if check_id not in by_name:
            raise UnknownName("check", str(check_id), by_name)
    except catalogue_errors() as error:
        raise fail_usage(error) from None
    except OSError as error:
        raise fail_usage(f"{folder}: cannot be written, {(error.strerror or str(error)).lower()}") from None
    for line in page_of(by_name[str(check_id)], frameworks).splitlines():
        _echo(line)


def _echo(line: str) -> None:
    """Print a line of a page, prose wrapped at 80 columns."""
    if len(line) <= 80 or line.startswith("    "):
        click.echo(line)
        return
    indent = "  " if line.startswith("- ") else ""
    click.echo(textwrap.fill(line, 80, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False))
