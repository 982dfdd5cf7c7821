"""Paths over pods: who runs code in a cluster is each Kubernetes identity of its project's workload pool."""

from __future__ import annotations

from typing import Any

import pytest

from tests.escalation_estates import BOSS, EVE, HOME, TARGET, Estate, account, asset

POD = "serviceAccount:home.svc.id.goog[shop/web]"
PRINCIPAL = "principal://iam.googleapis.com/projects/1001/locations/global/workloadIdentityPools/home.svc.id.goog"
CLUSTER = "//container.googleapis.com/projects/home/locations/europe-west1/clusters/live"


def _cluster(name: str = CLUSTER) -> dict[str, Any]:
    nodes = {"serviceAccount": "nodes@home.iam.gserviceaccount.com"}
    return asset(name, "container.googleapis.com/Cluster", {"nodeConfig": nodes})


def _estate(pod: str = POD, *clusters: dict[str, Any]) -> Estate:
    """A pod may become the owner of `target`."""
    made = Estate()
    made.bind(f"serviceAccount:{BOSS}", "roles/owner", TARGET)
    made.bind(pod, "roles/iam.workloadIdentityUser", account(BOSS))
    made.assets += clusters
    return made


@pytest.mark.parametrize("pod", [POD, f"{PRINCIPAL}/subject/ns/shop/sa/web"])
@pytest.mark.parametrize("permission", ["container.pods.create", "container.pods.exec", "container.deployments.update"])
def test_who_runs_pods_is_what_pods_may_be(pod: str, permission: str) -> None:
    made = _estate(pod, _cluster())
    made.give(EVE, [permission], HOME)
    [path] = made.paths().paths
    assert path.via[-1] == f"serviceAccount:{BOSS}"
    assert any(step.primitive == "attached.gke.exec" for step in path.steps)


def test_without_a_cluster_there_is_nothing_to_run_pods_in() -> None:
    made = _estate()
    made.give(EVE, ["container.pods.create"], HOME)
    assert not made.paths().paths


def test_reading_pods_is_not_running_them() -> None:
    made = _estate(POD, _cluster())
    made.give(EVE, ["container.pods.get", "container.clusters.get"], HOME)
    assert not made.paths().paths


def test_a_pool_of_another_project_is_not_meant() -> None:
    made = _estate("serviceAccount:away.svc.id.goog[shop/web]", _cluster())
    made.give(EVE, ["container.pods.create"], HOME)
    assert not made.paths().paths


def test_an_owner_of_the_project_runs_pods_of_any_name() -> None:
    made = _estate(POD, _cluster())
    made.bind(EVE, "roles/owner", HOME)
    assert made.paths().paths
