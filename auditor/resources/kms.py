"""Cloud Key Management Service.

Source: cloud.google.com/kms/docs/reference/rest/v1
"""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec import field

from auditor.resources.base import Resource, Undetermined, View, shows
from auditor.resources.durations import duration

DEFAULT_DESTRUCTION_DELAY = timedelta(days=30)
"""How long a version waits for its destruction where the key does not say."""


LONGEST = timedelta(hours=876_000)
"""The longest rotation period."""


class KeyVersionTemplate(View):
    """`versionTemplate`: what new versions of the key are like."""

    protection_level: str = "SOFTWARE"
    algorithm: str = ""


class PrimaryVersion(View):
    """`primary`: a copy of the version that encrypts; keys that cannot rotate by themselves have none."""

    name: str = ""
    state: str = "ENABLED"
    create_time: datetime | None = None
    destroy_time: datetime | None = None


@shows("cloudkms.googleapis.com/KeyRing")
class KeyRing(Resource):
    """A key ring: what is granted on it is granted on every key in it."""


@shows("cloudkms.googleapis.com/CryptoKey")
class CryptoKey(Resource):
    """A key. Durations are the API's text (`"7776000s"`)."""

    purpose: str = "ENCRYPT_DECRYPT"
    primary: PrimaryVersion | None = None
    create_time: datetime | None = None
    rotation_period: str = ""
    next_rotation_time: datetime | None = None
    version_template: KeyVersionTemplate = field(default_factory=KeyVersionTemplate)
    import_only: bool = False
    destroy_scheduled_duration: str = ""

    @property
    def rotates_every(self) -> timedelta | None:
        """The rotation period; None where no rotation is scheduled."""
        return _duration("rotationPeriod", self.rotation_period) if self.rotation_period else None

    @property
    def destruction_delay(self) -> timedelta:
        """How long a version can still be restored after its destruction was asked for."""
        text = self.destroy_scheduled_duration
        return _duration("destroyScheduledDuration", text) if text else DEFAULT_DESTRUCTION_DELAY

    @property
    def is_retired(self) -> bool:
        """Whether the primary version is destroyed, or soon will be: the key encrypts nothing any more."""
        return self.primary is not None and self.primary.state in ("DESTROYED", "DESTROY_SCHEDULED")

    @property
    def is_external(self) -> bool:
        """Whether the key material lies in an external key manager."""
        return self.version_template.protection_level in ("EXTERNAL", "EXTERNAL_VPC")

    @property
    def is_asymmetric(self) -> bool:
        """Whether the key is a pair, of which others hold the public half."""
        return self.purpose in ("ASYMMETRIC_SIGN", "ASYMMETRIC_DECRYPT", "KEY_ENCAPSULATION")

    @property
    def rotates_by_schedule(self) -> bool:
        """Whether Cloud KMS can make new versions by itself."""
        return self.purpose == "ENCRYPT_DECRYPT" and not self.import_only and not self.is_external


@shows("cloudkms.googleapis.com/CryptoKeyVersion")
class CryptoKeyVersion(Resource):
    """One version of a key."""

    state: str = "ENABLED"
    create_time: datetime | None = None
    destroy_time: datetime | None = None
    import_job: str = ""

    @property
    def key(self) -> str:
        """The full resource name of the key."""
        return self.asset.name.partition("/cryptoKeyVersions/")[0]


def _duration(name: str, text: str) -> timedelta:
    """A duration that Cloud KMS takes."""
    found = duration(name, text)
    if found > LONGEST:
        raise Undetermined(name, f"{text!r} is not a duration that Cloud KMS takes")
    return found
