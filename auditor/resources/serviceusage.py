"""Service Usage: which APIs a project has enabled.

Source: cloud.google.com/service-usage/docs/reference/rest/v1/services
"""

from __future__ import annotations

from auditor.resources.base import Resource, shows


@shows("serviceusage.googleapis.com/Service")
class Service(Resource):
    """An API in a project; `id` is the API's name (`routes.googleapis.com`)."""

    state: str = "STATE_UNSPECIFIED"

    @property
    def project_number(self) -> str:
        """The number (or id) of the project, as commands take it."""
        return self.project.partition("/")[2]

    @property
    def is_enabled(self) -> bool:
        """Whether the project can call the API."""
        return self.state == "ENABLED"
