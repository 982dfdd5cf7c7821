"""API keys.

Source: cloud.google.com/api-keys/docs/reference/rest/v2/projects.locations.keys
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from msgspec import field

from auditor.resources.base import Resource, Undetermined, View, shows


class BrowserKeyRestrictions(View):
    """`restrictions.browserKeyRestrictions`: the websites that may use the key."""

    allowed_referrers: list[str] = []


class ServerKeyRestrictions(View):
    """`restrictions.serverKeyRestrictions`: the addresses that may use the key."""

    allowed_ips: list[str] = []


class AndroidApplication(View):
    """An Android app: package name and the SHA-1 of the certificate that signs it."""

    sha1_fingerprint: str = ""
    package_name: str = ""


class AndroidKeyRestrictions(View):
    """`restrictions.androidKeyRestrictions`."""

    allowed_applications: list[AndroidApplication] = []


class IosKeyRestrictions(View):
    """`restrictions.iosKeyRestrictions`."""

    allowed_bundle_ids: list[str] = []


class ApiTarget(View):
    """One API that the key may call; without methods, all of it."""

    service: str = ""
    methods: list[str] = []


class Restrictions(View):
    """`restrictions`: at most one of the four kinds of clients, and the APIs."""

    browser_key_restrictions: BrowserKeyRestrictions = field(default_factory=BrowserKeyRestrictions)
    server_key_restrictions: ServerKeyRestrictions = field(default_factory=ServerKeyRestrictions)
    android_key_restrictions: AndroidKeyRestrictions = field(default_factory=AndroidKeyRestrictions)
    ios_key_restrictions: IosKeyRestrictions = field(default_factory=IosKeyRestrictions)
    api_targets: list[ApiTarget] = []


@shows("apikeys.googleapis.com/Key")
class ApiKey(Resource):
    """An API key. A deleted key can be restored for 30 days, but calls nothing."""

    uid_told: str = field(default="", name="uid")
    display_name: str = ""
    create_time: datetime | None = None
    delete_time: datetime | None = None
    service_account_email: str = ""
    restrictions: Restrictions = field(default_factory=Restrictions)

    @property
    def uid(self) -> str:
        """The id that metrics know the key by; where the input does not say, the last part of its name is the same."""
        return self.uid_told or self.asset.id

    @property
    def is_deleted(self) -> bool:
        """Whether the key was deleted."""
        return self.delete_time is not None

    @property
    def created(self) -> datetime:
        """When the key was made. Raises `Undetermined` where the input does not say."""
        if self.create_time is None:
            raise Undetermined("createTime", "the input does not say when the key was made")
        return self.create_time

    @property
    def referrers(self) -> list[str]:
        """The websites that may use the key."""
        return self.restrictions.browser_key_restrictions.allowed_referrers

    @property
    def addresses(self) -> list[str]:
        """The IP addresses and ranges that may use the key."""
        return self.restrictions.server_key_restrictions.allowed_ips

    @property
    def android_apps(self) -> list[AndroidApplication]:
        """The Android apps that may use the key."""
        return self.restrictions.android_key_restrictions.allowed_applications

    @property
    def ios_apps(self) -> list[str]:
        """The bundle ids of the iOS apps that may use the key."""
        return self.restrictions.ios_key_restrictions.allowed_bundle_ids

    def services(self) -> Iterator[str]:
        """The APIs that the key is restricted to, in lower case (the API ignores case)."""
        for target in self.restrictions.api_targets:
            yield target.service.lower()
