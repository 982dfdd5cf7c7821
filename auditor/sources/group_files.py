"""Files that list groups with their members: JSON (`{"eng@example.com": ["user:…", "group:…"]}`) or CSV.

A CSV file has a header. The columns `group` and `member` are needed, under these names or those of the exports of the
Google Admin console (`Group Email [Required]`, `Member Email`, `Member Type`) and GAM (`group`, `email`, `type`).
What cannot be read is told with its line, and makes the list of the group that it belongs to incomplete.

Source: support.google.com/a/answer/9400087 (the Admin console's columns)
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from auditor.model.text import visible
from auditor.sources.base import GAPS_TOLD, Gaps
from auditor.sources.files import READ_ERRORS, open_file, printable, unfit, why

_ADVICE = "mend the line; every other line was read, and the members of its group count as not fully known"
_WHOLE_FILE = "mend the file; without it, the members of its groups are not known"
_SHOWN = 80
_SEARCHED = 1_000
"""Characters of a text up to which its line is searched for."""

_HOSTILE = r"\x00-\x1f\x7f\ud800-\udfff"
_ADDRESS = re.compile(rf"[^\s@:/\[\]{_HOSTILE}]{{1,64}}@[^\s@:/\[\]{_HOSTILE}]{{1,255}}")
_NAME = rf"[^\s/\[\]{_HOSTILE}]{{1,300}}"
_MEMBER = re.compile(
    rf"(?:deleted:)?(?:(?:user|group|serviceAccount):(?:{_ADDRESS.pattern}|{_NAME}\.svc\.id\.goog\[{_NAME}/{_NAME}\])"
    rf"|domain:{_NAME}|principal(?:Set)?://[^{_HOSTILE}]{{1,2000}})"
)
_GROUP_COLUMNS = ("group", "group_email", "group_address", "group_email_address")
_MEMBER_COLUMNS = ("member", "member_email", "member_address", "member_email_address", "email")
_TYPE_COLUMNS = ("member_type", "type")
_PREFIXES = {
    "user": "user:",
    "group": "group:",
    "service_account": "serviceAccount:",
    "serviceaccount": "serviceAccount:",
}
_UNTYPED = ("", "external", "other", "unknown")


@dataclass(slots=True)
class ListedGroup:
    """A group of a file with the members listed: `user:a@example.com`, or a bare address where no type is told."""

    address: str
    members: list[str] = field(default_factory=list)
    doubt: str = ""
    """Why it may have more members than these, as a clause; `""` where the list is complete."""


def read_group_file(path: Path, gaps: Gaps) -> list[ListedGroup]:
    """The groups that a file lists, each once. What cannot be read is told to `gaps`."""
    shown = printable(path)
    try:
        if problem := unfit(path.stat().st_mode):
            gaps.add(shown, problem, _WHOLE_FILE)
            return []
        with open_file(path) as file:
            data = file.read()
    except READ_ERRORS as error:
        gaps.add(shown, why(error), _WHOLE_FILE)
        return []
    text = _decoded(data)
    if text is None:
        line = data[: _first_bad_byte(data)].count(b"\n") + 1
        gaps.add(f"{shown}:{line}", "the text is not UTF-8", "save the file as UTF-8")
        return []
    reader = _JsonFile if text.lstrip()[:1] in ("{", "[") else _CsvFile
    return reader(text, shown, gaps).read()


def _decoded(data: bytes) -> str | None:
    """The text; spreadsheets on Windows write UTF-16, or UTF-8 with a mark."""
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None


def _first_bad_byte(data: bytes) -> int:
    try:
        data.decode()
    except UnicodeDecodeError as error:
        return error.start
    return 0


class _GroupFile:
    """What reading either format has in common."""

    def __init__(self, text: str, shown: str, gaps: Gaps) -> None:
        self.text = text
        self.groups: dict[str, ListedGroup] = {}
        self._shown = shown
        self._gaps = gaps

    def group(self, address: str) -> ListedGroup:
        """The group of an address in any case, made where it is new."""
        return self.groups.setdefault(address.lower(), ListedGroup(address.lower()))

    def tell(self, line: int, problem: str) -> None:
        """Note that a line is of no use."""
        self._gaps.add_line(f"{self._shown}:{line}", problem, _ADVICE)

    def refuse(self, line: int, problem: str) -> None:
        """Note that the file, or the rest of it, is of no use."""
        self._gaps.add(f"{self._shown}:{line}", problem, _WHOLE_FILE)

    def incomplete(self, group: ListedGroup, line: int) -> None:
        """Note that a member of a group could not be read."""
        group.doubt = group.doubt or f"{self._shown} names one in line {line} that cannot be read"


class _JsonFile(_GroupFile):
    """An object: group → list of members."""

    def read(self) -> list[ListedGroup]:
        try:
            document = json.loads(self.text, object_pairs_hook=_Pairs, parse_int=float)
        except json.JSONDecodeError as error:
            self.refuse(error.lineno, f"not valid JSON ({error.msg[0].lower()}{error.msg[1:]} at column {error.colno})")
            return []
        except RecursionError as error:
            self.refuse(1, why(error))
            return []
        if not isinstance(document, _Pairs):
            self.refuse(1, 'a JSON list, where an object {"group@example.com": ["user:…"]} is expected')
            return []
        place = _Place(self.text)
        for name, members in document:
            self._read_group(name, members, place)
        return list(self.groups.values())

    def _read_group(self, name: str, members: Any, place: _Place) -> None:
        address = name.removeprefix("group:")
        if not _ADDRESS.fullmatch(address):
            self.tell(place.of_key(name), f"{_cut(name)} is no group's address")
            return
        group = self.group(address)
        if not isinstance(members, list) or isinstance(members, _Pairs):
            line = place.of_key(name)
            self.tell(line, f"the members of {_cut(name)} are no list")
            self.incomplete(group, line)
            return
        for member in members:
            if isinstance(member, str) and _is_member(member):
                group.members.append(member)
            else:
                line = place.of_value(name, member)
                what = _cut(member) if isinstance(member, str) else "a member that is no text"
                self.tell(line, f"{what} {_NO_MEMBER}")
                self.incomplete(group, line)


_NO_MEMBER = "is no member; write user:ADDRESS, group:ADDRESS or serviceAccount:ADDRESS"


class _Pairs(list[tuple[str, Any]]):
    """A JSON object with every key in order, so that none that is written twice is lost."""


class _Place:
    """Finds the lines of keys and members again, for as many as are told.

    They must be asked for in the order of the file. What the file spells with escapes of its own is not found; then
    it is the line of what was found last.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._key: str | None = None
        self._position = 0
        self._line = 1
        self._left = 2 * GAPS_TOLD

    def of_key(self, key: str) -> int:
        """The line of a key."""
        if key != self._key:
            self._key = key
            self._go_to(key, r"\s*:")
        return self._line

    def of_value(self, key: str, value: Any) -> int:
        """The line of a member below a key."""
        self.of_key(key)
        if isinstance(value, str):
            self._go_to(value, "")
        return self._line

    def _go_to(self, text: str, following: str) -> None:
        if len(text) > _SEARCHED or not self._left:
            return
        self._left -= 1
        written = re.escape(json.dumps(text, ensure_ascii=False))
        match = re.compile(written + following).search(self._text, self._position)
        if match:
            self._line += self._text.count("\n", self._position, match.start())
            self._position = match.start()


class _CsvFile(_GroupFile):
    """A table: one membership a row. A row without member says that the group is listed, perhaps empty."""

    def read(self) -> list[ListedGroup]:
        rows = self._rows()
        try:
            line, header = next(rows)
        except StopIteration:
            self.refuse(1, "the file is empty")
            return []
        names = [_column_name(cell or "") for cell in header or []]
        columns = [_index(names, wanted) for wanted in (_GROUP_COLUMNS, _MEMBER_COLUMNS, _TYPE_COLUMNS)]
        if columns[0] < 0 or columns[1] < 0:
            self.refuse(line, "the first line does not name the columns group and member")
            return []
        lost = 0
        for line, row in rows:
            if row is None or not self._read_row(line, [_cell(row, column) for column in columns]):
                lost = lost or line
        if lost:  # it may have been a member of any group
            for group in self.groups.values():
                self.incomplete(group, lost)
        return list(self.groups.values())

    def _rows(self) -> Iterator[tuple[int, list[str] | None]]:
        """(line, cells) of each row that is not empty; None for cells that cannot be read."""
        first = self.text.partition("\n")[0]
        delimiter = max(",;\t", key=first.count)
        reader = csv.reader(io.StringIO(self.text, newline=""), delimiter=delimiter, strict=True)
        while True:
            line = reader.line_num + 1
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                self.tell(line, f"not valid CSV ({error})")
                yield line, None
                continue
            if any(cell.strip() for cell in row):
                yield line, row

    def _read_row(self, line: int, cells: Sequence[str]) -> bool:
        """Read one membership; False where its group cannot be told."""
        name, member, kind = cells
        address = name.removeprefix("group:")
        if not _ADDRESS.fullmatch(address):
            self.tell(line, f"{_cut(name) or 'an empty cell'} is no group's address")
            return False
        group = self.group(address)
        kind = _column_name(kind)
        problem = "" if kind in _UNTYPED or kind in _PREFIXES else f"its member is a {_cut(kind)}, no single account"
        text = member if ":" in member else _PREFIXES.get(kind, "") + member
        if member and not problem and not _is_member(text):
            problem = f"{_cut(member)} {_NO_MEMBER}"
        if problem:
            self.tell(line, problem)
            self.incomplete(group, line)
        elif member:
            group.members.append(text)
        return True


def _is_member(text: str) -> bool:
    return (_ADDRESS if ":" not in text else _MEMBER).fullmatch(text) is not None


@lru_cache(maxsize=64)
def _column_name(cell: str) -> str:
    """`group_email` for `Group Email [Required]`."""
    return re.sub(r"[^a-z]+", "_", re.sub(r"\[[^\]]*\]", "", cell).lower()).strip("_")


def _index(names: Sequence[str], wanted: Sequence[str]) -> int:
    """The column of the first name that is there, -1 where none is."""
    return next((names.index(name) for name in wanted if name in names), -1)


def _cell(row: Sequence[str], column: int) -> str:
    return row[column].strip() if 0 <= column < len(row) else ""


def _cut(text: str) -> str:
    """A stranger's text, safe to show."""
    return visible(text[:_SHOWN]) + ("…" if len(text) > _SHOWN else "")
