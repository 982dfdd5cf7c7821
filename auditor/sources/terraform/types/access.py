"""Access Context Manager: access policies, access levels, service perimeters.

Sources: registry.terraform.io/providers/hashicorp/google/latest/docs/resources/access_context_manager_service_perimeter
(and its neighbours), cloud.google.com/access-context-manager/docs/reference/rest
"""

from __future__ import annotations

from auditor.sources.terraform.mapping import Made, Mapping, Row
from auditor.sources.terraform.names import relative

_ACM = "accesscontextmanager.googleapis.com"


def _named(made: Made) -> None:
    """The API returns the policy as part of the name."""
    made.data["name"] = relative(made.draft.name)
    made.forget("name")


_PATTERNS = "vpc_accessible_services.allowed_service_patterns"
_SERVICES = [f"{spec}.{_PATTERNS}{below}" for spec in ("spec", "status") for below in ("", ".modifiers")]
_DIRECTIONS = [
    f"{spec}.{direction}_policies{below}"
    for spec in ("spec", "status")
    for direction in ("egress", "ingress")
    for below in (
        "",
        f".{direction}_from.sources",
        f".{direction}_to.operations",
        f".{direction}_to.operations.method_selectors",
    )
]

MAPPINGS: dict[str, Mapping] = {
    "google_access_context_manager_access_policy": Mapping(
        f"{_ACM}/AccessPolicy",
        f"//{_ACM}/accessPolicies/{{name}}",
        container="parent",
        full_name=True,
    ),
    "google_access_context_manager_access_level": Mapping(
        f"{_ACM}/AccessLevel",
        f"//{_ACM}/{{name:path}}",
        {
            "parent": None,
            "basic.combining_function": Row("basic.combiningFunction", default="AND"),
            "basic.conditions.device_policy.require_screen_lock": "basic.conditions.devicePolicy.requireScreenlock",
        },
        "basic.conditions basic.conditions.device_policy.os_constraints basic.conditions.vpc_network_sources",
        container="parent",
        finish=_named,
    ),
    "google_access_context_manager_gcp_user_access_binding": Mapping(
        f"{_ACM}/GcpUserAccessBinding",
        f"//{_ACM}/organizations/{{organization_id}}/gcpUserAccessBindings/{{name}}",
        {"organization_id": None},
        "scoped_access_settings",
        container="organization_id",
        full_name=True,
    ),
    "google_access_context_manager_service_perimeter": Mapping(
        f"{_ACM}/ServicePerimeter",
        f"//{_ACM}/{{name:path}}",
        {"parent": None, "perimeter_type": Row("perimeterType", default="PERIMETER_TYPE_REGULAR")},
        " ".join([*_DIRECTIONS, *_SERVICES]),
        container="parent",
        finish=_named,
    ),
}
