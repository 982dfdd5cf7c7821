"""Exports that do not arrive: the destination is gone, or the sink may not write there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from auditor import (
    PASS,
    Clock,
    Estate,
    Example,
    Fix,
    PolicyChain,
    Resource,
    Severity,
    Undetermined,
    Verdict,
    asset,
    check,
    fail,
    not_applicable,
)
from auditor.access.role_table import built_in
from auditor.resources.bigquery import Dataset
from auditor.resources.data import Topic
from auditor.resources.logging import LogBucket, LogSink
from auditor.resources.policy import HIDDEN_CONDITION
from auditor.resources.resourcemanager import Project
from auditor.resources.storage import Bucket
from checks.audit_logging.examples import (
    DEFAULT_SINK,
    DEFAULT_SINK_NAME,
    EXPORT,
    PROJECT_SINK_NAME,
    SHOP,
    SINKS,
)
from checks.audit_logging.routing import bucket_id, project_in_estate

_WRITER = "serviceAccount:service-1001@gcp-sa-logging.iam.gserviceaccount.com"
_TOPIC = "pubsub.googleapis.com/projects/shop/topics/logs"
_DATASET = "bigquery.googleapis.com/projects/shop/datasets/logs"
_LOG_BUCKET = "logging.googleapis.com/projects/shop/locations/global/buckets/audit"
_SINK = {**EXPORT, "writerIdentity": _WRITER}


def _place(resource: Resource) -> str:
    """What tells a topic, dataset or log bucket from those of other projects."""
    return f"{resource.project}/{resource.location}/{resource.id}"


def _path(resource: Resource) -> str:
    return resource.asset.short_name


def _sink(destination: str = "", **data: Any) -> Example:
    return asset(
        LogSink, {**_SINK, **({"destination": destination} if destination else {}), **data}, name=PROJECT_SINK_NAME
    )


def _topic(*, role: str = "", name: str = "logs") -> Example:
    bindings = [{"role": role, "members": [_WRITER]}] if role else []
    return asset(
        Topic,
        {},
        name=f"//pubsub.googleapis.com/projects/shop/topics/{name}",
        policy={"bindings": bindings},
        ancestors=_IN,
    )


def _dataset(*access: dict[str, str]) -> Example:
    name = "//bigquery.googleapis.com/projects/shop/datasets/logs"
    return asset(Dataset, {"access": list(access)}, name=name, ancestors=_IN)


def _log_bucket(name: str = "audit") -> Example:
    return asset(LogBucket, {}, name=f"{SINKS}/projects/1001/locations/global/buckets/{name}", ancestors=_IN)


_IN = ["projects/1001"]
_PROJECT = asset(Project, SHOP)


@check(
    "log-sink-destination-missing",
    severity=Severity.HIGH,
    reads=[Project, Topic, Dataset, LogBucket],
    evidence=["destination"],
    fix=Fix(
        gcloud="gcloud logging sinks update {sink.id} DESTINATION {sink.gcloud_scope}",
        terraform="destination of google_logging_*_sink: refer to the resource, do not write its name",
        manual="Make the destination anew and grant the sink's writer identity, or delete the sink.",
        patch={"data": {"destination": "storage.googleapis.com/archive"}},
    ),
    passes=lambda: [
        [_sink(_TOPIC), _PROJECT, _topic()],
        [_sink(_DATASET), _PROJECT, _dataset()],
        [_sink(_LOG_BUCKET), _PROJECT, _log_bucket()],
        _sink(),  # log-sink-bucket-missing tells it
        [_sink("logging.googleapis.com/projects/shop"), _PROJECT],
        [_sink("pubsub.googleapis.com/projects/siem/topics/logs"), _PROJECT, _topic(name="other")],
        [_sink(_TOPIC, disabled=True), _PROJECT, _topic(name="other")],
        asset(LogSink, DEFAULT_SINK, name=DEFAULT_SINK_NAME),
    ],
    fails=lambda: [
        [_sink(_TOPIC), _PROJECT, _topic(name="other")],
        [_sink(_DATASET), _PROJECT],
        [_sink(_LOG_BUCKET), _PROJECT, _log_bucket("_Default")],
        [_sink(_LOG_BUCKET.replace("global", "europe-west1")), _PROJECT, _log_bucket()],
    ],
    unknown=lambda: [
        asset(LogSink, {}, name=PROJECT_SINK_NAME, unknown=["resource.data.destination"]),
        [_sink(_TOPIC), asset(Project, {}, unknown=["resource.data.projectId"])],
    ],
)
def log_sink_destination_missing(sink: LogSink, estate: Estate) -> Verdict:
    """A sink writes to a topic, dataset or log bucket that does not exist.

    Why: Nothing is exported, and nobody notices but by an e-mail to the project's owners and a metric of the log
    router. What was not exported in the meantime is not made up for.

    What a fix may break: Nothing; the destination receives, and is billed for, entries again.

    Source: https://cloud.google.com/logging/docs/export/configure_export_v2
    """
    view = _VIEWS.get(sink.destination_service)
    if sink.is_made_by_google or view is None or (view is LogBucket and not sink.log_bucket):
        return not_applicable("the destination is not a topic, a dataset or a log bucket of somebody's choice")
    if sink.disabled:
        return not_applicable("the sink is disabled")
    home = project_in_estate(sink.destination_project, estate)
    if home is None:
        return not_applicable("the destination's project is not in the input")
    if estate.related(view, _place, _placed(sink, home)):
        return PASS
    return fail(f"{sink.destination} does not exist")


def _placed(sink: LogSink, home: Project) -> str:
    """The destination of a sink as `_place` tells it, whether it is spelled with the project's id or number."""
    location = sink.log_bucket.partition("/")[0]
    return f"{home.asset.key}/{location}/{sink.destination_id}"


_VIEWS: dict[str, type[Resource]] = {
    "pubsub.googleapis.com": Topic,
    "bigquery.googleapis.com": Dataset,
    "logging.googleapis.com": LogBucket,
}


@dataclass(frozen=True, slots=True)
class _Destination:
    """A kind of destination: its view, what a sink has to be allowed there, and the role and command that allow it."""

    view: type[Bucket | Topic | Dataset]
    permission: str
    role: str
    collection: tuple[str, ...]
    target: Callable[[LogSink], str]


_DESTINATIONS = {
    "storage.googleapis.com": _Destination(
        Bucket,
        "storage.objects.create",
        "roles/storage.objectCreator",
        ("storage", "buckets"),
        lambda sink: f"gs://{sink.destination_id}",
    ),
    "pubsub.googleapis.com": _Destination(
        Topic,
        "pubsub.topics.publish",
        "roles/pubsub.publisher",
        ("pubsub", "topics"),
        lambda sink: sink.destination.partition("/")[2],
    ),
    "bigquery.googleapis.com": _Destination(
        Dataset,
        "bigquery.tables.updateData",
        "roles/bigquery.dataEditor",
        ("projects",),
        lambda sink: sink.destination_project.removeprefix("projects/"),
    ),
}

_WRITING_ACCESS = ("WRITER", "OWNER", "roles/bigquery.dataEditor", "roles/bigquery.dataOwner", "roles/bigquery.admin")
"""Roles in a dataset's access list with which rows are added."""


def _bucket(*, role: str = "", ancestors: tuple[str, ...] = ("projects/1001",), member: str = _WRITER) -> Example:
    bindings = [{"role": role, "members": [member]}] if role else []
    name = "//storage.googleapis.com/audit-archive"
    return asset(Bucket, {"name": "audit-archive"}, name=name, policy={"bindings": bindings}, ancestors=ancestors)


def _granting(role: str = "") -> Example:
    bindings = [{"role": role, "members": [_WRITER]}] if role else []
    return asset(Project, SHOP, policy={"bindings": bindings}, ancestors=["projects/1001"])


@check(
    "log-sink-cannot-write",
    severity=Severity.HIGH,
    reads=[Bucket, Topic, Dataset, Project],
    reads_policies=[Bucket, Topic],
    evidence=["destination", "writerIdentity"],
    fix=Fix(
        gcloud="gcloud {found[_collection]} add-iam-policy-binding {found[_target]} --member={sink.writer_identity} "
        "--role={found[_role]}",
        terraform="google_storage_bucket_iam_member with roles/storage.objectCreator, google_pubsub_topic_iam_member "
        "with roles/pubsub.publisher or google_bigquery_dataset_iam_member with roles/bigquery.dataEditor for the "
        "sink's writer_identity",
        manual="For a dataset, the command grants the role on its project: rather add the identity to the dataset's "
        "own access list.",
        patch=lambda: [_bucket(role="roles/storage.objectCreator"), _topic(role="roles/pubsub.publisher"), _writable()],
    ),
    passes=lambda: [
        [_sink(), _bucket(role="roles/storage.objectCreator")],
        [_sink(), _bucket(), _granting("roles/storage.objectAdmin")],
        _sink(disabled=True),
        [_sink(_TOPIC), _topic(role="roles/pubsub.publisher")],
        [_sink(_TOPIC), _topic(), _granting("roles/editor")],
        [_sink(_DATASET), _writable()],
        [_sink(_DATASET), _dataset(), _granting("roles/bigquery.dataEditor")],
        _sink(_LOG_BUCKET),
    ],
    fails=lambda: [
        [_sink(), _bucket(role="roles/storage.objectViewer"), _granting()],
        [
            _sink(),
            _bucket(
                role="roles/storage.objectCreator", member="serviceAccount:old@gcp-sa-logging.iam.gserviceaccount.com"
            ),
            _granting(),
        ],
        [_sink(_TOPIC), _topic(role="roles/pubsub.viewer"), _granting("roles/logging.logWriter")],
        [_sink(_DATASET), _dataset({"role": "READER", "userByEmail": _WRITER.partition(":")[2]}), _granting()],
    ],
    unknown=lambda: [
        [_sink(), _bucket(role="organizations/3001/roles/logWriter"), _granting()],
        [_sink(), _bucket(ancestors=("projects/1001", "organizations/3001"))],
        [
            _sink(),
            asset(
                Bucket,
                {"name": "audit-archive"},
                name="//storage.googleapis.com/audit-archive",
                ancestors=["projects/1001"],
            ),
        ],
        _sink(),
        [_sink(_DATASET), _dataset()],
        [_sink(_TOPIC), _topic(name="other"), _granting()],
    ],
)
def log_sink_cannot_write(sink: LogSink, estate: Estate, clock: Clock) -> Verdict:
    """A sink may not write to where it exports to, so that nothing arrives.

    Why: Each sink writes as an identity of its own, which has to be granted access to the destination by hand. If the
    grant was forgotten, or was lost when the destination or sink was made anew, entries are dropped and only a metric
    and an e-mail to project owners tell. Asked of buckets, topics and datasets.

    What a fix may break: Nothing; the roles let the identity add, not read.

    Source: https://cloud.google.com/logging/docs/export/configure_export_v2#dest-auth
    """
    kind = _DESTINATIONS.get(sink.destination_service)
    if kind is None:
        return not_applicable("the sink exports to no bucket, topic or dataset")
    if sink.disabled:
        return not_applicable("the sink is disabled")
    if not sink.writer_identity:
        return not_applicable("the sink has no writer identity of its own")
    if _may_write(sink, kind, estate, clock):
        return PASS
    return fail(
        f"{sink.writer_identity} holds no role with {kind.permission} on {sink.destination_id}",
        evidence={"_collection": kind.collection, "_target": kind.target(sink), "_role": kind.role},
    )


def _writable() -> Example:
    return _dataset({"role": "WRITER", "userByEmail": _WRITER.partition(":")[2]})


def _may_write(sink: LogSink, kind: _Destination, estate: Estate, clock: Clock) -> bool:
    """Whether a role in force lets the sink write. Raises `Undetermined` where a role is not known."""
    table, unjudged = built_in(), ""
    address = sink.writer_identity.partition(":")[2]
    target = _target(sink, kind, estate)
    if isinstance(target, Dataset):
        if any(
            entry.grantee in (address, sink.writer_identity) and entry.role in _WRITING_ACCESS
            for entry in target.access
        ):
            return True
        chain: PolicyChain = estate.chain(target.asset, None)  # its access list and its policy are one
    else:
        chain = estate.chain_of(target)
    for _, binding in chain.bindings():
        if not binding.in_force(clock.now) or sink.writer_identity not in binding.members:
            continue
        role = binding.role.partition(HIDDEN_CONDITION)[0]
        decision = table.grants(role, kind.permission)
        if decision.holds:
            return True
        if decision.is_unknown:
            unjudged = unjudged or role
    if unjudged:
        raise Undetermined("writer identity", f"whether {unjudged} lets it write was not looked up")
    return False


def _target(sink: LogSink, kind: _Destination, estate: Estate) -> Bucket | Topic | Dataset:
    """The sink's destination. Raises `Undetermined` where it is not in the input."""
    if kind.view is Bucket:
        for bucket in estate.related(Bucket, bucket_id, sink.storage_bucket):
            return bucket
    for found in estate.related(kind.view, _path, sink.destination.partition("/")[2]):
        return found
    home = project_in_estate(sink.destination_project, estate) if sink.destination_project else None
    for found in estate.related(kind.view, _place, _placed(sink, home)) if home else ():
        return found
    raise Undetermined("destination", "it is not in the input")
