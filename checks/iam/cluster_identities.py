"""Identities of Kubernetes: one name that several clusters share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from auditor import PASS, Clock, Estate, Example, Fix, Policy, Severity, Undetermined, Verdict, asset, check, fail
from auditor.access.grants import Grant, grants
from auditor.access.members import Kind, Member
from auditor.resources.gke import Cluster
from auditor.resources.iam import ServiceAccount
from checks.iam.containers import grant, on_project

_ACCOUNT = "//iam.googleapis.com/projects/p/serviceAccounts/web@p.iam.gserviceaccount.com"
_POD = "serviceAccount:p.svc.id.goog[shop/web]"
_CLUSTER = "//container.googleapis.com/projects/p/locations/europe-west1/clusters/"


def _on_account(*members: str) -> Example:
    bindings = [grant("roles/iam.workloadIdentityUser", *members)]
    return asset(ServiceAccount, policy={"bindings": bindings}, name=_ACCOUNT)


def _cluster(name: str, pool: str = "p.svc.id.goog", *unknown: str) -> Example:
    data = {"name": name, "workloadIdentityConfig": {"workloadPool": pool} if pool else {}}
    return asset(Cluster, data, name=_CLUSTER + name, unknown=unknown)


def _is_pod(member: Member) -> bool:
    return member.kind is Kind.KUBERNETES


@check(
    "kubernetes-identity-in-several-clusters",
    severity=Severity.LOW,
    reads=[Cluster],
    fix=Fix(
        terraform="clusters of different trust in projects of their own: `project` of google_container_cluster",
        manual="Run clusters that do not trust each other in projects of their own, each with its own workload pool; "
        "or let only the admins of all of them make namespaces and service accounts of that name.",
        patch=lambda: [asset(Cluster, {"name": "test", "workloadIdentityConfig": {}}, name=_CLUSTER + "test")],
    ),
    passes=lambda: [
        [_on_account(_POD), on_project(), _cluster("live")],
        [_on_account(_POD), on_project(), _cluster("live"), _cluster("test", "")],
        [_on_account("user:a@example.com"), on_project(), _cluster("live"), _cluster("test")],
        [_on_account(_POD), on_project(), _cluster("live"), _cluster("test", "other.svc.id.goog")],
        [_on_account(f"deleted:{_POD}?uid=1"), on_project(), _cluster("live"), _cluster("test")],
    ],
    fails=lambda: [[_on_account(_POD), on_project(), _cluster("live"), _cluster("test")]],
    unknown=lambda: [
        [
            _on_account(_POD),
            on_project(),
            _cluster("live"),
            _cluster("test", "p.svc.id.goog", "resource.data.workloadIdentityConfig"),
        ],
    ],
)
def shared_identity(policy: Policy[ServiceAccount], estate: Estate, clock: Clock) -> Verdict:
    """A Kubernetes service account that may act as a Google one exists by name in several clusters.

    Why: A workload pool tells namespaces and service accounts apart by their names, and not by the cluster. Whoever may
    make that namespace in any cluster of the project, a test cluster included, has the identity of the one that was
    meant.

    What a fix may break: Workloads that run in several clusters on purpose need a grant for each pool.

    Source: https://cloud.google.com/kubernetes-engine/docs/concepts/workload-identity#identity_sameness
    """

    def is_shared(pod: Grant) -> bool:
        clusters, doubt = _clusters_of(estate, _pool(pod))
        if len(clusters) < 2 and doubt is not None:
            raise doubt
        return len(clusters) > 1

    for pod in grants(policy, clock.now, members=_is_pod, counts=is_shared, types=("serviceAccount",)):
        clusters, _ = _clusters_of(estate, _pool(pod))
        shown = ", ".join(clusters[:5]) + (" …" if len(clusters) > 5 else "")
        return fail(f"{pod.member} is meant in {len(clusters)} clusters: {shown}", evidence={"clusters": clusters})
    return PASS


def _pool(pod: Grant) -> str:
    """The workload pool that a pod's identity belongs to."""
    return pod.member.value.partition("[")[0]


def _clusters_of(estate: Estate, pool: str) -> tuple[list[str], Undetermined | None]:
    """The clusters of a workload pool, and why there may be more."""
    found: list[str] = []
    doubt: Undetermined | None = None
    for cluster in _as_far_as_known(estate):
        if isinstance(cluster, Undetermined):
            doubt = cluster
            continue
        try:
            if cluster.workload_identity_config.workload_pool == pool:
                found.append(cluster.asset.id)
        except Undetermined as unclear:
            doubt = unclear
    return sorted(found), doubt


def _as_far_as_known(estate: Estate) -> Iterator[Any]:
    try:
        yield from estate.of(Cluster)
    except Undetermined as more:
        yield more
