"""Security Command Center: its findings, what mutes them, where they are sent, and which of its services are on.

Sources: cloud.google.com/security-command-center/docs/reference/rest/v2/organizations.sources.findings,
…/v2/organizations.sources, …/v2/organizations.locations.muteConfigs, …/v2/organizations.locations.notificationConfigs,
…/v2/organizations.locations.bigQueryExports,
cloud.google.com/security-command-center/docs/reference/security-center-management/rest
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import ClassVar

from auditor.resources.base import Resource, shows

_OWNER = re.compile(r"(?:organizations|folders|projects)/[^/]+")


class SecurityCenterResource(Resource):
    """What belongs to an organisation, folder or project, by its name."""

    HAS_POLICY: ClassVar[bool] = False

    name: str = ""

    @property
    def owner(self) -> str:
        """`organizations/1`, `folders/2` or `projects/3`."""
        owner = _OWNER.match(self.asset.short_name)
        return owner[0] if owner else ""


@shows("securitycenter.googleapis.com/Finding")
class Finding(SecurityCenterResource):
    """A finding of Security Command Center, of whichever of its services."""

    category: str = ""
    resource_name: str = ""
    state: str = "STATE_UNSPECIFIED"
    severity: str = "SEVERITY_UNSPECIFIED"
    finding_class: str = "FINDING_CLASS_UNSPECIFIED"
    mute: str = "UNDEFINED"
    parent_display_name: str = ""
    create_time: datetime | None = None
    event_time: datetime | None = None

    @property
    def is_active(self) -> bool:
        """Whether what it tells of still holds."""
        return self.state == "ACTIVE"

    @property
    def is_muted(self) -> bool:
        """Whether somebody, or a rule, hid it."""
        return self.mute == "MUTED"


@shows("securitycenter.googleapis.com/Source")
class SecuritySource(SecurityCenterResource):
    """A service that makes findings."""

    HAS_POLICY: ClassVar[bool] = True

    display_name: str = ""


@shows("securitycenter.googleapis.com/MuteConfig")
class MuteRule(SecurityCenterResource):
    """A rule that hides findings: a static one for ever, a dynamic one as long as it is there."""

    filter: str = ""
    type: str = "MUTE_CONFIG_TYPE_UNSPECIFIED"
    expiry_time: datetime | None = None


@shows("securitycenter.googleapis.com/NotificationConfig")
class FindingNotification(SecurityCenterResource):
    """New findings are published to a Pub/Sub topic."""

    pubsub_topic: str = ""


@shows("securitycenter.googleapis.com/BigQueryExport")
class FindingExport(SecurityCenterResource):
    """New findings are written to BigQuery."""

    dataset: str = ""


@shows("securitycentermanagement.googleapis.com/SecurityCenterService")
class DetectionService(SecurityCenterResource):
    """A service of Security Command Center at one level: on, off, or inherited."""

    CORE: ClassVar[frozenset[str]] = frozenset(
        {
            "container-threat-detection",
            "event-threat-detection",
            "security-health-analytics",
            "vm-threat-detection",
            "web-security-scanner",
        }
    )
    """Those that find threats or misconfigurations, by id."""

    intended_enablement_state: str = "ENABLEMENT_STATE_UNSPECIFIED"
    effective_enablement_state: str = "ENABLEMENT_STATE_UNSPECIFIED"

    @property
    def level(self) -> str:
        """`organization`, `folder` or `project`, as gcloud's options are called."""
        return self.owner.partition("/")[0].removesuffix("s")

    @property
    def number(self) -> str:
        """The number of the organisation, folder or project."""
        return self.owner.partition("/")[2]
