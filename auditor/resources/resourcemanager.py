"""Resource Manager: the containers that everything else hangs in.

Source: cloud.google.com/resource-manager/reference/rest/v3
"""

from __future__ import annotations

from auditor.resources.base import Resource, shows


@shows("cloudresourcemanager.googleapis.com/Organization")
class Organization(Resource):
    """An organisation."""

    display_name: str = ""


@shows("cloudresourcemanager.googleapis.com/Folder")
class Folder(Resource):
    """A folder."""

    display_name: str = ""
    state: str = "ACTIVE"
    lifecycle_state: str = "ACTIVE"


@shows("cloudresourcemanager.googleapis.com/Project")
class Project(Resource):
    """A project, in the v3 form (`state`) or the v1 form (`lifecycleState`)."""

    project_id: str = ""
    state: str = "ACTIVE"
    lifecycle_state: str = "ACTIVE"
    labels: dict[str, str] = {}

    @property
    def is_active(self) -> bool:
        """False where the project is pending deletion."""
        return self.state == "ACTIVE" and self.lifecycle_state == "ACTIVE"
