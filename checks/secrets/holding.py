"""Makes a check of a place where values are kept: whether one of them holds a secret.

Checks of this kind differ in the place, in how it is read and in how a secret gets out of it; the question and the
answer are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any

from auditor import PASS, Check, Example, Fix, Resource, Severity, Undetermined, Verdict, check, not_applicable
from auditor.resources.unknown import known_first
from auditor.secrets import scan_value, surely_clean
from checks.secrets.places import Entry, judge

Read = Callable[[Any], Iterator[Entry]]


@dataclass(frozen=True, kw_only=True)
class Holder:
    """A place that may hold secrets.

    `reads` are its parts: each gives the values that it holds, and one that is not known hides none of the others.
    `spared` says why the question does not arise, `""` where it does. `cleared` is a merge patch of the data without
    its secrets.
    """

    id: str
    title: str
    why: str
    breaks: str
    source: str
    views: tuple[type[Resource], ...]
    reads: Sequence[Read]
    cleared: dict[str, Any]
    manual: str
    passes: Callable[[], Sequence[Example]]
    fails: Callable[[], Sequence[Example]]
    unknown: Callable[[], Sequence[Example]]
    terraform: str = ""
    spared: Callable[[Any], str] = lambda _: ""
    severity: Severity = Severity.HIGH
    default: bool = True
    same_as: Sequence[str] = ()

    @property
    def page(self) -> str:
        """The check's page."""
        return f"""{self.title}

        Why: {self.why}

        What a fix may break: {self.breaks}

        Source: {self.source}
        """


def holding(module: str, holder: Holder) -> Check:
    """The check that asks whether a place holds a secret; `module` is the module that it belongs to."""

    def holds_secret(holder_asset: Resource) -> Verdict:
        spared = holder.spared(holder_asset)
        if spared:
            return not_applicable(spared)
        if _is_clean(holder.reads, holder_asset):
            return PASS
        return judge(known_first(holder.reads, lambda read: read(holder_asset)))

    holds_secret.__doc__ = holder.page
    holds_secret.__module__ = module
    holds_secret.__annotations__["holder_asset"] = reduce(or_, holder.views)
    return check(
        holder.id,
        severity=holder.severity,
        default=holder.default,
        same_as=holder.same_as,
        fix=Fix(terraform=holder.terraform, manual=holder.manual, patch={"data": holder.cleared}),
        passes=holder.passes,
        fails=holder.fails,
        unknown=holder.unknown,
    )(holds_secret)


def _is_clean(reads: Sequence[Read], asset: Resource) -> bool:
    """Whether all is known and no secret: the usual case."""
    try:
        values = [(name, value) for read in reads for _, name, value in read(asset)]
    except Undetermined:
        return False
    return surely_clean(values) or not any(scan_value(name, value) for name, value in values)


def of_map(place: str, values: Mapping[str, str]) -> Iterator[Entry]:
    """The values of a map, by their names."""
    for name, value in values.items():
        yield f"{place} {name}", name, value


def of_assignments(place: str, texts: Sequence[str]) -> Iterator[Entry]:
    """The values of texts in the form `NAME=value`."""
    for text in texts:
        name, _, value = text.partition("=")
        yield f"{place} {name}", name, value


def of_text(place: str, name: str, text: str) -> Iterator[Entry]:
    """A single value."""
    if text:
        yield place, name, text
