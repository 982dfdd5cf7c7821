"""What pods are given, and what a namespace lets pods do."""

from __future__ import annotations

from typing import Any

from auditor import PASS, Estate, Example, Fix, Severity, Undetermined, Verdict, asset, check, fail, not_applicable
from auditor.resources.gke import Cluster
from auditor.resources.kubernetes import KubernetesWorkload, Namespace
from auditor.resources.rbac import RbacBinding

_CLUSTER = "//container.googleapis.com/projects/p/locations/europe-west1/clusters/c"
_ENFORCE = "pod-security.kubernetes.io/enforce"
_SYSTEM = not_applicable("GKE or an add-on fills the namespace")


def _namespace(labels: dict[str, str], name: str = "shop", **data: Any) -> Example:
    return asset(
        Namespace,
        {"metadata": {"name": name, "labels": {"kubernetes.io/metadata.name": name, **labels}}, **data},
        name=f"{_CLUSTER}/k8s/namespaces/{name}",
    )


def _name(cluster: Cluster) -> str:
    return cluster.asset.name


def _is_autopilot(namespace: Namespace, estate: Estate) -> bool:
    """Whether Autopilot runs the cluster of a namespace. Raises `Undetermined` where the cluster is not known."""
    for cluster in estate.related(Cluster, _name, namespace.cluster_name, within=namespace.project):
        return cluster.autopilot.enabled
    raise Undetermined("whether it is an Autopilot cluster", "the input does not have the cluster")


@check(
    "gke-namespace-without-pod-security",
    severity=Severity.LOW,
    evidence=["metadata.name", "metadata.labels"],
    reads=[Cluster],
    fix=Fix(
        manual=f"kubectl label namespace NAME {_ENFORCE}=baseline; look at what it would refuse first, with "
        "--dry-run=server.",
        terraform=f'labels = {{ "{_ENFORCE}" = "baseline" }} in metadata of kubernetes_namespace',
        patch={"data": {"metadata": {"labels": {_ENFORCE: "baseline"}}}},
    ),
    passes=lambda: [
        _namespace({_ENFORCE: "restricted"}),
        _namespace({_ENFORCE: "baseline"}),
        _namespace({}, "kube-system"),
        _namespace({}, status={"phase": "Terminating"}),
        [_namespace({}), asset(Cluster, {"autopilot": {"enabled": True}}, name=_CLUSTER)],
    ],
    fails=lambda: [
        [_namespace({}), asset(Cluster, {}, name=_CLUSTER)],
        [_namespace({_ENFORCE: "privileged"}), asset(Cluster, {}, name=_CLUSTER)],
        [_namespace({"pod-security.kubernetes.io/warn": "restricted"}), asset(Cluster, {}, name=_CLUSTER)],
    ],
    unknown=lambda: [
        _namespace({}),
        asset(
            Namespace,
            {"metadata": {"name": "shop"}},
            name=f"{_CLUSTER}/k8s/namespaces/shop",
            unknown=["resource.data.metadata.labels"],
        ),
    ],
)
def without_pod_security(namespace: Namespace, estate: Estate) -> Verdict:
    """A namespace admits pods that can take over their node.

    Why: without a Pod Security Standard that is enforced, whoever may make a pod may make a privileged one, with the
    node's disks and network, and from there reach every other pod on it. Labels that warn or audit refuse nothing.
    Autopilot refuses such pods itself; policies of Gatekeeper or Kyverno are not seen here.

    What a fix may break: pods that need such rights are refused from then on; those that run go on.

    Source: https://cloud.google.com/kubernetes-engine/docs/how-to/podsecurityadmission
    """
    if namespace.is_of_google:
        return _SYSTEM
    if namespace.status.phase == "Terminating":
        return not_applicable("the namespace is being deleted")
    level = namespace.metadata.labels.get(_ENFORCE, "")
    if level in ("baseline", "restricted"):
        return PASS
    if _is_autopilot(namespace, estate):
        return not_applicable("Autopilot refuses privileged pods itself")
    return fail(f"{_ENFORCE} is {level}" if level else f"{_ENFORCE} is not set")


def _binding(kind: str, name: str, namespace: str = "shop", **metadata: Any) -> Example:
    data = {
        "metadata": {"name": "team", **metadata},
        "roleRef": {"kind": "ClusterRole", "name": "edit"},
        "subjects": [
            {"kind": "Group", "name": "ops@example.com"},
            {"kind": kind, "name": name, "namespace": namespace},
        ],
    }
    return asset(RbacBinding, data, name=f"{_CLUSTER}/k8s/rbac.authorization.k8s.io/clusterrolebindings/team")


@check(
    "gke-default-account-bound",
    severity=Severity.MEDIUM,
    evidence=["metadata.name", "roleRef", "subjects"],
    fix=Fix(
        manual="Make a service account for the workload that needs the role, bind that, and name it in its pods as "
        "serviceAccountName; then take the default account out of the binding.",
        patch={"data": {"subjects": [{"kind": "ServiceAccount", "name": "deployer", "namespace": "shop"}]}},
    ),
    passes=lambda: [
        _binding("ServiceAccount", "deployer"),
        _binding("User", "default"),
        _binding("ServiceAccount", "default", "kube-system"),
        _binding("ServiceAccount", "default", labels={"kubernetes.io/bootstrapping": "rbac-defaults"}),
    ],
    fails=lambda: [_binding("ServiceAccount", "default"), _binding("ServiceAccount", "default", "default")],
    unknown=lambda: [
        asset(
            RbacBinding,
            {"metadata": {"name": "team"}},
            name=f"{_CLUSTER}/k8s/rbac.authorization.k8s.io/clusterrolebindings/team",
            unknown=["resource.data.subjects"],
        )
    ],
)
def default_account_bound(binding: RbacBinding) -> Verdict:
    """A role of a cluster is given to a namespace's default service account.

    Why: every pod that names no account runs as it, so that the role is held by all of them, those of tomorrow too: a
    fault in any of them is a fault with this role.

    What a fix may break: pods that rely on it without naming an account.

    Source: https://cloud.google.com/kubernetes-engine/docs/best-practices/rbac
    """
    if binding.is_default:
        return not_applicable("Kubernetes or GKE makes it in every cluster")
    for subject in binding.subjects:
        if subject.kind != "ServiceAccount" or subject.name != "default":
            continue
        if not subject.namespace.startswith(("kube-", "gke-", "gmp-")):
            return fail(f"{binding.role_ref.kind} {binding.role_ref.name} is held by {subject.namespace}/default")
    return PASS


def _workload(**spec: Any) -> Example:
    return asset(
        KubernetesWorkload,
        {"metadata": {"name": "web", "namespace": "shop"}, "spec": {"template": {"spec": spec}}},
        name=f"{_CLUSTER}/k8s/namespaces/shop/apps/deployments/web",
    )


@check(
    "gke-token-mounted",
    severity=Severity.LOW,
    evidence=["metadata.name", "metadata.namespace"],
    default=False,
    fix=Fix(
        manual="Set automountServiceAccountToken: false in the pod's spec, or on the service account.",
        patch={"data": {"spec": {"template": {"spec": {"automountServiceAccountToken": False}}}}},
    ),
    passes=lambda: [
        _workload(containers=[], automountServiceAccountToken=False),
        asset(
            KubernetesWorkload,
            {"metadata": {"name": "dns", "namespace": "kube-system"}, "spec": {"containers": []}},
            name=f"{_CLUSTER}/k8s/namespaces/kube-system/pods/dns",
        ),
    ],
    fails=lambda: [
        _workload(containers=[]),
        _workload(containers=[], automountServiceAccountToken=True, serviceAccountName="web"),
    ],
    unknown=lambda: [
        asset(
            KubernetesWorkload,
            {"metadata": {"name": "web", "namespace": "shop"}},
            name=f"{_CLUSTER}/k8s/namespaces/shop/pods/web",
            unknown=["resource.data.spec"],
        )
    ],
)
def token_mounted(workload: KubernetesWorkload) -> Verdict:
    """Pods carry a token for the cluster's API.

    Why: whoever gets into the pod acts as its service account. Most applications never call that API. Pods that do
    need the token, and a service account can refuse it for all of its pods, which is not seen here; this is asked of
    those who select it.

    What a fix may break: applications that call the cluster's API; Workload Identity does not need this token.

    Source: https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/
    """
    if workload.is_of_google:
        return _SYSTEM
    if workload.maker:
        return not_applicable(f"{workload.maker} makes it")
    spec = workload.spec
    for mounted in (
        spec.automount_service_account_token,
        spec.template.spec.automount_service_account_token,
        spec.job_template.spec.template.spec.automount_service_account_token,
    ):
        if mounted is False:
            return PASS
    return fail("automountServiceAccountToken is not false")
