"""The services that VPC Service Controls can restrict, as a table with its date, and how it is made anew.

    gcloud access-context-manager supported-services list --format=json | python -m checks.vpc_sc.supported

Source: cloud.google.com/access-context-manager/docs/reference/rest/v1/services/list,
cloud.google.com/vpc-service-controls/docs/supported-products
"""

from __future__ import annotations

import re
import sys
import tomllib
from datetime import UTC, date, datetime
from pathlib import Path
from textwrap import fill
from typing import Any

import msgspec

FILE = Path(__file__).with_name("supported_services.toml")
_DOMAIN = ".googleapis.com"
_NAME = re.compile(r"[a-z][a-z0-9-]*")


class UnreadableList(Exception):  # noqa: N818 - the message is what the user reads
    """What was given is no list of supported services."""


def read(text: str) -> tuple[date, frozenset[str]]:
    """The date and the services (`storage.googleapis.com`) of a table. Raises `UnreadableList`."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UnreadableList(f"no TOML: {error}") from None
    as_of, names = table.get("as_of"), table.get("services")
    if not isinstance(as_of, date) or not isinstance(names, str):
        raise UnreadableList("`as_of` (a date) and `services` (a text) are needed")
    wrong = [name for name in names.split() if not _NAME.fullmatch(name)]
    if wrong or not names.split():
        raise UnreadableList(f"no service: {wrong[0][:80]!r}" if wrong else "no service at all")
    return as_of, frozenset(name + _DOMAIN for name in names.split())


def written(listed: bytes, as_of: date) -> str:
    """The table for what gcloud lists as JSON. Raises `UnreadableList` where that is something else."""
    try:
        entries = msgspec.json.decode(listed)
    except msgspec.DecodeError as error:
        raise UnreadableList(f"no JSON: {error}") from None
    if not isinstance(entries, list):
        raise UnreadableList("no list")
    names = sorted({_short(entry) for entry in entries})
    head = FILE.read_text(encoding="utf-8").partition("as_of")[0]
    lines = fill(" ".join(names), width=118, break_on_hyphens=False)
    table = f'{head}as_of = {as_of.isoformat()}\nservices = """\n{lines}\n"""\n'
    read(table)
    return table


def _short(entry: Any) -> str:
    """`storage` of `{"name": "storage.googleapis.com", …}`."""
    name = entry.get("name") if isinstance(entry, dict) else None
    if not isinstance(name, str) or not _NAME.fullmatch(name.rpartition("/")[2].removesuffix(_DOMAIN)):
        raise UnreadableList("an entry without the name of a service")
    return name.rpartition("/")[2].removesuffix(_DOMAIN)


AS_OF, SUPPORTED = read(FILE.read_text(encoding="utf-8"))


def main() -> int:
    """Write the table anew from standard input. Gives the exit code."""
    try:
        table = written(sys.stdin.buffer.read(), datetime.now(UTC).date())
    except UnreadableList as error:
        sys.stderr.write(f"not the output of `supported-services list --format=json`: {error}\n")
        return 2
    FILE.write_text(table, encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
