"""Google's own description of its APIs, against which the fields of our views are held."""

from __future__ import annotations

import typing
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

import msgspec

from auditor.resources.base import View

Place = tuple[str, ...]
"""A field's path in the JSON of an asset; `*` stands for any key of a map."""

DOCUMENTS = {
    "accessapproval": ("accessapproval.v1", {}),
    "accesscontextmanager": ("accesscontextmanager.v1", {}),
    "aiplatform": ("aiplatform.v1", {"*": "GoogleCloudAiplatformV1{}"}),
    "alloydb": ("alloydb.v1", {}),
    "apikeys": ("apikeys.v2", {"*": "V2{}"}),
    "appengine": ("appengine.v1", {}),
    "artifactregistry": ("artifactregistry.v1", {}),
    "bigquery": ("bigquery.v2", {}),
    "bigtableadmin": ("bigtableadmin.v2", {}),
    "billingbudgets": ("billingbudgets.v1", {"*": "GoogleCloudBillingBudgetsV1{}"}),
    "certificatemanager": ("certificatemanager.v1", {}),
    "cloudbilling": ("cloudbilling.v1", {}),
    "cloudbuild": ("cloudbuild.v1", {}),
    "cloudfunctions": ("cloudfunctions.v2 cloudfunctions.v1", {}),
    "cloudidentity": ("cloudidentity.v1", {}),
    "cloudkms": ("cloudkms.v1", {}),
    "cloudresourcemanager": ("cloudresourcemanager.v3 cloudresourcemanager.v1 cloudresourcemanager.v2", {}),
    "cloudscheduler": ("cloudscheduler.v1", {}),
    "composer": ("composer.v1", {}),
    "compute": (
        "compute.v1 compute.beta",
        {
            "GlobalForwardingRule": "ForwardingRule",
            "RegionBackendService": "BackendService",
            "RegionDisk": "Disk",
            "RegionTargetHttpProxy": "TargetHttpProxy",
            "RegionTargetHttpsProxy": "TargetHttpsProxy",
            "RegionUrlMap": "UrlMap",
        },
    ),
    "container": ("container.v1 container.v1beta1", {}),
    "dataflow": ("dataflow.v1b3", {}),
    "datafusion": ("datafusion.v1", {}),
    "dataproc": ("dataproc.v1", {}),
    "documentai": ("documentai.v1", {"*": "GoogleCloudDocumentaiV1{}"}),
    "dialogflow": ("dialogflow.v3 dialogflow.v2", {"Agent": "GoogleCloudDialogflowCxV3Agent"}),
    "dlp": ("dlp.v2", {"*": "GooglePrivacyDlpV2{}"}),
    "dns": ("dns.v1", {}),
    "essentialcontacts": ("essentialcontacts.v1", {"*": "GoogleCloudEssentialcontactsV1{}"}),
    "iam": ("iam.v1 iam.v2", {"DenyPolicy": "GoogleIamV2Policy", "PolicyV2": "GoogleIamV2Policy"}),
    "identitytoolkit": ("identitytoolkit.v2", {"*": "GoogleCloudIdentitytoolkitAdminV2{}"}),
    "logging": ("logging.v2", {"Metric": "LogMetric"}),
    "monitoring": ("monitoring.v3", {}),
    "networkmanagement": ("networkmanagement.v1", {}),
    "notebooks": ("notebooks.v1 notebooks.v2", {}),
    "orgpolicy": ("orgpolicy.v2", {"*": "GoogleCloudOrgpolicyV2{}"}),
    "policyanalyzer": ("policyanalyzer.v1", {"*": "GoogleCloudPolicyanalyzerV1{}"}),
    "privateca": ("privateca.v1", {}),
    "pubsub": ("pubsub.v1", {}),
    "recommender": ("recommender.v1", {"*": "GoogleCloudRecommenderV1{}"}),
    "redis": ("redis.v1", {}),
    "run": ("run.v2 run.v1", {}),
    "secretmanager": ("secretmanager.v1", {}),
    "securitycenter": ("securitycenter.v1", {"*": "GoogleCloudSecuritycenterV2{}"}),
    "serviceusage": ("serviceusage.v1", {"*": "GoogleApiServiceusageV1{}"}),
    "spanner": ("spanner.v1", {}),
    "sqladmin": ("sqladmin.v1", {"Instance": "DatabaseInstance"}),
    "storage": ("storage.v1", {"HmacKey": "HmacKeyMetadata"}),
    "tpu": ("tpu.v2", {}),
    "workflows": ("workflows.v1", {}),
}
"""Service → its descriptions, and how they call what the inventory calls otherwise."""


@cache
def _schemas(name: str) -> dict[str, Any]:
    from googleapiclient.discovery_cache import get_static_doc  # type: ignore[import-untyped]

    service, _, version = name.partition(".")
    text = get_static_doc(service, version)
    schemas: dict[str, Any] = msgspec.json.decode(text).get("schemas", {})
    return schemas


def described(
    asset_type: str, more: Mapping[str, tuple[str, dict[str, str]]] | None = None
) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """(all schemas, the one of the type) in each description that has it; `more` has those of other services."""
    service, _, kind = asset_type.partition(".googleapis.com/")
    names, other = {**DOCUMENTS, **(more or {})}.get(service, ("", {}))
    found = []
    for name in names.split():
        schemas = _schemas(name)
        for called in (other.get(kind, ""), other.get("*", "{}").format(kind), f"GoogleCloudRunV2{kind}", kind):
            if called in schemas:
                found.append((schemas, schemas[called]))
                break
    return found


def knows(schemas: dict[str, Any], schema: dict[str, Any], place: Place) -> bool:
    """Whether a schema has a field, or is free there."""
    node = _resolved(schemas, schema)
    for step in place:
        free = node.get("additionalProperties")
        if step == "*":
            if free is None:
                return False
            node = _resolved(schemas, free)
            continue
        properties = node.get("properties")
        if properties is None:
            return free is not None or node.get("type") == "any"
        if step not in properties:
            return False
        node = _resolved(schemas, properties[step])
    return True


class Node(NamedTuple):
    """A place in a description."""

    schemas: dict[str, Any]
    body: dict[str, Any]
    is_list: bool = False

    @property
    def is_free(self) -> bool:
        """Whether anything may be there."""
        return self.body.get("type") == "any"


def resolved(schemas: dict[str, Any], body: dict[str, Any]) -> Node:
    """What a reference or a list of something stands for."""
    is_list = False
    while "$ref" in body or body.get("type") == "array":
        is_list = is_list or "$ref" not in body
        body = schemas[body["$ref"]] if "$ref" in body else body["items"]
    return Node(schemas, body, is_list)


def _resolved(schemas: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    return resolved(schemas, node).body


def fields_of(view: type[View], place: Place = (), above: tuple[type[View], ...] = ()) -> Iterator[tuple[str, Place]]:
    """(class and field, its place) of each field that a view declares, those of its parts too."""
    if above.count(view) > 1:
        return
    hints = typing.get_type_hints(view)
    for field in msgspec.structs.fields(view):
        if field.encode_name.startswith("#") or field.name == "asset":
            continue
        here = (*place, field.encode_name)
        yield f"{view.__name__}.{field.encode_name}", here
        hint = hints[field.name]
        below = (*here, "*") if str(hint).startswith("dict[") else here
        for part in _parts(hint):
            yield from fields_of(part, below, (*above, view))


def _parts(hint: Any) -> list[type[View]]:
    if isinstance(hint, type) and issubclass(hint, View):
        return [hint]
    return [part for argument in typing.get_args(hint) for part in _parts(argument)]
