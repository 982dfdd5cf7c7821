"""The interface of a report format, and the template environment that all text formats share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, BinaryIO, Protocol

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from auditor.model.run import Run
from auditor.model.text import plural

_PIECES_AT_ONCE = 500


class Format(Protocol):
    """What a module of the entry-point group `auditor.reports` offers."""

    @staticmethod
    def render(run: Run, out: BinaryIO) -> None:
        """Write the report on `run` to `out`. Raises what `out` raises, else nothing."""


def environment(escape: Callable[[str], Markup]) -> Environment:
    """Jinja with autoescape on, in which every string that a template prints goes through `escape`.

    A template cannot forget it: it is applied to the output, not asked for by a filter. Only `Markup`,
    which no run holds, passes as it is.
    """

    def finalize(value: Any) -> Any:
        return escape(value) if isinstance(value, str) and not isinstance(value, Markup) else value

    made = Environment(
        loader=PackageLoader("reports"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters["number"] = "{:,}".format
    made.filters["plural"] = plural
    return made


def write(made: Environment, template: str, out: BinaryIO, **context: Any) -> None:
    """Render `template` to `out` piece by piece: a big report is never whole in memory."""
    stream = made.get_template(template).stream(**context)
    stream.enable_buffering(_PIECES_AT_ONCE)
    stream.dump(out, encoding="utf-8")
