"""Issuers whose tokens anyone can get, and whether an attribute condition keeps strangers out.

Sources: cloud.google.com/iam/docs/best-practices-for-using-workload-identity-federation,
cloud.google.com/iam/docs/workload-identity-federation-with-deployment-pipelines
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SharedIssuer:
    """An issuer that signs tokens for all its customers with one key.

    `owner_claims` tell the customers apart; where there are none, every condition counts as restricting.
    A prefix of a claim that is a path pins the owner only if it reaches `owner_end`.
    Source of `subject_keys`: docs.github.com/actions/reference/security/oidc
    """

    name: str
    owner_claims: frozenset[str] = frozenset()
    owner_end: str = "/"
    advice: str = ""
    subject_keys: frozenset[str] = frozenset()
    """Where customers may choose what `sub` is made of: the keys that tell them apart, with which it has to begin."""


SHARED_ISSUERS = {
    "token.actions.githubusercontent.com": SharedIssuer(
        "GitHub Actions",
        frozenset(
            {
                "repository",
                "repository_id",
                "repository_owner",
                "repository_owner_id",
                "enterprise",
                "enterprise_id",
                "workflow_ref",
                "sub",
            }
        ),
        advice="assertion.repository_owner_id == 'NUMBER'",
        subject_keys=frozenset({"repo", "repository", "repository_id", "repository_owner", "repository_owner_id"}),
    ),
    "gitlab.com": SharedIssuer(
        "GitLab.com",
        frozenset(
            {
                "namespace_id",
                "namespace_path",
                "project_id",
                "project_path",
                "sub",
            }
        ),
        advice="assertion.namespace_id == 'NUMBER'",
    ),
    "app.terraform.io": SharedIssuer(
        "HCP Terraform",
        frozenset(
            {
                "terraform_organization_id",
                "terraform_organization_name",
                "terraform_project_id",
                "terraform_workspace_id",
                "sub",
            }
        ),
        owner_end=":",
        advice="assertion.terraform_organization_id == 'ORGANIZATION_ID'",
    ),
    "agent.buildkite.com": SharedIssuer(
        "Buildkite",
        frozenset(
            {
                "organization_id",
                "organization_slug",
                "pipeline_id",
                "sub",
            }
        ),
        owner_end=":",
        advice="assertion.organization_id == 'ORGANIZATION_ID'",
    ),
    "accounts.google.com": SharedIssuer("Google accounts", advice="assertion.sub == 'NUMBER'"),
    "cognito-identity.amazonaws.com": SharedIssuer("Amazon Cognito", advice="assertion.aud == 'IDENTITY_POOL_ID'"),
    "login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0": SharedIssuer(
        "Microsoft's personal accounts", advice="assertion.oid == 'OBJECT_ID'"
    ),
    "confidentialcomputing.googleapis.com": SharedIssuer(
        "Confidential Space", advice="assertion.submods.container.image_digest == 'DIGEST'"
    ),
}
"""By issuer URI without scheme. A longer path (an enterprise's own issuer) is another issuer."""

LASTING_CLAIMS = frozenset(
    {
        "repository_id",
        "repository_owner_id",
        "enterprise_id",
        "namespace_id",
        "project_id",
        "terraform_organization_id",
        "terraform_project_id",
        "terraform_workspace_id",
        "organization_id",
        "pipeline_id",
    }
)
"""Claims of shared issuers that are numbers or ids, never given to anybody else. All others are names."""

OWNER_WIDE_CLAIMS = frozenset(
    {
        "repository_owner",
        "repository_owner_id",
        "enterprise",
        "enterprise_id",
        "namespace_id",
        "namespace_path",
        "terraform_organization_id",
        "terraform_organization_name",
        "organization_id",
        "organization_slug",
    }
)
"""Claims that all repositories, projects or workspaces of an owner share."""

_OWNER_NAMES = frozenset({"owner", "owner_id", "org", "org_id", "organization", "namespace", "account", "enterprise"})
"""What such claims are called when they are mapped to an attribute by another name."""

_AWS_ROLE = re.compile(r"""assertion(?:\.|\[\s*["'])(?:arn|userid)\b""")
"""What AWS tokens say beside their account: the role and session, or the user."""

_PULL_REQUEST = re.compile(
    r"""assertion(?:\.|\[\s*["'])(?:event_name|ref|sub|workflow_ref|base_ref|head_ref)["']?\]?"""
    r"""\s*(?:==|\bin\b|\.startsWith\(|\.endsWith\(|\.contains\(|\.matches\()[^&|]*?"""
    r"""["'][^"']*(pull_request_target|pull_request|refs/pull/)"""
)

_CLAIM = re.compile(r"""assertion(?:\.(\w+)|\[\s*["'](\w+)["']\s*\])""")
_MAPPED = re.compile(r"\b(?:attribute|google)\.\w+")
_PREFIX = re.compile(r"""\.startsWith\(\s*["']([^"']*)["']""")
_EQUAL = re.compile(r"""\s*==\s*["']([^"']*)["']""")
_PATTERN = re.compile(r"""\.matches\(\s*r?["']([^"']*)["']""")
_LOOSE = re.compile(r"""\s*(?:!=|\.contains\(|\.endsWith\(|\.size\(|==\s*(?:""|'')|!=)""")


def shared_issuer(issuer_uri: str) -> SharedIssuer | None:
    """The shared issuer behind an issuer URI, None where the issuer serves one customer as far as is known."""
    return SHARED_ISSUERS.get(issuer_uri.strip().lower().removeprefix("https://").rstrip("/"))


def pins_owner(condition: str, mapping: Mapping[str, str], issuer: SharedIssuer) -> bool:
    """Whether each alternative of a condition (CEL) asks for a certain customer of the issuer.

    A comparison that is not understood counts as pinning: only what is surely loose is not.
    """
    if not issuer.owner_claims:
        return True
    spelled_out = _MAPPED.sub(lambda name: mapping.get(name[0], name[0]), condition)
    return all(_pins(alternative, issuer) for alternative in _alternatives(spelled_out))


def mutable_claims(condition: str, mapping: Mapping[str, str], issuer: SharedIssuer) -> list[str]:
    """The claims that tell owners apart in an alternative of a condition which no lasting claim pins.

    Empty where each alternative is pinned by a number, or does not pin the owner at all.
    """
    spelled_out = _MAPPED.sub(lambda name: mapping.get(name[0], name[0]), condition)
    for alternative in _alternatives(spelled_out):
        pinning = list(_pinning(alternative, issuer))
        if pinning and LASTING_CLAIMS.isdisjoint(pinning):
            return pinning
    return []


def tells_owners_only(attribute: str) -> bool:
    """Whether an attribute of a pool, by its name, is the same for all that an owner has at the issuer."""
    return attribute in OWNER_WIDE_CLAIMS or attribute in _OWNER_NAMES


def pins_aws_role(condition: str, mapping: Mapping[str, str]) -> bool:
    """Whether each alternative of a condition on AWS tokens asks for more than the account, which all share."""
    spelled_out = _MAPPED.sub(lambda name: mapping.get(name[0], _AWS_MAPPING.get(name[0], name[0])), condition)
    for alternative in _alternatives(spelled_out):
        roles = _AWS_ROLE.finditer(alternative)
        if all(_LOOSE_ROLE.match(alternative[role.end() :]) for role in roles):
            return False
    return True


_AWS_MAPPING = {"google.subject": "assertion.arn", "attribute.aws_role": "assertion.arn"}
"""What Google maps where a provider of AWS says nothing else."""
_LOOSE_ROLE = re.compile(r"""["'\]\s]*(?:!=|==\s*(?:""|'')|\.size\(|\.startsWith\(\s*["'][^"'/]*["'])""")
"""Tests that every role of an account passes: one that ends before the role's name."""


def trusts_pull_requests(condition: str, mapping: Mapping[str, str]) -> str:
    """What of pull requests an alternative of a condition asks for (`pull_request`), `""` where none does.

    What is negated, or compared with `!=`, does not ask for it.
    """
    spelled_out = _MAPPED.sub(lambda name: mapping.get(name[0], name[0]), condition)
    for found in _PULL_REQUEST.finditer(spelled_out):
        if not spelled_out[: found.start()].rstrip(" (").endswith("!"):
            return found[1]
    return ""


def _pins(term: str, issuer: SharedIssuer) -> bool:
    return next(_pinning(term, issuer), None) is not None


def _pinning(term: str, issuer: SharedIssuer) -> Iterator[str]:
    """The claims in a term that let in one customer of the issuer only."""
    for claim in _CLAIM.finditer(term):
        name = claim[1] or claim[2]
        if name in issuer.owner_claims and not _is_loose(term[: claim.start()], term[claim.end() :], name, issuer):
            yield name


def _is_loose(before: str, after: str, claim: str, issuer: SharedIssuer) -> bool:
    """Whether the test of a claim lets more than one customer in."""
    if before.rstrip().endswith(("has(", "!")) or _LOOSE.match(after):
        return True
    equal = _EQUAL.match(after)
    if equal and claim == "sub" and issuer.subject_keys:
        return not _begins_with_owner(equal[1], issuer)
    prefix = _PREFIX.match(after)
    if prefix:
        return not _reaches_owner_end(prefix[1], claim, issuer)
    pattern = _PATTERN.match(after)
    if pattern:
        text = pattern[1]
        return not (text.startswith("^") and (text.endswith("$") or _reaches_owner_end(text[1:], claim, issuer)))
    return False


def _begins_with_owner(subject: str, issuer: SharedIssuer) -> bool:
    """Whether a whole `sub` begins with its owner. What follows another key is for any customer to choose."""
    key, _, rest = subject.partition(":")
    if key in ("repo", "repository"):
        return _reaches_owner_end(subject, "sub", issuer)
    return key in issuer.subject_keys and bool(rest) and "*" not in rest.partition(":")[0]


def _reaches_owner_end(text: str, claim: str, issuer: SharedIssuer) -> bool:
    """Whether a prefix (`repo:owner/`) goes past the owner's name, so that no longer name matches too."""
    path = text.partition(":")[2] if claim == "sub" else text
    owner, end, _ = path.partition(issuer.owner_end)
    return bool(end) and bool(owner) and not set(owner) & set("*+.?[(\\")


def _alternatives(condition: str) -> Iterator[str]:
    """The terms that `||` joins at the top level; quoted text and brackets are left whole."""
    text = condition.strip()
    while _is_wrapped(text):
        text = text[1:-1].strip()
    start = 0
    for position, depth in _depths(text):
        if depth == 0 and text.startswith("||", position):
            yield text[start:position]
            start = position + 2
    yield text[start:]


def _is_wrapped(text: str) -> bool:
    if not (text.startswith("(") and text.endswith(")")):
        return False
    return all(depth > 0 for position, depth in _depths(text) if position < len(text) - 1)


def _depths(text: str) -> Iterator[tuple[int, int]]:
    """(position, depth of brackets after it) of each character outside quotes."""
    depth, quote = 0, ""
    for position, character in enumerate(text):
        if quote:
            quote = "" if character == quote else quote
            continue
        if character in "\"'":
            quote = character
            continue
        depth += (character in "([{") - (character in ")]}")
        yield position, depth
