"""Cloud Asset Inventory exports: newline-delimited JSON or a JSON array, perhaps compressed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING

import msgspec
from msgspec import Raw

from auditor.sources.files import READ_ERRORS, open_file, printable, why

if TYPE_CHECKING:
    from auditor.sources.base import Gaps

_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[{}\[\]]', re.DOTALL)
_REST = "export again; what stands before this place was audited"


@dataclass(frozen=True, slots=True)
class AssetInventoryExport:
    """One file of `gcloud asset export` or `gcloud asset list --format=json`."""

    file: Path
    """Where it is read from."""
    shown: str
    """How places in it are told."""
    is_array: bool
    kind: str = "Cloud Asset Inventory export"
    partial: bool = False
    trusted: bool = False
    """Whether lines may say what only this program says of an asset: what is unknown, its Terraform address."""
    unsupported: Counter[str] = field(default_factory=Counter)

    @property
    def path(self) -> str:
        """The file, printable whatever bytes its name has."""
        return printable(self.file)

    def lines(self, gaps: Gaps) -> Iterator[tuple[int | str, bytes]]:
        """(place, line) of every asset; damage is told to `gaps` and ends the file."""
        try:
            with open_file(self.file) as file:
                yield from self._elements(file, gaps) if self.is_array else self._lines(file)
        except READ_ERRORS as error:
            gaps.add(self.shown, why(error), _REST)

    def _lines(self, file: IO[bytes]) -> Iterator[tuple[int, bytes]]:
        numbered = enumerate(file, 1)
        for number, line in numbered:
            yield number, line.removeprefix(b"\xef\xbb\xbf")
            break
        yield from numbered

    def _elements(self, file: IO[bytes], gaps: Gaps) -> Iterator[tuple[str, bytes]]:
        blocks: list[bytes] = []
        try:
            while block := file.read1(1 << 24):  # type: ignore[attr-defined]  # what stands before damage is kept
                blocks.append(block)
        except READ_ERRORS as error:
            gaps.add(self.shown, why(error), _REST)
        text = b"".join(blocks).removeprefix(b"\xef\xbb\xbf")
        blocks.clear()
        try:
            elements = _whole(text)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            gaps.add(
                self.shown,
                f"not a valid JSON array ({why(error)})",
                "each element that could be told apart was audited",
            )
            elements = _apart(text)
        for number, element in enumerate(elements, 1):
            yield f"{self.shown} element {number}", element


def _whole(text: bytes) -> Iterator[bytes]:
    if text.lstrip()[:1] == b"{":  # {"assets": […]}, a page of the REST API, or one asset
        page = msgspec.json.decode(text, type=dict[str, Raw])
        elements = page.get("assets")
        if elements is None:
            return iter([text])
        return (bytes(raw) for raw in msgspec.json.decode(elements, type=list[Raw]))
    return (bytes(raw) for raw in msgspec.json.decode(text, type=list[Raw]))


def _apart(text: bytes) -> Iterator[bytes]:
    """The objects directly inside the array of a damaged document, by counting braces outside strings."""
    depth, start = 0, 0
    for token in _TOKEN.finditer(text, text.find(b"[") + 1):
        mark = token[0]
        if mark in (b"{", b"["):
            if depth == 0:
                start = token.start()
            depth += 1
        elif mark in (b"}", b"]"):
            depth -= 1
            if depth < 0:
                return
            if depth == 0:
                yield text[start : token.end()]
