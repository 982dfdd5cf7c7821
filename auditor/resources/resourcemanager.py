"""Resource Manager: the containers that everything else hangs in.

Source: cloud.google.com/resource-manager/reference/rest/v3
"""

from __future__ import annotations

from datetime import datetime

from auditor.resources.base import Resource, shows


@shows("cloudresourcemanager.googleapis.com/Organization")
class Organization(Resource):
    """An organisation, in the v3 form (`createTime`) or the v1 form (`creationTime`)."""

    display_name: str = ""
    create_time: datetime | None = None
    creation_time: datetime | None = None

    @property
    def born(self) -> datetime | None:
        """When it was made, None where the data does not say."""
        return self.create_time or self.creation_time


@shows("cloudresourcemanager.googleapis.com/Folder")
class Folder(Resource):
    """A folder."""

    display_name: str = ""
    state: str = "ACTIVE"
    lifecycle_state: str = "ACTIVE"


@shows("cloudresourcemanager.googleapis.com/Project")
class Project(Resource):
    """A project, in the v3 form (`name`, `state`) or the v1 form (`projectNumber`, `lifecycleState`)."""

    name: str = ""
    project_id: str = ""
    project_number: int = 0
    state: str = "ACTIVE"
    lifecycle_state: str = "ACTIVE"
    labels: dict[str, str] = {}

    @property
    def is_active(self) -> bool:
        """False where the project is pending deletion."""
        return self.state == "ACTIVE" and self.lifecycle_state == "ACTIVE"

    @property
    def number(self) -> str:
        """`projects/NUMBER`, or `""` where the source does not tell the number."""
        if self.project_number:
            return f"projects/{self.project_number}"
        return self.name if self.name.removeprefix("projects/").isdigit() else ""
