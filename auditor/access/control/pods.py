"""Identities of pods: members of the workload pools that Kubernetes clusters of a project share.

A pool tells namespaces and service accounts apart by name, and not by cluster: who runs code in any cluster of the
project can be each of them.

Source: cloud.google.com/kubernetes-engine/docs/concepts/workload-identity#identity_sameness
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from auditor.access.control.control_graph import ControlGraph
from auditor.access.members import parse

CLUSTER = "container.googleapis.com/Cluster"
_POOL = ".svc.id.goog"


def pods_by_project(control: ControlGraph) -> Mapping[str, list[int]]:
    """The nodes of identities of pods by the project of their pool."""
    found: defaultdict[str, list[int]] = defaultdict(list)
    for member, node in control.identities.items():
        selection = parse(member).selection if _POOL in member else None
        if selection is not None and selection.pool.endswith(_POOL):
            found[control.hierarchy.canonical(f"projects/{selection.pool.removesuffix(_POOL)}")].append(node)
    return found
