"""Collections as a source: written with their coverage, read with what it says is missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from auditor.completeness import Missing, is_inventoried
from auditor.model.collection import Collection
from auditor.output import opened
from auditor.resources.decode import Unreadable, parse
from auditor.sources.base import Gaps
from auditor.sources.files import READ_ERRORS, open_file, printable, why
from auditor.sources.live.assets import policy_keys, without_policies_read
from auditor.sources.live.coverage import ASSET_TYPE, BEYOND, Coverage, Part, alike_parts, read_coverage
from auditor.sources.live.declaration import Record
from auditor.sources.live.failures import State
from auditor.sources.live.journal import Head, Journal
from auditor.sources.live.needs import ACCESS_MANAGER, ORG_POLICY, Needs

BEGINNING = b'{"name":"//auditor/collection","asset_type":"auditor/Collection"'
"""How a collection begins; by this it is told from an export."""
_ORG_POLICY_TYPE = f'"{ORG_POLICY}"'.encode()
_REST = "collect again; what stands before this place was audited"


class _Hanging(Head):
    access_policy: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    access_level: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    service_perimeter: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET

    @property
    def service(self) -> str:
        """The service that the record tells of; access policies hang on their organisation."""
        hanging = (self.access_policy, self.access_level, self.service_perimeter)
        if any(part is not msgspec.UNSET for part in hanging):
            return ACCESS_MANAGER.removesuffix("/")
        return self.name.removeprefix("//").partition("/")[0]


class NotACollection(Exception):  # noqa: N818 - the message is the sentence that the user reads
    """A file is no collection, or one that cannot be read."""


def write(path: Path, journal: Journal, coverage: Coverage) -> int:
    """Write a collection, compressed where the name ends so; how many records it holds. Raises OSError."""
    known = _count(journal, coverage)
    encoder = msgspec.json.Encoder()
    records = 0
    with opened(path) as file:
        file.write(encoder.encode(coverage.record()) + b"\n")
        for line in journal.lines():
            if b'"org_policy"' in line:
                for record in without_policies_read([msgspec.json.decode(line)], known):
                    file.write(encoder.encode(record) + b"\n")
                    records += 1
            else:
                file.write(line)
                records += 1
    return records


def _count(journal: Journal, coverage: Coverage) -> set[str]:
    """Fill in the coverage's counts; the organisation policies that came as resources."""
    head = msgspec.json.Decoder(_Hanging)
    types: Counter[str] = Counter()
    homes: dict[str, Counter[str]] = {}
    known: set[str] = set()
    reached = set(coverage.reached)
    for line in journal.lines():
        record = head.decode(line)
        types[record.asset_type] += 1
        home = next((name for name in record.ancestors if name in reached), "")
        homes.setdefault(home, Counter())[record.service] += 1
        if _ORG_POLICY_TYPE in line and record.asset_type == ORG_POLICY:
            known |= policy_keys([{"asset_type": ORG_POLICY, "name": record.name, "ancestors": record.ancestors}])
    coverage.types = dict(sorted(types.items()))
    coverage.by_home = {home: dict(sorted(counts.items())) for home, counts in sorted(homes.items())}
    return known


def is_coverage(line: bytes) -> bool:
    """Whether a line is the record of a collection's coverage, which is the first of a collection."""
    try:
        return bool(parse(line).get("asset_type") == ASSET_TYPE)
    except Unreadable:
        return line.startswith(BEGINNING)


@dataclass(slots=True, weakref_slot=True)
class Collected:
    """A collection as the source of a scan."""

    file: Path
    path: str
    """How it is told: the file, or the live target."""
    coverage: Coverage
    kind: str = "collection of a live estate"
    partial: bool = False
    trusted: bool = True
    needs: Needs | None = None
    """What the checks of the scan read; None where that is not known: then whatever is missing counts, and nothing that
    was collected in part is taken for complete."""
    is_the_whole: bool = False
    """Whether the user vouches that nothing lies beyond the targets."""
    unsupported: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of_file(cls, file: Path, *, path: str = "", needs: Needs | None = None) -> Collected:
        """The collection in a file. Raises `NotACollection`."""
        shown = path or printable(file)
        try:
            with open_file(file) as opened:
                first = opened.readline()
            record: Record = parse(first)
            if record.get("asset_type") != ASSET_TYPE:
                raise NotACollection(f"{shown}: no collection of this auditor")
            return cls(file, shown, read_coverage(record), needs=needs)
        except READ_ERRORS as error:
            raise NotACollection(f"{shown}: {why(error)}") from None
        except (Unreadable, ValueError) as problem:
            raise NotACollection(f"{shown}: {problem}") from None

    @property
    def exported(self) -> frozenset[str]:
        """What the engine may take as complete, but for what `lines` tells to be missing.

        What was not asked for must not be taken for absent: where `needs` does not tell what is read, only what was
        collected of all types counts.
        """
        complete = set(self.coverage.asked_for)
        if self.needs is None and self.coverage.asked_policies is not None:
            complete.discard("iam-policy")
        if self.needs is None and self.coverage.asked_types is not None:
            complete -= {"resource", "org-policy", "access-policy"}
        return frozenset(complete)

    def lines(self, gaps: Gaps) -> Iterator[tuple[int | str, bytes]]:
        """(place, line) of every asset; what is missing is told before."""
        counting = [part for part in self.coverage.missing if self._counts(part)]
        for part, alike in alike_parts(part for part in counting if part.state is not State.NOT_ASKED):
            gaps.add_line(self.path, part.problem + (f", and {alike - 1:,} more" if alike > 1 else ""), part.advice)
        for lack in self.coverage.lacks():
            if lack.place != BEYOND or not self.is_the_whole:
                gaps.add_missing(lack)
        for lack in self._not_collected():
            gaps.add_missing(lack)
            what = "IAM policies" if lack.policies else "resources"
            some = f" ({', '.join(sorted(lack.asset_types)[:3])}, …)" if lack.asset_types else ""
            gaps.add_line(self.path, f"{what} that the checks read were not collected{some}", "collect again")
        try:
            with open_file(self.file) as file:
                numbered = enumerate(file, 1)
                next(numbered, None)
                yield from numbered
        except READ_ERRORS as error:
            gaps.add(self.path, why(error), _REST)

    def _not_collected(self) -> Iterator[Missing]:
        """What the checks read and the collection was not made for."""
        wanted, coverage = self.needs, self.coverage
        if wanted is None:
            return
        if coverage.asked_types is not None and wanted.resources is not None:
            left = frozenset(filter(is_inventoried, wanted.resources - set(coverage.asked_types)))
            if left:
                yield Missing("", "not collected", left)
        if coverage.asked_policies is not None:
            asked = frozenset(coverage.asked_policies)
            if wanted.policies is None:
                yield Missing("", "not collected", besides=asked, policies=True)
            elif wanted.policies - asked:
                yield Missing("", "not collected", wanted.policies - asked, policies=True)

    def _counts(self, part: Part) -> bool:
        """Whether the scan may rest on a missing part."""
        if self.needs is None or part.content or not part.asset_types:
            return True
        return any(":" in name or self.needs.wants(name) for name in part.asset_types)


def vouched_by(sources: Iterable[Any], exported: frozenset[str]) -> frozenset[str]:
    """What may be taken as complete: what the user said, and what all sources, being collections, hold in full."""
    sources = list(sources)
    for source in sources:
        if isinstance(source, Collected):
            source.is_the_whole = "resource" in exported
    vouched = [source.exported if isinstance(source, Collected) else frozenset[str]() for source in sources]
    return exported | (frozenset.intersection(*vouched) if vouched else frozenset())


def collections_of(sources: Iterable[Any]) -> list[Collection]:
    """What a run tells of the collections among its sources."""
    return [source.coverage.collection() for source in sources if isinstance(source, Collected)]
