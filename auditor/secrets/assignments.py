"""Secrets that only their names give away: `DB_PASSWORD=…`, `"apiKey": "…"`, `--token …`, `<password>…</password>`."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator
from typing import NamedTuple

from auditor.secrets.named import vendor_of
from auditor.secrets.names import Kind, kind_of
from auditor.secrets.prefilter import hints, plain_bytes
from auditor.secrets.values import WEAK_PASSWORDS, is_password, is_placeholder, is_token

PASSWORD, TOKEN, OPTION, COMMAND = "named-password", "named-secret", "connection-string", "command-line-password"


class Assigned(NamedTuple):
    """A literal under a name that makes it a secret."""

    detector: str
    name: str
    start: int
    value: str


_NAME_CHARACTERS = string.ascii_letters + string.digits + "_.-"
_LONGEST_NAME = 80
_ESCAPES = ("n", "r", "t")
_QUOTES = ("'", '"', "\\")
_ESCAPED_END = re.compile(r"\\[nrt]")
_CONCATENATED = re.compile(r"[\"'] ?\+")
"""How the rest of an expression begins that looks like a quoted value: `"password: '" + mask + "'"`."""
_AFTER_NAME = re.compile(
    r"""(?P<rest>[A-Za-z0-9_.-]{0,80}+)
    (?: (?P<assign> \\?["']?\]? [ \t]{0,8} (?:=>|:=|=(?!=)|:(?![:/])) [ \t]{0,8}+ )
      | (?P<option> [ \t]{1,4} (?![-=:]) )
      | (?P<entry> \\?["']? [\s,]{1,80}+ \\?["']?value\\?["']? [ \t]{0,4} [:=] [ \t]{0,4}+ )
      | (?P<element> > (?=[^<>\n]{1,512}</) )
      | (?P<pair> ["'] [ \t]{0,4},[ \t]{0,4} (?=["']) )
      | (?P<call> \([ \t]{0,4} (?=["']) )
    )""",
    re.VERBOSE,
)
"""What stands between the first syllable of a name and its value. `entry` is how containers are told of variables."""
_ENTRY_BEFORE = re.compile(r"""\b(?:name|key)\\?["']?[ \t]{0,4}[:=][ \t]{0,4}\\?["']?\Z""", re.IGNORECASE)
_LOGIN_BEFORE = re.compile(r"\blogin[ \t]+\S{1,64}[ \t]+\Z")
_SETTER_BEFORE = re.compile(r"\b(?:define|getenv|environ\.get|setdefault|setenv|putenv|setProperty)\([ \t]{0,4}[\"']\Z")
_SETTER = re.compile(r"(?:set|with)_?(?=[A-Z_a-z])")
_VALUE = re.compile(
    r"""\\?(?:"(?P<double>[^"\n]{1,4096})"|'(?P<single>[^'\n]{1,4096})'|(?P<bare>[^\s"'`,;|<>()\[\]]{1,512}))"""
)
_CODE = re.compile(r"[A-Za-z_][\w.]*\(|[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+\.?$|[A-Za-z_][\w.]*\[|\$|&|\*|!|/\^")
"""A call, an attribute, an index, a variable, a pattern: source code that fetches the value from elsewhere."""
_QUALIFIED = re.compile(r"[A-Za-z_]+(?:\.[A-Za-z_]+)+")
_TYPE = re.compile(
    r"(?:[A-Z][a-z]+|(?=[^\d]*\d?[^\d]*\Z)(?:[A-Z]{2,8}\d)?(?:[A-Z]+\d?[a-z]+\d?){2,8}"
    r"|bool|bytes|float|int|str)(?:\.|=(?:None|True|False|\d{1,3}))?"
)
_PAGE_BEFORE = re.compile(r"\b(?:page|sync|continuation)[ _]\Z", re.IGNORECASE)
_ATTRIBUTES = ("self.", "this.", "cls.")
_IDENTIFIER = re.compile(r"[A-Za-z_]+")
_DRIVER = ("jdbc:", "://", "server=", "data source=", "host=", "uid=")
_COMMAND = re.compile(
    r"[\"'](?:[a-z_][a-z0-9_-]{0,31}):(?P<chpasswd>[^\"'\s:$]{4,128})[\"'] {0,4}\| {0,4}(?:sudo )?chpasswd"
    r"|\bsshpass -p ?(?P<quote>[\"']?)(?P<sshpass>[^\"'\s$]{4,128})(?P=quote)"
)


def judge(name: str, value: str) -> str:
    """The id of the detector that takes `value` for a secret because of its name, or `""`."""
    kind = kind_of(name)
    if kind is Kind.PASSWORD and is_password(value):
        return PASSWORD
    if kind is Kind.TOKEN and is_token(value):
        return vendor_of(name, value) or TOKEN
    return ""


def assignments(text: str, data: bytes) -> Iterator[Assigned]:
    """Each secret in `text` that its name gives away; `data` are the text's `plain_bytes`."""
    read = 0
    for place in sorted(hints(data)):
        if text[place - 2 : place] in ("ch", "sh"):
            yield from _commands(text, place)
        if place < read:
            continue  # within a name or value that was looked at
        match = _AFTER_NAME.match(text, place)
        if match is None:
            continue
        found, read = _assigned(text, _start_of_name(text, place), match)
        if found:
            yield found


def named_places(text: str) -> Iterator[int]:
    """Where a name that promises a secret is given something, be it a secret or what stands in its place."""
    for place in hints(plain_bytes(text)):
        match = _AFTER_NAME.match(text, place)
        if match is None:
            continue
        name = text[_start_of_name(text, place) : match.end("rest")].lstrip("-.")
        if kind_of(name) is not Kind.NOTHING:
            yield place


def _start_of_name(text: str, place: int) -> int:
    before = text[max(0, place - _LONGEST_NAME) : place]
    return place - len(before) + len(before.rstrip(_NAME_CHARACTERS))


def _assigned(text: str, start: int, match: re.Match[str]) -> tuple[Assigned | None, int]:
    """The secret that follows the name that begins at `start`, if one does, and how far was read."""
    if text[start - 1 : start] == "\\" and text[start : start + 1] in _ESCAPES:
        start += 1  # of "\\nPASSWORD=" in a string of source code, the name is PASSWORD
    name, how = text[start : match.end("rest")].lstrip("-."), str(match.lastgroup)
    before = text[max(0, start - 80) : start]
    if how == "call":
        name = _set_by(name)
    if not name or name[0].isdigit() or kind_of(name) is Kind.NOTHING:
        return None, match.end("rest")
    if not _is_assignment(how, text[start : start + 2], before):
        return None, match.end("rest")
    operator = match["assign"] or ""
    if _PAGE_BEFORE.search(before) and name.lower() == "token":
        return None, match.end("rest")
    if before.endswith(":") and ":" in operator:
        return None, match.end("rest")  # `AWS::IAM::AccessKey`, `arn:aws:…:secret:`
    if how == "element":
        end = text.index("<", match.end())
        return _judged(name, text[match.end() : end], match.end()), end
    literal = _VALUE.match(text, match.end())
    if literal is None:
        return None, match.end()
    group = str(literal.lastgroup)
    value, place = literal[group].rstrip("\\"), literal.start(group)
    end = place if value[:1] in ("{", "[") else literal.end()  # the members of a structure have names of their own
    if before[-1:] in (";", "?", "&") and "=" in operator:
        return _option(text, name, value.partition("&")[0], place), end
    if group == "bare":
        is_code = (match["assign"] or match["entry"] or "")[:1] in _QUOTES  # without quotes after a quoted name
        value = _bare(name, value, before, operator, text[place : place + 520], is_code=is_code)
    elif _is_name_again(name, value, operator) or _CONCATENATED.match(value):
        return None, end
    return _judged(name, value, place), end


def _set_by(method: str) -> str:
    """What `setPassword` or `builder.withToken` sets; `""` for a method that sets nothing."""
    method = method.rpartition(".")[2]
    setter = _SETTER.match(method)
    return method[setter.end() :] if setter else ""


def _bare(name: str, value: str, before: str, operator: str, rest: str, *, is_code: bool) -> str:
    """An unquoted value without what stands around it; `""` where it is code or prose."""
    value = _ESCAPED_END.split(value)[0]
    value = value if "{" in value else value.rstrip("}")
    if ":=" in operator:
        value = value.rstrip(":")  # `while token := page.next_token:`
    if not value or before.endswith("$") or _is_no_literal(name, value, rest[len(value) : len(value) + 2]):
        return ""
    if value[0] == ":" or (":" in operator and _TYPE.fullmatch(value)):
        return ""  # a role of reStructuredText, a type
    if value.isupper() and len(value) > 8 and _folded(name).endswith(_folded(value)) and not value.isalpha():
        return ""  # how manuals write it: --client-secret=CLIENT-SECRET
    is_variable = value.isidentifier() and kind_of(value) is not Kind.NOTHING and (is_code or not value.isupper())
    return "" if is_variable and (is_code or value.lower() not in WEAK_PASSWORDS) else value


def _is_name_again(name: str, value: str, operator: str) -> bool:
    """Whether a quoted value spells a name: `PASSWORD = "password"`, a constant of code, or `"masterAuth.password"`."""
    spaced = " " in operator or operator.strip().strip("\"'") != operator.strip()
    if (not operator or spaced) and _folded(name).endswith(_folded(value)):
        return True
    return "." in value and _QUALIFIED.fullmatch(value) is not None and kind_of(value) is not Kind.NOTHING


def _folded(name: str) -> str:
    return "".join(character for character in name.lower() if character.isalnum())


def _is_assignment(how: str, begin: str, before: str) -> bool:
    """Whether what stands before a name fits what stands after it."""
    if how == "option":
        return begin == "--" or before.endswith(("ENV ", "setenv ")) or _LOGIN_BEFORE.search(before) is not None
    if how == "entry":
        return _ENTRY_BEFORE.search(before) is not None
    if how == "pair":
        return _SETTER_BEFORE.search(before) is not None
    if how == "element":
        return before.endswith("<")
    return how == "call" or not before.endswith("${")


def _judged(name: str, value: str, start: int) -> Assigned | None:
    if not value:
        return None
    found = judge(name, value)
    return Assigned(found, name, start, value) if found else None


def _option(text: str, name: str, value: str, start: int) -> Assigned | None:
    """An option of a connection string, where it has a driver's company; else any other assignment."""
    around = text[max(0, start - 512) : start].lower()
    if name.lower() in ("password", "pwd") and any(driver in around for driver in _DRIVER):
        is_secret = len(value) > 2 and not is_placeholder(value)
        return Assigned(OPTION, "", start, value) if is_secret else None
    return _judged(name, value, start)


def _commands(text: str, place: int) -> Iterator[Assigned]:
    match = _COMMAND.search(text, max(0, place - 180), place + 150)
    if match:
        group = "chpasswd" if match["chpasswd"] else "sshpass"
        if not is_placeholder(match[group]):
            yield Assigned(COMMAND, "", match.start(group), match[group])


def _is_no_literal(name: str, word: str, after: str) -> bool:
    """Whether an unquoted value is source code, or a word of a sentence ("password: please ask")."""
    if _CODE.match(word) or after[:1] in ("(", "[", ")") or (word[:-1].isalpha() and word[-1] in ".:"):
        return True
    if name.startswith(_ATTRIBUTES):
        return _IDENTIFIER.fullmatch(word) is not None
    if word.lower() in WEAK_PASSWORDS:
        return not name.isupper() and name.lower().endswith(word.lower())  # password=password hands a variable on
    if not _IDENTIFIER.fullmatch(word):
        return False
    return not name.isupper() or (after[:1] == " " and after[1:].isalpha())
