"""Regular expressions in RE2's syntax, as far as Python reads them alike, and only where they cannot run away.

Terraform's engine takes linear time, Python's goes back and forth: a pattern that could keep it busy for long is
not evaluated.

Source: github.com/google/re2/wiki/Syntax
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable

from auditor.sources.terraform.hcl.values import Problem

_CLASS = re.compile(r"\[\^?\]?(?:\[:\^?\w+:\]|\\.|[^\]\\])*+\]|\\.", re.DOTALL)
_NOT_RE2 = re.compile(r"\(\?(?:[=!]|<[=!]|>|\()|\\[1-9]")
_GROUP = re.compile(r"\(\?<(?![=!])")
_POSIX = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "blank": r"\t ",
    "digit": "0-9",
    "lower": "a-z",
    "punct": r"!-/:-@\[-`{-~",
    "space": r"\t\n\v\f\r ",
    "upper": "A-Z",
    "word": "0-9A-Za-z_",
    "xdigit": "0-9A-Fa-f",
}
_STEPS = 10_000_000
"""How many steps a match may take."""


def compiled(pattern: str, text: str) -> re.Pattern[str]:
    """The pattern, fit for this text. Raises `Problem`."""
    found, repeats, nested = _compiled(pattern)
    if (nested and len(text) > 20) or (repeats and len(text) ** repeats / math.factorial(repeats) > _STEPS):
        raise Problem("the regular expression could take too long")
    return found


@functools.lru_cache(maxsize=256)
def _compiled(pattern: str) -> tuple[re.Pattern[str], int, bool]:
    bare = _CLASS.sub("x", pattern)
    if len(pattern) > 2000 or _NOT_RE2.search(pattern) or re.search(r"[*+?}]\+", bare):
        raise Problem("not a regular expression that is evaluated here")
    written = re.sub(r"\[:(\w+):\]", lambda m: _POSIX.get(m[1], m[0]), _GROUP.sub("(?P<", pattern))
    written = re.sub(r"\\z", r"\\Z", written)
    if "(?U" in pattern or r"\p" in pattern or r"\Q" in pattern or "[:^" in pattern:
        raise Problem("not a regular expression that is evaluated here")
    try:
        found = re.compile(written, re.ASCII)
    except (re.error, RecursionError, OverflowError) as error:
        raise Problem(f"the regular expression is broken ({error})") from None
    return found, len(re.findall(r"[*+]|\{\d*,\d*\}|\{\d{2,}\}", bare)), _is_nested(bare)


def _is_nested(bare: str) -> bool:
    """Whether a group with a repetition or alternatives in it is repeated itself."""
    stack: list[bool] = [False]
    for position, mark in enumerate(bare):
        if mark == "(":
            stack.append(False)
        elif mark == ")" and len(stack) > 1:
            inner = stack.pop()
            if bare[position + 1 : position + 2] in ("*", "+", "{"):
                if inner:
                    return True
                stack[-1] = True
            stack[-1] = stack[-1] or inner
        elif mark in "*+{|?" and bare[position - 1 : position] != "(":  # (? begins a group's flags
            stack[-1] = True
    return False


def replacement(text: str) -> Callable[[re.Match[str]], str]:
    """A replacement with `$1`, `$name` and `${name}` for groups, `$$` for a dollar."""

    def insert(found: re.Match[str]) -> str:
        def group(mark: re.Match[str]) -> str:
            name = mark[1] or mark[2]
            if name is None:
                return "$"
            try:
                return found[int(name) if name.isdecimal() else name] or ""
            except IndexError:
                return ""

        return re.sub(r"\$(?:(\w+)|\{(\w+)\}|\$)", group, text, flags=re.ASCII)

    return insert
