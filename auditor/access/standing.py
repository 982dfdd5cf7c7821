"""Every grant that stands in the estate's allow policies, one by one: member × role × scope, and what it rests on.

This is what is built on: graphs, comparisons, checks. Denies and boundaries are not looked at here, because they speak
of permissions, not of roles; `EffectiveAccess.can` asks all three.

Sources: cloud.google.com/sdk/gcloud/reference/projects/remove-iam-policy-binding and its siblings of other services
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

from auditor.access.allow import AllowPolicies
from auditor.access.bindings import NO_GAPS, NOBODY, bare_role
from auditor.access.holdings import Holdings
from auditor.access.places import label
from auditor.access.truth import Decision, both, fails, unknown
from auditor.access.world import World


class Certainty(StrEnum):
    """Whether a grant is in force."""

    CERTAIN = "certain"
    POSSIBLE = "possible"
    NEVER = "never"


class BindingReference(NamedTuple):
    """A member of a binding, to be told and to be removed."""

    member: str
    role: str
    scope: str
    condition: str = ""
    """The expression; `""` where there is none, or where it is not shown."""
    hidden: bool = False
    """Whether there is a condition that the export does not show."""

    @property
    def sentence(self) -> str:
        """`user:ann@example.com holds roles/owner on projects/p`, with the condition where there is one."""
        under = f" under the condition {self.condition}" if self.condition else ""
        under = " under a condition that the export does not show" if self.hidden else under
        return f"{self.member} holds {self.role} on {label(self.scope)}{under}"

    @property
    def command(self) -> str:
        """The gcloud command that removes the member from the role there; `""` where no single command does.

        Of a conditional binding it removes every variant, with and without conditions.
        """
        group = _command_group(self.scope)
        if not group:
            return ""
        conditions = ["--all"] if self.condition or self.hidden else ["--condition=None"]
        if group[1] not in _KNOW_CONDITIONS:
            conditions = []
        return shlex.join([*group, f"--member={self.member}", f"--role={self.role}", *conditions])


class Standing(NamedTuple):
    """A member holds a role on a scope: certainly, possibly (`reason` says what is not known) or never (likewise)."""

    member: str
    role: str
    scope: str
    certainty: Certainty
    reason: str
    binding: BindingReference


def standings(world: World, allow: AllowPolicies, holdings: Holdings) -> Iterator[Standing]:
    """All grants of all policies. A role of unknown permissions is granted for certain: ask the role table of them."""
    bindings, members = world.bindings, world.bindings.members.all
    certainties: dict[tuple[int, int, str], tuple[Certainty, str]] = {}
    for binding in bindings:
        number, condition = bindings.role_of[binding], bindings.condition_of[binding]
        name, scope = bindings.roles[number], bindings.scopes[bindings.scope_of[binding]]
        role, expression = bare_role(name), bindings.conditions[condition]
        # Only custom roles depend on where they are granted: of all others a few answers serve millions of bindings.
        key = (number, condition, "" if name.startswith("roles/") else scope)
        known = certainties.get(key) if binding not in bindings.gaps else None
        if known is None:
            known = _certainty(both([_in_force(world, allow, binding, scope), holdings.met_sometime(binding)]))
            if binding not in bindings.gaps:
                certainties[key] = known
        for member in bindings.members_of(binding):
            if member != NOBODY:
                text = members[member]
                reference = BindingReference(text, role, scope, expression, role != name)
                yield Standing(text, role, scope, *known, reference)


def _in_force(world: World, allow: AllowPolicies, binding: int, scope: str) -> Decision:
    """Whether the binding's role gives anything there."""
    if gap := world.bindings.gaps.get(binding, NO_GAPS).role:
        return unknown(gap)
    number = world.bindings.role_of[binding]
    role = bare_role(world.bindings.roles[number])
    return fails(f"{role} gives nothing") if world.roles.mask(role) == 0 else allow.applies(number, scope)


def _certainty(decision: Decision) -> tuple[Certainty, str]:
    reason = "; ".join(decision.because)
    if decision.holds:
        return Certainty.CERTAIN, ""
    return (Certainty.POSSIBLE if decision.is_unknown else Certainty.NEVER), reason


_KNOW_CONDITIONS = frozenset({"projects", "resource-manager", "organizations", "storage", "iam", "secrets", "kms"})
"""The command groups of gcloud that have `--condition` and `--all`."""

_REMOVE = "remove-iam-policy-binding"
_LEVELS = {
    "projects": ("projects",),
    "folders": ("resource-manager", "folders"),
    "organizations": ("organizations",),
}


def _command_group(scope: str) -> list[str]:
    """The words of gcloud's command up to the resource and its flags; empty where none is known."""
    service, *steps = scope.removeprefix("//").split("/")
    service = service.removesuffix(".googleapis.com")
    if service == "cloudresourcemanager" and len(steps) == 2 and steps[0] in _LEVELS:
        return ["gcloud", *_LEVELS[steps[0]], _REMOVE, steps[1]]
    if service == "storage" and len(steps) == 1:
        return ["gcloud", "storage", "buckets", _REMOVE, f"gs://{steps[0]}"]
    if service == "iam" and len(steps) == 4 and steps[2] == "serviceAccounts":
        return ["gcloud", "iam", "service-accounts", _REMOVE, steps[3]]
    parts = dict(zip(steps[::2], steps[1::2], strict=False))
    build = _COMMANDS.get((service, steps[-2] if len(steps) > 2 else ""))
    try:
        return ["gcloud", *build[0].split(), _REMOVE, parts[steps[-2]], *_flags(build[1], parts)] if build else []
    except KeyError:  # a name of another form than the service has
        return []


def _flags(wanted: str, parts: dict[str, str]) -> list[str]:
    return [f"--{flag}={parts[step]}" for flag, _, step in (entry.partition("=") for entry in wanted.split())]


_COMMANDS = {
    ("artifactregistry", "repositories"): ("artifacts repositories", "location=locations project=projects"),
    ("cloudfunctions", "functions"): ("functions", "region=locations project=projects"),
    ("cloudkms", "cryptoKeys"): ("kms keys", "keyring=keyRings location=locations project=projects"),
    ("cloudkms", "keyRings"): ("kms keyrings", "location=locations project=projects"),
    ("compute", "instances"): ("compute instances", "zone=zones project=projects"),
    ("compute", "subnetworks"): ("compute networks subnets", "region=regions project=projects"),
    ("pubsub", "subscriptions"): ("pubsub subscriptions", "project=projects"),
    ("pubsub", "topics"): ("pubsub topics", "project=projects"),
    ("run", "jobs"): ("run jobs", "region=locations project=projects"),
    ("run", "services"): ("run services", "region=locations project=projects"),
    ("secretmanager", "secrets"): ("secrets", "project=projects"),
    ("spanner", "databases"): ("spanner databases", "instance=instances project=projects"),
    ("spanner", "instances"): ("spanner instances", "project=projects"),
}
"""Service and collection → gcloud's command group, and which flag takes which part of the name."""
