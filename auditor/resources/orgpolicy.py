"""Organisation policies in their v2 form.

Source: cloud.google.com/resource-manager/docs/reference/orgpolicy/rest/v2/organizations.policies
"""

from __future__ import annotations

from msgspec import field

from auditor.resources.base import Resource, View, shows


class RuleCondition(View):
    """A condition on tags (google.type.Expr)."""

    expression: str = ""


class RuleValues(View):
    """The values that a list constraint allows or denies."""

    allowed_values: list[str] = []
    denied_values: list[str] = []


class PolicyRule(View):
    """One rule. Boolean and managed constraints use `enforce`, list constraints the rest."""

    enforce: bool | None = None
    allow_all: bool = False
    deny_all: bool = False
    values: RuleValues = field(default_factory=RuleValues)
    condition: RuleCondition | None = None

    @property
    def allowed(self) -> frozenset[str]:
        """The values allowed, without the prefix that says a value is meant by itself."""
        return frozenset(value.removeprefix("is:") for value in self.values.allowed_values)

    @property
    def denied(self) -> frozenset[str]:
        """The values denied, without the prefix that says a value is meant by itself."""
        return frozenset(value.removeprefix("is:") for value in self.values.denied_values)

    @property
    def restricts(self) -> bool:
        """Whether what the constraint is about is forbidden, or limited to listed values.

        A list of denied values leaves everything else open and does not count.
        """
        if self.enforce is not None:
            return self.enforce
        return self.deny_all or bool(self.values.allowed_values)


class PolicySpec(View):
    """Rules as they are in force, or as a dry run."""

    rules: list[PolicyRule] = []
    inherit_from_parent: bool = False
    reset: bool = False

    @property
    def restricts(self) -> bool:
        """Whether a rule without condition restricts. A reset goes back to the constraint's default."""
        return not self.reset and any(rule.condition is None and rule.restricts for rule in self.rules)


@shows("orgpolicy.googleapis.com/Policy")
class OrgPolicy(Resource):
    """The policy set for one constraint on one organisation, folder or project."""

    name: str = ""
    spec: PolicySpec | None = None
    dry_run_spec: PolicySpec | None = None

    @property
    def constraint(self) -> str:
        """The constraint without its `constraints/` prefix: `iam.disableServiceAccountKeyCreation`."""
        return self.asset.name.rpartition("/policies/")[2]

    @property
    def container(self) -> str:
        """The resource that the policy is set on: `organizations/1`, `folders/2`, `projects/3`."""
        return self.asset.short_name.partition("/policies/")[0]

    @property
    def is_on_organization(self) -> bool:
        """Whether nothing lies above what the policy is set on."""
        return self.container.startswith("organizations/")

    @property
    def restricts(self) -> bool:
        """Whether the policy in force restricts; a dry run restricts nothing."""
        return self.spec is not None and self.spec.restricts

    @property
    def scope_flag(self) -> str:
        """The option of `gcloud org-policies` that names the container: `--folder=2`."""
        kind, _, identifier = self.container.partition("/")
        return f"--{kind.removesuffix('s')}={identifier}"
