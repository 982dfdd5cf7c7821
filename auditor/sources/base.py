"""What a source is, and where it tells what it could not read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from auditor.completeness import Missing, Missings
from auditor.model.run import Gap

if TYPE_CHECKING:
    from auditor.exceptions import Claim
    from auditor.model.run import Finding

GAPS_TOLD = 100
"""Broken lines that are kept word for word; the others are counted."""


class Gaps:
    """What could not be read. Of broken lines the first are kept word for word, all are counted."""

    def __init__(self) -> None:
        self.told: list[Gap] = []
        self.untold = 0
        self.files = 0
        """Files, or parts of files, that could not be read."""
        self.missing = Missings()
        """What of an estate a source knows not to hold: it costs only what rests on it."""

    def add(self, where: str, problem: str, advice: str) -> None:
        """Note that a file, or the rest of it, could not be read."""
        self.files += 1
        self.told.append(Gap(where=where, problem=problem, advice=advice))

    def add_missing(self, part: Missing) -> None:
        """Note that some assets were not read. Why is told by `add_line`, alike parts together."""
        self.missing.add(part)

    def add_line(self, where: str, problem: str, advice: str = "") -> None:
        """Note that one record could not be read or used."""
        if len(self.told) < GAPS_TOLD:
            default = "export the assets again, or mend the line; every other line was audited"
            self.told.append(Gap(where=where, problem=problem, advice=advice or default))
        else:
            self.untold += 1

    def add_value(self, where: str, problem: str) -> None:
        """Note that one value of a record could not be read; the rest of the record was audited."""
        self.add_line(where, problem, "export the assets again, or mend the value; what rests on it is not assessed")


class Source(Protocol):
    """Where assets come from: lines of Cloud Asset Inventory JSON, each one asset or one content of it."""

    @property
    def path(self) -> str:
        """The file."""

    @property
    def kind(self) -> str:
        """What it was taken for, in words."""

    @property
    def partial(self) -> bool:
        """Whether the source shows only part of the estate (a plan), so that absence proves nothing."""

    @property
    def trusted(self) -> bool:
        """Whether the source is ours to the letter, so that a record may say what is unknown of it."""

    @property
    def unsupported(self) -> Counter[str]:
        """Terraform types met that cannot be read yet, known after `lines` was used up."""

    def lines(self, gaps: Gaps) -> Iterator[tuple[int | str, bytes]]:
        """(place, line) of each record; what cannot be read is told to `gaps`.

        The place is the line's number in `path`, or where that means nothing, the place in words.
        """
        ...


@runtime_checkable
class Accepting(Protocol):
    """A source that holds exceptions: comments of its files accept findings."""

    def claims(self) -> list[Claim]:
        """The exceptions in it, known after `lines` was used up."""
        ...


@runtime_checkable
class Pinpointing(Protocol):
    """A source that knows of what it yields where its parts are written, known after `lines` was used up."""

    def written_at(self, finding: Finding) -> str:
        """Where the part stands that a finding is about, as `FILE:LINE`; `""` where that is not known."""
        ...


@runtime_checkable
class Telling(Protocol):
    """A source that has something to say that is neither an asset nor a gap."""

    def notices(self) -> list[str]:
        """Sentences for whoever reads the run, known after `lines` was used up."""
        ...
