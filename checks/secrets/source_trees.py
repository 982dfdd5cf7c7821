"""Secrets in source code: in the files of today, in what git remembers, and those that a comment allows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from auditor import PASS, Fix, Severity, Undetermined, Verdict, asset, check, fail, not_applicable
from auditor.resources.source_tree import FoundSecret, PastSecret, SourceFile, SourceHistory, SuspectedSecret
from auditor.secrets import ALL_DETECTORS, RESTRICTABLE
from checks.secrets.places import SHOWN

_FOUND = {
    "detector": "service-account-key",
    "description": "the private key of a Google service account, with the account's e-mail beside it",
    "line": 5,
    "length": 1624,
    "digest": "5f0c21aa",
}
_WEBHOOK = {
    "detector": "slack-webhook",
    "description": "a Slack webhook: whoever has the URL posts into the channel",
    "line": 12,
    "length": 46,
    "digest": "9a3be001",
}
_ALLOWED = {"detector": "google-api-key", "line": 3, "reason": "restricted to our referrers"}
_COMMIT = "8d2f0c4b1e6a7f3950c1d2e3f4a5b6c7d8e9f0a1"


def _severity(hits: Iterable[FoundSecret | PastSecret]) -> Severity | None:
    """A lighter case where nothing is found but what is often restricted or short-lived."""
    return Severity.MEDIUM if all(hit.detector in RESTRICTABLE for hit in hits) else None


def _known(hits: list[Any]) -> list[Any]:
    """The secrets that are known; that there are none is undetermined where more may be."""
    found: list[Any] = []
    try:
        found.extend(hits)
    except Undetermined:
        found = [*getattr(hits, "known", list)()]
        if not found:
            raise
    return found


@check(
    "secret-in-source",
    severity=Severity.HIGH,
    fix=Fix(
        terraform="a reference to google_secret_manager_secret_version instead of the value",
        manual=(
            "Change the credential first: whoever has a clone has it. Store the new value with "
            "`gcloud secrets create NAME --data-file=-`, let the code read it from there, and take it out of the file. "
            "A value that is public on purpose is allowed with a comment on its line: "
            "`auditor:allow secret-DETECTOR reason=why`."
        ),
        patch={"data": {"hits": None}},
    ),
    passes=lambda: [
        asset(SourceFile, {"path": "app/main.py"}),
        asset(SourceFile, {"path": "web/index.html", "allowed": [_ALLOWED]}),
        asset(SourceFile, {"path": "logo.png", "binary": True}),
    ],
    fails=lambda: [
        asset(SourceFile, {"path": "deploy/key.json", "hits": [_FOUND]}),
        asset(SourceFile, {"path": "alerts.py", "hits": [_WEBHOOK, _FOUND]}),
        asset(SourceFile, {"path": "alerts.py", "hits": [_WEBHOOK]}),
    ],
    unknown=lambda: [asset(SourceFile, {"path": "dump.sql"}, unknown=["resource.data"])],
)
def secret_in_source(file: SourceFile) -> Verdict:
    """A secret is written into a source file.

    Why: Everyone with a clone has it: each developer's laptop, the build, its cache, the image, a fork. Git keeps it
    after the line is gone. Public repositories are searched for credentials within minutes of a push.

    What a fix may break: Whatever uses the old credential stops when it is changed; give the new one to all of them
    first.

    Source: https://cloud.google.com/secret-manager/docs/best-practices
    """
    if file.binary:
        return not_applicable("a binary file, which is not searched for text")
    hits = file.hits
    if not hits:
        return PASS
    first = min(hits, key=lambda hit: hit.detector in RESTRICTABLE)
    more = f" (and {len(hits) - 1} more)" if len(hits) > 1 else ""
    return fail(
        f"line {first.line} holds {first.description}{more}",
        evidence={"secrets": [_told(hit) for hit in hits[:SHOWN]]},
        severity=_severity(hits),
    )


def _told(hit: FoundSecret | PastSecret) -> dict[str, str | int]:
    told: dict[str, str | int] = {
        "line": hit.line,
        "detector": hit.detector,
        "length": hit.length,
        "digest": hit.digest,
    }
    return told | ({"cloudDlp": hit.opinion} if hit.opinion else {})


_SUSPECTED = {"line": 7, "kind": "PASSWORD", "likelihood": "likely", "length": 12, "digest": "77ab3c10"}


@check(
    "secret-suspected-in-source",
    severity=Severity.MEDIUM,
    fix=Fix(
        terraform="a reference to google_secret_manager_secret_version instead of the value",
        manual=(
            "Look at the line. If it is a credential, change it and keep the new one in Secret Manager; if it is "
            "public or made up on purpose, say so with a comment on its line: `auditor:allow secret reason=why`."
        ),
        patch={"data": {"suspected": None}},
    ),
    passes=lambda: [
        asset(SourceFile, {"path": "app/main.py", "reviewed": True}),
        asset(SourceFile, {"path": "app/main.py", "reviewed": True, "hits": [_FOUND]}),
        asset(SourceFile, {"path": "app/main.py"}),
    ],
    fails=lambda: [asset(SourceFile, {"path": "notes.txt", "reviewed": True, "suspected": [_SUSPECTED]})],
    unknown=lambda: [
        asset(SourceFile, {"path": "notes.txt", "reviewed": True}, unknown=["resource.data.suspected.*"]),
    ],
)
def suspected_in_source(file: SourceFile) -> Verdict:
    """Cloud DLP takes a line of a source file for a credential that no detector knows.

    Why: It weighs the words around a value and knows kinds of credentials that have no telling shape. It is asked
    only where `--dlp` says so, about the lines that hold a secret's name, and errs more often than the detectors do.

    What a fix may break: Whatever uses the old credential stops when it is changed; give the new one to all of them
    first.

    Source: https://cloud.google.com/sensitive-data-protection/docs/infotypes-reference
    """
    if not file.reviewed:
        return not_applicable("nobody asked Cloud DLP; --dlp does")
    suspected: list[SuspectedSecret] = _known(file.suspected)
    if not suspected:
        return PASS
    first = suspected[0]
    more = f" (and {len(suspected) - 1} more)" if len(suspected) > 1 else ""
    return fail(
        f"line {first.line} looks like {first.kind} to Cloud DLP ({first.likelihood}){more}",
        evidence={
            "suspected": [
                {"line": one.line, "kind": one.kind, "length": one.length, "digest": one.digest}
                for one in suspected[:SHOWN]
            ]
        },
    )


@check(
    "secret-in-git-history",
    severity=Severity.HIGH,
    fix=Fix(
        manual=(
            "Change the credential: that alone ends its use, and it is needed even if the history is rewritten, since "
            "clones and forks keep theirs. Then, where the repository is or becomes public, rewrite the history with "
            "git filter-repo and ask the host to drop its cached views."
        ),
        patch={"data": {"hits": None}},
    ),
    passes=lambda: [asset(SourceHistory, {"path": "app/main.py", "versions": 12})],
    fails=lambda: [asset(SourceHistory, {"path": "key.json", "versions": 2, "hits": [{**_FOUND, "commit": _COMMIT}]})],
    unknown=lambda: [asset(SourceHistory, {"path": "dump.sql", "versions": 1}, unknown=["resource.data.hits.*"])],
)
def secret_in_history(history: SourceHistory) -> Verdict:
    """A commit holds a secret that the file does not hold any more.

    Why: Deleting a line takes nothing out of the commits before. Whoever can clone can read it, in every branch, tag
    and fork, for as long as the repository exists.

    What a fix may break: A changed credential stops what still uses the old one. A rewritten history breaks open
    pull requests and every clone until it is made anew.

    Source: https://docs.github.com/authentication/keeping-your-account-and-data-secure/removing-sensitive-data-from-a-repository
    """
    hits: list[PastSecret] = _known(history.hits)
    if not hits:
        return PASS
    first = min(hits, key=lambda hit: hit.detector in RESTRICTABLE)
    more = f" (and {len(hits) - 1} more)" if len(hits) > 1 else ""
    return fail(
        f"line {first.line} of commit {first.commit[:12]} holds {first.description}{more}",
        evidence={"secrets": [{**_told(hit), "commit": hit.commit} for hit in hits[:SHOWN]]},
        severity=_severity(hits),
    )


@check(
    "source-secret-allowed-without-reason",
    severity=Severity.LOW,
    fix=Fix(
        manual="Write why the secret may stand there: `auditor:allow secret-DETECTOR reason=…`, or take both out.",
        patch={"data": {"flawed": None}},
    ),
    passes=lambda: [
        asset(SourceFile, {"path": "app/main.py"}),
        asset(SourceFile, {"path": "web/index.html", "allowed": [_ALLOWED]}),
    ],
    fails=lambda: [
        asset(
            SourceFile,
            {
                "path": "web/index.html",
                "flawed": [{"line": 3, "problem": "it gives no reason; write reason=… after it"}],
            },
        )
    ],
    unknown=lambda: [asset(SourceFile, {"path": "dump.sql"}, unknown=["resource.data"])],
)
def allowed_without_reason(file: SourceFile) -> Verdict:
    """A comment allows a secret in source code without saying why, and is not followed.

    Why: An allowance that nobody can question is how a test key and then a real one stay in a repository. The secret
    beside it is reported as if the comment were not there.

    What a fix may break: Nothing; the comment is read by the auditor alone.

    Source: https://csrc.nist.gov/pubs/sp/800/218/final
    """
    if not file.flawed:
        return PASS
    first = file.flawed[0]
    more = f" (and {len(file.flawed) - 1} more)" if len(file.flawed) > 1 else ""
    return fail(
        f"the allow comment in line {first.line} does not count: {first.problem}{more}",
        evidence={"comments": [{"line": comment.line, "problem": comment.problem} for comment in file.flawed[:SHOWN]]},
    )


@check(
    "source-secret-allowed",
    severity=Severity.INFO,
    fix=Fix(
        manual="Ask whether the reason still holds. If not, take the comment out, change the credential, and keep it "
        "in Secret Manager.",
        patch={"data": {"allowed": None}},
    ),
    passes=lambda: [asset(SourceFile, {"path": "app/main.py", "hits": [_FOUND]})],
    fails=lambda: [asset(SourceFile, {"path": "web/index.html", "allowed": [_ALLOWED]})],
    unknown=lambda: [asset(SourceFile, {"path": "dump.sql"}, unknown=["resource.data"])],
)
def allowed_in_source(file: SourceFile) -> Verdict:
    """A comment allows a secret to stand in a source file.

    Why: Somebody answers for it with a reason. Reasons age: a key that was restricted is widened, a test system goes
    live. This tells all of them in one place, so that a review can go through them.

    What a fix may break: Without the comment the secret is reported, and fails the gate that looks for such.

    Source: https://csrc.nist.gov/pubs/sp/800/218/final
    """
    if not file.allowed:
        return PASS
    first = file.allowed[0]
    more = f" (and {len(file.allowed) - 1} more)" if len(file.allowed) > 1 else ""
    return fail(
        f"line {first.line} is allowed to hold {ALL_DETECTORS.get(first.detector, 'a secret')}: {first.reason}{more}",
        evidence={
            "allowed": [
                {"line": one.line, "detector": one.detector, "reason": one.reason} for one in file.allowed[:SHOWN]
            ]
        },
    )
