"""Functions over strings.

Source: developer.hashicorp.com/terraform/language/functions, section String Functions
"""

from __future__ import annotations

import re

from auditor.sources.terraform.hcl.functions.graphemes import graphemes
from auditor.sources.terraform.hcl.functions.patterns import compiled, replacement
from auditor.sources.terraform.hcl.functions.registry import function
from auditor.sources.terraform.hcl.values import (
    MAX_TEXT,
    Problem,
    Value,
    to_integer,
    to_string,
)

_WORD_START = re.compile(r"(?<![^\W])\w")
_SPACES = " \t\n\v\f\r\x85\xa0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u205f\u3000"


@function("chomp")
def chomp(text: Value) -> Value:
    """Without the line breaks at its end."""
    return to_string(text).rstrip("\r\n")


@function("startswith")
def starts_with(text: Value, prefix: Value) -> Value:
    """Whether a text begins with another."""
    return to_string(text).startswith(to_string(prefix))


@function("endswith")
def ends_with(text: Value, suffix: Value) -> Value:
    """Whether a text ends with another."""
    return to_string(text).endswith(to_string(suffix))


@function("strcontains")
def contains_text(text: Value, part: Value) -> Value:
    """Whether a text has another in it."""
    return to_string(part) in to_string(text)


@function("indent")
def indent(spaces: Value, text: Value) -> Value:
    """Every line but the first moved to the right."""
    count = to_integer(spaces)
    lines = to_string(text).split("\n")
    if count < 0 or count * len(lines) > MAX_TEXT:
        raise Problem("such an indentation is not possible")
    return ("\n" + " " * count).join(lines)


@function("join")
def join(separator: Value, *lists: Value) -> Value:
    """The elements of lists in one text."""
    elements: list[str] = []
    for listed in lists:
        if not isinstance(listed, list):
            raise Problem("a list is needed")
        elements += [to_string(element) for element in listed]
    return to_string(separator).join(elements)


@function("split")
def split(separator: Value, text: Value) -> Value:
    """The parts of a text between separators."""
    mark, whole = to_string(separator), to_string(text)
    return whole.split(mark) if mark else list(graphemes(whole))


@function("lower")
def lower(text: Value) -> Value:
    """In lower case."""
    return to_string(text).lower()


@function("upper")
def upper(text: Value) -> Value:
    """In upper case."""
    return to_string(text).upper()


@function("title")
def title(text: Value) -> Value:
    """With the first letter of every word in upper case."""
    return _WORD_START.sub(lambda found: found[0].upper(), to_string(text))


@function("strrev")
def reverse_text(text: Value) -> Value:
    """Backwards."""
    return "".join(reversed(graphemes(to_string(text))))


@function("substr")
def substring(text: Value, offset: Value, length: Value) -> Value:
    """The part of a text at an offset; a negative one counts from the end, a length of -1 is all the rest."""
    whole, start, count = graphemes(to_string(text)), to_integer(offset), to_integer(length)
    if count < -1:
        raise Problem("a length below -1")
    if start < 0:
        start = max(0, start + len(whole))
    return "".join(whole[start:] if count == -1 else whole[start : start + count])


@function("trim")
def trim(text: Value, characters: Value) -> Value:
    """Without the given characters at both ends."""
    return to_string(text).strip(to_string(characters)) if to_string(characters) else to_string(text)


@function("trimprefix")
def trim_prefix(text: Value, prefix: Value) -> Value:
    """Without a beginning."""
    return to_string(text).removeprefix(to_string(prefix))


@function("trimsuffix")
def trim_suffix(text: Value, suffix: Value) -> Value:
    """Without an end."""
    return to_string(text).removesuffix(to_string(suffix))


@function("trimspace")
def trim_space(text: Value) -> Value:
    """Without blanks at both ends."""
    return to_string(text).strip(_SPACES)


@function("replace")
def replace(text: Value, part: Value, by: Value) -> Value:
    """With every occurrence of a part, or of a pattern between slashes, replaced."""
    whole, old, new = to_string(text), to_string(part), to_string(by)
    if len(old) > 1 and old.startswith("/") and old.endswith("/"):
        return compiled(old[1:-1], whole).sub(replacement(new), whole)
    if len(new) * (whole.count(old) if old else len(whole)) > MAX_TEXT:
        raise Problem("the text is too long")
    return whole.replace(old, new)


@function("regex")
def regex(pattern: Value, text: Value) -> Value:
    """The first match of a pattern: the text, its groups as a list, or its named groups as an object."""
    found = compiled(to_string(pattern), to_string(text)).search(to_string(text))
    if found is None:
        raise Problem("the pattern does not match")
    return _match(found)


@function("regexall")
def regex_all(pattern: Value, text: Value) -> Value:
    """All matches of a pattern."""
    return [_match(found) for found in compiled(to_string(pattern), to_string(text)).finditer(to_string(text))]


def _match(found: re.Match[str]) -> Value:
    if found.re.groupindex:
        return dict(found.groupdict())
    return list(found.groups()) if found.re.groups else found[0]


@function("sort")
def sort(listed: Value) -> Value:
    """Texts in the order of their characters."""
    if not isinstance(listed, list):
        raise Problem("a list is needed")
    return sorted((to_string(element) for element in listed), key=lambda t: t.encode("utf-8", "surrogatepass"))
