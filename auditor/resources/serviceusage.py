"""Service Usage: which APIs a project has enabled.

Source: cloud.google.com/service-usage/docs/reference/rest/v1/services
"""

from __future__ import annotations

from auditor.resources.base import Resource, shows

GENERATIVE_LANGUAGE = "generativelanguage.googleapis.com"


@shows("serviceusage.googleapis.com/Service")
class Service(Resource):
    """An API in a project; `id` is the API's name (`routes.googleapis.com`)."""

    state: str = "STATE_UNSPECIFIED"

    @property
    def project_number(self) -> str:
        """The number (or id) of the project, as commands take it."""
        return self.project.partition("/")[2]

    @property
    def is_generative_language(self) -> bool:
        """Whether it is the API that serves Gemini models to whoever has an API key."""
        return self.asset.name.endswith("/" + GENERATIVE_LANGUAGE)

    @property
    def is_enabled(self) -> bool:
        """Whether the project can call the API."""
        return self.state == "ENABLED"
