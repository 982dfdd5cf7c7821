"""What a guardrail is, the guardrails that an organisation should have, and how a check asks for one of them.

A constraint counts where the organisation enforces it for everything below, in its own form or in that of
its managed successor, or where Google enforces it for whoever says nothing. A dry run does not count, nor does
a rule that holds under a condition only.

Source: https://cloud.google.com/organization-policy/reference/org-policy-constraints
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from auditor import PASS, Check, Estate, Example, Fix, Severity, Undetermined, Verdict, asset, check, fail
from auditor.model.verdict import not_applicable
from auditor.resources.orgpolicy import OrgPolicy, PolicyRule, PolicySpec
from auditor.resources.resourcemanager import Organization
from auditor.resources.unknown import matching

ORGANIZATION = "organizations/3001"
SECURE_BY_DEFAULT = datetime(2024, 5, 4, tzinfo=UTC)
"""Organisations made from here on surely began with Google's baseline of guardrails, as policies of their own.
Source: cloud.google.com/resource-manager/docs/secure-by-default-organizations"""
ENFORCED = {"rules": [{"enforce": True}]}
LISTED = {"rules": [{"values": {"allowedValues": ["is:listed"]}}]}
NOT_ENFORCED = {"rules": [{"enforce": False}]}
UNDER_CONDITION = {"rules": [{"enforce": True, "condition": {"expression": "resource.matchTag('3001/env', 'prod')"}}]}


@dataclass(frozen=True)
class Guardrail:
    """A constraint, with the managed one that does the same."""

    constraint: str
    managed: str = ""
    is_list: bool = False
    """Whether the constraint limits values instead of being enforced or not."""
    denies: bool = False
    """Whether denying values is how the list is used; else what is not denied stays open, and nothing is won."""
    holes: frozenset[str] = frozenset()
    """Values that leave open what the guardrail is there for, if they are allowed or, in a list of denials, missing."""
    group: str = ""
    """The value that stands for all of `holes`."""
    by_default: bool = False
    """Whether Google enforces it where no policy says otherwise."""
    from_birth: bool = False
    """Whether Google sets it on organisations that it makes since `SECURE_BY_DEFAULT`."""
    for_new_projects: bool = False
    """Whether it is asked only when a project is made, so that a policy of a project itself says nothing."""

    @property
    def names(self) -> tuple[str, ...]:
        """Every constraint that counts."""
        return (self.constraint, self.managed) if self.managed else (self.constraint,)

    def restricts(self, spec: PolicySpec) -> bool:
        """Whether a rule without condition shuts what the guardrail is there for."""
        return not spec.reset and any(rule.condition is None and self._shuts(rule) for rule in spec.rules)

    def is_lifted_by(self, spec: PolicySpec) -> bool:
        """Whether the guardrail ends for everything below: by the rule without condition, or by a reset."""
        if spec.reset:
            return not self.by_default
        return any(rule.condition is None and self.opens(rule) for rule in spec.rules)

    def opens(self, rule: PolicyRule) -> bool:
        """Whether a rule allows what the guardrail is there to prevent."""
        return rule.allow_all or rule.enforce is False or not self.holes.isdisjoint(rule.allowed)

    def _shuts(self, rule: PolicyRule) -> bool:
        if rule.enforce is not None:
            return rule.enforce
        if rule.deny_all or (rule.allowed and self.holes.isdisjoint(rule.allowed)):
            return True
        return self.denies and bool(rule.denied) and (self.group in rule.denied or self.holes <= rule.denied)

    @property
    def example(self) -> tuple[str, dict[str, Any]]:
        """The constraint and spec that set the guardrail up."""
        if self.managed or not self.is_list:
            return self.managed or self.constraint, ENFORCED
        if self.denies:
            denied = [self.group] if self.group else sorted(self.holes) or ["is:listed"]
            return self.constraint, {"rules": [{"values": {"deniedValues": denied}}]}
        return self.constraint, LISTED


def judge(guardrail: Guardrail, organization: Organization, estate: Estate) -> Verdict:
    """Pass where the guardrail holds for everything in the organisation; else fail with what stands in its place."""

    def is_about(policy: OrgPolicy) -> bool:
        return policy.constraint in guardrail.names

    def holds(policy: OrgPolicy) -> bool:
        return is_about(policy) and policy.spec is not None and guardrail.restricts(policy.spec)

    key = organization.asset.key
    policies = estate.related(OrgPolicy, _container_of, key, within=key)
    if matching(policies, holds):
        return PASS
    if not policies and not estate.vouched_for(OrgPolicy):
        raise Undetermined("organisation policies", "the input has none of the organisation; say --exported org-policy")
    about = [policy for policy in policies if is_about(policy)]
    if guardrail.by_default and not any(policy.spec and guardrail.is_lifted_by(policy.spec) for policy in about):
        return PASS
    found = [f"{policy.constraint} {_state(guardrail, policy)}" for policy in about]
    told = ", ".join(found) or f"{' or '.join(guardrail.names)} is not set"
    return fail(f"{told}; Google set it when it made the organisation" if _had_it(guardrail, organization) else told)


def _had_it(guardrail: Guardrail, organization: Organization) -> bool:
    """Whether the organisation surely began with the guardrail, so that somebody took it away."""
    try:
        return guardrail.from_birth and organization.born is not None and organization.born >= SECURE_BY_DEFAULT
    except Undetermined:
        return False


def _container_of(policy: OrgPolicy) -> str:
    return policy.container


def _state(guardrail: Guardrail, policy: OrgPolicy) -> str:
    """What an organisation policy that does not restrict is instead, as a clause."""
    if policy.spec is None or not (policy.spec.rules or policy.spec.reset):
        return "is only a dry run" if policy.dry_run_spec else "is set without a rule"
    if policy.spec.reset:
        return "is reset to Google's default"
    if any(rule.condition and rule.restricts for rule in policy.spec.rules):
        return "is enforced under a condition only"
    kept = sorted({value for rule in policy.spec.rules for value in guardrail.holes & rule.allowed})
    return f"allows {', '.join(kept)}" if kept else "is set and does not restrict"


@dataclass(frozen=True, kw_only=True)
class Expectation:
    """A guardrail that is asked of the organisation, and the page of the check that asks.

    `rule` is the Terraform rule that sets it up. `unless` is a guardrail under which the question does not arise.
    """

    id: str
    title: str
    why: str
    breaks: str
    source: str
    guardrail: Guardrail
    rule: str = 'enforce = "TRUE"'
    unless: Guardrail | None = None
    severity: Severity = Severity.MEDIUM
    default: bool = True
    same_as: Sequence[str] = ()

    @property
    def page(self) -> str:
        """The check's page."""
        return f"""{self.title}

        Why: {self.why}

        What a fix may break: {self.breaks}

        Source: {self.source}
        """


def expected(module: str, expectation: Expectation) -> Check:
    """The check that asks for a guardrail; `module` is the module that it belongs to."""
    guardrail = expectation.guardrail

    def unguarded(organization: Organization, estate: Estate) -> Verdict:
        verdict = judge(guardrail, organization, estate)
        other = expectation.unless
        if verdict is not PASS and other and judge(other, organization, estate) is PASS:
            return not_applicable(f"{other.constraint} is enforced")
        return verdict

    unguarded.__doc__ = expectation.page
    unguarded.__module__ = module
    return check(
        expectation.id,
        severity=expectation.severity,
        default=expectation.default,
        reads=[OrgPolicy],
        same_as=expectation.same_as,
        fix=_fix(expectation),
        passes=lambda: _passes(expectation),
        fails=lambda: _fails(guardrail),
        unknown=lambda: [[organization(), policy(guardrail.constraint, ENFORCED, unknown=("resource.data.spec",))]],
    )(unguarded)


def _fix(expectation: Expectation) -> Fix:
    guardrail = expectation.guardrail
    constraint, spec = guardrail.example
    if guardrail.by_default:
        gcloud = f"gcloud org-policies reset {guardrail.constraint} --organization={{organization.id}}"
    elif guardrail.is_list:
        gcloud = "gcloud org-policies set-policy FILE"
    else:
        gcloud = (
            f"gcloud resource-manager org-policies enable-enforce {guardrail.constraint} "
            "--organization={organization.id}"
        )
    named = guardrail.constraint if guardrail.is_list else constraint
    mended = policy(guardrail.constraint, {"reset": True}) if guardrail.by_default else policy(constraint, spec)
    return Fix(
        gcloud=gcloud,
        terraform=f"google_org_policy_policy for {named} on the organisation, with rules {{ {expectation.rule} }}",
        guardrail=guardrail.constraint,
        manual="Set it as a dry run first, and exempt what must keep working by a folder policy or a tag.",
        patch=lambda: [mended],
    )


def organization() -> Example:
    """The organisation that the guardrails belong to."""
    return asset(Organization, {"displayName": "example.com"}, ancestors=[ORGANIZATION])


def policy(
    constraint: str,
    spec: dict[str, Any] | None,
    *,
    on: str = ORGANIZATION,
    dry_run: dict[str, Any] | None = None,
    unknown: Sequence[str] = (),
) -> Example:
    """An organisation policy as Organization Policy API v2 returns it."""
    name = f"{on}/policies/{constraint}"
    parts = {"spec": spec, "dryRunSpec": dry_run}
    return asset(
        OrgPolicy,
        {"name": name, **{key: part for key, part in parts.items() if part is not None}},
        name=f"//orgpolicy.googleapis.com/{name}",
        ancestors=list(dict.fromkeys([on, ORGANIZATION])),
        unknown=unknown,
    )


Examples = list[Example | Sequence[Example]]
_OTHER = "gcp.detailedAuditLoggingMode"


def _passes(expectation: Expectation) -> Examples:
    guardrail = expectation.guardrail
    constraint, spec = guardrail.example
    examples: Examples = [
        [organization(), policy(constraint, spec)],
        [
            organization(),
            policy(_OTHER, NOT_ENFORCED),
            policy(guardrail.constraint, NOT_ENFORCED, on="folders/2001"),
            policy(guardrail.constraint, {"rules": [*UNDER_CONDITION["rules"], {"enforce": "TRUE"}]}),
        ],
    ]
    if guardrail.is_list:
        examples.append([organization(), policy(guardrail.constraint, {"rules": [{"denyAll": True}]})])
        if not guardrail.holes:
            examples.append([organization(), policy(guardrail.constraint, LISTED)])
    if guardrail.by_default:
        examples.append([organization(), policy(_OTHER, NOT_ENFORCED)])
        examples.append([organization(), policy(guardrail.constraint, {"reset": True})])
    if expectation.unless:
        examples.append([organization(), policy(expectation.unless.constraint, ENFORCED)])
    return examples


def _fails(guardrail: Guardrail) -> Examples:
    lifted: list[dict[str, Any]] = [{"rules": [{"allowAll": True}]} if guardrail.is_list else NOT_ENFORCED]
    if guardrail.holes:
        lifted.append({"rules": [{"values": {"allowedValues": [f"is:{min(guardrail.holes)}"]}}]})
    examples: Examples = [[organization(), policy(guardrail.constraint, spec)] for spec in lifted]
    if guardrail.by_default:
        return examples
    weak: list[dict[str, Any]] = [UNDER_CONDITION, {"reset": True}]
    if guardrail.is_list and (not guardrail.denies or guardrail.holes):
        weak.append({"rules": [{"values": {"deniedValues": ["is:one"]}}]})
    return [
        *examples,
        organization(),
        [organization(), policy(guardrail.constraint, ENFORCED, on="folders/2001")],
        [organization(), policy(guardrail.constraint, None, dry_run=ENFORCED)],
        *([organization(), policy(guardrail.constraint, spec)] for spec in weak),
    ]
