"""A place in a file that is being read, and the patterns of the language's words.

Source: github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md
"""

from __future__ import annotations

import re

from auditor.sources.terraform.hcl.syntax import Comment, SourceFile, SyntaxProblem

MAX_DEPTH = 60
"""How deeply expressions and blocks may be nested; deeper is nobody's configuration."""
ADDRESSED = "auditor:"
"""What a comment for this program says."""

IDENTIFIER = re.compile(r"[^\W\d][\w-]*+")
NUMBER = re.compile(r"\d++(?:\.\d++)?+(?:[eE][+-]?\d++)?+")
_INLINE = re.compile(r"(?:[ \t\r]++|(?:#|//)[^\n]*+|/\*[\s\S]*?\*/)*+")
_ANYWHERE = re.compile(r"(?:[ \t\r\n]++|(?:#|//)[^\n]*+|/\*[\s\S]*?\*/)*+")
_COMMENT = re.compile(r"(?:#|//)([^\n]*+)|/\*([\s\S]*?)\*/")


class Cursor:
    """Reads a text from left to right.

    `newlines` tells whether line breaks are blanks, as inside brackets; `broken` where the outermost block begins.
    """

    def __init__(self, file: SourceFile) -> None:
        self.file = file
        self.text = file.text
        self.position = 0
        self.newlines = False
        self.depth = 0
        self.broken = 0
        self._notes = ADDRESSED in file.text

    def space(self) -> None:
        """Skip blanks and comments."""
        self._skip(_ANYWHERE if self.newlines else _INLINE)

    def lines(self) -> None:
        """Skip blanks, comments and line breaks."""
        self._skip(_ANYWHERE)

    def _skip(self, pattern: re.Pattern[str]) -> None:
        start = self.position
        found = pattern.match(self.text, start)
        self.position = found.end() if found else start
        if self._notes and self.position > start and ADDRESSED in self.text[start : self.position]:
            self._note(start)

    def _note(self, start: int) -> None:
        for comment in _COMMENT.finditer(self.text, start, self.position):
            text = comment[1] if comment[1] is not None else comment[2]
            noted = Comment(text.strip(), self.file.line(comment.start()))
            if ADDRESSED in text and noted not in self.file.comments:
                self.file.comments.append(noted)

    def at(self, mark: str) -> bool:
        """Whether `mark` stands here."""
        return self.text.startswith(mark, self.position)

    def take(self, mark: str) -> bool:
        """Skip blanks; go past `mark`, if it stands there."""
        self.space()
        if self.text.startswith(mark, self.position):
            self.position += len(mark)
            return True
        return False

    def expect(self, mark: str, what: str) -> None:
        """Go past `mark`. Raises `SyntaxProblem`."""
        if not self.take(mark):
            raise self.problem(f"{mark} is missing {what}")

    def match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Go past what the pattern finds here."""
        found = pattern.match(self.text, self.position)
        if found is not None:
            self.position = found.end()
        return found

    def word(self, what: str) -> str:
        """Go past an identifier. Raises `SyntaxProblem`."""
        self.space()
        found = self.match(IDENTIFIER)
        if found is None:
            raise self.problem(f"{what} is missing")
        return found[0]

    def deeper(self) -> None:
        """Go one level of nesting down. Raises `SyntaxProblem`."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.problem(f"it is nested more than {MAX_DEPTH} levels deep")

    def problem(self, message: str, offset: int | None = None) -> SyntaxProblem:
        """The error to raise here."""
        return SyntaxProblem(message, self.file.line(self.position if offset is None else offset))
