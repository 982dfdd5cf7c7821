"""Secrets that only their names give away: `DB_PASSWORD=…`, `"apiKey": "…"`, `--token …`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from auditor.secrets.names import Kind, kind_of
from auditor.secrets.values import WEAK_PASSWORDS, is_password, is_token

PASSWORD, TOKEN = "named-password", "named-secret"

_HINTS = ("pass", "pwd", "secret", "token", "key", "cred", "_pw", "-pw", "pat")
_VALUE = re.compile(
    r"""\\?(?:"(?P<double>[^"\n]{1,4096})"|'(?P<single>[^'\n]{1,4096})'|(?P<bare>[^\s"'`,;|<>()\[\]]{1,512}))"""
)
_NAMES = (
    re.compile(
        r"(?<![A-Za-z0-9_.$])(?<!\$\{)(?P<name>[A-Za-z_][A-Za-z0-9_.-]{1,79})(?![A-Za-z0-9_.-])\\?[\"']?"
        r"[ \t]{0,8}(?:=>|:=|=(?!=)|:)[ \t]{0,8}"
    ),
    re.compile(r"(?<![A-Za-z0-9_-])--(?P<name>[A-Za-z][A-Za-z0-9_-]{1,60})[ \t]{1,4}(?![-=])"),
    re.compile(  # an environment variable as containers are told of it
        r"\bname\\?[\"']?[ \t]{0,4}:[ \t]{0,4}\\?[\"']?(?P<name>[A-Za-z_][A-Za-z0-9_.-]{1,79})\\?[\"']?"
        r"[\s,]{1,80}\\?[\"']?value\\?[\"']?[ \t]{0,4}:[ \t]{0,4}"
    ),
)
"""What stands before a value."""
_CODE = re.compile(r"[A-Za-z_][\w.]*\(|[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+$|[A-Za-z_][\w.]*\[|\$|&|\*")
"""A call, an attribute, an index, a variable: source code that fetches the value from elsewhere."""

_IDENTIFIER = re.compile(r"[A-Za-z_]+")


def judge(name: str, value: str) -> str:
    """The id of the detector that takes `value` for a secret because of its name, or `""`."""
    kind = kind_of(name)
    if kind is Kind.PASSWORD and is_password(value):
        return PASSWORD
    if kind is Kind.TOKEN and is_token(value):
        return TOKEN
    return ""


def assignments(text: str) -> Iterator[tuple[str, str, int, str]]:
    """(detector id, name, position, value) of each secret in `text` that its name gives away."""
    lower = text.lower()
    if not any(hint in lower for hint in _HINTS):
        return
    for pattern in _NAMES:
        position = 0
        while match := pattern.search(text, position):
            position = match.end()
            if kind_of(match["name"]) is Kind.NOTHING:
                continue
            literal = _VALUE.match(text, position)
            if literal is None:
                continue
            position = literal.end()
            group = literal.lastgroup or "bare"
            value = literal[group].rstrip("\\")
            if group == "bare":
                value = value if "{" in value else value.rstrip("}")
                if not value or _is_no_literal(match["name"], value, text[position : position + 2]):
                    continue
            found = judge(match["name"], value)
            if found:
                yield found, match["name"], literal.start(group), value


def _is_no_literal(name: str, word: str, after: str) -> bool:
    """Whether an unquoted value is source code, or a word of a sentence ("password: please ask")."""
    if _CODE.match(word) or after[:1] in ("(", "[", ")") or (word[:-1].isalpha() and word[-1] in ".:"):
        return True
    if word.lower() in WEAK_PASSWORDS:
        return not name.isupper() and name.lower().endswith(word.lower())  # password=password hands a variable on
    if not _IDENTIFIER.fullmatch(word):
        return False
    return not name.isupper() or (after[:1] == " " and after[1:].isalpha())
