"""`auditor checks`: the catalogue."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from auditor.cli import catalogue_errors, fail_usage
from auditor.cli.completion import areas, framework_ids
from auditor.cli.parameters import checks_dir_option

if TYPE_CHECKING:
    from auditor.check import Check
    from auditor.frameworks import Catalogue


@click.command()
@click.option("--format", "form", type=click.Choice(("text", "json")), default="text", show_default=True)
@click.option("--area", multiple=True, metavar="AREA", shell_complete=areas, help="Only this area. Repeatable.")
@click.option(
    "--framework",
    multiple=True,
    metavar="ID",
    shell_complete=framework_ids,
    help="Only the checks of this framework's controls. Repeatable.",
)
@checks_dir_option
def command(form: str, area: tuple[str, ...], framework: tuple[str, ...], checks_dir: tuple[Path, ...]) -> None:
    """List the checks: id, severity and the problem that each finds.

    Checks marked with * are out of the default selection; name them with `auditor scan --check`.
    """
    from auditor.config import SelectSection
    from auditor.engine.select import select
    from auditor.frameworks import load_frameworks
    from auditor.loading import check_packages, load_checks

    try:
        catalogue = load_checks(checks_dir)
        frameworks = load_frameworks(check_packages(), catalogue)
        checks = select(catalogue, SelectSection(area=area, framework=framework, all=True), frameworks)
    except catalogue_errors() as error:
        raise fail_usage(error) from None
    if form == "json":
        click.echo(json.dumps([_entry(check, frameworks) for check in checks], indent=2, ensure_ascii=False))
        return
    for group in sorted({check.area for check in checks}):
        members = [check for check in checks if check.area == group]
        click.echo(f"{group} ({len(members)})")
        for check in sorted(members, key=lambda check: (check.severity.rank, check.id)):
            click.echo(f"  {check.severity.value:<8} {check.id}{'' if check.default else ' *'}")
            click.echo(f"           {check.title}")
    click.echo(f"{len(checks)} checks; `auditor explain ID` shows one")


def _entry(check: Check, frameworks: list[Catalogue]) -> dict[str, object]:
    from auditor.frameworks import controls_of

    return {
        "id": check.id,
        "area": check.area,
        "title": check.title,
        "severity": check.severity.value,
        "asset_types": list(check.asset_types),
        "same_as": list(check.same_as),
        "controls": controls_of(check, frameworks),
        "aliases": list(check.aliases),
        "default": check.default,
    }
