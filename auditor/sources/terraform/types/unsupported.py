"""Terraform types that no table reads, though other scanners or checks ask for them, and why not.

Each of them in an input is counted as not assessed. Types of the provider that are not named here are, too.
"""

from __future__ import annotations

_ACTION = "it is something that Terraform does, not something that is there afterwards"
_MEMBERS = (
    "Terraform shows only the members that it manages itself; "
    "a group that seems to have no others would look empty, which it need not be"
)
_NO_CHECK = "no check asks for what it makes"

UNSUPPORTED: dict[str, str] = {
    "google_cloud_identity_group": _MEMBERS,
    "google_cloud_identity_group_membership": _MEMBERS,
    "google_container_registry": "Container Registry is shut down; what is left of it is a bucket, asked as one",
    "google_dialogflow_agent": _NO_CHECK,
    "google_document_ai_warehouse_location": "the API does not show how a location was set up",
    "google_project_default_service_accounts": _ACTION,
    "google_sql_user": "Asset Inventory does not show the users of a database, so no check asks for them",
    "google_tpu_v2_vm": _NO_CHECK,
}
"""Terraform type → why it is not read."""
