"""Secrets in a source tree, and in all its history: each file and each former path is an asset with what was found.

A secret itself is in no asset: detector, line, length and a salted digest are.
"""

from __future__ import annotations

import hashlib
import itertools
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from auditor.secrets import Hit, scan_text
from auditor.secrets.allow import sort_out
from auditor.secrets.suspects import Suspect, spanned, suspects
from auditor.sources.files import printable, why
from auditor.sources.git_history import Blobs, GitError, Version, blobs_of, is_shallow, object_format, versions_of
from auditor.sources.source_files import files_in, text_of

if TYPE_CHECKING:
    from auditor.sources.base import Gaps
    from auditor.sources.second_opinion import Opinion, SecondOpinion

MAX_BYTES = 10 << 20
"""Larger files are not read: text that people write is smaller."""
_FILE, _HISTORY = "auditor/SourceFile", "auditor/SourceHistory"
_REST = "every other file was looked at"
_STANDS = "what the detectors found stands"
_SHALLOW = "the clone is shallow, older commits are not in it"


@dataclass(slots=True)
class _Past:
    """What the former versions of one path hold."""

    versions: int = 0
    hits: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    unread: str = ""


@dataclass(slots=True)
class _Held:
    """A file that waits for a second opinion."""

    place: str
    shown: str
    data: dict[str, Any]
    suspects: list[Suspect]


@dataclass(slots=True)
class SourceTree:
    """A folder of source text, or one file. With `history`, also what git remembers of it.

    `trusted` is for the assets' own note of what is unknown of them; `partial` is false because a tree shows no
    part of the estate of which more could be elsewhere.
    """

    folder: Path
    history: bool = False
    limit: int = MAX_BYTES
    salt: bytes | None = None
    """Of the digests; None for that of the process."""
    opinion: SecondOpinion | None = None
    """Who else is asked about the lines that may hold secrets."""
    kind: str = "source tree"
    partial: bool = False
    trusted: bool = True
    unsupported: Counter[str] = field(default_factory=Counter)
    _digests: dict[str, set[str]] = field(default_factory=dict)
    """Path → digests of what it holds now: the file's own findings, not its history's."""
    _blobs: set[str] = field(default_factory=set)
    """The blobs that the files are, where git is asked."""
    _hash: str = ""
    _suspects: list[Suspect] = field(default_factory=list)
    """Of the file that was read last."""
    _past_hits: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    """(text, hit) of what former versions hold, where somebody else is asked."""

    @property
    def path(self) -> str:
        """The folder or file, printable whatever bytes its name has."""
        return printable(self.folder)

    @property
    def name(self) -> str:
        """What the tree is called in the names of its assets: the folder's own name, wherever it lies."""
        return printable(self.folder.resolve().name) or "root"

    def lines(self, gaps: Gaps) -> Iterator[tuple[int | str, bytes]]:
        """(place, line) of each file and, with `history`, of each path that a commit has."""
        self._digests.clear()
        self._blobs.clear()
        self._past_hits.clear()
        self._hash = self._object_format() if self.history else ""
        yield from self._files(gaps)
        if self.history:
            yield from self._past(gaps)

    def _object_format(self) -> str:
        try:
            return object_format(self._root)
        except GitError:
            return ""  # told when the history is read

    @property
    def _root(self) -> Path:
        return self.folder if self.folder.is_dir() else self.folder.parent

    def _files(self, gaps: Gaps) -> Iterator[tuple[str, bytes]]:
        found = None
        held: list[_Held] = []
        for found in files_in(self.folder):
            shown = printable(found.path)
            place = f"{self.path}/{shown}" if self.folder.is_dir() else self.path
            if found.problem:
                gaps.add(place, found.problem, f"make it readable for the auditor; {_REST}")
                continue
            try:
                data = self._content(found.path)
            except OSError as error:
                gaps.add(place, why(error), f"make it readable for the auditor; {_REST}")
                yield place, self._line(_FILE, shown, {"path": shown}, {"resource.data": why(error)})
                continue
            if data is None:
                cause = f"larger than {self.limit:,} bytes, which no source text is"
                gaps.add_line(place, cause, f"leave it out with .gitignore, or look at it by hand; {_REST}")
                yield place, self._line(_FILE, shown, {"path": shown}, {"resource.data": cause})
                continue
            judged = self._judged(found.path, shown, data)
            if self._suspects:
                held.append(_Held(place, shown, judged, self._suspects))
            else:
                yield place, self._line(_FILE, shown, judged, {})
        if found is None:
            gaps.add(self.path, "there is no file in it to look at", "give the folder that holds the source")
        yield from self._reviewed(held, gaps)

    def _reviewed(self, held: list[_Held], gaps: Gaps) -> Iterator[tuple[str, bytes]]:
        """The files that waited, with the second opinion of their lines."""
        opinions = iter(self._opinions([suspect.text for file in held for suspect in file.suspects], gaps))
        for file in held:
            unknown = _with_opinions(file.data, file.suspects, [next(opinions) for _ in file.suspects])
            yield file.place, self._line(_FILE, file.shown, file.data, unknown)

    def _opinions(self, texts: list[str], gaps: Gaps) -> list[Opinion]:
        if self.opinion is None or not texts:
            return []
        found = self.opinion.of(texts)
        for problem in self.opinion.problems:
            gaps.add(
                f"Cloud DLP in {self.opinion.parent}",
                problem,
                f"grant roles/dlp.user there and enable dlp.googleapis.com, or leave --dlp out; {_STANDS}",
            )
        return found

    def _content(self, path: str) -> bytes | None:
        """What a file holds; None where that is more than the limit. Raises `OSError`."""
        file = self.folder / path if self.folder.is_dir() else self.folder
        with file.open("rb") as opened:
            data = opened.read(self.limit + 1)
        return data if len(data) <= self.limit else None

    def _judged(self, path: str, shown: str, data: bytes) -> dict[str, Any]:
        if self._hash:
            self._blobs.add(hashlib.new(self._hash, b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest())
        self._suspects = []
        text = text_of(data)
        if text is None:
            return {"path": shown, "binary": True}
        found = sort_out(text, scan_text(text, salt=self.salt))
        reviewed: dict[str, Any] = {"reviewed": True} if self.opinion else {}
        if self.opinion:
            allowed_lines = {allowed.hit.line for allowed in found.allowed}
            self._suspects = [s for s in suspects(text, found.hits) if s.line not in allowed_lines]
        if not found.hits and not found.allowed and not found.flawed:
            return {"path": shown, **reviewed}
        self._digests[path] = {hit.digest for hit in itertools.chain(found.hits, (a.hit for a in found.allowed))}
        return {
            "path": shown,
            **reviewed,
            "hits": [_told(hit) for hit in found.hits],
            "allowed": [
                {"detector": allowed.hit.detector, "line": allowed.hit.line, "reason": allowed.reason}
                for allowed in found.allowed
            ],
            "flawed": [{"line": flawed.line, "problem": flawed.problem} for flawed in found.flawed],
        }

    def _past(self, gaps: Gaps) -> Iterator[tuple[str, bytes]]:
        """The former paths. Where the history is not all there, none of them is said to be clean."""
        pasts: dict[str, _Past] = {}
        missing = ""
        try:
            if is_shallow(self._root):
                missing = _SHALLOW
                gaps.add(self.path, _SHALLOW, "git fetch --unshallow, then scan again")
            with blobs_of(self._root) as blobs:
                self._read_all(blobs, pasts, gaps)
        except GitError as error:
            missing = str(error)
            gaps.add(self.path, f"its git history was not read: {error}", f"or leave --git-history out; {_REST}")
        opinions = self._opinions([text for text, _ in self._past_hits], gaps)
        for (_, hit), opinion in zip(self._past_hits, opinions, strict=bool(self.opinion)):
            hit["opinion"] = _in_words(opinion)
        for path, past in sorted(pasts.items()):
            shown = printable(path)
            unknown = {"resource.data.hits.*": missing or past.unread} if missing or past.unread else {}
            data = {"path": shown, "versions": past.versions, "hits": list(past.hits.values())}
            yield f"{self.path}/{shown} (history)", self._line(_HISTORY, shown, data, unknown)

    def _read_all(self, blobs: Blobs, pasts: dict[str, _Past], gaps: Gaps) -> None:
        seen: set[bytes] = set()
        only = None if self.folder.is_dir() else self.folder.name
        for version in versions_of(self._root):
            if only is not None and version.path != only:
                continue
            past = pasts.setdefault(version.path, _Past())
            past.versions += 1
            identity = bytes.fromhex(version.blob)
            if identity in seen or version.blob in self._blobs:
                continue
            seen.add(identity)
            self._read(version, past, blobs, gaps)

    def _read(self, version: Version, past: _Past, blobs: Blobs, gaps: Gaps) -> None:
        content = blobs.read(version.blob, self.limit)
        if isinstance(content, int):
            past.unread = f"its version in commit {version.commit[:12]} is larger than {self.limit:,} bytes"
            gaps.add_line(f"{self.path}/{printable(version.path)} (history)", past.unread, _REST)
            return
        text = text_of(content)
        if text is None:
            return
        known = self._digests.get(version.path, set())
        for hit in sort_out(text, scan_text(text, salt=self.salt)).hits:
            if hit.digest in known or (hit.detector, hit.digest) in past.hits:
                continue
            told = past.hits[hit.detector, hit.digest] = {**_told(hit), "commit": version.commit}
            if self.opinion:
                self._past_hits.append((spanned(text, hit), told))

    def _line(self, asset_type: str, path: str, data: dict[str, Any], unknown: dict[str, str]) -> bytes:
        kind = "history" if asset_type == _HISTORY else "files"
        return msgspec.json.encode(
            {
                "name": f"//auditor/trees/{self.name}/{kind}/{path}",
                "asset_type": asset_type,
                "ancestors": [f"trees/{self.name}"],
                "resource": {"data": data},
                **({"unknown": unknown} if unknown else {}),
            }
        )


def _told(hit: Hit) -> dict[str, Any]:
    return {
        "detector": hit.detector,
        "description": hit.description,
        "line": hit.line,
        "length": hit.length,
        "digest": hit.digest,
    }


def _in_words(opinion: Opinion) -> str:
    """What somebody else sees in a text, in words; `""` where that is not known."""
    if isinstance(opinion, str):
        return ""
    seen = sorted({f"{credential.info_type} ({credential.likelihood})" for credential in opinion})
    return ", ".join(seen) or "no credential"


def _with_opinions(data: dict[str, Any], asked: list[Suspect], opinions: list[Opinion]) -> dict[str, str]:
    """Put into a file's data what somebody else sees in its lines; what of that is unknown, and why."""
    suspected: list[dict[str, Any]] = []
    unknown: dict[str, str] = {}
    for suspect, opinion in zip(asked, opinions, strict=True):
        hits = [hit for hit in data.get("hits", ()) if hit["line"] == suspect.line]
        for hit in hits:
            hit["opinion"] = _in_words(opinion)
        if isinstance(opinion, str):
            unknown["resource.data.suspected.*"] = opinion
        elif not hits:
            suspected += [
                {
                    "line": suspect.line,
                    "kind": seen.info_type,
                    "likelihood": seen.likelihood,
                    "length": seen.length,
                    "digest": seen.digest,
                }
                for seen in opinion
                if seen.is_likely
            ]
    data["suspected"] = suspected
    return unknown
