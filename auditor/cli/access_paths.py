"""`auditor access paths`: how principals, or the outside, come to control of projects, folders and organisations."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from auditor.cli import fail_usage
from auditor.cli.access import EXIT_CODES, _sources, _tell_gaps, format_option, without_option
from auditor.cli.completion import files
from auditor.cli.parameters import exported_option, groups_option, moment
from auditor.completeness import vouched

if TYPE_CHECKING:
    from auditor.access.control.inventory import Inventory
    from auditor.access.control.path_steps import ControlStep
    from auditor.access.control.search import ControlPath, PathsToControl
    from auditor.access.world import World

_COLUMNS = 76
_SHOWN = 10
"""Choke points, and sources of like paths, that are told to people."""


@click.command("paths", epilog=EXIT_CODES)
@click.argument("targets", nargs=-1, required=True, metavar="TARGET...", shell_complete=files)
@click.option("--from", "sources", multiple=True, metavar="PRINCIPAL", help="Only paths from here. Repeatable.")
@click.option("--to", "ends", multiple=True, metavar="RESOURCE", help="Only paths to here. Repeatable.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000), help="Paths told at most.")
@without_option
@groups_option
@exported_option
@click.option(
    "--now",
    callback=moment,
    metavar="TIME",
    help="The time of the request (2026-11-22T00:00:00Z).  [default: the present]",
)
@format_option
def command(
    targets: tuple[str, ...],
    sources: tuple[str, ...],
    ends: tuple[str, ...],
    limit: int,
    without: tuple[str, ...],
    group_files: tuple[Path, ...],
    exported: tuple[str, ...],
    now: datetime,
    form: str,
) -> None:
    """Tell how control of projects, folders and organisations can be won in the estate of the TARGETs.

    Without --from, paths begin outside (the internet, leaked keys, open identity pools, external
    members) and at every principal that does not hold the control already. Then the bindings are
    told whose removal cuts most paths, with the commands.

    A possible path rests on something that the estate does not tell, such as a condition.

    \b
    Examples:
      auditor access paths export/ --groups groups.json
      auditor access paths --from user:ann@example.com --to projects/prod export/
      auditor access paths --format svg export/ > paths.svg
    """
    from auditor.access.control import drawing
    from auditor.access.control.path_report import notes
    from auditor.access.control.search import UnknownEnd, find_paths

    world, inventory, complete = _load(targets, now, group_files, exported, without)
    asked = _Ends(world)
    starts, goals = [asked.source(name) for name in sources], [asked.target(name) for name in ends]
    try:
        found = find_paths(world, inventory, now, sources=starts or None, targets=goals or None, limit=limit)
    except UnknownEnd as problem:
        raise fail_usage(problem) from None
    if form != "text":
        _tell([*asked.remarks, *notes(found)], err=True)
    if form == "json":
        click.echo(json.dumps([_entry(path) for path in found.paths], indent=2, ensure_ascii=False))
    elif form == "dot":
        click.echo(drawing.dot(found.paths), nl=False)
    elif form == "svg":
        click.echo(drawing.svg_document(found.paths), nl=False)
    else:
        for line in _lines(found):
            click.echo(line)
        _tell([*asked.remarks, *notes(found)])
    sys.exit(0 if complete else 3)


class _Ends:
    """Reads the ends of paths as people type them, and keeps what to know of them."""

    def __init__(self, world: World) -> None:
        from auditor.access.spelling import Speller

        self._speller = Speller(world)
        self.remarks: list[str] = []

    def source(self, text: str) -> str:
        """A principal as policies spell it, or the name of an entry point as it is."""
        from auditor.access.control.entry_points import INTERNET
        from auditor.access.principals import UnclearPrincipal

        if text.strip().lower() in ("internet", INTERNET):
            return INTERNET
        try:
            who = self._speller.principal(text)
        except UnclearPrincipal as problem:
            if " " in text.strip():  # as entry points are called
                return text.strip()
            raise fail_usage(f"{problem}, or internet") from None
        self.remarks += self._speller.remarks(who)
        return who.name

    def target(self, text: str) -> str:
        """A container (`projects/p`), a member, or the full name of a resource."""
        from auditor.access.places import UnclearResource, label
        from auditor.access.principals import UnclearPrincipal
        from auditor.resources.iam_policies import container_of

        try:
            place = self._speller.place(text)
        except UnclearResource as problem:
            try:
                return self._speller.principal(text).name
            except UnclearPrincipal:
                raise fail_usage(problem) from None
        account = label(place.name).removeprefix("service account ")
        if account != label(place.name):
            return f"serviceAccount:{account}"
        if place.notes:
            raise fail_usage(place.notes[0])
        return container_of(place.name) or place.name


def _tell(notes: Sequence[str], *, err: bool = False) -> None:
    """What a reader has to know of the answer, apart from it where it is for a program."""
    from auditor.cli.access_text import wrapped

    for number, note in enumerate(notes):
        if number or not err:
            click.echo(err=err)
        click.echo(wrapped(note), err=err)


def _load(
    targets: tuple[str, ...],
    now: datetime,
    group_files: tuple[Path, ...],
    exported: tuple[str, ...],
    without: tuple[str, ...],
) -> tuple[World, Inventory, bool]:
    """The world and what runs in it, read at once, and whether all could be read."""
    from auditor.access.collect import collect
    from auditor.access.control.inventory import Inventory, watching
    from auditor.access.removal import NoSuchBinding
    from auditor.access.removal import without as removing
    from auditor.access.role_table import RolesUnreadable
    from auditor.sources.live.estate import vouched_by

    for file in group_files:
        if not file.exists():
            raise fail_usage(f"{file}: no such file")
    sources = _sources(targets)
    inventory = Inventory()
    complete = vouched_by(sources, frozenset(vouched(exported)))
    try:
        read = collect(watching(sources, inventory), now=now, exported=complete, group_files=group_files)
        world = removing(read.world, without)
    except (RolesUnreadable, NoSuchBinding) as error:
        raise fail_usage(error) from None
    told = [f"{gap.where}: {gap.problem}" for gap in read.gaps.told]
    _tell_gaps(told, read.gaps.untold)
    return world, inventory, not told and not read.gaps.untold


def _entry(path: ControlPath) -> dict[str, Any]:
    return {
        "from": path.source,
        "to": path.target,
        "certainty": path.certainty.value,
        "steps": [_step(step) for step in path.steps],
    }


def _step(step: ControlStep) -> dict[str, Any]:
    binding = step.binding
    return {
        "sentence": step.sentence,
        "binding": None
        if binding is None
        else {"member": binding.member, "role": binding.role, "scope": binding.scope},
        "primitive": step.primitive or None,
        "certainty": step.certainty.value,
    }


def _lines(found: PathsToControl) -> list[str]:
    """The answer for people."""
    from auditor.access.control.search import alike
    from auditor.access.standing import Certainty
    from auditor.cli.access_text import wrapped
    from auditor.model.text import plural

    if not found.paths:
        return ["No path to control"]
    lines = [plural(len(found.paths), "path") + " to control"]
    for number, (path, others) in enumerate(alike(found.paths), 1):
        outside = ", from outside" if path.outside else ""
        lines += ["", wrapped(f"{number}. {path.source} → {path.target} ({path.certainty.value}{outside})")]
        for step in path.steps:
            mark = f" [{step.primitive}]" if step.primitive else ""
            doubt = "possible: " if step.certainty is Certainty.POSSIBLE else ""
            lines.append(wrapped(f"- {doubt}{step.sentence}{mark}", "   "))
        if others:
            lines.append(wrapped(f"The same way: {_listed(others)}", "   "))
    return [*lines, *_removals(found)]


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(name[:200] for name in names[:_SHOWN])
    return f"{shown} and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else shown


def _removals(found: PathsToControl) -> list[str]:
    from auditor.cli.access_text import wrapped
    from auditor.model.text import plural

    points = [point for point in found.choke_points if point.cuts][:_SHOWN]
    lines = ["", "What to remove:"] if points else []
    for point in points:
        lines.append(wrapped(f"- {point.binding.sentence} (cuts {point.cuts} of {plural(point.of, 'path')})"))
        lines += _command(point.command)
    return lines


def _command(command: str) -> list[str]:
    """A command on lines that a shell joins again; an argument is never broken, however long."""
    from auditor.model.text import visible

    lines: list[str] = []
    for word in map(shlex.quote, shlex.split(command)):
        shown = visible(word)
        if lines and len(lines[-1]) + len(shown) < _COLUMNS:
            lines[-1] += f" {shown}"
        else:
            lines.append(f"    {shown}")
    return [*(f"{line} \\" for line in lines[:-1]), *lines[-1:]]
