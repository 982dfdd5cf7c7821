"""`auditor access`: what principals can really do, who can do what, and what changed between two estates."""

from __future__ import annotations

import importlib
import importlib.util
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click

from auditor.cli import fail_usage
from auditor.cli.access_questions import Asked, read_questions
from auditor.cli.completion import files
from auditor.cli.parameters import exported_option, groups_option, moment
from auditor.completeness import vouched

if TYPE_CHECKING:
    from auditor.access.control.drawing import Chain
    from auditor.access.effective import Answer, EffectiveAccess
    from auditor.access.role_table import RoleTable
    from auditor.access.spelling import Speller
    from auditor.cli.access_text import Held
    from auditor.sources.base import Source

F = TypeVar("F", bound=Callable[..., Any])

_ELSEWHERE = {"paths": "auditor.cli.access_paths"}
"""Commands of the group that have a module of their own, which is imported when they are run."""

EXIT_CODES = """\b
Exit codes:
  0  answered (whatever the answer)
  2  wrong usage, or no target could be read
  3  answered from incomplete input
"""


class AccessGroup(click.Group):
    """The commands of this module, and those that have a module of their own."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All that are installed."""
        elsewhere = [name for name, module in _ELSEWHERE.items() if importlib.util.find_spec(module)]
        return [*super().list_commands(ctx), *elsewhere]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported where it stands elsewhere."""
        module = _ELSEWHERE.get(cmd_name)
        if module and importlib.util.find_spec(module):
            command: click.Command = importlib.import_module(module).command
            return command
        return super().get_command(ctx, cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click's, with the nearest command for a wrong one."""
        if args and not args[0].startswith("-") and args[0] not in self.list_commands(ctx):
            from auditor.names import UnknownName

            raise click.UsageError(str(UnknownName("command of auditor access", args[0], self.list_commands(ctx))), ctx)
        return super().resolve_command(ctx, args)


@click.group(cls=AccessGroup, epilog=EXIT_CODES)
def command() -> None:
    """Tell who can really do what: roles, groups, inheritance, conditions, denies.

    Allow policies of all levels, deny policies and principal access boundaries are evaluated
    together. What is not known is told, with its cause, and never taken for a no.
    """


def format_option(function: F) -> F:
    """`--format`."""
    forms = click.Choice(("text", "json", "dot", "svg"))
    return click.option("--format", "form", type=forms, default="text", show_default=True)(function)


def estate_options(function: F) -> F:
    """The options of every command that reads an estate."""
    options = (
        groups_option,
        exported_option,
        click.option(
            "--now",
            callback=moment,
            metavar="TIME",
            help="The time of the request (2026-11-22T00:00:00Z).  [default: the present]",
        ),
        format_option,
    )
    for option in reversed(options):
        function = option(function)
    return function


def without_option(function: F) -> F:
    """`--without`."""
    return click.option(
        "--without",
        multiple=True,
        metavar="BINDING",
        help="As if this were taken away: 'ROLE MEMBER on RESOURCE'. Repeatable.",
    )(function)


class Loaded(NamedTuple):
    """An estate's access, and whether all of the input could be read."""

    access: EffectiveAccess
    complete: bool


def load_access(
    targets: Sequence[str],
    *,
    now: datetime,
    group_files: Sequence[Path] = (),
    exported: Sequence[str] = (),
    without: Sequence[str] = (),
) -> Loaded:
    """Read the targets as one estate; what cannot be read is told on the error stream. Ends the command if nothing can.

    `without` takes bindings away, as `--without` does.
    """
    from auditor.access.collect import collect
    from auditor.access.effective import EffectiveAccess
    from auditor.access.removal import NoSuchBinding
    from auditor.access.removal import without as removing
    from auditor.access.role_table import RolesUnreadable
    from auditor.sources.live.estate import vouched_by

    for file in group_files:
        if not file.exists():
            raise fail_usage(f"{file}: no such file")
    sources = _sources(targets)
    complete = vouched_by(sources, frozenset(vouched(exported)))
    try:
        collected = collect(sources, now=now, exported=complete, group_files=group_files)
        world = removing(collected.world, without)
    except (RolesUnreadable, NoSuchBinding) as error:
        raise fail_usage(error) from None
    told = [f"{gap.where}: {gap.problem}" for gap in collected.gaps.told]
    _tell_gaps(told, collected.gaps.untold)
    return Loaded(EffectiveAccess(world, now), not told and not collected.gaps.untold)


def _sources(targets: Sequence[str]) -> list[Source]:
    """The sources of all targets. One that is none tells so when it is read; where no other is left, it is an error."""
    from auditor.sources.detect import NotATarget, Reading, Unusable, sources_of
    from auditor.sources.live.needs import needs_of

    reading = Reading(needs=needs_of((), access=True))
    found: list[Source] = []
    problems: list[str] = []
    for target in targets:
        try:
            found.extend(sources_of(target, reading))
        except NotATarget as problem:
            problems.append(str(problem))
            found.append(Unusable(target, str(problem)))
    if len(problems) == len(targets):
        raise fail_usage("\n".join(problems))
    return found


def _tell_gaps(told: list[str], untold: int) -> None:
    from auditor.cli.access_text import wrapped
    from auditor.model.text import plural

    for line in told[:5]:
        click.echo(wrapped(f"Not read: {line}"), err=True)
    if len(told) > 5 or untold:
        click.echo(f"Not read: {plural(len(told[5:]) + untold, 'further place')}", err=True)


@command.command("can", short_help="Tell what a principal can do.", epilog=EXIT_CODES)
@click.argument("arguments", nargs=-1, required=True, metavar="[PRINCIPAL] TARGET...", shell_complete=files)
@click.option("--permission", metavar="NAME", help="Ask for this permission only, such as storage.buckets.get.")
@click.option("--on", "resource", metavar="RESOURCE", help="Ask about this resource only.")
@click.option(
    "--questions",
    "question_file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Answer many: a JSON list of {principal, permission, resource, now?}.",
)
@click.option("--any-permission", is_flag=True, help="Ask for permissions that the role table does not know, too.")
@without_option
@estate_options
def can(
    arguments: tuple[str, ...],
    permission: str | None,
    resource: str | None,
    question_file: Path | None,
    any_permission: bool,
    form: str,
    now: datetime,
    **options: Any,
) -> None:
    """Tell what PRINCIPAL can do in the estate of the TARGETs.

    PRINCIPAL is written as in allow policies: user:ann@example.com, group:…, serviceAccount:…,
    principal://…. With --permission and --on, one question is answered; without --permission all
    roles are listed that the principal holds.

    A permission that the role table does not know is an error. If it is newer than the table, fetch
    the roles of today (auditor roles update), or ask with --any-permission: then roles of which the
    table cannot know whether they include it leave the answer unknown.

    \b
    Examples:
      auditor access can user:ann@example.com export/ --groups groups.json
      auditor access can user:ann@example.com --permission storage.objects.get \\
        --on gs://invoices export/
      auditor access can --questions questions.json --format json export/
    """
    from auditor.access.spelling import Speller
    from auditor.cli import access_drawing as drawing
    from auditor.cli import access_text as text

    asked = read_questions(question_file) if question_file is not None else None
    if asked is not None and (permission or resource):
        raise click.UsageError("--questions has permissions and resources of its own")
    if asked is None and len(arguments) < 2:
        raise click.UsageError("give the principal, then the targets")
    if permission and not resource:
        raise click.UsageError("--permission needs a resource: --on RESOURCE")
    loaded = load_access(arguments if asked is not None else arguments[1:], now=now, **options)
    access, speller = loaded.access, Speller(loaded.access.world)
    if asked is not None:
        answers = [
            _asked(access, speller, one, now, any_permission, where=f"question {number}")
            for number, one in enumerate(asked, 1)
        ]
        entries = [text.answer_entry(answer) for answer in answers]
        _print(form, entries, (text.answer_lines(a) for a in answers), drawing.answer_chains(answers))
    elif permission:
        one = Asked(arguments[0], permission, resource or "", None)
        answer = _asked(access, speller, one, now, any_permission)
        _print(form, text.answer_entry(answer), [text.answer_lines(answer)], drawing.answer_chains([answer]))
    else:
        held = _held(access, speller, arguments[0], resource)
        entry = text.holdings_entry(access, held)
        _print(form, entry, [text.holdings_lines(held)], drawing.holdings_chains(held))
    _finish(loaded.complete)


@command.command("who-can", short_help="Tell who has a permission.", epilog=EXIT_CODES)
@click.argument("permission")
@click.argument("targets", nargs=-1, required=True, metavar="TARGET...", shell_complete=files)
@click.option("--on", "resource", required=True, metavar="RESOURCE", help="The resource that is asked about.")
@click.option("--any-permission", is_flag=True, help="Ask for permissions that the role table does not know, too.")
@without_option
@estate_options
def who_can(
    permission: str,
    targets: tuple[str, ...],
    resource: str,
    any_permission: bool,
    form: str,
    now: datetime,
    **options: Any,
) -> None:
    """Tell who has PERMISSION on a resource in the estate of the TARGETs.

    Members are told as bindings name them, and expanded: groups to everybody known to be in them,
    projectOwner:… to who was granted the role.

    \b
    Example:
      auditor access who-can secretmanager.versions.access \\
        --on projects/p/secrets/db-password export/ --groups groups.json
    """
    from auditor.access.places import UnclearResource
    from auditor.access.spelling import Speller
    from auditor.cli import access_drawing as drawing
    from auditor.cli import access_text as text

    loaded = load_access(targets, now=now, **options)
    name = _permission(loaded.access.world.roles, permission, any_permission)
    try:
        found = loaded.access.who_can(name, Speller(loaded.access.world).place(resource))
    except UnclearResource as problem:
        raise fail_usage(problem) from None
    _print(form, text.who_can_entry(found), [text.who_can_lines(found)], drawing.who_can_chains(found))
    _finish(loaded.complete)


@command.command("diff", short_help="Tell what access appeared and disappeared.", epilog=EXIT_CODES)
@click.argument("before", metavar="ESTATE_A")
@click.argument("after", metavar="ESTATE_B")
@click.option(
    "--groups-before",
    multiple=True,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Members of groups in ESTATE_A only.",
)
@click.option(
    "--groups-after",
    multiple=True,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Members of groups in ESTATE_B only.",
)
@estate_options
def diff(
    before: str,
    after: str,
    groups_before: tuple[Path, ...],
    groups_after: tuple[Path, ...],
    group_files: tuple[Path, ...],
    form: str,
    **options: Any,
) -> None:
    """Tell what access appeared and disappeared from ESTATE_A to ESTATE_B.

    Access is compared, not text: a binding that was replaced by an equivalent inherited one is no
    change, and whoever joined a group gained what the group has. What is granted on a folder is
    told of the folder, not of all that lies in it.
    """
    from auditor.access.changes import changes
    from auditor.cli import access_drawing as drawing
    from auditor.cli import access_text as text

    old = load_access([before], group_files=(*group_files, *groups_before), **options)
    new = load_access([after], group_files=(*group_files, *groups_after), **options)
    found = list(changes(old.access, new.access))
    entries = [text.change_entry(change) for change in found]
    _print(form, entries, [text.change_lines(found)], drawing.change_chains(found))
    _finish(old.complete and new.complete)


def _asked(
    access: EffectiveAccess, speller: Speller, one: Asked, now: datetime, any_permission: bool, where: str = ""
) -> Answer:
    from auditor.access.places import UnclearResource
    from auditor.access.principals import UnclearPrincipal

    name = _permission(access.world.roles, one.permission, any_permission, where)
    try:
        who = speller.principal(one.principal)
        answer = access.can(who, name, speller.place(one.resource), one.now or now)
        return replace(answer, notes=(*answer.notes, *speller.remarks(who)))
    except (UnclearPrincipal, UnclearResource) as problem:
        raise fail_usage(f"{where}: {problem}" if where else problem) from None


def _held(access: EffectiveAccess, speller: Speller, text: str, resource: str | None) -> Held:
    """What a principal holds, with what to know of the names that were asked about."""
    from auditor.access.places import UnclearResource
    from auditor.access.principals import UnclearPrincipal
    from auditor.cli.access_text import Held

    try:
        who = speller.principal(text)
        place = speller.place(resource) if resource else None
    except (UnclearPrincipal, UnclearResource) as problem:
        raise fail_usage(problem) from None
    notes = (*(place.notes if place is not None else ()), *speller.remarks(who))
    return Held(str(who), place, access.everything(who, place), notes)


def _permission(roles: RoleTable, text: str, any_permission: bool, where: str = "") -> str:
    """The permission as roles name it; deny policies' names (`storage.googleapis.com/buckets.get`) are read, too."""
    from auditor.access.permissions import role_name
    from auditor.names import UnknownName

    name = role_name(text) or text if "/" in text else text
    if roles.index(name) is None and not any_permission:
        raise fail_usage(UnknownName("permission", text, roles.permissions, where))
    return name


def _print(form: str, entry: object, blocks: Iterable[Sequence[str]], chains: Iterable[Chain]) -> None:
    if form == "json":
        click.echo(json.dumps(entry, indent=2, ensure_ascii=False))
        return
    if form != "text":
        from auditor.cli.access_drawing import drawn

        click.echo(drawn(form, chains), nl=False)
        return
    for number, block in enumerate(blocks):
        if number:
            click.echo()
        for line in block:
            click.echo(line)


def _finish(complete: bool) -> None:
    sys.exit(0 if complete else 3)
