"""Functions that read files: only regular ones inside of the scanned folder.

Source: developer.hashicorp.com/terraform/language/functions, section Filesystem Functions
"""

from __future__ import annotations

import base64
import hashlib
import os
import posixpath
import re
from collections.abc import Callable
from pathlib import Path

from auditor.sources.files import unfit, why
from auditor.sources.terraform.hcl.functions.registry import Folders, function
from auditor.sources.terraform.hcl.values import Problem, SetValue, Unknown, Value, to_string

MAX_BYTES = 64 << 20
"""The largest file that a configuration may read."""
_MAX_FILES = 20_000


@function("basename")
def base_name(path: Value) -> Value:
    """The last part of a path."""
    return posixpath.basename(to_string(path).rstrip("/")) or ("/" if to_string(path) else ".")


@function("dirname")
def directory_name(path: Value) -> Value:
    """A path without its last part."""
    return posixpath.normpath(posixpath.dirname(to_string(path)) or ".")


@function("pathexpand")
def expand(path: Value) -> Value:
    """A path whose `~` is the home of whoever runs Terraform."""
    written = to_string(path)
    return Unknown("pathexpand(): it depends on the machine") if written.startswith("~") else written


def located(folders: Folders, path: Value) -> Path | Unknown:
    """The file meant; unknown where it is outside of the scanned folder. Raises `Problem`."""
    written = to_string(path)
    if "\0" in written:
        raise Problem("no path")
    file = Path(os.path.normpath(folders.working / written))
    try:
        resolved = file.resolve()
        if not any(resolved.is_relative_to(folder) for folder in folders.allowed):
            return Unknown(f"{written} is outside of the scanned folder")
    except (OSError, RuntimeError) as error:
        raise Problem(f"{written}: {why(error)}") from None
    return file


def content(folders: Folders, path: Value) -> bytes | Unknown:
    """What is in a file. Raises `Problem`."""
    file = located(folders, path)
    if isinstance(file, Unknown):
        return file
    try:
        status = file.stat()
        if problem := unfit(status.st_mode):
            raise Problem(f"{to_string(path)}: {problem}")
        if status.st_size > MAX_BYTES:
            return Unknown(f"{to_string(path)} is larger than {MAX_BYTES >> 20} MB")
        return file.read_bytes()
    except OSError as error:
        raise Problem(f"{to_string(path)}: {why(error)}") from None


def text(folders: Folders, path: Value) -> str | Unknown:
    """The text in a file. Raises `Problem`."""
    data = content(folders, path)
    if isinstance(data, Unknown):
        return data
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise Problem(f"{to_string(path)} is no text in UTF-8") from None


@function("file", reads=True)
def read(folders: Folders, path: Value) -> Value:
    """The text in a file."""
    return text(folders, path)


@function("fileexists", reads=True)
def exists(folders: Folders, path: Value) -> Value:
    """Whether there is a file."""
    file = located(folders, path)
    return file if isinstance(file, Unknown) else file.is_file()


@function("fileset", reads=True)
def matching(folders: Folders, directory: Value, pattern: Value) -> Value:
    """The files under a folder whose paths match a pattern."""
    folder = located(folders, directory)
    if isinstance(folder, Unknown):
        return folder
    written = to_string(pattern)
    expression = _glob(written)
    found: list[str] = []
    for count, file in enumerate(folder.rglob("*") if "/" in written or "**" in written else folder.glob("*")):
        if count > _MAX_FILES:
            return Unknown(f"there are more than {_MAX_FILES} files")
        name = file.relative_to(folder).as_posix()
        if expression.fullmatch(name) and file.is_file():
            found.append(name)
    return SetValue(found)


def _glob(pattern: str) -> re.Pattern[str]:
    """`*` and `?` stay in a folder, `**/` is any number of them, `{a,b}` either."""
    if pattern.count("*") > 6 or len(pattern) > 500:
        raise Problem("the pattern is too long")
    parts = re.findall(r"\*\*/?|\*|\?|\{[^{}]*\}|\[[^\]]*\]|.", pattern, re.DOTALL)
    forms = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    made = []
    for part in parts:
        if part.startswith("{") and len(part) > 1:
            made.append("(?:" + "|".join(_glob(one).pattern for one in part[1:-1].split(",")) + ")")
        elif part.startswith("[") and len(part) > 2:
            made.append("[" + part[1:-1].replace("\\", r"\\") + "]")
        else:
            made.append(forms.get(part) or re.escape(part))
    try:
        return re.compile("".join(made))
    except re.error:
        raise Problem("a broken pattern") from None


def _enter(name: str, encode: Callable[[bytes], str]) -> None:
    @function(name, reads=True)
    def encoded(folders: Folders, path: Value) -> Value:
        data = content(folders, path)
        return data if isinstance(data, Unknown) else encode(data)


_enter("filebase64", lambda data: base64.b64encode(data).decode())
_enter("filemd5", lambda data: hashlib.md5(data, usedforsecurity=False).hexdigest())
_enter("filesha1", lambda data: hashlib.sha1(data, usedforsecurity=False).hexdigest())
_enter("filesha256", lambda data: hashlib.sha256(data).hexdigest())
_enter("filesha512", lambda data: hashlib.sha512(data).hexdigest())
_enter("filebase64sha256", lambda data: base64.b64encode(hashlib.sha256(data).digest()).decode())
_enter("filebase64sha512", lambda data: base64.b64encode(hashlib.sha512(data).digest()).decode())
