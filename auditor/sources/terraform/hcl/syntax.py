"""What files are made of: bodies, attributes and blocks, and where they stand."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from auditor.sources.terraform.hcl.expressions import Node


class SyntaxProblem(Exception):  # noqa: N818 - the message is the sentence that the user reads
    """A file cannot be read on. The message says why, `line` where."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


@dataclass(slots=True)
class Comment:
    """A comment that is addressed to this program."""

    text: str
    line: int
    block: Block | None = None
    """The block that it is about, where the place in the file does not tell."""


@dataclass(slots=True)
class SourceFile:
    """A file, as places in it are told."""

    shown: str
    """How the file is called in places."""
    text: str
    comments: list[Comment] = field(default_factory=list)
    _starts: list[int] = field(default_factory=list)

    def line(self, offset: int) -> int:
        """The number of the line, from 1, in which a character stands."""
        if not self._starts:
            self._starts.append(0)
            at = self.text.find("\n")
            while at >= 0:
                self._starts.append(at + 1)
                at = self.text.find("\n", at + 1)
        return bisect_right(self._starts, offset)


@dataclass(slots=True)
class Attribute:
    """`name = expression`."""

    name: str
    value: Node
    offset: int


@dataclass(slots=True)
class Block:
    """`type "label" { … }`."""

    type: str
    labels: list[str]
    body: Body
    file: SourceFile
    offset: int
    end: int

    @property
    def line(self) -> int:
        """The line in which the block begins."""
        return self.file.line(self.offset)

    @property
    def place(self) -> str:
        """File and line."""
        return f"{self.file.shown}:{self.line}"


@dataclass(slots=True)
class Body:
    """Attributes and blocks."""

    attributes: dict[str, Attribute] = field(default_factory=dict)
    blocks: list[Block] = field(default_factory=list)

    def node(self, name: str) -> Node | None:
        """The expression of an attribute; None where it is not set."""
        attribute = self.attributes.get(name)
        return attribute.value if attribute is not None else None

    def of_type(self, kind: str) -> Iterator[Block]:
        """The blocks of a type."""
        return (block for block in self.blocks if block.type == kind)
