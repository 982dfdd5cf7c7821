"""Who may do what inside a GKE cluster, as Cloud Asset Inventory exports it.

Sources: kubernetes.io/docs/reference/kubernetes-api/authorization-resources,
cloud.google.com/kubernetes-engine/docs/best-practices/rbac (default roles, bindings and groups),
cloud.google.com/asset-inventory/docs/asset-types
"""

from __future__ import annotations

from typing import ClassVar

from msgspec import field

from auditor.resources.base import Resource, View, shows

_DEFAULTS = "kubernetes.io/bootstrapping"
_OF_KUBERNETES = ("system:", "gce:", "gke:", "kubelet-", "cluster-autoscaler", "event-exporter", "metrics-server")


class RbacMetadata(View):
    """`metadata` of a role or binding."""

    name: str = ""
    namespace: str = ""
    labels: dict[str, str] = {}


class RoleReference(View):
    """`roleRef`."""

    kind: str = ""
    name: str = ""


class Subject(View):
    """`subjects[]`: a user, group or service account."""

    kind: str = ""
    name: str = ""
    namespace: str = ""


class _RbacObject(Resource):
    HAS_POLICY: ClassVar[bool] = False

    metadata: RbacMetadata = field(default_factory=RbacMetadata)

    @property
    def is_default(self) -> bool:
        """Whether Kubernetes or GKE makes it in every cluster."""
        return _DEFAULTS in self.metadata.labels or self.metadata.name.startswith(_OF_KUBERNETES)


@shows("rbac.authorization.k8s.io/ClusterRoleBinding", "rbac.authorization.k8s.io/RoleBinding")
class RbacBinding(_RbacObject):
    """A binding, of the whole cluster or of one namespace."""

    role_ref: RoleReference = field(default_factory=RoleReference)
    subjects: list[Subject] = []

    @property
    def is_cluster_wide(self) -> bool:
        """Whether it holds in every namespace."""
        return self.asset.asset_type.endswith("/ClusterRoleBinding")


class PolicyRule(View):
    """`rules[]`: which verbs on which resources."""

    api_groups: list[str] = []
    resources: list[str] = []
    resource_names: list[str] = []
    verbs: list[str] = []


@shows("rbac.authorization.k8s.io/ClusterRole", "rbac.authorization.k8s.io/Role")
class RbacRole(_RbacObject):
    """A role, for the whole cluster or for one namespace."""

    rules: list[PolicyRule] = []
