"""Whether anybody hears that a secret is due for rotation, and how many versions of it still work."""

from __future__ import annotations

from typing import Any

from auditor import PASS, Estate, Example, Fix, Settings, Severity, Undetermined, Verdict, asset, check, fail
from auditor.model.verdict import not_applicable
from auditor.resources.data import Subscription, Topic
from auditor.resources.secretmanager import Secret, SecretVersion
from checks.secrets.versions import NAME, version, versions_of
from checks.units import Count

_TOPIC = "projects/p/topics/rotate"
_SCHEDULE = {"rotationPeriod": "7776000s", "nextRotationTime": "2027-01-15T00:00:00Z"}


def _secret(*topics: str, **data: Any) -> Example:
    document = {"name": "projects/1001/secrets/db-password", "topics": [{"name": name} for name in topics], **data}
    return asset(Secret, document, name=NAME)


def _topic(name: str = _TOPIC) -> Example:
    return asset(Topic, {"name": name}, name=f"//pubsub.googleapis.com/{name}")


def _subscription(topic: str = _TOPIC) -> Example:
    name = "projects/p/subscriptions/rotator"
    return asset(Subscription, {"name": name, "topic": topic}, name=f"//pubsub.googleapis.com/{name}")


def _topic_of(subscription: Subscription) -> str:
    return subscription.topic


def _name_of(topic: Topic) -> str:
    return topic.asset.short_name


@check(
    "secret-rotation-unheard",
    severity=Severity.MEDIUM,
    evidence=["rotation.rotationPeriod", "topics"],
    reads=[Topic, Subscription],
    fix=Fix(
        gcloud="gcloud pubsub subscriptions create NAME --topic={found[topic]}",
        terraform="google_pubsub_subscription on the topic, with the job that rotates behind it",
        manual="Let a function or job listen that makes the new credential, adds the version, and disables the old "
        "one.",
        patch=lambda: [_subscription(), _topic()],
    ),
    passes=lambda: [
        [_secret(_TOPIC, rotation=_SCHEDULE), _topic(), _subscription()],
        [_secret("projects/p/topics/gone", _TOPIC, rotation=_SCHEDULE), _topic(), _subscription()],
        [_secret(_TOPIC), _topic()],
        _secret(rotation=_SCHEDULE),
    ],
    fails=lambda: [
        [_secret(_TOPIC, rotation=_SCHEDULE), _topic()],
        [_secret(_TOPIC, rotation=_SCHEDULE), _topic(), _subscription("projects/p/topics/orders")],
        [_secret(_TOPIC, rotation=_SCHEDULE), _topic(), _subscription("_deleted-topic_")],
    ],
    unknown=lambda: [
        [_secret("projects/elsewhere/topics/rotate", rotation=_SCHEDULE), _topic(), _subscription()],
        [
            _secret(_TOPIC, rotation=_SCHEDULE),
            _topic(),
            asset(Subscription, {"name": "s"}, unknown=["resource.data.topic"]),
        ],
    ],
)
def rotation_unheard(secret: Secret, estate: Estate) -> Verdict:
    """Rotation of a secret is announced on a topic to which nobody listens.

    Why: The message that rotation is due goes nowhere, the time of the next one moves on, and the secret looks
    rotated while it is not.

    What a fix may break: Nothing.

    Source: https://cloud.google.com/secret-manager/docs/rotation-recommendations
    """
    if secret.rotation is None:
        return not_applicable("no rotation is scheduled")
    if not secret.topics:
        return not_applicable("no topic is told, which another check tells")
    unseen = ""
    for topic in secret.topics:
        for _ in estate.related(Subscription, _topic_of, topic.name):
            return PASS
        if not any(estate.related(Topic, _name_of, topic.name)):
            unseen = topic.name
    if unseen:
        raise Undetermined("subscriptions", f"the topic {unseen} is not in the input, nor need its subscriptions be")
    name = secret.topics[0].name
    return fail(f"no subscription of {name} is in the input", evidence={"topic": name})


class SprawlSettings(Settings, frozen=True):
    """How many versions of one secret may work."""

    max_enabled: Count = 5


@check(
    "secret-many-versions",
    severity=Severity.LOW,
    default=False,
    evidence=["createTime"],
    reads=[SecretVersion],
    fix=Fix(
        gcloud="gcloud secrets versions list {secret.asset.gcloud_name} --filter=state=ENABLED",
        manual="Disable the versions that nobody pins any more, and destroy them some days later. Let what rotates the "
        "secret do so each time.",
        patch=lambda: [version(number, "2026-10-01T00:00:00Z", "DISABLED") for number in range(1, 5)],
    ),
    passes=lambda: [
        [_secret(), *(version(number, "2026-10-01T00:00:00Z") for number in range(1, 6))],
        [_secret(), *(version(number, "2026-10-01T00:00:00Z", "DESTROYED") for number in range(1, 20))],
    ],
    fails=lambda: [[_secret(), *(version(number, "2026-10-01T00:00:00Z") for number in range(1, 7))]],
    unknown=lambda: [
        [
            _secret(),
            *(version(number, "2026-10-01T00:00:00Z") for number in range(1, 6)),
            asset(SecretVersion, {}, name=f"{NAME}/versions/9", unknown=["resource.data.state"]),
        ]
    ],
)
def many_versions(secret: Secret, estate: Estate, settings: SprawlSettings) -> Verdict:
    """A secret has many versions that still work.

    Why: Versions are added and none is retired: whoever may read the secret reads all credentials of the past, and
    the ones that still open something are hidden among them. Single versions that were superseded are told by
    another check, so this one is not selected by default.

    What a fix may break: Workloads that pin an old version. Disabling can be undone, destroying cannot.

    Source: https://cloud.google.com/secret-manager/docs/best-practices
    """
    enabled = sum(each.state == "ENABLED" for each in versions_of(secret.asset.name, secret.project, estate))
    if enabled <= settings.max_enabled:
        return PASS
    return fail(f"{enabled} versions are enabled, the limit is {settings.max_enabled}")
