"""Rotation of secrets: scheduled, announced to someone, and done."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from auditor import PASS, Clock, Estate, Example, Fix, Settings, Severity, Verdict, asset, check, fail, not_applicable
from auditor.resources.secretmanager import Secret, SecretVersion
from auditor.resources.unknown import told
from checks.secrets.versions import NAME, version, versions_of
from checks.units import Days, Grace

_QUARTER = "7776000s"
_TOPICS = [{"name": "projects/p/topics/rotate"}]
_SCHEDULED = {"rotationPeriod": _QUARTER, "nextRotationTime": "2027-01-15T00:00:00Z"}


class RotationSettings(Settings, frozen=True):
    """How often a secret must change."""

    max_period_days: Days = 90


class RetirementSettings(Settings, frozen=True):
    """How long an old version may serve beside its successor."""

    grace_days: Grace = 30


def _secret(rotation: dict[str, Any] | None = None, **data: Any) -> Example:
    if rotation is not None:
        data["rotation"] = rotation
    document = {"name": "projects/1001/secrets/db-password", "createTime": "2025-06-01T00:00:00Z", **data}
    return asset(Secret, document, name=NAME)


@check(
    "secret-rotation-unscheduled",
    severity=Severity.MEDIUM,
    evidence=["rotation.rotationPeriod", "rotation.nextRotationTime"],
    same_as=["prowler:secretmanager_secret_rotation_enabled"],
    fix=Fix(
        gcloud=(
            "gcloud secrets update {secret.asset.gcloud_name} --add-topics=TOPIC "
            "--rotation-period=7776000s --next-rotation-time=TIME"
        ),
        terraform="`rotation { rotation_period … next_rotation_time … }` and `topics` on google_secret_manager_secret",
        manual="Subscribe a job to the topic that makes the new credential and adds the version.",
        patch={"data": {"rotation": _SCHEDULED, "topics": _TOPICS}},
    ),
    passes=lambda: [
        _secret(_SCHEDULED, topics=_TOPICS),
        _secret({"rotationPeriod": "2592000s", "nextRotationTime": "2026-12-01T00:00:00Z"}),
        _secret({"nextRotationTime": "2027-01-31T00:00:00Z"}),
        _secret(expireTime="2026-12-31T00:00:00Z"),
    ],
    fails=lambda: [
        _secret(),
        _secret({}),
        _secret({"rotationPeriod": "31536000s", "nextRotationTime": "2027-03-01T00:00:00Z"}),
        _secret({"nextRotationTime": "2028-01-31T00:00:00Z"}),
        _secret(expireTime="2031-12-31T00:00:00Z"),
    ],
    unknown=lambda: [
        asset(Secret, {"name": "s"}, unknown=["resource.data.rotation"]),
        asset(Secret, {"name": "s", "rotation": {}}, unknown=["resource.data.rotation.rotationPeriod"]),
        _secret({"rotationPeriod": "quarterly"}),
    ],
)
def rotation_unscheduled(secret: Secret, settings: RotationSettings, clock: Clock) -> Verdict:
    """A secret has no rotation schedule, or one that is longer than the rotation period.

    Why: A credential that leaked unnoticed, in a log, a backup or with a colleague who left, works until it is
    changed. The schedule is what reminds someone to change it: Secret Manager does not do it by itself.

    What a fix may break: Nothing by itself. When the reminder is followed, workloads must take up the new version.

    Source: https://cloud.google.com/secret-manager/docs/secret-rotation
    """
    limit = settings.max_period_days
    if secret.expire_time and clock.days_until(secret.expire_time) <= limit:
        return not_applicable(f"the secret deletes itself within {limit} days")
    rotation = secret.rotation
    if rotation is None or (rotation.period is None and rotation.next_rotation_time is None):
        return fail("no rotation is scheduled")
    if rotation.period is not None:
        days = rotation.period / timedelta(days=1)
        return fail(f"rotation is due every {days:g} days, the limit is {limit}") if days > limit else PASS
    assert rotation.next_rotation_time is not None
    days_left = clock.days_until(rotation.next_rotation_time)
    return fail(f"the next rotation is due in {days_left} days, the limit is {limit}") if days_left > limit else PASS


@check(
    "secret-rotation-overdue",
    severity=Severity.MEDIUM,
    evidence=["rotation.nextRotationTime", "rotation.rotationPeriod"],
    fix=Fix(
        gcloud="gcloud secrets update {secret.asset.gcloud_name} --next-rotation-time=TIME",
        terraform="`rotation.next_rotation_time` of google_secret_manager_secret",
        manual="Add a version with a new credential first, then set the time of the next rotation.",
        patch={"data": {"rotation": _SCHEDULED}},
    ),
    passes=lambda: [_secret(_SCHEDULED), _secret(), _secret({"nextRotationTime": "2026-11-22T06:00:00Z"})],
    fails=lambda: [
        _secret({"nextRotationTime": "2026-08-01T00:00:00Z"}),
        _secret({"rotationPeriod": _QUARTER, "nextRotationTime": "2026-11-20T23:59:00Z"}),
    ],
    unknown=lambda: [_secret_unknown("resource.data.rotation.nextRotationTime")],
)
def rotation_overdue(secret: Secret, clock: Clock) -> Verdict:
    """The time of a secret's next rotation has passed.

    Why: Secret Manager moves the time on when it has sent the reminder, so a time in the past says that the reminder
    could not be sent or that a rotation planned for once was forgotten.

    What a fix may break: Workloads that hold the old credential, until they take up the new version.

    Source: https://cloud.google.com/secret-manager/docs/secret-rotation
    """
    if secret.rotation is None or secret.rotation.next_rotation_time is None:
        return not_applicable("no rotation is scheduled")
    late = clock.now - secret.rotation.next_rotation_time
    if late <= timedelta(hours=24):
        return PASS
    return fail(f"the rotation was due {late // timedelta(days=1)} days ago")


def _secret_unknown(path: str) -> Example:
    return asset(Secret, {"name": "s", "rotation": {"rotationPeriod": _QUARTER}}, unknown=[path])


@check(
    "secret-rotation-unannounced",
    severity=Severity.MEDIUM,
    evidence=["rotation.rotationPeriod", "topics"],
    fix=Fix(
        gcloud="gcloud secrets update {secret.asset.gcloud_name} --add-topics=TOPIC",
        terraform="`topics` of google_secret_manager_secret",
        manual="Let Secret Manager's service agent publish to the topic (roles/pubsub.publisher).",
        patch={"data": {"topics": _TOPICS}},
    ),
    passes=lambda: [_secret(_SCHEDULED, topics=_TOPICS), _secret()],
    fails=lambda: [_secret(_SCHEDULED), _secret({"nextRotationTime": "2027-01-31T00:00:00Z"}, topics=[])],
    unknown=lambda: [_secret_unknown("resource.data.topics")],
)
def rotation_unannounced(secret: Secret) -> Verdict:
    """A secret has a rotation schedule but no Pub/Sub topic that would tell anyone.

    Why: The schedule does nothing but send a message to the secret's topics. Without a topic the time passes and the
    secret looks rotated while it is not.

    What a fix may break: Nothing.

    Source: https://cloud.google.com/secret-manager/docs/secret-rotation
    """
    rotation = secret.rotation
    if rotation is None or (rotation.period is None and rotation.next_rotation_time is None):
        return not_applicable("no rotation is scheduled")
    return PASS if secret.topics else fail("no topic is told when rotation is due")


@check(
    "secret-rotation-not-done",
    severity=Severity.HIGH,
    evidence=["rotation.rotationPeriod", "rotation.nextRotationTime", "createTime"],
    reads=[SecretVersion],
    fix=Fix(
        gcloud="gcloud secrets versions add {secret.asset.gcloud_name} --data-file=-",
        manual=(
            "Make the new credential, add it as a version, move workloads to it, then disable the old version. "
            "Find out why nothing answers the rotation messages: see the topic's subscriptions and their backlog."
        ),
        patch=lambda: [version(9, "2026-11-21T00:00:00Z")],
    ),
    passes=lambda: [
        [_secret(_SCHEDULED), version(1, "2025-06-01T00:00:00Z"), version(2, "2026-10-17T00:00:00Z")],
        [_secret(_SCHEDULED), version(3, "2026-09-01T00:00:00Z", "DISABLED")],
        [_secret(), version(1, "2025-06-01T00:00:00Z")],
        [_secret(_SCHEDULED, createTime="2026-11-01T00:00:00Z"), version(1, "2026-11-01T00:00:00Z")],
    ],
    fails=lambda: [
        [_secret(_SCHEDULED), version(1, "2025-06-01T00:00:00Z")],
        [_secret(_SCHEDULED), version(1, "2025-06-01T00:00:00Z"), version(2, "2026-07-30T00:00:00Z")],
    ],
    unknown=lambda: [
        [_secret_unknown("resource.data.rotation.rotationPeriod"), version(1, "2025-06-01T00:00:00Z")],
        [_secret(_SCHEDULED), version(1, "2025-06-01T00:00:00Z"), asset(SecretVersion, {}, name=f"{NAME}/versions/2")],
    ],
)
def rotation_not_done(secret: Secret, estate: Estate, clock: Clock) -> Verdict:
    """A secret's rotation is scheduled, but no version was added within the period.

    Why: Secret Manager moves `nextRotationTime` on by itself whether anybody rotates or not, so the schedule alone
    looks healthy for ever. Only the age of the newest version tells whether the credential changed.

    What a fix may break: Workloads that hold the old credential, until they take up the new version.

    Source: https://cloud.google.com/secret-manager/docs/secret-rotation
    """
    period = secret.rotation.period if secret.rotation else None
    if period is None:
        return not_applicable("no rotation period is set")
    grace = timedelta(days=2)
    newest = None
    for each in versions_of(secret.asset.name, secret.project, estate):
        if each.create_time and clock.now - each.create_time - grace <= period:
            return PASS
        newest = each if newest is None or each.number > newest.number else newest
    if newest is None:
        return not_applicable("the secret has no versions")
    created = told(newest.create_time, f"createTime of version {newest.number}")
    return fail(
        f"version {newest.number}, the newest, is {clock.days_since(created)} days old, "
        f"the rotation period is {period / timedelta(days=1):g} days"
    )


@check(
    "secret-version-superseded",
    severity=Severity.MEDIUM,
    evidence=["state", "createTime"],
    reads=[SecretVersion],
    fix=Fix(
        gcloud="gcloud secrets versions disable {old.id} {old.gcloud_flags}",
        terraform="`enabled = false` on the old google_secret_manager_secret_version",
        manual="Revoke the old credential where it is checked, disable its version, and destroy it some days later.",
        patch={"data": {"state": "DISABLED"}},
    ),
    passes=lambda: [
        [version(1, "2025-06-01T00:00:00Z", "DESTROYED"), version(2, "2026-03-01T00:00:00Z")],
        [version(1, "2025-06-01T00:00:00Z"), version(2, "2026-11-15T00:00:00Z")],
        [version(1, "2025-06-01T00:00:00Z"), version(2, "2026-03-01T00:00:00Z", "DISABLED")],
        [version(10, "2025-06-01T00:00:00Z"), version(9, "2025-05-01T00:00:00Z")],
        version(7, "2025-06-01T00:00:00Z"),
    ],
    fails=lambda: [
        [version(1, "2025-06-01T00:00:00Z"), version(2, "2026-03-01T00:00:00Z")],
        [
            version(9, "2025-06-01T00:00:00Z"),
            version(10, "2026-03-01T00:00:00Z"),
            version(11, "2026-11-20T00:00:00Z"),
        ],
    ],
    unknown=lambda: [asset(SecretVersion, {"name": "v"}, name=f"{NAME}/versions/1", unknown=["resource.data.state"])],
)
def version_superseded(old: SecretVersion, estate: Estate, settings: RetirementSettings, clock: Clock) -> Verdict:
    """A version of a secret is still enabled long after a newer one took its place.

    Why: The rotation is not finished: whoever holds the old credential can still use it, and whoever may read the
    secret can still fetch it.

    What a fix may break: Workloads that pin the old version. Disabling can be undone, destroying cannot.

    Source: https://cloud.google.com/secret-manager/docs/best-practices
    """
    if old.state != "ENABLED":
        return not_applicable("the version is disabled or destroyed")
    for newer in versions_of(old.secret, old.project, estate):
        if newer.number > old.number and newer.state == "ENABLED" and newer.create_time:
            days = clock.days_since(newer.create_time)
            if days > settings.grace_days:
                return fail(f"version {newer.number} replaced it {days} days ago, the limit is {settings.grace_days}")
    return PASS
