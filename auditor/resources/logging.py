"""Cloud Logging: sinks, log buckets, logs-based metrics and settings.

Source: cloud.google.com/logging/docs/reference/v2/rest/v2/projects.sinks, …/locations.buckets, …/projects.metrics,
…/organizations/getSettings
"""

from __future__ import annotations

from typing import ClassVar
from urllib.parse import unquote

from msgspec import field

from auditor.resources.base import Asset, Resource, Undetermined, View, shows

_STORAGE = "storage.googleapis.com/"


class LogExclusion(View):
    """An entry of `exclusions`: what a sink leaves out."""

    name: str = ""
    filter: str = ""
    disabled: bool = False


@shows("logging.googleapis.com/LogSink")
class LogSink(Resource):
    """A sink: which log entries of a project, folder, organisation or billing account go where."""

    destination: str = ""
    filter: str = ""
    disabled: bool = False
    exclusions: list[LogExclusion] = []
    include_children: bool = False
    writer_identity: str = ""

    @property
    def container(self) -> str:
        """What the sink belongs to, as in `ancestors`: `projects/1`, `folders/2`, `organizations/3`."""
        kind, _, rest = self.asset.short_name.partition("/")
        if self.asset.ancestors and self.asset.ancestors[0].startswith(f"{kind}/"):
            return self.asset.ancestors[0]
        return f"{kind}/{rest.partition('/')[0]}"

    @property
    def gcloud_scope(self) -> str:
        """The flag that tells gcloud where the sink is: `--organization=3`."""
        return _gcloud_scope(self.asset)

    @property
    def is_made_by_google(self) -> bool:
        """Whether it is one of the two sinks that every project has: they store logs, they do not export them."""
        return self.id in ("_Default", "_Required")

    @property
    def storage_bucket(self) -> str:
        """The name of the Cloud Storage bucket that the sink writes to, or `""`.

        Raises `Undetermined` where the destination names no service: Cloud Logging would not take it.
        """
        if self.destination and "." not in self.destination_service:
            raise Undetermined("destination", "it names no service, so that what the sink writes to is not known")
        return self.destination.removeprefix(_STORAGE) if self.destination.startswith(_STORAGE) else ""

    @property
    def destination_project(self) -> str:
        """`projects/ID` that holds the destination, `""` for a Cloud Storage bucket, whose name does not say."""
        parts = self.destination.split("/")
        return "/".join(parts[1:3]) if parts[1:2] == ["projects"] else ""

    @property
    def destination_service(self) -> str:
        """The service that holds the destination: `pubsub.googleapis.com`."""
        return self.destination.partition("/")[0]

    @property
    def destination_id(self) -> str:
        """The name of the topic, dataset or bucket that the sink writes to."""
        return self.destination.rpartition("/")[2]

    @property
    def log_bucket(self) -> str:
        """`LOCATION/ID` of the log bucket that the sink writes to, or `""`."""
        parts = self.destination.split("/")
        if parts[0] == "logging.googleapis.com" and len(parts) >= 7:
            return f"{parts[4]}/{parts[6]}"
        return ""


class LogBucketEncryption(View):
    """`cmekSettings`."""

    kms_key_name: str = ""


@shows("logging.googleapis.com/LogBucket")
class LogBucket(Resource):
    """A log bucket: where log entries are stored, and for how many days."""

    retention_days: int = 30
    locked: bool = False
    lifecycle_state: str = "ACTIVE"
    cmek_settings: LogBucketEncryption = field(default_factory=LogBucketEncryption)

    @property
    def is_active(self) -> bool:
        """False for the seven days between the deletion of a bucket and its end."""
        return self.lifecycle_state != "DELETE_REQUESTED"

    @property
    def gcloud_scope(self) -> str:
        """The flag that tells gcloud where the bucket is."""
        return _gcloud_scope(self.asset)


@shows("logging.googleapis.com/LogMetric", "logging.googleapis.com/Metric")
class LogMetric(Resource):
    """A logs-based metric: counts the log entries that match a filter."""

    name: str = ""
    filter: str = ""
    disabled: bool = False
    bucket_name: str = ""
    """The log bucket that is counted in, wherever its entries come from; without one, the project's own entries."""

    @property
    def metric_id(self) -> str:
        """The part after `logging.googleapis.com/user/` of the metric's type."""
        return self.name.rpartition("/metrics/")[2] or unquote(self.id)


@shows("logging.googleapis.com/Settings")
class LogSettings(Resource):
    """What an organisation or folder gives to the log buckets and sinks of new projects.

    Asset Inventory holds them only where somebody changed them.
    """

    HAS_POLICY: ClassVar[bool] = False

    kms_key_name: str = ""
    storage_location: str = ""
    disable_default_sink: bool = False

    @property
    def gcloud_scope(self) -> str:
        """The flag that tells gcloud whose settings they are."""
        return _gcloud_scope(self.asset)


def _gcloud_scope(asset: Asset) -> str:
    kind, _, rest = asset.short_name.partition("/")
    flag = {"billingAccounts": "billing-account"}.get(kind, kind.removesuffix("s"))
    return f"--{flag}={rest.partition('/')[0]}"
