"""What git knows of a folder: its files, and every version of them that a commit of any branch or tag has.

Only plumbing commands are run, which read no user's settings of format and start no other program. Nothing is
fetched. Source: https://git-scm.com/docs/git-diff-tree, https://git-scm.com/docs/git-cat-file
"""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

_OPTIONS = ("--no-optional-locks", "-c", "core.fsmonitor=false", "-c", "core.quotePath=false")
_ENVIRONMENT = {"GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1", "LC_ALL": "C"}
_FILE_MODES = (b"100644", b"100755", b"100664")
"""Modes of plain files; links and submodules have no text of their own."""
_CHUNK = 1 << 20


class GitError(Exception):
    """Git cannot answer; the message is a clause for people."""


class Version(NamedTuple):
    """A file's content as a commit has it."""

    commit: str
    path: str
    blob: str


def _command(folder: Path, *arguments: str) -> list[str]:
    return ["git", *_OPTIONS, "-C", str(folder), *arguments]


def _environment() -> dict[str, str]:
    """Ours, without variables that would point git to another repository."""
    inherited = {name: value for name, value in os.environ.items() if name not in ("GIT_DIR", "GIT_WORK_TREE")}
    return {**inherited, **_ENVIRONMENT}


def _asked(folder: Path, *arguments: str) -> bytes:
    """What a git command prints. Raises `GitError`."""
    try:
        done = subprocess.run(  # noqa: S603 - the program and its options are ours
            _command(folder, *arguments), env=_environment(), capture_output=True, check=False, stdin=subprocess.DEVNULL
        )
    except FileNotFoundError:
        raise GitError("git is not installed") from None
    except OSError as error:
        raise GitError(f"git cannot be started ({error.strerror})") from None
    if done.returncode:
        raise GitError(_complaint(done.stderr))
    return done.stdout


def _complaint(stderr: bytes) -> str:
    text = stderr.decode("utf-8", "replace").strip()
    if "not a git repository" in text:
        return "it is in no git repository"
    if "dubious ownership" in text:
        return "git refuses a repository that belongs to somebody else; see git help config, safe.directory"
    first = "".join(c if c.isprintable() else " " for c in text.partition("\n")[0])
    return f"git says {first.removeprefix('fatal: ')[:200]!r}"


def files_of(folder: Path) -> list[bytes]:
    """The paths below `folder` of all files that git tracks or would add. Raises `GitError`."""
    listed = _asked(folder, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    return sorted({path for path in listed.split(b"\0") if path})


def is_shallow(folder: Path) -> bool:
    """Whether older commits were never fetched. Raises `GitError`."""
    return _asked(folder, "rev-parse", "--is-shallow-repository").strip() == b"true"


def object_format(folder: Path) -> str:
    """The hash that names blobs: `sha1` or `sha256`. Raises `GitError`."""
    return _asked(folder, "rev-parse", "--show-object-format").decode().strip()


def versions_of(folder: Path) -> Iterator[Version]:
    """Every content that a commit gives to a file below `folder`, oldest commits first. Raises `GitError`."""
    diff = ("diff-tree", "--stdin", "-r", "--root", "-m", "--no-renames", "--raw", "-z", "--relative")
    with _started(folder, "rev-list", "--all", "--reverse") as commits:
        with _started(folder, *diff, stdin=commits.stdout) as changes:
            assert changes.stdout is not None
            yield from _versions(_tokens(changes.stdout))
            _ended(changes)
        _ended(commits)


def _versions(tokens: Iterator[bytes]) -> Iterator[Version]:
    commit = ""
    for token in tokens:
        if not token.startswith(b":"):
            commit = token.strip().decode("ascii", "replace")
            continue
        path = next(tokens, b"")
        _, mode, _, blob, status = token.split(b" ")
        if mode in _FILE_MODES and status != b"D":
            yield Version(commit, os.fsdecode(path), blob.decode("ascii", "replace"))


def _tokens(stream: IO[bytes]) -> Iterator[bytes]:
    rest = b""
    while block := stream.read(_CHUNK):
        *whole, rest = (rest + block).split(b"\0")
        yield from whole
    if rest.strip():
        yield rest


@contextlib.contextmanager
def _started(
    folder: Path, *arguments: str, stdin: IO[bytes] | int | None = subprocess.DEVNULL
) -> Iterator[subprocess.Popen[bytes]]:
    """A git command that runs beside us, and is ended with the block."""
    try:
        process = subprocess.Popen(  # noqa: S603 - the program and its options are ours
            _command(folder, *arguments),
            env=_environment(),
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    except OSError:
        raise GitError("git is not installed or cannot be started") from None
    try:
        yield process
    finally:
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        if process.poll() is None:
            process.terminate()
        process.wait()


def _ended(process: subprocess.Popen[bytes]) -> None:
    if process.wait():
        raise GitError(f"git stopped with code {process.returncode} before the end of the history")


class Blobs:
    """Reads blobs by their names, through one git process."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._ask, self._answer = process.stdin, process.stdout

    def read(self, blob: str, limit: int) -> bytes | int:
        """The content; of one that is larger than `limit`, its size. Raises `GitError`."""
        try:
            self._ask.write(blob.encode() + b"\n")
            self._ask.flush()
        except OSError:
            raise GitError("git stopped before the end of the history") from None
        header = self._answer.readline().split()
        if len(header) != 3 or not header[2].isdigit():
            raise GitError(f"blob {blob[:12]} is missing; the clone is not complete")
        size = int(header[2])
        if size > limit:
            left = size + 1
            while left > 0 and (block := self._answer.read(min(left, _CHUNK))):
                left -= len(block)
            return size
        content = self._answer.read(size + 1)
        if len(content) != size + 1:
            raise GitError("git stopped before the end of the history")
        return content[:size]


@contextlib.contextmanager
def blobs_of(folder: Path) -> Iterator[Blobs]:
    """A reader of the repository's blobs. Raises `GitError`."""
    with _started(folder, "cat-file", "--batch", stdin=subprocess.PIPE) as process:
        yield Blobs(process)
