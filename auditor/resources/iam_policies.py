"""IAM's other policies, in the form of their own APIs: deny policies, principal access boundaries and what binds them.

Sources: cloud.google.com/iam/docs/reference/rest/v2/policies,
cloud.google.com/iam/docs/reference/rest/v3/organizations.locations.principalAccessBoundaryPolicies,
cloud.google.com/iam/docs/reference/rest/v3/organizations.locations.policyBindings
"""

from __future__ import annotations

from contextlib import suppress
from typing import ClassVar
from urllib.parse import unquote

from msgspec import field

from auditor.resources.base import Resource, Undetermined, View, shows

_MANAGER = "cloudresourcemanager.googleapis.com/"
_CONTAINERS = frozenset({"projects", "folders", "organizations"})
LATEST_VERSION = "latest"
"""The enforcement version of a boundary that follows Google's default."""


class Expression(View):
    """A condition (google.type.Expr)."""

    expression: str = ""
    title: str = ""


class DenyRule(View):
    """`denyRule`: who must not use which permissions, when, and who and what is excepted."""

    denied_principals: list[str] = []
    exception_principals: list[str] = []
    denied_permissions: list[str] = []
    exception_permissions: list[str] = []
    denial_condition: Expression | None = None


class PolicyRule(View):
    """An element of `rules`."""

    description: str = ""
    deny_rule: DenyRule | None = None


@shows("iam.googleapis.com/DenyPolicy", "iam.googleapis.com/PolicyV2")
class DenyPolicy(Resource):
    """A deny policy: it binds the project, folder or organisation that it is attached to, and all below it.

    Asset Inventory exports deny policies as `PolicyV2`; a live collection that asks IAM itself writes `DenyPolicy`.
    """

    HAS_POLICY: ClassVar[bool] = False

    name: str = ""
    display_name: str = ""
    delete_time: str | None = None
    rules: list[PolicyRule] = []

    @property
    def policy_id(self) -> str:
        """The last segment of the name."""
        return self.asset.id

    @property
    def attachment(self) -> str:
        """Where it is attached: `projects/NUMBER-OR-ID`, `folders/NUMBER`, `organizations/NUMBER`.

        Raises `Undetermined` where neither name says so.
        """
        names = [self.asset.name]
        with suppress(Undetermined):
            names.append(self.name)
        for name in names:
            container = container_of(unquote(name.partition("policies/")[2].partition("/denypolicies/")[0]))
            if container:
                return container
        raise Undetermined("attachment point", "its name does not say what it is attached to")


class BoundaryOperation(View):
    """`operation`: the permissions that a rule is about; a rule without it is about all."""

    permissions: list[str] = []
    excluded_permissions: list[str] = []


class BoundaryRule(View):
    """An element of `details.rules`: resources, each with all below it."""

    description: str = ""
    resources: list[str] = []
    excluded_resources: list[str] = []
    effect: str = "EFFECT_UNSPECIFIED"
    operation: BoundaryOperation | None = None


class BoundaryDetails(View):
    """`details`. A boundary that is only planned, and names no version, will get the one that is then the default."""

    rules: list[BoundaryRule] = []
    enforcement_version: str = LATEST_VERSION


@shows("iam.googleapis.com/PrincipalAccessBoundaryPolicy")
class PrincipalAccessBoundaryPolicy(Resource):
    """Which resources those principals may reach that a `PolicyBinding` binds to it."""

    HAS_POLICY: ClassVar[bool] = False

    name: str = ""
    uid: str = ""
    display_name: str = ""
    details: BoundaryDetails = field(default_factory=BoundaryDetails)


class BindingTarget(View):
    """`target`: a principal set for boundaries, a resource for other kinds of policies."""

    principal_set: str = ""
    resource: str = ""


@shows("iam.googleapis.com/PolicyBinding")
class PolicyBinding(Resource):
    """Binds a policy to a set of principals, perhaps only to some of them."""

    HAS_POLICY: ClassVar[bool] = False

    name: str = ""
    policy: str = ""
    policy_uid: str = ""
    policy_kind: str = "PRINCIPAL_ACCESS_BOUNDARY"
    target: BindingTarget = field(default_factory=BindingTarget)
    condition: Expression | None = None


def container_of(name: str) -> str:
    """`projects/1`, `folders/2` or `organizations/3` of a full resource name with or without `//`; `""` for others."""
    steps = name.strip().removeprefix("//").removeprefix(_MANAGER).split("/")
    return "/".join(steps) if len(steps) == 2 and steps[0] in _CONTAINERS and steps[1] else ""
