"""Tokens of a condition expression.

Source: github.com/google/cel-spec/blob/master/doc/langdef.md#syntax
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import NamedTuple

from auditor.access.conditions.values import INT_MAX, Value


class UnreadableError(ValueError):
    """The expression is no CEL, or uses a part of CEL that IAM conditions do not have; the message says why."""


class Kind(StrEnum):
    """What a token is."""

    LITERAL = "literal"
    NAME = "name"
    MARK = "mark"
    END = "end"


class Token(NamedTuple):
    """One token: its kind, its text (of a mark, keyword or name), the value of a literal, and where it stands."""

    kind: Kind
    text: str
    value: Value
    start: int
    end: int


_TOKEN = re.compile(
    r"""
    (?P<space>(?:[ \t\r\n\f]|//[^\n]*)+)
    | (?P<raw>[rR](?:'''(?:.|\n)*?'''|\"\"\"(?:.|\n)*?\"\"\"|'[^'\r\n]*'|"[^"\r\n]*"))
    | (?P<text>'''(?:[^\\]|\\(?:.|\n))*?'''|\"\"\"(?:[^\\]|\\(?:.|\n))*?\"\"\"
              |'(?:[^\\'\r\n]|\\.)*'|"(?:[^\\"\r\n]|\\.)*")
    | (?P<bytes>[bB][rR]?['"])
    | (?P<double>[0-9]+\.[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+|\.[0-9]+(?:[eE][+-]?[0-9]+)?)
    | (?P<unsigned>(?:0x[0-9a-fA-F]+|[0-9]+)[uU])
    | (?P<integer>0x[0-9a-fA-F]+|[0-9]+)
    | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<mark>&&|\|\||<=|>=|==|!=|[<>()\[\]{}.,:?!+\-*/%])
    """,
    re.VERBOSE,
)
_ESCAPE = re.compile(
    r"\\(?:(?P<octal>[0-3][0-7]{2})|[xX](?P<hex>[0-9a-fA-F]{2})|u(?P<short>[0-9a-fA-F]{4})"
    r"|U(?P<long>[0-9a-fA-F]{8})|(?P<simple>[abfnrtv\\?\"'`])|)"
)
_SIMPLE = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_CONSTANTS: dict[str, Value] = {"true": True, "false": False, "null": None}
_LONGEST_NUMBER = 64
_LAST_CHARACTER = 0x10FFFF


def tokens(expression: str) -> list[Token]:
    """The tokens of an expression, and an END. Raises `UnreadableError` where a character begins none."""
    found: list[Token] = []
    position = 0
    while position < len(expression):
        match = _TOKEN.match(expression, position)
        if match is None:
            raise UnreadableError(f"unexpected {expression[position]!r} at character {position + 1}")
        if match.lastgroup != "space":
            found.append(_token(match))
        position = match.end()
    found.append(Token(Kind.END, "", None, position, position))
    return found


def _token(match: re.Match[str]) -> Token:
    text, group = match[0], match.lastgroup
    if group == "mark" or text == "in":
        return Token(Kind.MARK, text, None, match.start(), match.end())
    if group == "name" and text not in _CONSTANTS:
        return Token(Kind.NAME, text, None, match.start(), match.end())
    return Token(Kind.LITERAL, text, _literal(text, group), match.start(), match.end())


def _literal(text: str, group: str | None) -> Value:
    if group in ("bytes", "unsigned"):
        raise UnreadableError(f"IAM conditions have no {group} values, such as {text[:20]}")
    if group == "name":
        return _CONSTANTS[text]
    if group == "double":
        return float(text)
    if group == "integer":
        return _integer(text)
    quoted = text[1:] if group == "raw" else text
    width = 3 if len(quoted) >= 6 and quoted[:3] in ("'''", '"""') else 1
    body = quoted[width:-width]
    if group == "text":
        return _ESCAPE.sub(_unescaped, body)
    if (len(body) - len(body.rstrip("\\"))) % 2:
        raise UnreadableError("a raw string cannot end with a single backslash")
    return body


def _integer(text: str) -> int:
    """A number without sign: the one that only a sign makes an int64 is left to the parser."""
    number = INT_MAX + 2 if len(text) > _LONGEST_NUMBER else int(text, 16 if text.startswith("0x") else 10)
    if number > INT_MAX + 1:
        raise UnreadableError(f"the number {text[:_LONGEST_NUMBER]} is too large")
    return number


def _unescaped(escape: re.Match[str]) -> str:
    if escape["simple"]:
        return _SIMPLE.get(escape["simple"], escape["simple"])
    if escape["octal"]:
        return chr(int(escape["octal"], 8))
    digits = escape["hex"] or escape["short"] or escape["long"]
    code = int(digits, 16) if digits else -1
    if not 0 <= code <= _LAST_CHARACTER or 0xD800 <= code <= 0xDFFF:
        raise UnreadableError(f"there is no escape sequence {escape.string[escape.start() : escape.start() + 10]!r}")
    return chr(code)
