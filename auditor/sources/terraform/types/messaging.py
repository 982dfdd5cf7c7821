"""Pub/Sub, Pub/Sub Lite and Cloud Scheduler.

Sources: registry.terraform.io/providers/hashicorp/google/latest/docs/resources/pubsub_topic (and its neighbours),
cloud.google.com/pubsub/docs/reference/rest, cloud.google.com/scheduler/docs/reference/rest
"""

from __future__ import annotations

from auditor.sources.terraform.mapping import ABSENT, Made, Mapping, Row


def _subscription(made: Made) -> None:
    """The API names the topic in full."""
    topic = made.data.get("topic")
    if isinstance(topic, str) and "/" not in topic:
        made.data["topic"] = f"projects/{made.project}/topics/{topic}"


MAPPINGS: dict[str, Mapping] = {
    "google_pubsub_topic": Mapping(
        "pubsub.googleapis.com/Topic",
        "//pubsub.googleapis.com/projects/{project}/topics/{name}",
        {"project": None, "message_storage_policy": Row("messageStoragePolicy", default=ABSENT)},
        "message_transforms",
        full_name=True,
    ),
    "google_pubsub_subscription": Mapping(
        "pubsub.googleapis.com/Subscription",
        "//pubsub.googleapis.com/projects/{project}/subscriptions/{name}",
        {
            "project": None,
            "ack_deadline_seconds": Row("ackDeadlineSeconds", default=10),
            "expiration_policy": Row("expirationPolicy", default={"ttl": "2678400s"}),
        },
        "message_transforms",
        full_name=True,
        finish=_subscription,
    ),
    "google_pubsub_schema": Mapping(
        "pubsub.googleapis.com/Schema",
        "//pubsub.googleapis.com/projects/{project}/schemas/{name}",
        {"project": None},
        full_name=True,
    ),
    "google_pubsub_lite_subscription": Mapping(
        "pubsublite.googleapis.com/Subscription",
        "//pubsublite.googleapis.com/projects/{project}/locations/{zone}/subscriptions/{name}",
        {"region": None, "zone": None, "project": None},
        full_name=True,
    ),
    "google_cloud_scheduler_job": Mapping(
        "cloudscheduler.googleapis.com/Job",
        "//cloudscheduler.googleapis.com/projects/{project}/locations/{region}/jobs/{name}",
        {
            "region": None,
            "project": None,
            "paused": Row("state", lambda paused: "PAUSED" if paused else "ENABLED", default="ENABLED"),
        },
        full_name=True,
    ),
}
