"""What a plan changes in the IAM policy of one asset, and the policy that comes of it.

`_iam_member` adds or takes a member, `_iam_binding` says all members of a role (under one condition),
`_iam_policy` says all bindings, `_iam_audit_config` the audit configuration of a service.

Source: registry.terraform.io/providers/hashicorp/google/latest/docs/resources/google_project_iam
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Any

Binding = dict[str, Any]
_INDEXED = "iam_policy.bindings."
_REST = "the estate has no IAM policy of it, and the plan shows only what it changes"


@dataclass(slots=True)
class Grants:
    """Part of a policy as a plan shows it: bindings, audit configurations, and what is unknown of them."""

    bindings: list[Binding] = field(default_factory=list)
    audit_configs: list[dict[str, Any]] = field(default_factory=list)
    unknown: dict[int, dict[str, str]] = field(default_factory=dict)
    """Position of a binding → path in it → cause."""
    untold: str = ""
    """Why nothing is known of the policy."""

    @classmethod
    def of(cls, line: dict[str, Any]) -> Grants:
        """The part of a policy that an asset's line has."""
        policy = line.get("iam_policy") or {}
        made = cls(
            policy.get("bindings", []), policy.get("auditConfigs", []), untold=line["unknown"].get("iam_policy", "")
        )
        for path, cause in line["unknown"].items():
            position, _, rest = path.removeprefix(_INDEXED).partition(".")
            if path.startswith(_INDEXED) and position.isdigit():
                made.unknown.setdefault(int(position), {})[rest] = cause
        return made


@dataclass(slots=True)
class PolicyChange:
    """What a plan changes in one policy, by the kind of resource that says so."""

    left: Grants = field(default_factory=Grants)
    """Members that are taken."""
    joined: Grants = field(default_factory=Grants)
    """Members that are added."""
    roles_before: Grants = field(default_factory=Grants)
    roles_after: Grants = field(default_factory=Grants)
    whole_before: Grants | None = None
    whole_after: Grants | None = None
    audit_before: Grants = field(default_factory=Grants)
    audit_after: Grants = field(default_factory=Grants)

    def apply(self, policy: dict[str, Any] | None) -> tuple[dict[str, Any], dict[str, str]]:
        """The policy after apply, and path → cause of what is unknown in it. `policy` is None where it is unknown."""
        made = _Policy(copy.deepcopy(policy or {}))
        made.is_known = policy is not None
        for binding in self.left.bindings:
            made.take(binding)
        for binding in [*self.roles_before.bindings, *self.roles_after.bindings]:
            made.clear(binding)
        if self.whole_before is not None or self.whole_after is not None:
            whole = self.whole_after or Grants()  # a policy resource that goes leaves an empty policy
            if whole.untold:
                return {}, {"iam_policy": whole.untold}
            made.replace(whole)
        made.put(self.roles_after)
        made.put(self.joined)
        made.audit(self.audit_before.audit_configs, self.audit_after.audit_configs)
        return made.policy, made.causes()


def _key(binding: Binding) -> tuple[str, str, str]:
    """A binding's role and condition; of a condition, a policy keeps one for each expression and title."""
    condition = binding.get("condition") or {}
    return str(binding.get("role", "")), str(condition.get("expression", "")), str(condition.get("title", ""))


class _Policy:
    """A policy in change."""

    def __init__(self, policy: dict[str, Any]) -> None:
        self.policy = policy
        self.is_known = True
        self._unknown: list[tuple[Binding, dict[str, str]]] = []
        policy["bindings"] = [binding for binding in policy.get("bindings") or [] if isinstance(binding, dict)]

    @property
    def _bindings(self) -> list[Binding]:
        bindings: list[Binding] = self.policy["bindings"]
        return bindings

    def take(self, binding: Binding) -> None:
        """Take the members of a binding out of those of the same role and condition."""
        leaving = {str(member).lower() for member in binding.get("members", [])}
        for present in self._bindings:
            if _key(present) == _key(binding):
                present["members"] = [m for m in present.get("members", []) if str(m).lower() not in leaving]
        self.policy["bindings"] = [one for one in self._bindings if one.get("members")]

    def clear(self, binding: Binding) -> None:
        """Take away all bindings of the same role and condition."""
        self.policy["bindings"] = [one for one in self._bindings if _key(one) != _key(binding)]

    def replace(self, whole: Grants) -> None:
        """Let the policy be what an authoritative resource says."""
        self.is_known = True
        self.policy["bindings"] = []
        self.policy.pop("auditConfigs", None)
        self.put(whole)
        if whole.audit_configs:
            self.policy["auditConfigs"] = copy.deepcopy(whole.audit_configs)

    def put(self, grants: Grants) -> None:
        """Add bindings, their members to the binding of the same role and condition where all is known of them."""
        for position, binding in enumerate(grants.bindings):
            unknown = grants.unknown.get(position, {})
            present = next((one for one in self._bindings if _key(one) == _key(binding)), None)
            if present is None or unknown:
                present = {**copy.deepcopy(binding), "members": []}
                self._bindings.append(present)
            there = {str(member).lower() for member in present.get("members", [])}
            present["members"] = [
                *present.get("members", []),
                *(member for member in binding.get("members", []) if str(member).lower() not in there),
            ]
            if unknown:
                self._unknown.append((present, unknown))

    def audit(self, before: list[dict[str, Any]], after: list[dict[str, Any]]) -> None:
        """Replace the audit configurations of services."""
        services = {config.get("service") for config in [*before, *after]}
        if services:
            kept = [one for one in self.policy.get("auditConfigs") or [] if one.get("service") not in services]
            self.policy["auditConfigs"] = [*kept, *copy.deepcopy(after)]

    def causes(self) -> dict[str, str]:
        """Path → cause of what is unknown."""
        found = {}
        for position, binding in enumerate(self._bindings):
            for part, unknown in self._unknown:
                if part is binding:
                    found.update({f"{_INDEXED}{position}.{path}": cause for path, cause in unknown.items()})
        if not self.is_known:
            found |= {"iam_policy.bindings.*": _REST, "iam_policy.auditConfigs.*": _REST}
        return found
