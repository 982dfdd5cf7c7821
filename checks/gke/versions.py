"""Kubernetes versions that are no longer mended, and where clusters stand."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from auditor import PASS, Clock, Estate, Example, Fix, Severity, Undetermined, Verdict, asset, check, fail
from auditor.resources.gke import Cluster, NodePool
from auditor.resources.unknown import told
from checks.setting import Setting, asked

ENDS = {
    19: date(2022, 6, 1),
    20: date(2022, 8, 1),
    21: date(2023, 1, 31),
    22: date(2023, 4, 30),
    23: date(2023, 7, 31),
    24: date(2023, 10, 31),
    25: date(2024, 3, 30),
    26: date(2024, 6, 30),
    27: date(2024, 10, 1),
    28: date(2025, 2, 4),
    29: date(2025, 4, 12),
    30: date(2025, 9, 30),
    31: date(2026, 1, 16),
    32: date(2026, 4, 11),
    33: date(2026, 8, 3),
    34: date(2026, 10, 1),
    35: date(2027, 4, 11),
}
"""Minor version → the end of its standard support. Source: cloud.google.com/kubernetes-engine/docs/release-schedule"""
_EXTENDED = timedelta(days=300)
"""What the channel Extended adds, about ten months."""
_CLUSTER = "//container.googleapis.com/projects/p/locations/europe-west1/clusters/c"
_POOL = f"{_CLUSTER}/nodePools/main"
_MINOR = re.compile(r"1\.(\d+)\.")


def _ends(version: str) -> date:
    match = _MINOR.match(version)
    if match is None:
        raise Undetermined("version", f"{version or 'nothing'} is no version of Kubernetes")
    minor = int(match[1])
    if minor < min(ENDS):
        return min(ENDS.values())
    if minor not in ENDS:
        raise Undetermined("version", f"it is not known when 1.{minor} ends")
    return ENDS[minor]


def _name(cluster: Cluster) -> str:
    return cluster.asset.name


def _version_and_channel(subject: Cluster | NodePool, estate: Estate) -> tuple[str, Callable[[], str]]:
    """The version of a control plane or a pool, and a way to ask for the release channel of the cluster."""
    if isinstance(subject, Cluster):
        return told(
            subject.current_master_version or None, "currentMasterVersion"
        ), lambda: subject.release_channel.channel

    def of_cluster() -> str:
        for cluster in estate.related(Cluster, _name, subject.cluster_name, within=subject.project):
            return cluster.release_channel.channel
        raise Undetermined("releaseChannel", "the cluster of the pool is not in the input")

    return told(subject.version or None, "version"), of_cluster


def _cluster(version: str, **data: Any) -> Example:
    return asset(Cluster, {"currentMasterVersion": version, **data})


@check(
    "gke-version-end-of-life",
    severity=Severity.MEDIUM,
    reads=[Cluster],
    same_as=["policy_library:gcp_gke_cluster_version_v1", "forseti:ke_version"],
    fix=Fix(
        manual="Upgrade the control plane one minor version at a time, then the node pools; enrol the cluster in a "
        "release channel, and Google does it from now on.",
        terraform='release_channel { channel = "REGULAR" } on google_container_cluster',
        patch={"data": {"currentMasterVersion": "1.35.1-gke.100", "version": "1.35.1-gke.100"}},
    ),
    passes=lambda: [
        _cluster("1.35.0-gke.3047000"),
        _cluster("1.33.8-gke.1026000", releaseChannel={"channel": "EXTENDED"}),
        asset(NodePool, {"version": "1.35.0-gke.1"}),
        [
            asset(NodePool, {"version": "1.33.8-gke.1"}, name=_POOL),
            asset(Cluster, {"releaseChannel": {"channel": "EXTENDED"}}, name=_CLUSTER),
        ],
    ],
    fails=lambda: [
        _cluster("1.33.8-gke.1026000"),
        _cluster("1.19.16-gke.15700"),
        _cluster("1.31.14-gke.1", releaseChannel={"channel": "EXTENDED"}),
        [asset(NodePool, {"version": "1.29.15-gke.2725000"}, name=_POOL), asset(Cluster, {"name": "c"}, name=_CLUSTER)],
    ],
    unknown=lambda: [
        _cluster("1.77.1-gke.1"),
        asset(Cluster, {"name": "c"}),
        asset(NodePool, {"version": "1.29.15-gke.1"}),
    ],
)
def version_end_of_life(subject: Cluster | NodePool, estate: Estate, clock: Clock) -> Verdict:
    """A cluster or its nodes run a Kubernetes version that is no longer mended.

    Why: a way out of a container that is found from now on stays open. Google upgrades control planes by force soon
    after the end, nodes later or never, at an hour of its choosing.

    What a fix may break: workloads that use interfaces which the new version dropped.

    Source: https://cloud.google.com/kubernetes-engine/docs/release-schedule
    """
    version, channel = _version_and_channel(subject, estate)
    ends = _ends(version)
    if clock.now.date() > ends and channel() == "EXTENDED":
        ends += _EXTENDED
    return PASS if clock.now.date() <= ends else fail(f"{version} has not been mended since {ends}")


default_network = asked(
    __name__,
    Setting(
        id="gke-default-network",
        view=Cluster,
        severity=Severity.LOW,
        problem=lambda cluster: (
            fail("it stands in the network called default")
            if (cluster.network or "default").rpartition("/")[2] == "default"
            else None
        ),
        title="A GKE cluster stands in the default network.",
        why="the default network comes with rules that open SSH and everything between its machines; what was put "
        "there without a thought reaches nodes and pods.",
        breaks="the cluster must be made anew.",
        source="https://cloud.google.com/kubernetes-engine/docs/best-practices/networking",
        good=[{"network": "prod"}, {"network": "projects/p/global/networks/default-eu"}],
        bad=[{"network": "default"}, {"name": "c"}],
        path="network",
        same_as=["steampipe:kubernetes_cluster_no_default_network"],
        terraform="network and subnetwork on google_container_cluster",
        manual="Make a new cluster in a network of its own, and move the workloads.",
        guardrail="compute.skipDefaultNetworkCreation",
    ),
)


def _one_zone(cluster: Cluster) -> Verdict | None:
    place = cluster.location or "its zone"
    if cluster.asset.location.count("-") == 1 or len(cluster.locations) > 1:
        return None
    return fail(f"nodes and control plane stand in {place} only")


one_zone = asked(
    __name__,
    Setting(
        id="gke-cluster-in-one-zone",
        view=Cluster,
        severity=Severity.LOW,
        problem=_one_zone,
        title="A GKE cluster stands in one zone.",
        why="a zone fails as a whole, and while the control plane is upgraded nobody can deploy.",
        breaks="the cluster must be made anew; traffic between zones is billed.",
        source="https://cloud.google.com/kubernetes-engine/docs/concepts/configuration-overview#availability",
        name="//container.googleapis.com/projects/p/zones/europe-west1-b/clusters/c",
        good=[{"locations": ["europe-west1-b", "europe-west1-c"]}],
        bad=[{"locations": ["europe-west1-b"]}, {"name": "c"}],
        path="locations",
        same_as=["steampipe:kubernetes_cluster_zone_redundant"],
        terraform="a region as location of google_container_cluster",
        manual="Make a regional cluster, and move the workloads.",
        default=False,
    ),
)
