"""Options and values that several commands share, and what is written to files."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, TypeVar

import click

from auditor import output
from auditor.cli import fail_usage
from auditor.completeness import CONTENT_TYPES, NOT_INVENTORIED

F = TypeVar("F", bound=Callable[..., Any])
SEVERITIES = ("critical", "high", "medium", "low", "info")


def exported_option(function: F) -> F:
    """`--exported`."""
    return click.option(
        "--exported",
        multiple=True,
        type=click.Choice((*CONTENT_TYPES, "all", *NOT_INVENTORIED)),
        metavar="CONTENT",
        help="This content is in the input in full, what it lacks does not exist: resource, iam-policy, org-policy, "
        "access-policy, all of these; or a type that exports lack, such as iam.googleapis.com/DenyPolicy. Repeatable.",
    )(function)


def checks_dir_option(function: F) -> F:
    """`--checks-dir`."""
    return click.option(
        "--checks-dir",
        multiple=True,
        type=click.Path(path_type=Path),
        metavar="DIR",
        help="A folder of further check modules. Repeatable.",
    )(function)


def groups_option(function: F) -> F:
    """`--groups`."""
    return click.option(
        "--groups",
        "group_files",
        multiple=True,
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        metavar="FILE",
        help="Members of groups, as JSON or CSV. Repeatable.",
    )(function)


def moment(ctx: click.Context, parameter: click.Parameter, value: str | None) -> datetime:  # noqa: ARG001
    """The scan's clock from `--now`, else the present."""
    return datetime.now(UTC).replace(microsecond=0) if value is None else moment_of(value)


def moment_of(value: str) -> datetime:
    """The time that a text says. Raises `click.BadParameter`."""
    try:
        given = datetime.fromisoformat(value)
    except ValueError:
        raise click.BadParameter(f"{value!r} is no time; write it as 2026-11-22T00:00:00Z") from None
    try:
        return given.astimezone(UTC) if given.tzinfo else given.replace(tzinfo=UTC)
    except OverflowError:
        raise click.BadParameter(f"{value!r} lies outside of the calendar") from None


class Percentage(click.FloatRange):
    """A number from 0 to 100, which `nan` is not."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number, or a usage error."""
        number: float = super().convert(value, param, ctx)
        if number != number:  # only nan differs from itself
            self.fail(f"{value!r} is no percentage", param, ctx)
        return number


@contextlib.contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """Open an output file; what the system says against it ends the command."""
    try:
        with output.opened(path) as file:
            yield file
    except OSError as error:
        raise fail_usage(f"{path}: cannot be written, {(error.strerror or str(error)).lower()}") from None
