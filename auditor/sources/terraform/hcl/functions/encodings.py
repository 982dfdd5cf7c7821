"""Functions that encode and decode, and hashes.

Source: developer.hashicorp.com/terraform/language/functions, sections Encoding Functions and Hash and Crypto Functions
"""

from __future__ import annotations

import base64
import binascii
import codecs
import csv
import hashlib
import io
import uuid
from typing import Any
from urllib.parse import quote_plus

import msgspec

from auditor.sources.terraform.hcl.functions.registry import function
from auditor.sources.terraform.hcl.values import (
    Problem,
    Value,
    number_text,
    to_string,
)

_NAMESPACES = {
    "dns": uuid.NAMESPACE_DNS,
    "url": uuid.NAMESPACE_URL,
    "oid": uuid.NAMESPACE_OID,
    "x500": uuid.NAMESPACE_X500,
}
_ESCAPED = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def json_text(value: Value) -> str:
    """A value as JSON, its keys sorted and the characters escaped that Terraform escapes."""
    text = msgspec.json.encode(_plain(value), order="sorted").decode()
    for character, escape in _ESCAPED.items():
        if character in text:
            text = text.replace(character, escape)
    return text


def _plain(value: Value) -> Any:
    """A value as JSON has it: numbers without an exponent."""
    if isinstance(value, dict):
        return {key: _plain(element) for key, element in value.items()}
    if isinstance(value, list):
        return [_plain(element) for element in value]
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > 63:
        return msgspec.Raw(str(value).encode())
    return msgspec.Raw(number_text(value).encode()) if isinstance(value, float) else value


def from_json(text: str) -> Value:
    """The value that a JSON text has. Raises `Problem`."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise Problem(f"no valid JSON ({error})") from None


@function("jsonencode", nulls=True)
def json_encode(value: Value) -> Value:
    """A value as JSON."""
    return json_text(value)


@function("jsondecode")
def json_decode(text: Value) -> Value:
    """The value of a JSON text."""
    return from_json(to_string(text))


@function("csvdecode")
def csv_decode(text: Value) -> Value:
    """The lines of a CSV text as objects, named by its first line."""
    try:
        rows = list(csv.reader(io.StringIO(to_string(text)), strict=True))
    except csv.Error as error:
        raise Problem(f"no valid CSV ({error})") from None
    rows = [row for row in rows if row]
    if not rows:
        raise Problem("CSV without a line of names")
    names = rows[0]
    if len(set(names)) < len(names) or any(len(row) != len(names) for row in rows):
        raise Problem("CSV with a name twice or lines of several lengths")
    return [dict(zip(names, row, strict=True)) for row in rows[1:]]


@function("yamldecode")
def yaml_decode(text: Value) -> Value:
    """The value of a YAML text; JSON is YAML, too."""
    whole = to_string(text)
    try:
        return from_json(whole)
    except Problem:
        pass
    from auditor.sources.terraform.hcl.functions.yaml import decode

    return decode(whole)


@function("urlencode")
def url_encode(text: Value) -> Value:
    """A text as part of a query."""
    return quote_plus(to_string(text), safe="~")


@function("base64encode")
def base64_encode(text: Value) -> Value:
    """A text in Base64."""
    return base64.b64encode(to_string(text).encode()).decode()


@function("base64decode")
def base64_decode(text: Value) -> Value:
    """The text that Base64 stands for."""
    try:
        return base64.b64decode(to_string(text), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise Problem("no valid Base64 of a text") from None


@function("textencodebase64")
def text_encode(text: Value, encoding: Value) -> Value:
    """A text in an encoding, in Base64."""
    return base64.b64encode(to_string(text).encode(_codec(encoding))).decode()


@function("textdecodebase64")
def text_decode(text: Value, encoding: Value) -> Value:
    """The text that Base64 stands for in an encoding."""
    try:
        return base64.b64decode(to_string(text), validate=True).decode(_codec(encoding))
    except (binascii.Error, UnicodeDecodeError):
        raise Problem("no valid Base64 of a text") from None


def _codec(encoding: Value) -> str:
    name = to_string(encoding)
    try:
        found = codecs.lookup(name)
    except LookupError:
        raise Problem("there is no such encoding") from None
    if found.name not in ("utf-8", "utf-16-le", "utf-16-be", "ascii") and not found.name.startswith(("cp", "iso8859")):
        raise Problem("there is no such encoding")
    return found.name


def _digest(name: str, data: bytes) -> bytes:
    return hashlib.new(name, data, usedforsecurity=False).digest()


def _enter(algorithm: str) -> None:
    @function(algorithm)
    def hexadecimal(text: Value) -> Value:
        return _digest(algorithm, to_string(text).encode()).hex()

    if algorithm in ("sha256", "sha512"):

        @function(f"base64{algorithm}")
        def encoded(text: Value) -> Value:
            return base64.b64encode(_digest(algorithm, to_string(text).encode())).decode()


for _algorithm in ("md5", "sha1", "sha256", "sha512"):
    _enter(_algorithm)


@function("uuidv5")
def uuid_of_name(namespace: Value, name: Value) -> Value:
    """The UUID of a name in a namespace."""
    space = to_string(namespace)
    return str(uuid.uuid5(_NAMESPACES.get(space) or uuid.UUID(space), to_string(name)))
