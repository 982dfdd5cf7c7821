"""The comparison: for each category of Security Command Center, where it and our checks agree, and where not."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any

import msgspec

from auditor.model.run import Run
from auditor.model.security_center import CategoryComparison, Disagreement, SecurityCenterComparison
from auditor.model.text import plural
from auditor.security_center.opinions import FINDING, Opinions, Standing, read_opinions

if TYPE_CHECKING:
    from auditor.check import Check
    from auditor.sources.base import Source

PLACES = 1_000
"""Disagreements of a category that a run keeps; all are counted."""
_PREFIX = "sha:"
_NOT_IN_INPUT = "not in the input under this name"

Ask = Callable[[list["Check"], IO[bytes]], object]
"""Asks some checks of all assets again, and writes every verdict to a ledger."""


def has_findings(run: Run) -> bool:
    """Whether the run's input holds findings of Security Command Center."""
    return any(kind.asset_type == FINDING and kind.assets for kind in run.population.by_type)


def categories_of(same_as: Iterable[str]) -> list[str]:
    """The categories of Security Command Center among the ids of a check in other systems."""
    return [name.removeprefix(_PREFIX) for name in same_as if name.startswith(_PREFIX)]


def compare(run: Run, catalogue: Sequence[Check], sources: Iterable[Source], ask: Ask) -> SecurityCenterComparison:
    """What Security Command Center says of the sources beside what the run says of them."""
    opinions = read_opinions(sources)
    work = _Work(run, catalogue, opinions)
    work.set_ours_beside_theirs()
    work.ask_about_theirs(ask)
    compared = [work.category(name) for name in work.known]
    compared.sort(key=lambda row: (-row.only_theirs, -row.muted, -row.only_ours, row.category))
    uncovered = {
        name: sum(standing is Standing.ACTIVE for standing in said.values())
        for name, said in sorted(opinions.by_category.items())
        if name not in work.known
    }
    return SecurityCenterComparison(
        findings=opinions.counts.total(),
        active=opinions.counts[Standing.ACTIVE],
        muted=opinions.counts[Standing.MUTED],
        inactive=opinions.counts[Standing.INACTIVE],
        categories=[row for row in compared if row.agree or row.only_ours or row.only_theirs or row.muted],
        uncovered={name: number for name, number in uncovered.items() if number},
        other_classes=dict(sorted(opinions.classes.items())),
    )


@dataclass(slots=True)
class _Row:
    agree: set[str] = field(default_factory=set)
    only_ours: dict[str, str] = field(default_factory=dict)
    """Asset → what Security Command Center says."""
    muted: dict[str, str] = field(default_factory=dict)
    """Asset → our check."""
    only_theirs: dict[str, list[str]] = field(default_factory=dict)
    """Asset → what our checks say."""


class _Work:
    """One comparison."""

    def __init__(self, run: Run, catalogue: Sequence[Check], opinions: Opinions) -> None:
        self._run = run
        self._opinions = opinions
        self._asked = {check.id for check in run.checks}
        self._checks: dict[str, list[Check]] = {}
        self._categories = {check.id: categories_of(check.same_as) for check in catalogue}
        for check in catalogue:
            for category in self._categories[check.id]:
                self._checks.setdefault(category, []).append(check)
        self._rows: dict[str, _Row] = {name: _Row() for name in self._checks}

    @property
    def known(self) -> Iterable[str]:
        """The categories that a check of ours stands beside."""
        return self._checks

    def set_ours_beside_theirs(self) -> None:
        """Sort our findings into agreement and disagreement, and theirs that are left."""
        for finding in self._run.findings:
            categories = self._categories[finding.check]
            if categories:
                self._place(finding.check, finding.asset, categories)
        for category, said in self._opinions.by_category.items():
            row = self._rows.get(category)
            if row is not None:
                for asset, standing in said.items():
                    if standing is Standing.ACTIVE and asset not in row.agree:
                        row.only_theirs[asset] = []

    def _place(self, check: str, name: str, categories: list[str]) -> None:
        asset = self._opinions.names.canonical(name)
        said = {category: self._opinions.by_category.get(category, {}).get(asset) for category in categories}
        active = [category for category, standing in said.items() if standing is Standing.ACTIVE]
        for category in active:
            self._rows[category].agree.add(asset)
        if active:
            return
        self._opinions.shown.setdefault(asset, name)
        muted = next((category for category, standing in said.items() if standing is Standing.MUTED), None)
        if muted is not None:
            self._rows[muted].muted[asset] = f"{check} fails"
        else:
            gone = any(standing is Standing.INACTIVE for standing in said.values())
            row = self._rows[categories[0]]
            row.only_ours[asset] = "its finding is inactive" if gone else "no finding"

    def ask_about_theirs(self, ask: Ask) -> None:
        """Learn what our checks say of the assets that only Security Command Center has a finding of."""
        wanted = {name: row for name, row in self._rows.items() if row.only_theirs}
        checks = {check.id: check for name in wanted for check in self._checks[name] if check.id in self._asked}
        if checks:
            ask([checks[name] for name in sorted(checks)], _Listening(self._heard))
        for name, row in wanted.items():
            asked = [check.id for check in self._checks[name] if check.id in checks]
            unasked = [check.id for check in self._checks[name] if check.id not in checks]
            for said in row.only_theirs.values():
                if not said and asked:
                    said.append(_NOT_IN_INPUT)
                said.extend(f"{check} was not asked" for check in unasked)

    def _heard(self, check: str, asset: str, words: str) -> None:
        name = self._opinions.names.canonical(asset)
        for category in self._categories[check]:
            said = self._rows[category].only_theirs.get(name)
            if said is not None:
                said.append(f"{check}: {words}")

    def category(self, name: str) -> CategoryComparison:
        """A category as the run records it."""
        row = self._rows[name]
        shown = self._opinions.shown
        places = [
            *(Disagreement(asset=shown[a], kind="only theirs", says="; ".join(s)) for a, s in row.only_theirs.items()),
            *(Disagreement(asset=shown[a], kind="only ours", says=words) for a, words in row.only_ours.items()),
            *(Disagreement(asset=shown[a], kind="muted there", says=words) for a, words in row.muted.items()),
        ]
        places.sort(key=lambda place: (place.kind != "only theirs", place.kind, place.asset))
        return CategoryComparison(
            category=name,
            checks=sorted(check.id for check in self._checks[name]),
            agree=len(row.agree),
            only_ours=len(row.only_ours),
            only_theirs=len(row.only_theirs),
            muted=len(row.muted),
            places=places[:PLACES],
        )


class _Listening(io.BytesIO):
    """A ledger that tells each verdict and keeps none."""

    def __init__(self, tell: Callable[[str, str, str], None]) -> None:
        super().__init__()
        self._tell = tell

    def write(self, line: Any) -> int:
        """Tell the verdict in a line."""
        row: dict[str, Any] = msgspec.json.decode(line)
        verdict = str(row["verdict"]).replace("_", " ")
        self._tell(row["check"], row["asset"], f"{verdict} ({row['reason']})" if row["reason"] else verdict)
        return len(line)


def in_words(opinion: SecurityCenterComparison) -> str:
    """The comparison as a clause."""
    muted, uncovered = opinion.total("muted"), sum(opinion.uncovered.values())
    more = f", {muted:,} only ours for it is muted there" if muted else ""
    rest = f"; {uncovered:,} in categories that no check of ours covers" if uncovered else ""
    return (
        f"{plural(opinion.findings, 'finding')} beside ours: {opinion.total('agree'):,} agree, "
        f"{opinion.total('only_ours'):,} only ours, {opinion.total('only_theirs'):,} only theirs{more}{rest}"
    )
