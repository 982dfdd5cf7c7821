"""The tables of the Terraform conversion against two descriptions that others wrote: the provider's and Google's APIs.

Of each attribute of each mapped type, in versions 4 to 7 of the provider, the table says a path in the API's data: it
must be a field there, and a list of blocks where the API has a list of objects.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from auditor.sources.terraform.mapping import Mapping, Slot
from auditor.sources.terraform.types import MAPPINGS
from auditor.sources.terraform.types.iam_targets import TARGETS
from auditor.sources.terraform.types.parts import PARTS
from tests.api_reference import Node, described, resolved
from tests.terraform_inverse import SCHEMA

OTHER_VERSIONS: dict[str, Any] = json.loads(
    (Path(__file__).parent / "data" / "terraform_files" / "other_versions.json").read_text(encoding="utf-8")
)
"""Names of 4.79, 5.43 and 6.50 beta that the shipped schema, of 6.50, lacks."""
VERSION_7: dict[str, dict[str, Any]] = {
    "google_access_context_manager_service_perimeter": {
        "status": {"vpc_accessible_services": {"allowed_service_patterns": {"modifiers": {}}}}
    },
    "google_alloydb_cluster": {"restore_backupdr_backup_source": {"backup": 0}, "restore_backupdr_pitr_source": {}},
    "google_cloud_run_v2_service": {"template": {"containers": {"readiness_probe": {"http_get": {"path": 0}}}}},
    "google_cloudfunctions2_function": {
        "service_config": {"direct_vpc_egress": 0, "direct_vpc_network_interface": {"network": 0, "subnetwork": 0}}
    },
    "google_compute_disk": {"disk_encryption_key": {"raw_key_wo": 0, "raw_key_wo_version": 0}},
    "google_compute_instance": {
        "network_interface": {"alias_ipv6_ranges": {"ip_cidr_range": 0}, "vlan": 0},
        "workload_identity_config": {"identity": 0},
    },
    "google_compute_backend_service": {"iap": {"oauth2_client_secret_wo": 0, "oauth2_client_secret_wo_version": 0}},
    "google_compute_network": {"delete_bgp_always_compare_med": 0},
    "google_compute_region_disk": {"image": 0, "source_image_encryption_key": {"kms_key_self_link": 0}},
    "google_compute_url_map": {"default_route_action": {"cache_policy": {"negative_caching_policy": {"code": 0}}}},
    "google_container_cluster": {
        "dataplane_optimization_mode": 0,
        "fleet": {"membership_location": 0},
        "ignore_node_count_changes": 0,
        "maintenance_policy": {"disruption_budget": {}},
        "node_config": {"containerd_config": {"registry_hosts": {"server": 0, "hosts": {"host": 0, "ca": {}}}}},
        "skip_node_pool_refresh": 0,
    },
    "google_dataproc_cluster": {
        "cluster_config": {"worker_config": {"disk_config": {"attached_disk_configs": {"disk_size_gb": 0}}}}
    },
    "google_sql_database_instance": {
        "backupdr_backup": 0,
        "blue_green_deployment": {},
        "enforce_new_sql_network_architecture": 0,
        "final_backup_description": 0,
        "include_replicas_for_major_version_upgrade": 0,
        "point_in_time_restore_context": {"datasource": 0},
        "settings": {"read_pool_auto_scale_config": {"target_metrics": {"metric": 0}}},
    },
    "google_storage_bucket": {
        "encryption": {"google_managed_encryption_enforcement_config": {"restriction_mode": 0}},
        "lifecycle_rule": {"condition": {"size_above_bytes": 0}},
    },
    "google_vertex_ai_index_endpoint": {"private_service_connect_config": {"psc_automation_configs": {"network": 0}}},
}
"""Some names of version 7 that earlier ones lack, in the same form."""
REMADE = {
    "google_compute_project_metadata_item": "one item, which the table puts into the list of them",
    "google_folder_organization_policy": "a policy of the first API, which the table writes in the form of the second",
    "google_organization_policy": "a policy of the first API, which the table writes in the form of the second",
    "google_project_organization_policy": "a policy of the first API, which the table writes in the form of the second",
    "google_project_service": "the API shows the service, not how it was asked for",
}
"""Types whose data are made by a function, not by the rows of a table."""
NOT_DESCRIBED = {
    ("accesscontextmanager.googleapis.com/AccessPolicy", "createTime"): "earlier descriptions of the API had it",
    ("accesscontextmanager.googleapis.com/AccessPolicy", "updateTime"): "earlier descriptions of the API had it",
    ("accesscontextmanager.googleapis.com/ServicePerimeter", "createTime"): "earlier descriptions of the API had it",
    ("accesscontextmanager.googleapis.com/ServicePerimeter", "updateTime"): "earlier descriptions of the API had it",
}
"""Paths that the descriptions lack, and why they are right."""
MORE: dict[str, tuple[str, dict[str, str]]] = {
    "cloudtasks": ("cloudtasks.v2", {}),
    "datastream": ("datastream.v1", {}),
    "dialogflow": ("dialogflow.v3", {"*": "GoogleCloudDialogflowCxV3{}"}),
    "documentai": ("documentai.v1", {"*": "GoogleCloudDocumentaiV1{}"}),
    "file": ("file.v1", {}),
    "firebase": ("firebase.v1beta1", {}),
    "firestore": ("firestore.v1", {"*": "GoogleFirestoreAdminV1{}"}),
    "gkehub": ("gkehub.v1", {}),
    "memcache": ("memcache.v1", {}),
    "pubsublite": ("pubsublite.v1", {}),
    "vmwareengine": ("vmwareengine.v1", {}),
    "vpcaccess": ("vpcaccess.v1", {}),
}
"""Services that no view shows, with their descriptions."""


def merged(*trees: dict[str, Any]) -> dict[str, Any]:
    """The names of several versions in one."""
    made: dict[str, Any] = {}
    for tree in trees:
        for name, below in tree.items():
            below = below[0] if isinstance(below, list) else below
            present = made.get(name)
            if isinstance(below, dict):
                made[name] = merged(present if isinstance(present, dict) else {}, below)
            elif present is None:
                made[name] = 0
    return made


def slots(mapping: Mapping, names: dict[str, Any], block: str = "") -> Iterator[tuple[Slot, bool]]:
    """(where it goes, whether it stands for blocks) of each attribute at every depth."""
    for name, below in names.items():
        if mapping.plain and isinstance(below, dict):
            continue
        slot = mapping.slot(block, name)
        yield slot, isinstance(below, dict)
        if isinstance(below, dict):
            yield from slots(mapping, below, f"{block}{name}.")


def found(node: Node, path: str) -> Node | None:
    """What the API has at a path; None where there is no such field."""
    for step in path.split("."):
        properties = node.body.get("properties")
        if node.is_free or (properties is None and "additionalProperties" in node.body):
            return Node(node.schemas, {"type": "any"})
        if properties is None or step not in properties:
            return None
        node = resolved(node.schemas, properties[step])
    return node


def mapped(kind: str) -> tuple[Mapping, list[Node]]:
    """The table of a type and the API's descriptions of what it makes."""
    if kind in MAPPINGS:
        nodes = [Node(*description) for description in described(MAPPINGS[kind].asset_type, MORE)]
        return MAPPINGS[kind], nodes
    part = PARTS[kind]
    wholes = [Node(*description) for description in described(part.asset_type, MORE)]
    return part.mapping, [node for whole in wholes if (node := found(whole, part.path)) is not None]


KINDS = sorted(kind for kind in [*MAPPINGS, *PARTS] if kind not in REMADE and kind in SCHEMA)
COMPARED: dict[str, int] = {}


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in PARTS or PARTS[kind].elements is None])
def test_every_attribute_goes_to_a_field_of_the_api(kind: str) -> None:
    pytest.importorskip("googleapiclient", reason="Google's descriptions of its APIs are not installed")
    mapping, nodes = mapped(kind)
    asset_type = MAPPINGS[kind].asset_type if kind in MAPPINGS else PARTS[kind].asset_type
    if not nodes:
        assert asset_type in UNDESCRIBED
        return
    names = merged(SCHEMA[kind], OTHER_VERSIONS.get(kind, {}), VERSION_7.get(kind, {}))
    problems = []
    told = list(slots(mapping, names))
    COMPARED[kind] = len(told)
    for slot, is_block in told:
        if slot.api is None or (asset_type, slot.api) in NOT_DESCRIBED:
            continue
        there = [place for node in nodes if (place := found(node, slot.api)) is not None]
        if not there:
            problems.append(f"{slot.path}: the API has no {slot.api}")
        elif is_block and slot.is_list not in {place.is_list for place in there} and not there[0].is_free:
            problems.append(f"{slot.path}: {slot.api} is {'a' if there[0].is_list else 'no'} list in the API")
    assert not problems


UNDESCRIBED = {
    "compute.googleapis.com/GlobalAddress",
    "iam.googleapis.com/PolicyBinding",
    "iam.googleapis.com/PrincipalAccessBoundaryPolicy",
    "orgpolicy.googleapis.com/CustomConstraint",
    "privilegedaccessmanager.googleapis.com/Entitlement",
    "pubsublite.googleapis.com/Reservation",
    "pubsublite.googleapis.com/Subscription",
    "pubsublite.googleapis.com/Topic",
    "sqladmin.googleapis.com/Database",
}
"""Types that the descriptions at hand do not have."""


def test_many_names_were_compared() -> None:
    if len(COMPARED) < 100:
        pytest.skip("the other tests of this module were not run")
    print(f"\n{sum(COMPARED.values())} attributes of {len(COMPARED)} Terraform types compared with the API")
    assert sum(COMPARED.values()) > 6000


def test_rows_are_about_attributes_that_some_version_has() -> None:
    """A row that no version of the provider has an attribute for is a misspelling, or of a version before 4."""
    unknown: set[str] = set()
    for kind in KINDS:
        if kind in PARTS:
            continue
        names = merged(SCHEMA[kind], OTHER_VERSIONS.get(kind, {}), VERSION_7.get(kind, {}))
        there = {slot.path for slot, _ in slots(MAPPINGS[kind], names)}
        told = [*MAPPINGS[kind].rows, *MAPPINGS[kind].lists.split()]
        unknown |= {path for path in told if path not in there and not path.endswith(("_wo", "_wo_version"))}
    everywhere = {path.rpartition(".")[2] for names in (SCHEMA, OTHER_VERSIONS, VERSION_7) for path in _leaves(names)}
    computed = ("deployed_models.", "maintenance_schedule.")  # what only the API sets is told without its parts
    assert {
        path for path in unknown if path.rpartition(".")[2] not in everywhere | BEFORE and not path.startswith(computed)
    } == set()


BEFORE = {"bucket_policy_only", "identity_namespace", "node_metadata", "password"}
"""Names of the provider's version 3."""


def _leaves(tree: Any) -> Iterator[str]:
    if isinstance(tree, list):
        tree = tree[0]
    if isinstance(tree, dict):
        for name, below in tree.items():
            yield name
            yield from _leaves(below)


def test_names_of_targets_are_made_of_attributes_that_iam_resources_have() -> None:
    for kind, target in TARGETS.items():
        names = SCHEMA.get(f"{kind}_iam_member")
        if names is None:
            continue
        assert target.attribute in names, kind
        placeholders = re.findall(r"\{(\w+)", target.template) if isinstance(target.template, str) else []
        assert set(placeholders) - {"project"} <= names.keys(), kind


def test_an_asset_has_one_name_as_a_resource_and_as_the_target_of_a_grant() -> None:
    """What `google_x` becomes and what `google_x_iam_member` acts on are of one type, at one place."""
    for kind in TARGETS.keys() & MAPPINGS.keys():
        target, mapping = TARGETS[kind], MAPPINGS[kind]
        assert target.asset_type == mapping.asset_type, kind
        if isinstance(target.template, str) and isinstance(mapping.name, str):
            assert _shape(target.template) == _shape(mapping.name), kind


def _shape(template: str) -> list[str]:
    return ["*" if "{" in part else part for part in template.split("/")]
