"""The guardrails that an organisation should have, and how a check asks for one of them.

A constraint counts where the organisation enforces it for everything below, in its own form or in that of
its managed successor. A dry run does not count, nor does a rule that holds under a condition only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from auditor import PASS, Check, Estate, Example, Fix, Severity, Undetermined, Verdict, asset, check, fail
from auditor.resources.orgpolicy import OrgPolicy
from auditor.resources.resourcemanager import Organization
from auditor.resources.unknown import matching

ORGANIZATION = "organizations/3001"
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

    @property
    def names(self) -> tuple[str, ...]:
        """Every constraint that counts."""
        return (self.constraint, self.managed) if self.managed else (self.constraint,)


SERVICE_ACCOUNT_KEYS = Guardrail("iam.disableServiceAccountKeyCreation", "iam.managed.disableServiceAccountKeyCreation")
SERVICE_ACCOUNT_KEY_UPLOAD = Guardrail(
    "iam.disableServiceAccountKeyUpload", "iam.managed.disableServiceAccountKeyUpload"
)
POLICY_MEMBERS = Guardrail("iam.allowedPolicyMemberDomains", "iam.managed.allowedPolicyMembers", is_list=True)
AUTOMATIC_GRANTS = Guardrail(
    "iam.automaticIamGrantsForDefaultServiceAccounts",
    "iam.managed.preventPrivilegedBasicRolesForDefaultServiceAccounts",
)
PUBLIC_ACCESS_PREVENTION = Guardrail("storage.publicAccessPrevention")
UNIFORM_BUCKET_ACCESS = Guardrail("storage.uniformBucketLevelAccess")
OS_LOGIN = Guardrail("compute.requireOsLogin", "compute.managed.requireOsLogin")
SQL_PUBLIC_ADDRESS = Guardrail("sql.restrictPublicIp", "sql.managed.restrictPublicIp")
VM_EXTERNAL_ADDRESS = Guardrail("compute.vmExternalIpAccess", "compute.managed.vmExternalIpAccess", is_list=True)
DEFAULT_NETWORK = Guardrail("compute.skipDefaultNetworkCreation")

GUARDRAILS = (
    SERVICE_ACCOUNT_KEYS,
    SERVICE_ACCOUNT_KEY_UPLOAD,
    POLICY_MEMBERS,
    AUTOMATIC_GRANTS,
    PUBLIC_ACCESS_PREVENTION,
    UNIFORM_BUCKET_ACCESS,
    OS_LOGIN,
    SQL_PUBLIC_ADDRESS,
    VM_EXTERNAL_ADDRESS,
    DEFAULT_NETWORK,
)
CONSTRAINTS = frozenset(name for guardrail in GUARDRAILS for name in guardrail.names)


def judge(guardrail: Guardrail, organization: Organization, estate: Estate) -> Verdict:
    """Pass where the organisation enforces the guardrail; else fail with what stands in its place."""

    def is_about(policy: OrgPolicy) -> bool:
        return policy.constraint in guardrail.names and policy.container == organization.asset.key

    policies = estate.of(OrgPolicy)
    if matching(policies, lambda policy: is_about(policy) and policy.restricts):
        return PASS
    if not estate.vouched_for(OrgPolicy) and all(policy.container != organization.asset.key for policy in policies):
        raise Undetermined("organisation policies", "the input has none of the organisation; say --exported org-policy")
    found = [f"{policy.constraint} {_state(policy)}" for policy in policies if is_about(policy)]
    return fail(", ".join(found) or f"{' or '.join(guardrail.names)} is not set")


def _state(policy: OrgPolicy) -> str:
    """What an organisation policy that does not restrict is instead, as a clause."""
    if policy.spec is None or not (policy.spec.rules or policy.spec.reset):
        return "is only a dry run" if policy.dry_run_spec else "is set without a rule"
    if policy.spec.reset:
        return "is reset to Google's default"
    if any(rule.condition and rule.restricts for rule in policy.spec.rules):
        return "is enforced under a condition only"
    return "is set and does not restrict"


def guardrail_check(
    identifier: str, guardrail: Guardrail, *, rule: str, same_as: Sequence[str] = ()
) -> Callable[[Callable[..., Verdict]], Check]:
    """Make a function the check of one guardrail; `rule` is the Terraform rule that sets it up."""
    successor = guardrail.managed or guardrail.constraint
    constraint = guardrail.constraint if guardrail.is_list else successor
    return check(
        identifier,
        severity=Severity.MEDIUM,
        reads=[OrgPolicy],
        same_as=same_as,
        fix=Fix(
            gcloud="gcloud org-policies set-policy FILE"
            if guardrail.is_list
            else f"gcloud resource-manager org-policies enable-enforce {guardrail.constraint} "
            "--organization={organization.id}",
            terraform=f"google_org_policy_policy for {constraint} on the organisation, with rules {{ {rule} }}",
            guardrail=guardrail.constraint,
            manual="Set it as a dry run first, and exempt what must keep working by a folder policy or a tag.",
            patch=lambda: [policy(successor, ENFORCED)],
        ),
        passes=lambda: _passes(guardrail),
        fails=lambda: _fails(guardrail),
        unknown=lambda: [[organization(), policy(guardrail.constraint, ENFORCED, unknown=("resource.data.spec",))]],
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


def _passes(guardrail: Guardrail) -> Examples:
    other = "gcp.detailedAuditLoggingMode"
    examples: Examples = [
        [organization(), policy(guardrail.constraint, LISTED if guardrail.is_list else ENFORCED)],
        [
            organization(),
            policy(other, NOT_ENFORCED),
            policy(guardrail.constraint, NOT_ENFORCED, on="folders/2001"),
            policy(guardrail.constraint, {"rules": [*UNDER_CONDITION["rules"], {"enforce": "TRUE"}]}),
        ],
    ]
    if guardrail.managed:
        examples.append([organization(), policy(guardrail.managed, ENFORCED)])
    if guardrail.is_list:
        examples.append([organization(), policy(guardrail.constraint, {"rules": [{"denyAll": True}]})])
    return examples


def _fails(guardrail: Guardrail) -> Examples:
    examples: Examples = [
        organization(),
        [organization(), policy(guardrail.constraint, ENFORCED, on="folders/2001")],
    ]
    if guardrail.managed:  # the fix adds the managed policy, so that these stay as they are
        weak = (NOT_ENFORCED, UNDER_CONDITION, {"reset": True}, {"rules": [{"allowAll": True}]})
        examples += [[organization(), policy(guardrail.constraint, spec)] for spec in weak]
        examples.append([organization(), policy(guardrail.constraint, None, dry_run=ENFORCED)])
    if guardrail.is_list:
        some_denied = {"rules": [{"values": {"deniedValues": ["is:one"]}}]}
        examples.append([organization(), policy(guardrail.constraint, some_denied)])
    return examples
