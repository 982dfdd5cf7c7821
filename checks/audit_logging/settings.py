"""What an organisation or folder decides for the logs of projects to come."""

from __future__ import annotations

from auditor import PASS, Estate, Example, Fix, Severity, Verdict, asset, check, fail, not_applicable
from auditor.resources.logging import LogSettings, LogSink
from auditor.resources.unknown import some
from checks.audit_logging.examples import EXPORT, IN_ORGANIZATION, ORGANIZATION_SINK_NAME, SINKS
from checks.audit_logging.routing import carries, sinks_reaching

_KEY = "projects/k/locations/europe-west1/keyRings/r/cryptoKeys/logs"
_UPDATE = "gcloud logging settings update {settings.gcloud_scope} "
_OF_PROJECT = not_applicable("a project's settings show what its organisation decided")


def _settings(*, unknown: tuple[str, ...] = (), on: str = "organizations/3001", **data: object) -> Example:
    ancestors = [on, *IN_ORGANIZATION] if on != IN_ORGANIZATION[0] else IN_ORGANIZATION
    return asset(LogSettings, dict(data), name=f"{SINKS}/{on}/settings", ancestors=ancestors, unknown=unknown)


def _sink(**data: object) -> Example:
    return asset(LogSink, {**EXPORT, **data}, name=ORGANIZATION_SINK_NAME, ancestors=IN_ORGANIZATION)


@check(
    "organization-disables-default-log-sinks",
    severity=Severity.MEDIUM,
    reads=[LogSink],
    evidence=["disableDefaultSink"],
    fix=Fix(
        gcloud=f"{_UPDATE}--no-disable-default-sink",
        terraform="disable_default_sink = false on google_logging_organization_settings",
        manual="The setting reaches new projects only: enable the _Default sink of those that were made since.",
        patch={"data": {"disableDefaultSink": False}},
    ),
    passes=lambda: [
        _settings(storageLocation="europe-west1"),
        [_settings(disableDefaultSink=True), _sink(includeChildren=True, filter='logName:"cloudaudit.googleapis.com"')],
        _settings(on="projects/1001", disableDefaultSink=True),
    ],
    fails=lambda: [
        [_settings(disableDefaultSink=True), _sink()],
        [
            _settings(disableDefaultSink=True, on="folders/2001"),
            _sink(includeChildren=True, filter='LOG_ID("cloudaudit.googleapis.com/activity")'),
            asset(
                LogSink, EXPORT, name=f"{SINKS}/folders/2001/sinks/own", ancestors=["folders/2001", *IN_ORGANIZATION]
            ),
        ],
    ],
    unknown=lambda: [
        _settings(unknown=("resource.data.disableDefaultSink",)),
        [_settings(disableDefaultSink=True), _sink(includeChildren=True, filter="sample(insertId, 0.5)")],
    ],
)
def disables_default_sinks(settings: LogSettings, estate: Estate) -> Verdict:
    """New projects start without the sink that stores their logs, and no other takes them over.

    Why: the _Default sink stores Data Access and Policy Denied audit logs and all application logs. With it disabled
    from the start, and no sink of the organisation that includes children and carries these logs, each new project
    drops them on arrival.

    What a fix may break: nothing; log storage beyond the free allotment is billed in new projects.

    Source: https://cloud.google.com/logging/docs/default-settings
    """
    if settings.asset.project:
        return _OF_PROJECT
    if not settings.disable_default_sink:
        return PASS

    def takes_over(sink: LogSink) -> bool:
        return sink.include_children and not sink.is_made_by_google and carries(sink, "Data Access")

    if some(sinks_reaching(estate, settings.asset), takes_over):
        return PASS
    return fail("the _Default sink of new projects is disabled, and no aggregated sink carries Data Access audit logs")


@check(
    "organization-log-settings-without-cmek",
    severity=Severity.LOW,
    default=False,
    evidence=["kmsKeyName"],
    fix=Fix(
        gcloud=f"{_UPDATE}--kms-key-name=KEY --storage-location=REGION",
        terraform="kms_key_name on google_logging_organization_settings",
        guardrail="gcp.restrictNonCmekServices",
        manual="Grant the settings' service account roles/cloudkms.cryptoKeyEncrypterDecrypter on the key first.",
        patch={"data": {"kmsKeyName": _KEY}},
    ),
    passes=lambda: [_settings(kmsKeyName=_KEY), _settings(on="projects/1001")],
    fails=lambda: [_settings(), _settings(on="folders/2001", storageLocation="europe-west1")],
    unknown=lambda: [_settings(unknown=("resource.data.kmsKeyName",))],
)
def settings_without_cmek(settings: LogSettings) -> Verdict:
    """An organisation gives the log buckets of new projects no encryption key of its own.

    Why: the key of a log bucket is settled when the bucket is made; whoever needs to cut off access to logs has to
    decide before the projects exist. It matters where a rule asks for it.

    What a fix may break: a disabled or destroyed key makes logs unreadable, and lets new ones be lost.

    Source: https://cloud.google.com/logging/docs/default-settings
    """
    if settings.asset.project:
        return _OF_PROJECT
    return PASS if settings.kms_key_name else fail("log buckets of new projects are encrypted with Google's keys")


@check(
    "organization-log-location-unset",
    severity=Severity.INFO,
    default=False,
    evidence=["storageLocation"],
    fix=Fix(
        gcloud=f"{_UPDATE}--storage-location=REGION",
        terraform="storage_location on google_logging_organization_settings",
        manual="The buckets of existing projects stay where they are: make regional ones and point the sinks there.",
        patch={"data": {"storageLocation": "europe-west1"}},
    ),
    passes=lambda: [_settings(storageLocation="europe-west1"), _settings(on="projects/1001")],
    fails=lambda: [_settings(), _settings(storageLocation="global")],
    unknown=lambda: [_settings(unknown=("resource.data.storageLocation",))],
)
def location_unset(settings: LogSettings) -> Verdict:
    """An organisation does not say where the logs of new projects are stored.

    Why: logs hold addresses and accounts of people. Buckets of location `global` are kept wherever Google has room,
    and the location of a bucket cannot be changed afterwards.

    What a fix may break: nothing in existing projects; a policy on resource locations has to allow the region.

    Source: https://cloud.google.com/logging/docs/default-settings
    """
    if settings.asset.project:
        return _OF_PROJECT
    if settings.storage_location in ("", "global"):
        return fail("log buckets of new projects are of location global")
    return PASS
