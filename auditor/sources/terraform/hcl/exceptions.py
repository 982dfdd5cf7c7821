"""Exceptions written as comments beside what they accept.

    # auditor:accept bucket-public reason="a static site" expires=2026-12-31 owner=web@example.com ticket=SEC-12

`reason` and `expires` are needed, `owner`, `approver` and `ticket` are not; `finding` names the fingerprint of the one
finding that is meant, which paths to control ask for. A comment inside of a block, or directly above it, is about that
block; in a `.tf.json` file a `"//"` property is the comment.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

from auditor.exceptions import Claim
from auditor.model.run import Finding, FindingException
from auditor.sources.terraform.hcl.cursor import ADDRESSED
from auditor.sources.terraform.hcl.load import Module
from auditor.sources.terraform.hcl.syntax import Block, Comment, SourceFile

_ACCEPT = re.compile(rf"{ADDRESSED}(\S*)\s*(?:([\w-]+)(?=\s|$))?(.*)", re.DOTALL)
_ALLOW = re.compile(rf"{ADDRESSED}allow\b")
"""What is said to the search for secrets."""
_FIELD = re.compile(r'\s*(\w+)=(?:"([^"]*)"|(\S+))')
_FIELDS = ("reason", "expires", "owner", "approver", "ticket", "finding")
_ABOVE = 3
"""How many lines above a block a comment about it may stand, with nothing but comments between."""


@dataclass(frozen=True, slots=True)
class InlineException:
    """One comment. Where `problem` says something, it does not count, and that is what to tell."""

    check: str
    reason: str
    expires: date | None
    """The last day on which it counts."""
    owner: str
    approver: str
    ticket: str
    finding: str
    file: str
    line: int
    block: str
    """The address of the block in its module: `google_storage_bucket.b`; `""` where it is about none."""
    block_file: str
    block_line: int
    """Where that block begins, which may be in another file than what overrides it; 0 where it is about none."""
    problem: str = ""

    def claim(self, covers: Callable[[Finding], bool]) -> Claim:
        """The exception for findings that `covers` says are about its block."""
        record = FindingException(
            kind="inline",
            check=self.check,
            about=self.block,
            fingerprint=self.finding,
            place=f"{self.file}:{self.line}",
            reason=self.reason,
            owner=self.owner,
            approver=self.approver,
            ticket=self.ticket,
            granted=None,
            expires=self.expires,
            state="invalid" if self.problem else "unused",
            problem=self.problem,
            findings=[],
        )
        return Claim(record, covers)


def exceptions_in(module: Module) -> Iterator[InlineException]:
    """The exceptions in the files of a module."""
    declared = {id(block): block for block in module.declared.values()}
    declared |= {id(block): base for block, base in module.overriding}
    written = [*module.declared.values(), *(block for block, _ in module.overriding)]
    blocks = [block for block in written if block.type in ("resource", "data", "module")]
    for file in module.files:
        for comment in file.comments:
            if _ALLOW.search(comment.text):
                continue
            block = _about(file, comment, [block for block in blocks if block.file is file])
            yield _read(file, comment, declared[id(block)] if block is not None else None)


def _about(file: SourceFile, comment: Comment, blocks: list[Block]) -> Block | None:
    if file.shown.endswith(".json"):
        return next((block for block in blocks if block is comment.block), None)
    for block in blocks:
        if block.line <= comment.line <= file.line(block.end):
            return block
    below = (block for block in blocks if 0 < block.line - comment.line <= _ABOVE)
    nearest = min(below, key=lambda block: block.line, default=None)
    if nearest is None:
        return None
    between = file.text.split("\n")[comment.line : nearest.line - 1]
    return nearest if all(line.strip().startswith(("#", "//")) for line in between) else None


def _read(file: SourceFile, comment: Comment, block: Block | None) -> InlineException:
    found = _ACCEPT.search(comment.text)
    verb, check, rest = (found[1], found[2] or "", found[3]) if found else ("", "", "")
    fields: dict[str, str] = {}
    problem = (
        "" if verb == "accept" else f"{ADDRESSED}{verb} is nothing that a comment can say; write {ADDRESSED}accept"
    )
    position = 0
    while written := _FIELD.match(rest, position):
        fields[written[1]] = written[2] if written[2] is not None else written[3]
        position = written.end()
    expires, why = _day(fields.get("expires", ""))
    unknown = sorted(fields.keys() - set(_FIELDS))
    problem = problem or _lacking(check, fields, rest[position:].strip(), unknown, why)
    if not problem and block is None:
        problem = "it stands in no resource, data source or module call, nor directly above one"
    return InlineException(
        check=check,
        reason=fields.get("reason", "").strip(),
        expires=expires,
        owner=fields.get("owner", ""),
        approver=fields.get("approver", ""),
        ticket=fields.get("ticket", ""),
        finding=fields.get("finding", "").lower(),
        file=file.shown,
        line=comment.line,
        block_file=block.file.shown if block is not None else "",
        block=_address(block) if block is not None else "",
        block_line=block.line if block is not None else 0,
        problem=problem,
    )


def _lacking(check: str, fields: dict[str, str], rest: str, unknown: list[str], why: str) -> str:
    if not check:
        return "it names no check"
    if unknown:
        return f"{unknown[0]} is none of {', '.join(_FIELDS)}"
    if rest:
        return f'{rest[:40]!r} is no field; write reason="…"'
    if not fields.get("reason", "").strip():
        return "it gives no reason"
    return why


def _day(text: str) -> tuple[date | None, str]:
    if not text:
        return None, "it has no expiry; write expires=2026-12-31"
    try:
        return date.fromisoformat(text), ""
    except ValueError:
        return None, f"{text[:40]!r} is no day; write expires=2026-12-31"


def _address(block: Block) -> str:
    prefix = {"data": "data.", "module": "module."}.get(block.type, "")
    return prefix + ".".join(block.labels)
