"""`auditor permissions`: the custom role that the auditor needs, and whether its identity holds it."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any

import click

from auditor.cli import EXIT_CODES, fail_usage
from auditor.cli.live import INCOMPLETE, access_of, access_options, check_services, reaching

if TYPE_CHECKING:
    from auditor.sources.live.connection import Connection
    from auditor.sources.live.permissions import Tested
    from auditor.sources.live.run import Access


@click.command(epilog=EXIT_CODES)
@click.option(
    "--format",
    "form",
    type=click.Choice(("json", "yaml", "gcloud", "terraform")),
    default="yaml",
    show_default=True,
    help="yaml and json are files for `gcloud iam roles create --file`.",
)
@click.option(
    "--parent",
    default="organizations/ORGANIZATION",
    show_default=True,
    metavar="WHERE",
    help="Where the role is made: organizations/NUMBER or projects/ID.",
)
@click.option("--service", multiple=True, metavar="NAME", help="Only what this service needs, and the inventory.")
@click.option("--skip", multiple=True, metavar="NAME", help="Without what this service needs. Repeatable.")
@click.option("--via", is_flag=True, help="Also what exports to Cloud Storage (collect --via) need.")
@click.option("--check", "target", default="", metavar="TARGET", help="Test whether the permissions are held there.")
@access_options
def command(
    form: str, parent: str, service: tuple[str, ...], skip: tuple[str, ...], via: bool, target: str, **options: Any
) -> None:
    """Print the exact custom role that the auditor needs.

    It is made from what the auditor's collectors declare that they call, and lets nothing be
    changed. With --check it is tested by testIamPermissions instead of printed.
    """
    from auditor.sources.live import permissions

    with reaching():
        check_services((*service, *skip))
    asked = [collector for collector in permissions.collectors_of(service) if collector.name not in skip]
    wanted = permissions.permissions_of(asked, via=via)
    if target:
        _check(target, wanted, access_of(options))
        return
    level, _, identifier = parent.partition("/")
    if level not in ("organizations", "projects") or not identifier or "'" in parent or '"' in parent:
        raise fail_usage(f"{parent}: custom roles are made in organizations/NUMBER or projects/ID")
    click.echo(permissions.role_in(form, wanted, parent))
    click.echo(permissions.billing_note(asked), err=True)
    if any(collector.name == "groups" for collector in asked):
        click.echo(permissions.GROUPS_NOTE, err=True)


def _check(target: str, wanted: list[str], access: Access) -> None:
    from auditor.sources.live.failures import Refused
    from auditor.sources.live.scope import check_targets

    try:
        with reaching():
            check_targets([target])
            tested = asyncio.run(_lacking(access.connect(), access, target, wanted))
    except Refused as refused:
        click.echo(f"Error: {target}: the permissions could not be tested: {refused}", err=True)
        sys.exit(INCOMPLETE)
    for permission in tested.missing:
        click.echo(f"missing: {permission}")
    for permission in tested.not_there:
        click.echo(f"not told of {target}, test it on the organization: {permission}")
    held = len(wanted) - len(tested.missing) - len(tested.not_there)
    click.echo(f"{target}: {held} of {len(wanted)} permissions are held")
    sys.exit(INCOMPLETE if tested.missing else 0)


async def _lacking(connection: Connection, access: Access, target: str, wanted: list[str]) -> Tested:
    from auditor.sources.live.network import Calls
    from auditor.sources.live.permissions import lacking

    calls = Calls(connection, patience=access.patience, at_once=access.at_once)
    try:
        return await lacking(calls, target, wanted)
    finally:
        await connection.close()
