"""Sensitive Data Protection: what looks for sensitive data, and where its results go.

Sources: cloud.google.com/sensitive-data-protection/docs/reference/rest/v2/organizations.locations.discoveryConfigs,
…/v2/projects.jobTriggers, …/v2/Action
"""

from __future__ import annotations

from typing import ClassVar

from msgspec import field

from auditor.resources.base import Resource, View, shows


class Published(View):
    """An action that has no settings: it is there, or it is not."""


class Status(View):
    """`errors[].details`: what went wrong."""

    code: int = 0
    message: str = ""


class ScanError(View):
    """One of `errors`."""

    details: Status = field(default_factory=Status)


class ProfileAction(View):
    """One of a discovery's `actions`."""

    publish_to_scc: Published | None = None


class BigQueryTarget(View):
    """`bigQueryTarget` of a discovery's target; `disabled` is there where tables are left out."""

    disabled: Published | None = None


class DiscoveryTarget(View):
    """One of a discovery's `targets`."""

    big_query_target: BigQueryTarget | None = None


class DiscoveryLocation(View):
    """`orgConfig.location`."""

    organization_id: str = ""
    folder_id: str = ""


class DiscoveryScope(View):
    """`orgConfig`: the organisation or folder whose data is profiled, where that is not one project."""

    location: DiscoveryLocation = field(default_factory=DiscoveryLocation)


@shows("dlp.googleapis.com/DiscoveryConfig")
class DiscoveryConfig(Resource):
    """A discovery: it profiles data of an organisation, folder or project. Status: RUNNING or PAUSED."""

    HAS_POLICY: ClassVar[bool] = False

    display_name: str = ""
    status: str = "STATUS_UNSPECIFIED"
    errors: list[ScanError] = []
    actions: list[ProfileAction] = []
    targets: list[DiscoveryTarget] = []
    org_config: DiscoveryScope | None = None

    @property
    def scope(self) -> str:
        """What is profiled: `organizations/1`, `folders/2`, or the project that holds the configuration."""
        place = self.org_config.location if self.org_config else DiscoveryLocation()
        if place.folder_id:
            return f"folders/{place.folder_id}"
        if place.organization_id:
            return f"organizations/{place.organization_id}"
        return self.asset.short_name.partition("/locations/")[0]

    @property
    def profiles_tables(self) -> bool:
        """Whether it runs and looks at tables of BigQuery."""
        targets = [target.big_query_target for target in self.targets]
        return self.status == "RUNNING" and any(target and target.disabled is None for target in targets)

    @property
    def publishes(self) -> bool:
        """Whether results go to Security Command Center."""
        return any(action.publish_to_scc is not None for action in self.actions)


class JobAction(View):
    """One of a job's `actions`."""

    publish_summary_to_cscc: Published | None = None


class InspectJob(View):
    """`inspectJob`: what a trigger starts."""

    actions: list[JobAction] = []


@shows("dlp.googleapis.com/JobTrigger")
class JobTrigger(Resource):
    """An inspection that starts again and again. Status: HEALTHY, PAUSED or CANCELLED."""

    HAS_POLICY: ClassVar[bool] = False

    display_name: str = ""
    status: str = "STATUS_UNSPECIFIED"
    errors: list[ScanError] = []
    inspect_job: InspectJob = field(default_factory=InspectJob)

    @property
    def publishes(self) -> bool:
        """Whether results go to Security Command Center."""
        return any(action.publish_summary_to_cscc is not None for action in self.inspect_job.actions)
