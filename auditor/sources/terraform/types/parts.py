"""Terraform types that are a part of another resource in the API: the rules of a policy, the entries of a list.

Sources: registry.terraform.io/providers/hashicorp/google/latest/docs/resources/compute_firewall_policy_rule (and its
neighbours), cloud.google.com/compute/docs/reference/rest/v1/firewallPolicies,
cloud.google.com/storage/docs/json_api/v1/bucketAccessControls, cloud.google.com/storage/docs/access-control/lists
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from auditor.sources.terraform.mapping import Mapping, Row, Rows
from auditor.sources.terraform.names import standin
from auditor.sources.terraform.plan import Planned, as_list
from auditor.sources.terraform.types.load_balancing import RULE, RULE_LISTS

_PREDEFINED = {
    "publicRead": [("allUsers", "READER")],
    "publicReadWrite": [("allUsers", "READER"), ("allUsers", "WRITER")],
    "authenticatedRead": [("allAuthenticatedUsers", "READER")],
}


@dataclass(frozen=True, slots=True)
class Part:
    """A resource that the API shows as an element of a list of another one."""

    attribute: str
    """The attribute that names the whole."""
    asset_type: str
    """The asset type of the whole."""
    path: str
    """The list in the data of the whole."""
    rows: Rows
    lists: str = ""
    elements: Callable[[Planned], list[Any]] | None = None
    """The elements, where the resource stands for several."""

    @property
    def mapping(self) -> Mapping:
        """The table of one element."""
        return Mapping("", "", {self.attribute: None, "project": None, "region": None, **self.rows}, self.lists)


def _role_entities(planned: Planned) -> list[dict[str, Any]]:
    """Entries written `ROLE:entity`, and what a canned ACL stands for."""
    canned = _PREDEFINED.get(planned.text("predefined_acl"), [])
    entries = [{"entity": entity, "role": role} for entity, role in canned]
    for written in as_list(planned.known("role_entity")):
        role, colon, entity = str(written).partition(":")
        if colon:
            entries.append({"entity": entity, "role": role.upper()})
    return entries


def _key_names(planned: Planned) -> list[str]:
    """A key for signed URLs: the API shows its name, and the key itself never."""
    return [planned.text("name") or standin(planned)]


_FIREWALL_RULE: Rows = {
    "direction": Row("direction", default="INGRESS"),
    "match.layer4_configs.ports": Row("match.layer4Configs.ports", lambda ports: [str(port) for port in ports]),
    "kind": None,
    "rule_tuple_count": None,
    "creation_timestamp": None,
}
_FIREWALL_LISTS = "match.layer4_configs match.src_secure_tags target_secure_tags"
_SIGNED_BY = "cdnPolicy.signedUrlKeyNames"
_BUCKET = "storage.googleapis.com/Bucket"
_ACL = {"domain": None, "email": None, "entity_id": None, "generation": None, "project_team": None, "object": None}


def _firewall_rule() -> Part:
    return Part("firewall_policy", "compute.googleapis.com/FirewallPolicy", "rules", _FIREWALL_RULE, _FIREWALL_LISTS)


PARTS: dict[str, Part] = {
    "google_compute_firewall_policy_rule": _firewall_rule(),
    "google_compute_network_firewall_policy_rule": _firewall_rule(),
    "google_compute_region_network_firewall_policy_rule": _firewall_rule(),
    "google_compute_security_policy_rule": Part(
        "security_policy", "compute.googleapis.com/SecurityPolicy", "rules", RULE, RULE_LISTS
    ),
    "google_compute_backend_bucket_signed_url_key": Part(
        "backend_bucket", "compute.googleapis.com/BackendBucket", _SIGNED_BY, {}, elements=_key_names
    ),
    "google_compute_backend_service_signed_url_key": Part(
        "backend_service", "compute.googleapis.com/BackendService", _SIGNED_BY, {}, elements=_key_names
    ),
    "google_compute_router_nat": Part(
        "router",
        "compute.googleapis.com/Router",
        "nats",
        {"subnetwork": "subnetworks", "nat64_subnetwork": "nat64Subnetworks", "initial_nat_ips": None},
        "nat64_subnetwork rules subnetwork",
    ),
    "google_bigquery_dataset_access": Part(
        "dataset_id", "bigquery.googleapis.com/Dataset", "access", {"api_updated_member": None}
    ),
    "google_storage_bucket_access_control": Part("bucket", _BUCKET, "acl", {**_ACL}),
    "google_storage_default_object_access_control": Part("bucket", _BUCKET, "defaultObjectAcl", {**_ACL}),
    "google_storage_bucket_acl": Part("bucket", _BUCKET, "acl", {}, elements=_role_entities),
    "google_storage_default_object_acl": Part("bucket", _BUCKET, "defaultObjectAcl", {}, elements=_role_entities),
}
"""Terraform type → what it is a part of."""
