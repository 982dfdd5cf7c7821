"""Where a Terraform address is written: file and line, found in the `.tf` files that a plan or state was made of."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from auditor.sources.base import Gaps, Telling
from auditor.sources.files import printable
from auditor.sources.terraform.blocks import Header, headers
from auditor.sources.terraform.hcl.cursor import ADDRESSED
from auditor.sources.terraform.hcl.files import configurations, read_text

if TYPE_CHECKING:
    from auditor.exceptions import Claim
    from auditor.model.run import Finding
    from auditor.sources.terraform.hcl.exceptions import InlineException
    from auditor.sources.terraform.hcl.syntax import Block

_KEY = r'(?:\[(?:"(?:[^"\\]|\\.)*"|\d+)\])?'
_MODULE = re.compile(rf"module\.([\w-]+){_KEY}\.")
_RESOURCE = re.compile(rf"(data\.)?([\w-]+)\.([\w-]+){_KEY}")
_ADDRESSES = re.compile(r'(?:"(?:[^"\\]|\\.)*"|[^",]|,(?! ))+')
_HERE = ("./", "../", ".\\", "..\\")
_BLOCKS = {"resource": 2, "data": 2, "module": 1}


class Places:
    """Finds blocks in a folder of Terraform files and in the local modules that they call."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._modules: dict[Path, dict[tuple[str, ...], tuple[str, Header]]] = {}
        self._lines: dict[str, list[str]] = {}
        self._parsed: dict[str, Block | None] = {}

    def of(self, address: str) -> str:
        """`FILE:LINE` of the block that an address means; of what a module from elsewhere holds, that of its call.

        `""` where there is no such block.
        """
        return self.chain(address)[-1]

    def chain(self, address: str) -> list[str]:
        """The same after the places of the module calls that lead there; the last may be `""`."""
        folder, rest = self._folder, address
        places: list[str] = []
        while called := _MODULE.match(rest):
            place, header = self._blocks(folder).get(("module", called[1]), ("", None))
            places.append(place)
            if header is None or not header.source.startswith(_HERE):
                return places
            folder = Path(os.path.normpath(folder / header.source.replace("\\", "/")))
            rest = rest[called.end() :]
        match = _RESOURCE.match(rest)
        if match is None:
            return [*places, ""]
        kind = "data" if match[1] else "resource"
        return [*places, self._blocks(folder).get((kind, match[2], match[3]), ("", None))[0]]

    def inside(self, place: str, asset_type: str, fields: Collection[str]) -> str:
        """`FILE:LINE` of what sets the first of some fields in the block at a place, or `""`."""
        shown, _, line = place.rpartition(":")
        if shown.endswith(".json") or not line.isdigit():
            return ""
        from auditor.sources.terraform.hcl.pinpoint import block_at, line_in  # with the parser, as above

        if shown not in self._lines:
            self._lines[shown] = (read_text(Path(shown), shown, Gaps()) or "").split("\n")
        if place not in self._parsed:
            self._parsed[place] = block_at(shown, self._lines[shown], int(line))
        block = self._parsed[place]
        found = line_in(block, asset_type, fields) if block is not None else None
        return f"{shown}:{int(line) + found - 1}" if found is not None else ""

    def exceptions(self) -> Iterator[InlineException]:
        """What comments accept in the files of all folders that addresses led to. What cannot be read says nothing."""
        speaking = [one for one in {self._folder, *self._modules} if any(map(_speaks, _configurations(one)))]
        if speaking:  # the parser takes its time to load
            from auditor.sources.terraform.hcl.exceptions import exceptions_in
            from auditor.sources.terraform.hcl.load import read_module

            for folder in sorted(speaking):
                yield from exceptions_in(read_module(folder, Gaps()))

    def _blocks(self, folder: Path) -> dict[tuple[str, ...], tuple[str, Header]]:
        """(place, header) of every block of a folder's files. What cannot be read has no places; it is no gap."""
        found = self._modules.get(folder)
        if found is None:
            found = self._modules[folder] = {}
            for path in _configurations(folder):
                shown = _shown(path)
                for header in _headers(path, shown):
                    found.setdefault((header.kind, *header.labels), (f"{shown}:{header.line}", header))
        return found


def grant_in(finding: Finding, grants: Iterable[tuple[str, str]]) -> tuple[str, str]:
    """The one of some (role, member) that a finding is about, as its evidence or its message tells it."""
    told = (str(finding.evidence.get("role", "")), str(finding.evidence.get("member", "")))
    if told in grants:
        return told
    named = (grant for grant in grants if all(part in finding.message for part in grant))
    return max(named, key=lambda grant: len("".join(grant)), default=("", ""))


def split(addresses: str) -> list[str]:
    """The addresses of an asset that several resources make up, one by one."""
    return _ADDRESSES.findall(addresses)


def _configurations(folder: Path) -> list[Path]:
    """The Terraform files directly in a folder."""
    try:
        return [folder / name for name in configurations(folder)]
    except OSError:
        return []


def _shown(path: Path | str) -> str:
    """How a file is called in places."""
    return printable(Path(os.path.normpath(path)).as_posix())


def _speaks(path: Path) -> bool:
    """Whether a file may hold a comment that is addressed to this program."""
    return ADDRESSED in (read_text(path, "", Gaps()) or "")


def _headers(path: Path, shown: str) -> Iterator[Header]:
    text = read_text(path, shown, Gaps())
    if text is None:
        return
    if not shown.endswith(".json"):
        yield from headers(text)
        return
    from auditor.sources.terraform.hcl.parse_json import parse_json_file
    from auditor.sources.terraform.hcl.syntax import SourceFile

    body, _ = parse_json_file(SourceFile(shown, text))
    for block in body.blocks:
        if _BLOCKS.get(block.type) == len(block.labels):
            node = block.body.node("source")
            yield Header(block.type, tuple(block.labels), block.line, (node.plain() or "") if node else "")


class OfTerraform(Protocol):
    """A source whose places are `SHOWN ADDRESS`: a plan or a state."""

    path: str
    shown: str
    kind: str
    partial: bool
    trusted: bool
    unsupported: Counter[str]
    made_of: dict[str, list[str]]
    granted: dict[str, dict[tuple[str, str], str]]

    def lines(self, gaps: Gaps) -> Iterator[tuple[str, bytes]]:
        """(place, line) of each asset."""


@dataclass(slots=True)
class Placed:
    """A plan or state whose assets are placed where the files of a folder declare them."""

    source: OfTerraform
    folder: Path
    path: str = field(init=False)
    shown: str = field(init=False)
    kind: str = field(init=False)
    partial: bool = field(init=False)
    trusted: bool = field(init=False)
    unsupported: Counter[str] = field(init=False)
    _places: Places = field(init=False)

    def __post_init__(self) -> None:
        self.path, self.shown, self.kind = self.source.path, self.source.shown, self.source.kind
        self.partial, self.trusted = self.source.partial, self.source.trusted
        self.unsupported = self.source.unsupported
        self._places = Places(self.folder)

    def lines(self, gaps: Gaps) -> Iterator[tuple[str, bytes]]:
        """(place, line) of each asset; the place is `FILE:LINE` where a block declares it."""
        begin = len(self.shown) + 1
        for place, line in self.source.lines(gaps):
            yield self.of(place[begin:]) or place, line

    def of(self, addresses: str) -> str:
        """`FILE:LINE` of the first of several addresses, `""` where it is nowhere."""
        return self._places.of(addresses)

    def claims(self) -> list[Claim]:
        """The exceptions in comments of the files, each about the findings of what its block makes."""
        found = self._places.exceptions()
        return [one.claim(self._about(f"{_shown(one.block_file)}:{one.block_line}")) for one in found]

    def written_at(self, finding: Finding) -> str:
        """`FILE:LINE` of the block that grants what a finding is about, or of the attribute that sets it, or `""`."""
        if not finding.source or finding.source != self.of(finding.address):
            return ""
        grants = self.source.granted.get(finding.address, {})
        granted = self._places.of(grants.get(grant_in(finding, grants), ""))
        return granted or self._places.inside(finding.source, finding.asset_type, finding.evidence)

    def notices(self) -> list[str]:
        """What the plan has to say."""
        return self.source.notices() if isinstance(self.source, Telling) else []

    def _about(self, block: str) -> Callable[[Finding], bool]:
        def covers(finding: Finding) -> bool:
            addresses = [*split(finding.address), *self.source.made_of.get(finding.address, ())]
            return finding.source == self.of(finding.address) and any(
                block in self._places.chain(address) for address in addresses
            )

        return covers


def has_files(folder: Path) -> bool:
    """Whether Terraform files lie directly in a folder."""
    try:
        return bool(configurations(folder))
    except OSError:
        return False
