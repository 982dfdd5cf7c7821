"""Deny policies: whether their exceptions leave anything denied, and whether there are any."""

from __future__ import annotations

from typing import Any

from auditor import PASS, Clock, Example, Fix, Severity, Verdict, asset, check, fail, not_applicable
from auditor.access.conditions import tautology
from auditor.access.members import Kind, Member, parse
from auditor.resources.iam_policies import DenyPolicy, DenyRule
from auditor.resources.unknown import known_first

_NAME = "//iam.googleapis.com/policies/cloudresourcemanager.googleapis.com%2Forganizations%2F3001/denypolicies/keys"
_ALL = "principalSet://goog/public:all"
_KEYS = "iam.googleapis.com/serviceAccountKeys.create"
_ADMINS = "principalSet://goog/group/key-admins@example.com"
_NEVER = "resource.matchTag('3001/env', 'prod') && !resource.matchTag('3001/env', 'prod')"
_WHOLE = (Kind.PUBLIC, Kind.CUSTOMER, Kind.DOMAIN, Kind.ALL_PRINCIPALS)


def _policy(*, unknown: tuple[str, ...] = (), **rule: Any) -> Example:
    given = {"deniedPrincipals": [_ALL], "deniedPermissions": [_KEYS], **rule}
    return asset(
        DenyPolicy, {"rules": [{"denyRule": given}]}, name=_NAME, ancestors=["organizations/3001"], unknown=unknown
    )


_FIX = Fix(
    gcloud="gcloud iam policies update {policy.policy_id} --attachment-point=ATTACHMENT --kind=denypolicies "
    "--policy-file=FILE",
    terraform="`exception_principals` and `exception_permissions` of google_iam_deny_policy",
    manual="Except the few groups or accounts that do the work, by name; deny further permissions by rules of their "
    "own rather than all of a service with exceptions.",
    patch={"data": {"rules": [{"denyRule": {"deniedPrincipals": [_ALL], "deniedPermissions": [_KEYS]}}]}},
)


def _is_wide(member: Member) -> bool:
    """Whether it stands for everybody of an organization, a domain or a pool."""
    return member.kind in _WHOLE or (
        member.kind in (Kind.WORKFORCE_IDENTITY, Kind.WORKLOAD_IDENTITY) and member.is_whole_pool
    )


@check(
    "deny-policy-exception-wide",
    severity=Severity.HIGH,
    fix=_FIX,
    passes=lambda: [
        _policy(exceptionPrincipals=[_ADMINS]),
        _policy(),
        _policy(exceptionPrincipals=["principal://goog/subject/break-glass@example.com"]),
        _policy(denialCondition={"expression": "!resource.matchTag('3001/env', 'test')"}),
        _policy(
            deniedPermissions=["iam.googleapis.com/serviceAccountKeys.*"],
            exceptionPermissions=["iam.googleapis.com/serviceAccountKeys.list"],
        ),
        asset(DenyPolicy, {"rules": [], "deleteTime": "2026-01-01T00:00:00Z"}, name=_NAME),
    ],
    fails=lambda: [
        _policy(exceptionPrincipals=[_ALL]),
        _policy(exceptionPrincipals=[_ADMINS, "principalSet://goog/cloudIdentityCustomerId/C01abcde"]),
        _policy(
            exceptionPrincipals=["principalSet://iam.googleapis.com/locations/global/workforcePools/staff/*"],
        ),
        _policy(exceptionPrincipals=["principalSet://cloudresourcemanager.googleapis.com/organizations/3001"]),
        _policy(exceptionPermissions=["iam.googleapis.com/serviceAccountKeys.*"]),
        _policy(deniedPrincipals=[_ADMINS], exceptionPrincipals=[_ADMINS]),
        _policy(denialCondition={"expression": "false"}),
        _policy(denialCondition={"expression": _NEVER}),
    ],
    unknown=lambda: [
        _policy(unknown=("resource.data.rules",)),
        _policy(unknown=("resource.data.rules.0.denyRule.exceptionPrincipals",)),
    ],
)
def wide_exception(policy: DenyPolicy, clock: Clock) -> Verdict:
    """The exceptions or the condition of a deny rule leave nobody and nothing that it denies.

    Why: The rule reads as a guardrail and guards nothing: an exception for a whole customer, organization or
    pool lets in each account of it, also those that will be made or stolen tomorrow. A wildcard among the
    excepted permissions can take out what the rule denies.

    What a fix may break: Whoever did what the rule is about. Ask the audit logs who they are, and except those.

    Source: https://cloud.google.com/iam/docs/deny-overview
    """
    if policy.delete_time:
        return not_applicable("the policy is deleted")
    for rule in known_first(policy.rules, lambda entry: [entry.deny_rule] if entry.deny_rule else []):
        problem = _emptied(rule) or _never(rule, clock)
        if problem:
            return fail(problem, evidence={"denied permissions": list(rule.denied_permissions)[:50]})
    return PASS


def _emptied(rule: DenyRule) -> str:
    """How the exceptions of a rule undo it, `""` where they do not."""
    excepted = [text for text in rule.exception_principals if _is_wide(parse(text))]
    if excepted:
        return f"{excepted[0]} is excepted from the rule"
    principals = set(rule.exception_principals)
    if principals and principals.issuperset(rule.denied_principals):
        return "every principal that the rule denies is excepted from it"
    patterns = list(rule.exception_permissions)
    if patterns and all(any(_includes(pattern, denied) for pattern in patterns) for denied in rule.denied_permissions):
        return f"every permission that the rule denies is excepted ({patterns[0]})"
    return ""


def _never(rule: DenyRule, clock: Clock) -> str:
    """That the condition of a rule is met by no request, `""` where it may be."""
    condition = rule.denial_condition
    if condition is None or not tautology(condition.expression, clock.now).fails:
        return ""
    return "no request meets the condition of the rule, so that it denies nothing"


def _includes(pattern: str, permission: str) -> bool:
    """Whether an entry (`service/resource.*`, `service/*.*`, `service/*.verb`) stands for another one or more."""
    if pattern == permission:
        return True
    service, _, names = pattern.partition("/")
    other, _, theirs = permission.partition("/")
    if service != other or "*" not in names:
        return False
    resource, _, verb = names.partition(".")
    their_resource, _, their_verb = theirs.rpartition(".") if resource != "*" else theirs.partition(".")
    return (resource in ("*", their_resource)) and (verb in ("*", their_verb))
