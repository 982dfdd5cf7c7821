"""`auditor roles`: what roles permit, and fetching the roles of today."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import click

from auditor.cli import fail_usage

if TYPE_CHECKING:
    from auditor.access.role_table import RoleTable
    from auditor.data.refresh import NotRefreshed
    from auditor.data.role_file import Roles

INCOMPLETE = 3


@click.group()
def command() -> None:
    """Show what roles permit; fetch the roles of today."""


class Unanswered(click.ClickException):
    """The IAM API did not answer: nothing is wrong with the command."""

    exit_code = INCOMPLETE


@command.command()
@click.option(
    "--to",
    "path",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write this file, for AUDITOR_ROLES, instead of the one that auditor finds by itself.",
)
@click.option(
    "--patience",
    type=click.FloatRange(min=0.1),
    default=120.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to go on asking an API that does not answer.",
)
def update(path: Path | None, patience: float) -> None:
    """Fetch the predefined roles and their permissions from the IAM API.

    Uses Application Default Credentials. Later runs use the fetched roles unless those that came
    with the auditor are newer.
    """
    from auditor.access.role_table import user_file
    from auditor.data import refresh, role_file

    path = path or user_file()
    if path is None:
        raise fail_usage("there is no home folder to keep the roles in; say where with --to FILE")
    try:
        roles = refresh.fetch(refresh.connect(), patience)
    except refresh.NotRefreshed as error:
        raise _unanswered(error) from None
    before = _before()
    try:
        role_file.write(path, roles)
    except OSError as error:
        raise fail_usage(f"{path}: cannot be written, {(error.strerror or str(error)).lower()}") from None
    click.echo(f"Written: {len(roles.roles):,} roles with {len(roles.permissions):,} permissions to\n{path}")
    if before is not None:
        _tell_changes(before, roles)


@command.command()
@click.argument("role")
@click.option("--format", "form", type=click.Choice(("text", "json")), default="text", show_default=True)
def show(role: str, form: str) -> None:
    """List the permissions of ROLE, such as roles/storage.admin.

    From the file that AUDITOR_ROLES names, or the newer of the fetched roles and those that came
    with the auditor.
    """
    from auditor.access.role_table import RolesUnreadable, load
    from auditor.names import UnknownName

    try:
        table = load()
    except RolesUnreadable as error:
        raise fail_usage(error) from None
    name = role if "/" in role else f"roles/{role}"
    if name not in table:
        raise fail_usage(UnknownName("role", name, table.roles))
    if form == "json":
        click.echo(json.dumps(_entry(table, name), indent=2))
        return
    _show(table, name)


def _unanswered(error: NotRefreshed) -> click.ClickException:
    message = textwrap.fill(f"{error}; nothing was written", 72, break_long_words=False, break_on_hyphens=False)
    failure = fail_usage(message)
    return failure if error.refused else Unanswered(failure.message)


def _entry(table: RoleTable, role: str) -> dict[str, object]:
    """`permissions` is null where they are not known."""
    mask = table.mask(role)
    return {
        "role": role,
        "title": table.title(role),
        "stage": table.stage(role),
        "as_of": table.as_of.isoformat(),
        "permissions": None if mask is None else table.names(mask),
    }


def _show(table: RoleTable, role: str) -> None:
    from auditor.model.text import plural, visible

    mask = table.mask(role)
    title = table.title(role)
    click.echo(f"{role}{f' ({visible(title)})' if title else ''}, {table.stage(role)}")
    if mask is None:
        click.echo(f"  {table.why_unknown(role)}")
        return
    for permission in table.names(mask):
        click.echo(f"  {visible(permission)}")
    click.echo(f"{plural(mask.bit_count(), 'permission')}, as of {table.as_of}")


def _before() -> RoleTable | None:
    """The roles that were in use until now, None where their file cannot be read."""
    from auditor.access.role_table import RolesUnreadable, load

    try:
        return load()
    except RolesUnreadable:
        return None


def _tell_changes(before: RoleTable, roles: Roles) -> None:
    names = {role.name for role in roles.roles}
    known = set(before.roles)
    new, gone = names - known, known - names
    click.echo(f"Since {before.as_of}: new roles: {len(new):,}, roles that are gone: {len(gone):,}")
