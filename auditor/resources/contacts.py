"""Essential contacts: who hears of incidents, suspensions and legal notices.

Source: cloud.google.com/resource-manager/docs/reference/essentialcontacts/rest/v1/organizations.contacts
"""

from __future__ import annotations

from auditor.resources.base import Resource, shows


@shows("essentialcontacts.googleapis.com/Contact")
class EssentialContact(Resource):
    """A contact of an organisation, folder or project."""

    HAS_POLICY = False

    name: str = ""
    email: str = ""
    notification_category_subscriptions: list[str] = []
    validation_state: str = "VALIDATION_STATE_UNSPECIFIED"

    @property
    def container(self) -> str:
        """What the contact is set on: `organizations/1`, `folders/2`, `projects/3`."""
        return self.asset.short_name.partition("/contacts/")[0]
