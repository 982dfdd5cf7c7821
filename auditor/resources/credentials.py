"""Credentials that no other service's module shows: HMAC keys of Cloud Storage.

An HMAC key is no Cloud Asset Inventory type; its line carries the metadata as the JSON API returns it.
Source: cloud.google.com/storage/docs/json_api/v1/projects/hmacKeys
"""

from __future__ import annotations

from datetime import datetime

from auditor.resources.base import Resource, Undetermined, shows

_DEFAULT_ACCOUNTS = ("-compute@developer.gserviceaccount.com", "@appspot.gserviceaccount.com")


@shows("storage.googleapis.com/HmacKey")
class HmacKey(Resource):
    """An HMAC key of a service account. Keys of user accounts are in no API."""

    access_id: str = ""
    service_account_email: str = ""
    state: str = "ACTIVE"
    time_created: datetime | None = None
    updated: datetime | None = None

    @property
    def is_active(self) -> bool:
        """Whether the key signs requests: an inactive one can be made active again, a deleted one cannot."""
        return self.state == "ACTIVE"

    @property
    def created(self) -> datetime:
        """When the key was made. Raises `Undetermined` where the input does not say."""
        if self.time_created is None:
            raise Undetermined("timeCreated", "the input does not say when the key was made")
        return self.time_created

    @property
    def of_default_account(self) -> bool:
        """Whether the key belongs to a default service account of Compute Engine or App Engine."""
        return self.service_account_email.endswith(_DEFAULT_ACCOUNTS)
