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
from auditor.cli.access import EXIT_CODES, _sources, _tell_gaps, without_option
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
@click.option("--format", "form", type=click.Choice(("text", "json", "dot", "svg")), default="text", show_default=True)
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
    from auditor.access.control.search import UnknownEnd, find_paths

    world, inventory, complete = _load(targets, now, group_files, exported, without)
    try:
        found = find_paths(world, inventory, now, sources=sources or None, targets=ends or None, limit=limit)
    except UnknownEnd as problem:
        raise fail_usage(problem) from None
    if form == "json":
        click.echo(json.dumps([_entry(path) for path in found.paths], indent=2, ensure_ascii=False))
    elif form == "dot":
        click.echo(drawing.dot(found.paths), nl=False)
    elif form == "svg":
        click.echo(drawing.svg_document(found.paths), nl=False)
    else:
        for line in _lines(found):
            click.echo(line)
    sys.exit(0 if complete else 3)


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
    from auditor.access.control.path_report import notes
    from auditor.access.control.search import alike
    from auditor.access.standing import Certainty
    from auditor.cli.access_text import wrapped
    from auditor.model.text import plural

    if not found.paths:
        return ["No path to control", *(wrapped(note) for note in notes(found))]
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
    lines += _removals(found)
    return [*lines, *(line for note in notes(found) for line in ("", wrapped(note)))]


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
