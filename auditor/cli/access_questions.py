"""Files of questions about access: a JSON list of {principal, permission, resource, now?}."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import click

from auditor.cli import fail_usage
from auditor.cli.parameters import moment_of


class Asked(NamedTuple):
    """A question, as it was typed."""

    principal: str
    permission: str
    resource: str
    now: datetime | None


_KEYS = ("principal", "permission", "resource", "now")


def read_questions(path: Path) -> list[Asked]:
    """The questions of a file. What is wrong with one ends the command, and is told with its number."""
    try:
        entries = json.loads(path.read_bytes())
    except OSError as error:
        raise fail_usage(f"{path}: {(error.strerror or str(error)).lower()}") from None
    except (ValueError, RecursionError) as error:
        raise fail_usage(f"{path}: not valid JSON ({error})") from None
    if not isinstance(entries, list):
        raise fail_usage(f"{path}: not a list of questions")
    return [_question(entry, f"{path}: question {number}") for number, entry in enumerate(entries, 1)]


def _question(entry: Any, where: str) -> Asked:
    from auditor.names import UnknownName

    if not isinstance(entry, dict) or not all(isinstance(value, str) for value in entry.values()):
        raise fail_usage(f"{where}: not an object of texts")
    for key in entry:
        if key not in _KEYS:
            raise fail_usage(UnknownName("key of a question", key, _KEYS, where))
    missing = [key for key in _KEYS[:3] if not entry.get(key)]
    if missing:
        raise fail_usage(f"{where}: has no {missing[0]}")
    try:
        now = moment_of(entry["now"]) if "now" in entry else None
    except click.BadParameter as problem:
        raise fail_usage(f"{where}: {problem.message}") from None
    return Asked(entry["principal"], entry["permission"], entry["resource"], now)
