"""Source trees: files and their history, with the secrets that were found in them. No API of Google shows these.

The lines are made by `auditor.sources.source_tree`; of a secret they tell detector, place, length and digest.
"""

from __future__ import annotations

from auditor.resources.base import Resource, View, shows


class FoundSecret(View):
    """`hits[]`: a secret in a file."""

    detector: str = ""
    description: str = ""
    line: int = 0
    length: int = 0
    digest: str = ""
    opinion: str = ""
    """What Cloud DLP sees on its line; `""` where it was not asked or did not say."""


class SuspectedSecret(View):
    """`suspected[]`: what Cloud DLP takes for a secret and no detector does."""

    line: int = 0
    kind: str = ""
    """The infoType."""
    likelihood: str = ""
    length: int = 0
    digest: str = ""


class AllowedSecret(View):
    """`allowed[]`: a secret that a comment beside it allows, with its reason."""

    detector: str = ""
    line: int = 0
    reason: str = ""


class FlawedComment(View):
    """`flawed[]`: an allow comment that does not count, and why."""

    line: int = 0
    problem: str = ""


@shows("auditor/SourceFile")
class SourceFile(Resource):
    """A file of a source tree as it is now. Of a binary file nothing is read."""

    HAS_POLICY = False

    path: str = ""
    binary: bool = False
    hits: list[FoundSecret] = []
    reviewed: bool = False
    """Whether Cloud DLP was asked for a second opinion."""
    suspected: list[SuspectedSecret] = []
    allowed: list[AllowedSecret] = []
    flawed: list[FlawedComment] = []


class PastSecret(View):
    """`hits[]`: a secret in a former version of a file, with the first commit that has it."""

    detector: str = ""
    description: str = ""
    line: int = 0
    length: int = 0
    digest: str = ""
    commit: str = ""
    opinion: str = ""


@shows("auditor/SourceHistory")
class SourceHistory(Resource):
    """All former versions of one path, in every commit of every branch and tag."""

    HAS_POLICY = False

    path: str = ""
    versions: int = 0
    hits: list[PastSecret] = []
