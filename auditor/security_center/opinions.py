"""The findings of Security Command Center in the sources, and the names that are needed to match them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Any

import msgspec

from auditor.security_center.names import Names
from auditor.sources.base import Gaps

if TYPE_CHECKING:
    from auditor.sources.base import Source

FINDING = "securitycenter.googleapis.com/Finding"
_PROJECT = "cloudresourcemanager.googleapis.com/Project"
_OF_FINDING = FINDING.encode()
_OF_PROJECT = _PROJECT.encode()
_CALLED_OTHERWISE = (b'"compute.googleapis.com/', b'"iam.googleapis.com/ServiceAccount"')
_MISCONFIGURATION = ("MISCONFIGURATION", "FINDING_CLASS_UNSPECIFIED", "")


class Standing(IntEnum):
    """What a finding says now; of several of one problem the greatest counts."""

    INACTIVE = 0
    """It said so once."""
    MUTED = 1
    """It says so, and somebody hid it."""
    ACTIVE = 2


class _Data(msgspec.Struct, rename="camel"):
    category: str = ""
    resource_name: str = ""
    state: str = ""
    mute: str = ""
    finding_class: str = ""
    project_id: str = ""
    project_number: Any = ""
    id: Any = ""
    email: Any = ""
    unique_id: Any = ""

    @property
    def standing(self) -> Standing:
        if self.state != "ACTIVE":
            return Standing.INACTIVE
        return Standing.MUTED if self.mute == "MUTED" else Standing.ACTIVE


class _Resource(msgspec.Struct):
    data: _Data | None = None


class _Line(msgspec.Struct):
    name: str = ""
    asset_type: str = ""
    ancestors: list[str] = []
    resource: _Resource | None = None


@dataclass(slots=True)
class Opinions:
    """What Security Command Center says."""

    by_category: dict[str, dict[str, Standing]] = field(default_factory=dict)
    """Category → the asset's name, as `Names.canonical` has it → how it stands."""
    shown: dict[str, str] = field(default_factory=dict)
    """The canonical name → as it was told first."""
    counts: Counter[Standing] = field(default_factory=Counter)
    """Findings by how they stand."""
    classes: Counter[str] = field(default_factory=Counter)
    """Active findings that are no misconfigurations, by class: threats, vulnerabilities and so on."""
    names: Names = field(default_factory=Names)


def read_opinions(sources: Iterable[Source]) -> Opinions:
    """The findings in the sources, which are read once more (twice, where names have to be matched by the data)."""
    sources = list(sources)
    opinions = Opinions()
    seen: set[int] = set()
    told: dict[tuple[str, str], Standing] = {}
    for line in _lines(sources, _OF_FINDING, _OF_PROJECT):
        data = line.resource.data if line.resource else None
        if data is None:
            continue
        if line.asset_type == _PROJECT:
            _note_project(opinions.names, line, data)
        elif line.asset_type == FINDING and hash(line.name) not in seen:
            seen.add(hash(line.name))
            _count(opinions, data, told)
    _match_by_data(opinions.names, sources, {name for _, name in told})
    for (category, name), standing in told.items():
        asset = opinions.names.canonical(name)
        opinions.shown.setdefault(asset, name)
        said = opinions.by_category.setdefault(category, {})
        said[asset] = max(standing, said.get(asset, standing))
    return opinions


def _count(opinions: Opinions, data: _Data, told: dict[tuple[str, str], Standing]) -> None:
    """Count a finding, and keep what it tells of if that can be compared."""
    standing = data.standing
    opinions.counts[standing] += 1
    if data.finding_class in _MISCONFIGURATION:
        key = (data.category, data.resource_name)
        told[key] = max(standing, told.get(key, standing))
    elif standing is Standing.ACTIVE:
        opinions.classes[data.finding_class] += 1


def _lines(sources: Iterable[Source], *marks: bytes) -> Iterator[_Line]:
    """The records in whose text a mark is found; what cannot be read was told by the scan."""
    decoder = msgspec.json.Decoder(_Line, strict=False)
    for source in sources:
        for _, text in source.lines(Gaps()):
            if any(mark in text for mark in marks):
                try:
                    yield decoder.decode(text)
                except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                    continue


def _note_project(names: Names, line: _Line, data: _Data) -> None:
    number = str(data.project_number or next((name for name in line.ancestors if name.startswith("projects/")), ""))
    number = number.removeprefix("projects/")
    if number.isdigit() and data.project_id:
        names.numbers[data.project_id] = number


def _match_by_data(names: Names, sources: list[Source], told: Iterable[str]) -> None:
    """Learn the inventory's names of what findings name by a number or an address that only the data holds."""
    wanted = {names.canonical(name) for name in told if names.needs_help(name)}
    if not wanted:
        return
    for line in _lines(sources, *_CALLED_OTHERWISE):
        data = line.resource.data if line.resource else None
        if data is None:
            continue
        if isinstance(data.email, str) and "/serviceAccounts/" in line.name:
            account = "//iam.googleapis.com/serviceAccounts/"
            names.alias(account + data.email, account + str(data.unique_id or line.name.rpartition("/")[2]))
        elif str(data.id).isdigit():
            by_number = f"{line.name.rpartition('/')[0]}/{data.id}"
            if names.canonical(by_number) in wanted:
                names.alias(by_number, line.name)
