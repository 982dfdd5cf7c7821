"""Who may do what inside a cluster: its own roles and bindings."""

from __future__ import annotations

from typing import Any

from auditor import DELETE, PASS, Example, Fix, Severity, Verdict, asset, check, fail, not_applicable
from auditor.resources.rbac import PolicyRule, RbacBinding, RbacRole

_IN = "//container.googleapis.com/projects/p/locations/europe-west1/clusters/c/k8s"
_EVERYBODY = ("system:anonymous", "system:unauthenticated")
_DEFAULT = not_applicable("Kubernetes or GKE makes it in every cluster")
_SOURCE_NAMES = {"labels": {"kubernetes.io/bootstrapping": "rbac-defaults"}}
_TEAM = {"kind": "Group", "name": "ops@example.com"}
_ESCALATING = ("bind", "escalate", "impersonate")
_READING = ("get", "list", "watch", "*")
_DEFAULT_ROLES = ("cluster-admin", "admin", "edit", "view")


def _binding(*subjects: str, role: str = "deployer", kind: str = "Group", **more: Any) -> Example:
    data = {
        "metadata": {"name": "team", **more.pop("metadata", {})},
        "roleRef": {"kind": "ClusterRole", "name": role},
        "subjects": [{"kind": kind, "name": name} for name in subjects],
    }
    return asset(RbacBinding, data, name=f"{_IN}/rbac.authorization.k8s.io/clusterrolebindings/team", **more)


def _role(*verbs: str, resources: tuple[str, ...] = ("pods",), **more: Any) -> Example:
    rule = {"apiGroups": [""], "resources": list(resources), "verbs": list(verbs), **more.pop("rule", {})}
    data = {"metadata": {"name": "deployer", **more.pop("metadata", {})}, "rules": [rule]}
    return asset(RbacRole, data, name=f"{_IN}/rbac.authorization.k8s.io/clusterroles/deployer", **more)


_UNBIND = Fix(
    manual="`kubectl delete clusterrolebinding NAME` (or rolebinding, with its namespace), after binding the role to "
    "a group of people or a service account that needs it.",
    guardrail="container.managed.disableRBACSystemBindings",
    patch=DELETE,
)
_UNKNOWN_SUBJECTS = ("resource.data.subjects",)


@check(
    "gke-rbac-anonymous-bound",
    severity=Severity.CRITICAL,
    evidence=["metadata.name", "roleRef", "subjects"],
    fix=_UNBIND,
    passes=lambda: [
        _binding("ops@example.com"),
        _binding("system:unauthenticated", role="system:public-info-viewer", metadata=_SOURCE_NAMES),
    ],
    fails=lambda: [
        _binding("system:unauthenticated"),
        _binding("system:anonymous", kind="User"),
        _binding("ops@example.com", "system:unauthenticated", role="view"),
    ],
    unknown=lambda: [_binding(unknown=_UNKNOWN_SUBJECTS)],
)
def anonymous_bound(binding: RbacBinding) -> Verdict:
    """A cluster lets callers that do not say who they are use one of its roles.

    Why: Whoever reaches the control plane has the role, and control planes with a public endpoint are searched for.

    What a fix may break: Probes and old tools that call the cluster without credentials.

    Source: https://cloud.google.com/kubernetes-engine/docs/best-practices/rbac
    """
    if binding.is_default:
        return _DEFAULT
    for subject in binding.subjects:
        if subject.name in _EVERYBODY:
            return fail(f"{subject.name} holds {binding.role_ref.name}")
    return PASS


@check(
    "gke-rbac-all-google-accounts-bound",
    severity=Severity.HIGH,
    evidence=["metadata.name", "roleRef", "subjects"],
    fix=_UNBIND,
    passes=lambda: [
        _binding("ops@example.com"),
        _binding("system:authenticated", role="system:discovery", metadata={"name": "system:discovery"}),
    ],
    fails=lambda: [_binding("system:authenticated"), _binding("ops@example.com", "system:authenticated", role="view")],
    unknown=lambda: [_binding(unknown=_UNKNOWN_SUBJECTS)],
)
def all_accounts_bound(binding: RbacBinding) -> Verdict:
    """A cluster lets everyone with a Google account use one of its roles.

    Why: In GKE the group system:authenticated is everybody who is signed in to Google, with any Gmail address.

    What a fix may break: People who relied on it; bind the role to their group.

    Source: https://cloud.google.com/kubernetes-engine/docs/best-practices/rbac
    """
    if binding.is_default:
        return _DEFAULT
    for subject in binding.subjects:
        if subject.name == "system:authenticated":
            return fail(f"everyone with a Google account holds {binding.role_ref.name}")
    return PASS


@check(
    "gke-rbac-cluster-admin-bound",
    severity=Severity.MEDIUM,
    evidence=["metadata.name", "roleRef", "subjects"],
    fix=Fix(
        manual="Bind a role of the namespaces and resources that are needed, then delete the binding to cluster-admin.",
        patch=DELETE,
    ),
    passes=lambda: [
        _binding("ops@example.com"),
        _binding("system:masters", role="cluster-admin", metadata={"name": "cluster-admin", **_SOURCE_NAMES}),
        _binding("system:serviceaccount:kube-system:x", role="cluster-admin", metadata={"name": "system:gke-x"}),
    ],
    fails=lambda: [
        _binding("ops@example.com", role="cluster-admin"),
        _binding("system:masters", role="view"),
        _binding("default", role="cluster-admin", kind="ServiceAccount"),
    ],
    unknown=lambda: [_binding(role="cluster-admin", unknown=_UNKNOWN_SUBJECTS)],
)
def cluster_admin_bound(binding: RbacBinding) -> Verdict:
    """Somebody is bound to cluster-admin, or to the group that no rule holds back.

    Why: cluster-admin reads every secret and runs anything on every node; the group system:masters does so even after
    all bindings are gone. One stolen token of such a subject is the cluster.

    What a fix may break: What installs operators and custom resources; it needs wide rights, and should have them for
    as long as it runs.

    Source: https://cloud.google.com/kubernetes-engine/docs/best-practices/rbac
    """
    if binding.is_default:
        return _DEFAULT
    is_admin = binding.role_ref.name == "cluster-admin" and binding.is_cluster_wide
    for subject in binding.subjects:
        if subject.name == "system:masters":
            return fail("the group system:masters is bound, which passes every check")
        if is_admin:
            return fail(f"{subject.kind} {subject.name} is cluster-admin")
    return PASS


_NARROW = Fix(
    manual="Name the resources and verbs that are needed, and where there are few objects, their names.",
    patch={"data": {"rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]}]}},
)


@check(
    "gke-rbac-role-escalates",
    severity=Severity.HIGH,
    evidence=["metadata.name", "rules"],
    fix=_NARROW,
    passes=lambda: [_role("get", "list"), _role("impersonate", resources=("users",), metadata=_SOURCE_NAMES)],
    fails=lambda: [
        _role("impersonate", resources=("users", "groups")),
        _role("bind", resources=("clusterroles",)),
        _role("get", "escalate", resources=("roles",)),
    ],
    unknown=lambda: [_role("get", unknown=("resource.data.rules.*",))],
)
def role_escalates(role: RbacRole) -> Verdict:
    """A role inside a cluster lets its holders give themselves more, or act as others.

    Why: bind hands out roles that the holder does not have, escalate writes such roles, impersonate takes another's
    name: each of them leads to cluster-admin.

    What a fix may break: Tools that manage roles for others; they need it, and should be few.

    Source: https://kubernetes.io/docs/concepts/security/rbac-good-practices/
    """
    if role.is_default:
        return _DEFAULT
    for rule in role.rules:
        for verb in rule.verbs:
            if verb in _ESCALATING:
                return fail(f"it permits {verb} on {_of(rule)}")
    return PASS


@check(
    "gke-rbac-role-wildcard",
    severity=Severity.MEDIUM,
    evidence=["metadata.name", "rules"],
    fix=_NARROW,
    passes=lambda: [
        _role("get", "list"),
        _role("*", resources=("pods",)),
        _role("*", resources=("*",), metadata={"name": "cluster-admin", **_SOURCE_NAMES}),
    ],
    fails=lambda: [_role("*", resources=("*",)), _role("*", resources=("pods", "*"), rule={"apiGroups": ["*"]})],
    unknown=lambda: [_role("get", unknown=("resource.data.rules.*",))],
)
def role_wildcard(role: RbacRole) -> Verdict:
    """A role inside a cluster permits everything on everything.

    Why: It includes secrets, roles and what the next version of the cluster or the next operator brings.

    What a fix may break: What its holders did by it; look at the audit log of the cluster first.

    Source: https://cloud.google.com/kubernetes-engine/docs/best-practices/rbac
    """
    if role.is_default or role.metadata.name in _DEFAULT_ROLES:
        return _DEFAULT
    for rule in role.rules:
        if "*" in rule.verbs and "*" in rule.resources:
            return fail("a rule permits every verb on every resource")
    return PASS


@check(
    "gke-rbac-role-reads-secrets",
    severity=Severity.LOW,
    evidence=["metadata.name", "rules"],
    fix=_NARROW,
    passes=lambda: [
        _role("get", "list"),
        _role("get", resources=("secrets",), rule={"resourceNames": ["db"]}),
        _role("create", resources=("secrets",)),
        _role("get", resources=("secrets",), metadata=_SOURCE_NAMES),
    ],
    fails=lambda: [
        _role("get", resources=("secrets",)),
        _role("watch", resources=("configmaps", "secrets")),
        _role("list", resources=("secrets",), rule={"resourceNames": ["db"]}),
    ],
    unknown=lambda: [_role("get", unknown=("resource.data.rules.*",))],
)
def role_reads_secrets(role: RbacRole) -> Verdict:
    """A role inside a cluster reads all secrets of it, or of a namespace.

    Why: Secrets hold tokens of service accounts and passwords of what the cluster talks to. Who may list them has them
    all; a name limits get, and does not limit list.

    What a fix may break: Controllers that copy or sync secrets; name the ones that they need.

    Source: https://kubernetes.io/docs/concepts/security/rbac-good-practices/
    """
    if role.is_default or role.metadata.name in _DEFAULT_ROLES:
        return _DEFAULT
    for rule in role.rules:
        if "secrets" not in rule.resources:
            continue
        for verb in rule.verbs:
            if verb in _READING and not (verb == "get" and rule.resource_names):
                return fail(f"it permits {verb} on secrets")
    return PASS


def _of(rule: PolicyRule) -> str:
    return ", ".join(rule.resources) or "what the rule does not name"
