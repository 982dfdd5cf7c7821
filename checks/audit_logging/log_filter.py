"""Filters in the Logging query language, compared by what they match.

Two filters that differ in spacing, order, quotes or operators can mean the same, so that a filter is never
compared with another text: it is asked whether it matches an entry. An entry here is an example of what
Cloud Audit Logs writes, as a map from field path to value.

Source: cloud.google.com/logging/docs/view/logging-query-language
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote

from auditor.resources.base import Undetermined

ANYTHING = "\0"
"""The value of a field that is taken to satisfy every comparison."""


@dataclass(frozen=True, eq=False)
class Entry:
    """An example of a log entry: field path in lower case → value, a tuple for an array.

    `of_any_project` makes it stand for entries of all projects: then a filter on one of them does not match.
    """

    fields: Mapping[str, str | tuple[str, ...]]
    of_any_project: bool = False


class Question(NamedTuple):
    """What a part of a filter is asked: the entry, and the answer for fields that differ from entry to entry."""

    entry: Entry
    free: bool = True


Test = Callable[[Question], bool | None]
"""Whether a part of a filter matches; None where it cannot be said."""

SEVERITIES = ("DEFAULT", "DEBUG", "INFO", "NOTICE", "WARNING", "ERROR", "CRITICAL", "ALERT", "EMERGENCY")

_TOKEN = re.compile(
    r"""(?:\s++|--[^\n]*+)*+(?:
        (?P<operator>!=|=~|!~|<=|>=|=|:|<|>)
      | (?P<mark>[(),])
      | (?P<minus>-(?=[("A-Za-z_]))
      | (?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
      | (?P<word>(?:[^\s()"'=:<>!,~]|(?<=\.)"(?:[^"\\]|\\.)*")+)
      | (?P<end>\Z)
    )""",
    re.VERBOSE,
)
_ORDER = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
_FREE = ("resource.labels.", "timestamp", "receivetimestamp", "insertid")
"""Fields whose value differs from entry to entry: a filter on them is taken to match."""


class _Token(NamedTuple):
    kind: str
    text: str
    start: int
    end: int


class _Unreadable(Exception):  # noqa: N818 - what was wrong is its message
    """The filter does not follow the grammar."""


def matches(text: str, entry: Entry) -> bool:
    """Whether a filter matches an entry; an empty filter matches all.

    Raises `Undetermined` where the filter cannot be read or rests on a function that is not evaluated here.
    """
    try:
        found = _answer(text, entry)
    except _Unreadable as problem:
        raise Undetermined("filter", f"a log filter cannot be read, {problem}") from None
    except RecursionError:
        raise Undetermined("filter", "a log filter cannot be read, it is nested too deeply") from None
    if found is None:
        raise Undetermined("filter", "a log filter uses a function or pattern that is not evaluated here")
    return found


def is_empty(text: str) -> bool:
    """Whether a filter says nothing, so that every entry matches."""
    match = _TOKEN.match(text)
    return match is not None and match.lastgroup == "end"


@lru_cache(maxsize=1 << 16)
def _answer(text: str, entry: Entry) -> bool | None:
    """Remembered, because most projects have the same filters."""
    return _parsed(text)(Question(entry))


@lru_cache(maxsize=4096)
def _parsed(text: str) -> Test:
    return _Parser(_tokens(text)).whole()


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    position = 0
    while not tokens or tokens[-1].kind != "end":
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            raise _Unreadable(f"unexpected text at character {position + 1}")
        tokens.append(_Token(match.lastgroup, match[match.lastgroup], match.start(match.lastgroup), match.end()))
        position = match.end()
    return tokens


class _Parser:
    """NOT binds closest, then OR, then AND; two terms side by side are joined by AND."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._at = 0

    def whole(self) -> Test:
        """The test of the whole filter."""
        if self._next.kind == "end":
            return lambda _question: True
        test = self._conjunction(self._comparison)
        if self._next.kind != "end":
            raise _Unreadable(f"unexpected {self._next.text!r}")
        return test

    @property
    def _next(self) -> _Token:
        return self._tokens[self._at]

    def _take(self) -> _Token:
        token = self._tokens[self._at]
        self._at += 1
        return token

    def _skip(self, text: str) -> bool:
        """Step over an operator word or a mark where it comes next."""
        found = self._next.kind in ("word", "mark", "minus") and self._next.text == text
        self._at += found
        return found

    def _expect(self, text: str) -> None:
        if not self._skip(text):
            raise _Unreadable(f"{text!r} is missing")

    def _conjunction(self, term: Callable[[], Test]) -> Test:
        tests = [self._disjunction(term)]
        while self._skip("AND") or (self._next.kind != "end" and self._next.text not in (")", ",")):
            tests.append(self._disjunction(term))
        return tests[0] if len(tests) == 1 else _all_of(tests)

    def _disjunction(self, term: Callable[[], Test]) -> Test:
        tests = [self._negation(term)]
        while self._skip("OR"):
            tests.append(self._negation(term))
        return tests[0] if len(tests) == 1 else _any_of(tests)

    def _negation(self, term: Callable[[], Test]) -> Test:
        if self._skip("NOT") or self._skip("-"):
            return _not(self._negation(term))
        if self._skip("("):
            inner = self._conjunction(term)
            self._expect(")")
            return inner
        return term()

    def _comparison(self) -> Test:
        token = self._take()
        if token.kind not in ("word", "string"):
            raise _Unreadable(f"unexpected {token.text or 'end'!r}")
        if token.kind == "word" and self._next.text == "(" and self._next.start == token.end:
            return self._function(token.text)
        if self._next.kind != "operator":
            return _global(_plain(token))
        return self._compared(_path(token.text), self._take().text)

    def _compared(self, path: str, sign: str) -> Test:
        """The right-hand side of a comparison; in parentheses the operator goes with each value."""

        def value() -> Test:
            token = self._take()
            if token.kind not in ("word", "string"):
                raise _Unreadable(f"a value is missing after {sign!r}")
            if token.kind == "word" and self._next.text == "(" and self._next.start == token.end:
                self._arguments()
                return _unknown
            return _field(path, sign, _plain(token))

        return self._negation(value)

    def _function(self, name: str) -> Test:
        arguments = self._arguments()
        if self._next.kind == "operator":
            self._compared("", self._take().text)
            return _unknown
        if name.lower() == "log_id" and len(arguments) == 1:
            return _field("logname", "=", arguments[0])
        return _unknown

    def _arguments(self) -> list[str]:
        self._expect("(")
        found: list[str] = []
        depth = 1
        while depth:
            token = self._take()
            if token.kind == "end":
                raise _Unreadable("')' is missing")
            depth += {"(": 1, ")": -1}.get(token.text, 0) if token.kind == "mark" else 0
            if token.kind in ("word", "string"):
                found.append(_plain(token))
        return found


def _unknown(_question: Question) -> bool | None:
    return None


def _all_of(tests: list[Test]) -> Test:
    def test(question: Question) -> bool | None:
        found = [part(question) for part in tests]
        return False if False in found else None if None in found else True

    return test


def _any_of(tests: list[Test]) -> Test:
    def test(question: Question) -> bool | None:
        found = [part(question) for part in tests]
        return True if True in found else None if None in found else False

    return test


def _not(inner: Test) -> Test:
    def test(question: Question) -> bool | None:
        found = inner(question._replace(free=not question.free))
        return None if found is None else not found

    return test


def _global(text: str) -> Test:
    """A search term: any field may contain it."""
    wanted = text.lower()

    def test(question: Question) -> bool | None:
        return any(wanted in value.lower() for values in question.entry.fields.values() for value in _listed(values))

    return test


def _field(path: str, sign: str, wanted: str) -> Test:
    """A comparison of a field. A missing field fails every comparison, `!=` too."""

    def test(question: Question) -> bool | None:
        if question.entry.of_any_project and _names_one_project(path, sign, wanted):
            return sign in ("!=", "!~")
        if path.startswith(_FREE) or question.entry.fields.get(path) == ANYTHING:
            return question.free
        entry = question.entry.fields
        below = [key for key in entry if key == path or key.startswith(path + ".")]
        if sign == ":" and wanted == "*":
            return bool(below)
        keys = below if sign == ":" else [key for key in below if key == path]
        found = [_holds(path, value, sign, wanted) for key in keys for value in _listed(entry[key])]
        return True if True in found else None if None in found else False

    return test


_CONTAINER = re.compile(r"\b(?:projects|folders|organizations|billingAccounts)(?:/|%2F)[A-Za-z0-9][A-Za-z0-9-]*", re.I)


def _names_one_project(path: str, sign: str, wanted: str) -> bool:
    """Whether a comparison holds for the entries of one project only."""
    if path == "logname":
        return _CONTAINER.search(wanted) is not None
    return path == "resource.labels.projectid" and not (sign == ":" and wanted == "*")


def _holds(path: str, value: str, sign: str, wanted: str) -> bool | None:
    if path == "logname" and sign in ("=~", "!~"):  # the whole name is searched, as it is written, %2F and all
        named = _CONTAINER.search(wanted)
        value = _CONTAINER.sub(named[0], value, count=1) if named else value
    elif path == "logname":
        value, wanted = _log_id(value), _log_id(wanted)
    if sign in ("=~", "!~"):
        pattern = _pattern(wanted)
        return None if pattern is None else (pattern.search(value) is not None) == (sign == "=~")
    if path == "severity":
        return _severity_holds(value, sign, wanted)
    if sign in _ORDER:
        return None
    if sign == ":":
        return wanted.lower() in value.lower()
    return (wanted.lower() == value.lower()) == (sign == "=")


def _severity_holds(value: str, sign: str, wanted: str) -> bool | None:
    ranks = {name: rank * 100 for rank, name in enumerate(SEVERITIES)}
    rank = int(wanted) if wanted.isdecimal() else ranks.get(wanted.upper())
    if rank is None:
        return None
    if sign in _ORDER:
        return bool(_ORDER[sign](ranks[value], rank))
    return (ranks[value] == rank) == (sign != "!=")


def _log_id(name: str) -> str:
    """The part of a log name that says which log it is, without the project: `cloudaudit.googleapis.com/activity`."""
    return unquote(name).rpartition("/logs/")[2].removeprefix("logs/")


@lru_cache(maxsize=1024)
def _pattern(text: str) -> re.Pattern[str] | None:
    """The pattern, or None where it could take a hostile length of time, or is none of Python's."""
    costly = re.search(r"\)[*+{]", text) or any(len(re.findall(r"[*+{]", part)) > 3 for part in text.split("|"))
    if costly or text.count("|") > 50:
        return None
    try:
        return re.compile(text)
    except re.error:
        return None


def _listed(values: str | tuple[str, ...]) -> tuple[str, ...]:
    return (values,) if isinstance(values, str) else values


def _plain(token: _Token) -> str:
    if token.kind != "string":
        return token.text
    return re.sub(r'\\(["\'\\])', r"\1", token.text[1:-1])


def _path(text: str) -> str:
    """A field path without the quotes of its segments; letter case does not count in audit log entries."""
    return text.replace('"', "").replace("_", "").lower()
