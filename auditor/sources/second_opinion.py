"""What Cloud DLP (Sensitive Data Protection) says of texts that may hold credentials.

The texts are sent to Google, into the project that is billed for it, and only because the user asked for it. Nothing
of them is kept: of what was found there, the kind, the likelihood, the length and a digest.

Sources: cloud.google.com/sensitive-data-protection/limits (0.5 MB and 3,000 findings a request, 50,000 values a table,
600 requests a minute with a location), …/docs/reference/rest/v2/projects.content/inspect, …/docs/iam-permissions
(serviceusage.services.use of the billed project), …/docs/infotypes-reference
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from auditor.secrets import digest_of
from auditor.sources.live.declaration import Quota, Rpc
from auditor.sources.live.failures import Failure, NoCredentials, Refused, State
from auditor.sources.live.network import Calls, Patience

if TYPE_CHECKING:
    from auditor.sources.live.connection import Connection

INFO_TYPES = (
    "ANTHROPIC_API_KEY",
    "AUTH_TOKEN",
    "AWS_CREDENTIALS",
    "AZURE_AUTH_TOKEN",
    "BASIC_AUTH_HEADER",
    "ENCRYPTION_KEY",
    "GCP_API_KEY",
    "GCP_CREDENTIALS",
    "GEMINI_API_KEY",
    "HTTP_COOKIE",
    "JSON_WEB_TOKEN",
    "OAUTH_CLIENT_SECRET",
    "OPENAI_API_KEY",
    "PASSWORD",
    "STORAGE_SIGNED_POLICY_DOCUMENT",
    "STORAGE_SIGNED_URL",
    "TINK_KEYSET",
    "WEAK_PASSWORD_HASH",
    "XSRF_TOKEN",
)
"""The infoTypes of credentials. What a location does not have is not asked for: one unknown name spoils a request."""

MAX_TEXT = 20_000
"""Characters of the longest text that is sent."""
_MAX_BYTES = 400_000
"""Of the texts in one request, so that what else is in it fits into half a megabyte."""
_MAX_ROWS = 1_000
_ROW_BYTES = 12
"""What a text costs beside itself."""
_QUOTA = Quota("Cloud DLP requests", 600)
_PERMISSIONS = ("serviceusage.services.use",)
_INSPECT = Rpc("/google.privacy.dlp.v2.DlpService/InspectContent", _QUOTA, _PERMISSIONS)
_LIST = Rpc("/google.privacy.dlp.v2.DlpService/ListInfoTypes", _QUOTA)
_PROJECT = re.compile(r"(?:[a-z][a-z0-9.-]{1,61}:)?[a-z][a-z0-9-]{4,28}[a-z0-9]|\d{4,20}")
_LOCATION = re.compile(r"[a-z][a-z0-9-]{0,40}")
_LIKELIHOODS = ("", "very unlikely", "unlikely", "possible", "likely", "very likely")
_SURE = 4
"""`LIKELY`: below it, what nobody else sees is no finding."""


class NotAProject(ValueError):  # noqa: N818 - the message is the sentence that the user reads
    """What is to be billed is no project, or where it is to happen is no location."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A credential that Cloud DLP sees in a text."""

    info_type: str
    likelihood: str
    """In words, `very likely`."""
    is_likely: bool
    length: int
    digest: str


Opinion = tuple[Seen, ...] | str
"""What is seen in a text, or as a clause why it is not known."""


def parent_of(project: str, location: str = "") -> str:
    """`projects/P` or `projects/P/locations/L`. Raises `NotAProject`."""
    project = project.removeprefix("projects/")
    if not _PROJECT.fullmatch(project):
        raise NotAProject(f"{project!r} is no project id; name the project that is billed for Cloud DLP")
    if location and not _LOCATION.fullmatch(location):
        raise NotAProject(f"{location!r} is no location; write europe-west3, or leave it out for Google's choice")
    return f"projects/{project}" + (f"/locations/{location}" if location else "")


@dataclass(slots=True)
class SecondOpinion:
    """Asks Cloud DLP about texts, each once, however often the input is read."""

    parent: str
    connect: Callable[[], Connection]
    """Makes the connection when it is first needed. Raises `NoCredentials`."""
    patience: Patience = field(default_factory=Patience)
    max_bytes: int = _MAX_BYTES
    problems: list[str] = field(default_factory=list)
    """Why texts were not judged, each once."""
    sent: int = 0
    """Texts that were sent."""
    characters: int = 0
    confirmed: int = 0
    """Texts in which a credential is seen."""
    _known: dict[bytes, Opinion] = field(default_factory=dict)
    """What was said of a text, by its hash."""

    def of(self, texts: Sequence[str]) -> list[Opinion]:
        """What is seen in each text. A refusal is an opinion that is not known; `problems` has its cause."""
        open_texts = [text for text in dict.fromkeys(texts) if _key(text) not in self._known]
        if open_texts:
            asyncio.run(self._ask(open_texts))
        return [self._known[_key(text)] for text in texts]

    def told(self) -> str:
        """What was sent and what came of it, as a sentence for the report."""
        missing = f"; not judged: {'; '.join(self.problems)}" if self.problems else ""
        return (
            f"Cloud DLP in {self.parent} was sent {self.sent:,} lines ({self.characters:,} characters) "
            f"and saw credentials in {self.confirmed:,} of them{missing}"
        )

    async def _ask(self, texts: list[str]) -> None:
        try:
            connection = self.connect()
        except NoCredentials as problem:
            self._unknown(texts, str(problem))
            return
        calls = Calls(connection, patience=self.patience)
        try:
            names = await self._info_types(calls)
            for batch in self._batches(texts):
                await self._inspect(calls, names, batch)
        except Refused as refusal:
            self._unknown(texts, refusal.failure.words)
        except NoCredentials as problem:
            self._unknown(texts, str(problem))
        finally:
            await connection.close()

    def _unknown(self, texts: Sequence[str], problem: str) -> None:
        """Note that texts were not judged, those that were not yet."""
        words = f"Cloud DLP gave no second opinion: {problem}"
        for text in texts:
            self._known.setdefault(_key(text), words)
        if problem not in self.problems:
            self.problems.append(problem)

    def _batches(self, texts: list[str]) -> Iterator[list[str]]:
        batch: list[str] = []
        size = 0
        for text in texts:
            if len(text) > MAX_TEXT:
                self._unknown([text], f"a line is longer than {MAX_TEXT:,} characters and was not sent")
                continue
            cost = len(text.encode("utf-8", "replace")) + _ROW_BYTES
            if batch and (size + cost > self.max_bytes or len(batch) == _MAX_ROWS):
                yield batch
                batch, size = [], 0
            batch.append(text)
            size += cost
        if batch:
            yield batch

    async def _info_types(self, calls: Calls) -> list[str]:
        """Those of `INFO_TYPES` that the location has. Raises `Refused`."""
        from google.cloud.dlp_v2 import ListInfoTypesRequest

        _, _, location = self.parent.partition("/locations/")
        request = ListInfoTypesRequest(parent=f"locations/{location or 'global'}", filter="supported_by=INSPECT")
        client = calls.client("dlp_v2", "DlpService")
        answer = await calls.answer(_LIST, client.list_info_types, request)
        offered = {described.name for described in answer.info_types}
        names = [name for name in INFO_TYPES if name in offered]
        if not names:
            raise Refused(Failure(State.UNREADABLE, "it offers no infoType of credentials"))
        return names

    async def _inspect(self, calls: Calls, names: list[str], batch: list[str]) -> None:
        """Judge a batch; halves of it where the answer leaves something out. Raises `Refused`."""
        from google.cloud.dlp_v2 import InspectContentRequest

        request = InspectContentRequest(
            parent=self.parent,
            inspect_config={"info_types": [{"name": name} for name in names], "min_likelihood": "POSSIBLE"},
            item={
                "table": {
                    "headers": [{"name": "text"}],
                    "rows": [{"values": [{"string_value": _encodable(text)}]} for text in batch],
                }
            },
        )
        client = calls.client("dlp_v2", "DlpService")
        result = (await calls.answer(_INSPECT, client.inspect_content, request)).result
        self.sent += len(batch)
        self.characters += sum(map(len, batch))
        if result.findings_truncated and len(batch) > 1:
            middle = len(batch) // 2
            await self._inspect(calls, names, batch[:middle])
            await self._inspect(calls, names, batch[middle:])
            return
        seen: list[list[Seen]] = [[] for _ in batch]
        for finding in result.findings:
            row = _row_of(finding)
            if not 0 <= row < len(batch):
                raise Refused(Failure(State.UNREADABLE, f"it tells of row {row} of {len(batch)}"))
            seen[row].append(_seen(finding, batch[row]))
        self.confirmed += sum(map(bool, seen))
        for text, found in zip(batch, seen, strict=True):
            self._known[_key(text)] = tuple(found)


def _key(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _row_of(finding: Any) -> int:
    locations = finding.location.content_locations
    return int(locations[0].record_location.table_location.row_index) if locations else -1


def _seen(finding: Any, text: str) -> Seen:
    place = finding.location.codepoint_range
    quoted = text[place.start : place.end] or text
    likelihood = finding.likelihood if 0 < finding.likelihood < len(_LIKELIHOODS) else 3
    return Seen(
        info_type=finding.info_type.name,
        likelihood=_LIKELIHOODS[likelihood],
        is_likely=likelihood >= _SURE,
        length=len(quoted),
        digest=digest_of(quoted),
    )
