"""App Engine.

Source: cloud.google.com/appengine/docs/admin-api/reference/rest/v1/apps.services.versions
"""

from __future__ import annotations

from msgspec import field

from auditor.resources.base import Resource, Undetermined, View, shows


class AppEngineIap(View):
    """`iap`."""

    enabled: bool = False


@shows("appengine.googleapis.com/Application")
class AppEngineApplication(Resource):
    """The App Engine application of a project."""

    HAS_POLICY = False

    serving_status: str = ""
    location_id: str = ""
    iap: AppEngineIap = field(default_factory=AppEngineIap)


class UrlHandler(View):
    """`handlers[]`: what answers the URLs that a pattern matches."""

    url_regex: str = ""
    security_level: str = "SECURE_DEFAULT"


@shows("appengine.googleapis.com/Version")
class AppEngineVersion(Resource):
    """A version of a service. The API shows variables in its full view only."""

    HAS_POLICY = False

    serving_status: str = ""
    env: str = ""
    handlers: list[UrlHandler] | None = None
    env_variables: dict[str, str] | None = None
    build_env_variables: dict[str, str] | None = None

    @property
    def variables(self) -> dict[str, str]:
        """The variables of the version and its build. Raises `Undetermined` where the data holds none at all.

        The API leaves them out of its short view, and leaves out what is empty: nobody can tell the two apart.
        """
        if self.env_variables is None and self.build_env_variables is None:
            raise Undetermined("envVariables", "the data shows no variables, as the API's short view never does")
        return (self.env_variables or {}) | (self.build_env_variables or {})
