"""The names that one asset goes by: exports write project numbers and account ids, plans project ids and e-mails."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from auditor.resources import content
from auditor.resources.decode import Unreadable, parse
from auditor.sources.base import Gaps, Source

_PROJECT = re.compile(r"/projects/([^/]+)")
_ACCOUNT = re.compile(r"/serviceAccounts/([^/]+)")
_HOME = re.compile(rb'"ancestors"\s*:\s*\[([^\]]*)\]')
_QUOTED = re.compile(rb'"((?:projects|folders)/[^"\\]+)"')
_RM = "cloudresourcemanager.googleapis.com/"
_CONTAINER = re.compile(
    rb'"asset_?[tT]ype"\s*:\s*"cloudresourcemanager\.googleapis\.com/(?:Project|Folder|Organization)"'
)
_KEY = "apikeys.googleapis.com/Key"
_IS_ACCOUNT = b'iam.googleapis.com/ServiceAccount"'
_EMAIL = re.compile(rb'"email"\s*:\s*"([^"\\]+)"')


class EstateNames:
    """What an estate calls its projects and service accounts. Of accounts, only those with the given `emails`."""

    def __init__(self, emails: Iterable[str]) -> None:
        self._ids: dict[str, str] = {}
        """Project number → id."""
        self._called: dict[str, str] = {}
        """`projects/ID` → `projects/NUMBER`, or whatever the estate calls it."""
        self._emails = {email for email in emails if email}
        self._accounts: dict[str, str] = {}
        """Unique id of a service account → e-mail."""
        self._aliases: dict[str, str] = {}
        self._above: dict[str, list[str]] = {}
        """Project (by id), folder or organisation → itself and its ancestors, as the estate has them."""

    def read(self, sources: Iterable[Source]) -> None:
        """Read the projects, folders, organisations and accounts of an estate; what is damaged is told elsewhere."""
        for source in sources:
            for _, line in source.lines(Gaps()):
                if b"cloudresourcemanager" in line and _CONTAINER.search(line):
                    self._container(line, trusted=source.trusted)
                elif self._emails and _IS_ACCOUNT in line:
                    self._account(line)

    def _container(self, line: bytes, *, trusted: bool) -> None:
        try:
            records = content.records(parse(line), trusted=trusted)
        except Unreadable:
            return
        for record in records:
            name = record["name"].rpartition(_RM)[2]
            kind, _, identifier = name.partition("/")
            data = (record.get("resource") or {}).get("data") if isinstance(record.get("resource"), dict) else None
            if kind == "projects" and isinstance(data, dict):
                project = data.get("projectId")
                if isinstance(project, str) and project:
                    self._ids[identifier] = project
                    self._ids[str(data.get("projectNumber", identifier))] = project
                    self._called[f"projects/{project}"] = name
            ancestors = record.get("ancestors")
            if isinstance(ancestors, list) and ancestors:
                self._above.setdefault(name, [str(ancestor) for ancestor in ancestors])

    def _account(self, line: bytes) -> None:
        found = _EMAIL.search(line)
        email = found[1].decode(errors="replace") if found else ""
        if email not in self._emails:
            return
        try:
            document: dict[str, Any] = parse(line)
        except Unreadable:
            return
        self._accounts[str(document.get("name", "")).rpartition("/")[2]] = email

    def of(self, name: str, line: dict[str, Any] | None = None) -> str:
        """A full resource name with the project's id and the account's e-mail; `line` may tell the e-mail."""
        name = _PROJECT.sub(lambda match: f"/projects/{self._ids.get(match[1], match[1])}", name, count=1)
        if "/serviceAccounts/" not in name:
            return self._aliases.get(name, name)
        email = ((line or {}).get("resource") or {}).get("data", {}).get("email")
        if line is not None and line["asset_type"] == "iam.googleapis.com/ServiceAccount" and isinstance(email, str):
            return _ACCOUNT.sub(lambda _: f"/serviceAccounts/{email}", name, count=1)
        return _ACCOUNT.sub(lambda match: f"/serviceAccounts/{self._accounts.get(match[1], match[1])}", name, count=1)

    def call(self, line: dict[str, Any]) -> str:
        """The name of an asset of the plan. An API key's unique id, by which exports call it, means it from now on."""
        name = self.of(line["name"], line)
        uid = ((line.get("resource") or {}).get("data") or {}).get("uid")
        if line["asset_type"] == _KEY and isinstance(uid, str) and uid:
            self._aliases[f"{name.rpartition('/')[0]}/{uid}"] = name
        return name

    def homes_of(self, name: str, line: bytes) -> Iterator[str]:
        """The project and folders that hold an asset, with the project's id."""
        match = _PROJECT.search(name)
        if match:
            yield f"projects/{match[1]}"
        listed = _HOME.search(line)
        for found in _QUOTED.findall(listed[1]) if listed else ():
            yield self.of("/" + found.decode(errors="replace")).removeprefix("/")

    def ancestors(self, told: list[str]) -> list[str]:
        """Ancestors as a plan tells them, continued from the nearest that the estate knows."""
        for position, ancestor in enumerate(told):
            called = self._called.get(ancestor, ancestor)
            if called in self._above:
                return [*told[:position], *self._above[called]]
        return told
