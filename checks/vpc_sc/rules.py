"""What the checks of ingress and egress rules share: judging a list of rules, and example rules."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from auditor import PASS, Example, Severity, Verdict, fail
from auditor.resources.unknown import matching
from auditor.resources.vpc_sc import EgressRule, IngressRule
from checks.vpc_sc.examples import ENFORCED, OFFICE, perimeter

Rule = TypeVar("Rule", bound=IngressRule | EgressRule)

UPDATE = "gcloud access-context-manager perimeters update {perimeter.id} --policy={perimeter.policy_id} "
REPLACED = "The file replaces all rules of the perimeter in that direction: write those that are to stay into it."
LOADER = "serviceAccount:loader@partner.iam.gserviceaccount.com"
READ_BUCKETS = {"serviceName": "storage.googleapis.com", "methodSelectors": [{"method": "google.storage.objects.get"}]}
ANY_OPERATION = {"serviceName": "*"}
FROM_OFFICE = {"accessLevel": OFFICE}
FROM_ANYWHERE = {"accessLevel": "*"}
FROM_PARTNER = {"resource": "projects/5005"}


def inside(source: dict[str, Any], *, operation: dict[str, Any] = READ_BUCKETS, to: str = "*", **who: Any) -> Example:
    """A perimeter with one ingress rule; without `who` it admits one service account."""
    caller = {"sources": [source], **(who or {"identities": [LOADER]})}
    target = {"operations": [operation], "resources": [to]}
    return perimeter({**ENFORCED, "ingressPolicies": [{"ingressFrom": caller, "ingressTo": target}]})


def outside(to: str, *, operation: dict[str, Any] = READ_BUCKETS, **who: Any) -> Example:
    """A perimeter with one egress rule; without `who` it serves one service account."""
    caller = who or {"identities": [LOADER]}
    target = {"operations": [operation], "resources": [to]}
    return perimeter({**ENFORCED, "egressPolicies": [{"egressFrom": caller, "egressTo": target}]})


def numbered(rules: Iterable[Rule]) -> Iterator[tuple[str, Rule]]:
    """Each rule with what messages call it: its kind and its title or place in the list."""
    for number, rule in enumerate(rules, 1):
        kind = "ingress" if isinstance(rule, IngressRule) else "egress"
        yield f"{kind} rule {rule.title or number}", rule


def judged(
    rules: Iterable[tuple[str, Rule]],
    test: Callable[[Rule], bool],
    clause: str,
    worse: Callable[[Rule], bool] | None = None,
) -> Verdict:
    """Fail with the rules that are complete enough to match requests and pass `test`.

    High severity where one of them is `worse`.
    """
    found = matching(rules, lambda entry: test(entry[1]) and entry[1].opens_anything)
    if not found:
        return PASS
    names, culprits = zip(*found, strict=True)
    severity = Severity.HIGH if worse and any(worse(rule) for rule in culprits) else None
    return fail(f"{clause}: {', '.join(names)}", evidence={"rules": culprits}, severity=severity)
