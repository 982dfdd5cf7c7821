"""Access Approval: whether Google's staff has to ask before they look at a customer's data.

Source: cloud.google.com/assured-workloads/access-approval/docs/reference/rest/v1/AccessApprovalSettings
"""

from __future__ import annotations

from typing import ClassVar

from auditor.resources.base import Resource, View, shows


class EnrolledService(View):
    """`enrolledServices[]`: a product (`all`, `GA`, `storage.googleapis.com`) for which access needs an approval."""

    cloud_product: str = ""
    enrollment_level: str = "ENROLLMENT_LEVEL_UNSPECIFIED"


@shows("accessapproval.googleapis.com/AccessApprovalSettings")
class AccessApprovalSettings(Resource):
    """The settings of a project, folder or organisation; what is enrolled above counts below."""

    HAS_POLICY: ClassVar[bool] = False

    notification_emails: list[str] = []
    notification_pubsub_topic: str = ""
    enrolled_services: list[EnrolledService] = []
    enrolled_ancestor: bool = False

    @property
    def container(self) -> str:
        """The project, folder or organisation, as in `ancestors`."""
        return self.asset.ancestors[0] if self.asset.ancestors else self.asset.short_name.rpartition("/")[0]

    @property
    def gcloud_scope(self) -> str:
        """The flag that tells gcloud where the settings are: `--organization=3`."""
        kind, _, identifier = self.asset.short_name.rpartition("/")[0].partition("/")
        return f"--{kind.removesuffix('s')}={identifier}"

    @property
    def is_enrolled(self) -> bool:
        """Whether access to some product needs an approval, here or by a folder or organisation above."""
        return bool(self.enrolled_services) or self.enrolled_ancestor

    @property
    def notifies(self) -> bool:
        """Whether somebody is told of requests."""
        return bool(self.notification_emails) or bool(self.notification_pubsub_topic)
