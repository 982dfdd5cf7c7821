"""Secret Manager: secrets and their versions. The payload is no part of either.

Source: cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets, …/projects.secrets.versions
"""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec import field

from auditor.resources.base import Resource, View, shows
from auditor.resources.durations import duration


class Rotation(View):
    """`rotation`: when Secret Manager next reminds of a rotation. It never makes a new version itself."""

    next_rotation_time: datetime | None = None
    rotation_period: str = ""

    @property
    def period(self) -> timedelta | None:
        """`rotationPeriod` (`7776000s`), None where rotation happens once. Raises `Undetermined` for no duration."""
        return duration("rotationPeriod", self.rotation_period) if self.rotation_period else None


class Topic(View):
    """`topics[]`: a Pub/Sub topic that is told of rotations and new versions."""

    name: str = ""


class CustomerManagedEncryption(View):
    """`customerManagedEncryption`."""

    kms_key_name: str = ""


class AutomaticReplication(View):
    """`replication.automatic`."""

    customer_managed_encryption: CustomerManagedEncryption | None = None


class Replica(View):
    """`replication.userManaged.replicas[]`."""

    location: str = ""
    customer_managed_encryption: CustomerManagedEncryption | None = None


class UserManagedReplication(View):
    """`replication.userManaged`."""

    replicas: list[Replica] = []


class Replication(View):
    """`replication`: one of the two is set; neither on a regional secret."""

    automatic: AutomaticReplication | None = None
    user_managed: UserManagedReplication | None = None


@shows("secretmanager.googleapis.com/Secret")
class Secret(Resource):
    """A secret, global (`projects/p/secrets/s`) or regional (`projects/p/locations/l/secrets/s`)."""

    name: str = ""
    create_time: datetime | None = None
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    topics: list[Topic] = []
    rotation: Rotation | None = None
    expire_time: datetime | None = None
    ttl: str = ""
    version_destroy_ttl: str = ""
    replication: Replication = field(default_factory=Replication)
    customer_managed_encryption: CustomerManagedEncryption | None = None

    @property
    def expires(self) -> bool:
        """Whether the secret deletes itself at a set time."""
        return self.expire_time is not None or self.ttl != ""


@shows("secretmanager.googleapis.com/SecretVersion")
class SecretVersion(Resource):
    """A version of a secret."""

    name: str = ""
    state: str = ""
    create_time: datetime | None = None
    scheduled_destroy_time: datetime | None = None

    @property
    def secret(self) -> str:
        """The full resource name of the secret."""
        return self.asset.name.partition("/versions/")[0]

    @property
    def secret_id(self) -> str:
        """The secret's own name."""
        return self.secret.rpartition("/")[2]

    @property
    def gcloud_flags(self) -> tuple[str, ...]:
        """The flags that name the secret to gcloud; a regional one needs its location."""
        named = f"--secret={self.secret_id}"
        return (named, f"--location={self.location}") if self.location else (named,)

    @property
    def number(self) -> int:
        """The version's number, which grows with each version; 0 where the name has none."""
        return int(self.id) if self.id.isdecimal() else 0
